/* table.h: what graph.table points to. Private to graph/. */
#ifndef FLOE_GRAPH_TABLE_H
#define FLOE_GRAPH_TABLE_H

#include "compiler/graph/graph.h"

struct graph_entry {
  uint64_t hash;
  const struct node *node;
  struct graph_entry *next;
};

struct graph_table {
  size_t n_bucket, capacity; /* capacity: of graph.nodes */
  struct graph_entry **buckets;
  uint64_t open;  /* temporary binders in use */
  uint64_t scans; /* binders that a scan has */
};

const struct node *graph_find(const struct graph *graph, const struct node *proto); /* NULL: there is none */

#endif
