/* sizes.h: which sizes simulations take, and which rows of a user's data set stand in for data that the spec does not
 * imagine. */
#ifndef FLOE_SIM_SIZES_H
#define FLOE_SIM_SIZES_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/sim/simulate.h"

enum { FLOE__MAX_LAYOUT = 256 };

/* How each dimension gets its size, and its rows of data without `~`. */
enum floe__sizing {
  FLOE__SIZE_GIVEN,     /* by the plan or the spec, rows as in the data set */
  FLOE__SIZE_VARIED,    /* drawn from low .. high; rows drawn from the data set, if they are needed */
  FLOE__SIZE_OF_DATASET /* as in the data set, with its rows */
};

struct floe__sizes {
  const struct floe_simulation_plan *plan;
  enum floe__sizing *sizing; /* (n_dimension) */
  int resamples;             /* some data has no `~` */
  size_t n_layout;
  struct floe_layout **layouts; /* (n_layout): all combinations of sizes, or FLOE__MAX_LAYOUT of them */
  struct floe_layout *largest;
};

/* FLOE_EDATA where data without `~` has no data set, or the data set does not fit the plan's sizes. Free
 * in any case. */
FLOE_NODISCARD floe_status floe__sizes_new(const struct floe_simulation_plan *plan, struct floe__sizes *sizes,
                                           struct floe_error *error);
void floe__sizes_free(struct floe__sizes *sizes);

/* The layout of a unit: uniform over `layouts`. `stream_unit` tells units of different purposes apart. */
size_t floe__sizes_draw(const struct floe__sizes *sizes, uint64_t stream_unit);

/* Fills in the data variables without `~`. */
void floe__resample_rows(const struct floe__sizes *sizes, const struct floe_layout *layout, uint64_t stream_unit,
                         double *data);

#endif
