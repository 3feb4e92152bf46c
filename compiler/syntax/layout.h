/* layout.h: from the scanner's words to the grammar's tokens. Between tokens.c and layout.c only. */
#ifndef FLOE_SYNTAX_LAYOUT_H
#define FLOE_SYNTAX_LAYOUT_H

#include "compiler/syntax/tokens.h"

struct growing_tokens {
  size_t n, capacity;
  struct token *tokens;
};

void token_list_push(struct floe__arena *arena, struct growing_tokens *list, struct token token);

/* Reads a word's value and reports what is wrong with it; false if it is to be dropped. */
bool token_finish(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink, struct token *token);

/* Fills in list->tokens from the raw words, which end with TOK_END. */
void layout_tokens(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                   struct growing_tokens *raw, struct token_list *list);

#endif
