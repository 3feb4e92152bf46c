/* Missing numbers that something rests on, be it the rest of the same draw: unknowns. The variable that all terms mean becomes a latent, and a further
 * variable holds the data; see typed.h. */
#include "compiler/meaning/checker.h"

struct use {
  const struct variable *variable;
  bool found;
};

static void find_use(void *context, const struct term *term) {
  struct use *use = context;
  use->found |= term->kind == TERM_VARIABLE && term->variable == use->variable;
}

static bool is_used_by(const struct variable *v, const struct term *term) {
  struct use use = {v, false};
  if (term) visit_terms(term, find_use, &use);
  return use.found;
}

static bool is_used_by_definition(const struct variable *v, const struct definition *d) {
  bool used = is_used_by(v, d->value);
  for (size_t k = 0; d->recurrence && k + 1 < d->recurrence->start; k++) used |= is_used_by(v, d->initial[k]);
  return used;
}

static bool is_used_by_model(const struct checker *c, const struct variable *v) {
  bool used = false;
  for (size_t k = 0; k < c->variable_symbols.n && !used; k++)
    used = is_used_by(v, ((const struct symbol *)c->variable_symbols.items[k])->variable->distribution);
  for (size_t k = 0; k < c->definition_symbols.n && !used; k++)
    used = is_used_by_definition(v, ((const struct symbol *)c->definition_symbols.items[k])->definition);
  return used;
}

/* Whether anything but a check, which is about data as they come about, rests on the variable. */
static bool is_used(const struct checker *c, const struct variable *v) {
  bool used = is_used_by_model(c, v);
  for (size_t k = 0; k < c->reports.n && !used; k++)
    used = is_used_by(v, ((const struct report *)c->reports.items[k])->value);
  for (size_t k = 0; k < c->claims.n && !used; k++)
    used = is_used_by(v, ((const struct claim *)c->claims.items[k])->value);
  return used;
}

static bool has_steps(const struct term *term) {
  bool steps = term && term->kind == TERM_DEFINITION && term->definition->variable;
  for (size_t k = 0; term && term->kind == TERM_CHOOSE && k < term->n_item; k++)
    steps = steps || has_steps(term->items[k]);
  return steps;
}

static void error_censored_counts(struct checker *c, const struct variable *v) {
  diagnose(c->sink, "E4024", v->span, "something rests on `%s`, of which counts beyond a bound, or missing, are not known", v->name)
      ->fix = "leave out the rows with missing values, and `missing`";
}

static void error_censored_steps(struct checker *c, const struct variable *v) {
  diagnose(c->sink, "E4024", v->span, "steps rest on elements of `%s`, of which those beyond a bound are not known", v->name)
      ->fix = "let a latent move in time, and observe it with censoring: `y[t] ~ normal(level[t], s)`";
}

static void error_flat(struct checker *c, const struct variable *v) {
  diagnose(c->sink, "E2054", v->span, "data `%s` cannot be flat where they are missing: they have to be drawn", v->name)
      ->fix = "take a proper distribution";
}

/* What lies beyond a bound is unknown, and what is recorded of it, where it is not missing, is the bound: so the latent is the
 * number itself, and all terms mean what would be recorded. */
static void uncensor(struct checker *c, const struct symbol *symbol) {
  struct variable *latent = symbol->variable;
  latent->distribution = presence_decide(c, latent->presence, &symbol->uncensored, NULL);
  latent->record_low = symbol->censoring->below;
  latent->record_high = symbol->censoring->above;
}

/* The data of a latent, in their own right. */
static struct symbol *observations_of(struct checker *c, struct symbol *symbol) {
  struct variable *latent = symbol->variable;
  struct variable *observed = floe__arena_alloc(c->arena, sizeof *observed);
  *observed = *latent;
  observed->role = ROLE_OBS;
  observed->completed = latent;
  latent->role = ROLE_LATENT;
  latent->missing = false;
  latent->observed = observed;
  for (size_t k = 0; k < c->preparations.n; k++) {
    struct preparation *preparation = c->preparations.items[k];
    if (preparation->variable == latent) preparation->variable = observed;
  }
  if (symbol->censoring) uncensor(c, symbol);
  struct symbol *twin = floe__arena_alloc(c->arena, sizeof *twin);
  *twin = *symbol;
  twin->variable = observed;
  return twin;
}

void finish_completed(struct checker *c) {
  const size_t n = c->variable_symbols.n;
  for (size_t k = 0; k < n; k++) {
    struct symbol *symbol = c->variable_symbols.items[k];
    const struct variable *v = symbol->variable;
    const bool steps = symbol->censoring && has_steps(v->distribution) && is_used_by_model(c, v);
    if (steps) error_censored_steps(c, v);
    if (!v->missing || (v->role == ROLE_OBS && v->n_binder == v->type.n_dim && !is_used(c, v))) continue;
    if (steps) continue;
    if (symbol->censoring && v->type.base != BASE_REAL)
      error_censored_counts(c, v);
    else if (v->improper)
      error_flat(c, v);
    else
      list_add(c->arena, &c->variable_symbols, observations_of(c, symbol));
  }
}
