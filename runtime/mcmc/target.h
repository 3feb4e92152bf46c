/* target.h: the posterior of one universe as a density over the coordinates that are present in it, without gaps, in
 * UNIVERSE coordinates. Positions are centred as the target says (floe/model.h, "Centring"); coordinates outside of it are not. */
#ifndef FLOE_MCMC_TARGET_H
#define FLOE_MCMC_TARGET_H

#include <floe/model.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "runtime/mcmc/density.h"
#include "runtime/mcmc/keep.h"

/* One a thread: it holds scratch. */
struct floe__target {
  size_t width;                /* points that it evaluates at a time: the study's lockstep's, or 1 */
  struct floe_context context; /* layout, universe and data are the caller's; coordinates are UNIVERSE coordinates */
  size_t n;                    /* coordinates present */
  size_t *place;               /* (n) where they stand in the model's coordinate vector */
  double *held;                /* (n_coordinate) what stands outside of the target: coordinates that the context holds, 0 where absent */
  double *coordinates;         /* (n_coordinate, width) scratch */
  double *gradient;            /* (n_coordinate, width) scratch */
  double *scratch;
  double *constants;           /* the model's, for this context */
  struct floe__packed *packed; /* for several points in lockstep; NULL where width is 1 */
  double *centring;            /* (n_coordinate) of positions, 0 to begin with */
  double *values, *spare;      /* (n_value), (n_coordinate) scratch */
  size_t n_gradient;           /* evaluations so far */
};

/* The context's data must be there already, and must not change. With `lockstep` it evaluates several points at a time if the
 * study was built for it. FLOE_EUSAGE where the universe leaves no coordinate. The context's coordinate system is not looked at. */
FLOE_NODISCARD floe_status floe__target_new(const struct floe_context *context, bool lockstep,
                                            struct floe__target **target, struct floe_error *error);
void floe__target_free(struct floe__target *target); /* NULL is allowed */

/* The target as the sampler wants it, one point at a time; state is the target. */
struct floe__density floe__target_density(struct floe__target *target);

/* `width` positions (n, width) -> log_density (width), gradient (n, width). All begin at multiples of width doubles. */
void floe__target_evaluate(struct floe__target *target, const double *positions, double *log_density, double *gradient);

/* Other positions from now on: centring (n_coordinate). */
void floe__target_centre(struct floe__target *target, const double *centring);

/* Centring and the count of gradients: all that changes in the course of a run. */
void floe__target_keep(struct floe__target *target, struct floe__keeper *keeper);

/* Coordinates, uncentred -> a position that is not centred either. */
void floe__target_gather(const struct floe__target *target, const double *coordinates, double *position);
/* A position -> coordinates (n_coordinate), uncentred; those that are not present are 0. The result is what is to be added to the
 * log density at the position to make it that of the coordinates. */
double floe__target_scatter(struct floe__target *target, const double *position, double *coordinates);

/* A position -> values (n_value); the log scales (n_coordinate) there, NaN where there is nothing to centre; values -> a
 * position, centred as said (NULL: not at all). */
void floe__target_values(struct floe__target *target, const double *position, double *values);
void floe__target_log_scales(struct floe__target *target, const double *values, double *log_scales);
void floe__target_from_values(struct floe__target *target, const double *values, const double *centring,
                              double *position);

/* What a modeller calls the coordinate: `theta[3]`; of a structured variable, its name. Cut to capacity. */
void floe__target_name(const struct floe__target *target, size_t k, char *name, size_t capacity);

/* The parts of the log density at a position: terms (FLOE_N_TAG). */
void floe__target_terms(struct floe__target *target, const double *position, double *terms);

#endif
