/* trouble.h: what makes a density impossible to sample, in words that a modeller understands. */
#ifndef FLOE_MCMC_TROUBLE_H
#define FLOE_MCMC_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "runtime/mcmc/sample.h"
#include "runtime/mcmc/target.h"

/* The first coordinate along which the density stays exactly the same, far and near; FLOE_NONE if there is none. */
size_t floe__flat_direction(struct floe__target *target, const double *position);

/* A coordinate that is so far out that no proper posterior reaches it, or whose number overflows; FLOE_NONE if there is none. */
size_t floe__ran_away(const struct floe__target *target, const double *position);

/* All return FLOE_ENUMERIC and fill in *error. */
floe_status floe__trouble_no_start(struct floe__target *target, const double *position, const double *gradient,
                                   int attempts, struct floe_error *error);
floe_status floe__trouble_flat(const struct floe__target *target, size_t k, bool everywhere, struct floe_error *error);
floe_status floe__trouble_runs_away(const struct floe__target *target, size_t k, struct floe_error *error);
floe_status floe__trouble_stuck(const struct floe__target *target, const double *gradient, struct floe_error *error);

/* Ctrl-C: whether the run resumes depends on the options. */
floe_status floe__trouble_interrupted(const struct floe_sample_options *options, struct floe_error *error);

#endif
