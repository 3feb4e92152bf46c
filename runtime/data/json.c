#include "runtime/data/json.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <strings.h>

#include "base/memory.h"

static floe_status wrong_key(const char *path, const char *key, const char *fix, const char *what,
                             struct floe_error *error) {
  char where[256];
  snprintf(where, sizeof where, "%.150s, key %.80s", path, key);
  return floe__fail(error, FLOE_EDATA, where, fix, "%s", what);
}

static bool number_word(const char *text, double *number) {
  static const struct {
    const char *word;
    double number;
  } words[] = {{"NaN", NAN},           {"Inf", INFINITY},       {"+Inf", INFINITY},      {"-Inf", -INFINITY},
               {"Infinity", INFINITY}, {"+Infinity", INFINITY}, {"-Infinity", -INFINITY}};
  for (size_t k = 0; k < sizeof words / sizeof *words; k++)
    if (strcasecmp(text, words[k].word) == 0) {
      *number = words[k].number;
      return true;
    }
  return false;
}

static floe_status not_rectangular(const char *path, const char *key, struct floe_error *error) {
  return wrong_key(path, key, "make all rows equally long", "the array is not rectangular", error);
}

/* Dimensions by the first element of each level; whether all others agree shows when they are filled in. */
static floe_status measure(const char *path, size_t length, struct floe__json_entry *entry, const json_t *value,
                           struct floe_error *error) {
  entry->n = 1;
  for (; json_is_array(value); value = json_array_get(value, 0)) {
    if (entry->n_dim == FLOE__JSON_MAX_DIM)
      return wrong_key(path, entry->key, "use fewer dimensions", "more than 8 levels of arrays", error);
    entry->dim[entry->n_dim++] = json_array_size(value);
    if (json_array_size(value) == 0) {
      entry->n = 0;
      break;
    }
    if (__builtin_mul_overflow(entry->n, json_array_size(value), &entry->n) || entry->n > length)
      return not_rectangular(path, entry->key, error); /* the file is too short for so many numbers */
  }
  return FLOE_OK;
}

struct filling {
  const char *path;
  struct floe__json_entry *entry;
  size_t at;
  bool has_word, has_number;
  struct floe_error *error;
};

static floe_status fill_one(struct filling *f, const json_t *value) {
  struct floe__json_entry *entry = f->entry;
  double number = NAN;
  if (json_is_number(value))
    number = json_number_value(value);
  else if (json_is_boolean(value))
    number = json_is_true(value);
  else if (json_is_string(value) && !number_word(json_string_value(value), &number)) {
    f->has_word = true;
    entry->word[f->at++] = json_string_value(value);
    return FLOE_OK;
  } else if (json_is_object(value))
    return wrong_key(f->path, entry->key, "give numbers or arrays of numbers", "an object where a number is expected",
                     f->error);
  f->has_number = true;
  entry->number[f->at++] = number;
  return FLOE_OK;
}

static floe_status fill(struct filling *f, const json_t *value, size_t level) {
  const struct floe__json_entry *entry = f->entry;
  const bool is_array = json_is_array(value);
  if (is_array != (level < entry->n_dim) || (is_array && json_array_size(value) != entry->dim[level]))
    return not_rectangular(f->path, entry->key, f->error);
  if (!is_array) return fill_one(f, value);
  for (size_t k = 0; k < entry->dim[level]; k++) {
    const floe_status status = fill(f, json_array_get(value, k), level + 1);
    if (status != FLOE_OK) return status;
  }
  return FLOE_OK;
}

static floe_status read_entry(const char *path, size_t length, const char *key, const json_t *value,
                              struct floe__json_entry *entry, struct floe_error *error) {
  entry->key = key;
  floe_status status = measure(path, length, entry, value, error);
  if (status != FLOE_OK) return status;
  entry->number = FLOE__NEW(entry->n, double);
  entry->word = FLOE__NEW(entry->n, const char *);
  if (!entry->number || !entry->word)
    return floe__fail(error, FLOE_EENVIRONMENT, path, "free memory", "no memory for the file");
  struct filling f = {.path = path, .entry = entry, .error = error};
  status = fill(&f, value, 0);
  if (status != FLOE_OK) return status;
  if (f.has_word && f.has_number) return wrong_key(path, key, "use one kind", "numbers and words are mixed", error);
  if (!f.has_word) {
    floe__free(entry->word);
    entry->word = NULL;
  }
  return FLOE_OK;
}

floe_status floe__json_parse(const char *path, const char *text, size_t length, struct floe__json_data *data,
                             struct floe_error *error) {
  *data = (struct floe__json_data){.path = path};
  json_error_t problem;
  json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
  if (!root) {
    char where[256];
    snprintf(where, sizeof where, "%.200s:%d", path, problem.line);
    return floe__fail(error, FLOE_EDATA, where, "correct the JSON there", "%s", problem.text);
  }
  data->root = root;
  if (!json_is_object(root))
    return floe__fail(error, FLOE_EDATA, path, "write {\"variable\": value, ...}", "the file is not one JSON object");
  data->entries = FLOE__NEW(json_object_size(root), struct floe__json_entry);
  if (!data->entries) return floe__fail(error, FLOE_EENVIRONMENT, path, "free memory", "no memory for the file");
  const char *key;
  json_t *value;
  json_object_foreach(root, key, value) {
    const floe_status status = read_entry(path, length, key, value, &data->entries[data->n++], error);
    if (status != FLOE_OK) return status;
  }
  return FLOE_OK;
}

void floe__json_free(struct floe__json_data *data) {
  for (size_t k = 0; k < data->n; k++) {
    floe__free(data->entries[k].number);
    floe__free(data->entries[k].word);
  }
  floe__free(data->entries);
  json_decref(data->root);
  *data = (struct floe__json_data){0};
}
