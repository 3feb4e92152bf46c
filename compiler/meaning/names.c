/* What a name stands for, and indexing: explicit, x[i], and implicit, where the context has bound the dimension. */
#include "compiler/meaning/checker.h"

const struct bound *bound_new(struct checker *c, const char *name, const struct binder *binder,
                              const struct bound *outer) {
  struct bound *bound = floe__arena_alloc(c->arena, sizeof *bound);
  *bound = (struct bound){name, binder, outer};
  return bound;
}

const struct bound *bound_find(const struct bound *bound, const char *name) {
  while (bound && bound->name != name) bound = bound->outer;
  return bound;
}

/* ---- errors ---- */

static const struct term *error_several_numbers(struct checker *c, const struct context *at, struct span span,
                                                const struct dimension *dimension, const char *text) {
  const struct bound *bound = at->bound;
  struct diagnostic *d =
      diagnose(c->sink, "E2009", span, "`%s` holds %zu numbers, but one number is needed here", text, dimension->high);
  while (bound && (is_nameless(bound->binder->dimension) || !dimension_same(bound->binder->dimension, dimension)))
    bound = bound->outer;
  d->fix = bound ? floe__arena_printf(c->arena, "read one of them by the index: [%s] behind it", bound->name)
                 : "read one of them, by [1] behind it, or reduce them: sum(...)";
  return c->poison;
}

static const struct term *error_not_reduced(struct checker *c, struct span span, const struct dimension *dimension,
                                            const char *text) {
  struct diagnostic *d = diagnose(c->sink, "E2009", span, "`%s` has a value for each %s, but one number is needed here",
                                  text, dimension->name);
  d->fix = floe__arena_printf(c->arena, "put [%s] on the left, or reduce it: sum(%s: ...)", dimension->name,
                              dimension->name);
  return c->poison;
}

static const struct term *error_ambiguous(struct checker *c, struct span span, const struct dimension *dimension) {
  struct diagnostic *d = diagnose(c->sink, "E2033", span, "several indices run over %s here: which one is meant?",
                                  dimension_text(c, dimension));
  d->fix = "write the index in brackets";
  return c->poison;
}

static void error_not_bound(struct checker *c, struct span span, const char *index) {
  struct diagnostic *d = diagnose(c->sink, "E2008", span, "the index `%s` is not bound here", index);
  d->fix = floe__arena_printf(c->arena, "put [%s] on the left, or reduce it: sum(%s: ...)", index, index);
}

static const struct term *error_number_of_indices(struct checker *c, struct span span, size_t given, size_t n_dim) {
  struct diagnostic *d = diagnose(c->sink, "E2010", span, "%zu %s given to a value with %zu", given,
                                  given == 1 ? "index is" : "indices are", n_dim);
  d->fix = n_dim ? "remove the superfluous ones" : "it is a single number: remove the brackets";
  return c->poison;
}

static void error_wrong_index(struct checker *c, struct span span, const struct dimension *given,
                              const struct dimension *wanted) {
  struct diagnostic *d = diagnose(c->sink, "E2011", span, "an index over %s stands where one over %s is expected",
                                  dimension_text(c, given), dimension_text(c, wanted));
  d->fix = is_nameless(given) || is_nameless(wanted)
               ? "index by a whole number"
               : floe__arena_printf(c->arena, "index by a code, `data code[%s] : index %s`, or by a number",
                                    given->name, wanted->name);
}

static void error_not_whole_index(struct checker *c, struct span span) {
  diagnose(c->sink, "E2012", span, "an index is a whole number")->fix = "use floor, ceil or round";
}

static const struct term *error_label_axis(struct checker *c, struct span span, const struct axis *axis) {
  struct diagnostic *d =
      diagnose(c->sink, "E3006", span, "the axis `%s` has no values: its options are only labels", axis->name);
  d->fix = floe__arena_printf(c->arena, "choose by it: `choose %s { %s: ... }`, or give its options bodies", axis->name,
                              axis->options[0].label);
  return c->poison;
}

void error_too_early(struct checker *c, struct span span, const struct symbol *symbol) {
  struct diagnostic *d = diagnose(c->sink, "E4001", span, "`%s` is used before it is generated", symbol->name);
  d->fix = floe__arena_printf(c->arena, "put `%s ~ ...` first", symbol->name);
  d->related = symbol->span;
  d->related_message = "it is declared here";
}

/* ---- names ---- */

/* Whether an unknown comes too late or never is known at the end. */
static void note_early(struct checker *c, struct symbol *symbol, struct span span) {
  struct span *early = floe__arena_alloc(c->arena, sizeof *early);
  *early = span;
  if (!symbol->early) symbol->early = early;
}

static void require_generated(struct checker *c, const struct context *at, struct symbol *symbol, struct span span) {
  if (at->place != PLACE_MODEL || !symbol->drawn_later) return;
  if (!symbol->pieces.n) {
    if (symbol->variable->role == ROLE_OBS)
      error_too_early(c, span, symbol);
    else
      note_early(c, symbol, span);
    return;
  }
  presence_require_pieces(c, at->presence, &symbol->pieces, symbol->name, span, symbol->span);
}

static const struct term *axis_value(struct checker *c, const struct context *at, struct symbol *symbol,
                                     struct span span) {
  const struct axis *axis = symbol->axis;
  *(at->place == PLACE_PREP ? &symbol->used_to_prepare : &symbol->used_otherwise) = true;
  if (axis->continuous) {
    struct term *term = term_new(c, TERM_AXIS, span, 0);
    term->axis = axis;
    term->type = type_scalar(BASE_REAL);
    return term;
  }
  for (size_t o = 0; o < axis->n_option; o++) {
    if (!axis->options[o].value) return error_label_axis(c, span, axis);
    if (is_poison(c, axis->options[o].value)) return c->poison;
  }
  struct term *choose = choose_term(c, axis, span);
  for (size_t o = 0; o < axis->n_option; o++)
    if (at->presence.options[axis->id] >> o & 1) choose->items[o] = axis->options[o].value;
  return choose_typed(c, choose, span) ? choose : c->poison;
}

/* Functions and distributions are closed: what they depend on stands in their arguments. Named numbers are fine. */
static const struct term *value_from_outside(struct checker *c, const struct symbol *symbol, struct span span) {
  double value;
  bool one = symbol->kind == SYMBOL_DEFINITION && symbol->pieces.n == 1 &&
             presence_within(c, c->everywhere, symbol->presence); /* not one of several, by options */
  if (one && constant_value(symbol->definition->value, NULL, &value)) return term_number(c, span, value);
  struct diagnostic *d = diagnose(c->sink, "E2036", span, "a function sees its arguments only, not `%s`", symbol->name);
  d->fix = floe__arena_printf(c->arena, "make `%s` an argument", symbol->name);
  return c->poison;
}

static void error_missing_used(struct checker *c, struct span span, const struct symbol *symbol) {
  struct diagnostic *d = diagnose(c->sink, "E2056", span, "`%s` may be missing, and is used here", symbol->name);
  d->fix = "data are prepared before anything is inferred: leave out the rows with missing values, or the `prep`";
  d->related = symbol->span;
  d->related_message = "it is declared here";
}

static const struct term *symbol_value(struct checker *c, const struct context *at, struct symbol *symbol,
                                       struct span span) {
  struct term *term;
  bool closed = at->place == PLACE_FUNCTION || at->place == PLACE_SAMPLE || at->place == PLACE_SIM;
  bool outside = symbol->kind == SYMBOL_VARIABLE || symbol->kind == SYMBOL_DEFINITION || symbol->kind == SYMBOL_AXIS;
  if (closed && outside && !symbol->local) return value_from_outside(c, symbol, span);
  if (!symbol->library) presence_require(c, at->presence, symbol->presence, symbol->name, span, symbol->span);
  switch (symbol->kind) {
    case SYMBOL_CONSTANT: return term_number(c, span, symbol->term->number);
    case SYMBOL_TERM: return symbol->term;
    case SYMBOL_AXIS: return axis_value(c, at, symbol, span);
    case SYMBOL_VARIABLE:
      require_generated(c, at, symbol, span);
      if (symbol->variable->summary && at->place == PLACE_PREP) error_too_early(c, span, symbol);
      if (symbol->variable->missing && at->place == PLACE_PREP &&
          !(symbol->variable == at->prepares && symbol->variable->role == ROLE_OBS))
        error_missing_used(c, span, symbol);
      term = term_new(c, TERM_VARIABLE, span, 0);
      term->variable = symbol->variable;
      term->type = symbol->variable->type;
      return term;
    case SYMBOL_DEFINITION:
      term = term_new(c, TERM_DEFINITION, span, 0);
      term->definition = symbol->definition;
      term->type = symbol->definition->type;
      return term;
    case SYMBOL_FORMAL:
      term = term_new(c, TERM_FORMAL, span, 0);
      term->formal = symbol->formal;
      term->type = symbol->formal->type;
      return term;
    case SYMBOL_PARTIAL:
    case SYMBOL_POISON:
    case SYMBOL_FUNCTION:
    case SYMBOL_EXTERN:
    case SYMBOL_DISTRIBUTION:
    case SYMBOL_INDEX: return c->poison;
  }
  return c->poison;
}

const struct term *raw_name(struct checker *c, const struct context *at, const struct expr *expr) {
  struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, expr->name);
  if (symbol && is_partial(symbol)) return read_partial(c, at, symbol, expr);
  if (symbol) return symbol_value(c, at, symbol, expr->span);
  const struct bound *bound = bound_find(at->bound, expr->name);
  if (bound) return term_binder(c, expr->span, bound->binder);
  if (scope_find(at->scope, NAMESPACE_INDEX, expr->name)) {
    error_not_bound(c, expr->span, expr->name);
    return c->poison;
  }
  error_unknown(c, at->scope, NAMESPACE_VALUE, expr->name, expr->span);
  return c->poison;
}

const struct term *raw_of(struct checker *c, const struct context *at, const struct expr *expr) {
  if (expr->kind == EXPR_NAME) return raw_name(c, at, expr);
  if (expr->kind == EXPR_CALL) return call_of(c, at, expr);
  return array_of(c, at, expr);
}

/* ---- implicit indexing ---- */

static bool hidden_from(const struct context *at, const struct bound *bound) {
  for (const struct bound *b = at->hidden; b; b = b->outer)
    if (b == bound) return true;
  return false;
}

/* The binder that an array's k-th of `total` dimensions over `dimension` is gathered at; NULL: none.
 * A binder with the dimension's own name comes first; otherwise there must be as many as dimensions. */
static const struct binder *implicit_binder(const struct context *at, const struct dimension *dimension, size_t k,
                                            size_t total, bool *ambiguous) {
  const struct binder *found[16], *canonical = NULL;
  size_t n = 0;
  for (const struct bound *b = at->bound; b && !hidden_from(at, b); b = b->outer) {
    if (b->binder->dimension != dimension || bound_find(at->bound, b->name) != b) continue;
    if (n < 16) found[n++] = b->binder;
    if (!canonical && b->name == dimension->name) canonical = b->binder;
  }
  if (n == total) return found[n - 1 - k];
  if (total == 1 && canonical) return canonical;
  *ambiguous = n > 0;
  return NULL;
}

bool is_nameless(const struct dimension *dimension) {
  return !dimension->span.file && !dimension->formal;
}

static const struct term *open_binder(struct checker *c, struct opened *opened, const struct dimension *dimension,
                                      size_t k, struct span span) {
  for (size_t o = 0; o < opened->n; o++)
    if (opened->binders[o]->dimension == dimension && k-- == 0) return opened->terms[o];
  if (opened->n == 16) return NULL;
  size_t twin = 1;
  for (size_t o = 0; o < opened->n; o++) twin += opened->binders[o]->dimension == dimension;
  const char *name = twin > 1 ? floe__arena_printf(c->arena, "%s_%zu", dimension->name, twin) : NULL;
  struct binder *binder = binder_new(c, dimension, name);
  struct term *term = (struct term *)term_binder(c, span, binder);
  opened->binders[opened->n] = binder;
  opened->terms[opened->n++] = term;
  return term;
}

const struct term *implicit_index(struct checker *c, const struct context *at, const char *name, size_t n_dim,
                                  const struct dimension *const *dim, size_t k, struct span span) {
  const struct dimension *dimension = dim[k];
  size_t before = 0, total = 0;
  bool ambiguous = false;
  for (size_t j = 0; j < n_dim; j++) {
    before += j < k && dim[j] == dimension;
    total += dim[j] == dimension;
  }
  const struct binder *binder = implicit_binder(at, dimension, before, total, &ambiguous);
  bool element = at->in_literal && is_nameless(dimension);
  if (binder && !element) return term_binder(c, span, binder);
  if (ambiguous) return error_ambiguous(c, span, dimension);
  bool opens = at->opened && (!at->opened->nameless || is_nameless(dimension));
  if (element || (is_nameless(dimension) && !opens)) return error_several_numbers(c, at, span, dimension, name);
  const struct term *opened = opens ? open_binder(c, at->opened, dimension, before, span) : NULL;
  if (opened) return opened;
  return error_not_reduced(c, span, dimension, name);
}

static const char *name_of(const struct term *array) {
  return array->kind == TERM_VARIABLE     ? array->variable->name
         : array->kind == TERM_DEFINITION ? array->definition->name
         : array->kind == TERM_FORMAL     ? array->formal->name
                                          : "this expression";
}

const struct term *gather(struct checker *c, const struct context *at, const struct term *array, size_t n_given,
                          const struct term *const *given, struct span span) {
  if (is_poison(c, array) || array->type.n_dim == 0) return array;
  struct term *element = term_new(c, TERM_ELEMENT, span, array->type.n_dim + 1);
  element->items[0] = array;
  for (size_t k = 0; k < array->type.n_dim; k++) {
    element->items[k + 1] =
        k < n_given ? given[k] : implicit_index(c, at, name_of(array), array->type.n_dim, array->type.dim, k, span);
    if (is_poison(c, element->items[k + 1])) return c->poison;
  }
  element->type = (struct type){.base = array->type.base,
                                .codes = array->type.codes,
                                .low = array->type.low,
                                .high = array->type.high,
                                .strict = array->type.strict};
  return at->opened && !extent_add(c, at->opened, element, n_given) ? c->poison : element;
}

/* ---- explicit indexing ---- */

const struct term *explicit_index(struct checker *c, const struct context *at, const struct expr *item,
                                  const struct dimension *dimension) {
  const struct bound *bound = item->kind == EXPR_NAME ? bound_find(at->bound, item->name) : NULL;
  if (bound) {
    if (dimension_same(bound->binder->dimension, dimension)) return term_binder(c, item->span, bound->binder);
    error_wrong_index(c, item->span, bound->binder->dimension, dimension);
    return c->poison;
  }
  if (item->kind == EXPR_RANGE) {
    diagnose(c->sink, "E2031", item->span, "a slice cannot stand here: the array is not complete yet")->fix =
        "name one element";
    return c->poison;
  }
  if (item->kind == EXPR_WITHIN) {
    diagnose(c->sink, "E2008", item->span, "an index is given its name on the left, or in a reduction")->fix =
        "for example K[i, j in i] = ..., or sum(j in i: x[j])";
    return c->poison;
  }
  const struct term *term = scalar_of(c, at, item);
  if (is_poison(c, term)) return term;
  if (term->type.base == BASE_CODE && term->type.codes && !dimension_same(term->type.codes, dimension)) {
    error_wrong_index(c, item->span, term->type.codes, dimension);
    return c->poison;
  }
  if (term->type.base == BASE_INT || term->type.base == BASE_CODE) return term;
  error_not_whole_index(c, item->span);
  return c->poison;
}

static void error_outside(struct checker *c, struct span span, const struct term *index,
                          const struct dimension *dimension) {
  const char *text = is_nameless(dimension) ? floe__arena_printf(c->arena, "an array of %zu numbers", dimension->high)
                                            : dimension->name;
  struct diagnostic *d = diagnose(c->sink, "E2035", span, "%s has no element %g", text, index->number);
  d->fix = dimension->high == SIZE_MAX ? "indices start at 1"
                                       : floe__arena_printf(c->arena, "indices run from 1 to %zu", dimension->high);
}

/* x[2..5]: the array's elements from 2 on, over a binder of the slice's own; 0 elements: reported. */
static const struct term *slice_index(struct checker *c, const struct expr *range, const struct dimension *dimension,
                                      struct binder **binder) {
  bool fixed = dimension->low == dimension->high;
  double low = range->left->number, high = range->right ? range->right->number : (double)dimension->high;
  bool whole = range->left->kind == EXPR_NUMBER && range->left->is_int &&
               (range->right ? range->right->kind == EXPR_NUMBER && range->right->is_int : fixed);
  if (!whole) {
    diagnose(c->sink, "E2031", range->span, "the ends of a slice are whole numbers")->fix =
        range->right || fixed ? "for example x[2..5]"
                              : "the size of the index varies: name the last element, or use a reduction with if(...)";
    return c->poison;
  }
  if (low < 1 || high > (double)dimension->high) {
    error_outside(c, range->span, term_number(c, range->span, low < 1 ? low : high), dimension);
    return c->poison;
  }
  if (high < low) {
    diagnose(c->sink, "E2031", range->span, "this slice has no elements")->fix = "put the lower end first";
    return c->poison;
  }
  *binder = binder_new(c, dimension_anonymous(c, (size_t)(high - low) + 1), NULL);
  const struct term *number = term_binder(c, range->span, *binder);
  if (low == 1) return number;
  return term_operator(c, OP_ADD, range->span, BASE_INT, number, term_number(c, range->span, low - 1));
}

size_t n_indices(const struct statement *s) {
  size_t n = 0;
  for (const struct expr *index = s->indices; index; index = index->next) n++;
  return n;
}

const struct term *index_of(struct checker *c, const struct context *at, const struct expr *expr) {
  const struct term *given[16] = {NULL};
  struct binder *slices[16];
  size_t n = 0, n_slice = 0;
  unsigned used = at->opened ? at->opened->extent.used : 0;
  if (expr->left->kind == EXPR_NAME) {
    struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, expr->left->name);
    if (symbol && is_partial(symbol)) return read_partial(c, at, symbol, expr);
  }
  const struct term *array = raw_of(c, at, expr->left);
  if (is_poison(c, array)) return array;
  if (at->opened) at->opened->extent.used = 0;
  for (const struct expr *item = expr->items; item; item = item->next, n++) {
    if (n >= array->type.n_dim || n == 16) {
      while (item) item = item->next, n++;
      return error_number_of_indices(c, expr->span, n, array->type.n_dim);
    }
    given[n] = item->kind == EXPR_RANGE ? slice_index(c, item, array->type.dim[n], &slices[n_slice])
                                        : explicit_index(c, at, item, array->type.dim[n]);
    n_slice += item->kind == EXPR_RANGE;
    if (is_poison(c, given[n])) return c->poison;
    if (given[n]->kind == TERM_NUMBER &&
        (given[n]->number < 1 || given[n]->number > (double)array->type.dim[n]->high)) {
      error_outside(c, item->span, given[n], array->type.dim[n]);
      return c->poison;
    }
  }
  for (; n_slice && n < array->type.n_dim && is_nameless(array->type.dim[n]); n++) { /* whole rows */
    slices[n_slice] = binder_new(c, array->type.dim[n], NULL);
    given[n] = term_binder(c, expr->span, slices[n_slice++]);
  }
  bool rows = n_slice || (n < array->type.n_dim && is_nameless(array->type.dim[array->type.n_dim - 1]));
  const struct term *element = gather(c, at, array, n, given, expr->span);
  if (at->opened) extent_join(at->opened, used, rows);
  if (!n_slice || is_poison(c, element)) return element;
  return gather(c, at, term_map(c, expr->span, n_slice, slices, element), 0, NULL, expr->span);
}
