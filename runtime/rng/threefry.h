/* threefry.h: the counter-based generator Threefry-4x64 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as
 * easy as 1, 2, 3", SC 2011). A block of 4 words is a function of key and counter alone. */
#ifndef FLOE_RNG_THREEFRY_H
#define FLOE_RNG_THREEFRY_H

#include <stddef.h>
#include <stdint.h>

enum { FLOE__THREEFRY_ROUNDS = 20 };

void floe__threefry(const uint64_t key[4], const uint64_t counter[4], uint64_t word[4]);

/* The same with any number of rounds up to 72: for known-answer tests. */
void floe__threefry_rounds(unsigned rounds, const uint64_t key[4], const uint64_t counter[4], uint64_t word[4]);

/* words (n_block, 4): the blocks of counters counter[0] + 0 .. n_block - 1, the rest of the counter as given; several
 * blocks at a time in vector registers, with the same result as one by one. */
void floe__threefry_bulk(const uint64_t key[4], const uint64_t counter[4], size_t n_block, uint64_t *words);

#endif
