#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "base/text.h"
#include "compiler/source/diagnostic.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/tokens.h"
#include "grammar/parser.h"

/* ---- tokens ---- */

static const char *class_of(int kind) {
  switch (kind) {
    case TOK_END: return "end";
    case TOK_NEWLINE: return "newline";
    case TOK_NAME: return "name";
    case TOK_LABEL: return "label";
    case TOK_NUMBER: return "number";
    case TOK_STRING: return "string";
    default: return kind < 256 || (kind >= TOK_DOTDOT && kind <= TOK_GE) ? "mark" : "keyword";
  }
}

void dump_tokens(struct floe__arena *arena, const struct source *source, struct floe__text *out) {
  struct token_list list = tokens_read(arena, floe__names_new(arena), diagnostics_new(arena), source);
  for (size_t k = 0; k < list.n; k++) {
    const struct token *token = &list.tokens[k];
    size_t line, column;
    source_position(source, token->span.begin, &line, &column);
    bool bare = token->kind == TOK_NEWLINE || token->kind == TOK_END;
    floe__text_printf(out, "%-8s", class_of(token->kind));
    if (!bare)
      floe__text_printf(out, " %.*s", (int)(token->span.end - token->span.begin), source->text + token->span.begin);
    floe__text_printf(out, " %zu:%zu\n", line, column);
  }
}

/* ---- tree ---- */

static const char *const expr_words[] = {
    [EXPR_NUMBER] = "number", [EXPR_NAME] = "name",     [EXPR_UNARY] = "unary", [EXPR_BINARY] = "binary",
    [EXPR_CALL] = "call",     [EXPR_INDEX] = "index",   [EXPR_RANGE] = "range", [EXPR_TUPLE] = "tuple",
    [EXPR_ARRAY] = "array",   [EXPR_CHOOSE] = "choose", [EXPR_ON] = "on",       [EXPR_WITHIN] = "within",
    [EXPR_IF] = "if",         [EXPR_ERROR] = "error"};

static const char *const statement_words[] = {
    [STATEMENT_MODEL] = "model",     [STATEMENT_USE] = "use",         [STATEMENT_INDEX] = "index",     [STATEMENT_PART] = "part",
    [STATEMENT_DATA] = "data",       [STATEMENT_PARAM] = "param",     [STATEMENT_LATENT] = "latent",
    [STATEMENT_OBS] = "obs",         [STATEMENT_SAMPLE] = "sample",   [STATEMENT_DEFINE] = "define",
    [STATEMENT_VAR] = "var",         [STATEMENT_ASSIGN] = "assign",   [STATEMENT_FOR] = "for",         [STATEMENT_IF] = "if",
    [STATEMENT_AXIS] = "axis",       [STATEMENT_CHOOSE] = "choose",   [STATEMENT_FORBID] = "forbid",
    [STATEMENT_REQUIRE] = "require", [STATEMENT_PREP] = "prep",       [STATEMENT_REPORT] = "report",
    [STATEMENT_CLAIM] = "claim",     [STATEMENT_CHECK] = "check",     [STATEMENT_FUN] = "fun",
    [STATEMENT_DIST] = "dist",       [STATEMENT_METHOD] = "method",   [STATEMENT_RESULT] = "result",
    [STATEMENT_EXTERN] = "extern",   [STATEMENT_NETWORK] = "network", [STATEMENT_SUMMARY] = "summary",
    [STATEMENT_ODE] = "ode",         [STATEMENT_RATE] = "rate",       [STATEMENT_INIT] = "init",
    [STATEMENT_HYPER] = "hyper",     [STATEMENT_ELICIT] = "elicit",   [STATEMENT_SIM] = "sim",
    [STATEMENT_WHILE] = "while",     [STATEMENT_ERROR] = "error"};

struct dump {
  struct floe__text *out;
  int level;
};

/* Opens a node on a line of its own: "\n  (word". */
static void open_node(struct dump *dump, const char *word) {
  if (dump->out->length) floe__text_puts(dump->out, "\n");
  floe__text_printf(dump->out, "%*s(%s", 2 * dump->level, "", word);
  dump->level++;
}

static void close_node(struct dump *dump) {
  floe__text_puts(dump->out, ")");
  dump->level--;
}

static void put_word(struct dump *dump, const char *word) {
  if (word) floe__text_printf(dump->out, " %s", word);
}

static void put_pair(struct dump *dump, const char *key, const char *word) {
  if (word) floe__text_printf(dump->out, " %s=%s", key, word);
}

static void put_string(struct dump *dump, const char *key, const char *text) {
  if (!text) return;
  floe__text_printf(dump->out, key[0] ? " %s=\"" : " %s\"", key);
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') floe__text_puts(dump->out, "\\");
    floe__text_append(dump->out, text, 1);
  }
  floe__text_puts(dump->out, "\"");
}

static void dump_expr(struct dump *dump, const char *role, const struct expr *expr);
static void dump_statements(struct dump *dump, const struct statement *list);

static void dump_exprs(struct dump *dump, const char *role, const struct expr *list) {
  if (!list) return;
  open_node(dump, role);
  for (; list; list = list->next) dump_expr(dump, NULL, list);
  close_node(dump);
}

static void dump_options(struct dump *dump, const struct option *option) {
  for (; option; option = option->next) {
    open_node(dump, "option");
    put_word(dump, option->label);
    if (option->reference) put_word(dump, "*");
    dump_expr(dump, "weight", option->weight);
    dump_expr(dump, NULL, option->value);
    dump_statements(dump, option->body);
    close_node(dump);
  }
}

/* A child; with a role it is wrapped: (low (number 3)). Nothing for NULL. */
static void dump_expr(struct dump *dump, const char *role, const struct expr *expr) {
  if (!expr) return;
  if (role) open_node(dump, role);
  open_node(dump, expr_words[expr->kind]);
  if (expr->kind == EXPR_UNARY || expr->kind == EXPR_BINARY) put_word(dump, operator_text(expr->op));
  if (expr->kind == EXPR_NUMBER) floe__text_printf(dump->out, " %.15g%s", expr->number, expr->is_int ? "" : " real");
  put_word(dump, expr->name);
  put_pair(dump, "label", expr->label);
  put_pair(dump, "binder", expr->binder);
  dump_expr(dump, NULL, expr->condition);
  dump_expr(dump, expr->binder ? "over" : NULL, expr->left);
  dump_expr(dump, NULL, expr->right);
  for (const struct expr *item = expr->items; item; item = item->next) dump_expr(dump, NULL, item);
  dump_options(dump, expr->options);
  close_node(dump);
  if (role) close_node(dump);
}

static void dump_type(struct dump *dump, const struct type_expr *type) {
  if (!type) return;
  open_node(dump, "type");
  put_word(dump, type->name);
  put_word(dump, type->index);
  dump_exprs(dump, "sizes", type->sizes);
  dump_expr(dump, "low", type->low);
  dump_expr(dump, "high", type->high);
  close_node(dump);
}

static void dump_parameters(struct dump *dump, const struct parameter *parameter) {
  for (; parameter; parameter = parameter->next) {
    open_node(dump, "parameter");
    put_word(dump, parameter->name);
    dump_exprs(dump, "indices", parameter->indices);
    dump_type(dump, parameter->type);
    dump_expr(dump, "value", parameter->value);
    close_node(dump);
  }
}

static void dump_statement(struct dump *dump, const struct statement *s) {
  open_node(dump, statement_words[s->kind]);
  put_word(dump, s->name);
  put_string(dump, "", s->text);
  put_pair(dump, "over", s->index);
  put_pair(dump, "via", s->via);
  dump_expr(dump, "below", s->below);
  dump_expr(dump, "above", s->above);
  if (s->missing) put_word(dump, "missing");
  put_string(dump, "adjoint", s->adjoint);
  if (s->ordered) put_word(dump, "ordered");
  if (s->logarithmic) put_word(dump, "log");
  if (s->equivalence) put_word(dump, "equiv");
  if (s->random) put_word(dump, "draw");
  if (s->foreign) put_word(dump, "foreign");
  if (s->up_to_constant) put_word(dump, "up_to_constant");
  dump_parameters(dump, s->parameters);
  if (s->outputs) {
    open_node(dump, "outputs");
    dump_parameters(dump, s->outputs);
    close_node(dump);
  }
  dump_exprs(dump, "indices", s->indices);
  dump_type(dump, s->type);
  dump_expr(dump, NULL, s->value);
  dump_expr(dump, "consequence", s->consequence);
  dump_expr(dump, "probability", s->probability);
  dump_expr(dump, "reference", s->reference);
  dump_expr(dump, "low", s->low);
  dump_expr(dump, "high", s->high);
  dump_options(dump, s->options);
  dump_statements(dump, s->body);
  if (s->otherwise) {
    open_node(dump, "else");
    dump_statements(dump, s->otherwise);
    close_node(dump);
  }
  close_node(dump);
}

static void dump_statements(struct dump *dump, const struct statement *list) {
  for (; list; list = list->next) dump_statement(dump, list);
}

void dump_tree(const struct tree *tree, struct floe__text *out) {
  struct dump dump = {out, 0};
  dump_statements(&dump, tree->statements);
  if (out->length) floe__text_puts(out, "\n");
}
