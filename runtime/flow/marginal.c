#include "runtime/flow/marginal.h"

/* Work space: the numbers, and the perceptron's own. */
struct places {
  float *numbers, *net;
};

static size_t divide(const struct floe__flow *flow, size_t n, float *work, struct places *p) {
  const struct floe__part parts[] = {{n * flow->net.n_out, &p->numbers}, {floe__mlp_work(&flow->net, n), &p->net}};
  return floe__block_divide(sizeof parts / sizeof *parts, parts, work);
}

size_t floe__marginal_work(const struct floe__flow *flow, size_t n) {
  struct places p;
  return divide(flow, n, NULL, &p);
}

float *floe__marginal_numbers(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                              float *work) {
  struct places p;
  divide(flow, rows->n, work, &p);
  floe__mlp_forward(&flow->net, block, rows->pre.stride == 0 ? 1 : rows->n, work, 0, &rows->pre, p.net, p.numbers);
  return p.numbers;
}

void floe__marginal_backward(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                             float *work, const float *by_loss, float *d_pre, float *gradient) {
  const size_t each = flow->net.n_out;
  struct places p;
  divide(flow, rows->n, work, &p);
  for (size_t k = 0; k < rows->n * each; k++) p.numbers[k] *= by_loss[k / each];
  floe__mlp_backward(&flow->net, block, rows->n, p.net, p.numbers, NULL, 0, d_pre, flow->width, gradient);
}
