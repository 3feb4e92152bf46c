/* proposal.h: whatever proposes posterior draws for many data sets and universes at once: a trained network, or in
 * tests a posterior that is known. */
#ifndef FLOE_TRUST_PROPOSAL_H
#define FLOE_TRUST_PROPOSAL_H

#include <floe/model.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "runtime/train/network.h"

/* What is asked: n draws for each context (prepared data; layouts may differ). Equal units share their base draws. */
struct floe_proposal_ask {
  size_t n_context;
  const struct floe_context *contexts; /* (n_context) */
  const uint64_t *units;               /* (n_context), or NULL: all 0 */
  size_t n;
  uint64_t seed;
  size_t threads;
};

struct floe_proposal {
  void *state;
  size_t n_member;
  /* (FLOE_NETWORK_PATTERN): draw k comes from member pattern[k % FLOE_NETWORK_PATTERN]; NULL: k % n_member */
  const unsigned char *pattern;
  double distance_threshold; /* NaN: distances are not measured */
  const char *no_density;    /* why there is no log_q, which is NaN then; NULL: there is */
  /* coordinates: FAMILY coordinates, of each context in turn (n, its n_coordinate); log_q (n_context, n) and distance
   * (n_context) may be NULL. What is drawn depends on seed, unit and context alone. */
  floe_status (*draw)(void *state, const struct floe_proposal_ask *ask, double *coordinates, double *log_q,
                      double *distance, struct floe_error *error);
};

/* The network must outlive the proposal. In distribution: up to the 95% quantile of the training data's distances. */
struct floe_proposal floe_proposal_of_network(const struct floe_network *network);

#endif
