#include "compiler/program/tune.h"

struct routine *tune_packs(struct routine *routine) {
  struct routine *constants = tune_constants(routine);
  tune_divisions(routine);
  tune_products(routine);
  return constants;
}

struct routine *tune_gradient(struct routine *routine) {
  tune_nests(routine);
  return tune_packs(routine);
}
