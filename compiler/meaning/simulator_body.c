/* The statements of a `sim`. What stands on the left is a number, or an array: whole, element by element (`x[i] = e` for
 * each i), or one element of it; what is drawn jointly has the last of its indices. */
#include <string.h>

#include "compiler/meaning/making.h"
#include "compiler/meaning/modified.h"

#define USUAL_LIMIT 100000 /* of a `while` that states none */

/* ---- which variables stay whole numbers ---- */

/* By the text alone, since assignments behind count too. `open` holds names that are assumed to stay whole meanwhile. */
struct whole_walk {
  struct making *m;
  const struct context *at;
  const char *open[8];
  size_t n_open;
};

static bool stays_whole(struct whole_walk *w, const char *name);

/* What the body says the name is; a loop's first. */
static const struct statement *local_named(const struct statement *list, const char *name) {
  const struct statement *found = NULL;
  for (const struct statement *s = list; s && !found; s = s->next) {
    bool local = s->kind == STATEMENT_FOR || s->kind == STATEMENT_VAR || s->kind == STATEMENT_DEFINE ||
                 s->kind == STATEMENT_SAMPLE;
    if (local && s->name == name) return s;
    found = local_named(s->body, name);
    if (!found) found = local_named(s->otherwise, name);
  }
  return found;
}

/* A distribution of whole numbers, or a draw of one. */
static bool gives_whole(const struct whole_walk *w, const struct expr *call) {
  if (call->kind != EXPR_CALL) return false;
  const struct symbol *symbol = scope_find(w->at->scope, NAMESPACE_CALLABLE, call->name);
  if (symbol && symbol->kind == SYMBOL_DISTRIBUTION) return symbol->distribution->support.base != BASE_REAL;
  return symbol && symbol->kind == SYMBOL_EXTERN && symbol->external->type.base != BASE_REAL;
}

static bool is_whole_name(struct whole_walk *w, const char *name) {
  for (size_t k = 0; k < w->n_open; k++)
    if (w->open[k] == name) return true;
  const struct symbol *symbol = scope_find(w->at->scope, NAMESPACE_VALUE, name);
  if (symbol && symbol->kind == SYMBOL_FORMAL && !symbol->assignable)
    return symbol->formal->type.base == BASE_INT || symbol->formal->type.base == BASE_CODE;
  const struct statement *local = local_named(w->m->statement->body, name);
  if (local && local->kind == STATEMENT_SAMPLE) return gives_whole(w, local->value);
  return local && (local->kind == STATEMENT_FOR || stays_whole(w, name));
}

static bool is_whole_text(struct whole_walk *w, const struct expr *e) {
  static const char *const whole[] = {"floor", "ceil", "round", "size", "argmax", "argmin"};
  bool sum = e->op == OP_ADD || e->op == OP_SUB || e->op == OP_MUL;
  switch (e->kind) {
    case EXPR_NUMBER: return e->is_int;
    case EXPR_NAME: return is_whole_name(w, e->name);
    case EXPR_UNARY: return e->op == OP_NEG && is_whole_text(w, e->left);
    case EXPR_BINARY: return sum && is_whole_text(w, e->left) && is_whole_text(w, e->right);
    case EXPR_IF: return is_whole_text(w, e->left) && is_whole_text(w, e->right);
    case EXPR_CALL:
      for (size_t k = 0; k < sizeof whole / sizeof *whole; k++)
        if (strcmp(e->name, whole[k]) == 0) return true;
      return gives_whole(w, e);
    case EXPR_INDEX: return e->left->kind == EXPR_NAME && is_whole_name(w, e->left->name);
    case EXPR_RANGE:
    case EXPR_TUPLE:
    case EXPR_ARRAY:
    case EXPR_CHOOSE:
    case EXPR_ON:
    case EXPR_WITHIN:
    case EXPR_ERROR: break;
  }
  return false;
}

/* All that is ever given to a local of the name. */
static bool all_whole(struct whole_walk *w, const char *name, const struct statement *list) {
  for (const struct statement *s = list; s; s = s->next) {
    bool sets = s->kind == STATEMENT_ASSIGN || s->kind == STATEMENT_VAR || s->kind == STATEMENT_DEFINE;
    if (sets && s->name == name && !is_whole_text(w, s->value)) return false;
    if (!all_whole(w, name, s->body) || !all_whole(w, name, s->otherwise)) return false;
  }
  return true;
}

static bool stays_whole(struct whole_walk *w, const char *name) {
  if (w->n_open == sizeof w->open / sizeof *w->open) return false;
  w->open[w->n_open++] = name;
  bool whole = all_whole(w, name, w->m->statement->body);
  w->n_open--;
  return whole;
}

/* ---- values ---- */

/* A number; where arrays stand whose indices nothing binds, an array over these. */
static const struct term *text_of(struct making *m, const struct context *at, const struct expr *expr, bool array) {
  struct checker *c = m->c;
  struct opened opened = {.n = 0};
  struct context inner = *at;
  if (array) inner.opened = &opened;
  const struct term *term = scalar_of(c, &inner, expr);
  if (!is_poison(c, term) && !extents_fit(c, &opened)) term = c->poison;
  if (!is_poison(c, term)) term = term_map(c, expr->span, opened.n, opened.binders, term);
  if (is_poison(c, term) || term->type.base != BASE_DISTRIBUTION) return term;
  diagnose(c->sink, "E2017", expr->span, "a distribution is no value: a simulator draws raw numbers")->fix =
      "draw from it: `x ~ ...`";
  return c->poison;
}

static const struct term *number_made(struct making *m, const struct context *at, struct acts *acts,
                                      const struct expr *expr, bool condition) {
  struct checker *c = m->c;
  const struct term *term = condition ? condition_of(c, at, expr) : text_of(m, at, expr, false);
  if (!is_poison(c, term)) term = value_made(m, acts, term);
  if (is_poison(c, term)) m->sound = false;
  return term;
}

/* ---- the left side ---- */

/* What a statement gives a value: `n` indices that loops or numbers stand for, and then those of the value itself. */
struct left {
  const struct statement *s;
  const struct formal *local; /* NULL: a new one */
  bool keeps;                 /* it keeps its value: not `var` */
  size_t n, n_loop, n_before; /* n_before: the locals that there were */
  const struct term *place[MAX_RANK];
  const struct dimension *dim[MAX_RANK];
  struct act_loop loops[MAX_RANK];
  struct acts *acts; /* within the loops */
  struct context at;
};

static void error_left(struct making *m, struct span span, const char *problem, const char *fix) {
  diagnose(m->c->sink, "E4016", span, "%s", problem)->fix = fix;
  m->sound = false;
}

/* The index set that an index on the left runs over; NULL: it is one element. */
static const struct dimension *runs_over(struct making *m, const struct left *left, const struct expr *item) {
  const bool alias = item->kind == EXPR_WITHIN && item->left->kind == EXPR_NAME && item->right->kind == EXPR_NAME;
  if (alias) return dimension_named(m->c, &left->at, item->right->name, item->right->span);
  if (item->kind != EXPR_NAME || bound_find(left->at.bound, item->name)) return NULL;
  if (left->local && scope_find(left->at.scope, NAMESPACE_VALUE, item->name)) return NULL;
  const struct symbol *symbol = scope_find(left->at.scope, NAMESPACE_INDEX, item->name);
  return symbol ? symbol->dimension : NULL;
}

static bool open_index(struct making *m, struct left *left, const struct expr *item) {
  struct checker *c = m->c;
  const struct dimension *own = left->local ? left->local->type.dim[left->n] : NULL;
  const struct dimension *over = runs_over(m, left, item);
  if (over && own && !dimension_same(over, own)) {
    diagnose(c->sink, "E2011", item->span, "an index over %s stands where one over %s is declared", over->name, own->name)
        ->fix = "write the indices of its declaration";
    return false;
  }
  if (over) {
    const char *name = item->kind == EXPR_WITHIN ? item->left->name : item->name;
    struct act_loop *loop = &left->loops[left->n_loop++];
    const struct binder *binder = binder_new(c, over, name);
    open_loop(m, left->acts, binder, item->span, loop);
    left->acts = &loop->body;
    left->at.bound = bound_new(c, name, binder, left->at.bound);
    left->dim[left->n] = over;
    left->place[left->n++] = term_binder(c, item->span, binder);
    return true;
  }
  if (!own) {
    error_left(m, item->span, floe__arena_printf(c->arena, "`%s` is no array yet", left->s->name),
               floe__arena_printf(c->arena, "begin with all of it: var %s[i] = ...", left->s->name));
    return false;
  }
  const struct term *index = explicit_index(c, &left->at, item, own);
  if (!is_poison(c, index)) index = value_made(m, left->acts, index);
  left->dim[left->n] = own;
  left->place[left->n++] = index;
  if (is_poison(c, index)) return false;
  if (index->kind != TERM_NUMBER || (index->number >= 1 && index->number <= (double)own->high)) return true;
  diagnose(c->sink, "E2035", item->span, "%s has no element %g", own->name, index->number)->fix = "indices start at 1";
  return false;
}

/* Opens the statement's indices but the last `n_own`, which are those of the value. False: reported. */
static bool open_left(struct making *m, const struct context *at, struct acts *acts, const struct statement *s,
                      const struct formal *local, size_t n_own, struct left *left) {
  const size_t n = n_indices(s), rank = local ? local->type.n_dim : n;
  *left = (struct left){.s = s, .local = local, .keeps = true, .n_before = m->locals.n, .acts = acts, .at = *at};
  const bool whole = n == 0 && (!local || n_own <= rank);
  if (n > MAX_RANK) {
    error_limit(m->c, s->name_span, "the indices of an array are", MAX_RANK);
    return m->sound = false;
  }
  if (!whole && (n != rank || n < n_own)) {
    error_left(m, s->name_span,
               floe__arena_printf(m->c->arena, "`%s` has %zu %s here, not %zu", s->name, n,
                                  n == 1 ? "index" : "indices", rank < n_own ? n_own : rank),
               "name an index for each of its dimensions");
    return false;
  }
  const struct expr *item = s->indices;
  for (size_t k = n_own; k < n; k++, item = item->next)
    if (!open_index(m, left, item)) return m->sound = false;
  return true;
}

/* ---- what it is given ---- */

static bool kind_fits(const struct formal *output, const struct term *value) {
  enum base base = output->type.base;
  if (base == BASE_REAL) return true;
  return base == BASE_BOOL ? value->type.base == BASE_BOOL : is_whole(value);
}

static void check_output(struct making *m, const struct left *left, const struct term *value) {
  struct checker *c = m->c;
  const size_t output = output_named(m->simulator, left->local);
  if (output == m->simulator->n_output) return;
  m->assigned[output] = true;
  if (kind_fits(left->local, value)) return;
  struct diagnostic *d = diagnose(c->sink, "E2020", left->s->value ? left->s->value->span : left->s->span,
                                  "the output `%s` is %s, not %s", left->local->name,
                                  base_text(left->local->type.base), base_text(value->type.base));
  if (left->local->type.base == BASE_INT) d->fix = "use floor, ceil or round";
  m->sound = false;
}

static void add_symbol(struct making *m, const struct left *left, const struct context *at) {
  const struct statement *s = left->s;
  struct symbol *symbol = scope_add(m->c, at->scope, SYMBOL_FORMAL, s->name, s->name_span, m->c->everywhere);
  if (!symbol) {
    m->sound = false;
    return;
  }
  symbol->formal = left->local;
  symbol->local = true;
  symbol->assignable = !left->keeps;
}

static void add_poison(struct making *m, const struct context *at, const struct statement *s) {
  m->sound = false;
  if (!scope_find_here(at->scope, NAMESPACE_VALUE, s->name))
    scope_add(m->c, at->scope, SYMBOL_POISON, s->name, s->name_span, m->c->everywhere);
}

/* The indices that a value has of its own, as the statement names them. */
static bool own_indices_fit(struct making *m, const struct left *left, const struct term *value) {
  const size_t n = n_indices(left->s);
  const struct expr *item = left->s->indices;
  for (size_t k = 0; left->local && k < left->n; k++)
    if (!dimension_same(left->dim[k], left->local->type.dim[k])) {
      error_left(m, left->s->name_span, floe__arena_printf(m->c->arena, "`%s` has other indices", left->s->name),
                 "name those of its declaration");
      return false;
    }
  for (size_t k = 0; k < left->n; k++) item = item->next;
  for (size_t k = 0; k < value->type.n_dim; k++) {
    const struct dimension *drawn = value->type.dim[k];
    const struct dimension *given = left->local ? left->local->type.dim[left->n + k] : drawn;
    if (n) {
      const struct dimension *named = runs_over(m, left, item);
      if (!named || !dimension_same(named, drawn)) {
        error_left(m, item->span, floe__arena_printf(m->c->arena, "this value has the index `%s` here", drawn->name),
                   "name the indices of what is drawn jointly last");
        return false;
      }
      item = item->next;
    }
    if (dimension_same(given, drawn)) continue;
    error_left(m, left->s->name_span,
               floe__arena_printf(m->c->arena, "`%s` runs over %s, and its value over %s", left->s->name, given->name,
                                  drawn->name),
               "both must have the same index");
    return false;
  }
  return true;
}

static const struct formal *new_local(struct making *m, const struct left *left, const struct context *at,
                                      const struct term *value) {
  const struct dimension *dims[2 * MAX_RANK];
  struct whole_walk walk = {.m = m, .at = at};
  const bool whole = is_whole(value) && (left->keeps || stays_whole(&walk, left->s->name));
  const struct type type = type_scalar(whole ? value->type.base : BASE_REAL);
  size_t n = left->n;
  for (size_t k = 0; k < n; k++) dims[k] = left->dim[k];
  for (size_t k = 0; k < value->type.n_dim; k++) dims[n++] = value->type.dim[k];
  if (n > MAX_RANK) {
    error_limit(m->c, left->s->name_span, "the indices of an array are", MAX_RANK);
    m->sound = false;
    return NULL;
  }
  return local_new(m, left->s->name, n ? type_array(m->c, type, n, dims) : type, left->s->name_span);
}

/* An array that was made just now, and that nothing else means. */
static const struct formal *made_now(struct making *m, const struct left *left, const struct term *value) {
  if (left->n || !left->keeps || !value->type.n_dim || value->kind != TERM_FORMAL) return NULL;
  for (size_t k = left->n_before; k < m->locals.n; k++)
    if (m->locals.items[k] == value->formal) {
      ((struct formal *)m->locals.items[k])->name = left->s->name;
      return value->formal;
    }
  return NULL;
}

/* Gives the value to what stands on the left, and closes its loops. */
static void give(struct making *m, const struct context *at, struct left *left, const struct term *value) {
  const bool known = left->local != NULL;
  const size_t rank = left->n + value->type.n_dim;
  if (known && left->local->type.n_dim != rank) {
    error_left(m, left->s->name_span,
               floe__arena_printf(m->c->arena, "`%s` has %zu %s, and what it is given has %zu", left->s->name,
                                  left->local->type.n_dim, left->local->type.n_dim == 1 ? "index" : "indices", rank),
               "give it all of its elements, or one by one");
    return;
  }
  if (!own_indices_fit(m, left, value)) {
    if (!known) add_poison(m, at, left->s);
    return;
  }
  if (known) check_output(m, left, value);
  const bool truth = known ? left->local->type.base == BASE_BOOL : left->keeps;
  if (!truth && !value->type.n_dim) value = as_number(m->c, value);
  const struct formal *now = known ? NULL : made_now(m, left, value);
  if (!known) left->local = now ? now : new_local(m, left, at, value);
  if (!left->local) return;
  if (!now) store_value(m, left->acts, left->local, left->n, left->place, value);
  close_loops(left->loops, left->n_loop);
  if (!known) add_symbol(m, left, at);
}

/* ---- statements ---- */

static void make_block(struct making *m, const struct context *at, struct acts *acts, const struct statement *list);

const struct act *block_of(struct making *m, const struct context *at, const struct statement *list) {
  struct context inner = *at;
  struct acts acts = {0};
  inner.scope = scope_new(m->c, at->scope, 16);
  make_block(m, &inner, &acts, list);
  return acts.first;
}

/* The output that a statement names; NULL: a name of its own. */
static const struct formal *output_on_left(struct making *m, const struct context *at, const struct statement *s) {
  const struct symbol *known = scope_find(at->scope, NAMESPACE_VALUE, s->name);
  const bool formal = known && known->kind == SYMBOL_FORMAL;
  return formal && output_named(m->simulator, known->formal) < m->simulator->n_output ? known->formal : NULL;
}

/* x = e, var x = e, x := e, and their like with indices. */
static void make_definition(struct making *m, const struct context *at, struct acts *acts, const struct statement *s,
                            const struct formal *local) {
  struct left left;
  const bool sound = open_left(m, at, acts, s, local, 0, &left);
  left.keeps = s->kind != STATEMENT_VAR;
  const struct term *value = sound ? text_of(m, &left.at, s->value, !s->indices) : m->c->poison;
  if (!is_poison(m->c, value)) value = value_made(m, left.acts, value);
  if (!is_poison(m->c, value))
    give(m, at, &left, value);
  else if (local)
    m->sound = false;
  else
    add_poison(m, at, s);
}

static void make_assignment(struct making *m, const struct context *at, struct acts *acts, const struct statement *s) {
  struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, s->name);
  struct checker *c = m->c;
  if (!symbol) {
    error_unknown(c, at->scope, NAMESPACE_VALUE, s->name, s->name_span);
    m->sound = false;
  } else if (symbol->kind == SYMBOL_POISON) {
    m->sound = false;
  } else if (symbol->kind != SYMBOL_FORMAL || !symbol->assignable) {
    struct diagnostic *d = diagnose(c->sink, "E4034", s->name_span, "`%s` is no `var`, and keeps its value", s->name);
    d->fix = floe__arena_printf(c->arena, "begin with `var %s%s = ...`", s->name, s->indices ? "[i]" : "");
    d->related = symbol->span;
    d->related_message = "it is defined here";
    m->sound = false;
  } else {
    make_definition(m, at, acts, s, symbol->formal);
  }
}

/* ---- draws ---- */

static const struct term *single_itself(struct checker *c, const struct term *single, void *context) {
  (void)c, (void)context;
  return single;
}

static const struct term *error_axis(struct making *m, struct span span, const struct axis *axis) {
  diagnose(m->c->sink, "E2036", span, "a simulator sees its arguments only, not the axis `%s`", axis->name)->fix =
      "choose what is given to the simulator, or between two simulators";
  return m->c->poison;
}

static const struct term *distribution_here(struct making *m, const struct context *at, const struct statement *s) {
  struct checker *c = m->c;
  const struct term *distribution = over_choices(c, distribution_of(c, at, s->value), single_itself, NULL);
  if (is_poison(c, distribution)) return distribution;
  if (distribution->kind == TERM_CHOOSE) return error_axis(m, s->value->span, distribution->axis);
  if (distribution->kind != TERM_DISTRIBUTION) return c->poison;
  if (!distribution->distribution->improper) return distribution;
  diagnose(c->sink, "E2054", s->value->span, "`%s` cannot be flat: it has to be drawn", s->name)->fix =
      "take a proper distribution";
  return c->poison;
}

/* The index sets of one draw, as the left side names them, where nothing else tells. */
static const struct dimension *const *drawn_over(struct making *m, const struct left *left, size_t rank) {
  const struct dimension **dim = floe__arena_array(m->c->arena, rank + 1, sizeof *dim);
  const struct expr *item = left->s->indices;
  for (size_t k = 0; k < left->n && item; k++) item = item->next;
  for (size_t k = 0; k < rank; k++) {
    if (left->local) dim[k] = left->local->type.dim[left->n + k];
    if (item && !left->local) dim[k] = runs_over(m, left, item);
    if (item) item = item->next;
    if (!dim[k]) return NULL;
  }
  return dim;
}

/* x ~ D: an output, or a local that keeps its value. */
static void make_draw(struct making *m, const struct context *at, struct acts *acts, const struct statement *s) {
  struct checker *c = m->c;
  struct left left;
  const struct formal *output = output_on_left(m, at, s);
  const size_t rank = joint_rank(c, at, s->value);
  const bool sound = open_left(m, at, acts, s, output, rank, &left);
  const struct term *value = sound ? distribution_here(m, &left.at, s) : c->poison;
  if (!is_poison(c, value)) value = drawn_from(m, left.acts, value, drawn_over(m, &left, rank));
  if (!is_poison(c, value))
    give(m, at, &left, value);
  else if (output)
    m->sound = false;
  else
    add_poison(m, at, s);
}

static const struct simulator *simulator_called(struct making *m, const struct context *at, const struct statement *s,
                                                size_t n) {
  const struct expr *call = s->value;
  const bool named = call->kind == EXPR_CALL;
  const struct symbol *symbol = named ? scope_find(at->scope, NAMESPACE_CALLABLE, call->name) : NULL;
  const struct simulator *simulator =
      symbol && symbol->kind == SYMBOL_DISTRIBUTION ? symbol->distribution->simulator : NULL;
  if (symbol && symbol->kind == SYMBOL_POISON) return NULL;
  if (simulator && simulator->n_output == n) return simulator;
  struct diagnostic *d =
      simulator ? diagnose(m->c->sink, "E2071", call->span, "`%s` has %zu output%s, but %zu variables stand here",
                           call->name, simulator->n_output, simulator->n_output == 1 ? "" : "s", n)
                : diagnose(m->c->sink, "E2071", call->span, "only a simulator draws several variables at once");
  d->fix = simulator ? "write one variable per output" : "draw them one after the other, or define a `sim` before this one";
  return NULL;
}

/* One run of a simulator for all that stands on the left: an array, as its external gives it. */
static const struct term *run_of(struct making *m, const struct left *left, const struct simulator *simulator) {
  struct checker *c = m->c;
  struct list pairs = {0};
  const struct expr *call = left->s->value;
  struct term *run = term_new(c, TERM_EXTERN, call->span, simulator->n_argument);
  run->external = simulator->external;
  if (!arguments_of(c, &left->at, call, simulator->n_argument, simulator->arguments, run->items, &pairs)) return c->poison;
  run->type = type_substituted(c, &pairs, simulator->external->type);
  return value_made(m, left->acts, run);
}

/* Whether the indices are the same but for the last ones, those of the values' own. */
static bool same_indices(const struct statement *a, size_t own_a, const struct statement *b, size_t own_b) {
  const struct expr *x = a->indices, *y = b->indices;
  const size_t n_a = n_indices(a), n_b = n_indices(b);
  if (n_a == 0 || n_b == 0) return (n_a == 0 || n_a == own_a) && (n_b == 0 || n_b == own_b);
  if (n_a < own_a || n_b < own_b || n_a - own_a != n_b - own_b) return false;
  for (size_t k = own_a; k < n_a; k++, x = x->next, y = y->next)
    if (x->kind != EXPR_NAME || y->kind != EXPR_NAME || x->name != y->name) return false;
  return true;
}

/* (a, b) ~ f(...): all of one run. */
static void make_draws(struct making *m, const struct context *at, struct acts *acts, const struct statement *s) {
  struct checker *c = m->c;
  struct left left;
  size_t n = 1, which = 1;
  for (const struct statement *target = s->body; target; target = target->next) n++;
  const struct simulator *simulator = simulator_called(m, at, s, n);
  const size_t rank = simulator ? simulator->outputs[0]->type.n_dim : 0;
  bool sound = simulator != NULL;
  for (const struct statement *target = s->body; target && sound; target = target->next, which++) {
    if (same_indices(s, rank, target, simulator->outputs[which]->type.n_dim)) continue;
    diagnose(c->sink, "E2071", target->name_span, "`%s` has other indices than `%s`", target->name, s->name)->fix =
        "what is drawn together has the same indices: (a[i], b[i]) ~ f(...)";
    sound = false;
  }
  sound = sound && open_left(m, at, acts, s, output_on_left(m, at, s), rank, &left);
  const struct term *run = sound ? run_of(m, &left, simulator) : c->poison;
  const struct statement *target = s;
  for (size_t k = 0; k < n; k++, target = k == 1 ? s->body : target->next) {
    const struct formal *output = output_on_left(m, at, target);
    struct left one = left;
    one.s = target;
    one.local = output;
    one.n_loop = 0; /* the loops are those of all */
    if (!is_poison(c, run))
      give(m, at, &one, value_made(m, left.acts, output_read(c, simulator, run, k, target->span)));
    else if (output)
      m->sound = false;
    else
      add_poison(m, at, target);
  }
  if (sound) close_loops(left.loops, left.n_loop);
}

/* ---- loops and branches ---- */

static void make_while(struct making *m, const struct context *at, struct acts *acts, const struct statement *s) {
  struct acts before = {0};
  const struct term *condition = number_made(m, at, &before, s->value, true);
  double limit = USUAL_LIMIT;
  if (s->high) {
    limit = s->high->number;
    if (!s->high->is_int || limit < 1 || limit > 1e9) {
      error_sim(m->c, s->high->span, "the limit of a `while` is a whole number from 1 to 1e9", "for example: limit 5000");
      m->sound = false;
    }
  }
  struct act *act = add_act(m, acts, ACT_WHILE, s->span);
  act->value = condition;
  act->before = before.first;
  act->limit = limit;
  act->body = block_of(m, at, s->body);
}

static void make_for(struct making *m, const struct context *at, struct acts *acts, const struct statement *s) {
  struct checker *c = m->c;
  const struct dimension *dimension = dimension_named(c, at, s->index, s->name_span);
  if (s->value) {
    diagnose(c->sink, "E2031", s->value->span, "a loop runs over all of an index, or a part of it")->fix =
        "for example: for j in k[2..]";
    m->sound = false;
  }
  if (!dimension) {
    m->sound = false;
    return;
  }
  struct context inner = *at;
  struct act_loop loop;
  const struct binder *binder = binder_new(c, dimension, s->name);
  open_loop(m, acts, binder, s->span, &loop);
  inner.bound = bound_new(c, s->name, binder, at->bound);
  loop.act->body = block_of(m, &inner, s->body);
}

static void make_if(struct making *m, const struct context *at, struct acts *acts, const struct statement *s) {
  const struct term *condition = number_made(m, at, acts, s->value, true);
  struct act *act = add_act(m, acts, ACT_IF, s->span);
  act->value = condition;
  act->body = block_of(m, at, s->body);
  act->otherwise = block_of(m, at, s->otherwise);
}

static void make_block(struct making *m, const struct context *at, struct acts *acts, const struct statement *list) {
  for (const struct statement *s = list; s; s = s->next) {
    if (s->kind == STATEMENT_DEFINE || s->kind == STATEMENT_VAR)
      make_definition(m, at, acts, s, s->kind == STATEMENT_VAR ? NULL : output_on_left(m, at, s));
    else if (s->kind == STATEMENT_ASSIGN)
      make_assignment(m, at, acts, s);
    else if (s->kind == STATEMENT_SAMPLE && s->body)
      make_draws(m, at, acts, s);
    else if (s->kind == STATEMENT_SAMPLE)
      make_draw(m, at, acts, s);
    else if (s->kind == STATEMENT_WHILE)
      make_while(m, at, acts, s);
    else if (s->kind == STATEMENT_FOR)
      make_for(m, at, acts, loop_over_all(m->c, s));
    else if (s->kind == STATEMENT_IF)
      make_if(m, at, acts, s);
    else if (s->kind != STATEMENT_ERROR) {
      diagnose(m->c->sink, "E1015", s->span, "this statement cannot stand in a `sim`")->fix =
          "a simulator has `=`, `:=`, `~`, `if`, `for` and `while`";
      m->sound = false;
    }
  }
}
