/* table.h: tables of words and numbers, printed with aligned columns or as Markdown. */
#ifndef FLOE_REPORT_TABLE_H
#define FLOE_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct floe__text;

enum { TABLE_COLUMNS = 12 };

struct table {
  size_t n_column, n_row, capacity;
  char **cells; /* (n_row, n_column), owned; row 0 is the head */
  bool failed;
};

/* Starts a table with the given head; the list ends with NULL. */
void table_start(struct table *table, ...) __attribute__((sentinel));

/* Appends one cell, printf-style; rows fill from left to right. A NaN printed with "%.3g" is shown as "-". */
void table_word(struct table *table, const char *word);
void table_number(struct table *table, const char *format, double number);

/* Prints and frees. The first column is left-aligned, the others right-aligned. */
void table_end(struct table *table, bool markdown, struct floe__text *out);

#endif
