/* pins.h: unknowns that are held at a value (`--pin NAME=NUMBER`) in a network that was trained for it. */
#ifndef FLOE_DATA_PINS_H
#define FLOE_DATA_PINS_H

#include <floe/model.h>

#include "base/error.h"

/* Reads NAME=NUMBER into values (n_variable), NaN for what is not held. FLOE_EUSAGE: no such unknown can be held, or not there. */
FLOE_NODISCARD floe_status floe_pin_read(const struct floe_model *model, const char *text, double *values,
                                         struct floe_error *error);

/* values (n_variable) -> pinned (n_coordinate) for a context: FAMILY coordinates of what is held and present, NaN for others.
 * work (n_value), scratch as for the model's functions. */
void floe_pin_coordinates(const struct floe_context *context, const double *values, double *work, double *pinned,
                          double *scratch);

#endif
