/* summary s = e: numbers that are computed from data and observations, the observed and the simulated alike, for the network
 * to read with the rest. In the program it is an observation without a distribution. */
#include "compiler/meaning/checker.h"

static void error_summary(struct checker *c, struct span span, const char *problem, const char *fix) {
  diagnose(c->sink, "E4020", span, "%s", problem)->fix = fix;
}

struct summary_walk {
  struct checker *c;
  struct span span;
  bool observed, sound;
};

static void look_at(void *context, const struct term *term);

static void look_into(struct summary_walk *walk, const struct definition *d) {
  visit_terms(d->value, look_at, walk);
  for (size_t k = 0; d->recurrence && k + 1 < d->recurrence->start; k++) visit_terms(d->initial[k], look_at, walk);
}

static void look_at(void *context, const struct term *term) {
  struct summary_walk *walk = context;
  if (!walk->sound) return;
  if (term->kind == TERM_VARIABLE && (term->variable->missing || term->variable->observed)) {
    walk->sound = false;
    error_summary(walk->c, walk->span,
                  floe__arena_printf(walk->c->arena, "`%s` may be missing, and its summary with it", term->variable->name),
                  "leave it to the network, which sees what is missing");
  }
  if (term->kind == TERM_VARIABLE) walk->observed |= term->variable->role == ROLE_OBS;
  if (term->kind == TERM_DEFINITION && !term->definition->recurrence) look_into(walk, term->definition);
}

/* Dimensions of its own, as a variable has them. */
static void shape(struct checker *c, struct variable *v, const struct term *value) {
  const struct type *type = &value->type;
  const enum base base = type->base == BASE_CODE ? BASE_INT : type->base;
  v->type = type_array(c, type_scalar(base), type->n_dim, type->dim);
  v->n_binder = type->n_dim;
  v->binders = floe__arena_array(c->arena, type->n_dim + 1, sizeof *v->binders);
  for (size_t k = 0; k < type->n_dim; k++) v->binders[k] = binder_new(c, type->dim[k], type->dim[k]->name);
}

/* The value, over the indices on the left if there are any. */
static const struct term *summary_value(struct checker *c, const struct context *at, const struct statement *s) {
  struct list left = {0};
  struct context inner = *at;
  struct binder *binders[MAX_RANK];
  inner.place = PLACE_AFTER;
  if (!s->indices) return array_of(c, &inner, s->value);
  if (!left_indices(c, at, s->indices, &left)) return c->poison;
  inner.bound = bind_left(c, &left, left.n, at->bound);
  const struct term *value = scalar_of(c, &inner, s->value);
  for (size_t k = 0; k < left.n; k++)
    binders[k] = (struct binder *)(uintptr_t)((const struct bound *)left.items[k])->binder;
  return is_poison(c, value) || value->type.base == BASE_DISTRIBUTION ? value : term_map(c, s->span, left.n, binders, value);
}

void check_summary(struct checker *c, const struct context *at, const struct statement *s) {
  const struct term *value = summary_value(c, at, s);
  const unsigned unknowns = 1u << ROLE_PARAM | 1u << ROLE_LATENT;
  struct variable *v = floe__arena_alloc(c->arena, sizeof *v);
  struct symbol *symbol = scope_add(c, at->scope, SYMBOL_VARIABLE, s->name, s->name_span, c->everywhere);
  if (!symbol) return;
  *v = (struct variable){.role = ROLE_OBS, .name = s->name, .span = s->name_span, .presence = c->everywhere, .summary = value};
  symbol->variable = v;
  symbol->drawn_later = true; /* nothing of the model may rest on it */
  if (is_poison(c, value) || value->type.base == BASE_DISTRIBUTION) {
    if (!is_poison(c, value)) error_summary(c, s->value->span, "a distribution is no summary", "compute it from observations");
    symbol->kind = SYMBOL_POISON;
    return;
  }
  shape(c, v, value);
  if (term_roles(c, value) & unknowns)
    error_summary(c, s->value->span, floe__arena_printf(c->arena, "the summary `%s` depends on unknowns", s->name),
                  "use data and observations only: `report` is for quantities of the model");
  list_add(c->arena, &c->summaries, symbol);
}

void finish_summaries(struct checker *c) {
  for (size_t k = 0; k < c->summaries.n; k++) {
    struct symbol *symbol = c->summaries.items[k];
    struct summary_walk walk = {c, symbol->variable->summary->span, false, true};
    visit_terms(symbol->variable->summary, look_at, &walk);
    symbol->order = ++c->n_order;
    list_add(c->arena, &c->variable_symbols, symbol);
    if (!walk.sound || walk.observed) continue;
    diagnose(c->sink, "W2007", symbol->span, "the summary `%s` is the same whatever is observed", symbol->name)->fix =
        "compute it from observations, or remove it";
  }
}
