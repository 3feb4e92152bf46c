/* member.h: one member of the ensemble: summary network, flow of the globals, flow of a row's coordinates. */
#ifndef FLOE_TRAIN_MEMBER_H
#define FLOE_TRAIN_MEMBER_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/flow/flow.h"
#include "runtime/summary/features.h"
#include "runtime/summary/summary.h"

struct floe__architecture {
  size_t n_context, n_flat, n_row, n_global, n_local, n_item, longest; /* as in struct floe__features */
  int in_rows;
  enum floe_reading rows, inner;
  enum floe__flow_kind posterior;
  size_t layers, width, summary; /* of the flows; widths of the networks and of the summary */
};

struct floe__member {
  struct floe__architecture shape;
  struct floe__summary summary;
  struct floe__linear global_condition; /* [h, context] -> the global flow's layers */
  struct floe__linear local_condition;  /* [globals, h, context] -> the local flow's layers */
  struct floe__linear local_row;        /* row features -> the local flow's layers */
  struct floe__flow global, local;
  size_t n_weight;
};

/* False: no memory. The structure is a function of shape, seed and index. */
int floe__member_make(struct floe__member *member, const struct floe__architecture *shape, uint64_t seed, size_t index);
void floe__member_drop(struct floe__member *member);
void floe__member_start(const struct floe__member *member, float *weights, uint64_t seed, size_t index);

/* Floats of work space for batches of up to n data sets with up to n_row rows. */
size_t floe__member_work(const struct floe__member *member, size_t n, size_t n_row);

/* log_q (n) of the batch's standardised coordinates; the work space then serves floe__member_backward. */
void floe__member_log_q(const struct floe__member *member, const float *weights, const struct floe__batch *batch,
                        float *work, float *log_q);

/* The batch's global and local hold standard normal numbers, which become draws of q, 0 where absent; then as above. */
void floe__member_draw(const struct floe__member *member, const float *weights, const struct floe__batch *batch,
                       float *work, float *log_q);

/* What training lowers, of each data set (n): -log q, or what perceptrons learn by (flow.h). Its noise: from the stream
 * (seed, match, unit) and the next one, the data sets of the batch being number `first` and up. The work space then
 * serves floe__member_loss_backward. */
struct floe__noise {
  uint64_t seed, unit;
  size_t first;
  float progress; /* of the training, 0 .. 1 */
};
void floe__member_loss(const struct floe__member *member, const float *weights, const struct floe__batch *batch,
                       const struct floe__noise *noise, float *work, float *loss);

/* Adds `by_loss` times the gradient of the sum of the losses to `gradient`. */
void floe__member_loss_backward(const struct floe__member *member, const float *weights,
                                const struct floe__batch *batch, float *work, float by_loss, float *gradient);

/* How good the member is, lower being better: the loss, or of a consistency model, whose loss does not say, the energy
 * score E|X - x| - E|X - X'| / 2 of its draws X, X', of the globals and of each row (Gneiting, Raftery, JASA 2007).
 * Noise of units up to unit + 3. */
void floe__member_score(const struct floe__member *member, const float *weights, const struct floe__batch *batch,
                        const struct floe__noise *noise, float *work, float *score);

/* Of coupling flows: adds the gradient of sum_i by_log_q[i] log_q[i] to `gradient`; the coordinates count as constants.
 * by_log_q (n). */
void floe__member_backward(const struct floe__member *member, const float *weights, const struct floe__batch *batch,
                           float *work, const float *by_log_q, float *gradient);

#endif
