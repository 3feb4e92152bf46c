#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "compiler/graph/construct.h"
#include "compiler/program/scheduler.h"

/* ---- what a node is, given the options that are known ---- */

size_t slot_of(const struct scheduler *s, const struct axis *axis) {
  return axis ? axis->id : s->n_axis;
}

static bool takes_own_binders(const struct node *map, const struct node *gather) {
  if (map->n_binder + 1 != gather->n_arg) return false;
  for (size_t k = 0; k < map->n_binder; k++)
    if (gather->args[k + 1]->kind != NODE_BINDER || gather->args[k + 1]->binder != map->binders[k]) return false;
  return true;
}

static bool memory_visible(const struct scheduler *s, const struct node *node) {
  const struct memory *memory = s->memory_of[node->id];
  return memory && (!memory->scope || memory->scope->open);
}

/* Element of a literal that a constant index names, or NULL. */
static const struct node *literal_element(const struct node *literal, const struct node *gather) {
  if (gather->n_arg != 2 || gather->args[1]->kind != NODE_CONST) return NULL;
  double k = gather->args[1]->number;
  return k >= 1 && k <= (double)literal->n_arg && k == floor(k) ? literal->args[(size_t)k - 1] : NULL;
}

const struct node *resolve(const struct scheduler *s, const struct node *node) {
  while (node) {
    if (node->kind == NODE_CHOOSE) {
      size_t option = s->option[slot_of(s, node->axis)];
      if (option == NO_OPTION) return node;
      node = option < node->n_arg ? node->args[option] : NULL;
      continue;
    }
    if (node->kind != NODE_GATHER) return node;
    const struct node *array = resolve(s, node->args[0]), *element = NULL;
    if (array->kind == NODE_CONST) return array;
    if (array->kind == NODE_MAP && takes_own_binders(array, node) && !memory_visible(s, array))
      element = array->args[0];
    if (array->kind == NODE_LITERAL) element = literal_element(array, node);
    if (!element) return node;
    node = element;
  }
  return s->not_a_number;
}

/* The k-th thing that must exist before the (resolved) node can be computed; NULL if that argument needs nothing. */
const struct node *dependency(const struct scheduler *s, const struct node *node, size_t k) {
  if (!node->args[k]) return NULL;
  const struct node *arg = resolve(s, node->args[k]);
  if (arg->n_dim && is_stored(arg)) return NULL;
  return arg->kind == NODE_PROJECT ? resolve(s, arg->args[0]) : arg;
}

bool available(const struct scheduler *s, const struct node *node) {
  if (node->kind == NODE_SCAN) return s->outputs_of[node->id] && s->outputs_of[node->id][0]->scope->open;
  if (node->n_dim) return memory_visible(s, node);
  const struct value *value = s->value_of[node->id];
  return value && (!value->scope || value->scope->open);
}

/* ---- choices that need no switch ---- */

#define LIGHT_COST 32 /* of an operation: 1 */
#define CALL_COST 8

/* Takes what it costs to compute the node, which rests on data and axes alone, from the budget; false: too much, or it
 * needs a loop. */
static bool costs_little(const struct node *node, size_t *budget) {
  const bool call = node->kind == NODE_EXTERN || (node->kind == NODE_OPERATOR && node->op == OP_POW);
  const size_t cost = call ? CALL_COST : needs_no_work(node) ? 0 : 1;
  const bool scalar = call || node->kind == NODE_OPERATOR || node->kind == NODE_SELECT || node->kind == NODE_GATHER ||
                      node->kind == NODE_VALUE || node->kind == NODE_CHOOSE || needs_no_work(node);
  if (!scalar || cost > *budget) return false;
  *budget -= cost;
  for (size_t k = 0; k < node->n_arg; k++) {
    if (!node->args[k] || !costs_little(node->args[k], budget)) return false;
    if (node->kind == NODE_EXTERN && node->args[k]->n_dim) return false; /* a call for a whole array */
  }
  return true;
}

bool is_light(const struct scheduler *s, const struct node *node) {
  enum { UNKNOWN, LIGHT, HEAVY };
  if (node->kind != NODE_CHOOSE || node->n_dim || node->level >= LEVEL_PARAM) return false;
  unsigned char *known = &s->weight[node->id];
  size_t budget = LIGHT_COST;
  if (*known == UNKNOWN)
    *known = node->axis && node->n_arg == node->axis->n_option && costs_little(node, &budget) ? LIGHT : HEAVY;
  return *known == LIGHT;
}

const struct node *undecided(const struct scheduler *s, const struct node *node) {
  if (node->kind == NODE_CHOOSE) return is_light(s, node) ? NULL : node;
  if (node->kind != NODE_GATHER) return NULL;
  const struct node *array = resolve(s, node->args[0]);
  return array->kind == NODE_CHOOSE && !memory_visible(s, array) ? array : NULL;
}

static bool inside(const struct scheduler *s, const struct node *node) {
  return binders_within(&node->free, &s->bound);
}

/* ---- sets of axes ---- */

bool axis_set_empty(struct axis_set set) {
  return !set.axes && !set.coordinates;
}

bool axis_set_has(struct axis_set set, size_t slot, size_t n_axis) {
  return slot == n_axis ? set.coordinates : set.axes >> slot & 1;
}

void axis_set_add(struct axis_set *set, size_t slot, size_t n_axis) {
  if (slot == n_axis)
    set->coordinates = true;
  else
    set->axes |= UINT64_C(1) << slot;
}

/* The axes on which the inside of a loop depends. */
static void interior_axes(const struct scheduler *s, const struct node *node, struct marks *seen,
                          struct axis_set *set) {
  for (size_t k = 0; k < node->n_arg; k++) {
    const struct node *d = dependency(s, node, k);
    if (!d || inside(s, d) || available(s, d) || !marks_add(seen, d->id)) continue;
    const struct node *choice = undecided(s, d);
    if (choice)
      axis_set_add(set, slot_of(s, choice->axis), s->n_axis);
    else
      interior_axes(s, d, seen, set);
  }
}

static struct axis_set axes_inside(struct scheduler *s, const struct node *loop) {
  struct axis_set set = {0};
  if (s->copies >= MAX_COPIES) return set;
  struct marks *seen = marks_take(&s->marks);
  interior_axes(s, loop, seen, &set);
  marks_give(&s->marks, seen);
  return set;
}

/* The axis of a choice, and those that its options will need in turn: the order of the switches is free. */
static void axes_of_choice(const struct scheduler *s, const struct node *node, struct marks *seen,
                           struct axis_set *set) {
  const struct node *choice = undecided(s, node);
  if (!choice) {
    if (node->kind == NODE_REDUCE || node->kind == NODE_MAP) interior_axes(s, node, seen, set);
    return;
  }
  axis_set_add(set, slot_of(s, choice->axis), s->n_axis);
  for (size_t k = 0; k < choice->n_arg && s->copies < MAX_COPIES; k++) {
    const struct node *option = choice->args[k] ? resolve(s, choice->args[k]) : NULL;
    if (!option || !marks_add(seen, option->id)) continue;
    axes_of_choice(s, option, seen, set);
  }
}

static struct axis_set axes_to_choose(struct scheduler *s, const struct node *node) {
  struct axis_set set = {0};
  struct marks *seen = marks_take(&s->marks);
  axes_of_choice(s, node, seen, &set);
  marks_give(&s->marks, seen);
  return set;
}

/* ---- demands ---- */

static void push(struct scheduler *s, struct demands *demands, struct demand demand) {
  if (demands->n == demands->capacity) {
    size_t capacity = demands->capacity ? 2 * demands->capacity : 8;
    struct demand *list = floe__arena_array(s->arena, capacity, sizeof *list);
    if (demands->n) memcpy(list, demands->list, demands->n * sizeof *list);
    demands->list = list;
    demands->capacity = capacity;
  }
  demands->list[demands->n++] = demand;
}

bool splits(const struct scheduler *s, const struct node *sum) {
  if (sum->kind != NODE_OPERATOR || sum->op != OP_ADD) return false;
  for (size_t k = 0; k < sum->n_arg; k++) {
    const struct node *part = resolve(s, sum->args[k]);
    if (part->kind == NODE_REDUCE || part->kind == NODE_FINITE || undecided(s, part) || splits(s, part)) return true;
  }
  return false;
}

uint64_t all_options(const struct axis *axis) {
  return axis->n_option >= 64 ? UINT64_MAX : (UINT64_C(1) << axis->n_option) - 1;
}

enum presence_here presence_of(const struct scheduler *s, const struct demand *demand) {
  enum presence_here here = PRESENT;
  for (size_t a = 0; demand->present && a < s->n_axis; a++) {
    const struct axis *axis = s->study->program->axes[a];
    if (axis->continuous) continue;
    if (s->option[a] != NO_OPTION && !(demand->present[a] >> s->option[a] & 1)) return ABSENT;
    if (s->option[a] == NO_OPTION && all_options(axis) & ~demand->present[a]) here = UNDECIDED;
  }
  return here;
}

/* Drops a demand that is absent here, and takes sums and guards apart. */
static void expand(struct scheduler *s, struct demands *out, struct demand demand) {
  enum presence_here here = presence_of(s, &demand);
  if (here == ABSENT && !demand.absent) return;
  if (here == ABSENT) demand.node = demand.absent;
  if (here != UNDECIDED) demand.present = NULL;
  const struct node *node = resolve(s, demand.node);
  if (node == s->not_a_number && demand.action == ACTION_UPDATE) return; /* an option that cannot occur here */
  if (demand.term && splits(s, node)) {
    for (size_t k = 0; k < node->n_arg; k++) {
      demand.node = node->args[k];
      expand(s, out, demand);
    }
  } else if (demand.term && node->kind == NODE_FINITE) {
    struct demand guard = demand;
    guard.term = false;
    guard.node = node->args[1];
    guard.cell = s->builder->routine->supported[demand.tag];
    guard.reduction = REDUCE_ALL;
    push(s, out, guard);
    demand.node = node->args[0];
    expand(s, out, demand);
  } else {
    push(s, out, demand);
  }
}

void add_presence(const struct scheduler *s, struct demand *demand) {
  for (size_t a = 0; demand->present && a < s->n_axis; a++) {
    const struct axis *axis = s->study->program->axes[a];
    if (axis->continuous || s->option[a] != NO_OPTION) continue;
    if (all_options(axis) & ~demand->present[a]) axis_set_add(&demand->axes, a, s->n_axis);
  }
}

static bool is_sum(const struct demand *demand, const struct node *node) {
  return demand->action == ACTION_UPDATE && !demand->assign && demand->reduction == REDUCE_SUM &&
         node->kind == NODE_REDUCE && node->reduction == REDUCE_SUM;
}

static void classify(struct scheduler *s, struct demand *demand) {
  demand->axes = (struct axis_set){0};
  demand->binder = NULL;
  demand->complex = true;
  add_presence(s, demand);
  if (!axis_set_empty(demand->axes)) return;
  const struct node *node = resolve(s, demand->node), *choice = undecided(s, node);
  switch (demand->action) {
    case ACTION_UPDATE:
    case ACTION_STORE:
      if (available(s, node))
        demand->complex = false;
      else if (choice)
        demand->axes = axes_to_choose(s, node);
      else if (is_sum(demand, node))
        demand->axes = axes_inside(s, node), demand->binder = node->binder, demand->start = node->start;
      else
        demand->complex = false;
      return;
    case ACTION_REDUCE:
      demand->axes = axes_inside(s, node);
      demand->binder = node->binder;
      demand->start = node->start;
      return;
    case ACTION_FILL:
      if (choice) axis_set_add(&demand->axes, slot_of(s, choice->axis), s->n_axis);
      if (node->kind == NODE_MAP && !memory_visible(s, node)) {
        demand->axes = axes_inside(s, node);
        demand->binder = node->binders[demand->n_subscript];
        demand->start = node->start;
      }
      return;
    case ACTION_SCAN: demand->axes = axes_inside(s, node); return;
  }
}

/* ---- the nodes to be computed in this block ---- */

struct collection {
  struct marks *seen, *chosen;
};

/* Marks what `node` needs without a further choice and that could stand in this block. */
static void reach_inside(const struct scheduler *s, const struct node *node, struct marks *seen,
                         struct marks *reached) {
  if (available(s, node) || !marks_add(seen, node->id)) return;
  if (inside(s, node)) marks_add(reached, node->id);
  if (undecided(s, node)) return;
  for (size_t k = 0; k < node->n_arg; k++) {
    const struct node *d = dependency(s, node, k);
    if (d) reach_inside(s, d, seen, reached);
  }
}

static void collect(struct scheduler *s, struct collection *c, const struct node *node);

/* What an option of a choice needs. */
static void reach_option(struct scheduler *s, const struct node *choice, size_t option, struct marks *reached) {
  struct marks *seen = marks_take(&s->marks);
  size_t slot = slot_of(s, choice->axis);
  s->option[slot] = option;
  reach_inside(s, resolve(s, choice->args[option]), seen, reached);
  s->option[slot] = NO_OPTION;
  marks_give(&s->marks, seen);
}

/* What all options of a choice need is computed before the switch. */
static void collect_common(struct scheduler *s, struct collection *c, const struct node *choice) {
  struct marks *reached = marks_take(&s->marks), *count = marks_take(&s->marks);
  size_t n_option = 0;
  for (size_t k = 0; k < choice->n_arg; k++) {
    if (!choice->args[k]) continue;
    marks_empty(reached);
    reach_option(s, choice, k, reached);
    for (size_t i = 0; i < reached->n; i++) marks_set(count, reached->ids[i], marks_value(count, reached->ids[i]) + 1);
    n_option++;
  }
  marks_give(&s->marks, reached);
  marks_sort(count);
  for (size_t i = 0; i < count->n && n_option > 1; i++) {
    size_t id = count->ids[i];
    if (marks_value(count, id) == n_option && id < s->study->graph->n_node) collect(s, c, s->study->graph->nodes[id]);
  }
  marks_give(&s->marks, count);
}

/* What stands in front of the switch for a choice. Where there are many copies of it, that is also each option that is a
 * choice itself: chains of choices between choices would double with every axis. */
static void collect_choice(struct scheduler *s, struct collection *c, const struct node *choice) {
  collect_common(s, c, choice);
  for (size_t k = 0; k < choice->n_arg && s->copies >= MAX_COPIES; k++) {
    const struct node *option = choice->args[k] ? resolve(s, choice->args[k]) : NULL;
    if (option && !option->n_dim && undecided(s, option)) collect(s, c, option);
  }
}

static void collect(struct scheduler *s, struct collection *c, const struct node *unresolved) {
  const struct node *node = resolve(s, unresolved);
  if (available(s, node) || !marks_add(c->seen, node->id)) return;
  if (inside(s, node)) marks_add(c->chosen, node->id);
  const struct node *choice = undecided(s, node);
  if (choice) {
    collect_choice(s, c, choice);
    for (size_t k = 1; node->kind == NODE_GATHER && k < node->n_arg; k++) collect(s, c, node->args[k]);
    return;
  }
  for (size_t k = 0; k < node->n_arg; k++) {
    const struct node *d = dependency(s, node, k);
    if (d) collect(s, c, d);
  }
}

/* What a demand needs. Of loops that the demand itself runs, only their insides. */
static void collect_demand(struct scheduler *s, struct collection *c, const struct demand *demand) {
  struct axis_set by_presence = {0};
  struct demand probe = *demand;
  probe.axes = by_presence;
  add_presence(s, &probe);
  if (!axis_set_empty(probe.axes)) return;
  const struct node *node = resolve(s, demand->node), *choice = undecided(s, node);
  if (!demand->complex) {
    collect(s, c, node);
  } else if (choice) {
    collect_choice(s, c, choice);
    for (size_t k = 1; node->kind == NODE_GATHER && k < node->n_arg; k++) collect(s, c, node->args[k]);
  } else if (node->kind == NODE_PROJECT) {
    collect(s, c, node->args[0]);
  } else {
    for (size_t k = 0; k < node->n_arg; k++) {
      const struct node *d = dependency(s, node, k);
      if (d) collect(s, c, d);
    }
  }
}

bool needs_no_work(const struct node *node) {
  if (node->n_dim) return is_stored(node) || node->kind == NODE_PROJECT;
  return node->kind == NODE_CONST || node->kind == NODE_BINDER || node->kind == NODE_SIZE || node->kind == NODE_AXIS;
}

static struct demand item_of(struct scheduler *s, const struct node *node, const uint64_t *present) {
  struct demand item = {.node = node, .item = true, .action = ACTION_UPDATE, .assign = true, .present = present};
  if (node->kind == NODE_SCAN)
    item.action = ACTION_SCAN;
  else if (node->n_dim)
    item.action = ACTION_FILL;
  else if (node->kind == NODE_REDUCE)
    item.action = ACTION_REDUCE, item.assign = false, item.reduction = node->reduction;
  classify(s, &item);
  return item;
}

/* ---- order ---- */

struct ranking {
  const struct scheduler *s;
  const struct marks *item; /* the value of a node: 1 + its position in the list */
  const struct demands *demands;
  struct marks *seen;
};

static size_t rank_below(const struct ranking *r, const struct node *node) {
  size_t rank = 0;
  for (size_t k = 0; k < node->n_arg; k++) {
    const struct node *d = dependency(r->s, node, k);
    if (!d || !marks_add(r->seen, d->id)) continue;
    size_t below, place = marks_value(r->item, d->id);
    if (place) {
      const struct demand *item = &r->demands->list[place - 1];
      below = item->rank + item->complex;
    } else if (available(r->s, d)) {
      below = 0;
    } else {
      below = rank_below(r, d);
    }
    if (below > rank) rank = below;
  }
  return rank;
}

static size_t rank_of(struct ranking *r, const struct demand *demand) {
  const struct node *node = resolve(r->s, demand->node);
  size_t place = marks_value(r->item, node->id);
  if (!demand->item && place) { /* a demand for the value of an item */
    const struct demand *of = &r->demands->list[place - 1];
    return of->rank + of->complex;
  }
  marks_empty(r->seen);
  return rank_below(r, node);
}

struct demands plan_block(struct scheduler *s, const struct demand *demands, size_t n) {
  struct demands expanded = {0}, plan = {0};
  for (size_t k = 0; k < n; k++) expand(s, &expanded, demands[k]);
  struct collection c = {marks_take(&s->marks), marks_take(&s->marks)};
  for (size_t k = 0; k < expanded.n; k++) {
    classify(s, &expanded.list[k]);
    collect_demand(s, &c, &expanded.list[k]);
  }
  const struct shared *shared = NULL;
  const size_t n_shared = shared_between_branches(s, &expanded, c.chosen, &shared);
  for (size_t k = 0; k < n_shared; k++) {
    if (shared[k].present && shared[k].everywhere)
      collect(s, &c, shared[k].node);
    else if (shared[k].present)
      marks_set(c.chosen, shared[k].node->id, 2 + k); /* what it needs is found in the switch that it stands in */
  }
  struct marks *item = marks_take(&s->marks);
  struct ranking ranking = {s, item, &plan, c.seen};
  marks_sort(c.chosen);
  for (size_t k = 0; k < c.chosen->n; k++) {
    size_t id = c.chosen->ids[k];
    if (id >= s->study->graph->n_node || needs_no_work(s->study->graph->nodes[id])) continue;
    const size_t place = marks_value(c.chosen, id);
    push(s, &plan, item_of(s, s->study->graph->nodes[id], place < 2 ? NULL : shared[place - 2].present));
    plan.list[plan.n - 1].rank = rank_of(&ranking, &plan.list[plan.n - 1]);
    marks_set(item, id, plan.n);
  }
  for (size_t k = 0; k < expanded.n; k++) {
    push(s, &plan, expanded.list[k]);
    plan.list[plan.n - 1].rank = rank_of(&ranking, &plan.list[plan.n - 1]);
  }
  marks_give(&s->marks, item);
  marks_give(&s->marks, c.chosen);
  marks_give(&s->marks, c.seen);
  return plan;
}
