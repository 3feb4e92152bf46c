/* answers.h: from a network and a data set to the answer in one universe, by the ladder of trust. */
#ifndef FLOE_STUDY_ANSWERS_H
#define FLOE_STUDY_ANSWERS_H

#include "runtime/study/session.h"
#include "runtime/train/network.h"
#include "runtime/trust/ladder.h"
#include "runtime/trust/summary.h"

struct json_t;

/* The answer of one universe, with the outputs of its draws. Zero-initialise; free at the end. */
struct study_answer {
  struct floe_answer answer;
  struct floe_universe universe;
  double *prepared;               /* (n_data) */
  double *outputs;                /* (answer.n, n_output) */
  struct floe_summary *summaries; /* (n_output) */
};

/* Climbs the ladder for the session's data set in the session's universe. */
FLOE_NODISCARD floe_status study_climb(struct session *session, const struct floe_network *network,
                                       struct study_answer *answer, struct floe_error *error);
void study_answer_free(struct study_answer *answer);

#endif
