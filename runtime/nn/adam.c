#include "runtime/nn/adam.h"

#include <math.h>

#include "runtime/nn/elementary.h"
#include "runtime/nn/panel.h"

enum { AVERAGED = 4 }; /* steps from one that enters the average to the next */

double floe__adam_schedule(double fraction, double peak) {
  const double warm_up = 0.05;
  if (fraction < warm_up) return peak * fraction / warm_up;
  if (fraction >= 1) return 0;
  return peak * 0.5 * (1 + cos(3.14159265358979323846 * (fraction - warm_up) / (1 - warm_up)));
}

struct floe__adam floe__adam_step(size_t step, double rate, double decay, double clip, double norm) {
  const double t = (double)step + 1, early = (1 + t) / (10 + t), keep = early < 0.998 ? early : 0.998;
  struct floe__adam adam;
  adam.rate = (float)rate;
  adam.scale = norm <= clip ? 1.0f : (float)(clip / norm);
  if (!isfinite(norm)) adam.scale = 0;
  adam.correct_first = (float)(1 / (1 - pow((double)FLOE__BETA_FIRST, t)));
  adam.correct_second = (float)(1 / (1 - pow((double)FLOE__BETA_SECOND, t)));
  adam.decay = (float)decay;
  adam.keep = step % AVERAGED ? 1 : (float)pow(keep, AVERAGED);
  return adam;
}

void floe__adam_update(const struct floe__adam *adam, size_t n, float *weight, const float *gradient, float *first,
                       float *second, float *average) {
  if (adam->scale != 0) floe__panel_functions()->descend(adam, n, weight, gradient, first, second, average);
}

/* sum += part, which becomes 0. */
FLOE__FOR_EACH_CPU static void take_part(size_t n, float *restrict part, float *restrict sum) {
  for (size_t i = 0; i < n; i++) {
    sum[i] += part[i];
    part[i] = 0;
  }
}

/* In as many sums as keep a processor's vectors busy. */
enum { SQUARES = 16 };
FLOE__FOR_EACH_CPU static double squared_norm(size_t n, const float *x) {
  double part[SQUARES] = {0}, sum = 0;
  size_t i = 0;
  for (; i + SQUARES <= n; i += SQUARES)
    for (size_t k = 0; k < SQUARES; k++) part[k] += (double)x[i + k] * (double)x[i + k];
  for (; i < n; i++) sum += (double)x[i] * (double)x[i];
  for (size_t k = 0; k < SQUARES; k++) sum += part[k];
  return sum;
}

double floe__sum_parts(size_t n, size_t n_part, float *const *parts, size_t first) {
  enum { BLOCK = 1024 }; /* stays in the nearest cache while all parts are added */
  double squares = 0;
  for (size_t done = 0; done < n; done += BLOCK) {
    const size_t at = first + done, size = n - done < BLOCK ? n - done : BLOCK;
    for (size_t k = 1; k < n_part; k++) take_part(size, parts[k] + at, parts[0] + at);
    squares += squared_norm(size, parts[0] + at);
  }
  return squares;
}
