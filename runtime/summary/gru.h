/* gru.h: a gated recurrent network over series (Cho et al., EMNLP 2014; the reset gate acts on U h as in cuDNN):
 *   r = s(W_r x + b_r + pre_r + U_r h),  z = s(W_z x + b_z + pre_z + U_z h),
 *   c = tanh(W_c x + b_c + pre_c + r U_c h),  h <- (1 - z) c + z h,  h = 0 at first,
 * where s is the logistic function and x an item's features with its position, -1 .. 1 over the longest series. A
 * series becomes its last state and the mean of its states. Series run in the lanes of panels, 32 at a time; one that
 * has ended keeps its state. */
#ifndef FLOE_SUMMARY_GRU_H
#define FLOE_SUMMARY_GRU_H

#include "runtime/nn/linear.h"
#include "runtime/summary/items.h"

struct floe__gru {
  size_t n_feature, width, n_out;  /* n_out = 2 width */
  struct floe__linear input, state; /* (features and position) -> 3 width; h -> 3 width: r, z, c */
};

struct floe__gru floe__gru_make(size_t *used, size_t n_feature, size_t width);
/* Uses units unit and unit + 1. */
void floe__gru_start(const struct floe__gru *gru, float *block, uint64_t seed, uint64_t unit);

size_t floe__gru_work(const struct floe__gru *gru, size_t n, size_t longest); /* floats of work space */

/* pre (n, 3 width) -> y (n, n_out), y_stride apart. */
void floe__gru_forward(const struct floe__gru *gru, const float *block, const struct floe__series *series,
                       const float *pre, float *work, float *y, size_t y_stride);

/* After forward with the same work: dy (n, n_out) -> d_pre (n, 3 width), overwritten; adds to gradient. */
void floe__gru_backward(const struct floe__gru *gru, const float *block, const struct floe__series *series, float *work,
                        const float *dy, size_t dy_stride, float *d_pre, float *gradient);

#endif
