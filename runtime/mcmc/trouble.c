#include "runtime/mcmc/trouble.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/bind.h"

enum { NAME_LENGTH = 64 };

static bool same_along(struct floe__target *target, double *position, double *gradient, size_t k) {
  static const double steps[] = {1, -3.7, 30};
  const struct floe__density density = floe__target_density(target);
  const double here = density.evaluate(density.state, position, gradient), centre = position[k];
  bool same = gradient[k] == 0;
  for (size_t s = 0; same && s < sizeof steps / sizeof *steps; s++) {
    position[k] = centre + steps[s];
    const double there = density.evaluate(density.state, position, gradient);
    same = gradient[k] == 0 && fabs(there - here) <= 1e-12 * fabs(here);
  }
  position[k] = centre;
  return same;
}

size_t floe__flat_direction(struct floe__target *target, const double *position) {
  double *copy = FLOE__NEW(2 * target->n, double);
  size_t flat = FLOE_NONE;
  if (!copy) return FLOE_NONE;
  for (size_t k = 0; k < target->n; k++) copy[k] = position[k];
  for (size_t k = 0; k < target->n && flat == FLOE_NONE; k++)
    if (same_along(target, copy, copy + target->n, k)) flat = k;
  floe__free(copy);
  return flat;
}

/* Whether the coordinate is the logarithm of how far the number is from its bound. */
static bool is_logarithm(const struct floe__target *target, size_t k) {
  const struct floe_layout *layout = target->context.layout;
  for (size_t v = 0; v < layout->model->n_variable; v++) {
    const struct floe_variable *variable = &layout->model->variables[v];
    if (layout->coordinate[v] == FLOE_NONE || target->place[k] - layout->coordinate[v] >= layout->free[v]) continue;
    return variable->structure == FLOE_PLAIN && !isinf(variable->low) != !isinf(variable->high);
  }
  return false;
}

size_t floe__ran_away(const struct floe__target *target, const double *position) {
  static const double far_away = 1e15; /* in everyday units not even half-Cauchy tails get there */
  static const double overflow = 709;  /* of exp: the number itself is infinite then */
  size_t farthest = 0;
  for (size_t k = 0; k < target->n; k++) {
    if (position[k] > overflow && is_logarithm(target, k)) return k;
    if (!(fabs(position[k]) <= fabs(position[farthest]))) farthest = k;
  }
  return fabs(position[farthest]) < far_away ? FLOE_NONE : farthest;
}

/* "mu = 1.2, tau = 0.3, ...": the first few parameters of the universe at the position, in natural coordinates. */
static void describe(struct floe__target *target, const double *position, char *text, size_t capacity) {
  const struct floe_layout *layout = target->context.layout;
  const struct floe_model *model = layout->model;
  double *values = FLOE__NEW(layout->n_value + 1, double);
  size_t length = 0, shown = 0;
  text[0] = '\0';
  if (!values) return;
  floe__target_values(target, position, values);
  for (size_t v = 0; v < model->n_variable && shown < 4 && length + 1 < capacity; v++) {
    if (layout->coordinate[v] == FLOE_NONE || layout->free[v] == 0 || isnan(values[layout->offset[v]])) continue;
    const int more = snprintf(text + length, capacity - length, "%s%s%s = %.3g", shown ? ", " : "",
                              model->variables[v].name, layout->count[v] > 1 ? "[1]" : "", values[layout->offset[v]]);
    length += more > 0 ? (size_t)more : 0;
    shown++;
  }
  floe__free(values);
}

/* ", there because of y[3] and 2 others": observations whose likelihood at the position is zero or not a number; "" where that cannot
 * be told. An observation without one may be missing, or part of an array that is one draw: only a variable's first can be undefined. */
static void blame(struct floe__target *target, const double *position, char *text, size_t capacity) {
  const struct floe_layout *layout = target->context.layout;
  const struct floe_model *model = layout->model;
  double *values = FLOE__NEW(2 * layout->n_value + layout->n_data + 1, double);
  size_t n = 0;
  text[0] = '\0';
  if (!values || !model->pointwise) {
    floe__free(values);
    return;
  }
  double *latents = values + layout->n_value, *observations = latents + layout->n_value;
  floe__target_values(target, position, values);
  model->pointwise(&target->context, 1, values, observations, latents, target->scratch);
  for (size_t v = 0; v < model->n_variable; v++)
    for (size_t k = 0; model->variables[v].role == FLOE_OBS && k < layout->count[v]; k++) {
      const size_t at = layout->offset[v] + k;
      const bool undefined = k == 0 && isnan(observations[at]) && !isnan(target->context.data[at]);
      if (observations[at] != -INFINITY && !undefined) continue;
      char name[NAME_LENGTH];
      floe_element_name(layout, NULL, model->variables[v].name, model->variables[v].n_dim, model->variables[v].dims, k,
                        name, sizeof name);
      if (n++ == 0) snprintf(text, capacity, ", there because of %s", name);
    }
  const size_t length = strlen(text);
  if (n > 1 && length < capacity)
    snprintf(text + length, capacity - length, " and %zu other%s", n - 1, n > 2 ? "s" : "");
  floe__free(values);
}

floe_status floe__trouble_no_start(struct floe__target *target, const double *position, const double *gradient,
                                   int attempts, struct floe_error *error) {
  double terms[FLOE_N_TAG];
  char where[160], name[NAME_LENGTH];
  floe__target_terms(target, position, terms);
  describe(target, position, where, sizeof where);
  const double sum = terms[FLOE_PRIOR] + terms[FLOE_LIKELIHOOD] + terms[FLOE_JACOBIAN];
  for (size_t k = 0; isfinite(sum) && k < target->n; k++) {
    if (isfinite(gradient[k])) continue;
    floe__target_name(target, k, name, sizeof name);
    return floe__fail(
        error, FLOE_ENUMERIC, "", "Look at how the spec uses it: a root, logarithm or power at the edge of its domain?",
        "The derivative of the log density with respect to %s is not a number at any of %d starting points (the last: %s).",
        name, attempts, where);
  }
  const bool likelihood = isfinite(terms[FLOE_PRIOR] + terms[FLOE_JACOBIAN]);
  const bool undefined = isnan(likelihood ? terms[FLOE_LIKELIHOOD] : terms[FLOE_PRIOR] + terms[FLOE_JACOBIAN]);
  char because[128] = "";
  if (likelihood) blame(target, position, because, sizeof because);
  return floe__fail(
      error, FLOE_ENUMERIC, "",
      !likelihood ? "Check the priors: their arguments may leave their domain."
      : undefined ? "Look at the arguments of its distribution: a root, logarithm or power outside of its domain?"
                  : "Check that the observations lie in the support of their distribution for some parameters.",
      "The %s is %s at each of %d starting points (the last: %s%s).",
      likelihood ? "likelihood of the data" : "prior density", undefined ? "not a number" : "zero", attempts, where,
      because);
}

floe_status floe__trouble_flat(const struct floe__target *target, size_t k, bool everywhere, struct floe_error *error) {
  char name[NAME_LENGTH];
  floe__target_name(target, k, name, sizeof name);
  return floe__fail(
      error, FLOE_ENUMERIC, "", "Give it a proper prior, or remove it.",
      everywhere
          ? "The density does not change however far the parameters move (%s and all others), so there is no posterior to sample."
          : "The density does not depend on %s at all, so its posterior is improper.",
      name);
}

floe_status floe__trouble_runs_away(const struct floe__target *target, size_t k, struct floe_error *error) {
  char name[NAME_LENGTH];
  floe__target_name(target, k, name, sizeof name);
  return floe__fail(error, FLOE_ENUMERIC, "", "Give it a proper prior: neither prior nor data bound it.",
                    "A chain ran off to infinity along %s: the posterior does not fall off in that direction.", name);
}

floe_status floe__trouble_stuck(const struct floe__target *target, const double *gradient, struct floe_error *error) {
  char name[NAME_LENGTH];
  size_t steepest = 0;
  for (size_t k = 0; k < target->n; k++)
    if (!(fabs(gradient[k]) <= fabs(gradient[steepest]))) steepest = k;
  floe__target_name(target, steepest, name, sizeof name);
  return floe__fail(
      error, FLOE_ENUMERIC, "", "Rescale it, or check that the density has no jumps.",
      "A chain could not move from where it stood: every step left the posterior, which is steepest along %s.", name);
}

floe_status floe__trouble_interrupted(const struct floe_sample_options *options, struct floe_error *error) {
  return floe__fail(error, FLOE_EINTERRUPTED, "",
                    options->checkpoint ? "Run the same command again: it resumes."
                                        : "Run the same command again to start over.",
                    "Sampling was stopped on request.");
}
