#include "runtime/study/selftest_draws.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <floe/draws.h>

#include "base/memory.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/rng/purpose.h"
#include "runtime/study/quadrature.h"
#include "runtime/study/selftest_prior.h"

enum {
  PILOT = 10 /* one simulation in so many sets the scale of the steps */,
  N_ORDER = 6,
  FEWEST = 40,
  INTEGRALS = 2, /* at least, and one more for so many simulations: */
  PER_INTEGRAL = 500
};
enum { REACH = 20, N_QUANTILE = 60, N_KNOT = 2 * (2 * REACH + 1) + N_QUANTILE, MOST_TERMS = 20000 };

struct check {
  struct floe_simulations *simulations;
  const struct floe_layout *layout;
  const struct floe_model *model;
  struct floe_context context;
  uint64_t seed;
  bool joint;           /* any_joint */
  bool separate_prior;  /* the prior is that of the continuous unknowns */
  double *u;            /* (n_coordinate) */
  double *values;       /* (n_value) */
  double *latents;      /* (n_value) */
  double *observations; /* (n_data) */
  double *scratch;
  double *sorted;        /* (n) */
  struct tally *tallies; /* (n_variable) */
  struct draw_findings *findings;
};

/* The log density, and what of it the prior is. */
struct density {
  double all, prior;
};

/* The steps of one variable. */
struct tally {
  bool counts;
  double q[3], scale; /* its quartiles, and how far it steps */
  long balance[N_ORDER], moves[N_ORDER];
};

/* One number of a simulation: an element of an observation, or a coordinate of an unknown. */
struct place {
  size_t v, element;
  double *x;
  double low, high;
  bool whole;
  bool prior; /* asks the prior, not all of the density */
};

static double *data_of(const struct check *c, size_t k) {
  return c->simulations->data + k * c->simulations->n_data;
}

static void enter(struct check *c, size_t k) {
  c->context.data = data_of(c, k);
  c->model->unconstrain(&c->context, 1, c->simulations->values + k * c->simulations->n_value, c->u, c->scratch);
}

/* One number of variable v in simulation k, each in its turn; false: it is missing there. */
static bool place_of(struct check *c, size_t v, size_t k, size_t turn, struct place *place) {
  const struct floe_variable *variable = &c->model->variables[v];
  const struct floe_layout *layout = c->layout;
  const bool observed = variable->role == FLOE_OBS;
  const size_t n = observed ? layout->count[v] : layout->free[v];
  if (!n) return false;
  *place = (struct place){.v = v, .element = turn % n, .low = -INFINITY, .high = INFINITY};
  if (!observed) {
    place->prior = c->separate_prior;
    place->x = &c->u[layout->coordinate[v] + place->element];
    return floe_coordinate_free(layout, c->context.data, v, place->element) && isfinite(*place->x);
  }
  place->x = data_of(c, k) + layout->offset[v] + place->element;
  place->low = variable->base == FLOE_CODE ? 1 : variable->base == FLOE_BOOL ? 0 : variable->low;
  place->high = variable->base == FLOE_CODE && variable->codes != FLOE_NONE ? (double)layout->size[variable->codes]
                : variable->base == FLOE_BOOL                               ? 1
                                                                            : variable->high;
  place->whole = variable->base != FLOE_REAL;
  return isfinite(*place->x);
}

static struct density density(struct check *c) {
  double value, terms[FLOE_N_TAG];
  c->model->log_density(&c->context, 1, c->u, &value, terms, c->scratch);
  return (struct density){value, terms[FLOE_PRIOR] + terms[FLOE_JACOBIAN]};
}

/* Of unknowns that are all continuous the prior alone tells more about their draws than with all observations. */
static double gain_of(const struct place *place, struct density before, struct density after) {
  return place->prior ? after.prior - before.prior : after.all - before.all;
}

/* ---- how observations share densities ---- */

static void enter_pointwise(struct check *c, size_t k) {
  c->context.data = data_of(c, k);
  memcpy(c->values, c->simulations->values + k * c->simulations->n_value, c->layout->n_value * sizeof *c->values);
  c->model->pointwise(&c->context, 1, c->values, c->observations, c->latents, c->scratch);
}

/* How many elements of the observation that are there have a density at their place, and how many have none: NaN, or the 0 of
 * what a simulator draws beside its first output. */
static void count_densities(const struct check *c, size_t v, size_t *n_with, size_t *n_without) {
  for (size_t e = c->layout->offset[v]; e < c->layout->offset[v] + c->layout->count[v]; e++) {
    if (!isfinite(c->context.data[e])) continue;
    const bool without = isnan(c->observations[e]) || c->observations[e] == 0;
    *n_with += !without;
    *n_without += without;
  }
}

static bool is_observed(const struct check *c, size_t v) {
  return c->model->variables[v].role == FLOE_OBS && floe_variable_present(c->model, c->context.universe, v);
}

/* Whether each element of an observation in simulation k has a density of its own. */
static bool all_separate(struct check *c, size_t k) {
  size_t n_with = 0, n_without = 0;
  enter_pointwise(c, k);
  for (size_t v = 0; v < c->model->n_variable; v++)
    if (is_observed(c, v)) count_densities(c, v, &n_with, &n_without);
  return n_without == 0;
}

/* Whether some observation has its density elsewhere: variables that one simulator draws may be functions of each other, and
 * then none can move alone. */
static bool any_joint(struct check *c) {
  if (!c->model->pointwise) return true;
  enter_pointwise(c, 0);
  for (size_t v = 0; v < c->model->n_variable; v++) {
    size_t n_with = 0, n_without = 0;
    if (is_observed(c, v)) count_densities(c, v, &n_with, &n_without);
    if (n_without && !n_with) return true;
  }
  return false;
}

/* ---- draws ---- */

static bool is_drawn(const struct check *c, size_t v) {
  const struct floe_variable *variable = &c->model->variables[v];
  if (variable->role == FLOE_DATA || !floe_variable_present(c->model, c->context.universe, v)) return false;
  return variable->role == FLOE_OBS || (!variable->discrete && c->layout->coordinate[v] != FLOE_NONE);
}

static int compare_numbers(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* The numbers of simulations 0 .. n - 1, sorted; how many there are. */
static size_t collect(struct check *c, size_t v, size_t n) {
  struct place place;
  size_t n_found = 0;
  for (size_t k = 0; k < n; k++) {
    if (c->model->variables[v].role == FLOE_OBS)
      c->context.data = data_of(c, k);
    else
      enter(c, k);
    if (place_of(c, v, k, k, &place)) c->sorted[n_found++] = *place.x;
  }
  qsort(c->sorted, n_found, sizeof *c->sorted, compare_numbers);
  return n_found;
}

/* A continuous variable that takes a value twice has values of positive probability: steps to and fro are no reverses. */
static bool has_atoms(const struct check *c, size_t n) {
  for (size_t k = 1; k < n; k++)
    if (c->sorted[k] == c->sorted[k - 1]) return true;
  return false;
}

static int sign(double x) {
  return (x > 0) - (x < 0);
}

/* A step of the place, sized between a sixteenth and twice the scale. False: it was not accepted. */
static bool step(struct check *c, size_t k, const struct place *place, double scale, struct density before, double *to,
                 double *gain) {
  struct floe_stream stream;
  floe_stream_open(&stream, c->seed, FLOE_PURPOSE_STEP, c->simulations->unit[k], place->v, 0);
  const double from = *place->x, size = scale * exp2(5 * floe_draw_uniform(&stream) - 4);
  double move = size * floe_draw_normal(&stream);
  const double u = floe_draw_uniform(&stream);
  if (place->whole) move = move < 0 ? fmin(-1, rint(move)) : fmax(1, rint(move));
  *to = from + move;
  if (!(*to >= place->low && *to <= place->high) || !isfinite(place->prior ? before.prior : before.all)) return false;
  *place->x = *to;
  *gain = gain_of(place, before, density(c));
  *place->x = from;
  return log(u) < *gain;
}

static void judge(struct check *c, size_t v, const struct tally *tally) {
  struct draw_findings *f = c->findings;
  if (tally->moves[1] < FEWEST) f->unknown_z = true;
  for (size_t j = 0; j < N_ORDER; j++) {
    if (tally->moves[j] < FEWEST) continue;
    const double z = fabs((double)tally->balance[j]) / sqrt((double)tally->moves[j]);
    f->n_test++;
    if (z <= f->z) continue;
    f->z = z;
    snprintf(f->worst, sizeof f->worst, "%.150s", c->model->variables[v].name);
  }
}

static size_t pilot_size(const struct check *c) {
  return c->simulations->n / PILOT;
}

static bool can_step(struct check *c, size_t v) {
  const struct floe_variable *variable = &c->model->variables[v];
  if (variable->role != FLOE_OBS) return true;
  if (c->joint || variable->structure != FLOE_PLAIN) return false;
  return variable->base != FLOE_REAL || !(variable->censored || has_atoms(c, collect(c, v, c->simulations->n)));
}

static void begin(struct check *c, size_t v, struct tally *tally) {
  const size_t n = can_step(c, v) ? collect(c, v, pilot_size(c)) : 0;
  *tally = (struct tally){.counts = n >= FEWEST};
  if (!tally->counts) {
    c->findings->unknown_z = true;
    return;
  }
  for (size_t j = 0; j < 3; j++) tally->q[j] = c->sorted[(j + 1) * n / 4];
  tally->scale = tally->q[2] > tally->q[0] ? tally->q[2] - tally->q[0] : 1;
}

static void count_step(struct check *c, size_t v, size_t k, struct density before, struct tally *tally) {
  struct place place;
  double to, gain;
  const double *q = tally->q;
  if (!place_of(c, v, k, k, &place) || !step(c, k, &place, tally->scale, before, &to, &gain)) return;
  const double from = *place.x;
  const int signs[N_ORDER] = {sign(gain),
                              sign(to - from),
                              sign(fabs(to - q[1]) - fabs(from - q[1])),
                              (to > q[0]) - (from > q[0]),
                              (to > q[1]) - (from > q[1]),
                              (to > q[2]) - (from > q[2])};
  for (size_t j = 0; j < N_ORDER; j++) {
    tally->balance[j] += signs[j];
    tally->moves[j] += signs[j] != 0;
  }
}

static void compare_draws(struct check *c) {
  for (size_t v = 0; v < c->model->n_variable; v++)
    if (is_drawn(c, v)) begin(c, v, &c->tallies[v]);
  for (size_t k = pilot_size(c); k < c->simulations->n; k++) {
    enter(c, k);
    const struct density before = density(c);
    for (size_t v = 0; v < c->model->n_variable; v++)
      if (c->tallies[v].counts) count_step(c, v, k, before, &c->tallies[v]);
  }
  for (size_t v = 0; v < c->model->n_variable; v++)
    if (c->tallies[v].counts) judge(c, v, &c->tallies[v]);
}

double selftest_draws_bound(const struct draw_findings *findings) {
  return sqrt(2 * log(2 * fmax(1, (double)findings->n_test) / 1e-6));
}

/* ---- supports ---- */

static void note_outside(struct check *c, const char *name) {
  if (!c->findings->n_outside++) snprintf(c->findings->outside, sizeof c->findings->outside, "%.150s", name);
}

static void compare_supports(struct check *c) {
  for (size_t v = 0; v < c->model->n_variable; v++) {
    const struct floe_variable *variable = &c->model->variables[v];
    const bool of_data = variable->role == FLOE_DATA || variable->role == FLOE_OBS;
    if (variable->structure != FLOE_PLAIN || variable->base == FLOE_CODE || variable->summary || variable->censored)
      continue; /* what a bound stands for lies beyond it */
    if (!floe_variable_present(c->model, c->context.universe, v)) continue;
    const double low = variable->low - 1e-9 * (1 + fabs(variable->low));
    const double high = variable->high + 1e-9 * (1 + fabs(variable->high));
    for (size_t k = 0; k < c->simulations->n; k++) {
      const double *x = of_data ? data_of(c, k) : c->simulations->values + k * c->simulations->n_value;
      for (size_t e = 0; e < c->layout->count[v]; e++) {
        const double value = x[c->layout->offset[v] + e];
        if (value < low || value > high) note_outside(c, variable->name);
      }
    }
  }
}

/* ---- normalisation ---- */

static double own_density(struct check *c, const struct place *place, double x) {
  const double from = *place->x;
  *place->x = x;
  c->model->pointwise(&c->context, 1, c->values, c->observations, c->latents, c->scratch);
  *place->x = from;
  return c->observations[c->layout->offset[place->v] + place->element];
}

/* The density on the real line: of s, where x = low + e^s, high - e^s, or between both by the logistic function. */
static double mapped(struct check *c, const struct place *place, double s) {
  double x = s, log_slope = 0;
  if (isfinite(place->low) && isfinite(place->high)) {
    const double p = 1 / (1 + exp(-s));
    x = place->low + (place->high - place->low) * p;
    log_slope = log(place->high - place->low) - fabs(s) - 2 * log1p(exp(-fabs(s)));
  } else if (isfinite(place->low)) {
    x = place->low + exp(s);
    log_slope = s;
  } else if (isfinite(place->high)) {
    x = place->high - exp(s);
    log_slope = s;
  }
  if (!isfinite(x) || x <= place->low || x >= place->high) return 0;
  const double value = exp(own_density(c, place, x) + log_slope);
  return isfinite(value) ? value : 0;
}

static double unmapped(const struct place *place) {
  const double x = *place->x;
  if (isfinite(place->low) && isfinite(place->high)) return log((x - place->low) / (place->high - x));
  return isfinite(place->low) ? log(x - place->low) : isfinite(place->high) ? log(place->high - x) : x;
}

struct density_of_place {
  struct check *check;
  const struct place *place;
};

static double mapped_at(void *about, double s) {
  const struct density_of_place *d = about;
  return mapped(d->check, d->place, s);
}

/* Panels that double in width away from the simulated number, so that the density around it is seen however narrow it is,
 * and between quantiles of all simulated numbers, so that modes far from it are. */
static double integral(struct check *c, const struct place *place, size_t n_sorted, double *rough) {
  struct place other = *place;
  struct density_of_place about = {c, place};
  const struct integrand integrand = {mapped_at, &about};
  const double middle = unmapped(place), scale = fmax(1, fabs(middle));
  double knots[N_KNOT], sum = 0;
  size_t n = 0;
  for (int k = -REACH; k <= REACH; k++) {
    knots[n++] = middle - ldexp(scale, k);
    knots[n++] = middle + ldexp(scale, k);
  }
  for (size_t k = 0; k < N_QUANTILE; k++) {
    other.x = &c->sorted[k * (n_sorted - 1) / (N_QUANTILE - 1)];
    knots[n] = unmapped(&other);
    n += isfinite(knots[n]);
  }
  qsort(knots, n, sizeof *knots, compare_numbers);
  for (size_t k = 1; k < n; k++) {
    const double half = 0.5 * (knots[k - 1] + knots[k]);
    sum += study_integral(&integrand, knots[k - 1], half, rough) + study_integral(&integrand, half, knots[k], rough);
  }
  return sum;
}

static double total(struct check *c, const struct place *place, double *rough) {
  double sum = 0;
  if (*place->x < place->low || *place->x > place->high) *rough = 1;
  for (int way = -1; way <= 1; way += 2) {
    double x = *place->x + (way > 0), last = 1;
    for (size_t k = 0; k < MOST_TERMS && x >= place->low && x <= place->high && last > 1e-12; k++, x += way) {
      const double term = exp(own_density(c, place, x));
      if (isfinite(term)) sum += term;
      last = k < 50 ? 1 : term;
    }
    if (last > 1e-12 && x >= place->low && x <= place->high) *rough = 1;
  }
  return sum;
}

static void compare_mass(struct check *c, size_t v) {
  const struct floe_variable *variable = &c->model->variables[v];
  struct draw_findings *f = c->findings;
  const size_t n = collect(c, v, c->simulations->n);
  const bool real = variable->base == FLOE_REAL;
  if (!c->model->pointwise || c->model->up_to_constant || variable->structure != FLOE_PLAIN || variable->censored ||
      n < FEWEST || (real && has_atoms(c, n))) {
    f->unknown_mass = true;
    return;
  }
  const size_t stride = c->simulations->n / (INTEGRALS + c->simulations->n / PER_INTEGRAL);
  for (size_t k = 0; k < c->simulations->n; k += stride) {
    struct place place;
    double rough = 0;
    c->context.data = data_of(c, k);
    if (!place_of(c, v, k, k / stride, &place) || !isfinite(real ? unmapped(&place) : *place.x)) continue;
    if (!all_separate(c, k)) {
      f->unknown_mass = true;
      return;
    }
    const double mass = real ? integral(c, &place, n, &rough) : total(c, &place, &rough), error = fabs(mass - 1);
    if (!(rough < 1e-3)) {
      f->unknown_mass = true;
    } else if (error > f->mass) {
      f->mass = error;
      snprintf(f->heavy, sizeof f->heavy, "%.150s", variable->name);
    }
  }
}

static bool compare_prior(struct check *c) {
  struct draw_findings *f = c->findings;
  double mass = NAN;
  if (c->separate_prior && !c->model->up_to_constant && !selftest_prior(c->simulations, c->context.universe, &mass))
    return false;
  f->unknown_prior = f->unknown_prior || isnan(mass);
  f->prior_mass = fmax(f->prior_mass, fabs(mass - 1)); /* of NaN: the other */
  return true;
}

/* ---- all of it ---- */

static bool all_proper(const struct floe_model *model) {
  for (size_t v = 0; v < model->n_variable; v++)
    if (model->variables[v].improper) return false;
  return true;
}

static bool has_separate_prior(const struct floe_model *model) {
  for (size_t v = 0; v < model->n_variable; v++)
    if (model->variables[v].discrete || model->variables[v].completes) return false;
  return true;
}

bool selftest_draws(struct floe_simulations *simulations, const struct floe_universe *universe, uint64_t seed,
                    struct draw_findings *findings) {
  const struct floe_layout *layout = simulations->layouts[0];
  const struct floe_model *model = simulations->model;
  if (!model->log_density || !all_proper(model)) {
    findings->unknown_z = findings->unknown_mass = findings->unknown_prior = true;
    return true;
  }
  double *block = FLOE__NEW(
      layout->n_coordinate + 2 * layout->n_value + layout->n_data + layout->n_scratch + simulations->n + 1, double);
  struct tally *tallies = FLOE__NEW(model->n_variable + 1, struct tally);
  if (!block || !tallies) {
    floe__free(block);
    floe__free(tallies);
    return false;
  }
  struct check c = {.simulations = simulations,
                    .layout = layout,
                    .model = model,
                    .context = {.layout = layout, .universe = universe, .coordinates = FLOE_UNIVERSE_COORDINATES},
                    .seed = seed,
                    .separate_prior = has_separate_prior(model),
                    .u = block,
                    .tallies = tallies,
                    .findings = findings};
  c.values = c.u + layout->n_coordinate;
  c.latents = c.values + layout->n_value;
  c.observations = c.latents + layout->n_value;
  c.sorted = c.observations + layout->n_data;
  c.scratch = c.sorted + simulations->n;
  c.joint = any_joint(&c);
  compare_supports(&c);
  compare_draws(&c);
  for (size_t v = 0; v < model->n_variable; v++)
    if (is_observed(&c, v)) compare_mass(&c, v);
  const bool there = compare_prior(&c);
  floe__free(block);
  floe__free(tallies);
  return there;
}
