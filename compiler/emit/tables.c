#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "compiler/emit/writer.h"
#include "compiler/passes/passes.h"

/* ---- texts ---- */

/* A string literal; adjacent literals per line. Bytes outside of printable ASCII, and question marks (trigraphs), are
 * octal escapes of three digits, which end where they end. */
void write_string(struct floe__text *out, const char *text, size_t length) {
  floe__text_puts(out, "\"");
  for (size_t k = 0; k < length; k++) {
    unsigned char c = (unsigned char)text[k];
    if (c == '\n')
      floe__text_puts(out, k + 1 < length ? "\\n\"\n    \"" : "\\n");
    else if (c == '"' || c == '\\')
      floe__text_printf(out, "\\%c", c);
    else if (c < 32 || c > 126 || c == '?')
      floe__text_printf(out, "\\%03o", c);
    else
      floe__text_append(out, &text[k], 1);
  }
  floe__text_puts(out, "\"");
}

static void write_quoted(struct floe__text *out, const char *text) {
  if (text)
    write_string(out, text, strlen(text));
  else
    floe__text_puts(out, "\"\"");
}

void write_plain(struct floe__text *out, const char *text) {
  for (const char *c = text; *c; c++) {
    bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_' ||
                 *c == '.' || *c == '-';
    floe__text_append(out, plain ? c : "_", 1);
  }
}

/* ---- pieces ---- */

static void write_count(struct floe__text *out, size_t n) {
  if (n == SIZE_MAX)
    floe__text_puts(out, "SIZE_MAX");
  else
    floe__text_printf(out, "%zu", n);
}

static void write_dims(struct writer *w, const char *table, size_t k, size_t n, const struct dimension *const *dims) {
  if (!n) return;
  floe__text_printf(w->out, "static const size_t %s_%zu_dims[] = {", table, k);
  for (size_t d = 0; d < n; d++) floe__text_printf(w->out, "%s%zu", d ? ", " : "", dims[d]->id);
  floe__text_puts(w->out, "};\n");
}

static uint64_t all_options(const struct axis *axis) {
  return axis->n_option >= 64 ? UINT64_MAX : (UINT64_C(1) << axis->n_option) - 1;
}

/* The factors of a presence that exclude something; their number. */
static size_t write_conditions(struct writer *w, const char *table, size_t k, const uint64_t *options) {
  const struct program *program = w->study->program;
  size_t n = 0;
  for (size_t a = 0; options && a < program->n_axis; a++) {
    const struct axis *axis = program->axes[a];
    if (axis->continuous || (options[a] & all_options(axis)) == all_options(axis)) continue;
    if (!n) floe__text_printf(w->out, "static const struct floe_condition %s_%zu_conditions[] = {", table, k);
    floe__text_printf(w->out, "%s{%zu, UINT64_C(%llu)}", n++ ? ", " : "", a,
                      (unsigned long long)(options[a] & all_options(axis)));
  }
  /* excluded everywhere: by no axis that the loop above could name */
  if (n) floe__text_puts(w->out, "};\n");
  return n;
}

static void begin_table(struct writer *w, const char *type, const char *name, size_t n) {
  if (n) floe__text_printf(w->out, "static const struct %s %s[] = {\n", type, name);
}

static void end_table(struct writer *w, size_t n) {
  if (n) floe__text_puts(w->out, "};\n\n");
}

/* ---- tables ---- */

static void write_dimensions(struct writer *w) {
  const struct program *program = w->study->program;
  begin_table(w, "floe_dimension", "dimensions", program->n_dimension);
  for (size_t k = 0; k < program->n_dimension; k++) {
    const struct dimension *d = program->dimensions[k];
    floe__text_puts(w->out, "    {");
    write_quoted(w->out, d->name);
    floe__text_printf(w->out, ", %zu, ", d->low);
    write_count(w->out, d->high);
    floe__text_printf(w->out, ", %d},\n", d->ordered);
  }
  end_table(w, program->n_dimension);
}

static void write_options(struct writer *w, size_t k, const struct axis *axis) {
  if (!axis->n_option) return;
  floe__text_printf(w->out, "static const struct floe_option axis_%zu_options[] = {", k);
  for (size_t o = 0; o < axis->n_option; o++) {
    floe__text_puts(w->out, o ? ", {" : "{");
    write_quoted(w->out, axis->options[o].label);
    floe__text_puts(w->out, ", ");
    write_number(w->out, axis->options[o].weight);
    floe__text_puts(w->out, "}");
  }
  floe__text_puts(w->out, "};\n");
}

/* The number that an option stands for; false: it is none. */
static bool number_of_option(const struct option_of_axis *option, double *number) {
  const struct term *term = option->value;
  const bool negative = term && term->kind == TERM_OPERATOR && term->op == OP_NEG;
  if (negative) term = term->items[0];
  if (!term || term->kind != TERM_NUMBER) return false;
  *number = negative ? -term->number : term->number;
  return true;
}

/* Where all options are different numbers, these; whether they are. */
static bool write_option_numbers(struct writer *w, size_t k, const struct axis *axis) {
  double *numbers = floe__arena_array(w->arena, axis->n_option + 1, sizeof *numbers);
  for (size_t o = 0; o < axis->n_option; o++) {
    if (!number_of_option(&axis->options[o], &numbers[o])) return false;
    for (size_t earlier = 0; earlier < o; earlier++)
      if (numbers[earlier] == numbers[o]) return false;
  }
  if (axis->n_option < 2) return false;
  floe__text_printf(w->out, "static const double axis_%zu_numbers[] = {", k);
  for (size_t o = 0; o < axis->n_option; o++) {
    if (o) floe__text_puts(w->out, ", ");
    write_number(w->out, numbers[o]);
  }
  floe__text_puts(w->out, "};\n");
  return true;
}

static void write_axes(struct writer *w) {
  const struct program *program = w->study->program;
  bool *numbers = floe__arena_array(w->arena, program->n_axis + 1, sizeof *numbers);
  size_t *n_condition = floe__arena_array(w->arena, program->n_axis + 1, sizeof *n_condition);
  for (size_t k = 0; k < program->n_axis; k++) {
    write_options(w, k, program->axes[k]);
    numbers[k] = write_option_numbers(w, k, program->axes[k]);
    n_condition[k] = write_conditions(w, "axis", k, w->study->axis_effect ? w->study->axis_effect[k].options : NULL);
  }
  begin_table(w, "floe_axis", "axes", program->n_axis);
  for (size_t k = 0; k < program->n_axis; k++) {
    const struct axis *axis = program->axes[k];
    floe__text_puts(w->out, "    {.name = ");
    write_quoted(w->out, axis->name);
    floe__text_puts(w->out, ", .description = ");
    write_quoted(w->out, axis->description);
    if (axis->equivalence) floe__text_puts(w->out, ", .equivalence = 1");
    if (axis->prepares) floe__text_puts(w->out, ", .prepares = 1");
    if (axis->logarithmic) floe__text_puts(w->out, ", .logarithmic = 1");
    if (axis->hyper) floe__text_puts(w->out, ", .hyper = 1");
    if (axis->shape) floe__text_puts(w->out, ", .shape = 1");
    if (axis->strict) floe__text_puts(w->out, ", .strict = 1");
    if (axis->continuous) {
      floe__text_puts(w->out, ", .continuous = 1, .low = ");
      write_number(w->out, axis->low);
      floe__text_puts(w->out, ", .high = ");
      write_number(w->out, axis->high);
      floe__text_puts(w->out, ", .reference_value = ");
      write_number(w->out, axis->reference_value);
    } else {
      floe__text_printf(w->out, ",\n     .n_option = %zu, .reference = %zu, .options = axis_%zu_options",
                        axis->n_option, axis->reference, k);
      if (numbers[k]) floe__text_printf(w->out, ", .numbers = axis_%zu_numbers", k);
    }
    if (n_condition[k])
      floe__text_printf(w->out, ",\n     .n_condition = %zu, .conditions = axis_%zu_conditions", n_condition[k], k);
    floe__text_puts(w->out, "},\n");
  }
  end_table(w, program->n_axis);
}

/* A bound that is a number whatever the universe; else `otherwise`. */
static double bound(const struct term *term, double otherwise) {
  if (!term) return otherwise;
  if (term->kind == TERM_NUMBER) return term->number;
  if (term->kind == TERM_OPERATOR && term->op == OP_NEG) return -bound(term->items[0], -otherwise);
  return otherwise;
}

static const char *const roles[] = {"FLOE_DATA", "FLOE_PARAM", "FLOE_LATENT", "FLOE_OBS"};
static const char *const bases[] = {"FLOE_REAL", "FLOE_INT", "FLOE_BOOL", "FLOE_CODE", "FLOE_REAL"};
static const char *const structures[N_STRUCTURE] = {
    [STRUCTURE_PLAIN] = "FLOE_PLAIN",
    [STRUCTURE_SIMPLEX] = "FLOE_SIMPLEX",
    [STRUCTURE_CHOL_CORR] = "FLOE_CHOL_CORR",
    [STRUCTURE_CHOL_COV] = "FLOE_CHOL_COV",
    [STRUCTURE_ORDERED] = "FLOE_ORDERED",
    [STRUCTURE_SUM0] = "FLOE_SUM0",
    [STRUCTURE_UNIT_VECTOR] = "FLOE_UNIT_VECTOR",
    [STRUCTURE_CORR] = "FLOE_CORR",
    [STRUCTURE_COV] = "FLOE_COV",
};

static bool leaves_out(const struct program *program, const struct variable *v) {
  for (size_t k = 0; k < program->n_preparation; k++)
    if (program->preparations[k].variable == v) return program->preparations[k].leaves_out;
  return false;
}

static void write_variable(struct writer *w, size_t k, size_t n_condition) {
  const struct variable *v = w->study->program->variables[k];
  const bool unknown = v->role == ROLE_PARAM || v->role == ROLE_LATENT, truth = v->type.base == BASE_BOOL;
  floe__text_puts(w->out, "    {.name = ");
  write_quoted(w->out, v->name);
  floe__text_printf(w->out, ", .role = %s, .base = %s, .structure = %s", roles[v->summary ? ROLE_DATA : v->role], bases[v->type.base],
                    structures[v->type.structure]);
  if (v->type.n_dim) floe__text_printf(w->out, ", .n_dim = %zu, .dims = variable_%zu_dims", v->type.n_dim, k);
  floe__text_puts(w->out, ",\n     .low = ");
  write_number(w->out, bound(v->type.low, truth ? 0 : -HUGE_VAL));
  floe__text_puts(w->out, ", .high = ");
  write_number(w->out, bound(v->type.high, truth ? 1 : HUGE_VAL));
  if (v->type.strict) floe__text_puts(w->out, ", .strict = 1");
  if (v->improper) floe__text_puts(w->out, ", .improper = 1");
  if (v->early) floe__text_puts(w->out, ", .early = 1");
  if (v->rests_on_early && v->role == ROLE_OBS) floe__text_puts(w->out, ", .hidden = 1");
  if (v->missing) floe__text_puts(w->out, ", .missing = 1");
  if (v->observed && !variable_is_discrete(v)) floe__text_puts(w->out, ", .completes = 1");
  if (leaves_out(w->study->program, v)) floe__text_puts(w->out, ", .leaves_out = 1");
  if (can_be_pinned(v) && share_of_pins(w->study->program) > 0) floe__text_puts(w->out, ", .pinnable = 1");
  if (v->censored) floe__text_puts(w->out, ", .censored = 1");
  if (v->moving_support) floe__text_puts(w->out, ", .moving_support = 1");
  if (v->summary) floe__text_puts(w->out, ", .summary = 1");
  if ((v->distribution || v->summary) && !v->improper) floe__text_puts(w->out, ", .has_distribution = 1");
  if (unknown && v->type.base != BASE_REAL) floe__text_puts(w->out, ", .discrete = 1");
  if (v->type.base == BASE_CODE && v->type.codes)
    floe__text_printf(w->out, ", .codes = %zu", v->type.codes->id);
  else
    floe__text_puts(w->out, ", .codes = FLOE_NONE");
  if (n_condition)
    floe__text_printf(w->out, ",\n     .n_condition = %zu, .conditions = variable_%zu_conditions", n_condition, k);
  floe__text_puts(w->out, "},\n");
}

static void write_variables(struct writer *w) {
  const struct program *program = w->study->program;
  size_t *n_condition = floe__arena_array(w->arena, program->n_variable + 1, sizeof *n_condition);
  for (size_t k = 0; k < program->n_variable; k++) {
    write_dims(w, "variable", k, program->variables[k]->type.n_dim, program->variables[k]->type.dim);
    n_condition[k] = write_conditions(w, "variable", k, program->variables[k]->presence.options);
  }
  begin_table(w, "floe_variable", "variables", program->n_variable);
  for (size_t k = 0; k < program->n_variable; k++) write_variable(w, k, n_condition[k]);
  end_table(w, program->n_variable);
}

static void write_reports(struct writer *w) {
  const struct program *program = w->study->program;
  for (size_t k = 0; k < program->n_report; k++)
    write_dims(w, "report", k, program->reports[k].value->type.n_dim, program->reports[k].value->type.dim);
  begin_table(w, "floe_report", "reports", program->n_report);
  for (size_t k = 0; k < program->n_report; k++) {
    const struct type *type = &program->reports[k].value->type;
    floe__text_puts(w->out, "    {.name = ");
    write_quoted(w->out, program->reports[k].name);
    floe__text_printf(w->out, ", .base = %s", bases[type->base]);
    if (type->n_dim) floe__text_printf(w->out, ", .n_dim = %zu, .dims = report_%zu_dims", type->n_dim, k);
    if (type->base == BASE_CODE && type->codes) floe__text_printf(w->out, ", .codes = %zu", type->codes->id);
    floe__text_puts(w->out, "},\n");
  }
  end_table(w, program->n_report);
}

static void write_claims_and_checks(struct writer *w) {
  const struct program *program = w->study->program;
  begin_table(w, "floe_claim", "claims", program->n_claim);
  for (size_t k = 0; k < program->n_claim; k++) {
    floe__text_puts(w->out, "    {");
    write_quoted(w->out, program->claims[k].text);
    floe__text_puts(w->out, "},\n");
  }
  end_table(w, program->n_claim);
  begin_table(w, "floe_check", "checks", program->n_check);
  for (size_t k = 0; k < program->n_check; k++) {
    floe__text_puts(w->out, "    {");
    write_quoted(w->out, program->checks[k].text);
    floe__text_puts(w->out, ", ");
    write_number(w->out, program->checks[k].probability);
    floe__text_puts(w->out, "},\n");
  }
  end_table(w, program->n_check);
}

static void write_numbers(struct writer *w, const char *name, size_t k, size_t n, const double *numbers) {
  floe__text_printf(w->out, "static const double elicited_%zu_%s[] = {", k, name);
  for (size_t j = 0; j < n; j++) {
    floe__text_puts(w->out, j ? ", " : "");
    write_number(w->out, numbers[j]);
  }
  floe__text_puts(w->out, "};\n");
}

static void write_elicited(struct writer *w) {
  static const char *const statistics[] = {"FLOE_QUANTILES", "FLOE_MEAN", "FLOE_PROBABILITY"};
  const struct program *program = w->study->program;
  for (size_t k = 0; k < program->n_elicited; k++) {
    const struct elicited *e = &program->elicited[k];
    if (e->statistic == STATISTIC_QUANTILES) write_numbers(w, "levels", k, e->n, e->levels);
    write_numbers(w, "values", k, e->n, e->values);
  }
  begin_table(w, "floe_elicited", "elicited", program->n_elicited);
  for (size_t k = 0; k < program->n_elicited; k++) {
    const struct elicited *e = &program->elicited[k];
    floe__text_puts(w->out, "    {.text = ");
    write_quoted(w->out, e->text);
    floe__text_printf(w->out, ", .statistic = %s, .whole = %d, .n = %zu", statistics[e->statistic], e->whole, e->n);
    if (e->statistic == STATISTIC_QUANTILES) floe__text_printf(w->out, ", .levels = elicited_%zu_levels", k);
    floe__text_printf(w->out, ", .values = elicited_%zu_values},\n", k);
  }
  end_table(w, program->n_elicited);
}

static void write_priors(struct writer *w) {
  const struct program *program = w->study->program;
  if (program->n_prior) floe__text_puts(w->out, "static const char *const priors[] = {\n");
  for (size_t k = 0; k < program->n_prior; k++) {
    floe__text_puts(w->out, "    ");
    write_quoted(w->out, program->priors[k]);
    floe__text_puts(w->out, ",\n");
  }
  end_table(w, program->n_prior);
}

static void write_settings(struct writer *w) {
  const struct program *program = w->study->program;
  begin_table(w, "floe_setting", "settings", program->n_setting);
  for (size_t k = 0; k < program->n_setting; k++) {
    floe__text_puts(w->out, "    {");
    write_quoted(w->out, program->settings[k].name);
    floe__text_puts(w->out, ", ");
    if (program->settings[k].word)
      write_quoted(w->out, program->settings[k].word);
    else
      floe__text_puts(w->out, "NULL");
    floe__text_puts(w->out, ", ");
    write_number(w->out, program->settings[k].number);
    floe__text_puts(w->out, "},\n");
  }
  end_table(w, program->n_setting);
}

void write_tables(struct writer *w) {
  write_dimensions(w);
  write_axes(w);
  write_variables(w);
  write_elicited(w);
  mix_into_prior(w, 0);
  write_priors(w);
  write_reports(w);
  write_claims_and_checks(w);
  write_settings(w);
}
