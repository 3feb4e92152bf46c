#include "runtime/flow/matching.h"

#include <math.h>
#include <string.h>

#include "runtime/nn/panel.h"

enum { PANEL = FLOE__PANEL, OF_TIME = 3, STAGES = 7, MOST_STEPS = 400 };
static const float tolerance = 1e-4f, trace_tolerance = 1e-3f;

/* Work space: the perceptron's input, velocities, and its own; then of the solver, for one panel: states at a stage and
 * after the step, stages and traces of each, and the mask. */
struct places {
  float *in, *v, *net, *state, *next, *stage, *trace, *mask;
};

static size_t divide(const struct floe__flow *flow, size_t n, float *work, struct places *p) {
  const size_t d = flow->n, rows = n > PANEL ? n : PANEL;
  const struct floe__part parts[] = {{rows * flow->net.n_in, &p->in},
                                     {rows * d, &p->v},
                                     {floe__mlp_work(&flow->net, rows), &p->net},
                                     {PANEL * d, &p->state},
                                     {PANEL * d, &p->next},
                                     {STAGES * PANEL * d, &p->stage},
                                     {STAGES * PANEL, &p->trace},
                                     {PANEL * d, &p->mask}};
  return floe__block_divide(sizeof parts / sizeof *parts, parts, work);
}

static size_t work_floats(const struct floe__flow *flow, size_t n) {
  struct places p;
  return divide(flow, n, NULL, &p);
}

/* The perceptron's input of one row. */
static void write_input(const struct floe__flow *flow, const float *x, const float *mask, float t, float *in) {
  const float angle = 3.14159265f * t;
  for (size_t j = 0; j < flow->n; j++) in[j] = x[j] * mask[j];
  in[flow->n] = 2 * t - 1;
  in[flow->n + 1] = cosf(angle);
  in[flow->n + 2] = sinf(2 * angle);
}

/* ---- learning ---- */

static void learn(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                  const struct floe__flow_noise *noise, const float *x_1, float *work, float *loss) {
  const size_t d = flow->n, n_in = flow->net.n_in;
  const float *x_0 = noise->x, *t = noise->t;
  struct places p;
  divide(flow, rows->n, work, &p);
  for (size_t i = 0; i < rows->n; i++) {
    float *in = p.in + i * n_in;
    for (size_t j = 0; j < d; j++) p.v[i * d + j] = (1 - t[i]) * x_0[i * d + j] + t[i] * x_1[i * d + j];
    write_input(flow, p.v + i * d, rows->mask + i * d, t[i], in);
  }
  floe__mlp_forward(&flow->net, block, rows->n, p.in, n_in, &rows->pre, p.net, p.v);
  for (size_t i = 0; i < rows->n; i++) {
    loss[i] = 0;
    for (size_t j = i * d; j < (i + 1) * d; j++) {
      p.v[j] = rows->mask[j] != 0 ? p.v[j] - (x_1[j] - x_0[j]) : 0;
      loss[i] += p.v[j] * p.v[j];
    }
  }
}

static void learn_backward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                           float *work, const float *by_loss, float *d_pre, float *gradient) {
  struct places p;
  divide(flow, rows->n, work, &p);
  for (size_t i = 0; i < rows->n; i++)
    for (size_t j = i * flow->n; j < (i + 1) * flow->n; j++) p.v[j] *= 2 * by_loss[i];
  floe__mlp_backward(&flow->net, block, rows->n, p.net, p.v, NULL, 0, d_pre, flow->net.width, gradient);
}

/* ---- solving ---- */

static const float nodes[STAGES] = {0, 1.0f / 5, 3.0f / 10, 4.0f / 5, 8.0f / 9, 1, 1};
static const float stage_weights[STAGES][STAGES - 1] = {
    {0},
    {1.0f / 5},
    {3.0f / 40, 9.0f / 40},
    {44.0f / 45, -56.0f / 15, 32.0f / 9},
    {19372.0f / 6561, -25360.0f / 2187, 64448.0f / 6561, -212.0f / 729},
    {9017.0f / 3168, -355.0f / 33, 46732.0f / 5247, 49.0f / 176, -5103.0f / 18656},
    {35.0f / 384, 0, 500.0f / 1113, 125.0f / 192, -2187.0f / 6784, 11.0f / 84}};
static const float error_weights[STAGES] = {71.0f / 57600,      0,           -71.0f / 16695, 71.0f / 1920,
                                            -17253.0f / 339200, 22.0f / 525, -1.0f / 40};

struct solve { /* one panel of rows */
  const struct floe__flow *flow;
  const float *block;
  struct floe__pre pre;
  struct places places;
  size_t n;
  int back, wants_trace;
  float s[PANEL], h[PANEL], trace[PANEL]; /* way gone, 0 .. 1; step; integral of the trace so far */
};

/* Stage k of all lanes: velocities along the way, and their traces. */
static void evaluate(struct solve *w, size_t k) {
  const struct floe__flow *flow = w->flow;
  const size_t d = flow->n, n_in = flow->net.n_in;
  const struct places *p = &w->places;
  const float direction = w->back ? -1.0f : 1.0f;
  float *v = p->stage + k * PANEL * d, *trace = p->trace + k * PANEL;
  for (size_t i = 0; i < w->n; i++) {
    const float *x = p->state + i * d, s = w->s[i] + nodes[k] * w->h[i];
    float *at = p->next + i * d;
    for (size_t j = 0; j < d; j++) {
      float sum = 0;
      for (size_t l = 0; l < k; l++) sum += stage_weights[k][l] * p->stage[l * PANEL * d + i * d + j];
      at[j] = x[j] + w->h[i] * sum;
    }
    write_input(flow, at, p->mask + i * d, w->back ? 1 - s : s, p->in + i * n_in);
  }
  floe__mlp_forward(&flow->net, w->block, w->n, p->in, n_in, &w->pre, p->net, v);
  if (w->wants_trace) floe__mlp_trace(&flow->net, w->block, w->n, p->net, p->mask, trace);
  for (size_t i = 0; i < w->n * d; i++) v[i] = p->mask[i] != 0 ? direction * v[i] : 0;
  for (size_t i = 0; i < w->n; i++) trace[i] = w->wants_trace ? direction * trace[i] : 0;
}

/* The estimated error of lane i's step, in units of what is tolerated. */
static float error_of(const struct solve *w, size_t i) {
  const size_t d = w->flow->n;
  const struct places *p = &w->places;
  float largest = 0, trace = 0;
  for (size_t l = 0; l < STAGES; l++) trace += error_weights[l] * p->trace[l * PANEL + i];
  largest = fabsf(w->h[i] * trace) / trace_tolerance;
  for (size_t j = 0; j < d; j++) {
    float sum = 0;
    for (size_t l = 0; l < STAGES; l++) sum += error_weights[l] * p->stage[l * PANEL * d + i * d + j];
    const float size = fabsf(w->h[i] * sum) / (tolerance * (1 + fabsf(p->state[i * d + j])));
    largest = size > largest || isnan(size) ? size : largest;
  }
  return largest;
}

/* Takes lane i's step, or shortens it. After MOST_STEPS any step is taken. */
static void settle(struct solve *w, size_t i, int any) {
  const size_t d = w->flow->n;
  const struct places *p = &w->places;
  const float error = error_of(w, i), last = 1 - w->s[i];
  const int taken = error <= 1 || any;
  float factor = error > 0 ? 0.9f * powf(error, -0.2f) : 5;
  factor = !(factor > 0.2f) ? 0.2f : factor > 5 ? 5 : factor;
  if (taken) {
    for (size_t l = 0; l < STAGES - 1; l++)
      w->trace[i] += w->h[i] * stage_weights[STAGES - 1][l] * p->trace[l * PANEL + i];
    memcpy(p->state + i * d, p->next + i * d, d * sizeof(float));
    memcpy(p->stage + i * d, p->stage + (STAGES - 1) * PANEL * d + i * d, d * sizeof(float));
    p->trace[i] = p->trace[(STAGES - 1) * PANEL + i];
    w->s[i] = w->h[i] >= last ? 1 : w->s[i] + w->h[i];
  }
  const float rest = 1 - w->s[i], h = w->h[i] * factor;
  w->h[i] = rest <= 0 ? 0 : any ? rest : h < rest ? h : rest;
}

static void solve_panel(struct solve *w) {
  size_t left = w->n;
  for (size_t i = 0; i < w->n; i++) w->s[i] = w->trace[i] = 0, w->h[i] = 0.1f;
  evaluate(w, 0);
  for (size_t step = 0; left > 0; step++) {
    for (size_t k = 1; k < STAGES; k++) evaluate(w, k);
    left = 0;
    for (size_t i = 0; i < w->n; i++) {
      if (w->s[i] < 1) settle(w, i, step >= MOST_STEPS);
      left += w->s[i] < 1;
    }
  }
}

/* From t = 1 to 0, with `inverse` from 0 to 1. log_det: of the derivative of what stands at 0 by what stands at 1. */
static void carry(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows, int inverse,
                  const float *x, float *work, float *y, float *log_det) {
  const size_t d = flow->n;
  struct solve w = {.flow = flow, .block = block, .back = !inverse, .wants_trace = log_det != NULL};
  divide(flow, rows->n, work, &w.places);
  for (size_t first = 0; first < rows->n; first += PANEL) {
    w.n = rows->n - first < PANEL ? rows->n - first : PANEL;
    w.pre = rows->pre;
    w.pre.value += first * w.pre.stride;
    memcpy(w.places.state, x + first * d, w.n * d * sizeof(float));
    memcpy(w.places.mask, rows->mask + first * d, w.n * d * sizeof(float));
    solve_panel(&w);
    memcpy(y + first * d, w.places.state, w.n * d * sizeof(float));
    for (size_t i = 0; log_det && i < w.n; i++) log_det[first + i] = inverse ? -w.trace[i] : w.trace[i];
  }
}

const struct floe__head floe__matching = {.n_in = 1,
                                          .n_more = OF_TIME,
                                          .n_out = 1,
                                          .work = work_floats,
                                          .carry = carry,
                                          .loss = learn,
                                          .loss_backward = learn_backward};
