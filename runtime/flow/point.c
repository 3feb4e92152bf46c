#include "runtime/flow/point.h"

#include <math.h>
#include <string.h>

#include "runtime/flow/marginal.h"

static const float log_sqrt_2pi = 0.918938533f, widest = 6, narrowest = -12; /* of log s */

static float log_sd(float raw) {
  return raw < narrowest ? narrowest : raw > widest ? widest : raw;
}

/* x -> z = (x - m) / s, or with `inverse` from z to x; log_det = log |dz/dx|. */
static void carry(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows, int inverse,
                  const float *x, float *work, float *z, float *log_det) {
  const size_t d = flow->n;
  const float *numbers = floe__marginal_numbers(flow, block, rows, work);
  if (log_det) memset(log_det, 0, rows->n * sizeof(float));
  for (size_t i = 0; i < rows->n; i++) {
    const float *raw = numbers + (rows->pre.stride == 0 ? 0 : i) * 2 * d;
    for (size_t j = 0; j < d; j++) {
      const size_t k = i * d + j;
      const float s = log_sd(raw[d + j]);
      if (rows->mask[k] == 0)
        z[k] = x[k];
      else
        z[k] = inverse ? raw[j] + expf(s) * x[k] : (x[k] - raw[j]) * expf(-s);
      if (log_det && rows->mask[k] != 0) log_det[i] -= s;
    }
  }
}

/* How the loss changes with the perceptron's numbers overwrites them. */
static void learn(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                  const struct floe__flow_noise *noise, const float *x, float *work, float *loss) {
  (void)noise;
  const size_t d = flow->n;
  float *numbers = floe__marginal_numbers(flow, block, rows, work);
  for (size_t i = 0; i < rows->n; i++) {
    float *raw = numbers + i * 2 * d;
    loss[i] = 0;
    for (size_t j = 0; j < d; j++) {
      const float s = log_sd(raw[d + j]), z = (x[i * d + j] - raw[j]) * expf(-s);
      const int there = rows->mask[i * d + j] != 0;
      if (there) loss[i] += 0.5f * z * z + s + log_sqrt_2pi;
      raw[j] = there ? -z * expf(-s) : 0;
      raw[d + j] = there && s == raw[d + j] ? 1 - z * z : 0;
    }
  }
}

const struct floe__head floe__point = {.n_out = 2,
                                       .work = floe__marginal_work,
                                       .carry = carry,
                                       .loss = learn,
                                       .loss_backward = floe__marginal_backward};
