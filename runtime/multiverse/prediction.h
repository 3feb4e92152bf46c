/* prediction.h: which universes predict the data best: differences of elpd by leave-one-out cross-validation
 * (trust/loo.h), observation by observation, and whether a universe is within two standard errors of the best one: a
 * filter on fit, beside which the claims over all universes stand. Only universes that see the same observations as
 * the reference can be compared. */
#ifndef FLOE_MULTIVERSE_PREDICTION_H
#define FLOE_MULTIVERSE_PREDICTION_H

#include <stdbool.h>

#include "runtime/multiverse/multiverse.h"

struct floe_prediction {
  bool known; /* it was answered, and its observations could be left out */
  struct floe_elpd elpd;
  bool comparable;                     /* it sees the reference's observations, and its answer is not flagged */
  double difference, difference_error; /* from the best comparable universe: at most 0; NaN where not comparable */
  bool fits;                           /* within two standard errors of the best */
};

/* predictions (n_universe). The best universe, FLOE_NONE where nothing was left out or nothing can be compared. */
size_t floe_predictions(const struct floe_multiverse *multiverse, struct floe_prediction *predictions);

#endif
