/* sample.h: MCMC for one universe and data set: several NUTS chains with warm-up. */
#ifndef FLOE_MCMC_SAMPLE_H
#define FLOE_MCMC_SAMPLE_H

#include <floe/model.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"

struct floe_sample_options {
  size_t chains, warmup, draws; /* per chain */
  uint64_t seed;
  size_t threads;
  double target_accept; /* in 0 .. 1; 0: 0.8 */
  size_t n_start;       /* chain c starts from row c mod n_start; without starts, by a pathfinder run from -2 .. 2 */
  const double *starts; /* (n_start, n_coordinate) in UNIVERSE coordinates, or NULL */
};

#define FLOE_SAMPLE_DEFAULTS                                                                                           \
  ((struct floe_sample_options){.chains = 4, .warmup = 1000, .draws = 1000, .seed = 1, .threads = 1})

enum floe_sampler_column {
  FLOE_LP,
  FLOE_ACCEPT_STAT,
  FLOE_STEPSIZE,
  FLOE_TREEDEPTH,
  FLOE_N_LEAPFROG,
  FLOE_DIVERGENT,
  FLOE_ENERGY,
  FLOE_N_SAMPLER_COLUMN
};
extern const char *const floe_sampler_column_names[FLOE_N_SAMPLER_COLUMN]; /* "lp__", "accept_stat__", ... */

struct floe_chains {
  size_t n_chain, n_draw, n_coordinate;
  double *coordinates; /* (n_chain, n_draw, n_coordinate) UNIVERSE coordinates; 0 where absent */
  double *columns;     /* (n_chain, n_draw, FLOE_N_SAMPLER_COLUMN) */
  size_t n_divergent;  /* after warm-up, in all chains */
};

/* The draws are the same for any number of threads. FLOE_ENUMERIC, naming the parameter, where the density is not finite at
 * any start, does not fall off in some direction, or a chain cannot move; FLOE_EINTERRUPTED on request. The context's
 * coordinate system is not looked at. */
FLOE_NODISCARD floe_status floe_sample(const struct floe_context *context, const struct floe_sample_options *options,
                                       const struct floe_progress *progress, struct floe_chains **chains,
                                       struct floe_error *error);
void floe_chains_free(struct floe_chains *chains); /* NULL is allowed */

#endif
