/* doubt.h: what can be said of a text while parts of it are not understood.
 *
 * Where the parser, an override or the use of a part met an error, statements are missing, and what is found behind that may
 * only follow from it. Doubtful is what stands in a statement with such an error, and whatever is said of a name that occurs in
 * one: it may have been defined there. */
#ifndef FLOE_SYNTAX_DOUBT_H
#define FLOE_SYNTAX_DOUBT_H

#include "compiler/syntax/tree.h"

struct diagnostic;
struct diagnostics;

struct doubt {
  bool total; /* a limit was exceeded: so much is missing that nothing can be said */
  size_t n;
  struct span *broken; /* (n) what is not understood */
};

struct doubt doubt_of(struct floe__arena *arena, const struct diagnostics *errors, const struct tree *spec);

/* Whether the finding may follow from what is not understood. */
bool doubt_touches(const struct doubt *doubt, const struct diagnostic *finding);

#endif
