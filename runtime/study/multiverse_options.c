#include "runtime/study/multiverse_options.h"

#include <string.h>

#include "runtime/trust/ladder.h"

/* The options' values are lists of axis=setting. */
bool study_is_held(const struct session *session, const char *axis) {
  static const char *const options[] = {"only", "at"};
  const size_t length = strlen(axis);
  for (size_t k = 0; k < 2; k++)
    for (size_t i = 0;; i++) {
      const char *text = floe__option_repeated(session->arguments, options[k], i);
      if (!text) break;
      for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        while (*at == ' ') at++;
        if (strncmp(at, axis, length) == 0 && (at[length] == '=' || at[length] == ' ')) return true;
      }
    }
  return false;
}

floe_status study_universes(const struct session *session, struct floe_universes **universes,
                            struct floe_error *error) {
  bool held[FLOE_MAX_AXIS] = {false};
  for (size_t k = 0; k < session->model->n_axis; k++) held[k] = study_is_held(session, session->model->axes[k].name);
  const struct floe_universes_options options = {.n =
                                                     (size_t)floe__option_integer(session->arguments, "universes", 100),
                                                 .grid = floe__option_given(session->arguments, "grid"),
                                                 .seed = session->seed,
                                                 .reference = &session->universe,
                                                 .held = held};
  return floe_universes_new(session->model, &options, universes, error);
}

unsigned study_rungs(const struct session *session) {
  static const unsigned rungs[] = {FLOE_RUNG_NETWORK, FLOE_RUNG_NETWORK | FLOE_RUNG_WEIGHTS, FLOE_RUNG_ALL};
  return rungs[floe__option_integer(session->arguments, "rungs", 3) - 1];
}
