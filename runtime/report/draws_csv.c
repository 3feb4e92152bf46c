#include "runtime/report/draws_csv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "runtime/data/layout.h"
#include "runtime/data/outputs.h"
#include "runtime/data/universe.h"

/* One array as columns: where element k, counted with the first index fastest, stands in row-major storage. */
struct array {
  size_t n_dim, count, offset;
  const size_t *dims;
  size_t width; /* truth values per element, for codes; else 1 */
};

/* The row-major position of element k counted with the first index fastest. */
static size_t position(const struct floe_layout *layout, const struct array *array, size_t k) {
  size_t at = 0;
  for (size_t d = 0; d < array->n_dim; d++) {
    const size_t size = layout->size[array->dims[d]];
    at = at * size + k % size;
    k /= size;
  }
  return at;
}

/* ".i.j" of element k */
static void write_suffix(const struct floe_layout *layout, const struct array *array, size_t k, char suffix[128]) {
  size_t length = 0;
  suffix[0] = '\0';
  for (size_t d = 0; d < array->n_dim && length < 100; d++) {
    const size_t size = layout->size[array->dims[d]];
    length += (size_t)snprintf(suffix + length, 128 - length, ".%zu", k % size + 1);
    k /= size;
  }
}

static struct array variable_array(const struct floe_layout *layout, size_t v) {
  const struct floe_variable *variable = &layout->model->variables[v];
  return (struct array){variable->n_dim, layout->count[v], layout->offset[v], variable->dims, 1};
}

static struct array report_array(const struct floe_layout *layout, size_t r) {
  const struct floe_report *report = &layout->model->reports[r];
  const bool last = r + 1 == layout->model->n_report + layout->model->n_claim;
  const size_t end = last ? layout->n_output : layout->output[r + 1], width = floe_report_width(layout, r);
  return (struct array){report->n_dim, (end - layout->output[r]) / width, layout->output[r], report->dims, width};
}

/* What is summed out has no draws. */
static bool written(const struct draws_csv *draws, size_t v) {
  const struct floe_variable *variable = &draws->layout->model->variables[v];
  return !floe_variable_is_data(variable) && !variable->discrete &&
         floe_variable_present(draws->layout->model, draws->options, v);
}

static bool is_variable(const struct floe_model *model, const char *name) {
  const size_t v = floe_variable_find(model, name);
  return v != FLOE_NONE && !floe_variable_is_data(&model->variables[v]);
}

static void write_names(struct floe__text *out, const struct draws_csv *draws, const struct array *array,
                        const char *name) {
  char suffix[128];
  for (size_t k = 0; k < array->count; k++) {
    write_suffix(draws->layout, array, k, suffix);
    floe__text_printf(out, ",%s%s", name, suffix);
  }
}

static void write_numbers(struct floe__text *out, const struct draws_csv *draws, const struct array *array,
                          const double *row) {
  for (size_t k = 0; k < array->count; k++) {
    const double *at = row + array->offset + position(draws->layout, array, k) * array->width;
    floe__text_append(out, ",", 1);
    floe__text_real(out, array->width > 1 ? floe_output_code(array->width, at) : *at, 17);
  }
}

static void write_column_names(struct floe__text *out, const struct draws_csv *draws) {
  for (size_t k = 0; k < draws->n_column; k++) floe__text_printf(out, "%s%s", k ? "," : "", draws->column_names[k]);
}

static void write_columns(struct floe__text *out, const struct draws_csv *draws, size_t i) {
  for (size_t k = 0; k < draws->n_column; k++) {
    if (k) floe__text_append(out, ",", 1);
    floe__text_real(out, draws->columns[i * draws->n_column + k], 10);
  }
}

static void write_head(struct floe__text *out, const struct draws_csv *draws) {
  const struct floe_model *model = draws->layout->model;
  floe__text_printf(out,
                    "# model = %s\n# universe = %s\n# method = sample\n#   algorithm = %s\n# seed = %llu\n# id = %zu\n",
                    model->name, draws->universe, draws->algorithm, (unsigned long long)draws->seed, draws->chain);
  if (draws->thin > 1) floe__text_printf(out, "# thin = %zu\n", draws->thin);
  write_column_names(out, draws);
  for (size_t v = 0; v < model->n_variable; v++) {
    const struct array array = variable_array(draws->layout, v);
    if (written(draws, v)) write_names(out, draws, &array, model->variables[v].name);
  }
  for (size_t r = 0; r < model->n_report; r++) {
    const struct array array = report_array(draws->layout, r);
    if (!is_variable(model, model->reports[r].name)) write_names(out, draws, &array, model->reports[r].name);
  }
  for (size_t c = 0; c < model->n_claim; c++) floe__text_printf(out, ",claim.%zu", c + 1);
  floe__text_puts(out, "\n");
}

static void write_row(struct floe__text *out, const struct draws_csv *draws, size_t i) {
  const struct floe_layout *layout = draws->layout;
  const struct floe_model *model = layout->model;
  const double *outputs = draws->outputs + i * layout->n_output;
  write_columns(out, draws, i);
  for (size_t v = 0; v < model->n_variable; v++) {
    const struct array array = variable_array(layout, v);
    if (written(draws, v)) write_numbers(out, draws, &array, draws->values + i * layout->n_value);
  }
  for (size_t r = 0; r < model->n_report; r++) {
    const struct array array = report_array(layout, r);
    if (!is_variable(model, model->reports[r].name)) write_numbers(out, draws, &array, outputs);
  }
  for (size_t c = 0; c < model->n_claim; c++)
    floe__text_printf(out, ",%g", outputs[layout->output[model->n_report + c]]);
  floe__text_puts(out, "\n");
}

/* Lines go to the file as they come. */
enum { PIECE = 1 << 18 };

static void flush(struct floe__text *out, struct floe__file_parts *file, size_t least) {
  if (out->length < least || !out->data) return;
  floe__file_add(file, out->data, out->length);
  out->length = 0;
}

static floe_status finish(struct floe__text *out, struct floe__file_parts *file, struct floe_error *error) {
  flush(out, file, 0);
  if (out->failed) file->problem = ENOMEM;
  floe__text_free(out);
  return floe__file_end(file, error);
}

floe_status floe__draws_csv_write(const struct draws_csv *draws, const char *path, struct floe_error *error) {
  struct floe__text out = {0};
  struct floe__file_parts file;
  floe__file_begin(path, &file);
  write_head(&out, draws);
  for (size_t i = 0; i < draws->n_draw; i++) {
    write_row(&out, draws, i);
    flush(&out, &file, PIECE);
  }
  return finish(&out, &file, error);
}

floe_status floe__predictions_csv_write(const struct draws_csv *draws, const double *data, const bool *wanted,
                                        const char *path, struct floe_error *error) {
  const struct floe_layout *layout = draws->layout;
  const struct floe_model *model = layout->model;
  struct floe__text out = {0};
  struct floe__file_parts file;
  floe__file_begin(path, &file);
  floe__text_printf(&out, "# model = %s\n# universe = %s\n# method = predict\n# seed = %llu\n", model->name,
                    draws->universe, (unsigned long long)draws->seed);
  write_column_names(&out, draws);
  for (size_t i = 0; i <= draws->n_draw; i++) { /* the first line: names */
    if (i) write_columns(&out, draws, i - 1);
    for (size_t v = 0; v < model->n_variable; v++) {
      const struct array array = variable_array(layout, v);
      if (wanted[v] && !i) write_names(&out, draws, &array, model->variables[v].name);
      if (wanted[v] && i) write_numbers(&out, draws, &array, data + (i - 1) * layout->n_data);
    }
    floe__text_puts(&out, "\n");
    flush(&out, &file, PIECE);
  }
  return finish(&out, &file, error);
}
