/* matrix.h: linear algebra for generated code. Matrices are row-major without gaps. Where there is no answer (a matrix that is
 * singular, or not positive definite), all numbers of the result are NaN. Adjoints add to the bars; derivatives: Giles, An
 * extended collection of matrix derivative results (2008); of the Cholesky factor: Murray, arXiv:1602.07527. */
#ifndef FLOE_MATH_MATRIX_H
#define FLOE_MATH_MATRIX_H

#include <stddef.h>

/* A = L L', L lower triangular, zero above. Only the lower triangle of A is read, so only it has derivatives. */
void floe_cholesky(size_t n, const double *A, double *L);
void floe_cholesky_adjoint(size_t n, const double *A, const double *L, const double *L_bar, double *A_bar);

/* A x = b, A any square matrix: LU factors with partial pivoting. */
void floe_solve(size_t n, const double *A, const double *b, double *x);
void floe_solve_adjoint(size_t n, const double *A, const double *b, const double *x, const double *x_bar, double *A_bar,
                        double *b_bar);

/* A X = I. */
void floe_inverse(size_t n, const double *A, double *X);
void floe_inverse_adjoint(size_t n, const double *A, const double *X, const double *X_bar, double *A_bar);

/* log |det A|, A any square matrix; -infinity where A is singular. */
double floe_log_det(size_t n, const double *A);
void floe_log_det_adjoint(size_t n, const double *A, double value, double value_bar, double *A_bar);

#endif
