#include "base/text.h"
#include "compiler/program/adjoint.h"
#include "compiler/program/schedule.h"
#include "compiler/program/tune.h"

static void indent(struct floe__text *out, size_t depth) {
  for (size_t k = 0; k < depth; k++) floe__text_puts(out, "  ");
}

static void print_operand(const struct value *value, struct floe__text *out) {
  switch (value->kind) {
    case VALUE_CONST: floe__text_printf(out, "%.17g", value->number); return;
    case VALUE_INDEX: floe__text_printf(out, "i%zu", value->loop->id); return;
    case VALUE_SIZE: floe__text_printf(out, "size(%s)", value->dimension->name); return;
    case VALUE_AXIS: floe__text_printf(out, "axis(%s)", value->axis->name); return;
    case VALUE_OPTION:
      floe__text_printf(out, "%s=%s", value->axis->name, value->axis->options[(size_t)value->number].label);
      return;
    case VALUE_OPERATOR:
    case VALUE_SELECT:
    case VALUE_CALL:
    case VALUE_DRAW:
    case VALUE_LOAD:
    case VALUE_READ: floe__text_printf(out, "v%zu", value->id); return;
  }
}

static void print_memory(const struct memory *memory, struct floe__text *out) {
  static const char *const kinds[] = {"data", "value", "coordinate", "centring", "result", "gradient", "constant", "scratch"};
  floe__text_printf(out, "%s%zu", kinds[memory->kind], memory->id);
  if (memory->name) floe__text_printf(out, "{%s%s}", memory->name, memory->adjoint ? "'" : "");
}

static void print_place(const struct memory *memory, const struct subscript *subscripts, struct floe__text *out) {
  print_memory(memory, out);
  for (size_t k = 0; k < memory->n_dim; k++) {
    floe__text_puts(out, k ? ", " : "[");
    if (subscripts[k].value)
      print_operand(subscripts[k].value, out);
    else if (subscripts[k].loop)
      floe__text_printf(out, "i%zu", subscripts[k].loop->id);
    if (subscripts[k].shift || (!subscripts[k].value && !subscripts[k].loop))
      floe__text_printf(out, "%+ld", subscripts[k].shift);
  }
  if (memory->n_dim) floe__text_puts(out, "]");
}

static void print_arguments(const struct argument *args, size_t n, struct floe__text *out) {
  for (size_t k = 0; k < n; k++) {
    floe__text_puts(out, k ? ", " : "(");
    if (args[k].value)
      print_operand(args[k].value, out);
    else if (args[k].memory)
      print_memory(args[k].memory, out);
    else
      floe__text_printf(out, "&c%zu", args[k].cell->id);
  }
  floe__text_puts(out, n ? ")" : "()");
}

static void print_value(const struct value *value, struct floe__text *out) {
  floe__text_printf(out, "v%zu%s = ", value->id, value->truth ? "?" : "");
  if (value->kind == VALUE_OPERATOR)
    floe__text_puts(out, operator_text(value->op));
  else if (value->kind == VALUE_SELECT)
    floe__text_puts(out, "select");
  else if (value->kind == VALUE_DRAW)
    floe__text_printf(out, "draw %zu %s", value->site, value->symbol);
  else if (value->kind == VALUE_CALL)
    floe__text_puts(out, value->symbol);
  else if (value->kind == VALUE_READ)
    floe__text_printf(out, "c%zu", value->cell->id);
  if (value->kind == VALUE_LOAD)
    print_place(value->memory, value->subscripts, out);
  else if (value->kind != VALUE_READ)
    print_arguments(value->args, value->n_arg, out);
  if (value->name) floe__text_printf(out, "  # %s%s", value->name, value->adjoint ? "'" : "");
  floe__text_puts(out, "\n");
}

static void print_update(const struct step *step, struct floe__text *out) {
  static const char *const reductions[] = {"+=", "*=", "max=", "min=", "and=", "or="};
  floe__text_printf(out, "c%zu %s ", step->cell->id, step->assign ? "=" : reductions[step->reduction]);
  print_operand(step->value, out);
  floe__text_puts(out, "\n");
}

static void print_block(const struct block *block, size_t depth, struct floe__text *out);

static void print_switch(const struct step *step, size_t depth, struct floe__text *out) {
  static const char *const roles[] = {"data", "parameters", "latents", "observed"};
  if (step->selector == SELECTOR_DRAWN)
    floe__text_printf(out, "when drawing %s\n", roles[step->role]);
  else
    floe__text_printf(out, "switch %s\n", step->selector == SELECTOR_AXIS ? step->axis->name : "coordinates");
  for (size_t k = 0; k < step->n_case; k++) {
    if (!step->cases[k]) continue;
    indent(out, depth);
    floe__text_printf(out, "case %zu\n", k);
    print_block(step->cases[k], depth + 1, out);
  }
}

static void print_step(const struct step *step, size_t depth, struct floe__text *out) {
  indent(out, depth);
  switch (step->kind) {
    case STEP_LET: print_value(step->value, out); return;
    case STEP_CELL:
      floe__text_printf(out, "cell c%zu%s = %.17g", step->cell->id, step->cell->truth ? "?" : "", step->number);
      if (step->cell->name) floe__text_printf(out, "  # %s%s", step->cell->name, step->cell->adjoint ? "'" : "");
      floe__text_puts(out, "\n");
      return;
    case STEP_UPDATE: print_update(step, out); return;
    case STEP_ARRAY:
      floe__text_puts(out, step->zeroed ? "zeroed " : "array ");
      print_memory(step->memory, out);
      for (size_t k = 0; k < step->memory->n_dim; k++)
        floe__text_printf(out, "%s%s", k ? ", " : " over ", step->memory->dim[k]->name);
      floe__text_puts(out, "\n");
      return;
    case STEP_STORE:
    case STEP_ADD:
      print_place(step->memory, step->subscripts, out);
      floe__text_puts(out, step->kind == STEP_ADD ? " += " : " = ");
      print_operand(step->value, out);
      floe__text_puts(out, "\n");
      return;
    case STEP_CALL:
      floe__text_printf(out, "call %s%s", step->external->symbol, step->adjoint ? "'" : "");
      print_arguments(step->args, step->n_arg, out);
      floe__text_puts(out, "\n");
      return;
    case STEP_LOOP:
      floe__text_printf(out, "for i%zu %s%s %s %zu\n", step->loop->id, step->loop->descending ? "down " : "",
                        step->loop->name, step->loop->descending ? "to" : "from", step->loop->first);
      if (step->loop->run || step->runs) {
        indent(out, depth + 1);
        floe__text_printf(out, "# by runs of %zu\n", step->runs ? step->runs->run : step->loop->run);
      }
      print_block(step->body, depth + 1, out);
      return;
    case STEP_SWITCH: print_switch(step, depth, out); return;
  }
}

static void print_block(const struct block *block, size_t depth, struct floe__text *out) {
  for (size_t k = 0; k < block->n_step; k++) print_step(block->steps[k], depth, out);
}

void routine_print(const struct routine *routine, struct floe__text *out) {
  static const char *const names[N_INTERPRETATION] = {"simulate",  "log_density", "constrain", "unconstrain",
                                                      "log_scale", "report",      "check",     "elicit",
                                                      "prepare",   "pointwise",   "gradient"};
  const char *name = routine->constants ? "constants" : routine->gradient ? "gradient" : names[routine->kind];
  floe__text_printf(out, "%s\n", name);
  print_block(routine->body, 1, out);
}

void dump_routines(const struct study *study, struct floe__arena *arena, struct floe__text *out) {
  for (size_t kind = 0; kind < N_INTERPRETATION; kind++) {
    if (kind == INTERPRETATION_GRADIENT || !study_needs(study, (enum interpretation_kind)kind)) continue;
    struct routine *routine = schedule_routine(arena, study, (enum interpretation_kind)kind);
    routine_print(routine, out);
    if (kind != INTERPRETATION_LOG_DENSITY) continue;
    struct routine *gradient = adjoint_routine(arena, study), *constants = tune_gradient(gradient);
    if (constants) routine_print(constants, out);
    routine_print(gradient, out);
  }
}
