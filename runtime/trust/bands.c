#include "runtime/trust/bands.h"

#include <math.h>

#include "runtime/math/special.h"

static double binomial_probability(double k, double n, double p) {
  if (p >= 1) return k == n;
  return exp(floe_lgamma(n + 1) - floe_lgamma(k + 1) - floe_lgamma(n - k + 1) + floe_xlogy(k, p) + (n - k) * log1p(-p));
}

/* The smallest count whose probability of not being exceeded reaches p. */
static size_t binomial_quantile(double p, size_t n, double share) {
  size_t low = 0, high = n;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (floe__binomial_cdf((double)middle, (double)n, share) >= p)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

/* Counts from `first` to `last` are inside at a point, when each point alone is left out on either side with probability
 * gamma / 2. */
static void pointwise(size_t n, double z, double gamma, size_t *first, size_t *last) {
  *first = binomial_quantile(0.5 * gamma, n, z);
  *last = z >= 1 ? n : binomial_quantile(1 - 0.5 * gamma, n, z);
}

/* The probability that all points are inside: counts form a Markov chain, with binomial increments among those still out. */
static double coverage(size_t n, size_t n_point, double gamma, double *work) {
  double *here = work, *next = work + n + 1;
  size_t first = 0, last = 0;
  here[0] = 1;
  for (size_t point = 1; point <= n_point; point++) {
    const double z = (double)point / (double)n_point, before = (double)(point - 1) / (double)n_point;
    const double share = (z - before) / (1 - before);
    size_t to_first, to_last;
    pointwise(n, point == n_point ? 1 : z, gamma, &to_first, &to_last);
    for (size_t j = to_first; j <= to_last; j++) {
      next[j] = 0;
      for (size_t i = first; i <= last && i <= j; i++)
        next[j] += here[i] * binomial_probability((double)(j - i), (double)(n - i), point == n_point ? 1 : share);
    }
    double *swap = here;
    here = next;
    next = swap;
    first = to_first;
    last = to_last;
  }
  double total = 0;
  for (size_t j = first; j <= last; j++) total += here[j];
  return total;
}

void floe_ecdf_band(size_t n, size_t n_point, double level, double *work, double *low, double *high) {
  double narrow = 1 - level, wide = narrow / (double)n_point / 10;
  for (int step = 0; step < 12; step++) {
    const double middle = sqrt(narrow * wide); /* gamma spans orders of magnitude */
    if (coverage(n, n_point, middle, work) < level)
      narrow = middle;
    else
      wide = middle;
  }
  for (size_t point = 1; point <= n_point; point++) {
    const double z = (double)point / (double)n_point;
    size_t first, last;
    pointwise(n, point == n_point ? 1 : z, wide, &first, &last);
    low[point - 1] = (double)first / (double)n - z;
    high[point - 1] = (double)last / (double)n - z;
  }
}

void floe_ecdf_difference(size_t n, const double *u, size_t n_point, double *difference) {
  size_t count = 0;
  for (size_t point = 1; point <= n_point; point++) {
    const double z = (double)point / (double)n_point;
    while (count < n && u[count] <= z) count++;
    difference[point - 1] = (double)count / (double)n - z;
  }
}
