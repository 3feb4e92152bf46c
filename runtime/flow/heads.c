/* Flows that are one perceptron: which of them does what is asked. */
#include "runtime/flow/flow.h"

int floe__flow_is_perceptron(enum floe__flow_kind kind) {
  return kind == FLOE__MATCHING || kind == FLOE__ONE_STEP || kind == FLOE__QUANTILES || kind == FLOE__POINT;
}

const char *floe__flow_no_density(enum floe__flow_kind kind) {
  if (kind == FLOE__ONE_STEP) return "a consistency model has no density";
  if (kind == FLOE__QUANTILES) return "its quantiles are those of each coordinate alone, without a joint density";
  return NULL;
}

void floe__head_make(struct floe__flow *flow, size_t *used, size_t n_hidden) {
  if (flow->kind == FLOE__MATCHING) flow->matching = floe__matching_make(used, flow->n, n_hidden, flow->width);
  if (flow->kind == FLOE__ONE_STEP) flow->one_step = floe__one_step_make(used, flow->n, n_hidden, flow->width);
  if (flow->kind == FLOE__QUANTILES) flow->quantiles = floe__quantiles_make(used, flow->n, n_hidden, flow->width);
  if (flow->kind == FLOE__POINT) flow->point = floe__point_make(used, flow->n, n_hidden, flow->width);
}

void floe__head_start(const struct floe__flow *flow, float *block, uint64_t seed, uint64_t unit) {
  if (flow->kind == FLOE__MATCHING) floe__matching_start(&flow->matching, block, seed, unit);
  if (flow->kind == FLOE__ONE_STEP) floe__one_step_start(&flow->one_step, block, seed, unit);
  if (flow->kind == FLOE__QUANTILES) floe__quantiles_start(&flow->quantiles, block, seed, unit);
  if (flow->kind == FLOE__POINT) floe__point_start(&flow->point, block, seed, unit);
}

size_t floe__head_work(const struct floe__flow *flow, size_t n) {
  if (flow->kind == FLOE__MATCHING) return floe__matching_work(&flow->matching, n);
  if (flow->kind == FLOE__ONE_STEP) return floe__one_step_work(&flow->one_step, n);
  if (flow->kind == FLOE__POINT) return floe__point_work(&flow->point, n);
  return floe__quantiles_work(&flow->quantiles, n);
}

void floe__head_forward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                        const float *x, float *work, float *z, float *log_det) {
  if (flow->kind == FLOE__MATCHING) floe__matching_carry(&flow->matching, block, rows, 1, x, work, z, log_det);
  if (flow->kind == FLOE__POINT) floe__point_carry(&flow->point, block, rows, 0, x, work, z, log_det);
}

void floe__head_inverse(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                        const float *z, float *work, float *x, float *log_det) {
  if (flow->kind == FLOE__MATCHING) floe__matching_carry(&flow->matching, block, rows, 0, z, work, x, log_det);
  if (flow->kind == FLOE__ONE_STEP) floe__one_step_draw(&flow->one_step, block, rows, z, work, x);
  if (flow->kind == FLOE__QUANTILES) floe__quantiles_draw(&flow->quantiles, block, rows, z, work, x);
  if (flow->kind == FLOE__POINT) floe__point_carry(&flow->point, block, rows, 1, z, work, x, log_det);
}

void floe__flow_loss(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                     const struct floe__flow_noise *noise, const float *x, float *work, float *loss) {
  if (flow->kind == FLOE__MATCHING)
    floe__matching_loss(&flow->matching, block, rows, noise->x, x, noise->t, work, loss);
  if (flow->kind == FLOE__ONE_STEP) floe__one_step_loss(&flow->one_step, block, rows, noise, x, work, loss);
  if (flow->kind == FLOE__QUANTILES) floe__quantiles_loss(&flow->quantiles, block, rows, x, work, loss);
  if (flow->kind == FLOE__POINT) floe__point_loss(&flow->point, block, rows, x, work, loss);
}

void floe__flow_loss_backward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                              float *work, const float *by_loss, float *d_pre, float *gradient) {
  if (flow->kind == FLOE__MATCHING)
    floe__matching_backward(&flow->matching, block, rows, work, by_loss, d_pre, gradient);
  if (flow->kind == FLOE__ONE_STEP)
    floe__one_step_backward(&flow->one_step, block, rows, work, by_loss, d_pre, gradient);
  if (flow->kind == FLOE__QUANTILES)
    floe__quantiles_backward(&flow->quantiles, block, rows, work, by_loss, d_pre, gradient);
  if (flow->kind == FLOE__POINT) floe__point_backward(&flow->point, block, rows, work, by_loss, d_pre, gradient);
}
