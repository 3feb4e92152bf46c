/* Discrete latents summed out of the density. Independent elements: log sum_k p(z = k) prod_y p(y | z = k) for each element
 * of the plate. Chains: the forward algorithm in log space (Rabiner 1989, "A tutorial on hidden Markov models"), linear in
 * the length of the chain. The sum over the values is written out: they are few. */
#include <math.h>

#include "base/arena.h"
#include "compiler/passes/derive.h"

#define MAX_VALUES 64

static struct graph *graph_of(const struct derivation *derivation) {
  return derivation->lowering.graph;
}

/* ---- what the density is where the latent has a value ---- */

/* The derivation of the density, with every element of the latent at one value. Definitions are lowered anew in it. */
struct conditional {
  struct derivation derivation;
  struct reading outer;
  const struct variable *latent;
  const struct node *value;
};

static const struct node *read_conditional(void *context, const struct variable *variable) {
  const struct conditional *conditional = context;
  if (variable == conditional->latent) return conditional->value;
  return conditional->outer.value(conditional->outer.context, variable);
}

static struct conditional *conditional_new(struct derivation *derivation, const struct variable *latent, double value) {
  struct graph *graph = graph_of(derivation);
  struct conditional *conditional = floe__arena_alloc(graph->arena, sizeof *conditional);
  *conditional =
      (struct conditional){.derivation = *derivation, .outer = derivation->lowering.reading, .latent = latent};
  conditional->value = latent->type.base == BASE_BOOL ? node_truth(graph, value != 0) : node_const(graph, value);
  conditional->derivation.lowering.reading = (struct reading){read_conditional, conditional};
  conditional->derivation.lowering.spec = (struct frame){0};
  return conditional;
}

/* All values of a latent. */
struct values {
  size_t n;
  struct conditional *at[MAX_VALUES];
};

static struct values values_of(struct derivation *derivation, const struct variable *latent) {
  struct values values = {0};
  double low, high;
  if (!variable_values(latent, &low, &high)) return values; /* not reached: meaning/ refuses these */
  for (double k = low; k <= high && values.n < MAX_VALUES; k++)
    values.at[values.n++] = conditional_new(derivation, latent, k);
  return values;
}

/* The same place, in another derivation. */
static struct place place_moved(struct place place, struct derivation *derivation) {
  struct place moved = place_of_spec(&derivation->lowering);
  moved.loops = place.loops;
  return moved;
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

/* log p(latent = the value of `next`) where the latent's elements are otherwise as in `given`; `place` is one of `given`. */
static const struct node *log_mass(const struct conditional *given, struct place place, const struct term *distribution,
                                   const struct conditional *next) {
  struct density_at at = {&given->derivation, place, next->value};
  return decide_family(&given->derivation, family_of(place, distribution), density_at, &at);
}

/* Log likelihood of what rests on the latent, for each element of its plate: an array, or a number for a scalar latent. */
static const struct node *emission(struct conditional *given, const struct variable *observed) {
  struct derivation *derivation = &given->derivation;
  size_t n_plate = given->latent->type.n_dim;
  struct element element = element_open(derivation, observed);
  const struct node *node = likelihood_of_element(derivation, observed, &element);
  for (size_t k = element.n_open; k-- > n_plate;)
    node = node_reduce(graph_of(derivation), REDUCE_SUM, element.open[k], node);
  return node_map(graph_of(derivation), n_plate, element.open, node);
}

/* Per value, the emissions of all observations: (n value) lists that end with NULL. */
static const struct node **emissions_of(struct conditional *given) {
  const struct program *program = given->derivation.lowering.program;
  const struct node **list =
      floe__arena_array(graph_of(&given->derivation)->arena, program->n_variable + 1, sizeof *list);
  size_t n = 0;
  for (size_t k = 0; k < program->n_variable; k++)
    if (program->variables[k]->summed == given->latent) list[n++] = emission(given, program->variables[k]);
  return list;
}

static const struct node *with_emissions(struct graph *graph, const struct node *sum, const struct node *const *list,
                                         const struct node *const *indices) {
  for (; *list; list++) sum = node_binary(graph, OP_ADD, sum, node_gather(graph, *list, indices));
  return sum;
}

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

static const struct node *sum_of_plate(struct derivation *derivation, const struct variable *latent,
                                       const struct values *values, const struct node **const *emissions) {
  struct graph *graph = graph_of(derivation);
  const struct node *joint[MAX_VALUES];
  struct element element = element_open(derivation, latent);
  for (size_t k = 0; k < values->n; k++) {
    const struct node *mass = log_mass(values->at[k], place_moved(element.place, &values->at[k]->derivation),
                                       latent->distribution, values->at[k]);
    joint[k] = with_emissions(graph, mass, emissions[k], element.indices);
  }
  const struct node *sum = log_sum_exp(derivation, values->n, joint);
  for (size_t k = element.n_open; k-- > 0;) sum = node_reduce(graph, REDUCE_SUM, element.open[k], sum);
  return sum;
}

/* ---- chains ---- */

/* alpha_1(j) = p(z_1 = j) e_1(j);  alpha_t(j) = e_t(j) sum_i alpha_{t-1}(i) p(z_t = j | z_{t-1} = i). In logarithms. */
static const struct node *forward(struct derivation *derivation, const struct definition *chain,
                                  const struct values *values, const struct node **const *emissions) {
  struct graph *graph = graph_of(derivation);
  const struct recurrence *recurrence = chain->recurrence;
  const struct dimension *dimension = recurrence->binder->dimension;
  const struct node **nodes = floe__arena_array(graph->arena, 2 * values->n, sizeof *nodes);
  const struct node *paths[MAX_VALUES], *first = node_const(graph, 1), *last = node_size(graph, dimension);
  const struct graph_binder *open;
  for (size_t j = 0; j < values->n; j++) {
    struct place place = place_at(place_of_spec(&values->at[j]->derivation.lowering), recurrence->binder, first);
    nodes[2 * j] =
        with_emissions(graph, log_mass(values->at[j], place, chain->initial[0], values->at[j]), emissions[j], &first);
  }
  struct place inside = place_within(place_of_spec(&derivation->lowering), recurrence->binder, dimension,
                                     recurrence->binder->name, &open);
  const struct node *here = node_binder(graph, open);
  for (size_t j = 0; j < values->n; j++) {
    for (size_t i = 0; i < values->n; i++) {
      struct place place = place_moved(inside, &values->at[i]->derivation);
      paths[i] = node_binary(graph, OP_ADD, node_previous(graph, open, i, 1, BASE_REAL),
                             log_mass(values->at[i], place, chain->value, values->at[j]));
    }
    nodes[2 * j + 1] = with_emissions(graph, log_sum_exp(derivation, values->n, paths), emissions[j], &here);
  }
  const struct node *scan = node_scan(graph, open, 2, values->n, nodes);
  for (size_t j = 0; j < values->n; j++) paths[j] = node_gather(graph, node_project(graph, scan, j), &last);
  return log_sum_exp(derivation, values->n, paths);
}

/* ---- the term ---- */

void derive_summed(struct derivation *derivation, const struct variable *latent) {
  const struct program *program = derivation->lowering.program;
  const struct variable *observed = NULL;
  for (size_t k = 0; k < program->n_variable && !observed; k++)
    if (program->variables[k]->summed == latent) observed = program->variables[k];
  if (!observed) return; /* its masses sum to 1 */
  struct values values = values_of(derivation, latent);
  const struct node **emissions[MAX_VALUES];
  for (size_t k = 0; k < values.n; k++) emissions[k] = emissions_of(values.at[k]);
  const struct term *distribution = latent->distribution;
  bool chain = distribution->kind == TERM_DEFINITION && distribution->definition->variable;
  const struct node *term = chain ? forward(derivation, distribution->definition, &values, emissions)
                                  : sum_of_plate(derivation, latent, &values, emissions);
  derive_term(derivation, observed, TAG_LIKELIHOOD, term);
}
