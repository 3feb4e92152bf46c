/* reverse.h: what activity.c (what has adjoints), adjoint.c (the sweeps) and rules.c (one value at a time) share. */
#ifndef FLOE_PROGRAM_REVERSE_H
#define FLOE_PROGRAM_REVERSE_H

#include "compiler/program/builder.h"

/* Of the source routine, by id. */
struct activity {
  bool *value, *cell, *memory; /* depends on coordinates */
  bool *masked_value, *masked_cell,
      *masked_memory;               /* its adjoint may be a zero that stands for "not chosen": then slopes do
                                                       not count, not even infinite ones */
  const struct block **home;        /* block that defines the value */
  const struct block **memory_home; /* block that declares the array */
};

struct activity activity_of(struct floe__arena *arena, const struct routine *routine);

/* A block of the source being run backwards, and the scope that this happens in. */
struct frame {
  const struct block *block;
  struct scope *scope;
  struct frame *outer;
};

/* Arrays are indexed by the ids of the source routine; `struct builder` makes the new one. */
struct reverse {
  struct floe__arena *arena;
  const struct routine *source;
  struct builder *builder;
  struct activity activity;
  const struct value **value; /* the newest copy */
  const struct step **stored; /* of a value of the block that is being run again: what puts it into an array there */
  const struct cell **cell;
  const struct memory **memory, **shadow; /* shadow: adjoints of an array */
  const struct loop **loop;
  const struct value **sum;                    /* of adjoints that arose in the value's own block */
  const struct cell **cell_of_sum;             /* and in blocks within it */
  const struct value **cell_adjoint;           /* of an accumulator or the result of a switch */
  const struct value **cell_total;             /* what it holds in the end */
  size_t *cell_region, *memory_region, region; /* declared by the part of the program that is being repeated? */
  struct frame *frame;
  struct scope *outermost;
  size_t n_loop;  /* open ones */
  size_t *option; /* of each axis, and last of the system of coordinates, in this branch; NO_OPTION where it is open */
};

const struct value *copy_of(struct reverse *r, const struct value *source);
const struct subscript *copy_subscripts(struct reverse *r, const struct memory *memory,
                                        const struct subscript *subscripts);
const struct memory *copy_memory(struct reverse *r, const struct memory *source);
const struct memory *shadow_of(struct reverse *r, const struct memory *source);
void contribute(struct reverse *r, const struct value *source, const struct value *adjoint);
void reverse_array_call(struct reverse *r, const struct external *external, const struct argument *args,
                        const struct memory *result, const struct value *value, const struct value *adjoint);

/* rules.c: adds to the adjoints of what `source` was computed from. */
void propagate(struct reverse *r, const struct value *source, const struct value *adjoint);

#endif
