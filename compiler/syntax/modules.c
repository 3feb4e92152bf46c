/* `use`: the definitions of a module, under the module's name. */
#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "compiler/syntax/parts_parts.h"

struct module {
  struct expander *expander;
  const char *name;
  const struct tree *tree;
  const struct statement *inside; /* the definition that is copied */
};

/* ---- errors ---- */

static void error_circle(struct expander *e, const struct statement *use) {
  diagnose(e->sink, "E2102", use->name_span, "the module `%s` uses itself, if by way of others", use->name)->fix =
      "move what both need to a module of its own";
}

static void error_statement(struct expander *e, const struct statement *s) {
  struct span span = {s->span.file, s->span.begin, s->name_span.begin > s->span.begin ? s->name_span.end : s->span.end};
  diagnose(e->sink, "E2103", span, "a module holds definitions only")->fix =
      "keep fun, dist, sim, extern, part, use and named numbers; move the rest to the spec";
}

static void error_hidden(struct expander *e, const struct statement *s, const char *module) {
  struct diagnostic *d =
      diagnose(e->sink, "E2108", s->name_span, "the module `%s` uses the library's `%s`, which this definition hides",
               module, s->name);
  d->fix = "give it another name";
}

/* ---- names ---- */

static bool is_callable(enum statement_kind kind) {
  return kind == STATEMENT_FUN || kind == STATEMENT_DIST || kind == STATEMENT_SIM || kind == STATEMENT_EXTERN ||
         kind == STATEMENT_PART;
}

/* What stands before the definition that is copied; a dist may also name itself. So hier.normal may use the library's normal. */
static bool defines(const struct module *m, const char *name, bool callable) {
  for (const struct statement *s = m->tree->statements; s && s != m->inside; s = s->next)
    if (s->name == name && (callable ? is_callable(s->kind) : s->kind == STATEMENT_DEFINE)) return true;
  return callable && m->inside->kind == STATEMENT_DIST && m->inside->name == name;
}

static bool among_parameters(const struct parameter *p, const char *name) {
  while (p && p->name != name) p = p->next;
  return p;
}

static bool is_own(const struct statement *s, const char *name);

static bool defines_inside(const struct statement *list, const char *name) {
  for (; list; list = list->next)
    if ((list->kind != STATEMENT_METHOD && list->name == name) || is_own(list, name)) return true;
  return false;
}

/* Whether the definition that is copied has a name of its own like this: formals, and what its body defines. */
static bool is_own(const struct statement *s, const char *name) {
  if (among_parameters(s->parameters, name) || among_parameters(s->outputs, name)) return true;
  return defines_inside(s->body, name) || defines_inside(s->otherwise, name);
}

static void check_hidden(struct module *m, const char *name) {
  for (const struct statement *s = m->expander->spec->statements; s; s = s->next)
    if (s->name == name && is_callable(s->kind)) error_hidden(m->expander, s, m->name);
}

static const char *module_name(void *context, enum name_role role, const char *name) {
  struct module *m = context;
  if (role == NAME_INDEX) return name;
  if (role == NAME_CALLEE) {
    if (defines(m, name, true)) return joined(m->expander, m->name, name);
    check_hidden(m, name);
    return name;
  }
  return defines(m, name, false) && !is_own(m->inside, name) ? joined(m->expander, m->name, name) : name;
}

/* ---- definitions ---- */

static bool is_number(const struct expr *e) {
  return e && (e->kind == EXPR_NUMBER || (e->kind == EXPR_UNARY && e->left->kind == EXPR_NUMBER));
}

static void bring_in(struct module *m, const struct statement *s) {
  struct copying copying = {.arena = m->expander->arena, .context = m, .name = module_name};
  m->inside = s;
  struct statement *copy = copy_statement(&copying, s);
  copy->name = joined(m->expander, m->name, s->name);
  if (copying.too_large) error_too_large(m->expander, s->span);
  if (s->kind == STATEMENT_PART)
    part_define(m->expander, copy->name, copy);
  else
    expander_put(m->expander, copy);
}

static void expand_module(struct expander *e, const char *name, const struct tree *tree) {
  struct module module = {.expander = e, .name = name, .tree = tree};
  for (const struct statement *s = tree->statements; s; s = s->next) {
    if (s->kind == STATEMENT_USE)
      expand_use(e, s);
    else if (is_callable(s->kind) || (s->kind == STATEMENT_DEFINE && !s->indices && is_number(s->value)))
      bring_in(&module, s);
    else if (s->kind != STATEMENT_ERROR)
      error_statement(e, s);
  }
}

void expand_use(struct expander *e, const struct statement *use) {
  for (size_t k = 0; k < e->n_module; k++)
    if (e->modules[k].name == use->name) {
      if (e->modules[k].open) error_circle(e, use);
      return;
    }
  if (e->n_module == MAX_MODULES) {
    error_too_large(e, use->span);
    return;
  }
  size_t own = e->n_module++;
  e->modules[own].name = use->name;
  const struct tree *tree = e->reader.read(e->reader.context, use);
  e->modules[own].tree = tree;
  if (!tree) return;
  e->modules[own].open = true;
  expand_module(e, use->name, tree);
  e->modules[own].open = false;
}
