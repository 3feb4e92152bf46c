/* matching.h: a continuous normalising flow trained by flow matching (Lipman, Chen, Ben-Hamu, Nickel, Le, ICLR 2023; Wildberger,
 * Dax, Buchholz, Green, Macke, Schoelkopf, NeurIPS 2023). A perceptron gives the velocity v(x, t) that carries standard normal
 * numbers at t = 0 to draws at t = 1. It learns those of the straight paths between a simulation's coordinates x_1 and normal
 * numbers x_0, by regression, without solving anything:
 *   x_t = (1 - t) x_0 + t x_1,  loss = |v(x_t, t) - (x_1 - x_0)|^2.
 * Draws and densities solve dx/dt = v with d log q / dt = -tr dv/dx, the trace taken exactly: one product of the Jacobian for each
 * coordinate. The solver is that of Dormand and Prince (1980), of order 5(4); every row has its own steps, so that no row depends
 * on the others that are asked for with it. The condition enters as in flow.h; so do absent coordinates. */
#ifndef FLOE_FLOW_MATCHING_H
#define FLOE_FLOW_MATCHING_H

#include "runtime/nn/mlp.h"

struct floe__flow_rows;

struct floe__matching {
  size_t n; /* coordinates */
  struct floe__mlp net; /* coordinates, numbers that stand for t -> velocity */
};

struct floe__matching floe__matching_make(size_t *used, size_t n, size_t n_hidden, size_t width);
void floe__matching_start(const struct floe__matching *matching, float *block, uint64_t seed,
                          uint64_t unit); /* unit .. unit + 7 */

size_t floe__matching_work(const struct floe__matching *matching, size_t n_row); /* floats of work space */

/* x_0, x_1 (n, d), t (n) -> loss (n). */
void floe__matching_loss(const struct floe__matching *matching, const float *block, const struct floe__flow_rows *rows,
                         const float *x_0, const float *x_1, const float *t, float *work, float *loss);

/* After the loss, with the same work and pre.row NULL: by_loss (n) -> d_pre (n, width) overwritten; adds to gradient. */
void floe__matching_backward(const struct floe__matching *matching, const float *block,
                             const struct floe__flow_rows *rows, float *work, const float *by_loss, float *d_pre,
                             float *gradient);

/* From t = 0 to 1, or from 1 to 0 where `back`; y may be x. log_det (n): of the derivative of what stands at 0 by what stands at
 * 1; NULL: not wanted, which is faster. */
void floe__matching_carry(const struct floe__matching *matching, const float *block, const struct floe__flow_rows *rows,
                          int back, const float *x, float *work, float *y, float *log_det);

#endif
