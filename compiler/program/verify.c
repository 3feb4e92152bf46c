#include "base/arena.h"
#include "base/text.h"
#include "compiler/program/routine.h"

enum seen { UNSEEN, DEFINED, VISIBLE };

struct verifier {
  const struct routine *routine;
  struct floe__text *problem;
  enum seen *value, *cell, *memory;
  bool *written;
  bool *running; /* loops */
  bool sound;
};

static void complain(struct verifier *v, const char *what, size_t id, const char *how) {
  if (v->sound) floe__text_printf(v->problem, "%s %zu %s", what, id, how);
  v->sound = false;
}

static void use_memory(struct verifier *v, const struct memory *memory, bool read) {
  if (memory->kind != MEMORY_SCRATCH) return;
  if (v->memory[memory->id] != VISIBLE) complain(v, "array", memory->id, "is used where it is not declared");
  if (read && !v->written[memory->id]) complain(v, "array", memory->id, "is read before it is written");
}

static void use_cell(struct verifier *v, const struct cell *cell) {
  if (v->cell[cell->id] != VISIBLE) complain(v, "cell", cell->id, "is used where it is not declared");
}

static void use_loop(struct verifier *v, const struct loop *loop) {
  if (!v->running[loop->id]) complain(v, "index", loop->id, "is used outside of its loop");
}

static void use_value(struct verifier *v, const struct value *value) {
  switch (value->kind) {
    case VALUE_CONST:
    case VALUE_SIZE:
    case VALUE_AXIS:
    case VALUE_OPTION: return;
    case VALUE_INDEX: use_loop(v, value->loop); return;
    case VALUE_OPERATOR:
    case VALUE_SELECT:
    case VALUE_CALL:
    case VALUE_DRAW:
    case VALUE_LOAD:
    case VALUE_READ:
      if (v->value[value->id] != VISIBLE) complain(v, "value", value->id, "is used where it is not defined");
      return;
  }
}

static void use_subscripts(struct verifier *v, const struct memory *memory, const struct subscript *subscripts) {
  for (size_t k = 0; k < memory->n_dim; k++) {
    if (subscripts[k].loop) use_loop(v, subscripts[k].loop);
    if (subscripts[k].value) use_value(v, subscripts[k].value);
  }
}

static void use_arguments(struct verifier *v, const struct argument *args, size_t n, const struct memory *written) {
  for (size_t k = 0; k < n; k++) {
    if (args[k].value) use_value(v, args[k].value);
    if (args[k].memory) use_memory(v, args[k].memory, args[k].memory != written);
    if (args[k].cell) use_cell(v, args[k].cell);
  }
}

static void define(struct verifier *v, enum seen *what, const char *kind, size_t id) {
  if (*what != UNSEEN) complain(v, kind, id, "is defined twice");
  *what = VISIBLE;
}

static void let(struct verifier *v, const struct value *value) {
  use_arguments(v, value->args, value->n_arg, NULL);
  if (value->cell) use_cell(v, value->cell);
  if (value->memory) {
    use_memory(v, value->memory, true);
    use_subscripts(v, value->memory, value->subscripts);
  }
  define(v, &v->value[value->id], "value", value->id);
}

static void write_memory(struct verifier *v, const struct memory *memory) {
  use_memory(v, memory, false);
  v->written[memory->id] = true;
}

static void verify_block(struct verifier *v, const struct block *block);

static void verify_step(struct verifier *v, const struct step *step) {
  switch (step->kind) {
    case STEP_LET: let(v, step->value); return;
    case STEP_CELL: define(v, &v->cell[step->cell->id], "cell", step->cell->id); return;
    case STEP_UPDATE:
      use_cell(v, step->cell);
      use_value(v, step->value);
      return;
    case STEP_ARRAY:
      if (v->memory[step->memory->id] == VISIBLE) complain(v, "array", step->memory->id, "is declared twice");
      v->memory[step->memory->id] = VISIBLE;
      v->written[step->memory->id] = step->zeroed;
      return;
    case STEP_STORE:
    case STEP_ADD:
      use_value(v, step->value);
      use_subscripts(v, step->memory, step->subscripts);
      write_memory(v, step->memory);
      return;
    case STEP_CALL:
      use_arguments(v, step->args, step->n_arg, step->memory);
      if (!step->adjoint) write_memory(v, step->memory);
      return;
    case STEP_LOOP:
      v->running[step->loop->id] = true;
      verify_block(v, step->body);
      v->running[step->loop->id] = false;
      return;
    case STEP_SWITCH:
      for (size_t k = 0; k < step->n_case; k++)
        if (step->cases[k]) verify_block(v, step->cases[k]);
      return;
  }
}

static void verify_block(struct verifier *v, const struct block *block) {
  for (size_t k = 0; k < block->n_step && v->sound; k++) verify_step(v, block->steps[k]);
  for (size_t k = 0; k < block->n_step; k++) { /* what the block defines is not visible behind it */
    const struct step *step = block->steps[k];
    if (step->kind == STEP_LET) v->value[step->value->id] = DEFINED;
    if (step->kind == STEP_CELL) v->cell[step->cell->id] = DEFINED;
    if (step->kind == STEP_ARRAY) v->memory[step->memory->id] = DEFINED;
  }
}

bool routine_verify(const struct routine *routine, struct floe__text *problem) {
  struct floe__arena *arena = routine->arena;
  struct verifier v = {routine,
                       problem,
                       floe__arena_array(arena, routine->n_value + 1, sizeof(enum seen)),
                       floe__arena_array(arena, routine->n_cell + 1, sizeof(enum seen)),
                       floe__arena_array(arena, routine->n_memory + 1, sizeof(enum seen)),
                       floe__arena_array(arena, routine->n_memory + 1, sizeof(bool)),
                       floe__arena_array(arena, routine->n_loop + 1, sizeof(bool)),
                       true};
  verify_block(&v, routine->body);
  return v.sound;
}
