/* The simulator: every variable drawn, in the order in which the world comes into being. Options of one choice use the
 * same sites, so that universes share their random numbers. */
#include "base/arena.h"
#include "compiler/passes/derive.h"

#define SITES_PER_VARIABLE 64

struct drawing {
  struct derivation *derivation;
  const struct variable *variable;
  const struct element
      *element; /* a number of a draw: the draw's dimensions are among its indices, but not in its place */
};

static const struct node *sample_of(void *context, const struct family *single);

/* Roles are drawn in turn; what is not drawn now is read. */
static bool drawn_together(const struct variable *a, const struct variable *b) {
  return drawn_with(a) == drawn_with(b);
}

static const struct node *sample_step(struct derivation *derivation, const struct element *element,
                                      const struct definition *steps, void *context) {
  (void)context;
  struct drawing drawing = {derivation, steps->variable, element};
  return decide_family(derivation, family_of(element->place, element->distribution), sample_of, &drawing);
}

static const struct node *sample_of(void *context, const struct family *single) {
  const struct drawing *drawing = context;
  const struct variable *variable = drawing->variable;
  const size_t n_before = variable->type.n_dim - drawing->element->n_joint;
  const size_t site = (single->first ? single->first : variable)->id * SITES_PER_VARIABLE;
  if (single->steps)
    return derive_drawn_steps(drawing->derivation, single->steps, drawn_together, drawing->element->indices,
                              sample_step, NULL);
  struct place place = place_inlined(drawing->element->place);
  frame_fit(place, &single->distribution->support, variable->type.dim + n_before);
  const struct node *sample = is_sorted_sample(variable, single)
                                  ? sorted_sample(drawing->derivation, place, variable, single, site)
                                  : family_sample(place, single, site);
  if (!drawing->element->n_joint) return sample;
  return node_gather(drawing->derivation->lowering.graph, sample, drawing->element->indices + n_before);
}

static void draw(struct derivation *derivation, const struct variable *variable) {
  struct element element = element_open(derivation, variable);
  const struct family *family = family_of(element.place, variable->distribution);
  const size_t n_joint = element.n_joint;
  element_open_joint(derivation, variable, &element);
  element.n_joint = n_joint;
  struct drawing drawing = {derivation, variable, &element};
  const struct node *node = element_close(derivation, &element, decide_family(derivation, family, sample_of, &drawing));
  node_name(node, variable->name);
  derive_root(
      derivation,
      (struct root){.target = TARGET_VALUE, .variable = variable, .presence = variable->presence, .node = node});
}

/* All of a latent that completes observations is seen, as it is recorded. */
static void observe(struct derivation *derivation, const struct variable *observed) {
  const struct node *node = derivation->lowering.reading.value(derivation->lowering.reading.context, observed->completed);
  derive_root(
      derivation,
      (struct root){.target = TARGET_VALUE, .variable = observed, .presence = observed->presence, .node = node});
}

void derive_summary(struct derivation *derivation, struct place place, const struct variable *variable) {
  const struct node *node = lower(place, variable->summary);
  derive_root(
      derivation,
      (struct root){.target = TARGET_VALUE, .variable = variable, .presence = variable->presence, .node = node});
}

void derive_simulate(struct derivation *derivation) {
  const struct program *program = derivation->lowering.program;
  for (size_t k = 0; k < program->n_variable; k++)
    if (program->variables[k]->completed)
      observe(derivation, program->variables[k]);
    else if (program->variables[k]->summary)
      derive_summary(derivation, place_of_spec(&derivation->lowering), program->variables[k]);
    else if (program->variables[k]->distribution)
      draw(derivation, program->variables[k]);
}
