#include "compiler/syntax/tree.h"

#include <math.h>

#include "base/arena.h"

struct expr *expr_new(struct floe__arena *arena, enum expr_kind kind, struct span span) {
  struct expr *expr = floe__arena_alloc(arena, sizeof *expr);
  expr->kind = kind;
  expr->span = span;
  expr->depth = 1;
  return expr;
}

struct expr *expr_unary(struct floe__arena *arena, enum operator_kind op, struct span span, struct expr *operand) {
  struct expr *expr = expr_new(arena, EXPR_UNARY, span);
  expr->op = op;
  expr->left = operand;
  expr->depth = operand->depth + 1;
  return expr;
}

struct expr *expr_binary(struct floe__arena *arena, enum operator_kind op, struct expr *left, struct expr *right) {
  struct expr *expr = expr_new(arena, EXPR_BINARY, span_join(left->span, right->span));
  expr->op = op;
  expr->left = left;
  expr->right = right;
  expr->depth = 1 + (left->depth > right->depth ? left->depth : right->depth);
  return expr;
}

static int deeper(int depth, const struct expr *child) {
  return child && child->depth > depth ? child->depth : depth;
}

struct expr *expr_measure(struct expr *expr) {
  int depth = deeper(deeper(deeper(0, expr->left), expr->right), expr->condition);
  for (const struct expr *item = expr->items; item; item = item->next) depth = deeper(depth, item);
  for (const struct option *option = expr->options; option; option = option->next) depth = deeper(depth, option->value);
  expr->depth = depth + 1;
  return expr;
}

struct statement *statement_new(struct floe__arena *arena, enum statement_kind kind, struct span span) {
  struct statement *statement = floe__arena_alloc(arena, sizeof *statement);
  statement->kind = kind;
  statement->span = span;
  statement->name_span = span;
  return statement;
}

const char *operator_text(enum operator_kind op) {
  switch (op) {
    case OP_ADD: return "+";
    case OP_SUB: return "-";
    case OP_MUL: return "*";
    case OP_DIV: return "/";
    case OP_POW: return "^";
    case OP_NEG: return "-";
    case OP_LT: return "<";
    case OP_LE: return "<=";
    case OP_GT: return ">";
    case OP_GE: return ">=";
    case OP_EQ: return "==";
    case OP_NE: return "!=";
    case OP_AND: return "and";
    case OP_OR: return "or";
    case OP_NOT: return "not";
  }
  return "?";
}

double operator_value(enum operator_kind op, double a, double b) {
  switch (op) {
    case OP_ADD: return a + b;
    case OP_SUB: return a - b;
    case OP_MUL: return a * b;
    case OP_DIV: return a / b;
    case OP_POW: return pow(a, b);
    case OP_NEG: return -a;
    case OP_LT: return a < b;
    case OP_LE: return a <= b;
    case OP_GT: return a > b;
    case OP_GE: return a >= b;
    case OP_EQ: return a == b;
    case OP_NE: return a != b;
    case OP_AND: return a != 0 && b != 0;
    case OP_OR: return a != 0 || b != 0;
    case OP_NOT: return a == 0;
  }
  return NAN;
}

bool operator_gives_truth(enum operator_kind op) {
  return op >= OP_LT;
}
