/* search.h: one search for hyper values, in unbounded coordinates z: asinh(h) of a real value, log(h - low) or
 * log(high - h) where one side is bounded, logit where both are. */
#ifndef FLOE_ELICIT_SEARCH_H
#define FLOE_ELICIT_SEARCH_H

#include "runtime/elicit/implied.h"

double floe__hyper_value(const struct floe_axis *axis, double z);
double floe__hyper_coordinate(const struct floe_axis *axis, double value);

/* z (n_free): from the best of its own 32 starts, with its own simulations. INFINITY as *loss: no start gave finite
 * numbers. reach: the largest absolute value that the expert names, at least 1. */
FLOE_NODISCARD floe_status floe__search(struct floe__implied *implied, size_t number, double reach, double *z,
                                        double *loss, struct floe_error *error);

/* The last digits of z (n_free), by more simulations than a search takes. */
FLOE_NODISCARD floe_status floe__refine(struct floe__implied *implied, double *z, struct floe_error *error);

/* The loss at z by n_batch batches of `size`. */
FLOE_NODISCARD floe_status floe__loss_at(struct floe__implied *implied, const double *z, size_t size,
                                         uint64_t first_unit, double *loss, struct floe_error *error);

#endif
