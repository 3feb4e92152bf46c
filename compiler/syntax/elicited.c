#include "compiler/syntax/elicited.h"

#include <string.h>

#include "base/arena.h"
#include "base/names.h"

enum { MOST_FLOWING = 8 }; /* more would be more hyper values than can be found at once */

struct expander {
  struct floe__arena *arena;
  struct floe__names *names;
  struct span span; /* of the word in hand */
  size_t n_before;  /* numbers that this one follows */
  const char *before[MOST_FLOWING];
  struct statement **last;
};

/* ---- pieces of text ---- */

static const char *joined(struct expander *e, const char *a, const char *b) {
  return floe__name_of(e->names, floe__arena_printf(e->arena, "%s.%s", a, b));
}

static struct expr *name_expr(struct expander *e, const char *name) {
  struct expr *expr = expr_new(e->arena, EXPR_NAME, e->span);
  expr->name = floe__name_of(e->names, name);
  expr->name_span = e->span;
  return expr;
}

static struct expr *number_expr(struct expander *e, double number) {
  struct expr *expr = expr_new(e->arena, EXPR_NUMBER, e->span);
  expr->number = number < 0 ? -number : number;
  return number < 0 ? expr_unary(e->arena, OP_NEG, e->span, expr) : expr;
}

/* Adds an argument; NULL adds none. */
static struct expr *with(struct expr *call, struct expr *argument) {
  struct expr **last = &call->items;
  while (*last) last = &(*last)->next;
  *last = argument;
  return expr_measure(call);
}

static struct expr *call_expr(struct expander *e, const char *name) {
  struct expr *call = name_expr(e, name);
  call->kind = EXPR_CALL;
  return call;
}

static struct expr *binary(struct expander *e, enum operator_kind op, struct expr *left, struct expr *right) {
  return expr_binary(e->arena, op, left, right);
}

static void put(struct expander *e, struct statement *s) {
  s->next = NULL;
  *e->last = s;
  e->last = &s->next;
}

static struct statement *put_named(struct expander *e, enum statement_kind kind, const char *name) {
  struct statement *s = statement_new(e->arena, kind, e->span);
  s->name = name;
  put(e, s);
  return s;
}

/* hyper name : type, or between -bound and bound; such a number is 0 unless what the expert says asks for another */
static void put_hyper(struct expander *e, const char *name, const char *type, double bound) {
  struct statement *s = put_named(e, STATEMENT_HYPER, name);
  s->type = floe__arena_alloc(e->arena, sizeof *s->type);
  *s->type = (struct type_expr){.span = e->span, .name = floe__name_of(e->names, type)};
  s->shape = bound > 0;
  if (!s->shape) return;
  s->type->low = number_expr(e, -bound);
  s->type->high = number_expr(e, bound);
}

/* ---- families by type ---- */

struct family {
  const char *type, *flow;
  bool below, above; /* the first arguments: bounds */
};

static const struct family families[] = {
    {"real", "sinh_arcsinh", false, false},        {"vector", "sinh_arcsinh", false, false},
    {"matrix", "sinh_arcsinh", false, false},      {"positive", "sinh_arcsinh_above", true, false},
    {"nonneg", "sinh_arcsinh_above", true, false}, {"unit", "sinh_arcsinh_between", true, true},
};
static const struct family between = {"in", "sinh_arcsinh_between", true, true};
static const struct family above = {"in", "sinh_arcsinh_above", true, false};

static bool is_unbounded(const struct expr *bound) {
  return !bound || (bound->kind == EXPR_NAME && !strcmp(bound->name, "inf"));
}

static const struct family *family_of(const struct type_expr *type) {
  if (!type) return &families[0];
  if (!strcmp(type->name, "in")) return is_unbounded(type->low) ? NULL : is_unbounded(type->high) ? &above : &between;
  for (size_t k = 0; k < sizeof families / sizeof *families && !type->low && !type->high; k++)
    if (!strcmp(families[k].type, type->name)) return &families[k];
  return NULL;
}

static struct expr *copy_bound(struct expander *e, const struct expr *bound, double otherwise) {
  if (!bound) return number_expr(e, otherwise);
  struct expr *copy = floe__arena_alloc(e->arena, sizeof *copy);
  *copy = *bound;
  copy->next = NULL;
  return copy;
}

static void add_bounds(struct expander *e, struct expr *call, const struct family *family,
                       const struct type_expr *type) {
  if (family->below) with(call, copy_bound(e, type->low, 0));
  if (family->above) with(call, copy_bound(e, type->high, 1));
}

/* ---- taking apart ---- */

static bool is_elicited(const struct statement *s) {
  const bool hidden = s->kind == STATEMENT_PARAM || s->kind == STATEMENT_LATENT;
  return hidden && s->value && s->value->kind == EXPR_NAME && !strcmp(s->value->name, "elicited") && family_of(s->type);
}

static bool is_one_number(const struct statement *s) {
  return !s->indices && !(s->type && s->type->sizes);
}

/* The coupling to the numbers before this one: their weighted sum, with hyper values as weights; NULL: there are none. */
static struct expr *coupling(struct expander *e, const char *name, const char *what, double bound) {
  struct expr *sum = NULL;
  for (size_t k = 0; k < e->n_before; k++) {
    const char *weight = joined(e, joined(e, name, what), e->before[k]);
    put_hyper(e, weight, "in", bound);
    struct expr *part = binary(e, OP_MUL, name_expr(e, weight), name_expr(e, joined(e, e->before[k], "normal")));
    sum = sum ? binary(e, OP_ADD, sum, part) : part;
  }
  return sum;
}

/* location + scale * (shift.p * p.normal + ...), and scale * exp(stretch.p * p.normal + ...): arguments of the flow */
static void add_location_and_scale(struct expander *e, struct expr *flow, struct expr *normal, const char *name) {
  const char *location = joined(e, name, "location"), *scale = joined(e, name, "scale");
  struct expr *shift = coupling(e, name, "shift", 3), *stretch = coupling(e, name, "stretch", 1);
  struct expr *calls[] = {flow, normal};
  for (size_t k = 0; k < 2; k++) {
    struct expr *at = name_expr(e, location), *by = name_expr(e, scale);
    if (shift) at = binary(e, OP_ADD, at, binary(e, OP_MUL, name_expr(e, scale), shift));
    if (stretch) by = binary(e, OP_MUL, by, with(call_expr(e, "exp"), stretch));
    with(with(calls[k], at), by);
    with(with(calls[k], name_expr(e, joined(e, name, "skew"))), name_expr(e, joined(e, name, "tails")));
  }
}

/* followed: others come behind it. */
static void expand_elicited(struct expander *e, const struct statement *s, bool followed) {
  const struct family *family = family_of(s->type);
  e->span = s->value->span;
  put_hyper(e, joined(e, s->name, "location"), "real", 0);
  put_hyper(e, joined(e, s->name, "scale"), "positive", 0);
  put_hyper(e, joined(e, s->name, "skew"), "in", 1);
  put_hyper(e, joined(e, s->name, "tails"), "in", 0.5);
  struct expr *flow = call_expr(e, family->flow),
              *normal = call_expr(e, floe__arena_printf(e->arena, "%s_normal", family->flow));
  struct statement *param = floe__arena_alloc(e->arena, sizeof *param);
  *param = *s;
  param->value = flow;
  add_bounds(e, flow, family, s->type);
  with(normal, name_expr(e, s->name));
  add_bounds(e, normal, family, s->type);
  add_location_and_scale(e, flow, normal, s->name);
  put(e, param);
  if (!followed || !is_one_number(s) || e->n_before == MOST_FLOWING) return;
  put_named(e, STATEMENT_DEFINE, joined(e, s->name, "normal"))->value = normal;
  e->before[e->n_before++] = s->name;
}

static bool any_elicited(const struct statement *list) {
  for (const struct statement *s = list; s; s = s->next) {
    if (is_elicited(s)) return true;
    for (const struct option *o = s->kind == STATEMENT_CHOOSE ? s->options : NULL; o; o = o->next)
      if (any_elicited(o->body)) return true;
  }
  return false;
}

static void expand_list(struct expander *e, const struct statement *list, bool outermost);

/* What stands in an option follows numbers outside of it; none follows these. */
static struct option *expand_options(struct expander *e, const struct option *list) {
  struct option *first = NULL, **last = &first;
  for (; list; list = list->next, last = &(*last)->next) {
    struct expander inner = *e;
    *last = floe__arena_alloc(e->arena, sizeof **last);
    **last = *list;
    (*last)->body = NULL;
    (*last)->next = NULL;
    inner.last = &(*last)->body;
    expand_list(&inner, list->body, false);
  }
  return first;
}

static void expand_list(struct expander *e, const struct statement *list, bool outermost) {
  for (; list; list = list->next) {
    if (is_elicited(list)) {
      expand_elicited(e, list, outermost && any_elicited(list->next));
      continue;
    }
    struct statement *copy = floe__arena_alloc(e->arena, sizeof *copy);
    *copy = *list;
    if (list->kind == STATEMENT_CHOOSE) copy->options = expand_options(e, list->options);
    put(e, copy);
  }
}

const struct tree *elicited_expand(struct floe__arena *arena, struct floe__names *names, const struct tree *spec) {
  for (const struct statement *s = spec->statements; s; s = s->next)
    if (s->name && !strcmp(s->name, "elicited")) return spec; /* an axis of that name has the word */
  if (!any_elicited(spec->statements)) return spec;
  struct statement *first = NULL;
  struct expander e = {.arena = arena, .names = names, .last = &first};
  expand_list(&e, spec->statements, true);
  struct tree *expanded = floe__arena_alloc(arena, sizeof *expanded);
  *expanded = (struct tree){.source = spec->source, .statements = first};
  return expanded;
}
