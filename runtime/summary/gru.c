#include "runtime/summary/gru.h"

#include <string.h>

#include "runtime/nn/elementary.h"
#include "runtime/nn/panel.h"

enum { PANEL = FLOE__PANEL };

struct floe__gru floe__gru_make(size_t *used, size_t n_feature, size_t width) {
  struct floe__gru gru = {.n_feature = n_feature, .width = width, .n_out = 2 * width};
  gru.input = floe__linear_make(used, n_feature + 1, 3 * width, 1);
  gru.state = floe__linear_make(used, width, 3 * width, 0);
  return gru;
}

void floe__gru_start(const struct floe__gru *gru, float *block, uint64_t seed, uint64_t unit) {
  floe__linear_start(&gru->input, block, 1, seed, unit);
  floe__linear_start(&gru->state, block, 1, seed, unit + 1);
  for (size_t j = 0; j < gru->width; j++) block[gru->input.bias + gru->width + j] = 1; /* z: remember, at first */
}

/* ---- work space ---- */

/* Kept of a step of a panel: the input, the state before, r, z, c, and U_c h. */
static size_t step_floats(const struct floe__gru *gru) {
  return (gru->n_feature + 1 + 5 * gru->width) * PANEL;
}

/* Of a panel, besides: the last state. Shared by all panels: what the gates take from outside of the series, W x and U
 * h, their derivatives, the derivative by the state and its spare, the mean, and a copy as wide as any input. */
static size_t shared_floats(const struct floe__gru *gru) {
  const size_t widest = gru->n_feature + 1 > gru->width ? gru->n_feature + 1 : gru->width;
  return (15 * gru->width + widest + 3 * gru->width) * PANEL;
}

static size_t n_panel(size_t n) {
  return (n + PANEL - 1) / PANEL;
}

size_t floe__gru_work(const struct floe__gru *gru, size_t n, size_t longest) {
  return n_panel(n) * longest * step_floats(gru) + shared_floats(gru);
}

struct panel {
  size_t first, n, longest; /* series; items of the longest of them */
  float *steps;
  float *pre, *a, *u, *da, *du; /* (3 width) each */
  float *h, *mean, *dh;         /* (width) each */
  float *spare;
  float share[PANEL]; /* of an item in the mean */
};

static struct panel panel_at(const struct floe__gru *gru, const struct floe__series *s, size_t k, float *work) {
  const size_t w = gru->width * PANEL;
  float *shared = work + n_panel(s->n) * s->longest * step_floats(gru);
  struct panel p = {.first = k * PANEL,
                    .n = s->n - k * PANEL < PANEL ? s->n - k * PANEL : PANEL,
                    .steps = work + k * s->longest * step_floats(gru),
                    .pre = shared,
                    .a = shared + 3 * w,
                    .u = shared + 6 * w,
                    .da = shared + 9 * w,
                    .du = shared + 12 * w,
                    .h = shared + 15 * w,
                    .mean = shared + 16 * w,
                    .dh = shared + 17 * w,
                    .spare = shared + 18 * w};
  for (size_t i = 0; i < PANEL; i++) {
    const size_t count = i < p.n ? s->count[p.first + i] : 0;
    p.longest = count > p.longest ? count : p.longest;
    p.share[i] = count > 0 ? 1.0f / (float)count : 0;
  }
  return p;
}

struct step {
  float *x, *before, *r, *z, *c, *uc;
  float there[PANEL]; /* 1 where the series has this item, else 0 */
};

static struct step step_at(const struct floe__gru *gru, const struct floe__series *s, const struct panel *p, size_t t) {
  const size_t w = gru->width * PANEL;
  float *own = p->steps + t * step_floats(gru), *before = own + (gru->n_feature + 1) * PANEL;
  struct step step = {own, before, before + w, before + 2 * w, before + 3 * w, before + 4 * w, {0}};
  for (size_t i = 0; i < p->n; i++) step.there[i] = t < s->count[p->first + i];
  return step;
}

/* ---- there ---- */

/* The logistic function of r and z, tanh of c = a + r u; then the state and its part of the mean. a, u (3 width,
 * PANEL). */
FLOE__FOR_EACH_CPU static void gates(size_t width, const float *restrict a, const float *restrict u,
                                     const float *restrict there, const float *restrict share,
                                     const float *restrict before, float *restrict r, float *restrict z,
                                     float *restrict c, float *restrict h, float *restrict mean) {
  const size_t w = width * PANEL;
  for (size_t j = 0; j < w; j += PANEL)
    for (size_t i = 0; i < PANEL; i++) {
      const size_t k = j + i;
      r[k] = floe__logistic(a[k] + u[k]);
      z[k] = floe__logistic(a[w + k] + u[w + k]);
      c[k] = 2.0f * floe__logistic(2.0f * (a[2 * w + k] + r[k] * u[2 * w + k])) - 1.0f;
      h[k] = before[k] + there[i] * (1.0f - z[k]) * (c[k] - before[k]);
      mean[k] += there[i] * share[i] * h[k];
    }
}

static void step_forward(const struct floe__gru *gru, const float *block, const struct floe__series *s,
                         const struct panel *p, size_t t) {
  const struct floe__panel_functions *f = floe__panel_functions();
  const size_t width = gru->width, w = width * PANEL;
  const struct step step = step_at(gru, s, p, t);
  const float position = s->longest > 1 ? 2.0f * (float)t / (float)(s->longest - 1) - 1.0f : 0;
  f->gather(p->n, gru->n_feature, s->x + p->first * s->stride + t * s->step, s->stride, NULL, false, step.x);
  for (size_t i = 0; i < PANEL; i++) step.x[gru->n_feature * PANEL + i] = position;
  memcpy(step.before, p->h, w * sizeof(float));
  memcpy(p->a, p->pre, 3 * w * sizeof(float));
  memset(p->u, 0, 3 * w * sizeof(float));
  f->multiply(3 * width, gru->n_feature + 1, block + gru->input.weight, gru->n_feature + 1, 1, NULL, step.x, p->a);
  f->multiply(3 * width, width, block + gru->state.weight, width, 1, NULL, step.before, p->u);
  memcpy(step.uc, p->u + 2 * w, w * sizeof(float));
  gates(width, p->a, p->u, step.there, p->share, step.before, step.r, step.z, step.c, p->h, p->mean);
}

void floe__gru_forward(const struct floe__gru *gru, const float *block, const struct floe__series *s, const float *pre,
                       float *work, float *y, size_t y_stride) {
  const struct floe__panel_functions *f = floe__panel_functions();
  const size_t width = gru->width, w = width * PANEL;
  for (size_t k = 0; k < n_panel(s->n); k++) {
    const struct panel p = panel_at(gru, s, k, work);
    for (size_t j = 0; j < 3 * width; j++)
      for (size_t i = 0; i < PANEL; i++) p.pre[j * PANEL + i] = block[gru->input.bias + j];
    f->gather(p.n, 3 * width, pre + p.first * 3 * width, 3 * width, NULL, true, p.pre);
    memset(p.h, 0, 2 * w * sizeof(float)); /* and the mean, behind it */
    for (size_t t = 0; t < p.longest; t++) step_forward(gru, block, s, &p, t);
    f->scatter(p.n, width, p.h, y + p.first * y_stride, y_stride);
    f->scatter(p.n, width, p.mean, y + p.first * y_stride + width, y_stride);
  }
}

/* ---- and back ---- */

/* dh (width, PANEL): by the state after the step, becomes the part by the state before that does not pass through U. */
FLOE__FOR_EACH_CPU static void gates_backward(size_t width, const struct step *step, const float *restrict share,
                                              const float *restrict d_mean, float *restrict dh, float *restrict da,
                                              float *restrict du) {
  const float *restrict r = step->r, *restrict z = step->z, *restrict c = step->c, *restrict uc = step->uc;
  const float *restrict before = step->before, *restrict there = step->there;
  const size_t w = width * PANEL;
  for (size_t j = 0; j < w; j += PANEL)
    for (size_t i = 0; i < PANEL; i++) {
      const size_t k = j + i;
      const float d = dh[k] + there[i] * share[i] * d_mean[k], alive = there[i] * d;
      const float by_c = alive * (1.0f - z[k]) * (1.0f - c[k] * c[k]);
      const float by_z = alive * (before[k] - c[k]) * z[k] * (1.0f - z[k]);
      const float by_r = by_c * uc[k] * r[k] * (1.0f - r[k]);
      da[k] = du[k] = by_r;
      da[w + k] = du[w + k] = by_z;
      da[2 * w + k] = by_c;
      du[2 * w + k] = by_c * r[k];
      dh[k] = d - alive * (1.0f - z[k]);
    }
}

FLOE__FOR_EACH_CPU static void add(size_t n, const float *restrict x, float *restrict y) {
  for (size_t k = 0; k < n; k++) y[k] += x[k];
}

void floe__gru_backward(const struct floe__gru *gru, const float *block, const struct floe__series *s, float *work,
                        const float *dy, size_t dy_stride, float *d_pre, float *gradient) {
  const struct floe__panel_functions *f = floe__panel_functions();
  const size_t width = gru->width, w = width * PANEL;
  for (size_t k = 0; k < n_panel(s->n); k++) {
    const struct panel p = panel_at(gru, s, k, work);
    f->gather(p.n, width, dy + p.first * dy_stride, dy_stride, NULL, false, p.dh);
    f->gather(p.n, width, dy + p.first * dy_stride + width, dy_stride, NULL, false, p.mean);
    memset(p.pre, 0, 3 * w * sizeof(float));
    for (size_t t = p.longest; t-- > 0;) {
      const struct step step = step_at(gru, s, &p, t);
      gates_backward(width, &step, p.share, p.mean, p.dh, p.da, p.du);
      add(3 * w, p.da, p.pre);
      f->outer(3 * width, gru->n_feature + 1, p.da, step.x, p.spare, gradient + gru->input.weight);
      f->outer(3 * width, width, p.du, step.before, p.spare, gradient + gru->state.weight);
      f->multiply(width, 3 * width, block + gru->state.weight, 1, width, NULL, p.du, p.dh);
    }
    f->sum_rows(3 * width, p.pre, gradient + gru->input.bias);
    f->scatter(p.n, 3 * width, p.pre, d_pre + p.first * 3 * width, 3 * width);
  }
}
