/* The layout pass: where lines end statements, which words are keywords where they stand, what is skipped. */
#include "compiler/syntax/layout.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "compiler/source/diagnostic.h"
#include "grammar/parser.h"

/* What a bracket holds. */
enum role {
  ROLE_STATEMENTS,   /* { } of a function, loop, ...; and the file itself */
  ROLE_BLOCK_CHOICE, /* choose A { label: statements } */
  ROLE_AXIS_OPTIONS, /* axis A { option* : value } */
  ROLE_VALUE_CHOICE, /* choose A { label: value } inside an expression */
  ROLE_ODE,          /* ode s at t[day] { S' = ...  init S = ... } */
  ROLE_PARENTHESES   /* ( ) and [ ] */
};

struct bracket {
  int opener;
  enum role role;
  struct span span;
  int word; /* keyword of the current statement at this level, 0 if none */
};

struct layout {
  struct floe__arena *arena;
  struct floe__names *names;
  struct diagnostics *sink;
  const struct token *raw;
  size_t n_raw;
  struct growing_tokens out;
  struct bracket bracket[TREE_MAX_DEPTH + 1]; /* [0] is the file */
  size_t depth;
  size_t block_choice; /* position in `out` of the last `choose` that starts a statement */
  bool start;          /* the next word starts a statement */
};

/* ---- words ---- */

enum follow { FOLLOW_NAME, FOLLOW_EXPRESSION, FOLLOW_ANY };

static const struct keyword {
  const char *word;
  int kind;
  enum follow follow;
} keywords[] = {{"model", TOK_MODEL, FOLLOW_NAME},
                {"use", TOK_USE, FOLLOW_NAME},
                {"index", TOK_INDEX, FOLLOW_NAME},
                {"data", TOK_DATA, FOLLOW_NAME},
                {"param", TOK_PARAM, FOLLOW_NAME},
                {"latent", TOK_LATENT, FOLLOW_NAME},
                {"obs", TOK_OBS, FOLLOW_NAME},
                {"axis", TOK_AXIS, FOLLOW_NAME},
                {"equiv", TOK_EQUIV, FOLLOW_NAME},
                {"prep", TOK_PREP, FOLLOW_NAME},
                {"fun", TOK_FUN, FOLLOW_NAME},
                {"part", TOK_PART, FOLLOW_NAME},
                {"dist", TOK_DIST, FOLLOW_NAME},
                {"var", TOK_VAR, FOLLOW_NAME},
                {"extern", TOK_EXTERN, FOLLOW_NAME},
                {"claim", TOK_CLAIM, FOLLOW_NAME},
                {"check", TOK_CHECK, FOLLOW_NAME},
                {"network", TOK_NETWORK, FOLLOW_NAME},
                {"ode", TOK_ODE, FOLLOW_NAME},
                {"init", TOK_INIT, FOLLOW_NAME},
                {"hyper", TOK_HYPER, FOLLOW_NAME},
                {"elicit", TOK_ELICIT, FOLLOW_NAME},
                {"sim", TOK_SIM, FOLLOW_NAME},
                {"summary", TOK_SUMMARY, FOLLOW_NAME},
                {"while", TOK_WHILE, FOLLOW_EXPRESSION},
                {"report", TOK_REPORT, FOLLOW_EXPRESSION},
                {"forbid", TOK_FORBID, FOLLOW_EXPRESSION},
                {"require", TOK_REQUIRE, FOLLOW_EXPRESSION},
                {"result", TOK_RESULT, FOLLOW_EXPRESSION}};
enum { N_KEYWORD = sizeof keywords / sizeof keywords[0] };

const char *token_nearest_keyword(const char *word) {
  const char *words[N_KEYWORD + 3] = {"for", "choose", "if"};
  for (size_t k = 0; k < N_KEYWORD; k++) words[k + 3] = keywords[k].word;
  return suggest(word, words, N_KEYWORD + 3);
}

static bool word_is(const struct layout *l, size_t k, const char *word) {
  struct span span = l->raw[k].span;
  size_t n = strlen(word);
  return l->raw[k].kind == TOK_NAME && span.end - span.begin == n && memcmp(span.file->text + span.begin, word, n) == 0;
}

/* The keyword that raw word k is if it starts a statement; NULL where it is a name: `data = 3`. */
static const struct keyword *keyword_at(const struct layout *l, size_t k) {
  if (l->raw[k].kind != TOK_NAME) return NULL;
  int next = l->raw[k + 1].kind;
  if (next == '=' || next == '~' || next == ':' || next == TOK_ASSIGN) return NULL;
  for (size_t j = 0; j < N_KEYWORD; j++) {
    if (!word_is(l, k, keywords[j].word)) continue;
    bool glued = l->raw[k].span.end == l->raw[k + 1].span.begin;
    if (keywords[j].follow == FOLLOW_NAME && (next == '[' || next == '(')) return NULL;
    return next == '[' && glued ? NULL : &keywords[j];
  }
  return NULL;
}

/* ---- output ---- */

static int last_kind(const struct layout *l, size_t back) {
  return l->out.n > back ? l->out.tokens[l->out.n - 1 - back].kind : TOK_NEWLINE;
}

static struct bracket *top(struct layout *l) {
  return &l->bracket[l->depth];
}

static void emit(struct layout *l, struct token token) {
  token_list_push(l->arena, &l->out, token);
}

static void emit_at(struct layout *l, int kind, size_t offset, const struct source *file) {
  emit(l, (struct token){.kind = kind, .span = {file, offset, offset}});
}

static int closer_of(int opener) {
  return opener == '(' ? ')' : opener == '[' ? ']' : '}';
}

/* Closes the innermost bracket, which the text does not close. */
static void close_missing(struct layout *l, struct span before) {
  struct bracket *open = top(l);
  struct diagnostic *found = diagnose(l->sink, "E1011", open->span, "this `%c` is not closed", open->opener);
  found->fix = floe__arena_printf(l->arena, "add `%c`", closer_of(open->opener));
  emit_at(l, closer_of(open->opener), before.begin, before.file);
  l->depth--;
}

/* ---- lines ---- */

/* `*` at a line's end marks an option where options stand: `axis A = a | b*`. */
static bool ends_with_mark(struct layout *l) {
  struct bracket *here = top(l);
  if (here->role != ROLE_AXIS_OPTIONS && here->word != TOK_AXIS && here->word != TOK_EQUIV) return false;
  if (l->out.n < 3) return false;
  bool glued = l->out.tokens[l->out.n - 2].span.end == l->out.tokens[l->out.n - 1].span.begin;
  int before = last_kind(l, 2);
  return glued || before == '|' || before == '=' || before == '{' || before == TOK_NEWLINE;
}

static bool line_may_end(struct layout *l) {
  switch (last_kind(l, 0)) {
    case TOK_NEWLINE:
    case '{':
    case ',':
    case '+':
    case '-':
    case '/':
    case '^':
    case '<':
    case '>':
    case '=':
    case '~':
    case '|':
    case '@':
    case ':':
    case TOK_LE:
    case TOK_GE:
    case TOK_EQ:
    case TOK_NE:
    case TOK_AND:
    case TOK_OR:
    case TOK_NOT:
    case TOK_IN:
    case TOK_ON:
    case TOK_VIA:
    case TOK_WITH:
    case TOK_CENSORED:
    case TOK_BELOW:
    case TOK_ABOVE:
    case TOK_ASSIGN:
    case TOK_ARROW:
    case TOK_IMPLIES: return false;
    case '*': return ends_with_mark(l);
    default: return true;
  }
}

static void end_line(struct layout *l, size_t newline, size_t next) {
  if (!line_may_end(l) || l->raw[next].kind == '}' || l->raw[next].kind == TOK_ELSE || l->raw[next].kind == TOK_END)
    return;
  emit(l, l->raw[newline]);
  top(l)->word = 0;
  l->start = top(l)->role == ROLE_STATEMENTS || top(l)->role == ROLE_BLOCK_CHOICE || top(l)->role == ROLE_ODE;
}

/* A line inside ( ) or [ ] that starts like a statement: the bracket was forgotten. */
static bool starts_statement(const struct layout *l, size_t k) {
  if (l->raw[k].kind == TOK_FOR) return true;
  const struct keyword *keyword = keyword_at(l, k);
  if (!keyword || keyword->follow != FOLLOW_NAME) return false;
  int next = l->raw[k + 1].kind;
  return next == TOK_NAME || next == TOK_STRING;
}

/* ---- parts that are not there ---- */

static const char *name_at(struct layout *l, size_t k) {
  struct span span = l->raw[k].span;
  return floe__name(l->names, span.file->text + span.begin, span.end - span.begin);
}

/* ---- words that are keywords only where they stand ---- */

static bool ends_operand(int kind) {
  return kind == ')' || kind == ']' || kind == TOK_NAME || kind == TOK_STRING || kind == TOK_NUMBER;
}

static bool is_label(struct layout *l, size_t k) {
  int last = last_kind(l, 0);
  return top(l)->role == ROLE_BLOCK_CHOICE && l->raw[k + 1].kind == ':' && last != TOK_DATA && last != TOK_PARAM &&
         last != TOK_LATENT && last != TOK_OBS && last != TOK_HYPER;
}

static int kind_inside_statement(struct layout *l, size_t k) {
  int last = last_kind(l, 0), next = l->raw[k + 1].kind, word = top(l)->word;
  enum role role = top(l)->role;
  bool options = role == ROLE_AXIS_OPTIONS || role == ROLE_VALUE_CHOICE;
  if (word_is(l, k, "index") && next == TOK_NAME && (last == ':' || last == TOK_ON) && !options) return TOK_INDEX;
  if (word_is(l, k, "prob") && last == TOK_WITH) return TOK_PROB;
  if (last == TOK_NAME && last_kind(l, 1) == TOK_ODE && word_is(l, k, "at")) return TOK_AT;
  if (word == TOK_ODE && last == ']' && next == TOK_NAME && word_is(l, k, "at")) return TOK_AT;
  if (last == TOK_EXTERN && word_is(l, k, "fun")) return TOK_FUN;
  if (last == TOK_EXTERN && word_is(l, k, "draw")) return TOK_DRAW;
  if (last == TOK_EXTERN && word_is(l, k, "sim")) return TOK_SIM;
  if ((word == TOK_SIM || word == TOK_EXTERN) && word_is(l, k, "density") && (last == '}' || ends_operand(last)))
    return TOK_DENSITY;
  bool method = last == ')' && (next == '=' || next == '{');
  if ((last == TOK_DENSITY || method) && word_is(l, k, "up_to_constant")) return TOK_UP_TO_CONSTANT;
  if (word == TOK_WHILE && word_is(l, k, "limit") && next == TOK_NUMBER && ends_operand(last)) return TOK_LIMIT;
  if (word == TOK_EXTERN) {
    if (word_is(l, k, "as") && next == TOK_STRING) return TOK_AS;
    if (word_is(l, k, "adjoint") && next == TOK_STRING) return TOK_ADJOINT;
    if (word_is(l, k, "derivative") && ends_operand(last)) return TOK_DERIVATIVE;
  }
  if (word == TOK_OBS && ends_operand(last)) {
    if (word_is(l, k, "censored")) return TOK_CENSORED;
    if (word_is(l, k, "missing")) return TOK_MISSING;
    if (word_is(l, k, "below")) return TOK_BELOW;
    if (word_is(l, k, "above")) return TOK_ABOVE;
  }
  if (word == TOK_DATA) {
    if (word_is(l, k, "missing") && ends_operand(last)) return TOK_MISSING;
    if (word_is(l, k, "as") && last == TOK_MISSING) return TOK_AS;
    if (word_is(l, k, "latent") && last == TOK_AS) return TOK_LATENT;
  }
  if (last == TOK_CENSORED && word_is(l, k, "below")) return TOK_BELOW;
  if (last == TOK_CENSORED && word_is(l, k, "above")) return TOK_ABOVE;
  if ((word == TOK_AXIS || word == TOK_EQUIV) && word_is(l, k, "log") && last == TOK_IN &&
      (next == TOK_NUMBER || next == '-'))
    return TOK_LOG;
  if (word == TOK_INDEX && word_is(l, k, "ordered") && last != TOK_INDEX && last != '=' && last != TOK_IN &&
      (next == TOK_NEWLINE || next == TOK_END || next == '}'))
    return TOK_ORDERED;
  return TOK_NAME;
}

static int classify(struct layout *l, size_t k) {
  int kind = l->raw[k].kind;
  if ((kind == TOK_NAME || kind == TOK_ELSE) && is_label(l, k)) return TOK_LABEL;
  if (l->start) {
    const struct keyword *keyword = keyword_at(l, k);
    if (keyword) return keyword->kind;
  }
  if (kind == TOK_ON && last_kind(l, 0) == '=') return TOK_NAME; /* a setting: `consistency = on` */
  return kind == TOK_NAME ? kind_inside_statement(l, k) : kind;
}

/* ---- brackets ---- */

static bool open_bracket(struct layout *l, struct token token) {
  if (l->depth == TREE_MAX_DEPTH) {
    diagnose(l->sink, "E9001", token.span, "brackets are nested more than %d deep", TREE_MAX_DEPTH);
    return false;
  }
  enum role role = ROLE_PARENTHESES;
  if (token.kind == '{') {
    bool choice = last_kind(l, 0) == TOK_NAME && last_kind(l, 1) == TOK_CHOOSE;
    bool block = choice && l->block_choice == l->out.n - 2;
    bool axis = !choice && (top(l)->word == TOK_AXIS || top(l)->word == TOK_EQUIV);
    bool ode = !choice && top(l)->word == TOK_ODE;
    role = block    ? ROLE_BLOCK_CHOICE
           : choice ? ROLE_VALUE_CHOICE
           : axis   ? ROLE_AXIS_OPTIONS
           : ode    ? ROLE_ODE
                    : ROLE_STATEMENTS;
  }
  emit(l, token);
  l->bracket[++l->depth] = (struct bracket){.opener = token.kind, .role = role, .span = token.span};
  l->start = role == ROLE_STATEMENTS || role == ROLE_ODE;
  return true;
}

static void close_bracket(struct layout *l, struct token token) {
  size_t match = l->depth;
  while (match > 0 && closer_of(l->bracket[match].opener) != token.kind) match--;
  bool across_block = false; /* a `)` does not close what lies outside the block it stands in */
  for (size_t k = match + 1; k <= l->depth; k++) across_block = across_block || l->bracket[k].opener == '{';
  bool mistaken = (match == 0 || across_block) && top(l)->role == ROLE_PARENTHESES && token.kind != '}';
  if (mistaken) {
    int meant = closer_of(top(l)->opener);
    struct diagnostic *found =
        diagnose(l->sink, "E1012", token.span, "`%c` does not close `%c`", token.kind, top(l)->opener);
    found->fix = floe__arena_printf(l->arena, "write `%c`", meant);
    found->related = top(l)->span;
    found->related_message = "opened here";
    token.kind = meant;
    match = l->depth;
  } else if (match == 0 || across_block) {
    diagnose(l->sink, "E1012", token.span, "this `%c` closes nothing", token.kind)->fix = "remove it";
    return;
  }
  while (l->depth > match) close_missing(l, token.span);
  emit(l, token);
  l->depth--;
  l->start = false;
}

/* In an `ode` items may follow one another on a line: what starts one ends the one before. */
static bool starts_item(struct layout *l, size_t k) {
  if (top(l)->role != ROLE_ODE || l->start || last_kind(l, 0) == TOK_INIT || !line_may_end(l)) return false;
  if (word_is(l, k, "init")) k++;
  return l->raw[k].kind == TOK_RATE || (l->raw[k].kind == TOK_NAME && l->raw[k + 1].kind == '=');
}

/* ---- the pass ---- */

static bool place_word(struct layout *l, size_t k) {
  struct token token = l->raw[k];
  bool starts = l->start;
  token.kind = classify(l, k);
  l->start = false;
  if (starts && token.kind != TOK_LABEL) top(l)->word = token.kind;
  if (token.kind == ';' && l->bracket[0].word != TOK_ELICIT) token.kind = RAW_BAD_CHARACTER;
  if (token.kind == '(' || token.kind == '[' || token.kind == '{') return open_bracket(l, token);
  if (token.kind == ')' || token.kind == ']' || token.kind == '}') {
    close_bracket(l, token);
    return true;
  }
  if (token.kind == TOK_LABEL || (token.kind == TOK_NAME && l->raw[k].kind == TOK_ON))
    token.text = name_at(l, k);
  else if (!token_finish(l->arena, l->names, l->sink, &token)) {
    l->start = starts;
    return true;
  }
  if (token.kind == ':' && last_kind(l, 0) == TOK_LABEL) l->start = true;
  if (token.kind == TOK_CHOOSE && starts) l->block_choice = l->out.n;
  emit(l, token);
  return true;
}

/* Places all words; false if a limit was reached. */
static bool place_all(struct layout *l) {
  size_t newline = 0;
  bool pending = false;
  for (size_t k = 0; l->raw[k].kind != TOK_END;) {
    if (l->raw[k].kind == TOK_NEWLINE) {
      while (top(l)->role == ROLE_PARENTHESES && starts_statement(l, k + 1)) close_missing(l, l->raw[k].span);
      if (!pending) newline = k;
      pending = top(l)->role != ROLE_PARENTHESES;
      k++;
      continue;
    }
    if (pending) end_line(l, newline, k);
    pending = false;
    if (starts_item(l, k)) {
      emit_at(l, TOK_NEWLINE, l->raw[k].span.begin, l->raw[k].span.file);
      top(l)->word = 0;
      l->start = true;
    }
    if (!place_word(l, k++)) return false;
  }
  return true;
}

void layout_tokens(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                   struct growing_tokens *raw, struct token_list *list) {
  struct layout *l = floe__arena_alloc(arena, sizeof *l);
  *l =
      (struct layout){.arena = arena, .names = names, .sink = sink, .raw = raw->tokens, .n_raw = raw->n, .start = true};
  l->block_choice = (size_t)-1;
  struct token end = raw->tokens[raw->n - 1];
  if (!place_all(l)) {
    list->truncated = true;
    while (l->depth > 0) emit_at(l, closer_of(l->bracket[l->depth--].opener), end.span.begin, end.span.file);
  }
  while (l->depth > 0) close_missing(l, end.span);
  emit(l, end);
  list->n = l->out.n;
  list->tokens = l->out.tokens;
}
