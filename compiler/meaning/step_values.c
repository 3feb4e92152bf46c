/* m = e and m[series] = e in a loop over something else: names for the numbers, and the arrays, of one step. */
#include "compiler/meaning/recurrences.h"

bool is_of_step(const struct context *inner, const struct dimension *loop, const struct statement *s) {
  if (s->kind != STATEMENT_DEFINE) return false;
  if (s->indices && scope_find(inner->scope, NAMESPACE_VALUE, s->name)) return false;
  for (const struct expr *index = s->indices; index; index = index->next) {
    const struct expr *named = index->kind == EXPR_WITHIN ? index->right : index;
    if (named->kind != EXPR_NAME || bound_find(inner->bound, named->name)) return false;
    const struct symbol *symbol = scope_find(inner->scope, NAMESPACE_INDEX, named->name);
    if (!symbol || symbol->dimension == loop) return false;
  }
  return true;
}

static const struct term *with_indices(struct checker *c, const struct context *at, const struct statement *s) {
  struct list left = {0};
  struct binder *binders[MAX_RANK];
  struct context inner = *at;
  if (!left_indices(c, at, s->indices, &left)) return c->poison;
  for (size_t k = 0; k < left.n; k++) {
    const struct bound *b = left.items[k];
    binders[k] = binder_new(c, b->binder->dimension, b->name);
    inner.bound = bound_new(c, b->name, binders[k], inner.bound);
  }
  const struct term *element = as_number(c, definition_value(c, &inner, s->value));
  return is_poison(c, element) ? element : term_map(c, s->span, left.n, binders, element);
}

/* As everywhere, a call may give an array, and without indices other expressions run over dimensions without a name. */
static const struct term *without_indices(struct checker *c, const struct context *at, const struct statement *s) {
  struct opened opened = {.nameless = s->value->kind != EXPR_CALL};
  struct context inner = *at;
  inner.opened = &opened;
  const struct term *element = as_number(c, definition_value(c, &inner, s->value));
  if (!is_poison(c, element) && !extents_fit(c, &opened)) return c->poison;
  return is_poison(c, element) ? element : term_map(c, s->span, opened.n, opened.binders, element);
}

bool name_of_step(struct checker *c, const struct context *inner, const struct statement *s) {
  const struct term *value = s->indices ? with_indices(c, inner, s) : without_indices(c, inner, s);
  bool sound = !is_poison(c, value) && term_shareable(c, value, s->span);
  struct symbol *symbol =
      scope_add(c, inner->scope, sound ? SYMBOL_TERM : SYMBOL_POISON, s->name, s->name_span, inner->presence);
  if (symbol) symbol->term = value;
  if (symbol) symbol->local = true;
  return !is_poison(c, value);
}
