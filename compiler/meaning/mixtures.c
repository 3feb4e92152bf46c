/* mixture(w, D, E, ...), zero_inflated(p, D), and modifications of what may be a choice between distributions. */
#include <math.h>
#include <string.h>

#include "compiler/meaning/modified.h"

#define MAX_EXPANSIONS 4096 /* combinations of options that the parts of one mixture may have */

/* ---- choices and powers ---- */

static const struct term *error_power_absent(struct checker *c, const struct term *power) {
  diagnose(c->sink, "E2023", power->span, "inside of something else, a power has to be one distribution of numbers")->fix =
      "write the distribution that the power gives";
  return c->poison;
}

/* D ^ a as the distribution that D's power method names, its arguments computed from D's. */
static const struct term *power_resolved(struct checker *c, const struct term *power, const struct term *single) {
  const struct distribution *d = single->distribution;
  const struct term *method = power->on_log ? d->power_log : d->power;
  if (!method || method->kind != TERM_DISTRIBUTION) return error_power_absent(c, power);
  struct term *term = term_new(c, TERM_DISTRIBUTION, power->span, method->n_item);
  term->distribution = method->distribution;
  term->type = single->type;
  for (size_t k = 0; k < method->n_item; k++) {
    double value;
    if (method->items[k]->type.n_dim) return error_power_absent(c, power);
    if (constant_value(method->items[k], NULL, &value))
      term->items[k] = method->items[k];
    else
      term->items[k] = method_called(c, power->span, d->name, d->n_formal, d->formals, single->items, d->a,
                                     power->items[1], method->items[k]);
    if (is_poison(c, term->items[k])) return c->poison;
  }
  return term;
}

static const struct term *resolved(struct checker *c, const struct term *single, void *power) {
  return power_resolved(c, power, single);
}

const struct term *over_choices(struct checker *c, const struct term *distribution, modifier modify, void *context) {
  if (is_poison(c, distribution)) return distribution;
  if (distribution->kind == TERM_DISTRIBUTION) return modify(c, distribution, context);
  if (distribution->kind == TERM_POWER) {
    struct term *power = (struct term *)distribution;
    return over_choices(c, over_choices(c, distribution->items[0], resolved, power), modify, context);
  }
  struct term *choose = choose_term(c, distribution->axis, distribution->span);
  for (size_t k = 0; k < choose->n_item; k++) {
    if (!distribution->items[k]) continue;
    choose->items[k] = over_choices(c, distribution->items[k], modify, context);
    if (is_poison(c, choose->items[k])) return c->poison;
  }
  choose->type = distribution->type;
  return choose;
}

static const struct term *itself(struct checker *c, const struct term *single, void *context) {
  (void)c, (void)context;
  return single;
}

/* ---- combinations of options ---- */

struct combination {
  const struct term *weights[MODIFIED_MAX_PARTS];
  size_t n_weight, n;
  const struct term *parts[MODIFIED_MAX_PARTS];
  const struct term *(*combine)(struct checker *c, const struct combination *combination);
  struct span span;
  size_t *expansions;
};

static const struct term *expand(struct checker *c, const struct combination *combination);

/* One option of an axis in all parts that choose by it. */
static const struct term *expand_option(struct checker *c, const struct combination *combination,
                                        const struct axis *axis, size_t option) {
  struct combination inner = *combination;
  for (size_t k = 0; k < inner.n; k++) {
    if (inner.parts[k]->kind != TERM_CHOOSE || inner.parts[k]->axis != axis) continue;
    if (!inner.parts[k]->items[option]) return NULL;
    inner.parts[k] = inner.parts[k]->items[option];
  }
  return expand(c, &inner);
}

static const struct term *expand(struct checker *c, const struct combination *combination) {
  const struct axis *axis = NULL;
  for (size_t k = 0; k < combination->n && !axis; k++)
    if (combination->parts[k]->kind == TERM_CHOOSE) axis = combination->parts[k]->axis;
  if (++*combination->expansions > MAX_EXPANSIONS) {
    if (*combination->expansions == MAX_EXPANSIONS + 1)
      diagnose(c->sink, "E9007", combination->span, "the parts of this mixture choose between too many combinations")
          ->fix = "choose between whole mixtures";
    return c->poison;
  }
  if (!axis) return combination->combine(c, combination);
  struct term *choose = choose_term(c, axis, combination->span);
  for (size_t o = 0; o < axis->n_option; o++) {
    choose->items[o] = expand_option(c, combination, axis, o);
    if (choose->items[o] && is_poison(c, choose->items[o])) return c->poison;
  }
  return choose_typed(c, choose, combination->span) ? choose : c->poison;
}

/* ---- mixtures ---- */

static const struct term *error_part(struct checker *c, struct span span, const char *message, const char *fix) {
  diagnose(c->sink, "E2053", span, "%s", message)->fix = fix;
  return c->poison;
}

static const struct term *number_term(const struct modified *m, double number) {
  return term_number(m->c, m->span, number);
}

static const struct term *log_of(struct modified *m, const struct term *weight) {
  return library_value(m->c, m->span, "log", 1, &weight);
}

static const struct term *log_rest(struct modified *m, const struct term *weight) {
  const struct term *negative = term_operator(m->c, OP_NEG, m->span, BASE_REAL, weight, NULL);
  return library_value(m->c, m->span, "log1p", 1, &negative);
}

static const struct term *rest(struct modified *m, const struct term *weight) {
  return term_operator(m->c, OP_SUB, m->span, BASE_REAL, number_term(m, 1), weight);
}

static const struct term *add(struct modified *m, const struct term *a, const struct term *b) {
  return term_operator(m->c, OP_ADD, m->span, BASE_REAL, a, b);
}

static const struct term *scaled(struct modified *m, const struct term *a, const struct term *b) {
  return term_operator(m->c, OP_MUL, m->span, BASE_REAL, a, b);
}

static const struct term *log_add(struct modified *m, const struct term *a, const struct term *b) {
  return library_value(m->c, m->span, "log_add_exp", 2, (const struct term *[]){a, b});
}

static const struct term *extreme(struct modified *m, const struct term *a, const struct term *b,
                                  enum operator_kind op) {
  double x, y;
  if (!a || !b) return NULL;
  if (constant_value(a, NULL, &x) && constant_value(b, NULL, &y)) return (op == OP_LT) == (x < y) ? a : b;
  return term_select(m->c, m->span, term_operator(m->c, op, m->span, BASE_BOOL, a, b), a, b);
}

/* The smallest interval that holds all parts. */
static void joint_support(struct modified *m, const struct part *parts, size_t n) {
  struct type *support = &m->whole->support;
  *support = type_scalar(parts[0].d->support.base);
  support->low = part_low(&parts[0]);
  support->high = part_high(&parts[0]);
  support->strict = parts[0].d->support.strict;
  for (size_t k = 1; k < n; k++) {
    support->low = extreme(m, support->low, part_low(&parts[k]), OP_LT);
    support->high = extreme(m, support->high, part_high(&parts[k]), OP_GT);
    support->strict = support->strict && parts[k].d->support.strict;
  }
}

static bool parts_fit(struct checker *c, const struct combination *combination) {
  for (size_t k = 0; k < combination->n; k++) {
    const struct distribution *d = combination->parts[k]->distribution, *first = combination->parts[0]->distribution;
    struct span span = combination->parts[k]->span;
    if (d->improper)
      return error_part(c, span, "`flat` is no part of a mixture: it has no total to share",
                        "take a proper distribution"),
             false;
    if (d->support.n_dim || d->support.base == BASE_CODE)
      return error_part(c, span,
                        floe__arena_printf(c->arena, "`%s` cannot be mixed: it does not give one number", d->name),
                        "mix distributions of single numbers"),
             false;
    if (d->support.base != first->support.base)
      return error_part(c, span,
                        floe__arena_printf(c->arena, "`%s` gives %s, but `%s` %s", d->name, base_text(d->support.base),
                                           first->name, base_text(first->support.base)),
                        "all parts of a mixture give numbers of the same kind"),
             false;
  }
  return true;
}

static struct type unit_type(const struct modified *m) {
  struct type type = type_scalar(BASE_REAL);
  type.low = number_term(m, 0);
  type.high = number_term(m, 1);
  return type;
}

/* A mixture in the making: two parts may come with the first one's weight only. */
struct mixing {
  struct modified m;
  size_t n, n_weight;
  const struct term *weights[MODIFIED_MAX_PARTS];
  struct part parts[MODIFIED_MAX_PARTS];
};

static void mixing_begin(struct checker *c, struct mixing *mixing, const struct combination *combination) {
  struct modified *m = &mixing->m;
  size_t n_formal = combination->n_weight;
  for (size_t k = 0; k < combination->n; k++) n_formal += combination->parts[k]->n_item;
  modified_begin(c, m, combination->span, "mixture", n_formal);
  mixing->n = combination->n;
  mixing->n_weight = combination->n_weight;
  for (size_t k = 0; k < mixing->n_weight; k++)
    mixing->weights[k] = modified_argument(m, "w", unit_type(m), combination->weights[k]);
  for (size_t k = 0; k < mixing->n; k++) mixing->parts[k] = modified_part(m, combination->parts[k]);
  joint_support(m, mixing->parts, mixing->n);
}

static const struct term *mixed_density(struct mixing *mixing, const struct term *x) {
  struct modified *m = &mixing->m;
  const struct term *density = NULL;
  for (size_t k = 0; k < mixing->n; k++) {
    const struct term *weight = k < mixing->n_weight ? log_of(m, mixing->weights[k]) : log_rest(m, mixing->weights[0]);
    const struct term *share = add(m, weight, part_log_density(&mixing->parts[k], x));
    density = density ? log_add(m, density, share) : share;
  }
  return density;
}

/* NULL where some part has none. */
static const struct term *mixed_cdf(struct mixing *mixing, const struct term *x) {
  struct modified *m = &mixing->m;
  const struct term *cdf = NULL;
  for (size_t k = 0; k < mixing->n; k++)
    if (!has_cdf(mixing->parts[k].d)) return NULL;
  for (size_t k = 0; k < mixing->n; k++) {
    const struct term *weight = k < mixing->n_weight ? mixing->weights[k] : rest(m, mixing->weights[0]);
    const struct term *share = scaled(m, weight, part_cdf_anywhere(&mixing->parts[k], x));
    cdf = cdf ? add(m, cdf, share) : share;
  }
  return cdf;
}

/* Part k where u lies below the sum of the first k weights. */
static const struct term *mixed_draw(struct mixing *mixing, const struct formal *u) {
  struct modified *m = &mixing->m;
  const struct term *draw = part_sample(&mixing->parts[mixing->n - 1]);
  for (size_t k = mixing->n - 1; k-- > 0;) {
    const struct term *end = mixing->weights[0];
    for (size_t j = 1; j <= k; j++) end = add(m, end, mixing->weights[j]);
    const struct term *chosen = term_operator(m->c, OP_LT, m->span, BASE_BOOL, formal_term(m->c, m->span, u), end);
    draw = term_select(m->c, m->span, chosen, part_sample(&mixing->parts[k]), draw);
  }
  return draw;
}

/* Their weights would hide in the missing constants. */
static bool constants_known(struct checker *c, const struct combination *combination) {
  bool known = true;
  for (size_t k = 0; k < combination->n; k++) {
    const struct term *part = combination->parts[k];
    if (!part->distribution->up_to_constant) continue;
    error_part(c, part->span,
               floe__arena_printf(c->arena, "the density of `%s` is known up to a constant only", part->distribution->name),
               "state all of it, without `up_to_constant`: parts of a mixture are compared");
    known = false;
  }
  return known;
}

static const struct term *mixture_of(struct checker *c, const struct combination *combination) {
  struct mixing mixing;
  struct modified *m = &mixing.m;
  if (!parts_fit(c, combination) || !constants_known(c, combination)) return c->poison;
  mixing_begin(c, &mixing, combination);
  const struct formal *u = formal_new(c, "u", unit_type(m));
  m->whole->logpdf = mixed_density(&mixing, modified_x(m));
  m->whole->cdf = mixed_cdf(&mixing, modified_x(m));
  m->whole->sample = modified_with_uniform(m, u, mixed_draw(&mixing, u));
  return modified_end(m);
}

static const struct term *error_no_counts(struct checker *c, const struct term *single) {
  return error_part(
      c, single->span,
      floe__arena_printf(c->arena, "`%s` cannot be zero-inflated: its draws are no counts", single->distribution->name),
      "take a distribution of counts, such as poisson");
}

static const struct term *inflated_density(struct modified *m, const struct part *part, const struct term *p) {
  const struct term *x = modified_x(m), *zero = number_term(m, 0);
  const struct term *none = log_add(m, log_of(m, p), add(m, log_rest(m, p), part_log_density(part, zero)));
  const struct term *some = add(m, log_rest(m, p), part_log_density(part, x));
  return term_select(m->c, m->span, term_operator(m->c, OP_EQ, m->span, BASE_BOOL, x, zero), none, some);
}

static const struct term *inflated_cdf(struct modified *m, const struct part *part, const struct term *p) {
  const struct term *x = modified_x(m), *below = scaled(m, rest(m, p), part_cdf_anywhere(part, x));
  const struct term *reached = term_operator(m->c, OP_GE, m->span, BASE_BOOL, x, number_term(m, 0));
  return term_select(m->c, m->span, reached, add(m, p, below), below);
}

static const struct term *zero_inflated_of(struct checker *c, const struct combination *combination) {
  struct modified whole, *m = &whole;
  const struct term *single = combination->parts[0];
  const struct distribution *d = single->distribution;
  if (d->support.base != BASE_INT || d->support.n_dim) return error_no_counts(c, single);
  if (!constants_known(c, combination)) return c->poison;
  const char *name = floe__arena_printf(c->arena, "zero_inflated %s", d->name);
  modified_begin(c, m, combination->span, name, single->n_item + 1);
  const struct term *p = modified_argument(m, "p", unit_type(m), combination->weights[0]);
  struct part part = modified_part(m, single);
  m->whole->support = d->support;
  m->whole->support.low = extreme(m, part_low(&part), number_term(m, 0), OP_LT);
  m->whole->support.high = extreme(m, part_high(&part), number_term(m, 0), OP_GT);
  m->whole->logpdf = inflated_density(m, &part, p);
  if (has_cdf(d)) m->whole->cdf = inflated_cdf(m, &part, p);
  const struct formal *u = formal_new(c, "u", unit_type(m));
  const struct term *extra = term_operator(c, OP_LT, m->span, BASE_BOOL, formal_term(c, m->span, u), p);
  const struct term *draw = term_select(c, m->span, extra, number_term(m, 0), part_sample(&part));
  m->whole->sample = modified_with_uniform(m, u, draw);
  return modified_end(m);
}

/* ---- the text ---- */

bool is_combinator(const char *name) {
  return strcmp(name, "mixture") == 0 || strcmp(name, "zero_inflated") == 0;
}

static bool check_weight(struct checker *c, struct span span, const struct term *weight) {
  double value;
  if (is_poison(c, weight)) return false;
  if (!constant_value(weight, NULL, &value) || (value >= 0 && value <= 1)) return true;
  diagnose(c->sink, "E2021", span, "a weight is between 0 and 1, but %g is not", value)->fix =
      "weights are probabilities: they add up to 1";
  return false;
}

static bool is_bound(const struct context *at, const struct dimension *dimension) {
  for (const struct bound *bound = at->bound; bound; bound = bound->outer)
    if (bound->binder->dimension == dimension) return true;
  return false;
}

static bool error_weights(struct checker *c, struct span span, size_t n) {
  diagnose(c->sink, "E2053", span, "a mixture of %zu takes %s", n, n == 2 ? "one weight or two" : "as many weights")
      ->fix = n == 2 ? "write the probability of the first part" : "write an array: mixture([0.2, 0.3, 0.5], ...)";
  return false;
}

static bool weights_add_up(struct checker *c, struct span span, const struct combination *combination) {
  double sum = 0, value;
  for (size_t k = 0; k < combination->n_weight; k++) {
    if (!constant_value(combination->weights[k], NULL, &value)) return true;
    sum += value;
  }
  if (fabs(sum - 1) < 1e-9) return true;
  diagnose(c->sink, "E2053", span, "these weights add up to %g", sum)->fix =
      "weights are probabilities: they add up to 1";
  return false;
}

static bool weights_from_literal(struct checker *c, const struct context *at, const struct expr *expr,
                                 struct combination *combination) {
  for (const struct expr *item = expr->items; item; item = item->next) {
    if (combination->n_weight == combination->n) return error_weights(c, expr->span, combination->n);
    const struct term *weight = number_of(c, at, item);
    if (!check_weight(c, item->span, weight)) return false;
    combination->weights[combination->n_weight++] = weight;
  }
  if (combination->n_weight != combination->n) return error_weights(c, expr->span, combination->n);
  return weights_add_up(c, expr->span, combination);
}

/* An array over an index that no loop runs over holds one weight a part; anything else is the first part's weight. */
static bool weights_of(struct checker *c, const struct context *at, const struct expr *expr,
                       struct combination *combination) {
  if (expr->kind == EXPR_ARRAY) return weights_from_literal(c, at, expr, combination);
  const struct term *whole = array_of(c, at, expr);
  if (is_poison(c, whole)) return false;
  if (whole->type.n_dim == 1 && !is_bound(at, whole->type.dim[0])) {
    const struct dimension *dimension = whole->type.dim[0];
    if (dimension->low != combination->n || dimension->high != combination->n)
      return error_weights(c, expr->span, combination->n);
    for (size_t k = 0; k < combination->n; k++) {
      struct term *element = term_new(c, TERM_ELEMENT, expr->span, 2);
      element->items[0] = whole;
      element->items[1] = term_number(c, expr->span, (double)(k + 1));
      element->type = type_scalar(BASE_REAL);
      combination->weights[k] = element;
    }
    combination->n_weight = combination->n;
    return true;
  }
  if (combination->n != 2) return error_weights(c, expr->span, combination->n);
  combination->weights[0] = number_of(c, at, expr);
  combination->n_weight = 1;
  return check_weight(c, expr->span, combination->weights[0]);
}

static const struct term *error_arguments(struct checker *c, const struct expr *call) {
  bool inflated = strcmp(call->name, "zero_inflated") == 0;
  diagnose(c->sink, "E2053", call->span, "`%s` takes %s", call->name,
           inflated ? "a probability and a distribution" : "weights and at least two distributions")
      ->fix = inflated ? "for example zero_inflated(0.2, poisson(3))"
                       : "for example mixture(0.3, normal(0, 1), normal(5, 1)); at most 16 parts";
  return c->poison;
}

const struct term *combinator_of(struct checker *c, const struct context *at, const struct expr *call) {
  bool inflated = strcmp(call->name, "zero_inflated") == 0, sound = true;
  size_t expansions = 0;
  struct combination combination = {
      .combine = inflated ? zero_inflated_of : mixture_of, .span = call->span, .expansions = &expansions};
  if (at->place == PLACE_FUNCTION || at->place == PLACE_SAMPLE) {
    diagnose(c->sink, "E2053", call->span, "a mixture stands behind `~`, not inside of a function or distribution")->fix =
        "write it where it is drawn from";
    return c->poison;
  }
  if (call->binder || !call->items || !call->items->next) return error_arguments(c, call);
  if (is_distribution(c, at, call->items)) return error_arguments(c, call); /* the weight stands first */
  for (const struct expr *item = call->items; item; item = item->next)
    if (item->label) return error_arguments(c, call);
  for (const struct expr *item = call->items->next; item; item = item->next) {
    if (combination.n == (inflated ? 1 : MODIFIED_MAX_PARTS)) return error_arguments(c, call);
    const struct term *part = over_choices(c, distribution_of(c, at, item), itself, NULL);
    sound = sound && !is_poison(c, part);
    combination.parts[combination.n++] = part;
  }
  if (!inflated && combination.n < 2) return error_arguments(c, call);
  if (!inflated) return weights_of(c, at, call->items, &combination) && sound ? expand(c, &combination) : c->poison;
  combination.weights[0] = number_of(c, at, call->items);
  return check_weight(c, call->items->span, combination.weights[0]) && sound ? expand(c, &combination) : c->poison;
}
