/* Expressions that stand for distributions: after `~`, in options, and in the power methods of distributions. */
#include "compiler/meaning/modified.h"

#include <math.h>
#include <string.h>

/* ---- errors ---- */

static const struct term *error_distribution_expected(struct checker *c, struct span span) {
  diagnose(c->sink, "E2029", span, "a distribution is expected here")->fix =
      "for example normal(0, 1), or an axis whose options are distributions";
  return c->poison;
}

static void error_no_power(struct checker *c, struct span span, const struct distribution *family, bool on_log) {
  struct diagnostic *d =
      diagnose(c->sink, "E2023", span, "`%s` has no exact power%s", family->name, on_log ? " on log" : "");
  d->fix = family->truncated ? "take the power first: D ^ a in lo..hi"
                             : floe__arena_printf(c->arena, "give its `dist` a method %s(a), or take another family",
                                                  on_log ? "power_log" : "power");
}

static const struct term *error_power_coordinates(struct checker *c, struct span span) {
  diagnose(c->sink, "E2023", span, "one of these powers is taken on log, the other is not: they do not multiply")->fix =
      "take both in one coordinate";
  return c->poison;
}

static void error_power_improper(struct checker *c, struct span span, const struct distribution *family,
                                 const char *argument, double value, const char *where) {
  struct diagnostic *d = diagnose(c->sink, "E2024", span, "this power of `%s` is no distribution%s: `%s` would be %g",
                                  family->name, where, argument, value);
  d->fix = "narrow the range of the axis";
}

/* ---- families ---- */

void for_each_family(const struct term *distribution, void (*visit)(void *context, const struct term *family),
                     void *context) {
  if (!distribution) return;
  if (distribution->kind == TERM_DISTRIBUTION) visit(context, distribution);
  if (distribution->kind == TERM_POWER) for_each_family(distribution->items[0], visit, context);
  if (distribution->kind == TERM_CHOOSE || distribution->kind == TERM_DEFINITION)
    for (size_t k = 0; k < distribution->n_item; k++) for_each_family(distribution->items[k], visit, context);
}

/* ---- what an expression is, before it is evaluated ---- */

static const struct term *axis_body(const struct context *at, const struct expr *expr) {
  const struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, expr->name);
  return symbol && symbol->kind == SYMBOL_AXIS && !symbol->axis->continuous ? symbol->axis->options[0].value : NULL;
}

static bool names_flat(const struct context *at, const struct expr *expr) {
  return strcmp(expr->name, "flat") == 0 && !scope_find(at->scope, NAMESPACE_VALUE, expr->name);
}

/* The first family that the text names: all options of a choice agree in kind and rank. NULL: none. */
static const struct expr *first_family(const struct expr *expr) {
  while (expr) {
    bool power = expr->kind == EXPR_BINARY && expr->op == OP_POW;
    if (expr->kind == EXPR_CHOOSE)
      expr = expr->options ? expr->options->value : NULL;
    else if (power || expr->kind == EXPR_ON || expr->kind == EXPR_WITHIN || expr->kind == EXPR_IF)
      expr = expr->left;
    else
      return expr;
  }
  return NULL;
}

bool is_distribution(struct checker *c, const struct context *at, const struct expr *expr) {
  const struct expr *family = first_family(expr);
  if (!family) return false;
  if (family->kind == EXPR_NAME) {
    const struct term *body = axis_body(at, family);
    if (names_flat(at, family)) return true;
    return body && !is_poison(c, body) && body->type.base == BASE_DISTRIBUTION;
  }
  if (family->kind != EXPR_CALL) return false;
  const struct symbol *symbol = scope_find(at->scope, NAMESPACE_CALLABLE, family->name);
  return symbol ? symbol->kind == SYMBOL_DISTRIBUTION : is_combinator(family->name);
}

size_t joint_rank(struct checker *c, const struct context *at, const struct expr *expr) {
  const struct expr *family = expr ? first_family(expr) : NULL;
  if (!family || !is_distribution(c, at, family)) return 0;
  if (family->kind == EXPR_NAME) return names_flat(at, family) ? 0 : axis_body(at, family)->type.n_dim;
  const struct symbol *symbol = scope_find(at->scope, NAMESPACE_CALLABLE, family->name);
  if (!symbol) return 0;
  const struct simulator *simulator = at->outputs ? symbol->distribution->simulator : NULL;
  const bool several = simulator && at->outputs->which < simulator->n_output;
  return (several ? simulator->distributions[at->outputs->which] : symbol->distribution)->support.n_dim;
}

/* ---- powers ---- */

struct power_check {
  struct checker *c;
  const struct term *power;
  const struct term *family; /* the one that is raised */
  struct environment environment;
  const char *where;
  bool sound;
};

static void check_power_arguments(void *context, const struct term *result) {
  struct power_check *check = context;
  double value;
  for (size_t k = 0; k < result->n_item && check->sound; k++) {
    const struct formal *formal = result->distribution->formals[k];
    if (!constant_value(result->items[k], &check->environment, &value)) continue;
    if (constant_in_type(value, &formal->type, &check->environment)) continue;
    error_power_improper(check->c, check->power->span, check->family->distribution, formal->name, value, check->where);
    check->sound = false;
  }
}

/* The method's arguments at one end of the continuous axes; what is not constant is assumed fine. */
static void check_power_at(struct power_check *check, int end) {
  const struct distribution *d = check->family->distribution;
  const struct environment plain = {.axis_end = end, .hyper = true};
  double values[16];
  for (size_t k = 0; k < d->n_formal && k < 16; k++)
    if (!constant_value(check->family->items[k], &plain, &values[k])) values[k] = NAN;
  check->environment = (struct environment){.n_formal = d->n_formal < 16 ? d->n_formal : 16,
                                            .formals = d->formals,
                                            .values = values,
                                            .extra = d->a,
                                            .axis_end = end,
                                            .hyper = true};
  if (!constant_value(check->power->items[1], &plain, &check->environment.extra_value))
    check->environment.extra_value = NAN;
  check->where = end < 0 ? " at the low end of the axis" : end > 0 ? " at the high end of the axis" : "";
  if (check->environment.extra_value <= 0) {
    error_power_improper(check->c, check->power->span, d, "the exponent", check->environment.extra_value, check->where);
    check->sound = false;
    return;
  }
  for_each_family(check->power->on_log ? d->power_log : d->power, check_power_arguments, check);
}

static void check_power_of(void *context, const struct term *family) {
  struct power_check *check = context;
  const struct distribution *d = family->distribution;
  double exponent;
  check->family = family;
  if (!(check->power->on_log ? d->power_log : d->power)) {
    error_no_power(check->c, check->power->span, d, check->power->on_log);
    check->sound = false;
    return;
  }
  bool constant = constant_value(check->power->items[1], NULL, &exponent);
  for (int end = constant ? 0 : -1; check->sound && end <= (constant ? 0 : 1); end += 2) check_power_at(check, end);
}

static const struct term *power_of(struct checker *c, const struct context *at, const struct expr *base,
                                   const struct expr *exponent, bool on_log, struct span span) {
  struct term *term = term_new(c, TERM_POWER, span, 2);
  term->items[0] = distribution_of(c, at, base);
  term->items[1] = number_of(c, at, exponent);
  term->on_log = on_log;
  if (is_poison(c, term->items[0]) || is_poison(c, term->items[1])) return c->poison;
  if (term->items[0]->kind == TERM_POWER) {
    const struct term *inner = term->items[0];
    if (inner->on_log != on_log) return error_power_coordinates(c, span);
    term->items[0] = inner->items[0];
    term->items[1] = term_operator(c, OP_MUL, span, BASE_REAL, inner->items[1], term->items[1]);
  }
  term->type = term->items[0]->type;
  struct power_check check = {.c = c, .power = term, .sound = true};
  for_each_family(term->items[0], check_power_of, &check);
  return check.sound ? term : c->poison;
}

static const struct term *power_on_log(struct checker *c, const struct context *at, const struct expr *expr) {
  const struct expr *power = expr->left;
  if (power->kind == EXPR_BINARY && power->op == OP_POW && strcmp(expr->name, "log") == 0)
    return power_of(c, at, power->left, power->right, true, expr->span);
  return error_distribution_expected(c, expr->span);
}

/* ---- distributions ---- */

struct emptiness {
  const struct term *family;
  double low, high;
};

static bool is_empty(void *context, const struct environment *environment) {
  struct emptiness *empty = context;
  const struct type *support = &empty->family->distribution->support;
  double values[MAX_CONSTANT_ARGUMENTS];
  struct environment inside;
  environment_of_family(empty->family, environment, values, &inside);
  if (!constant_value(support->low, &inside, &empty->low)) return false;
  if (!constant_value(support->high, &inside, &empty->high)) return false;
  return support->base == BASE_REAL ? empty->low >= empty->high : empty->low > empty->high;
}

/* The support has values, in all universes where its bounds rest on axes. False: it has none in any of them. */
static bool check_emptiness(struct checker *c, const struct context *at, const struct term *family) {
  struct emptiness empty = {.family = family};
  struct presence box = at->presence;
  const char *where;
  if (!case_found(c, &box, &where, is_empty, &empty)) return true;
  const char *message = floe__arena_printf(c->arena, "`%s` has no values: they would be in %g..%g%s",
                                           family->distribution->name, empty.low, empty.high, where);
  error_argument(c, box, family->span, message, where);
  return box.options != NULL;
}

struct misfit {
  const struct term *family;
  size_t argument;
  double value;
};

static bool is_misfit(void *context, const struct environment *environment) {
  struct misfit *misfit = context;
  double values[MAX_CONSTANT_ARGUMENTS], bound;
  struct environment inside;
  environment_of_family(misfit->family, environment, values, &inside);
  for (size_t k = 0; k < inside.n_formal; k++) {
    const struct type *type = &inside.formals[k]->type;
    const bool constant = (!type->low || constant_value(type->low, NULL, &bound)) &&
                          (!type->high || constant_value(type->high, NULL, &bound));
    if (constant || isnan(values[k]) || constant_in_type(values[k], type, &inside)) continue;
    misfit->argument = k;
    misfit->value = values[k];
    return true;
  }
  return false;
}

/* Arguments whose types rest on the others fit them. False: in no universe. */
static bool check_fit(struct checker *c, const struct context *at, const struct term *family) {
  struct misfit misfit = {.family = family};
  struct presence box = at->presence;
  const char *where;
  if (!case_found(c, &box, &where, is_misfit, &misfit)) return true;
  const struct formal *formal = family->distribution->formals[misfit.argument];
  error_argument(c, box, family->items[misfit.argument]->span,
                 floe__arena_printf(c->arena, "the argument `%s` is %s, but %g is not%s", formal->name,
                                    type_text(c, &formal->type), misfit.value, where),
                 where);
  return box.options != NULL;
}

static const struct term *family_of(struct checker *c, const struct context *at, const struct expr *call) {
  const struct symbol *symbol = scope_find(at->scope, NAMESPACE_CALLABLE, call->name);
  if (!symbol && is_combinator(call->name)) return combinator_of(c, at, call);
  if (!symbol) {
    error_unknown(c, at->scope, NAMESPACE_CALLABLE, call->name, call->name_span);
    return c->poison;
  }
  if (symbol->kind == SYMBOL_POISON) return c->poison;
  if (symbol->kind != SYMBOL_DISTRIBUTION || call->binder) return error_distribution_expected(c, call->span);
  if (symbol->distribution->simulator) return output_of(c, at, call, symbol->distribution->simulator);
  struct list pairs = {0};
  const struct distribution *d = symbol->distribution;
  struct term *term = term_new(c, TERM_DISTRIBUTION, call->span, d->n_formal);
  term->distribution = d;
  if (!arguments_of(c, at, call, d->n_formal, d->formals, term->items, &pairs)) return c->poison;
  term->type = type_substituted(c, &pairs, d->support);
  term->type.base = BASE_DISTRIBUTION;
  term->type.structure = d->support.structure;
  return check_emptiness(c, at, term) && check_fit(c, at, term) ? term : c->poison;
}

static const struct term *named_distribution(struct checker *c, const struct context *at, const struct expr *expr) {
  const struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, expr->name);
  if (names_flat(at, expr)) return flat_over(c, NULL, expr->span);
  if (!symbol && strcmp(expr->name, "elicited") == 0) {
    diagnose(c->sink, "E2085", expr->span, "there is no flow prior in this place, or for values of this type")->fix =
        "`elicited` stands alone: param p : T ~ elicited, with T real, positive, nonneg, unit, in lo..hi or in lo..inf";
    return c->poison;
  }
  const struct term *term = raw_name(c, at, expr);
  if (is_poison(c, term) || term->type.base == BASE_DISTRIBUTION) return term;
  return error_distribution_expected(c, expr->span);
}

struct cut {
  const struct term *low, *high;
  struct span span;
};

static const struct term *cut_single(struct checker *c, const struct term *single, void *context) {
  const struct cut *cut = context;
  return truncated(c, single, cut->low, cut->high, cut->span);
}

/* D in low..high */
static const struct term *truncation_of(struct checker *c, const struct context *at, const struct expr *expr) {
  struct cut cut = {.span = expr->span};
  if (expr->right->kind != EXPR_RANGE) return error_distribution_expected(c, expr->span);
  bool sound = bound_expression(c, at, expr->right->left, &cut.low);
  sound = bound_expression(c, at, expr->right->right, &cut.high) && sound;
  const struct term *distribution = distribution_of(c, at, expr->left);
  return sound ? over_choices(c, distribution, cut_single, &cut) : c->poison;
}

/* ---- if(c, D, E) ---- */

static const struct term *error_by_unknowns(struct checker *c, struct span span) {
  diagnose(c->sink, "E2053", span, "which of two families holds depends on unknowns here")->fix =
      "write mixture(w, D, E), or decide within the arguments of one family";
  return c->poison;
}

static bool same_shape(const struct type *a, const struct type *b) {
  bool same = a->n_dim == b->n_dim;
  for (size_t k = 0; same && k < a->n_dim; k++) same = dimension_same(a->dim[k], b->dim[k]);
  return same;
}

/* Of arrays, element by element. */
static const struct term *decided(struct checker *c, const struct context *at, struct span span,
                                  const struct term *condition, const struct term *yes, const struct term *no) {
  struct binder *binders[MAX_RANK];
  const struct term *place[MAX_RANK];
  const size_t n = yes->type.n_dim;
  for (size_t k = 0; k < n; k++) {
    binders[k] = binder_new(c, yes->type.dim[k], NULL);
    place[k] = term_binder(c, span, binders[k]);
  }
  const struct term *one = gather(c, at, yes, n, place, span), *other = gather(c, at, no, n, place, span);
  return term_map(c, span, n, binders, term_select(c, span, condition, one, other));
}

/* Within one family the arguments are decided upon; between two, a mixture whose weight is 0 or 1. */
static const struct term *conditional_distribution(struct checker *c, const struct context *at,
                                                   const struct expr *expr) {
  const struct term *condition = condition_of(c, at, expr->condition);
  const struct term *yes = distribution_of(c, at, expr->left), *no = distribution_of(c, at, expr->right);
  if (is_poison(c, condition) || is_poison(c, yes) || is_poison(c, no)) return c->poison;
  bool alike = yes->kind == TERM_DISTRIBUTION && no->kind == TERM_DISTRIBUTION &&
               yes->distribution == no->distribution && yes->n_item == no->n_item && same_shape(&yes->type, &no->type);
  for (size_t k = 0; alike && k < yes->n_item; k++) alike = same_shape(&yes->items[k]->type, &no->items[k]->type);
  if (alike) {
    struct term *one = term_new(c, TERM_DISTRIBUTION, expr->span, yes->n_item);
    const struct term **items = one->items;
    *one = *yes;
    one->items = items;
    for (size_t k = 0; k < yes->n_item; k++)
      items[k] = same_term(yes->items[k], no->items[k])
                     ? yes->items[k]
                     : decided(c, at, expr->span, condition, yes->items[k], no->items[k]);
    return one;
  }
  if (term_roles(c, condition) & ~(1u << ROLE_DATA)) return error_by_unknowns(c, expr->span);
  struct expr *weight = floe__arena_alloc(c->arena, 6 * sizeof *weight), *one = weight + 1, *zero = weight + 2;
  struct expr *call = weight + 3, *left = weight + 4, *right = weight + 5;
  *one = (struct expr){.kind = EXPR_NUMBER, .span = expr->span, .number = 1, .is_int = true};
  *zero = (struct expr){.kind = EXPR_NUMBER, .span = expr->span, .number = 0, .is_int = true};
  *left = *expr->left;
  *right = *expr->right;
  *weight =
      (struct expr){.kind = EXPR_IF, .span = expr->span, .condition = expr->condition, .left = one, .right = zero};
  *call = (struct expr){.kind = EXPR_CALL, .span = expr->span, .name_span = expr->span, .items = weight};
  call->name = floe__name_of(c->names, "mixture");
  weight->next = left;
  left->next = right;
  right->next = NULL;
  left->label = right->label = NULL;
  return distribution_of(c, at, call);
}

const struct term *distribution_of(struct checker *c, const struct context *at, const struct expr *expr) {
  switch (expr->kind) {
    case EXPR_CALL: return family_of(c, at, expr);
    case EXPR_NAME: return named_distribution(c, at, expr);
    case EXPR_CHOOSE: return choose_of(c, at, expr, distribution_of);
    case EXPR_ON: return power_on_log(c, at, expr);
    case EXPR_BINARY:
      if (expr->op == OP_POW) return power_of(c, at, expr->left, expr->right, false, expr->span);
      return error_distribution_expected(c, expr->span);
    case EXPR_WITHIN: return truncation_of(c, at, expr);
    case EXPR_IF: return conditional_distribution(c, at, expr);
    case EXPR_ERROR: return c->poison;
    case EXPR_NUMBER:
    case EXPR_UNARY:
    case EXPR_INDEX:
    case EXPR_RANGE:
    case EXPR_TUPLE:
    case EXPR_ARRAY: return error_distribution_expected(c, expr->span);
  }
  return c->poison;
}
