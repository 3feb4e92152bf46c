#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/progress.h"

#define SECONDS_BETWEEN_DRAWINGS 0.1
#define SECONDS_BETWEEN_LINES 20
#define BAR_WIDTH 24

double floe__clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool terminal(int descriptor) {
  const char *kind = getenv("TERM");
  return isatty(descriptor) && kind && strcmp(kind, "dumb") != 0;
}

bool floe__terminal_colour(int descriptor) {
  const char *refused = getenv("NO_COLOR");
  return terminal(descriptor) && !(refused && *refused);
}

void floe__terminal_line_start(struct floe__terminal_line *line, const char *title, bool quiet) {
  const bool plain = !terminal(STDERR_FILENO);
  *line = (struct floe__terminal_line){
      .last_drawn = plain ? floe__clock() : -1, .title = title, .enabled = !quiet, .plain = plain};
}

void floe__terminal_line_report(void *context, double fraction, const char *text) {
  struct floe__terminal_line *line = context;
  if (!line->enabled) return;
  double now = floe__clock();
  if (line->last_drawn >= 0 && now - line->last_drawn < (line->plain ? SECONDS_BETWEEN_LINES : SECONDS_BETWEEN_DRAWINGS)) return;
  line->last_drawn = now;
  if (!(fraction > 0)) fraction = 0;
  if (fraction > 1) fraction = 1;
  if (line->plain) {
    fprintf(stderr, "%s %d%%: %s\n", line->title, (int)(100 * fraction), text ? text : "");
    return;
  }
  char bar[BAR_WIDTH + 1];
  memset(bar, '.', BAR_WIDTH);
  memset(bar, '#', (size_t)(fraction * BAR_WIDTH));
  bar[BAR_WIDTH] = '\0';
  fprintf(stderr, "\r%s [%s] %3d%% %.48s\033[K", line->title, bar, (int)(100 * fraction), text ? text : "");
  fflush(stderr);
}

void floe__terminal_line_end(struct floe__terminal_line *line) {
  const bool drawn = line->enabled && !line->plain && line->last_drawn >= 0;
  line->enabled = false;
  if (!drawn) return;
  fputs("\r\033[K", stderr);
  fflush(stderr);
}
