/* flow.h: conditional normalising flows: x (d numbers a row) -> z, standard normal, and back, with exact densities. Two
 * kinds are made of layers. Layer 0 moves every coordinate by a map whose numbers depend on the condition alone;
 * further layers are couplings (Dinh, Sohl-Dickstein, Bengio 2017): one part of the coordinates, in an order drawn at
 * random, is moved given the other part and the condition; the next layer swaps the parts. The map is that of
 * nn/spline.h; the last layer is followed by that of tails.h. With d = 1 all layers are like layer 0. The other kinds
 * are one perceptron each (heads.h): the solution of a differential equation (matching.h); independent normal numbers
 * (point.h); and two that only go from z to x, and have no density (one_step.h, quantiles.h).
 * The condition enters every network as a term of its first layer (struct floe__pre of nn/mlp.h, n_pre wide): how it
 * comes about is the caller's affair. Rows may lack coordinates: where mask is 0 the coordinate passes through with log
 * determinant 0, and the others do not see it. */
#ifndef FLOE_FLOW_FLOW_H
#define FLOE_FLOW_FLOW_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/flow/mixing.h"
#include "runtime/nn/mlp.h"

struct floe__flow_layer {
  size_t n_given, n_moved;
  const uint32_t *given, *moved; /* positions of coordinates */
  struct floe__mlp net;          /* given -> raw numbers of the moved */
  struct floe__mixing mixing;    /* before the layer; n = 0: none */
};

/* FLOE__MIXING: coupling layers with a learned linear map (mixing.h) between each and the next. */
enum floe__flow_kind { FLOE__COUPLING, FLOE__MATCHING, FLOE__MIXING, FLOE__ONE_STEP, FLOE__QUANTILES, FLOE__POINT };

/* Kinds that are one perceptron, and learn by another loss than -log q. */
int floe__flow_is_perceptron(enum floe__flow_kind kind);

/* Why there is no density of the kind; NULL: there is. */
const char *floe__flow_no_density(enum floe__flow_kind kind);

struct floe__head;

struct floe__flow {
  size_t n, width, n_pre;          /* coordinates; hidden width of a network; widths of all networks together */
  const struct floe__head *head;   /* the kind of perceptron; NULL: the flow is made of layers */
  struct floe__mlp net;            /* that perceptron */
  size_t n_layer;                  /* 0: it is a perceptron */
  struct floe__flow_layer *layers; /* (n_layer) */
  uint32_t *positions;             /* (n_layer, n): what the layers' `given` and `moved` point into */
};

/* n coordinates >= 1; n_layer: of a flow that is made of them, or the perceptron's hidden ones, of which there are at
 * most FLOE__MLP_MAX_HIDDEN; *used: the weight block so far. The order of coordinates is a function of (seed, unit).
 * False: no memory. */
int floe__flow_make(struct floe__flow *flow, enum floe__flow_kind kind, size_t *used, size_t n, size_t n_layer,
                    size_t width, uint64_t seed, uint64_t unit);
void floe__flow_drop(struct floe__flow *flow);

void floe__flow_start(const struct floe__flow *flow, float *block, uint64_t seed,
                      uint64_t unit); /* units unit .. unit + 8 n_layer */

size_t floe__flow_work(const struct floe__flow *flow, size_t n_row); /* floats of work space */

/* Rows of one call. pre.value: (n, n_pre), or one row with stride 0, a condition that all share; pre.row is NULL. */
struct floe__flow_rows {
  size_t n;
  const float *mask; /* (n, d) 0 or 1 */
  struct floe__pre pre;
  int keeps; /* what floe__flow_backward needs */
};

/* x (n, d) -> z (n, d), log_det (n) = log |dz/dx|; z may not be x. Not of kinds without a density. */
void floe__flow_forward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                        const float *x, float *work, float *z, float *log_det);

/* After a forward that keeps, with the same work and no condition that rows share; of flows made of layers. dz (n, d):
 * overwritten, with dx; d_log_det (n); d_pre (n, n_pre) overwritten; adds to gradient. */
void floe__flow_backward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                         float *work, float *dz, const float *d_log_det, float *d_pre, float *gradient);

/* z (n, d) -> x (n, d); log_det (n) = log |dz/dx| at x, left alone where there is no density, or NULL: not wanted,
 * which is faster. x may be z. */
void floe__flow_inverse(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                        const float *z, float *work, float *x, float *log_det);

/* What perceptrons learn with, besides what they are to draw. */
struct floe__flow_noise {
  const float *x, *other; /* (n, d) standard normal; other: only of FLOE__ONE_STEP */
  const float *t;         /* (n) spread evenly over 0 .. 1 */
  float progress;         /* of the training, 0 .. 1 */
  const float *teacher; /* weights of what is not differentiated; NULL: the same */
};

/* Of perceptrons: x (n, d) -> loss (n). */
void floe__flow_loss(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                     const struct floe__flow_noise *noise, const float *x, float *work, float *loss);

/* After the loss, with the same work and a row of the condition for each: by_loss (n) -> d_pre (n, n_pre) overwritten;
 * adds to gradient. */
void floe__flow_loss_backward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                              float *work, const float *by_loss, float *d_pre, float *gradient);

#endif
