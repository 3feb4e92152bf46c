/* checks.h: the spec's `check` statements on prior predictive draws. */
#ifndef FLOE_STUDY_CHECKS_H
#define FLOE_STUDY_CHECKS_H

#include "runtime/study/session.h"

struct json_t;

enum { STUDY_CHECK_SIMULATIONS = 1000 };

/* Appends {text, probability, share, se, verdict} per check to `checks`: the share of prior simulations of this universe in
 * which it holds. A share below the probability by more than 2 standard errors is "warn". Simulates at the data's sizes and
 * covariates if there are any, else at the largest sizes. */
FLOE_NODISCARD floe_status study_checks(struct session *session, const struct floe_universe *universe,
                                        struct json_t *checks, struct floe_error *error);

#endif
