#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "compiler/graph/construct.h"
#include "compiler/program/scheduler.h"

const struct memory *variable_memory(struct scheduler *s, const struct variable *variable, enum memory_kind kind) {
  const struct memory **known = kind == MEMORY_COORDINATES ? s->coordinates
                                : kind == MEMORY_CENTRING  ? s->centring
                                : kind == MEMORY_DATA      ? s->data
                                                           : s->values;
  if (known[variable->id]) return known[variable->id];
  const bool free = kind == MEMORY_COORDINATES || kind == MEMORY_CENTRING;
  const struct dimension *const *dim = variable->type.dim;
  size_t n_dim = free ? coordinate_shape(variable, &dim) : variable->type.n_dim;
  return known[variable->id] = builder_memory(s->builder, (struct memory){.kind = kind,
                                                                          .variable = variable,
                                                                          .name = variable->name,
                                                                          .n_dim = n_dim,
                                                                          .dim = (void *)(uintptr_t)dim});
}

static const struct memory *memory_of_variable_node(struct scheduler *s, const struct node *node) {
  if (node->kind == NODE_COORDINATE) return variable_memory(s, node->variable, MEMORY_COORDINATES);
  if (node->kind == NODE_CENTRING) return variable_memory(s, node->variable, MEMORY_CENTRING);
  bool data = node->variable->role == ROLE_DATA || node->variable->role == ROLE_OBS;
  return variable_memory(s, node->variable, data ? MEMORY_DATA : MEMORY_VALUES);
}

const struct memory *memory_of_node(struct scheduler *s, const struct node *unresolved) {
  const struct node *array = resolve(s, unresolved);
  if (is_stored(array)) return memory_of_variable_node(s, array);
  if (array->kind == NODE_PROJECT) return s->outputs_of[resolve(s, array->args[0])->id][array->index];
  return s->memory_of[array->id];
}

/* x[t - 2] in a loop that starts at 3 or later: inside the array whatever its size. */
static bool steps_back(const struct scheduler *s, const struct node *index, const struct dimension *dimension,
                       struct subscript *subscript) {
  if (index->kind != NODE_OPERATOR || index->op != OP_SUB) return false;
  const struct node *binder = resolve(s, index->args[0]), *lag = resolve(s, index->args[1]);
  if (binder->kind != NODE_BINDER || binder->binder->dimension != dimension || lag->kind != NODE_CONST) return false;
  const struct loop *loop = s->loop_of[binder->binder->id];
  if (lag->number != floor(lag->number) || lag->number < 0 || lag->number >= (double)loop->first) return false;
  subscript->loop = loop;
  subscript->shift = -(long)lag->number;
  return true;
}

static const struct subscript *subscripts_of(struct scheduler *s, const struct node *gather,
                                             const struct memory *memory) {
  struct subscript *subscripts = floe__arena_array(s->arena, memory->n_dim, sizeof *subscripts);
  for (size_t k = 0; k < memory->n_dim; k++) {
    const struct node *index = resolve(s, gather->args[k + 1]);
    if (index->kind == NODE_BINDER && index->binder->dimension == memory->dim[k])
      subscripts[k].loop = s->loop_of[index->binder->id];
    else if (index->kind == NODE_CONST && index->number >= 1 && index->number <= (double)memory->dim[k]->low &&
             index->number == floor(index->number))
      subscripts[k].shift = (long)index->number;
    else if (!steps_back(s, index, memory->dim[k], &subscripts[k]))
      subscripts[k].value = value_of_node(s, index);
  }
  return subscripts;
}

static const struct value *previous(struct scheduler *s, const struct node *node) {
  struct subscript *subscript = floe__arena_alloc(s->arena, sizeof *subscript);
  subscript->loop = s->loop_of[node->binder->id];
  subscript->shift = -(long)node->lag;
  return builder_load(s->builder, s->scan_of[node->binder->id][node->index], subscript);
}

static const struct argument *arguments_of(struct scheduler *s, const struct node *node, size_t extra) {
  struct argument *args = floe__arena_array(s->arena, node->n_arg + extra, sizeof *args);
  for (size_t k = 0; k < node->n_arg; k++) {
    const struct node *arg = resolve(s, node->args[k]);
    if (arg->n_dim)
      args[k].memory = memory_of_node(s, arg);
    else
      args[k].value = value_of_node(s, arg);
  }
  return args;
}

static const struct value *external(struct scheduler *s, const struct node *node, enum value_kind kind) {
  struct value proto = {.kind = kind,
                        .external = node->external,
                        .symbol = node->external->symbol,
                        .site = node->site,
                        .n_arg = node->n_arg,
                        .args = arguments_of(s, node, 0)};
  if (kind == VALUE_DRAW) proto.n_key = node->n_arg - node->external->n_formal;
  return builder_value(s->builder, proto);
}

static const struct value *operation(struct scheduler *s, const struct node *node) {
  const struct value *x = value_of_node(s, node->args[0]);
  for (size_t k = 1; k < node->n_arg; k++)
    x = builder_operator(s->builder, node->op, x, value_of_node(s, node->args[k]));
  return node->n_arg == 1 ? builder_operator(s->builder, node->op, x, NULL) : x;
}

/* A choice that needs no switch. */
static const struct value *light_choice(struct scheduler *s, const struct node *node) {
  const struct value *chosen = value_of_node(s, node->args[node->n_arg - 1]);
  for (size_t k = node->n_arg - 1; k-- > 0;) {
    const struct value *here = builder_value(
        s->builder, (struct value){.kind = VALUE_OPTION, .axis = node->axis, .number = (double)k, .truth = true});
    chosen = builder_select(s->builder, here, value_of_node(s, node->args[k]), chosen);
  }
  return chosen;
}

static const struct value *lower(struct scheduler *s, const struct node *node) {
  struct builder *b = s->builder;
  switch (node->kind) {
    case NODE_CONST: return builder_const(b, node->number);
    case NODE_VALUE:
    case NODE_COORDINATE:
    case NODE_CENTRING: return builder_load(b, memory_of_variable_node(s, node), NULL);
    case NODE_AXIS: return builder_value(b, (struct value){.kind = VALUE_AXIS, .axis = node->axis});
    case NODE_SIZE: return builder_value(b, (struct value){.kind = VALUE_SIZE, .dimension = node->dimension});
    case NODE_BINDER:
      return builder_value(b, (struct value){.kind = VALUE_INDEX, .loop = s->loop_of[node->binder->id]});
    case NODE_OPERATOR: return operation(s, node);
    case NODE_SELECT:
      return builder_select(b, value_of_node(s, node->args[0]), value_of_node(s, node->args[1]),
                            value_of_node(s, node->args[2]));
    case NODE_FINITE:
      return builder_select(b, value_of_node(s, node->args[1]), value_of_node(s, node->args[0]),
                            builder_const(b, infinity_of(-1)));
    case NODE_EXTERN: return external(s, node, VALUE_CALL);
    case NODE_DRAW: return external(s, node, VALUE_DRAW);
    case NODE_GATHER: {
      const struct memory *memory = memory_of_node(s, node->args[0]);
      return builder_load(b, memory, subscripts_of(s, node, memory));
    }
    case NODE_PREVIOUS: return previous(s, node);
    case NODE_CHOOSE:
      if (is_light(s, node)) return light_choice(s, node);
      break;
    case NODE_MAP:
    case NODE_REDUCE:
    case NODE_SCAN:
    case NODE_PROJECT:
    case NODE_LITERAL: break; /* planned beforehand: their values are available, and arrays have none */
  }
  abort();
}

static bool in_memory(const struct node *node) {
  return is_stored(node) || node->kind == NODE_GATHER || node->kind == NODE_EXTERN || node->kind == NODE_DRAW ||
         node->kind == NODE_PREVIOUS;
}

/* Under the options known here a node may come to a constant, or to a value from outside of the branch, whose scope says
 * nothing of the branch. */
static void note_decided(struct scheduler *s, const struct node *node) {
  if (!node->chooses) return;
  if (s->n_decided == s->capacity_decided) {
    const size_t capacity = s->capacity_decided ? 2 * s->capacity_decided : 64;
    size_t *grown = floe__arena_array(s->arena, capacity, sizeof *grown);
    for (size_t k = 0; k < s->n_decided; k++) grown[k] = s->decided[k];
    s->decided = grown;
    s->capacity_decided = capacity;
  }
  s->decided[s->n_decided++] = node->id;
}

void forget_decided(struct scheduler *s, size_t n_before) {
  while (s->n_decided > n_before) {
    const struct value **value = &s->value_of[s->decided[--s->n_decided]];
    if (*value && (!(*value)->scope || (*value)->scope->open)) *value = NULL;
  }
}

/* The value of a scalar node: found, or computed where it belongs. */
const struct value *value_of_node(struct scheduler *s, const struct node *unresolved) {
  const struct node *node = resolve(s, unresolved);
  if (available(s, node)) return s->value_of[node->id];
  const struct value *value = lower(s, node);
  if (node->base == BASE_BOOL && in_memory(node) && !value->truth)
    value = builder_operator(s->builder, OP_NE, value, builder_const(s->builder, 0));
  if (value->scope) { /* what the spec calls it is for the eyes only */
    struct value *named = (struct value *)value;
    if (!named->node) named->node = node, named->span = node->span;
    if (!named->name) named->name = node->name;
  }
  s->value_of[node->id] = value;
  note_decided(s, node);
  return value;
}

/* ---- whole arrays that no binder runs over ---- */

static void copy_elements(struct scheduler *s, const struct demand *demand, const struct memory *from,
                          struct subscript *at, size_t depth) {
  const struct memory *to = demand->memory;
  if (depth == to->n_dim) {
    const struct value *value =
        from ? builder_load(s->builder, from, at) : builder_const(s->builder, demand->node->number);
    builder_store(s->builder, to, at, value);
    return;
  }
  const struct loop *loop = builder_loop(s->builder, to->dim[depth], to->dim[depth]->name, 1, false);
  builder_open(s->builder, loop, false);
  at[depth].loop = loop;
  copy_elements(s, demand, from, at, depth + 1);
  struct block *body = builder_close(s->builder);
  builder_step(s->builder, (struct step){.kind = STEP_LOOP, .loop = loop, .body = body});
}

static void fill_literal(struct scheduler *s, const struct demand *demand, const struct node *literal) {
  for (size_t k = 0; k < literal->n_arg; k++) {
    struct subscript *at = floe__arena_alloc(s->arena, sizeof *at);
    at->shift = (long)k + 1;
    builder_store(s->builder, demand->memory, at, value_of_node(s, literal->args[k]));
  }
}

/* Room for the arrays that a simulator fills by the way; NULL: it needs none. */
static const struct memory *work_of(struct scheduler *s, const struct node *call) {
  const struct external *external = call->external;
  const struct dimension *sizes[MAX_FORMAL_SIZES];
  if (!external->simulator || !external->simulator->works) return NULL;
  struct memory proto = {.kind = MEMORY_SCRATCH, .name = "work", .work = external};
  proto.n_dim = formal_sizes(external, sizes);
  proto.dim = floe__arena_array(s->arena, proto.n_dim + 1, sizeof *proto.dim);
  for (size_t k = 0; k < proto.n_dim; k++) {
    size_t argument, dimension;
    place_of_size(external, sizes[k], &argument, &dimension);
    proto.dim[k] = resolve(s, call->args[argument])->dim[dimension];
  }
  return builder_memory(s->builder, proto);
}

static void fill_by_call(struct scheduler *s, const struct demand *demand, const struct node *call) {
  struct argument *args = (struct argument *)arguments_of(s, call, 1);
  args[call->n_arg].memory = demand->memory;
  builder_step(s->builder, (struct step){.kind = STEP_CALL,
                                         .external = call->external,
                                         .site = call->site,
                                         .n_key = call->n_arg - call->external->n_formal,
                                         .n_arg = call->n_arg + 1,
                                         .args = args,
                                         .work = work_of(s, call),
                                         .memory = demand->memory});
}

void fill_straight(struct scheduler *s, const struct demand *demand) {
  const struct node *node = resolve(s, demand->node);
  struct demand here = *demand;
  here.node = node;
  if (node->kind == NODE_LITERAL) {
    fill_literal(s, &here, node);
  } else if (node->kind == NODE_EXTERN || node->kind == NODE_DRAW) {
    fill_by_call(s, &here, node);
  } else {
    struct subscript *at = floe__arena_array(s->arena, demand->memory->n_dim + 1, sizeof *at);
    copy_elements(s, &here, node->kind == NODE_CONST ? NULL : memory_of_node(s, node), at, 0);
  }
}
