/* (a[i], b[i]) ~ f(...): the outputs of a simulator, drawn together and distributed one after the other. */
#include "compiler/meaning/checker.h"

static const struct term *error_outputs(struct checker *c, struct span span, const char *name, size_t gives,
                                        size_t wanted) {
  struct diagnostic *d = diagnose(c->sink, "E2071", span, "`%s` has %zu output%s, but %zu variable%s here", name, gives,
                                  gives == 1 ? "" : "s", wanted, wanted == 1 ? " stands" : "s stand");
  d->fix = gives == 1 ? "write y ~ f(...)" : "write one variable per output: (a[i], b[i]) ~ f(...)";
  return c->poison;
}

static const struct expr *target_expr(struct checker *c, const struct statement *target) {
  struct expr *name = expr_new(c->arena, EXPR_NAME, target->name_span);
  name->name = target->name;
  name->name_span = target->name_span;
  if (!target->indices) return name;
  struct expr *element = expr_new(c->arena, EXPR_INDEX, target->name_span);
  element->left = name;
  element->items = target->indices;
  return element;
}

const struct term *output_of(struct checker *c, const struct context *at, const struct expr *call,
                             const struct simulator *simulator) {
  const struct outputs *outputs = at->outputs;
  const size_t wanted = outputs ? outputs->n : 1;
  if (simulator->n_output != wanted) return error_outputs(c, call->span, call->name, simulator->n_output, wanted);
  const struct distribution *d = simulator->distributions[outputs ? outputs->which : 0];
  struct context inner = *at;
  struct list pairs = {0};
  struct term *term = term_new(c, TERM_DISTRIBUTION, call->span, d->n_formal);
  inner.outputs = NULL;
  term->distribution = d;
  term->variable = outputs ? outputs->first : NULL;
  if (!arguments_of(c, &inner, call, simulator->n_argument, d->formals, term->items, &pairs)) return c->poison;
  const struct statement *target = outputs ? outputs->targets : NULL;
  for (size_t k = simulator->n_argument; k < d->n_formal; k++) {
    term->items[k] = scalar_of(c, &inner, target_expr(c, target));
    if (is_poison(c, term->items[k])) return c->poison;
    target = target == outputs->targets ? target->body : target->next;
  }
  term->type = type_substituted(c, &pairs, d->support);
  term->type.base = BASE_DISTRIBUTION;
  return term;
}

/* All targets have the same indices, and are observations of one number each. */
static bool fitting_target(struct checker *c, const struct context *at, const struct statement *first,
                           const struct statement *target) {
  const struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, target->name);
  const struct expr *a = first->indices, *b = target->indices;
  bool same = true;
  for (; a && b && same; a = a->next, b = b->next)
    same = a->kind == b->kind && a->name == b->name && a->kind == EXPR_NAME;
  if (a || b || !same) {
    diagnose(c->sink, "E2071", target->name_span, "`%s` has other indices than `%s`", target->name, first->name)->fix =
        "what is drawn together has the same indices: (a[i], b[i]) ~ f(...)";
    return false;
  }
  if (!symbol) return error_unknown(c, at->scope, NAMESPACE_VALUE, target->name, target->name_span), false;
  if (symbol->kind == SYMBOL_POISON) return false;
  if (symbol->kind != SYMBOL_VARIABLE || symbol->variable->role != ROLE_OBS) {
    diagnose(c->sink, "E2071", target->name_span, "`%s` is no observation", target->name)->fix =
        "several outputs of a simulator are observations: declare it as obs";
    return false;
  }
  if (!symbol->censoring && !symbol->variable->missing) return true;
  error_absent(c, target->name_span, "a censored or missing output of several is")->fix = "leave out such rows";
  return false;
}

/* Every family must be a simulator: others say nothing of several variables. */
static bool only_simulators(struct checker *c, const struct context *at, const struct expr *expr) {
  if (expr->kind == EXPR_CHOOSE) {
    bool all = true;
    for (const struct option *option = expr->options; option; option = option->next)
      all = all && option->value && only_simulators(c, at, option->value);
    return all;
  }
  const struct symbol *symbol =
      expr->kind == EXPR_CALL ? scope_find(at->scope, NAMESPACE_CALLABLE, expr->name) : NULL;
  if (symbol && symbol->kind == SYMBOL_POISON) return false;
  if (symbol && symbol->kind == SYMBOL_DISTRIBUTION && symbol->distribution->simulator) return true;
  if (expr->kind != EXPR_ERROR)
    diagnose(c->sink, "E2071", expr->span, "only a simulator draws several variables at once")->fix =
        "give each variable a distribution, or define a `sim`";
  return false;
}

void check_outputs(struct checker *c, const struct context *at, const struct statement *s) {
  struct outputs outputs = {.targets = s, .n = 1};
  bool sound = only_simulators(c, at, s->value) && fitting_target(c, at, s, s);
  for (const struct statement *target = s->body; target; target = target->next, outputs.n++) {
    for (const struct statement *other = s; other != target; other = other == s ? s->body : other->next)
      if (other->name == target->name) {
        error_defined_twice(c, target->name, target->name_span, other->name_span);
        sound = false;
      }
    sound = sound && fitting_target(c, at, s, target);
  }
  const struct statement *target = s;
  for (size_t k = 0; k < outputs.n; k++, target = k == 1 ? s->body : target->next) {
    struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, target->name);
    if (!sound) {
      if (symbol && symbol->kind == SYMBOL_VARIABLE) symbol->kind = SYMBOL_POISON;
      continue;
    }
    struct statement one = *target;
    struct outputs *here = floe__arena_alloc(c->arena, sizeof *here);
    struct context inner = *at;
    if (k == 0) outputs.first = symbol->variable;
    *here = outputs;
    here->which = k;
    one.body = NULL;
    one.value = s->value;
    inner.outputs = here;
    check_sample(c, &inner, &one);
    sound = symbol->kind == SYMBOL_VARIABLE;
  }
}

const struct variable *variable_without_density(const struct program *program) {
  for (size_t k = 0; k < program->n_variable; k++)
    if (program->variables[k]->no_density) return program->variables[k];
  return NULL;
}
