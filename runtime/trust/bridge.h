/* bridge.h: the evidence, log p(y), from posterior draws by bridge sampling: the first halves of the chains fit a
 * normal proposal in unconstrained coordinates, the second halves and as many draws of the proposal meet in the optimal
 * bridge. Meng and Wong, "Simulating ratios of normalizing constants via a simple identity", Statistica Sinica 6, 1996;
 * Gronau et al., "A tutorial on bridge sampling", J. Math. Psychology 81, 2017. Error: Fruehwirth-Schnatter,
 * Econometrics Journal 7, 2004. */
#ifndef FLOE_TRUST_BRIDGE_H
#define FLOE_TRUST_BRIDGE_H

#include "base/error.h"
#include "runtime/mcmc/sample.h"

struct floe_evidence {
  double log_evidence;
  double error; /* its standard error, of the logarithm */
};

/* FLOE_EUSAGE where a prior is improper, naming the parameter, or the density is known up to a constant only. */
FLOE_NODISCARD floe_status floe_evidence_defined(const struct floe_model *model, const struct floe_universe *universe,
                                                 struct floe_error *error);

/* context as for floe_sample, chains its result; efficiency: effective over actual draws, the least of all quantities,
 * in 0 .. 1. FLOE_EUSAGE where the evidence is not defined. FLOE_ENUMERIC where the draws are too few or do not vary. */
FLOE_NODISCARD floe_status floe_bridge(const struct floe_context *context, const struct floe_chains *chains,
                                       double efficiency, uint64_t seed, struct floe_evidence *evidence,
                                       struct floe_error *error);

#endif
