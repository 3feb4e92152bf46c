/* scheduler.h: what schedule.c (order of work), plan.c (what a block has to compute), shared.c (which arrays branches have in
 * common) and lower.c (nodes to values) share. */
#ifndef FLOE_PROGRAM_SCHEDULER_H
#define FLOE_PROGRAM_SCHEDULER_H

#include "compiler/program/builder.h"
#include "compiler/program/marks.h"

#define MAX_COPIES 16 /* loops are repeated for at most so many combinations of options */

struct axis_set {
  uint64_t axes;
  bool coordinates;
};

enum action {
  ACTION_UPDATE, /* cell (assigned or reduced) with the node's value */
  ACTION_REDUCE, /* the node is a REDUCE: run its loop into cell */
  ACTION_STORE,  /* memory[subscripts] = the node's value */
  ACTION_FILL,   /* memory[subscripts, ...] = the node's array */
  ACTION_SCAN    /* run the scan into outputs */
};

/* Something that a block has to get done. */
struct demand {
  enum action action;
  const struct node *node;
  const struct cell *cell;
  bool assign, term; /* term: cell is the term `tag` of the log density */
  enum term_tag tag;
  enum reduction reduction;
  const struct memory *memory;
  const struct subscript *subscripts;
  size_t n_subscript;
  const struct memory **outputs;
  const uint64_t *present;   /* (n_axis) masks; NULL: everywhere */
  const struct node *absent; /* what it is elsewhere; NULL: nothing to do */
  /* made by plan.c: */
  bool complex;                      /* a loop, a switch or a call; else one line */
  struct axis_set axes;              /* complex: must stand in a switch over one of these first */
  const struct graph_binder *binder; /* complex: a loop that may be shared with others over the same binder, */
  size_t start;                      /* from the same element on */
  size_t rank;                       /* how many loops and switches of this block must have run before */
  bool item, done;                   /* item: computes `node` for the others */
};

struct scheduler {
  struct floe__arena *arena;
  struct builder *builder;
  const struct study *study;
  size_t n_node, n_axis;
  struct marks_pool marks; /* sets of nodes */
  const struct value **value_of;     /* by node id; counts while its scope is open */
  size_t *decided, n_decided, capacity_decided; /* ids of nodes whose value may rest on the options known here */
  const struct memory **memory_of;   /* arrays */
  const struct memory ***outputs_of; /* scans */
  size_t *option;                    /* (n_axis + 1) what is known of the universe here; the last: coordinates */
  struct binders bound;              /* of the enclosing loops */
  const struct loop *loop_of[MAX_BINDER];
  const struct memory **scan_of[MAX_BINDER]; /* outputs of the innermost scan over the binder */
  size_t copies;
  unsigned char *weight;             /* (n_node) of choices: see is_light */
  const struct memory **data, **values, **coordinates, **centring; /* by variable id */
  struct node *not_a_number, *zero;
};

struct demands {
  size_t n, capacity;
  struct demand *list;
};

/* plan.c */
enum presence_here { ABSENT, PRESENT, UNDECIDED };

const struct node *resolve(const struct scheduler *s, const struct node *node);
const struct node *dependency(const struct scheduler *s, const struct node *node, size_t k);
bool available(const struct scheduler *s, const struct node *node);
struct demands plan_block(struct scheduler *s, const struct demand *demands, size_t n);
bool axis_set_empty(struct axis_set set);
bool axis_set_has(struct axis_set set, size_t slot, size_t n_axis);
void axis_set_add(struct axis_set *set, size_t slot, size_t n_axis);
size_t slot_of(const struct scheduler *s, const struct axis *axis);
uint64_t all_options(const struct axis *axis);
/* Whether a choice, of little that rests on data and axes alone, is made wherever it is used: no switch then doubles the
 * loops around it. */
bool is_light(const struct scheduler *s, const struct node *node);
/* The undecided choice that asks for a switch before the (resolved) node can be computed, or NULL. */
const struct node *undecided(const struct scheduler *s, const struct node *node);
/* Whether a sum is better added to a term part by part: because a part is a loop, a switch or a guard. */
bool splits(const struct scheduler *s, const struct node *sum);
bool needs_no_work(const struct node *node);
enum presence_here presence_of(const struct scheduler *s, const struct demand *demand);
void add_presence(const struct scheduler *s, struct demand *demand); /* the axes that decide it, to `demand->axes` */

/* shared.c */
struct shared {
  const struct node *node; /* an array */
  uint64_t *present;       /* (n_axis) the options with which it is needed; NULL: it stays in the branches */
  size_t n_case;           /* combinations of options that need it */
  bool everywhere;         /* all of them do */
};

/* How many arrays several branches need that are not in `chosen`, and which. */
size_t shared_between_branches(struct scheduler *s, const struct demands *demands, const struct marks *chosen,
                               const struct shared **list);

/* lower.c */
const struct value *value_of_node(struct scheduler *s, const struct node *node);
void forget_decided(struct scheduler *s, size_t n_before); /* at the end of a branch: what was noted since then */
const struct memory *memory_of_node(struct scheduler *s, const struct node *array);
void fill_straight(struct scheduler *s, const struct demand *demand);
const struct memory *variable_memory(struct scheduler *s, const struct variable *variable, enum memory_kind kind);

#endif
