/* Specs all the way to machine code, against what their graph says (tests/support/generated.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "compiler/graph/interpret.h"
#include "runtime/data/layout.h"

#include "tests/support/generated.h"

static void eight_schools_does_what_its_graph_says(void **state) {
  (void)state;
  generated_compare_spec("examples/eight_schools/eight_schools.floe");
}

static void covid_germany_does_what_its_graph_says(void **state) {
  (void)state;
  generated_compare_spec("examples/covid_germany/covid_germany.floe");
}

static void gathers_matrices_and_selects_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/grouped.floe");
}

static void recurrences_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/series.floe");
  generated_compare_spec("tests/golden/c/recurrences.floe");
}

static void array_functions_have_their_own_adjoints(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/arrays.floe");
}

static void differential_equations_are_solved_and_differentiated(void **state) {
  (void)state;
  static const char *const files[] = {"tests/data/specs/systems.floe", "tests/data/specs/systems_of_persons.floe"};
  for (size_t k = 0; k < 2; k++) {
    struct generated *f = generated_of_file(files[k]);
    generated_compare_everywhere(f);
    generated_free(f);
  }
}

static void summaries_are_those_of_prepared_data(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/summaries.floe");
  struct generated *f = generated_of_text("model m\nindex i = 3\nobs y[i]\nparam m ~ normal(0, 1)\ny[i] ~ normal(m, 1)\n"
                                          "prep y = 2 * y\ntop = max(y)\nsummary total = sum(y)\n"
                                          "summary more = total + top\nreport m\n");
  const double data[] = {1, 2, 4, 0, 0};
  double prepared[5];
  const struct floe_context context = {.layout = f->layout, .universe = &f->universe, .data = data};
  f->model->prepare(&context, data, prepared, f->scratch);
  assert_true(prepared[0] == 2 && prepared[2] == 8 && prepared[3] == 14 && prepared[4] == 22);
  generated_free(f);
}

static void arrays_and_joint_draws_of_simulators_do_what_their_acts_say(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/simulated_arrays.floe");
}

static void simulators_do_what_their_acts_say(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/simulators.floe");
  struct generated *f = generated_of_file("tests/data/specs/two_moons.floe");
  f->says_nought = true;
  generated_compare_everywhere(f);
  generated_free(f);
}

/* Without a density there is a simulator, and the transforms. */
static void a_study_without_a_density_has_none(void **state) {
  (void)state;
  struct generated *f = generated_of_file("tests/data/specs/race.floe");
  assert_null(f->model->log_density);
  assert_null(f->model->gradient);
  assert_non_null(f->model->no_density);
  generated_compare_simulation(f);
  generated_compare_transforms(f);
  generated_free(f);
}

static void structures_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/mixture_weights.floe");
}

static void joint_observations_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/gaussian_process.floe");
}

static void matrices_do_what_their_graph_says(void **state) {
  (void)state;
  static const char *const files[] = {"tests/data/specs/matrices.floe", "tests/data/specs/vectors.floe",
                                      "tests/data/specs/vector_mixture.floe"};
  for (size_t k = 0; k < sizeof files / sizeof *files; k++) generated_compare_spec(files[k]);
}

static void the_library_does_what_its_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/library.floe");
}

/* What a branch finds out of a value (a constant, another value) holds in no other branch. */
static void choices_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/choices.floe");
}

/* Axes within options, a recurrence whose array may be shorter than its initial values, elements that are not there,
 * latents, truth values as data. */
static void odds_and_ends_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/odds.floe");
}

/* Variables whose elements are drawn one after the other: given the data before them, or as residuals of the path so far;
 * with definitions in the same loop; several in one loop; by a loop in one option, as a plate in another. */
static void autoregressions_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/autoregression.floe");
}

static void stochastic_volatility_does_what_its_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/volatility.floe");
}

static void garch_does_what_its_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/garch.floe");
}

static void variables_of_one_loop_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/steps.floe");
}

static void axes_in_options_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/nested_axes.floe");
}

/* What the density stores in arrays rather than compute it anew in every loop. */
static void what_is_stored_is_what_the_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/stored.floe");
}

/* Sums of logarithms in runs of products: fewer than one run, several, and an incomplete one. */
static void many_truth_values_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/many.floe");
}

/* In groups and in time; powers of scales stand in arrays in front of the recurrence. */
static void what_is_centred_is_what_the_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/centred_steps.floe");
}

static void locations_and_scales_may_be_expressions(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/affine.floe");
}

static void slices_and_matrix_literals_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/slices.floe");
}

static void loops_over_vectors_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/coupled.floe");
}

/* First elements and later ones, at once and one by one, take random numbers of their own. */
static void elements_that_go_together_are_drawn_from_streams_of_their_own(void **state) {
  (void)state;
  struct generated *f = generated_of_text("model m\nindex k = 4\nindex t = 4 ordered\nparam a ~ normal(0, 1)\n"
                                          "latent x[k, t]\nlatent y[t, k]\nI[i in k, j in k] = if(i == j, 1, 0)\n"
                                          "x[k, 1] ~ normal(0, 1)\ny[1, k] ~ normal(0, 1)\n"
                                          "for s in t[2..] {\n"
                                          "  x[k, s] ~ normal(0 * sum(j in k: x[j, s-1]), 1)\n"
                                          "  y[s] ~ multi_normal(0 * y[s-1], I)\n}\nreport a\n");
  generated_enter_universe(f, 0);
  generated_compare_simulation(f);
  for (size_t i = 0; i < f->layout->n_value; i++)
    for (size_t j = 0; j < i; j++) assert_true(f->values[i] != f->values[j]);
  generated_free(f);
}

static void loops_that_draw_vectors_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/vector_steps.floe");
  generated_compare_spec("tests/data/specs/vector_gaps.floe");
  generated_compare_spec("tests/data/specs/matrix_steps.floe");
}

static void branches_and_nested_loops_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/branches.floe");
}

static void series_of_several_persons_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/panels.floe");
}

static void loops_in_options_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/orders.floe");
}

/* Discrete latents summed out: in plates, scalars, chains; beside steps of the observations. */
static void mixtures_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/mixture.floe");
}

static void hidden_markov_models_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/hidden_markov.floe");
}

static void latents_of_groups_and_chains_of_persons_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/latents.floe");
}

/* var, := and loops in functions that are called in a plate. */
static void functions_with_locals_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/locals.floe");
}

static void parts_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/parts.floe");
}

static void kernels_series_and_correlated_effects_do_what_their_graph_says(void **state) {
  (void)state;
  struct generated *f = generated_of_file("tests/data/specs/library_parts.floe");
  generated_compare_everywhere(f);
  generated_free(f);
}

static void rules_that_leave_out_do_what_their_graph_says(void **state) {
  (void)state;
  struct generated *f = generated_of_file("tests/data/specs/left_out.floe");
  generated_compare_everywhere(f);
  generated_free(f);
}

static void a_spec_needs_no_axes(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/no_axes.floe");
}

static void truncation_does_what_its_graph_says(void **state) {
  (void)state;
  struct generated *f = generated_of_file("tests/data/specs/truncated.floe");
  generated_compare_everywhere(f);
  generated_free(f);
}

static void every_family_with_a_cdf_can_be_cut_off(void **state) {
  (void)state;
  struct generated *f = generated_of_file("tests/data/specs/truncated_families.floe");
  generated_compare_everywhere(f);
  generated_free(f);
}

static void bounds_of_counts_do_what_their_graph_says(void **state) {
  (void)state;
  struct generated *f = generated_of_file("tests/data/specs/discrete_truncation.floe");
  generated_compare_everywhere(f);
  generated_free(f);
}

static void censoring_does_what_its_graph_says(void **state) {
  (void)state;
  struct generated *f = generated_of_file("tests/data/specs/censored.floe");
  generated_compare_everywhere(f);
  generated_free(f);
}

static void missing_observations_do_what_their_graph_says(void **state) {
  (void)state;
  struct generated *f = generated_of_file("tests/data/specs/missing.floe");
  generated_compare_everywhere(f);
  generated_free(f);
}

static void completed_numbers_do_what_their_graph_says(void **state) {
  (void)state;
  struct generated *f = generated_of_file("tests/data/specs/completed.floe");
  generated_compare_everywhere(f);
  generated_free(f);
}

static void unknowns_on_discrete_latents_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/early.floe");
  struct generated *f = generated_of_file("tests/data/specs/early_counts.floe"); /* it has no density */
  generated_enter_universe(f, 0);
  generated_compare_simulation(f);
  generated_free(f);
}

static void what_loops_draw_together_or_in_parts_does_what_its_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/pairs.floe");
  generated_compare_spec("tests/data/specs/via_steps.floe");
  generated_compare_spec("tests/data/specs/outer_parts.floe");
}

static void elements_of_loops_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/elements.floe");
  generated_compare_spec("tests/data/specs/diffuse.floe");
}

static double log_normal_density(double x, double mean, double sd) {
  const double z = (x - mean) / sd;
  return -0.5 * z * z - log(sd) - 0.5 * log(2 * M_PI);
}

/* x is known at 1 and missing at 2, truth known at 1 and missing at 2. x is affine: its coordinate is the residual. */
static void what_is_missing_has_a_coordinate_or_is_summed_out(void **state) {
  (void)state;
  struct generated *f = generated_of_text("model m \"by hand\"\n"
                                          "index i = 2\n"
                                          "param mu ~ normal(0, 1)\n"
                                          "data x[i] missing as latent ~ normal(mu, 2)\n"
                                          "data truth[i] : bool missing as latent ~ bernoulli(0.3)\n"
                                          "obs y[i]\n"
                                          "y[i] ~ normal(x + if(truth, mu, 0), 1)\n"
                                          "report mu, x\n");
  const double mu = 0.25, u = -0.5, x = mu + 2 * u, data[] = {1.5, NAN, 1, NAN, 0.5, -1};
  enum { N = 3 }; /* mu, x[1], x[2] */
  double density, terms[FLOE_N_TAG], gradient[N], values[8];
  generated_enter_universe(f, 0);
  f->context.coordinates = FLOE_UNIVERSE_COORDINATES;
  assert_int_equal(f->layout->n_data, 6);
  assert_int_equal(f->layout->n_coordinate, N);
  memcpy(f->data, data, sizeof data);
  f->coordinates[0] = mu, f->coordinates[1] = 77, f->coordinates[2] = u;
  density = generated_density(f, terms);
  const double known = log(0.3) + log_normal_density(0.5, 1.5 + mu, 1);
  const double summed = log(0.3 * exp(log_normal_density(-1, x + mu, 1)) + 0.7 * exp(log_normal_density(-1, x, 1)));
  const double prior = log_normal_density(mu, 0, 1) + log_normal_density(u, 0, 1);
  assert_true(fabs(terms[FLOE_PRIOR] - prior) < 1e-12);
  assert_true(fabs(terms[FLOE_LIKELIHOOD] - log_normal_density(1.5, mu, 2) - known - summed) < 1e-12);
  f->model->gradient(&f->context, 1, f->coordinates, &density, gradient, f->scratch);
  assert_true(gradient[1] == 0 && gradient[2] != 0);
  f->model->constrain(&f->context, 1, f->coordinates, values, f->scratch);
  assert_true(values[1] == 1.5 && fabs(values[2] - x) < 1e-15);
  generated_free(f);
}

/* The whole row is distributed, with an unknown where a part of it is missing; complete rows are observations. */
static void parts_of_a_row_that_are_missing_are_unknowns(void **state) {
  (void)state;
  struct generated *f = generated_of_text("model m \"by hand\"\n"
                                          "index row = 2\n"
                                          "index column = 2\n"
                                          "obs y[row, column] missing\n"
                                          "param mu ~ normal(0, 1)\n"
                                          "y[row] ~ multi_normal([mu, 0], [[1, 0.6], [0.6, 1]])\n"
                                          "report mu, y\n");
  const double mu = 0.25, x = -0.5, data[] = {1.5, NAN, 0.3, 0.9};
  double density, terms[FLOE_N_TAG], gradient[5], values[9];
  generated_enter_universe(f, 0);
  assert_int_equal(f->layout->n_coordinate, 5);
  memcpy(f->data, data, sizeof data);
  for (size_t k = 0; k < 5; k++) f->coordinates[k] = 77;
  f->coordinates[0] = mu, f->coordinates[2] = x;
  generated_density(f, terms);
  const double gap = log_normal_density(1.5, mu, 1) + log_normal_density(x, 0.6 * (1.5 - mu), 0.8);
  const double whole = log_normal_density(0.3, mu, 1) + log_normal_density(0.9, 0.6 * (0.3 - mu), 0.8);
  assert_true(fabs(terms[FLOE_PRIOR] - log_normal_density(mu, 0, 1) - gap) < 1e-12);
  assert_true(fabs(terms[FLOE_LIKELIHOOD] - whole) < 1e-12);
  f->model->gradient(&f->context, 1, f->coordinates, &density, gradient, f->scratch);
  assert_true(gradient[1] == 0 && gradient[2] != 0 && gradient[3] == 0 && gradient[4] == 0);
  f->model->constrain(&f->context, 1, f->coordinates, values, f->scratch);
  assert_true(values[1] == 1.5 && values[2] == x && values[3] == 0.3 && values[4] == 0.9);
  generated_free(f);
}

/* x is recorded as the bound at 1, and missing at 2, where the number itself is unknown and y rests on its record. */
static void what_is_missing_may_be_censored(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/censored_gaps.floe");
  struct generated *f = generated_of_text("model m \"by hand\"\n"
                                          "index i = 2\n"
                                          "obs x[i] censored above 2 missing\n"
                                          "obs y[i]\n"
                                          "param mu ~ normal(0, 1)\n"
                                          "x[i] ~ normal(mu, 1)\n"
                                          "y[i] ~ normal(x[i], 1)\n"
                                          "report mu, x\n");
  const double mu = 0.25, u = 2.5, data[] = {2, NAN, 1, 1.5};
  double terms[FLOE_N_TAG], values[3];
  generated_enter_universe(f, 0);
  f->context.coordinates = FLOE_UNIVERSE_COORDINATES;
  memcpy(f->data, data, sizeof data);
  f->coordinates[0] = mu, f->coordinates[1] = 77, f->coordinates[2] = u - mu;
  generated_density(f, terms);
  const double beyond = log(0.5 * erfc((2 - mu) * sqrt(0.5)));
  const double likelihood = beyond + log_normal_density(1, 2, 1) + log_normal_density(1.5, 2, 1);
  assert_true(fabs(terms[FLOE_PRIOR] - log_normal_density(mu, 0, 1) - log_normal_density(u, mu, 1)) < 1e-12);
  assert_true(fabs(terms[FLOE_LIKELIHOOD] - likelihood) < 1e-12);
  f->model->constrain(&f->context, 1, f->coordinates, values, f->scratch);
  assert_true(values[1] == 2 && fabs(values[2] - u) < 1e-15);
  generated_free(f);
}

static void stated_mixtures_do_what_their_graph_says(void **state) {
  (void)state;
  struct generated *f = generated_of_file("tests/data/specs/mixtures.floe");
  generated_compare_everywhere(f);
  generated_free(f);
}

static void improper_priors_do_what_their_graph_says(void **state) {
  (void)state;
  struct generated *f = generated_of_file("tests/data/specs/improper.floe");
  generated_compare_everywhere(f);
  generated_free(f);
}

/* What is missing adds nothing, neither to the density nor to the gradient; what is censored, the probability of lying
 * beyond; a truncated tail is normalised without loss of digits. */
static void gaps_and_bounds_have_the_density_that_was_worked_out_by_hand(void **state) {
  (void)state;
  struct generated *f = generated_of_text("model m \"by hand\"\n"
                                          "index i = 3\n"
                                          "obs y[i] missing\n"
                                          "obs z[i] censored below -1\n"
                                          "obs t[i]\n"
                                          "param mu ~ normal(0, 1)\n"
                                          "y[i] ~ normal(mu, 1)\n"
                                          "z[i] ~ normal(mu, 1)\n"
                                          "t[i] ~ normal(0, 1) in 20..inf\n"
                                          "report mu\n");
  const double data[] = {NAN, 1.5, NAN, -1, 0.5, -1, 20.1, 20.2, 20.3}, mu = 0.25, c = 0.5 * log(2 * M_PI);
  double density, terms[FLOE_N_TAG], gradient;
  generated_enter_universe(f, 0);
  for (size_t k = 0; k < 9; k++) f->data[k] = data[k];
  f->coordinates[0] = mu;
  const double below = 0.5 * erfc((1 + mu) / sqrt(2)), slope = -exp(-0.5 * (1 + mu) * (1 + mu) - c) / below;
  const double tail = -203.917155371097263937; /* log P(Z > 20) */
  double expected = -0.5 * 1.25 * 1.25 - c + 2 * log(below) - 0.5 * 0.25 * 0.25 - c;
  for (size_t k = 6; k < 9; k++) expected += -0.5 * data[k] * data[k] - c - tail;
  density = generated_density(f, terms);
  assert_true(fabs(terms[FLOE_LIKELIHOOD] - expected) < 1e-9);
  f->model->gradient(&f->context, 1, f->coordinates, &density, &gradient, f->scratch);
  assert_true(fabs(gradient - (-mu + 1.25 + 0.25 + 2 * slope)) < 1e-12);
  generated_free(f);
}

/* In family coordinates tau may exceed the 25 that its flat prior allows. */
static void outside_the_support_of_the_universe_the_density_is_nought(void **state) {
  (void)state;
  enum { TAU_PRIOR, FLAT = 2, TAU = 2 };
  struct generated *f = generated_of_file("examples/eight_schools/eight_schools.floe");
  double terms[FLOE_N_TAG];
  generated_enter_universe(f, 0);
  generated_compare_simulation(f);
  f->universe.option[TAU_PRIOR] = FLAT;
  for (int outside = 0; outside < 2; outside++) {
    f->coordinates[f->layout->coordinate[TAU]] = log(outside ? 25.1 : 24.9);
    assert_int_equal(isfinite(generated_density(f, terms)), !outside);
    assert_int_equal(isfinite(terms[FLOE_PRIOR]), !outside);
    assert_true(isfinite(terms[FLOE_LIKELIHOOD]));
  }
  generated_free(f);
}

static void outside_the_support_of_the_data_the_gradient_is_zero(void **state) {
  (void)state;
  struct generated *f = generated_of_text("model m \"by hand\"\n"
                                          "obs y\n"
                                          "param theta : positive ~ exponential(1)\n"
                                          "y ~ uniform(0, theta)\n"
                                          "report theta\n");
  double density, gradient;
  generated_enter_universe(f, 0);
  f->context.coordinates = FLOE_UNIVERSE_COORDINATES;
  f->data[0] = 1;
  for (int outside = 0; outside < 2; outside++) {
    f->coordinates[0] = outside ? -0.1 : 0.1;
    f->model->gradient(&f->context, 1, f->coordinates, &density, &gradient, f->scratch);
    assert_int_equal(isfinite(density), !outside);
    assert_int_equal(gradient == 0, outside);
  }
  assert_true(density < 0);
  generated_free(f);
}

static void elicited_numbers_are_what_their_graph_says(void **state) {
  (void)state;
  struct generated *f = generated_of_file("tests/data/specs/elicitation.floe");
  assert_int_equal(f->model->n_elicited, 4);
  assert_string_equal(f->model->elicited[1].text, "quantiles(y[1])");
  assert_true(f->model->elicited[1].whole && !f->model->elicited[0].whole);
  assert_int_equal(f->model->n_prior, 4);
  assert_string_equal(f->model->priors[0], "mu ~ normal($1, $2)");
  assert_true(f->model->axes[1].hyper && isinf(f->model->axes[1].low) && f->model->axes[2].strict);
  generated_compare_everywhere(f);
  generated_free(f);
}

/* Names that C has other plans for; a title and a claim that try to get out of their quotes. */
static void arrays_that_options_fill_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/filled_options.floe");
}

static void arrays_that_branches_share_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/shared_arrays.floe");
  generated_compare_spec("tests/data/specs/shared_arrays_apart.floe");
}

static void limits_of_axes_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/limits.floe");
}

static void flow_priors_do_what_their_graph_says(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/flow_prior.floe");
}

static void sums_of_squares_are_what_the_data_say(void **state) {
  (void)state;
  generated_compare_spec("tests/data/specs/squares.floe");
}

static void no_text_of_the_spec_reaches_the_code_unquoted(void **state) {
  (void)state;
  struct generated *f =
      generated_of_text("model int \"\\\"; int main(void) { } /*\"\n"
                        "index double in 2..5\n"
                        "index n = 3\n"
                        "obs  exp[double]\n"
                        "data context[double] ~ normal(0, 1)\n"
                        "axis void \"*/ int bad; /*\" = t1* | break\n"
                        "param t2 ~ normal(0, 1)\n"
                        "param free[n] ~ normal(t2, 1)\n"
                        "param linux ~ half_normal(2)\n"
                        "param y0_t ~ normal(0, 1)\n"
                        "param NULL ~ normal(0, 1)\n"
                        "param scratch ~ exponential(1)\n"
                        "long = NULL + y0_t\n"
                        "for_[double] = context * long + sum(n: free[n])\n"
                        "exp[double] ~ choose void { t1: normal(for_, linux)  break: laplace(for_, linux + scratch) }\n"
                        "report for_\n"
                        "claim \"*/ int main(void) { } /*\": NULL > 0\n");
  assert_string_equal(f->model->title, f->study->program->title);
  assert_string_equal(f->model->source_text, f->study->program->source->text);
  assert_string_equal(f->model->source_path, "evil */ name ?\?/.floe");
  assert_string_equal(f->model->axes[0].description, "*/ int bad; /*");
  assert_string_equal(f->model->claims[0].text, "*/ int main(void) { } /*");
  generated_compare_everywhere(f);
  generated_free(f);
}
int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gathers_matrices_and_selects_do_what_their_graph_says),
      cmocka_unit_test(recurrences_do_what_their_graph_says),
      cmocka_unit_test(array_functions_have_their_own_adjoints),
      cmocka_unit_test(summaries_are_those_of_prepared_data),
      cmocka_unit_test(arrays_and_joint_draws_of_simulators_do_what_their_acts_say),
      cmocka_unit_test(simulators_do_what_their_acts_say),
      cmocka_unit_test(a_study_without_a_density_has_none),
      cmocka_unit_test(structures_do_what_their_graph_says),
      cmocka_unit_test(joint_observations_do_what_their_graph_says),
      cmocka_unit_test(matrices_do_what_their_graph_says),
      cmocka_unit_test(the_library_does_what_its_graph_says),
      cmocka_unit_test(differential_equations_are_solved_and_differentiated),
      cmocka_unit_test(odds_and_ends_do_what_their_graph_says),
      cmocka_unit_test(choices_do_what_their_graph_says),
      cmocka_unit_test(autoregressions_do_what_their_graph_says),
      cmocka_unit_test(stochastic_volatility_does_what_its_graph_says),
      cmocka_unit_test(garch_does_what_its_graph_says),
      cmocka_unit_test(variables_of_one_loop_do_what_their_graph_says),
      cmocka_unit_test(axes_in_options_do_what_their_graph_says),
      cmocka_unit_test(what_is_stored_is_what_the_graph_says),
      cmocka_unit_test(many_truth_values_do_what_their_graph_says),
      cmocka_unit_test(what_is_centred_is_what_the_graph_says),
      cmocka_unit_test(locations_and_scales_may_be_expressions),
      cmocka_unit_test(slices_and_matrix_literals_do_what_their_graph_says),
      cmocka_unit_test(loops_over_vectors_do_what_their_graph_says),
      cmocka_unit_test(loops_that_draw_vectors_do_what_their_graph_says),
      cmocka_unit_test(elements_that_go_together_are_drawn_from_streams_of_their_own),
      cmocka_unit_test(branches_and_nested_loops_do_what_their_graph_says),
      cmocka_unit_test(series_of_several_persons_do_what_their_graph_says),
      cmocka_unit_test(loops_in_options_do_what_their_graph_says),
      cmocka_unit_test(mixtures_do_what_their_graph_says),
      cmocka_unit_test(hidden_markov_models_do_what_their_graph_says),
      cmocka_unit_test(latents_of_groups_and_chains_of_persons_do_what_their_graph_says),
      cmocka_unit_test(functions_with_locals_do_what_their_graph_says),
      cmocka_unit_test(parts_do_what_their_graph_says),
      cmocka_unit_test(kernels_series_and_correlated_effects_do_what_their_graph_says),
      cmocka_unit_test(rules_that_leave_out_do_what_their_graph_says),
      cmocka_unit_test(a_spec_needs_no_axes),
      cmocka_unit_test(truncation_does_what_its_graph_says),
      cmocka_unit_test(every_family_with_a_cdf_can_be_cut_off),
      cmocka_unit_test(bounds_of_counts_do_what_their_graph_says),
      cmocka_unit_test(censoring_does_what_its_graph_says),
      cmocka_unit_test(missing_observations_do_what_their_graph_says),
      cmocka_unit_test(completed_numbers_do_what_their_graph_says),
      cmocka_unit_test(unknowns_on_discrete_latents_do_what_their_graph_says),
      cmocka_unit_test(what_loops_draw_together_or_in_parts_does_what_its_graph_says),
      cmocka_unit_test(elements_of_loops_do_what_their_graph_says),
      cmocka_unit_test(what_is_missing_has_a_coordinate_or_is_summed_out),
      cmocka_unit_test(parts_of_a_row_that_are_missing_are_unknowns),
      cmocka_unit_test(what_is_missing_may_be_censored),
      cmocka_unit_test(stated_mixtures_do_what_their_graph_says),
      cmocka_unit_test(improper_priors_do_what_their_graph_says),
      cmocka_unit_test(gaps_and_bounds_have_the_density_that_was_worked_out_by_hand),
      cmocka_unit_test(outside_the_support_of_the_universe_the_density_is_nought),
      cmocka_unit_test(outside_the_support_of_the_data_the_gradient_is_zero),
      cmocka_unit_test(elicited_numbers_are_what_their_graph_says),
      cmocka_unit_test(arrays_that_options_fill_do_what_their_graph_says),
      cmocka_unit_test(arrays_that_branches_share_do_what_their_graph_says),
      cmocka_unit_test(limits_of_axes_do_what_their_graph_says),
      cmocka_unit_test(flow_priors_do_what_their_graph_says),
      cmocka_unit_test(sums_of_squares_are_what_the_data_say),
      cmocka_unit_test(no_text_of_the_spec_reaches_the_code_unquoted),
      cmocka_unit_test(eight_schools_does_what_its_graph_says),
      cmocka_unit_test(covid_germany_does_what_its_graph_says),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
