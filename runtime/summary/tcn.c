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
    for (size_t k = 0; k < TAPS; k++)
      tcn.tap[l][k] = floe__linear_make(used, l == 0 ? n_feature + 1 : width, width, k == 1);
  return tcn;
}

void floe__tcn_start(const struct floe__tcn *tcn, float *block, uint64_t seed, uint64_t unit) {
  for (size_t l = 0; l < tcn->n_layer; l++)
    for (size_t k = 0; k < TAPS; k++) floe__linear_start(&tcn->tap[l][k], block, 0.8f, seed, unit + TAPS * l + k);
}

/* ---- work space ---- */

static size_t n_panel(size_t n) {
  return (n + PANEL - 1) / PANEL;
}

/* Kept of a panel: the input, then values and slopes of every layer. */
static size_t panel_floats(const struct floe__tcn *tcn, size_t longest) {
  size_t floats = longest * (tcn->n_feature + 1);
  for (size_t l = 0; l < tcn->n_layer; l++) floats += 2 * positions(l, longest) * tcn->width;
  return floats * PANEL;
}

size_t floe__tcn_work(const struct floe__tcn *tcn, size_t n, size_t longest) {
  const size_t widest = tcn->n_feature + 1 > tcn->width ? tcn->n_feature + 1 : tcn->width;
  return n_panel(n) * panel_floats(tcn, longest) + (2 * longest * tcn->width + 3 * tcn->width + widest) * PANEL;
}

struct panel {
  size_t first, n, longest;            /* series; items of the longest of them */
  uint32_t count[PANEL];               /* items */
  float *in, *value[FLOE__TCN_MOST], *slope[FLOE__TCN_MOST];
  float *d[2];                         /* by the values of two layers */
  float *pre, *mean, *a, *spare;       /* (width, PANEL); spare as wide as any input */
};

static struct panel panel_at(const struct floe__tcn *tcn, const struct floe__series *s, size_t k, float *work) {
  const size_t w = tcn->width * PANEL;
  struct panel p = {.first = k * PANEL, .n = s->n - k * PANEL < PANEL ? s->n - k * PANEL : PANEL};
  float *at = work + k * panel_floats(tcn, s->longest), *shared = work + n_panel(s->n) * panel_floats(tcn, s->longest);
  p.in = at;
  at += s->longest * (tcn->n_feature + 1) * PANEL;
  for (size_t l = 0; l < tcn->n_layer; l++) {
    p.value[l] = at;
    p.slope[l] = at + positions(l, s->longest) * w;
    at += 2 * positions(l, s->longest) * w;
  }
  p.d[0] = shared;
  p.d[1] = shared + s->longest * w;
  p.pre = shared + 2 * s->longest * w;
  p.mean = p.pre + w;
  p.a = p.mean + w;
  p.spare = p.a + w;
  for (size_t i = 0; i < p.n; i++) {
    p.count[i] = s->count[p.first + i];
    p.longest = p.count[i] > p.longest ? p.count[i] : p.longest;
  }
  return p;
}

/* What item t of layer l counts in that layer's mean, for each series; 0 where it has none. */
static void shares(const struct panel *p, size_t l, size_t t, float *share) {
  for (size_t i = 0; i < PANEL; i++) {
    const size_t n = i < p->n ? positions(l, p->count[i]) : 0;
    share[i] = t < n ? 1.0f / (float)n : 0;
  }
}

/* Where tap k of position t of a layer looks; (size_t)-1: beyond the ends. */
static size_t source(size_t l, size_t t, size_t k, size_t n_below) {
  const size_t at = step_of(l) * t + k;
  return at >= 1 && at - 1 < n_below ? at - 1 : (size_t)-1;
}

/* ---- there ---- */

static void read_items(const struct floe__tcn *tcn, const struct floe__series *s, const struct panel *p) {
  const struct floe__panel_functions *f = floe__panel_functions();
  for (size_t t = 0; t < p->longest; t++) {
    float *to = p->in + t * (tcn->n_feature + 1) * PANEL, *position = to + tcn->n_feature * PANEL;
    f->gather(p->n, tcn->n_feature, s->x + p->first * s->stride + t * s->step, s->stride, NULL, false, to);
    for (size_t i = 0; i < PANEL; i++)
      position[i] = i < p->n && t < p->count[i] && s->longest > 1
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
  const size_t w = tcn->width * PANEL, n_in = tcn->tap[l][0].n_in, n_below = l ? positions(l - 1, p->longest) : p->longest;
  const float *below = l ? p->value[l - 1] : p->in;
  float share[PANEL];
  memset(p->mean, 0, w * sizeof(float));
  for (size_t t = 0; t < positions(l, p->longest); t++) {
    float *value = p->value[l] + t * w, *slope = p->slope[l] + t * w;
    memcpy(p->a, p->pre, w * sizeof(float));
    for (size_t k = 0; k < TAPS; k++) {
      const size_t at = source(l, t, k, n_below);
      if (at != (size_t)-1)
        f->multiply(tcn->width, n_in, block + tcn->tap[l][k].weight, n_in, 1, NULL, below + at * n_in * PANEL, p->a);
    }
    shares(p, l, t, share);
    f->silu(w, p->a, NULL, value, slope);
    settle(tcn->width, share, l ? below + step_of(l) * t * w : NULL, value, slope, p->mean);
  }
}

void floe__tcn_forward(const struct floe__tcn *tcn, const float *block, const struct floe__series *s, const float *pre,
                       float *work, float *y, size_t y_stride) {
  const struct floe__panel_functions *f = floe__panel_functions();
  for (size_t k = 0; k < n_panel(s->n); k++) {
    const struct panel p = panel_at(tcn, s, k, work);
    read_items(tcn, s, &p);
    for (size_t l = 0; l < tcn->n_layer; l++) {
      for (size_t j = 0; j < tcn->width; j++)
        for (size_t i = 0; i < PANEL; i++) p.pre[j * PANEL + i] = block[tcn->tap[l][1].bias + j];
      if (l == 0) f->gather(p.n, tcn->width, pre + p.first * tcn->width, tcn->width, NULL, true, p.pre);
      layer_forward(tcn, block, &p, l);
      f->scatter(p.n, tcn->width, p.mean, y + p.first * y_stride + l * tcn->width, y_stride);
    }
  }
}

/* ---- and back ---- */

/* d (width, PANEL), by a position's value, takes on what comes through the mean; da: what goes through the activation. */
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
  const size_t w = tcn->width * PANEL, n_in = tcn->tap[l][0].n_in, n_below = l ? positions(l - 1, p->longest) : p->longest;
  const float *below = l ? p->value[l - 1] : p->in;
  float share[PANEL];
  if (l) memset(d_below, 0, n_below * w * sizeof(float));
  memset(p->pre, 0, w * sizeof(float));
  for (size_t t = 0; t < positions(l, p->longest); t++) {
    shares(p, l, t, share);
    settle_backward(tcn->width, share, p->mean, p->slope[l] + t * w, d + t * w, p->a, p->pre);
    if (l) add(w, d + t * w, d_below + step_of(l) * t * w);
    for (size_t k = 0; k < TAPS; k++) {
      const size_t at = source(l, t, k, n_below);
      if (at == (size_t)-1) continue;
      f->outer(tcn->width, n_in, p->a, below + at * n_in * PANEL, p->spare, gradient + tcn->tap[l][k].weight);
      if (l) f->multiply(n_in, tcn->width, block + tcn->tap[l][k].weight, 1, n_in, NULL, p->a, d_below + at * w);
    }
  }
  f->sum_rows(tcn->width, p->pre, gradient + tcn->tap[l][1].bias);
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
