/* metric_fit.h: learns the metric from a window of warm-up: draws and the gradients of the log density at them.
 *
 * The Gaussian that is closest to the posterior in Fisher divergence has the covariance Sigma that solves
 * Sigma C_g Sigma = C_x, with C_x and C_g the covariances of draws and gradients: their geometric mean. For a Gaussian
 * posterior it is exact as soon as the draws span the space, so it needs far fewer of them than C_x alone. The diagonal one
 * has variances sd(x_k) / sd(g_k). Low rank: the same within the span of the leading directions of both covariances.
 * (Seyboldt, Carlson, Carpenter, "Preconditioning Hamiltonian Monte Carlo by minimizing Fisher divergence", 2026.)
 *
 * Which kind: each is learnt from the first half of the window and judged on the second, by the product of the greatest
 * eigenvalues of the covariances of draws and of gradients in its coordinates. Its square root is the ratio of the longest
 * length to the shortest, to which leapfrog steps per draw are proportional; times the cost of a step, the least wins.
 * (Bales, Pourzanjani, Vehtari, Petzold, "Selecting the metric in Hamiltonian Monte Carlo", arXiv 1905.11916.) */
#ifndef FLOE_MCMC_METRIC_FIT_H
#define FLOE_MCMC_METRIC_FIT_H

#include "runtime/mcmc/metric.h"

#define FLOE__WINDOW_MAX 1000 /* of more draws the last ones are kept */

struct floe__window;

/* Room for min(longest, FLOE__WINDOW_MAX) draws of n coordinates. NULL without memory. */
struct floe__window *floe__window_new(size_t n, size_t longest);
void floe__window_free(struct floe__window *window); /* NULL is allowed */
void floe__window_reset(struct floe__window *window);
void floe__window_add(struct floe__window *window, const double *position, const double *gradient); /* (n) each */

/* The draws that it holds, in no particular order: positions and gradients (n) of draw number k. */
size_t floe__window_count(const struct floe__window *window);
double *floe__window_position(struct floe__window *window, size_t k);
double *floe__window_gradient(struct floe__window *window, size_t k);
void floe__window_keep(struct floe__window *window, struct floe__keeper *keeper);

/* Learns the metric. Leaves it as it is where that is better than all that can be learnt from the window, where there are
 * fewer than 10 draws, and where they do not vary. */
void floe__metric_fit(struct floe__window *window, struct floe__metric *metric);

/* The covariance Sigma (n, n) with Sigma b Sigma = a, of positive definite a and b (n, n), which are used up; all
 * row-major, work (n, n). False where one of them is not positive definite. */
bool floe__geometric_mean(size_t n, double *a, double *b, double *sigma, double *work);

#endif
