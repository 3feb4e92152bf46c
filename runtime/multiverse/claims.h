/* claims.h: in how many universes a claim holds, and which neighbours disagree about it. */
#ifndef FLOE_MULTIVERSE_CLAIMS_H
#define FLOE_MULTIVERSE_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/multiverse/multiverse.h"

struct floe_claim_outcome {
  double reference, lowest, highest; /* P(claim): at the reference; over usable universes */
  double holds;                      /* share of usable universes with P > 0.5 */
  double holds_strongly;             /* with P >= 0.95 */
  double fails_strongly;             /* with P <= 0.05 */
  size_t n_universe, n_flagged;      /* usable universes; those left out because their answer is flagged or undefined */
  size_t n_pair, n_flip;             /* neighbours; of them across P = 0.5 */
};

/* claim: 0 .. n_claim - 1. Shares are NaN where no universe is usable. */
struct floe_claim_outcome floe_claim_outcome(const struct floe_multiverse *multiverse, size_t claim);
/* The same over the universes for which `among` (n_universe) holds; the others are not among those left out either. */
struct floe_claim_outcome floe_claim_outcome_among(const struct floe_multiverse *multiverse, size_t claim,
                                                   const bool *among);

/* P(claim) in a universe. */
double floe_claim_probability(const struct floe_multiverse *multiverse, size_t row, size_t claim);

#endif
