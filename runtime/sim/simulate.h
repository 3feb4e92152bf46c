/* simulate.h: batched simulation: for training over all universes and sizes, and predictive draws for one data set.
 * A simulation is a function of (seed, purpose, unit) and the plan; the number of threads never matters. */
#ifndef FLOE_SIM_SIMULATE_H
#define FLOE_SIM_SIMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <floe/model.h>

#include "base/error.h"
#include "base/progress.h"
#include "runtime/data/bind.h"

/* What to simulate. Zero-initialise, then set what applies. */
struct floe_simulation_plan {
  const struct floe_model *model;
  uint64_t seed, purpose, first_unit;
  size_t n;
  const struct floe_universe *universe; /* all in this one; NULL: drawn by the axes' weights and ranges */
  const size_t *sizes;                  /* (n_dimension) all of these sizes; NULL: varied over low .. high */
  const struct floe_dataset *dataset; /* whence rows of data without `~` are resampled; NULL if the spec imagines all */
  bool keep_values;                   /* fill `values` too */
  bool gaps; /* make gaps in what may be missing: NaN in data; else simulations are complete */
  size_t n_thread;                    /* 0: one */
  const struct floe_progress *progress; /* may be NULL */
};

/* n simulations, finite throughout. Simulation k has its own sizes: its vectors are laid out by layouts[layout[k]],
 * start at multiples of the strides (those of the largest layout), and end with zeros. A spec without varying
 * dimensions has one layout, and then the strides are just the lengths. */
struct floe_simulations {
  const struct floe_model *model;
  size_t n;
  size_t n_layout;
  struct floe_layout **layouts;         /* (n_layout) owned */
  const struct floe_layout *largest;    /* every dimension at the largest size in use; owned apart from `layouts` */
  size_t n_data, n_value, n_coordinate; /* strides */
  uint32_t *layout;                     /* (n) */
  double *settings;                     /* (n, n_axis): the universe, see floe_universe_from_settings */
  uint64_t *unit;                       /* (n) */
  double *data;                         /* (n, n_data): data and generated obs; NaN where the plan makes gaps */
  double *coordinates;                  /* (n, n_coordinate): FAMILY coordinates; 0 where absent from the universe */
  double *values;                       /* (n, n_value): NaN where absent; NULL unless the plan asks */
  uint64_t next_unit;                   /* units from here on are unused */
  size_t n_rejected;                    /* simulations that were not finite, and were replaced */
  char rejected_by[128]; /* the variables that were not, most frequent first: "y (12), tau (3)"; "" if none */
};

/* FLOE_ENUMERIC where more than 1% of the simulations are not finite, naming the variables; FLOE_EDATA where data
 * without `~` has nothing to be resampled from; FLOE_ESPEC where no universe is permitted; FLOE_EINTERRUPTED on
 * Ctrl-C. */
FLOE_NODISCARD floe_status floe_simulate(const struct floe_simulation_plan *plan, struct floe_simulations **simulations,
                                         struct floe_error *error);
void floe_simulations_free(struct floe_simulations *simulations); /* NULL is allowed */

/* The context of simulation k, in *universe (the caller's) and FAMILY coordinates. */
struct floe_context floe_simulations_context(const struct floe_simulations *simulations, size_t k,
                                             struct floe_universe *universe);

/* The largest layout that a plan's simulations may have, without simulating. Owned by the caller. */
FLOE_NODISCARD floe_status floe_simulation_largest(const struct floe_simulation_plan *plan,
                                                   struct floe_layout **largest, struct floe_error *error);

/* Draws from the prior and of new observations, for a given data set's sizes and covariates in one universe:
 * data (n, n_data), values (n, n_value). Point k is unit first_unit + k. Not screened for finiteness. */
FLOE_NODISCARD floe_status floe_prior_predictive(const struct floe_dataset *dataset,
                                                 const struct floe_universe *universe, uint64_t seed,
                                                 uint64_t first_unit, size_t n, size_t n_thread, double *data,
                                                 double *values, struct floe_error *error);

/* The same with parameters given: values (n, n_value) are read, latents among them. */
FLOE_NODISCARD floe_status floe_posterior_predictive(const struct floe_dataset *dataset,
                                                     const struct floe_universe *universe, uint64_t seed,
                                                     uint64_t first_unit, size_t n, size_t n_thread,
                                                     const double *values, double *data, struct floe_error *error);

#endif
