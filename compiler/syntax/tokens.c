#include "compiler/syntax/tokens.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "compiler/source/diagnostic.h"
#include "compiler/syntax/layout.h"
#include "grammar/parser.h"
#include "grammar/scanner.h"

int scan_next(struct token *token, yyscan_t scanner);

void token_list_push(struct floe__arena *arena, struct growing_tokens *list, struct token token) {
  if (list->n == list->capacity) {
    size_t capacity = list->capacity ? 2 * list->capacity : 256;
    struct token *larger = floe__arena_array(arena, capacity, sizeof *larger);
    if (list->n) memcpy(larger, list->tokens, list->n * sizeof *larger);
    list->tokens = larger;
    list->capacity = capacity;
  }
  list->tokens[list->n++] = token;
}

static bool alone_on_line(const struct source *source, size_t begin) {
  while (begin > 0 && (source->text[begin - 1] == ' ' || source->text[begin - 1] == '\t')) begin--;
  return begin == 0 || source->text[begin - 1] == '\n';
}

/* Words and comments as the scanner cuts them. True if there are too many. */
static bool scan_all(struct floe__arena *arena, const struct source *source, struct growing_tokens *raw,
                     struct comment **comments) {
  struct raw_place place = {source, 0};
  yyscan_t scanner;
  if (scan_lex_init_extra(&place, &scanner) != 0) return true;
  scan__scan_bytes(source->text, (int)source->length, scanner); /* at most 4 MiB: the length fits */
  bool too_many = false;
  for (;;) {
    struct token token = {0};
    token.kind = scan_next(&token, scanner);
    if (token.kind == RAW_COMMENT) {
      struct comment *comment = floe__arena_alloc(arena, sizeof *comment);
      comment->span = token.span;
      if (source->text[comment->span.end - 1] == '\r') comment->span.end--;
      comment->alone = alone_on_line(source, token.span.begin);
      *comments = comment;
      comments = &comment->next;
      continue;
    }
    if (token.kind == RAW_BAD_CHARACTER && raw->n && raw->tokens[raw->n - 1].kind == RAW_BAD_CHARACTER &&
        raw->tokens[raw->n - 1].span.end == token.span.begin) {
      raw->tokens[raw->n - 1].span.end = token.span.end;
      continue;
    }
    too_many = raw->n == TOKENS_MAX && token.kind != TOK_END;
    if (too_many) token.kind = TOK_END;
    token_list_push(arena, raw, token);
    if (token.kind == TOK_END) break;
  }
  scan_lex_destroy(scanner);
  return too_many;
}

/* ---- the values of words ---- */

static const char *text_of(struct floe__arena *arena, struct span span) {
  return floe__arena_copy(arena, span.file->text + span.begin, span.end - span.begin);
}

static void read_number(struct floe__arena *arena, struct diagnostics *sink, struct token *token) {
  char *digits = floe__arena_alloc(arena, token->span.end - token->span.begin + 1);
  size_t n = 0;
  bool nonzero = false, exponent = false;
  token->is_int = true;
  for (size_t k = token->span.begin; k < token->span.end; k++) {
    char c = token->span.file->text[k];
    if (c == '_') continue;
    exponent = exponent || c == 'e' || c == 'E';
    if (exponent || c == '.') token->is_int = false;
    nonzero = nonzero || (!exponent && c >= '1' && c <= '9');
    digits[n++] = c;
  }
  token->number = strtod(digits, NULL);
  if (!isfinite(token->number) || (nonzero && token->number == 0)) {
    diagnose(sink, "E1006", token->span, "the number `%s` is out of the range of double precision", digits)->fix =
        token->number == 0 ? "numbers reach from about 5e-324 to 1.8e308" : "write `inf` for an unbounded end";
    token->number = 1;
  }
  if (token->number >= 9007199254740992.0) token->is_int = false; /* from 2^53 on integers are not exact */
}

static void read_string(struct floe__arena *arena, struct diagnostics *sink, struct token *token) {
  const char *text = token->span.file->text;
  size_t begin = token->span.begin + 1, end = token->span.end - (token->kind == TOK_STRING);
  char *contents = floe__arena_alloc(arena, end - begin + 1);
  size_t n = 0;
  for (size_t k = begin; k < end; k++) {
    if (text[k] == '\\' && k + 1 < end) {
      k++;
      if (text[k] != '"' && text[k] != '\\')
        diagnose(sink, "E1007", (struct span){token->span.file, k - 1, k + 1}, "an unknown escape in a string")->fix =
            "only \\\" and \\\\ exist; write a backslash as \\\\";
    }
    contents[n++] = text[k];
  }
  token->text = contents;
}

static const char *advice_for_character(const char *text) {
  static const struct {
    const char *text, *advice;
  } advice[] = {{";", "a statement ends at its line's end"},
                {"'", "strings stand in double quotes"},
                {"!", "write `not`"},
                {"&", "write `and`"},
                {"&&", "write `and`"},
                {"?", "write `if(condition, a, b)`"},
                {"%", "write `mod(a, b)`"},
                {"$", NULL}};
  for (size_t k = 0; k < sizeof advice / sizeof advice[0]; k++)
    if (strcmp(advice[k].text, text) == 0) return advice[k].advice;
  return (unsigned char)text[0] >= 0x80 ? "names hold the letters a to z, digits and `_`" : NULL;
}

bool token_finish(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink, struct token *token) {
  switch (token->kind) {
    case TOK_NAME:
      token->text = floe__name(names, token->span.file->text + token->span.begin, token->span.end - token->span.begin);
      return true;
    case TOK_RATE: /* without the prime */
      token->text =
          floe__name(names, token->span.file->text + token->span.begin, token->span.end - token->span.begin - 1);
      return true;
    case TOK_NUMBER: read_number(arena, sink, token); return true;
    case TOK_STRING: read_string(arena, sink, token); return true;
    case RAW_OPEN_STRING:
      diagnose(sink, "E1004", token->span, "this string does not end on its line")->fix = "close it with \"";
      read_string(arena, sink, token);
      token->kind = TOK_STRING;
      return true;
    case RAW_BAD_NUMBER: {
      const char *text = text_of(arena, token->span);
      diagnose(sink, "E1005", token->span, "`%.40s` is not a number", text)->fix =
          text[strlen(text) - 1] == '.' ? "a digit follows the point" : "names start with a letter; multiply with `*`";
      token->kind = TOK_NUMBER;
      token->number = 1;
      return true;
    }
    case RAW_BAD_CHARACTER: {
      const char *text = text_of(arena, token->span);
      if (text[0] == '/') {
        const struct span slashes = {token->span.file, token->span.begin, token->span.begin + 2};
        diagnose(sink, "E1001", slashes, "unexpected `%.2s`", text)->fix = "comments begin with `#`";
        return false;
      }
      bool printable = (unsigned char)text[0] > 0x20 && text[0] != 0x7f;
      if (printable)
        diagnose(sink, "E1001", token->span, "unexpected `%.40s`", text)->fix = advice_for_character(text);
      else
        diagnose(sink, "E1001", token->span, "unexpected control character (code %d)", text[0]);
      return false;
    }
    default: return true;
  }
}

struct token_list tokens_read(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                              const struct source *source) {
  struct token_list list = {0};
  struct growing_tokens raw = {0};
  bool too_many = scan_all(arena, source, &raw, &list.comments);
  if (too_many) {
    diagnose(sink, "E9002", raw.tokens[raw.n - 1].span, "the file has more than %zu tokens", TOKENS_MAX);
    list.truncated = true;
  }
  layout_tokens(arena, names, sink, &raw, &list);
  return list;
}

const char *token_words(int kind) {
  return parser_token_words(kind);
}
