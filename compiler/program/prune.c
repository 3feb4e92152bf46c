#include "base/arena.h"
#include "compiler/program/routine.h"

/* What the results depend on, found by repeated marking: backwards through values, cells and memory, whatever the
 * order. */
struct liveness {
  const struct routine *routine;
  bool *value, *cell, *memory;
  bool changed;
};

static void mark(struct liveness *live, bool *flag) {
  if (*flag) return;
  *flag = true;
  live->changed = true;
}

static void mark_value(struct liveness *live, const struct value *value);

static void mark_subscripts(struct liveness *live, const struct memory *memory, const struct subscript *subscripts) {
  for (size_t k = 0; k < memory->n_dim; k++)
    if (subscripts[k].value) mark_value(live, subscripts[k].value);
}

static void mark_arguments(struct liveness *live, const struct argument *args, size_t n) {
  for (size_t k = 0; k < n; k++) {
    if (args[k].value) mark_value(live, args[k].value);
    if (args[k].memory) mark(live, &live->memory[args[k].memory->id]);
    if (args[k].cell) mark(live, &live->cell[args[k].cell->id]);
  }
}

static void mark_value(struct liveness *live, const struct value *value) {
  if (live->value[value->id]) return;
  mark(live, &live->value[value->id]);
  mark_arguments(live, value->args, value->n_arg);
  if (value->cell) mark(live, &live->cell[value->cell->id]);
  if (value->memory) {
    mark(live, &live->memory[value->memory->id]);
    mark_subscripts(live, value->memory, value->subscripts);
  }
}

static bool is_result(const struct memory *memory) {
  return memory->kind == MEMORY_RESULT || memory->kind == MEMORY_GRADIENT || memory->kind == MEMORY_CONSTANTS;
}

/* Whether the step does something that is wanted. */
static bool step_lives(const struct liveness *live, const struct step *step) {
  switch (step->kind) {
    case STEP_LET: return live->value[step->value->id];
    case STEP_CELL:
    case STEP_UPDATE:
      return live->cell[step->cell->id] || routine_is_term(live->routine, step->cell) ||
             routine_is_guard(live->routine, step->cell);
    case STEP_ARRAY: return live->memory[step->memory->id];
    case STEP_STORE:
    case STEP_ADD: return live->memory[step->memory->id] || is_result(step->memory);
    case STEP_CALL:
      if (!step->adjoint) return live->memory[step->memory->id] || is_result(step->memory);
      for (size_t k = 0; k < step->n_arg; k++) { /* it accumulates into its arguments */
        if (step->args[k].cell && live->cell[step->args[k].cell->id]) return true;
        const struct memory *memory = step->args[k].memory;
        if (memory && (memory->adjoint || is_result(memory)) && (live->memory[memory->id] || is_result(memory)))
          return true;
      }
      return false;
    case STEP_LOOP:
    case STEP_SWITCH: return true;
  }
  return true;
}

static void mark_block(struct liveness *live, const struct block *block) {
  for (size_t k = block->n_step; k-- > 0;) {
    const struct step *step = block->steps[k];
    if (step->kind == STEP_LOOP) mark_block(live, step->body);
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c]) mark_block(live, step->cases[c]);
    if (step->kind == STEP_LET || !step_lives(live, step)) continue;
    if (step->value) mark_value(live, step->value);
    if (step->kind == STEP_STORE || step->kind == STEP_ADD) mark_subscripts(live, step->memory, step->subscripts);
    mark_arguments(live, step->args, step->n_arg);
  }
}

static void sweep(const struct liveness *live, struct block *block) {
  size_t kept = 0;
  for (size_t k = 0; k < block->n_step; k++) {
    struct step *step = block->steps[k];
    bool keep = step_lives(live, step);
    if (step->kind == STEP_LOOP) {
      sweep(live, step->body);
      keep = step->body->n_step > 0;
    }
    if (step->kind == STEP_SWITCH) {
      keep = false;
      for (size_t c = 0; c < step->n_case; c++) {
        if (step->cases[c]) sweep(live, step->cases[c]);
        if (step->cases[c] && !step->cases[c]->n_step) step->cases[c] = NULL;
        keep = keep || step->cases[c];
      }
    }
    if (keep) block->steps[kept++] = step;
  }
  block->n_step = kept;
}

void routine_prune(struct routine *routine) {
  struct floe__arena *arena = routine->arena;
  struct liveness live = {routine, floe__arena_array(arena, routine->n_value + 1, sizeof(bool)),
                          floe__arena_array(arena, routine->n_cell + 1, sizeof(bool)),
                          floe__arena_array(arena, routine->n_memory + 1, sizeof(bool)), true};
  while (live.changed) {
    live.changed = false;
    mark_block(&live, routine->body);
  }
  sweep(&live, routine->body);
}
