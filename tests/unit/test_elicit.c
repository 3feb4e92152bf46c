#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <floe/draws.h>
#include <math.h>

#include "runtime/data/universe.h"
#include "runtime/elicit/elicit.h"
#include "runtime/elicit/search.h"
#include "runtime/math/special.h"

/* theta ~ normal(m, s); k ~ poisson(theta^2). The elicited numbers are theta and k. */
enum { HYPER_M, HYPER_S, N_HYPER };
static const struct floe_axis axes[] = {
    {.name = "m", .description = "", .continuous = 1, .hyper = 1, .low = -INFINITY, .high = INFINITY},
    {.name = "s",
     .description = "",
     .continuous = 1,
     .hyper = 1,
     .strict = 1,
     .low = 0,
     .high = INFINITY,
     .reference_value = 1}};
static const struct floe_variable variables[] = {{.name = "theta",
                                                  .role = FLOE_PARAM,
                                                  .low = -INFINITY,
                                                  .high = INFINITY,
                                                  .has_distribution = 1,
                                                  .codes = FLOE_NONE},
                                                 {.name = "k",
                                                  .role = FLOE_OBS,
                                                  .base = FLOE_INT,
                                                  .low = 0,
                                                  .high = INFINITY,
                                                  .has_distribution = 1,
                                                  .codes = FLOE_NONE}};

static size_t scratch_size(const struct floe_layout *layout) {
  (void)layout;
  return 0;
}

static int permitted(const struct floe_universe *universe) {
  (void)universe;
  return 1;
}

static void simulate(const struct floe_context *context, const struct floe_sampling *sampling, size_t n, double *data,
                     double *values, double *scratch) {
  (void)scratch;
  for (size_t k = 0; k < n; k++) {
    struct floe_stream stream;
    floe_stream_open(&stream, sampling->seed, sampling->purpose, sampling->first_unit + k, 0, 0);
    values[k] = context->universe->value[HYPER_M] + context->universe->value[HYPER_S] * floe_draw_normal(&stream);
    data[k] = floe_draw_poisson(&stream, fmin(values[k] * values[k], 1e12));
  }
}

static void copy(const struct floe_context *context, size_t n, const double *from, double *to, double *scratch) {
  (void)context, (void)scratch;
  for (size_t k = 0; k < n; k++) to[k] = from[k];
}

static void elicit(const struct floe_context *context, size_t n, const double *data, const double *values,
                   double *numbers, double *scratch) {
  (void)context, (void)scratch;
  for (size_t k = 0; k < n; k++) {
    numbers[2 * k] = values[k];
    numbers[2 * k + 1] = data[k];
  }
}

static struct floe_model model_of(const struct floe_elicited elicited[2]) {
  return (struct floe_model){.version = FLOE_MODEL_VERSION,
                             .name = "known",
                             .n_axis = N_HYPER,
                             .n_variable = 2,
                             .axes = axes,
                             .variables = variables,
                             .n_elicited = 2,
                             .elicited = elicited,
                             .scratch_size = scratch_size,
                             .permitted = permitted,
                             .simulate = simulate,
                             .constrain = copy,
                             .unconstrain = copy,
                             .elicit = elicit};
}

static struct floe_elicitation *run(const struct floe_elicited elicited[2], size_t n_free, size_t n_thread,
                                    uint64_t seed) {
  static const size_t both[] = {HYPER_M, HYPER_S};
  const struct floe_model model = model_of(elicited);
  struct floe_universe universe;
  struct floe_elicitation *result;
  struct floe_error error = {0};
  floe_universe_reference(&model, &universe);
  const struct floe_elicitation_plan plan = {.model = &model,
                                             .seed = seed,
                                             .n_thread = n_thread,
                                             .universe = &universe,
                                             .sizes = both,
                                             .n_free = n_free,
                                             .free = both,
                                             .n_restart = 3};
  if (floe_elicit(&plan, &result, &error) != FLOE_OK) fail_msg("%s", error.message);
  return result;
}

static const double levels[] = {0.1, 0.5, 0.9};
static const double z_90 = 1.2815515655446004;

/* Quantiles of a normal distribution say what it is: m = 3, s = 4. With 32768 simulations the standard errors of m and
 * log s are about 0.03 and 0.007; six of them make a false alarm of 1e-8. */
static void quantiles_of_a_normal_give_its_mean_and_spread(void **state) {
  (void)state;
  const double values[] = {3 - 4 * z_90, 3, 3 + 4 * z_90}, count = 25; /* E theta^2 */
  const struct floe_elicited elicited[] = {{"quantiles(theta)", FLOE_QUANTILES, 0, 3, levels, values},
                                           {"mean(k)", FLOE_MEAN, 1, 1, NULL, &count}};
  struct floe_elicitation *result = run(elicited, 2, 2, 1);
  assert_true(fabs(result->value[HYPER_M] - 3) < 0.18);
  assert_true(fabs(log(result->value[HYPER_S] / 4)) < 0.042);
  assert_int_equal(result->n_agree, 3);
  for (size_t k = 0; k < 2; k++) {
    assert_true(result->determined[k]);
    assert_true(result->low[k] <= result->value[k] && result->value[k] <= result->high[k]);
  }
  assert_int_equal(result->n_match, 4);
  for (size_t k = 0; k < 4; k++)
    assert_true(fabs(result->match[k].implied - result->match[k].target) < 0.05 * result->match[k].scale);
  floe_elicitation_free(result);
}

/* E theta = 0.5 and E k = m^2 + s^2 = 5. The standard deviation of k is about 7.5, that of its mean over 32768
 * simulations 0.04: seven of them. */
static void means_of_parameters_and_counts_are_matched(void **state) {
  (void)state;
  const double half = 0.5, five = 5;
  const struct floe_elicited elicited[] = {{"mean(theta)", FLOE_MEAN, 0, 1, NULL, &half},
                                           {"mean(k)", FLOE_MEAN, 1, 1, NULL, &five}};
  struct floe_elicitation *result = run(elicited, 2, 2, 1);
  const double m = result->value[HYPER_M], s = result->value[HYPER_S];
  assert_true(fabs(m - 0.5) < 0.1);
  assert_true(fabs(m * m + s * s - 5) < 0.3);
  floe_elicitation_free(result);
}

/* The median of theta and the lowest counts are 0 for any small spread: it stays open, and is not called determined. */
static void what_the_statements_leave_open_is_seen_in_the_spread(void **state) {
  (void)state;
  static const double half[] = {0.5}, nought[] = {0};
  const struct floe_elicited median = {"quantiles(theta)", FLOE_QUANTILES, 0, 1, half, nought};
  static const double low[] = {1e-3};
  const struct floe_elicited elicited[] = {median, {"quantiles(k)", FLOE_QUANTILES, 1, 1, low, nought}};
  struct floe_elicitation *result = run(elicited, 2, 2, 1);
  assert_false(result->determined[HYPER_S]);
  assert_true(result->high[HYPER_S] > 1.5 * result->low[HYPER_S]);
  floe_elicitation_free(result);
}

/* Contradictions end as near to both as the weights say, and the match says how near. */
static void a_contradiction_is_seen_in_the_match(void **state) {
  (void)state;
  const double values[] = {-1, 0, 1}, mean = 400; /* the mean of k would be 0.6 */
  const struct floe_elicited elicited[] = {{"quantiles(theta)", FLOE_QUANTILES, 0, 3, levels, values},
                                           {"mean(k)", FLOE_MEAN, 1, 1, NULL, &mean}};
  struct floe_elicitation *result = run(elicited, 2, 2, 1);
  double worst = 0;
  for (size_t k = 0; k < result->n_match; k++)
    worst = fmax(worst, fabs(result->match[k].implied - result->match[k].target) / result->match[k].scale);
  assert_true(worst > 0.25);
  floe_elicitation_free(result);
}

static void the_same_numbers_from_any_number_of_threads(void **state) {
  (void)state;
  const double values[] = {1, 2, 3}, count = 5;
  const struct floe_elicited elicited[] = {{"quantiles(theta)", FLOE_QUANTILES, 0, 3, levels, values},
                                           {"mean(k)", FLOE_MEAN, 1, 1, NULL, &count}};
  struct floe_elicitation *one = run(elicited, 1, 1, 7), *two = run(elicited, 1, 2, 7), *other = run(elicited, 1, 2, 8);
  assert_true(one->value[0] == two->value[0] && one->loss[2] == two->loss[2]);
  assert_true(other->loss[2] != one->loss[2]);
  floe_elicitation_free(one);
  floe_elicitation_free(two);
  floe_elicitation_free(other);
}

static void without_free_hyper_values_the_match_is_looked_at(void **state) {
  (void)state;
  const double values[] = {-z_90, 0, z_90}, count = 1; /* the references: m = 0, s = 1 */
  const struct floe_elicited elicited[] = {{"quantiles(theta)", FLOE_QUANTILES, 0, 3, levels, values},
                                           {"mean(k)", FLOE_MEAN, 1, 1, NULL, &count}};
  struct floe_elicitation *result = run(elicited, 0, 2, 1);
  assert_int_equal(result->n_free, 0);
  for (size_t k = 0; k < result->n_match; k++)
    assert_true(fabs(result->match[k].implied - result->match[k].target) < 0.06); /* five standard errors */
  floe_elicitation_free(result);
}

static void coordinates_and_values_are_inverse(void **state) {
  (void)state;
  static const double bounds[][2] = {{-INFINITY, INFINITY}, {0, INFINITY}, {-3, INFINITY}, {-INFINITY, 4}, {2, 5}};
  for (size_t k = 0; k < sizeof bounds / sizeof *bounds; k++) {
    const struct floe_axis axis = {.low = bounds[k][0], .high = bounds[k][1]};
    for (double z = -6; z <= 6; z += 0.5) {
      const double value = floe__hyper_value(&axis, z);
      assert_true(value > axis.low && value < axis.high);
      assert_true(fabs(floe__hyper_coordinate(&axis, value) - z) < 1e-9);
    }
  }
}

/* The first points of the sequence, and that each of 32 cells holds one of 32 points. */
static void sobol_points_are_spread_evenly(void **state) {
  (void)state;
  double points[32 * 3];
  assert_true(floe__sobol(3, 0, 32, points));
  for (size_t d = 0; d < 3; d++) assert_true(points[d] == 0.5);
  assert_true(floe__sobol(3, 31, 32, points));
  for (size_t d = 0; d < 3; d++) {
    int count[32] = {0};
    for (size_t k = 0; k < 32; k++) count[(size_t)(points[k * 3 + d] * 32)]++;
    for (size_t cell = 0; cell < 32; cell++) assert_int_equal(count[cell], 1);
  }
  assert_false(floe__sobol(0, 0, 1, points));
  assert_false(floe__sobol(FLOE__SOBOL_MOST + 1, 0, 1, points));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(quantiles_of_a_normal_give_its_mean_and_spread),
      cmocka_unit_test(means_of_parameters_and_counts_are_matched),
      cmocka_unit_test(what_the_statements_leave_open_is_seen_in_the_spread),
      cmocka_unit_test(a_contradiction_is_seen_in_the_match),
      cmocka_unit_test(the_same_numbers_from_any_number_of_threads),
      cmocka_unit_test(without_free_hyper_values_the_match_is_looked_at),
      cmocka_unit_test(coordinates_and_values_are_inverse),
      cmocka_unit_test(sobol_points_are_spread_evenly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
