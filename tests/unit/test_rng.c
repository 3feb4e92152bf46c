#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <floe/draws.h>
#include <math.h>
#include <string.h>

#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"
#include "runtime/rng/threefry.h"

/* Random123 1.14's known answers (kat_vectors) for threefry4x64. */
static const struct {
  unsigned rounds;
  uint64_t counter[4], key[4], word[4];
} known[] = {
#define ZERO                                                                                                           \
  { 0, 0, 0, 0 }
#define ONES                                                                                                           \
  { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX }
#define PI_COUNTER                                                                                                     \
  { 0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89 }
#define PI_KEY                                                                                                         \
  { 0x452821e638d01377, 0xbe5466cf34e90c6c, 0xbe5466cf34e90c6c, 0xc0ac29b7c97c50dd }
    {13, ZERO, ZERO, {0x4071fabee1dc8e05, 0x02ed3113695c9c62, 0x397311b5b89f9d49, 0xe21292c3258024bc}},
    {13, ONES, ONES, {0x7eaed935479722b5, 0x90994358c429f31c, 0x496381083e07a75b, 0x627ed0d746821121}},
    {13, PI_COUNTER, PI_KEY, {0x287a3304d9735fe1, 0xf98613fd5763ba1e, 0x41963d30315596d7, 0xf45e81cf03c7d5bc}},
    {20, ZERO, ZERO, {0x09218ebde6c85537, 0x55941f5266d86105, 0x4bd25e16282434dc, 0xee29ec846bd2e40b}},
    {20, ONES, ONES, {0x29c24097942bba1b, 0x0371bbfb0f6f4e11, 0x3c231ffa33f83a1c, 0xcd29113fde32d168}},
    {20, PI_COUNTER, PI_KEY, {0xa7e8fde591651bd9, 0xbaafd0c30138319b, 0x84a5c1a729e685b9, 0x901d406ccebc1ba4}},
    {72, ZERO, ZERO, {0x94eeea8b1f2ada84, 0xadf103313eae6670, 0x952419a1f4b16d53, 0xd83f13e63c9f6b11}},
    {72, PI_COUNTER, PI_KEY, {0xacf412ccaa3b2270, 0xc9e99bd53f2e9173, 0x43dad469dc825948, 0xfbb19d06c8a2b4dc}},
};

static void threefry_gives_the_published_words(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    uint64_t word[4];
    floe__threefry_rounds(known[k].rounds, known[k].key, known[k].counter, word);
    assert_memory_equal(word, known[k].word, sizeof word);
    if (known[k].rounds != FLOE__THREEFRY_ROUNDS) continue;
    floe__threefry(known[k].key, known[k].counter, word);
    assert_memory_equal(word, known[k].word, sizeof word);
  }
}

static void blocks_in_bulk_are_the_blocks_one_by_one(void **state) {
  (void)state;
  const uint64_t key[4] = {1, 2, 3, 4}, counter[4] = {UINT64_MAX - 5, 6, 7, 8};
  uint64_t words[4 * 29];
  floe__threefry_bulk(key, counter, 29, words);
  for (size_t block = 0; block < 29; block++) {
    uint64_t one[4], at[4] = {counter[0] + block, 6, 7, 8};
    floe__threefry(key, at, one);
    assert_memory_equal(one, words + 4 * block, sizeof one);
  }
}

static void a_stream_goes_on_block_after_block(void **state) {
  (void)state;
  struct floe_stream stream;
  floe_stream_open(&stream, 11, FLOE_PURPOSE_TRAIN, 5, 6, 7);
  const uint64_t key[4] = {11, FLOE_PURPOSE_TRAIN, 0, 0};
  for (uint64_t block = 0; block < 3; block++) {
    uint64_t words[4], counter[4] = {block, 6, 7, 5};
    floe__threefry(key, counter, words);
    for (int k = 0; k < 4; k++) assert_true(floe_stream_word(&stream) == words[k]);
  }
}

static void numbers_do_not_depend_on_how_they_are_fetched(void **state) {
  (void)state;
  enum { N = 3001 };
  static double whole[N], parts[N];
  static float whole_float[N], parts_float[N];
  floe__normal_fill(3, 1, 9, 2, N, whole);
  floe__normal_fill_float(3, 1, 9, 2, N, whole_float);
  for (size_t at = 0, length = 1; at < N; at += length, length = length * 2 % 1021 + 1) {
    const size_t n = length < N - at ? length : N - at;
    floe__normal_fill(3, 1, 9, 2 + at, n, parts + at);
    floe__normal_fill_float(3, 1, 9, 2 + at, n, parts_float + at);
  }
  assert_memory_equal(whole, parts, sizeof whole);
  assert_memory_equal(whole_float, parts_float, sizeof whole_float);
}

static void seed_purpose_and_unit_each_change_every_number(void **state) {
  (void)state;
  double x[4][8];
  floe__uniform_fill(1, 1, 1, 0, 8, x[0]);
  floe__uniform_fill(2, 1, 1, 0, 8, x[1]);
  floe__uniform_fill(1, 2, 1, 0, 8, x[2]);
  floe__uniform_fill(1, 1, 2, 0, 8, x[3]);
  for (int a = 0; a < 4; a++)
    for (int b = 0; b < a; b++)
      for (int k = 0; k < 8; k++) assert_true(x[a][k] != x[b][k]);
}

static void a_shuffle_is_a_permutation(void **state) {
  (void)state;
  size_t order[1000], seen[1000] = {0}, moved = 0;
  floe__shuffle(1, FLOE_PURPOSE_SHUFFLE, 0, 1000, order);
  for (size_t k = 0; k < 1000; k++) seen[order[k]]++, moved += order[k] != k;
  for (size_t k = 0; k < 1000; k++) assert_int_equal(seen[k], 1);
  assert_true(moved > 950);
}

static void draws_outside_their_domain_are_nan(void **state) {
  (void)state;
  struct floe_stream stream;
  floe_stream_open(&stream, 1, 1, 1, 1, 1);
  const double negative[] = {0.5, -0.1, 0.6}, short_of_one[] = {0.2, 0.2}, not_a_number[] = {NAN, 1};
  const double bad[] = {floe_draw_gamma(&stream, 0),
                        floe_draw_gamma(&stream, NAN),
                        floe_draw_gamma(&stream, INFINITY),
                        floe_draw_log_gamma(&stream, -1),
                        floe_draw_poisson(&stream, -1),
                        floe_draw_poisson(&stream, 1e17),
                        floe_draw_poisson(&stream, NAN),
                        floe_draw_binomial(&stream, 2.5, 0.5),
                        floe_draw_binomial(&stream, -1, 0.5),
                        floe_draw_binomial(&stream, 5, 1.1),
                        floe_draw_binomial(&stream, 5, NAN),
                        floe_draw_categorical(&stream, 3, negative),
                        floe_draw_categorical(&stream, 2, short_of_one),
                        floe_draw_categorical(&stream, 2, not_a_number),
                        floe_draw_categorical(&stream, 0, NULL)};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) assert_true(isnan(bad[k]));
}

static void draws_at_the_edge_of_their_domain_are_exact(void **state) {
  (void)state;
  struct floe_stream stream;
  floe_stream_open(&stream, 1, 1, 1, 1, 2);
  const double second_only[] = {0, 1, 0};
  for (int k = 0; k < 100; k++) {
    assert_true(floe_draw_poisson(&stream, 0) == 0);
    assert_true(floe_draw_binomial(&stream, 0, 0.3) == 0);
    assert_true(floe_draw_binomial(&stream, 1000, 0) == 0);
    assert_true(floe_draw_binomial(&stream, 1000, 1) == 1000);
    assert_true(floe_draw_categorical(&stream, 3, second_only) == 2);
    assert_true(isfinite(floe_draw_log_gamma(&stream, 1e-300)));
    const double large = floe_draw_poisson(&stream, 1e15);
    assert_true(fabs(large - 1e15) < 1e9 && large == floor(large));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(threefry_gives_the_published_words),
      cmocka_unit_test(blocks_in_bulk_are_the_blocks_one_by_one),
      cmocka_unit_test(a_stream_goes_on_block_after_block),
      cmocka_unit_test(numbers_do_not_depend_on_how_they_are_fetched),
      cmocka_unit_test(seed_purpose_and_unit_each_change_every_number),
      cmocka_unit_test(a_shuffle_is_a_permutation),
      cmocka_unit_test(draws_outside_their_domain_are_nan),
      cmocka_unit_test(draws_at_the_edge_of_their_domain_are_exact),
  };
  return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
