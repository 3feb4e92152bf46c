/* The statements of a spec, one by one. */
#include "base/settings.h"
#include "compiler/meaning/checker.h"

#include <math.h>
#include <string.h>

/* ---- model, index, network ---- */

static void check_model(struct checker *c, const struct statement *s) {
  if (c->program->name) {
    diagnose(c->sink, "E2004", s->name_span, "the study has a name already")->fix = "keep one `model` statement";
    return;
  }
  c->program->name = s->name;
  c->program->title = s->text ? s->text : "";
}

static bool whole_literal(const struct expr *e, size_t *value) {
  if (!e || e->kind != EXPR_NUMBER || !e->is_int || e->number < 1 || e->number > 1e9) return false;
  *value = (size_t)e->number;
  return true;
}

static void error_index_size(struct checker *c, const struct statement *s) {
  struct diagnostic *d = diagnose(c->sink, "E2031", s->value->span,
                                  "the size of an index is a whole number up to 1e9, or a range of them");
  d->fix = floe__arena_printf(c->arena, "for example `index %s = 8` or `index %s in 4..16`", s->name, s->name);
}

static void check_index(struct checker *c, const struct statement *s) {
  struct dimension *d = floe__arena_alloc(c->arena, sizeof *d);
  *d = (struct dimension){.name = s->name, .span = s->name_span, .low = 1, .high = SIZE_MAX, .ordered = s->ordered};
  bool range = s->value && s->value->kind == EXPR_RANGE;
  bool sound = !s->value || (range ? whole_literal(s->value->left, &d->low) &&
                                         (!s->value->right || whole_literal(s->value->right, &d->high))
                                   : whole_literal(s->value, &d->low));
  if (s->value && !range) d->high = d->low;
  if (!sound || d->low > d->high) error_index_size(c, s);
  struct symbol *symbol = scope_add(c, c->spec, SYMBOL_INDEX, s->name, s->name_span, c->everywhere);
  if (!symbol) return;
  symbol->dimension = d;
  d->id = c->dimensions.n;
  list_add(c->arena, &c->dimensions, d);
}

static void error_unknown_setting(struct checker *c, const struct statement *s) {
  const char *names[16];
  size_t n = 0;
  for (; n < floe__n_setting_rule && n < 16; n++) names[n] = floe__setting_rules[n].name;
  struct diagnostic *d = diagnose(c->sink, "E2090", s->name_span, "the network has no setting `%s`", s->name);
  d->fix = quoted_fix(c, suggest(s->name, names, n));
  if (d->fix) return;
  struct floe__text list = {0};
  for (size_t k = 0; k < n; k++) floe__text_printf(&list, "%s%s", k ? ", " : "", names[k]);
  d->fix = floe__arena_printf(c->arena, "settings are %s", list.failed ? "in the manual" : list.data);
  floe__text_free(&list);
}

static void error_setting_value(struct checker *c, const struct statement *s, const struct floe__setting_rule *rule) {
  struct floe__text values = {0};
  floe__setting_values(rule, &values);
  diagnose(c->sink, "E2091", s->value->span, "the network's `%s` must be %s", s->name,
           values.failed ? "another value" : values.data);
  floe__text_free(&values);
}

static void check_setting(struct checker *c, const struct statement *s) {
  const struct floe__setting_rule *rule = floe__setting_rule(s->name);
  const struct expr *value = s->value;
  const char *word = value->kind == EXPR_NAME ? value->name : NULL;
  if (!rule)
    error_unknown_setting(c, s);
  else if ((!word && value->kind != EXPR_NUMBER) || !floe__setting_fits(rule, word, value->number))
    error_setting_value(c, s, rule);
  for (size_t k = 0; k < c->settings.n; k++) {
    const struct setting *earlier = c->settings.items[k];
    if (earlier->name == s->name) error_defined_twice(c, s->name, s->name_span, earlier->span);
  }
  struct setting *setting = floe__arena_alloc(c->arena, sizeof *setting);
  *setting = (struct setting){.name = s->name, .span = s->span, .number = value->number, .word = word};
  list_add(c->arena, &c->settings, setting);
}

static void check_network(struct checker *c, const struct statement *s) {
  for (const struct statement *item = s->body; item; item = item->next)
    if (item->kind == STATEMENT_DEFINE && item->value && item->value->kind != EXPR_ERROR) check_setting(c, item);
}

/* ---- choose blocks ---- */

static void check_choose(struct checker *c, const struct context *at, const struct statement *s) {
  const struct option *matched[MAX_OPTIONS];
  struct symbol *symbol = axis_named(c, at, s->name, s->name_span);
  if (!symbol) {
    c->choice_broken = true;
    return;
  }
  symbol->used_otherwise = true;
  match_options(c, at, symbol->axis, s->options, s->name_span, matched);
  for (const struct option *option = s->options; option; option = option->next) {
    struct context inner = *at;
    uint64_t mask = 0;
    for (size_t o = 0; o < symbol->axis->n_option; o++) mask |= (uint64_t)(matched[o] == option) << o;
    if (!mask) continue;
    inner.presence = presence_with(c, at->presence, symbol->axis, mask);
    check_statements(c, &inner, option->body);
  }
}

/* ---- prep ---- */

static void error_prep_target(struct checker *c, const struct statement *s) {
  diagnose(c->sink, "E4014", s->name_span, "`prep` changes observations or data, and `%s` is neither", s->name)->fix =
      "for example: prep y = winsorize(y, 0.1)";
}

static void error_prep_type(struct checker *c, struct span span, const char *name, const char *fix) {
  diagnose(c->sink, "E4005", span, "the prepared `%s` is of another kind or shape", name)->fix = fix;
}

static void error_prep_unknowns(struct checker *c, struct span span, const char *name) {
  diagnose(c->sink, "E4004", span, "the preparation of `%s` depends on unknowns", name)->fix =
      "use data and observations only";
}

static bool same_shape(const struct type *a, const struct type *b) {
  bool same = a->n_dim == b->n_dim;
  for (size_t k = 0; k < a->n_dim && same; k++) same = dimension_same(a->dim[k], b->dim[k]);
  return same;
}

/* [1, 2, 3] as an array over the index of three elements that the variable has. */
static const struct term *over_same_indices(struct checker *c, const struct type *type, const struct term *value) {
  struct binder *binders[MAX_RANK];
  struct term *element = term_new(c, TERM_ELEMENT, value->span, type->n_dim + 1);
  bool same = true;
  for (size_t k = 0; k < type->n_dim; k++) {
    same = same && type->dim[k] == value->type.dim[k];
    binders[k] = binder_new(c, type->dim[k], NULL);
    element->items[k + 1] = term_binder(c, value->span, binders[k]);
  }
  if (same) return value;
  element->items[0] = value;
  element->type = (struct type){.base = value->type.base, .codes = value->type.codes};
  return term_map(c, value->span, type->n_dim, binders, element);
}

static void check_prep(struct checker *c, const struct context *at, const struct statement *s) {
  struct context inner = *at;
  struct symbol *symbol = scope_find(at->scope, NAMESPACE_VALUE, s->name);
  inner.place = PLACE_PREP;
  inner.prepares = symbol && symbol->kind == SYMBOL_VARIABLE ? symbol->variable : NULL;
  if (!symbol) {
    error_unknown(c, at->scope, NAMESPACE_VALUE, s->name, s->name_span);
    return;
  }
  const struct term *value = array_of(c, &inner, s->value);
  if (is_poison(c, value) || symbol->kind == SYMBOL_POISON) return;
  if (symbol->kind != SYMBOL_VARIABLE || symbol->variable->role == ROLE_PARAM ||
      symbol->variable->role == ROLE_LATENT) {
    error_prep_target(c, s);
    return;
  }
  const struct variable *v = symbol->variable;
  bool whole = v->type.base == BASE_INT || v->type.base == BASE_CODE;
  if (!same_shape(&v->type, &value->type) || value->type.base == BASE_DISTRIBUTION)
    error_prep_type(c, s->value->span, s->name, "it must have the same indices as before");
  else if ((whole && !is_whole(value)) || (v->type.base == BASE_BOOL && value->type.base != BASE_BOOL))
    error_prep_type(c, s->value->span, s->name, "counts stay counts: use round");
  else
    value = over_same_indices(c, &v->type, value);
  if (term_roles(c, value) & ((1u << ROLE_PARAM) | (1u << ROLE_LATENT)))
    error_prep_unknowns(c, s->value->span, s->name);
  if (symbol->prepared) error_defined_twice(c, s->name, s->name_span, v->span);
  symbol->prepared = true;
  struct preparation *preparation = floe__arena_alloc(c->arena, sizeof *preparation);
  *preparation = (struct preparation){v, s->span, value, check_left_out(c, s, v, value)};
  list_add(c->arena, &c->preparations, preparation);
}

/* ---- report, claim, check ---- */

static void error_said_twice(struct checker *c, const struct statement *s, struct span first) {
  struct diagnostic *d = diagnose(c->sink, "E2004", s->name_span, "there is a %s \"%s\" already",
                                  s->kind == STATEMENT_CLAIM ? "claim" : "check", s->text);
  d->fix = "give it another text: answers are told apart by it";
  d->related = first;
  d->related_message = "the first one is here";
}

/* The text of a claim or check is its name. */
static void check_text(struct checker *c, const struct statement *s) {
  const char *text = s->text;
  if (!text[strspn(text, " \t")])
    diagnose(c->sink, "E4012", s->name_span, "this text says nothing")->fix =
        "say what holds if the condition does: claim \"coaching helps\": mu > 0";
  for (const struct statement *before = c->tree->statements; before && before != s; before = before->next)
    if (before->kind == s->kind && !strcmp(before->text, text)) {
      error_said_twice(c, s, before->name_span);
      return;
    }
}

static void check_report(struct checker *c, const struct context *at, const struct statement *s) {
  const char *name = s->name ? s->name : s->value->kind == EXPR_NAME ? s->value->name : NULL;
  const struct term *value = array_of(c, at, s->value);
  if (!name) {
    diagnose(c->sink, "E4012", s->value->span, "this report needs a name")->fix = "write report NAME = ...";
    return;
  }
  for (size_t k = 0; k < c->reports.n; k++) {
    const struct report *earlier = c->reports.items[k];
    if (earlier->name == name) error_defined_twice(c, name, s->span, earlier->span);
  }
  if (is_poison(c, value)) return;
  if (value->type.base == BASE_DISTRIBUTION) {
    diagnose(c->sink, "E2017", s->value->span, "a distribution cannot be reported")->fix =
        "report a value drawn from it";
    return;
  }
  struct report *report = floe__arena_alloc(c->arena, sizeof *report);
  *report = (struct report){name, s->span, value};
  list_add(c->arena, &c->reports, report);
}

static void check_assertion(struct checker *c, const struct context *at, const struct statement *s) {
  const struct term *value = condition_of(c, at, s->value);
  double probability = 1;
  check_text(c, s);
  if (s->probability) {
    const struct term *p = number_of(c, at, s->probability);
    bool known = is_poison(c, p) || constant_value(p, NULL, &probability);
    if (!known || probability < 0 || probability > 1)
      diagnose(c->sink, "E4013", s->probability->span, "a probability is a number between 0 and 1")->fix =
          "for example: with prob 0.98";
  }
  if (is_poison(c, value)) return;
  if (s->kind == STATEMENT_CLAIM) {
    struct claim *claim = floe__arena_alloc(c->arena, sizeof *claim);
    *claim = (struct claim){s->text ? s->text : "", s->span, value};
    list_add(c->arena, &c->claims, claim);
  } else {
    struct check *check = floe__arena_alloc(c->arena, sizeof *check);
    *check = (struct check){s->text ? s->text : "", s->span, value, probability};
    list_add(c->arena, &c->checks, check);
  }
}

void check_results(struct checker *c, const struct context *at, const struct statement *s) {
  struct context inner = *at;
  inner.place = PLACE_AFTER;
  if (s->kind == STATEMENT_REPORT)
    check_report(c, &inner, s);
  else
    check_assertion(c, &inner, s);
}

/* ---- all of them ---- */

static void check_spec_extern(struct checker *c, const struct context *at, const struct statement *s) {
  if (!c->allow_extern) {
    struct diagnostic *d =
        diagnose(c->sink, "E2028", s->name_span, "`%s` would run C code that comes with the spec", s->name);
    d->fix = "if you trust it, say --allow-extern";
  }
  struct symbol *symbol = check_extern_signature(c, at, s);
  if (symbol) check_extern_derivative(c, at, s, symbol);
}

static void check_spec_dist(struct checker *c, const struct context *at, const struct statement *s) {
  struct symbol *symbol = check_dist_signature(c, at, s);
  if (symbol) check_dist_methods(c, s, symbol);
}

static void check_if(struct checker *c, const struct context *at, const struct statement *s) {
  struct statement alone = *s;
  bool sound = true;
  alone.next = NULL;
  const struct statement *merged = branches_merged(c, &alone, false, &sound);
  if (sound) check_statements(c, at, merged);
}

static void check_statement(struct checker *c, const struct context *at, const struct statement *s) {
  switch (s->kind) {
    case STATEMENT_MODEL: check_model(c, s); return;
    case STATEMENT_INDEX: check_index(c, s); return;
    case STATEMENT_DATA:
    case STATEMENT_PARAM:
    case STATEMENT_LATENT:
    case STATEMENT_OBS: check_variable(c, at, s); return;
    case STATEMENT_SAMPLE:
      if (s->body)
        check_outputs(c, at, s);
      else
        check_sample(c, at, s);
      return;
    case STATEMENT_DEFINE: check_define(c, at, s); return;
    case STATEMENT_FOR: check_for(c, at, s); return;
    case STATEMENT_AXIS: check_axis(c, at, s); return;
    case STATEMENT_CHOOSE: check_choose(c, at, s); return;
    case STATEMENT_FORBID:
    case STATEMENT_REQUIRE: check_constraint(c, at, s); return;
    case STATEMENT_PREP: check_prep(c, at, s); return;
    case STATEMENT_SUMMARY: check_summary(c, at, s); return;
    case STATEMENT_REPORT:
    case STATEMENT_CLAIM:
    case STATEMENT_CHECK: check_results(c, at, s); return;
    case STATEMENT_FUN: check_fun(c, at, s); return;
    case STATEMENT_DIST: check_spec_dist(c, at, s); return;
    case STATEMENT_EXTERN: check_spec_extern(c, at, s); return;
    case STATEMENT_ODE: check_ode(c, at, s); return;
    case STATEMENT_HYPER: check_hyper(c, at, s); return;
    case STATEMENT_ELICIT: check_elicit(c, at, s); return;
    case STATEMENT_SIM: check_sim(c, at, s); return;
    case STATEMENT_NETWORK: check_network(c, s); return;
    case STATEMENT_IF: check_if(c, at, s); return;
    case STATEMENT_VAR: /* these stand in functions only */
    case STATEMENT_WHILE:
    case STATEMENT_ASSIGN:
    case STATEMENT_RATE:
    case STATEMENT_INIT:
    case STATEMENT_USE: /* modules and parts are taken apart before (compiler/syntax/parts.h) */
    case STATEMENT_PART:
    case STATEMENT_METHOD:
    case STATEMENT_RESULT:
    case STATEMENT_ERROR: return;
  }
}

void check_statements(struct checker *c, const struct context *at, const struct statement *statements) {
  for (const struct statement *s = statements; s; s = s->next) check_statement(c, at, loops_joined(c, at, &s));
}
