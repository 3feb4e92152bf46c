/* network.h: the amortized posterior q(parameters | data, universe): trained on simulations from all universes and
 * sizes at once, then asked about any data set in any universe.
 *
 * q is a mixture of `ensemble` members, weighted by stacking (stacking.c), each a summary network (summary.h) and two
 * conditional flows (flow.h): one for the global coordinates given summary and context, and one, shared by the rows of
 * the plate, for a row's coordinates given the globals, the row's data, summary and context. That is the exact
 * factorisation where rows are independent given the globals; log q is the exact density of q either way, but for the
 * kinds of `posterior` that have none. Loss: the mean over simulations of -log q, or of what the kind learns by.
 *
 * Settings (network { ... } in the spec) are those of base/settings.h.
 * Training is a function of model, seed, settings and simulations, not of the number of threads or of interruptions. */
#ifndef FLOE_TRAIN_NETWORK_H
#define FLOE_TRAIN_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include <floe/model.h>

#include "base/error.h"
#include "base/progress.h"
#include "runtime/data/bind.h"

struct floe_network;

/* Zero-initialise, then set what applies. */
struct floe_network_options {
  uint64_t seed;
  size_t n_thread;    /* 0: one */
  size_t simulations; /* 0: the spec's setting, or the default */
  double seconds;     /* stop after about so long, with the best weights so far; 0: no limit. Not reproducible */
  const struct floe_universe *universe; /* train in this universe alone; NULL: over all of them */
  const struct floe_dataset *dataset;   /* whence rows of data without `~` come; may be NULL if the spec imagines all */
  /* (n_unlabelled) data sets that the network is for: what it says of them is held against the density, where there
   * is one */
  const struct floe_dataset *const *unlabelled;
  size_t n_unlabelled;
  const char *checkpoint; /* path: written now and then and when interrupted, resumed from, removed at the end; NULL */
};

/* FLOE_EINTERRUPTED after Ctrl-C, resumable where there is a checkpoint. FLOE_ESPEC: an unknown setting, or no
 * coordinates to infer. Errors of floe_simulate. */
FLOE_NODISCARD floe_status floe_network_train(const struct floe_model *model,
                                              const struct floe_network_options *options,
                                              const struct floe_progress *progress, struct floe_network **network,
                                              struct floe_error *error);
void floe_network_free(struct floe_network *network); /* NULL is allowed */

/* Whether the network takes data of such sizes; FLOE_EDATA where a dimension has more than it is trained for. */
FLOE_NODISCARD floe_status floe_network_takes(const struct floe_network *network, const struct floe_dataset *dataset,
                                              struct floe_error *error);

/* The same bytes for the same training. Loading refuses damaged files and those of another spec: FLOE_EARTIFACT. */
FLOE_NODISCARD floe_status floe_network_save(const struct floe_network *network, const char *path,
                                             struct floe_error *error);
FLOE_NODISCARD floe_status floe_network_load(const struct floe_model *model, const char *path,
                                             struct floe_network **network, struct floe_error *error);

struct floe_network_point {    /* of the loss curve */
  size_t simulations;          /* learnt from so far, repeats counted */
  double training, validation; /* what is lowered, what is judged by: of all members */
};

/* Draw k comes from member pattern[k % FLOE_NETWORK_PATTERN]. */
enum { FLOE_NETWORK_PATTERN = 64 };

struct floe_network_info {
  size_t n_member, n_weight; /* n_weight: of one member */
  size_t simulations, steps;
  size_t n_rejected; /* simulations that were not finite */
  uint64_t seed;
  /* Best validation loss: the mean over members of the mean of -log q of standardised coordinates, or where there is no
   * density of the energy score or of what quantiles learn by. */
  double loss;
  /* By how much the stacked mixture does better than its members do on average: 0 where they agree; NaN where there is
   * no density. */
  double disagreement;
  const double *share, *member_loss; /* (n_member) owned by the network: weights of the mixture; validation losses */
  const unsigned char *pattern;      /* (FLOE_NETWORK_PATTERN) owned by the network */
  size_t consistency;                /* draws of a data set that were held against the density in each step; 0: none */
  size_t rejuvenation;               /* 1: simulations that were passed again got other parameters */
  double seconds;                    /* of this process's training; 0 after loading */
  const char *no_density;            /* why the network has none, though the model may; NULL: it has one */
  size_t resumed;                    /* steps that an interrupted training had done before */
  size_t n_point;
  const struct floe_network_point *curve; /* (n_point) owned by the network */
};
struct floe_network_info floe_network_info(const struct floe_network *network);

/* What to ask about: data sets in universes. Coordinates are FAMILY coordinates whatever the contexts say. */
struct floe_network_ask {
  size_t n_context;
  const struct floe_context *contexts; /* layout, universe and prepared data of each; layouts may differ */
  size_t n;                            /* points for each */
  uint64_t seed;
  const uint64_t *units; /* (n_context): data sets; equal units share base draws, as universes of one data set should;
                          * NULL: all 0 */
  size_t member;         /* FLOE_NONE: all */
  size_t n_thread;       /* 0: one */
};

/* coordinates: of each context in turn (n, its n_coordinate); log_q (n_context, n) or NULL, which is faster;
 * NaN where the network has no density. Draw k comes from the member that the pattern names. Coordinates absent from
 * the universe are arbitrary. */
FLOE_NODISCARD floe_status floe_network_draw(const struct floe_network *network, const struct floe_network_ask *ask,
                                             double *coordinates, double *log_q, struct floe_error *error);

/* log q of given coordinates, laid out as floe_network_draw writes them. FLOE_ESPEC where the network has no density.
 */
FLOE_NODISCARD floe_status floe_network_log_q(const struct floe_network *network, const struct floe_network_ask *ask,
                                              const double *coordinates, double *log_q, struct floe_error *error);

/* Mahalanobis distance of each context's summary from those of training data (n_context), and the distance that a share
 * `quantile` of training data stays below. */
FLOE_NODISCARD floe_status floe_network_distance(const struct floe_network *network, const struct floe_network_ask *ask,
                                                 double *distance, struct floe_error *error);
double floe_network_distance_quantile(const struct floe_network *network, double quantile);

#endif
