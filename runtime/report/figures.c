#include "runtime/report/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "runtime/report/results.h"
#include "runtime/report/svg.h"

enum { WIDTH = 960, LEFT = 190, RIGHT = 940, ROW = 15 };

/* One universe's column in a specification curve. */
struct column {
  const json_t *universe;
  double low, middle, high;
};

static int by_middle(const void *a, const void *b) {
  const double x = ((const struct column *)a)->middle, y = ((const struct column *)b)->middle;
  return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* A range that shows nearly all columns: one absurdly wide interval must not flatten the others. */
static struct scale robust_scale(size_t n, const struct column *columns, double from, double to) {
  struct scale scale = {0, 1, from, to, false};
  double *ends = FLOE__NEW(2 * n, double);
  if (!ends) return scale;
  size_t m = 0;
  for (size_t i = 0; i < n; i++) {
    if (isfinite(columns[i].low)) ends[m++] = columns[i].low;
    if (isfinite(columns[i].high)) ends[m++] = columns[i].high;
  }
  if (m > 0) {
    qsort(ends, m, sizeof *ends, by_value);
    const size_t cut = m / 50;
    const double low = ends[cut], high = ends[m - 1 - cut], margin = 0.05 * (high - low);
    scale.low = low - (margin > 0 ? margin : 0.5);
    scale.high = high + (margin > 0 ? margin : 0.5);
  }
  floe__free(ends);
  return scale;
}

static double column_x(size_t i, size_t n) {
  return LEFT + ((double)i + 0.5) * (RIGHT - LEFT) / (double)n;
}

static void tip_of(const struct column *column, const char *what, char *tip, size_t size) {
  snprintf(tip, size, "%s: %s %.4g (%.4g .. %.4g), %s", result_text(column->universe, "id"), what, column->middle,
           column->low, column->high, result_text(column->universe, "method"));
}

static double rows_of_discrete_axis(struct floe__text *out, const json_t *axis, size_t n, const struct column *columns,
                                    double y) {
  const char *name = result_text(axis, "name");
  const json_t *options = json_object_get(axis, "options");
  for (size_t k = 0; k < json_array_size(options); k++) {
    const char *label = json_string_value(json_array_get(options, k));
    char row[160];
    snprintf(row, sizeof row, "%s = %s", name, label ? label : "");
    svg_text(out, "row", LEFT - 8, y + ROW - 4, "end", row);
    for (size_t i = 0; i < n; i++) {
      const char *taken = json_string_value(json_object_get(json_object_get(columns[i].universe, "options"), name));
      if (taken && label && strcmp(taken, label) == 0)
        svg_rect(out, "on", column_x(i, n) - 0.4 * (RIGHT - LEFT) / (double)n, y + 3, 0.8 * (RIGHT - LEFT) / (double)n,
                 ROW - 6, NULL);
    }
    y += ROW;
  }
  return y + 5;
}

/* A continuous axis is one row, darker where its value is larger. */
static double row_of_continuous_axis(struct floe__text *out, const json_t *axis, size_t n, const struct column *columns,
                                     double y) {
  const struct scale shade = {result_number(axis, "low"), result_number(axis, "high"), 0.1, 1,
                              json_is_true(json_object_get(axis, "logarithmic"))};
  const char *name = result_text(axis, "name");
  svg_text(out, "row", LEFT - 8, y + ROW - 4, "end", name);
  for (size_t i = 0; i < n; i++) {
    const double value = result_number(json_object_get(columns[i].universe, "options"), name);
    if (!isfinite(value)) continue;
    floe__text_printf(
        out,
        "<rect class=\"on\" opacity=\"%.2f\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\"><title>%g</title></rect>\n",
        scale_at(&shade, value), column_x(i, n) - 0.4 * (RIGHT - LEFT) / (double)n, y + 2,
        0.8 * (RIGHT - LEFT) / (double)n, ROW - 4, value);
  }
  return y + ROW + 5;
}

static size_t count_rows(const json_t *axes) {
  size_t rows = 1, k;
  const json_t *axis;
  json_array_foreach(axes, k, axis) {
    if (json_is_true(json_object_get(axis, "equivalence"))) continue;
    const size_t options = json_array_size(json_object_get(axis, "options"));
    rows += options ? options : 1;
  }
  return rows;
}

static void draw_columns(struct floe__text *out, const json_t *result, size_t n, struct column *columns, struct scale y,
                         const char *what) {
  const json_t *axes = json_object_get(result, "axes"), *axis;
  size_t k;
  const double bottom = y.from, step = (RIGHT - LEFT) / (double)n;
  const double height = bottom + 14 + (double)(count_rows(axes) * ROW + 5 * (json_array_size(axes) + 1)) + 8;
  const char *reference = result_text(json_array_get(json_object_get(result, "universes"), 0), "id");
  qsort(columns, n, sizeof *columns, by_middle);
  svg_open(out, WIDTH, height, what);
  svg_axis_y(out, &y, LEFT, RIGHT, what);
  for (size_t i = 0; i < n; i++) {
    char tip[512], mark[64];
    const char *method = result_text(columns[i].universe, "method");
    tip_of(&columns[i], what, tip, sizeof tip);
    snprintf(mark, sizeof mark, "m-%s", method);
    if (strcmp(result_text(columns[i].universe, "id"), reference) == 0)
      svg_line(out, "reference", column_x(i, n), y.to, column_x(i, n), bottom);
    snprintf(mark, sizeof mark, "interval m-%s", method);
    if (columns[i].low < columns[i].high)
      svg_line(out, mark, column_x(i, n), scale_at(&y, columns[i].low), column_x(i, n), scale_at(&y, columns[i].high));
    snprintf(mark, sizeof mark, "dot m-%s", method);
    svg_dot(out, mark, column_x(i, n), scale_at(&y, columns[i].middle), n > 300 ? 1.5 : 3, tip);
  }
  double row = bottom + 14;
  svg_text(out, "row", LEFT - 8, row + ROW - 4, "end", "how obtained");
  for (size_t i = 0; i < n; i++) {
    char mark[64];
    snprintf(mark, sizeof mark, "cell m-%s", result_text(columns[i].universe, "method"));
    svg_rect(out, mark, column_x(i, n) - 0.45 * step, row + 2, 0.9 * step, ROW - 4,
             result_text(columns[i].universe, "why"));
  }
  row += ROW + 5;
  json_array_foreach(axes, k, axis) {
    if (json_is_true(json_object_get(axis, "equivalence"))) continue;
    row = json_object_get(axis, "options") ? rows_of_discrete_axis(out, axis, n, columns, row)
                                           : row_of_continuous_axis(out, axis, n, columns, row);
  }
  svg_close(out);
}

void figure_specification(struct floe__text *out, const json_t *result, size_t quantity) {
  const json_t *universes = json_object_get(result, "universes"), *universe;
  const size_t n = json_array_size(universes);
  const char *name = json_string_value(json_array_get(json_object_get(result, "quantities"), quantity));
  struct column *columns = FLOE__NEW(n ? n : 1, struct column);
  size_t i;
  if (!columns) return;
  json_array_foreach(universes, i, universe) {
    const json_t *summary = json_array_get(json_object_get(universe, "summaries"), quantity);
    columns[i] = (struct column){universe, result_number(summary, "q5"), result_number(summary, "median"),
                                 result_number(summary, "q95")};
  }
  if (n > 0) draw_columns(out, result, n, columns, robust_scale(n, columns, 290, 34), name ? name : "");
  floe__free(columns);
}

void figure_claim(struct floe__text *out, const json_t *result, size_t claim) {
  const json_t *universes = json_object_get(result, "universes"), *universe;
  const size_t n = json_array_size(universes);
  struct column *columns = FLOE__NEW(n ? n : 1, struct column);
  size_t i;
  if (!columns) return;
  json_array_foreach(universes, i, universe) {
    const double p = json_number_value(json_array_get(json_object_get(universe, "claims"), claim));
    columns[i] = (struct column){universe, p, p, p};
  }
  char title[320];
  snprintf(title, sizeof title, "P(%s)", result_text(json_array_get(json_object_get(result, "claims"), claim), "text"));
  if (n > 0) draw_columns(out, result, n, columns, (struct scale){0, 1, 220, 34, false}, title);
  floe__free(columns);
}

void figure_effects(struct floe__text *out, const json_t *result, size_t quantity) {
  const json_t *effects = json_object_get(result, "effects"), *effect;
  const json_t *floor_entry = json_array_get(json_object_get(result, "noise_floor"), quantity);
  const double noise = result_number(floor_entry, "floor");
  const size_t n = json_array_size(effects);
  double top = isfinite(noise) ? 1.5 * noise : 0.1;
  size_t i;
  json_array_foreach(effects, i, effect) {
    const double largest = result_number(json_array_get(json_object_get(effect, "quantities"), quantity), "largest");
    if (largest > top) top = largest;
  }
  const struct scale x = {0, 1.05 * top, LEFT, RIGHT - 20, false};
  const double bottom = 30 + 26. * (double)n;
  svg_open(out, WIDTH, bottom + 40, "effect of each axis");
  svg_axis_x(
      out, &x, bottom, 20,
      "change of the posterior mean, in posterior sd (bar: median, whisker: its 90% bootstrap interval, dot: largest)");
  if (isfinite(noise)) {
    svg_rect(out, "floor", LEFT, 20, scale_at(&x, noise) - LEFT, bottom - 20, "noise floor");
    svg_text(out, "tick", scale_at(&x, noise) + 4, 18, "start", "noise floor");
  }
  json_array_foreach(effects, i, effect) {
    const json_t *entry = json_array_get(json_object_get(effect, "quantities"), quantity);
    const double y = 30 + 26. * (double)i, median = result_number(entry, "median"),
                 largest = result_number(entry, "largest");
    char tip[256];
    svg_text(out, "row", LEFT - 8, y + 13, "end", result_text(effect, "axis"));
    if (!isfinite(median)) continue;
    snprintf(tip, sizeof tip, "%s: median %.3g, largest %.3g over %d pairs; %s", result_text(effect, "axis"), median,
             largest, (int)result_number(effect, "pairs"), result_text(entry, "verdict"));
    svg_rect(out, strcmp(result_text(entry, "verdict"), "matters") == 0 ? "bar" : "bar quiet", LEFT, y + 2,
             scale_at(&x, median) - LEFT, 14, tip);
    svg_line(out, "whisker", scale_at(&x, result_number(entry, "low")), y + 9,
             scale_at(&x, result_number(entry, "high")), y + 9);
    svg_dot(out, "largest", scale_at(&x, largest), y + 9, 3, tip);
  }
  svg_close(out);
}

/* Numbers of a JSON array mapped through a scale. */
static void map_array(const json_t *array, const struct scale *scale, double *to) {
  size_t i;
  const json_t *value;
  json_array_foreach(array, i, value) to[i] = scale_at(scale, json_number_value(value));
}

void figure_calibration(struct floe__text *out, const json_t *quantity) {
  const json_t *ranks = json_object_get(quantity, "ecdf"), *band = json_object_get(quantity, "band");
  const size_t n = json_array_size(ranks);
  if (n < 2) return;
  const struct scale x = {0, 1, 45, 290, false};
  struct scale y = {-0.1, 0.1, 170, 30, false};
  size_t i;
  const json_t *value;
  json_array_foreach(ranks, i, value) {
    const double size = fabs(json_number_value(value));
    if (1.1 * size > y.high) y.high = 1.1 * size, y.low = -y.high;
  }
  double *xs = FLOE__NEW(2 * n, double), *ys = xs ? xs + n : NULL;
  if (!xs) return;
  svg_open(out, 300, 205, result_text(quantity, "name"));
  svg_axis_y(out, &y, 45, 290, result_text(quantity, "name"));
  svg_axis_x(out, &x, 170, 30, "rank");
  for (i = 0; i < n; i++) xs[i] = scale_at(&x, (double)i / (double)(n - 1));
  map_array(json_object_get(band, "low"), &y, ys);
  svg_path(out, "band", json_array_size(json_object_get(band, "low")) == n ? n : 0, xs, ys);
  map_array(json_object_get(band, "high"), &y, ys);
  svg_path(out, "band", json_array_size(json_object_get(band, "high")) == n ? n : 0, xs, ys);
  map_array(ranks, &y, ys);
  svg_path(out, "curve", n, xs, ys);
  svg_close(out);
  floe__free(xs);
}

void figure_training(struct floe__text *out, const json_t *network) {
  const json_t *curve = json_object_get(network, "curve"), *point;
  const size_t n = json_array_size(curve);
  if (n < 2) return;
  double *points = FLOE__NEW(3 * n, double);
  if (!points) return;
  double low = INFINITY, high = -INFINITY, most = 1;
  size_t i;
  json_array_foreach(curve, i, point) for (size_t k = 0; k < 3; k++) {
    const double value = json_is_number(json_array_get(point, k)) ? json_number_value(json_array_get(point, k)) : NAN;
    points[k * n + i] = value;
    if (k == 0 && value > most) most = value;
    if (k > 0 && value < low) low = value;
    if (k > 0 && value > high && i >= n / 20) high = value;
  }
  const struct scale x = {0, most, 60, 600, false},
                     y = {low - 0.05 * (high - low), high + 0.05 * (high - low), 190, 30, false};
  svg_open(out, 620, 235, "training");
  svg_axis_x(out, &x, 190, 30, "simulations");
  svg_axis_y(out, &y, 60, 600, "mean -log q (thin: training, thick: validation)");
  for (size_t k = 1; k < 3; k++) {
    double *xs = FLOE__NEW(2 * n, double);
    for (i = 0; xs && i < n; i++)
      xs[i] = scale_at(&x, points[i]), xs[n + i] = isfinite(points[k * n + i]) ? scale_at(&y, points[k * n + i]) : NAN;
    if (xs) svg_path(out, k == 1 ? "curve thin" : "curve", n, xs, xs + n);
    floe__free(xs);
  }
  svg_close(out);
  floe__free(points);
}
