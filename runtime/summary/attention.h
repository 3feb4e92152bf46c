/* attention.h: multi-head attention of sets on sets, and the set transformer (Lee, Lee, Kim, Kosiorek, Choi, Teh, ICML
 * 2019) as published, without layer normalisation:
 *   MAB(X, Y) = O + f(O),  O = Q + softmax(Q K' / sqrt d) V by head,  Q = X W_q + b_q,  K = Y W_k,  V = Y W_v,
 * f a perceptron with one hidden layer. A set E is refined by way of a few induced points I: E' = MAB(E, MAB(I, E)), at
 * a cost that grows with its size, not with the square of it; seeds S then look at it: MAB(S, E'). I and S are
 * weights. */
#ifndef FLOE_SUMMARY_ATTENTION_H
#define FLOE_SUMMARY_ATTENTION_H

#include "runtime/nn/mlp.h"
#include "runtime/summary/items.h"

struct floe__attention {
  size_t width, n_head;
  struct floe__linear query, key, value;
  struct floe__mlp out;
};

enum { FLOE__INDUCED = 16, FLOE__SEEDS = 4 };

struct floe__set_transformer {
  size_t width;
  size_t induced, seeds; /* offsets of I (FLOE__INDUCED, width) and S (FLOE__SEEDS, width) in the block */
  struct floe__attention gather, spread, look;
};

/* width: of an item, a multiple of 4 */
struct floe__set_transformer floe__set_transformer_make(size_t *used, size_t width);
void floe__set_transformer_start(const struct floe__set_transformer *net, float *block, uint64_t seed,
                                 uint64_t unit); /* unit .. unit + 31 */

/* Floats of work space for up to n_item items in n sets. */
size_t floe__set_transformer_work(const struct floe__set_transformer *net, size_t n, size_t n_item);

/* Of the sets, n, n_item and first count. x (n_item, width) -> refined (n_item, width), looks (n, FLOE__SEEDS width),
 * looks_stride apart. */
void floe__set_transformer_forward(const struct floe__set_transformer *net, const float *block,
                                   const struct floe__sets *sets, const float *x, float *work, float *refined,
                                   float *looks, size_t looks_stride);

/* After forward with the same work: d_refined (n_item, width) is overwritten, d_looks as looks; -> dx (n_item, width),
 * overwritten; adds to gradient. */
void floe__set_transformer_backward(const struct floe__set_transformer *net, const float *block,
                                    const struct floe__sets *sets, const float *x, const float *refined, float *work,
                                    float *d_refined, const float *d_looks, size_t looks_stride, float *dx,
                                    float *gradient);

#endif
