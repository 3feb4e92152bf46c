/* moments.h: means, spreads, weighted quantiles, and distances between samples. Two passes or running updates where
 * one pass would cancel; sums in index order, so results do not depend on threads. Weights are >= 0 and need not sum
 * to 1; NULL weights are equal. Empty samples give NaN. */
#ifndef FLOE_MATH_MOMENTS_H
#define FLOE_MATH_MOMENTS_H

#include <stddef.h>

double floe__mean(size_t n, const double *x);
double floe__variance(size_t n, const double *x); /* divisor n - 1 */
double floe__sd(size_t n, const double *x);
double floe__covariance(size_t n, const double *x, const double *y); /* divisor n - 1 */
double floe__correlation(size_t n, const double *x, const double *y);

double floe__log_sum_exp(size_t n, const double *x);
/* weights (n) = exp(log_weights - their log-sum-exp); returns that log-sum-exp. May be in place. */
double floe__normalise_log_weights(size_t n, const double *log_weights, double *weights);

double floe__weighted_mean(size_t n, const double *x, const double *weights);
double floe__weighted_variance(size_t n, const double *x, const double *weights); /* sum w (x - m)^2 / sum w */

/* The p-quantile of the weighted sample whose x[order[k]] ascends (floe__order): linear between the middles of the
 * steps of the weighted cdf. */
double floe__weighted_quantile(size_t n, const double *x, const double *weights, const size_t *order, double p);

/* Wasserstein-1: integral |F - G|. The orders as floe__order gives them. */
double floe__wasserstein(size_t n_x, const double *x, const double *x_weights, const size_t *x_order, size_t n_y,
                         const double *y, const double *y_weights, const size_t *y_order);

/* The cumulative Jensen-Shannon distance of Nguyen and Vreeken 2015 as priorsense has it: the square root of the
 * symmetrised and normalised divergence between the cdfs of one sample x weighted in two ways, in 0 .. 1; the larger
 * of those of x and of -x (Kallioinen, Paananen, Buerkner, Vehtari 2024). order as floe__order gives it. */
double floe__cjs(size_t n, const double *x, const double *weights_p, const double *weights_q, const size_t *order);

/* Running mean and variance: Welford 1962. */
struct floe__welford {
  size_t n;
  double mean, squares;
};
static inline void floe__welford_add(struct floe__welford *w, double x) {
  double delta = x - w->mean;
  w->n++;
  w->mean += delta / (double)w->n;
  w->squares += delta * (x - w->mean);
}
double floe__welford_variance(const struct floe__welford *w); /* divisor n - 1 */

#endif
