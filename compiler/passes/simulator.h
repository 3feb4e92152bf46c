/* simulator.h: the terms of a `sim` as nodes. In the simulator's own graph arguments and locals are variables, and formal
 * index sets have numbers, so that whoever runs the acts says what they are. */
#ifndef FLOE_PASSES_SIMULATOR_H
#define FLOE_PASSES_SIMULATOR_H

#include "compiler/graph/graph.h"

struct simulator_graph {
  const struct simulator *simulator;
  struct graph *graph;
  const struct variable **leaves; /* (n_argument + n_local): arguments, then locals */
  size_t n_dimension;
  const struct dimension **formal, **dimensions; /* (n_dimension) of the arguments; what stands for them: id = position */
  const struct node **values;                    /* (n_act) SET, IF, WHILE; NULL for others */
  const struct node ***items;                    /* (n_act) CALL: the arguments; SET of an element: its indices */
};

struct simulator_graph derive_simulator(struct floe__arena *arena, const struct program *program,
                                        const struct simulator *simulator);

/* The leaf of a local. */
const struct variable *simulator_leaf(const struct simulator_graph *graph, const struct formal *local);

#endif
