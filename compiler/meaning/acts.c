/* Expressions inside a `sim`: raw draws, and draws from distributions, become acts of their own. */
#include "compiler/meaning/making.h"

enum { MAX_LOCALS = 500 };

static const struct term *error_inside(struct checker *c, struct span span) {
  error_absent(c, span, "an array made inside a `sim`, or a choice by an axis, is")->fix =
      "make it outside, and give it to the simulator as an argument";
  return c->poison;
}

struct act *add_act(struct making *m, struct acts *acts, enum act_kind kind, struct span span) {
  struct act *act = floe__arena_alloc(m->c->arena, sizeof *act);
  *act = (struct act){.kind = kind, .id = m->simulator->n_act++, .span = span};
  if (!acts->first)
    acts->first = act;
  else
    *acts->last = act;
  acts->last = (struct act **)(uintptr_t)&act->next;
  return act;
}

const struct formal *local_new(struct making *m, const char *name, struct type type, struct span span) {
  struct formal *formal = floe__arena_alloc(m->c->arena, sizeof *formal);
  *formal = (struct formal){name, type};
  if (m->locals.n == MAX_LOCALS) {
    if (m->sound) diagnose(m->c->sink, "E9004", span, "a simulator has more than %d locals", MAX_LOCALS);
    m->sound = false;
    return formal;
  }
  list_add(m->c->arena, &m->locals, formal);
  return formal;
}

const struct term *formal_read(struct checker *c, const struct formal *formal, struct span span) {
  struct term *term = term_new(c, TERM_FORMAL, span, 0);
  term->formal = formal;
  term->type = formal->type;
  term->type.low = term->type.high = NULL;
  return term;
}

/* ---- expressions ---- */

/* Whether a term without draws can be computed number by number: what it calls included. */
static bool is_plain(const struct term *term) {
  if (!term) return true;
  switch (term->kind) {
    case TERM_NUMBER:
    case TERM_FORMAL:
    case TERM_BINDER:
    case TERM_SIZE: return true;
    case TERM_DEFINITION:
      return !term->definition->n_binder && !term->definition->recurrence && is_plain(term->definition->value);
    case TERM_CALL:
      if (term->type.n_dim || !is_plain(term->function->value)) return false;
      break;
    case TERM_EXTERN:
      if (term->type.n_dim || term->external->random) return false;
      break;
    case TERM_ELEMENT:
    case TERM_OPERATOR:
    case TERM_SELECT:
    case TERM_ARRAY:
    case TERM_REDUCE: break;
    case TERM_VARIABLE:
    case TERM_AXIS:
    case TERM_AXIS_IS:
    case TERM_MAP:
    case TERM_CHOOSE:
    case TERM_DISTRIBUTION:
    case TERM_POWER: return false;
  }
  bool arrays = term->kind == TERM_CALL || term->kind == TERM_EXTERN || term->kind == TERM_ELEMENT;
  for (size_t k = 0; k < term->n_item; k++) {
    const struct term *item = term->items[k];
    bool whole = item->kind == TERM_FORMAL || item->kind == TERM_ARRAY;
    if (item->type.n_dim && !(arrays && whole)) return false;
    if (!is_plain(item)) return false;
  }
  return true;
}

static bool has_draw(const struct term *term) {
  if (term->kind == TERM_EXTERN && term->external->random) return true;
  for (size_t k = 0; k < term->n_item; k++)
    if (term->items[k] && has_draw(term->items[k])) return true;
  return false;
}

const struct term *without_draws(struct making *m, struct acts *acts, const struct term *term) {
  struct checker *c = m->c;
  if (!has_draw(term)) return is_plain(term) ? term : error_inside(c, term->span);
  if (term->kind == TERM_REDUCE || term->kind == TERM_MAP) {
    error_absent(c, term->span, "a raw draw inside a reduction or an array is")->fix = "draw in a loop: for i in k { ... }";
    return c->poison;
  }
  struct term *copy = term_new(c, term->kind, term->span, term->n_item);
  const struct term **items = copy->items;
  *copy = *term;
  copy->items = items;
  for (size_t k = 0; k < term->n_item; k++) {
    copy->items[k] = without_draws(m, acts, term->items[k]);
    if (is_poison(c, copy->items[k])) return c->poison;
  }
  bool draws = term->kind == TERM_EXTERN && term->external->random;
  for (size_t k = 0; draws && k < term->n_item; k++)
    if (copy->items[k]->type.n_dim && copy->items[k]->kind != TERM_FORMAL && copy->items[k]->kind != TERM_ARRAY)
      return error_inside(c, term->span);
  if (!draws) return is_plain(copy) ? copy : error_inside(c, term->span);
  struct act *draw = add_act(m, acts, ACT_DRAW, term->span);
  draw->value = copy;
  draw->local = local_new(m, floe__name_of(c->names, "draw"), type_scalar(term->type.base), term->span);
  return formal_read(c, draw->local, term->span);
}

/* ---- draws from distributions ---- */

/* What formals and definitions of a `sample` stand for: locals of the simulator. */
struct standing {
  const void *of;
  const struct formal *local;
  const struct standing *outer;
};

struct inlining {
  struct making *m;
  struct acts *acts;
  const struct standing *standing;
};

static bool draws_within(const struct term *term) {
  if (!term) return false;
  if (term->kind == TERM_EXTERN && term->external->random) return true;
  if (term->kind == TERM_CALL && draws_within(term->function->value)) return true;
  if (term->kind == TERM_DEFINITION && draws_within(term->definition->value)) return true;
  for (size_t k = 0; k < term->n_item; k++)
    if (draws_within(term->items[k])) return true;
  return false;
}

static void stand_for(struct inlining *in, const void *of, const struct formal *local) {
  struct standing *standing = floe__arena_alloc(in->m->c->arena, sizeof *standing);
  *standing = (struct standing){of, local, in->standing};
  in->standing = standing;
}

static const struct formal *set_local(struct inlining *in, const char *name, const struct term *value) {
  struct act *act = add_act(in->m, in->acts, ACT_SET, value->span);
  act->value = value;
  act->local = local_new(in->m, name, type_scalar(value->type.base), value->span);
  return act->local;
}

static const struct term *inlined(struct inlining *in, const struct term *term);

static const struct term *read_standing(struct inlining *in, const void *of, const struct term *term) {
  for (const struct standing *s = in->standing; s; s = s->outer)
    if (s->of == of) return formal_read(in->m->c, s->local, term->span);
  return NULL;
}

static const struct term *inlined_definition(struct inlining *in, const struct term *term) {
  struct checker *c = in->m->c;
  const struct definition *d = term->definition;
  const struct term *known = read_standing(in, d, term);
  if (known) return known;
  if (d->n_binder || d->recurrence) return error_inside(c, term->span);
  const struct term *value = inlined(in, d->value);
  if (is_poison(c, value)) return value;
  stand_for(in, d, set_local(in, d->name, value));
  return read_standing(in, d, term);
}

/* Arguments get locals, once each; arrays stand for themselves. */
static bool bind(struct inlining *in, const struct formal *formal, const struct term *item, struct inlining *body) {
  const struct term *value = inlined(in, item);
  if (is_poison(in->m->c, value)) return false;
  if (value->kind == TERM_FORMAL)
    stand_for(body, formal, value->formal);
  else if (value->type.n_dim == 0)
    stand_for(body, formal, set_local(in, formal->name, value));
  else
    return error_inside(in->m->c, item->span), false;
  return true;
}

static const struct term *inlined_body(struct inlining *in, size_t n, const struct formal *const *formals,
                                       const struct term *const *items, const struct term *value) {
  struct inlining body = *in;
  for (size_t k = 0; k < n; k++)
    if (!bind(in, formals[k], items[k], &body)) return in->m->c->poison;
  return inlined(&body, value);
}

static const struct term *inlined(struct inlining *in, const struct term *term) {
  struct checker *c = in->m->c;
  if (term->kind == TERM_FORMAL) {
    const struct term *known = read_standing(in, term->formal, term);
    return known ? known : term;
  }
  if (term->kind == TERM_DEFINITION) return inlined_definition(in, term);
  if (term->kind == TERM_CALL && draws_within(term))
    return inlined_body(in, term->n_item, term->function->formals, term->items, term->function->value);
  struct term *copy = term_new(c, term->kind, term->span, term->n_item);
  const struct term **items = copy->items;
  *copy = *term;
  copy->items = items;
  for (size_t k = 0; k < term->n_item; k++) {
    items[k] = term->items[k] ? inlined(in, term->items[k]) : NULL;
    if (items[k] && is_poison(c, items[k])) return c->poison;
  }
  bool draws = term->kind == TERM_EXTERN && term->external->random;
  return draws ? without_draws(in->m, in->acts, copy) : copy;
}

const struct term *drawn_from(struct making *m, struct acts *acts, const struct term *distribution) {
  struct inlining in = {m, acts, NULL};
  const struct distribution *d = distribution->distribution;
  const struct term *drawn = inlined_body(&in, d->n_formal, d->formals, distribution->items, d->sample);
  return is_poison(m->c, drawn) ? drawn : without_draws(m, acts, drawn);
}
