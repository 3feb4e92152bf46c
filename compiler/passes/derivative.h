/* derivative.h: derivatives of the functions that the library declares. */
#ifndef FLOE_PASSES_DERIVATIVE_H
#define FLOE_PASSES_DERIVATIVE_H

#include "compiler/graph/graph.h"

/* d call / d args[argument] as a node over the call's arguments, where `call` is a scalar NODE_EXTERN. NULL: the library
 * gives no derivative. The graph may grow; its existing nodes keep their ids. */
const struct node *external_derivative(struct graph *graph, const struct program *program, const struct node *call,
                                       size_t argument);

#endif
