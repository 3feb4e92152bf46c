/* The corpus of the fuzzer: every file of tests/fuzz/corpus was a finding once, or stands for a kind of hostile spec; and specs
 * that are hostile by their size, made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "compiler/source/source.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/support/stdlib.h"

static struct floe__arena *kept;
static const struct library *library;

static bool checked(const char *text, size_t length) {
  return fuzz_check(text, length, library);
}

static void the_corpus_holds_no_finding(void **state) {
  char path[5000];
  size_t n = 0;
  (void)state;
  const char *folder = source_path(kept, "tests/fuzz/corpus");
  DIR *entries = opendir(folder);
  assert_non_null(entries);
  for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
    char *text;
    size_t length;
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    assert_int_equal(floe__file_read(path, SOURCE_MAX_BYTES, &text, &length, NULL), FLOE_OK);
    checked(text, length);
    floe__free(text);
    n++;
  }
  closedir(entries);
  assert_true(n > 0);
}

/* ---- size ---- */

static bool checked_text(struct floe__text *text) {
  assert_false(text->failed);
  bool accepted = checked(text->data, text->length);
  floe__text_free(text);
  return accepted;
}

static struct floe__text opening(void) {
  struct floe__text text = {0};
  floe__text_puts(&text, "model hostile\nindex i in 2..9\nobs y[i]\n");
  return text;
}

static void ending(struct floe__text *text) {
  floe__text_puts(text, "y[i] ~ normal(mu, 1)\nreport mu\n");
}

static void ten_thousand_universes_and_more_are_checked_once(void **state) {
  struct floe__text text = opening();
  (void)state;
  for (int k = 0; k < 60; k++) floe__text_printf(&text, "axis a%d { x* : %d  y : %d  z : %d }\n", k, k, k + 1, k + 2);
  floe__text_puts(&text, "param mu ~ normal(a0");
  for (int k = 1; k < 60; k++) floe__text_printf(&text, " + a%d", k);
  floe__text_puts(&text, ", 1)\n");
  ending(&text);
  assert_true(checked_text(&text));
}

static void choices_may_nest_deeply(void **state) {
  struct floe__text text = opening();
  (void)state;
  for (int k = 0; k < 60; k++) floe__text_printf(&text, "axis a%d = x* | y\n", k);
  floe__text_puts(&text, "param mu ~ normal(0, 1)\nm = ");
  for (int k = 0; k < 60; k++) floe__text_printf(&text, "choose a%d { x: %d  y: ", k, k);
  floe__text_puts(&text, "mu");
  for (int k = 0; k < 60; k++) floe__text_puts(&text, " }");
  floe__text_puts(&text, "\ny[i] ~ normal(m, 1)\nreport mu\n");
  assert_true(checked_text(&text));
}

static void long_chains_of_definitions_are_taken(void **state) {
  struct floe__text text = opening();
  (void)state;
  floe__text_puts(&text, "param mu ~ normal(0, 1)\nx0[i] = mu\n");
  for (int k = 1; k <= 1000; k++) floe__text_printf(&text, "x%d[i] = x%d[i] + sum(j in i: x%d[j]) + %d\n", k, k - 1, k - 1, k);
  floe__text_puts(&text, "y[i] ~ normal(x1000, 1)\nreport mu\n");
  checked_text(&text);
}

static void huge_indices_cost_nothing(void **state) {
  struct floe__text text = {0};
  (void)state;
  floe__text_puts(&text, "model hostile\nindex i in 2..1000000000\nobs y[i]\nparam mu ~ normal(0, 1)\n");
  ending(&text);
  assert_true(checked_text(&text));
}

static int setup(void **state) {
  (void)state;
  kept = floe__arena_new(0, NULL, NULL);
  library = stdlib_read(kept);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  floe__arena_free(kept);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_corpus_holds_no_finding),
      cmocka_unit_test(ten_thousand_universes_and_more_are_checked_once),
      cmocka_unit_test(choices_may_nest_deeply),
      cmocka_unit_test(long_chains_of_definitions_are_taken),
      cmocka_unit_test(huge_indices_cost_nothing),
  };
  return cmocka_run_group_tests_name("fuzz", tests, setup, teardown);
}
