/* With y = w + 2k, f = (2 pi t^3)^(-1/2) sum y exp(-y^2 / 2t), which converges fast for small t, and
 * f = pi sum k exp(-(k pi)^2 t / 2) sin(k pi w) for large t. The leading exponential is taken out of each sum, so that
 * neither underflows. */
#include <math.h>
#include <stddef.h>

#include "runtime/math/special.h"

static const double log_sqrt_2pi = 0.91893853320467274178;
static const double small_time = 0.4; /* up to here the first series; 9 of its terms are exact to rounding */

/* f = exp(log_scale) sum, with the derivatives of the sum, and of log_scale. */
struct passage {
  double log_scale, log_scale_by_time, log_scale_by_bias;
  double sum, sum_by_time, sum_by_bias;
};

static struct passage at_small_time(double t, double w) {
  struct passage p = {-log_sqrt_2pi - 1.5 * log(t) - 0.5 * w / t * w, (0.5 * w / t * w - 1.5) / t, -w / t, 0, 0, 0};
  for (int k = -4; k <= 4; k++) {
    const double y = w + 2 * k, excess = 2 * k * (w + k) / t; /* (y^2 - w^2) / 2t >= 0 */
    const double factor = exp(-excess);
    p.sum += y * factor;
    if (k == 0 || factor == 0) {
      p.sum_by_bias += factor;
      continue;
    }
    p.sum_by_time += y * factor * (excess / t);
    p.sum_by_bias += factor * (1 - y * 2 * k / t);
  }
  return p;
}

static struct passage at_large_time(double t, double w) {
  const double rate = 0.5 * M_PI * M_PI;
  struct passage p = {log(M_PI) - rate * t, -rate, 0, 0, 0, 0};
  for (int k = 1; k <= 8; k++) {
    const double decay = rate * (k * k - 1), factor = k * exp(-decay * t), angle = k * M_PI * w;
    p.sum += factor * sin(angle);
    p.sum_by_time -= decay * factor * sin(angle);
    p.sum_by_bias += k * M_PI * factor * cos(angle);
  }
  return p;
}

static struct passage passage(double t, double w) {
  return t <= small_time ? at_small_time(t, w) : at_large_time(t, w);
}

static int outside(double t, double w) {
  return !(t > 0 && t < INFINITY && w > 0 && w < 1);
}

double floe_log_first_passage(double t, double w) {
  if (isnan(t) || isnan(w) || w < 0 || w > 1) return NAN;
  if (outside(t, w)) return -INFINITY;
  const struct passage p = passage(t, w);
  return p.sum > 0 ? p.log_scale + log(p.sum) : -INFINITY;
}

double floe_first_passage_by_time(double t, double w) {
  if (outside(t, w)) return NAN;
  const struct passage p = passage(t, w);
  return p.log_scale_by_time + p.sum_by_time / p.sum;
}

double floe_first_passage_by_bias(double t, double w) {
  if (outside(t, w)) return NAN;
  const struct passage p = passage(t, w);
  return p.log_scale_by_bias + p.sum_by_bias / p.sum;
}
