#include "runtime/study/gates_json.h"

#include <jansson.h>
#include <string.h>

#include "runtime/report/results.h"

static enum floe_verdict verdict_of(const char *name) {
  for (int v = FLOE_PASS; v <= FLOE_FAIL; v++)
    if (strcmp(floe_verdict_name((enum floe_verdict)v), name) == 0) return (enum floe_verdict)v;
  return FLOE_UNKNOWN;
}

void study_gates_set(json_t *answer, const struct floe_gates *gates) {
  enum floe_verdict worst = verdict_of(result_text(answer, "verdict"));
  for (size_t k = 0; k < gates->n; k++) {
    const struct floe_gate *gate = &gates->gate[k];
    json_t *entry = json_object();
    json_object_set_new(entry, "name", json_string(gate->name));
    json_object_set_new(entry, "value", result_real(gate->value));
    json_object_set_new(entry, "threshold", result_real(gate->threshold));
    json_object_set_new(entry, "verdict", json_string(floe_verdict_name(gate->verdict)));
    json_array_append_new(json_object_get(answer, "gates"), entry);
    if (gate->verdict > worst) worst = gate->verdict;
  }
  json_object_set_new(answer, "verdict", json_string(floe_verdict_name(worst)));
  json_object_set_new(answer, "ok", json_boolean(worst != FLOE_FAIL));
}
