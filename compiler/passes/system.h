/* system.h: the rates of an `ode` as nodes, and their derivatives, by forward differentiation of the graph: exact, and
 * shared with the rates by hash-consing. */
#ifndef FLOE_PASSES_SYSTEM_H
#define FLOE_PASSES_SYSTEM_H

#include "compiler/graph/graph.h"

/* K states, P parameters. In the system's own graph time, states and parameters are variables, numbered in this order. */
struct system_graph {
  const struct system *system;
  struct graph *graph;
  const struct variable **leaves;   /* (1 + K + P) */
  const struct node **rates;        /* (K) */
  const struct node **by_state;     /* (K, K); NULL: zero whatever the numbers */
  const struct node **by_parameter; /* (K, P) */
};

struct system_graph derive_system(struct floe__arena *arena, const struct program *program,
                                  const struct system *system);

#endif
