#include "compiler/syntax/printer.h"

#include <stdlib.h>
#include <string.h>

static void put(struct printer *p, const char *text) {
  floe__text_puts(p->out, text);
}

void print_source(struct printer *p, struct span span) {
  floe__text_append(p->out, span.file->text + span.begin, span.end - span.begin);
}

void print_string(struct printer *p, const char *text) {
  put(p, "\"");
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') put(p, "\\");
    floe__text_append(p->out, text, 1);
  }
  put(p, "\"");
}

/* As written; the shortest digits that read back as the same number where nobody wrote it. */
static void print_number(struct printer *p, const struct expr *expr) {
  if (expr->name_span.file) {
    print_source(p, expr->name_span);
    return;
  }
  struct floe__text digits = {0};
  for (int precision = 15; precision <= 17; precision++) {
    floe__text_free(&digits);
    floe__text_printf(&digits, "%.*g", precision, expr->number);
    if (digits.failed || strtod(digits.data, NULL) == expr->number) break;
  }
  if (digits.failed)
    p->out->failed = true;
  else
    put(p, digits.data);
  floe__text_free(&digits);
}

/* ---- how tightly an expression holds together ---- */

enum tightness {
  LOOSE,
  HOLD_OR,
  HOLD_AND,
  HOLD_NOT,
  HOLD_COMPARE,
  HOLD_ON,
  HOLD_SUM,
  HOLD_TERM,
  HOLD_MINUS,
  HOLD_POWER,
  HOLD_FAST
};

static const struct {
  enum tightness own, left, right;
} holds[] = {[OP_OR] = {HOLD_OR, HOLD_OR, HOLD_AND},        [OP_AND] = {HOLD_AND, HOLD_AND, HOLD_NOT},
             [OP_NOT] = {HOLD_NOT, HOLD_NOT, HOLD_NOT},     [OP_LT] = {HOLD_COMPARE, HOLD_ON, HOLD_ON},
             [OP_LE] = {HOLD_COMPARE, HOLD_ON, HOLD_ON},    [OP_GT] = {HOLD_COMPARE, HOLD_ON, HOLD_ON},
             [OP_GE] = {HOLD_COMPARE, HOLD_ON, HOLD_ON},    [OP_EQ] = {HOLD_COMPARE, HOLD_ON, HOLD_ON},
             [OP_NE] = {HOLD_COMPARE, HOLD_ON, HOLD_ON},    [OP_ADD] = {HOLD_SUM, HOLD_SUM, HOLD_TERM},
             [OP_SUB] = {HOLD_SUM, HOLD_SUM, HOLD_TERM},    [OP_MUL] = {HOLD_TERM, HOLD_TERM, HOLD_MINUS},
             [OP_DIV] = {HOLD_TERM, HOLD_TERM, HOLD_MINUS}, [OP_NEG] = {HOLD_MINUS, HOLD_MINUS, HOLD_MINUS},
             [OP_POW] = {HOLD_POWER, HOLD_FAST, HOLD_MINUS}};

static enum tightness tightness(const struct expr *expr) {
  switch (expr->kind) {
    case EXPR_UNARY:
    case EXPR_BINARY: return holds[expr->op].own;
    case EXPR_WITHIN: return HOLD_COMPARE;
    case EXPR_ON: return HOLD_ON;
    case EXPR_RANGE: return LOOSE;
    case EXPR_NUMBER:
    case EXPR_NAME:
    case EXPR_CALL:
    case EXPR_INDEX:
    case EXPR_TUPLE:
    case EXPR_ARRAY:
    case EXPR_CHOOSE:
    case EXPR_IF:
    case EXPR_ERROR: break;
  }
  return HOLD_FAST;
}

struct style {
  enum tightness least; /* looser expressions get parentheses */
  bool condition;
};

static void print_held(struct printer *p, const struct expr *expr, struct style style);

static void print_at(struct printer *p, const struct expr *expr, enum tightness least) {
  print_held(p, expr, (struct style){least, false});
}

static void print_list(struct printer *p, const struct expr *list) {
  for (; list; list = list->next) {
    if (list->label) floe__text_printf(p->out, "%s = ", list->label);
    print_at(p, list, LOOSE);
    if (list->next) put(p, ", ");
  }
}

static void print_operation(struct printer *p, const struct expr *expr, bool condition) {
  struct style left = {holds[expr->op].left, condition}, right = {holds[expr->op].right, condition};
  if (expr->kind == EXPR_UNARY) {
    put(p, expr->op == OP_NOT ? "not " : "-");
    print_held(p, expr->left, right);
    return;
  }
  const char *word = condition && expr->op == OP_EQ ? "=" : operator_text(expr->op);
  print_held(p, expr->left, left);
  bool close = expr->op == OP_POW && (expr->left->kind != EXPR_CALL || expr->right->kind == EXPR_NUMBER);
  floe__text_printf(p->out, close ? "%s" : " %s ", word);
  print_held(p, expr->right, right);
}

/* ---- choices ---- */

static bool holds_newline(struct span span) {
  return span.file && memchr(span.file->text + span.begin, '\n', span.end - span.begin);
}

static bool is_spread(const struct expr *expr) {
  return expr->kind == EXPR_CHOOSE && expr->options && expr->options->span.file &&
         holds_newline((struct span){expr->span.file, expr->name_span.end, expr->options->span.begin});
}

bool spreads_over_lines(const struct expr *expr) {
  if (!expr) return false;
  if (is_spread(expr)) return true;
  for (const struct expr *item = expr->items; item; item = item->next)
    if (spreads_over_lines(item)) return true;
  for (const struct option *option = expr->options; option; option = option->next)
    if (spreads_over_lines(option->value)) return true;
  return spreads_over_lines(expr->condition) || spreads_over_lines(expr->left) || spreads_over_lines(expr->right);
}

static void print_choice(struct printer *p, const struct expr *expr) {
  floe__text_printf(p->out, "choose %s {", expr->name);
  if (!is_spread(expr)) {
    for (const struct option *option = expr->options; option; option = option->next) {
      floe__text_printf(p->out, option == expr->options ? " %s: " : "  %s: ", option->label);
      print_at(p, option->value, LOOSE);
    }
    put(p, " }");
    return;
  }
  printer_open(p, expr->name_span, expr->options->span.begin);
  for (const struct option *option = expr->options; option; option = option->next) {
    printer_comments(p, option->span.begin);
    printer_start_line(p, option->span);
    floe__text_printf(p->out, "%s: ", option->label);
    print_at(p, option->value, LOOSE);
    printer_end_line(p, option->span);
  }
  printer_comments(p, expr->span.end);
  p->level--;
  floe__text_printf(p->out, "%*s}", 2 * p->level, "");
}

/* ---- all expressions ---- */

static void print_call(struct printer *p, const struct expr *expr) {
  floe__text_printf(p->out, "%s(", expr->name);
  if (expr->binder && expr->left)
    floe__text_printf(p->out, "%s in %s: ", expr->binder, expr->left->name);
  else if (expr->binder)
    floe__text_printf(p->out, "%s: ", expr->binder);
  print_list(p, expr->items);
  put(p, ")");
}

static void print_bare(struct printer *p, const struct expr *expr, bool condition) {
  switch (expr->kind) {
    case EXPR_NUMBER: print_number(p, expr); break;
    case EXPR_NAME: put(p, expr->name); break;
    case EXPR_UNARY:
    case EXPR_BINARY: print_operation(p, expr, condition); break;
    case EXPR_CALL: print_call(p, expr); break;
    case EXPR_INDEX:
      print_at(p, expr->left, HOLD_FAST);
      print_indices(p, expr->items);
      break;
    case EXPR_RANGE:
      print_at(p, expr->left, HOLD_SUM);
      put(p, "..");
      if (expr->right) print_at(p, expr->right, HOLD_SUM);
      break;
    case EXPR_TUPLE:
      put(p, "(");
      print_list(p, expr->items);
      put(p, ")");
      break;
    case EXPR_ARRAY:
      put(p, "[");
      print_list(p, expr->items);
      put(p, "]");
      break;
    case EXPR_CHOOSE: print_choice(p, expr); break;
    case EXPR_ON:
      print_at(p, expr->left, HOLD_SUM);
      floe__text_printf(p->out, " on %s", expr->name);
      break;
    case EXPR_WITHIN:
      print_at(p, expr->left, HOLD_ON);
      put(p, " in ");
      print_at(p, expr->right, expr->right->kind == EXPR_RANGE ? LOOSE : HOLD_SUM);
      break;
    case EXPR_IF:
      put(p, "if(");
      print_at(p, expr->condition, LOOSE);
      put(p, ", ");
      print_at(p, expr->left, LOOSE);
      put(p, ", ");
      print_at(p, expr->right, LOOSE);
      put(p, ")");
      break;
    case EXPR_ERROR:
      if (expr->span.file) print_source(p, expr->span);
      break;
  }
}

static void print_held(struct printer *p, const struct expr *expr, struct style style) {
  bool enclose = tightness(expr) < style.least;
  if (enclose) put(p, "(");
  print_bare(p, expr, style.condition);
  if (enclose) put(p, ")");
}

void print_expr(struct printer *p, const struct expr *expr) {
  print_at(p, expr, LOOSE);
}

void print_condition(struct printer *p, const struct expr *expr) {
  print_held(p, expr, (struct style){LOOSE, true});
}

void print_indices(struct printer *p, const struct expr *indices) {
  if (!indices) return;
  put(p, "[");
  print_list(p, indices);
  put(p, "]");
}

void print_type(struct printer *p, const struct type_expr *type) {
  put(p, type->name);
  if (type->index) floe__text_printf(p->out, " %s", type->index);
  print_indices(p, type->sizes);
  if (!type->low) return;
  put(p, strcmp(type->name, "in") == 0 ? " " : " in ");
  print_at(p, type->low, HOLD_SUM);
  put(p, "..");
  if (type->high) print_at(p, type->high, HOLD_SUM);
}

void print_parameters(struct printer *p, const struct parameter *parameters) {
  put(p, "(");
  for (; parameters; parameters = parameters->next) {
    put(p, parameters->name);
    print_indices(p, parameters->indices);
    if (parameters->type) {
      put(p, " : ");
      print_type(p, parameters->type);
    }
    if (parameters->value) {
      put(p, " = ");
      print_expr(p, parameters->value);
    }
    if (parameters->next) put(p, ", ");
  }
  put(p, ")");
}
