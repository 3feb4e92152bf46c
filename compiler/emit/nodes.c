#include "compiler/emit/nodes.h"

#include <string.h>

#include "base/arena.h"

static const char *const operators[] = {
    [OP_ADD] = " + ", [OP_SUB] = " - ", [OP_MUL] = " * ", [OP_DIV] = " / ", [OP_LT] = " < ",   [OP_LE] = " <= ",
    [OP_GT] = " > ",  [OP_GE] = " >= ", [OP_EQ] = " == ", [OP_NE] = " != ", [OP_AND] = " && ", [OP_OR] = " || "};

void nodes_begin(struct node_writer *n, struct writer *file, const struct graph *graph, size_t n_own,
                 const char *const *own) {
  struct floe__text *out = n->out;
  *n = (struct node_writer){.file = file, .graph = graph, .out = out, .depth = 1};
  n->identifiers = identifiers_new(file->arena);
  for (size_t k = 0; k < n_own; k++) identifiers_reserve(n->identifiers, own[k]);
  for (size_t k = 0; k < graph->n_node; k++)
    if (graph->nodes[k]->external) identifiers_reserve(n->identifiers, graph->nodes[k]->external->symbol);
  n->name = floe__arena_array(file->arena, graph->n_node + 1, sizeof *n->name);
  n->uses = floe__arena_array(file->arena, graph->n_node + 1, sizeof *n->uses);
}

void nodes_indent(struct node_writer *n) {
  floe__text_printf(n->out, "%*s", (int)(2 * n->depth), "");
}

void nodes_count(struct node_writer *n, const struct node *node) {
  if (!node || n->uses[node->id]++) return;
  for (size_t k = 0; k < node->n_arg; k++) nodes_count(n, node->args[k]);
}

static bool is_leaf(const struct node *node) {
  return node->kind == NODE_VALUE || node->kind == NODE_CONST || node->kind == NODE_BINDER || node->kind == NODE_SIZE;
}

void nodes_forget(struct node_writer *n) {
  for (size_t id = 0; id < n->graph->n_node; id++) {
    n->uses[id] = 0;
    if (!is_leaf(n->graph->nodes[id])) n->name[id] = NULL;
  }
}

/* ---- operators ---- */

static bool is_tight(enum operator_kind op) {
  return op == OP_MUL || op == OP_DIV;
}

/* Brackets but where every reader knows the order: products within sums, and chains of either from the left. */
static void write_operand(struct node_writer *n, enum operator_kind op, const struct node *operand, size_t k) {
  bool named = n->name[operand->id] != NULL, chain = false;
  if (!named && operand->kind == NODE_OPERATOR && operand->op != OP_POW && operand->n_arg > 1) {
    bool sum = op == OP_ADD || op == OP_SUB, inner_sum = operand->op == OP_ADD || operand->op == OP_SUB;
    chain = (sum && is_tight(operand->op)) || (k == 0 && sum && inner_sum) ||
            (k == 0 && is_tight(op) && is_tight(operand->op));
  }
  bool call = operand->kind == NODE_EXTERN || operand->kind == NODE_GATHER || operand->kind == NODE_BINDER ||
              operand->kind == NODE_SIZE;
  bool simple = named || chain || call || (operand->kind == NODE_CONST && operand->number >= 0) ||
                (operand->kind == NODE_OPERATOR && operand->op == OP_POW);
  floe__text_puts(n->out, simple ? "" : "(");
  nodes_write(n, operand);
  floe__text_puts(n->out, simple ? "" : ")");
}

static void write_arguments(struct node_writer *n, const struct node *node, size_t n_before) {
  for (size_t k = 0; k < node->n_arg; k++) {
    if (k + n_before) floe__text_puts(n->out, ", ");
    nodes_write(n, node->args[k]);
  }
  floe__text_puts(n->out, ")");
}

static void write_operation(struct node_writer *n, const struct node *node) {
  if (node->op == OP_POW) {
    declare_scalar(n->file, "pow", 2);
    floe__text_puts(n->out, "pow(");
    write_arguments(n, node, 0);
    return;
  }
  if (node->n_arg == 1) floe__text_puts(n->out, node->op == OP_NOT ? "!" : "-");
  for (size_t k = 0; k < node->n_arg; k++) {
    if (k) floe__text_puts(n->out, operators[node->op]);
    write_operand(n, node->n_arg == 1 ? OP_POW : node->op, node->args[k], k);
  }
}

/* ---- arrays ---- */

void nodes_write_size(struct node_writer *n, const struct dimension *dimension) {
  if (dimension->low == dimension->high || !n->size_name)
    floe__text_printf(n->out, "%zu", dimension->low);
  else
    floe__text_puts(n->out, n->size_name[dimension->id]);
}

size_t nodes_write_sizes(struct node_writer *n, const struct external *external, const struct node *const *args,
                         size_t n_before) {
  const struct dimension *sizes[MAX_FORMAL_SIZES];
  const size_t n_size = formal_sizes(external, sizes);
  for (size_t i = 0; i < n_size; i++) {
    size_t argument, dimension;
    place_of_size(external, sizes[i], &argument, &dimension);
    if (i + n_before) floe__text_puts(n->out, ", ");
    nodes_write_size(n, args[argument]->dim[dimension]);
  }
  return n_before + n_size;
}

static void write_call(struct node_writer *n, const struct node *node) {
  const char *lane = n->in_lanes ? lane_symbol(node->external->symbol) : NULL;
  if (!lane) declare_external(n->file, node->external);
  floe__text_printf(n->out, "%s(", lane ? lane : node->external->symbol);
  write_arguments(n, node, nodes_write_sizes(n, node->external, node->args, 0));
}

static void write_literal(struct node_writer *n, const struct node *node) {
  floe__text_puts(n->out, "(const double[]){");
  for (size_t k = 0; k < node->n_arg; k++) {
    if (k) floe__text_puts(n->out, ", ");
    nodes_write(n, node->args[k]);
  }
  floe__text_puts(n->out, "}");
}

void nodes_write_place(struct node_writer *n, size_t n_dim, const struct dimension *const *dim,
                       const struct node *const *place) {
  for (size_t k = 0; k + 2 < n_dim; k++) floe__text_puts(n->out, "(");
  for (size_t k = 0; k < n_dim; k++) {
    const bool last = k + 1 == n_dim;
    floe__text_puts(n->out, "inside(");
    nodes_write(n, place[k]);
    floe__text_puts(n->out, ", ");
    nodes_write_size(n, dim[k]);
    floe__text_puts(n->out, k && !last ? "))" : ")");
    if (last) break;
    floe__text_puts(n->out, " * (double)");
    nodes_write_size(n, dim[k + 1]);
    floe__text_puts(n->out, " + ");
  }
}

static void write_element(struct node_writer *n, const struct node *node) {
  const struct node *array = node->args[0];
  n->file->gathers = true;
  floe__text_puts(n->out, "at(");
  nodes_write(n, array);
  floe__text_puts(n->out, ", ");
  nodes_write_place(n, array->n_dim, array->dim, node->args + 1);
  floe__text_puts(n->out, ")");
}

/* ---- all of them ---- */

static void write_contents(struct node_writer *n, const struct node *node) {
  if (node->kind == NODE_CONST) {
    write_number(n->out, node->number);
  } else if (node->kind == NODE_OPERATOR) {
    write_operation(n, node);
  } else if (node->kind == NODE_SELECT) {
    for (size_t k = 0; k < 3; k++) {
      floe__text_puts(n->out, k == 0 ? "" : k == 1 ? " ? " : " : ");
      write_operand(n, OP_POW, node->args[k], k);
    }
  } else if (node->kind == NODE_SIZE) {
    floe__text_puts(n->out, "(double)");
    nodes_write_size(n, node->dimension);
  } else if (node->kind == NODE_GATHER) {
    write_element(n, node);
  } else if (node->kind == NODE_LITERAL) {
    write_literal(n, node);
  } else { /* an external function: meaning/ lets nothing else in */
    write_call(n, node);
  }
}

void nodes_write(struct node_writer *n, const struct node *node) {
  if (n->name[node->id])
    floe__text_puts(n->out, n->name[node->id]);
  else
    write_contents(n, node);
}

/* ---- locals ---- */

static const char *local_name(struct node_writer *n) {
  return emit_identifier(n->identifiers, floe__arena_printf(n->file->arena, "t%zu", ++n->n_temporary));
}

static void write_local(struct node_writer *n, const struct node *node) {
  nodes_indent(n);
  floe__text_printf(n->out, "const %s ", node->base == BASE_BOOL ? "int" : "double");
  struct floe__text *out = n->out, expression = {0};
  n->out = &expression;
  write_contents(n, node);
  n->out = out;
  n->name[node->id] = local_name(n);
  floe__text_printf(n->out, "%s = %.*s;\n", n->name[node->id], (int)expression.length, expression.data);
  floe__text_free(&expression);
}

/* The node is the element: it does not depend on other loops. */
static void write_update(struct node_writer *n, enum reduction reduction, const char *total,
                         const struct node *element) {
  static const char *const updates[] = {[REDUCE_SUM] = " += ", [REDUCE_PRODUCT] = " *= ", [REDUCE_MAX] = NULL,
                                        [REDUCE_MIN] = NULL,   [REDUCE_ALL] = " &= ",     [REDUCE_ANY] = " |= "};
  nodes_indent(n);
  if (updates[reduction]) {
    bool truth = reduction == REDUCE_ALL || reduction == REDUCE_ANY;
    floe__text_printf(n->out, "%s%s%s", total, updates[reduction], truth ? "(" : "");
    nodes_write(n, element);
    floe__text_puts(n->out, truth ? ") != 0;\n" : ";\n");
    return;
  }
  floe__text_puts(n->out, "const double element = ");
  nodes_write(n, element);
  floe__text_puts(n->out, ";\n");
  nodes_indent(n);
  floe__text_printf(n->out, "if (element %c %s || element != element) %s = element;\n",
                    reduction == REDUCE_MAX ? '>' : '<', total, total);
}

static void write_reduction(struct node_writer *n, const struct node *node) {
  static const char *const starts[] = {[REDUCE_SUM] = "0",        [REDUCE_PRODUCT] = "1", [REDUCE_MAX] = "-INFINITY",
                                       [REDUCE_MIN] = "INFINITY", [REDUCE_ALL] = "1",     [REDUCE_ANY] = "0"};
  const char *total = local_name(n);
  nodes_indent(n);
  floe__text_printf(n->out, "%s %s = %s;\n", node->base == BASE_BOOL ? "int" : "double", total,
                    starts[node->reduction]);
  const size_t mark = identifiers_enter(n->identifiers);
  const char *index = emit_identifier(n->identifiers, node->binder->name ? node->binder->name : "element");
  for (size_t id = 0; id < node->id; id++) {
    const struct node *binder = n->graph->nodes[id];
    if (binder->kind == NODE_BINDER && binder->binder == node->binder)
      n->name[id] = floe__arena_printf(n->file->arena, "(double)%s", index);
  }
  nodes_indent(n);
  floe__text_printf(n->out, "for (size_t %s = %zu; %s <= ", index, node->start, index);
  nodes_write_size(n, node->binder->dimension);
  floe__text_printf(n->out, "; %s++) {\n", index);
  n->depth++;
  write_update(n, node->reduction, total, node->args[0]);
  n->depth--;
  nodes_indent(n);
  floe__text_puts(n->out, "}\n");
  identifiers_leave(n->identifiers, mark);
  n->name[node->id] = total;
}

void nodes_write_locals(struct node_writer *n) {
  for (size_t id = 0; id < n->graph->n_node; id++) {
    const struct node *node = n->graph->nodes[id];
    if (!n->uses[id] || n->name[id] || !binders_are_none(&node->free) || node->n_dim || is_leaf(node)) continue;
    if (node->kind == NODE_REDUCE)
      write_reduction(n, node);
    else if (n->uses[id] > 1)
      write_local(n, node);
  }
}
