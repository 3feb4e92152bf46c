/* The graph as text: a line per node, leaves written where they are used, then the roots of every interpretation.
 *   mu  value      mu~  coordinate      @power  axis      #school  size      school'0  binder */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "compiler/graph/construct.h"
#include "compiler/meaning/check.h"

const char *node_kind_text(enum node_kind kind) {
  static const char *const texts[] = {
      [NODE_CONST] = "const",       [NODE_VALUE] = "value",     [NODE_COORDINATE] = "coordinate",
      [NODE_CENTRING] = "centring",
      [NODE_AXIS] = "axis",         [NODE_SIZE] = "size",       [NODE_BINDER] = "binder",
      [NODE_OPERATOR] = "operator", [NODE_SELECT] = "select",   [NODE_EXTERN] = "extern",
      [NODE_DRAW] = "draw",         [NODE_FINITE] = "finite",   [NODE_GATHER] = "gather",
      [NODE_MAP] = "map",           [NODE_REDUCE] = "reduce",   [NODE_SCAN] = "scan",
      [NODE_PREVIOUS] = "previous", [NODE_PROJECT] = "project", [NODE_LITERAL] = "literal",
      [NODE_CHOOSE] = "choose"};
  return texts[kind];
}

static const char *const level_texts[] = {"const", "universe", "data", "param", "draw"};
static const char *const base_texts[] = {"real", "int", "bool", "code", "distribution"};
static const char *const reduction_texts[] = {"sum", "product", "max", "min", "all", "any"};
static const char *const coordinate_texts[] = {"family", "universe"};

static bool is_leaf(const struct node *node) {
  return node->kind <= NODE_BINDER;
}

static void print_binder(const struct graph_binder *binder, struct floe__text *out) {
  floe__text_printf(out, "%s'%zu", binder->dimension->name ? binder->dimension->name : "anonymous", binder->level);
}

/* The shortest decimal that reads back as the same number. */
static void print_number(double number, struct floe__text *out) {
  char digits[40];
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, number);
    if (strtod(digits, NULL) == number) break;
  }
  floe__text_puts(out, digits);
}

static void print_leaf(const struct node *node, struct floe__text *out) {
  switch (node->kind) {
    case NODE_CONST:
      if (node->base == BASE_BOOL)
        floe__text_puts(out, node->number != 0 ? "true" : "false");
      else
        print_number(node->number, out);
      return;
    case NODE_VALUE: floe__text_puts(out, node->variable->name); return;
    case NODE_COORDINATE: floe__text_printf(out, "%s~", node->variable->name); return;
    case NODE_CENTRING: floe__text_printf(out, "centring of %s", node->variable->name); return;
    case NODE_AXIS: floe__text_printf(out, "@%s", node->axis->name); return;
    case NODE_SIZE: floe__text_printf(out, "#%s", node->dimension->name); return;
    case NODE_BINDER: print_binder(node->binder, out); return;
    case NODE_OPERATOR:
    case NODE_SELECT:
    case NODE_EXTERN:
    case NODE_DRAW:
    case NODE_FINITE:
    case NODE_GATHER:
    case NODE_MAP:
    case NODE_REDUCE:
    case NODE_SCAN:
    case NODE_PREVIOUS:
    case NODE_PROJECT:
    case NODE_LITERAL:
    case NODE_CHOOSE: return;
  }
}

static void print_operand(const struct node *node, struct floe__text *out) {
  if (!node)
    floe__text_puts(out, "-");
  else if (is_leaf(node))
    print_leaf(node, out);
  else
    floe__text_printf(out, "%%%zu", node->id);
}

static void print_list(const struct node *node, size_t from, size_t to, struct floe__text *out) {
  for (size_t k = from; k < to; k++) {
    if (k > from) floe__text_puts(out, ", ");
    print_operand(node->args[k], out);
  }
}

static void print_operator(const struct node *node, struct floe__text *out) {
  if (node->n_arg == 1) {
    floe__text_puts(out, node->op == OP_NOT ? "not " : "-");
    print_operand(node->args[0], out);
    return;
  }
  for (size_t k = 0; k < node->n_arg; k++) {
    if (k) floe__text_printf(out, " %s ", operator_text(node->op));
    print_operand(node->args[k], out);
  }
}

static void print_choose(const struct node *node, struct floe__text *out) {
  floe__text_printf(out, "choose %s {", node->axis ? node->axis->name : "coordinates");
  for (size_t k = 0; k < node->n_arg; k++) {
    if (!node->args[k]) continue;
    floe__text_printf(out, " %s: ", node->axis ? node->axis->options[k].label : coordinate_texts[k]);
    print_operand(node->args[k], out);
  }
  floe__text_puts(out, " }");
}

static void print_scan(const struct node *node, struct floe__text *out) {
  floe__text_puts(out, "scan ");
  print_binder(node->binder, out);
  floe__text_printf(out, " from %zu:", node->start);
  for (size_t k = 0; k < node->n_arg; k += node->start) {
    floe__text_puts(out, k ? "; " : " ");
    print_list(node, k, k + node->start - 1, out);
    floe__text_puts(out, node->start > 1 ? " then " : "");
    print_operand(node->args[k + node->start - 1], out);
  }
}

static void print_loop(const struct node *node, const char *what, struct floe__text *out) {
  const struct graph_binder *const *binders = node->kind == NODE_MAP ? node->binders : &node->binder;
  size_t n = node->kind == NODE_MAP ? node->n_binder : 1;
  floe__text_puts(out, what);
  for (size_t k = 0; k < n; k++) {
    floe__text_puts(out, k ? ", " : " ");
    print_binder(binders[k], out);
  }
  if (node->start > 1) floe__text_printf(out, " from %zu", node->start);
  floe__text_puts(out, ": ");
  print_operand(node->args[0], out);
}

static void print_call(const struct node *node, const char *name, struct floe__text *out) {
  floe__text_printf(out, "%s(", name);
  print_list(node, 0, node->n_arg, out);
  floe__text_puts(out, ")");
}

static void print_draw(const struct node *node, struct floe__text *out) {
  size_t n = node->external->n_formal;
  floe__text_printf(out, "%s(", node->external->name);
  print_list(node, 0, n, out);
  floe__text_printf(out, ") at site %zu", node->site);
  if (node->n_arg > n) floe__text_puts(out, ", element ");
  print_list(node, n, node->n_arg, out);
}

static void print_operation(const struct node *node, struct floe__text *out) {
  switch (node->kind) {
    case NODE_OPERATOR: print_operator(node, out); return;
    case NODE_SELECT: print_call(node, "if", out); return;
    case NODE_EXTERN: print_call(node, node->external->name, out); return;
    case NODE_DRAW: print_draw(node, out); return;
    case NODE_FINITE:
      print_operand(node->args[0], out);
      floe__text_puts(out, " where ");
      print_operand(node->args[1], out);
      return;
    case NODE_GATHER:
      print_operand(node->args[0], out);
      floe__text_puts(out, "[");
      print_list(node, 1, node->n_arg, out);
      floe__text_puts(out, "]");
      return;
    case NODE_MAP: print_loop(node, "map", out); return;
    case NODE_REDUCE: print_loop(node, reduction_texts[node->reduction], out); return;
    case NODE_SCAN: print_scan(node, out); return;
    case NODE_PREVIOUS:
      floe__text_printf(out, "output %zu, %zu before ", node->index, node->lag);
      print_binder(node->binder, out);
      return;
    case NODE_PROJECT:
      floe__text_printf(out, "output %zu of ", node->index);
      print_operand(node->args[0], out);
      return;
    case NODE_LITERAL: print_call(node, "array", out); return;
    case NODE_CHOOSE: print_choose(node, out); return;
    case NODE_CONST:
    case NODE_VALUE:
    case NODE_COORDINATE:
    case NODE_CENTRING:
    case NODE_AXIS:
    case NODE_SIZE:
    case NODE_BINDER: print_leaf(node, out); return;
  }
}

/* The facts behind the operation: type, shape, level, the loops that it depends on. */
static void print_facts(const struct graph *graph, const struct node *node, struct floe__text *out) {
  floe__text_printf(out, "  # %s", base_texts[node->base]);
  for (size_t k = 0; k < node->n_dim; k++)
    floe__text_printf(out, "%s%s%s", k ? ", " : "[", node->dim[k]->name ? node->dim[k]->name : "anonymous",
                      k + 1 < node->n_dim ? "" : "]");
  floe__text_printf(out, ", %s", level_texts[node->level]);
  for (size_t k = 0, first = 1; k < graph->n_binder; k++) {
    if (!binders_have(&node->free, k)) continue;
    floe__text_puts(out, first ? ", within " : " ");
    print_binder(graph->binders[k], out);
    first = 0;
  }
  if (node->name) floe__text_printf(out, ", `%s`", node->name);
  floe__text_puts(out, "\n");
}

/* ---- roots ---- */

static void print_target(const struct study *study, const struct interpretation *interpretation,
                         const struct root *root, struct floe__text *out) {
  static const char *const tags[] = {"prior", "likelihood", "jacobian"};
  const struct program *program = study->program;
  switch (root->target) {
    case TARGET_VALUE: floe__text_puts(out, root->variable->name); return;
    case TARGET_COORDINATE: floe__text_printf(out, "%s~", root->variable->name); return;
    case TARGET_TERM: floe__text_printf(out, "%s of %s", tags[root->tag], root->variable->name); return;
    case TARGET_OUTPUT:
      if (interpretation->kind == INTERPRETATION_CHECK)
        floe__text_printf(out, "\"%s\"", program->checks[root->output].text);
      else if (interpretation->kind == INTERPRETATION_ELICIT)
        floe__text_puts(out, program->elicited[root->output].text);
      else if (root->output < program->n_report)
        floe__text_puts(out, program->reports[root->output].name);
      else
        floe__text_printf(out, "\"%s\"", program->claims[root->output - program->n_report].text);
  }
}

static void print_roots(const struct study *study, const struct interpretation *interpretation,
                        struct floe__text *out) {
  static const char *const kinds[] = {"simulate", "log_density", "constrain", "unconstrain", "log_scale",
                                      "report",   "check",       "elicit",    "prepare",     "pointwise", "gradient"};
  floe__text_printf(out, "%s\n", kinds[interpretation->kind]);
  for (size_t k = 0; k < interpretation->n_root; k++) {
    const struct root *root = &interpretation->roots[k];
    struct floe__text where = {0};
    print_presence(study->program, root->presence, &where);
    floe__text_puts(out, "  ");
    print_target(study, interpretation, root, out);
    floe__text_puts(out, " = ");
    print_operand(root->node, out);
    if (where.length) floe__text_printf(out, "  where %s", where.data);
    floe__text_puts(out, "\n");
    floe__text_free(&where);
  }
}

static void print_effects(const struct study *study, struct floe__text *out) {
  const struct program *program = study->program;
  for (size_t k = 0; k < program->n_axis; k++) {
    struct floe__text where = {0};
    print_presence(program, study->axis_effect[k], &where);
    floe__text_printf(out, "axis %s matters ", program->axes[k]->name);
    if (study->axis_effect[k].options[k] == 0)
      floe__text_puts(out, "nowhere\n");
    else if (where.length)
      floe__text_printf(out, "where %s\n", where.data);
    else
      floe__text_puts(out, "everywhere\n");
    floe__text_free(&where);
  }
}

void graph_print(const struct study *study, struct floe__text *out) {
  const struct graph *graph = study->graph;
  const struct blueprint *blueprint = &study->blueprint;
  for (size_t k = 0; k < graph->n_node; k++) {
    if (is_leaf(graph->nodes[k])) continue;
    floe__text_printf(out, "%%%zu = ", k);
    print_operation(graph->nodes[k], out);
    print_facts(graph, graph->nodes[k], out);
  }
  for (size_t k = 0; k < N_INTERPRETATION; k++) {
    if (!study_needs(study, (enum interpretation_kind)k)) continue;
    print_roots(study, &study->interpretations[k], out);
  }
  print_effects(study, out);
  floe__text_printf(out, "plate %s, sequence %s\n", blueprint->plate ? blueprint->plate->name : "none",
                    blueprint->sequence ? blueprint->sequence->name : "none");
}
