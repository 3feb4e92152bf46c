/* The log density of coordinates: prior and likelihood terms, and the Jacobians of the transforms. */
#include <math.h>

#include "base/arena.h"
#include "compiler/passes/derive.h"

static struct graph *graph_of(const struct derivation *derivation) {
  return derivation->lowering.graph;
}

/* ---- the edge of the support ---- */

/* Whether every number that the first bound lets through passes the second one too. `side` is 1 for lower bounds. */
static bool implied(const struct node *known, const struct node *needed, int side) {
  if (!needed || known == needed) return true;
  if (!known || known->kind != NODE_CONST || needed->kind != NODE_CONST) return false;
  return side * known->number >= side * needed->number;
}

static const struct node *guarded(const struct derivation *derivation, const struct node *density, const struct node *x,
                                  enum operator_kind op, const struct node *bound, const struct node *absent) {
  struct graph *graph = graph_of(derivation);
  const struct node *within = node_binary(graph, op, x, bound);
  return node_finite(graph, density, absent ? node_binary(graph, OP_OR, absent, within) : within);
}

const struct node *density_supported(const struct derivation *derivation, struct place place,
                                     const struct family *single, const struct node *density, const struct node *x,
                                     struct known_bounds known) {
  const struct node *least = family_low(place, single), *most = family_high(place, single);
  bool strict = single->distribution->support.strict;
  if (x->n_dim) return density;
  if (!implied(known.low, least, 1) || (least && strict && !known.strict))
    density = guarded(derivation, density, x, strict ? OP_GT : OP_GE, least, known.absent);
  if (!implied(known.high, most, -1)) density = guarded(derivation, density, x, OP_LE, most, known.absent);
  return density;
}

/* ---- params and latents ---- */

/* One draw of a variable: a number, or the array over a joint distribution's dimensions. */
static const struct node *one_draw(const struct derivation *derivation, const struct variable *variable,
                                   const struct element *element, const struct node *whole) {
  struct graph *graph = graph_of(derivation);
  const struct type *type = &variable->type;
  const size_t n_joint = element->n_joint, n_before = type->n_dim - n_joint;
  if (n_joint == 0) return node_gather(graph, whole, element->indices);
  if (n_before == 0) return whole;
  const struct graph_binder **open = floe__arena_array(graph->arena, n_joint, sizeof *open);
  const struct node **indices = floe__arena_array(graph->arena, type->n_dim, sizeof *indices);
  for (size_t k = 0; k < n_before; k++) indices[k] = element->indices[k];
  for (size_t k = 0; k < n_joint; k++) {
    const struct dimension *dimension = type->dim[n_before + k];
    open[k] = graph_open(graph, dimension, dimension->name);
    indices[n_before + k] = node_binder(graph, open[k]);
  }
  return node_map(graph, n_joint, open, node_gather(graph, whole, indices));
}

struct draw {
  struct derivation *derivation;
  const struct variable *variable;
  const struct element *element;
};

static const struct node *density_of_draw(const struct draw *draw, const struct family *single, const struct node *x,
                                          struct known_bounds known) {
  struct place place = draw->element->place;
  if (is_sorted_sample(draw->variable, single)) return sorted_log_density(draw->derivation, place, single, x);
  return density_supported(draw->derivation, place, single, family_log_density(place, single, x), x, known);
}

struct prior {
  struct derivation *derivation;
  const struct variable *variable;
};

const struct node *draw_is_missing(const struct derivation *derivation, const struct variable *observed,
                                          const struct element *element) {
  struct graph *graph = graph_of(derivation);
  const size_t n_dim = observed->type.n_dim, n_known = n_dim - element->n_joint;
  if (n_known == n_dim) return is_missing(derivation, observed, element->indices);
  const struct graph_binder **open = floe__arena_array(graph->arena, n_dim, sizeof *open);
  const struct node **indices = floe__arena_array(graph->arena, n_dim, sizeof *indices);
  for (size_t k = 0; k < n_known; k++) indices[k] = element->indices[k];
  for (size_t k = n_known; k < n_dim; k++) {
    open[k] = graph_open(graph, observed->type.dim[k], observed->type.dim[k]->name);
    indices[k] = node_binder(graph, open[k]);
  }
  const struct node *missing = is_missing(derivation, observed, indices);
  for (size_t k = n_dim; k-- > n_known;) missing = node_reduce(graph, REDUCE_ANY, open[k], missing);
  return missing;
}

/* A quantity that only elements with coordinates of their own have. */
static const struct node *of_unknown(const struct derivation *derivation, const struct element *element,
                                     const struct variable *variable, const struct node *quantity) {
  struct graph *graph = graph_of(derivation);
  if (!variable->observed) return quantity;
  return node_select(graph, draw_is_missing(derivation, variable->observed, element), quantity, node_const(graph, 0));
}

/* Of the residual z: that of location + scale z, times the scale. */
static const struct node *residual_density(const struct derivation *derivation, const struct element *element,
                                           const struct family *single, const struct form *form, const struct node *u) {
  struct graph *graph = graph_of(derivation);
  struct place place = element->place;
  const struct family *standard = family_standard(place, single);
  if (standard) return family_log_density(place, standard, form_residual(derivation, form, u));
  return node_binary(graph, OP_ADD, family_log_density(place, single, form_value(derivation, form, u)),
                     node_call(graph, derivation->functions.log, form->scale));
}

static const struct node *prior_quantity(const struct derivation *derivation, const struct element *element,
                                         const struct family *single, const struct form *form, void *context) {
  struct graph *graph = graph_of(derivation);
  const struct prior *prior = context;
  if (form->kind == FORM_RESIDUAL || form->kind == FORM_PARTIAL) {
    const struct node *u = one_draw(derivation, prior->variable, element, node_coordinate(graph, prior->variable));
    const struct node *density = residual_density(derivation, element, single, form, u);
    return of_unknown(derivation, element, prior->variable, density);
  }
  const struct node *x =
      one_draw(derivation, prior->variable, element, value_from_coordinates(prior->derivation, prior->variable));
  const struct node *density =
      of_unknown(derivation, element, prior->variable, family_log_density(element->place, single, x));
  const struct variable *data = prior->variable->observed;
  const struct node *observed = data ? node_unary(graph, OP_NOT, draw_is_missing(derivation, data, element)) : NULL;
  return density_supported(derivation, element->place, single, density, x,
                           (struct known_bounds){form->low, form->high, true, observed});
}

static const struct node *jacobian_quantity(const struct derivation *derivation, const struct element *element,
                                            const struct family *single, const struct form *form, void *context) {
  struct graph *graph = graph_of(derivation);
  const struct variable *variable = context;
  const struct node *u = node_gather(graph, node_coordinate(graph, variable), element->indices);
  (void)single;
  return of_unknown(derivation, element, variable, form_log_jacobian(derivation, form, u));
}

static const struct node *structured_quantity(void *context, const struct family *single);

static const struct node *structured_step(struct derivation *derivation, const struct element *element,
                                          const struct definition *steps, void *context) {
  struct draw draw = {derivation, steps->variable, element};
  (void)context;
  return decide_family(derivation, family_of(element->place, element->distribution), structured_quantity, &draw);
}

/* Structures: the same in both systems of coordinates. */
static const struct node *structured_quantity(void *context, const struct family *single) {
  const struct draw *draw = context;
  if (single->steps) return derive_steps(draw->derivation, single->steps, NULL, draw->element, structured_step, NULL);
  const struct node *x = one_draw(draw->derivation, draw->variable, draw->element,
                                  value_from_coordinates(draw->derivation, draw->variable));
  return density_of_draw(draw, single, x, (struct known_bounds){NULL, NULL, false, NULL});
}

static const struct node *summed(struct derivation *derivation, const struct element *element,
                                 const struct node *node) {
  for (size_t k = element->n_open; k-- > 0;)
    node = node_reduce(graph_of(derivation), REDUCE_SUM, element->open[k], node);
  return node;
}

void derive_term(struct derivation *derivation, const struct variable *variable, enum term_tag tag,
                 const struct node *node) {
  if (node->kind == NODE_CONST && node->number == 0) return;
  derive_root(
      derivation,
      (struct root){
          .target = TARGET_TERM, .variable = variable, .tag = tag, .presence = variable->presence, .node = node});
}

static void add_structured_prior(struct derivation *derivation, const struct variable *variable) {
  struct element element = element_open(derivation, variable);
  struct draw draw = {derivation, variable, &element};
  const struct family *family = family_of(element.place, variable->distribution);
  const struct node *term = decide_family(derivation, family, structured_quantity, &draw);
  if (!variable->summed) derive_term(derivation, variable, TAG_PRIOR, summed(derivation, &element, term));
  derive_term(derivation, variable, TAG_JACOBIAN, structured_log_jacobian(derivation, variable));
}

/* The density of what rests on discrete latents stands in the sum over their values. */
static void add_prior(struct derivation *derivation, const struct variable *variable) {
  struct prior prior = {derivation, variable};
  value_from_coordinates(derivation, variable);
  if (variable->free) {
    add_structured_prior(derivation, variable);
    return;
  }
  if (variable->distribution && !variable->summed) {
    struct element element = element_open(derivation, variable);
    const struct node *term = decide_coordinates(derivation, &element, variable, prior_quantity, &prior);
    derive_term(derivation, variable, TAG_PRIOR, summed(derivation, &element, term));
  }
  struct element element = element_open(derivation, variable);
  element_open_joint(derivation, variable, &element);
  const struct node *jacobian =
      decide_coordinates(derivation, &element, variable, jacobian_quantity, (void *)(uintptr_t)variable);
  derive_term(derivation, variable, TAG_JACOBIAN, summed(derivation, &element, jacobian));
}

/* ---- obs ---- */

/* What the data reader has checked: constant bounds of the family's type. */
static const struct node *checked_bound(const struct draw *draw, const struct term *bound) {
  const struct node *node = bound ? lower(draw->element->place, bound) : NULL;
  return node && node->kind == NODE_CONST ? node : NULL;
}

static const struct node *likelihood_of(void *context, const struct family *single);

static const struct node *likelihood_of_step(struct derivation *derivation, const struct element *element,
                                             const struct definition *steps, void *context) {
  const struct variable *variable = context; /* that of the steps, or the data that it completes */
  (void)steps;
  return likelihood_of_element(derivation, variable, element);
}

/* What a joint density makes of NaN is nothing to select from: draws with gaps are completed first. */
static const struct node *value_of(const struct derivation *derivation, const struct variable *variable,
                                   const struct element *element) {
  const struct reading *reading = &derivation->lowering.reading;
  const bool joint = variable->completed && element->n_joint;
  if (variable->role != ROLE_OBS || joint)
    return reading->value(reading->context, joint ? variable->completed : variable);
  return node_value(graph_of(derivation), variable);
}

static const struct node *likelihood_of(void *context, const struct family *single) {
  const struct draw *draw = context;
  const struct variable *variable = draw->variable;
  struct derivation *derivation = draw->derivation;
  if (single->steps)
    return derive_steps(derivation, single->steps, variable->role == ROLE_OBS ? derivation->nothing : NULL,
                        draw->element, likelihood_of_step, (void *)(uintptr_t)variable);
  const struct node *x = one_draw(derivation, variable, draw->element, value_of(derivation, variable, draw->element));
  struct known_bounds known = {checked_bound(draw, variable->type.low), checked_bound(draw, variable->type.high),
                               variable->type.strict, NULL};
  if (!variable->missing) return density_of_draw(draw, single, x, known);
  struct graph *graph = graph_of(derivation);
  const struct place place = draw->element->place;
  known.absent = draw_is_missing(derivation, variable, draw->element);
  const struct node *density =
      node_select(graph, known.absent, derivation->nothing, family_log_density(place, single, x));
  return density_supported(derivation, place, single, density, x, known);
}

const struct node *likelihood_of_element(struct derivation *derivation, const struct variable *variable,
                                         const struct element *element) {
  struct draw draw = {derivation, variable, element};
  return decide_family(derivation, family_of(element->place, element->distribution), likelihood_of, &draw);
}

static void add_likelihood(struct derivation *derivation, const struct variable *variable) {
  struct element element = element_open(derivation, variable);
  const struct node *term = likelihood_of_element(derivation, variable, &element);
  derive_term(derivation, variable, TAG_LIKELIHOOD, summed(derivation, &element, term));
}

/* Observed values of a discrete latent count where its missing ones are summed out. */
static bool is_summed_itself(const struct variable *variable) {
  return variable->completed && variable_is_discrete(variable->completed);
}

static bool is_observed(const struct variable *variable) {
  return variable->role == ROLE_OBS && variable->distribution && !variable->summed && !is_summed_itself(variable);
}

void derive_log_density(struct derivation *derivation) {
  const struct program *program = derivation->lowering.program;
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *variable = program->variables[k];
    if (variable_is_discrete(variable))
      derive_summed(derivation, variable, false);
    else if (variable->role == ROLE_PARAM || variable->role == ROLE_LATENT)
      add_prior(derivation, variable);
    else if (is_observed(variable))
      add_likelihood(derivation, variable);
  }
}

/* ---- each observation by itself ---- */

/* A draw that is an array counts as one observation: at its first element. */
const struct node *at_first(const struct derivation *derivation, size_t n, const struct node *const *indices,
                            const struct node *quantity) {
  struct graph *graph = graph_of(derivation);
  for (size_t k = 0; k < n; k++) {
    const struct node *first = node_binary(graph, OP_EQ, indices[k], node_const(graph, 1));
    quantity = node_select(graph, first, quantity, derivation->nothing);
  }
  return quantity;
}

static void add_observation(struct derivation *derivation, const struct variable *variable) {
  struct element element = element_open(derivation, variable);
  const size_t n = element.n_open;
  const struct node *term = likelihood_of_element(derivation, variable, &element);
  element_open_joint(derivation, variable, &element);
  term = at_first(derivation, element.n_open - n, element.indices + n, term);
  derive_root(derivation, (struct root){.target = TARGET_VALUE,
                                        .variable = variable,
                                        .presence = variable->presence,
                                        .node = element_close(derivation, &element, term)});
}

void derive_pointwise(struct derivation *derivation) {
  const struct program *program = derivation->lowering.program;
  derivation->nothing = node_const(graph_of(derivation), NAN);
  for (size_t k = 0; k < program->n_variable; k++)
    if (variable_is_discrete(program->variables[k]))
      derive_summed(derivation, program->variables[k], true);
    else if (is_observed(program->variables[k]))
      add_observation(derivation, program->variables[k]);
}
