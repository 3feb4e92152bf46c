/* Arrays filled element by element: x[1] = ..., then for s in step[2..] { x[s] = f(x[s-1]) }; and variables that are
 * drawn element by element: y[1] ~ ..., then for s in step[2..] { y[s] ~ normal(f(y[s-1]), 1) }. */
#include "compiler/meaning/recurrences.h"

#include <math.h>

/* ---- errors ---- */

const char *sign_of(const struct symbol *symbol) {
  return symbol->kind == SYMBOL_VARIABLE ? "~" : "=";
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

static void error_never_filled(struct checker *c, const struct symbol *symbol) {
  struct diagnostic *d = diagnose(c->sink, "E4007", symbol->span, "only the first %zu element%s of `%s` %s defined",
                                  symbol->partial->initial.n, symbol->partial->initial.n == 1 ? "" : "s", symbol->name,
                                  symbol->partial->initial.n == 1 ? "is" : "are");
  d->fix = floe__arena_printf(c->arena, "fill the others in a loop: for s in step[%zu..] { %s[s] %s ... }",
                              symbol->partial->initial.n + 1, symbol->name, sign_of(symbol));
}

/* ---- left sides ---- */

const struct binder *plate_binder(struct checker *c, const struct dimension *dimension, const char *name, size_t k) {
  for (size_t j = 0; j < c->plates.n; j++) {
    const struct binder *binder = c->plates.items[j];
    if (binder->dimension == dimension && k-- == 0) return binder;
  }
  const struct binder *binder = binder_new(c, dimension, name);
  list_add(c->arena, &c->plates, binder);
  return binder;
}

static bool is_taken(const struct context *at, const struct left_side *left, const struct binder *binder) {
  for (const struct bound *b = at->bound; b; b = b->outer)
    if (b->binder == binder) return true;
  for (size_t k = 0; k < left->n; k++)
    if (left->binders[k] == binder) return true;
  return false;
}

/* An index of the plate: one that an outer loop runs over, or `person`, or `i in person`. */
static bool plate_index(struct checker *c, const struct context *at, const struct expr *index, struct left_side *left) {
  struct list named = {0};
  const struct bound *outer = index->kind == EXPR_NAME ? bound_find(at->bound, index->name) : NULL;
  if (outer) {
    left->binders[left->n++] = outer->binder;
    return true;
  }
  struct expr single = *index;
  single.next = NULL;
  if (!left_indices(c, at, &single, &named)) return false;
  const struct bound *b = named.items[0];
  const struct binder *binder;
  size_t k = 0;
  while (is_taken(at, left, binder = plate_binder(c, b->binder->dimension, b->name, k))) k++;
  left->binders[left->n++] = binder;
  left->bound = bound_new(c, b->name, binder, left->bound);
  return true;
}

static bool error_index_twice(struct checker *c, struct span span) {
  diagnose(c->sink, "E4016", span, "the place along the loop is named twice")->fix =
      "one index is that of the loop, or a number before it; the others are names of indices";
  return false;
}

bool left_side_of(struct checker *c, const struct context *at, const struct statement *s, const char *loop,
                  const struct binder *binder, struct left_side *left) {
  *left = (struct left_side){.along = SIZE_MAX, .bound = at->bound};
  for (const struct expr *index = s->indices; index; index = index->next) {
    bool element = index->kind == EXPR_NUMBER || index->kind == EXPR_RANGE;
    bool own = loop ? index->kind == EXPR_NAME && index->name == loop : element;
    if (left->n == MAX_RANK) return error_limit(c, index->span, "the indices of an array are", MAX_RANK), false;
    if (own && left->along != SIZE_MAX) return error_index_twice(c, index->span);
    if (!own && !plate_index(c, at, index, left)) return false;
    if (!own) continue;
    left->along = left->n;
    left->element = element ? index : NULL;
    left->binders[left->n++] = binder;
  }
  return true;
}

/* An index that is not written: a binder of the plate that stands nowhere else on this side. */
static void add_unwritten(struct checker *c, const struct context *at, const struct dimension *dimension,
                          struct left_side *left) {
  const struct binder *binder;
  size_t k = 0;
  while (is_taken(at, left, binder = plate_binder(c, dimension, dimension->name, k))) k++;
  left->binders[left->n++] = binder;
}

static bool error_draw_elsewhere(struct checker *c, struct span span, struct symbol *symbol) {
  diagnose(c->sink, "E2016", span, "the draws of this distribution do not fill the last indices of `%s`", symbol->name)
      ->fix = "declare the index that a draw fills last, y[day, series], and let no loop run over it: `y[t] ~ ...`";
  symbol->kind = SYMBOL_POISON;
  return false;
}

bool left_side_of_draw(struct checker *c, const struct context *at, const struct statement *s, struct symbol *symbol,
                       const char *loop, const struct binder *binder, struct left_side *left) {
  const struct context here = context_of_output(c, at, s);
  const struct type *type = &symbol->variable->type;
  size_t joint = joint_rank(c, &here, s->value);
  if (!left_side_of(c, at, s, loop, binder, left)) return false;
  left->n_joint = joint;
  if (!joint || (left->n != type->n_dim && left->n + joint != type->n_dim)) return true;
  for (size_t k = left->n; left->n == type->n_dim && k-- + joint > type->n_dim; left->bound = left->bound->outer) {
    bool own = left->bound != at->bound && left->bound->binder == left->binders[k]; /* and not that of a loop */
    if (!own) return error_draw_elsewhere(c, s->value->span, symbol);
  }
  while (left->n < type->n_dim) add_unwritten(c, at, type->dim[left->n], left);
  return left->along == SIZE_MAX || left->along + joint < left->n || error_draw_elsewhere(c, s->value->span, symbol);
}

static void error_left(struct checker *c, struct span span, const char *name) {
  diagnose(c->sink, "E2011", span, "`%s` does not have these indices", name)->fix =
      "write those of its declaration: the loop's index and, for the others, their names";
}

bool left_fits_variable(struct checker *c, const struct statement *s, const struct variable *v,
                        const struct left_side *left, const struct dimension *loop) {
  bool fits = v->type.n_dim == left->n;
  for (size_t k = 0; k < left->n && fits; k++) {
    const struct dimension *dimension = k == left->along ? loop : left->binders[k]->dimension;
    fits = !dimension || v->type.dim[k] == dimension;
  }
  if (!fits) error_left(c, s->indices->span, s->name);
  return fits;
}

/* ---- initial elements ---- */

static struct partial *partial_like(struct checker *c, struct span span, struct presence presence,
                                    const struct left_side *left) {
  struct partial *partial = floe__arena_alloc(c->arena, sizeof *partial);
  *partial = (struct partial){.span = span, .presence = presence, .n_index = left->n, .along = left->along};
  for (size_t k = 0; k < left->n; k++) partial->binders[k] = left->binders[k];
  return partial;
}

struct symbol *partial_new(struct checker *c, const struct context *at, const struct statement *s,
                           const struct left_side *left) {
  struct symbol *symbol = scope_add(c, c->spec, SYMBOL_PARTIAL, s->name, s->name_span, at->presence);
  if (!symbol) return NULL;
  symbol->partial = partial_like(c, s->name_span, at->presence, left);
  list_add(c->arena, &c->partial_symbols, symbol);
  return symbol;
}

bool continues(struct checker *c, const struct context *at, const struct partial *partial, const struct left_side *left,
               struct span span) {
  bool same = partial->n_index == left->n && partial->along == left->along;
  for (size_t k = 0; k < left->n && same; k++) same = k == left->along || partial->binders[k] == left->binders[k];
  if (!same) {
    diagnose(c->sink, "E2010", span, "its elements were given other indices before")->fix =
        "write the same indices in the same order, the loop's own where a number stood";
    return false;
  }
  if (presence_within(c, at->presence, partial->presence) && presence_within(c, partial->presence, at->presence))
    return true;
  diagnose(c->sink, "E3017", span, "its first elements were filled in other universes")->fix =
      "fill all of it in one option, or its first elements before the `choose`";
  return false;
}

/* ---- options that fill the same array ---- */

static void list_partial(struct checker *c, struct symbol *symbol) {
  bool known = false;
  for (size_t k = 0; k < c->partial_symbols.n; k++) known = known || c->partial_symbols.items[k] == symbol;
  if (!known) list_add(c->arena, &c->partial_symbols, symbol);
}

struct partial *partial_here(struct checker *c, const struct context *at, struct symbol *symbol) {
  struct partial *own = symbol->partial, *base = symbol->base ? symbol->base : own;
  bool filled = symbol->kind == SYMBOL_DEFINITION && other_option(c, symbol, at->presence);
  if (symbol->kind == SYMBOL_DEFINITION && !filled) return NULL;
  if (own && (own->definition || presence_within(c, own->presence, at->presence))) return own;
  bool within = base && !base->definition && presence_within(c, at->presence, base->presence);
  if (!within && !filled) return own;
  symbol->partial = floe__arena_alloc(c->arena, sizeof *symbol->partial);
  if (within) {
    *symbol->partial = *base;
    symbol->base = base;
    symbol->partial->initial = symbol->partial->given = (struct list){0};
    for (size_t k = 0; k < base->initial.n; k++) list_add(c->arena, &symbol->partial->initial, base->initial.items[k]);
    for (size_t k = 0; k < base->given.n; k++) list_add(c->arena, &symbol->partial->given, base->given.items[k]);
  }
  symbol->partial->presence = at->presence;
  list_partial(c, symbol);
  if (filled) {
    decide_between_loops(c, symbol);
    symbol->kind = SYMBOL_PARTIAL;
  }
  return symbol->partial;
}

static struct symbol *hidden_symbol(struct checker *c, const struct symbol *symbol, struct definition *d) {
  struct symbol *hidden = floe__arena_alloc(c->arena, sizeof *hidden);
  struct piece *piece = floe__arena_alloc(c->arena, sizeof *piece);
  *hidden = (struct symbol){.kind = SYMBOL_DEFINITION,
                            .name = symbol->name,
                            .span = symbol->span,
                            .presence = d->presence,
                            .roles = symbol->roles,
                            .definition = d};
  *piece = (struct piece){d->presence, d->value, d->span};
  list_add(c->arena, &hidden->pieces, piece);
  list_add(c->arena, &c->definition_symbols, hidden);
  d->of_system = true;
  return hidden;
}

/* ELEMENT of the array that a loop has filled, at the binders of the definition that decides. */
static const struct term *element_at(struct checker *c, const struct definition *whole, const struct definition *d) {
  struct term *array = term_new(c, TERM_DEFINITION, d->span, 0);
  struct term *element = term_new(c, TERM_ELEMENT, d->span, d->n_binder + 1);
  array->definition = d;
  array->type = d->type;
  element->items[0] = array;
  for (size_t k = 0; k < d->n_binder; k++) element->items[k + 1] = term_binder(c, d->span, whole->binders[k]);
  element->type = (struct type){.base = d->type.base, .codes = d->type.codes};
  return element;
}

void decide_between_loops(struct checker *c, struct symbol *symbol) {
  struct definition *d = symbol->definition, *whole = floe__arena_alloc(c->arena, sizeof *whole);
  if (!d->recurrence) return;
  *whole = *d;
  whole->recurrence = NULL;
  whole->initial = NULL;
  whole->needs = NULL;
  whole->binders = floe__arena_array(c->arena, d->n_binder + 1, sizeof *whole->binders);
  for (size_t k = 0; k < d->n_binder; k++)
    whole->binders[k] = binder_new(c, d->binders[k]->dimension, d->binders[k]->name);
  whole->value = element_at(c, whole, d);
  hidden_symbol(c, symbol, d);
  ((struct piece *)symbol->pieces.items[0])->term = whole->value;
  symbol->definition = whole;
}

static void error_options_differ(struct checker *c, const struct symbol *symbol, struct span span) {
  struct diagnostic *d = diagnose(c->sink, "E2026", span, "`%s` has another shape in another option", symbol->name);
  d->fix = "give all options the same indices";
  d->related = symbol->span;
  d->related_message = "it is defined here first";
}

void finish_filled(struct checker *c, const struct context *at, struct symbol *symbol) {
  struct definition *d = symbol->partial->definition, *whole = symbol->definition;
  struct piece *piece = floe__arena_alloc(c->arena, sizeof *piece);
  *piece = (struct piece){at->presence, d->value, d->span};
  symbol->kind = SYMBOL_DEFINITION;
  symbol->partial = NULL;
  if (whole) {
    bool same = whole->n_binder == d->n_binder;
    for (size_t k = 0; k < d->n_binder && same; k++) same = whole->type.dim[k] == d->type.dim[k];
    if (!same) error_options_differ(c, symbol, d->span);
    if (!same || !join_option(c, symbol, at->presence, d->span)) return;
    hidden_symbol(c, symbol, d);
    if (whole->type.base != d->type.base)
      whole->type = type_array(c, type_scalar(BASE_REAL), whole->type.n_dim, whole->type.dim);
    piece->term = element_at(c, whole, d);
  } else {
    symbol->definition = d;
    symbol->presence = at->presence;
    list_add(c->arena, &c->definition_symbols, symbol);
  }
  list_add(c->arena, &symbol->pieces, piece);
}

static bool comes_next(struct checker *c, const struct symbol *symbol, double element, struct span span) {
  size_t wanted = symbol->partial->initial.n + 1;
  if (element == (double)wanted) return true;
  struct diagnostic *d = diagnose(c->sink, element < (double)wanted ? "E2004" : "E4006", span,
                                  "element %zu of `%s` comes next", wanted, symbol->name);
  d->fix = "initial elements are filled in order, each once";
  return false;
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

bool begin_option(struct checker *c, const struct context *at, struct symbol *symbol, const struct statement *s,
                  const struct left_side *left) {
  bool may = symbol->kind == SYMBOL_PARTIAL || symbol->kind == SYMBOL_DEFINITION;
  struct partial *partial = may ? partial_here(c, at, symbol) : NULL;
  if (!partial || partial->definition) return error_defined_twice(c, s->name, s->name_span, symbol->span), false;
  if (!partial->n_index) *partial = *partial_like(c, s->name_span, at->presence, left);
  return true;
}

void check_initial(struct checker *c, const struct context *at, const struct statement *s) {
  struct symbol *symbol = scope_find_here(c->spec, NAMESPACE_VALUE, s->name);
  struct left_side left;
  double first, last;
  struct context inner = *at;
  if (at->place != PLACE_MODEL) {
    diagnose(c->sink, "E4016", s->span, "single elements are not filled in a function")->fix =
        "make the array a definition by its index, x[i] = if(i == 1, a, b), or leave it to a `part`";
    return;
  }
  if (!left_side_of(c, at, s, NULL, NULL, &left)) return;
  if (!elements_of(c, left.element, &first, &last)) return;
  inner.bound = left.bound;
  const struct term *value = definition_value(c, &inner, s->value);
  if (symbol && symbol->kind == SYMBOL_POISON) return;
  if (symbol && !begin_option(c, at, symbol, s, &left)) return;
  if (!symbol) symbol = partial_new(c, at, s, &left);
  if (!symbol) return;
  if (!continues(c, at, symbol->partial, &left, s->name_span)) return;
  if (!comes_next(c, symbol, first, left.element->span)) return;
  value = as_number(c, value);
  if (is_poison(c, value) || !term_shareable(c, value, s->span)) value = c->poison;
  for (double k = first; k <= last; k++) list_add(c->arena, &symbol->partial->initial, value);
}

/* ---- initial elements of variables ---- */

static void error_given(struct checker *c, const struct statement *s, const struct symbol *symbol) {
  struct diagnostic *d =
      diagnose(c->sink, "E4030", s->name_span, "only elements of an obs can be given, and `%s` is none", s->name);
  d->fix = "remove `data`: what is drawn has a distribution";
  d->related = symbol->span;
  d->related_message = "it is defined here";
}

struct partial *partial_of(struct checker *c, const struct context *at, struct symbol *symbol, struct span span,
                           const struct left_side *left) {
  if (symbol->partial || symbol->base) partial_here(c, at, symbol);
  if (symbol->partial) return symbol->partial;
  symbol->partial = partial_like(c, span, at->presence, left);
  list_partial(c, symbol);
  return symbol->partial;
}

void check_initial_draw(struct checker *c, const struct context *at, const struct statement *s, bool given) {
  struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, s->name);
  struct left_side left;
  struct context inner = *at;
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
  if (!s->value || !left_side_of_draw(c, at, s, symbol, NULL, NULL, &left)) return;
  if (!left_fits_variable(c, s, symbol->variable, &left, NULL)) return;
  if (!elements_of(c, left.element, &first, &last)) return;
  presence_require(c, at->presence, symbol->presence, s->name, s->name_span, symbol->span);
  struct partial *partial = partial_of(c, at, symbol, s->name_span, &left);
  if (!continues(c, at, partial, &left, s->name_span)) return;
  if (!comes_next(c, symbol, first, left.element->span)) return;
  inner.bound = left.bound;
  const struct term *distribution = element_distribution(c, &inner, symbol, s->value, given);
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
static const struct term *element_of_partial(struct checker *c, const struct symbol *symbol,
                                             const struct term *const *indices, struct span span) {
  bool drawn = symbol->kind == SYMBOL_VARIABLE;
  size_t n = symbol->partial->n_index;
  struct term *whole = term_new(c, drawn ? TERM_VARIABLE : TERM_DEFINITION, span, 0),
              *element = term_new(c, TERM_ELEMENT, span, n + 1);
  whole->variable = drawn ? symbol->variable : NULL;
  whole->definition = drawn ? NULL : symbol->partial->definition;
  whole->type = drawn ? symbol->variable->type : symbol->partial->definition->type;
  element->items[0] = whole;
  for (size_t k = 0; k < n; k++) element->items[k + 1] = indices[k];
  element->type = type_scalar(whole->type.base);
  element->type.codes = whole->type.codes;
  return element;
}

/* Whether the indices name the element's own place in the plate. */
static bool is_own_place(const struct partial *partial, const struct term *const *indices) {
  for (size_t k = 0; k < partial->n_index; k++)
    if (k != partial->along && (indices[k]->kind != TERM_BINDER || indices[k]->binder != partial->binders[k]))
      return false;
  return true;
}

static const struct term *read_initial(struct checker *c, const struct symbol *symbol,
                                       const struct term *const *indices, struct span span) {
  const struct partial *partial = symbol->partial;
  const struct term *index = indices[partial->along];
  bool there = index->number >= 1 && index->number <= (double)partial->initial.n;
  if (!there) return error_not_filled(c, span, symbol->name, "define it first, or read it after the loop");
  if (symbol->kind == SYMBOL_VARIABLE) return element_of_partial(c, symbol, indices, span);
  if (is_own_place(partial, indices)) return partial->initial.items[(size_t)index->number - 1];
  if (partial->definition) return element_of_partial(c, symbol, indices, span);
  return error_not_filled(c, span, symbol->name, "elements of other places are read inside or after the loop");
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

/* All indices: those behind the place along the loop may be left out, as anywhere. False: reported. */
static bool indices_of(struct checker *c, const struct context *at, const struct symbol *symbol,
                       const struct expr *expr, const struct term **indices) {
  const struct partial *partial = symbol->partial;
  const struct expr *items = expr->kind == EXPR_NAME ? NULL : expr->items;
  const struct dimension *dims[MAX_RANK] = {NULL};
  size_t n = 0;
  for (const struct expr *item = items; item; item = item->next) n++;
  if (n <= partial->along || n > partial->n_index) {
    error_not_filled(c, expr->span, symbol->name, "read elements of one step here, or the whole array after the loop");
    return false;
  }
  n = 0;
  for (const struct expr *item = items; item; item = item->next, n++) {
    indices[n] =
        n == partial->along ? scalar_of(c, at, item) : explicit_index(c, at, item, partial->binders[n]->dimension);
    if (is_poison(c, indices[n])) return false;
  }
  for (size_t k = 0; k < partial->n_index; k++) dims[k] = k == partial->along ? NULL : partial->binders[k]->dimension;
  for (; n < partial->n_index; n++) {
    indices[n] = implicit_index(c, at, symbol->name, partial->n_index, dims, n, expr->span);
    if (is_poison(c, indices[n])) return false;
  }
  return true;
}

const struct term *read_partial(struct checker *c, const struct context *at, struct symbol *symbol,
                                const struct expr *expr) {
  struct partial *partial = symbol->partial;
  const struct term *indices[MAX_RANK];
  if (!indices_of(c, at, symbol, expr, indices)) return c->poison;
  const struct term *index = indices[partial->along];
  presence_require(c, at->presence, symbol->kind == SYMBOL_PARTIAL ? partial->presence : symbol->presence, symbol->name,
                   expr->span, symbol->span);
  if (index->kind == TERM_NUMBER) return read_initial(c, symbol, indices, expr->span);
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
  return element_of_partial(c, symbol, indices, expr->span);
}

/* ---- at the end ---- */

void finish_partials(struct checker *c) {
  for (size_t k = 0; k < c->partial_symbols.n; k++) {
    const struct symbol *symbol = c->partial_symbols.items[k];
    if (is_partial(symbol))
      error_never_filled(c, symbol);
    else if (symbol->kind == SYMBOL_DEFINITION && symbol->base)
      presence_require(c, symbol->base->presence, symbol->presence, symbol->name, symbol->base->span, symbol->span);
  }
}
