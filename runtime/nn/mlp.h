/* mlp.h: a perceptron with residual hidden layers:
 *   h_1 = silu(x W_1' + b_1 + pre),  h_k = h_(k-1) + silu(h_(k-1) W_k' + b_k),  y = h_last W_out' + b_out.
 * `pre` is a term that the caller adds to the first layer, such as a projection of a condition that many rows share:
 * it is computed once and taken by row number, instead of once for every row. */
#ifndef FLOE_NN_MLP_H
#define FLOE_NN_MLP_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/nn/linear.h"
#include "runtime/nn/panel.h"

enum { FLOE__MLP_MAX_HIDDEN = 6 };

struct floe__mlp {
  size_t n_in, width, n_hidden, n_out; /* n_hidden 1 .. FLOE__MLP_MAX_HIDDEN; n_in may be 0 */
  struct floe__linear layer[FLOE__MLP_MAX_HIDDEN + 1];
};

/* A term of the first layer: row i takes pre + (row ? row[i] : i) * stride. value NULL: no such term; stride 0: all
 * rows have the same. */
struct floe__pre {
  const float *value;
  size_t stride;
  const uint32_t *row;
};

struct floe__mlp floe__mlp_make(size_t *used, size_t n_in, size_t width, size_t n_hidden, size_t n_out);

/* out_gain scales the last layer's first weights: 0 makes the network start at its biases. Uses units unit .. unit +
 * 7. */
void floe__mlp_start(const struct floe__mlp *net, float *block, float out_gain, uint64_t seed, uint64_t unit);

size_t floe__mlp_work(const struct floe__mlp *net, size_t n); /* floats of work space for n rows */

/* x (n, n_in) -> y (n, n_out). work keeps what the way back needs. */
void floe__mlp_forward(const struct floe__mlp *net, const float *block, size_t n, const float *x, size_t x_stride,
                       const struct floe__pre *pre, float *work, float *y);

/* After forward with the same work: trace (n) = sum over j < n_out of mask[j] dy_j / dx_j; mask (n, n_out); n_out <=
 * n_in. */
void floe__mlp_trace(const struct floe__mlp *net, const float *block, size_t n, float *work, const float *mask,
                     float *trace);

/* After forward with the same work: dy (n, n_out) -> dx (n, n_in) or NULL; d_pre (n, width), one row per row of x, or
 * NULL: both with their strides, and overwritten. Adds to gradient. */
void floe__mlp_backward(const struct floe__mlp *net, const float *block, size_t n, float *work, const float *dy,
                        float *dx, size_t dx_stride, float *d_pre, size_t d_pre_stride, float *gradient);

/* ---- on one panel ----
 * For callers whose numbers stand in panels anyway. */

/* What the way back needs of a panel: hidden layers and slopes, (n_hidden, width, FLOE__PANEL) each. slope NULL:
 * nothing is kept, hidden is (width, FLOE__PANEL). */
struct floe__mlp_kept {
  float *hidden, *slope;
};
size_t floe__mlp_kept_floats(const struct floe__mlp *net, int with_slopes);
size_t floe__mlp_spare_floats(const struct floe__mlp *net); /* work space that all panels share */

/* in (n_in, FLOE__PANEL) -> out (n_out, FLOE__PANEL). The panel is rows `first` and on of n; pre as for all of them. */
void floe__mlp_panel_forward(const struct floe__panel_functions *functions, const struct floe__mlp *net,
                             const float *block, size_t n, size_t first, const float *in, const struct floe__pre *pre,
                             const struct floe__mlp_kept *kept, float *spare, float *out);

/* d_out (n_out, FLOE__PANEL) -> d_in (n_in, FLOE__PANEL) overwritten, or NULL; d_pre (n, width) or NULL: the panel's
 * rows of it, `stride` apart. Adds to gradient. */
void floe__mlp_panel_backward(const struct floe__panel_functions *functions, const struct floe__mlp *net,
                              const float *block, size_t n, size_t first, const float *in,
                              const struct floe__mlp_kept *kept, float *spare, const float *d_out, float *d_in,
                              float *d_pre, size_t stride, float *gradient);

#endif
