#include "compiler/syntax/parse.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "compiler/source/diagnostic.h"
#include "compiler/syntax/build.h"
#include "grammar/parser.h"

/* ---- tokens for the parser ---- */

/* Moves behind the `}` that closes the `{` before p->at. */
static void skip_block(struct parser *p) {
  for (size_t depth = 1; depth > 0 && p->tokens[p->at].kind != TOK_END; p->at++) {
    depth += p->tokens[p->at].kind == '{';
    depth -= p->tokens[p->at].kind == '}';
  }
}

/* Behind a syntax error whole blocks are passed over: their lines would be read as if they stood outside. */
const struct token *build_next_token(struct parser *p) {
  while (p->recovering && p->tokens[p->at].kind == '{') {
    p->at++;
    skip_block(p);
  }
  const struct token *token = &p->tokens[p->at];
  if (token->kind == TOK_NEWLINE || token->kind == '}') p->recovering = false;
  if (token->kind != TOK_END) p->at++;
  return token;
}

/* ---- syntax errors ---- */

static const struct token *token_before(const struct parser *p, const struct token *token) {
  return token > p->tokens ? token - 1 : NULL;
}

/* The first token of the statement in which `token` stands. */
static const struct token *statement_start(const struct parser *p, const struct token *token) {
  for (const struct token *before; (before = token_before(p, token)); token = before)
    if (before->kind == TOK_NEWLINE || before->kind == '{' || before->kind == '}') break;
  return token;
}

static bool compares(const struct parser *p, const struct token *token) {
  const struct token *start = statement_start(p, token);
  switch (start->kind) {
    case TOK_IF:
    case TOK_CLAIM:
    case TOK_CHECK:
    case TOK_REPORT:
    case TOK_RESULT: return true;
    case TOK_NAME:
      for (const struct token *t = start; t < token; t++)
        if (t->kind == '=' || t->kind == '~') return true;
      return false;
    default: return false;
  }
}

/* "`sgma`", "the end of the line" */
static const char *seen(struct parser *p, const struct token *token) {
  switch (token->kind) {
    case TOK_NAME:
    case TOK_NUMBER:
    case TOK_LABEL: {
      size_t length = token->span.end - token->span.begin;
      return floe__arena_printf(p->arena, "`%.*s`", (int)(length < 60 ? length : 60),
                                p->source->text + token->span.begin);
    }
    default: {
      const char *words = token_words(token->kind);
      return strncmp(words, "the ", 4) == 0 ? words + 4 : words;
    }
  }
}

static const char *expectation(struct parser *p, size_t n, const char *const *words) {
  const char *kept_words[16];
  size_t n_kept = 0;
  bool line_may_end = false; /* then so may the file: one of the two is enough */
  for (size_t k = 0; k < n; k++) line_may_end = line_may_end || words[k] == token_words(TOK_NEWLINE);
  for (size_t k = 0; k < n && n_kept < 16; k++)
    if (!line_may_end || words[k] != token_words(TOK_END)) kept_words[n_kept++] = words[k];
  if (n_kept == 0) return "";
  struct floe__text text = {0};
  for (size_t k = 0; k < n_kept; k++)
    floe__text_printf(&text, "%s%s", k == 0 ? "; expected " : k + 1 < n_kept ? ", " : " or ", kept_words[k]);
  const char *kept = text.failed ? "" : floe__arena_copy(p->arena, text.data, text.length);
  floe__text_free(&text);
  return kept;
}

/* `parm mu ~ ...`: two names in a row, the first of them nearly a keyword. True if that was it. */
static bool misspelt_keyword(struct parser *p, const struct token *token) {
  if (token->kind != TOK_NAME && token->kind != TOK_STRING && token->kind != '{') return false;
  const struct token *word = token_before(p, token);
  if (!word || word->kind != TOK_NAME || statement_start(p, word) != word) return false;
  const char *near = token_nearest_keyword(word->text);
  if (!near) return false;
  diagnose(p->sink, "E1010", word->span, "unexpected `%.60s` at the start of a statement", word->text)->fix =
      floe__arena_printf(p->arena, "did you mean `%s`?", near);
  return true;
}

/* A keyword that stands where a name would. */
static bool is_for_a_name(const struct token *token) {
  static const char behind_names[] = "=[)],~+-*/^:|@}";
  const char *words = token_words(token->kind); /* of keywords: `with` */
  const bool keyword = words[0] == '`' && words[1] >= 'a' && words[1] <= 'z';
  if (keyword && token[1].kind == TOK_NEWLINE) return true;
  return keyword && token[1].kind > 0 && token[1].kind < 128 && strchr(behind_names, (char)token[1].kind);
}

/* What those write who come from other languages. */
static const char *advice(const struct parser *p, const struct token *token) {
  const struct token *before = token_before(p, token), *start = statement_start(p, token);
  if (before && before->kind == TOK_IF) return "a value that depends on a condition is if(condition, one, another)";
  if (token[1].kind == '=' && strchr("+-*/", token->kind) && before == start && start->kind == TOK_NAME)
    return strcmp(start->text, "target") == 0
               ? "what adds to a density is a distribution: `y ~ normal(mu, sigma)`, or a `dist` with a `logpdf` of its own"
               : floe__arena_printf(p->arena, "write `%s := %s %c ...`, of a `var` in a function", start->text,
                                    start->text, token->kind);
  if (before && before->kind == TOK_NAME && strcmp(before->text, "return") == 0)
    return "write `result` for what a function gives";
  if (start->kind == TOK_FOR && token->kind == TOK_NUMBER && before && before->kind == TOK_IN)
    return "a loop runs over an index, `for i in k`, or over a part of it, `for i in k[2..]`";
  if (start->kind != TOK_FOR && token->kind == TOK_IN && before && before->kind == TOK_NAME)
    return "a type stands behind a colon, for example `: in 0..1`";
  if (token->kind == '<' && token[1].kind == '-' && token->span.end == token[1].span.begin)
    return "write `=` to define";
  if (token->kind == '*' && before && before->kind == '*') return "write `^` for powers";
  if (token->kind == '=' && (start->kind == TOK_DATA || start->kind == TOK_PARAM || start->kind == TOK_LATENT))
    return floe__arena_printf(p->arena, "what is computed, or constant, is defined by its name alone: `%s = ...`",
                              start[1].text);
  if (is_for_a_name(token) || (token->kind == TOK_ON && before && before->kind == '|'))
    return floe__arena_printf(p->arena, "%s is a word of the language: take another name", token_words(token->kind));
  return NULL;
}

/* Whether the statement already has an error from which this one may follow: a character that was left out, a bracket
 * that was put in. */
static bool follows_from_another(const struct parser *p, const struct token *token) {
  static const char *const causes[] = {"E1001", "E1011", "E1012"};
  size_t begin = statement_start(p, token)->span.begin;
  for (size_t k = 0; k < diagnostics_count(p->sink); k++) {
    const struct diagnostic *found = diagnostics_at(p->sink, k);
    if (found->span.file != p->source || found->span.begin < begin || found->span.begin > token->span.begin) continue;
    for (size_t j = 0; j < sizeof causes / sizeof causes[0]; j++)
      if (strcmp(found->code, causes[j]) == 0) return true;
  }
  return false;
}

/* Where an unexpected token is shown: the end of a line or of the file right behind the last word. */
static struct span shown_at(const struct parser *p, const struct token *token) {
  const struct token *before = token_before(p, token);
  if (token->kind == TOK_NEWLINE) return (struct span){token->span.file, token->span.begin, token->span.begin};
  if (token->kind == TOK_END && before) {
    size_t end = before->kind == TOK_NEWLINE ? before->span.begin : before->span.end;
    return (struct span){token->span.file, end, end};
  }
  return token->span;
}

void build_syntax_error(struct parser *p, size_t n_expected, const char *const *expected) {
  const struct token *token = &p->tokens[p->at];
  if (token->kind != TOK_END || (p->at > 0 && p->at == p->n_token)) token--;
  p->recovering = token->kind != TOK_NEWLINE && token->kind != '}';
  if (token->kind == '{') skip_block(p);
  if (p->quiet || follows_from_another(p, token) || misspelt_keyword(p, token)) return;
  if (token->kind == '=' && compares(p, token)) {
    diagnose(p->sink, "E1014", token->span, "unexpected `=`")->fix = "write `==` to compare two values";
    return;
  }
  diagnose(p->sink, "E1010", shown_at(p, token), "unexpected %s%s", seen(p, token),
           expectation(p, n_expected, expected))
      ->fix = advice(p, token);
}

/* ---- where statements may stand ---- */

enum place {
  PLACE_FILE = 1,
  PLACE_OPTION = 2,
  PLACE_LOOP = 4,
  PLACE_FUNCTION = 8,
  PLACE_ODE = 16,
  PLACE_PART = 32,
  PLACE_PART_OPTION = 64,
  PLACE_SIM = 128
};

static unsigned places_of(enum statement_kind kind) {
  switch (kind) {
    case STATEMENT_MODEL:
    case STATEMENT_USE:
    case STATEMENT_PART:
    case STATEMENT_INDEX:
    case STATEMENT_FUN:
    case STATEMENT_DIST:
    case STATEMENT_SIM:
    case STATEMENT_EXTERN:
    case STATEMENT_NETWORK:
    case STATEMENT_HYPER:
    case STATEMENT_ELICIT:
    case STATEMENT_FORBID:
    case STATEMENT_REQUIRE:
    case STATEMENT_PREP:
    case STATEMENT_SUMMARY:
    case STATEMENT_REPORT:
    case STATEMENT_CLAIM:
    case STATEMENT_CHECK: return PLACE_FILE;
    case STATEMENT_DATA:
    case STATEMENT_OBS: return PLACE_FILE | PLACE_OPTION;
    case STATEMENT_PARAM:
    case STATEMENT_LATENT:
    case STATEMENT_AXIS: return PLACE_FILE | PLACE_OPTION | PLACE_PART | PLACE_PART_OPTION;
    case STATEMENT_ODE: return PLACE_FILE | PLACE_OPTION;
    case STATEMENT_RATE:
    case STATEMENT_INIT: return PLACE_ODE;
    case STATEMENT_SAMPLE: return PLACE_FILE | PLACE_OPTION | PLACE_LOOP | PLACE_SIM;
    case STATEMENT_CHOOSE: return PLACE_FILE | PLACE_OPTION | PLACE_LOOP | PLACE_PART | PLACE_PART_OPTION;
    case STATEMENT_DEFINE:
      return PLACE_FILE | PLACE_OPTION | PLACE_LOOP | PLACE_FUNCTION | PLACE_ODE | PLACE_PART | PLACE_PART_OPTION |
             PLACE_SIM;
    case STATEMENT_FOR:
    case STATEMENT_IF:
      return PLACE_FILE | PLACE_OPTION | PLACE_LOOP | PLACE_FUNCTION | PLACE_PART | PLACE_PART_OPTION | PLACE_SIM;
    case STATEMENT_WHILE: return PLACE_SIM;
    case STATEMENT_VAR:
    case STATEMENT_ASSIGN: return PLACE_FUNCTION | PLACE_SIM;
    case STATEMENT_RESULT: return PLACE_FUNCTION | PLACE_PART;
    case STATEMENT_METHOD:
    case STATEMENT_ERROR: break;
  }
  return ~0u;
}

static const char *place_words(enum place place) {
  switch (place) {
    case PLACE_FILE: return "outside functions";
    case PLACE_OPTION: return "in an option of `choose`";
    case PLACE_LOOP: return "in a loop or an `if`";
    case PLACE_FUNCTION: return "in a function";
    case PLACE_SIM: return "in a `sim`";
    case PLACE_ODE: return "in an `ode`";
    case PLACE_PART:
    case PLACE_PART_OPTION: return "in a part";
  }
  return "here";
}

static enum place place_of_options(enum place place) {
  if (place == PLACE_LOOP) return PLACE_LOOP;
  return place == PLACE_PART || place == PLACE_PART_OPTION ? PLACE_PART_OPTION : PLACE_OPTION;
}

static void check_places(struct parser *p, struct statement *list, enum place place);

static void check_body(struct parser *p, const struct statement *function, struct statement *body) {
  struct statement *last = body;
  for (struct statement *s = body; s; s = s->next) {
    if (s->kind == STATEMENT_RESULT && s->next)
      diagnose(p->sink, "E1018", s->span, "`result` is the last statement of a body")->fix = "move it to the end";
    last = s;
  }
  bool broken = last && last->kind == STATEMENT_ERROR;
  if (!broken && (!last || last->kind != STATEMENT_RESULT))
    diagnose(p->sink, "E1017", function->name_span, "the body of `%s` does not end with `result`", function->name)
        ->fix = "add `result e` as its last statement";
}

static void check_function(struct parser *p, struct statement *function) {
  if (function->value) return;
  check_places(p, function->body, function->kind == STATEMENT_PART ? PLACE_PART : PLACE_FUNCTION);
  check_body(p, function, function->body);
}

static void check_sim(struct parser *p, struct statement *sim) {
  check_places(p, sim->body, PLACE_SIM);
  if (!sim->otherwise) return;
  check_places(p, sim->otherwise, PLACE_FUNCTION);
  check_body(p, sim, sim->otherwise);
}

static void check_places(struct parser *p, struct statement *list, enum place place) {
  for (struct statement *s = list; s; s = s->next) {
    if (!(places_of(s->kind) & place)) {
      struct span word = {s->span.file, s->span.begin,
                          s->name_span.begin > s->span.begin ? s->name_span.end : s->span.end};
      struct diagnostic *d = diagnose(p->sink, "E1015", word, "this statement cannot stand %s", place_words(place));
      if (places_of(s->kind) == PLACE_SIM) d->fix = "`while` stands in a `sim`";
      if (places_of(s->kind) == PLACE_ODE) d->fix = "rates and `init` stand in an `ode`";
      continue;
    }
    enum place inner = place == PLACE_FUNCTION || place == PLACE_SIM ? place : PLACE_LOOP;
    if (s->kind == STATEMENT_FOR || s->kind == STATEMENT_IF || s->kind == STATEMENT_WHILE) {
      check_places(p, s->body, inner);
      check_places(p, s->otherwise, inner);
    }
    if (s->kind == STATEMENT_SIM) check_sim(p, s);
    if (s->kind == STATEMENT_ODE) check_places(p, s->body, PLACE_ODE);
    if (s->kind == STATEMENT_CHOOSE)
      for (struct option *option = s->options; option; option = option->next)
        check_places(p, option->body, place_of_options(place));
    if (s->kind == STATEMENT_FUN || s->kind == STATEMENT_PART) check_function(p, s);
    if (s->kind == STATEMENT_DIST)
      for (struct statement *method = s->body; method; method = method->next) check_function(p, method);
  }
}

struct statement *build_outermost(struct parser *p, struct statement *statements) {
  check_places(p, statements, PLACE_FILE);
  return statements;
}

/* ---- entry ---- */

struct tree *parse_source(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                          const struct source *source) {
  struct token_list list = tokens_read(arena, names, sink, source);
  struct parser parser = {.arena = arena,
                          .names = names,
                          .sink = sink,
                          .source = source,
                          .tokens = list.tokens,
                          .n_token = list.n,
                          .quiet = list.truncated};
  struct span everything = {source, 0, source->length};
  if (grammar_parse(&parser) != 0) build_too_deep(&parser, everything);
  struct tree *tree = floe__arena_alloc(arena, sizeof *tree);
  tree->source = source;
  tree->statements = parser.statements;
  tree->comments = list.comments;
  return tree;
}

struct statement *parse_statement(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                                  const struct source *source) {
  size_t before = diagnostics_errors(sink);
  struct statement *statement = parse_source(arena, names, sink, source)->statements;
  if (diagnostics_errors(sink) > before) return NULL;
  struct span everything = {source, 0, source->length};
  if (!statement || statement->next) {
    struct span span = statement ? statement->next->span : everything;
    diagnose(sink, "E1010", span, "%s; expected one statement", statement ? "more than one statement" : "nothing here");
    return NULL;
  }
  return statement;
}
