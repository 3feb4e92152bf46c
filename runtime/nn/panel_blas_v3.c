/* For x86-64 processors with AVX2 and FMA: products by BLAS, all else as in panel_v3.c. Only for measurements, which tell what the
 * products are worth. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("arch=x86-64-v3")
#define PANEL_RUNS (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#define PANEL_RUNS false
#endif
#define PANEL_SET floe__panel_blas_v3
#define PANEL_NAME "blas"
#define PANEL_BY_BLAS 1
#include "runtime/nn/panel_functions.h"
