/* source.h: the text of one file, and places in it. */
#ifndef FLOE_SOURCE_SOURCE_H
#define FLOE_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

struct floe__arena;

struct source {
  const char *path;   /* as the user named it */
  const char *text;   /* NUL-terminated; holds no other NUL */
  size_t length;      /* bytes */
  size_t n_line;
  const size_t *line; /* (n_line) byte offset of the start of each line */
};

/* Half-open range of bytes of one file. A span with file == NULL has no place (made by the compiler). */
struct span {
  const struct source *file;
  size_t begin, end;
};

enum source_problem { SOURCE_OK, SOURCE_UNREADABLE, SOURCE_TOO_LARGE, SOURCE_HAS_NUL, SOURCE_NOT_UTF8 };

#define SOURCE_MAX_BYTES ((size_t)4 << 20)

/* Reads a file; NULL with *problem set where that fails (errno tells why it was unreadable). */
const struct source *source_read(struct floe__arena *arena, const char *path, enum source_problem *problem);
const struct source *source_from_text(struct floe__arena *arena, const char *path, const char *text, size_t length,
                                      enum source_problem *problem);

/* The problem in words, with its code from diagnostic_codes.h: "E1003: the file is not valid UTF-8". */
const char *source_problem_text(enum source_problem problem);

/* 1-based line and column (in characters, not bytes) of a byte offset. */
void source_position(const struct source *file, size_t offset, size_t *line, size_t *column);

static inline struct span span_join(struct span first, struct span last) {
  struct span whole = {first.file ? first.file : last.file, first.file ? first.begin : last.begin, last.file ? last.end : first.end};
  return whole;
}

#endif
