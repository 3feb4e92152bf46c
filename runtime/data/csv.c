#include "runtime/data/csv.h"

#include <csv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

struct reader {
  struct floe__table *table;
  struct floe_error *error;
  floe_status status;
  size_t line, row_line; /* where the parser stands, and where the row in hand began */
  size_t in_row;         /* cells of that row so far */
  bool has_header;
  size_t n_cell, cell_capacity, row_capacity, pool_used;
};

/* Makes room for one more element by doubling; false without memory. */
static bool grow(void **block, size_t n, size_t *capacity, size_t size) {
  if (n < *capacity) return true;
  const size_t larger = *capacity ? 2 * *capacity : 64;
  void *grown = floe__resize(*block, n, larger, size);
  if (!grown) return false;
  *block = grown;
  *capacity = larger;
  return true;
}

static floe_status no_memory(struct reader *reader) {
  return floe__fail(reader->error, FLOE_EENVIRONMENT, reader->table->path, "free memory, or split the file",
                    "no memory for the file");
}

static floe_status wrong_line(struct reader *reader, size_t line, const char *fix, const char *what) {
  char where[256];
  snprintf(where, sizeof where, "%s:%zu", reader->table->path, line);
  return floe__fail(reader->error, FLOE_EDATA, where, fix, "%s", what);
}

static void take_cell(void *text, size_t length, void *context) {
  struct reader *reader = context;
  struct floe__table *table = reader->table;
  if (reader->status != FLOE_OK) return;
  if (!grow((void **)&table->cell, reader->n_cell, &reader->cell_capacity, sizeof *table->cell)) {
    reader->status = no_memory(reader);
    return;
  }
  char *copy = table->pool + reader->pool_used;
  if (length) memcpy(copy, text, length);
  copy[length] = '\0';
  reader->pool_used += length + 1;
  table->cell[reader->n_cell++] = copy;
  reader->in_row++;
}

/* The cells so far become the names of columns. */
static floe_status take_header(struct reader *reader) {
  struct floe__table *table = reader->table;
  reader->has_header = true;
  table->n_column = reader->in_row;
  table->name = FLOE__NEW(table->n_column, char *);
  if (!table->name) return no_memory(reader);
  memcpy(table->name, table->cell, table->n_column * sizeof *table->name);
  reader->n_cell = 0;
  for (size_t k = 0; k < table->n_column; k++)
    for (size_t j = 0; j < k; j++)
      if (table->name[k][0] && strcmp(table->name[k], table->name[j]) == 0) {
        char what[128];
        snprintf(what, sizeof what, "two columns are named '%.80s'", table->name[k]);
        return wrong_line(reader, reader->row_line, "rename one of them", what);
      }
  return FLOE_OK;
}

static void take_row(int end, void *context) {
  (void)end;
  struct reader *reader = context;
  struct floe__table *table = reader->table;
  if (reader->status != FLOE_OK) return;
  if (!reader->has_header) {
    reader->status = take_header(reader);
  } else if (reader->in_row != table->n_column) {
    char what[128];
    snprintf(what, sizeof what, "this row has %zu cells, the header has %zu", reader->in_row, table->n_column);
    reader->status = wrong_line(reader, reader->row_line,
                                "give every row as many cells as the header; quote cells that hold commas", what);
  } else if (!grow((void **)&table->line, table->n_row, &reader->row_capacity, sizeof *table->line)) {
    reader->status = no_memory(reader);
  } else {
    table->line[table->n_row++] = reader->row_line;
  }
  reader->in_row = 0;
}

static unsigned char delimiter(const char *text, size_t length) {
  const char *end = memchr(text, '\n', length);
  const size_t header = end ? (size_t)(end - text) : length;
  if (memchr(text, ',', header)) return ',';
  return memchr(text, ';', header) ? ';' : memchr(text, '\t', header) ? '\t' : ',';
}

/* Line by line, so that each row knows where it began. */
static void read_lines(struct reader *reader, struct csv_parser *parser, const char *text, size_t length) {
  for (size_t at = 0; at < length && reader->status == FLOE_OK; reader->line++) {
    const char *newline = memchr(text + at, '\n', length - at);
    const size_t n = newline ? (size_t)(newline - text) + 1 - at : length - at;
    if (reader->in_row == 0 && !parser->quoted) reader->row_line = reader->line;
    if (csv_parse(parser, text + at, n, take_cell, take_row, reader) != n && reader->status == FLOE_OK)
      reader->status =
          csv_error(parser) == CSV_EPARSE
              ? wrong_line(reader, reader->line, "double a quote inside quotes, and quote whole cells", "a stray quote")
              : no_memory(reader);
    at += n;
  }
  if (reader->status == FLOE_OK && csv_fini(parser, take_cell, take_row, reader) != 0)
    reader->status = wrong_line(reader, reader->row_line, "close it with \"", "a quote is never closed");
}

floe_status floe__csv_parse(const char *path, const char *text, size_t length, struct floe__table *table,
                            struct floe_error *error) {
  *table = (struct floe__table){.path = path};
  struct reader reader = {.table = table, .error = error, .line = 1, .row_line = 1};
  struct csv_parser parser;
  if (memchr(text, '\0', length))
    return floe__fail(error, FLOE_EDATA, path, "save it as plain text (UTF-8) with commas",
                      "this is not a CSV file: it holds NUL bytes");
  if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
    text += 3;
    length -= 3;
  }
  table->pool = FLOE__NEW(length + 2, char); /* a cell and its NUL take no more than a cell and its delimiter */
  if (!table->pool || csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) return no_memory(&reader);
  csv_set_delim(&parser, delimiter(text, length));
  read_lines(&reader, &parser, text, length);
  csv_free(&parser);
  if (reader.status != FLOE_OK) return reader.status;
  if (!reader.has_header)
    return floe__fail(error, FLOE_EDATA, path, "begin with a line that names the columns", "the file is empty");
  if (table->n_row == 0)
    return floe__fail(error, FLOE_EDATA, path, "add a row per observation", "there are no rows below the header");
  return FLOE_OK;
}

size_t floe__table_column(const struct floe__table *table, const char *name, size_t length) {
  for (size_t c = 0; c < table->n_column; c++)
    if (strlen(table->name[c]) == length && memcmp(table->name[c], name, length) == 0) return c;
  return SIZE_MAX;
}

void floe__table_free(struct floe__table *table) {
  floe__free(table->name);
  floe__free(table->cell);
  floe__free(table->line);
  floe__free(table->pool);
  *table = (struct floe__table){0};
}
