#include "runtime/summary/sets.h"

#include <math.h>
#include <string.h>

#include "runtime/nn/elementary.h"

struct floe__set_net floe__set_net_make(size_t *used, enum floe_reading kind, size_t n_context, size_t n_feature,
                                        size_t width) {
  const size_t item_width = width < 64 ? width : 64;
  struct floe__set_net net = {.n_embedding = item_width / 2, .attends = kind == FLOE_SET_TRANSFORMER};
  net.n_out = 2 * net.n_embedding + 1;
  net.context = floe__linear_make(used, n_context, item_width, 0);
  net.item = floe__mlp_make(used, n_feature, item_width, 2, net.n_embedding);
  if (net.attends) {
    net.transformer = floe__set_transformer_make(used, net.n_embedding);
    net.n_out += FLOE__SEEDS * net.n_embedding;
  }
  return net;
}

void floe__set_net_start(const struct floe__set_net *net, float *block, uint64_t seed, uint64_t unit) {
  floe__linear_start(&net->context, block, 1, seed, unit);
  floe__mlp_start(&net->item, block, 1, seed, unit + 1);
  if (net->attends) floe__set_transformer_start(&net->transformer, block, seed, unit + 64);
}

/* Work space: embeddings and their derivative, refined ones and theirs, the set transformer's own; the context's term,
 * its derivative, and that by item; the perceptron's own. */
struct places {
  float *embedding, *d_embedding, *refined, *d_refined, *transformer, *pre, *d_pre, *d_item_pre, *item;
};

static size_t divide(const struct floe__set_net *net, size_t n, size_t n_item, size_t n_context, float *work,
                     struct places *p) {
  const size_t e = n_item * net->n_embedding, width = net->item.width, refined = net->attends ? e : 0;
  const size_t transformer = net->attends ? floe__set_transformer_work(&net->transformer, n, n_item) : 0;
  const struct floe__part parts[] = {{e, &p->embedding},
                                     {e, &p->d_embedding},
                                     {refined, &p->refined},
                                     {refined, &p->d_refined},
                                     {transformer, &p->transformer},
                                     {n_context * width, &p->pre},
                                     {n_context * width, &p->d_pre},
                                     {n_item * width, &p->d_item_pre},
                                     {floe__mlp_work(&net->item, n_item), &p->item}};
  return floe__block_divide(sizeof parts / sizeof *parts, parts, work);
}

size_t floe__set_net_work(const struct floe__set_net *net, size_t n, size_t n_item, size_t n_context) {
  struct places p;
  return divide(net, n, n_item, n_context, NULL, &p);
}

/* sum (width) of items first .. last - 1 */
FLOE__FOR_EACH_CPU static void pool(size_t first, size_t last, size_t width, const float *x, float *restrict sum) {
  for (size_t j = 0; j < width; j++) sum[j] = 0;
  for (size_t k = first; k < last; k++)
    for (size_t j = 0; j < width; j++) sum[j] += x[k * width + j];
}

void floe__sum_by_owner(size_t n, size_t n_context, size_t width, const uint32_t *owner, const float *d, float *sum) {
  if (!owner) {
    memcpy(sum, d, n * width * sizeof *sum);
    return;
  }
  memset(sum, 0, n_context * width * sizeof *sum);
  for (size_t k = 0; k < n; k++)
    for (size_t j = 0; j < width; j++) sum[owner[k] * width + j] += d[k * width + j];
}

static float count_of(const struct floe__sets *sets, size_t i) {
  const size_t n = sets->first[i + 1] - sets->first[i];
  return n > 0 ? (float)n : 1.0f;
}

void floe__set_net_forward(const struct floe__set_net *net, const float *block, const struct floe__sets *sets,
                           const struct floe__contexts *contexts, float *work, float *y, size_t y_stride) {
  const size_t e = net->n_embedding, width = net->item.width, n_context = net->context.n_in;
  struct places p;
  divide(net, sets->n, sets->n_item, contexts->n, work, &p);
  const struct floe__pre pre = {p.pre, width, contexts->owner};
  floe__linear_forward(&net->context, block, contexts->n, contexts->x, n_context, p.pre, width, 0);
  floe__mlp_forward(&net->item, block, sets->n_item, sets->x, sets->stride, &pre, p.item, p.embedding);
  if (net->attends)
    floe__set_transformer_forward(&net->transformer, block, sets, p.embedding, p.transformer, p.refined, y + 2 * e + 1,
                                  y_stride);
  for (size_t i = 0; i < sets->n; i++) {
    const float count = count_of(sets, i);
    float *to = y + i * y_stride;
    pool(sets->first[i], sets->first[i + 1], e, net->attends ? p.refined : p.embedding, to);
    for (size_t j = 0; j < e; j++) to[e + j] = to[j] / sqrtf(count), to[j] /= count;
    to[2 * e] = logf(count);
  }
}

void floe__set_net_backward(const struct floe__set_net *net, const float *block, const struct floe__sets *sets,
                            const struct floe__contexts *contexts, float *work, const float *dy, size_t dy_stride,
                            float *dx, float *gradient) {
  const size_t e = net->n_embedding, width = net->item.width, n_context = net->context.n_in;
  struct places p;
  divide(net, sets->n, sets->n_item, contexts->n, work, &p);
  for (size_t i = 0; i < sets->n; i++) {
    const float count = count_of(sets, i), root = sqrtf(count), *d = dy + i * dy_stride;
    float *to = net->attends ? p.d_refined : p.d_embedding;
    for (size_t k = sets->first[i]; k < sets->first[i + 1]; k++)
      for (size_t j = 0; j < e; j++) to[k * e + j] = d[j] / count + d[e + j] / root;
  }
  if (net->attends)
    floe__set_transformer_backward(&net->transformer, block, sets, p.embedding, p.refined, p.transformer, p.d_refined,
                                   dy + 2 * e + 1, dy_stride, p.d_embedding, gradient);
  floe__mlp_backward(&net->item, block, sets->n_item, p.item, p.d_embedding, dx, net->item.n_in, p.d_item_pre, width,
                     gradient);
  floe__sum_by_owner(sets->n_item, contexts->n, width, contexts->owner, p.d_item_pre, p.d_pre);
  floe__linear_backward(&net->context, block, contexts->n, contexts->x, n_context, p.d_pre, width, NULL, 0, 0,
                        gradient);
}
