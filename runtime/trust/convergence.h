/* convergence.h: have the chains converged, and how much are their draws worth?
 * Rank-normalised split R-hat, bulk and tail effective sample size: Vehtari, Gelman, Simpson, Carpenter, Bürkner, "Rank-
 * normalization, folding, and localization", Bayesian Analysis 16, 2021. Autocorrelations are summed over Geyer's (1992)
 * initial monotone sequence. */
#ifndef FLOE_TRUST_CONVERGENCE_H
#define FLOE_TRUST_CONVERGENCE_H

#include <stddef.h>

struct floe_convergence {
  double rhat, ess_bulk, ess_tail;
  double mcse; /* Monte Carlo standard error of the mean, in units of the quantity */
};

struct floe__convergence_work;

/* For n_chain >= 1 chains of n_draw >= 4 draws. NULL without memory. */
struct floe__convergence_work *floe__convergence_work_new(size_t n_chain, size_t n_draw);
void floe__convergence_work_free(struct floe__convergence_work *work); /* NULL is allowed */

/* draws: number i of chain c at draws[(c n_draw + i) stride]. All NaN for a quantity that is constant or not finite: there
 * is then nothing to judge. */
struct floe_convergence floe_convergence(const double *draws, size_t stride, struct floe__convergence_work *work);

/* Estimated Bayesian fraction of missing information: the least of all chains (Betancourt, arXiv 1604.00695).
 * energies: number i of chain c at energies[(c n_draw + i) stride]. */
double floe_ebfmi(const double *energies, size_t stride, size_t n_chain, size_t n_draw);

#endif
