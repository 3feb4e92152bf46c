/* inner.h: the network that reads the positions of an index set within a row, or within what is not in rows: an ordered
 * one as a series (gru.h, tcn.h), an exchangeable one as a set (sets.h). */
#ifndef FLOE_SUMMARY_INNER_H
#define FLOE_SUMMARY_INNER_H

#include "runtime/summary/gru.h"
#include "runtime/summary/sets.h"
#include "runtime/summary/tcn.h"

struct floe__inner {
  enum floe_reading kind; /* FLOE_PERCEPTRON: there is none */
  size_t n_feature, longest, n_out, n_pre;
  struct floe__linear context; /* -> n_pre: the term of a series; sets have their own */
  struct floe__gru gru;
  struct floe__tcn tcn;
  struct floe__set_net sets;
};

struct floe__inner floe__inner_make(size_t *used, enum floe_reading kind, size_t n_context, size_t n_feature,
                                    size_t longest, size_t width);
void floe__inner_start(const struct floe__inner *inner, float *block, uint64_t seed, uint64_t unit); /* .. unit + 95 */

/* Floats of work space for n groups of n_context contexts. */
size_t floe__inner_work(const struct floe__inner *inner, size_t n, size_t n_context);

/* -> y (n, n_out), y_stride apart. */
void floe__inner_forward(const struct floe__inner *inner, const float *block, const struct floe__series *groups,
                         const struct floe__contexts *contexts, float *work, float *y, size_t y_stride);

/* After forward with the same work: dy (n, n_out); adds to gradient. */
void floe__inner_backward(const struct floe__inner *inner, const float *block, const struct floe__series *groups,
                          const struct floe__contexts *contexts, float *work, const float *dy, size_t dy_stride,
                          float *gradient);

#endif
