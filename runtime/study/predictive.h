/* predictive.h: what `sample` adds on the posterior's predictions: how well observations are predicted that are left out. */
#ifndef FLOE_STUDY_PREDICTIVE_H
#define FLOE_STUDY_PREDICTIVE_H

#include "runtime/study/session.h"

/* Draws of a universe's posterior, n_draw a chain. */
struct posterior_draws {
  const struct floe_context *context;
  const char *universe; /* its id */
  size_t n_chain, n_draw;
  const double *values; /* (n_chain, n_draw, n_value) */
};

/* The path of a file that stands beside the draws: --output draws.csv -> draws_KIND.csv, else NAME.study/KIND_UNIVERSE.csv. */
void predictive_path(const struct session *session, const char *universe, const char *kind, char path[STUDY_PATH_LENGTH]);

/* PSIS-LOO and WAIC: `loo` in the answer's result, two lines, and a file with a row per observation. */
FLOE_NODISCARD floe_status leave_out(struct session *session, const struct posterior_draws *draws,
                                     struct floe_error *error);

#endif
