/* universe.h: one universe of a spec as a plain spec: every choice taken, axes gone. */
#ifndef FLOE_SYNTAX_UNIVERSE_H
#define FLOE_SYNTAX_UNIVERSE_H

#include "compiler/syntax/tree.h"

struct floe__arena;
struct universe;

/* The axes of a checked spec (compiler/syntax/parts.h has taken modules and parts out of it), each at its reference. */
struct universe *universe_new(struct floe__arena *arena, const struct tree *tree);

/* Moves an axis to an option, or a continuous one to a number within its range. */
enum universe_problem { UNIVERSE_OK, UNIVERSE_NO_AXIS, UNIVERSE_NO_OPTION, UNIVERSE_NO_NUMBER, UNIVERSE_OUT_OF_RANGE };
enum universe_problem universe_take(struct universe *universe, const char *axis, const char *setting);

/* Whether `forbid` and `require` let it be. */
bool universe_permitted(const struct universe *universe);

const struct tree *universe_tree(struct universe *universe);

#endif
