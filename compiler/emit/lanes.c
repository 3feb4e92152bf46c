#include <string.h>

#include "compiler/emit/writer.h"

#define LONG 200  /* elements: in such a loop inlined functions pay even where it does not run in lanes */
#define FEWEST 20 /* a dimension that never has more elements than this gains less than the C compiler takes for it */

/* What <floe/lanes.h> has. */
static const struct lane_function {
  const char *symbol, *lane, *pack;
} lane_functions[] = {
    {"exp", "floe_lane_exp", "floe_pack_exp"},
    {"log", "floe_lane_log", "floe_pack_log"},
    {"log1p", "floe_lane_log1p", "floe_pack_log1p"},
    {"floe_log1p_exp", "floe_lane_log1p_exp", "floe_pack_log1p_exp"},
    {"floe_exp_below", "floe_lane_exp_below", "floe_pack_exp_below"},
    {"floe_inv_logit", "floe_lane_inv_logit", "floe_pack_inv_logit"},
    {"floe_xlogy", "floe_lane_xlogy", "floe_pack_xlogy"},
    {"floe_xlog1py", "floe_lane_xlog1py", "floe_pack_xlog1py"},
    {"sqrt", "__builtin_sqrt", "floe_pack_sqrt"},
};

static const struct lane_function *find(const char *symbol) {
  for (size_t k = 0; k < sizeof lane_functions / sizeof *lane_functions; k++)
    if (!strcmp(symbol, lane_functions[k].symbol)) return &lane_functions[k];
  return NULL;
}

const char *lane_symbol(const char *symbol) {
  const struct lane_function *function = find(symbol);
  return function ? function->lane : NULL;
}

const char *pack_symbol(const char *symbol) {
  const struct lane_function *function = find(symbol);
  return function ? function->pack : NULL;
}

/* Clauses of `reduction`; NULL: such updates do not run in lanes. */
static const char *const reductions[] = {[REDUCE_SUM] = "+",  [REDUCE_PRODUCT] = "*", [REDUCE_MAX] = NULL,
                                         [REDUCE_MIN] = NULL, [REDUCE_ALL] = "&",     [REDUCE_ANY] = "|"};

static bool same_element(const struct memory *memory, const struct subscript *a, const struct subscript *b) {
  for (size_t k = 0; k < memory->n_dim; k++)
    if (a[k].loop != b[k].loop || a[k].value != b[k].value || a[k].shift != b[k].shift) return false;
  return true;
}

/* Each pass writes an element of its own. */
static bool is_own_element(const struct step *loop, const struct step *store) {
  for (size_t k = 0; k < store->memory->n_dim; k++)
    if (store->subscripts[k].value) return false;
  for (size_t k = 0; k < store->memory->n_dim; k++)
    if (store->subscripts[k].loop == loop->loop) return true;
  return false;
}

/* Nothing in the loop touches another element of what the step writes. */
static bool is_alone(const struct step *loop, const struct step *store) {
  for (size_t k = 0; k < loop->body->n_step; k++) {
    const struct step *other = loop->body->steps[k];
    const bool load = other->kind == STEP_LET && other->value->kind == VALUE_LOAD,
               writes = other->kind == STEP_STORE || other->kind == STEP_ADD;
    const struct memory *memory = load ? other->value->memory : writes ? other->memory : NULL;
    const struct subscript *subscripts = load ? other->value->subscripts : other->subscripts;
    if (memory == store->memory && !same_element(memory, subscripts, store->subscripts)) return false;
  }
  return true;
}

static bool is_updated(const struct step *loop, const struct cell *cell) {
  for (size_t k = 0; k < loop->body->n_step; k++)
    if (loop->body->steps[k]->kind == STEP_UPDATE && loop->body->steps[k]->cell == cell) return true;
  return false;
}

/* A cell is reduced in one way only. */
static bool reduces(const struct step *loop, const struct step *update) {
  if (update->assign || !reductions[update->reduction]) return false;
  for (size_t k = 0; k < loop->body->n_step; k++) {
    const struct step *other = loop->body->steps[k];
    if (other->kind == STEP_UPDATE && other->cell == update->cell &&
        (other->assign || other->reduction != update->reduction))
      return false;
  }
  return true;
}

static bool value_has_lanes(const struct step *loop, const struct value *value) {
  switch (value->kind) {
    case VALUE_CONST:
    case VALUE_INDEX:
    case VALUE_SIZE:
    case VALUE_AXIS:
    case VALUE_OPTION:
    case VALUE_SELECT: return true;
    case VALUE_LOAD: return true;
    case VALUE_OPERATOR: return value->op != OP_POW;
    case VALUE_CALL: return lane_symbol(value->symbol) != NULL;
    case VALUE_DRAW: return false;
    case VALUE_READ: return !is_updated(loop, value->cell);
  }
  return false;
}

static bool step_has_lanes(const struct step *loop, const struct step *step) {
  switch (step->kind) {
    case STEP_LET: return value_has_lanes(loop, step->value);
    case STEP_UPDATE: return reduces(loop, step);
    case STEP_STORE:
    case STEP_ADD: return is_own_element(loop, step) && is_alone(loop, step);
    case STEP_CELL:
    case STEP_ARRAY:
    case STEP_CALL:
    case STEP_LOOP:
    case STEP_SWITCH: return false;
  }
  return false;
}

bool loop_is_long(const struct function_writer *f, const struct step *loop) {
  return f->routine->kind == INTERPRETATION_LOG_DENSITY && loop->loop->dimension->high >= LONG && !f->packed;
}

static bool has_call(const struct block *block) {
  for (size_t k = 0; k < block->n_step; k++)
    if (block->steps[k]->kind == STEP_LET && block->steps[k]->value->kind == VALUE_CALL) return true;
  return false;
}

/* Next to matrices over the same dimension a loop over it once takes little, unless it calls functions. */
static bool is_slight(const struct function_writer *f, const struct step *loop) {
  if (f->n_around > 0 || has_call(loop->body)) return false;
  for (size_t k = 0; k < f->routine->n_memory; k++) {
    const struct memory *memory = f->routine->memories[k];
    if (memory->n_dim == 2 && memory->dim[0] == loop->loop->dimension && memory->dim[1] == memory->dim[0]) return true;
  }
  return false;
}

/* Only densities: their sums need not come out the same to the last bit on every machine, but what is simulated and
 * reported should. */
bool loop_has_lanes(const struct function_writer *f, const struct step *loop) {
  if (f->routine->kind != INTERPRETATION_LOG_DENSITY || loop->loop->descending || f->packed) return false;
  if (loop->loop->dimension->high < FEWEST || is_slight(f, loop)) return false;
  for (size_t k = 0; k < loop->body->n_step; k++)
    if (!step_has_lanes(loop, loop->body->steps[k])) return false;
  return true;
}

void write_lanes(struct function_writer *f, const struct step *loop) {
  write_indent(f);
  floe__text_puts(f->out, "#pragma omp simd");
  for (size_t k = 0; k < loop->body->n_step; k++) {
    const struct step *step = loop->body->steps[k];
    bool seen = step->kind != STEP_UPDATE;
    for (size_t i = 0; i < k && !seen; i++)
      seen = loop->body->steps[i]->kind == STEP_UPDATE && loop->body->steps[i]->cell == step->cell;
    if (!seen)
      floe__text_printf(f->out, " reduction(%s : %s)", reductions[step->reduction], f->cell_name[step->cell->id]);
  }
  floe__text_puts(f->out, "\n");
}
