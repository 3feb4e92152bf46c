/* nuts.h: the no-U-turn sampler: Hamiltonian Monte Carlo that chooses its own trajectory length.
 * Multinomial choice along the trajectory, biased towards its newer half; generalised U-turn criterion with checks across
 * the seam of each pair of sub-trees. The metric is the identity: metric.h makes other metrics of it.
 * Hoffman and Gelman, "The No-U-Turn Sampler", JMLR 15, 2014; Betancourt, "A conceptual introduction to Hamiltonian Monte
 * Carlo", arXiv 1701.02434, appendix A. */
#ifndef FLOE_MCMC_NUTS_H
#define FLOE_MCMC_NUTS_H

#include <floe/draws.h>
#include <stdbool.h>
#include <stddef.h>

#include "runtime/mcmc/density.h"
#include "runtime/mcmc/keep.h"

#define FLOE__NUTS_MAX_DEPTH 10
#define FLOE__NUTS_DIVERGENCE 1000.0 /* error in the energy, nats, from which a trajectory counts as divergent */

/* How a transition went; the columns that Stan users know. */
struct floe__transition {
  double log_density, accept, energy; /* of the new position; mean acceptance probability along the trajectory */
  int depth, n_leapfrog;
  bool divergent;
};

struct floe__nuts;

/* One sampler a chain. NULL without memory. The density is not copied and must outlive the sampler. */
struct floe__nuts *floe__nuts_new(const struct floe__density *density);
void floe__nuts_free(struct floe__nuts *nuts);

/* Sets the position (n). False where the density or its gradient is not finite there. */
bool floe__nuts_start(struct floe__nuts *nuts, const double *position);

const double *floe__nuts_position(const struct floe__nuts *nuts); /* (n) */
const double *floe__nuts_gradient(const struct floe__nuts *nuts); /* (n) at the position */
double floe__nuts_log_density(const struct floe__nuts *nuts);

/* Position, gradient and log density: all that lasts from one transition to the next. */
void floe__nuts_keep(struct floe__nuts *nuts, struct floe__keeper *keeper);

/* A step size from which one leapfrog step is accepted with probability near 0.8, found by doubling or halving `guess`.
 * 0 where no step above 1e-300 is accepted, INFINITY where steps above 1e7 are: the density is then flat. */
double floe__nuts_reasonable_step(struct floe__nuts *nuts, double guess, struct floe_stream *stream);

/* One transition with the given step size. */
struct floe__transition floe__nuts_step(struct floe__nuts *nuts, double step_size, struct floe_stream *stream);

#endif
