/* normal_model.h: a model whose posterior is known: x[1..5] is normal with mean 1 .. 5, standard deviations 0.01 to 100 and
 * correlations 0.8^|i - j|, whatever the data. Axis `shape` makes it troublesome instead. Coordinates are the values. */
#ifndef FLOE_TESTS_NORMAL_MODEL_H
#define FLOE_TESTS_NORMAL_MODEL_H

#include <floe/model.h>

enum { NORMAL_DIM = 5 };
enum normal_shape {
  NORMAL_PROPER,
  NORMAL_FLAT,       /* does not depend on x[3] */
  NORMAL_UNDEFINED,  /* the likelihood is NaN everywhere */
  NORMAL_IMPOSSIBLE, /* the prior is 0 everywhere */
  NORMAL_RUNAWAY,    /* grows with x[4] without end */
  NORMAL_SPIKE       /* finite only where the chain starts: it cannot move */
};

extern const struct floe_model normal_by_hand;
extern const double normal_mean[NORMAL_DIM], normal_sd[NORMAL_DIM];

/* x (5) = mean + scale * Cholesky factor * z (5). */
void normal_from_noise(double scale, const double *z, double *x);

#endif
