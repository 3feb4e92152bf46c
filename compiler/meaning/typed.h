/* typed.h: the typed tree: what a spec means, checked once over the whole family of its universes.
 *
 * Every name is resolved to what it names; every broadcast is explicit (a `theta` that stood beside `y[school]` is now
 * ELEMENT(theta, school)); statements have become tables of variables, definitions, axes, reports, claims, checks and
 * preparations. After checking there are no user errors left: lowering cannot fail.
 *
 * Scalar terms stand for one number; array terms (type.n_dim > 0) for whole arrays. A scalar term may be used inside the
 * binders that its context has opened (a variable's `binders`, TERM_MAP, TERM_REDUCE, a recurrence). */
#ifndef FLOE_MEANING_TYPED_H
#define FLOE_MEANING_TYPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler/source/source.h"
#include "compiler/syntax/tree.h"

/* ---- dimensions, types, presence ---------------------------------------------------------------------------------- */

/* An index set: declared in the spec, anonymous (simplex[3]), or formal (the k of `fun f(x[k])`, which stands for
 * whichever index set the caller's argument has). */
struct dimension {
  const char *name;
  struct span span;
  size_t low, high; /* the size varies in low..high; low == high: fixed. Without a declared range: 1..SIZE_MAX */
  bool ordered, formal;
  size_t id; /* position in program.dimensions; formal ones are not in that table */
  const struct variable
      *free_of; /* not NULL: the flat run of that variable's coordinates (variable.free), which is not in
                                     the table either; its id is n_dimension + the variable's */
};

enum base { BASE_REAL, BASE_INT, BASE_BOOL, BASE_CODE, BASE_DISTRIBUTION };
enum structure { /* joint over the last dimensions; in the order of enum floe_structure */
                 STRUCTURE_PLAIN,
                 STRUCTURE_SIMPLEX,
                 STRUCTURE_CHOL_CORR,
                 STRUCTURE_CHOL_COV,
                 STRUCTURE_ORDERED,
                 STRUCTURE_SUM0,
                 STRUCTURE_UNIT_VECTOR,
                 STRUCTURE_CORR,
                 STRUCTURE_COV,
                 N_STRUCTURE
};

#define MAX_RANK 8 /* dimensions of an array */

struct type {
  enum base base;
  enum structure structure;
  size_t n_dim;
  const struct dimension **dim;
  const struct dimension *codes; /* BASE_CODE: the index set whose elements it numbers, from 1 */
  const struct term *low, *high; /* support of each element; NULL: unbounded */
  bool strict;                   /* `positive`: low itself is excluded */
};

/* A set of universes: per axis, the allowed options (bit k: option k). All ones where the axis does not matter.
 * Continuous axes always have all ones. (n_axis) masks; at most 64 options an axis. */
struct presence {
  const uint64_t *options;
};

/* ---- terms -------------------------------------------------------------------------------------------------------- */

struct binder { /* one run over an index set; identity is the pointer */
  const struct dimension *dimension;
  const char *name;
};

enum term_kind {
  TERM_NUMBER,   /* number */
  TERM_VARIABLE, /* variable: its whole value */
  TERM_DEFINITION, /* definition: its whole value. definition->variable set: a distribution, of the variable's elements one
                        after the other; items: `initial`, then `value` of the definition */
  TERM_FORMAL,     /* formal: a parameter of the enclosing function, distribution or method */
  TERM_BINDER,     /* binder: the number, from 1, of the current element */
  TERM_SIZE,       /* dimension: how many elements it has */
  TERM_AXIS,       /* axis (continuous): its value in this universe */
  TERM_AXIS_IS,    /* axis, option: true in the universes where the axis takes that option */
  TERM_ELEMENT,    /* items[0] is the array, items[1..] one scalar index term per dimension, from 1 */
  TERM_MAP,        /* binders, items[0] the element: an array */
  TERM_REDUCE,     /* reduction, binders, items[0] the element: a scalar */
  TERM_OPERATOR, /* op, items */
  TERM_SELECT,   /* items: condition, then, else */
  TERM_CALL,     /* function, items */
  TERM_EXTERN,   /* external, items */
  TERM_CHOOSE,   /* axis, items: one per option of the axis, in its order; NULL where the option is excluded here */
  TERM_DISTRIBUTION, /* distribution, items: its arguments; type.dim is the shape of one draw, type.codes its codes; variable:
                        the one with which it is drawn together, for outputs of a simulator, or NULL */
  TERM_POWER,        /* items: distribution-valued term, exponent; on_log */
  TERM_ARRAY         /* items: the elements of a literal; type.dim[0] is anonymous */
};

enum reduction { REDUCE_SUM, REDUCE_PRODUCT, REDUCE_MAX, REDUCE_MIN, REDUCE_ALL, REDUCE_ANY };

struct term {
  enum term_kind kind;
  struct type type;
  struct span span;
  double number;
  enum operator_kind op;
  enum reduction reduction;
  bool on_log;
  const struct variable *variable;
  const struct definition *definition;
  const struct formal *formal;
  const struct binder *binder;
  const struct dimension *dimension;
  const struct axis *axis;
  size_t option;
  const struct function *function;
  const struct external *external;
  const struct distribution *distribution;
  size_t n_item, n_binder;
  const struct term **items;
  const struct binder **binders;
};

/* ---- what a program consists of ----------------------------------------------------------------------------------- */

enum role { ROLE_DATA, ROLE_PARAM, ROLE_LATENT, ROLE_OBS };

/* A data, param, latent or obs. `distribution` is the distribution of one element, inside `binders` (one per dimension
 * that is not part of a joint structure); choices stand inside it as TERM_CHOOSE. NULL for data without `~`.
 * Where a loop fills the variable step by step, TERM_DEFINITION stands for the distribution: a member of the loop's
 * recurrence whose `variable` this is. */
struct variable {
  enum role role;
  const char *name;
  struct span span;
  size_t id;        /* position in program.variables: the order in which the world comes into being */
  struct type type; /* of the whole: bounds are the family's, the smallest standard type that contains every
                                     option's support; what the network works in */
  struct presence presence;
  size_t n_binder;
  const struct binder **binders;
  const struct term *distribution;
  const struct axis *via; /* equiv axis over centred | noncentred, or NULL: the compiler chooses */
  /* Discrete latents that are summed out together, and what rests on them, observations and other unknowns: the first of these
   * latents. What rests on them does so on their element at `summed_place`: per index of the latents, which of its own indices stands there;
   * SIZE_MAX: the code `summed_at` does. */
  const struct variable *summed;
  const size_t *summed_place;
  const struct term *const *summed_at;
  bool
      early; /* a discrete latent on which another unknown rests: drawn with the unknowns, and not with the observations */
  bool rests_on_early;    /* drawn given such latents, which have no posterior: an obs, or another unknown */
  bool bounded;           /* its type as it is written has bounds */
  bool improper;          /* ~ flat, in some universe */
  const char *no_density; /* why its density is not known in some universe, and where; NULL: it is */
  struct span no_density_span;
  bool up_to_constant; /* its density lacks terms without parameters */
  bool missing;        /* obs: elements may be NaN, which then add nothing to the likelihood */
  /* Numbers that are missing in the data and that something rests on are unknowns: a latent that all terms mean, and that
   * the observations equal wherever they are there. No term means these; they come next, with the latent's distribution. */
  const struct variable *observed;  /* of such a latent: the observations */
  const struct variable *completed; /* of such observations: the latent */
  const struct term *record_low,
      *record_high;           /* of such a latent, where the observations are censored: the bounds, inside its
                                                  binders, that all terms which mean it move it to; or NULL */
  const struct term *summary; /* a `summary`: what it is of data and observations. It has no distribution */
  bool rests_on_unknowns;     /* its distribution does, in some universe */
  bool censored;              /* observations beyond bounds are those bounds */
  bool moving_support;        /* the bounds of its distribution depend on unknowns */
  /* params and latents with a structure: their coordinates, all in one run; NULL: these have the variable's shape */
  const struct dimension *free;
};

/* (structures.c) */
const char *structure_name(enum structure structure);
size_t structure_rank(enum structure structure); /* dimensions of one value: 0, 1 or 2 */
/* Coordinates of the whole variable, where dimension k of it has size[k] elements; at most SIZE_MAX. */
size_t structure_free(const struct type *type, const size_t *size);
/* Dimensions of the array of a variable's coordinates. */
size_t coordinate_shape(const struct variable *variable, const struct dimension *const **dim);

/* x = e, x[i] = e, or arrays filled together by an ordered loop.
 * Plain: `value` is the element inside `binders`.
 * Recurrence: the definitions of one loop share a `struct recurrence`; elements up to `recurrence->start - 1` come from
 * `initial`, later ones from `value` inside recurrence->binder. In it, ELEMENT(DEFINITION d, [binder - constant]) with d of
 * the same recurrence refers to earlier steps, and ELEMENT(DEFINITION d, [binder]) to definitions before it in this step.
 * Members with more indices have `binder` and those of `plate` as binders, in an order of their own; they name elements of the
 * same recurrence at their own place in the plate only.
 * A member with a `variable` says how the variable's elements are distributed, given the elements before; it is in no table.
 * ELEMENT(VARIABLE v, ...) with its variable v refers to earlier steps and this step in the same way. */
struct recurrence {
  const struct binder *binder;
  size_t start; /* number of the first element that the loop fills, from 1 */
  size_t n_plate;
  const struct binder **plate; /* members with more indices: one recurrence for each element of these */
  bool
      coupled; /* steps look at, or draw at once, elements of further indices: those that are not of the plate have a fixed
                   size, and all of their elements go together */
  size_t n_definition;
  const struct definition **definitions; /* its members, in order of statements */
};

struct definition {
  const char *name;
  struct span span;
  size_t id;
  struct type type;
  struct presence presence;
  size_t n_binder;
  const struct binder **binders;
  const struct term *value;
  const struct recurrence *recurrence; /* NULL: plain */
  const struct term **initial;         /* (recurrence->start - 1) scalar terms */
  const struct variable *variable; /* `initial` and `value` are distributions of its elements; NULL: they are values */
  const bool *given; /* variable: (recurrence->start - 1) elements that are only imagined, as data are: no density */
  const bool *needs; /* recurrence: (n_definition) the members that a step of this one rests on; itself included */
  bool of_system;    /* the solution of an `ode`, or one of its states */
};

struct formal {
  const char *name;
  struct type type; /* dims are formal dimensions */
};

struct function { /* fun: inlined where it is called */
  const char *name;
  struct span span;
  size_t n_formal;
  const struct formal **formals;
  struct type type;
  const struct term *value; /* local definitions are TERM_DEFINITIONs that belong to no table */
};

/* ode s at t[day] { ... }: what the external that gives its solution is made of. The solution is an array over the times
 * and the states; the external's arguments are the times (an array), start, solver (0: rk45, 1: stiff), tolerance, then the
 * initial values of the states, then the parameters. */
struct system {
  size_t n_state, n_parameter;
  const struct formal *time;
  const struct formal **states, **parameters; /* numbers; the parameters stand for what the rates take from outside */
  const struct term **rates;                  /* (n_state) scalar terms over time, states and parameters */
};

/* One step of a `sim`. Raw draws and whatever gives an array are steps of their own, in the order of the text: other terms
 * are numbers without draws, and name arrays only to read elements or to hand them to functions of one number. */
enum act_kind {
  ACT_SET,   /* local = value; or the element of the local, an array, at `place` */
  ACT_CALL,  /* local = value, a TERM_EXTERN that is a raw draw or gives an array */
  ACT_IF,    /* value: the condition; body, otherwise */
  ACT_WHILE, /* before, then the test of value, then body; again, at most `limit` times */
  ACT_FOR    /* binder; local = the number of its element; body */
};

struct act {
  enum act_kind kind;
  size_t id; /* position among the simulator's acts */
  struct span span;
  const struct formal *local;
  const struct term *value;
  const struct term **place; /* SET: one number per index of the local; outside of it, all outputs become undefined */
  const struct binder *binder;
  double limit;
  const struct act *before, *body, *otherwise, *next;
};

/* sim f(arguments) -> (outputs) { ... }: what the external that draws the outputs is made of. Locals are numbers and arrays
 * that change from act to act, outputs among them; terms read them, and the arguments, as formals. A loop that reaches its
 * limit leaves all outputs undefined. */
struct simulator {
  const char *name;
  struct span span;
  size_t n_argument, n_local, n_output, n_act;
  const struct formal **arguments, **locals, **outputs;
  const struct act *body; /* NULL where the external is the user's own C */
  bool works;             /* it fills arrays of its own, for which its caller has room */
  const struct external *external;
  const struct function **reads; /* (n_output) of what the external gives: an array among several; NULL: a number */
  const struct distribution **distributions; /* (n_output) of each output; the density is the last one's */
  size_t n_term;
  const struct term **terms; /* what its text says: of what it is made by acts, nothing else may tell */
};

/* Whether one run gives an array among several outputs. Then its external gives an array over the outputs and all their
 * indices, each of them once but where one output has it more often; an output that lacks an index stands at its first
 * element. */
bool outputs_packed(const struct simulator *simulator);
/* The position among the dimensions of the external's type, from 1, that this output's dimension `d` has. */
size_t packed_dimension(const struct simulator *simulator, size_t output, size_t d);

struct external {            /* extern fun, extern draw: a symbol of the runtime */
  const char *name, *symbol; /* symbol: a C identifier */
  struct span span;
  bool random; /* a raw draw: takes its numbers from the site's stream */
  size_t n_formal;
  const struct formal **formals;
  struct type type;
  const struct term *
      *derivative;     /* (n_formal) d result / d formal, scalar terms over the formals; NULL: not differentiable */
  const char *adjoint; /* array functions: C symbol of the adjoint, or NULL */
  const struct system *system;       /* the compiler writes the symbols itself; NULL: they are the runtime's */
  const struct simulator *simulator; /* random: all outputs of a `sim`: one number, or an array of them */
};

/* The formal dimensions of the arguments, in order, without repetition: at most MAX_FORMAL_SIZES. */
#define MAX_FORMAL_SIZES 16
size_t formal_sizes(const struct external *external, const struct dimension **sizes);
/* Where its size is found: in which argument, and which of its dimensions. */
void place_of_size(const struct external *external, const struct dimension *size, size_t *argument, size_t *dimension);

/* dist d(a, b) on S { ... }. Each method is a term over the formals (and `x`, `p` or `a` below); NULL where absent. */
struct distribution {
  const char *name;
  struct span span;
  size_t n_formal;
  const struct formal **formals;
  struct type support; /* of a draw: base, structure, dims over formal dimensions, low, high over the formals */
  const struct formal *x, *p, *a; /* arguments of logpdf and cdf; of quantile; of power and power_log */
  const struct term *logpdf, *sample, *cdf, *quantile;
  const struct term *log_cdf, *log_ccdf,
      *upper_quantile;                  /* the tails: log P(X <= x), log P(X > x), and x by P(X > x) = p */
  const struct term *power, *power_log; /* distribution-valued terms over the formals and `a` */
  bool truncated;
  const struct formal *cut_low, *cut_high; /* of a truncation: the bounds, or NULL where they are numbers or missing */
  bool improper;                           /* flat: no distribution; its sample is a stand-in for tests */
  const struct simulator *simulator;       /* this is output number `output` (from 0) of it; NULL: a `dist` */
  size_t output;
  const struct distribution *opaque;   /* what makes the density unknown (then logpdf is NaN); NULL: it is known */
  bool up_to_constant;                 /* the density lacks terms without parameters */
  const struct term *location, *scale; /* affine: formals; draws are location + scale * (draw of the standard form) */
};

struct option_of_axis {
  const char *label;
  struct span span;
  const struct term *value; /* body, or NULL for label axes */
  double weight;            /* shares sum to 1 */
};

struct axis {
  const char *name, *description; /* description: "" if none */
  struct span span;
  size_t id;
  bool equivalence, continuous, logarithmic;
  bool prepares; /* used only in `prep`: does not condition the network */
  bool shape;    /* hyper: the middle of its range unless what the expert says asks for another */
  bool hyper,
      strict; /* `hyper h : T`: continuous, between bounds that may be infinite; strict: low itself is excluded */
  size_t n_option, reference; /* discrete */
  const struct option_of_axis *options;
  double low, high, reference_value; /* continuous */
  struct presence presence;          /* nested axes exist in some universes only */
};

struct report {
  const char *name;
  struct span span;
  const struct term *value;
}; /* value may be an array */
struct claim {
  const char *text;
  struct span span;
  const struct term *value;
}; /* a scalar boolean */
struct check {
  const char *text;
  struct span span;
  const struct term *value;
  double probability;
};
enum statistic { STATISTIC_QUANTILES, STATISTIC_MEAN, STATISTIC_PROBABILITY };
struct elicited { /* elicit f(value; levels) = values */
  enum statistic statistic;
  struct span span;
  const char *text;         /* "quantiles(theta)" */
  const struct term *value; /* a scalar; of a probability, a condition */
  bool whole;               /* it takes whole numbers only */
  size_t n;                 /* of values; as many levels, if quantiles */
  const double *levels, *values;
};
struct preparation {
  const struct variable *variable;
  struct span span;
  const struct term *value;
  bool leaves_out; /* some values become missing */
};
struct constraint {
  struct span span;
  const struct term *forbidden;
}; /* `require C => D` forbids C and not D */

struct setting {
  const char *name;
  struct span span;
  double number;
  const char *word;
}; /* network { ... } */

struct program {
  const char *name, *title;
  const struct source *source;
  size_t n_dimension;
  const struct dimension **dimensions;
  size_t n_axis;
  const struct axis **axes;
  size_t n_variable;
  const struct variable **variables;
  size_t n_definition;
  const struct definition **definitions;
  size_t n_report;
  const struct report *reports;
  size_t n_claim;
  const struct claim *claims;
  size_t n_check;
  const struct check *checks;
  size_t n_elicited;
  const struct elicited *elicited;
  size_t n_prior;
  const char *const
      *priors; /* (n_prior) "tau ~ half_normal($2)": where hyper values stand, `$` and the position of their axis */
  size_t n_preparation;
  const struct preparation *preparations;
  size_t n_constraint;
  const struct constraint *constraints;
  size_t n_setting;
  const struct setting *settings;
  size_t n_distribution;
  const struct distribution **distributions; /* of the library and of the spec: all that exist */
  size_t n_function;
  const struct function **functions;
  size_t n_simulator;
  const struct simulator **simulators;
  size_t n_external;
  const struct external **externals; /* of the library and of the spec: all that exist */
};

/* The first variable whose density is not known in some universe; NULL: the study's density is known. */
const struct variable *variable_without_density(const struct program *program);

/* discrete.c: a param or latent without coordinates: a density sums it out. */
bool variable_is_discrete(const struct variable *variable);
/* Its values: low..high. False where they are too many, or not known. */
bool variable_values(const struct variable *variable, double *low, double *high);

#endif
