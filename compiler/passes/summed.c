/* Discrete latents summed out of the density, those that share observations together. Independent elements: log sum_k p(z = k) prod_y p(y | z = k) for each element
 * of the plate. Chains: the forward algorithm in log space (Rabiner 1989, "A tutorial on hidden Markov models"), linear in
 * the length of the chain. The sum over the values is written out: they are few. */
#include <math.h>

#include "base/arena.h"
#include "compiler/passes/derive.h"

#define MAX_VALUES 64

static struct graph *graph_of(const struct derivation *derivation) {
  return derivation->lowering.graph;
}

/* ---- what the density is where the latents have values ---- */

/* The latents that are summed out together: `first` has this variable as its `summed`. */
struct together {
  const struct variable *first;
  size_t n, n_value; /* of latents; of combinations of their values */
  const struct variable **latents;
};

static struct together together_with(struct derivation *derivation, const struct variable *first) {
  const struct program *program = derivation->lowering.program;
  struct together all = {.first = first, .n_value = 1};
  double low, high;
  all.latents = floe__arena_array(graph_of(derivation)->arena, program->n_variable, sizeof *all.latents);
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *v = program->variables[k];
    if (v->summed != first || !variable_is_discrete(v) || !variable_values(v, &low, &high)) continue;
    all.latents[all.n++] = v;
    all.n_value *= (size_t)(high - low + 1);
  }
  return all;
}

/* The derivation of the density, with every element of each latent at one value. Definitions are lowered anew in it. */
struct conditional {
  struct derivation derivation;
  struct reading outer;
  const struct together *together;
  const struct node **values; /* (n) */
};

static const struct node *read_conditional(void *context, const struct variable *variable) {
  const struct conditional *conditional = context;
  for (size_t k = 0; k < conditional->together->n; k++)
    if (variable == conditional->together->latents[k]) return conditional->values[k];
  return conditional->outer.value(conditional->outer.context, variable);
}

/* Combination `number` of the latents' values. */
static struct conditional *conditional_new(struct derivation *derivation, const struct together *all, size_t number) {
  struct graph *graph = graph_of(derivation);
  struct conditional *conditional = floe__arena_alloc(graph->arena, sizeof *conditional);
  *conditional =
      (struct conditional){.derivation = *derivation, .outer = derivation->lowering.reading, .together = all};
  conditional->derivation.nothing = node_const(graph, 0); /* emissions are sums */
  conditional->values = floe__arena_array(graph->arena, all->n, sizeof *conditional->values);
  for (size_t k = 0; k < all->n; k++) {
    double low = 0, high = 0;
    variable_values(all->latents[k], &low, &high);
    const size_t n = (size_t)(high - low + 1);
    const double value = low + (double)(number % n);
    bool truth = all->latents[k]->type.base == BASE_BOOL;
    conditional->values[k] = truth ? node_truth(graph, value != 0) : node_const(graph, value);
    number /= n;
  }
  conditional->derivation.lowering.reading = (struct reading){read_conditional, conditional};
  conditional->derivation.lowering.spec = (struct frame){0};
  return conditional;
}

/* All combinations of the latents' values, with what rests on the latents in each: unknowns, and with observations. */
struct values {
  size_t n;
  struct conditional *at[MAX_VALUES];
  const struct node *const *emissions[MAX_VALUES], *const *unknowns[MAX_VALUES]; /* lists that end with NULL */
};

static const struct definition *steps_of(const struct variable *latent) {
  const struct term *distribution = latent->distribution;
  bool steps = distribution->kind == TERM_DEFINITION && distribution->definition->variable;
  return steps ? distribution->definition : NULL;
}

/* ---- densities ---- */

struct density_at {
  const struct derivation *derivation;
  struct place place;
  const struct node *x;
};

static const struct node *density_at(void *context, const struct family *single) {
  const struct density_at *at = context;
  const struct node *density = family_log_density(at->place, single, at->x);
  return density_supported(at->derivation, at->place, single, density, at->x, (struct known_bounds){0});
}

/* The element of a latent at the indices, in another derivation. */
static struct place place_at_element(struct conditional *given, const struct variable *latent,
                                     const struct node *const *indices) {
  const struct definition *steps = steps_of(latent);
  struct place place = place_of_spec(&given->derivation.lowering);
  for (size_t k = 0; k < latent->type.n_dim; k++)
    place = place_at(place, steps ? steps->binders[k] : latent->binders[k], indices[k]);
  return place;
}

/* -infinity where the data say that the latent has another value there. */
static const struct node *unless_observed(const struct conditional *given, const struct variable *latent,
                                          const struct node *value, const struct node *const *indices,
                                          const struct node *mass) {
  struct graph *graph = graph_of(&given->derivation);
  if (!latent->observed) return mass;
  const struct node *x = node_gather(graph, node_value(graph, latent->observed), indices);
  const struct node *missing = is_missing(&given->derivation, latent->observed, indices);
  const struct node *fits = node_binary(graph, OP_OR, missing, node_binary(graph, OP_EQ, x, value));
  return node_select(graph, fits, mass, node_const(graph, -INFINITY));
}

/* log p(latents at the indices = the values of `next`) where they are otherwise as in `given`. */
static const struct node *log_mass(struct conditional *given, const struct conditional *next, bool initial,
                                   const struct node *const *indices) {
  struct graph *graph = graph_of(&given->derivation);
  const struct node *sum = node_const(graph, 0);
  for (size_t k = 0; k < given->together->n; k++) {
    const struct variable *latent = given->together->latents[k];
    const struct definition *steps = steps_of(latent);
    struct place place = place_at_element(given, latent, indices);
    const struct term *distribution = !steps ? latent->distribution : initial ? steps->initial[0] : steps->value;
    struct density_at at = {&given->derivation, place, next->values[k]};
    const struct node *mass = decide_family(&given->derivation, family_of(place, distribution), density_at, &at);
    sum = node_binary(graph, OP_ADD, sum, unless_observed(given, latent, next->values[k], indices, mass));
  }
  return sum;
}

/* Log density of what rests on the latents, for each of their elements: an array, or a number for scalar latents. What rests
 * on them at the place of a code counts where the code names the element; what is completed, where it is missing. */
static const struct node *emission(struct conditional *given, const struct variable *observed) {
  struct derivation *derivation = &given->derivation;
  struct graph *graph = graph_of(derivation);
  const struct type *type = &given->together->first->type;
  const struct graph_binder **map = floe__arena_array(graph->arena, type->n_dim + 1, sizeof *map);
  struct element element = element_open(derivation, observed);
  bool *kept = floe__arena_array(graph->arena, element.n_open + 1, sizeof *kept);
  const struct node *node = likelihood_of_element(derivation, observed, &element);
  if (observed->observed)
    node = node_select(graph, draw_is_missing(derivation, observed->observed, &element), node, node_const(graph, 0));
  for (size_t k = 0; k < type->n_dim; k++) {
    size_t place = observed->summed_place[k];
    map[k] = place == SIZE_MAX ? graph_open(graph, type->dim[k], type->dim[k]->name) : element.open[place];
    if (place != SIZE_MAX) kept[place] = true;
    if (place != SIZE_MAX) continue;
    const struct node *here =
        node_binary(graph, OP_EQ, lower(element.place, observed->summed_at[k]), node_binder(graph, map[k]));
    node = node_select(graph, here, node, node_const(graph, 0));
  }
  for (size_t k = element.n_open; k-- > 0;)
    if (!kept[k]) node = node_reduce(graph, REDUCE_SUM, element.open[k], node);
  return node_map(graph, type->n_dim, map, node);
}

static const struct node **emissions_of(struct conditional *given, bool observed) {
  const struct program *program = given->derivation.lowering.program;
  const struct node **list =
      floe__arena_array(graph_of(&given->derivation)->arena, program->n_variable + 1, sizeof *list);
  size_t n = 0;
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *v = program->variables[k];
    if (v->summed != given->together->first || variable_is_discrete(v)) continue;
    if (observed || v->role != ROLE_OBS) list[n++] = emission(given, v);
  }
  return list;
}

static struct values values_of(struct derivation *derivation, const struct together *all) {
  struct values values = {0};
  for (size_t k = 0; k < all->n_value && k < MAX_VALUES; k++) {
    values.at[k] = conditional_new(derivation, all, k);
    values.emissions[k] = emissions_of(values.at[k], true);
    values.unknowns[k] = emissions_of(values.at[k], false);
    values.n++;
  }
  return values;
}

static const struct node *with_emissions(struct graph *graph, const struct node *sum, const struct node *const *list,
                                         const struct node *const *indices) {
  for (; *list; list++) sum = node_binary(graph, OP_ADD, sum, node_gather(graph, *list, indices));
  return sum;
}

/* What is summed out together, and the dimension of a chain; `along` is SIZE_MAX where elements are independent. */
struct sum {
  struct together all;
  struct values values;
  size_t along;
};

/* ---- log(exp(x_1) + ... + exp(x_n)) ---- */

static const struct node *log_sum_exp(const struct derivation *derivation, size_t n, const struct node *const *x) {
  struct graph *graph = graph_of(derivation);
  const struct node *top = x[0], *sum = NULL;
  for (size_t k = 1; k < n; k++) top = node_select(graph, node_binary(graph, OP_GT, x[k], top), x[k], top);
  /* where all are -infinity, so is the result, and not NaN */
  top = node_select(graph, node_binary(graph, OP_GT, top, node_const(graph, -INFINITY)), top, node_const(graph, 0));
  for (size_t k = 0; k < n; k++) {
    const struct node *share = node_call(graph, derivation->functions.exp, node_binary(graph, OP_SUB, x[k], top));
    sum = sum ? node_binary(graph, OP_ADD, sum, share) : share;
  }
  return node_binary(graph, OP_ADD, top, node_call(graph, derivation->functions.log, sum));
}

/* ---- independent elements ---- */

static const struct node *sum_at_element(struct derivation *derivation, const struct values *values,
                                         const struct node *const *const *rest, const struct element *element) {
  struct graph *graph = graph_of(derivation);
  const struct node *joint[MAX_VALUES];
  for (size_t k = 0; k < values->n; k++)
    joint[k] = with_emissions(graph, log_mass(values->at[k], values->at[k], false, element->indices),
                              rest[k], element->indices);
  return log_sum_exp(derivation, values->n, joint);
}

/* ---- chains ---- */

/* alpha_1(j) = p(z_1 = j) e_1(j);  alpha_t(j) = e_t(j) sum_i alpha_{t-1}(i) p(z_t = j | z_{t-1} = i). In logarithms; one
 * chain for each element of the other indices. */
static const struct node *forward(struct derivation *derivation, const struct sum *sum,
                                  const struct node *const *const *rest, const struct element *element) {
  struct graph *graph = graph_of(derivation);
  const struct values *values = &sum->values;
  const struct type *type = &sum->all.first->type;
  const size_t along = sum->along;
  const struct node **nodes = floe__arena_array(graph->arena, 2 * values->n, sizeof *nodes);
  const struct node **indices = floe__arena_array(graph->arena, type->n_dim, sizeof *indices);
  const struct node *paths[MAX_VALUES], *last = node_size(graph, type->dim[along]);
  for (size_t k = 0; k < type->n_dim; k++) indices[k] = element->indices[k];
  indices[along] = node_const(graph, 1);
  for (size_t j = 0; j < values->n; j++)
    nodes[2 * j] = with_emissions(graph, log_mass(values->at[j], values->at[j], true, indices), rest[j], indices);
  const struct graph_binder *open = graph_open(graph, type->dim[along], type->dim[along]->name);
  indices[along] = node_binder(graph, open);
  for (size_t j = 0; j < values->n; j++) {
    for (size_t i = 0; i < values->n; i++)
      paths[i] = node_binary(graph, OP_ADD, node_previous(graph, open, i, 1, BASE_REAL),
                             log_mass(values->at[i], values->at[j], false, indices));
    nodes[2 * j + 1] = with_emissions(graph, log_sum_exp(derivation, values->n, paths), rest[j], indices);
  }
  const struct node *scan = node_scan(graph, open, 2, values->n, nodes);
  for (size_t j = 0; j < values->n; j++) paths[j] = node_gather(graph, node_project(graph, scan, j), &last);
  return log_sum_exp(derivation, values->n, paths);
}

/* ---- the term ---- */

static const struct sum *sum_of(struct derivation *derivation, const struct variable *latent) {
  struct sum *sum = floe__arena_alloc(graph_of(derivation)->arena, sizeof *sum); /* the derivations of its values mean it */
  *sum = (struct sum){.all = together_with(derivation, latent), .along = SIZE_MAX};
  sum->values = values_of(derivation, &sum->all);
  for (size_t k = 0; k < sum->all.n; k++)
    if (steps_of(sum->all.latents[k])) sum->along = place_along(steps_of(sum->all.latents[k]));
  return sum;
}

/* The loops over the latent's elements; over chains, where elements form such. */
static struct element sum_open(struct derivation *derivation, const struct sum *sum, bool chains) {
  if (sum->along == SIZE_MAX) return element_open(derivation, sum->all.first);
  struct graph *graph = graph_of(derivation);
  const struct type *type = &sum->all.first->type;
  struct element element = {.open = floe__arena_array(graph->arena, type->n_dim, sizeof *element.open),
                            .indices = floe__arena_array(graph->arena, type->n_dim, sizeof *element.indices)};
  for (size_t k = 0; k < type->n_dim; k++) {
    if (k == sum->along && chains) continue;
    element.open[element.n_open] = graph_open(graph, type->dim[k], type->dim[k]->name);
    element.indices[k] = node_binder(graph, element.open[element.n_open++]);
  }
  return element;
}

/* `rest`: by value, what is to be counted of all that rests on the latents. */
static const struct node *log_sum(struct derivation *derivation, const struct sum *sum,
                                  const struct node *const *const *rest, const struct element *element) {
  if (sum->along == SIZE_MAX) return sum_at_element(derivation, &sum->values, rest, element);
  return forward(derivation, sum, rest, element);
}

/* Of observations given the unknowns, where some of these rest on the latents, too. */
static const struct node *log_likelihood(struct derivation *derivation, const struct sum *sum, bool unknowns,
                                         const struct element *element) {
  struct graph *graph = graph_of(derivation);
  const struct node *all = log_sum(derivation, sum, sum->values.emissions, element);
  return unknowns ? node_binary(graph, OP_SUB, all, log_sum(derivation, sum, sum->values.unknowns, element)) : all;
}

static const struct node *log_prior(struct derivation *derivation, const struct sum *sum, bool unknowns,
                                    const struct element *element) {
  (void)unknowns;
  return log_sum(derivation, sum, sum->values.unknowns, element);
}

typedef const struct node *(*part_of_sum)(struct derivation *derivation, const struct sum *sum, bool unknowns,
                                          const struct element *element);

static const struct node *sum_everywhere(struct derivation *derivation, const struct sum *sum, bool unknowns,
                                         part_of_sum part) {
  const struct element element = sum_open(derivation, sum, true);
  const struct node *node = part(derivation, sum, unknowns, &element);
  for (size_t k = element.n_open; k-- > 0;) node = node_reduce(graph_of(derivation), REDUCE_SUM, element.open[k], node);
  return node;
}

static const struct node *sum_by_element(struct derivation *derivation, const struct sum *sum, bool unknowns) {
  const struct element element = sum_open(derivation, sum, false);
  const struct node *node = log_likelihood(derivation, sum, unknowns, &element);
  if (sum->along != SIZE_MAX) node = at_first(derivation, 1, element.indices + sum->along, node);
  return element_close(derivation, &element, node);
}

void derive_summed(struct derivation *derivation, const struct variable *latent, bool pointwise) {
  const struct program *program = derivation->lowering.program;
  const struct variable *observed = NULL, *unknown = NULL, *data = NULL;
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *v = program->variables[k];
    if (v->summed != latent) continue;
    if (v->role == ROLE_OBS) observed = v;
    else if (!variable_is_discrete(v)) unknown = v;
    else if (v->observed) data = v->observed;
  }
  if (!observed && !unknown) observed = data;
  if (!observed && (!unknown || pointwise)) return; /* summed out with another latent; or its masses sum to 1 */
  const struct sum *sum = sum_of(derivation, latent);
  if (pointwise)
    derive_root(derivation, (struct root){.target = TARGET_VALUE,
                                          .variable = latent,
                                          .presence = latent->presence,
                                          .node = sum_by_element(derivation, sum, unknown)});
  else if (observed)
    derive_term(derivation, observed, TAG_LIKELIHOOD, sum_everywhere(derivation, sum, unknown, log_likelihood));
  if (unknown && !pointwise)
    derive_term(derivation, unknown, TAG_PRIOR, sum_everywhere(derivation, sum, unknown, log_prior));
}
