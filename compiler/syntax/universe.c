#include "compiler/syntax/universe.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "compiler/syntax/copy.h"

#define MAX_AXES 64

struct setting {
  const struct statement *axis;
  const struct option *option; /* NULL: continuous */
  double number;
};

struct universe {
  struct floe__arena *arena;
  const struct tree *tree;
  size_t n;
  struct setting settings[MAX_AXES];
  struct copying copying;
};

/* ---- settings ---- */

static double literal(const struct expr *e) {
  return e->kind == EXPR_UNARY ? -e->left->number : e->number;
}

static void add_axis(struct universe *u, const struct statement *axis) {
  if (u->n == MAX_AXES) return; /* the checker refuses more */
  struct setting *setting = &u->settings[u->n++];
  *setting = (struct setting){.axis = axis, .option = axis->options};
  for (const struct option *option = axis->options; option; option = option->next)
    if (option->reference) setting->option = option;
  if (!axis->options) setting->number = literal(axis->reference);
}

static void add_axes(struct universe *u, const struct statement *list) {
  for (; list; list = list->next) {
    if (list->kind == STATEMENT_AXIS) add_axis(u, list);
    if (list->kind != STATEMENT_CHOOSE) continue;
    for (const struct option *option = list->options; option; option = option->next) add_axes(u, option->body);
  }
}

struct universe *universe_new(struct floe__arena *arena, const struct tree *tree) {
  struct universe *u = floe__arena_alloc(arena, sizeof *u);
  u->arena = arena;
  u->tree = tree;
  add_axes(u, tree->statements);
  return u;
}

static struct setting *setting_of(struct universe *u, const char *axis) {
  for (size_t k = 0; k < u->n; k++)
    if (!strcmp(u->settings[k].axis->name, axis)) return &u->settings[k];
  return NULL;
}

static enum universe_problem take_number(struct setting *setting, const char *text) {
  char *end;
  double number = strtod(text, &end);
  if (end == text || *end || !isfinite(number)) return UNIVERSE_NO_NUMBER;
  if (number < literal(setting->axis->low) || number > literal(setting->axis->high)) return UNIVERSE_OUT_OF_RANGE;
  setting->number = number;
  return UNIVERSE_OK;
}

enum universe_problem universe_take(struct universe *u, const char *axis, const char *text) {
  struct setting *setting = setting_of(u, axis);
  if (!setting) return UNIVERSE_NO_AXIS;
  if (!setting->option) return take_number(setting, text);
  for (const struct option *option = setting->axis->options; option; option = option->next) {
    if (strcmp(option->label, text) != 0) continue;
    setting->option = option;
    return UNIVERSE_OK;
  }
  return UNIVERSE_NO_OPTION;
}

/* ---- constraints ---- */

static bool holds(const struct universe *u, const struct expr *e) {
  if (e->kind == EXPR_UNARY) return !holds(u, e->left);
  if (e->kind != EXPR_BINARY) return false;
  if (e->op == OP_AND) return holds(u, e->left) && holds(u, e->right);
  if (e->op == OP_OR) return holds(u, e->left) || holds(u, e->right);
  const struct setting *setting = setting_of((struct universe *)(uintptr_t)u, e->left->name);
  if (setting && !setting->option)
    return operator_value(e->op, setting->number, literal(e->right)) != 0; /* an axis over numbers */
  bool same = setting && setting->option && e->right->name && !strcmp(setting->option->label, e->right->name);
  return e->op == OP_EQ ? same : !same;
}

bool universe_permitted(const struct universe *u) {
  for (const struct statement *s = u->tree->statements; s; s = s->next) {
    bool forbidden = (s->kind == STATEMENT_FORBID && holds(u, s->value)) ||
                     (s->kind == STATEMENT_REQUIRE && holds(u, s->value) && !holds(u, s->consequence));
    if (forbidden) return false;
  }
  return true;
}

/* ---- the tree ---- */

static struct expr *number_of(struct universe *u, double number, struct span span) {
  struct expr *expr = expr_new(u->arena, EXPR_NUMBER, span);
  expr->number = fabs(number);
  expr->is_int = number == floor(number);
  return number < 0 ? expr_unary(u->arena, OP_NEG, span, expr) : expr;
}

static struct expr *name_of(struct universe *u, const char *name, struct span span) {
  struct expr *expr = expr_new(u->arena, EXPR_NAME, span);
  expr->name = name;
  expr->name_span = span;
  return expr;
}

/* Between brackets a name that is bound, or an index set's, is that; elsewhere it is the axis. They may share it. */
static bool is_index(const struct universe *u, const char *name) {
  if (!u->copying.at_index || copying_binds(&u->copying, name)) return u->copying.at_index;
  for (const struct statement *s = u->tree->statements; s; s = s->next)
    if (s->kind == STATEMENT_INDEX && s->name == name) return true;
  return false;
}

static struct expr *take_value(void *context, const struct expr *name) {
  struct universe *u = context;
  struct setting *setting = setting_of(u, name->name);
  if (!setting) return NULL;
  if (is_index(u, name->name)) return name_of(u, name->name, name->span);
  if (!setting->option) return number_of(u, setting->number, name->span);
  if (setting->option->value) return copy_expr(&u->copying, setting->option->value);
  return name_of(u, setting->option->label, name->span); /* `solver = method` */
}

/* An axis is named where nothing else is: behind `via`, which goes with it. */
static const char *take_name(void *context, enum name_role role, const char *name) {
  return role == NAME_VALUE && setting_of(context, name) ? NULL : name;
}

static const struct option *take_option(void *context, const char *axis, const struct option *options) {
  const struct setting *setting = setting_of(context, axis);
  const struct option *rest = NULL;
  for (; setting && setting->option && options; options = options->next) {
    if (options->label == setting->option->label) return options;
    if (!strcmp(options->label, "else")) rest = options;
  }
  return rest;
}

static bool is_kept(void *context, const struct statement *s) {
  (void)context;
  return s->kind != STATEMENT_AXIS && s->kind != STATEMENT_FORBID && s->kind != STATEMENT_REQUIRE;
}

/* Functions and distributions see axes in `choose` only: their own names may be those of axes. */
static bool is_closed(const struct statement *s) {
  return s->kind == STATEMENT_FUN || s->kind == STATEMENT_DIST || s->kind == STATEMENT_SIM ||
         s->kind == STATEMENT_EXTERN;
}

/* `prep y = y` says nothing. */
static bool says_nothing(const struct statement *s) {
  return s->kind == STATEMENT_PREP && s->value->kind == EXPR_NAME && s->value->name == s->name;
}

const struct tree *universe_tree(struct universe *u) {
  struct statement *first = NULL, **last = &first;
  u->copying = (struct copying){.arena = u->arena, .context = u, .option = take_option, .keep = is_kept};
  for (const struct statement *s = u->tree->statements; s; s = s->next) {
    struct statement alone = *s;
    alone.next = NULL;
    u->copying.value = is_closed(s) ? NULL : take_value;
    u->copying.name = is_closed(s) ? NULL : take_name;
    *last = copy_statements(&u->copying, &alone);
    if (*last && says_nothing(*last)) *last = NULL;
    while (*last) last = &(*last)->next;
  }
  if (!first) { /* all options that were taken are empty: a name makes it a spec all the same */
    first = floe__arena_alloc(u->arena, sizeof *first);
    *first = (struct statement){.kind = STATEMENT_MODEL, .name = "universe"};
  }
  struct tree *tree = floe__arena_alloc(u->arena, sizeof *tree);
  *tree = (struct tree){.source = u->tree->source, .statements = first};
  return u->copying.too_large ? NULL : tree;
}
