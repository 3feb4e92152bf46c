/* check.h: tree -> typed tree. */
#ifndef FLOE_MEANING_CHECK_H
#define FLOE_MEANING_CHECK_H

#include "compiler/meaning/typed.h"

struct diagnostics;
struct floe__arena;
struct floe__names;
struct floe__text;

/* Resolves and checks a spec. `library` are the parsed files of the standard library, in the order in which they may use
 * each other. `allow_extern`: whether the spec itself may declare externs (the library always may).
 * All errors of the run go to the sink. NULL exactly if there are any. */
const struct program *check_program(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                                    size_t n_library, const struct tree *const *library, const struct tree *spec,
                                    bool allow_extern);

/* The same of a text in which statements are missing: what can be said of the others one by one. */
void check_rest(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink, size_t n_library,
                const struct tree *const *library, const struct tree *spec, bool allow_extern);

/* Lints: warnings only (unused names, dead axes, ...). */
void check_lints(struct floe__arena *arena, struct diagnostics *sink, const struct program *program);

void lint_priors(struct floe__arena *arena, struct diagnostics *sink,
                 const struct program *program); /* a part of them */

/* The typed tree as indented text (--dump typed). */
void dump_program(const struct program *program, struct floe__text *out);

/* ---- universes as sets ---- */

/* "noise=heavy", "noise=heavy|gaussian, tau_prior=flat"; "" for all universes. */
void print_presence(const struct program *program, struct presence presence, struct floe__text *out);

#endif
