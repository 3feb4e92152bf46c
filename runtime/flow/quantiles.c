#include "runtime/flow/quantiles.h"

#include <math.h>

#include "runtime/flow/flow.h"
#include "runtime/math/special.h"

enum { N = FLOE__N_QUANTILE, MIDDLE = N / 2 };
static const float spacing = 0.35f; /* of normal scores: the outermost levels are 0.0026 and 0.9974 */
static const float ln_2 = 0.69314718f;

struct floe__quantiles floe__quantiles_make(size_t *used, size_t n, size_t n_hidden, size_t width) {
  struct floe__quantiles h = {.n = n};
  h.net = floe__mlp_make(used, 0, width, n_hidden, n * N);
  return h;
}

void floe__quantiles_start(const struct floe__quantiles *h, float *block, uint64_t seed, uint64_t unit) {
  floe__mlp_start(&h->net, block, 0.1f, seed, unit);
}

/* The perceptron's numbers, and its own work space. */
struct places {
  float *raw, *net;
};

static size_t raw_size(const struct floe__quantiles *h, size_t n) {
  size_t used = 0;
  floe__block_take(&used, n * h->n * N);
  return used;
}

static struct places divide(const struct floe__quantiles *h, size_t n, float *work) {
  return (struct places){work, work + raw_size(h, n)};
}

size_t floe__quantiles_work(const struct floe__quantiles *h, size_t n) {
  return raw_size(h, n) + floe__mlp_work(&h->net, n);
}

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

void floe__quantiles_loss(const struct floe__quantiles *h, const float *block, const struct floe__flow_rows *rows,
                          const float *x, float *work, float *loss) {
  const size_t d = h->n;
  float level[N];
  const struct places p = divide(h, rows->n, work);
  for (size_t k = 0; k < N; k++) level[k] = (float)floe_phi(((double)k - MIDDLE) * (double)spacing);
  floe__mlp_forward(&h->net, block, rows->n, p.raw, 0, &rows->pre, p.net, p.raw);
  for (size_t i = 0; i < rows->n; i++) {
    loss[i] = 0;
    for (size_t j = i * d; j < (i + 1) * d; j++) {
      float *raw = p.raw + j * N;
      if (rows->mask[j] != 0)
        loss[i] += learn_one(x[j], level, raw);
      else
        for (size_t k = 0; k < N; k++) raw[k] = 0;
    }
  }
}

void floe__quantiles_backward(const struct floe__quantiles *h, const float *block, const struct floe__flow_rows *rows,
                              float *work, const float *by_loss, float *d_pre, float *gradient) {
  const struct places p = divide(h, rows->n, work);
  for (size_t i = 0; i < rows->n; i++)
    for (size_t k = i * h->n * N; k < (i + 1) * h->n * N; k++) p.raw[k] *= by_loss[i];
  floe__mlp_backward(&h->net, block, rows->n, p.net, p.raw, NULL, 0, d_pre, h->net.width, gradient);
}

/* ---- drawing ---- */

/* The quantile at normal score z. */
static float at_score(const float *q, float z) {
  const float place = z / spacing + (float)MIDDLE;
  const size_t k = !(place > 0) ? 0 : place >= (float)(N - 2) ? N - 2 : (size_t)place;
  return q[k] + (place - (float)k) * (q[k + 1] - q[k]);
}

void floe__quantiles_draw(const struct floe__quantiles *h, const float *block, const struct floe__flow_rows *rows,
                          const float *z, float *work, float *x) {
  const int shared = rows->pre.stride == 0;
  const size_t d = h->n, n_raw = shared ? 1 : rows->n;
  float q[N];
  const struct places p = divide(h, rows->n, work);
  floe__mlp_forward(&h->net, block, n_raw, p.raw, 0, &rows->pre, p.net, p.raw);
  for (size_t k = 0; k < n_raw * d; k++) {
    quantiles_of(p.raw + k * N, q);
    for (size_t l = 0; l < N; l++) p.raw[k * N + l] = q[l];
  }
  for (size_t i = 0; i < rows->n; i++) {
    const float *all = p.raw + (shared ? 0 : i) * d * N;
    for (size_t j = 0; j < d; j++)
      x[i * d + j] = rows->mask[i * d + j] != 0 ? at_score(all + j * N, z[i * d + j]) : z[i * d + j];
  }
}
