#include "base/arena.h"
#include "compiler/program/reverse.h"

struct analysis {
  const struct routine *routine;
  struct activity *a;
  bool changed;
};

static void set(struct analysis *x, bool *flag) {
  if (*flag) return;
  *flag = true;
  x->changed = true;
}

static bool argument_is_active(const struct analysis *x, const struct argument *arg) {
  if (arg->value) return x->a->value[arg->value->id];
  if (!arg->memory) return false;
  return arg->memory->kind == MEMORY_COORDINATES || x->a->memory[arg->memory->id];
}

static bool any_active(const struct analysis *x, const struct argument *args, size_t n) {
  for (size_t k = 0; k < n; k++)
    if (argument_is_active(x, &args[k])) return true;
  return false;
}

static bool has_derivative(const struct value *call) {
  const struct external *external = call->external;
  if (!external) return true;
  if (external->adjoint) return true;
  for (size_t k = 0; external->derivative && k < external->n_formal; k++)
    if (external->derivative[k]) return true;
  return false;
}

static bool is_active(const struct analysis *x, const struct value *value) {
  if (value->truth) return false;
  switch (value->kind) {
    case VALUE_CONST:
    case VALUE_INDEX:
    case VALUE_SIZE:
    case VALUE_AXIS:
    case VALUE_OPTION:
    case VALUE_DRAW: return false;
    case VALUE_OPERATOR: return any_active(x, value->args, value->n_arg);
    case VALUE_SELECT: return any_active(x, value->args + 1, 2);
    case VALUE_CALL: return has_derivative(value) && any_active(x, value->args, value->n_arg);
    case VALUE_LOAD: return value->memory->kind == MEMORY_COORDINATES || x->a->memory[value->memory->id];
    case VALUE_READ: return x->a->cell[value->cell->id];
  }
  return false;
}

static bool is_accumulator(const struct analysis *x, const struct cell *cell) {
  return !cell->truth && !routine_is_term(x->routine, cell) && !routine_is_guard(x->routine, cell);
}

static void activate(struct analysis *x, const struct block *block) {
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    if (step->kind == STEP_LET) {
      x->a->home[step->value->id] = block;
      if (is_active(x, step->value)) set(x, &x->a->value[step->value->id]);
    }
    if (step->kind == STEP_ARRAY) x->a->memory_home[step->memory->id] = block;
    if (step->kind == STEP_UPDATE && is_accumulator(x, step->cell) && x->a->value[step->value->id])
      set(x, &x->a->cell[step->cell->id]);
    if ((step->kind == STEP_STORE || step->kind == STEP_ADD) && x->a->value[step->value->id])
      set(x, &x->a->memory[step->memory->id]);
    if (step->kind == STEP_CALL && step->external->adjoint && any_active(x, step->args, step->external->n_formal))
      set(x, &x->a->memory[step->memory->id]);
    if (step->kind == STEP_LOOP) activate(x, step->body);
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c]) activate(x, step->cases[c]);
  }
}

static void mask_arguments(struct analysis *x, const struct argument *args, size_t n) {
  for (size_t k = 0; k < n; k++) {
    if (args[k].value) set(x, &x->a->masked_value[args[k].value->id]);
    if (args[k].memory) set(x, &x->a->masked_memory[args[k].memory->id]);
  }
}

static void mask_value(struct analysis *x, const struct value *value) {
  if (value->kind == VALUE_SELECT) mask_arguments(x, value->args + 1, 2);
  if (!x->a->masked_value[value->id]) return;
  mask_arguments(x, value->args, value->n_arg);
  if (value->cell) set(x, &x->a->masked_cell[value->cell->id]);
  if (value->memory) set(x, &x->a->masked_memory[value->memory->id]);
}

static void mask(struct analysis *x, const struct block *block) {
  for (size_t k = block->n_step; k-- > 0;) {
    const struct step *step = block->steps[k];
    if (step->kind == STEP_LET) mask_value(x, step->value);
    if (step->kind == STEP_UPDATE) {
      bool picks = !step->assign && (step->reduction == REDUCE_MAX || step->reduction == REDUCE_MIN);
      if (picks || x->a->masked_cell[step->cell->id]) set(x, &x->a->masked_value[step->value->id]);
    }
    if ((step->kind == STEP_STORE || step->kind == STEP_ADD) && x->a->masked_memory[step->memory->id])
      set(x, &x->a->masked_value[step->value->id]);
    if (step->kind == STEP_CALL && x->a->masked_memory[step->memory->id])
      mask_arguments(x, step->args, step->external->n_formal);
    if (step->kind == STEP_LOOP) mask(x, step->body);
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c]) mask(x, step->cases[c]);
  }
}

struct activity activity_of(struct floe__arena *arena, const struct routine *routine) {
  const size_t n = routine->n_value + 1, n_cell = routine->n_cell + 1, n_memory = routine->n_memory + 1;
  struct activity a = {
      floe__arena_array(arena, n, sizeof(bool)),           floe__arena_array(arena, n_cell, sizeof(bool)),
      floe__arena_array(arena, n_memory, sizeof(bool)),    floe__arena_array(arena, n, sizeof(bool)),
      floe__arena_array(arena, n_cell, sizeof(bool)),      floe__arena_array(arena, n_memory, sizeof(bool)),
      floe__arena_array(arena, n, sizeof(struct block *)), floe__arena_array(arena, n_memory, sizeof(struct block *))};
  struct analysis x = {routine, &a, true};
  while (x.changed) { /* arrays of recurrences are read above the line that writes them */
    x.changed = false;
    activate(&x, routine->body);
  }
  x.changed = true;
  while (x.changed) {
    x.changed = false;
    mask(&x, routine->body);
  }
  return a;
}
