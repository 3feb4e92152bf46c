/* svg.h: the few drawing words that the figures of a report are made of. Coordinates are pixels, y downwards.
 * Styles live in the page's style sheet (html.c); marks carry a class. */
#ifndef FLOE_REPORT_SVG_H
#define FLOE_REPORT_SVG_H

#include <stdbool.h>
#include <stddef.h>

struct floe__text;

/* Maps [low, high] of the data to [from, to] in pixels. */
struct scale {
  double low, high, from, to;
  bool logarithmic;
};

double scale_at(const struct scale *scale, double value); /* clamped to the range */

/* Round tick positions within a linear scale, or powers and halves within a logarithmic one; returns their number. */
size_t scale_ticks(const struct scale *scale, size_t most, double *ticks);

/* Text with the characters that mean something to HTML replaced. */
void html_escape(struct floe__text *out, const char *text);

void svg_open(struct floe__text *out, double width, double height, const char *label);
void svg_close(struct floe__text *out);
void svg_line(struct floe__text *out, const char *class_name, double x1, double y1, double x2, double y2);
void svg_rect(struct floe__text *out, const char *class_name, double x, double y, double width, double height,
              const char *tip);
void svg_dot(struct floe__text *out, const char *class_name, double x, double y, double radius, const char *tip);
void svg_text(struct floe__text *out, const char *class_name, double x, double y, const char *anchor, const char *text);
void svg_path(struct floe__text *out, const char *class_name, size_t n, const double *x, const double *y);

/* Axis lines with ticks and grid: horizontal at pixel y, spanning the grid up to `top`; vertical at x, grid to `right`. */
void svg_axis_x(struct floe__text *out, const struct scale *scale, double y, double top, const char *title);
void svg_axis_y(struct floe__text *out, const struct scale *scale, double x, double right, const char *title);

#endif
