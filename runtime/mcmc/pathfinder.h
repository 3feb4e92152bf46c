/* pathfinder.h: where a chain should start, and with what metric: along the path of a quasi-Newton climb each point gives a
 * Gaussian approximation of the posterior; the one with the greatest evidence lower bound is taken.
 * Zhang, Carpenter, Gelman, Vehtari, "Pathfinder: parallel quasi-Newton variational inference", JMLR 23, 2022. */
#ifndef FLOE_MCMC_PATHFINDER_H
#define FLOE_MCMC_PATHFINDER_H

#include <floe/draws.h>

#include "runtime/mcmc/metric.h"

struct floe__pathfinder;
struct floe__pathfinder *floe__pathfinder_new(size_t n); /* NULL without memory */
void floe__pathfinder_free(struct floe__pathfinder *pathfinder);

/* Climbs from each of the starts (n_start, n), at which density and gradient are finite. Of the best approximations of the
 * paths one is taken, with probability proportional to the exponential of its lower bound: minor modes are rarely begun in.
 * metric becomes its mean and covariance. Returns the logarithm of the sum of those exponentials: what weight the result has
 * among those of other runs. -INFINITY, with the metric as it was, where there is none. */
double floe__pathfinder_run(struct floe__pathfinder *pathfinder, const struct floe__density *density, size_t n_start,
                            const double *starts, struct floe_stream *stream, struct floe__metric *metric);

/* A draw of such an approximation at which density and gradient are finite -> position (n). False where ten are not. */
bool floe__pathfinder_draw(struct floe__pathfinder *pathfinder, const struct floe__density *density,
                           const struct floe__metric *metric, struct floe_stream *stream, double *position);

#endif
