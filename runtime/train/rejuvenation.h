/* rejuvenation.h: other parameters for simulations that are passed again and again. A simulation's parameters are a draw from the
 * posterior given its data. A step of Markov chain Monte Carlo that leaves this posterior as it is makes another draw of them, at
 * the price of a density instead of a simulation; particles are moved so by Gilks, Berzuini (JRSS B 63, 2001). The network
 * proposes theta' ~ q(. | y), which is accepted with probability
 *   min(1, p(theta', y) q(theta | y) / (p(theta, y) q(theta' | y)))
 * (an independence chain: Tierney, Annals of Statistics 22, 1994): what it has learnt by heart, where q is too large, is what it
 * leaves first. */
#ifndef FLOE_TRAIN_REJUVENATION_H
#define FLOE_TRAIN_REJUVENATION_H

#include "runtime/train/trainer.h"

/* Whether training does so: one pool of simulations is passed more than once, and the settings do not forbid it. */
bool floe__rejuvenates(const struct floe__trainer *trainer);

/* Room for the threads, once the pool is there; parameters that a checkpoint had take the place of the simulated ones. */
FLOE_NODISCARD floe_status floe__rejuvenation_start(struct floe__trainer *trainer, struct floe_error *error);
void floe__rejuvenation_drop(struct floe__trainer *trainer);

/* Before pass `pass` over the pool: a step for each simulation, by the averaged weights of the members in turn. Where few of
 * these are accepted the next passes go without. */
void floe__rejuvenate(struct floe__trainer *trainer, size_t pass);

/* The pool's parameters as they are, in a checkpoint: appended to a buffer, and read back from bytes, kept for the start. */
void floe__rejuvenation_put(struct floe__text *to, const struct floe__trainer *trainer);
int floe__rejuvenation_get(const unsigned char **at, const unsigned char *end, struct floe__trainer *trainer);

#endif
