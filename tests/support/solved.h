/* solved.h: an `ode` solved slowly and obviously, by the interpreter and the classical method of Runge and Kutta with many
 * equal steps: the oracle for the generated functions. */
#ifndef FLOE_TESTS_SOLVED_H
#define FLOE_TESTS_SOLVED_H

#include "compiler/graph/interpret.h"

/* `world` says what the library's functions give. The arguments are those of the external. */
void solve_interpreted(const struct program *program, const struct graph_world *world, const struct external *external,
                       const struct graph_array *args, struct graph_array *result);

#endif
