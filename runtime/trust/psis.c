#include "runtime/trust/psis.h"

#include <math.h>
#include <string.h>

#include "runtime/math/moments.h"
#include "runtime/math/order.h"

/* Zhang and Stephens' profile of the shape at theta (their b): the mean of log(1 - theta x). */
static double profile_shape(size_t n, const double *x, double theta) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += log1p(-theta * x[i]);
  return sum / (double)n;
}

struct floe__pareto floe__pareto_fit(size_t n, const double *x, double *work) {
  const double count = (double)n, quartile = x[(size_t)(count / 4 + 0.5) - 1], largest = x[n - 1];
  const size_t n_grid = 30 + (size_t)sqrt(count);
  double *theta = work, *log_likelihood = work + n_grid, mean = 0;
  if (!(quartile > 0) || !isfinite(largest)) return (struct floe__pareto){NAN, NAN};
  for (size_t j = 0; j < n_grid; j++) {
    theta[j] = 1 / largest + (1 - sqrt((double)n_grid / ((double)j + 0.5))) / (3 * quartile);
    const double k = profile_shape(n, x, theta[j]);
    log_likelihood[j] = count * (log(-theta[j] / k) - k - 1);
  }
  floe__normalise_log_weights(n_grid, log_likelihood, log_likelihood);
  for (size_t j = 0; j < n_grid; j++) mean += theta[j] * log_likelihood[j];
  const double k = profile_shape(n, x, mean);
  return (struct floe__pareto){(count * k + 5) / (count + 10), -k / mean};
}

double floe__pareto_quantile(struct floe__pareto pareto, double p) {
  if (fabs(pareto.k) < 1e-12) return -pareto.sigma * log1p(-p);
  return pareto.sigma * expm1(-pareto.k * log1p(-p)) / pareto.k;
}

double floe_khat_threshold(size_t n_draw) {
  const double by_size = 1 - 1 / log10((double)n_draw);
  return n_draw < 2 ? -INFINITY : by_size < 0.7 ? by_size : 0.7;
}

static size_t tail_size(size_t n, double relative_efficiency) {
  const double share = 0.2 * (double)n, root = 3 * sqrt((double)n / relative_efficiency);
  return (size_t)ceil(share < root ? share : root);
}

size_t floe_psis_work(size_t n) {
  return n * (sizeof(double) + sizeof(size_t)) + 2 * (30 + (size_t)sqrt((double)n) + 1) * sizeof(double);
}

/* Clears undefined weights and shifts the rest so that the largest is 0. Returns false where none is positive. */
static int shift(size_t n, double *log_weights, struct floe_psis *psis) {
  double largest = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    if (isnan(log_weights[i]) || log_weights[i] == INFINITY) psis->n_undefined++, log_weights[i] = -INFINITY;
    if (log_weights[i] > largest) largest = log_weights[i];
  }
  if (largest == -INFINITY) return 0;
  for (size_t i = 0; i < n; i++) log_weights[i] -= largest;
  return 1;
}

static int all_equal(size_t n, const double *log_weights) {
  for (size_t i = 0; i < n; i++)
    if (!(log_weights[i] > -1e-9)) return 0;
  return 1;
}

/* Fits the tail and replaces it. order: ascending. */
static void smooth(size_t n, double *log_weights, const size_t *order, size_t n_wanted, double *work,
                   struct floe_psis *psis) {
  const double smallest =
      -708.0; /* log of the smallest normal double: what lies below it is no scale to measure against */
  double *excess = work, *fit_work = work + n;
  double cutoff = n_wanted < n ? log_weights[order[n - n_wanted - 1]] : -INFINITY;
  if (cutoff < smallest) cutoff = smallest;
  size_t first = n;
  while (first > 0 && log_weights[order[first - 1]] > cutoff) first--;
  const size_t n_tail = n - first;
  psis->n_tail = n_tail;
  psis->khat = INFINITY;
  if (n_tail < 5) return;
  for (size_t i = 0; i < n_tail; i++) excess[i] = exp(log_weights[order[first + i]]) - exp(cutoff);
  const struct floe__pareto pareto = floe__pareto_fit(n_tail, excess, fit_work);
  if (!isfinite(pareto.k) || !isfinite(pareto.sigma)) return;
  psis->khat = pareto.k;
  for (size_t i = 0; i < n_tail; i++) {
    const double p = ((double)i + 0.5) / (double)n_tail;
    const double smoothed = log(floe__pareto_quantile(pareto, p) + exp(cutoff));
    log_weights[order[first + i]] = smoothed < 0 ? smoothed : 0; /* no larger than the largest raw weight */
  }
}

struct floe_psis floe_psis(size_t n, double *log_weights, double relative_efficiency, void *work) {
  struct floe_psis psis = {.khat = INFINITY, .threshold = floe_khat_threshold(n)};
  if (!shift(n, log_weights, &psis)) return psis;
  if (all_equal(n, log_weights))
    psis.khat = 0;
  else {
    size_t *order = work;
    double *doubles = (double *)(order + n);
    floe__order(n, log_weights, order);
    smooth(n, log_weights, order, tail_size(n, relative_efficiency), doubles, &psis);
  }
  if (psis.n_undefined) psis.khat = INFINITY;
  const double total = floe__log_sum_exp(n, log_weights);
  double squares = 0;
  for (size_t i = 0; i < n; i++) {
    log_weights[i] -= total;
    squares += exp(2 * log_weights[i]);
  }
  psis.ess = 1 / squares;
  return psis;
}
