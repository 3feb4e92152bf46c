#include "compiler/syntax/copy.h"

#include <string.h>

#include "base/arena.h"

static const char *renamed(struct copying *c, enum name_role role, const char *name) {
  return name && c->name ? c->name(c->context, role, name) : name;
}

/* ---- indices that are bound ---- */

bool copying_binds(const struct copying *c, const char *name) {
  const struct bound_name *bound = c->bound;
  while (bound && bound->name != name) bound = bound->outer;
  return bound != NULL;
}

static void bind(struct copying *c, const char *name) {
  struct bound_name *bound = floe__arena_alloc(c->arena, sizeof *bound);
  *bound = (struct bound_name){name, c->bound};
  c->bound = bound;
}

/* [i, j in k] */
static void bind_indices(struct copying *c, const struct expr *list) {
  for (; list; list = list->next) {
    const struct expr *index = list->kind == EXPR_WITHIN ? list->left : list;
    if (index->kind == EXPR_NAME) bind(c, index->name);
  }
}

static struct expr *copy_at(struct copying *c, bool at_index, const struct expr *expr) {
  const bool outside = c->at_index;
  c->at_index = at_index;
  struct expr *copy = copy_expr(c, expr);
  c->at_index = outside;
  return copy;
}

static struct expr *copy_all_at(struct copying *c, bool at_index, const struct expr *list) {
  struct expr *first = NULL, **last = &first;
  for (; list; list = list->next, last = &(*last)->next) *last = copy_at(c, at_index, list);
  return first;
}

/* ---- copies ---- */

static struct expr *shallow(struct copying *c, const struct expr *expr) {
  struct expr *copy = floe__arena_alloc(c->arena, sizeof *copy);
  *copy = *expr;
  copy->next = NULL;
  return copy;
}

static struct option *copy_options(struct copying *c, const struct option *list) {
  struct option *first = NULL, **last = &first;
  for (; list; list = list->next, last = &(*last)->next) {
    *last = floe__arena_alloc(c->arena, sizeof **last);
    **last = *list;
    (*last)->weight = copy_expr(c, list->weight);
    (*last)->value = copy_expr(c, list->value);
    (*last)->body = copy_statements(c, list->body);
    (*last)->next = NULL;
  }
  return first;
}

static const struct option *decided(struct copying *c, const char *axis, const struct option *options) {
  return c->option ? c->option(c->context, axis, options) : NULL;
}

/* The copy keeps its name as an argument. */
static struct expr *labelled(struct expr *copy, const struct expr *original) {
  copy->label = original->label;
  return copy;
}

static enum name_role role_of(const struct expr *expr) {
  return expr->kind == EXPR_CALL ? NAME_CALLEE : NAME_VALUE;
}

static struct expr *copy_inside(struct copying *c, const struct expr *expr) {
  struct expr *copy = shallow(c, expr);
  const struct bound_name *outer = c->bound;
  const bool alias = expr->kind == EXPR_CALL && expr->binder, within = expr->kind == EXPR_WITHIN && c->at_index;
  const bool counts = expr->kind == EXPR_CALL && expr->name && strcmp(expr->name, "size") == 0;
  if (expr->kind != EXPR_ON) copy->name = renamed(c, role_of(expr), expr->name);
  copy->binder = renamed(c, NAME_INDEX, expr->binder);
  copy->left = copy_at(c, alias || within, expr->left);
  if (alias && expr->left && copy->left->kind == EXPR_NAME) copy->left->name = renamed(c, NAME_INDEX, expr->left->name);
  if (alias) bind(c, expr->binder);
  copy->condition = copy_at(c, false, expr->condition);
  copy->right = copy_at(c, within, expr->right);
  copy->items = copy_all_at(c, counts || expr->kind == EXPR_INDEX, expr->items);
  copy->options = copy_options(c, expr->options);
  c->bound = outer;
  return expr_measure(copy);
}

struct expr *copy_expr(struct copying *c, const struct expr *expr) {
  if (!expr) return NULL;
  const struct option *option = expr->kind == EXPR_CHOOSE ? decided(c, expr->name, expr->options) : NULL;
  if (option && option->value) return labelled(copy_expr(c, option->value), expr);
  if (expr->kind == EXPR_NAME && c->value) {
    struct expr *value = c->value(c->context, expr);
    if (value) return labelled(value, expr);
  }
  c->too_large = c->too_large || ++c->n_node > COPY_MAX_NODES;
  struct expr *copy = c->too_large ? NULL : copy_inside(c, expr);
  if (copy && copy->depth <= TREE_MAX_DEPTH) return copy;
  c->too_large = true;
  return expr_new(c->arena, EXPR_ERROR, expr->span);
}

struct expr *copy_exprs(struct copying *c, const struct expr *list) {
  struct expr *first = NULL, **last = &first;
  for (; list; list = list->next, last = &(*last)->next) *last = copy_expr(c, list);
  return first;
}

static struct type_expr *copy_type(struct copying *c, const struct type_expr *type) {
  if (!type) return NULL;
  struct type_expr *copy = floe__arena_alloc(c->arena, sizeof *copy);
  *copy = *type;
  copy->index = renamed(c, NAME_INDEX, type->index);
  copy->low = copy_expr(c, type->low);
  copy->high = copy_expr(c, type->high);
  copy->sizes = copy_all_at(c, true, type->sizes);
  return copy;
}

/* Formal parameters and their dimensions are their function's own. */
static struct parameter *copy_parameters(struct copying *c, const struct parameter *list) {
  struct parameter *first = NULL, **last = &first;
  for (; list; list = list->next, last = &(*last)->next) {
    *last = floe__arena_alloc(c->arena, sizeof **last);
    **last = *list;
    (*last)->type = copy_type(c, list->type);
    (*last)->value = copy_expr(c, list->value);
    (*last)->next = NULL;
  }
  return first;
}

/* The names of functions, distributions and their methods are for the caller to change. */
static const char *defined_name(struct copying *c, const struct statement *s) {
  switch (s->kind) {
    case STATEMENT_FOR:
    case STATEMENT_INDEX: return renamed(c, NAME_INDEX, s->name);
    case STATEMENT_MODEL:
    case STATEMENT_USE:
    case STATEMENT_PART:
    case STATEMENT_FUN:
    case STATEMENT_DIST:
    case STATEMENT_METHOD:
    case STATEMENT_EXTERN:
    case STATEMENT_SIM:
    case STATEMENT_REPORT:
    case STATEMENT_ELICIT: return s->name;
    default: return renamed(c, NAME_VALUE, s->name);
  }
}

struct statement *copy_statement(struct copying *c, const struct statement *s) {
  struct statement *copy = floe__arena_alloc(c->arena, sizeof *copy);
  const struct bound_name *outer = c->bound;
  *copy = *s;
  c->n_node++;
  copy->name = defined_name(c, s);
  bind_indices(c, s->indices);
  if (s->kind == STATEMENT_FOR) bind(c, s->name);
  if (s->kind == STATEMENT_ODE && s->value->kind == EXPR_INDEX) bind_indices(c, s->value->items); /* its times' */
  copy->indices = copy_all_at(c, true, s->indices);
  copy->type = copy_type(c, s->type);
  copy->value = copy_expr(c, s->value);
  copy->consequence = copy_expr(c, s->consequence);
  copy->probability = copy_expr(c, s->probability);
  copy->via = renamed(c, NAME_VALUE, s->via);
  copy->index = renamed(c, NAME_INDEX, s->index);
  copy->below = copy_expr(c, s->below);
  copy->above = copy_expr(c, s->above);
  copy->low = copy_expr(c, s->low);
  copy->high = copy_expr(c, s->high);
  copy->reference = copy_expr(c, s->reference);
  copy->parameters = copy_parameters(c, s->parameters);
  copy->outputs = copy_parameters(c, s->outputs);
  copy->options = copy_options(c, s->options);
  copy->body = copy_statements(c, s->body);
  copy->otherwise = copy_statements(c, s->otherwise);
  copy->next = NULL;
  c->bound = outer;
  return copy;
}

struct statement *copy_statements(struct copying *c, const struct statement *list) {
  struct statement *first = NULL, **last = &first;
  for (; list && !c->too_large; list = list->next) {
    if (c->keep && !c->keep(c->context, list)) continue;
    const struct option *option = list->kind == STATEMENT_CHOOSE ? decided(c, list->name, list->options) : NULL;
    *last = option ? copy_statements(c, option->body) : copy_statement(c, list);
    while (*last) last = &(*last)->next;
  }
  return first;
}
