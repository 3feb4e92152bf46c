/* packs.h: what Hamiltonian Monte Carlo does between two gradients, for `width` chains at a time: arrays (n, width). A width is a
 * power of two, at most FLOE__PACK_MAX. What is in one chain depends on nothing in another. */
#ifndef FLOE_MCMC_PACKS_H
#define FLOE_MCMC_PACKS_H

#include <stddef.h>

#include "runtime/mcmc/metric.h"

#define FLOE__PACK_MAX 8

/* As floe__metric_position and floe__metric_gradient, of each chain. */
void floe__pack_positions(const struct floe__metric *metric, size_t width, const double *y, double *x);
void floe__pack_gradients(const struct floe__metric *metric, size_t width, double *g, double *h); /* g is used up */

/* momentum += half_step gradient; y += step momentum: both (count). */
void floe__pack_kick(size_t count, double half_step, const double *gradient, double *momentum);
void floe__pack_drift(size_t count, double step, const double *momentum, double *y);

void floe__pack_half_squares(size_t n, size_t width, const double *momentum, double *kinetic); /* (width) */

/* The numbers of one chain, and back. */
void floe__pack_take(size_t n, size_t width, const double *pack, size_t chain, double *one);
void floe__pack_give(size_t n, size_t width, const double *one, size_t chain, double *pack);

#endif
