#include "runtime/nn/mlp.h"

#include <string.h>

#include "runtime/nn/elementary.h"

/* Work space: hidden values (n_hidden, n, width), slopes (n_hidden, n, width), then activations or their derivatives
 * (n, width), twice. */
size_t floe__mlp_work(const struct floe__mlp *net, size_t n) {
  return 2 * (net->n_hidden + 1) * n * net->width;
}

static float *hidden(const struct floe__mlp *net, size_t n, float *work, size_t k) {
  return work + k * n * net->width;
}
static float *slope(const struct floe__mlp *net, size_t n, float *work, size_t k) {
  return work + (net->n_hidden + k) * n * net->width;
}
static float *spare(const struct floe__mlp *net, size_t n, float *work, size_t k) {
  return work + (2 * net->n_hidden + k) * n * net->width;
}

struct floe__mlp floe__mlp_make(size_t *used, size_t n_in, size_t width, size_t n_hidden, size_t n_out) {
  struct floe__mlp net = {.n_in = n_in, .width = width, .n_hidden = n_hidden, .n_out = n_out};
  net.layer[0] = floe__linear_make(used, n_in, width, 1);
  for (size_t k = 1; k < n_hidden; k++) net.layer[k] = floe__linear_make(used, width, width, 1);
  net.layer[n_hidden] = floe__linear_make(used, width, n_out, 1);
  return net;
}

void floe__mlp_start(const struct floe__mlp *net, float *block, float out_gain, uint64_t seed, uint64_t unit) {
  for (size_t k = 0; k < net->n_hidden; k++) floe__linear_start(&net->layer[k], block, 1.4f, seed, unit + k);
  floe__linear_start(&net->layer[net->n_hidden], block, out_gain, seed, unit + net->n_hidden);
}

FLOE__FOR_EACH_CPU static void add_pre(size_t n, size_t width, const struct floe__pre *pre, float *h) {
  for (size_t i = 0; i < n; i++) {
    const float *p = pre->value + (pre->row ? pre->row[i] : i) * pre->stride;
    for (size_t j = 0; j < width; j++) h[i * width + j] += p[j];
  }
}

FLOE__FOR_EACH_CPU static void add(size_t n, const float *restrict a, const float *restrict b, float *restrict sum) {
  for (size_t i = 0; i < n; i++) sum[i] = a[i] + b[i];
}

void floe__mlp_forward(const struct floe__mlp *net, const float *block, size_t n, const float *x, size_t x_stride,
                       const struct floe__pre *pre, float *work, float *y) {
  const size_t size = n * net->width;
  float *h = hidden(net, n, work, 0), *activation = spare(net, n, work, 0);
  floe__linear_forward(&net->layer[0], block, n, x, x_stride, h, net->width, 0);
  if (pre && pre->value) add_pre(n, net->width, pre, h);
  floe__silu(size, h, slope(net, n, work, 0));
  for (size_t k = 1; k < net->n_hidden; k++) {
    floe__linear_forward(&net->layer[k], block, n, h, net->width, activation, net->width, 0);
    floe__silu(size, activation, slope(net, n, work, k));
    add(size, h, activation, hidden(net, n, work, k));
    h = hidden(net, n, work, k);
  }
  floe__linear_forward(&net->layer[net->n_hidden], block, n, h, net->width, y, net->n_out, 0);
}

void floe__mlp_backward(const struct floe__mlp *net, const float *block, size_t n, const float *x, size_t x_stride,
                        float *work, const float *dy, float *dx, size_t dx_stride, float *d_pre, size_t d_pre_stride,
                        float *gradient) {
  const size_t size = n * net->width, last = net->n_hidden;
  float *dh = spare(net, n, work, 0), *d_activation = spare(net, n, work, 1);
  floe__linear_backward(&net->layer[last], block, n, hidden(net, n, work, last - 1), net->width, dy, net->n_out, dh,
                        net->width, 0, gradient);
  for (size_t k = last - 1; k > 0; k--) {
    memcpy(d_activation, dh, size * sizeof(float));
    floe__silu_backward(size, d_activation, slope(net, n, work, k));
    floe__linear_backward(&net->layer[k], block, n, hidden(net, n, work, k - 1), net->width, d_activation, net->width,
                          dh, net->width, 1, gradient);
  }
  floe__silu_backward(size, dh, slope(net, n, work, 0));
  if (d_pre)
    for (size_t i = 0; i < n; i++) memcpy(d_pre + i * d_pre_stride, dh + i * net->width, net->width * sizeof(float));
  floe__linear_backward(&net->layer[0], block, n, x, x_stride, dh, net->width, dx, dx_stride, 0, gradient);
}
