/* copy.h: trees made from trees: names replaced, choices decided. The original stays as it is; spans are those of the
 * original, so that messages point at what was written. A field of struct expr, option or statement that holds parts of the
 * tree has to be copied here. */
#ifndef FLOE_SYNTAX_COPY_H
#define FLOE_SYNTAX_COPY_H

#include "compiler/syntax/tree.h"

#define COPY_MAX_NODES ((size_t)1000000)

enum name_role {
  NAME_VALUE,  /* what a statement defines, what `choose` and `via` name */
  NAME_INDEX,  /* dimensions, and indices that loops and sums bind */
  NAME_CALLEE  /* functions and distributions */
};

struct bound_name { /* an index that a left side, a loop or a sum binds */
  const char *name;
  const struct bound_name *outer;
};

struct copying {
  struct floe__arena *arena;
  void *context;
  const struct bound_name *bound; /* where the copying is, innermost first */
  bool at_index;                  /* what is being copied stands where an index set may: x[i], i in k, simplex[k], size(k) */
  /* What stands for a name that is used as a value or as an index; NULL: `name` decides. */
  struct expr *(*value)(void *context, const struct expr *name);
  /* What a name becomes; NULL: all stay. */
  const char *(*name)(void *context, enum name_role role, const char *name);
  /* The option that a choice by this axis takes, NULL: it stays a choice. `option` itself may be NULL. */
  const struct option *(*option)(void *context, const char *axis, const struct option *options);
  /* Whether a statement is copied at all; NULL: every one. */
  bool (*keep)(void *context, const struct statement *statement);
  size_t n_node;  /* copied so far */
  bool too_large; /* beyond COPY_MAX_NODES, or too deep: the copy holds errors in their place */
};

bool copying_binds(const struct copying *copying, const char *name);

struct expr *copy_expr(struct copying *copying, const struct expr *expr);            /* without its siblings; NULL for NULL */
struct expr *copy_exprs(struct copying *copying, const struct expr *list);           /* with them */
struct statement *copy_statement(struct copying *copying, const struct statement *s); /* without what follows it */
/* A list; the bodies of decided choices stand in their place. */
struct statement *copy_statements(struct copying *copying, const struct statement *list);

#endif
