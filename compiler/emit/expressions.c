#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compiler/emit/writer.h"

void write_number(struct floe__text *out, double number) {
  char text[40];
  if (isnan(number)) {
    floe__text_puts(out, "NAN");
  } else if (isinf(number)) {
    floe__text_puts(out, number < 0 ? "-INFINITY" : "INFINITY");
  } else {
    for (int digits = 15; digits <= 17; digits++) {
      snprintf(text, sizeof text, "%.*g", digits, number);
      if (strtod(text, NULL) == number) break;
    }
    floe__text_puts(out, text);
    bool integer = true;
    for (const char *c = text; *c; c++) integer = integer && *c != '.' && *c != 'e';
    if (integer) floe__text_puts(out, ".0");
  }
}

static void open_bracket(struct function_writer *f, enum precedence own, enum precedence least) {
  if (own < least) floe__text_puts(f->out, "(");
}

static void close_bracket(struct function_writer *f, enum precedence own, enum precedence least) {
  if (own < least) floe__text_puts(f->out, ")");
}

/* ---- places in memory ---- */

bool place_is_checked(const struct memory *memory, const struct subscript *subscripts) {
  for (size_t k = 0; k < memory->n_dim; k++)
    if (subscripts[k].value) return true;
  return false;
}

bool place_varies(const struct function_writer *f, const struct memory *memory, const struct subscript *subscripts) {
  for (size_t k = 0; k < memory->n_dim; k++)
    if (subscripts[k].value && value_varies(f, subscripts[k].value)) return true;
  return false;
}

/* The element's number from 0, as a sum: `school - 1`. */
static void write_subscript(struct function_writer *f, const struct subscript *subscript) {
  const long shift = subscript->shift - 1;
  if (!subscript->loop) {
    floe__text_printf(f->out, "%ld", shift);
    return;
  }
  floe__text_puts(f->out, f->loop_name[subscript->loop->id]);
  if (shift) floe__text_printf(f->out, " %c %ld", shift < 0 ? '-' : '+', labs(shift));
}

static bool is_sum(const struct subscript *subscript) {
  return subscript->loop && subscript->shift != 1;
}

static void write_unchecked(struct function_writer *f, const struct memory *memory,
                            const struct subscript *subscripts) {
  for (size_t k = 0; k + 2 < memory->n_dim; k++) floe__text_puts(f->out, "(");
  for (size_t k = 0; k < memory->n_dim; k++) {
    bool last = k + 1 == memory->n_dim, bracket = k == 0 && !last && is_sum(&subscripts[0]);
    if (bracket) floe__text_puts(f->out, "(");
    write_subscript(f, &subscripts[k]);
    if (bracket || (k && !last)) floe__text_puts(f->out, ")");
    if (!last) floe__text_printf(f->out, " * %s + ", name_of_size(f, memory->dim[k + 1]));
  }
}

/* The element's number from 0 as a double, one per chain where that varies; NaN if it is outside. */
void write_position(struct function_writer *f, const struct memory *memory, const struct subscript *subscripts) {
  for (size_t k = 0; k + 2 < memory->n_dim; k++) floe__text_puts(f->out, "(");
  for (size_t k = 0; k < memory->n_dim; k++) {
    bool last = k + 1 == memory->n_dim;
    if (subscripts[k].value) {
      floe__text_puts(f->out, value_varies(f, subscripts[k].value) ? "floe_pack_inside(" : "inside(");
      write_value(f, subscripts[k].value, PREC_SELECT);
      floe__text_printf(f->out, ", %s)", name_of_size(f, memory->dim[k]));
    } else {
      floe__text_puts(f->out, "(double)(");
      write_subscript(f, &subscripts[k]);
      floe__text_puts(f->out, ")");
    }
    if (k && !last) floe__text_puts(f->out, ")");
    if (!last) floe__text_printf(f->out, " * (double)%s + ", name_of_size(f, memory->dim[k + 1]));
  }
}

void write_place(struct function_writer *f, const struct memory *memory, const struct subscript *subscripts) {
  const char *name = name_of_memory(f, memory);
  if (memory->n_dim == 0) {
    floe__text_printf(f->out, "*%s", name);
  } else if (place_is_checked(memory, subscripts)) {
    static const char *const readers[2][2] = {{"at", "floe_pack_from"}, {"floe_pack_at", "floe_pack_own"}};
    f->file->gathers = true;
    floe__text_printf(f->out, "%s(%s, ", readers[memory_varies(f, memory)][place_varies(f, memory, subscripts)], name);
    write_position(f, memory, subscripts);
    floe__text_puts(f->out, ")");
  } else {
    floe__text_printf(f->out, "%s[", name);
    write_unchecked(f, memory, subscripts);
    floe__text_puts(f->out, "]");
  }
}

/* What a simulator's own arrays take, by its sizes. */
static void write_work(struct function_writer *f, const struct memory *memory) {
  floe__text_printf(f->out, "%s_work(", memory->work->symbol);
  for (size_t k = 0; k < memory->n_dim; k++)
    floe__text_printf(f->out, "%s%s", k ? ", " : "", name_of_size(f, memory->dim[k]));
  floe__text_puts(f->out, ")");
}

void write_extent(struct function_writer *f, const struct memory *memory) {
  if (memory->work) {
    write_work(f, memory);
    return;
  }
  if (!memory->n_dim) floe__text_puts(f->out, "1");
  for (size_t k = 0; k < memory->n_dim; k++) {
    const char *size = name_of_size(f, memory->dim[k]);
    if (k) floe__text_puts(f->out, " * ");
    if (memory->least > memory->dim[k]->low)
      floe__text_printf(f->out, "(%s > %zu ? %s : %zu)", size, memory->least, size, memory->least);
    else
      floe__text_puts(f->out, size);
  }
}

/* ---- calls ---- */

/* For a function of numbers, in a loop over chains. */
static void write_argument_of_chain(struct function_writer *f, const struct argument *arg) {
  if (arg->value) {
    const bool varies = value_varies(f, arg->value);
    if (varies) floe__text_puts(f->out, "(");
    f->one_chain = false; /* what stands in it is of packs again */
    write_value(f, arg->value, PREC_SELECT);
    f->one_chain = true;
    if (varies) floe__text_puts(f->out, ")[chain]");
  } else if (arg->memory) {
    floe__text_puts(f->out, memory_varies(f, arg->memory) ? f->one_name[arg->memory->id] : name_of_memory(f, arg->memory));
  } else {
    floe__text_printf(f->out, "&%s", f->one_cell[arg->cell->id]);
  }
}

static void write_argument(struct function_writer *f, const struct argument *arg) {
  if (f->one_chain)
    write_argument_of_chain(f, arg);
  else if (arg->value)
    write_value(f, arg->value, PREC_SELECT);
  else if (arg->memory)
    floe__text_puts(f->out, name_of_memory(f, arg->memory));
  else
    floe__text_printf(f->out, "&%s", f->cell_name[arg->cell->id]);
}

/* Sizes of the formal dimensions, as the arguments have them; then the arguments. */
void write_array_call(struct function_writer *f, const struct external *external, const char *symbol,
                      const struct argument *args, size_t n_arg) {
  const struct dimension *sizes[MAX_FORMAL_SIZES];
  size_t n_size = formal_sizes(external, sizes), n = 0;
  floe__text_printf(f->out, "%s(", symbol);
  if (external->random) floe__text_puts(f->out, "&stream"), n++;
  for (size_t i = 0; i < n_size; i++) {
    size_t argument, dimension;
    place_of_size(external, sizes[i], &argument, &dimension);
    floe__text_printf(f->out, "%s%s", n++ ? ", " : "", name_of_size(f, args[argument].memory->dim[dimension]));
  }
  for (size_t k = 0; k < n_arg; k++) {
    if (n++) floe__text_puts(f->out, ", ");
    write_argument(f, &args[k]);
  }
  floe__text_puts(f->out, ")");
}

static void write_lane_call(struct function_writer *f, const char *symbol, const struct value *value) {
  f->file->lanes = true;
  floe__text_printf(f->out, "%s(", symbol);
  for (size_t k = 0; k < value->n_arg; k++) {
    if (k) floe__text_puts(f->out, ", ");
    write_argument(f, &value->args[k]);
  }
  floe__text_puts(f->out, ")");
}

static void write_call(struct function_writer *f, const struct value *value) {
  size_t n = value->n_arg - value->n_key;
  if (value_varies(f, value) && !f->one_chain) {
    write_call_of_packs(f, value);
    return;
  }
  if (f->inlines && lane_symbol(value->symbol)) {
    write_lane_call(f, lane_symbol(value->symbol), value);
    return;
  }
  if (value->external) {
    if (value->kind == VALUE_CALL)
      declare_external(f->file, value->external);
    else if (value->external->simulator)
      declare_external(f->file, value->external);
    else
      for (size_t k = 0; k < n; k++)
        if (value->args[k].memory) declare_external(f->file, value->external);
    write_array_call(f, value->external, value->symbol, value->args, n);
    return;
  }
  declare_scalar(f->file, value->symbol, n);
  floe__text_printf(f->out, "%s(", value->symbol);
  for (size_t k = 0; k < n; k++) {
    if (k) floe__text_puts(f->out, ", ");
    write_argument(f, &value->args[k]);
  }
  floe__text_puts(f->out, ")");
}

/* ---- operators ---- */

struct spelling {
  const char *text;
  enum precedence own, left, right;
};

/* Comparisons of comparisons, and `and` within `or`, get brackets that C does not need and readers do. */
static const struct spelling spellings[] = {
    [OP_ADD] = {" + ", PREC_SUM, PREC_SUM, PREC_SUM},
    [OP_SUB] = {" - ", PREC_SUM, PREC_SUM, PREC_PRODUCT},
    [OP_MUL] = {" * ", PREC_PRODUCT, PREC_PRODUCT, PREC_UNARY},
    [OP_DIV] = {" / ", PREC_PRODUCT, PREC_PRODUCT, PREC_UNARY},
    [OP_LT] = {" < ", PREC_LESS, PREC_SUM, PREC_SUM},
    [OP_LE] = {" <= ", PREC_LESS, PREC_SUM, PREC_SUM},
    [OP_GT] = {" > ", PREC_LESS, PREC_SUM, PREC_SUM},
    [OP_GE] = {" >= ", PREC_LESS, PREC_SUM, PREC_SUM},
    [OP_EQ] = {" == ", PREC_EQUAL, PREC_SUM, PREC_SUM},
    [OP_NE] = {" != ", PREC_EQUAL, PREC_SUM, PREC_SUM},
    [OP_AND] = {" && ", PREC_AND, PREC_EQUAL, PREC_EQUAL},
    [OP_OR] = {" || ", PREC_OR, PREC_EQUAL, PREC_EQUAL},
};

static void write_power(struct function_writer *f, const struct value *value) {
  const bool varies = value_varies(f, value);
  declare_scalar(f->file, "pow", 2);
  if (varies) declare_each(f->file, "pow", 2);
  floe__text_puts(f->out, varies ? "floe_each_pow(" : "pow(");
  for (size_t k = 0; k < 2; k++) {
    if (k) floe__text_puts(f->out, ", ");
    if (varies)
      write_pack(f, value->args[k].value);
    else
      write_value(f, value->args[k].value, PREC_SELECT);
  }
  floe__text_puts(f->out, ")");
}

static void write_logic_of_packs(struct function_writer *f, const struct value *value) {
  floe__text_puts(f->out, "(");
  write_truths(f, value->args[0].value, PREC_ATOM);
  floe__text_puts(f->out, value->op == OP_AND ? " & " : " | ");
  write_truths(f, value->args[1].value, PREC_ATOM);
  floe__text_puts(f->out, ")");
}

static void write_operator(struct function_writer *f, const struct value *value, enum precedence least) {
  if (value->op == OP_POW) {
    write_power(f, value);
  } else if (value->op == OP_NEG) {
    open_bracket(f, PREC_UNARY, least);
    floe__text_puts(f->out, "-");
    write_value(f, value->args[0].value, PREC_ATOM);
    close_bracket(f, PREC_UNARY, least);
  } else if (value->op == OP_NOT) {
    floe__text_puts(f->out, value_varies(f, value) ? "~" : "!");
    write_truth(f, value->args[0].value, PREC_ATOM);
  } else if ((value->op == OP_AND || value->op == OP_OR) && value_varies(f, value)) {
    write_logic_of_packs(f, value);
  } else {
    const struct spelling *s = &spellings[value->op];
    bool logical = value->op == OP_AND || value->op == OP_OR;
    open_bracket(f, s->own, least);
    if (logical)
      write_truth(f, value->args[0].value, s->left);
    else
      write_value(f, value->args[0].value, s->left);
    floe__text_puts(f->out, s->text);
    if (logical)
      write_truth(f, value->args[1].value, s->right);
    else
      write_value(f, value->args[1].value, s->right);
    close_bracket(f, s->own, least);
  }
}

static void write_side(struct function_writer *f, const struct value *value, const struct value *side) {
  if (value->truth && value_varies(f, value))
    write_truths(f, side, PREC_OR);
  else if (value->truth)
    write_truth(f, side, PREC_OR);
  else if (value_varies(f, value))
    write_pack(f, side);
  else
    write_value(f, side, PREC_OR);
}

static void write_pick(struct function_writer *f, const struct value *value) {
  floe__text_puts(f->out, value->truth ? "floe_truths_pick(" : "floe_pack_pick(");
  write_truth(f, value->args[0].value, PREC_SELECT);
  for (size_t k = 1; k < 3; k++) {
    floe__text_puts(f->out, ", ");
    write_side(f, value, value->args[k].value);
  }
  floe__text_puts(f->out, ")");
}

static void write_select(struct function_writer *f, const struct value *value, enum precedence least) {
  if (value_varies(f, value->args[0].value)) {
    write_pick(f, value);
    return;
  }
  open_bracket(f, PREC_SELECT, least);
  write_truth(f, value->args[0].value, PREC_OR);
  floe__text_puts(f->out, " ? ");
  for (size_t k = 1; k < 3; k++) {
    write_side(f, value, value->args[k].value);
    if (k == 1) floe__text_puts(f->out, " : ");
  }
  close_bracket(f, PREC_SELECT, least);
}

static void write_load(struct function_writer *f, const struct value *value) {
  const bool truths = value->truth && value_varies(f, value); /* in memory they are numbers */
  if (truths) floe__text_puts(f->out, "(");
  write_place(f, value->memory, value->subscripts);
  if (truths) floe__text_puts(f->out, " != 0)");
}

static void write_any(struct function_writer *f, const struct value *value, enum precedence least) {
  switch (value->kind) {
    case VALUE_CONST:
      open_bracket(f, value->number < 0 ? PREC_UNARY : PREC_ATOM, least);
      write_number(f->out, value->number);
      close_bracket(f, value->number < 0 ? PREC_UNARY : PREC_ATOM, least);
      return;
    case VALUE_INDEX:
      f->file->lanes = f->file->lanes || f->in_lanes;
      floe__text_printf(f->out, f->in_lanes ? "floe_lane_number(%s)" : "(double)%s", f->loop_name[value->loop->id]);
      return;
    case VALUE_SIZE: floe__text_printf(f->out, "(double)%s", name_of_size(f, value->dimension)); return;
    case VALUE_AXIS:
      f->uses_universe = true;
      floe__text_printf(f->out, "universe->value[%zu]", value->axis->id);
      return;
    case VALUE_OPTION:
      f->uses_universe = true;
      open_bracket(f, PREC_EQUAL, least);
      floe__text_printf(f->out, "universe->option[%zu] == %.0f /* ", value->axis->id, value->number);
      write_plain(f->out, value->axis->options[(size_t)value->number].label);
      floe__text_puts(f->out, " */");
      close_bracket(f, PREC_EQUAL, least);
      return;
    case VALUE_OPERATOR: write_operator(f, value, least); return;
    case VALUE_SELECT: write_select(f, value, least); return;
    case VALUE_CALL:
    case VALUE_DRAW: write_call(f, value); return;
    case VALUE_LOAD: write_load(f, value); return;
    case VALUE_READ: floe__text_puts(f->out, f->cell_name[value->cell->id]); return;
  }
}

void write_definition(struct function_writer *f, const struct value *value) {
  if (is_negative_of_packs(f, value))
    write_negative_of_packs(f, value);
  else
    write_any(f, value, PREC_SELECT);
}

static bool is_local(const struct function_writer *f, const struct value *value) {
  return value->kind >= VALUE_OPERATOR && !f->inlined[value->id];
}

/* As a number. */
void write_value(struct function_writer *f, const struct value *value, enum precedence least) {
  if (value->truth && value_varies(f, value)) {
    floe__text_puts(f->out, "floe_pack_number(");
    write_truth(f, value, PREC_SELECT);
    floe__text_puts(f->out, ")");
  } else if (value->truth && value->kind != VALUE_CONST) { /* sums of truth values are sums of doubles */
    open_bracket(f, PREC_UNARY, least);
    floe__text_puts(f->out, "(double)");
    if (is_local(f, value))
      floe__text_puts(f->out, f->value_name[value->id]);
    else
      write_any(f, value, PREC_ATOM);
    close_bracket(f, PREC_UNARY, least);
  } else if (is_local(f, value)) {
    floe__text_puts(f->out, f->value_name[value->id]);
  } else {
    write_any(f, value, least);
  }
}

/* As a truth value. */
void write_truth(struct function_writer *f, const struct value *value, enum precedence least) {
  if (value->kind == VALUE_CONST) {
    floe__text_puts(f->out, value->number != 0 ? "1" : "0");
  } else if (value->truth) {
    if (is_local(f, value))
      floe__text_puts(f->out, f->value_name[value->id]);
    else
      write_any(f, value, least);
  } else {
    open_bracket(f, PREC_EQUAL, least);
    write_value(f, value, PREC_SUM);
    floe__text_puts(f->out, " != 0");
    close_bracket(f, PREC_EQUAL, least);
  }
}
