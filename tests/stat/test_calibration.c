/* Calibration must pass the posterior and reject what is not it. Seeds are fixed.
 * False-positive rates for a new choice of seeds: a calibration error over 0.05 with 1,000 uniform ranks, 3e-7 (the tail of the
 * integral of |Brownian bridge|, whose variance is at most 1/12); an ECDF outside its band, 5% by definition over all
 * quantities; band coverage, 6e-7 (5 standard errors of 1,000 repetitions). */
#include "tests/support/assertions.h"

#include <string.h>

#include "runtime/math/order.h"
#include "runtime/rng/bulk.h"
#include "runtime/trust/bands.h"
#include "runtime/trust/calibration.h"
#include "tests/support/conjugate_model.h"

static struct floe_calibration *calibrate(struct conjugate_proposal how, size_t threads) {
  const struct floe_proposal proposal = conjugate_proposal_of(&how);
  const struct floe_calibration_options options = {.n = 1000, .n_draw = 100, .seed = 1, .threads = threads};
  struct floe_calibration *calibration = NULL;
  struct floe_error error = {0};
  const floe_status status = floe_calibrate(&conjugate_by_hand, &proposal, &options, NULL, &calibration, &error);
  if (status != FLOE_OK) fail_msg("%s", error.message);
  return calibration;
}

static const struct floe_calibrated *quantity(const struct floe_calibration *c, const char *name) {
  for (size_t q = 0; q < c->n_quantity; q++)
    if (strcmp(c->quantities[q].name, name) == 0) return &c->quantities[q];
  fail_msg("no quantity %s", name);
  return NULL;
}

static void the_true_posterior_passes(void **state) {
  (void)state;
  struct floe_calibration *c = calibrate((struct conjugate_proposal){0, 1, 0}, 2);
  assert_int_equal(c->n_quantity, 3);
  for (size_t q = 0; q < 3; q++) {
    assert_int_equal(c->quantities[q].n, 1000);
    assert_int_equal(c->quantities[q].verdict, FLOE_PASS);
    assert_true(c->quantities[q].inside);
  }
  assert_int_equal(floe_gates_verdict(&c->gates), FLOE_PASS);
  /* 2 to 5 observations: posterior variance 1/3 to 1/6 of the prior's. */
  assert_near(quantity(c, "theta")->contraction, 0.77, 0.1);
  assert_near(quantity(c, "theta")->nrmse, 0.48, 0.1);
  assert_near(quantity(c, "theta")->coverage_90, 0.9, 5 * sqrt(0.09 / 1000));
  assert_near(c->out_of_distribution, 0, 0);
  floe_calibration_free(c);
}

static void a_posterior_that_is_too_narrow_is_rejected(void **state) {
  (void)state;
  struct floe_calibration *c = calibrate((struct conjugate_proposal){0, 0.6, 0}, 1);
  assert_int_equal(quantity(c, "theta")->verdict, FLOE_FAIL);
  assert_false(quantity(c, "theta")->inside);
  assert_int_equal(floe_gates_verdict(&c->gates), FLOE_FAIL);
  floe_calibration_free(c);
}

static void a_posterior_that_is_off_centre_is_rejected(void **state) {
  (void)state;
  struct floe_calibration *c = calibrate((struct conjugate_proposal){0.4, 1, 0}, 1);
  assert_false(quantity(c, "theta")->inside);
  assert_true(floe_gates_verdict(&c->gates) != FLOE_PASS);
  floe_calibration_free(c);
}

static void the_prior_passes_by_parameters_but_not_by_the_log_likelihood(void **state) {
  (void)state;
  struct floe_calibration *c = calibrate((struct conjugate_proposal){0, 1, 1}, 1);
  assert_true(quantity(c, "theta")->inside);
  assert_int_equal(quantity(c, "theta")->verdict, FLOE_PASS);
  assert_false(quantity(c, "log likelihood")->inside);
  assert_int_equal(floe_gates_verdict(&c->gates), FLOE_FAIL);
  floe_calibration_free(c);
}

static void findings_do_not_depend_on_threads(void **state) {
  (void)state;
  struct floe_calibration *one = calibrate((struct conjugate_proposal){0, 1, 0}, 1),
                          *three = calibrate((struct conjugate_proposal){0, 1, 0}, 3);
  for (size_t q = 0; q < one->n_quantity; q++)
    assert_memory_equal(&one->quantities[q], &three->quantities[q], sizeof *one->quantities);
  floe_calibration_free(one);
  floe_calibration_free(three);
}

static void bands_cover_as_often_as_they_say(void **state) {
  (void)state;
  enum { N = 100, POINTS = 50, REPEATS = 1000 };
  double work[3 * (N + 1)], low[POINTS], high[POINTS], u[N], difference[POINTS];
  size_t inside = 0;
  floe_ecdf_band(N, POINTS, 0.9, work, low, high);
  for (size_t r = 0; r < REPEATS; r++) {
    int all = 1;
    floe__uniform_fill(1, 99, r, 0, N, u);
    floe__sort(N, u);
    floe_ecdf_difference(N, u, POINTS, difference);
    for (size_t k = 0; k < POINTS; k++)
      if (difference[k] < low[k] - 1e-12 || difference[k] > high[k] + 1e-12) all = 0;
    inside += (size_t)all;
  }
  /* Counts are whole numbers, so the band covers at least, and up to about 0.01 more than, what it promises. */
  assert_near((double)inside / REPEATS, 0.905, 5 * sqrt(0.09 / REPEATS));
  for (size_t k = 0; k + 1 < POINTS; k++) assert_true(low[k] < 0 && high[k] > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(bands_cover_as_often_as_they_say),
                                     cmocka_unit_test(the_true_posterior_passes),
                                     cmocka_unit_test(a_posterior_that_is_too_narrow_is_rejected),
                                     cmocka_unit_test(a_posterior_that_is_off_centre_is_rejected),
                                     cmocka_unit_test(the_prior_passes_by_parameters_but_not_by_the_log_likelihood),
                                     cmocka_unit_test(findings_do_not_depend_on_threads)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
