/* if c { ... } else { ... }, anywhere, and choose A { a: ... } in loops: the branches fill the same names, so that each name has
 * one statement whose value is if(c, e, f) or choose A { a: e  b: f }. And loops over parts of an index, one behind the
 * other: one loop over all of them, whose body is an `if` by the index. */
#include "compiler/meaning/checker.h"

struct branch {                /* one way that a statement can go */
  const struct option *option; /* of a choose; NULL: a branch of an `if` */
  const struct statement *body;
  struct branch *next;
};

static bool same_indices(const struct expr *a, const struct expr *b) {
  for (; a && b; a = a->next, b = b->next) {
    if (a->kind != b->kind || a->name != b->name || a->number != b->number) return false;
    bool parts = a->kind == EXPR_WITHIN || a->kind == EXPR_RANGE;
    if (parts && (!same_indices(a->left, b->left) || !same_indices(a->right, b->right))) return false;
  }
  return !a && !b;
}

static const struct statement *counterpart(const struct statement *body, const struct statement *s) {
  for (; body; body = body->next) {
    bool same = body->kind == s->kind && body->name == s->name && same_indices(body->indices, s->indices);
    if (same && s->kind == STATEMENT_FOR) same = body->index == s->index && same_indices(body->value, s->value);
    if (same) return body;
  }
  return NULL;
}

static bool error_unlike(struct checker *c, const struct statement *s) {
  struct diagnostic *d =
      diagnose(c->sink, "E4018", s->name_span, "`%s` does not stand in every branch in the same way", s->name);
  d->fix = "every branch fills the same names, each once, with the same indices; write `else` too";
  return false;
}

/* Drawn together with the same others, in the same order; or in one branch only. */
static bool same_outputs(const struct statement *a, const struct statement *b) {
  const struct statement *x = a->otherwise, *y = b->otherwise;
  if (a->kind != STATEMENT_SAMPLE || !x || !y) return true;
  for (bool first = true; x && y; x = first ? x->body : x->next, y = first ? y->body : y->next, first = false)
    if (x->name != y->name) return false;
  return !x && !y;
}

static bool error_statement(struct checker *c, const struct statement *s) {
  diagnose(c->sink, "E4018", s->span, "this statement cannot stand in a branch here")->fix =
      "branches hold `x = e` and `x ~ D`";
  return false;
}

static struct expr *expr_like(struct checker *c, enum expr_kind kind, struct span span) {
  struct expr *expr = floe__arena_alloc(c->arena, sizeof *expr);
  *expr = (struct expr){.kind = kind, .span = span, .depth = 1};
  return expr;
}

/* The value of the statement over all branches. */
static struct expr *merged_value(struct checker *c, const struct statement *whole, const struct branch *branches,
                                 const struct statement *s) {
  struct expr *value = expr_like(c, whole->kind == STATEMENT_IF ? EXPR_IF : EXPR_CHOOSE, s->value->span);
  struct option **last = &value->options;
  value->name = whole->name;
  value->name_span = whole->name_span;
  value->condition = whole->value;
  if (whole->kind == STATEMENT_IF) {
    value->left = counterpart(branches->body, s)->value;
    value->right = counterpart(branches->next->body, s)->value;
    return value;
  }
  for (const struct branch *b = branches; b; b = b->next, last = &(*last)->next) {
    *last = floe__arena_alloc(c->arena, sizeof **last);
    **last = *b->option;
    (*last)->body = NULL;
    (*last)->next = NULL;
    (*last)->value = counterpart(b->body, s)->value;
  }
  return value;
}

/* Loops in all branches as one loop, in whose body the branches stand. */
static const struct statement *merged_loop(struct checker *c, const struct statement *whole,
                                           const struct branch *branches, const struct statement *s) {
  struct statement *loop = floe__arena_alloc(c->arena, sizeof *loop), *inside = floe__arena_alloc(c->arena, sizeof *inside);
  struct option **last = &inside->options;
  *loop = *s;
  *inside = *whole;
  inside->next = NULL;
  inside->options = NULL;
  if (whole->kind == STATEMENT_IF) {
    inside->body = counterpart(branches->body, s)->body;
    inside->otherwise = counterpart(branches->next->body, s)->body;
  }
  for (const struct branch *b = branches; b && whole->kind == STATEMENT_CHOOSE; b = b->next, last = &(*last)->next) {
    *last = floe__arena_alloc(c->arena, sizeof **last);
    **last = *b->option;
    (*last)->next = NULL;
    (*last)->body = counterpart(b->body, s)->body;
  }
  loop->body = inside;
  return loop;
}

static bool alike(struct checker *c, const struct branch *branches) {
  bool sound = true;
  for (const struct branch *b = branches; b; b = b->next)
    for (const struct statement *s = b->body; s; s = s->next) {
      if (s->kind == STATEMENT_ERROR) return false;
      const bool plain = (s->kind == STATEMENT_DEFINE || s->kind == STATEMENT_SAMPLE) && s->value && !s->body;
      if (!plain && s->kind != STATEMENT_FOR) return error_statement(c, s);
      bool twice = counterpart(s->next, s) != NULL;
      for (const struct branch *other = branches; other && sound; other = other->next)
        if (twice || !counterpart(other->body, s) || !same_outputs(counterpart(other->body, s), s))
          sound = error_unlike(c, s);
    }
  return sound;
}

static const struct branch *branches_of(struct checker *c, const struct statement *whole, bool *sound) {
  struct branch *first = NULL, **last = &first;
  const struct statement *bodies[2] = {whole->body, whole->otherwise};
  for (size_t k = 0; whole->kind == STATEMENT_IF && k < 2; k++, last = &(*last)->next) {
    *last = floe__arena_alloc(c->arena, sizeof **last);
    **last = (struct branch){NULL, branches_merged(c, bodies[k], true, sound), NULL};
  }
  for (const struct option *o = whole->options; o && whole->kind == STATEMENT_CHOOSE; o = o->next) {
    *last = floe__arena_alloc(c->arena, sizeof **last);
    **last = (struct branch){o, branches_merged(c, o->body, true, sound), NULL};
    last = &(*last)->next;
  }
  return first;
}

const struct statement *branches_merged(struct checker *c, const struct statement *list, bool in_loop, bool *sound) {
  struct statement *first = NULL, **last = &first;
  for (; list; list = list->next) {
    bool branching = list->kind == STATEMENT_IF || (in_loop && list->kind == STATEMENT_CHOOSE);
    const struct branch *branches = branching ? branches_of(c, list, sound) : NULL;
    if (branching && (!*sound || !alike(c, branches))) *sound = false;
    if (branching && !*sound) continue;
    for (const struct statement *s = branching && branches ? branches->body : list; s; s = s->next) {
      *last = floe__arena_alloc(c->arena, sizeof **last);
      **last = branching && s->kind == STATEMENT_FOR ? *merged_loop(c, list, branches, s) : *s;
      if (branching && s->kind != STATEMENT_FOR) (*last)->value = merged_value(c, list, branches, s);
      for (const struct branch *b = branches; b && s->kind == STATEMENT_SAMPLE && !(*last)->otherwise; b = b->next)
        (*last)->otherwise = counterpart(b->body, s)->otherwise;
      (*last)->next = NULL;
      last = &(*last)->next;
      if (!branching) break;
    }
  }
  return first;
}

/* ---- loops over parts of an index, one behind the other ---- */

static bool is_whole_number(const struct expr *expr) {
  return expr && expr->kind == EXPR_NUMBER && expr->is_int;
}

static bool ends_at(const struct statement *s, double *last) {
  bool loop = s && s->kind == STATEMENT_FOR && s->value && s->value->kind == EXPR_RANGE;
  if (!loop || !is_whole_number(s->value->left) || !is_whole_number(s->value->right)) return false;
  *last = s->value->right->number;
  return true;
}

static bool goes_on(const struct statement *s, const struct statement *next, double last) {
  bool loop = next && next->kind == STATEMENT_FOR && next->value && next->value->kind == EXPR_RANGE;
  return loop && next->index == s->index && next->name == s->name && is_whole_number(next->value->left) &&
         next->value->left->number == last + 1;
}

/* index <= last */
static struct expr *not_after(struct checker *c, const struct statement *s, double last) {
  struct expr *parts = floe__arena_array(c->arena, 3, sizeof *parts);
  parts[1] = (struct expr){.kind = EXPR_NAME, .name = s->name, .span = s->value->span, .name_span = s->value->span};
  parts[2] = (struct expr){.kind = EXPR_NUMBER, .number = last, .is_int = true, .span = s->value->span};
  parts[0] =
      (struct expr){.kind = EXPR_BINARY, .op = OP_LE, .left = &parts[1], .right = &parts[2], .span = s->value->span};
  return parts;
}

static struct statement *without_end(struct checker *c, const struct statement *s) {
  struct statement *open = floe__arena_alloc(c->arena, sizeof *open);
  struct expr *range = floe__arena_alloc(c->arena, sizeof *range);
  *range = *s->value;
  range->right = NULL;
  *open = *s;
  open->value = range;
  return open;
}

const struct statement *loops_joined(struct checker *c, const struct context *at, const struct statement **s) {
  const struct statement *first = *s;
  const struct symbol *index = first->index ? scope_find(at->scope, NAMESPACE_INDEX, first->index) : NULL;
  double last;
  if (!index || !index->dimension || !ends_at(first, &last)) return first;
  if (index->dimension->low == index->dimension->high && last == (double)index->dimension->high)
    return without_end(c, first);
  if (!goes_on(first, first->next, last)) return first;
  *s = first->next;
  const struct statement *rest = loops_joined(c, at, s);
  struct statement *all = without_end(c, first), *decided = floe__arena_alloc(c->arena, sizeof *decided);
  *decided = (struct statement){.kind = STATEMENT_IF, .span = first->span, .name_span = first->name_span};
  decided->value = not_after(c, first, last);
  decided->body = first->body;
  decided->otherwise = rest->body;
  all->body = decided;
  double end;
  if (ends_at(rest, &end)) { /* still too early: the whole says so */
    struct expr *range = floe__arena_alloc(c->arena, sizeof *range);
    *range = *all->value;
    range->right = rest->value->right;
    all->value = range;
  }
  return all;
}

/* ---- loops over a part of an index, in functions and simulators ---- */

static struct expr *beside(struct checker *c, enum operator_kind op, struct span span, struct expr *left,
                           const struct expr *right) {
  struct expr *expr = expr_like(c, EXPR_BINARY, span);
  struct expr *copy = floe__arena_alloc(c->arena, sizeof *copy);
  *copy = *right;
  copy->next = NULL;
  expr->op = op;
  expr->left = left;
  expr->right = copy;
  return expr;
}

static struct expr *loop_name(struct checker *c, const struct statement *loop) {
  struct expr *name = expr_like(c, EXPR_NAME, loop->name_span);
  name->name = loop->name;
  name->name_span = loop->name_span;
  return name;
}

const struct statement *loop_over_all(struct checker *c, const struct statement *loop) {
  const struct expr *range = loop->value;
  if (!range || range->kind != EXPR_RANGE) return loop;
  struct statement *all = floe__arena_alloc(c->arena, sizeof *all), *part = floe__arena_alloc(c->arena, sizeof *part);
  *part =
      (struct statement){.kind = STATEMENT_IF, .span = loop->span, .name_span = loop->name_span, .body = loop->body};
  part->value = beside(c, OP_GE, range->span, loop_name(c, loop), range->left);
  if (range->right)
    part->value =
        beside(c, OP_AND, range->span, part->value, beside(c, OP_LE, range->span, loop_name(c, loop), range->right));
  *all = *loop;
  all->value = NULL;
  all->body = part;
  return all;
}
