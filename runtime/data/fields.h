/* fields.h: what a file holds for each variable of a model, before sizes are known and codes are numbered. */
#ifndef FLOE_DATA_FIELDS_H
#define FLOE_DATA_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include <floe/model.h>

#include "base/error.h"
#include "runtime/data/json.h"
#include "runtime/data/table.h"

/* A variable's numbers, row-major over the sizes that were found. */
struct floe__field {
  bool present;
  size_t n_dim, dim[FLOE__JSON_MAX_DIM], n;
  double *number;
  const char **word; /* (n) codes written as words; NULL: numbers */
  bool by_group;     /* CSV: the first dimension is not that of the rows, and each row repeats its group's numbers */
  size_t n_trailing; /* CSV: columns of the variable */
  size_t *column;    /* CSV: (n_trailing) */
  size_t entry;      /* JSON: position among the entries */
};

struct floe__fields {
  const struct floe_model *model;
  const char *path;
  bool is_json;
  struct floe__table table;
  struct floe__json_data json;
  struct floe__field *field; /* (n_variable) */
  bool *used;                /* (columns or entries) */
  size_t row_dimension;      /* what a row of the file is one of; FLOE_NONE if no data variable has a dimension */
};

struct floe_data_choice;

/* The text of a file of data, to be freed. FLOE_EDATA: there is no such file. */
FLOE_NODISCARD floe_status floe__fields_text(const char *path, char **text, size_t *length, struct floe_error *error);
bool floe__fields_look_like_json(const char *path, const char *text, size_t length);

/* Reads the file and finds every data and obs variable. FLOE_EDATA for missing columns, cells that are not numbers and
 * missing values: all of them are in *error. FLOE_EUSAGE for wrong `columns`. Free in any case. */
FLOE_NODISCARD floe_status floe__fields_read(const struct floe_model *model, const char *path,
                                             const struct floe_data_choice *choice, const char *text, size_t length,
                                             struct floe__fields *fields, struct floe_error *error);
void floe__fields_free(struct floe__fields *fields);

/* FLOE_EDATA about number k of a variable: where it stands in the file; added to what *error says of the file already. */
floe_status floe__field_wrong(const struct floe__fields *fields, size_t variable, size_t k, const char *fix,
                              struct floe_error *error, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Names of the file's columns or keys. */
size_t floe__fields_n_name(const struct floe__fields *fields);
const char *floe__fields_name(const void *fields, size_t k);

/* The code variable over rows that numbers the dimension; FLOE_NONE if there is none. */
size_t floe__fields_code_for(const struct floe__fields *fields, size_t dimension);

/* Only the rows of the choice's group are left. Called by floe__fields_read. */
FLOE_NODISCARD floe_status floe__fields_keep_group(struct floe__fields *fields, const struct floe_data_choice *choice,
                                                   struct floe_error *error);

/* The two formats; called by floe__fields_read. */
FLOE_NODISCARD floe_status floe__fields_from_csv(struct floe__fields *fields, size_t n_columns,
                                                 const char *const *columns, struct floe_error *error);
FLOE_NODISCARD floe_status floe__fields_from_json(struct floe__fields *fields, struct floe_error *error);
FLOE_NODISCARD floe_status floe__fields_no_memory(const struct floe__fields *fields, struct floe_error *error);
FLOE_NODISCARD floe_status floe__fields_missing(const struct floe__fields *fields, size_t variable,
                                                struct floe_error *error);

#endif
