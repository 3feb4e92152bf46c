/* graph.h: the plate graph, the one declarative representation of a study.
 *
 * Nodes are hash-consed: equal nodes are the same node, so a common subexpression exists once by construction. A node
 * is an operation on nodes with smaller ids, hence the table is a topological order. Plates are never unrolled.
 *
 * Binders: MAP, REDUCE and SCAN run over a dimension. A binder is named by (dimension, level), where level is one more than
 * the highest level that the loop's own body binds over the same dimension, else 0: equal loops have equal binders wherever
 * they stand, so that they are shared, and no loop ever stands inside one with the same binder. A scan's binder is
 * moreover no other scan's, so that PREVIOUS means one scan only. `free` is the set of binders that a node's value depends
 * on (by position in graph.binders; at most MAX_BINDER of them, see `crowded`). A node without free binders is computed once per
 * evaluation, whatever loops use it.
 *
 * Arrays have n_dim > 0; everything else is one number. All numbers are doubles in the generated code; NODE_BOOL typed
 * nodes are C truth values.
 *
 * The same graph serves every interpretation: a pass substitutes what a variable's value is (generated, read from the
 * data, obtained from unconstrained coordinates) and collects the roots. */
#ifndef FLOE_GRAPH_GRAPH_H
#define FLOE_GRAPH_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/graph/binders.h"
#include "compiler/meaning/typed.h"

struct floe__arena;
struct floe__text;

enum node_kind {
  /* leaves */
  NODE_CONST,       /* number */
  NODE_VALUE,       /* variable: its value, natural coordinates, read from memory (data vector or value vector) */
  NODE_COORDINATE,  /* variable: its unconstrained coordinates, an array of the variable's shape (one free number an element); one run of
                       `variable->free` where it has a structure */
  NODE_CENTRING,    /* variable: how far the sampler centres each of its coordinates, 0 .. 1; of the coordinates' shape */
  NODE_AXIS,        /* axis: the number of a continuous axis */
  NODE_SIZE,        /* dimension */
  NODE_BINDER,      /* binder: number of the current element, from 1 */
  /* scalars */
  NODE_OPERATOR,    /* op, args */
  NODE_SELECT,      /* args: condition, then, else */
  NODE_EXTERN,      /* external, args; array externals take and may give arrays. The solution of an `ode` is one whose functions the
                       compiler writes itself: external->system */
  NODE_DRAW,        /* external (random), site: one raw draw; `site` numbers variable and the draw's place in `sample`. args: the
                       external->n_formal arguments, then the element numbers (from 1) that key the stream: the loops around
                       the draw as the spec has them, outermost first. Equal DRAW nodes are the same number */
  NODE_FINITE,      /* args[0] if args[1] (a truth value) else -inf: guards a density at the edge of its support */
  /* arrays */
  NODE_GATHER,      /* args[0] array, args[1..] one index per dimension, from 1; outside the array: NaN */
  NODE_MAP,         /* binders, args[0]: element, start: the first one; above 1 there is one binder, and those before have
                       no value */
  NODE_REDUCE,      /* reduction, binder, start (the first element), args[0]: element */
  NODE_SCAN,        /* scan: a recurrence over a dimension; used through NODE_PROJECT only */
  NODE_PREVIOUS,    /* inside a scan's bodies: output `index` of the innermost enclosing scan with this binder, `lag` steps before */
  NODE_PROJECT,     /* args[0] scan, index: the array of output number `index` */
  NODE_LITERAL,     /* args: elements of an array */
  /* choices */
  NODE_CHOOSE       /* a scalar: axis (or the coordinate system, axis == NULL), args: one per option; NULL where excluded.
                       Options of other universes may read absent variables (NaN): their adjoints are not 0 * NaN, they do
                       not exist */
};

/* The system of coordinates that an evaluation works in: an axis of the engine, not of the user. */
enum coordinates { COORDINATES_FAMILY, COORDINATES_UNIVERSE, N_COORDINATES };

enum level { LEVEL_CONST, LEVEL_UNIVERSE, LEVEL_DATA, LEVEL_PARAM, LEVEL_DRAW };

struct graph_binder {
  const struct dimension *dimension;
  size_t level, id;      /* id: position in graph.binders */
  const char *name;      /* what the spec calls it: for readable C */
};

struct node {
  enum node_kind kind;
  size_t id;
  enum base base;        /* BASE_REAL, BASE_INT, BASE_BOOL, BASE_CODE */
  enum level level;
  struct binders free;   /* that the value depends on */
  struct binders bound;  /* of the loops inside it */
  uint64_t chooses;      /* axes that CHOOSE nodes in it may stand for (bit = axis id, modulo 64; bit 63 also the coordinates) */
  size_t n_dim;
  const struct dimension **dim;
  struct span span;      /* the first place in the spec that made it */
  double number;
  enum operator_kind op;
  enum reduction reduction;
  const struct variable *variable;
  const struct axis *axis;
  const struct dimension *dimension;
  const struct external *external;
  const struct graph_binder *binder;  /* BINDER, REDUCE, SCAN, PREVIOUS */
  size_t n_binder;                    /* MAP */
  const struct graph_binder **binders;
  size_t index, lag, start, site;     /* PROJECT, PREVIOUS: index; PREVIOUS: lag; loops: start, their first element */
  const char *name;                   /* for readable C: what the spec calls this value; NULL if it has no name */
  size_t n_arg;
  const struct node **args;           /* SCAN: per output (start - 1) initial values then the body: n_output * start args */
};

struct graph {
  struct floe__arena *arena;
  size_t n_node;
  const struct node **nodes;          /* by id */
  size_t n_binder;
  const struct graph_binder **binders;
  bool crowded;                       /* it needed more than MAX_BINDER binders: what it says is meaningless, and only fit to be dropped */
  void *table;                        /* the hash table: private to graph.c */
};

/* What one generated function computes. */
enum interpretation_kind {
  INTERPRETATION_SIMULATE,      /* data (imagined), params, latents, obs: in order, drawn */
  INTERPRETATION_LOG_DENSITY,   /* from coordinates: sum of terms */
  INTERPRETATION_CONSTRAIN,     /* from coordinates: values */
  INTERPRETATION_UNCONSTRAIN,   /* from values: coordinates */
  INTERPRETATION_SCALE,         /* from values: log scales of what the sampler may centre, in the places of the coordinates; NaN of
                                   what it may not. Variables of which it may centre nothing have no root */
  INTERPRETATION_REPORT,        /* from values and data: reports, then claims */
  INTERPRETATION_CHECK,         /* from values and generated data: one truth value per check */
  INTERPRETATION_ELICIT,        /* from values and generated data: one number per elicited statement */
  INTERPRETATION_PREPARE,       /* from data: prepared data */
  INTERPRETATION_POINTWISE,     /* from values and prepared data: log likelihood of each observation */
  INTERPRETATION_GRADIENT,      /* LOG_DENSITY as gradients compute it, with sufficient statistics; no roots: as it is */
  N_INTERPRETATION
};

enum target_kind { TARGET_VALUE, TARGET_COORDINATE, TARGET_TERM, TARGET_OUTPUT };
enum term_tag { TAG_PRIOR, TAG_LIKELIHOOD, TAG_JACOBIAN, N_TAG };

/* One result: where `node` goes. A root with presence is computed in those universes only. */
struct root {
  enum target_kind target;
  const struct variable *variable;    /* VALUE, COORDINATE; TERM: the variable whose density it is. POINTWISE: the observations, or
                                         the discrete latent that they rest on */
  enum term_tag tag;                  /* TERM */
  size_t output;                      /* OUTPUT: position among the reports and claims, the checks, the elicited statements */
  struct presence presence;
  const struct node *node;            /* array or scalar, as the target's shape says. TERM: a scalar (already summed over plates) */
};

/* With what the simulator draws a variable. Discrete latents come with the observations that rest on them: what is summed
 * out has no value from which observations could be drawn again. */
enum role drawn_with(const struct variable *variable);

struct interpretation {
  enum interpretation_kind kind;
  size_t n_root;
  const struct root *roots;           /* in the order in which they are to be computed */
};

/* How the network reads the positions of an index set: enum floe_summary of floe/model.h. */
enum inner_reading { READ_AT_ONCE, READ_DEEP_SET, READ_TCN };

/* What the compiled study knows of the spec's structure: see floe/model.h for the meaning of the fields. */
struct blueprint {
  const struct dimension *plate;      /* exchangeable index set whose rows the network summarises; NULL: none */
  const struct dimension *sequence;   /* ordered index set of the observations; NULL: none */
  const struct dimension *inner;      /* index set that is read within the rows, or outside of them; NULL: none */
  enum inner_reading reading;               /* of `inner` */
  const char *why;                    /* in words, of `inner` */
};

struct study {
  const struct program *program;
  struct graph *graph;
  struct interpretation interpretations[N_INTERPRETATION];
  struct blueprint blueprint;
  uint64_t foreign;                   /* hash of the C that comes with the spec; 0: none */
  const struct presence *axis_effect; /* (n_axis) universes in which the axis has an effect: a conjunction, the smallest that holds
                                         all of them; all masks 0: nowhere */
};

/* Whether a study needs the interpretation: not where nothing is elicited, nothing is left to the sampler to centre, or
 * gradients compute the density as it is. */
bool study_needs(const struct study *study, enum interpretation_kind kind);

/* ---- construction: smart constructors simplify as they build (graph.c) -------------------------------------------- */

struct graph *graph_new(struct floe__arena *arena);
const struct node *graph_node(struct graph *graph, const struct node *proto); /* hash-consed; no simplification */
const struct node *node_const(struct graph *graph, double number);
const struct node *node_operator(struct graph *graph, enum operator_kind op, size_t n, const struct node *const *args);

/* Prints nodes (--dump graph) and checks every invariant stated above; false with a message in `problem` if one is broken. */
void graph_print(const struct study *study, struct floe__text *out);
bool graph_verify(const struct study *study, struct floe__text *problem);

#endif
