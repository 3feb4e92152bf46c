/* study_verbs.h: the verbs of a compiled study and their options. One table for both programs that offer them: the study
 * itself (`./eight_schools infer data.csv`) and `floe`, which puts a SPEC before the arguments, builds, and hands over. */
#ifndef FLOE_BASE_STUDY_VERBS_H
#define FLOE_BASE_STUDY_VERBS_H

#include "base/options.h"

/* Ended by {0}. `arguments` do not name SPEC. */
extern const struct floe__verb floe__study_verbs[];

#endif
