/* The evidence by bridge sampling, where it is known. Seeds are fixed; an estimate may be off by 6.5 of its standard errors,
 * which a sound one exceeds with probability 8e-11 (1e-7 where the error is a fifth too small). */
#include "tests/support/assertions.h"

#include <string.h>

#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/trust/bridge.h"
#include "tests/support/conjugate_model.h"
#include "tests/support/normal_model.h"

struct setting {
  struct floe_layout *layout;
  struct floe_universe universe;
  struct floe_context context;
  struct floe_chains *chains;
};

static void set_up(struct setting *s, const struct floe_model *model, size_t size, const double *data, size_t draws) {
  struct floe_error error = {0};
  struct floe_sample_options options = FLOE_SAMPLE_DEFAULTS;
  options.draws = draws;
  s->layout = floe_layout_new(model, &size, &error);
  assert_non_null(s->layout);
  floe_universe_reference(model, &s->universe);
  s->context = (struct floe_context){
      .layout = s->layout, .universe = &s->universe, .coordinates = FLOE_UNIVERSE_COORDINATES, .data = data};
  assert_int_equal(floe_sample(&s->context, &options, NULL, &s->chains, &error), FLOE_OK);
}

static void tear_down(struct setting *s) {
  floe_chains_free(s->chains);
  floe_layout_free(s->layout);
}

/* Draws within 0.3 of independent ones: half of their number is a cautious efficiency. */
static void expect_evidence(const struct setting *s, double exact) {
  struct floe_error error = {0};
  struct floe_evidence evidence;
  assert_int_equal(floe_bridge(&s->context, s->chains, 0.5, 1, &evidence, &error), FLOE_OK);
  assert_true(evidence.error > 0 && evidence.error < 0.015);
  assert_near(evidence.log_evidence, exact, 6.5 * evidence.error);
  assert_true(fabs(evidence.log_evidence - (exact + 0.1)) > 6.5 * evidence.error); /* a density that is off by 0.1 */
}

/* y ~ normal(0, I + 11'): log p = -(|y|^2 - (sum y)^2 / (n + 1)) / 2 - log(n + 1) / 2 - n log sqrt(2 pi). */
static void the_evidence_of_a_conjugate_model_is_found(void **state) {
  (void)state;
  const double y[4] = {0.4, -1.2, 2.1, 0.3};
  struct setting s;
  double sum = 0, square = 0;
  for (size_t i = 0; i < 4; i++) sum += y[i], square += y[i] * y[i];
  set_up(&s, &conjugate_by_hand, 4, y, 1000);
  expect_evidence(&s, -0.5 * (square - sum * sum / 5) - 0.5 * log(5) - 4 * 0.91893853320467274178);
  tear_down(&s);
}

static void a_density_that_is_normalised_has_evidence_one(void **state) {
  (void)state;
  struct setting s;
  set_up(&s, &normal_by_hand, NORMAL_DIM, NULL, 2000);
  expect_evidence(&s, 0);
  tear_down(&s);
}

static void an_improper_prior_has_no_evidence(void **state) {
  (void)state;
  struct setting s;
  struct floe_error error = {0};
  struct floe_evidence evidence;
  struct floe_model model = normal_by_hand;
  struct floe_variable variable = model.variables[0];
  variable.improper = 1;
  model.variables = &variable;
  set_up(&s, &model, NORMAL_DIM, NULL, 100);
  assert_int_equal(floe_bridge(&s.context, s.chains, 0.5, 1, &evidence, &error), FLOE_EUSAGE);
  assert_non_null(strstr(error.message, "prior of x is improper"));
  tear_down(&s);
}

static void a_density_up_to_a_constant_has_no_evidence(void **state) {
  (void)state;
  struct setting s;
  struct floe_error error = {0};
  struct floe_evidence evidence;
  struct floe_model model = normal_by_hand;
  model.up_to_constant = 1;
  set_up(&s, &model, NORMAL_DIM, NULL, 100);
  assert_int_equal(floe_bridge(&s.context, s.chains, 0.5, 1, &evidence, &error), FLOE_EUSAGE);
  assert_non_null(strstr(error.message, "up to a constant"));
  tear_down(&s);
}

static void too_few_draws_are_refused(void **state) {
  (void)state;
  struct setting s;
  struct floe_error error = {0};
  struct floe_evidence evidence;
  set_up(&s, &normal_by_hand, NORMAL_DIM, NULL, 4);
  assert_int_equal(floe_bridge(&s.context, s.chains, 0.5, 1, &evidence, &error), FLOE_ENUMERIC);
  tear_down(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_evidence_of_a_conjugate_model_is_found),
                                     cmocka_unit_test(a_density_that_is_normalised_has_evidence_one),
                                     cmocka_unit_test(an_improper_prior_has_no_evidence),
                                     cmocka_unit_test(a_density_up_to_a_constant_has_no_evidence),
                                     cmocka_unit_test(too_few_draws_are_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
