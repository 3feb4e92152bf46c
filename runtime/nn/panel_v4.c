/* For x86-64 processors with AVX-512; elsewhere the same functions as panel_blas.c, which are then not chosen. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC target("arch=x86-64-v4")
#define PANEL_RUNS                                                                                                     \
  (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&    \
   __builtin_cpu_supports("avx512bw"))
#else
#define PANEL_RUNS false
#endif
#define PANEL_SET floe__panel_v4
#define PANEL_NAME "avx512"
#include "runtime/nn/panel_functions.h"
