/* What the study's engine wants to know of the spec's structure. */
#include <string.h>

#include "base/arena.h"
#include "compiler/passes/derive.h"

/* ---- plate and sequence ---- */

static bool is_drawn(const struct variable *variable) {
  return variable->role == ROLE_OBS && !variable->summary;
}

/* Whether the elements of some observation are drawn together along the dimension: they are not exchangeable then. */
static bool is_joint(const struct program *program, const struct dimension *dimension) {
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *variable = program->variables[k];
    for (size_t j = variable->n_binder; is_drawn(variable) && j < variable->type.n_dim; j++)
      if (variable->type.dim[j] == dimension) return true;
  }
  return false;
}

static bool runs_along(const struct variable *variable, const struct dimension *dimension) {
  for (size_t k = 0; k < variable->type.n_dim; k++)
    if (variable->type.dim[k] == dimension) return true;
  return false;
}

static bool is_data(const struct variable *variable) {
  return variable->role == ROLE_DATA || variable->role == ROLE_OBS;
}

/* An unknown with a value of its own at each position; NULL: there is none. */
static const struct variable *unknown_along(const struct program *program, const struct dimension *dimension) {
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *variable = program->variables[k];
    if (!is_data(variable) && !variable_is_discrete(variable) && runs_along(variable, dimension)) return variable;
  }
  return NULL;
}

/* Whether the data along a dimension are all in the plate's rows, or all outside of them. */
static bool stand_together(const struct program *program, const struct dimension *plate,
                           const struct dimension *dimension) {
  size_t n = 0, n_in_rows = 0;
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *variable = program->variables[k];
    if (!is_data(variable) || variable->summary || !runs_along(variable, dimension)) continue;
    n++;
    n_in_rows += plate && runs_along(variable, plate);
  }
  return n_in_rows == 0 || n_in_rows == n;
}

/* Whether a position's number does more than name an element that is read or drawn. */
static bool number_matters(const struct study *study, const struct dimension *dimension) {
  for (size_t k = 0; k < study->program->n_variable; k++)
    if (study->program->variables[k]->type.codes == dimension) return true;
  for (size_t id = 0; id < study->graph->n_node; id++) {
    const struct node *node = study->graph->nodes[id];
    if (node->kind == NODE_SCAN && node->binder->dimension == dimension) return true;
    for (size_t k = 0; k < node->n_arg; k++) {
      const struct node *arg = node->args[k];
      if (!arg || arg->kind != NODE_BINDER || arg->binder->dimension != dimension) continue;
      const bool key = node->kind == NODE_DRAW && k >= node->external->n_formal;
      const bool element = node->kind == NODE_GATHER && k > 0 && node->args[0]->kind != NODE_LITERAL &&
                           node->args[0]->dim[k - 1] == dimension;
      if (!key && !element) return true;
    }
  }
  return false;
}

/* A second exchangeable index set of the observations, whose elements nothing but the data tells apart. */
static const struct dimension *second_plate(const struct study *study, const struct dimension *plate) {
  const struct program *program = study->program;
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *variable = program->variables[k];
    for (size_t j = 0; is_drawn(variable) && j < variable->n_binder; j++) {
      const struct dimension *dimension = variable->binders[j]->dimension;
      if (dimension != plate && !dimension->ordered && !is_joint(program, dimension) &&
          !unknown_along(program, dimension) && !number_matters(study, dimension))
        return dimension;
    }
  }
  return NULL;
}

/* Rows whose numbers matter are no set: all are read at once, at their places, unless there may be too many of them. */
static bool has_places(const struct study *study, const struct dimension *plate) {
  const size_t most = unknown_along(study->program, plate) ? 64 : 1024;
  return plate->high <= most && number_matters(study, plate);
}

/* Up to so many positions are read at once. */
enum { FEW_POSITIONS = 16 };

static void choose_reading(const struct study *study, struct blueprint *b) {
  const struct variable *unknown;
  b->inner = b->sequence ? b->sequence : second_plate(study, b->plate);
  if (b->inner && !stand_together(study->program, b->plate, b->inner)) b->inner = NULL;
  if (!b->inner) return;
  unknown = unknown_along(study->program, b->inner);
  if (b->inner->high <= FEW_POSITIONS) b->why = "few positions";
  else if (unknown) b->why = floe__arena_printf(study->graph->arena, "`%s` is inferred at each", unknown->name);
  else b->reading = b->sequence ? READ_TCN : READ_DEEP_SET, b->why = b->sequence ? "a long series" : "exchangeable";
}

struct blueprint derive_blueprint(const struct study *study) {
  const struct program *program = study->program;
  struct blueprint blueprint = {0};
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *variable = program->variables[k];
    if (!is_drawn(variable)) continue;
    for (size_t j = 0; j < variable->n_binder; j++) {
      const struct dimension *dimension = variable->binders[j]->dimension;
      const struct dimension **place = dimension->ordered ? &blueprint.sequence : &blueprint.plate;
      if (!*place && !(place == &blueprint.plate && is_joint(program, dimension))) *place = dimension;
    }
  }
  if (blueprint.plate && has_places(study, blueprint.plate)) blueprint.plate = NULL;
  choose_reading(study, &blueprint);
  return blueprint;
}

/* ---- where an axis has an effect ---- */

/* Backwards through the graph, with the universes in which each node is used. */
struct survey {
  struct floe__arena *arena;
  const struct program *program;
  uint64_t **effect; /* (n_axis) masks; all 0: no effect found so far */
  uint64_t **used;   /* (n_node) masks; NULL: not used */
};

static uint64_t all_options(const struct axis *axis) {
  return axis->continuous || axis->n_option >= 64 ? UINT64_MAX : (UINT64_C(1) << axis->n_option) - 1;
}

/* Widens a set by another; masks of all options are written as all ones. */
static void widen(const struct program *program, uint64_t *set, const uint64_t *other) {
  for (size_t k = 0; k < program->n_axis; k++) {
    uint64_t mask = set[k] | other[k], all = all_options(program->axes[k]);
    set[k] = (mask & all) == all ? UINT64_MAX : mask;
  }
}

static void use(struct survey *survey, const struct node *node, const uint64_t *where) {
  uint64_t **used = &survey->used[node->id];
  if (!*used) *used = floe__arena_array(survey->arena, survey->program->n_axis + 1, sizeof **used);
  widen(survey->program, *used, where);
}

static void record(struct survey *survey, const struct axis *axis, const uint64_t *where) {
  const struct program *program = survey->program;
  uint64_t *here = floe__arena_array(survey->arena, program->n_axis + 1, sizeof *here);
  for (size_t k = 0; k < program->n_axis; k++)
    here[k] = where[k] & (axis->presence.options ? axis->presence.options[k] : UINT64_MAX);
  here[axis->id] = UINT64_MAX;
  widen(program, survey->effect[axis->id], here);
}

static void use_options(struct survey *survey, const struct node *choose, const uint64_t *where) {
  uint64_t *inside = floe__arena_array(survey->arena, survey->program->n_axis + 1, sizeof *inside);
  for (size_t k = 0; k < choose->n_arg; k++) {
    if (!choose->args[k] || !(where[choose->axis->id] >> k & 1)) continue;
    memcpy(inside, where, survey->program->n_axis * sizeof *inside);
    inside[choose->axis->id] = UINT64_C(1) << k;
    use(survey, choose->args[k], inside);
  }
}

static void visit(struct survey *survey, const struct node *node) {
  const uint64_t *where = survey->used[node->id];
  if (!where) return;
  if (node->axis) record(survey, node->axis, where);
  if (node->kind == NODE_CHOOSE && node->axis) {
    use_options(survey, node, where);
    return;
  }
  for (size_t k = 0; k < node->n_arg; k++)
    if (node->args[k]) use(survey, node->args[k], where);
}

/* An axis that decides whether a root exists matters wherever the root could be. */
static void visit_root(struct survey *survey, const struct root *root) {
  const struct program *program = survey->program;
  const uint64_t *where = root->presence.options;
  for (size_t k = 0; k < program->n_axis; k++)
    if ((where[k] & all_options(program->axes[k])) != all_options(program->axes[k]))
      record(survey, program->axes[k], where);
  use(survey, root->node, where);
}

const struct presence *derive_axis_effect(const struct study *study, struct floe__arena *arena) {
  const struct program *program = study->program;
  struct presence *effects = floe__arena_array(arena, program->n_axis + 1, sizeof *effects);
  struct survey survey = {arena, program, floe__arena_array(arena, program->n_axis + 1, sizeof *survey.effect),
                          floe__arena_array(arena, study->graph->n_node + 1, sizeof *survey.used)};
  for (size_t k = 0; k < program->n_axis; k++)
    survey.effect[k] = floe__arena_array(arena, program->n_axis + 1, sizeof **survey.effect);
  for (size_t k = 0; k < N_INTERPRETATION; k++)
    for (size_t j = 0; j < study->interpretations[k].n_root; j++)
      visit_root(&survey, &study->interpretations[k].roots[j]);
  for (size_t id = study->graph->n_node; id-- > 0;) visit(&survey, study->graph->nodes[id]);
  for (size_t k = 0; k < program->n_axis; k++) effects[k].options = survey.effect[k];
  return effects;
}
