/* parallel.h: independent units on several threads; the one place that knows OpenMP. What a unit computes may not depend
 * on the thread that computes it, so results are the same for any number of threads. */
#ifndef FLOE_BASE_PARALLEL_H
#define FLOE_BASE_PARALLEL_H

#include <stddef.h>

/* Calls unit(context, k, thread) for k = 0 .. n-1, thread in 0 .. n_thread-1. Returns when all are done. */
void floe__parallel(size_t n, size_t n_thread, void (*unit)(void *context, size_t k, size_t thread), void *context);

size_t floe__processors(void); /* at least 1 */

#endif
