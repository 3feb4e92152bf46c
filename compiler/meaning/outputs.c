/* (a[i], b[i]) ~ f(...): the outputs of a simulator, drawn together and distributed one after the other. */
#include "compiler/meaning/checker.h"

static const struct term *error_outputs(struct checker *c, struct span span, const char *name, size_t gives,
                                        size_t wanted) {
  struct diagnostic *d = diagnose(c->sink, "E2071", span, "`%s` has %zu output%s, but %zu variable%s here", name, gives,
                                  gives == 1 ? "" : "s", wanted, wanted == 1 ? " stands" : "s stand");
  d->fix = gives == 1 ? "write y ~ f(...)" : "write one variable per output: (a[i], b[i]) ~ f(...)";
  return c->poison;
}

/* The target where the loops are: without the indices that its output has of its own. */
static const struct expr *target_expr(struct checker *c, const struct statement *target, size_t n_common) {
  struct expr *name = expr_new(c->arena, EXPR_NAME, target->name_span);
  name->name = target->name;
  name->name_span = target->name_span;
  if (!target->indices || n_common == 0) return name;
  struct expr *element = expr_new(c->arena, EXPR_INDEX, target->name_span);
  struct expr **last = &element->items;
  element->left = name;
  for (const struct expr *index = target->indices; index && n_common;
       index = index->next, n_common--, last = &(*last)->next) {
    *last = floe__arena_alloc(c->arena, sizeof **last);
    **last = *index;
    (*last)->next = NULL;
  }
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
    const struct formal *formal = d->formals[k];
    const struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, target->name);
    const size_t n_dim = symbol->variable->type.n_dim, rank = formal->type.n_dim;
    if (n_dim < rank) return c->poison; /* said of that variable */
    term->items[k] = argument_of(c, &inner, target_expr(c, target, n_dim - rank), formal, &pairs);
    if (is_poison(c, term->items[k])) return c->poison;
    target = target == outputs->targets ? target->body : target->next;
  }
  term->type = type_substituted(c, &pairs, d->support);
  term->type.base = BASE_DISTRIBUTION;
  return term;
}

static bool same_index(const struct expr *a, const struct expr *b) {
  if (a->kind != b->kind) return false;
  return a->kind == EXPR_NAME ? a->name == b->name : a->kind == EXPR_NUMBER && a->number == b->number;
}

/* How many of the target's indices, the first ones, are not those of its output's own: `rank` of the variable's. */
static size_t common_indices(const struct context *at, const struct statement *target, size_t rank) {
  const struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, target->name);
  const size_t n = n_indices(target);
  if (!symbol || symbol->kind != SYMBOL_VARIABLE) return n;
  const size_t n_dim = symbol->variable->type.n_dim;
  return n_dim < rank + n ? (n_dim > rank ? n_dim - rank : 0) : n;
}

/* All targets have the same indices but for those of an output's own, and are observations. */
static bool fitting_target(struct checker *c, const struct context *at, const struct statement *first,
                           size_t first_rank, const struct statement *target, size_t rank) {
  const struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, target->name);
  const struct expr *a = first->indices, *b = target->indices;
  const size_t n = common_indices(at, first, first_rank);
  bool same = common_indices(at, target, rank) == n;
  for (size_t k = 0; k < n && same; k++, a = a->next, b = b->next) same = same_index(a, b);
  if (!same) {
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
  diagnose(c->sink, "E2058", target->name_span,
           "`%s` is drawn together with others: it cannot be missing or censored by itself", target->name)
      ->fix = "leave out such rows";
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
  const struct symbol *symbol = expr->kind == EXPR_CALL ? scope_find(at->scope, NAMESPACE_CALLABLE, expr->name) : NULL;
  if (symbol && symbol->kind == SYMBOL_POISON) return false;
  if (symbol && symbol->kind == SYMBOL_DISTRIBUTION && symbol->distribution->simulator) return true;
  if (expr->kind != EXPR_ERROR)
    diagnose(c->sink, "E2071", expr->span, "only a simulator draws several variables at once")->fix =
        "give each variable a distribution, or define a `sim`";
  return false;
}

/* ---- in loops ---- */

/* All targets but the first hang on its statement. */
static const struct statement *target_after(const struct statement *first, const struct statement *target) {
  return target == first ? first->body : target->next;
}

static size_t output_rank(struct checker *c, const struct context *at, const struct expr *value, size_t which) {
  struct context there = *at;
  there.outputs = &(struct outputs){.which = which};
  return joint_rank(c, &there, value);
}

static bool fitting_targets(struct checker *c, const struct context *at, const struct statement *s) {
  bool sound = only_simulators(c, at, s->value);
  size_t which = 0;
  for (const struct statement *target = s; target; target = target_after(s, target), which++) {
    sound =
        sound && fitting_target(c, at, s, output_rank(c, at, s->value, 0), target, output_rank(c, at, s->value, which));
    for (const struct statement *other = s; other != target; other = target_after(s, other)) {
      if (other->name != target->name) continue;
      error_defined_twice(c, target->name, target->name_span, other->name_span);
      sound = false;
    }
  }
  for (const struct statement *target = s; target && !sound; target = target_after(s, target)) {
    struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, target->name);
    if (symbol && symbol->kind == SYMBOL_VARIABLE) symbol->kind = SYMBOL_POISON;
  }
  return sound;
}

static struct statement *copied(struct checker *c, const struct statement *s) {
  struct statement *copy = floe__arena_alloc(c->arena, sizeof *copy);
  *copy = *s;
  return copy;
}

static struct option *options_apart(struct checker *c, const struct context *at, const struct option *options,
                                    bool *sound) {
  struct option *first = NULL, **last = &first;
  for (; options; options = options->next, last = &(*last)->next) {
    *last = floe__arena_alloc(c->arena, sizeof **last);
    **last = *options;
    (*last)->body = (struct statement *)(uintptr_t)outputs_apart(c, at, options->body, sound);
  }
  return first;
}

const struct statement *outputs_apart(struct checker *c, const struct context *at, const struct statement *list,
                                      bool *sound) {
  struct statement *first = NULL, **last = &first;
  for (const struct statement *s = list; s; s = s->next) {
    const bool several = s->kind == STATEMENT_SAMPLE && s->body;
    if (several && !fitting_targets(c, at, s)) *sound = false;
    for (const struct statement *target = s; target; target = several ? target_after(s, target) : NULL) {
      struct statement *one = *last = copied(c, target);
      last = &one->next;
      one->next = NULL;
      if (several) one->body = NULL, one->value = s->value, one->otherwise = (struct statement *)(uintptr_t)s;
      if (one->kind == STATEMENT_CHOOSE) one->options = options_apart(c, at, one->options, sound);
      if (one->kind != STATEMENT_IF) continue;
      one->body = (struct statement *)(uintptr_t)outputs_apart(c, at, one->body, sound);
      one->otherwise = (struct statement *)(uintptr_t)outputs_apart(c, at, one->otherwise, sound);
    }
  }
  return first;
}

struct context context_of_output(struct checker *c, const struct context *at, const struct statement *s) {
  struct context inner = *at;
  if (s->kind != STATEMENT_SAMPLE || !s->otherwise) return inner;
  struct outputs *outputs = floe__arena_alloc(c->arena, sizeof *outputs);
  *outputs = (struct outputs){.targets = s->otherwise};
  for (const struct statement *target = s->otherwise; target; target = target_after(s->otherwise, target), outputs->n++)
    if (target->name == s->name) outputs->which = outputs->n;
  const struct symbol *first = scope_find(at->scope, NAMESPACE_VALUE, s->otherwise->name);
  outputs->first = first ? first->variable : NULL;
  inner.outputs = outputs;
  return inner;
}

/* ---- outside of loops ---- */

void check_outputs(struct checker *c, const struct context *at, const struct statement *s) {
  bool sound = true;
  struct statement alone = *s;
  alone.next = NULL;
  for (const struct statement *one = outputs_apart(c, at, &alone, &sound); one; one = one->next) {
    const struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, one->name);
    if (!sound) return;
    struct context inner = context_of_output(c, at, one);
    check_sample(c, &inner, one);
    sound = symbol->kind == SYMBOL_VARIABLE;
    if (sound) continue;
    for (const struct statement *rest = one->next; rest; rest = rest->next)
      scope_find(at->scope, NAMESPACE_VALUE, rest->name)->kind = SYMBOL_POISON;
  }
}

const struct variable *variable_without_density(const struct program *program) {
  for (size_t k = 0; k < program->n_variable; k++)
    if (program->variables[k]->no_density) return program->variables[k];
  return NULL;
}
