/* Discrete latents: which observations rest on them, and whether a density can sum them out. It can where every
 * observation rests on one element of one latent, the one at its own place: then the sum over the latent's values stands
 * inside the plate, or, where the latent is a chain, moves along it (the forward algorithm). */
#include "compiler/meaning/checker.h"

#define MAX_STATES 16 /* the sum is written out */

bool variable_is_discrete(const struct variable *v) {
  return (v->role == ROLE_PARAM || v->role == ROLE_LATENT) && v->type.base != BASE_REAL;
}

bool variable_values(const struct variable *v, double *low, double *high) {
  *low = v->type.base == BASE_CODE ? 1 : 0;
  *high = 1;
  if (v->type.base == BASE_BOOL) return true;
  if (v->type.base == BASE_CODE && v->type.codes) {
    *high = (double)v->type.codes->high;
    return v->type.codes->low == v->type.codes->high && *high <= MAX_STATES;
  }
  bool bounded =
      v->type.low && v->type.high && constant_value(v->type.low, NULL, low) && constant_value(v->type.high, NULL, high);
  return bounded && *high - *low < MAX_STATES;
}

/* ---- at which of its elements a term uses a latent ---- */

enum use { USE_NONE, USE_ALIGNED, USE_OTHER };

struct position {                      /* of the element whose distribution or value the term is */
  const struct binder *const *binders; /* NULL: element `number`, before a recurrence starts */
  size_t n_binder;
  double number;
  bool before; /* the aligned element is the one before */
};

struct use_walk {
  struct checker *c;
  const struct variable *latent;
  enum use *known; /* (n_definition) */
  bool *is_known;
};

static enum use use_of(struct use_walk *walk, const struct term *term, const struct position *at);

static bool is_element_before(const struct term *index, const struct binder *binder) {
  return index->kind == TERM_OPERATOR && index->op == OP_SUB && index->items[0]->kind == TERM_BINDER &&
         index->items[0]->binder == binder && index->items[1]->kind == TERM_NUMBER && index->items[1]->number == 1;
}

static bool is_aligned(const struct term *index, const struct position *at, size_t k) {
  if (!at->binders) return index->kind == TERM_NUMBER && index->number == at->number;
  if (k >= at->n_binder) return false;
  if (at->before) return is_element_before(index, at->binders[k]);
  return index->kind == TERM_BINDER && index->binder == at->binders[k];
}

/* What an element of a definition uses that stands at the same place in the definition. */
static enum use use_of_definition(struct use_walk *walk, const struct definition *d) {
  bool tabled = d->id < walk->c->definition_symbols.n &&
                ((struct symbol *)walk->c->definition_symbols.items[d->id])->definition == d;
  if (!tabled) return USE_NONE;
  if (walk->is_known[d->id]) return walk->known[d->id];
  struct position at = {.binders = d->binders, .n_binder = d->n_binder};
  enum use use = USE_NONE;
  walk->is_known[d->id] = true;
  if (!d->recurrence) use = use_of(walk, d->value, &at);
  for (size_t m = 0; d->recurrence && m < d->recurrence->n_definition; m++) {
    const struct definition *member = d->recurrence->definitions[m];
    if (!d->needs[m]) continue;
    if (use_of(walk, member->value, &at)) use = USE_OTHER;
    for (size_t k = 0; k + 1 < d->recurrence->start; k++)
      if (use_of(walk, member->initial[k], &at)) use = USE_OTHER;
  }
  return walk->known[d->id] = use;
}

static enum use use_of_array(struct use_walk *walk, const struct term *array) {
  if (array->kind == TERM_VARIABLE) return array->variable == walk->latent ? USE_ALIGNED : USE_NONE;
  return array->kind == TERM_DEFINITION ? use_of_definition(walk, array->definition) : USE_NONE;
}

static enum use use_of(struct use_walk *walk, const struct term *term, const struct position *at) {
  enum use use = USE_NONE;
  size_t first = 0;
  if (!term) return USE_NONE;
  if (term->kind == TERM_VARIABLE || term->kind == TERM_DEFINITION) {
    use = use_of_array(walk, term);
    return use && (term->type.n_dim || walk->latent->type.n_dim) ? USE_OTHER : use;
  }
  if (term->kind == TERM_ELEMENT && (use = use_of_array(walk, term->items[0])) != USE_NONE)
    for (size_t k = 0; k < walk->latent->type.n_dim; k++)
      if (k + 1 >= term->n_item || !is_aligned(term->items[k + 1], at, k)) use = USE_OTHER;
  if (term->kind == TERM_ELEMENT && use_of_array(walk, term->items[0]) != USE_NONE) first = 1;
  for (size_t k = first; k < term->n_item; k++) {
    enum use inner = use_of(walk, term->items[k], at);
    if (inner > use) use = inner;
  }
  return use;
}

static enum use larger(enum use a, enum use b) {
  return a > b ? a : b;
}

/* `own`: the latent's own distribution, which looks one element back. */
static enum use use_of_distribution(struct use_walk *walk, const struct variable *v, const struct term *term,
                                    bool own) {
  struct position at = {.binders = v->binders, .n_binder = v->n_binder};
  enum use use = USE_NONE;
  if (!term) return USE_NONE;
  if (term->kind == TERM_CHOOSE) {
    for (size_t k = 0; k < term->n_item; k++) use = larger(use, use_of_distribution(walk, v, term->items[k], own));
    return use;
  }
  if (term->kind != TERM_DEFINITION || !term->definition->variable) return use_of(walk, term, &at);
  const struct definition *steps = term->definition;
  at = (struct position){.binders = &steps->recurrence->binder, .n_binder = 1, .before = own};
  use = use_of(walk, steps->value, &at);
  for (size_t k = 0; k + 1 < steps->recurrence->start; k++) {
    enum use initial = use_of(walk, steps->initial[k], &(struct position){.number = (double)k + 1});
    use = larger(use, own && initial ? USE_OTHER : initial);
  }
  return use;
}

/* ---- errors ---- */

static void error_reported(struct checker *c, const struct variable *v) {
  struct diagnostic *d = diagnose(c->sink, "E4032", v->span,
                                  "`%s` is discrete: a density sums it out, so it has no posterior to report", v->name);
  d->fix = floe__arena_printf(c->arena, "declare it as `latent %s`", v->name);
}

static void error_result(struct checker *c, struct span span, const struct variable *v) {
  struct diagnostic *d = diagnose(c->sink, "E4033", span, "this depends on `%s`, which is summed out", v->name);
  d->fix = "report parameters instead";
  d->related = v->span;
  d->related_message = "a discrete latent has no posterior here";
}

static void error_not_summed(struct checker *c, struct span span, const struct variable *v, const char *why,
                             const char *fix) {
  error_absent(c, span, floe__arena_printf(c->arena, "summing out the discrete `%s` where %s is", v->name, why))->fix =
      fix;
}

/* ---- the checks ---- */

static void check_results_of(struct checker *c, struct use_walk *walk) {
  const struct position nowhere = {0};
  for (size_t k = 0; k < c->reports.n; k++) {
    const struct report *r = c->reports.items[k];
    if (use_of(walk, r->value, &nowhere)) error_result(c, r->span, walk->latent);
  }
  for (size_t k = 0; k < c->claims.n; k++) {
    const struct claim *claim = c->claims.items[k];
    if (use_of(walk, claim->value, &nowhere)) error_result(c, claim->span, walk->latent);
  }
}

/* One initial element, and a step that looks one element back: a chain. */
static bool is_chain(const struct term *distribution) {
  return distribution->kind == TERM_DEFINITION && distribution->definition->variable &&
         distribution->definition->recurrence->start == 2;
}

static bool has_steps(const struct term *term) {
  bool steps = term && term->kind == TERM_DEFINITION && term->definition->variable;
  for (size_t k = 0; term && term->kind == TERM_CHOOSE && k < term->n_item; k++)
    steps = steps || has_steps(term->items[k]);
  return steps;
}

static bool check_own(struct use_walk *walk, const struct variable *z) {
  struct checker *c = walk->c;
  double low, high;
  if (z->role == ROLE_PARAM) return error_reported(c, z), false;
  if (!variable_values(z, &low, &high))
    return error_not_summed(c, z->span, z, "its values are not a fixed number up to 16",
                            "give the index that it numbers a fixed size, or bound it"),
           false;
  if (!presence_within(c, c->everywhere, z->presence))
    return error_not_summed(c, z->span, z, "it exists in some universes only", "declare it outside of `choose`"), false;
  if (has_steps(z->distribution) && !is_chain(z->distribution))
    return error_not_summed(c, z->span, z, "it is more than a chain of order one",
                            "give it one initial element, and look one element back"),
           false;
  enum use use = use_of_distribution(walk, z, z->distribution, true);
  if (use == USE_OTHER)
    return error_not_summed(c, z->span, z, "it looks further than one element back", "look one element back"), false;
  return true;
}

/* The plate of the latent comes first among the indices of the observation. */
static bool plate_fits(const struct variable *z, const struct variable *y) {
  bool fits = y->n_binder >= z->type.n_dim;
  for (size_t k = 0; k < z->type.n_dim && fits; k++) fits = y->type.dim[k] == z->type.dim[k];
  return fits;
}

static void check_user(struct use_walk *walk, struct variable *y) {
  struct checker *c = walk->c;
  const struct variable *z = walk->latent;
  enum use use = use_of_distribution(walk, y, y->distribution, false);
  const char *fix = "an observation may rest on the element of the latent at its own place";
  if (use == USE_NONE) return;
  if (y->role != ROLE_OBS)
    error_not_summed(c, y->span, z, floe__arena_printf(c->arena, "`%s`, no observation, rests on it", y->name),
                     "let observations only depend on it");
  else if (use == USE_OTHER || !plate_fits(z, y))
    error_not_summed(c, y->span, z, floe__arena_printf(c->arena, "`%s` rests on other elements of it", y->name), fix);
  else if (y->summed)
    error_not_summed(c, y->span, z, floe__arena_printf(c->arena, "`%s` rests on `%s` too", y->name, y->summed->name),
                     "make one latent of the two, with a value for each combination");
  else
    y->summed = z;
}

void finish_discrete(struct checker *c) {
  for (size_t k = 0; k < c->variable_symbols.n; k++) {
    const struct variable *z = ((struct symbol *)c->variable_symbols.items[k])->variable;
    if (!variable_is_discrete(z)) continue;
    size_t n = c->definition_symbols.n + 1;
    struct use_walk walk = {c, z, floe__arena_array(c->arena, n, sizeof *walk.known),
                            floe__arena_array(c->arena, n, sizeof *walk.is_known)};
    check_results_of(c, &walk);
    if (!check_own(&walk, z)) continue;
    for (size_t j = 0; j < c->variable_symbols.n; j++) {
      struct variable *y = ((struct symbol *)c->variable_symbols.items[j])->variable;
      if (y != z) check_user(&walk, y);
    }
  }
}
