#include "runtime/data/bind.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/fields.h"
#include "runtime/data/layout.h"
#include "runtime/data/values.h"
#include "runtime/math/structure.h"

/* A file on its way to a data set. */
struct binding {
  const struct floe_model *model;
  struct floe__fields fields;
  size_t *size;        /* (n_dimension); FLOE_NONE: not known yet */
  const char ***words; /* (n_dimension): distinct words of its codes, sorted, or NULL */
  size_t *n_word;      /* (n_dimension) */
  struct floe_error *error;
};

static int compare_words(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts the words and drops repetitions; returns how many are left. */
static size_t distinct(const char **words, size_t n) {
  size_t kept = 0;
  qsort(words, n, sizeof *words, compare_words);
  for (size_t k = 0; k < n; k++)
    if (kept == 0 || strcmp(words[kept - 1], words[k]) != 0) words[kept++] = words[k];
  return kept;
}

static bool codes_dimension(const struct binding *b, size_t v, size_t d) {
  return b->model->variables[v].codes == d && b->fields.field[v].present;
}

/* Gathers the words that number the dimension. */
static floe_status gather_words(struct binding *b, size_t d) {
  size_t n = 0, at = 0;
  for (size_t v = 0; v < b->model->n_variable; v++)
    if (codes_dimension(b, v, d) && b->fields.field[v].word) n += b->fields.field[v].n;
  if (n == 0) return FLOE_OK;
  b->words[d] = FLOE__NEW(n, const char *);
  if (!b->words[d]) return floe__fields_no_memory(&b->fields, b->error);
  for (size_t v = 0; v < b->model->n_variable; v++) {
    const struct floe__field *field = &b->fields.field[v];
    if (!codes_dimension(b, v, d) || !field->word) continue;
    memcpy(b->words[d] + at, field->word, field->n * sizeof *field->word);
    at += field->n;
  }
  b->n_word[d] = distinct(b->words[d], n);
  return FLOE_OK;
}

/* Words become codes: their places in alphabetical order. */
static floe_status number_words(struct binding *b) {
  for (size_t d = 0; d < b->model->n_dimension; d++) {
    const floe_status status = gather_words(b, d);
    if (status != FLOE_OK) return status;
  }
  for (size_t v = 0; v < b->model->n_variable; v++) {
    struct floe__field *field = &b->fields.field[v];
    const size_t d = b->model->variables[v].codes;
    if (!field->present || !field->word) continue;
    for (size_t k = 0; k < field->n; k++) {
      const char **word = bsearch(&field->word[k], b->words[d], b->n_word[d], sizeof *b->words[d], compare_words);
      field->number[k] = (double)(word - b->words[d] + 1);
    }
  }
  return FLOE_OK;
}

/* Array lengths say sizes, and must agree. */
static floe_status sizes_from_lengths(struct binding *b) {
  for (size_t v = 0; v < b->model->n_variable; v++) {
    const struct floe_variable *variable = &b->model->variables[v];
    const struct floe__field *field = &b->fields.field[v];
    for (size_t k = field->by_group ? 1 : 0; field->present && k < field->n_dim; k++) {
      const size_t d = variable->dims[k];
      if (b->size[d] != FLOE_NONE && b->size[d] != field->dim[k])
        return floe__fail(b->error, FLOE_EDATA, b->fields.path, "make them equally long",
                          "%s has %zu elements over %s, but others have %zu", variable->name, field->dim[k],
                          b->model->dimensions[d].name, b->size[d]);
      b->size[d] = field->dim[k];
    }
  }
  return FLOE_OK;
}

/* At least 1 where there are codes; 0 where there are none. */
static size_t largest_code(const struct binding *b, size_t d) {
  double largest = 0;
  for (size_t v = 0; v < b->model->n_variable; v++)
    for (size_t k = 0; codes_dimension(b, v, d) && k < b->fields.field[v].n; k++)
      largest = fmax(fmax(largest, 1), fmin(b->fields.field[v].number[k], 1e12));
  return (size_t)largest;
}

/* Sizes that no length tells: of the spec, else as many as there are codes. */
static floe_status remaining_sizes(struct binding *b) {
  for (size_t d = 0; d < b->model->n_dimension; d++) {
    const struct floe_dimension *dimension = &b->model->dimensions[d];
    if (b->size[d] == FLOE_NONE) b->size[d] = dimension->low == dimension->high ? dimension->low : largest_code(b, d);
    if (b->size[d] == 0 && dimension->low > 0)
      return floe__fail(b->error, FLOE_EDATA, b->fields.path,
                        "give data over it, or fix its size in the spec: index NAME = SIZE",
                        "nothing in the data tells the size of %s", dimension->name);
    if (b->n_word[d] > b->size[d])
      return floe__fail(b->error, FLOE_EDATA, b->fields.path, "correct the words, or raise the size",
                        "%zu different words number %s, which has size %zu", b->n_word[d], dimension->name, b->size[d]);
  }
  return FLOE_OK;
}

/* Numbers that hang together: a simplex has the sum 1, and so on. */
static floe_status check_structure(struct binding *b, const struct floe_layout *layout, size_t v) {
  const struct floe_variable *variable = &b->model->variables[v];
  const struct floe__field *field = &b->fields.field[v];
  const size_t rank = floe__structure_rank(variable->structure);
  if (rank == 0) return FLOE_OK;
  const size_t n = layout->size[variable->dims[variable->n_dim - 1]], count = rank == 2 ? n * n : n;
  for (size_t k = 0; count && k + count <= field->n; k += count)
    if (!floe__structure_fits(variable->structure, n, field->number + k))
      return floe__field_wrong(&b->fields, v, k, "correct the values, or the type in the spec", b->error,
                               "%s is no %s from here on", variable->name, floe__structure_name(variable->structure));
  return FLOE_OK;
}

/* gaps: numbers that could not be read, which has been said. */
static floe_status check_numbers(struct binding *b, const struct floe_layout *layout, size_t v, bool gaps) {
  const struct floe__field *field = &b->fields.field[v];
  floe_status status = FLOE_OK;
  char why[128];
  for (size_t k = 0; k < field->n; k++)
    if (!(gaps && isnan(field->number[k])) && !floe__value_fits(layout, v, field->number[k], why, sizeof why))
      status = floe__field_wrong(&b->fields, v, k, "correct the value, or the type in the spec", b->error,
                                 "%s = %.10g %s", b->model->variables[v].name, field->number[k], why);
  return status;
}

/* What can be said of numbers in a file of which not everything could be read: sizes are not known. */
static void check_readable(struct binding *b) {
  const struct floe_layout sizeless = {.model = b->model};
  for (size_t v = 0; v < b->model->n_variable; v++) {
    const struct floe__field *field = &b->fields.field[v];
    if (field->present && field->number && !field->word && b->model->variables[v].codes == FLOE_NONE)
      (void)check_numbers(b, &sizeless, v, true);
  }
}

static floe_status check_values(struct binding *b, const struct floe_layout *layout) {
  floe_status status = FLOE_OK;
  for (size_t v = 0; v < b->model->n_variable; v++) {
    if (!b->fields.field[v].present) continue;
    floe_status one = check_numbers(b, layout, v, false);
    if (one == FLOE_OK) one = check_structure(b, layout, v);
    if (one != FLOE_OK) status = one;
  }
  return status;
}

/* Rows repeat what belongs to their group: one row per group is taken, the others must agree. */
static floe_status collapse_groups(struct binding *b, const struct floe_layout *layout, size_t v, double *to) {
  const struct floe__field *field = &b->fields.field[v];
  const struct floe_variable *variable = &b->model->variables[v];
  const struct floe__field *group = &b->fields.field[floe__fields_code_for(&b->fields, variable->dims[0])];
  const size_t width = field->n_trailing, n_group = layout->size[variable->dims[0]];
  bool *seen = FLOE__NEW(n_group, bool);
  floe_status status = seen ? FLOE_OK : floe__fields_no_memory(&b->fields, b->error);
  for (size_t k = 0; k < field->n && status == FLOE_OK; k++) {
    const size_t g = (size_t)group->number[k / width] - 1;
    double *place = &to[g * width + k % width];
    if (!seen[g])
      *place = field->number[k];
    else if (*place != field->number[k])
      status = floe__field_wrong(&b->fields, v, k, "repeat the group's value in all its rows", b->error,
                                 "%s differs from an earlier row of the same %s", variable->name,
                                 b->model->dimensions[variable->dims[0]].name);
    if (k % width == width - 1) seen[g] = true;
  }
  for (size_t g = 0; g < n_group && status == FLOE_OK; g++)
    if (!seen[g])
      status =
          floe__fail(b->error, FLOE_EDATA, b->fields.path, "number the groups without gaps, or give the data as JSON",
                     "no row tells %s of %s %zu", variable->name, b->model->dimensions[variable->dims[0]].name, g + 1);
  floe__free(seen);
  return status;
}

static floe_status fill_data(struct binding *b, const struct floe_layout *layout, double *data) {
  for (size_t v = 0; v < b->model->n_variable; v++) {
    const struct floe__field *field = &b->fields.field[v];
    if (!field->present) continue;
    if (field->by_group) {
      const floe_status status = collapse_groups(b, layout, v, data + layout->offset[v]);
      if (status != FLOE_OK) return status;
    } else if (field->n) {
      memcpy(data + layout->offset[v], field->number, field->n * sizeof *data);
    }
  }
  return FLOE_OK;
}

static char *copy_text(const char *text) {
  char *copy = FLOE__NEW(strlen(text) + 1, char);
  if (copy) strcpy(copy, text);
  return copy;
}

/* Names for the positions of a dimension; positions beyond `n` are named by their number. */
static floe_status set_labels(struct binding *b, struct floe_dataset *dataset, size_t d, const char *const *names,
                              size_t n) {
  const size_t size = dataset->layout->size[d];
  dataset->labels[d] = FLOE__NEW(size, char *);
  if (!dataset->labels[d]) return floe__fields_no_memory(&b->fields, b->error);
  for (size_t k = 0; k < size; k++) {
    char number[24];
    snprintf(number, sizeof number, "%zu", k + 1);
    dataset->labels[d][k] = copy_text(k < n ? names[k] : number);
    if (!dataset->labels[d][k]) return floe__fields_no_memory(&b->fields, b->error);
  }
  return FLOE_OK;
}

/* The words of a column or key that is no variable, or NULL if it holds none. names (n_row): room for a column's. */
static const char *const *unused_words(const struct floe__fields *fields, size_t k, size_t n_row, const char **names) {
  if (fields->is_json) {
    const struct floe__json_entry *entry = &fields->json.entries[k];
    return entry->n_dim == 1 && entry->n == n_row ? entry->word : NULL;
  }
  bool words = false;
  for (size_t row = 0; row < n_row; row++) {
    char *end;
    names[row] = fields->table.cell[row * fields->table.n_column + k];
    if (names[row][0] == '\0') return NULL;
    (void)strtod(names[row], &end);
    words |= *end != '\0';
  }
  return words ? names : NULL;
}

/* The first column or key of different words that is no variable names the rows. */
static floe_status label_rows(struct binding *b, struct floe_dataset *dataset) {
  struct floe__fields *fields = &b->fields;
  const size_t d = fields->row_dimension;
  if (d == FLOE_NONE || dataset->labels[d]) return FLOE_OK;
  const size_t n_row = dataset->layout->size[d];
  const char **names = FLOE__NEW(n_row, const char *), **sorted = FLOE__NEW(n_row, const char *);
  floe_status status = names && sorted ? FLOE_OK : floe__fields_no_memory(fields, b->error);
  for (size_t k = 0; status == FLOE_OK && n_row && k < floe__fields_n_name(fields) && !dataset->labels[d]; k++) {
    const char *const *words = fields->used[k] ? NULL : unused_words(fields, k, n_row, names);
    if (!words) continue;
    memcpy(sorted, words, n_row * sizeof *sorted);
    if (distinct(sorted, n_row) < n_row) continue;
    fields->used[k] = true;
    status = set_labels(b, dataset, d, words, n_row);
  }
  floe__free(names);
  floe__free(sorted);
  return status;
}

static floe_status label_codes(struct binding *b, struct floe_dataset *dataset) {
  for (size_t d = 0; d < b->model->n_dimension; d++) {
    if (!b->words[d]) continue;
    const floe_status status = set_labels(b, dataset, d, b->words[d], b->n_word[d]);
    if (status != FLOE_OK) return status;
  }
  return FLOE_OK;
}

static floe_status write_notes(struct binding *b, struct floe_dataset *dataset) {
  const struct floe__fields *fields = &b->fields;
  const size_t n = floe__fields_n_name(fields);
  dataset->notes = FLOE__NEW(n, char *);
  if (!dataset->notes) return floe__fields_no_memory(fields, b->error);
  for (size_t k = 0; k < n; k++) {
    char note[256];
    if (fields->used[k]) continue;
    snprintf(note, sizeof note, "%s '%.200s' is not used", fields->is_json ? "key" : "column",
             floe__fields_name(fields, k));
    dataset->notes[dataset->n_note] = copy_text(note);
    if (!dataset->notes[dataset->n_note]) return floe__fields_no_memory(fields, b->error);
    dataset->n_note++;
  }
  return FLOE_OK;
}

static floe_status make_dataset(struct binding *b, struct floe_dataset **dataset) {
  struct floe_error why = {0};
  struct floe_layout *layout = floe_layout_new(b->model, b->size, &why);
  if (!layout) return floe__fail(b->error, why.status, b->fields.path, why.fix, "%s", why.message);
  double *data = FLOE__NEW(layout->n_data, double);
  floe_status status = data ? check_values(b, layout) : floe__fields_no_memory(&b->fields, b->error);
  if (status == FLOE_OK) status = fill_data(b, layout, data);
  if (status == FLOE_OK) status = floe_data_from_numbers(b->model, b->size, data, dataset, b->error);
  floe__free(data);
  floe_layout_free(layout);
  if (status != FLOE_OK) return status;
  floe__free((*dataset)->path);
  (*dataset)->path = copy_text(b->fields.path);
  if (!(*dataset)->path) return floe__fields_no_memory(&b->fields, b->error);
  status = label_codes(b, *dataset);
  if (status == FLOE_OK) status = label_rows(b, *dataset);
  return status == FLOE_OK ? write_notes(b, *dataset) : status;
}

static floe_status bind(struct binding *b, struct floe_dataset **dataset) {
  const size_t n = b->model->n_dimension;
  b->size = FLOE__NEW(n, size_t);
  b->words = FLOE__NEW(n, const char **);
  b->n_word = FLOE__NEW(n, size_t);
  if (!b->size || !b->words || !b->n_word) return floe__fields_no_memory(&b->fields, b->error);
  for (size_t d = 0; d < n; d++) b->size[d] = FLOE_NONE;
  floe_status status = number_words(b);
  if (status == FLOE_OK) status = sizes_from_lengths(b);
  if (status == FLOE_OK) status = remaining_sizes(b);
  return status == FLOE_OK ? make_dataset(b, dataset) : status;
}

static void free_binding(struct binding *b) {
  for (size_t d = 0; b->words && d < b->model->n_dimension; d++) floe__free(b->words[d]);
  floe__free(b->words);
  floe__free(b->n_word);
  floe__free(b->size);
  floe__fields_free(&b->fields);
}

floe_status floe_data_read(const struct floe_model *model, const char *path, const struct floe_data_choice *choice,
                           struct floe_dataset **dataset, struct floe_error *error) {
  static const struct floe_data_choice all = {0};
  char *text;
  size_t length;
  *dataset = NULL;
  floe_status status = floe__fields_text(path, &text, &length, error);
  if (status != FLOE_OK) return status;
  struct binding b = {.model = model, .error = error};
  status = floe__fields_read(model, path, choice ? choice : &all, text, length, &b.fields, error);
  if (status == FLOE_OK)
    status = bind(&b, dataset);
  else if (status == FLOE_EDATA && b.fields.field)
    check_readable(&b);
  free_binding(&b);
  floe__free(text);
  if (status != FLOE_OK) {
    floe_data_free(*dataset);
    *dataset = NULL;
  }
  return status;
}
