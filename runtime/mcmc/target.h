/* target.h: the posterior of one universe as a density over the coordinates that are present in it, without gaps, in
 * UNIVERSE coordinates. */
#ifndef FLOE_MCMC_TARGET_H
#define FLOE_MCMC_TARGET_H

#include <floe/model.h>
#include <stddef.h>

#include "base/error.h"
#include "runtime/mcmc/density.h"

/* One a thread: it holds scratch. */
struct floe__target {
  size_t lanes;                /* points that it evaluates at a time */
  struct floe_context context; /* layout, universe and data are the caller's; coordinates are UNIVERSE coordinates */
  size_t n;                    /* coordinates present */
  size_t *place;               /* (n) where they stand in the model's coordinate vector */
  double *coordinates;         /* (lanes, n_coordinate) scratch, zero where absent */
  double *gradient;            /* (lanes, n_coordinate) scratch */
  double *scratch;
  double *constants; /* the model's, for this context */
  size_t n_gradient; /* evaluations so far */
};

/* The context's data must be there already, and must not change. FLOE_EUSAGE where the universe leaves no coordinate.
 * The context's coordinate system is not looked at. */
FLOE_NODISCARD floe_status floe__target_new(const struct floe_context *context, size_t lanes,
                                            struct floe__target **target, struct floe_error *error);
void floe__target_free(struct floe__target *target); /* NULL is allowed */

/* The target as the sampler wants it; state is the target. */
struct floe__density floe__target_density(struct floe__target *target);

/* Several positions (count, n) in lockstep, count <= lanes -> log_density (count), gradient (count, n). */
void floe__target_evaluate(struct floe__target *target, size_t count, const double *positions, double *log_density,
                           double *gradient);

void floe__target_gather(const struct floe__target *target, const double *coordinates, double *position);
/* The rest of coordinates (n_coordinate) is set to 0. */
void floe__target_scatter(const struct floe__target *target, const double *position, double *coordinates);

/* What a modeller calls the coordinate: `theta[3]`; of a structured variable, its name. Cut to capacity. */
void floe__target_name(const struct floe__target *target, size_t k, char *name, size_t capacity);

/* The parts of the log density at a position: terms (FLOE_N_TAG). */
void floe__target_terms(struct floe__target *target, const double *position, double *terms);

#endif
