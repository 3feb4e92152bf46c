/* predictive.h: what `sample` adds on the posterior's predictions: how well observations are predicted that are left
 * out; data sets like those observed. */
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

/* The path of a file that stands beside the draws: --output draws.csv -> draws_KIND.csv, else
 * NAME.study/KIND_UNIVERSE.csv. */
void predictive_path(const struct session *session, const char *universe, const char *kind,
                     char path[STUDY_PATH_LENGTH]);

/* PSIS-LOO and WAIC, and how uniform the probability integral transforms are: `loo` in the answer's result, some lines, and a file
 * with a row per observation. */
FLOE_NODISCARD floe_status leave_out(struct session *session, const struct posterior_draws *draws,
                                     struct floe_error *error);

/* Data sets as the universe's posterior predicts them, n or as many as there are draws, at evenly spaced ones: a file
 * with a row each, and `predictive` in the answer's result: for each observed variable the share of its values in
 * their predictive intervals, and mean, sd, least and greatest value against those of the predictions. What latents
 * complete is not predicted anew, and left out. */
FLOE_NODISCARD floe_status predict(struct session *session, const struct posterior_draws *draws, size_t n,
                                   struct floe_error *error);

#endif
