/* x = e and x[i] = e, at the top, in options, and in functions. */
#include "compiler/meaning/checker.h"

static const struct term *error_distribution_defined(struct checker *c, struct span span) {
  diagnose(c->sink, "E2017", span, "a distribution is no value")->fix =
      "draw from it: `param x ~ ...`, or make it the option of an axis";
  return c->poison;
}

static void error_pieces_differ(struct checker *c, const struct statement *s, const struct symbol *symbol) {
  struct diagnostic *d =
      diagnose(c->sink, "E2026", s->name_span, "`%s` has another kind or shape in another option", s->name);
  d->fix = "give all options the same indices and kind of value";
  d->related = symbol->span;
  d->related_message = "it is defined here first";
}

const struct term *definition_value(struct checker *c, const struct context *at, const struct expr *value) {
  const struct term *term = is_distribution(c, at, value) ? distribution_of(c, at, value) : scalar_of(c, at, value);
  if (is_poison(c, term) || term->type.base != BASE_DISTRIBUTION) return term;
  return error_distribution_defined(c, value->span);
}

/* Over what a definition without indices runs: in a later option, over what it runs in the first. */
static const struct binder *own_binder(struct checker *c, const struct symbol *earlier, struct list *left,
                                       const struct dimension *dimension) {
  const struct definition *d = earlier ? earlier->definition : NULL;
  bool known = d && left->n < d->n_binder && d->binders[left->n]->dimension == dimension;
  const struct binder *binder = known ? d->binders[left->n] : binder_new(c, dimension, NULL);
  list_add(c->arena, left, bound_new(c, binder->name, binder, NULL));
  return binder;
}

/* The element of an array at indices of its own, which `left` becomes. */
static const struct term *element_of_whole(struct checker *c, const struct context *at, const struct term *array,
                                           struct span span, const struct symbol *earlier, struct list *left) {
  const struct term *given[16];
  for (size_t k = 0; k < array->type.n_dim && k < 16; k++)
    given[k] = term_binder(c, span, own_binder(c, earlier, left, array->type.dim[k]));
  return gather(c, at, array, array->type.n_dim, given, span);
}

/* Without indices on the left, an expression that is a whole array by itself (a call, a name) makes an array; any other
 * does so over dimensions that have no name. */
static const struct term *whole_value(struct checker *c, const struct context *at, const struct expr *value,
                                      const struct symbol *earlier, struct list *left) {
  struct opened opened = {.nameless = true};
  struct context inner = *at;
  bool whole = value->kind == EXPR_CALL || value->kind == EXPR_NAME;
  inner.opened = &opened;
  if (is_distribution(c, at, value)) return definition_value(c, at, value);
  const struct term *array = whole ? raw_of(c, &inner, value) : scalar_of(c, &inner, value);
  if (is_poison(c, array)) return array;
  for (size_t k = 0; k < opened.n; k++)
    opened.terms[k]->binder = own_binder(c, earlier, left, opened.binders[k]->dimension);
  if (array->type.n_dim == 0 || opened.n) return gather(c, at, array, 0, NULL, value->span);
  if (value->kind == EXPR_NAME && at->place == PLACE_MODEL && !is_nameless(array->type.dim[0]))
    return gather(c, at, array, 0, NULL, value->span);
  return element_of_whole(c, at, array, value->span, earlier, left);
}

/* ---- several options define the same name ---- */

static bool disjoint(struct checker *c, const struct symbol *symbol, struct presence presence) {
  struct presence meet;
  for (size_t k = 0; k < symbol->pieces.n; k++)
    if (presence_meet(c, ((const struct piece *)symbol->pieces.items[k])->presence, presence, &meet)) return false;
  return true;
}

bool other_option(struct checker *c, const struct symbol *symbol, struct presence presence) {
  bool may = symbol && symbol->kind == SYMBOL_DEFINITION && !symbol->local;
  return may && disjoint(c, symbol, presence);
}

static struct symbol *earlier_option(struct checker *c, const struct context *at, const struct statement *s) {
  struct symbol *symbol = scope_find_here(at->scope, NAMESPACE_VALUE, s->name);
  if (!other_option(c, symbol, at->presence)) return NULL;
  decide_between_loops(c, symbol);
  return symbol;
}

static bool rename_left(struct checker *c, const struct statement *s, const struct symbol *symbol, struct list *left) {
  const struct definition *d = symbol->definition;
  bool same = left->n == d->n_binder;
  for (size_t k = 0; k < left->n && same; k++) {
    const struct bound *b = left->items[k];
    same = b->binder->dimension == d->binders[k]->dimension;
    left->items[k] = (void *)bound_new(c, b->name, d->binders[k], NULL);
  }
  if (!same) error_pieces_differ(c, s, symbol);
  return same;
}

static void add_piece(struct checker *c, const struct context *at, struct symbol *symbol, const struct term *value,
                      struct span span) {
  struct piece *piece = floe__arena_alloc(c->arena, sizeof *piece);
  *piece = (struct piece){at->presence, value, span};
  list_add(c->arena, &symbol->pieces, piece);
  symbol->roles |= term_roles(c, value);
}

bool join_option(struct checker *c, struct symbol *symbol, struct presence presence, struct span span) {
  struct presence join;
  if (presence_join(c, symbol->presence, presence, &join)) {
    symbol->presence = symbol->definition->presence = join;
    return true;
  }
  diagnose(c->sink, "E3017", span, "`%s` is defined in options of different axes, and in some universes twice or never",
           symbol->name)
      ->fix = "nest one `choose` in the other";
  return false;
}

static void merge(struct checker *c, const struct context *at, const struct statement *s, struct symbol *symbol,
                  const struct term *value) {
  struct type *type = &symbol->definition->type;
  bool numbers = type->base != BASE_BOOL && value->type.base != BASE_BOOL;
  if (type->base != value->type.base && !numbers) {
    error_pieces_differ(c, s, symbol);
    return;
  }
  if (!join_option(c, symbol, at->presence, s->name_span)) return;
  if (type->base != value->type.base) *type = type_array(c, type_scalar(BASE_REAL), type->n_dim, type->dim);
  add_piece(c, at, symbol, value, s->span);
}

void definition_finish(struct checker *c, struct symbol *symbol) {
  if (symbol->pieces.n > 1) symbol->definition->value = presence_decide(c, symbol->presence, &symbol->pieces, NULL);
}

/* ---- definitions ---- */

static struct definition *define(struct checker *c, const struct context *at, const struct statement *s,
                                 const struct list *left, const struct term *value) {
  const struct dimension *dims[16];
  struct definition *d = floe__arena_alloc(c->arena, sizeof *d);
  struct type element = {.base = value->type.base, .codes = value->type.codes};
  *d = (struct definition){
      .name = s->name, .span = s->name_span, .presence = at->presence, .n_binder = left->n, .value = value};
  d->binders = floe__arena_array(c->arena, left->n + 1, sizeof *d->binders);
  for (size_t k = 0; k < left->n; k++) {
    d->binders[k] = ((const struct bound *)left->items[k])->binder;
    dims[k] = d->binders[k]->dimension;
  }
  d->type = type_array(c, element, left->n, dims);
  struct symbol *symbol = scope_add(c, at->scope, SYMBOL_DEFINITION, s->name, s->name_span, at->presence);
  if (!symbol) return NULL;
  symbol->definition = d;
  symbol->local = at->scope != c->spec;
  if (symbol->local && !function_inlineable(c, d, value, s->span)) symbol->kind = SYMBOL_POISON;
  add_piece(c, at, symbol, value, s->span);
  if (!symbol->local) list_add(c->arena, &c->definition_symbols, symbol);
  return d;
}

struct definition *define_array(struct checker *c, const struct context *at, const struct statement *s,
                                struct list *left, const struct term *array) {
  const struct term *element = element_of_whole(c, at, array, s->span, NULL, left);
  return define(c, at, s, left, element);
}

static bool same_left(const struct list *left, const struct definition *d) {
  bool same = left->n == d->n_binder;
  for (size_t k = 0; k < left->n && same; k++)
    same = ((const struct bound *)left->items[k])->binder->dimension == d->binders[k]->dimension;
  return same;
}

void check_define(struct checker *c, const struct context *at, const struct statement *s) {
  struct list left = {0};
  if (has_number_index(s->indices)) {
    check_initial(c, at, s);
    return;
  }
  struct symbol *earlier = earlier_option(c, at, s);
  bool sound = left_indices(c, at, s->indices, &left) && (!earlier || !left.n || rename_left(c, s, earlier, &left));
  struct context inner = *at;
  inner.bound = bind_left(c, &left, left.n, at->bound);
  const struct term *value = c->poison;
  if (sound)
    value = s->indices ? definition_value(c, &inner, s->value) : whole_value(c, &inner, s->value, earlier, &left);
  if (is_poison(c, value)) {
    if (!earlier && !scope_find_here(at->scope, NAMESPACE_VALUE, s->name))
      scope_add(c, at->scope, SYMBOL_POISON, s->name, s->name_span, at->presence);
    return;
  }
  if (earlier && !same_left(&left, earlier->definition))
    error_pieces_differ(c, s, earlier);
  else if (earlier)
    merge(c, at, s, earlier, value);
  else
    define(c, at, s, &left, value);
}
