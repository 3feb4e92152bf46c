#include "compiler/syntax/doubt.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "compiler/source/diagnostic.h"

static bool is_in_name(char c) {
  return isalnum((unsigned char)c) || c == '_';
}

static bool overlap(struct span a, struct span b) {
  return a.file == b.file && a.begin <= b.end && b.begin <= a.end;
}

/* The outermost statement with the error, and its line; of a module or an override the whole text. */
static struct span broken_around(const struct tree *spec, struct span error) {
  const struct source *file = error.file;
  if (file != spec->source) return (struct span){file, 0, file->length};
  struct span span = error;
  while (span.begin > 0 && file->text[span.begin - 1] != '\n') span.begin--;
  span.end += strcspn(file->text + span.end, "\n");
  for (const struct statement *s = spec->statements; s; s = s->next) {
    if (!overlap(s->span, error)) continue;
    if (s->span.begin < span.begin) span.begin = s->span.begin;
    if (s->span.end > span.end) span.end = s->span.end;
  }
  return span;
}

static bool has_word(struct span text, const char *word, size_t length) {
  const char *begin = text.file->text + text.begin, *end = text.file->text + text.end;
  for (const char *at = begin; at + length <= end; at++) {
    bool starts = at == text.file->text || !is_in_name(at[-1]);
    if (starts && memcmp(at, word, length) == 0 && !is_in_name(at[length])) return true;
  }
  return false;
}

/* Whether the finding is about a name that occurs in the text, or about one that a part may have defined. */
static bool shares_name(struct span text, struct span finding) {
  const char *at = finding.file->text + finding.begin, *end = finding.file->text + finding.end;
  while (at < end) {
    size_t length = 0;
    while (at + length < end && is_in_name(at[length])) length++;
    if (length && !isdigit((unsigned char)*at) && (at[length] == '.' || has_word(text, at, length))) return true;
    at += length + 1;
  }
  return false;
}

struct doubt doubt_of(struct floe__arena *arena, const struct diagnostics *errors, const struct tree *spec) {
  struct doubt doubt = {.broken = floe__arena_array(arena, diagnostics_count(errors) + 1, sizeof *doubt.broken)};
  for (size_t k = 0; k < diagnostics_count(errors); k++) {
    const struct diagnostic *error = diagnostics_at(errors, k);
    doubt.total |= !strncmp(error->code, "E9", 2);
    if (error->span.file) doubt.broken[doubt.n++] = broken_around(spec, error->span);
  }
  return doubt;
}

/* An unknown name may be one that was to be defined, unless it looks like a slip of the finger. What is wrong with a loop may
 * come from what stands before it. */
static bool needs_the_whole(const struct diagnostic *finding) {
  static const char *const unknown[] = {"E2001", "E2002", "E2003", "E2006"};
  for (size_t k = 0; k < sizeof unknown / sizeof *unknown; k++)
    if (!strcmp(finding->code, unknown[k])) return !finding->fix || strncmp(finding->fix, "did you mean", 12) != 0;
  return finding->code[1] != '2';
}

bool doubt_touches(const struct doubt *doubt, const struct diagnostic *finding) {
  if (!strcmp(finding->code, "E2004")) return false; /* nothing that is missing could mend it */
  if (needs_the_whole(finding)) return true;
  for (size_t k = 0; finding->span.file && k < doubt->n; k++)
    if (overlap(doubt->broken[k], finding->span) || shares_name(doubt->broken[k], finding->span)) return true;
  return false;
}
