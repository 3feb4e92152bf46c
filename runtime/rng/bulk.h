/* bulk.h: many uniform or normal numbers at once, for base draws of flows, initial weights and the like. Number k of
 * (seed, purpose, unit) is the same however the numbers are fetched: x[j] is number offset + j. The double and the
 * float sequence of a key are unrelated; neither meets a floe_stream. */
#ifndef FLOE_RNG_BULK_H
#define FLOE_RNG_BULK_H

#include <stddef.h>
#include <stdint.h>

void floe__uniform_fill(uint64_t seed, uint64_t purpose, uint64_t unit, uint64_t offset, size_t n,
                        double *x); /* in (0, 1) */
void floe__normal_fill(uint64_t seed, uint64_t purpose, uint64_t unit, uint64_t offset, size_t n, double *x);
void floe__uniform_fill_float(uint64_t seed, uint64_t purpose, uint64_t unit, uint64_t offset, size_t n, float *x);
void floe__normal_fill_float(uint64_t seed, uint64_t purpose, uint64_t unit, uint64_t offset, size_t n, float *x);

/* order (n) becomes a uniformly random permutation of 0 .. n-1: Fisher and Yates. */
void floe__shuffle(uint64_t seed, uint64_t purpose, uint64_t unit, size_t n, size_t *order);

#endif
