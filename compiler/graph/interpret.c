/* A node's result is kept until one of the loops that it depends on moves on. */
#include "compiler/graph/interpret.h"

#include <math.h>

#include "base/arena.h"
#include "compiler/graph/construct.h"

struct kept {
  size_t time; /* when it was computed; 0: never */
  struct graph_array array;
};

struct graph_run {
  struct floe__arena *arena;
  const struct graph *graph;
  const struct graph_world *world;
  size_t clock;
  size_t number[MAX_BINDER], moved[MAX_BINDER]; /* by binder: current element, from 1, and when it last changed */
  struct graph_array *state[MAX_BINDER]; /* by binder: its outputs so far */
  struct kept *kept;                     /* by node */
};

struct graph_run *graph_run_new(struct floe__arena *arena, const struct graph *graph, const struct graph_world *world) {
  struct graph_run *run = floe__arena_alloc(arena, sizeof *run);
  *run = (struct graph_run){.arena = arena, .graph = graph, .world = world, .clock = 1};
  run->kept = floe__arena_array(arena, graph->n_node + 1, sizeof *run->kept);
  return run;
}

bool graph_run_has(const struct graph_run *run, struct presence presence, size_t n_axis) {
  for (size_t k = 0; k < n_axis; k++)
    if (presence.options[k] != UINT64_MAX && !(presence.options[k] >> run->world->option[k] & 1)) return false;
  return true;
}

static size_t size_of(const struct graph_run *run, const struct dimension *dimension) {
  if (dimension->low == dimension->high) return dimension->low;
  if (!dimension->free_of) return run->world->size[dimension->id];
  const struct type *type = &dimension->free_of->type;
  size_t size[16];
  for (size_t k = 0; k < type->n_dim; k++) size[k] = size_of(run, type->dim[k]);
  return structure_free(type, size);
}

static void move_to(struct graph_run *run, const struct graph_binder *binder, size_t number) {
  run->number[binder->id] = number;
  run->moved[binder->id] = ++run->clock;
}

static struct graph_array array_of_shape(struct graph_run *run, size_t n_dim, const struct dimension *const *dim) {
  struct graph_array array = {.n_dim = n_dim, .n = 1};
  for (size_t k = 0; k < n_dim; k++) array.n *= array.size[k] = size_of(run, dim[k]);
  array.data = floe__arena_array(run->arena, array.n ? array.n : 1, sizeof *array.data);
  return array;
}

static double scalar(struct graph_run *run, const struct node *node) {
  return graph_run(run, node)->data[0];
}

/* ---- scalars ---- */

static double gather(struct graph_run *run, const struct node *node) {
  const struct graph_array *array = graph_run(run, node->args[0]);
  size_t place = 0;
  for (size_t k = 0; k < array->n_dim; k++) {
    double index = scalar(run, node->args[k + 1]);
    if (!(index >= 1 && index <= (double)array->size[k])) return NAN;
    place = place * array->size[k] + (size_t)index - 1;
  }
  return array->data[place];
}

static double reduce(struct graph_run *run, const struct node *node) {
  static const double starts[] = {[REDUCE_SUM] = 0,        [REDUCE_PRODUCT] = 1, [REDUCE_MAX] = -INFINITY,
                                  [REDUCE_MIN] = INFINITY, [REDUCE_ALL] = 1,     [REDUCE_ANY] = 0};
  double result = starts[node->reduction];
  size_t size = size_of(run, node->binder->dimension);
  for (size_t k = node->start; k <= size; k++) {
    move_to(run, node->binder, k);
    double element = scalar(run, node->args[0]);
    switch (node->reduction) {
      case REDUCE_SUM: result += element; break;
      case REDUCE_PRODUCT: result *= element; break;
      case REDUCE_MAX: result = element > result || isnan(element) ? element : result; break;
      case REDUCE_MIN: result = element < result || isnan(element) ? element : result; break;
      case REDUCE_ALL: result = result != 0 && element != 0; break;
      case REDUCE_ANY: result = result != 0 || element != 0; break;
    }
  }
  return result;
}

static double previous(const struct graph_run *run, const struct node *node) {
  size_t binder = node->binder->id;
  return run->state[binder][node->index].data[run->number[binder] - node->lag - 1];
}

static struct graph_array *arguments(struct graph_run *run, const struct node *node, size_t n) {
  struct graph_array *args = floe__arena_array(run->arena, n + 1, sizeof *args);
  for (size_t k = 0; k < n; k++) args[k] = *graph_run(run, node->args[k]);
  return args;
}

static struct graph_array draw(struct graph_run *run, const struct node *node) {
  size_t n = node->external->n_formal, n_key = node->n_arg - n;
  size_t *key = floe__arena_array(run->arena, n_key + 1, sizeof *key);
  for (size_t k = 0; k < n_key; k++) key[k] = (size_t)scalar(run, node->args[n + k]);
  struct graph_array result = array_of_shape(run, node->n_dim, node->dim);
  run->world->draw(run->world->context, node->external, n, arguments(run, node, n), node->site, n_key, key, &result);
  return result;
}

static double choose(struct graph_run *run, const struct node *node) {
  size_t option = node->axis ? run->world->option[node->axis->id] : (size_t)run->world->coordinates;
  return node->args[option] ? scalar(run, node->args[option]) : NAN;
}

/* ---- arrays ---- */

static void fill_map(struct graph_run *run, const struct node *node, struct graph_array *array) {
  for (size_t place = 0; place < array->n; place++) {
    for (size_t k = node->n_binder, rest = place; k-- > 0; rest /= array->size[k])
      move_to(run, node->binders[k], rest % array->size[k] + 1);
    array->data[place] = place + 1 < node->start ? NAN : scalar(run, node->args[0]);
  }
}

static struct graph_array *run_scan(struct graph_run *run, const struct node *scan) {
  size_t n_output = scan->n_arg / scan->start, binder = scan->binder->id, size = size_of(run, scan->binder->dimension);
  struct graph_array *outputs = floe__arena_array(run->arena, n_output, sizeof *outputs);
  for (size_t k = 0; k < n_output; k++) outputs[k] = array_of_shape(run, 1, &scan->binder->dimension);
  for (size_t step = 1; step < scan->start && step <= size; step++)
    for (size_t k = 0; k < n_output; k++)
      outputs[k].data[step - 1] = scalar(run, scan->args[k * scan->start + step - 1]);
  for (size_t step = scan->start; step <= size; step++) {
    run->state[binder] = outputs;
    move_to(run, scan->binder, step);
    for (size_t k = 0; k < n_output; k++)
      outputs[k].data[step - 1] = scalar(run, scan->args[(k + 1) * scan->start - 1]);
  }
  return outputs;
}

static struct graph_array read_variable(struct graph_run *run, const struct node *node) {
  const struct graph_world *world = run->world;
  struct graph_array array = array_of_shape(run, node->n_dim, node->dim);
  const double *(*const read)(void *context, const struct variable *variable) =
      node->kind == NODE_VALUE        ? world->value
      : node->kind == NODE_COORDINATE ? world->coordinate
                                      : world->centring;
  const double *from = read(world->context, node->variable);
  for (size_t k = 0; k < array.n; k++) array.data[k] = from[k];
  return array;
}

static struct graph_array constant(struct graph_run *run, double number) {
  struct graph_array array = array_of_shape(run, 0, NULL);
  array.data[0] = number;
  return array;
}

static struct graph_array evaluate_array(struct graph_run *run, const struct node *node) {
  struct graph_array array = array_of_shape(run, node->n_dim, node->dim);
  if (node->kind == NODE_MAP)
    fill_map(run, node, &array);
  else if (node->kind == NODE_PROJECT)
    array = run_scan(run, node->args[0])[node->index];
  else if (node->kind == NODE_LITERAL)
    for (size_t k = 0; k < node->n_arg; k++) array.data[k] = scalar(run, node->args[k]);
  else
    run->world->call(run->world->context, node->external, node->n_arg, arguments(run, node, node->n_arg), &array);
  return array;
}

static struct graph_array evaluate(struct graph_run *run, const struct node *node) {
  switch (node->kind) {
    case NODE_CONST: return constant(run, node->number);
    case NODE_VALUE:
    case NODE_COORDINATE:
    case NODE_CENTRING: return read_variable(run, node);
    case NODE_AXIS: return constant(run, run->world->axis[node->axis->id]);
    case NODE_SIZE: return constant(run, (double)size_of(run, node->dimension));
    case NODE_BINDER: return constant(run, (double)run->number[node->binder->id]);
    case NODE_OPERATOR:
      return constant(
          run, operator_value(node->op, scalar(run, node->args[0]), node->n_arg > 1 ? scalar(run, node->args[1]) : 0));
    case NODE_SELECT: return constant(run, scalar(run, node->args[scalar(run, node->args[0]) != 0 ? 1 : 2]));
    case NODE_DRAW: return draw(run, node);
    case NODE_FINITE: return constant(run, scalar(run, node->args[1]) != 0 ? scalar(run, node->args[0]) : -INFINITY);
    case NODE_GATHER: return constant(run, gather(run, node));
    case NODE_REDUCE: return constant(run, reduce(run, node));
    case NODE_PREVIOUS: return constant(run, previous(run, node));
    case NODE_CHOOSE: return constant(run, choose(run, node));
    case NODE_EXTERN:
    case NODE_MAP:
    case NODE_PROJECT:
    case NODE_LITERAL: return evaluate_array(run, node);
    case NODE_SCAN: break; /* through PROJECT only */
  }
  return constant(run, NAN);
}

const struct graph_array *graph_run(struct graph_run *run, const struct node *node) {
  struct kept *kept = &run->kept[node->id];
  bool valid = kept->time > 0;
  for (size_t k = 0; valid && k < run->graph->n_binder; k++)
    if (binders_have(&node->free, k) && run->moved[k] > kept->time) valid = false;
  if (!valid) {
    struct graph_array array = evaluate(run, node);
    *kept = (struct kept){++run->clock, array};
  }
  return &kept->array;
}
