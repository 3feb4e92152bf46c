/* Priors that are allowed but rarely meant. */
#include <math.h>

#include "compiler/meaning/checker.h"

#define SMALLEST_SCALE 0.01
#define LARGEST_SCALE 100

struct prior {
  struct floe__arena *arena;
  struct diagnostics *sink;
  const struct variable *variable;
};

/* ---- warnings ---- */

static void warn_scale(const struct prior *prior, const struct term *family, const struct formal *formal,
                       double value) {
  struct diagnostic *d = diagnose(prior->sink, "W2003", family->span, "`%s` of %s is %g, which is far from 1",
                                  formal->name, family->distribution->name, value);
  d->fix = floe__arena_printf(prior->arena, "measure `%s` in units in which it is about 1", prior->variable->name);
}

static void warn_bounds(const struct prior *prior, const struct term *family, double low, double high) {
  struct diagnostic *d =
      diagnose(prior->sink, "W2004", family->span, "this prior rules out all that lies outside of %g..%g", low, high);
  d->fix = "if these are no natural bounds, take a distribution that fades out";
}

static void warn_flat(const struct prior *prior) {
  diagnose(prior->sink, "W2005", prior->variable->span, "`%s` has a flat prior, which is no distribution",
           prior->variable->name)
      ->fix = "say what you know, if only the order of magnitude: normal(0, 10)";
}

/* ---- families ---- */

static bool is_positive(const struct formal *formal) {
  const struct term *low = formal->type.low;
  return formal->type.n_dim == 0 && formal->type.base == BASE_REAL && formal->type.strict && low &&
         low->kind == TERM_NUMBER && low->number == 0 && !formal->type.high;
}

static bool is_natural(double bound) {
  return isinf(bound) || bound == 0 || bound == 1 || bound == -1 || fabs(fabs(bound) - M_PI) < 0.01 ||
         fabs(fabs(bound) - M_PI_2) < 0.01 || fabs(bound - 2 * M_PI) < 0.01;
}

/* The variable's type says so: such are its values. */
static bool is_declared(const struct variable *v, const struct term *bound, double value) {
  double declared;
  return v->bounded && constant_value(bound, NULL, &declared) && declared == value;
}

static double bound_of(const struct term *term, const struct environment *environment, double otherwise) {
  double value;
  if (!term) return otherwise;
  return constant_value(term, environment, &value) ? value : NAN;
}

static void look_at_family(void *context, const struct term *family) {
  const struct prior *prior = context;
  const struct distribution *d = family->distribution;
  double values[16];
  if (d->n_formal > 16) return;
  for (size_t k = 0; k < d->n_formal; k++) {
    bool known = family->items[k] && constant_value(family->items[k], NULL, &values[k]);
    if (!known) values[k] = NAN;
    if (known && is_positive(d->formals[k]) && (values[k] < SMALLEST_SCALE || values[k] > LARGEST_SCALE))
      warn_scale(prior, family, d->formals[k], values[k]);
  }
  const struct environment environment = {.n_formal = d->n_formal, .formals = d->formals, .values = values};
  double low = bound_of(d->support.low, &environment, -INFINITY),
         high = bound_of(d->support.high, &environment, INFINITY);
  bool known = !isnan(low) && !isnan(high), bounded = isfinite(low) || isfinite(high);
  const struct type *type = &prior->variable->type;
  bool natural = (is_natural(low) || is_declared(prior->variable, type->low, low)) &&
                 (is_natural(high) || is_declared(prior->variable, type->high, high));
  if (known && bounded && d->support.base == BASE_REAL && !natural) warn_bounds(prior, family, low, high);
}

void lint_priors(struct floe__arena *arena, struct diagnostics *sink, const struct program *p) {
  for (size_t k = 0; k < p->n_variable; k++) {
    struct prior prior = {arena, sink, p->variables[k]};
    if ((prior.variable->role != ROLE_PARAM && prior.variable->role != ROLE_LATENT) || prior.variable->observed)
      continue;
    if (prior.variable->improper)
      warn_flat(&prior);
    else if (prior.variable->distribution)
      for_each_family(prior.variable->distribution, look_at_family, &prior);
  }
}
