#include "compiler/driver/possible.h"

#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compiler/meaning/check.h"
#include "compiler/passes/passes.h"

#define COUNT_MOST ((uint64_t)10000000) /* more combinations are not counted one by one */

/* ---- counting universes ---- */

enum truth { FALSE, TRUE, EITHER };

static enum truth negated(enum truth a) {
  return a == EITHER ? EITHER : a == TRUE ? FALSE : TRUE;
}

/* A constraint in one combination of options. Comparisons of continuous axes are not decided: they exclude no combination. */
static enum truth holds(const struct term *term, const size_t *option) {
  enum truth a, b;
  if (term->kind == TERM_AXIS_IS) return option[term->axis->id] == term->option ? TRUE : FALSE;
  if (term->kind == TERM_NUMBER) return term->number != 0 ? TRUE : FALSE;
  if (term->kind != TERM_OPERATOR || term->n_item < 1 || term->n_item > 2) return EITHER;
  a = holds(term->items[0], option);
  if (term->op == OP_NOT) return negated(a);
  if (term->n_item < 2) return EITHER;
  b = holds(term->items[1], option);
  if (term->op == OP_AND) return a == FALSE || b == FALSE ? FALSE : a == TRUE && b == TRUE ? TRUE : EITHER;
  if (term->op == OP_OR) return a == TRUE || b == TRUE ? TRUE : a == FALSE && b == FALSE ? FALSE : EITHER;
  return EITHER;
}

static bool multiplies(const struct axis *axis) {
  return !axis->equivalence && !axis->continuous;
}

/* An axis that does not exist in a universe is held at its reference there, so that the universe is counted once. */
static bool counts(const struct program *program, const size_t *option) {
  for (size_t k = 0; k < program->n_axis; k++) {
    const struct axis *axis = program->axes[k];
    if (!multiplies(axis) || option[k] == axis->reference) continue;
    for (size_t other = 0; other < program->n_axis; other++) {
      const struct axis *outer = program->axes[other];
      if (!outer->continuous && !(axis->presence.options[other] >> option[other] & 1)) return false;
    }
  }
  for (size_t k = 0; k < program->n_constraint; k++) {
    if (holds(program->constraints[k].forbidden, option) == TRUE) return false;
  }
  return true;
}

/* Combinations of the discrete axes that are neither forbidden nor the same; 0: too many to count. */
static uint64_t count_universes(const struct program *program) {
  size_t option[64] = {0};
  uint64_t product = 1, n = 0;
  if (program->n_axis > 64) return 0;
  for (size_t k = 0; k < program->n_axis; k++) {
    if (multiplies(program->axes[k])) product *= program->axes[k]->n_option;
    if (product > COUNT_MOST) return 0;
  }
  for (uint64_t number = 0; number < product; number++) {
    uint64_t rest = number;
    for (size_t k = 0; k < program->n_axis; k++) {
      const struct axis *axis = program->axes[k];
      option[k] = axis->continuous ? 0 : axis->reference;
      if (!multiplies(axis)) continue;
      option[k] = rest % axis->n_option;
      rest /= axis->n_option;
    }
    n += counts(program, option);
  }
  return n;
}

/* ---- text ---- */

static const char *role_name(enum role role) {
  switch (role) {
    case ROLE_DATA: return "data";
    case ROLE_PARAM: return "parameters";
    case ROLE_LATENT: return "latents";
    case ROLE_OBS: return "observed";
  }
  return "";
}

static bool everywhere(const struct program *program, struct presence presence) {
  struct floe__text text = {0};
  print_presence(program, presence, &text);
  bool all = text.length == 0;
  floe__text_free(&text);
  return all;
}

/* theta[school], b[3], nu (noise=heavy) */
static void print_name(const struct program *program, const struct variable *variable, struct floe__text *out) {
  floe__text_puts(out, variable->name);
  for (size_t k = 0; k < variable->type.n_dim; k++) {
    const struct dimension *dimension = variable->type.dim[k];
    floe__text_puts(out, k ? ", " : "[");
    if (dimension->span.file)
      floe__text_puts(out, dimension->name);
    else
      floe__text_printf(out, "%zu", dimension->high);
  }
  if (variable->type.n_dim) floe__text_puts(out, "]");
  if (variable->observed) floe__text_puts(out, " where missing");
  if (everywhere(program, variable->presence)) return;
  floe__text_puts(out, " (");
  print_presence(program, variable->presence, out);
  floe__text_puts(out, ")");
}

static void print_role(const struct program *program, enum role role, bool summaries, struct floe__text *out) {
  size_t n = 0;
  for (size_t k = 0; k < program->n_variable; k++) {
    if (program->variables[k]->role != role || (program->variables[k]->summary != NULL) != summaries) continue;
    if (n++)
      floe__text_puts(out, ", ");
    else
      floe__text_printf(out, "  %-12s ", summaries ? "summaries" : role_name(role));
    print_name(program, program->variables[k], out);
  }
  if (n) floe__text_puts(out, "\n");
}

static const char *axis_kind(const struct axis *axis) {
  return axis->hyper ? "hyper" : axis->equivalence ? "equiv" : axis->prepares ? "prep" : "axis";
}

static void print_hyper_values(const struct program *program, struct floe__text *out) {
  size_t n = 0;
  for (size_t k = 0; k < program->n_axis; k++) {
    if (!program->axes[k]->hyper) continue;
    if (n++)
      floe__text_puts(out, ", ");
    else
      floe__text_printf(out, "  %-12s ", "hyper");
    floe__text_puts(out, program->axes[k]->name);
  }
  if (n)
    floe__text_printf(out, ": `floe elicit` finds them from %zu statement%s\n", program->n_elicited,
                      program->n_elicited == 1 ? "" : "s");
}

static void print_axis(const struct axis *axis, struct floe__text *out) {
  if (axis->hyper) return;
  floe__text_printf(out, "  %-12s %s: ", axis_kind(axis), axis->name);
  if (axis->continuous) {
    floe__text_printf(out, "%g in %s%g .. %g", axis->reference_value, axis->logarithmic ? "log " : "", axis->low,
                      axis->high);
  }
  for (size_t k = 0; k < axis->n_option; k++) {
    floe__text_printf(out, "%s%s%s", k ? ", " : "", axis->options[k].label, k == axis->reference ? "*" : "");
  }
  floe__text_puts(out, "\n");
}

static bool any_continuous(const struct program *program) {
  for (size_t k = 0; k < program->n_axis; k++) {
    if (program->axes[k]->continuous && !program->axes[k]->hyper) return true;
  }
  return false;
}

static const struct variable *improper(const struct program *program) {
  for (size_t k = 0; k < program->n_variable; k++) {
    if (program->variables[k]->improper) return program->variables[k];
  }
  return NULL;
}

static bool is_chain(const struct variable *variable) {
  return variable->distribution->kind == TERM_DEFINITION;
}

/* z (2 values); a and b (4 values); state (3 values, a chain: 9 steps an element) */
static void print_summed(const struct program *program, struct floe__text *out) {
  size_t n = 0;
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *first = program->variables[k];
    size_t n_name = 0;
    double count = 1, low, high;
    bool chain = false;
    if (!variable_is_discrete(first) || first->summed != first) continue;
    for (size_t j = 0; j < program->n_variable; j++) {
      const struct variable *with = program->variables[j];
      if (!variable_is_discrete(with) || with->summed != first || !variable_values(with, &low, &high)) continue;
      floe__text_printf(out, "%s%s", n_name++ ? " and " : n++ ? ", " : " after summing out ", with->name);
      count *= high - low + 1;
      chain = chain || is_chain(with);
    }
    floe__text_printf(out, " (%g values", count);
    if (chain) floe__text_printf(out, ", a chain: %g steps an element", count * count);
    floe__text_puts(out, ")");
  }
}

static void print_density(const struct program *program, struct floe__text *out) {
  const struct variable *without = variable_without_density(program);
  if (without) {
    size_t line = 0, column = 0;
    source_position(without->no_density_span.file, without->no_density_span.begin, &line, &column);
    floe__text_printf(out, "unavailable because of line %zu: %s", line, without->no_density);
    return;
  }
  floe__text_puts(out, "tractable");
  for (size_t k = 0; k < program->n_variable; k++)
    if (program->variables[k]->up_to_constant) {
      floe__text_printf(out, " up to a constant (`%s`): evidence is unavailable", program->variables[k]->name);
      break;
    }
  print_summed(program, out);
}

static void print_corrections(const struct program *program, struct floe__text *out) {
  const struct variable *flat = improper(program);
  size_t line = 0, column = 0;
  if (flat) source_position(flat->span.file, flat->span.begin, &line, &column);
  if (variable_without_density(program))
    floe__text_puts(out, "none without a density: the study is amortized only");
  else if (!flat)
    floe__text_puts(out, "importance weights (PSIS), MCMC");
  else
    floe__text_printf(out, "MCMC only: the prior of `%s` (line %zu) is improper and cannot be simulated", flat->name,
                      line);
}

static void print_structure(const struct blueprint *blueprint, struct floe__text *out) {
  if (blueprint->plate) floe__text_printf(out, "exchangeable over %s", blueprint->plate->name);
  if (blueprint->plate && blueprint->sequence) floe__text_puts(out, ", ");
  if (blueprint->sequence) floe__text_printf(out, "ordered over %s", blueprint->sequence->name);
  if (!blueprint->plate && !blueprint->sequence) floe__text_puts(out, "fixed");
}

/* ---- the network ---- */

static void print_posterior(const struct setting *setting, struct floe__text *out) {
  static const struct {
    const char *word, *means;
  } kinds[] = {
      {"flow_matching", "posterior by flow matching"},
      {"consistency_model", "posterior by a consistency model, whose draws cannot be weighed: chains start from them"},
      {"point", "mean and sd of each parameter alone"},
      {"quantiles", "quantiles of each parameter alone, which cannot be weighed: chains start from them"}};
  for (size_t k = 0; setting->word && k < sizeof kinds / sizeof *kinds; k++)
    if (!strcmp(setting->word, kinds[k].word)) floe__text_printf(out, "; %s", kinds[k].means);
}

/* what is stated: rate, unevenness; not y */
static void print_stated(const struct program *program, struct floe__text *out) {
  const char *between = "only what is stated:";
  for (size_t k = 0; k < program->n_variable; k++) {
    if (!program->variables[k]->summary) continue;
    floe__text_printf(out, "%s %s", between, program->variables[k]->name);
    between = ",";
  }
  floe__text_puts(out, "; and data whose sizes do not vary");
}

/* deep_set over school, gru over year (a long series) */
static void print_network(const struct study *study, struct floe__text *out) {
  const struct program *program = study->program;
  const struct blueprint *b = &study->blueprint;
  const struct network_reading reading = network_reading(study);
  if (reads_stated(program))
    print_stated(program, out);
  else if (b->plate)
    floe__text_printf(out, "%s over %s%s", reading.rows, b->plate->name, b->inner ? ", " : "");
  if (reading.inner) floe__text_printf(out, "%s over %s (%s)", reading.inner, b->inner->name, reading.why);
  if (!reads_stated(program) && !b->plate && !b->inner) floe__text_puts(out, "mlp");
  for (size_t k = 0; k < program->n_setting; k++) print_posterior(&program->settings[k], out);
  if (share_of_pins(program) <= 0) return;
  const char *between = "; answers for --pin of";
  for (size_t k = 0; k < program->n_variable; k++) {
    if (!can_be_pinned(program->variables[k])) continue;
    floe__text_printf(out, "%s %s", between, program->variables[k]->name);
    between = ",";
  }
}

static void print_count(size_t n, const char *what, const char *end, struct floe__text *out) {
  floe__text_printf(out, "%zu %s%s%s", n, what, n == 1 ? "" : "s", end);
}

void possible_print(const struct study *study, struct floe__text *out) {
  const struct program *program = study->program;
  uint64_t n = count_universes(program);
  floe__text_printf(out, "%s%s%s: no errors\n", program->name, *program->title ? ", " : "", program->title);
  floe__text_printf(out, "  %-12s ", "density");
  print_density(program, out);
  floe__text_printf(out, "\n  %-12s ", "corrections");
  print_corrections(program, out);
  floe__text_puts(out, "\n");
  floe__text_printf(out, "  %-12s ", "structure");
  print_structure(&study->blueprint, out);
  floe__text_puts(out, "\n");
  if (!improper(program)) {
    floe__text_printf(out, "  %-12s ", "network");
    print_network(study, out);
    floe__text_puts(out, "\n");
  }
  for (enum role role = ROLE_DATA; role <= ROLE_OBS; role++) print_role(program, role, false, out);
  print_role(program, ROLE_OBS, true, out);
  floe__text_printf(out, "  %-12s ", "questions");
  print_count(program->n_report, "report", ", ", out);
  print_count(program->n_claim, "claim", ", ", out);
  print_count(program->n_check, "check", "\n", out);
  print_hyper_values(program, out);
  for (size_t k = 0; k < program->n_axis; k++) print_axis(program->axes[k], out);
  floe__text_printf(out, "  %-12s ", "universes");
  if (n)
    floe__text_printf(out, "%ju", (uintmax_t)n);
  else
    floe__text_printf(out, "more than %ju", (uintmax_t)COUNT_MOST);
  floe__text_printf(out, " combinations of options%s\n",
                    any_continuous(program) ? ", each at any value of the continuous axes" : "");
}

/* ---- JSON ---- */

static json_t *printed(const struct floe__text *text) {
  return json_stringn(text->data ? text->data : "", text->length);
}

static json_t *variable_json(const struct program *program, const struct variable *variable) {
  struct floe__text presence = {0};
  json_t *dimensions = json_array();
  for (size_t k = 0; k < variable->type.n_dim; k++) {
    const struct dimension *d = variable->type.dim[k];
    json_array_append_new(dimensions, d->span.file ? json_string(d->name) : json_sprintf("%zu", d->high));
  }
  print_presence(program, variable->presence, &presence);
  json_t *entry =
      json_pack("{s:s, s:o, s:o}", "name", variable->name, "dimensions", dimensions, "universes", printed(&presence));
  floe__text_free(&presence);
  return entry;
}

static json_t *roles_json(const struct program *program) {
  json_t *roles = json_object(), *summaries = json_array();
  for (enum role role = ROLE_DATA; role <= ROLE_OBS; role++) {
    json_t *list = json_array();
    for (size_t k = 0; k < program->n_variable; k++) {
      const struct variable *variable = program->variables[k];
      if (variable->role == role)
        json_array_append_new(variable->summary ? summaries : list, variable_json(program, variable));
    }
    json_object_set_new(roles, role_name(role), list);
  }
  json_object_set_new(roles, "summaries", summaries);
  return roles;
}

static json_t *axis_json(const struct axis *axis) {
  json_t *entry =
      json_pack("{s:s, s:s, s:s}", "name", axis->name, "description", axis->description, "kind", axis_kind(axis));
  if (axis->continuous) {
    json_object_set_new(entry, "low", isfinite(axis->low) ? json_real(axis->low) : json_null());
    json_object_set_new(entry, "high", isfinite(axis->high) ? json_real(axis->high) : json_null());
    json_object_set_new(entry, "reference", json_real(axis->reference_value));
    json_object_set_new(entry, "logarithmic", json_boolean(axis->logarithmic));
    return entry;
  }
  json_t *options = json_array();
  for (size_t k = 0; k < axis->n_option; k++) json_array_append_new(options, json_string(axis->options[k].label));
  json_object_set_new(entry, "options", options);
  json_object_set_new(entry, "reference", json_string(axis->options[axis->reference].label));
  return entry;
}

json_t *possible_json(const struct study *study) {
  const struct program *program = study->program;
  struct floe__text structure = {0}, network = {0}, density = {0}, corrections = {0};
  json_t *axes = json_array();
  uint64_t n = count_universes(program);
  for (size_t k = 0; k < program->n_axis; k++) json_array_append_new(axes, axis_json(program->axes[k]));
  print_structure(&study->blueprint, &structure);
  print_network(study, &network);
  print_density(program, &density);
  print_corrections(program, &corrections);
  json_t *result =
      json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", program->name, "title", program->title,
                "density", printed(&density), "corrections", printed(&corrections), "structure", printed(&structure),
                "network", printed(&network), "roles", roles_json(program), "axes", axes, "universes",
                n ? json_integer((json_int_t)n) : json_null());
  floe__text_free(&structure);
  floe__text_free(&network);
  floe__text_free(&density);
  floe__text_free(&corrections);
  return result;
}
