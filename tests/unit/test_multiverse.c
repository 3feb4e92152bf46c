/* Universes, answers for all of them, effects and claims: with models whose posteriors are known. */
#include "tests/support/assertions.h"

#include <string.h>

#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/multiverse/claims.h"
#include "runtime/multiverse/effects.h"
#include "runtime/multiverse/multiverse.h"
#include "runtime/multiverse/prediction.h"
#include "tests/support/conjugate_model.h"
#include "tests/support/eight_schools_model.h"

static struct floe_universes *list(const struct floe_model *model, struct floe_universes_options options) {
  struct floe_universes *universes = NULL;
  struct floe_error error = {0};
  if (floe_universes_new(model, &options, &universes, &error) != FLOE_OK) fail_msg("%s", error.message);
  return universes;
}

static void expect_sound(const struct floe_universes *u) {
  for (size_t i = 0; i < u->n; i++) {
    assert_true(floe_universe_permitted(u->model, &u->universe[i]));
    for (size_t j = 0; j < i; j++) assert_false(floe_universe_equal(u->model, &u->universe[i], &u->universe[j]));
  }
  for (size_t k = 0; k < u->n_pair; k++) {
    const struct floe_universe *a = &u->universe[u->pairs[k].from], *b = &u->universe[u->pairs[k].to];
    size_t n_difference = 0;
    for (size_t axis = 0; axis < u->model->n_axis; axis++)
      n_difference += a->option[axis] != b->option[axis] || a->value[axis] != b->value[axis];
    assert_int_equal(n_difference, 1);
    assert_false(u->model->axes[u->pairs[k].axis].equivalence);
  }
}

static void the_list_holds_the_reference_then_one_axis_changes_then_pairs(void **state) {
  (void)state;
  struct floe_universes *u = list(&eight_schools_by_hand, (struct floe_universes_options){.n = 40, .seed = 1});
  struct floe_universe reference;
  floe_universe_reference(&eight_schools_by_hand, &reference);
  assert_int_equal(u->n, 40);
  assert_int_equal(u->n_one_axis, 2 + 1 + 4 + 1);
  assert_true(floe_universe_equal(u->model, &u->universe[0], &reference));
  assert_int_equal(u->universe[1].option[EIGHT_SCHOOLS_TAU_PRIOR], 1);
  assert_near(u->universe[4].value[EIGHT_SCHOOLS_PRIOR_POWER], 0.5, 0);
  assert_near(u->universe[5].value[EIGHT_SCHOOLS_PRIOR_POWER], 0.7071, 1e-15);
  expect_sound(u);
  size_t by_axis[5] = {0};
  for (size_t k = 0; k < u->n_pair; k++) by_axis[u->pairs[k].axis]++;
  for (size_t axis = 0; axis < 4; axis++) assert_true(by_axis[axis] >= 4);
  assert_int_equal(u->n_extra, 1);
  assert_int_equal(u->extra[0].axis, EIGHT_SCHOOLS_FORM);
  assert_int_equal(u->universe[u->extra[0].universe].option[EIGHT_SCHOOLS_FORM], 0);
  struct floe_universes *again = list(&eight_schools_by_hand, (struct floe_universes_options){.n = 40, .seed = 1});
  for (size_t k = 0; k < u->n; k++) assert_true(floe_universe_equal(u->model, &u->universe[k], &again->universe[k]));
  floe_universes_free(again);
  again = list(&eight_schools_by_hand, (struct floe_universes_options){.n = 40, .seed = 2});
  size_t n_different = 0;
  for (size_t k = 0; k < u->n; k++) n_different += !floe_universe_equal(u->model, &u->universe[k], &again->universe[k]);
  assert_true(n_different > 10);
  floe_universes_free(again);
  floe_universes_free(u);
}

static void a_grid_is_the_full_product_of_what_is_permitted(void **state) {
  (void)state;
  struct floe_universes *u = list(&eight_schools_by_hand, (struct floe_universes_options){.grid = true});
  assert_int_equal(u->n, 3 * 2 * 3 * 2 - 3 * 3); /* without heavy and winsorise */
  expect_sound(u);
  floe_universes_free(u);
}

static void held_axes_do_not_vary(void **state) {
  (void)state;
  const bool held[5] = {true, false, true, true, false};
  struct floe_universe heavy;
  floe_universe_reference(&eight_schools_by_hand, &heavy);
  heavy.option[EIGHT_SCHOOLS_TAU_PRIOR] = 2;
  struct floe_universes *u =
      list(&eight_schools_by_hand, (struct floe_universes_options){.reference = &heavy, .held = held});
  assert_int_equal(u->n, 2); /* chance cannot find more than there are */
  assert_int_equal(u->universe[1].option[EIGHT_SCHOOLS_TAU_PRIOR], 2);
  floe_universes_free(u);
}

static void a_forbidden_reference_is_refused(void **state) {
  (void)state;
  struct floe_universe wrong;
  struct floe_universes *u = NULL;
  struct floe_error error = {0};
  floe_universe_reference(&eight_schools_by_hand, &wrong);
  wrong.option[EIGHT_SCHOOLS_NOISE] = wrong.option[EIGHT_SCHOOLS_OUTLIERS] = 1;
  assert_int_equal(
      floe_universes_new(&eight_schools_by_hand, &(struct floe_universes_options){.reference = &wrong}, &u, &error),
      FLOE_EUSAGE);
}

static struct floe_dataset *dataset_of(const struct floe_model *model, size_t size, const double *data) {
  struct floe_dataset *dataset = NULL;
  struct floe_error error = {0};
  if (floe_data_from_numbers(model, &size, data, &dataset, &error) != FLOE_OK) fail_msg("%s", error.message);
  return dataset;
}

static struct floe_multiverse *run(const struct floe_dataset *dataset, const struct floe_proposal *proposal,
                                   const struct floe_universes *universes, struct floe_multiverse_options options) {
  struct floe_multiverse *multiverse = NULL;
  struct floe_error error = {0};
  if (floe_multiverse_run(dataset, proposal, universes, &options, NULL, &multiverse, &error) != FLOE_OK)
    fail_msg("%s", error.message);
  return multiverse;
}

static const double conjugate_data[3] = {0.1, 1.2, 3};

static void answers_and_effects_are_those_of_theory(void **state) {
  (void)state;
  struct conjugate_proposal how = {0, 1, 0};
  const struct floe_proposal proposal = conjugate_proposal_of(&how);
  struct floe_dataset *dataset = dataset_of(&conjugate_by_hand, 3, conjugate_data);
  struct floe_universes *universes = list(&conjugate_by_hand, (struct floe_universes_options){.n = 60, .seed = 1});
  struct floe_multiverse_options options = FLOE_MULTIVERSE_DEFAULTS;
  options.n_draw = 2000;
  struct floe_multiverse *m = run(dataset, &proposal, universes, options);
  assert_int_equal(m->n_by_method[FLOE_AMORTIZED], 60);
  assert_int_equal(m->n_row, 60); /* no equivalence axes: nothing extra */
  /* Posterior: mean (4.3 + shift - trimmed) / 4, sd 1/2. Base draws are shared: differences are exact. */
  const struct floe_summary *reference = floe_multiverse_summary(m, 0, 0);
  assert_near(reference->mean, 4.3 / 4, 5 * 0.5 / sqrt(2000));
  assert_near(reference->sd, 0.5, 0.04);
  struct floe_effects *effects = NULL;
  struct floe_error error;
  assert_int_equal(floe_effects_new(m, &effects, &error), FLOE_OK);
  const struct floe_effect *shift = &effects->effects[CONJUGATE_SHIFT * 3],
                           *trim = &effects->effects[CONJUGATE_TRIM * 3];
  const double sd = reference->sd;
  assert_near(trim->median, 0.25 / sd, 1e-9);
  assert_near(trim->largest, 0.25 / sd, 1e-9);
  assert_near(trim->toward, -0.25 / sd, 1e-9);
  assert_near(trim->distance, 0.25 / sd, 1e-9);
  assert_near(trim->low, trim->high, 1e-9);
  assert_near(shift->largest, 0.125 / sd, 1e-9);
  assert_near(shift->slope, 0.125 / sd, 1e-9); /* per range; the reference stands at its lower end */
  assert_int_equal(trim->matters, FLOE_MATTERS);
  assert_near(effects->floors[0].monte_carlo, sqrt(2) / sqrt(2000), 2e-3);
  assert_true(effects->floors[0].ensemble < 0.1 && isnan(effects->floors[0].equivalence));
  assert_true(trim->share_mean > 0.7 && shift->share_mean < 0.3 && trim->share_mean + shift->share_mean < 1.1);
  assert_near(shift->share_sd, 0, 0);
  const struct floe_claim_outcome claim = floe_claim_outcome(m, 0);
  assert_int_equal(claim.n_universe, 60);
  assert_near(claim.holds, 1, 0);
  assert_near(claim.reference, 0.984, 0.015); /* Phi(1.075 / 0.5) */
  assert_int_equal(claim.n_flip, 0);
  floe_effects_free(effects);
  floe_multiverse_free(m);
  floe_universes_free(universes);
  floe_data_free(dataset);
}

static void flips_are_counted_and_flagged_answers_left_out(void **state) {
  (void)state;
  struct conjugate_proposal how = {0, 1, 0};
  const struct floe_proposal proposal = conjugate_proposal_of(&how);
  const double data[2] = {-2.2,
                          2.1}; /* P(theta > 0) < 0.5 at the reference; with shift 0.5 above; trimmed below again */
  struct floe_dataset *dataset = dataset_of(&conjugate_by_hand, 2, data);
  struct floe_universes *universes = list(&conjugate_by_hand, (struct floe_universes_options){.grid = true});
  struct floe_multiverse_options options = FLOE_MULTIVERSE_DEFAULTS;
  struct floe_multiverse *m = run(dataset, &proposal, universes, options);
  assert_int_equal(m->n_universe, 6);
  struct floe_claim_outcome claim = floe_claim_outcome(m, 0);
  /* Means: (-0.1 + shift) / 3 untrimmed, (-0.2 + shift) / 3 trimmed, shift in 0, 0.25, 0.5: signs -, +, + and -, +, +. */
  assert_near(claim.holds, 4.0 / 6, 1e-12);
  assert_int_equal(claim.n_pair, 2 * 3 + 3);
  assert_int_equal(claim.n_flip, 4);
  m->outcomes[0].method = FLOE_FLAGGED;
  claim = floe_claim_outcome(m, 0);
  assert_int_equal(claim.n_flagged, 1);
  assert_near(claim.holds, 4.0 / 5, 1e-12);
  struct floe_effects *effects = NULL;
  struct floe_error error;
  assert_int_equal(floe_effects_new(m, &effects, &error), FLOE_OK);
  assert_int_equal(effects->effects[CONJUGATE_SHIFT * 3].n_left_out, 2);
  assert_int_equal(effects->effects[CONJUGATE_SHIFT * 3].n_pair, 4);
  assert_int_equal(effects->effects[CONJUGATE_SHIFT * 3 + 2].n_flip, 2);
  floe_effects_free(effects);
  floe_multiverse_free(m);
  floe_universes_free(universes);
  floe_data_free(dataset);
}

static double log_normal(double x, double mean, double variance) {
  return -0.5 * (x - mean) * (x - mean) / variance - 0.5 * log(variance) - 0.91893853320467274178;
}

/* Without y_i: theta ~ normal((sum of the others + shift) / 3, 1 / 3), y_i ~ normal(theta, 1). With the proposal of the test the draws
 * are independent; 4000 of them give elpd with an sd of 0.02 (see test_loo.c), and draws are shared between universes: differences are
 * more precise still. Trimming changes what is observed: such universes predict something else. */
static void universes_are_compared_by_the_observations_they_predict(void **state) {
  (void)state;
  struct conjugate_proposal how = {0, 1, 0};
  const struct floe_proposal proposal = conjugate_proposal_of(&how);
  struct floe_dataset *dataset = dataset_of(&conjugate_by_hand, 3, conjugate_data);
  struct floe_universes *universes = list(&conjugate_by_hand, (struct floe_universes_options){.grid = true});
  struct floe_multiverse_options options = FLOE_MULTIVERSE_DEFAULTS;
  options.n_draw = 4000;
  options.leave_out = true;
  struct floe_multiverse *m = run(dataset, &proposal, universes, options);
  struct floe_prediction predictions[6];
  double exact[6], largest = -INFINITY;
  assert_int_equal(m->n_universe, 6);
  for (size_t u = 0; u < 6; u++) {
    const double shift = universes->universe[u].value[CONJUGATE_SHIFT];
    exact[u] = 0;
    for (size_t i = 0; i < 3; i++) exact[u] += log_normal(conjugate_data[i], (4.3 - conjugate_data[i] + shift) / 3, 4.0 / 3);
    if (!universes->universe[u].option[CONJUGATE_TRIM] && exact[u] > largest) largest = exact[u];
  }
  const size_t best = floe_predictions(m, predictions);
  assert_near(exact[best], largest, 0);
  for (size_t u = 0; u < 6; u++) {
    const bool trimmed = universes->universe[u].option[CONJUGATE_TRIM];
    assert_true(predictions[u].known && predictions[u].comparable == !trimmed);
    if (trimmed) continue;
    assert_near(predictions[u].elpd.elpd, exact[u], 0.15);
    assert_near(predictions[u].difference, exact[u] - largest, 0.05);
    assert_int_equal(predictions[u].fits, u == best || -predictions[u].difference <= 2 * predictions[u].difference_error);
  }
  const bool only_best[6] = {best == 0, best == 1, best == 2, best == 3, best == 4, best == 5};
  const struct floe_claim_outcome claim = floe_claim_outcome_among(m, 0, only_best);
  assert_int_equal(claim.n_universe, 1);
  assert_near(claim.lowest, floe_claim_probability(m, best, 0), 0);
  floe_multiverse_free(m);
  options.leave_out = false;
  m = run(dataset, &proposal, universes, options);
  assert_int_equal(floe_predictions(m, predictions), FLOE_NONE);
  floe_multiverse_free(m);
  floe_universes_free(universes);
  floe_data_free(dataset);
}

static void results_do_not_depend_on_threads(void **state) {
  (void)state;
  struct conjugate_proposal how = {0.2, 0.9, 0};
  const struct floe_proposal proposal = conjugate_proposal_of(&how);
  struct floe_dataset *dataset = dataset_of(&conjugate_by_hand, 3, conjugate_data);
  struct floe_universes *universes = list(&conjugate_by_hand, (struct floe_universes_options){.n = 70, .seed = 3});
  struct floe_multiverse_options options = FLOE_MULTIVERSE_DEFAULTS;
  options.n_draw = 200;
  options.mcmc.warmup = options.mcmc.draws = 200;
  struct floe_multiverse *one = run(dataset, &proposal, universes, options);
  options.threads = 3;
  struct floe_multiverse *three = run(dataset, &proposal, universes, options);
  assert_memory_equal(one->summaries, three->summaries, one->n_row * one->n_output * sizeof(struct floe_summary));
  assert_memory_equal(one->quantiles, three->quantiles, one->n_row * one->n_output * FLOE_N_QUANTILE * sizeof(double));
  floe_multiverse_free(one);
  floe_multiverse_free(three);
  floe_universes_free(universes);
  floe_data_free(dataset);
}

static void equivalent_parameterisations_agree(void **state) {
  (void)state;
  const bool held[5] = {true, false, true, true, false};
  struct floe_dataset *dataset = dataset_of(&eight_schools_by_hand, 8, eight_schools_data);
  struct floe_universe reference;
  floe_universe_reference(&eight_schools_by_hand, &reference);
  struct floe_universes *universes =
      list(&eight_schools_by_hand, (struct floe_universes_options){.held = held, .reference = &reference});
  struct floe_multiverse_options options = FLOE_MULTIVERSE_DEFAULTS;
  options.mcmc.draws = 1500;
  options.mcmc.target_accept = 0.95;
  struct floe_multiverse *m = run(dataset, NULL, universes, options);
  assert_int_equal(m->n_universe, 2);
  assert_int_equal(m->n_row, 4);
  assert_int_equal(m->outcomes[0].method, FLOE_MCMC);
  /* The reference's two answers come from unrelated chains and must agree. */
  struct floe_agreement agreement;
  assert_true(floe_reference_agreement(m, &agreement));
  assert_int_equal(agreement.verdict, FLOE_PASS);
  assert_true(agreement.difference > 0);
  assert_int_equal(floe_equivalence_agreements(m, &agreement), 1);
  assert_int_equal(agreement.axis, EIGHT_SCHOOLS_FORM);
  /* The centred form often misses a gate here; where it does not, it must agree. */
  assert_int_not_equal(agreement.verdict, FLOE_FAIL);
  /* And what is not the same must not pass for it. */
  for (size_t j = 0; j < m->n_output; j++)
    m->summaries[m->reference_check * m->n_output + j].mean += m->summaries[j].sd;
  assert_true(floe_reference_agreement(m, &agreement));
  assert_int_equal(agreement.verdict, FLOE_FAIL);
  floe_multiverse_free(m);
  floe_universes_free(universes);
  floe_data_free(dataset);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_list_holds_the_reference_then_one_axis_changes_then_pairs),
                                     cmocka_unit_test(a_grid_is_the_full_product_of_what_is_permitted),
                                     cmocka_unit_test(held_axes_do_not_vary),
                                     cmocka_unit_test(a_forbidden_reference_is_refused),
                                     cmocka_unit_test(answers_and_effects_are_those_of_theory),
                                     cmocka_unit_test(flips_are_counted_and_flagged_answers_left_out),
                                     cmocka_unit_test(universes_are_compared_by_the_observations_they_predict),
      cmocka_unit_test(results_do_not_depend_on_threads),
                                     cmocka_unit_test(equivalent_parameterisations_agree)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
