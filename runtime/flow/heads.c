#include "runtime/flow/heads.h"

#include "runtime/flow/matching.h"
#include "runtime/flow/one_step.h"
#include "runtime/flow/point.h"
#include "runtime/flow/quantiles.h"

const struct floe__head *floe__head_of(enum floe__flow_kind kind) {
  static const struct floe__head *const heads[] = {[FLOE__COUPLING] = NULL,
                                                   [FLOE__MATCHING] = &floe__matching,
                                                   [FLOE__MIXING] = NULL,
                                                   [FLOE__ONE_STEP] = &floe__one_step,
                                                   [FLOE__QUANTILES] = &floe__quantiles,
                                                   [FLOE__POINT] = &floe__point};
  return heads[kind];
}

int floe__flow_is_perceptron(enum floe__flow_kind kind) {
  return floe__head_of(kind) != NULL;
}

const char *floe__flow_no_density(enum floe__flow_kind kind) {
  const struct floe__head *head = floe__head_of(kind);
  return head ? head->no_density : NULL;
}
