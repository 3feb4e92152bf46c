#include "runtime/flow/mixing.h"

#include "runtime/nn/elementary.h"
#include "runtime/nn/linear.h"

struct floe__mixing floe__mixing_make(size_t *used, size_t n) {
  return (struct floe__mixing){n, floe__block_take(used, n * n)};
}

/* sum over first <= j < last of w[j] x[j], of the coordinates that are there */
static float sum_present(size_t first, size_t last, const float *w, const float *mask, const float *x) {
  float sum = 0;
  for (size_t j = first; j < last; j++) sum += w[j] * mask[j] * x[j];
  return sum;
}

/* y = (diag(exp s) + U) x; may be in place. */
static void upper(size_t n, const float *w, const float *mask, const float *x, float *y) {
  for (size_t i = 0; i < n; i++)
    y[i] = mask[i] != 0 ? floe__exp(w[i * n + i]) * x[i] + sum_present(i + 1, n, w + i * n, mask, x) : x[i];
}

static float log_determinant(size_t n, const float *w, const float *mask) {
  float sum = 0;
  for (size_t i = 0; i < n; i++) sum += mask[i] * w[i * n + i];
  return sum;
}

void floe__mixing_forward(const struct floe__mixing *m, const float *block, size_t n_row, const float *mask, float *x,
                          float *log_det) {
  const size_t n = m->n;
  const float *w = block + m->weight;
  for (size_t r = 0; r < n_row; r++, mask += n, x += n) {
    upper(n, w, mask, x, x);
    for (size_t i = n; i-- > 0;)
      if (mask[i] != 0) x[i] += sum_present(0, i, w + i * n, mask, x);
    log_det[r] += log_determinant(n, w, mask);
  }
}

void floe__mixing_inverse(const struct floe__mixing *m, const float *block, size_t n_row, const float *mask, float *z,
                          float *log_det) {
  const size_t n = m->n;
  const float *w = block + m->weight;
  for (size_t r = 0; r < n_row; r++, mask += n, z += n) {
    for (size_t i = 0; i < n; i++)
      if (mask[i] != 0) z[i] -= sum_present(0, i, w + i * n, mask, z);
    for (size_t i = n; i-- > 0;)
      if (mask[i] != 0) z[i] = (z[i] - sum_present(i + 1, n, w + i * n, mask, z)) * floe__exp(-w[i * n + i]);
    log_det[r] += log_determinant(n, w, mask);
  }
}

void floe__mixing_backward(const struct floe__mixing *m, const float *block, size_t n_row, const float *mask,
                           const float *x, float *y, float *d, const float *d_log_det, float *gradient) {
  const size_t n = m->n;
  const float *w = block + m->weight;
  float *g = gradient + m->weight;
  for (size_t r = 0; r < n_row; r++, mask += n, x += n, d += n) {
    upper(n, w, mask, x, y);
    for (size_t j = 0; j < n; j++) { /* d[j] is by y[j] from here on, those behind are still by z */
      for (size_t i = j + 1; i < n && mask[j] != 0; i++) {
        g[i * n + j] += mask[i] * d[i] * y[j];
        d[j] += mask[i] * w[i * n + j] * d[i];
      }
    }
    for (size_t j = n; j-- > 0;) { /* d[j] becomes that by x[j]; those before are still by y */
      if (mask[j] == 0) continue;
      const float scale = floe__exp(w[j * n + j]);
      g[j * n + j] += scale * x[j] * d[j] + d_log_det[r];
      d[j] *= scale;
      for (size_t i = 0; i < j; i++) {
        g[i * n + j] += mask[i] * d[i] * x[j];
        d[j] += mask[i] * w[i * n + j] * d[i];
      }
    }
  }
}
