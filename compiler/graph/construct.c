/* Smart constructors of scalars. */
#include "compiler/graph/construct.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "compiler/graph/table.h"

static const struct node *make(struct graph *graph, const struct node *proto) {
  return graph_node(graph, proto);
}

/* ---- leaves ---- */

const struct node *node_const(struct graph *graph, double number) {
  bool whole = number == floor(number) && fabs(number) < 9007199254740992.0;
  return make(graph, &(struct node){.kind = NODE_CONST, .base = whole ? BASE_INT : BASE_REAL, .number = number});
}

const struct node *node_truth(struct graph *graph, bool truth) {
  return make(graph, &(struct node){.kind = NODE_CONST, .base = BASE_BOOL, .number = truth});
}

static const struct node *variable_leaf(struct graph *graph, struct node proto, const struct variable *variable) {
  proto.variable = variable;
  proto.name = variable->name;
  proto.span = variable->span;
  return make(graph, &proto);
}

const struct node *node_value(struct graph *graph, const struct variable *variable) {
  const struct type *type = &variable->type;
  return variable_leaf(
      graph, (struct node){.kind = NODE_VALUE, .base = type->base, .n_dim = type->n_dim, .dim = type->dim}, variable);
}

const struct node *node_numbers(struct graph *graph, const struct variable *variable) {
  const struct type *type = &variable->type;
  return variable_leaf(graph, (struct node){.kind = NODE_VALUE, .n_dim = type->n_dim, .dim = type->dim}, variable);
}

static const struct node *of_coordinates(struct graph *graph, enum node_kind kind, const struct variable *variable) {
  const struct dimension *const *dim;
  size_t n = coordinate_shape(variable, &dim);
  return variable_leaf(graph, (struct node){.kind = kind, .n_dim = n, .dim = (const struct dimension **)(uintptr_t)dim},
                       variable);
}

bool is_stored(const struct node *node) {
  return node->kind == NODE_VALUE || node->kind == NODE_COORDINATE || node->kind == NODE_CENTRING;
}

const struct node *node_coordinate(struct graph *graph, const struct variable *variable) {
  return of_coordinates(graph, NODE_COORDINATE, variable);
}

const struct node *node_centring(struct graph *graph, const struct variable *variable) {
  return of_coordinates(graph, NODE_CENTRING, variable);
}

const struct node *node_axis(struct graph *graph, const struct axis *axis) {
  return make(graph, &(struct node){.kind = NODE_AXIS, .axis = axis, .name = axis->name});
}

const struct node *node_size(struct graph *graph, const struct dimension *dimension) {
  if (dimension->low == dimension->high) return node_const(graph, (double)dimension->low);
  return make(graph,
              &(struct node){.kind = NODE_SIZE, .base = BASE_INT, .dimension = dimension, .name = dimension->name});
}

const struct node *node_binder(struct graph *graph, const struct graph_binder *binder) {
  return make(graph, &(struct node){.kind = NODE_BINDER, .base = BASE_INT, .binder = binder, .name = binder->name});
}

/* ---- operators ---- */

static bool is_const(const struct node *node) {
  return node->kind == NODE_CONST;
}
static bool is_number(const struct node *node, double number) {
  return is_const(node) && node->number == number;
}
static bool is_negative(const struct node *node) {
  return is_const(node) && node->number < 0;
}
static bool is_operator(const struct node *node, enum operator_kind op) {
  return node->kind == NODE_OPERATOR && node->op == op;
}
static bool is_whole(const struct node *node) {
  return node->base == BASE_INT || node->base == BASE_CODE;
}
/* Finite whatever the data are: only then is x * 0 = 0. */
static bool is_finite(const struct node *node) {
  return node->kind == NODE_SIZE || node->kind == NODE_BINDER || (is_const(node) && isfinite(node->number));
}

static const struct node *fold(struct graph *graph, enum operator_kind op, double a, double b) {
  double number = operator_value(op, a, b);
  return operator_gives_truth(op) ? node_truth(graph, number != 0) : node_const(graph, number);
}

static const struct node *plain_operator(struct graph *graph, enum operator_kind op, size_t n,
                                         const struct node *const *args) {
  enum base base = BASE_REAL;
  if (operator_gives_truth(op))
    base = BASE_BOOL;
  else if (op != OP_DIV && op != OP_POW && is_whole(args[0]) && is_whole(args[n - 1]))
    base = BASE_INT;
  struct node proto = {
      .kind = NODE_OPERATOR, .op = op, .base = base, .n_arg = n, .args = (const struct node **)(uintptr_t)args};
  if (op == OP_ADD || op == OP_MUL) { /* a + b where b + a exists already is that */
    const struct node *swapped[2] = {args[1], args[0]};
    struct node other = proto;
    other.args = swapped;
    const struct node *found = graph_find(graph, &other);
    if (found) return found;
  }
  return make(graph, &proto);
}

static const struct node *add(struct graph *graph, const struct node *a, const struct node *b) {
  if (is_number(a, 0)) return b;
  if (is_number(b, 0)) return a;
  if (is_operator(b, OP_NEG)) return node_binary(graph, OP_SUB, a, b->args[0]);
  if (is_operator(a, OP_NEG)) return node_binary(graph, OP_SUB, b, a->args[0]);
  if (is_negative(b)) return node_binary(graph, OP_SUB, a, node_const(graph, -b->number));
  return NULL;
}

static const struct node *subtract(struct graph *graph, const struct node *a, const struct node *b) {
  if (is_number(b, 0)) return a;
  if (is_number(a, 0)) return node_unary(graph, OP_NEG, b);
  if (is_operator(b, OP_NEG)) return node_binary(graph, OP_ADD, a, b->args[0]);
  if (is_negative(b)) return node_binary(graph, OP_ADD, a, node_const(graph, -b->number));
  return NULL;
}

static const struct node *multiply(struct graph *graph, const struct node *a, const struct node *b) {
  if (is_number(a, 1)) return b;
  if (is_number(b, 1)) return a;
  if (is_number(a, -1)) return node_unary(graph, OP_NEG, b);
  if (is_number(b, -1)) return node_unary(graph, OP_NEG, a);
  if (is_number(a, 0) && is_finite(b)) return a;
  if (is_number(b, 0) && is_finite(a)) return b;
  return NULL;
}

/* Products for small whole exponents: x^5 = (x^2)^2 x. */
static const struct node *power_product(struct graph *graph, const struct node *base, unsigned exponent) {
  if (exponent == 1) return base;
  const struct node *half = power_product(graph, base, exponent / 2);
  const struct node *square = node_binary(graph, OP_MUL, half, half);
  return exponent % 2 ? node_binary(graph, OP_MUL, square, base) : square;
}

static const struct node *power(struct graph *graph, const struct node *a, const struct node *b) {
  if (!is_const(b)) return is_number(a, 1) ? a : NULL;
  double exponent = b->number;
  if (exponent == 0) return node_const(graph, 1);
  if (exponent != floor(exponent) || fabs(exponent) > 8) return NULL;
  const struct node *product = power_product(graph, a, (unsigned)fabs(exponent));
  return exponent > 0 ? product : node_binary(graph, OP_DIV, node_const(graph, 1), product);
}

static const struct node *logic(struct graph *graph, enum operator_kind op, const struct node *a,
                                const struct node *b) {
  for (int k = 0; k < 2; k++) {
    const struct node *one = k ? b : a, *other = k ? a : b;
    if (is_const(one)) return (op == OP_AND) == (one->number != 0) ? other : node_truth(graph, op == OP_OR);
  }
  return a == b ? a : NULL;
}

static const struct node *simplified(struct graph *graph, enum operator_kind op, const struct node *a,
                                     const struct node *b) {
  switch (op) {
    case OP_ADD: return add(graph, a, b);
    case OP_SUB: return subtract(graph, a, b);
    case OP_MUL: return multiply(graph, a, b);
    case OP_DIV: return is_number(b, 1) ? a : is_number(b, -1) ? node_unary(graph, OP_NEG, a) : NULL;
    case OP_POW: return power(graph, a, b);
    case OP_NEG:
      if (is_operator(a, OP_NEG)) return a->args[0];
      return is_operator(a, OP_SUB) ? node_binary(graph, OP_SUB, a->args[1], a->args[0]) : NULL;
    case OP_NOT: return is_operator(a, OP_NOT) ? a->args[0] : NULL;
    case OP_AND:
    case OP_OR: return logic(graph, op, a, b);
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
    case OP_EQ:
    case OP_NE: return NULL;
  }
  return NULL;
}

const struct node *node_operator(struct graph *graph, enum operator_kind op, size_t n, const struct node *const *args) {
  const struct node *a = args[0], *b = n > 1 ? args[1] : NULL;
  if (is_const(a) && (!b || is_const(b))) return fold(graph, op, a->number, b ? b->number : 0);
  const struct node *simple = simplified(graph, op, a, b);
  return simple ? simple : plain_operator(graph, op, n, args);
}

const struct node *node_unary(struct graph *graph, enum operator_kind op, const struct node *operand) {
  return node_operator(graph, op, 1, &operand);
}

const struct node *node_binary(struct graph *graph, enum operator_kind op, const struct node *left,
                               const struct node *right) {
  const struct node *args[] = {left, right};
  return node_operator(graph, op, 2, args);
}

static enum base common_base(enum base a, enum base b) {
  return a == b ? a : BASE_REAL;
}

/* Whether the node changes wherever the condition does: then one instead of two of its kind, behind the choice, is less
 * work, and none is taken into a loop that it does not depend on. */
static bool moves_with(const struct node *node, const struct node *condition) {
  return binders_within(&condition->free, &node->free) && condition->level <= node->level;
}

static bool are_opposite(const struct node *a, const struct node *b) {
  if (is_operator(b, OP_NEG)) return b->args[0] == a;
  return is_operator(a, OP_SUB) && is_operator(b, OP_SUB) && a->args[0] == b->args[1] && a->args[1] == b->args[0];
}

/* -a or -b as -(a or b), f(a) or f(b) as f(a or b), and where data choose between x and -x a sign by which x is
 * multiplied: neither two calls nor a branch in a loop over observations, and a derivative without either. */
static const struct node *joined(struct graph *graph, const struct node *condition, const struct node *yes,
                                 const struct node *no) {
  if (!moves_with(yes, condition) || !moves_with(no, condition)) return NULL;
  if (condition->level <= LEVEL_DATA && yes->level > LEVEL_DATA && (are_opposite(yes, no) || are_opposite(no, yes))) {
    const bool turned = are_opposite(no, yes);
    const struct node *sign = node_select(graph, condition, node_const(graph, turned ? -1 : 1),
                                          node_const(graph, turned ? 1 : -1));
    return node_binary(graph, OP_MUL, turned ? no : yes, sign);
  }
  if (is_operator(yes, OP_NEG) && is_operator(no, OP_NEG))
    return node_unary(graph, OP_NEG, node_select(graph, condition, yes->args[0], no->args[0]));
  if (yes->kind != NODE_EXTERN || no->kind != NODE_EXTERN || yes->external != no->external) return NULL;
  if (yes->n_arg != 1 || yes->n_dim || yes->args[0]->n_dim || yes->external->simulator) return NULL;
  return node_call(graph, yes->external, node_select(graph, condition, yes->args[0], no->args[0]));
}

const struct node *node_select(struct graph *graph, const struct node *condition, const struct node *yes,
                               const struct node *no) {
  if (is_const(condition)) return condition->number != 0 ? yes : no;
  if (yes == no) return yes;
  if (yes->base == BASE_BOOL && no->base == BASE_BOOL && is_number(yes, 1) && is_number(no, 0)) return condition;
  const struct node *one = joined(graph, condition, yes, no);
  if (one) return one;
  const struct node *args[] = {condition, yes, no};
  return make(graph,
              &(struct node){.kind = NODE_SELECT, .base = common_base(yes->base, no->base), .n_arg = 3, .args = args});
}

/* ---- externs ---- */

/* Folded only where the result is a whole number, log(1) = 0: log(8) reads better than 2.0794415416798357. */
static bool folded_call(const struct external *external, double argument, double *result) {
  static const struct {
    const char *symbol;
    double (*value)(double);
  } known[] = {{"exp", exp},     {"log", log},     {"sqrt", sqrt}, {"expm1", expm1},
               {"log1p", log1p}, {"floor", floor}, {"ceil", ceil}, {"rint", rint}};
  for (size_t k = 0; k < sizeof known / sizeof *known; k++)
    if (strcmp(external->symbol, known[k].symbol) == 0) {
      *result = known[k].value(argument);
      return isfinite(*result) && *result == floor(*result);
    }
  return false;
}

static bool is_call(const struct node *node, const char *symbol) {
  return node->kind == NODE_EXTERN && strcmp(node->external->symbol, symbol) == 0;
}

const struct node *node_extern(struct graph *graph, const struct external *external, enum base base, size_t n_dim,
                               const struct dimension *const *dim, const struct node *const *args) {
  double number;
  if (external->n_formal == 1 && is_const(args[0]) && folded_call(external, args[0]->number, &number))
    return node_const(graph, number);
  if (strcmp(external->symbol, "log") == 0 && is_call(args[0], "exp"))
    return args[0]->args[0]; /* priors of positive parameters */
  return make(graph, &(struct node){.kind = NODE_EXTERN,
                                    .base = base,
                                    .external = external,
                                    .n_dim = n_dim,
                                    .dim = (const struct dimension **)(uintptr_t)dim,
                                    .n_arg = external->n_formal,
                                    .args = (const struct node **)(uintptr_t)args});
}

const struct node *node_call(struct graph *graph, const struct external *external, const struct node *argument) {
  return node_extern(graph, external, external->type.base, 0, NULL, &argument);
}

const struct node *node_draw(struct graph *graph, const struct external *external, const struct dimension *const *dim,
                             size_t site, size_t n_key, const struct node *const *args) {
  return make(graph, &(struct node){.kind = NODE_DRAW,
                                    .base = external->type.base,
                                    .n_dim = external->type.n_dim,
                                    .dim = (const struct dimension **)(uintptr_t)dim,
                                    .external = external,
                                    .site = site,
                                    .n_arg = external->n_formal + n_key,
                                    .args = (const struct node **)(uintptr_t)args});
}

const struct node *node_finite(struct graph *graph, const struct node *density, const struct node *test) {
  if (is_const(test)) return test->number != 0 ? density : node_const(graph, -INFINITY);
  const struct node *args[] = {density, test};
  return make(graph, &(struct node){.kind = NODE_FINITE, .n_arg = 2, .args = args});
}

/* ---- choices ---- */

const struct node *node_choose(struct graph *graph, const struct axis *axis, const struct node *const *options) {
  size_t n = axis ? axis->n_option : N_COORDINATES;
  const struct node **args = floe__arena_array(graph->arena, n, sizeof *args);
  const struct node *first = NULL;
  bool same = true;
  enum base base = BASE_REAL;
  for (size_t k = 0; k < n; k++) {
    if (!options[k]) continue;
    args[k] = graph_specialise(graph, options[k], axis, k);
    base = first ? common_base(base, args[k]->base) : args[k]->base;
    if (!first) first = args[k];
    same = same && args[k] == first;
  }
  if (same && first) return first;
  return make(graph, &(struct node){.kind = NODE_CHOOSE, .base = base, .axis = axis, .n_arg = n, .args = args});
}
