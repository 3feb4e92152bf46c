#include "runtime/data/fields.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "runtime/data/bind.h"
#include "runtime/data/csv.h"
#include "runtime/data/layout.h"
#include "runtime/data/suggest.h"

#define MOST_BYTES ((size_t)1 << 30)

size_t floe__fields_n_name(const struct floe__fields *fields) {
  return fields->is_json ? fields->json.n : fields->table.n_column;
}

const char *floe__fields_name(const void *context, size_t k) {
  const struct floe__fields *fields = context;
  return fields->is_json ? fields->json.entries[k].key : fields->table.name[k];
}

floe_status floe__fields_no_memory(const struct floe__fields *fields, struct floe_error *error) {
  return floe__fail(error, FLOE_EENVIRONMENT, fields->path, "free memory", "no memory for the data");
}

floe_status floe__fields_missing(const struct floe__fields *fields, size_t variable, struct floe_error *error) {
  const char *name = fields->model->variables[variable].name, *what = fields->is_json ? "key" : "column";
  char otherwise[160], fix[256];
  if (fields->is_json)
    snprintf(otherwise, sizeof otherwise, "add the key \"%.100s\"", name);
  else
    snprintf(otherwise, sizeof otherwise, "add it, or say which column it is: --columns %.60s=NAME", name);
  floe__suggest_fix(floe__suggest(name, floe__fields_n_name(fields), floe__fields_name, fields), otherwise, fix,
                    sizeof fix);
  return floe__fail_also(error, FLOE_EDATA, fields->path, fix, "there is no %s '%s'", what, name);
}

/* "path:3, column y" or "path, key y[2,1]". */
static void write_where(const struct floe__fields *fields, size_t variable, size_t k, char *where, size_t capacity) {
  const struct floe__field *field = &fields->field[variable];
  if (!fields->is_json) {
    const size_t row = field->n_trailing ? k / field->n_trailing : 0;
    snprintf(where, capacity, "%.150s:%zu, column %.60s", fields->path, fields->table.line[row],
             fields->table.name[field->column[k % field->n_trailing]]);
    return;
  }
  size_t at =
      (size_t)snprintf(where, capacity, "%.150s, key %.40s", fields->path, fields->json.entries[field->entry].key);
  size_t below = field->n;
  for (size_t d = 0; d < field->n_dim && at < capacity && below; d++) {
    below /= field->dim[d];
    at += (size_t)snprintf(where + at, capacity - at, "%s%zu%s", d ? "," : "[", k / below % field->dim[d] + 1,
                           d + 1 == field->n_dim ? "]" : "");
  }
}

floe_status floe__field_wrong(const struct floe__fields *fields, size_t variable, size_t k, const char *fix,
                              struct floe_error *error, const char *format, ...) {
  char where[256], message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  write_where(fields, variable, k, where, sizeof where);
  return floe__fail_also(error, FLOE_EDATA, where, fix, "%s", message);
}

/* Rows are what the first observed array runs over; without one, what the first data array does. */
static size_t row_dimension(const struct floe_model *model) {
  size_t row = FLOE_NONE;
  for (size_t v = model->n_variable; v-- > 0;) {
    const struct floe_variable *variable = &model->variables[v];
    if (variable->role == FLOE_DATA && variable->n_dim) row = variable->dims[0];
  }
  for (size_t v = model->n_variable; v-- > 0;) {
    const struct floe_variable *variable = &model->variables[v];
    if (variable->role == FLOE_OBS && variable->n_dim) row = variable->dims[0];
  }
  return row;
}

size_t floe__fields_code_for(const struct floe__fields *fields, size_t dimension) {
  for (size_t v = 0; v < fields->model->n_variable; v++) {
    const struct floe_variable *variable = &fields->model->variables[v];
    if (floe_variable_is_data(variable) && variable->codes == dimension && variable->n_dim == 1 &&
        variable->dims[0] == fields->row_dimension)
      return v;
  }
  return FLOE_NONE;
}

floe_status floe__fields_text(const char *path, char **text, size_t *length, struct floe_error *error) {
  const floe_status status = floe__file_read(path, MOST_BYTES, text, length, error);
  if (status == FLOE_EARTIFACT)
    return floe__fail(error, FLOE_EDATA, path, "check the path of the data file", "there is no such file");
  return status;
}

bool floe__fields_look_like_json(const char *path, const char *text, size_t length) {
  const size_t n = strlen(path);
  if (n > 5 && strcmp(path + n - 5, ".json") == 0) return true;
  size_t k = 0;
  while (k < length && isspace((unsigned char)text[k])) k++;
  return k < length && text[k] == '{';
}

floe_status floe__fields_read(const struct floe_model *model, const char *path, const struct floe_data_choice *choice,
                              const char *text, size_t length, struct floe__fields *fields, struct floe_error *error) {
  *fields = (struct floe__fields){.model = model,
                                  .path = path,
                                  .is_json = floe__fields_look_like_json(path, text, length),
                                  .row_dimension = row_dimension(model)};
  if (error) error->status = FLOE_OK; /* problems gather */
  fields->field = FLOE__NEW(model->n_variable, struct floe__field);
  if (!fields->field) return floe__fields_no_memory(fields, error);
  floe_status status = fields->is_json ? floe__json_parse(path, text, length, &fields->json, error)
                                       : floe__csv_parse(path, text, length, &fields->table, error);
  if (status != FLOE_OK) return status;
  fields->used = FLOE__NEW(floe__fields_n_name(fields), bool);
  if (!fields->used) return floe__fields_no_memory(fields, error);
  if (choice->group_column) status = floe__fields_keep_group(fields, choice, error);
  if (status != FLOE_OK) return status;
  return fields->is_json ? floe__fields_from_json(fields, error)
                         : floe__fields_from_csv(fields, choice->n_columns, choice->columns, error);
}

void floe__fields_free(struct floe__fields *fields) {
  for (size_t v = 0; fields->field && v < fields->model->n_variable; v++) {
    floe__free(fields->field[v].number);
    floe__free(fields->field[v].word);
    floe__free(fields->field[v].column);
  }
  floe__free(fields->field);
  floe__free(fields->used);
  if (fields->is_json)
    floe__json_free(&fields->json);
  else
    floe__table_free(&fields->table);
  *fields = (struct floe__fields){0};
}
