/* quantities.h: the quantities of a study: every element of every report, named by the data's labels (`theta[A]`, `best=A`); then the claims. */
#ifndef FLOE_STUDY_QUANTITIES_H
#define FLOE_STUDY_QUANTITIES_H

#include "runtime/study/session.h"
#include "runtime/trust/summary.h"

struct json_t;

/* How many of a layout's outputs are elements of reports; the rest, one each, are claims. */
size_t study_quantity_count(const struct floe_layout *layout);

/* The name of quantity k: "theta[A]". Needs the session's data set. */
void study_quantity_name(const struct session *session, size_t k, char *name, size_t capacity);

/* All names, as a JSON array. */
struct json_t *study_quantity_names(const struct session *session);

/* Axis names and settings of a universe: {"noise": "heavy", "prior_power": 0.7}; equivalence axes only if asked for. */
struct json_t *study_universe_options(const struct floe_model *model, const struct floe_universe *universe,
                                      bool equivalences);

/* {mean, median, sd, q5, q95, ess} of one output. */
struct json_t *study_summary(const struct floe_summary *summary);

#endif
