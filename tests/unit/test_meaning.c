/* Presence algebra, broadcasting, lints and limits of compiler/meaning/. The standard library is read from
 * $FLOE_SOURCE/stdlib, or ./stdlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "base/text.h"
#include "compiler/meaning/checker.h"
#include "compiler/syntax/parse.h"
#include "tests/support/stdlib.h"

static void no_memory(void *context) {
  (void)context;
  fail_msg("the arena is exhausted");
  abort();
}

struct checked {
  struct floe__arena *arena;
  struct floe__names *names;
  struct diagnostics *sink;
  const struct program *program;
};

static struct checked check_text(const char *text) {
  struct checked checked = {.arena = floe__arena_new((size_t)1 << 29, no_memory, NULL)};
  enum source_problem problem;
  const struct library *library = stdlib_read(checked.arena);
  checked.names = floe__names_over(checked.arena, library->names);
  checked.sink = diagnostics_new(checked.arena);
  const struct source *source = source_from_text(checked.arena, "spec", text, strlen(text), &problem);
  assert_non_null(source);
  const struct tree *tree = parse_source(checked.arena, checked.names, checked.sink, source);
  assert_int_equal(diagnostics_errors(checked.sink), 0);
  checked.program = check_program(checked.arena, checked.names, checked.sink, N_LIBRARY, library->files, tree, false);
  return checked;
}

static void assert_typed(const char *text, const char *expected) {
  struct checked checked = check_text(text);
  struct floe__text out = {0};
  if (!checked.program)
    diagnostics_print(checked.sink, false, &out);
  else
    dump_program(checked.program, &out);
  if (!out.data || !strstr(out.data, expected)) fail_msg("expected `%s` in:\n%s", expected, out.data ? out.data : "");
  floe__text_free(&out);
  floe__arena_free(checked.arena);
}

/* The only errors (or warnings, for a code W...) are of this code, and there is one at least. */
static void assert_finds(const char *text, const char *code) {
  struct checked checked = check_text(text);
  bool found = false;
  if (checked.program) check_lints(checked.arena, checked.sink, checked.program);
  for (size_t k = 0; k < diagnostics_count(checked.sink); k++) {
    const struct diagnostic *d = diagnostics_at(checked.sink, k);
    if (strcmp(d->code, code) != 0) fail_msg("expected %s only, found %s: %s", code, d->code, d->message);
    found = true;
  }
  assert_true(found);
  floe__arena_free(checked.arena);
}

/* ---- broadcasting ---- */

#define HEAD "model m\nindex i in 2..9\nindex k in 2..5\ndata g[i] : index k\nobs y[i]\nparam a[k] ~ normal(0, 1)\n"
#define TAIL "\ny[i] ~ normal(a[g], 1)\nreport a\n"

static void an_array_is_gathered_at_the_binders_of_the_left_side(void **state) {
  (void)state;
  assert_typed(HEAD "b[k] = 2 * a" TAIL, "= [k] (2 * a{k})");
}

static void an_alias_gathers_as_the_index_itself(void **state) {
  (void)state;
  assert_typed(HEAD "b[j in k] = 2 * a" TAIL, "= [j in k] (2 * a{j})");
}

static void an_index_that_is_missing_on_the_left_must_be_reduced(void **state) {
  (void)state;
  assert_finds(HEAD "b = 2 * a" TAIL, "E2009");
  assert_typed(HEAD "b = sum(2 * a)" TAIL, "= sum(k: (2 * a{k}))");
}

static void an_array_argument_is_not_gathered(void **state) {
  (void)state;
  assert_typed(HEAD "b[k] = a - mean(a)" TAIL, "= [k] (a{k} - mean(a))");
}

static void an_array_argument_with_a_superfluous_bound_index_is_gathered_there(void **state) {
  (void)state;
  assert_typed(HEAD "c[i, k] = a * y0[i]\nb[i] = mean(c)" TAIL, "unknown name `y0`");
  assert_typed(HEAD "c[i, k] = a\nb[i] = mean(c)" TAIL, "= [i] mean([k: c{i, k}])");
}

static void an_elementwise_argument_becomes_a_map(void **state) {
  (void)state;
  assert_typed(HEAD "b = argmax(a * a)" TAIL, "= argmax([k: (a{k} * a{k})])");
}

static void codes_pick_elements(void **state) {
  (void)state;
  assert_typed(HEAD "b[i] = a[g]" TAIL, "= [i] a{g{i}}");
}

static void a_reduction_may_hide_an_outer_index(void **state) {
  (void)state;
  assert_typed(HEAD "b[k] = a / sum(k: a)" TAIL, "= [k] (a{k} / sum(k: a{k}))");
}

static void an_index_over_another_dimension_is_refused(void **state) {
  (void)state;
  assert_finds(HEAD "b[i] = a[i]" TAIL, "E2011");
}

static void an_index_is_a_number_where_no_value_has_its_name(void **state) {
  (void)state;
  assert_typed(HEAD "b[k] = a * k" TAIL, "= [k] (a{k} * k)");
}

/* ---- presence ---- */

static struct checker presence_checker(struct floe__arena *arena, struct axis axes[2]) {
  static const struct option_of_axis options[] = {{.label = "p"}, {.label = "q"}, {.label = "r"}};
  struct checker c = {.arena = arena, .sink = diagnostics_new(arena)};
  uint64_t *all = floe__arena_array(arena, MAX_AXES, sizeof *all);
  memset(all, 0xff, MAX_AXES * sizeof *all);
  c.everywhere.options = all;
  axes[0] = (struct axis){.name = "a", .id = 0, .n_option = 3, .options = options};
  axes[1] = (struct axis){.name = "b", .id = 1, .n_option = 2, .options = options};
  list_add(arena, &c.axes, &axes[0]);
  list_add(arena, &c.axes, &axes[1]);
  return c;
}

static void boxes_meet_join_and_contain(void **state) {
  (void)state;
  struct floe__arena *arena = floe__arena_new((size_t)1 << 20, no_memory, NULL);
  struct axis axes[2];
  struct checker c = presence_checker(arena, axes);
  struct presence ap = presence_with(&c, c.everywhere, &axes[0], 1), aq = presence_with(&c, c.everywhere, &axes[0], 2);
  struct presence bp = presence_with(&c, c.everywhere, &axes[1], 1), ap_bp = presence_with(&c, ap, &axes[1], 1);
  struct presence box;
  assert_false(presence_meet(&c, ap, aq, &box));
  assert_true(presence_meet(&c, ap, bp, &box));
  assert_true(presence_within(&c, box, ap_bp) && presence_within(&c, ap_bp, box));
  assert_true(presence_within(&c, ap_bp, ap));
  assert_false(presence_within(&c, ap, ap_bp));
  assert_true(presence_join(&c, ap, aq, &box));
  assert_string_equal(presence_text(&c, box), "a=p|q");
  assert_false(presence_join(&c, ap, presence_with(&c, aq, &axes[1], 1), &box));
  assert_true(presence_join(&c, box = presence_with(&c, c.everywhere, &axes[0], 6), ap, &box));
  assert_null(presence_text(&c, box));
  floe__arena_free(arena);
}

#define CHOICE "model m\nindex i in 2..9\nobs y[i]\naxis a = p* | q | r\naxis b = p* | q\n"

static void nested_options_may_share_an_observation(void **state) {
  (void)state;
  assert_typed(CHOICE "choose a {\n p: choose b {\n p: y[i] ~ normal(0, 1)\n q: y[i] ~ normal(0, 2)\n }\n"
                      " else: y[i] ~ normal(0, 3)\n}\n",
               "choose a { p: choose b { p: normal(0, 1) q: normal(0, 2) } q: normal(0, 3) r: normal(0, 3) }");
}

static void a_forbidden_hole_is_no_hole(void **state) {
  (void)state;
  const char *text =
      "choose a {\n p: choose b {\n p: y[i] ~ normal(0, 1)\n q: z = 1\n }\n else: y[i] ~ normal(0, 3)\n}\n";
  char whole[500];
  snprintf(whole, sizeof whole, "%s%s", CHOICE, text);
  assert_finds(whole, "E3009");
  snprintf(whole, sizeof whole, "%s%s%s", CHOICE, text, "forbid a = p and b = q\n");
  assert_finds(whole, "W2001");
}

static void require_forbids_the_opposite(void **state) {
  (void)state;
  assert_typed(CHOICE "require a = p => b = q\nforbid a = q\ny[i] ~ normal(0, 1)\n",
               "the reference universe is forbidden");
}

/* ---- types ---- */

#define ONE "model m\nobs y\n"

static void an_undeclared_type_is_the_smallest_that_holds_every_option(void **state) {
  (void)state;
  assert_typed(ONE "axis a {\n p* : half_cauchy(1)\n q : uniform(0, 3)\n}\nparam s ~ a\ny ~ normal(0, s)\n",
               "param s : real in 0..inf");
  assert_typed(ONE "param s ~ uniform(0, 3)\ny ~ normal(s, 1)\n", "param s : real in 0..3");
  assert_typed(ONE "param s ~ beta(1, 1)\ny ~ normal(s, 1)\n", "param s : real in 0..1");
  assert_typed(ONE "param s ~ uniform(-1, exp(0))\ny ~ normal(s, 1)\n", "param s : real in -1..1");
  assert_typed("model m\nobs y\ny ~ poisson(3)\n", "obs y : int in 0..inf");
}

static void powers_are_checked_at_both_ends_of_an_axis(void **state) {
  (void)state;
  assert_finds(ONE "axis p = 1 in 0.5 .. 2\nparam s ~ half_cauchy(1) ^ p\ny ~ normal(0, s)\n", "E2024");
  assert_typed(ONE "axis p = 1 in 0.6 .. 2\nparam s ~ half_cauchy(1) ^ p\ny ~ normal(0, s)\n", "half_cauchy(1) ^ p");
  assert_finds(ONE "param s ~ gamma(0.5, 1) ^ 3\ny ~ normal(0, s)\n", "E2024");
  assert_finds(ONE "param s ~ beta(2, 2) ^ 2 on log\ny ~ normal(0, s)\n", "E2023");
}

/* ---- lints ---- */

static void what_is_rarely_meant_is_warned_about(void **state) {
  (void)state;
  assert_finds(ONE "data x ~ normal(0, 1)\ny ~ normal(0, 1)\n", "W2001");
  assert_finds(ONE "param b ~ normal(0, 1)\ny ~ normal(0, 1)\n", "W2002");
  assert_finds(ONE "axis a = p* | q\ny ~ normal(0, 1)\n", "W3001");
  assert_finds(ONE "axis a {\n p* : normal(0, 1)\n q : normal(0, 1)\n}\nparam b ~ a\ny ~ normal(b, 1)\n", "W3002");
}

/* ---- hostile specs ---- */

static void names_beyond_the_limit_are_refused(void **state) {
  (void)state;
  struct floe__text text = {0};
  floe__text_puts(&text, ONE "y ~ normal(0, 1)\n");
  for (int k = 0; k < MAX_SYMBOLS; k++) floe__text_printf(&text, "x%d = 1\n", k);
  assert_finds(text.data, "E9004");
  floe__text_free(&text);
}

static void definitions_that_double_are_checked_in_no_time(void **state) {
  (void)state;
  struct floe__text text = {0};
  floe__text_puts(&text, ONE "x0 = 1\n");
  for (int k = 1; k < 200; k++) floe__text_printf(&text, "x%d = x%d + x%d\n", k, k - 1, k - 1);
  floe__text_puts(&text, "fun f0(x) = x\n");
  for (int k = 1; k < 12; k++) floe__text_printf(&text, "fun f%d(x) = f%d(x) + f%d(x)\n", k, k - 1, k - 1);
  floe__text_puts(&text, "y ~ normal(x199, f11(1))\n");
  assert_typed(text.data, "obs y");
  floe__text_free(&text);
}

static void functions_that_grow_without_bound_are_refused(void **state) {
  (void)state;
  struct floe__text text = {0};
  floe__text_puts(&text, ONE "fun f0(x) = x\n");
  for (int k = 1; k < 60; k++) floe__text_printf(&text, "fun f%d(x) = f%d(x) + f%d(x + 1)\n", k, k - 1, k - 1);
  floe__text_puts(&text, "y ~ normal(f59(1), 1)\n");
  assert_finds(text.data, "E9007");
  floe__text_free(&text);
}

static void all_errors_of_a_run_are_reported_once(void **state) {
  (void)state;
  struct checked checked = check_text(ONE "a = b + c\nd = a + e\nparam f ~ nrmal(a, 1)\ny ~ normal(f, g)\nreport f\n");
  assert_int_equal(diagnostics_errors(checked.sink), 5);
  floe__arena_free(checked.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_array_is_gathered_at_the_binders_of_the_left_side),
      cmocka_unit_test(an_alias_gathers_as_the_index_itself),
      cmocka_unit_test(an_index_that_is_missing_on_the_left_must_be_reduced),
      cmocka_unit_test(an_array_argument_is_not_gathered),
      cmocka_unit_test(an_array_argument_with_a_superfluous_bound_index_is_gathered_there),
      cmocka_unit_test(an_elementwise_argument_becomes_a_map),
      cmocka_unit_test(codes_pick_elements),
      cmocka_unit_test(a_reduction_may_hide_an_outer_index),
      cmocka_unit_test(an_index_over_another_dimension_is_refused),
      cmocka_unit_test(an_index_is_a_number_where_no_value_has_its_name),
      cmocka_unit_test(boxes_meet_join_and_contain),
      cmocka_unit_test(nested_options_may_share_an_observation),
      cmocka_unit_test(a_forbidden_hole_is_no_hole),
      cmocka_unit_test(require_forbids_the_opposite),
      cmocka_unit_test(an_undeclared_type_is_the_smallest_that_holds_every_option),
      cmocka_unit_test(powers_are_checked_at_both_ends_of_an_axis),
      cmocka_unit_test(what_is_rarely_meant_is_warned_about),
      cmocka_unit_test(names_beyond_the_limit_are_refused),
      cmocka_unit_test(definitions_that_double_are_checked_in_no_time),
      cmocka_unit_test(functions_that_grow_without_bound_are_refused),
      cmocka_unit_test(all_errors_of_a_run_are_reported_once),
  };
  return cmocka_run_group_tests_name("meaning", tests, NULL, NULL);
}
