#include "runtime/summary/summary.h"

#include <string.h>

static int has_rows(const struct floe__summary *s) {
  return s->shape.n_row > 0;
}

static int has_inner(const struct floe__summary *s) {
  return s->inner.kind != FLOE_PERCEPTRON;
}

static int reads_rows(const struct floe__summary *s) {
  return has_inner(s) && s->shape.in_rows;
}

struct floe__summary floe__summary_make(size_t *used, const struct floe__summary_shape *shape) {
  struct floe__summary s = {.shape = *shape, .n_plain_flat = shape->n_flat, .n_plain_row = shape->n_row};
  const enum floe_reading inner = shape->n_item * shape->longest > 0 ? shape->inner : FLOE_PERCEPTRON;
  const size_t n_item = inner == FLOE_PERCEPTRON ? 0 : shape->n_item * shape->longest;
  *(shape->in_rows ? &s.n_plain_row : &s.n_plain_flat) -= n_item;
  if (inner != FLOE_PERCEPTRON)
    s.inner = floe__inner_make(used, inner, shape->n_context, shape->n_item, shape->longest, shape->width);
  s.n_row_in = s.n_plain_row + (reads_rows(&s) ? s.inner.n_out : 0);
  if (has_rows(&s)) s.rows = floe__set_net_make(used, shape->rows, shape->n_context, s.n_row_in, shape->width);
  const size_t n_in = s.rows.n_out + (reads_rows(&s) ? 0 : s.inner.n_out) + s.n_plain_flat + shape->n_context;
  s.trunk = floe__mlp_make(used, n_in, shape->width, has_rows(&s) || has_inner(&s) ? 2 : 3, shape->n_out);
  return s;
}

void floe__summary_start(const struct floe__summary *s, float *block, uint64_t seed, uint64_t unit) {
  if (has_rows(s)) floe__set_net_start(&s->rows, block, seed, unit);
  floe__mlp_start(&s->trunk, block, 1, seed, unit + 16);
  if (has_inner(s)) floe__inner_start(&s->inner, block, seed, unit + 160);
}

/* Work space: the trunk's input, its derivative, and its own; what is known of rows, its derivative, and the rows' own;
 * what the inner network makes of rows, as a part of that, and its own; items of each row. */
struct places {
  float *in, *d_in, *trunk, *row_in, *d_row_in, *rows, *inner, *n_item;
};

static size_t divide(const struct floe__summary *s, size_t n, size_t n_row, float *work, struct places *p) {
  const size_t n_series = reads_rows(s) ? n_row : n;
  const struct floe__part parts[] = {{n * s->trunk.n_in, &p->in},
                                     {n * s->trunk.n_in, &p->d_in},
                                     {floe__mlp_work(&s->trunk, n), &p->trunk},
                                     {reads_rows(s) ? n_row * s->n_row_in : 0, &p->row_in},
                                     {reads_rows(s) ? n_row * s->n_row_in : 0, &p->d_row_in},
                                     {has_rows(s) ? floe__set_net_work(&s->rows, n, n_row, n) : 0, &p->rows},
                                     {has_inner(s) ? floe__inner_work(&s->inner, n_series, n) : 0, &p->inner},
                                     {reads_rows(s) ? n_row : 0, &p->n_item}};
  return floe__block_divide(sizeof parts / sizeof *parts, parts, work);
}

size_t floe__summary_work(const struct floe__summary *s, size_t n, size_t n_row) {
  struct places p;
  return divide(s, n, n_row, NULL, &p);
}

static struct floe__contexts contexts_of(const struct floe__batch *batch, int of_rows) {
  return (struct floe__contexts){batch->n, batch->context, of_rows ? batch->owner : NULL};
}

const float *floe__summary_rows(const struct floe__summary *s, const struct floe__batch *batch, float *work,
                                size_t *stride) {
  struct places p;
  *stride = reads_rows(s) ? s->n_row_in : s->shape.n_row;
  divide(s, batch->n, batch->n_row, work, &p);
  return reads_rows(s) ? p.row_in : batch->rows;
}

static struct floe__sets row_sets(const struct floe__summary *s, const struct floe__batch *batch, float *work) {
  size_t stride;
  const float *x = floe__summary_rows(s, batch, work, &stride);
  return (struct floe__sets){batch->n, batch->n_row, stride, x, batch->first_row};
}

/* The positions as groups: of each row, or of each data set. */
static struct floe__series groups_of(const struct floe__summary *s, const struct floe__batch *batch,
                                     const struct places *p) {
  const struct floe__summary_shape *shape = &s->shape;
  if (shape->in_rows)
    return (struct floe__series){batch->n_row,  shape->longest,
                                 shape->n_row,  shape->n_item,
                                 batch->rows + s->n_plain_row, (uint32_t *)(void *)p->n_item};
  return (struct floe__series){batch->n,      shape->longest,
                               shape->n_flat, shape->n_item,
                               batch->flat + s->n_plain_flat, batch->n_item};
}

static void read_rows(const struct floe__summary *s, const float *block, const struct floe__batch *batch,
                      const struct places *p) {
  const struct floe__contexts contexts = contexts_of(batch, 1);
  uint32_t *n_item = (uint32_t *)(void *)p->n_item;
  for (size_t r = 0; r < batch->n_row; r++) n_item[r] = batch->n_item[batch->owner[r]];
  const struct floe__series groups = groups_of(s, batch, p);
  floe__inner_forward(&s->inner, block, &groups, &contexts, p->inner, p->row_in + s->n_plain_row, s->n_row_in);
  for (size_t r = 0; r < batch->n_row && s->n_plain_row > 0; r++)
    memcpy(p->row_in + r * s->n_row_in, batch->rows + r * s->shape.n_row, s->n_plain_row * sizeof(float));
}

void floe__summary_forward(const struct floe__summary *s, const float *block, const struct floe__batch *batch,
                           float *work, float *h) {
  const size_t n_in = s->trunk.n_in, n_context = s->shape.n_context;
  struct places p;
  size_t at = 0;
  divide(s, batch->n, batch->n_row, work, &p);
  if (reads_rows(s)) read_rows(s, block, batch, &p);
  if (has_rows(s)) {
    const struct floe__contexts contexts = contexts_of(batch, 1);
    const struct floe__sets sets = row_sets(s, batch, work);
    floe__set_net_forward(&s->rows, block, &sets, &contexts, p.rows, p.in, n_in);
    at += s->rows.n_out;
  }
  if (has_inner(s) && !reads_rows(s)) {
    const struct floe__contexts contexts = contexts_of(batch, 0);
    const struct floe__series groups = groups_of(s, batch, &p);
    floe__inner_forward(&s->inner, block, &groups, &contexts, p.inner, p.in + at, n_in);
    at += s->inner.n_out;
  }
  for (size_t i = 0; i < batch->n; i++) {
    float *in = p.in + i * n_in + at;
    if (s->n_plain_flat > 0) memcpy(in, batch->flat + i * s->shape.n_flat, s->n_plain_flat * sizeof(float));
    if (n_context > 0) memcpy(in + s->n_plain_flat, batch->context + i * n_context, n_context * sizeof(float));
  }
  floe__mlp_forward(&s->trunk, block, batch->n, p.in, n_in, NULL, p.trunk, h);
}

static void rows_backward(const struct floe__summary *s, const float *block, const struct floe__batch *batch,
                          float *work, const struct places *p, const float *d_rows, float *gradient) {
  const struct floe__contexts contexts = contexts_of(batch, 1);
  const struct floe__sets sets = row_sets(s, batch, work);
  floe__set_net_backward(&s->rows, block, &sets, &contexts, p->rows, p->d_in, s->trunk.n_in,
                         reads_rows(s) ? p->d_row_in : NULL, gradient);
  if (!reads_rows(s)) return;
  for (size_t k = 0; d_rows && k < batch->n_row * s->n_row_in; k++) p->d_row_in[k] += d_rows[k];
  const struct floe__series groups = groups_of(s, batch, p);
  floe__inner_backward(&s->inner, block, &groups, &contexts, p->inner, p->d_row_in + s->n_plain_row, s->n_row_in,
                       gradient);
}

void floe__summary_backward(const struct floe__summary *s, const float *block, const struct floe__batch *batch,
                            float *work, const float *dh, const float *d_rows, float *gradient) {
  const size_t n_in = s->trunk.n_in;
  struct places p;
  divide(s, batch->n, batch->n_row, work, &p);
  floe__mlp_backward(&s->trunk, block, batch->n, p.trunk, dh, p.d_in, n_in, NULL, 0, gradient);
  if (has_rows(s)) rows_backward(s, block, batch, work, &p, d_rows, gradient);
  if (!has_inner(s) || reads_rows(s)) return;
  const struct floe__contexts contexts = contexts_of(batch, 0);
  const struct floe__series groups = groups_of(s, batch, &p);
  floe__inner_backward(&s->inner, block, &groups, &contexts, p.inner, p.d_in + s->rows.n_out, n_in, gradient);
}
