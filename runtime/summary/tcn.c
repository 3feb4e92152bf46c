#include "runtime/summary/tcn.h"

#include <string.h>

#include "runtime/nn/elementary.h"
#include "runtime/nn/panel.h"

enum { PANEL = FLOE__PANEL, TAPS = FLOE__TCN_TAPS };

static size_t step_of(size_t layer) {
  return layer < 2 ? 1 : 2;
}

/* Positions of a layer, for a series of n items. */
static size_t positions(size_t layer, size_t n) {
  for (size_t l = 0; l <= layer; l++) n = (n + step_of(l) - 1) / step_of(l);
  return n;
}

struct floe__tcn floe__tcn_make(size_t *used, size_t n_feature, size_t width, size_t longest) {
  struct floe__tcn tcn = {.n_feature = n_feature, .width = width, .n_layer = 2};
  while (tcn.n_layer < FLOE__TCN_MOST && positions(tcn.n_layer - 1, longest) > 4) tcn.n_layer++;
  tcn.n_out = tcn.n_layer * width;
  for (size_t l = 0; l < tcn.n_layer; l++)
    tcn.layer[l] = floe__linear_make(used, TAPS * (l == 0 ? n_feature + 1 : width), width, 1);
  return tcn;
}

void floe__tcn_start(const struct floe__tcn *tcn, float *block, uint64_t seed, uint64_t unit) {
  for (size_t l = 0; l < tcn->n_layer; l++) floe__linear_start(&tcn->layer[l], block, 1.4f, seed, unit + l);
}

/* ---- work space ---- */

static size_t n_panel(size_t n) {
  return (n + PANEL - 1) / PANEL;
}

/* Kept of a panel: the input, then values and slopes of every layer. The input and the values have a position of 0s
 * before the first and behind the last, so that a position and its neighbours always stand together. */
static size_t panel_floats(const struct floe__tcn *tcn, size_t longest) {
  size_t floats = (longest + 2) * (tcn->n_feature + 1);
  for (size_t l = 0; l < tcn->n_layer; l++) floats += (2 * positions(l, longest) + 2) * tcn->width;
  return floats * PANEL;
}

size_t floe__tcn_work(const struct floe__tcn *tcn, size_t n, size_t longest) {
  const size_t widest = tcn->n_feature + 1 > tcn->width ? tcn->n_feature + 1 : tcn->width;
  return n_panel(n) * panel_floats(tcn, longest) +
         (2 * (longest + 2) * tcn->width + 3 * tcn->width + TAPS * widest) * PANEL;
}

struct panel {
  size_t first, n, longest;            /* series; items of the longest of them */
  /* positions of each series in each layer, and what one of them counts in the mean */
  uint32_t count[FLOE__TCN_MOST][PANEL];
  float share[FLOE__TCN_MOST][PANEL];
  float *in, *value[FLOE__TCN_MOST], *slope[FLOE__TCN_MOST];
  float *d[2];                   /* by the values of two layers, with a position before and behind */
  float *pre, *mean, *a, *spare; /* (width, PANEL); spare as wide as what a layer looks at */
};

static struct panel panel_at(const struct floe__tcn *tcn, const struct floe__series *s, size_t k, float *work) {
  const size_t w = tcn->width * PANEL;
  struct panel p = {.first = k * PANEL, .n = s->n - k * PANEL < PANEL ? s->n - k * PANEL : PANEL};
  float *at = work + k * panel_floats(tcn, s->longest), *shared = work + n_panel(s->n) * panel_floats(tcn, s->longest);
  p.in = at + (tcn->n_feature + 1) * PANEL;
  at += (s->longest + 2) * (tcn->n_feature + 1) * PANEL;
  for (size_t l = 0; l < tcn->n_layer; l++) {
    p.value[l] = at + w;
    p.slope[l] = at + (positions(l, s->longest) + 2) * w;
    at += (2 * positions(l, s->longest) + 2) * w;
  }
  p.d[0] = shared + w;
  p.d[1] = p.d[0] + (s->longest + 2) * w;
  p.pre = shared + 2 * (s->longest + 2) * w;
  p.mean = p.pre + w;
  p.a = p.mean + w;
  p.spare = p.a + w;
  for (size_t i = 0; i < p.n; i++) {
    const size_t count = s->count[p.first + i];
    p.longest = count > p.longest ? count : p.longest;
    for (size_t l = 0; l < tcn->n_layer; l++) {
      p.count[l][i] = (uint32_t)positions(l, count);
      p.share[l][i] = count > 0 ? 1.0f / (float)p.count[l][i] : 0;
    }
  }
  return p;
}

/* What item t of layer l counts in that layer's mean, for each series; 0 where it has none. */
static void shares(const struct panel *p, size_t l, size_t t, float *share) {
  for (size_t i = 0; i < PANEL; i++) share[i] = t < p->count[l][i] ? p->share[l][i] : 0;
}

/* 0s before the first of n positions and behind the last. */
static void clear_ends(size_t n, size_t size, float *x) {
  memset(x - size, 0, size * sizeof *x);
  memset(x + n * size, 0, size * sizeof *x);
}

/* ---- there ---- */

static void read_items(const struct floe__tcn *tcn, const struct floe__series *s, const struct panel *p) {
  const struct floe__panel_functions *f = floe__panel_functions();
  clear_ends(p->longest, (tcn->n_feature + 1) * PANEL, p->in);
  for (size_t t = 0; t < p->longest; t++) {
    float *to = p->in + t * (tcn->n_feature + 1) * PANEL, *position = to + tcn->n_feature * PANEL;
    f->gather(p->n, tcn->n_feature, s->x + p->first * s->stride + t * s->step, s->stride, NULL, false, to);
    for (size_t i = 0; i < PANEL; i++)
      position[i] = t < (i < p->n ? s->count[p->first + i] : 0) && s->longest > 1
                        ? 2.0f * (float)t / (float)(s->longest - 1) - 1.0f : 0;
  }
}

/* value, slope (width, PANEL) of a position: 0 where the series has ended; its part of the mean. */
FLOE__FOR_EACH_CPU static void settle(size_t width, const float *restrict share, const float *restrict base,
                                      float *restrict value, float *restrict slope, float *restrict mean) {
  for (size_t j = 0; j < width * PANEL; j += PANEL)
    for (size_t i = 0; i < PANEL; i++) {
      const size_t k = j + i;
      const float there = share[i] > 0 ? 1.0f : 0.0f;
      value[k] = there * (value[k] + (base ? base[k] : 0.0f));
      slope[k] *= there;
      mean[k] += share[i] * value[k];
    }
}

static void layer_forward(const struct floe__tcn *tcn, const float *block, const struct panel *p, size_t l) {
  const struct floe__panel_functions *f = floe__panel_functions();
  const struct floe__linear *layer = &tcn->layer[l];
  const size_t w = tcn->width * PANEL, n = positions(l, p->longest), each = layer->n_in / TAPS * PANEL;
  const float *below = l ? p->value[l - 1] : p->in;
  float share[PANEL];
  memset(p->mean, 0, w * sizeof(float));
  for (size_t t = 0; t < n; t++) {
    float *value = p->value[l] + t * w, *slope = p->slope[l] + t * w;
    const float *at = below + step_of(l) * t * each;
    memcpy(p->a, p->pre, w * sizeof(float));
    f->multiply(tcn->width, layer->n_in, block + layer->weight, layer->n_in, 1, NULL, at - each, p->a);
    shares(p, l, t, share);
    f->silu(w, p->a, NULL, value, slope);
    settle(tcn->width, share, l ? at : NULL, value, slope, p->mean);
  }
  clear_ends(n, w, p->value[l]);
}

void floe__tcn_forward(const struct floe__tcn *tcn, const float *block, const struct floe__series *s, const float *pre,
                       float *work, float *y, size_t y_stride) {
  const struct floe__panel_functions *f = floe__panel_functions();
  for (size_t k = 0; k < n_panel(s->n); k++) {
    const struct panel p = panel_at(tcn, s, k, work);
    read_items(tcn, s, &p);
    for (size_t l = 0; l < tcn->n_layer; l++) {
      for (size_t j = 0; j < tcn->width; j++)
        for (size_t i = 0; i < PANEL; i++) p.pre[j * PANEL + i] = block[tcn->layer[l].bias + j];
      if (l == 0) f->gather(p.n, tcn->width, pre + p.first * tcn->width, tcn->width, NULL, true, p.pre);
      layer_forward(tcn, block, &p, l);
      f->scatter(p.n, tcn->width, p.mean, y + p.first * y_stride + l * tcn->width, y_stride);
    }
  }
}

/* ---- and back ---- */

/* d (width, PANEL), by a position's value, takes on what comes through the mean; da: what goes through the
 * activation. */
FLOE__FOR_EACH_CPU static void settle_backward(size_t width, const float *restrict share, const float *restrict d_mean,
                                               const float *restrict slope, float *restrict d, float *restrict da,
                                               float *restrict sum) {
  for (size_t j = 0; j < width * PANEL; j += PANEL)
    for (size_t i = 0; i < PANEL; i++) {
      const size_t k = j + i;
      d[k] = share[i] > 0 ? d[k] + share[i] * d_mean[k] : 0.0f;
      da[k] = d[k] * slope[k];
      sum[k] += da[k];
    }
}

FLOE__FOR_EACH_CPU static void add(size_t n, const float *restrict x, float *restrict y) {
  for (size_t k = 0; k < n; k++) y[k] += x[k];
}

/* d: by the layer's values; d_below: by those of the layer below, overwritten; for the first layer not wanted. */
static void layer_backward(const struct floe__tcn *tcn, const float *block, const struct panel *p, size_t l, float *d,
                           float *d_below, float *gradient) {
  const struct floe__panel_functions *f = floe__panel_functions();
  const struct floe__linear *layer = &tcn->layer[l];
  const size_t w = tcn->width * PANEL, each = layer->n_in / TAPS * PANEL;
  const float *below = l ? p->value[l - 1] : p->in;
  float share[PANEL];
  if (l) memset(d_below - w, 0, (positions(l - 1, p->longest) + 2) * w * sizeof(float));
  memset(p->pre, 0, w * sizeof(float));
  for (size_t t = 0; t < positions(l, p->longest); t++) {
    const size_t at = step_of(l) * t;
    shares(p, l, t, share);
    settle_backward(tcn->width, share, p->mean, p->slope[l] + t * w, d + t * w, p->a, p->pre);
    f->outer(tcn->width, layer->n_in, p->a, below + at * each - each, p->spare, gradient + layer->weight);
    if (!l) continue;
    add(w, d + t * w, d_below + at * w);
    f->multiply(layer->n_in, tcn->width, block + layer->weight, 1, layer->n_in, NULL, p->a, d_below + at * w - w);
  }
  f->sum_rows(tcn->width, p->pre, gradient + layer->bias);
}

void floe__tcn_backward(const struct floe__tcn *tcn, const float *block, const struct floe__series *s, float *work,
                        const float *dy, size_t dy_stride, float *d_pre, float *gradient) {
  const struct floe__panel_functions *f = floe__panel_functions();
  const size_t w = tcn->width * PANEL;
  for (size_t k = 0; k < n_panel(s->n); k++) {
    const struct panel p = panel_at(tcn, s, k, work);
    const size_t last = tcn->n_layer - 1;
    memset(p.d[last % 2], 0, positions(last, p.longest) * w * sizeof(float));
    for (size_t l = tcn->n_layer; l-- > 0;) {
      f->gather(p.n, tcn->width, dy + p.first * dy_stride + l * tcn->width, dy_stride, NULL, false, p.mean);
      layer_backward(tcn, block, &p, l, p.d[l % 2], p.d[1 - l % 2], gradient);
    }
    f->scatter(p.n, tcn->width, p.pre, d_pre + p.first * tcn->width, tcn->width);
  }
}
