#include "runtime/flow/quantiles.h"

#include <math.h>
#include <string.h>

#include "runtime/flow/marginal.h"
#include "runtime/math/special.h"

enum { N = 17, MIDDLE = N / 2 };
static const float spacing = 0.35f; /* of normal scores: the outermost levels are 0.0026 and 0.9974 */
static const float ln_2 = 0.69314718f;

/* A step that is `spacing` where raw is 0: quantiles of a standard normal number. */
static float step(float raw) {
  const float softplus = raw > 15 ? raw : log1pf(expf(raw));
  return spacing / ln_2 * softplus;
}

static float step_slope(float raw) {
  return spacing / ln_2 / (1 + expf(-raw));
}

/* raw (N) -> q (N): raw's middle number, and steps. */
static void quantiles_of(const float *raw, float *q) {
  q[MIDDLE] = raw[MIDDLE];
  for (size_t k = MIDDLE; k-- > 0;) q[k] = q[k + 1] - step(raw[k]);
  for (size_t k = MIDDLE + 1; k < N; k++) q[k] = q[k - 1] + step(raw[k]);
}

/* ---- learning ---- */

/* How the loss of x changes with raw overwrites raw; returns the loss. */
static float learn_one(float x, const float *level, float *raw) {
  float q[N], by_q[N], loss = 0, sum = 0;
  quantiles_of(raw, q);
  for (size_t k = 0; k < N; k++) {
    by_q[k] = (x < q[k] ? 1 - level[k] : -level[k]) * 2 / N;
    loss += by_q[k] * (q[k] - x);
  }
  float all = by_q[MIDDLE];
  for (size_t k = 0; k < MIDDLE; k++) {
    sum += by_q[k];
    raw[k] = -sum * step_slope(raw[k]);
  }
  all += sum;
  sum = 0;
  for (size_t k = N; k-- > MIDDLE + 1;) {
    sum += by_q[k];
    raw[k] = sum * step_slope(raw[k]);
  }
  raw[MIDDLE] = all + sum;
  return loss;
}

static void learn(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                  const struct floe__flow_noise *noise, const float *x, float *work, float *loss) {
  (void)noise;
  const size_t d = flow->n;
  float level[N], *numbers = floe__marginal_numbers(flow, block, rows, work);
  for (size_t k = 0; k < N; k++) level[k] = (float)floe_phi(((double)k - MIDDLE) * (double)spacing);
  for (size_t i = 0; i < rows->n; i++) {
    loss[i] = 0;
    for (size_t j = i * d; j < (i + 1) * d; j++) {
      float *raw = numbers + j * N;
      if (rows->mask[j] != 0)
        loss[i] += learn_one(x[j], level, raw);
      else
        for (size_t k = 0; k < N; k++) raw[k] = 0;
    }
  }
}

/* ---- drawing ---- */

/* The quantile at normal score z. */
static float at_score(const float *q, float z) {
  const float place = z / spacing + (float)MIDDLE;
  const size_t k = !(place > 0) ? 0 : place >= (float)(N - 2) ? N - 2 : (size_t)place;
  return q[k] + (place - (float)k) * (q[k + 1] - q[k]);
}

static void draw(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows, int inverse,
                 const float *z, float *work, float *x, float *log_det) {
  (void)inverse, (void)log_det;
  const int shared = rows->pre.stride == 0;
  const size_t d = flow->n;
  float q[N], *numbers = floe__marginal_numbers(flow, block, rows, work);
  for (size_t k = 0; k < (shared ? 1 : rows->n) * d; k++) {
    quantiles_of(numbers + k * N, q);
    memcpy(numbers + k * N, q, sizeof q);
  }
  for (size_t i = 0; i < rows->n; i++) {
    const float *all = numbers + (shared ? 0 : i) * d * N;
    for (size_t j = 0; j < d; j++)
      x[i * d + j] = rows->mask[i * d + j] != 0 ? at_score(all + j * N, z[i * d + j]) : z[i * d + j];
  }
}

const struct floe__head floe__quantiles = {
    .n_out = N,
    .no_density = "its quantiles are those of each coordinate alone, without a joint density",
    .work = floe__marginal_work,
    .carry = draw,
    .loss = learn,
    .loss_backward = floe__marginal_backward};
