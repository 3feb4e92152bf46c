/* overrides.h: `--set` and `--pin`: statements of a spec replaced from the command line, tree to tree. */
#ifndef FLOE_SYNTAX_OVERRIDES_H
#define FLOE_SYNTAX_OVERRIDES_H

#include "compiler/syntax/tree.h"

struct diagnostics;
struct floe__arena;
struct floe__names;

/* One --set or --pin. */
struct override {
  struct statement *statement; /* what it says: the statement that comes, or NAME = number; NULL: not understood */
  bool pin;
  bool applied;
};

/* Reads the words behind --set or --pin; what is wrong with them goes to the sink. */
struct override override_read(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                              const char *words, bool pin);

/* Replaces what it can and marks it as applied. `tau ~ D` replaces the distribution of tau wherever tau is drawn, `x = e` the
 * value of x; a whole statement (param, data, axis, index, prep, fun, dist, claim, ...) the one of its kind and name. A pin
 * makes of a param or latent the definition of a number. To be called before parts are taken apart and after. */
const struct tree *overrides_apply(struct floe__arena *arena, struct diagnostics *sink, const struct tree *tree, size_t n,
                                   struct override *overrides);

/* Reports those that found nothing to replace. */
void overrides_unapplied(struct floe__arena *arena, struct diagnostics *sink, const struct tree *tree, size_t n,
                         const struct override *overrides);

#endif
