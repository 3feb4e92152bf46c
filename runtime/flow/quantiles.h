/* quantiles.h: quantiles of each coordinate alone, by quantile regression (Koenker, Bassett, Econometrica 1978): a
 * perceptron of the condition gives the quantile in the middle and, as positive steps from there, the others, so that
 * they never cross. Loss: the mean over 17 levels of
 *   2 (level - [x < q]) (x - q),
 * which is least in expectation at the posterior's own quantiles, and close to the continuous ranked probability score
 * (Gneiting, Raftery, JASA 2007). The levels are those of normal scores that are evenly spread. Draws interpolate
 * between the quantiles along normal scores, and go on straight beyond the outermost: each coordinate follows its
 * marginal, and none depends on the others. So there is no joint density. The condition enters as in flow.h; so do
 * absent coordinates. */
#ifndef FLOE_FLOW_QUANTILES_H
#define FLOE_FLOW_QUANTILES_H

#include "runtime/flow/heads.h"

extern const struct floe__head floe__quantiles;

#endif
