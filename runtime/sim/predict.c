#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "runtime/rng/purpose.h"
#include "runtime/sim/simulate.h"

enum { CHUNK = 64 };

struct prediction {
  struct floe_context context;
  const struct floe_dataset *dataset;
  struct floe_sampling sampling;
  size_t n;
  const double *given; /* (n, n_value) or NULL: drawn */
  double *data, *values;
  double *scratch; /* (n_thread, n_scratch + CHUNK n_value) */
};

/* The data set's covariates stand in every point; simulate overwrites the observations. */
static void predict_chunk(void *context, size_t chunk, size_t thread) {
  struct prediction *p = context;
  const struct floe_layout *layout = p->context.layout;
  const size_t first = chunk * CHUNK, n = p->n - first < CHUNK ? p->n - first : CHUNK, n_value = layout->n_value;
  double *scratch = p->scratch + thread * (layout->n_scratch + CHUNK * n_value);
  double *data = p->data + first * layout->n_data,
         *values = p->given ? scratch + layout->n_scratch : p->values + first * n_value;
  struct floe_sampling sampling = p->sampling;
  sampling.first_unit += first;
  for (size_t k = 0; k < n; k++)
    if (layout->n_data) memcpy(data + k * layout->n_data, p->dataset->data, layout->n_data * sizeof *data);
  for (size_t k = 0; k < n * n_value; k++) values[k] = p->given ? p->given[first * n_value + k] : NAN;
  p->context.layout->model->simulate(&p->context, &sampling, n, data, values, scratch);
}

static floe_status predict(struct prediction *p, size_t n_thread, struct floe_error *error) {
  const struct floe_layout *layout = p->dataset->layout;
  p->scratch = floe__new(n_thread ? n_thread : 1, (layout->n_scratch + CHUNK * layout->n_value) * sizeof(double));
  if (!p->scratch) return floe__fail(error, FLOE_EENVIRONMENT, "", "draw fewer at a time", "no memory for predictions");
  floe__parallel((p->n + CHUNK - 1) / CHUNK, n_thread, predict_chunk, p);
  floe__free(p->scratch);
  return FLOE_OK;
}

floe_status floe_prior_predictive(const struct floe_dataset *dataset, const struct floe_universe *universe,
                                  uint64_t seed, uint64_t first_unit, size_t n, size_t n_thread, double *data,
                                  double *values, struct floe_error *error) {
  struct prediction p = {.context = {.layout = dataset->layout,
                                     .universe = universe,
                                     .coordinates = FLOE_FAMILY_COORDINATES,
                                     .data = dataset->data},
                         .sampling = {seed, FLOE_PURPOSE_PRIOR, first_unit, FLOE_DRAW_PARAMETERS | FLOE_DRAW_OBSERVED},
                         .dataset = dataset,
                         .n = n,
                         .data = data,
                         .values = values};
  return predict(&p, n_thread, error);
}

floe_status floe_posterior_predictive(const struct floe_dataset *dataset, const struct floe_universe *universe,
                                      uint64_t seed, uint64_t first_unit, size_t n, size_t n_thread,
                                      const double *values, double *data, struct floe_error *error) {
  struct prediction p = {.context = {.layout = dataset->layout,
                                     .universe = universe,
                                     .coordinates = FLOE_FAMILY_COORDINATES,
                                     .data = dataset->data},
                         .sampling = {seed, FLOE_PURPOSE_PREDICT, first_unit, FLOE_DRAW_OBSERVED},
                         .dataset = dataset,
                         .n = n,
                         .given = values,
                         .data = data};
  return predict(&p, n_thread, error);
}
