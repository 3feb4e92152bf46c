#include "runtime/trust/transform.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/layout.h"
#include "runtime/math/order.h"
#include "runtime/trust/bands.h"

/* A band's time grows with the square of how many numbers there are: beyond MANY it has fewer points. */
enum { MOST_POINTS = 100, FEW_POINTS = 20, MANY = 2000 };

struct trial {
  const struct floe_context *context;
  const double *values;
  double *data, *before, *after, *latents, *scratch; /* (n_data), (n_data), (n_data), (n_value), (n_scratch) */
  size_t *variable;                                  /* (n_data): whose element it is; FLOE_NONE: not an observation */
  bool *separate;
};

/* Another value of the variable's kind; `turn` gives two that differ. */
static double another(const struct floe_variable *v, double x, int turn) {
  switch (v->base) {
    case FLOE_REAL: return turn ? -x - 1 : 1.3 * x + 0.1;
    case FLOE_INT: return turn ? x + 3 : fmax(x - 1, v->low);
    case FLOE_BOOL: return 1 - x;
    case FLOE_CODE: return x == 1 ? 2 : 1;
  }
  return x;
}

static void evaluate(const struct trial *t, double *likelihood) {
  struct floe_context context = *t->context;
  context.data = t->data;
  context.constants = NULL; /* they rest on the data */
  context.layout->model->pointwise(&context, 1, t->values, likelihood, t->latents, t->scratch);
}

/* Changes those observations for which `is_changed` holds, and looks at the others. */
static void try_change(const struct trial *t, bool (*is_changed)(const struct trial *t, size_t k, size_t which),
                       size_t which, int turn, bool *rests) {
  const struct floe_layout *layout = t->context->layout;
  for (size_t k = 0; k < layout->n_data; k++) {
    const double x = t->context->data[k];
    const bool changed = t->variable[k] != FLOE_NONE && !isnan(x) && is_changed(t, k, which);
    t->data[k] = changed ? another(&layout->model->variables[t->variable[k]], x, turn) : x;
  }
  evaluate(t, t->after);
  for (size_t k = 0; k < layout->n_data; k++) {
    if (t->variable[k] == FLOE_NONE || is_changed(t, k, which) || isnan(t->before[k])) continue;
    if (t->after[k] != t->before[k]) rests[t->variable[k]] = true;
  }
}

/* which: 2 * bit + its value. Any two elements differ in some bit of their numbers. */
static bool has_bit(const struct trial *t, size_t k, size_t which) {
  (void)t;
  return (k >> (which / 2) & 1) == which % 2;
}

static bool is_of(const struct trial *t, size_t k, size_t which) {
  return t->variable[k] == which;
}

static void try_all(const struct trial *t, bool *rests) {
  const size_t n_variable = t->context->layout->model->n_variable, n = t->context->layout->n_data;
  for (size_t bit = 0; n >> bit; bit++)
    for (size_t which = 2 * bit; which < 2 * bit + 2; which++)
      for (int turn = 0; turn < 2; turn++) try_change(t, has_bit, which, turn, rests);
  for (size_t v = 0; v < n_variable; v++) {
    if (rests[v]) t->separate[v] = false;
    rests[v] = false;
  }
  for (size_t v = 0; v < n_variable; v++)
    for (int turn = 0; turn < 2 && t->separate[v]; turn++) {
      try_change(t, is_of, v, turn, rests);
      for (size_t other = 0; other < n_variable; other++) {
        if (rests[other]) t->separate[v] = false;
        rests[other] = false;
      }
    }
}

static void find_observations(const struct trial *t) {
  const struct floe_layout *layout = t->context->layout;
  for (size_t k = 0; k < layout->n_data; k++) t->variable[k] = FLOE_NONE;
  for (size_t v = 0; v < layout->model->n_variable; v++) {
    t->separate[v] = layout->model->variables[v].role == FLOE_OBS;
    for (size_t k = 0; k < layout->count[v] && t->separate[v]; k++) t->variable[layout->offset[v] + k] = v;
  }
  memcpy(t->data, t->context->data, layout->n_data * sizeof(double));
  evaluate(t, t->before);
  for (size_t k = 0; k < layout->n_data; k++) /* a likelihood for each value */
    if (t->variable[k] != FLOE_NONE && !isnan(t->data[k]) && isnan(t->before[k])) t->separate[t->variable[k]] = false;
}

floe_status floe_separate_observations(const struct floe_context *context, const double *values, bool *separate,
                                       struct floe_error *error) {
  const struct floe_layout *layout = context->layout;
  const size_t n = layout->n_data + 1, total = 3 * n + layout->n_value + layout->n_scratch + 2;
  double *numbers = FLOE__NEW(total, double);
  size_t *variable = FLOE__NEW(n, size_t);
  bool *rests = FLOE__NEW(layout->model->n_variable + 1, bool);
  floe_status status = FLOE_OK;
  if (numbers && variable && rests) {
    const struct trial t = {context,
                            values,
                            numbers,
                            numbers + n,
                            numbers + 2 * n,
                            numbers + 3 * n,
                            numbers + 3 * n + layout->n_value + 1,
                            variable,
                            separate};
    memset(rests, 0, layout->model->n_variable * sizeof *rests);
    find_observations(&t);
    try_all(&t, rests);
  } else {
    status = floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  }
  floe__free(numbers);
  floe__free(variable);
  floe__free(rests);
  return status;
}

floe_status floe_uniformity(size_t n, double *u, double level, struct floe_uniformity *result,
                            struct floe_error *error) {
  double low[MOST_POINTS], high[MOST_POINTS], difference[MOST_POINTS], *work = FLOE__NEW(3 * (n + 1), double);
  *result = (struct floe_uniformity){.within = true};
  if (!work) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  const size_t n_point = n > MANY ? FEW_POINTS : MOST_POINTS;
  floe__sort(n, u);
  floe_ecdf_band(n, n_point, level, work, low, high);
  floe_ecdf_difference(n, u, n_point, difference);
  for (size_t k = 0; k < n_point; k++) {
    result->largest = fmax(result->largest, fabs(difference[k]));
    result->within = result->within && difference[k] >= low[k] && difference[k] <= high[k];
  }
  floe__free(work);
  return FLOE_OK;
}
