#include "runtime/math/structure.h"

#include <math.h>

#include "base/memory.h"
#include "runtime/math/chol.h"
#include "runtime/math/special.h"

/* One type. x has size n, or (n, n). */
struct structure {
  const char *name;
  size_t rank;
  size_t (*free)(size_t n);
  void (*constrain)(size_t n, const double *u, double *x);
  void (*constrain_adjoint)(size_t n, const double *u, const double *x, const double *x_bar, double *u_bar);
  void (*unconstrain)(size_t n, const double *x, double *u);
  double (*log_jacobian)(size_t n, const double *u);
  void (*log_jacobian_adjoint)(size_t n, const double *u, double bar, double *u_bar);
};

static size_t all(size_t n) {
  return n;
}
static size_t all_but_one(size_t n) {
  return n ? n - 1 : 0;
}
static size_t below_diagonal(size_t n) {
  return n ? n * (n - 1) / 2 : 0;
}
static size_t lower_triangle(size_t n) {
  return n * (n + 1) / 2;
}

/* ---- simplex: x_k is the share z_k = inv_logit(u_k - log(n - k)) of what the earlier ones left ---- */

static double stick(size_t n, const double *u, size_t k) {
  return u[k] - log((double)(n - 1 - k));
}

static void simplex_constrain(size_t n, const double *u, double *x) {
  double rest = 1;
  for (size_t k = 0; k + 1 < n; k++) {
    const double t = stick(n, u, k);
    x[k] = rest * floe_inv_logit(t);
    rest *= floe_inv_logit(-t);
  }
  if (n) x[n - 1] = rest;
}

static void simplex_constrain_adjoint(size_t n, const double *u, const double *x, const double *x_bar, double *u_bar) {
  if (n < 2) return;
  double rest = x[n - 1], rest_bar = x_bar[n - 1];
  for (size_t k = n - 1; k-- > 0;) {
    const double z = floe_inv_logit(stick(n, u, k)), left = floe_inv_logit(-stick(n, u, k));
    rest += x[k];
    u_bar[k] += rest * (x_bar[k] - rest_bar) * z * left;
    rest_bar = x_bar[k] * z + rest_bar * left;
  }
}

static void simplex_unconstrain(size_t n, const double *x, double *u) {
  double rest = n ? x[n - 1] : 0;
  for (size_t k = n; k-- > 1;) {
    u[k - 1] = log(x[k - 1]) - log(rest) + log((double)(n - k));
    rest += x[k - 1];
  }
}

static double simplex_log_jacobian(size_t n, const double *u) {
  double sum = 0, log_rest = 0;
  for (size_t k = 0; k + 1 < n; k++) {
    const double t = stick(n, u, k), log_left = -floe_log1p_exp(t);
    sum += log_left - floe_log1p_exp(-t) + log_rest;
    log_rest += log_left;
  }
  return sum;
}

static void simplex_log_jacobian_adjoint(size_t n, const double *u, double bar, double *u_bar) {
  for (size_t k = 0; k + 1 < n; k++) {
    const double z = floe_inv_logit(stick(n, u, k));
    u_bar[k] += bar * (1 - z - (double)(n - 1 - k) * z);
  }
}

/* ---- ordered: steps are exp(u_k) ---- */

static void ordered_constrain(size_t n, const double *u, double *x) {
  for (size_t k = 0; k < n; k++) x[k] = k ? x[k - 1] + exp(u[k]) : u[k];
}

static void ordered_constrain_adjoint(size_t n, const double *u, const double *x, const double *x_bar, double *u_bar) {
  double sum = 0;
  (void)x;
  for (size_t k = n; k-- > 0;) {
    sum += x_bar[k];
    u_bar[k] += k ? sum * exp(u[k]) : sum;
  }
}

static void ordered_unconstrain(size_t n, const double *x, double *u) {
  for (size_t k = 0; k < n; k++) u[k] = k ? log(x[k] - x[k - 1]) : x[k];
}

static double ordered_log_jacobian(size_t n, const double *u) {
  double sum = 0;
  for (size_t k = 1; k < n; k++) sum += u[k];
  return sum;
}

static void ordered_log_jacobian_adjoint(size_t n, const double *u, double bar, double *u_bar) {
  (void)u;
  for (size_t k = 1; k < n; k++) u_bar[k] += bar;
}

/* ---- sum0: x = sum_k u_k h_k with h_k = (1, ..., 1, -k, 0, ...) / sqrt(k (k + 1)), k ones ---- */

static void sum0_constrain(size_t n, const double *u, double *x) {
  double above = 0;
  for (size_t k = n; k-- > 0;) { /* h_{k+1} has its -(k + 1) at place k + 1 */
    const double place = (double)k;
    x[k] = k ? -place * u[k - 1] / sqrt(place * (place + 1)) : 0;
    x[k] += above;
    if (k) above += u[k - 1] / sqrt(place * (place + 1));
  }
}

static void sum0_project(size_t n, const double *x, double *u) {
  double sum = 0;
  for (size_t k = 1; k < n; k++) {
    const double place = (double)k;
    sum += x[k - 1];
    u[k - 1] += (sum - place * x[k]) / sqrt(place * (place + 1));
  }
}

static void sum0_constrain_adjoint(size_t n, const double *u, const double *x, const double *x_bar, double *u_bar) {
  (void)u, (void)x;
  sum0_project(n, x_bar, u_bar);
}

static void sum0_unconstrain(size_t n, const double *x, double *u) {
  for (size_t k = 0; k + 1 < n; k++) u[k] = 0;
  sum0_project(n, x, u);
}

static double no_log_jacobian(size_t n, const double *u) {
  (void)n, (void)u;
  return 0;
}

static void no_log_jacobian_adjoint(size_t n, const double *u, double bar, double *u_bar) {
  (void)n, (void)u, (void)bar, (void)u_bar;
}

/* ---- unit_vector: x = (2 u, |u|^2 - 1) / (|u|^2 + 1) ---- */

static double squares(size_t n, const double *u) {
  double sum = 0;
  for (size_t k = 0; k < n; k++) sum += u[k] * u[k];
  return sum;
}

static void unit_vector_constrain(size_t n, const double *u, double *x) {
  const double s = squares(all_but_one(n), u);
  for (size_t k = 0; k + 1 < n; k++) x[k] = 2 * u[k] / (1 + s);
  if (n) x[n - 1] = (s - 1) / (s + 1);
}

static void unit_vector_constrain_adjoint(size_t n, const double *u, const double *x, const double *x_bar,
                                          double *u_bar) {
  if (n < 2) return;
  const double step = 2 / (1 + squares(n - 1, u));
  double along = -x_bar[n - 1];
  (void)x;
  for (size_t k = 0; k + 1 < n; k++) along += x_bar[k] * u[k];
  for (size_t k = 0; k + 1 < n; k++) u_bar[k] += step * x_bar[k] - step * step * u[k] * along;
}

/* 1 - x_n = (squares of the others) / (1 + x_n), where that is the more accurate. */
static void unit_vector_unconstrain(size_t n, const double *x, double *u) {
  if (n < 2) return;
  const double last = x[n - 1], gap = last > 0 ? squares(n - 1, x) / (1 + last) : 1 - last;
  for (size_t k = 0; k + 1 < n; k++) u[k] = x[k] / gap;
}

static double unit_vector_log_jacobian(size_t n, const double *u) {
  return n < 2 ? 0 : (double)(n - 1) * (log(2) - log1p(squares(n - 1, u)));
}

static void unit_vector_log_jacobian_adjoint(size_t n, const double *u, double bar, double *u_bar) {
  const double s = squares(all_but_one(n), u);
  for (size_t k = 0; k + 1 < n; k++) u_bar[k] -= bar * (double)(n - 1) * 2 * u[k] / (1 + s);
}

/* ---- chol_corr: row i holds partial correlations z = tanh(u) of what the row's unit length has left ---- */

static void chol_corr_constrain(size_t n, const double *u, double *x) {
  for (size_t i = 0; i < n; i++) {
    double left = 1;
    for (size_t j = 0; j < i; j++, u++) {
      x[i * n + j] = tanh(*u) * left;
      left /= cosh(*u);
    }
    x[i * n + i] = left;
    for (size_t j = i + 1; j < n; j++) x[i * n + j] = 0;
  }
}

static void chol_corr_constrain_adjoint(size_t n, const double *u, const double *x, const double *x_bar,
                                        double *u_bar) {
  for (size_t i = 0; i < n; i++) {
    const double *v = u + below_diagonal(i), *L = x + i * n, *L_bar = x_bar + i * n;
    double *v_bar = u_bar + below_diagonal(i), left = L[i], left_bar = L_bar[i];
    for (size_t j = i; j-- > 0;) {
      const double z = tanh(v[j]), shrink = 1 / cosh(v[j]);
      left = hypot(left, L[j]);
      v_bar[j] += L_bar[j] * left * shrink * shrink - left_bar * left * shrink * z;
      left_bar = L_bar[j] * z + left_bar * shrink;
    }
  }
}

static void chol_corr_unconstrain(size_t n, const double *x, double *u) {
  for (size_t i = 0; i < n; i++) {
    const double *L = x + i * n;
    double left = L[i], *v = u + below_diagonal(i);
    for (size_t j = i; j-- > 0;) {
      v[j] = asinh(L[j] / left); /* tanh u = L_j / hypot(left, L_j) */
      left = hypot(left, L[j]);
    }
  }
}

/* log(1 - tanh(u)^2) */
static double log_sech_squared(double u) {
  return 2 * (log(2) - fabs(u) - log1p(exp(-2 * fabs(u))));
}

/* What row i, column j adds: log(1 - z^2) counts once itself, and half for each later number of the row; in corr it
 * counts half for the diagonal element, n - 1 - i times. */
static double corr_weight(size_t n, size_t i, size_t j, int whole) {
  return 1 + 0.5 * (double)(i - 1 - j) + (whole ? 0.5 * (double)(n - 1 - i) : 0);
}

static double partial_log_jacobian(size_t n, const double *u, int whole) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++) sum += corr_weight(n, i, j, whole) * log_sech_squared(*u++);
  return sum;
}

static void partial_log_jacobian_adjoint(size_t n, const double *u, int whole, double bar, double *u_bar) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++) *u_bar++ -= bar * corr_weight(n, i, j, whole) * 2 * tanh(*u++);
}

static double chol_corr_log_jacobian(size_t n, const double *u) {
  return partial_log_jacobian(n, u, 0);
}
static void chol_corr_log_jacobian_adjoint(size_t n, const double *u, double bar, double *u_bar) {
  partial_log_jacobian_adjoint(n, u, 0, bar, u_bar);
}

/* ---- chol_cov: the lower triangle by rows, its diagonal as logarithms ---- */

static void chol_cov_constrain(size_t n, const double *u, double *x) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      const double at = j <= i ? *u++ : 0;
      x[i * n + j] = i == j ? exp(at) : at;
    }
}

static void chol_cov_constrain_adjoint(size_t n, const double *u, const double *x, const double *x_bar, double *u_bar) {
  (void)u;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++) *u_bar++ += x_bar[i * n + j] * (i == j ? x[i * n + i] : 1);
}

static void chol_cov_unconstrain(size_t n, const double *x, double *u) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++) *u++ = i == j ? log(x[i * n + i]) : x[i * n + j];
}

/* The diagonal element L_ii is exp(u_ii); in cov it counts n - i times more, and there is a log 2 for each. */
static double diagonal_weight(size_t n, size_t i, int whole) {
  return whole ? (double)(n - i + 1) : 1;
}

static double triangle_log_jacobian(size_t n, const double *u, int whole) {
  double sum = whole ? (double)n * log(2) : 0;
  for (size_t i = 0; i < n; i++) sum += diagonal_weight(n, i, whole) * u[lower_triangle(i) + i];
  return sum;
}

static void triangle_log_jacobian_adjoint(size_t n, int whole, double bar, double *u_bar) {
  for (size_t i = 0; i < n; i++) u_bar[lower_triangle(i) + i] += bar * diagonal_weight(n, i, whole);
}

static double chol_cov_log_jacobian(size_t n, const double *u) {
  return triangle_log_jacobian(n, u, 0);
}
static void chol_cov_log_jacobian_adjoint(size_t n, const double *u, double bar, double *u_bar) {
  (void)u;
  triangle_log_jacobian_adjoint(n, 0, bar, u_bar);
}

/* ---- corr and cov: L L' of the factors above ---- */

/* x = L L' in place, from the last element on: each needs earlier columns of two rows only. */
static void multiply_by_transpose(size_t n, double *x) {
  for (size_t i = n; i-- > 0;)
    for (size_t j = i + 1; j-- > 0;) {
      double sum = 0;
      for (size_t k = 0; k <= j; k++) sum += x[i * n + k] * x[j * n + k];
      x[i * n + j] = sum;
    }
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++) x[i * n + j] = x[j * n + i];
}

typedef void (*matrix_transform)(size_t n, const double *u, double *x);
typedef void (*matrix_adjoint)(size_t n, const double *u, const double *x, const double *x_bar, double *u_bar);

/* L_bar = tril((X_bar + X_bar') L). */
static void product_adjoint(size_t n, const double *u, const double *x_bar, double *u_bar, matrix_transform factor,
                            matrix_adjoint adjoint) {
  enum { ON_STACK = 256 };
  double small[2 * ON_STACK], *large = n * n > ON_STACK ? FLOE__NEW(2 * n * n, double) : NULL;
  double *L = large ? large : small, *L_bar = L + n * n;
  if (n * n > ON_STACK && !large) {
    u_bar[0] = NAN;
    return;
  }
  factor(n, u, L);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      double sum = 0;
      for (size_t k = j; k < n; k++) sum += (x_bar[i * n + k] + x_bar[k * n + i]) * L[k * n + j];
      L_bar[i * n + j] = j <= i ? sum : 0;
    }
  adjoint(n, u, L, L_bar, u_bar);
  floe__free(large);
}

static void factored(size_t n, const double *x, double *u, matrix_transform unconstrain, size_t n_free) {
  enum { ON_STACK = 256 };
  double small[ON_STACK], *large = n * n > ON_STACK ? FLOE__NEW(n * n, double) : NULL, *L = large ? large : small;
  floe_status status = n * n > ON_STACK && !large ? FLOE_EENVIRONMENT : FLOE_OK;
  for (size_t k = 0; k < n * n && status == FLOE_OK; k++) L[k] = x[k];
  if (status == FLOE_OK) status = floe__cholesky(n, L);
  if (status == FLOE_OK)
    unconstrain(n, L, u);
  else
    for (size_t k = 0; k < n_free; k++) u[k] = NAN;
  floe__free(large);
}

static void corr_constrain(size_t n, const double *u, double *x) {
  chol_corr_constrain(n, u, x);
  multiply_by_transpose(n, x);
  for (size_t i = 0; i < n; i++) x[i * n + i] = 1;
}
static void corr_constrain_adjoint(size_t n, const double *u, const double *x, const double *x_bar, double *u_bar) {
  (void)x;
  product_adjoint(n, u, x_bar, u_bar, chol_corr_constrain, chol_corr_constrain_adjoint);
}
static void corr_unconstrain(size_t n, const double *x, double *u) {
  factored(n, x, u, chol_corr_unconstrain, below_diagonal(n));
}
static double corr_log_jacobian(size_t n, const double *u) {
  return partial_log_jacobian(n, u, 1);
}
static void corr_log_jacobian_adjoint(size_t n, const double *u, double bar, double *u_bar) {
  partial_log_jacobian_adjoint(n, u, 1, bar, u_bar);
}

static void cov_constrain(size_t n, const double *u, double *x) {
  chol_cov_constrain(n, u, x);
  multiply_by_transpose(n, x);
}
static void cov_constrain_adjoint(size_t n, const double *u, const double *x, const double *x_bar, double *u_bar) {
  (void)x;
  product_adjoint(n, u, x_bar, u_bar, chol_cov_constrain, chol_cov_constrain_adjoint);
}
static void cov_unconstrain(size_t n, const double *x, double *u) {
  factored(n, x, u, chol_cov_unconstrain, lower_triangle(n));
}
static double cov_log_jacobian(size_t n, const double *u) {
  return triangle_log_jacobian(n, u, 1);
}
static void cov_log_jacobian_adjoint(size_t n, const double *u, double bar, double *u_bar) {
  (void)u;
  triangle_log_jacobian_adjoint(n, 1, bar, u_bar);
}

/* ---- the table ---- */

#define ROW(name, rank, free)                                                                                          \
  {                                                                                                                    \
#name, rank, free, name##_constrain, name##_constrain_adjoint, name##_unconstrain, name##_log_jacobian,            \
        name##_log_jacobian_adjoint                                                                                    \
  }

static const struct structure structures[] = {
    [FLOE_PLAIN] = {.name = "real", .rank = 0, .free = all},
    [FLOE_SIMPLEX] = ROW(simplex, 1, all_but_one),
    [FLOE_ORDERED] = ROW(ordered, 1, all),
    [FLOE_SUM0] = {"sum0", 1, all_but_one, sum0_constrain, sum0_constrain_adjoint, sum0_unconstrain, no_log_jacobian,
                   no_log_jacobian_adjoint},
    [FLOE_UNIT_VECTOR] = ROW(unit_vector, 1, all_but_one),
    [FLOE_CHOL_CORR] = ROW(chol_corr, 2, below_diagonal),
    [FLOE_CHOL_COV] = ROW(chol_cov, 2, lower_triangle),
    [FLOE_CORR] = ROW(corr, 2, below_diagonal),
    [FLOE_COV] = ROW(cov, 2, lower_triangle),
};

size_t floe__structure_rank(enum floe_structure structure) {
  return structures[structure].rank;
}

size_t floe__structure_free(enum floe_structure structure, size_t n) {
  return structures[structure].free(n);
}

const char *floe__structure_name(enum floe_structure structure) {
  return structures[structure].name;
}

/* A simplex may have zeros, which have no coordinates; anything else is what its coordinates give back. */
static int is_simplex(size_t n, const double *x) {
  double sum = 0;
  for (size_t k = 0; k < n; k++) {
    if (!(x[k] >= 0)) return 0;
    sum += x[k];
  }
  return fabs(sum - 1) <= 1e-6;
}

int floe__structure_fits(enum floe_structure structure, size_t n, const double *x) {
  const struct structure *s = &structures[structure];
  if (structure == FLOE_PLAIN) return 1;
  if (structure == FLOE_SIMPLEX) return is_simplex(n, x);
  const size_t count = s->rank == 2 ? n * n : n, free = s->free(n);
  double *u = FLOE__NEW(count + free + 1, double), *again = u + free;
  int fits = u != NULL;
  if (u) s->unconstrain(n, x, u);
  if (u) s->constrain(n, u, again);
  for (size_t k = 0; fits && k < count; k++) fits = fabs(again[k] - x[k]) <= 1e-6 * (1 + fabs(x[k]));
  floe__free(u);
  return fits;
}

struct rows {
  const struct structure *of;
  size_t n_row, n, free, count;
};

static struct rows rows_of(double structure, double n_row, double n) {
  struct rows rows = {&structures[(size_t)structure], (size_t)n_row, (size_t)n, 0, (size_t)n};
  rows.free = rows.of->free(rows.n);
  if (rows.of->rank == 2) rows.count *= rows.n;
  return rows;
}

void floe_constrain(double structure, double n_row, double n, const double *u, double *x) {
  const struct rows rows = rows_of(structure, n_row, n);
  for (size_t k = 0; k < rows.n_row; k++) rows.of->constrain(rows.n, u + k * rows.free, x + k * rows.count);
}

void floe_unconstrain(double structure, double n_row, double n, const double *x, double *u) {
  const struct rows rows = rows_of(structure, n_row, n);
  for (size_t k = 0; k < rows.n_row; k++) rows.of->unconstrain(rows.n, x + k * rows.count, u + k * rows.free);
}

double floe_log_jacobian(double structure, double n_row, double n, const double *u) {
  const struct rows rows = rows_of(structure, n_row, n);
  double sum = 0;
  for (size_t k = 0; k < rows.n_row; k++) sum += rows.of->log_jacobian(rows.n, u + k * rows.free);
  return sum;
}

void floe_constrain_adjoint(double structure, double n_row, double n, const double *u, const double *x,
                            const double *x_bar, double *structure_bar, double *n_row_bar, double *n_bar,
                            double *u_bar) {
  const struct rows rows = rows_of(structure, n_row, n);
  (void)structure_bar, (void)n_row_bar, (void)n_bar;
  for (size_t k = 0; k < rows.n_row; k++)
    rows.of->constrain_adjoint(rows.n, u + k * rows.free, x + k * rows.count, x_bar + k * rows.count,
                               u_bar + k * rows.free);
}

void floe_log_jacobian_adjoint(double structure, double n_row, double n, const double *u, double value,
                               double value_bar, double *structure_bar, double *n_row_bar, double *n_bar,
                               double *u_bar) {
  const struct rows rows = rows_of(structure, n_row, n);
  (void)value, (void)structure_bar, (void)n_row_bar, (void)n_bar;
  for (size_t k = 0; k < rows.n_row; k++)
    rows.of->log_jacobian_adjoint(rows.n, u + k * rows.free, value_bar, u_bar + k * rows.free);
}
