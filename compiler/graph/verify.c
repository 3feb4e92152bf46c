/* Every invariant that graph.h states, checked node by node and root by root. */

#include "base/memory.h"
#include "base/text.h"
#include "compiler/graph/construct.h"

struct verifier {
  const struct study *study;
  struct floe__text *problem;
  bool sound;
};

static void broken(struct verifier *v, const struct node *node, const char *rule) {
  if (v->sound) floe__text_printf(v->problem, "node %%%zu (%s): %s", node->id, node_kind_text(node->kind), rule);
  v->sound = false;
}

static void expect(struct verifier *v, const struct node *node, bool holds, const char *rule) {
  if (!holds) broken(v, node, rule);
}

/* ---- one node ---- */

static void verify_order(struct verifier *v, const struct node *node) {
  for (size_t k = 0; k < node->n_arg; k++) {
    const struct node *arg = node->args[k];
    if (!arg) {
      expect(v, node, node->kind == NODE_CHOOSE, "an argument is missing");
      continue;
    }
    expect(v, node, arg->id < node->id && v->study->graph->nodes[arg->id] == arg,
           "an argument does not come before it");
    expect(v, node, arg->level <= node->level, "its level is below an argument's");
  }
}

static struct binders own_binders(const struct node *node) {
  struct binders own = {{0}};
  if (node->kind == NODE_REDUCE || node->kind == NODE_SCAN) binders_add(&own, node->binder->id);
  for (size_t k = 0; k < node->n_binder; k++) binders_add(&own, node->binders[k]->id);
  return own;
}

static bool same_binders(const struct binders *a, const struct binders *b) {
  return binders_within(a, b) && binders_within(b, a);
}

static void verify_binders(struct verifier *v, const struct node *node) {
  struct binders free = {{0}}, inner = {{0}}, own = own_binders(node);
  if (node->kind == NODE_BINDER || node->kind == NODE_PREVIOUS) binders_add(&free, node->binder->id);
  for (size_t k = 0; k < node->n_arg; k++)
    if (node->args[k]) {
      binders_join(&free, &node->args[k]->free);
      binders_join(&inner, &node->args[k]->bound);
    }
  expect(v, node, !binders_meet(&own, &inner), "a loop inside has the same binder");
  binders_leave(&free, &own);
  binders_join(&inner, &own);
  expect(v, node, same_binders(&node->free, &free), "its free binders are not those of its arguments");
  expect(v, node, same_binders(&node->bound, &inner), "its bound binders are not those of its arguments");
  for (size_t k = 0; k < v->study->graph->n_binder; k++)
    if (binders_have(&own, k))
      expect(v, node, v->study->graph->binders[k]->level < LEVEL_FORM, "a temporary binder is left");
}

static void verify_gather(struct verifier *v, const struct node *node) {
  expect(v, node, node->n_dim == 0 && node->n_arg == node->args[0]->n_dim + 1, "it needs one index per dimension");
  for (size_t k = 1; k < node->n_arg; k++) expect(v, node, node->args[k]->n_dim == 0, "an index is an array");
}

static void verify_scan(struct verifier *v, const struct node *node) {
  expect(v, node, node->start >= 1 && node->n_arg > 0 && node->n_arg % node->start == 0,
         "it needs initial values and a body per output");
  for (size_t k = 0; k < node->n_arg; k++)
    if ((k + 1) % node->start)
      expect(v, node, !binders_have(&node->args[k]->free, node->binder->id), "an initial value depends on the step");
}

static void verify_scalar_args(struct verifier *v, const struct node *node) {
  for (size_t k = 0; k < node->n_arg; k++)
    if (node->args[k]) expect(v, node, node->args[k]->n_dim == 0, "an argument is an array");
}

static void verify_shape(struct verifier *v, const struct node *node) {
  switch (node->kind) {
    case NODE_GATHER: verify_gather(v, node); return;
    case NODE_MAP:
      expect(v, node, node->n_binder == node->n_dim && node->n_arg == 1 && node->args[0]->n_dim == 0,
             "its shape is not that of its loops");
      for (size_t k = 0; k < node->n_dim; k++)
        expect(v, node, node->dim[k] == node->binders[k]->dimension, "a dimension is not that of its loop");
      return;
    case NODE_SCAN:
      verify_scan(v, node);
      verify_scalar_args(v, node);
      return;
    case NODE_PROJECT:
      expect(v, node, node->args[0]->kind == NODE_SCAN && node->index < node->args[0]->n_arg / node->args[0]->start,
             "it is no output of a scan");
      return;
    case NODE_VALUE:
      expect(v, node, node->n_dim == node->variable->type.n_dim, "its shape is not its variable's");
      return;
    case NODE_COORDINATE:
    case NODE_CENTRING:
      expect(v, node, node->n_dim == coordinate_shape(node->variable, &(const struct dimension *const *){NULL}),
             "its shape is not that of its variable's coordinates");
      return;
    case NODE_CHOOSE:
      expect(v, node, node->n_arg == (node->axis ? node->axis->n_option : N_COORDINATES),
             "it needs one argument per option");
      verify_scalar_args(v, node);
      return;
    case NODE_OPERATOR:
    case NODE_SELECT:
    case NODE_FINITE:
    case NODE_LITERAL: verify_scalar_args(v, node); return;
    case NODE_REDUCE:
      expect(v, node, node->start >= 1, "it has no first element");
      verify_scalar_args(v, node);
      return;
    case NODE_DRAW:
      expect(v, node, node->external->random && node->n_arg >= node->external->n_formal, "it is no raw draw");
      return;
    case NODE_EXTERN:
      expect(v, node, node->n_arg == node->external->n_formal, "it needs one argument per formal");
      return;
    case NODE_CONST:
    case NODE_AXIS:
    case NODE_SIZE:
    case NODE_BINDER:
    case NODE_PREVIOUS: return;
  }
}

/* PREVIOUS has its scan around it: a scan with its binder, and output `index` with that many initial values. */
static void verify_previous(struct verifier *v, const struct node *node) {
  const struct graph *graph = v->study->graph;
  for (size_t k = node->id + 1; k < graph->n_node; k++) {
    const struct node *scan = graph->nodes[k];
    if (scan->kind != NODE_SCAN || scan->binder != node->binder) continue;
    expect(v, node, node->index < scan->n_arg / scan->start && node->lag >= 1 && node->lag < scan->start,
           "its scan has no such step");
    return;
  }
  broken(v, node, "it stands in no scan");
}

/* ---- roots ---- */

enum { READS_DATA = 1, READS_UNKNOWN = 2, READS_COORDINATES = 4, READS_CENTRING = 8, DRAWS = 16 };
static const unsigned allowed[N_INTERPRETATION] = {[INTERPRETATION_SIMULATE] = READS_DATA | READS_UNKNOWN | DRAWS,
                                                   [INTERPRETATION_LOG_DENSITY] = READS_DATA | READS_COORDINATES | READS_CENTRING,
                                                   [INTERPRETATION_CONSTRAIN] = READS_DATA | READS_COORDINATES | READS_CENTRING,
                                                   [INTERPRETATION_UNCONSTRAIN] = READS_DATA | READS_UNKNOWN | READS_CENTRING,
                                                   [INTERPRETATION_SCALE] = READS_DATA | READS_UNKNOWN,
                                                   [INTERPRETATION_REPORT] = READS_DATA | READS_UNKNOWN,
                                                   [INTERPRETATION_CHECK] = READS_DATA | READS_UNKNOWN,
                                                   [INTERPRETATION_ELICIT] = READS_DATA | READS_UNKNOWN,
                                                   [INTERPRETATION_PREPARE] = READS_DATA,
                                                   [INTERPRETATION_POINTWISE] = READS_DATA | READS_UNKNOWN,
                                                   [INTERPRETATION_GRADIENT] = READS_DATA | READS_COORDINATES | READS_CENTRING};

static unsigned own_reads(const struct node *node) {
  if (node->kind == NODE_COORDINATE) return READS_COORDINATES;
  if (node->kind == NODE_CENTRING) return READS_CENTRING;
  if (node->kind == NODE_DRAW) return DRAWS;
  if (node->kind != NODE_VALUE) return 0;
  return node->variable->role == ROLE_DATA || node->variable->role == ROLE_OBS ? READS_DATA : READS_UNKNOWN;
}

/* What a node reads, by itself or through its arguments, and one more than the largest id of a variable among
 * it. */
struct reach {
  unsigned reads;
  size_t variables;
};

static struct reach reach_of(const struct node *node, const struct reach *earlier) {
  struct reach reach = {.reads = own_reads(node)};
  if (node->kind == NODE_VALUE) reach.variables = node->variable->id + 1;
  for (size_t k = 0; k < node->n_arg; k++) {
    if (!node->args[k]) continue;
    const struct reach *arg = &earlier[node->args[k]->id];
    reach.reads |= arg->reads;
    if (arg->variables > reach.variables) reach.variables = arg->variables;
  }
  return reach;
}

static void verify_root(struct verifier *v, enum interpretation_kind kind, const struct root *root,
                        const struct reach *reach) {
  const struct node *node = root->node;
  expect(v, node, v->study->graph->nodes[node->id] == node, "a root is not in the graph");
  expect(v, node, binders_are_none(&node->free), "a root depends on a loop");
  if (root->target == TARGET_TERM) expect(v, node, node->n_dim == 0, "a density term is an array");
  if (root->target == TARGET_VALUE || root->target == TARGET_COORDINATE) {
    const struct dimension *const *dim = root->variable->type.dim;
    size_t n_dim = root->variable->type.n_dim;
    if (root->target == TARGET_COORDINATE) n_dim = coordinate_shape(root->variable, &dim);
    expect(v, node, node->n_dim == n_dim, "a root's shape is not its variable's");
    for (size_t k = 0; k < node->n_dim; k++)
      expect(v, node, node->dim[k] == dim[k], "a root's dimension is not its variable's");
  }
  expect(v, node, !(reach[node->id].reads & ~allowed[kind]), "this interpretation may not read all that it reads");
  if (kind == INTERPRETATION_SIMULATE)
    expect(v, node, reach[node->id].variables <= root->variable->id, "it reads a variable before it is drawn");
}

bool graph_verify(const struct study *study, struct floe__text *problem) {
  struct verifier v = {study, problem, true};
  struct reach *reach = FLOE__NEW(study->graph->n_node + 1, struct reach);
  if (!reach) {
    floe__text_printf(problem, "not enough memory to verify the graph");
    return false;
  }
  for (size_t k = 0; k < study->graph->n_node && v.sound; k++) {
    const struct node *node = study->graph->nodes[k];
    verify_order(&v, node);
    verify_binders(&v, node);
    verify_shape(&v, node);
    if (node->kind == NODE_PREVIOUS) verify_previous(&v, node);
    if (v.sound) reach[k] = reach_of(node, reach);
  }
  for (size_t k = 0; k < N_INTERPRETATION && v.sound; k++)
    for (size_t j = 0; j < study->interpretations[k].n_root && v.sound; j++)
      verify_root(&v, (enum interpretation_kind)k, &study->interpretations[k].roots[j], reach);
  floe__free(reach);
  return v.sound;
}
