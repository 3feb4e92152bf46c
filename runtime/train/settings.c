/* The settings that `network { ... }` may give. */
#include <stddef.h>
#include <string.h>

#include "base/settings.h"
#include "runtime/data/suggest.h"
#include "runtime/summary/features.h"
#include "runtime/train/parts.h"

static const struct {
  const char *name;
  size_t at; /* of a size_t in struct floe__settings */
} counts[] = {
    {"layers", offsetof(struct floe__settings, layers)},
    {"width", offsetof(struct floe__settings, width)},
    {"summary_width", offsetof(struct floe__settings, summary)},
    {"ensemble", offsetof(struct floe__settings, ensemble)},
    {"epochs", offsetof(struct floe__settings, epochs)},
    {"simulations", offsetof(struct floe__settings, simulations)},
    {"batch", offsetof(struct floe__settings, batch)},
    {"consistency", offsetof(struct floe__settings, consistency)},
    {"rejuvenation", offsetof(struct floe__settings, rejuvenation)},
};

static const char *rule_name(const void *rules, size_t k) {
  return ((const struct floe__setting_rule *)rules)[k].name;
}

static floe_status unknown(const char *name, struct floe_error *error) {
  char fix[128];
  floe__suggest_fix(floe__suggest(name, floe__n_setting_rule, rule_name, floe__setting_rules), "", fix, sizeof fix);
  return floe__fail(error, FLOE_ESPEC, "network", fix, "the network has no setting '%.100s'", name);
}

static floe_status unfit(const struct floe__setting_rule *rule, struct floe_error *error) {
  struct floe__text values = {0};
  floe__setting_values(rule, &values);
  const floe_status status = floe__fail(error, FLOE_ESPEC, "network", "", "the network's '%s' must be %s", rule->name,
                                        values.failed ? "another value" : values.data);
  floe__text_free(&values);
  return status;
}

/* ---- how data are summed up ---- */

static const char *const summary_words[] = {[FLOE_PERCEPTRON] = "mlp",
                                            [FLOE_DEEP_SET] = "deep_set",
                                            [FLOE_SET_TRANSFORMER] = "set_transformer",
                                            [FLOE_GRU] = "gru",
                                            [FLOE_TCN] = "tcn"};

static int is_of_sets(enum floe_reading kind) {
  return kind == FLOE_DEEP_SET || kind == FLOE_SET_TRANSFORMER;
}

static int states_summaries(const struct floe_model *model) {
  for (size_t v = 0; v < model->n_variable; v++)
    if (model->variables[v].summary) return 1;
  return 0;
}

int floe__summary_possible(const struct floe_model *model, enum floe_reading rows, enum floe_reading inner) {
  if (rows == FLOE_PERCEPTRON) return inner == FLOE_PERCEPTRON && states_summaries(model);
  if (!is_of_sets(rows)) return 0;
  if (inner == FLOE_PERCEPTRON) return 1;
  if (model->inner >= model->n_dimension || floe__features_in_rows(model, model->inner) < 0) return 0;
  return is_of_sets(inner) == !model->dimensions[model->inner].ordered;
}

/* Whether data run along the plate, so that there is a set of rows. */
static int has_rows(const struct floe_model *model) {
  return model->plate < model->n_dimension && floe__features_in_rows(model, model->plate) == 1;
}

static floe_status read_summary(const struct floe_model *model, const char *word, struct floe__settings *settings,
                                struct floe_error *error) {
  enum floe_reading kind = FLOE_PERCEPTRON;
  if (strcmp(word, "stated") == 0) {
    settings->rows = settings->inner = FLOE_PERCEPTRON;
    if (states_summaries(model)) return FLOE_OK;
    return floe__fail(error, FLOE_ESPEC, "network", "state what is to be read: summary s = mean(y)",
                      "the network's 'summary = stated' reads what `summary` states, and the spec states nothing");
  }
  while (strcmp(summary_words[kind], word) != 0) kind++;
  const int inner = floe__summary_possible(model, FLOE_DEEP_SET, kind), rows = is_of_sets(kind) && has_rows(model);
  if (inner) settings->inner = kind;
  if (rows) settings->rows = kind;
  if (inner || rows) return FLOE_OK;
  return floe__fail(error, FLOE_ESPEC, "network", "leave `summary` out: `floe check` says what is chosen then",
                    "the network's 'summary = %s' reads %s, and the observations have none", word,
                    is_of_sets(kind) ? "a set of exchangeable elements" : "a series along an ordered index");
}

static const char *const posterior_words[] = {
    [FLOE__COUPLING] = "coupling",          [FLOE__MATCHING] = "flow_matching", [FLOE__MIXING] = "mixed_coupling",
    [FLOE__ONE_STEP] = "consistency_model", [FLOE__QUANTILES] = "quantiles",    [FLOE__POINT] = "point"};

const char *floe__posterior_word(enum floe__flow_kind kind) {
  return posterior_words[kind];
}

static floe_status read_one(const struct floe_model *model, const struct floe_setting *given,
                            struct floe__settings *settings, struct floe_error *error) {
  const struct floe__setting_rule *rule = floe__setting_rule(given->name);
  if (!rule) return unknown(given->name, error);
  if (!floe__setting_fits(rule, given->word, given->number)) return unfit(rule, error);
  if (strcmp(given->name, "summary") == 0) return read_summary(model, given->word, settings, error);
  if (strcmp(given->name, "posterior") == 0) {
    settings->posterior = FLOE__COUPLING;
    while (strcmp(posterior_words[settings->posterior], given->word) != 0) settings->posterior++;
    return FLOE_OK;
  }
  double number = given->number;
  if (given->word) number = strcmp(given->word, "on") == 0 ? FLOE__USUAL_DRAWS : 0;
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
    if (strcmp(counts[k].name, given->name) == 0) *(size_t *)((char *)settings + counts[k].at) = (size_t)number;
  if (strcmp(given->name, "rate") == 0) settings->rate = number;
  if (strcmp(given->name, "pins") == 0) settings->pins = number;
  return FLOE_OK;
}

static double usual_rate(enum floe__flow_kind posterior) {
  return floe__flow_is_perceptron(posterior) ? 2e-3 : 5e-3;
}

floe_status floe__settings_read(const struct floe_model *model, struct floe__settings *settings,
                                struct floe_error *error) {
  *settings = (struct floe__settings){.layers = 6,
                                      .ensemble = 2,
                                      .simulations = 1048576,
                                      .batch = 128,
                                      .rows = FLOE_DEEP_SET,
                                      .inner = model->inner_reading,
                                      .consistency = FLOE__UNSET,
                                      .rejuvenation = FLOE__UNSET};
  for (size_t k = 0; k < model->n_setting; k++) {
    const floe_status status = read_one(model, &model->settings[k], settings, error);
    if (status) return status;
  }
  if (settings->rate == 0) settings->rate = usual_rate(settings->posterior);
  return FLOE_OK;
}
