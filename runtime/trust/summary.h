/* summary.h: what is reported of a quantity: weighted moments and quantiles of its draws, with their Monte Carlo
 * error. */
#ifndef FLOE_TRUST_SUMMARY_H
#define FLOE_TRUST_SUMMARY_H

#include <stddef.h>

#include "runtime/trust/ladder.h"

/* A distribution as its quantiles at (k + 0.5) / FLOE_N_QUANTILE: enough to measure distances between posteriors. */
enum { FLOE_N_QUANTILE = 64 };

struct floe_summary {
  double mean, sd, median, q5, q95; /* of a truth value `mean` is its probability */
  double mcse;                      /* Monte Carlo standard error of the mean */
  double ess;                       /* effective draws behind the mean */
};

struct floe_summary_work;
struct floe_summary_work *floe_summary_work_new(void);
void floe_summary_work_free(struct floe_summary_work *work); /* NULL is allowed */

/* outputs (answer->n, n_output): the reports and claims for the draws of an answer -> summaries (n_output), and
 * quantiles (n_output, FLOE_N_QUANTILE) unless NULL. NaN draws make all of an output's numbers NaN. work grows as
 * needed. */
FLOE_NODISCARD floe_status floe_summarise(const struct floe_answer *answer, size_t n_output, const double *outputs,
                                          struct floe_summary_work *work, struct floe_summary *summaries,
                                          double *quantiles, struct floe_error *error);

/* Wasserstein-1 distance between two distributions given as quantiles, in their unit. */
double floe_quantile_distance(const double *a, const double *b);

#endif
