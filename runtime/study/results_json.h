/* results_json.h: the answers of a multiverse as the `result` object of report/results.h. */
#ifndef FLOE_STUDY_RESULTS_JSON_H
#define FLOE_STUDY_RESULTS_JSON_H

#include "runtime/multiverse/effects.h"
#include "runtime/multiverse/multiverse.h"
#include "runtime/study/session.h"

struct json_t;

/* What a result is made of. `calibration` and `training` are borrowed objects or null values. */
struct study_findings {
  const struct floe_multiverse *multiverse;
  const struct floe_effects *effects;
  struct json_t *training, *calibration, *checks;
};

struct json_t *study_result(const struct session *session, const struct study_findings *findings);

#endif
