/* builder.h: makes routines. Values are folded, found again where they exist already, and put into the outermost block
 * that their operands allow, but never out of a branch of a switch: so loop-invariant code leaves its loops by itself.
 * */
#ifndef FLOE_PROGRAM_BUILDER_H
#define FLOE_PROGRAM_BUILDER_H

#include "compiler/program/routine.h"

/* A block under construction. While an inner block is built its step is not yet in the outer block: what is appended
 * to the outer block meanwhile stands before it. */
struct scope {
  struct scope *parent;
  struct block *block;
  const struct loop *loop; /* NULL: no loop */
  bool branch, open;
  size_t depth;
};

struct builder {
  struct floe__arena *arena;
  struct routine *routine;
  struct scope *current;
  size_t n_bucket, n_known;
  struct known **buckets; /* values by their contents */
};

struct builder *builder_new(struct floe__arena *arena, const struct study *study, enum interpretation_kind kind);

struct scope *builder_open(struct builder *builder, const struct loop *loop, bool branch);
struct block *builder_close(struct builder *builder); /* the finished block of the current scope */

const struct value *builder_value(struct builder *builder, struct value proto);
const struct value *builder_const(struct builder *builder, double number);
const struct value *builder_operator(struct builder *builder, enum operator_kind op, const struct value *a,
                                     const struct value *b);
const struct value *builder_select(struct builder *builder, const struct value *condition, const struct value *a,
                                   const struct value *b);
const struct value *builder_call(struct builder *builder, const char *symbol, const struct value *x,
                                 const struct value *y);
const struct value *builder_load(struct builder *builder, const struct memory *memory,
                                 const struct subscript *subscripts);
const struct value *builder_read(struct builder *builder, const struct cell *cell);

const struct loop *builder_loop(struct builder *builder, const struct dimension *dimension, const char *name,
                                size_t first, bool descending);
const struct memory *builder_memory(struct builder *builder, struct memory proto);
const struct memory *builder_array(struct builder *builder, struct memory proto,
                                   bool zeroed); /* declared in the current block */
const struct cell *builder_cell(struct builder *builder, struct cell proto, double start); /* likewise */

void builder_update(struct builder *builder, const struct cell *cell, enum reduction reduction,
                    const struct value *value);
void builder_assign(struct builder *builder, const struct cell *cell, const struct value *value);
void builder_store(struct builder *builder, const struct memory *memory, const struct subscript *subscripts,
                   const struct value *value);
void builder_add(struct builder *builder, const struct memory *memory, const struct subscript *subscripts,
                 const struct value *value);
struct step *builder_step(struct builder *builder, struct step step);

bool value_is_const(const struct value *value, double number);
double reduction_start(enum reduction reduction); /* what reducing nothing gives */
double infinity_of(int sign);
double not_a_number(void);

#endif
