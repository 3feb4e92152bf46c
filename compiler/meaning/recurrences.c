/* Arrays filled element by element: x[1] = ..., then for s in step[2..] { x[s] = f(x[s-1]) }; and variables that are
 * drawn element by element: y[1] ~ ..., then for s in step[2..] { y[s] ~ normal(f(y[s-1]), 1) }. */
#include "compiler/meaning/checker.h"

#include <math.h>

#define MAX_INITIAL 1000 /* so many elements may stand before a loop */

/* ---- errors ---- */

static const char *sign_of(const struct symbol *symbol) {
  return symbol->kind == SYMBOL_VARIABLE ? "~" : "=";
}

static void error_elements_missing(struct checker *c, struct span span, const struct symbol *symbol, size_t wanted) {
  size_t given = symbol->partial->initial.n;
  struct diagnostic *d =
      diagnose(c->sink, "E4006", span, "`%s` has %zu initial element%s, but the loop starts at element %zu",
               symbol->name, given, given == 1 ? "" : "s", wanted + 1);
  d->fix =
      floe__arena_printf(c->arena, "define `%s[%zu] %s ...` before the loop", symbol->name, given + 1, sign_of(symbol));
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
  d->fix = floe__arena_printf(c->arena, "write `x[%s] = ...` or `x[%s] ~ ...`", loop, loop);
}

static void error_never_filled(struct checker *c, const struct symbol *symbol) {
  struct diagnostic *d = diagnose(c->sink, "E4007", symbol->span, "only the first %zu element%s of `%s` %s defined",
                                  symbol->partial->initial.n, symbol->partial->initial.n == 1 ? "" : "s", symbol->name,
                                  symbol->partial->initial.n == 1 ? "is" : "are");
  d->fix = floe__arena_printf(c->arena, "fill the others in a loop: for s in step[%zu..] { %s[s] %s ... }",
                              symbol->partial->initial.n + 1, symbol->name, sign_of(symbol));
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

static bool same_universes(struct checker *c, const struct context *at, struct presence presence, struct span span) {
  if (presence_within(c, at->presence, presence) && presence_within(c, presence, at->presence)) return true;
  error_absent(c, span, "filling an array in several options is")->fix = "choose inside the elements' expressions";
  return false;
}

static bool comes_next(struct checker *c, const struct symbol *symbol, double element, struct span span) {
  size_t wanted = symbol->partial->initial.n + 1;
  if (element == (double)wanted) return true;
  struct diagnostic *d = diagnose(c->sink, element < (double)wanted ? "E2004" : "E4006", span,
                                  "element %zu of `%s` comes next", wanted, symbol->name);
  d->fix = "initial elements are filled in order, each once";
  return false;
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
  if (!same_universes(c, at, symbol->presence, s->name_span)) return;
  if (!comes_next(c, symbol, s->indices->number, s->indices->span)) return;
  value = as_number(c, value);
  if (is_poison(c, value) || !term_shareable(c, value, s->span)) value = c->poison;
  list_add(c->arena, &symbol->partial->initial, value);
}

/* ---- initial elements of variables ---- */

static void error_given(struct checker *c, const struct statement *s, const struct symbol *symbol) {
  struct diagnostic *d =
      diagnose(c->sink, "E4030", s->name_span, "only elements of an obs can be given, and `%s` is none", s->name);
  d->fix = "remove `data`: what is drawn has a distribution";
  d->related = symbol->span;
  d->related_message = "it is defined here";
}

static struct partial *partial_of(struct checker *c, const struct context *at, struct symbol *symbol,
                                  struct span span) {
  if (symbol->partial) return symbol->partial;
  symbol->partial = floe__arena_alloc(c->arena, sizeof *symbol->partial);
  symbol->partial->span = span;
  symbol->partial->presence = at->presence;
  bool known = false;
  for (size_t k = 0; k < c->partial_symbols.n; k++) known = known || c->partial_symbols.items[k] == symbol;
  if (!known) list_add(c->arena, &c->partial_symbols, symbol);
  return symbol->partial;
}

/* The elements that the left side names: one, or first..last. */
static bool elements_of(struct checker *c, const struct expr *index, double *first, double *last) {
  const struct expr *low = index->kind == EXPR_RANGE ? index->left : index;
  const struct expr *high = index->kind == EXPR_RANGE ? index->right : index;
  bool whole = low && high && low->kind == EXPR_NUMBER && low->is_int && high->kind == EXPR_NUMBER && high->is_int;
  if (whole && low->number >= 1 && high->number >= low->number && high->number <= MAX_INITIAL) {
    *first = low->number;
    *last = high->number;
    return true;
  }
  diagnose(c->sink, "E4031", index->span, "these are no elements that stand before a loop")->fix =
      "name one, y[1] ~ ..., or several, y[1..3] ~ ...; a loop fills the rest";
  return false;
}

void check_initial_draw(struct checker *c, const struct context *at, const struct statement *s, bool given) {
  struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, s->name);
  double first, last;
  if (!symbol) {
    error_unknown(c, at->scope, NAMESPACE_VALUE, s->name, s->name_span);
    return;
  }
  if (symbol->kind == SYMBOL_POISON) return;
  if (symbol->kind != SYMBOL_VARIABLE || (given && symbol->variable->role != ROLE_OBS)) {
    error_given(c, s, symbol);
    return;
  }
  if (symbol->variable->type.n_dim != 1 || s->indices->next || !s->value) {
    error_absent(c, s->span, "drawing single elements of this is")->fix = "write y[1] ~ ... for a y with one index";
    return;
  }
  if (!elements_of(c, s->indices, &first, &last)) return;
  presence_require(c, at->presence, symbol->presence, s->name, s->name_span, symbol->span);
  struct partial *partial = partial_of(c, at, symbol, s->name_span);
  if (!same_universes(c, at, partial->presence, s->name_span)) return;
  if (!comes_next(c, symbol, first, s->indices->span)) return;
  const struct term *distribution = element_distribution(c, at, symbol, s->value, given);
  for (double k = first; k <= last; k++) {
    list_add(c->arena, &partial->initial, distribution ? distribution : c->poison);
    list_add(c->arena, &partial->given, given ? symbol : NULL);
  }
}

/* ---- reading while the loop runs ---- */

bool is_partial(const struct symbol *symbol) {
  return symbol->kind == SYMBOL_PARTIAL || (symbol->kind == SYMBOL_VARIABLE && symbol->partial);
}

/* ELEMENT of what is being filled: a definition, or a variable. */
static const struct term *element_of_partial(struct checker *c, const struct symbol *symbol, const struct term *index,
                                             struct span span) {
  bool drawn = symbol->kind == SYMBOL_VARIABLE;
  struct term *whole = term_new(c, drawn ? TERM_VARIABLE : TERM_DEFINITION, span, 0),
              *element = term_new(c, TERM_ELEMENT, span, 2);
  whole->variable = drawn ? symbol->variable : NULL;
  whole->definition = drawn ? NULL : symbol->partial->definition;
  whole->type = drawn ? symbol->variable->type : symbol->partial->definition->type;
  element->items[0] = whole;
  element->items[1] = index;
  element->type = type_scalar(whole->type.base);
  element->type.codes = whole->type.codes;
  return element;
}

static const struct term *read_initial(struct checker *c, const struct symbol *symbol, const struct term *index,
                                       struct span span) {
  const struct partial *partial = symbol->partial;
  bool there = index->number >= 1 && index->number <= (double)partial->initial.n;
  if (!there) return error_not_filled(c, span, symbol->name, "define it first, or read it after the loop");
  if (symbol->kind == SYMBOL_VARIABLE) return element_of_partial(c, symbol, index, span);
  return partial->initial.items[(size_t)index->number - 1];
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
  if (index->kind == TERM_NUMBER) return read_initial(c, symbol, index, expr->span);
  if (!partial->definition)
    return error_not_filled(c, expr->span, symbol->name, "read it inside or after the loop that fills it");
  double lag = lag_of(partial, index);
  if (lag < 0) return error_lag(c, expr->span, symbol->name);
  if (lag == 0 && !partial->defined_in_step)
    return error_not_filled(c, expr->span, symbol->name, "put its definition before this one in the loop");
  if (lag > (double)(partial->start - 1)) {
    const char *fix = floe__arena_printf(c->arena, "define `%s[%zu] %s ...` before the loop, and start it at %.0f",
                                         symbol->name, partial->start, sign_of(symbol), lag + 1);
    return error_not_filled(c, expr->span, symbol->name, fix);
  }
  if (lag > 0) partial->looks_back = true;
  return element_of_partial(c, symbol, index, expr->span);
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
  if (!counted || range->left->number < 1 || range->left->number > MAX_INITIAL + 1) {
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

/* The symbol that a statement in the loop fills, with its elements so far; NULL: reported. */
static struct symbol *filled_definition(struct checker *c, const struct context *at, const struct statement *s) {
  struct symbol *symbol = scope_find_here(at->scope, NAMESPACE_VALUE, s->name);
  if (symbol && symbol->kind == SYMBOL_POISON) return NULL;
  bool begun = symbol && symbol->kind == SYMBOL_PARTIAL && !symbol->partial->definition;
  if (symbol && !begun) return error_defined_twice(c, s->name, s->name_span, symbol->span), NULL;
  return begun ? symbol : partial_new(c, at, s);
}

static struct symbol *filled_variable(struct checker *c, const struct context *at, const struct loop *loop,
                                      const struct statement *s) {
  struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, s->name);
  if (!symbol || symbol->kind != SYMBOL_VARIABLE || !symbol->drawn_later) {
    check_sample(c, at, s); /* says what is wrong */
    return NULL;
  }
  const struct type *type = &symbol->variable->type;
  if (type->n_dim != 1 || type->dim[0] != loop->dimension) {
    struct diagnostic *d =
        diagnose(c->sink, "E2011", s->indices->span, "`%s` does not run over %s alone", s->name, loop->dimension->name);
    d->fix = "loop over the index of its declaration";
    return NULL;
  }
  presence_require(c, at->presence, symbol->presence, s->name, s->name_span, symbol->span);
  struct partial *partial = partial_of(c, at, symbol, s->name_span);
  if (partial->definition) return error_defined_twice(c, s->name, s->name_span, partial->span), NULL;
  return same_universes(c, at, partial->presence, s->name_span) ? symbol : NULL;
}

/* Makes the array known to the whole body of the loop. */
static bool announce(struct checker *c, const struct context *at, struct loop *loop, const struct statement *s) {
  if (s->indices && s->indices->next) {
    error_absent(c, s->span, "filling a matrix in a loop is")->fix = "fill one array for each of its columns";
    return false;
  }
  if (!s->indices || s->indices->kind != EXPR_NAME || s->indices->name != loop->statement->name)
    return error_loop_body(c, s->span, loop->statement->name), false;
  bool drawn = s->kind == STATEMENT_SAMPLE;
  struct symbol *symbol = drawn ? filled_variable(c, at, loop, s) : filled_definition(c, at, s);
  if (!symbol) return false;
  struct partial *partial = symbol->partial;
  if (partial->initial.n != loop->start - 1) {
    error_elements_missing(c, s->name_span, symbol, loop->start - 1);
    symbol->kind = SYMBOL_POISON;
    return false;
  }
  struct definition *d = floe__arena_alloc(c->arena, sizeof *d);
  bool *given = floe__arena_array(c->arena, partial->initial.n + 1, sizeof *given);
  *d = (struct definition){.name = s->name, .span = s->name_span, .presence = at->presence, .n_binder = 1};
  d->binders = floe__arena_array(c->arena, 1, sizeof *d->binders);
  d->binders[0] = loop->binder;
  d->type = type_array(c, type_scalar(drawn ? BASE_DISTRIBUTION : BASE_REAL), 1, &loop->dimension);
  d->initial = floe__arena_array(c->arena, partial->initial.n + 1, sizeof *d->initial);
  for (size_t k = 0; k < partial->initial.n; k++) d->initial[k] = partial->initial.items[k];
  for (size_t k = 0; k < partial->given.n; k++) given[k] = partial->given.items[k] != NULL;
  d->variable = drawn ? symbol->variable : NULL;
  d->given = given;
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

static bool fill_by_draws(struct checker *c, struct loop *loop, const struct statement *s, size_t k) {
  struct symbol *symbol = loop->filled.items[k];
  const struct term *distribution = element_distribution(c, &loop->inner, symbol, s->value, false);
  symbol->partial->definition->value = distribution;
  symbol->partial->defined_in_step = true;
  return distribution != NULL;
}

/* ---- what members of a loop rest on ---- */

struct need_walk {
  const struct loop *loop;
  bool *needs;
};

static void collect_members(void *context, const struct term *term) {
  struct need_walk *walk = context;
  for (size_t k = 0; k < walk->loop->filled.n; k++) {
    const struct symbol *symbol = walk->loop->filled.items[k];
    const struct definition *d = symbol->partial->definition;
    if (term->definition == d || (term->variable && term->variable == d->variable)) walk->needs[k] = true;
  }
}

static void visit_member(const struct definition *d, size_t n_initial,
                         void (*visit)(void *context, const struct term *term), void *context) {
  visit_terms(d->value, visit, context);
  for (size_t j = 0; j < n_initial; j++) visit_terms(d->initial[j], visit, context);
}

static const struct definition *member(const struct loop *loop, size_t k) {
  return ((const struct symbol *)loop->filled.items[k])->partial->definition;
}

/* The transitive closure of what the terms name. (n, n) */
static bool *needs_of_members(struct checker *c, const struct loop *loop) {
  size_t n = loop->filled.n;
  bool *needs = floe__arena_array(c->arena, n * n + 1, sizeof *needs);
  for (size_t k = 0; k < n; k++) {
    struct need_walk walk = {loop, needs + k * n};
    visit_member(member(loop, k), loop->start - 1, collect_members, &walk);
    walk.needs[k] = true;
  }
  for (size_t through = 0; through < n; through++)
    for (size_t k = 0; k < n; k++)
      for (size_t j = 0; j < n && needs[k * n + through]; j++)
        needs[k * n + j] = needs[k * n + j] || needs[through * n + j];
  return needs;
}

static unsigned roles_of_member(const struct checker *c, const struct loop *loop, const bool *needs) {
  unsigned roles = 0;
  for (size_t k = 0; k < loop->filled.n; k++) {
    if (!needs[k]) continue;
    roles |= member(loop, k)->value ? term_roles(c, member(loop, k)->value) : 0;
    for (size_t j = 0; j + 1 < loop->start; j++) roles |= term_roles(c, member(loop, k)->initial[j]);
  }
  return roles;
}

/* ---- the end of a loop ---- */

static void add_piece(struct checker *c, const struct context *at, struct symbol *symbol, const struct term *term,
                      struct span span) {
  struct piece *piece = floe__arena_alloc(c->arena, sizeof *piece);
  *piece = (struct piece){at->presence, term, span};
  list_add(c->arena, &symbol->pieces, piece);
}

static void finish_definition(struct checker *c, const struct context *at, const struct loop *loop,
                              struct symbol *symbol, const struct recurrence *recurrence) {
  struct definition *d = symbol->partial->definition;
  symbol->kind = SYMBOL_DEFINITION;
  symbol->definition = d;
  d->recurrence = recurrence;
  if (!recurrence)
    d->type =
        type_array(c, (struct type){.base = d->value->type.base, .codes = d->value->type.codes}, 1, &loop->dimension);
  add_piece(c, at, symbol, d->value, d->span);
  list_add(c->arena, &c->definition_symbols, symbol);
}

/* The distribution of the whole variable: of one element, where elements do not look at each other; else step by step. */
static const struct term *drawn_by_loop(struct checker *c, const struct loop *loop, struct symbol *symbol,
                                        const struct recurrence *recurrence) {
  struct variable *v = symbol->variable;
  struct definition *d = symbol->partial->definition;
  if (!recurrence) {
    v->binders[0] = loop->binder;
    return d->value;
  }
  d->recurrence = recurrence;
  struct term *term = term_new(c, TERM_DEFINITION, d->span, loop->start);
  term->definition = d;
  term->type = type_scalar(BASE_DISTRIBUTION);
  for (size_t j = 0; j + 1 < loop->start; j++) term->items[j] = d->initial[j];
  term->items[loop->start - 1] = d->value;
  return term;
}

static void finish_draws(struct checker *c, const struct context *at, const struct loop *loop, enum role role,
                         const struct recurrence *recurrence) {
  for (size_t k = 0; k < loop->filled.n; k++) {
    struct symbol *symbol = loop->filled.items[k];
    if (symbol->kind != SYMBOL_VARIABLE || (symbol->variable->role == ROLE_OBS) != (role == ROLE_OBS)) continue;
    add_piece(c, at, symbol, drawn_by_loop(c, loop, symbol, recurrence), symbol->partial->definition->span);
    symbol->order = ++c->n_order;
    symbol->partial = NULL;
  }
}

/* Elements can be treated alike if none looks at another one, and if what was said of the variable so far does not
 * stand in the way. */
static bool is_plate(const struct loop *loop) {
  bool alike = loop->start == 1;
  for (size_t k = 0; k < loop->filled.n; k++) {
    const struct symbol *symbol = loop->filled.items[k];
    alike = alike && !symbol->partial->looks_back;
    if (symbol->kind != SYMBOL_VARIABLE) continue;
    const struct term *low = symbol->variable->type.low, *high = symbol->variable->type.high;
    alike = alike && !symbol->pieces.n && (!low || low->kind == TERM_NUMBER) && (!high || high->kind == TERM_NUMBER);
  }
  return alike;
}

static void give_up(struct symbol *symbol) {
  symbol->kind = SYMBOL_POISON;
}

static void finish_loop(struct checker *c, const struct context *at, const struct loop *loop, bool sound) {
  size_t n = loop->filled.n;
  struct recurrence *recurrence = floe__arena_alloc(c->arena, sizeof *recurrence);
  *recurrence = (struct recurrence){loop->binder, loop->start, n, NULL};
  recurrence->definitions = floe__arena_array(c->arena, n + 1, sizeof *recurrence->definitions);
  if (!sound) {
    for (size_t k = 0; k < n; k++) give_up(loop->filled.items[k]);
    return;
  }
  bool *needs = needs_of_members(c, loop);
  for (size_t k = 0; k < n; k++) {
    struct symbol *symbol = loop->filled.items[k];
    recurrence->definitions[k] = symbol->partial->definition;
    symbol->partial->definition->needs = needs + k * n;
    symbol->roles = roles_of_member(c, loop, needs + k * n);
    if (symbol->kind == SYMBOL_VARIABLE) check_unknown_roles(c, symbol->variable, symbol->roles, symbol->partial->span);
  }
  const struct recurrence *looks_back = is_plate(loop) ? NULL : recurrence;
  for (size_t k = 0; k < n; k++) {
    struct symbol *symbol = loop->filled.items[k];
    if (symbol->kind == SYMBOL_PARTIAL) finish_definition(c, at, loop, symbol, looks_back);
  }
  finish_draws(c, at, loop, ROLE_PARAM, looks_back);
  finish_draws(c, at, loop, ROLE_OBS, looks_back);
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
    if ((s->kind == STATEMENT_DEFINE && s->indices) || s->kind == STATEMENT_SAMPLE)
      sound = announce(c, at, &loop, s) && sound;
  for (const struct statement *s = statement->body; s; s = s->next) {
    if (s->kind == STATEMENT_SAMPLE) {
      if (sound) sound = fill_by_draws(c, &loop, s, k) && sound;
      k++;
    } else if (s->kind == STATEMENT_DEFINE) {
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
    if (is_partial(symbol)) error_never_filled(c, symbol);
  }
}
