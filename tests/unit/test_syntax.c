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
#include "base/names.h"
#include "base/text.h"
#include "compiler/source/diagnostic.h"
#include "compiler/syntax/parse.h"

static void no_memory(void *context) {
  (void)context;
  fail_msg("the arena is exhausted");
  abort();
}

struct reading {
  struct floe__arena *arena;
  struct diagnostics *sink;
  const struct source *source;
  struct tree *tree;
};

static struct reading read_bytes(const char *text, size_t length) {
  struct reading r = {.arena = floe__arena_new((size_t)1 << 30, no_memory, NULL)};
  enum source_problem problem;
  r.source = source_from_text(r.arena, "a.floe", text, length, &problem);
  assert_non_null(r.source);
  r.sink = diagnostics_new(r.arena);
  r.tree = parse_source(r.arena, floe__names_new(r.arena), r.sink, r.source);
  assert_non_null(r.tree);
  return r;
}

static struct reading read_text(const char *text) {
  return read_bytes(text, strlen(text));
}

static void forget(struct reading *r) {
  floe__arena_free(r->arena);
}

static bool has_code(const struct reading *r, const char *code) {
  for (size_t k = 0; k < diagnostics_count(r->sink); k++)
    if (strcmp(diagnostics_at(r->sink, k)->code, code) == 0) return true;
  return false;
}

static void expect_clean(const struct reading *r) {
  struct floe__text out = {0};
  diagnostics_print(r->sink, false, &out);
  if (out.length) fail_msg("%s", out.data);
}

static void expect_code(const char *text, const char *code) {
  struct reading r = read_text(text);
  if (!has_code(&r, code)) fail_msg("no %s for: %.200s", code, text);
  forget(&r);
}

static size_t count_statements(const char *text) {
  struct reading r = read_text(text);
  expect_clean(&r);
  size_t n = 0;
  for (const struct statement *s = r.tree->statements; s; s = s->next) n++;
  forget(&r);
  return n;
}

/* The value of `x = ...` as canonical text with all its parentheses, through the dump: (a (b c)). */
static void expect_same_tree(const char *one, const char *other) {
  struct reading a = read_text(one), b = read_text(other);
  expect_clean(&a);
  expect_clean(&b);
  struct floe__text tree_a = {0}, tree_b = {0};
  dump_tree(a.tree, &tree_a);
  dump_tree(b.tree, &tree_b);
  if (strcmp(tree_a.data, tree_b.data) != 0) fail_msg("%s and %s differ", one, other);
  floe__text_free(&tree_a);
  floe__text_free(&tree_b);
  forget(&a);
  forget(&b);
}

static void lines_end_statements_except_where_something_must_follow(void **state) {
  (void)state;
  assert_int_equal(count_statements("x = 1\ny = 2\n\n\nz = 3"), 3);
  assert_int_equal(count_statements("x = f(1,\n2\n)\ny = [1\n, 2]\n"), 2);
  static const char *const continued[] = {"+", "-", "*", "/", "^", "<", "<=", "==", "!=", "and", "or"};
  for (size_t k = 0; k < sizeof continued / sizeof continued[0]; k++) {
    char text[64];
    snprintf(text, sizeof text, "x = a %s # more\n\n  b\n", continued[k]);
    assert_int_equal(count_statements(text), 1);
  }
  assert_int_equal(count_statements("report a,\n b\n"), 2);
  assert_int_equal(count_statements("x =\n 1\nparam y ~\r\n normal(0, 1)\r\n"), 2);
}

static void a_mark_behind_an_option_never_continues_the_line(void **state) {
  (void)state;
  assert_int_equal(count_statements("axis A = a | b*\nx = 1\n"), 2);
  assert_int_equal(count_statements("axis A = a | b *\nx = 1\n"), 2);
  assert_int_equal(count_statements("equiv A = a*\nx = 1\n"), 2);
  assert_int_equal(count_statements("axis A {\n a\n b*\n c *\n d : 2 *\n 3\n}\n"), 1);
  assert_int_equal(count_statements("x = a*\nb\n"), 1);
}

static void else_may_stand_on_a_line_of_its_own(void **state) {
  (void)state;
  assert_int_equal(count_statements("if x > 1 { y = 1 }\n\nelse if x > 0 { y = 2 }\nelse {\n y = 3 }\n"), 1);
  assert_int_equal(count_statements("choose A {\n a: if x > 1 { y = 1 }\n\n else: y = 2\n}\n"), 1);
}

static void options_may_share_a_line(void **state) {
  (void)state;
  expect_same_tree("choose A { a: x = 1\n y = 2  b: x = f(1)  else: z = 1 }",
                   "choose A {\n a:\n  x = 1\n  y = 2\n\n b: x = f(1)\n else:\n z = 1\n}");
  expect_same_tree("axis A { a* : f(1)  b @ 0.5  c : -1 }", "axis A {\n a* : f(1)\n b @ 0.5\n c : -1\n}");
  expect_same_tree("x = choose A { a: y  b: choose B { c: 1  d: 2 }  e: -1 }",
                   "x = choose A {\n a: y\n b: choose B {\n c:\n 1\n d: 2 }\n e: -1 }");
}

static void operators_bind_as_in_mathematics(void **state) {
  (void)state;
  expect_same_tree("x = -a^b^c", "x = -(a^(b^c))");
  expect_same_tree("x = a^-b * c", "x = (a^(-b)) * c");
  expect_same_tree("x = a - b - c * d / e", "x = ((a - b) - ((c * d) / e))");
  expect_same_tree("x = a + 1 < b * 2 and not c == d or e", "x = (((a + 1) < (b * 2)) and (not (c == d))) or e");
  expect_same_tree("x = -a * b", "x = (-a) * b");
  expect_same_tree("x = a[1][2]^c", "x = ((a[1])[2])^c");
  expect_same_tree("y ~ f(1) ^ a on log in 0..inf", "y ~ ((f(1) ^ a) on log) in 0..inf");
  expect_same_tree("x = a in 0..1 - b and c", "x = (a in 0..(1 - b)) and c");
  expect_same_tree("forbid A = a and not B != b or C > 1", "forbid ((A = a) and (not (B != b))) or (C > 1)");
}

static void keywords_are_names_where_a_name_stands(void **state) {
  (void)state;
  static const char *const words[] = {"model", "use",     "index",  "data",    "param",      "latent",  "obs",
                                      "axis",  "equiv",   "prep",   "fun",     "dist",       "extern",  "claim",
                                      "check", "network", "report", "forbid",  "require",    "result",  "ordered",
                                      "log",   "prob",    "draw",   "as",      "derivative", "adjoint", "sim",
                                      "part",  "hyper",   "elicit", "summary", "var",        "missing", "censored"};
  for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
    char text[400];
    const char *w = words[k];
    snprintf(text, sizeof text,
             "%s = 1\n%s[i] = %s + f(%s = %s)\nparam %s ~ normal(0, %s)\nchoose A { %s: %s ~ %s  b: x = %s }\n"
             "axis %s = %s* | b\n%s ~ choose %s { %s: %s  else: %s }\n",
             w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w, w);
    struct reading r = read_text(text);
    expect_clean(&r);
    forget(&r);
  }
}

static void spans_cover_what_they_name(void **state) {
  (void)state;
  struct reading r = read_text("# c\n  param  mu [i] ~ normal( 0,  tau )\n");
  expect_clean(&r);
  const struct statement *s = r.tree->statements;
  const char *text = r.source->text;
  assert_memory_equal(text + s->span.begin, "param", 5);
  assert_int_equal(s->span.end, (size_t)(strchr(text, ')') - text) + 1);
  assert_memory_equal(text + s->name_span.begin, "mu", 2);
  assert_int_equal(s->name_span.end - s->name_span.begin, 2);
  assert_memory_equal(text + s->value->span.begin, "normal", 6);
  assert_int_equal(s->value->name_span.end - s->value->name_span.begin, 6);
  const struct expr *tau = s->value->items->next;
  assert_memory_equal(text + tau->span.begin, "tau", 3);
  assert_int_equal(tau->span.end - tau->span.begin, 3);
  assert_int_equal(r.tree->comments->span.end, 3);
  assert_true(r.tree->comments->alone);
  forget(&r);
}

static void numbers_are_read_exactly_and_refused_out_of_range(void **state) {
  (void)state;
  struct reading r = read_text("a = 1_000\nb = 1e3\nc = .5\nd = 9007199254740993\n");
  expect_clean(&r);
  const struct statement *s = r.tree->statements;
  assert_true(s->value->is_int && s->value->number == 1000);
  s = s->next;
  assert_true(!s->value->is_int && s->value->number == 1000);
  s = s->next;
  assert_true(s->value->number == 0.5);
  assert_false(s->next->value->is_int);
  forget(&r);
  expect_code("x = 1e999", "E1006");
  expect_code("x = 1e-999", "E1006");
  expect_code("x = 0x10", "E1005");
  struct reading zero = read_text("x = 0.0e-999\n");
  expect_clean(&zero);
  forget(&zero);
}

/* ---- hostile texts ---- */

static char *repeat(const char *before, const char *unit, size_t n, const char *after) {
  size_t width = strlen(unit);
  char *text = malloc(strlen(before) + n * width + strlen(after) + 1);
  assert_non_null(text);
  char *at = stpcpy(text, before);
  for (size_t k = 0; k < n; k++) at = stpcpy(at, unit);
  stpcpy(at, after);
  return text;
}

static void expect_too_deep(char *text) {
  struct reading r = read_text(text);
  assert_true(has_code(&r, "E9001"));
  assert_true(diagnostics_errors(r.sink) <= 2);
  struct floe__text out = {0}; /* whoever walks the tree must survive, too */
  dump_tree(r.tree, &out);
  print_tree(r.tree, &out);
  floe__text_free(&out);
  forget(&r);
  free(text);
}

static void depth_is_an_error_and_never_a_crash(void **state) {
  (void)state;
  expect_too_deep(repeat("x = 1", " + 1", 400000, "\n"));
  expect_too_deep(repeat("x = ", "(", 400000, "1"));
  expect_too_deep(repeat("x = ", "-", 400000, "1"));
  expect_too_deep(repeat("x = ", "not ", 400000, "1"));
  expect_too_deep(repeat("x = 1", "^1", 400000, "\n"));
  expect_too_deep(repeat("x = a", "[1]", 200000, "\n"));
  expect_too_deep(repeat("x = ", "f(", 200000, ""));
  expect_too_deep(repeat("", "if x { ", 100000, ""));
  expect_too_deep(repeat("if x { y = 1 }", " else if x { y = 1 }", 3000, "\n"));
  expect_too_deep(repeat("if x { y = 1 }", " else if x { y = 1 }", 50000, "\n"));
  expect_too_deep(repeat("x = ", "choose A { a: ", 50000, "1"));
}

static void what_is_just_shallow_enough_is_read(void **state) {
  (void)state;
  char *text = repeat("x = 1", " + 1", TREE_MAX_DEPTH - 1, "\n");
  struct reading r = read_text(text);
  expect_clean(&r);
  assert_int_equal(r.tree->statements->value->depth, TREE_MAX_DEPTH);
  forget(&r);
  free(text);
}

static void too_many_tokens_are_one_error(void **state) {
  (void)state;
  char *text = repeat("", "x=1\n", 300000, "");
  struct reading r = read_text(text);
  assert_true(has_code(&r, "E9002"));
  assert_int_equal(diagnostics_errors(r.sink), 1);
  forget(&r);
  free(text);
}

/* Every beginning of a real spec, and every spec with one byte changed, is read without a crash. */
static void damaged_texts_are_survived(void **state) {
  (void)state;
  const char *spec =
      "index i in 2..4\naxis A \"a\" { a* : f(1) # c\n b @ 0.5 }\nchoose A { a: param x[i] ~ normal(0, 1)^2 on log\n"
      " y = \"s\" else: z = [1, if(a, b, c)] }\nfun f(x[i, j in i] : real[i]) : int in 0..1 {\n result sum(j in i: -x) }\n"
      "forbid A = a or not (B != b)\nextern fun g(x) as \"g\" derivative (1, 2) adjoint \"h\"\node s at t { }\n";
  size_t length = strlen(spec);
  const char swaps[] = "(){}[]\"#,:=~*@\n \\x1";
  char *copy = malloc(length + 1);
  assert_non_null(copy);
  for (size_t k = 0; k < length; k++) {
    struct reading r = read_bytes(spec, k);
    forget(&r);
    memcpy(copy, spec, length + 1);
    copy[k] = swaps[k % (sizeof swaps - 1)];
    r = read_bytes(copy, length);
    struct floe__text out = {0};
    dump_tree(r.tree, &out);
    if (!diagnostics_errors(r.sink)) print_tree(r.tree, &out);
    floe__text_free(&out);
    forget(&r);
  }
  free(copy);
}

static void several_errors_are_reported_in_one_run(void **state) {
  (void)state;
  struct reading r =
      read_text("x = = 1\nparam mu ~ ~ 1\ny = 2\nfor s in { z = ] }\naxis A { a b* : : 2\n c }\nw 1 = 2\nv = 3\n");
  assert_true(diagnostics_errors(r.sink) >= 5);
  size_t defined = 0;
  for (const struct statement *s = r.tree->statements; s; s = s->next) defined += s->kind == STATEMENT_DEFINE;
  assert_int_equal(defined, 2); /* y and v: what could be understood is in the tree */
  forget(&r);
}

static void one_statement_can_be_read_from_a_string(void **state) {
  (void)state;
  struct reading r = read_text("");
  enum source_problem problem;
  struct floe__names *names = floe__names_new(r.arena);
  const char *good = "tau ~ half_normal(2)", *two = "x = 1\ny = 2", *bad = "x = +";
  const struct source *source = source_from_text(r.arena, "--set", good, strlen(good), &problem);
  struct statement *s = parse_statement(r.arena, names, r.sink, source);
  assert_non_null(s);
  assert_int_equal(s->kind, STATEMENT_SAMPLE);
  assert_null(parse_statement(r.arena, names, r.sink, source_from_text(r.arena, "--set", two, strlen(two), &problem)));
  assert_null(parse_statement(r.arena, names, r.sink, source_from_text(r.arena, "--set", bad, strlen(bad), &problem)));
  assert_null(parse_statement(r.arena, names, r.sink, source_from_text(r.arena, "--set", "", 0, &problem)));
  forget(&r);
}

/* ---- print and parse ---- */

static size_t count_bytes(const char *text, char byte) {
  size_t n = 0;
  for (; *text; text++) n += *text == byte;
  return n;
}

static void expect_round_trip(const char *path) {
  struct floe__arena *arena = floe__arena_new((size_t)1 << 28, no_memory, NULL);
  enum source_problem problem;
  const struct source *source = source_read(arena, path, &problem);
  if (!source) fail_msg("%s: %s", path, source_problem_text(problem));
  struct reading first = read_bytes(source->text, source->length);
  expect_clean(&first);
  struct floe__text printed = {0}, again = {0}, tree = {0}, tree_again = {0};
  print_tree(first.tree, &printed);
  struct reading second = read_bytes(printed.data, printed.length);
  expect_clean(&second);
  print_tree(second.tree, &again);
  dump_tree(first.tree, &tree);
  dump_tree(second.tree, &tree_again);
  assert_string_equal(printed.data, again.data);
  assert_string_equal(tree.data, tree_again.data);
  assert_int_equal(count_bytes(source->text, '#'), count_bytes(printed.data, '#'));
  floe__text_free(&printed);
  floe__text_free(&again);
  floe__text_free(&tree);
  floe__text_free(&tree_again);
  forget(&first);
  forget(&second);
  floe__arena_free(arena);
}

/* Checks NAME.floe files of a folder and, one level down, of its folders. */
static size_t round_trip_folder(const char *folder, int levels) {
  size_t n = 0;
  DIR *list = opendir(folder);
  if (!list) fail_msg("no folder %s", folder);
  for (struct dirent *entry; (entry = readdir(list));) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    size_t length = strlen(path);
    DIR *inner = entry->d_name[0] != '.' && levels > 0 ? opendir(path) : NULL;
    if (inner) {
      closedir(inner);
      n += round_trip_folder(path, levels - 1);
    } else if (length > 5 && strcmp(path + length - 5, ".floe") == 0) {
      expect_round_trip(path);
      n++;
    }
  }
  closedir(list);
  return n;
}

static void printing_and_reading_again_changes_nothing(void **state) {
  (void)state;
  static const char *const folders[] = {"stdlib", "examples", "tests/golden/tree", "tests/golden/fmt"};
  const char *root = getenv("FLOE_SOURCE") ? getenv("FLOE_SOURCE") : ".";
  size_t n = 0;
  for (size_t k = 0; k < sizeof folders / sizeof folders[0]; k++) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root, folders[k]);
    n += round_trip_folder(path, 1);
  }
  assert_true(n >= 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_end_statements_except_where_something_must_follow),
      cmocka_unit_test(a_mark_behind_an_option_never_continues_the_line),
      cmocka_unit_test(else_may_stand_on_a_line_of_its_own),
      cmocka_unit_test(options_may_share_a_line),
      cmocka_unit_test(operators_bind_as_in_mathematics),
      cmocka_unit_test(keywords_are_names_where_a_name_stands),
      cmocka_unit_test(spans_cover_what_they_name),
      cmocka_unit_test(numbers_are_read_exactly_and_refused_out_of_range),
      cmocka_unit_test(depth_is_an_error_and_never_a_crash),
      cmocka_unit_test(what_is_just_shallow_enough_is_read),
      cmocka_unit_test(too_many_tokens_are_one_error),
      cmocka_unit_test(damaged_texts_are_survived),
      cmocka_unit_test(several_errors_are_reported_in_one_run),
      cmocka_unit_test(one_statement_can_be_read_from_a_string),
      cmocka_unit_test(printing_and_reading_again_changes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
