/* lower.h: typed terms -> nodes. Private to passes/.
 *
 * Functions and methods are inlined: a frame says what their formals, formal dimensions and local definitions stand for.
 * Arguments are lowered once, before the body, so a draw that a function uses twice is one draw. */
#ifndef FLOE_PASSES_LOWER_H
#define FLOE_PASSES_LOWER_H

#include "compiler/graph/construct.h"
#include "compiler/graph/graph.h"

/* What one interpretation takes a variable's value to be. */
struct reading {
  const struct node *(*value)(void *context, const struct variable *variable);
  void *context;
};

/* A typed binder in scope and the graph's temporary one; innermost first. */
struct loops {
  const struct binder *binder; /* NULL: a loop that the derivation itself opened */
  const struct node *number;   /* of the current element: NODE_BINDER, or a constant before a recurrence starts */
  bool also; /* of a loop that stands here already: draws are not counted by it once more */
  const struct loops *outer;
};

/* Something of a function or method that has a node: a formal or a definition. */
struct meaning {
  const void *of;
  const struct node *node;
  struct meaning *next;
};

struct dimension_pair {
  const struct dimension *formal, *actual;
  struct dimension_pair *next;
};

struct frame {
  struct meaning *meanings;
  const struct node **definitions; /* in the spec's frame: those of its definitions, by id; NULL: none yet */
  struct dimension_pair *dimensions;
  const struct loops *loops; /* around the body */
  size_t *site;              /* where a raw draw takes its site from; NULL where there can be none */
};

struct stepping; /* a recurrence that is being lowered: lower_steps.c */

struct lowering {
  struct graph *graph;
  const struct program *program;
  struct reading reading;
  struct frame spec; /* the statements of the spec: definitions, lowered when first used */
};

/* Where a term stands. */
struct place {
  struct lowering *lowering;
  struct frame *frame;
  const struct loops *loops;
  const struct stepping *stepping;
};

struct place place_of_spec(struct lowering *lowering);
const struct node *lower(struct place place, const struct term *term);
const struct node *lower_definition(struct place place, const struct definition *definition);

/* Opens a loop at a place; or fixes its binder to an element. */
struct place place_within(struct place place, const struct binder *binder, const struct dimension *dimension,
                          const char *name, const struct graph_binder **open);
struct place place_at(struct place place, const struct binder *binder, const struct node *number);
/* A further binder that stands for the same number as one of the place. */
struct place place_also(struct place place, const struct binder *binder, const struct node *number);

/* A fresh frame inside the loops of the place. */
struct place place_inlined(struct place place);
/* Formal dimensions of the type that stand for nothing yet stand for these. */
void frame_fit(struct place place, const struct type *formal, const struct dimension *const *dim);
/* The same for what the formal dimensions stand for in the outer place. */
void place_inherit(struct place outer, struct place inner, const struct type *formal);
void frame_bind(struct place place, const struct formal *formal, const struct node *node);

/* ---- recurrences (lower_steps.c) ---- */

/* What a scan is to compute of a recurrence: definitions, and variables whose elements `draw` makes from their
 * distributions; other variables are read as everywhere. */
struct steps {
  const struct recurrence *recurrence;
  const bool *wanted; /* (n_definition) */
  const struct node *(*draw)(void *context, struct place place, const struct definition *member,
                             const struct term *distribution);
  void *context;
};

/* The element of a member that is wanted; the place is in the recurrence's plate. */
const struct node *lower_steps(struct place place, const struct steps *steps, const struct definition *member,
                               const struct node *const *indices);
/* All values of a recurrence's definitions, into the frame; that of `wanted`. */
const struct node *lower_recurrence(struct place place, struct frame *frame, const struct definition *wanted);
/* An element of what the scan in the making computes: this step, or an earlier one. NULL: it is nothing of that kind. */
const struct node *lower_step(struct place place, const struct term *array, const struct node *const *indices);
/* The number of the current element of a loop around the place. */
const struct node *lower_binder(struct place place, const struct binder *binder);
/* Fixes the recurrence's plate to the place that `indices` name: one number per binder of the member, or NULL: not known. */
struct place place_in_plate(struct place place, const struct definition *member, const struct node *const *indices);
/* The same, where the recurrence is coupled, at one of the elements that go together. */
struct place place_of_element(struct place place, const struct definition *member, const struct node *const *indices);
/* The dimension of the member that the recurrence runs along. */
size_t place_along(const struct definition *member);
void frame_define(struct place place, struct frame *frame, const struct definition *definition,
                  const struct node *node);

/* ---- families (family.c): what a distribution-valued term can be ---- */

/* A choice (n > 0; excluded options NULL), or one distribution with its arguments, or elements drawn one after the
 * other. */
struct family {
  const struct definition *steps;
  const struct axis *axis;
  size_t n;
  const struct family **options;
  const struct distribution *distribution;
  const struct variable *first; /* drawn together with it: from its sites; NULL: on its own */
  const struct node **args;
};

const struct family *family_of(struct place place, const struct term *term);
const struct node *family_log_density(struct place place, const struct family *single, const struct node *x);
/* Draws take the sites from `site` on. An array for joint distributions. */
const struct node *family_sample(struct place place, const struct family *single, size_t site);
/* A bound of the support, or NULL: unbounded. */
const struct node *family_low(struct place place, const struct family *single);
const struct node *family_high(struct place place, const struct family *single);
/* Affine distributions: location and scale; and the standard form, with location 0 and scale 1, or NULL: location and
 * scale are not two arguments that could be set. */
bool family_is_affine(const struct family *single);
const struct node *family_location(struct place place, const struct family *single);
const struct node *family_scale(struct place place, const struct family *single);
const struct family *family_standard(struct place place, const struct family *single);

/* A node as a bound: NULL where it is an infinite constant. */
const struct node *finite_bound(const struct node *bound);

#endif
