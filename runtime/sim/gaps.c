#include "runtime/sim/gaps.h"

#include <math.h>
#include <stdbool.h>

#include <floe/draws.h>

#include "runtime/rng/purpose.h"

enum { SHARE, ROWS = FLOE_MAX_AXIS }; /* streams: shares by variable, rows by dimension */

static double uniform(const struct floe_simulation_plan *plan, uint64_t unit, uint64_t site, uint64_t element) {
  struct floe_stream stream;
  floe_stream_open(&stream, plan->seed, FLOE_PURPOSE_GAPS, unit, site, element);
  return floe_draw_uniform(&stream);
}

/* The data set's own numbers of the variable; NULL where it has no gaps in it, or none is there. */
static const double *gappy(const struct floe_dataset *dataset, size_t v) {
  if (!dataset) return NULL;
  const double *own = dataset->data + dataset->layout->offset[v];
  for (size_t k = 0; k < dataset->layout->count[v]; k++)
    if (isnan(own[k])) return own;
  return NULL;
}

/* Whether rows of the data set fit the layout: their other sizes agree, and those of an ordered dimension all. */
static bool rows_fit(const struct floe_layout *layout, const struct floe_layout *of_data, size_t v) {
  const struct floe_variable *variable = &layout->model->variables[v];
  bool fit = variable->n_dim > 0;
  for (size_t k = 0; k < variable->n_dim; k++) {
    const size_t d = variable->dims[k];
    fit = fit && ((k == 0 && !layout->model->dimensions[d].ordered) || layout->size[d] == of_data->size[d]);
  }
  return fit;
}

static void gaps_of_rows(const struct floe_simulation_plan *plan, const struct floe_layout *layout, size_t v,
                         uint64_t unit, const double *own, double *x) {
  const struct floe_layout *of_data = plan->dataset->layout;
  const size_t d = layout->model->variables[v].dims[0], n_row = layout->size[d], n_own = of_data->size[d];
  const size_t length = n_row ? layout->count[v] / n_row : 0;
  const bool whole = layout->model->dimensions[d].ordered;
  for (size_t i = 0; i < n_row; i++) {
    const size_t row = whole ? i : (size_t)(uniform(plan, unit, ROWS + d, i) * (double)n_own);
    for (size_t k = 0; k < length; k++)
      if (isnan(own[row * length + k])) x[i * length + k] = NAN;
  }
}

void floe__make_gaps(const struct floe_simulation_plan *plan, const struct floe_layout *layout, uint64_t stream_unit,
                     double *data) {
  for (size_t v = 0; v < layout->model->n_variable; v++) {
    if (!layout->model->variables[v].missing) continue;
    const double *own = gappy(plan->dataset, v);
    const double kind = uniform(plan, stream_unit, SHARE, 2 * v);
    const double share = 0.5 * uniform(plan, stream_unit, SHARE, 2 * v + 1);
    double *x = data + layout->offset[v];
    if (kind < 0.2) continue;
    if (own && kind < 0.6 && rows_fit(layout, plan->dataset->layout, v)) {
      gaps_of_rows(plan, layout, v, stream_unit, own, x);
      continue;
    }
    for (size_t k = 0; k < layout->count[v]; k++)
      if (uniform(plan, stream_unit, ROWS + layout->model->n_dimension + v, k) < share) x[k] = NAN;
  }
}
