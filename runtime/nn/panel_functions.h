/* panel_functions.h: the bodies of panel.h, once for each class of processors: the file that includes this sets the
 * target before, and PANEL_SET, its set; PANEL_NAME, what floe__panel_functions knows it by; PANEL_RUNS, whether the
 * processor has it. Without vectors of AVX, or with PANEL_BY_BLAS, the products are those of BLAS. */
#include <string.h>

#include "runtime/math/blas.h"
#include "runtime/nn/adam.h"
#include "runtime/nn/panel.h"
#include "runtime/nn/vector.h"

#if defined(__AVX2__) && defined(__FMA__)
#define PANEL_VECTORS 1
#endif

/* ---- products ---- */

#if defined(PANEL_VECTORS) && !defined(PANEL_BY_BLAS)

enum { OUTS = LANES == 16 ? 12 : 3, VECTORS = FLOE__PANEL / LANES };

/* `outs` rows of the result, all of a panel's lanes: outs * VECTORS accumulators. */
FLOE__INLINE void multiply_tile(size_t outs, size_t n_in, const float *weight, size_t by_out, size_t by_in,
                                const float *bias, const float *x, float *y) {
  vector sum[OUTS][VECTORS];
  for (size_t j = 0; j < outs; j++)
    for (size_t v = 0; v < VECTORS; v++)
      sum[j][v] = bias ? vector_all(bias[j]) : vector_load(y + j * FLOE__PANEL + v * LANES);
  for (size_t i = 0; i < n_in; i++) {
    vector in[VECTORS];
    if (by_in == 1 && i % 16 == 0) /* a line of each of the next tile's rows */
      for (size_t j = 0; j < outs; j++) __builtin_prefetch(weight + (j + outs) * by_out + i);
    for (size_t v = 0; v < VECTORS; v++) in[v] = vector_load(x + i * FLOE__PANEL + v * LANES);
    for (size_t j = 0; j < outs; j++) {
      const vector w = vector_all(weight[j * by_out + i * by_in]);
      for (size_t v = 0; v < VECTORS; v++) sum[j][v] = vector_fma(w, in[v], sum[j][v]);
    }
  }
  for (size_t j = 0; j < outs; j++)
    for (size_t v = 0; v < VECTORS; v++) vector_store(y + j * FLOE__PANEL + v * LANES, sum[j][v]);
}

static void multiply(size_t n_out, size_t n_in, const float *weight, size_t by_out, size_t by_in, const float *bias,
                     const float *x, float *y) {
  size_t j = 0;
  for (; j + OUTS <= n_out; j += OUTS)
    multiply_tile(OUTS, n_in, weight + j * by_out, by_out, by_in, bias ? bias + j : NULL, x, y + j * FLOE__PANEL);
  for (; j + 2 <= n_out; j += 2)
    multiply_tile(2, n_in, weight + j * by_out, by_out, by_in, bias ? bias + j : NULL, x, y + j * FLOE__PANEL);
  for (; j < n_out; j++)
    multiply_tile(1, n_in, weight + j * by_out, by_out, by_in, bias ? bias + j : NULL, x, y + j * FLOE__PANEL);
}

enum { OUTER_OUTS = 6 * LANES / 8, OUTER_COLUMNS = 2 };

/* `outs` rows of the gradient and `columns` vectors of its columns. x_rows (FLOE__PANEL, n_in): the panel, row by
 * row. */
FLOE__INLINE void outer_tile(size_t outs, size_t columns, size_t n_in, const float *dy, const float *x_rows,
                             float *gradient) {
  vector sum[OUTER_OUTS][OUTER_COLUMNS];
  for (size_t j = 0; j < outs; j++)
    for (size_t v = 0; v < columns; v++) sum[j][v] = vector_load(gradient + j * n_in + v * LANES);
  for (size_t j = 0; j < outs; j++) __builtin_prefetch(gradient + j * n_in + columns * LANES, 1);
  for (size_t r = 0; r < FLOE__PANEL; r++) {
    vector in[OUTER_COLUMNS];
    for (size_t v = 0; v < columns; v++) in[v] = vector_load(x_rows + r * n_in + v * LANES);
    for (size_t j = 0; j < outs; j++) {
      const vector d = vector_all(dy[j * FLOE__PANEL + r]);
      for (size_t v = 0; v < columns; v++) sum[j][v] = vector_fma(d, in[v], sum[j][v]);
    }
  }
  for (size_t j = 0; j < outs; j++)
    for (size_t v = 0; v < columns; v++) vector_store(gradient + j * n_in + v * LANES, sum[j][v]);
}

/* One element: the sum over the panel's rows. */
FLOE__INLINE float inner(const float *a, const float *b) {
  float lanes[LANES];
  vector sum = vector_all(0);
  for (size_t v = 0; v < VECTORS; v++) sum = vector_fma(vector_load(a + v * LANES), vector_load(b + v * LANES), sum);
  vector_store(lanes, sum);
  float total = 0;
  for (size_t k = 0; k < LANES; k++) total += lanes[k];
  return total;
}

static void transpose_to_rows(size_t n, size_t n_feature, const float *panel, float *y, size_t stride);

/* `outs` rows of the gradient, all whole vectors of its columns. */
FLOE__INLINE void outer_rows(size_t outs, size_t n_in, const float *dy, const float *x_rows, float *gradient) {
  const size_t wide = OUTER_COLUMNS * LANES, whole = n_in - n_in % wide, vectors = n_in - n_in % LANES;
  for (size_t i = 0; i < whole; i += wide) outer_tile(outs, OUTER_COLUMNS, n_in, dy, x_rows + i, gradient + i);
  if (whole < vectors) outer_tile(outs, 1, n_in, dy, x_rows + whole, gradient + whole);
}

static void outer(size_t n_out, size_t n_in, const float *dy, const float *x, float *spare, float *gradient) {
  const size_t vectors = n_in - n_in % LANES;
  if (vectors) transpose_to_rows(FLOE__PANEL, n_in, x, spare, n_in);
  for (size_t j = 0, outs; j < n_out; j += outs) { /* as many rows as there are: few leave the processor waiting */
    const size_t left = n_out - j;
    const float *d = dy + j * FLOE__PANEL;
    float *to = gradient + j * n_in;
    outs = left >= OUTER_OUTS ? OUTER_OUTS : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    if (outs == OUTER_OUTS)
      outer_rows(OUTER_OUTS, n_in, d, spare, to);
    else if (outs == 4)
      outer_rows(4, n_in, d, spare, to);
    else if (outs == 2)
      outer_rows(2, n_in, d, spare, to);
    else
      outer_rows(1, n_in, d, spare, to);
  }
  for (size_t j = 0; j < n_out; j++)
    for (size_t i = vectors; i < n_in; i++) gradient[j * n_in + i] += inner(dy + j * FLOE__PANEL, x + i * FLOE__PANEL);
}

#else

static void multiply(size_t n_out, size_t n_in, const float *weight, size_t by_out, size_t by_in, const float *bias,
                     const float *x, float *y) {
  for (size_t j = 0; bias && j < n_out; j++)
    for (size_t r = 0; r < FLOE__PANEL; r++) y[j * FLOE__PANEL + r] = bias[j];
  const bool transposed = by_out == 1 && by_in >= n_out;
  if (n_out > 0 && n_in > 0)
    floe__gemm_float(transposed, false, n_out, FLOE__PANEL, n_in, 1, weight, transposed ? by_in : by_out, x,
                     FLOE__PANEL, 1, y, FLOE__PANEL);
}

static void outer(size_t n_out, size_t n_in, const float *dy, const float *x, float *spare, float *gradient) {
  (void)spare;
  if (n_out > 0 && n_in > 0)
    floe__gemm_float(false, true, n_out, n_in, FLOE__PANEL, 1, dy, FLOE__PANEL, x, FLOE__PANEL, 1, gradient, n_in);
}

#endif

/* ---- between rows and panels ---- */

#ifdef PANEL_VECTORS
/* 8 x 8 numbers, transposed. */
FLOE__INLINE void transpose_block(__m256 *a) {
  __m256 b[8];
  for (size_t k = 0; k < 4; k++) {
    b[2 * k] = _mm256_unpacklo_ps(a[2 * k], a[2 * k + 1]);
    b[2 * k + 1] = _mm256_unpackhi_ps(a[2 * k], a[2 * k + 1]);
  }
  for (size_t k = 0; k < 2; k++) {
    a[4 * k] = _mm256_shuffle_ps(b[4 * k], b[4 * k + 2], 0x44);
    a[4 * k + 1] = _mm256_shuffle_ps(b[4 * k], b[4 * k + 2], 0xee);
    a[4 * k + 2] = _mm256_shuffle_ps(b[4 * k + 1], b[4 * k + 3], 0x44);
    a[4 * k + 3] = _mm256_shuffle_ps(b[4 * k + 1], b[4 * k + 3], 0xee);
  }
  for (size_t k = 0; k < 4; k++) {
    b[k] = _mm256_permute2f128_ps(a[k], a[k + 4], 0x20);
    b[k + 4] = _mm256_permute2f128_ps(a[k], a[k + 4], 0x31);
  }
  for (size_t k = 0; k < 8; k++) a[k] = b[k];
}
#endif

/* The order of the sums is the same with vectors and without. */
static void sum_rows(size_t n_feature, const float *x, float *sum) {
  size_t j = 0;
#ifdef PANEL_VECTORS
  for (; j + 8 <= n_feature; j += 8) {
    __m256 a[8];
    for (size_t k = 0; k < 8; k++) {
      const float *at = x + (j + k) * FLOE__PANEL;
      a[k] = (_mm256_loadu_ps(at) + _mm256_loadu_ps(at + 8)) + (_mm256_loadu_ps(at + 16) + _mm256_loadu_ps(at + 24));
    }
    transpose_block(a);
    a[0] = ((a[0] + a[4]) + (a[1] + a[5])) + ((a[2] + a[6]) + (a[3] + a[7]));
    _mm256_storeu_ps(sum + j, _mm256_loadu_ps(sum + j) + a[0]);
  }
#endif
  for (; j < n_feature; j++) {
    const float *at = x + j * FLOE__PANEL;
    float part[8];
    for (size_t k = 0; k < 8; k++) part[k] = (at[k] + at[k + 8]) + (at[k + 16] + at[k + 24]);
    sum[j] += ((part[0] + part[4]) + (part[1] + part[5])) + ((part[2] + part[6]) + (part[3] + part[7]));
  }
}

static void transpose_to_rows(size_t n, size_t n_feature, const float *panel, float *y, size_t stride) {
  size_t r = 0;
#ifdef PANEL_VECTORS
  for (; r + 8 <= n; r += 8) {
    size_t j = 0;
    for (; j + 8 <= n_feature; j += 8) {
      __m256 block[8];
      for (size_t k = 0; k < 8; k++) block[k] = _mm256_loadu_ps(panel + (j + k) * FLOE__PANEL + r);
      transpose_block(block);
      for (size_t k = 0; k < 8; k++) _mm256_storeu_ps(y + (r + k) * stride + j, block[k]);
    }
    for (; j < n_feature; j++)
      for (size_t k = 0; k < 8; k++) y[(r + k) * stride + j] = panel[j * FLOE__PANEL + r + k];
  }
#endif
  for (; r < n; r++)
    for (size_t j = 0; j < n_feature; j++) y[r * stride + j] = panel[j * FLOE__PANEL + r];
}

static const float *row_at(const float *x, size_t stride, const uint32_t *row, size_t k) {
  return x + (row ? row[k] : k) * stride;
}

static void gather(size_t n, size_t n_feature, const float *x, size_t stride, const uint32_t *row, bool add,
                   float *panel) {
  size_t r = 0;
  if (n < FLOE__PANEL && !add) memset(panel, 0, n_feature * FLOE__PANEL * sizeof *panel);
#ifdef PANEL_VECTORS
  for (; r + 8 <= n; r += 8) {
    size_t j = 0;
    for (; j + 8 <= n_feature; j += 8) {
      __m256 block[8];
      for (size_t k = 0; k < 8; k++) block[k] = _mm256_loadu_ps(row_at(x, stride, row, r + k) + j);
      transpose_block(block);
      for (size_t k = 0; k < 8; k++) {
        float *to = panel + (j + k) * FLOE__PANEL + r;
        _mm256_storeu_ps(to, add ? _mm256_add_ps(block[k], _mm256_loadu_ps(to)) : block[k]);
      }
    }
    for (; j < n_feature; j++)
      for (size_t k = 0; k < 8; k++) {
        float *to = panel + j * FLOE__PANEL + r + k;
        *to = row_at(x, stride, row, r + k)[j] + (add ? *to : 0.0f);
      }
  }
#endif
  for (; r < n; r++) {
    const float *from = row_at(x, stride, row, r);
    for (size_t j = 0; j < n_feature; j++)
      panel[j * FLOE__PANEL + r] = from[j] + (add ? panel[j * FLOE__PANEL + r] : 0.0f);
  }
}

/* ---- element by element ---- */

/* One of these for each combination of what is there. */
FLOE__INLINE void silu_of(size_t n, const float *x, const float *base, float *y, float *slope) {
  const vector one = vector_all(1.0f), zero = vector_all(0);
  for (size_t k = 0; k < n; k += GROUP * LANES) {
    vector in[GROUP], s[GROUP];
    IN_GROUP in[v] = vector_load(x + k + v * LANES);
    IN_GROUP s[v] = zero - in[v];
    exp_of_group(s);
    IN_GROUP s[v] = vector_reciprocal(one + s[v]);
    IN_GROUP in[v] = in[v] * s[v];
    if (slope) IN_GROUP vector_store(slope + k + v * LANES, vector_fma(in[v], one - s[v], s[v]));
    IN_GROUP vector_store(y + k + v * LANES, in[v] + (base ? vector_load(base + k + v * LANES) : zero));
  }
}

static void silu(size_t n, const float *x, const float *base, float *y, float *slope) {
  if (slope)
    base ? silu_of(n, x, base, y, slope) : silu_of(n, x, NULL, y, slope);
  else
    base ? silu_of(n, x, base, y, NULL) : silu_of(n, x, NULL, y, NULL);
}

static void times(size_t n, const float *a, const float *b, float *y) {
  for (size_t k = 0; k < n; k++) y[k] = a[k] * b[k];
}

static void descend(const struct floe__adam *adam, size_t n, float *weight, const float *gradient, float *first,
                    float *second, float *average) {
  const vector b1 = vector_all(FLOE__BETA_FIRST), b2 = vector_all(FLOE__BETA_SECOND);
  const vector a1 = vector_all(1 - FLOE__BETA_FIRST), a2 = vector_all(1 - FLOE__BETA_SECOND);
  const vector scale = vector_all(adam->scale);
  const vector rate = vector_all(-adam->rate * adam->correct_first), shrink = vector_all(1 - adam->rate * adam->decay);
  const vector c2 = vector_all(adam->correct_second), least = vector_all(1e-16f);
  const vector keep = vector_all(adam->keep), part = vector_all(1 - adam->keep);
  for (size_t i = 0; i < n; i += LANES) {
    const vector g = scale * vector_load(gradient + i);
    const vector m = vector_fma(b1, vector_load(first + i), a1 * g);
    const vector v = vector_fma(b2, vector_load(second + i), a2 * g * g);
    const vector w =
        vector_fma(rate * m, vector_reciprocal_sqrt(vector_fma(c2, v, least)), shrink * vector_load(weight + i));
    vector_store(first + i, m);
    vector_store(second + i, v);
    vector_store(weight + i, w);
    if (adam->keep != 1) vector_store(average + i, vector_fma(keep, vector_load(average + i), part * w));
  }
}

#include "runtime/nn/panel_spline.h"

static bool runs(void) {
  return PANEL_RUNS;
}

const struct floe__panel_functions PANEL_SET = {
    PANEL_NAME, runs,  multiply, outer,          sum_rows,       gather,         transpose_to_rows,
    silu,       times, descend,  spline_prepare, spline_forward, spline_inverse, spline_backward};
