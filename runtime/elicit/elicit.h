/* elicit.h: hyper values under which the model implies what an expert said.
 * Hyper values -> draws from the prior and the model -> the elicited statistics; the loss is a weighted sum over
 * statements of the squared maximum mean discrepancy with the energy kernel -|x - y| (biased form) between the
 * statistics of several batches of simulations and the expert's values. From the best of 32 points of a Sobol sequence,
 * Adam with a clipped gradient norm, then damped least squares, taken where it lowers the loss. (Bockting, Radev,
 * Buerkner, "Simulation-based prior knowledge elicitation for parametric Bayesian models", Scientific Reports, 2024.)
 *
 * Hyper values that are shapes of a flow prior weigh in with their distance from the plain prior, little enough that they
 * move where a statement asks for it: of the priors that fit, the plainest is found.
 *
 * Gradients are central differences with common random numbers: draws depend on seed, unit and place alone, so two
 * close points differ by what the hyper values do and not by noise. Automatic differentiation would be exact, and wrong
 * where a draw is discrete (counts, choices, rejection): there the derivative of a draw is zero while that of its
 * distribution is not. With the few hyper values of a prior, differences cost little. */
#ifndef FLOE_ELICIT_ELICIT_H
#define FLOE_ELICIT_ELICIT_H

#include <floe/model.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/progress.h"
#include "runtime/data/bind.h"

enum { FLOE_ELICIT_MOST_HYPER = 40, FLOE_ELICIT_MOST_RESTART = 64 };

struct floe_elicitation_plan {
  const struct floe_model *model;
  uint64_t seed;
  size_t n_thread;
  const struct floe_universe *universe; /* where; its values of the hyper values that are not free stay */
  const size_t *sizes;                  /* (n_dimension) */
  const struct floe_dataset *dataset;   /* for data without `~`, or NULL */
  size_t n_free;
  const size_t *free; /* (n_free) axes of the hyper values to be found; none: only the match is looked at */
  size_t n_restart;
  const struct floe_progress *progress;
};

/* How well the model matches one of the expert's numbers. */
struct floe_match {
  size_t statement, level;       /* of model->elicited, and of its values */
  double target, implied, error; /* error: Monte Carlo standard error of `implied` */
  double scale;                  /* what a difference is measured by: see floe_elicit */
};

struct floe_elicitation {
  size_t n_free, n_restart, n_match;
  size_t axis[FLOE_ELICIT_MOST_HYPER];
  double value[FLOE_ELICIT_MOST_HYPER]; /* of the best restart */
  double low[FLOE_ELICIT_MOST_HYPER],
      high[FLOE_ELICIT_MOST_HYPER];        /* range over `value` and the restarts that fit as well as the best */
  bool determined[FLOE_ELICIT_MOST_HYPER]; /* these agree on it: within 0.25 in its unbounded coordinate */
  double loss[FLOE_ELICIT_MOST_RESTART];
  double restart[FLOE_ELICIT_MOST_RESTART][FLOE_ELICIT_MOST_HYPER];
  size_t n_agree;           /* restarts that fit as well as the best, itself included */
  struct floe_match *match; /* (n_match) owned */
};

/* Quantiles are measured by the distance of the outer ones, probabilities p by 2 p (1 - p), the rest by the size of the
 * value.
 * FLOE_ENUMERIC: no start gives finite numbers. FLOE_EUSAGE: more hyper values than FLOE_ELICIT_MOST_HYPER. */
FLOE_NODISCARD floe_status floe_elicit(const struct floe_elicitation_plan *plan, struct floe_elicitation **elicitation,
                                       struct floe_error *error);
void floe_elicitation_free(struct floe_elicitation *elicitation); /* NULL is allowed */

#endif
