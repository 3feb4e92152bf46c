/* elicited.h: `param p ~ elicited` taken apart, tree to tree: a flow prior whose numbers are hyper values.
 *
 * One unknown is an increasing map of a standard normal number: sinh-arcsinh (Jones and Pewsey, "Sinh-arcsinh
 * distributions", Biometrika, 2009), between the bounds of its type. Several are such maps one after the other, each after
 * an affine coupling to the standard normal numbers of those before it (an autoregressive flow: Papamakarios, Pavlakou and
 * Murray 2017). So the prior is stated in the language itself: its density is exact, and whatever acts on hyper values acts on
 * it. Names: p.location, p.scale, p.skew, p.tails, and of q after p also q.shift.p and q.stretch.p; p.normal is p's number. */
#ifndef FLOE_SYNTAX_ELICITED_H
#define FLOE_SYNTAX_ELICITED_H

#include "compiler/syntax/tree.h"

struct floe__arena;
struct floe__names;

/* The tree itself where nothing is elicited so; otherwise a new one without comments. The word stays where
 * it cannot be taken apart: for values of other types, and inside of something else. */
const struct tree *elicited_expand(struct floe__arena *arena, struct floe__names *names,
                                   const struct tree *spec);

#endif
