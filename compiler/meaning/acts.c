/* What the body of a `sim` comes to: acts, their locals, and the terms that can stand in them. */
#include "compiler/meaning/making.h"

enum { MAX_LOCALS = 500 };

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

/* ---- loops ---- */

void open_loop(struct making *m, struct acts *acts, const struct binder *binder, struct span span, struct act_loop *loop) {
  const char *name = binder->name ? binder->name : floe__name_of(m->c->names, "element");
  *loop = (struct act_loop){.act = add_act(m, acts, ACT_FOR, span)};
  loop->act->binder = binder;
  loop->act->local = local_new(m, name, type_scalar(BASE_INT), span);
  require_size(m, binder->dimension, span);
}

void close_loops(struct act_loop *loops, size_t n) {
  for (size_t k = 0; k < n; k++) loops[k].act->body = loops[k].body.first;
}

/* ---- terms ---- */

static bool items_are_plain(const struct term *term) {
  const bool arrays = term->kind == TERM_CALL || term->kind == TERM_EXTERN || term->kind == TERM_ELEMENT;
  for (size_t k = 0; k < term->n_item; k++) {
    const struct term *item = term->items[k];
    const bool whole = item->kind == TERM_FORMAL || item->kind == TERM_ARRAY;
    if (item->type.n_dim && !(arrays && whole)) return false;
    if (item->kind != TERM_FORMAL && !(item->kind == TERM_ARRAY ? items_are_plain(item) : is_plain(item))) return false;
  }
  return true;
}

bool has_reduction(const struct term *term) {
  if (!term) return false;
  if (term->kind == TERM_REDUCE) return true;
  if (term->kind == TERM_DEFINITION) return has_reduction(term->definition->value);
  if (term->kind == TERM_CALL && has_reduction(term->function->value)) return true;
  for (size_t k = 0; k < term->n_item; k++)
    if (has_reduction(term->items[k])) return true;
  return false;
}

bool is_plain(const struct term *term) {
  if (!term) return true;
  if (term->type.n_dim) return false;
  switch (term->kind) {
    case TERM_NUMBER:
    case TERM_FORMAL:
    case TERM_BINDER:
    case TERM_SIZE: return true;
    case TERM_DEFINITION: return !term->definition->recurrence && is_plain(term->definition->value);
    case TERM_CALL: return is_plain(term->function->value) && items_are_plain(term);
    case TERM_EXTERN: return !term->external->random && items_are_plain(term);
    case TERM_ELEMENT:
    case TERM_OPERATOR:
    case TERM_SELECT:
    case TERM_ARRAY: return items_are_plain(term);
    case TERM_REDUCE: return term->n_binder == 1 && !has_reduction(term->items[0]) && items_are_plain(term);
    case TERM_VARIABLE:
    case TERM_AXIS:
    case TERM_AXIS_IS:
    case TERM_MAP:
    case TERM_CHOOSE:
    case TERM_DISTRIBUTION:
    case TERM_POWER: break;
  }
  return false;
}

bool has_draw(const struct term *term) {
  if (!term) return false;
  if (term->kind == TERM_EXTERN && term->external->random) return true;
  if (term->kind == TERM_DEFINITION && has_draw(term->definition->value)) return true;
  for (size_t k = 0; k < term->n_item; k++)
    if (has_draw(term->items[k])) return true;
  return false;
}

/* ---- sizes ---- */

void require_size(struct making *m, const struct dimension *dimension, struct span span) {
  if (dimension->formal || dimension->low == dimension->high) return;
  m->sound = false;
  diagnose(m->c->sink, "E2036", span, "a simulator does not see how large the index `%s` is", dimension->name)->fix =
      floe__arena_printf(m->c->arena, "give it an array over the index: sim f(x[%s], ...)", dimension->name);
}

static void check_sizes(void *context, const struct term *term) {
  struct making *m = context;
  if (term->kind == TERM_SIZE) require_size(m, term->dimension, term->span);
  for (size_t k = 0; k < term->n_binder; k++) require_size(m, term->binders[k]->dimension, term->span);
}

void note_term(struct making *m, const struct term *term) {
  list_add(m->c->arena, &m->terms, term);
  visit_terms(term, check_sizes, m);
}
