/* For x86-64 processors with AVX2 and FMA; elsewhere the same functions as panel_blas.c, which are then not chosen. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("arch=x86-64-v3")
#define PANEL_RUNS (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#define PANEL_RUNS false
#endif
#define PANEL_SET floe__panel_v3
#define PANEL_NAME "avx2"
#include "runtime/nn/panel_functions.h"
