/* Distributions made of distributions: truncated, censored, mixed, zero-inflated; and `flat`.
 *
 * Each becomes a `struct distribution` of its own: its formals are copies of those of its parts, with bounds or weights
 * behind them, and its methods call the methods of the parts. Whatever comes after meaning/ sees a plain distribution. */
#include "compiler/meaning/modified.h"

#include <math.h>
#include <string.h>

/* ---- terms ---- */

const struct term *formal_term(struct checker *c, struct span span, const struct formal *formal) {
  struct term *term = term_new(c, TERM_FORMAL, span, 0);
  term->formal = formal;
  term->type = formal->type;
  return term;
}

const struct formal *formal_new(struct checker *c, const char *name, struct type type) {
  struct formal *formal = floe__arena_alloc(c->arena, sizeof *formal);
  *formal = (struct formal){floe__name_of(c->names, name), type};
  return formal;
}

const struct term *library_value(struct checker *c, struct span span, const char *name, size_t n,
                                 const struct term *const *args) {
  const struct symbol *symbol = scope_find(c->library, NAMESPACE_CALLABLE, floe__name_of(c->names, name));
  struct term *term = term_new(c, symbol->kind == SYMBOL_EXTERN ? TERM_EXTERN : TERM_CALL, span, n);
  term->function = symbol->function;
  term->external = symbol->external;
  term->type = type_scalar(symbol->external ? symbol->external->type.base : symbol->function->type.base);
  for (size_t k = 0; k < n; k++) term->items[k] = as_number(c, args[k]);
  return term;
}

static const struct term *apply(struct checker *c, struct span span, const char *name, const struct term *a,
                                const struct term *b) {
  return library_value(c, span, name, a ? b ? 2 : 1 : 0, (const struct term *[]){a, b});
}

static const struct term *combine(struct checker *c, struct span span, enum operator_kind op, const struct term *a,
                                  const struct term *b) {
  bool truth = op == OP_LT || op == OP_LE || op == OP_GT || op == OP_GE || op == OP_EQ;
  bool whole = b && is_whole(a) && is_whole(b) && op != OP_DIV;
  return term_operator(c, op, span, truth ? BASE_BOOL : whole ? BASE_INT : BASE_REAL, a, b);
}

static bool known(const struct term *term, double *value) {
  return term && constant_value(term, NULL, value);
}

/* The larger (side 1) or smaller (side -1) of two bounds, each of which may be missing. */
static const struct term *tighter(struct checker *c, struct span span, const struct term *a, const struct term *b,
                                  int side) {
  double x, y;
  if (!a || !b) return a ? a : b;
  if (known(a, &x) && known(b, &y)) return side * x > side * y ? a : b;
  return term_select(c, span, combine(c, span, side > 0 ? OP_GT : OP_LT, a, b), a, b);
}

/* ---- parts ---- */

void modified_begin(struct checker *c, struct modified *m, struct span span, const char *name, size_t n_formal) {
  *m = (struct modified){.c = c, .span = span};
  m->whole = floe__arena_alloc(c->arena, sizeof *m->whole);
  m->whole->name = floe__name_of(c->names, name);
  m->whole->span = span;
  m->whole->formals = floe__arena_array(c->arena, n_formal + 1, sizeof *m->whole->formals);
  m->items = floe__arena_array(c->arena, n_formal + 1, sizeof *m->items);
}

/* A further argument; as a term inside the methods. */
const struct term *modified_argument(struct modified *m, const char *name, struct type type, const struct term *item) {
  const struct formal *formal = formal_new(m->c, name, type);
  m->items[m->whole->n_formal] = item;
  m->whole->formals[m->whole->n_formal++] = formal;
  return formal_term(m->c, m->span, formal);
}

/* A bound: a number stays one, so that it is known to be the same for all arguments. */
static const struct term *modified_bound(struct modified *m, const char *name, const struct term *item) {
  double value;
  if (!item) return NULL;
  if (known(item, &value)) return term_number(m->c, m->span, value);
  return modified_argument(m, name, type_scalar(BASE_REAL), item);
}

struct part modified_part(struct modified *m, const struct term *single) {
  struct part part = {m, single->distribution, NULL};
  if (part.d->opaque) m->whole->opaque = part.d->opaque;
  m->whole->up_to_constant |= part.d->up_to_constant;
  part.args = floe__arena_array(m->c->arena, single->n_item + 1, sizeof *part.args);
  for (size_t k = 0; k < single->n_item; k++) {
    const struct formal *formal = single->distribution->formals[k];
    part.args[k] = modified_argument(m, formal->name, formal->type, single->items[k]);
  }
  return part;
}

/* A term over some formals, called with arguments: a function without a name of its own. */
const struct term *method_called(struct checker *c, struct span span, const char *name, size_t n,
                                 const struct formal *const *formals, const struct term *const *args,
                                 const struct formal *extra, const struct term *argument, const struct term *body) {
  struct function *function = floe__arena_alloc(c->arena, sizeof *function);
  struct term *term = term_new(c, TERM_CALL, span, n + (extra != NULL));
  function->name = name;
  function->span = span;
  function->n_formal = term->n_item;
  function->formals = floe__arena_array(c->arena, term->n_item + 1, sizeof *function->formals);
  for (size_t k = 0; k < n; k++) function->formals[k] = formals[k], term->items[k] = args[k];
  if (extra) function->formals[n] = extra, term->items[n] = argument;
  function->value = body;
  function->type = body->type;
  function->type.low = function->type.high = NULL;
  term->function = function;
  term->type = function->type;
  return function_inlineable(c, function, body, span) ? term : c->poison;
}

/* A method of the part, at an argument where it has one. */
static const struct term *part_value(const struct part *part, const struct term *method, const struct formal *extra,
                                     const struct term *argument) {
  struct modified *m = part->whole;
  double value;
  if (!method) return NULL;
  if (!argument && method->type.base != BASE_BOOL && known(method, &value)) return term_number(m->c, m->span, value);
  const struct term *term = method_called(m->c, m->span, part->d->name, part->d->n_formal, part->d->formals, part->args,
                                          argument ? extra : NULL, argument, method);
  if (is_poison(m->c, term)) m->broken = true;
  return term;
}

const struct term *part_low(const struct part *part) {
  return part_value(part, part->d->support.low, NULL, NULL);
}
const struct term *part_high(const struct part *part) {
  return part_value(part, part->d->support.high, NULL, NULL);
}

const struct term *part_sample(const struct part *part) {
  return part_value(part, part->d->sample, NULL, NULL);
}

static const struct term *log_zero(const struct modified *m) {
  return term_number(m->c, m->span, -INFINITY);
}

/* -infinity outside the part's support: a mixture's may be wider. */
const struct term *part_log_density(const struct part *part, const struct term *x) {
  struct modified *m = part->whole;
  const struct term *density = part_value(part, part->d->logpdf, part->d->x, x);
  const struct term *low = part_low(part), *high = part_high(part);
  if (part->d->support.base == BASE_BOOL) return density;
  if (high) density = term_select(m->c, m->span, combine(m->c, m->span, OP_LE, x, high), density, log_zero(m));
  if (!low) return density;
  enum operator_kind above = part->d->support.strict ? OP_GT : OP_GE;
  return term_select(m->c, m->span, combine(m->c, m->span, above, x, low), density, log_zero(m));
}

static const struct term *part_log_cdf(const struct part *part, const struct term *x) {
  struct modified *m = part->whole;
  if (part->d->log_cdf) return part_value(part, part->d->log_cdf, part->d->x, x);
  return apply(m->c, m->span, "log", part_value(part, part->d->cdf, part->d->x, x), NULL);
}

static const struct term *part_log_ccdf(const struct part *part, const struct term *x) {
  struct modified *m = part->whole;
  if (part->d->log_ccdf) return part_value(part, part->d->log_ccdf, part->d->x, x);
  const struct term *cdf = part_value(part, part->d->cdf, part->d->x, x);
  return apply(m->c, m->span, "log1p", combine(m->c, m->span, OP_NEG, cdf, NULL), NULL);
}

const struct term *part_cdf(const struct part *part, const struct term *x) {
  struct modified *m = part->whole;
  if (part->d->cdf) return part_value(part, part->d->cdf, part->d->x, x);
  return apply(m->c, m->span, "exp", part_value(part, part->d->log_cdf, part->d->x, x), NULL);
}

/* 0 below the part's support and 1 above it: there the family's formula means nothing. */
const struct term *part_cdf_anywhere(const struct part *part, const struct term *x) {
  struct modified *m = part->whole;
  const struct term *cdf = part_cdf(part, x), *low = part_low(part), *high = part_high(part);
  const struct term *none = term_number(m->c, m->span, 0), *all = term_number(m->c, m->span, 1);
  if (high) cdf = term_select(m->c, m->span, combine(m->c, m->span, OP_GE, x, high), all, cdf);
  return low ? term_select(m->c, m->span, combine(m->c, m->span, OP_LT, x, low), none, cdf) : cdf;
}

bool has_cdf(const struct distribution *d) {
  return d->cdf || (d->log_cdf && d->log_ccdf);
}

/* ---- finishing ---- */

static void count_draws(const struct term *term, size_t *n) {
  if (!term || *n > MODIFIED_MAX_DRAWS) return;
  if (term->kind == TERM_EXTERN && term->external->random) ++*n;
  if (term->kind == TERM_CALL) count_draws(term->function->value, n);
  for (size_t k = 0; k < term->n_item; k++) count_draws(term->items[k], n);
}

/* What the methods' own arguments stand for. */
const struct term *modified_x(struct modified *m) {
  if (!m->whole->x) m->whole->x = formal_new(m->c, "x", m->whole->support);
  return formal_term(m->c, m->span, m->whole->x);
}

static const struct term *modified_p(struct modified *m) {
  if (!m->whole->p) m->whole->p = formal_new(m->c, "p", type_scalar(BASE_REAL));
  return formal_term(m->c, m->span, m->whole->p);
}

const struct term *modified_with_uniform(struct modified *m, const struct formal *u, const struct term *body) {
  const struct term **args = floe__arena_array(m->c->arena, m->whole->n_formal + 1, sizeof *args);
  for (size_t k = 0; k < m->whole->n_formal; k++) args[k] = formal_term(m->c, m->span, m->whole->formals[k]);
  return method_called(m->c, m->span, m->whole->name, m->whole->n_formal, m->whole->formals, args, u,
                       apply(m->c, m->span, "std_uniform", NULL, NULL), body);
}

const struct term *modified_end(struct modified *m) {
  size_t n = 0;
  count_draws(m->whole->sample, &n);
  if (m->broken || is_poison(m->c, m->whole->sample)) return m->c->poison;
  if (n > MODIFIED_MAX_DRAWS || !function_inlineable(m->c, m->whole, m->whole->logpdf, m->span)) {
    if (n > MODIFIED_MAX_DRAWS)
      diagnose(m->c->sink, "E9007", m->span, "a draw of this distribution takes more than %d raw draws",
               MODIFIED_MAX_DRAWS)
          ->fix = "mix fewer distributions";
    return m->c->poison;
  }
  struct term *term = term_new(m->c, TERM_DISTRIBUTION, m->span, m->whole->n_formal);
  term->distribution = m->whole;
  for (size_t k = 0; k < term->n_item; k++) term->items[k] = m->items[k];
  term->type = type_scalar(BASE_DISTRIBUTION);
  return term;
}

/* ---- truncation ---- */

static const struct term *error_no_cdf(struct checker *c, struct span span, const struct distribution *d,
                                       const char *what, const char *method) {
  struct diagnostic *e = diagnose(c->sink, "E2057", span, "`%s` cannot be %s: it has no %s", d->name, what, method);
  e->fix = d->support.n_dim || d->support.base == BASE_BOOL || d->support.base == BASE_CODE
               ? "only distributions of one number can"
               : floe__arena_printf(c->arena, "take another family, or define a `dist` with a method %s", method);
  return c->poison;
}

static const struct term *error_again(struct checker *c, struct span span, const struct distribution *d,
                                      const char *what) {
  struct diagnostic *e = diagnose(c->sink, "E2051", span, "`%s` cannot be %s", d->name, what);
  e->fix = d->improper ? "declare the type instead: `param p : in lo..hi ~ flat`" : "write one pair of bounds";
  return c->poison;
}

static const struct term *error_nothing_left(struct checker *c, struct span span, const struct distribution *d) {
  diagnose(c->sink, "E2052", span, "these bounds leave nothing of `%s`", d->name)->fix =
      "write the lower bound first, and bounds within the support";
  return c->poison;
}

static bool is_one_number(const struct distribution *d) {
  return !d->support.n_dim && (d->support.base == BASE_REAL || d->support.base == BASE_INT);
}

static double support_bound(const struct term *single, const struct term *bound, double unbounded) {
  const struct distribution *d = single->distribution;
  double values[16], value;
  size_t n = d->n_formal < 16 ? d->n_formal : 16;
  for (size_t k = 0; k < n; k++)
    if (!constant_value(single->items[k], NULL, &values[k])) values[k] = NAN;
  struct environment environment = {.n_formal = n, .formals = d->formals, .values = values};
  return bound && constant_value(bound, &environment, &value) ? value : unbounded;
}

/* Bounds that cut nothing off are dropped. False: nothing is left. */
static bool trim(const struct term *single, const struct term **low, const struct term **high) {
  const struct type *support = &single->distribution->support;
  double least = support_bound(single, support->low, -INFINITY), most = support_bound(single, support->high, INFINITY);
  double a = -INFINITY, b = INFINITY;
  if (known(*low, &a) && a <= least) *low = NULL;
  if (known(*high, &b) && b >= most) *high = NULL;
  bool one = support->base == BASE_INT && a == b;
  return (a < b || one) && (a < most || (one && a == most)) && (b > least || (one && b == least));
}

/* The probability between the bounds, as seen from each end. */
struct mass {
  const struct term *low, *high;     /* where the support ends; NULL: unbounded */
  const struct term *below, *beyond; /* where the cdf is taken; NULL: nothing is cut off there */
};

static struct mass mass_between(const struct part *part, const struct term *low, const struct term *high) {
  struct modified *m = part->whole;
  struct mass mass = {.low = low ? tighter(m->c, m->span, low, part_low(part), 1) : part_low(part),
                      .high = high ? tighter(m->c, m->span, high, part_high(part), -1) : part_high(part)};
  bool whole = part->d->support.base == BASE_INT;
  if (low && whole) mass.below = combine(m->c, m->span, OP_SUB, mass.low, term_number(m->c, m->span, 1));
  if (low && !whole) mass.below = mass.low;
  if (high) mass.beyond = mass.high;
  return mass;
}

static const struct term *log_mass(const struct part *part, const struct mass *mass) {
  struct modified *m = part->whole;
  if (!mass->below) return part_log_cdf(part, mass->beyond);
  if (!mass->beyond) return part_log_ccdf(part, mass->below);
  const struct term *args[] = {part_log_cdf(part, mass->below), part_log_cdf(part, mass->beyond),
                               part_log_ccdf(part, mass->below), part_log_ccdf(part, mass->beyond)};
  return library_value(m->c, m->span, "log_mass_between", 4, args);
}

/* The quantile between two shares of a tail. */
static const struct term *share_between(struct modified *m, const struct term *from, const struct term *to,
                                        const struct term *p) {
  return combine(m->c, m->span, OP_ADD, from,
                 combine(m->c, m->span, OP_MUL, p, combine(m->c, m->span, OP_SUB, to, from)));
}

/* By the lower tail; by the upper one where the lower bound lies above the median and the family knows that tail. Where
 * a tail underflows, the bound nearest to the mass. */
static const struct term *quantile_between(const struct part *part, const struct mass *mass) {
  struct modified *m = part->whole;
  struct checker *c = m->c;
  const struct distribution *d = part->d;
  const struct term *p = modified_p(m), *zero = term_number(c, m->span, 0), *one = term_number(c, m->span, 1);
  const struct term *from = mass->below ? part_cdf(part, mass->below) : zero;
  const struct term *to = mass->beyond ? part_cdf(part, mass->beyond) : one;
  const struct term *x = part_value(part, d->quantile, d->p, share_between(m, from, to, p));
  if (mass->below) x = term_select(c, m->span, combine(c, m->span, OP_LT, from, one), x, mass->low);
  if (mass->beyond) x = term_select(c, m->span, combine(c, m->span, OP_GT, to, zero), x, mass->high);
  if (mass->below && d->log_ccdf && d->upper_quantile) {
    const struct term *all = apply(c, m->span, "exp", part_log_ccdf(part, mass->below), NULL);
    const struct term *rest = mass->beyond ? apply(c, m->span, "exp", part_log_ccdf(part, mass->beyond), NULL) : zero;
    const struct term *upper = part_value(part, d->upper_quantile, d->p, share_between(m, all, rest, p));
    const struct term *high = combine(c, m->span, OP_GT, from, term_number(c, m->span, 0.5));
    upper = term_select(c, m->span, combine(c, m->span, OP_GT, all, zero), upper, mass->low);
    x = term_select(c, m->span, high, upper, x);
  }
  const struct term *clipped[] = {x, mass->low ? mass->low : term_number(c, m->span, -INFINITY),
                                  mass->high ? mass->high : term_number(c, m->span, INFINITY)};
  return library_value(c, m->span, "clip", 3, clipped);
}

static void set_support(struct modified *m, const struct part *part, const struct mass *mass, bool cut) {
  m->whole->support = part->d->support;
  m->whole->support.low = mass->low;
  m->whole->support.high = mass->high;
  m->whole->support.strict = part->d->support.strict && !cut;
}

const struct term *truncated(struct checker *c, const struct term *single, const struct term *low,
                             const struct term *high, struct span span) {
  const struct distribution *d = single->distribution;
  struct modified m;
  if (d->improper || d->truncated) return error_again(c, span, d, "truncated");
  if (!is_one_number(d) || !has_cdf(d)) return error_no_cdf(c, span, d, "truncated", "cdf");
  if (!d->quantile) return error_no_cdf(c, span, d, "truncated", "quantile");
  if (!trim(single, &low, &high)) return error_nothing_left(c, span, d);
  if (!low && !high) return single;
  modified_begin(c, &m, span, floe__arena_printf(c->arena, "truncated %s", d->name), d->n_formal + 2);
  struct part part = modified_part(&m, single);
  const struct term *below = modified_bound(&m, "low", low), *above = modified_bound(&m, "high", high);
  m.whole->truncated = true;
  m.whole->cut_low = below ? below->formal : NULL;
  m.whole->cut_high = above ? above->formal : NULL;
  struct mass mass = mass_between(&part, below, above);
  set_support(&m, &part, &mass, low != NULL);
  const struct term *x = modified_x(&m), *zero = term_number(c, span, 0), *log_total = log_mass(&part, &mass);
  const struct term *density = part_value(&part, d->logpdf, d->x, x);
  m.whole->logpdf = apply(c, span, "log_share", density, log_total);
  m.whole->quantile = quantile_between(&part, &mass);
  m.whole->sample = modified_with_uniform(&m, m.whole->p, m.whole->quantile);
  const struct term *before = mass.below ? part_cdf(&part, mass.below) : zero;
  m.whole->cdf = combine(c, span, OP_DIV, combine(c, span, OP_SUB, part_cdf(&part, x), before),
                         apply(c, span, "exp", log_total, NULL));
  return modified_end(&m);
}

/* ---- censoring ---- */

const struct term *censored(struct checker *c, const struct term *single, const struct term *low,
                            const struct term *high, struct span span) {
  const struct distribution *d = single->distribution;
  struct modified m;
  if (!is_one_number(d) || !has_cdf(d)) return error_no_cdf(c, span, d, "censored", "cdf");
  if (!trim(single, &low, &high)) return error_nothing_left(c, span, d);
  if (!low && !high) return single;
  modified_begin(c, &m, span, floe__arena_printf(c->arena, "censored %s", d->name), d->n_formal + 2);
  struct part part = modified_part(&m, single);
  const struct term *below = modified_bound(&m, "below", low), *above = modified_bound(&m, "above", high);
  struct mass ends = {.low = below ? tighter(c, span, below, part_low(&part), 1) : part_low(&part),
                      .high = above ? tighter(c, span, above, part_high(&part), -1) : part_high(&part)};
  set_support(&m, &part, &ends, low != NULL);
  const struct term *x = modified_x(&m), *density = part_value(&part, d->logpdf, d->x, x);
  if (above) {
    const struct term *last =
        d->support.base == BASE_INT ? combine(c, span, OP_SUB, above, term_number(c, span, 1)) : above;
    density = term_select(c, span, combine(c, span, OP_GE, x, above), part_log_ccdf(&part, last), density);
  }
  if (below) density = term_select(c, span, combine(c, span, OP_LE, x, below), part_log_cdf(&part, below), density);
  m.whole->logpdf = density;
  const struct term *clipped[] = {part_sample(&part), below ? below : term_number(c, span, -INFINITY),
                                  above ? above : term_number(c, span, INFINITY)};
  m.whole->sample = library_value(c, span, "clip", 3, clipped);
  return modified_end(&m);
}

/* ---- flat ---- */

static const struct term *flat_stand_in(struct modified *m, const struct term *low, const struct term *high) {
  struct checker *c = m->c;
  const struct term *u = apply(c, m->span, "std_normal", NULL, NULL);
  if (low && high) return share_between(m, low, high, apply(c, m->span, "inv_logit", u, NULL));
  if (low || high)
    return combine(c, m->span, low ? OP_ADD : OP_SUB, low ? low : high, apply(c, m->span, "exp", u, NULL));
  return u;
}

const struct term *flat_over(struct checker *c, const struct type *type, struct span span) {
  struct modified m;
  modified_begin(c, &m, span, "flat", 2);
  const struct term *low = NULL, *high = NULL;
  if (type) low = modified_bound(&m, "low", type->low), high = modified_bound(&m, "high", type->high);
  m.whole->support = type_scalar(BASE_REAL);
  m.whole->support.low = low;
  m.whole->support.high = high;
  m.whole->support.strict = type && type->strict;
  m.whole->improper = true;
  modified_x(&m);
  m.whole->logpdf = term_number(c, span, 0);
  m.whole->sample = flat_stand_in(&m, low, high);
  return modified_end(&m);
}
