/* Hyper values, and what an expert says about what the model implies. A hyper value is a continuous axis without a
 * range of its own: a number that the compiled study is told at run time. */
#include <math.h>
#include <string.h>

#include "compiler/meaning/checker.h"
#include "compiler/syntax/copy.h"
#include "compiler/syntax/printer.h"

/* ---- errors ---- */

static void error_hyper_type(struct checker *c, struct span span) {
  diagnose(c->sink, "E2080", span, "a hyper value is one real number with constant bounds")->fix =
      "its type is real, positive, nonneg, unit or `in lo..hi`";
}

static void error_statistic(struct checker *c, const struct statement *s, const char *near) {
  struct diagnostic *d = diagnose(c->sink, "E2081", s->name_span, "there is no statistic `%s`", s->name);
  d->fix = near ? quoted_fix(c, near)
                : "write elicit quantiles(e; 0.1, 0.9) = (a, b), elicit mean(e) = a or elicit prob(e) = a";
}

static void error_levels(struct checker *c, struct span span, const char *problem) {
  diagnose(c->sink, "E2082", span, "%s", problem)->fix = "for example elicit quantiles(e; 0.1, 0.5, 0.9) = (2, 5, 9)";
}

static void error_impossible(struct checker *c, struct span span, const char *problem, const char *fix) {
  diagnose(c->sink, "E2083", span, "%s", problem)->fix = fix;
}

static void error_undetermined(struct checker *c, const struct axis *hyper) {
  diagnose(c->sink, "E2084", hyper->span, "nothing determines `%s`: there is no `elicit` statement", hyper->name)->fix =
      floe__arena_printf(c->arena, "say what the expert knows, or give it a value: `%s = 1`", hyper->name);
}

/* ---- hyper h : T ---- */

static bool constant_bound(const struct term *bound, double otherwise, double *value) {
  *value = otherwise;
  return !bound || (constant_value(bound, NULL, value) && isfinite(*value));
}

/* Where no expert has spoken yet: a plain number inside of the bounds. */
static double inside_of(double low, double high) {
  if (isfinite(low) && isfinite(high)) return low + (high - low) / 2;
  return isfinite(low) ? low + 1 : isfinite(high) ? high - 1 : 0;
}

void check_hyper(struct checker *c, const struct context *at, const struct statement *s) {
  if (c->axes.n == MAX_AXES) {
    diagnose(c->sink, "E9005", s->name_span, "a spec may have at most %d axes", MAX_AXES)->fix = "leave some out";
    return;
  }
  struct type type = {.base = BASE_REAL};
  struct axis *axis = floe__arena_alloc(c->arena, sizeof *axis);
  *axis = (struct axis){.name = s->name,
                        .description = "",
                        .span = s->name_span,
                        .id = c->axes.n,
                        .continuous = true,
                        .hyper = true,
                        .shape = s->shape,
                        .presence = at->presence};
  bool sound = !s->type || type_of(c, at, s->type, &type);
  if (sound &&
      (type.base != BASE_REAL || type.n_dim || type.structure != STRUCTURE_PLAIN ||
       !constant_bound(type.low, -HUGE_VAL, &axis->low) || !constant_bound(type.high, HUGE_VAL, &axis->high))) {
    error_hyper_type(c, s->type->span);
    sound = false;
  }
  axis->strict = type.strict;
  axis->reference_value = inside_of(axis->low, axis->high);
  struct symbol *symbol =
      scope_add(c, c->spec, sound ? SYMBOL_AXIS : SYMBOL_POISON, s->name, s->name_span, at->presence);
  if (!symbol || !sound) return;
  list_add(c->arena, &c->axes, axis);
  symbol->axis = axis;
  list_add(c->arena, &c->axis_symbols, symbol);
}

/* ---- elicit f(e; levels) = values ---- */

static const struct {
  const char *name;
  enum statistic statistic;
} statistics[] = {{"quantiles", STATISTIC_QUANTILES}, {"mean", STATISTIC_MEAN}, {"prob", STATISTIC_PROBABILITY}};
enum { N_STATISTIC = sizeof statistics / sizeof *statistics };

static bool statistic_named(struct checker *c, const struct statement *s, enum statistic *statistic) {
  const char *names[N_STATISTIC];
  for (size_t k = 0; k < N_STATISTIC; k++) {
    names[k] = statistics[k].name;
    *statistic = statistics[k].statistic;
    if (strcmp(s->name, names[k]) == 0) return true;
  }
  error_statistic(c, s, suggest(s->name, names, N_STATISTIC));
  return false;
}

/* The numbers of a list linked by `next`; NULL: reported. */
static const double *numbers_of(struct checker *c, const struct context *at, const struct expr *list, size_t *n) {
  bool sound = true;
  *n = 0;
  for (const struct expr *e = list; e; e = e->next) ++*n;
  double *numbers = floe__arena_array(c->arena, *n + 1, sizeof *numbers);
  *n = 0;
  for (const struct expr *e = list; e; e = e->next) {
    const struct term *number = number_of(c, at, e);
    bool constant = !is_poison(c, number) && constant_value(number, NULL, &numbers[*n]) && isfinite(numbers[*n]);
    if (!constant && !is_poison(c, number))
      diagnose(c->sink, "E2082", e->span, "what an expert says are numbers")->fix = "write a number";
    sound = sound && constant;
    ++*n;
  }
  return sound ? numbers : NULL;
}

static bool levels_sound(struct checker *c, const struct statement *s, const struct elicited *e, size_t n_level) {
  if (e->statistic != STATISTIC_QUANTILES && n_level)
    return error_levels(c, s->indices->span, "only quantiles have levels"), false;
  if (e->statistic == STATISTIC_QUANTILES && !n_level)
    return error_levels(c, s->name_span, "these quantiles have no levels"), false;
  if (e->n != (n_level ? n_level : 1))
    return error_levels(c, s->consequence->span,
                        "a quantile has one value per level, a mean and a probability have one"),
           false;
  for (size_t k = 0; k < n_level; k++)
    if (!(e->levels[k] > 0 && e->levels[k] < 1) || (k && e->levels[k] <= e->levels[k - 1]))
      return error_levels(c, s->indices->span, "levels lie between 0 and 1, and rise"), false;
  return true;
}

/* That some distribution has these values. */
static bool values_possible(struct checker *c, const struct statement *s, const struct elicited *e) {
  struct span span = s->consequence->span;
  if (e->statistic == STATISTIC_PROBABILITY && !(e->values[0] > 0 && e->values[0] < 1))
    return error_impossible(c, span, "this probability does not lie between 0 and 1",
                            "what is certain belongs into a type or a bound"),
           false;
  for (size_t k = 1; k < e->n; k++) {
    if (e->values[k] < e->values[k - 1])
      return error_impossible(c, span, "these quantiles are out of order", "higher levels have higher values"), false;
    if (e->values[k] == e->values[k - 1] && !e->whole)
      return error_impossible(c, span, "two quantiles are the same", "of a continuous quantity they differ"), false;
  }
  struct type type = e->value->type;
  type.base = BASE_REAL;
  for (size_t k = 0; k < e->n && e->statistic != STATISTIC_PROBABILITY && e->value->type.base != BASE_BOOL; k++)
    if (!constant_in_type(e->values[k], &type, NULL))
      return error_impossible(c, span, "the quantity cannot take such a value",
                              floe__arena_printf(c->arena, "it is of type `%s`", type_text(c, &e->value->type))),
             false;
  return true;
}

static const char *text_of(struct checker *c, const struct statement *s) {
  struct floe__text text = {0};
  struct printer printer = {.out = &text};
  floe__text_printf(&text, "%s(", s->name);
  print_expr(&printer, s->value);
  floe__text_puts(&text, ")");
  const char *copy = text.failed ? s->name : floe__arena_copy(c->arena, text.data, text.length);
  floe__text_free(&text);
  return copy;
}

void check_elicit(struct checker *c, const struct context *at, const struct statement *s) {
  struct context after = *at;
  after.place = PLACE_AFTER;
  struct elicited *e = floe__arena_alloc(c->arena, sizeof *e);
  *e = (struct elicited){.span = s->span, .text = text_of(c, s)};
  if (!statistic_named(c, s, &e->statistic)) return;
  e->value = e->statistic == STATISTIC_PROBABILITY ? condition_of(c, &after, s->value) : number_of(c, &after, s->value);
  e->whole = is_whole(e->value);
  size_t n_level;
  const struct expr *values = s->consequence->kind == EXPR_TUPLE ? s->consequence->items : s->consequence;
  e->levels = numbers_of(c, at, s->indices, &n_level);
  e->values = numbers_of(c, at, values, &e->n);
  if (is_poison(c, e->value) || !e->levels || !e->values) return;
  if (levels_sound(c, s, e, n_level) && values_possible(c, s, e)) list_add(c->arena, &c->elicited, e);
}

/* ---- statements with room for the values ---- */

/* `$2` for the axis of position 2: no name of the language looks like that. */
static struct expr *marked(void *context, const struct expr *name) {
  struct checker *c = context;
  const struct symbol *symbol = scope_find(c->spec, NAMESPACE_VALUE, name->name);
  if (!symbol || symbol->kind != SYMBOL_AXIS || !symbol->axis->hyper) return NULL;
  struct expr *mark = expr_new(c->arena, EXPR_NAME, name->span);
  mark->name = floe__arena_printf(c->arena, "$%zu", symbol->axis->id);
  return mark;
}

static void add_prior(struct checker *c, const struct statement *s) {
  struct copying copying = {.arena = c->arena, .context = c, .value = marked};
  struct floe__text text = {0};
  struct printer printer = {.out = &text};
  floe__text_puts(&text, s->name);
  print_indices(&printer, s->indices);
  floe__text_puts(&text, s->kind == STATEMENT_DEFINE ? " = " : " ~ ");
  print_expr(&printer, copy_expr(&copying, s->value));
  if (!text.failed && strchr(text.data, '$'))
    list_add(c->arena, &c->priors, floe__arena_copy(c->arena, text.data, text.length));
  floe__text_free(&text);
}

static void add_priors(struct checker *c, const struct statement *list) {
  for (const struct statement *s = list; s; s = s->next) {
    bool stated = s->kind == STATEMENT_PARAM || s->kind == STATEMENT_LATENT || s->kind == STATEMENT_SAMPLE ||
                  s->kind == STATEMENT_DEFINE;
    if (stated && s->value) add_prior(c, s);
    for (const struct option *option = s->options; option; option = option->next) add_priors(c, option->body);
  }
}

void finish_elicitation(struct checker *c) {
  bool any = false, told = false;
  size_t said = SIZE_MAX;
  for (const struct statement *s = c->tree->statements; s; s = s->next) told = told || s->kind == STATEMENT_ELICIT;
  for (size_t k = 0; k < c->axes.n; k++) {
    const struct axis *axis = c->axes.items[k];
    if (axis->hyper && !told && axis->span.begin != said) error_undetermined(c, axis); /* a flow prior has several */
    if (axis->hyper) said = axis->span.begin;
    any = any || axis->hyper;
  }
  if (any) add_priors(c, c->tree->statements);
}
