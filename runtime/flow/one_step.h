/* one_step.h: a consistency model (Song, Dhariwal, Chen, Sutskever, ICML 2023, arXiv 2303.01469; of posteriors:
 * Schmitt, Pratz, Koethe, Buerkner, Radev, NeurIPS 2024, arXiv 2312.05440). Noise of scale s is added to a simulation's
 * coordinates, x_s = x + s z; as s falls, the flow of the denoised distribution carries each x_s to some x. A
 * perceptron F learns where from any s at once,
 *   f(x, s) = c_skip(s) x + c_out(s) F(c_in(s) x, s),   c_out(s_least) = 0,  c_skip(s_least) = 1,
 * so that a draw takes one pass: f(s_most z, s_most). It has no density.
 *
 * Learning compares neighbours on a ladder of scales, with the same z and no gradient through the lower one:
 *   loss = h(f(x + s_(k+1) z, s_(k+1)) - f(x + s_k z, s_k)) / (s_(k+1) - s_k),   h(e) = sqrt(|e|^2 + c^2) - c,
 * without a second, averaged network as the teacher, with scales drawn lognormally and with twice the rungs at each
 * stage of the training (Song, Dhariwal, ICLR 2024, arXiv 2310.14189). What a scale has learnt climbs that ladder
 * slowly, so the energy score of two draws a, b (Gneiting, Raftery, JASA 2007) is added,
 *   (|a - x| + |b - x| - |a - b|) / 2,
 * least in expectation at the posterior. The condition enters as in flow.h; so do absent coordinates. */
#ifndef FLOE_FLOW_ONE_STEP_H
#define FLOE_FLOW_ONE_STEP_H

#include "runtime/nn/mlp.h"

struct floe__flow_rows;
struct floe__flow_noise;

struct floe__one_step {
  size_t n;             /* coordinates */
  struct floe__mlp net; /* coordinates, numbers that stand for the scale -> F */
};

struct floe__one_step floe__one_step_make(size_t *used, size_t n, size_t n_hidden, size_t width);
void floe__one_step_start(const struct floe__one_step *model, float *block, uint64_t seed,
                          uint64_t unit); /* unit .. unit + 7 */

size_t floe__one_step_work(const struct floe__one_step *model, size_t n_row); /* floats of work space */

/* x (n, d) -> loss (n); see struct floe__flow_noise. */
void floe__one_step_loss(const struct floe__one_step *model, const float *block, const struct floe__flow_rows *rows,
                         const struct floe__flow_noise *noise, const float *x, float *work, float *loss);

/* After the loss, with the same work and pre.row NULL: by_loss (n) -> d_pre (n, width) overwritten; adds to gradient.
 * */
void floe__one_step_backward(const struct floe__one_step *model, const float *block, const struct floe__flow_rows *rows,
                             float *work, const float *by_loss, float *d_pre, float *gradient);

/* z (n, d), standard normal -> draws x (n, d); x may be z. */
void floe__one_step_draw(const struct floe__one_step *model, const float *block, const struct floe__flow_rows *rows,
                         const float *z, float *work, float *x);

#endif
