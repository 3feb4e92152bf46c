/* fuzz_check.c: a libFuzzer target. Arbitrary bytes as a spec go through the whole compiler: parse, check, derive, verify, emit;
 * what parses is also printed and parsed again, what is accepted is shown as a single universe and checked again. A crash, a leak, memory beyond the bound, a graph that is not sound or
 * generated C in which text of the spec stands outside of strings and comments is a finding.
 *
 *   clang -g -O1 -fsanitize=fuzzer,address ... (tests/fuzz/README.md)
 *
 * tests/unit/test_fuzz.c replays the corpus through the same function. */
#include "tests/fuzz/fuzz_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "compiler/driver/pipeline.h"
#include "compiler/source/source.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/universe.h"

#define MEMORY_LIMIT ((size_t)512 << 20)

static void finding(const char *what) {
  fprintf(stderr, "finding: %s\n", what);
  abort();
}

static void exhausted(void *context) {
  (void)context;
  finding("more memory than a spec of this size may take");
}

/* ---- generated C ---- */

/* Behind the string that begins at `at`. */
static const char *behind_string(const char *at) {
  for (at++; *at != '"'; at++) {
    if (!*at || *at == '\n') finding("a string of the generated C is not closed");
    if (*at == '\\' && !*++at) finding("a string of the generated C is not closed");
    if (at[0] == '?' && at[1] == '?' && at[2]) finding("a trigraph in the generated C");
  }
  return at + 1;
}

static const char *behind_comment(const char *at) {
  const char *end = strstr(at + 2, "*/");
  if (!end) finding("a comment of the generated C is not closed");
  return end + 2;
}

static bool is_directive(const char *at) {
  static const char *const known[] = {"#include", "#define", "#pragma omp simd",
                                      "#if defined __GNUC__ && !defined __clang__\n", "#else\n", "#endif\n"};
  for (size_t k = 0; k < sizeof known / sizeof *known; k++)
    if (!strncmp(at, known[k], strlen(known[k]))) return true;
  return false;
}

/* Outside of strings and comments there is nothing but what C is made of, brackets match, and directives include. */
static void check_c(const char *code) {
  static const char outside[] = "_ \n\t+-*/%<>=!&|^~?:;,.()[]{}#'\\";
  char open[256];
  size_t depth = 0;
  for (const char *at = code; *at;) {
    if (*at == '"') {
      at = behind_string(at);
      continue;
    }
    if (at[0] == '/' && at[1] == '*') {
      at = behind_comment(at);
      continue;
    }
    bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');
    if (!letter && !strchr(outside, *at)) finding("a character that C does not have");
    if (*at == '#' && !is_directive(at)) finding("a directive");
    if (strchr("([{", *at) && depth < sizeof open) open[depth++] = *at;
    if (strchr(")]}", *at)) {
      char wanted = *at == ')' ? '(' : *at == ']' ? '[' : '{';
      if (!depth || open[--depth] != wanted) finding("brackets of the generated C do not match");
    }
    at++;
  }
  if (depth) finding("brackets of the generated C do not match");
}

/* ---- fmt ---- */

static size_t errors_of(struct floe__arena *arena, const char *text, size_t length, struct floe__text *again) {
  enum source_problem problem;
  struct diagnostics *sink = diagnostics_new(arena);
  const struct source *source = source_from_text(arena, "again.floe", text, length, &problem);
  if (!source) finding("formatted text is no text");
  print_tree(parse_source(arena, floe__names_new(arena), sink, source), again);
  return diagnostics_errors(sink);
}

static void check_fmt(struct floe__arena *arena, const struct tree *tree) {
  struct floe__text once = {0}, twice = {0};
  print_tree(tree, &once);
  if (!once.failed && once.length && once.length < SOURCE_MAX_BYTES) {
    if (errors_of(arena, once.data, once.length, &twice)) finding("a formatted spec does not parse");
    if (twice.length != once.length || memcmp(once.data, twice.data, once.length)) finding("formatting is not idempotent");
  }
  floe__text_free(&once);
  floe__text_free(&twice);
}

/* ---- a single universe ---- */

/* The reference universe, written out, is a spec that is accepted, too. */
static void check_universe(struct floe__arena *arena, const struct tree *plain, const struct library *library) {
  enum source_problem problem;
  struct floe__text text = {0};
  struct pipeline pipeline;
  struct floe_error error = {0};
  const struct tree *alone = universe_tree(universe_new(arena, plain));
  if (!alone) return;
  print_tree(alone, &text);
  const struct source *source = source_from_text(arena, "alone.floe", text.data ? text.data : "", text.length, &problem);
  struct pipeline_request request = {.source = source, .library = library, .last = STAGE_TYPED};
  if (!source) finding("a universe is no text");
  floe_status status = pipeline_run(&pipeline, arena, &request, &error);
  if (status) {
    struct floe__text said = {0};
    diagnostics_print(pipeline.sink, false, &said);
    fprintf(stderr, "%s%s\n", text.data ? text.data : "", said.data ? said.data : "");
    finding("a universe of an accepted spec is refused");
  }
  pipeline_free(&pipeline);
  floe__text_free(&text);
}

/* ---- one spec ---- */

static bool compile(struct floe__arena *arena, const struct source *source, const struct library *library) {
  struct pipeline pipeline;
  struct floe_error error = {0};
  struct floe__text said = {0};
  struct pipeline_request request = {.source = source, .library = library, .last = STAGE_C};
  floe_status status = pipeline_run(&pipeline, arena, &request, &error);
  if (status && status != FLOE_ESPEC) finding(error.message);
  if (pipeline.code.data) check_c(pipeline.code.data);
  if (!status) check_universe(arena, pipeline.plain, library);
  bool parsed = pipeline.program || !diagnostics_errors(pipeline.sink);
  if (parsed && pipeline.tree) check_fmt(arena, pipeline.tree);
  diagnostics_print(pipeline.sink, false, &said);
  floe__text_free(&said);
  pipeline_free(&pipeline);
  return status == FLOE_OK;
}

bool fuzz_check(const char *text, size_t length, const struct library *library) {
  enum source_problem problem;
  struct floe__arena *arena = floe__arena_new(MEMORY_LIMIT, exhausted, NULL);
  const struct source *source = source_from_text(arena, "fuzz.floe", text, length, &problem);
  bool accepted = source && compile(arena, source, library);
  floe__arena_free(arena);
  return accepted;
}

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
static const struct library *library_once(void) {
  static struct library library;
  struct floe_error error = {0};
  const char *folder = getenv("FLOE_STDLIB");
  if (library_read(&library, floe__arena_new(0, exhausted, NULL), folder ? folder : "stdlib", &error)) finding(error.message);
  return &library;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const struct library *library;
  if (!library) library = library_once();
  fuzz_check((const char *)data, size, library);
  return 0;
}
#endif
