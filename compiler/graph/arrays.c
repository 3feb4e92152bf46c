/* Smart constructors of arrays and loops. */
#include "compiler/graph/construct.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "compiler/graph/table.h"

/* ---- elements of arrays ---- */

#define CHEAP_OPERATIONS 200
#define MAX_STEP 500 /* operations of a step in which earlier ones are looked for */

/* Whether what depends on the binders may be computed again wherever it is used: not so for loops, which chained
 * definitions would nest ever deeper, nor for draws, whose streams cost more than memory, nor where there is too much of
 * it. `budget` counts operations, shared ones as often as they are used. */
static bool is_cheap(const struct node *node, const struct binders *binders, size_t *budget) {
  if (!binders_meet(&node->free, binders)) return true;
  if (node->kind == NODE_DRAW || node->kind == NODE_REDUCE || node->kind == NODE_MAP || node->kind == NODE_SCAN)
    return false;
  if ((node->kind == NODE_EXTERN && node->n_dim) || *budget == 0) return false;
  --*budget;
  for (size_t k = 0; k < node->n_arg; k++)
    if (node->args[k] && !is_cheap(node->args[k], binders, budget)) return false;
  return true;
}

/* Whether the index is within the dimension for sure: the current element of a loop over it, or a number. */
static bool is_within(const struct node *index, const struct dimension *dimension) {
  if (index->kind == NODE_BINDER) return index->binder->dimension == dimension;
  return index->kind == NODE_CONST && index->number >= 1 && index->number <= (double)dimension->low &&
         index->number == floor(index->number);
}

/* The element of a map at other loops' current elements, or at stated ones: its body there. */
static const struct node *element_of_map(struct graph *graph, const struct node *map,
                                         const struct node *const *indices) {
  struct binders binders = {{0}};
  if (map->start > 1) return NULL;
  for (size_t k = 0; k < map->n_binder; k++) {
    if (!is_within(indices[k], map->dim[k])) return NULL;
    binders_add(&binders, map->binders[k]->id);
  }
  size_t budget = CHEAP_OPERATIONS;
  if (!is_cheap(map->args[0], &binders, &budget)) return NULL;
  return graph_substitute(graph, map->args[0], map->n_binder, map->binders, indices);
}

static const struct node *element_at(const struct node *array, const struct node *index) {
  if (index->kind != NODE_CONST || index->number < 1) return NULL;
  size_t place = (size_t)index->number;
  if (array->kind == NODE_LITERAL && place <= array->n_arg) return array->args[place - 1];
  if (array->kind != NODE_PROJECT) return NULL;
  const struct node *scan = array->args[0];
  return place < scan->start ? scan->args[array->index * scan->start + place - 1] : NULL;
}

const struct node *node_gather(struct graph *graph, const struct node *array, const struct node *const *indices) {
  const struct node *simple = NULL;
  if (array->n_dim == 0) return array;
  if (array->kind == NODE_MAP)
    simple = element_of_map(graph, array, indices);
  else if (array->n_dim == 1)
    simple = element_at(array, indices[0]);
  if (simple) return simple;
  const struct node **args = floe__arena_array(graph->arena, array->n_dim + 1, sizeof *args);
  args[0] = array;
  memcpy(args + 1, indices, array->n_dim * sizeof *args);
  return graph_node(graph,
                    &(struct node){.kind = NODE_GATHER, .base = array->base, .n_arg = array->n_dim + 1, .args = args});
}

const struct node *node_project(struct graph *graph, const struct node *scan, size_t index) {
  return graph_node(graph, &(struct node){.kind = NODE_PROJECT,
                                          .base = scan->args[(index + 1) * scan->start - 1]->base,
                                          .n_dim = 1,
                                          .dim = &(const struct dimension *){scan->binder->dimension},
                                          .index = index,
                                          .n_arg = 1,
                                          .args = &scan});
}

const struct node *node_literal(struct graph *graph, const struct dimension *dimension, size_t n,
                                const struct node *const *items) {
  return graph_node(graph, &(struct node){.kind = NODE_LITERAL,
                                          .base = n ? items[0]->base : BASE_REAL,
                                          .n_dim = 1,
                                          .dim = &dimension,
                                          .n_arg = n,
                                          .args = (const struct node **)(uintptr_t)items});
}

/* ---- loops ---- */

/* The lowest level above those of the loops inside that captures nothing: outer loops are still temporary as a rule, but a
 * body may be made for a place inside closed ones. */
static size_t level_above(const struct graph *graph, const struct dimension *dimension, const struct binders *bound,
                          const struct binders *free) {
  size_t level = 0, before;
  for (size_t k = 0; k < graph->n_binder; k++) {
    const struct graph_binder *binder = graph->binders[k];
    bool inside = binder->dimension == dimension && binder->level < LEVEL_OPEN && binders_have(bound, binder->id);
    if (inside && binder->level >= level) level = binder->level + 1;
  }
  do {
    before = level;
    for (size_t k = 0; k < graph->n_binder; k++) {
      const struct graph_binder *binder = graph->binders[k];
      if (binder->dimension == dimension && binder->level == level && binders_have(free, binder->id)) level++;
    }
  } while (level != before);
  return level;
}

static const struct node *renamed(struct graph *graph, const struct node *node, const struct graph_binder *from,
                                  const struct graph_binder *to) {
  const struct node *value = node_binder(graph, to);
  return graph_substitute(graph, node, 1, &from, &value);
}

/* map(i: x[i]) is x. */
static bool is_whole_array(const struct node *element, size_t n, const struct graph_binder *const *open) {
  if (element->kind != NODE_GATHER || element->args[0]->n_dim != n) return false;
  const struct node *array = element->args[0];
  for (size_t k = 0; k < n; k++) {
    const struct node *index = element->args[k + 1];
    if (index->kind != NODE_BINDER || index->binder != open[k] || array->dim[k] != open[k]->dimension) return false;
    if (binders_have(&array->free, open[k]->id)) return false;
  }
  return true;
}

const struct node *node_map_from(struct graph *graph, size_t n, const struct graph_binder *const *open, size_t start,
                                 const struct node *element) {
  const struct graph_binder **binders = floe__arena_array(graph->arena, n + 1, sizeof *binders);
  const struct dimension **dim = floe__arena_array(graph->arena, n + 1, sizeof *dim);
  const struct node **values = floe__arena_array(graph->arena, n + 1, sizeof *values), *body = element;
  struct binders inner = element->bound, own;
  for (size_t k = n; k-- > 0;) graph_close(graph, open[k]);
  if (n == 0) return element;
  if (start == 1 && is_whole_array(element, n, open)) return element->args[0];
  do { /* a scan inside that changes gets a new binder: perhaps one of these */
    binders_join(&inner, &body->bound);
    struct binders bound = inner;
    own = (struct binders){{0}};
    for (size_t k = n; k-- > 0;) {
      dim[k] = open[k]->dimension;
      binders[k] = graph_binder(graph, dim[k], level_above(graph, dim[k], &bound, &element->free), open[k]->name);
      values[k] = node_binder(graph, binders[k]);
      binders_add(&own, binders[k]->id);
      binders_join(&bound, &own);
    }
    body = graph_substitute(graph, element, n, open, values);
  } while (binders_meet(&body->bound, &own) && !graph->crowded);
  return graph_node(graph, &(struct node){.kind = NODE_MAP,
                                          .base = element->base,
                                          .n_dim = n,
                                          .dim = dim,
                                          .n_binder = n,
                                          .binders = binders,
                                          .start = start,
                                          .n_arg = 1,
                                          .args = &body});
}

const struct node *node_map(struct graph *graph, size_t n, const struct graph_binder *const *open,
                            const struct node *element) {
  return node_map_from(graph, n, open, 1, element);
}

/* The switch stands outside the loop. */
static const struct node *reduce_choose(struct graph *graph, enum reduction reduction, const struct graph_binder *open,
                                        size_t start, const struct node *choose) {
  const struct node **options = floe__arena_array(graph->arena, choose->n_arg, sizeof *options);
  for (size_t k = 0; k < choose->n_arg; k++)
    if (choose->args[k]) options[k] = node_reduce_from(graph, reduction, open, start, choose->args[k]);
  return node_choose(graph, choose->axis, options);
}

static const struct node *repeated(struct graph *graph, const struct graph_binder *open, size_t start,
                                   const struct node *element) {
  const struct node *times = node_size(graph, open->dimension);
  if (start > 1) times = node_binary(graph, OP_SUB, times, node_const(graph, (double)start - 1));
  return node_binary(graph, OP_MUL, times, element);
}

/* The output of a scan whose elements are all summed up, and whose steps do not rest on earlier ones; or NULL. */
static const struct node *summed_steps(const struct graph_binder *open, const struct node *element) {
  const struct node *output = element->kind == NODE_GATHER ? element->args[0] : NULL,
                    *index = output ? element->args[1] : NULL;
  if (!output || output->kind != NODE_PROJECT || index->kind != NODE_BINDER || index->binder != open) return NULL;
  const struct node *scan = output->args[0];
  size_t budget = MAX_STEP;
  const bool all = scan->binder->dimension == open->dimension && scan->start - 1 <= open->dimension->low;
  if (!all || binders_have(&scan->free, open->id)) return NULL;
  return node_looks_back(scan->args[(output->index + 1) * scan->start - 1], &budget) ? NULL : output;
}

/* The elements before the loop, and a loop over the others. */
static const struct node *sum_of_steps(struct graph *graph, const struct graph_binder *open,
                                       const struct node *output) {
  const struct node *scan = output->args[0], **steps = scan->args + output->index * scan->start;
  const struct node *sum = node_const(graph, 0);
  for (size_t k = 0; k + 1 < scan->start; k++) sum = node_binary(graph, OP_ADD, sum, steps[k]);
  const struct node *element = renamed(graph, steps[scan->start - 1], scan->binder, open);
  return node_binary(graph, OP_ADD, sum, node_reduce_from(graph, REDUCE_SUM, open, scan->start, element));
}

const struct node *node_reduce_from(struct graph *graph, enum reduction reduction, const struct graph_binder *open,
                                    size_t start, const struct node *element) {
  const struct node *steps = reduction == REDUCE_SUM && start == 1 ? summed_steps(open, element) : NULL;
  if (steps) return sum_of_steps(graph, open, steps);
  graph_close(graph, open);
  if (element->kind == NODE_CHOOSE) return reduce_choose(graph, reduction, open, start, element);
  if (reduction == REDUCE_SUM && !binders_have(&element->free, open->id)) return repeated(graph, open, start, element);
  const struct graph_binder *binder;
  const struct node *body = element;
  struct binders inner = element->bound;
  do { /* as for maps */
    binders_join(&inner, &body->bound);
    binder =
        graph_binder(graph, open->dimension, level_above(graph, open->dimension, &inner, &element->free), open->name);
    body = renamed(graph, element, open, binder);
  } while (binders_have(&body->bound, binder->id) && !graph->crowded);
  bool truth = reduction == REDUCE_ALL || reduction == REDUCE_ANY;
  return graph_node(graph, &(struct node){.kind = NODE_REDUCE,
                                          .base = truth ? BASE_BOOL : element->base,
                                          .reduction = reduction,
                                          .binder = binder,
                                          .start = start,
                                          .n_arg = 1,
                                          .args = &body});
}

const struct node *node_reduce(struct graph *graph, enum reduction reduction, const struct graph_binder *open,
                               const struct node *element) {
  return node_reduce_from(graph, reduction, open, 1, element);
}

/* The scan over a binder. `inside`: the binders of the loops in it. */
static struct node scan_over(struct graph *graph, const struct graph_binder *open, const struct graph_binder *binder,
                             size_t start, size_t n, const struct node *const *args, struct binders *inside) {
  const struct node **bodies = floe__arena_array(graph->arena, n + 1, sizeof *bodies);
  const struct dimension **dim = floe__arena_array(graph->arena, 1, sizeof *dim);
  *dim = open->dimension;
  *inside = (struct binders){{0}};
  for (size_t k = 0; k < n; k++) {
    bodies[k] = renamed(graph, args[k], open, binder);
    binders_join(inside, &bodies[k]->bound);
  }
  return (struct node){
      .kind = NODE_SCAN, .n_dim = 1, .dim = dim, .binder = binder, .start = start, .n_arg = n, .args = bodies};
}

/* What the scan would be over a binder that is the same for all scans over the dimension. */
static const struct node *form_of_scan(struct graph *graph, const struct graph_binder *open, size_t start, size_t n,
                                       const struct node *const *args) {
  const struct graph_binder *binder = graph_binder(graph, open->dimension, LEVEL_FORM, open->name);
  struct binders inside;
  const struct node proto = scan_over(graph, open, binder, start, n, args, &inside);
  return graph_node(graph, &proto);
}

/* No two scans share a binder: the lowest level that no scan has, unless this scan is there already. */
const struct node *node_scan(struct graph *graph, const struct graph_binder *open, size_t start, size_t n_output,
                             const struct node *const *args) {
  struct graph_table *table = graph->table;
  size_t n = n_output * start;
  struct binders bound = {{0}}, free = {{0}}, inside;
  graph_close(graph, open);
  for (size_t k = 0; k < n; k++) {
    binders_join(&bound, &args[k]->bound);
    binders_join(&free, &args[k]->free);
  }
  const struct node *form = form_of_scan(graph, open, start, n, args);
  for (const struct graph_scan *known = table->known; known; known = known->next)
    if (known->form == form) return known->scan;
  const struct graph_binder *binder;
  struct node proto;
  size_t level = level_above(graph, open->dimension, &bound, &free);
  do {
    do binder = graph_binder(graph, open->dimension, level++, open->name);
    while (binders_have(&table->scans, binder->id) && !graph->crowded);
    proto = scan_over(graph, open, binder, start, n, args, &inside);
  } while (binders_have(&inside, binder->id) && !graph->crowded);
  struct graph_scan *known = floe__arena_alloc(graph->arena, sizeof *known);
  *known = (struct graph_scan){form, graph_node(graph, &proto), table->known};
  table->known = known;
  return known->scan;
}

bool node_looks_back(const struct node *node, size_t *budget) {
  if (node->kind == NODE_PREVIOUS || *budget == 0) return true;
  --*budget;
  for (size_t k = 0; k < node->n_arg; k++)
    if (node->args[k] && !binders_are_none(&node->args[k]->free) && node_looks_back(node->args[k], budget)) return true;
  return false;
}

const struct node *node_previous(struct graph *graph, const struct graph_binder *open, size_t index, size_t lag,
                                 enum base base) {
  return graph_node(graph,
                    &(struct node){.kind = NODE_PREVIOUS, .base = base, .binder = open, .index = index, .lag = lag});
}
