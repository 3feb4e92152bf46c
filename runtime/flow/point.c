#include "runtime/flow/point.h"

#include <math.h>
#include <string.h>

#include "runtime/flow/flow.h"

static const float log_sqrt_2pi = 0.918938533f, widest = 6, narrowest = -12; /* of log s */

struct floe__point floe__point_make(size_t *used, size_t n, size_t n_hidden, size_t width) {
  struct floe__point h = {.n = n};
  h.net = floe__mlp_make(used, 0, width, n_hidden, 2 * n);
  return h;
}

void floe__point_start(const struct floe__point *h, float *block, uint64_t seed, uint64_t unit) {
  floe__mlp_start(&h->net, block, 0.1f, seed, unit);
}

/* The perceptron's numbers, and its own work space. */
struct places {
  float *raw, *net;
};

static size_t raw_size(const struct floe__point *h, size_t n) {
  size_t used = 0;
  floe__block_take(&used, 2 * n * h->n);
  return used;
}

static struct places divide(const struct floe__point *h, size_t n, float *work) {
  return (struct places){work, work + raw_size(h, n)};
}

size_t floe__point_work(const struct floe__point *h, size_t n) {
  return raw_size(h, n) + floe__mlp_work(&h->net, n);
}

static float log_sd(float raw) {
  return raw < narrowest ? narrowest : raw > widest ? widest : raw;
}

void floe__point_carry(const struct floe__point *h, const float *block, const struct floe__flow_rows *rows, int back,
                       const float *x, float *work, float *z, float *log_det) {
  const size_t d = h->n;
  const int shared = rows->pre.stride == 0;
  const struct places p = divide(h, rows->n, work);
  floe__mlp_forward(&h->net, block, shared ? 1 : rows->n, p.raw, 0, &rows->pre, p.net, p.raw);
  if (log_det) memset(log_det, 0, rows->n * sizeof(float));
  for (size_t i = 0; i < rows->n; i++) {
    const float *raw = p.raw + (shared ? 0 : i) * 2 * d;
    for (size_t j = 0; j < d; j++) {
      const size_t k = i * d + j;
      const float s = log_sd(raw[d + j]);
      if (rows->mask[k] == 0)
        z[k] = x[k];
      else
        z[k] = back ? raw[j] + expf(s) * x[k] : (x[k] - raw[j]) * expf(-s);
      if (log_det && rows->mask[k] != 0) log_det[i] -= s;
    }
  }
}

/* How the loss changes with the perceptron's numbers overwrites them. */
void floe__point_loss(const struct floe__point *h, const float *block, const struct floe__flow_rows *rows,
                      const float *x, float *work, float *loss) {
  const size_t d = h->n;
  const struct places p = divide(h, rows->n, work);
  floe__mlp_forward(&h->net, block, rows->n, p.raw, 0, &rows->pre, p.net, p.raw);
  for (size_t i = 0; i < rows->n; i++) {
    float *raw = p.raw + i * 2 * d;
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

void floe__point_backward(const struct floe__point *h, const float *block, const struct floe__flow_rows *rows,
                          float *work, const float *by_loss, float *d_pre, float *gradient) {
  const struct places p = divide(h, rows->n, work);
  for (size_t i = 0; i < rows->n; i++)
    for (size_t k = i * 2 * h->n; k < (i + 1) * 2 * h->n; k++) p.raw[k] *= by_loss[i];
  floe__mlp_backward(&h->net, block, rows->n, p.net, p.raw, NULL, 0, d_pre, h->net.width, gradient);
}
