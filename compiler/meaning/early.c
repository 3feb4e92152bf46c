/* Discrete latents on which other unknowns rest: they are drawn with the unknowns, and so is what they rest on, and the
 * latents that rest on them. */
#include "compiler/meaning/checker.h"

#include <string.h>

struct reach {
  const struct checker *c;
  bool *definitions, *variables; /* by id: what has been met */
};

static void follow(void *context, const struct term *term) {
  struct reach *reach = context;
  const struct checker *c = reach->c;
  if (term->kind == TERM_VARIABLE) reach->variables[term->variable->id] = true;
  const struct definition *d = term->kind == TERM_DEFINITION ? term->definition : NULL;
  const bool tabled = d && !d->variable && d->id < c->definition_symbols.n &&
                      ((const struct symbol *)c->definition_symbols.items[d->id])->definition == d;
  if (!tabled || reach->definitions[d->id]) return;
  reach->definitions[d->id] = true;
  for (size_t m = 0; m < (d->recurrence ? d->recurrence->n_definition : 1); m++) {
    const struct definition *member = d->recurrence ? d->recurrence->definitions[m] : d;
    if (d->recurrence && !d->needs[m]) continue;
    visit_terms(member->value, follow, reach);
    for (size_t k = 0; d->recurrence && k + 1 < d->recurrence->start; k++) visit_terms(member->initial[k], follow, reach);
  }
}

static struct variable *variable(const struct checker *c, size_t k) {
  return ((struct symbol *)c->variable_symbols.items[k])->variable;
}

static bool is_early_unknown(const struct variable *v) {
  return v->role != ROLE_DATA && v->role != ROLE_OBS && (v->early || !variable_is_discrete(v));
}

/* What the distribution of a variable says of others, or they of it. True: something is new. */
static bool mark_early(const struct checker *c, struct variable *v, const bool *reached) {
  bool changed = false, rests = false;
  for (size_t k = 0; k < c->variable_symbols.n; k++) {
    struct variable *other = variable(c, k);
    if (!reached[k] || other == v) continue;
    if (is_early_unknown(v) && variable_is_discrete(other) && !other->early) changed = other->early = true;
    rests = rests || other->early || (other->role == ROLE_OBS && other->rests_on_early);
  }
  bool *mark = variable_is_discrete(v) ? &v->early : v->role != ROLE_DATA ? &v->rests_on_early : NULL;
  if (!mark || *mark || !rests) return changed;
  return *mark = true;
}

/* Coordinates are those of a type whose bounds are known. */
static void check_bounds(struct checker *c, struct reach *reach, const struct variable *v) {
  const size_t n = c->variable_symbols.n;
  if (v->role == ROLE_DATA || v->role == ROLE_OBS || v->completed || variable_is_discrete(v)) return;
  memset(reach->definitions, 0, c->definition_symbols.n * sizeof *reach->definitions);
  memset(reach->variables, 0, n * sizeof *reach->variables);
  if (v->type.low) visit_terms(v->type.low, follow, reach);
  if (v->type.high) visit_terms(v->type.high, follow, reach);
  for (size_t k = 0; k < n; k++) {
    const struct variable *z = variable(c, k);
    if (!reach->variables[k] || !variable_is_discrete(z)) continue;
    struct diagnostic *d =
        diagnose(c->sink, "E4025", v->span, "the bounds of `%s` rest on `%s`, which has no posterior", v->name, z->name);
    d->fix = "declare a type that holds for all of its values";
    d->related = z->span;
    d->related_message = "a discrete latent";
    return;
  }
}

void finish_early(struct checker *c) {
  const size_t n = c->variable_symbols.n, n_definition = c->definition_symbols.n;
  bool discrete = false, changed = true;
  for (size_t k = 0; k < n; k++) discrete = discrete || variable_is_discrete(variable(c, k));
  struct reach reach = {c, floe__arena_array(c->arena, n_definition + 1, sizeof *reach.definitions),
                        floe__arena_array(c->arena, n + 1, sizeof *reach.variables)};
  for (size_t k = 0; k < n && discrete; k++) check_bounds(c, &reach, variable(c, k));
  while (discrete && changed) {
    changed = false;
    for (size_t k = n; k-- > 0;) {
      struct variable *v = variable(c, k);
      const struct term *source = v->distribution ? v->distribution : v->summary;
      if (!source || v->completed) continue;
      memset(reach.definitions, 0, n_definition * sizeof *reach.definitions);
      memset(reach.variables, 0, n * sizeof *reach.variables);
      visit_terms(source, follow, &reach);
      changed = mark_early(c, v, reach.variables) || changed;
    }
  }
}
