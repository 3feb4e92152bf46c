/* examples.h: simulations, or a user's data sets, as the numbers that the networks see. */
#ifndef FLOE_TRAIN_EXAMPLES_H
#define FLOE_TRAIN_EXAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "runtime/summary/features.h"
#include "runtime/summary/summary.h"

/* n examples, each with room for max_rows rows; see struct floe__features for the widths. */
struct floe__examples {
  const struct floe__features *features;
  size_t n, capacity;
  uint32_t *n_row, *n_item;     /* (n) */
  float *context, *flat, *rows; /* (n, n_context), (n, n_flat), (n, max_rows, features->n_row) */
  float *global, *global_mask;  /* (n, n_global) */
  float *local, *local_mask;    /* (n, max_rows, n_local) */
};

floe_status floe__examples_new(const struct floe__features *features, size_t capacity, struct floe__examples *examples,
                               struct floe_error *error);
void floe__examples_free(struct floe__examples *examples);

/* Packs simulations, at most `capacity`; on n_thread threads. */
FLOE_NODISCARD floe_status floe__examples_pack(struct floe__examples *examples,
                                               const struct floe_simulations *simulations, size_t n_thread,
                                               struct floe_error *error);

/* Packs example k from a context with data; its coordinates are left alone. */
void floe__examples_put(struct floe__examples *examples, size_t k, const struct floe_context *context,
                        const struct floe__slots *slots);

/* Holds unknowns of a share of the batch at their values: of those that are there, how many is drawn with probabilities
 * like 1 / n, then which; at least one coordinate is left. Data set i draws from (seed, unit, first + i). */
void floe__batch_pin(const struct floe__features *features, double share, uint64_t seed, uint64_t unit, size_t first,
                     struct floe__batch *batch);

/* Room for batches of up to n data sets: floats, and numbers of rows; multiples of 16. */
size_t floe__batch_floats(const struct floe__features *features, size_t n);
size_t floe__batch_indices(const struct floe__features *features, size_t n);

/* The batch of examples order[first ..] (order NULL: first ..), n of them, in the caller's room. */
struct floe__batch floe__batch_gather(const struct floe__examples *examples, const size_t *order, size_t first,
                                      size_t n, float *floats, uint32_t *indices);

#endif
