/* transform.h: is each observation where the others say that it may be? Its probability integral transform is the share
 * of the leave-one-out predictive distribution below it (loo.h: below, and a part of `equal`). Transforms of
 * observations that the model describes are uniform. Gelfand, Dey, Chang, "Model determination using predictive
 * distributions", Bayesian Statistics 4, 1992; randomised where values are discrete: Czado, Gneiting, Held, "Predictive
 * model assessment for count data", Biometrics 65, 2009. */
#ifndef FLOE_TRUST_TRANSFORM_H
#define FLOE_TRUST_TRANSFORM_H

#include <floe/model.h>
#include <stdbool.h>

#include "base/error.h"

/* separate (n_variable): observed variables whose elements, given the unknowns, are drawn without regard to other
 * observations, so that predictions from the posterior are those of the leave-one-out distribution. It is tried out:
 * observations are changed, at the unknowns `values` (n_value), and the log likelihoods of all others must stay. A
 * value in a series is not separate; nor is an array that is drawn as a whole. */
FLOE_NODISCARD floe_status floe_separate_observations(const struct floe_context *context, const double *values,
                                                      bool *separate, struct floe_error *error);

/* How far n transforms u, which are put in ascending order, are from uniform: the largest difference of their
 * distribution function from the diagonal at even points, and whether all lie in the simultaneous band of n independent
 * uniform numbers. */
struct floe_uniformity {
  double largest;
  bool within;
};
FLOE_NODISCARD floe_status floe_uniformity(size_t n, double *u, double level, struct floe_uniformity *result,
                                           struct floe_error *error);

#endif
