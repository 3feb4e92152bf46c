/* The settings that `network { ... }` may give. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "runtime/data/suggest.h"
#include "runtime/train/parts.h"

struct setting {
  const char *name;
  size_t at;
  double low, high;
};

#define SETTING(name, low, high)                                                                                       \
  { #name, offsetof(struct floe__settings, name), low, high }
static const struct setting settings_known[] = {
    SETTING(layers, 1, 24),          SETTING(width, 8, 1024),   SETTING(summary, 1, 256),  SETTING(ensemble, 1, 32),
    SETTING(simulations, 256, 1e10), SETTING(epochs, 1, 10000), SETTING(batch, 16, 65536), SETTING(rate, 1e-7, 1),
};
enum { N_SETTING = sizeof settings_known / sizeof *settings_known };

static const char *setting_name(const void *names, size_t k) {
  return ((const struct setting *)names)[k].name;
}

static floe_status unknown(const char *name, struct floe_error *error) {
  char fix[128];
  floe__suggest_fix(floe__suggest(name, N_SETTING, setting_name, settings_known),
                    "known settings: layers, width, summary, ensemble, simulations, epochs, batch, rate, consistency",
                    fix, sizeof fix);
  return floe__fail(error, FLOE_ESPEC, "network", fix, "the network has no setting '%.100s'", name);
}

/* on, off, or how many draws. */
static floe_status read_consistency(const struct floe_setting *given, struct floe__settings *settings,
                                    struct floe_error *error) {
  const double n = given->number;
  if (given->word && strcmp(given->word, "on") == 0)
    settings->consistency = FLOE__USUAL_DRAWS;
  else if (given->word && strcmp(given->word, "off") == 0)
    settings->consistency = 0;
  else if (!given->word && n >= 4 && n <= 64 && n == floor(n))
    settings->consistency = (size_t)n;
  else
    return floe__fail(error, FLOE_ESPEC, "network", "",
                      "the network's 'consistency' must be `on`, `off`, or a whole number of draws from 4 to 64");
  return FLOE_OK;
}

static floe_status read_one(const struct floe_setting *given, struct floe__settings *settings,
                            struct floe_error *error) {
  if (strcmp(given->name, "consistency") == 0) return read_consistency(given, settings, error);
  for (size_t k = 0; k < N_SETTING; k++) {
    const struct setting *known = &settings_known[k];
    if (strcmp(known->name, given->name) != 0) continue;
    const int whole = known->at != offsetof(struct floe__settings, rate);
    if (given->word || !(given->number >= known->low && given->number <= known->high) ||
        (whole && given->number != floor(given->number)))
      return floe__fail(error, FLOE_ESPEC, "network", "", "the network's '%s' must be a %snumber from %g to %g",
                        known->name, whole ? "whole " : "", known->low, known->high);
    if (whole)
      *(size_t *)((char *)settings + known->at) = (size_t)given->number;
    else
      settings->rate = given->number;
    return FLOE_OK;
  }
  return unknown(given->name, error);
}

floe_status floe__settings_read(const struct floe_model *model, struct floe__settings *settings,
                                struct floe_error *error) {
  *settings = (struct floe__settings){.layers = 6,
                                      .width = 64,
                                      .ensemble = 2,
                                      .simulations = 1048576,
                                      .batch = 256,
                                      .rate = 5e-3,
                                      .consistency = FLOE__UNSET};
  for (size_t k = 0; k < model->n_setting; k++) {
    const floe_status status = read_one(&model->settings[k], settings, error);
    if (status) return status;
  }
  return FLOE_OK;
}
