/* Expressions that stand for numbers, conditions and arrays. */
#include "compiler/meaning/checker.h"

#include <string.h>

/* ---- errors ---- */

static const struct term *error_number_expected(struct checker *c, struct span span, const struct term *term) {
  struct diagnostic *d =
      diagnose(c->sink, "E2017", span, "a number is expected here, not %s", base_text(term->type.base));
  if (term->type.base == BASE_DISTRIBUTION) d->fix = "distributions stand after `~`; draw from it with `param x ~ ...`";
  return c->poison;
}

static const struct term *error_condition_expected(struct checker *c, struct span span) {
  diagnose(c->sink, "E2018", span, "a condition is expected here, not a number")->fix =
      "compare it with something: x > 0";
  return c->poison;
}

static const struct term *error_no_value(struct checker *c, struct span span, const char *what) {
  diagnose(c->sink, "E2019", span, "%s cannot stand here", what)->fix = "a number, a condition or an array is expected";
  return c->poison;
}

static const struct term *error_options_differ(struct checker *c, struct span span) {
  diagnose(c->sink, "E2026", span, "the options are of different kinds or shapes")->fix =
      "all options of a choice are numbers, or conditions, or distributions, or arrays over the same indices";
  return c->poison;
}

/* ---- choices ---- */

struct term *choose_term(struct checker *c, const struct axis *axis, struct span span) {
  struct term *term = term_new(c, TERM_CHOOSE, span, axis->n_option);
  term->axis = axis;
  return term;
}

static bool same_shape(const struct type *a, const struct type *b) {
  if (a->n_dim != b->n_dim) return false;
  for (size_t k = 0; k < a->n_dim; k++)
    if (!dimension_same(a->dim[k], b->dim[k])) return false;
  return true;
}

static bool join_types(struct type *joint, const struct type *other) {
  if (!same_shape(joint, other)) return false;
  if (joint->base == other->base) {
    if (joint->codes != other->codes) joint->codes = NULL;
    return true;
  }
  if (joint->base == BASE_DISTRIBUTION || other->base == BASE_DISTRIBUTION) return false;
  if (joint->base == BASE_BOOL || other->base == BASE_BOOL) return false;
  joint->base = joint->base == BASE_REAL || other->base == BASE_REAL ? BASE_REAL : BASE_INT;
  joint->codes = NULL;
  return true;
}

bool choose_typed(struct checker *c, struct term *choose, struct span span) {
  bool some = false;
  for (size_t k = 0; k < choose->n_item; k++) {
    if (!choose->items[k]) continue;
    if (is_poison(c, choose->items[k])) return false;
    struct type type = choose->items[k]->type;
    type.low = type.high = NULL;
    type.strict = false;
    if (!some)
      choose->type = type;
    else if (!join_types(&choose->type, &type))
      return error_options_differ(c, span), false;
    some = true;
  }
  return some;
}

const struct term *choose_of(struct checker *c, const struct context *at, const struct expr *expr,
                             const struct term *(*item_of)(struct checker *, const struct context *,
                                                           const struct expr *)) {
  const struct option *matched[MAX_OPTIONS];
  struct symbol *symbol = axis_named(c, at, expr->name, expr->name_span);
  if (!symbol) return c->poison;
  *(at->place == PLACE_PREP ? &symbol->used_to_prepare : &symbol->used_otherwise) = true;
  match_options(c, at, symbol->axis, expr->options, expr->name_span, matched);
  struct term *choose = choose_term(c, symbol->axis, expr->span);
  struct alternatives alternatives = alternatives_of(at->opened);
  bool sound = true, alike = true;
  for (size_t o = 0; o < symbol->axis->n_option; o++) {
    if (!matched[o]) continue;
    struct context inner = *at;
    inner.presence = presence_with(c, at->presence, symbol->axis, UINT64_C(1) << o);
    choose->items[o] = item_of(c, &inner, matched[o]->value);
    sound = sound && !is_poison(c, choose->items[o]);
    alike = alternative_ends(&alternatives, true) && alike;
  }
  sound = alternatives_end(c, &alternatives) && sound;
  if (sound && !alike) return error_options_differ(c, expr->span);
  return sound && choose_typed(c, choose, expr->span) ? choose : c->poison;
}

/* ---- operators ---- */

const struct term *number_of(struct checker *c, const struct context *at, const struct expr *expr) {
  const struct term *term = scalar_of(c, at, expr);
  if (is_poison(c, term)) return term;
  if (term->type.base == BASE_DISTRIBUTION) return error_number_expected(c, expr->span, term);
  return as_number(c, term);
}

const struct term *condition_of(struct checker *c, const struct context *at, const struct expr *expr) {
  const struct term *term = scalar_of(c, at, expr);
  if (is_poison(c, term) || term->type.base == BASE_BOOL) return term;
  return error_condition_expected(c, expr->span);
}

enum operands { OPERANDS_NUMBERS, OPERANDS_CONDITIONS };
enum result { RESULT_WIDEST, RESULT_REAL, RESULT_BOOL };

struct operator_row {
  enum operands operands;
  enum result result;
};

static struct operator_row operator_row(enum operator_kind op) {
  switch (op) {
    case OP_ADD:
    case OP_SUB:
    case OP_MUL:
    case OP_NEG: return (struct operator_row){OPERANDS_NUMBERS, RESULT_WIDEST};
    case OP_DIV:
    case OP_POW: return (struct operator_row){OPERANDS_NUMBERS, RESULT_REAL};
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
    case OP_EQ:
    case OP_NE: return (struct operator_row){OPERANDS_NUMBERS, RESULT_BOOL};
    case OP_AND:
    case OP_OR:
    case OP_NOT: return (struct operator_row){OPERANDS_CONDITIONS, RESULT_BOOL};
  }
  return (struct operator_row){OPERANDS_NUMBERS, RESULT_REAL};
}

static const struct term *operator_of(struct checker *c, const struct context *at, const struct expr *expr) {
  struct operator_row row = operator_row(expr->op);
  const struct term *(*operand_of)(struct checker *, const struct context *, const struct expr *) =
      row.operands == OPERANDS_NUMBERS ? number_of : condition_of;
  const struct term *left = operand_of(c, at, expr->left), *right = expr->right ? operand_of(c, at, expr->right) : NULL;
  if (is_poison(c, left) || (right && is_poison(c, right))) return c->poison;
  if (expr->op == OP_NEG && left->kind == TERM_NUMBER) {
    struct term *negative = (struct term *)term_number(c, expr->span, -left->number);
    negative->type = left->type;
    return negative;
  }
  bool whole = is_whole(left) && (!right || is_whole(right));
  enum base base = row.result == RESULT_BOOL ? BASE_BOOL : row.result == RESULT_WIDEST && whole ? BASE_INT : BASE_REAL;
  return term_operator(c, expr->op, expr->span, base, left, right);
}

/* x in low..high, as a condition */
static const struct term *membership_of(struct checker *c, const struct context *at, const struct expr *expr) {
  const struct expr *range = expr->right;
  if (range->kind != EXPR_RANGE) return error_no_value(c, expr->span, "`in` without a range");
  const struct term *x = number_of(c, at, expr->left), *low = number_of(c, at, range->left);
  const struct term *high = range->right ? number_of(c, at, range->right) : NULL;
  if (is_poison(c, x) || is_poison(c, low) || (high && is_poison(c, high))) return c->poison;
  const struct term *above = term_operator(c, OP_GE, expr->span, BASE_BOOL, x, low);
  if (!high) return above;
  return term_operator(c, OP_AND, expr->span, BASE_BOOL, above,
                       term_operator(c, OP_LE, expr->span, BASE_BOOL, x, high));
}

static const struct term *conditional_of(struct checker *c, const struct context *at, const struct expr *expr) {
  const struct term *condition = condition_of(c, at, expr->condition);
  struct alternatives alternatives = alternatives_of(at->opened);
  const struct term *yes = scalar_of(c, at, expr->left);
  alternative_ends(&alternatives, false);
  const struct term *no = scalar_of(c, at, expr->right);
  bool alike = alternative_ends(&alternatives, false), sound = alternatives_end(c, &alternatives);
  if (!sound || is_poison(c, condition) || is_poison(c, yes) || is_poison(c, no)) return c->poison;
  if (!alike) return error_options_differ(c, expr->span);
  if (yes->type.base == BASE_DISTRIBUTION) return error_number_expected(c, expr->span, yes);
  if (no->type.base == BASE_DISTRIBUTION) return error_number_expected(c, expr->span, no);
  if (yes->type.base == BASE_BOOL && no->type.base == BASE_BOOL) return term_select(c, expr->span, condition, yes, no);
  return term_select(c, expr->span, condition, as_number(c, yes), as_number(c, no));
}

static const struct term *literal_of(struct checker *c, const struct expr *expr) {
  struct term *term = (struct term *)term_number(c, expr->span, expr->number);
  if (expr->is_int) term->type = type_scalar(BASE_INT);
  return term;
}

static const struct term *array_literal_of(struct checker *c, const struct context *at, const struct expr *expr);

static const struct term *error_too_deep(struct checker *c, struct span span) {
  diagnose(c->sink, "E2016", span, "the elements of a matrix are numbers")->fix = "for example [[1, 2], [3, 4]]";
  return c->poison;
}

/* [[1, 2], [3, 4]]: rows, as a list of all numbers and their places in it. */
static const struct term *matrix_literal_of(struct checker *c, const struct context *at, const struct expr *expr) {
  struct expr all = {.kind = EXPR_ARRAY, .span = expr->span};
  struct expr **last = &all.items;
  size_t n_row = 0, n_column = 0;
  for (const struct expr *row = expr->items; row; row = row->next, n_row++) {
    size_t n = 0;
    for (const struct expr *item = row->kind == EXPR_ARRAY ? row->items : NULL; item; item = item->next, n++) {
      if (item->kind == EXPR_ARRAY) return error_too_deep(c, item->span);
      *last = floe__arena_alloc(c->arena, sizeof **last);
      **last = *item;
      (*last)->next = NULL;
      last = &(*last)->next;
    }
    if (n_row == 0) n_column = n;
    if (n == n_column && n) continue;
    diagnose(c->sink, "E2016", row->span, "the rows of a matrix have as many numbers each")->fix =
        "for example [[1, 2], [3, 4]]";
    return c->poison;
  }
  const struct term *list = array_literal_of(c, at, &all);
  if (is_poison(c, list)) return list;
  struct binder *binders[2] = {binder_new(c, dimension_anonymous(c, n_row), "row"),
                               binder_new(c, dimension_anonymous(c, n_column), "column")};
  const struct term *row = term_binder(c, expr->span, binders[0]), *column = term_binder(c, expr->span, binders[1]);
  const struct term *one = term_number(c, expr->span, 1), *width = term_number(c, expr->span, (double)n_column);
  const struct term *before =
      term_operator(c, OP_MUL, expr->span, BASE_INT, term_operator(c, OP_SUB, expr->span, BASE_INT, row, one), width);
  struct term *element = term_new(c, TERM_ELEMENT, expr->span, 2);
  element->items[0] = list;
  element->items[1] = term_operator(c, OP_ADD, expr->span, BASE_INT, before, column);
  element->type = type_scalar(list->type.base);
  return term_map(c, expr->span, 2, binders, element);
}

static const struct term *array_literal_of(struct checker *c, const struct context *at, const struct expr *expr) {
  size_t n = 0;
  if (expr->items && expr->items->kind == EXPR_ARRAY) return matrix_literal_of(c, at, expr);
  for (const struct expr *item = expr->items; item; item = item->next) n++;
  struct term *array = term_new(c, TERM_ARRAY, expr->span, n);
  const struct dimension *dimension = dimension_anonymous(c, n);
  struct context inner = *at;
  bool sound = true, whole = true;
  inner.in_literal = true;
  n = 0;
  for (const struct expr *item = expr->items; item; item = item->next, n++) {
    array->items[n] = number_of(c, &inner, item);
    sound = sound && !is_poison(c, array->items[n]);
    whole = whole && is_whole(array->items[n]);
  }
  array->type = type_array(c, type_scalar(whole ? BASE_INT : BASE_REAL), 1, &dimension);
  return sound ? array : c->poison;
}

static const struct term *literal_element(struct checker *c, const struct context *at, const struct expr *expr) {
  unsigned used = at->opened ? at->opened->extent.used : 0;
  if (at->opened) at->opened->extent.used = 0;
  const struct term *array = array_literal_of(c, at, expr);
  if (at->opened) extent_join(at->opened, used, true);
  return gather(c, at, array, 0, NULL, expr->span);
}

/* ---- entry points ---- */

const struct term *scalar_of(struct checker *c, const struct context *at, const struct expr *expr) {
  switch (expr->kind) {
    case EXPR_NUMBER: return literal_of(c, expr);
    case EXPR_NAME: return gather(c, at, raw_name(c, at, expr), 0, NULL, expr->span);
    case EXPR_CALL: return gather(c, at, call_of(c, at, expr), 0, NULL, expr->span);
    case EXPR_INDEX: return index_of(c, at, expr);
    case EXPR_UNARY: return operator_of(c, at, expr);
    case EXPR_BINARY:
      if (expr->op == OP_POW && is_distribution(c, at, expr->left))
        return error_number_expected(c, expr->span, &(struct term){.type.base = BASE_DISTRIBUTION});
      return operator_of(c, at, expr);
    case EXPR_IF: return conditional_of(c, at, expr);
    case EXPR_CHOOSE: return choose_of(c, at, expr, scalar_of);
    case EXPR_WITHIN: return membership_of(c, at, expr);
    case EXPR_ARRAY: return literal_element(c, at, expr);
    case EXPR_RANGE: return error_no_value(c, expr->span, "a range");
    case EXPR_TUPLE: return error_no_value(c, expr->span, "a tuple");
    case EXPR_ON: return error_no_value(c, expr->span, "`on`");
    case EXPR_ERROR: return c->poison;
  }
  return c->poison;
}

const struct term *element_of(struct checker *c, const struct context *at, const struct expr *expr,
                              struct opened *opened) {
  struct context inner = *at;
  *opened = (struct opened){.n = 0};
  inner.hidden = at->bound;
  inner.opened = opened;
  inner.in_literal = false;
  return scalar_of(c, &inner, expr);
}

const struct term *array_of(struct checker *c, const struct context *at, const struct expr *expr) {
  struct opened opened;
  if (expr->kind == EXPR_CHOOSE) return choose_of(c, at, expr, array_of);
  const struct term *element = element_of(c, at, expr, &opened);
  if (!is_poison(c, element) && !extents_fit(c, &opened)) return c->poison;
  return term_map(c, expr->span, opened.n, opened.binders, element);
}
