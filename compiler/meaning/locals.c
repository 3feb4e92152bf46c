/* var x = e, x := e, `if` and loops inside functions. A name that is assigned anew stands for its latest value; an `if` leaves
 * behind the value of the branch that holds, a loop the last element of a recurrence. */
#include "compiler/meaning/checker.h"

#include <string.h>

static void error_not_var(struct checker *c, const struct statement *s, const struct symbol *symbol) {
  struct diagnostic *d = diagnose(c->sink, "E4034", s->name_span, "`%s` is no `var`, and keeps its value", s->name);
  d->fix = floe__arena_printf(c->arena, "begin with `var %s = ...`", s->name);
  d->related = symbol->span;
  d->related_message = "it is defined here";
}

/* An array that changes stands in a `sim`. */
static bool is_array(struct checker *c, const struct statement *s) {
  if (!s->indices) return false;
  diagnose(c->sink, "E4016", s->name_span, "inside a function the elements of `%s` cannot change", s->name)->fix =
      "define the array at once: x[i] = ..., or use a `var` for one number";
  return true;
}

/* The local to be assigned; NULL: reported. */
static struct symbol *assigned(struct checker *c, const struct context *at, const struct statement *s) {
  if (is_array(c, s)) return NULL;
  struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, s->name);
  if (!symbol) error_unknown(c, at->scope, NAMESPACE_VALUE, s->name, s->name_span);
  if (!symbol || symbol->kind == SYMBOL_POISON) return NULL;
  if (symbol->assignable) return symbol;
  error_not_var(c, s, symbol);
  return NULL;
}

static const struct term *local_value(struct checker *c, const struct context *at, const struct statement *s) {
  const struct term *value = as_number(c, definition_value(c, at, s->value));
  return is_poison(c, value) || !term_shareable(c, value, s->span) ? c->poison : value;
}

/* A value under a name of its own, so that it is computed once however often it is read. */
static const struct term *named(struct checker *c, const char *name, const struct term *value) {
  struct definition *d = floe__arena_alloc(c->arena, sizeof *d);
  struct term *term = term_new(c, TERM_DEFINITION, value->span, 0);
  if (is_poison(c, value) || !function_inlineable(c, d, value, value->span)) return c->poison;
  *d = (struct definition){.name = name, .span = value->span, .value = value, .type = value->type};
  term->definition = d;
  term->type = value->type;
  return term;
}

static bool add_local(struct checker *c, const struct context *at, const struct statement *s, const struct term *value,
                      bool assignable) {
  bool sound = !is_poison(c, value);
  struct symbol *symbol =
      scope_add(c, at->scope, sound ? SYMBOL_TERM : SYMBOL_POISON, s->name, s->name_span, at->presence);
  if (!symbol) return false;
  symbol->term = value;
  symbol->local = true;
  symbol->assignable = assignable && sound;
  return sound;
}

static void check_var(struct checker *c, const struct context *at, const struct statement *s) {
  add_local(c, at, s, is_array(c, s) ? c->poison : named(c, s->name, local_value(c, at, s)), true);
}

static void check_assign(struct checker *c, const struct context *at, const struct statement *s) {
  struct symbol *symbol = assigned(c, at, s);
  const struct term *value = local_value(c, at, s);
  if (!symbol) return;
  symbol->term = named(c, s->name, value);
  if (is_poison(c, symbol->term)) symbol->kind = SYMBOL_POISON;
}

/* ---- what a block assigns ---- */

static bool error_in_block(struct checker *c, const struct statement *s, bool in_loop) {
  if (s->kind == STATEMENT_ERROR) return false;
  diagnose(c->sink, "E1015", s->span, "this statement cannot stand in %s inside a function",
           in_loop ? "a loop" : "an `if`")
      ->fix = in_loop ? "a loop holds `x = e`, `x := e` and `if`" : "an `if` holds `x = e`, `x := e`, `if` and loops";
  return false;
}

/* Adds the locals that the statements assign: struct symbol *. False: reported. */
static bool find_locals(struct checker *c, const struct context *at, const struct statement *list, bool in_loop,
                        struct list *locals) {
  for (const struct statement *s = list; s; s = s->next) {
    bool block = s->kind == STATEMENT_IF || (s->kind == STATEMENT_FOR && !in_loop);
    bool known = block || s->kind == STATEMENT_ASSIGN || (s->kind == STATEMENT_DEFINE && !s->indices);
    if (!known) return error_in_block(c, s, in_loop);
    if (block && !find_locals(c, at, s->body, in_loop || s->kind == STATEMENT_FOR, locals)) return false;
    if (block && !find_locals(c, at, s->otherwise, in_loop, locals)) return false;
    if (s->kind != STATEMENT_ASSIGN) continue;
    struct symbol *symbol = assigned(c, at, s);
    if (!symbol) return false;
    bool listed = false;
    for (size_t k = 0; k < locals->n; k++) listed = listed || locals->items[k] == symbol;
    if (!listed) list_add(c->arena, locals, symbol);
  }
  return true;
}

static bool run_nested(struct checker *c, const struct context *at, const struct statement *s);

/* The statements once, from the values that the locals have now. */
static bool run_block(struct checker *c, const struct context *at, const struct statement *list) {
  struct context inner = *at;
  bool sound = true;
  inner.scope = scope_new(c, at->scope, 16);
  for (const struct statement *s = list; s && sound; s = s->next) {
    bool block = s->kind == STATEMENT_IF || s->kind == STATEMENT_FOR;
    if (block) sound = run_nested(c, &inner, s);
    if (block) continue;
    const struct term *value = local_value(c, &inner, s);
    sound = !is_poison(c, value);
    if (sound && s->kind == STATEMENT_DEFINE) sound = add_local(c, &inner, s, value, false);
    if (sound && s->kind == STATEMENT_ASSIGN) scope_find(at->scope, NAMESPACE_VALUE, s->name)->term = value;
  }
  return sound;
}

static void give_up(const struct list *locals) {
  for (size_t k = 0; k < locals->n; k++) ((struct symbol *)locals->items[k])->kind = SYMBOL_POISON;
}

/* ---- if ---- */

static const struct term **values_of(struct checker *c, const struct list *locals) {
  const struct term **values = floe__arena_array(c->arena, locals->n + 1, sizeof *values);
  for (size_t k = 0; k < locals->n; k++) values[k] = ((const struct symbol *)locals->items[k])->term;
  return values;
}

static void give_values(const struct list *locals, const struct term *const *values) {
  for (size_t k = 0; k < locals->n; k++) ((struct symbol *)locals->items[k])->term = values[k];
}

static bool run_if(struct checker *c, const struct context *at, const struct statement *s, const struct list *locals) {
  const struct term *condition = condition_of(c, at, s->value);
  const struct term **before = values_of(c, locals);
  if (is_poison(c, condition) || !run_block(c, at, s->body)) return false;
  const struct term **then = values_of(c, locals);
  give_values(locals, before);
  if (!run_block(c, at, s->otherwise)) return false;
  for (size_t k = 0; k < locals->n; k++) {
    struct symbol *local = locals->items[k];
    const struct term *value = then[k] == local->term ? then[k] : term_select(c, s->span, condition, then[k], local->term);
    if (!term_shareable(c, value, s->span)) return false;
    local->term = value;
  }
  return true;
}

/* ---- loops ---- */

struct local_loop {
  const struct statement *statement;
  struct binder *binder;
  struct list locals; /* struct symbol *: those that it assigns */
};

static const struct term *element_of_local(struct checker *c, const struct definition *d, const struct term *index) {
  struct term *whole = term_new(c, TERM_DEFINITION, d->span, 0), *element = term_new(c, TERM_ELEMENT, d->span, 2);
  whole->definition = d;
  whole->type = d->type;
  element->items[0] = whole;
  element->items[1] = index;
  element->type = type_scalar(d->type.base);
  return element;
}

static struct definition *state_new(struct checker *c, const struct local_loop *loop, const struct symbol *local,
                                    const struct recurrence *recurrence) {
  struct definition *d = floe__arena_alloc(c->arena, sizeof *d);
  *d = (struct definition){.name = local->name, .span = local->span, .n_binder = 1, .recurrence = recurrence};
  d->binders = floe__arena_array(c->arena, 1, sizeof *d->binders);
  d->binders[0] = loop->binder;
  d->initial = floe__arena_array(c->arena, 1, sizeof *d->initial);
  d->type = type_array(c, type_scalar(BASE_REAL), 1, &loop->binder->dimension);
  return d;
}

/* The first run of the body makes element 1, the others the element after the one before. */
static bool run_loop(struct checker *c, const struct context *at, const struct local_loop *loop) {
  size_t n = loop->locals.n;
  struct recurrence *recurrence = floe__arena_alloc(c->arena, sizeof *recurrence);
  struct definition **states = floe__arena_array(c->arena, n + 1, sizeof *states);
  struct span span = loop->statement->span;
  const struct term *binder = term_binder(c, span, loop->binder), *one = term_number(c, span, 1);
  struct term *size = term_new(c, TERM_SIZE, span, 0);
  *recurrence = (struct recurrence){
      .binder = loop->binder, .start = 2, .n_definition = n, .definitions = (const struct definition **)states};
  size->dimension = loop->binder->dimension;
  size->type = type_scalar(BASE_INT);
  struct context inner = *at;
  inner.bound = bound_new(c, loop->statement->name, loop->binder, at->bound);
  if (!run_block(c, &inner, loop->statement->body)) return false;
  for (size_t k = 0; k < n; k++) {
    struct symbol *local = loop->locals.items[k];
    states[k] = state_new(c, loop, local, recurrence);
    states[k]->initial[0] = local->term;
    local->term = element_of_local(c, states[k], term_operator(c, OP_SUB, span, BASE_INT, binder, one));
  }
  if (!run_block(c, &inner, loop->statement->body)) return false;
  for (size_t k = 0; k < n; k++) {
    struct symbol *local = loop->locals.items[k];
    states[k]->value = local->term;
    if (!function_inlineable(c, states[k], local->term, span)) return false;
    local->term = element_of_local(c, states[k], size);
  }
  return true;
}

static bool run_over(struct checker *c, const struct context *at, const struct statement *s, struct list *locals) {
  const struct dimension *dimension = dimension_named(c, at, s->index, s->name_span);
  if (!dimension) return false;
  if (s->value) {
    diagnose(c->sink, "E2031", s->value->span, "a loop runs over all of an index, or a part of it")->fix =
        "for example: for i in k[2..]";
    return false;
  }
  struct local_loop loop = {.statement = s, .binder = binder_new(c, dimension, s->name), .locals = *locals};
  return run_loop(c, at, &loop);
}

static bool run_nested(struct checker *c, const struct context *at, const struct statement *s) {
  struct list locals = {0};
  bool loop = s->kind == STATEMENT_FOR;
  if (loop) s = loop_over_all(c, s);
  bool sound = find_locals(c, at, s->body, loop, &locals) && find_locals(c, at, s->otherwise, loop, &locals) &&
               (loop ? run_over(c, at, s, &locals) : run_if(c, at, s, &locals));
  if (!sound) give_up(&locals);
  return sound;
}

void check_local(struct checker *c, const struct context *at, const struct statement *s) {
  if (s->kind == STATEMENT_VAR)
    check_var(c, at, s);
  else if (s->kind == STATEMENT_ASSIGN)
    check_assign(c, at, s);
  else if (s->kind == STATEMENT_FOR || s->kind == STATEMENT_IF)
    run_nested(c, at, s);
}
