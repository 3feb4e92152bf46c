#include "runtime/nn/mlp.h"

#include <string.h>

#include "runtime/nn/panel.h"

enum { PANEL = FLOE__PANEL };

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

/* ---- work space ---- */

static size_t n_panel(size_t n) {
  return (n + PANEL - 1) / PANEL;
}

/* Kept of a panel for the way back: what came in, hidden values, slopes. */
static size_t panel_floats(const struct floe__mlp *net) {
  return (net->n_in + 2 * net->n_hidden * net->width) * PANEL;
}

/* Shared by all panels: two of the hidden width, one as wide as the result, one as wide as any. */
static size_t widest(const struct floe__mlp *net) {
  const size_t widest = net->n_in > net->width ? net->n_in : net->width;
  return widest > net->n_out ? widest : net->n_out;
}

size_t floe__mlp_work(const struct floe__mlp *net, size_t n) {
  return n_panel(n) * panel_floats(net) + (2 * net->width + net->n_out + widest(net)) * PANEL;
}

struct panel {
  size_t first, n; /* rows */
  float *in, *hidden, *slope;
  float *a, *b, *out, *spare;
};

static struct panel panel_at(const struct floe__mlp *net, size_t n, size_t p, float *work) {
  const size_t width = net->width * PANEL;
  float *own = work + p * panel_floats(net), *shared = work + n_panel(n) * panel_floats(net);
  float *hidden = own + net->n_in * PANEL;
  return (struct panel){.first = p * PANEL,
                        .n = n - p * PANEL < PANEL ? n - p * PANEL : PANEL,
                        .in = own,
                        .hidden = hidden,
                        .slope = hidden + net->n_hidden * width,
                        .a = shared,
                        .b = shared + width,
                        .out = shared + 2 * width,
                        .spare = shared + 2 * width + net->n_out * PANEL};
}

/* ---- there ---- */

/* y = W x + b */
static void layer_forward(const struct floe__panel_functions *f, const struct floe__linear *layer, const float *block,
                          const float *x, float *y) {
  f->multiply(layer->n_out, layer->n_in, block + layer->weight, layer->n_in, 1, block + layer->bias, x, y);
}

static void add_pre(const struct floe__panel_functions *f, const struct floe__pre *pre, const struct panel *p,
                    size_t width, float *y) {
  const float *value = pre->row ? pre->value : pre->value + p->first * pre->stride;
  f->gather(p->n, width, value, pre->stride, pre->row ? pre->row + p->first : NULL, true, y);
}

void floe__mlp_forward(const struct floe__mlp *net, const float *block, size_t n, const float *x, size_t x_stride,
                       const struct floe__pre *pre, float *work, float *y) {
  const struct floe__panel_functions *f = floe__panel_functions();
  const size_t width = net->width * PANEL;
  for (size_t k = 0; k < n_panel(n); k++) {
    const struct panel p = panel_at(net, n, k, work);
    float *h = p.hidden;
    f->gather(p.n, net->n_in, x + p.first * x_stride, x_stride, NULL, false, p.in);
    layer_forward(f, &net->layer[0], block, p.in, p.a);
    if (pre && pre->value) add_pre(f, pre, &p, net->width, p.a);
    f->silu(width, p.a, NULL, h, p.slope);
    for (size_t j = 1; j < net->n_hidden; j++, h += width) {
      layer_forward(f, &net->layer[j], block, h, p.a);
      f->silu(width, p.a, h, h + width, p.slope + j * width);
    }
    layer_forward(f, &net->layer[net->n_hidden], block, h, p.out);
    f->scatter(p.n, net->n_out, p.out, y + p.first * net->n_out, net->n_out);
  }
}

/* ---- and back ---- */

/* Adds to the layer's gradient, and W' dy to dx; dx NULL: not wanted. */
static void layer_backward(const struct floe__panel_functions *f, const struct floe__linear *layer, const float *block,
                           const float *x, const float *dy, float *dx, float *spare, float *gradient) {
  f->sum_rows(layer->n_out, dy, gradient + layer->bias);
  f->outer(layer->n_out, layer->n_in, dy, x, spare, gradient + layer->weight);
  if (dx) f->multiply(layer->n_in, layer->n_out, block + layer->weight, 1, layer->n_in, NULL, dy, dx);
}

void floe__mlp_backward(const struct floe__mlp *net, const float *block, size_t n, const float *x, size_t x_stride,
                        float *work, const float *dy, float *dx, size_t dx_stride, float *d_pre, size_t d_pre_stride,
                        float *gradient) {
  (void)x, (void)x_stride; /* kept by the way there */
  const struct floe__panel_functions *f = floe__panel_functions();
  const size_t width = net->width * PANEL, last = net->n_hidden;
  for (size_t k = 0; k < n_panel(n); k++) {
    const struct panel p = panel_at(net, n, k, work);
    float *dh = p.b, *d = p.a;
    f->gather(p.n, net->n_out, dy + p.first * net->n_out, net->n_out, NULL, false, p.out);
    memset(dh, 0, width * sizeof *dh);
    layer_backward(f, &net->layer[last], block, p.hidden + (last - 1) * width, p.out, dh, p.spare, gradient);
    for (size_t j = last - 1; j > 0; j--) {
      f->times(width, dh, p.slope + j * width, d);
      layer_backward(f, &net->layer[j], block, p.hidden + (j - 1) * width, d, dh, p.spare, gradient);
    }
    f->times(width, dh, p.slope, d);
    if (d_pre) f->scatter(p.n, net->width, d, d_pre + p.first * d_pre_stride, d_pre_stride);
    layer_backward(f, &net->layer[0], block, p.in, d, NULL, p.spare, gradient);
    if (!dx) continue;
    memset(p.spare, 0, net->n_in * PANEL * sizeof *p.spare);
    f->multiply(net->n_in, net->width, block + net->layer[0].weight, 1, net->n_in, NULL, d, p.spare);
    f->scatter(p.n, net->n_in, p.spare, dx + p.first * dx_stride, dx_stride);
  }
}

/* ---- the trace of the Jacobian ---- */

/* a (width, PANEL): the derivative of the last hidden layer by input j. */
static void tangent(const struct floe__panel_functions *f, const struct floe__mlp *net, const float *block, size_t j,
                    const struct panel *p) {
  const size_t width = net->width * PANEL;
  const float *weight = block + net->layer[0].weight;
  for (size_t k = 0; k < net->width; k++)
    for (size_t i = 0; i < PANEL; i++) p->a[k * PANEL + i] = p->slope[k * PANEL + i] * weight[k * net->n_in + j];
  for (size_t l = 1; l < net->n_hidden; l++) {
    const float *slope = p->slope + l * width;
    memset(p->b, 0, width * sizeof *p->b);
    f->multiply(net->width, net->width, block + net->layer[l].weight, net->width, 1, NULL, p->a, p->b);
    for (size_t k = 0; k < width; k++) p->a[k] += slope[k] * p->b[k];
  }
}

void floe__mlp_trace(const struct floe__mlp *net, const float *block, size_t n, float *work, const float *mask,
                     float *trace) {
  const struct floe__panel_functions *f = floe__panel_functions();
  const struct floe__linear *out = &net->layer[net->n_hidden];
  for (size_t k = 0; k < n_panel(n); k++) {
    const struct panel p = panel_at(net, n, k, work);
    memset(trace + p.first, 0, p.n * sizeof *trace);
    for (size_t j = 0; j < net->n_out; j++) {
      tangent(f, net, block, j, &p);
      memset(p.out, 0, PANEL * sizeof *p.out);
      f->multiply(1, net->width, block + out->weight + j * net->width, net->width, 1, NULL, p.a, p.out);
      for (size_t i = 0; i < p.n; i++) trace[p.first + i] += mask[(p.first + i) * net->n_out + j] * p.out[i];
    }
  }
}
