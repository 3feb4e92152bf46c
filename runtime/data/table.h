/* table.h: what files hold before it is bound to a model's variables: words in rows and columns (CSV), or arrays
 * under keys (JSON). */
#ifndef FLOE_DATA_TABLE_H
#define FLOE_DATA_TABLE_H

#include <stddef.h>

struct floe__table {
  const char *path;
  size_t n_column, n_row;
  char **name;  /* (n_column) */
  char **cell;  /* (n_row, n_column) */
  size_t *line; /* (n_row): the line of the file in which the row starts, from 1 */
  char *pool;   /* the texts */
};

/* The column of that name; SIZE_MAX if there is none. */
size_t floe__table_column(const struct floe__table *table, const char *name, size_t length);

void floe__table_free(struct floe__table *table); /* its content */

#endif
