/* interpret.h: evaluates any node of a graph, slowly and obviously: the oracle that generated code is tested against. */
#ifndef FLOE_GRAPH_INTERPRET_H
#define FLOE_GRAPH_INTERPRET_H

#include "compiler/graph/graph.h"

#define GRAPH_MAX_RANK 8

/* Row-major: the last index runs fastest. A scalar has n_dim == 0 and n == 1. */
struct graph_array {
  size_t n_dim, size[GRAPH_MAX_RANK], n;
  double *data; /* (n) */
};

/* What an evaluation stands on. The caller fills it in; callbacks get `context`. */
struct graph_world {
  const size_t *size;   /* by dimension id, for those whose size varies */
  const size_t *option; /* by axis id */
  const double *axis;   /* by axis id: continuous axes */
  enum coordinates coordinates;
  void *context;
  const double *(*value)(void *context, const struct variable *variable); /* all its numbers */
  const double *(*coordinate)(void *context, const struct variable *variable);
  const double *(*centring)(void *context, const struct variable *variable); /* of its coordinates */
  /* result->n and its shape are set; data is to be filled in. */
  void (*call)(void *context, const struct external *external, size_t n, const struct graph_array *args,
               struct graph_array *result);
  void (*draw)(void *context, const struct external *external, size_t n, const struct graph_array *args, size_t site,
               size_t n_key, const size_t *key, struct graph_array *result);
};

struct graph_run;

struct graph_run *graph_run_new(struct floe__arena *arena, const struct graph *graph, const struct graph_world *world);

/* Valid as long as the arena. Values and coordinates must not change during a run, except that a simulator's later
 * roots may read what its earlier ones gave. */
const struct graph_array *graph_run(struct graph_run *run, const struct node *node);

/* Whether a root is to be computed in the world's universe. */
bool graph_run_has(const struct graph_run *run, struct presence presence, size_t n_axis);

#endif
