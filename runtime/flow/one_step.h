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

#include "runtime/flow/heads.h"

extern const struct floe__head floe__one_step;

#endif
