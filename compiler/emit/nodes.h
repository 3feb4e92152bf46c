/* nodes.h: expressions of nodes as C, for functions that are written straight from a graph of their own: those of systems
 * of differential equations and of simulators. */
#ifndef FLOE_EMIT_NODES_H
#define FLOE_EMIT_NODES_H

#include "compiler/emit/writer.h"

struct node_writer {
  struct writer *file;
  const struct graph *graph;
  struct identifiers *identifiers;
  struct floe__text *out;
  const char **name;      /* (n_node) of leaves and of what has a local of its own */
  unsigned *uses;         /* (n_node) */
  const char **size_name; /* by dimension id, of those that vary; NULL: there are none */
  size_t depth;           /* of indentation */
  size_t n_temporary;
  bool in_lanes; /* functions are those of <floe/lanes.h>, where it has them */
};

/* With the names of what the graph calls, and `n_own` further ones, taken. */
void nodes_begin(struct node_writer *n, struct writer *file, const struct graph *graph, size_t n_own,
                 const char *const *own);

void nodes_count(struct node_writer *n, const struct node *node);
/* Locals for what is counted more than once, and loops for sums and the like. */
void nodes_write_locals(struct node_writer *n);
/* Forgets counts and locals; names of leaves stay. */
void nodes_forget(struct node_writer *n);
void nodes_write(struct node_writer *n, const struct node *node);
/* The position of an element of an array in C, from 0: NaN outside of it. */
void nodes_write_place(struct node_writer *n, size_t n_dim, const struct dimension *const *dim,
                       const struct node *const *place);
/* The sizes that a call of the external takes, behind `n_before` arguments; how many there are then. */
size_t nodes_write_sizes(struct node_writer *n, const struct external *external, const struct node *const *args,
                         size_t n_before);
void nodes_write_size(struct node_writer *n, const struct dimension *dimension);
void nodes_indent(struct node_writer *n);

#endif
