/* sim f(args) -> outputs { ... } density = e: a simulator becomes an external that draws its outputs, and a distribution of
 * each output. The first outputs have the density 1, the last one that of all, given the others: so a simulator is used,
 * broadcast and chosen like any distribution. */
#include <math.h>
#include <string.h>

#include "compiler/meaning/making.h"

#define MAX_OUTPUTS 16

void error_sim(struct checker *c, struct span span, const char *problem, const char *fix) {
  diagnose(c->sink, "E2070", span, "%s", problem)->fix = fix;
}

size_t output_named(const struct simulator *simulator, const struct formal *formal) {
  size_t k = 0;
  while (k < simulator->n_output && simulator->outputs[k] != formal) k++;
  return k;
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

/* An array over indices of arguments or of a fixed size. */
static bool array_fits(struct making *m, const struct context *at, const struct type *type, struct span span) {
  const struct simulator *simulator = m->simulator;
  for (size_t k = 0; k < type->n_dim; k++) {
    bool known = !type->dim[k]->formal && type->dim[k]->low == type->dim[k]->high;
    for (size_t j = 0; j < simulator->n_argument; j++)
      for (size_t d = 0; d < simulator->arguments[j]->type.n_dim; d++)
        known = known || simulator->arguments[j]->type.dim[d] == type->dim[k];
    const struct symbol *fixed = scope_find(m->c->spec, NAMESPACE_INDEX, type->dim[k]->name);
    if (!known && fixed && fixed->dimension->low == fixed->dimension->high) {
      scope_find_here(at->scope, NAMESPACE_INDEX, type->dim[k]->name)->dimension = fixed->dimension;
      type->dim[k] = fixed->dimension;
      known = true;
    }
    if (known) continue;
    error_sim(m->c, span, floe__arena_printf(m->c->arena, "no argument has the index `%s` of this output", type->dim[k]->name),
              "give the simulator an array over it, or write `vector[3]` for a fixed size");
    return false;
  }
  return true;
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
    if (type->n_dim && !array_fits(m, at, type, p->span)) return false;
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
  external->type = simulator->outputs[0]->type;
  external->type.low = external->type.high = NULL;
  if (outputs_packed(simulator)) return pack_outputs(m, &external->type) ? external : NULL;
  if (external->type.n_dim || (simulator->n_output == 1 && !simulator->works)) return external;
  const struct dimension *dimension = dimension_anonymous(c, simulator->n_output);
  external->type = type_array(c, type_scalar(BASE_REAL), 1, &dimension);
  return external;
}

static const struct term *sample_of(struct making *m, size_t output) {
  struct checker *c = m->c;
  const struct simulator *simulator = m->simulator;
  struct term *run = term_new(c, TERM_EXTERN, simulator->span, simulator->n_argument);
  run->external = simulator->external;
  run->type = simulator->external->type;
  for (size_t k = 0; k < simulator->n_argument; k++)
    run->items[k] = formal_read(c, simulator->arguments[k], simulator->span);
  return output_read(c, simulator, run, output, simulator->span);
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
  simulator->works = outputs_packed(simulator) && !s->foreign;
  for (size_t k = simulator->n_output; k < m.locals.n; k++)
    simulator->works = simulator->works || ((const struct formal *)m.locals.items[k])->type.n_dim;
  simulator->locals = (const struct formal **)(void *)m.locals.items;
  if (density) list_add(c->arena, &m.terms, density);
  simulator->n_term = m.terms.n;
  simulator->terms = (const struct term **)(void *)m.terms.items;
  struct symbol *symbol = callable_add(c, at, SYMBOL_DISTRIBUTION, s);
  if (symbol && !m.sound) symbol->kind = SYMBOL_POISON;
  if (!symbol || !m.sound) return;
  simulator->external = external_of(&m);
  if (!simulator->external) {
    symbol->kind = SYMBOL_POISON;
    return;
  }
  if (s->foreign) list_add(c->arena, &c->externals, simulator->external);
  distributions_of(&m, density);
  list_add(c->arena, &c->simulators, simulator);
  symbol->distribution = (struct distribution *)(uintptr_t)simulator->distributions[0];
}
