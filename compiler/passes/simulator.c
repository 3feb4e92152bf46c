#include "compiler/passes/simulator.h"

#include "base/arena.h"
#include "compiler/passes/lower.h"

static const struct variable *leaf_of(struct floe__arena *arena, const struct simulator_graph *g,
                                      const struct formal *formal, size_t id) {
  static const uint64_t everywhere[64] = {0};
  struct variable *leaf = floe__arena_alloc(arena, sizeof *leaf);
  *leaf = (struct variable){.name = formal->name, .id = id, .type = formal->type, .presence = {everywhere}};
  leaf->type.low = leaf->type.high = NULL;
  leaf->type.dim = floe__arena_array(arena, formal->type.n_dim + 1, sizeof *leaf->type.dim);
  for (size_t k = 0; k < formal->type.n_dim; k++) {
    leaf->type.dim[k] = formal->type.dim[k];
    for (size_t d = 0; d < g->n_dimension; d++)
      if (g->formal[d] == formal->type.dim[k]) leaf->type.dim[k] = g->dimensions[d];
  }
  return leaf;
}

static void number_dimensions(struct floe__arena *arena, struct simulator_graph *g) {
  const struct simulator *simulator = g->simulator;
  size_t most = 0;
  for (size_t k = 0; k < simulator->n_argument; k++) most += simulator->arguments[k]->type.n_dim;
  g->formal = floe__arena_array(arena, most + 1, sizeof *g->formal);
  g->dimensions = floe__arena_array(arena, most + 1, sizeof *g->dimensions);
  for (size_t k = 0; k < simulator->n_argument; k++) {
    const struct type *type = &simulator->arguments[k]->type;
    for (size_t d = 0; d < type->n_dim; d++) {
      bool known = !type->dim[d]->formal;
      for (size_t i = 0; i < g->n_dimension; i++) known = known || g->formal[i] == type->dim[d];
      if (known) continue;
      struct dimension *own = floe__arena_alloc(arena, sizeof *own);
      *own = *type->dim[d];
      own->formal = false;
      own->id = g->n_dimension;
      g->formal[g->n_dimension] = type->dim[d];
      g->dimensions[g->n_dimension++] = own;
    }
  }
}

static void lower_act(struct simulator_graph *g, struct place place, const struct act *act);

static void lower_acts(struct simulator_graph *g, struct place place, const struct act *list) {
  for (const struct act *act = list; act; act = act->next) lower_act(g, place, act);
}

static const struct node **lower_items(struct simulator_graph *g, struct place place, size_t n,
                                       const struct term *const *items) {
  const struct node **nodes = floe__arena_array(g->graph->arena, n + 1, sizeof *nodes);
  for (size_t k = 0; k < n; k++) nodes[k] = lower(place, items[k]);
  return nodes;
}

static void lower_act(struct simulator_graph *g, struct place place, const struct act *act) {
  if (act->kind == ACT_CALL) {
    g->items[act->id] = lower_items(g, place, act->value->n_item, act->value->items);
    return;
  }
  if (act->place) g->items[act->id] = lower_items(g, place, act->local->type.n_dim, act->place);
  if (act->kind == ACT_FOR) {
    place = place_at(place, act->binder, node_value(g->graph, simulator_leaf(g, act->local)));
  } else {
    lower_acts(g, place, act->before);
    g->values[act->id] = lower(place, act->value);
  }
  lower_acts(g, place, act->body);
  lower_acts(g, place, act->otherwise);
}

const struct variable *simulator_leaf(const struct simulator_graph *g, const struct formal *local) {
  size_t k = 0;
  while (g->simulator->locals[k] != local) k++;
  return g->leaves[g->simulator->n_argument + k];
}

struct simulator_graph derive_simulator(struct floe__arena *arena, const struct program *program,
                                        const struct simulator *simulator) {
  const size_t n = simulator->n_argument, n_leaf = n + simulator->n_local;
  struct simulator_graph g = {.simulator = simulator, .graph = graph_new(arena)};
  g.leaves = floe__arena_array(arena, n_leaf + 1, sizeof *g.leaves);
  g.values = floe__arena_array(arena, simulator->n_act + 1, sizeof *g.values);
  g.items = floe__arena_array(arena, simulator->n_act + 1, sizeof *g.items);
  number_dimensions(arena, &g);
  struct lowering lowering = {.graph = g.graph, .program = program};
  struct place inside = place_inlined(place_of_spec(&lowering));
  for (size_t k = 0; k < n_leaf; k++) {
    const struct formal *formal = k < n ? simulator->arguments[k] : simulator->locals[k - n];
    g.leaves[k] = leaf_of(arena, &g, formal, k);
    frame_bind(inside, formal, node_value(g.graph, g.leaves[k]));
  }
  lower_acts(&g, inside, simulator->body);
  return g;
}
