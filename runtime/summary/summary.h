/* summary.h: the learned summary h(data, context) of a data set. Rows along the plate form a set (Zaheer et al.,
 * "Deep sets", NeurIPS 2017): each goes through one perceptron that also sees the context, then their mean, their
 * sum over the square root of their number, and the logarithm of that number join the flat features and the context
 * in a residual perceptron. Sequences of fixed length are flat features. */
#ifndef FLOE_SUMMARY_SUMMARY_H
#define FLOE_SUMMARY_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/nn/mlp.h"

struct floe__summary {
  size_t n_context, n_flat, n_row_feature, n_embedding, n_out;
  struct floe__linear row_context; /* context -> the first layer of row_net */
  struct floe__mlp row_net, trunk;
};

/* n data sets with ragged rows: those of data set i are first_row[i] .. first_row[i + 1] - 1. */
struct floe__batch {
  size_t n, n_row;
  uint32_t *first_row; /* (n + 1) */
  uint32_t *owner;     /* (n_row) */
  float *context;      /* (n, n_context) */
  float *flat;         /* (n, n_flat) */
  float *rows;         /* (n_row, n_row_feature) */
  float *global;       /* (n, n_global), with mask: */
  float *global_mask;
  float *local; /* (n_row, n_local), with mask: */
  float *local_mask;
};

struct floe__summary floe__summary_make(size_t *used, size_t n_context, size_t n_flat, size_t n_row_feature,
                                        size_t width, size_t n_out);
void floe__summary_start(const struct floe__summary *summary, float *block, uint64_t seed, uint64_t unit);
size_t floe__summary_work(const struct floe__summary *summary, size_t n, size_t n_row);

/* -> h (n, n_out) */
void floe__summary_forward(const struct floe__summary *summary, const float *block, const struct floe__batch *batch,
                           float *work, float *h);

/* After forward with the same work: dh (n, n_out); adds to gradient. */
void floe__summary_backward(const struct floe__summary *summary, const float *block, const struct floe__batch *batch,
                            float *work, const float *dh, float *gradient);

#endif
