/* blas.h: the only door to BLAS. Matrices are row-major; ld* is the distance between rows. OpenBLAS runs on one thread:
 * parallelism is over independent units, above. Sizes fit an int. */
#ifndef FLOE_MATH_BLAS_H
#define FLOE_MATH_BLAS_H

#include <stdbool.h>
#include <stddef.h>

/* c (m, n) = alpha op(a) op(b) + beta c, where op(a) is (m, k), op(b) is (k, n), and op transposes where asked to. */
void floe__gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, double alpha, const double *a,
                size_t lda, const double *b, size_t ldb, double beta, double *c, size_t ldc);
void floe__gemm_float(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, float alpha, const float *a,
                      size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc);

/* a (m, n); y = alpha op(a) x + beta y. */
void floe__gemv(bool transpose, size_t m, size_t n, double alpha, const double *a, size_t lda, const double *x,
                double beta, double *y);
void floe__gemv_float(bool transpose, size_t m, size_t n, float alpha, const float *a, size_t lda, const float *x,
                      float beta, float *y);

/* X (m, n) becomes X L'^-1, L (n, n) lower triangular; the lower triangle of C (m, m) becomes that of C - X X'. */
void floe__solve_from_right(size_t m, size_t n, const double *l, size_t ldl, double *x, size_t ldx);
void floe__subtract_square(size_t m, size_t n, const double *x, size_t ldx, double *c, size_t ldc);

double floe__dot(size_t n, const double *x, const double *y);
float floe__dot_float(size_t n, const float *x, const float *y);

void floe__axpy(size_t n, double alpha, const double *x, double *y); /* y += alpha x */
void floe__axpy_float(size_t n, float alpha, const float *x, float *y);

#endif
