#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "compiler/source/diagnostic.h"

static void no_memory(void *context) {
  (void)context;
  fail_msg("the arena is exhausted");
  abort();
}

static int new_arena(void **state) {
  *state = floe__arena_new((size_t)1 << 28, no_memory, NULL);
  return 0;
}

static int free_arena(void **state) {
  floe__arena_free(*state);
  return 0;
}

static const struct source *source_of(void **state, const char *text) {
  enum source_problem problem;
  return source_from_text(*state, "a.floe", text, strlen(text), &problem);
}

static void positions_count_characters_not_bytes(void **state) {
  const struct source *source = source_of(state, "größe = 1\n\nx");
  size_t line, column;
  source_position(source, strlen("größe"), &line, &column);
  assert_int_equal(line, 1);
  assert_int_equal(column, 6);
  source_position(source, source->length - 1, &line, &column);
  assert_int_equal(line, 3);
  assert_int_equal(column, 1);
  source_position(source, source->length + 10, &line, &column);
  assert_int_equal(line, 3);
  assert_int_equal(column, 2);
  assert_int_equal(source->n_line, 3);
}

static enum source_problem problem_of(void **state, const char *bytes, size_t length) {
  enum source_problem problem;
  const struct source *source = source_from_text(*state, "a.floe", bytes, length, &problem);
  assert_true((source != NULL) == (problem == SOURCE_OK));
  return problem;
}

static void texts_that_are_no_texts_are_refused(void **state) {
  assert_int_equal(problem_of(state, "", 0), SOURCE_OK);
  assert_int_equal(problem_of(state, "a\0b", 3), SOURCE_HAS_NUL);
  assert_int_equal(problem_of(state, "\xc3", 1), SOURCE_NOT_UTF8);         /* cut off */
  assert_int_equal(problem_of(state, "\xc0\xaf", 2), SOURCE_NOT_UTF8);     /* overlong */
  assert_int_equal(problem_of(state, "\xed\xa0\x80", 3), SOURCE_NOT_UTF8); /* a surrogate */
  assert_int_equal(problem_of(state, "\xf4\x90\x80\x80", 4), SOURCE_NOT_UTF8);
  assert_int_equal(problem_of(state, "\xf0\x9f\x8c\x8a", 4), SOURCE_OK);
  char *large = calloc(SOURCE_MAX_BYTES + 1, 1);
  assert_non_null(large);
  memset(large, 'a', SOURCE_MAX_BYTES + 1);
  assert_int_equal(problem_of(state, large, SOURCE_MAX_BYTES + 1), SOURCE_TOO_LARGE);
  assert_int_equal(problem_of(state, large, SOURCE_MAX_BYTES), SOURCE_OK);
  free(large);
}

static void an_unreadable_file_is_told_from_a_bad_one(void **state) {
  enum source_problem problem;
  assert_null(source_read(*state, "/nowhere/at/all.floe", &problem));
  assert_int_equal(problem, SOURCE_UNREADABLE);
}

static void a_diagnostic_shows_line_caret_fix_universes_and_related_place(void **state) {
  const struct source *source = source_of(state, "sigma = 1\n\ty ~ normal(ü, sgma)\r\n");
  struct diagnostics *sink = diagnostics_new(*state);
  size_t at = (size_t)(strstr(source->text, "sgma") - source->text);
  struct diagnostic *found = diagnose(sink, "E2104", (struct span){source, at, at + 4}, "unknown name `%s`", "sgma");
  found->fix = "did you mean `sigma`?";
  found->universes = "noise=heavy";
  found->related = (struct span){source, 0, 5};
  found->related_message = "defined here";
  struct floe__text out = {0};
  diagnostics_print(sink, false, &out);
  assert_string_equal(out.data, "a.floe:2:16: error E2104: unknown name `sgma`\n"
                                "    2 |  y ~ normal(ü, sgma)\n"
                                "      |                ^~~~ did you mean `sigma`?\n"
                                "      = in the universes noise=heavy\n"
                                "a.floe:1:1: note: defined here\n"
                                "    1 | sigma = 1\n"
                                "      | ^~~~~\n");
  floe__text_free(&out);
}

static void diagnostics_come_in_the_order_of_their_places_and_once(void **state) {
  const struct source *source = source_of(state, "abcdef\n");
  struct diagnostics *sink = diagnostics_new(*state);
  diagnose(sink, "E2001", (struct span){source, 4, 5}, "later");
  diagnose(sink, "W2001", (struct span){source, 0, 1}, "earlier");
  diagnose(sink, "E2001", (struct span){source, 4, 5}, "again");
  assert_int_equal(diagnostics_count(sink), 2);
  assert_int_equal(diagnostics_errors(sink), 1);
  assert_int_equal(diagnostics_warnings(sink), 1);
  assert_string_equal(diagnostics_at(sink, 0)->message, "earlier");
  assert_string_equal(diagnostics_at(sink, 1)->message, "later");
}

static void after_a_hundred_errors_the_rest_is_counted(void **state) {
  struct diagnostics *sink = diagnostics_new(*state);
  static char text[1000];
  memset(text, 'a', sizeof text - 1);
  const struct source *source = source_of(state, text);
  for (size_t k = 0; k < 250; k++) diagnose(sink, "E2001", (struct span){source, k, k + 1}, "wrong")->fix = "mend it";
  diagnose(sink, "W2001", (struct span){source, 5, 6}, "odd");
  assert_int_equal(diagnostics_errors(sink), 250);
  assert_int_equal(diagnostics_count(sink), 101);
  struct floe__text out = {0};
  diagnostics_print(sink, true, &out);
  assert_non_null(strstr(out.data, "... and 150 more\n"));
  floe__text_free(&out);
}

static void control_characters_and_endless_lines_do_not_reach_the_terminal(void **state) {
  size_t length = 100000;
  char *text = malloc(length + 1);
  assert_non_null(text);
  memset(text, 'a', length);
  text[length] = '\0';
  text[50001] = '\033';
  const struct source *source = source_of(state, text);
  struct diagnostics *sink = diagnostics_new(*state);
  diagnose(sink, "E1001", (struct span){source, 50000, length}, "wrong");
  struct floe__text out = {0};
  diagnostics_print(sink, false, &out);
  assert_true(out.length < 1000);
  assert_null(strchr(out.data, '\033'));
  floe__text_free(&out);
  free(text);
}

static void json_holds_code_message_place_universes_and_fix(void **state) {
  const struct source *source = source_of(state, "x = 1\ny = z\n");
  struct diagnostics *sink = diagnostics_new(*state);
  diagnose(sink, "E2104", (struct span){source, 10, 11}, "unknown name `z`")->fix = "did you mean `x`?";
  json_t *list = diagnostics_json(sink);
  char *text = json_dumps(list, JSON_COMPACT);
  assert_string_equal(text,
                      "[{\"code\":\"E2104\",\"message\":\"unknown name `z`\",\"where\":{\"file\":\"a.floe\",\"line\":2,"
                      "\"column\":5,\"end_line\":2,\"end_column\":6},\"universes\":null,"
                      "\"fix\":\"did you mean `x`?\"}]");
  free(text);
  json_decref(list);
}

static void a_suggestion_is_near_or_not_made(void **state) {
  (void)state;
  const char *const names[] = {"sigma", "mu", "theta", "tau"};
  assert_string_equal(suggest("sgma", names, 4), "sigma");
  assert_string_equal(suggest("thtea", names, 4), "theta");
  assert_string_equal(suggest("my", names, 4), "mu");
  assert_null(suggest("beta_school", names, 4));
  assert_null(suggest("x", names, 4));
  assert_null(suggest("", names, 4));
}

/* The table is searched by people, too. */
static void codes_are_sorted_and_have_titles(void **state) {
  (void)state;
  static const char *const codes[] = {
#define DIAGNOSTIC(code, severity, title) #code,
#include "compiler/source/diagnostic_codes.h"
#undef DIAGNOSTIC
  };
  size_t n = sizeof codes / sizeof codes[0];
  for (size_t k = 0; k < n; k++) {
    assert_int_equal(strlen(codes[k]), 5);
    assert_non_null(diagnostic_title(codes[k]));
    if (k > 0 && strcmp(codes[k - 1], codes[k]) >= 0) fail_msg("%s stands before %s", codes[k - 1], codes[k]);
  }
  assert_null(diagnostic_title("E0000"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_arena, free_arena)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(positions_count_characters_not_bytes),
      TEST(texts_that_are_no_texts_are_refused),
      TEST(an_unreadable_file_is_told_from_a_bad_one),
      TEST(a_diagnostic_shows_line_caret_fix_universes_and_related_place),
      TEST(diagnostics_come_in_the_order_of_their_places_and_once),
      TEST(after_a_hundred_errors_the_rest_is_counted),
      TEST(control_characters_and_endless_lines_do_not_reach_the_terminal),
      TEST(json_holds_code_message_place_universes_and_fix),
      TEST(a_suggestion_is_near_or_not_made),
      TEST(codes_are_sorted_and_have_titles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
