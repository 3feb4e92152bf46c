/* gates_json.h: gates as the envelope shows them. */
#ifndef FLOE_STUDY_GATES_JSON_H
#define FLOE_STUDY_GATES_JSON_H

#include "runtime/trust/gates.h"

struct json_t;

/* Appends the gates to the answer's, and sets its verdict and `ok` to the worst of all. */
void study_gates_set(struct json_t *answer, const struct floe_gates *gates);

#endif
