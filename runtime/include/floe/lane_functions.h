/* floe/lane_functions.h: the bodies of the functions of <floe/lanes.h>, for one width of vector and one set of instructions.
 * Included by <floe/packs.h>, and several times by the library, after they have defined
 *   LANES             numbers that a vector holds
 *   NAME(x)           x with a suffix that tells the sets apart
 *   TARGET            the attribute that lets functions use the set
 *   FMA(a, b, c)      a * b + c
 *   MAX(a, b)         a > b ? a : b, so b where one of them is NaN; MIN likewise
 *   MIX(mask, a, b)   a where the mask is all ones, b where it is 0
 * which are undefined here at the end. Operations and their order are the same in every set: with the same FMA, results
 * are the same to the last bit. */
typedef double NAME(lane) __attribute__((vector_size(LANES * sizeof(double))));
typedef uint64_t NAME(bits) __attribute__((vector_size(LANES * sizeof(double))));

#define LANE NAME(lane)
#define BITS NAME(bits)
#define HELPER static inline __attribute__((always_inline)) TARGET
#define ALL(x) ((LANE){0} + (x))

/* e^x = 2^n e^r with |r| <= log(2) / 2; 2^n in two factors, so that results may be subnormal. Adding 1.5 * 2^52 rounds
 * to a whole number, which then stands in the last bits. e^r = 1 + r + r^2 times the polynomial of degree 9 with the
 * least largest relative error, 1.1e-17. */
HELPER LANE NAME(exp)(LANE x) {
  const LANE inside = MIN(ALL(710), MAX(ALL(-750), x));
  const LANE magic = ALL(0x1.8p52), moved = FMA(inside, ALL(0x1.71547652b82fep0), magic), number = moved - magic;
  const LANE half = FMA(number, ALL(0.5), magic);
  const LANE r = FMA(-number, ALL(0x1.a39ef35793c76p-33), FMA(-number, ALL(0x1.62e42feep-1), inside));
  const LANE r2 = r * r, r4 = r2 * r2;
  const LANE first = FMA(FMA(ALL(0x1.1111111127b92p-7), r, ALL(0x1.555555555088cp-5)), r2,
                         FMA(ALL(0x1.55555555554fap-3), r, ALL(0x1.000000000000ap-1)));
  const LANE middle = FMA(FMA(ALL(0x1.71df25357916ep-19), r, ALL(0x1.a0199a16ef2e5p-16)), r2,
                          FMA(ALL(0x1.a01a012a6c5a7p-13), r, ALL(0x1.6c16c1842665ep-10)));
  const LANE last = FMA(ALL(0x1.ad7f80b28a3d6p-26), r, ALL(0x1.28ad689c92775p-22));
  const LANE sum = 1 + FMA(FMA(FMA(last, r4, middle), r4, first) * r, r, r);
  return sum * (LANE)(((BITS)half + 1023) << 52) * (LANE)(((BITS)moved - (BITS)half + 1023) << 52);
}

/* high + low + log(1 + f), for f from sqrt(1/2) - 1 to sqrt(2) - 1: 2 atanh(s) with s = f / (2 + f),
 * 2 s + s z times a polynomial in z = s^2 with a relative error of the whole below 5e-18. */
HELPER LANE NAME(log_near_1)(LANE f, LANE high, LANE low) {
  const LANE s = f / (2 + f), z = s * s, half = 0.5 * f * f;
  const LANE z2 = z * z;
  const LANE first = FMA(FMA(ALL(0x1.c71c62e5800a1p-3), z, ALL(0x1.2492492df148dp-2)), z2,
                         FMA(ALL(0x1.99999999952e2p-2), z, ALL(0x1.5555555555558p-1)));
  const LANE last = FMA(ALL(0x1.2b584aae78a57p-3), z2, FMA(ALL(0x1.39fe606542ddep-3), z, ALL(0x1.7462b4ab2ef6bp-3)));
  const LANE sum = FMA(last, z2 * z2, first);
  return high - ((half - FMA(s, FMA(sum, z, half), low)) - f);
}

/* log x = k log 2 + log m with m from sqrt(1/2) to sqrt(2). */
HELPER LANE NAME(log)(LANE x) {
  const LANE infinity = ALL(__builtin_inf());
  const LANE grown = MIX(x < 0x1p-1022, x * 0x1p54, x), lift = MIX(x < 0x1p-1022, ALL(54), ALL(0));
  const BITS moved = (BITS)grown + UINT64_C(0x00095f6200000000);
  const LANE k = (LANE)(moved >> 52 | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023) - lift;
  const LANE m = (LANE)((moved & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e00000000));
  const LANE result = NAME(log_near_1)(m - 1, k * 0x1.62e42feep-1, k * 0x1.a39ef35793c76p-33);
  const LANE outside = MIX(x == 0, -infinity, ALL(__builtin_nan("")));
  return MIX(x > 0, MIX(x < infinity, result, x), outside);
}

/* log(1 + x) for x from 0 to 1: where 1 + x is above sqrt(2), log 2 + log(1 + (x - 1) / 2). */
HELPER LANE NAME(log1p_to_1)(LANE x) {
  const BITS large = (BITS)(x > 0.41421356237309503);
  return NAME(log_near_1)(MIX(large, 0.5 * (x - 1), x), MIX(large, ALL(0x1.62e42feep-1), ALL(0)),
                          MIX(large, ALL(0x1.a39ef35793c76p-33), ALL(0)));
}

#undef LANE
#undef BITS
#undef HELPER
#undef MIX
#undef ALL
#undef LANES
#undef MAX
#undef MIN
#undef MIX
#undef NAME
#undef TARGET
#undef FMA
