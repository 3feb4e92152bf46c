#include "runtime/flow/spline.h"

#include "runtime/nn/elementary.h"

enum { LANES = 16, BINS = FLOE__SPLINE_BINS, RAW = FLOE__SPLINE_RAW };
#define EACH_LANE for (int l = 0; l < LANES; l++)

static const float bound = 5.0f, least = 1e-3f, least_slope = 1e-3f;
static const float scale_bound = 4.0f;

/* What 16 rows need of the spline. */
struct lanes {
  float raw[RAW][LANES];
  float width[BINS][LANES], height[BINS][LANES], slope[BINS + 1][LANES];
  /* the bin that holds the point: left edge, lower edge, width, height, slopes at its ends, number; and xi in 0 .. 1 */
  float left[LANES], lower[LANES], w[LANES], h[LANES], d0[LANES], d1[LANES], xi[LANES];
  int32_t bin[LANES];
  float inside[LANES]; /* 1 where the point lies in -B .. B and is not masked */
  float mask[LANES];
  float shift[LANES], log_scale[LANES], scale[LANES];
};

FLOE__INLINE size_t row_of(const struct floe__spline_column *c, size_t first, int l) {
  const size_t i = first + (size_t)l;
  return i < c->n ? i : c->n - 1; /* idle lanes repeat the last row; their results are dropped */
}

FLOE__INLINE void softmax_bins(float (*raw)[LANES], float (*size)[LANES]) {
  float top[LANES], sum[LANES];
  EACH_LANE top[l] = raw[0][l], sum[l] = 0;
  for (int k = 1; k < BINS; k++) EACH_LANE top[l] = raw[k][l] > top[l] ? raw[k][l] : top[l];
  for (int k = 0; k < BINS; k++) EACH_LANE {
      size[k][l] = floe__exp(raw[k][l] - top[l]);
      sum[l] += size[k][l];
    }
  EACH_LANE sum[l] = 2 * bound * (1 - BINS * least) / sum[l];
  for (int k = 0; k < BINS; k++) EACH_LANE size[k][l] = 2 * bound * least + size[k][l] * sum[l];
}

/* exp(arsinh x) = x + sqrt(x^2 + 1): positive, 1 at 0, and cheaper than a softplus. */
FLOE__INLINE float positive(float x) {
  const float size = x < 0 ? -x : x, large = size + __builtin_sqrtf(x * x + 1), small = 1 / large;
  return x < 0 ? small : large;
}

FLOE__INLINE void load(const struct floe__spline_column *c, size_t first, struct lanes *s) {
  for (int l = 0; l < LANES; l++) {
    const size_t i = row_of(c, first, l);
    const float *raw = c->raw + (c->raw_row ? c->raw_row[i] : i) * c->raw_stride;
    for (int k = 0; k < RAW; k++) s->raw[k][l] = raw[k];
    s->mask[l] = c->mask[i * c->stride];
  }
  EACH_LANE {
    const float raw = s->raw[1][l], size = raw < 0 ? -raw : raw;
    s->shift[l] = s->raw[0][l];
    s->log_scale[l] = raw / (1 + size / scale_bound);
    s->scale[l] = floe__exp(s->log_scale[l]);
  }
  softmax_bins(s->raw + 2, s->width);
  softmax_bins(s->raw + 2 + BINS, s->height);
  EACH_LANE s->slope[0][l] = s->slope[BINS][l] = 1;
  for (int k = 1; k < BINS; k++)
    EACH_LANE s->slope[k][l] = least_slope + (1 - least_slope) * positive(s->raw[1 + 2 * BINS + k][l]);
}

/* a where mask is all ones, b where it is 0. As bits: a conditional expression would become a slow conditional
 * store. */
FLOE__INLINE float pick(int32_t mask, float a, float b) {
  int32_t of_a, of_b;
  memcpy(&of_a, &a, sizeof a);
  memcpy(&of_b, &b, sizeof b);
  of_a = (of_a & mask) | (of_b & ~mask);
  memcpy(&a, &of_a, sizeof a);
  return a;
}

/* Finds the bin of `at` among bins of the given sizes, and fills in what belongs to it. */
FLOE__INLINE void find_bin(struct lanes *s, float (*size)[LANES], const float *at) {
  float edge[LANES], x[LANES], y[LANES];
  EACH_LANE {
    edge[l] = x[l] = y[l] = -bound;
    s->bin[l] = 0;
    s->left[l] = s->lower[l] = -bound;
    s->w[l] = s->width[0][l], s->h[l] = s->height[0][l];
    s->d0[l] = s->slope[0][l], s->d1[l] = s->slope[1][l];
  }
  for (int k = 1; k < BINS; k++) EACH_LANE {
      edge[l] += size[k - 1][l];
      x[l] += s->width[k - 1][l];
      y[l] += s->height[k - 1][l];
      const int32_t beyond = -(int32_t)(at[l] >= edge[l]);
      s->bin[l] -= beyond; /* edges ascend: counts those at or below */
      s->left[l] = pick(beyond, x[l], s->left[l]);
      s->lower[l] = pick(beyond, y[l], s->lower[l]);
      s->w[l] = pick(beyond, s->width[k][l], s->w[l]);
      s->h[l] = pick(beyond, s->height[k][l], s->h[l]);
      s->d0[l] = pick(beyond, s->slope[k][l], s->d0[l]);
      s->d1[l] = pick(beyond, s->slope[k + 1][l], s->d1[l]);
    }
  EACH_LANE s->inside[l] = at[l] > -bound && at[l] < bound ? s->mask[l] : 0.0f;
}

FLOE__INLINE float unit(float x) {
  x = x < 0 ? 0 : x;
  return x > 1 ? 1 : x;
}

/* log spline' at xi, within the bin. */
FLOE__INLINE float log_slope(float ratio, float d0, float d1, float xi) {
  const float theta = xi * (1 - xi), rest = 1 - xi;
  const float d = ratio + (d1 + d0 - 2 * ratio) * theta, n = d1 * xi * xi + 2 * ratio * theta + d0 * rest * rest;
  const float q = ratio / d;
  return floe__log(q * q * n);
}

FLOE__FOR_EACH_CPU void floe__spline_forward(const struct floe__spline_column *c, const float *x, float *y,
                                             float *log_det) {
  struct lanes s;
  float in[LANES], u[LANES], out[LANES], log_derivative[LANES];
  for (size_t first = 0; first < c->n; first += LANES) {
    load(c, first, &s);
    for (int l = 0; l < LANES; l++) in[l] = x[row_of(c, first, l) * c->stride];
    EACH_LANE u[l] = (in[l] - s.shift[l]) * s.scale[l];
    find_bin(&s, s.width, u);
    EACH_LANE {
      const float xi = unit((u[l] - s.left[l]) / s.w[l]), theta = xi * (1 - xi), ratio = s.h[l] / s.w[l];
      const float d = ratio + (s.d1[l] + s.d0[l] - 2 * ratio) * theta;
      const float v = s.lower[l] + s.h[l] * (ratio * xi * xi + s.d0[l] * theta) / d;
      const float bent = log_slope(ratio, s.d0[l], s.d1[l], xi);
      const float moved = s.inside[l] != 0 ? v : u[l];
      out[l] = s.mask[l] != 0 ? moved : in[l];
      log_derivative[l] = (s.inside[l] != 0 ? bent : 0) + (s.mask[l] != 0 ? s.log_scale[l] : 0);
    }
    for (int l = 0; l < LANES && first + (size_t)l < c->n; l++) {
      y[(first + (size_t)l) * c->stride] = out[l];
      log_det[first + (size_t)l] += log_derivative[l];
    }
  }
}

FLOE__FOR_EACH_CPU void floe__spline_inverse(const struct floe__spline_column *c, const float *y, float *x,
                                             float *log_det) {
  struct lanes s;
  float in[LANES], out[LANES], log_derivative[LANES];
  for (size_t first = 0; first < c->n; first += LANES) {
    load(c, first, &s);
    for (int l = 0; l < LANES; l++) in[l] = y[row_of(c, first, l) * c->stride];
    find_bin(&s, s.height, in);
    EACH_LANE {
      /* the root in 0 .. 1 of a xi^2 + b xi + c = 0, in the form that does not cancel (their equations 6 to 8) */
      const float up = in[l] - s.lower[l], ratio = s.h[l] / s.w[l], bend = s.d1[l] + s.d0[l] - 2 * ratio;
      const float a = s.h[l] * (ratio - s.d0[l]) + up * bend, b = s.h[l] * s.d0[l] - up * bend, cc = -ratio * up;
      float root = b * b - 4 * a * cc;
      root = __builtin_sqrtf(root > 0 ? root : 0);
      const float xi = unit(2 * cc / (-b - root));
      const float bent = log_slope(ratio, s.d0[l], s.d1[l], xi);
      const float u = s.inside[l] != 0 ? s.left[l] + xi * s.w[l] : in[l];
      out[l] = s.mask[l] != 0 ? u / s.scale[l] + s.shift[l] : in[l];
      log_derivative[l] = (s.inside[l] != 0 ? bent : 0) + (s.mask[l] != 0 ? s.log_scale[l] : 0);
    }
    for (int l = 0; l < LANES && first + (size_t)l < c->n; l++) {
      x[(first + (size_t)l) * c->stride] = out[l];
      log_det[first + (size_t)l] += log_derivative[l];
    }
  }
}

/* Derivatives by what belongs to the bin. */
struct bin_derivatives {
  float u[LANES], left[LANES], w[LANES], lower[LANES], h[LANES], d0[LANES], d1[LANES];
};

/* With r = h / w, t = xi (1 - xi), A = r xi^2 + d0 t, D = r + (d1 + d0 - 2 r) t, N = d1 xi^2 + 2 r t + d0 (1 - xi)^2:
 * y = lower + h A / D and log y' = 2 log r + log N - 2 log D. */
FLOE__INLINE void bin_backward(const struct lanes *s, const float *u, const float *dy, const float *d_log_det,
                               struct bin_derivatives *g) {
  EACH_LANE {
    const float gy = s->inside[l] != 0 ? dy[l] : 0, gl = s->inside[l] != 0 ? d_log_det[l] : 0;
    const float w = s->w[l], h = s->h[l], d0 = s->d0[l], d1 = s->d1[l], r = h / w;
    const float xi = unit((u[l] - s->left[l]) / w), rest = 1 - xi, t = xi * rest, bend = d1 + d0 - 2 * r;
    const float A = r * xi * xi + d0 * t, D = r + bend * t, N = d1 * xi * xi + 2 * r * t + d0 * rest * rest;
    const float gA = gy * h / D, gD = -gA * A / D - 2 * gl / D, gN = gl / N;
    const float gr = gA * xi * xi + gD * (1 - 2 * t) + 2 * gN * t + 2 * gl / r;
    const float gxi = gA * (2 * r * xi + d0 * (1 - 2 * xi)) + gD * bend * (1 - 2 * xi) +
                      2 * gN * (d1 * xi + r * (1 - 2 * xi) - d0 * rest);
    g->u[l] = gxi / w;
    g->left[l] = -g->u[l];
    g->w[l] = -gr * r / w - g->u[l] * xi;
    g->h[l] = gy * A / D + gr / w;
    g->lower[l] = gy;
    g->d0[l] = gA * t + gD * t + gN * rest * rest;
    g->d1[l] = gD * t + gN * xi * xi;
  }
}

/* Through left = -B + sum of the sizes before the bin, and size = 2 B (least + (1 - BINS least) softmax(raw)). */
FLOE__INLINE void sizes_backward(const struct lanes *s, float (*size)[LANES], const float *d_edge, const float *d_size,
                                 float (*d_raw)[LANES]) {
  float mean[LANES];
  const float whole = 2 * bound * (1 - BINS * least);
  EACH_LANE mean[l] = 0;
  for (int k = 0; k < BINS; k++) EACH_LANE {
      const float g = (k < s->bin[l] ? d_edge[l] : 0) + (k == s->bin[l] ? d_size[l] : 0);
      d_raw[k][l] = g * (size[k][l] - 2 * bound * least);
      mean[l] += d_raw[k][l];
    }
  for (int k = 0; k < BINS; k++) EACH_LANE d_raw[k][l] -= (size[k][l] - 2 * bound * least) * mean[l] / whole;
}

FLOE__FOR_EACH_CPU void floe__spline_backward(const struct floe__spline_column *c, const float *x, const float *dy,
                                              const float *d_log_det, float *dx, float *d_raw) {
  struct lanes s;
  struct bin_derivatives g;
  float u[LANES], in[LANES], gy[LANES], gl[LANES], gx[LANES], raw[RAW][LANES];
  for (size_t first = 0; first < c->n; first += LANES) {
    load(c, first, &s);
    for (int l = 0; l < LANES; l++)
      in[l] = x[row_of(c, first, l) * c->stride], gy[l] = dy[row_of(c, first, l) * c->stride],
      gl[l] = d_log_det[row_of(c, first, l)];
    EACH_LANE u[l] = (in[l] - s.shift[l]) * s.scale[l];
    find_bin(&s, s.width, u);
    bin_backward(&s, u, gy, gl, &g);
    sizes_backward(&s, s.width, g.left, g.w, raw + 2);
    sizes_backward(&s, s.height, g.lower, g.h, raw + 2 + BINS);
    for (int k = 1; k < BINS; k++) EACH_LANE {
        const float d = (k == s.bin[l] ? g.d0[l] : 0) + (k == s.bin[l] + 1 ? g.d1[l] : 0);
        const float at = s.raw[1 + 2 * BINS + k][l];
        raw[1 + 2 * BINS + k][l] = d * (1 - least_slope) * positive(at) / __builtin_sqrtf(at * at + 1);
      }
    EACH_LANE {
      const float gu = s.inside[l] != 0 ? g.u[l] : gy[l],
                  soft = 1 + (s.raw[1][l] < 0 ? -s.raw[1][l] : s.raw[1][l]) / scale_bound;
      const float on = s.mask[l] != 0 ? 1.0f : 0.0f;
      gx[l] = on != 0 ? gu * s.scale[l] : gy[l];
      raw[0][l] = -on * gu * s.scale[l];
      raw[1][l] = on * (gu * u[l] + gl[l]) / (soft * soft);
    }
    for (int l = 0; l < LANES && first + (size_t)l < c->n; l++) {
      const size_t i = first + (size_t)l;
      dx[i * c->stride] = gx[l];
      for (int k = 0; k < RAW; k++) d_raw[i * c->raw_stride + (size_t)k] = raw[k][l];
    }
  }
}
