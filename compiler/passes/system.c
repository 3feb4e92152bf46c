#include "compiler/passes/system.h"

#include <string.h>

#include "base/arena.h"
#include "compiler/passes/derivative.h"
#include "compiler/passes/lower.h"

/* d node / d leaf, for one leaf. NULL stands for zero. */
struct differentiation {
  struct graph *graph;
  const struct program *program;
  const struct variable *leaf;
  size_t n_known; /* nodes of the rates: what differentiation adds is not differentiated */
  bool *done;
  const struct node **slope;
};

static const struct node *binary(const struct differentiation *d, enum operator_kind op, const struct node *x,
                                 const struct node *y) {
  return node_binary(d->graph, op, x, y);
}

static const struct node *sum(const struct differentiation *d, const struct node *x, const struct node *y) {
  return !x ? y : !y ? x : binary(d, OP_ADD, x, y);
}

static const struct node *scaled(const struct differentiation *d, const struct node *slope, const struct node *factor) {
  return slope ? binary(d, OP_MUL, slope, factor) : NULL;
}

static const struct node *negated(const struct differentiation *d, const struct node *slope) {
  return slope ? node_unary(d->graph, OP_NEG, slope) : NULL;
}

/* x^y: y x^(y - 1) dx + x^y log(x) dy, the latter 0 at x = 0. */
static const struct node *slope_of_power(const struct differentiation *d, const struct node *x, const struct node *dx,
                                         const struct node *y, const struct node *dy) {
  const struct node *lower = binary(d, OP_POW, x, binary(d, OP_SUB, y, node_const(d->graph, 1)));
  const struct node *by_x = scaled(d, dx, binary(d, OP_MUL, y, lower)), *logarithm = NULL;
  for (size_t k = 0; dy && k < d->program->n_external; k++)
    if (strcmp(d->program->externals[k]->symbol, "log") == 0)
      logarithm = node_call(d->graph, d->program->externals[k], x);
  if (!logarithm) return by_x;
  const struct node *zero = node_const(d->graph, 0), *power = binary(d, OP_POW, x, y);
  const struct node *positive = binary(d, OP_GT, x, zero);
  const struct node *by_y = node_select(d->graph, positive, binary(d, OP_MUL, power, logarithm), zero);
  return sum(d, by_x, scaled(d, dy, by_y));
}

static const struct node *slope_of_pair(const struct differentiation *d, enum operator_kind op, const struct node *x,
                                        const struct node *dx, const struct node *y, const struct node *dy) {
  if (!dx && !dy) return NULL;
  switch (op) {
    case OP_ADD: return sum(d, dx, dy);
    case OP_SUB: return sum(d, dx, negated(d, dy));
    case OP_MUL: return sum(d, scaled(d, dx, y), scaled(d, dy, x));
    case OP_DIV: {
      const struct node *above = sum(d, dx, negated(d, scaled(d, dy, binary(d, OP_DIV, x, y))));
      return above ? binary(d, OP_DIV, above, y) : NULL;
    }
    case OP_POW: return slope_of_power(d, x, dx, y, dy);
    case OP_NEG: return negated(d, dx);
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
    case OP_EQ:
    case OP_NE:
    case OP_AND:
    case OP_OR:
    case OP_NOT: break;
  }
  return NULL;
}

static const struct node *slope_of(struct differentiation *d, const struct node *node);

static const struct node *slope_of_operator(struct differentiation *d, const struct node *node) {
  const struct node *x = node->args[0], *dx = slope_of(d, x);
  if (node->n_arg == 1) return slope_of_pair(d, node->op, x, dx, NULL, NULL);
  for (size_t k = 1; k < node->n_arg; k++) {
    const struct node *y = node->args[k], *dy = slope_of(d, y);
    dx = slope_of_pair(d, node->op, x, dx, y, dy);
    x = binary(d, node->op, x, y);
  }
  return dx;
}

static const struct node *slope_of_select(struct differentiation *d, const struct node *node) {
  const struct node *yes = slope_of(d, node->args[1]), *no = slope_of(d, node->args[2]);
  const struct node *zero = node_const(d->graph, 0);
  return yes || no ? node_select(d->graph, node->args[0], yes ? yes : zero, no ? no : zero) : NULL;
}

static const struct node *slope_of_call(struct differentiation *d, const struct node *node) {
  const struct node *total = NULL;
  for (size_t k = 0; k < node->n_arg; k++) {
    const struct node *inner = slope_of(d, node->args[k]);
    const struct node *outer = inner ? external_derivative(d->graph, d->program, node, k) : NULL;
    if (outer) total = sum(d, total, scaled(d, inner, outer));
  }
  return total;
}

static const struct node *slope_of(struct differentiation *d, const struct node *node) {
  if (node->id < d->n_known && d->done[node->id]) return d->slope[node->id];
  const struct node *slope = NULL;
  if (node->kind == NODE_VALUE && node->variable == d->leaf) slope = node_const(d->graph, 1);
  if (node->kind == NODE_OPERATOR) slope = slope_of_operator(d, node);
  if (node->kind == NODE_SELECT) slope = slope_of_select(d, node);
  if (node->kind == NODE_EXTERN) slope = slope_of_call(d, node);
  if (node->id < d->n_known) {
    d->done[node->id] = true;
    d->slope[node->id] = slope;
  }
  return slope;
}

/* ---- the system ---- */

static const struct variable *leaf_of(struct floe__arena *arena, const struct formal *formal, size_t id) {
  static const uint64_t everywhere[64] = {0};
  struct variable *leaf = floe__arena_alloc(arena, sizeof *leaf);
  *leaf = (struct variable){.name = formal->name, .id = id, .type = formal->type, .presence = {everywhere}};
  return leaf;
}

static void differentiate(struct floe__arena *arena, const struct program *program, struct system_graph *g) {
  const size_t n = g->system->n_state, n_parameter = g->system->n_parameter, n_known = g->graph->n_node;
  for (size_t m = 0; m < n + n_parameter; m++) {
    struct differentiation d = {g->graph, program, g->leaves[1 + m], n_known, NULL, NULL};
    d.done = floe__arena_array(arena, n_known + 1, sizeof *d.done);
    d.slope = floe__arena_array(arena, n_known + 1, sizeof *d.slope);
    for (size_t i = 0; i < n; i++) {
      const struct node *slope = slope_of(&d, g->rates[i]);
      if (m < n)
        g->by_state[i * n + m] = slope;
      else
        g->by_parameter[i * n_parameter + m - n] = slope;
    }
  }
}

struct system_graph derive_system(struct floe__arena *arena, const struct program *program,
                                  const struct system *system) {
  const size_t n = system->n_state, n_parameter = system->n_parameter, n_leaf = 1 + n + n_parameter;
  struct system_graph g = {.system = system, .graph = graph_new(arena)};
  g.leaves = floe__arena_array(arena, n_leaf, sizeof *g.leaves);
  g.rates = floe__arena_array(arena, n + 1, sizeof *g.rates);
  g.by_state = floe__arena_array(arena, n * n + 1, sizeof *g.by_state);
  g.by_parameter = floe__arena_array(arena, n * n_parameter + 1, sizeof *g.by_parameter);
  struct lowering lowering = {.graph = g.graph, .program = program};
  struct place inside = place_inlined(place_of_spec(&lowering));
  for (size_t k = 0; k < n_leaf; k++) {
    const struct formal *formal = k == 0   ? system->time
                                  : k <= n ? system->states[k - 1]
                                           : system->parameters[k - 1 - n];
    g.leaves[k] = leaf_of(arena, formal, k);
    frame_bind(inside, formal, node_value(g.graph, g.leaves[k]));
  }
  for (size_t k = 0; k < n; k++) g.rates[k] = lower(inside, system->rates[k]);
  differentiate(arena, program, &g);
  return g;
}
