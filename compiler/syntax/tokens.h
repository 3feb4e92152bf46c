/* tokens.h: text -> tokens. The scanner (grammar/scan.l) cuts the text into words; the layout pass (tokens.c) decides
 * where a line's end ends a statement, which words are keywords where they stand, and what is skipped.
 * Kinds are those of the grammar (TOK_... and characters). */
#ifndef FLOE_SYNTAX_TOKENS_H
#define FLOE_SYNTAX_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler/source/source.h"
#include "compiler/syntax/tree.h"

struct diagnostics;
struct floe__names;

#define TOKENS_MAX ((size_t)1000000) /* more are an error (E9002) */

/* What the scanner could not make sense of; never in a token_list. */
enum raw_problem {
  RAW_BAD_CHARACTER = -1,
  RAW_BAD_NUMBER = -2,
  RAW_OPEN_STRING = -3,
  RAW_COMMENT = -5
};

struct token {
  int kind;
  struct span span;
  const char *text; /* names: interned; strings: their contents */
  double number;
  bool is_int;
};

struct token_list {
  size_t n;
  struct token *tokens; /* (n); the last one is the end of the file */
  struct comment *comments;
  bool truncated; /* a limit was reached, and reported: what follows from the missing rest is not an error */
};

struct token_list tokens_read(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                              const struct source *source);

/* As users know it: "`+`", "a name", "the end of the line". */
const char *token_words(int kind);

/* The statement keyword nearest to a misspelt word, or NULL. */
const char *token_nearest_keyword(const char *word);

#endif
