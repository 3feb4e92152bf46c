/* A universe as a plain spec (`floe show`) has the density of that universe in the spec it was taken from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "base/text.h"
#include "compiler/driver/pipeline.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/universe.h"
#include "tests/support/interpreted.h"
#include "tests/support/stdlib.h"

static void no_memory(void *context) {
  (void)context;
  abort();
}

static struct universe *universe_of(struct floe__arena *arena, const char *name) {
  struct pipeline pipeline;
  struct floe_error error = {0};
  struct pipeline_request request = {
      .path = source_path(arena, name), .library = stdlib_read(arena), .last = STAGE_TYPED};
  if (pipeline_run(&pipeline, arena, &request, &error)) fail_msg("%s", error.message);
  pipeline_free(&pipeline);
  return universe_new(arena, pipeline.plain);
}

/* Parameterisations differ in what is prior and what is Jacobian: `form` stays where the compiler puts it by itself.
 * The same setting in the spec with all its universes. */
static void enter(struct interpreted *whole, const char *axis, const char *setting) {
  size_t k = interpreted_axis(whole, axis);
  const struct axis *a = whole->study->program->axes[k];
  whole->axis[k] = strtod(setting, NULL);
  for (size_t o = 0; o < a->n_option; o++)
    if (!strcmp(a->options[o].label, setting)) whole->option[k] = o;
}

static void copy_values(struct interpreted *to, const struct interpreted *from) {
  for (size_t k = 0; k < to->study->program->n_variable; k++) {
    const struct variable *v = to->study->program->variables[k];
    memcpy(to->values[k], from->values[interpreted_variable(from, v->name)->id], sizeof to->values[k]);
  }
}

static void terms_of(struct interpreted *f, double terms[N_TAG]) {
  f->world.coordinates = COORDINATES_UNIVERSE;
  for (int k = 0; k < N_TAG; k++) terms[k] = 0;
  interpreted_run(f, INTERPRETATION_UNCONSTRAIN, NULL, terms);
  interpreted_run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
}

/* settings: pairs of axis and setting, ended by NULL. */
static void compare(const char *name, const char *const *settings) {
  struct floe__arena *arena = floe__arena_new((size_t)256 << 20, no_memory, NULL);
  struct universe *universe = universe_of(arena, name);
  struct interpreted *whole = interpreted_file(name);
  struct floe__text text = {0};
  for (; *settings; settings += 2) {
    assert_int_equal(universe_take(universe, settings[0], settings[1]), UNIVERSE_OK);
    enter(whole, settings[0], settings[1]);
  }
  assert_true(universe_permitted(universe));
  print_tree(universe_tree(universe), &text);
  struct interpreted *alone = interpreted_text(text.data);
  assert_int_equal(alone->study->program->n_axis, 0);
  for (size_t k = 0; k < 8; k++) whole->size[k] = alone->size[k] = 6;
  for (uint64_t seed = 1; seed <= 5; seed++) {
    double a[N_TAG], b[N_TAG], nothing[N_TAG] = {0};
    whole->seed = seed;
    interpreted_run(whole, INTERPRETATION_SIMULATE, NULL, nothing);
    copy_values(alone, whole);
    terms_of(whole, a);
    terms_of(alone, b);
    assert_close(a[TAG_PRIOR], b[TAG_PRIOR]);
    assert_close(a[TAG_LIKELIHOOD], b[TAG_LIKELIHOOD]);
  }
  floe__text_free(&text);
  interpreted_free(whole);
  interpreted_free(alone);
  floe__arena_free(arena);
}

static void the_reference_of_eight_schools_is_itself(void **state) {
  (void)state;
  compare("examples/eight_schools/eight_schools.floe", (const char *const[]){NULL});
}

static void choices_and_numbers_are_put_in(void **state) {
  (void)state;
  compare("examples/eight_schools/eight_schools.floe",
          (const char *const[]){"noise", "heavy", "prior_power", "0.7", "tau_prior", "normal", NULL});
}

static void options_that_fill_arrays_are_taken(void **state) {
  (void)state;
  compare("tests/data/specs/filled_options.floe", (const char *const[]){"dynamics", "echo", "noise", "moving", NULL});
}

static void parts_are_written_out(void **state) {
  (void)state;
  compare("tests/data/specs/parts.floe", (const char *const[]){"noise", "heavy", NULL});
}

static void indices_may_have_the_names_of_axes(void **state) {
  (void)state;
  compare("tests/data/specs/shared_names.floe", (const char *[]){"i", "heavy", "j", "two", "k", "0.7", NULL});
}

static void what_cannot_be_taken_is_refused(void **state) {
  struct floe__arena *arena = floe__arena_new((size_t)256 << 20, no_memory, NULL);
  struct universe *universe = universe_of(arena, "examples/eight_schools/eight_schools.floe");
  (void)state;
  assert_int_equal(universe_take(universe, "nose", "heavy"), UNIVERSE_NO_AXIS);
  assert_int_equal(universe_take(universe, "noise", "light"), UNIVERSE_NO_OPTION);
  assert_int_equal(universe_take(universe, "prior_power", "much"), UNIVERSE_NO_NUMBER);
  assert_int_equal(universe_take(universe, "prior_power", "nan"), UNIVERSE_NO_NUMBER);
  assert_int_equal(universe_take(universe, "prior_power", "7"), UNIVERSE_OUT_OF_RANGE);
  assert_int_equal(universe_take(universe, "noise", "heavy"), UNIVERSE_OK);
  assert_int_equal(universe_take(universe, "outliers", "winsorise"), UNIVERSE_OK);
  assert_false(universe_permitted(universe));
  floe__arena_free(arena);
}

static void numbers_of_axes_are_limited(void **state) {
  (void)state;
  struct floe__arena *arena = floe__arena_new((size_t)256 << 20, no_memory, NULL);
  struct universe *universe = universe_of(arena, "tests/data/specs/limits.floe");
  assert_true(universe_permitted(universe));
  assert_int_equal(universe_take(universe, "noise", "heavy"), UNIVERSE_OK);
  assert_int_equal(universe_take(universe, "power", "1.5"), UNIVERSE_OK);
  assert_true(universe_permitted(universe));
  assert_int_equal(universe_take(universe, "power", "1.51"), UNIVERSE_OK);
  assert_false(universe_permitted(universe));
  assert_int_equal(universe_take(universe, "noise", "plain"), UNIVERSE_OK);
  assert_true(universe_permitted(universe));
  assert_int_equal(universe_take(universe, "prior", "narrow"), UNIVERSE_OK);
  assert_int_equal(universe_take(universe, "power", "0.5"), UNIVERSE_OK);
  assert_false(universe_permitted(universe));
  floe__arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_reference_of_eight_schools_is_itself), cmocka_unit_test(choices_and_numbers_are_put_in),
      cmocka_unit_test(options_that_fill_arrays_are_taken),       cmocka_unit_test(parts_are_written_out),
      cmocka_unit_test(indices_may_have_the_names_of_axes),
      cmocka_unit_test(what_cannot_be_taken_is_refused),          cmocka_unit_test(numbers_of_axes_are_limited),
  };
  return cmocka_run_group_tests_name("show", tests, NULL, NULL);
}
