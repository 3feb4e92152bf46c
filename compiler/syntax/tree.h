/* tree.h: a spec as its text says it, nothing resolved. Made by the grammar's actions through the constructors below,
 * read by `meaning/` and by the printer. Everything lives in the arena. Sequences are singly linked through `next`. */
#ifndef FLOE_SYNTAX_TREE_H
#define FLOE_SYNTAX_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler/source/source.h"

struct floe__arena;

#define TREE_MAX_DEPTH 1000 /* deeper expressions or blocks are an error (E9001) */

/* ---- expressions -------------------------------------------------------------------------------------------------- */

enum expr_kind {
  EXPR_NUMBER,   /* number; `is_int` if written without point or exponent */
  EXPR_NAME,     /* name */
  EXPR_UNARY,    /* op, left */
  EXPR_BINARY,   /* op, left, right. `D ^ a` is a BINARY with OP_POW: meaning tells powers from power-scaling */
  EXPR_CALL,     /* callee `name`, arguments `items` (argument names in `label`). A reduction sum(child: e) has binder
                    "child", left NULL and one item e; in sum(j in i: e) left is the NAME i, the dimension of binder "j" */
  EXPR_INDEX,    /* left[items]; items may be ranges, names, any expression */
  EXPR_RANGE,    /* left..right; right NULL for `2..` */
  EXPR_TUPLE,    /* (items) with two or more */
  EXPR_ARRAY,    /* [items] */
  EXPR_CHOOSE,   /* choose `name` { label: expr ... }: options */
  EXPR_ON,       /* left `on` name: only `D ^ a on log` */
  EXPR_WITHIN,   /* left `in` right: a truncated distribution or a membership test (right a RANGE, whose bounds may be the
                    NAME inf), or, among indices, `i in obs`: an alias (left and right NAMEs) */
  EXPR_IF,       /* if condition then left else right, written  `if(c, a, b)` */
  EXPR_ERROR     /* stands where text could not be parsed */
};

enum operator_kind {
  OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_POW, OP_NEG,
  OP_LT, OP_LE, OP_GT, OP_GE, OP_EQ, OP_NE, OP_AND, OP_OR, OP_NOT
};

struct expr {
  enum expr_kind kind;
  enum operator_kind op;
  int depth;             /* 1 + the deepest child */
  struct span span;
  struct span name_span; /* of `name`, where there is one */
  const char *name;      /* interned */
  const char *label;     /* this expression's name as an argument: scale = e; interned or NULL */
  double number;
  bool is_int;
  const char *binder;    /* EXPR_CALL: the index in sum(child: e); interned or NULL */
  struct expr *left, *right, *condition;
  struct expr *items;    /* first of a list linked by `next` */
  struct option *options;
  struct expr *next;     /* the following sibling, when in a list */
};

/* ---- types -------------------------------------------------------------------------------------------------------- */

/* `positive`, `in lo..hi`, `int in 0..n`, `simplex[3]`, `cat[K]`, `index class`. */
struct type_expr {
  struct span span;
  const char *name;            /* interned: "real", ..., "in", "index" */
  struct expr *low, *high;     /* of `in`; NULL: none */
  const char *index;           /* of `index class` */
  struct expr *sizes;          /* bracketed arguments */
};

/* ---- statements --------------------------------------------------------------------------------------------------- */

enum statement_kind {
  STATEMENT_MODEL,    /* name, text (the title) */
  STATEMENT_USE,      /* name */
  STATEMENT_PART,     /* name, indices (NAMEs) or NULL, parameters (with `value`s), body with `result e` as its last item */
  STATEMENT_INDEX,    /* name, value = size or range or NULL, ordered */
  STATEMENT_DATA,     /* name, indices, type, value = distribution or NULL */
  STATEMENT_PARAM,    /*   likewise, via */
  STATEMENT_LATENT,   /*   likewise, via */
  STATEMENT_OBS,      /*   likewise, below, above, missing */
  STATEMENT_SAMPLE,   /* name[indices] ~ value; (a[i], b[i]) ~ value: body has the further targets, SAMPLEs without a value */
  STATEMENT_DEFINE,   /* name[indices] = value */
  STATEMENT_VAR,      /* var name = value, in functions */
  STATEMENT_ASSIGN,   /* name := value, in functions */
  STATEMENT_FOR,      /* for name in index[range] { body }: name is the loop's name, index the dimension, value the range or NULL */
  STATEMENT_WHILE,    /* while value limit high { body }, in a sim; high NULL: the usual limit */
  STATEMENT_IF,       /* if value { body } else { otherwise } */
  STATEMENT_AXIS,     /* name, text (description), equivalence; options, or continuous with low, high, logarithmic, reference */
  STATEMENT_CHOOSE,   /* choose name { label: statements ... }: options */
  STATEMENT_FORBID,   /* value */
  STATEMENT_REQUIRE,  /* value => consequence */
  STATEMENT_PREP,     /* name = value */
  STATEMENT_SUMMARY,  /* name[indices] = value */
  STATEMENT_REPORT,   /* name = value, or value alone (one statement per item of `report a, b`) */
  STATEMENT_CLAIM,    /* text, value */
  STATEMENT_CHECK,    /* text, value, probability (NULL: 1) */
  STATEMENT_FUN,      /* name, parameters, type (result) or NULL; value, or body with `result e` as its last item */
  STATEMENT_DIST,     /* name, parameters, type (support); body of METHODs */
  STATEMENT_METHOD,   /* in a dist: name, parameters, value or body: logpdf(x) = ..., sample = ..., affine = (mu, sigma) */
  STATEMENT_RESULT,   /* value: the last item of a function body */
  STATEMENT_EXTERN,   /* extern fun name(parameters) : type [as "symbol"] [derivative value] [adjoint "symbol"];
                         text = symbol or NULL, value = derivative (a TUPLE where there are several) or NULL */
  STATEMENT_ODE,      /* ode name[indices] at value { body of RATEs, INITs and DEFINEs }: value is t[day], an INDEX */
  STATEMENT_RATE,     /* in an ode: name' = value */
  STATEMENT_INIT,     /* in an ode: init name = value */
  STATEMENT_HYPER,    /* name, type or NULL; shape */
  STATEMENT_ELICIT,   /* name of the statistic, value, indices = levels behind `;` or NULL, consequence = what the expert says */
  STATEMENT_SIM,      /* sim name(parameters) -> outputs { body } density = value, or density { otherwise }; no density: neither.
                         foreign: `extern sim`, without a body; text = symbol or NULL */
  STATEMENT_NETWORK,  /* network { name = value ... }: body of DEFINEs */
  STATEMENT_ERROR
};

/* One option of an axis (value or nothing), of a choose expression (value), or of a choose block (body). */
struct option {
  struct span span;
  const char *label;      /* interned; "else" for the rest */
  bool reference;         /* marked * */
  struct expr *weight;    /* @ 0.3, or NULL */
  struct expr *value;
  struct statement *body;
  struct option *next;
};

/* A parameter of a fun, dist, method or extern: x, x : positive, x[k], L[i, j]. */
struct parameter {
  struct span span;
  const char *name;
  struct expr *indices;   /* for array parameters: NAMEs, or WITHIN(j, i) for a further name j of dimension i */
  struct type_expr *type; /* or NULL */
  struct expr *value;     /* of a part: what it is where the argument is left out, or NULL */
  struct parameter *next;
};

struct statement {
  enum statement_kind kind;
  struct span span, name_span;
  const char *name;             /* interned */
  const char *text;             /* a string literal's contents, or NULL */
  const char *adjoint;          /* STATEMENT_EXTERN: symbol of the adjoint, or NULL */
  struct expr *indices;         /* school in y[school]: NAMEs, ranges or expressions */
  struct type_expr *type;
  struct expr *value, *consequence, *probability;
  struct expr *below, *above;   /* STATEMENT_OBS: `censored below a above b`, or NULL */
  struct span censoring_span;
  bool missing;                 /* STATEMENT_OBS; STATEMENT_DATA: `missing as latent` */
  const char *via;              /* interned axis name */
  struct span via_span;
  const char *index;            /* STATEMENT_FOR: the dimension */
  struct expr *low, *high, *reference; /* continuous axis: literals */
  bool ordered, logarithmic, equivalence;
  bool shape;                   /* STATEMENT_HYPER: it is 0 unless what the expert says asks for another */
  bool random;                  /* STATEMENT_EXTERN: `extern draw`, a raw random draw; see stdlib/draws.floe */
  bool foreign, up_to_constant; /* STATEMENT_SIM, up_to_constant also METHOD: the density lacks terms without parameters */
  struct parameter *parameters, *outputs;
  struct option *options;
  struct statement *body, *otherwise;
  struct statement *next;
};

struct comment {
  struct span span;
  bool alone;            /* nothing but white space before it on its line */
  struct comment *next;
};

struct tree {
  const struct source *source;
  struct statement *statements;
  struct comment *comments; /* in order of place: the printer puts them back */
};

/* ---- constructors: the grammar's only vocabulary (tree.c) --------------------------------------------------------- */

struct expr *expr_new(struct floe__arena *arena, enum expr_kind kind, struct span span);
struct expr *expr_unary(struct floe__arena *arena, enum operator_kind op, struct span span, struct expr *operand);
struct expr *expr_binary(struct floe__arena *arena, enum operator_kind op, struct expr *left, struct expr *right);
struct statement *statement_new(struct floe__arena *arena, enum statement_kind kind, struct span span);
const char *operator_text(enum operator_kind op);

/* What an operator makes of two numbers (of the first, if it takes one); truth values are 1 and 0. */
double operator_value(enum operator_kind op, double a, double b);
bool operator_gives_truth(enum operator_kind op);

/* Recomputes `depth` from the children, for nodes whose fields were filled in after expr_new. */
struct expr *expr_measure(struct expr *expr);

#endif
