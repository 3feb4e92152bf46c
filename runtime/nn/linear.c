#include "runtime/nn/linear.h"

#include <math.h>

#include "runtime/math/blas.h"
#include "runtime/nn/elementary.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"

size_t floe__block_take(size_t *used, size_t count) {
  const size_t offset = *used;
  *used += (count + 15) / 16 * 16;
  return offset;
}

size_t floe__block_divide(size_t n, const struct floe__part *parts, float *work) {
  size_t used = 0;
  for (size_t k = 0; k < n; k++) {
    const size_t offset = floe__block_take(&used, parts[k].size);
    if (work) *parts[k].at = work + offset;
  }
  return used;
}

struct floe__linear floe__linear_make(size_t *used, size_t n_in, size_t n_out, int with_bias) {
  struct floe__linear layer = {n_in, n_out, 0, FLOE_NN_NONE};
  layer.weight = floe__block_take(used, n_in * n_out);
  if (with_bias) layer.bias = floe__block_take(used, n_out);
  return layer;
}

void floe__linear_start(const struct floe__linear *layer, float *block, float gain, uint64_t seed, uint64_t unit) {
  if (layer->n_in > 0) {
    const size_t n = layer->n_in * layer->n_out;
    const float sd = gain / sqrtf((float)layer->n_in);
    floe__normal_fill_float(seed, FLOE_PURPOSE_NETWORK, unit, 0, n, block + layer->weight);
    for (size_t i = 0; i < n; i++) block[layer->weight + i] *= sd;
  }
  if (layer->bias != FLOE_NN_NONE)
    for (size_t i = 0; i < layer->n_out; i++) block[layer->bias + i] = 0;
}

/* y (n, width) = bias, or 0 */
static void fill_rows(size_t n, size_t width, const float *bias, float *y, size_t stride) {
  for (size_t i = 0; i < n; i++) {
    if (bias)
      memcpy(y + i * stride, bias, width * sizeof(float));
    else
      memset(y + i * stride, 0, width * sizeof(float));
  }
}

FLOE__FOR_EACH_CPU static void add_to_rows(size_t n, size_t width, const float *bias, float *y, size_t stride) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < width; j++) y[i * stride + j] += bias[j];
}

FLOE__FOR_EACH_CPU static void sum_rows(size_t n, size_t width, const float *dy, size_t stride, float *sum) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < width; j++) sum[j] += dy[i * stride + j];
}

void floe__linear_forward(const struct floe__linear *layer, const float *block, size_t n, const float *x,
                          size_t x_stride, float *y, size_t y_stride, int add) {
  const float *bias = layer->bias == FLOE_NN_NONE ? NULL : block + layer->bias;
  if (!add)
    fill_rows(n, layer->n_out, bias, y, y_stride);
  else if (bias)
    add_to_rows(n, layer->n_out, bias, y, y_stride);
  if (n > 0 && layer->n_in > 0 && layer->n_out > 0)
    floe__gemm_float(false, true, n, layer->n_out, layer->n_in, 1, x, x_stride, block + layer->weight, layer->n_in, 1,
                     y, y_stride);
}

void floe__linear_backward(const struct floe__linear *layer, const float *block, size_t n, const float *x,
                           size_t x_stride, const float *dy, size_t dy_stride, float *dx, size_t dx_stride, int add,
                           float *gradient) {
  if (n == 0 || layer->n_out == 0) return;
  if (layer->bias != FLOE_NN_NONE) sum_rows(n, layer->n_out, dy, dy_stride, gradient + layer->bias);
  if (layer->n_in == 0) return;
  floe__gemm_float(true, false, layer->n_out, layer->n_in, n, 1, dy, dy_stride, x, x_stride, 1,
                   gradient + layer->weight, layer->n_in);
  if (dx)
    floe__gemm_float(false, false, n, layer->n_in, layer->n_out, 1, dy, dy_stride, block + layer->weight, layer->n_in,
                     add ? 1 : 0, dx, dx_stride);
}
