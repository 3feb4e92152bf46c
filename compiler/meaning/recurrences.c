/* Arrays filled element by element: x[1] = ..., then for s in step[2..] { x[s] = f(x[s-1]) }. */
#include "compiler/meaning/checker.h"

#include <math.h>

/* ---- errors ---- */

static void error_elements_missing(struct checker *c, struct span span, const char *name, size_t given, size_t wanted) {
  struct diagnostic *d =
      diagnose(c->sink, "E4006", span, "`%s` has %zu initial element%s, but the loop starts at element %zu", name,
               given, given == 1 ? "" : "s", wanted + 1);
  d->fix = floe__arena_printf(c->arena, "define `%s[%zu] = ...` before the loop", name, given + 1);
  if (given > wanted)
    d->fix = floe__arena_printf(c->arena, "start the loop at %zu: each element is filled once", given + 1);
}

static const struct term *error_not_filled(struct checker *c, struct span span, const char *name, const char *fix) {
  diagnose(c->sink, "E4008", span, "this element of `%s` is not filled yet", name)->fix = fix;
  return c->poison;
}

static const struct term *error_lag(struct checker *c, struct span span, const char *name) {
  diagnose(c->sink, "E4009", span, "inside its loop, `%s` can be read only a fixed number of steps before", name)->fix =
      "write x[s - 1] with the loop's own index and a whole number";
  return c->poison;
}

static void error_loop_body(struct checker *c, struct span span, const char *loop) {
  struct diagnostic *d = diagnose(c->sink, "E4016", span, "a loop fills arrays at its own index");
  d->fix = floe__arena_printf(c->arena, "write `x[%s] = ...`", loop);
}

static void error_never_filled(struct checker *c, const struct symbol *symbol) {
  struct diagnostic *d = diagnose(c->sink, "E4007", symbol->span, "only the first %zu element%s of `%s` %s defined",
                                  symbol->partial->initial.n, symbol->partial->initial.n == 1 ? "" : "s", symbol->name,
                                  symbol->partial->initial.n == 1 ? "is" : "are");
  d->fix = floe__arena_printf(c->arena, "fill the others in a loop: for s in step[%zu..] { %s[s] = ... }",
                              symbol->partial->initial.n + 1, symbol->name);
}

/* ---- initial elements ---- */

static struct symbol *partial_new(struct checker *c, const struct context *at, const struct statement *s) {
  struct symbol *symbol = scope_add(c, at->scope, SYMBOL_PARTIAL, s->name, s->name_span, at->presence);
  if (!symbol) return NULL;
  symbol->partial = floe__arena_alloc(c->arena, sizeof *symbol->partial);
  symbol->partial->span = s->name_span;
  list_add(c->arena, &c->partial_symbols, symbol);
  return symbol;
}

void check_initial(struct checker *c, const struct context *at, const struct statement *s) {
  struct symbol *symbol = scope_find_here(at->scope, NAMESPACE_VALUE, s->name);
  if (at->place != PLACE_MODEL || s->indices->next) {
    error_absent(c, s->span,
                 s->indices->next ? "filling single elements of a matrix is"
                                  : "filling single elements in a function is");
    return;
  }
  const struct term *value = definition_value(c, at, s->value);
  if (symbol && symbol->kind == SYMBOL_POISON) return;
  if (symbol && symbol->kind != SYMBOL_PARTIAL) {
    error_defined_twice(c, s->name, s->name_span, symbol->span);
    return;
  }
  if (!symbol) symbol = partial_new(c, at, s);
  if (!symbol) return;
  size_t wanted = symbol->partial->initial.n + 1;
  if (!presence_within(c, at->presence, symbol->presence) || !presence_within(c, symbol->presence, at->presence)) {
    error_absent(c, s->name_span, "filling an array in several options is")->fix =
        "choose inside the elements' expressions";
    return;
  }
  if (s->indices->number != (double)wanted) {
    struct diagnostic *d = diagnose(c->sink, s->indices->number < (double)wanted ? "E2004" : "E4006", s->indices->span,
                                    "element %zu of `%s` comes next", wanted, s->name);
    d->fix = "initial elements are filled in order, each once";
    return;
  }
  value = as_number(c, value);
  if (is_poison(c, value) || !term_shareable(c, value, s->span)) value = c->poison;
  list_add(c->arena, &symbol->partial->initial, value);
}

/* ---- reading while the loop runs ---- */

static const struct term *read_initial(struct checker *c, const struct partial *partial, const struct term *index,
                                       const char *name, struct span span) {
  if (index->number >= 1 && index->number <= (double)partial->initial.n)
    return partial->initial.items[(size_t)index->number - 1];
  return error_not_filled(c, span, name, "define it first, or read it after the loop");
}

/* The number of steps back: 0 for x[s]; negative: not of that form. */
static double lag_of(const struct partial *partial, const struct term *index) {
  const struct term *binder = index, *number = NULL;
  if (index->kind == TERM_OPERATOR && index->op == OP_SUB) {
    binder = index->items[0];
    number = index->items[1];
  }
  if (binder->kind != TERM_BINDER || binder->binder != partial->binder) return -1;
  if (!number) return 0;
  return number->kind == TERM_NUMBER && number->number >= 1 && number->number == floor(number->number) ? number->number
                                                                                                       : -1;
}

const struct term *read_partial(struct checker *c, const struct context *at, struct symbol *symbol,
                                const struct expr *expr) {
  struct partial *partial = symbol->partial;
  if (expr->kind == EXPR_NAME || !expr->items || expr->items->next)
    return error_not_filled(c, expr->span, symbol->name,
                            "read single elements here, or the whole array after the loop");
  const struct term *index = scalar_of(c, at, expr->items);
  if (is_poison(c, index)) return index;
  presence_require(c, at->presence, symbol->presence, symbol->name, expr->span, symbol->span);
  if (index->kind == TERM_NUMBER) return read_initial(c, partial, index, symbol->name, expr->span);
  if (!partial->definition)
    return error_not_filled(c, expr->span, symbol->name, "read it inside or after the loop that fills it");
  double lag = lag_of(partial, index);
  if (lag < 0) return error_lag(c, expr->span, symbol->name);
  if (lag == 0 && !partial->defined_in_step)
    return error_not_filled(c, expr->span, symbol->name, "put its definition before this one in the loop");
  if (lag > (double)(partial->start - 1)) {
    const char *fix = floe__arena_printf(c->arena, "define `%s[%zu] = ...` before the loop, and start it at %.0f",
                                         symbol->name, partial->start, lag + 1);
    return error_not_filled(c, expr->span, symbol->name, fix);
  }
  if (lag > 0) partial->looks_back = true;
  struct term *whole = term_new(c, TERM_DEFINITION, expr->span, 0), *element = term_new(c, TERM_ELEMENT, expr->span, 2);
  whole->definition = partial->definition;
  whole->type = partial->definition->type;
  element->items[0] = whole;
  element->items[1] = index;
  element->type = type_scalar(partial->definition->type.base);
  return element;
}

/* ---- loops ---- */

struct loop {
  const struct statement *statement;
  const struct dimension *dimension;
  struct binder *binder;
  size_t start;
  struct context inner;
  struct list filled; /* struct symbol * */
};

static bool loop_range(struct checker *c, struct loop *loop) {
  const struct expr *range = loop->statement->value;
  loop->start = 1;
  if (!range) return true;
  bool counted = range->kind == EXPR_RANGE && range->left && range->left->kind == EXPR_NUMBER && range->left->is_int;
  if (!counted || range->left->number < 1 || range->left->number > 1000) {
    error_absent(c, range->span, "a loop over anything but [k..], with k a whole number, is")->fix =
        "for example step[2..]";
    return false;
  }
  if (range->right) {
    error_absent(c, range->span, "a loop that ends early is")->fix = "write [k..]: each element is filled once";
    return false;
  }
  loop->start = (size_t)range->left->number;
  return true;
}

/* Stochastic statements in a loop are one plate. */
static void sample_in_loop(struct checker *c, const struct context *at, const struct loop *loop,
                           const struct statement *s) {
  struct statement plate = *s;
  const struct statement *f = loop->statement;
  bool own = s->indices && !s->indices->next && s->indices->kind == EXPR_NAME && s->indices->name == f->name;
  if (!own || loop->start != 1) {
    error_absent(c, s->span, "this stochastic statement in a loop is")->fix = "write it without a loop: y[i] ~ ...";
    return;
  }
  struct expr *alias = floe__arena_alloc(c->arena, sizeof *alias),
              *dimension = floe__arena_alloc(c->arena, sizeof *dimension);
  *alias = (struct expr){.kind = EXPR_WITHIN, .span = s->indices->span, .left = s->indices, .right = dimension};
  *dimension = (struct expr){.kind = EXPR_NAME, .span = f->name_span, .name = f->index};
  plate.indices = alias;
  check_sample(c, at, &plate);
}

/* Makes the array known to the whole body of the loop. */
static bool announce(struct checker *c, const struct context *at, struct loop *loop, const struct statement *s) {
  if (s->indices->next || s->indices->kind != EXPR_NAME || s->indices->name != loop->statement->name)
    return error_loop_body(c, s->span, loop->statement->name), false;
  struct symbol *symbol = scope_find_here(at->scope, NAMESPACE_VALUE, s->name);
  if (symbol && symbol->kind == SYMBOL_POISON) return false;
  bool begun = symbol && symbol->kind == SYMBOL_PARTIAL && !symbol->partial->definition;
  if (symbol && !begun) return error_defined_twice(c, s->name, s->name_span, symbol->span), false;
  if (!begun) symbol = partial_new(c, at, s);
  if (!symbol) return false;
  struct partial *partial = symbol->partial;
  if (partial->initial.n != loop->start - 1) {
    error_elements_missing(c, s->name_span, s->name, partial->initial.n, loop->start - 1);
    symbol->kind = SYMBOL_POISON;
    return false;
  }
  struct definition *d = floe__arena_alloc(c->arena, sizeof *d);
  *d = (struct definition){.name = s->name, .span = s->name_span, .presence = at->presence, .n_binder = 1};
  d->binders = floe__arena_array(c->arena, 1, sizeof *d->binders);
  d->binders[0] = loop->binder;
  d->type = type_array(c, type_scalar(BASE_REAL), 1, &loop->dimension);
  d->initial = floe__arena_array(c->arena, partial->initial.n + 1, sizeof *d->initial);
  for (size_t k = 0; k < partial->initial.n; k++) d->initial[k] = partial->initial.items[k];
  partial->definition = d;
  partial->binder = loop->binder;
  partial->start = loop->start;
  list_add(c->arena, &loop->filled, symbol);
  return true;
}

static bool fill(struct checker *c, struct loop *loop, const struct statement *s, size_t k) {
  const struct term *value = as_number(c, definition_value(c, &loop->inner, s->value));
  if (s->indices) {
    struct symbol *symbol = loop->filled.items[k];
    symbol->partial->definition->value = value;
    symbol->partial->defined_in_step = true;
  } else {
    bool sound = !is_poison(c, value) && term_shareable(c, value, s->span);
    struct symbol *symbol = scope_add(c, loop->inner.scope, sound ? SYMBOL_TERM : SYMBOL_POISON, s->name, s->name_span,
                                      loop->inner.presence);
    if (symbol) symbol->term = value;
    if (symbol) symbol->local = true;
  }
  return !is_poison(c, value);
}

static void finish_loop(struct checker *c, const struct context *at, const struct loop *loop, bool sound) {
  bool looks_back = loop->start > 1;
  unsigned roles = 0;
  struct recurrence *recurrence = floe__arena_alloc(c->arena, sizeof *recurrence);
  *recurrence = (struct recurrence){loop->binder, loop->start, loop->filled.n, NULL};
  recurrence->definitions = floe__arena_array(c->arena, loop->filled.n + 1, sizeof *recurrence->definitions);
  for (size_t k = 0; k < loop->filled.n; k++) {
    struct symbol *symbol = loop->filled.items[k];
    struct definition *d = symbol->partial->definition;
    looks_back = looks_back || symbol->partial->looks_back;
    recurrence->definitions[k] = d;
    roles |= d->value ? term_roles(c, d->value) : 0;
    for (size_t j = 0; j + 1 < loop->start; j++) roles |= term_roles(c, d->initial[j]);
  }
  for (size_t k = 0; k < loop->filled.n; k++) {
    struct symbol *symbol = loop->filled.items[k];
    struct definition *d = symbol->partial->definition;
    symbol->kind = sound ? SYMBOL_DEFINITION : SYMBOL_POISON;
    symbol->definition = d;
    symbol->roles = roles;
    if (!sound) continue;
    if (looks_back)
      d->recurrence = recurrence;
    else
      d->type =
          type_array(c, (struct type){.base = d->value->type.base, .codes = d->value->type.codes}, 1, &loop->dimension);
    struct piece *piece = floe__arena_alloc(c->arena, sizeof *piece);
    *piece = (struct piece){at->presence, d->value, d->span};
    list_add(c->arena, &symbol->pieces, piece);
    list_add(c->arena, &c->definition_symbols, symbol);
  }
}

void check_for(struct checker *c, const struct context *at, const struct statement *statement) {
  struct loop loop = {.statement = statement};
  bool sound = true;
  size_t k = 0;
  loop.dimension = dimension_named(c, at, statement->index, statement->name_span);
  if (!loop.dimension || !loop_range(c, &loop)) return;
  loop.binder = binder_new(c, loop.dimension, statement->name);
  loop.inner = *at;
  loop.inner.scope = scope_new(c, at->scope, 16);
  loop.inner.bound = bound_new(c, statement->name, loop.binder, at->bound);
  for (const struct statement *s = statement->body; s; s = s->next)
    if (s->kind == STATEMENT_DEFINE && s->indices) sound = announce(c, at, &loop, s) && sound;
  for (const struct statement *s = statement->body; s; s = s->next) {
    if (s->kind == STATEMENT_SAMPLE)
      sample_in_loop(c, at, &loop, s);
    else if (s->kind == STATEMENT_DEFINE) {
      if (!s->indices || sound) sound = fill(c, &loop, s, k) && sound;
      k += s->indices != NULL;
    } else if (s->kind != STATEMENT_ERROR)
      error_absent(c, s->span, "this statement inside a loop is");
  }
  finish_loop(c, at, &loop, sound);
}

void finish_partials(struct checker *c) {
  for (size_t k = 0; k < c->partial_symbols.n; k++) {
    const struct symbol *symbol = c->partial_symbols.items[k];
    if (symbol->kind == SYMBOL_PARTIAL) error_never_filled(c, symbol);
  }
}
