/* sample.h: MCMC for one universe and data set: a few NUTS chains, or many short chains of ChEES-HMC in lockstep. */
#ifndef FLOE_MCMC_SAMPLE_H
#define FLOE_MCMC_SAMPLE_H

#include <floe/model.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"

enum floe_algorithm { FLOE_NUTS, FLOE_CHEES };

struct floe_chains;

#define FLOE_SAMPLE_MAX_STRIDE 8  /* transitions that one draw may stand for */
#define FLOE_SAMPLE_CAUTIOUS 0.95 /* mean acceptance of smaller steps */

/* What is to be done with chains of NUTS that have drawn. */
enum floe_judgement {
  FLOE_CHAINS_SUFFICE,
  FLOE_CHAINS_GO_ON,  /* until they have made twice as many transitions; every second of all draws is kept */
  FLOE_CHAINS_DIVERGE /* drop the draws, learn smaller steps as at the warm-up's end, draw again: once, at stride 1 */
};

struct floe_sample_options {
  enum floe_algorithm algorithm;
  size_t chains, warmup, draws; /* per chain */
  uint64_t seed;
  size_t threads;
  double target_accept; /* in 0 .. 1; 0: 0.8 for NUTS, 0.651 for ChEES */
  size_t superchains;   /* ChEES: groups of chains that share a start; divides chains */
  size_t n_start;       /* chain c starts from row c mod n_start; without starts, by a pathfinder run from -2 .. 2 */
  const double *starts; /* (n_start, n_coordinate) in UNIVERSE coordinates, or NULL */
  /* Where the run keeps its state every so many seconds and when it is interrupted, in files whose names begin so; such a state
   * is taken up, and the result is the same as without an interruption. NULL: nowhere. Not with starts. */
  const char *checkpoint;
  double checkpoint_seconds;
  /* Asked when all chains of NUTS have drawn; NULL: they suffice. The answer must rest on the chains alone. */
  enum floe_judgement (*judge)(void *state, const struct floe_chains *chains);
  void *judge_state;
};

#define FLOE_SAMPLE_DEFAULTS                                                                                           \
  ((struct floe_sample_options){.chains = 4, .warmup = 1000, .draws = 1000, .seed = 1, .threads = 1})

/* ChEES: 16 groups of 4 chains, for nested R-hat. */
#define FLOE_CHEES_DEFAULTS                                                                                            \
  ((struct floe_sample_options){                                                                                       \
      .algorithm = FLOE_CHEES, .chains = 64, .warmup = 200, .draws = 100, .seed = 1, .threads = 1, .superchains = 16})

enum floe_sampler_column {
  FLOE_LP,
  FLOE_ACCEPT_STAT,
  FLOE_STEPSIZE,
  FLOE_TREEDEPTH,
  FLOE_N_LEAPFROG,
  FLOE_DIVERGENT,
  FLOE_ENERGY,
  FLOE_N_SAMPLER_COLUMN
};
extern const char *const floe_sampler_column_names[FLOE_N_SAMPLER_COLUMN]; /* "lp__", "accept_stat__", ... */

struct floe_chains {
  size_t n_chain, n_draw, n_coordinate;
  double *coordinates; /* (n_chain, n_draw, n_coordinate) UNIVERSE coordinates; 0 where absent */
  double *columns;     /* (n_chain, n_draw, FLOE_N_SAMPLER_COLUMN) */
  size_t stride;       /* transitions for each draw: 1, or more where the chains had to go on */
  bool cautious;       /* the steps are those of FLOE_SAMPLE_CAUTIOUS, because the chains diverged */
  size_t n_divergent;  /* transitions after warm-up, in all chains, those between draws as well */
  size_t n_dropped;    /* those before the steps became smaller, whose draws were dropped */
  size_t n_superchain; /* groups of chains that shared a start; n_chain where none did */
  size_t n_gradient;   /* evaluations of the gradient in the chains, warm-up included */
  size_t n_resumed;    /* iterations of all chains, warm-up included, that were taken up from checkpoints */
};

/* Draws and `lp__` are at centring 0 (floe/model.h), whatever the sampler worked in; `energy__` is in its own coordinates.
 * The draws are the same for any number of threads. FLOE_ENUMERIC, naming the parameter, where the density is not finite at
 * any start, does not fall off in some direction, or a chain cannot move; FLOE_EINTERRUPTED on request. The context's
 * coordinate system is not looked at. */
FLOE_NODISCARD floe_status floe_sample(const struct floe_context *context, const struct floe_sample_options *options,
                                       const struct floe_progress *progress, struct floe_chains **chains,
                                       struct floe_error *error);
/* Removes the checkpoints of such a run. */
void floe_sample_forget(const struct floe_sample_options *options);
void floe_chains_free(struct floe_chains *chains); /* NULL is allowed */

#endif
