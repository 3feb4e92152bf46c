/* checker.h: what the files of meaning/ share: the state of one check, symbols, and the context of an expression.
 * Private to meaning/. Everything lives in the arena.
 *
 * Errors do not stop the check: an expression that could not be understood becomes `checker.poison`, a term that every
 * rule accepts and passes on in silence. */
#ifndef FLOE_MEANING_CHECKER_H
#define FLOE_MEANING_CHECKER_H

#include "base/arena.h"
#include "base/names.h"
#include "base/text.h"
#include "compiler/meaning/check.h"
#include "compiler/meaning/typed.h"
#include "compiler/source/diagnostic.h"

#define MAX_AXES 64
#define MAX_OPTIONS 64
#define MAX_SYMBOLS 10000
#define MAX_UNIVERSES 1000000 /* so many combinations are enumerated at most */

/* ---- growing lists in the arena (scope.c) ------------------------------------------------------------------------- */

struct list {
  size_t n, capacity;
  void **items;
};

void list_add(struct floe__arena *arena, struct list *list, const void *item);

/* ---- symbols ------------------------------------------------------------------------------------------------------ */

enum namespace { NAMESPACE_VALUE, NAMESPACE_CALLABLE, NAMESPACE_INDEX };

enum symbol_kind {
  SYMBOL_CONSTANT, /* term: a number of the library */
  SYMBOL_VARIABLE,
  SYMBOL_DEFINITION,
  SYMBOL_PARTIAL, /* an array that a loop is to fill, or is filling */
  SYMBOL_AXIS,
  SYMBOL_FORMAL,
  SYMBOL_TERM, /* a name for a scalar inside a loop */
  SYMBOL_FUNCTION,
  SYMBOL_EXTERN,
  SYMBOL_DISTRIBUTION,
  SYMBOL_INDEX,
  SYMBOL_POISON /* its definition was in error */
};

/* What a variable or definition is in a part of the universes: one `~` or `=`. */
struct piece {
  struct presence presence;
  const struct term *term;
  struct span span;
};

/* An array whose elements come one by one: initial elements first, then a loop over the rest. Of a variable, the terms
 * are distributions. */
struct partial {
  struct list initial; /* (start - 1) const struct term * */
  struct list given;   /* variables: as many, non-NULL where the element is only imagined */
  struct presence presence;
  struct definition *definition;   /* NULL before its loop */
  size_t n_index, along;           /* indices; the one that the loop runs over */
  const struct binder *binders[8]; /* of the other indices */
  const struct binder *binder;     /* of the loop */
  size_t start;
  bool defined_in_step, looks_back;
  struct span span;
};

/* obs y censored below a above b: terms inside the variable's binders, or NULL. */
struct censoring {
  const struct term *below, *above;
  struct span span;
};

struct symbol {
  enum symbol_kind kind;
  enum namespace namespace;
  const char *name;
  struct span span;
  struct presence presence;
  struct list pieces;                  /* struct piece *: variables that `~` generates, definitions */
  struct list uncensored;              /* the same before censoring */
  const struct term *before_censoring; /* of the piece in the making */
  size_t order;                        /* when a variable came into being */
  bool library, local;                 /* local: inside a function, distribution or loop */
  size_t n_typed;                      /* dimensions of a variable that stand in its type: vector[3] */
  bool untyped;                        /* an obs whose type comes from its distribution */
  bool assignable;                     /* a `var` */
  bool typed_by_element;               /* an element's distribution has said what an untyped variable's numbers are */
  size_t n_joint;           /* of a variable that loops draw: its last dimensions that some draw fills all at once */
  struct span via_span;     /* of a variable that statements generate */
  const struct span *early; /* an unknown was read here before any statement generated it */
  bool drawn_later;         /* a variable that statements `x ~ D` generate */
  bool prepared, used_to_prepare, used_otherwise;
  unsigned roles; /* definitions: what the value depends on; bit = enum role */
  const struct term *term;
  struct censoring *censoring; /* obs: NULL without */
  struct variable *variable;
  struct definition *definition;
  struct partial *base;    /* first elements that several options go on from, each with a loop of its own; or NULL */
  struct partial *partial; /* SYMBOL_PARTIAL; SYMBOL_VARIABLE while its elements come one by one, else NULL */
  struct axis *axis;
  const struct formal *formal;
  const struct function *function;
  struct external *external;
  struct distribution *distribution;
  const struct dimension *dimension;
  struct scope *inner; /* SYMBOL_DISTRIBUTION, SYMBOL_EXTERN: formals and formal dimensions */
  struct symbol *next; /* in its bucket */
};

struct scope {
  struct scope *outer;
  bool library;
  size_t n_bucket;
  struct symbol **buckets;
};

/* ---- the context of an expression --------------------------------------------------------------------------------- */

struct bound { /* a binder under the name that the text gives it; innermost first */
  const char *name;
  const struct binder *binder;
  const struct bound *outer;
};

/* Binders that an array expression opens as it meets arrays: abs(y) -> MAP(school', abs(ELEMENT(y, school'))). */
/* Over which binders an operand runs, and its dimensions that have no name, which are the same for all arrays in it. */
struct extent {
  unsigned used; /* bit k: the k-th binder that was opened */
  size_t n;
  const struct dimension *dim[MAX_RANK];
  struct span span; /* of the first array with these */
};

struct opened {
  bool nameless; /* only over dimensions that have no name to write: vector[3] */
  size_t n;
  struct binder *binders[16];
  struct term *terms[16]; /* the one TERM_BINDER of each, so that it can still be identified with an outer binder */
  bool lone[16];          /* over a dimension with a name, for an array that has no other */
  bool joined;            /* some array has dimensions with a name and others without */
  struct extent extent;   /* of what was gathered so far */
};

enum place {
  PLACE_MODEL, /* statements of the spec */
  PLACE_AFTER, /* report, claim, check: every obs has its value */
  PLACE_PREP,
  PLACE_FUNCTION, /* bodies of fun, derivatives, methods but sample */
  PLACE_SAMPLE,   /* sample = ...: raw draws are allowed */
  PLACE_SIM,      /* the body of a simulator: likewise */
  PLACE_LIBRARY   /* constants of the library */
};

/* The left side of (a[i], b[i]) ~ f(...), while one of its variables is generated. */
struct outputs {
  const struct statement *targets; /* SAMPLEs: the first, then its body */
  size_t n, which;                 /* from 0 */
  const struct variable *first;    /* all are drawn in its place */
};

struct context {
  struct scope *scope;
  struct presence presence;
  const struct bound *bound;
  const struct bound *hidden;    /* this one and those outside it gather nothing implicitly */
  struct opened *opened;         /* NULL: an index that is not bound is an error */
  bool in_literal;               /* an element of [1, 2, 3]: one number, not an array without an index */
  const struct outputs *outputs; /* NULL: one variable is generated */
  enum place place;
  const struct variable *prepares; /* PLACE_PREP: the variable that is prepared */
};

/* ---- the state of one check --------------------------------------------------------------------------------------- */

struct deferred { /* an error if the universes of `box` are not all forbidden: known at the end */
  struct presence box;
  struct diagnostic diagnostic;
};

struct checker {
  struct floe__arena *arena;
  struct floe__names *names;
  struct diagnostics *sink;
  const struct tree *tree; /* the spec */
  struct scope *library, *spec;
  struct presence everywhere;
  const struct term *poison;
  bool allow_extern, in_library;
  bool choice_broken; /* an option was not understood: what is missing in it is not reported */
  size_t n_symbol, n_order;
  struct list dimensions, axes, axis_symbols, variable_symbols, definition_symbols, partial_symbols, plates;
  struct list reports, claims, checks, elicited, priors, preparations, constraints, settings;
  struct list distributions, functions, externals, simulators, summaries;
  struct list deferred, weights;
  struct program *program;
};

/* ---- scope.c ------------------------------------------------------------------------------------------------------ */

struct scope *scope_new(struct checker *c, struct scope *outer, size_t n_bucket);
struct symbol *scope_find(const struct scope *scope, enum namespace namespace, const char *name); /* NULL */
struct symbol *scope_find_here(const struct scope *scope, enum namespace namespace, const char *name);
/* A new symbol; a name that this scope has already is reported, and NULL returned. */
struct symbol *scope_add(struct checker *c, struct scope *scope, enum symbol_kind kind, const char *name,
                         struct span span, struct presence presence);
enum namespace namespace_of(enum symbol_kind kind);
const char *kind_text(enum symbol_kind kind); /* "a parameter of the model", ... */
struct diagnostic *error_defined_twice(struct checker *c, const char *name, struct span span, struct span first);
void error_unknown(struct checker *c, const struct scope *scope, enum namespace namespace, const char *name,
                   struct span span);
struct diagnostic *error_limit(struct checker *c, struct span span, const char *what, size_t most); /* E9012 */
char *quoted_fix(struct checker *c, const char *suggestion);

/* ---- presence.c --------------------------------------------------------------------------------------------------- */

uint64_t axis_mask(const struct axis *axis);
struct presence presence_with(struct checker *c, struct presence presence, const struct axis *axis, uint64_t options);
bool presence_within(const struct checker *c, struct presence inner, struct presence outer);
bool presence_meet(struct checker *c, struct presence a, struct presence b, struct presence *meet); /* false: empty */
bool presence_join(struct checker *c, struct presence a, struct presence b,
                   struct presence *join);                            /* false: not a box */
bool presence_feasible(const struct checker *c, struct presence box); /* some universe of it is not forbidden */
const char *presence_text(struct checker *c, struct presence presence);
void presence_require(struct checker *c, struct presence used_in, struct presence defined_in, const char *name,
                      struct span span, struct span defined_at);
void presence_require_pieces(struct checker *c, struct presence used_in, const struct list *pieces, const char *name,
                             struct span span, struct span defined_at);
void defer(struct checker *c, struct presence box, const char *code, struct span span, const char *message,
           const char *fix, struct span related, const char *related_message);
/* The pieces as one term over `box`: CHOOSE where they differ. With `total`, holes and overlaps are errors. */
const struct term *presence_decide(struct checker *c, struct presence box, const struct list *pieces,
                                   const struct symbol *total);
void check_universes(struct checker *c);

/* ---- terms.c ------------------------------------------------------------------------------------------------------ */

struct term *term_new(struct checker *c, enum term_kind kind, struct span span, size_t n_item);
const struct term *term_number(struct checker *c, struct span span, double number);
const struct term *term_binder(struct checker *c, struct span span, const struct binder *binder);
const struct term *term_operator(struct checker *c, enum operator_kind op, struct span span, enum base base,
                                 const struct term *left, const struct term *right);
const struct term *term_select(struct checker *c, struct span span, const struct term *condition,
                               const struct term *yes, const struct term *no);
const struct term *term_map(struct checker *c, struct span span, size_t n, struct binder *const *binders,
                            const struct term *element); /* without binders: the element */
struct binder *binder_new(struct checker *c, const struct dimension *dimension, const char *name);
struct type type_scalar(enum base base);
struct type type_array(struct checker *c, struct type element, size_t n, const struct dimension *const *dims);
bool is_poison(const struct checker *c, const struct term *term);
bool term_same(const struct term *a, const struct term *b);               /* without loops */
bool is_whole(const struct term *term);                                   /* int, bool or code */
const char *base_text(enum base base);                                    /* "a number", "a whole number", ... */
const struct term *as_number(struct checker *c, const struct term *term); /* bools become 0 and 1 */
unsigned term_roles(const struct checker *c, const struct term *term);    /* bit = enum role */
/* Terms that a name stands for are shared: refuses those that would grow without bound where they are used. */
bool term_shareable(struct checker *c, const struct term *term, struct span span);
/* The same for functions, which are inlined where they are called, and for the definitions inside of them. */
bool function_inlineable(struct checker *c, const void *of, const struct term *value, struct span span);
bool same_term(const struct term *a, const struct term *b); /* the same text, hence the same value */
void visit_terms(const struct term *term, void (*visit)(void *context, const struct term *term), void *context);

/* ---- constants.c -------------------------------------------------------------------------------------------------- */

struct environment { /* values for formals and the continuous axes while a term is evaluated */
  size_t n_formal;
  const struct formal *const *formals;
  const double *values;       /* NaN: not known */
  const struct formal *extra; /* the `a` of a power method */
  double extra_value;
  int axis_end;                  /* continuous axes: -1 low, 0 not constant, +1 high */
  bool hyper;                    /* hyper values too, which elicitation finds where they make sense */
  const size_t *options;         /* of the other axes, by id; SIZE_MAX: not known. NULL: none is */
  const struct axis **undecided; /* NULL, or where an axis goes on whose option the value rests */
  int depth;
  size_t *steps;                   /* shared by one evaluation */
  const struct term *const *items; /* what the formals stand for, whose sizes are known; NULL: not known */
};

#define MAX_CONSTANT_ARGUMENTS 16 /* that are known at compile time */

/* False where the value is not known at compile time. */
bool constant_value(const struct term *term, const struct environment *environment, double *value);
/* Whether a known value lies in the bounds of a type, as far as those are known. */
bool constant_in_type(double value, const struct type *type, const struct environment *environment);
/* Whether the term, or an element of it, is known and outside of a type with constant bounds: `value`. */
bool constant_outside(const struct term *term, const struct type *type, const struct environment *environment,
                      double *value);
/* Of a vector whose elements are known. */
bool constant_sum(const struct term *term, const struct environment *environment, double *sum);
/* For the methods of a distribution, given its arguments in the environment outside. values (MAX_CONSTANT_ARGUMENTS). */
void environment_of_family(const struct term *family, const struct environment *outside, double *values,
                           struct environment *inside);
/* Looks for a universe of the box, at either end of the continuous axes, where the test holds. The box becomes the part
 * with the options that decided, or NULL where none did; `where` is words to append. */
typedef bool (*case_test)(void *context, const struct environment *environment);
bool case_found(struct checker *c, struct presence *box, const char **where, case_test test, void *context);
/* An error in the universes of the box; NULL: all. */
void error_in_case(struct checker *c, struct presence box, const char *code, struct span span, const char *message,
                   const char *fix);

/* ---- types.c ------------------------------------------------------------------------------------------------------ */

/* The type that the text names; extra dimensions (simplex[k], real[i]) are its dims. at: for bounds. False: reported. */
bool type_of(struct checker *c, const struct context *at, const struct type_expr *text, struct type *type);
/* One end of a..b: NULL for `inf` or none. False: reported. */
bool bound_expression(struct checker *c, const struct context *at, const struct expr *bound, const struct term **term);
const struct dimension *dimension_anonymous(struct checker *c, size_t size);
const struct dimension *dimension_named(struct checker *c, const struct context *at, const char *name,
                                        struct span span);
bool is_nameless(const struct dimension *dimension); /* of simplex[3], [1, 2, 3] */
bool dimension_same(const struct dimension *a, const struct dimension *b);
const char *type_text(struct checker *c, const struct type *type);
const char *dimension_text(struct checker *c, const struct dimension *dimension);

/* What draws of a distribution-valued term can be, over all its options. */
struct support {
  bool known; /* false: no family was seen */
  enum base base;
  enum structure structure;
  double low, high;         /* infinite: unbounded, or not constant */
  bool low_free, high_free; /* not constant */
  bool strict;
  const struct dimension *codes;
};

struct support support_of(struct checker *c, const struct term *distribution);
/* A bound of a TERM_DISTRIBUTION's support as a term at the place where it stands; NULL: unbounded. */
const struct term *support_low(struct checker *c, const struct term *family);
const struct term *support_high(struct checker *c, const struct term *family);
unsigned support_roles(const struct checker *c,
                       const struct term *family); /* what the bounds depend on; bit = enum role */
/* Fills in base and bounds of an undeclared type; checks a declared one. */
void type_from_support(struct checker *c, const struct term *distribution, struct type *type);
/* That all options have the structure of the type. */
void check_one_structure(struct checker *c, const struct term *distribution, const struct type *type, const char *name);
void check_support(struct checker *c, const struct context *at, const struct term *distribution,
                   const struct type *type, const char *name);

/* ---- expressions.c, names.c, calls.c, distributions.c ------------------------------------------------------------- */

/* A scalar: every array is gathered at the binders of the context. */
const struct term *scalar_of(struct checker *c, const struct context *at, const struct expr *expr);
const struct term *number_of(struct checker *c, const struct context *at, const struct expr *expr);
const struct term *condition_of(struct checker *c, const struct context *at, const struct expr *expr);
/* A whole array, or a scalar where the expression has no dimension: nothing is gathered at the outer binders. */
const struct term *array_of(struct checker *c, const struct context *at, const struct expr *expr);
/* The same, before the opened binders become a MAP: the element and the binders. */
const struct term *element_of(struct checker *c, const struct context *at, const struct expr *expr,
                              struct opened *opened);
const struct term *call_of(struct checker *c, const struct context *at, const struct expr *expr);
const struct term *raw_of(struct checker *c, const struct context *at, const struct expr *expr); /* arrays stay whole */
void error_too_early(struct checker *c, struct span span, const struct symbol *symbol);
const struct term *raw_name(struct checker *c, const struct context *at, const struct expr *expr);
size_t n_indices(const struct statement *s); /* on its left side */
const struct term *index_of(struct checker *c, const struct context *at, const struct expr *expr); /* x[i] */
/* x[item] over the dimension. */
const struct term *explicit_index(struct checker *c, const struct context *at, const struct expr *item,
                                  const struct dimension *dimension);
/* Index k, which is not written, of what has these dimensions: a binder of the context, or one that it opens. */
const struct term *implicit_index(struct checker *c, const struct context *at, const char *name, size_t n_dim,
                                  const struct dimension *const *dim, size_t k, struct span span);
/* Gathers an array at the binders of the context; the first n_given indices are given. */
const struct term *gather(struct checker *c, const struct context *at, const struct term *array, size_t n_given,
                          const struct term *const *given, struct span span);

/* ---- extents.c: which arrays may stand side by side ---- */

/* The array whose element this is was gathered at these binders. False: it does not fit those before; reported. */
bool extent_add(struct checker *c, struct opened *opened, const struct term *element, size_t n_given);
/* An array was gathered whose elements or indices run over what is used. nameless: beside its own indices without a name.
 * used: by the operand before. */
void extent_join(struct opened *opened, unsigned used, bool nameless);
/* That no array without a name of its index stands beside one with a name. */
bool extents_fit(struct checker *c, const struct opened *opened);

struct alternatives { /* options of a choice: alike, and together one operand */
  struct opened *opened;
  struct extent outside, first;
  bool some;
};

struct alternatives alternatives_of(struct opened *opened);
/* named: over the same names, too. False: the option has another shape than those before. */
bool alternative_ends(struct alternatives *alternatives, bool named);
bool alternatives_end(struct checker *c, struct alternatives *alternatives);

const struct term *distribution_of(struct checker *c, const struct context *at, const struct expr *expr);
size_t joint_rank(struct checker *c, const struct context *at, const struct expr *expr); /* dimensions of one draw */
bool is_distribution(struct checker *c, const struct context *at, const struct expr *expr);
void for_each_family(const struct term *distribution, void (*visit)(void *context, const struct term *family),
                     void *context);
const struct term *choose_of(struct checker *c, const struct context *at, const struct expr *expr,
                             const struct term *(*item_of)(struct checker *, const struct context *,
                                                           const struct expr *));
struct term *choose_term(struct checker *c, const struct axis *axis, struct span span);
bool choose_typed(struct checker *c, struct term *choose, struct span span); /* the type that all options share */
const struct bound *bound_new(struct checker *c, const char *name, const struct binder *binder,
                              const struct bound *outer);
const struct bound *bound_find(const struct bound *bound, const char *name);
/* Outside of its domain, at an end of the continuous axes where `where` says so; the box as in error_in_case. */
void error_argument(struct checker *c, struct presence box, struct span span, const char *message, const char *where);
bool arguments_of(struct checker *c, const struct context *at, const struct expr *call, size_t n_formal,
                  const struct formal *const *formals, const struct term **items, struct list *dimensions);
/* One argument, fit for the formal. Poison: reported. */
const struct term *argument_of(struct checker *c, const struct context *at, const struct expr *argument,
                               const struct formal *formal, struct list *dimensions);
/* Formal dimensions -> those of the caller, as pairs in a list (formal, actual, ...). */
const struct dimension *substituted(const struct list *pairs, const struct dimension *dimension);
struct type type_substituted(struct checker *c, const struct list *pairs, struct type type);

/* ---- axes.c ------------------------------------------------------------------------------------------------------- */

void check_axis(struct checker *c, const struct context *at, const struct statement *statement);
void check_constraint(struct checker *c, const struct context *at, const struct statement *statement);
struct symbol *axis_named(struct checker *c, const struct context *at, const char *name, struct span span);
/* Whether a preparation leaves out values, which only an `obs ... missing` can do without. left_out.c. */
bool check_left_out(struct checker *c, const struct statement *s, const struct variable *v, const struct term *value);

/* For each option of the axis, which option of the text it is (NULL: excluded or missing, which is reported). */
void match_options(struct checker *c, const struct context *at, const struct axis *axis, const struct option *options,
                   struct span span, const struct option **matched);
const struct axis *via_axis(struct checker *c, const struct context *at, const char *name, struct span span);

/* ---- elicitation.c ------------------------------------------------------------------------------------------------ */

void check_hyper(struct checker *c, const struct context *at, const struct statement *statement);
void check_elicit(struct checker *c, const struct context *at, const struct statement *statement);
void finish_elicitation(struct checker *c);

/* ---- statements.c, variables.c, definitions.c, recurrences.c, order.c, library.c, dists.c ------------------------ */

void check_statements(struct checker *c, const struct context *at, const struct statement *statements);
void check_variable(struct checker *c, const struct context *at, const struct statement *statement);
void check_sample(struct checker *c, const struct context *at, const struct statement *statement);
void check_define(struct checker *c, const struct context *at, const struct statement *statement);
/* Loops over parts of an index, [2..5] and then [6..], as one loop that decides by its index; *s becomes the last of them.
 * Any other statement is itself. */
const struct statement *loops_joined(struct checker *c, const struct context *at, const struct statement **s);
void check_for(struct checker *c, const struct context *at, const struct statement *statement);
void check_initial(struct checker *c, const struct context *at, const struct statement *statement);
const struct term *read_partial(struct checker *c, const struct context *at, struct symbol *symbol,
                                const struct expr *expr);
/* Whether the name can be read only element by element here. */
bool is_partial(const struct symbol *symbol);
/* y[1] ~ D, y[1..3] ~ D: elements of a variable, before its loop. given: `data y[1] ~ D`. */
void check_initial_draw(struct checker *c, const struct context *at, const struct statement *s, bool given);
/* One element's distribution, checked against the variable; NULL: reported. */
const struct term *element_distribution(struct checker *c, const struct context *at, struct symbol *symbol,
                                        const struct expr *value, bool given);
void check_unknown_roles(struct checker *c, const struct variable *v, unsigned roles, struct span span);
/* The statements with `if` (in loops: `choose` too) taken into the values; sound: false where an error was reported. */
/* for t in k[a..b] { body } as a loop over all of k whose body stands in `if t >= a and t <= b`; another loop is itself. */
const struct statement *loop_over_all(struct checker *c, const struct statement *loop);
const struct statement *branches_merged(struct checker *c, const struct statement *list, bool in_loop, bool *sound);
/* Binders for the indices on the left of a statement, NAMEs or `i in dimension`: a list of struct bound *. */
bool left_indices(struct checker *c, const struct context *at, const struct expr *indices, struct list *left);
const struct bound *bind_left(struct checker *c, const struct list *left, size_t n, const struct bound *outer);
bool has_number_index(const struct expr *indices);
const struct term *definition_value(struct checker *c, const struct context *at,
                                    const struct expr *value); /* no distribution */
/* An array of its own for each element of the indices `left`, under the name of the statement; NULL: reported. */
struct definition *define_array(struct checker *c, const struct context *at, const struct statement *s,
                                struct list *left, const struct term *array);
void definition_finish(struct checker *c, struct symbol *symbol);
void check_ode(struct checker *c, const struct context *at, const struct statement *statement); /* systems.c */
void check_sim(struct checker *c, const struct context *at, const struct statement *statement); /* simulators.c */
/* The family that a call of a simulator stands for: an output of it. */
const struct term *output_of(struct checker *c, const struct context *at, const struct expr *call,
                             const struct simulator *simulator);
/* Statements (a[i], b[i]) ~ f(...) as one `~` for each variable, whose `otherwise` is the statement that they come from. */
const struct statement *outputs_apart(struct checker *c, const struct context *at, const struct statement *list,
                                      bool *sound);
/* Where the distribution of such a statement stands; of another one, `at`. */
struct context context_of_output(struct checker *c, const struct context *at, const struct statement *s);
void check_outputs(struct checker *c, const struct context *at, const struct statement *statement);
void check_results(struct checker *c, const struct context *at, const struct statement *statement);
void finish_variables(struct checker *c);
/* summaries.c: `summary s = e` is an observation that all others are computed to; its variable comes behind them. */
void check_summary(struct checker *c, const struct context *at, const struct statement *statement);
void finish_summaries(struct checker *c);
void finish_structures(struct checker *c, size_t n, const struct variable *const *variables); /* structures.c */
void finish_order(struct checker *c); /* sorts variables, numbers everything, refuses circles */
void finish_partials(struct checker *c);
/* Whether options of which none was seen here have defined the name already, so that this one may, too. definitions.c. */
bool other_option(struct checker *c, const struct symbol *symbol, struct presence presence);
/* Adds the universes of `presence` to those in which the symbol is defined. False: reported. */
bool join_option(struct checker *c, struct symbol *symbol, struct presence presence, struct span span);
/* Makes the arrays that options fill, each in loops of its own, into one: the symbol's definition then decides. */
void decide_between_loops(struct checker *c, struct symbol *symbol);
/* locals.c: inside functions. */
void check_local(struct checker *c, const struct context *at, const struct statement *s); /* all but `x = e` */
void finish_completed(struct checker *c); /* completed.c: missing numbers that something rests on */
void finish_discrete(struct checker *c);  /* discrete.c: what rests on discrete latents */
void finish_early(struct checker *c);     /* early.c: which of these are drawn with the unknowns */

void check_library(struct checker *c, const struct tree *tree);
/* The statements of a function's body; its result. */
const struct term *body_of(struct checker *c, const struct context *at, const struct statement *body);
struct symbol *callable_add(struct checker *c, const struct context *at, enum symbol_kind kind,
                            const struct statement *s); /* NULL: reported */
void check_fun(struct checker *c, const struct context *at, const struct statement *statement);
struct symbol *check_extern_signature(struct checker *c, const struct context *at, const struct statement *statement);
void check_extern_derivative(struct checker *c, const struct context *at, const struct statement *statement,
                             struct symbol *symbol);
struct symbol *check_dist_signature(struct checker *c, const struct context *at, const struct statement *statement);
void check_dist_methods(struct checker *c, const struct statement *statement, struct symbol *symbol);
/* powers.c: whether a power method gives the density to the power of `a`, as far as that is known at compile time. */
void check_power(struct checker *c, struct span span, const struct distribution *d, const struct term *power, bool on_log);
const struct dimension *formal_dimension(struct checker *c, const struct context *at, const struct expr *index);
void new_sizes(struct checker *c, const struct context *at, const struct type_expr *type);
size_t formals_of(struct checker *c, const struct context *at, const struct parameter *parameters,
                  const struct formal ***formals);

#endif
