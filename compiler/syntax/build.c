#include "compiler/syntax/build.h"

#include "base/arena.h"
#include "base/names.h"
#include "compiler/source/diagnostic.h"

/* ---- limits ---- */

void build_too_deep(struct parser *p, struct span span) {
  if (p->quiet) return;
  p->quiet = true;
  diagnose(p->sink, "E9001", span, "nested more than %d deep", TREE_MAX_DEPTH)->fix =
      "give parts of it a name of their own";
}

/* The expression, or an error in its place where it has become too deep: whoever walks the tree may recurse. */
static struct expr *bounded(struct parser *p, struct expr *expr) {
  if (expr->depth <= TREE_MAX_DEPTH) return expr;
  build_too_deep(p, expr->span);
  return expr_new(p->arena, EXPR_ERROR, expr->span);
}

/* ---- expressions ---- */

struct expr *build_number(struct parser *p, struct token token) {
  struct expr *expr = expr_new(p->arena, EXPR_NUMBER, token.span);
  expr->name_span = token.span;
  expr->number = token.number;
  expr->is_int = token.is_int;
  return expr;
}

struct expr *build_first(struct parser *p, struct span span) {
  struct expr *expr = expr_new(p->arena, EXPR_NUMBER, span);
  expr->number = 1;
  expr->is_int = true;
  return expr;
}

struct expr *build_name(struct parser *p, const char *name, struct span span) {
  struct expr *expr = expr_new(p->arena, EXPR_NAME, span);
  expr->name = name;
  expr->name_span = span;
  return expr;
}

struct expr *build_unary(struct parser *p, enum operator_kind op, struct span span, struct expr *operand) {
  return bounded(p, expr_unary(p->arena, op, span, operand));
}

struct expr *build_binary(struct parser *p, enum operator_kind op, struct expr *left, struct expr *right) {
  return bounded(p, expr_binary(p->arena, op, left, right));
}

struct expr *build_chained(struct parser *p, struct span span, enum operator_kind op, struct expr *left,
                           struct expr *right) {
  diagnose(p->sink, "E1013", span, "comparisons do not chain")->fix = "write `a < b and b < c`, or `b in a..c`";
  return build_binary(p, op, left, right);
}

struct expr *build_within(struct parser *p, struct span span, struct expr *left, struct expr *right) {
  struct expr *expr = expr_new(p->arena, EXPR_WITHIN, span);
  expr->left = left;
  expr->right = right;
  return bounded(p, expr_measure(expr));
}

struct expr *build_range(struct parser *p, struct span span, struct expr *low, struct expr *high) {
  struct expr *expr = expr_new(p->arena, EXPR_RANGE, span);
  expr->left = low;
  expr->right = high;
  return bounded(p, expr_measure(expr));
}

struct expr *build_on(struct parser *p, struct span span, struct expr *left, const char *name, struct span name_span) {
  struct expr *expr = expr_new(p->arena, EXPR_ON, span);
  expr->left = left;
  expr->name = name;
  expr->name_span = name_span;
  return bounded(p, expr_measure(expr));
}

struct expr *build_index(struct parser *p, struct span span, struct expr *array, struct expr *items) {
  struct expr *expr = expr_new(p->arena, EXPR_INDEX, span);
  expr->left = array;
  expr->items = items;
  return bounded(p, expr_measure(expr));
}

struct expr *build_sequence(struct parser *p, enum expr_kind kind, struct span span, struct expr *items) {
  struct expr *expr = expr_new(p->arena, kind, span);
  expr->items = items;
  return bounded(p, expr_measure(expr));
}

struct expr *build_call(struct parser *p, struct span span, const char *name, struct span name_span,
                        struct expr *arguments) {
  struct expr *expr = expr_new(p->arena, EXPR_CALL, span);
  expr->name = name;
  expr->name_span = name_span;
  expr->items = arguments;
  return bounded(p, expr_measure(expr));
}

struct expr *build_reduction(struct parser *p, struct span span, const char *name, struct span name_span,
                             struct expr *binder, struct expr *element) {
  bool alias = binder->kind == EXPR_WITHIN && binder->left->kind == EXPR_NAME && binder->right->kind == EXPR_NAME;
  if (binder->kind != EXPR_NAME && !alias) {
    diagnose(p->sink, "E1016", binder->span, "before `:` stands the name of an index")->fix =
        "write sum(i: e), or sum(j in i: e) for a further name of it";
    return expr_new(p->arena, EXPR_ERROR, span);
  }
  struct expr *expr = expr_new(p->arena, EXPR_CALL, span);
  expr->name = name;
  expr->name_span = name_span;
  expr->binder = alias ? binder->left->name : binder->name;
  expr->left = alias ? binder->right : NULL;
  expr->items = element;
  return bounded(p, expr_measure(expr));
}

struct expr *build_conditional(struct parser *p, struct span span, struct expr *condition, struct expr *yes,
                               struct expr *no) {
  struct expr *expr = expr_new(p->arena, EXPR_IF, span);
  expr->condition = condition;
  expr->left = yes;
  expr->right = no;
  return bounded(p, expr_measure(expr));
}

struct expr *build_choice(struct parser *p, struct span span, const char *axis, struct span name_span,
                          struct option *options) {
  struct expr *expr = expr_new(p->arena, EXPR_CHOOSE, span);
  expr->name = axis;
  expr->name_span = name_span;
  expr->options = options;
  return bounded(p, expr_measure(expr));
}

/* ---- lists ---- */

struct expr_list build_exprs(struct expr_list list, struct expr *expr) {
  list.last->next = expr;
  return (struct expr_list){list.first, expr};
}

struct expr_list build_more(struct expr *first, struct expr_list rest) {
  first->next = rest.first;
  return (struct expr_list){first, rest.last};
}

struct option_list build_options(struct option_list list, struct option *option) {
  if (!list.first) return (struct option_list){option, option};
  list.last->next = option;
  return (struct option_list){list.first, option};
}

struct statement_list build_statements(struct statement_list list, struct statement_list more) {
  if (!list.first) return more;
  if (!more.first) return list;
  list.last->next = more.first;
  return (struct statement_list){list.first, more.last};
}

struct option *build_option(struct parser *p, struct span span, const char *label) {
  struct option *option = floe__arena_alloc(p->arena, sizeof *option);
  option->span = span;
  option->label = label;
  return option;
}

const char *build_else_label(struct parser *p) {
  return floe__name_of(p->names, "else");
}

/* ---- types and parameters ---- */

struct type_expr *build_type(struct parser *p, struct span span, const char *name) {
  struct type_expr *type = floe__arena_alloc(p->arena, sizeof *type);
  type->span = span;
  type->name = floe__name_of(p->names, name);
  return type;
}

struct type_expr *build_bounded(struct type_expr *type, struct span span, struct expr *range) {
  type->span = span;
  type->low = range->left; /* a range that was too deep is an EXPR_ERROR without bounds */
  type->high = range->right;
  return type;
}

struct parameter *build_parameter(struct parser *p, struct span span, const char *name, struct expr *indices,
                                  struct type_expr *type) {
  struct parameter *parameter = floe__arena_alloc(p->arena, sizeof *parameter);
  *parameter = (struct parameter){.span = span, .name = name, .indices = indices, .type = type};
  return parameter;
}

/* ---- statements ---- */

struct statement *build_named(struct parser *p, enum statement_kind kind, struct span span, const char *name,
                              struct span name_span) {
  struct statement *statement = statement_new(p->arena, kind, span);
  statement->name = name;
  statement->name_span = name_span;
  return statement;
}

struct statement *build_valued(struct parser *p, enum statement_kind kind, struct span span, const char *name,
                               struct span name_span, struct expr *value) {
  struct statement *statement = build_named(p, kind, span, name, name_span);
  statement->value = value;
  return statement;
}

struct statement *build_function(struct parser *p, enum statement_kind kind, struct span span, const char *name,
                                 struct span name_span, struct statement *body) {
  struct statement *statement = build_named(p, kind, span, name, name_span);
  statement->body = body;
  return statement;
}

struct statement *build_declaration(struct parser *p, enum statement_kind kind, struct span span, const char *name,
                                    struct span name_span, struct expr *indices, struct type_expr *type,
                                    struct expr *distribution) {
  struct statement *statement = build_valued(p, kind, span, name, name_span, distribution);
  statement->indices = indices;
  statement->type = type;
  return statement;
}

struct statement *build_for(struct parser *p, struct span span, const char *name, struct span name_span,
                            const char *dimension, struct expr *range, struct statement *body) {
  struct statement *statement = build_valued(p, STATEMENT_FOR, span, name, name_span, range);
  statement->index = dimension;
  statement->body = body;
  return statement;
}

struct statement *build_ode(struct parser *p, struct span span, const char *name, struct span name_span,
                            struct expr *times, struct expr *index, struct statement *body) {
  const struct expr *last = index;
  while (last->next) last = last->next;
  struct expr *value = build_index(p, span_join(times->span, last->span), times, index);
  struct statement *statement = build_valued(p, STATEMENT_ODE, span, name, name_span, value);
  statement->body = body;
  return statement;
}

struct statement *build_if(struct parser *p, struct span span, struct expr *condition, struct statement *body,
                           struct statement *otherwise) {
  struct statement *statement = statement_new(p->arena, STATEMENT_IF, span);
  statement->value = condition;
  statement->body = body;
  statement->otherwise = otherwise;
  int length = 0;
  for (struct statement *next = otherwise; next && next->kind == STATEMENT_IF; next = next->otherwise)
    if (++length >= TREE_MAX_DEPTH) {
      build_too_deep(p, span);
      statement->otherwise = NULL;
      break;
    }
  return statement;
}

struct statement *build_while(struct parser *p, struct span span, struct expr *condition, struct expr *limit,
                              struct statement *body) {
  struct statement *statement = statement_new(p->arena, STATEMENT_WHILE, span);
  statement->value = condition;
  statement->high = limit;
  statement->body = body;
  return statement;
}

struct statement *build_sim(struct statement *sim, struct span span, const char *name, struct span name_span,
                            struct parameter *parameters, struct parameter *outputs) {
  sim->span = span;
  sim->name = name;
  sim->name_span = name_span;
  sim->parameters = parameters;
  sim->outputs = outputs;
  return sim;
}

struct statement *build_targets(struct statement *first, struct span span, struct expr *value) {
  first->span = span;
  first->value = value;
  return first;
}

void build_more_targets(struct statement *first, struct statement *target) {
  struct statement *last = first->body;
  while (last->next) last = last->next;
  last->next = target;
}

struct statement *build_axis(struct statement *axis, struct span span, bool equivalence, const char *name,
                             struct span name_span, const char *description) {
  axis->span = span;
  axis->equivalence = equivalence;
  axis->name = name;
  axis->name_span = name_span;
  axis->text = description;
  return axis;
}

struct statement *build_extern(struct statement *external, struct span span, const char *name, struct span name_span,
                               struct parameter *parameters, struct type_expr *type) {
  external->span = span;
  external->name = name;
  external->name_span = name_span;
  external->parameters = parameters;
  external->type = type;
  return external;
}

struct statement_list build_reports(struct statement_list items, struct span span) {
  items.first->span.begin = span.begin;
  return items;
}
