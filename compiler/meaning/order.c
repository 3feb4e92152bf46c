/* The order in which the world comes into being. Variables are sorted by when they were generated; what a variable's
 * distribution needs, through definitions, must come before it. Options can contradict each other in this: refused. */
#include "compiler/meaning/checker.h"

#include <stdlib.h>

struct order_walk {
  struct checker *c;
  const struct variable *variable; /* whose distribution is walked */
  const struct definition *definition;
  uint8_t *state; /* per definition: 0 new, 1 open, 2 done */
  size_t *latest; /* per definition: 1 + the last variable that it needs */
  size_t needs;
};

static void error_circle(struct checker *c, struct span span, const char *name) {
  diagnose(c->sink, "E4015", span, "`%s` comes into being before something that it needs", name)->fix =
      "options of a choice must agree on an order; elements before a loop are read inside it";
}

static size_t needed_by(struct order_walk *walk, const struct definition *d);

/* Variables of one loop are drawn step by step, in turn. */
static bool drawn_together(const struct order_walk *walk, const struct variable *variable) {
  const struct recurrence *recurrence = walk->variable && walk->definition ? walk->definition->recurrence : NULL;
  for (size_t k = 0; recurrence && k < recurrence->n_definition; k++)
    if (recurrence->definitions[k]->variable == variable) return true;
  return false;
}

static void collect_needs(void *context, const struct term *term) {
  struct order_walk *walk = context;
  size_t needs = 0;
  bool drawn = term->kind == TERM_DEFINITION && term->definition->variable;
  if (drawn) walk->definition = term->definition; /* its terms come next */
  if (drawn) return;
  if (term->kind == TERM_VARIABLE && !drawn_together(walk, term->variable)) needs = term->variable->id + 1;
  bool same_loop = term->kind == TERM_DEFINITION && walk->definition && term->definition->recurrence &&
                   term->definition->recurrence == walk->definition->recurrence;
  if (term->kind == TERM_DEFINITION && !same_loop) needs = needed_by(walk, term->definition);
  if (needs > walk->needs) walk->needs = needs;
}

static size_t needed_by(struct order_walk *walk, const struct definition *d) {
  if (walk->state[d->id] == 1) error_circle(walk->c, d->span, d->name);
  if (walk->state[d->id]) return walk->latest[d->id];
  struct order_walk inner = *walk;
  inner.needs = 0;
  inner.definition = d;
  inner.variable = NULL;
  walk->state[d->id] = 1;
  size_t n = d->recurrence ? d->recurrence->n_definition : 1;
  for (size_t k = 0; k < n; k++) {
    const struct definition *member = d->recurrence ? d->recurrence->definitions[k] : d;
    if (member->variable) continue;
    visit_terms(member->value, collect_needs, &inner);
    for (size_t j = 0; d->recurrence && j + 1 < d->recurrence->start; j++)
      visit_terms(member->initial[j], collect_needs, &inner);
  }
  walk->state[d->id] = 2;
  return walk->latest[d->id] = inner.needs;
}

static int earlier(const void *a, const void *b) {
  const struct symbol *x = *(const struct symbol *const *)a, *y = *(const struct symbol *const *)b;
  if (x->order != y->order) return x->order > y->order ? 1 : -1;
  return (x->variable->completed != NULL) - (y->variable->completed != NULL);
}

void finish_order(struct checker *c) {
  struct order_walk walk = {.c = c};
  if (c->variable_symbols.n) qsort(c->variable_symbols.items, c->variable_symbols.n, sizeof(void *), earlier);
  for (size_t k = 0; k < c->variable_symbols.n; k++) ((struct symbol *)c->variable_symbols.items[k])->variable->id = k;
  for (size_t k = 0; k < c->definition_symbols.n; k++)
    ((struct symbol *)c->definition_symbols.items[k])->definition->id = k;
  walk.state = floe__arena_array(c->arena, c->definition_symbols.n + 1, sizeof *walk.state);
  walk.latest = floe__arena_array(c->arena, c->definition_symbols.n + 1, sizeof *walk.latest);
  for (size_t k = 0; k < c->variable_symbols.n; k++) {
    const struct variable *v = ((struct symbol *)c->variable_symbols.items[k])->variable;
    if (v->completed) continue; /* as what completes it */
    walk.needs = 0;
    walk.variable = v;
    walk.definition = NULL;
    visit_terms(v->distribution, collect_needs, &walk);
    if (walk.needs > v->id) error_circle(c, v->span, v->name);
  }
  for (size_t k = 0; k < c->definition_symbols.n; k++)
    needed_by(&walk, ((struct symbol *)c->definition_symbols.items[k])->definition);
}
