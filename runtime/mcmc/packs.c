#include "runtime/mcmc/packs.h"

#include <string.h>

#include "runtime/nn/elementary.h"

/* Bodies are written for any width and made for each that occurs, so that the loops over chains are vector instructions. */
#define FOR_EACH_WIDTH(call)                                                                                           \
  switch (width) {                                                                                                     \
    case 2: call(2); break;                                                                                            \
    case 4: call(4); break;                                                                                            \
    case 8: call(8); break;                                                                                            \
  }

/* x (n, width) becomes x + U' (stretch - 1) U x. */
FLOE__INLINE void stretch(const struct floe__metric *metric, size_t width, double *restrict x) {
  const size_t n = metric->n;
  for (size_t r = 0; r < metric->rank; r++) {
    const double *restrict direction = metric->basis + r * n;
    double along[FLOE__PACK_MAX] = {0};
    for (size_t i = 0; i < n; i++)
      for (size_t c = 0; c < width; c++) along[c] += direction[i] * x[i * width + c];
    for (size_t c = 0; c < width; c++) along[c] *= metric->stretch[r] - 1;
    for (size_t i = 0; i < n; i++)
      for (size_t c = 0; c < width; c++) x[i * width + c] += along[c] * direction[i];
  }
}

/* x_i = sum over k in from .. to of row_k y_k. */
FLOE__INLINE void combine(size_t width, size_t from, size_t to, const double *restrict row, const double *restrict y,
                          double *restrict x) {
  double sum[FLOE__PACK_MAX] = {0};
  for (size_t k = from; k < to; k++)
    for (size_t c = 0; c < width; c++) sum[c] += row[k] * y[k * width + c];
  for (size_t c = 0; c < width; c++) x[c] = sum[c];
}

FLOE__INLINE void positions(const struct floe__metric *metric, size_t width, const double *restrict y,
                            double *restrict x) {
  const size_t n = metric->n;
  const double *restrict centre = metric->centre, *restrict scale = metric->scale;
  if (metric->kind == FLOE__METRIC_DENSE)
    for (size_t i = 0; i < n; i++) combine(width, 0, i + 1, metric->lower + i * n, y, x + i * width);
  else
    memcpy(x, y, n * width * sizeof *x);
  if (metric->kind == FLOE__METRIC_LOW_RANK) stretch(metric, width, x);
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < width; c++) x[i * width + c] = centre[i] + scale[i] * x[i * width + c];
}

/* g is used up. */
FLOE__INLINE void gradients(const struct floe__metric *metric, size_t width, double *restrict g, double *restrict h) {
  const size_t n = metric->n;
  const double *restrict scale = metric->scale;
  const int dense = metric->kind == FLOE__METRIC_DENSE;
  double *restrict scaled = dense ? g : h;
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < width; c++) scaled[i * width + c] = scale[i] * g[i * width + c];
  for (size_t i = 0; i < n && dense; i++) combine(width, i, n, metric->upper + i * n, g, h + i * width);
  if (metric->kind == FLOE__METRIC_LOW_RANK) stretch(metric, width, h);
}

FLOE__FOR_EACH_CPU void floe__pack_positions(const struct floe__metric *metric, size_t width, const double *y,
                                             double *x) {
#define POSITIONS(w) positions(metric, w, y, x)
  if (width == 1) floe__metric_position(metric, y, x);
  FOR_EACH_WIDTH(POSITIONS)
}

FLOE__FOR_EACH_CPU void floe__pack_gradients(const struct floe__metric *metric, size_t width, double *g, double *h) {
#define GRADIENTS(w) gradients(metric, w, g, h)
  if (width == 1) floe__metric_gradient(metric, g, h);
  FOR_EACH_WIDTH(GRADIENTS)
}

FLOE__FOR_EACH_CPU void floe__pack_kick(size_t count, double half_step, const double *restrict gradient,
                                        double *restrict momentum) {
  for (size_t k = 0; k < count; k++) momentum[k] += half_step * gradient[k];
}

FLOE__FOR_EACH_CPU void floe__pack_drift(size_t count, double step, const double *restrict momentum,
                                         double *restrict y) {
  for (size_t k = 0; k < count; k++) y[k] += step * momentum[k];
}

void floe__pack_half_squares(size_t n, size_t width, const double *momentum, double *kinetic) {
  for (size_t c = 0; c < width; c++) kinetic[c] = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < width; c++) kinetic[c] += momentum[i * width + c] * momentum[i * width + c];
  for (size_t c = 0; c < width; c++) kinetic[c] *= 0.5;
}

void floe__pack_take(size_t n, size_t width, const double *pack, size_t chain, double *one) {
  for (size_t i = 0; i < n; i++) one[i] = pack[i * width + chain];
}

void floe__pack_give(size_t n, size_t width, const double *one, size_t chain, double *pack) {
  for (size_t i = 0; i < n; i++) pack[i * width + chain] = one[i];
}
