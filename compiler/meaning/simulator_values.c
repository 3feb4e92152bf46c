/* Expressions inside a `sim`. Raw draws, arrays, and functions and distributions that need either are taken apart into
 * acts: an array is filled by loops into a local of its own, and what is called has its body here, its formals, definitions
 * and indices standing for locals of the simulator. */
#include <math.h>
#include <string.h>

#include "compiler/meaning/making.h"

/* What something of a called body stands for: formals, definitions, binders and array terms for a term, formal dimensions
 * for those of the caller. */
struct standing {
  const void *of;
  const struct term *term;
  const struct dimension *dimension;
  const struct standing *outer;
};

struct inlining {
  struct making *m;
  struct acts *acts;
  const struct standing *standing;
};

static const struct term *made(struct inlining *in, const struct term *term);

static const struct standing *standing_of(const struct inlining *in, const void *of) {
  const struct standing *s = in->standing;
  while (s && s->of != of) s = s->outer;
  return s;
}

static void stand(struct inlining *in, const void *of, const struct term *term, const struct dimension *dimension) {
  struct standing *standing = floe__arena_alloc(in->m->c->arena, sizeof *standing);
  *standing = (struct standing){of, term, dimension, in->standing};
  in->standing = standing;
}

static const struct dimension *dimension_here(const struct inlining *in, const struct dimension *dimension) {
  const struct standing *s = standing_of(in, dimension);
  return s ? s->dimension : dimension;
}

static const struct term *error_inside(struct inlining *in, const struct term *term) {
  struct checker *c = in->m->c;
  const bool axis = term->kind == TERM_AXIS || term->kind == TERM_AXIS_IS || term->kind == TERM_CHOOSE;
  struct diagnostic *d = diagnose(c->sink, "E2036", term->span, "a simulator sees its arguments only, not %s",
                                  axis ? floe__arena_printf(c->arena, "the axis `%s`", term->axis->name) : "this");
  d->fix = "choose what is given to the simulator, or between two simulators";
  return c->poison;
}

/* ---- copies ---- */

/* The term with other items; arrays over the dimensions that those of the body stand for. */
static struct term *copied(struct inlining *in, const struct term *term) {
  struct checker *c = in->m->c;
  struct term *copy = term_new(c, term->kind, term->span, term->n_item);
  const struct term **items = copy->items;
  const struct dimension *dims[MAX_RANK];
  *copy = *term;
  copy->items = items;
  for (size_t k = 0; k < term->type.n_dim && k < MAX_RANK; k++) dims[k] = dimension_here(in, term->type.dim[k]);
  if (term->type.n_dim) copy->type = type_array(c, term->type, term->type.n_dim, dims);
  return copy;
}

static const struct term *with_items_made(struct inlining *in, const struct term *term) {
  struct term *copy = copied(in, term);
  for (size_t k = 0; k < term->n_item; k++) {
    copy->items[k] = made(in, term->items[k]);
    if (is_poison(in->m->c, copy->items[k])) return in->m->c->poison;
  }
  return copy;
}

static const struct formal *set_local(struct inlining *in, const char *name, const struct term *value) {
  struct act *act = add_act(in->m, in->acts, ACT_SET, value->span);
  act->value = value;
  act->local = local_new(in->m, name, type_scalar(value->type.base), value->span);
  return act->local;
}

/* A number, or an element at `place`. */
static void set_element(struct making *m, struct acts *acts, const struct formal *local,
                        const struct term *const *place, const struct term *value) {
  struct act *act = add_act(m, acts, ACT_SET, value->span);
  act->local = local;
  act->value = value;
  if (!local->type.n_dim) return;
  act->place = floe__arena_array(m->c->arena, local->type.n_dim, sizeof *act->place);
  for (size_t k = 0; k < local->type.n_dim; k++) act->place[k] = place[k];
}

/* ---- what does not change from turn to turn ---- */

static bool mentions(const struct term *term, const struct list *binders) {
  if (!term) return false;
  for (size_t k = 0; k < binders->n && term->kind == TERM_BINDER; k++)
    if (binders->items[k] == term->binder) return true;
  for (size_t k = 0; k < term->n_item; k++)
    if (mentions(term->items[k], binders)) return true;
  return false;
}

/* Makes the definitions, and the arrays that functions give, on which each turn of the loops would stand. */
static void make_before(struct inlining *in, const struct term *term, struct list *loops) {
  if (!term || standing_of(in, term)) return;
  if (term->kind == TERM_DEFINITION) {
    made(in, term);
    return;
  }
  const bool array = (term->kind == TERM_CALL || term->kind == TERM_EXTERN) && term->type.n_dim;
  if (array && !has_draw(term) && !mentions(term, loops)) {
    stand(in, term, made(in, term), NULL);
    return;
  }
  const size_t n = loops->n;
  const bool opens = term->kind == TERM_MAP || term->kind == TERM_REDUCE;
  for (size_t k = 0; opens && k < term->n_binder; k++) list_add(in->m->c->arena, loops, term->binders[k]);
  for (size_t k = 0; k < term->n_item; k++) make_before(in, term->items[k], loops);
  loops->n = n;
}

static void make_before_loops(struct inlining *in, size_t n, const struct binder *const *binders,
                              const struct term *element) {
  struct list loops = {0};
  for (size_t k = 0; k < n; k++) list_add(in->m->c->arena, &loops, binders[k]);
  make_before(in, element, &loops);
}

/* ---- loops ---- */

/* Binders of the simulator's own for those of a body. */
static void bind_anew(struct inlining *inside, size_t n, const struct binder *const *binders, const struct binder **own,
                      struct span span) {
  struct checker *c = inside->m->c;
  for (size_t k = 0; k < n; k++) {
    own[k] = binder_new(c, dimension_here(inside, binders[k]->dimension), binders[k]->name);
    stand(inside, binders[k], term_binder(c, span, own[k]), NULL);
  }
}

static bool is_whole_array(size_t n, const struct binder *const *binders, const struct term *element) {
  if (element->kind != TERM_ELEMENT || element->n_item != n + 1) return false;
  for (size_t k = 0; k < n; k++) {
    const struct term *index = element->items[k + 1];
    if (index->kind != TERM_BINDER || index->binder != binders[k]) return false;
  }
  struct list list = {n, n, (void **)(uintptr_t)binders};
  return !mentions(element->items[0], &list);
}

/* Loops over so many index sets at once hold no more than an array does. */
static bool too_many_loops(const struct inlining *in, const struct term *term, size_t n) {
  if (n <= MAX_RANK) return false;
  error_limit(in->m->c, term->span, "the indices that a simulator runs over at once are", MAX_RANK);
  return true;
}

static const struct term *array_filled(struct inlining *in, const char *name, size_t n,
                                       const struct binder *const *binders, const struct term *element) {
  struct making *m = in->m;
  const struct binder *own[MAX_RANK];
  const struct dimension *dims[MAX_RANK];
  const struct term *place[MAX_RANK];
  struct act_loop loops[MAX_RANK];
  if (too_many_loops(in, element, n)) return m->c->poison;
  if (is_whole_array(n, binders, element)) return made(in, element->items[0]);
  make_before_loops(in, n, binders, element);
  struct inlining inside = *in;
  bind_anew(&inside, n, binders, own, element->span);
  for (size_t k = 0; k < n; k++) {
    dims[k] = own[k]->dimension;
    place[k] = term_binder(m->c, element->span, own[k]);
  }
  const struct formal *array =
      local_new(m, name, type_array(m->c, type_scalar(element->type.base), n, dims), element->span);
  for (size_t k = 0; k < n; k++) {
    open_loop(m, inside.acts, own[k], element->span, &loops[k]);
    inside.acts = &loops[k].body;
  }
  const struct term *value = made(&inside, element);
  if (is_poison(m->c, value)) return value;
  set_element(m, inside.acts, array, place, value);
  close_loops(loops, n);
  return formal_read(m->c, array, element->span);
}

/* ---- reductions ---- */

static const struct term *start_of(struct inlining *in, const struct term *reduction) {
  static const double starts[] = {[REDUCE_SUM] = 0,        [REDUCE_PRODUCT] = 1, [REDUCE_MAX] = -INFINITY,
                                  [REDUCE_MIN] = INFINITY, [REDUCE_ALL] = 1,     [REDUCE_ANY] = 0};
  struct term *start = (struct term *)term_number(in->m->c, reduction->span, starts[reduction->reduction]);
  start->type = type_scalar(reduction->type.base);
  return start;
}

static const struct term *joined(struct checker *c, const struct term *r, const struct term *so_far,
                                 const struct term *next) {
  static const enum operator_kind operators[] = {
      [REDUCE_SUM] = OP_ADD, [REDUCE_PRODUCT] = OP_MUL, [REDUCE_MAX] = OP_GT,
      [REDUCE_MIN] = OP_LT,  [REDUCE_ALL] = OP_AND,     [REDUCE_ANY] = OP_OR};
  const enum operator_kind op = operators[r->reduction];
  const bool picks = op == OP_GT || op == OP_LT;
  if (!picks) return term_operator(c, op, r->span, r->type.base, so_far, next);
  const struct term *kept = term_operator(c, op == OP_GT ? OP_LE : OP_GE, r->span, BASE_BOOL, next, so_far);
  const struct term *neither = term_operator(c, OP_ADD, r->span, r->type.base, so_far, next); /* one of them is NaN */
  return term_select(c, r->span, term_operator(c, op, r->span, BASE_BOOL, next, so_far), next,
                     term_select(c, r->span, kept, so_far, neither));
}

/* A reduction whose elements take acts: a loop that does them, and joins what they give to a local. */
static const struct term *reduced_by_acts(struct inlining *in, const struct term *term, const struct binder *const *own,
                                          struct acts element, const struct term *value) {
  struct making *m = in->m;
  struct act_loop loops[MAX_RANK];
  const struct term *start = start_of(in, term);
  const struct formal *total = set_local(in, floe__name_of(m->c->names, "total"), start);
  struct acts *acts = in->acts;
  for (size_t k = 0; k < term->n_binder; k++) {
    open_loop(m, acts, own[k], term->span, &loops[k]);
    acts = &loops[k].body;
  }
  *acts = element;
  struct inlining inside = {m, acts, NULL};
  if (value->kind != TERM_FORMAL)
    value = formal_read(m->c, set_local(&inside, floe__name_of(m->c->names, "part"), value), value->span);
  struct act *act = add_act(m, acts, ACT_SET, term->span);
  act->local = total;
  act->value = joined(m->c, term, formal_read(m->c, total, term->span), value);
  close_loops(loops, term->n_binder);
  return formal_read(m->c, total, term->span);
}

static const struct term *reduction_made(struct inlining *in, const struct term *term) {
  struct checker *c = in->m->c;
  const struct binder *own[MAX_RANK];
  struct acts element = {0};
  if (too_many_loops(in, term, term->n_binder)) return c->poison;
  make_before_loops(in, term->n_binder, term->binders, term->items[0]);
  struct inlining inside = *in;
  inside.acts = &element;
  bind_anew(&inside, term->n_binder, term->binders, own, term->span);
  const struct term *value = made(&inside, term->items[0]);
  if (is_poison(c, value)) return value;
  if (element.first || term->n_binder > 1 || has_reduction(value))
    return reduced_by_acts(in, term, own, element, value);
  struct term *copy = copied(in, term);
  copy->items[0] = value;
  copy->binders = floe__arena_array(c->arena, term->n_binder + 1, sizeof *copy->binders);
  for (size_t k = 0; k < term->n_binder; k++) copy->binders[k] = own[k];
  return copy;
}

/* ---- elements and operations ---- */

static const struct term *element_made(struct inlining *in, const struct term *term) {
  const struct term *array = term->items[0];
  if (array->kind != TERM_MAP || has_draw(array)) return with_items_made(in, term);
  struct inlining inside = *in; /* one element of what would be an array is that number */
  for (size_t k = 0; k < array->n_binder; k++) {
    const struct term *index = made(in, term->items[k + 1]);
    if (is_poison(in->m->c, index)) return index;
    stand(&inside, array->binders[k], index, NULL);
  }
  return made(&inside, array->items[0]);
}

/* Operations on whole arrays go element by element. */
static const struct term *operation_made(struct inlining *in, const struct term *term) {
  struct checker *c = in->m->c;
  const struct term *all = with_items_made(in, term), *array = NULL;
  const struct binder *binders[MAX_RANK];
  if (is_poison(c, all)) return all;
  for (size_t k = 0; k < all->n_item && !array; k++)
    if (all->items[k]->type.n_dim) array = all->items[k];
  if (!array) return all;
  struct term *element = copied(in, all);
  element->type = type_scalar(term->type.base);
  for (size_t d = 0; d < array->type.n_dim; d++) binders[d] = binder_new(c, array->type.dim[d], NULL);
  for (size_t k = 0; k < all->n_item; k++) {
    element->items[k] = all->items[k];
    if (!all->items[k]->type.n_dim) continue;
    struct term *one = term_new(c, TERM_ELEMENT, term->span, array->type.n_dim + 1);
    one->type = type_scalar(all->items[k]->type.base);
    one->items[0] = all->items[k];
    for (size_t d = 0; d < array->type.n_dim; d++) one->items[d + 1] = term_binder(c, term->span, binders[d]);
    element->items[k] = one;
  }
  return array_filled(in, floe__name_of(c->names, "array"), array->type.n_dim, binders, element);
}

/* ---- definitions inside of functions ---- */

static void step_made(struct inlining *in, const struct recurrence *r, size_t step, const struct term *at) {
  for (size_t k = 0; k < r->n_definition; k++) {
    const struct definition *d = r->definitions[k];
    const struct term *value = made(in, step < r->start ? d->initial[step - 1] : d->value);
    if (is_poison(in->m->c, value)) return;
    set_element(in->m, in->acts, standing_of(in, d)->term->formal, &at, value);
  }
}

/* A loop of a function's body: all that it computes, step by step. */
static void recurrence_made(struct inlining *in, const struct recurrence *r) {
  struct making *m = in->m;
  struct checker *c = m->c;
  const struct dimension *dimension = dimension_here(in, r->binder->dimension);
  struct act_loop loop;
  for (size_t k = 0; k < r->n_definition; k++) {
    const struct definition *d = r->definitions[k];
    const struct formal *array =
        local_new(m, d->name, type_array(c, type_scalar(d->type.base), 1, &dimension), d->span);
    stand(in, d, formal_read(c, array, d->span), NULL);
  }
  for (size_t k = 0; k < r->n_definition; k++) {
    for (size_t step = 1; step < r->start; step++)
      make_before_loops(in, 1, &r->binder, r->definitions[k]->initial[step - 1]);
    make_before_loops(in, 1, &r->binder, r->definitions[k]->value);
  }
  open_loop(m, in->acts, binder_new(c, dimension, r->binder->name), r->definitions[0]->span, &loop);
  const struct term *at = term_binder(c, loop.act->span, loop.act->binder);
  for (size_t step = 1; step <= r->start; step++) { /* the first ones have values of their own */
    const enum operator_kind op = step == r->start ? OP_GE : OP_EQ;
    struct act *act = add_act(m, &loop.body, ACT_IF, loop.act->span);
    struct acts then = {0};
    struct inlining inside = {m, &then, in->standing};
    act->value = term_operator(c, op, loop.act->span, BASE_BOOL, at, term_number(c, loop.act->span, (double)step));
    stand(&inside, r->binder, at, NULL);
    step_made(&inside, r, step, at);
    act->body = then.first;
  }
  close_loops(&loop, 1);
}

static const struct term *definition_made(struct inlining *in, const struct term *term) {
  struct checker *c = in->m->c;
  const struct definition *d = term->definition;
  const struct term *value;
  if (standing_of(in, d)) return standing_of(in, d)->term;
  if (d->recurrence) {
    recurrence_made(in, d->recurrence);
    return standing_of(in, d)->term;
  }
  if (d->n_binder)
    value = array_filled(in, d->name, d->n_binder, d->binders, d->value);
  else
    value = made(in, d->value);
  if (!is_poison(c, value) && !value->type.n_dim) value = formal_read(c, set_local(in, d->name, value), term->span);
  stand(in, d, value, NULL);
  return value;
}

/* ---- calls ---- */

/* Arguments get locals, once each; arrays, and what is a local already, stand for themselves. */
static bool bind(struct inlining *in, const struct formal *formal, const struct term *item, struct inlining *body) {
  struct checker *c = in->m->c;
  const struct term *value = made(in, item);
  if (is_poison(c, value)) return false;
  for (size_t k = 0; k < value->type.n_dim; k++)
    if (formal->type.dim[k]->formal) stand(body, formal->type.dim[k], NULL, value->type.dim[k]);
  if (value->kind != TERM_FORMAL && !value->type.n_dim)
    value = formal_read(c, set_local(in, formal->name, value), value->span);
  stand(body, formal, value, NULL);
  return true;
}

static const struct term *inlined_body(struct inlining *in, size_t n, const struct formal *const *formals,
                                       const struct term *const *items, const struct term *value) {
  struct inlining body = *in;
  for (size_t k = 0; k < n; k++)
    if (!bind(in, formals[k], items[k], &body)) return in->m->c->poison;
  return made(&body, value);
}

static const struct term *external_made(struct inlining *in, const struct term *term) {
  struct making *m = in->m;
  const struct term *call = with_items_made(in, term);
  const bool random = term->external->random;
  if (is_poison(m->c, call) || (!random && !term->type.n_dim)) return call;
  struct type type = type_array(m->c, type_scalar(term->type.base), call->type.n_dim, call->type.dim);
  struct act *act = add_act(m, in->acts, ACT_CALL, term->span);
  act->value = call;
  act->local = local_new(m, floe__name_of(m->c->names, random ? "draw" : term->external->name), type, term->span);
  return formal_read(m->c, act->local, term->span);
}

static const struct term *binder_made(struct inlining *in, const struct term *term) {
  const struct standing *s = standing_of(in, term->binder);
  return s ? s->term : term;
}

static const struct term *size_made(struct inlining *in, const struct term *term) {
  struct term *copy = copied(in, term);
  copy->dimension = dimension_here(in, term->dimension);
  return copy;
}

static const struct term *made(struct inlining *in, const struct term *term) {
  const char *array = floe__name_of(in->m->c->names, "array");
  const struct standing *known = standing_of(in, term);
  if (known) return known->term;
  switch (term->kind) {
    case TERM_NUMBER: return term;
    case TERM_FORMAL: known = standing_of(in, term->formal); return known ? known->term : term;
    case TERM_BINDER: return binder_made(in, term);
    case TERM_SIZE: return size_made(in, term);
    case TERM_DEFINITION: return definition_made(in, term);
    case TERM_ELEMENT: return element_made(in, term);
    case TERM_OPERATOR:
    case TERM_SELECT: return operation_made(in, term);
    case TERM_ARRAY: return with_items_made(in, term);
    case TERM_REDUCE: return reduction_made(in, term);
    case TERM_MAP: return array_filled(in, array, term->n_binder, term->binders, term->items[0]);
    case TERM_CALL:
      if (is_plain(term->function->value)) return with_items_made(in, term);
      return inlined_body(in, term->n_item, term->function->formals, term->items, term->function->value);
    case TERM_EXTERN: return external_made(in, term);
    case TERM_VARIABLE:
    case TERM_AXIS:
    case TERM_AXIS_IS:
    case TERM_CHOOSE:
    case TERM_DISTRIBUTION:
    case TERM_POWER: break;
  }
  return error_inside(in, term);
}

/* ---- statements' values ---- */

const struct term *value_made(struct making *m, struct acts *acts, const struct term *term) {
  note_term(m, term);
  return is_plain(term) ? term : made(&(struct inlining){m, acts, NULL}, term);
}

void store_value(struct making *m, struct acts *acts, const struct formal *to, size_t n,
                 const struct term *const *place, const struct term *value) {
  struct checker *c = m->c;
  struct act_loop loops[MAX_RANK];
  const struct term *all[2 * MAX_RANK];
  const size_t n_own = value->kind == TERM_ARRAY ? 0 : value->type.n_dim;
  for (size_t k = 0; k < n; k++) all[k] = place[k];
  for (size_t k = 0; value->kind == TERM_ARRAY && k < value->n_item; k++) {
    all[n] = term_number(c, value->span, (double)k + 1);
    set_element(m, acts, to, all, value->items[k]);
  }
  if (value->kind == TERM_ARRAY) return;
  if (n_own) {
    struct term *element = term_new(c, TERM_ELEMENT, value->span, n_own + 1);
    element->type = type_scalar(value->type.base);
    element->items[0] = value;
    for (size_t k = 0; k < n_own; k++) {
      const struct binder *binder = binder_new(c, value->type.dim[k], NULL);
      all[n + k] = element->items[k + 1] = term_binder(c, value->span, binder);
      open_loop(m, acts, binder, value->span, &loops[k]);
      acts = &loops[k].body;
    }
    value = element;
  }
  set_element(m, acts, to, all, value);
  close_loops(loops, n_own);
}

const struct term *drawn_from(struct making *m, struct acts *acts, const struct term *distribution,
                              const struct dimension *const *dim) {
  struct inlining in = {m, acts, NULL};
  const struct distribution *d = distribution->distribution;
  for (size_t k = 0; k < d->n_formal; k++) note_term(m, distribution->items[k]);
  struct inlining body = in;
  for (size_t k = 0; k < d->support.n_dim; k++)
    if (d->support.dim[k]->formal && dim) stand(&body, d->support.dim[k], NULL, dim[k]);
  return inlined_body(&body, d->n_formal, d->formals, distribution->items, d->sample);
}
