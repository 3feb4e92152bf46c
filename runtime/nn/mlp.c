#include "runtime/nn/mlp.h"

#include <string.h>

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

static size_t rows_of(size_t n, size_t first) {
  return n - first < PANEL ? n - first : PANEL;
}

/* ---- a panel there ---- */

size_t floe__mlp_kept_floats(const struct floe__mlp *net, int with_slopes) {
  return (with_slopes ? 2 * net->n_hidden : 1) * net->width * PANEL;
}

/* Two of the hidden width, and one as wide as any. */
size_t floe__mlp_spare_floats(const struct floe__mlp *net) {
  size_t widest = net->n_in > net->width ? net->n_in : net->width;
  widest = widest > net->n_out ? widest : net->n_out;
  return (2 * net->width + widest) * PANEL;
}

/* y = W x + b */
static void layer_forward(const struct floe__panel_functions *f, const struct floe__linear *layer, const float *block,
                          const float *x, float *y) {
  f->multiply(layer->n_out, layer->n_in, block + layer->weight, layer->n_in, 1, block + layer->bias, x, y);
}

/* The first layer: a term that all rows share is part of the bias. */
static void first_layer(const struct floe__panel_functions *f, const struct floe__mlp *net, const float *block,
                        size_t n, size_t first, const float *in, const struct floe__pre *pre, float *bias, float *y) {
  const struct floe__linear *layer = &net->layer[0];
  const float *value = pre ? pre->value : NULL;
  if (value && pre->stride == 0) {
    for (size_t j = 0; j < net->width; j++) bias[j] = block[layer->bias + j] + value[j];
    f->multiply(layer->n_out, layer->n_in, block + layer->weight, layer->n_in, 1, bias, in, y);
    return;
  }
  layer_forward(f, layer, block, in, y);
  if (!value) return;
  if (!pre->row) value += first * pre->stride;
  f->gather(rows_of(n, first), net->width, value, pre->stride, pre->row ? pre->row + first : NULL, true, y);
}

void floe__mlp_panel_forward(const struct floe__panel_functions *f, const struct floe__mlp *net, const float *block,
                             size_t n, size_t first, const float *in, const struct floe__pre *pre,
                             const struct floe__mlp_kept *kept, float *spare, float *out) {
  const size_t width = net->width * PANEL;
  float *h = kept->hidden, *slope = kept->slope, *a = spare;
  first_layer(f, net, block, n, first, in, pre, spare + width, a);
  f->silu(width, a, NULL, h, slope);
  for (size_t j = 1; j < net->n_hidden; j++) {
    float *next = slope ? h + width : h;
    layer_forward(f, &net->layer[j], block, h, a);
    f->silu(width, a, h, next, slope ? slope + j * width : NULL);
    h = next;
  }
  layer_forward(f, &net->layer[net->n_hidden], block, h, out);
}

/* ---- and back ---- */

/* Adds to the layer's gradient, and W' dy to dx; dx NULL: not wanted. */
static void layer_backward(const struct floe__panel_functions *f, const struct floe__linear *layer, const float *block,
                           const float *x, const float *dy, float *dx, float *spare, float *gradient) {
  f->sum_rows(layer->n_out, dy, gradient + layer->bias);
  f->outer(layer->n_out, layer->n_in, dy, x, spare, gradient + layer->weight);
  if (dx) f->multiply(layer->n_in, layer->n_out, block + layer->weight, 1, layer->n_in, NULL, dy, dx);
}

void floe__mlp_panel_backward(const struct floe__panel_functions *f, const struct floe__mlp *net, const float *block,
                              size_t n, size_t first, const float *in, const struct floe__mlp_kept *kept, float *spare,
                              const float *d_out, float *d_in, float *d_pre, size_t stride, float *gradient) {
  const size_t width = net->width * PANEL, last = net->n_hidden;
  float *d = spare, *dh = spare + width, *rest = spare + 2 * width;
  memset(dh, 0, width * sizeof *dh);
  layer_backward(f, &net->layer[last], block, kept->hidden + (last - 1) * width, d_out, dh, rest, gradient);
  for (size_t j = last - 1; j > 0; j--) {
    f->times(width, dh, kept->slope + j * width, d);
    layer_backward(f, &net->layer[j], block, kept->hidden + (j - 1) * width, d, dh, rest, gradient);
  }
  f->times(width, dh, kept->slope, d);
  if (d_pre) f->scatter(rows_of(n, first), net->width, d, d_pre + first * stride, stride);
  if (d_in) memset(d_in, 0, net->n_in * PANEL * sizeof *d_in);
  layer_backward(f, &net->layer[0], block, in, d, d_in, rest, gradient);
}

/* ---- rows ---- */

/* Kept of a panel for the way back: what came in, hidden values, slopes. */
static size_t panel_floats(const struct floe__mlp *net) {
  return net->n_in * PANEL + floe__mlp_kept_floats(net, 1);
}

/* Shared by all panels: a result, the derivative by what came in, and what a panel's functions need. */
size_t floe__mlp_work(const struct floe__mlp *net, size_t n) {
  return (n + PANEL - 1) / PANEL * panel_floats(net) + (net->n_out + net->n_in) * PANEL + floe__mlp_spare_floats(net);
}

struct panel {
  size_t n; /* rows */
  float *in;
  struct floe__mlp_kept kept;
  float *out, *d_in, *spare;
};

/* The panel of rows `first` and on. */
static struct panel panel_at(const struct floe__mlp *net, size_t n, size_t first, float *work) {
  float *own = work + first / PANEL * panel_floats(net), *shared = work + (n + PANEL - 1) / PANEL * panel_floats(net);
  float *hidden = own + net->n_in * PANEL;
  return (struct panel){.n = rows_of(n, first),
                        .in = own,
                        .kept = {hidden, hidden + net->n_hidden * net->width * PANEL},
                        .out = shared,
                        .d_in = shared + net->n_out * PANEL,
                        .spare = shared + (net->n_out + net->n_in) * PANEL};
}

void floe__mlp_forward(const struct floe__mlp *net, const float *block, size_t n, const float *x, size_t x_stride,
                       const struct floe__pre *pre, float *work, float *y) {
  const struct floe__panel_functions *f = floe__panel_functions();
  for (size_t first = 0; first < n; first += PANEL) {
    const struct panel p = panel_at(net, n, first, work);
    f->gather(p.n, net->n_in, x + first * x_stride, x_stride, NULL, false, p.in);
    floe__mlp_panel_forward(f, net, block, n, first, p.in, pre, &p.kept, p.spare, p.out);
    f->scatter(p.n, net->n_out, p.out, y + first * net->n_out, net->n_out);
  }
}

void floe__mlp_backward(const struct floe__mlp *net, const float *block, size_t n, float *work, const float *dy,
                        float *dx, size_t dx_stride, float *d_pre, size_t d_pre_stride, float *gradient) {
  const struct floe__panel_functions *f = floe__panel_functions();
  for (size_t first = 0; first < n; first += PANEL) {
    const struct panel p = panel_at(net, n, first, work);
    f->gather(p.n, net->n_out, dy + first * net->n_out, net->n_out, NULL, false, p.out);
    floe__mlp_panel_backward(f, net, block, n, first, p.in, &p.kept, p.spare, p.out, dx ? p.d_in : NULL, d_pre,
                             d_pre_stride, gradient);
    if (dx) f->scatter(p.n, net->n_in, p.d_in, dx + first * dx_stride, dx_stride);
  }
}

/* ---- the trace of the Jacobian ---- */

/* The spare room's first (width, PANEL): the derivative of the last hidden layer by input j. */
static void tangent(const struct floe__panel_functions *f, const struct floe__mlp *net, const float *block, size_t j,
                    const struct panel *p) {
  const size_t width = net->width * PANEL;
  const float *weight = block + net->layer[0].weight, *slope = p->kept.slope;
  float *a = p->spare, *b = p->spare + width;
  for (size_t k = 0; k < net->width; k++)
    for (size_t i = 0; i < PANEL; i++) a[k * PANEL + i] = slope[k * PANEL + i] * weight[k * net->n_in + j];
  for (size_t l = 1; l < net->n_hidden; l++) {
    slope += width;
    memset(b, 0, width * sizeof *b);
    f->multiply(net->width, net->width, block + net->layer[l].weight, net->width, 1, NULL, a, b);
    for (size_t k = 0; k < width; k++) a[k] += slope[k] * b[k];
  }
}

void floe__mlp_trace(const struct floe__mlp *net, const float *block, size_t n, float *work, const float *mask,
                     float *trace) {
  const struct floe__panel_functions *f = floe__panel_functions();
  const struct floe__linear *out = &net->layer[net->n_hidden];
  for (size_t first = 0; first < n; first += PANEL) {
    const struct panel p = panel_at(net, n, first, work);
    memset(trace + first, 0, p.n * sizeof *trace);
    for (size_t j = 0; j < net->n_out; j++) {
      tangent(f, net, block, j, &p);
      memset(p.out, 0, PANEL * sizeof *p.out);
      f->multiply(1, net->width, block + out->weight + j * net->width, net->width, 1, NULL, p.spare, p.out);
      for (size_t i = 0; i < p.n; i++) trace[first + i] += mask[(first + i) * net->n_out + j] * p.out[i];
    }
  }
}
