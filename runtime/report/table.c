#include "runtime/report/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

void table_start(struct table *table, ...) {
  *table = (struct table){0};
  const char *head[TABLE_COLUMNS];
  va_list list;
  va_start(list, table);
  for (const char *word; table->n_column < TABLE_COLUMNS && (word = va_arg(list, const char *));)
    head[table->n_column++] = word;
  va_end(list);
  for (size_t k = 0; k < table->n_column; k++) table_word(table, head[k]);
}

void table_word(struct table *table, const char *word) {
  const size_t length = strlen(word);
  char *copy = floe__new(length + 1, 1);
  if (table->n_row == table->capacity) {
    const size_t more = table->capacity ? 2 * table->capacity : 64;
    char **cells = floe__resize(table->cells, table->capacity, more, sizeof *cells);
    if (cells) table->cells = cells, table->capacity = more;
  }
  if (!copy || table->n_row == table->capacity) {
    table->failed = true;
    floe__free(copy);
    return;
  }
  memcpy(copy, word, length);
  table->cells[table->n_row++] = copy;
}

void table_number(struct table *table, const char *format, double number) {
  char word[64];
  if (isnan(number)) {
    table_word(table, "-");
    return;
  }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(word, sizeof word, format, number);
#pragma GCC diagnostic pop
  table_word(table, word);
}

/* Width on the screen: UTF-8 continuation bytes take no place. */
static size_t width_of(const char *word) {
  size_t width = 0;
  for (; *word; word++) width += (*word & 0xC0) != 0x80;
  return width;
}

static void print_row(const struct table *table, const size_t *width, size_t row, bool markdown,
                      struct floe__text *out) {
  floe__text_puts(out, markdown ? "|" : " ");
  for (size_t k = 0; k < table->n_column; k++) {
    const char *word = table->cells[row * table->n_column + k];
    const int padding = (int)(width[k] - width_of(word));
    if (k == 0)
      floe__text_printf(out, " %s%*s", word, padding, "");
    else
      floe__text_printf(out, " %*s%s", padding, "", word);
    floe__text_puts(out, markdown ? " |" : " ");
  }
  floe__text_puts(out, "\n");
}

void table_end(struct table *table, bool markdown, struct floe__text *out) {
  size_t width[TABLE_COLUMNS] = {0};
  const size_t rows = table->n_column ? table->n_row / table->n_column : 0;
  for (size_t i = 0; i < rows * table->n_column; i++) {
    const size_t w = width_of(table->cells[i]);
    if (w > width[i % table->n_column]) width[i % table->n_column] = w;
  }
  for (size_t row = 0; row < rows; row++) {
    print_row(table, width, row, markdown, out);
    if (row > 0 || !markdown) continue;
    floe__text_puts(out, "|");
    for (size_t k = 0; k < table->n_column; k++) floe__text_puts(out, k == 0 ? " --- |" : " ---: |");
    floe__text_puts(out, "\n");
  }
  for (size_t i = 0; i < table->n_row; i++) floe__free(table->cells[i]);
  floe__free(table->cells);
  *table = (struct table){0};
}
