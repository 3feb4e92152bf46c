#include "runtime/mcmc/pathfinder.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/math/blas.h"
#include "runtime/math/orthogonal.h"

enum { HISTORY = 6, WIDTH = 2 * HISTORY, MAX_STEPS = 100, HALVINGS = 20, ELBO_DRAWS = 5 };

struct floe__pathfinder {
  size_t n, count;              /* coordinates; pairs in the history */
  double *steps, *slopes;       /* (HISTORY, n): s and y, oldest first */
  double *alpha;                /* (n): diagonal of the inverse Hessian */
  double *x, *gradient;         /* (n): the point, and the gradient of the log density */
  double *new_x, *new_gradient; /* (n) */
  double *direction, *y;        /* (n) */
  double *wide, *work;          /* (WIDTH, n) */
  double log_density;
  struct floe__metric *trial, *found; /* at the point; the best of the path */
};

struct floe__pathfinder *floe__pathfinder_new(size_t n) {
  struct floe__pathfinder *p = FLOE__NEW(1, struct floe__pathfinder);
  if (!p) return NULL;
  double **const vectors[] = {&p->alpha, &p->x, &p->gradient, &p->new_x, &p->new_gradient, &p->direction, &p->y};
  double **const blocks[] = {&p->steps, &p->slopes, &p->wide, &p->work};
  bool failed = false;
  p->n = n;
  for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++) failed |= !(*vectors[k] = FLOE__NEW(n, double));
  for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++)
    failed |= !(*blocks[k] = floe__new(WIDTH, n * sizeof(double)));
  p->trial = floe__metric_new(n);
  p->found = floe__metric_new(n);
  if (!failed && p->trial && p->found) return p;
  floe__pathfinder_free(p);
  return NULL;
}

void floe__pathfinder_free(struct floe__pathfinder *p) {
  if (!p) return;
  double *const arrays[] = {p->alpha, p->x,    p->gradient, p->new_x, p->new_gradient, p->direction,
                            p->y,     p->wide, p->work,     p->steps, p->slopes};
  for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) floe__free(arrays[k]);
  floe__metric_free(p->trial);
  floe__metric_free(p->found);
  floe__free(p);
}

static bool all_finite(size_t n, const double *x) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(x[i])) return false;
  return true;
}

/* ---- the inverse Hessian from the history ---- */

/* With R the upper triangle of S Y' and D its diagonal (all s.y > 0), the inverse Hessian is
 *   diag(alpha) + B' G B,  B = [diag(alpha) Y; S],  G = [0, -R^-1; -R'^-1, R'^-1 (D + Y diag(alpha) Y') R^-1]
 * (Byrd, Nocedal, Schnabel 1994); in units of sqrt(alpha): I + W' G W, W = [sqrt(alpha) Y; S / sqrt(alpha)]. */
static void middle(const struct floe__pathfinder *p, double *g) {
  const size_t m = p->count, w = 2 * m;
  double inverse[HISTORY][HISTORY] = {{0}}, inner[HISTORY][HISTORY], half[HISTORY][HISTORY];
  for (size_t j = 0; j < m; j++) /* columns of R^-1, by back substitution */
    for (size_t i = j + 1; i-- > 0;) {
      double rest = i == j;
      for (size_t k = i + 1; k <= j; k++)
        rest -= floe__dot(p->n, p->steps + i * p->n, p->slopes + k * p->n) * inverse[k][j];
      inverse[i][j] = rest / floe__dot(p->n, p->steps + i * p->n, p->slopes + i * p->n);
    }
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++) {
      inner[i][j] = floe__dot(p->n, p->wide + i * p->n, p->wide + j * p->n);
      if (i == j) inner[i][j] += floe__dot(p->n, p->steps + i * p->n, p->slopes + i * p->n);
    }
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++) {
      half[i][j] = 0;
      for (size_t k = 0; k < m; k++) half[i][j] += inner[i][k] * inverse[k][j];
    }
  memset(g, 0, w * w * sizeof *g);
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++) {
      g[i * w + m + j] = -inverse[i][j];
      g[(m + i) * w + j] = -inverse[j][i];
      for (size_t k = 0; k < m; k++) g[(m + i) * w + m + j] += inverse[k][i] * half[k][j];
    }
}

/* The approximation at x as a metric: covariance and centre. */
static void approximate(struct floe__pathfinder *p) {
  const size_t n = p->n, w = 2 * p->count;
  struct floe__metric *metric = p->trial;
  double g[WIDTH * WIDTH], t[WIDTH * WIDTH], tg[WIDTH * WIDTH], sigma[WIDTH * WIDTH];
  for (size_t i = 0; i < n; i++) metric->scale[i] = sqrt(p->alpha[i]);
  metric->kind = FLOE__METRIC_DIAGONAL;
  if (w) {
    for (size_t k = 0; k < p->count; k++)
      for (size_t i = 0; i < n; i++) {
        p->wide[k * n + i] = p->slopes[k * n + i] * metric->scale[i];
        p->wide[(p->count + k) * n + i] = p->steps[k * n + i] / metric->scale[i];
      }
    middle(p, g);
    memcpy(metric->basis, p->wide, w * n * sizeof(double));
    const size_t m = floe__orthonormal_rows(w, n, metric->basis);
    floe__gemm(false, true, m, w, n, 1, metric->basis, n, p->wide, n, 0, t, w);
    floe__gemm(false, false, m, w, w, 1, t, w, g, w, 0, tg, w);
    floe__gemm(false, true, m, m, w, 1, tg, w, t, w, 0, sigma, m);
    for (size_t i = 0; i < m; i++) sigma[i * m + i] += 1;
    floe__metric_stretch(metric, m, sigma, 1.001, p->work);
  }
  floe__metric_gradient(metric, p->gradient, p->y);
  memcpy(metric->centre, p->x, n * sizeof(double));
  floe__metric_position(metric, p->y, p->direction); /* x + Sigma g */
  memcpy(metric->centre, p->direction, n * sizeof(double));
}

/* A draw of the approximation -> new_x, with its gradient. Returns log p - log q, up to a constant. */
static double draw(struct floe__pathfinder *p, const struct floe__density *density, struct floe_stream *stream) {
  double square = 0;
  for (size_t i = 0; i < p->n; i++) {
    p->y[i] = floe_draw_normal(stream);
    square += p->y[i] * p->y[i];
  }
  floe__metric_position(p->trial, p->y, p->new_x);
  return density->evaluate(density->state, p->new_x, p->new_gradient) + 0.5 * square +
         floe__metric_log_volume(p->trial);
}

/* ---- the climb ---- */

/* Gilbert and Lemarechal 1989: the diagonal that fits the newest pair. */
static void update_alpha(struct floe__pathfinder *p, const double *s, const double *y, double sy) {
  double a = 0, c = 0;
  for (size_t i = 0; i < p->n; i++) {
    a += y[i] * y[i] * p->alpha[i];
    c += s[i] * s[i] / p->alpha[i];
  }
  for (size_t i = 0; i < p->n; i++) {
    const double curvature =
        a / (sy * p->alpha[i]) + y[i] * y[i] / sy - a * s[i] * s[i] / (sy * c * p->alpha[i] * p->alpha[i]);
    if (curvature > 0 && curvature < INFINITY) p->alpha[i] = fmin(fmax(1 / curvature, 1e-100), 1e100);
  }
}

/* Takes the step from x to new_x into the history if the density is concave along it. */
static void remember(struct floe__pathfinder *p) {
  const size_t n = p->n;
  double *s = p->direction, *y = p->y;
  for (size_t i = 0; i < n; i++) {
    s[i] = p->new_x[i] - p->x[i];
    y[i] = p->gradient[i] - p->new_gradient[i];
  }
  const double sy = floe__dot(n, s, y), yy = floe__dot(n, y, y);
  if (!(sy > 1e-12 * yy) || !(yy > 0)) return;
  if (p->count == HISTORY) {
    memmove(p->steps, p->steps + n, (HISTORY - 1) * n * sizeof(double));
    memmove(p->slopes, p->slopes + n, (HISTORY - 1) * n * sizeof(double));
    p->count--;
  }
  update_alpha(p, s, y, sy);
  memcpy(p->steps + p->count * n, s, n * sizeof(double));
  memcpy(p->slopes + p->count * n, y, n * sizeof(double));
  p->count++;
}

/* The point itself as the only thing to know: steepest ascent. */
static void forget(struct floe__pathfinder *p) {
  p->count = 0;
  for (size_t i = 0; i < p->n; i++) p->alpha[i] = 1;
  approximate(p);
}

/* Moves on along `centre - x`, the quasi-Newton step, cut until the density rises enough. False at the top. */
static bool climb(struct floe__pathfinder *p, const struct floe__density *density) {
  const size_t n = p->n;
  for (size_t i = 0; i < n; i++) p->direction[i] = p->trial->centre[i] - p->x[i];
  const double slope = floe__dot(n, p->direction, p->gradient), length = sqrt(floe__dot(n, p->direction, p->direction));
  if (!(slope > 0) || !(length < INFINITY)) return false;
  double share = p->count ? 1 : fmin(1, 1 / length);
  for (int k = 0; k < HALVINGS; k++, share *= 0.4) {
    for (size_t i = 0; i < n; i++) p->new_x[i] = p->x[i] + share * p->direction[i];
    const double there = density->evaluate(density->state, p->new_x, p->new_gradient);
    if (!(there >= p->log_density + 1e-4 * share * slope) || !all_finite(n, p->new_gradient) || there == INFINITY)
      continue;
    const double gain = there - p->log_density;
    remember(p);
    memcpy(p->x, p->new_x, n * sizeof(double));
    memcpy(p->gradient, p->new_gradient, n * sizeof(double));
    p->log_density = there;
    return gain > 1e-9 * (1 + fabs(there));
  }
  return false;
}

static double lower_bound(struct floe__pathfinder *p, const struct floe__density *density, struct floe_stream *stream) {
  double sum = 0;
  for (int k = 0; k < ELBO_DRAWS; k++) sum += draw(p, density, stream) / ELBO_DRAWS;
  return isnan(sum) || sum == INFINITY ? -INFINITY : sum;
}

/* The best approximation on the way up from start -> found. Returns its lower bound; -INFINITY: there is none. */
static double follow(struct floe__pathfinder *p, const struct floe__density *density, const double *start,
                     struct floe_stream *stream) {
  memcpy(p->x, start, p->n * sizeof(double));
  p->log_density = density->evaluate(density->state, p->x, p->gradient);
  forget(p);
  double best = -INFINITY;
  for (int step = 0; step < MAX_STEPS; step++) {
    const bool on = climb(p, density);
    if (!on && p->count == 0) break;
    approximate(p);
    const double bound = lower_bound(p, density, stream);
    if (bound > best) {
      best = bound;
      floe__metric_copy(p->found, p->trial);
    }
    if (!on) break;
  }
  return best;
}

double floe__pathfinder_run(struct floe__pathfinder *p, const struct floe__density *density, size_t n_start,
                            const double *starts, struct floe_stream *stream, struct floe__metric *metric) {
  double total = -INFINITY;
  for (size_t k = 0; k < n_start; k++) {
    const double bound = follow(p, density, starts + k * p->n, stream), before = total;
    if (!(bound > -INFINITY)) continue;
    total = bound > total ? bound + log1p(exp(total - bound)) : total + log1p(exp(bound - total));
    if (before == -INFINITY || log(floe_draw_uniform(stream)) < bound - total) floe__metric_copy(metric, p->found);
  }
  return total;
}

bool floe__pathfinder_draw(struct floe__pathfinder *p, const struct floe__density *density,
                           const struct floe__metric *metric, struct floe_stream *stream, double *position) {
  floe__metric_copy(p->trial, metric);
  for (int attempt = 0; attempt < 10; attempt++) {
    if (!isfinite(draw(p, density, stream)) || !all_finite(p->n, p->new_gradient)) continue;
    memcpy(position, p->new_x, p->n * sizeof(double));
    return true;
  }
  return false;
}
