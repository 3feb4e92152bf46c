/* marginal.h: what heads that treat each coordinate alone share: the perceptron sees nothing but the condition, and
 * gives n_out numbers of each coordinate (heads.h). Internal to this folder. */
#ifndef FLOE_FLOW_MARGINAL_H
#define FLOE_FLOW_MARGINAL_H

#include "runtime/flow/flow.h"

size_t floe__marginal_work(const struct floe__flow *flow, size_t n_row); /* floats of work space */

/* The numbers (n, d n_out), in `work`. Where the condition is one that all rows share, there is one row of them. */
float *floe__marginal_numbers(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                              float *work);

/* After that, with the same work, in which the numbers are overwritten by how each row's loss changes with them:
 * by_loss (n) -> d_pre (n, n_pre) overwritten; adds to gradient. */
void floe__marginal_backward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                             float *work, const float *by_loss, float *d_pre, float *gradient);

#endif
