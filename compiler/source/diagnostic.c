#include "compiler/source/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

#define MAX_KEPT 100
#define MAX_NAME 64 /* longer names are not worth a suggestion */

struct diagnostics {
  struct floe__arena *arena;
  struct diagnostic *kept[3 * MAX_KEPT]; /* sorted by file, place and order of arrival */
  size_t n_kept;
  size_t n_kept_of[3], n_of[3]; /* by severity: kept, and all */
  struct diagnostic overflow;
  struct allowance *allowances;
};

/* Warnings that nobody wants to see. */
struct allowance {
  const char *code;
  const struct source *file; /* NULL: any */
  size_t line;               /* 0: any */
  struct allowance *next;
};

struct code {
  const char *code;
  enum severity severity;
  const char *title;
};

static const struct code codes[] = {
#define DIAGNOSTIC(code, severity, title) {#code, SEVERITY_##severity, title},
#include "compiler/source/diagnostic_codes.h"
#undef DIAGNOSTIC
};

static const struct code *find_code(const char *code) {
  for (size_t k = 0; k < sizeof codes / sizeof codes[0]; k++)
    if (strcmp(codes[k].code, code) == 0) return &codes[k];
  return NULL;
}

const char *diagnostic_title(const char *code) {
  const struct code *found = find_code(code);
  return found ? found->title : NULL;
}

struct diagnostics *diagnostics_new(struct floe__arena *arena) {
  struct diagnostics *sink = floe__arena_alloc(arena, sizeof *sink);
  sink->arena = arena;
  return sink;
}

static int compare_place(const struct diagnostic *a, const struct diagnostic *b) {
  if (a->span.file != b->span.file) {
    if (!a->span.file || !b->span.file) return a->span.file ? 1 : -1;
    int order = strcmp(a->span.file->path, b->span.file->path);
    if (order != 0) return order;
  }
  if (a->span.begin != b->span.begin) return a->span.begin < b->span.begin ? -1 : 1;
  return 0;
}

static bool same_finding(const struct diagnostic *a, const struct diagnostic *b) {
  return strcmp(a->code, b->code) == 0 && a->span.file == b->span.file && a->span.begin == b->span.begin &&
         a->span.end == b->span.end;
}

static size_t line_of(struct span span) {
  size_t line, column;
  source_position(span.file, span.begin, &line, &column);
  return line;
}

void diagnostics_allow(struct diagnostics *sink, const char *code, struct span where, bool line_only) {
  struct allowance *allowance = floe__arena_alloc(sink->arena, sizeof *allowance);
  *allowance = (struct allowance){code, where.file, where.file && line_only ? line_of(where) : 0, sink->allowances};
  sink->allowances = allowance;
}

static bool is_allowed(const struct diagnostics *sink, const struct diagnostic *diagnostic) {
  for (const struct allowance *a = sink->allowances; a; a = a->next)
    if (!strcmp(a->code, diagnostic->code) && (!a->file || a->file == diagnostic->span.file) &&
        (!a->line || a->line == line_of(diagnostic->span)))
      return diagnostic->severity == SEVERITY_WARNING;
  return false;
}

static struct diagnostic *store(struct diagnostics *sink, struct diagnostic diagnostic) {
  for (size_t k = 0; k < sink->n_kept; k++)
    if (same_finding(sink->kept[k], &diagnostic)) {
      sink->overflow = diagnostic; /* a caller may write to what it gets back, but not to the first finding */
      return &sink->overflow;
    }
  if (is_allowed(sink, &diagnostic)) {
    sink->overflow = diagnostic;
    return &sink->overflow;
  }
  sink->n_of[diagnostic.severity]++;
  if (sink->n_kept_of[diagnostic.severity] == MAX_KEPT) {
    sink->overflow = diagnostic;
    return &sink->overflow;
  }
  struct diagnostic *own = floe__arena_alloc(sink->arena, sizeof *own);
  *own = diagnostic;
  size_t at = sink->n_kept++;
  for (; at > 0 && compare_place(sink->kept[at - 1], own) > 0; at--) sink->kept[at] = sink->kept[at - 1];
  sink->kept[at] = own;
  sink->n_kept_of[diagnostic.severity]++;
  return own;
}

void diagnostics_add(struct diagnostics *sink, struct diagnostic diagnostic) {
  store(sink, diagnostic);
}

struct diagnostic *diagnose(struct diagnostics *sink, const char *code, struct span span, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  size_t size = length < 0 ? 1 : (size_t)length + 1;
  char *message = floe__arena_alloc(sink->arena, size);
  if (length >= 0) vsnprintf(message, size, format, again);
  va_end(again);
  const struct code *known = find_code(code);
  enum severity severity = known ? known->severity : code[0] == 'W' ? SEVERITY_WARNING : SEVERITY_ERROR;
  return store(sink, (struct diagnostic){.code = code, .severity = severity, .span = span, .message = message});
}

size_t diagnostics_errors(const struct diagnostics *sink) {
  return sink->n_of[SEVERITY_ERROR];
}
size_t diagnostics_warnings(const struct diagnostics *sink) {
  return sink->n_of[SEVERITY_WARNING];
}
size_t diagnostics_count(const struct diagnostics *sink) {
  return sink->n_kept;
}
const struct diagnostic *diagnostics_at(const struct diagnostics *sink, size_t k) {
  return sink->kept[k];
}

static size_t minimum(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Edit distance with transpositions of neighbours (optimal string alignment). */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m) {
  size_t row[3][MAX_NAME + 1];
  for (size_t j = 0; j <= m; j++) row[0][j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t *now = row[i % 3], *before = row[(i - 1) % 3], *earlier = row[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= m; j++) {
      now[j] = minimum(minimum(before[j], now[j - 1]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = minimum(now[j], earlier[j - 2] + 1);
    }
  }
  return row[n % 3][m];
}

const char *suggest(const char *name, const char *const *candidates, size_t n) {
  size_t length = strlen(name);
  if (length == 0 || length > MAX_NAME) return NULL;
  const char *nearest = NULL;
  size_t best =
      length <= 2 ? 2 : 2 + (length - 1) / 3; /* exclusive: one slip in up to three letters, two in six, ... */
  for (size_t k = 0; k < n; k++) {
    size_t other = strlen(candidates[k]);
    if (other > MAX_NAME || strcmp(candidates[k], name) == 0) continue;
    size_t distance = edit_distance(name, length, candidates[k], other);
    if (distance < best && distance < length) {
      best = distance;
      nearest = candidates[k];
    }
  }
  return nearest;
}
