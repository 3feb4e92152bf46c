#include "runtime/mcmc/metric_fit.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/math/blas.h"
#include "runtime/math/chol.h"
#include "runtime/math/order.h"
#include "runtime/math/orthogonal.h"

enum { LEADING = 10, MIN_DRAWS = 10, SUBSPACE_ROUNDS = 8, POWER_ROUNDS = 30 };

struct floe__window {
  size_t n, capacity, count, next;
  double *x, *g;               /* (capacity, n): a ring of draws and gradients */
  double *x_scaled, *g_scaled; /* (capacity, n): in order, centred, in units of the metric's scale */
  double *weight, *sorted;     /* (capacity) square roots of the draws' weights, in the order of the ring */
  double *mean, *vector;       /* (n) */
  double *projected;           /* (capacity, FLOE__METRIC_MAX_RANK) */
  double *square[4];           /* (m, m) with m = min(n, max(FLOE__METRIC_MAX_DENSE, FLOE__METRIC_MAX_RANK)) */
  struct floe__metric *trial[3];
};

struct floe__window *floe__window_new(size_t n, size_t longest) {
  struct floe__window *window = FLOE__NEW(1, struct floe__window);
  if (!window) return NULL;
  const size_t capacity = longest < FLOE__WINDOW_MAX ? longest + 1 : FLOE__WINDOW_MAX;
  const size_t m = n <= FLOE__METRIC_MAX_DENSE ? n : FLOE__METRIC_MAX_RANK;
  window->n = n;
  window->capacity = capacity;
  double **const arrays[] = {&window->x, &window->g, &window->x_scaled, &window->g_scaled};
  bool failed = false;
  for (size_t k = 0; k < 4; k++) {
    *arrays[k] = floe__new(capacity, n * sizeof(double));
    window->square[k] = floe__new(m, m * sizeof(double));
    failed = failed || !*arrays[k] || !window->square[k];
  }
  window->weight = FLOE__NEW(capacity, double);
  window->sorted = FLOE__NEW(capacity, double);
  window->mean = FLOE__NEW(n, double);
  window->vector = FLOE__NEW(n, double);
  window->projected = FLOE__NEW(capacity * FLOE__METRIC_MAX_RANK, double);
  for (size_t k = 0; k < 3; k++) failed = !(window->trial[k] = floe__metric_new(n)) || failed;
  if (!failed && window->weight && window->sorted && window->mean && window->vector && window->projected) return window;
  floe__window_free(window);
  return NULL;
}

void floe__window_free(struct floe__window *window) {
  if (!window) return;
  floe__free(window->x);
  floe__free(window->g);
  floe__free(window->x_scaled);
  floe__free(window->g_scaled);
  floe__free(window->weight);
  floe__free(window->sorted);
  floe__free(window->mean);
  floe__free(window->vector);
  floe__free(window->projected);
  for (size_t k = 0; k < 4; k++) floe__free(window->square[k]);
  for (size_t k = 0; k < 3; k++) floe__metric_free(window->trial[k]);
  floe__free(window);
}

void floe__window_reset(struct floe__window *window) {
  window->count = window->next = 0;
}

void floe__window_add(struct floe__window *window, const double *position, const double *gradient) {
  memcpy(window->x + window->next * window->n, position, window->n * sizeof *position);
  memcpy(window->g + window->next * window->n, gradient, window->n * sizeof *gradient);
  window->next = (window->next + 1) % window->capacity;
  if (window->count < window->capacity) window->count++;
}

size_t floe__window_count(const struct floe__window *window) {
  return window->count;
}

double *floe__window_position(struct floe__window *window, size_t k) {
  return window->x + k * window->n;
}

double *floe__window_gradient(struct floe__window *window, size_t k) {
  return window->g + k * window->n;
}

void floe__window_keep(struct floe__window *window, struct floe__keeper *keeper) {
  floe__keep(keeper, &window->count, sizeof window->count);
  floe__keep(keeper, &window->next, sizeof window->next);
  keeper->failed = keeper->failed || window->count > window->capacity || window->next >= window->capacity;
  if (keeper->failed) return;
  floe__keep(keeper, window->x, window->count * window->n * sizeof(double));
  floe__keep(keeper, window->g, window->count * window->n * sizeof(double));
}

/* ---- a geometric mean of matrices ---- */

static void mirror(size_t n, double *lower) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = i + 1; k < n; k++) lower[i * n + k] = 0;
}

/* With a = L L' and b = R R': Sigma = L V S^-1 V' L', where R' L = U S V'. */
bool floe__geometric_mean(size_t n, double *a, double *b, double *sigma, double *work) {
  if (floe__cholesky(n, a) != FLOE_OK || floe__cholesky(n, b) != FLOE_OK) return false;
  mirror(n, a);
  mirror(n, b);
  floe__gemm(true, false, n, n, n, 1, b, n, a, n, 0, work, n);
  floe__orthogonalise_rows(n, n, work);
  for (size_t k = 0; k < n; k++) { /* row k: s_k v_k', to become s_k^-1/2 v_k' */
    double *row = work + k * n;
    const double length = sqrt(floe__dot(n, row, row));
    if (!(length > 0) || !(length < INFINITY)) return false;
    const double by = 1 / (length * sqrt(length));
    for (size_t i = 0; i < n; i++) row[i] *= by;
  }
  floe__gemm(false, true, n, n, n, 1, work, n, a, n, 0, b, n); /* rows: (L v_k)' / sqrt(s_k) */
  floe__gemm(true, false, n, n, n, 1, b, n, b, n, 0, sigma, n);
  return true;
}

/* ---- one half of a window, or all of it ---- */

struct piece {
  const struct floe__window *window;
  size_t from, count; /* draws, in the order in which they came */
};

static size_t place_of(const struct piece *piece, size_t k) {
  const struct floe__window *window = piece->window;
  const size_t oldest = window->count < window->capacity ? 0 : window->next;
  return (oldest + piece->from + k) % window->capacity;
}

/* Rows of the ring -> centred, each times the root of its weight. */
static void centre_rows(const struct piece *piece, const double *ring, double *mean, double *centred) {
  const struct floe__window *window = piece->window;
  const size_t n = window->n;
  double total = 0;
  for (size_t i = 0; i < n; i++) mean[i] = 0;
  for (size_t k = 0; k < piece->count; k++) {
    const size_t place = place_of(piece, k);
    const double weight = window->weight[place] * window->weight[place];
    total += weight;
    floe__axpy(n, weight, ring + place * n, mean);
  }
  for (size_t i = 0; i < n; i++) mean[i] /= total;
  for (size_t k = 0; k < piece->count; k++) {
    const size_t place = place_of(piece, k);
    const double root = window->weight[place], *row = ring + place * n;
    for (size_t i = 0; i < n; i++) centred[k * n + i] = root * (row[i] - mean[i]);
  }
}

/* A few draws far out in the tails, where gradients are huge, must not decide alone. Draws whose gradient in the present
 * metric is more than three times as long as the median count for less. The same weights for draws and gradients leave the
 * metric of a Gaussian posterior exact. */
static void weigh(struct floe__window *window, const struct floe__metric *metric) {
  const size_t n = window->n;
  for (size_t k = 0; k < window->count; k++) {
    floe__metric_gradient(metric, window->g + k * n, window->vector);
    window->sorted[k] = window->weight[k] = floe__dot(n, window->vector, window->vector);
  }
  floe__sort(window->count, window->sorted);
  const double most = 9 * window->sorted[window->count / 2];
  for (size_t k = 0; k < window->count; k++)
    window->weight[k] = window->weight[k] > most ? sqrt(most / window->weight[k]) : 1;
}

static double mean_square(const double *rows, size_t count, size_t n, size_t i) {
  double sum = 0;
  for (size_t k = 0; k < count; k++) sum += rows[k * n + i] * rows[k * n + i];
  return sum / (double)count;
}

/* Centre and scale of the metric; x_scaled and g_scaled of the window. False where something does not vary, or is no
 * number. */
static bool fit_scale(struct floe__window *window, const struct piece *piece, struct floe__metric *metric) {
  const size_t n = window->n;
  centre_rows(piece, window->g, window->mean, window->g_scaled);
  centre_rows(piece, window->x, window->mean, window->x_scaled);
  for (size_t i = 0; i < n; i++) {
    const double x = mean_square(window->x_scaled, piece->count, n, i);
    const double g = mean_square(window->g_scaled, piece->count, n, i), scale = sqrt(sqrt(x / g));
    if (!(scale > 1e-150) || !(scale < 1e150)) return false;
    metric->centre[i] = window->mean[i];
    metric->scale[i] = scale;
    for (size_t k = 0; k < piece->count; k++) {
      window->x_scaled[k * n + i] /= scale;
      window->g_scaled[k * n + i] *= scale;
    }
  }
  metric->kind = FLOE__METRIC_DIAGONAL;
  return true;
}

static void covariance(size_t count, size_t n, const double *rows, double *result) {
  floe__gemm(true, false, n, n, count, 1 / (double)count, rows, n, rows, n, 0, result, n);
}

static bool make_dense(struct floe__metric *metric, const double *sigma) {
  const size_t n = metric->n;
  memcpy(metric->lower, sigma, n * n * sizeof *sigma);
  if (floe__cholesky(n, metric->lower) != FLOE_OK) return false;
  mirror(n, metric->lower);
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n; k++) metric->upper[k * n + i] = metric->lower[i * n + k];
  metric->kind = FLOE__METRIC_DENSE;
  return true;
}

static bool fit_dense(struct floe__window *window, const struct piece *piece, struct floe__metric *metric) {
  const size_t n = window->n;
  if (n < 2 || n > FLOE__METRIC_MAX_DENSE || piece->count < n + n / 2 + 5 || !fit_scale(window, piece, metric))
    return false;
  covariance(piece->count, n, window->x_scaled, window->square[0]);
  covariance(piece->count, n, window->g_scaled, window->square[1]);
  return floe__geometric_mean(n, window->square[0], window->square[1], window->square[2], window->square[3]) &&
         make_dense(metric, window->square[2]);
}

/* The leading `LEADING` directions (rows) of the covariance of the rows: subspace iteration from fixed vectors. */
static size_t leading(struct floe__window *window, size_t count, const double *rows, double *directions) {
  const size_t n = window->n;
  size_t m = n < LEADING ? n : LEADING;
  for (size_t r = 0; r < m; r++)
    for (size_t i = 0; i < n; i++) directions[r * n + i] = rows[(r * count / m) * n + i];
  m = floe__orthonormal_rows(m, n, directions);
  for (int round = 0; round < SUBSPACE_ROUNDS; round++) {
    floe__gemm(false, true, count, m, n, 1, rows, n, directions, n, 0, window->projected, m);
    floe__gemm(true, false, m, n, count, 1, window->projected, m, rows, n, 0, directions, n);
    m = floe__orthonormal_rows(m, n, directions);
  }
  return m;
}

static bool fit_low_rank(struct floe__window *window, const struct piece *piece, struct floe__metric *metric) {
  const size_t n = window->n, count = piece->count;
  if (n < 4 || count < 2 * LEADING || !fit_scale(window, piece, metric)) return false;
  size_t m = leading(window, count, window->x_scaled, metric->basis);
  m += leading(window, count, window->g_scaled, metric->basis + m * n);
  m = floe__orthonormal_rows(m, n, metric->basis);
  double *const covariances[] = {window->square[0], window->square[1]};
  const double *const rows[] = {window->x_scaled, window->g_scaled};
  for (size_t k = 0; k < 2; k++) {
    floe__gemm(false, true, count, m, n, 1, rows[k], n, metric->basis, n, 0, window->projected, m);
    covariance(count, m, window->projected, covariances[k]);
    for (size_t i = 0; i < m; i++) covariances[k][i * m + i] += 1 / (double)count;
  }
  if (!floe__geometric_mean(m, covariances[0], covariances[1], window->square[2], window->square[3])) return false;
  floe__metric_stretch(metric, m, window->square[2], 2, window->x_scaled);
  return metric->rank > 0;
}

typedef bool (*fitter)(struct floe__window *window, const struct piece *piece, struct floe__metric *metric);
static const fitter fitters[] = {fit_scale, fit_low_rank, fit_dense}; /* by floe__metric_kind */

/* ---- which kind ---- */

/* The greatest eigenvalue of the covariance of the rows: power iteration. */
static double greatest(struct floe__window *window, size_t count, const double *rows) {
  const size_t n = window->n;
  double *v = window->vector, value = 0;
  memcpy(v, rows, n * sizeof *v);
  for (int round = 0; round < POWER_ROUNDS; round++) {
    const double length = sqrt(floe__dot(n, v, v));
    if (!(length > 0) || !(length < INFINITY)) return round ? value : INFINITY;
    for (size_t i = 0; i < n; i++) v[i] /= length;
    floe__gemv(false, count, n, 1, rows, n, v, 0, window->projected);
    value = floe__dot(count, window->projected, window->projected) / (double)count;
    floe__gemv(true, count, n, 1, rows, n, window->projected, 0, v);
  }
  return value;
}

/* Leapfrog steps per draw that the metric would need, times the cost of one, up to a common factor. */
static double judge(struct floe__window *window, const struct piece *piece, const struct floe__metric *metric) {
  const size_t n = window->n;
  centre_rows(piece, window->g, window->mean, window->x_scaled);
  for (size_t k = 0; k < piece->count; k++)
    floe__metric_gradient(metric, window->x_scaled + k * n, window->g_scaled + k * n);
  centre_rows(piece, window->x, window->mean, window->x_scaled);
  for (size_t k = 0; k < piece->count; k++) {
    double *row = window->x_scaled + k * n;
    for (size_t i = 0; i < n; i++) row[i] += metric->centre[i];
    floe__metric_whiten(metric, row, row);
  }
  const double spread = greatest(window, piece->count, window->x_scaled);
  const double steepness = greatest(window, piece->count, window->g_scaled);
  const double work = metric->kind == FLOE__METRIC_DENSE      ? (double)n
                      : metric->kind == FLOE__METRIC_LOW_RANK ? 4 * (double)metric->rank
                                                              : 0;
  return sqrt(spread * steepness) * (1 + work / 256);
}

void floe__metric_fit(struct floe__window *window, struct floe__metric *metric) {
  const size_t n_first = window->count / 2;
  const struct piece first = {window, 0, n_first}, second = {window, n_first, window->count - n_first};
  const struct piece all = {window, 0, window->count};
  if (window->count < MIN_DRAWS) return;
  weigh(window, metric);
  double cost[3], least = INFINITY;
  for (size_t kind = 0; kind < 3; kind++) {
    const bool fitted = fitters[kind](window, &first, window->trial[kind]);
    cost[kind] = fitted ? judge(window, &second, window->trial[kind]) : INFINITY;
    least = fmin(least, cost[kind]);
  }
  if (judge(window, &second, metric) < least) return;
  for (size_t kind = 0; kind < 3; kind++) {
    const bool simple = kind != FLOE__METRIC_DENSE; /* and nearly as good: then it is taken */
    if (simple && !(cost[kind] <= 1.1 * least)) continue;
    if (!fitters[kind](window, &all, window->trial[kind])) continue;
    floe__metric_copy(metric, window->trial[kind]);
    return;
  }
}
