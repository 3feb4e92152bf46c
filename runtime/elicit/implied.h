/* implied.h: what the model implies of the elicited numbers, for given hyper values. */
#ifndef FLOE_ELICIT_IMPLIED_H
#define FLOE_ELICIT_IMPLIED_H

#include "runtime/elicit/elicit.h"

/* One statistic per value of every statement, `n_statistic` in all, from each of `n_batch` batches of simulations. */
struct floe__implied {
  const struct floe_elicitation_plan *plan;
  size_t n_batch, n_statistic;
  double *scale;      /* (n_statistic) the same within a statement */
  double *target;     /* (n_statistic) */
  double *statistics; /* (n_batch, n_statistic): of the last simulations */
};

FLOE_NODISCARD floe_status floe__implied_new(const struct floe_elicitation_plan *plan, struct floe__implied *implied,
                                             struct floe_error *error);
void floe__implied_free(struct floe__implied *implied);

/* Simulates n_batch batches of `size`, from unit first_unit on. *loss: see elicit.h; INFINITY where the model gives
 * numbers that are not finite. */
FLOE_NODISCARD floe_status floe__implied_loss(struct floe__implied *implied, const struct floe_universe *universe,
                                              size_t size, uint64_t first_unit, double *loss, struct floe_error *error);

/* residual (n_statistic): (mean over batches - target) / scale, of the last simulations */
void floe__implied_residual(const struct floe__implied *implied, double *residual);

#endif
