/* heads.h: kinds of flow that are one perceptron: what it reads and gives, and what a kind makes of that. flow.c hands
 * over to them; shapes and the meaning of arguments are those of flow.h. Internal to this folder. */
#ifndef FLOE_FLOW_HEADS_H
#define FLOE_FLOW_HEADS_H

#include <stddef.h>

#include "runtime/flow/flow.h"

struct floe__head {
  size_t n_in, n_more, n_out; /* it reads n_in numbers of each coordinate and n_more besides; it gives n_out of each */
  const char *no_density;     /* why there is none; NULL: there is one */
  size_t (*work)(const struct floe__flow *flow, size_t n_row);
  /* From x to z, which a kind without a density cannot, or with `inverse` from z to x. */
  void (*carry)(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows, int inverse,
                const float *from, float *work, float *to, float *log_det);
  void (*loss)(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
               const struct floe__flow_noise *noise, const float *x, float *work, float *loss);
  void (*loss_backward)(const struct floe__flow *flow, const float *block, const struct floe__flow_rows *rows,
                        float *work, const float *by_loss, float *d_pre, float *gradient);
};

const struct floe__head *floe__head_of(enum floe__flow_kind kind); /* NULL: the kind is made of layers */

#endif
