/* Types as the text names them, and what draws of a distribution can be. */
#include "compiler/meaning/modified.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- dimensions ---- */

const struct dimension *dimension_anonymous(struct checker *c, size_t size) {
  for (size_t k = 0; k < c->dimensions.n; k++) {
    const struct dimension *d = c->dimensions.items[k];
    if (!d->span.file && d->low == size) return d;
  }
  struct dimension *d = floe__arena_alloc(c->arena, sizeof *d);
  *d = (struct dimension){.name = floe__name_of(c->names, floe__arena_printf(c->arena, "of_%zu", size)),
                          .low = size,
                          .high = size,
                          .id = c->dimensions.n};
  list_add(c->arena, &c->dimensions, d);
  return d;
}

const struct dimension *dimension_named(struct checker *c, const struct context *at, const char *name,
                                        struct span span) {
  const struct symbol *symbol = scope_find(at->scope, NAMESPACE_INDEX, name);
  if (!symbol) error_unknown(c, at->scope, NAMESPACE_INDEX, name, span);
  return symbol ? symbol->dimension : NULL;
}

/* Anonymous dimensions (simplex[3], [1, 2, 3]) fit every dimension of the same fixed size. */
bool dimension_same(const struct dimension *a, const struct dimension *b) {
  bool anonymous = is_nameless(a) || is_nameless(b);
  return a == b || (anonymous && a->low == a->high && b->low == b->high && a->low == b->low);
}

/* ---- types ---- */

enum type_bounds { BOUNDS_NONE, BOUNDS_ZERO, BOUNDS_UNIT };

enum { ANY_SIZES = -1 };

struct type_row {
  const char *name;
  enum base base;
  enum type_bounds bounds;
  bool strict;
  enum structure structure;
  int n_size; /* sizes that stand in its brackets */
};

static const struct type_row type_rows[] = {
    {"real", BASE_REAL, BOUNDS_NONE, false, STRUCTURE_PLAIN, ANY_SIZES},
    {"int", BASE_INT, BOUNDS_NONE, false, STRUCTURE_PLAIN, ANY_SIZES},
    {"nat", BASE_INT, BOUNDS_ZERO, false, STRUCTURE_PLAIN, ANY_SIZES},
    {"bool", BASE_BOOL, BOUNDS_NONE, false, STRUCTURE_PLAIN, ANY_SIZES},
    {"positive", BASE_REAL, BOUNDS_ZERO, true, STRUCTURE_PLAIN, ANY_SIZES},
    {"nonneg", BASE_REAL, BOUNDS_ZERO, false, STRUCTURE_PLAIN, ANY_SIZES},
    {"unit", BASE_REAL, BOUNDS_UNIT, false, STRUCTURE_PLAIN, ANY_SIZES},
    {"in", BASE_REAL, BOUNDS_NONE, false, STRUCTURE_PLAIN, ANY_SIZES},
    {"index", BASE_CODE, BOUNDS_NONE, false, STRUCTURE_PLAIN, ANY_SIZES},
    {"cat", BASE_CODE, BOUNDS_NONE, false, STRUCTURE_PLAIN, 1},
    {"vector", BASE_REAL, BOUNDS_NONE, false, STRUCTURE_PLAIN, 1},
    {"matrix", BASE_REAL, BOUNDS_NONE, false, STRUCTURE_PLAIN, 2},
    {"simplex", BASE_REAL, BOUNDS_UNIT, false, STRUCTURE_SIMPLEX, 1},
    {"ordered", BASE_REAL, BOUNDS_NONE, false, STRUCTURE_ORDERED, 1},
    {"sum0", BASE_REAL, BOUNDS_NONE, false, STRUCTURE_SUM0, 1},
    {"unit_vector", BASE_REAL, BOUNDS_NONE, false, STRUCTURE_UNIT_VECTOR, 1},
    {"chol_corr", BASE_REAL, BOUNDS_NONE, false, STRUCTURE_CHOL_CORR, 1},
    {"chol_cov", BASE_REAL, BOUNDS_NONE, false, STRUCTURE_CHOL_COV, 1},
    {"corr", BASE_REAL, BOUNDS_NONE, false, STRUCTURE_CORR, 1},
    {"cov", BASE_REAL, BOUNDS_NONE, false, STRUCTURE_COV, 1},
};

static void error_unknown_type(struct checker *c, const struct type_expr *text) {
  const char *names[sizeof type_rows / sizeof *type_rows];
  for (size_t k = 0; k < sizeof type_rows / sizeof *type_rows; k++) names[k] = type_rows[k].name;
  struct diagnostic *d = diagnose(c->sink, "E2005", text->span, "unknown type `%s`", text->name);
  d->fix = quoted_fix(c, suggest(text->name, names, sizeof names / sizeof *names));
  if (!d->fix)
    d->fix = "types are real, int, nat, bool, positive, nonneg, unit, `in lo..hi`, `index i`, cat[k], vector[k], "
             "matrix[r, c], simplex[k], ordered[k], sum0[k], unit_vector[k], corr[k], cov[k], chol_corr[k] and "
             "chol_cov[k]";
}

static void error_type_size(struct checker *c, const struct type_expr *text, const char *expected) {
  diagnose(c->sink, "E2034", text->span, "the type `%s` takes %s", text->name, expected)->fix =
      "for example `positive`, `in 0..1`, `index class`, `simplex[3]`";
}

static void error_bounds_reversed(struct checker *c, const struct type_expr *text, double low, double high) {
  diagnose(c->sink, "E2034", text->span, "the bounds %g..%g hold no value", low, high)->fix =
      "write the lower bound first";
}

static const struct dimension *type_dimension(struct checker *c, const struct context *at, const struct expr *size) {
  if (size->kind == EXPR_NAME) return dimension_named(c, at, size->name, size->span);
  if (size->kind == EXPR_NUMBER && size->is_int && size->number >= 1 && size->number <= 100000)
    return dimension_anonymous(c, (size_t)size->number);
  diagnose(c->sink, "E2031", size->span, "a size is the name of an index, or a whole number")->fix =
      "for example simplex[3], simplex[class]";
  return NULL;
}

bool bound_expression(struct checker *c, const struct context *at, const struct expr *bound, const struct term **term) {
  bool negative = bound && bound->kind == EXPR_UNARY && bound->op == OP_NEG;
  const struct expr *inner = negative ? bound->left : bound;
  *term = NULL;
  if (!bound || (inner->kind == EXPR_NAME && strcmp(inner->name, "inf") == 0)) return true;
  const struct term *value = number_of(c, at, bound);
  if (!is_poison(c, value)) *term = value;
  return !is_poison(c, value);
}

static bool type_bounds(struct checker *c, const struct context *at, const struct type_expr *text, struct type *type) {
  double low, high;
  bool sound = !text->low || bound_expression(c, at, text->low, &type->low);
  if (text->high) sound = bound_expression(c, at, text->high, &type->high) && sound;
  if (!sound) return false;
  if (constant_value(type->low, NULL, &low) && constant_value(type->high, NULL, &high) && low >= high)
    return error_bounds_reversed(c, text, low, high), false;
  return true;
}

static const struct type_row *type_row(const char *name) {
  for (size_t k = 0; k < sizeof type_rows / sizeof *type_rows; k++)
    if (strcmp(type_rows[k].name, name) == 0) return &type_rows[k];
  return NULL;
}

static void error_number_of_sizes(struct checker *c, const struct type_expr *text, const struct type_row *row) {
  error_type_size(c, text, row->n_size == 1 ? "one size" : "two sizes: rows, columns");
}

static bool type_sizes(struct checker *c, const struct context *at, const struct type_expr *text,
                       const struct type_row *row, struct type *type) {
  const struct dimension *dims[4];
  size_t n_dim = 0;
  for (const struct expr *size = text->sizes; size; size = size->next) {
    if (n_dim == 4) return error_type_size(c, text, "fewer sizes"), false;
    if (!(dims[n_dim++] = type_dimension(c, at, size))) return false;
  }
  if (row->n_size != ANY_SIZES && n_dim != (size_t)row->n_size) return error_number_of_sizes(c, text, row), false;
  if (row->structure == STRUCTURE_UNIT_VECTOR && !dims[0]->formal && dims[0]->low < 2)
    return error_type_size(c, text, "a size of at least 2"), false;
  if (structure_rank(row->structure) == 2) dims[n_dim++] = dims[0];
  if (row->base == BASE_CODE && row->n_size == 1) type->codes = dims[--n_dim];
  *type = type_array(c, *type, n_dim, dims);
  return true;
}

bool type_of(struct checker *c, const struct context *at, const struct type_expr *text, struct type *type) {
  const struct type_row *row = type_row(text->name);
  if (!row) return error_unknown_type(c, text), false;
  *type = (struct type){.base = row->base, .structure = row->structure, .strict = row->strict};
  if (row->bounds != BOUNDS_NONE) type->low = term_number(c, text->span, 0);
  if (row->bounds == BOUNDS_UNIT) type->high = term_number(c, text->span, 1);
  if (row->base == BASE_CODE && row->n_size != 1) {
    if (!text->index) return error_type_size(c, text, "the name of an index"), false;
    type->codes = dimension_named(c, at, text->index, text->span);
    if (!type->codes) return false;
  }
  return type_sizes(c, at, text, row, type) && type_bounds(c, at, text, type);
}

/* ---- text ---- */

const char *dimension_text(struct checker *c, const struct dimension *dimension) {
  return is_nameless(dimension) ? floe__arena_printf(c->arena, "the numbers 1 to %zu", dimension->high)
                                : dimension->name;
}

static const char *number_text(struct checker *c, double number) {
  const char *text = floe__arena_printf(c->arena, "%g", number);
  return strtod(text, NULL) == number ? text : floe__arena_printf(c->arena, "%.15g", number);
}

/* A bound that is no number: its name, where it has one. */
static const char *bound_text(const struct term *bound) {
  if (bound->kind == TERM_ELEMENT) bound = bound->items[0];
  return bound->kind == TERM_FORMAL       ? bound->formal->name
         : bound->kind == TERM_VARIABLE   ? bound->variable->name
         : bound->kind == TERM_DEFINITION ? bound->definition->name
                                          : "(...)";
}

const char *type_text(struct checker *c, const struct type *type) {
  double low = 0, high = 0;
  bool has_low = constant_value(type->low, NULL, &low), has_high = constant_value(type->high, NULL, &high);
  if (type->structure != STRUCTURE_PLAIN) return structure_name(type->structure);
  if (type->base == BASE_BOOL) return "bool";
  if (type->base == BASE_CODE && type->codes && is_nameless(type->codes))
    return floe__arena_printf(c->arena, "cat[%zu]", type->codes->high);
  if (type->base == BASE_CODE) return floe__arena_printf(c->arena, "index %s", type->codes ? type->codes->name : "");
  if (type->base == BASE_INT && !type->high) return has_low && low == 0 ? "nat" : "int";
  if (type->base == BASE_REAL && !type->low && !type->high) return "real";
  if (type->base == BASE_REAL && has_low && low == 0 && !type->high) return type->strict ? "positive" : "nonneg";
  if (type->base == BASE_REAL && has_low && has_high && low == 0 && high == 1) return "unit";
  const char *from = has_low ? number_text(c, low) : type->low ? bound_text(type->low) : "-inf";
  const char *to = has_high ? number_text(c, high) : type->high ? bound_text(type->high) : "inf";
  return floe__arena_printf(c->arena, "%sin %s..%s", type->base == BASE_INT ? "int " : "", from, to);
}

/* ---- supports ---- */

struct support_walk {
  struct checker *c;
  struct support support;
};

static double bound_value(const struct term *bound, const struct environment *environment, double unbounded,
                          bool *loose) {
  double value;
  if (!bound) return unbounded;
  if (constant_value(bound, environment, &value)) return value;
  *loose = true;
  return unbounded;
}

static void support_add(void *context, const struct term *family) {
  struct support_walk *walk = context;
  struct support *s = &walk->support;
  const struct distribution *d = family->distribution;
  double values[16];
  for (size_t k = 0; k < d->n_formal && k < 16; k++)
    if (!family->items[k] || !constant_value(family->items[k], NULL, &values[k])) values[k] = NAN;
  struct environment environment = {
      .n_formal = d->n_formal < 16 ? d->n_formal : 16, .formals = d->formals, .values = values};
  double low = bound_value(d->support.low, &environment, -INFINITY, &s->low_free);
  double high = bound_value(d->support.high, &environment, INFINITY, &s->high_free);
  bool wider = !s->known || low < s->low;
  s->strict = wider ? d->support.strict : s->strict && (low > s->low || d->support.strict);
  s->low = s->known ? fmin(low, s->low) : low;
  s->high = s->known ? fmax(high, s->high) : high;
  if (!s->known || (s->base != d->support.base && d->support.base == BASE_REAL)) s->base = d->support.base;
  s->structure = d->support.structure;
  s->codes = family->type.codes;
  s->known = true;
}

struct support support_of(struct checker *c, const struct term *distribution) {
  struct support_walk walk = {.c = c};
  if (!is_poison(c, distribution)) for_each_family(distribution, support_add, &walk);
  return walk.support;
}

void type_from_support(struct checker *c, const struct term *distribution, struct type *type) {
  struct support s = support_of(c, distribution);
  struct span span = distribution->span;
  if (!s.known) return;
  type->base = s.base;
  type->codes = s.codes;
  type->structure = s.structure;
  type->strict = s.strict;
  type->low = isfinite(s.low) && !s.low_free ? term_number(c, span, s.low) : NULL;
  type->high = isfinite(s.high) && !s.high_free ? term_number(c, span, s.high) : NULL;
}

static const struct term *item_of(const struct term *family, const struct formal *formal) {
  for (size_t k = 0; k < family->n_item; k++)
    if (family->distribution->formals[k] == formal) return family->items[k];
  return NULL;
}

static const struct term *bound_at(struct checker *c, const struct term *family, const struct term *bound) {
  const struct distribution *d = family->distribution;
  if (!bound || bound->kind == TERM_NUMBER) return bound;
  if (bound->kind == TERM_FORMAL) return item_of(family, bound->formal);
  return method_called(c, family->span, d->name, d->n_formal, d->formals, family->items, NULL, NULL, bound);
}

const struct term *support_low(struct checker *c, const struct term *family) {
  return bound_at(c, family, family->distribution->support.low);
}

const struct term *support_high(struct checker *c, const struct term *family) {
  return bound_at(c, family, family->distribution->support.high);
}

static unsigned bound_roles(const struct checker *c, const struct term *family, const struct term *bound) {
  unsigned roles = 0;
  if (!bound) return 0;
  if (bound->kind == TERM_FORMAL) return term_roles(c, item_of(family, bound->formal));
  for (size_t k = 0; k < bound->n_item; k++) roles |= bound_roles(c, family, bound->items[k]);
  return roles;
}

unsigned support_roles(const struct checker *c, const struct term *family) {
  return bound_roles(c, family, family->distribution->support.low) |
         bound_roles(c, family, family->distribution->support.high);
}

struct support_check {
  struct checker *c;
  const struct type *type;
  const char *name;
  struct presence box; /* where the family stands */
};

static void error_support(const struct support_check *check, const struct term *family, const struct type *type,
                          const struct type *support, const char *where, const char *fix) {
  const char *message =
      floe__arena_printf(check->c->arena, "`%s` is %s, but draws of %s are %s%s", check->name,
                         type_text(check->c, type), family->distribution->name, type_text(check->c, support), where);
  error_in_case(check->c, check->box, "E2022", family->span, message, fix);
}

static void error_support_exceeds(const struct support_check *check, const struct term *family, const char *fix) {
  struct support_check everywhere = *check;
  struct type support = family->distribution->support;
  if (family->type.codes) support.codes = family->type.codes;
  everywhere.box.options = NULL;
  error_support(&everywhere, family, check->type, &support, "", fix);
}

static const char *truncation_fix(const struct support_check *check, const struct term *family) {
  double low = -INFINITY, high = INFINITY;
  if (check->type->low && !constant_value(check->type->low, NULL, &low)) low = -INFINITY;
  if (check->type->high && !constant_value(check->type->high, NULL, &high)) high = INFINITY;
  if ((check->type->low && !isfinite(low)) || (check->type->high && !isfinite(high)))
    return floe__arena_printf(check->c->arena, "truncate it: `%s(...) in lo..hi`, with the bounds of the type",
                              family->distribution->name);
  const char *type = type_text(check->c, check->type);
  return floe__arena_printf(check->c->arena, "truncate it: `%s(...) in %s..%s`, or take a distribution on %s",
                            family->distribution->name, number_text(check->c, low), number_text(check->c, high),
                            strncmp(type, "in ", 3) == 0 ? type + 3 : type);
}

/* Whether a bound of the type that depends on other names is one of the family's own: otherwise nothing is known. */
static bool exceeds_dependent(const struct term *family, const struct term *bound, const struct term *own,
                              const struct formal *cut) {
  double value;
  if (!bound || constant_value(bound, NULL, &value)) return false;
  return !(own && same_term(own, bound)) && !(cut && same_term(item_of(family, cut), bound));
}

/* The elements of an ordered vector may have a distribution of single numbers: independent, but for the order. */
static bool structure_fits(enum structure declared, const struct term *family) {
  const struct type *support = &family->distribution->support;
  return support->structure == declared || (declared == STRUCTURE_ORDERED && support->n_dim == 0);
}

/* The support as a type to declare: bounds that are no plain numbers are the distribution's own matter. */
static const char *declared_text(struct checker *c, const struct term *family) {
  double value;
  struct type support = family->distribution->support;
  if (family->type.codes) support.codes = family->type.codes;
  if (!constant_value(support.low, NULL, &value)) support.low = NULL;
  if (!constant_value(support.high, NULL, &value)) support.high = NULL;
  return type_text(c, &support);
}

static const char *structure_fix(const struct support_check *check, const struct term *family) {
  const char *given = declared_text(check->c, family);
  return floe__arena_printf(check->c->arena, "declare `%s` as %s, or take a distribution on %s", check->name, given,
                            type_text(check->c, check->type));
}

static void check_structure(void *context, const struct term *family) {
  const struct support_check *check = context;
  if (!structure_fits(check->type->structure, family))
    error_support_exceeds(check, family, structure_fix(check, family));
}

void check_one_structure(struct checker *c, const struct term *distribution, const struct type *type,
                         const char *name) {
  struct support_check check = {.c = c, .type = type, .name = name};
  if (!is_poison(c, distribution)) for_each_family(distribution, check_structure, &check);
}

struct excess { /* of a support over a declared type, in some universe */
  const struct type *type;
  const struct term *family;
  double low, high;   /* of the type */
  double least, most; /* of the support */
};

static double end_value(const struct term *bound, const struct environment *environment, double otherwise) {
  double value;
  return constant_value(bound, environment, &value) ? value : otherwise;
}

static bool exceeds_somewhere(void *context, const struct environment *environment) {
  struct excess *excess = context;
  const struct type *support = &excess->family->distribution->support;
  double values[MAX_CONSTANT_ARGUMENTS];
  struct environment inside;
  environment_of_family(excess->family, environment, values, &inside);
  excess->low = end_value(excess->type->low, environment, -INFINITY);
  excess->high = end_value(excess->type->high, environment, INFINITY);
  excess->least = end_value(support->low, &inside, excess->low);
  excess->most = end_value(support->high, &inside, excess->high);
  return excess->least < excess->low || excess->most > excess->high;
}

static const struct term *finite_number(struct checker *c, struct span span, double value) {
  return isfinite(value) ? term_number(c, span, value) : NULL;
}

/* Bounds that are known given the sizes of arguments, and in universes. */
static void check_cases(const struct support_check *check, const struct term *family) {
  struct excess excess = {.type = check->type, .family = family};
  struct support_check found = *check;
  const char *where;
  if (!case_found(check->c, &found.box, &where, exceeds_somewhere, &excess)) return;
  struct type support = family->distribution->support, type = *check->type;
  support.low = finite_number(check->c, family->span, excess.least);
  support.high = finite_number(check->c, family->span, excess.most);
  type.low = finite_number(check->c, family->span, excess.low);
  type.high = finite_number(check->c, family->span, excess.high);
  error_support(&found, family, &type, &support, where, truncation_fix(check, family));
}

static void check_family(const struct support_check *check, const struct term *family) {
  const struct type *type = check->type;
  struct support s = support_of(check->c, family);
  double low, high;
  if (s.base != type->base) {
    error_support_exceeds(check, family,
                          floe__arena_printf(check->c->arena, "declare `%s` as %s, or take another distribution",
                                             check->name, declared_text(check->c, family)));
    return;
  }
  if (!structure_fits(type->structure, family)) {
    error_support_exceeds(check, family, structure_fix(check, family));
    return;
  }
  if (type->base == BASE_CODE && s.codes && type->codes && !dimension_same(s.codes, type->codes)) {
    error_support_exceeds(check, family, "the codes number different indices");
    return;
  }
  bool below = constant_value(type->low, NULL, &low) && !s.low_free && s.low < low;
  bool above = constant_value(type->high, NULL, &high) && !s.high_free && s.high > high;
  const struct distribution *d = family->distribution;
  below = below || exceeds_dependent(family, type->low, support_low(check->c, family), d->cut_low);
  above = above || exceeds_dependent(family, type->high, support_high(check->c, family), d->cut_high);
  if (below || above)
    error_support_exceeds(check, family, truncation_fix(check, family));
  else
    check_cases(check, family);
}

/* Each family, in the universes that take it. */
static void check_families(const struct support_check *check, const struct term *distribution) {
  if (!distribution) return;
  if (distribution->kind == TERM_DISTRIBUTION) check_family(check, distribution);
  if (distribution->kind == TERM_POWER) check_families(check, distribution->items[0]);
  if (distribution->kind != TERM_CHOOSE && distribution->kind != TERM_DEFINITION) return;
  for (size_t k = 0; k < distribution->n_item; k++) {
    struct support_check one = *check;
    if (distribution->kind == TERM_CHOOSE)
      one.box = presence_with(check->c, check->box, distribution->axis, UINT64_C(1) << k);
    check_families(&one, distribution->items[k]);
  }
}

void check_support(struct checker *c, const struct context *at, const struct term *distribution,
                   const struct type *type, const char *name) {
  struct support_check check = {c, type, name, at->presence};
  if (!is_poison(c, distribution)) check_families(&check, distribution);
}
