/* matching.h: a continuous normalising flow trained by flow matching (Lipman, Chen, Ben-Hamu, Nickel, Le, ICLR 2023;
 * Wildberger, Dax, Buchholz, Green, Macke, Schoelkopf, NeurIPS 2023). A perceptron gives the velocity v(x, t) that
 * carries standard normal numbers at t = 0 to draws at t = 1. It learns those of the straight paths between a
 * simulation's coordinates x_1 and normal numbers x_0, by regression, without solving anything:
 *   x_t = (1 - t) x_0 + t x_1,  loss = |v(x_t, t) - (x_1 - x_0)|^2.
 * Draws and densities solve dx/dt = v with d log q / dt = -tr dv/dx, the trace taken exactly: one product of the
 * Jacobian for each coordinate. The solver is that of Dormand and Prince (1980), of order 5(4); every row has its own
 * steps, so that no row depends on the others that are asked for with it. The condition enters as in flow.h; so do
 * absent coordinates. */
#ifndef FLOE_FLOW_MATCHING_H
#define FLOE_FLOW_MATCHING_H

#include "runtime/flow/heads.h"

extern const struct floe__head floe__matching;

#endif
