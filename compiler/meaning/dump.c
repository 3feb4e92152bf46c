/* The typed tree as text: one line a thing, terms as the language would write them, with what was implicit made visible:
 * theta{school} is ELEMENT(theta, school); [school: e] a MAP; sum(school: e) a REDUCE. */
#include <inttypes.h>
#include <math.h>
#include <stdint.h>

#include "base/text.h"
#include "compiler/meaning/check.h"

static void print_term(const struct term *term, struct floe__text *out);

static void print_items(const struct term *term, size_t first, struct floe__text *out) {
  for (size_t k = first; k < term->n_item; k++) {
    if (k > first) floe__text_puts(out, ", ");
    print_term(term->items[k], out);
  }
}

static void print_binders(size_t n, const struct binder *const *binders, struct floe__text *out) {
  for (size_t k = 0; k < n; k++) {
    floe__text_printf(out, "%s%s", k ? ", " : "", binders[k]->name);
    if (binders[k]->name != binders[k]->dimension->name) floe__text_printf(out, " in %s", binders[k]->dimension->name);
  }
}

static void print_choose(const struct term *term, struct floe__text *out) {
  floe__text_printf(out, "choose %s {", term->axis->name);
  for (size_t k = 0; k < term->n_item; k++) {
    if (!term->items[k]) continue;
    floe__text_printf(out, " %s: ", term->axis->options[k].label);
    print_term(term->items[k], out);
  }
  floe__text_puts(out, " }");
}

static void print_operator(const struct term *term, struct floe__text *out) {
  floe__text_puts(out, "(");
  if (term->n_item == 1) floe__text_printf(out, "%s ", operator_text(term->op));
  print_term(term->items[0], out);
  if (term->n_item == 2) {
    floe__text_printf(out, " %s ", operator_text(term->op));
    print_term(term->items[1], out);
  }
  floe__text_puts(out, ")");
}

static void print_called(const char *name, const struct term *term, struct floe__text *out) {
  floe__text_printf(out, "%s(", name);
  print_items(term, 0, out);
  floe__text_puts(out, ")");
}

static const char *const reduction_texts[] = {"sum", "prod", "max", "min", "all", "any"};

static void print_reduce(const struct term *term, struct floe__text *out) {
  floe__text_printf(out, "%s(", reduction_texts[term->reduction]);
  print_binders(term->n_binder, term->binders, out);
  floe__text_puts(out, ": ");
  print_term(term->items[0], out);
  floe__text_puts(out, ")");
}

static void print_map(const struct term *term, struct floe__text *out) {
  floe__text_puts(out, "[");
  print_binders(term->n_binder, term->binders, out);
  floe__text_puts(out, ": ");
  print_term(term->items[0], out);
  floe__text_puts(out, "]");
}

static void print_element(const struct term *term, struct floe__text *out) {
  print_term(term->items[0], out);
  floe__text_puts(out, "{");
  print_items(term, 1, out);
  floe__text_puts(out, "}");
}

static void print_term(const struct term *term, struct floe__text *out) {
  if (!term) {
    floe__text_puts(out, "-");
    return;
  }
  switch (term->kind) {
    case TERM_NUMBER: floe__text_printf(out, "%.15g", term->number); return;
    case TERM_VARIABLE: floe__text_puts(out, term->variable->name); return;
    case TERM_DEFINITION: floe__text_puts(out, term->definition->name); return;
    case TERM_FORMAL: floe__text_puts(out, term->formal->name); return;
    case TERM_BINDER: floe__text_puts(out, term->binder->name); return;
    case TERM_SIZE: floe__text_printf(out, "size(%s)", term->dimension->name); return;
    case TERM_AXIS: floe__text_puts(out, term->axis->name); return;
    case TERM_AXIS_IS:
      floe__text_printf(out, "%s=%s", term->axis->name, term->axis->options[term->option].label);
      return;
    case TERM_ELEMENT: print_element(term, out); return;
    case TERM_MAP: print_map(term, out); return;
    case TERM_REDUCE: print_reduce(term, out); return;
    case TERM_OPERATOR: print_operator(term, out); return;
    case TERM_SELECT: print_called("if", term, out); return;
    case TERM_CALL: print_called(term->function->name, term, out); return;
    case TERM_EXTERN: print_called(term->external->name, term, out); return;
    case TERM_CHOOSE: print_choose(term, out); return;
    case TERM_DISTRIBUTION: print_called(term->distribution->name, term, out); return;
    case TERM_POWER:
      print_term(term->items[0], out);
      floe__text_puts(out, " ^ ");
      print_term(term->items[1], out);
      if (term->on_log) floe__text_puts(out, " on log");
      return;
    case TERM_ARRAY:
      floe__text_puts(out, "[");
      print_items(term, 0, out);
      floe__text_puts(out, "]");
      return;
  }
}

static const char *const base_texts[] = {"real", "int", "bool", "index", "distribution"};
static const char *const structure_texts[] = {"", "simplex ", "chol_corr ", "chol_cov "};

static void print_type(const struct type *type, struct floe__text *out) {
  floe__text_printf(out, "%s%s", structure_texts[type->structure], base_texts[type->base]);
  if (type->base == BASE_CODE && type->codes) floe__text_printf(out, " %s", type->codes->name);
  for (size_t k = 0; k < type->n_dim; k++)
    floe__text_printf(out, "%s%s%s", k ? ", " : "[", type->dim[k]->name, k + 1 == type->n_dim ? "]" : "");
  if (!type->low && !type->high) return;
  floe__text_puts(out, " in ");
  if (type->low)
    print_term(type->low, out);
  else
    floe__text_puts(out, "-inf");
  floe__text_puts(out, type->strict ? "<.." : "..");
  if (type->high)
    print_term(type->high, out);
  else
    floe__text_puts(out, "inf");
}

/* name : type where universes */
static void print_head(const struct program *p, const char *name, const struct type *type, struct presence presence,
                       struct floe__text *out) {
  struct floe__text universes = {0};
  floe__text_printf(out, "%s : ", name);
  print_type(type, out);
  print_presence(p, presence, &universes);
  if (universes.length) floe__text_printf(out, " where %s", universes.data);
  floe__text_free(&universes);
  floe__text_puts(out, "\n");
}

static void print_line(const char *label, size_t n_binder, const struct binder *const *binders, const struct term *term,
                       struct floe__text *out) {
  floe__text_printf(out, "  %s", label);
  if (n_binder) {
    floe__text_puts(out, " [");
    print_binders(n_binder, binders, out);
    floe__text_puts(out, "]");
  }
  floe__text_puts(out, " ");
  print_term(term, out);
  floe__text_puts(out, "\n");
}

static void dump_dimension(const struct dimension *d, struct floe__text *out) {
  floe__text_printf(out, "index %s in %zu..", d->name, d->low);
  if (d->high < SIZE_MAX) floe__text_printf(out, "%zu", d->high);
  floe__text_printf(out, "%s\n", d->ordered ? " ordered" : "");
}

static void dump_axis(const struct program *p, const struct axis *a, struct floe__text *out) {
  struct floe__text universes = {0};
  print_presence(p, a->presence, &universes);
  floe__text_printf(out, "%s %s%s%s%s\n", a->hyper ? "hyper" : a->equivalence ? "equiv" : "axis", a->name, a->prepares ? " prepares" : "",
                    universes.length ? " where " : "", universes.length ? universes.data : "");
  floe__text_free(&universes);
  if (a->continuous)
    floe__text_printf(out, "  %g in %s%g .. %g\n", a->reference_value, a->logarithmic ? "log " : "", a->low, a->high);
  for (size_t k = 0; k < a->n_option; k++) {
    floe__text_printf(out, "  %s%s @ %.4g", a->options[k].label, k == a->reference ? "*" : "", a->options[k].weight);
    if (a->options[k].value) floe__text_puts(out, " : "), print_term(a->options[k].value, out);
    floe__text_puts(out, "\n");
  }
}

static const char *const role_texts[] = {"data", "param", "latent", "obs"};

static void dump_steps(const char *sign, const struct definition *d, struct floe__text *out) {
  for (size_t k = 0; d->recurrence && k + 1 < d->recurrence->start; k++) {
    floe__text_printf(out, "  {%zu} %s ", k + 1, d->variable && d->given[k] ? "given" : sign);
    print_term(d->initial[k], out);
    floe__text_puts(out, "\n");
  }
  if (d->recurrence) floe__text_printf(out, "  from %zu on\n", d->recurrence->start);
  print_line(sign, d->n_binder, d->binders, d->value, out);
}

static void dump_variable(const struct program *p, const struct variable *v, struct floe__text *out) {
  floe__text_printf(out, "%s ", role_texts[v->role]);
  print_head(p, v->name, &v->type, v->presence, out);
  if (v->distribution && v->distribution->kind == TERM_DEFINITION)
    dump_steps("~", v->distribution->definition, out);
  else if (v->distribution)
    print_line("~", v->n_binder, v->binders, v->distribution, out);
  if (v->via) floe__text_printf(out, "  via %s\n", v->via->name);
}

static void dump_definition(const struct program *p, const struct definition *d, struct floe__text *out) {
  floe__text_puts(out, "define ");
  print_head(p, d->name, &d->type, d->presence, out);
  dump_steps("=", d, out);
}

void dump_program(const struct program *p, struct floe__text *out) {
  floe__text_printf(out, "model %s \"%s\"\n", p->name, p->title);
  for (size_t k = 0; k < p->n_dimension; k++) dump_dimension(p->dimensions[k], out);
  for (size_t k = 0; k < p->n_axis; k++) dump_axis(p, p->axes[k], out);
  for (size_t k = 0; k < p->n_constraint; k++) print_line("forbid", 0, NULL, p->constraints[k].forbidden, out);
  for (size_t k = 0; k < p->n_variable; k++) dump_variable(p, p->variables[k], out);
  for (size_t k = 0; k < p->n_definition; k++) dump_definition(p, p->definitions[k], out);
  for (size_t k = 0; k < p->n_preparation; k++) {
    floe__text_printf(out, "prep %s\n", p->preparations[k].variable->name);
    print_line("=", 0, NULL, p->preparations[k].value, out);
  }
  for (size_t k = 0; k < p->n_report; k++) {
    floe__text_printf(out, "report %s : ", p->reports[k].name);
    print_type(&p->reports[k].value->type, out);
    floe__text_puts(out, "\n");
    print_line("=", 0, NULL, p->reports[k].value, out);
  }
  for (size_t k = 0; k < p->n_claim; k++) {
    floe__text_printf(out, "claim \"%s\"\n", p->claims[k].text);
    print_line("=", 0, NULL, p->claims[k].value, out);
  }
  for (size_t k = 0; k < p->n_check; k++) {
    floe__text_printf(out, "check \"%s\" with prob %g\n", p->checks[k].text, p->checks[k].probability);
    print_line("=", 0, NULL, p->checks[k].value, out);
  }
  for (size_t k = 0; k < p->n_elicited; k++) {
    const struct elicited *e = &p->elicited[k];
    floe__text_printf(out, "elicit %s", e->text);
    for (size_t j = 0; j < e->n && e->statistic == STATISTIC_QUANTILES; j++) floe__text_printf(out, " %g", e->levels[j]);
    floe__text_puts(out, " =");
    for (size_t j = 0; j < e->n; j++) floe__text_printf(out, " %g", e->values[j]);
    floe__text_puts(out, "\n");
    print_line("=", 0, NULL, e->value, out);
  }
  for (size_t k = 0; k < p->n_setting; k++) {
    const struct setting *s = &p->settings[k];
    if (s->word)
      floe__text_printf(out, "setting %s = %s\n", s->name, s->word);
    else
      floe__text_printf(out, "setting %s = %g\n", s->name, s->number);
  }
}
