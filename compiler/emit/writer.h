/* writer.h: what the files that write C share. */
#ifndef FLOE_EMIT_WRITER_H
#define FLOE_EMIT_WRITER_H

#include <stdint.h>

#include "base/text.h"
#include "compiler/emit/identifiers.h"
#include "compiler/program/routine.h"

/* Library functions that the file calls: declared in it, once each. */
struct prototypes {
  size_t n, capacity;
  const char **symbols;
  struct floe__text text;
};

/* One generated file. */
struct writer {
  struct floe__arena *arena;
  const struct study *study;
  struct floe__text *out;
  struct prototypes prototypes;
  struct floe__text systems;             /* functions of the systems of differential equations */
  struct floe__text simulators;          /* functions of the `sim`s */
  bool draws, gathers, scatters, clears, lanes; /* helpers that the file needs */
  bool constants; /* the gradient reads constants that constants_of makes */
  bool packed;    /* what is being written evaluates several chains in lockstep */
  struct floe__text each; /* functions of packs that call one of numbers chain by chain */
  struct floe__text scratch;             /* per routine, an expression of the doubles that it needs */
  size_t n_scratch;
  const char **size_name; /* (n_sizes) */
  bool *size_used;        /* (n_sizes) by `scratch` */
  uint64_t prior;         /* hash of what decides what the prior implies of elicited numbers */
};

/* One function. Its body is written first: what it turns out to use is declared in front of it. */
struct function_writer {
  struct writer *file;
  const struct routine *routine;
  struct identifiers *identifiers;
  struct floe__text *out;
  size_t depth;              /* of indentation */
  size_t n_around;           /* loops around the line at hand */
  unsigned *uses;            /* (n_value) */
  const struct block **home; /* (n_value) block that defines it */
  bool *far;                 /* (n_value) used in another block */
  bool *inlined;             /* (n_value) printed where it is used */
  bool *stored;              /* (n_value) stored in memory of the same name */
  size_t *weight;            /* (n_value) operations in its expression */
  const char **value_name;   /* (n_value) */
  const char **cell_name;    /* (n_cell) */
  bool *cell_updated;        /* (n_cell) */
  const char **memory_name;  /* (n_memory) NULL: not in this function */
  const struct memory **same_memory; /* (n_memory) the first that means the same numbers; itself, where there is none */
  bool *memory_used;         /* (n_memory) */
  const char **loop_name;    /* (n_loop) */
  const char **loop_last;    /* (n_loop) of those over runs: the last element of the run */
  const char **size_name;    /* (n_sizes) */
  bool *size_used;           /* (n_sizes) */
  bool uses_universe, uses_context, uses_draws;
  bool in_lanes; /* what is being written is the body of a loop that runs in lanes */
  bool inlines;  /* it is in such a loop or in a long one of a density: it calls what <floe/lanes.h> has */
  size_t n_line;
  bool *line_seen; /* (n_line + 1) lines of the spec that a comment has named */
  size_t n_temporary;
  /* A gradient of packs: */
  bool packed;
  bool *varies, *cell_varies, *scratch_varies; /* (n_value), (n_cell), (n_memory) differ between chains */
  const char **one_name;      /* (n_memory) array for the numbers of one chain; NULL: it was not needed */
  const char **one_cell;      /* (n_cell) likewise, while a call is written */
  bool one_chain;             /* what is being written is a call for `chain` alone */
};

/* expressions.c */
enum precedence {
  PREC_SELECT,
  PREC_OR,
  PREC_AND,
  PREC_EQUAL,
  PREC_LESS,
  PREC_SUM,
  PREC_PRODUCT,
  PREC_UNARY,
  PREC_ATOM
};
void write_value(struct function_writer *f, const struct value *value, enum precedence least);
void write_truth(struct function_writer *f, const struct value *value, enum precedence least);
void write_definition(struct function_writer *f, const struct value *value); /* the expression, not the name */
void write_place(struct function_writer *f, const struct memory *memory, const struct subscript *subscripts);
bool place_is_checked(const struct memory *memory, const struct subscript *subscripts);
bool place_varies(const struct function_writer *f, const struct memory *memory, const struct subscript *subscripts);
void write_position(struct function_writer *f, const struct memory *memory, const struct subscript *subscripts);
void write_array_call(struct function_writer *f, const struct external *external, const char *symbol,
                      const struct argument *args, size_t n_arg);
void write_number(struct floe__text *out, double number);
void write_extent(struct function_writer *f, const struct memory *memory); /* how many doubles a scratch array takes */

/* frame.c: what stands around the body of a function */
/* Sizes that code may name: of the dimensions, and of the coordinates of variables with a structure. */
size_t n_sizes(const struct program *program);
void frame_declare_sizes(struct floe__text *out, const struct program *program, const char *const *name,
                         const bool *used);
void frame_name_sizes(struct writer *w);
void frame_names(struct function_writer *f); /* names of memory and sizes; before the body is written */
void frame_open(struct function_writer *f);  /* signature and declarations; after that */
void frame_close(struct function_writer *f); /* what is returned */
const char *name_of_size(struct function_writer *f, const struct dimension *dimension);
const char *name_of_memory(struct function_writer *f, const struct memory *memory);
void frame_count_scratch(struct function_writer *f);
void frame_count_constants(struct function_writer *f); /* the function constants_size */
void frame_count_packs(struct function_writer *f);     /* the function scratch_size_of_packs */

/* lanes.c: loops whose passes are independent but for sums; the C compiler is told to run several at once */
bool loop_is_long(const struct function_writer *f, const struct step *loop);
bool loop_has_lanes(const struct function_writer *f, const struct step *loop);
void write_lanes(struct function_writer *f, const struct step *loop); /* the line in front of the loop */
const char *lane_symbol(const char *symbol); /* of the function that stands for it there; NULL: none does */
const char *pack_symbol(const char *symbol); /* likewise, in <floe/packs.h> */

/* packs.c: numbers and truth values of several chains at once */
void packs_survey(struct function_writer *f);
bool value_varies(const struct function_writer *f, const struct value *value);
bool call_varies(const struct function_writer *f, const struct step *step);
bool memory_varies(const struct function_writer *f, const struct memory *memory);
bool call_is_apart(const struct function_writer *f, const struct value *value); /* chain by chain, in a loop of its own */
void write_pack(struct function_writer *f, const struct value *value);
void write_truths(struct function_writer *f, const struct value *value, enum precedence least);
void write_call_of_packs(struct function_writer *f, const struct value *value);
bool is_negative_of_packs(const struct function_writer *f, const struct value *value);
void write_negative_of_packs(struct function_writer *f, const struct value *value);
void write_chain_by_chain(struct function_writer *f, const char *result, const struct external *external,
                          const char *symbol, const struct argument *args, size_t n_arg);
bool system_takes_packs(const struct function_writer *f, const struct step *step);
void write_system_call(struct function_writer *f, const struct step *step); /* a condition: 0 where it cannot do it */
void write_lockstep(struct writer *w, struct floe__text *out);

/* functions.c */
void write_routine(struct writer *w, const struct routine *routine);
void write_indent(struct function_writer *f);

/* prototypes.c */
void declare_scalar(struct writer *w, const char *symbol, size_t n_arg);
void declare_each(struct writer *w, const char *symbol, size_t n_arg); /* floe_each_SYMBOL */
void declare_external(struct writer *w, const struct external *external);
void declare_adjoint(struct writer *w, const struct external *external);
void declare_system_of_packs(struct writer *w, const struct external *external); /* SYMBOL_in_packs */

/* systems.c */
void write_system(struct writer *w, const struct external *external);
void write_system_adjoint(struct writer *w, const struct external *external);
bool system_is_small(const struct system *system); /* its method is compiled with the study, for several chains too */
void write_system_of_packs(struct writer *w, const struct external *external);

/* emit.c */
void write_inside(struct floe__text *out); /* helpers for numbers of elements that are checked */
void mix_into_prior(struct writer *w, size_t from); /* what was written from there on counts for w->prior */

/* simulators.c */
void write_simulator(struct writer *w, const struct external *external);

/* tables.c */
void write_tables(struct writer *w);
void write_string(struct floe__text *out, const char *text, size_t length);
void write_plain(struct floe__text *out, const char *text); /* for comments: letters, digits, _ . - only */

#endif
