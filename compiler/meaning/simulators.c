/* sim f(args) -> outputs { ... } density = e: a simulator becomes an external that draws its outputs, and a distribution of
 * each output. The first outputs have the density 1, the last one that of all, given the others: so a simulator is used,
 * broadcast and chosen like any distribution. */
#include <math.h>
#include <string.h>

#include "compiler/meaning/making.h"
#include "compiler/meaning/modified.h"

#define USUAL_LIMIT 100000 /* of a `while` that states none */
#define MAX_OUTPUTS 16

/* ---- errors ---- */

static void error_sim(struct checker *c, struct span span, const char *problem, const char *fix) {
  diagnose(c->sink, "E2070", span, "%s", problem)->fix = fix;
}

/* ---- expressions ---- */

static const struct term *value_of(struct making *m, const struct context *at, struct acts *acts,
                                   const struct expr *expr, bool condition) {
  struct checker *c = m->c;
  const struct term *term = condition ? condition_of(c, at, expr) : scalar_of(c, at, expr);
  if (is_poison(c, term)) return m->sound = false, term;
  if (term->type.base == BASE_DISTRIBUTION) {
    error_sim(c, expr->span, "a distribution is no value: a simulator draws raw numbers",
              "draw from it: `x ~ ...`");
    return m->sound = false, c->poison;
  }
  term = without_draws(m, acts, term);
  if (is_poison(c, term)) m->sound = false;
  return term;
}

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
    bool local = s->kind == STATEMENT_FOR || s->kind == STATEMENT_VAR || s->kind == STATEMENT_DEFINE;
    if (local && s->name == name) return s;
    found = local_named(s->body, name);
    if (!found) found = local_named(s->otherwise, name);
  }
  return found;
}

static bool is_whole_name(struct whole_walk *w, const char *name) {
  for (size_t k = 0; k < w->n_open; k++)
    if (w->open[k] == name) return true;
  const struct symbol *symbol = scope_find(w->at->scope, NAMESPACE_VALUE, name);
  if (symbol && symbol->kind == SYMBOL_FORMAL && !symbol->assignable)
    return symbol->formal->type.base == BASE_INT || symbol->formal->type.base == BASE_CODE;
  const struct statement *local = local_named(w->m->statement->body, name);
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
      return false;
    case EXPR_INDEX:
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

/* ---- statements ---- */

static void make_block(struct making *m, const struct context *at, struct acts *acts, const struct statement *list);

static const struct act *block_of(struct making *m, const struct context *at, const struct statement *list) {
  struct context inner = *at;
  struct acts acts = {0};
  inner.scope = scope_new(m->c, at->scope, 16);
  make_block(m, &inner, &acts, list);
  return acts.first;
}

static size_t output_named(const struct simulator *simulator, const struct formal *formal) {
  size_t k = 0;
  while (k < simulator->n_output && simulator->outputs[k] != formal) k++;
  return k;
}

static bool kind_fits(const struct formal *output, const struct term *value) {
  enum base base = output->type.base;
  if (base == BASE_REAL) return true;
  return base == BASE_BOOL ? value->type.base == BASE_BOOL : is_whole(value);
}

static void give(struct making *m, struct acts *acts, const struct statement *s, const struct formal *local,
                 const struct term *value) {
  struct checker *c = m->c;
  const size_t output = output_named(m->simulator, local);
  if (output < m->simulator->n_output) {
    m->assigned[output] = true;
    if (!kind_fits(local, value)) {
      struct diagnostic *d = diagnose(c->sink, "E2020", s->value->span, "the output `%s` is %s, not %s", local->name,
                                      base_text(local->type.base), base_text(value->type.base));
      if (local->type.base == BASE_INT) d->fix = "use floor, ceil or round";
      m->sound = false;
    }
  }
  struct act *act = add_act(m, acts, ACT_SET, s->span);
  act->local = local;
  act->value = local->type.base == BASE_BOOL ? value : as_number(c, value);
}

static void set(struct making *m, const struct context *at, struct acts *acts, const struct statement *s,
                const struct formal *local) {
  const struct term *value = value_of(m, at, acts, s->value, false);
  if (!is_poison(m->c, value)) give(m, acts, s, local, value);
}

static void add_symbol(struct making *m, const struct context *at, const struct statement *s,
                       const struct formal *local, bool assignable) {
  struct symbol *symbol = scope_add(m->c, at->scope, SYMBOL_FORMAL, s->name, s->name_span, m->c->everywhere);
  if (!symbol) {
    m->sound = false;
    return;
  }
  symbol->formal = local;
  symbol->local = true;
  symbol->assignable = assignable;
}

/* x = e: an output, or a local that keeps its value; var x = e: one that changes. */
static void make_local(struct making *m, const struct context *at, struct acts *acts, const struct statement *s) {
  struct checker *c = m->c;
  const struct symbol *known = scope_find(at->scope, NAMESPACE_VALUE, s->name);
  bool output = known && known->kind == SYMBOL_FORMAL && output_named(m->simulator, known->formal) < m->simulator->n_output;
  if (s->indices) {
    error_absent(c, s->indices->span, "an array inside a `sim` is")->fix = "keep its elements in locals of their own";
    m->sound = false;
    return;
  }
  if (output) {
    set(m, at, acts, s, known->formal);
    return;
  }
  bool var = s->kind == STATEMENT_VAR;
  const struct term *value = value_of(m, at, acts, s->value, false);
  if (is_poison(c, value)) {
    if (!scope_find_here(at->scope, NAMESPACE_VALUE, s->name))
      scope_add(c, at->scope, SYMBOL_POISON, s->name, s->name_span, c->everywhere);
    return;
  }
  if (var) value = as_number(c, value);
  struct whole_walk walk = {.m = m, .at = at};
  bool whole = is_whole(value) && (!var || stays_whole(&walk, s->name));
  struct type type = type_scalar(whole ? value->type.base : BASE_REAL);
  struct act *act = add_act(m, acts, ACT_SET, s->span);
  act->value = value;
  act->local = local_new(m, s->name, type, s->name_span);
  add_symbol(m, at, s, act->local, var);
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
    d->fix = floe__arena_printf(c->arena, "begin with `var %s = ...`", s->name);
    d->related = symbol->span;
    d->related_message = "it is defined here";
    m->sound = false;
  } else {
    set(m, at, acts, s, symbol->formal);
  }
}

static const struct term *single_itself(struct checker *c, const struct term *single, void *context) {
  (void)c, (void)context;
  return single;
}

/* x ~ D: an output, or a local that keeps its value. */
static void make_draw(struct making *m, const struct context *at, struct acts *acts, const struct statement *s) {
  struct checker *c = m->c;
  const struct symbol *known = scope_find(at->scope, NAMESPACE_VALUE, s->name);
  bool output = known && known->kind == SYMBOL_FORMAL && output_named(m->simulator, known->formal) < m->simulator->n_output;
  m->sound = m->sound && !s->indices && !s->body;
  if (s->indices || s->body) {
    error_absent(c, s->span, "drawing an array, or several variables, inside a `sim` is")->fix =
        "draw numbers one by one";
    return;
  }
  const struct term *distribution = over_choices(c, distribution_of(c, at, s->value), single_itself, NULL);
  if (distribution->kind == TERM_CHOOSE) {
    diagnose(c->sink, "E2036", s->value->span, "a simulator sees its arguments only, not the axis `%s`",
             distribution->axis->name)
        ->fix = "choose what is given to the simulator, or between two simulators";
    distribution = c->poison;
  }
  if (!is_poison(c, distribution) && (distribution->kind != TERM_DISTRIBUTION || distribution->type.n_dim)) {
    error_absent(c, s->value->span, "a joint distribution inside a `sim` is")->fix =
        "draw numbers one by one";
    distribution = c->poison;
  }
  bool improper = !is_poison(c, distribution) && distribution->distribution->improper;
  if (improper)
    diagnose(c->sink, "E2054", s->value->span, "`%s` cannot be flat: it has to be drawn", s->name)->fix =
        "take a proper distribution";
  const struct term *value =
      is_poison(c, distribution) || improper ? c->poison : drawn_from(m, acts, distribution);
  if (is_poison(c, value)) {
    m->sound = false;
    if (!output && !scope_find_here(at->scope, NAMESPACE_VALUE, s->name))
      scope_add(c, at->scope, SYMBOL_POISON, s->name, s->name_span, c->everywhere);
    return;
  }
  if (output) {
    give(m, acts, s, known->formal, value);
    return;
  }
  struct act *act = add_act(m, acts, ACT_SET, s->span);
  act->value = value;
  act->local = local_new(m, s->name, type_scalar(value->type.base), s->name_span);
  add_symbol(m, at, s, act->local, false);
}

static void make_while(struct making *m, const struct context *at, struct acts *acts, const struct statement *s) {
  struct acts before = {0};
  const struct term *condition = value_of(m, at, &before, s->value, true);
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
  struct act *act = add_act(m, acts, ACT_FOR, s->span);
  struct binder *binder = binder_new(c, dimension, s->name);
  act->binder = binder;
  act->local = local_new(m, s->name, type_scalar(BASE_INT), s->name_span);
  inner.bound = bound_new(c, s->name, binder, at->bound);
  act->body = block_of(m, &inner, s->body);
}

static void make_if(struct making *m, const struct context *at, struct acts *acts, const struct statement *s) {
  const struct term *condition = value_of(m, at, acts, s->value, true);
  struct act *act = add_act(m, acts, ACT_IF, s->span);
  act->value = condition;
  act->body = block_of(m, at, s->body);
  act->otherwise = block_of(m, at, s->otherwise);
}

static void make_block(struct making *m, const struct context *at, struct acts *acts, const struct statement *list) {
  for (const struct statement *s = list; s; s = s->next) {
    if (s->kind == STATEMENT_DEFINE || s->kind == STATEMENT_VAR)
      make_local(m, at, acts, s);
    else if (s->kind == STATEMENT_ASSIGN)
      make_assignment(m, at, acts, s);
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

/* ---- outputs ---- */

struct bounds { /* of an output: they may rest on arguments alone */
  const struct simulator *simulator;
  bool sound;
};

static void check_bound(void *context, const struct term *term) {
  struct bounds *bounds = context;
  bool argument = term->kind != TERM_FORMAL;
  for (size_t k = 0; k < bounds->simulator->n_argument && !argument; k++)
    argument = bounds->simulator->arguments[k] == term->formal;
  bounds->sound = bounds->sound && argument;
}

static bool outputs_of(struct making *m, const struct context *at) {
  struct checker *c = m->c;
  struct simulator *simulator = m->simulator;
  simulator->n_output = formals_of(c, at, m->statement->outputs, &simulator->outputs);
  if (simulator->n_output > MAX_OUTPUTS) {
    error_limit(c, m->statement->outputs->span, "the outputs of a simulator are", MAX_OUTPUTS);
    return false;
  }
  const struct parameter *p = m->statement->outputs;
  for (size_t k = 0; k < simulator->n_output; k++, p = p->next) {
    const struct type *type = &simulator->outputs[k]->type;
    struct bounds bounds = {simulator, true};
    if (type->n_dim) {
      error_absent(c, p->span, "an array as an output of a `sim` is")->fix = "give its elements as outputs";
      return false;
    }
    visit_terms(type->low, check_bound, &bounds);
    visit_terms(type->high, check_bound, &bounds);
    if (!bounds.sound) {
      error_sim(c, p->span, "the bounds of an output are numbers, or rest on arguments", "state them without other outputs");
      return false;
    }
    struct symbol *symbol = scope_find_here(at->scope, NAMESPACE_VALUE, p->name);
    if (!symbol || symbol->formal != simulator->outputs[k]) return false; /* reported: the name is taken */
    symbol->assignable = true;
  }
  return true;
}

/* ---- the external and the distributions ---- */

/* Names of modules hold points: sim_3_own_walk for own.walk, which no name without a point becomes. */
static const char *symbol_of(struct making *m) {
  struct checker *c = m->c;
  const char *name = m->simulator->name;
  if (m->statement->foreign && m->statement->text) return m->statement->text;
  if (m->statement->foreign || !strchr(name, '.'))
    return m->statement->foreign ? name : floe__arena_printf(c->arena, "sim_%s", name);
  char *plain = floe__arena_copy(c->arena, name, strlen(name));
  const char *places = "sim";
  for (char *point = plain; (point = strchr(point, '.')); *point = '_')
    places = floe__arena_printf(c->arena, "%s_%zu", places, (size_t)(point - plain));
  return floe__arena_printf(c->arena, "%s_%s", places, plain);
}

static struct external *external_of(struct making *m) {
  struct checker *c = m->c;
  struct simulator *simulator = m->simulator;
  struct external *external = floe__arena_alloc(c->arena, sizeof *external);
  external->name = simulator->name;
  external->symbol = symbol_of(m);
  external->span = simulator->span;
  external->random = true;
  external->simulator = simulator;
  external->n_formal = simulator->n_argument;
  external->formals = simulator->arguments;
  external->type = type_scalar(simulator->outputs[0]->type.base);
  if (simulator->n_output == 1) return external;
  const struct dimension *dimension = dimension_anonymous(c, simulator->n_output);
  external->type = type_array(c, type_scalar(BASE_REAL), 1, &dimension);
  return external;
}

static const struct term *sample_of(struct making *m, size_t output) {
  struct checker *c = m->c;
  const struct simulator *simulator = m->simulator;
  struct term *all = term_new(c, TERM_EXTERN, simulator->span, simulator->n_argument);
  all->external = simulator->external;
  all->type = simulator->external->type;
  for (size_t k = 0; k < simulator->n_argument; k++)
    all->items[k] = formal_read(c, simulator->arguments[k], simulator->span);
  if (simulator->n_output == 1) return all;
  struct term *one = term_new(c, TERM_ELEMENT, simulator->span, 2);
  one->items[0] = all;
  one->items[1] = term_number(c, simulator->span, (double)output + 1);
  one->type = type_scalar(simulator->outputs[output]->type.base);
  return one;
}

static const struct term *density_of(struct making *m, const struct context *at) {
  struct checker *c = m->c;
  const struct statement *s = m->statement;
  struct context inner = *at;
  if (!s->value && !s->otherwise) return NULL;
  inner.scope = scope_new(c, at->scope, 16);
  inner.place = PLACE_FUNCTION;
  const struct term *density = s->value ? scalar_of(c, &inner, s->value) : body_of(c, &inner, s->otherwise);
  if (is_poison(c, density)) return m->sound = false, NULL;
  if (!density->type.n_dim && density->type.base != BASE_BOOL && density->type.base != BASE_DISTRIBUTION &&
      function_inlineable(c, m->simulator, density, density->span))
    return density;
  error_sim(c, density->span, "a density is one number: the logarithm of the density of all outputs",
            "write it over the outputs and the arguments");
  m->sound = false;
  return NULL;
}

static void distributions_of(struct making *m, const struct term *density) {
  struct checker *c = m->c;
  struct simulator *simulator = m->simulator;
  const size_t n = simulator->n_output, n_argument = simulator->n_argument;
  simulator->distributions = floe__arena_array(c->arena, n, sizeof *simulator->distributions);
  for (size_t k = 0; k < n; k++) {
    struct distribution *d = floe__arena_alloc(c->arena, sizeof *d);
    const bool last = k + 1 == n;
    d->name = simulator->name;
    d->span = simulator->span;
    d->simulator = simulator;
    d->output = k;
    d->support = simulator->outputs[k]->type;
    d->x = simulator->outputs[k];
    d->formals = floe__arena_array(c->arena, n_argument + n, sizeof *d->formals);
    for (size_t j = 0; j < n_argument; j++) d->formals[d->n_formal++] = simulator->arguments[j];
    for (size_t j = 0; last && j + 1 < n; j++) d->formals[d->n_formal++] = simulator->outputs[j];
    d->sample = sample_of(m, k);
    d->logpdf = density && last ? density : term_number(c, simulator->span, density ? 0 : NAN);
    d->opaque = density ? NULL : d;
    d->up_to_constant = m->statement->up_to_constant;
    simulator->distributions[k] = d;
  }
}

static void require_assigned(struct making *m) {
  const struct parameter *p = m->statement->outputs;
  for (size_t k = 0; m->sound && k < m->simulator->n_output; k++, p = p->next) {
    if (m->assigned[k]) continue;
    diagnose(m->c->sink, "E2070", p->span, "the body gives no value to the output `%s`", p->name)->fix =
        floe__arena_printf(m->c->arena, "add `%s = ...`", p->name);
    m->sound = false;
  }
}

static bool is_identifier(const char *text) {
  static const char *const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  if (!strchr(letters, *text) || !*text) return false;
  return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")] == '\0';
}

static void require_trust(struct making *m) {
  const struct statement *s = m->statement;
  if (!s->foreign) return;
  const char *symbol = symbol_of(m);
  if (!is_identifier(symbol)) {
    diagnose(m->c->sink, "E2032", s->span, "`%s` is no C identifier", symbol)->fix = "for example: as \"my_simulator\"";
    m->sound = false;
  }
  if (m->c->allow_extern) return;
  diagnose(m->c->sink, "E2028", s->name_span, "`%s` would run C code that comes with the spec", s->name)->fix =
      "if you trust it, say --allow-extern";
}

void check_sim(struct checker *c, const struct context *at, const struct statement *s) {
  struct simulator *simulator = floe__arena_alloc(c->arena, sizeof *simulator);
  struct making m = {.c = c, .statement = s, .simulator = simulator, .sound = true};
  struct context inner = {.scope = scope_new(c, at->scope, 32), .presence = c->everywhere, .place = PLACE_SIM};
  simulator->name = s->name;
  simulator->span = s->name_span;
  simulator->n_argument = formals_of(c, &inner, s->parameters, &simulator->arguments);
  m.sound = outputs_of(&m, &inner);
  m.assigned = floe__arena_array(c->arena, simulator->n_output + 1, sizeof *m.assigned);
  require_trust(&m);
  if (m.sound && !s->foreign) {
    for (size_t k = 0; k < simulator->n_output; k++) list_add(c->arena, &m.locals, simulator->outputs[k]);
    simulator->body = block_of(&m, &inner, s->body);
    require_assigned(&m);
  }
  for (const struct parameter *p = s->outputs; p && m.sound; p = p->next)
    scope_find_here(inner.scope, NAMESPACE_VALUE, p->name)->assignable = false;
  const struct term *density = m.sound ? density_of(&m, &inner) : NULL;
  simulator->n_local = m.locals.n;
  simulator->locals = (const struct formal **)(void *)m.locals.items;
  struct symbol *symbol = callable_add(c, at, SYMBOL_DISTRIBUTION, s);
  if (symbol && !m.sound) symbol->kind = SYMBOL_POISON;
  if (!symbol || !m.sound) return;
  simulator->external = external_of(&m);
  if (s->foreign) list_add(c->arena, &c->externals, simulator->external);
  distributions_of(&m, density);
  symbol->distribution = (struct distribution *)(uintptr_t)simulator->distributions[0];
}
