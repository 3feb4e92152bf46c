/* making.h: a simulator in the making: what simulators.c (statements) and acts.c (their expressions) share. */
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
  struct list locals;
  bool *assigned; /* (n_output) */
  bool sound;
};

struct act *add_act(struct making *m, struct acts *acts, enum act_kind kind, struct span span);
const struct formal *local_new(struct making *m, const char *name, struct type type, struct span span);
const struct term *formal_read(struct checker *c, const struct formal *formal, struct span span);

/* The term with its raw draws taken out, each into an act of its own: from left to right, arguments first. Poison: reported. */
const struct term *without_draws(struct making *m, struct acts *acts, const struct term *term);
/* A draw of a distribution of one number, by acts of its own. */
const struct term *drawn_from(struct making *m, struct acts *acts, const struct term *distribution);

#endif
