/* tails.h: the last map of a coupling flow, from where its layers lead to the standard normal base: the identity up to
 * 2.5 from 0, and three times as steep far out, smoothly between, the same for every coordinate. With t the distance
 * beyond 2.5:
 *   z = w + 2 (sqrt(1 + t^2) - 1),  dz/dw = 1 + 2 t / sqrt(1 + t^2).
 * Beyond three or four standard deviations a spline has seen next to no simulations, and the likelihood hardly notices
 * one draw in 10,000 that goes astray there. So base draws from there are brought back to where layers are trained; the
 * price is lighter tails where nothing was learned. Exact in both directions; absent coordinates stay as they are.
 * Rows stand in panels (nn/panel.h). */
#ifndef FLOE_FLOW_TAILS_H
#define FLOE_FLOW_TAILS_H

#include <stddef.h>

/* w (d, FLOE__PANEL), with mask (d, FLOE__PANEL) of 0 and 1, -> z (d, FLOE__PANEL); adds log |dz/dw| to log_det
 * (FLOE__PANEL). z may be w. */
void floe__tails_forward(size_t d, const float *mask, const float *w, float *z, float *log_det);

/* And back, in place: log_det as that of forward. */
void floe__tails_inverse(size_t d, const float *mask, float *z, float *log_det);

/* w as it came into forward; dz (d, FLOE__PANEL) becomes the derivative by w; d_log_det (FLOE__PANEL). */
void floe__tails_backward(size_t d, const float *mask, const float *w, const float *d_log_det, float *dz);

#endif
