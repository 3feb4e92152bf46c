#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/fields.h"
#include "runtime/data/layout.h"

static size_t find_entry(const struct floe__json_data *json, const char *key) {
  for (size_t k = 0; k < json->n; k++)
    if (strcmp(json->entries[k].key, key) == 0) return k;
  return FLOE_NONE;
}

/* The field takes the entry's arrays over. */
static floe_status take(struct floe__fields *fields, size_t v, size_t e, struct floe_error *error) {
  const struct floe_variable *variable = &fields->model->variables[v];
  struct floe__json_entry *entry = &fields->json.entries[e];
  struct floe__field *field = &fields->field[v];
  fields->used[e] = true;
  *field = (struct floe__field){.present = true,
                                .n_dim = variable->n_dim,
                                .n = entry->n,
                                .entry = e,
                                .number = entry->number,
                                .word = entry->word};
  entry->number = NULL;
  entry->word = NULL;
  memcpy(field->dim, entry->dim, sizeof field->dim);
  if (entry->n_dim == variable->n_dim) return FLOE_OK;
  if (entry->n == 1 && entry->n_dim <= 1 &&
      variable->n_dim <= 1) { /* R and Python write [3] as 3 and the other way round */
    field->dim[0] = 1;
    return FLOE_OK;
  }
  field->n_dim = entry->n_dim;
  return floe__field_wrong(fields, v, 0, "give one level of arrays per dimension", error,
                           "%s has %zu dimension%s, but %zu in the spec", variable->name, entry->n_dim,
                           entry->n_dim == 1 ? "" : "s", variable->n_dim);
}

static floe_status read_variable(struct floe__fields *fields, size_t v, struct floe_error *error) {
  const struct floe_variable *variable = &fields->model->variables[v];
  const size_t e = find_entry(&fields->json, variable->name);
  if (e == FLOE_NONE) return floe__fields_missing(fields, v, error);
  floe_status status = take(fields, v, e, error);
  if (status != FLOE_OK) return status;
  const struct floe__field *field = &fields->field[v];
  if (field->word && variable->base != FLOE_CODE)
    return floe__field_wrong(fields, v, 0, "give a number", error, "'%s' is not a number", field->word[0]);
  for (size_t k = 0; k < field->n && !field->word; k++)
    if (isnan(field->number[k]) && !variable->missing)
      status =
          floe__field_wrong(fields, v, k, "leave the observation out, or fill in the value", error, "a missing value");
  return status;
}

floe_status floe__fields_from_json(struct floe__fields *fields, struct floe_error *error) {
  floe_status status = FLOE_OK;
  for (size_t v = 0; v < fields->model->n_variable; v++)
    if (floe_variable_is_given(&fields->model->variables[v]) && read_variable(fields, v, error) != FLOE_OK)
      status = FLOE_EDATA;
  return status;
}
