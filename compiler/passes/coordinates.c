/* Unconstrained coordinates: per element by its bounds, or as a standardised residual where the distribution is affine.
 * The log-Jacobian of a residual is absorbed by the density of the standard form: p(m + s z) s = p_standard(z). */
#include <math.h>

#include "base/arena.h"
#include "compiler/passes/derive.h"

/* ---- forms ---- */

static struct graph *graph_of(const struct derivation *derivation) {
  return derivation->lowering.graph;
}

/* Where the scale is 0 the number is its location, and any power will do: that of a scale of 1. */
static const struct node *log_scale(const struct derivation *derivation, const struct form *form) {
  struct graph *graph = graph_of(derivation);
  const struct node *log = node_call(graph, derivation->functions.log, form->scale);
  if (log->kind != NODE_EXTERN || log->args[0] != form->scale) return log; /* of an exponential, or a constant */
  const struct node *none = node_const(graph, 0);
  return node_select(graph, node_binary(graph, OP_EQ, form->scale, none), none, log);
}

/* A product with centring, which is a finite number. */
static const struct node *centred(const struct derivation *derivation, const struct form *form, const struct node *by) {
  struct graph *graph = graph_of(derivation);
  return by->kind == NODE_CONST && by->number == 0 ? by : node_binary(graph, OP_MUL, form->centring, by);
}

/* scale^(sign centring). */
static const struct node *power_of_scale(const struct derivation *derivation, const struct form *form, double sign) {
  struct graph *graph = graph_of(derivation);
  const struct node *power = centred(derivation, form, log_scale(derivation, form));
  return node_call(graph, derivation->functions.exp, sign < 0 ? node_unary(graph, OP_NEG, power) : power);
}

const struct node *form_residual(const struct derivation *derivation, const struct form *form, const struct node *u) {
  struct graph *graph = graph_of(derivation);
  if (form->kind == FORM_RESIDUAL) return u;
  return node_binary(graph, OP_MUL, power_of_scale(derivation, form, -1),
                     node_binary(graph, OP_SUB, u, centred(derivation, form, form->location)));
}

const struct node *form_value(const struct derivation *derivation, const struct form *form, const struct node *u) {
  struct graph *graph = graph_of(derivation);
  const struct transform_functions *functions = &derivation->functions;
  switch (form->kind) {
    case FORM_IDENTITY: return u;
    case FORM_LOW: return node_binary(graph, OP_ADD, form->low, node_call(graph, functions->exp, u));
    case FORM_HIGH: return node_binary(graph, OP_SUB, form->high, node_call(graph, functions->exp, u));
    case FORM_BOTH:
      return node_binary(graph, OP_ADD, form->low,
                         node_binary(graph, OP_MUL, node_binary(graph, OP_SUB, form->high, form->low),
                                     node_call(graph, functions->inv_logit, u)));
    case FORM_RESIDUAL:
    case FORM_PARTIAL:
      return node_binary(graph, OP_ADD, form->location,
                         node_binary(graph, OP_MUL, form->scale, form_residual(derivation, form, u)));
  }
  return NULL;
}

const struct node *form_coordinate(const struct derivation *derivation, const struct form *form,
                                   const struct node *value) {
  struct graph *graph = graph_of(derivation);
  const struct external *log = derivation->functions.log;
  const struct node *above = form->low ? node_binary(graph, OP_SUB, value, form->low) : NULL;
  const struct node *below = form->high ? node_binary(graph, OP_SUB, form->high, value) : NULL;
  switch (form->kind) {
    case FORM_IDENTITY: return value;
    case FORM_LOW: return node_call(graph, log, above);
    case FORM_HIGH: return node_call(graph, log, below);
    case FORM_BOTH: return node_binary(graph, OP_SUB, node_call(graph, log, above), node_call(graph, log, below));
    case FORM_RESIDUAL:
      return node_binary(graph, OP_DIV, node_binary(graph, OP_SUB, value, form->location), form->scale);
    case FORM_PARTIAL: {
      const struct node *z = node_binary(graph, OP_DIV, node_binary(graph, OP_SUB, value, form->location), form->scale);
      return node_binary(graph, OP_ADD, centred(derivation, form, form->location),
                         node_binary(graph, OP_MUL, power_of_scale(derivation, form, 1), z));
    }
  }
  return NULL;
}

const struct node *form_log_jacobian(const struct derivation *derivation, const struct form *form,
                                     const struct node *u) {
  struct graph *graph = graph_of(derivation);
  const struct transform_functions *functions = &derivation->functions;
  switch (form->kind) {
    case FORM_IDENTITY:
    case FORM_RESIDUAL: return node_const(graph, 0);
    case FORM_LOW:
    case FORM_HIGH: return u;
    case FORM_BOTH: {
      const struct node *width = node_call(graph, functions->log, node_binary(graph, OP_SUB, form->high, form->low));
      const struct node *falling = node_call(graph, functions->log1p_exp, node_unary(graph, OP_NEG, u));
      const struct node *rising = node_call(graph, functions->log1p_exp, u);
      return node_binary(graph, OP_SUB, node_binary(graph, OP_SUB, width, falling), rising);
    }
    case FORM_PARTIAL: return node_unary(graph, OP_NEG, centred(derivation, form, log_scale(derivation, form)));
  }
  return NULL;
}

static struct form form_between(const struct node *low, const struct node *high) {
  enum form_kind kind = low && high ? FORM_BOTH : low ? FORM_LOW : high ? FORM_HIGH : FORM_IDENTITY;
  return (struct form){.kind = kind, .low = low, .high = high};
}

static struct form affine_form(enum form_kind kind, struct place place, const struct family *single) {
  return (struct form){.kind = kind, .location = family_location(place, single), .scale = family_scale(place, single)};
}

static const struct node *value_quantity(const struct derivation *derivation, const struct element *element,
                                         const struct family *single, const struct form *form, void *variable);

/* ---- which form ---- */

static bool depends_on_parameters(struct place place, const struct family *single) {
  return family_location(place, single)->level >= LEVEL_PARAM || family_scale(place, single)->level >= LEVEL_PARAM;
}

struct affinity {
  bool all_affine, some_dependent;
};

static void survey(struct place place, const struct family *family, struct affinity *affinity) {
  for (size_t k = 0; k < family->n; k++)
    if (family->options[k]) survey(place, family->options[k], affinity);
  if (family->n) return;
  if (!family_is_affine(family))
    affinity->all_affine = false;
  else if (depends_on_parameters(place, family))
    affinity->some_dependent = true;
}

struct decision {
  struct derivation *derivation;
  const struct element *element;
  const struct variable *variable;
  enum coordinates coordinates;
  bool residual; /* FAMILY: every option is affine and some option depends on parameters */
  element_quantity quantity;
  void *context;
};

static const struct node *bound_of_type(const struct decision *decision, const struct term *bound) {
  return bound ? finite_bound(lower(decision->element->place, bound)) : NULL;
}

static struct form form_of_type(const struct decision *decision) {
  const struct type *type = &decision->variable->type;
  return form_between(bound_of_type(decision, type->low), bound_of_type(decision, type->high));
}

static const struct node *with_form(const struct decision *decision, const struct family *single, struct form form) {
  return decision->quantity(decision->derivation, decision->element, single, &form, decision->context);
}

static bool is_label(const char *label, const char *text) {
  while (*label && *label == *text) label++, text++;
  return *label == *text;
}

/* The parameterisation by the `via` axis: centred is the number itself, anything else the residual. */
static const struct node *decide_via(const struct decision *decision, const struct family *single) {
  const struct axis *via = decision->variable->via;
  const struct node *options[64];
  for (size_t k = 0; k < via->n_option; k++) {
    bool centred = is_label(via->options[k].label, "centred");
    options[k] = with_form(decision, single,
                           centred ? (struct form){.kind = FORM_IDENTITY}
                                   : affine_form(FORM_RESIDUAL, decision->element->place, single));
  }
  return node_choose(graph_of(decision->derivation), via, options);
}

/* Without `via` the sampler chooses; everything else takes 0. */
static struct form form_by_sampler(const struct decision *decision, const struct family *single) {
  const struct element *element = decision->element;
  if (decision->variable->via) return affine_form(FORM_RESIDUAL, element->place, single);
  struct graph *graph = graph_of(decision->derivation);
  struct form form = affine_form(FORM_PARTIAL, element->place, single);
  form.centring = node_gather(graph, node_centring(graph, decision->variable), element->indices);
  return form;
}

static const struct node *decide_single(void *context, const struct family *single) {
  const struct decision *decision = context;
  struct place place = decision->element->place;
  bool affine = family_is_affine(single);
  if (decision->coordinates == COORDINATES_FAMILY)
    return with_form(decision, single, decision->residual ? form_by_sampler(decision, single) : form_of_type(decision));
  if (affine && decision->variable->via) return decide_via(decision, single);
  if (affine && (decision->element->step || depends_on_parameters(place, single)))
    return with_form(decision, single, form_by_sampler(decision, single));
  return with_form(decision, single, form_between(family_low(place, single), family_high(place, single)));
}

const struct node *decide_family(const struct derivation *derivation, const struct family *family,
                                 const struct node *(*of)(void *context, const struct family *single), void *context) {
  if (!family->n) return of(context, family);
  const struct node *options[64] = {NULL};
  for (size_t k = 0; k < family->n; k++)
    if (family->options[k]) options[k] = decide_family(derivation, family->options[k], of, context);
  return node_choose(graph_of(derivation), family->axis, options);
}

static const struct node *decide_systems(struct decision *decision, const struct family *family) {
  struct affinity affinity = {.all_affine = true, .some_dependent = decision->element->step};
  survey(decision->element->place, family, &affinity);
  decision->residual = affinity.all_affine && affinity.some_dependent;
  const struct node *systems[N_COORDINATES];
  for (size_t k = 0; k < N_COORDINATES; k++) {
    decision->coordinates = (enum coordinates)k;
    systems[k] = decide_family(decision->derivation, family, decide_single, decision);
  }
  return node_choose(graph_of(decision->derivation), NULL, systems);
}

/* ---- elements one after the other ---- */

static bool has_steps(const struct family *family) {
  bool has = family->steps != NULL;
  for (size_t k = 0; k < family->n; k++) has = has || (family->options[k] && has_steps(family->options[k]));
  return has;
}

static bool both_unknown(const struct variable *a, const struct variable *b) {
  return a->role != ROLE_OBS && b->role != ROLE_OBS && !variable_is_discrete(a) && !variable_is_discrete(b);
}

static const struct node *step_by_itself(struct derivation *derivation, const struct element *element,
                                         const struct definition *steps, void *context) {
  const struct decision *decision = context;
  return decide_coordinates(derivation, element, steps->variable, decision->quantity, decision->context);
}

static const struct node *step_in_turn(struct derivation *derivation, const struct element *element,
                                       const struct definition *steps, void *context) {
  (void)context;
  return decide_coordinates(derivation, element, steps->variable, value_quantity, (void *)(uintptr_t)steps->variable);
}

/* Vectors and matrices that are drawn at once, of any numbers. */
static bool is_any_vector(const struct term *distribution) {
  bool any = distribution->type.n_dim != 0;
  if (distribution->kind == TERM_CHOOSE) {
    for (size_t k = 0; k < distribution->n_item; k++)
      any = any && (!distribution->items[k] || is_any_vector(distribution->items[k]));
    return any;
  }
  const struct distribution *d = distribution->kind == TERM_DISTRIBUTION ? distribution->distribution : NULL;
  return any && d && !d->location && !d->support.low && !d->support.high;
}

/* Whether the numbers are their own coordinates at every step, whatever came before. */
static bool are_coordinates(const struct variable *variable, const struct definition *steps) {
  bool all = !variable->type.low && !variable->type.high && is_any_vector(steps->value);
  for (size_t k = 0; k + 1 < steps->recurrence->start; k++) all = all && is_any_vector(steps->initial[k]);
  return all;
}

/* Values rest on the values before them; every other quantity is one of values that are known. */
static const struct node *decide_steps(void *context, const struct family *single) {
  struct decision *decision = context;
  const struct node *const *indices = decision->element->indices;
  if (!single->steps) return decide_systems(decision, single);
  if (!decision->element->n_joint && are_coordinates(decision->variable, single->steps))
    return with_form(decision, single, (struct form){.kind = FORM_IDENTITY});
  if (decision->quantity == value_quantity)
    return derive_drawn_steps(decision->derivation, single->steps, both_unknown, indices, step_in_turn, NULL);
  return derive_steps(decision->derivation, single->steps, NULL, decision->element, step_by_itself, decision);
}

/* What rests on a discrete latent has a distribution for each of its values, and coordinates by its type alone. */
const struct node *decide_coordinates(struct derivation *derivation, const struct element *element,
                                      const struct variable *variable, element_quantity quantity, void *context) {
  struct decision decision = {
      .derivation = derivation, .element = element, .variable = variable, .quantity = quantity, .context = context};
  if (!element->distribution || variable->summed || variable->rests_on_early) return with_form(&decision, NULL, form_of_type(&decision));
  const struct family *family = family_of(element->place, element->distribution);
  return has_steps(family) ? decide_family(derivation, family, decide_steps, &decision)
                           : decide_systems(&decision, family);
}

/* ---- values from coordinates, and back ---- */

const struct node *is_missing(const struct derivation *derivation, const struct variable *observed,
                              const struct node *const *indices) {
  struct graph *graph = graph_of(derivation);
  const struct node *x = node_gather(graph, node_numbers(graph, observed), indices);
  return node_binary(graph, OP_NE, x, x); /* NaN only is not itself */
}

static const struct node *value_quantity(const struct derivation *derivation, const struct element *element,
                                         const struct family *single, const struct form *form, void *context) {
  struct graph *graph = graph_of(derivation);
  const struct variable *variable = context;
  const struct node *u = node_gather(graph, node_coordinate(graph, variable), element->indices);
  const struct node *value = form_value(derivation, form, u);
  (void)single;
  if (!variable->observed) return value;
  const struct node *x = node_gather(graph, node_value(graph, variable->observed), element->indices);
  return node_select(graph, is_missing(derivation, variable->observed, element->indices), value, x);
}

static const struct node *coordinate_quantity(const struct derivation *derivation, const struct element *element,
                                              const struct family *single, const struct form *form, void *variable) {
  struct graph *graph = graph_of(derivation);
  (void)single;
  return form_coordinate(derivation, form, node_gather(graph, node_value(graph, variable), element->indices));
}

static const struct node *mapped(struct derivation *derivation, const struct variable *variable,
                                 element_quantity quantity) {
  struct element element = element_open(derivation, variable);
  element_open_joint(derivation, variable, &element);
  void *context = (void *)(uintptr_t)variable;
  return element_close(derivation, &element, decide_coordinates(derivation, &element, variable, quantity, context));
}

const struct node *value_from_coordinates(struct derivation *derivation, const struct variable *variable) {
  const struct node **value = &derivation->values[variable->id];
  if (!*value) {
    *value = variable->free ? structured_value(derivation, variable) : mapped(derivation, variable, value_quantity);
    node_name(*value, variable->name);
  }
  return *value;
}

static bool has_coordinates(const struct variable *variable) {
  return (variable->role == ROLE_PARAM || variable->role == ROLE_LATENT) && !variable_is_discrete(variable);
}

/* What is summed out has no value. */
static void leave_open(struct derivation *derivation, const struct variable *variable) {
  struct element element = element_open(derivation, variable);
  element_open_joint(derivation, variable, &element);
  const struct node *nothing = element_close(derivation, &element, node_const(graph_of(derivation), NAN));
  derive_root(
      derivation,
      (struct root){.target = TARGET_VALUE, .variable = variable, .presence = variable->presence, .node = nothing});
}

void derive_constrain(struct derivation *derivation) {
  const struct program *program = derivation->lowering.program;
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *variable = program->variables[k];
    if (variable_is_discrete(variable)) leave_open(derivation, variable);
    if (!has_coordinates(variable)) continue;
    derive_root(derivation, (struct root){.target = TARGET_VALUE,
                                          .variable = variable,
                                          .presence = variable->presence,
                                          .node = value_from_coordinates(derivation, variable)});
  }
}

void derive_unconstrain(struct derivation *derivation) {
  const struct program *program = derivation->lowering.program;
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *variable = program->variables[k];
    if (!has_coordinates(variable)) continue;
    const struct node *node = variable->free ? structured_coordinates(derivation, variable)
                                             : mapped(derivation, variable, coordinate_quantity);
    derive_root(
        derivation,
        (struct root){.target = TARGET_COORDINATE, .variable = variable, .presence = variable->presence, .node = node});
  }
}

/* ---- scales of what the sampler may centre ---- */

static const struct node *scale_quantity(const struct derivation *derivation, const struct element *element,
                                         const struct family *single, const struct form *form, void *context) {
  bool *found = context;
  (void)element, (void)single;
  if (form->kind != FORM_PARTIAL) return node_const(graph_of(derivation), NAN);
  *found = true;
  return log_scale(derivation, form);
}

void derive_scale(struct derivation *derivation) {
  const struct program *program = derivation->lowering.program;
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *variable = program->variables[k];
    if (!has_coordinates(variable) || variable->free) continue;
    bool found = false;
    struct element element = element_open(derivation, variable);
    element_open_joint(derivation, variable, &element);
    const struct node *scale = decide_coordinates(derivation, &element, variable, scale_quantity, &found);
    const struct root root = {.target = TARGET_COORDINATE,
                              .variable = variable,
                              .presence = variable->presence,
                              .node = element_close(derivation, &element, scale)};
    if (found) derive_root(derivation, root);
  }
}
