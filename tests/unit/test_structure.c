/* Transforms of numbers that hang together, and linear algebra: against definitions and differences. */
#include "runtime/math/structure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "runtime/math/matrix.h"

enum { MAX = 5, MAX_SQUARE = MAX * MAX, N_STRUCTURE = FLOE_COV + 1 };

static const enum floe_structure all[] = {FLOE_SIMPLEX,   FLOE_ORDERED,  FLOE_SUM0, FLOE_UNIT_VECTOR,
                                          FLOE_CHOL_CORR, FLOE_CHOL_COV, FLOE_CORR, FLOE_COV};

#define FOR_EACH_STRUCTURE(s, n)                                                                                       \
  for (size_t which = 0; which < sizeof all / sizeof *all; which++)                                                    \
    for (size_t n = 2, s = all[which]; n <= MAX; n++)

static void near(double a, double b, double tolerance) {
  if (!(fabs(a - b) <= tolerance * (1 + fabs(a) + fabs(b)))) fail_msg("%.12g is not %.12g", a, b);
}

static void coordinates(size_t n, double shift, double *u) {
  for (size_t k = 0; k < n; k++) u[k] = 0.7 * sin(shift + 2.3 * (double)k);
}

static size_t count_of(enum floe_structure s, size_t n) {
  return floe__structure_rank(s) == 2 ? n * n : n;
}

static void coordinates_come_back(void **state) {
  (void)state;
  FOR_EACH_STRUCTURE(s, n) {
    double u[2 * MAX_SQUARE], x[2 * MAX_SQUARE], again[2 * MAX_SQUARE];
    const size_t free = floe__structure_free((enum floe_structure)s, n);
    coordinates(2 * free, 1, u);
    floe_constrain((double)s, 2, (double)n, u, x);
    floe_unconstrain((double)s, 2, (double)n, x, again);
    for (size_t k = 0; k < 2 * free; k++) near(again[k], u[k], 1e-12);
  }
}

static void simplex_is(size_t n, const double *x) {
  double sum = 0;
  for (size_t k = 0; k < n; k++) assert_true(x[k] > 0), sum += x[k];
  near(sum, 1, 1e-14);
}
static void ordered_is(size_t n, const double *x) {
  for (size_t k = 1; k < n; k++) assert_true(x[k - 1] < x[k]);
}
static void sum0_is(size_t n, const double *x) {
  double sum = 0;
  for (size_t k = 0; k < n; k++) sum += x[k];
  near(sum, 0, 1e-14);
}
static void unit_vector_is(size_t n, const double *x) {
  double sum = 0;
  for (size_t k = 0; k < n; k++) sum += x[k] * x[k];
  near(sum, 1, 1e-14);
}
static void chol_cov_is(size_t n, const double *x) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = i; j < n; j++) assert_true(i == j ? x[i * n + i] > 0 : x[i * n + j] == 0);
}
static void chol_corr_is(size_t n, const double *x) {
  chol_cov_is(n, x);
  for (size_t i = 0; i < n; i++) unit_vector_is(n, x + i * n);
}
static void cov_is(size_t n, const double *x) {
  double L[MAX_SQUARE];
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) assert_true(x[i * n + j] == x[j * n + i]);
  floe_cholesky(n, x, L);
  chol_cov_is(n, L);
}
static void corr_is(size_t n, const double *x) {
  cov_is(n, x);
  for (size_t i = 0; i < n; i++) assert_true(x[i * n + i] == 1);
}

static void values_are_what_the_type_says(void **state) {
  static void (*const is[N_STRUCTURE])(size_t n, const double *x) = {
      [FLOE_SIMPLEX] = simplex_is,     [FLOE_ORDERED] = ordered_is,
      [FLOE_SUM0] = sum0_is,           [FLOE_UNIT_VECTOR] = unit_vector_is,
      [FLOE_CHOL_CORR] = chol_corr_is, [FLOE_CHOL_COV] = chol_cov_is,
      [FLOE_CORR] = corr_is,           [FLOE_COV] = cov_is};
  (void)state;
  FOR_EACH_STRUCTURE(s, n) {
    double u[MAX_SQUARE], x[MAX_SQUARE];
    coordinates(floe__structure_free((enum floe_structure)s, n), 2, u);
    floe_constrain((double)s, 1, (double)n, u, x);
    is[s](n, x);
  }
}

/* ---- derivatives ---- */

static void difference(size_t s, size_t n, const double *u, size_t k, double *slope) {
  double moved[MAX_SQUARE], above[MAX_SQUARE], below[MAX_SQUARE];
  const double h = 1e-5;
  memcpy(moved, u, sizeof moved);
  moved[k] = u[k] + h;
  floe_constrain((double)s, 1, (double)n, moved, above);
  moved[k] = u[k] - h;
  floe_constrain((double)s, 1, (double)n, moved, below);
  for (size_t i = 0; i < count_of((enum floe_structure)s, n); i++) slope[i] = (above[i] - below[i]) / (2 * h);
}

/* Which numbers the area is measured in: all of an embedded surface, else as many as there are coordinates. */
static int counts(size_t s, size_t n, size_t place) {
  const size_t i = place / n, j = place % n;
  if (s == FLOE_SIMPLEX) return place + 1 < n;
  if (s == FLOE_CHOL_COV || s == FLOE_COV) return j <= i;
  if (s == FLOE_CHOL_CORR || s == FLOE_CORR) return j < i;
  return 1;
}

/* log sqrt det (J' J). */
static void the_log_jacobian_is_the_logarithm_of_the_area(void **state) {
  (void)state;
  FOR_EACH_STRUCTURE(s, n) {
    double u[MAX_SQUARE] = {0}, slope[MAX_SQUARE][MAX_SQUARE], gram[MAX_SQUARE * MAX_SQUARE];
    const size_t free = floe__structure_free((enum floe_structure)s, n), count = count_of((enum floe_structure)s, n);
    coordinates(free, 3, u);
    for (size_t k = 0; k < free; k++) difference(s, n, u, k, slope[k]);
    for (size_t a = 0; a < free; a++)
      for (size_t b = 0; b < free; b++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++) sum += counts(s, n, i) ? slope[a][i] * slope[b][i] : 0;
        gram[a * free + b] = sum;
      }
    near(floe_log_jacobian((double)s, 1, (double)n, u), 0.5 * floe_log_det(free, gram), 1e-7);
  }
}

static void adjoints_are_derivatives(void **state) {
  (void)state;
  FOR_EACH_STRUCTURE(s, n) {
    double u[MAX_SQUARE] = {0}, x[MAX_SQUARE], x_bar[MAX_SQUARE], u_bar[MAX_SQUARE] = {0}, slope[MAX_SQUARE], unused[3];
    const size_t free = floe__structure_free((enum floe_structure)s, n), count = count_of((enum floe_structure)s, n);
    coordinates(free, 4, u);
    coordinates(count, 5, x_bar);
    floe_constrain((double)s, 1, (double)n, u, x);
    floe_constrain_adjoint((double)s, 1, (double)n, u, x, x_bar, unused, unused, unused, u_bar);
    for (size_t k = 0; k < free; k++) {
      double sum = 0;
      difference(s, n, u, k, slope);
      for (size_t i = 0; i < count; i++) sum += x_bar[i] * slope[i];
      near(u_bar[k], sum, 1e-8);
    }
    memset(u_bar, 0, sizeof u_bar);
    floe_log_jacobian_adjoint((double)s, 1, (double)n, u, 0, 2, unused, unused, unused, u_bar);
    for (size_t k = 0; k < free; k++) {
      const double at = u[k], h = 1e-5;
      u[k] = at + h;
      double change = floe_log_jacobian((double)s, 1, (double)n, u);
      u[k] = at - h;
      change -= floe_log_jacobian((double)s, 1, (double)n, u);
      u[k] = at;
      near(u_bar[k], 2 * change / (2 * h), 1e-8);
    }
  }
}

static void values_that_break_the_type_are_told(void **state) {
  (void)state;
  const double corners[] = {0, 1, 0}, almost[] = {0.3, 0.3, 0.4000001}, half[] = {0.3, 0.3, 0.3};
  const double rho[] = {1, 0.5, 0.5, 1}, skew[] = {1, 0.5, 0.4, 1}, beyond[] = {1, 1.5, 1.5, 1},
               wide[] = {2, 0.5, 0.5, 1};
  assert_true(floe__structure_fits(FLOE_SIMPLEX, 3, corners) && floe__structure_fits(FLOE_SIMPLEX, 3, almost));
  assert_false(floe__structure_fits(FLOE_SIMPLEX, 3, half));
  assert_false(floe__structure_fits(FLOE_ORDERED, 3, corners));
  assert_true(floe__structure_fits(FLOE_CORR, 2, rho) && floe__structure_fits(FLOE_COV, 2, wide));
  assert_false(floe__structure_fits(FLOE_CORR, 2, skew) || floe__structure_fits(FLOE_COV, 2, beyond) ||
               floe__structure_fits(FLOE_CORR, 2, wide));
  FOR_EACH_STRUCTURE(s, n) {
    double u[MAX_SQUARE], x[MAX_SQUARE];
    coordinates(floe__structure_free((enum floe_structure)s, n), 6, u);
    floe_constrain((double)s, 1, (double)n, u, x);
    assert_true(floe__structure_fits((enum floe_structure)s, n, x));
    x[0] += 0.01;
    assert_int_equal(floe__structure_fits((enum floe_structure)s, n, x),
                     s == FLOE_ORDERED || s == FLOE_CHOL_COV || s == FLOE_COV);
  }
}

static void far_coordinates_stay_finite(void **state) {
  (void)state;
  const double u[] = {700, -700, 30, -30};
  double x[MAX];
  floe_constrain(FLOE_SIMPLEX, 1, 5, u, x);
  for (size_t k = 0; k < 5; k++) assert_true(x[k] >= 0 && x[k] <= 1);
  assert_true(isfinite(floe_log_jacobian(FLOE_SIMPLEX, 1, 5, u)));
  assert_true(isfinite(floe_log_jacobian(FLOE_CHOL_CORR, 1, 3, u)));
  assert_true(isfinite(floe_log_jacobian(FLOE_UNIT_VECTOR, 1, 5, u)));
}

/* ---- linear algebra ---- */

enum { SIZE = 4 };

static void well_conditioned(double *A) {
  for (size_t i = 0; i < SIZE; i++)
    for (size_t j = 0; j < SIZE; j++)
      A[i * SIZE + j] = (i == j ? 3 : 0) + 0.5 * cos(1 + (double)(i + j)) + 0.1 * cos((double)(i * j));
}

static double solved(const double *A, const double *b) {
  double x[SIZE], sum = 0;
  floe_solve(SIZE, A, b, x);
  for (size_t k = 0; k < SIZE; k++) sum += x[k] * (double)(k + 1);
  return sum;
}
static double inverted(const double *A, const double *b) {
  double X[SIZE * SIZE], sum = 0;
  (void)b;
  floe_inverse(SIZE, A, X);
  for (size_t k = 0; k < SIZE * SIZE; k++) sum += X[k] * (double)(k + 1);
  return sum;
}
static double factored(const double *A, const double *b) {
  double L[SIZE * SIZE], sum = 0;
  (void)b;
  floe_cholesky(SIZE, A, L);
  for (size_t k = 0; k < SIZE * SIZE; k++) sum += L[k] * (double)(k + 1);
  return sum;
}
static double determinant(const double *A, const double *b) {
  (void)b;
  return floe_log_det(SIZE, A);
}

static void matches_differences(double (*f)(const double *A, const double *b), double *x, size_t n, const double *A,
                                const double *b, const double *bar) {
  for (size_t k = 0; k < n; k++) {
    const double at = x[k], h = 1e-5;
    x[k] = at + h;
    double change = f(A, b);
    x[k] = at - h;
    change -= f(A, b);
    x[k] = at;
    near(bar[k], change / (2 * h), 1e-8);
  }
}

static void linear_algebra_has_its_adjoints(void **state) {
  (void)state;
  double A[SIZE * SIZE], b[SIZE] = {1, -2, 0.5, 3}, x[SIZE * SIZE], x_bar[SIZE * SIZE], A_bar[SIZE * SIZE] = {0},
                         b_bar[SIZE] = {0};
  for (size_t k = 0; k < SIZE * SIZE; k++) x_bar[k] = (double)(k + 1);
  well_conditioned(A);
  floe_solve(SIZE, A, b, x);
  floe_solve_adjoint(SIZE, A, b, x, x_bar, A_bar, b_bar);
  matches_differences(solved, A, SIZE * SIZE, A, b, A_bar);
  matches_differences(solved, b, SIZE, A, b, b_bar);
  memset(A_bar, 0, sizeof A_bar);
  floe_inverse(SIZE, A, x);
  floe_inverse_adjoint(SIZE, A, x, x_bar, A_bar);
  matches_differences(inverted, A, SIZE * SIZE, A, b, A_bar);
  memset(A_bar, 0, sizeof A_bar);
  floe_log_det_adjoint(SIZE, A, floe_log_det(SIZE, A), 1, A_bar);
  matches_differences(determinant, A, SIZE * SIZE, A, b, A_bar);
  memset(A_bar, 0, sizeof A_bar);
  floe_cholesky(SIZE, A, x);
  floe_cholesky_adjoint(SIZE, A, x, x_bar, A_bar);
  matches_differences(factored, A, SIZE * SIZE, A, b, A_bar);
}

static void equations_are_solved_even_where_a_pivot_is_nought(void **state) {
  (void)state;
  const double A[] = {0, 2, 1, 1, 0, 0, 0, 0, 3}, b[] = {5, 7, 6};
  double x[3], X[9];
  floe_solve(3, A, b, x);
  near(x[0], 7, 1e-15), near(x[1], 1.5, 1e-15), near(x[2], 2, 1e-15);
  floe_inverse(3, A, X);
  for (size_t i = 0; i < 3; i++)
    for (size_t j = 0; j < 3; j++) {
      double sum = 0;
      for (size_t k = 0; k < 3; k++) sum += A[i * 3 + k] * X[k * 3 + j];
      near(sum, i == j, 1e-15);
    }
  near(floe_log_det(3, A), log(6), 1e-15);
}

static void large_systems_are_solved_too(void **state) {
  (void)state;
  enum { N = 40 };
  static double A[N * N], X[N * N];
  double b[N], x[N], sum = 0;
  for (size_t i = 0; i < N; i++) {
    for (size_t j = 0; j < N; j++) A[i * N + j] = (i == j ? 2 : 0) + 1 / (double)(i + j + 1);
    b[i] = sin((double)i);
  }
  floe_solve(N, A, b, x);
  floe_inverse(N, A, X);
  for (size_t i = 0; i < N; i++) {
    double product = 0, other = 0;
    for (size_t j = 0; j < N; j++) product += A[i * N + j] * x[j], other += X[i * N + j] * b[j];
    near(product, b[i], 1e-13);
    near(other, x[i], 1e-13);
  }
  floe_cholesky(N, A, X);
  for (size_t i = 0; i < N; i++) sum += 2 * log(X[i * N + i]);
  near(floe_log_det(N, A), sum, 1e-13);
}

static void without_an_answer_there_is_no_number(void **state) {
  (void)state;
  const double singular[] = {1, 2, 2, 4}, b[] = {1, 1};
  double x[4];
  floe_solve(2, singular, b, x);
  assert_true(isnan(x[0]) && isnan(x[1]));
  floe_inverse(2, singular, x);
  assert_true(isnan(x[3]));
  floe_cholesky(2, singular, x);
  assert_true(isnan(x[0]));
  assert_true(floe_log_det(2, singular) == -INFINITY);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(coordinates_come_back),
      cmocka_unit_test(values_are_what_the_type_says),
      cmocka_unit_test(the_log_jacobian_is_the_logarithm_of_the_area),
      cmocka_unit_test(adjoints_are_derivatives),
      cmocka_unit_test(values_that_break_the_type_are_told),
      cmocka_unit_test(far_coordinates_stay_finite),
      cmocka_unit_test(linear_algebra_has_its_adjoints),
      cmocka_unit_test(equations_are_solved_even_where_a_pivot_is_nought),
      cmocka_unit_test(large_systems_are_solved_too),
      cmocka_unit_test(without_an_answer_there_is_no_number),
  };
  return cmocka_run_group_tests_name("structure", tests, NULL, NULL);
}
