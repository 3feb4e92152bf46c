/* ladder.h: the ladder of trust for one universe and one data set: how the answer was obtained, and why it may be
 * believed.
 *
 *                        in distribution               out of distribution
 *   weights good         amortized                     reweighted
 *   weights bad          mcmc                          mcmc
 *   density unavailable  amortized, k-hat unknown      flagged
 *   network without one  mcmc                          mcmc
 *
 * An mcmc answer that misses a gate, or is not allowed, is flagged. A distance that nobody measured counts as out of
 * distribution. Weights are good where k-hat is below its threshold and the draws are worth 100 independent ones; then
 * the draws carry their Pareto-smoothed weights. Draws of a network that has no density cannot be weighed: chains start
 * from them. Li, Vehtari, Bürkner, Radev, Acerbi, Schmitt, "Amortized Bayesian workflow", TMLR 2026, arXiv
 * 2409.04332. */
#ifndef FLOE_TRUST_LADDER_H
#define FLOE_TRUST_LADDER_H

#include <floe/model.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "runtime/mcmc/sample.h"
#include "runtime/trust/gates.h"

enum floe_method { FLOE_AMORTIZED, FLOE_REWEIGHTED, FLOE_MCMC, FLOE_FLAGGED, FLOE_N_METHOD };
const char *floe_method_name(enum floe_method method); /* "amortized", ... */

enum { FLOE_RUNG_NETWORK = 1, FLOE_RUNG_WEIGHTS = 2, FLOE_RUNG_MCMC = 4, FLOE_RUNG_ALL = 7 };

/* What the network says of the data set in this universe. */
struct floe_network_draws {
  size_t n;                            /* 0: there is no network */
  const double *coordinates;           /* (n, n_coordinate) FAMILY coordinates */
  const double *log_q;                 /* (n); NULL where no rung weights the draws, or the network has no density */
  double distance, distance_threshold; /* of the data's summary from the training summaries; NaN: not measured */
  const char *no_density;              /* why the network has no density; NULL: it has one */
};

struct floe_ladder_options {
  unsigned rungs;                  /* FLOE_RUNG_*: those that may be used */
  struct floe_sample_options mcmc; /* starts are filled in by the ladder */
};

/* The answer. Zero-initialise, use for one data set after another, free at the end. */
struct floe_answer {
  enum floe_method method;
  size_t n;        /* draws */
  size_t n_chain;  /* they are n_chain chains of n / n_chain draws one behind the other; 0: independent */
  double *values;  /* (n, n_value) natural coordinates, NaN where absent */
  double *weights; /* (n) summing to 1; equal ones unless `weighted` */
  bool weighted;
  double khat, khat_threshold; /* NaN where the density is unavailable or there is no network */
  double distance, distance_threshold;
  double ess; /* of the weights; of mcmc the least bulk effective sample size of a parameter */
  double rhat, ess_bulk, ess_tail, ebfmi; /* mcmc: the worst of all parameters and chains; NaN else */
  size_t n_divergent, mcmc_attempts;
  struct floe_gates gates;
  char why[512]; /* one sentence: how this method came about */
  size_t value_capacity, weight_capacity, scratch_capacity;
  double *log_density, *scratch; /* work space */
  size_t *order;
  void *smoothing;
};

void floe_answer_free(struct floe_answer *answer); /* its arrays */

/* context: layout, universe and prepared data; its coordinate system is not looked at. Statistical trouble, a sampler
 * that cannot move included, is in the answer; errors are FLOE_EENVIRONMENT and FLOE_EINTERRUPTED. */
FLOE_NODISCARD floe_status floe_climb(const struct floe_context *context, const struct floe_network_draws *draws,
                                      const struct floe_ladder_options *options, const struct floe_progress *progress,
                                      struct floe_answer *answer, struct floe_error *error);

#endif
