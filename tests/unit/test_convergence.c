/* R-hat, effective sample sizes, Monte Carlo error, E-BFMI and PSIS against ArviZ 0.20.0 (az.rhat, az.ess, az.mcse, az.bfmi,
 * az.psislw) on the same arrays; the figures for an odd number of draws are ArviZ's without the middle one, which splitting
 * drops. */
#include "tests/support/assertions.h"

#include <stdlib.h>

#include "runtime/trust/convergence.h"
#include "runtime/trust/psis.h"

/* Knuth's MMIX generator: the arrays are the same in every language. */
static double uniform(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

struct known_chains {
  size_t n_chain, n_draw;
  uint64_t seed;
  double correlation, shift;
  int heavy;
  double rhat, bulk, tail, mcse, ebfmi;
};

static const struct known_chains known[] = {
    {4, 100, 1, 0, 0, 0, 1.00548011228, 444.92350527, 399.586339619, 0.0234825083677, 1.86225063431},
    {4, 250, 2, 0.7, 0, 0, 1.00680439156, 242.636846515, 524.844189805, 0.0441166204408, 0.483879107727},
    {2, 101, 3, 0.3, 0.4, 0, 1.09808444695, 20.2555656143, 154.219983331, 0.130444654899, 1.18157888707},
    {4, 200, 4, -0.5, 0, 0, 1.0014423162, 1984.03482755, 753.404315517, 0.0128713559214, 2.81266089412},
    {3, 120, 5, 0.5, 0, 1, 1.01450337972, 128.786461723, 177.781479111, 0.137249618555, 1.31075328623}};

static void fill(const struct known_chains *k, double *x) {
  uint64_t state = k->seed;
  for (size_t c = 0; c < k->n_chain; c++) {
    double before = 0;
    for (size_t i = 0; i < k->n_draw; i++) {
      const double a = uniform(&state), b = uniform(&state), e = a + b + uniform(&state) - 1.5;
      before = k->correlation * before + e;
      double *here = &x[c * k->n_draw + i];
      *here = before + k->shift * (double)c;
      if (k->heavy) *here = *here * *here * *here / (0.05 + uniform(&state));
    }
  }
}

static void convergence_agrees_with_arviz(void **state) {
  (void)state;
  for (size_t j = 0; j < sizeof known / sizeof *known; j++) {
    const struct known_chains *k = &known[j];
    double *x = calloc(k->n_chain * k->n_draw, sizeof *x);
    fill(k, x);
    struct floe__convergence_work *work = floe__convergence_work_new(k->n_chain, k->n_draw);
    const struct floe_convergence c = floe_convergence(x, 1, work);
    assert_near(c.rhat, k->rhat, 1e-9);
    assert_near(c.ess_bulk, k->bulk, 1e-7 * k->bulk);
    assert_near(c.mcse, k->mcse, 1e-9);
    assert_near(c.ess_tail, k->tail, 1e-7 * k->tail);
    assert_near(floe_ebfmi(x, 1, k->n_chain, k->n_draw), k->ebfmi, 1e-9);
    floe__convergence_work_free(work);
    free(x);
  }
}

static void constant_and_undefined_quantities_have_no_diagnostics(void **state) {
  (void)state;
  double same[80], undefined[80];
  for (size_t i = 0; i < 80; i++) same[i] = 3, undefined[i] = i == 40 ? NAN : (double)i;
  struct floe__convergence_work *work = floe__convergence_work_new(4, 20);
  assert_true(isnan(floe_convergence(same, 1, work).rhat));
  assert_true(isnan(floe_convergence(undefined, 1, work).ess_bulk));
  floe__convergence_work_free(work);
}

static void a_chain_elsewhere_is_noticed(void **state) {
  (void)state;
  double x[400];
  const struct known_chains k = {.n_chain = 4, .n_draw = 100, .seed = 6};
  fill(&k, x);
  struct floe__convergence_work *work = floe__convergence_work_new(4, 100);
  assert_true(floe_convergence(x, 1, work).rhat < 1.02);
  for (size_t i = 0; i < 100; i++) x[i] += 1;
  assert_true(floe_convergence(x, 1, work).rhat > 1.1);
  fill(&k, x);
  for (size_t i = 0; i < 100; i++) x[i] *= 5; /* the same location, another scale: only the folded ranks see it */
  assert_true(floe_convergence(x, 1, work).rhat > 1.1);
  floe__convergence_work_free(work);
}

/* Groups {1, 3 | 2, 4} and {5, 7 | 6, 8} of two chains of two draws: W = 2 + 0.5, B = 8. */
static void nested_rhat_is_what_its_formula_says(void **state) {
  (void)state;
  const double x[8] = {1, 3, 2, 4, 5, 7, 6, 8};
  assert_near(floe_nested_rhat(x, 1, 2, 4, 2), sqrt(1 + 8 / 2.5), 1e-14);
  assert_near(floe_nested_rhat(x, 1, 2, 8, 1), sqrt(1 + 8 / (5. / 3)), 1e-14); /* one draw a chain */
  const double same[4] = {1, 1, 1, 1};
  assert_true(isnan(floe_nested_rhat(same, 1, 2, 4, 1)));
}

static void weights(uint64_t seed, double k, size_t n, double *log_weights) {
  for (size_t i = 0; i < n; i++) {
    const double u = uniform(&seed);
    log_weights[i] = k > 0 ? -k * log(u) + 0.3 * uniform(&seed) : log(u);
  }
}

static void psis_agrees_with_arviz(void **state) {
  (void)state;
  static const struct {
    size_t n;
    uint64_t seed;
    double k, khat, ess, largest, first;
  } cases[] = {{1000, 7, 0.3, 0.389993747842, 834.958777607, -5.18022428327, -6.91836125724},
               {1000, 8, 0.6, 0.699217477327, 215.897426954, -3.28802889409, -7.80242061402},
               {2000, 9, 0.9, 1.10482232867, 12.5852922744, -1.34282006738, -8.19700130342},
               {400, 10, -0.4, -0.954427405106, 294.435436911, -5.29279393989, -5.92951715012}};
  for (size_t j = 0; j < sizeof cases / sizeof *cases; j++) {
    const size_t n = cases[j].n;
    double *log_weights = calloc(n, sizeof *log_weights), largest = -INFINITY, total = 0;
    void *work = malloc(floe_psis_work(n));
    weights(cases[j].seed, cases[j].k, n, log_weights);
    const struct floe_psis psis = floe_psis(n, log_weights, 1, work);
    for (size_t i = 0; i < n; i++) largest = fmax(largest, log_weights[i]), total += exp(log_weights[i]);
    assert_near(psis.khat, cases[j].khat, 1e-8);
    assert_near(psis.ess, cases[j].ess, 1e-6 * cases[j].ess);
    assert_near(largest, cases[j].largest, 1e-8);
    assert_near(log_weights[0], cases[j].first, 1e-8);
    assert_near(total, 1, 1e-12);
    free(work);
    free(log_weights);
  }
}

static void khat_finds_known_tails(void **state) {
  (void)state;
  /* Tails of shape k exactly: quantiles of the generalised Pareto distribution. The prior pulls k-hat towards 0.5 by
   * 10 / (n + 10) of the distance; the grid leaves less than 0.01. */
  enum { N = 5000 };
  static double x[N], work[2 * (30 + 80)];
  static const double shapes[] = {-0.3, 0, 0.2, 0.5, 0.7, 1.0};
  for (size_t j = 0; j < sizeof shapes / sizeof *shapes; j++) {
    for (size_t i = 0; i < N; i++)
      x[i] = floe__pareto_quantile((struct floe__pareto){shapes[j], 2}, ((double)i + 0.5) / N);
    const struct floe__pareto fit = floe__pareto_fit(N, x, work);
    assert_near(fit.k, shapes[j], 0.02);
    assert_near(fit.sigma, 2, 0.05);
  }
}

static void degenerate_weights_are_judged_soundly(void **state) {
  (void)state;
  double log_weights[200];
  void *work = malloc(floe_psis_work(200));
  for (size_t i = 0; i < 200; i++) log_weights[i] = 7;
  struct floe_psis psis = floe_psis(200, log_weights, 1, work);
  assert_near(psis.khat, 0, 0);
  assert_near(psis.ess, 200, 1e-9);
  for (size_t i = 0; i < 200; i++) log_weights[i] = i == 3 ? 0 : -INFINITY;
  psis = floe_psis(200, log_weights, 1, work);
  assert_true(psis.khat == INFINITY);
  assert_near(log_weights[3], 0, 1e-12);
  for (size_t i = 0; i < 200; i++) log_weights[i] = -INFINITY;
  assert_true(floe_psis(200, log_weights, 1, work).khat == INFINITY);
  for (size_t i = 0; i < 200; i++) log_weights[i] = i == 3 ? NAN : -0.01 * (double)i;
  psis = floe_psis(200, log_weights, 1, work);
  assert_true(psis.khat == INFINITY && psis.n_undefined == 1);
  assert_near(floe_khat_threshold(100), 0.5, 1e-12);
  assert_near(floe_khat_threshold(100000), 0.7, 1e-12);
  free(work);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(convergence_agrees_with_arviz),
                                     cmocka_unit_test(constant_and_undefined_quantities_have_no_diagnostics),
                                     cmocka_unit_test(nested_rhat_is_what_its_formula_says),
                                     cmocka_unit_test(a_chain_elsewhere_is_noticed),
                                     cmocka_unit_test(psis_agrees_with_arviz),
                                     cmocka_unit_test(khat_finds_known_tails),
                                     cmocka_unit_test(degenerate_weights_are_judged_soundly)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
