#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "runtime/data/fields.h"
#include "runtime/data/layout.h"

static bool is_missing(const char *cell) {
  static const char *const words[] = {"", "NA", "N/A", "NaN", ".", "null", "NULL"};
  for (size_t k = 0; k < sizeof words / sizeof *words; k++)
    if (strcasecmp(cell, words[k]) == 0) return true;
  return false;
}

static bool is_number(const char *cell, double *number) {
  char *end;
  *number = strtod(cell, &end);
  return end != cell && *end == '\0';
}

static bool is_truth(const char *cell, double *number) {
  if (strcasecmp(cell, "true") == 0) return *number = 1, true;
  if (strcasecmp(cell, "false") == 0) return *number = 0, true;
  return is_number(cell, number);
}

static const char *cell_of(const struct floe__fields *fields, const struct floe__field *field, size_t k) {
  const struct floe__table *table = &fields->table;
  return table->cell[k / field->n_trailing * table->n_column + field->column[k % field->n_trailing]];
}

/* Turns the cells of the variable's columns into numbers, or into words where a code has any. */
static floe_status convert(struct floe__fields *fields, size_t v, struct floe_error *error) {
  const struct floe_variable *variable = &fields->model->variables[v];
  struct floe__field *field = &fields->field[v];
  field->number = FLOE__NEW(field->n, double);
  if (!field->number) return floe__fields_no_memory(fields, error);
  floe_status status = FLOE_OK;
  for (size_t k = 0; k < field->n; k++) {
    const char *cell = cell_of(fields, field, k);
    field->number[k] = NAN;
    if (is_missing(cell) && variable->missing) continue;
    if (is_missing(cell)) {
      status = floe__field_wrong(fields, v, k, "leave the row out, or fill in the value", error,
                                 "a missing value: '%.40s'", cell);
      continue;
    }
    if (variable->base == FLOE_BOOL ? is_truth(cell, &field->number[k]) : is_number(cell, &field->number[k])) continue;
    if (variable->base != FLOE_CODE) {
      status =
          floe__field_wrong(fields, v, k, strchr(cell, ',') ? "write numbers with a decimal point" : "give a number",
                            error, "'%.80s' is not a number", cell);
      field->number[k] = NAN;
      continue;
    }
    if (!field->word) field->word = FLOE__NEW(field->n, const char *);
    if (!field->word) return floe__fields_no_memory(fields, error);
  }
  for (size_t k = 0; k < field->n && field->word; k++) field->word[k] = cell_of(fields, field, k);
  return status;
}

/* Reads "NAME.2.3" into the two positions; false if the column is not an element of the variable. */
static bool read_element(const char *column, const char *name, size_t n_index, size_t *index) {
  const size_t length = strlen(name);
  if (strncmp(column, name, length) != 0) return false;
  const char *at = column + length;
  for (size_t k = 0; k < n_index; k++) {
    char *end;
    if (*at != '.' || !isdigit((unsigned char)at[1])) return false;
    index[k] = strtoul(at + 1, &end, 10);
    if (index[k] == 0 || index[k] > (size_t)1 << 24) return false;
    at = end;
  }
  return *at == '\0';
}

/* The columns NAME.1 .. NAME.K (NAME.1.1 .. for two trailing dimensions): their largest positions are the sizes. */
static floe_status find_elements(struct floe__fields *fields, size_t v, struct floe_error *error) {
  const struct floe_variable *variable = &fields->model->variables[v];
  const struct floe__table *table = &fields->table;
  struct floe__field *field = &fields->field[v];
  const size_t n_index = variable->n_dim - 1;
  size_t index[FLOE__JSON_MAX_DIM], n_found = 0;
  for (size_t c = 0; c < table->n_column; c++) {
    if (!read_element(table->name[c], variable->name, n_index, index)) continue;
    n_found++;
    for (size_t k = 0; k < n_index; k++)
      if (index[k] > field->dim[k + 1]) field->dim[k + 1] = index[k];
  }
  if (n_found == 0) return floe__fields_missing(fields, v, error);
  field->n_trailing = 1;
  for (size_t k = 0; k < n_index && field->n_trailing <= n_found; k++) field->n_trailing *= field->dim[k + 1];
  if (field->n_trailing != n_found)
    return floe__fail_also(error, FLOE_EDATA, fields->path, "number the columns from 1 without gaps",
                           "some of the columns %s.1, %s.2, ... are missing", variable->name, variable->name);
  field->column = FLOE__NEW(n_found, size_t);
  if (!field->column) return floe__fields_no_memory(fields, error);
  for (size_t c = 0; c < table->n_column; c++) {
    if (!read_element(table->name[c], variable->name, n_index, index)) continue;
    size_t at = 0;
    for (size_t k = 0; k < n_index; k++) at = at * field->dim[k + 1] + index[k] - 1;
    field->column[at] = c;
    fields->used[c] = true;
  }
  return FLOE_OK;
}

static floe_status single_column(struct floe__fields *fields, size_t v, size_t column, struct floe_error *error) {
  struct floe__field *field = &fields->field[v];
  field->column = FLOE__NEW(1, size_t);
  if (!field->column) return floe__fields_no_memory(fields, error);
  field->column[0] = column;
  field->n_trailing = 1;
  for (size_t k = 1; k < fields->model->variables[v].n_dim; k++) field->dim[k] = 1;
  fields->used[column] = true;
  return FLOE_OK;
}

/* "x=age,sex": the columns of x. */
static floe_status chosen_columns(struct floe__fields *fields, size_t v, const char *list, struct floe_error *error) {
  const struct floe_variable *variable = &fields->model->variables[v];
  struct floe__field *field = &fields->field[v];
  size_t n = 1;
  for (const char *at = list; *at; at++) n += *at == ',';
  if (n > 1 && variable->n_dim != 2)
    return floe__fail(error, FLOE_EUSAGE, "--columns", "name one column", "%s takes one column, not %zu",
                      variable->name, n);
  field->column = FLOE__NEW(n, size_t);
  if (!field->column) return floe__fields_no_memory(fields, error);
  field->n_trailing = n;
  for (size_t k = 1; k < variable->n_dim; k++) field->dim[k] = n;
  for (size_t k = 0; k < n; k++) {
    const size_t length = strcspn(list, ",");
    field->column[k] = floe__table_column(&fields->table, list, length);
    if (field->column[k] == FLOE_NONE)
      return floe__fail_also(error, FLOE_EDATA, fields->path, "name a column of the file", "there is no column '%.*s'",
                             (int)length, list);
    fields->used[field->column[k]] = true;
    list += length + (list[length] == ',');
  }
  return FLOE_OK;
}

/* What follows "NAME=" in the choice for the variable; NULL if there is none. */
static const char *choice_for(const char *name, size_t n_columns, const char *const *columns) {
  const size_t length = strlen(name);
  for (size_t k = 0; k < n_columns; k++)
    if (strncmp(columns[k], name, length) == 0 && columns[k][length] == '=') return columns[k] + length + 1;
  return NULL;
}

static floe_status check_choices(const struct floe__fields *fields, size_t n_columns, const char *const *columns,
                                 struct floe_error *error) {
  for (size_t k = 0; k < n_columns; k++) {
    bool known = false;
    for (size_t v = 0; v < fields->model->n_variable; v++)
      known |= floe_variable_is_given(&fields->model->variables[v]) &&
               choice_for(fields->model->variables[v].name, 1, &columns[k]) != NULL;
    if (!known)
      return floe__fail(error, FLOE_EUSAGE, "--columns", "write VARIABLE=COLUMN or VARIABLE=COLUMN,COLUMN",
                        "'%s' does not name a data variable", columns[k]);
  }
  return FLOE_OK;
}

/* Scalars stand in every row and must agree. */
static floe_status collapse_scalar(struct floe__fields *fields, size_t v, struct floe_error *error) {
  struct floe__field *field = &fields->field[v];
  for (size_t k = 1; k < field->n; k++)
    if (field->word ? strcmp(field->word[k], field->word[0]) != 0 : field->number[k] != field->number[0])
      return floe__field_wrong(fields, v, k, "repeat the same value in every row", error,
                               "%s is one number, but this row differs from the first",
                               fields->model->variables[v].name);
  field->n = 1;
  return FLOE_OK;
}

static floe_status read_variable(struct floe__fields *fields, size_t v, const char *choice, struct floe_error *error) {
  const struct floe_variable *variable = &fields->model->variables[v];
  struct floe__field *field = &fields->field[v];
  const size_t column = floe__table_column(&fields->table, variable->name, strlen(variable->name));
  floe_status status;
  if (variable->n_dim > FLOE__JSON_MAX_DIM)
    return floe__fail(error, FLOE_EDATA, fields->path, "use fewer dimensions", "%s has more than 8 dimensions",
                      variable->name);
  if (choice)
    status = chosen_columns(fields, v, choice, error);
  else if (column != FLOE_NONE)
    status = single_column(fields, v, column, error);
  else
    status = variable->n_dim > 1 ? find_elements(fields, v, error) : floe__fields_missing(fields, v, error);
  if (status != FLOE_OK) return status;
  field->present = true;
  field->n_dim = variable->n_dim;
  field->dim[0] = fields->table.n_row;
  field->n = fields->table.n_row * field->n_trailing;
  field->by_group = variable->n_dim > 0 && variable->dims[0] != fields->row_dimension;
  if (field->by_group && floe__fields_code_for(fields, variable->dims[0]) == FLOE_NONE)
    return floe__fail_also(error, FLOE_EDATA, fields->path, "give the data as JSON",
                           "%s is over %s, but rows are over %s, and no column says which %s a row belongs to",
                           variable->name, fields->model->dimensions[variable->dims[0]].name,
                           fields->model->dimensions[fields->row_dimension].name,
                           fields->model->dimensions[variable->dims[0]].name);
  status = convert(fields, v, error);
  return status == FLOE_OK && variable->n_dim == 0 ? collapse_scalar(fields, v, error) : status;
}

floe_status floe__fields_from_csv(struct floe__fields *fields, size_t n_columns, const char *const *columns,
                                  struct floe_error *error) {
  floe_status status = check_choices(fields, n_columns, columns, error);
  for (size_t v = 0; v < fields->model->n_variable && (status == FLOE_OK || status == FLOE_EDATA); v++) {
    if (!floe_variable_is_given(&fields->model->variables[v])) continue;
    const floe_status one =
        read_variable(fields, v, choice_for(fields->model->variables[v].name, n_columns, columns), error);
    if (one != FLOE_OK) status = one;
  }
  return status;
}
