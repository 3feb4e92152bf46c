#include "compiler/driver/difference.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

#define CONTEXT 3
#define MAX_CELLS ((size_t)16 << 20)

struct lines {
  size_t n;
  const char **line; /* (n) */
  size_t *length;    /* (n) */
};

struct edit {
  char mark; /* ' ', '-' or '+' */
  size_t old, new; /* lines before it */
};

static struct lines lines_of(struct floe__arena *arena, const char *text) {
  struct lines lines = {0};
  for (const char *c = text; *c; c++) lines.n += *c == '\n';
  lines.line = floe__arena_array(arena, lines.n + 1, sizeof *lines.line);
  lines.length = floe__arena_array(arena, lines.n + 1, sizeof *lines.length);
  for (size_t k = 0; k < lines.n; k++, text += lines.length[k - 1] + 1) {
    lines.line[k] = text;
    lines.length[k] = strcspn(text, "\n");
  }
  return lines;
}

static bool same(const struct lines *a, size_t i, const struct lines *b, size_t j) {
  return a->length[i] == b->length[j] && !memcmp(a->line[i], b->line[j], a->length[i]);
}

/* (n + 1, m + 1) lengths of the longest common subsequences of what is left; NULL: too many. */
static uint32_t *common(struct floe__arena *arena, const struct lines *a, const struct lines *b, size_t from, size_t n,
                        size_t m) {
  if ((n + 1) > MAX_CELLS / (m + 1)) return NULL;
  uint32_t *length = floe__arena_array(arena, (n + 1) * (m + 1), sizeof *length);
  for (size_t i = n; i-- > 0;)
    for (size_t j = m; j-- > 0;) {
      uint32_t down = length[(i + 1) * (m + 1) + j], right = length[i * (m + 1) + j + 1];
      length[i * (m + 1) + j] =
          same(a, from + i, b, from + j) ? 1 + length[(i + 1) * (m + 1) + j + 1] : down > right ? down : right;
    }
  return length;
}

static size_t edits_of(struct floe__arena *arena, const struct lines *a, const struct lines *b, struct edit *edits) {
  size_t head = 0, tail = 0, n_edit = 0, i = 0, j = 0;
  while (head < a->n && head < b->n && same(a, head, b, head)) head++;
  while (tail < a->n - head && tail < b->n - head && same(a, a->n - 1 - tail, b, b->n - 1 - tail)) tail++;
  size_t n = a->n - head - tail, m = b->n - head - tail;
  const uint32_t *length = common(arena, a, b, head, n, m);
  for (size_t k = 0; k < head; k++) edits[n_edit++] = (struct edit){' ', k, k};
  while (i < n || j < m) {
    bool both = i < n && j < m;
    bool equal = both && length && same(a, head + i, b, head + j);
    bool removes = !both ? i < n : !length || length[(i + 1) * (m + 1) + j] >= length[i * (m + 1) + j + 1];
    edits[n_edit++] = (struct edit){equal ? ' ' : removes ? '-' : '+', head + i, head + j};
    i += equal || removes;
    j += equal || !removes;
  }
  for (size_t k = 0; k < tail; k++) edits[n_edit++] = (struct edit){' ', head + n + k, head + m + k};
  return n_edit;
}

/* From edit `first` on: the end of the hunk, behind the context of its last change. */
static size_t end_of_hunk(const struct edit *edits, size_t n, size_t first) {
  size_t last = first;
  for (size_t k = first; k < n && k <= last + 2 * CONTEXT; k++)
    if (edits[k].mark != ' ') last = k;
  return last + 1 + CONTEXT < n ? last + 1 + CONTEXT : n;
}

static void print_hunk(const struct lines *a, const struct lines *b, const struct edit *edits, size_t first, size_t end,
                       struct floe__text *out) {
  size_t n_old = 0, n_new = 0;
  for (size_t k = first; k < end; k++) {
    n_old += edits[k].mark != '+';
    n_new += edits[k].mark != '-';
  }
  floe__text_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", edits[first].old + (n_old > 0), n_old, edits[first].new + (n_new > 0),
                    n_new);
  for (size_t k = first; k < end; k++) {
    bool new = edits[k].mark == '+';
    const struct lines *from = new ? b : a;
    size_t line = new ? edits[k].new : edits[k].old;
    floe__text_printf(out, "%c", edits[k].mark);
    floe__text_append(out, from->line[line], from->length[line]);
    floe__text_puts(out, "\n");
  }
}

void difference_print(struct floe__arena *arena, const char *old_name, const char *old_text, const char *new_name,
                      const char *new_text, struct floe__text *out) {
  struct lines a = lines_of(arena, old_text), b = lines_of(arena, new_text);
  struct edit *edits = floe__arena_array(arena, a.n + b.n + 1, sizeof *edits);
  size_t n = edits_of(arena, &a, &b, edits);
  bool headed = false;
  for (size_t k = 0; k < n; k++) {
    if (edits[k].mark == ' ') continue;
    if (!headed) floe__text_printf(out, "--- %s\n+++ %s\n", old_name, new_name);
    headed = true;
    size_t first = k > CONTEXT ? k - CONTEXT : 0, end = end_of_hunk(edits, n, k);
    print_hunk(&a, &b, edits, first, end, out);
    k = end - 1;
  }
}
