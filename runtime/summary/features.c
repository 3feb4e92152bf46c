#include "runtime/summary/features.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/math/order.h"
#include "runtime/math/structure.h"

enum { MOST_ONE_HOT = 16 };

static size_t product_without(const struct floe_variable *variable, const size_t *size, size_t skip) {
  size_t product = 1;
  for (size_t d = 0; d < variable->n_dim; d++)
    if (variable->dims[d] != skip) product *= size[variable->dims[d]];
  return product;
}

static int runs_along(const struct floe_variable *variable, size_t plate) {
  if (plate == FLOE_NONE) return 0;
  if (variable->structure != FLOE_PLAIN && !floe_variable_is_data(variable))
    return variable->n_dim > floe__structure_rank(variable->structure) && variable->dims[0] == plate;
  for (size_t d = 0; d < variable->n_dim; d++)
    if (variable->dims[d] == plate) return 1;
  return 0;
}

static struct floe__value value_column(const struct floe__features *f, const struct floe_variable *variable,
                                       size_t first) {
  struct floe__value value = {.first_feature = first, .n_feature = 2, .scale = {1, 1}};
  if (variable->base == FLOE_BOOL) {
    value.transform = FLOE__AS_TRUTH;
    value.n_feature = 1;
  } else if (variable->base == FLOE_CODE) {
    const size_t n = variable->codes == FLOE_NONE ? SIZE_MAX : f->largest[variable->codes];
    value.transform = n <= MOST_ONE_HOT ? FLOE__AS_CODE : FLOE__AS_CODE_NUMBER;
    value.n_feature = n <= MOST_ONE_HOT ? n : 1;
  } else if (variable->low >= 0 && !isfinite(variable->high)) {
    value.transform = variable->base == FLOE_INT ? FLOE__AS_COUNT : FLOE__AS_POSITIVE;
  } else {
    value.transform = FLOE__AS_REAL;
  }
  value.missing = variable->missing;
  value.n_feature += value.missing;
  return value;
}

static size_t count_pins(const struct floe_model *model) {
  size_t n = 0;
  for (size_t v = 0; v < model->n_variable; v++) n += model->variables[v].pinnable != 0;
  return n;
}

static size_t count_context(const struct floe_model *model) {
  size_t n = 0;
  for (size_t a = 0; a < model->n_axis; a++) {
    const struct floe_axis *axis = &model->axes[a];
    if (!axis->equivalence && !axis->prepares) n += axis->continuous || axis->numbers ? 1 : axis->n_option;
  }
  for (size_t d = 0; d < model->n_dimension; d++) n += model->dimensions[d].low != model->dimensions[d].high;
  for (size_t v = 0; v < model->n_variable; v++)
    n += !floe_variable_is_data(&model->variables[v]) && model->variables[v].n_condition > 0;
  return n;
}

int floe__features_stated(const struct floe_model *model, const struct floe_variable *variable) {
  if (variable->summary) return 1;
  for (size_t d = 0; d < variable->n_dim; d++)
    if (model->dimensions[variable->dims[d]].low != model->dimensions[variable->dims[d]].high) return 0;
  return 1;
}

static int is_read(const struct floe_model *model, int stated, const struct floe_variable *variable) {
  return floe_variable_is_data(variable) && (!stated || floe__features_stated(model, variable));
}

/* Data that runs along the plate is what makes rows; without it the plate's parameters are global. */
static size_t useful_plate(const struct floe_model *model, int stated) {
  for (size_t v = 0; v < model->n_variable; v++)
    if (is_read(model, stated, &model->variables[v]) && runs_along(&model->variables[v], model->plate))
      return model->plate;
  return FLOE_NONE;
}

/* Summaries stand beside what is read position by position. */
static int has_dimension(const struct floe_variable *variable, size_t dimension) {
  if (variable->summary) return 0;
  for (size_t d = 0; d < variable->n_dim; d++)
    if (variable->dims[d] == dimension) return 1;
  return 0;
}

int floe__features_in_rows(const struct floe_model *model, size_t inner) {
  const size_t plate = useful_plate(model, 0);
  size_t n = 0, n_along = 0;
  for (size_t v = 0; v < model->n_variable; v++) {
    if (!floe_variable_is_data(&model->variables[v]) || !has_dimension(&model->variables[v], inner)) continue;
    n++;
    n_along += (size_t)runs_along(&model->variables[v], plate);
  }
  return n == 0 || (n_along > 0 && n_along < n) ? -1 : n_along > 0;
}

/* Column k of a variable's -> its position in the inner index set; *rest: its number among those of the same
 * position. */
static size_t position_of(const struct floe__features *f, const struct floe_variable *variable, size_t k,
                          size_t *rest) {
  size_t position = 0, stride = 1;
  int by_row = f->in_rows, found = 0;
  *rest = 0;
  for (size_t d = variable->n_dim; d-- > 0;) {
    const size_t dimension = variable->dims[d];
    if (by_row && dimension == f->plate) {
      by_row = 0;
      continue;
    }
    const size_t index = k % f->largest[dimension];
    k /= f->largest[dimension];
    if (dimension == f->inner && !found) {
      position = index;
      found = 1;
    } else {
      *rest += index * stride;
      stride *= f->largest[dimension];
    }
  }
  return position;
}

/* A variable's columns, n of them, and their features; those of an inner index set are given the places behind all
 * others. */
static void place_data(struct floe__features *f, const struct floe_variable *variable, int along, size_t n,
                       size_t *item_offset) {
  size_t *total = along ? &f->n_row_value : &f->n_flat_value, *features = along ? &f->n_row : &f->n_flat;
  struct floe__value *values = along ? f->row : f->flat;
  const int inner = f->inner != FLOE_NONE && has_dimension(variable, f->inner);
  size_t n_feature = 0;
  for (size_t k = 0; k < n; k++) {
    struct floe__value value = value_column(f, variable, *features);
    n_feature = value.n_feature;
    if (inner) {
      size_t rest;
      const size_t position = position_of(f, variable, k, &rest);
      value.first_feature = f->first_item + position * f->n_item + *item_offset + rest * n_feature;
    } else {
      *features += n_feature;
    }
    if (values) values[*total] = value;
    *total += 1;
  }
  if (inner) *item_offset += n / f->longest * n_feature;
}

/* The largest layout's columns: counts them, and notes where each variable's start. */
static void place_columns(struct floe__features *f, const struct floe_layout *layout) {
  size_t item_offset = 0;
  for (size_t v = 0; v < f->model->n_variable; v++) {
    const struct floe_variable *variable = &f->model->variables[v];
    const int along = runs_along(variable, f->plate);
    f->along[v] = (unsigned char)along;
    if (floe_variable_is_data(variable)) {
      f->data_column[v] = along ? f->n_row_value : f->n_flat_value;
      if (!is_read(f->model, f->stated, variable)) {
        f->data_column[v] = FLOE_NONE;
        continue;
      }
      place_data(f, variable, along, along ? product_without(variable, f->largest, f->plate) : layout->count[v],
                 &item_offset);
      continue;
    }
    const size_t n = layout->coordinate[v] == FLOE_NONE ? 0 : layout->free[v];
    size_t *total = along ? &f->n_local : &f->n_global;
    f->coordinate_column[v] = *total;
    *total += along ? n / f->largest[f->plate] : n;
  }
  f->n_item = item_offset;
  f->first_item = f->in_rows ? f->n_row : f->n_flat;
}

static int allocate(struct floe__features *f, const struct floe_layout *layout) {
  const size_t n_variable = f->model->n_variable;
  f->data_column = FLOE__NEW(n_variable + 1, size_t);
  f->coordinate_column = FLOE__NEW(n_variable + 1, size_t);
  f->pin_column = FLOE__NEW(f->n_pin + 1, size_t);
  f->along = FLOE__NEW(n_variable + 1, unsigned char);
  if (!f->data_column || !f->coordinate_column || !f->along || !f->pin_column) return 0;
  place_columns(f, layout);
  f->flat = FLOE__NEW(f->n_flat_value + 1, struct floe__value);
  f->row = FLOE__NEW(f->n_row_value + 1, struct floe__value);
  f->centre = FLOE__NEW(f->n_global + f->n_local + 1, double);
  f->scale = FLOE__NEW(f->n_global + f->n_local + 1, double);
  if (!f->flat || !f->row || !f->centre || !f->scale) return 0;
  f->n_flat = f->n_row = f->n_global = f->n_local = f->n_flat_value = f->n_row_value = 0;
  place_columns(f, layout);
  *(f->in_rows ? &f->n_row : &f->n_flat) += f->n_item * f->longest;
  for (size_t k = 0; k < f->n_global + f->n_local; k++) f->scale[k] = 1;
  for (size_t v = 0, pin = 0; v < n_variable; v++)
    if (f->model->variables[v].pinnable) f->pin_column[pin++] = f->coordinate_column[v];
  return 1;
}

struct floe__features *floe__features_new(const struct floe_model *model, const size_t *largest, size_t inner,
                                          int stated) {
  struct floe__features *f = FLOE__NEW(1, struct floe__features);
  struct floe_layout *layout = floe_layout_new(model, largest, NULL);
  if (!f || !layout) {
    floe__free(f);
    floe_layout_free(layout);
    return NULL;
  }
  f->model = model;
  f->stated = stated;
  f->plate = useful_plate(model, stated);
  f->inner = inner;
  f->longest = inner == FLOE_NONE ? 0 : largest[inner];
  f->in_rows = inner != FLOE_NONE && floe__features_in_rows(model, inner) == 1;
  f->n_pin = count_pins(model);
  f->first_pin = count_context(model);
  f->n_context = f->first_pin + 2 * f->n_pin;
  f->largest = FLOE__NEW(model->n_dimension + 1, size_t);
  if (f->largest && model->n_dimension > 0) memcpy(f->largest, largest, model->n_dimension * sizeof *largest);
  const int ok = f->largest && (f->max_rows = f->plate == FLOE_NONE ? 0 : largest[f->plate], allocate(f, layout));
  floe_layout_free(layout);
  if (ok) return f;
  floe__features_free(f);
  return NULL;
}

void floe__features_free(struct floe__features *f) {
  if (!f) return;
  floe__free(f->data_column);
  floe__free(f->coordinate_column);
  floe__free(f->pin_column);
  floe__free(f->along);
  floe__free(f->flat);
  floe__free(f->row);
  floe__free(f->centre);
  floe__free(f->scale);
  floe__free(f->largest);
  floe__free(f);
}

/* Squeezes what the square root of a heavy tail or a far outlier would do to the networks. */
static float clipped(double z) {
  return (float)(z < -5 ? -5 : z > 5 ? 5 : z);
}

static double on_scale(enum floe__transform transform, int second, double x) {
  switch (transform) {
    case FLOE__AS_REAL: return x;
    case FLOE__AS_POSITIVE: return second ? sqrt(x > 0 ? x : 0) : log(x > 1e-30 ? x : 1e-30);
    case FLOE__AS_COUNT: return second ? sqrt(x > 0 ? x : 0) : log1p(x > 0 ? x : 0);
    case FLOE__AS_TRUTH:
    case FLOE__AS_CODE:
    case FLOE__AS_CODE_NUMBER: break;
  }
  return x;
}

static void write_features(const struct floe__value *value, double x, float *feature) {
  feature += value->first_feature;
  if (value->missing && isnan(x)) {
    feature[value->n_feature - 1] = 1;
    return;
  }
  switch (value->transform) {
    case FLOE__AS_TRUTH: feature[0] = x != 0 ? 1 : -1; return;
    case FLOE__AS_CODE:
      for (size_t k = 0; k + (size_t)value->missing < value->n_feature; k++) feature[k] = x == (double)(k + 1);
      return;
    case FLOE__AS_REAL:
    case FLOE__AS_POSITIVE:
    case FLOE__AS_COUNT:
    case FLOE__AS_CODE_NUMBER: break;
  }
  const double first = (on_scale(value->transform, 0, x) - value->centre[0]) / value->scale[0];
  const double second = (on_scale(value->transform, 1, x) - value->centre[1]) / value->scale[1];
  if (value->transform == FLOE__AS_REAL) {
    feature[0] = clipped(first);
    feature[1] = (float)asinh(first);
  } else {
    feature[0] = (float)(first < -20 ? -20 : first > 20 ? 20 : first);
    if (value->transform != FLOE__AS_CODE_NUMBER) feature[1] = clipped(second);
  }
}

void floe__features_data(const struct floe__features *f, const struct floe_layout *layout,
                         const struct floe__slots *slots, const double *data, float *flat, float *rows) {
  if (f->n_flat > 0) memset(flat, 0, f->n_flat * sizeof(float));
  if (f->n_row > 0) memset(rows, 0, slots->n_row * f->n_row * sizeof(float));
  for (size_t k = 0; k < layout->n_data; k++) {
    const uint32_t row = slots->data_row[k], column = slots->data_column[k];
    if (column == FLOE__NOT_READ) continue;
    if (row == FLOE__NO_ROW)
      write_features(&f->flat[column], data[k], flat);
    else
      write_features(&f->row[column], data[k], rows + row * f->n_row);
  }
}

/* Median, and the interquartile range in standard deviations of a normal; the sd where that is 0; 1 where that is 0. */
static void centre_and_scale(size_t n, double *x, double *centre, double *scale) {
  *centre = 0;
  *scale = 1;
  if (n == 0) return;
  floe__sort(n, x);
  *centre = floe__quantile_sorted(n, x, 0.5);
  double size = (floe__quantile_sorted(n, x, 0.75) - floe__quantile_sorted(n, x, 0.25)) / 1.349;
  if (!(size > 0)) {
    double squares = 0;
    for (size_t i = 0; i < n; i++) squares += (x[i] - *centre) * (x[i] - *centre);
    size = sqrt(squares / (double)n);
  }
  if (size > 0 && isfinite(size)) *scale = size;
}

/* Simulations from which columns are standardised, and room for one column. */
struct gather {
  const struct floe_simulations *simulations;
  struct floe__slots **slots; /* by layout */
  const struct floe__features *features;
  size_t n; /* simulations looked at */
  size_t capacity;
  double *x;
};

static size_t gather_values(const struct gather *g, int of_rows, size_t column, enum floe__transform transform,
                            int second) {
  size_t n = 0;
  for (size_t i = 0; i < g->n; i++) {
    const size_t l = g->simulations->layout[i];
    const struct floe__slots *slots = g->slots[l];
    const double *data = g->simulations->data + i * g->simulations->n_data;
    for (size_t k = 0; k < g->simulations->layouts[l]->n_data && n < g->capacity; k++)
      if (slots->data_column[k] == column && (slots->data_row[k] != FLOE__NO_ROW) == of_rows && !isnan(data[k]))
        g->x[n++] = on_scale(transform, second, data[k]);
  }
  return n;
}

static size_t gather_coordinates(const struct gather *g, int of_rows, size_t column, float *global, float *local) {
  size_t n = 0;
  struct floe_universe universe;
  for (size_t i = 0; i < g->n; i++) {
    const size_t l = g->simulations->layout[i];
    const struct floe__slots *slots = g->slots[l];
    const double *coordinates = g->simulations->coordinates + i * g->simulations->n_coordinate;
    floe_universe_from_settings(g->features->model, g->simulations->settings + i * g->features->model->n_axis,
                                &universe);
    floe__features_mask(g->features, g->simulations->layouts[l], slots, &universe,
                        g->simulations->data + i * g->simulations->n_data, global, local);
    for (size_t k = 0; k < g->simulations->layouts[l]->n_coordinate && n < g->capacity; k++) {
      const uint32_t row = slots->coordinate_row[k];
      if (slots->coordinate_column[k] != column || (row != FLOE__NO_ROW) != of_rows) continue;
      if ((of_rows ? local[row * g->features->n_local + column] : global[column]) != 0) g->x[n++] = coordinates[k];
    }
  }
  return n;
}

static void standardise_columns(struct floe__features *f, const struct gather *g, float *global, float *local) {
  for (int of_rows = 0; of_rows < 2; of_rows++) {
    struct floe__value *values = of_rows ? f->row : f->flat;
    for (size_t k = 0; k < (of_rows ? f->n_row_value : f->n_flat_value); k++) {
      if (values[k].transform == FLOE__AS_TRUTH || values[k].transform == FLOE__AS_CODE) continue;
      for (int second = 0; second < 2; second++)
        centre_and_scale(gather_values(g, of_rows, k, values[k].transform, second), g->x, &values[k].centre[second],
                         &values[k].scale[second]);
    }
    const size_t first = of_rows ? f->n_global : 0;
    for (size_t k = 0; k < (of_rows ? f->n_local : f->n_global); k++)
      centre_and_scale(gather_coordinates(g, of_rows, k, global, local), g->x, &f->centre[first + k],
                       &f->scale[first + k]);
  }
}

floe_status floe__features_standardise(struct floe__features *f, const struct floe_simulations *simulations,
                                       struct floe_error *error) {
  const size_t rows = f->max_rows > 0 ? f->max_rows : 1;
  struct gather g = {.simulations = simulations, .features = f};
  g.n = simulations->n < 4096 ? simulations->n : 4096;
  g.capacity = g.n * (rows < 16 ? rows : 16);
  g.x = FLOE__NEW(g.capacity + 1, double);
  g.slots = FLOE__NEW(simulations->n_layout + 1, struct floe__slots *);
  float *mask = FLOE__NEW(f->n_global + f->max_rows * f->n_local + 1, float);
  int ok = g.x && g.slots && mask;
  for (size_t l = 0; ok && l < simulations->n_layout; l++)
    ok = (g.slots[l] = floe__slots_new(f, simulations->layouts[l])) != NULL;
  if (ok) standardise_columns(f, &g, mask, mask + f->n_global);
  for (size_t l = 0; g.slots && l < simulations->n_layout; l++) floe__slots_free(g.slots[l]);
  floe__free(g.slots);
  floe__free(g.x);
  floe__free(mask);
  return ok ? FLOE_OK
            : floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory to standardise the simulations");
}

/* -1 .. 1 from low to high. */
static float within(double low, double high, int logarithmic, double at) {
  if (logarithmic) low = log(low), high = log(high), at = log(at);
  return high > low ? (float)(2 * (at - low) / (high - low) - 1) : 0;
}

/* An option's number among those of its axis; in the logarithm where all are positive. */
static float number_within(const struct floe_axis *axis, size_t option) {
  double low = axis->numbers[0], high = low;
  for (size_t k = 1; k < axis->n_option; k++) {
    low = fmin(low, axis->numbers[k]);
    high = fmax(high, axis->numbers[k]);
  }
  return within(low, high, low > 0, axis->numbers[option]);
}

void floe__features_context(const struct floe__features *f, const struct floe_layout *layout,
                            const struct floe_universe *universe, float *context) {
  const struct floe_model *model = f->model;
  float *to = context;
  for (size_t a = 0; a < model->n_axis; a++) {
    const struct floe_axis *axis = &model->axes[a];
    if (axis->equivalence || axis->prepares) continue;
    const bool active = floe_universe_active(model, universe, a);
    if (axis->continuous) {
      *to++ = active ? within(axis->low, axis->high, axis->logarithmic, universe->value[a]) : 0;
    } else if (axis->numbers) {
      *to++ = active ? number_within(axis, universe->option[a]) : 0;
    } else {
      for (size_t k = 0; k < axis->n_option; k++) *to++ = active && universe->option[a] == k;
    }
  }
  for (size_t d = 0; d < model->n_dimension; d++) {
    const double low = (double)model->dimensions[d].low, high = (double)f->largest[d];
    if (model->dimensions[d].low != model->dimensions[d].high)
      *to++ = high > low ? (float)(2 * log1p((double)layout->size[d] - low) / log1p(high - low) - 1) : 0;
  }
  for (size_t v = 0; v < model->n_variable; v++)
    if (!floe_variable_is_data(&model->variables[v]) && model->variables[v].n_condition > 0)
      *to++ = floe_variable_present(model, universe, v);
  for (size_t k = 0; k < 2 * f->n_pin; k++) *to++ = 0;
}

/* Standard deviations of the simulations: further out the network sees no difference, as it would have seen too few. */
static const float farthest_pin = 4;

void floe__features_pin(const struct floe__features *f, size_t pin, float value, float *context, float *mask) {
  mask[f->pin_column[pin]] = 0;
  context[f->first_pin + 2 * pin] = 1;
  context[f->first_pin + 2 * pin + 1] = fminf(fmaxf(value, -farthest_pin), farthest_pin);
}

void floe__features_hold(const struct floe__features *f, const struct floe_layout *layout,
                         const struct floe__slots *slots, const double *pinned, float *context, float *mask) {
  for (size_t k = 0; k < layout->n_coordinate; k++)
    for (size_t pin = 0; pin < f->n_pin && !isnan(pinned[k]); pin++)
      if (slots->coordinate_row[k] == FLOE__NO_ROW && slots->coordinate_column[k] == f->pin_column[pin])
        floe__features_pin(f, pin, (float)((pinned[k] - f->centre[f->pin_column[pin]]) / f->scale[f->pin_column[pin]]),
                           context, mask);
}
