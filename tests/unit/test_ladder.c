/* The ladder of trust: every cell of its table, with a posterior that is known (tests/support/normal_model.h) and proposals
 * that are the posterior, scaled. Seeds are fixed. */
#include "tests/support/assertions.h"

#include <string.h>

#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"
#include "runtime/trust/ladder.h"
#include "runtime/trust/summary.h"
#include "tests/support/normal_model.h"

enum { N = 1000 };

struct question {
  struct floe_model model;
  struct floe_layout *layout;
  struct floe_universe universe;
  struct floe_context context;
  double coordinates[N * NORMAL_DIM], log_q[N], z[N * NORMAL_DIM];
  struct floe_network_draws draws;
  struct floe_ladder_options options;
  struct floe_answer answer;
};

static struct question *ask(double scale, double distance) {
  struct question *q = test_calloc(1, sizeof *q);
  const size_t size = NORMAL_DIM;
  struct floe_error error;
  q->model = normal_by_hand;
  q->layout = floe_layout_new(&q->model, &size, &error);
  q->context = (struct floe_context){.layout = q->layout, .universe = &q->universe};
  floe__normal_fill(11, FLOE_PURPOSE_POSTERIOR, 0, 0, N * NORMAL_DIM, q->z);
  for (size_t k = 0; k < N; k++) {
    normal_from_noise(scale, q->z + k * NORMAL_DIM, q->coordinates + k * NORMAL_DIM);
    for (size_t i = 0; i < NORMAL_DIM; i++) q->log_q[k] -= 0.5 * q->z[k * NORMAL_DIM + i] * q->z[k * NORMAL_DIM + i];
  }
  q->draws = (struct floe_network_draws){N, q->coordinates, q->log_q, distance, 3, NULL};
  q->options = (struct floe_ladder_options){.rungs = FLOE_RUNG_ALL, .mcmc = FLOE_SAMPLE_DEFAULTS};
  return q;
}

static const struct floe_answer *climb(struct question *q) {
  struct floe_error error = {0};
  assert_int_equal(floe_climb(&q->context, &q->draws, &q->options, NULL, &q->answer, &error), FLOE_OK);
  assert_true(q->answer.why[0] != '\0');
  return &q->answer;
}

static void done(struct question *q) {
  floe_answer_free(&q->answer);
  floe_layout_free(q->layout);
  test_free(q);
}

static enum floe_verdict gate(const struct floe_answer *answer, const char *name) {
  const struct floe_gate *found = floe_gates_find(&answer->gates, name);
  assert_non_null(found);
  return found->verdict;
}

static void good_weights_in_distribution_are_amortized(void **state) {
  (void)state;
  struct question *q = ask(1.2, 1);
  const struct floe_answer *a = climb(q);
  assert_int_equal(a->method, FLOE_AMORTIZED);
  assert_true(a->weighted && a->khat <= a->khat_threshold && a->ess > 300 && a->ess < N);
  assert_int_equal(floe_gates_verdict(&a->gates), FLOE_PASS);
  done(q);
}

static void the_exact_posterior_has_even_weights(void **state) {
  (void)state;
  struct question *q = ask(1, 1);
  const struct floe_answer *a = climb(q);
  assert_int_equal(a->method, FLOE_AMORTIZED);
  assert_near(a->ess, N, 1e-6);
  done(q);
}

static void good_weights_out_of_distribution_are_reweighted(void **state) {
  (void)state;
  struct question *q = ask(1.2, 5);
  const struct floe_answer *a = climb(q);
  assert_int_equal(a->method, FLOE_REWEIGHTED);
  assert_int_equal(gate(a, "distance"), FLOE_WARN);
  double mean = 0, square = 0;
  for (size_t k = 0; k < N; k++) mean += a->weights[k] * a->values[k * NORMAL_DIM + 4];
  for (size_t k = 0; k < N; k++) square += a->weights[k] * pow(a->values[k * NORMAL_DIM + 4] - mean, 2);
  assert_near(mean, normal_mean[4], 5 * normal_sd[4] / sqrt(a->ess));
  assert_near(sqrt(square), normal_sd[4],
              5 * normal_sd[4] / sqrt(a->ess)); /* the proposal is 20% too wide: 1.2 would fail */
  done(q);
}

static void an_unmeasured_distance_counts_as_out_of_distribution(void **state) {
  (void)state;
  struct question *q = ask(1.2, NAN);
  const struct floe_answer *a = climb(q);
  assert_int_equal(a->method, FLOE_REWEIGHTED);
  assert_int_equal(gate(a, "distance"), FLOE_UNKNOWN);
  done(q);
}

static void bad_weights_lead_to_mcmc_in_distribution_or_out(void **state) {
  (void)state;
  for (int out = 0; out < 2; out++) {
    struct question *q = ask(0.4, out ? 5 : 1);
    const struct floe_answer *a = climb(q);
    assert_int_equal(a->method, FLOE_MCMC);
    assert_true(a->khat > a->khat_threshold && a->rhat <= 1.01 && a->n_chain == 4 && a->n == 4000 * a->mcmc_attempts);
    assert_int_equal(gate(a, "k-hat"), FLOE_WARN);
    assert_int_equal(gate(a, "R-hat"), FLOE_PASS);
    double square = 0;
    for (size_t k = 0; k < a->n; k++) square += pow(a->values[k * NORMAL_DIM + 4] - normal_mean[4], 2) / (double)a->n;
    assert_near(sqrt(square), normal_sd[4], 5 * normal_sd[4] / sqrt(a->ess));
    done(q);
  }
}

/* A proposal 2.3 times too wide in each of 5 dimensions: bounded weights, so k-hat is good, but few draws carry them:
 * (sqrt(2 2.3^2 - 1) / 2.3^2)^5 = 7% of them. */
static void bounded_weights_that_few_draws_carry_lead_to_mcmc(void **state) {
  (void)state;
  struct question *q = ask(2.3, 1);
  const struct floe_answer *a = climb(q);
  assert_int_equal(a->method, FLOE_MCMC);
  assert_true(a->khat <= a->khat_threshold);
  assert_int_equal(gate(a, "ESS of the weights"), FLOE_WARN);
  done(q);
}

static void bad_weights_without_mcmc_are_flagged(void **state) {
  (void)state;
  struct question *q = ask(0.4, 1);
  q->options.rungs = FLOE_RUNG_NETWORK | FLOE_RUNG_WEIGHTS;
  const struct floe_answer *a = climb(q);
  assert_int_equal(a->method, FLOE_FLAGGED);
  assert_int_equal(floe_gates_verdict(&a->gates), FLOE_FAIL);
  assert_false(a->weighted);
  done(q);
}

static void without_a_density_only_the_distance_decides(void **state) {
  (void)state;
  struct question *q = ask(0.4, 1);
  q->model.log_density = NULL;
  q->model.gradient = NULL;
  const struct floe_answer *a = climb(q);
  assert_int_equal(a->method, FLOE_AMORTIZED);
  assert_int_equal(gate(a, "k-hat"), FLOE_UNKNOWN);
  assert_int_equal(floe_gates_verdict(&a->gates), FLOE_UNKNOWN);
  q->draws.distance = 5;
  assert_int_equal(climb(q)->method, FLOE_FLAGGED);
  assert_int_equal(floe_gates_verdict(&a->gates), FLOE_FAIL);
  done(q);
}

/* A proposal 2.5 times too narrow, whose density nobody knows: the model's density sends it to MCMC, which starts there. */
static void a_network_without_a_density_is_where_chains_start(void **state) {
  (void)state;
  struct question *q = ask(0.4, 1);
  q->draws.log_q = NULL;
  q->draws.no_density = "nobody wrote it down";
  const struct floe_answer *a = climb(q);
  assert_int_equal(a->method, FLOE_MCMC);
  assert_true(isnan(a->khat));
  assert_null(floe_gates_find(&a->gates, "k-hat"));
  assert_int_equal(floe_gates_verdict(&a->gates), FLOE_PASS);
  assert_non_null(strstr(a->why, "no density"));
  q->options.rungs = FLOE_RUNG_NETWORK | FLOE_RUNG_WEIGHTS;
  assert_int_equal(climb(q)->method, FLOE_AMORTIZED);
  assert_int_equal(floe_gates_verdict(&a->gates), FLOE_UNKNOWN);
  assert_non_null(strstr(a->why, "nobody wrote it down"));
  q->draws.distance = 5;
  assert_int_equal(climb(q)->method, FLOE_FLAGGED);
  done(q);
}

enum { MANY_CHAINS = 30 };
static double started[MANY_CHAINS]; /* first coordinates of the chains' starts */
static size_t n_started;

static void note_start(const struct floe_context *context, size_t n, const double *values, double *coordinates,
                       double *scratch) {
  if (n_started < MANY_CHAINS) started[n_started++] = values[0];
  normal_by_hand.unconstrain(context, n, values, coordinates, scratch);
}

static void chains_start_from_different_draws(void **state) {
  (void)state;
  struct question *q = ask(0.4, 1);
  q->model.unconstrain = note_start;
  q->draws.n = MANY_CHAINS + 5;
  q->draws.log_q = NULL;
  q->draws.no_density = "nobody wrote it down";
  q->options.mcmc.chains = MANY_CHAINS;
  q->options.mcmc.draws = 20;
  q->options.mcmc.warmup = 100;
  n_started = 0;
  climb(q);
  assert_int_equal(n_started, MANY_CHAINS);
  for (size_t k = 0; k < MANY_CHAINS; k++)
    for (size_t l = 0; l < k; l++) assert_true(started[k] != started[l]);
  done(q);
}

static void chains_that_miss_a_gate_are_flagged(void **state) {
  (void)state;
  struct question *q = ask(0.4, 1);
  q->options.mcmc.draws = 20; /* 80 draws cannot be worth 400 */
  q->options.mcmc.warmup = 100;
  const struct floe_answer *a = climb(q);
  assert_int_equal(a->method, FLOE_FLAGGED);
  assert_int_equal(gate(a, "bulk ESS"), FLOE_FAIL);
  assert_int_equal(a->mcmc_attempts, 2);
  done(q);
}

static void a_sampler_that_cannot_move_is_told_in_the_answer(void **state) {
  (void)state;
  struct question *q = ask(0.4, 1);
  q->universe.option[0] = NORMAL_FLAT;
  const struct floe_answer *a = climb(q);
  assert_int_equal(a->method, FLOE_FLAGGED);
  assert_non_null(strstr(a->why, "x[3]"));
  assert_int_equal(a->n, N);
  done(q);
}

static void an_undefined_density_is_never_trusted(void **state) {
  (void)state;
  struct question *q = ask(1, 1);
  q->universe.option[0] = NORMAL_UNDEFINED;
  const struct floe_answer *a = climb(q);
  assert_int_equal(a->method, FLOE_FLAGGED);
  assert_true(a->khat == INFINITY);
  done(q);
}

static void without_a_network_mcmc_answers(void **state) {
  (void)state;
  struct question *q = ask(1, 1);
  q->draws.n = 0;
  const struct floe_answer *a = climb(q);
  assert_int_equal(a->method, FLOE_MCMC);
  assert_null(floe_gates_find(&a->gates, "k-hat"));
  q->options.rungs = FLOE_RUNG_NETWORK;
  assert_int_equal(climb(q)->method, FLOE_FLAGGED);
  done(q);
}

static void summaries_are_weighted(void **state) {
  (void)state;
  enum { M = 4 };
  double values[1], weights[M] = {0.1, 0.2, 0.3, 0.4}, quantiles[3 * FLOE_N_QUANTILE];
  const double outputs[M * 3] = {1, 1, 5, 2, 0, 5, 3, 1, 5, 4, 0, NAN};
  struct floe_answer answer = {.n = M, .values = values, .weights = weights, .ess = 3.3};
  struct floe_summary s[3];
  struct floe_error error;
  struct floe_summary_work *work = floe_summary_work_new();
  assert_int_equal(floe_summarise(&answer, 3, outputs, work, s, quantiles, &error), FLOE_OK);
  assert_near(s[0].mean, 3, 1e-12);
  assert_near(s[0].sd, 1, 1e-12);
  assert_near(s[0].median, 3 + (0.5 - 0.45) / 0.35, 1e-12); /* middles of the steps: 0.05, 0.2, 0.45, 0.8 */
  assert_near(s[0].q5, 1, 1e-12);
  assert_near(s[0].q95, 4, 1e-12);
  assert_near(s[0].mcse, sqrt(0.01 * 4 + 0.04 + 0.16), 1e-12);
  assert_near(s[1].mean, 0.4, 1e-12);
  assert_true(isnan(s[2].mean) && isnan(s[2].median));
  double shifted[FLOE_N_QUANTILE];
  for (size_t k = 0; k < FLOE_N_QUANTILE; k++) shifted[k] = quantiles[k] + 2;
  assert_near(floe_quantile_distance(quantiles, shifted), 2, 1e-12);
  floe_summary_work_free(work);
}

static void verdicts_are_ordered_and_skipped_checks_are_unknown(void **state) {
  (void)state;
  struct floe_gates gates = {0};
  assert_int_equal(floe_gates_verdict(&gates), FLOE_UNKNOWN);
  floe_gates_at_most(&gates, "a", 1, 1, FLOE_FAIL);
  assert_int_equal(floe_gates_verdict(&gates), FLOE_PASS);
  floe_gates_at_least(&gates, "b", 0, 1, FLOE_WARN);
  assert_int_equal(floe_gates_verdict(&gates), FLOE_WARN);
  floe_gates_at_most(&gates, "c", NAN, 1, FLOE_FAIL);
  assert_int_equal(floe_gates_verdict(&gates), FLOE_UNKNOWN);
  floe_gates_at_most(&gates, "d", 2, 1, FLOE_FAIL);
  assert_int_equal(floe_gates_verdict(&gates), FLOE_FAIL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(good_weights_in_distribution_are_amortized),
                                     cmocka_unit_test(the_exact_posterior_has_even_weights),
                                     cmocka_unit_test(good_weights_out_of_distribution_are_reweighted),
                                     cmocka_unit_test(an_unmeasured_distance_counts_as_out_of_distribution),
                                     cmocka_unit_test(bad_weights_lead_to_mcmc_in_distribution_or_out),
                                     cmocka_unit_test(bounded_weights_that_few_draws_carry_lead_to_mcmc),
      cmocka_unit_test(bad_weights_without_mcmc_are_flagged),
                                     cmocka_unit_test(without_a_density_only_the_distance_decides),
                                     cmocka_unit_test(a_network_without_a_density_is_where_chains_start),
      cmocka_unit_test(chains_start_from_different_draws),
      cmocka_unit_test(chains_that_miss_a_gate_are_flagged),
                                     cmocka_unit_test(a_sampler_that_cannot_move_is_told_in_the_answer),
                                     cmocka_unit_test(an_undefined_density_is_never_trusted),
                                     cmocka_unit_test(without_a_network_mcmc_answers),
                                     cmocka_unit_test(summaries_are_weighted),
                                     cmocka_unit_test(verdicts_are_ordered_and_skipped_checks_are_unknown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
