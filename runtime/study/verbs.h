/* verbs.h: what each verb of a compiled study does. Results go to stdout (or into session->answer with --json), remarks to
 * stderr. FLOE_EGATE: results exist and are not to be trusted. */
#ifndef FLOE_STUDY_VERBS_H
#define FLOE_STUDY_VERBS_H

#include "runtime/study/session.h"

floe_status verb_run(struct session *session, struct floe_error *error);        /* run.c */
floe_status verb_multiverse(struct session *session, struct floe_error *error); /* run.c */
floe_status verb_report(struct session *session, struct floe_error *error);     /* report_verb.c */
floe_status verb_universes(struct session *session, struct floe_error *error);  /* universes_verb.c */
floe_status verb_simulate(struct session *session, struct floe_error *error);   /* simulate_verb.c */
floe_status verb_selftest(struct session *session, struct floe_error *error);   /* selftest_verb.c */
floe_status verb_train(struct session *session, struct floe_error *error);      /* train_verb.c */
floe_status verb_verify(struct session *session, struct floe_error *error);     /* verify_verb.c */
floe_status verb_sample(struct session *session, struct floe_error *error);     /* sample_verb.c */
floe_status verb_infer(struct session *session, struct floe_error *error);      /* infer_verb.c */
floe_status verb_elicit(struct session *session, struct floe_error *error);      /* elicit_verb.c */
floe_status verb_status(struct session *session, struct floe_error *error);     /* folder_verbs.c */
floe_status verb_clean(struct session *session, struct floe_error *error);      /* folder_verbs.c */

#endif
