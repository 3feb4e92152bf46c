#include "runtime/math/moments.h"

#include <math.h>

double floe__mean(size_t n, const double *x) {
  return floe__weighted_mean(n, x, NULL);
}

double floe__covariance(size_t n, const double *x, const double *y) {
  if (n < 2) return NAN;
  const double x_mean = floe__mean(n, x), y_mean = floe__mean(n, y);
  double sum = 0;
  for (size_t k = 0; k < n; k++) sum += (x[k] - x_mean) * (y[k] - y_mean);
  return sum / (double)(n - 1);
}

double floe__variance(size_t n, const double *x) {
  return floe__covariance(n, x, x);
}

double floe__sd(size_t n, const double *x) {
  return sqrt(floe__variance(n, x));
}

double floe__correlation(size_t n, const double *x, const double *y) {
  return floe__covariance(n, x, y) / (floe__sd(n, x) * floe__sd(n, y));
}

double floe__log_sum_exp(size_t n, const double *x) {
  double largest = -INFINITY, sum = 0;
  for (size_t k = 0; k < n; k++) {
    if (isnan(x[k])) return NAN;
    if (x[k] > largest) largest = x[k];
  }
  if (isinf(largest)) return largest;
  for (size_t k = 0; k < n; k++) sum += exp(x[k] - largest);
  return largest + log(sum);
}

double floe__normalise_log_weights(size_t n, const double *log_weights, double *weights) {
  const double total = floe__log_sum_exp(n, log_weights);
  double sum = 0;
  for (size_t k = 0; k < n; k++) sum += weights[k] = exp(log_weights[k] - total);
  for (size_t k = 0; k < n; k++) weights[k] /= sum; /* a large total has few digits left for the weights */
  return total;
}

static double weight(const double *weights, size_t k) {
  return weights ? weights[k] : 1;
}

double floe__weighted_mean(size_t n, const double *x, const double *weights) {
  double sum = 0, total = 0;
  for (size_t k = 0; k < n; k++) {
    if (weight(weights, k) == 0) continue;
    sum += weight(weights, k) * x[k];
    total += weight(weights, k);
  }
  const double first = sum / total;
  double correction = 0;
  for (size_t k = 0; k < n; k++)
    if (weight(weights, k) != 0) correction += weight(weights, k) * (x[k] - first);
  return isfinite(first) ? first + correction / total : first;
}

double floe__weighted_variance(size_t n, const double *x, const double *weights) {
  const double mean = floe__weighted_mean(n, x, weights);
  double sum = 0, total = 0;
  for (size_t k = 0; k < n; k++) {
    if (weight(weights, k) == 0) continue;
    sum += weight(weights, k) * (x[k] - mean) * (x[k] - mean);
    total += weight(weights, k);
  }
  return sum / total;
}

double floe__weighted_quantile(size_t n, const double *x, const double *weights, const size_t *order, double p) {
  if (!(p >= 0 && p <= 1)) return NAN;
  double total = 0, before = 0, previous_at = 0, previous_x = NAN;
  for (size_t k = 0; k < n; k++) total += weight(weights, k);
  for (size_t k = 0; k < n; k++) {
    const double w = weight(weights, order[k]), here = x[order[k]], at = (before + 0.5 * w) / total;
    if (w == 0) continue;
    if (p <= at)
      return isnan(previous_x) ? here : previous_x + (p - previous_at) / (at - previous_at) * (here - previous_x);
    before += w;
    previous_at = at;
    previous_x = here;
  }
  return previous_x;
}

double floe__welford_variance(const struct floe__welford *w) {
  return w->n < 2 ? NAN : w->squares / (double)(w->n - 1);
}
