/* layout.h: where every variable stands in the vectors of floe/model.h, for given sizes of the dimensions. */
#ifndef FLOE_DATA_LAYOUT_H
#define FLOE_DATA_LAYOUT_H

#include <math.h>
#include <stddef.h>

#include <floe/model.h>

#include "base/error.h"

/* sizes (n_dimension). NULL where a size is outside its dimension's range (FLOE_EDATA), where a vector would be
 * longer than 2^40 numbers (FLOE_EDATA) or memory is short. One block: free with floe_layout_free. */
struct floe_layout *floe_layout_new(const struct floe_model *model, const size_t *sizes, struct floe_error *error);
void floe_layout_free(struct floe_layout *layout); /* NULL is allowed */

/* Sizes (n_dimension) at the low or high end of their ranges. */
void floe_sizes_smallest(const struct floe_model *model, size_t *sizes);
void floe_sizes_largest(const struct floe_model *model, size_t *sizes);

/* Copies a vector laid out as `from` to where its elements stand in the layout `to`, whose sizes are at least as large;
 * what `from` does not have becomes `filler`. Of structured variables, leading coordinates correspond. */
void floe_layout_spread_data(const struct floe_layout *from, const struct floe_layout *to, const double *data,
                             double filler, double *spread);
void floe_layout_spread_values(const struct floe_layout *from, const struct floe_layout *to, const double *values,
                               double filler, double *spread);
void floe_layout_spread_coordinates(const struct floe_layout *from, const struct floe_layout *to,
                                    const double *coordinates, double filler, double *spread);

/* Position of the variable of that name, FLOE_NONE if there is none. */
size_t floe_variable_find(const struct floe_model *model, const char *name);

/* 1 for data and obs (they stand in the data vector), 0 for params and latents. */
static inline int floe_variable_is_data(const struct floe_variable *variable) {
  return variable->role == FLOE_DATA || variable->role == FLOE_OBS;
}

/* Data that a data file gives. */
static inline int floe_variable_is_given(const struct floe_variable *variable) {
  return floe_variable_is_data(variable) && !variable->summary;
}

/* Whether coordinate k of variable v is one, for this data (n_data): what completes data has coordinates only where these
 * are missing. */
static inline int floe_coordinate_free(const struct floe_layout *layout, const double *data, size_t v, size_t k) {
  return !layout->model->variables[v].completes || isnan(data[layout->offset[v + 1] + k]);
}

#endif
