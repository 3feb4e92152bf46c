/* tcn.h: temporal convolutions over series (after Bai, Kolter, Koltun, arXiv 1803.01271, but not causal: the whole
 * series is there). Every layer looks at an item and its two neighbours, from the third layer on at every second item
 * only, so that a layer spans twice as many as the one before:
 *   x_1[t] = silu(W_1 (in[t-1], in[t], in[t+1]) + b_1 + pre),
 *   x_l[t] = x_(l-1)[s t] + silu(W_l (x_(l-1)[s t - 1], x_(l-1)[s t], x_(l-1)[s t + 1]) + b_l),  s = 1 for l = 2, then
 *   2,
 * with 0 beyond the ends. `in` is an item's features with its position, -1 .. 1 over the longest series. A series
 * becomes the means of all layers: what neighbours do on average, on every scale. Series run in the lanes of panels, 32
 * at a time; positions behind the end of a shorter one are 0. */
#ifndef FLOE_SUMMARY_TCN_H
#define FLOE_SUMMARY_TCN_H

#include "runtime/nn/linear.h"
#include "runtime/summary/items.h"

enum { FLOE__TCN_MOST = 10, FLOE__TCN_TAPS = 3 };

struct floe__tcn {
  size_t n_feature, width, n_layer, n_out; /* n_out = n_layer width */
  struct floe__linear layer[FLOE__TCN_MOST]; /* (FLOE__TCN_TAPS, n_in) -> width */
};

/* longest: items of the longest series; decides on the number of layers. */
struct floe__tcn floe__tcn_make(size_t *used, size_t n_feature, size_t width, size_t longest);
/* Uses units unit .. unit + n_layer. */
void floe__tcn_start(const struct floe__tcn *tcn, float *block, uint64_t seed, uint64_t unit);

size_t floe__tcn_work(const struct floe__tcn *tcn, size_t n, size_t longest); /* floats of work space */

/* pre (n, width) -> y (n, n_out), y_stride apart. */
void floe__tcn_forward(const struct floe__tcn *tcn, const float *block, const struct floe__series *series,
                       const float *pre, float *work, float *y, size_t y_stride);

/* After forward with the same work: dy (n, n_out) -> d_pre (n, width), overwritten; adds to gradient. */
void floe__tcn_backward(const struct floe__tcn *tcn, const float *block, const struct floe__series *series, float *work,
                        const float *dy, size_t dy_stride, float *d_pre, float *gradient);

#endif
