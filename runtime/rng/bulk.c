#include "runtime/rng/bulk.h"

#include <math.h>
#include <string.h>

#include <floe/draws.h>

#include "runtime/rng/threefry.h"

/* The third word of the key keeps sequences of different kinds apart, and apart from streams, where it is 0. */
enum kind { UNIFORM = 1, NORMAL, UNIFORM_FLOAT, NORMAL_FLOAT, SHUFFLE };
enum { CHUNK_WORDS = 256 };

struct sequence {
  uint64_t key[4], counter[4];
};

static struct sequence open_sequence(uint64_t seed, uint64_t purpose, uint64_t unit, enum kind kind,
                                     uint64_t first_block) {
  return (struct sequence){{seed, purpose, kind, 0}, {first_block, 0, 0, unit}};
}

/* Halfway between multiples of 2^-52: never 0 or 1. */
static double unit_double(uint64_t word) {
  return ((double)(word >> 12) + 0.5) * 0x1p-52;
}

static void normal_pair(const uint64_t word[2], double x[2]) {
  double radius = sqrt(-2 * log(unit_double(word[0]))), angle = 2 * M_PI * unit_double(word[1]);
  x[0] = radius * cos(angle);
  x[1] = radius * sin(angle);
}

static float unit_float(uint32_t half) {
  return ((float)(half >> 9) + 0.5f) * 0x1p-23f;
}

/* log u for normal u > 0: u = 2^e m with m in [sqrt 1/2, sqrt 2), and log m = 2 artanh((m - 1) / (m + 1)); error <
 * 1e-7. Without branches, so that loops over it become vector code. */
static inline float log_float(float u) {
  uint32_t bits;
  memcpy(&bits, &u, sizeof bits);
  const uint32_t shifted = bits - 0x3f3504f3;
  const float exponent = (float)((int32_t)shifted >> 23);
  bits = (shifted & 0x7fffff) + 0x3f3504f3;
  float m;
  memcpy(&m, &bits, sizeof m);
  const float s = (m - 1) / (m + 1), t = s * s;
  return exponent * 0.69314718f + 2 * s * (1 + t * (0.33333333f + t * (0.2f + t * (0.14285714f + t * 0.11111111f))));
}

/* Cosine and sine of 2 pi v, v in [0, 1]: Taylor polynomials about the nearest quarter turn; error < 1e-7. */
static inline void turn_float(float v, float *cosine, float *sine) {
  const float quarters = 4 * v;
  const int32_t nearest = (int32_t)(quarters + 0.5f);
  const float a = (quarters - (float)nearest) * 1.57079633f, t = a * a;
  const float s = a * (1 - t * (0.16666667f - t * (0.0083333333f - t * (0.00019841270f - t * 2.7557319e-6f))));
  const float c = 1 - t * (0.5f - t * (0.041666667f - t * (0.0013888889f - t * 2.4801587e-5f)));
  const float along = nearest & 1 ? s : c, across = nearest & 1 ? c : s;
  *cosine = (nearest + 1) & 2 ? -along : along;
  *sine = nearest & 2 ? -across : across;
}

/* Two normals of each word: its halves make radius and angle (Box and Muller 1958). Short loops, each of them vector
 * code. */
static void normals_float(size_t n_word, const uint64_t *words, float *x) {
  uint32_t low[CHUNK_WORDS], high[CHUNK_WORDS];
  float squared[CHUNK_WORDS], cosine[CHUNK_WORDS], sine[CHUNK_WORDS];
  for (size_t k = 0; k < n_word; k++) {
    low[k] = (uint32_t)words[k];
    high[k] = (uint32_t)(words[k] >> 32);
  }
  for (size_t k = 0; k < n_word; k++) {
    const float number = (float)(int32_t)(low[k] >> 16) * 65536 + (float)(int32_t)(low[k] & 0xffff);
    const float square = -2 * log_float((number + 0.5f) * 0x1p-32f);
    squared[k] = square > 0 ? square : 0;
  }
  for (size_t k = 0; k < n_word; k++) turn_float((float)(int32_t)(high[k] >> 8) * 0x1p-24f, &cosine[k], &sine[k]);
  for (size_t k = 0; k < n_word; k++) {
    const float radius = sqrtf(squared[k]);
    x[2 * k] = radius * cosine[k];
    x[2 * k + 1] = radius * sine[k];
  }
}

static void doubles_of(enum kind kind, size_t n_word, const uint64_t *words, double *x) {
  for (size_t k = 0; k < n_word; k += kind == NORMAL ? 2 : 1)
    if (kind == NORMAL)
      normal_pair(words + k, x + k);
    else
      x[k] = unit_double(words[k]);
}

static void floats_of(enum kind kind, size_t n_word, const uint64_t *words, float *x) {
  if (kind == NORMAL_FLOAT) {
    normals_float(n_word, words, x);
    return;
  }
  for (size_t k = 0; k < n_word; k++) {
    x[2 * k] = unit_float((uint32_t)words[k]);
    x[2 * k + 1] = unit_float((uint32_t)(words[k] >> 32));
  }
}

/* Elements offset .. offset + n - 1 of a sequence, of which a block of 4 words makes `per_block`. */
static void fill(uint64_t seed, uint64_t purpose, uint64_t unit, enum kind kind, uint64_t offset, size_t n, void *x) {
  const int is_float = kind == UNIFORM_FLOAT || kind == NORMAL_FLOAT;
  const size_t per_block = is_float ? 8 : 4, width = is_float ? sizeof(float) : sizeof(double);
  struct sequence sequence = open_sequence(seed, purpose, unit, kind, offset / per_block);
  size_t skip = offset % per_block;
  uint64_t words[CHUNK_WORDS];
  union {
    double d[CHUNK_WORDS];
    float f[2 * CHUNK_WORDS];
  } numbers;
  for (char *at = x; n > 0;) {
    size_t n_block = n < CHUNK_WORDS ? (skip + n + per_block - 1) / per_block : CHUNK_WORDS / 4;
    if (n_block > CHUNK_WORDS / 4) n_block = CHUNK_WORDS / 4;
    floe__threefry_bulk(sequence.key, sequence.counter, n_block, words);
    sequence.counter[0] += n_block;
    if (is_float)
      floats_of(kind, 4 * n_block, words, numbers.f);
    else
      doubles_of(kind, 4 * n_block, words, numbers.d);
    const size_t made = n_block * per_block - skip, used = made < n ? made : n;
    memcpy(at, (const char *)&numbers + skip * width, used * width);
    at += used * width;
    n -= used;
    skip = 0;
  }
}

void floe__uniform_fill(uint64_t seed, uint64_t purpose, uint64_t unit, uint64_t offset, size_t n, double *x) {
  fill(seed, purpose, unit, UNIFORM, offset, n, x);
}

void floe__normal_fill(uint64_t seed, uint64_t purpose, uint64_t unit, uint64_t offset, size_t n, double *x) {
  fill(seed, purpose, unit, NORMAL, offset, n, x);
}

void floe__uniform_fill_float(uint64_t seed, uint64_t purpose, uint64_t unit, uint64_t offset, size_t n, float *x) {
  fill(seed, purpose, unit, UNIFORM_FLOAT, offset, n, x);
}

void floe__normal_fill_float(uint64_t seed, uint64_t purpose, uint64_t unit, uint64_t offset, size_t n, float *x) {
  fill(seed, purpose, unit, NORMAL_FLOAT, offset, n, x);
}

/* Uniform below n without bias: the low part of word * n tells which words to refuse (Lemire 2019). */
static uint64_t below(struct floe_stream *stream, uint64_t n) {
  for (;;) {
    const unsigned __int128 product = (unsigned __int128)floe_stream_word(stream) * n;
    if ((uint64_t)product >= -n % n) return (uint64_t)(product >> 64);
  }
}

void floe__shuffle(uint64_t seed, uint64_t purpose, uint64_t unit, size_t n, size_t *order) {
  struct floe_stream stream;
  floe_stream_open(&stream, seed, purpose, unit, 0, 0);
  stream.key[2] = SHUFFLE;
  for (size_t k = 0; k < n; k++) order[k] = k;
  for (size_t k = n; k > 1; k--) {
    const size_t other = (size_t)below(&stream, k), kept = order[k - 1];
    order[k - 1] = order[other];
    order[other] = kept;
  }
}
