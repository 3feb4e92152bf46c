#include <stdlib.h>

#include "base/arena.h"
#include "compiler/passes/derivative.h"
#include "compiler/program/reverse.h"

static const struct value *number(struct reverse *r, double x) {
  return builder_const(r->builder, x);
}

static const struct value *combine(struct reverse *r, enum operator_kind op, const struct value *x,
                                   const struct value *y) {
  return builder_operator(r->builder, op, x, y);
}

/* adjoint * slope, and 0 where the adjoint is the 0 of something that was not chosen. */
static const struct value *scaled(struct reverse *r, const struct value *source, enum operator_kind op,
                                  const struct value *adjoint, const struct value *slope) {
  const struct value *product = combine(r, op, adjoint, slope);
  if (!r->activity.masked_value[source->id] || slope->kind == VALUE_CONST || adjoint->kind == VALUE_CONST)
    return product;
  return builder_select(r->builder, combine(r, OP_NE, adjoint, number(r, 0)), product, number(r, 0));
}

/* ---- operators: x the first argument, y the second, z the result ---- */

struct operands {
  const struct value *source, *x, *y, *z, *adjoint;
};

typedef const struct value *(*operator_rule)(struct reverse *r, const struct operands *o);

static const struct value *same(struct reverse *r, const struct operands *o) {
  (void)r;
  return o->adjoint;
}

static const struct value *negative(struct reverse *r, const struct operands *o) {
  return combine(r, OP_NEG, o->adjoint, NULL);
}

static const struct value *times_y(struct reverse *r, const struct operands *o) {
  return scaled(r, o->source, OP_MUL, o->adjoint, o->y);
}

static const struct value *times_x(struct reverse *r, const struct operands *o) {
  return scaled(r, o->source, OP_MUL, o->adjoint, o->x);
}

static const struct value *over_y(struct reverse *r, const struct operands *o) {
  return scaled(r, o->source, OP_DIV, o->adjoint, o->y);
}

static const struct value *quotient_by_y(struct reverse *r, const struct operands *o) {
  return combine(r, OP_NEG, scaled(r, o->source, OP_MUL, over_y(r, o), o->z), NULL);
}

static const struct value *power_by_x(struct reverse *r, const struct operands *o) {
  const struct value *lower = combine(r, OP_POW, o->x, combine(r, OP_SUB, o->y, number(r, 1)));
  return scaled(r, o->source, OP_MUL, o->adjoint, combine(r, OP_MUL, o->y, lower));
}

/* x^y log x, which is 0 at x = 0 for the y > 0 that have a derivative there. */
static const struct value *power_by_y(struct reverse *r, const struct operands *o) {
  const struct value *slope = combine(r, OP_MUL, o->z, builder_call(r->builder, "log", o->x, NULL));
  const struct value *positive = combine(r, OP_GT, o->x, number(r, 0));
  return scaled(r, o->source, OP_MUL, o->adjoint, builder_select(r->builder, positive, slope, number(r, 0)));
}

/* What the adjoint of the result adds to that of each argument; comparisons and connectives have no derivative. */
static const operator_rule rules[OP_NOT + 1][2] = {
    [OP_ADD] = {same, same},
    [OP_SUB] = {same, negative},
    [OP_MUL] = {times_y, times_x},
    [OP_DIV] = {over_y, quotient_by_y},
    [OP_POW] = {power_by_x, power_by_y},
    [OP_NEG] = {negative, NULL},
};

static bool is_active(const struct reverse *r, const struct argument *arg) {
  return arg->value && r->activity.value[arg->value->id];
}

static void propagate_operator(struct reverse *r, const struct value *source, const struct value *adjoint) {
  struct operands o = {source, copy_of(r, source->args[0].value), NULL, copy_of(r, source), adjoint};
  if (source->n_arg > 1) o.y = copy_of(r, source->args[1].value);
  for (size_t k = 0; k < source->n_arg; k++)
    if (is_active(r, &source->args[k]) && rules[source->op][k])
      contribute(r, source->args[k].value, rules[source->op][k](r, &o));
}

static void propagate_select(struct reverse *r, const struct value *source, const struct value *adjoint) {
  const struct value *condition = copy_of(r, source->args[0].value), *zero = number(r, 0);
  if (is_active(r, &source->args[1]))
    contribute(r, source->args[1].value, builder_select(r->builder, condition, adjoint, zero));
  if (is_active(r, &source->args[2]))
    contribute(r, source->args[2].value, builder_select(r->builder, condition, zero, adjoint));
}

/* ---- library functions ---- */

/* The value of a derivative: a node over the arguments of the call. */
static const struct value *value_of(struct reverse *r, const struct value *call, const struct node *node);

/* What the call's arguments are made of: simplified, a derivative may refer to a part of an argument only, as the derivative
 * 1 / (1 + y) of log1p does for y = -x. Simplification reaches no deeper than a few operators; values share their parts, so
 * that a search without a bound could take for ever. */
static const struct value *part_of(const struct value *value, const struct node *node, size_t depth) {
  if (!value || value->node == node) return value;
  if (depth == 0 || (value->kind != VALUE_OPERATOR && value->kind != VALUE_SELECT)) return NULL;
  for (size_t k = 0; k < value->n_arg; k++) {
    const struct value *part = part_of(value->args[k].value, node, depth - 1);
    if (part) return part;
  }
  return NULL;
}

static const struct value *known(struct reverse *r, const struct value *call, const struct node *node) {
  if (node == call->node) return copy_of(r, call);
  for (size_t k = 0; k < call->n_arg; k++)
    if (call->args[k].value && node == call->node->args[k]) return copy_of(r, call->args[k].value);
  for (size_t k = 0; k < call->n_arg; k++) {
    const struct value *part = call->args[k].value ? part_of(call->args[k].value, node, 6) : NULL;
    if (part) return copy_of(r, part);
  }
  const struct value *alias = node->id < r->source->n_alias ? r->source->alias[node->id] : NULL;
  if (!alias || alias->kind < VALUE_OPERATOR) return NULL;
  const struct value *copy = r->value[alias->id];
  return copy && (!copy->scope || copy->scope->open) ? copy : NULL;
}

static const struct value *value_of_call(struct reverse *r, const struct value *call, const struct node *node) {
  struct argument *args = floe__arena_array(r->arena, node->n_arg, sizeof *args);
  for (size_t k = 0; k < node->n_arg; k++) args[k].value = value_of(r, call, node->args[k]);
  return builder_value(r->builder, (struct value){.kind = VALUE_CALL,
                                                  .external = node->external,
                                                  .symbol = node->external->symbol,
                                                  .n_arg = node->n_arg,
                                                  .args = args});
}

static const struct value *value_of(struct reverse *r, const struct value *call, const struct node *node) {
  const struct value *found = known(r, call, node);
  if (found) return found;
  if (node->kind == NODE_CONST) return number(r, node->number);
  if (node->kind == NODE_AXIS) return builder_value(r->builder, (struct value){.kind = VALUE_AXIS, .axis = node->axis});
  if (node->kind == NODE_SIZE)
    return builder_value(r->builder, (struct value){.kind = VALUE_SIZE, .dimension = node->dimension});
  if (node->kind == NODE_EXTERN) return value_of_call(r, call, node);
  if (node->kind == NODE_SELECT)
    return builder_select(r->builder, value_of(r, call, node->args[0]), value_of(r, call, node->args[1]),
                          value_of(r, call, node->args[2]));
  if (node->kind == NODE_CHOOSE) {
    const size_t option = r->option[node->axis ? node->axis->id : r->source->study->program->n_axis];
    if (option < node->n_arg && node->args[option]) return value_of(r, call, node->args[option]);
  }
  if (node->kind != NODE_OPERATOR) abort(); /* whatever else the call's arguments are made of is known */
  const struct value *x = value_of(r, call, node->args[0]);
  if (node->n_arg == 1) return combine(r, node->op, x, NULL);
  for (size_t k = 1; k < node->n_arg; k++) x = combine(r, node->op, x, value_of(r, call, node->args[k]));
  return x;
}

static void propagate_call(struct reverse *r, const struct value *source, const struct value *adjoint) {
  if (!source->external) { /* made by folding: the square root is the only one */
    const struct value *slope = combine(r, OP_DIV, number(r, 0.5), copy_of(r, source));
    contribute(r, source->args[0].value, scaled(r, source, OP_MUL, adjoint, slope));
    return;
  }
  if (source->external->adjoint) {
    reverse_array_call(r, source->external, source->args, NULL, source, adjoint);
    return;
  }
  for (size_t k = 0; k < source->n_arg; k++) {
    if (!is_active(r, &source->args[k])) continue;
    const struct study *study = r->source->study;
    const struct node *slope = external_derivative(study->graph, study->program, source->node, k);
    if (slope) contribute(r, source->args[k].value, scaled(r, source, OP_MUL, adjoint, value_of(r, source, slope)));
  }
}

/* ---- loads and reads ---- */

static void propagate_load(struct reverse *r, const struct value *source, const struct value *adjoint) {
  builder_add(r->builder, shadow_of(r, source->memory), copy_subscripts(r, source->memory, source->subscripts),
              adjoint);
}

static void propagate_read(struct reverse *r, const struct value *source, const struct value *adjoint) {
  const struct value **sum = &r->cell_adjoint[source->cell->id];
  *sum = *sum ? combine(r, OP_ADD, *sum, adjoint) : adjoint;
  r->cell_total[source->cell->id] = copy_of(r, source);
}

void propagate(struct reverse *r, const struct value *source, const struct value *adjoint) {
  switch (source->kind) {
    case VALUE_CONST:
    case VALUE_INDEX:
    case VALUE_SIZE:
    case VALUE_AXIS:
    case VALUE_OPTION:
    case VALUE_DRAW: return;
    case VALUE_OPERATOR: propagate_operator(r, source, adjoint); return;
    case VALUE_SELECT: propagate_select(r, source, adjoint); return;
    case VALUE_CALL: propagate_call(r, source, adjoint); return;
    case VALUE_LOAD: propagate_load(r, source, adjoint); return;
    case VALUE_READ: propagate_read(r, source, adjoint); return;
  }
}
