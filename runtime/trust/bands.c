#include "runtime/trust/bands.h"

#include <math.h>

#include "runtime/math/special.h"

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

/* Counts from `first` to `last` are inside at a point, when each point alone is left out on either side with
 * probability gamma / 2. */
static void pointwise(size_t n, double z, double gamma, size_t *first, size_t *last) {
  *first = binomial_quantile(0.5 * gamma, n, z);
  *last = z >= 1 ? n : binomial_quantile(1 - 0.5 * gamma, n, z);
}

/* The probability that all points are inside: counts form a Markov chain, with binomial increments among those still
 * out. log_factorial (n + 1); here, next (n + 1): work space. */
static double coverage(size_t n, size_t n_point, double gamma, const double *log_factorial, double *here,
                       double *next) {
  size_t first = 0, last = 0;
  here[0] = 1;
  for (size_t point = 1; point < n_point; point++) {
    const double share = 1 / (double)(n_point - point + 1), log_in = log(share), log_out = log1p(-share);
    size_t to_first, to_last;
    pointwise(n, (double)point / (double)n_point, gamma, &to_first, &to_last);
    for (size_t j = to_first; j <= to_last; j++) {
      next[j] = 0;
      for (size_t i = first; i <= last && i <= j; i++)
        next[j] += here[i] * exp(log_factorial[n - i] - log_factorial[j - i] - log_factorial[n - j] +
                                 (double)(j - i) * log_in + (double)(n - j) * log_out);
    }
    double *swap = here;
    here = next;
    next = swap;
    first = to_first;
    last = to_last;
  }
  double total = 0;
  for (size_t j = first; j <= last; j++) total += here[j]; /* the rest is in at the last point, z = 1 */
  return total;
}

void floe_ecdf_band(size_t n, size_t n_point, double level, double *work, double *low, double *high) {
  double narrow = 1 - level, wide = narrow / (double)n_point / 10;
  double *log_factorial = work + 2 * (n + 1);
  for (size_t k = 0; k <= n; k++) log_factorial[k] = floe_lgamma((double)k + 1);
  for (int step = 0; step < 12; step++) {
    const double middle = sqrt(narrow * wide); /* gamma spans orders of magnitude */
    if (coverage(n, n_point, middle, log_factorial, work, work + n + 1) < level)
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
