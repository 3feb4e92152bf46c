#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/names.h"
#include "base/text.h"

static jmp_buf escape;

static void escape_from_exhaustion(void *context) {
  (void)context;
  longjmp(escape, 1);
}

static void arena_memory_is_zeroed_aligned_and_distinct(void **state) {
  (void)state;
  struct floe__arena *arena = floe__arena_new(0, NULL, NULL);
  unsigned char *blocks[1000];
  for (size_t k = 0; k < 1000; k++) {
    size_t size = 1 + 37 * k % 5000;
    blocks[k] = floe__arena_alloc(arena, size);
    assert_int_equal((uintptr_t)blocks[k] % _Alignof(max_align_t), 0);
    for (size_t i = 0; i < size; i++) assert_int_equal(blocks[k][i], 0);
    memset(blocks[k], (int)(k % 255) + 1, size);
  }
  for (size_t k = 0; k < 1000; k++) {
    size_t size = 1 + 37 * k % 5000;
    for (size_t i = 0; i < size; i++) assert_int_equal(blocks[k][i], k % 255 + 1);
  }
  floe__arena_free(arena);
}

static void arena_keeps_to_its_limit(void **state) {
  (void)state;
  struct floe__arena *arena = floe__arena_new((size_t)1 << 20, escape_from_exhaustion, NULL);
  volatile size_t taken = 0;
  if (!setjmp(escape)) {
    for (;;) {
      floe__arena_alloc(arena, 1000);
      taken += 1000;
      assert_true(taken < (size_t)2 << 20);
    }
  }
  assert_true(taken > (size_t)1 << 19);
  floe__arena_free(arena);
}

static void arena_treats_overflow_as_exhaustion(void **state) {
  (void)state;
  struct floe__arena *arena = floe__arena_new(0, escape_from_exhaustion, NULL);
  volatile int refused = 0;
  if (!setjmp(escape)) floe__arena_array(arena, SIZE_MAX / 2, 16);
  else refused = 1;
  assert_true(refused);
  floe__arena_free(arena);
}

static void arena_prints_texts_of_any_length(void **state) {
  (void)state;
  struct floe__arena *arena = floe__arena_new(0, NULL, NULL);
  char *text = floe__arena_printf(arena, "%0100000d|%s", 7, "end");
  assert_int_equal(strlen(text), 100004);
  assert_string_equal(text + 99999, "7|end");
  floe__arena_free(arena);
}

static void equal_names_are_the_same_pointer(void **state) {
  (void)state;
  struct floe__arena *arena = floe__arena_new(0, NULL, NULL);
  struct floe__names *names = floe__names_new(arena);
  const char *kept[3000];
  char name[32];
  for (int k = 0; k < 3000; k++) {
    snprintf(name, sizeof name, "name_%d", k);
    kept[k] = floe__name_of(names, name);
  }
  for (int k = 0; k < 3000; k++) {
    snprintf(name, sizeof name, "name_%d", k);
    assert_ptr_equal(floe__name_of(names, name), kept[k]);
    assert_string_equal(kept[k], name);
    if (k) assert_ptr_not_equal(kept[k], kept[k - 1]);
  }
  assert_ptr_equal(floe__name(names, "name_12345", 8), floe__name_of(names, "name_123"));
  floe__arena_free(arena);
}

static void names_over_others_are_the_same_where_both_have_them(void **state) {
  (void)state;
  struct floe__arena *kept = floe__arena_new(0, NULL, NULL), *arena = floe__arena_new(0, NULL, NULL);
  struct floe__names *below = floe__names_new(kept), *names = floe__names_over(arena, below);
  const char *normal = floe__name_of(below, "normal"), *sigma = floe__name_of(names, "sigma");
  assert_ptr_equal(floe__name_of(names, "normal"), normal);
  assert_ptr_equal(floe__name_of(names, "sigma"), sigma);
  floe__arena_free(arena);
  assert_string_equal(normal, "normal");
  assert_ptr_not_equal(floe__name_of(below, "sigma"), sigma);
  floe__arena_free(kept);
}

static void text_grows_and_stays_terminated(void **state) {
  (void)state;
  struct floe__text text = {0};
  for (int k = 0; k < 10000; k++) floe__text_printf(&text, "%d,", k % 10);
  assert_false(text.failed);
  assert_int_equal(text.length, 20000);
  assert_int_equal(text.data[text.length], 0);
  assert_memory_equal(text.data + 19980, "0,1,2,3,4,5,6,7,8,9,", 20);
  floe__text_free(&text);
  assert_null(text.data);
  floe__text_puts(&text, "again");
  assert_string_equal(text.data, "again");
  floe__text_free(&text);
}

/* Compared with printf: random bits, random numbers of usual sizes, powers of ten and their neighbours, halves that are ties. */
static void numbers_are_written_as_printf_writes_them(void **state) {
  (void)state;
  struct floe__text text = {0};
  uint64_t bits = 88172645463325252u;
  char expected[64];
  for (int k = 0; k < 200000; k++) {
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
    double x;
    memcpy(&x, &bits, sizeof x);
    if (k % 4 == 1) x = ((double)bits - 9.2e18) / 3e18 * pow(10, (double)(k % 41 - 20));
    if (k % 4 == 2) x = nextafter(pow(10, (double)(k / 4 % 60 - 30)), k % 8 < 4 ? 0 : INFINITY);
    if (k % 4 == 3) x = (double)(bits % 100000) / (k % 8 < 4 ? 8 : 1e3);
    const int digits = k % 3 ? 17 : 1 + k / 3 % 17;
    text.length = 0;
    floe__text_real(&text, x, digits);
    snprintf(expected, sizeof expected, "%.*g", digits, x);
    assert_string_equal(text.data, expected);
  }
  static const double special[] = {0.0, -0.0, INFINITY, -INFINITY, 5e-324, 1e-4, 99999.5, 0.99999999999999994, 1e16, 1e17};
  for (size_t k = 0; k < sizeof special / sizeof *special; k++) {
    text.length = 0;
    floe__text_real(&text, special[k], 17);
    snprintf(expected, sizeof expected, "%.17g", special[k]);
    assert_string_equal(text.data, expected);
  }
  floe__text_free(&text);
}

static void a_text_that_cannot_grow_says_so_and_keeps_what_it_has(void **state) {
  (void)state;
  struct floe__text text = {0};
  floe__text_puts(&text, "kept");
  floe__text_append(&text, "x", SIZE_MAX - 2);
  assert_true(text.failed);
  floe__text_puts(&text, "lost");
  assert_string_equal(text.data, "kept");
  floe__text_free(&text);
}

static void blocks_are_zeroed_and_aligned_and_overflow_gives_null(void **state) {
  (void)state;
  double *block = FLOE__NEW(100, double);
  assert_int_equal((uintptr_t)block % 64, 0);
  for (int k = 0; k < 100; k++) {
    assert_true(block[k] == 0);
    block[k] = k;
  }
  assert_null(floe__resize(block, 100, SIZE_MAX / 4, sizeof *block));
  block = floe__resize(block, 100, 1000, sizeof *block);
  for (int k = 0; k < 1000; k++) assert_true(block[k] == (k < 100 ? k : 0));
  floe__free(block);
  assert_null(floe__new(SIZE_MAX / 2, 4));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arena_memory_is_zeroed_aligned_and_distinct),
      cmocka_unit_test(arena_keeps_to_its_limit),
      cmocka_unit_test(arena_treats_overflow_as_exhaustion),
      cmocka_unit_test(arena_prints_texts_of_any_length),
      cmocka_unit_test(equal_names_are_the_same_pointer),
      cmocka_unit_test(names_over_others_are_the_same_where_both_have_them),
      cmocka_unit_test(text_grows_and_stays_terminated),
      cmocka_unit_test(numbers_are_written_as_printf_writes_them),
      cmocka_unit_test(a_text_that_cannot_grow_says_so_and_keeps_what_it_has),
      cmocka_unit_test(blocks_are_zeroed_and_aligned_and_overflow_gives_null),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
