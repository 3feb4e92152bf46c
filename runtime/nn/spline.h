/* spline.h: the elementwise map of the flow's layers: a shift and scale, then a monotone rational-quadratic spline on
 * -B .. B with the identity outside (Durkan, Bekasov, Murray, Papamakarios, "Neural spline flows", NeurIPS 2019):
 *   u = (x - a) exp(s),  y = spline(u),  log dy/dx = s + log spline'(u).
 * An element takes FLOE__SPLINE_RAW raw numbers: a, s before it is softly bounded to -4 .. 4, then bin widths, bin
 * heights (softmax) and inner slopes (exp of arsinh). All zeros: the identity. The functions are those of panel.h. */
#ifndef FLOE_NN_SPLINE_H
#define FLOE_NN_SPLINE_H

enum { FLOE__SPLINE_BINS = 8, FLOE__SPLINE_RAW = 2 + 3 * FLOE__SPLINE_BINS - 1 };

#endif
