/* simulated.h: a `sim` run act by act, by the interpreter: the oracle for the generated functions. */
#ifndef FLOE_TESTS_SIMULATED_H
#define FLOE_TESTS_SIMULATED_H

#include "compiler/graph/interpret.h"

/* A raw draw from the stream that `context` holds. */
typedef double (*raw_draw)(void *context, const struct external *external, size_t n, const struct graph_array *args);

/* `world` says what the library's functions give; the arguments are those of the external. */
void simulate_interpreted(const struct program *program, const struct graph_world *world,
                          const struct external *external, const struct graph_array *args, raw_draw draw,
                          void *context, struct graph_array *result);

#endif
