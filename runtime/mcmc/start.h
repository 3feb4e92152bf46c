/* start.h: where chains begin, and with what metric: at given positions, or where short climbs from random places found the best
 * Gaussian approximations of the posterior (pathfinder.h). */
#ifndef FLOE_MCMC_START_H
#define FLOE_MCMC_START_H

#include "runtime/mcmc/metric.h"
#include "runtime/mcmc/sample.h"
#include "runtime/mcmc/target.h"

struct floe__start {
  double *position; /* (n) of the target, with finite density and gradient */
  struct floe__metric *metric;
};

/* The starts (n_start) of a run; their arrays are the caller's. The same for any number of threads. FLOE_ENUMERIC, naming the
 * parameter, where no place is to be found, or some direction is flat. */
FLOE_NODISCARD floe_status floe__find_starts(const struct floe_context *context,
                                             const struct floe_sample_options *options, size_t n_start,
                                             struct floe__start *starts, struct floe_error *error);

#endif
