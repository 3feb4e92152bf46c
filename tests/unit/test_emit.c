/* Identifiers, escapes, and the loop programs between graph and C. What the generated code computes is tested in
 * test_generated.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "compiler/emit/emit.h"
#include "compiler/emit/identifiers.h"
#include "compiler/emit/writer.h"
#include "compiler/program/adjoint.h"
#include "compiler/program/schedule.h"
#include "compiler/program/tune.h"
#include "tests/support/interpreted.h"

static void no_memory(void *context) {
  (void)context;
  abort();
}

static const char grouped[] =
    "model grouped \"A \\\"quoted\\\" title, a back\\\\slash, */ and ?\?/ trigraph\"\n"
    "index child in 3..9\n"
    "index class = 4\n"
    "index item = 2\n"
    "data group[child] : index class ~ categorical([0.1, 0.2, 0.3, 0.4])\n"
    "data dose[child] : positive ~ lognormal(0, 0.5)\n"
    "obs  y[child]\n"
    "obs  z[child, item]\n"
    "axis link = plain* | bent\n"
    "param a[class] ~ normal(0, 1)\n"
    "param b[class, item] ~ normal(0, 2)\n"
    "param s ~ half_normal(1)\n"
    "param w ~ normal(0, 1)\n"
    "effect[child] = a[group[child]] + w * dose[child]\n"
    "curved[child] = choose link {\n"
    "  plain: effect[child]\n"
    "  bent: if(effect[child] > 0, log(effect[child]) * sqrt(effect[child]), effect[child]^3)\n"
    "}\n"
    "top = max(curved)\n"
    "total = sum(class: a[class] * a[class])\n"
    "y[child] ~ normal(curved + 0.1 * top, s + 0.01 * total)\n"
    "fitted[child, item] = b[group[child], item] * dose[child]\n"
    "z[child, item] ~ student_t(4, fitted[child, item], s)\n"
    "report curved, fitted\n"
    "report spread = max(a) - min(a)\n"
    "claim \"up\": top > 0\n"
    "check \"small\": max(abs(y)) < 3 with prob 0.9\n";

static void identifiers_never_collide(void **state) {
  (void)state;
  static const char *const wanted[] = {"int",  "int",    "exp",  "_x",       "__x",   "",       "9lives",    "a b",
                                       "a*/b", "size_t", "my_t", "MAX",      "N",     "floe_x", "FLOE_NONE", "x_2",
                                       "x",    "x",      "x",    "\xc3\xa4", "linux", "while",  "N"};
  struct floe__arena *arena = floe__arena_new((size_t)1 << 24, no_memory, NULL);
  struct identifiers *identifiers = identifiers_new(arena);
  const char *made[sizeof wanted / sizeof *wanted];
  for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
    made[k] = emit_identifier(identifiers, wanted[k]);
    assert_true((made[k][0] >= 'a' && made[k][0] <= 'z') || (made[k][0] >= 'A' && made[k][0] <= 'Z'));
    assert_int_equal(strspn(made[k], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"),
                     strlen(made[k]));
    assert_true(strcmp(made[k], "int") && strcmp(made[k], "exp") && strcmp(made[k], "while") &&
                strcmp(made[k], "linux"));
    for (size_t i = 0; i < k; i++) assert_string_not_equal(made[i], made[k]);
  }
  assert_string_equal(made[16], "x");
  floe__arena_free(arena);
}

static void strings_are_escaped(void **state) {
  (void)state;
  struct floe__text out = {0};
  write_string(&out, "a\"b\\c?\?/\n\x01\x7f\xc3\xa4 1", 15);
  assert_string_equal(out.data, "\"a\\\"b\\\\c\\077\\077/\\n\"\n    \"\\001\\177\\303\\244 1\"");
  floe__text_free(&out);
}

/* Sums within long loops, of which arrays are made and loops apart. */
static const char nested[] = "model nested\n"
                             "index row in 2..50\n"
                             "index column = 3\n"
                             "index item in 2..40\n"
                             "data x[row, column] ~ normal(0, 1)\n"
                             "obs  y[row] : bool\n"
                             "obs  z[row, item]\n"
                             "obs  n[row, column] : nat\n"
                             "axis link = plain* | bent\n"
                             "param b[column] ~ normal(0, 1)\n"
                             "param theta[row] ~ normal(0, 1)\n"
                             "param a[item] : positive ~ lognormal(0, 1)\n"
                             "y[row] ~ bernoulli_logit(choose link { plain: sum(column: x[row, column] * b[column])\n"
                             "                                       bent: sum(column: x[row, column] * exp(b[column])) })\n"
                             "z[row, item] ~ normal(exp(theta[row]) * a[item], 1)\n"
                             "n[row, column] ~ poisson(exp(theta[row]) * exp(b[column]))\n"
                             "report b\n";

static void check_routines(const char *spec) {
  struct interpreted *f = interpreted_text(spec);
  struct floe__text text = {0};
  for (size_t kind = 0; kind < N_INTERPRETATION; kind++) {
    if (kind == INTERPRETATION_GRADIENT) continue;
    struct routine *routine = schedule_routine(f->arena, f->study, (enum interpretation_kind)kind);
    if (!routine_verify(routine, &text)) fail_msg("routine %zu: %s", kind, text.data);
    if (kind != INTERPRETATION_LOG_DENSITY) continue;
    struct routine *gradient = adjoint_routine(f->arena, f->study);
    if (!routine_verify(gradient, &text)) fail_msg("gradient: %s", text.data);
    const struct routine *constants = tune_gradient(gradient);
    if (!routine_verify(gradient, &text)) fail_msg("tuned gradient: %s", text.data);
    if (constants && !routine_verify(constants, &text)) fail_msg("constants: %s", text.data);
  }
  dump_routines(f->study, f->arena, &text);
  assert_non_null(strstr(text.data, "gradient\n"));
  floe__text_free(&text);
  interpreted_free(f);
}

static void loop_programs_are_sound(void **state) {
  (void)state;
  check_routines(grouped);
  check_routines(nested);
}

static size_t count_loops(const struct block *block, size_t first) {
  size_t n = 0;
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    if (step->kind == STEP_LOOP) n += (step->loop->first == first) + count_loops(step->body, first);
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c]) n += count_loops(step->cases[c], first);
  }
  return n;
}

static size_t count_text(const char *text, const char *part) {
  size_t n = 0;
  for (const char *at = text; (at = strstr(at, part)); at++) n++;
  return n;
}

/* `h` is read by its prior and under both tails, `v` under both tails, the covariance `C` by `shared` and `K`. */
static void what_branches_share_is_computed_once(void **state) {
  (void)state;
  struct interpreted *f = interpreted_file("tests/data/specs/shared_arrays.floe");
  const struct routine *density = schedule_universe_density(f->arena, f->study);
  struct floe__text text = {0};
  if (!routine_verify(density, &text)) fail_msg("%s", text.data);
  /* v, h, and of the elements of h after the first: centring, prior, Jacobian */
  assert_int_equal(count_loops(density->body, 2), 5);
  routine_print(density, &text);
  assert_int_equal(count_text(text.data, " over day, day\n"), 3); /* C, K, L */
  floe__text_free(&text);
  interpreted_free(f);
}

/* A value used above its definition, and an array read before it was written. */
static void the_verifier_finds_what_is_wrong(void **state) {
  (void)state;
  struct interpreted *f = interpreted_text(grouped);
  struct floe__arena *arena = f->arena;
  struct study *study = f->study;
  struct floe__text text = {0};
  struct routine *routine = schedule_routine(arena, study, INTERPRETATION_LOG_DENSITY);
  struct block *body = routine->body;
  assert_true(routine_verify(routine, &text));
  for (size_t k = 0; k < body->n_step / 2; k++) {
    struct step *step = body->steps[k];
    body->steps[k] = body->steps[body->n_step - 1 - k];
    body->steps[body->n_step - 1 - k] = step;
  }
  assert_false(routine_verify(routine, &text));
  assert_non_null(strstr(text.data, "is used where it is not"));
  floe__text_free(&text);
  interpreted_free(f);
}

static void the_same_spec_gives_the_same_code(void **state) {
  (void)state;
  struct floe__text text[2] = {0};
  for (size_t k = 0; k < 2; k++) {
    struct interpreted *f = interpreted_text(grouped);
    emit_study(f->study, f->arena, false, &text[k]);
    interpreted_free(f);
  }
  assert_string_equal(text[0].data, text[1].data);
  floe__text_free(&text[0]);
  floe__text_free(&text[1]);
}
int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(identifiers_never_collide),         cmocka_unit_test(strings_are_escaped),
      cmocka_unit_test(loop_programs_are_sound),           cmocka_unit_test(what_branches_share_is_computed_once),
      cmocka_unit_test(the_verifier_finds_what_is_wrong),
      cmocka_unit_test(the_same_spec_gives_the_same_code),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
