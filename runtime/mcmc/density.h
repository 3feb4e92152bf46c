/* density.h: what is sampled. */
#ifndef FLOE_MCMC_DENSITY_H
#define FLOE_MCMC_DENSITY_H

#include <stddef.h>

/* The log density at a position (n), up to a constant, with its gradient (n). NaN counts as -INFINITY. */
struct floe__density {
  size_t n;
  double (*evaluate)(void *state, const double *position, double *gradient);
  void *state;
};

#endif
