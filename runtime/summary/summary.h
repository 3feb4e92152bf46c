/* summary.h: the learned summary h(data, context) of a data set. Rows along the plate form a set (sets.h); positions of
 * another index set, within the rows or else outside of them, are read as a series or as a set of their own (inner.h),
 * so that rows may be sets of series or sets of sets. What comes of both joins the flat features and the context in a
 * residual perceptron. */
#ifndef FLOE_SUMMARY_SUMMARY_H
#define FLOE_SUMMARY_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/nn/mlp.h"
#include "runtime/summary/inner.h"
#include "runtime/summary/sets.h"

/* Features that belong to the positions of the inner index set are the last of a row, or of the flat ones: those of a
 * position stand together. */
struct floe__summary_shape {
  size_t n_context, n_flat, n_row; /* features; n_row: of one row */
  size_t n_item, longest;          /* features of a position, and the most positions; 0: there are none */
  size_t width, n_out;
  enum floe_reading rows;          /* FLOE_DEEP_SET unless FLOE_SET_TRANSFORMER */
  enum floe_reading inner;         /* FLOE_PERCEPTRON: no network */
  int in_rows;                     /* where the positions are */
};

struct floe__summary {
  struct floe__summary_shape shape;
  size_t n_plain_flat, n_plain_row; /* features that do not belong to positions */
  size_t n_row_in; /* what is known of a row: its plain features, and what the inner network makes of the rest */
  struct floe__set_net rows;
  struct floe__inner inner;
  struct floe__mlp trunk;
};

/* n data sets with ragged rows: those of data set i are first_row[i] .. first_row[i + 1] - 1. */
struct floe__batch {
  size_t n, n_row;
  uint32_t *first_row; /* (n + 1) */
  uint32_t *owner;     /* (n_row) */
  uint32_t *n_item;    /* (n) positions of the inner index set */
  float *context;      /* (n, n_context) */
  float *flat;         /* (n, n_flat) */
  float *rows;         /* (n_row, n_row) */
  float *global;       /* (n, n_global), with mask: */
  float *global_mask;
  float *local; /* (n_row, n_local), with mask: */
  float *local_mask;
};

struct floe__summary floe__summary_make(size_t *used, const struct floe__summary_shape *shape);
/* Uses units unit .. unit + 159. */
void floe__summary_start(const struct floe__summary *summary, float *block, uint64_t seed, uint64_t unit);
size_t floe__summary_work(const struct floe__summary *summary, size_t n, size_t n_row);

/* -> h (n, n_out) */
void floe__summary_forward(const struct floe__summary *summary, const float *block, const struct floe__batch *batch,
                           float *work, float *h);

/* After forward with the same work: what is known of each row, (n_row, n_row_in), *stride apart. */
const float *floe__summary_rows(const struct floe__summary *summary, const struct floe__batch *batch, float *work,
                                size_t *stride);

/* After forward with the same work: dh (n, n_out), and d_rows (n_row, n_row_in) by what is known of each row, or NULL;
 * adds to gradient. */
void floe__summary_backward(const struct floe__summary *summary, const float *block, const struct floe__batch *batch,
                            float *work, const float *dh, const float *d_rows, float *gradient);

#endif
