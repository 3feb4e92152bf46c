/* Calls: arguments by place or name, formal dimensions bound to the caller's, and the functions of the language. */
#include "compiler/meaning/checker.h"

#include <math.h>
#include <string.h>

/* ---- errors ---- */

static char *signature_fix(struct checker *c, const char *callee, size_t n, const struct formal *const *formals) {
  struct floe__text text = {0};
  for (size_t k = 0; k < n; k++) floe__text_printf(&text, "%s%s", k ? ", " : "", formals[k]->name);
  char *fix = floe__arena_printf(c->arena, "write %s(%s)", callee, text.data ? text.data : "");
  floe__text_free(&text);
  return fix;
}

static void error_number_of_arguments(struct checker *c, const struct expr *call, size_t n,
                                      const struct formal *const *formals, size_t given) {
  struct diagnostic *d = diagnose(c->sink, "E2013", call->span, "`%s` takes %zu argument%s, not %zu", call->name, n,
                                  n == 1 ? "" : "s", given);
  d->fix = signature_fix(c, call->name, n, formals);
}

static void error_argument_missing(struct checker *c, const struct expr *call, size_t n,
                                   const struct formal *const *formals, size_t missing) {
  struct diagnostic *d =
      diagnose(c->sink, "E2013", call->span, "`%s` lacks its argument `%s`", call->name, formals[missing]->name);
  d->fix = signature_fix(c, call->name, n, formals);
}

static void error_argument_name(struct checker *c, const struct expr *argument, const char *callee, size_t n,
                                const struct formal *const *formals) {
  const char *names[16];
  for (size_t k = 0; k < n && k < 16; k++) names[k] = formals[k]->name;
  struct diagnostic *d =
      diagnose(c->sink, "E2014", argument->span, "`%s` has no argument `%s` left", callee, argument->label);
  d->fix = quoted_fix(c, suggest(argument->label, names, n < 16 ? n : 16));
  if (!d->fix && n) d->fix = signature_fix(c, callee, n, formals);
}

static void error_array_expected(struct checker *c, struct span span, const struct formal *formal, size_t given) {
  struct diagnostic *d =
      diagnose(c->sink, "E2015", span, "the argument `%s` is an array with %zu %s, not one with %zu", formal->name,
               formal->type.n_dim, formal->type.n_dim == 1 ? "index" : "indices", given);
  d->fix = given ? "reduce or index the superfluous ones" : "give a whole array, without brackets";
}

static void error_shapes_clash(struct checker *c, struct span span, const struct dimension *a,
                               const struct dimension *b) {
  diagnose(c->sink, "E2016", span, "this argument runs over %s, another one over %s", dimension_text(c, b),
           dimension_text(c, a))
      ->fix = is_nameless(a) && is_nameless(b) ? "both must have the same size" : "both must have the same index";
}

static void error_argument_kind(struct checker *c, struct span span, const struct formal *formal,
                                const struct term *given) {
  struct diagnostic *d = diagnose(c->sink, "E2020", span, "the argument `%s` is %s, not %s", formal->name,
                                  base_text(formal->type.base), base_text(given->type.base));
  if (formal->type.base == BASE_INT) d->fix = "use floor, ceil or round";
}

void error_argument(struct checker *c, struct presence box, struct span span, const char *message, const char *where) {
  error_in_case(c, box, "E2021", span, message,
                *where ? "narrow the range of the axis"
                       : "check the order of the arguments: they may be named, f(a = 1, b = 2)");
}

/* ---- formal dimensions ---- */

const struct dimension *substituted(const struct list *pairs, const struct dimension *dimension) {
  for (size_t k = 0; k + 1 < pairs->n; k += 2)
    if (pairs->items[k] == dimension) return pairs->items[k + 1];
  return dimension;
}

struct type type_substituted(struct checker *c, const struct list *pairs, struct type type) {
  const struct dimension *dims[16];
  for (size_t k = 0; k < type.n_dim && k < 16; k++) dims[k] = substituted(pairs, type.dim[k]);
  if (type.codes) type.codes = substituted(pairs, type.codes);
  type.low = type.high = NULL;
  type.strict = false;
  return type_array(c, type, type.n_dim, dims);
}

static bool unify(struct checker *c, struct list *pairs, const struct dimension *formal, const struct dimension *actual,
                  struct span span) {
  const struct dimension *known = substituted(pairs, formal);
  if (known == formal && formal->formal) {
    list_add(c->arena, pairs, formal);
    list_add(c->arena, pairs, actual);
    return true;
  }
  if (dimension_same(known, actual)) return true;
  error_shapes_clash(c, span, known, actual);
  return false;
}

/* ---- arguments ---- */

/* Where an array has more indices than the formal one, those that the context has bound stand for one element. */
static const struct term *array_argument(struct checker *c, const struct context *at, const struct expr *argument,
                                         const struct formal *formal) {
  struct opened opened;
  if (argument->kind == EXPR_CHOOSE) return array_of(c, at, argument);
  const struct term *element = element_of(c, at, argument, &opened);
  for (size_t k = 0; k < opened.n && opened.n > formal->type.n_dim;) {
    const struct bound *bound = at->bound;
    while (bound && bound->binder->dimension != opened.binders[k]->dimension) bound = bound->outer;
    if (!bound) {
      k++;
      continue;
    }
    opened.terms[k]->binder = bound->binder;
    opened.n--;
    for (size_t j = k; j < opened.n; j++) {
      opened.binders[j] = opened.binders[j + 1];
      opened.terms[j] = opened.terms[j + 1];
      opened.lone[j] = opened.lone[j + 1];
    }
  }
  if (!is_poison(c, element) && !extents_fit(c, &opened)) return c->poison;
  return term_map(c, argument->span, opened.n, opened.binders, element);
}

static bool kind_fits(const struct type *formal, const struct term *given) {
  enum base base = given->type.base;
  if (base == BASE_DISTRIBUTION) return false;
  switch (formal->base) {
    case BASE_REAL: return true;
    case BASE_INT: return base != BASE_REAL;
    case BASE_CODE: return base == BASE_INT || base == BASE_CODE;
    case BASE_BOOL: return base == BASE_BOOL;
    case BASE_DISTRIBUTION: return false;
  }
  return false;
}

struct domain_check { /* for universes in which a constant argument is outside of its type */
  const struct term *term;
  const struct formal *formal;
  double value;
  bool sum; /* it is that of the elements which is wrong */
};

static void error_outside_domain(struct checker *c, struct presence box, struct span span,
                                 const struct domain_check *check, const char *where) {
  const char *message = floe__arena_printf(
      c->arena,
      check->sum ? "the argument `%s` is %s, but its sum is %g%s" : "the argument `%s` is %s, but %g is not%s",
      check->formal->name, type_text(c, &check->formal->type), check->value, where);
  if (check->sum)
    error_in_case(c, box, "E2021", span, message, "give shares of 1: divide by their sum");
  else
    error_argument(c, box, span, message, where);
}

static bool outside_domain(void *context, const struct environment *environment) {
  struct domain_check *check = context;
  const bool simplex = check->formal->type.structure == STRUCTURE_SIMPLEX;
  if (constant_outside(check->term, &check->formal->type, environment, &check->value)) return true;
  check->sum = simplex && constant_sum(check->term, environment, &check->value) && fabs(check->value - 1) > 1e-6;
  return check->sum;
}

/* A constant is in the type, in all universes where it rests on axes. False: it is not, in any of them. */
static bool check_domain(struct checker *c, const struct context *at, const struct term *term,
                         const struct formal *formal, struct span span) {
  struct domain_check check = {.term = term, .formal = formal};
  struct presence box = at->presence;
  const char *where;
  if (!case_found(c, &box, &where, outside_domain, &check)) return true;
  error_outside_domain(c, box, span, &check, where);
  return box.options != NULL;
}

const struct term *argument_of(struct checker *c, const struct context *at, const struct expr *argument,
                               const struct formal *formal, struct list *pairs) {
  const struct term *term = formal->type.n_dim ? array_argument(c, at, argument, formal) : scalar_of(c, at, argument);
  if (is_poison(c, term)) return term;
  if (formal->type.base != BASE_BOOL) term = as_number(c, term);
  if (!kind_fits(&formal->type, term)) {
    error_argument_kind(c, argument->span, formal, term);
    return c->poison;
  }
  if (term->type.n_dim != formal->type.n_dim) {
    error_array_expected(c, argument->span, formal, term->type.n_dim);
    return c->poison;
  }
  for (size_t k = 0; k < term->type.n_dim; k++)
    if (!unify(c, pairs, formal->type.dim[k], term->type.dim[k], argument->span)) return c->poison;
  return check_domain(c, at, term, formal, argument->span) ? term : c->poison;
}

static size_t formal_named(const char *name, size_t n, const struct formal *const *formals) {
  size_t k = 0;
  while (k < n && formals[k]->name != name) k++;
  return k;
}

bool arguments_of(struct checker *c, const struct context *at, const struct expr *call, size_t n_formal,
                  const struct formal *const *formals, const struct term **items, struct list *pairs) {
  size_t n = 0, place = 0;
  bool sound = true;
  for (const struct expr *argument = call->items; argument; argument = argument->next) n++;
  if (n > n_formal) return error_number_of_arguments(c, call, n_formal, formals, n), false;
  for (const struct expr *argument = call->items; argument; argument = argument->next) {
    while (!argument->label && place < n_formal && items[place]) place++;
    size_t k = argument->label ? formal_named(argument->label, n_formal, formals) : place;
    if (k >= n_formal || items[k]) {
      if (argument->label)
        error_argument_name(c, argument, call->name, n_formal, formals);
      else
        error_number_of_arguments(c, call, n_formal, formals, n);
      return false;
    }
    items[k] = argument_of(c, at, argument, formals[k], pairs);
    sound = sound && !is_poison(c, items[k]);
  }
  for (size_t k = 0; k < n_formal; k++)
    if (!items[k]) return error_argument_missing(c, call, n_formal, formals, k), false;
  return sound;
}

/* ---- reductions and the other functions of the language ---- */

struct reduction_row {
  const char *name;
  enum reduction reduction;
  bool conditions;
};

static const struct reduction_row reduction_rows[] = {{"sum", REDUCE_SUM, false}, {"prod", REDUCE_PRODUCT, false},
                                                      {"max", REDUCE_MAX, false}, {"min", REDUCE_MIN, false},
                                                      {"all", REDUCE_ALL, true},  {"any", REDUCE_ANY, true}};

static const struct term *error_nothing_to_reduce(struct checker *c, const struct expr *call) {
  struct diagnostic *d =
      diagnose(c->sink, "E2015", call->span, "`%s` takes an array, but this is a single number", call->name);
  d->fix = floe__arena_printf(c->arena, "give an array or an index: %s(i: ...)", call->name);
  return c->poison;
}

static const struct term *error_reduction_form(struct checker *c, const struct expr *call) {
  struct diagnostic *d = diagnose(c->sink, "E2013", call->span, "`%s` takes one array or an index", call->name);
  d->fix = floe__arena_printf(c->arena, "write %s(x) or %s(i: x[i])", call->name, call->name);
  return c->poison;
}

static const struct term *reduce(struct checker *c, const struct expr *call, const struct reduction_row *row, size_t n,
                                 struct binder *const *binders, const struct term *element) {
  if (is_poison(c, element)) return element;
  if (row->conditions != (element->type.base == BASE_BOOL) || element->type.base == BASE_DISTRIBUTION) {
    struct diagnostic *d = diagnose(c->sink, row->conditions ? "E2018" : "E2017", call->span, "`%s` takes %s",
                                    call->name, row->conditions ? "conditions, not numbers" : "numbers");
    if (row->conditions) d->fix = "compare with something: all(x > 0)";
    return c->poison;
  }
  struct term *term = term_new(c, TERM_REDUCE, call->span, 1);
  term->reduction = row->reduction;
  term->items[0] = element;
  term->n_binder = n;
  term->binders = floe__arena_array(c->arena, n, sizeof *term->binders);
  for (size_t k = 0; k < n; k++) term->binders[k] = binders[k];
  term->type = type_scalar(row->conditions ? BASE_BOOL : is_whole(element) ? BASE_INT : BASE_REAL);
  return term;
}

static const struct term *reduce_by_index(struct checker *c, const struct context *at, const struct expr *call,
                                          const struct reduction_row *row) {
  const char *name = call->left ? call->left->name : call->binder;
  const struct dimension *dimension = dimension_named(c, at, name, call->left ? call->left->span : call->span);
  if (!dimension) return c->poison;
  struct context inner = *at;
  struct binder *binder = binder_new(c, dimension, call->binder);
  inner.bound = bound_new(c, call->binder, binder, at->bound);
  const struct term *element = scalar_of(c, &inner, call->items);
  return reduce(c, call, row, 1, &binder, row->conditions ? element : as_number(c, element));
}

static const struct term *reduce_array(struct checker *c, const struct context *at, const struct expr *call,
                                       const struct reduction_row *row) {
  struct opened opened;
  const struct term *element = element_of(c, at, call->items, &opened);
  if (is_poison(c, element)) return element;
  if (!opened.n) return error_nothing_to_reduce(c, call);
  if (!extents_fit(c, &opened)) return c->poison;
  return reduce(c, call, row, opened.n, opened.binders, row->conditions ? element : as_number(c, element));
}

/* max(a, b, ...) of scalars */
static const struct term *largest_of(struct checker *c, const struct context *at, const struct expr *call, bool least) {
  const struct term *best = number_of(c, at, call->items);
  for (const struct expr *item = call->items->next; item; item = item->next) {
    const struct term *next = number_of(c, at, item);
    if (is_poison(c, best) || is_poison(c, next)) return c->poison;
    if (!term_shareable(c, best, call->span) || !term_shareable(c, next, call->span)) return c->poison;
    const struct term *better = term_operator(c, least ? OP_LE : OP_GE, call->span, BASE_BOOL, best, next);
    best = term_select(c, call->span, better, best, next);
  }
  return best;
}

static const struct term *reduction_of(struct checker *c, const struct context *at, const struct expr *call,
                                       const struct reduction_row *row) {
  bool extreme = row->reduction == REDUCE_MAX || row->reduction == REDUCE_MIN;
  if (call->binder) return reduce_by_index(c, at, call, row);
  if (!call->items || call->items->label) return error_reduction_form(c, call);
  if (!call->items->next) return reduce_array(c, at, call, row);
  return extreme ? largest_of(c, at, call, row->reduction == REDUCE_MIN) : error_reduction_form(c, call);
}

static const struct term *size_of(struct checker *c, const struct context *at, const struct expr *call) {
  if (!call->items || call->items->next || call->items->kind != EXPR_NAME) {
    diagnose(c->sink, "E2013", call->span, "`size` takes the name of an index")->fix = "for example size(school)";
    return c->poison;
  }
  const struct bound *bound = bound_find(at->bound, call->items->name);
  const struct dimension *dimension =
      bound ? bound->binder->dimension : dimension_named(c, at, call->items->name, call->items->span);
  if (!dimension) return c->poison;
  struct term *term = term_new(c, TERM_SIZE, call->span, 0);
  term->dimension = dimension;
  term->type = type_scalar(BASE_INT);
  return term;
}

/* ---- calls ---- */

static const struct term *error_draw_outside_sample(struct checker *c, const struct expr *call) {
  diagnose(c->sink, "E2027", call->span, "the raw draw `%s` stands outside of a `sample`", call->name)->fix =
      "write `x ~ ...`, or use it in the `sample` of a `dist`";
  return c->poison;
}

static const struct term *error_distribution_as_value(struct checker *c, const struct expr *call) {
  struct diagnostic *d =
      diagnose(c->sink, "E2017", call->span, "`%s` is a distribution, but a number is expected here", call->name);
  d->fix = floe__arena_printf(c->arena, "draw from it first: `param x ~ %s(...)`", call->name);
  return c->poison;
}

static const struct term *error_index_in_call(struct checker *c, const struct expr *call) {
  struct diagnostic *d =
      diagnose(c->sink, "E2013", call->span, "`%s` is not a reduction and takes no index", call->name);
  d->fix = "only sum, prod, max, min, all and any do; give the whole array";
  return c->poison;
}

static const struct term *function_call(struct checker *c, const struct context *at, const struct expr *call,
                                        const struct function *function) {
  struct list pairs = {0};
  struct term *term = term_new(c, TERM_CALL, call->span, function->n_formal);
  term->function = function;
  if (!arguments_of(c, at, call, function->n_formal, function->formals, term->items, &pairs)) return c->poison;
  term->type = type_substituted(c, &pairs, function->type);
  return term;
}

static const struct term *extern_call(struct checker *c, const struct context *at, const struct expr *call,
                                      const struct external *external) {
  struct list pairs = {0};
  struct term *term = term_new(c, TERM_EXTERN, call->span, external->n_formal);
  term->external = external;
  if (external->random && at->place != PLACE_SAMPLE && at->place != PLACE_SIM)
    return error_draw_outside_sample(c, call);
  if (!arguments_of(c, at, call, external->n_formal, external->formals, term->items, &pairs)) return c->poison;
  term->type = type_substituted(c, &pairs, external->type);
  return term;
}

const struct term *call_of(struct checker *c, const struct context *at, const struct expr *call) {
  const struct symbol *symbol = scope_find(at->scope, NAMESPACE_CALLABLE, call->name);
  for (size_t k = 0; k < sizeof reduction_rows / sizeof *reduction_rows && !symbol; k++)
    if (strcmp(reduction_rows[k].name, call->name) == 0) return reduction_of(c, at, call, &reduction_rows[k]);
  if (!symbol && strcmp(call->name, "size") == 0) return size_of(c, at, call);
  if (!symbol) {
    error_unknown(c, at->scope, NAMESPACE_CALLABLE, call->name, call->name_span);
    return c->poison;
  }
  if (call->binder) return error_index_in_call(c, call);
  if (symbol->kind == SYMBOL_DISTRIBUTION) return error_distribution_as_value(c, call);
  if (symbol->kind == SYMBOL_EXTERN) return extern_call(c, at, call, symbol->external);
  return symbol->function ? function_call(c, at, call, symbol->function) : c->poison;
}
