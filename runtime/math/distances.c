#include <math.h>

#include "runtime/math/moments.h"

static double weight(const double *weights, size_t k) {
  return weights ? weights[k] : 1;
}

static double total_weight(size_t n, const double *weights) {
  double total = 0;
  for (size_t k = 0; k < n; k++) total += weight(weights, k);
  return total;
}

/* Both cdfs are steps: the integral is a walk over the merged points. */
double floe__wasserstein(size_t n_x, const double *x, const double *x_weights, const size_t *x_order, size_t n_y,
                         const double *y, const double *y_weights, const size_t *y_order) {
  const double x_total = total_weight(n_x, x_weights), y_total = total_weight(n_y, y_weights);
  if (!(x_total > 0) || !(y_total > 0)) return NAN;
  double x_cdf = 0, y_cdf = 0, sum = 0, here = NAN;
  for (size_t i = 0, j = 0; i < n_x || j < n_y;) {
    const int from_x = j == n_y || (i < n_x && x[x_order[i]] <= y[y_order[j]]);
    const double next = from_x ? x[x_order[i]] : y[y_order[j]];
    if (i + j > 0 && next > here) sum += fabs(x_cdf / x_total - y_cdf / y_total) * (next - here);
    here = next;
    if (from_x)
      x_cdf += weight(x_weights, x_order[i++]);
    else
      y_cdf += weight(y_weights, y_order[j++]);
  }
  return sum;
}

/* p log2(p / m), m the mean of p and q. */
static double surprise(double p, double q) {
  return p > 0 ? p * log2(p / (0.5 * (p + q))) : 0;
}

/* Of cdfs P and Q: integral P log2(P / M) + Q log2(Q / M) over integral P + Q, whose linear terms cancel in the sum.
 * With `survival`, of 1 - P and 1 - Q, which is the distance of -x. */
static double cjs_squared(size_t n, const double *x, const double *weights_p, const double *weights_q,
                          const size_t *order, int survival) {
  const double p_total = total_weight(n, weights_p), q_total = total_weight(n, weights_q);
  double p_cdf = 0, q_cdf = 0, divergence = 0, bound = 0;
  for (size_t k = 0; k + 1 < n; k++) {
    p_cdf += weight(weights_p, order[k]) / p_total;
    q_cdf += weight(weights_q, order[k]) / q_total;
    const double width = x[order[k + 1]] - x[order[k]];
    const double p = survival ? fmax(1 - p_cdf, 0) : p_cdf, q = survival ? fmax(1 - q_cdf, 0) : q_cdf;
    divergence += width * (surprise(p, q) + surprise(q, p));
    bound += width * (p + q);
  }
  return bound > 0 ? fmax(divergence, 0) / bound : 0;
}

double floe__cjs(size_t n, const double *x, const double *weights_p, const double *weights_q, const size_t *order) {
  if (n == 0) return NAN;
  return sqrt(
      fmax(cjs_squared(n, x, weights_p, weights_q, order, 0), cjs_squared(n, x, weights_p, weights_q, order, 1)));
}
