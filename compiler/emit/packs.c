/* The gradient of several chains in lockstep: the loop program of a gradient with a pack, a number of each chain, in the place
 * of every number that rests on coordinates. Loops, choices of options and what rests on data alone are shared. Functions of
 * arrays, and those that <floe/packs.h> does not have, are called chain by chain. */
#include <string.h>

#include "base/arena.h"
#include "compiler/emit/writer.h"
#include "compiler/program/adjoint.h"
#include "compiler/program/tune.h"

/* ---- what differs between chains ---- */

bool value_varies(const struct function_writer *f, const struct value *value) {
  return f->packed && f->varies[value->id];
}

bool memory_varies(const struct function_writer *f, const struct memory *memory) {
  return f->packed && (memory->kind == MEMORY_COORDINATES || memory->kind == MEMORY_GRADIENT ||
                       (memory->kind == MEMORY_SCRATCH && f->scratch_varies[memory->id]));
}

bool call_varies(const struct function_writer *f, const struct step *step) {
  bool any = false;
  for (size_t k = 0; k < step->n_arg && f->packed && !any; k++) {
    const struct argument *arg = &step->args[k];
    any = arg->cell || (arg->value ? value_varies(f, arg->value) : memory_varies(f, arg->memory));
  }
  return any;
}

static bool rests_on_chain(const struct function_writer *f, const struct value *value) {
  if (value->cell && f->cell_varies[value->cell->id]) return true;
  if (value->memory && (memory_varies(f, value->memory) || place_varies(f, value->memory, value->subscripts)))
    return true;
  for (size_t k = 0; k < value->n_arg; k++) {
    const struct argument *arg = &value->args[k];
    if (arg->value ? value_varies(f, arg->value) : arg->memory && memory_varies(f, arg->memory)) return true;
  }
  return false;
}

static bool mark(bool *flag, bool holds) {
  const bool changed = holds && !*flag;
  *flag = *flag || holds;
  return changed;
}

/* What the call writes to stands behind its arguments; of an adjoint, behind the result and the adjoint of that as well. */
static bool mark_results(struct function_writer *f, const struct step *step) {
  bool changed = false;
  for (size_t k = step->external->n_formal + (step->adjoint ? 2 : 0); k < step->n_arg; k++) {
    const struct argument *arg = &step->args[k];
    if (arg->cell) changed |= mark(&f->cell_varies[arg->cell->id], true);
    if (arg->memory) changed |= mark(&f->scratch_varies[arg->memory->id], true);
  }
  return changed;
}

static bool survey_block(struct function_writer *f, const struct block *block) {
  bool changed = false;
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    if (step->kind == STEP_LET) changed |= mark(&f->varies[step->value->id], rests_on_chain(f, step->value));
    if (step->kind == STEP_UPDATE) changed |= mark(&f->cell_varies[step->cell->id], value_varies(f, step->value));
    if (step->kind == STEP_STORE || step->kind == STEP_ADD)
      changed |= mark(&f->scratch_varies[step->memory->id],
                      value_varies(f, step->value) || place_varies(f, step->memory, step->subscripts));
    if (step->kind == STEP_CALL && call_varies(f, step)) changed |= mark_results(f, step);
    if (step->kind == STEP_LOOP) changed |= survey_block(f, step->body);
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c]) changed |= survey_block(f, step->cases[c]);
  }
  return changed;
}

void packs_survey(struct function_writer *f) {
  for (size_t tag = 0; tag < N_TAG; tag++)
    f->cell_varies[f->routine->term[tag]->id] = f->cell_varies[f->routine->supported[tag]->id] = true;
  while (survey_block(f, f->routine->body)) { /* cells are read above the line that updates them */
  }
}

/* ---- values ---- */

void write_pack(struct function_writer *f, const struct value *value) {
  const bool varies = value_varies(f, value);
  if (!varies) floe__text_puts(f->out, "floe_pack_all(");
  write_value(f, value, PREC_SELECT);
  if (!varies) floe__text_puts(f->out, ")");
}

void write_truths(struct function_writer *f, const struct value *value, enum precedence least) {
  if (value_varies(f, value)) {
    write_truth(f, value, least);
    return;
  }
  floe__text_puts(f->out, "floe_truths_all(");
  write_truth(f, value, PREC_SELECT);
  floe__text_puts(f->out, ")");
}

/* Where a function is called with it, or a name given to it; elsewhere `-` lets the C compiler subtract. */
bool is_negative_of_packs(const struct function_writer *f, const struct value *value) {
  return value->kind == VALUE_OPERATOR && value->op == OP_NEG && value_varies(f, value);
}

void write_negative_of_packs(struct function_writer *f, const struct value *value) {
  floe__text_puts(f->out, "floe_pack_minus(");
  write_pack(f, value->args[0].value);
  floe__text_puts(f->out, ")");
}

/* ---- calls ---- */

bool call_is_apart(const struct function_writer *f, const struct value *value) {
  if (value->kind != VALUE_CALL || !value_varies(f, value)) return false;
  for (size_t k = 0; k < value->n_arg; k++)
    if (value->args[k].memory) return true;
  return false;
}

void write_call_of_packs(struct function_writer *f, const struct value *value) {
  const char *symbol = pack_symbol(value->symbol);
  if (!symbol) {
    if (value->external)
      declare_external(f->file, value->external);
    else
      declare_scalar(f->file, value->symbol, value->n_arg);
    declare_each(f->file, value->symbol, value->n_arg);
    symbol = floe__arena_printf(f->file->arena, "floe_each_%s", value->symbol);
  }
  floe__text_printf(f->out, "%s%s(", value->truth ? "(" : "", symbol);
  for (size_t k = 0; k < value->n_arg; k++) {
    const struct value *arg = value->args[k].value;
    if (k) floe__text_puts(f->out, ", ");
    if (is_negative_of_packs(f, arg) && f->inlined[arg->id])
      write_negative_of_packs(f, arg);
    else
      write_pack(f, arg);
  }
  floe__text_puts(f->out, value->truth ? ") != 0)" : ")");
}

/* The first of the arguments that is this array. */
static bool is_first(const struct argument *args, size_t k) {
  for (size_t before = 0; before < k; before++)
    if (args[before].memory == args[k].memory) return false;
  return true;
}

static void move_array(struct function_writer *f, const char *function, const struct memory *memory) {
  write_indent(f);
  floe__text_printf(f->out, "%s(%s, ", function, name_of_memory(f, memory));
  write_extent(f, memory);
  floe__text_printf(f->out, ", chain, %s);\n", f->one_name[memory->id]);
}

/* Numbers of the chain into arrays and cells of its own. */
static void take(struct function_writer *f, const struct argument *args, size_t n_arg) {
  for (size_t k = 0; k < n_arg; k++) {
    const struct memory *memory = args[k].memory;
    if (args[k].cell) {
      const char *cell = f->cell_name[args[k].cell->id];
      f->one_cell[args[k].cell->id] =
          emit_identifier(f->identifiers, floe__arena_printf(f->file->arena, "%s_one", cell));
      write_indent(f);
      floe__text_printf(f->out, "double %s = %s[chain];\n", f->one_cell[args[k].cell->id], cell);
    }
    if (!memory || !memory_varies(f, memory) || !is_first(args, k)) continue;
    if (!f->one_name[memory->id])
      f->one_name[memory->id] =
          emit_identifier(f->identifiers, floe__arena_printf(f->file->arena, "%s_one", f->memory_name[memory->id]));
    move_array(f, "floe_pack_take", memory);
  }
}

static void give(struct function_writer *f, const struct argument *args, size_t n_arg) {
  for (size_t k = 0; k < n_arg; k++) {
    const struct memory *memory = args[k].memory;
    if (args[k].cell) {
      write_indent(f);
      floe__text_printf(f->out, "%s[chain] = %s;\n", f->cell_name[args[k].cell->id], f->one_cell[args[k].cell->id]);
    }
    if (memory && memory_varies(f, memory) && memory->kind != MEMORY_COORDINATES && is_first(args, k))
      move_array(f, "floe_pack_give", memory);
  }
}

void write_chain_by_chain(struct function_writer *f, const char *result, const struct external *external,
                          const char *symbol, const struct argument *args, size_t n_arg) {
  const size_t n_given = result ? 0 : n_arg; /* a value leaves its arguments alone */
  declare_external(f->file, external);
  if (result) {
    write_indent(f);
    floe__text_printf(f->out, "floe_pack %s = {0};\n", result);
  }
  write_indent(f);
  floe__text_puts(f->out, "for (size_t chain = 0; chain < FLOE_PACK; chain++) {\n");
  const size_t mark = identifiers_enter(f->identifiers);
  f->depth++;
  take(f, args, n_arg);
  write_indent(f);
  if (result) floe__text_printf(f->out, "%s[chain] = ", result);
  f->one_chain = true;
  write_array_call(f, external, symbol, args, n_arg);
  f->one_chain = false;
  floe__text_puts(f->out, ";\n");
  give(f, args, n_given);
  f->depth--;
  identifiers_leave(f->identifiers, mark);
  write_indent(f);
  floe__text_puts(f->out, "}\n");
}

/* ---- systems of differential equations ---- */

enum {
  TIME,
  START,
  TOLERANCE = 3,
  STATES
}; /* arguments: then parameters, the solution; of the adjoint, that of each too */

bool system_takes_packs(const struct function_writer *f, const struct step *step) {
  const struct system *system = step->external->system;
  if (!system || !system_is_small(system) || memory_varies(f, step->args[TIME].memory)) return false;
  for (size_t k = START; k <= TOLERANCE; k++)
    if (value_varies(f, step->args[k].value)) return false;
  return true;
}

static void write_packs(struct function_writer *f, const struct argument *args, size_t n) {
  floe__text_puts(f->out, n ? ", (const floe_pack[]){" : ", NULL");
  for (size_t k = 0; k < n; k++) {
    if (k) floe__text_puts(f->out, ", ");
    write_pack(f, args[k].value);
  }
  if (n) floe__text_puts(f->out, "}");
}

void write_system_call(struct function_writer *f, const struct step *step) {
  const struct system *system = step->external->system;
  const struct argument *args = step->args;
  const size_t n = system->n_state + system->n_parameter, solution = STATES + n, bars = solution + 2 + STATES;
  declare_system_of_packs(f->file, step->external);
  write_indent(f);
  floe__text_printf(f->out, "if (!%s_in_packs(%s, %s", step->external->symbol,
                    name_of_size(f, args[TIME].memory->dim[0]), name_of_memory(f, args[TIME].memory));
  for (size_t k = START; k <= TOLERANCE; k++) {
    floe__text_puts(f->out, ", ");
    write_value(f, args[k].value, PREC_SELECT);
  }
  write_packs(f, args + STATES, system->n_state);
  write_packs(f, args + STATES + system->n_state, system->n_parameter);
  if (!step->adjoint) {
    floe__text_printf(f->out, ", %s, NULL, NULL))\n", name_of_memory(f, args[solution].memory));
    return;
  }
  floe__text_printf(f->out, ", NULL, %s, (floe_pack *const[]){", name_of_memory(f, args[solution + 1].memory));
  for (size_t k = 0; k < n; k++)
    floe__text_printf(f->out, "%s&%s", k ? ", " : "", f->cell_name[args[bars + k].cell->id]);
  floe__text_puts(f->out, "}))\n");
}

/* ---- whether it pays ---- */

/* Functions of matrices take most of such a gradient's time; called chain by chain they gain nothing, and moving their numbers
 * costs. */
static bool is_large(const struct memory *memory) {
  const size_t least = 64; /* elements */
  if (!memory || memory->n_dim < 2) return false;
  const double rows = (double)memory->dim[memory->n_dim - 2]->high,
               columns = (double)memory->dim[memory->n_dim - 1]->high;
  return rows * columns > (double)least;
}

static bool takes_large(const struct argument *args, size_t n_arg) {
  for (size_t k = 0; k < n_arg; k++)
    if (is_large(args[k].memory)) return true;
  return false;
}

static bool calls_with_matrices(const struct block *block) {
  bool any = false;
  for (size_t k = 0; k < block->n_step && !any; k++) {
    const struct step *step = block->steps[k];
    any =
        step->kind == STEP_LET && step->value->kind == VALUE_CALL && takes_large(step->value->args, step->value->n_arg);
    const struct system *system = step->kind == STEP_CALL ? step->external->system : NULL;
    any = any ||
          (step->kind == STEP_CALL && !(system && system_is_small(system)) && takes_large(step->args, step->n_arg));
    any = any || (step->kind == STEP_LOOP && calls_with_matrices(step->body));
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case && !any; c++)
      any = step->cases[c] && calls_with_matrices(step->cases[c]);
  }
  return any;
}

/* ---- the piece of the file ---- */

static const char entry[] =
    "static void gradient_in_lockstep(const struct floe_context *context, const double *coordinates, double *log_density,\n"
    "                                 double *slopes, double *scratch) {\n"
    "  *(floe_pack *)log_density =\n"
    "      gradient_of_packs(context, (const floe_pack *)coordinates, (floe_pack *)slopes, scratch);\n"
    "}\n\n";

void write_lockstep(struct writer *w, struct floe__text *out) {
  struct floe__text body = {0}, *outside = w->out;
  const bool gathers = w->gathers;
  struct routine *gradient = adjoint_routine(w->arena, w->study);
  if (calls_with_matrices(gradient->body)) {
    floe__text_puts(out, "#define LOCKSTEP NULL /* it would gain nothing */\n\n");
    return;
  }
  w->out = &body;
  w->packed = true;
  w->prototypes.text.length = 0;
  struct routine *constants = tune_packs(gradient);
  if (constants) write_routine(w, constants);
  write_routine(w, gradient);
  w->packed = false;
  w->out = outside;
  floe__text_puts(out, "/* ---- several chains in lockstep ---- */\n\n#include <floe/packs.h>\n\n#if FLOE_PACK\n");
  if (w->prototypes.text.length) {
    floe__text_append(out, w->prototypes.text.data, w->prototypes.text.length);
    floe__text_puts(out, "\n");
  }
  if (w->gathers && !gathers) write_inside(out);
  if (w->each.length) floe__text_append(out, w->each.data, w->each.length);
  floe__text_append(out, body.data, body.length);
  floe__text_puts(out, entry);
  floe__text_printf(
      out,
      "static const struct floe_lockstep lockstep = {FLOE_PACK, scratch_size_of_packs, %s, %s, gradient_in_lockstep};\n"
      "#define LOCKSTEP &lockstep\n#else\n#define LOCKSTEP NULL\n#endif\n\n",
      constants ? "constants_size_of_packs" : "NULL", constants ? "constants_of_packs" : "NULL");
  floe__text_free(&body);
  floe__text_free(&w->each);
}
