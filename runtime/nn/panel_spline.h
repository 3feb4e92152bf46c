/* panel_spline.h: the bodies of the splines of panel.h; part of panel_functions.h. */
#include "runtime/nn/spline.h"

enum { BINS = FLOE__SPLINE_BINS, AT_WIDTHS = 2, AT_HEIGHTS = 2 + BINS, AT_SLOPES = 2 + 2 * BINS };

static const float bound = 5.0f, least = 1e-3f, least_slope = 1e-3f, scale_bound = 4.0f;

/* `at`: where lane 0 of a vector stands in the panel's rows. */
FLOE__INLINE vector lane_of(const float *panel, size_t row, size_t at) {
  return vector_load(panel + row * FLOE__PANEL + at);
}

/* Softmax of BINS rows, so that the bins fill -B .. B; in place. */
FLOE__INLINE void fill_bins(float *rows) {
  vector e[BINS], top = vector_load(rows), sum = vector_all(0);
  for (size_t k = 1; k < BINS; k++) top = vector_max(vector_load(rows + k * FLOE__PANEL), top);
  for (size_t k = 0; k < BINS; k++) e[k] = vector_load(rows + k * FLOE__PANEL) - top;
  for (size_t k = 0; k < BINS; k += GROUP) exp_of_group(e + k);
  for (size_t k = 0; k < BINS; k++) sum += e[k];
  const vector share = vector_all(2 * bound * (1 - BINS * least)) / sum, all = vector_all(2 * bound * least);
  for (size_t k = 0; k < BINS; k++) vector_store(rows + k * FLOE__PANEL, vector_fma(e[k], share, all));
}

static void spline_prepare(float *raw) {
  for (size_t at = 0; at < FLOE__PANEL; at += LANES) {
    const vector s = lane_of(raw, 1, at);
    vector_store(raw + FLOE__PANEL + at, s / vector_fma(vector_size(s), vector_all(1 / scale_bound), vector_all(1)));
    fill_bins(raw + AT_WIDTHS * FLOE__PANEL + at);
    fill_bins(raw + AT_HEIGHTS * FLOE__PANEL + at);
  }
}

/* The bin that holds a point: left and lower edge, sizes, raw slopes at its ends. */
struct bin {
  vector left, lower, w, h, raw0, raw1, number;
};

/* That of `x` among the bins whose sizes stand from row `sizes` on. Raw slopes at the ends are 0, which makes them
 * 1. */
FLOE__INLINE struct bin find_bin(const float *ready, size_t at, size_t sizes, vector x) {
  vector w = lane_of(ready, AT_WIDTHS, at), h = lane_of(ready, AT_HEIGHTS, at), left = vector_all(-bound), lower = left;
  struct bin bin = {left, lower, w, h, vector_all(0), lane_of(ready, AT_SLOPES, at), vector_all(0)};
  for (size_t k = 1; k < BINS; k++) {
    left += w;
    lower += h;
    const vector_mask before = vector_less(x, sizes == AT_WIDTHS ? left : lower);
    const vector slope = lane_of(ready, AT_SLOPES + k - 1, at);
    w = lane_of(ready, AT_WIDTHS + k, at);
    h = lane_of(ready, AT_HEIGHTS + k, at);
    bin.left = vector_choose(before, bin.left, left);
    bin.lower = vector_choose(before, bin.lower, lower);
    bin.w = vector_choose(before, bin.w, w);
    bin.h = vector_choose(before, bin.h, h);
    bin.raw0 = vector_choose(before, bin.raw0, slope);
    bin.raw1 = vector_choose(before, bin.raw1, k + 1 < BINS ? lane_of(ready, AT_SLOPES + k, at) : vector_all(0));
    bin.number = vector_choose(before, bin.number, vector_all((float)k));
  }
  return bin;
}

/* exp(arsinh x) = x + sqrt(x^2 + 1): positive, 1 at 0, and cheaper than a softplus. root = sqrt(x^2 + 1) */
FLOE__INLINE vector positive(vector x, vector root) {
  const vector large = vector_size(x) + root;
  return vector_choose(vector_less(x, vector_all(0)), vector_all(1) / large, large);
}

FLOE__INLINE vector slope_of(vector raw) {
  const vector root = vector_sqrt(vector_fma(raw, raw, vector_all(1)));
  return vector_fma(positive(raw, root), vector_all(1 - least_slope), vector_all(least_slope));
}

FLOE__INLINE vector within_unit(vector x) {
  return vector_min(vector_max(x, vector_all(0)), vector_all(1));
}

/* Of a point at xi in 0 .. 1 of its bin, with r = h / w, t = xi (1 - xi):
 * A = r xi^2 + d0 t, D = r + (d1 + d0 - 2 r) t, N = d1 xi^2 + 2 r t + d0 (1 - xi)^2;
 * y = lower + h A / D and log y' = log(r^2 N / D^2). */
struct parts {
  vector r, t, bend, A, D, N;
};

FLOE__INLINE struct parts parts_of(vector r, vector d0, vector d1, vector xi) {
  const vector rest = vector_all(1) - xi, t = xi * rest, bend = d1 + d0 - (r + r), square = xi * xi;
  return (struct parts){.r = r,
                        .t = t,
                        .bend = bend,
                        .A = vector_fma(r, square, d0 * t),
                        .D = vector_fma(bend, t, r),
                        .N = vector_fma(d1, square, vector_fma(r + r, t, d0 * rest * rest))};
}

FLOE__INLINE vector log_slope(const struct parts *p) {
  const vector q = p->r / p->D;
  return vector_log(q * q * p->N);
}

/* Whether lanes are there, and whether they are in -B .. B, too. */
FLOE__INLINE vector_mask present(const float *mask, size_t at) {
  return vector_less(vector_all(0), vector_load(mask + at));
}
FLOE__INLINE vector_mask inside(vector x, vector_mask there) {
  return vector_both(there, vector_less(vector_size(x), vector_all(bound)));
}

FLOE__INLINE void add_log_slope(const struct parts *p, vector s, vector_mask there, vector_mask within,
                                float *log_det) {
  const vector zero = vector_all(0), bent = vector_choose(within, log_slope(p), zero);
  vector_store(log_det, vector_load(log_det) + bent + vector_choose(there, s, zero));
}

static void spline_forward(const float *ready, const float *mask, const float *x, float *y, float *log_det) {
  for (size_t at = 0; at < FLOE__PANEL; at += LANES) {
    const vector in = vector_load(x + at), s = lane_of(ready, 1, at), u = (in - lane_of(ready, 0, at)) * vector_exp(s);
    const struct bin b = find_bin(ready, at, AT_WIDTHS, u);
    const vector_mask there = present(mask, at), within = inside(u, there);
    const struct parts p =
        parts_of(b.h / b.w, slope_of(b.raw0), slope_of(b.raw1), within_unit((u - b.left) / b.w));
    const vector moved = vector_choose(within, vector_fma(b.h, p.A / p.D, b.lower), u);
    vector_store(y + at, vector_choose(there, moved, in));
    add_log_slope(&p, s, there, within, log_det + at);
  }
}

/* The root in 0 .. 1 of a xi^2 + b xi + c = 0, in the form that does not cancel (their equations 6 to 8). */
static void spline_inverse(const float *ready, const float *mask, const float *y, float *x, float *log_det) {
  for (size_t at = 0; at < FLOE__PANEL; at += LANES) {
    const vector in = vector_load(y + at), s = lane_of(ready, 1, at), zero = vector_all(0);
    const struct bin bin = find_bin(ready, at, AT_HEIGHTS, in);
    const vector_mask there = present(mask, at), within = inside(in, there);
    const vector r = bin.h / bin.w, d0 = slope_of(bin.raw0), d1 = slope_of(bin.raw1), bend = d1 + d0 - (r + r);
    const vector up = in - bin.lower, bent = up * bend, a = vector_fma(bin.h, r - d0, bent);
    const vector b = vector_fma(bin.h, d0, zero - bent), c = zero - r * up;
    const vector root = vector_sqrt(vector_max(vector_fma(b, b, vector_all(-4) * a * c), zero));
    const vector xi = within_unit((c + c) / (zero - b - root));
    const vector u = vector_choose(within, vector_fma(xi, bin.w, bin.left), in);
    vector_store(x + at, vector_choose(there, vector_fma(u, vector_exp(zero - s), lane_of(ready, 0, at)), in));
    if (!log_det) continue;
    const struct parts p = parts_of(r, d0, d1, xi);
    add_log_slope(&p, s, there, within, log_det + at);
  }
}

/* Derivatives by what belongs to the bin. */
struct bin_derivatives {
  vector u, left, w, lower, h, d0, d1;
};

FLOE__INLINE struct bin_derivatives bin_backward(const struct bin *b, vector d0, vector d1, vector u, vector gy,
                                                 vector gl) {
  const vector zero = vector_all(0), one = vector_all(1), two = vector_all(2), by_w = one / b->w;
  const vector xi = within_unit((u - b->left) * by_w), rest = one - xi, square = xi * xi;
  const struct parts p = parts_of(b->h * by_w, d0, d1, xi);
  const vector by_D = one / p.D, gA = gy * b->h * by_D, gN = gl / p.N;
  const vector gD = zero - gA * p.A * by_D - two * gl * by_D;
  const vector gr = gA * square + gD * (one - two * p.t) + two * gN * p.t + two * gl / p.r;
  const vector odd = one - two * xi;
  const vector gxi = gA * (two * p.r * xi + d0 * odd) + gD * p.bend * odd +
                     two * gN * (d1 * xi + p.r * odd - d0 * rest);
  const vector gu = gxi * by_w;
  return (struct bin_derivatives){.u = gu,
                                  .left = zero - gu,
                                  .w = zero - gr * p.r * by_w - gu * xi,
                                  .h = gy * p.A * by_D + gr * by_w,
                                  .lower = gy,
                                  .d0 = (gA + gD) * p.t + gN * rest * rest,
                                  .d1 = gD * p.t + gN * square};
}

/* Lanes of `a` where number is k, 0 elsewhere; k counts in whole numbers. */
FLOE__INLINE vector where_is(vector number, float k, vector a) {
  return vector_choose(vector_less(vector_size(number - vector_all(k)), vector_all(0.5f)), a, vector_all(0));
}

/* Through left = -B + sum of the sizes before the bin, and size = 2 B (least + (1 - BINS least) softmax(raw)). */
FLOE__INLINE void sizes_backward(const float *sizes, vector number, vector d_edge, vector d_size, float *d_raw) {
  const vector all = vector_all(2 * bound * least);
  vector mean = vector_all(0), part[BINS];
  for (size_t k = 0; k < BINS; k++) {
    const vector before = vector_choose(vector_less(vector_all((float)k + 0.5f), number), d_edge, vector_all(0));
    part[k] = (before + where_is(number, (float)k, d_size)) * (vector_load(sizes + k * FLOE__PANEL) - all);
    mean += part[k];
  }
  mean *= vector_all(1 / (2 * bound * (1 - BINS * least)));
  for (size_t k = 0; k < BINS; k++)
    vector_store(d_raw + k * FLOE__PANEL, part[k] - (vector_load(sizes + k * FLOE__PANEL) - all) * mean);
}

/* d slope / d raw times d */
FLOE__INLINE vector slope_backward(vector raw, vector root, vector d) {
  return d * vector_all(1 - least_slope) * positive(raw, root) / root;
}

static void spline_backward(const float *ready, const float *mask, const float *x, const float *d_log_det, float *d,
                            float *d_raw) {
  const vector zero = vector_all(0), one = vector_all(1);
  for (size_t at = 0; at < FLOE__PANEL; at += LANES) {
    const vector s = lane_of(ready, 1, at), scale = vector_exp(s), gy = vector_load(d + at);
    const vector u = (vector_load(x + at) - lane_of(ready, 0, at)) * scale, gl = vector_load(d_log_det + at);
    const vector_mask there = present(mask, at), within = inside(u, there);
    const struct bin b = find_bin(ready, at, AT_WIDTHS, u);
    const vector root0 = vector_sqrt(vector_fma(b.raw0, b.raw0, one)),
                 root1 = vector_sqrt(vector_fma(b.raw1, b.raw1, one));
    const vector low = vector_all(least_slope), rest = vector_all(1 - least_slope);
    const struct bin_derivatives g =
        bin_backward(&b, vector_fma(positive(b.raw0, root0), rest, low), vector_fma(positive(b.raw1, root1), rest, low),
                     u, vector_choose(within, gy, zero), vector_choose(within, gl, zero));
    sizes_backward(ready + AT_WIDTHS * FLOE__PANEL + at, b.number, g.left, g.w, d_raw + AT_WIDTHS * FLOE__PANEL + at);
    sizes_backward(ready + AT_HEIGHTS * FLOE__PANEL + at, b.number, g.lower, g.h,
                   d_raw + AT_HEIGHTS * FLOE__PANEL + at);
    const vector d0 = slope_backward(b.raw0, root0, g.d0), d1 = slope_backward(b.raw1, root1, g.d1);
    for (size_t k = 1; k < BINS; k++)
      vector_store(d_raw + (AT_SLOPES + k - 1) * FLOE__PANEL + at,
                   where_is(b.number, (float)k, d0) + where_is(b.number, (float)k - 1, d1));
    const vector gu = vector_choose(within, g.u, gy), by_x = gu * scale;
    const vector hard = one - vector_size(s) * vector_all(1 / scale_bound); /* 1 / (1 + |raw| / bound) */
    vector_store(d + at, vector_choose(there, by_x, gy));
    vector_store(d_raw + at, vector_choose(there, zero - by_x, zero));
    vector_store(d_raw + FLOE__PANEL + at, vector_choose(there, (gu * u + gl) * hard * hard, zero));
  }
}
