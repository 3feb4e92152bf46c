/* effects.h: what matters: how much each axis changes each output, over matched pairs of universes that differ in that axis
 * only, set against the noise floor. Differences of reports are in pooled posterior standard deviations, of claims in
 * probability. Universes share their data, so there are no p-values here. */
#ifndef FLOE_MULTIVERSE_EFFECTS_H
#define FLOE_MULTIVERSE_EFFECTS_H

#include <stddef.h>

#include "base/error.h"
#include "runtime/multiverse/multiverse.h"

/* Differences below the floor are not told from noise. Units as the effects'. */
struct floe_noise_floor {
  double ensemble;    /* median over universes of the spread of the members' means; NaN: unknown */
  double equivalence; /* largest difference that an equivalence axis makes at the reference; NaN: unknown */
  double monte_carlo; /* median over universes of the Monte Carlo error of a difference of two answers */
  double floor;       /* the largest of those known */
};

enum floe_matters { FLOE_MATTERS_UNKNOWN, FLOE_MATTERS_NOT, FLOE_MATTERS_SOMETIMES, FLOE_MATTERS };
const char *floe_matters_name(enum floe_matters matters); /* "unknown", "below noise", "in places", "matters" */

struct floe_effect {         /* of one axis on one output */
  size_t n_pair, n_left_out; /* pairs used; pairs left out because an answer is flagged or undefined */
  double median, low, high;  /* of |difference of means|, with the 90% bootstrap interval of the median over pairs */
  double largest;
  double toward;               /* mean signed difference from lower to higher option or value */
  double distance;             /* median Wasserstein-1 distance, same unit; claims: as median */
  double share_mean, share_sd; /* of the variance of posterior means, and sds, over universes: the axis's main effect */
  double slope;              /* continuous: d mean at the reference per doubling (logarithmic) or per range; else NaN */
  size_t n_flip;             /* claims: pairs across P = 0.5 */
  enum floe_matters matters; /* always: low above the floor; sometimes: largest above it */
};

struct floe_effects {
  size_t n_axis, n_output;
  struct floe_effect *effects;     /* (n_axis, n_output); equivalence axes: n_pair = 0 */
  struct floe_noise_floor *floors; /* (n_output) */
};

FLOE_NODISCARD floe_status floe_effects_new(const struct floe_multiverse *multiverse, struct floe_effects **effects,
                                            struct floe_error *error);
void floe_effects_free(struct floe_effects *effects); /* NULL is allowed */

/* Do two answers that both passed their gates agree where they must? */
struct floe_agreement {
  size_t axis, universe, output;
  double difference, threshold; /* in posterior sd (claims: probability); 4.5 Monte Carlo errors of the difference */
  enum floe_verdict verdict;    /* unknown where either answer is flagged */
};

/* For each extra run the output that disagrees most, in Monte Carlo errors: agreements (universes->n_extra). Returns how many
 * were filled in: 0 without extra runs. */
size_t floe_equivalence_agreements(const struct floe_multiverse *multiverse, struct floe_agreement *agreements);

/* The same for the reference's answer by the ladder against MCMC. False where there was no such run. */
bool floe_reference_agreement(const struct floe_multiverse *multiverse, struct floe_agreement *agreement);

#endif
