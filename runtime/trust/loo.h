/* loo.h: how well a universe predicts observations that it has not seen, from the posterior given all of them: the
 * expected log pointwise predictive density by leave-one-out cross-validation with Pareto-smoothed importance
 * sampling, and by the widely applicable information criterion.
 *   lppd_i = log mean_s p(y_i | theta_s)
 *   LOO:  elpd_i = log sum_s w_is p(y_i | theta_s),  w_is the smoothed weights 1 / p(y_i | theta_s);
 *         p_i = lppd_i - elpd_i
 *   WAIC: elpd_i = lppd_i - p_i,  p_i = var_s log p(y_i | theta_s)
 * Totals are sums over observations, their standard errors sqrt(n var_i). elpd is in nats; looic = -2 elpd.
 * Vehtari, Gelman, Gabry, "Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC",
 * Statistics and Computing 27, 2017. */
#ifndef FLOE_TRUST_LOO_H
#define FLOE_TRUST_LOO_H

#include <floe/model.h>

#include "base/error.h"
#include "runtime/data/bind.h"

struct floe_elpd {
  double elpd, elpd_error, p, p_error;
  size_t n_bad; /* observations that it is not to be trusted for: k-hat above the threshold; WAIC: p_i above 0.4 */
};

/* What is left out at once: an observation, or all that rest on one element of a discrete latent. */
struct floe_left_out {
  size_t variable, element;
  double elpd, p, khat, waic_elpd, waic_p;
  /* What share of its predictions, weighted as for elpd, is less than the observation, and equal; NaN without them. */
  double below, equal;
};

struct floe_loo {
  size_t n;
  struct floe_left_out *each; /* (n) in the order of the model's variables */
  struct floe_elpd loo, waic;
  double threshold; /* of k-hat: min(1 - 1 / log10 S, 0.7) */
};

/* Draws of the posterior. */
struct floe_loo_draws {
  size_t n_chain, n_draw; /* n_draw a chain, at least 4 */
  const double *values;   /* (n_chain, n_draw, n_value) */
  /* (n_chain, n_draw), or NULL: all equal. Weighted draws count as independent, and have no WAIC (NaN). */
  const double *log_weights;
  size_t threads;
  const double *predicted; /* (n_chain, n_draw, n_data) data predicted at each draw, or NULL */
};

/* FLOE_EUSAGE where the model has no density, or nothing observed; FLOE_ENUMERIC, naming the observation, where its
 * likelihood is not a number. The result is the same for any number of threads. */
FLOE_NODISCARD floe_status floe_loo(const struct floe_context *context, const struct floe_loo_draws *draws,
                                    struct floe_loo **loo, struct floe_error *error);
void floe_loo_free(struct floe_loo *loo); /* NULL is allowed */

/* Of the observations of one variable. n: how many, or NULL. */
struct floe_elpd floe_loo_of_variable(const struct floe_loo *loo, size_t variable, size_t *n);

/* "y[3]": writes as snprintf does. dataset may be NULL: numbers only. */
size_t floe_left_out_name(const struct floe_layout *layout, const struct floe_dataset *dataset,
                          const struct floe_left_out *left, char *text, size_t capacity);

/* The sum of a - b over observations, and its standard error: by how much one universe predicts better than another.
 * Both have the same n. */
struct floe_elpd floe_loo_difference(const struct floe_loo *a, const struct floe_loo *b);

#endif
