/* gaps.h: what is missing in a simulated data set. */
#ifndef FLOE_SIM_GAPS_H
#define FLOE_SIM_GAPS_H

#include <stdint.h>

#include "runtime/sim/simulate.h"

/* Makes elements of data (layout's n_data) NaN, of each variable that may be missing. One data set in five has no gaps
 * in the variable. In half of the others, where the plan has a user's data set with gaps in it, they are those of rows
 * drawn from it (of all of it, where the first dimension is ordered and the sizes agree); elsewhere a share of the
 * elements, uniform in 0 .. 0.5, each by itself. Rows are the same for all variables of a dimension, so that what is
 * missing together stays together. That being missing says nothing about the value is an assumption of the model. */
void floe__make_gaps(const struct floe_simulation_plan *plan, const struct floe_layout *layout, uint64_t stream_unit,
                     double *data);

#endif
