#include "runtime/math/chol.h"

#include <math.h>

#include "base/memory.h"
#include "runtime/math/blas.h"

#define TINY 8
#define BLOCK 48

/* A column at a time in the upper triangle of U = L', where what is subtracted from a row stands side by side. False: A is not
 * positive definite. */
static bool factorise_block(size_t n, double *a, size_t lda) {
  double upper[BLOCK * BLOCK], *restrict u = upper;
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i <= j; i++) u[i * n + j] = a[j * lda + i];
  for (size_t k = 0; k < n; k++) {
    double *restrict pivot = u + k * n;
    if (!(pivot[k] > 0 && pivot[k] < INFINITY)) return false;
    pivot[k] = sqrt(pivot[k]);
    const double reciprocal = 1 / pivot[k];
    for (size_t j = k + 1; j < n; j++) pivot[j] *= reciprocal;
    for (size_t i = k + 1; i < n; i++) {
      double *restrict row = u + i * n;
      const double factor = pivot[i];
      for (size_t j = i; j < n; j++) row[j] -= factor * pivot[j];
    }
  }
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i <= j; i++) a[j * lda + i] = u[i * n + j];
  return true;
}

/* Row by row: the least work around it. */
static bool factorise_tiny(size_t n, double *a) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++) {
      double rest = a[i * n + j];
      for (size_t k = 0; k < j; k++) rest -= a[i * n + k] * a[j * n + k];
      if (i > j)
        a[i * n + j] = rest / a[j * n + j];
      else if (rest > 0 && rest < INFINITY)
        a[i * n + i] = sqrt(rest);
      else
        return false;
    }
  return true;
}

/* Blocks of columns: the block on the diagonal, what is below it, and what that leaves of the rest. */
floe_status floe__cholesky(size_t n, double *a) {
  if (n <= TINY) return factorise_tiny(n, a) ? FLOE_OK : FLOE_ENUMERIC;
  for (size_t k = 0; k < n; k += BLOCK) {
    const size_t width = n - k < BLOCK ? n - k : BLOCK, rest = n - k - width;
    double *diagonal = a + k * n + k, *below = diagonal + width * n;
    if (!factorise_block(width, diagonal, n)) return FLOE_ENUMERIC;
    if (!rest) break;
    floe__solve_from_right(rest, width, diagonal, n, below, n);
    floe__subtract_square(rest, width, below, n, below + width, n);
  }
  return FLOE_OK;
}

void floe_solve_lower(size_t n_i, const double *L, const double *b, double *z) {
  for (size_t i = 0; i < n_i; i++) {
    double rest = b[i];
    for (size_t j = 0; j < i; j++) rest -= L[i * n_i + j] * z[j];
    z[i] = rest / L[i * n_i + i];
  }
}

void floe__solve_lower_transposed(size_t n, const double *L, const double *b, double *x) {
  for (size_t i = 0; i < n; i++) x[i] = b[i];
  for (size_t i = n; i-- > 0;) {
    x[i] /= L[i * n + i];
    for (size_t j = 0; j < i; j++) x[j] -= L[i * n + j] * x[i];
  }
}

void floe__solve_cholesky(size_t n, const double *L, const double *b, double *x) {
  floe_solve_lower(n, L, b, x);
  floe__solve_lower_transposed(n, L, x, x);
}

void floe__multiply_lower(size_t n, const double *L, const double *z, double *x) {
  for (size_t i = n; i-- > 0;) {
    double sum = 0;
    for (size_t j = 0; j <= i; j++) sum += L[i * n + j] * z[j];
    x[i] = sum;
  }
}

void floe__lower_inverse(size_t n, const double *L, double *inverse) {
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i < n; i++) {
      double rest = i == j;
      for (size_t k = j; k < i; k++) rest -= L[i * n + k] * inverse[k * n + j];
      inverse[i * n + j] = i < j ? 0 : rest / L[i * n + i];
    }
}

double floe__log_diagonal(size_t n, const double *L) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += log(L[i * n + i]);
  return sum;
}

void floe_solve_lower_adjoint(size_t n_i, const double *L, const double *b, const double *z, const double *z_bar,
                              double *L_bar, double *b_bar) {
  (void)b;
  enum { ON_STACK = 256 };
  double small[ON_STACK], *large = n_i > ON_STACK ? FLOE__NEW(n_i, double) : NULL, *w = large ? large : small;
  const int no_memory = n_i > ON_STACK && !large;
  if (!no_memory) floe__solve_lower_transposed(n_i, L, z_bar, w);
  for (size_t i = 0; i < n_i; i++) {
    const double w_i = no_memory ? NAN : w[i];
    if (b_bar) b_bar[i] += w_i;
    for (size_t j = 0; L_bar && j <= i; j++) L_bar[i * n_i + j] -= w_i * z[j];
  }
  floe__free(large);
}
