/* for t in day[2..] { ... } */
#include "compiler/meaning/recurrences.h"

#include <math.h>

#define MAX_COUPLED 64 /* elements that a step computes together: each is written out */

/* ---- errors ---- */

static void error_elements_missing(struct checker *c, struct span span, const struct symbol *symbol, size_t wanted) {
  size_t given = symbol->partial->initial.n;
  struct diagnostic *d =
      diagnose(c->sink, "E4006", span, "`%s` has %zu initial element%s, but the loop starts at element %zu",
               symbol->name, given, given == 1 ? "" : "s", wanted + 1);
  d->fix =
      floe__arena_printf(c->arena, "define `%s[%zu] %s ...` before the loop", symbol->name, given + 1, sign_of(symbol));
  if (given > wanted)
    d->fix = floe__arena_printf(c->arena, "start the loop at %zu: each element is filled once", given + 1);
}

static void error_loop_body(struct checker *c, struct span span, const char *loop) {
  struct diagnostic *d = diagnose(c->sink, "E4016", span, "a loop fills arrays at its own index");
  d->fix = floe__arena_printf(c->arena, "write `x[%s] = ...` or `x[%s] ~ ...`", loop, loop);
}

/* ---- loops ---- */

struct loop {
  const struct statement *statement;
  const struct dimension *dimension;
  const struct binder *binder;
  size_t start;
  struct context inner;
  struct list filled; /* struct symbol * */
  struct list sides;  /* struct left_side *: of each */
  struct list names;  /* struct statement *: those of values of one step */
};

static bool loop_range(struct checker *c, struct loop *loop) {
  const struct expr *range = loop->statement->value;
  loop->start = 1;
  if (!range) return true;
  bool counted = range->kind == EXPR_RANGE && range->left && range->left->kind == EXPR_NUMBER && range->left->is_int;
  if (!counted || range->left->number < 1 || range->left->number > MAX_INITIAL + 1) {
    diagnose(c->sink, "E2031", range->span, "a loop runs over all of an index, or from a number on")->fix =
        floe__arena_printf(c->arena, "at most %d elements stand before it, as in `for t in day[2..]`", MAX_INITIAL);
    return false;
  }
  if (range->right) {
    diagnose(c->sink, "E4007", range->span, "the loop ends here, and none behind it goes on: its arrays would have no more elements")
        ->fix = "fill the rest in the next statement, by a loop with the same name: for t in day[6..] { ... }";
    return false;
  }
  loop->start = (size_t)range->left->number;
  return true;
}

/* The symbol that a statement in the loop fills, with its elements so far; NULL: reported. */
static struct symbol *filled_definition(struct checker *c, const struct context *at, const struct statement *s,
                                        const struct left_side *left) {
  struct symbol *symbol = scope_find_here(c->spec, NAMESPACE_VALUE, s->name);
  if (symbol && symbol->kind == SYMBOL_POISON) return NULL;
  if (!symbol) return partial_new(c, at, s, left);
  return begin_option(c, at, symbol, s, left) ? symbol : NULL;
}

static struct symbol *filled_variable(struct checker *c, const struct context *at, const struct loop *loop,
                                      const struct statement *s, struct left_side *left) {
  struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, s->name);
  if (!symbol || symbol->kind != SYMBOL_VARIABLE || !symbol->drawn_later) {
    check_sample(c, at, s); /* says what is wrong */
    return NULL;
  }
  if (!left_side_of_draw(c, &loop->inner, s, symbol, loop->statement->name, loop->binder, left)) return NULL;
  if (left->along == SIZE_MAX) return error_loop_body(c, s->span, loop->statement->name), NULL;
  if (!left_fits_variable(c, s, symbol->variable, left, loop->dimension)) return NULL;
  presence_require(c, at->presence, symbol->presence, s->name, s->name_span, symbol->span);
  struct partial *partial = partial_of(c, at, symbol, s->name_span, left);
  if (partial->definition) return error_defined_twice(c, s->name, s->name_span, partial->span), NULL;
  return symbol;
}

static struct definition *member_new(struct checker *c, const struct context *at, const struct statement *s,
                                     const struct left_side *left, struct symbol *symbol, bool drawn) {
  struct partial *partial = symbol->partial;
  const struct dimension *dims[MAX_RANK];
  struct definition *d = floe__arena_alloc(c->arena, sizeof *d);
  bool *given = floe__arena_array(c->arena, partial->initial.n + 1, sizeof *given);
  *d = (struct definition){.name = s->name, .span = s->name_span, .presence = at->presence, .n_binder = left->n};
  d->binders = floe__arena_array(c->arena, left->n, sizeof *d->binders);
  for (size_t k = 0; k < left->n; k++) {
    d->binders[k] = left->binders[k];
    dims[k] = left->binders[k]->dimension;
  }
  d->type = type_array(c, type_scalar(drawn ? BASE_DISTRIBUTION : BASE_REAL), left->n, dims);
  d->initial = floe__arena_array(c->arena, partial->initial.n + 1, sizeof *d->initial);
  for (size_t k = 0; k < partial->initial.n; k++) d->initial[k] = partial->initial.items[k];
  for (size_t k = 0; k < partial->given.n; k++) given[k] = partial->given.items[k] != NULL;
  d->variable = drawn ? symbol->variable : NULL;
  d->given = given;
  return d;
}

/* Makes the array known to the whole body of the loop. */
static bool announce(struct checker *c, const struct context *at, struct loop *loop, const struct statement *s) {
  struct left_side *left = floe__arena_alloc(c->arena, sizeof *left);
  const bool drawn = s->kind == STATEMENT_SAMPLE;
  if (!drawn && !left_side_of(c, &loop->inner, s, loop->statement->name, loop->binder, left)) return false;
  if (!drawn && left->along == SIZE_MAX) return error_loop_body(c, s->span, loop->statement->name), false;
  struct symbol *symbol = drawn ? filled_variable(c, at, loop, s, left) : filled_definition(c, at, s, left);
  if (!symbol) return false;
  struct partial *partial = symbol->partial;
  if (!continues(c, at, partial, left, s->name_span)) return symbol->kind = SYMBOL_POISON, false;
  if (partial->initial.n != loop->start - 1) {
    error_elements_missing(c, s->name_span, symbol, loop->start - 1);
    symbol->kind = SYMBOL_POISON;
    return false;
  }
  partial->definition = member_new(c, at, s, left, symbol, drawn);
  partial->binder = loop->binder;
  partial->start = loop->start;
  list_add(c->arena, &loop->filled, symbol);
  list_add(c->arena, &loop->sides, left);
  return true;
}

/* Where the k-th array of the loop is filled. */
static struct context at_element(const struct loop *loop, size_t k) {
  struct context inner = loop->inner;
  inner.bound = ((const struct left_side *)loop->sides.items[k])->bound;
  return inner;
}

static bool fill(struct checker *c, struct loop *loop, const struct statement *s, size_t k) {
  const struct context inner = at_element(loop, k);
  const struct term *value = as_number(c, definition_value(c, &inner, s->value));
  struct symbol *symbol = loop->filled.items[k];
  symbol->partial->definition->value = value;
  symbol->partial->defined_in_step = true;
  return !is_poison(c, value);
}

static bool fill_by_draws(struct checker *c, struct loop *loop, const struct statement *s, size_t k) {
  struct symbol *symbol = loop->filled.items[k];
  const struct context here = at_element(loop, k), inner = context_of_output(c, &here, s);
  const struct term *distribution = element_distribution(c, &inner, symbol, s->value, false);
  symbol->partial->definition->value = distribution;
  symbol->partial->defined_in_step = true;
  return distribution != NULL;
}

/* ---- what members of a loop rest on ---- */

struct need_walk {
  const struct loop *loop;
  bool *needs;
};

static void collect_members(void *context, const struct term *term) {
  struct need_walk *walk = context;
  for (size_t k = 0; k < walk->loop->filled.n; k++) {
    const struct symbol *symbol = walk->loop->filled.items[k];
    const struct definition *d = symbol->partial->definition;
    if (term->definition == d || (term->variable && term->variable == d->variable)) walk->needs[k] = true;
  }
}

static void visit_member(const struct definition *d, size_t n_initial,
                         void (*visit)(void *context, const struct term *term), void *context) {
  visit_terms(d->value, visit, context);
  for (size_t j = 0; j < n_initial; j++) visit_terms(d->initial[j], visit, context);
}

static const struct definition *member(const struct loop *loop, size_t k) {
  return ((const struct symbol *)loop->filled.items[k])->partial->definition;
}

/* The transitive closure of what the terms name. (n, n) */
static bool *needs_of_members(struct checker *c, const struct loop *loop) {
  size_t n = loop->filled.n;
  bool *needs = floe__arena_array(c->arena, n * n + 1, sizeof *needs);
  for (size_t k = 0; k < n; k++) {
    struct need_walk walk = {loop, needs + k * n};
    visit_member(member(loop, k), loop->start - 1, collect_members, &walk);
    walk.needs[k] = true;
  }
  for (size_t through = 0; through < n; through++)
    for (size_t k = 0; k < n; k++)
      for (size_t j = 0; j < n && needs[k * n + through]; j++)
        needs[k * n + j] = needs[k * n + j] || needs[through * n + j];
  return needs;
}

static unsigned roles_of_member(const struct checker *c, const struct loop *loop, const bool *needs) {
  unsigned roles = 0;
  for (size_t k = 0; k < loop->filled.n; k++) {
    if (!needs[k]) continue;
    roles |= member(loop, k)->value ? term_roles(c, member(loop, k)->value) : 0;
    for (size_t j = 0; j + 1 < loop->start; j++) roles |= term_roles(c, member(loop, k)->initial[j]);
  }
  return roles;
}

/* ---- members that rest on each other go together ---- */

/* The members of one recurrence: all of the loop, or, where arrays have more indices, those that rest on each other. */
struct group {
  size_t n;
  size_t *members; /* positions in loop.filled */
};

static bool same_plate(const struct definition *a, const struct definition *b, const struct binder *along) {
  size_t common = 0;
  for (size_t k = 0; k < a->n_binder; k++)
    for (size_t j = 0; j < b->n_binder && a->binders[k] != along; j++) common += a->binders[k] == b->binders[j];
  return a->n_binder == b->n_binder && common + 1 == a->n_binder;
}

struct place_walk {
  const struct loop *loop;
  const struct group *group;
  const struct binder *binder;  /* in this index of the plate; NULL: in any */
  const struct term *elsewhere; /* an element of the group at another place in the plate */
};

static void find_elsewhere(void *context, const struct term *term) {
  struct place_walk *walk = context;
  if (term->kind != TERM_ELEMENT) return;
  for (size_t k = 0; k < walk->group->n; k++) {
    const struct definition *d = member(walk->loop, walk->group->members[k]);
    if (term->items[0]->definition != d && (!d->variable || term->items[0]->variable != d->variable)) continue;
    for (size_t j = 0; j < d->n_binder; j++) {
      const struct term *index = term->items[j + 1];
      bool own = d->binders[j] == walk->loop->binder || (index->kind == TERM_BINDER && index->binder == d->binders[j]);
      if (!own && (!walk->binder || walk->binder == d->binders[j])) walk->elsewhere = term;
    }
  }
}

/* An element of another place, in this index or in any (NULL); NULL: members look at their own place only. */
static const struct term *looks_elsewhere(const struct loop *loop, const struct group *group,
                                          const struct binder *binder) {
  struct place_walk walk = {loop, group, binder, NULL};
  for (size_t k = 0; k < group->n; k++)
    visit_member(member(loop, group->members[k]), loop->start - 1, find_elsewhere, &walk);
  return walk.elsewhere;
}

/* How many of its last indices are filled at once by some draw of the k-th array of the loop. */
static size_t n_joint(const struct loop *loop, size_t k) {
  const struct symbol *symbol = loop->filled.items[k];
  return symbol->kind == SYMBOL_VARIABLE ? symbol->n_joint : 0;
}

static bool draws_at_once(const struct loop *loop, const struct group *group) {
  bool joint = false;
  for (size_t k = 0; k < group->n; k++) joint = joint || n_joint(loop, group->members[k]);
  return joint;
}

/* Whether every member has the index, as one in which all of them look at their own place only. */
static bool is_of_plate(const struct loop *loop, const struct group *group, const struct binder *binder) {
  bool all = binder != loop->binder && !looks_elsewhere(loop, group, binder);
  for (size_t k = 0; k < group->n && all; k++) {
    const struct definition *d = member(loop, group->members[k]);
    bool has = false;
    for (size_t j = 0; j + n_joint(loop, group->members[k]) < d->n_binder; j++) has = has || d->binders[j] == binder;
    all = has;
  }
  return all;
}

static bool one_plate(const struct loop *loop, const struct group *group) {
  for (size_t k = 1; k < group->n; k++)
    if (!same_plate(member(loop, group->members[0]), member(loop, group->members[k]), loop->binder)) return false;
  return true;
}

/* Elements of all members, which are computed together; 0: they are not known, or too many. */
static size_t count_coupled(const struct loop *loop, const struct group *group) {
  size_t n = 0;
  for (size_t k = 0; k < group->n; k++) {
    const struct definition *d = member(loop, group->members[k]);
    size_t here = 1;
    for (size_t j = 0; j < d->n_binder; j++) {
      const struct dimension *dimension = d->binders[j]->dimension;
      if (d->binders[j] == loop->binder || is_of_plate(loop, group, d->binders[j])) continue;
      if (dimension->low != dimension->high || dimension->high > MAX_COUPLED) return 0;
      here *= dimension->high;
    }
    n += here;
  }
  return n <= MAX_COUPLED ? n : 0;
}

static void error_coupled(struct checker *c, const struct loop *loop, const struct group *group) {
  const struct term *elsewhere = looks_elsewhere(loop, group, NULL);
  const struct definition *d = member(loop, group->members[0]);
  diagnose(c->sink, "E4022", elsewhere ? elsewhere->span : d->span,
           "steps look at other elements of an index, or draw them at once, and these are not a fixed number up to %d",
           MAX_COUPLED)
      ->fix = "give that index a fixed size";
}

/* Whether steps compute elements of several places together. */
static bool is_coupled(const struct loop *loop, const struct group *group) {
  return !one_plate(loop, group) || looks_elsewhere(loop, group, NULL) || draws_at_once(loop, group);
}

/* Each group rests on groups before it only. */
static size_t groups_of(struct checker *c, const struct loop *loop, const bool *needs, struct group *groups) {
  size_t n = loop->filled.n, n_group = 0, n_done = 0;
  bool *done = floe__arena_array(c->arena, n + 1, sizeof *done);
  struct group all = {n, floe__arena_array(c->arena, n + 1, sizeof *all.members)};
  for (size_t k = 0; k < n; k++) all.members[k] = k;
  groups[0] = all;
  if (!is_coupled(loop, &all)) return 1;
  while (n_done < n)
    for (size_t k = 0; k < n; k++) {
      bool ready = !done[k];
      for (size_t j = 0; j < n && ready; j++) ready = !needs[k * n + j] || done[j] || needs[j * n + k];
      if (!ready) continue;
      struct group group = {0, floe__arena_array(c->arena, n, sizeof *group.members)};
      for (size_t j = 0; j < n; j++)
        if (needs[k * n + j] && needs[j * n + k]) done[j] = true, group.members[group.n++] = j;
      n_done += group.n;
      groups[n_group++] = group;
    }
  return n_group;
}

/* ---- the end of a loop ---- */

static void add_piece(struct checker *c, const struct context *at, struct symbol *symbol, const struct term *term,
                      struct span span) {
  struct piece *piece = floe__arena_alloc(c->arena, sizeof *piece);
  *piece = (struct piece){at->presence, term, span};
  list_add(c->arena, &symbol->pieces, piece);
}

static void finish_definition(struct checker *c, const struct context *at, struct symbol *symbol,
                              const struct recurrence *recurrence) {
  struct definition *d = symbol->partial->definition;
  d->recurrence = recurrence;
  if (!recurrence)
    d->type = type_array(c, (struct type){.base = d->value->type.base, .codes = d->value->type.codes}, d->type.n_dim,
                         d->type.dim);
  finish_filled(c, at, symbol);
}

/* The distribution of the whole variable: of one element, where elements do not look at each other; else step by step. */
static const struct term *drawn_by_loop(struct checker *c, const struct loop *loop, struct symbol *symbol,
                                        const struct recurrence *recurrence) {
  struct variable *v = symbol->variable;
  struct definition *d = symbol->partial->definition;
  v->n_binder = v->type.n_dim - symbol->n_joint;
  if (!recurrence) {
    for (size_t k = 0; k < v->n_binder; k++) v->binders[k] = d->binders[k];
    return d->value;
  }
  d->recurrence = recurrence;
  struct term *term = term_new(c, TERM_DEFINITION, d->span, loop->start);
  term->definition = d;
  term->type = type_array(c, type_scalar(BASE_DISTRIBUTION), symbol->n_joint, v->type.dim + v->n_binder);
  for (size_t j = 0; j + 1 < loop->start; j++) term->items[j] = d->initial[j];
  term->items[loop->start - 1] = d->value;
  return term;
}

static void finish_draws(struct checker *c, const struct context *at, const struct loop *loop,
                         const struct group *group, enum role role, const struct recurrence *recurrence) {
  for (size_t k = 0; k < group->n; k++) {
    struct symbol *symbol = loop->filled.items[group->members[k]];
    if (symbol->kind != SYMBOL_VARIABLE || (symbol->variable->role == ROLE_OBS) != (role == ROLE_OBS)) continue;
    add_piece(c, at, symbol, drawn_by_loop(c, loop, symbol, recurrence), symbol->partial->definition->span);
    symbol->order = ++c->n_order;
  }
}

/* Elements can be treated alike if none looks at another one, and if what was said of the variable so far does not
 * stand in the way. */
static bool is_plate(const struct loop *loop, const struct group *group) {
  bool alike = loop->start == 1;
  for (size_t k = 0; k < group->n; k++) {
    const struct symbol *symbol = loop->filled.items[group->members[k]];
    alike = alike && !symbol->partial->looks_back;
    if (symbol->kind != SYMBOL_VARIABLE) continue;
    const struct term *low = symbol->variable->type.low, *high = symbol->variable->type.high;
    alike = alike && !symbol->pieces.n && !symbol->censoring && (!low || low->kind == TERM_NUMBER) && (!high || high->kind == TERM_NUMBER);
  }
  return alike;
}

static const struct recurrence *recurrence_of(struct checker *c, const struct loop *loop, const struct group *group,
                                              const bool *needs, bool coupled) {
  const struct definition *first = member(loop, group->members[0]);
  struct recurrence *recurrence = floe__arena_alloc(c->arena, sizeof *recurrence);
  *recurrence =
      (struct recurrence){.binder = loop->binder, .start = loop->start, .n_definition = group->n, .coupled = coupled};
  recurrence->definitions = floe__arena_array(c->arena, group->n + 1, sizeof *recurrence->definitions);
  recurrence->plate = floe__arena_array(c->arena, first->n_binder, sizeof *recurrence->plate);
  for (size_t k = 0; k < first->n_binder; k++)
    if (is_of_plate(loop, group, first->binders[k])) recurrence->plate[recurrence->n_plate++] = first->binders[k];
  for (size_t k = 0; k < group->n; k++) {
    struct definition *d = ((struct symbol *)loop->filled.items[group->members[k]])->partial->definition;
    bool *own = floe__arena_array(c->arena, group->n, sizeof *own);
    for (size_t j = 0; j < group->n; j++) own[j] = needs[group->members[k] * loop->filled.n + group->members[j]];
    d->needs = own;
    recurrence->definitions[k] = d;
  }
  return is_plate(loop, group) ? NULL : recurrence;
}

static void give_up(const struct loop *loop) {
  for (size_t k = 0; k < loop->filled.n; k++) ((struct symbol *)loop->filled.items[k])->kind = SYMBOL_POISON;
}

static void finish_loop(struct checker *c, const struct context *at, const struct loop *loop) {
  size_t n = loop->filled.n;
  if (n == 0) return;
  struct group *groups = floe__arena_array(c->arena, n + 1, sizeof *groups);
  const struct recurrence **recurrences = floe__arena_array(c->arena, n + 1, sizeof *recurrences);
  bool *needs = needs_of_members(c, loop);
  size_t n_group = groups_of(c, loop, needs, groups);
  for (size_t k = 0; k < n; k++) {
    struct symbol *symbol = loop->filled.items[k];
    symbol->roles = roles_of_member(c, loop, needs + k * n);
    if (symbol->kind == SYMBOL_VARIABLE) check_unknown_roles(c, symbol->variable, symbol->roles, symbol->partial->span);
  }
  for (size_t g = 0; g < n_group; g++) {
    bool coupled = is_coupled(loop, &groups[g]);
    if (coupled && !is_plate(loop, &groups[g]) && !count_coupled(loop, &groups[g])) {
      error_coupled(c, loop, &groups[g]);
      give_up(loop);
      return;
    }
    recurrences[g] = recurrence_of(c, loop, &groups[g], needs, coupled);
  }
  for (size_t g = 0; g < n_group; g++)
    for (size_t k = 0; k < groups[g].n; k++) {
      struct symbol *symbol = loop->filled.items[groups[g].members[k]];
      if (symbol->kind == SYMBOL_PARTIAL) finish_definition(c, at, symbol, recurrences[g]);
    }
  for (size_t g = 0; g < n_group; g++) finish_draws(c, at, loop, &groups[g], ROLE_PARAM, recurrences[g]);
  for (size_t g = 0; g < n_group; g++) finish_draws(c, at, loop, &groups[g], ROLE_OBS, recurrences[g]);
  for (size_t k = 0; k < n; k++) {
    struct symbol *symbol = loop->filled.items[k];
    if (symbol->kind == SYMBOL_VARIABLE) symbol->partial = NULL;
  }
}

static void check_loop(struct checker *c, const struct context *at, const struct statement *statement,
                       const struct statement *body, const struct dimension *dimension, const struct binder *binder) {
  struct loop loop = {.statement = statement, .dimension = dimension, .binder = binder};
  bool sound = true;
  size_t k = 0, n_name = 0;
  if (!loop_range(c, &loop)) return;
  loop.inner = *at;
  loop.inner.scope = scope_new(c, at->scope, 16);
  loop.inner.bound = bound_new(c, statement->name, loop.binder, at->bound);
  for (const struct statement *s = body; s; s = s->next)
    if (is_of_step(&loop.inner, dimension, s))
      list_add(c->arena, &loop.names, s);
    else if (s->kind == STATEMENT_DEFINE || s->kind == STATEMENT_SAMPLE)
      sound = announce(c, at, &loop, s) && sound;
  for (const struct statement *s = body; s; s = s->next) {
    if (n_name < loop.names.n && loop.names.items[n_name] == s) {
      sound = name_of_step(c, &loop.inner, s) && sound;
      n_name++;
    } else if (s->kind == STATEMENT_SAMPLE) {
      if (sound) sound = fill_by_draws(c, &loop, s, k) && sound;
      k++;
    } else if (s->kind == STATEMENT_DEFINE) {
      if (sound) sound = fill(c, &loop, s, k) && sound;
      k++;
    } else if (s->kind != STATEMENT_ERROR)
      diagnose(c->sink, "E1015", s->span, "this statement cannot stand in a loop")->fix =
          "a loop holds x[t] = ..., x[t] ~ ..., names for values, `if`, `choose` and loops";
  }
  if (sound)
    finish_loop(c, at, &loop);
  else
    give_up(&loop);
}

/* ---- loops around loops ---- */

static bool holds_loops(const struct statement *body) {
  for (; body; body = body->next)
    if (body->kind == STATEMENT_FOR || has_number_index(body->indices)) return true;
  return false;
}

/* No range, or from 1 on: what several loops, one behind the other, come to. */
static bool is_from_first(const struct expr *range) {
  const struct expr *first = range && range->kind == EXPR_RANGE && !range->right ? range->left : NULL;
  return !range || (first && first->kind == EXPR_NUMBER && first->number == 1);
}

static void error_part_of_outer(struct checker *c, const struct statement *loop, const struct statement *body) {
  diagnose(c->sink, "E4007", loop->value->span, "this loop around others runs over a part of its index, and no others over the rest")
      ->fix = "loop over all of it, or over parts one behind the other: `[1..3]`, then `[4..]`";
  for (; body; body = body->next) {
    struct symbol *symbol = body->name ? scope_find(c->spec, NAMESPACE_VALUE, body->name) : NULL;
    if (symbol && symbol->kind == SYMBOL_VARIABLE) symbol->kind = SYMBOL_POISON;
  }
}

/* An outer loop whose elements do not look at each other: each of its statements by itself, for all elements. */
static void check_nest(struct checker *c, const struct context *at, const struct statement *statement,
                       const struct statement *body, const struct dimension *dimension) {
  struct loop loop = {.statement = statement};
  size_t k = 0;
  if (!is_from_first(statement->value)) {
    error_part_of_outer(c, statement, body);
    return;
  }
  const struct binder *binder;
  bool taken;
  do {
    binder = plate_binder(c, dimension, statement->name, k++);
    taken = false;
    for (const struct bound *b = at->bound; b; b = b->outer) taken = taken || b->binder == binder;
  } while (taken);
  loop.inner = *at;
  loop.inner.scope = scope_new(c, at->scope, 16);
  loop.inner.bound = bound_new(c, statement->name, binder, at->bound);
  for (const struct statement *s = body; s; s = s->next) {
    const struct statement *joined = loops_joined(c, &loop.inner, &s);
    struct statement alone = *s;
    alone.next = NULL;
    if (s->kind == STATEMENT_FOR)
      check_for(c, &loop.inner, joined);
    else if (has_number_index(s->indices) && s->kind == STATEMENT_DEFINE)
      check_initial(c, &loop.inner, s);
    else if (has_number_index(s->indices)) {
      const struct context here = context_of_output(c, &loop.inner, s);
      check_initial_draw(c, &here, s, s->kind == STATEMENT_DATA);
    } else if (is_of_step(&loop.inner, dimension, s))
      name_of_step(c, &loop.inner, s);
    else {
      struct context here = loop.inner;
      here.bound = at->bound;
      check_loop(c, &here, statement, &alone, dimension, binder);
    }
  }
}

void check_for(struct checker *c, const struct context *at, const struct statement *statement) {
  bool sound = true;
  const struct statement *single = outputs_apart(c, at, statement->body, &sound);
  const struct dimension *dimension = dimension_named(c, at, statement->index, statement->name_span);
  const struct statement *body = branches_merged(c, single, true, &sound);
  if (!dimension || !sound) return;
  if (holds_loops(body))
    check_nest(c, at, statement, body, dimension);
  else
    check_loop(c, at, statement, body, dimension, binder_new(c, dimension, statement->name));
}
