/* panel_target_v3.h: code from here on is for x86-64 processors with AVX2 and FMA. Elsewhere it is for any processor,
 * and PANEL_RUNS says that the set does not run. For files of panel functions, before anything else. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("arch=x86-64-v3")
#define PANEL_RUNS (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#define PANEL_RUNS false
#endif
