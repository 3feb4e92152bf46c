/* table.h: what graph.table points to. Private to graph/. */
#ifndef FLOE_GRAPH_TABLE_H
#define FLOE_GRAPH_TABLE_H

#include "compiler/graph/graph.h"

struct graph_entry {
  uint64_t hash;
  const struct node *node;
  struct graph_entry *next;
};

/* A scan, and what it would be over a binder that no scan has: equal scans are found by it. */
struct graph_scan {
  const struct node *form, *scan;
  struct graph_scan *next;
};

/* What a rewriting has found out so far; entries of earlier rounds are empty. Rewritings lend each other their room. */
struct memo_entry {
  size_t round;
  const struct node *node, *result;
};
struct graph_memo {
  size_t round, n, capacity;
  struct memo_entry *entries;
  struct graph_memo *next;
};

struct graph_table {
  size_t n_bucket, capacity; /* capacity: of graph.nodes */
  struct graph_entry **buckets;
  struct binders open;  /* temporary binders in use */
  struct binders scans; /* binders that a scan has */
  struct graph_scan *known;
  struct graph_memo *memos; /* that no rewriting uses now */
};

const struct node *graph_find(const struct graph *graph, const struct node *proto); /* NULL: there is none */

#endif
