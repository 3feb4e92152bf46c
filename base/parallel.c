#include "base/parallel.h"

#include <omp.h>
#include <stdint.h>

void floe__parallel(size_t n, size_t n_thread, void (*unit)(void *context, size_t k, size_t thread), void *context) {
  if (n_thread > n) n_thread = n;
  if (n_thread > 4096) n_thread = 4096;
  if (n_thread < 2 || n > INT64_MAX) {
    for (size_t k = 0; k < n; k++) unit(context, k, 0);
    return;
  }
#pragma omp parallel for num_threads((int)n_thread) schedule(dynamic, 1)
  for (int64_t k = 0; k < (int64_t)n; k++) unit(context, (size_t)k, (size_t)omp_get_thread_num());
}

size_t floe__processors(void) {
  int n = omp_get_num_procs();
  return n > 0 ? (size_t)n : 1;
}
