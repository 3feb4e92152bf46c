#include "compiler/program/adjoint.h"

#include "base/arena.h"
#include "compiler/program/reverse.h"
#include "compiler/program/schedule.h"

/* ---- copies of what the source consists of ---- */

static bool is_immediate(const struct value *value) {
  return value->kind < VALUE_OPERATOR;
}

const struct value *copy_of(struct reverse *r, const struct value *source) {
  if (!is_immediate(source)) return r->value[source->id];
  struct value proto = *source;
  if (proto.loop) proto.loop = r->loop[proto.loop->id];
  return builder_value(r->builder, proto);
}

const struct memory *copy_memory(struct reverse *r, const struct memory *source) {
  if (!r->memory[source->id]) { /* arrays are copied where they are declared */
    struct memory proto = *source;
    r->memory[source->id] = builder_memory(r->builder, proto);
  }
  return r->memory[source->id];
}

const struct subscript *copy_subscripts(struct reverse *r, const struct memory *memory,
                                        const struct subscript *subscripts) {
  if (!memory->n_dim) return NULL;
  struct subscript *copy = floe__arena_array(r->arena, memory->n_dim, sizeof *copy);
  for (size_t k = 0; k < memory->n_dim; k++) {
    copy[k].shift = subscripts[k].shift;
    if (subscripts[k].loop) copy[k].loop = r->loop[subscripts[k].loop->id];
    if (subscripts[k].value) copy[k].value = copy_of(r, subscripts[k].value);
  }
  return copy;
}

static const struct argument *copy_arguments(struct reverse *r, const struct argument *args, size_t n) {
  struct argument *copy = floe__arena_array(r->arena, n, sizeof *copy);
  for (size_t k = 0; k < n; k++) {
    if (args[k].value) copy[k].value = copy_of(r, args[k].value);
    if (args[k].memory) copy[k].memory = copy_memory(r, args[k].memory);
  }
  return copy;
}

static void copy_value(struct reverse *r, const struct value *source) {
  struct value proto = *source;
  proto.args = copy_arguments(r, source->args, source->n_arg);
  if (source->memory) {
    proto.memory = copy_memory(r, source->memory);
    proto.subscripts = copy_subscripts(r, source->memory, source->subscripts);
  }
  if (source->cell) proto.cell = r->cell[source->cell->id];
  r->value[source->id] = builder_value(r->builder, proto);
}

static void copy_cell(struct reverse *r, const struct step *step) {
  const struct cell *cell = builder_cell(r->builder, *step->cell, step->number);
  struct routine *target = r->builder->routine;
  r->cell[step->cell->id] = cell;
  r->cell_region[step->cell->id] = r->region;
  for (size_t tag = 0; tag < N_TAG; tag++) {
    if (step->cell == r->source->term[tag]) target->term[tag] = cell;
    if (step->cell == r->source->supported[tag]) target->supported[tag] = cell;
  }
}

static void copy_update(struct reverse *r, const struct step *step, bool terms) {
  bool term = routine_is_term(r->source, step->cell) || routine_is_guard(r->source, step->cell);
  if (term ? !terms : r->cell_region[step->cell->id] != r->region) return;
  struct step copy = *step;
  copy.cell = r->cell[step->cell->id];
  copy.value = copy_of(r, step->value);
  builder_step(r->builder, copy);
}

static void copy_store(struct reverse *r, const struct step *step) {
  if (r->memory_region[step->memory->id] != r->region) return;
  struct step copy = *step;
  copy.memory = copy_memory(r, step->memory);
  if (step->kind != STEP_CALL) copy.subscripts = copy_subscripts(r, step->memory, step->subscripts);
  if (step->value) copy.value = copy_of(r, step->value);
  copy.args = copy_arguments(r, step->args, step->n_arg);
  builder_step(r->builder, copy);
}

/* Something declared in an enclosing block, before the step that is being built there. */
static struct scope *move_to(struct reverse *r, struct scope *scope) {
  struct scope *current = r->builder->current;
  r->builder->current = scope;
  return current;
}

/* An array of a branch that no loop repeats is filled once: it is declared outside of all branches, and the backward sweep
 * finds it full. */
static void copy_array(struct reverse *r, const struct step *step) {
  const size_t id = step->memory->id;
  const bool once = r->n_loop == 0 && !step->zeroed && !step->memory->changing;
  if (once && r->memory[id]) return;
  struct scope *current = move_to(r, once ? r->outermost : r->builder->current);
  r->memory[id] = builder_array(r->builder, *step->memory, step->zeroed);
  r->memory_region[id] = r->region;
  r->builder->current = current;
}

/* Runs a block forward again. What it did to cells and arrays that stand outside of the part that is being repeated
 * has been done already. `terms`: whether to add to the log density what this very block adds to it. */
static void copy_block(struct reverse *r, const struct block *block, bool terms);

static void copy_loop(struct reverse *r, const struct step *step) {
  const struct loop *old = step->loop,
                    *loop = builder_loop(r->builder, old->dimension, old->name, old->first, old->descending);
  r->loop[old->id] = loop;
  r->n_loop++;
  builder_open(r->builder, loop, false);
  copy_block(r, step->body, false);
  r->n_loop--;
  struct block *body = builder_close(r->builder);
  if (body->n_step) builder_step(r->builder, (struct step){.kind = STEP_LOOP, .loop = loop, .body = body});
}

static struct step switch_like(struct reverse *r, const struct step *step) {
  struct step copy = *step;
  copy.cases = floe__arena_array(r->arena, step->n_case, sizeof *copy.cases);
  return copy;
}

static void copy_switch(struct reverse *r, const struct step *step) {
  struct step copy = switch_like(r, step);
  for (size_t k = 0; k < step->n_case; k++) {
    if (!step->cases[k]) continue;
    builder_open(r->builder, NULL, true);
    copy_block(r, step->cases[k], false);
    copy.cases[k] = builder_close(r->builder);
  }
  builder_step(r->builder, copy);
}

static void copy_step(struct reverse *r, const struct step *step, bool terms) {
  switch (step->kind) {
    case STEP_LET: copy_value(r, step->value); return;
    case STEP_CELL: copy_cell(r, step); return;
    case STEP_UPDATE: copy_update(r, step, terms); return;
    case STEP_ARRAY: copy_array(r, step); return;
    case STEP_STORE:
    case STEP_ADD:
    case STEP_CALL: copy_store(r, step); return;
    case STEP_LOOP: copy_loop(r, step); return;
    case STEP_SWITCH: copy_switch(r, step); return;
  }
}

/* Whether the array belongs to a block outside of the part that is being repeated, and so is full. */
static bool is_full(const struct reverse *r, const struct memory *source) {
  for (const struct frame *frame = r->frame; frame; frame = frame->outer)
    if (frame->block == r->activity.memory_home[source->id]) return true;
  return false;
}

/* What a call gave stands in an array that is full: read instead of called again. */
static bool copy_stored(struct reverse *r, const struct value *source) {
  const struct step *store = r->stored[source->id];
  if (source->kind != VALUE_CALL || source->truth || !store) return false;
  if (!is_full(r, store->memory) || store->memory->changing) return false;
  const struct memory *memory = copy_memory(r, store->memory);
  r->value[source->id] = builder_load(r->builder, memory, copy_subscripts(r, store->memory, store->subscripts));
  return true;
}

/* The first store of each value that the block defines. */
static void note_stores(struct reverse *r, const struct block *block) {
  for (size_t k = 0; k < block->n_step; k++)
    if (block->steps[k]->kind == STEP_LET) r->stored[block->steps[k]->value->id] = NULL;
  for (size_t k = block->n_step; k-- > 0;) {
    const struct step *step = block->steps[k];
    if (step->kind == STEP_STORE && step->value && step->memory->kind == MEMORY_SCRATCH) r->stored[step->value->id] = step;
  }
}

static void copy_block(struct reverse *r, const struct block *block, bool terms) {
  note_stores(r, block);
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    if (step->kind != STEP_LET || !copy_stored(r, step->value)) copy_step(r, step, terms);
  }
}

/* ---- adjoints ---- */

static struct scope *scope_of_block(const struct reverse *r, const struct block *block) {
  for (const struct frame *frame = r->frame; frame; frame = frame->outer)
    if (frame->block == block) return frame->scope;
  return r->builder->current;
}

const struct memory *shadow_of(struct reverse *r, const struct memory *source) {
  const struct memory **shadow = &r->shadow[source->id];
  if (*shadow) return *shadow;
  struct memory proto = {.variable = source->variable,
                         .name = source->name,
                         .adjoint = true,
                         .changing = true,
                         .n_dim = source->n_dim,
                         .dim = source->dim,
                         .least = source->least};
  if (source->kind == MEMORY_COORDINATES) {
    proto.kind = MEMORY_GRADIENT;
    *shadow = builder_memory(r->builder, proto);
  } else {
    const struct block *home = r->activity.memory_home[source->id];
    struct scope *current = move_to(r, home ? scope_of_block(r, home) : r->builder->current);
    *shadow = builder_array(r->builder, proto, true);
    r->builder->current = current;
  }
  return *shadow;
}

void contribute(struct reverse *r, const struct value *source, const struct value *adjoint) {
  if (!r->activity.value[source->id] || value_is_const(adjoint, 0)) return;
  struct scope *home = scope_of_block(r, r->activity.home[source->id]);
  if (home == r->builder->current) {
    const struct value **sum = &r->sum[source->id];
    *sum = *sum ? builder_operator(r->builder, OP_ADD, *sum, adjoint) : adjoint;
    return;
  }
  const struct cell **cell = &r->cell_of_sum[source->id];
  if (!*cell) {
    struct scope *current = move_to(r, home);
    *cell = builder_cell(r->builder, (struct cell){.name = source->name, .adjoint = source->name != NULL}, 0);
    r->builder->current = current;
  }
  builder_update(r->builder, *cell, REDUCE_SUM, adjoint);
}

static const struct value *adjoint_of(struct reverse *r, const struct value *source) {
  const struct value *sum = r->sum[source->id];
  const struct cell *cell = r->cell_of_sum[source->id];
  if (cell) {
    const struct value *inner = builder_read(r->builder, cell);
    sum = sum ? builder_operator(r->builder, OP_ADD, inner, sum) : inner;
  }
  if (sum && !is_immediate(sum) && !sum->name && !sum->node && sum->kind != VALUE_READ) {
    struct value *named = (struct value *)sum;
    named->name = source->name;
    named->adjoint = true;
  }
  return sum;
}

/* ---- array functions ---- */

/* A place for the adjoint of one argument to be added to. */
static struct argument place_for(struct reverse *r, const struct argument *arg) {
  struct argument place = {0};
  if (arg->value) {
    place.cell = builder_cell(r->builder, (struct cell){.adjoint = true}, 0);
  } else if (arg->memory->kind == MEMORY_COORDINATES || r->activity.memory[arg->memory->id]) {
    place.memory = shadow_of(r, arg->memory);
  } else { /* nobody asks for it, but the function wants a place */
    struct memory proto = {.name = arg->memory->name,
                           .adjoint = true,
                           .changing = true,
                           .n_dim = arg->memory->n_dim,
                           .dim = arg->memory->dim,
                           .least = arg->memory->least};
    place.memory = builder_array(r->builder, proto, true);
  }
  return place;
}

/* Calls the adjoint that the library gives: (arguments, result, its adjoint, a place per argument). */
void reverse_array_call(struct reverse *r, const struct external *external, const struct argument *args,
                        const struct memory *result, const struct value *value, const struct value *adjoint) {
  const size_t n = external->n_formal;
  struct argument *all = floe__arena_array(r->arena, 2 * n + 2, sizeof *all);
  const struct argument *copies = copy_arguments(r, args, n);
  for (size_t k = 0; k < n; k++) all[k] = copies[k];
  if (result)
    all[n].memory = copy_memory(r, result), all[n + 1].memory = shadow_of(r, result);
  else
    all[n].value = copy_of(r, value), all[n + 1].value = adjoint;
  for (size_t k = 0; k < n; k++) all[n + 2 + k] = place_for(r, &args[k]);
  builder_step(
      r->builder,
      (struct step){.kind = STEP_CALL, .adjoint = true, .external = external, .args = all, .n_arg = 2 * n + 2});
  for (size_t k = 0; k < n; k++)
    if (args[k].value) contribute(r, args[k].value, builder_read(r->builder, all[n + 2 + k].cell));
}

/* ---- the reverse sweep ---- */

static void reverse_update(struct reverse *r, const struct step *step) {
  const struct value *source = step->value, *x;
  if (!r->activity.value[source->id]) return;
  if (routine_is_term(r->source, step->cell)) {
    contribute(r, source, builder_const(r->builder, 1));
    return;
  }
  const struct value *adjoint = r->cell_adjoint[step->cell->id], *total = r->cell_total[step->cell->id];
  if (!adjoint) return;
  if (step->assign || step->reduction == REDUCE_SUM) {
    contribute(r, source, adjoint);
    return;
  }
  x = copy_of(r, source);
  const struct value *zero = builder_const(r->builder, 0);
  if (step->reduction == REDUCE_PRODUCT) {
    const struct value *others = builder_operator(r->builder, OP_DIV, total, x);
    contribute(r, source, builder_operator(r->builder, OP_MUL, adjoint, others));
  } else {
    contribute(r, source, builder_select(r->builder, builder_operator(r->builder, OP_EQ, x, total), adjoint, zero));
  }
}

static void reverse_store(struct reverse *r, const struct step *step) {
  if (!r->activity.memory[step->memory->id] || !r->activity.value[step->value->id]) return;
  const struct memory *shadow = shadow_of(r, step->memory);
  contribute(r, step->value, builder_load(r->builder, shadow, copy_subscripts(r, step->memory, step->subscripts)));
}

static void reverse_block(struct reverse *r, const struct block *block);

/* Whether the block reads elements of an array that it writes: a recurrence. */
static bool reads(const struct block *block, const struct memory *memory) {
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    if (step->kind == STEP_LET && step->value->memory == memory) return true;
    if (step->kind == STEP_LOOP && reads(step->body, memory)) return true;
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c] && reads(step->cases[c], memory)) return true;
  }
  return false;
}

static bool recurs(const struct block *whole, const struct block *block) {
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    if (step->kind == STEP_STORE && reads(whole, step->memory)) return true;
    if (step->kind == STEP_LOOP && recurs(whole, step->body)) return true;
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c] && recurs(whole, step->cases[c])) return true;
  }
  return false;
}

/* The block's own values again, then its steps backwards. */
static void reverse_inner(struct reverse *r, const struct block *block) {
  r->region++;
  copy_block(r, block, true);
  reverse_block(r, block);
}

static void reverse_loop(struct reverse *r, const struct step *step) {
  const struct loop *old = step->loop;
  const struct loop *loop =
      builder_loop(r->builder, old->dimension, old->name, old->first, recurs(step->body, step->body));
  r->loop[old->id] = loop;
  r->n_loop++;
  builder_open(r->builder, loop, false);
  reverse_inner(r, step->body);
  r->n_loop--;
  struct block *body = builder_close(r->builder);
  builder_step(r->builder, (struct step){.kind = STEP_LOOP, .loop = loop, .body = body});
}

static void reverse_switch(struct reverse *r, const struct step *step) {
  struct step copy = switch_like(r, step);
  size_t *option = &r->option[step->axis ? step->axis->id : r->source->study->program->n_axis];
  for (size_t k = 0; k < step->n_case; k++) {
    if (!step->cases[k]) continue;
    *option = k;
    builder_open(r->builder, NULL, true);
    reverse_inner(r, step->cases[k]);
    copy.cases[k] = builder_close(r->builder);
  }
  *option = NO_OPTION;
  builder_step(r->builder, copy);
}

static void reverse_let(struct reverse *r, const struct value *source) {
  if (!r->activity.value[source->id]) return;
  const struct value *adjoint = adjoint_of(r, source);
  if (adjoint) propagate(r, source, adjoint);
}

static void reverse_step(struct reverse *r, const struct step *step) {
  switch (step->kind) {
    case STEP_LET: reverse_let(r, step->value); return;
    case STEP_CELL:
    case STEP_ARRAY: return;
    case STEP_UPDATE: reverse_update(r, step); return;
    case STEP_STORE:
    case STEP_ADD: reverse_store(r, step); return;
    case STEP_CALL:
      if (r->activity.memory[step->memory->id])
        reverse_array_call(r, step->external, step->args, step->memory, NULL, NULL);
      return;
    case STEP_LOOP: reverse_loop(r, step); return;
    case STEP_SWITCH: reverse_switch(r, step); return;
  }
}

static void reverse_block(struct reverse *r, const struct block *block) {
  struct frame frame = {block, r->builder->current, r->frame};
  r->frame = &frame;
  for (size_t k = block->n_step; k-- > 0;) reverse_step(r, block->steps[k]);
  r->frame = frame.outer;
}

struct routine *adjoint_routine(struct floe__arena *arena, const struct study *study) {
  const struct routine *density = schedule_universe_density(arena, study);
  const size_t n = density->n_value + 1, n_cell = density->n_cell + 1, n_memory = density->n_memory + 1;
  struct reverse r = {.arena = arena, .source = density};
  r.builder = builder_new(arena, density->study, density->kind);
  r.builder->routine->gradient = true;
  r.activity = activity_of(arena, density);
  r.value = floe__arena_array(arena, n, sizeof *r.value);
  r.stored = floe__arena_array(arena, n, sizeof *r.stored);
  r.cell = floe__arena_array(arena, n_cell, sizeof *r.cell);
  r.memory = floe__arena_array(arena, n_memory, sizeof *r.memory);
  r.shadow = floe__arena_array(arena, n_memory, sizeof *r.shadow);
  r.loop = floe__arena_array(arena, density->n_loop + 1, sizeof *r.loop);
  r.sum = floe__arena_array(arena, n, sizeof *r.sum);
  r.cell_of_sum = floe__arena_array(arena, n, sizeof *r.cell_of_sum);
  r.cell_adjoint = floe__arena_array(arena, n_cell, sizeof *r.cell_adjoint);
  r.cell_total = floe__arena_array(arena, n_cell, sizeof *r.cell_total);
  r.cell_region = floe__arena_array(arena, n_cell, sizeof *r.cell_region);
  r.memory_region = floe__arena_array(arena, n_memory, sizeof *r.memory_region);
  const size_t n_axis = density->study->program->n_axis;
  r.option = floe__arena_array(arena, n_axis + 1, sizeof *r.option);
  for (size_t k = 0; k < n_axis; k++) r.option[k] = NO_OPTION;
  r.option[n_axis] = COORDINATES_UNIVERSE;
  r.outermost = r.builder->current;
  copy_block(&r, density->body, true);
  reverse_block(&r, density->body);
  routine_prune(r.builder->routine);
  return r.builder->routine;
}
