#include "runtime/flow/mixing.h"

#include "runtime/nn/elementary.h"
#include "runtime/nn/linear.h"
#include "runtime/nn/panel.h"

enum { PANEL = FLOE__PANEL };
#define EACH_ROW for (int r = 0; r < PANEL; r++)

struct floe__mixing floe__mixing_make(size_t *used, size_t n) {
  return (struct floe__mixing){n, floe__block_take(used, n * n)};
}

/* y += factor sum over first <= j < last of w[j] x_j, of the coordinates that are there */
FLOE__INLINE void add_present(size_t first, size_t last, const float *w, float factor, const float *mask,
                              const float *x, float *y) {
  for (size_t j = first; j < last; j++) {
    const float weight = factor * w[j];
    EACH_ROW y[r] += weight * mask[j * PANEL + (size_t)r] * x[j * PANEL + (size_t)r];
  }
}

/* to = on where there, else off */
FLOE__INLINE void where_there(const float *there, const float *on, const float *off, float *to) {
  EACH_ROW to[r] = there[r] != 0 ? on[r] : off[r];
}

/* y = (diag(exp s) + U) x; may be in place. */
FLOE__INLINE void upper(size_t n, const float *w, const float *mask, const float *x, float *y) {
  for (size_t i = 0; i < n; i++) {
    const float scale = floe__exp(w[i * n + i]), *at = x + i * PANEL;
    float sum[PANEL];
    EACH_ROW sum[r] = scale * at[r];
    add_present(i + 1, n, w + i * n, 1, mask, x, sum);
    where_there(mask + i * PANEL, sum, at, y + i * PANEL);
  }
}

FLOE__INLINE void add_log_determinant(size_t n, const float *w, const float *mask, float *log_det) {
  for (size_t i = 0; i < n; i++)
    EACH_ROW log_det[r] += mask[i * PANEL + (size_t)r] * w[i * n + i];
}

FLOE__FOR_EACH_CPU void floe__mixing_forward(const struct floe__mixing *m, const float *block, const float *mask,
                                             float *x, float *log_det) {
  const size_t n = m->n;
  const float *w = block + m->weight;
  upper(n, w, mask, x, x);
  for (size_t i = n; i-- > 0;) {
    float sum[PANEL], *at = x + i * PANEL;
    EACH_ROW sum[r] = at[r];
    add_present(0, i, w + i * n, 1, mask, x, sum);
    where_there(mask + i * PANEL, sum, at, at);
  }
  add_log_determinant(n, w, mask, log_det);
}

FLOE__FOR_EACH_CPU void floe__mixing_inverse(const struct floe__mixing *m, const float *block, const float *mask,
                                             float *z, float *log_det) {
  const size_t n = m->n;
  const float *w = block + m->weight;
  for (size_t i = 0; i < n; i++) {
    float sum[PANEL], *at = z + i * PANEL;
    EACH_ROW sum[r] = at[r];
    add_present(0, i, w + i * n, -1, mask, z, sum);
    where_there(mask + i * PANEL, sum, at, at);
  }
  for (size_t i = n; i-- > 0;) {
    const float scale = floe__exp(-w[i * n + i]);
    float sum[PANEL], *at = z + i * PANEL;
    EACH_ROW sum[r] = at[r];
    add_present(i + 1, n, w + i * n, -1, mask, z, sum);
    EACH_ROW sum[r] *= scale;
    where_there(mask + i * PANEL, sum, at, at);
  }
  add_log_determinant(n, w, mask, log_det);
}

/* sum of mask a b */
FLOE__INLINE float sum_of_products(const float *mask, const float *a, const float *b) {
  float part[8] = {0};
  for (int r = 0; r < PANEL; r += 8)
    for (int k = 0; k < 8; k++) part[k] += mask[r + k] * a[r + k] * b[r + k];
  return ((part[0] + part[4]) + (part[1] + part[5])) + ((part[2] + part[6]) + (part[3] + part[7]));
}

FLOE__FOR_EACH_CPU void floe__mixing_backward(const struct floe__mixing *m, const float *block, const float *mask,
                                              const float *x, float *y, float *d, const float *d_log_det,
                                              float *gradient) {
  const size_t n = m->n;
  const float *w = block + m->weight;
  float *g = gradient + m->weight, on[PANEL];
  upper(n, w, mask, x, y);
  for (size_t j = 0; j < n; j++) { /* d_j is by y_j from here on, those behind are still by z */
    const float *there = mask + j * PANEL;
    float *dj = d + j * PANEL;
    for (size_t i = j + 1; i < n; i++) {
      EACH_ROW on[r] = there[r] * mask[i * PANEL + (size_t)r];
      g[i * n + j] += sum_of_products(on, d + i * PANEL, y + j * PANEL);
      EACH_ROW dj[r] += on[r] * w[i * n + j] * d[i * PANEL + (size_t)r];
    }
  }
  for (size_t j = n; j-- > 0;) { /* d_j becomes that by x_j; those before are still by y */
    const float *there = mask + j * PANEL, scale = floe__exp(w[j * n + j]);
    float *dj = d + j * PANEL;
    g[j * n + j] += scale * sum_of_products(there, x + j * PANEL, dj);
    EACH_ROW on[r] = 1;
    g[j * n + j] += sum_of_products(there, d_log_det, on);
    EACH_ROW dj[r] = there[r] != 0 ? scale * dj[r] : dj[r];
    for (size_t i = 0; i < j; i++) {
      EACH_ROW on[r] = there[r] * mask[i * PANEL + (size_t)r];
      g[i * n + j] += sum_of_products(on, d + i * PANEL, x + j * PANEL);
      EACH_ROW dj[r] += on[r] * w[i * n + j] * d[i * PANEL + (size_t)r];
    }
  }
}
