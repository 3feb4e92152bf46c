/* Variables whose numbers hang together: a simplex, a covariance matrix. The functions of runtime/math/structure.c make
 * all of a variable's numbers of all of its coordinates at once, alike in both systems of coordinates. */
#include "base/arena.h"
#include "compiler/passes/derive.h"

static struct graph *graph_of(const struct derivation *derivation) {
  return derivation->lowering.graph;
}

/* ---- the functions, for one variable: (structure, number of values, size of each, array) ---- */

enum { N_FORMAL = 4 };

static const struct formal *formal_new(struct floe__arena *arena, const char *name, struct type type) {
  struct formal *formal = floe__arena_alloc(arena, sizeof *formal);
  *formal = (struct formal){name, type};
  return formal;
}

static struct type shape_of(size_t n_dim, const struct dimension *const *dim) {
  return (struct type){.n_dim = n_dim, .dim = (const struct dimension **)(uintptr_t)dim};
}

static struct type shape_of_values(const struct variable *variable) {
  return shape_of(variable->type.n_dim, variable->type.dim);
}

static struct type shape_of_coordinates(const struct variable *variable) {
  const struct dimension *const *dim;
  size_t n = coordinate_shape(variable, &dim);
  return shape_of(n, dim);
}

static struct external *function_new(struct floe__arena *arena, const char *symbol, struct type argument,
                                     struct type result) {
  static const char *const names[] = {"structure", "values", "size", "array"};
  struct external *external = floe__arena_alloc(arena, sizeof *external);
  external->name = external->symbol = symbol;
  external->n_formal = N_FORMAL;
  external->formals = floe__arena_array(arena, N_FORMAL, sizeof *external->formals);
  for (size_t k = 0; k < N_FORMAL; k++)
    external->formals[k] = formal_new(arena, names[k], k + 1 < N_FORMAL ? (struct type){.base = BASE_INT} : argument);
  external->type = result;
  return external;
}

static const struct node *call(const struct derivation *derivation, const struct external *external,
                               const struct variable *variable, const struct node *array) {
  struct graph *graph = graph_of(derivation);
  const struct type *type = &variable->type;
  const struct node **args = floe__arena_array(graph->arena, N_FORMAL, sizeof *args);
  const struct node *n_value = node_const(graph, 1);
  for (size_t k = 0; k + structure_rank(type->structure) < type->n_dim; k++)
    n_value = node_binary(graph, OP_MUL, n_value, node_size(graph, type->dim[k]));
  args[0] = node_const(graph, (double)type->structure);
  args[1] = n_value;
  args[2] = node_size(graph, type->dim[type->n_dim - 1]);
  args[3] = array;
  return node_extern(graph, external, BASE_REAL, external->type.n_dim, external->type.dim, args);
}

/* ---- values, coordinates, log-Jacobian ---- */

const struct node *structured_value(const struct derivation *derivation, const struct variable *variable) {
  struct floe__arena *arena = graph_of(derivation)->arena;
  struct external *external =
      function_new(arena, "floe_constrain", shape_of_coordinates(variable), shape_of_values(variable));
  external->adjoint = "floe_constrain_adjoint";
  return call(derivation, external, variable, node_coordinate(graph_of(derivation), variable));
}

const struct node *structured_coordinates(const struct derivation *derivation, const struct variable *variable) {
  struct floe__arena *arena = graph_of(derivation)->arena;
  struct external *external =
      function_new(arena, "floe_unconstrain", shape_of_values(variable), shape_of_coordinates(variable));
  return call(derivation, external, variable, node_value(graph_of(derivation), variable));
}

const struct node *structured_log_jacobian(const struct derivation *derivation, const struct variable *variable) {
  struct floe__arena *arena = graph_of(derivation)->arena;
  struct external *external =
      function_new(arena, "floe_log_jacobian", shape_of_coordinates(variable), (struct type){.base = BASE_REAL});
  external->adjoint = "floe_log_jacobian_adjoint";
  return call(derivation, external, variable, node_coordinate(graph_of(derivation), variable));
}

/* ---- ordered: independent numbers, sorted ---- */

bool is_sorted_sample(const struct variable *variable, const struct family *single) {
  return variable->type.structure == STRUCTURE_ORDERED && single->distribution->support.n_dim == 0;
}

/* Each order of n different numbers is as likely as the others: the density of the sorted ones is n! times that of the
 * independent ones. */
const struct node *sorted_log_density(const struct derivation *derivation, struct place place,
                                      const struct family *single, const struct node *x) {
  struct graph *graph = graph_of(derivation);
  const struct graph_binder *open = graph_open(graph, x->dim[0], x->dim[0]->name);
  const struct node *index = node_binder(graph, open), *element = node_gather(graph, x, &index);
  const struct node *density = family_log_density(place, single, element);
  density =
      density_supported(derivation, place, single, density, element, (struct known_bounds){NULL, NULL, false, NULL});
  const struct node *above = node_binary(graph, OP_ADD, node_size(graph, x->dim[0]), node_const(graph, 1));
  return node_binary(graph, OP_ADD, node_reduce(graph, REDUCE_SUM, open, density),
                     node_call(graph, derivation->functions.lgamma, above));
}

const struct node *sorted_sample(const struct derivation *derivation, struct place place,
                                 const struct variable *variable, const struct family *single, size_t site) {
  struct graph *graph = graph_of(derivation);
  const struct dimension *dimension = variable->type.dim[variable->type.n_dim - 1];
  const struct graph_binder *open;
  struct place inside = place_within(place, NULL, dimension, dimension->name, &open);
  const struct node *element = family_sample(inside, single, site);
  const struct node **drawn = floe__arena_alloc(graph->arena, sizeof *drawn);
  drawn[0] = node_map(graph, 1, &open, element);
  return node_extern(graph, derivation->functions.sort, BASE_REAL, 1, &variable->type.dim[variable->type.n_dim - 1],
                     drawn);
}
