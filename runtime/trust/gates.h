/* gates.h: named checks with a threshold and a verdict. A check that was skipped is `unknown`, never `pass`. */
#ifndef FLOE_TRUST_GATES_H
#define FLOE_TRUST_GATES_H

#include <stdbool.h>
#include <stddef.h>

enum floe_verdict { FLOE_PASS, FLOE_WARN, FLOE_UNKNOWN, FLOE_FAIL }; /* from best to worst */

struct floe_gate {
  const char *name;        /* static text: "k-hat" */
  double value, threshold; /* NaN where unknown */
  enum floe_verdict verdict;
};

#define FLOE_MAX_GATE 16

struct floe_gates {
  size_t n;
  struct floe_gate gate[FLOE_MAX_GATE];
};

const char *floe_verdict_name(enum floe_verdict verdict); /* "pass", "warn", "fail", "unknown" */

/* Appends a gate; does nothing when the list is full. NaN is `unknown`. */
void floe_gates_at_most(struct floe_gates *gates, const char *name, double value, double threshold,
                        enum floe_verdict otherwise);
void floe_gates_at_least(struct floe_gates *gates, const char *name, double value, double threshold,
                         enum floe_verdict otherwise);
void floe_gates_unknown(struct floe_gates *gates, const char *name, double threshold);

/* The worst of all; `unknown` for an empty list. */
enum floe_verdict floe_gates_verdict(const struct floe_gates *gates);
const struct floe_gate *floe_gates_find(const struct floe_gates *gates, const char *name); /* NULL: not there */

#endif
