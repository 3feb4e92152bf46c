/* point.h: a point and its uncertainty: mean m and standard deviation s of each coordinate alone, from a perceptron of
 * the condition. Its loss is -log of a normal density, sum over coordinates of ((x - m) / s)^2 / 2 + log s + log(2 pi)
 * / 2: squared loss scaled by s, least in expectation at the mean and the variance of any posterior (Dawid, Sebastiani,
 * Annals of Statistics 1999). Draws and densities are those of independent normal numbers. The condition enters as in
 * flow.h; so do absent coordinates. */
#ifndef FLOE_FLOW_POINT_H
#define FLOE_FLOW_POINT_H

#include "runtime/nn/mlp.h"

struct floe__flow_rows;

struct floe__point {
  size_t n;             /* coordinates */
  struct floe__mlp net; /* nothing but the condition -> m and log s of each coordinate */
};

struct floe__point floe__point_make(size_t *used, size_t n, size_t n_hidden, size_t width);
void floe__point_start(const struct floe__point *head, float *block, uint64_t seed,
                       uint64_t unit); /* unit .. unit + 7 */

size_t floe__point_work(const struct floe__point *head, size_t n_row); /* floats of work space */

/* x (n, d) -> z (n, d) = (x - m) / s, or with `back` from z to x; log_det (n) = log |dz/dx|, or NULL. */
void floe__point_carry(const struct floe__point *head, const float *block, const struct floe__flow_rows *rows, int back,
                       const float *x, float *work, float *z, float *log_det);

/* x (n, d) -> loss (n) */
void floe__point_loss(const struct floe__point *head, const float *block, const struct floe__flow_rows *rows,
                      const float *x, float *work, float *loss);

/* After the loss, with the same work and a row of the condition for each: by_loss (n) -> d_pre (n, width) overwritten;
 * adds to gradient. */
void floe__point_backward(const struct floe__point *head, const float *block, const struct floe__flow_rows *rows,
                          float *work, const float *by_loss, float *d_pre, float *gradient);

#endif
