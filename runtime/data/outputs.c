#include "runtime/data/outputs.h"

#include <math.h>
#include <stdio.h>

#include "runtime/data/bind.h"

size_t floe_report_width(const struct floe_layout *layout, size_t r) {
  const struct floe_report *report = &layout->model->reports[r];
  return report->base == FLOE_CODE ? layout->size[report->codes] : 1;
}

/* Elements of a report. */
static size_t n_element(const struct floe_layout *layout, size_t r) {
  size_t count = 1;
  for (size_t d = 0; d < layout->model->reports[r].n_dim; d++) count *= layout->size[layout->model->reports[r].dims[d]];
  return count;
}

/* In place: `count` codes at the start of `at` become truth values, `width` for each; the last first, so that none is
 * overwritten before it was read. */
static void spread_codes(size_t count, size_t width, double *at) {
  for (size_t k = count; k-- > 0;) {
    const double code = at[k];
    for (size_t c = 0; c < width; c++) at[k * width + c] = isnan(code) ? NAN : code == (double)(c + 1);
  }
}

void floe_outputs(const struct floe_context *context, size_t n, const double *values, double *outputs,
                  double *scratch) {
  const struct floe_layout *layout = context->layout;
  const struct floe_model *model = layout->model;
  model->report(context, n, values, outputs, scratch);
  for (size_t r = 0; r < model->n_report; r++) {
    if (model->reports[r].base != FLOE_CODE) continue;
    const size_t count = n_element(layout, r), width = floe_report_width(layout, r);
    for (size_t i = 0; i < n; i++) spread_codes(count, width, outputs + i * layout->n_output + layout->output[r]);
  }
}

double floe_output_code(size_t width, const double *truths) {
  for (size_t c = 0; c < width; c++)
    if (truths[c] == 1) return (double)(c + 1);
  return NAN;
}

size_t floe_output_name(const struct floe_layout *layout, const struct floe_dataset *dataset, size_t k, char *text,
                        size_t capacity) {
  const struct floe_model *model = layout->model;
  size_t r = 0;
  while (r + 1 < model->n_report && layout->output[r + 1] <= k) r++;
  const struct floe_report *report = &model->reports[r];
  const size_t width = floe_report_width(layout, r), element = (k - layout->output[r]) / width,
               code = (k - layout->output[r]) % width;
  char name[256];
  floe_element_name(layout, dataset, report->name, report->n_dim, report->dims, element, name, sizeof name);
  if (report->base != FLOE_CODE) return (size_t)snprintf(text, capacity, "%s", name);
  const char *label =
      dataset && dataset->labels && dataset->labels[report->codes] ? dataset->labels[report->codes][code] : NULL;
  return (size_t)(label ? snprintf(text, capacity, "%s=%s", name, label)
                        : snprintf(text, capacity, "%s=%zu", name, code + 1));
}
