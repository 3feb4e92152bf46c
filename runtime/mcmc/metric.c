#include "runtime/mcmc/metric.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/math/blas.h"
#include "runtime/math/chol.h"
#include "runtime/math/orthogonal.h"

struct floe__metric *floe__metric_new(size_t n) {
  struct floe__metric *metric = FLOE__NEW(1, struct floe__metric);
  if (!metric) return NULL;
  const size_t square = n <= FLOE__METRIC_MAX_DENSE ? n * n : 0;
  metric->n = n;
  metric->centre = FLOE__NEW(n, double);
  metric->scale = FLOE__NEW(n, double);
  metric->lower = square ? FLOE__NEW(square, double) : NULL;
  metric->upper = square ? FLOE__NEW(square, double) : NULL;
  metric->basis = floe__new(FLOE__METRIC_MAX_RANK * n, sizeof(double));
  if (!metric->centre || !metric->scale || !metric->basis || (square && (!metric->lower || !metric->upper))) {
    floe__metric_free(metric);
    return NULL;
  }
  floe__metric_reset(metric);
  return metric;
}

void floe__metric_free(struct floe__metric *metric) {
  if (!metric) return;
  floe__free(metric->centre);
  floe__free(metric->scale);
  floe__free(metric->lower);
  floe__free(metric->upper);
  floe__free(metric->basis);
  floe__free(metric);
}

void floe__metric_reset(struct floe__metric *metric) {
  metric->kind = FLOE__METRIC_DIAGONAL;
  for (size_t i = 0; i < metric->n; i++) metric->centre[i] = 0, metric->scale[i] = 1;
}

void floe__metric_keep(struct floe__metric *metric, struct floe__keeper *keeper) {
  const size_t n = metric->n;
  floe__keep(keeper, &metric->kind, sizeof metric->kind);
  floe__keep(keeper, &metric->rank, sizeof metric->rank);
  floe__keep(keeper, metric->centre, n * sizeof(double));
  floe__keep(keeper, metric->scale, n * sizeof(double));
  floe__keep(keeper, metric->stretch, sizeof metric->stretch);
  keeper->failed = keeper->failed || metric->rank > FLOE__METRIC_MAX_RANK || metric->kind > FLOE__METRIC_DENSE ||
                   (metric->kind == FLOE__METRIC_DENSE && !metric->lower);
  if (metric->kind == FLOE__METRIC_LOW_RANK && !keeper->failed)
    floe__keep(keeper, metric->basis, metric->rank * n * sizeof(double));
  if (metric->kind != FLOE__METRIC_DENSE || keeper->failed) return;
  floe__keep(keeper, metric->lower, n * n * sizeof(double));
  floe__keep(keeper, metric->upper, n * n * sizeof(double));
}

void floe__metric_copy(struct floe__metric *to, const struct floe__metric *from) {
  const size_t n = from->n;
  to->kind = from->kind;
  to->rank = from->rank;
  memcpy(to->centre, from->centre, n * sizeof(double));
  memcpy(to->scale, from->scale, n * sizeof(double));
  memcpy(to->stretch, from->stretch, sizeof to->stretch);
  if (from->kind == FLOE__METRIC_LOW_RANK) memcpy(to->basis, from->basis, from->rank * n * sizeof(double));
  if (from->kind != FLOE__METRIC_DENSE) return;
  memcpy(to->lower, from->lower, n * n * sizeof(double));
  memcpy(to->upper, from->upper, n * n * sizeof(double));
}

/* z (n) becomes z + U' (power(stretch) - 1) U z, with power 1 or -1. */
static void stretch_along(const struct floe__metric *metric, bool inverse, double *z) {
  for (size_t r = 0; r < metric->rank; r++) {
    const double *direction = metric->basis + r * metric->n;
    const double by = inverse ? 1 / metric->stretch[r] : metric->stretch[r];
    floe__axpy(metric->n, (by - 1) * floe__dot(metric->n, direction, z), direction, z);
  }
}

/* x = sum over rows k of y_k times row k of a triangle: long runs through memory, no sums across. */
static void combine_rows(size_t n, const double *restrict rows, bool upper, const double *restrict y,
                         double *restrict x) {
  for (size_t i = 0; i < n; i++) x[i] = 0;
  for (size_t k = 0; k < n; k++) {
    const double *row = rows + k * n, factor = y[k];
    const size_t from = upper ? k : 0, to = upper ? n : k + 1;
    for (size_t i = from; i < to; i++) x[i] += factor * row[i];
  }
}

void floe__metric_position(const struct floe__metric *metric, const double *restrict y, double *restrict x) {
  const size_t n = metric->n;
  const double *restrict centre = metric->centre, *restrict scale = metric->scale;
  if (metric->kind == FLOE__METRIC_DIAGONAL) {
    for (size_t i = 0; i < n; i++) x[i] = centre[i] + scale[i] * y[i];
    return;
  }
  if (metric->kind == FLOE__METRIC_DENSE)
    combine_rows(n, metric->upper, true, y, x);
  else {
    memcpy(x, y, n * sizeof *x);
    stretch_along(metric, false, x);
  }
  for (size_t i = 0; i < n; i++) x[i] = centre[i] + scale[i] * x[i];
}

void floe__metric_whiten(const struct floe__metric *metric, const double *x, double *y) {
  const size_t n = metric->n;
  for (size_t i = 0; i < n; i++) y[i] = (x[i] - metric->centre[i]) / metric->scale[i];
  if (metric->kind == FLOE__METRIC_LOW_RANK) stretch_along(metric, true, y);
  if (metric->kind != FLOE__METRIC_DENSE) return;
  for (size_t i = 0; i < n; i++) {
    double left = y[i];
    for (size_t k = 0; k < i; k++) left -= metric->lower[i * n + k] * y[k];
    y[i] = left / metric->lower[i * n + i];
  }
}

void floe__metric_gradient(const struct floe__metric *metric, const double *restrict g, double *restrict h) {
  const size_t n = metric->n;
  const double *restrict scale = metric->scale;
  if (metric->kind == FLOE__METRIC_DENSE) {
    for (size_t i = 0; i < n; i++) h[i] = 0;
    for (size_t k = 0; k < n; k++) {
      const double *restrict row = metric->lower + k * n, factor = scale[k] * g[k];
      for (size_t i = 0; i <= k; i++) h[i] += factor * row[i];
    }
    return;
  }
  for (size_t i = 0; i < n; i++) h[i] = scale[i] * g[i];
  if (metric->kind == FLOE__METRIC_LOW_RANK) stretch_along(metric, false, h);
}

void floe__metric_slope(const struct floe__metric *metric, const double *h, double *g) {
  const size_t n = metric->n;
  memmove(g, h, n * sizeof *g);
  if (metric->kind == FLOE__METRIC_DENSE) floe__solve_lower_transposed(n, metric->lower, g, g);
  if (metric->kind == FLOE__METRIC_LOW_RANK) stretch_along(metric, true, g);
  for (size_t i = 0; i < n; i++) g[i] /= metric->scale[i];
}

double floe__metric_log_volume(const struct floe__metric *metric) {
  double sum = 0;
  for (size_t i = 0; i < metric->n; i++) sum += log(metric->scale[i]);
  for (size_t r = 0; metric->kind == FLOE__METRIC_LOW_RANK && r < metric->rank; r++) sum += log(metric->stretch[r]);
  for (size_t i = 0; metric->kind == FLOE__METRIC_DENSE && i < metric->n; i++)
    sum += log(metric->lower[i * metric->n + i]);
  return sum;
}

const char *floe__metric_name(enum floe__metric_kind kind) {
  static const char *const names[] = {"diagonal", "low rank", "dense"};
  return names[kind];
}

void floe__metric_stretch(struct floe__metric *metric, size_t m, double *sigma, double band, double *work) {
  const size_t n = metric->n;
  memcpy(work, metric->basis, m * n * sizeof *work);
  metric->kind = FLOE__METRIC_LOW_RANK;
  metric->rank = 0;
  floe__orthogonalise_rows(m, m, sigma);
  for (size_t k = 0; k < m; k++) { /* row k: an eigenvector times its eigenvalue */
    double *row = sigma + k * m;
    const double variance = sqrt(floe__dot(m, row, row));
    if (!(variance > 0) || !(variance < INFINITY) || (variance < band && variance > 1 / band)) continue;
    double *direction = metric->basis + metric->rank * n;
    for (size_t i = 0; i < n; i++) direction[i] = 0;
    for (size_t j = 0; j < m; j++) floe__axpy(n, row[j] / variance, work + j * n, direction);
    metric->stretch[metric->rank++] = sqrt(variance);
  }
}

static double evaluate(void *state, const double *y, double *gradient) {
  struct floe__rounded *rounded = state;
  floe__metric_position(rounded->metric, y, rounded->x);
  const double log_density = rounded->density->evaluate(rounded->density->state, rounded->x, rounded->gradient);
  floe__metric_gradient(rounded->metric, rounded->gradient, gradient);
  return log_density;
}

struct floe__density floe__rounded_density(struct floe__rounded *rounded) {
  return (struct floe__density){.n = rounded->density->n, .evaluate = evaluate, .state = rounded};
}
