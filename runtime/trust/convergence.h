/* convergence.h: have the chains converged, and how much are their draws worth?
 * Rank-normalised split R-hat, bulk and tail effective sample size: Vehtari, Gelman, Simpson, Carpenter, Bürkner,
 * "Rank-normalization, folding, and localization", Bayesian Analysis 16, 2021. Autocorrelations are summed over
 * Geyer's (1992) initial monotone sequence. */
#ifndef FLOE_TRUST_CONVERGENCE_H
#define FLOE_TRUST_CONVERGENCE_H

#include <stddef.h>

struct floe_convergence {
  double rhat, ess_bulk, ess_tail;
  double mcse; /* Monte Carlo standard error of the mean, in units of the quantity */
};

#define FLOE_RHAT_AGREES 1.01 /* the greatest R-hat of chains that agree: Vehtari et al. */

struct floe__convergence_work;

/* For n_chain >= 1 chains of n_draw >= 4 draws. NULL without memory. */
struct floe__convergence_work *floe__convergence_work_new(size_t n_chain, size_t n_draw);
void floe__convergence_work_free(struct floe__convergence_work *work); /* NULL is allowed */

/* draws: number i of chain c at draws[(c n_draw + i) stride]. All NaN for a quantity that is constant or not finite:
 * there is then nothing to judge. */
struct floe_convergence floe_convergence(const double *draws, size_t stride, struct floe__convergence_work *work);

/* Nested R-hat, sqrt(1 + B / W): n_superchain groups of chains, one behind the other; those of a group shared a start.
 * B is the variance of the groups' means, W the mean over groups of the variance between their chains plus that within
 * them. It asks whether groups have forgotten their starts, and may be used with few draws a chain: in stationarity it
 * is about sqrt(1 + 1 / effective draws per group). NaN for a quantity that is constant or not finite.
 * Margossian, Hoffman, Sountsov, Riou-Durand, Vehtari, Gelman, "Nested R-hat", Bayesian Analysis, 2024. */
double floe_nested_rhat(const double *draws, size_t stride, size_t n_superchain, size_t n_chain, size_t n_draw);

/* Estimated Bayesian fraction of missing information: the least of all chains (Betancourt, arXiv 1604.00695).
 * energies: number i of chain c at energies[(c n_draw + i) stride]. */
double floe_ebfmi(const double *energies, size_t stride, size_t n_chain, size_t n_draw);

#endif
