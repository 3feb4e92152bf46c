#include "runtime/math/matrix.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/math/chol.h"

static void fill(size_t n, double value, double *x) {
  for (size_t k = 0; k < n; k++) x[k] = value;
}

/* Room for n numbers: on the stack up to 32 by 32 matrices. NULL where memory is short. */
enum { LARGEST_ON_STACK = 32, ON_STACK = LARGEST_ON_STACK * LARGEST_ON_STACK };
struct room {
  double small[ON_STACK], *large;
};

static double *room_for(struct room *room, size_t n) {
  room->large = n > ON_STACK ? FLOE__NEW(n, double) : NULL;
  return n > ON_STACK ? room->large : room->small;
}

/* ---- Cholesky ---- */

void floe_cholesky(size_t n, const double *A, double *L) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) L[i * n + j] = j <= i ? A[i * n + j] : 0;
  if (floe__cholesky(n, L) != FLOE_OK) fill(n * n, NAN, L);
}

/* Backwards through L_ij = (A_ij - sum_k L_ik L_jk) / L_jj and L_ii = sqrt(A_ii - sum_k L_ik^2), in place. */
static void unwind_cholesky(size_t n, const double *restrict L, double *restrict bar) {
  for (size_t i = n; i-- > 0;) {
    const double *restrict row = L + i * n;
    double *restrict row_bar = bar + i * n;
    row_bar[i] *= 0.5 / row[i];
    for (size_t k = 0; k < i; k++) row_bar[k] -= 2 * row_bar[i] * row[k];
    for (size_t j = i; j-- > 0;) {
      const double *restrict above = L + j * n, own = row_bar[j] / above[j];
      double *restrict above_bar = bar + j * n;
      row_bar[j] = own;
      above_bar[j] -= own * row[j];
      for (size_t k = 0; k < j; k++) {
        row_bar[k] -= own * above[k];
        above_bar[k] -= own * row[k];
      }
    }
  }
}

void floe_cholesky_adjoint(size_t n, const double *A, const double *L, const double *L_bar, double *A_bar) {
  struct room room;
  double *bar = room_for(&room, n * n);
  (void)A;
  if (!bar) {
    fill(n * n, NAN, A_bar);
    return;
  }
  memcpy(bar, L_bar, n * n * sizeof *bar);
  unwind_cholesky(n, L, bar);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++) A_bar[i * n + j] += bar[i * n + j];
  floe__free(room.large);
}

/* ---- LU factors ---- */

struct lu {
  size_t n;
  double *factors; /* (n, n): below the diagonal L, whose diagonal is 1; the rest U */
  size_t *row;     /* (n) which row of A stands here */
  struct room room;
  size_t small[LARGEST_ON_STACK], *large;
};

static void lu_free(struct lu *lu) {
  floe__free(lu->room.large);
  floe__free(lu->large);
}

static size_t pivot_row(const struct lu *lu, size_t k) {
  size_t best = k;
  for (size_t i = k + 1; i < lu->n; i++)
    if (fabs(lu->factors[i * lu->n + k]) > fabs(lu->factors[best * lu->n + k])) best = i;
  return best;
}

static void swap_rows(struct lu *lu, size_t a, size_t b) {
  const size_t n = lu->n, row = lu->row[a];
  lu->row[a] = lu->row[b];
  lu->row[b] = row;
  for (size_t j = 0; j < n; j++) {
    const double x = lu->factors[a * n + j];
    lu->factors[a * n + j] = lu->factors[b * n + j];
    lu->factors[b * n + j] = x;
  }
}

/* Zero if there is no memory; a singular A has zeros on U's diagonal. */
static int lu_new(struct lu *lu, size_t n, const double *A) {
  lu->n = n;
  lu->factors = room_for(&lu->room, n * n);
  lu->large = n > LARGEST_ON_STACK ? FLOE__NEW(n, size_t) : NULL;
  lu->row = n > LARGEST_ON_STACK ? lu->large : lu->small;
  if (!lu->factors || !lu->row) {
    lu_free(lu);
    return 0;
  }
  double *U = lu->factors;
  memcpy(U, A, n * n * sizeof *U);
  for (size_t k = 0; k < n; k++) lu->row[k] = k;
  for (size_t k = 0; k < n; k++) {
    const size_t pivot = pivot_row(lu, k);
    if (pivot != k) swap_rows(lu, pivot, k);
    for (size_t i = k + 1; i < n && U[k * n + k] != 0; i++) {
      U[i * n + k] /= U[k * n + k];
      for (size_t j = k + 1; j < n; j++) U[i * n + j] -= U[i * n + k] * U[k * n + j];
    }
  }
  return 1;
}

static int is_singular(const struct lu *lu) {
  for (size_t k = 0; k < lu->n; k++)
    if (!(lu->factors[k * lu->n + k] != 0)) return 1;
  return 0;
}

/* A x = b; x is not b. Elements of x are `step` apart. */
static void lu_solve(const struct lu *lu, const double *b, size_t step, double *x) {
  const size_t n = lu->n;
  const double *U = lu->factors;
  for (size_t i = 0; i < n; i++) {
    double rest = b[lu->row[i]];
    for (size_t j = 0; j < i; j++) rest -= U[i * n + j] * x[j * step];
    x[i * step] = rest;
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t j = i + 1; j < n; j++) x[i * step] -= U[i * n + j] * x[j * step];
    x[i * step] /= U[i * n + i];
  }
}

/* A' x = b; w holds n numbers. */
static void lu_solve_transposed(const struct lu *lu, const double *b, double *w, double *x) {
  const size_t n = lu->n;
  const double *U = lu->factors;
  for (size_t i = 0; i < n; i++) {
    w[i] = b[i];
    for (size_t j = 0; j < i; j++) w[i] -= U[j * n + i] * w[j];
    w[i] /= U[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t j = i + 1; j < n; j++) w[i] -= U[j * n + i] * w[j];
    x[lu->row[i]] = w[i];
  }
}

/* ---- systems of equations ---- */

void floe_solve(size_t n, const double *A, const double *b, double *x) {
  struct lu lu;
  if (!lu_new(&lu, n, A)) {
    fill(n, NAN, x);
    return;
  }
  if (is_singular(&lu))
    fill(n, NAN, x);
  else
    lu_solve(&lu, b, 1, x);
  lu_free(&lu);
}

/* b_bar += w, A_bar -= w x', where A' w = x_bar. */
void floe_solve_adjoint(size_t n, const double *A, const double *b, const double *x, const double *x_bar, double *A_bar,
                        double *b_bar) {
  struct lu lu;
  struct room room;
  double *w = room_for(&room, 2 * n);
  (void)b;
  if (!w || !lu_new(&lu, n, A)) {
    fill(n, NAN, b_bar);
    floe__free(room.large);
    return;
  }
  lu_solve_transposed(&lu, x_bar, w + n, w);
  for (size_t i = 0; i < n; i++) {
    b_bar[i] += w[i];
    for (size_t j = 0; j < n; j++) A_bar[i * n + j] -= w[i] * x[j];
  }
  lu_free(&lu);
  floe__free(room.large);
}

/* ---- inverse ---- */

void floe_inverse(size_t n, const double *A, double *X) {
  struct lu lu;
  struct room room;
  double *unit = room_for(&room, n);
  if (!unit || !lu_new(&lu, n, A)) {
    fill(n * n, NAN, X);
    floe__free(room.large);
    return;
  }
  for (size_t j = 0; j < n && !is_singular(&lu); j++) {
    fill(n, 0, unit);
    unit[j] = 1;
    lu_solve(&lu, unit, n, X + j);
  }
  if (is_singular(&lu)) fill(n * n, NAN, X);
  lu_free(&lu);
  floe__free(room.large);
}

/* A_bar -= X' X_bar X'. */
void floe_inverse_adjoint(size_t n, const double *A, const double *X, const double *X_bar, double *A_bar) {
  struct room room;
  double *product = room_for(&room, n * n);
  (void)A;
  if (!product) {
    fill(n * n, NAN, A_bar);
    return;
  }
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      product[i * n + j] = 0;
      for (size_t k = 0; k < n; k++) product[i * n + j] += X[k * n + i] * X_bar[k * n + j];
    }
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      for (size_t k = 0; k < n; k++) A_bar[i * n + j] -= product[i * n + k] * X[j * n + k];
  floe__free(room.large);
}

/* ---- determinant ---- */

double floe_log_det(size_t n, const double *A) {
  struct lu lu;
  double sum = 0;
  if (!lu_new(&lu, n, A)) return NAN;
  for (size_t k = 0; k < n; k++) sum += log(fabs(lu.factors[k * n + k]));
  lu_free(&lu);
  return sum;
}

/* A_bar += value_bar inverse(A)'. */
void floe_log_det_adjoint(size_t n, const double *A, double value, double value_bar, double *A_bar) {
  struct room room;
  double *X = room_for(&room, n * n);
  (void)value;
  if (X) floe_inverse(n, A, X);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) A_bar[i * n + j] += X ? value_bar * X[j * n + i] : NAN;
  floe__free(room.large);
}
