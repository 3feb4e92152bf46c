#include "tests/support/simulated.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "compiler/passes/simulator.h"

enum { MAX_LEAF = 600 };

struct run {
  const struct program *program;
  struct simulator_graph graph;
  struct graph_world world;
  const struct graph_world *outer;
  const double *leaves[MAX_LEAF];
  double *locals[MAX_LEAF]; /* numbers and arrays */
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

static double *local_of(struct run *r, const struct formal *local) {
  return r->locals[simulator_leaf(&r->graph, local)->id];
}

static size_t size_of(const struct run *r, const struct dimension *dimension) {
  for (size_t k = 0; k < r->graph.n_dimension; k++)
    if (r->graph.formal[k] == dimension || r->graph.dimensions[k] == dimension) return r->size[k];
  return dimension->low;
}

static struct graph_array array_of(const struct run *r, const struct formal *local, double *data) {
  struct graph_array array = {.n_dim = local->type.n_dim, .n = 1, .data = data};
  for (size_t k = 0; k < array.n_dim; k++) array.n *= array.size[k] = size_of(r, local->type.dim[k]);
  return array;
}

static void run_call(struct run *r, const struct act *act) {
  struct floe__arena *arena = arena_new();
  struct graph_run *run = graph_run_new(arena, r->graph.graph, &r->world);
  const struct external *external = act->value->external;
  struct graph_array args[8], result = array_of(r, act->local, local_of(r, act->local));
  for (size_t k = 0; k < act->value->n_item; k++) args[k] = *graph_run(run, r->graph.items[act->id][k]);
  if (external->simulator)
    simulate_interpreted(r->program, r->outer, external, args, r->draw, r->context, &result);
  else if (external->random)
    *result.data = r->draw(r->context, external, act->value->n_item, args);
  else
    r->outer->call(r->outer->context, external, act->value->n_item, args, &result);
  floe__arena_free(arena);
}

/* A number, or an element: one outside of the array leaves all outputs undefined. */
static void run_set(struct run *r, const struct act *act) {
  const struct graph_array array = array_of(r, act->local, local_of(r, act->local));
  size_t position = 0;
  for (size_t k = 0; k < array.n_dim; k++) {
    const double place = value_of(r, r->graph.items[act->id][k]);
    r->given_up = r->given_up || !(place >= 1 && place < (double)array.size[k] + 1);
    if (!r->given_up) position = position * array.size[k] + (size_t)place - 1;
  }
  if (!r->given_up) array.data[position] = value_of(r, r->graph.values[act->id]);
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
  const size_t size = size_of(r, act->binder->dimension);
  for (size_t k = 1; k <= size && !r->given_up; k++) {
    *local_of(r, act->local) = (double)k;
    run_acts(r, act->body);
  }
}

static void run_act(struct run *r, const struct act *act) {
  switch (act->kind) {
    case ACT_SET: run_set(r, act); return;
    case ACT_CALL: run_call(r, act); return;
    case ACT_IF: run_acts(r, value_of(r, r->graph.values[act->id]) != 0 ? act->body : act->otherwise); return;
    case ACT_WHILE: run_while(r, act); return;
    case ACT_FOR: run_for(r, act); return;
  }
}

static void run_acts(struct run *r, const struct act *list) {
  for (const struct act *act = list; act && !r->given_up; act = act->next) run_act(r, act);
}

/* Where element `i` of the output stands among all: the first element of each index that the output lacks. */
static size_t packed_place(const struct run *r, size_t output, const struct graph_array *array, size_t i) {
  const struct type *all = &r->graph.simulator->external->type;
  size_t at[MAX_RANK] = {output}, place = 0;
  for (size_t d = array->n_dim; d-- > 0; i /= array->size[d])
    at[packed_dimension(r->graph.simulator, output, d)] = i % array->size[d];
  for (size_t k = 0; k < all->n_dim; k++) place = place * size_of(r, all->dim[k]) + at[k];
  return place;
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
  for (size_t k = 0; k < simulator->n_argument; k++)
    for (size_t d = 0; d < args[k].n_dim; d++)
      for (size_t i = 0; i < r->graph.n_dimension; i++)
        if (r->graph.formal[i] == simulator->arguments[k]->type.dim[d]) r->size[i] = args[k].size[d];
  for (size_t k = 0; k < simulator->n_argument; k++) r->leaves[k] = args[k].data;
  for (size_t k = 0; k < simulator->n_local; k++) {
    const size_t leaf = simulator->n_argument + k, n = array_of(r, simulator->locals[k], NULL).n;
    r->leaves[leaf] = r->locals[leaf] = calloc(n ? n : 1, sizeof(double));
    if (!r->locals[leaf]) abort();
    for (size_t i = 0; i < n; i++) r->locals[leaf][i] = NAN;
  }
  run_acts(r, simulator->body);
  for (size_t k = 0, n = 0; k < simulator->n_output; k++) {
    const struct graph_array output = array_of(r, simulator->outputs[k], local_of(r, simulator->outputs[k]));
    for (size_t i = 0; i < output.n; i++)
      result->data[outputs_packed(simulator) ? packed_place(r, k, &output, i) : n++] = r->given_up ? NAN : output.data[i];
  }
  for (size_t k = 0; k < simulator->n_local; k++) free(r->locals[simulator->n_argument + k]);
  free(r);
  floe__arena_free(arena);
}
