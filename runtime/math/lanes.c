/* The functions of <floe/lanes.h>, one by one and in lanes. The names of those in lanes are of the vector function ABI
 * (x86-64: b stands for SSE, c for AVX, d for AVX2, e for AVX-512, then the number of lanes, then v for each argument):
 * compilers make them up where a loop runs in lanes. */
#include <stdint.h>

#if defined __x86_64__
#include <immintrin.h>
#endif

#define PLAIN(a, b, c) ((a) * (b) + (c))
#define BITWISE(type, mask, a, b)                                                                                      \
  ((lane_##type)(((bits_##type)(mask) & (bits_##type)(a)) | (~(bits_##type)(mask) & (bits_##type)(b))))

/* One number: in the first lane of two. */
#define ONE(function, symbol, set)                                                                                     \
  TARGET_##set double symbol(double x);                                                                                \
  TARGET_##set double symbol(double x) {                                                                               \
    return function##_##set((lane_##set){x, x})[0];                                                                    \
  }

#define IN_LANES(function, symbol, set)                                                                                \
  TARGET_##set lane_##set symbol(lane_##set x);                                                                        \
  TARGET_##set lane_##set symbol(lane_##set x) {                                                                       \
    return function##_##set(x);                                                                                        \
  }

#define DEFINE(how, prefix, suffix, set)                                                                               \
  how(exp, prefix##floe_lane_exp##suffix, set) how(log, prefix##floe_lane_log##suffix, set)                            \
      how(log1p_to_1, prefix##floe_lane_log1p_to_1##suffix, set)

#define TARGET_plain_2
#define LANES 2
#define NAME(x) x##_plain_2
#define TARGET TARGET_plain_2
#define FMA PLAIN
#define MIX(mask, a, b) BITWISE(plain_2, mask, a, b)
#if defined __x86_64__
#define MAX _mm_max_pd
#define MIN _mm_min_pd
#else
#define MAX(a, b) MIX((a) > (b), a, b)
#define MIN(a, b) MIX((a) < (b), a, b)
#endif
#include <floe/lane_functions.h>
DEFINE(ONE, , , plain_2)

#if defined __x86_64__
DEFINE(IN_LANES, _ZGVbN2v_, , plain_2)

#define TARGET_plain_4 __attribute__((target("avx")))
#define LANES 4
#define NAME(x) x##_plain_4
#define TARGET TARGET_plain_4
#define FMA PLAIN
#define MAX _mm256_max_pd
#define MIN _mm256_min_pd
#define MIX(mask, a, b) _mm256_blendv_pd(b, a, (lane_plain_4)(mask))
#include <floe/lane_functions.h>
DEFINE(IN_LANES, _ZGVcN4v_, , plain_4)

#define TARGET_fused_2 __attribute__((target("avx,fma")))
#define LANES 2
#define NAME(x) x##_fused_2
#define TARGET TARGET_fused_2
#define FMA _mm_fmadd_pd
#define MAX _mm_max_pd
#define MIN _mm_min_pd
#define MIX(mask, a, b) _mm_blendv_pd(b, a, (lane_fused_2)(mask))
#include <floe/lane_functions.h>
DEFINE(ONE, , _fma, fused_2)
DEFINE(IN_LANES, _ZGVbN2v_, _fma, fused_2)

#define TARGET_fused_4 __attribute__((target("avx,fma")))
#define LANES 4
#define NAME(x) x##_fused_4
#define TARGET TARGET_fused_4
#define FMA _mm256_fmadd_pd
#define MAX _mm256_max_pd
#define MIN _mm256_min_pd
#define MIX(mask, a, b) _mm256_blendv_pd(b, a, (lane_fused_4)(mask))
#include <floe/lane_functions.h>
DEFINE(IN_LANES, _ZGVcN4v_, _fma, fused_4)

#define TARGET_fused_4_avx2 __attribute__((target("avx2,fma")))
#define LANES 4
#define NAME(x) x##_fused_4_avx2
#define TARGET TARGET_fused_4_avx2
#define FMA _mm256_fmadd_pd
#define MAX _mm256_max_pd
#define MIN _mm256_min_pd
#define MIX(mask, a, b) _mm256_blendv_pd(b, a, (lane_fused_4_avx2)(mask))
#include <floe/lane_functions.h>
DEFINE(IN_LANES, _ZGVdN4v_, _fma, fused_4_avx2)

#define TARGET_fused_8 __attribute__((target("avx512f,avx2,fma")))
#define LANES 8
#define NAME(x) x##_fused_8
#define TARGET TARGET_fused_8
#define FMA _mm512_fmadd_pd
#define MAX _mm512_max_pd
#define MIN _mm512_min_pd
#define MIX(mask, a, b) BITWISE(fused_8, mask, a, b)
#include <floe/lane_functions.h>
DEFINE(IN_LANES, _ZGVeN8v_, _fma, fused_8)
#endif
