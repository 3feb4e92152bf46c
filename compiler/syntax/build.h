/* build.h: what the grammar's actions call: tree constructors that know the parser's state (depth limits, messages).
 * Between grammar/parse.y, build.c and parse.c only. */
#ifndef FLOE_SYNTAX_BUILD_H
#define FLOE_SYNTAX_BUILD_H

#include "compiler/syntax/tokens.h"
#include "compiler/syntax/tree.h"

struct parser {
  struct floe__arena *arena;
  struct floe__names *names;
  struct diagnostics *sink;
  const struct source *source;
  const struct token *tokens;
  size_t n_token, at;           /* tokens[at] comes next */
  struct statement *statements; /* the result */
  bool recovering;              /* behind a syntax error, before the end of its line or block */
  bool quiet;                   /* a limit was reached: no further syntax errors */
};

/* Lists in the making. */
struct expr_list {
  struct expr *first, *last;
};
struct option_list {
  struct option *first, *last;
};
struct parameter_list {
  struct parameter *first, *last;
};
struct statement_list {
  struct statement *first, *last;
};
struct censoring_text {
  struct expr *below, *above;
};
struct via {
  const char *name;
  struct span span;
};

const struct token *build_next_token(struct parser *p);
void build_syntax_error(struct parser *p, size_t n_expected, const char *const *expected);
void build_too_deep(struct parser *p, struct span span);

struct expr *build_number(struct parser *p, struct token token);
/* The 1 of x[..3]. */
struct expr *build_first(struct parser *p, struct span span);
struct expr *build_name(struct parser *p, const char *name, struct span span);
struct expr *build_unary(struct parser *p, enum operator_kind op, struct span span, struct expr *operand);
struct expr *build_binary(struct parser *p, enum operator_kind op, struct expr *left, struct expr *right);
struct expr *build_chained(struct parser *p, struct span span, enum operator_kind op, struct expr *left,
                           struct expr *right);
struct expr *build_within(struct parser *p, struct span span, struct expr *left, struct expr *right);
struct expr *build_range(struct parser *p, struct span span, struct expr *low, struct expr *high);
struct expr *build_on(struct parser *p, struct span span, struct expr *left, const char *name, struct span name_span);
struct expr *build_index(struct parser *p, struct span span, struct expr *array, struct expr *items);
struct expr *build_sequence(struct parser *p, enum expr_kind kind, struct span span, struct expr *items);
struct expr *build_call(struct parser *p, struct span span, const char *name, struct span name_span,
                        struct expr *arguments);
struct expr *build_reduction(struct parser *p, struct span span, const char *name, struct span name_span,
                             struct expr *binder, struct expr *element);
struct expr *build_conditional(struct parser *p, struct span span, struct expr *condition, struct expr *yes,
                               struct expr *no);
struct expr *build_choice(struct parser *p, struct span span, const char *axis, struct span name_span,
                          struct option *options);

struct expr_list build_exprs(struct expr_list list, struct expr *expr);
struct expr_list build_more(struct expr *first, struct expr_list rest);
struct option_list build_options(struct option_list list, struct option *option);
struct statement_list build_statements(struct statement_list list, struct statement_list more);

struct option *build_option(struct parser *p, struct span span, const char *label);
const char *build_else_label(struct parser *p);

struct type_expr *build_type(struct parser *p, struct span span, const char *name);
struct type_expr *build_bounded(struct type_expr *type, struct span span, struct expr *range);
struct parameter *build_parameter(struct parser *p, struct span span, const char *name, struct expr *indices,
                                  struct type_expr *type);

struct statement *build_named(struct parser *p, enum statement_kind kind, struct span span, const char *name,
                              struct span name_span);
struct statement *build_valued(struct parser *p, enum statement_kind kind, struct span span, const char *name,
                               struct span name_span, struct expr *value);
struct statement *build_function(struct parser *p, enum statement_kind kind, struct span span, const char *name,
                                 struct span name_span, struct statement *body);
struct statement *build_declaration(struct parser *p, enum statement_kind kind, struct span span, const char *name,
                                    struct span name_span, struct expr *indices, struct type_expr *type,
                                    struct expr *distribution);
struct statement *build_for(struct parser *p, struct span span, const char *name, struct span name_span,
                            const char *dimension, struct expr *range, struct statement *body);
struct statement *build_ode(struct parser *p, struct span span, const char *name, struct span name_span,
                            struct expr *times, struct expr *index, struct statement *body);
struct statement *build_if(struct parser *p, struct span span, struct expr *condition, struct statement *body,
                           struct statement *otherwise);
struct statement *build_while(struct parser *p, struct span span, struct expr *condition, struct expr *limit,
                              struct statement *body);
/* Completes what stands behind the head of a `sim`. */
struct statement *build_sim(struct statement *sim, struct span span, const char *name, struct span name_span,
                            struct parameter *parameters, struct parameter *outputs);
/* (a[i], b[i]) ~ value */
struct statement *build_targets(struct statement *first, struct span span, struct expr *value);
void build_more_targets(struct statement *first, struct statement *target);
struct statement *build_axis(struct statement *axis, struct span span, bool equivalence, const char *name,
                             struct span name_span, const char *description);
struct statement *build_extern(struct statement *external, struct span span, const char *name, struct span name_span,
                               struct parameter *parameters, struct type_expr *type);

/* The items of one `report`: the first one's span starts at the keyword. */
struct statement_list build_reports(struct statement_list items, struct span span);

/* The whole file, once read: every statement must stand where its kind may stand. */
struct statement *build_outermost(struct parser *p, struct statement *statements);

#endif
