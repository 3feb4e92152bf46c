/* spline.h: the elementwise map of the flow's layers: a shift and scale, then a monotone rational-quadratic spline on
 * -B .. B with the identity outside (Durkan, Bekasov, Murray, Papamakarios, "Neural spline flows", NeurIPS 2019):
 *   u = (x - a) exp(s),  y = spline(u),  log dy/dx = s + log spline'(u).
 * An element takes FLOE__SPLINE_RAW raw numbers: a, s before it is softly bounded to -4 .. 4, then bin widths, bin
 * heights (softmax) and inner slopes (exp of arsinh). All zeros: the identity. Rows run in lanes of 16, the bins
 * inside. */
#ifndef FLOE_FLOW_SPLINE_H
#define FLOE_FLOW_SPLINE_H

#include <stddef.h>
#include <stdint.h>

enum { FLOE__SPLINE_BINS = 8, FLOE__SPLINE_RAW = 2 + 3 * FLOE__SPLINE_BINS - 1 };

/* One column of elements: row i stands at x[i * stride], takes raw + (raw_row ? raw_row[i] : i) * raw_stride, and is
 * left as it is, with log determinant 0, where mask[i * stride] is 0. */
struct floe__spline_column {
  size_t n, stride, raw_stride;
  const float *mask;
  const float *raw;
  const uint32_t *raw_row; /* may be NULL */
};

/* x -> y; adds log dy/dx to log_det (n). */
void floe__spline_forward(const struct floe__spline_column *column, const float *x, float *y, float *log_det);

/* y -> x; adds log dy/dx, at that x, to log_det (n). */
void floe__spline_inverse(const struct floe__spline_column *column, const float *y, float *x, float *log_det);

/* dy (as y), d_log_det (n) -> dx (as x), d_raw (as raw; raw_row NULL), both overwritten. dx may be dy. */
void floe__spline_backward(const struct floe__spline_column *column, const float *x, const float *dy,
                           const float *d_log_det, float *dx, float *d_raw);

#endif
