/* parts_parts.h: what modules.c, part.c and parts.c share. Private to them. */
#ifndef FLOE_SYNTAX_PARTS_PARTS_H
#define FLOE_SYNTAX_PARTS_PARTS_H

#include "compiler/source/diagnostic.h"
#include "compiler/syntax/copy.h"
#include "compiler/syntax/parts.h"

#define MAX_PARTS 1000
#define MAX_MODULES 100
#define MAX_PART_NAMES 256

struct part {
  const char *name; /* with its module's name before it */
  const struct statement *statement;
  size_t n_name;
  const char **names; /* (n_name) what it defines and binds itself */
};

struct expander {
  struct floe__arena *arena;
  struct floe__names *names;
  struct diagnostics *sink;
  const struct tree *spec;
  size_t n_library;
  const struct tree *const *library;
  struct module_reader reader;
  size_t n_part, n_module;
  struct part parts[MAX_PARTS];
  struct {
    const char *name;
    const struct tree *tree; /* NULL: it cannot be read */
    bool open;               /* it is being read: to use it now closes a circle */
  } modules[MAX_MODULES];
  struct statement *first, **last; /* the result */
  size_t n_node;
  bool too_large; /* reported */
};

void expander_put(struct expander *e, struct statement *statement);          /* a single statement, behind the others */
const char *joined(struct expander *e, const char *first, const char *last); /* first.last */
void error_too_large(struct expander *e, struct span span);

/* modules.c: brings in what a module defines. */
void expand_use(struct expander *e, const struct statement *use);

/* part.c: a part as it is defined, checked; and what becomes of a statement that uses one. */
void part_define(struct expander *e, const char *name, const struct statement *statement);
const struct part *part_named(const struct expander *e, size_t n_visible, const char *name);
bool part_has_name(const struct part *part, const char *name);
/* Calls visit for every expression of a statement and its blocks, outermost first. */
void visit_exprs(const struct statement *s, void (*visit)(void *context, const struct expr *expr), void *context);

#endif
