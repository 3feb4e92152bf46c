/* adapt.h: warm-up: the step size by dual averaging towards a mean acceptance of 0.8, the variances of the coordinates in
 * windows that double in length, as Stan does it.
 * Hoffman and Gelman, JMLR 15, 2014, section 3.2; Stan reference manual, "HMC algorithm parameters". */
#ifndef FLOE_MCMC_ADAPT_H
#define FLOE_MCMC_ADAPT_H

#include <stdbool.h>
#include <stddef.h>

struct floe__dual_averaging {
  double target; /* mean acceptance */
  double centre, error, log_mean, count;
};

void floe__dual_averaging_start(struct floe__dual_averaging *state, double target, double step_size);
double floe__dual_averaging_learn(struct floe__dual_averaging *state, double accept); /* the next step size */
double floe__dual_averaging_end(const struct floe__dual_averaging *state);            /* the step size to keep */

/* The plan of a warm-up of so many iterations: `initial` with the step size only, windows for the variances, `final` with
 * the step size only. 75, 25 doubling, 50; shorter warm-ups take 15%, one window and 10%; below 20 no variances. */
struct floe__windows {
  size_t warmup, initial, final, base;
  size_t end, length; /* of the current window: its last iteration + 1, and its length */
};

void floe__windows_start(struct floe__windows *windows, size_t warmup);
bool floe__windows_collect(const struct floe__windows *windows,
                           size_t iteration); /* does the iteration lie in a window? */
bool floe__windows_close(struct floe__windows *windows,
                         size_t iteration); /* is it the last of one? Goes on to the next */

/* Running mean and variance of n coordinates (Welford 1962). The arrays, (n) each, are the caller's. */
struct floe__spread {
  size_t n, count;
  double *mean, *square;
};

void floe__spread_reset(struct floe__spread *spread);
void floe__spread_add(struct floe__spread *spread, const double *position);
/* Variances (n), drawn towards 0.001 as if by five more draws. */
void floe__spread_variance(const struct floe__spread *spread, double *variance);

#endif
