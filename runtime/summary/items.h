/* items.h: what the encoders of series and of sets read. */
#ifndef FLOE_SUMMARY_ITEMS_H
#define FLOE_SUMMARY_ITEMS_H

#include <stddef.h>
#include <stdint.h>

/* n groups of up to `longest` items. Item k of group i stands at x + i * stride + k * step; the first count[i] are
 * there, behind them the features are 0. */
struct floe__series {
  size_t n, longest, stride, step;
  const float *x;
  const uint32_t *count; /* (n) */
};

/* n sets of items, one behind the other: those of set i are first[i] .. first[i + 1] - 1. Item k stands at x + k *
 * stride. */
struct floe__sets {
  size_t n, n_item, stride;
  const float *x;
  const uint32_t *first; /* (n + 1) */
};

/* The context of n data sets, which every item and every series sees as a term of its first layer. */
struct floe__contexts {
  size_t n;
  const float *x;        /* (n, width of the context) */
  const uint32_t *owner; /* the data set of each item, or of each series; NULL: its own number */
};

#endif
