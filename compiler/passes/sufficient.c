/* Sufficient statistics: what the data contribute to a sum of squares, computed once.
 *
 * In sum(i: ((y[i] - a - b x[i]) / s)^2) the parameters stand before columns of data: y, 1 and x. With the columns side by
 * side as D, and D = Q R by Gram and Schmidt's method, the sum is |R c|^2 / s^2, where c holds the factors of the columns:
 * its cost does not grow with the data. R depends on data only. The modified method (Bjorck, BIT 7, 1967) makes R as
 * accurate as reflections do, so that the result is as accurate as the sum itself, also where columns are far from zero or
 * close to each other; D'D would lose half of the digits.
 *
 * It serves gradients: a density that is computed once for a data set would gain nothing. */
#include "base/arena.h"
#include "compiler/graph/construct.h"
#include "compiler/passes/derive.h"

#define MAX_COLUMN 10
#define ROWS_A_COLUMN 4 /* dimensions that have no more are summed as they are */
#define MAX_DEPTH 100

/* A sum of products: one factor that does not change within the loop, one column that depends on data only. */
struct linear {
  size_t n;
  const struct node *factor[MAX_COLUMN], *column[MAX_COLUMN];
};

/* What the sum of an expression over the loop comes to: a number, and what is left to sum up. NULL: nothing. */
struct parts {
  const struct node *closed, *rest;
};

struct sufficient {
  struct graph *graph;
  const struct external *square_root;
  const struct graph_binder *binder; /* of the loop at hand, */
  size_t start;                      /* its first element */
  const struct node *mask;           /* truth value: which elements count; NULL: all */
  bool found;                        /* a sum of squares */
  size_t n_old, depth;
  const struct node **result; /* (n_old) */
};

static bool changes(const struct sufficient *s, const struct node *node) {
  return binders_have(&node->free, s->binder->id);
}

static const struct node *plus(struct graph *graph, const struct node *a, const struct node *b) {
  return !a ? b : !b ? a : node_binary(graph, OP_ADD, a, b);
}

static const struct node *times(struct graph *graph, const struct node *a, const struct node *b) {
  return node_binary(graph, OP_MUL, a, b);
}

static const struct node *sum_of(const struct sufficient *s, const struct node *element) {
  const struct graph_binder *open = graph_open(s->graph, s->binder->dimension, s->binder->name);
  const struct node *index = node_binder(s->graph, open);
  element = graph_substitute(s->graph, element, 1, &s->binder, &index);
  return node_reduce_from(s->graph, REDUCE_SUM, open, s->start, element);
}

static const struct node *where_it_counts(const struct sufficient *s, const struct node *element) {
  return s->mask ? node_select(s->graph, s->mask, element, node_const(s->graph, 0)) : element;
}

/* ---- linear expressions ---- */

static bool add_product(const struct sufficient *s, struct linear *sum, const struct node *factor,
                        const struct node *column) {
  for (size_t k = 0; k < sum->n; k++)
    if (sum->column[k] == column) {
      sum->factor[k] = plus(s->graph, sum->factor[k], factor);
      return true;
    }
  if (sum->n == MAX_COLUMN) return false;
  sum->factor[sum->n] = factor;
  sum->column[sum->n++] = column;
  return true;
}

static bool add_linear(struct sufficient *s, struct linear *sum, const struct node *node, const struct node *factor,
                       const struct node *column);

/* A sum over few elements, whose number is known. */
static bool add_elements(struct sufficient *s, struct linear *sum, const struct node *node, const struct node *factor,
                         const struct node *column) {
  const struct dimension *dimension = node->binder->dimension;
  if (node->reduction != REDUCE_SUM || dimension->low != dimension->high || dimension->high > MAX_COLUMN) return false;
  for (size_t k = 1; k <= dimension->high; k++) {
    const struct node *index = node_const(s->graph, (double)k);
    const struct node *element = graph_substitute(s->graph, node->args[0], 1, &node->binder, &index);
    if (!add_linear(s, sum, element, factor, column)) return false;
  }
  return true;
}

static bool add_operator(struct sufficient *s, struct linear *sum, const struct node *node, const struct node *factor,
                         const struct node *column) {
  struct graph *graph = s->graph;
  const struct node *a = node->args[0], *b = node->n_arg > 1 ? node->args[1] : NULL;
  switch (node->op) {
    case OP_NEG: return add_linear(s, sum, a, node_unary(graph, OP_NEG, factor), column);
    case OP_ADD: return add_linear(s, sum, a, factor, column) && add_linear(s, sum, b, factor, column);
    case OP_SUB:
      return add_linear(s, sum, a, factor, column) && add_linear(s, sum, b, node_unary(graph, OP_NEG, factor), column);
    case OP_MUL:
      if (!changes(s, a)) return add_linear(s, sum, b, times(graph, factor, a), column);
      if (!changes(s, b)) return add_linear(s, sum, a, times(graph, factor, b), column);
      if (a->level <= LEVEL_DATA) return add_linear(s, sum, b, factor, times(graph, column, a));
      if (b->level <= LEVEL_DATA) return add_linear(s, sum, a, factor, times(graph, column, b));
      return false;
    case OP_DIV:
      if (!changes(s, b)) return add_linear(s, sum, a, node_binary(graph, OP_DIV, factor, b), column);
      if (b->level <= LEVEL_DATA) return add_linear(s, sum, a, factor, node_binary(graph, OP_DIV, column, b));
      return false;
    default: return false;
  }
}

/* sum += factor * column * node; false where it is not linear, or has too many columns. */
static bool add_linear(struct sufficient *s, struct linear *sum, const struct node *node, const struct node *factor,
                       const struct node *column) {
  if (s->depth >= MAX_DEPTH) return false;
  if (!changes(s, node)) return add_product(s, sum, times(s->graph, factor, node), column);
  if (node->level <= LEVEL_DATA) return add_product(s, sum, factor, times(s->graph, column, node));
  s->depth++;
  bool linear = false;
  if (node->kind == NODE_OPERATOR) linear = add_operator(s, sum, node, factor, column);
  if (node->kind == NODE_REDUCE) linear = add_elements(s, sum, node, factor, column);
  s->depth--;
  return linear;
}

/* ---- squares ---- */

/* R by rows: the columns become orthogonal to each row's before the next one is made. */
static void triangular_factor(const struct sufficient *s, struct linear *sum,
                              const struct node *factor[MAX_COLUMN][MAX_COLUMN]) {
  struct graph *graph = s->graph;
  const struct node *zero = node_const(graph, 0);
  for (size_t k = 0; k < sum->n; k++) sum->column[k] = where_it_counts(s, sum->column[k]);
  for (size_t k = 0; k < sum->n; k++) {
    const struct node *column = sum->column[k];
    const struct node *norm = node_call(graph, s->square_root, sum_of(s, times(graph, column, column)));
    const struct node *positive = node_binary(graph, OP_GT, norm, zero);
    const struct node *unit = node_select(graph, positive, node_binary(graph, OP_DIV, column, norm), zero);
    factor[k][k] = norm;
    for (size_t j = k + 1; j < sum->n; j++) {
      factor[k][j] = sum_of(s, times(graph, unit, sum->column[j]));
      sum->column[j] = node_binary(graph, OP_SUB, sum->column[j], times(graph, factor[k][j], unit));
    }
  }
}

/* |R c|^2. */
static const struct node *squared_length(const struct sufficient *s, struct linear *sum) {
  const struct node *factor[MAX_COLUMN][MAX_COLUMN], *total = NULL;
  triangular_factor(s, sum, factor);
  for (size_t k = 0; k < sum->n; k++) {
    const struct node *row = NULL;
    for (size_t j = k; j < sum->n; j++) row = plus(s->graph, row, times(s->graph, factor[k][j], sum->factor[j]));
    total = plus(s->graph, total, times(s->graph, row, row));
  }
  return total;
}

/* Constants last: what they contribute by themselves then is one number. */
static void constants_last(struct linear *sum) {
  struct linear sorted = {.n = sum->n};
  size_t n = 0;
  for (int constant = 0; constant < 2; constant++)
    for (size_t k = 0; k < sum->n; k++)
      if ((sum->factor[k]->level < LEVEL_PARAM) == constant) {
        sorted.factor[n] = sum->factor[k];
        sorted.column[n++] = sum->column[k];
      }
  *sum = sorted;
}

/* The sum of root^2; NULL where it has no sufficient statistics. */
static const struct node *sum_of_squares(struct sufficient *s, const struct node *root) {
  struct graph *graph = s->graph;
  const struct node *scale = NULL;
  while (root->kind == NODE_OPERATOR && root->op == OP_DIV && !changes(s, root->args[1])) {
    scale = scale ? times(graph, scale, root->args[1]) : root->args[1];
    root = root->args[0];
  }
  struct linear sum = {0};
  if (!changes(s, root) || root->level != LEVEL_PARAM) return NULL;
  if (!add_linear(s, &sum, root, node_const(graph, 1), node_const(graph, 1))) return NULL;
  if (s->binder->dimension->high <= ROWS_A_COLUMN * sum.n) return NULL;
  constants_last(&sum);
  const struct node *total = squared_length(s, &sum);
  return scale ? node_binary(graph, OP_DIV, total, times(graph, scale, scale)) : total;
}

/* ---- sums ---- */

static struct parts split(struct sufficient *s, const struct node *node);

static struct parts scaled(const struct sufficient *s, struct parts parts, enum operator_kind op,
                           const struct node *by) {
  if (parts.closed) parts.closed = node_binary(s->graph, op, parts.closed, by);
  if (parts.rest) parts.rest = node_binary(s->graph, op, parts.rest, by);
  return parts;
}

static struct parts joined(const struct sufficient *s, struct parts a, struct parts b) {
  return (struct parts){plus(s->graph, a.closed, b.closed), plus(s->graph, a.rest, b.rest)};
}

/* Each branch over the elements that take it. */
static struct parts split_select(struct sufficient *s, const struct node *test, const struct node *const branches[2]) {
  struct graph *graph = s->graph;
  const struct node *outer = s->mask, *zero = node_const(graph, 0);
  struct parts branch[2];
  for (size_t k = 0; k < 2; k++) {
    const struct node *taken = k ? node_unary(graph, OP_NOT, test) : test;
    s->mask = outer ? node_binary(graph, OP_AND, outer, taken) : taken;
    branch[k] = split(s, branches[k]);
  }
  s->mask = outer;
  struct parts parts = {plus(graph, branch[0].closed, branch[1].closed), NULL};
  if (branch[0].rest || branch[1].rest)
    parts.rest =
        node_select(graph, test, branch[0].rest ? branch[0].rest : zero, branch[1].rest ? branch[1].rest : zero);
  return parts;
}

static struct parts split_operator(struct sufficient *s, const struct node *node) {
  const struct node *a = node->args[0], *b = node->n_arg > 1 ? node->args[1] : NULL;
  const struct node *minus = node_const(s->graph, -1);
  switch (node->op) {
    case OP_NEG: return scaled(s, split(s, a), OP_MUL, minus);
    case OP_ADD: return joined(s, split(s, a), split(s, b));
    case OP_SUB: return joined(s, split(s, a), scaled(s, split(s, b), OP_MUL, minus));
    case OP_DIV:
      if (!changes(s, b)) return scaled(s, split(s, a), OP_DIV, b);
      break;
    case OP_MUL:
      if (!changes(s, a)) return scaled(s, split(s, b), OP_MUL, a);
      if (!changes(s, b)) return scaled(s, split(s, a), OP_MUL, b);
      if (a == b) {
        const struct node *squares = sum_of_squares(s, a);
        s->found = s->found || squares;
        if (squares) return (struct parts){squares, NULL};
      }
      break;
    default: break;
  }
  return (struct parts){NULL, node};
}

static struct parts split(struct sufficient *s, const struct node *node) {
  struct parts parts = {NULL, node};
  if (node->kind == NODE_CONST && node->number == 0) return (struct parts){NULL, NULL};
  if (!changes(s, node))
    return (struct parts){times(s->graph, sum_of(s, where_it_counts(s, node_const(s->graph, 1))), node), NULL};
  if (node->level <= LEVEL_DATA) return (struct parts){sum_of(s, where_it_counts(s, node)), NULL};
  if (s->depth >= MAX_DEPTH) return parts;
  s->depth++;
  if (node->kind == NODE_OPERATOR) {
    parts = split_operator(s, node);
  } else if (node->kind == NODE_SELECT && node->args[0]->level <= LEVEL_DATA) {
    parts = split_select(s, node->args[0], node->args + 1);
  } else if (node->kind == NODE_FINITE) {
    parts = split(s, node->args[0]);
    parts.rest = node_finite(s->graph, parts.rest ? parts.rest : node_const(s->graph, 0), node->args[1]);
  }
  s->depth--;
  return parts;
}

/* A sum in no other loop: what it comes to. */
static const struct node *reduced_sum(struct sufficient *s, const struct node *sum) {
  s->binder = sum->binder;
  s->start = sum->start;
  s->mask = NULL;
  s->found = false;
  const struct parts parts = split(s, sum->args[0]);
  if (!s->found) return sum;
  return plus(s->graph, parts.closed, parts.rest ? sum_of(s, parts.rest) : NULL);
}

static const struct node *reduced(struct sufficient *s, const struct node *node) {
  const bool known = node->id < s->n_old;
  if (known && s->result[node->id]) return s->result[node->id];
  const struct node *result = node;
  if (!binders_are_none(&node->free) || node->level < LEVEL_PARAM) return node;
  if (node->kind == NODE_REDUCE && node->reduction == REDUCE_SUM) {
    result = reduced_sum(s, node);
  } else if (node->kind == NODE_OPERATOR || node->kind == NODE_CHOOSE || node->kind == NODE_FINITE) {
    const struct node **args = floe__arena_array(s->graph->arena, node->n_arg + 1, sizeof *args);
    bool changed = false;
    for (size_t k = 0; k < node->n_arg; k++) {
      args[k] = node->args[k] ? reduced(s, node->args[k]) : NULL;
      changed = changed || args[k] != node->args[k];
    }
    if (changed) result = node_rebuild(s->graph, node, args);
  }
  if (known) s->result[node->id] = result;
  return result;
}

/* Whether it is worth looking. */
static bool has_squares(const struct graph *graph) {
  for (size_t k = 0; k < graph->n_node; k++) {
    const struct node *node = graph->nodes[k];
    if (node->kind == NODE_OPERATOR && node->op == OP_MUL && node->args[0] == node->args[1] &&
        node->level == LEVEL_PARAM && !binders_are_none(&node->free))
      return true;
  }
  return false;
}

struct interpretation gradient_terms(struct graph *graph, const struct external *square_root,
                                     const struct interpretation *density) {
  struct floe__arena *arena = graph->arena;
  if (!has_squares(graph)) return (struct interpretation){.kind = INTERPRETATION_GRADIENT};
  struct root *roots = floe__arena_array(arena, density->n_root + 1, sizeof *roots);
  bool changed = false;
  for (size_t k = 0; k < density->n_root; k++) {
    roots[k] = density->roots[k];
    roots[k].node = graph_specialise(graph, roots[k].node, NULL, COORDINATES_UNIVERSE);
  }
  struct sufficient s = {.graph = graph,
                         .square_root = square_root,
                         .n_old = graph->n_node,
                         .result = floe__arena_array(arena, graph->n_node + 1, sizeof *s.result)};
  for (size_t k = 0; k < density->n_root; k++) {
    const struct node *before = roots[k].node;
    roots[k].node = reduced(&s, before);
    changed = changed || roots[k].node != before;
  }
  return (struct interpretation){INTERPRETATION_GRADIENT, changed ? density->n_root : 0, roots};
}
