/* adam.h: AdamW (Loshchilov and Hutter, ICLR 2019) with a clipped gradient norm, a warm-up and cosine schedule, and an
 * exponential moving average of the weights. Works on slices, so that slices can be spread over threads; what a slice
 * computes depends on nothing but its own numbers and `rate`. */
#ifndef FLOE_NN_ADAM_H
#define FLOE_NN_ADAM_H

#include <stddef.h>

#define FLOE__BETA_FIRST 0.9f
#define FLOE__BETA_SECOND 0.999f

struct floe__adam {
  float rate;          /* learning rate of this step */
  float scale;         /* factor on the gradient: the clip */
  float correct_first; /* 1 / (1 - beta_1^t) */
  float correct_second;
  float decay; /* decoupled weight decay */
  float keep;  /* moving average: average = keep average + (1 - keep) weight; 1: it stays as it is */
};

/* The learning rate at a fraction 0 .. 1 of the way: rises linearly over the first 5%, then falls to 0 along a
 * cosine. */
double floe__adam_schedule(double fraction, double peak);

/* The settings of step `step`, from 0; norm is that of the gradient, clip the largest that passes unscaled. A
 * gradient that is not finite moves nothing. */
struct floe__adam floe__adam_step(size_t step, double rate, double decay, double clip, double norm);

/* weight, gradient, first, second, average (n): n a multiple of 16, as in blocks of linear.h. */
void floe__adam_update(const struct floe__adam *adam, size_t n, float *weight, const float *gradient, float *first,
                       float *second, float *average);

/* parts[0][first ..] (n) becomes parts[0] + ... + parts[n_part - 1] there, summed in this order, and the others become
 * 0; returns the sum's squared norm. */
double floe__sum_parts(size_t n, size_t n_part, float *const *parts, size_t first);

#endif
