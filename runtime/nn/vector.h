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
#define vector_size(x) ((vector)((vector_bits)(x) & 0x7fffffff))
#define bits_of(x) ((vector_bits)(x))
#define of_bits(k) ((vector)(k))
#define bits_add(a, b) ((a) + (b))
#define bits_subtract(a, b) ((a) - (b))
#define bits_up(k, n) ((vector_bits)((k) << (n)))
#define bits_down(k, n) ((k) >> (n))
#endif

/* floe__exp with one term of the series less: its error of 1.7e-7 is that of the rest. */
FLOE__INLINE vector vector_exp(vector x) {
  x = vector_min(vector_max(x, vector_all(-87.0f)), vector_all(88.0f));
  const vector_bits k = vector_round(x * vector_all(1.44269504f));
  const vector whole = vector_of_bits(k);
  vector r = vector_fma(whole, vector_all(-0.693359375f), x);
  r = vector_fma(whole, vector_all(2.12194440e-4f), r);
  vector p = vector_fma(r, vector_all(1.0f / 720), vector_all(1.0f / 120));
  p = vector_fma(p, r, vector_all(1.0f / 24));
  p = vector_fma(p, r, vector_all(1.0f / 6));
  p = vector_fma(p, r, vector_all(0.5f));
  p = vector_fma(p, r, vector_all(1.0f));
  p = vector_fma(p, r, vector_all(1.0f));
  return p * of_bits(bits_up(bits_add(k, bits_all(127)), 23));
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
