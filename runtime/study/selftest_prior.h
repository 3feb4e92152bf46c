/* selftest_prior.h: is the density of the prior normalised?
 *
 * In the coordinates of the family unknowns are often independent of each other a priori: residuals of location-scale families
 * are, whatever location and scale rest on. The log prior is then a sum of functions of one coordinate each, and its integral
 * the product of theirs. Whether it is such a sum is seen at simulated points; where it is not, the integral is unknown. */
#ifndef FLOE_STUDY_SELFTEST_PRIOR_H
#define FLOE_STUDY_SELFTEST_PRIOR_H

#include <stdbool.h>

#include "runtime/sim/simulate.h"

/* The integral of the prior in one universe, from simulations of it with values; NaN: it is unknown. False without memory. */
bool selftest_prior(const struct floe_simulations *simulations, const struct floe_universe *universe, double *mass);

#endif
