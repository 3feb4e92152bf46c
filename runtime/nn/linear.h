/* linear.h: parameter blocks and linear layers. All weights of a network stand in one block of floats; layers hold
 * offsets into it, so that zeroing, saving, averaging and the optimiser are loops over the block. The gradient is a
 * block of the same shape; backward functions add to it. */
#ifndef FLOE_NN_LINEAR_H
#define FLOE_NN_LINEAR_H

#include <stddef.h>
#include <stdint.h>

/* Takes `count` floats of the block, which so far has *used of them; returns their offset. Offsets are multiples of
 * 16. */
size_t floe__block_take(size_t *used, size_t count);

/* Parts of a block of work space, one behind the other: each has `size` floats, and *at becomes its place in `work`.
 * NULL: nothing is placed. Returns the floats of all. */
struct floe__part {
  size_t size;
  float **at;
};
size_t floe__block_divide(size_t n, const struct floe__part *parts, float *work);

/* y = x W' + b. weight (n_out, n_in), bias (n_out): offsets into the block; bias FLOE_NN_NONE: none. */
#define FLOE_NN_NONE ((size_t)-1)
struct floe__linear {
  size_t n_in, n_out, weight, bias;
};

struct floe__linear floe__linear_make(size_t *used, size_t n_in, size_t n_out, int with_bias);

/* Normal weights with sd gain / sqrt(n_in), zero biases. Stream (seed, network, unit). */
void floe__linear_start(const struct floe__linear *layer, float *block, float gain, uint64_t seed, uint64_t unit);

/* x (n, n_in) with distance x_stride between rows -> y (n, n_out) with y_stride; add: y += instead of y =. */
void floe__linear_forward(const struct floe__linear *layer, const float *block, size_t n, const float *x,
                          size_t x_stride, float *y, size_t y_stride, int add);

/* dy (n, n_out) -> dx (n, n_in), overwritten, or added to where `add`; NULL if not wanted. Adds to `gradient`. */
void floe__linear_backward(const struct floe__linear *layer, const float *block, size_t n, const float *x,
                           size_t x_stride, const float *dy, size_t dy_stride, float *dx, size_t dx_stride, int add,
                           float *gradient);

#endif
