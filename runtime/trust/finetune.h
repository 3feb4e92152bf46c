/* finetune.h: a trained network is trained on for the user's own data sets: draws of its posterior there, weighted by
 * the model's density, are learnt by -sum w log q, half of every batch; the other half are fresh simulations, so that
 * the rest does not suffer. In rounds: better draws give better weights (Cappe, Guillin, Marin, Robert, JCGS 2004;
 * Mueller, McWilliams, Rousselle, Gross, Novak, ACM TOG 2019). Weights are smoothed (psis.h); those that few draws
 * carry are tempered, w^a, as far as makes them worth a twentieth of the draws. With axes, the data sets are looked at
 * in the reference universe, and up to 32 times in all in others, drawn by the axes' weights. */
#ifndef FLOE_TRUST_FINETUNE_H
#define FLOE_TRUST_FINETUNE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"
#include "runtime/train/network.h"

/* Zero-initialise, then set what applies. */
struct floe_finetune_options {
  uint64_t seed;
  size_t n_thread;                      /* 0: one */
  size_t steps;                         /* 0: 500 */
  const struct floe_universe *universe; /* in this one alone; NULL: over all of them */
  const struct floe_dataset *dataset;   /* whence rows of data without `~` come; may be NULL if the spec imagines all */
  const struct floe_dataset *const *datasets; /* (n_dataset) that are tuned for */
  size_t n_dataset;                           /* at least 1 */
};

/* Of a network on those data sets. */
struct floe_finetune_state {
  double ess;  /* of the smoothed weights, as a share of the draws: mean over data sets and universes */
  double khat; /* the worst of them */
  double loss; /* held out: struct floe_network_info */
};

struct floe_finetune_result {
  struct floe_finetune_state before, after; /* after: of the best round; `before` where none was better */
  size_t n_context, steps;
};

/* *better: the network with the most effective draws of all rounds among those whose held-out loss is at most 0.05
 * above what it was, to be freed; NULL where none has more than before, by a hundredth of all draws. The network itself
 * is left alone. FLOE_ESPEC where the model or the network has no density; FLOE_EDATA where a data set is larger than
 * what the network is trained for; FLOE_EINTERRUPTED. */
FLOE_NODISCARD floe_status floe_network_finetune(const struct floe_network *network,
                                                 const struct floe_finetune_options *options,
                                                 const struct floe_progress *progress, struct floe_network **better,
                                                 struct floe_finetune_result *result, struct floe_error *error);

#endif
