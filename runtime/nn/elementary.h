/* elementary.h: exp and log for loops that the compiler vectorises: no branches, no calls, no errno. float, relative
 * error below 5e-7 for exp and log away from 1, absolute error below 1e-7 for log near 1; NaN in gives some number
 * out. FLOE__FOR_EACH_CPU makes a function once for each class of processors and picks at program start. */
#ifndef FLOE_NN_ELEMENTARY_H
#define FLOE_NN_ELEMENTARY_H

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && !defined(__AVX2__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FLOE__FOR_EACH_CPU __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define FLOE__FOR_EACH_CPU
#endif
#define FLOE__INLINE static inline __attribute__((always_inline))

/* a b + c: in one rounding where that is one instruction. */
#ifdef __FMA__
#define floe__fma(a, b, c) __builtin_fmaf(a, b, c)
#else
#define floe__fma(a, b, c) ((a) * (b) + (c))
#endif

/* exp of x clamped to -87 .. 88: x = k log 2 + r with |r| <= log(2) / 2, and exp r by its Taylor series. */
FLOE__INLINE float floe__exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const int32_t k = (int32_t)floe__fma(x, 1.44269504f, 128.5f) - 128; /* rounds: the argument of the cast is positive */
  const float r = floe__fma((float)k, 2.12194440e-4f, floe__fma((float)k, -0.693359375f, x));
  float p = floe__fma(r, 1.0f / 5040, 1.0f / 720);
  p = floe__fma(p, r, 1.0f / 120);
  p = floe__fma(p, r, 1.0f / 24);
  p = floe__fma(p, r, 1.0f / 6);
  p = floe__fma(p, r, 0.5f);
  p = floe__fma(p, r, 1.0f);
  p = floe__fma(p, r, 1.0f);
  const int32_t bits = (k + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return p * power;
}

/* log of a positive, normal x = m 2^k with m in sqrt(1/2) .. sqrt 2: log m = 2 artanh((m - 1) / (m + 1)). */
FLOE__INLINE float floe__log(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  const int32_t k = (bits - 0x3f3504f3) >> 23;
  bits -= k * (1 << 23);
  float m;
  memcpy(&m, &bits, sizeof m);
  const float s = (m - 1.0f) / (m + 1.0f), t = s * s;
  return (float)k * 0.693147181f + 2.0f * s * (1.0f + t * (1.0f / 3 + t * (0.2f + t * (1.0f / 7 + t * (1.0f / 9)))));
}

FLOE__INLINE float floe__logistic(float x) {
  return 1.0f / (1.0f + floe__exp(-x));
}

#endif
