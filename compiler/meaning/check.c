#include "compiler/meaning/check.h"

#include <string.h>

#include "compiler/meaning/checker.h"

static void finish_axes(struct checker *c) {
  for (size_t k = 0; k < c->axis_symbols.n; k++) {
    struct symbol *symbol = c->axis_symbols.items[k];
    symbol->axis->prepares = symbol->used_to_prepare && !symbol->used_otherwise;
  }
}

static void finish_definitions(struct checker *c) {
  for (size_t k = 0; k < c->definition_symbols.n; k++) definition_finish(c, c->definition_symbols.items[k]);
}

/* A list of pointers to structures as an array of structures. */
static void *flattened(struct checker *c, const struct list *list, size_t size) {
  char *array = floe__arena_array(c->arena, list->n + 1, size);
  for (size_t k = 0; k < list->n; k++) memcpy(array + k * size, list->items[k], size);
  return array;
}

static void gather_symbols(struct checker *c, struct program *p) {
  p->n_variable = c->variable_symbols.n;
  p->variables = floe__arena_array(c->arena, p->n_variable + 1, sizeof *p->variables);
  for (size_t k = 0; k < p->n_variable; k++)
    p->variables[k] = ((struct symbol *)c->variable_symbols.items[k])->variable;
  p->n_definition = c->definition_symbols.n;
  p->definitions = floe__arena_array(c->arena, p->n_definition + 1, sizeof *p->definitions);
  for (size_t k = 0; k < p->n_definition; k++)
    p->definitions[k] = ((struct symbol *)c->definition_symbols.items[k])->definition;
}

/* Dots stand in what a part makes for a name that the spec defines, `alpha.tau` for `alpha`, and `floe show` prints these. */
static void check_dots(struct checker *c, const struct list *symbols) {
  for (size_t k = 0; k < symbols->n; k++) {
    const struct symbol *symbol = symbols->items[k];
    const size_t length = strcspn(symbol->name, ".");
    const char *first = floe__name(c->names, symbol->name, length);
    if (!symbol->name[length] || scope_find(c->spec, NAMESPACE_VALUE, first)) continue;
    diagnose(c->sink, "E2038", symbol->span, "`%s` has a dot, but nothing is named `%s`", symbol->name, first)->fix =
        "names are made of letters, digits and `_`: dots stand in those that a part makes";
  }
}

static const struct program *finished(struct checker *c) {
  struct program *p = c->program;
  if (!p->name) p->name = "study";
  if (!p->title) p->title = "";
  p->source = c->tree->source;
  gather_symbols(c, p);
  finish_structures(c, p->n_variable, p->variables);
  p->n_dimension = c->dimensions.n, p->dimensions = (void *)c->dimensions.items;
  p->n_axis = c->axes.n, p->axes = (void *)c->axes.items;
  p->n_distribution = c->distributions.n, p->distributions = (void *)c->distributions.items;
  p->n_function = c->functions.n, p->functions = (void *)c->functions.items;
  p->n_simulator = c->simulators.n, p->simulators = (void *)c->simulators.items;
  p->n_external = c->externals.n, p->externals = (void *)c->externals.items;
  p->n_report = c->reports.n, p->reports = flattened(c, &c->reports, sizeof *p->reports);
  p->n_claim = c->claims.n, p->claims = flattened(c, &c->claims, sizeof *p->claims);
  p->n_check = c->checks.n, p->checks = flattened(c, &c->checks, sizeof *p->checks);
  p->n_elicited = c->elicited.n, p->elicited = flattened(c, &c->elicited, sizeof *p->elicited);
  p->n_prior = c->priors.n, p->priors = (void *)c->priors.items;
  p->n_preparation = c->preparations.n, p->preparations = flattened(c, &c->preparations, sizeof *p->preparations);
  p->n_constraint = c->constraints.n, p->constraints = flattened(c, &c->constraints, sizeof *p->constraints);
  p->n_setting = c->settings.n, p->settings = flattened(c, &c->settings, sizeof *p->settings);
  return p;
}

static struct checker checker_new(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                                  const struct tree *spec) {
  struct checker c = {.arena = arena, .names = names, .sink = sink, .tree = spec};
  uint64_t *all = floe__arena_array(arena, MAX_AXES, sizeof *all);
  memset(all, 0xff, MAX_AXES * sizeof *all);
  c.everywhere.options = all;
  c.poison = floe__arena_alloc(arena, sizeof *c.poison);
  c.program = floe__arena_alloc(arena, sizeof *c.program);
  c.library = scope_new(&c, NULL, 128);
  c.spec = scope_new(&c, c.library, 512);
  return c;
}

/* Whether there is a statement besides axes, which by themselves choose between nothing. */
static bool says_something(const struct statement *statement) {
  while (statement && (statement->kind == STATEMENT_AXIS || statement->kind == STATEMENT_FORBID ||
                       statement->kind == STATEMENT_REQUIRE))
    statement = statement->next;
  return statement;
}

static void error_empty(struct checker *c) {
  const struct span start = {c->tree->source, 0, 0};
  diagnose(c->sink, "E2050", start, c->tree->statements ? "the spec has no model, only axes" : "the spec is empty")
      ->fix = "begin with `model NAME \"title\"`; docs/language.md has a first model";
}

/* Everything that a statement by itself can be blamed for. */
static struct checker checked_statements(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                                         size_t n_library, const struct tree *const *library, const struct tree *spec,
                                         bool allow_extern) {
  struct checker c = checker_new(arena, names, sink, spec);
  c.in_library = true;
  for (size_t k = 0; k < n_library; k++) check_library(&c, library[k]);
  c.in_library = false;
  c.allow_extern = allow_extern;
  if (!says_something(spec->statements)) error_empty(&c);
  check_statements(&c, &(struct context){.scope = c.spec, .presence = c.everywhere, .place = PLACE_MODEL},
                   spec->statements);
  check_dots(&c, &c.variable_symbols);
  check_dots(&c, &c.axis_symbols);
  return c;
}

void check_rest(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink, size_t n_library,
                const struct tree *const *library, const struct tree *spec, bool allow_extern) {
  checked_statements(arena, names, sink, n_library, library, spec, allow_extern);
}

const struct program *check_program(struct floe__arena *arena, struct floe__names *names, struct diagnostics *sink,
                                    size_t n_library, const struct tree *const *library, const struct tree *spec,
                                    bool allow_extern) {
  const size_t before = diagnostics_errors(sink);
  struct checker c = checked_statements(arena, names, sink, n_library, library, spec, allow_extern);
  finish_partials(&c);
  finish_definitions(&c);
  finish_variables(&c);
  check_universes(&c);
  finish_elicitation(&c);
  if (diagnostics_errors(sink) > before) return NULL;
  finish_completed(&c);
  finish_summaries(&c);
  finish_order(&c);
  finish_discrete(&c);
  finish_axes(&c);
  return diagnostics_errors(sink) > before ? NULL : finished(&c);
}
