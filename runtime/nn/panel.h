/* panel.h: the arithmetic of perceptrons and of flows on panels. A panel holds FLOE__PANEL rows of a batch, feature by
 * feature:
 *   (n_feature, FLOE__PANEL), so that the rows are the lanes of vector instructions, and all features of a panel of
 *   usual
 * widths stay in the nearest cache from layer to layer. Memory of panels is aligned to 64 bytes.
 *
 * There is one set of these functions for each class of processors (panel_v3.c: AVX2; panel_v4.c: AVX-512), and one
 * that stands on BLAS (panel_blas.c) for all others; panel_blas_v3.c is there to be compared with. The matrix products
 * keep a tile of results in registers; with AVX2 they reach 85 to 99% of the processor's peak at widths 64 to 256,
 * where a product of such small matrices through OpenBLAS reaches 60 to 85%. */
#ifndef FLOE_NN_PANEL_H
#define FLOE_NN_PANEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOE__PANEL = 32 };

struct floe__adam;

struct floe__panel_functions {
  const char *name;
  /* Of this processor. */
  bool (*runs)(void);
  /* y (n_out, 32) = W x + bias, for x (n_in, 32); W's element (j, i) is weight[j * by_out + i * by_in]; bias NULL:
   * y += W x. */
  void (*multiply)(size_t n_out, size_t n_in, const float *weight, size_t by_out, size_t by_in, const float *bias,
                   const float *x, float *y);
  /* gradient (n_out, n_in) += dy x', for dy (n_out, 32), x (n_in, 32); spare (n_in, 32): work space. */
  void (*outer)(size_t n_out, size_t n_in, const float *dy, const float *x, float *spare, float *gradient);
  /* sum (n_feature) += the sums over the rows of x. */
  void (*sum_rows)(size_t n_feature, const float *x, float *sum);
  /* Rows 0 .. n - 1 of x (n, n_feature), `stride` apart, into a panel; missing rows become 0. row: row k stands at
   * row[k]; NULL: at k. add: on top of what is there. */
  void (*gather)(size_t n, size_t n_feature, const float *x, size_t stride, const uint32_t *row, bool add,
                 float *panel);
  /* The first n rows of a panel to y (n, n_feature), `stride` apart. */
  void (*scatter)(size_t n, size_t n_feature, const float *panel, float *y, size_t stride);
  /* SiLU: y = x / (1 + exp -x), its derivative to slope, if wanted; n numbers, a multiple of FLOE__PANEL. base NULL, or
   * y += base, which may be y. (Hendrycks and Gimpel 2016; Ramachandran, Zoph, Le 2017: smooth, as densities want
   * it.) */
  void (*silu)(size_t n, const float *x, const float *base, float *y, float *slope);
  void (*times)(size_t n, const float *a, const float *b, float *y); /* y = a b */

  /* adam.h: floe__adam_update. */
  void (*descend)(const struct floe__adam *adam, size_t n, float *weight, const float *gradient, float *first,
                  float *second, float *average);

  /* Splines (spline.h) of one coordinate, all but raw numbers (FLOE__PANEL); where mask is 0 the coordinate is left as
   * it is. First, raw (FLOE__SPLINE_RAW, FLOE__PANEL) is made ready, in place. */
  void (*spline_prepare)(float *raw);
  /* x -> y, which may be x; adds log dy/dx to log_det. */
  void (*spline_forward)(const float *ready, const float *mask, const float *x, float *y, float *log_det);
  /* y -> x, which may be y; adds log dy/dx, at that x, to log_det, NULL: not wanted. */
  void (*spline_inverse)(const float *ready, const float *mask, const float *y, float *x, float *log_det);
  /* d: by y, becomes that by x; d_raw: by the raw numbers, overwritten. */
  void (*spline_backward)(const float *ready, const float *mask, const float *x, const float *d_log_det, float *d,
                          float *d_raw);
};

extern const struct floe__panel_functions floe__panel_v3, floe__panel_v4, floe__panel_blas, floe__panel_blas_v3;

/* The fastest set that runs here; or, for measurements, that of the name in the environment's FLOE_PANEL. */
const struct floe__panel_functions *floe__panel_functions(void);

#endif
