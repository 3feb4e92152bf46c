/* The definition of a part: its own names, and that it looks at nothing outside. */
#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "compiler/syntax/parts_parts.h"

/* ---- errors ---- */

static void error_outside(struct expander *e, const struct part *part, const struct expr *expr) {
  struct diagnostic *d =
      diagnose(e->sink, "E2106", expr->span, "the part `%s` sees its arguments only, not `%s`", part->name, expr->name);
  d->fix = floe__arena_printf(e->arena, "make `%s` an argument", expr->name);
}

static void error_malformed(struct expander *e, struct span span, const char *message, const char *fix) {
  diagnose(e->sink, "E2109", span, "%s", message)->fix = fix;
}

/* ---- walking ---- */

struct visit {
  void (*visit)(void *context, const struct expr *expr);
  void *context;
};

static void visit_statement(const struct visit *v, const struct statement *s);

static void visit_list(const struct visit *v, const struct statement *list) {
  for (; list; list = list->next) visit_statement(v, list);
}

static void visit_expr(const struct visit *v, const struct expr *expr) {
  if (!expr) return;
  v->visit(v->context, expr);
  visit_expr(v, expr->condition);
  if (!expr->binder) visit_expr(v, expr->left); /* the dimension of sum(j in i: e) is no value */
  visit_expr(v, expr->right);
  for (const struct expr *item = expr->items; item; item = item->next) visit_expr(v, item);
  for (const struct option *option = expr->options; option; option = option->next) visit_expr(v, option->value);
}

static void visit_statement(const struct visit *v, const struct statement *s) {
  for (const struct expr *index = s->indices; index; index = index->next) visit_expr(v, index);
  if (s->type) {
    visit_expr(v, s->type->low);
    visit_expr(v, s->type->high);
  }
  for (const struct parameter *p = s->parameters; p; p = p->next) visit_expr(v, p->value);
  visit_expr(v, s->value);
  visit_expr(v, s->below);
  visit_expr(v, s->above);
  visit_expr(v, s->consequence);
  visit_expr(v, s->probability);
  visit_expr(v, s->high);
  for (const struct option *option = s->options; option; option = option->next) {
    visit_expr(v, option->value);
    visit_list(v, option->body);
  }
  visit_list(v, s->body);
  visit_list(v, s->otherwise);
}

void visit_exprs(const struct statement *s, void (*visit)(void *context, const struct expr *expr), void *context) {
  visit_statement(&(struct visit){visit, context}, s);
}

/* ---- the names of a part ---- */

bool part_has_name(const struct part *part, const char *name) {
  for (size_t k = 0; k < part->n_name; k++)
    if (part->names[k] == name) return true;
  return false;
}

static bool is_formal(const struct part *part, const char *name) {
  for (const struct parameter *p = part->statement->parameters; p; p = p->next)
    if (p->name == name) return true;
  for (const struct expr *index = part->statement->indices; index; index = index->next)
    if (index->name == name) return true;
  return false;
}

struct definition_walk {
  struct expander *expander;
  struct part *part;
};

static void add_name(struct definition_walk *w, const char *name, struct span span) {
  if (is_formal(w->part, name)) {
    error_malformed(w->expander, span, "a part's own name is also the name of an argument", "give it another name");
    return;
  }
  if (part_has_name(w->part, name)) return;
  if (w->part->n_name == MAX_PART_NAMES)
    error_too_large(w->expander, span);
  else
    w->part->names[w->part->n_name++] = name;
}

static void add_alias(void *context, const struct expr *expr) {
  struct definition_walk *w = context;
  if (expr->kind == EXPR_CALL && expr->binder && !is_formal(w->part, expr->binder))
    add_name(w, expr->binder, expr->span);
}

static void add_names(struct definition_walk *w, const struct statement *list) {
  for (const struct statement *s = list; s; s = s->next) {
    if (s->name && s->kind != STATEMENT_CHOOSE && s->kind != STATEMENT_RESULT) add_name(w, s->name, s->name_span);
    for (const struct expr *index = s->indices; index; index = index->next)
      if (index->kind == EXPR_WITHIN && index->left->kind == EXPR_NAME) add_name(w, index->left->name, index->span);
    for (const struct option *option = s->options; option; option = option->next) add_names(w, option->body);
    add_names(w, s->body);
    add_names(w, s->otherwise);
  }
}

/* ---- what it may see ---- */

static bool is_named_number(const struct tree *tree, const char *name) {
  for (const struct statement *s = tree->statements; s; s = s->next)
    if (s->kind == STATEMENT_DEFINE && s->name == name && s->value &&
        (s->value->kind == EXPR_NUMBER || s->value->kind == EXPR_UNARY))
      return true;
  return false;
}

static bool is_known(const struct expander *e, const struct part *part, const char *name) {
  if (!strcmp(name, "inf")) return true;
  for (size_t k = 0; k < e->n_library; k++)
    for (const struct statement *s = e->library[k]->statements; s; s = s->next)
      if (s->kind == STATEMENT_DEFINE && s->name == name) return true;
  for (const struct statement *s = e->first; s; s = s->next) /* of modules: brought in already */
    if (s->kind == STATEMENT_DEFINE && s->name == name && strchr(name, '.')) return true;
  return !strchr(part->name, '.') && is_named_number(e->spec, name);
}

static void check_inside(void *context, const struct expr *expr) {
  const struct definition_walk *w = context;
  bool names = expr->kind == EXPR_NAME || expr->kind == EXPR_CHOOSE;
  if (!names || is_formal(w->part, expr->name) || part_has_name(w->part, expr->name)) return;
  if (expr->kind == EXPR_CHOOSE || !is_known(w->expander, w->part, expr->name)) error_outside(w->expander, w->part, expr);
}

/* The axes of choices between statements, and behind `via`. */
static void check_axes(const struct definition_walk *w, const struct statement *list) {
  for (const struct statement *s = list; s; s = s->next) {
    const char *axis = s->kind == STATEMENT_CHOOSE ? s->name : s->via;
    struct expr name = {.kind = EXPR_NAME, .name = axis, .span = s->kind == STATEMENT_CHOOSE ? s->name_span : s->via_span};
    if (axis && !is_formal(w->part, axis) && !part_has_name(w->part, axis)) error_outside(w->expander, w->part, &name);
    for (const struct option *option = s->options; option; option = option->next) check_axes(w, option->body);
    check_axes(w, s->body);
    check_axes(w, s->otherwise);
  }
}

static void check_formals(struct expander *e, const struct statement *s) {
  for (const struct expr *index = s->indices; index; index = index->next) {
    bool twice = false;
    for (const struct expr *before = s->indices; before != index; before = before->next)
      twice = twice || before->name == index->name;
    if (index->kind != EXPR_NAME || twice)
      error_malformed(e, index->span, "a part's indices are names, each once", "for example: part shrunk[i](scale) { ... }");
  }
  for (const struct parameter *p = s->parameters; p; p = p->next)
    for (const struct parameter *before = s->parameters; before != p; before = before->next)
      if (before->name == p->name) {
        error_malformed(e, p->span, "two arguments have the same name", "give one of them another name");
        break;
      }
}

void part_define(struct expander *e, const char *name, const struct statement *statement) {
  if (part_named(e, e->n_part, name)) {
    diagnose(e->sink, "E2004", statement->name_span, "`%s` is defined already", name)->fix = "give it another name";
    return;
  }
  if (e->n_part == MAX_PARTS) {
    error_too_large(e, statement->span);
    return;
  }
  struct part *part = &e->parts[e->n_part];
  *part = (struct part){.name = name, .statement = statement};
  part->names = floe__arena_array(e->arena, MAX_PART_NAMES, sizeof *part->names);
  struct definition_walk walk = {e, part};
  size_t before = diagnostics_errors(e->sink);
  check_formals(e, statement);
  if (diagnostics_errors(e->sink) == before) {
    add_names(&walk, statement->body);
    for (const struct statement *s = statement->body; s; s = s->next) visit_exprs(s, add_alias, &walk);
    for (const struct statement *s = statement->body; s; s = s->next) visit_exprs(s, check_inside, &walk);
    check_axes(&walk, statement->body);
  }
  e->n_part++;
}

const struct part *part_named(const struct expander *e, size_t n_visible, const char *name) {
  for (size_t k = 0; k < n_visible; k++)
    if (e->parts[k].name == name) return &e->parts[k];
  return NULL;
}
