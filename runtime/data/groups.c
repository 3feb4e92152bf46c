/* Many data sets in one CSV file: the words of a column say which row belongs to which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/bind.h"
#include "runtime/data/csv.h"
#include "runtime/data/fields.h"

static floe_status no_such_column(const char *path, const char *column, struct floe_error *error) {
  return floe__fail(error, FLOE_EDATA, path, "name a column of the file: --group COLUMN", "there is no column '%.80s'", column);
}

static floe_status no_table(const char *path, struct floe_error *error) {
  return floe__fail(error, FLOE_EDATA, path, "give a CSV file, or one JSON file per data set without --group",
                    "groups are told apart by a column, and this is not a CSV file");
}

floe_status floe__fields_keep_group(struct floe__fields *fields, const struct floe_data_choice *choice,
                                    struct floe_error *error) {
  struct floe__table *table = &fields->table;
  if (fields->is_json) return no_table(fields->path, error);
  const size_t column = floe__table_column(table, choice->group_column, strlen(choice->group_column));
  if (column == SIZE_MAX) return no_such_column(fields->path, choice->group_column, error);
  size_t n = 0;
  for (size_t row = 0; row < table->n_row; row++) {
    char **cells = table->cell + row * table->n_column;
    if (strcmp(cells[column], choice->group) != 0) continue;
    memmove(table->cell + n * table->n_column, cells, table->n_column * sizeof *cells);
    table->line[n++] = table->line[row];
  }
  table->n_row = n;
  fields->used[column] = true;
  if (n > 0) return FLOE_OK;
  return floe__fail(error, FLOE_EDATA, fields->path, "name a group of the file", "no row has '%.80s' in column '%.80s'",
                    choice->group, choice->group_column);
}

static floe_status no_memory(const char *path, struct floe_error *error) {
  return floe__fail(error, FLOE_EENVIRONMENT, path, "free memory", "no memory for the groups");
}

struct place {
  const char *word;
  size_t row;
};

static int by_word(const void *a, const void *b) {
  const struct place *x = a, *y = b;
  const int order = strcmp(x->word, y->word);
  return order ? order : (x->row > y->row) - (x->row < y->row);
}

static int by_row(const void *a, const void *b) {
  const struct place *x = a, *y = b;
  return (x->row > y->row) - (x->row < y->row);
}

/* Where each word first appears; how many there are. */
static size_t first_places(struct place *places, size_t n) {
  size_t n_first = 0;
  qsort(places, n, sizeof *places, by_word);
  for (size_t k = 0; k < n; k++)
    if (k == 0 || strcmp(places[k].word, places[n_first - 1].word) != 0) places[n_first++] = places[k];
  qsort(places, n_first, sizeof *places, by_row);
  return n_first;
}

static floe_status name_groups(const struct floe__table *table, size_t column, struct place *places,
                               struct floe_data_groups *groups, struct floe_error *error) {
  for (size_t row = 0; row < table->n_row; row++) {
    places[row] = (struct place){table->cell[row * table->n_column + column], row};
    if (!places[row].word[0])
      return floe__fail(error, FLOE_EDATA, table->path, "say of every row which group it belongs to",
                        "line %zu has nothing in column '%.80s'", table->line[row], table->name[column]);
  }
  const size_t n = first_places(places, table->n_row);
  groups->name = FLOE__NEW(n, char *);
  for (size_t k = 0; groups->name && k < n; k++) {
    char *copy = FLOE__NEW(strlen(places[k].word) + 1, char);
    if (!copy) return no_memory(table->path, error);
    groups->name[groups->n++] = strcpy(copy, places[k].word);
  }
  return groups->name ? FLOE_OK : no_memory(table->path, error);
}

static floe_status gather(const struct floe__table *table, const char *column, struct floe_data_groups *groups,
                          struct floe_error *error) {
  const size_t at = floe__table_column(table, column, strlen(column));
  if (at == SIZE_MAX) return no_such_column(table->path, column, error);
  struct place *places = FLOE__NEW(table->n_row, struct place);
  const floe_status status = places ? name_groups(table, at, places, groups, error) : no_memory(table->path, error);
  floe__free(places);
  return status;
}

floe_status floe_data_groups_read(const char *path, const char *column, struct floe_data_groups *groups,
                                  struct floe_error *error) {
  struct floe__table table = {0};
  char *text;
  size_t length;
  *groups = (struct floe_data_groups){0};
  floe_status status = floe__fields_text(path, &text, &length, error);
  if (status != FLOE_OK) return status;
  if (floe__fields_look_like_json(path, text, length)) {
    status = no_table(path, error);
  } else {
    status = floe__csv_parse(path, text, length, &table, error);
    if (status == FLOE_OK) status = gather(&table, column, groups, error);
    floe__table_free(&table);
  }
  floe__free(text);
  return status;
}

void floe_data_groups_free(struct floe_data_groups *groups) {
  for (size_t k = 0; k < groups->n; k++) floe__free(groups->name[k]);
  floe__free(groups->name);
  *groups = (struct floe_data_groups){0};
}
