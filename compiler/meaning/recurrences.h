/* recurrences.h: arrays and variables whose elements come one by one. Private to meaning/: recurrences.c has the elements
 * before a loop and how elements are read, loops.c the loops, step_values.c the values of single steps.
 *
 * An element has one place along the loop's index and, where the array has more indices, stands for all elements of those:
 * x[person, t]. These other indices are the element's plate; loops and elements of the same index sets share their binders, so
 * that statements speak of the same place if their binders are the same. */
#ifndef FLOE_MEANING_RECURRENCES_H
#define FLOE_MEANING_RECURRENCES_H

#include "compiler/meaning/checker.h"

#define MAX_INITIAL 1000 /* so many elements may stand before a loop */

/* The left side of a statement about elements. */
struct left_side {
  size_t n, along;                         /* indices; which of them runs along the loop */
  size_t n_joint;                          /* of a draw: the last indices, which it fills all at once */
  const struct binder *binders[MAX_RANK];  /* at `along`: that of the loop, or NULL before it */
  const struct expr *element;              /* before a loop: the index at `along` */
  const struct bound *bound;               /* all of them, under their names */
};
/* loop: the name of the loop's index, with its binder; NULL before a loop. False: reported. */
bool left_side_of(struct checker *c, const struct context *at, const struct statement *s, const char *loop,
                  const struct binder *binder, struct left_side *left);
/* The same, with the indices that one draw of the statement's distribution fills: they may be written or not, and the
 * distribution does not see them. */
bool left_side_of_draw(struct checker *c, const struct context *at, const struct statement *s, struct symbol *symbol,
                       const char *loop, const struct binder *binder, struct left_side *left);

struct symbol *partial_new(struct checker *c, const struct context *at, const struct statement *s,
                           const struct left_side *left);
struct partial *partial_of(struct checker *c, const struct context *at, struct symbol *symbol, struct span span,
                           const struct left_side *left);
/* Whether what stands here fits what was said of the array before: the same universes, the same indices. */
/* Whether the statement may begin or go on filling the symbol's array; false: reported. */
bool begin_option(struct checker *c, const struct context *at, struct symbol *symbol, const struct statement *s,
                  const struct left_side *left);
/* The partial that this presence goes on filling: in an option, a copy of its own of what stands before the choice. NULL: the
 * symbol is no array that can be filled here. */
struct partial *partial_here(struct checker *c, const struct context *at, struct symbol *symbol);
/* The loop has filled the array of the symbol: in this option, if others have filled it before. */
void finish_filled(struct checker *c, const struct context *at, struct symbol *symbol);
bool continues(struct checker *c, const struct context *at, const struct partial *partial, const struct left_side *left,
               struct span span);
/* Whether the variable is declared with these indices; `loop` is what the loop runs over, or NULL. */
bool left_fits_variable(struct checker *c, const struct statement *s, const struct variable *v,
                        const struct left_side *left, const struct dimension *loop);
/* An index set's binder in plates, the k-th where a left side has several over it. */
const struct binder *plate_binder(struct checker *c, const struct dimension *dimension, const char *name, size_t k);
const char *sign_of(const struct symbol *symbol); /* "=" or "~" */

/* ---- step_values.c ---- */

/* Whether the statement, inside a loop over `loop`, names a value of each step: m = e, or an array, m[series] = e. */
bool is_of_step(const struct context *inner, const struct dimension *loop, const struct statement *s);
bool name_of_step(struct checker *c, const struct context *inner, const struct statement *s); /* false: reported */

#endif
