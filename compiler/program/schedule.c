#include "compiler/program/schedule.h"

#include <string.h>

#include "base/arena.h"
#include "compiler/program/scheduler.h"

static void schedule(struct scheduler *s, const struct demand *demands, size_t n);

/* ---- loops ---- */

static const struct subscript *extend(struct scheduler *s, const struct demand *demand, const struct loop *loop) {
  struct subscript *subscripts = floe__arena_array(s->arena, demand->n_subscript + 1, sizeof *subscripts);
  if (demand->n_subscript) memcpy(subscripts, demand->subscripts, demand->n_subscript * sizeof *subscripts);
  subscripts[demand->n_subscript].loop = loop;
  return subscripts;
}

/* What a demand asks for inside its loop. */
static struct demand inside_loop(struct scheduler *s, const struct demand *demand, const struct loop *loop) {
  const struct node *node = resolve(s, demand->node);
  struct demand body = *demand;
  body.node = node->args[0];
  body.item = body.done = false;
  if (demand->action == ACTION_FILL) {
    body.subscripts = extend(s, demand, loop);
    body.n_subscript = demand->n_subscript + 1;
    if (body.n_subscript < node->n_binder)
      body.node = node;
    else
      body.action = ACTION_STORE;
  } else {
    body.action = ACTION_UPDATE;
    body.reduction = node->reduction;
  }
  return body;
}

struct outside {
  struct binders bound;
  const struct loop *loop;
};

static struct outside enter_loop(struct scheduler *s, const struct graph_binder *binder, const struct loop *loop) {
  struct outside outside = {s->bound, s->loop_of[binder->id]};
  builder_open(s->builder, loop, false);
  binders_add(&s->bound, binder->id);
  s->loop_of[binder->id] = loop;
  return outside;
}

static void leave_loop(struct scheduler *s, const struct graph_binder *binder, const struct loop *loop,
                       struct outside outside) {
  s->bound = outside.bound;
  s->loop_of[binder->id] = outside.loop;
  struct block *body = builder_close(s->builder);
  if (body->n_step) builder_step(s->builder, (struct step){.kind = STEP_LOOP, .loop = loop, .body = body});
}

static void run_loop(struct scheduler *s, struct demand *const *members, size_t n) {
  const struct graph_binder *binder = members[0]->binder;
  const struct loop *loop = builder_loop(s->builder, binder->dimension, binder->name, members[0]->start, false);
  struct demand *bodies = floe__arena_array(s->arena, n, sizeof *bodies);
  for (size_t k = 0; k < n; k++) bodies[k] = inside_loop(s, members[k], loop);
  struct outside outside = enter_loop(s, binder, loop);
  schedule(s, bodies, n);
  leave_loop(s, binder, loop, outside);
}

static void run_scan(struct scheduler *s, const struct demand *demand) {
  const struct node *scan = resolve(s, demand->node);
  const size_t start = scan->start ? scan->start : 1, n_output = scan->n_arg / start;
  struct demand *bodies = floe__arena_array(s->arena, n_output, sizeof *bodies);
  for (size_t first = 1; first < start; first++)
    for (size_t k = 0; k < n_output; k++) {
      struct subscript *at = floe__arena_alloc(s->arena, sizeof *at);
      at->shift = (long)first;
      builder_store(s->builder, demand->outputs[k], at, value_of_node(s, scan->args[k * start + first - 1]));
    }
  const struct loop *loop = builder_loop(s->builder, scan->binder->dimension, scan->binder->name, start, false);
  for (size_t k = 0; k < n_output; k++) {
    struct subscript *at = floe__arena_alloc(s->arena, sizeof *at);
    at->loop = loop;
    bodies[k] = (struct demand){.action = ACTION_STORE,
                                .node = scan->args[k * start + start - 1],
                                .memory = demand->outputs[k],
                                .subscripts = at,
                                .n_subscript = 1};
  }
  const struct memory **outer = s->scan_of[scan->binder->id];
  struct outside outside = enter_loop(s, scan->binder, loop);
  s->scan_of[scan->binder->id] = demand->outputs;
  schedule(s, bodies, n_output);
  s->scan_of[scan->binder->id] = outer;
  leave_loop(s, scan->binder, loop, outside);
}

/* ---- switches ---- */

static void run_switch(struct scheduler *s, size_t slot, struct demand *const *members, size_t n) {
  const struct axis *axis = slot < s->n_axis ? s->study->program->axes[slot] : NULL;
  struct step step = {.kind = STEP_SWITCH,
                      .selector = axis ? SELECTOR_AXIS : SELECTOR_COORDINATES,
                      .axis = axis,
                      .n_case = axis ? axis->n_option : N_COORDINATES};
  step.cases = floe__arena_array(s->arena, step.n_case, sizeof *step.cases);
  struct demand *copies = floe__arena_array(s->arena, n, sizeof *copies);
  const size_t outer_copies = s->copies;
  bool any = false;
  for (size_t k = 0; k < step.n_case; k++) {
    for (size_t m = 0; m < n; m++) {
      copies[m] = *members[m];
      copies[m].item = copies[m].done = false;
    }
    s->option[slot] = k;
    s->copies = outer_copies * step.n_case;
    builder_open(s->builder, NULL, true);
    const size_t n_decided = s->n_decided;
    schedule(s, copies, n);
    struct block *block = builder_close(s->builder);
    forget_decided(s, n_decided);
    if (block->n_step) step.cases[k] = block, any = true;
  }
  s->option[slot] = NO_OPTION;
  s->copies = outer_copies;
  if (any) builder_step(s->builder, step);
}

/* ---- one demand or a cluster of them ---- */

/* What the spec calls an output of a scan: a name that one of its uses has. */
static const char *output_name(const struct scheduler *s, const struct node *scan, size_t output) {
  const struct graph *graph = s->study->graph;
  for (size_t id = scan->id; id < graph->n_node; id++) {
    const struct node *use = graph->nodes[id];
    if (use->kind == NODE_PROJECT && use->args[0] == scan && use->index == output && use->name) return use->name;
  }
  const size_t start = scan->start ? scan->start : 1;
  return scan->args[output * start + start - 1]->name;
}

/* Makes the place where the result of an item goes. */
static void declare(struct scheduler *s, struct demand *item) {
  const struct node *node = item->node;
  if (item->action == ACTION_SCAN) {
    const size_t start = node->start ? node->start : 1, n_output = node->n_arg / start;
    const struct dimension **dim = floe__arena_alloc(s->arena, sizeof *dim);
    *dim = node->binder->dimension;
    item->outputs = floe__arena_array(s->arena, n_output, sizeof *item->outputs);
    for (size_t k = 0; k < n_output; k++)
      item->outputs[k] = builder_array(
          s->builder, (struct memory){.n_dim = 1, .dim = dim, .least = start - 1, .name = output_name(s, node, k)},
          false);
  } else if (item->action == ACTION_FILL) {
    item->memory =
        builder_array(s->builder, (struct memory){.name = node->name, .n_dim = node->n_dim, .dim = node->dim}, false);
  } else {
    bool reduce = item->action == ACTION_REDUCE,
         truth = reduce ? node->reduction >= REDUCE_ALL : node->base == BASE_BOOL;
    double start = reduce ? reduction_start(node->reduction) : truth ? 0 : not_a_number();
    item->cell = builder_cell(s->builder, (struct cell){.truth = truth, .name = node->name}, start);
  }
}

/* Makes the result of an item known to the others. */
static void publish(struct scheduler *s, const struct demand *item) {
  size_t id = item->node->id;
  if (item->action == ACTION_SCAN)
    s->outputs_of[id] = item->outputs;
  else if (item->action == ACTION_FILL)
    s->memory_of[id] = item->memory;
  else
    s->value_of[id] = builder_read(s->builder, item->cell);
}

static void do_line(struct scheduler *s, const struct demand *demand) {
  if (demand->item) {
    value_of_node(s, demand->node);
  } else if (demand->action == ACTION_STORE) {
    builder_store(s->builder, demand->memory, demand->subscripts, value_of_node(s, demand->node));
  } else {
    const struct value *value = value_of_node(s, demand->node);
    if (demand->assign)
      builder_assign(s->builder, demand->cell, value);
    else
      builder_update(s->builder, demand->cell, demand->reduction, value);
  }
}

/* The axis that most of the waiting demands have in common with `first`. */
static size_t common_axis(const struct scheduler *s, const struct demand *first, struct demand *const *waiting,
                          size_t n) {
  size_t best = 0, most = 0;
  for (size_t i = 0; i <= s->n_axis; i++) {
    size_t slot = (i + s->n_axis) % (s->n_axis + 1), count = 0; /* the system of coordinates first */
    if (!axis_set_has(first->axes, slot, s->n_axis)) continue;
    for (size_t k = 0; k < n; k++) count += axis_set_has(waiting[k]->axes, slot, s->n_axis);
    if (count > most) most = count, best = slot;
  }
  return best;
}

/* Whether the node, or each option of it, is a loop like the demand's. */
static bool runs_as(const struct scheduler *s, const struct node *unresolved, const struct demand *demand) {
  const struct node *node = resolve(s, unresolved);
  if (node->kind == NODE_REDUCE) return node->binder == demand->binder && node->start == demand->start;
  if (node->kind == NODE_MAP) return node->binders[0] == demand->binder && node->start == demand->start;
  for (size_t k = 0; node->kind == NODE_CHOOSE && k < node->n_arg; k++)
    if (node->args[k] && !runs_as(s, node->args[k], demand)) return false;
  return node->kind == NODE_CHOOSE;
}

/* Whether a loop that needs no switch is to join one, so that it fuses with a loop in there. */
static bool joins_loop(const struct scheduler *s, const struct demand *demand, struct demand *const *waiting, size_t n,
                       size_t slot) {
  if (!axis_set_empty(demand->axes) || !demand->binder || s->copies >= MAX_COPIES) return false;
  for (size_t k = 0; k < n; k++)
    if (axis_set_has(waiting[k]->axes, slot, s->n_axis) && !waiting[k]->present && runs_as(s, waiting[k]->node, demand))
      return true;
  return false;
}

static bool same_binder(const struct demand *a, const struct demand *b) {
  return a->binder && a->binder == b->binder && a->start == b->start && axis_set_empty(b->axes);
}

static void run_cluster(struct scheduler *s, struct demand **waiting, size_t n) {
  struct demand *first = waiting[0], **members = floe__arena_array(s->arena, n, sizeof *members);
  size_t n_member = 0, slot = common_axis(s, first, waiting, n);
  const bool chooses = !axis_set_empty(first->axes);
  for (size_t k = 0; k < n; k++) {
    struct demand *d = waiting[k];
    bool in = chooses ? axis_set_has(d->axes, slot, s->n_axis) || joins_loop(s, d, waiting, n, slot)
                      : k == 0 || same_binder(first, d);
    if (in) members[n_member++] = d;
  }
  for (size_t k = 0; k < n_member; k++)
    if (members[k]->item) declare(s, members[k]);
  if (chooses)
    run_switch(s, slot, members, n_member);
  else if (first->binder)
    run_loop(s, members, n_member);
  else if (first->action == ACTION_SCAN)
    run_scan(s, first);
  else
    fill_straight(s, first);
  for (size_t k = 0; k < n_member; k++) {
    if (members[k]->item) publish(s, members[k]);
    members[k]->done = true;
  }
}

/* Loops come before switches, so that what they compute for all is seen by all branches. */
static size_t still_waiting(const struct demands *plan, size_t rank, struct demand **waiting) {
  size_t n = 0;
  for (int chooses = 0; chooses < 2; chooses++)
    for (size_t k = 0; k < plan->n; k++) {
      struct demand *d = &plan->list[k];
      if (d->complex && !d->done && d->rank == rank && axis_set_empty(d->axes) != chooses) waiting[n++] = d;
    }
  return n;
}

static void run_complex(struct scheduler *s, struct demands *plan, size_t rank) {
  struct demand **waiting = floe__arena_array(s->arena, plan->n + 1, sizeof *waiting);
  for (size_t n; (n = still_waiting(plan, rank, waiting)) > 0;) {
    /* a loop waits if it can join a switch */
    size_t first = 0;
    while (first < n && axis_set_empty(waiting[first]->axes)) {
      bool joins = false;
      for (size_t slot = 0; slot <= s->n_axis; slot++) joins = joins || joins_loop(s, waiting[first], waiting, n, slot);
      if (!joins) break;
      first++;
    }
    if (first == n) first = 0;
    struct demand *chosen = waiting[first];
    waiting[first] = waiting[0];
    waiting[0] = chosen;
    run_cluster(s, waiting, n);
  }
}

/* Adds to the current block what fulfils the demands. */
static void schedule(struct scheduler *s, const struct demand *demands, size_t n) {
  struct demands plan = plan_block(s, demands, n);
  size_t last = 0;
  for (size_t k = 0; k < plan.n; k++) last = plan.list[k].rank > last ? plan.list[k].rank : last;
  for (size_t k = 0; k < plan.n; k++) /* nobody waits for results: loops and switches meet at the end, and fuse */
    if (plan.list[k].complex && !plan.list[k].item) plan.list[k].rank = last;
  for (size_t rank = 0; rank <= last; rank++) {
    for (size_t k = 0; k < plan.n; k++)
      if (!plan.list[k].complex && plan.list[k].rank == rank) do_line(s, &plan.list[k]);
    run_complex(s, &plan, rank);
  }
}

/* ---- roots ---- */

static struct demand demand_of_root(struct scheduler *s, const struct root *root) {
  struct demand demand = {.node = root->node, .present = root->presence.options};
  if (root->target == TARGET_TERM) {
    demand.action = ACTION_UPDATE;
    demand.term = true;
    demand.tag = root->tag;
    demand.cell = s->builder->routine->term[root->tag];
    demand.reduction = REDUCE_SUM;
    return demand;
  }
  const struct variable *v = root->target == TARGET_OUTPUT ? NULL : root->variable;
  const struct dimension *const *dim = v ? v->type.dim : root->node->dim;
  size_t n_dim = v ? v->type.n_dim : root->node->n_dim;
  if (root->target == TARGET_COORDINATE) n_dim = coordinate_shape(v, &dim);
  demand.memory = builder_memory(s->builder, (struct memory){.kind = MEMORY_RESULT,
                                                             .variable = v,
                                                             .output = root->output,
                                                             .name = v ? v->name : NULL,
                                                             .n_dim = n_dim,
                                                             .dim = (void *)(uintptr_t)dim});
  demand.action = demand.memory->n_dim ? ACTION_FILL : ACTION_STORE;
  demand.absent = root->target == TARGET_COORDINATE ? s->zero : s->not_a_number;
  return demand;
}

static void visit_families(const struct term *distribution, const struct variable **first, bool *all) {
  if (!distribution) return;
  if (distribution->kind == TERM_DISTRIBUTION) {
    *all = *all && distribution->variable && (!*first || *first == distribution->variable);
    *first = distribution->variable;
  } else if (distribution->kind == TERM_CHOOSE) {
    for (size_t k = 0; k < distribution->n_item; k++) visit_families(distribution->items[k], first, all);
  } else {
    *all = false;
  }
}

/* The variable in whose place this one is drawn, in all universes: outputs of one simulator. NULL: none. */
static const struct variable *first_of(const struct variable *variable) {
  const struct variable *first = NULL;
  bool all = true;
  visit_families(variable->distribution, &first, &all);
  return all ? first : NULL;
}

/* How many roots from here on are outputs of the same simulations: their loops then are one. */
static size_t drawn_at_once(const struct interpretation *interpretation, size_t k) {
  const struct variable *first = first_of(interpretation->roots[k].variable);
  size_t n = 1;
  while (first && k + n < interpretation->n_root && first_of(interpretation->roots[k + n].variable) == first) n++;
  return n;
}

/* Draws: one root after the other, under a test of whether its role is to be drawn. */
static void schedule_draws(struct scheduler *s, const struct interpretation *interpretation) {
  for (size_t k = 0; k < interpretation->n_root;) {
    const enum role role = drawn_with(interpretation->roots[k].variable);
    builder_open(s->builder, NULL, true);
    while (k < interpretation->n_root && drawn_with(interpretation->roots[k].variable) == role) {
      const size_t n = drawn_at_once(interpretation, k);
      struct demand *demands = floe__arena_array(s->arena, n, sizeof *demands);
      for (size_t m = 0; m < n; m++) demands[m] = demand_of_root(s, &interpretation->roots[k + m]);
      schedule(s, demands, n);
      k += n;
    }
    struct step step = {.kind = STEP_SWITCH, .selector = SELECTOR_DRAWN, .role = role, .n_case = 1};
    step.cases = floe__arena_alloc(s->arena, sizeof *step.cases);
    step.cases[0] = builder_close(s->builder);
    builder_step(s->builder, step);
  }
}

static void schedule_all(struct scheduler *s, const struct interpretation *interpretation) {
  struct demand *demands = floe__arena_array(s->arena, interpretation->n_root, sizeof *demands);
  for (size_t k = 0; k < interpretation->n_root; k++) demands[k] = demand_of_root(s, &interpretation->roots[k]);
  schedule(s, demands, interpretation->n_root);
}

static void declare_terms(struct scheduler *s) {
  static const char *const names[N_TAG] = {"prior", "likelihood", "jacobian"};
  static const char *const guards[N_TAG] = {"prior_is_supported", "likelihood_is_supported", "jacobian_is_supported"};
  struct routine *routine = s->builder->routine;
  for (size_t tag = 0; tag < N_TAG; tag++)
    routine->term[tag] = builder_cell(s->builder, (struct cell){.name = names[tag]}, 0);
  for (size_t tag = 0; tag < N_TAG; tag++)
    routine->supported[tag] = builder_cell(s->builder, (struct cell){.name = guards[tag], .truth = true}, 1);
}

static struct node *constant(struct scheduler *s, double number, size_t id) {
  struct node *node = floe__arena_alloc(s->arena, sizeof *node);
  node->kind = NODE_CONST;
  node->number = number;
  node->id = id;
  return node;
}

static struct scheduler *scheduler_new(struct floe__arena *arena, const struct study *study,
                                       enum interpretation_kind kind) {
  struct scheduler *s = floe__arena_alloc(arena, sizeof *s);
  const size_t n_variable = study->program->n_variable;
  s->arena = arena;
  s->builder = builder_new(arena, study, kind);
  s->study = study;
  s->n_node = study->graph->n_node + 2;
  s->n_axis = study->program->n_axis;
  s->marks = (struct marks_pool){.arena = arena, .limit = s->n_node};
  s->value_of = floe__arena_array(arena, s->n_node, sizeof *s->value_of);
  s->memory_of = floe__arena_array(arena, s->n_node, sizeof *s->memory_of);
  s->outputs_of = floe__arena_array(arena, s->n_node, sizeof *s->outputs_of);
  s->option = floe__arena_array(arena, s->n_axis + 1, sizeof *s->option);
  for (size_t k = 0; k <= s->n_axis; k++) s->option[k] = NO_OPTION;
  s->data = floe__arena_array(arena, n_variable + 1, sizeof *s->data);
  s->values = floe__arena_array(arena, n_variable + 1, sizeof *s->values);
  s->coordinates = floe__arena_array(arena, n_variable + 1, sizeof *s->coordinates);
  s->centring = floe__arena_array(arena, n_variable + 1, sizeof *s->centring);
  s->copies = 1;
  s->weight = floe__arena_array(arena, s->n_node, sizeof *s->weight);
  s->not_a_number = constant(s, not_a_number(), study->graph->n_node);
  s->zero = constant(s, 0, study->graph->n_node + 1);
  return s;
}

static struct routine *schedule_interpretation(struct scheduler *s, const struct interpretation *interpretation) {
  struct routine *routine = s->builder->routine;
  if (routine->kind == INTERPRETATION_LOG_DENSITY) declare_terms(s);
  if (routine->kind == INTERPRETATION_SIMULATE)
    schedule_draws(s, interpretation);
  else
    schedule_all(s, interpretation);
  routine->n_alias = s->n_node;
  routine->alias = s->value_of;
  routine_prune(routine);
  return routine;
}

struct routine *schedule_routine(struct floe__arena *arena, const struct study *study, enum interpretation_kind kind) {
  return schedule_interpretation(scheduler_new(arena, study, kind), &study->interpretations[kind]);
}

struct routine *schedule_universe_density(struct floe__arena *arena, const struct study *study) {
  struct scheduler *s = scheduler_new(arena, study, INTERPRETATION_LOG_DENSITY);
  const bool own = study_needs(study, INTERPRETATION_GRADIENT);
  s->option[s->n_axis] = COORDINATES_UNIVERSE;
  return schedule_interpretation(s,
                                 &study->interpretations[own ? INTERPRETATION_GRADIENT : INTERPRETATION_LOG_DENSITY]);
}
