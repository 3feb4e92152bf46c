/* selftest_draws.h: do simulated numbers follow the density, lie in their supports, and is the density normalised?
 *
 * Draws. The density leaves the step of a Metropolis sampler in balance: from one number of a simulation, all others held, a
 * step is proposed symmetrically and accepted with probability min(1, p'/p). If the simulation is a draw from the density, an
 * accepted step and its reverse are equally probable, whatever the density: its sign in any ordering of the states is a fair
 * coin. Each simulation gives one step for each variable, and the simulations are independent, so that
 * z = (ups - downs) / sqrt(ups + downs) exceeds t with probability at most 2 exp(-t^2 / 2) (Hoeffding), in each ordering: by
 * density, by value, by distance from the median, and by which side of a quartile.
 *
 * Normalisation. The density of an observation, given all else, integrates to 1. So does that of the prior:
 * runtime/study/selftest_prior.h. */
#ifndef FLOE_STUDY_SELFTEST_DRAWS_H
#define FLOE_STUDY_SELFTEST_DRAWS_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/sim/simulate.h"

struct draw_findings {
  double z, mass;    /* the largest |z|; the largest |integral - 1| of an observation's density */
  size_t n_test;     /* orderings that were compared */
  size_t n_outside;  /* simulated numbers outside of their declared support */
  double prior_mass; /* the largest |integral - 1| of a prior */
  bool unknown_z, unknown_mass, unknown_prior; /* something could not be compared */
  char worst[160];                             /* the variable with the largest z, "" for none; and so on */
  char outside[160], heavy[160];
};

/* Simulations of one universe, of one layout, with values. They are the same afterwards. False without memory. */
bool selftest_draws(struct floe_simulations *simulations, const struct floe_universe *universe, uint64_t seed,
                    struct draw_findings *findings);

/* The bound that the largest z exceeds by chance in at most a millionth of all runs. */
double selftest_draws_bound(const struct draw_findings *findings);

#endif
