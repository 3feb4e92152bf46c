#include "runtime/sim/sizes.h"

#include <stdbool.h>
#include <string.h>

#include <floe/draws.h>

#include "base/memory.h"
#include "runtime/data/layout.h"
#include "runtime/rng/purpose.h"

/* A dimension without a declared range reaches up to SIZE_MAX: there is nothing to vary it over. */
static const size_t most_varied = (size_t)1 << 40;

static bool resampled(const struct floe_variable *variable) {
  return variable->role == FLOE_DATA && !variable->has_distribution;
}

static floe_status no_memory(struct floe_error *error) {
  return floe__fail(error, FLOE_EENVIRONMENT, "", "simulate fewer at a time", "no memory for the simulations");
}

/* Rows of a dimension may be drawn with replacement where nothing else depends on which row is which: it is the first
 * dimension of the data that have it, not ordered, and no code numbers it. */
static bool rows_may_be_drawn(const struct floe_model *model, size_t d) {
  if (model->dimensions[d].ordered) return false;
  for (size_t v = 0; v < model->n_variable; v++) {
    const struct floe_variable *variable = &model->variables[v];
    if (!resampled(variable)) continue;
    if (variable->codes == d) return false;
    for (size_t k = 1; k < variable->n_dim; k++)
      if (variable->dims[k] == d) return false;
  }
  return true;
}

static bool of_resampled_data(const struct floe_model *model, size_t d) {
  for (size_t v = 0; v < model->n_variable; v++) {
    const struct floe_variable *variable = &model->variables[v];
    if (!resampled(variable)) continue;
    if (variable->codes == d) return true;
    for (size_t k = 0; k < variable->n_dim; k++)
      if (variable->dims[k] == d) return true;
  }
  return false;
}

static enum floe__sizing sizing_of(const struct floe_simulation_plan *plan, size_t d) {
  const struct floe_dimension *dimension = &plan->model->dimensions[d];
  const bool bound = of_resampled_data(plan->model, d);
  if (!plan->sizes && dimension->high > most_varied) return FLOE__SIZE_OF_DATASET;
  if (bound && !rows_may_be_drawn(plan->model, d)) return FLOE__SIZE_OF_DATASET;
  if (plan->sizes || dimension->low == dimension->high)
    return bound && (!plan->sizes || plan->sizes[d] == plan->dataset->layout->size[d]) ? FLOE__SIZE_OF_DATASET
                                                                                       : FLOE__SIZE_GIVEN;
  return FLOE__SIZE_VARIED;
}

static floe_status check_data_set(const struct floe_simulation_plan *plan, struct floe__sizes *sizes,
                                  struct floe_error *error) {
  const struct floe_model *model = plan->model;
  for (size_t v = 0; v < model->n_variable; v++) {
    if (!resampled(&model->variables[v])) continue;
    sizes->resamples = 1;
    if (!plan->dataset)
      return floe__fail(error, FLOE_EDATA, "",
                        "give a data file whose rows can be resampled, or say how to imagine it: `~ ...`",
                        "data %s has no `~`, so it cannot be simulated", model->variables[v].name);
  }
  for (size_t d = 0; d < model->n_dimension; d++) {
    sizes->sizing[d] = sizing_of(plan, d);
    if (sizes->sizing[d] == FLOE__SIZE_OF_DATASET && !plan->dataset)
      return floe__fail(error, FLOE_EDATA, "", "give a data file, or declare a range: `index NAME in 4..16`",
                        "index %s has no range of sizes to simulate", model->dimensions[d].name);
    if (sizes->sizing[d] == FLOE__SIZE_OF_DATASET && plan->sizes && plan->sizes[d] != plan->dataset->layout->size[d])
      return floe__fail(error, FLOE_EDATA, plan->dataset->path, "simulate with the sizes of the data",
                        "%s has size %zu in the data, but %zu is asked for", model->dimensions[d].name,
                        plan->dataset->layout->size[d], plan->sizes[d]);
  }
  return FLOE_OK;
}

static size_t lowest_size(const struct floe__sizes *sizes, size_t d) {
  const struct floe_simulation_plan *plan = sizes->plan;
  if (sizes->sizing[d] == FLOE__SIZE_OF_DATASET) return plan->dataset->layout->size[d];
  return plan->sizes ? plan->sizes[d] : plan->model->dimensions[d].low;
}

static size_t highest_size(const struct floe__sizes *sizes, size_t d) {
  return sizes->sizing[d] == FLOE__SIZE_VARIED ? sizes->plan->model->dimensions[d].high : lowest_size(sizes, d);
}

static size_t span(const struct floe__sizes *sizes, size_t d) {
  return highest_size(sizes, d) - lowest_size(sizes, d) + 1;
}

/* Sizes number k: all combinations in turn or, where they are too many, the largest, the smallest, then a draw. */
static void combination(const struct floe__sizes *sizes, bool all, size_t k, size_t *size) {
  const size_t n_dimension = sizes->plan->model->n_dimension;
  for (size_t d = n_dimension; d-- > 0;) {
    const size_t low = lowest_size(sizes, d), n = span(sizes, d);
    size_t step;
    if (all) {
      step = k % n;
      k /= n;
    } else if (k < 2) {
      step = k == 0 ? n - 1 : 0;
    } else {
      struct floe_stream stream;
      floe_stream_open(&stream, sizes->plan->seed, FLOE_PURPOSE_UNIVERSE, k, FLOE_MAX_AXIS + 1, d);
      step = (size_t)(floe_draw_uniform(&stream) * (double)n);
    }
    size[d] = low + step;
  }
}

static floe_status make_layouts(struct floe__sizes *sizes, size_t *size, struct floe_error *error) {
  const struct floe_model *model = sizes->plan->model;
  size_t n_combination = 1;
  for (size_t d = 0; d < model->n_dimension; d++) {
    if (__builtin_mul_overflow(n_combination, span(sizes, d), &n_combination)) n_combination = SIZE_MAX;
    size[d] = highest_size(sizes, d);
  }
  const bool all = n_combination <= FLOE__MAX_LAYOUT;
  const size_t n_layout = all ? n_combination : FLOE__MAX_LAYOUT;
  struct floe_error why = {0};
  sizes->layouts = FLOE__NEW(n_layout, struct floe_layout *);
  sizes->largest = floe_layout_new(model, size, &why);
  for (size_t k = 0; sizes->layouts && sizes->largest && k < n_layout; k++) {
    combination(sizes, all, k, size);
    sizes->layouts[k] = floe_layout_new(model, size, &why);
    if (!sizes->layouts[k]) break;
    sizes->n_layout++;
  }
  if (sizes->n_layout == n_layout) return FLOE_OK;
  if (error) *error = why;
  return why.status == FLOE_OK ? no_memory(error) : why.status;
}

floe_status floe__sizes_new(const struct floe_simulation_plan *plan, struct floe__sizes *sizes,
                            struct floe_error *error) {
  const size_t n = plan->model->n_dimension;
  *sizes = (struct floe__sizes){.plan = plan, .sizing = FLOE__NEW(n, enum floe__sizing)};
  size_t *size = FLOE__NEW(n, size_t);
  floe_status status = sizes->sizing && size ? check_data_set(plan, sizes, error) : no_memory(error);
  if (status == FLOE_OK) status = make_layouts(sizes, size, error);
  floe__free(size);
  return status;
}

void floe__sizes_free(struct floe__sizes *sizes) {
  for (size_t k = 0; k < sizes->n_layout; k++) floe_layout_free(sizes->layouts[k]);
  floe_layout_free(sizes->largest);
  floe__free(sizes->layouts);
  floe__free(sizes->sizing);
  *sizes = (struct floe__sizes){0};
}

size_t floe__sizes_draw(const struct floe__sizes *sizes, uint64_t stream_unit) {
  if (sizes->n_layout == 1) return 0;
  struct floe_stream stream;
  floe_stream_open(&stream, sizes->plan->seed, FLOE_PURPOSE_UNIVERSE, stream_unit, FLOE_MAX_AXIS, 0);
  return (size_t)(floe_draw_uniform(&stream) * (double)sizes->n_layout);
}

/* Which row of the data set stands at a position of the first dimension: the same for all variables. */
static size_t row_of(const struct floe__sizes *sizes, size_t d, size_t position, uint64_t stream_unit) {
  if (sizes->sizing[d] == FLOE__SIZE_OF_DATASET) return position;
  struct floe_stream stream;
  floe_stream_open(&stream, sizes->plan->seed, FLOE_PURPOSE_RESAMPLE, stream_unit, d, position);
  return (size_t)(floe_draw_uniform(&stream) * (double)sizes->plan->dataset->layout->size[d]);
}

void floe__resample_rows(const struct floe__sizes *sizes, const struct floe_layout *layout, uint64_t stream_unit,
                         double *data) {
  if (!sizes->resamples) return;
  const struct floe_dataset *dataset = sizes->plan->dataset;
  for (size_t v = 0; v < layout->model->n_variable; v++) {
    const struct floe_variable *variable = &layout->model->variables[v];
    if (!resampled(variable)) continue;
    const size_t n_row = variable->n_dim ? layout->size[variable->dims[0]] : 1;
    const size_t length = n_row ? layout->count[v] / n_row : 0;
    for (size_t i = 0; i < n_row; i++) {
      const size_t row = variable->n_dim ? row_of(sizes, variable->dims[0], i, stream_unit) : 0;
      memcpy(data + layout->offset[v] + i * length, dataset->data + dataset->layout->offset[v] + row * length,
             length * sizeof *data);
    }
  }
}
