#include "compiler/program/tune.h"

static struct routine *tune(struct routine *routine, size_t many) {
  tune_reciprocals(routine);
  struct routine *constants = tune_constants(routine);
  tune_divisions(routine);
  tune_products(routine, many);
  return constants;
}

/* In lanes of chains a logarithm costs as much wherever it stands. */
struct routine *tune_packs(struct routine *routine) {
  return tune(routine, 4);
}

/* Fewer elements than these gain little. */
struct routine *tune_gradient(struct routine *routine) {
  tune_nests(routine);
  return tune(routine, 64);
}
