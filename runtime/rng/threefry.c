#include "runtime/rng/threefry.h"

#include <string.h>

/* Table 2 of the Skein paper (Ferguson et al. 2010), for 256-bit blocks: rotations of even and odd words, eight
 * rounds. */
static const unsigned char rotation[8][2] = {{14, 16}, {52, 57}, {23, 40}, {5, 37},
                                             {25, 33}, {46, 12}, {58, 22}, {32, 32}};

/* C240, which keeps the extended key from being all zero. */
static const uint64_t key_parity = 0x1BD11BDAA9FC1A22;

/* The rounds for any type of word that adds, shifts and xors: a number, or a vector with a block in each lane. */
#define ROTATE(x, by) ((x) << (by) | (x) >> (64 - (by)))
#define MIX(x, y, by) ((x) += (y), (y) = ROTATE(y, by), (y) ^= (x))
#define INJECT(x, key, s)                                                                                              \
  ((x)[0] += (key)[(s) % 5], (x)[1] += (key)[((s) + 1) % 5], (x)[2] += (key)[((s) + 2) % 5],                           \
   (x)[3] += (key)[((s) + 3) % 5] + (s))
#define ROUNDS(x, key, n)                                                                                              \
  do {                                                                                                                 \
    INJECT(x, key, 0);                                                                                                 \
    _Pragma("GCC unroll 20") for (unsigned r = 0; r < (n); r++) {                                                      \
      MIX((x)[0], (x)[r % 2 ? 3 : 1], rotation[r % 8][0]);                                                             \
      MIX((x)[2], (x)[r % 2 ? 1 : 3], rotation[r % 8][1]);                                                             \
      if (r % 4 == 3) INJECT(x, key, r / 4 + 1);                                                                       \
    }                                                                                                                  \
  } while (0)

static void extend_key(const uint64_t key[4], uint64_t extended[5]) {
  extended[4] = key_parity;
  for (int k = 0; k < 4; k++) {
    extended[k] = key[k];
    extended[4] ^= key[k];
  }
}

void floe__threefry_rounds(unsigned rounds, const uint64_t key[4], const uint64_t counter[4], uint64_t word[4]) {
  uint64_t extended[5];
  extend_key(key, extended);
  memcpy(word, counter, 4 * sizeof *word);
  ROUNDS(word, extended, rounds);
}

void floe__threefry(const uint64_t key[4], const uint64_t counter[4], uint64_t word[4]) {
  uint64_t extended[5], x[4] = {counter[0], counter[1], counter[2], counter[3]};
  extend_key(key, extended);
  ROUNDS(x, extended, FLOE__THREEFRY_ROUNDS);
  memcpy(word, x, sizeof x);
}

enum { LANES = 8 };
typedef uint64_t lanes __attribute__((vector_size(LANES * sizeof(uint64_t))));

/* LANES blocks from counter on: the words of lane k go to words[4 k ...]. */
static void several_blocks(const uint64_t extended[5], const uint64_t counter[4], uint64_t *words) {
  const lanes steps = {0, 1, 2, 3, 4, 5, 6, 7};
  lanes x[4] = {counter[0] + steps, counter[1] - (lanes){0}, counter[2] - (lanes){0}, counter[3] - (lanes){0}};
  ROUNDS(x, extended, FLOE__THREEFRY_ROUNDS);
  for (int lane = 0; lane < LANES; lane++)
    for (int k = 0; k < 4; k++) words[4 * lane + k] = x[k][lane];
}

void floe__threefry_bulk(const uint64_t key[4], const uint64_t counter[4], size_t n_block, uint64_t *words) {
  uint64_t extended[5], at[4] = {counter[0], counter[1], counter[2], counter[3]};
  extend_key(key, extended);
  size_t block = 0;
  for (; block + LANES <= n_block; block += LANES, at[0] += LANES) several_blocks(extended, at, words + 4 * block);
  for (; block < n_block; block++, at[0]++) floe__threefry(key, at, words + 4 * block);
}
