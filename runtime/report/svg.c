#include "runtime/report/svg.h"

#include <math.h>
#include <stdio.h>

#include "base/text.h"

double scale_at(const struct scale *scale, double value) {
  double low = scale->low, high = scale->high;
  if (scale->logarithmic) low = log(low), high = log(high), value = log(value);
  double share = high > low ? (value - low) / (high - low) : 0.5;
  share = share < 0 ? 0 : share > 1 ? 1 : share;
  return scale->from + share * (scale->to - scale->from);
}

static size_t logarithmic_ticks(const struct scale *scale, size_t most, double *ticks) {
  static const double steps[] = {1, 2, 5};
  size_t n = 0;
  for (int power = (int)floor(log10(scale->low)); power <= (int)ceil(log10(scale->high)); power++)
    for (size_t k = 0; k < 3 && n < most; k++) {
      const double tick = steps[k] * pow(10, power);
      if (tick >= scale->low * 0.999 && tick <= scale->high * 1.001) ticks[n++] = tick;
    }
  return n;
}

size_t scale_ticks(const struct scale *scale, size_t most, double *ticks) {
  if (scale->logarithmic) return logarithmic_ticks(scale, most, ticks);
  const double span = scale->high - scale->low;
  if (!(span > 0) || most == 0) return 0;
  double step = pow(10, floor(log10(span / (double)most)));
  const double needed = span / (double)most / step;
  step *= needed <= 1 ? 1 : needed <= 2 ? 2 : needed <= 5 ? 5 : 10;
  size_t n = 0;
  for (double tick = ceil(scale->low / step) * step; tick <= scale->high + 1e-9 * span && n < most + 1; tick += step)
    ticks[n++] = fabs(tick) < 1e-9 * span ? 0 : tick;
  return n;
}

void html_escape(struct floe__text *out, const char *text) {
  for (const char *at = text; *at; at++) switch (*at) {
      case '<': floe__text_puts(out, "&lt;"); break;
      case '>': floe__text_puts(out, "&gt;"); break;
      case '&': floe__text_puts(out, "&amp;"); break;
      case '"': floe__text_puts(out, "&quot;"); break;
      case '\'': floe__text_puts(out, "&#39;"); break;
      default: floe__text_append(out, at, 1);
    }
}

void svg_open(struct floe__text *out, double width, double height, const char *label) {
  floe__text_printf(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", width, height);
  html_escape(out, label);
  floe__text_puts(out, "\">\n");
}

void svg_close(struct floe__text *out) {
  floe__text_puts(out, "</svg>\n");
}

void svg_line(struct floe__text *out, const char *class_name, double x1, double y1, double x2, double y2) {
  floe__text_printf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class_name, x1, y1,
                    x2, y2);
}

/* Closes a mark, with a tip that browsers show on hovering. */
static void close_mark(struct floe__text *out, const char *name, const char *tip) {
  if (!tip) {
    floe__text_puts(out, "/>\n");
    return;
  }
  floe__text_puts(out, "><title>");
  html_escape(out, tip);
  floe__text_printf(out, "</title></%s>\n", name);
}

void svg_rect(struct floe__text *out, const char *class_name, double x, double y, double width, double height,
              const char *tip) {
  floe__text_printf(out, "<rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"", class_name, x, y,
                    width, height);
  close_mark(out, "rect", tip);
}

void svg_dot(struct floe__text *out, const char *class_name, double x, double y, double radius, const char *tip) {
  floe__text_printf(out, "<circle class=\"%s\" cx=\"%.2f\" cy=\"%.1f\" r=\"%.1f\"", class_name, x, y, radius);
  close_mark(out, "circle", tip);
}

void svg_text(struct floe__text *out, const char *class_name, double x, double y, const char *anchor,
              const char *text) {
  floe__text_printf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", class_name, x, y, anchor);
  html_escape(out, text);
  floe__text_puts(out, "</text>\n");
}

void svg_path(struct floe__text *out, const char *class_name, size_t n, const double *x, const double *y) {
  floe__text_printf(out, "<polyline class=\"%s\" points=\"", class_name);
  for (size_t i = 0; i < n; i++)
    if (isfinite(x[i]) && isfinite(y[i])) floe__text_printf(out, "%.1f,%.1f ", x[i], y[i]);
  floe__text_puts(out, "\"/>\n");
}

void svg_axis_x(struct floe__text *out, const struct scale *scale, double y, double top, const char *title) {
  double ticks[32];
  const size_t n = scale_ticks(scale, 8, ticks);
  for (size_t i = 0; i < n; i++) {
    char label[32];
    const double x = scale_at(scale, ticks[i]);
    snprintf(label, sizeof label, "%g", ticks[i]);
    svg_line(out, "grid", x, y, x, top);
    svg_text(out, "tick", x, y + 15, "middle", label);
  }
  svg_line(out, "axis", scale->from, y, scale->to, y);
  svg_text(out, "title", 0.5 * (scale->from + scale->to), y + 32, "middle", title);
}

void svg_axis_y(struct floe__text *out, const struct scale *scale, double x, double right, const char *title) {
  double ticks[32];
  const size_t n = scale_ticks(scale, 6, ticks);
  for (size_t i = 0; i < n; i++) {
    char label[32];
    const double y = scale_at(scale, ticks[i]);
    snprintf(label, sizeof label, "%g", ticks[i]);
    svg_line(out, "grid", x, y, right, y);
    svg_text(out, "tick", x - 6, y + 4, "end", label);
  }
  svg_line(out, "axis", x, scale->from, x, scale->to);
  svg_text(out, "title", x, scale->to - 8, "start", title);
}
