/* parts.h: `use` and `part` taken apart, tree to tree: what comes out holds neither.
 *
 * A module is a file of definitions (fun, dist, extern fun, part, named numbers, use). `use hier` brings them in as hier.NAME;
 * inside of the module they call each other by their bare names.
 *
 * `param alpha[county] ~ hier.normal(scale = half_normal(1))` becomes the statements of the part, its own names with `alpha.`
 * before them, and then `param alpha[county] ~ ` the part's result. Arguments are expressions that stand wherever the part says
 * their name. A part sees its arguments, its own names, functions, distributions and named numbers: nothing of the place where
 * it is used, so that what it means depends on its arguments alone. */
#ifndef FLOE_SYNTAX_PARTS_H
#define FLOE_SYNTAX_PARTS_H

#include "compiler/syntax/tree.h"

struct diagnostics;
struct floe__arena;
struct floe__names;

struct module_reader {
  void *context;
  /* The tree of the module that the statement names; NULL after a diagnostic. */
  const struct tree *(*read)(void *context, const struct statement *use);
};

/* `library`: the trees of the standard library, whose named numbers parts may use. The tree itself where there is nothing to
 * take apart; otherwise a new one without comments. Errors go to the sink. */
const struct tree *parts_expand(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                                const struct tree *spec, size_t n_library, const struct tree *const *library,
                                struct module_reader reader);

#endif
