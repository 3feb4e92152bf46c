/* adapt.h: warm-up: the step size by dual averaging towards a mean acceptance probability, the metric from windows that
 * double in length, after the pattern of Stan.
 * Hoffman and Gelman, JMLR 15, 2014, section 3.2; Stan reference manual, "HMC algorithm parameters". */
#ifndef FLOE_MCMC_ADAPT_H
#define FLOE_MCMC_ADAPT_H

#include <stdbool.h>
#include <stddef.h>

struct floe__dual_averaging {
  double target; /* mean acceptance */
  double centre, error, log_mean, count;
};

void floe__dual_averaging_start(struct floe__dual_averaging *state, double target, double step_size);
double floe__dual_averaging_learn(struct floe__dual_averaging *state, double accept); /* the next step size */
double floe__dual_averaging_end(const struct floe__dual_averaging *state);            /* the step size to keep */

/* The plan of a warm-up of so many iterations: `initial` with the step size only, windows for the metric, `final` with the
 * step size only. 30, 20 doubling, an eighth but 50 at least: metrics learnt from gradients need short windows, and early ones
 * save most; a step size whose average still remembers how it began is too small. Warm-ups below 150 take 15%, one window and
 * 10%; below 20 learn no metric. */
struct floe__windows {
  size_t warmup, initial, final, base;
  size_t end, length; /* of the current window: its last iteration + 1, and its length */
};

void floe__windows_start(struct floe__windows *windows, size_t warmup);
bool floe__windows_collect(const struct floe__windows *windows,
                           size_t iteration); /* does the iteration lie in a window? */
bool floe__windows_close(struct floe__windows *windows,
                         size_t iteration); /* is it the last of one? Goes on to the next */

#endif
