/* routine.h: the loop program, between the graph and C: one structured, imperative routine per generated function.
 *
 * A routine is a block of steps. A step defines a value (each once: static single assignment), declares or updates a
 * cell (a number that changes: an accumulator, or the result of a switch), declares or fills memory, loops over a
 * dimension, or switches over the options of an axis. A value may be used in the block that defines it, behind its
 * definition, and in the blocks within. Constants, sizes, axes and loop indices are values that need no definition.
 *
 * Everything lives in the arena of the compilation. */
#ifndef FLOE_PROGRAM_ROUTINE_H
#define FLOE_PROGRAM_ROUTINE_H

#include "compiler/graph/graph.h"

struct floe__arena;
struct floe__text;
struct scope;

/* One run over a dimension; its identity is the pointer. */
struct loop {
  size_t id;
  const struct dimension *dimension;
  size_t first; /* number of the first element, from 1; the last is the dimension's size */
  bool descending;
  size_t run;       /* 0; else it goes on by so many elements, and a loop within it runs over these */
  const char *name; /* what the spec calls the index */
};

enum memory_kind {
  MEMORY_DATA,        /* a data or obs variable, read */
  MEMORY_VALUES,      /* a param or latent, read */
  MEMORY_COORDINATES, /* its unconstrained coordinates, read */
  MEMORY_CENTRING,    /* how far they are centred, read */
  MEMORY_RESULT,      /* where a root goes: a variable in the vector that the function fills, or an output */
  MEMORY_GRADIENT,    /* the gradient by a variable's coordinates; all zero at the start */
  MEMORY_CONSTANTS,   /* what depends on data and axes only: filled once per data set and universe, read by gradients */
  MEMORY_SCRATCH      /* declared by a step */
};

struct memory {
  enum memory_kind kind;
  size_t id;
  const struct variable *variable; /* NULL: scratch, or output number `output` */
  size_t output;
  const char *name; /* what the spec calls it, or NULL */
  bool adjoint;     /* holds adjoints: for readable C */
  size_t n_dim;
  const struct dimension **dim; /* row-major: the last runs fastest */
  const struct external *work;  /* scratch: what this simulator's own arrays take where its sizes are `dim`; NULL: an array */
  size_t least;                 /* scratch: room for at least so many elements, whatever the size */
  struct scope *scope;          /* builder: where it was declared */
  bool changing;                /* loads may not move: it is written after having been read */
};

/* Which element: the loop's current one plus shift; or the number a value has, checked to be inside; or number
 * `shift`. */
struct subscript {
  const struct loop *loop;
  const struct value *value;
  long shift;
};

/* A number that changes. */
struct cell {
  size_t id;
  bool truth;
  const char *name;
  bool adjoint;
  const char *stem; /* for readable C: which kind of number it is, where it has no name */
};

enum value_kind {
  VALUE_CONST,
  VALUE_INDEX,
  VALUE_SIZE,
  VALUE_AXIS,
  VALUE_OPTION, /* whether the universe has option `number` of the axis; it and those before need no definition */
  VALUE_OPERATOR,
  VALUE_SELECT,
  VALUE_CALL, /* symbol, args */
  VALUE_DRAW, /* external, args, then n_key element numbers; site: a raw draw */
  VALUE_LOAD, /* memory, subscripts */
  VALUE_READ  /* cell: what it holds now; it does not change afterwards */
};

/* Exactly one is set. Arguments of operators and selects are values. */
struct argument {
  const struct value *value;
  const struct memory *memory; /* a whole array */
  const struct cell *cell;     /* a place to accumulate into */
};

struct value {
  enum value_kind kind;
  size_t id;
  bool truth; /* a truth value: int in C */
  double number;
  enum operator_kind op;
  const struct loop *loop;
  const struct dimension *dimension;
  const struct axis *axis;
  const struct external *external;
  const char *symbol;
  const struct memory *memory;
  const struct subscript *subscripts;
  const struct cell *cell;
  size_t site, n_key;
  size_t n_arg;
  const struct argument *args;
  const struct node *node; /* a node that it is the value of, or NULL */
  const char *name;        /* what the spec calls it, or NULL */
  bool adjoint;            /* the adjoint of what is called `name` */
  struct span span;
  struct scope *scope; /* builder */
};

enum step_kind {
  STEP_LET,    /* value */
  STEP_CELL,   /* cell starts with `number` */
  STEP_UPDATE, /* cell: assigned, or reduced with, value */
  STEP_ARRAY,  /* memory begins here; zeroed if `zeroed` */
  STEP_STORE,  /* memory[subscripts] = value */
  STEP_ADD,    /* memory[subscripts] += value */
  STEP_CALL,   /* symbol(sizes, args...): an array function; args[n_arg - 1] is the result's memory unless `adjoint` */
  STEP_LOOP,   /* loop, body */
  STEP_SWITCH  /* selector, cases */
};

enum selector_kind { SELECTOR_AXIS, SELECTOR_COORDINATES, SELECTOR_DRAWN };
#define NO_OPTION SIZE_MAX /* of an axis outside of the switches on it */

struct step {
  enum step_kind kind;
  const struct value *value;
  const struct cell *cell;
  double number;
  bool assign;
  enum reduction reduction;
  const struct memory *memory;
  bool zeroed, adjoint;
  const struct subscript *subscripts;
  const struct external *external;
  const struct memory *work; /* CALL of a simulator that fills arrays of its own: room for them */
  size_t site, n_key; /* CALL of a raw draw: args are its arguments, then n_key element numbers, then the result */
  size_t n_arg;
  const struct argument *args;
  const struct loop *loop;
  const struct loop *runs; /* LOOP: the enclosing loop over runs of whose elements it is one; NULL: it is over all */
  struct block *body;
  enum selector_kind selector;
  const struct axis *axis;
  enum role role; /* SELECTOR_DRAWN: case 0 runs if variables of this role are to be drawn */
  size_t n_case;
  struct block **cases; /* NULL: nothing to do */
};

struct block {
  size_t n_step, capacity;
  struct step **steps;
};

struct routine {
  struct floe__arena *arena;
  const struct study *study;
  enum interpretation_kind kind;
  bool gradient;  /* LOG_DENSITY: with the gradient */
  bool constants; /* LOG_DENSITY: fills MEMORY_CONSTANTS, and that is all */
  size_t n_value, n_cell, n_loop, n_memory, capacity_memory;
  const struct memory **memories;
  struct block *body;
  /* LOG_DENSITY: sums of the terms, and whether all guards of a term hold. Their adjoints are known: 1, and none. */
  const struct cell *term[N_TAG], *supported[N_TAG];
  size_t n_alias; /* (n_alias) the value of each node, by node id; NULL where the routine has none */
  const struct value **alias;
};

struct step *block_append(struct floe__arena *arena, struct block *block, struct step step);
struct block *block_new(struct floe__arena *arena);

/* A memory of the routine's own: `proto` with an id. */
const struct memory *routine_memory(struct routine *routine, struct memory proto);

/* Whether the cell is a term or a guard of the log density. */
bool routine_is_term(const struct routine *routine, const struct cell *cell);
bool routine_is_guard(const struct routine *routine, const struct cell *cell);

/* Removes what nothing depends on. */
void routine_prune(struct routine *routine);

/* --dump program: all routines of a study. */
void dump_routines(const struct study *study, struct floe__arena *arena, struct floe__text *out);
void routine_print(const struct routine *routine, struct floe__text *out);

/* Every value and cell is defined once, before its use and where it is visible; arrays are declared and written before
 * they are read. False with a sentence in `problem` otherwise. */
bool routine_verify(const struct routine *routine, struct floe__text *problem);

#endif
