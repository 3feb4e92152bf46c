/* making.h: a simulator in the making: what simulators.c (outputs), simulator_body.c (statements), simulator_values.c
 * (expressions) and acts.c (the acts that they come to) share. */
#ifndef FLOE_MEANING_MAKING_H
#define FLOE_MEANING_MAKING_H

#include "compiler/meaning/checker.h"

struct acts { /* of one block, in the making */
  struct act *first, **last;
};

struct making {
  struct checker *c;
  const struct statement *statement;
  struct simulator *simulator;
  struct list locals, terms;
  bool *assigned; /* (n_output) */
  bool sound;
};

/* ---- acts.c ---- */

struct act *add_act(struct making *m, struct acts *acts, enum act_kind kind, struct span span);
const struct formal *local_new(struct making *m, const char *name, struct type type, struct span span);
const struct term *formal_read(struct checker *c, const struct formal *formal, struct span span);

struct act_loop { /* for one index: what is added to `body` stands in it */
  struct act *act;
  struct acts body;
};

/* A loop over a binder; close_loops when the bodies of all `n`, each in the one before, are complete. */
void open_loop(struct making *m, struct acts *acts, const struct binder *binder, struct span span, struct act_loop *loop);
void close_loops(struct act_loop *loops, size_t n);

/* Whether a term is one number that can be computed straight away, what it calls included: in one loop at most. */
bool is_plain(const struct term *term);
bool has_reduction(const struct term *term);
bool has_draw(const struct term *term);
/* Notes what the text says. An error for each index set whose size the simulator does not know: those of its arguments, and
 * fixed ones, are known. */
void note_term(struct making *m, const struct term *term);
void require_size(struct making *m, const struct dimension *dimension, struct span span);

/* ---- simulator_values.c ---- */

/* The value by acts of its own: a plain number, or an array as a TERM_FORMAL or a literal. Draws from left to right,
 * arguments first. Poison: reported. */
const struct term *value_made(struct making *m, struct acts *acts, const struct term *term);
/* Such a value for a local, or for what of it the first `n` indices name, element by element. */
void store_value(struct making *m, struct acts *acts, const struct formal *to, size_t n, const struct term *const *place,
                 const struct term *value);
/* A draw of a single distribution: a plain number, or an array. Formal dimensions that its arguments do not tell are `dim`. */
const struct term *drawn_from(struct making *m, struct acts *acts, const struct term *distribution,
                              const struct dimension *const *dim);

/* ---- simulator_body.c ---- */

const struct act *block_of(struct making *m, const struct context *at, const struct statement *list);

/* ---- packed_outputs.c ---- */

/* The type of all outputs in one array, and the functions that read each of them. False: reported. */
bool pack_outputs(struct making *m, struct type *type);
/* An output, read from what the simulator's external gives. */
const struct term *output_read(struct checker *c, const struct simulator *simulator, const struct term *run, size_t output,
                               struct span span);

/* ---- simulators.c ---- */

/* Position among the outputs; n_output: none of them. */
size_t output_named(const struct simulator *simulator, const struct formal *formal);
void error_sim(struct checker *c, struct span span, const char *problem, const char *fix); /* E2070 */

#endif
