/* ode s at t[day] { S' = ...  init S = ... }: a system of differential equations becomes an external function that gives the
 * states at the times; ode s[person] at t[person, day] { ... } is one system for each person. What the rates take from outside becomes its arguments, so that the system itself is closed. */
#include <string.h>

#include "compiler/meaning/checker.h"

#define MAX_STATES 32
#define MAX_PARAMETERS 64
#define MAX_INDEX_OF_TIMES 8

enum { ARGUMENT_TIMES, ARGUMENT_START, ARGUMENT_SOLVER, ARGUMENT_TOLERANCE, N_METHOD_ARGUMENT };

/* ---- errors ---- */

static void error_state(struct checker *c, struct span span, const char *name, const char *problem, const char *fix) {
  diagnose(c->sink, "E2060", span, "the state `%s` %s", name, problem)->fix = floe__arena_printf(c->arena, fix, name);
}

static const struct term *error_rate(struct checker *c, struct span span) {
  diagnose(c->sink, "E2061", span, "the rate of a state is made of numbers: no array here may depend on the states")
      ->fix = "use the states one by one, and arrays through their elements";
  return c->poison;
}

static const struct term *error_setting(struct checker *c, struct span span, const char *problem, const char *fix) {
  diagnose(c->sink, "E2062", span, "%s", problem)->fix = fix;
  return c->poison;
}

static const struct term *error_times(struct checker *c, struct span span, const char *problem, const char *fix) {
  diagnose(c->sink, "E4060", span, "%s", problem)->fix = fix;
  return c->poison;
}

/* ---- what the rates take from outside ---- */

struct chosen { /* the options that a term stands in */
  const struct axis *axis;
  size_t option;
  const struct chosen *outer;
};

struct capture {
  struct checker *c;
  struct presence presence;    /* of the system */
  struct list formals, values; /* of the parameters: struct formal *, struct term * */
};

static void find_formal(void *context, const struct term *term) {
  bool *found = context;
  *found = *found || term->kind == TERM_FORMAL;
}

static bool moves(const struct term *term) {
  bool found = false;
  visit_terms(term, find_formal, &found);
  return found;
}

struct existence {
  const struct capture *capture;
  bool everywhere;
};

static void find_absence(void *context, const struct term *term) {
  struct existence *e = context;
  const struct presence *presence = term->kind == TERM_VARIABLE     ? &term->variable->presence
                                    : term->kind == TERM_DEFINITION ? &term->definition->presence
                                                                    : NULL;
  if (presence && !presence_within(e->capture->c, e->capture->presence, *presence)) e->everywhere = false;
}

/* Where the value does not exist in all universes of the system: 0 but where the options are chosen. */
static const struct term *where_chosen(const struct capture *capture, const struct term *value,
                                       const struct chosen *chosen) {
  struct checker *c = capture->c;
  struct existence existence = {capture, value->kind != TERM_NUMBER};
  visit_terms(value, find_absence, &existence);
  if (existence.everywhere) return value;
  for (; chosen; chosen = chosen->outer) {
    struct term *choose = choose_term(c, chosen->axis, value->span);
    for (size_t k = 0; k < chosen->axis->n_option; k++)
      choose->items[k] = k == chosen->option ? value : term_number(c, value->span, 0);
    choose->type = type_scalar(BASE_REAL);
    value = choose;
  }
  return value;
}

struct settled {
  const struct checker *c;
  bool all;
};

/* Whether what the term's names stand for is the same in all options: other options may still add to a definition. */
static void find_unsettled(void *context, const struct term *term) {
  struct settled *s = context;
  if (term->kind != TERM_DEFINITION || !s->all) return;
  for (size_t k = 0; k < s->c->definition_symbols.n; k++) {
    const struct symbol *symbol = s->c->definition_symbols.items[k];
    if (symbol->definition != term->definition) continue;
    s->all = symbol->pieces.n == 1;
    if (s->all) visit_terms(symbol->definition->value, find_unsettled, s);
    return;
  }
}

static bool is_constant(const struct checker *c, const struct term *value, double *number) {
  struct settled settled = {c, true};
  visit_terms(value, find_unsettled, &settled);
  return settled.all && constant_value(value, NULL, number);
}

static const struct term *parameter(struct capture *capture, const struct term *value, const struct chosen *chosen) {
  struct checker *c = capture->c;
  const char *name = value->variable ? value->variable->name : value->definition ? value->definition->name : NULL;
  double number;
  if (value->kind != TERM_NUMBER && is_constant(c, value, &number)) return term_number(c, value->span, number);
  value = where_chosen(capture, value, chosen);
  size_t k = 0;
  while (k < capture->values.n && !term_same(capture->values.items[k], value)) k++;
  if (k == capture->values.n) {
    struct formal *formal = floe__arena_alloc(c->arena, sizeof *formal);
    formal->name = name ? name : floe__arena_printf(c->arena, "p%zu", k + 1);
    formal->type = type_scalar(BASE_REAL);
    list_add(c->arena, &capture->formals, formal);
    list_add(c->arena, &capture->values, value);
  }
  struct term *term = term_new(c, TERM_FORMAL, value->span, 0);
  term->formal = capture->formals.items[k];
  term->type = term->formal->type;
  return term;
}

static const struct term *closed(struct capture *capture, const struct term *term, const struct chosen *chosen);

/* A choice becomes a decision by numbers from outside. */
static const struct term *closed_choice(struct capture *capture, const struct term *term, const struct chosen *chosen) {
  struct checker *c = capture->c;
  const struct term *result = NULL;
  for (size_t k = 0; k < term->n_item; k++) {
    if (!term->items[k]) continue;
    const struct chosen inner = {term->axis, k, chosen};
    const struct term *option = closed(capture, term->items[k], &inner);
    if (is_poison(c, option)) return option;
    if (!result) {
      result = option;
      continue;
    }
    const struct term *zero = term_number(c, term->span, 0);
    const struct term *here = parameter(capture, term_number(c, term->span, 1), &inner);
    result = term_select(c, term->span, term_operator(c, OP_NE, term->span, BASE_BOOL, here, zero), option, result);
  }
  return result;
}

static const struct term *closed_items(struct capture *capture, const struct term *term, const struct chosen *chosen) {
  struct checker *c = capture->c;
  struct term *copy = term_new(c, term->kind, term->span, term->n_item);
  const struct term **items = copy->items;
  *copy = *term;
  copy->items = items;
  for (size_t k = 0; k < term->n_item; k++) {
    copy->items[k] = closed(capture, term->items[k], chosen);
    if (is_poison(c, copy->items[k])) return c->poison;
  }
  return copy;
}

static const struct term *closed(struct capture *capture, const struct term *term, const struct chosen *chosen) {
  struct checker *c = capture->c;
  if (is_poison(c, term) || term->kind == TERM_NUMBER || term->kind == TERM_FORMAL) return term;
  if (term->type.n_dim) return error_rate(c, term->span);
  bool negative = term->kind == TERM_OPERATOR && term->op == OP_NEG;
  if (!moves(term) && !negative) {
    const struct term *value = parameter(capture, as_number(c, term), chosen);
    if (term->type.base != BASE_BOOL) return value;
    return term_operator(c, OP_NE, term->span, BASE_BOOL, value, term_number(c, term->span, 0));
  }
  switch (term->kind) {
    case TERM_OPERATOR:
    case TERM_SELECT:
    case TERM_CALL:
    case TERM_EXTERN: return closed_items(capture, term, chosen);
    case TERM_CHOOSE: return closed_choice(capture, term, chosen);
    case TERM_NUMBER:
    case TERM_FORMAL:
    case TERM_VARIABLE:
    case TERM_DEFINITION:
    case TERM_BINDER:
    case TERM_SIZE:
    case TERM_AXIS:
    case TERM_AXIS_IS:
    case TERM_ELEMENT:
    case TERM_MAP:
    case TERM_REDUCE:
    case TERM_DISTRIBUTION:
    case TERM_POWER:
    case TERM_ARRAY: break;
  }
  return error_rate(c, term->span);
}

/* ---- the parts of the statement ---- */

struct ode {
  struct checker *c;
  const struct context *at;
  const struct statement *statement;
  struct list persons;   /* struct bound *: the indices of the statement, one system for each of their elements */
  struct context each;   /* inside of these */
  struct context inside; /* of the rates: states and time are visible too */
  struct system *system;
  const struct statement *rates[MAX_STATES], *initials[MAX_STATES];
  const struct term *method[N_METHOD_ARGUMENT], *initial[MAX_STATES];
  const struct dimension *dimension;
  bool sound;
};

static const struct formal *scalar_formal(struct ode *o, const char *name, struct span span) {
  struct formal *formal = floe__arena_alloc(o->c->arena, sizeof *formal);
  *formal = (struct formal){name, type_scalar(BASE_REAL)};
  if (!span.file) return formal;
  struct symbol *symbol = scope_add(o->c, o->inside.scope, SYMBOL_FORMAL, name, span, o->c->everywhere);
  if (!symbol) return o->sound = false, formal;
  symbol->formal = formal;
  symbol->local = true;
  return formal;
}

static size_t state_named(const struct ode *o, const char *name) {
  size_t k = 0;
  while (k < o->system->n_state && o->rates[k]->name != name) k++;
  return k;
}

static void collect_states(struct ode *o) {
  const char *time = floe__name_of(o->c->names, "time");
  o->system->states = floe__arena_array(o->c->arena, MAX_STATES, sizeof *o->system->states);
  o->system->time = scalar_formal(o, time, o->statement->name_span);
  for (const struct statement *s = o->statement->body; s; s = s->next) {
    if (s->kind != STATEMENT_RATE) continue;
    if (o->system->n_state == MAX_STATES) {
      error_limit(o->c, s->span, "the states of a system are", MAX_STATES);
      o->sound = false;
      return;
    }
    o->rates[o->system->n_state] = s;
    o->system->states[o->system->n_state++] = scalar_formal(o, s->name, s->name_span);
  }
  if (o->system->n_state) return;
  diagnose(o->c->sink, "E2060", o->statement->name_span, "the system `%s` has no states", o->statement->name)->fix =
      "give each state a rate and an initial value: S' = -S, and init S = 1";
  o->sound = false;
}

static void collect_initials(struct ode *o) {
  for (const struct statement *s = o->statement->body; s; s = s->next) {
    if (s->kind != STATEMENT_INIT) continue;
    const size_t k = state_named(o, s->name);
    const bool known = k < o->system->n_state;
    if (!known)
      error_state(o->c, s->name_span, s->name, "has an initial value, but no rate", "add %s' = ...");
    else if (o->initials[k])
      error_defined_twice(o->c, s->name, s->name_span, o->initials[k]->name_span);
    o->sound = o->sound && known;
    if (!known) continue;
    o->initials[k] = s;
    o->initial[k] = number_of(o->c, &o->each, s->value);
    o->sound = o->sound && !is_poison(o->c, o->initial[k]);
  }
  for (size_t k = 0; k < o->system->n_state; k++) {
    if (o->initials[k] || state_named(o, o->rates[k]->name) != k) continue;
    error_state(o->c, o->rates[k]->name_span, o->rates[k]->name, "has no initial value", "add `init %s = ...`");
    o->sound = false;
  }
}

/* rk45, stiff, an axis over these two, or a choice between them. */
static const struct term *solver_of(struct checker *c, const struct context *at, const struct expr *expr) {
  static const char *const problem = "a solver is `rk45` or `stiff`",
                           *const fix = "or name an axis: `equiv method = rk45* | stiff` and `solver = method`";
  if (expr->kind == EXPR_CHOOSE) return choose_of(c, at, expr, solver_of);
  if (expr->kind != EXPR_NAME) return error_setting(c, expr->span, problem, fix);
  if (strcmp(expr->name, "rk45") == 0) return term_number(c, expr->span, 0);
  if (strcmp(expr->name, "stiff") == 0) return term_number(c, expr->span, 1);
  struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, expr->name);
  if (!symbol || symbol->kind != SYMBOL_AXIS || symbol->axis->continuous)
    return error_setting(c, expr->span, problem, fix);
  struct term *choose = choose_term(c, symbol->axis, expr->span);
  for (size_t k = 0; k < symbol->axis->n_option; k++) {
    const char *label = symbol->axis->options[k].label;
    const bool stiff = strcmp(label, "stiff") == 0;
    if (!stiff && strcmp(label, "rk45") != 0) return error_setting(c, expr->span, problem, fix);
    if (at->presence.options[symbol->axis->id] >> k & 1) choose->items[k] = term_number(c, expr->span, stiff);
  }
  symbol->used_otherwise = true;
  choose->type = type_scalar(BASE_REAL);
  return choose;
}

static const struct term *known_number(struct ode *o, const struct expr *expr) {
  const struct term *term = number_of(o->c, &o->each, expr);
  if (is_poison(o->c, term) || !term_roles(o->c, term) || term_roles(o->c, term) == 1u << ROLE_DATA) return term;
  return error_times(o->c, expr->span, "this depends on unknowns or observations", "use data and numbers only");
}

static void collect_settings(struct ode *o) {
  static const char *const names[] = {
      [ARGUMENT_START] = "start", [ARGUMENT_SOLVER] = "solver", [ARGUMENT_TOLERANCE] = "tolerance"};
  static const double usual[] = {[ARGUMENT_START] = 0, [ARGUMENT_SOLVER] = 0, [ARGUMENT_TOLERANCE] = 1e-8};
  for (const struct statement *s = o->statement->body; s; s = s->next) {
    if (s->kind != STATEMENT_DEFINE) continue;
    size_t k = ARGUMENT_START;
    while (k < N_METHOD_ARGUMENT && strcmp(s->name, names[k]) != 0) k++;
    double number;
    if (k == N_METHOD_ARGUMENT || s->indices)
      error_setting(o->c, s->name_span, "a system has the settings start, solver and tolerance",
                    "define other values before the system");
    else if (o->method[k])
      error_defined_twice(o->c, s->name, s->name_span, o->method[k]->span);
    else
      o->method[k] = k == ARGUMENT_SOLVER ? solver_of(o->c, &o->each, s->value) : known_number(o, s->value);
    const bool known = k < N_METHOD_ARGUMENT && o->method[k] && !is_poison(o->c, o->method[k]);
    o->sound = o->sound && known;
    if (known && k == ARGUMENT_TOLERANCE && constant_value(o->method[k], NULL, &number) && !(number > 0)) {
      error_setting(o->c, s->value->span, "a tolerance is positive", "for example: tolerance = 1e-8");
      o->sound = false;
    }
  }
  for (size_t k = ARGUMENT_START; k < N_METHOD_ARGUMENT; k++)
    if (!o->method[k]) o->method[k] = term_number(o->c, o->statement->name_span, usual[k]);
}

/* The index of the times: the last one. */
static const struct expr *day_of(const struct ode *o) {
  const struct expr *day = o->statement->value->items;
  while (day->next) day = day->next;
  return day;
}

/* The times of one system, where those of all stand in one array; NULL: the indices do not fit. */
static const struct term *times_of_each(struct ode *o, const struct term *times) {
  const struct expr *value = o->statement->value;
  const struct term *given[MAX_INDEX_OF_TIMES];
  struct binder *day = binder_new(o->c, o->dimension, NULL);
  size_t n = 0;
  for (const struct expr *item = value->items; item->next; item = item->next) {
    const bool bound = item->kind == EXPR_NAME && bound_find(o->each.bound, item->name);
    if (!bound || n + 1 == MAX_INDEX_OF_TIMES || n == times->type.n_dim) return NULL;
    given[n] = explicit_index(o->c, &o->each, item, times->type.dim[n]);
    if (is_poison(o->c, given[n++])) return o->c->poison;
  }
  if (times->type.n_dim != n + 1 || !dimension_same(times->type.dim[n], o->dimension)) return NULL;
  if (n == 0) return times;
  given[n] = term_binder(o->c, value->span, day);
  return term_map(o->c, value->span, 1, &day, gather(o->c, &o->each, times, n + 1, given, value->span));
}

static void collect_times(struct ode *o) {
  const struct expr *value = o->statement->value;
  if (value->kind != EXPR_INDEX || day_of(o)->kind != EXPR_NAME) {
    error_times(o->c, value->span, "the times of a system are an array over an index",
                "for example: data t[day], and `ode s at t[day]`");
    o->sound = false;
    return;
  }
  const struct term *times = raw_of(o->c, o->at, value->left);
  o->dimension = dimension_named(o->c, o->at, day_of(o)->name, day_of(o)->span);
  o->sound = o->sound && !is_poison(o->c, times) && o->dimension;
  if (!o->sound) return;
  const unsigned known = 1u << ROLE_DATA;
  if (times->type.base != BASE_DISTRIBUTION) o->method[ARGUMENT_TIMES] = times_of_each(o, times);
  const bool fits = o->method[ARGUMENT_TIMES] != NULL;
  o->sound = fits && !is_poison(o->c, o->method[ARGUMENT_TIMES]);
  if (fits && !o->sound) return;
  if (!fits)
    error_times(o->c, value->span, "the times of a system are an array over one index, or over the system's indices and one more",
                "for example: data t[day], and `ode s at t[day]`; or data t[person, day], and `ode s[person] at t[person, day]`");
  else if (!o->dimension->ordered)
    error_times(o->c, day_of(o)->span, "the index of the times is not ordered",
                "declare it so: `index day in 10..50 ordered`");
  else if (term_roles(o->c, times) & ~known)
    error_times(o->c, value->span, "the times depend on unknowns or observations", "use data and numbers only");
  o->sound = fits && o->dimension->ordered && !(term_roles(o->c, times) & ~known);
}

static void close_rates(struct ode *o, struct capture *capture) {
  struct system *system = o->system;
  system->rates = floe__arena_array(o->c->arena, system->n_state + 1, sizeof *system->rates);
  for (size_t k = 0; k < system->n_state; k++) {
    system->rates[k] = closed(capture, number_of(o->c, &o->inside, o->rates[k]->value), NULL);
    o->sound = o->sound && !is_poison(o->c, system->rates[k]);
  }
  system->n_parameter = capture->formals.n;
  system->parameters = (const struct formal **)(void *)capture->formals.items;
  if (system->n_parameter <= MAX_PARAMETERS) return;
  error_limit(o->c, o->statement->name_span, "the numbers that the rates of a system take from outside are", MAX_PARAMETERS)->fix =
      "gather some of them in a definition";
  o->sound = false;
}

/* ---- the solution ---- */

static const struct formal **arguments_of_solution(struct ode *o) {
  const struct system *system = o->system;
  const size_t n = N_METHOD_ARGUMENT + system->n_state + system->n_parameter;
  static const char *const names[N_METHOD_ARGUMENT] = {"times", "start", "solver", "tolerance"};
  const struct formal **formals = floe__arena_array(o->c->arena, n, sizeof *formals);
  for (size_t k = 0; k < N_METHOD_ARGUMENT; k++) formals[k] = scalar_formal(o, names[k], (struct span){0});
  struct dimension *any = floe__arena_alloc(o->c->arena, sizeof *any);
  *any = (struct dimension){.name = o->dimension->name, .low = 1, .high = SIZE_MAX, .formal = true};
  ((struct formal *)formals[0])->type = type_array(o->c, type_scalar(BASE_REAL), 1, &(const struct dimension *){any});
  for (size_t k = 0; k < system->n_state; k++) formals[N_METHOD_ARGUMENT + k] = system->states[k];
  for (size_t k = 0; k < system->n_parameter; k++)
    formals[N_METHOD_ARGUMENT + system->n_state + k] = system->parameters[k];
  return formals;
}

static const struct term *solution_of(struct ode *o, const struct capture *capture) {
  const struct system *system = o->system;
  const struct dimension *dims[] = {o->dimension, dimension_anonymous(o->c, system->n_state)};
  struct external *external = floe__arena_alloc(o->c->arena, sizeof *external);
  external->name = o->statement->name;
  external->symbol = floe__arena_printf(o->c->arena, "ode_%s", external->name);
  external->adjoint = floe__arena_printf(o->c->arena, "adjoint_of_%s", external->name);
  external->span = o->statement->name_span;
  external->system = system;
  external->n_formal = N_METHOD_ARGUMENT + system->n_state + system->n_parameter;
  external->formals = arguments_of_solution(o);
  external->type = type_array(o->c, type_scalar(BASE_REAL), 2, dims);
  struct term *term = term_new(o->c, TERM_EXTERN, o->statement->name_span, external->n_formal);
  term->external = external;
  term->type = external->type;
  memcpy(term->items, o->method, sizeof o->method);
  memcpy(term->items + N_METHOD_ARGUMENT, o->initial, system->n_state * sizeof *term->items);
  for (size_t k = 0; k < system->n_parameter; k++)
    term->items[N_METHOD_ARGUMENT + system->n_state + k] = capture->values.items[k];
  return term;
}

static struct expr *copied(struct ode *o, const struct expr *expr) {
  struct expr *copy = floe__arena_alloc(o->c->arena, sizeof *copy);
  *copy = *expr;
  copy->next = NULL;
  return copy;
}

/* S[person, day] = s[person, day, k]. */
static void define_state(struct ode *o, size_t k) {
  const struct statement *rate = o->rates[k];
  struct expr *value = expr_new(o->c->arena, EXPR_INDEX, rate->name_span), **item = &value->items, *left = NULL,
              **last = &left;
  for (const struct expr *index = o->statement->indices; index; index = index->next) {
    *last = copied(o, index);
    *item = copied(o, index->kind == EXPR_WITHIN ? index->left : index);
    last = &(*last)->next;
    item = &(*item)->next;
  }
  *last = copied(o, day_of(o));
  *item = copied(o, day_of(o));
  (*item)->next = expr_new(o->c->arena, EXPR_NUMBER, rate->name_span);
  (*item)->next->number = (double)k + 1;
  (*item)->next->is_int = true;
  value->left = expr_new(o->c->arena, EXPR_NAME, rate->name_span);
  value->left->name = o->statement->name;
  struct statement define = {.kind = STATEMENT_DEFINE, .span = rate->name_span, .name_span = rate->name_span};
  define.name = rate->name;
  define.indices = left;
  define.value = value;
  check_define(o->c, o->at, &define);
  struct symbol *symbol = scope_find_here(o->at->scope, NAMESPACE_VALUE, rate->name);
  if (symbol && symbol->kind == SYMBOL_DEFINITION) symbol->definition->of_system = true;
}

static void poison_names(struct ode *o) {
  for (const struct statement *s = o->statement->body; s; s = s->next)
    if (s->kind == STATEMENT_RATE && !scope_find_here(o->at->scope, NAMESPACE_VALUE, s->name))
      scope_add(o->c, o->at->scope, SYMBOL_POISON, s->name, s->name_span, o->at->presence);
}

void check_ode(struct checker *c, const struct context *at, const struct statement *statement) {
  struct ode o = {.c = c, .at = at, .statement = statement, .inside = *at, .sound = true};
  struct capture capture = {.c = c, .presence = at->presence};
  o.system = floe__arena_alloc(c->arena, sizeof *o.system);
  o.inside.scope = scope_new(c, at->scope, 64);
  o.sound = left_indices(c, at, statement->indices, &o.persons);
  o.each = *at;
  o.each.bound = bind_left(c, &o.persons, o.persons.n, at->bound);
  o.inside.bound = o.each.bound;
  if (o.sound) collect_times(&o);
  collect_states(&o);
  collect_initials(&o);
  collect_settings(&o);
  close_rates(&o, &capture);
  struct definition *solution = NULL;
  if (o.sound) solution = define_array(c, &o.each, statement, &o.persons, solution_of(&o, &capture));
  if (!solution) {
    poison_names(&o);
    return;
  }
  solution->of_system = true;
  for (size_t k = 0; k < o.system->n_state; k++) define_state(&o, k);
}
