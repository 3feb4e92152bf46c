/* floe/lanes.h: elementary functions for loops that run in the lanes of a vector unit. Generated code calls them where
 * a call of the C library would keep the compiler from vectorising a loop.
 *
 * Without tables or branches: each is a reduction of the argument and a power series (Muller, Elementary Functions, 3rd
 * ed., 2016, chapters 3 and 11). Zeros, infinities, NaN and subnormal numbers are as in the C library. Errors, in units
 * in the last place: exp and log below 1, log1p, log1p_to_1 and log1p_exp below 2, inv_logit below 3 (with fused
 * multiplication below 2); tests/unit/test_lanes holds them to it. A number has the same result in whichever lane, and
 * alone, to the last bit. Not for builds with -ffast-math.
 *
 * The library has exp, log and log1p_to_1 for one number and, on x86-64, for 2, 4 and 8 in lanes, by the names of the
 * vector function ABI; it has them with fused multiplication (_fma) for code that may use it. The other functions are
 * written with these. gcc calls those in lanes; another compiler, and other processors, call one by one. */
#ifndef FLOE_LANES_H
#define FLOE_LANES_H

#include <stdint.h>

#if defined __x86_64__ && defined __FMA__
#define floe_lane_exp floe_lane_exp_fma
#define floe_lane_log floe_lane_log_fma
#define floe_lane_log1p_to_1 floe_lane_log1p_to_1_fma
#endif

/* gcc then makes up the names of those in lanes, where they are: code for AVX2 or more needs fused multiplication. */
#if defined __x86_64__ && !defined __clang__ && (defined __FMA__ || !defined __AVX2__)
#define FLOE_IN_LANES __attribute__((const, simd("notinbranch")))
#else
#define FLOE_IN_LANES __attribute__((const))
#endif

FLOE_IN_LANES double floe_lane_exp(double x);
FLOE_IN_LANES double floe_lane_log(double x);
FLOE_IN_LANES double floe_lane_log1p_to_1(double x); /* log(1 + x) for x from 0 to 1 */

#define FLOE_LANE static inline __attribute__((always_inline, unused))

/* n below 2^52 as a number, by its bits: few vector units convert integers that are as long as numbers. */
FLOE_LANE double floe_lane_number(uint64_t n) {
  const uint64_t bits = n | UINT64_C(0x4330000000000000);
  double x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x - 0x1p52;
}

/* log u + (what 1 + x lost) / u, with u = 1 + x. */
FLOE_LANE double floe_lane_log1p(double x) {
  const double u = 1 + x, lost = x - (u - 1), more = lost / u;
  return floe_lane_log(u) + (u > 0 && u < __builtin_inf() ? more : 0);
}

FLOE_LANE double floe_lane_exp_below(double x) {
  return floe_lane_exp(-__builtin_fabs(x));
}

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|). */
FLOE_LANE double floe_lane_log1p_exp(double x) {
  return (x > 0 ? x : 0) + floe_lane_log1p_to_1(floe_lane_exp_below(x));
}

FLOE_LANE double floe_lane_inv_logit(double x) {
  const double t = floe_lane_exp_below(x), upper = 1 / (1 + t);
  return x < 0 ? t * upper : upper;
}

/* The product, and 0 where x is. By bits: several choices on the same x would become branches, which have no lanes. */
FLOE_LANE double floe_lane_unless_0(double x, double product) {
  uint64_t bits;
  __builtin_memcpy(&bits, &product, sizeof bits);
  bits &= (uint64_t)(x == 0) - 1;
  __builtin_memcpy(&product, &bits, sizeof product);
  return product;
}

/* x log y and x log(1 + y), 0 at x = 0 whatever y. */
FLOE_LANE double floe_lane_xlogy(double x, double y) {
  return floe_lane_unless_0(x, x * floe_lane_log(y));
}

FLOE_LANE double floe_lane_xlog1py(double x, double y) {
  return floe_lane_unless_0(x, x * floe_lane_log1p(y));
}

#endif
