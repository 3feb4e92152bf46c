#include "compiler/syntax/overrides.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "compiler/source/diagnostic.h"
#include "compiler/syntax/parse.h"

#define MAX_CANDIDATES 200

struct replacing {
  struct floe__arena *arena;
  struct diagnostics *sink;
  struct override *override;
  bool mismatched; /* the name was there, with other indices */
};

/* ---- errors ---- */

static void error_kind(struct diagnostics *sink, const struct statement *s) {
  diagnose(sink, "E2202", s->span, "--set cannot replace this statement")->fix =
      "write NAME ~ ..., NAME = ..., or a whole param, latent, data, obs, index, axis, hyper, prep, summary, fun, dist, report, claim or check";
}

static void error_indices(struct diagnostics *sink, const struct statement *s) {
  diagnose(sink, "E2202", s->span, "`%s` has other indices in the spec", s->name)->fix =
      "leave the indices out, or write them as the spec does";
}

static void error_pin(struct diagnostics *sink, struct span span) {
  diagnose(sink, "E2203", span, "--pin takes NAME=NUMBER")->fix = "for example: --pin gamma=0.125";
}

static void error_nothing(struct floe__arena *arena, struct diagnostics *sink, const struct override *o, const char *near) {
  const struct statement *s = o->statement;
  struct diagnostic *d = diagnose(sink, o->pin ? "E2203" : "E2201", s->name ? s->name_span : s->span,
                                  o->pin ? "the spec has no param or latent `%s`" : "the spec has no statement of this kind for `%s`",
                                  s->name ? s->name : s->text ? s->text : "it");
  if (near) d->fix = floe__arena_printf(arena, "did you mean `%s`?", near);
}

/* ---- reading ---- */

static bool is_pin(const struct statement *s) {
  if (s->kind != STATEMENT_DEFINE || s->indices) return false;
  const struct expr *number = s->value->kind == EXPR_UNARY && s->value->op == OP_NEG ? s->value->left : s->value;
  return number->kind == EXPR_NUMBER;
}

static bool can_replace(const struct statement *s) {
  switch (s->kind) {
    case STATEMENT_SAMPLE:
    case STATEMENT_DEFINE:
    case STATEMENT_DATA:
    case STATEMENT_PARAM:
    case STATEMENT_LATENT:
    case STATEMENT_OBS:
    case STATEMENT_INDEX:
    case STATEMENT_AXIS:
    case STATEMENT_HYPER:
    case STATEMENT_PREP:
    case STATEMENT_SUMMARY:
    case STATEMENT_FUN:
    case STATEMENT_DIST:
    case STATEMENT_SIM:
    case STATEMENT_CLAIM:
    case STATEMENT_CHECK: return true;
    case STATEMENT_REPORT: return s->name != NULL;
    default: return false;
  }
}

struct override override_read(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                              const char *words, bool pin) {
  enum source_problem problem;
  struct override result = {.pin = pin};
  const struct source *source = source_from_text(arena, pin ? "--pin" : "--set", words, strlen(words), &problem);
  if (!source) {
    diagnose(sink, "E2202", (struct span){0}, "the words behind %s are no text", pin ? "--pin" : "--set");
    return result;
  }
  struct statement *statement = parse_statement(arena, names, sink, source);
  if (!statement) return result;
  if (pin ? !is_pin(statement) : !can_replace(statement)) {
    if (pin)
      error_pin(sink, statement->span);
    else
      error_kind(sink, statement);
    return result;
  }
  result.statement = statement;
  return result;
}

/* ---- replacing ---- */

static bool same_expr(const struct expr *a, const struct expr *b) {
  if (!a || !b) return a == b;
  if (a->kind != b->kind || a->name != b->name || a->op != b->op || a->number != b->number) return false;
  return same_expr(a->left, b->left) && same_expr(a->right, b->right) && !a->items && !b->items;
}

static bool same_indices(const struct expr *a, const struct expr *b) {
  for (; a && b; a = a->next, b = b->next)
    if (!same_expr(a, b)) return false;
  return !a && !b;
}

static bool is_drawn(const struct statement *s) {
  bool declaration = s->kind == STATEMENT_PARAM || s->kind == STATEMENT_LATENT || s->kind == STATEMENT_DATA ||
                     (s->kind == STATEMENT_OBS && s->value);
  return declaration || s->kind == STATEMENT_SAMPLE;
}

static bool is_declared(enum statement_kind kind) {
  return kind == STATEMENT_PARAM || kind == STATEMENT_LATENT || kind == STATEMENT_DATA || kind == STATEMENT_OBS;
}

/* What (a[i], b[i]) ~ ... draws together stays together. */
static bool same_targets(const struct statement *new, const struct statement *old) {
  const struct statement *a = new->body, *b = old->body;
  if (new->kind != STATEMENT_SAMPLE || old->kind != STATEMENT_SAMPLE) return true;
  for (; a && b; a = a->next, b = b->next)
    if (a->name != b->name || !same_indices(a->indices, b->indices)) return false;
  return !a && !b;
}

/* The same statement with another right side. */
static struct statement *with_value(struct replacing *r, const struct statement *old, struct expr *value) {
  const struct statement *new = r->override->statement;
  if ((new->indices && !same_indices(new->indices, old->indices)) || !same_targets(new, old)) {
    r->mismatched = true;
    return NULL;
  }
  struct statement *copy = floe__arena_alloc(r->arena, sizeof *copy);
  *copy = *old;
  copy->value = value;
  return copy;
}

/* A number in the place of a param, a latent or a hyper value. */
static struct statement *defined(struct replacing *r, const struct statement *old) {
  struct statement *copy = statement_new(r->arena, STATEMENT_DEFINE, old->span);
  copy->name = old->name;
  copy->name_span = old->name_span;
  copy->indices = old->indices;
  copy->value = r->override->statement->value;
  return copy;
}

/* What stands in the place of `old`; NULL: it stays. */
static struct statement *replacement(struct replacing *r, const struct statement *old) {
  const struct statement *new = r->override->statement;
  bool promise = new->kind == STATEMENT_CLAIM || new->kind == STATEMENT_CHECK;
  if (promise ? old->kind != new->kind || !old->text || strcmp(old->text, new->text) != 0 : old->name != new->name)
    return NULL;
  if (r->override->pin)
    return old->kind == STATEMENT_PARAM || old->kind == STATEMENT_LATENT ? defined(r, old) : NULL;
  if (new->kind == STATEMENT_SAMPLE) return is_drawn(old) ? with_value(r, old, new->value) : NULL;
  if (new->kind == STATEMENT_DEFINE && old->kind == STATEMENT_HYPER) return defined(r, old);
  if (new->kind == STATEMENT_DEFINE) return old->kind == STATEMENT_DEFINE ? with_value(r, old, new->value) : NULL;
  if (old->kind != new->kind && !(is_declared(old->kind) && is_declared(new->kind))) return NULL;
  struct statement *copy = floe__arena_alloc(r->arena, sizeof *copy);
  *copy = *new;
  return copy;
}

static struct statement *replaced(struct replacing *r, const struct statement *list);

static struct option *replaced_options(struct replacing *r, const struct option *list) {
  struct option *first = NULL, **last = &first;
  for (; list; list = list->next, last = &(*last)->next) {
    *last = floe__arena_alloc(r->arena, sizeof **last);
    **last = *list;
    (*last)->body = replaced(r, list->body);
    (*last)->next = NULL;
  }
  return first;
}

static struct statement *replaced(struct replacing *r, const struct statement *list) {
  struct statement *first = NULL, **last = &first;
  for (; list; list = list->next, last = &(*last)->next) {
    struct statement *new = replacement(r, list);
    if (new) {
      r->override->applied = true;
      *last = new;
    } else {
      *last = floe__arena_alloc(r->arena, sizeof **last);
      **last = *list;
      bool block = list->kind == STATEMENT_FOR || list->kind == STATEMENT_IF || list->kind == STATEMENT_CHOOSE;
      if (block) {
        (*last)->body = replaced(r, list->body);
        (*last)->otherwise = replaced(r, list->otherwise);
        (*last)->options = replaced_options(r, list->options);
      }
    }
    (*last)->next = NULL;
  }
  return first;
}

const struct tree *overrides_apply(struct floe__arena *arena, struct diagnostics *sink, const struct tree *tree, size_t n,
                                   struct override *overrides) {
  for (size_t k = 0; k < n; k++) {
    if (!overrides[k].statement || overrides[k].applied) continue;
    struct replacing r = {.arena = arena, .sink = sink, .override = &overrides[k]};
    struct statement *statements = replaced(&r, tree->statements);
    if (r.mismatched && !overrides[k].applied) {
      error_indices(sink, overrides[k].statement);
      overrides[k].applied = true;
    }
    struct tree *copy = floe__arena_alloc(arena, sizeof *copy);
    *copy = (struct tree){.source = tree->source, .statements = statements, .comments = tree->comments};
    tree = copy;
  }
  return tree;
}

/* ---- what was not found ---- */

static void candidates(const struct statement *list, bool pin, size_t *n, const char **names) {
  for (; list; list = list->next) {
    bool fits = pin ? list->kind == STATEMENT_PARAM || list->kind == STATEMENT_LATENT : list->name && can_replace(list);
    if (fits && *n < MAX_CANDIDATES) names[(*n)++] = list->name;
    for (const struct option *option = list->options; option; option = option->next)
      candidates(option->body, pin, n, names);
  }
}

void overrides_unapplied(struct floe__arena *arena, struct diagnostics *sink, const struct tree *tree, size_t n,
                         const struct override *overrides) {
  for (size_t k = 0; k < n; k++) {
    const char *names[MAX_CANDIDATES];
    size_t n_name = 0;
    if (overrides[k].applied || !overrides[k].statement) continue;
    candidates(tree->statements, overrides[k].pin, &n_name, names);
    const char *name = overrides[k].statement->name;
    error_nothing(arena, sink, &overrides[k], name ? suggest(name, names, n_name) : NULL);
  }
}
