#include <string.h>

#include "base/arena.h"
#include "compiler/program/tune.h"

#define MAX_LOOPS 3   /* around a constant: arrays over more dimensions would be large */
#define SAME_DEPTH 20 /* of expressions that are compared */

/* A constant that has been found. */
struct known {
  const struct value *value; /* as it is computed */
  const struct loop *loops[MAX_LOOPS];
  size_t n_loop;
  const struct memory *memory;
  bool filled; /* wherever the code at hand is reached; else in other branches */
};

struct constants {
  struct routine *routine;
  bool *fixed;   /* (n_value) depends on data and axes only */
  bool *dear;    /* (n_value) and takes a call or a power, or a sum */
  bool *total;   /* (n_value) and takes a sum */
  bool *wanted;  /* (n_value) by what is not fixed */
  bool *moving;  /* (n_cell) rests on more than data and axes */
  bool *summed;  /* (n_cell) by a loop, or from what is */
  size_t *depth; /* (n_cell) loops around its declaration */
  const struct loop *loops[MAX_LOOPS + 1];
  size_t n_loop, n_found;
  size_t n_known, capacity;
  struct known *known;
};

static bool is_immediate(const struct value *value) {
  return value->kind < VALUE_OPERATOR;
}

static bool argument_is_fixed(const struct constants *c, const struct argument *arg) {
  return arg->value && (is_immediate(arg->value) || c->fixed[arg->value->id]);
}

static bool value_is_fixed(const struct constants *c, const struct value *value) {
  if (value->kind == VALUE_READ) return !c->moving[value->cell->id];
  if (value->kind == VALUE_DRAW) return false;
  if (value->kind == VALUE_CALL && value->external && (value->external->random || value->external->simulator))
    return false;
  for (size_t k = 0; k < value->n_arg; k++)
    if (!argument_is_fixed(c, &value->args[k])) return false;
  if (value->kind != VALUE_LOAD) return true;
  if (value->memory->kind != MEMORY_DATA) return false;
  for (size_t k = 0; k < value->memory->n_dim; k++) {
    const struct value *index = value->subscripts[k].value;
    if (index && !is_immediate(index) && !c->fixed[index->id]) return false;
  }
  return true;
}

/* Neighbouring passes of the innermost loop read elements that are far apart; copied in the order in which the loops
 * stand, they are neighbours. */
static bool is_scattered(const struct constants *c, const struct value *value) {
  if (value->kind != VALUE_LOAD || c->n_loop < 2 || c->n_loop > MAX_LOOPS) return false;
  const struct loop *innermost = c->loops[c->n_loop - 1];
  bool found = false;
  for (size_t k = 0; k < value->memory->n_dim; k++) found = found || value->subscripts[k].loop == innermost;
  return found && value->subscripts[value->memory->n_dim - 1].loop != innermost;
}

static bool value_is_dear(const struct constants *c, const struct value *value) {
  if (value->kind == VALUE_CALL || (value->kind == VALUE_OPERATOR && value->op == OP_POW)) return true;
  if (value->kind == VALUE_OPERATOR && value->op == OP_DIV && c->n_loop) return true;
  if (is_scattered(c, value)) return true;
  for (size_t k = 0; k < value->n_arg; k++)
    if (value->args[k].value && c->dear[value->args[k].value->id]) return true;
  return false;
}

static bool value_is_total(const struct constants *c, const struct value *value) {
  if (value->kind == VALUE_READ) return c->summed[value->cell->id];
  for (size_t k = 0; k < value->n_arg; k++)
    if (value->args[k].value && c->total[value->args[k].value->id]) return true;
  return false;
}

static void want(struct constants *c, const struct argument *args, size_t n) {
  for (size_t k = 0; k < n; k++) {
    if (args[k].value) c->wanted[args[k].value->id] = true;
    if (args[k].cell) c->moving[args[k].cell->id] = true; /* an adjoint call adds to it */
  }
}

static void want_subscripts(struct constants *c, const struct memory *memory, const struct subscript *subscripts) {
  for (size_t k = 0; k < memory->n_dim; k++)
    if (subscripts[k].value) c->wanted[subscripts[k].value->id] = true;
}

static void enter(struct constants *c, const struct loop *loop) {
  if (c->n_loop <= MAX_LOOPS) c->loops[c->n_loop] = loop;
  c->n_loop++;
}

/* Whether the update leaves a cell fixed that was so before. */
static bool cell_stays(struct constants *c, const struct step *step) {
  const size_t id = step->cell->id;
  const bool fixed = is_immediate(step->value) || c->fixed[step->value->id];
  if (!fixed || routine_is_term(c->routine, step->cell) || routine_is_guard(c->routine, step->cell))
    c->moving[id] = true;
  c->summed[id] = c->summed[id] || c->n_loop > c->depth[id] || (fixed && c->total[step->value->id]);
  return !c->moving[id];
}

static void survey(struct constants *c, const struct block *block) {
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    const struct value *value = step->value;
    if (step->kind == STEP_CELL) c->depth[step->cell->id] = c->n_loop;
    if (step->kind == STEP_LET && value_is_fixed(c, value)) {
      c->fixed[value->id] = true;
      c->total[value->id] = value_is_total(c, value);
      c->dear[value->id] = c->total[value->id] || value_is_dear(c, value);
      continue;
    }
    if (step->kind == STEP_LET) {
      want(c, value->args, value->n_arg);
      if (value->memory) want_subscripts(c, value->memory, value->subscripts);
    } else if (step->kind == STEP_UPDATE && cell_stays(c, step)) {
      continue;
    } else if (value) {
      c->wanted[value->id] = true;
    }
    if (step->kind == STEP_STORE || step->kind == STEP_ADD) want_subscripts(c, step->memory, step->subscripts);
    if (step->kind == STEP_CALL) want(c, step->args, step->n_arg);
    if (step->kind == STEP_LOOP) {
      enter(c, step->loop);
      survey(c, step->body);
      c->n_loop--;
    }
    for (size_t i = 0; step->kind == STEP_SWITCH && i < step->n_case; i++)
      if (step->cases[i]) survey(c, step->cases[i]);
  }
}

/* Outside of loops the C compiler folds what the C library has; and the rest costs little but for our own functions. */
static bool is_worthwhile(const struct constants *c, const struct value *value) {
  if (!c->dear[value->id] || !c->wanted[value->id] || value->truth || c->n_loop > MAX_LOOPS) return false;
  return c->n_loop > 0 || c->total[value->id] || (value->kind == VALUE_CALL && !strncmp(value->symbol, "floe_", 5));
}

static const struct memory *new_memory(struct constants *c, const struct value *value) {
  const struct dimension **dim = floe__arena_array(c->routine->arena, c->n_loop + 1, sizeof *dim);
  for (size_t k = 0; k < c->n_loop; k++) dim[k] = c->loops[k]->dimension;
  return routine_memory(c->routine,
                        (struct memory){.kind = MEMORY_CONSTANTS, .name = value->name, .n_dim = c->n_loop, .dim = dim});
}

/* ---- the same constant in two places ---- */

/* Whether both run over the same, in the same place of the nest. */
static bool same_loop(const struct constants *c, const struct loop *a, const struct known *k, const struct loop *b) {
  if (!a || !b) return a == b;
  for (size_t i = 0; i < k->n_loop; i++)
    if (c->loops[i] == a || k->loops[i] == b) return c->loops[i] == a && k->loops[i] == b;
  return false;
}

static bool same_value(const struct constants *c, const struct value *a, const struct known *k, const struct value *b,
                       size_t depth) {
  if (a == b && a->kind < VALUE_OPERATOR && a->kind != VALUE_INDEX) return true;
  if (!depth || a->kind != b->kind || a->truth != b->truth || memcmp(&a->number, &b->number, sizeof a->number) ||
      a->op != b->op || a->dimension != b->dimension || a->axis != b->axis || a->memory != b->memory ||
      a->cell != b->cell || a->external != b->external || a->n_arg != b->n_arg || !same_loop(c, a->loop, k, b->loop) ||
      (a->symbol != b->symbol && (!a->symbol || !b->symbol || strcmp(a->symbol, b->symbol))))
    return false;
  for (size_t i = 0; i < a->n_arg; i++) {
    if (a->args[i].memory || b->args[i].memory || !a->args[i].value || !b->args[i].value) return false;
    if (!same_value(c, a->args[i].value, k, b->args[i].value, depth - 1)) return false;
  }
  for (size_t i = 0; a->memory && i < a->memory->n_dim; i++) {
    const struct subscript *x = &a->subscripts[i], *y = &b->subscripts[i];
    if (x->shift != y->shift || !same_loop(c, x->loop, k, y->loop) || !x->value != !y->value) return false;
    if (x->value && !same_value(c, x->value, k, y->value, depth - 1)) return false;
  }
  return true;
}

static struct known *find_known(const struct constants *c, const struct value *value) {
  for (size_t i = 0; i < c->n_known; i++) {
    struct known *known = &c->known[i];
    bool same = known->n_loop == c->n_loop;
    for (size_t k = 0; k < c->n_loop && same; k++)
      same = known->loops[k]->dimension == c->loops[k]->dimension && known->loops[k]->first == c->loops[k]->first;
    if (same && same_value(c, value, known, known->value, SAME_DEPTH)) return known;
  }
  return NULL;
}

static void remember(struct constants *c, const struct value *computed, const struct memory *memory) {
  if (c->n_known == c->capacity) {
    c->capacity = 2 * c->capacity + 16;
    struct known *known = floe__arena_array(c->routine->arena, c->capacity, sizeof *known);
    if (c->n_known) memcpy(known, c->known, c->n_known * sizeof *known);
    c->known = known;
  }
  struct known *new = &c->known[c->n_known++];
  *new = (struct known){.value = computed, .n_loop = c->n_loop, .memory = memory, .filled = true};
  memcpy(new->loops, c->loops, c->n_loop * sizeof *new->loops);
}

/* ---- taking them out ---- */

/* The filler computes a copy of the value and stores it, unless that is done already; the value itself becomes the load.
 * Branches that have the same constants share their memory. */
static void replace(struct constants *c, struct value *value, struct block *filling) {
  struct floe__arena *arena = c->routine->arena;
  struct subscript *subscripts = floe__arena_array(arena, c->n_loop + 1, sizeof *subscripts);
  for (size_t k = 0; k < c->n_loop; k++) subscripts[k].loop = c->loops[k];
  struct known *known = find_known(c, value);
  const struct memory *memory = known ? known->memory : new_memory(c, value);
  const bool filled = known && known->filled;
  struct value *computed = floe__arena_alloc(arena, sizeof *computed);
  *computed = *value;
  computed->id = c->routine->n_value++;
  *value = (struct value){.kind = VALUE_LOAD,
                          .id = value->id,
                          .memory = memory,
                          .subscripts = subscripts,
                          .name = computed->name,
                          .adjoint = computed->adjoint,
                          .span = computed->span};
  if (!known)
    remember(c, computed, memory);
  else
    known->filled = true;
  if (!filled) {
    block_append(arena, filling, (struct step){.kind = STEP_LET, .value = computed});
    block_append(arena, filling,
                 (struct step){.kind = STEP_STORE, .memory = memory, .subscripts = subscripts, .value = computed});
  }
  block_append(arena, filling, (struct step){.kind = STEP_LET, .value = value});
  c->n_found++;
}

/* The part of the block that computes what is fixed. */
static struct block *extract(struct constants *c, const struct block *block);

static void extract_loop(struct constants *c, const struct step *step, struct block *filling) {
  struct step copy = *step;
  enter(c, step->loop);
  copy.body = extract(c, step->body);
  c->n_loop--;
  block_append(c->routine->arena, filling, copy);
}

static void extract_switch(struct constants *c, const struct step *step, struct block *filling) {
  struct step copy = *step;
  copy.cases = floe__arena_array(c->routine->arena, step->n_case, sizeof *copy.cases);
  bool *filled = floe__arena_array(c->routine->arena, c->n_known + 1, sizeof *filled);
  const size_t n_known = c->n_known;
  for (size_t i = 0; i < n_known; i++) filled[i] = c->known[i].filled;
  for (size_t k = 0; k < step->n_case; k++) {
    if (step->cases[k]) copy.cases[k] = extract(c, step->cases[k]);
    for (size_t i = 0; i < c->n_known; i++) c->known[i].filled = i < n_known && filled[i];
  }
  block_append(c->routine->arena, filling, copy);
}

static struct block *extract(struct constants *c, const struct block *block) {
  struct block *filling = block_new(c->routine->arena);
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    if (step->kind == STEP_LOOP) extract_loop(c, step, filling);
    if (step->kind == STEP_SWITCH) extract_switch(c, step, filling);
    if ((step->kind == STEP_CELL || step->kind == STEP_UPDATE) && !c->moving[step->cell->id])
      block_append(c->routine->arena, filling, *step);
    if (step->kind != STEP_LET || !c->fixed[step->value->id]) continue;
    if (is_worthwhile(c, step->value))
      replace(c, (struct value *)step->value, filling);
    else
      block_append(c->routine->arena, filling, *step);
  }
  return filling;
}

struct routine *tune_constants(struct routine *routine) {
  const size_t n = routine->n_value + 1;
  struct constants c = {.routine = routine,
                        .fixed = floe__arena_array(routine->arena, n, sizeof(bool)),
                        .dear = floe__arena_array(routine->arena, n, sizeof(bool)),
                        .total = floe__arena_array(routine->arena, n, sizeof(bool)),
                        .wanted = floe__arena_array(routine->arena, n, sizeof(bool)),
                        .moving = floe__arena_array(routine->arena, routine->n_cell + 1, sizeof(bool)),
                        .summed = floe__arena_array(routine->arena, routine->n_cell + 1, sizeof(bool)),
                        .depth = floe__arena_array(routine->arena, routine->n_cell + 1, sizeof(size_t))};
  survey(&c, routine->body); /* which cells move */
  memset(c.wanted, 0, n * sizeof *c.wanted);
  survey(&c, routine->body);
  struct block *body = extract(&c, routine->body);
  if (!c.n_found) return NULL;
  struct routine *filler = floe__arena_alloc(routine->arena, sizeof *filler);
  *filler = *routine;
  filler->gradient = false;
  filler->constants = true;
  filler->body = body;
  memset(filler->term, 0, sizeof filler->term);
  memset(filler->supported, 0, sizeof filler->supported);
  routine_prune(filler);
  routine_prune(routine);
  return filler;
}
