/* chol.h: Cholesky factors of symmetric positive definite matrices, and triangular systems. Matrices are (n, n),
 * row-major, without gaps; only lower triangles are read and written. */
#ifndef FLOE_MATH_CHOL_H
#define FLOE_MATH_CHOL_H

#include <stddef.h>

#include "base/error.h"

/* A = L L': L replaces the lower triangle of A. FLOE_ENUMERIC where A is not positive definite; A is then
 * unspecified. */
FLOE_NODISCARD floe_status floe__cholesky(size_t n, double *a);

void floe__solve_lower_transposed(size_t n, const double *L, const double *b, double *x); /* L' x = b; x may be b */
void floe__solve_cholesky(size_t n, const double *L, const double *b, double *x);         /* L L' x = b; x may be b */
void floe__multiply_lower(size_t n, const double *L, const double *z, double *x);         /* x = L z; x may be z */
void floe__lower_inverse(size_t n, const double *L, double *inverse); /* lower triangle; the rest 0 */
double floe__log_diagonal(size_t n, const double *L);                 /* log det L = sum log L_ii */

/* L z = b, for generated code; z may be b. */
void floe_solve_lower(size_t n_i, const double *L, const double *b, double *z);

/* Its adjoint: with z the solution and z_bar the derivative of some f by z, adds the derivatives of f by L and b to
 * L_bar (n, n) and b_bar (n). b_bar += w, L_bar -= tril(w z'), where L' w = z_bar. NULL: not wanted. NaN
 * where n > 256 and memory is short. */
void floe_solve_lower_adjoint(size_t n_i, const double *L, const double *b, const double *z, const double *z_bar,
                              double *L_bar, double *b_bar);

#endif
