/* parts.h: what a network is made of; shared by the files of this folder. */
#ifndef FLOE_TRAIN_PARTS_H
#define FLOE_TRAIN_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "runtime/summary/features.h"
#include "runtime/train/member.h"
#include "runtime/train/network.h"

#define FLOE__UNSET SIZE_MAX

struct floe__settings {
  size_t layers, width, summary, ensemble, simulations, epochs, batch; /* summary, epochs 0: chosen by the model */
  /* How rows and the positions of the model's inner index set are read; rows FLOE_PERCEPTRON: what is stated. */
  enum floe_reading rows, inner;
  enum floe__flow_kind posterior;
  size_t consistency;  /* draws of a data set that are compared with the density; 0: none; FLOE__UNSET */
  size_t rejuvenation; /* 1: simulations that are passed again get other parameters (rejuvenation.h); 0; FLOE__UNSET */
  double rate, pins;   /* pins: share of the data sets of a batch in which unknowns are held at their values */
};

enum { FLOE__MOST_MEMBERS = 32 };

const char *floe__posterior_word(enum floe__flow_kind kind); /* as in the settings */

enum { FLOE__USUAL_DRAWS = 16 }; /* of consistency */

enum { FLOE__DISTANCE_QUANTILES = 1001, FLOE__DISTANCE_SAMPLE = 10000 };

struct floe_network {
  const struct floe_model *model;
  uint64_t seed;
  struct floe__settings settings;
  struct floe__features *features;
  size_t n_member;
  struct floe__member *members; /* (n_member) */
  float **weights;              /* (n_member): (n_weight of the member) */
  size_t simulations, steps, n_rejected;
  double loss, seconds;
  size_t resumed;
  double share[FLOE__MOST_MEMBERS];            /* (n_member) of the mixture: multiples of 1 / FLOE_NETWORK_PATTERN */
  unsigned char pattern[FLOE_NETWORK_PATTERN]; /* which member draw k comes from, k modulo the length */
  double member_loss[FLOE__MOST_MEMBERS], disagreement; /* see struct floe_network_info */
  size_t n_point;
  struct floe_network_point *curve;
  double *summary_mean, *summary_chol;        /* (summary), (summary, summary): of member 0's summaries */
  double distances[FLOE__DISTANCE_QUANTILES]; /* of training data: quantiles 0, 0.001, .. 1 */
};

enum { FLOE__CURVE_POINTS = 80 };

/* The spec's settings over the defaults. FLOE_ESPEC. */
FLOE_NODISCARD floe_status floe__settings_read(const struct floe_model *model, struct floe__settings *settings,
                                               struct floe_error *error);

/* Whether the model's rows and inner index set can be read so. */
int floe__summary_possible(const struct floe_model *model, enum floe_reading rows, enum floe_reading inner);

/* A network with first weights. largest (n_dimension): largest sizes in use. settings->summary is chosen if 0. */
FLOE_NODISCARD floe_status floe__network_new(const struct floe_model *model, const struct floe__settings *settings,
                                             uint64_t seed, const size_t *largest, struct floe_network **network,
                                             struct floe_error *error);

/* Whether the network takes data of sizes (n_dimension); FLOE_EDATA, naming `where`, where one is larger than what it is
 * trained for. */
FLOE_NODISCARD floe_status floe__network_takes(const struct floe_network *network, const size_t *sizes,
                                               const char *where, struct floe_error *error);

/* distance of summaries h (summary) from the training summaries */
double floe__summary_distance(const struct floe_network *network, const float *h, double *work); /* work (2 summary) */

/* Takes the members' weights (n_member), which sum to 1, as shares of the mixture: the nearest ones that are multiples
 * of 1 / FLOE_NETWORK_PATTERN, so that the draws have exactly the density that is claimed. */
void floe__network_mix(struct floe_network *network, const double *weights);

/* Serialised form: appended to a buffer, and read back from bytes; reading moves *at. Little-endian. */
void floe__put(struct floe__text *to, const void *data, size_t size, size_t count);
int floe__get(const unsigned char **at, const unsigned char *end, void *data, size_t size, size_t count);
void floe__network_put(struct floe__text *to, const struct floe_network *network);
/* The same network once more. */
FLOE_NODISCARD floe_status floe__network_copy(const struct floe_network *network, struct floe_network **copy,
                                              struct floe_error *error);
FLOE_NODISCARD floe_status floe__network_get(const struct floe_model *model, const char *path, const unsigned char **at,
                                             const unsigned char *end, struct floe_network **network,
                                             struct floe_error *error);

#endif
