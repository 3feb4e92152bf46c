/* consistency.h: training on what the compiled density says. log p(theta, y) - log q(theta | y) does not depend on
 * theta where q is the posterior, so its variance over draws of q is a loss that needs y alone: simulated ones, and the
 * user's own, whose parameters nobody knows (Schmitt, Ivanova, Habermann, Koethe, Buerkner, Radev, ICML 2024; Mishra,
 * Habermann, Schmitt, Radev, Buerkner, ICLR 2026, arXiv 2501.13483). The draws count as constants:
 *   g_k = log p(theta_k, y) - log q(theta_k | y),   d Var / d log q_k = -(2 / K) (g_k - mean g).
 * g is clipped around its median; draws where either density is not a number do not count. Where the variance is large
 * its square root counts: a data set that the network does not know yet shall not drown the others. */
#ifndef FLOE_TRAIN_CONSISTENCY_H
#define FLOE_TRAIN_CONSISTENCY_H

#include <stddef.h>

#include "runtime/train/trainer.h"

/* Draws of a data set where the spec does not say: some where there are unlabelled data besides those that covariates
 * come from, and a density; else 0. Where all data are like the simulations it did not lower the held-out loss. */
size_t floe__consistency_draws(const struct floe_model *model, const struct floe_network_options *options);

/* Sizes, from t->settings and t->chunk. */
void floe__consistency_plan(struct floe__trainer *trainer);

/* Room for the threads; takes over the held-out simulations; prepares the unlabelled data in universes drawn by the
 * axes' weights. FLOE_EDATA where a data set is larger than what the network is trained for. */
FLOE_NODISCARD floe_status floe__consistency_start(struct floe__trainer *trainer, struct floe_simulations *held_out,
                                                   struct floe_error *error);

/* The universe that example k of the user's data is seen in: as in training, but with any preparation of the data.
 * False: none is permitted. */
int floe__consistency_universe(const struct floe__trainer *trainer, size_t k, struct floe_universe *universe);

/* Takes over the simulations of the pool. */
FLOE_NODISCARD floe_status floe__consistency_take_pool(struct floe__trainer *trainer,
                                                       struct floe_simulations *simulations, struct floe_error *error);
void floe__consistency_drop(struct floe__trainer *trainer);

/* Adds that of lambda times the mean variance, of chunk `chunk` and member m, to gradient (n_weight). */
void floe__consistency_learn(struct floe__trainer *trainer, size_t m, size_t chunk, size_t thread, float *gradient);

/* Of each member's averaged weights: mean variance over held-out and unlabelled data sets, into its learner. */
void floe__consistency_evaluate(struct floe__trainer *trainer);

#endif
