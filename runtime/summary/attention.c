#include "runtime/summary/attention.h"

#include <math.h>
#include <string.h>

#include "runtime/nn/elementary.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"

enum { HEADS = 4 };

/* ---- one block ---- */

static struct floe__attention attention_make(size_t *used, size_t width) {
  struct floe__attention a = {.width = width, .n_head = HEADS};
  a.query = floe__linear_make(used, width, width, 1);
  a.key = floe__linear_make(used, width, width, 0);
  a.value = floe__linear_make(used, width, width, 0);
  a.out = floe__mlp_make(used, width, width, 1, width);
  return a;
}

static void attention_start(const struct floe__attention *a, float *block, uint64_t seed, uint64_t unit) {
  floe__linear_start(&a->query, block, 1, seed, unit);
  floe__linear_start(&a->key, block, 1, seed, unit + 1);
  floe__linear_start(&a->value, block, 1, seed, unit + 2);
  floe__mlp_start(&a->out, block, 0.5f, seed, unit + 3);
}

/* What attends to what: rows x of set s, first_x[s] .. first_x[s + 1] - 1, to rows y of set s. */
struct rows {
  size_t n, n_x, n_y, n_pair; /* sets; rows; sum over sets of the products of their numbers of rows */
  const uint32_t *first_x, *first_y;
  const float *x, *y;
};

/* Work space: projections, O, and their derivatives; attention; K' or V' of a set; the perceptron's own. */
struct places {
  float *q, *k, *v, *o, *dq, *dk, *dv, *attention, *d_attention, *transposed, *out;
};

static size_t divide(const struct floe__attention *a, size_t n_x, size_t n_y, size_t n_pair, float *work,
                     struct places *p) {
  const size_t d = a->width;
  const struct floe__part parts[] = {{n_x * d, &p->q},
                                     {n_y * d, &p->k},
                                     {n_y * d, &p->v},
                                     {n_x * d, &p->o},
                                     {n_x * d, &p->dq},
                                     {n_y * d, &p->dk},
                                     {n_y * d, &p->dv},
                                     {a->n_head * n_pair, &p->attention},
                                     {n_y, &p->d_attention},
                                     {n_y * d, &p->transposed},
                                     {floe__mlp_work(&a->out, n_x), &p->out}};
  return floe__block_divide(sizeof parts / sizeof *parts, parts, work);
}

static size_t attention_work(const struct floe__attention *a, size_t n_x, size_t n_y, size_t n_pair) {
  struct places p;
  return divide(a, n_x, n_y, n_pair, NULL, &p);
}

static void transpose(size_t n, size_t width, const float *x, float *y) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < width; j++) y[j * n + i] = x[i * width + j];
}

FLOE__FOR_EACH_CPU static void softmax(size_t n, float *x) {
  float top = x[0], sum = 0;
  for (size_t j = 1; j < n; j++) top = x[j] > top ? x[j] : top;
  for (size_t j = 0; j < n; j++) x[j] = floe__exp(x[j] - top);
  for (size_t j = 0; j < n; j++) sum += x[j];
  for (size_t j = 0; j < n; j++) x[j] /= sum;
}

/* O of one query row: o (width) has Q already. k_transposed (width, n), v (n, width), attention (heads, n) `step`
 * apart. */
FLOE__FOR_EACH_CPU static void attend_row(size_t n, size_t width, const float *q, const float *k_transposed,
                                          const float *v, float *attention, size_t step, float *restrict o) {
  const size_t each = width / HEADS;
  const float scale = 1.0f / sqrtf((float)width);
  for (size_t h = 0; h < HEADS; h++) {
    float *restrict w = attention + h * step;
    for (size_t j = 0; j < n; j++) w[j] = 0;
    for (size_t c = h * each; c < (h + 1) * each; c++)
      for (size_t j = 0; j < n; j++) w[j] += q[c] * scale * k_transposed[c * n + j];
    softmax(n, w);
    for (size_t j = 0; j < n; j++)
      for (size_t c = h * each; c < (h + 1) * each; c++) o[c] += w[j] * v[j * width + c];
  }
}

static void attention_forward(const struct floe__attention *a, const float *block, const struct rows *r, float *work,
                              float *result) {
  const size_t d = a->width;
  struct places p;
  float *weights;
  divide(a, r->n_x, r->n_y, r->n_pair, work, &p);
  floe__linear_forward(&a->query, block, r->n_x, r->x, d, p.q, d, 0);
  floe__linear_forward(&a->key, block, r->n_y, r->y, d, p.k, d, 0);
  floe__linear_forward(&a->value, block, r->n_y, r->y, d, p.v, d, 0);
  memcpy(p.o, p.q, r->n_x * d * sizeof(float));
  weights = p.attention;
  for (size_t s = 0; s < r->n; s++) {
    const size_t n = r->first_y[s + 1] - r->first_y[s], y = r->first_y[s] * d;
    if (n == 0) continue;
    transpose(n, d, p.k + y, p.transposed);
    for (size_t i = r->first_x[s]; i < r->first_x[s + 1]; i++, weights += HEADS * n)
      attend_row(n, d, p.q + i * d, p.transposed, p.v + y, weights, n, p.o + i * d);
  }
  floe__mlp_forward(&a->out, block, r->n_x, p.o, d, NULL, p.out, result);
  for (size_t k = 0; k < r->n_x * d; k++) result[k] += p.o[k];
}

/* d_o (width) of one query row -> adds to dq (width), dk, dv (n, width). spare (n). */
FLOE__FOR_EACH_CPU static void attend_row_backward(size_t n, size_t width, const float *q, const float *k,
                                                   const float *v_transposed, const float *attention, size_t step,
                                                   const float *d_o, float *restrict spare, float *restrict dq,
                                                   float *restrict dk, float *restrict dv) {
  const size_t each = width / HEADS;
  const float scale = 1.0f / sqrtf((float)width);
  for (size_t h = 0; h < HEADS; h++) {
    const float *w = attention + h * step;
    float mean = 0;
    for (size_t j = 0; j < n; j++) spare[j] = 0;
    for (size_t c = h * each; c < (h + 1) * each; c++)
      for (size_t j = 0; j < n; j++) spare[j] += d_o[c] * v_transposed[c * n + j];
    for (size_t j = 0; j < n; j++) mean += w[j] * spare[j];
    for (size_t j = 0; j < n; j++) spare[j] = w[j] * (spare[j] - mean) * scale;
    for (size_t j = 0; j < n; j++)
      for (size_t c = h * each; c < (h + 1) * each; c++) {
        dq[c] += spare[j] * k[j * width + c];
        dk[j * width + c] += spare[j] * q[c];
        dv[j * width + c] += w[j] * d_o[c];
      }
  }
}

/* d_result (n_x, width) is overwritten; dx (n_x, width), dy (n_y, width): overwritten, or added to where `add`. */
static void attention_backward(const struct floe__attention *a, const float *block, const struct rows *r, float *work,
                               float *d_result, float *dx, float *dy, int add, float *gradient) {
  const size_t d = a->width;
  struct places p;
  const float *weights;
  divide(a, r->n_x, r->n_y, r->n_pair, work, &p);
  floe__mlp_backward(&a->out, block, r->n_x, p.out, d_result, p.dq, d, NULL, 0, gradient);
  for (size_t k = 0; k < r->n_x * d; k++) d_result[k] = p.dq[k] += d_result[k];
  memset(p.dk, 0, r->n_y * d * sizeof(float));
  memset(p.dv, 0, r->n_y * d * sizeof(float));
  weights = p.attention;
  for (size_t s = 0; s < r->n; s++) {
    const size_t n = r->first_y[s + 1] - r->first_y[s], y = r->first_y[s] * d;
    if (n == 0) continue;
    transpose(n, d, p.v + y, p.transposed);
    for (size_t i = r->first_x[s]; i < r->first_x[s + 1]; i++, weights += HEADS * n)
      attend_row_backward(n, d, p.q + i * d, p.k + y, p.transposed, weights, n, d_result + i * d, p.d_attention,
                          p.dq + i * d, p.dk + y, p.dv + y);
  }
  floe__linear_backward(&a->query, block, r->n_x, r->x, d, p.dq, d, dx, d, 0, gradient);
  floe__linear_backward(&a->key, block, r->n_y, r->y, d, p.dk, d, dy, d, add, gradient);
  floe__linear_backward(&a->value, block, r->n_y, r->y, d, p.dv, d, dy, d, 1, gradient);
}

/* ---- the set transformer ---- */

struct floe__set_transformer floe__set_transformer_make(size_t *used, size_t width) {
  struct floe__set_transformer net = {.width = width};
  net.induced = floe__block_take(used, FLOE__INDUCED * width);
  net.seeds = floe__block_take(used, FLOE__SEEDS * width);
  net.gather = attention_make(used, width);
  net.spread = attention_make(used, width);
  net.look = attention_make(used, width);
  return net;
}

void floe__set_transformer_start(const struct floe__set_transformer *net, float *block, uint64_t seed, uint64_t unit) {
  floe__normal_fill_float(seed, FLOE_PURPOSE_NETWORK, unit, 0, FLOE__INDUCED * net->width, block + net->induced);
  floe__normal_fill_float(seed, FLOE_PURPOSE_NETWORK, unit + 1, 0, FLOE__SEEDS * net->width, block + net->seeds);
  attention_start(&net->gather, block, seed, unit + 2);
  attention_start(&net->spread, block, seed, unit + 12);
  attention_start(&net->look, block, seed, unit + 22);
}

/* Work space: I and S, repeated for each set, and where those of each set begin; MAB(I, E), what the seeds see, their
 * derivatives; the blocks' own. */
struct parts {
  float *induced, *seeds, *points, *d_points, *d_induced, *looks, *gather, *spread, *look;
  uint32_t *first_induced, *first_seed;
};

static size_t divide_all(const struct floe__set_transformer *net, size_t n, size_t n_item, float *work,
                         struct parts *p) {
  const size_t d = net->width, m = n * FLOE__INDUCED, k = n * FLOE__SEEDS;
  float *first_induced = NULL, *first_seed = NULL;
  const struct {
    size_t size;
    float **at;
  } all[] = {{m * d, &p->induced},
             {k * d, &p->seeds},
             {m * d, &p->points},
             {m * d, &p->d_points},
             {m * d, &p->d_induced},
             {k * d, &p->looks},
             {n + 1, &first_induced},
             {n + 1, &first_seed},
             {attention_work(&net->gather, m, n_item, FLOE__INDUCED * n_item), &p->gather},
             {attention_work(&net->spread, n_item, m, FLOE__INDUCED * n_item), &p->spread},
             {attention_work(&net->look, k, n_item, FLOE__SEEDS * n_item), &p->look}};
  size_t used = 0;
  for (size_t j = 0; j < sizeof all / sizeof *all; j++) {
    const size_t offset = floe__block_take(&used, all[j].size);
    if (work) *all[j].at = work + offset;
  }
  p->first_induced = (uint32_t *)(void *)first_induced;
  p->first_seed = (uint32_t *)(void *)first_seed;
  return used;
}

size_t floe__set_transformer_work(const struct floe__set_transformer *net, size_t n, size_t n_item) {
  struct parts p;
  return divide_all(net, n, n_item, NULL, &p);
}

static struct rows gather_rows(const struct floe__sets *s, const struct parts *p, const float *x) {
  return (struct rows){s->n,    s->n * FLOE__INDUCED, s->n_item, FLOE__INDUCED * s->n_item, p->first_induced,
                       s->first, p->induced,          x};
}
static struct rows spread_rows(const struct floe__sets *s, const struct parts *p, const float *x) {
  return (struct rows){s->n,     s->n_item,        s->n * FLOE__INDUCED, FLOE__INDUCED * s->n_item,
                       s->first, p->first_induced, x,                    p->points};
}
static struct rows look_rows(const struct floe__sets *s, const struct parts *p, const float *refined) {
  return (struct rows){s->n,     s->n * FLOE__SEEDS, s->n_item, FLOE__SEEDS * s->n_item, p->first_seed,
                       s->first, p->seeds,           refined};
}

/* Points (n_point, width) of the block, once for each of n sets. */
static void repeat(size_t n, size_t n_point, size_t width, const float *point, float *to, uint32_t *first) {
  for (size_t i = 0; i < n; i++) memcpy(to + i * n_point * width, point, n_point * width * sizeof(float));
  for (size_t i = 0; i <= n; i++) first[i] = (uint32_t)(i * n_point);
}

static void sum_repeated(size_t n, size_t size, const float *d, float *gradient) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < size; k++) gradient[k] += d[i * size + k];
}

void floe__set_transformer_forward(const struct floe__set_transformer *net, const float *block,
                                   const struct floe__sets *sets, const float *x, float *work, float *refined,
                                   float *looks, size_t looks_stride) {
  const size_t width = FLOE__SEEDS * net->width;
  struct parts p;
  divide_all(net, sets->n, sets->n_item, work, &p);
  repeat(sets->n, FLOE__INDUCED, net->width, block + net->induced, p.induced, p.first_induced);
  repeat(sets->n, FLOE__SEEDS, net->width, block + net->seeds, p.seeds, p.first_seed);
  const struct rows gather = gather_rows(sets, &p, x), spread = spread_rows(sets, &p, x),
                    look = look_rows(sets, &p, refined);
  attention_forward(&net->gather, block, &gather, p.gather, p.points);
  attention_forward(&net->spread, block, &spread, p.spread, refined);
  attention_forward(&net->look, block, &look, p.look, p.looks);
  for (size_t i = 0; i < sets->n; i++) memcpy(looks + i * looks_stride, p.looks + i * width, width * sizeof(float));
}

void floe__set_transformer_backward(const struct floe__set_transformer *net, const float *block,
                                    const struct floe__sets *sets, const float *x, const float *refined, float *work,
                                    float *d_refined, const float *d_looks, size_t looks_stride, float *dx,
                                    float *gradient) {
  const size_t d = net->width, width = FLOE__SEEDS * d;
  struct parts p;
  divide_all(net, sets->n, sets->n_item, work, &p);
  const struct rows gather = gather_rows(sets, &p, x), spread = spread_rows(sets, &p, x),
                    look = look_rows(sets, &p, refined);
  for (size_t i = 0; i < sets->n; i++) memcpy(p.looks + i * width, d_looks + i * looks_stride, width * sizeof(float));
  attention_backward(&net->look, block, &look, p.look, p.looks, p.d_induced, d_refined, 1, gradient);
  sum_repeated(sets->n, width, p.d_induced, gradient + net->seeds);
  attention_backward(&net->spread, block, &spread, p.spread, d_refined, dx, p.d_points, 0, gradient);
  attention_backward(&net->gather, block, &gather, p.gather, p.d_points, p.d_induced, dx, 1, gradient);
  sum_repeated(sets->n, FLOE__INDUCED * d, p.d_induced, gradient + net->induced);
}
