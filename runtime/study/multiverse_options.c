#include "runtime/study/multiverse_options.h"

#include "runtime/trust/ladder.h"

floe_status study_universes(const struct session *session, struct floe_universes **universes,
                            struct floe_error *error) {
  const struct floe_universes_options options = {.n =
                                                     (size_t)floe__option_integer(session->arguments, "universes", 100),
                                                 .grid = floe__option_given(session->arguments, "grid"),
                                                 .seed = session->seed,
                                                 .reference = &session->universe,
                                                 .held = session->held};
  return floe_universes_new(session->model, &options, universes, error);
}

unsigned study_rungs(const struct session *session) {
  static const unsigned rungs[] = {FLOE_RUNG_NETWORK, FLOE_RUNG_NETWORK | FLOE_RUNG_WEIGHTS, FLOE_RUNG_ALL};
  return rungs[floe__option_integer(session->arguments, "rungs", 3) - 1];
}
