/* chees.h: Hamiltonian Monte Carlo for many short chains in lockstep, which share step size, metric and trajectory length. The
 * length is adapted to the greatest change in the estimator of the expected square; a Halton sequence jitters it.
 * Hoffman, Radul, Sountsov, "An adaptive-MCMC scheme for setting trajectory lengths in Hamiltonian Monte Carlo", AISTATS 2021. */
#ifndef FLOE_MCMC_CHEES_H
#define FLOE_MCMC_CHEES_H

#include "runtime/mcmc/sample.h"

#define FLOE__CHEES_TARGET 0.651      /* harmonic mean of the acceptance probabilities */
#define FLOE__CHEES_MAX_LEAPFROG 1000 /* steps of a trajectory */

/* Fills result, made for options->chains chains. The chains fall into options->superchains groups, one behind the other; those
 * of a group share a start. Errors as floe_sample. */
FLOE_NODISCARD floe_status floe__chees(const struct floe_context *context, const struct floe_sample_options *options,
                                       const struct floe_progress *progress, struct floe_chains *result,
                                       struct floe_error *error);

#endif
