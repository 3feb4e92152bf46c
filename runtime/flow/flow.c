#include "runtime/flow/flow.h"

#include <string.h>

#include "base/memory.h"
#include "runtime/flow/heads.h"
#include "runtime/flow/tails.h"
#include "runtime/nn/panel.h"
#include "runtime/nn/spline.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"

enum { RAW = FLOE__SPLINE_RAW, PANEL = FLOE__PANEL };

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

static int make_perceptron(struct floe__flow *flow, const struct floe__head *head, size_t *used, size_t n,
                           size_t n_layer, size_t width) {
  const size_t n_hidden = n_layer < FLOE__MLP_MAX_HIDDEN ? n_layer : FLOE__MLP_MAX_HIDDEN;
  *flow = (struct floe__flow){.head = head, .n = n, .width = width, .n_pre = width};
  flow->net = floe__mlp_make(used, n * head->n_in + head->n_more, width, n_hidden, n * head->n_out);
  return 1;
}

int floe__flow_make(struct floe__flow *flow, enum floe__flow_kind kind, size_t *used, size_t n, size_t n_layer,
                    size_t width, uint64_t seed, uint64_t unit) {
  const struct floe__head *head = floe__head_of(kind);
  if (head) return make_perceptron(flow, head, used, n, n_layer, width);
  *flow = (struct floe__flow){.n = n, .n_layer = n_layer, .width = width, .n_pre = n_layer * width};
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
  if (flow->head) floe__mlp_start(&flow->net, block, 0.1f, seed, unit);
  for (size_t k = 0; k < flow->n_layer; k++) floe__mlp_start(&flow->layers[k].net, block, 0.02f, seed, unit + 8 * k);
}

/* ---- work space ---- */

static size_t n_panel(size_t n) {
  return (n + PANEL - 1) / PANEL;
}

/* What a call works with. Every panel has its coordinates, mask, where the last layer leads, (d, PANEL) each, and log
 * determinants (PANEL). A layer has, of every panel where things are kept and else of one, the coordinates before and
 * after they were mixed, given ones, spline numbers (d RAW), and the network's own. Shared: derivatives by the spline's
 * numbers and by what was given, and the networks' spare room. */
struct flow_call {
  const struct floe__panel_functions *functions;
  const struct floe__flow *flow;
  const float *block;
  const struct floe__flow_rows *rows;
  float *panels, *layers, *d_raw, *d_given, *spare;
  size_t panel_floats, layer_floats;
};

struct panel {
  size_t first, n; /* rows */
  float *x, *mask, *led, *log_det;
};

struct layer_work {
  float *unmixed, *in, *given, *raw;
  struct floe__mlp_kept kept;
};

static size_t layer_floats(const struct floe__flow *flow, int keeps) {
  size_t most = 0;
  for (size_t k = 0; k < flow->n_layer; k++) {
    const size_t size = floe__mlp_kept_floats(&flow->layers[k].net, keeps);
    most = size > most ? size : most;
  }
  return flow->n * (3 + RAW) * PANEL + most;
}

static size_t spare_floats(const struct floe__flow *flow) {
  size_t most = 0;
  for (size_t k = 0; k < flow->n_layer; k++) {
    const size_t size = floe__mlp_spare_floats(&flow->layers[k].net);
    most = size > most ? size : most;
  }
  return most;
}

static size_t panel_floats(const struct floe__flow *flow) {
  return (3 * flow->n + 1) * PANEL;
}

size_t floe__flow_work(const struct floe__flow *flow, size_t n) {
  if (flow->head) return flow->head->work(flow, n);
  return n_panel(n) * (panel_floats(flow) + flow->n_layer * layer_floats(flow, 1)) + flow->n * (RAW + 1) * PANEL +
         spare_floats(flow);
}

static struct flow_call open_call(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                                  float *work) {
  struct flow_call c = {.functions = floe__panel_functions(), .flow = flow, .block = block, .rows = rows};
  c.panel_floats = panel_floats(flow);
  c.layer_floats = layer_floats(flow, rows->keeps);
  c.panels = work;
  c.d_raw = c.panels + n_panel(rows->n) * c.panel_floats;
  c.d_given = c.d_raw + flow->n * RAW * PANEL;
  c.spare = c.d_given + flow->n * PANEL;
  c.layers = c.spare + spare_floats(flow);
  return c;
}

static struct panel panel_of(const struct flow_call *c, size_t p) {
  const size_t size = c->flow->n * PANEL, first = p * PANEL, left = c->rows->n - first;
  float *x = c->panels + p * c->panel_floats;
  return (struct panel){first, left < PANEL ? left : PANEL, x, x + size, x + 2 * size, x + 3 * size};
}

static struct layer_work layer_of(const struct flow_call *c, size_t k, size_t p) {
  const struct floe__mlp *net = &c->flow->layers[k].net;
  const size_t size = c->flow->n * PANEL;
  float *base = c->layers + (c->rows->keeps ? k * n_panel(c->rows->n) + p : 0) * c->layer_floats;
  float *hidden = base + (3 + RAW) * size;
  return (struct layer_work){.unmixed = base,
                             .in = base + size,
                             .given = base + 2 * size,
                             .raw = base + 3 * size,
                             .kept = {hidden, c->rows->keeps ? hidden + net->n_hidden * net->width * PANEL : NULL}};
}

/* Rows of x into the panels, with their masks. */
static void read_rows(const struct flow_call *c, const float *x) {
  const size_t d = c->flow->n;
  for (size_t k = 0; k < n_panel(c->rows->n); k++) {
    const struct panel p = panel_of(c, k);
    c->functions->gather(p.n, d, x + p.first * d, d, NULL, false, p.x);
    c->functions->gather(p.n, d, c->rows->mask + p.first * d, d, NULL, false, p.mask);
    memset(p.log_det, 0, PANEL * sizeof(float));
  }
}

static void write_rows(const struct flow_call *c, float *x, float *log_det) {
  const size_t d = c->flow->n;
  for (size_t k = 0; k < n_panel(c->rows->n); k++) {
    const struct panel p = panel_of(c, k);
    c->functions->scatter(p.n, d, p.x, x + p.first * d, d);
    if (log_det) memcpy(log_det + p.first, p.log_det, p.n * sizeof(float));
  }
}

/* ---- layers ---- */

/* The splines of layer k's moved coordinates, given coordinates x. A layer that is given nothing but a condition that
 * all rows share has the same for all panels. */
static void make_splines(const struct flow_call *c, size_t k, size_t p, const float *x, const struct panel *panel,
                         const struct layer_work *w) {
  const struct floe__flow_layer *layer = &c->flow->layers[k];
  struct floe__pre pre = c->rows->pre;
  if (layer->n_given == 0 && pre.stride == 0 && !c->rows->keeps && p > 0) return;
  if (pre.value) pre.value += k * c->flow->width;
  for (size_t j = 0; j < layer->n_given; j++)
    c->functions->times(PANEL, x + layer->given[j] * PANEL, panel->mask + layer->given[j] * PANEL,
                        w->given + j * PANEL);
  floe__mlp_panel_forward(c->functions, &layer->net, c->block, c->rows->n, panel->first, w->given, &pre, &w->kept,
                          c->spare, w->raw);
  for (size_t j = 0; j < layer->n_moved; j++) c->functions->spline_prepare(w->raw + j * RAW * PANEL);
}

static void layer_forward(const struct flow_call *c, size_t k, size_t p) {
  const struct floe__flow_layer *layer = &c->flow->layers[k];
  const struct panel panel = panel_of(c, p);
  const struct layer_work w = layer_of(c, k, p);
  const size_t size = c->flow->n * PANEL * sizeof(float);
  if (layer->mixing.n > 0) {
    memcpy(w.unmixed, panel.x, size);
    floe__mixing_forward(&layer->mixing, c->block, panel.mask, panel.x, panel.log_det);
  }
  memcpy(w.in, panel.x, size);
  make_splines(c, k, p, w.in, &panel, &w);
  for (size_t j = 0; j < layer->n_moved; j++) {
    const size_t at = layer->moved[j] * PANEL;
    c->functions->spline_forward(w.raw + j * RAW * PANEL, panel.mask + at, w.in + at, panel.x + at, panel.log_det);
  }
}

void floe__flow_forward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                        const float *x, float *work, float *z, float *log_det) {
  if (flow->head) {
    flow->head->carry(flow, block, rows, 0, x, work, z, log_det);
    return;
  }
  const struct flow_call c = open_call(flow, block, rows, work);
  read_rows(&c, x);
  for (size_t k = 0; k < flow->n_layer; k++)
    for (size_t p = 0; p < n_panel(rows->n); p++) layer_forward(&c, k, p);
  for (size_t p = 0; p < n_panel(rows->n); p++) {
    const struct panel panel = panel_of(&c, p);
    memcpy(panel.led, panel.x, flow->n * PANEL * sizeof(float));
    floe__tails_forward(flow->n, panel.mask, panel.led, panel.x, panel.log_det);
  }
  write_rows(&c, z, log_det);
}

/* panel.x: by the layer's result, becomes that by what came in; panel.log_det: by log determinants. */
static void layer_backward(const struct flow_call *c, size_t k, size_t p, float *d_pre, float *gradient) {
  const struct floe__flow_layer *layer = &c->flow->layers[k];
  const struct panel panel = panel_of(c, p);
  const struct layer_work w = layer_of(c, k, p);
  for (size_t j = 0; j < layer->n_moved; j++) {
    const size_t at = layer->moved[j] * PANEL, raw = j * RAW * PANEL;
    c->functions->spline_backward(w.raw + raw, panel.mask + at, w.in + at, panel.log_det, panel.x + at, c->d_raw + raw);
  }
  floe__mlp_panel_backward(c->functions, &layer->net, c->block, c->rows->n, panel.first, w.given, &w.kept, c->spare,
                           c->d_raw, layer->n_given > 0 ? c->d_given : NULL, d_pre + k * c->flow->width, c->flow->n_pre,
                           gradient);
  for (size_t j = 0; j < layer->n_given; j++) {
    const size_t at = layer->given[j] * PANEL;
    for (size_t r = 0; r < PANEL; r++) panel.x[at + r] += c->d_given[j * PANEL + r] * panel.mask[at + r];
  }
  if (layer->mixing.n > 0)
    floe__mixing_backward(&layer->mixing, c->block, panel.mask, w.unmixed, c->d_given, panel.x, panel.log_det,
                          gradient);
}

void floe__flow_backward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                         float *work, float *dz, const float *d_log_det, float *d_pre, float *gradient) {
  const struct flow_call c = open_call(flow, block, rows, work);
  read_rows(&c, dz);
  for (size_t p = 0; p < n_panel(rows->n); p++) {
    const struct panel panel = panel_of(&c, p);
    memcpy(panel.log_det, d_log_det + panel.first, panel.n * sizeof(float));
    floe__tails_backward(flow->n, panel.mask, panel.led, panel.log_det, panel.x);
  }
  for (size_t k = flow->n_layer; k-- > 0;)
    for (size_t p = 0; p < n_panel(rows->n); p++) layer_backward(&c, k, p, d_pre, gradient);
  write_rows(&c, dz, NULL);
}

static void layer_inverse(const struct flow_call *c, size_t k, size_t p, int with_log_det) {
  const struct floe__flow_layer *layer = &c->flow->layers[k];
  const struct panel panel = panel_of(c, p);
  const struct layer_work w = layer_of(c, k, p);
  make_splines(c, k, p, panel.x, &panel, &w);
  for (size_t j = 0; j < layer->n_moved; j++) {
    float *x = panel.x + layer->moved[j] * PANEL;
    c->functions->spline_inverse(w.raw + j * RAW * PANEL, panel.mask + layer->moved[j] * PANEL, x, x,
                                 with_log_det ? panel.log_det : NULL);
  }
  if (layer->mixing.n > 0) floe__mixing_inverse(&layer->mixing, c->block, panel.mask, panel.x, panel.log_det);
}

void floe__flow_inverse(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                        const float *z, float *work, float *x, float *log_det) {
  if (flow->head) {
    flow->head->carry(flow, block, rows, 1, z, work, x, log_det);
    return;
  }
  const struct flow_call c = open_call(flow, block, rows, work);
  read_rows(&c, z);
  for (size_t p = 0; p < n_panel(rows->n); p++) {
    const struct panel panel = panel_of(&c, p);
    floe__tails_inverse(flow->n, panel.mask, panel.x, panel.log_det);
  }
  for (size_t k = flow->n_layer; k-- > 0;)
    for (size_t p = 0; p < n_panel(rows->n); p++) layer_inverse(&c, k, p, log_det != NULL);
  write_rows(&c, x, log_det);
}

/* ---- perceptrons ---- */

void floe__flow_loss(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                     const struct floe__flow_noise *noise, const float *x, float *work, float *loss) {
  flow->head->loss(flow, block, rows, noise, x, work, loss);
}

void floe__flow_loss_backward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                              float *work, const float *by_loss, float *d_pre, float *gradient) {
  flow->head->loss_backward(flow, block, rows, work, by_loss, d_pre, gradient);
}
