/* table.h: columns of numbers and words, as read from CSV or JSON, before they are bound to a model's variables. */
#ifndef FLOE_DATA_TABLE_H
#define FLOE_DATA_TABLE_H

#include <stddef.h>

/* A column: named cells of text. In CSV, cell k stands in line `line[k]`. */
struct floe__column {
  char *name;
  size_t n;
  char **cell;
};

struct floe__table {
  char *path;
  size_t n_column, n_row;
  struct floe__column *columns;
  size_t *line; /* (n_row) line of the file in which the row starts, from 1 */
};

void floe__table_free(struct floe__table *table); /* the content; NULL is allowed */

#endif
