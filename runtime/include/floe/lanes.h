/* floe/lanes.h: elementary functions for loops that run in the lanes of a vector unit. Generated code calls them where
 * a call of the C library would keep the compiler from vectorising a loop.
 *
 * Straight-line code without tables: each is a reduction of the argument and a power series (Muller, Elementary
 * Functions, 3rd ed., 2016, chapters 3 and 11). Zeros, infinities, NaN and subnormal numbers are as in the C library.
 * Errors, in units in the last place: exp and log below 1, log1p and log1p_exp below 2, inv_logit below 3 (with fused
 * multiplication below 2); tests/unit/test_lanes holds them to it. Not for builds with -ffast-math. */
#ifndef FLOE_LANES_H
#define FLOE_LANES_H

#include <stdint.h>

#if defined __FMA__ || defined __ARM_FEATURE_FMA
#define floe_lane_fma(a, b, c) __builtin_fma(a, b, c)
#else
#define floe_lane_fma(a, b, c) ((a) * (b) + (c))
#endif

#if defined __GNUC__
#define FLOE_LANE static inline __attribute__((always_inline, unused))
#else
#define FLOE_LANE static inline
#endif

FLOE_LANE double floe_lane_of_bits(uint64_t bits) {
  double x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

FLOE_LANE uint64_t floe_lane_bits(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* e^x = 2^n e^r with |r| <= log(2) / 2; 2^n in two factors, so that results may be subnormal. */
FLOE_LANE double floe_lane_exp(double x) {
  const double low = x < -750 ? -750 : x, inside = low > 710 ? 710 : low;
  const double number = __builtin_rint(inside * 0x1.71547652b82fep0);
  const int n = (int)(number == number ? number : 0), half = n >> 1;
  const double rough = floe_lane_fma(-number, 0x1.62e42feep-1, inside);
  const double r = floe_lane_fma(-number, 0x1.a39ef35793c76p-33, rough);
  double sum = 1.0 / 6227020800;
  sum = floe_lane_fma(sum, r, 1.0 / 479001600);
  sum = floe_lane_fma(sum, r, 1.0 / 39916800);
  sum = floe_lane_fma(sum, r, 1.0 / 3628800);
  sum = floe_lane_fma(sum, r, 1.0 / 362880);
  sum = floe_lane_fma(sum, r, 1.0 / 40320);
  sum = floe_lane_fma(sum, r, 1.0 / 5040);
  sum = floe_lane_fma(sum, r, 1.0 / 720);
  sum = floe_lane_fma(sum, r, 1.0 / 120);
  sum = floe_lane_fma(sum, r, 1.0 / 24);
  sum = floe_lane_fma(sum, r, 1.0 / 6);
  sum = floe_lane_fma(sum, r, 0.5);
  sum = 1 + floe_lane_fma(sum * r, r, r);
  return sum * floe_lane_of_bits((uint64_t)(int64_t)(half + 1023) << 52) *
         floe_lane_of_bits((uint64_t)(int64_t)(n - half + 1023) << 52);
}

/* shift + log(1 + f), for f from sqrt(1/2) - 1 to sqrt(2) - 1: 2 atanh(s) with s = f / (2 + f). */
FLOE_LANE double floe_lane_log_near_1(double f, double high, double low) {
  const double s = f / (2 + f), z = s * s, half = 0.5 * f * f;
  double sum = 2.0 / 23;
  sum = floe_lane_fma(sum, z, 2.0 / 21);
  sum = floe_lane_fma(sum, z, 2.0 / 19);
  sum = floe_lane_fma(sum, z, 2.0 / 17);
  sum = floe_lane_fma(sum, z, 2.0 / 15);
  sum = floe_lane_fma(sum, z, 2.0 / 13);
  sum = floe_lane_fma(sum, z, 2.0 / 11);
  sum = floe_lane_fma(sum, z, 2.0 / 9);
  sum = floe_lane_fma(sum, z, 2.0 / 7);
  sum = floe_lane_fma(sum, z, 2.0 / 5);
  sum = floe_lane_fma(sum, z, 2.0 / 3);
  return high - ((half - floe_lane_fma(s, floe_lane_fma(sum, z, half), low)) - f);
}

/* log x = k log 2 + log m with m from sqrt(1/2) to sqrt(2). */
FLOE_LANE double floe_lane_log(double x) {
  const double grown = x < 0x1p-1022 ? x * 0x1p54 : x, lift = x < 0x1p-1022 ? 54 : 0;
  const uint64_t bits = floe_lane_bits(grown), moved = bits + UINT64_C(0x00095f6200000000);
  const double k = floe_lane_of_bits(moved >> 52 | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023) - lift;
  const double m =
      floe_lane_of_bits((moved & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e00000000));
  const double result = floe_lane_log_near_1(m - 1, k * 0x1.62e42feep-1, k * 0x1.a39ef35793c76p-33);
  const double outside = x == 0 ? -__builtin_inf() : __builtin_nan("");
  return x > 0 ? (x < __builtin_inf() ? result : x) : outside;
}

/* log u + (what 1 + x lost) / u, with u = 1 + x. */
FLOE_LANE double floe_lane_log1p(double x) {
  const double u = 1 + x, lost = x - (u - 1), more = lost / u;
  return floe_lane_log(u) + (u > 0 && u < __builtin_inf() ? more : 0);
}

/* log(1 + e^x) = max(x, 0) + log(1 + t) with t = e^-|x|. */
FLOE_LANE double floe_lane_log1p_exp(double x) {
  const double t = floe_lane_exp(-__builtin_fabs(x));
  const int large = t > 0.41421356237309503;
  const double f = large ? 0.5 * (t - 1) : t, shift = large ? 0x1.62e42feep-1 : 0,
               low = large ? 0x1.a39ef35793c76p-33 : 0;
  return (x > 0 ? x : 0) + floe_lane_log_near_1(f, shift, low);
}

FLOE_LANE double floe_lane_inv_logit(double x) {
  const double t = floe_lane_exp(-__builtin_fabs(x)), upper = 1 / (1 + t);
  return x < 0 ? t * upper : upper;
}

/* x log y and x log(1 + y), 0 at x = 0 whatever y. */
FLOE_LANE double floe_lane_xlogy(double x, double y) {
  const double product = x * floe_lane_log(y);
  return x == 0 ? 0 : product;
}

FLOE_LANE double floe_lane_xlog1py(double x, double y) {
  const double product = x * floe_lane_log1p(y);
  return x == 0 ? 0 : product;
}

#endif
