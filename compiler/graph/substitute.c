/* Rewriting nodes from the bottom up: binders replaced by values, choices by one of their options. Loops inside are opened
 * afresh and closed again by their constructors, so that nothing is captured and levels stay canonical. */
#include <math.h>

#include "base/arena.h"
#include "compiler/graph/construct.h"
#include "compiler/graph/table.h"

#define FEW_PARTS 8

struct rewriting {
  struct graph *graph;
  size_t n;
  const struct graph_binder *const *binders;
  const struct node *const *values;
  struct binders domain;      /* of the binders to replace */
  struct binders free, bound; /* of the values */
  bool specialise;
  const struct axis *axis;
  size_t option;
  struct graph_memo *memo;
};

static const struct node *rewrite(struct rewriting *to, const struct node *node);

/* ---- memo: each node once ---- */

static struct graph_memo *memo_take(struct graph *graph) {
  struct graph_table *table = graph->table;
  struct graph_memo *memo = table->memos;
  if (memo)
    table->memos = memo->next;
  else
    memo = floe__arena_alloc(graph->arena, sizeof *memo);
  memo->n = 0;
  memo->round++;
  return memo;
}

static void memo_give(struct graph *graph, struct graph_memo *memo) {
  struct graph_table *table = graph->table;
  memo->next = table->memos;
  table->memos = memo;
}

static struct memo_entry *memo_slot(const struct graph_memo *memo, const struct node *node) {
  struct memo_entry *entries = memo->entries;
  size_t slot = node->id * 2654435761u % memo->capacity;
  while (entries[slot].round == memo->round && entries[slot].node != node) slot = (slot + 1) % memo->capacity;
  return &entries[slot];
}

static void remember(struct rewriting *to, const struct node *node, const struct node *result) {
  struct graph_memo *memo = to->memo;
  if (2 * (memo->n + 1) > memo->capacity) {
    const struct graph_memo old = *memo;
    memo->capacity = old.capacity ? 2 * old.capacity : 16;
    memo->entries = floe__arena_array(to->graph->arena, memo->capacity, sizeof *memo->entries);
    for (size_t k = 0; k < old.capacity; k++)
      if (old.entries[k].round == memo->round) *memo_slot(memo, old.entries[k].node) = old.entries[k];
  }
  *memo_slot(memo, node) = (struct memo_entry){memo->round, node, result};
  memo->n++;
}

/* ---- leaves and loops ---- */

static const struct node *value_of(const struct rewriting *to, const struct graph_binder *binder) {
  for (size_t k = 0; k < to->n; k++)
    if (to->binders[k] == binder) return to->values[k];
  return NULL;
}

static const struct node *rewrite_leaf(const struct rewriting *to, const struct node *node) {
  const struct node *value = value_of(to, node->binder);
  if (!value) return node;
  return node->kind == NODE_BINDER ? value
                                   : node_previous(to->graph, value->binder, node->index, node->lag, node->base);
}

/* Where nothing can be captured and no level can change, the loop keeps its binders: without this, loops nested n deep
 * would be rewritten 2^n times. A scan that changes needs a binder of its own. */
static bool keeps_binders(const struct rewriting *to, const struct node *node) {
  return !to->specialise && binders_are_none(&to->bound) && !binders_meet(&to->free, &node->bound) &&
         node->kind != NODE_SCAN;
}

/* NULL: a scan inside has taken one of the loop's binders. */
static const struct node *rewrite_body(struct rewriting *to, const struct node *node) {
  struct node proto = *node;
  const struct node *body = rewrite(to, node->args[0]);
  if (node->kind == NODE_REDUCE && binders_have(&body->bound, node->binder->id)) return NULL;
  for (size_t k = 0; k < node->n_binder; k++)
    if (binders_have(&body->bound, node->binders[k]->id)) return NULL;
  proto.args = &body;
  return graph_node(to->graph, &proto);
}

/* The loop's own binders become temporary ones, in a rewriting of their own. */
static const struct node *rewrite_loop(struct rewriting *to, const struct node *node) {
  struct floe__arena *arena = to->graph->arena;
  const struct graph_binder *const *own = node->kind == NODE_MAP ? node->binders : &node->binder;
  size_t n_own = node->kind == NODE_MAP ? node->n_binder : 1;
  const struct graph_binder **binders = floe__arena_array(arena, to->n + n_own, sizeof *binders);
  const struct graph_binder **open = floe__arena_array(arena, n_own, sizeof *open);
  const struct node **values = floe__arena_array(arena, to->n + n_own, sizeof *values);
  const struct node **args = floe__arena_array(arena, node->n_arg, sizeof *args);
  struct rewriting inner = *to;
  for (size_t k = 0; k < to->n; k++) {
    binders[k] = to->binders[k];
    values[k] = to->values[k];
  }
  for (size_t k = 0; k < n_own; k++) {
    open[k] = graph_open(to->graph, own[k]->dimension, own[k]->name);
    binders[to->n + k] = own[k];
    values[to->n + k] = node_binder(to->graph, open[k]);
    binders_add(&inner.domain, own[k]->id);
    binders_join(&inner.free, &values[to->n + k]->free);
  }
  inner.n += n_own;
  inner.binders = binders;
  inner.values = values;
  inner.memo = memo_take(to->graph);
  for (size_t k = 0; k < node->n_arg; k++) args[k] = rewrite(&inner, node->args[k]);
  memo_give(to->graph, inner.memo);
  if (node->kind == NODE_MAP) return node_map_from(to->graph, n_own, open, node->start, args[0]);
  if (node->kind == NODE_REDUCE) return node_reduce_from(to->graph, node->reduction, open[0], node->start, args[0]);
  return node_scan(to->graph, open[0], node->start, node->n_arg / node->start, args);
}

static const struct node *rewrite_as_loop(struct rewriting *to, const struct node *node) {
  const struct node *kept = keeps_binders(to, node) ? rewrite_body(to, node) : NULL;
  return kept ? kept : rewrite_loop(to, node);
}

/* ---- everything else ---- */

const struct node *node_rebuild(struct graph *graph, const struct node *node, const struct node *const *args) {
  switch (node->kind) {
    case NODE_OPERATOR: return node_operator(graph, node->op, node->n_arg, args);
    case NODE_SELECT: return node_select(graph, args[0], args[1], args[2]);
    case NODE_EXTERN: return node_extern(graph, node->external, node->base, node->n_dim, node->dim, args);
    case NODE_DRAW:
      return node_draw(graph, node->external, node->dim, node->site, node->n_arg - node->external->n_formal, args);
    case NODE_FINITE: return node_finite(graph, args[0], args[1]);
    case NODE_GATHER: return node_gather(graph, args[0], args + 1);
    case NODE_PROJECT: return node_project(graph, args[0], node->index);
    case NODE_LITERAL: return node_literal(graph, node->dim[0], node->n_arg, args);
    case NODE_CHOOSE: return node_choose(graph, node->axis, args);
    case NODE_CONST:
    case NODE_VALUE:
    case NODE_COORDINATE:
    case NODE_CENTRING:
    case NODE_AXIS:
    case NODE_SIZE:
    case NODE_BINDER:
    case NODE_PREVIOUS:
    case NODE_MAP:
    case NODE_REDUCE:
    case NODE_SCAN: return node;
  }
  return node;
}

static const struct node *rewrite_parts(struct rewriting *to, const struct node *node) {
  const struct node *few[FEW_PARTS];
  const struct node **args =
      node->n_arg <= FEW_PARTS ? few : floe__arena_array(to->graph->arena, node->n_arg, sizeof *args);
  for (size_t k = 0; k < node->n_arg; k++) args[k] = node->args[k] ? rewrite(to, node->args[k]) : NULL;
  const struct node *result = node_rebuild(to->graph, node, args);
  if (result->kind == node->kind) node_name(result, node->name);
  return result;
}

static const struct node *rewrite(struct rewriting *to, const struct node *node) {
  bool chooses = to->specialise && (node->chooses & choose_bit(to->axis));
  if (!binders_meet(&node->free, &to->domain) && !chooses) return node;
  if (to->memo->n) {
    const struct memo_entry *known = memo_slot(to->memo, node);
    if (known->round == to->memo->round) return known->result;
  }
  const struct node *result;
  if (node->kind == NODE_BINDER || node->kind == NODE_PREVIOUS)
    result = rewrite_leaf(to, node);
  else if (node->kind == NODE_CHOOSE && to->specialise && node->axis == to->axis)
    result = node->args[to->option] ? rewrite(to, node->args[to->option]) : node_const(to->graph, NAN);
  else if (node->kind == NODE_MAP || node->kind == NODE_REDUCE || node->kind == NODE_SCAN)
    result = rewrite_as_loop(to, node);
  else
    result = rewrite_parts(to, node);
  remember(to, node, result);
  return result;
}

const struct node *graph_substitute(struct graph *graph, const struct node *node, size_t n,
                                    const struct graph_binder *const *binders, const struct node *const *values) {
  struct rewriting to = {.graph = graph, .n = n, .binders = binders, .values = values, .memo = memo_take(graph)};
  for (size_t k = 0; k < n; k++) {
    binders_add(&to.domain, binders[k]->id);
    binders_join(&to.free, &values[k]->free);
    binders_join(&to.bound, &values[k]->bound);
  }
  const struct node *result = rewrite(&to, node);
  memo_give(graph, to.memo);
  return result;
}

const struct node *graph_specialise(struct graph *graph, const struct node *node, const struct axis *axis,
                                    size_t option) {
  struct rewriting to = {
      .graph = graph, .specialise = true, .axis = axis, .option = option, .memo = memo_take(graph)};
  const struct node *result = rewrite(&to, node);
  memo_give(graph, to.memo);
  return result;
}
