#include "runtime/multiverse/claims.h"

#include <math.h>

double floe_claim_probability(const struct floe_multiverse *multiverse, size_t row, size_t claim) {
  return floe_multiverse_summary(multiverse, row, multiverse->n_report + claim)->mean;
}

static int usable(const struct floe_multiverse *m, size_t row, size_t claim) {
  return m->outcomes[row].method != FLOE_FLAGGED && isfinite(floe_claim_probability(m, row, claim));
}

struct floe_claim_outcome floe_claim_outcome(const struct floe_multiverse *multiverse, size_t claim) {
  return floe_claim_outcome_among(multiverse, claim, NULL);
}

struct floe_claim_outcome floe_claim_outcome_among(const struct floe_multiverse *multiverse, size_t claim,
                                                   const bool *among) {
  struct floe_claim_outcome outcome = {
      .reference = floe_claim_probability(multiverse, 0, claim), .lowest = NAN, .highest = NAN};
  for (size_t row = 0; row < multiverse->n_universe; row++) {
    if (among && !among[row]) continue;
    if (!usable(multiverse, row, claim)) {
      outcome.n_flagged++;
      continue;
    }
    const double p = floe_claim_probability(multiverse, row, claim);
    outcome.n_universe++;
    outcome.lowest = fmin(outcome.lowest, p);
    outcome.highest = fmax(outcome.highest, p);
    outcome.holds += p > 0.5;
    outcome.holds_strongly += p >= 0.95;
    outcome.fails_strongly += p <= 0.05;
  }
  const double n = outcome.n_universe ? (double)outcome.n_universe : NAN;
  outcome.holds /= n;
  outcome.holds_strongly /= n;
  outcome.fails_strongly /= n;
  for (size_t k = 0; k < multiverse->universes->n_pair; k++) {
    const struct floe_pair *pair = &multiverse->universes->pairs[k];
    if (among && !(among[pair->from] && among[pair->to])) continue;
    if (!usable(multiverse, pair->from, claim) || !usable(multiverse, pair->to, claim)) continue;
    outcome.n_pair++;
    outcome.n_flip += (floe_claim_probability(multiverse, pair->from, claim) > 0.5) !=
                      (floe_claim_probability(multiverse, pair->to, claim) > 0.5);
  }
  return outcome;
}
