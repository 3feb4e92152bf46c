#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "runtime/data/universe.h"
#include "tests/support/eight_schools_model.h"

static const struct floe_model *const schools = &eight_schools_by_hand;

static void id_is(const struct floe_universe *universe, const char *expected) {
  char id[128];
  assert_int_equal(floe_universe_id(schools, universe, id, sizeof id), strlen(expected));
  assert_string_equal(id, expected);
}

static floe_status select_one(const char *text, struct floe_universe *universe, struct floe_error *error) {
  return floe_universe_select(schools, 1, &text, universe, NULL, NULL, 0, error);
}

static void the_id_lists_what_differs_from_the_reference(void **state) {
  (void)state;
  struct floe_universe universe;
  floe_universe_reference(schools, &universe);
  id_is(&universe, "reference");
  universe.option[EIGHT_SCHOOLS_NOISE] = 1;
  universe.option[EIGHT_SCHOOLS_TAU_PRIOR] = 2;
  universe.value[EIGHT_SCHOOLS_PRIOR_POWER] = 0.7;
  id_is(&universe, "tau_prior=flat,noise=heavy,prior_power=0.7");
  char id[8];
  assert_int_equal(floe_universe_id(schools, &universe, id, sizeof id), 42);
  assert_string_equal(id, "tau_pri");
}

static void an_id_reads_back_as_the_same_universe(void **state) {
  (void)state;
  struct floe_universe all[64], universe;
  const size_t n = floe_universe_list(schools, all, 64);
  for (size_t k = 0; k < n; k++) {
    char id[128];
    all[k].value[EIGHT_SCHOOLS_PRIOR_POWER] = 0.5 + 0.1 * (double)k;
    floe_universe_id(schools, &all[k], id, sizeof id);
    floe_universe_reference(schools, &universe);
    assert_int_equal(select_one(id, &universe, NULL), FLOE_OK);
    assert_true(floe_universe_equal(schools, &universe, &all[k]));
    assert_true(floe_universe_hash(schools, &universe) == floe_universe_hash(schools, &all[k]));
  }
}

static void settings_are_read_in_any_order(void **state) {
  (void)state;
  struct floe_universe universe;
  floe_universe_reference(schools, &universe);
  assert_int_equal(select_one(" prior_power = 2 , noise=heavy", &universe, NULL), FLOE_OK);
  id_is(&universe, "noise=heavy,prior_power=2");
  assert_int_equal(select_one("reference", &universe, NULL), FLOE_OK);
  id_is(&universe, "noise=heavy,prior_power=2");
}

static void wrong_settings_are_refused_with_a_suggestion(void **state) {
  (void)state;
  const struct {
    const char *text, *message, *fix;
  } wrong[] = {
      {"nosie=heavy", "there is no axis `nosie`", "did you mean `noise`?"},
      {"zebra=heavy", "there is no axis `zebra`", "the verb `universes` lists the axes"},
      {"noise=havy", "axis `noise` has no option `havy`", "did you mean `heavy`?"},
      {"noise=x", "axis `noise` has no option `x`", "options are gaussian, heavy"},
      {"noise", "`noise` is not a setting of an axis", "write AXIS=OPTION,AXIS=OPTION or `reference`"},
      {"noise=heavy,noise=heavy", "axis `noise` is set twice", "name each axis once"},
      {"prior_power=3", "axis `prior_power` = 3 is outside its range", "give a number in 0.5 .. 2"},
      {"prior_power=nan", "axis `prior_power` = nan is outside its range", "give a number in 0.5 .. 2"},
      {"prior_power=1x", "axis `prior_power` is continuous: `1x` is not a number", "give a number in 0.5 .. 2"},
  };
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    struct floe_universe universe;
    struct floe_error error;
    floe_universe_reference(schools, &universe);
    assert_int_equal(select_one(wrong[k].text, &universe, &error), FLOE_EUSAGE);
    assert_string_equal(error.message, wrong[k].message);
    assert_string_equal(error.fix, wrong[k].fix);
    id_is(&universe, "reference");
  }
}

static void the_list_holds_each_permitted_universe_once(void **state) {
  (void)state;
  struct floe_universe all[64];
  const size_t n = floe_universe_list(schools, all, 64);
  assert_int_equal(n, 3 * 2 * 2 - 3); /* heavy noise forbids winsorising; form is an equivalence */
  assert_int_equal(floe_universe_list(schools, NULL, 0), n);
  id_is(&all[0], "reference");
  for (size_t k = 0; k < n; k++) {
    assert_true(floe_universe_permitted(schools, &all[k]));
    for (size_t j = 0; j < k; j++) assert_false(floe_universe_equal(schools, &all[j], &all[k]));
  }
}

/* An axis `scale` that acts only where `family` takes its second option. */
static const struct floe_option two_options[] = {{"a", 0.9}, {"b", 0.1}},
                                three_options[] = {{"p", 1. / 3}, {"q", 1. / 3}, {"r", 1. / 3}};
static const struct floe_condition if_second[] = {{0, 2}};
static const struct floe_axis nested_axes[] = {{.name = "family", .n_option = 2, .options = two_options},
                                               {.name = "scale",
                                                .n_option = 3,
                                                .options = three_options,
                                                .reference = 1,
                                                .n_condition = 1,
                                                .conditions = if_second}};
static int any(const struct floe_universe *universe) {
  (void)universe;
  return 1;
}
static int none(const struct floe_universe *universe) {
  (void)universe;
  return 0;
}
static const struct floe_model nested = {.n_axis = 2, .axes = nested_axes, .permitted = any};
static const struct floe_model impossible = {.n_axis = 2, .axes = nested_axes, .permitted = none};

static void an_axis_without_effect_drops_out(void **state) {
  (void)state;
  struct floe_universe all[8], universe;
  char id[32];
  assert_int_equal(floe_universe_list(&nested, all, 8), 1 + 3);
  floe_universe_reference(&nested, &universe);
  universe.option[1] = 2;
  floe_universe_id(&nested, &universe, id, sizeof id);
  assert_string_equal(id, "reference");
  assert_true(floe_universe_hash(&nested, &universe) == floe_universe_hash(&nested, &all[0]));
  assert_false(floe_universe_active(&nested, &universe, 1));
}

static void an_axis_brings_the_option_that_it_needs(void **state) {
  (void)state;
  struct floe_universe universe;
  struct floe_error error;
  bool held[2];
  char implied[32];
  const char *const inner[] = {"scale=r"}, *const both[] = {"family=a", "scale=r"}, *const twice[] = {"family=a", "family=b"};
  floe_universe_reference(&nested, &universe);
  assert_int_equal(floe_universe_select(&nested, 1, inner, &universe, held, implied, sizeof implied, NULL), FLOE_OK);
  assert_true(universe.option[0] == 1 && universe.option[1] == 2 && held[0] && held[1]);
  assert_string_equal(implied, "family=b");
  assert_int_equal(floe_universe_select(&nested, 2, both, &universe, NULL, NULL, 0, &error), FLOE_EUSAGE);
  assert_string_equal(error.message, "axis `scale` is not there in family=a");
  assert_string_equal(error.fix, "it is there in family=b");
  assert_int_equal(floe_universe_select(&nested, 2, twice, &universe, NULL, NULL, 0, &error), FLOE_EUSAGE);
  assert_string_equal(error.message, "axis `family` is set twice");
}

static void draws_follow_the_weights_and_ranges(void **state) {
  (void)state;
  size_t n_b = 0;
  struct floe_universe universe;
  for (uint64_t unit = 0; unit < 10000; unit++) {
    assert_true(floe_universe_draw(&nested, 1, unit, &universe));
    n_b += universe.option[0] == 1;
    assert_true(universe.option[0] == 1 || universe.option[1] == 1);
  }
  assert_true(fabs((double)n_b - 1000) < 6.2 * sqrt(900)); /* two-sided 1e-9 */
  size_t n_below_one = 0, heavy = 0;
  for (uint64_t unit = 0; unit < 10000; unit++) {
    assert_true(floe_universe_draw(schools, 1, unit, &universe));
    const double power = universe.value[EIGHT_SCHOOLS_PRIOR_POWER];
    assert_true(power >= 0.5 && power <= 2);
    n_below_one += power < 1; /* half of it in the logarithm */
    heavy += universe.option[EIGHT_SCHOOLS_NOISE];
    assert_true(universe.option[EIGHT_SCHOOLS_OUTLIERS] == 0 && universe.option[EIGHT_SCHOOLS_FORM] == 1);
  }
  assert_true(fabs((double)n_below_one - 5000) < 6.2 * 50 && fabs((double)heavy - 5000) < 6.2 * 50);
  assert_false(floe_universe_draw(&impossible, 1, 1, &universe));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_id_lists_what_differs_from_the_reference),
      cmocka_unit_test(an_id_reads_back_as_the_same_universe),
      cmocka_unit_test(settings_are_read_in_any_order),
      cmocka_unit_test(wrong_settings_are_refused_with_a_suggestion),
      cmocka_unit_test(the_list_holds_each_permitted_universe_once),
      cmocka_unit_test(an_axis_without_effect_drops_out),
      cmocka_unit_test(an_axis_brings_the_option_that_it_needs),
      cmocka_unit_test(draws_follow_the_weights_and_ranges),
  };
  return cmocka_run_group_tests_name("universe", tests, NULL, NULL);
}
