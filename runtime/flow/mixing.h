/* mixing.h: a learned linear map between the layers of a flow, in triangular factors (Kingma and Dhariwal, "Glow",
 * NeurIPS 2018; the coordinates' order is that of the flow):
 *   y = (diag(exp s) + U) x,  z = (1 + L) y,  log dz/dx = sum s,
 * U strictly upper, L strictly lower triangular. Absent coordinates stay as they are and take no part: the map of the
 * others is still triangular in each factor. All zeros: the identity. Rows stand in panels (nn/panel.h). */
#ifndef FLOE_FLOW_MIXING_H
#define FLOE_FLOW_MIXING_H

#include <stddef.h>

struct floe__mixing {
  size_t n, weight; /* offset of (n, n) in the block: L below, s on, U above the diagonal */
};

struct floe__mixing floe__mixing_make(size_t *used, size_t n);

/* x (n, FLOE__PANEL) with mask (n, FLOE__PANEL) of 0 and 1, in place; adds to log_det (FLOE__PANEL). */
void floe__mixing_forward(const struct floe__mixing *mixing, const float *block, const float *mask, float *x,
                          float *log_det);

/* And back: log_det as that of forward. */
void floe__mixing_inverse(const struct floe__mixing *mixing, const float *block, const float *mask, float *z,
                          float *log_det);

/* x (n, FLOE__PANEL): as it came in; d (n, FLOE__PANEL): by z, becomes that by x; d_log_det (FLOE__PANEL); adds to
 * gradient. y (n, FLOE__PANEL): work space. */
void floe__mixing_backward(const struct floe__mixing *mixing, const float *block, const float *mask, const float *x,
                           float *y, float *d, const float *d_log_det, float *gradient);

#endif
