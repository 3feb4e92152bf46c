/* From a checked program to a study: each interpretation lowers the same terms under its own reading of variables. */
#include <string.h>

#include "base/arena.h"
#include "compiler/passes/derive.h"
#include "compiler/passes/passes.h"

/* ---- roots and elements ---- */

void derive_root(struct derivation *derivation, struct root root) {
  if (derivation->n_root == derivation->capacity) {
    size_t capacity = derivation->capacity ? 2 * derivation->capacity : 16;
    struct root *roots = floe__arena_array(derivation->lowering.graph->arena, capacity, sizeof *roots);
    if (derivation->n_root) memcpy(roots, derivation->roots, derivation->n_root * sizeof *roots);
    derivation->roots = roots;
    derivation->capacity = capacity;
  }
  derivation->roots[derivation->n_root++] = root;
}

static void element_add(struct derivation *derivation, struct element *element, const struct graph_binder *open) {
  element->open[element->n_open] = open;
  element->indices[element->n_open++] = node_binder(derivation->lowering.graph, open);
}

struct element element_open(struct derivation *derivation, const struct variable *variable) {
  struct floe__arena *arena = derivation->lowering.graph->arena;
  struct element element = {.place = place_of_spec(&derivation->lowering),
                            .n_joint = variable->type.n_dim - variable->n_binder,
                            .distribution = variable->distribution};
  element.open = floe__arena_array(arena, variable->type.n_dim + 1, sizeof *element.open);
  element.indices = floe__arena_array(arena, variable->type.n_dim + 1, sizeof *element.indices);
  for (size_t k = 0; k < variable->n_binder; k++) {
    const struct binder *binder = variable->binders[k];
    const struct graph_binder *open;
    element.place = place_within(element.place, binder, binder->dimension, binder->name, &open);
    element_add(derivation, &element, open);
  }
  return element;
}

void element_open_joint(struct derivation *derivation, const struct variable *variable, struct element *element) {
  for (size_t k = variable->n_binder; k < variable->type.n_dim; k++) {
    const struct dimension *dimension = variable->type.dim[k];
    element_add(derivation, element, graph_open(derivation->lowering.graph, dimension, dimension->name));
  }
  element->n_joint = 0;
}

const struct node *element_close(struct derivation *derivation, const struct element *element,
                                 const struct node *node) {
  return node_map(derivation->lowering.graph, element->n_open, element->open, node);
}

/* ---- readings ---- */

/* As it would be recorded, where what it completes is censored. */
static const struct node *as_recorded(struct derivation *derivation, const struct variable *variable,
                                      const struct node *values) {
  struct graph *graph = derivation->lowering.graph;
  if (!variable->record_low && !variable->record_high) return values;
  struct element element = element_open(derivation, variable);
  const struct node *x = node_gather(graph, values, element.indices);
  const struct node *low = variable->record_low ? lower(element.place, variable->record_low) : NULL;
  const struct node *high = variable->record_high ? lower(element.place, variable->record_high) : NULL;
  if (low) x = node_select(graph, node_binary(graph, OP_LT, x, low), low, x);
  if (high) x = node_select(graph, node_binary(graph, OP_GT, x, high), high, x);
  return element_close(derivation, &element, x);
}

static const struct node *read_memory(void *context, const struct variable *variable) {
  struct derivation *derivation = context;
  return as_recorded(derivation, variable, node_value(derivation->lowering.graph, variable));
}

static const struct node *read_coordinates(void *context, const struct variable *variable) {
  bool unknown = variable->role == ROLE_PARAM || variable->role == ROLE_LATENT;
  if (!unknown || variable_is_discrete(variable)) return read_memory(context, variable);
  return as_recorded(context, variable, value_from_coordinates(context, variable));
}

/* ---- what is computed from values ---- */

static void add_output(struct derivation *derivation, const struct term *value) {
  const struct node *node = lower(place_of_spec(&derivation->lowering), value);
  derive_root(derivation, (struct root){.target = TARGET_OUTPUT,
                                        .output = derivation->n_root,
                                        .presence = derivation->everywhere,
                                        .node = node});
}

static void derive_report(struct derivation *derivation) {
  const struct program *program = derivation->lowering.program;
  for (size_t k = 0; k < program->n_report; k++) {
    add_output(derivation, program->reports[k].value);
    node_name(derivation->roots[k].node, program->reports[k].name);
  }
  for (size_t k = 0; k < program->n_claim; k++) add_output(derivation, program->claims[k].value);
}

static void derive_check(struct derivation *derivation) {
  const struct program *program = derivation->lowering.program;
  for (size_t k = 0; k < program->n_check; k++) add_output(derivation, program->checks[k].value);
}

static void derive_elicit(struct derivation *derivation) {
  const struct program *program = derivation->lowering.program;
  for (size_t k = 0; k < program->n_elicited; k++) add_output(derivation, program->elicited[k].value);
}

static const struct node *read_prepared(void *context, const struct variable *variable) {
  const struct derivation *derivation = context;
  const struct node *prepared = derivation->values[variable->id];
  return prepared ? prepared : read_memory(context, variable);
}

/* Summaries of what has been prepared; definitions on which they rest mean that as well. */
static void derive_prepared_summaries(struct derivation *derivation) {
  const struct program *program = derivation->lowering.program;
  struct lowering lowering = {
      .graph = derivation->lowering.graph, .program = program, .reading = {read_prepared, derivation}};
  for (size_t k = 0; k < derivation->n_root; k++)
    derivation->values[derivation->roots[k].variable->id] = derivation->roots[k].node;
  for (size_t k = 0; k < program->n_variable; k++) {
    if (!program->variables[k]->summary) continue;
    derive_summary(derivation, place_of_spec(&lowering), program->variables[k]);
    derivation->values[k] = derivation->roots[derivation->n_root - 1].node;
  }
}

static void derive_prepare(struct derivation *derivation) {
  const struct program *program = derivation->lowering.program;
  for (size_t k = 0; k < program->n_preparation; k++) {
    const struct preparation *preparation = &program->preparations[k];
    const struct node *node = lower(place_of_spec(&derivation->lowering), preparation->value);
    derive_root(derivation, (struct root){.target = TARGET_VALUE,
                                          .variable = preparation->variable,
                                          .presence = preparation->variable->presence,
                                          .node = node});
  }
  derive_prepared_summaries(derivation);
}

/* ---- the study ---- */

struct deriver {
  void (*derive)(struct derivation *derivation);
  const struct node *(*read)(void *context, const struct variable *variable);
};

static const struct deriver derivers[N_INTERPRETATION] = {
    [INTERPRETATION_SIMULATE] = {derive_simulate, read_memory},
    [INTERPRETATION_LOG_DENSITY] = {derive_log_density, read_coordinates},
    [INTERPRETATION_CONSTRAIN] = {derive_constrain, read_coordinates},
    [INTERPRETATION_UNCONSTRAIN] = {derive_unconstrain, read_memory},
    [INTERPRETATION_SCALE] = {derive_scale, read_memory},
    [INTERPRETATION_REPORT] = {derive_report, read_memory},
    [INTERPRETATION_CHECK] = {derive_check, read_memory},
    [INTERPRETATION_ELICIT] = {derive_elicit, read_memory},
    [INTERPRETATION_PREPARE] = {derive_prepare, read_memory},
    [INTERPRETATION_POINTWISE] = {derive_pointwise, read_memory},
};

static const struct external *external_named(const struct program *program, const char *name) {
  for (size_t k = 0; k < program->n_external; k++)
    if (strcmp(program->externals[k]->name, name) == 0) return program->externals[k];
  return NULL;
}

static struct presence presence_everywhere(struct floe__arena *arena, size_t n_axis) {
  uint64_t *options = floe__arena_array(arena, n_axis + 1, sizeof *options);
  for (size_t k = 0; k < n_axis; k++) options[k] = UINT64_MAX;
  return (struct presence){options};
}

static struct interpretation interpret_as(struct graph *graph, const struct program *program,
                                          enum interpretation_kind kind) {
  struct derivation *derivation = floe__arena_alloc(graph->arena, sizeof *derivation);
  *derivation = (struct derivation){
      .lowering = {.graph = graph, .program = program, .reading = {derivers[kind].read, derivation}},
      .functions = {external_named(program, "exp"), external_named(program, "log"),
                    external_named(program, "inv_logit"), external_named(program, "log1p_exp"),
                    external_named(program, "lgamma"), external_named(program, "sort")},
      .nothing = node_const(graph, 0),
      .everywhere = presence_everywhere(graph->arena, program->n_axis),
      .values = floe__arena_array(graph->arena, program->n_variable + 1, sizeof *derivation->values),
  };
  /* In order, so that chains of definitions are not followed down from their end. */
  for (size_t k = 0; k < program->n_definition; k++)
    lower_definition(place_of_spec(&derivation->lowering), program->definitions[k]);
  const bool density = kind == INTERPRETATION_LOG_DENSITY || kind == INTERPRETATION_POINTWISE;
  const bool known = !density || !variable_without_density(program);
  if (known) derivers[kind].derive(derivation);
  return (struct interpretation){kind, derivation->n_root, derivation->roots};
}

struct study *derive_study(struct floe__arena *arena, const struct program *program) {
  struct graph *graph = graph_new(arena);
  struct study *study = floe__arena_alloc(arena, sizeof *study);
  study->program = program;
  for (size_t k = 0; k < N_INTERPRETATION; k++)
    if (derivers[k].derive) study->interpretations[k] = interpret_as(graph, program, (enum interpretation_kind)k);
  struct interpretation *density = &study->interpretations[INTERPRETATION_LOG_DENSITY];
  struct interpretation *gradient = &study->interpretations[INTERPRETATION_GRADIENT];
  *gradient = gradient_terms(graph, external_named(program, "sqrt"), density);
  if (!graph->crowded) {
    store_repeated(graph, density);
    store_repeated(graph, gradient);
  }
  study->graph = graph_compact(arena, graph, study->interpretations);
  study->blueprint = derive_blueprint(study);
  study->axis_effect = derive_axis_effect(study, arena);
  return study;
}
