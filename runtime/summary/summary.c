#include "runtime/summary/summary.h"

#include <math.h>
#include <string.h>

#include "runtime/nn/elementary.h"

static int has_rows(const struct floe__summary *s) {
  return s->n_row_feature > 0;
}

struct floe__summary floe__summary_make(size_t *used, size_t n_context, size_t n_flat, size_t n_row_feature,
                                        size_t width, size_t n_out) {
  struct floe__summary s = {.n_context = n_context, .n_flat = n_flat, .n_row_feature = n_row_feature, .n_out = n_out};
  size_t n_in = n_flat + n_context;
  if (n_row_feature > 0) {
    const size_t row_width = width < 64 ? width : 64;
    s.n_embedding = row_width / 2;
    s.row_context = floe__linear_make(used, n_context, row_width, 0);
    s.row_net = floe__mlp_make(used, n_row_feature, row_width, 2, s.n_embedding);
    n_in += 2 * s.n_embedding + 1;
  }
  s.trunk = floe__mlp_make(used, n_in, width, n_row_feature > 0 ? 2 : 3, n_out);
  return s;
}

void floe__summary_start(const struct floe__summary *s, float *block, uint64_t seed, uint64_t unit) {
  if (has_rows(s)) {
    floe__linear_start(&s->row_context, block, 1, seed, unit);
    floe__mlp_start(&s->row_net, block, 1, seed, unit + 1);
  }
  floe__mlp_start(&s->trunk, block, 1, seed, unit + 16);
}

/* Work space: the trunk's input, its derivative, and its own; of rows: embeddings, the context's term, the
 * derivatives of both, and the network's own. */
struct layout {
  float *in, *d_in, *trunk, *embedding, *pre, *d_row, *d_pre, *row;
};

static size_t divide(const struct floe__summary *s, size_t n, size_t n_row, float *work, struct layout *w) {
  size_t used = 0;
  const size_t row_width = has_rows(s) ? s->row_net.width : 0;
  const size_t widest = row_width > s->n_embedding ? row_width : s->n_embedding;
  const size_t size[] = {n * s->trunk.n_in,
                         n * s->trunk.n_in,
                         floe__mlp_work(&s->trunk, n),
                         n_row * s->n_embedding,
                         n * row_width,
                         n_row * widest,
                         n * row_width,
                         (has_rows(s) ? floe__mlp_work(&s->row_net, n_row) : 0) + n_row * row_width};
  float **at[] = {&w->in, &w->d_in, &w->trunk, &w->embedding, &w->pre, &w->d_row, &w->d_pre, &w->row};
  for (size_t k = 0; k < sizeof size / sizeof *size; k++) {
    const size_t offset = floe__block_take(&used, size[k]);
    if (work) *at[k] = work + offset;
  }
  return used;
}

size_t floe__summary_work(const struct floe__summary *s, size_t n, size_t n_row) {
  struct layout w;
  return divide(s, n, n_row, NULL, &w);
}

/* sum (width) of the rows of data set i */
FLOE__FOR_EACH_CPU static void pool(size_t first, size_t last, size_t width, const float *x, float *restrict sum) {
  for (size_t j = 0; j < width; j++) sum[j] = 0;
  for (size_t r = first; r < last; r++)
    for (size_t j = 0; j < width; j++) sum[j] += x[r * width + j];
}

static void pool_rows(const struct floe__summary *s, const struct floe__batch *batch, const struct layout *w) {
  const size_t e = s->n_embedding;
  for (size_t i = 0; i < batch->n; i++) {
    const size_t first = batch->first_row[i], last = batch->first_row[i + 1];
    const float count = last > first ? (float)(last - first) : 1.0f;
    float *in = w->in + i * s->trunk.n_in;
    pool(first, last, e, w->embedding, in);
    for (size_t j = 0; j < e; j++) in[e + j] = in[j] / sqrtf(count), in[j] /= count;
    in[2 * e] = logf(count);
  }
}

void floe__summary_forward(const struct floe__summary *s, const float *block, const struct floe__batch *batch,
                           float *work, float *h) {
  struct layout w;
  divide(s, batch->n, batch->n_row, work, &w);
  size_t at = 0;
  if (has_rows(s)) {
    const struct floe__pre pre = {w.pre, s->row_net.width, batch->owner};
    floe__linear_forward(&s->row_context, block, batch->n, batch->context, s->n_context, w.pre, s->row_net.width, 0);
    floe__mlp_forward(&s->row_net, block, batch->n_row, batch->rows, s->n_row_feature, &pre, w.row, w.embedding);
    pool_rows(s, batch, &w);
    at = 2 * s->n_embedding + 1;
  }
  for (size_t i = 0; i < batch->n; i++) {
    float *in = w.in + i * s->trunk.n_in + at;
    if (s->n_flat > 0) memcpy(in, batch->flat + i * s->n_flat, s->n_flat * sizeof(float));
    if (s->n_context > 0) memcpy(in + s->n_flat, batch->context + i * s->n_context, s->n_context * sizeof(float));
  }
  floe__mlp_forward(&s->trunk, block, batch->n, w.in, s->trunk.n_in, NULL, w.trunk, h);
}

void floe__summary_backward(const struct floe__summary *s, const float *block, const struct floe__batch *batch,
                            float *work, const float *dh, float *gradient) {
  struct layout w;
  divide(s, batch->n, batch->n_row, work, &w);
  const size_t n_in = s->trunk.n_in, e = s->n_embedding;
  floe__mlp_backward(&s->trunk, block, batch->n, w.in, n_in, w.trunk, dh, w.d_in, n_in, NULL, 0, gradient);
  if (!has_rows(s)) return;
  const size_t width = s->row_net.width;
  for (size_t i = 0; i < batch->n; i++) {
    const size_t first = batch->first_row[i], last = batch->first_row[i + 1];
    const float count = last > first ? (float)(last - first) : 1.0f, root = sqrtf(count), *d = w.d_in + i * n_in;
    for (size_t r = first; r < last; r++)
      for (size_t j = 0; j < e; j++) w.d_row[r * e + j] = d[j] / count + d[e + j] / root;
  }
  float *d_pre_rows = w.row + floe__mlp_work(&s->row_net, batch->n_row);
  floe__mlp_backward(&s->row_net, block, batch->n_row, batch->rows, s->n_row_feature, w.row, w.d_row, NULL, 0,
                     d_pre_rows, width, gradient);
  for (size_t i = 0; i < batch->n; i++)
    pool(batch->first_row[i], batch->first_row[i + 1], width, d_pre_rows, w.d_pre + i * width);
  floe__linear_backward(&s->row_context, block, batch->n, batch->context, s->n_context, w.d_pre, width, NULL, 0, 0,
                        gradient);
}
