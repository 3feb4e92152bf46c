/* diagnostic.h: what the compiler has to say, gathered in a sink and shown at the end.
 * A code is a letter and four digits: E1xxx scanning and parsing, E2xxx names and types, E3xxx axes and universes,
 * E4xxx structure (recurrences, simulation, density), E9xxx limits; W as E, for lints.
 * `diagnostic_codes.h` is the one table of all codes: code, severity, one-line title. Each semantic error has one
 * constructor function, beside the pass that finds it, so that call sites read as logic. */
#ifndef FLOE_SOURCE_DIAGNOSTIC_H
#define FLOE_SOURCE_DIAGNOSTIC_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler/source/source.h"

struct floe__arena;
struct floe__text;
struct json_t;

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

struct diagnostic {
  const char *code;      /* "E2104" */
  enum severity severity;
  struct span span;
  const char *message;   /* one sentence: what is wrong and, where it helps, what was expected */
  const char *fix;       /* one sentence that says what to do, e.g. "did you mean `sigma`?"; or NULL */
  const char *universes; /* which universes are affected, e.g. "noise=heavy"; NULL: all */
  struct span related;   /* a second place (file == NULL: none), e.g. the earlier definition */
  const char *related_message;
};

struct diagnostics; /* the sink */

struct diagnostics *diagnostics_new(struct floe__arena *arena);

/* Adds one; texts are copied into the arena by the helpers below or live there already. After 100 errors further ones
 * are counted, not kept. A second diagnostic with the same code and span is dropped. */
void diagnostics_add(struct diagnostics *sink, struct diagnostic diagnostic);

/* printf-style shorthand for the common case; returns the stored diagnostic, to fill in fix, universes, related. It is
 * never NULL (an overflow slot is returned once the sink is full). */
struct diagnostic *diagnose(struct diagnostics *sink, const char *code, struct span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Warnings of this code are dropped from now on: in the line where `where` begins, in its file, or, where it has none,
 * everywhere. */
void diagnostics_allow(struct diagnostics *sink, const char *code, struct span where, bool line_only);

size_t diagnostics_errors(const struct diagnostics *sink);
size_t diagnostics_warnings(const struct diagnostics *sink);
size_t diagnostics_count(const struct diagnostics *sink);
const struct diagnostic *diagnostics_at(const struct diagnostics *sink, size_t k); /* sorted by file and place */

/* The caret display:
 *   eight_schools.floe:12:9: error E2104: unknown name `sgma`
 *      12 | y[school] ~ normal(theta, sgma)
 *         |                           ^~~~ did you mean `sigma`?
 * `colour` adds ANSI sequences. */
void diagnostics_print(const struct diagnostics *sink, bool colour, struct floe__text *out);

/* An array of {"code","message","where":{"file","line","column","end_line","end_column"},"universes","fix"}. */
struct json_t *diagnostics_json(const struct diagnostics *sink);

/* The table's one-line title of a code (`floe explain`); NULL for an unknown code. */
const char *diagnostic_title(const char *code);

/* The nearest of n candidates by edit distance, if near enough to be a slip of the finger; else NULL. */
const char *suggest(const char *name, const char *const *candidates, size_t n);

#endif
