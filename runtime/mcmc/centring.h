/* centring.h: how far each coordinate of a hierarchical model is centred: see "Centring" in floe/model.h.
 *
 * An unknown x with location m and scale s has the coordinate u = c m + s^c z, z = (x - m) / s, with centring c in 0 .. 1. Few data
 * want c = 0, many want c = 1, and the data of one group are not those of another. For every c the same draws tell how far the
 * posterior is from independent normal coordinates: up to a constant
 *
 *   KL(c) = log sd(u_c) - c E log s,
 *
 * coordinate by coordinate; the least of it is taken from draws of the warm-up. The family of maps and the idea to choose among them:
 * Papaspiliopoulos, Roberts, Skold, "A general framework for the parametrization of hierarchical models", Statistical Science 22,
 * 2007; Gorinova, Moore, Hoffman, "Automatic reparameterisation of probabilistic programs", ICML 2020, arXiv 1906.03028. */
#ifndef FLOE_MCMC_CENTRING_H
#define FLOE_MCMC_CENTRING_H

#include <stdbool.h>

#include "runtime/mcmc/metric_fit.h"
#include "runtime/mcmc/target.h"

struct floe__centring;

/* Work space for a target. NULL without memory, and with *needed false where the model leaves nothing open. */
struct floe__centring *floe__centring_new(const struct floe__target *target, bool *needed);
void floe__centring_free(struct floe__centring *centring); /* NULL is allowed */

/* Chooses from the window's draws how far the target is to be centred: centring (n_coordinate), to be given to floe__recentre. False
 * where it stays as it is: nothing is gained, or there are fewer than 10 draws. */
bool floe__centring_choose(struct floe__centring *centring, struct floe__target *target, struct floe__window *window,
                           const double **chosen);

/* The window's draws and their gradients in the coordinates of another centring, and the target with them. Positions (n_position, n)
 * of chains move along; their gradients are the caller's affair. */
void floe__recentre(struct floe__centring *centring, struct floe__target *target, const double *chosen,
                    struct floe__window *window, size_t n_position, double *positions);

#endif
