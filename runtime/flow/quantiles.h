/* quantiles.h: quantiles of each coordinate alone, by quantile regression (Koenker, Bassett, Econometrica 1978): a
 * perceptron of the condition gives the quantile in the middle and, as positive steps from there, the others, so that
 * they never cross. Loss: the mean over FLOE__N_QUANTILE levels of
 *   2 (level - [x < q]) (x - q),
 * which is least in expectation at the posterior's own quantiles, and close to the continuous ranked probability score
 * (Gneiting, Raftery, JASA 2007). The levels are those of normal scores that are evenly spread. Draws interpolate
 * between the quantiles along normal scores, and go on straight beyond the outermost: each coordinate follows its
 * marginal, and none depends on the others. So there is no joint density. The condition enters as in flow.h; so do
 * absent coordinates. */
#ifndef FLOE_FLOW_QUANTILES_H
#define FLOE_FLOW_QUANTILES_H

#include "runtime/nn/mlp.h"

enum { FLOE__N_QUANTILE = 17 };

struct floe__flow_rows;

struct floe__quantiles {
  size_t n;             /* coordinates */
  struct floe__mlp net; /* nothing but the condition -> FLOE__N_QUANTILE numbers of each coordinate */
};

struct floe__quantiles floe__quantiles_make(size_t *used, size_t n, size_t n_hidden, size_t width);
void floe__quantiles_start(const struct floe__quantiles *head, float *block, uint64_t seed,
                           uint64_t unit); /* unit .. unit + 7 */

size_t floe__quantiles_work(const struct floe__quantiles *head, size_t n_row); /* floats of work space */

/* x (n, d) -> loss (n) */
void floe__quantiles_loss(const struct floe__quantiles *head, const float *block, const struct floe__flow_rows *rows,
                          const float *x, float *work, float *loss);

/* After the loss, with the same work and pre.row NULL: by_loss (n) -> d_pre (n, width) overwritten; adds to gradient.
 * */
void floe__quantiles_backward(const struct floe__quantiles *head, const float *block,
                              const struct floe__flow_rows *rows, float *work, const float *by_loss, float *d_pre,
                              float *gradient);

/* z (n, d), standard normal -> draws x (n, d); x may be z. */
void floe__quantiles_draw(const struct floe__quantiles *head, const float *block, const struct floe__flow_rows *rows,
                          const float *z, float *work, float *x);

#endif
