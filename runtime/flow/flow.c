#include "runtime/flow/flow.h"

#include <string.h>

#include "base/memory.h"
#include "runtime/flow/spline.h"
#include "runtime/flow/tails.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"

enum { RAW = FLOE__SPLINE_RAW };

/* The positions of layer k's coordinates, the moved ones first. */
static void layer_positions(size_t n, size_t k, uint64_t seed, uint64_t unit, size_t *order, uint32_t *positions,
                            size_t *n_moved) {
  for (size_t i = 0; i < n; i++) order[i] = i;
  const int whole = k == 0 || n == 1;
  if (!whole) floe__shuffle(seed, FLOE_PURPOSE_NETWORK, unit + (k - 1) / 2, n, order);
  const size_t half = (n + 1) / 2, start = !whole && (k - 1) % 2 ? half : 0;
  for (size_t i = 0; i < n; i++) positions[i] = (uint32_t)order[(start + i) % n];
  *n_moved = whole ? n : start ? n - half : half;
}

int floe__flow_make(struct floe__flow *flow, enum floe__flow_kind kind, size_t *used, size_t n, size_t n_layer,
                    size_t width, uint64_t seed, uint64_t unit) {
  if (kind == FLOE__MATCHING) {
    *flow = (struct floe__flow){.kind = kind, .n = n, .width = width, .n_pre = width};
    flow->matching =
        floe__matching_make(used, n, n_layer < FLOE__MLP_MAX_HIDDEN ? n_layer : FLOE__MLP_MAX_HIDDEN, width);
    return 1;
  }
  *flow = (struct floe__flow){.kind = kind, .n = n, .n_layer = n_layer, .width = width, .n_pre = n_layer * width};
  size_t *order = FLOE__NEW(n, size_t);
  flow->layers = FLOE__NEW(n_layer, struct floe__flow_layer);
  flow->positions = FLOE__NEW(n * n_layer, uint32_t);
  if (!order || !flow->layers || !flow->positions) {
    floe__free(order);
    floe__flow_drop(flow);
    return 0;
  }
  for (size_t k = 0; k < n_layer; k++) {
    struct floe__flow_layer *layer = &flow->layers[k];
    uint32_t *positions = flow->positions + k * n;
    layer_positions(n, k, seed, unit, order, positions, &layer->n_moved);
    layer->n_given = n - layer->n_moved;
    layer->moved = positions;
    layer->given = positions + layer->n_moved;
    layer->net = floe__mlp_make(used, layer->n_given, width, 2, layer->n_moved * RAW);
    if (kind == FLOE__MIXING && k > 0 && n > 1) layer->mixing = floe__mixing_make(used, n);
  }
  floe__free(order);
  return 1;
}

void floe__flow_drop(struct floe__flow *flow) {
  floe__free(flow->layers);
  floe__free(flow->positions);
  *flow = (struct floe__flow){0};
}

void floe__flow_start(const struct floe__flow *flow, float *block, uint64_t seed, uint64_t unit) {
  if (flow->kind == FLOE__MATCHING) floe__matching_start(&flow->matching, block, seed, unit);
  for (size_t k = 0; k < flow->n_layer; k++) floe__mlp_start(&flow->layers[k].net, block, 0.02f, seed, unit + 8 * k);
}

/* Work space. Of every layer, kept for the way back: coordinates (n, d) as they came in, the same before they were
 * mixed, given (n, d), raw (n, d * RAW), and the network's own; then, shared: a second set of raw numbers, the
 * derivative by given, and where the last layer leads. */
struct layer_work {
  float *in, *unmixed, *given, *raw, *net;
};

static size_t layer_floats(const struct floe__flow *flow, size_t n) {
  size_t net = 0;
  for (size_t k = 0; k < flow->n_layer; k++) {
    const size_t size = floe__mlp_work(&flow->layers[k].net, n);
    net = size > net ? size : net;
  }
  return n * flow->n * (3 + RAW) + net;
}

size_t floe__flow_work(const struct floe__flow *flow, size_t n) {
  if (flow->kind == FLOE__MATCHING) return floe__matching_work(&flow->matching, n);
  return flow->n_layer * layer_floats(flow, n) + n * flow->n * (RAW + 2);
}

static struct layer_work layer_work(const struct floe__flow *flow, size_t n, float *work, size_t k) {
  float *base = work + k * layer_floats(flow, n);
  const size_t size = n * flow->n;
  return (struct layer_work){base, base + size, base + 2 * size, base + 3 * size, base + size * (3 + RAW)};
}

struct shared_work {
  float *d_raw, *d_given, *led;
};

static struct shared_work shared(const struct floe__flow *flow, size_t n, float *work) {
  float *d_raw = work + flow->n_layer * layer_floats(flow, n), *d_given = d_raw + n * flow->n * RAW;
  return (struct shared_work){d_raw, d_given, d_given + n * flow->n};
}

/* The raw numbers of layer k's moved coordinates. A layer that is given nothing but the condition runs once for each
 * row of the condition; *raw_row then says which rows share. */
static void run_net(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows, size_t k,
                    const float *x, const struct layer_work *w, const uint32_t **raw_row) {
  const struct floe__flow_layer *layer = &flow->layers[k];
  struct floe__pre pre = rows->pre;
  size_t n = rows->n;
  if (pre.value) pre.value += k * flow->width;
  *raw_row = NULL;
  if (layer->n_given == 0 && pre.row) {
    n = rows->n_condition;
    *raw_row = pre.row;
    pre.row = NULL;
  }
  for (size_t j = 0; j < layer->n_given; j++) {
    const size_t at = layer->given[j];
    for (size_t i = 0; i < n; i++)
      w->given[i * layer->n_given + j] = x[i * flow->n + at] * rows->mask[i * flow->n + at];
  }
  floe__mlp_forward(&layer->net, block, n, w->given, layer->n_given, &pre, w->net, w->raw);
}

static struct floe__spline_column column(const struct floe__flow *flow, const struct floe__flow_rows *rows, size_t k,
                                         size_t j, const float *raw, const uint32_t *raw_row) {
  const struct floe__flow_layer *layer = &flow->layers[k];
  return (struct floe__spline_column){.n = rows->n,
                                      .stride = flow->n,
                                      .raw_stride = layer->n_moved * RAW,
                                      .mask = rows->mask + layer->moved[j],
                                      .raw = raw + j * RAW,
                                      .raw_row = raw_row};
}

void floe__flow_forward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                        const float *x, float *work, float *z, float *log_det) {
  const size_t size = rows->n * flow->n * sizeof(float);
  const uint32_t *raw_row;
  if (flow->kind == FLOE__MATCHING) {
    floe__matching_carry(&flow->matching, block, rows, 1, x, work, z, log_det);
    return;
  }
  memset(log_det, 0, rows->n * sizeof(float));
  memcpy(z, x, size);
  for (size_t k = 0; k < flow->n_layer; k++) {
    const struct layer_work w = layer_work(flow, rows->n, work, k);
    if (flow->layers[k].mixing.n > 0) {
      memcpy(w.unmixed, z, size);
      floe__mixing_forward(&flow->layers[k].mixing, block, rows->n, rows->mask, z, log_det);
    }
    memcpy(w.in, z, size);
    run_net(flow, block, rows, k, w.in, &w, &raw_row);
    for (size_t j = 0; j < flow->layers[k].n_moved; j++) {
      const struct floe__spline_column c = column(flow, rows, k, j, w.raw, raw_row);
      const size_t at = flow->layers[k].moved[j];
      floe__spline_forward(&c, w.in + at, z + at, log_det);
    }
  }
  memcpy(shared(flow, rows->n, work).led, z, size);
  floe__tails_forward(rows->n, flow->n, rows->mask, z, z, log_det);
}

void floe__flow_backward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                         float *work, float *dz, const float *d_log_det, float *d_pre, float *gradient) {
  const struct shared_work spare = shared(flow, rows->n, work);
  float *d_raw = spare.d_raw, *d_given = spare.d_given;
  floe__tails_backward(rows->n, flow->n, rows->mask, spare.led, d_log_det, dz);
  for (size_t k = flow->n_layer; k-- > 0;) {
    const struct floe__flow_layer *layer = &flow->layers[k];
    const struct layer_work w = layer_work(flow, rows->n, work, k);
    for (size_t j = 0; j < layer->n_moved; j++) {
      const struct floe__spline_column c = column(flow, rows, k, j, w.raw, NULL);
      const size_t at = layer->moved[j];
      floe__spline_backward(&c, w.in + at, dz + at, d_log_det, dz + at, d_raw + j * RAW);
    }
    floe__mlp_backward(&layer->net, block, rows->n, w.given, layer->n_given, w.net, d_raw, d_given, layer->n_given,
                       d_pre + k * flow->width, flow->n_pre, gradient);
    for (size_t j = 0; j < layer->n_given; j++) {
      const size_t at = layer->given[j];
      for (size_t i = 0; i < rows->n; i++)
        dz[i * flow->n + at] += d_given[i * layer->n_given + j] * rows->mask[i * flow->n + at];
    }
    if (layer->mixing.n > 0)
      floe__mixing_backward(&layer->mixing, block, rows->n, rows->mask, w.unmixed, d_given, dz, d_log_det, gradient);
  }
}

void floe__flow_inverse(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                        const float *z, float *work, float *x, float *log_det) {
  if (flow->kind == FLOE__MATCHING) {
    floe__matching_carry(&flow->matching, block, rows, 0, z, work, x, rows->draws_only ? NULL : log_det);
    return;
  }
  const struct layer_work w = layer_work(flow, rows->n, work, 0); /* nothing is kept: all layers share one */
  const uint32_t *raw_row;
  memset(log_det, 0, rows->n * sizeof(float));
  if (x != z) memcpy(x, z, rows->n * flow->n * sizeof(float));
  floe__tails_inverse(rows->n, flow->n, rows->mask, x, log_det);
  for (size_t k = flow->n_layer; k-- > 0;) {
    run_net(flow, block, rows, k, x, &w, &raw_row);
    for (size_t j = 0; j < flow->layers[k].n_moved; j++) {
      const struct floe__spline_column c = column(flow, rows, k, j, w.raw, raw_row);
      const size_t at = flow->layers[k].moved[j];
      floe__spline_inverse(&c, x + at, x + at, log_det);
    }
    if (flow->layers[k].mixing.n > 0)
      floe__mixing_inverse(&flow->layers[k].mixing, block, rows->n, rows->mask, x, log_det);
  }
}
