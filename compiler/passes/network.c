/* What `network { ... }` says of how observations are read, held against the structure that they have. */
#include <string.h>

#include "compiler/passes/passes.h"
#include "compiler/source/diagnostic.h"

/* The words of `summary`, by what they read. */
static const char *const of_sets[] = {"deep_set", "set_transformer", NULL}, *const of_series[] = {"gru", "tcn", NULL};
/* Of `posterior`, those that do not learn by -log q. */
static const char *const perceptrons[] = {"flow_matching", "consistency_model", "quantiles", "point", NULL};
static const char *const anything[] = {"mlp", NULL}, *const only_stated[] = {"stated", NULL};
static const char *const chosen_words[] = {[READ_AT_ONCE] = "mlp", [READ_DEEP_SET] = "deep_set", [READ_TCN] = "tcn"};

static bool is_among(const char *const *words, const char *word) {
  for (; *words; words++)
    if (!strcmp(*words, word)) return true;
  return false;
}

/* ---- what is read how ---- */

static const struct setting *setting_named(const struct program *program, const char *name) {
  for (size_t k = 0; k < program->n_setting; k++)
    if (!strcmp(program->settings[k].name, name)) return &program->settings[k];
  return NULL;
}

/* The spec's `summary`, where it is one of the words; NULL: it says nothing of these. */
static const char *asked(const struct program *program, const char *const *words) {
  const struct setting *setting = setting_named(program, "summary");
  return setting && is_among(words, setting->word) ? setting->word : NULL;
}

static bool inner_is_series(const struct blueprint *b) {
  return b->inner && b->inner == b->sequence;
}

bool reads_stated(const struct program *program) {
  return asked(program, only_stated) != NULL;
}

struct network_reading network_reading(const struct study *study) {
  const struct program *program = study->program;
  const struct blueprint *b = &study->blueprint;
  struct network_reading reading = {0};
  if (reads_stated(program)) return reading;
  if (b->plate) {
    const char *word = asked(program, of_sets);
    reading.rows = word ? word : "deep_set";
  }
  if (!b->inner) return reading;
  const char *word = asked(program, inner_is_series(b) ? of_series : of_sets);
  if (!word) word = asked(program, anything);
  reading.inner = word ? word : chosen_words[b->reading];
  reading.why = word ? "as the spec says" : b->why;
  return reading;
}

/* ---- what does not fit ---- */

static void error_summary(struct diagnostics *sink, const struct setting *setting, const char *reads) {
  diagnose(sink, "E2092", setting->span, "`summary = %s` reads %s, and the observations have none", setting->word,
           reads)
      ->fix = "leave `summary` out: `floe check` says what is chosen then";
}

static void error_no_density(struct diagnostics *sink, const struct setting *setting, const struct variable *without) {
  struct diagnostic *d =
      diagnose(sink, "E2092", setting->span, "`%s` needs a density, and the model has none", setting->name);
  d->fix = "leave it out, or set it `off`";
  d->related = without->no_density_span;
  d->related_message = without->no_density;
}

static void check_summary(struct diagnostics *sink, const struct blueprint *b, const struct setting *setting) {
  const bool sets = b->plate || (b->inner && !inner_is_series(b));
  if (is_among(of_sets, setting->word) && !sets) error_summary(sink, setting, "a set of exchangeable elements");
  if (is_among(of_series, setting->word) && !inner_is_series(b))
    error_summary(sink, setting, "a series along an ordered index");
}

static void check_stated(struct diagnostics *sink, const struct program *program, const struct setting *setting) {
  for (size_t k = 0; k < program->n_variable; k++)
    if (program->variables[k]->summary) return;
  diagnose(sink, "E2092", setting->span, "`summary = stated` reads what `summary` states, and the spec states nothing")
      ->fix = "state what is to be read, as in `summary s = mean(y)`, or leave it out";
}

/* A setting by which training uses the density. */
static void check_density(struct diagnostics *sink, const struct program *program, const struct setting *setting) {
  const struct setting *posterior = setting_named(program, "posterior");
  const struct variable *without = variable_without_density(program);
  if (setting->word && !strcmp(setting->word, "off")) return;
  if (without) error_no_density(sink, setting, without);
  if (posterior && is_among(perceptrons, posterior->word))
    diagnose(sink, "E2092", setting->span, "`posterior = %s` learns from simulations alone, not by `%s`",
             posterior->word, setting->name)
        ->fix = "leave one of the two out";
}

static bool is_number(const struct term *term) {
  if (term && term->kind == TERM_OPERATOR && term->op == OP_NEG) term = term->items[0];
  return !term || term->kind == TERM_NUMBER;
}

bool can_be_pinned(const struct variable *v) {
  return (v->role == ROLE_PARAM || v->role == ROLE_LATENT) && !v->type.n_dim && v->type.structure == STRUCTURE_PLAIN &&
         v->type.base == BASE_REAL && v->distribution && v->distribution->kind != TERM_DEFINITION && !v->observed &&
         !v->improper && !v->rests_on_unknowns && is_number(v->type.low) && is_number(v->type.high);
}

double share_of_pins(const struct program *program) {
  const struct setting *pins = setting_named(program, "pins");
  return pins ? pins->number : 0;
}

static void check_pins(struct diagnostics *sink, const struct program *program, const struct setting *setting) {
  size_t n = 0, n_unknown = 0;
  for (size_t k = 0; k < program->n_variable; k++) {
    const struct variable *v = program->variables[k];
    n += can_be_pinned(v);
    n_unknown += (v->role == ROLE_PARAM || v->role == ROLE_LATENT) && v->type.base == BASE_REAL;
  }
  if (setting->number == 0 || (n > 0 && n_unknown > 1)) return;
  diagnose(sink, "E2092", setting->span, "`pins` holds single numbers on whose priors no other unknown bears, and %s",
           n ? "there is nothing else to infer" : "the model has none")
      ->fix = "leave `pins` out: `--pin` then makes a study of its own";
}

void check_settings_fit(struct diagnostics *sink, const struct study *study, bool pinned) {
  const struct setting *summary = setting_named(study->program, "summary"),
                       *consistency = setting_named(study->program, "consistency"),
                       *rejuvenation = setting_named(study->program, "rejuvenation"),
                       *pins = setting_named(study->program, "pins");
  if (summary) check_summary(sink, &study->blueprint, summary);
  if (summary && reads_stated(study->program)) check_stated(sink, study->program, summary);
  if (consistency) check_density(sink, study->program, consistency);
  if (rejuvenation) check_density(sink, study->program, rejuvenation);
  if (pins && !pinned) check_pins(sink, study->program, pins);
}
