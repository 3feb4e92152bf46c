/* progress.h: how long work tells of itself without printing: callers pass an observer, NULL for silence. */
#ifndef FLOE_BASE_PROGRESS_H
#define FLOE_BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct floe_progress {
  void (*report)(void *context, double fraction, const char *text); /* fraction in 0..1, text: one short line; cheap to call often */
  void *context;
};

static inline void floe__progress(const struct floe_progress *progress, double fraction, const char *text) {
  if (progress && progress->report) progress->report(progress->context, fraction, text);
}

/* A line on stderr that is redrawn at most ten times a second; where stderr is no terminal, a new line every 20 seconds. terminal.c */
struct floe__terminal_line { double last_drawn; const char *title; bool enabled, plain; };
void floe__terminal_line_start(struct floe__terminal_line *line, const char *title, bool quiet);
void floe__terminal_line_report(void *line, double fraction, const char *text); /* fits floe_progress.report */
void floe__terminal_line_end(struct floe__terminal_line *line);

bool floe__terminal_colour(int descriptor); /* a terminal, and neither NO_COLOR nor TERM=dumb */
double floe__clock(void);                   /* seconds, monotonic */

#endif
