/* Long loops that hold other loops are taken apart, one loop for each of those and one for the rest; and short loops in
 * them are turned inside out:
 *
 *   for row { s = 0; for column { s += x[row, column] b[column] }; a[row] = s }
 *   for column { for row { a[row] += x[row, column] b[column] } }
 *
 * so that what is innermost runs over rows, in the lanes of a vector unit. What one part tells another, a number for each
 * row, goes through an array; what costs little is computed in each part. */
#include "base/arena.h"
#include "compiler/program/tune.h"

#define LONG 20 /* elements, as for lanes; times the branches that the loop is repeated in: the C compiler's time counts too */

/* Where a value of the source is defined. */
enum home { ELSEWHERE, OUTER, INNER };

struct nest {
  struct routine *routine;
  const struct step *rows;       /* the loop that is being taken apart */
  struct block *out;             /* what takes its place */
  enum home *home;               /* (n_value) */
  bool *by_row;                  /* (n_value) of INNER: differs between rows */
  bool *own;                     /* (n_cell) declared in the loop over rows */
  const struct memory **expanded; /* (n_cell) an element for each row */
  const struct memory **kept;    /* (n_value) likewise, of what is dear */
  const struct value **copy;     /* (n_value) in this part */
  size_t *part, n_part;          /* (n_value) the part that has the copy */
  struct block *outer, *inner;   /* of this part, where it is a loop in a loop; else outer is out */
  bool left;                     /* this part is a loop over columns in one over rows */
  bool *turned;                  /* (n_step of rows) */
  size_t n_branch;
};

static bool is_immediate(const struct value *value) {
  return value->kind < VALUE_OPERATOR;
}

/* ---- whether it may be taken apart ---- */

static bool writes(const struct step *step) {
  return step->kind == STEP_STORE || step->kind == STEP_ADD;
}

static size_t count_writes(const struct block *block, const struct memory *memory, enum step_kind kind) {
  size_t n = 0;
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    n += step->kind == kind && step->memory == memory;
    if (step->kind == STEP_LOOP) n += count_writes(step->body, memory, kind);
  }
  return n;
}

static bool is_updated(const struct block *block, const struct cell *cell) {
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    if (step->kind == STEP_UPDATE && step->cell == cell) return true;
    if (step->kind == STEP_LOOP && is_updated(step->body, cell)) return true;
  }
  return false;
}

static bool let_is_free(const struct nest *n, const struct value *value, bool inner) {
  const struct block *body = n->rows->body;
  if (value->kind == VALUE_DRAW) return false;
  if (value->kind == VALUE_READ) return n->own[value->cell->id] ? !inner : !is_updated(body, value->cell);
  if (value->kind != VALUE_LOAD) return true;
  return !count_writes(body, value->memory, STEP_STORE) && !count_writes(body, value->memory, STEP_ADD);
}

static bool step_is_free(const struct nest *n, const struct step *step, bool inner) {
  switch (step->kind) {
    case STEP_LET: return let_is_free(n, step->value, inner);
    case STEP_CELL: return !inner;
    case STEP_UPDATE:
      if (step->assign) return false;
      return n->own[step->cell->id] ? inner && step->reduction == REDUCE_SUM : true;
    case STEP_STORE:
      return count_writes(n->rows->body, step->memory, STEP_STORE) == 1 &&
             !count_writes(n->rows->body, step->memory, STEP_ADD);
    case STEP_ADD: return true;
    case STEP_LOOP:
      for (size_t k = 0; k < step->body->n_step; k++)
        if (!step_is_free(n, step->body->steps[k], true)) return false;
      return !inner && !step->loop->descending;
    case STEP_ARRAY:
    case STEP_CALL:
    case STEP_SWITCH: return false;
  }
  return false;
}

/* An own cell is summed by one loop: then it is whole behind that. */
static bool cells_are_free(const struct nest *n) {
  const struct block *body = n->rows->body;
  for (size_t k = 0; k < body->n_step; k++) {
    size_t n_loop = 0;
    for (size_t i = 0; body->steps[k]->kind == STEP_CELL && i < body->n_step; i++)
      n_loop += body->steps[i]->kind == STEP_LOOP && is_updated(body->steps[i]->body, body->steps[k]->cell);
    if (n_loop > 1) return false;
  }
  return true;
}

/* ---- where values are ---- */

static bool changes_by_row(const struct nest *n, const struct value *value) {
  if (value->kind == VALUE_INDEX) return value->loop == n->rows->loop;
  if (is_immediate(value) || n->home[value->id] == ELSEWHERE) return false;
  return n->home[value->id] == OUTER || n->by_row[value->id];
}

static bool subscripts_change(const struct nest *n, const struct memory *memory, const struct subscript *subscripts) {
  for (size_t k = 0; k < memory->n_dim; k++) {
    if (subscripts[k].loop == n->rows->loop) return true;
    if (subscripts[k].value && changes_by_row(n, subscripts[k].value)) return true;
  }
  return false;
}

static void locate(struct nest *n, const struct block *block, enum home home) {
  for (size_t k = 0; k < block->n_step; k++) {
    const struct step *step = block->steps[k];
    if (step->kind == STEP_LOOP) locate(n, step->body, INNER);
    if (step->kind == STEP_CELL) n->own[step->cell->id] = true;
    if (step->kind != STEP_LET) continue;
    const struct value *value = step->value;
    n->home[value->id] = home;
    n->by_row[value->id] = value->memory && subscripts_change(n, value->memory, value->subscripts);
    for (size_t i = 0; i < value->n_arg; i++)
      if (value->args[i].value && changes_by_row(n, value->args[i].value)) n->by_row[value->id] = true;
  }
}

/* ---- whether it pays ---- */

/* Rows are neighbours in memory, or data, of which there can be a copy in which they are. */
static bool rows_are_near(const struct nest *n, const struct memory *memory, const struct subscript *subscripts) {
  if (memory->kind == MEMORY_DATA) return true;
  for (size_t k = 0; k < memory->n_dim; k++)
    if (subscripts[k].value || (subscripts[k].loop == n->rows->loop && k + 1 < memory->n_dim)) return false;
  return true;
}

static bool step_turns(const struct nest *n, const struct step *step) {
  const struct value *value = step->kind == STEP_LET ? step->value : NULL;
  if (value && value->memory) return rows_are_near(n, value->memory, value->subscripts);
  if (writes(step)) return rows_are_near(n, step->memory, step->subscripts);
  return step->kind != STEP_UPDATE || step->reduction == REDUCE_SUM;
}

static bool pays_to_turn(const struct nest *n, const struct step *columns) {
  const size_t n_row = n->rows->loop->dimension->high, n_column = columns->loop->dimension->high;
  if (n_column >= LONG && n_row / 2 < n_column) return false;
  for (size_t k = 0; k < columns->body->n_step; k++)
    if (!step_turns(n, columns->body->steps[k])) return false;
  return true;
}

static bool is_dear(const struct value *value) {
  return value->kind == VALUE_CALL || (value->kind == VALUE_OPERATOR && value->op == OP_POW);
}

static bool pays(struct nest *n) {
  const struct block *body = n->rows->body;
  bool any = false, dear = false, loops = false;
  n->turned = floe__arena_array(n->routine->arena, body->n_step + 1, sizeof *n->turned);
  for (size_t k = 0; k < body->n_step; k++) {
    const struct step *step = body->steps[k];
    if (step->kind == STEP_LOOP) loops = true, n->turned[k] = pays_to_turn(n, step);
    any = any || n->turned[k];
    dear = dear || (step->kind == STEP_LET && is_dear(step->value));
  }
  return loops && (any || dear);
}

/* ---- what is dear and needed by several parts: computed in the first, kept in an array ---- */

/* Rests on sums over columns: it is not known beforehand. */
static bool rests_on_cell(const struct nest *n, const struct value *value) {
  if (is_immediate(value) || n->home[value->id] != OUTER) return false;
  if (value->kind == VALUE_READ) return n->own[value->cell->id];
  for (size_t k = 0; k < value->n_arg; k++)
    if (value->args[k].value && rests_on_cell(n, value->args[k].value)) return true;
  for (size_t k = 0; value->memory && k < value->memory->n_dim; k++)
    if (value->subscripts[k].value && rests_on_cell(n, value->subscripts[k].value)) return true;
  return false;
}

static const struct memory *array_over_rows(struct nest *n, const char *name, bool adjoint) {
  const struct dimension **dim = floe__arena_alloc(n->routine->arena, sizeof *dim);
  *dim = n->rows->loop->dimension;
  const struct memory *memory = routine_memory(
      n->routine, (struct memory){.kind = MEMORY_SCRATCH, .n_dim = 1, .dim = dim, .name = name, .adjoint = adjoint});
  block_append(n->routine->arena, n->out, (struct step){.kind = STEP_ARRAY, .memory = memory});
  return memory;
}

/* False: a part would have to compute something dear again. */
static bool keep(struct nest *n, const struct value *value) {
  if (is_immediate(value) || n->home[value->id] != OUTER || n->kept[value->id]) return true;
  if (is_dear(value)) {
    if (value->truth || rests_on_cell(n, value)) return false;
    n->kept[value->id] = array_over_rows(n, value->name, value->adjoint);
    return true;
  }
  for (size_t k = 0; k < value->n_arg; k++)
    if (value->args[k].value && !keep(n, value->args[k].value)) return false;
  return true;
}

static bool keep_for(struct nest *n, const struct step *columns) {
  for (size_t k = 0; k < columns->body->n_step; k++) {
    const struct step *step = columns->body->steps[k];
    if (!step->value) continue;
    if (step->kind != STEP_LET && !keep(n, step->value)) return false;
    for (size_t i = 0; step->kind == STEP_LET && i < step->value->n_arg; i++)
      if (step->value->args[i].value && !keep(n, step->value->args[i].value)) return false;
  }
  return true;
}

/* ---- copies ---- */

static const struct value *copy_of(struct nest *n, const struct value *value);

static const struct subscript *copy_subscripts(struct nest *n, const struct memory *memory,
                                               const struct subscript *subscripts) {
  struct subscript *copy = floe__arena_array(n->routine->arena, memory->n_dim + 1, sizeof *copy);
  for (size_t k = 0; k < memory->n_dim; k++) {
    copy[k] = subscripts[k];
    if (copy[k].value) copy[k].value = copy_of(n, copy[k].value);
  }
  return copy;
}

static const struct subscript *this_row(struct nest *n) {
  struct subscript *subscript = floe__arena_alloc(n->routine->arena, sizeof *subscript);
  subscript->loop = n->rows->loop;
  return subscript;
}

static const struct value *define(struct nest *n, struct block *block, struct value proto) {
  struct value *value = floe__arena_alloc(n->routine->arena, sizeof *value);
  *value = proto;
  value->id = n->routine->n_value++;
  block_append(n->routine->arena, block, (struct step){.kind = STEP_LET, .value = value});
  return value;
}

static const struct value *copy_of(struct nest *n, const struct value *value) {
  if (is_immediate(value) || n->home[value->id] == ELSEWHERE) return value;
  if (n->part[value->id] == n->n_part) return n->copy[value->id];
  const bool inside = n->left ? n->home[value->id] == INNER : changes_by_row(n, value);
  const struct memory *array = n->kept[value->id];
  if (value->kind == VALUE_READ && n->own[value->cell->id]) array = n->expanded[value->cell->id];
  struct value proto = *value;
  if (array) {
    proto = (struct value){.kind = VALUE_LOAD, .memory = array, .subscripts = this_row(n), .span = value->span};
  } else {
    struct argument *args = floe__arena_array(n->routine->arena, value->n_arg + 1, sizeof *args);
    for (size_t k = 0; k < value->n_arg; k++) {
      args[k] = value->args[k];
      if (args[k].value) args[k].value = copy_of(n, args[k].value);
    }
    proto.args = args;
    if (value->memory) proto.subscripts = copy_subscripts(n, value->memory, value->subscripts);
  }
  n->part[value->id] = n->n_part;
  return n->copy[value->id] = define(n, inside ? n->inner : n->outer, proto);
}

static void copy_step(struct nest *n, const struct step *step, struct block *to) {
  struct step copy = *step;
  copy.value = copy_of(n, step->value);
  if (writes(step)) copy.subscripts = copy_subscripts(n, step->memory, step->subscripts);
  block_append(n->routine->arena, to, copy);
}

/* ---- the parts ---- */

static void begin_part(struct nest *n, struct block *outer, bool left) {
  n->n_part++;
  n->outer = outer;
  n->inner = block_new(n->routine->arena);
  n->left = left;
}

static void end_loop(struct nest *n, struct block *block, const struct loop *loop, struct block *body) {
  if (body->n_step) block_append(n->routine->arena, block, (struct step){.kind = STEP_LOOP, .loop = loop, .body = body});
}

static void write_row(struct nest *n, struct block *block, enum step_kind kind, const struct memory *memory,
                      const struct value *value) {
  block_append(n->routine->arena, block,
               (struct step){.kind = kind, .memory = memory, .subscripts = this_row(n), .value = value});
}

static void start_sums(struct nest *n, const struct step *columns) {
  const struct block *body = n->rows->body;
  for (size_t k = 0; k < body->n_step; k++) {
    const struct step *step = body->steps[k];
    if (step->kind != STEP_CELL || !is_updated(columns->body, step->cell)) continue;
    struct value *start = floe__arena_alloc(n->routine->arena, sizeof *start);
    *start = (struct value){.kind = VALUE_CONST, .number = step->number, .id = n->routine->n_value++};
    write_row(n, n->inner, STEP_STORE, n->expanded[step->cell->id], start);
  }
}

/* Where sums start, and what is kept for other parts. */
static void first_part(struct nest *n) {
  const struct block *body = n->rows->body;
  begin_part(n, n->out, false);
  for (size_t k = 0; k < body->n_step; k++) {
    const struct step *step = body->steps[k];
    if (n->turned[k]) start_sums(n, step);
    if (step->kind != STEP_LET || !n->kept[step->value->id]) continue;
    const struct memory *array = n->kept[step->value->id];
    n->kept[step->value->id] = NULL; /* here it is computed */
    write_row(n, n->inner, STEP_STORE, array, copy_of(n, step->value));
    n->kept[step->value->id] = array;
  }
  end_loop(n, n->out, n->rows->loop, n->inner);
}

/* The same number for all rows is added to: a sum over rows, then one addition. */
static void add_sum(struct nest *n, const struct step *add, struct block *after) {
  struct cell *sum = floe__arena_alloc(n->routine->arena, sizeof *sum);
  *sum = (struct cell){.id = n->routine->n_cell++};
  block_append(n->routine->arena, n->outer, (struct step){.kind = STEP_CELL, .cell = sum});
  block_append(n->routine->arena, n->inner,
               (struct step){.kind = STEP_UPDATE, .cell = sum, .reduction = REDUCE_SUM, .value = copy_of(n, add->value)});
  struct step total = *add;
  total.value = define(n, after, (struct value){.kind = VALUE_READ, .cell = sum});
  block_append(n->routine->arena, after, total);
}

static void turn(struct nest *n, const struct step *columns) {
  struct floe__arena *arena = n->routine->arena;
  struct block *after = block_new(arena);
  begin_part(n, block_new(arena), false);
  for (size_t k = 0; k < columns->body->n_step; k++) {
    const struct step *step = columns->body->steps[k];
    if (step->kind == STEP_UPDATE && n->own[step->cell->id])
      write_row(n, n->inner, STEP_ADD, n->expanded[step->cell->id], copy_of(n, step->value));
    else if (step->kind == STEP_ADD && !subscripts_change(n, step->memory, step->subscripts))
      add_sum(n, step, after);
    else if (step->kind != STEP_LET)
      copy_step(n, step, n->inner);
  }
  end_loop(n, n->outer, n->rows->loop, n->inner);
  for (size_t k = 0; k < after->n_step; k++) block_append(arena, n->outer, *after->steps[k]);
  end_loop(n, n->out, columns->loop, n->outer);
}

/* The loop over columns stays in one over rows. */
static void leave(struct nest *n, const struct step *columns) {
  const struct block *body = n->rows->body;
  begin_part(n, block_new(n->routine->arena), true);
  for (size_t k = 0; k < body->n_step; k++)
    if (body->steps[k]->kind == STEP_CELL && is_updated(columns->body, body->steps[k]->cell))
      block_append(n->routine->arena, n->outer, *body->steps[k]);
  for (size_t k = 0; k < columns->body->n_step; k++)
    if (columns->body->steps[k]->kind != STEP_LET) copy_step(n, columns->body->steps[k], n->inner);
  end_loop(n, n->outer, columns->loop, n->inner);
  for (size_t k = 0; k < body->n_step; k++) {
    const struct cell *cell = body->steps[k]->cell;
    if (body->steps[k]->kind != STEP_CELL || !is_updated(columns->body, cell)) continue;
    const struct value *sum = define(n, n->outer, (struct value){.kind = VALUE_READ, .cell = cell});
    write_row(n, n->outer, STEP_STORE, n->expanded[cell->id], sum);
  }
  end_loop(n, n->out, n->rows->loop, n->outer);
}

/* What is stored for each row and is a sum over columns: the array in which it is to stand. */
static const struct memory *place_of_sum(const struct nest *n, const struct cell *cell, const struct step *store) {
  const struct value *value = store->value;
  if (store->kind != STEP_STORE || value->kind != VALUE_READ || value->cell != cell) return NULL;
  const bool plain = store->memory->kind == MEMORY_SCRATCH && store->memory->n_dim == 1 &&
                     store->subscripts[0].loop == n->rows->loop && !store->subscripts[0].shift;
  return plain ? store->memory : NULL;
}

static void expand(struct nest *n, const struct cell *cell) {
  const struct block *body = n->rows->body;
  const struct memory *array = NULL;
  for (size_t k = 0; k < body->n_step && !array; k++)
    if (writes(body->steps[k])) array = place_of_sum(n, cell, body->steps[k]);
  n->expanded[cell->id] = array ? array : array_over_rows(n, cell->name, cell->adjoint);
}

static bool is_done(const struct nest *n, const struct step *step) {
  if (step->kind == STEP_STORE && step->value->kind == VALUE_READ && n->own[step->value->cell->id])
    return n->expanded[step->value->cell->id] == step->memory;
  return step->kind == STEP_LET || step->kind == STEP_CELL || step->kind == STEP_LOOP;
}

static void take_apart(struct nest *n) {
  const struct block *body = n->rows->body;
  for (size_t k = 0; k < body->n_step; k++)
    if (body->steps[k]->kind == STEP_CELL) expand(n, body->steps[k]->cell);
  first_part(n);
  for (size_t k = 0; k < body->n_step; k++) {
    if (body->steps[k]->kind != STEP_LOOP) continue;
    if (n->turned[k])
      turn(n, body->steps[k]);
    else
      leave(n, body->steps[k]);
  }
  begin_part(n, n->out, false);
  for (size_t k = 0; k < body->n_step; k++)
    if (!is_done(n, body->steps[k])) copy_step(n, body->steps[k], n->inner);
  end_loop(n, n->out, n->rows->loop, n->inner);
}

static bool may_be_taken_apart(struct nest *n) {
  const struct block *body = n->rows->body;
  bool loops = false;
  for (size_t k = 0; k < body->n_step; k++) loops = loops || body->steps[k]->kind == STEP_LOOP;
  if (!loops || n->rows->loop->descending || n->rows->loop->dimension->high < LONG * n->n_branch) return false;
  locate(n, body, OUTER);
  for (size_t k = 0; k < body->n_step; k++)
    if (!step_is_free(n, body->steps[k], false)) return false;
  if (!cells_are_free(n) || !pays(n)) return false;
  for (size_t k = 0; k < body->n_step; k++)
    if (body->steps[k]->kind == STEP_LOOP && !keep_for(n, body->steps[k])) return false;
  return true;
}

static size_t count_cases(const struct step *step) {
  size_t n = 0;
  for (size_t c = 0; c < step->n_case; c++) n += step->cases[c] != NULL;
  return n;
}

static struct block *rewrite(struct nest *n, const struct block *block) {
  struct block *out = block_new(n->routine->arena);
  for (size_t k = 0; k < block->n_step; k++) {
    struct step *step = block->steps[k];
    n->out = out;
    n->rows = step;
    if (step->kind == STEP_LOOP && may_be_taken_apart(n)) {
      take_apart(n);
      continue;
    }
    if (step->kind == STEP_LOOP) step->body = rewrite(n, step->body);
    const size_t n_branch = n->n_branch;
    if (step->kind == STEP_SWITCH) n->n_branch *= count_cases(step);
    for (size_t c = 0; step->kind == STEP_SWITCH && c < step->n_case; c++)
      if (step->cases[c]) step->cases[c] = rewrite(n, step->cases[c]);
    n->n_branch = n_branch;
    block_append(n->routine->arena, out, *step);
  }
  return out;
}

void tune_nests(struct routine *routine) {
  struct floe__arena *arena = routine->arena;
  const size_t n_value = routine->n_value + 1, n_cell = routine->n_cell + 1;
  struct nest n = {.routine = routine,
                   .n_branch = 1,
                   .home = floe__arena_array(arena, n_value, sizeof *n.home),
                   .by_row = floe__arena_array(arena, n_value, sizeof *n.by_row),
                   .own = floe__arena_array(arena, n_cell, sizeof *n.own),
                   .expanded = floe__arena_array(arena, n_cell, sizeof *n.expanded),
                   .kept = floe__arena_array(arena, n_value, sizeof *n.kept),
                   .copy = floe__arena_array(arena, n_value, sizeof *n.copy),
                   .part = floe__arena_array(arena, n_value, sizeof *n.part)};
  routine->body = rewrite(&n, routine->body);
}
