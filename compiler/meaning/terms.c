#include "compiler/meaning/checker.h"

#include <string.h>

struct term *term_new(struct checker *c, enum term_kind kind, struct span span, size_t n_item) {
  struct term *term = floe__arena_alloc(c->arena, sizeof *term);
  term->kind = kind;
  term->span = span;
  term->n_item = n_item;
  if (n_item) term->items = floe__arena_array(c->arena, n_item, sizeof *term->items);
  return term;
}

struct type type_scalar(enum base base) {
  return (struct type){.base = base};
}

struct type type_array(struct checker *c, struct type element, size_t n, const struct dimension *const *dims) {
  element.n_dim = n;
  element.dim = n ? floe__arena_array(c->arena, n, sizeof *element.dim) : NULL;
  if (n) memcpy(element.dim, dims, n * sizeof *dims);
  return element;
}

const struct term *term_number(struct checker *c, struct span span, double number) {
  struct term *term = term_new(c, TERM_NUMBER, span, 0);
  term->number = number;
  term->type = type_scalar(BASE_REAL);
  return term;
}

const struct term *term_binder(struct checker *c, struct span span, const struct binder *binder) {
  struct term *term = term_new(c, TERM_BINDER, span, 0);
  term->binder = binder;
  term->type = type_scalar(BASE_CODE);
  term->type.codes = binder->dimension;
  return term;
}

const struct term *term_operator(struct checker *c, enum operator_kind op, struct span span, enum base base,
                                 const struct term *left, const struct term *right) {
  struct term *term = term_new(c, TERM_OPERATOR, span, right ? 2 : 1);
  term->op = op;
  term->type = type_scalar(base);
  term->items[0] = left;
  if (right) term->items[1] = right;
  return term;
}

const struct term *term_select(struct checker *c, struct span span, const struct term *condition,
                               const struct term *yes, const struct term *no) {
  struct term *term = term_new(c, TERM_SELECT, span, 3);
  term->items[0] = condition;
  term->items[1] = yes;
  term->items[2] = no;
  term->type = yes->type.base == no->type.base && yes->type.codes == no->type.codes
                   ? (struct type){.base = yes->type.base, .codes = yes->type.codes}
                   : type_scalar(is_whole(yes) && is_whole(no) ? BASE_INT : BASE_REAL);
  return term;
}

/* MAP(i, ELEMENT(a, i)) is a. */
static bool is_whole_array(size_t n, struct binder *const *binders, const struct term *element) {
  if (element->kind != TERM_ELEMENT || element->n_item != n + 1) return false;
  if (element->items[0]->type.n_dim != n) return false;
  for (size_t k = 0; k < n; k++) {
    if (element->items[k + 1]->kind != TERM_BINDER || element->items[k + 1]->binder != binders[k]) return false;
    if (element->items[0]->type.dim[k] != binders[k]->dimension) return false; /* a slice, or a name for its index */
  }
  return true;
}

const struct term *term_map(struct checker *c, struct span span, size_t n, struct binder *const *binders,
                            const struct term *element) {
  if (n == 0 || is_poison(c, element)) return element;
  if (is_whole_array(n, binders, element)) return element->items[0];
  struct term *term = term_new(c, TERM_MAP, span, 1);
  const struct dimension *dims[16];
  term->items[0] = element;
  term->n_binder = n;
  term->binders = floe__arena_array(c->arena, n, sizeof *term->binders);
  for (size_t k = 0; k < n; k++) {
    term->binders[k] = binders[k];
    dims[k] = binders[k]->dimension;
  }
  term->type = type_array(c, element->type, n, dims);
  return term;
}

struct binder *binder_new(struct checker *c, const struct dimension *dimension, const char *name) {
  struct binder *binder = floe__arena_alloc(c->arena, sizeof *binder);
  binder->dimension = dimension;
  binder->name = name ? name : dimension->name;
  return binder;
}

bool is_poison(const struct checker *c, const struct term *term) {
  return term == c->poison;
}

bool is_whole(const struct term *term) {
  return term->type.base == BASE_INT || term->type.base == BASE_BOOL || term->type.base == BASE_CODE;
}

const char *base_text(enum base base) {
  static const char *const text[] = {"a real number", "a whole number", "a condition", "a code", "a distribution"};
  return text[base];
}

const struct term *as_number(struct checker *c, const struct term *term) {
  if (is_poison(c, term) || term->type.base != BASE_BOOL || term->type.n_dim) return term;
  const struct term *one = term_number(c, term->span, 1), *zero = term_number(c, term->span, 0);
  struct term *number = (struct term *)term_select(c, term->span, term, one, zero);
  number->type = type_scalar(BASE_INT);
  return number;
}

bool term_same(const struct term *a, const struct term *b) {
  if (a == b) return true;
  if (!a || !b || a->kind != b->kind || a->n_item != b->n_item || a->n_binder || b->n_binder) return false;
  bool same = a->number == b->number && a->op == b->op && a->on_log == b->on_log && a->variable == b->variable &&
              a->definition == b->definition && a->formal == b->formal && a->binder == b->binder &&
              a->dimension == b->dimension && a->axis == b->axis && a->option == b->option &&
              a->function == b->function && a->external == b->external && a->distribution == b->distribution;
  for (size_t k = 0; k < a->n_item && same; k++) same = term_same(a->items[k], b->items[k]);
  return same;
}

/* ---- walks ---- */

void visit_terms(const struct term *term, void (*visit)(void *context, const struct term *term), void *context) {
  if (!term) return;
  visit(context, term);
  for (size_t k = 0; k < term->n_item; k++) visit_terms(term->items[k], visit, context);
}

struct role_walk {
  const struct checker *c;
  unsigned roles;
};

static void collect_roles(void *context, const struct term *term) {
  struct role_walk *walk = context;
  if (term->kind == TERM_VARIABLE) walk->roles |= 1u << term->variable->role;
  if (term->kind != TERM_DEFINITION) return;
  for (size_t k = 0; k < walk->c->definition_symbols.n; k++) {
    const struct symbol *symbol = walk->c->definition_symbols.items[k];
    if (symbol->definition == term->definition) walk->roles |= symbol->roles;
  }
}

unsigned term_roles(const struct checker *c, const struct term *term) {
  struct role_walk walk = {c, 0};
  visit_terms(term, collect_roles, &walk);
  return walk.roles;
}

static size_t count_terms(const struct term *term, size_t limit) {
  size_t n = 1;
  if (!term) return 0;
  for (size_t k = 0; k < term->n_item && n <= limit; k++) n += count_terms(term->items[k], limit - n);
  return n;
}

#define MAX_SHARED_TERMS 10000
#define MAX_FUNCTION_TERMS 100000 /* with all that it calls: functions are inlined */

static void error_too_large(struct checker *c, struct span span) {
  diagnose(c->sink, "E9007", span, "this expression, with all that its names stand for, is too large")->fix =
      "define its parts with `=` outside of loops and options";
}

struct weight {
  const void *of; /* a function, or a definition inside of one */
  size_t terms;
};

static size_t known_weight(const struct checker *c, const void *of) {
  for (size_t k = 0; k < c->weights.n; k++)
    if (((const struct weight *)c->weights.items[k])->of == of)
      return ((const struct weight *)c->weights.items[k])->terms;
  return 0;
}

static size_t inlined_weight(const struct checker *c, const struct term *term) {
  if (!term) return 0;
  size_t n = 1;
  if (term->kind == TERM_CALL) n += known_weight(c, term->function);
  if (term->kind == TERM_DEFINITION) n += known_weight(c, term->definition);
  for (size_t k = 0; k < term->n_item && n <= MAX_FUNCTION_TERMS; k++) n += inlined_weight(c, term->items[k]);
  return n;
}

bool function_inlineable(struct checker *c, const void *of, const struct term *value, struct span span) {
  struct weight *weight = floe__arena_alloc(c->arena, sizeof *weight);
  *weight = (struct weight){of, inlined_weight(c, value)};
  list_add(c->arena, &c->weights, weight);
  if (weight->terms <= MAX_FUNCTION_TERMS) return true;
  error_too_large(c, span);
  return false;
}

bool term_shareable(struct checker *c, const struct term *term, struct span span) {
  if (count_terms(term, MAX_SHARED_TERMS) <= MAX_SHARED_TERMS) return true;
  error_too_large(c, span);
  return false;
}

bool same_term(const struct term *a, const struct term *b) {
  if (a == b) return true;
  if (!a || !b || a->kind != b->kind || a->n_item != b->n_item || a->n_binder || b->n_binder) return false;
  bool same = a->number == b->number && a->op == b->op && a->on_log == b->on_log && a->variable == b->variable &&
              a->definition == b->definition && a->formal == b->formal && a->binder == b->binder &&
              a->dimension == b->dimension && a->axis == b->axis && a->option == b->option &&
              a->function == b->function && a->external == b->external && a->distribution == b->distribution;
  for (size_t k = 0; k < a->n_item && same; k++) same = same_term(a->items[k], b->items[k]);
  return same;
}
