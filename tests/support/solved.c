#include "tests/support/solved.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "compiler/passes/system.h"

enum { STEPS = 150, MAX_LEAF = 128, TIMES = 0, START = 1, INITIAL = 4 };

struct solver {
  const struct program *program;
  const struct external *external;
  struct graph_world world;
  const struct graph_world *outer;
  double leaves[MAX_LEAF]; /* time, states, parameters */
};

static void no_memory(void *context) {
  (void)context;
  abort();
}

static const double *leaf(void *context, const struct variable *variable) {
  return &((struct solver *)context)->leaves[variable->id];
}

static void call(void *context, const struct external *external, size_t n, const struct graph_array *args,
                 struct graph_array *result) {
  const struct graph_world *outer = ((struct solver *)context)->outer;
  outer->call(outer->context, external, n, args, result);
}

static void rates(struct solver *s, const struct system_graph *g, struct floe__arena *arena, double time,
                  const double *y, double *rate) {
  const size_t n = g->system->n_state;
  s->leaves[0] = time;
  memcpy(s->leaves + 1, y, n * sizeof *y);
  struct graph_run *run = graph_run_new(arena, g->graph, &s->world);
  for (size_t k = 0; k < n; k++) rate[k] = graph_run(run, g->rates[k])->data[0];
}

static void step(struct solver *s, double time, double h, double *y) {
  struct floe__arena *arena = floe__arena_new((size_t)16 << 20, no_memory, NULL);
  const struct system_graph g = derive_system(arena, s->program, s->external->system);
  const size_t n = g.system->n_state;
  double k[4][MAX_LEAF], at[MAX_LEAF];
  static const double share[4] = {0, 0.5, 0.5, 1};
  for (size_t j = 0; j < 4; j++) {
    for (size_t i = 0; i < n; i++) at[i] = y[i] + (j ? h * share[j] * k[j - 1][i] : 0);
    rates(s, &g, arena, time + share[j] * h, at, k[j]);
  }
  for (size_t i = 0; i < n; i++) y[i] += h * (k[0][i] + 2 * k[1][i] + 2 * k[2][i] + k[3][i]) / 6;
  floe__arena_free(arena);
}

void solve_interpreted(const struct program *program, const struct graph_world *world, const struct external *external,
                       const struct graph_array *args, struct graph_array *result) {
  const size_t n = external->system->n_state, n_parameter = external->system->n_parameter;
  struct solver *s = calloc(1, sizeof *s);
  if (!s) abort();
  *s = (struct solver){.program = program, .external = external, .outer = world};
  s->world = (struct graph_world){.context = s, .value = leaf, .call = call};
  double y[MAX_LEAF], time = args[START].data[0];
  for (size_t k = 0; k < n; k++) y[k] = args[INITIAL + k].data[0];
  for (size_t k = 0; k < n_parameter; k++) s->leaves[1 + n + k] = args[INITIAL + n + k].data[0];
  for (size_t t = 0; t < args[TIMES].n; t++) {
    const double end = args[TIMES].data[t], h = (end - time) / STEPS;
    for (int j = 0; j < STEPS && h > 0; j++) step(s, time + j * h, h, y);
    time = end;
    memcpy(result->data + t * n, y, n * sizeof *y);
  }
  free(s);
}
