#include "runtime/mcmc/nuts.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

/* A point of phase space; all arrays (n). */
struct phase {
  double *position, *momentum, *gradient;
  double log_density;
};

/* A piece of trajectory in the order of its integration. With the unit metric momentum is velocity. */
struct span {
  double *first_momentum, *last_momentum, *total_momentum; /* the last: the sum over its points */
  double log_weight;                                       /* log of the sum of exp(-energy error) over its points */
  struct phase proposal; /* one of its points, with probability proportional to its weight; momentum unused */
  double proposal_energy;
};

struct floe__nuts {
  const struct floe__density *density;
  size_t n;
  double *block;
  struct phase here, edge[2];             /* the chain's state; the ends of the trajectory, backward and forward */
  struct span whole, fresh;               /* the trajectory so far; its extension */
  struct span half[FLOE__NUTS_MAX_DEPTH]; /* by level: the second half of a sub-tree in the making */
};

/* What one transition carries through its sub-trees. */
struct walk {
  struct floe__nuts *nuts;
  struct floe_stream *stream;
  double step, energy_at_start, accept_total;
  int n_leapfrog;
  bool divergent;
};

enum { PHASE_ARRAYS = 3, SPAN_ARRAYS = 3 + PHASE_ARRAYS };

static double *take(double **block, size_t n) {
  double *array = *block;
  *block += n;
  return array;
}

static struct phase take_phase(double **block, size_t n) {
  struct phase phase = {take(block, n), take(block, n), take(block, n), 0};
  return phase;
}

static struct span take_span(double **block, size_t n) {
  struct span span = {
      .first_momentum = take(block, n), .last_momentum = take(block, n), .total_momentum = take(block, n)};
  span.proposal = take_phase(block, n);
  return span;
}

struct floe__nuts *floe__nuts_new(const struct floe__density *density) {
  const size_t n = density->n, n_array = 3 * PHASE_ARRAYS + (2 + FLOE__NUTS_MAX_DEPTH) * SPAN_ARRAYS;
  struct floe__nuts *nuts = FLOE__NEW(1, struct floe__nuts);
  if (!nuts) return NULL;
  nuts->density = density;
  nuts->n = n;
  nuts->block = n < (size_t)-1 / n_array ? FLOE__NEW(n_array * n + 1, double) : NULL;
  if (!nuts->block) {
    floe__free(nuts);
    return NULL;
  }
  double *block = nuts->block;
  nuts->here = take_phase(&block, n);
  for (int side = 0; side < 2; side++) nuts->edge[side] = take_phase(&block, n);
  nuts->whole = take_span(&block, n);
  nuts->fresh = take_span(&block, n);
  for (int level = 0; level < FLOE__NUTS_MAX_DEPTH; level++) nuts->half[level] = take_span(&block, n);
  return nuts;
}

void floe__nuts_free(struct floe__nuts *nuts) {
  if (!nuts) return;
  floe__free(nuts->block);
  floe__free(nuts);
}

const double *floe__nuts_position(const struct floe__nuts *nuts) {
  return nuts->here.position;
}
const double *floe__nuts_gradient(const struct floe__nuts *nuts) {
  return nuts->here.gradient;
}
double floe__nuts_log_density(const struct floe__nuts *nuts) {
  return nuts->here.log_density;
}

void floe__nuts_keep(struct floe__nuts *nuts, struct floe__keeper *keeper) {
  floe__keep(keeper, nuts->here.position, nuts->n * sizeof(double));
  floe__keep(keeper, nuts->here.gradient, nuts->n * sizeof(double));
  floe__keep(keeper, &nuts->here.log_density, sizeof(double));
}

static void evaluate(const struct floe__nuts *nuts, struct phase *phase) {
  phase->log_density = nuts->density->evaluate(nuts->density->state, phase->position, phase->gradient);
  if (isnan(phase->log_density)) phase->log_density = -INFINITY;
}

static bool all_finite(size_t n, const double *x) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(x[i])) return false;
  return true;
}

bool floe__nuts_start(struct floe__nuts *nuts, const double *position) {
  memcpy(nuts->here.position, position, nuts->n * sizeof *position);
  evaluate(nuts, &nuts->here);
  return isfinite(nuts->here.log_density) && all_finite(nuts->n, nuts->here.gradient);
}

static void copy_phase(size_t n, struct phase *to, const struct phase *from) {
  memcpy(to->position, from->position, n * sizeof(double));
  memcpy(to->momentum, from->momentum, n * sizeof(double));
  memcpy(to->gradient, from->gradient, n * sizeof(double));
  to->log_density = from->log_density;
}

static double total_energy(double kinetic, double log_density) {
  const double total = 0.5 * kinetic - log_density;
  return isnan(total) ? INFINITY : total;
}

static double energy(const struct floe__nuts *nuts, const struct phase *phase) {
  double kinetic = 0;
  for (size_t i = 0; i < nuts->n; i++) kinetic += phase->momentum[i] * phase->momentum[i];
  return total_energy(kinetic, phase->log_density);
}

static void draw_momentum(struct floe__nuts *nuts, struct phase *phase, struct floe_stream *stream) {
  for (size_t i = 0; i < nuts->n; i++) phase->momentum[i] = floe_draw_normal(stream);
}

static void leapfrog(const struct floe__nuts *nuts, struct phase *phase, double step) {
  double *restrict position = phase->position, *restrict momentum = phase->momentum;
  const double *restrict gradient = phase->gradient;
  for (size_t i = 0; i < nuts->n; i++) {
    momentum[i] += 0.5 * step * gradient[i];
    position[i] += step * momentum[i];
  }
  evaluate(nuts, phase);
  for (size_t i = 0; i < nuts->n; i++) momentum[i] += 0.5 * step * gradient[i];
}

double floe__nuts_reasonable_step(struct floe__nuts *nuts, double guess, struct floe_stream *stream) {
  const double threshold = log(0.8);
  double step = guess;
  int direction = 0;
  for (;;) {
    struct phase *trial = &nuts->edge[0];
    copy_phase(nuts->n, trial, &nuts->here);
    draw_momentum(nuts, trial, stream);
    const double before = energy(nuts, trial);
    leapfrog(nuts, trial, step);
    const int wanted = before - energy(nuts, trial) > threshold ? 1 : -1;
    if (direction && wanted != direction) return step;
    direction = wanted;
    step = direction > 0 ? 2 * step : 0.5 * step;
    if (step > 1e7) return INFINITY;
    if (step < 1e-300) return 0;
  }
}

static double log_sum(double a, double b) {
  const double high = a > b ? a : b, low = a > b ? b : a;
  return high == -INFINITY ? -INFINITY : high + log1p(exp(low - high));
}

/* Whether a trajectory with these momenta at its ends and this sum of all momenta, total + extra, still moves apart at both
 * ends. */
static bool moves_apart(size_t n, const double *restrict first, const double *restrict last,
                        const double *restrict total, const double *restrict extra) {
  double at_first = 0, at_last = 0;
  for (size_t i = 0; i < n; i++) {
    const double sum = total[i] + extra[i];
    at_first += first[i] * sum;
    at_last += last[i] * sum;
  }
  return at_first > 0 && at_last > 0;
}

static void swap(double **a, double **b) {
  double *kept = *a;
  *a = *b;
  *b = kept;
}

static void choose(struct span *span, struct span *other) {
  const struct phase proposal = span->proposal;
  span->proposal = other->proposal;
  span->proposal_energy = other->proposal_energy;
  other->proposal = proposal;
}

/* Appends b, which follows a, to a. False where the joint trajectory turns back. b is used up. */
static bool join(size_t n, struct span *a, struct span *b) {
  const bool apart = moves_apart(n, a->first_momentum, b->first_momentum, a->total_momentum, b->first_momentum) &&
                     moves_apart(n, a->last_momentum, b->last_momentum, b->total_momentum, a->last_momentum) &&
                     moves_apart(n, a->first_momentum, b->last_momentum, a->total_momentum, b->total_momentum);
  double *restrict total = a->total_momentum;
  const double *restrict more = b->total_momentum;
  for (size_t i = 0; i < n; i++) total[i] += more[i];
  swap(&a->last_momentum, &b->last_momentum);
  a->log_weight = log_sum(a->log_weight, b->log_weight);
  return apart;
}

/* Makes a span of the single point. */
static void set_point(size_t n, struct span *span, const struct phase *point, double log_weight) {
  double *restrict first = span->first_momentum, *restrict last = span->last_momentum;
  double *restrict total = span->total_momentum;
  for (size_t i = 0; i < n; i++) first[i] = last[i] = total[i] = point->momentum[i];
  span->log_weight = log_weight;
  memcpy(span->proposal.position, point->position, n * sizeof(double));
  memcpy(span->proposal.gradient, point->gradient, n * sizeof(double));
  span->proposal.log_density = point->log_density;
}

static bool grow_point(struct walk *walk, struct phase *edge, struct span *span) {
  struct floe__nuts *nuts = walk->nuts;
  leapfrog(nuts, edge, walk->step);
  walk->n_leapfrog++;
  const double total = energy(nuts, edge), gain = walk->energy_at_start - total;
  if (-gain > FLOE__NUTS_DIVERGENCE) walk->divergent = true;
  walk->accept_total += gain > 0 ? 1 : exp(gain);
  set_point(nuts->n, span, edge, gain);
  span->proposal_energy = total;
  return !walk->divergent;
}

/* Integrates 2^depth points on from edge. False where they diverge or turn back: the span is then not to be used. */
static bool grow(struct walk *walk, int depth, struct phase *edge, struct span *span) {
  if (depth == 0) return grow_point(walk, edge, span);
  struct span *second = &walk->nuts->half[depth - 1];
  if (!grow(walk, depth - 1, edge, span) || !grow(walk, depth - 1, edge, second)) return false;
  const double share = second->log_weight - log_sum(span->log_weight, second->log_weight);
  if (floe_draw_uniform(walk->stream) < exp(share)) choose(span, second);
  return join(walk->nuts->n, span, second);
}

/* Turns the trajectory around, so that its last point is the one to go on from. */
static void reverse(struct span *span) {
  swap(&span->first_momentum, &span->last_momentum);
}

struct floe__transition floe__nuts_step(struct floe__nuts *nuts, double step_size, struct floe_stream *stream) {
  const size_t n = nuts->n;
  struct walk walk = {.nuts = nuts, .stream = stream};
  draw_momentum(nuts, &nuts->here, stream);
  walk.energy_at_start = energy(nuts, &nuts->here);
  for (int side = 0; side < 2; side++) copy_phase(n, &nuts->edge[side], &nuts->here);
  struct span *whole = &nuts->whole, *fresh = &nuts->fresh;
  set_point(n, whole, &nuts->here, 0);
  whole->proposal_energy = walk.energy_at_start;
  int depth = 0, facing = 1;
  while (depth < FLOE__NUTS_MAX_DEPTH) {
    const int forward = floe_draw_uniform(stream) > 0.5;
    if (forward != facing) reverse(whole);
    facing = forward;
    walk.step = forward ? step_size : -step_size;
    if (!grow(&walk, depth, &nuts->edge[forward], fresh)) break;
    depth++;
    const double gain = fresh->log_weight - whole->log_weight;
    if (gain > 0 || floe_draw_uniform(stream) < exp(gain)) choose(whole, fresh);
    if (!join(n, whole, fresh)) break;
  }
  copy_phase(n, &nuts->here, &whole->proposal);
  struct floe__transition transition = {.log_density = nuts->here.log_density,
                                        .accept = walk.n_leapfrog ? walk.accept_total / walk.n_leapfrog : 0,
                                        .energy = whole->proposal_energy,
                                        .depth = depth,
                                        .n_leapfrog = walk.n_leapfrog,
                                        .divergent = walk.divergent};
  return transition;
}
