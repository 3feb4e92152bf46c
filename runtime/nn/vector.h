/* vector.h: vectors of floats as wide as the target of the file that includes this, and exp and log of them (those of
 * elementary.h). For files of panel functions: one class of processors each. */
#ifndef FLOE_NN_VECTOR_H
#define FLOE_NN_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "runtime/nn/elementary.h"

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#include <immintrin.h>
enum { LANES = 16 };
typedef __m512 vector;
typedef __m512i vector_bits;
typedef __mmask16 vector_mask;
#define vector_load _mm512_loadu_ps
#define vector_store _mm512_storeu_ps
#define vector_all _mm512_set1_ps
#define vector_fma _mm512_fmadd_ps
#define vector_sqrt _mm512_sqrt_ps
#define vector_near_reciprocal _mm512_rcp14_ps
#define vector_near_reciprocal_sqrt _mm512_rsqrt14_ps
#define vector_max _mm512_max_ps
#define vector_min _mm512_min_ps
#define vector_round(x) _mm512_cvtps_epi32(x)
#define vector_of_bits(k) _mm512_cvtepi32_ps(k)
#define vector_less(a, b) _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ)
#define vector_choose(mask, a, b) _mm512_mask_blend_ps(mask, b, a)
#define vector_both(a, b) ((vector_mask)((a) & (b)))
#define vector_size(x) _mm512_andnot_ps(_mm512_set1_ps(-0.0f), x)
#define bits_of(x) _mm512_castps_si512(x)
#define of_bits(k) _mm512_castsi512_ps(k)
#define bits_all _mm512_set1_epi32
#define bits_add _mm512_add_epi32
#define bits_subtract _mm512_sub_epi32
#define bits_up(k, n) _mm512_slli_epi32(k, n)
#define bits_down(k, n) _mm512_srai_epi32(k, n)
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
enum { LANES = 8 };
typedef __m256 vector;
typedef __m256i vector_bits;
typedef __m256 vector_mask;
#define vector_load _mm256_loadu_ps
#define vector_store _mm256_storeu_ps
#define vector_all _mm256_set1_ps
#define vector_fma _mm256_fmadd_ps
#define vector_sqrt _mm256_sqrt_ps
#define vector_near_reciprocal _mm256_rcp_ps
#define vector_near_reciprocal_sqrt _mm256_rsqrt_ps
#define vector_max _mm256_max_ps
#define vector_min _mm256_min_ps
#define vector_round(x) _mm256_cvtps_epi32(x)
#define vector_of_bits(k) _mm256_cvtepi32_ps(k)
#define vector_less(a, b) _mm256_cmp_ps(a, b, _CMP_LT_OQ)
#define vector_choose(mask, a, b) _mm256_blendv_ps(b, a, mask)
#define vector_both(a, b) _mm256_and_ps(a, b)
#define vector_size(x) _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x)
#define bits_of(x) _mm256_castps_si256(x)
#define of_bits(k) _mm256_castsi256_ps(k)
#define bits_all _mm256_set1_epi32
#define bits_add _mm256_add_epi32
#define bits_subtract _mm256_sub_epi32
#define bits_up(k, n) _mm256_slli_epi32(k, n)
#define bits_down(k, n) _mm256_srai_epi32(k, n)
#else
enum { LANES = 4 };
typedef float vector __attribute__((vector_size(16)));
typedef int32_t vector_bits __attribute__((vector_size(16)));
typedef vector_bits vector_mask;

FLOE__INLINE vector vector_load(const float *x) {
  vector v;
  memcpy(&v, x, sizeof v);
  return v;
}
FLOE__INLINE void vector_store(float *x, vector v) {
  memcpy(x, &v, sizeof v);
}
FLOE__INLINE vector vector_all(float x) {
  return (vector){x, x, x, x};
}
FLOE__INLINE vector_bits bits_all(int32_t k) {
  return (vector_bits){k, k, k, k};
}
FLOE__INLINE vector vector_choose(vector_mask mask, vector a, vector b) {
  return (vector)((mask & (vector_bits)a) | (~mask & (vector_bits)b));
}
FLOE__INLINE vector vector_sqrt(vector x) {
  return (vector){__builtin_sqrtf(x[0]), __builtin_sqrtf(x[1]), __builtin_sqrtf(x[2]), __builtin_sqrtf(x[3])};
}
#define vector_fma(a, b, c) ((a) * (b) + (c))
#define vector_max(a, b) vector_choose((b) < (a), a, b)
#define vector_min(a, b) vector_choose((a) < (b), a, b)
#define vector_round(x) (__builtin_convertvector((x) + 128.5f, vector_bits) - 128) /* of what is greater than -128 */
#define vector_of_bits(k) __builtin_convertvector(k, vector)
#define vector_less(a, b) ((a) < (b))
#define vector_both(a, b) ((a) & (b))
#define vector_size(x) ((vector)((vector_bits)(x)&0x7fffffff))
#define bits_of(x) ((vector_bits)(x))
#define of_bits(k) ((vector)(k))
#define bits_add(a, b) ((a) + (b))
#define bits_subtract(a, b) ((a) - (b))
#define bits_up(k, n) ((vector_bits)((k) << (n)))
#define bits_down(k, n) ((k) >> (n))
#endif

/* Vectors whose exp are taken side by side: one alone would wait for the result of each of its steps. */
enum { GROUP = LANES == 16 ? 2 : 4 };
#define IN_GROUP _Pragma("GCC unroll 4") for (size_t v = 0; v < GROUP; v++)

/* exp of each, clamped to -87 .. 88: 2^(k + f), |f| <= 1/2, by the polynomial that is best for 2^f (its relative error
 * is 1.2e-7; that of the product x log2 e adds 1.3e-8 |x|). 2^k is added to the exponent as an integer. */
FLOE__INLINE void exp_of_group(vector x[GROUP]) {
  vector f[GROUP], p[GROUP];
  vector_bits k[GROUP];
  const vector by = vector_all(1.44269504f);
  IN_GROUP x[v] = vector_min(vector_max(x[v], vector_all(-87.0f)), vector_all(88.0f));
  IN_GROUP k[v] = vector_round(x[v] * by);
  IN_GROUP f[v] = vector_fma(x[v], by, vector_of_bits(k[v]) * vector_all(-1));
  IN_GROUP p[v] = vector_fma(f[v], vector_all(0.001327647129073739f), vector_all(0.009675540961325169f));
  IN_GROUP p[v] = vector_fma(f[v], p[v], vector_all(0.05550713092088699f));
  IN_GROUP p[v] = vector_fma(f[v], p[v], vector_all(0.24022120237350464f));
  IN_GROUP p[v] = vector_fma(f[v], p[v], vector_all(0.6931469440460205f));
  IN_GROUP p[v] = vector_fma(f[v], p[v], vector_all(1.0f));
  IN_GROUP x[v] = of_bits(bits_add(bits_of(p[v]), bits_up(k[v], 23)));
}

/* 1 / x and 1 / sqrt x of positive, normal x: where the processor has approximations, one step of Newton's from there,
 * which is right to about 1e-7 and takes a fraction of a division's time. */
FLOE__INLINE vector vector_reciprocal(vector x) {
#ifdef vector_near_reciprocal
  const vector y = vector_near_reciprocal(x);
  return y * vector_fma(-x, y, vector_all(2.0f));
#else
  return vector_all(1.0f) / x;
#endif
}
FLOE__INLINE vector vector_reciprocal_sqrt(vector x) {
#ifdef vector_near_reciprocal_sqrt
  const vector y = vector_near_reciprocal_sqrt(x);
  return y * vector_fma(vector_all(-0.5f) * x * y, y, vector_all(1.5f));
#else
  return vector_all(1.0f) / vector_sqrt(x);
#endif
}

FLOE__INLINE vector vector_exp(vector x) {
  vector group[GROUP];
  IN_GROUP group[v] = x; /* the compiler sees that they are the same */
  exp_of_group(group);
  return group[0];
}

FLOE__INLINE vector vector_log(vector x) {
  vector_bits bits = bits_of(x);
  const vector_bits k = bits_down(bits_subtract(bits, bits_all(0x3f3504f3)), 23);
  bits = bits_subtract(bits, bits_up(k, 23));
  const vector m = of_bits(bits), one = vector_all(1.0f), s = (m - one) / (m + one), t = s * s;
  vector p = vector_fma(t, vector_all(1.0f / 9), vector_all(1.0f / 7));
  p = vector_fma(t, p, vector_all(0.2f));
  p = vector_fma(t, p, vector_all(1.0f / 3));
  p = vector_fma(t, p, one);
  return vector_fma(vector_of_bits(k), vector_all(0.693147181f), (s + s) * p);
}

#endif
