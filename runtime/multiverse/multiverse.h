/* multiverse.h: the answers of all universes for one data set: draws of the network in batched passes, weights, and the
 * ladder of trust for each. All universes share their base draws, so that comparisons between them are paired. */
#ifndef FLOE_MULTIVERSE_MULTIVERSE_H
#define FLOE_MULTIVERSE_MULTIVERSE_H

#include <floe/model.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"
#include "runtime/data/bind.h"
#include "runtime/multiverse/universes.h"
#include "runtime/trust/ladder.h"
#include "runtime/trust/loo.h"
#include "runtime/trust/proposal.h"
#include "runtime/trust/summary.h"

struct floe_multiverse_options {
  size_t n_draw; /* of the proposal, per universe */
  uint64_t seed;
  size_t threads;
  unsigned rungs;                  /* FLOE_RUNG_* that may be used */
  const double *pins;              /* (n_variable) at what unknowns are held, NaN for others; NULL: none is */
  bool leave_out;                  /* leave out observations in every universe */
  struct floe_sample_options mcmc; /* threads, seed and starts are filled in */
};

#define FLOE_MULTIVERSE_DEFAULTS                                                                                       \
  ((struct floe_multiverse_options){                                                                                   \
      .n_draw = 1000, .seed = 1, .threads = 1, .rungs = FLOE_RUNG_ALL, .mcmc = FLOE_SAMPLE_DEFAULTS})

/* How the answer of one universe was obtained; fields as in struct floe_answer. */
struct floe_outcome {
  enum floe_method method;
  double khat, khat_threshold, distance, distance_threshold;
  double ess, rhat;
  size_t n_draw;
  struct floe_gates gates;
  char why[512];
};

/* Rows: the n universes of the list, the n_extra runs for equivalence axes, and, where MCMC is allowed and there are such
 * runs, the reference once more. The last two kinds are answered by MCMC from random starts alone: independent of network
 * and weights, they tell whether what must not matter does not. */
struct floe_multiverse {
  const struct floe_universes *universes;
  size_t n_row, n_universe, n_output;
  size_t n_report;                /* outputs before the claims */
  size_t reference_check;         /* row of the reference by MCMC; FLOE_NONE if there is none */
  struct floe_outcome *outcomes;  /* (n_row) */
  struct floe_summary *summaries; /* (n_row, n_output): the mean of a claim is P(claim) */
  double *quantiles;              /* (n_row, n_output, FLOE_N_QUANTILE) */
  double *member_spread; /* (n_universe, n_output) sd of the members' means in posterior sd; NaN: one member, or mcmc */
  struct floe_loo **left_out; /* (n_universe) NULL where that could not be done; NULL unless the options ask */
  uint64_t *observed;         /* (n_universe) hash of the observations that the universe sees; as left_out */
  size_t n_by_method[FLOE_N_METHOD]; /* of the n_universe */
};

/* dataset: as observed; `prep` is applied per universe. proposal: NULL for MCMC only. The same bytes for any number of
 * threads. Statistical trouble is in the outcomes. FLOE_EDATA where prepared data leave their type; FLOE_EINTERRUPTED. */
FLOE_NODISCARD floe_status floe_multiverse_run(const struct floe_dataset *dataset, const struct floe_proposal *proposal,
                                               const struct floe_universes *universes,
                                               const struct floe_multiverse_options *options,
                                               const struct floe_progress *progress,
                                               struct floe_multiverse **multiverse, struct floe_error *error);
void floe_multiverse_free(struct floe_multiverse *multiverse); /* NULL is allowed */

static inline const struct floe_summary *floe_multiverse_summary(const struct floe_multiverse *multiverse, size_t row,
                                                                 size_t output) {
  return &multiverse->summaries[row * multiverse->n_output + output];
}

#endif
