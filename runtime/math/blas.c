#include "runtime/math/blas.h"

#include <cblas.h>

__attribute__((constructor)) static void use_one_thread(void) {
  openblas_set_num_threads(1);
}

static CBLAS_TRANSPOSE op(bool transpose) {
  return transpose ? CblasTrans : CblasNoTrans;
}

void floe__gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, double alpha, const double *a,
                size_t lda, const double *b, size_t ldb, double beta, double *c, size_t ldc) {
  cblas_dgemm(CblasRowMajor, op(transpose_a), op(transpose_b), (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb,
              beta, c, (int)ldc);
}

void floe__gemm_float(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, float alpha, const float *a,
                      size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc) {
  cblas_sgemm(CblasRowMajor, op(transpose_a), op(transpose_b), (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb,
              beta, c, (int)ldc);
}

void floe__gemv(bool transpose, size_t m, size_t n, double alpha, const double *a, size_t lda, const double *x,
                double beta, double *y) {
  cblas_dgemv(CblasRowMajor, op(transpose), (int)m, (int)n, alpha, a, (int)lda, x, 1, beta, y, 1);
}

void floe__gemv_float(bool transpose, size_t m, size_t n, float alpha, const float *a, size_t lda, const float *x,
                      float beta, float *y) {
  cblas_sgemv(CblasRowMajor, op(transpose), (int)m, (int)n, alpha, a, (int)lda, x, 1, beta, y, 1);
}

void floe__solve_from_right(size_t m, size_t n, const double *l, size_t ldl, double *x, size_t ldx) {
  cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (int)m, (int)n, 1, l, (int)ldl, x, (int)ldx);
}

void floe__subtract_square(size_t m, size_t n, const double *x, size_t ldx, double *c, size_t ldc) {
  cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, (int)m, (int)n, -1, x, (int)ldx, 1, c, (int)ldc);
}

double floe__dot(size_t n, const double *x, const double *y) {
  return cblas_ddot((int)n, x, 1, y, 1);
}

float floe__dot_float(size_t n, const float *x, const float *y) {
  return cblas_sdot((int)n, x, 1, y, 1);
}

void floe__axpy(size_t n, double alpha, const double *x, double *y) {
  cblas_daxpy((int)n, alpha, x, 1, y, 1);
}

void floe__axpy_float(size_t n, float alpha, const float *x, float *y) {
  cblas_saxpy((int)n, alpha, x, 1, y, 1);
}
