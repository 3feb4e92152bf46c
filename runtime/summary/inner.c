#include "runtime/summary/inner.h"

#include <string.h>

enum { SERIES_WIDTH = 32 };

static int is_set(const struct floe__inner *inner) {
  return inner->kind == FLOE_DEEP_SET || inner->kind == FLOE_SET_TRANSFORMER;
}

struct floe__inner floe__inner_make(size_t *used, enum floe_reading kind, size_t n_context, size_t n_feature,
                                    size_t longest, size_t width) {
  struct floe__inner inner = {.kind = kind, .n_feature = n_feature, .longest = longest};
  switch (kind) {
    case FLOE_PERCEPTRON: return inner;
    case FLOE_DEEP_SET:
    case FLOE_SET_TRANSFORMER:
      inner.sets = floe__set_net_make(used, kind, n_context, n_feature, width);
      inner.n_out = inner.sets.n_out;
      return inner;
    case FLOE_GRU:
      inner.gru = floe__gru_make(used, n_feature, SERIES_WIDTH);
      inner.n_out = inner.gru.n_out;
      inner.n_pre = 3 * SERIES_WIDTH;
      break;
    case FLOE_TCN:
      inner.tcn = floe__tcn_make(used, n_feature, SERIES_WIDTH, longest);
      inner.n_out = inner.tcn.n_out;
      inner.n_pre = SERIES_WIDTH;
      break;
  }
  inner.context = floe__linear_make(used, n_context, inner.n_pre, 0);
  return inner;
}

void floe__inner_start(const struct floe__inner *inner, float *block, uint64_t seed, uint64_t unit) {
  switch (inner->kind) {
    case FLOE_PERCEPTRON: return;
    case FLOE_DEEP_SET:
    case FLOE_SET_TRANSFORMER: floe__set_net_start(&inner->sets, block, seed, unit); return;
    case FLOE_GRU: floe__gru_start(&inner->gru, block, seed, unit + 1); break;
    case FLOE_TCN: floe__tcn_start(&inner->tcn, block, seed, unit + 1); break;
  }
  floe__linear_start(&inner->context, block, 1, seed, unit);
}

/* Work space: the term of each series and its derivative, and the same by context; of sets: items without gaps, where
 * sets start, and whose items they are; the network's own. */
struct places {
  float *pre, *d_pre, *context, *d_context, *item, *own;
  uint32_t *first, *owner;
};

static size_t divide(const struct floe__inner *inner, size_t n, size_t n_context, float *work, struct places *p) {
  const size_t n_item = is_set(inner) ? n * inner->longest : 0;
  float *first = NULL, *owner = NULL;
  size_t own = 0;
  if (is_set(inner)) own = floe__set_net_work(&inner->sets, n, n_item, n_context);
  if (inner->kind == FLOE_GRU) own = floe__gru_work(&inner->gru, n, inner->longest);
  if (inner->kind == FLOE_TCN) own = floe__tcn_work(&inner->tcn, n, inner->longest);
  const struct floe__part parts[] = {{n * inner->n_pre, &p->pre},
                                     {n * inner->n_pre, &p->d_pre},
                                     {n_context * inner->n_pre, &p->context},
                                     {n_context * inner->n_pre, &p->d_context},
                                     {n_item * inner->n_feature, &p->item},
                                     {is_set(inner) ? n + 1 : 0, &first},
                                     {n_item, &owner},
                                     {own, &p->own}};
  const size_t used = floe__block_divide(sizeof parts / sizeof *parts, parts, work);
  p->first = (uint32_t *)(void *)first;
  p->owner = (uint32_t *)(void *)owner;
  return used;
}

size_t floe__inner_work(const struct floe__inner *inner, size_t n, size_t n_context) {
  struct places p;
  return inner->kind == FLOE_PERCEPTRON ? 0 : divide(inner, n, n_context, NULL, &p);
}

/* The groups' items one behind the other, with their owners; the sets that they form. */
static struct floe__sets gather_items(const struct floe__inner *inner, const struct floe__series *groups,
                                      const struct floe__contexts *contexts, const struct places *p) {
  const size_t width = inner->n_feature;
  size_t n = 0;
  for (size_t i = 0; i < groups->n; i++) {
    p->first[i] = (uint32_t)n;
    for (size_t k = 0; k < groups->count[i]; k++, n++) {
      memcpy(p->item + n * width, groups->x + i * groups->stride + k * groups->step, width * sizeof(float));
      p->owner[n] = contexts->owner ? contexts->owner[i] : (uint32_t)i;
    }
  }
  p->first[groups->n] = (uint32_t)n;
  return (struct floe__sets){groups->n, n, width, p->item, p->first};
}

static struct floe__sets gathered_items(const struct floe__inner *inner, size_t n, const struct places *p) {
  return (struct floe__sets){n, p->first[n], inner->n_feature, p->item, p->first};
}

static void spread_context(const struct floe__inner *inner, const float *block, size_t n,
                           const struct floe__contexts *contexts, const struct places *p) {
  const size_t width = inner->n_pre;
  floe__linear_forward(&inner->context, block, contexts->n, contexts->x, inner->context.n_in, p->context, width, 0);
  for (size_t i = 0; i < n; i++)
    memcpy(p->pre + i * width, p->context + (contexts->owner ? contexts->owner[i] : i) * width, width * sizeof(float));
}

void floe__inner_forward(const struct floe__inner *inner, const float *block, const struct floe__series *groups,
                         const struct floe__contexts *contexts, float *work, float *y, size_t y_stride) {
  struct places p;
  divide(inner, groups->n, contexts->n, work, &p);
  if (is_set(inner)) {
    const struct floe__sets sets = gather_items(inner, groups, contexts, &p);
    const struct floe__contexts of_items = {contexts->n, contexts->x, p.owner};
    floe__set_net_forward(&inner->sets, block, &sets, &of_items, p.own, y, y_stride);
    return;
  }
  spread_context(inner, block, groups->n, contexts, &p);
  if (inner->kind == FLOE_GRU)
    floe__gru_forward(&inner->gru, block, groups, p.pre, p.own, y, y_stride);
  else
    floe__tcn_forward(&inner->tcn, block, groups, p.pre, p.own, y, y_stride);
}

void floe__inner_backward(const struct floe__inner *inner, const float *block, const struct floe__series *groups,
                          const struct floe__contexts *contexts, float *work, const float *dy, size_t dy_stride,
                          float *gradient) {
  struct places p;
  divide(inner, groups->n, contexts->n, work, &p);
  if (is_set(inner)) {
    const struct floe__sets sets = gathered_items(inner, groups->n, &p);
    const struct floe__contexts of_items = {contexts->n, contexts->x, p.owner};
    floe__set_net_backward(&inner->sets, block, &sets, &of_items, p.own, dy, dy_stride, NULL, gradient);
    return;
  }
  if (inner->kind == FLOE_GRU)
    floe__gru_backward(&inner->gru, block, groups, p.own, dy, dy_stride, p.d_pre, gradient);
  else
    floe__tcn_backward(&inner->tcn, block, groups, p.own, dy, dy_stride, p.d_pre, gradient);
  floe__sum_by_owner(groups->n, contexts->n, inner->n_pre, contexts->owner, p.d_pre, p.d_context);
  floe__linear_backward(&inner->context, block, contexts->n, contexts->x, inner->context.n_in, p.d_context,
                        inner->n_pre, NULL, 0, 0, gradient);
}
