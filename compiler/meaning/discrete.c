/* Discrete latents: which observations rest on them, and whether a density can sum them out. It can where every
 * observation rests on one element of each of its latents, at the same place: then the sum over the latents' values stands
 * inside the plate, or, where the latents are chains, moves along them (the forward algorithm). Latents that share an
 * observation are summed out together. */
#include "compiler/meaning/checker.h"

#define MAX_STATES 16 /* the sum is written out */
#define MAX_TOGETHER 64
#define MAX_INDEX 16

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

/* Where what is used has indices, they are terms over the binders around the use. */
struct use {
  enum { USE_NONE, USE_ELEMENT, USE_OTHER } kind;
  const struct term *index[MAX_INDEX];
};

struct use_walk {
  struct checker *c;
  const struct variable *latent;
  struct use *known; /* (n_definition) */
  bool *is_known;
};

static const struct use none = {USE_NONE, {NULL}}, other = {USE_OTHER, {NULL}};

static struct use use_of(struct use_walk *walk, const struct term *term);

static struct use both(const struct use_walk *walk, struct use a, struct use b) {
  if (a.kind == USE_NONE || b.kind == USE_OTHER) return b;
  if (b.kind == USE_NONE || a.kind == USE_OTHER) return a;
  for (size_t k = 0; k < walk->latent->type.n_dim; k++)
    if (!same_term(a.index[k], b.index[k])) return other;
  return a;
}

/* An index term of a definition, where the definition's binders are what its user says. */
static const struct term *read_at(struct checker *c, const struct term *term, const struct definition *d,
                                  const struct term *const *indices) {
  for (size_t k = 0; k < d->n_binder && term->kind == TERM_BINDER; k++)
    if (term->binder == d->binders[k]) return indices[k];
  if (!term->n_item) return term;
  struct term *moved = term_new(c, term->kind, term->span, term->n_item);
  const struct term **items = moved->items;
  *moved = *term;
  moved->items = items;
  for (size_t k = 0; k < term->n_item; k++) items[k] = term->items[k] ? read_at(c, term->items[k], d, indices) : NULL;
  return moved;
}

static struct use use_of_definition(struct use_walk *walk, const struct definition *d) {
  bool tabled = d->id < walk->c->definition_symbols.n &&
                ((struct symbol *)walk->c->definition_symbols.items[d->id])->definition == d;
  struct use use = none;
  if (!tabled) return none;
  if (walk->is_known[d->id]) return walk->known[d->id];
  walk->is_known[d->id] = true;
  if (!d->recurrence) use = use_of(walk, d->value);
  for (size_t m = 0; d->recurrence && m < d->recurrence->n_definition; m++) {
    const struct definition *member = d->recurrence->definitions[m];
    if (!d->needs[m]) continue;
    if (use_of(walk, member->value).kind) use = other;
    for (size_t k = 0; k + 1 < d->recurrence->start; k++)
      if (use_of(walk, member->initial[k]).kind) use = other;
  }
  return walk->known[d->id] = use;
}

/* The array of an ELEMENT, with the element's indices; or a whole. */
static struct use use_of_array(struct use_walk *walk, const struct term *array, const struct term *const *indices) {
  struct use use = none;
  if (array->kind == TERM_VARIABLE && array->variable == walk->latent) {
    use.kind = indices || array->type.n_dim == 0 ? USE_ELEMENT : USE_OTHER;
    for (size_t k = 0; k < array->type.n_dim && indices; k++) use.index[k] = indices[k];
  } else if (array->kind == TERM_DEFINITION) {
    const struct definition *d = array->definition;
    use = use_of_definition(walk, d);
    if (use.kind == USE_ELEMENT && walk->latent->type.n_dim && array->type.n_dim && !indices) return other;
    for (size_t k = 0; k < walk->latent->type.n_dim && use.kind == USE_ELEMENT && indices; k++)
      use.index[k] = read_at(walk->c, use.index[k], d, indices);
  }
  return use;
}

static struct use use_of(struct use_walk *walk, const struct term *term) {
  if (!term) return none;
  if (term->kind == TERM_VARIABLE || term->kind == TERM_DEFINITION) return use_of_array(walk, term, NULL);
  struct use use = none;
  bool named =
      term->kind == TERM_ELEMENT && (term->items[0]->kind == TERM_VARIABLE || term->items[0]->kind == TERM_DEFINITION);
  if (named) use = use_of_array(walk, term->items[0], term->items + 1);
  for (size_t k = named; k < term->n_item; k++) {
    struct use inner = use_of(walk, term->items[k]);
    /* in the index of its own element: another element */
    use = named && inner.kind && use.kind ? other : both(walk, use, inner);
  }
  return use;
}

/* ---- the place of an observation's latents among its own indices ---- */

struct placing {
  bool used, unplaced;
  size_t place[MAX_INDEX];
  const struct term *at[MAX_INDEX];
};

/* Where the distribution stands: of an element, of element `number` before a loop (else 0). */
struct standing {
  const struct binder *const *binders;
  size_t n_binder, along;
  double number;
};

static void find_foreign(void *context, const struct term *term) {
  struct standing *at = context;
  bool own = term->kind != TERM_BINDER;
  for (size_t k = 0; k < at->n_binder; k++) own = own || term->binder == at->binders[k];
  if (!own || term->n_binder) at->number = -1;
}

/* A code that numbers the latent's elements, known for each element of the observation. */
static bool is_code_of(const struct term *index, const struct dimension *dimension, const struct standing *at) {
  struct standing search = *at;
  if (index->type.base != BASE_CODE || index->type.codes != dimension || at->along != SIZE_MAX) return false;
  visit_terms(index, find_foreign, &search);
  return search.number >= 0;
}

static size_t place_of_index(const struct term *index, const struct standing *at) {
  if (at->number > 0 && index->kind == TERM_NUMBER && index->number == at->number) return at->along;
  for (size_t k = 0; k < at->n_binder && index->kind == TERM_BINDER; k++)
    if (index->binder == at->binders[k]) return k;
  return SIZE_MAX;
}

static void place_use(struct placing *placing, struct use use, const struct variable *latent, struct standing at) {
  if (use.kind == USE_NONE) return;
  if (use.kind == USE_OTHER) placing->unplaced = true;
  for (size_t k = 0; k < latent->type.n_dim && use.kind == USE_ELEMENT; k++) {
    size_t place = place_of_index(use.index[k], &at);
    const struct term *code = place == SIZE_MAX ? use.index[k] : NULL;
    bool same = !placing->used || (placing->place[k] == place && (!code || same_term(placing->at[k], code)));
    if (!same || (code && !is_code_of(code, latent->type.dim[k], &at))) placing->unplaced = true;
    for (size_t j = 0; j < k && place != SIZE_MAX; j++)
      if (placing->place[j] == place) placing->unplaced = true;
    placing->place[k] = place;
    placing->at[k] = code;
  }
  placing->used = true;
}

static struct standing standing_in(const struct definition *steps, double number) {
  size_t along = 0;
  while (steps->binders[along] != steps->recurrence->binder) along++;
  return (struct standing){steps->binders, steps->n_binder, along, number};
}

static void place_distribution(struct use_walk *walk, const struct variable *v, const struct term *term,
                               struct placing *placing) {
  if (!term) return;
  if (term->kind == TERM_CHOOSE) {
    for (size_t k = 0; k < term->n_item; k++) place_distribution(walk, v, term->items[k], placing);
    return;
  }
  if (term->kind != TERM_DEFINITION || !term->definition->variable) {
    place_use(placing, use_of(walk, term), walk->latent, (struct standing){v->binders, v->n_binder, SIZE_MAX, 0});
    return;
  }
  const struct definition *steps = term->definition;
  place_use(placing, use_of(walk, steps->value), walk->latent, standing_in(steps, 0));
  for (size_t k = 0; k + 1 < steps->recurrence->start; k++)
    place_use(placing, use_of(walk, steps->initial[k]), walk->latent, standing_in(steps, (double)k + 1));
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

/* It can be simulated, but the study has no density. */
static void not_summed(struct checker *c, struct span span, const struct variable *latent, const char *why,
                       const char *fix) {
  struct variable *v = ((struct symbol *)c->variable_symbols.items[latent->id])->variable;
  struct diagnostic *d =
      diagnose(c->sink, "W2006", span, "the discrete `%s` is not summed out where %s: the study has no density", v->name, why);
  d->fix = fix;
  if (v->no_density) return;
  v->no_density = floe__arena_printf(c->arena, "the discrete `%s` is not summed out where %s", v->name, why);
  v->no_density_span = span;
}

static void error_via(struct checker *c, const struct variable *y, const struct variable *z) {
  diagnose(c->sink, "E3014", y->span, "`%s` cannot be re-parameterised: it rests on the discrete `%s`", y->name, z->name)
      ->fix = "remove `via`";
}

/* ---- the latent itself ---- */

static void check_results_of(struct checker *c, struct use_walk *walk) {
  for (size_t k = 0; k < c->reports.n; k++) {
    const struct report *r = c->reports.items[k];
    if (use_of(walk, r->value).kind) error_result(c, r->span, walk->latent);
  }
  for (size_t k = 0; k < c->claims.n; k++) {
    const struct claim *claim = c->claims.items[k];
    if (use_of(walk, claim->value).kind) error_result(c, claim->span, walk->latent);
  }
}

static const struct definition *steps_of(const struct variable *v) {
  const struct term *distribution = v->distribution;
  bool steps = distribution && distribution->kind == TERM_DEFINITION && distribution->definition->variable;
  return steps ? distribution->definition : NULL;
}

static bool has_steps(const struct term *term) {
  bool steps = term && term->kind == TERM_DEFINITION && term->definition->variable;
  for (size_t k = 0; term && term->kind == TERM_CHOOSE && k < term->n_item; k++)
    steps = steps || has_steps(term->items[k]);
  return steps;
}

static bool is_element_before(const struct term *index, const struct binder *binder) {
  return index->kind == TERM_OPERATOR && index->op == OP_SUB && index->items[0]->kind == TERM_BINDER &&
         index->items[0]->binder == binder && index->items[1]->kind == TERM_NUMBER && index->items[1]->number == 1;
}

/* One initial element, and a step that looks at the element before in its own series. */
static bool looks_one_back(struct use_walk *walk, const struct definition *steps) {
  struct use use = use_of(walk, steps->value);
  bool fits = use.kind != USE_OTHER;
  for (size_t k = 0; k < steps->n_binder && use.kind == USE_ELEMENT; k++) {
    const struct binder *binder = steps->binders[k];
    bool own = use.index[k]->kind == TERM_BINDER && use.index[k]->binder == binder;
    fits = fits && (binder == steps->recurrence->binder ? is_element_before(use.index[k], binder) : own);
  }
  return fits && !use_of(walk, steps->initial[0]).kind;
}

static bool check_own(struct use_walk *walk, const struct variable *z) {
  struct checker *c = walk->c;
  double low, high;
  const struct definition *steps = steps_of(z);
  if (z->role == ROLE_PARAM) return error_reported(c, z), false;
  if (z->n_binder < z->type.n_dim)
    return not_summed(c, z->span, z, "its elements are drawn together", "draw them independently, where that is meant"), false;
  if (!variable_values(z, &low, &high))
    return not_summed(c, z->span, z, "its values are not a fixed number up to 16",
                            "give the index that it numbers a fixed size, or bound it"),
           false;
  if (!presence_within(c, c->everywhere, z->presence))
    return not_summed(c, z->span, z, "it exists in some universes only", "declare it outside of `choose`"), false;
  if (has_steps(z->distribution) && (!steps || steps->recurrence->start != 2))
    return not_summed(c, z->span, z, "it is more than a chain of order one",
                            "give it one initial element, and look one element back"),
           false;
  if (steps ? !looks_one_back(walk, steps) : use_of(walk, z->distribution).kind != USE_NONE)
    return not_summed(c, z->span, z, "it looks further than one element back", "look one element back"), false;
  return true;
}

/* ---- what rests on it ---- */

static double count_values(const struct variable *z) {
  double low, high;
  return variable_values(z, &low, &high) ? high - low + 1 : 1;
}

/* All latents of `from` go with `to`. False: they cannot be summed out together. */
static bool join(struct checker *c, struct span span, struct variable *to, const struct variable *from) {
  const struct variable *first = to->summed, *gone = from->summed;
  const struct definition *chain = NULL;
  double n = 1;
  bool fits = true;
  if (first == gone) return true;
  for (size_t k = 0; k < c->variable_symbols.n; k++) {
    struct variable *v = ((struct symbol *)c->variable_symbols.items[k])->variable;
    if (v->summed != first && v->summed != gone) continue;
    v->summed = first;
    if (!variable_is_discrete(v)) continue;
    const struct definition *steps = steps_of(v);
    n *= count_values(v);
    fits = fits && v->type.n_dim == to->type.n_dim;
    for (size_t j = 0; j < to->type.n_dim && fits; j++) fits = v->type.dim[j] == to->type.dim[j];
    for (size_t j = 0; steps && chain && fits && j < steps->n_binder; j++)
      fits = (chain->binders[j] == chain->recurrence->binder) == (steps->binders[j] == steps->recurrence->binder);
    if (steps) chain = steps;
  }
  if (!fits)
    not_summed(c, span, to, floe__arena_printf(c->arena, "`%s`, of other indices, is summed with it", gone->name),
                     "give both the same indices, or make the observation rest on one of them");
  else if (n > (chain ? MAX_STATES : MAX_TOGETHER))
    not_summed(c, span, to, floe__arena_printf(c->arena, "it has %g values together with `%s`", n, gone->name),
                     chain ? "a chain may have 16 together" : "at most 64 can be summed over");
  return fits && n <= (chain ? MAX_STATES : MAX_TOGETHER);
}

static bool same_placing(const struct variable *y, const struct placing *placing, size_t n) {
  for (size_t k = 0; k < n; k++) {
    if (y->summed_place[k] != placing->place[k]) return false;
    if (placing->at[k] && !same_term(y->summed_at[k], placing->at[k])) return false;
  }
  return true;
}

static void rests_on(struct checker *c, struct variable *y, const struct variable *z, const struct placing *placing) {
  size_t n = z->type.n_dim;
  size_t *place = floe__arena_array(c->arena, n + 1, sizeof *place);
  const struct term **at = floe__arena_array(c->arena, n + 1, sizeof *at);
  for (size_t k = 0; k < n; k++) place[k] = placing->place[k], at[k] = placing->at[k];
  y->summed = z->summed;
  y->summed_place = place;
  y->summed_at = at;
}

/* A latent whose distribution rests on another one's element at its own place. */
static bool is_of_its_place(const struct variable *v, const struct variable *z, const struct placing *placing) {
  bool own = variable_is_discrete(v) && v->type.n_dim == z->type.n_dim && !has_steps(v->distribution) &&
             !has_steps(z->distribution) && !placing->unplaced;
  for (size_t k = 0; k < z->type.n_dim && own; k++) own = placing->place[k] == k && !placing->at[k];
  return own;
}

/* Whether its density can stand in the sum. */
static bool unknown_fits(struct checker *c, const struct variable *y, const struct variable *z) {
  if (y->via) return error_via(c, y, z), false;
  if (presence_within(c, c->everywhere, y->presence)) return true;
  not_summed(c, y->span, z, floe__arena_printf(c->arena, "`%s`, which rests on it, exists in some universes only", y->name),
             "declare it outside of `choose`");
  return false;
}

/* The data that an unknown completes rest on what it rests on. */
static void share_summed(struct checker *c, const struct variable *y) {
  for (size_t k = 0; k < c->variable_symbols.n; k++) {
    struct variable *data = ((struct symbol *)c->variable_symbols.items[k])->variable;
    if (data->completed != y) continue;
    data->summed = y->summed;
    data->summed_place = y->summed_place;
    data->summed_at = y->summed_at;
  }
}

static void check_user(struct use_walk *walk, struct variable *y) {
  struct checker *c = walk->c;
  struct variable *z = ((struct symbol *)c->variable_symbols.items[walk->latent->id])->variable;
  struct placing placing = {0};
  place_distribution(walk, y, y->distribution, &placing);
  if (!placing.used && !placing.unplaced) return;
  if (y->role != ROLE_OBS && is_of_its_place(y, z, &placing)) {
    if (join(c, y->span, z, y)) y->summed_at = floe__arena_array(c->arena, 1, sizeof *y->summed_at);
  }
  else if (y->role != ROLE_OBS && variable_is_discrete(y))
    not_summed(c, y->span, z, floe__arena_printf(c->arena, "the discrete `%s` rests on it from another place", y->name),
               "give both the same indices, and let it rest on the element at its own place");
  else if (y->role != ROLE_OBS && !unknown_fits(c, y, z))
    return;
  else if (placing.unplaced)
    not_summed(c, y->span, z, floe__arena_printf(c->arena, "`%s` rests on other elements of it", y->name),
                     "what rests on it may use one element: at its own place, or at that of a code, z[group[i]]");
  else if (!y->summed)
    rests_on(c, y, z, &placing);
  else if (join(c, y->span, z, y) && !same_placing(y, &placing, z->type.n_dim))
    not_summed(c, y->span, z,
                     floe__arena_printf(c->arena, "`%s` rests on others at another place too", y->name),
                     "let it rest on elements at the same place");
  if (y->observed) share_summed(c, y);
}

/* A chain's states are told from those before; latents of its elements cannot rest on each other besides. */
static void check_chains(struct checker *c) {
  for (size_t j = 0; j < c->variable_symbols.n; j++) {
    const struct variable *v = ((struct symbol *)c->variable_symbols.items[j])->variable;
    if (!variable_is_discrete(v) || !v->summed_at) continue;
    for (size_t k = 0; k < c->variable_symbols.n; k++) {
      const struct variable *z = ((struct symbol *)c->variable_symbols.items[k])->variable;
      if (z->summed == v->summed && variable_is_discrete(z) && has_steps(z->distribution))
        not_summed(c, v->span, z, floe__arena_printf(c->arena, "`%s` rests on another latent too", v->name),
                   "make one latent of the two, with a value for each combination");
    }
  }
}

void finish_discrete(struct checker *c) {
  for (size_t k = 0; k < c->variable_symbols.n; k++) {
    struct variable *z = ((struct symbol *)c->variable_symbols.items[k])->variable;
    if (variable_is_discrete(z)) z->summed = z;
  }
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
      if (y != z && !y->completed) check_user(&walk, y);
    }
  }
  check_chains(c);
  finish_early(c);
}
