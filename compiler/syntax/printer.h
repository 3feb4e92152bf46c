/* printer.h: the two halves of `floe fmt`: lines and comments (printer.c), and what stands in a line (print_expr.c). */
#ifndef FLOE_SYNTAX_PRINTER_H
#define FLOE_SYNTAX_PRINTER_H

#include "base/text.h"
#include "compiler/syntax/tree.h"

struct printer {
  struct floe__text *out;
  const struct comment *comment; /* the first one not printed yet */
  int level;                     /* of indentation */
  bool first;                    /* nothing stands yet in this block: no blank line before */
};

/* ---- lines and comments ---- */

/* Starts a line for what stood at `span`, keeping a blank line before it. */
void printer_start_line(struct printer *p, struct span span);

/* Ends the line of what stood at `span`, with the comment that stood behind it. */
void printer_end_line(struct printer *p, struct span span);

/* Prints, on lines of their own, the comments that stand before `offset`. */
void printer_comments(struct printer *p, size_t offset);

/* `{`, then the comment that stood behind it; further lines are one level deeper. */
void printer_open(struct printer *p, struct span span, size_t first);

/* ---- what stands in a line ---- */

void print_expr(struct printer *p, const struct expr *expr);
void print_condition(struct printer *p, const struct expr *expr); /* `=` is equality */
void print_type(struct printer *p, const struct type_expr *type);
void print_indices(struct printer *p, const struct expr *indices); /* nothing for NULL */
void print_parameters(struct printer *p, const struct parameter *parameters);
void print_string(struct printer *p, const char *text);
void print_source(struct printer *p, struct span span);

/* Whether some choice in it is to be printed over several lines, as its author wrote it. */
bool spreads_over_lines(const struct expr *expr);

#endif
