#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/rng/purpose.h"
#include "runtime/sim/simulate.h"
#include "tests/support/eight_schools_model.h"

static const struct floe_model *const schools = &eight_schools_by_hand;

static struct floe_simulations *simulate(const struct floe_simulation_plan *plan) {
  struct floe_simulations *simulations;
  struct floe_error error = {0};
  if (floe_simulate(plan, &simulations, &error) != FLOE_OK) fail_msg("%s: %s", error.where, error.message);
  return simulations;
}

static void the_same_bytes_for_any_number_of_threads(void **state) {
  (void)state;
  struct floe_simulation_plan plan = {
      .model = schools, .seed = 4, .purpose = FLOE_PURPOSE_TRAIN, .n = 1000, .keep_values = true};
  struct floe_simulations *one = simulate(&plan);
  plan.n_thread = 3;
  struct floe_simulations *three = simulate(&plan);
  assert_int_equal(one->n_layout, 13);
  assert_int_equal(one->largest->size[0], 16);
  assert_memory_equal(one->data, three->data, one->n * one->n_data * sizeof(double));
  assert_memory_equal(one->values, three->values, one->n * one->n_value * sizeof(double));
  assert_memory_equal(one->coordinates, three->coordinates, one->n * one->n_coordinate * sizeof(double));
  assert_memory_equal(one->settings, three->settings, one->n * schools->n_axis * sizeof(double));
  assert_memory_equal(one->layout, three->layout, one->n * sizeof *one->layout);
  floe_simulations_free(one);
  floe_simulations_free(three);
}

static void a_simulation_depends_on_its_unit_alone(void **state) {
  (void)state;
  struct floe_simulation_plan plan = {.model = schools, .seed = 4, .purpose = FLOE_PURPOSE_TRAIN, .n = 300};
  struct floe_simulations *all = simulate(&plan);
  plan.first_unit = 200;
  plan.n = 100;
  struct floe_simulations *end = simulate(&plan);
  plan.purpose = FLOE_PURPOSE_VALIDATE;
  struct floe_simulations *other = simulate(&plan);
  assert_memory_equal(all->data + 200 * all->n_data, end->data, 100 * end->n_data * sizeof(double));
  assert_memory_not_equal(other->data, end->data, 100 * end->n_data * sizeof(double));
  assert_memory_not_equal(other->layout, end->layout, 100 * sizeof *end->layout);
  assert_true(end->next_unit == 300);
  floe_simulations_free(all);
  floe_simulations_free(end);
  floe_simulations_free(other);
}

static void coordinates_are_those_of_the_values(void **state) {
  (void)state;
  struct floe_simulation_plan plan = {
      .model = schools, .seed = 1, .purpose = FLOE_PURPOSE_TRAIN, .n = 200, .keep_values = true};
  struct floe_simulations *s = simulate(&plan);
  for (size_t k = 0; k < s->n; k++) {
    struct floe_universe universe;
    const struct floe_context context = floe_simulations_context(s, k, &universe);
    const struct floe_layout *layout = context.layout;
    const double *values = s->values + k * s->n_value, *x = s->coordinates + k * s->n_coordinate;
    double back[32], log_density;
    schools->constrain(&context, 1, x, back, NULL);
    for (size_t v = 0; v < schools->n_variable; v++) {
      if (floe_variable_is_data(&schools->variables[v])) continue;
      const bool present = floe_variable_present(schools, &universe, v);
      for (size_t j = 0; j < layout->count[v]; j++) {
        const double value = values[layout->offset[v] + j];
        assert_true(present ? fabs(back[layout->offset[v] + j] - value) < 1e-9 * (1 + fabs(value)) : isnan(value));
        assert_true(present || x[layout->coordinate[v] + j] == 0);
      }
    }
    schools->log_density(&context, 1, x, &log_density, NULL, NULL);
    assert_true(isfinite(log_density));
    for (size_t j = layout->n_data; j < s->n_data; j++) assert_true(s->data[k * s->n_data + j] == 0);
  }
  floe_simulations_free(s);
}

static void universe_and_sizes_can_be_fixed(void **state) {
  (void)state;
  struct floe_universe flat;
  floe_universe_reference(schools, &flat);
  flat.option[EIGHT_SCHOOLS_TAU_PRIOR] = 2;
  const size_t sizes[] = {8}, too_many[] = {17};
  struct floe_simulation_plan plan = {.model = schools,
                                      .seed = 1,
                                      .purpose = FLOE_PURPOSE_TEST,
                                      .n = 2000,
                                      .universe = &flat,
                                      .sizes = sizes,
                                      .keep_values = true};
  struct floe_simulations *s = simulate(&plan);
  assert_true(s->n_layout == 1 && s->n_data == 16);
  double largest = 0;
  for (size_t k = 0; k < s->n; k++) {
    assert_true(s->settings[k * schools->n_axis + EIGHT_SCHOOLS_TAU_PRIOR] == 2);
    largest = fmax(largest, s->values[k * s->n_value + s->largest->offset[EIGHT_SCHOOLS_TAU]]);
  }
  assert_true(largest <= 25 && largest > 24);
  floe_simulations_free(s);
  plan.sizes = too_many;
  struct floe_error error;
  assert_int_equal(floe_simulate(&plan, &s, &error), FLOE_EDATA);
  assert_null(s);
}

/* Shares of gaps: none in 1 of 5 data sets, else uniform in 0 .. 0.5. The mean is 0.2, that of 2000 data sets has a standard
 * error below 0.004: 0.02 is five of them (false positives below 1e-6). Where a data set has gaps, they come in rows. */
static void gaps_are_made_where_the_plan_says_so(void **state) {
  (void)state;
  struct floe_variable variables[8];
  struct floe_model gappy = eight_schools_by_hand;
  memcpy(variables, schools->variables, schools->n_variable * sizeof *variables);
  variables[EIGHT_SCHOOLS_Y].missing = 1;
  gappy.variables = variables;
  const size_t sizes[] = {8};
  struct floe_simulation_plan plan = {
      .model = &gappy, .seed = 1, .purpose = FLOE_PURPOSE_TEST, .n = 2000, .sizes = sizes, .n_thread = 2};
  struct floe_simulations *complete = simulate(&plan);
  plan.gaps = true;
  struct floe_simulations *s = simulate(&plan);
  double n_gap = 0, n_whole = 0;
  for (size_t k = 0; k < s->n; k++) {
    double own = 0;
    for (size_t j = 0; j < s->n_data; j++) {
      const double x = s->data[k * s->n_data + j], y = complete->data[k * s->n_data + j];
      assert_true(isfinite(y) && (x == y || isnan(x)));
      if (isnan(x)) assert_true(j >= s->largest->offset[EIGHT_SCHOOLS_Y]);
      own += isnan(x);
    }
    n_gap += own / 8, n_whole += own == 0;
  }
  assert_true(fabs(n_gap / 2000 - 0.2) < 0.02);
  assert_true(n_whole / 2000 > 0.2);
  floe_simulations_free(s);
  struct floe_dataset *dataset;
  double data[16] = {1, 1, 1, 1, 1, 1, 1, 1, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
  assert_int_equal(floe_data_from_numbers(&gappy, sizes, data, &dataset, NULL), FLOE_OK);
  plan.dataset = dataset;
  s = simulate(&plan);
  for (size_t k = n_gap = 0; k < s->n; k++) {
    double own = 0;
    for (size_t j = 8; j < 16; j++) own += isnan(s->data[k * 16 + j]);
    n_gap += own == 8;
  }
  assert_true(fabs(n_gap / 2000 - 0.4) < 0.06); /* half of those with gaps; five standard errors and 1 in 256 by chance */
  floe_simulations_free(s);
  floe_simulations_free(complete);
  floe_data_free(dataset);
}

/* y is infinite in every `period`-th unit. */
static uint64_t period;
static void break_some(const struct floe_context *context, const struct floe_sampling *sampling, size_t n, double *data,
                       double *values, double *scratch) {
  schools->simulate(context, sampling, n, data, values, scratch);
  for (size_t k = 0; k < n; k++)
    if ((sampling->first_unit + k) % period == period - 1)
      data[k * context->layout->n_data + context->layout->offset[EIGHT_SCHOOLS_Y] + 1] = INFINITY;
}

static void simulations_that_are_not_finite_are_replaced_and_named(void **state) {
  (void)state;
  struct floe_model broken = eight_schools_by_hand;
  broken.simulate = break_some;
  struct floe_simulation_plan plan = {
      .model = &broken, .seed = 1, .purpose = FLOE_PURPOSE_TRAIN, .n = 1000, .n_thread = 2};
  period = 150;
  struct floe_simulations *s = simulate(&plan);
  assert_int_equal(s->n_rejected, 6);
  assert_string_equal(s->rejected_by, "y (6)");
  assert_true(s->next_unit == 1006 && s->unit[149] == 1000 && s->unit[899] == 1005);
  for (size_t k = 0; k < s->n * s->n_data; k++) assert_true(isfinite(s->data[k]));
  floe_simulations_free(s);
  struct floe_error error;
  period = 90;
  assert_int_equal(floe_simulate(&plan, &s, &error), FLOE_ENUMERIC);
  assert_string_equal(error.message, "11 of 1000 simulations are not finite: y (11)");
}

/* Eight schools whose standard errors are not imagined. */
static struct floe_variable resampled_variables[6];
static struct floe_model resampled_schools(void) {
  struct floe_model model = eight_schools_by_hand;
  memcpy(resampled_variables, model.variables, sizeof resampled_variables);
  resampled_variables[EIGHT_SCHOOLS_SIGMA].has_distribution = 0;
  model.variables = resampled_variables;
  return model;
}

static void keep_sigma(const struct floe_context *context, const struct floe_sampling *sampling, size_t n, double *data,
                       double *values, double *scratch) {
  struct floe_sampling rest = *sampling;
  rest.what &= ~(unsigned)FLOE_DRAW_DATA;
  schools->simulate(context, &rest, n, data, values, scratch);
}

static void data_without_a_distribution_is_resampled_from_the_file(void **state) {
  (void)state;
  struct floe_model model = resampled_schools();
  model.simulate = keep_sigma;
  const size_t sizes[] = {8};
  struct floe_dataset *dataset;
  assert_int_equal(floe_data_from_numbers(&model, sizes, eight_schools_data, &dataset, NULL), FLOE_OK);
  struct floe_simulation_plan plan = {.model = &model, .seed = 1, .purpose = FLOE_PURPOSE_TRAIN, .n = 500};
  struct floe_simulations *s;
  struct floe_error error;
  assert_int_equal(floe_simulate(&plan, &s, &error), FLOE_EDATA);
  assert_string_equal(error.message, "data sigma has no `~`, so it cannot be simulated");
  plan.dataset = dataset;
  s = simulate(&plan);
  size_t seen[32] = {0};
  for (size_t k = 0; k < s->n; k++)
    for (size_t i = 0; i < s->layouts[s->layout[k]]->size[0]; i++) seen[(size_t)s->data[k * s->n_data + i]]++;
  assert_true(seen[9] && seen[10] && seen[11] && seen[15] && seen[16] && seen[18] && !seen[12] && !seen[17]);
  assert_true(seen[11] > seen[9] && seen[10] > seen[18]); /* twice in the file */
  floe_simulations_free(s);
  plan.sizes = sizes;
  s = simulate(&plan);
  assert_memory_equal(s->data, eight_schools_data, 8 * sizeof(double)); /* the data's own sizes: its own rows */
  floe_simulations_free(s);
  floe_data_free(dataset);
}

static void indices_without_a_range_need_a_data_set(void **state) {
  (void)state;
  const struct floe_dimension open_ended[] = {{"school", 1, SIZE_MAX, 0}};
  struct floe_model model = eight_schools_by_hand;
  model.dimensions = open_ended;
  struct floe_simulation_plan plan = {.model = &model, .seed = 1, .purpose = FLOE_PURPOSE_TRAIN, .n = 5};
  struct floe_simulations *s;
  struct floe_error error;
  assert_int_equal(floe_simulate(&plan, &s, &error), FLOE_EDATA);
  assert_string_equal(error.message, "index school has no range of sizes to simulate");
  const size_t sizes[] = {8};
  struct floe_dataset *dataset;
  assert_int_equal(floe_data_from_numbers(&model, sizes, eight_schools_data, &dataset, NULL), FLOE_OK);
  plan.dataset = dataset;
  s = simulate(&plan);
  assert_int_equal(s->largest->size[0], 8);
  floe_simulations_free(s);
  floe_data_free(dataset);
}

static void predictions_keep_the_covariates_and_follow_the_parameters(void **state) {
  (void)state;
  enum { N = 300 };
  const size_t sizes[] = {8};
  struct floe_dataset *dataset;
  struct floe_universe universe;
  floe_universe_reference(schools, &universe);
  assert_int_equal(floe_data_from_numbers(schools, sizes, eight_schools_data, &dataset, NULL), FLOE_OK);
  const size_t n_data = dataset->layout->n_data, n_value = dataset->layout->n_value;
  double *data = FLOE__NEW(N * n_data, double), *again = FLOE__NEW(N * n_data, double),
         *values = FLOE__NEW(N * n_value, double);
  assert_int_equal(floe_prior_predictive(dataset, &universe, 1, 0, N, 1, data, values, NULL), FLOE_OK);
  assert_int_equal(floe_prior_predictive(dataset, &universe, 1, 0, N, 4, again, values, NULL), FLOE_OK);
  assert_memory_equal(data, again, N * n_data * sizeof *data);
  assert_memory_equal(data + 5 * n_data, eight_schools_data, 8 * sizeof *data);
  assert_true(data[8] != eight_schools_data[8]);
  for (size_t k = 0; k < N; k++) {
    for (size_t j = 0; j < n_value; j++) values[k * n_value + j] = 0;
    for (size_t i = 0; i < 8; i++)
      values[k * n_value + dataset->layout->offset[EIGHT_SCHOOLS_THETA] + i] = 1000 * (double)i;
  }
  assert_int_equal(floe_posterior_predictive(dataset, &universe, 1, 0, N, 2, values, data, NULL), FLOE_OK);
  for (size_t k = 0; k < N; k++)
    for (size_t i = 0; i < 8; i++) assert_true(fabs(data[k * n_data + 8 + i] - 1000 * (double)i) < 8 * 18);
  floe__free(data), floe__free(again), floe__free(values);
  floe_data_free(dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_bytes_for_any_number_of_threads),
      cmocka_unit_test(a_simulation_depends_on_its_unit_alone),
      cmocka_unit_test(coordinates_are_those_of_the_values),
      cmocka_unit_test(universe_and_sizes_can_be_fixed),
      cmocka_unit_test(gaps_are_made_where_the_plan_says_so),
      cmocka_unit_test(simulations_that_are_not_finite_are_replaced_and_named),
      cmocka_unit_test(data_without_a_distribution_is_resampled_from_the_file),
      cmocka_unit_test(indices_without_a_range_need_a_data_set),
      cmocka_unit_test(predictions_keep_the_covariates_and_follow_the_parameters),
  };
  return cmocka_run_group_tests_name("simulate", tests, NULL, NULL);
}
