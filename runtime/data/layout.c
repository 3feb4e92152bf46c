#include "runtime/data/layout.h"

#include "runtime/data/outputs.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/math/structure.h"

static const size_t longest_vector = (size_t)1 << 40;

void floe_sizes_smallest(const struct floe_model *model, size_t *sizes) {
  for (size_t d = 0; d < model->n_dimension; d++) sizes[d] = model->dimensions[d].low;
}

void floe_sizes_largest(const struct floe_model *model, size_t *sizes) {
  for (size_t d = 0; d < model->n_dimension; d++) sizes[d] = model->dimensions[d].high;
}

size_t floe_variable_find(const struct floe_model *model, const char *name) {
  for (size_t v = 0; v < model->n_variable; v++)
    if (strcmp(model->variables[v].name, name) == 0) return v;
  return FLOE_NONE;
}

/* Product of the sizes of dims; false beyond the longest vector. */
static bool product(const size_t *sizes, size_t n_dim, const size_t *dims, size_t *result) {
  *result = 1;
  for (size_t k = 0; k < n_dim; k++)
    if (__builtin_mul_overflow(*result, sizes[dims[k]], result) || *result > longest_vector) return false;
  return true;
}

/* Dimensions that are laid out together: the structure's, or the last one. */
static size_t structured_dims(const struct floe_variable *variable) {
  return variable->structure == FLOE_PLAIN ? variable->n_dim > 0 : floe__structure_rank(variable->structure);
}

/* Free coordinates of one run along these dimensions. */
static size_t tail_free(const struct floe_variable *variable, const size_t *sizes) {
  return floe__structure_free(variable->structure, variable->n_dim ? sizes[variable->dims[variable->n_dim - 1]] : 1);
}

/* Gives each variable its place; false if a vector grows too long. */
static bool place_variables(struct floe_layout *layout) {
  const struct floe_model *model = layout->model;
  for (size_t v = 0; v < model->n_variable; v++) {
    const struct floe_variable *variable = &model->variables[v];
    const size_t n_lead = variable->n_dim - structured_dims(variable);
    const bool is_data = floe_variable_is_data(variable);
    size_t *length = is_data ? &layout->n_data : &layout->n_value, lead;
    if (!product(layout->size, variable->n_dim, variable->dims, &layout->count[v])) return false;
    if (!product(layout->size, n_lead, variable->dims, &lead)) return false;
    layout->offset[v] = *length;
    *length += layout->count[v];
    layout->coordinate[v] = FLOE_NONE;
    if (!is_data && !variable->discrete) {
      layout->free[v] = lead * tail_free(variable, layout->size);
      layout->coordinate[v] = layout->n_coordinate;
      layout->n_coordinate += layout->free[v];
    }
    if (*length > longest_vector || layout->n_coordinate > longest_vector) return false;
  }
  return true;
}

static bool place_outputs(struct floe_layout *layout) {
  const struct floe_model *model = layout->model;
  for (size_t r = 0; r < model->n_report + model->n_claim; r++) {
    size_t count = 1;
    if (r < model->n_report && !product(layout->size, model->reports[r].n_dim, model->reports[r].dims, &count))
      return false;
    if (r < model->n_report) count *= floe_report_width(layout, r);
    layout->output[r] = layout->n_output;
    layout->n_output += count;
    if (layout->n_output > longest_vector) return false;
  }
  return true;
}

static bool sizes_in_range(const struct floe_model *model, const size_t *sizes, struct floe_error *error) {
  for (size_t d = 0; d < model->n_dimension; d++) {
    const struct floe_dimension *dimension = &model->dimensions[d];
    if (sizes[d] >= dimension->low && sizes[d] <= dimension->high) continue;
    if (dimension->low == dimension->high)
      floe__fail(error, FLOE_EDATA, "", "change the data, or the size in the spec",
                 "%s has size %zu, but the spec says %zu", dimension->name, sizes[d], dimension->low);
    else
      floe__fail(error, FLOE_EDATA, "", "change the data, or widen the range in the spec",
                 "%s has size %zu, outside the spec's %zu..%zu", dimension->name, sizes[d], dimension->low,
                 dimension->high);
    return false;
  }
  return true;
}

/* The struct and its arrays in one block. */
static struct floe_layout *empty_layout(const struct floe_model *model) {
  const size_t n_d = model->n_dimension, n_v = model->n_variable, n_o = model->n_report + model->n_claim;
  struct floe_layout *layout = floe__new(1, sizeof *layout + (n_d + 5 * n_v + n_o) * sizeof(size_t));
  if (!layout) return NULL;
  size_t *at = (size_t *)(layout + 1);
  layout->model = model;
  layout->size = at;
  layout->offset = layout->size + n_d;
  layout->coordinate = layout->offset + n_v;
  layout->output = layout->coordinate + n_v;
  layout->count = layout->output + n_o;
  layout->free = layout->count + n_v;
  return layout;
}

struct floe_layout *floe_layout_new(const struct floe_model *model, const size_t *sizes, struct floe_error *error) {
  if (!sizes_in_range(model, sizes, error)) return NULL;
  struct floe_layout *layout = empty_layout(model);
  if (!layout) {
    (void)floe__fail(error, FLOE_EENVIRONMENT, "", "free memory", "no memory for the layout");
    return NULL;
  }
  if (model->n_dimension) memcpy(layout->size, sizes, model->n_dimension * sizeof *sizes);
  if (!place_variables(layout) || !place_outputs(layout)) {
    floe_layout_free(layout);
    (void)floe__fail(error, FLOE_EDATA, "", "use smaller dimensions", "the variables hold more than 2^40 numbers");
    return NULL;
  }
  layout->n_scratch = model->scratch_size(layout);
  layout->uncentred = FLOE__NEW(layout->n_coordinate + 1, double);
  if (layout->uncentred) return layout;
  floe_layout_free(layout);
  (void)floe__fail(error, FLOE_EENVIRONMENT, "", "free memory", "no memory for the layout");
  return NULL;
}

void floe_layout_free(struct floe_layout *layout) {
  if (layout) floe__free(layout->uncentred);
  floe__free(layout);
}

/* Rows of from_tail numbers, one per cell of the leading dimensions, go to where their cell stands among the larger
 * ones. */
static void spread_rows(size_t n_lead, const size_t *lead, const size_t *from_size, const size_t *to_size,
                        size_t from_tail, size_t to_tail, const double *from, double *to) {
  size_t n_row = 1;
  for (size_t k = 0; k < n_lead; k++) n_row *= from_size[lead[k]];
  for (size_t row = 0; row < n_row && from_tail; row++) {
    size_t rest = row, to_row = 0, step = 1;
    for (size_t k = n_lead; k-- > 0;) {
      to_row += rest % from_size[lead[k]] * step;
      rest /= from_size[lead[k]];
      step *= to_size[lead[k]];
    }
    memcpy(to + to_row * to_tail, from + row * from_tail, from_tail * sizeof *from);
  }
}

static void fill(size_t n, double value, double *x) {
  for (size_t k = 0; k < n; k++) x[k] = value;
}

static void spread_numbers(const struct floe_layout *from, const struct floe_layout *to, int is_data,
                           const double *numbers, double *spread) {
  const struct floe_model *model = from->model;
  for (size_t v = 0; v < model->n_variable; v++) {
    const struct floe_variable *variable = &model->variables[v];
    if (floe_variable_is_data(variable) != is_data) continue;
    const size_t n_lead = variable->n_dim ? variable->n_dim - 1 : 0,
                 last = variable->n_dim ? variable->dims[n_lead] : 0;
    const size_t from_tail = variable->n_dim ? from->size[last] : 1, to_tail = variable->n_dim ? to->size[last] : 1;
    spread_rows(n_lead, variable->dims, from->size, to->size, from_tail, to_tail, numbers + from->offset[v],
                spread + to->offset[v]);
  }
}

void floe_layout_spread_data(const struct floe_layout *from, const struct floe_layout *to, const double *data,
                             double filler, double *spread) {
  fill(to->n_data, filler, spread);
  spread_numbers(from, to, 1, data, spread);
}

void floe_layout_spread_values(const struct floe_layout *from, const struct floe_layout *to, const double *values,
                               double filler, double *spread) {
  fill(to->n_value, filler, spread);
  spread_numbers(from, to, 0, values, spread);
}

void floe_layout_spread_coordinates(const struct floe_layout *from, const struct floe_layout *to,
                                    const double *coordinates, double filler, double *spread) {
  const struct floe_model *model = from->model;
  fill(to->n_coordinate, filler, spread);
  for (size_t v = 0; v < model->n_variable; v++) {
    const struct floe_variable *variable = &model->variables[v];
    if (from->coordinate[v] == FLOE_NONE) continue;
    spread_rows(variable->n_dim - structured_dims(variable), variable->dims, from->size, to->size,
                tail_free(variable, from->size), tail_free(variable, to->size), coordinates + from->coordinate[v],
                spread + to->coordinate[v]);
  }
}
