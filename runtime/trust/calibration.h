/* calibration.h: does the proposal know what it does not know? Simulation-based calibration over fresh simulations from
 * all universes and sizes: true values must be uniformly ranked among posterior draws.
 * Talts, Betancourt, Simpson, Vehtari, Gelman, arXiv 1804.06788; the log likelihood as a further quantity finds errors
 * that no parameter shows: Modrák et al., Bayesian Analysis 2023.
 *
 * Quantities: params and latents with coordinates, numerical reports that are not one of them, and the log likelihood.
 * Of an array, each simulation contributes one element, chosen at random. A quantity counts where it exists in the
 * universe. */
#ifndef FLOE_TRUST_CALIBRATION_H
#define FLOE_TRUST_CALIBRATION_H

#include <floe/model.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"
#include "runtime/data/bind.h"
#include "runtime/trust/gates.h"
#include "runtime/trust/proposal.h"

enum { FLOE_ECDF_POINTS = 50 };

struct floe_calibration_options {
  size_t n;      /* simulations; 0: 500 */
  size_t n_draw; /* posterior draws for each; 0: 200 */
  uint64_t seed;
  size_t threads;
  const struct floe_dataset *dataset;   /* whence rows of data without `~` come; or NULL */
  const struct floe_universe *universe; /* only this one; NULL: all */
};

struct floe_calibrated {
  char name[64];
  size_t n;                        /* simulations in which it exists */
  double calibration_error;        /* mean over levels 0.05 .. 0.95 of |coverage of the central interval - level| */
  double coverage_50, coverage_90; /* of central intervals */
  double nrmse;       /* error of the posterior median: 1.4826 median |error| / robust sd of the true values */
  double contraction; /* median of 1 - (posterior sd / sd of the true values)^2, robust sds */
  double ecdf[FLOE_ECDF_POINTS];                        /* of the ranks, minus uniform, at 1/50, 2/50, .., 1 */
  double low[FLOE_ECDF_POINTS], high[FLOE_ECDF_POINTS]; /* band that all quantities leave with 5% together */
  bool inside;                                          /* the ECDF is inside */
  enum floe_verdict verdict; /* pass up to a calibration error of 0.05, warn up to 0.10; unknown below 50 simulations */
};

struct floe_calibration {
  size_t n_simulation, n_draw, n_quantity;
  struct floe_calibrated *quantities;
  /* Share of simulations beyond the distance threshold: about 5% by design; NaN: not measured. */
  double out_of_distribution;
  struct floe_gates gates; /* "calibration error" (the largest), "rank ECDF inside its band" */
};

/* Robust sds are interquartile ranges / 1.349: priors without moments do no harm. */
FLOE_NODISCARD floe_status floe_calibrate(const struct floe_model *model, const struct floe_proposal *proposal,
                                          const struct floe_calibration_options *options,
                                          const struct floe_progress *progress, struct floe_calibration **calibration,
                                          struct floe_error *error);
void floe_calibration_free(struct floe_calibration *calibration); /* NULL is allowed */

#endif
