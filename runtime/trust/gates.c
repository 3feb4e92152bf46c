#include "runtime/trust/gates.h"

#include <math.h>
#include <string.h>

const char *floe_verdict_name(enum floe_verdict verdict) {
  static const char *const names[] = {
      [FLOE_PASS] = "pass", [FLOE_WARN] = "warn", [FLOE_UNKNOWN] = "unknown", [FLOE_FAIL] = "fail"};
  return names[verdict];
}

static void append(struct floe_gates *gates, const char *name, double value, double threshold,
                   enum floe_verdict verdict) {
  if (gates->n == FLOE_MAX_GATE) return;
  gates->gate[gates->n++] = (struct floe_gate){name, value, threshold, isnan(value) ? FLOE_UNKNOWN : verdict};
}

void floe_gates_at_most(struct floe_gates *gates, const char *name, double value, double threshold,
                        enum floe_verdict otherwise) {
  append(gates, name, value, threshold, value <= threshold ? FLOE_PASS : otherwise);
}

void floe_gates_at_least(struct floe_gates *gates, const char *name, double value, double threshold,
                         enum floe_verdict otherwise) {
  append(gates, name, value, threshold, value >= threshold ? FLOE_PASS : otherwise);
}

void floe_gates_unknown(struct floe_gates *gates, const char *name, double threshold) {
  append(gates, name, NAN, threshold, FLOE_UNKNOWN);
}

enum floe_verdict floe_gates_verdict(const struct floe_gates *gates) {
  enum floe_verdict worst = gates->n ? FLOE_PASS : FLOE_UNKNOWN;
  for (size_t k = 0; k < gates->n; k++)
    if (gates->gate[k].verdict > worst) worst = gates->gate[k].verdict;
  return worst;
}

const struct floe_gate *floe_gates_find(const struct floe_gates *gates, const char *name) {
  for (size_t k = 0; k < gates->n; k++)
    if (strcmp(gates->gate[k].name, name) == 0) return &gates->gate[k];
  return NULL;
}
