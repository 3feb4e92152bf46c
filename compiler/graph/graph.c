/* The table of nodes: hash-consing, and the facts about a node that follow from its arguments. */
#include "compiler/graph/graph.h"

#include <string.h>

#include "base/arena.h"
#include "compiler/graph/construct.h"
#include "compiler/graph/table.h"

struct graph *graph_new(struct floe__arena *arena) {
  struct graph *graph = floe__arena_alloc(arena, sizeof *graph);
  struct graph_table *table = floe__arena_alloc(arena, sizeof *table);
  graph->arena = arena;
  graph->binders = floe__arena_array(arena, MAX_BINDER, sizeof *graph->binders);
  table->n_bucket = 1024;
  table->buckets = floe__arena_array(arena, table->n_bucket, sizeof *table->buckets);
  graph->table = table;
  return graph;
}

/* Beyond the limit binders share the last bit: construction ends as always, so that the excess is reported, not met. */
static void make_room(struct graph *graph, struct graph_binder *binder) {
  const struct graph_binder **larger = floe__arena_array(graph->arena, graph->n_binder + 1, sizeof *larger);
  memcpy(larger, graph->binders, graph->n_binder * sizeof *larger);
  graph->binders = larger;
  graph->crowded = true;
  binder->id = MAX_BINDER - 1;
}

const struct graph_binder *graph_binder(struct graph *graph, const struct dimension *dimension, size_t level,
                                        const char *name) {
  for (size_t k = 0; k < graph->n_binder; k++)
    if (graph->binders[k]->dimension == dimension && graph->binders[k]->level == level) return graph->binders[k];
  struct graph_binder *binder = floe__arena_alloc(graph->arena, sizeof *binder);
  *binder = (struct graph_binder){dimension, level, graph->n_binder, name ? name : dimension->name};
  if (graph->n_binder >= MAX_BINDER) make_room(graph, binder);
  graph->binders[graph->n_binder++] = binder;
  return binder;
}

const struct graph_binder *graph_open(struct graph *graph, const struct dimension *dimension, const char *name) {
  struct graph_table *table = graph->table;
  size_t level = LEVEL_OPEN;
  for (size_t k = 0; k < graph->n_binder; k++)
    if (graph->binders[k]->dimension == dimension && binders_have(&table->open, graph->binders[k]->id)) level++;
  const struct graph_binder *binder = graph_binder(graph, dimension, level, name);
  binders_add(&table->open, binder->id);
  return binder;
}

void graph_close(struct graph *graph, const struct graph_binder *binder) {
  binders_remove(&((struct graph_table *)graph->table)->open, binder->id);
}

void node_name(const struct node *node, const char *name) {
  struct node *mutable = (struct node *)(uintptr_t)node;
  if (!node->name && (node->n_arg || node->kind == NODE_MAP)) mutable->name = name;
}

void node_place(const struct node *node, struct span span) {
  struct node *mutable = (struct node *)(uintptr_t)node;
  if (!node->span.file && node->n_arg) mutable->span = span;
}

/* ---- equality ---- */

static uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 29;
}

static uint64_t bits_of(double number) {
  uint64_t bits;
  memcpy(&bits, &number, sizeof bits);
  return bits;
}

/* Pointers enter through ids, so that tables, and with them all output, are the same from run to run. */
static uint64_t hash_of(const struct node *node) {
  uint64_t hash = mix((uint64_t)node->kind, bits_of(node->number));
  hash = mix(hash, (uint64_t)node->op << 8 | (uint64_t)node->reduction << 4 | (uint64_t)node->base);
  hash = mix(hash, node->variable ? node->variable->id + 1 : 0);
  hash = mix(hash, node->axis ? node->axis->id + 1 : 0);
  hash = mix(hash, node->binder ? node->binder->id + 1 : 0);
  hash = mix(hash, node->index << 32 | node->lag << 16 | node->start);
  hash = mix(hash, node->site);
  for (const char *c = node->external ? node->external->name : ""; *c; c++)
    hash = mix(hash, (uint64_t)(unsigned char)*c);
  for (size_t k = 0; k < node->n_binder; k++) hash = mix(hash, node->binders[k]->id + 1);
  for (size_t k = 0; k < node->n_arg; k++) hash = mix(hash, node->args[k] ? node->args[k]->id + 1 : 0);
  return hash;
}

static bool equal_parts(const struct node *a, const struct node *b) {
  if (a->n_arg != b->n_arg || a->n_binder != b->n_binder || a->n_dim != b->n_dim) return false;
  for (size_t k = 0; k < a->n_arg; k++)
    if (a->args[k] != b->args[k]) return false;
  for (size_t k = 0; k < a->n_binder; k++)
    if (a->binders[k] != b->binders[k]) return false;
  for (size_t k = 0; k < a->n_dim; k++)
    if (a->dim[k] != b->dim[k]) return false;
  return true;
}

static bool equal(const struct node *a, const struct node *b) {
  return a->kind == b->kind && a->base == b->base && bits_of(a->number) == bits_of(b->number) && a->op == b->op &&
         a->reduction == b->reduction && a->variable == b->variable && a->axis == b->axis &&
         a->dimension == b->dimension && a->external == b->external && a->binder == b->binder && a->index == b->index &&
         a->lag == b->lag && a->start == b->start && a->site == b->site && equal_parts(a, b);
}

/* ---- facts that follow ---- */

static enum level own_level(const struct node *node) {
  switch (node->kind) {
    case NODE_VALUE:
      return node->variable->role == ROLE_DATA || node->variable->role == ROLE_OBS ? LEVEL_DATA : LEVEL_PARAM;
    case NODE_COORDINATE:
    case NODE_PREVIOUS: return LEVEL_PARAM; /* PREVIOUS: made before its scan, so the worst is assumed */
    case NODE_DRAW: return LEVEL_DRAW;
    case NODE_CENTRING: return LEVEL_DATA;
    case NODE_AXIS:
    case NODE_SIZE:
    case NODE_CHOOSE: return LEVEL_UNIVERSE;
    case NODE_CONST:
    case NODE_BINDER:
    case NODE_OPERATOR:
    case NODE_SELECT:
    case NODE_EXTERN:
    case NODE_FINITE:
    case NODE_GATHER:
    case NODE_MAP:
    case NODE_REDUCE:
    case NODE_SCAN:
    case NODE_PROJECT:
    case NODE_LITERAL: return LEVEL_CONST;
  }
  return LEVEL_CONST;
}

uint64_t choose_bit(const struct axis *axis) {
  return UINT64_C(1) << (axis ? axis->id % 64 : 63);
}

static void derive_facts(struct node *node) {
  struct binders own = {{0}};
  node->level = own_level(node);
  for (size_t k = 0; k < node->n_arg; k++) {
    const struct node *arg = node->args[k];
    if (!arg) continue;
    binders_join(&node->free, &arg->free);
    binders_join(&node->bound, &arg->bound);
    node->chooses |= arg->chooses;
    if (arg->level > node->level) node->level = arg->level;
  }
  if (node->kind == NODE_CHOOSE) node->chooses |= choose_bit(node->axis);
  if (node->kind == NODE_BINDER || node->kind == NODE_PREVIOUS) binders_add(&node->free, node->binder->id);
  if (node->kind == NODE_REDUCE || node->kind == NODE_SCAN) binders_add(&own, node->binder->id);
  for (size_t k = 0; k < node->n_binder; k++) binders_add(&own, node->binders[k]->id);
  binders_leave(&node->free, &own);
  binders_join(&node->bound, &own);
}

static void grow(struct graph *graph, struct graph_table *table) {
  size_t n_bucket = 2 * table->n_bucket;
  struct graph_entry **buckets = floe__arena_array(graph->arena, n_bucket, sizeof *buckets);
  for (size_t k = 0; k < table->n_bucket; k++)
    for (struct graph_entry *entry = table->buckets[k], *next; entry; entry = next) {
      next = entry->next;
      entry->next = buckets[entry->hash % n_bucket];
      buckets[entry->hash % n_bucket] = entry;
    }
  table->n_bucket = n_bucket;
  table->buckets = buckets;
}

static void *copied(struct floe__arena *arena, const void *items, size_t n, size_t size) {
  void *copy = floe__arena_array(arena, n ? n : 1, size);
  if (n) memcpy(copy, items, n * size);
  return copy;
}

static const struct node *add_node(struct graph *graph, const struct node *proto, uint64_t hash) {
  struct graph_table *table = graph->table;
  struct node *node = floe__arena_alloc(graph->arena, sizeof *node);
  struct graph_entry *entry = floe__arena_alloc(graph->arena, sizeof *entry);
  *node = *proto;
  node->free = node->bound = (struct binders){{0}};
  node->chooses = 0;
  node->args = copied(graph->arena, proto->args, proto->n_arg, sizeof *proto->args);
  node->dim = copied(graph->arena, proto->dim, proto->n_dim, sizeof *proto->dim);
  node->binders = copied(graph->arena, proto->binders, proto->n_binder, sizeof *proto->binders);
  derive_facts(node);
  if (graph->n_node == table->capacity) {
    size_t capacity = table->capacity ? 2 * table->capacity : 256;
    const struct node **nodes = floe__arena_array(graph->arena, capacity, sizeof *nodes);
    if (graph->n_node) memcpy(nodes, graph->nodes, graph->n_node * sizeof *nodes);
    graph->nodes = nodes;
    table->capacity = capacity;
  }
  node->id = graph->n_node;
  graph->nodes[graph->n_node++] = node;
  if (graph->n_node > table->n_bucket) grow(graph, table);
  *entry = (struct graph_entry){hash, node, table->buckets[hash % table->n_bucket]};
  table->buckets[hash % table->n_bucket] = entry;
  if (node->kind == NODE_SCAN) binders_add(&table->scans, node->binder->id);
  return node;
}

const struct node *graph_find(const struct graph *graph, const struct node *proto) {
  const struct graph_table *table = graph->table;
  uint64_t hash = hash_of(proto);
  for (const struct graph_entry *entry = table->buckets[hash % table->n_bucket]; entry; entry = entry->next)
    if (entry->hash == hash && equal(entry->node, proto)) return entry->node;
  return NULL;
}

const struct node *graph_node(struct graph *graph, const struct node *proto) {
  const struct node *node = graph_find(graph, proto);
  if (!node) return add_node(graph, proto, hash_of(proto));
  node_name(node, proto->name);
  return node;
}

/* ---- compaction ---- */

/* Backwards through the table: what uses a node comes behind it. */
static void mark_needed(const struct graph *graph, bool *needed) {
  for (size_t id = graph->n_node; id-- > 0;) {
    const struct node *node = graph->nodes[id];
    for (size_t k = 0; needed[id] && k < node->n_arg; k++)
      if (node->args[k]) needed[node->args[k]->id] = true;
  }
}

static const struct graph_binder *moved(struct graph *graph, const struct graph_binder *binder) {
  return binder ? graph_binder(graph, binder->dimension, binder->level, binder->name) : NULL;
}

static const struct node *copy_node(struct graph *graph, const struct node *node, const struct node *const *copies) {
  struct node proto = *node;
  const struct node **args = floe__arena_array(graph->arena, node->n_arg + 1, sizeof *args);
  const struct graph_binder **binders = floe__arena_array(graph->arena, node->n_binder + 1, sizeof *binders);
  for (size_t k = 0; k < node->n_arg; k++) args[k] = node->args[k] ? copies[node->args[k]->id] : NULL;
  for (size_t k = 0; k < node->n_binder; k++) binders[k] = moved(graph, node->binders[k]);
  proto.args = args;
  proto.binders = binders;
  proto.binder = moved(graph, node->binder);
  return graph_node(graph, &proto);
}

struct graph *graph_compact(struct floe__arena *arena, const struct graph *old,
                            struct interpretation *interpretations) {
  struct graph *graph = graph_new(arena);
  graph->crowded = old->crowded;
  bool *needed = floe__arena_array(arena, old->n_node + 1, sizeof *needed);
  const struct node **copies = floe__arena_array(arena, old->n_node + 1, sizeof *copies);
  for (size_t k = 0; k < N_INTERPRETATION; k++)
    for (size_t j = 0; j < interpretations[k].n_root; j++) needed[interpretations[k].roots[j].node->id] = true;
  mark_needed(old, needed);
  for (size_t id = 0; id < old->n_node; id++)
    if (needed[id]) copies[id] = copy_node(graph, old->nodes[id], copies);
  for (size_t k = 0; k < N_INTERPRETATION; k++) {
    struct root *roots = floe__arena_array(arena, interpretations[k].n_root + 1, sizeof *roots);
    for (size_t j = 0; j < interpretations[k].n_root; j++) {
      roots[j] = interpretations[k].roots[j];
      roots[j].node = copies[roots[j].node->id];
    }
    interpretations[k].roots = roots;
  }
  return graph;
}

enum role drawn_with(const struct variable *variable) {
  if (variable_is_discrete(variable)) return variable->early ? ROLE_PARAM : ROLE_OBS;
  return variable->role == ROLE_LATENT ? ROLE_PARAM : variable->role;
}

bool study_needs(const struct study *study, enum interpretation_kind kind) {
  if (kind == INTERPRETATION_ELICIT) return study->program->n_elicited > 0;
  if (kind == INTERPRETATION_SCALE || kind == INTERPRETATION_GRADIENT) return study->interpretations[kind].n_root > 0;
  return true;
}
