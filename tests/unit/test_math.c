#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "runtime/math/blas.h"
#include "runtime/math/chol.h"
#include "runtime/math/matrix.h"
#include "runtime/math/moments.h"
#include "runtime/math/order.h"
#include "runtime/math/special.h"
#include "runtime/rng/bulk.h"

struct answer {
  double x, y;
};

/* |f(x) - y| <= tolerance max(|y|, floor). */
static void answers(double (*f)(double), const struct answer *known, size_t n, double tolerance,
                    double floor_of_scale) {
  for (size_t k = 0; k < n; k++) {
    const double error = fabs(f(known[k].x) - known[k].y) / fmax(fabs(known[k].y), floor_of_scale);
    if (!(error <= tolerance)) fail_msg("at %.17g: %.17g, should be %.17g", known[k].x, f(known[k].x), known[k].y);
  }
}
#define ANSWERS(f, known, tolerance, floor_of_scale)                                                                   \
  answers(f, known, sizeof known / sizeof *known, tolerance, floor_of_scale)

/* All known answers by mpmath 1.3 with 40 digits. */
static void log_gamma_has_fourteen_digits(void **state) {
  (void)state;
  static const struct answer known[] = {{0.001, 6.907178885383853662},
                                        {0.10000000000000001, 2.252712651734205902},
                                        {0.5, 0.5723649429247000871},
                                        {0.90000000000000002, 0.06637623973474295443},
                                        {1.5, -0.1207822376352452223},
                                        {1.9990000000000001, -0.0004224618006921072842},
                                        {2.5, 0.2846828704729191596},
                                        {3.7000000000000002, 1.428072326665388129},
                                        {7.9000000000000004, 8.324265868008809635},
                                        {10.0, 12.80182748008146961},
                                        {25.300000000000001, 55.74618118358459233},
                                        {171.5, 709.1431630309282423},
                                        {1000.0, 5905.220423209181212},
                                        {1000000.0, 12815504.56914761166},
                                        {10000000000.0, 220258509288.8105815},
                                        {1.0e+100, 2.292585092994045721e+102},
                                        {-0.5, 1.265512123484645396},
                                        {-1.5, 0.8600470153764810145},
                                        {-2.25, 0.5555015450206474706},
                                        {-10.699999999999999, -15.41678909641663612}};
  ANSWERS(floe_lgamma, known, 1e-14, 1e-10);
  assert_true(floe_lgamma(1) == 0 && floe_lgamma(2) == 0);
  assert_true(isinf(floe_lgamma(0)) && isinf(floe_lgamma(-3)) && isinf(floe_lgamma(INFINITY)) &&
              isnan(floe_lgamma(NAN)));
}

static void log_gamma_steps_by_log_x(void **state) {
  (void)state;
  for (double x = 1e-3; x < 1e4; x *= 1.01) {
    const double step = floe_lgamma(x + 1) - floe_lgamma(x);
    assert_true(fabs(step - log(x)) < 4e-15 * (1 + fabs(floe_lgamma(x)) + fabs(floe_lgamma(x + 1))));
  }
}

static void digamma_and_trigamma_have_thirteen_digits(void **state) {
  (void)state;
  static const struct answer psi[] = {{0.001, -1000.57557193181028},
                                      {0.10000000000000001, -10.42375494041107623},
                                      {0.5, -1.963510026021423479},
                                      {0.90000000000000002, -0.7549269499470513492},
                                      {1.5, 0.03648997397857652056},
                                      {1.9990000000000001, 0.4221391988923556456},
                                      {2.5, 0.7031566406452431872},
                                      {3.7000000000000002, 1.167153539361511441},
                                      {7.9000000000000004, 2.002238487563571036},
                                      {10.0, 2.251752589066721108},
                                      {25.300000000000001, 3.210911380182535883},
                                      {171.5, 5.141664981433999629},
                                      {1000.0, 6.907255195648812052},
                                      {1000000.0, 13.81551005796419077},
                                      {-0.5, 0.03648997397857652056},
                                      {-2.25, 4.158583564657972275}};
  static const struct answer psi_1[] = {{0.001, 1000001.642533195827},
                                        {0.10000000000000001, 101.4332991507927477},
                                        {0.5, 4.934802200544679309},
                                        {0.90000000000000002, 1.922539959477203445},
                                        {1.5, 0.9348022005446793094},
                                        {1.9990000000000001, 0.6453384277720444999},
                                        {2.5, 0.490357756100234865},
                                        {3.7000000000000002, 0.3100378576700383022},
                                        {7.9000000000000004, 0.1349307834566344155},
                                        {10.0, 0.1051663356816857461},
                                        {25.300000000000001, 0.04031712034125649602},
                                        {171.5, 0.005847936550610383762},
                                        {1000.0, 0.001000500166666633333},
                                        {1000000.0, 1.000000500000166667e-6},
                                        {-0.5, 8.934802200544679309},
                                        {-2.25, 19.37941051186913736}};
  ANSWERS(floe_digamma, psi, 1e-14, 1);
  ANSWERS(floe_trigamma, psi_1, 1e-14, 0);
  assert_true(isnan(floe_digamma(0)) && isnan(floe_digamma(-2)) && isinf(floe_trigamma(-2)));
}

static void the_normal_cdf_and_its_inverse_reach_into_the_tails(void **state) {
  (void)state;
  static const struct answer cdf[] = {{-20.0, 2.753624118606233695e-89},
                                      {-5.0, 2.866515718791939117e-7},
                                      {-1.0, 0.1586552539314570514},
                                      {-0.10000000000000001, 0.4601721627229710163},
                                      {0, 0.5},
                                      {0.10000000000000001, 0.5398278372770289837},
                                      {1, 0.8413447460685429486},
                                      {3, 0.9986501019683699055},
                                      {8, 0.9999999999999993779}};
  static const struct answer log_cdf[] = {{-100, -5005.524208694205089}, {-38, -726.5572160188201301},
                                          {-20, -203.9171553710972639},  {-5, -15.06499839398872574},
                                          {-1, -1.841021645009263506},   {0, -0.6931471805599453094},
                                          {1, -0.1727537790234498895},   {5, -2.866516129637635934e-7}};
  static const struct answer inverse[] = {{1.0e-300, -37.04709629936119924},
                                          {9.9999999999999995e-21, -9.26234008979840758},
                                          {1.0000000000000001e-5, -4.26489079392282461},
                                          {0.01, -2.326347874040841093},
                                          {0.10000000000000001, -1.281551565544600435},
                                          {0.29999999999999999, -0.524400512708040816},
                                          {0.50000009999999995, 2.506628273311648301e-7},
                                          {0.59999999999999998, 0.2533471031357997413},
                                          {0.90000000000000002, 1.281551565544600593},
                                          {0.999, 3.090232306167813278}};
  ANSWERS(floe_phi, cdf, 1e-13, 0);
  ANSWERS(floe_log_phi, log_cdf, 1e-14, 0);
  ANSWERS(floe_phi_inverse, inverse, 2e-15, 0);
  for (double p = 1e-280; p > 0; p *= 1e-3) { /* down to the smallest number of all */
    const double x = floe_phi_inverse(p);
    assert_true(fabs(floe_log_phi(x) - log(p)) < 1e-10 * -log(p));
  }
  assert_true(floe_phi_inverse(0) == -INFINITY && floe_phi_inverse(1) == INFINITY && floe_phi_inverse(0.5) == 0);
  assert_true(isnan(floe_phi_inverse(-0.1)) && isnan(floe_phi_inverse(NAN)));
}

static void logistic_functions_do_not_overflow(void **state) {
  (void)state;
  assert_true(floe_log1p_exp(1e4) == 1e4 && floe_log1p_exp(-1e4) == 0 && floe_inv_logit(1e4) == 1);
  assert_true(fabs(floe_log1p_exp(-40) / exp(-40) - 1) < 1e-15 && fabs(floe_inv_logit(-700) / exp(-700) - 1) < 1e-12);
  assert_true(floe_xlogy(0, 0) == 0 && floe_xlogy(0, -1) == 0 && floe_xlogy(2, 3) == 2 * log(3));
}

static void near_to(double given, double expected, double tolerance) {
  if (!(fabs(given - expected) <= tolerance * (1 + fabs(expected)))) fail_msg("%.17g is not %.17g", given, expected);
}

/* Figures of 30 digits, by mpmath. */
static void functions_of_distributions_have_the_figures_of_mpmath(void **state) {
  (void)state;
  near_to(floe_owen_t(0.5, 0.3), 0.040786707344250106, 1e-15);
  near_to(floe_owen_t(2, 1), 0.011116281722259821, 1e-15);
  near_to(floe_owen_t(0.1, 20), 0.22991789164373633, 1e-15);
  near_to(floe_owen_t(3, -2.5), -0.00067494901581504095, 1e-15);
  near_to(floe_owen_t(0, INFINITY), 0.25, 1e-15);
  near_to(floe_log_phi(-30), -454.3212439563432, 1e-14);
  near_to(floe_log_phi_scaled(-30), -4.3212439563431971, 1e-14);
  near_to(floe_log_phi_scaled(-1e200), -0.91893853320467274 - log(1e200), 1e-14);
  near_to(floe_log_bessel_i0_scaled(0.5), -0.4384502808145187, 1e-14);
  near_to(floe_log_bessel_i0_scaled(2000), -4.7193272473425695, 1e-14);
  near_to(floe_bessel_ratio(0.5), 0.24249961258080195, 1e-14);
  near_to(floe_bessel_ratio(2000), 0.99974996873436278, 1e-14);
  near_to(floe_gamma_cdf_by_shape(2.5, 1.7), -0.227949602874211, 1e-9);
  near_to(floe_beta_cdf_by_a(0.3, 2, 3), -0.246093727746724, 1e-9);
  near_to(floe_xlog1py(0, -1), 0, 0);
  near_to(floe_log1m_exp(-1e-20), log(1e-20), 1e-14);
  near_to(floe_log1m_exp(-50), -exp(-50), 1e-30);
}

static void gsl_is_guarded(void **state) {
  (void)state;
  assert_true(isnan(floe_beta_quantile(2, 1, 1)) && isnan(floe_gamma_cdf(1, -1)) &&
              isnan(floe__binomial_cdf(1, -1, 0.5)));
  assert_true(fabs(floe_beta_quantile(0.5, 2, 2) - 0.5) < 1e-12 && fabs(floe_gamma_cdf(1, 1) - (1 - exp(-1))) < 1e-14);
  assert_true(floe__binomial_cdf(5, 5, 0.2) == 1 && fabs(floe__poisson_cdf(0, 2) - exp(-2)) < 1e-15);
}

static void a_matrix_times_a_matrix(void **state) {
  (void)state;
  const double a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 0, 2, 1, 0, 3};
  const float a_float[] = {1, 2, 3, 4, 5, 6}, b_float[] = {1, 0, 2, 1, 0, 3};
  double c[4] = {1, 1, 1, 1};
  float c_float[4] = {1, 1, 1, 1};
  floe__gemm(false, false, 2, 2, 3, 1, a, 3, b, 2, 2, c, 2);
  floe__gemm_float(false, true, 2, 2, 3, 1, a_float, 3, b_float, 3, 2, c_float, 2);
  const double expected[] = {7, 13, 16, 25};
  const float expected_float[] = {9, 12, 18, 24};
  assert_memory_equal(c, expected, sizeof c);
  assert_memory_equal(c_float, expected_float, sizeof c_float);
  double y[3] = {0};
  floe__gemv(true, 2, 3, 1, a, 3, (const double[]){1, 1}, 0, y);
  floe__axpy(3, 2, (const double[]){1, 1, 1}, y);
  assert_true(y[0] == 7 && y[1] == 9 && y[2] == 11 && floe__dot(3, y, y) == 49 + 81 + 121);
}

static double inner(size_t n, const double *L, const double *b, const double *weight) {
  double z[4], sum = 0;
  floe_solve_lower(n, L, b, z);
  for (size_t i = 0; i < n; i++) sum += weight[i] * z[i];
  return sum;
}

static void cholesky_solves_and_its_adjoint_is_the_derivative(void **state) {
  (void)state;
  enum { N = 4 };
  double a[N * N] = {4, 0, 0, 0, 1, 5, 0, 0, 0.5, -1, 6, 0, 2, 1, 0.3, 7}, L[N * N], inverse[N * N];
  const double b[N] = {1, -2, 3, 0.5}, weight[N] = {0.3, -1, 2, 0.7};
  memcpy(L, a, sizeof a);
  assert_int_equal(floe__cholesky(N, L), FLOE_OK);
  double x[N], z[N], L_bar[N * N] = {0}, b_bar[N] = {1, 1, 1, 1};
  floe__solve_cholesky(N, L, b, x);
  for (size_t i = 0; i < N; i++) {
    double sum = 0;
    for (size_t j = 0; j < N; j++) sum += (i >= j ? a[i * N + j] : a[j * N + i]) * x[j];
    assert_true(fabs(sum - b[i]) < 1e-14);
  }
  floe_solve_lower(N, L, b, z);
  floe__lower_inverse(N, L, inverse);
  floe__multiply_lower(N, inverse, b, x);
  for (size_t i = 0; i < N; i++) assert_true(fabs(x[i] - z[i]) < 1e-14);
  floe_solve_lower_adjoint(N, L, b, z, weight, L_bar, b_bar);
  const double h = 1e-6;
  for (size_t i = 0; i < N; i++) {
    double plus[N], minus[N];
    memcpy(plus, b, sizeof b), memcpy(minus, b, sizeof b);
    plus[i] += h, minus[i] -= h;
    assert_true(fabs((inner(N, L, plus, weight) - inner(N, L, minus, weight)) / (2 * h) - (b_bar[i] - 1)) < 1e-8);
    for (size_t j = 0; j < N; j++) {
      double up[N * N], down[N * N];
      memcpy(up, L, sizeof L), memcpy(down, L, sizeof L);
      up[i * N + j] += h, down[i * N + j] -= h;
      assert_true(fabs((inner(N, up, b, weight) - inner(N, down, b, weight)) / (2 * h) - L_bar[i * N + j]) < 1e-8);
    }
  }
  double indefinite[4] = {1, 0, 2, 1};
  assert_int_equal(floe__cholesky(2, indefinite), FLOE_ENUMERIC);
}

/* Of every size class: L L' = A, the upper triangle stays, a pivot below 0 is found wherever it stands; and the adjoint, by a
 * difference along one direction. */
static void cholesky_factors_of_all_sizes(void **state) {
  (void)state;
  enum { MOST = 130 };
  static const size_t sizes[] = {1, 8, 9, 11, 48, 49, 97, MOST};
  static double a[MOST * MOST], factor[3][MOST * MOST], weight[MOST * MOST], a_bar[MOST * MOST];
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    const size_t n = sizes[s], last = n * n - 1;
    const double h = 1e-5;
    double slope = 0, difference = 0;
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++) {
        const double distance = (double)i - (double)j;
        a[i * n + j] = exp(-distance * distance / 20) + (i == j ? 0.5 : 0);
        weight[i * n + j] = j <= i ? sin((double)(i + 2 * j)) : 0;
        a_bar[i * n + j] = 0;
      }
    for (size_t v = 0; v < 3; v++) /* at A, and on either side of it */
      for (size_t k = 0; k < n * n; k++) factor[v][k] = a[k] + (v == 0 ? 0 : v == 1 ? h : -h) * cos(0.1 * (double)(k / n + k % n));
    for (size_t v = 0; v < 3; v++) assert_int_equal(floe__cholesky(n, factor[v]), FLOE_OK);
    floe_cholesky_adjoint(n, a, factor[0], weight, a_bar);
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t k = 0; k <= j && j <= i; k++) sum += factor[0][i * n + k] * factor[0][j * n + k];
        assert_true(j <= i ? fabs(sum - a[i * n + j]) < 1e-13 : factor[0][i * n + j] == a[i * n + j]);
        if (j > i) continue;
        slope += a_bar[i * n + j] * cos(0.1 * (double)(i + j));
        difference += weight[i * n + j] * (factor[1][i * n + j] - factor[2][i * n + j]) / (2 * h);
      }
    assert_true(fabs(slope - difference) < 1e-6 * (1 + fabs(slope)));
    a[last] = -1;
    assert_int_equal(floe__cholesky(n, a), FLOE_ENUMERIC);
  }
}

static void order_statistics_are_those_of_r(void **state) {
  (void)state;
  const double x[] = {3, 1, 4, 1, 5, 9, 2, 6}; /* R: quantile(x, c(0, .1, .5, .9, 1)) is 1, 1, 3.5, 6.9, 9 */
  assert_true(floe_quantile(8, x, 0) == 1 && floe_quantile(8, x, 0.1) == 1 && floe_quantile(8, x, 0.5) == 3.5);
  assert_true(fabs(floe_quantile(8, x, 0.9) - 6.9) < 1e-14 && floe_quantile(8, x, 1) == 9);
  assert_true(isnan(floe_quantile(0, x, 0.5)) && isnan(floe_quantile(8, x, 1.1)));
  assert_true(isnan(floe_quantile(2, (const double[]){NAN, 1}, 0.5)));
  assert_true(floe_argmax(8, x) == 6 && floe_argmin(8, x) == 2 && isnan(floe_argmax(2, (const double[]){1, NAN})));
  size_t order[8];
  double rank[8];
  floe__ranks(8, x, order, rank);
  const double ranks[] = {4, 1.5, 5, 1.5, 6, 8, 3, 7};
  assert_memory_equal(rank, ranks, sizeof rank);
  assert_true(order[0] == 1 && order[1] == 3);
  static double many[5000];
  for (size_t k = 0; k < 5000; k++) many[k] = (double)((k * 7919) % 5000);
  assert_true(floe__median(5000, many) == 2499.5);
}

static void moments_survive_a_large_offset(void **state) {
  (void)state;
  double x[1000];
  floe__normal_fill(1, 1, 1, 0, 1000, x);
  const double mean = floe__mean(1000, x), variance = floe__variance(1000, x);
  struct floe__welford running = {0};
  for (int k = 0; k < 1000; k++) floe__welford_add(&running, x[k] += 1e9);
  assert_true(fabs(floe__mean(1000, x) - 1e9 - mean) < 2e-7 && fabs(floe__variance(1000, x) - variance) < 1e-6);
  assert_true(fabs(floe__welford_variance(&running) - variance) < 1e-6 &&
              fabs(floe__correlation(1000, x, x) - 1) < 1e-12);
  assert_true(isnan(floe__mean(0, x)) && isnan(floe__variance(1, x)));
}

static void log_sum_exp_handles_extremes(void **state) {
  (void)state;
  assert_true(fabs(floe__log_sum_exp(2, (const double[]){1e4, 1e4}) - 1e4 - log(2)) < 1e-11);
  assert_true(floe__log_sum_exp(2, (const double[]){-INFINITY, -INFINITY}) == -INFINITY &&
              floe__log_sum_exp(0, NULL) == -INFINITY);
  double weights[3];
  floe__normalise_log_weights(3, (const double[]){-1000, -1000, -INFINITY}, weights);
  assert_true(weights[0] == 0.5 && weights[2] == 0);
}

static void weights_count_like_repetitions(void **state) {
  (void)state;
  const double x[] = {5, 1, 3}, weights[] = {1, 2, 4}, repeated[] = {1, 1, 3, 3, 3, 3, 5};
  size_t order[3], plain[7];
  floe__order(3, x, order);
  floe__order(7, repeated, plain);
  assert_true(fabs(floe__weighted_mean(3, x, weights) - floe__mean(7, repeated)) < 1e-15);
  assert_true(fabs(floe__weighted_variance(3, x, weights) - floe__variance(7, repeated) * 6 / 7) < 1e-14);
  assert_true(fabs(floe__weighted_quantile(3, x, weights, order, 4. / 7) - 3) < 1e-14);
  assert_true(floe__weighted_quantile(3, x, weights, order, 0) == 1 &&
              floe__weighted_quantile(3, x, weights, order, 1) == 5);
  assert_true(fabs(floe__wasserstein(3, x, weights, order, 7, repeated, NULL, plain)) < 1e-15);
}

static void distances_are_right_where_they_are_known(void **state) {
  (void)state;
  const double x[] = {0, 1, 2, 3}, shifted[] = {2.5, 3.5, 4.5, 5.5}, left[] = {1, 0, 0, 0}, right[] = {0, 0, 0, 1};
  size_t order[4], order_shifted[4];
  floe__order(4, x, order), floe__order(4, shifted, order_shifted);
  assert_true(fabs(floe__wasserstein(4, x, NULL, order, 4, shifted, NULL, order_shifted) - 2.5) < 1e-15);
  assert_true(floe__cjs(4, x, NULL, NULL, order) == 0);
  assert_true(fabs(floe__cjs(4, x, left, right, order) - 1) <
              1e-15); /* cdfs without common mass: the largest distance */
  /* By hand: P = 1/4, 2/4, 3/4 and Q = 2/5, 3/5, 4/5 over unit steps, and the same of 1 - P and 1 - Q. */
  const double weights[] = {2, 1, 1, 1};
  assert_true(fabs(floe__cjs(4, x, NULL, weights, order) - 0.0998887865096322) < 1e-13);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(log_gamma_has_fourteen_digits),
      cmocka_unit_test(log_gamma_steps_by_log_x),
      cmocka_unit_test(digamma_and_trigamma_have_thirteen_digits),
      cmocka_unit_test(the_normal_cdf_and_its_inverse_reach_into_the_tails),
      cmocka_unit_test(logistic_functions_do_not_overflow),
      cmocka_unit_test(functions_of_distributions_have_the_figures_of_mpmath),
      cmocka_unit_test(gsl_is_guarded),
      cmocka_unit_test(a_matrix_times_a_matrix),
      cmocka_unit_test(cholesky_solves_and_its_adjoint_is_the_derivative),
      cmocka_unit_test(cholesky_factors_of_all_sizes),
      cmocka_unit_test(order_statistics_are_those_of_r),
      cmocka_unit_test(moments_survive_a_large_offset),
      cmocka_unit_test(log_sum_exp_handles_extremes),
      cmocka_unit_test(weights_count_like_repetitions),
      cmocka_unit_test(distances_are_right_where_they_are_known),
  };
  return cmocka_run_group_tests_name("math", tests, NULL, NULL);
}
