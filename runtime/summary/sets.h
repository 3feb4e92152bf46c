/* sets.h: networks that read sets, whatever the order of their items (Zaheer et al., "Deep sets", NeurIPS 2017): each
 * item goes through one perceptron that also sees the context; then the mean over a set, the sum over the square root
 * of the number of items, and the logarithm of that number. In between a set transformer (attention.h) may let the
 * items see each other; what its seeds see of them then follows the rest. */
#ifndef FLOE_SUMMARY_SETS_H
#define FLOE_SUMMARY_SETS_H

#include <floe/model.h>

#include "runtime/nn/mlp.h"
#include "runtime/summary/attention.h"
#include "runtime/summary/items.h"

struct floe__set_net {
  size_t n_embedding, n_out;
  struct floe__linear context; /* -> the first layer of item */
  struct floe__mlp item;       /* -> n_embedding */
  int attends;                 /* whether there is a set transformer */
  struct floe__set_transformer transformer;
};

struct floe__set_net floe__set_net_make(size_t *used, enum floe_reading kind, size_t n_context, size_t n_feature,
                                        size_t width);
/* Uses units unit .. unit + 15 and unit + 64 .. unit + 95. */
void floe__set_net_start(const struct floe__set_net *net, float *block, uint64_t seed, uint64_t unit);

/* Floats of work space for up to n_item items in n sets of n_context contexts. */
size_t floe__set_net_work(const struct floe__set_net *net, size_t n, size_t n_item, size_t n_context);

/* -> y (n, n_out), y_stride apart. */
void floe__set_net_forward(const struct floe__set_net *net, const float *block, const struct floe__sets *sets,
                           const struct floe__contexts *contexts, float *work, float *y, size_t y_stride);

/* After forward with the same work: dy (n, n_out) -> dx (n_item, n_feature) overwritten, NULL: not wanted; adds to
 * gradient. */
void floe__set_net_backward(const struct floe__set_net *net, const float *block, const struct floe__sets *sets,
                            const struct floe__contexts *contexts, float *work, const float *dy, size_t dy_stride,
                            float *dx, float *gradient);

/* sum (n_context, width) = of d (n, width), each to its owner; owner NULL: a copy. */
void floe__sum_by_owner(size_t n, size_t n_context, size_t width, const uint32_t *owner, const float *d, float *sum);

#endif
