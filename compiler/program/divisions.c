#include <math.h>

#include "base/arena.h"
#include "compiler/program/tune.h"

/* A block that is being rewritten, within others. */
struct place {
  const struct place *outer;
  const struct loop *loop; /* whose body it is; NULL: no loop's */
  struct block *block;     /* the new one */
  size_t number;           /* its own: from 1 */
};

struct divisions {
  struct routine *routine;
  size_t n_place;
  size_t *home;                    /* (n_value) number of the place that defines the value; 0: needs no definition */
  const struct value **reciprocal; /* (n_value) of the value */
  size_t *home_of_reciprocal;      /* (n_value) */
  const struct value **difference; /* (n_value) the latest that the value begins */
};

/* The outermost place that sees the value and is not outside of a branch. */
static const struct place *place_for(const struct divisions *d, const struct place *here, const struct value *value) {
  while (here->loop && d->home[value->id] != here->number && !(value->kind == VALUE_INDEX && value->loop == here->loop))
    here = here->outer;
  return here;
}

static const struct value *number(struct divisions *d, double x) {
  struct value *value = floe__arena_alloc(d->routine->arena, sizeof *value);
  *value = (struct value){.kind = VALUE_CONST, .number = x, .id = d->routine->n_value++};
  return value;
}

static struct argument *pair(struct divisions *d, const struct value *x, const struct value *y) {
  struct argument *args = floe__arena_array(d->routine->arena, 2, sizeof *args);
  args[0].value = x;
  args[1].value = y;
  return args;
}

static const struct value *reciprocal_at(struct divisions *d, const struct place *place, const struct value *x) {
  if (d->reciprocal[x->id] && d->home_of_reciprocal[x->id] == place->number) return d->reciprocal[x->id];
  struct floe__arena *arena = d->routine->arena;
  struct value *value = floe__arena_alloc(arena, sizeof *value);
  *value = (struct value){.kind = VALUE_OPERATOR, .op = OP_DIV, .n_arg = 2, .args = pair(d, number(d, 1), x)};
  value->id = d->routine->n_value++;
  block_append(arena, place->block, (struct step){.kind = STEP_LET, .value = value});
  d->reciprocal[x->id] = value;
  d->home_of_reciprocal[x->id] = place->number;
  return value;
}

static bool is_power_of_2(double x) {
  int exponent;
  return fabs(frexp(x, &exponent)) == 0.5;
}

static void divide(struct divisions *d, const struct place *here, const struct value *value) {
  if (value->kind != VALUE_OPERATOR || value->op != OP_DIV) return;
  const struct value *by = value->args[1].value, *reciprocal;
  const struct place *place = place_for(d, here, by);
  if (place == here || by->truth) return;
  if (by->kind == VALUE_CONST) {
    if (!isnormal(by->number) || !isnormal(1 / by->number) || is_power_of_2(by->number)) return;
    reciprocal = number(d, 1 / by->number);
  } else {
    reciprocal = reciprocal_at(d, place, by);
  }
  struct value *product = (struct value *)value; /* every user keeps it */
  product->op = OP_MUL;
  product->args = pair(d, value->args[0].value, reciprocal);
}

static void subtract(struct divisions *d, const struct place *here, const struct value *value) {
  if (value->kind != VALUE_OPERATOR || value->op != OP_SUB) return;
  const struct value *from = value->args[0].value, *what = value->args[1].value, *known = d->difference[what->id];
  d->difference[from->id] = value;
  if (!known || known->op != OP_SUB || known->args[1].value != from || d->home[known->id] != here->number) return;
  struct value *negative = (struct value *)value;
  negative->op = OP_NEG;
  negative->n_arg = 1;
  negative->args = pair(d, known, NULL);
}

static struct block *rewrite(struct divisions *d, const struct block *block, const struct place *outer,
                             const struct loop *loop) {
  struct floe__arena *arena = d->routine->arena;
  const struct place here = {outer, loop, block_new(arena), ++d->n_place};
  for (size_t k = 0; k < block->n_step; k++) {
    struct step *step = block->steps[k];
    if (step->kind == STEP_LET) {
      divide(d, &here, step->value);
      subtract(d, &here, step->value);
      d->home[step->value->id] = here.number;
    }
    if (step->kind == STEP_LOOP) step->body = rewrite(d, step->body, &here, step->loop);
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c]) step->cases[c] = rewrite(d, step->cases[c], &here, NULL);
    block_append(arena, here.block, *step);
  }
  return here.block;
}

void tune_divisions(struct routine *routine) {
  const size_t n = routine->n_value + 1;
  struct divisions d = {.routine = routine,
                        .difference = floe__arena_array(routine->arena, n, sizeof *d.difference),
                        .home = floe__arena_array(routine->arena, n, sizeof *d.home),
                        .reciprocal = floe__arena_array(routine->arena, n, sizeof *d.reciprocal),
                        .home_of_reciprocal = floe__arena_array(routine->arena, n, sizeof *d.home_of_reciprocal)};
  routine->body = rewrite(&d, routine->body, NULL, NULL);
}

/* ---- by data ---- */

static bool is_data(const struct value *value) {
  return value->kind == VALUE_LOAD && value->memory->kind == MEMORY_DATA && value->memory->n_dim;
}

static void multiply_instead(struct routine *routine, struct block *to, const struct value *value) {
  if (value->kind != VALUE_OPERATOR || value->op != OP_DIV || !is_data(value->args[1].value) ||
      is_data(value->args[0].value) || value->args[0].value->kind == VALUE_CONST)
    return;
  struct divisions d = {.routine = routine};
  struct value *reciprocal = floe__arena_alloc(routine->arena, sizeof *reciprocal), *product = (struct value *)value;
  *reciprocal = (struct value){.kind = VALUE_OPERATOR,
                               .op = OP_DIV,
                               .id = routine->n_value++,
                               .n_arg = 2,
                               .args = pair(&d, number(&d, 1), value->args[1].value)};
  block_append(routine->arena, to, (struct step){.kind = STEP_LET, .value = reciprocal});
  product->op = OP_MUL; /* every user keeps it */
  product->args = pair(&d, value->args[0].value, reciprocal);
}

static struct block *with_reciprocals(struct routine *routine, const struct block *block, bool in_loop) {
  struct block *to = block_new(routine->arena);
  for (size_t k = 0; k < block->n_step; k++) {
    struct step *step = block->steps[k];
    if (step->kind == STEP_LET && in_loop) multiply_instead(routine, to, step->value);
    if (step->kind == STEP_LOOP) step->body = with_reciprocals(routine, step->body, true);
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c]) step->cases[c] = with_reciprocals(routine, step->cases[c], in_loop);
    block_append(routine->arena, to, *step);
  }
  return to;
}

void tune_reciprocals(struct routine *routine) {
  routine->body = with_reciprocals(routine, routine->body, false);
}
