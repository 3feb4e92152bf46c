/* Arrays that branches of several switches need: each is computed once, before them, in a switch of its own. */
#include "base/arena.h"
#include "compiler/program/scheduler.h"

#define MAX_CASES 64 /* combinations of options that are looked at; with more, arrays stay in the branches */

/* Marks what `node` needs, whatever is chosen. Choices that are decided here have been made. */
static void reach_all(const struct scheduler *s, const struct node *node, struct marks *reached) {
  if (available(s, node) || !marks_add(reached, node->id)) return;
  const struct node *choice = undecided(s, node);
  for (size_t k = 0; choice && k < choice->n_arg; k++)
    if (choice->args[k]) reach_all(s, resolve(s, choice->args[k]), reached);
  for (size_t k = choice ? 1 : 0; k < node->n_arg && node != choice; k++) {
    const struct node *d = dependency(s, node, k);
    if (d) reach_all(s, d, reached);
  }
}

static bool is_shareable(const struct node *node) {
  return node->level == LEVEL_PARAM && binders_are_none(&node->free) && !needs_no_work(node) &&
         (node->kind == NODE_SCAN || (node->n_dim && node->kind != NODE_CHOOSE));
}

/* Marks what `node` needs without a further choice, and those choices. */
static void reach_directly(const struct scheduler *s, const struct node *node, struct marks *reached,
                           struct marks *choices) {
  if (available(s, node) || !marks_add(reached, node->id)) return;
  const struct node *choice = undecided(s, node);
  if (choice) marks_add(choices, choice->id);
  for (size_t k = choice ? 1 : 0; k < node->n_arg && node != choice; k++) {
    const struct node *d = dependency(s, node, k);
    if (d) reach_directly(s, d, reached, choices);
  }
}

static void count_arrays(const struct scheduler *s, const struct marks *reached, struct marks *uses) {
  for (size_t k = 0; k < reached->n; k++) {
    const size_t id = reached->ids[k];
    if (id < s->study->graph->n_node && is_shareable(s->study->graph->nodes[id]))
      marks_set(uses, id, marks_value(uses, id) + 1);
  }
}

/* Adds one for each array that this part of a demand needs, and one for each choice inside that needs it. */
static void count_uses(struct scheduler *s, const struct node *node, struct marks *uses) {
  struct marks *reached = marks_take(&s->marks), *choices = marks_take(&s->marks);
  reach_directly(s, node, reached, choices);
  count_arrays(s, reached, uses);
  for (size_t k = 0; k < choices->n; k++) {
    const struct node *choice = s->study->graph->nodes[choices->ids[k]];
    marks_empty(reached);
    for (size_t i = 0; i < choice->n_arg; i++)
      if (choice->args[i]) reach_directly(s, resolve(s, choice->args[i]), reached, choices);
    count_arrays(s, reached, uses);
  }
  marks_give(&s->marks, choices);
  marks_give(&s->marks, reached);
}

/* Each branch of choices between choices, and of sums of choices, is a part, of `budget` at most. */
static void count_in_branches(struct scheduler *s, const struct node *unresolved, size_t *budget, struct marks *uses) {
  const struct node *node = resolve(s, unresolved), *choice = undecided(s, node);
  if (splits(s, node) && *budget > 0) {
    --*budget;
    for (size_t k = 0; k < node->n_arg; k++) count_in_branches(s, node->args[k], budget, uses);
    return;
  }
  if (!choice || *budget == 0) {
    count_uses(s, node, uses);
    return;
  }
  const size_t slot = slot_of(s, choice->axis);
  for (size_t k = 0; k < choice->n_arg; k++) {
    if (!choice->args[k]) continue;
    *budget -= *budget > 0;
    s->option[slot] = k;
    count_in_branches(s, choice->args[k], budget, uses);
    s->option[slot] = NO_OPTION;
  }
}

/* What decides which of the arrays are needed. */
struct deciding {
  const struct marks *arrays;
  struct marks *seen; /* the value of a node: 2 where it needs one of the arrays, else 1 */
  struct axis_set set;
};

static bool find_deciding(const struct scheduler *s, const struct node *node, struct deciding *d) {
  if (marks_has(d->seen, node->id)) return marks_value(d->seen, node->id) == 2;
  marks_set(d->seen, node->id, 1);
  if (available(s, node)) return false;
  bool needs = marks_has(d->arrays, node->id);
  const struct node *choice = undecided(s, node);
  for (size_t k = 0; choice && k < choice->n_arg; k++)
    if (choice->args[k] && find_deciding(s, resolve(s, choice->args[k]), d)) needs = true;
  if (choice && needs) axis_set_add(&d->set, slot_of(s, choice->axis), s->n_axis);
  for (size_t k = choice ? 1 : 0; k < node->n_arg && node != choice; k++) {
    const struct node *below = dependency(s, node, k);
    if (below && find_deciding(s, below, d)) needs = true;
  }
  if (needs) marks_set(d->seen, node->id, 2);
  return needs;
}

static struct axis_set deciding_axes(struct scheduler *s, const struct demands *demands, const struct marks *arrays) {
  struct deciding d = {.arrays = arrays, .seen = marks_take(&s->marks)};
  for (size_t k = 0; k < demands->n; k++) {
    struct demand demand = {.node = demands->list[k].node, .present = demands->list[k].present};
    if (!find_deciding(s, resolve(s, demand.node), &d)) continue;
    add_presence(s, &demand);
    d.set.axes |= demand.axes.axes;
  }
  marks_give(&s->marks, d.seen);
  return d.set;
}

static size_t options_of(const struct scheduler *s, size_t slot) {
  return slot == s->n_axis ? N_COORDINATES : s->study->program->axes[slot]->n_option;
}

struct sharing {
  const struct demands *demands;
  struct axis_set deciding; /* which of the arrays are needed */
  size_t n;
  struct shared *list;
};

/* Notes which of the arrays are needed with the options that are known. */
static void note_case(struct scheduler *s, const struct sharing *sharing) {
  struct marks *reached = marks_take(&s->marks);
  for (size_t k = 0; k < sharing->demands->n; k++) {
    const struct demand *demand = &sharing->demands->list[k];
    if (presence_of(s, demand) != ABSENT) reach_all(s, resolve(s, demand->node), reached);
  }
  for (size_t k = 0; k < sharing->n; k++) {
    struct shared *array = &sharing->list[k];
    if (!marks_has(reached, array->node->id)) continue;
    array->n_case++;
    for (size_t slot = 0; slot <= s->n_axis; slot++)
      if (s->option[slot] != NO_OPTION) array->present[slot] |= UINT64_C(1) << s->option[slot];
  }
  marks_give(&s->marks, reached);
}

static void note_cases(struct scheduler *s, const struct sharing *sharing, size_t slot) {
  while (slot <= s->n_axis && !axis_set_has(sharing->deciding, slot, s->n_axis)) slot++;
  if (slot > s->n_axis) {
    note_case(s, sharing);
    return;
  }
  for (size_t option = 0; option < options_of(s, slot); option++) {
    s->option[slot] = option;
    note_cases(s, sharing, slot + 1);
  }
  s->option[slot] = NO_OPTION;
}

/* Whether all combinations of the options with which the array is needed need it, in both systems of coordinates. */
static bool is_box(const struct scheduler *s, const struct sharing *sharing, const struct shared *array) {
  size_t n = 1;
  for (size_t slot = 0; slot <= s->n_axis; slot++)
    if (axis_set_has(sharing->deciding, slot, s->n_axis)) n *= (size_t)__builtin_popcountll(array->present[slot]);
  const uint64_t both = (UINT64_C(1) << N_COORDINATES) - 1;
  const bool in_both = !sharing->deciding.coordinates || array->present[s->n_axis] == both;
  return in_both && n == array->n_case && n > 0;
}

/* An array is filled only where it is needed: elsewhere it may be NaN, which gradients would multiply by 0. */
static void find_presence(struct scheduler *s, const struct sharing *sharing) {
  size_t n_case = 1;
  for (size_t slot = 0; slot <= s->n_axis; slot++)
    if (axis_set_has(sharing->deciding, slot, s->n_axis) && (n_case *= options_of(s, slot)) > MAX_CASES) return;
  for (size_t k = 0; k < sharing->n; k++)
    sharing->list[k].present = floe__arena_array(s->arena, s->n_axis + 1, sizeof *sharing->list[k].present);
  note_cases(s, sharing, 0);
  for (size_t k = 0; k < sharing->n; k++) {
    struct shared *array = &sharing->list[k];
    array->everywhere = array->n_case == n_case;
    if (!is_box(s, sharing, array)) array->present = NULL;
    for (size_t a = 0; a < s->n_axis && array->present; a++)
      if (!array->present[a]) array->present[a] = all_options(s->study->program->axes[a]);
  }
}

size_t shared_between_branches(struct scheduler *s, const struct demands *demands, const struct marks *chosen,
                               const struct shared **list) {
  if (!binders_are_none(&s->bound)) return 0;
  struct marks *uses = marks_take(&s->marks), *arrays = marks_take(&s->marks);
  for (size_t k = 0; k < demands->n; k++) {
    size_t budget = MAX_CASES;
    count_in_branches(s, demands->list[k].node, &budget, uses);
  }
  struct sharing sharing = {.demands = demands};
  *list = sharing.list = floe__arena_array(s->arena, uses->n + 1, sizeof *sharing.list);
  for (size_t k = 0; k < uses->n; k++) {
    if (marks_value(uses, uses->ids[k]) < 2 || marks_has(chosen, uses->ids[k])) continue;
    sharing.list[sharing.n++].node = s->study->graph->nodes[uses->ids[k]];
    marks_add(arrays, uses->ids[k]);
  }
  sharing.deciding = deciding_axes(s, demands, arrays);
  if (sharing.n) find_presence(s, &sharing);
  marks_give(&s->marks, arrays);
  marks_give(&s->marks, uses);
  return sharing.n;
}
