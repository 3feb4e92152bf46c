/* floe/packs.h: one number of each of several chains, for densities that are evaluated at several points in lockstep.
 *
 * A pack is a vector of gcc or clang: operators work chain by chain, a single number stands for all. Truth values of chains
 * are all ones or 0. What is in one chain depends on nothing in another, and no chain's number on where in a pack it stands.
 * In memory a pack stands at a multiple of its size. Where FLOE_PACK, the number of chains, is 0 there are none. */
#ifndef FLOE_PACKS_H
#define FLOE_PACKS_H

#include <floe/lanes.h>
#include <stddef.h>

#if defined __AVX512F__
#define FLOE_PACK 8
#elif defined __AVX__
#define FLOE_PACK 4
#elif !defined __x86_64__
#define FLOE_PACK 2
#else /* two numbers at a time, without operations on truth values, gain nothing */
#define FLOE_PACK 0
#endif

#if FLOE_PACK

typedef double floe_pack __attribute__((vector_size(8 * FLOE_PACK)));
typedef int64_t floe_truths __attribute__((vector_size(8 * FLOE_PACK)));

FLOE_LANE floe_pack floe_pack_all(double x) {
  return x - (floe_pack){0};
}

FLOE_LANE floe_truths floe_truths_all(int x) {
  return (floe_truths){0} - (int64_t)(x != 0);
}

FLOE_LANE floe_pack floe_pack_pick(floe_truths which, floe_pack a, floe_pack b) {
#if defined __AVX__ && FLOE_PACK == 4
  return __builtin_ia32_blendvpd256(b, a, (floe_pack)which);
#else
  return (floe_pack)((which & (floe_truths)a) | (~which & (floe_truths)b));
#endif
}

/* By its bits, so that the C compiler sees that what is below has the same of a number and of its negative. */
FLOE_LANE floe_pack floe_pack_minus(floe_pack x) {
  return (floe_pack)((floe_truths)x ^ INT64_MIN);
}

FLOE_LANE floe_truths floe_truths_pick(floe_truths which, floe_truths a, floe_truths b) {
  return (which & a) | (~which & b);
}

/* 1 and 0. */
FLOE_LANE floe_pack floe_pack_number(floe_truths x) {
  return (floe_pack)(x & (floe_truths)floe_pack_all(1));
}

FLOE_LANE int floe_truths_any(floe_truths x) {
  int64_t any = 0;
  for (size_t k = 0; k < FLOE_PACK; k++) any |= x[k];
  return any != 0;
}

/* ---- elementary functions: those of <floe/lanes.h>; inlined, or by their names in the vector function ABI ---- */

#if defined __AVX2__ && defined __FMA__ && FLOE_PACK == 4 && !defined __clang__
#define LANES FLOE_PACK
#define NAME(x) floe__lanes_##x
#define TARGET
#define FMA __builtin_ia32_vfmaddpd256
#define MAX __builtin_ia32_maxpd256
#define MIN __builtin_ia32_minpd256
#define MIX(mask, a, b) floe_pack_pick((floe_truths)(mask), a, b)
#include <floe/lane_functions.h>
#define FLOE_INLINED(name)                                                                                             \
  FLOE_LANE floe_pack floe_pack_##name(floe_pack x) {                                                                  \
    return floe__lanes_##name(x);                                                                                      \
  }
FLOE_INLINED(exp)
FLOE_INLINED(log)
FLOE_INLINED(log1p_to_1)
#else
#if defined __x86_64__ && defined __AVX512F__ && defined __FMA__
#define FLOE_PACKED(name) "_ZGVeN8v_floe_lane_" name "_fma"
#elif defined __x86_64__ && defined __AVX2__ && defined __FMA__ && FLOE_PACK == 4
#define FLOE_PACKED(name) "_ZGVdN4v_floe_lane_" name "_fma"
#elif defined __x86_64__ && defined __AVX__ && defined __FMA__ && FLOE_PACK == 4
#define FLOE_PACKED(name) "_ZGVcN4v_floe_lane_" name "_fma"
#elif defined __x86_64__ && defined __AVX__ && FLOE_PACK == 4
#define FLOE_PACKED(name) "_ZGVcN4v_floe_lane_" name
#endif

#ifdef FLOE_PACKED
floe_pack floe_pack_exp(floe_pack x) __asm__(FLOE_PACKED("exp")) __attribute__((const));
floe_pack floe_pack_log(floe_pack x) __asm__(FLOE_PACKED("log")) __attribute__((const));
floe_pack floe_pack_log1p_to_1(floe_pack x) __asm__(FLOE_PACKED("log1p_to_1")) __attribute__((const));
#else
#define FLOE_ONE_BY_ONE(name)                                                                                          \
  FLOE_LANE floe_pack floe_pack_##name(floe_pack x) {                                                                  \
    for (size_t k = 0; k < FLOE_PACK; k++) x[k] = floe_lane_##name(x[k]);                                              \
    return x;                                                                                                          \
  }
FLOE_ONE_BY_ONE(exp)
FLOE_ONE_BY_ONE(log)
FLOE_ONE_BY_ONE(log1p_to_1)
#endif
#endif

FLOE_LANE floe_pack floe_pack_sqrt(floe_pack x) {
  for (size_t k = 0; k < FLOE_PACK; k++) x[k] = __builtin_sqrt(x[k]);
  return x;
}

FLOE_LANE floe_pack floe_pack_log1p(floe_pack x) {
  const floe_pack u = 1 + x, lost = x - (u - 1), more = lost / u;
  return floe_pack_log(u) + floe_pack_pick((u > 0) & (u < __builtin_inf()), more, floe_pack_all(0));
}

FLOE_LANE floe_pack floe_pack_exp_below(floe_pack x) {
  return floe_pack_exp((floe_pack)((floe_truths)x | INT64_MIN));
}

FLOE_LANE floe_pack floe_pack_log1p_exp(floe_pack x) {
  return floe_pack_pick(x > 0, x, floe_pack_all(0)) + floe_pack_log1p_to_1(floe_pack_exp_below(x));
}

FLOE_LANE floe_pack floe_pack_inv_logit(floe_pack x) {
  const floe_pack t = floe_pack_exp_below(x), upper = 1 / (1 + t);
  return floe_pack_pick(x < 0, t * upper, upper);
}

FLOE_LANE floe_pack floe_pack_xlogy(floe_pack x, floe_pack y) {
  return floe_pack_pick(x == 0, floe_pack_all(0), x * floe_pack_log(y));
}

FLOE_LANE floe_pack floe_pack_xlog1py(floe_pack x, floe_pack y) {
  return floe_pack_pick(x == 0, floe_pack_all(0), x * floe_pack_log1p(y));
}

/* ---- arrays ---- */

FLOE_LANE void floe_pack_clear(floe_pack *array, size_t n) {
  for (size_t k = 0; k < n; k++) array[k] = floe_pack_all(0);
}

/* Positions count from 0, as doubles; NaN is outside. The position of element `index` of `size`, as a chain has it: */
FLOE_LANE floe_pack floe_pack_inside(floe_pack index, size_t size) {
  floe_pack position;
  for (size_t k = 0; k < FLOE_PACK; k++)
    position[k] = index[k] >= 1 && index[k] < (double)size + 1 ? (double)(size_t)index[k] - 1 : __builtin_nan("");
  return position;
}

/* An element of an array of packs; of an array that all chains share, where each reads its own; and of packs, likewise. */
FLOE_LANE floe_pack floe_pack_at(const floe_pack *array, double position) {
  return position >= 0 ? array[(size_t)position] : floe_pack_all(__builtin_nan(""));
}

FLOE_LANE floe_pack floe_pack_from(const double *array, floe_pack position) {
  floe_pack x;
  for (size_t k = 0; k < FLOE_PACK; k++) x[k] = position[k] >= 0 ? array[(size_t)position[k]] : __builtin_nan("");
  return x;
}

FLOE_LANE floe_pack floe_pack_own(const floe_pack *array, floe_pack position) {
  floe_pack x;
  for (size_t k = 0; k < FLOE_PACK; k++) x[k] = position[k] >= 0 ? array[(size_t)position[k]][k] : __builtin_nan("");
  return x;
}

FLOE_LANE void floe_pack_add_at(floe_pack *array, double position, floe_pack number) {
  if (position >= 0) array[(size_t)position] += number;
}

FLOE_LANE void floe_pack_add_own(floe_pack *array, floe_pack position, floe_pack number) {
  for (size_t k = 0; k < FLOE_PACK; k++)
    if (position[k] >= 0) array[(size_t)position[k]][k] += number[k];
}

/* The numbers of one chain, for functions that know nothing of packs, and back. */
FLOE_LANE void floe_pack_take(const floe_pack *array, size_t n, size_t chain, double *one) {
  for (size_t k = 0; k < n; k++) one[k] = array[k][chain];
}

FLOE_LANE void floe_pack_give(floe_pack *array, size_t n, size_t chain, const double *one) {
  for (size_t k = 0; k < n; k++) array[k][chain] = one[k];
}

/* The density of chains within its support; elsewhere -infinity, and a gradient of 0. */
FLOE_LANE floe_pack floe_pack_supported(floe_truths inside, floe_pack density, size_t n, floe_pack *gradient) {
  if (!floe_truths_any(~inside)) return density;
  for (size_t k = 0; k < n; k++) gradient[k] = floe_pack_pick(inside, gradient[k], floe_pack_all(0));
  return floe_pack_pick(inside, density, floe_pack_all(-__builtin_inf()));
}

#endif
#endif
