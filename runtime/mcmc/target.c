#include "runtime/mcmc/target.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"

static size_t find_places(const struct floe_context *context, size_t *place) {
  const struct floe_layout *layout = context->layout;
  size_t n = 0;
  for (size_t v = 0; v < layout->model->n_variable; v++) {
    if (layout->coordinate[v] == FLOE_NONE || !floe_variable_present(layout->model, context->universe, v)) continue;
    for (size_t k = 0; k < layout->free[v]; k++)
      if (floe_coordinate_free(layout, context->data, v, k) &&
          !(context->pinned && !isnan(context->pinned[layout->coordinate[v] + k])))
        place[n++] = layout->coordinate[v] + k;
  }
  return n;
}

static size_t count_constants(const struct floe_layout *layout) {
  return layout->model->constants ? layout->model->constants_size(layout) : 0;
}

/* What the model's lockstep has of its own. */
struct floe__packed {
  double *scratch, *constants;
  struct floe_context context; /* with these constants */
};

static void free_packed(struct floe__packed *packed) {
  if (!packed) return;
  floe__free(packed->scratch);
  floe__free(packed->constants);
  floe__free(packed);
}

/* False without memory. The target has its context. */
static bool open_packed(struct floe__target *target) {
  const struct floe_layout *layout = target->context.layout;
  const struct floe_lockstep *lockstep = layout->model->lockstep;
  if (target->width == 1) return true;
  struct floe__packed *packed = target->packed = FLOE__NEW(1, struct floe__packed);
  if (!packed) return false;
  packed->scratch = FLOE__NEW(lockstep->scratch_size(layout) + 1, double);
  packed->constants = FLOE__NEW((lockstep->constants ? lockstep->constants_size(layout) : 0) + 1, double);
  packed->context = target->context;
  if (!packed->scratch || !packed->constants) return false;
  if (lockstep->constants) lockstep->constants(&packed->context, packed->constants);
  packed->context.constants = packed->constants;
  return true;
}

/* From the coordinates that the context holds to those of the universe; no other coordinate bears on them. */
static void hold(struct floe__target *target) {
  const struct floe_layout *layout = target->context.layout;
  const double *pinned = target->context.pinned;
  if (!pinned) return;
  struct floe_context family = target->context;
  family.coordinates = FLOE_FAMILY_COORDINATES;
  for (size_t k = 0; k < layout->n_coordinate; k++) target->coordinates[k] = isnan(pinned[k]) ? 0 : pinned[k];
  layout->model->constrain(&family, 1, target->coordinates, target->values, target->scratch);
  layout->model->unconstrain(&target->context, 1, target->values, target->coordinates, target->scratch);
  for (size_t k = 0; k < layout->n_coordinate; k++) target->held[k] = isnan(pinned[k]) ? 0 : target->coordinates[k];
}

floe_status floe__target_new(const struct floe_context *context, bool lockstep, struct floe__target **target,
                             struct floe_error *error) {
  const struct floe_layout *layout = context->layout;
  struct floe__target *new = FLOE__NEW(1, struct floe__target);
  if (new) {
    new->context = *context;
    new->context.coordinates = FLOE_UNIVERSE_COORDINATES;
    new->context.centring = NULL;
    new->place = FLOE__NEW(layout->n_coordinate + 1, size_t);
    new->width = lockstep && layout->model->lockstep ? layout->model->lockstep->width : 1;
    new->coordinates = floe__new(new->width, (layout->n_coordinate + 1) * sizeof(double));
    new->held = FLOE__NEW(layout->n_coordinate + 1, double);
    new->gradient = floe__new(new->width, (layout->n_coordinate + 1) * sizeof(double));
    new->scratch = FLOE__NEW(layout->model->scratch_size(layout) + 1, double);
    new->constants = FLOE__NEW(count_constants(layout) + 1, double);
    new->centring = FLOE__NEW(layout->n_coordinate + 1, double);
    new->values = FLOE__NEW(layout->n_value + 1, double);
    new->spare = FLOE__NEW(layout->n_coordinate + 1, double);
  }
  if (!new || !new->place || !new->coordinates || !new->held || !new->gradient || !new->scratch || !new->constants ||
      !new->centring || !new->values || !new->spare) {
    floe__target_free(new);
    return floe__fail(error, FLOE_EENVIRONMENT, "", "", "There is not enough memory to sample this model.");
  }
  new->n = find_places(context, new->place);
  if (new->n == 0) {
    floe__target_free(new);
    return floe__fail(error, FLOE_EUSAGE, "", "", "This universe has no continuous parameter to sample.");
  }
  hold(new);
  if (layout->model->constants) {
    layout->model->constants(&new->context, new->constants);
    new->context.constants = new->constants;
  }
  if (!open_packed(new)) {
    floe__target_free(new);
    return floe__fail(error, FLOE_EENVIRONMENT, "", "", "There is not enough memory to sample this model.");
  }
  *target = new;
  return FLOE_OK;
}

void floe__target_free(struct floe__target *target) {
  if (!target) return;
  floe__free(target->place);
  floe__free(target->held);
  floe__free(target->coordinates);
  floe__free(target->gradient);
  floe__free(target->scratch);
  floe__free(target->constants);
  floe__free(target->centring);
  floe__free(target->values);
  floe__free(target->spare);
  free_packed(target->packed);
  floe__free(target);
}

void floe__target_gather(const struct floe__target *target, const double *coordinates, double *position) {
  for (size_t k = 0; k < target->n; k++) position[k] = coordinates[target->place[k]];
}

static void set_centring(struct floe__target *target) {
  target->context.centring = NULL;
  for (size_t k = 0; k < target->n; k++)
    if (target->centring[target->place[k]] != 0) target->context.centring = target->centring;
}

void floe__target_centre(struct floe__target *target, const double *centring) {
  memcpy(target->centring, centring, target->context.layout->n_coordinate * sizeof *centring);
  set_centring(target);
}

void floe__target_keep(struct floe__target *target, struct floe__keeper *keeper) {
  floe__keep(keeper, &target->n_gradient, sizeof target->n_gradient);
  floe__keep(keeper, target->centring, target->context.layout->n_coordinate * sizeof *target->centring);
  if (keeper->reads && !keeper->failed) set_centring(target);
}

static void spread(const struct floe__target *target, const double *position, double *coordinates) {
  for (size_t k = 0; k < target->context.layout->n_coordinate; k++) coordinates[k] = target->held[k];
  for (size_t k = 0; k < target->n; k++) coordinates[target->place[k]] = position[k];
}

void floe__target_values(struct floe__target *target, const double *position, double *values) {
  spread(target, position, target->coordinates);
  target->context.layout->model->constrain(&target->context, 1, target->coordinates, values, target->scratch);
}

void floe__target_log_scales(struct floe__target *target, const double *values, double *log_scales) {
  const struct floe_layout *layout = target->context.layout;
  for (size_t k = 0; k < layout->n_coordinate; k++) log_scales[k] = NAN;
  if (layout->model->log_scale) layout->model->log_scale(&target->context, 1, values, log_scales, target->scratch);
}

void floe__target_from_values(struct floe__target *target, const double *values, const double *centring,
                              double *position) {
  struct floe_context context = target->context;
  context.centring = centring;
  context.layout->model->unconstrain(&context, 1, values, target->coordinates, target->scratch);
  floe__target_gather(target, target->coordinates, position);
}

/* What is not left open stays as it is, to the last bit. */
double floe__target_scatter(struct floe__target *target, const double *position, double *coordinates) {
  struct floe_context context = target->context;
  double volume = 0;
  if (!context.centring) {
    spread(target, position, coordinates);
    return 0;
  }
  floe__target_values(target, position, target->values);
  floe__target_log_scales(target, target->values, target->spare);
  context.centring = NULL;
  context.layout->model->unconstrain(&context, 1, target->values, target->coordinates, target->scratch);
  for (size_t k = 0; k < context.layout->n_coordinate; k++) coordinates[k] = target->held[k];
  for (size_t k = 0; k < target->n; k++) {
    const size_t place = target->place[k];
    const bool open = isfinite(target->spare[place]);
    coordinates[place] = open ? target->coordinates[place] : position[k];
    if (open) volume += target->centring[place] * target->spare[place];
  }
  return volume;
}

/* At `width` places: those of lockstep, or 1. */
static void call_model(struct floe__target *target, size_t width, const double *coordinates, double *log_density,
                       double *gradient) {
  const struct floe_model *model = target->context.layout->model;
  if (width > 1) {
    target->packed->context.centring = target->context.centring;
    model->lockstep->gradient(&target->packed->context, coordinates, log_density, gradient, target->packed->scratch);
  } else {
    model->gradient(&target->context, 1, coordinates, log_density, gradient, target->scratch);
  }
}

/* Where all coordinates are the target's, positions are coordinates. */
static void evaluate_at(struct floe__target *target, size_t width, const double *positions, double *log_density,
                        double *gradient) {
  const size_t n = target->n, n_coordinate = target->context.layout->n_coordinate;
  target->n_gradient += width;
  if (n == n_coordinate) {
    call_model(target, width, positions, log_density, gradient);
    return;
  }
  for (size_t k = 0; k < n_coordinate; k++)
    for (size_t c = 0; c < width; c++) target->coordinates[k * width + c] = target->held[k];
  for (size_t k = 0; k < n; k++)
    memcpy(target->coordinates + target->place[k] * width, positions + k * width, width * sizeof *positions);
  call_model(target, width, target->coordinates, log_density, target->gradient);
  for (size_t k = 0; k < n; k++)
    memcpy(gradient + k * width, target->gradient + target->place[k] * width, width * sizeof *gradient);
}

void floe__target_evaluate(struct floe__target *target, const double *positions, double *log_density,
                           double *gradient) {
  evaluate_at(target, target->width, positions, log_density, gradient);
}

static double evaluate(void *state, const double *position, double *gradient) {
  double log_density;
  evaluate_at(state, 1, position, &log_density, gradient);
  return log_density;
}

struct floe__density floe__target_density(struct floe__target *target) {
  return (struct floe__density){.n = target->n, .evaluate = evaluate, .state = target};
}

void floe__target_name(const struct floe__target *target, size_t k, char *name, size_t capacity) {
  const struct floe_layout *layout = target->context.layout;
  const struct floe_model *model = layout->model;
  size_t v = 0;
  while (v + 1 < model->n_variable &&
         !(layout->coordinate[v] != FLOE_NONE && target->place[k] >= layout->coordinate[v] &&
           target->place[k] < layout->coordinate[v] + layout->free[v]))
    v++;
  const struct floe_variable *variable = &model->variables[v];
  int length = snprintf(name, capacity, "%s", variable->name);
  if (!variable->n_dim || length < 0 || (size_t)length >= capacity) return;
  if (variable->structure != FLOE_PLAIN) { /* coordinates count through */
    snprintf(name + length, capacity - (size_t)length, "[%zu]", target->place[k] - layout->coordinate[v] + 1);
    return;
  }
  size_t rest = target->place[k] - layout->coordinate[v], block = layout->free[v];
  for (size_t d = 0; d < variable->n_dim && length >= 0 && (size_t)length < capacity; d++) {
    block /= layout->size[variable->dims[d]];
    length += snprintf(name + length, capacity - (size_t)length, "%s%zu%s", d ? "," : "[", rest / block + 1,
                       d + 1 == variable->n_dim ? "]" : "");
    rest %= block;
  }
}

void floe__target_terms(struct floe__target *target, const double *position, double *terms) {
  double log_density;
  spread(target, position, target->coordinates);
  target->context.layout->model->log_density(&target->context, 1, target->coordinates, &log_density, terms,
                                             target->scratch);
}
