#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "runtime/data/bind.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/data/values.h"

bool floe__value_fits(const struct floe_layout *layout, size_t v, double x, char *why, size_t capacity) {
  const struct floe_variable *variable = &layout->model->variables[v];
  const double low = variable->codes == FLOE_NONE ? variable->low : 1;
  const double high = variable->codes == FLOE_NONE ? variable->high : (double)layout->size[variable->codes];
  if (variable->missing && isnan(x)) return true;
  if (!isfinite(x))
    snprintf(why, capacity, "is not a finite number");
  else if (variable->base != FLOE_REAL && x != floor(x))
    snprintf(why, capacity, "is not a whole number");
  else if (variable->base == FLOE_BOOL && x != 0 && x != 1)
    snprintf(why, capacity, "is neither 0 nor 1");
  else if (variable->codes != FLOE_NONE && (x < low || x > high))
    snprintf(why, capacity, "is not one of the %zu positions of %s", layout->size[variable->codes],
             layout->model->dimensions[variable->codes].name);
  else if (variable->strict && x == low)
    snprintf(why, capacity, "is not above %g", low);
  else if (x < low || x > high)
    snprintf(why, capacity, x < low ? "is below %g" : "is above %g", x < low ? low : high);
  else
    return true;
  return false;
}

floe_status floe_data_from_numbers(const struct floe_model *model, const size_t *sizes, const double *data,
                                   struct floe_dataset **dataset, struct floe_error *error) {
  struct floe_error why = {0};
  struct floe_dataset *made = FLOE__NEW(1, struct floe_dataset);
  *dataset = NULL;
  if (!made) return floe__fail(error, FLOE_EENVIRONMENT, "", "free memory", "no memory for the data");
  made->model = model;
  made->layout = floe_layout_new(model, sizes, &why);
  made->data = made->layout ? FLOE__NEW(made->layout->n_data, double) : NULL;
  made->labels = FLOE__NEW(model->n_dimension, char **);
  made->path = FLOE__NEW(1, char);
  if (!made->data || !made->labels || !made->path) {
    floe_data_free(made);
    if (why.status == FLOE_OK) return floe__fail(error, FLOE_EENVIRONMENT, "", "free memory", "no memory for the data");
    if (error) *error = why;
    return why.status;
  }
  if (made->layout->n_data) memcpy(made->data, data, made->layout->n_data * sizeof *data);
  made->hash = floe__hash(made->data, made->layout->n_data * sizeof *data,
                          floe__hash(sizes, model->n_dimension * sizeof *sizes, 0));
  *dataset = made;
  return FLOE_OK;
}

void floe_data_free(struct floe_dataset *dataset) {
  if (!dataset) return;
  for (size_t d = 0; dataset->labels && d < dataset->model->n_dimension; d++) {
    for (size_t k = 0; dataset->labels[d] && k < dataset->layout->size[d]; k++) floe__free(dataset->labels[d][k]);
    floe__free(dataset->labels[d]);
  }
  for (size_t k = 0; k < dataset->n_note; k++) floe__free(dataset->notes[k]);
  floe__free(dataset->notes);
  floe__free(dataset->labels);
  floe__free(dataset->data);
  floe__free(dataset->path);
  floe_layout_free(dataset->layout);
  floe__free(dataset);
}

/* What was there is not a number after `prep`, unless that is what it is for. */
static bool is_lost(const struct floe_variable *variable, double before, double after) {
  return variable->missing && !variable->leaves_out && isnan(after) && !isnan(before);
}

/* All that was there is gone. */
static bool is_emptied(size_t n, const double *before, const double *after) {
  bool any = false;
  for (size_t k = 0; k < n; k++) {
    if (!isnan(after[k])) return false;
    any |= !isnan(before[k]);
  }
  return any;
}

floe_status floe_data_prepare(const struct floe_dataset *dataset, const struct floe_universe *universe,
                              double *prepared, double *scratch, struct floe_error *error) {
  const struct floe_model *model = dataset->model;
  const struct floe_layout *layout = dataset->layout;
  const struct floe_context context = {.layout = layout, .universe = universe, .coordinates = FLOE_UNIVERSE_COORDINATES, .data = dataset->data};
  model->prepare(&context, dataset->data, prepared, scratch);
  for (size_t v = 0; v < model->n_variable; v++) {
    const struct floe_variable *variable = &model->variables[v];
    if (!floe_variable_is_data(variable)) continue;
    const bool summary = variable->summary;
    const double *before = dataset->data + layout->offset[v];
    if (variable->leaves_out && is_emptied(layout->count[v], before, prepared + layout->offset[v]))
      return floe__fail(error, FLOE_EDATA, variable->name, "let the rule keep some of them",
                        "`prep` leaves out all values of %s", variable->name);
    for (size_t k = 0; k < layout->count[v]; k++) {
      const double x = prepared[layout->offset[v] + k];
      char why[128], name[128], where[256], id[120];
      const bool lost = is_lost(variable, before[k], x);
      if (!lost && floe__value_fits(layout, v, x, why, sizeof why)) continue;
      if (lost) snprintf(why, sizeof why, "is not a number");
      floe_element_name(layout, dataset, variable->name, variable->n_dim, variable->dims, k, name, sizeof name);
      floe_universe_id(model, universe, id, sizeof id);
      snprintf(where, sizeof where, "universe %s", id);
      return floe__fail(error, FLOE_EDATA, where,
                        summary ? "let the summary be finite for all data" : "change the `prep` statement: counts need round()",
                        summary ? "the summary %s = %.10g, which %s" : "after `prep`, %s = %.10g, which %s", name, x, why);
    }
  }
  return FLOE_OK;
}

size_t floe_element_name(const struct floe_layout *layout, const struct floe_dataset *dataset, const char *name,
                         size_t n_dim, const size_t *dims, size_t k, char *text, size_t capacity) {
  size_t length = (size_t)snprintf(text, capacity, "%s", name), below = 1;
  for (size_t j = 0; j < n_dim; j++) below *= layout->size[dims[j]];
  for (size_t j = 0; j < n_dim; j++) {
    const size_t size = layout->size[dims[j]];
    if (size == 0) break;
    below /= size;
    const size_t position = k / below % size;
    char *at = length < capacity ? text + length : NULL;
    const size_t room = length < capacity ? capacity - length : 0;
    const char *before = j ? "," : "[", *after = j + 1 == n_dim ? "]" : "";
    if (dataset && dataset->labels[dims[j]])
      length += (size_t)snprintf(at, room, "%s%s%s", before, dataset->labels[dims[j]][position], after);
    else
      length += (size_t)snprintf(at, room, "%s%zu%s", before, position + 1, after);
  }
  return length;
}
