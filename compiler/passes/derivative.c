#include "compiler/passes/derivative.h"

#include "compiler/passes/lower.h"

const struct node *external_derivative(struct graph *graph, const struct program *program, const struct node *call,
                                       size_t argument) {
  const struct external *external = call->external;
  if (!external->derivative || !external->derivative[argument]) return NULL;
  struct lowering lowering = {.graph = graph, .program = program}; /* derivatives read no variables */
  struct place inside = place_inlined(place_of_spec(&lowering));
  for (size_t k = 0; k < external->n_formal; k++) frame_bind(inside, external->formals[k], call->args[k]);
  return lower(inside, external->derivative[argument]);
}
