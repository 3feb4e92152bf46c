#include "base/settings.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

const struct floe__setting_rule floe__setting_rules[] = {
    {"layers", 1, 24, true, NULL},
    {"width", 8, 1024, true, NULL},
    {"summary", 1, 0, true, "mlp|deep_set|set_transformer|gru|tcn|stated"},
    {"posterior", 1, 0, true, "coupling|mixed_coupling|flow_matching|consistency_model|quantiles|point"},
    {"summary_width", 1, 256, true, NULL},
    {"ensemble", 1, 32, true, NULL},
    {"simulations", 256, 1e10, true, NULL},
    {"epochs", 1, 10000, true, NULL},
    {"batch", 16, 65536, true, NULL},
    {"rate", 1e-7, 1, false, NULL},
    {"consistency", 4, 64, true, "on|off"},
    {"rejuvenation", 1, 0, true, "on|off"},
    {"pins", 0, 0.9, false, NULL},
};
const size_t floe__n_setting_rule = sizeof floe__setting_rules / sizeof *floe__setting_rules;

const struct floe__setting_rule *floe__setting_rule(const char *name) {
  for (size_t k = 0; k < floe__n_setting_rule; k++)
    if (strcmp(floe__setting_rules[k].name, name) == 0) return &floe__setting_rules[k];
  return NULL;
}

static bool among(const char *words, const char *word) {
  const size_t length = strlen(word);
  for (const char *w = words; w; w = strchr(w, '|')) {
    w += *w == '|';
    if (strcspn(w, "|") == length && strncmp(w, word, length) == 0) return true;
  }
  return false;
}

bool floe__setting_fits(const struct floe__setting_rule *rule, const char *word, double number) {
  if (word) return among(rule->words, word);
  return number >= rule->low && number <= rule->high && (!rule->whole || number == floor(number));
}

void floe__setting_values(const struct floe__setting_rule *rule, struct floe__text *text) {
  const bool numbers = rule->low <= rule->high;
  for (const char *w = rule->words; w; w = strchr(w, '|')) {
    w += *w == '|';
    const size_t length = strcspn(w, "|");
    const bool first = w == rule->words, last = !numbers && w[length] == '\0';
    floe__text_printf(text, "%s`%.*s`", first ? "" : last ? " or " : ", ", (int)length, w);
  }
  if (numbers)
    floe__text_printf(text, "%sa %snumber from %.15g to %.15g", rule->words ? ", or " : "", rule->whole ? "whole " : "",
                      rule->low, rule->high);
}
