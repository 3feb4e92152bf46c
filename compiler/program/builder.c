#include "compiler/program/builder.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"

struct known {
  const struct value *value;
  uint64_t hash;
  struct known *next;
};

double infinity_of(int sign) {
  return sign * HUGE_VAL;
}
double not_a_number(void) {
  return nan("");
}

bool value_is_const(const struct value *value, double number) {
  return value->kind == VALUE_CONST && value->number == number;
}

double reduction_start(enum reduction reduction) {
  switch (reduction) {
    case REDUCE_SUM:
    case REDUCE_ANY: return 0;
    case REDUCE_PRODUCT:
    case REDUCE_ALL: return 1;
    case REDUCE_MAX: return infinity_of(-1);
    case REDUCE_MIN: return infinity_of(+1);
  }
  return 0;
}

/* ---- blocks and scopes ---- */

struct block *block_new(struct floe__arena *arena) {
  return floe__arena_alloc(arena, sizeof(struct block));
}

struct step *block_append(struct floe__arena *arena, struct block *block, struct step step) {
  if (block->n_step == block->capacity) {
    size_t capacity = block->capacity ? 2 * block->capacity : 8;
    struct step **steps = floe__arena_array(arena, capacity, sizeof *steps);
    if (block->n_step) memcpy(steps, block->steps, block->n_step * sizeof *steps);
    block->steps = steps;
    block->capacity = capacity;
  }
  struct step *kept = floe__arena_alloc(arena, sizeof *kept);
  *kept = step;
  block->steps[block->n_step++] = kept;
  return kept;
}

struct scope *builder_open(struct builder *builder, const struct loop *loop, bool branch) {
  struct scope *scope = floe__arena_alloc(builder->arena, sizeof *scope);
  scope->parent = builder->current;
  scope->block = block_new(builder->arena);
  scope->loop = loop;
  scope->branch = branch;
  scope->open = true;
  scope->depth = builder->current ? builder->current->depth + 1 : 0;
  builder->current = scope;
  return scope;
}

struct block *builder_close(struct builder *builder) {
  struct scope *scope = builder->current;
  scope->open = false;
  builder->current = scope->parent;
  return scope->block;
}

struct builder *builder_new(struct floe__arena *arena, const struct study *study, enum interpretation_kind kind) {
  struct builder *builder = floe__arena_alloc(arena, sizeof *builder);
  builder->arena = arena;
  builder->routine = floe__arena_alloc(arena, sizeof *builder->routine);
  builder->routine->arena = arena;
  builder->routine->study = study;
  builder->routine->kind = kind;
  builder->n_bucket = 1024;
  builder->buckets = floe__arena_array(arena, builder->n_bucket, sizeof(struct known *));
  builder->routine->body = builder_open(builder, NULL, false)->block;
  return builder;
}

static struct scope *scope_of_loop(const struct builder *builder, const struct loop *loop) {
  for (struct scope *s = builder->current; s; s = s->parent)
    if (s->loop == loop) return s;
  return NULL;
}

static struct scope *inner(struct scope *a, struct scope *b) {
  if (!a) return b;
  return b && b->depth > a->depth ? b : a;
}

static struct scope *scope_of_subscripts(const struct builder *builder, const struct memory *memory,
                                         const struct subscript *subscripts) {
  struct scope *scope = memory->scope;
  for (size_t k = 0; k < memory->n_dim; k++) {
    if (subscripts[k].loop) scope = inner(scope, scope_of_loop(builder, subscripts[k].loop));
    if (subscripts[k].value) scope = inner(scope, subscripts[k].value->scope);
  }
  return scope;
}

/* The outermost block that sees all operands and is not outside of the branch that is being built. */
static struct scope *scope_of_value(const struct builder *builder, const struct value *value) {
  struct scope *wanted = NULL;
  if (value->kind == VALUE_READ || (value->kind == VALUE_LOAD && value->memory->changing)) return builder->current;
  for (size_t k = 0; k < value->n_arg; k++) {
    if (value->args[k].value) wanted = inner(wanted, value->args[k].value->scope);
    if (value->args[k].memory) wanted = inner(wanted, value->args[k].memory->scope);
  }
  if (value->kind == VALUE_LOAD) wanted = inner(wanted, scope_of_subscripts(builder, value->memory, value->subscripts));
  struct scope *scope = builder->current;
  while (scope != wanted && scope->parent && !scope->branch) scope = scope->parent;
  return scope;
}

/* ---- the table of known values ---- */

static uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 29;
}

static uint64_t hash_value(const struct value *v) {
  uint64_t bits, hash = mix(17, (uint64_t)v->kind);
  memcpy(&bits, &v->number, sizeof bits);
  hash = mix(mix(mix(hash, bits), (uint64_t)v->op), v->site);
  hash = mix(mix(hash, (uintptr_t)v->loop), (uintptr_t)v->dimension);
  hash = mix(mix(hash, (uintptr_t)v->axis), (uintptr_t)v->memory);
  for (size_t k = 0; v->symbol && v->symbol[k]; k++) hash = mix(hash, (unsigned char)v->symbol[k]);
  for (size_t k = 0; k < v->n_arg; k++)
    hash = mix(mix(hash, (uintptr_t)v->args[k].value), (uintptr_t)v->args[k].memory);
  for (size_t k = 0; v->memory && k < v->memory->n_dim; k++)
    hash = mix(mix(mix(hash, (uintptr_t)v->subscripts[k].loop), (uintptr_t)v->subscripts[k].value),
               (uint64_t)v->subscripts[k].shift);
  return hash;
}

static bool same_value(const struct value *a, const struct value *b) {
  if (a->kind != b->kind || memcmp(&a->number, &b->number, sizeof a->number) || a->op != b->op || a->loop != b->loop ||
      a->dimension != b->dimension || a->axis != b->axis || a->memory != b->memory || a->n_arg != b->n_arg ||
      a->truth != b->truth || a->site != b->site || !a->symbol != !b->symbol ||
      (a->symbol && strcmp(a->symbol, b->symbol)))
    return false;
  for (size_t k = 0; k < a->n_arg; k++)
    if (a->args[k].value != b->args[k].value || a->args[k].memory != b->args[k].memory) return false;
  for (size_t k = 0; a->memory && k < a->memory->n_dim; k++)
    if (a->subscripts[k].loop != b->subscripts[k].loop || a->subscripts[k].value != b->subscripts[k].value ||
        a->subscripts[k].shift != b->subscripts[k].shift)
      return false;
  return true;
}

static void rehash(struct builder *builder) {
  size_t n = 4 * builder->n_bucket;
  struct known **buckets = floe__arena_array(builder->arena, n, sizeof *buckets);
  for (size_t k = 0; k < builder->n_bucket; k++)
    for (struct known *entry = builder->buckets[k], *next; entry; entry = next) {
      next = entry->next;
      entry->next = buckets[entry->hash % n];
      buckets[entry->hash % n] = entry;
    }
  builder->buckets = buckets;
  builder->n_bucket = n;
}

static const struct value *find(struct builder *builder, const struct value *proto, uint64_t hash) {
  for (struct known *entry = builder->buckets[hash % builder->n_bucket]; entry; entry = entry->next)
    if (entry->hash == hash && (!entry->value->scope || entry->value->scope->open) && same_value(entry->value, proto))
      return entry->value;
  return NULL;
}

static void remember(struct builder *builder, const struct value *value, uint64_t hash) {
  if (++builder->n_known > 2 * builder->n_bucket) rehash(builder);
  struct known *entry = floe__arena_alloc(builder->arena, sizeof *entry);
  *entry = (struct known){value, hash, builder->buckets[hash % builder->n_bucket]};
  builder->buckets[hash % builder->n_bucket] = entry;
}

/* ---- folding ---- */

static const struct value *arg(const struct value *value, size_t k) {
  return value->args[k].value;
}

static bool is_operator(const struct value *value, enum operator_kind op) {
  return value->kind == VALUE_OPERATOR && value->op == op;
}

static const struct value *fold_sum(struct builder *b, bool minus, const struct value *x, const struct value *y) {
  if (value_is_const(y, 0)) return x;
  if (!minus && x == y) return builder_operator(b, OP_MUL, builder_const(b, 2), x);
  if (value_is_const(x, 0)) return minus ? builder_operator(b, OP_NEG, y, NULL) : y;
  if (is_operator(y, OP_NEG)) return builder_operator(b, minus ? OP_ADD : OP_SUB, x, arg(y, 0));
  if (y->kind == VALUE_CONST && y->number < 0)
    return builder_operator(b, minus ? OP_ADD : OP_SUB, x, builder_const(b, -y->number));
  if (!minus && is_operator(x, OP_NEG)) return builder_operator(b, OP_SUB, y, arg(x, 0));
  return NULL;
}

static const struct value *fold_product(struct builder *b, const struct value *x, const struct value *y) {
  if (value_is_const(x, 1)) return y;
  if (value_is_const(y, 1)) return x;
  if (value_is_const(x, -1)) return builder_operator(b, OP_NEG, y, NULL);
  if (value_is_const(y, -1)) return builder_operator(b, OP_NEG, x, NULL);
  if (y->kind == VALUE_CONST) return builder_operator(b, OP_MUL, y, x);
  if (is_operator(x, OP_NEG)) return builder_operator(b, OP_NEG, builder_operator(b, OP_MUL, arg(x, 0), y), NULL);
  if (is_operator(y, OP_NEG)) return builder_operator(b, OP_NEG, builder_operator(b, OP_MUL, x, arg(y, 0)), NULL);
  if (is_operator(y, OP_DIV) && value_is_const(arg(y, 0), 1)) return builder_operator(b, OP_DIV, x, arg(y, 1));
  if (is_operator(x, OP_DIV) && value_is_const(arg(x, 0), 1)) return builder_operator(b, OP_DIV, y, arg(x, 1));
  /* constants gather at the front */
  if (is_operator(y, OP_MUL) && arg(y, 0)->kind == VALUE_CONST)
    return builder_operator(b, OP_MUL, builder_operator(b, OP_MUL, arg(y, 0), x), arg(y, 1));
  if (x->kind == VALUE_CONST && is_operator(y, OP_MUL) && arg(y, 0)->kind == VALUE_CONST)
    return builder_operator(b, OP_MUL, builder_const(b, x->number * arg(y, 0)->number), arg(y, 1));
  return NULL;
}

static const struct value *fold_power(struct builder *b, const struct value *x, const struct value *y) {
  if (y->kind != VALUE_CONST) return NULL;
  if (y->number == 1) return x;
  if (y->number == 2) return builder_operator(b, OP_MUL, x, x);
  if (y->number == 3) return builder_operator(b, OP_MUL, builder_operator(b, OP_MUL, x, x), x);
  if (y->number == 0.5) return builder_call(b, "sqrt", x, NULL);
  if (y->number == -1) return builder_operator(b, OP_DIV, builder_const(b, 1), x);
  return NULL;
}

static const struct value *fold_truth(struct builder *b, enum operator_kind op, const struct value *x,
                                      const struct value *y) {
  if (op == OP_NOT) return is_operator(x, OP_NOT) && arg(x, 0)->truth ? arg(x, 0) : NULL;
  double neutral = op == OP_AND;
  if (x->kind == VALUE_CONST) return (x->number != 0) == neutral ? y : builder_const(b, !neutral);
  if (y->kind == VALUE_CONST) return (y->number != 0) == neutral ? x : builder_const(b, !neutral);
  return x == y ? x : NULL;
}

static const struct value *fold(struct builder *b, enum operator_kind op, const struct value *x,
                                const struct value *y) {
  if (x->kind == VALUE_CONST && (!y || y->kind == VALUE_CONST))
    return builder_const(b, operator_value(op, x->number, y ? y->number : 0));
  switch (op) {
    case OP_ADD: return fold_sum(b, false, x, y);
    case OP_SUB: return fold_sum(b, true, x, y);
    case OP_MUL: return fold_product(b, x, y);
    case OP_DIV:
      if (value_is_const(y, 1)) return x;
      return is_operator(x, OP_NEG) ? builder_operator(b, OP_NEG, builder_operator(b, OP_DIV, arg(x, 0), y), NULL)
                                    : NULL;
    case OP_POW: return fold_power(b, x, y);
    case OP_NEG: return is_operator(x, OP_NEG) ? arg(x, 0) : NULL;
    case OP_AND:
    case OP_OR:
    case OP_NOT: return fold_truth(b, op, x, y);
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
    case OP_EQ:
    case OP_NE: return NULL;
  }
  return NULL;
}

/* ---- values ---- */

const struct value *builder_value(struct builder *builder, struct value proto) {
  const bool immediate = proto.kind < VALUE_OPERATOR;
  const bool unique = proto.kind == VALUE_READ || (proto.kind == VALUE_LOAD && proto.memory->changing);
  uint64_t hash = hash_value(&proto);
  if (!unique) {
    const struct value *known = find(builder, &proto, hash);
    if (known) return known;
  }
  struct value *value = floe__arena_alloc(builder->arena, sizeof *value);
  *value = proto;
  value->id = builder->routine->n_value++;
  value->scope = NULL;
  if (proto.kind == VALUE_INDEX) value->scope = scope_of_loop(builder, proto.loop);
  if (!immediate) {
    value->scope = scope_of_value(builder, value);
    block_append(builder->arena, value->scope->block, (struct step){.kind = STEP_LET, .value = value});
  }
  if (!unique) remember(builder, value, hash);
  return value;
}

const struct value *builder_const(struct builder *builder, double number) {
  return builder_value(builder, (struct value){.kind = VALUE_CONST, .number = number});
}

static const struct argument *arguments(struct builder *builder, size_t n, const struct value *a, const struct value *b,
                                        const struct value *c) {
  struct argument *args = floe__arena_array(builder->arena, n, sizeof *args);
  const struct value *all[3] = {a, b, c};
  for (size_t k = 0; k < n; k++) args[k].value = all[k];
  return args;
}

const struct value *builder_operator(struct builder *builder, enum operator_kind op, const struct value *a,
                                     const struct value *b) {
  const struct value *folded = fold(builder, op, a, b);
  if (folded) return folded;
  size_t n = b ? 2 : 1;
  return builder_value(builder, (struct value){.kind = VALUE_OPERATOR,
                                               .op = op,
                                               .truth = operator_gives_truth(op),
                                               .n_arg = n,
                                               .args = arguments(builder, n, a, b, NULL)});
}

const struct value *builder_select(struct builder *builder, const struct value *condition, const struct value *a,
                                   const struct value *b) {
  if (condition->kind == VALUE_CONST) return condition->number != 0 ? a : b;
  if (a == b) return a;
  return builder_value(builder, (struct value){.kind = VALUE_SELECT,
                                               .truth = a->truth && b->truth,
                                               .n_arg = 3,
                                               .args = arguments(builder, 3, condition, a, b)});
}

const struct value *builder_call(struct builder *builder, const char *symbol, const struct value *x,
                                 const struct value *y) {
  size_t n = y ? 2 : 1;
  return builder_value(
      builder,
      (struct value){.kind = VALUE_CALL, .symbol = symbol, .n_arg = n, .args = arguments(builder, n, x, y, NULL)});
}

const struct value *builder_load(struct builder *builder, const struct memory *memory,
                                 const struct subscript *subscripts) {
  return builder_value(builder, (struct value){.kind = VALUE_LOAD, .memory = memory, .subscripts = subscripts});
}

const struct value *builder_read(struct builder *builder, const struct cell *cell) {
  return builder_value(builder, (struct value){.kind = VALUE_READ, .cell = cell, .truth = cell->truth});
}

/* ---- loops, memory, cells, steps ---- */

const struct loop *builder_loop(struct builder *builder, const struct dimension *dimension, const char *name,
                                size_t first, bool descending) {
  struct loop *loop = floe__arena_alloc(builder->arena, sizeof *loop);
  *loop = (struct loop){builder->routine->n_loop++, dimension, first, descending, 0, name};
  return loop;
}

const struct memory *routine_memory(struct routine *routine, struct memory proto) {
  struct memory *memory = floe__arena_alloc(routine->arena, sizeof *memory);
  *memory = proto;
  memory->id = routine->n_memory;
  if (routine->n_memory == routine->capacity_memory) {
    const size_t capacity = routine->capacity_memory ? 2 * routine->capacity_memory : 16;
    const struct memory **memories = floe__arena_array(routine->arena, capacity, sizeof *memories);
    if (routine->n_memory) memcpy(memories, routine->memories, routine->n_memory * sizeof *memories);
    routine->memories = memories;
    routine->capacity_memory = capacity;
  }
  routine->memories[routine->n_memory++] = memory;
  return memory;
}

const struct memory *builder_memory(struct builder *builder, struct memory proto) {
  return routine_memory(builder->routine, proto);
}

const struct memory *builder_array(struct builder *builder, struct memory proto, bool zeroed) {
  proto.kind = MEMORY_SCRATCH;
  proto.scope = builder->current;
  const struct memory *memory = builder_memory(builder, proto);
  builder_step(builder, (struct step){.kind = STEP_ARRAY, .memory = memory, .zeroed = zeroed});
  return memory;
}

const struct cell *builder_cell(struct builder *builder, struct cell proto, double start) {
  struct cell *cell = floe__arena_alloc(builder->arena, sizeof *cell);
  *cell = proto;
  cell->id = builder->routine->n_cell++;
  builder_step(builder, (struct step){.kind = STEP_CELL, .cell = cell, .number = start});
  return cell;
}

struct step *builder_step(struct builder *builder, struct step step) {
  return block_append(builder->arena, builder->current->block, step);
}

void builder_update(struct builder *builder, const struct cell *cell, enum reduction reduction,
                    const struct value *value) {
  builder_step(builder, (struct step){.kind = STEP_UPDATE, .cell = cell, .reduction = reduction, .value = value});
}

void builder_assign(struct builder *builder, const struct cell *cell, const struct value *value) {
  builder_step(builder, (struct step){.kind = STEP_UPDATE, .cell = cell, .assign = true, .value = value});
}

void builder_store(struct builder *builder, const struct memory *memory, const struct subscript *subscripts,
                   const struct value *value) {
  builder_step(builder, (struct step){.kind = STEP_STORE, .memory = memory, .subscripts = subscripts, .value = value});
}

void builder_add(struct builder *builder, const struct memory *memory, const struct subscript *subscripts,
                 const struct value *value) {
  builder_step(builder, (struct step){.kind = STEP_ADD, .memory = memory, .subscripts = subscripts, .value = value});
}

bool routine_is_term(const struct routine *routine, const struct cell *cell) {
  for (size_t tag = 0; tag < N_TAG; tag++)
    if (cell == routine->term[tag]) return true;
  return false;
}

bool routine_is_guard(const struct routine *routine, const struct cell *cell) {
  for (size_t tag = 0; tag < N_TAG; tag++)
    if (cell == routine->supported[tag]) return true;
  return false;
}
