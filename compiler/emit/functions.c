#include <string.h>

#include "base/arena.h"
#include "compiler/emit/writer.h"

#define MAX_WEIGHT 9 /* operations in one expression: longer ones are broken up */

/* ---- what is used, how often, and where ---- */

static void use_value(struct function_writer *f, const struct value *value, const struct block *block) {
  f->uses[value->id]++;
  if (f->home[value->id] != block) f->far[value->id] = true;
}

static void use_subscripts(struct function_writer *f, const struct memory *memory, const struct subscript *subscripts,
                           const struct block *block) {
  f->memory_used[memory->id] = true;
  for (size_t k = 0; k < memory->n_dim; k++)
    if (subscripts[k].value) use_value(f, subscripts[k].value, block);
}

static void use_arguments(struct function_writer *f, const struct argument *args, size_t n, const struct block *block) {
  for (size_t k = 0; k < n; k++) {
    if (args[k].value) use_value(f, args[k].value, block);
    if (args[k].memory) f->memory_used[args[k].memory->id] = true;
  }
}

static void survey(struct function_writer *f, const struct block *block) {
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    const struct value *value = step->value;
    if (step->kind == STEP_LET) {
      f->home[value->id] = block;
      use_arguments(f, value->args, value->n_arg, block);
      if (value->memory) use_subscripts(f, value->memory, value->subscripts, block);
    } else if (value) {
      use_value(f, value, block);
      if (step->kind == STEP_UPDATE && !step->assign &&
          (step->reduction == REDUCE_MAX || step->reduction == REDUCE_MIN))
        use_value(f, value, block); /* it is named twice */
    }
    if (step->kind == STEP_STORE && value->name && step->memory->name && !strcmp(value->name, step->memory->name))
      f->stored[value->id] = true;
    if (step->kind == STEP_UPDATE) f->cell_updated[step->cell->id] = true;
    if (step->memory) f->memory_used[step->memory->id] = true;
    if (step->work) f->memory_used[step->work->id] = true;
    if (step->kind == STEP_STORE || step->kind == STEP_ADD) use_subscripts(f, step->memory, step->subscripts, block);
    if (step->kind == STEP_CALL) use_arguments(f, step->args, step->n_arg, block);
    if (step->kind == STEP_LOOP) survey(f, step->body);
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c]) survey(f, step->cases[c]);
  }
}

/* ---- lines ---- */

void write_indent(struct function_writer *f) {
  for (size_t k = 0; k < f->depth; k++) floe__text_puts(f->out, "  ");
}

/* Where in the spec the line comes from, the first time. */
static void end_line(struct function_writer *f, const struct value *value) {
  const struct source *source = f->file->study->program->source;
  floe__text_puts(f->out, ";");
  if (value && source && value->span.file == source) {
    size_t line, column;
    source_position(source, value->span.begin, &line, &column);
    if (line <= f->n_line && !f->line_seen[line]) {
      const char *path = strrchr(source->path, '/');
      f->line_seen[line] = true;
      floe__text_puts(f->out, " /* ");
      write_plain(f->out, path ? path + 1 : source->path);
      floe__text_printf(f->out, ":%zu */", line);
    }
  }
  floe__text_puts(f->out, "\n");
}

static const char *name_of_local(struct function_writer *f, const char *name, bool adjoint) {
  struct floe__arena *arena = f->file->arena;
  if (name) return emit_identifier(f->identifiers, adjoint ? floe__arena_printf(arena, "%s_bar", name) : name);
  return emit_identifier(f->identifiers, floe__arena_printf(arena, "t%zu", ++f->n_temporary));
}

static const char *name_of_value(struct function_writer *f, const struct value *value) {
  if (!value->name && value->kind == VALUE_LOAD && value->memory->n_dim && value->subscripts[0].loop) {
    const char *array = f->memory_name[value->memory->id], *index = value->subscripts[0].loop->name;
    return emit_identifier(f->identifiers, floe__arena_printf(f->file->arena, "%s_%s", array, index));
  }
  return name_of_local(f, value->name, value->adjoint);
}

static size_t weight_of(const struct function_writer *f, const struct value *value) {
  size_t weight = 1;
  for (size_t k = 0; k < value->n_arg; k++)
    if (value->args[k].value && f->inlined[value->args[k].value->id]) weight += f->weight[value->args[k].value->id];
  for (size_t k = 0; value->memory && k < value->memory->n_dim; k++)
    if (value->subscripts[k].value && f->inlined[value->subscripts[k].value->id])
      weight += f->weight[value->subscripts[k].value->id];
  return weight;
}

static bool is_inlined(const struct function_writer *f, const struct value *value) {
  if (value->kind == VALUE_READ) return true;
  if (value->kind == VALUE_DRAW || (value->kind == VALUE_LOAD && value->memory->changing)) return false;
  if (call_is_apart(f, value)) return false;
  if (f->inlines && value->kind == VALUE_CALL && lane_symbol(value->symbol))
    return false; /* outside of branches, so that calls share their work */
  if (value->kind == VALUE_LOAD && !value->memory->n_dim) return true; /* `*mu` says more than any name for it */
  return f->uses[value->id] == 1 && !f->far[value->id] && (!value->name || f->stored[value->id]) &&
         f->weight[value->id] <= MAX_WEIGHT;
}

/* A stream of its own for every (unit, site, element); elements of arrays of draws are numbered by their indices. */
static void open_stream(struct function_writer *f, size_t site, size_t n_key, const struct argument *keys) {
  f->uses_draws = true;
  write_indent(f);
  floe__text_printf(f->out, "floe_stream_open(&stream, sampling->seed, sampling->purpose, unit, %zu, ", site);
  const size_t bits = n_key > 1 ? 64 / n_key : 0;
  for (size_t k = 0; k < n_key; k++) {
    const struct value *key = keys[k].value;
    const size_t shift = bits * (n_key - 1 - k);
    if (k) floe__text_puts(f->out, " + ");
    if (shift) floe__text_puts(f->out, "((uint64_t)(");
    if (key->kind == VALUE_INDEX) {
      floe__text_printf(f->out, "%s - 1", f->loop_name[key->loop->id]);
    } else {
      floe__text_puts(f->out, "(uint64_t)");
      write_value(f, key, PREC_ATOM);
      floe__text_puts(f->out, " - 1");
    }
    if (shift) floe__text_printf(f->out, ") << %zu)", shift);
  }
  floe__text_puts(f->out, n_key ? ");\n" : "0);\n");
}

static const char *const types[2][2] = {{"double", "int"}, {"floe_pack", "floe_truths"}};

static void write_let(struct function_writer *f, const struct value *value) {
  f->weight[value->id] = weight_of(f, value);
  f->inlined[value->id] = is_inlined(f, value);
  if (f->inlined[value->id]) return;
  if (value->kind == VALUE_DRAW) open_stream(f, value->site, value->n_key, value->args + value->n_arg - value->n_key);
  if (call_is_apart(f, value)) {
    f->value_name[value->id] = name_of_value(f, value);
    write_chain_by_chain(f, f->value_name[value->id], value->external, value->symbol, value->args, value->n_arg);
    return;
  }
  write_indent(f);
  struct floe__text *out = f->out, expression = {0};
  f->out = &expression; /* the name of the local must not be visible in its own expression */
  write_definition(f, value);
  f->out = out;
  f->value_name[value->id] = name_of_value(f, value);
  floe__text_printf(f->out, "const %s %s = ", types[value_varies(f, value)][value->truth], f->value_name[value->id]);
  floe__text_append(f->out, expression.data, expression.length);
  floe__text_free(&expression);
  end_line(f, value);
}

static void write_cell(struct function_writer *f, const struct step *step) {
  const struct cell *cell = step->cell;
  if (routine_is_guard(f->routine, cell) && !f->cell_updated[cell->id]) return;
  f->cell_name[cell->id] = name_of_local(f, cell->name, cell->adjoint);
  write_indent(f);
  const bool varies = f->packed && f->cell_varies[cell->id];
  floe__text_printf(f->out, "%s %s = ", types[varies][cell->truth], f->cell_name[cell->id]);
  if (varies) floe__text_puts(f->out, cell->truth ? "floe_truths_all(" : "floe_pack_all(");
  if (cell->truth)
    floe__text_puts(f->out, step->number != 0 ? "1" : "0");
  else
    write_number(f->out, step->number);
  floe__text_puts(f->out, varies ? ");\n" : ";\n");
}

/* Adds the negative of a value that stands nowhere else. */
static bool subtracts(const struct function_writer *f, const struct step *step) {
  return !step->assign && step->reduction == REDUCE_SUM && step->value->kind == VALUE_OPERATOR &&
         step->value->op == OP_NEG && f->inlined[step->value->id];
}

static void write_update_of_packs(struct function_writer *f, const struct step *step) {
  static const char *const assignments[] = {" += ", " *= ", " = ", " = ", " &= ", " |= "};
  const char *cell = f->cell_name[step->cell->id];
  const bool picks = !step->assign && (step->reduction == REDUCE_MAX || step->reduction == REDUCE_MIN);
  const bool minus = subtracts(f, step);
  write_indent(f);
  floe__text_printf(f->out, "%s%s", cell, step->assign ? " = " : minus ? " -= " : assignments[step->reduction]);
  if (minus) {
    write_value(f, step->value->args[0].value, PREC_SELECT);
  } else if (picks) {
    floe__text_puts(f->out, "floe_pack_pick((");
    write_pack(f, step->value);
    floe__text_printf(f->out, " %c %s) | (", step->reduction == REDUCE_MAX ? '>' : '<', cell);
    write_pack(f, step->value);
    floe__text_puts(f->out, " != ");
    write_pack(f, step->value);
    floe__text_puts(f->out, "), ");
    write_pack(f, step->value);
    floe__text_printf(f->out, ", %s)", cell);
  } else if (step->cell->truth) {
    write_truths(f, step->value, PREC_OR);
  } else if (step->assign) {
    write_pack(f, step->value);
  } else {
    write_value(f, step->value, PREC_SELECT);
  }
  end_line(f, step->value);
}

static void write_update(struct function_writer *f, const struct step *step) {
  if (f->packed && f->cell_varies[step->cell->id]) {
    write_update_of_packs(f, step);
    return;
  }
  static const char *const assignments[] = {" += ", " *= ", "", "", " &= ", " |= "};
  const char *cell = f->cell_name[step->cell->id];
  write_indent(f);
  bool picks = !step->assign && (step->reduction == REDUCE_MAX || step->reduction == REDUCE_MIN);
  if (picks) {
    floe__text_puts(f->out, "if (");
    write_value(f, step->value, PREC_SUM);
    floe__text_printf(f->out, " %c %s || ", step->reduction == REDUCE_MAX ? '>' : '<', cell);
    write_value(f, step->value, PREC_SUM);
    floe__text_puts(f->out, " != "); /* NaN, which stays */
    write_value(f, step->value, PREC_SUM);
    floe__text_puts(f->out, ") ");
  }
  const bool adds = !step->assign && step->reduction == REDUCE_SUM;
  const bool negative = step->value->kind == VALUE_CONST && step->value->number < 0,
             minus = subtracts(f, step) || (adds && negative);
  floe__text_printf(f->out, "%s%s", cell,
                    step->assign || picks ? " = "
                    : minus               ? " -= "
                                          : assignments[step->reduction]);
  if (minus && negative)
    write_number(f->out, -step->value->number);
  else if (minus)
    write_value(f, step->value->args[0].value, PREC_SELECT);
  else if (step->cell->truth)
    write_truth(f, step->value, PREC_SELECT);
  else
    write_value(f, step->value, PREC_SELECT);
  end_line(f, step->value);
}

static void write_store(struct function_writer *f, const struct step *step) {
  write_indent(f);
  if (step->kind == STEP_ADD && place_is_checked(step->memory, step->subscripts)) {
    const bool packed = memory_varies(f, step->memory);
    const char *own = place_varies(f, step->memory, step->subscripts) ? "floe_pack_add_own" : "floe_pack_add_at";
    f->file->scatters = f->file->gathers = true;
    floe__text_printf(f->out, "%s(%s, ", packed ? own : "add_at", name_of_memory(f, step->memory));
    write_position(f, step->memory, step->subscripts);
    floe__text_puts(f->out, ", ");
    if (packed)
      write_pack(f, step->value);
    else
      write_value(f, step->value, PREC_SELECT);
    floe__text_puts(f->out, ")");
  } else {
    write_place(f, step->memory, step->subscripts);
    floe__text_puts(f->out, step->kind == STEP_ADD ? " += " : " = ");
    if (memory_varies(f, step->memory))
      write_pack(f, step->value);
    else if (step->value->truth)
      write_truth(f, step->value, PREC_SELECT);
    else
      write_value(f, step->value, PREC_SELECT);
  }
  end_line(f, step->value);
}

static void write_array_step(struct function_writer *f, const struct step *step) {
  if (!step->zeroed) return;
  f->file->clears = true;
  write_indent(f);
  floe__text_printf(f->out, "%s(%s, ", memory_varies(f, step->memory) ? "floe_pack_clear" : "clear",
                    name_of_memory(f, step->memory));
  write_extent(f, step->memory);
  floe__text_puts(f->out, ");\n");
}

static void write_call_step(struct function_writer *f, const struct step *step) {
  if (step->adjoint)
    declare_adjoint(f->file, step->external);
  else
    declare_external(f->file, step->external);
  const size_t n = step->external->n_formal;
  const struct argument *args = step->args;
  size_t n_arg = step->n_arg;
  if (step->external->random) { /* the element numbers only open the stream */
    open_stream(f, step->site, step->n_key, args + n);
    struct argument *passed = floe__arena_array(f->file->arena, n + 2, sizeof *passed);
    if (n) memcpy(passed, args, n * sizeof *passed);
    const struct argument result = args[n_arg - 1];
    n_arg = n;
    if (step->work) passed[n_arg++].memory = step->work;
    passed[n_arg++] = result;
    args = passed;
  }
  const char *symbol = step->adjoint ? step->external->adjoint : step->external->symbol;
  if (call_varies(f, step)) {
    if (system_takes_packs(f, step)) write_system_call(f, step); /* and, if that fails: */
    write_chain_by_chain(f, NULL, step->external, symbol, args, n_arg);
    return;
  }
  write_indent(f);
  write_array_call(f, step->external, symbol, args, n_arg);
  floe__text_puts(f->out, ";\n");
}

/* ---- loops and switches ---- */

static void write_block(struct function_writer *f, const struct block *block);

static void write_run(struct function_writer *f, const struct loop *loop, const char *size) {
  const char *first = f->loop_name[loop->id], *last = f->loop_last[loop->id] = emit_identifier(f->identifiers, "last");
  floe__text_printf(f->out, "for (size_t %s = %zu; %s <= %s; %s += %zu) {\n", first, loop->first, first, size, first,
                    loop->run);
  f->depth++;
  write_indent(f);
  f->depth--;
  floe__text_printf(f->out, "const size_t %s = %s - %s < %zu ? %s : %s + %zu;\n", last, size, first, loop->run, size,
                    first, loop->run - 1);
}

static void write_loop(struct function_writer *f, const struct step *step) {
  const struct loop *loop = step->loop;
  const char *size = name_of_size(f, loop->dimension);
  size_t mark = identifiers_enter(f->identifiers);
  const char *plain = loop->run ? "first" : loop->name ? loop->name : "element";
  const char *name = f->loop_name[loop->id] = emit_identifier(f->identifiers, plain);
  f->in_lanes = loop_has_lanes(f, step);
  const bool outside = f->inlines;
  f->inlines = outside || f->in_lanes || loop_is_long(f, step);
  if (f->in_lanes) write_lanes(f, step);
  write_indent(f);
  if (loop->run)
    write_run(f, loop, size);
  else if (step->runs)
    floe__text_printf(f->out, "for (size_t %s = %s; %s <= %s; %s++) {\n", name, f->loop_name[step->runs->id], name,
                      f->loop_last[step->runs->id], name);
  else if (loop->descending)
    floe__text_printf(f->out, "for (size_t %s = %s; %s >= %zu; %s--) {\n", name, size, name, loop->first, name);
  else
    floe__text_printf(f->out, "for (size_t %s = %zu; %s <= %s; %s++) {\n", name, loop->first, name, size, name);
  f->n_around++;
  write_block(f, step->body);
  f->n_around--;
  f->in_lanes = false;
  f->inlines = outside;
  write_indent(f);
  floe__text_puts(f->out, "}\n");
  identifiers_leave(f->identifiers, mark);
}

struct branches {
  size_t n_case, n_group;
  size_t *group;            /* (n_case) which text the case has; n_case: none */
  struct floe__text *texts; /* (n_group) */
};

/* Writes every case apart; equal ones are written once. */
static struct branches write_branches(struct function_writer *f, const struct step *step) {
  struct floe__arena *arena = f->file->arena;
  struct branches b = {step->n_case, 0, floe__arena_array(arena, step->n_case, sizeof *b.group),
                       floe__arena_array(arena, step->n_case, sizeof *b.texts)};
  bool *before = floe__arena_array(arena, f->n_line + 1, sizeof *before),
       *after = floe__arena_array(arena, f->n_line + 1, sizeof *after);
  struct floe__text *out = f->out;
  memcpy(before, f->line_seen, f->n_line + 1);
  for (size_t k = 0; k < step->n_case; k++) {
    b.group[k] = step->n_case;
    if (!step->cases[k]) continue;
    struct floe__text *text = &b.texts[b.n_group];
    memcpy(f->line_seen, before, f->n_line + 1);
    f->out = text;
    write_block(f, step->cases[k]);
    for (size_t line = 0; line <= f->n_line; line++) after[line] = after[line] || f->line_seen[line];
    size_t same = 0;
    while (same < b.n_group &&
           (b.texts[same].length != text->length || memcmp(b.texts[same].data, text->data, text->length)))
      same++;
    if (same == b.n_group)
      b.n_group++;
    else
      floe__text_free(text);
    b.group[k] = same;
  }
  f->out = out;
  memcpy(f->line_seen, step->n_case ? after : before, f->n_line + 1);
  return b;
}

static void write_selector(struct function_writer *f, const struct step *step) {
  if (step->selector == SELECTOR_AXIS) {
    f->uses_universe = true;
    floe__text_printf(f->out, "universe->option[%zu]", step->axis->id);
  } else {
    f->uses_context = true;
    floe__text_puts(f->out, "context->coordinates");
  }
}

static void write_case(struct function_writer *f, const struct step *step, size_t k) {
  static const char *const systems[] = {"FLOE_FAMILY_COORDINATES", "FLOE_UNIVERSE_COORDINATES"};
  if (step->selector == SELECTOR_COORDINATES)
    floe__text_puts(f->out, systems[k]);
  else
    floe__text_printf(f->out, "%zu", k);
}

static void write_label(struct function_writer *f, const struct step *step, size_t k) {
  if (step->selector != SELECTOR_AXIS) return;
  floe__text_puts(f->out, " /* ");
  write_plain(f->out, step->axis->name);
  floe__text_puts(f->out, " = ");
  write_plain(f->out, step->axis->options[k].label);
  floe__text_puts(f->out, " */");
}

static void write_if(struct function_writer *f, const struct step *step, size_t k, const struct floe__text *then,
                     const struct floe__text *otherwise) {
  write_indent(f);
  floe__text_puts(f->out, "if (");
  write_selector(f, step);
  floe__text_puts(f->out, " == ");
  write_case(f, step, k);
  floe__text_puts(f->out, ") {");
  write_label(f, step, k);
  floe__text_puts(f->out, "\n");
  floe__text_append(f->out, then->data, then->length);
  write_indent(f);
  if (otherwise) {
    floe__text_puts(f->out, "} else {");
    write_label(f, step, 1);
    floe__text_puts(f->out, "\n");
    floe__text_append(f->out, otherwise->data, otherwise->length);
    write_indent(f);
  }
  floe__text_puts(f->out, "}\n");
}

static void write_cases(struct function_writer *f, const struct step *step, const struct branches *b) {
  write_indent(f);
  floe__text_puts(f->out, "switch (");
  write_selector(f, step);
  floe__text_puts(f->out, ") {\n");
  for (size_t g = 0; g < b->n_group; g++) {
    size_t left = 0;
    for (size_t k = 0; k < b->n_case; k++) left += b->group[k] == g;
    for (size_t k = 0; k < b->n_case; k++) {
      if (b->group[k] != g) continue;
      write_indent(f);
      floe__text_puts(f->out, "case ");
      write_case(f, step, k);
      floe__text_puts(f->out, --left ? ":" : ": {");
      write_label(f, step, k);
      floe__text_puts(f->out, "\n");
    }
    floe__text_append(f->out, b->texts[g].data, b->texts[g].length);
    write_indent(f);
    floe__text_puts(f->out, "  break;\n");
    write_indent(f);
    floe__text_puts(f->out, "}\n");
  }
  if (step->selector == SELECTOR_AXIS) {
    write_indent(f);
    floe__text_puts(f->out, "default: break;\n");
  }
  write_indent(f);
  floe__text_puts(f->out, "}\n");
}

static void write_drawn(struct function_writer *f, const struct step *step) {
  static const char *const what[] = {"FLOE_DRAW_DATA", "FLOE_DRAW_PARAMETERS", "FLOE_DRAW_PARAMETERS",
                                     "FLOE_DRAW_OBSERVED"};
  write_indent(f);
  floe__text_printf(f->out, "if (sampling->what & %s) {\n", what[step->role]);
  write_block(f, step->cases[0]);
  write_indent(f);
  floe__text_puts(f->out, "}\n");
}

static void write_switch(struct function_writer *f, const struct step *step) {
  if (step->selector == SELECTOR_DRAWN) {
    write_drawn(f, step);
    return;
  }
  struct branches b = write_branches(f, step);
  size_t n_full = 0, first = 0;
  for (size_t k = step->n_case; k-- > 0;)
    if (b.group[k] < b.n_group) n_full++, first = k;
  if (n_full == 1)
    write_if(f, step, first, &b.texts[0], NULL);
  else if (step->n_case == 2 && b.n_group == 2)
    write_if(f, step, 0, &b.texts[0], &b.texts[1]);
  else
    write_cases(f, step, &b);
  for (size_t g = 0; g < b.n_group; g++) floe__text_free(&b.texts[g]);
}

static void write_step(struct function_writer *f, const struct step *step) {
  switch (step->kind) {
    case STEP_LET: write_let(f, step->value); return;
    case STEP_CELL: write_cell(f, step); return;
    case STEP_UPDATE: write_update(f, step); return;
    case STEP_ARRAY: write_array_step(f, step); return;
    case STEP_STORE:
    case STEP_ADD: write_store(f, step); return;
    case STEP_CALL: write_call_step(f, step); return;
    case STEP_LOOP: write_loop(f, step); return;
    case STEP_SWITCH: write_switch(f, step); return;
  }
}

/* Names made in a block end with it: equal blocks are written alike. */
static void write_block(struct function_writer *f, const struct block *block) {
  size_t mark = identifiers_enter(f->identifiers), temporary = f->n_temporary;
  f->depth++;
  for (size_t k = 0; k < block->n_step; k++) write_step(f, block->steps[k]);
  f->depth--;
  f->n_temporary = temporary;
  identifiers_leave(f->identifiers, mark);
}

/* ---- functions ---- */

static struct function_writer *function_new(struct writer *w, const struct routine *routine) {
  struct floe__arena *arena = w->arena;
  struct function_writer *f = floe__arena_alloc(arena, sizeof *f);
  const size_t n = routine->n_value + 1, n_dimension = n_sizes(w->study->program) + 1;
  f->file = w;
  f->routine = routine;
  f->identifiers = identifiers_new(arena);
  f->uses = floe__arena_array(arena, n, sizeof *f->uses);
  f->home = floe__arena_array(arena, n, sizeof *f->home);
  f->far = floe__arena_array(arena, n, sizeof *f->far);
  f->inlined = floe__arena_array(arena, n, sizeof *f->inlined);
  f->stored = floe__arena_array(arena, n, sizeof *f->stored);
  f->weight = floe__arena_array(arena, n, sizeof *f->weight);
  f->value_name = floe__arena_array(arena, n, sizeof *f->value_name);
  f->cell_name = floe__arena_array(arena, routine->n_cell + 1, sizeof *f->cell_name);
  f->cell_updated = floe__arena_array(arena, routine->n_cell + 1, sizeof *f->cell_updated);
  f->memory_name = floe__arena_array(arena, routine->n_memory + 1, sizeof *f->memory_name);
  f->same_memory = floe__arena_array(arena, routine->n_memory + 1, sizeof *f->same_memory);
  f->memory_used = floe__arena_array(arena, routine->n_memory + 1, sizeof *f->memory_used);
  f->loop_name = floe__arena_array(arena, routine->n_loop + 1, sizeof *f->loop_name);
  f->loop_last = floe__arena_array(arena, routine->n_loop + 1, sizeof *f->loop_last);
  f->size_name = floe__arena_array(arena, n_dimension, sizeof *f->size_name);
  f->size_used = floe__arena_array(arena, n_dimension, sizeof *f->size_used);
  f->packed = w->packed && routine->gradient;
  f->varies = floe__arena_array(arena, n, sizeof *f->varies);
  f->cell_varies = floe__arena_array(arena, routine->n_cell + 1, sizeof *f->cell_varies);
  f->scratch_varies = floe__arena_array(arena, routine->n_memory + 1, sizeof *f->scratch_varies);
  f->one_name = floe__arena_array(arena, routine->n_memory + 1, sizeof *f->one_name);
  f->one_cell = floe__arena_array(arena, routine->n_cell + 1, sizeof *f->one_cell);
  f->n_line = w->study->program->source ? w->study->program->source->n_line : 0;
  f->line_seen = floe__arena_array(arena, f->n_line + 1, sizeof *f->line_seen);
  return f;
}

static void reserve_externals(struct function_writer *f, const struct block *block) {
  static const char *const rules[] = {"pow", "log", "sqrt"};
  for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) identifiers_reserve(f->identifiers, rules[k]);
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    if (step->kind == STEP_LET && step->value->symbol) identifiers_reserve(f->identifiers, step->value->symbol);
    if (step->external) identifiers_reserve(f->identifiers, step->external->symbol);
    if (step->external && step->external->system)
      identifiers_reserve(f->identifiers, floe__arena_printf(f->file->arena, "%s_in_packs", step->external->symbol));
    if (step->external && step->external->adjoint) identifiers_reserve(f->identifiers, step->external->adjoint);
    if (step->kind == STEP_LOOP) reserve_externals(f, step->body);
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c]) reserve_externals(f, step->cases[c]);
  }
}

void write_routine(struct writer *w, const struct routine *routine) {
  struct function_writer *f = function_new(w, routine);
  struct floe__text body = {0};
  survey(f, routine->body);
  if (f->packed) packs_survey(f);
  reserve_externals(f, routine->body);
  frame_names(f);
  f->out = &body;
  write_block(f, routine->body);
  f->out = w->out;
  frame_open(f);
  floe__text_append(w->out, body.data, body.length);
  floe__text_free(&body);
  frame_close(f);
  if (f->packed)
    frame_count_packs(f);
  else
    frame_count_scratch(f);
  if (routine->constants) frame_count_constants(f);
  w->draws = w->draws || f->uses_draws;
}
