#include "compiler/source/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

/* Bytes of the UTF-8 sequence at p, or 0 where it is malformed, overlong, a surrogate or beyond U+10FFFF. The text is
 * NUL-terminated, so looking at a continuation byte never reads past its end. */
static size_t utf8_length(const unsigned char *p) {
  if (p[0] < 0x80) return 1;
  if (p[0] < 0xc2 || p[0] > 0xf4) return 0;
  size_t n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
  for (size_t k = 1; k < n; k++)
    if ((p[k] & 0xc0) != 0x80) return 0;
  if (p[0] == 0xe0 && p[1] < 0xa0) return 0;
  if (p[0] == 0xed && p[1] > 0x9f) return 0;
  if (p[0] == 0xf0 && p[1] < 0x90) return 0;
  if (p[0] == 0xf4 && p[1] > 0x8f) return 0;
  return n;
}

static enum source_problem inspect(const char *text, size_t length) {
  if (length > SOURCE_MAX_BYTES) return SOURCE_TOO_LARGE;
  if (memchr(text, '\0', length)) return SOURCE_HAS_NUL;
  for (size_t k = 0; k < length;) {
    size_t n = utf8_length((const unsigned char *)text + k);
    if (n == 0) return SOURCE_NOT_UTF8;
    k += n;
  }
  return SOURCE_OK;
}

static void find_lines(struct floe__arena *arena, struct source *source) {
  size_t n_line = 1;
  for (size_t k = 0; k < source->length; k++) n_line += source->text[k] == '\n';
  size_t *line = floe__arena_array(arena, n_line, sizeof *line);
  size_t at = 1;
  for (size_t k = 0; k < source->length; k++)
    if (source->text[k] == '\n') line[at++] = k + 1;
  source->line = line;
  source->n_line = n_line;
}

const struct source *source_from_text(struct floe__arena *arena, const char *path, const char *text, size_t length,
                                      enum source_problem *problem) {
  *problem = length > SOURCE_MAX_BYTES ? SOURCE_TOO_LARGE : SOURCE_OK;
  if (*problem != SOURCE_OK) return NULL;
  struct source *source = floe__arena_alloc(arena, sizeof *source);
  source->path = floe__arena_copy(arena, path, strlen(path));
  source->text = floe__arena_copy(arena, text, length);
  source->length = length;
  *problem = inspect(source->text, length);
  if (*problem != SOURCE_OK) return NULL;
  find_lines(arena, source);
  return source;
}

/* All of a stream, up to one byte beyond the limit; NULL where reading fails. Pipes have no size to ask for. */
static char *read_stream(struct floe__arena *arena, FILE *stream, size_t *length) {
  size_t capacity = 16384;
  char *text = floe__arena_alloc(arena, capacity);
  *length = 0;
  for (;;) {
    *length += fread(text + *length, 1, capacity - *length, stream);
    if (ferror(stream)) return NULL;
    if (*length < capacity || *length > SOURCE_MAX_BYTES) return text;
    char *larger = floe__arena_alloc(arena, 4 * capacity);
    memcpy(larger, text, *length);
    text = larger;
    capacity *= 4;
  }
}

const struct source *source_read(struct floe__arena *arena, const char *path, enum source_problem *problem) {
  *problem = SOURCE_UNREADABLE;
  FILE *stream = fopen(path, "rb");
  if (!stream) return NULL;
  size_t length;
  char *text = read_stream(arena, stream, &length);
  int reason = errno;
  fclose(stream);
  errno = reason;
  return text ? source_from_text(arena, path, text, length, problem) : NULL;
}

const char *source_problem_text(enum source_problem problem) {
  switch (problem) {
    case SOURCE_OK: return "the file is fine";
    case SOURCE_UNREADABLE: return "the file cannot be read";
    case SOURCE_TOO_LARGE: return "E9003: the file is larger than 4 MiB";
    case SOURCE_HAS_NUL: return "E1002: the file holds a NUL byte, so it is not a text";
    case SOURCE_NOT_UTF8: return "E1003: the file is not valid UTF-8";
  }
  return "";
}

void source_position(const struct source *file, size_t offset, size_t *line, size_t *column) {
  if (offset > file->length) offset = file->length;
  size_t low = 0, high = file->n_line; /* line[low] <= offset < line[high] */
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (file->line[middle] <= offset)
      low = middle;
    else
      high = middle;
  }
  *line = low + 1;
  *column = 1;
  for (size_t k = file->line[low]; k < offset; k++) *column += ((unsigned char)file->text[k] & 0xc0) != 0x80;
}
