/* Axes, choices between their options, and the constraints on which options go together. */
#include "compiler/meaning/checker.h"

#include <math.h>
#include <string.h>

/* ---- errors ---- */

static void error_references(struct checker *c, const struct statement *statement, size_t n) {
  struct diagnostic *d =
      diagnose(c->sink, "E3001", statement->name_span, "the axis `%s` has %zu reference options", statement->name, n);
  d->fix = "mark one option with `*`: it is the reference analysis";
}

static void error_no_options(struct checker *c, const struct statement *statement) {
  diagnose(c->sink, "E3018", statement->name_span, "the axis `%s` has no options", statement->name)->fix =
      "list them, the reference first: axis noise = normal* | heavy";
}

static void error_weights(struct checker *c, struct span span, const char *name, double sum) {
  struct diagnostic *d = diagnose(c->sink, "E3002", span,
                                  "the weights of `%s` make %g, which leaves no share for every option", name, sum);
  d->fix = "weights are between 0 and 1, and together 1; options without a weight share what is left";
}

static void error_range(struct checker *c, struct span span, const char *problem, const char *fix) {
  diagnose(c->sink, "E3003", span, "%s", problem)->fix = fix;
}

static struct span label_span(const struct option *option) {
  return (struct span){option->span.file, option->span.begin, option->span.begin + strlen(option->label)};
}

static void error_option_twice(struct checker *c, const struct option *option, struct span first) {
  struct diagnostic *d =
      diagnose(c->sink, "E3004", label_span(option), "the option `%s` is listed twice", option->label);
  d->fix = "remove one of them";
  d->related = first;
  d->related_message = "it is listed here already";
}

static void error_bodies(struct checker *c, struct span span, const char *name) {
  diagnose(c->sink, "E2026", span, "some options of `%s` have bodies and some have none", name)->fix =
      "give all of them a body, or none";
}

static void error_option_missing(struct checker *c, struct span span, const struct axis *axis, const char *missing) {
  struct diagnostic *d = diagnose(c->sink, "E3005", span, "the option `%s` of `%s` is missing", missing, axis->name);
  d->fix = floe__arena_printf(c->arena, "add `%s: ...` or `else: ...`", missing);
  c->choice_broken = true;
}

static void error_option_unknown(struct checker *c, struct span span, const struct axis *axis, const char *label) {
  const char *labels[MAX_OPTIONS];
  for (size_t o = 0; o < axis->n_option; o++) labels[o] = axis->options[o].label;
  struct diagnostic *d = diagnose(c->sink, "E2007", span, "`%s` has no option `%s`", axis->name, label);
  d->fix = quoted_fix(c, suggest(label, labels, axis->n_option));
  d->related = axis->span;
  d->related_message = "its options are listed here";
  c->choice_broken = true;
}

static void error_option_elsewhere(struct checker *c, struct span span, const struct axis *axis, const char *label) {
  struct diagnostic *d =
      diagnose(c->sink, "E3015", span, "%s=%s cannot occur here: an enclosing choice excludes it", axis->name, label);
  d->fix = "remove this option";
}

static void error_not_an_axis(struct checker *c, const struct context *at, const char *name, struct span span) {
  const char *names[MAX_AXES];
  for (size_t k = 0; k < c->axes.n; k++) names[k] = ((const struct axis *)c->axes.items[k])->name;
  bool value = scope_find(at->scope, NAMESPACE_VALUE, name);
  struct diagnostic *d = diagnose(c->sink, "E2006", span, value ? "`%s` is not an axis" : "unknown axis `%s`", name);
  d->fix = quoted_fix(c, suggest(name, names, c->axes.n));
  if (!d->fix)
    d->fix = floe__arena_printf(c->arena, "declare it before: axis %s = one* | another", value ? "NAME" : name);
}

static void error_choose_continuous(struct checker *c, struct span span, const struct axis *axis) {
  diagnose(c->sink, "E3016", span, "`%s` is continuous: it has no options to choose by", axis->name)->fix =
      "use its name as a number";
}

static void error_via(struct checker *c, struct span span, const char *name) {
  struct diagnostic *d = diagnose(c->sink, "E3014", span, "`%s` cannot stand after `via`", name);
  d->fix = "declare it as `equiv NAME = centred | noncentred*`";
}

/* ---- lookup ---- */

struct symbol *axis_named(struct checker *c, const struct context *at, const char *name, struct span span) {
  struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, name);
  if (symbol && symbol->kind == SYMBOL_POISON) return NULL;
  if (!symbol || symbol->kind != SYMBOL_AXIS) return error_not_an_axis(c, at, name, span), NULL;
  if (symbol->axis->continuous) return error_choose_continuous(c, span, symbol->axis), NULL;
  presence_require(c, at->presence, symbol->presence, name, span, symbol->span);
  return symbol;
}

static size_t option_named(const struct axis *axis, const char *label) {
  size_t o = 0;
  while (o < axis->n_option && axis->options[o].label != label) o++;
  return o;
}

void match_options(struct checker *c, const struct context *at, const struct axis *axis, const struct option *options,
                   struct span span, const struct option **matched) {
  uint64_t here = at->presence.options[axis->id];
  const struct option *rest = NULL;
  for (size_t o = 0; o < MAX_OPTIONS; o++) matched[o] = NULL;
  for (const struct option *option = options; option; option = option->next) {
    size_t o = option_named(axis, option->label);
    if (strcmp(option->label, "else") == 0) {
      if (rest) error_option_twice(c, option, rest->span);
      rest = option;
    } else if (o == axis->n_option)
      error_option_unknown(c, label_span(option), axis, option->label);
    else if (matched[o])
      error_option_twice(c, option, matched[o]->span);
    else if (!(here >> o & 1))
      error_option_elsewhere(c, label_span(option), axis, option->label);
    else
      matched[o] = option;
  }
  for (size_t o = 0; o < axis->n_option; o++) {
    if (matched[o] || !(here >> o & 1)) continue;
    if (!rest) error_option_missing(c, span, axis, axis->options[o].label);
    matched[o] = rest;
  }
}

const struct axis *via_axis(struct checker *c, const struct context *at, const char *name, struct span span) {
  struct symbol *symbol = axis_named(c, at, name, span);
  if (!symbol) return NULL;
  const struct axis *axis = symbol->axis;
  bool centred = option_named(axis, floe__name_of(c->names, "centred")) < axis->n_option;
  bool noncentred = option_named(axis, floe__name_of(c->names, "noncentred")) < axis->n_option;
  if (!axis->equivalence || axis->n_option != 2 || !centred || !noncentred) return error_via(c, span, name), NULL;
  symbol->used_otherwise = true;
  return axis;
}

/* ---- declarations ---- */

static bool literal_value(const struct expr *literal, double *value) {
  bool negative = literal && literal->kind == EXPR_UNARY;
  const struct expr *number = negative ? literal->left : literal;
  if (!number || number->kind != EXPR_NUMBER) return false;
  *value = negative ? -number->number : number->number;
  return true;
}

static void continuous_axis(struct checker *c, const struct statement *s, struct axis *axis) {
  axis->continuous = true;
  axis->logarithmic = s->logarithmic;
  if (!literal_value(s->low, &axis->low) || !literal_value(s->high, &axis->high) ||
      !literal_value(s->reference, &axis->reference_value))
    return;
  if (axis->low >= axis->high)
    error_range(c, span_join(s->low->span, s->high->span), "the range of an axis is empty",
                "write the lower bound first");
  else if (axis->reference_value < axis->low || axis->reference_value > axis->high)
    error_range(c, s->reference->span, "the reference lies outside of the range",
                "the reference is the first number; it lies within low .. high");
  else if (axis->logarithmic && axis->low <= 0)
    error_range(c, s->low->span, "a logarithmic axis needs a positive range", "remove `log`, or start above 0");
}

static void share_weights(struct checker *c, const struct statement *s, struct option_of_axis *options) {
  double sum = 0;
  size_t without = 0, k = 0;
  bool sound = true;
  for (const struct option *o = s->options; o; o = o->next, k++) {
    options[k].weight = o->weight ? o->weight->number : 0;
    sound = sound && (!o->weight || (o->weight->number > 0 && o->weight->number <= 1));
    sum += options[k].weight;
    without += !o->weight;
  }
  if (without ? sum >= 1 : fabs(sum - 1) > 1e-9) sound = false;
  if (!sound) {
    error_weights(c, s->name_span, s->name, sum);
    return;
  }
  k = 0;
  for (const struct option *o = s->options; o; o = o->next, k++) {
    if (!o->weight) options[k].weight = (1 - sum) / (double)without;
  }
}

static void option_bodies(struct checker *c, const struct context *at, const struct statement *s, struct axis *axis,
                          struct option_of_axis *options) {
  size_t k = 0, with = 0;
  for (const struct option *o = s->options; o; o = o->next) with += o->value != NULL;
  if (with && with < axis->n_option) error_bodies(c, s->name_span, s->name);
  if (with < axis->n_option) return;
  for (const struct option *o = s->options; o; o = o->next, k++) {
    struct context inner = *at;
    inner.presence = presence_with(c, at->presence, axis, UINT64_C(1) << k);
    const struct term *value =
        is_distribution(c, at, o->value) ? distribution_of(c, &inner, o->value) : scalar_of(c, &inner, o->value);
    options[k].value = is_poison(c, value) || term_shareable(c, value, o->span) ? value : c->poison;
  }
  struct term *trial = choose_term(c, axis, s->name_span);
  for (size_t o = 0; o < axis->n_option; o++) trial->items[o] = options[o].value;
  if (!choose_typed(c, trial, s->name_span)) options[0].value = c->poison;
}

static size_t count_options(struct checker *c, const struct statement *s) {
  size_t n = 0;
  for (const struct option *o = s->options; o; o = o->next) {
    for (const struct option *p = s->options; p != o; p = p->next)
      if (p->label == o->label) {
        error_option_twice(c, o, p->span);
        return 0;
      }
    if (++n > MAX_OPTIONS) {
      diagnose(c->sink, "E9006", o->span, "an axis may have at most %d options", MAX_OPTIONS)->fix =
          "use a continuous axis";
      return 0;
    }
  }
  return n;
}

static bool discrete_axis(struct checker *c, const struct context *at, const struct statement *s, struct axis *axis) {
  size_t n_reference = 0, k = 0;
  axis->n_option = count_options(c, s);
  if (!axis->n_option) return false;
  struct option_of_axis *options = floe__arena_array(c->arena, axis->n_option, sizeof *options);
  for (const struct option *o = s->options; o; o = o->next, k++) {
    options[k].label = o->label;
    options[k].span = o->span;
    n_reference += o->reference;
    if (o->reference) axis->reference = k;
  }
  axis->options = options;
  if (n_reference > 1) error_references(c, s, n_reference);
  share_weights(c, s, options);
  list_add(c->arena, &c->axes, axis);
  option_bodies(c, at, s, axis, options);
  return true;
}

void check_axis(struct checker *c, const struct context *at, const struct statement *s) {
  if (c->axes.n == MAX_AXES) {
    diagnose(c->sink, "E9005", s->name_span, "a spec may have at most %d axes", MAX_AXES)->fix = "split the study";
    return;
  }
  struct axis *axis = floe__arena_alloc(c->arena, sizeof *axis);
  *axis = (struct axis){.name = s->name,
                        .description = s->text ? s->text : "",
                        .span = s->name_span,
                        .id = c->axes.n,
                        .equivalence = s->equivalence,
                        .presence = at->presence};
  bool sound = true;
  if (s->options)
    sound = discrete_axis(c, at, s, axis);
  else if (s->low) {
    continuous_axis(c, s, axis);
    list_add(c->arena, &c->axes, axis);
  } else {
    sound = false;
    error_no_options(c, s);
  }
  struct symbol *symbol =
      scope_add(c, c->spec, sound ? SYMBOL_AXIS : SYMBOL_POISON, s->name, s->name_span, at->presence);
  if (!symbol || !sound) return;
  symbol->axis = axis;
  list_add(c->arena, &c->axis_symbols, symbol);
}

/* ---- constraints ---- */

static const struct term *error_constraint(struct checker *c, struct span span) {
  diagnose(c->sink, "E3013", span, "`forbid` and `require` take conditions on options of axes")->fix =
      "for example: forbid noise = heavy and outliers = drop";
  return c->poison;
}

static const struct term *takes_option(struct checker *c, struct span span, const struct axis *axis, size_t option) {
  struct term *term = term_new(c, TERM_AXIS_IS, span, 0);
  term->axis = axis;
  term->option = option;
  term->type = type_scalar(BASE_BOOL);
  return term;
}

/* The condition, and that the universe is one of these: an axis that does not exist in a universe takes no option there. */
static const struct term *where(struct checker *c, struct presence presence, const struct term *condition) {
  for (size_t a = 0; a < c->axes.n; a++) {
    const struct axis *axis = c->axes.items[a];
    const struct term *any = NULL;
    if (!(axis_mask(axis) & ~presence.options[a])) continue;
    for (size_t o = 0; o < axis->n_option; o++) {
      if (!(presence.options[a] >> o & 1)) continue;
      const struct term *one = takes_option(c, condition->span, axis, o);
      any = any ? term_operator(c, OP_OR, condition->span, BASE_BOOL, any, one) : one;
    }
    condition = term_operator(c, OP_AND, condition->span, BASE_BOOL, any, condition);
  }
  return condition;
}

/* power > 1.5: of an axis over numbers. */
static const struct term *axis_beyond(struct checker *c, const struct context *at, const struct expr *expr,
                                      struct symbol *symbol) {
  bool order = expr->op == OP_LT || expr->op == OP_LE || expr->op == OP_GT || expr->op == OP_GE;
  const struct term *number = order ? number_of(c, at, expr->right) : NULL;
  double value;
  if (number && is_poison(c, number)) return number;
  if (symbol->axis->hyper) return error_constraint(c, expr->span);
  if (!number || !constant_value(number, NULL, &value)) {
    diagnose(c->sink, "E3013", expr->span, "an axis over numbers is compared with a number by <, <=, > or >=")->fix =
        floe__arena_printf(c->arena, "for example: forbid %s > 1", symbol->name);
    return c->poison;
  }
  struct term *axis = term_new(c, TERM_AXIS, expr->left->span, 0);
  axis->axis = symbol->axis;
  axis->type = type_scalar(BASE_REAL);
  const struct term *condition =
      term_operator(c, expr->op, expr->span, BASE_BOOL, axis, term_number(c, expr->right->span, value));
  return where(c, symbol->axis->presence, condition);
}

static const struct term *axis_is(struct checker *c, const struct context *at, const struct expr *expr) {
  bool equality = expr->op == OP_EQ || expr->op == OP_NE;
  if (expr->left->kind != EXPR_NAME) return error_constraint(c, expr->span);
  struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, expr->left->name);
  if (symbol && symbol->kind == SYMBOL_AXIS && symbol->axis->continuous) return axis_beyond(c, at, expr, symbol);
  if (!equality) return error_constraint(c, expr->span);
  if (expr->right->kind != EXPR_NAME) return error_constraint(c, expr->span);
  struct context anywhere = *at;
  if (symbol && symbol->kind == SYMBOL_AXIS) anywhere.presence = symbol->presence;
  symbol = axis_named(c, &anywhere, expr->left->name, expr->left->span);
  if (!symbol) return c->poison;
  size_t option = option_named(symbol->axis, expr->right->name);
  if (option == symbol->axis->n_option) {
    error_option_unknown(c, expr->right->span, symbol->axis, expr->right->name);
    return c->poison;
  }
  const struct term *term = where(c, symbol->axis->presence, takes_option(c, expr->span, symbol->axis, option));
  return expr->op == OP_EQ ? term : term_operator(c, OP_NOT, expr->span, BASE_BOOL, term, NULL);
}

static const struct term *constraint_of(struct checker *c, const struct context *at, const struct expr *expr) {
  if (expr->kind == EXPR_ERROR) return c->poison;
  if (expr->kind == EXPR_UNARY && expr->op == OP_NOT) {
    const struct term *operand = constraint_of(c, at, expr->left);
    return is_poison(c, operand) ? operand : term_operator(c, OP_NOT, expr->span, BASE_BOOL, operand, NULL);
  }
  if (expr->kind != EXPR_BINARY) return error_constraint(c, expr->span);
  if (expr->op != OP_AND && expr->op != OP_OR) return axis_is(c, at, expr);
  const struct term *left = constraint_of(c, at, expr->left), *right = constraint_of(c, at, expr->right);
  if (is_poison(c, left) || is_poison(c, right)) return c->poison;
  return term_operator(c, expr->op, expr->span, BASE_BOOL, left, right);
}

void check_constraint(struct checker *c, const struct context *at, const struct statement *s) {
  const struct term *forbidden = constraint_of(c, at, s->value);
  if (s->kind == STATEMENT_REQUIRE && s->consequence) {
    const struct term *consequence = constraint_of(c, at, s->consequence);
    if (is_poison(c, consequence) || is_poison(c, forbidden)) return;
    const struct term *unmet = term_operator(c, OP_NOT, s->span, BASE_BOOL, consequence, NULL);
    forbidden = term_operator(c, OP_AND, s->span, BASE_BOOL, forbidden, unmet);
  }
  if (is_poison(c, forbidden)) return;
  struct constraint *constraint = floe__arena_alloc(c->arena, sizeof *constraint);
  *constraint = (struct constraint){s->span, where(c, at->presence, forbidden)};
  list_add(c->arena, &c->constraints, constraint);
}
