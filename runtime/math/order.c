#include "runtime/math/order.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static double extreme(size_t n, const double *x, double sign) {
  size_t best = 0;
  for (size_t k = 0; k < n; k++) {
    if (isnan(x[k])) return NAN;
    if (sign * x[k] > sign * x[best]) best = k;
  }
  return n ? (double)(best + 1) : NAN;
}

double floe_argmax(size_t n, const double *x) {
  return extreme(n, x, 1);
}

double floe_argmin(size_t n, const double *x) {
  return extreme(n, x, -1);
}

/* Ascending, NaN last. */
static int compare(double x, double y) {
  return x < y ? -1 : x > y ? 1 : isnan(x) - isnan(y);
}

static int compare_elements(const void *x, const void *y) {
  return compare(*(const double *)x, *(const double *)y);
}

static int compare_positions(const void *p, const void *q, void *x) {
  const size_t i = *(const size_t *)p, j = *(const size_t *)q;
  const int by_value = compare(((const double *)x)[i], ((const double *)x)[j]);
  return by_value ? by_value : (i > j) - (i < j);
}

void floe__sort(size_t n, double *x) {
  qsort(x, n, sizeof *x, compare_elements);
}

void floe_sort(size_t n, const double *x, double *sorted) {
  if (n) memcpy(sorted, x, n * sizeof *x);
  floe__sort(n, sorted);
}

void floe_sort_adjoint(size_t n, const double *x, const double *sorted, const double *sorted_bar, double *x_bar) {
  (void)sorted;
  for (size_t i = 0; i < n; i++) {
    size_t place = 0;
    for (size_t j = 0; j < n; j++) place += x[j] < x[i] || (x[j] == x[i] && j < i);
    x_bar[i] += sorted_bar[place];
  }
}

void floe__order(size_t n, const double *x, size_t *order) {
  for (size_t k = 0; k < n; k++) order[k] = k;
  qsort_r(order, n, sizeof *order, compare_positions, (void *)x);
}

void floe__ranks(size_t n, const double *x, size_t *order, double *rank) {
  floe__order(n, x, order);
  for (size_t first = 0, next; first < n; first = next) {
    for (next = first + 1; next < n && x[order[next]] == x[order[first]];) next++;
    for (size_t k = first; k < next; k++) rank[order[k]] = 0.5 * (double)(first + 1 + next);
  }
}

double floe__quantile_sorted(size_t n, const double *x, double p) {
  if (n == 0 || !(p >= 0 && p <= 1) || isnan(x[n - 1])) return NAN;
  const double at = p * (double)(n - 1), below = floor(at);
  const size_t k = (size_t)below;
  if (k + 1 >= n || at == below) return x[k];
  return x[k] + (at - below) * (x[k + 1] - x[k]);
}

/* Of the elements that are there, or of all, where one that is not a number makes the quantile none. */
static double quantile_of(size_t n, const double *x, double p, bool present) {
  enum { ON_STACK = 1024 };
  double small[ON_STACK], *sorted = n <= ON_STACK ? small : FLOE__NEW(n, double);
  if (!sorted) return NAN;
  size_t kept = 0;
  for (size_t k = 0; k < n; k++)
    if (!present || !isnan(x[k])) sorted[kept++] = x[k];
  floe__sort(kept, sorted);
  const double quantile = floe__quantile_sorted(kept, sorted, p);
  if (sorted != small) floe__free(sorted);
  return quantile;
}

double floe_quantile(size_t n, const double *x, double p) {
  return quantile_of(n, x, p, false);
}

double floe_present_quantile(size_t n, const double *x, double p) {
  return quantile_of(n, x, p, true);
}

double floe_is_present(double x) {
  return !isnan(x);
}

double floe_left_out(double x) {
  (void)x;
  return NAN;
}

double floe__median(size_t n, const double *x) {
  return floe_quantile(n, x, 0.5);
}
