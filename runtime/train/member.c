#include "runtime/train/member.h"

#include <math.h>
#include <string.h>

#include "runtime/nn/elementary.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"

static const float log_sqrt_2pi = 0.918938533f;

/* Streams of a member: its own range of units. */
static uint64_t unit(size_t index, uint64_t part) {
  return (uint64_t)index * 4096 + part;
}

static int is_perceptron(const struct floe__architecture *a) {
  return floe__flow_is_perceptron(a->posterior);
}

/* One perceptron does what the layers of a coupling flow share. */
static size_t flow_width(const struct floe__architecture *a) {
  return is_perceptron(a) ? 2 * a->width : a->width;
}

int floe__member_make(struct floe__member *m, const struct floe__architecture *shape, uint64_t seed, size_t index) {
  const struct floe__architecture *a = shape;
  *m = (struct floe__member){.shape = *a};
  size_t used = 0;
  const struct floe__summary_shape summary = {.n_context = a->n_context,
                                              .n_flat = a->n_flat,
                                              .n_row = a->n_row,
                                              .n_item = a->n_item,
                                              .longest = a->longest,
                                              .width = a->width < 128 ? 128 : a->width,
                                              .n_out = a->summary,
                                              .rows = a->rows,
                                              .inner = a->inner,
                                              .in_rows = a->in_rows};
  m->summary = floe__summary_make(&used, &summary);
  if (a->n_global > 0) {
    const size_t layers = a->n_global == 1 && a->layers > 2 && !is_perceptron(a) ? 2 : a->layers;
    if (!floe__flow_make(&m->global, a->posterior, &used, a->n_global, layers, flow_width(a), seed, unit(index, 0)))
      return 0;
    m->global_condition = floe__linear_make(&used, a->summary + a->n_context, m->global.n_pre, 0);
  }
  if (a->n_local > 0) {
    const size_t layers = a->n_local == 1 && !is_perceptron(a) ? 1 : a->layers < 4 ? a->layers : 4;
    if (!floe__flow_make(&m->local, a->posterior, &used, a->n_local, layers, flow_width(a), seed, unit(index, 512))) {
      floe__member_drop(m);
      return 0;
    }
    m->local_condition = floe__linear_make(&used, a->n_global + a->summary + a->n_context, m->local.n_pre, 0);
    m->local_row = floe__linear_make(&used, m->summary.n_row_in, m->local.n_pre, 0);
  }
  m->n_weight = used;
  return 1;
}

void floe__member_drop(struct floe__member *m) {
  floe__flow_drop(&m->global);
  floe__flow_drop(&m->local);
}

void floe__member_start(const struct floe__member *m, float *weights, uint64_t seed, size_t index) {
  memset(weights, 0, m->n_weight * sizeof(float));
  floe__summary_start(&m->summary, weights, seed, unit(index, 3072));
  if (m->global.n > 0) {
    floe__linear_start(&m->global_condition, weights, 1, seed, unit(index, 1100));
    floe__flow_start(&m->global, weights, seed, unit(index, 1200));
  }
  if (m->local.n > 0) {
    floe__linear_start(&m->local_condition, weights, 1, seed, unit(index, 1101));
    floe__linear_start(&m->local_row, weights, 1, seed, unit(index, 1102));
    floe__flow_start(&m->local, weights, seed, unit(index, 2048));
  }
}

/* Work space of a batch. */
struct places {
  float *summary, *h, *dh;
  float *condition, *d_condition;             /* (n, summary + context) */
  float *pre, *d_pre, *flow, *z, *log_det;    /* of the global flow */
  float *local_condition, *d_local_condition; /* (n, globals + summary + context) */
  float *local_shared, *d_local_shared;       /* (n, local n_pre) */
  float *local_pre, *d_local_pre, *local_flow, *local_z, *local_log_det;
  float *other, *local_other; /* as z and local_z, where pairs of draws are held against simulations */
  float *row_loss;            /* (n_row) of perceptrons */
  float *d_rows; /* (n_row, what the summary knows of a row), where a network makes part of that; else NULL */
};

/* Whether the local flow's condition has a part that the summary's networks make of a row. */
static int has_row_network(const struct floe__member *m) {
  return m->local.n > 0 && m->summary.n_row_in > m->summary.n_plain_row;
}

static size_t divide(const struct floe__member *m, size_t n, size_t n_row, float *work, struct places *p) {
  const size_t s = m->shape.summary, c = s + m->shape.n_context, l = m->shape.n_global + c;
  const size_t g_pre = m->global.n_pre, l_pre = m->local.n_pre;
  const int pairs = m->shape.posterior == FLOE__ONE_STEP;
  const struct floe__part parts[] = {
      {floe__summary_work(&m->summary, n, n_row), &p->summary},
      {n * s, &p->h},
      {n * s, &p->dh},
      {n * c, &p->condition},
      {n * c, &p->d_condition},
      {n * g_pre, &p->pre},
      {n * g_pre, &p->d_pre},
      {m->global.n > 0 ? floe__flow_work(&m->global, n) : 0, &p->flow},
      {n * m->global.n, &p->z},
      {n, &p->log_det},
      {n * l, &p->local_condition},
      {n * l, &p->d_local_condition},
      {n * l_pre, &p->local_shared},
      {n * l_pre, &p->d_local_shared},
      {n_row * l_pre, &p->local_pre},
      {n_row * l_pre, &p->d_local_pre},
      {m->local.n > 0 ? floe__flow_work(&m->local, n_row) : 0, &p->local_flow},
      {n_row * m->local.n, &p->local_z},
      {n_row, &p->local_log_det},
      {n_row, &p->row_loss},
      {pairs ? n * m->global.n : 0, &p->other},
      {pairs ? n_row * m->local.n : 0, &p->local_other},
      {has_row_network(m) ? n_row * m->summary.n_row_in : 0, &p->d_rows},
  };
  const size_t used = floe__block_divide(sizeof parts / sizeof *parts, parts, work);
  if (!has_row_network(m)) p->d_rows = NULL;
  return used;
}

size_t floe__member_work(const struct floe__member *m, size_t n, size_t n_row) {
  struct places p;
  return divide(m, n, n_row, NULL, &p);
}

/* log density of the flow's result, of one row */
static float log_base(size_t n, const float *z, const float *mask) {
  float sum = 0;
  for (size_t j = 0; j < n; j++) sum += mask[j] != 0 ? -0.5f * z[j] * z[j] - log_sqrt_2pi : 0.0f;
  return sum;
}

static struct floe__flow_rows global_rows(const struct floe__batch *batch, const struct floe__member *m,
                                          const float *pre) {
  return (struct floe__flow_rows){
      .n = batch->n, .mask = batch->global_mask, .pre = {pre, m->global.n_pre, NULL}, .keeps = 1};
}
static struct floe__flow_rows local_rows(const struct floe__batch *batch, const struct floe__member *m,
                                         const float *pre) {
  return (struct floe__flow_rows){
      .n = batch->n_row, .mask = batch->local_mask, .pre = {pre, m->local.n_pre, NULL}, .keeps = 1};
}

static void join_conditions(const struct floe__member *m, const struct floe__batch *batch, const struct places *p) {
  const size_t s = m->shape.summary, x = m->shape.n_context;
  for (size_t i = 0; i < batch->n; i++) {
    float *condition = p->condition + i * (s + x);
    memcpy(condition, p->h + i * s, s * sizeof(float));
    if (x > 0) memcpy(condition + s, batch->context + i * x, x * sizeof(float));
  }
}

static void join_local_conditions(const struct floe__member *m, const struct floe__batch *batch,
                                  const struct places *p) {
  const size_t rest = m->shape.summary + m->shape.n_context, g = m->shape.n_global;
  for (size_t i = 0; i < batch->n; i++) {
    float *local = p->local_condition + i * (g + rest);
    for (size_t j = 0; j < g; j++) local[j] = batch->global[i * g + j] * batch->global_mask[i * g + j];
    memcpy(local + g, p->condition + i * rest, rest * sizeof(float));
  }
}

/* y (n_row, width) += shared (n, width) of each row's owner */
FLOE__FOR_EACH_CPU static void add_shared(size_t n_row, size_t width, const uint32_t *owner, const float *shared,
                                          float *y) {
  for (size_t r = 0; r < n_row; r++)
    for (size_t j = 0; j < width; j++) y[r * width + j] += shared[owner[r] * width + j];
}

/* sum (n, width) += d (n_row, width), to each row's owner */
FLOE__FOR_EACH_CPU static void sum_shared(size_t n_row, size_t width, const uint32_t *owner, const float *d,
                                          float *sum) {
  for (size_t r = 0; r < n_row; r++)
    for (size_t j = 0; j < width; j++) sum[owner[r] * width + j] += d[r * width + j];
}

/* The summary, and what the global flow is given. */
static void condition(const struct floe__member *m, const float *weights, const struct floe__batch *batch,
                      const struct places *p) {
  floe__summary_forward(&m->summary, weights, batch, p->summary, p->h);
  join_conditions(m, batch, p);
  if (m->global.n > 0)
    floe__linear_forward(&m->global_condition, weights, batch->n, p->condition, m->shape.summary + m->shape.n_context,
                         p->pre, m->global.n_pre, 0);
}

/* What the local flow is given, once the globals are there. */
static void condition_local(const struct floe__member *m, const float *weights, const struct floe__batch *batch,
                            const struct places *p) {
  const size_t width = m->local.n_pre, n_in = m->shape.n_global + m->shape.summary + m->shape.n_context;
  size_t stride;
  const float *rows = floe__summary_rows(&m->summary, batch, p->summary, &stride);
  join_local_conditions(m, batch, p);
  floe__linear_forward(&m->local_condition, weights, batch->n, p->local_condition, n_in, p->local_shared, width, 0);
  floe__linear_forward(&m->local_row, weights, batch->n_row, rows, stride, p->local_pre, width, 0);
  add_shared(batch->n_row, width, batch->owner, p->local_shared, p->local_pre);
}

/* log q of the batch's coordinates, once conditioned. */
static void density(const struct floe__member *m, const float *weights, const struct floe__batch *batch,
                    const struct places *p, float *log_q) {
  memset(log_q, 0, batch->n * sizeof(float));
  if (m->global.n > 0) {
    const struct floe__flow_rows rows = global_rows(batch, m, p->pre);
    floe__flow_forward(&m->global, weights, &rows, batch->global, p->flow, p->z, p->log_det);
    for (size_t i = 0; i < batch->n; i++)
      log_q[i] = p->log_det[i] + log_base(m->global.n, p->z + i * m->global.n, batch->global_mask + i * m->global.n);
  }
  if (m->local.n == 0) return;
  const struct floe__flow_rows rows = local_rows(batch, m, p->local_pre);
  floe__flow_forward(&m->local, weights, &rows, batch->local, p->local_flow, p->local_z, p->local_log_det);
  for (size_t r = 0; r < batch->n_row; r++)
    log_q[batch->owner[r]] +=
        p->local_log_det[r] + log_base(m->local.n, p->local_z + r * m->local.n, batch->local_mask + r * m->local.n);
}

void floe__member_log_q(const struct floe__member *m, const float *weights, const struct floe__batch *batch,
                        float *work, float *log_q) {
  struct places p;
  divide(m, batch->n, batch->n_row, work, &p);
  condition(m, weights, batch, &p);
  if (m->local.n > 0) condition_local(m, weights, batch, &p);
  density(m, weights, batch, &p, log_q);
}

void floe__member_draw(const struct floe__member *m, const float *weights, const struct floe__batch *batch, float *work,
                       float *log_q) {
  struct places p;
  divide(m, batch->n, batch->n_row, work, &p);
  condition(m, weights, batch, &p);
  if (m->global.n > 0) {
    const struct floe__flow_rows rows = global_rows(batch, m, p.pre);
    floe__flow_inverse(&m->global, weights, &rows, batch->global, p.flow, batch->global, p.log_det);
    floe__clear_absent(batch->n * m->global.n, batch->global_mask, batch->global);
  }
  if (m->local.n > 0) {
    condition_local(m, weights, batch, &p);
    const struct floe__flow_rows rows = local_rows(batch, m, p.local_pre);
    floe__flow_inverse(&m->local, weights, &rows, batch->local, p.local_flow, batch->local, p.local_log_det);
    floe__clear_absent(batch->n_row * m->local.n, batch->local_mask, batch->local);
  }
  density(m, weights, batch, &p, log_q);
}

/* d log q / dz = -z where present; z (n, width), by_log_q (n) */
static void base_backward(size_t n, size_t width, const float *by_log_q, const float *mask, float *z) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = i * width; k < (i + 1) * width; k++) z[k] = mask[k] != 0 ? -by_log_q[i] * z[k] : 0;
}

/* From the local flow's d_local_pre to its condition. */
static void local_condition_backward(const struct floe__member *m, const float *weights,
                                     const struct floe__batch *batch, const struct places *p, float *gradient) {
  const size_t width = m->local.n_pre, g = m->shape.n_global, s = m->shape.summary, n_in = g + s + m->shape.n_context;
  size_t stride;
  memset(p->d_local_shared, 0, batch->n * width * sizeof(float));
  sum_shared(batch->n_row, width, batch->owner, p->d_local_pre, p->d_local_shared);
  const float *known = floe__summary_rows(&m->summary, batch, p->summary, &stride);
  floe__linear_backward(&m->local_row, weights, batch->n_row, known, stride, p->d_local_pre, width, p->d_rows,
                        m->summary.n_row_in, 0, gradient);
  floe__linear_backward(&m->local_condition, weights, batch->n, p->local_condition, n_in, p->d_local_shared, width,
                        p->d_local_condition, n_in, 0, gradient);
  for (size_t i = 0; i < batch->n; i++)
    for (size_t j = 0; j < s; j++) p->dh[i * s + j] += p->d_local_condition[i * n_in + g + j];
}

/* From the global flow's d_pre to the summary. */
static void global_condition_backward(const struct floe__member *m, const float *weights,
                                      const struct floe__batch *batch, const struct places *p, float *gradient) {
  const size_t s = m->shape.summary, n_in = s + m->shape.n_context;
  floe__linear_backward(&m->global_condition, weights, batch->n, p->condition, n_in, p->d_pre, m->global.n_pre,
                        p->d_condition, n_in, 0, gradient);
  for (size_t i = 0; i < batch->n; i++) memcpy(p->dh + i * s, p->d_condition + i * n_in, s * sizeof(float));
}

void floe__member_backward(const struct floe__member *m, const float *weights, const struct floe__batch *batch,
                           float *work, const float *by_log_q, float *gradient) {
  struct places p;
  divide(m, batch->n, batch->n_row, work, &p);
  memset(p.dh, 0, batch->n * m->shape.summary * sizeof(float));
  if (m->global.n > 0) {
    const struct floe__flow_rows rows = global_rows(batch, m, p.pre);
    base_backward(batch->n, m->global.n, by_log_q, batch->global_mask, p.z);
    floe__flow_backward(&m->global, weights, &rows, p.flow, p.z, by_log_q, p.d_pre, gradient);
    global_condition_backward(m, weights, batch, &p, gradient);
  }
  if (m->local.n > 0) {
    const struct floe__flow_rows rows = local_rows(batch, m, p.local_pre);
    float *by_row = p.local_log_det; /* not needed any more */
    for (size_t r = 0; r < batch->n_row; r++) by_row[r] = by_log_q[batch->owner[r]];
    base_backward(batch->n_row, m->local.n, by_row, batch->local_mask, p.local_z);
    floe__flow_backward(&m->local, weights, &rows, p.local_flow, p.local_z, by_row, p.d_local_pre, gradient);
    local_condition_backward(m, weights, batch, &p, gradient);
  }
  floe__summary_backward(&m->summary, weights, batch, p.summary, p.dh, p.d_rows, gradient);
}

/* ---- perceptrons, which learn by another loss ---- */

#define SECOND_NOISE (UINT64_C(1) << 60) /* units behind all others */

/* x (n, width): standard normal; t (n): spread evenly over 0 .. 1, from a random start. */
static void draw_noise(const struct floe__noise *noise, uint64_t local, size_t n, size_t width, float *x, float *t) {
  const uint64_t unit = 2 * noise->unit + local, first = (uint64_t)noise->first << 24;
  double start;
  floe__uniform_fill(noise->seed, FLOE_PURPOSE_MATCH, unit, noise->first, 1, &start);
  floe__normal_fill_float(noise->seed, FLOE_PURPOSE_MATCH, unit, first, n * width, x);
  for (size_t i = 0; i < n; i++) {
    const double at = start + 0.6180339887498949 * (double)i;
    t[i] = (float)(at - (double)(size_t)at);
  }
}

/* Also a second set of normal numbers, for two draws of each, of other units. */
static void draw_all_noise(const struct floe__member *m, const struct floe__noise *noise, uint64_t local, size_t n,
                           size_t width, float *x, float *other, float *t) {
  struct floe__noise again = *noise;
  again.unit += SECOND_NOISE;
  if (m->shape.posterior == FLOE__ONE_STEP) draw_noise(&again, local, n, width, other, t);
  draw_noise(noise, local, n, width, x, t);
}

static void perceptron_loss(const struct floe__member *m, const float *weights, const struct floe__batch *batch,
                            const struct floe__noise *noise, const struct places *p, float *loss) {
  memset(loss, 0, batch->n * sizeof *loss);
  condition(m, weights, batch, p);
  if (m->global.n > 0) {
    const struct floe__flow_rows rows = global_rows(batch, m, p->pre);
    draw_all_noise(m, noise, 0, batch->n, m->global.n, p->z, p->other, p->log_det);
    const struct floe__flow_noise drawn = {p->z, p->other, p->log_det, noise->progress, NULL};
    floe__flow_loss(&m->global, weights, &rows, &drawn, batch->global, p->flow, loss);
  }
  if (m->local.n == 0) return;
  condition_local(m, weights, batch, p);
  const struct floe__flow_rows rows = local_rows(batch, m, p->local_pre);
  draw_all_noise(m, noise, 1, batch->n_row, m->local.n, p->local_z, p->local_other, p->local_log_det);
  const struct floe__flow_noise drawn = {p->local_z, p->local_other, p->local_log_det, noise->progress, NULL};
  floe__flow_loss(&m->local, weights, &rows, &drawn, batch->local, p->local_flow, p->row_loss);
  for (size_t r = 0; r < batch->n_row; r++) loss[batch->owner[r]] += p->row_loss[r];
}

static void perceptron_backward(const struct floe__member *m, const float *weights, const struct floe__batch *batch,
                                const struct places *p, float by_loss, float *gradient) {
  memset(p->dh, 0, batch->n * m->shape.summary * sizeof(float));
  if (m->global.n > 0) {
    const struct floe__flow_rows rows = global_rows(batch, m, p->pre);
    for (size_t i = 0; i < batch->n; i++) p->log_det[i] = by_loss;
    floe__flow_loss_backward(&m->global, weights, &rows, p->flow, p->log_det, p->d_pre, gradient);
    global_condition_backward(m, weights, batch, p, gradient);
  }
  if (m->local.n > 0) {
    const struct floe__flow_rows rows = local_rows(batch, m, p->local_pre);
    for (size_t r = 0; r < batch->n_row; r++) p->local_log_det[r] = by_loss;
    floe__flow_loss_backward(&m->local, weights, &rows, p->local_flow, p->local_log_det, p->d_local_pre, gradient);
    local_condition_backward(m, weights, batch, p, gradient);
  }
  floe__summary_backward(&m->summary, weights, batch, p->summary, p->dh, p->d_rows, gradient);
}

/* ---- the loss ---- */

void floe__member_loss(const struct floe__member *m, const float *weights, const struct floe__batch *batch,
                       const struct floe__noise *noise, float *work, float *loss) {
  struct places p;
  divide(m, batch->n, batch->n_row, work, &p);
  if (is_perceptron(&m->shape)) {
    perceptron_loss(m, weights, batch, noise, &p, loss);
    return;
  }
  floe__member_log_q(m, weights, batch, work, loss);
  for (size_t i = 0; i < batch->n; i++) loss[i] = -loss[i];
}

void floe__member_loss_backward(const struct floe__member *m, const float *weights, const struct floe__batch *batch,
                                float *work, float by_loss, float *gradient) {
  struct places p;
  divide(m, batch->n, batch->n_row, work, &p);
  if (is_perceptron(&m->shape)) {
    perceptron_backward(m, weights, batch, &p, by_loss, gradient);
    return;
  }
  for (size_t i = 0; i < batch->n; i++) p.log_det[i] = -by_loss; /* the determinants are not needed any more */
  floe__member_backward(m, weights, batch, work, p.log_det, gradient);
}

/* ---- draws, held against simulations ---- */

enum { N_PAIR = 2 };

static float distance(size_t n, const float *x, const float *y, const float *mask) {
  float squares = 0;
  for (size_t j = 0; j < n; j++) squares += mask[j] != 0 ? (x[j] - y[j]) * (x[j] - y[j]) : 0;
  return sqrtf(squares);
}

/* Adds the energy score of each row (n) of x, from pairs of draws. a, b, t: work space; score may be t. */
static void add_energy(const struct floe__flow *flow, const float *weights, const struct floe__flow_rows *rows,
                       const struct floe__noise *noise, uint64_t local, const float *x, float *work, float *a, float *b,
                       float *t, float *score) {
  const size_t d = flow->n;
  memset(score, 0, rows->n * sizeof *score);
  for (size_t pair = 0; pair < N_PAIR; pair++) {
    struct floe__noise here = *noise;
    here.unit += 2 * pair;
    draw_noise(&here, local, rows->n, d, a, t);
    here.unit++;
    draw_noise(&here, local, rows->n, d, b, t);
    floe__flow_inverse(flow, weights, rows, a, work, a, t);
    floe__flow_inverse(flow, weights, rows, b, work, b, t);
    for (size_t i = 0; i < rows->n; i++) {
      const float *mask = rows->mask + i * d, *of_a = a + i * d, *of_b = b + i * d;
      score[i] +=
          (distance(d, of_a, x + i * d, mask) + distance(d, of_b, x + i * d, mask) - distance(d, of_a, of_b, mask)) /
          (2 * N_PAIR);
    }
  }
}

void floe__member_score(const struct floe__member *m, const float *weights, const struct floe__batch *batch,
                        const struct floe__noise *noise, float *work, float *score) {
  struct places p;
  if (m->shape.posterior != FLOE__ONE_STEP) {
    floe__member_loss(m, weights, batch, noise, work, score);
    return;
  }
  divide(m, batch->n, batch->n_row, work, &p);
  memset(score, 0, batch->n * sizeof *score);
  condition(m, weights, batch, &p);
  if (m->global.n > 0) {
    const struct floe__flow_rows rows = global_rows(batch, m, p.pre);
    add_energy(&m->global, weights, &rows, noise, 0, batch->global, p.flow, p.z, p.other, p.log_det, score);
  }
  if (m->local.n == 0) return;
  condition_local(m, weights, batch, &p);
  const struct floe__flow_rows rows = local_rows(batch, m, p.local_pre);
  add_energy(&m->local, weights, &rows, noise, 1, batch->local, p.local_flow, p.local_z, p.local_other, p.local_log_det,
             p.row_loss);
  for (size_t r = 0; r < batch->n_row; r++) score[batch->owner[r]] += p.row_loss[r];
}
