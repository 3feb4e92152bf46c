/* psis.h: Pareto-smoothed importance sampling: the largest weights are replaced by the expected order statistics of a
 * generalised Pareto distribution fitted to them, whose shape k-hat says whether the weights can be relied on.
 * Vehtari, Simpson, Gelman, Yao, Gabry, "Pareto smoothed importance sampling", JMLR 25, 2024; the fit is that of Zhang
 * and Stephens, Technometrics 51, 2009. */
#ifndef FLOE_TRUST_PSIS_H
#define FLOE_TRUST_PSIS_H

#include <stddef.h>

/* Generalised Pareto distribution with location 0. */
struct floe__pareto {
  double k, sigma; /* shape, with the weak prior k <- (n k + 5) / (n + 10); scale. NaN where there is nothing to fit */
};

/* x (n): excesses, ascending, all >= 0, n >= 5. work: 2 * (30 + sqrt n) doubles. */
struct floe__pareto floe__pareto_fit(size_t n, const double *x, double *work);
double floe__pareto_quantile(struct floe__pareto pareto, double p);

struct floe_psis {
  double khat; /* +INFINITY where the weights cannot be judged: fewer than 5 distinct ones in the tail, or NaN among
                     * them. 0 where all weights agree to 1e-9: q then is the posterior */
  double threshold;           /* min(1 - 1 / log10 S, 0.7) */
  double ess;                 /* 1 / sum of squared normalised weights, after smoothing */
  size_t n_tail, n_undefined; /* undefined: NaN or +INFINITY, taken as zero weights */
};

double floe_khat_threshold(size_t n_draw);

/* Bytes of work that floe_psis needs for n weights. */
size_t floe_psis_work(size_t n);

/* Smooths log weights (n) in place and normalises them: their exponentials sum to 1 (all -INFINITY where there is no
 * positive weight). relative_efficiency: effective over actual number of draws of the proposal, 1 for independent
 * ones. */
struct floe_psis floe_psis(size_t n, double *log_weights, double relative_efficiency, void *work);

#endif
