/* conjugate_model.h: a model whose posterior is known for every data set: theta ~ normal(0, 1), y[place] ~ normal(theta, 1),
 * 2 to 5 places. Posterior: normal with mean sum(y) / (n + 1), variance 1 / (n + 1). Axis `shift` moves the prior's mean to
 * 0.5: then the mean is (sum(y) + 0.5) / (n + 1). Axis `trim` prepares: y is cut at 2. Coordinates are values. */
#ifndef FLOE_TESTS_CONJUGATE_MODEL_H
#define FLOE_TESTS_CONJUGATE_MODEL_H

#include <floe/model.h>

#include "runtime/trust/proposal.h"

enum { CONJUGATE_SHIFT, CONJUGATE_TRIM, CONJUGATE_N_AXIS };
extern const struct floe_model conjugate_by_hand;

/* A proposal that is the posterior, but moved by `offset` posterior sds and `scale` times as wide; or the prior. */
struct conjugate_proposal {
  double offset, scale;
  int prior;
};
struct floe_proposal conjugate_proposal_of(struct conjugate_proposal *proposal);

#endif
