/* dist d(a, b) on S { logpdf(x) = ... sample = ... }. */
#include "compiler/meaning/checker.h"

#include <string.h>

enum method {
  METHOD_LOGPDF,
  METHOD_SAMPLE,
  METHOD_CDF,
  METHOD_QUANTILE,
  METHOD_LOG_CDF,
  METHOD_LOG_CCDF,
  METHOD_UPPER_QUANTILE,
  METHOD_POWER,
  METHOD_POWER_LOG,
  METHOD_AFFINE,
  N_METHOD
};
#define METHODS                                                                                                        \
  "methods are logpdf(x), sample, cdf(x), quantile(p), log_cdf(x), log_ccdf(x), upper_quantile(p), power(a), "         \
  "power_log(a) and affine"

enum argument { ARGUMENT_NONE, ARGUMENT_X, ARGUMENT_P, ARGUMENT_A };

struct method_row {
  const char *name;
  enum argument argument;
};

static const struct method_row method_rows[N_METHOD] = {
    [METHOD_LOGPDF] = {"logpdf", ARGUMENT_X},
    [METHOD_SAMPLE] = {"sample", ARGUMENT_NONE},
    [METHOD_CDF] = {"cdf", ARGUMENT_X},
    [METHOD_QUANTILE] = {"quantile", ARGUMENT_P},
    [METHOD_LOG_CDF] = {"log_cdf", ARGUMENT_X},
    [METHOD_LOG_CCDF] = {"log_ccdf", ARGUMENT_X},
    [METHOD_UPPER_QUANTILE] = {"upper_quantile", ARGUMENT_P},
    [METHOD_POWER] = {"power", ARGUMENT_A},
    [METHOD_POWER_LOG] = {"power_log", ARGUMENT_A},
    [METHOD_AFFINE] = {"affine", ARGUMENT_NONE},
};

/* ---- errors ---- */

static void error_method_unknown(struct checker *c, const struct statement *s) {
  const char *names[N_METHOD];
  for (size_t k = 0; k < N_METHOD; k++) names[k] = method_rows[k].name;
  struct diagnostic *d = diagnose(c->sink, "E2030", s->name_span, "a `dist` has no method `%s`", s->name);
  d->fix = quoted_fix(c, suggest(s->name, names, N_METHOD));
  if (!d->fix) d->fix = METHODS;
}

static void error_method_missing(struct checker *c, const struct statement *s, const char *method) {
  struct diagnostic *d = diagnose(c->sink, "E2030", s->name_span, "the distribution `%s` lacks %s", s->name, method);
  d->fix = "every distribution needs logpdf(x) and sample";
}

static void error_method_arguments(struct checker *c, const struct statement *s, enum argument argument) {
  struct diagnostic *d = diagnose(c->sink, "E2030", s->name_span, "`%s` takes %s", s->name,
                                  argument == ARGUMENT_NONE ? "no argument" : "one argument, without a type");
  d->fix = METHODS;
}

static void error_method_result(struct checker *c, const struct statement *s, const char *expected) {
  diagnose(c->sink, "E2030", s->span, "`%s` must give %s", s->name, expected)->fix =
      "see the distributions of the standard library";
}

/* ---- signature ---- */

struct symbol *check_dist_signature(struct checker *c, const struct context *at, const struct statement *s) {
  struct context inner = {.scope = scope_new(c, at->scope, 16), .presence = c->everywhere, .place = PLACE_FUNCTION};
  struct distribution *d = floe__arena_alloc(c->arena, sizeof *d);
  d->name = s->name;
  d->span = s->name_span;
  d->n_formal = formals_of(c, &inner, s->parameters, &d->formals);
  new_sizes(c, &inner, s->type);
  if (!type_of(c, &inner, s->type, &d->support)) d->support = type_scalar(BASE_REAL);
  struct symbol *symbol = scope_add(c, at->scope, SYMBOL_DISTRIBUTION, s->name, s->name_span, c->everywhere);
  if (!symbol) return NULL;
  symbol->distribution = d;
  symbol->inner = inner.scope;
  list_add(c->arena, &c->distributions, d);
  return symbol;
}

/* ---- methods ---- */

static void method_argument(struct checker *c, struct scope *scope, const struct statement *s, struct distribution *d,
                            enum argument argument) {
  const struct formal **slots[] = {NULL, &d->x, &d->p, &d->a};
  const struct formal **slot = slots[argument];
  if (!*slot) {
    struct formal *formal = floe__arena_alloc(c->arena, sizeof *formal);
    formal->name = s->parameters->name;
    formal->type = argument == ARGUMENT_X ? d->support : type_scalar(BASE_REAL);
    *slot = formal;
  }
  struct symbol *symbol = scope_add(c, scope, SYMBOL_FORMAL, s->parameters->name, s->parameters->span, c->everywhere);
  if (symbol) symbol->formal = *slot;
  if (symbol) symbol->local = true;
}

static bool draws_fit(const struct type *support, const struct type *given) {
  bool fits = support->n_dim == given->n_dim;
  for (size_t k = 0; k < support->n_dim && fits; k++) fits = dimension_same(support->dim[k], given->dim[k]);
  switch (support->base) {
    case BASE_REAL: return fits && given->base != BASE_BOOL;
    case BASE_INT:
    case BASE_CODE: return fits && (given->base == BASE_INT || given->base == BASE_CODE);
    case BASE_BOOL: return fits && given->base == BASE_BOOL;
    case BASE_DISTRIBUTION: return false;
  }
  return false;
}

static void number_method(struct checker *c, const struct statement *s, const struct term *value) {
  bool number = value->type.n_dim == 0 && value->type.base != BASE_BOOL && value->type.base != BASE_DISTRIBUTION;
  if (!number) error_method_result(c, s, "one number");
}

static void affine_method(struct checker *c, const struct context *at, const struct statement *s,
                          struct distribution *d) {
  const struct expr *tuple = s->value;
  if (!tuple || tuple->kind != EXPR_TUPLE || !tuple->items->next || tuple->items->next->next) {
    error_method_result(c, s, "a pair (location, scale)");
    return;
  }
  d->location = number_of(c, at, tuple->items);
  d->scale = number_of(c, at, tuple->items->next);
}

static void power_method(struct checker *c, const struct context *at, const struct statement *s,
                         const struct term **slot) {
  if (!s->value)
    error_method_result(c, s, "a distribution, written after `=`");
  else
    *slot = distribution_of(c, at, s->value);
  if (*slot && is_poison(c, *slot)) *slot = NULL;
}

static void value_method(struct checker *c, const struct context *at, const struct statement *s, struct distribution *d,
                         enum method method) {
  const struct term **slots[N_METHOD] = {[METHOD_LOGPDF] = &d->logpdf,
                                         [METHOD_SAMPLE] = &d->sample,
                                         [METHOD_CDF] = &d->cdf,
                                         [METHOD_QUANTILE] = &d->quantile,
                                         [METHOD_LOG_CDF] = &d->log_cdf,
                                         [METHOD_LOG_CCDF] = &d->log_ccdf,
                                         [METHOD_UPPER_QUANTILE] = &d->upper_quantile};
  const struct term *value = s->value ? array_of(c, at, s->value) : body_of(c, at, s->body);
  *slots[method] = value;
  if (is_poison(c, value)) return;
  if (method != METHOD_SAMPLE)
    number_method(c, s, value);
  else if (!draws_fit(&d->support, &value->type))
    error_method_result(c, s, "a draw of the declared support");
}

static void check_method(struct checker *c, struct scope *outer, const struct statement *s, struct distribution *d,
                         enum method method) {
  struct context at = {.scope = scope_new(c, outer, 8), .presence = c->everywhere, .place = PLACE_FUNCTION};
  enum argument argument = method_rows[method].argument;
  bool one = s->parameters && !s->parameters->next && !s->parameters->type && !s->parameters->indices;
  if (argument == ARGUMENT_NONE ? s->parameters != NULL : !one) {
    error_method_arguments(c, s, argument);
    return;
  }
  if (s->up_to_constant && method != METHOD_LOGPDF) {
    diagnose(c->sink, "E2030", s->name_span, "only `logpdf` may be known up to a constant")->fix =
        "remove `up_to_constant`";
    return;
  }
  d->up_to_constant |= s->up_to_constant;
  if (argument != ARGUMENT_NONE) method_argument(c, at.scope, s, d, argument);
  if (method == METHOD_SAMPLE) at.place = PLACE_SAMPLE;
  if (method == METHOD_AFFINE)
    affine_method(c, &at, s, d);
  else if (method == METHOD_POWER)
    power_method(c, &at, s, &d->power);
  else if (method == METHOD_POWER_LOG)
    power_method(c, &at, s, &d->power_log);
  else
    value_method(c, &at, s, d, method);
}

void check_dist_methods(struct checker *c, const struct statement *s, struct symbol *symbol) {
  const struct statement *seen[N_METHOD] = {NULL};
  const size_t n_error = diagnostics_errors(c->sink);
  for (const struct statement *m = s->body; m; m = m->next) {
    size_t k = 0;
    if (m->kind != STATEMENT_METHOD) continue;
    while (k < N_METHOD && strcmp(method_rows[k].name, m->name) != 0) k++;
    if (k == N_METHOD)
      error_method_unknown(c, m);
    else if (seen[k])
      error_defined_twice(c, m->name, m->name_span, seen[k]->name_span);
    else
      check_method(c, symbol->inner, seen[k] = m, symbol->distribution, (enum method)k);
  }
  if (!seen[METHOD_LOGPDF]) error_method_missing(c, s, "logpdf(x)");
  if (!seen[METHOD_SAMPLE]) error_method_missing(c, s, "sample");
  /* What is missing or wrong was said: the distribution can be used, so that no other error is hidden. */
  struct distribution *d = symbol->distribution;
  if (!d->logpdf) d->logpdf = term_number(c, s->span, 0);
  if (!d->sample) d->sample = term_number(c, s->span, 0);
  if (c->in_library || diagnostics_errors(c->sink) > n_error) return;
  if (seen[METHOD_POWER]) check_power(c, seen[METHOD_POWER]->name_span, d, d->power, false);
  if (seen[METHOD_POWER_LOG]) check_power(c, seen[METHOD_POWER_LOG]->name_span, d, d->power_log, true);
}
