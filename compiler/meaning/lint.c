/* What is allowed but rarely meant. */
#include "compiler/meaning/checker.h"

/* What can be reached from some terms. */
struct reach {
  const struct program *program;
  bool through_variables; /* whether the distribution of a variable that is reached counts too */
  bool *variables, *definitions, *axes, *functions, *dimensions;
  struct floe__arena *arena;
  struct list inner; /* definitions inside functions, and distributions of the spec: they belong to no table */
};

static struct reach reach_new(struct floe__arena *arena, const struct program *p, bool through_variables) {
  return (struct reach){.program = p,
                        .arena = arena,
                        .through_variables = through_variables,
                        .variables = floe__arena_array(arena, p->n_variable + 1, sizeof(bool)),
                        .definitions = floe__arena_array(arena, p->n_definition + 1, sizeof(bool)),
                        .axes = floe__arena_array(arena, p->n_axis + 1, sizeof(bool)),
                        .functions = floe__arena_array(arena, p->n_function + 1, sizeof(bool)),
                        .dimensions = floe__arena_array(arena, p->n_dimension + 1, sizeof(bool))};
}

static void reach_term(struct reach *r, const struct term *term);

static void reach_dimension(struct reach *r, const struct dimension *d) {
  if (d && !d->formal) r->dimensions[d->id] = true;
}

static void reach_type(struct reach *r, const struct type *type) {
  for (size_t k = 0; k < type->n_dim; k++) reach_dimension(r, type->dim[k]);
  reach_dimension(r, type->codes);
  reach_term(r, type->low);
  reach_term(r, type->high);
}

static void reach_variable(struct reach *r, const struct variable *v) {
  if (r->variables[v->id]) return;
  r->variables[v->id] = true;
  if (!r->through_variables) return;
  reach_term(r, v->distribution);
  reach_type(r, &v->type);
}

static bool is_new(struct reach *r, const void *inner) {
  for (size_t k = 0; k < r->inner.n; k++)
    if (r->inner.items[k] == inner) return false;
  list_add(r->arena, &r->inner, inner);
  return true;
}

static void reach_definition(struct reach *r, const struct definition *d) {
  const bool tabled = d->id < r->program->n_definition && r->program->definitions[d->id] == d;
  if (tabled ? r->definitions[d->id] : !is_new(r, d)) return;
  if (tabled) r->definitions[d->id] = true;
  reach_term(r, d->value);
  for (size_t k = 0; d->recurrence && k + 1 < d->recurrence->start; k++) reach_term(r, d->initial[k]);
}

static void reach_function(struct reach *r, const struct function *function) {
  for (size_t k = 0; k < r->program->n_function; k++) {
    if (r->program->functions[k] != function || r->functions[k]) continue;
    r->functions[k] = true;
    reach_term(r, function->value);
  }
}

static void reach_distribution(struct reach *r, const struct distribution *d) {
  if (d->span.file != r->program->source || !is_new(r, d)) return;
  const struct term *methods[] = {d->logpdf,   d->sample,         d->cdf,   d->quantile, d->log_cdf,
                                  d->log_ccdf, d->upper_quantile, d->power, d->power_log};
  for (size_t k = 0; k < sizeof methods / sizeof *methods; k++) reach_term(r, methods[k]);
}

static void reach_term(struct reach *r, const struct term *term) {
  if (!term) return;
  if (term->variable) reach_variable(r, term->variable);
  if (term->definition) reach_definition(r, term->definition);
  if (term->function) reach_function(r, term->function);
  if (term->distribution) reach_distribution(r, term->distribution);
  if (term->axis) r->axes[term->axis->id] = true;
  reach_dimension(r, term->dimension);
  for (size_t k = 0; k < term->n_binder; k++) reach_dimension(r, term->binders[k]->dimension);
  for (size_t k = 0; k < term->n_item; k++) reach_term(r, term->items[k]);
  const struct system *system = term->external ? term->external->system : NULL;
  for (size_t k = 0; system && k < system->n_state; k++) reach_term(r, system->rates[k]);
}

static void reach_results(struct reach *r) {
  const struct program *p = r->program;
  for (size_t k = 0; k < p->n_simulator; k++) {
    const struct simulator *s = p->simulators[k];
    for (size_t i = 0; i < s->n_term; i++) reach_term(r, s->terms[i]);
    for (size_t i = 0; i < s->n_local; i++) reach_type(r, &s->locals[i]->type);
  }
  for (size_t k = 0; k < p->n_preparation; k++) reach_term(r, p->preparations[k].value);
  for (size_t k = 0; k < p->n_report; k++) reach_term(r, p->reports[k].value);
  for (size_t k = 0; k < p->n_variable; k++) reach_term(r, p->variables[k]->summary);
  for (size_t k = 0; k < p->n_claim; k++) reach_term(r, p->claims[k].value);
  for (size_t k = 0; k < p->n_check; k++) reach_term(r, p->checks[k].value);
  for (size_t k = 0; k < p->n_elicited; k++) reach_term(r, p->elicited[k].value);
}

/* ---- warnings ---- */

static void warn_unused(struct diagnostics *sink, const char *what, const char *name, struct span span) {
  diagnose(sink, "W2001", span, "the %s `%s` is never used", what, name)->fix = "remove it";
}

static void warn_uninformed(struct diagnostics *sink, const struct variable *v) {
  diagnose(sink, "W2002", v->span, "no observation depends on `%s`: its posterior is its prior", v->name)->fix =
      "use it in the distribution of an obs, or remove it";
}

static void warn_dead_axis(struct diagnostics *sink, const struct axis *axis) {
  diagnose(sink, "W3001", axis->span, "the axis `%s` changes nothing", axis->name)->fix = "choose by it, or remove it";
}

static void warn_identical(struct diagnostics *sink, const struct axis *axis, size_t a, size_t b) {
  struct diagnostic *d =
      diagnose(sink, "W3002", axis->options[b].span, "the options `%s` and `%s` of `%s` are the same",
               axis->options[a].label, axis->options[b].label, axis->name);
  d->fix = "remove one of them";
  d->related = axis->options[a].span;
  d->related_message = "the same is said here";
}

static void lint_unused(struct floe__arena *arena, struct diagnostics *sink, const struct program *p) {
  struct reach r = reach_new(arena, p, false);
  reach_results(&r);
  for (size_t k = 0; k < p->n_variable; k++) {
    reach_term(&r, p->variables[k]->distribution);
    reach_type(&r, &p->variables[k]->type);
    if (p->variables[k]->via) r.axes[p->variables[k]->via->id] = true;
  }
  for (size_t k = 0; k < p->n_definition; k++) {
    const struct definition *d = p->definitions[k];
    if (!r.definitions[k] && !d->of_system && d->span.file == p->source)
      warn_unused(sink, "definition", d->name, d->span);
    reach_type(&r, &d->type);
  }
  for (size_t k = 0; k < p->n_axis; k++) {
    for (size_t o = 0; o < p->axes[k]->n_option; o++)
      if (r.axes[k]) reach_term(&r, p->axes[k]->options[o].value);
  }
  for (size_t k = 0; k < p->n_axis; k++)
    if (!r.axes[k] && p->axes[k]->hyper)
      warn_unused(sink, "hyper value", p->axes[k]->name, p->axes[k]->span);
    else if (!r.axes[k])
      warn_dead_axis(sink, p->axes[k]);
  for (size_t k = 0; k < p->n_variable; k++) {
    const struct variable *v = p->variables[k];
    if (v->role == ROLE_DATA && !r.variables[k]) warn_unused(sink, "data", v->name, v->span);
  }
  for (size_t k = 0; k < p->n_function; k++)
    if (p->functions[k]->span.file == p->source && !r.functions[k])
      warn_unused(sink, "function", p->functions[k]->name, p->functions[k]->span);
  for (size_t k = 0; k < p->n_dimension; k++)
    if (p->dimensions[k]->span.file && !r.dimensions[k])
      warn_unused(sink, "index", p->dimensions[k]->name, p->dimensions[k]->span);
}

static void lint_uninformed(struct floe__arena *arena, struct diagnostics *sink, const struct program *p) {
  struct reach r = reach_new(arena, p, true);
  size_t n_obs = 0;
  for (size_t k = 0; k < p->n_variable; k++) {
    if (p->variables[k]->role != ROLE_OBS) continue;
    reach_variable(&r, p->variables[k]);
    n_obs++;
  }
  for (size_t k = 0; k < p->n_variable && n_obs; k++) {
    const struct variable *v = p->variables[k];
    if ((v->role == ROLE_PARAM || v->role == ROLE_LATENT) && !v->observed && !r.variables[k]) warn_uninformed(sink, v);
  }
}

/* ---- identical options ---- */

static void lint_options(struct diagnostics *sink, const struct axis *axis) {
  for (size_t b = 1; b < axis->n_option; b++)
    for (size_t a = 0; a < b; a++)
      if (axis->options[a].value && term_same(axis->options[a].value, axis->options[b].value)) {
        warn_identical(sink, axis, a, b);
        break;
      }
}

void check_lints(struct floe__arena *arena, struct diagnostics *sink, const struct program *program) {
  lint_unused(arena, sink, program);
  lint_uninformed(arena, sink, program);
  lint_priors(arena, sink, program);
  for (size_t k = 0; k < program->n_axis; k++) lint_options(sink, program->axes[k]);
}
