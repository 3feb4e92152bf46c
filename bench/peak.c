/* The peak of fused multiply-adds on one core, in GFLOP/s of float32: `cc -O3 -march=native peak.c`, then run it. Twelve independent
 * chains of the widest vectors hide the latency of four cycles or five of two units. Prints the best of 20 runs. */
#include <stdio.h>
#include <time.h>

#ifdef __AVX512F__
enum { WIDTH = 16 };
#else
enum { WIDTH = 8 };
#endif
typedef float vector __attribute__((vector_size(4 * WIDTH)));
enum { CHAINS = 12, TURNS = 400000 };

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(void) {
  double best = 0;
  float sink = 0;
  for (int run = 0; run < 20; run++) {
    vector x[CHAINS], factor, term;
    for (int j = 0; j < WIDTH; j++) factor[j] = 0.999f, term[j] = 1e-3f * (float)(run + 1);
    for (int k = 0; k < CHAINS; k++) x[k] = term * (float)k;
    __asm__ volatile("" : "+x"(factor), "+x"(term));
    const double start = seconds();
    for (int i = 0; i < TURNS; i++)
#pragma GCC unroll 12
      for (int k = 0; k < CHAINS; k++) x[k] = x[k] * factor + term;
    const double rate = 2.0 * WIDTH * CHAINS * TURNS / (seconds() - start) * 1e-9;
    for (int k = 0; k < CHAINS; k++) sink += x[k][0];
    best = rate > best ? rate : best;
  }
  printf("%.6g\n", best);
  return sink == 12345.678f;
}
