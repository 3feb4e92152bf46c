/* data, param, latent, obs, and `~`. */
#include "compiler/meaning/modified.h"

#include <string.h>

#define BIT(role) (1u << (role))

static const char *const role_texts[] = {"data", "param", "latent", "obs"};

/* ---- errors ---- */

static void error_no_prior(struct checker *c, const struct variable *v) {
  struct diagnostic *d = diagnose(c->sink, "E4017", v->span, "`%s` has no distribution", v->name);
  d->fix =
      v->missing
          ? floe__arena_printf(c->arena, "say how it comes about: `data %s missing as latent ~ ...`", v->name)
          : floe__arena_printf(c->arena, "say what is believed about it: `%s %s ~ ...`", role_texts[v->role], v->name);
}

static void error_depends(struct checker *c, struct span span, enum role role, const char *name, const char *on) {
  struct diagnostic *d = diagnose(c->sink, role == ROLE_DATA ? "E4003" : "E4002", span, "the %s `%s` depends on %s",
                                  role == ROLE_DATA ? "data" : "parameter", name, on);
  d->fix = role == ROLE_DATA
               ? "what imagines data in training may use other data only; declare it as obs if the model explains it"
               : "a prior comes before the observations: declare them as data if they are known";
}

static void error_given_missing(struct checker *c, struct span span, const char *name) {
  diagnose(c->sink, "E4023", span, "elements of `%s` that are given are there: they cannot be missing", name)->fix =
      "declare the observations as `missing`: what imagines a given element is its distribution where it is missing";
}

static void error_parts_missing(struct checker *c, const struct variable *v) {
  diagnose(c->sink, "E2058", v->span, "the numbers of `%s` hang together: none of them can be missing by itself",
           v->name)
      ->fix = "leave out the rows with missing values: a value of which only a part is known is none";
}

static void error_not_obs(struct checker *c, const struct statement *s, const struct symbol *symbol) {
  struct diagnostic *d = diagnose(c->sink, "E4010", s->name_span,
                                  "`~` generates what is declared without a distribution, and `%s` is not", s->name);
  d->fix = symbol->kind == SYMBOL_VARIABLE ? "keep one distribution: that of its declaration"
                                           : "declare it: `obs ...` or `param ...`";
  d->related = symbol->span;
  d->related_message = "it is defined here";
}

static void error_shape(struct checker *c, struct span span, const char *name, size_t given, size_t wanted) {
  struct diagnostic *d = diagnose(c->sink, "E2010", span, "`%s` has %zu %s, but %zu stand here", name, wanted,
                                  wanted == 1 ? "index" : "indices", given);
  d->fix = "write the indices of its declaration";
}

static void error_joint_shape(struct checker *c, struct span span, const char *name) {
  diagnose(c->sink, "E2016", span, "the draws of this distribution do not have the shape of `%s`", name)->fix =
      "a joint distribution fills the last indices of a variable";
}

/* Names the distributions that have the structure. */
static void error_structure_is_joint(struct checker *c, struct span span, const struct variable *v) {
  const char *name = structure_name(v->type.structure), *fitting = "";
  struct diagnostic *d = diagnose(
      c->sink, "E2016", span, "`%s` is %s, and its numbers hang together, but this is a distribution of single numbers",
      v->name, name);
  for (size_t k = 0; k < c->distributions.n; k++) {
    const struct distribution *other = c->distributions.items[k];
    if (other->support.structure != v->type.structure) continue;
    fitting = floe__arena_printf(c->arena, "%s%s%s", fitting, *fitting ? ", " : "", other->name);
  }
  d->fix = *fitting ? floe__arena_printf(c->arena, "distributions on %s: %s", name, fitting)
                    : floe__arena_printf(c->arena, "define a `dist` on %s", name);
}

static void error_left_dimension(struct checker *c, struct span span, const struct dimension *given,
                                 const struct dimension *wanted) {
  diagnose(c->sink, "E2011", span, "an index over %s stands where one over %s is declared", given->name, wanted->name)
      ->fix = "write the indices of its declaration";
}

static void error_kinds_differ(struct checker *c, const struct symbol *symbol, struct span span, enum base before,
                               enum base now) {
  struct diagnostic *d = diagnose(c->sink, "E2026", span, "`%s` is %s here and %s elsewhere", symbol->name,
                                  base_text(now), base_text(before));
  d->fix = "all distributions of a variable give numbers of the same kind";
}

/* ---- indices on the left ---- */

bool has_number_index(const struct expr *indices) {
  for (; indices; indices = indices->next)
    if (indices->kind == EXPR_NUMBER || indices->kind == EXPR_RANGE) return true;
  return false;
}

static void error_left_index(struct checker *c, struct span span) {
  diagnose(c->sink, "E4016", span, "an index on the left is the name of an index, or an alias `i in school`")->fix =
      "fill single elements in a loop: for i in school { x[i] = ... }";
}

bool left_indices(struct checker *c, const struct context *at, const struct expr *indices, struct list *left) {
  for (const struct expr *index = indices; index; index = index->next) {
    bool alias = index->kind == EXPR_WITHIN && index->left->kind == EXPR_NAME && index->right->kind == EXPR_NAME;
    if (index->kind != EXPR_NAME && !alias) return error_left_index(c, index->span), false;
    const struct expr *named = alias ? index->right : index;
    const char *name = alias ? index->left->name : index->name;
    const struct dimension *dimension = dimension_named(c, at, named->name, named->span);
    if (!dimension) return false;
    for (size_t k = 0; k < left->n; k++)
      if (((const struct bound *)left->items[k])->name == name) {
        error_defined_twice(c, name, index->span, index->span);
        return false;
      }
    if (left->n == MAX_RANK) return error_limit(c, index->span, "the indices of an array are", MAX_RANK), false;
    list_add(c->arena, left, bound_new(c, name, binder_new(c, dimension, name), NULL));
  }
  return true;
}

const struct bound *bind_left(struct checker *c, const struct list *left, size_t n, const struct bound *outer) {
  for (size_t k = 0; k < n; k++) {
    const struct bound *b = left->items[k];
    outer = bound_new(c, b->name, b->binder, outer);
  }
  return outer;
}

/* ---- distributions of variables ---- */

static void check_roles(struct checker *c, const struct variable *v, const struct term *distribution) {
  unsigned roles = term_roles(c, distribution), unknowns = BIT(ROLE_PARAM) | BIT(ROLE_LATENT);
  if (v->role == ROLE_DATA && roles & (unknowns | BIT(ROLE_OBS)))
    error_depends(c, distribution->span, v->role, v->name, roles & unknowns ? "parameters" : "observations");
  if ((v->role == ROLE_PARAM || v->role == ROLE_LATENT) && roles & BIT(ROLE_OBS))
    error_depends(c, distribution->span, v->role, v->name, "observations");
}

/* An unknown whose loop, taken as a whole, looks at observations. */
void check_unknown_roles(struct checker *c, const struct variable *v, unsigned roles, struct span span) {
  if ((v->role == ROLE_PARAM || v->role == ROLE_LATENT) && roles & BIT(ROLE_OBS))
    error_depends(c, span, v->role, v->name, "observations");
}

/* The last dimensions of the variable are those of one draw. */
static bool check_joint(struct checker *c, const struct variable *v, const struct term *distribution) {
  size_t joint = distribution->type.n_dim, n = v->type.n_dim;
  bool sound = joint == n - v->n_binder;
  if (joint == 0 && v->type.structure == STRUCTURE_ORDERED) return true; /* a distribution of each element */
  if (joint == 0 && v->type.structure != STRUCTURE_PLAIN)
    return error_structure_is_joint(c, distribution->span, v), false;
  for (size_t k = 0; k < joint && sound; k++) {
    const struct dimension *drawn = distribution->type.dim[k]; /* formal: the variable says its size */
    sound = drawn->formal || dimension_same(drawn, v->type.dim[n - joint + k]);
  }
  if (!sound) error_joint_shape(c, distribution->span, v->name);
  return sound;
}

static void check_gaps(struct checker *c, const struct variable *v) {
  if (v->missing && v->n_binder < v->type.n_dim && (v->type.structure != STRUCTURE_PLAIN || v->type.base != BASE_REAL))
    error_parts_missing(c, v);
}

/* ---- flat, censoring, supports that move ---- */

static void error_improper(struct checker *c, struct span span, const struct variable *v) {
  diagnose(c->sink, "E2054", span, "%s `%s` cannot be flat: it has to be drawn", role_texts[v->role], v->name)->fix =
      "take a proper distribution";
}

static const struct term *flat_within(struct checker *c, const struct term *single, void *type) {
  return single->distribution->improper ? flat_over(c, type, single->span) : single;
}

static const struct term *censor(struct checker *c, const struct term *single, void *context) {
  const struct censoring *censoring = context;
  return censored(c, single, censoring->below, censoring->above, censoring->span);
}

static void note_improper(void *improper, const struct term *family) {
  *(bool *)improper |= family->distribution->improper;
}

struct noting {
  struct checker *c;
  struct variable *variable;
};

static void note_density(void *context, const struct term *family) {
  const struct noting *noting = context;
  struct variable *v = noting->variable;
  v->up_to_constant |= family->distribution->up_to_constant;
  if (!family->distribution->opaque) return;
  v->no_density =
      floe__arena_printf(noting->c->arena, "the simulator `%s` has no density", family->distribution->opaque->name);
  v->no_density_span = family->distribution->opaque->span;
}

struct moving {
  struct checker *c;
  bool moves;
};

static void note_moving(void *context, const struct term *family) {
  struct moving *moving = context;
  moving->moves |= (support_roles(moving->c, family) & (BIT(ROLE_PARAM) | BIT(ROLE_LATENT))) != 0;
}

/* The distribution as the variable has it: flat between the bounds of its type, censored as declared. */
static const struct term *adapted(struct checker *c, struct symbol *symbol, const struct term *distribution,
                                  bool declared_type) {
  struct variable *v = symbol->variable;
  bool improper = false;
  for_each_family(distribution, note_improper, &improper);
  if (improper && (v->role == ROLE_DATA || v->role == ROLE_OBS))
    return error_improper(c, distribution->span, v), c->poison;
  if (improper && declared_type) distribution = over_choices(c, distribution, flat_within, &v->type);
  v->improper |= improper;
  symbol->before_censoring = distribution;
  v->censored |= symbol->censoring != NULL;
  if (symbol->censoring) distribution = over_choices(c, distribution, censor, symbol->censoring);
  return distribution;
}

/* Bounds that depend on earlier names: the type's too, where there is one family. */
static void type_from_free_support(struct checker *c, const struct term *distribution, struct variable *v) {
  bool unknown = v->role == ROLE_PARAM || v->role == ROLE_LATENT;
  if (!unknown || distribution->kind != TERM_DISTRIBUTION || v->type.base != BASE_REAL) return;
  if (!v->type.low) v->type.low = support_low(c, distribution);
  if (!v->type.high) v->type.high = support_high(c, distribution);
}

static const struct term *fitting_distribution(struct checker *c, const struct context *at, struct symbol *symbol,
                                               const struct expr *value, bool declared_type) {
  struct variable *v = symbol->variable;
  const struct term *distribution = distribution_of(c, at, value);
  if (is_poison(c, distribution) || !check_joint(c, v, distribution)) return NULL;
  distribution = adapted(c, symbol, distribution, declared_type);
  if (is_poison(c, distribution)) return NULL;
  if (declared_type)
    check_support(c, at, distribution, &v->type, v->name);
  else
    type_from_support(c, distribution, &v->type), check_one_structure(c, distribution, &v->type, v->name);
  struct moving moving = {c, false};
  for_each_family(distribution, note_moving, &moving);
  v->moving_support |= moving.moves;
  for_each_family(distribution, note_density, &(struct noting){c, v});
  check_roles(c, v, distribution);
  v->rests_on_unknowns |= (term_roles(c, distribution) & (BIT(ROLE_PARAM) | BIT(ROLE_LATENT))) != 0;
  check_gaps(c, v);
  return distribution;
}

/* Whether a draw of so many dimensions is one of all the numbers that a structure holds together. */
static bool draws_structure(struct checker *c, const struct variable *v, size_t joint, struct span span) {
  if (v->type.structure == STRUCTURE_PLAIN || structure_rank(v->type.structure) == joint) return true;
  diagnose(c->sink, "E4021", span, "`%s` is %s: its numbers hang together, and none is drawn by itself", v->name,
           structure_name(v->type.structure))
      ->fix = "draw all of them at once, or declare them without a structure";
  return false;
}

const struct term *element_distribution(struct checker *c, const struct context *at, struct symbol *symbol,
                                        const struct expr *value, bool given) {
  struct variable *v = symbol->variable;
  bool typed_before = symbol->typed_by_element;
  enum base before = v->type.base;
  size_t joint = joint_rank(c, at, value);
  if (!draws_structure(c, v, joint, value->span)) return NULL;
  v->n_binder = v->type.n_dim - joint;
  if (joint > symbol->n_joint) symbol->n_joint = joint;
  const struct term *distribution = fitting_distribution(c, at, symbol, value, !symbol->untyped);
  symbol->typed_by_element = true;
  if (given && distribution && term_roles(c, distribution) & (BIT(ROLE_PARAM) | BIT(ROLE_LATENT)))
    error_depends(c, distribution->span, ROLE_DATA, v->name, "parameters");
  if (!distribution || !symbol->untyped || (!typed_before && !symbol->pieces.n) || before == v->type.base)
    return distribution;
  error_kinds_differ(c, symbol, value->span, before, v->type.base);
  return NULL;
}

/* The distribution of a variable whose indices are `left`; adds a piece. */
static bool generate(struct checker *c, const struct context *at, struct symbol *symbol, const struct list *left,
                     const struct expr *value, bool declared_type) {
  struct variable *v = symbol->variable;
  struct context inner = *at;
  inner.bound = bind_left(c, left, v->n_binder, at->bound);
  const struct term *distribution = fitting_distribution(c, &inner, symbol, value, declared_type);
  if (!distribution) return false;
  if (!declared_type) type_from_free_support(c, distribution, v);
  struct piece *piece = floe__arena_alloc(c->arena, sizeof *piece);
  *piece = (struct piece){at->presence, distribution, value->span};
  list_add(c->arena, &symbol->pieces, piece);
  struct piece *uncensored = floe__arena_alloc(c->arena, sizeof *uncensored);
  *uncensored = (struct piece){at->presence, symbol->before_censoring, value->span};
  list_add(c->arena, &symbol->uncensored, uncensored);
  symbol->order = ++c->n_order;
  return true;
}

/* ---- declarations ---- */

/* Data with gaps are unknowns, wherever something may rest on them. */
static enum role role_of(const struct statement *s) {
  const enum statement_kind kind = s->kind;
  return kind == STATEMENT_DATA     ? s->missing ? ROLE_LATENT : ROLE_DATA
         : kind == STATEMENT_PARAM  ? ROLE_PARAM
         : kind == STATEMENT_LATENT ? ROLE_LATENT
                                    : ROLE_OBS;
}

static const char *unwritten_name(struct checker *c, size_t k) {
  return floe__name_of(c->names, floe__arena_printf(c->arena, " %zu", k));
}

/* The elements of a vector or a matrix may each have a distribution of numbers. */
static void bind_type_dimensions(struct checker *c, const struct type *type, struct list *left) {
  for (size_t k = 0; k < type->n_dim; k++) {
    const struct dimension *d = type->dim[k];
    bool twin = k > 0 && type->dim[k - 1] == d; /* found by its place, not by a name */
    const char *name = !is_nameless(d) && !twin ? d->name : unwritten_name(c, k);
    list_add(c->arena, left, bound_new(c, name, binder_new(c, d, d->name), NULL));
  }
}

/* Dimensions: those in brackets, then those of the type (simplex[k]). */
static bool shape_variable(struct checker *c, const struct context *at, const struct statement *s, struct variable *v,
                           struct list *left) {
  const struct dimension *dims[16];
  struct type type = {.base = BASE_REAL};
  if (!left_indices(c, at, s->indices, left)) return false;
  struct context inner = *at;
  size_t joint = joint_rank(c, at, s->value);
  inner.bound = bind_left(c, left, left->n, at->bound);
  if (s->type && !type_of(c, &inner, s->type, &type)) return false;
  v->bounded = s->type && (s->type->low || s->type->high);
  size_t n = left->n;
  for (size_t k = 0; k < left->n; k++) dims[k] = ((const struct bound *)left->items[k])->binder->dimension;
  for (size_t k = 0; k < type.n_dim; k++) dims[n++] = type.dim[k];
  if (joint > n) return error_joint_shape(c, s->value->span, s->name), false;
  v->type = type_array(c, type, n, dims);
  if (type.structure == STRUCTURE_PLAIN) bind_type_dimensions(c, &type, left);
  v->n_binder = s->value ? n - joint : left->n;
  if (v->n_binder > left->n) v->n_binder = left->n;
  v->binders = floe__arena_array(c->arena, left->n + 1, sizeof *v->binders);
  for (size_t k = 0; k < left->n; k++) v->binders[k] = ((const struct bound *)left->items[k])->binder;
  return true;
}

static const struct term *censoring_bound(struct checker *c, const struct context *at, const struct expr *bound) {
  if (!bound) return NULL;
  const struct term *term = number_of(c, at, bound);
  if (is_poison(c, term)) return term;
  if (term_roles(c, term) & ~BIT(ROLE_DATA)) {
    diagnose(c->sink, "E2055", bound->span, "where an observation is censored is known: a number, or data")->fix =
        "to cut off at an unknown place, truncate: `y ~ D in lo..hi`";
    return c->poison;
  }
  return term;
}

/* Inside the variable's binders; NULL: not censored. */
static bool censoring_of(struct checker *c, const struct context *at, const struct statement *s,
                         const struct list *left, struct censoring **censoring) {
  struct context inner = *at;
  double low, high;
  if (!s->below && !s->above) return true;
  inner.bound = bind_left(c, left, left->n, at->bound);
  struct censoring *found = *censoring = floe__arena_alloc(c->arena, sizeof *found);
  *found =
      (struct censoring){censoring_bound(c, &inner, s->below), censoring_bound(c, &inner, s->above), s->censoring_span};
  if ((found->below && is_poison(c, found->below)) || (found->above && is_poison(c, found->above))) return false;
  if (found->below && found->above && constant_value(found->below, NULL, &low) &&
      constant_value(found->above, NULL, &high) && low >= high) {
    diagnose(c->sink, "E2055", s->censoring_span, "nothing lies between %g and %g", low, high)->fix =
        "`below` takes the lower limit of detection, `above` the upper one";
    return false;
  }
  return true;
}

static void affine_only(void *context, const struct term *family) {
  if (!family->distribution->location) *(const struct term **)context = family;
}

static void check_via(struct checker *c, const struct variable *v, struct span span) {
  const struct term *rigid = NULL;
  for_each_family(v->distribution, affine_only, &rigid);
  if (v->type.structure != STRUCTURE_PLAIN) {
    diagnose(c->sink, "E3014", span, "`%s` cannot be re-parameterised: its numbers hang together", v->name)->fix =
        "remove `via`";
    return;
  }
  if (!rigid) return;
  struct diagnostic *d = diagnose(c->sink, "E3014", span, "`%s` cannot be re-parameterised: it has no `affine` method",
                                  rigid->distribution->name);
  d->fix = "remove `via`";
}

/* `flat` on values of a finite volume: uniform on them, a distribution like any other. On matrices it is uniform on the
 * correlation matrices, whether these or their factors are drawn. NULL: the statement is none of that kind. */
static struct expr *uniform_value(struct checker *c, const struct context *at, const struct statement *s) {
  static const struct {
    const char *type, *family;
    double argument; /* 0: none */
  } uniform[] = {{"simplex", "uniform_shares", 0},
                 {"unit_vector", "uniform_direction", 0},
                 {"corr", "lkj_corr", 1},
                 {"chol_corr", "lkj_corr_chol", 1}};
  bool flat = s->value && s->value->kind == EXPR_NAME && !strcmp(s->value->name, "flat") &&
              !scope_find(at->scope, NAMESPACE_VALUE, s->value->name);
  for (size_t k = 0; flat && s->type && k < sizeof uniform / sizeof *uniform; k++) {
    if (strcmp(s->type->name, uniform[k].type) != 0) continue;
    struct expr *call = expr_new(c->arena, EXPR_CALL, s->value->span);
    call->name = floe__name_of(c->names, uniform[k].family);
    call->name_span = s->value->span;
    if (!uniform[k].argument) return call;
    call->items = expr_new(c->arena, EXPR_NUMBER, s->value->span);
    call->items->number = uniform[k].argument;
    return call;
  }
  return NULL;
}

void check_variable(struct checker *c, const struct context *at, const struct statement *written) {
  struct list left = {0};
  struct statement with_family = *written;
  struct expr *uniform = uniform_value(c, at, written);
  if (uniform) with_family.value = uniform;
  const struct statement *s = &with_family;
  if (s->kind == STATEMENT_DATA && has_number_index(s->indices)) {
    if (s->missing) {
      struct symbol *given = scope_find(at->scope, NAMESPACE_VALUE, s->name);
      error_given_missing(c, s->name_span, s->name);
      if (given && given->kind == SYMBOL_VARIABLE) given->kind = SYMBOL_POISON;
      return;
    }
    check_initial_draw(c, at, s, true);
    return;
  }
  struct variable *v = floe__arena_alloc(c->arena, sizeof *v);
  struct symbol draft = {.kind = SYMBOL_VARIABLE, .variable = v, .presence = at->presence, .span = s->name_span};
  *v = (struct variable){
      .role = role_of(s), .name = s->name, .span = s->name_span, .presence = at->presence, .missing = s->missing};
  bool sound = shape_variable(c, at, s, v, &left);
  if (sound) sound = censoring_of(c, at, s, &left, &draft.censoring);
  if (sound && s->value) sound = generate(c, at, &draft, &left, s->value, s->type != NULL);
  if (sound && draft.pieces.n) v->distribution = ((const struct piece *)draft.pieces.items[0])->term;
  if (sound && s->via) v->via = via_axis(c, at, s->via, s->via_span);
  if (sound && v->via && s->value) check_via(c, v, s->via_span);
  struct symbol *symbol =
      scope_add(c, c->spec, sound ? SYMBOL_VARIABLE : SYMBOL_POISON, s->name, s->name_span, at->presence);
  if (!symbol || !sound) return;
  symbol->variable = v;
  symbol->pieces = draft.pieces;
  symbol->censoring = draft.censoring;
  symbol->order = ++c->n_order;
  symbol->drawn_later = v->role == ROLE_OBS || (v->role != ROLE_DATA && !s->value);
  symbol->untyped = symbol->drawn_later && !s->type;
  symbol->via_span = s->via_span;
  symbol->n_typed = v->type.n_dim - n_indices(s);
  list_add(c->arena, &c->variable_symbols, symbol);
}

/* ---- y[school] ~ D ---- */

/* The statement's names for the variable's own binders. */
static bool sample_indices(struct checker *c, const struct context *at, const struct statement *s,
                           const struct variable *v, size_t joint, size_t n_typed, struct list *left) {
  struct list named = {0};
  if (!left_indices(c, at, s->indices, &named)) return false;
  size_t n = v->type.n_dim, open = n - n_typed;
  if (named.n != n && named.n + joint != n && named.n != open)
    return error_shape(c, s->name_span, s->name, named.n, open ? open : n), false;
  for (size_t k = 0; k < named.n; k++) {
    const struct bound *b = named.items[k];
    if (b->binder->dimension != v->type.dim[k])
      return error_left_dimension(c, s->name_span, b->binder->dimension, v->type.dim[k]), false;
    list_add(c->arena, left, bound_new(c, b->name, v->binders[k], NULL));
  }
  if (v->type.structure == STRUCTURE_PLAIN)
    for (size_t k = named.n; k < n; k++)
      list_add(c->arena, left, bound_new(c, unwritten_name(c, k), v->binders[k], NULL));
  return true;
}

static bool same_kind_as_before(struct checker *c, const struct symbol *symbol, const struct expr *value,
                                enum base base) {
  if (!symbol->untyped || symbol->pieces.n < 2 || symbol->variable->type.base == base) return true;
  error_kinds_differ(c, symbol, value->span, base, symbol->variable->type.base);
  return false;
}

void check_sample(struct checker *c, const struct context *at, const struct statement *s) {
  struct list left = {0};
  struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, s->name);
  if (!symbol) {
    error_unknown(c, at->scope, NAMESPACE_VALUE, s->name, s->name_span);
    return;
  }
  if (symbol->kind == SYMBOL_POISON) return;
  if (symbol->kind != SYMBOL_VARIABLE || !symbol->drawn_later) {
    error_not_obs(c, s, symbol);
    return;
  }
  if (has_number_index(s->indices)) {
    check_initial_draw(c, at, s, false);
    return;
  }
  presence_require(c, at->presence, symbol->presence, s->name, s->name_span, symbol->span);
  struct variable *v = symbol->variable;
  size_t joint = joint_rank(c, at, s->value);
  if (joint > v->type.n_dim) {
    error_joint_shape(c, s->value->span, s->name);
    return;
  }
  if (joint > 0 && !draws_structure(c, v, joint, s->value->span)) {
    symbol->kind = SYMBOL_POISON;
    return;
  }
  enum base before = v->type.base;
  if (!sample_indices(c, at, s, v, joint, symbol->n_typed, &left)) joint = SIZE_MAX;
  if (joint == 0) joint = structure_rank(v->type.structure);
  if (joint != SIZE_MAX) v->n_binder = v->type.n_dim - joint;
  if (joint == SIZE_MAX || !generate(c, at, symbol, &left, s->value, !symbol->untyped))
    symbol->kind = SYMBOL_POISON;
  else
    same_kind_as_before(c, symbol, s->value, before);
}

/* ---- at the end ---- */

/* How many of the last dimensions a draw fills: options that differ in this can stand together only where loops draw. */
static bool settle_joint(struct checker *c, struct symbol *symbol) {
  struct variable *v = symbol->variable;
  size_t most = symbol->n_joint;
  for (size_t k = 0; k < symbol->pieces.n; k++) {
    const struct piece *piece = symbol->pieces.items[k];
    if (piece->term && piece->term->type.n_dim > most) most = piece->term->type.n_dim;
  }
  if (most) v->n_binder = v->type.n_dim - most;
  for (size_t k = 0; k < symbol->pieces.n; k++) {
    const struct piece *piece = symbol->pieces.items[k];
    const bool steps = piece->term && piece->term->kind == TERM_DEFINITION && piece->term->definition->variable;
    if (!piece->term || steps || piece->term->type.n_dim == most || v->type.structure != STRUCTURE_PLAIN) continue;
    diagnose(c->sink, "E2026", piece->span, "the numbers of `%s` are drawn one by one here, and at once elsewhere",
             v->name)
        ->fix = "draw them at once in all options: independent numbers are multi_normal with a diagonal covariance";
    return false;
  }
  return true;
}

void finish_variables(struct checker *c) {
  for (size_t k = 0; k < c->variable_symbols.n; k++) {
    struct symbol *symbol = c->variable_symbols.items[k];
    struct variable *v = symbol->variable;
    if (symbol->kind != SYMBOL_VARIABLE || !symbol->drawn_later) continue;
    if (v->role != ROLE_OBS && !symbol->pieces.n && !symbol->partial && !c->choice_broken) {
      error_no_prior(c, v);
      continue;
    }
    if (symbol->partial) continue;
    if (symbol->early) error_too_early(c, *symbol->early, symbol);
    if (!settle_joint(c, symbol)) continue;
    v->distribution = presence_decide(c, v->presence, &symbol->pieces, symbol);
    if (v->via && v->distribution) check_via(c, v, symbol->via_span);
    if (!symbol->untyped || !v->distribution) continue;
    type_from_support(c, v->distribution, &v->type);
    check_one_structure(c, v->distribution, &v->type, v->name);
  }
}
