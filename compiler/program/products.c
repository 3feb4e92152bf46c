/* Sums of log(1 + e^x) over long loops, the log likelihoods of truth values: log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), and
 * the sum of the logarithms is that of a product, whose factors are between 1 and 2. Runs of RUN factors stay far below
 * the largest number; one logarithm a run. The product's relative error is that of a sum of as many numbers. */
#include <string.h>

#include "base/arena.h"
#include "compiler/program/tune.h"

#define RUN 512 /* below 1023, the exponent of the largest number */

static const struct value *argument(const struct value *value, size_t k) {
  return value->args[k].value;
}

/* The call in an update by log1p_exp(x) or -log1p_exp(x). */
static const struct value *call_in(const struct step *update) {
  if (update->kind != STEP_UPDATE || update->assign || update->reduction != REDUCE_SUM) return NULL;
  const struct value *value = update->value;
  if (value->kind == VALUE_OPERATOR && value->op == OP_NEG) value = argument(value, 0);
  return value->kind == VALUE_CALL && !strcmp(value->symbol, "floe_log1p_exp") ? value : NULL;
}

static bool uses(const struct step *step, const struct value *value) {
  if (step->kind != STEP_LET) return step->value == value;
  for (size_t k = 0; k < step->value->n_arg; k++)
    if (argument(step->value, k) == value) return true;
  return false;
}

/* It is made here, nothing else wants it, and nobody looks at the sum on the way. */
static bool is_alone(const struct block *body, const struct step *update, const struct value *call) {
  size_t n_call = 0, n_value = 0;
  bool here = false;
  for (size_t k = 0; k < body->n_step; k++) {
    const struct step *step = body->steps[k];
    n_call += uses(step, call);
    n_value += uses(step, update->value);
    if (step->kind != STEP_LET) continue;
    here = here || step->value == call;
    if (step->value->kind == VALUE_READ && step->value->cell == update->cell) return false;
  }
  return here && n_call == 1 && n_value == 1;
}

static bool is_plain(const struct step *loop, size_t many) {
  for (size_t k = 0; k < loop->body->n_step; k++) {
    const enum step_kind kind = loop->body->steps[k]->kind;
    if (kind != STEP_LET && kind != STEP_UPDATE && kind != STEP_STORE && kind != STEP_ADD) return false;
  }
  return !loop->loop->descending && loop->loop->dimension->high >= many;
}

/* ---- new values ---- */

static const struct value *add_value(struct routine *routine, struct block *block, struct value proto) {
  struct value *value = floe__arena_alloc(routine->arena, sizeof *value);
  *value = proto;
  value->id = routine->n_value++;
  if (proto.kind != VALUE_CONST) block_append(routine->arena, block, (struct step){.kind = STEP_LET, .value = value});
  return value;
}

static const struct value *add_number(struct routine *routine, double number) {
  return add_value(routine, NULL, (struct value){.kind = VALUE_CONST, .number = number});
}

static const struct argument *arguments(struct routine *routine, const struct value *a, const struct value *b,
                                        const struct value *c) {
  struct argument *args = floe__arena_array(routine->arena, 3, sizeof *args);
  args[0].value = a;
  args[1].value = b;
  args[2].value = c;
  return args;
}

static const struct value *add_call(struct routine *routine, struct block *block, const char *symbol,
                                    const struct value *x) {
  return add_value(
      routine, block,
      (struct value){.kind = VALUE_CALL, .symbol = symbol, .n_arg = 1, .args = arguments(routine, x, NULL, NULL)});
}

static void add_update(struct routine *routine, struct block *block, const struct step *update,
                       const struct value *value) {
  struct step copy = *update;
  copy.value = value;
  if (update->value->kind == VALUE_OPERATOR)
    copy.value = add_value(routine, block,
                           (struct value){.kind = VALUE_OPERATOR,
                                          .op = OP_NEG,
                                          .n_arg = 1,
                                          .args = arguments(routine, value, NULL, NULL)});
  block_append(routine->arena, block, copy);
}

/* ---- one loop ---- */

/* In the loop: max(x, 0) is added, and 1 + e^-|x| multiplied. */
static void multiply(struct routine *routine, struct block *body, const struct step *update, const struct value *x,
                     const struct cell *product) {
  const struct value *zero = add_number(routine, 0), *one = add_number(routine, 1);
  const struct value *positive = add_value(routine, body,
                                           (struct value){.kind = VALUE_OPERATOR,
                                                          .op = OP_GT,
                                                          .truth = true,
                                                          .n_arg = 2,
                                                          .args = arguments(routine, x, zero, NULL)});
  const struct value *part = add_value(
      routine, body, (struct value){.kind = VALUE_SELECT, .n_arg = 3, .args = arguments(routine, positive, x, zero)});
  add_update(routine, body, update, part);
  const struct value *below = add_call(routine, body, "floe_exp_below", x);
  const struct value *factor =
      add_value(routine, body,
                (struct value){
                    .kind = VALUE_OPERATOR, .op = OP_ADD, .n_arg = 2, .args = arguments(routine, one, below, NULL)});
  block_append(routine->arena, body,
               (struct step){.kind = STEP_UPDATE, .cell = product, .reduction = REDUCE_PRODUCT, .value = factor});
}

static const struct cell *new_product(struct routine *routine, struct block *run) {
  struct cell *product = floe__arena_alloc(routine->arena, sizeof *product);
  *product = (struct cell){.id = routine->n_cell++, .name = "product"};
  block_append(routine->arena, run, (struct step){.kind = STEP_CELL, .cell = product, .number = 1});
  return product;
}

/* The loop over runs that takes the place of the loop; NULL: it has no such sums. */
static struct step *in_runs(struct routine *routine, const struct step *loop) {
  struct floe__arena *arena = routine->arena;
  struct block *body = block_new(arena), *run = block_new(arena), *after = block_new(arena);
  for (size_t k = 0; k < loop->body->n_step; k++) {
    const struct step *step = loop->body->steps[k];
    const struct value *call = call_in(step);
    if (!call || !is_alone(loop->body, step, call)) {
      block_append(arena, body, *step);
      continue;
    }
    const struct cell *product = new_product(routine, run);
    multiply(routine, body, step, argument(call, 0), product);
    const struct value *total = add_value(routine, after, (struct value){.kind = VALUE_READ, .cell = product});
    add_update(routine, after, step, add_call(routine, after, "log", total));
  }
  if (!after->n_step) return NULL;
  struct loop *runs = floe__arena_alloc(arena, sizeof *runs);
  *runs = *loop->loop;
  runs->id = routine->n_loop++;
  runs->run = RUN;
  struct step inner = *loop, *outer = floe__arena_alloc(arena, sizeof *outer);
  inner.body = body;
  inner.runs = runs;
  block_append(arena, run, inner);
  for (size_t k = 0; k < after->n_step; k++) block_append(arena, run, *after->steps[k]);
  *outer = (struct step){.kind = STEP_LOOP, .loop = runs, .body = run};
  return outer;
}

static bool rewrite(struct routine *routine, struct block *block, size_t many) {
  bool any = false;
  for (size_t k = 0; k < block->n_step; k++) {
    struct step *step = block->steps[k];
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c] && rewrite(routine, step->cases[c], many)) any = true;
    if (step->kind != STEP_LOOP) continue;
    struct step *outer = is_plain(step, many) ? in_runs(routine, step) : NULL;
    if (outer) block->steps[k] = outer, any = true;
    if (!outer && rewrite(routine, step->body, many)) any = true;
  }
  return any;
}

void tune_products(struct routine *routine, size_t many) {
  if (rewrite(routine, routine->body, many)) routine_prune(routine);
}
