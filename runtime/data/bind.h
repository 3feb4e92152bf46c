/* bind.h: a user's file becomes a data set of a model. CSV is in long format: a row per observation, columns named as
 * variables; x.1 .. x.K (or columns = "x=age,sex") for a second dimension; scalars repeat their value in each row;
 * text columns become codes. JSON as CmdStan reads it. Every number is checked before anything runs: errors are
 * FLOE_EDATA with file, line and column (or key) in `where`. */
#ifndef FLOE_DATA_BIND_H
#define FLOE_DATA_BIND_H

#include <stddef.h>
#include <stdint.h>

#include <floe/model.h>

#include "base/error.h"

struct floe_dataset {
  const struct floe_model *model;
  struct floe_layout *layout;
  double *data;   /* (n_data): as read; not prepared */
  char ***labels; /* (n_dimension): (size) names of the positions, or NULL where there are none */
  size_t n_note;
  char **notes; /* one sentence each: unused columns and the like */
  char *path;
  uint64_t hash; /* of sizes and numbers */
};

/* What of a file is meant. */
struct floe_data_choice {
  size_t n_columns;
  const char *const *columns; /* (n_columns): "variable=column,column,..." each */
  const char *group_column;   /* CSV: only the rows that have `group` in this column; NULL: all rows */
  const char *group;
};

/* choice may be NULL: all rows, columns by their names. */
FLOE_NODISCARD floe_status floe_data_read(const struct floe_model *model, const char *path,
                                          const struct floe_data_choice *choice, struct floe_dataset **dataset,
                                          struct floe_error *error);

/* The different words of a column of a CSV file, each a group, in the order in which they first appear. FLOE_EDATA:
 * no such column, a cell without a word, no CSV. Free in any case. */
struct floe_data_groups {
  size_t n;
  char **name; /* (n) */
};
FLOE_NODISCARD floe_status floe_data_groups_read(const char *path, const char *column, struct floe_data_groups *groups,
                                                 struct floe_error *error);
void floe_data_groups_free(struct floe_data_groups *groups);

/* A data set from numbers: sizes (n_dimension), data (n_data) is copied. Not checked against the types. */
FLOE_NODISCARD floe_status floe_data_from_numbers(const struct floe_model *model, const size_t *sizes,
                                                  const double *data, struct floe_dataset **dataset,
                                                  struct floe_error *error);

void floe_data_free(struct floe_dataset *dataset); /* NULL is allowed */

/* prepared (n_data): what the universe's `prep` makes of the data, checked against the types again. scratch
 * (layout->n_scratch). */
FLOE_NODISCARD floe_status floe_data_prepare(const struct floe_dataset *dataset, const struct floe_universe *universe,
                                             double *prepared, double *scratch, struct floe_error *error);

/* "theta[A]", "theta[3]", "x[2,B]": the name of element k (row-major) of a variable or report over those dimensions.
 * Writes as snprintf does. dataset may be NULL: numbers only; layout may not. */
size_t floe_element_name(const struct floe_layout *layout, const struct floe_dataset *dataset, const char *name,
                         size_t n_dim, const size_t *dims, size_t k, char *text, size_t capacity);

#endif
