/* How diagnostics are shown: the caret display and JSON. */
#include <jansson.h>
#include <string.h>

#include "base/text.h"
#include "compiler/source/diagnostic.h"

#define WINDOW 160 /* bytes of a very long line that are shown */

static const char *const severity_words[] = {"error", "warning", "note"};
static const char *const severity_colours[] = {"\033[1;31m", "\033[1;35m", "\033[1;36m"};

static const char *paint(bool colour, const char *sequence) {
  return colour ? sequence : "";
}

static bool continuation(char c) {
  return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t characters(const char *text, size_t begin, size_t end) {
  size_t n = 0;
  for (size_t k = begin; k < end; k++) n += !continuation(text[k]);
  return n;
}

/* Control characters of the source never reach the terminal. */
static void put_source(struct floe__text *out, const char *text, size_t begin, size_t end) {
  for (size_t k = begin; k < end; k++) {
    char c = (unsigned char)text[k] < 0x20 || text[k] == 0x7f ? ' ' : text[k];
    floe__text_append(out, &c, 1);
  }
}

static void put_place(struct floe__text *out, struct span span) {
  if (!span.file) return;
  size_t line, column;
  source_position(span.file, span.begin, &line, &column);
  floe__text_printf(out, "%s:%zu:%zu: ", span.file->path, line, column);
}

/* The source line with a caret under the span's first line. */
static void put_caret(struct floe__text *out, struct span span, const char *beside, const char *tint,
                      const char *plain) {
  const struct source *file = span.file;
  size_t line, column;
  source_position(file, span.begin, &line, &column);
  size_t begin = file->line[line - 1];
  size_t end = line < file->n_line ? file->line[line] - 1 : file->length;
  if (end > begin && file->text[end - 1] == '\r') end--;
  size_t from = span.begin < begin ? begin : span.begin > end ? end : span.begin;
  size_t to = span.end > end ? end : span.end < from ? from : span.end;
  if (end - begin > WINDOW) {
    if (from - begin > WINDOW / 2) begin = from - WINDOW / 2;
    while (continuation(file->text[begin])) begin++;
    if (end - begin > WINDOW) end = begin + WINDOW;
    while (end < file->length && continuation(file->text[end])) end++;
    if (to > end) to = end;
  }
  floe__text_printf(out, "%5zu | ", line);
  put_source(out, file->text, begin, end);
  floe__text_printf(out, "\n      | ");
  for (size_t k = characters(file->text, begin, from); k > 0; k--) floe__text_puts(out, " ");
  floe__text_printf(out, "%s^", tint);
  for (size_t k = characters(file->text, from, to); k > 1; k--) floe__text_puts(out, "~");
  floe__text_puts(out, plain);
  if (beside) floe__text_printf(out, " %s", beside);
  floe__text_puts(out, "\n");
}

static void print_one(const struct diagnostic *diagnostic, bool colour, struct floe__text *out) {
  const char *tint = paint(colour, severity_colours[diagnostic->severity]);
  const char *plain = paint(colour, "\033[0m");
  put_place(out, diagnostic->span);
  floe__text_printf(out, "%s%s %s%s: %s\n", tint, severity_words[diagnostic->severity], diagnostic->code, plain,
                    diagnostic->message);
  if (diagnostic->span.file)
    put_caret(out, diagnostic->span, diagnostic->fix, tint, plain);
  else if (diagnostic->fix)
    floe__text_printf(out, "      = %s\n", diagnostic->fix);
  if (diagnostic->universes && diagnostic->universes[0])
    floe__text_printf(out, "      = in the universes %s\n", diagnostic->universes);
  if (diagnostic->related.file && diagnostic->related_message) {
    put_place(out, diagnostic->related);
    floe__text_printf(out, "note: %s\n", diagnostic->related_message);
    put_caret(out, diagnostic->related, NULL, paint(colour, severity_colours[SEVERITY_NOTE]), plain);
  }
}

void diagnostics_print(const struct diagnostics *sink, bool colour, struct floe__text *out) {
  size_t shown = 0;
  for (size_t k = 0; k < diagnostics_count(sink); k++) {
    const struct diagnostic *diagnostic = diagnostics_at(sink, k);
    print_one(diagnostic, colour, out);
    shown += diagnostic->severity != SEVERITY_NOTE;
  }
  size_t all = diagnostics_errors(sink) + diagnostics_warnings(sink);
  if (all > shown) floe__text_printf(out, "... and %zu more\n", all - shown);
}

static json_t *place_json(struct span span) {
  if (!span.file) return json_null();
  size_t line, column, end_line, end_column;
  source_position(span.file, span.begin, &line, &column);
  source_position(span.file, span.end, &end_line, &end_column);
  return json_pack("{s:s, s:I, s:I, s:I, s:I}", "file", span.file->path, "line", (json_int_t)line, "column",
                   (json_int_t)column, "end_line", (json_int_t)end_line, "end_column", (json_int_t)end_column);
}

json_t *diagnostics_json(const struct diagnostics *sink) {
  json_t *array = json_array();
  for (size_t k = 0; k < diagnostics_count(sink); k++) {
    const struct diagnostic *diagnostic = diagnostics_at(sink, k);
    json_t *object =
        json_pack("{s:s, s:s, s:o, s:s?, s:s?}", "code", diagnostic->code, "message", diagnostic->message, "where",
                  place_json(diagnostic->span), "universes", diagnostic->universes, "fix", diagnostic->fix);
    if (json_array_append_new(array, object) != 0) break;
  }
  return array;
}
