/* parse.h: text -> tree. */
#ifndef FLOE_SYNTAX_PARSE_H
#define FLOE_SYNTAX_PARSE_H

#include "compiler/syntax/tree.h"

struct diagnostics;
struct floe__names;
struct floe__text;

/* Parses a whole file. Syntax errors go to the sink, several per run; what could be understood is in the tree. */
struct tree *parse_source(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                          const struct source *source);

/* The words of `--set 'tau ~ half_normal(2)'`: one statement from a string; NULL after an error. */
struct statement *parse_statement(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                                  const struct source *source);

/* The tree as canonical text (floe fmt): comments kept, idempotent. */
void print_tree(const struct tree *tree, struct floe__text *out);

/* The tree as indented s-expressions, one node a line (--dump tree). */
void dump_tree(const struct tree *tree, struct floe__text *out);

/* One token a line: kind, text, line:column (--dump tokens). */
void dump_tokens(struct floe__arena *arena, const struct source *source, struct floe__text *out);

#endif
