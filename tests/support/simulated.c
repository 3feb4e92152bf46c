#include "tests/support/simulated.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "compiler/passes/simulator.h"

enum { MAX_LEAF = 600, MAX_RANK = 8 };

struct run {
  const struct program *program;
  struct simulator_graph graph;
  struct graph_world world;
  const struct graph_world *outer;
  const double *leaves[MAX_LEAF];
  double locals[MAX_LEAF];
  size_t size[MAX_RANK];
  raw_draw draw;
  void *context;
  bool given_up;
};

static void no_memory(void *context) {
  (void)context;
  abort();
}

static const double *leaf(void *context, const struct variable *variable) {
  return ((struct run *)context)->leaves[variable->id];
}

static void call(void *context, const struct external *external, size_t n, const struct graph_array *args,
                 struct graph_array *result) {
  const struct graph_world *outer = ((struct run *)context)->outer;
  outer->call(outer->context, external, n, args, result);
}

static struct floe__arena *arena_new(void) {
  return floe__arena_new((size_t)4 << 20, no_memory, NULL);
}

static double value_of(struct run *r, const struct node *node) {
  struct floe__arena *arena = arena_new();
  const double value = graph_run(graph_run_new(arena, r->graph.graph, &r->world), node)->data[0];
  floe__arena_free(arena);
  return value;
}

static double drawn(struct run *r, const struct act *act) {
  struct floe__arena *arena = arena_new();
  struct graph_run *run = graph_run_new(arena, r->graph.graph, &r->world);
  struct graph_array args[4];
  for (size_t k = 0; k < act->value->n_item; k++) args[k] = *graph_run(run, r->graph.draws[act->id][k]);
  double value;
  struct graph_array result = {.n = 1, .data = &value};
  if (act->value->external->simulator)
    simulate_interpreted(r->program, r->outer, act->value->external, args, r->draw, r->context, &result);
  else
    value = r->draw(r->context, act->value->external, act->value->n_item, args);
  floe__arena_free(arena);
  return value;
}

static double *local_of(struct run *r, const struct formal *local) {
  return &r->locals[simulator_leaf(&r->graph, local)->id];
}

static void run_acts(struct run *r, const struct act *list);

static void run_while(struct run *r, const struct act *act) {
  for (double turn = 0; !r->given_up; turn++) {
    run_acts(r, act->before);
    if (value_of(r, r->graph.values[act->id]) == 0) return;
    r->given_up = turn == act->limit;
    if (!r->given_up) run_acts(r, act->body);
  }
}

static void run_for(struct run *r, const struct act *act) {
  const struct dimension *dimension = act->binder->dimension;
  size_t size = dimension->low;
  for (size_t k = 0; k < r->graph.n_dimension; k++)
    if (r->graph.formal[k] == dimension) size = r->size[k];
  for (size_t k = 1; k <= size && !r->given_up; k++) {
    *local_of(r, act->local) = (double)k;
    run_acts(r, act->body);
  }
}

static void run_act(struct run *r, const struct act *act) {
  switch (act->kind) {
    case ACT_SET: *local_of(r, act->local) = value_of(r, r->graph.values[act->id]); return;
    case ACT_DRAW: *local_of(r, act->local) = drawn(r, act); return;
    case ACT_IF: run_acts(r, value_of(r, r->graph.values[act->id]) != 0 ? act->body : act->otherwise); return;
    case ACT_WHILE: run_while(r, act); return;
    case ACT_FOR: run_for(r, act); return;
  }
}

static void run_acts(struct run *r, const struct act *list) {
  for (const struct act *act = list; act && !r->given_up; act = act->next) run_act(r, act);
}

void simulate_interpreted(const struct program *program, const struct graph_world *world,
                          const struct external *external, const struct graph_array *args, raw_draw draw,
                          void *context, struct graph_array *result) {
  const struct simulator *simulator = external->simulator;
  struct floe__arena *arena = floe__arena_new((size_t)64 << 20, no_memory, NULL);
  struct run *r = calloc(1, sizeof *r);
  if (!r || simulator->n_argument + simulator->n_local > MAX_LEAF) abort();
  r->graph = derive_simulator(arena, program, simulator);
  r->world = (struct graph_world){.size = r->size, .context = r, .value = leaf, .call = call};
  r->program = program;
  r->outer = world;
  r->draw = draw;
  r->context = context;
  for (size_t k = 0; k < simulator->n_argument + simulator->n_local; k++) {
    r->leaves[k] = k < simulator->n_argument ? args[k].data : &r->locals[k];
    r->locals[k] = NAN;
  }
  for (size_t k = 0; k < simulator->n_argument; k++)
    for (size_t d = 0; d < args[k].n_dim; d++)
      for (size_t i = 0; i < r->graph.n_dimension; i++)
        if (r->graph.formal[i] == simulator->arguments[k]->type.dim[d]) r->size[i] = args[k].size[d];
  run_acts(r, simulator->body);
  for (size_t k = 0; k < simulator->n_output; k++)
    result->data[k] = r->given_up ? NAN : *local_of(r, simulator->outputs[k]);
  free(r);
  floe__arena_free(arena);
}
