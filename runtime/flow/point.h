/* point.h: a point and its uncertainty: mean m and standard deviation s of each coordinate alone, from a perceptron of
 * the condition. Its loss is -log of a normal density, sum over coordinates of ((x - m) / s)^2 / 2 + log s + log(2 pi)
 * / 2: squared loss scaled by s, least in expectation at the mean and the variance of any posterior (Dawid, Sebastiani,
 * Annals of Statistics 1999). Draws and densities are those of independent normal numbers. The condition enters as in
 * flow.h; so do absent coordinates. */
#ifndef FLOE_FLOW_POINT_H
#define FLOE_FLOW_POINT_H

#include "runtime/flow/heads.h"

extern const struct floe__head floe__point;

#endif
