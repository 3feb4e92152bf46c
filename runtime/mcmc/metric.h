/* metric.h: a change of coordinates x = centre + A y after which the posterior is as round as the warm-up can make it.
 * Hamiltonian Monte Carlo in y with the unit metric is Hamiltonian Monte Carlo in x with the inverse metric A A'.
 *
 *   diagonal   A = S                                     S = diag(scale)
 *   low rank   A = S (I + U' diag(stretch - 1) U)        U (rank, n) with orthonormal rows
 *   dense      A = S L                                   L lower triangular */
#ifndef FLOE_MCMC_METRIC_H
#define FLOE_MCMC_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/mcmc/density.h"
#include "runtime/mcmc/keep.h"

enum floe__metric_kind { FLOE__METRIC_DIAGONAL, FLOE__METRIC_LOW_RANK, FLOE__METRIC_DENSE };

#define FLOE__METRIC_MAX_RANK 24
#define FLOE__METRIC_MAX_DENSE 128 /* above so many coordinates no dense metric is tried */

struct floe__metric {
  enum floe__metric_kind kind;
  size_t n, rank;
  double *centre, *scale; /* (n) */
  double *lower, *upper;  /* (n, n): L, and L' above the diagonal; NULL where n is too large */
  double *basis;          /* (FLOE__METRIC_MAX_RANK, n): U */
  double stretch[FLOE__METRIC_MAX_RANK];
};

/* The identity. NULL without memory. */
struct floe__metric *floe__metric_new(size_t n);
void floe__metric_free(struct floe__metric *metric);  /* NULL is allowed */
void floe__metric_reset(struct floe__metric *metric); /* to the identity */
void floe__metric_keep(struct floe__metric *metric, struct floe__keeper *keeper);
void floe__metric_copy(struct floe__metric *to, const struct floe__metric *from);

void floe__metric_position(const struct floe__metric *metric, const double *y, double *x); /* x = centre + A y */
void floe__metric_whiten(const struct floe__metric *metric, const double *x, double *y);   /* y = A^-1 (x - centre) */
void floe__metric_gradient(const struct floe__metric *metric, const double *g, double *h); /* h = A' g */
void floe__metric_slope(const struct floe__metric *metric, const double *h, double *g);    /* g = A'^-1 h */
double floe__metric_log_volume(const struct floe__metric *metric);                         /* log det A */
const char *floe__metric_name(enum floe__metric_kind kind);                                /* "dense" */

/* Makes a diagonal metric low rank: the first m rows of its basis are orthonormal, and sigma (m, m) is the covariance of S^-1
 * (x - centre) among them. Directions in which it is within a factor `band` of 1 are left out. sigma is used up; work (m, n). */
void floe__metric_stretch(struct floe__metric *metric, size_t m, double *sigma, double band, double *work);

/* A density in the metric's coordinates y. Owned: the buffers; the density and the metric are the caller's. */
struct floe__rounded {
  const struct floe__density *density;
  struct floe__metric *metric;
  double *x, *gradient; /* (n) of the last evaluation, in the density's own coordinates */
};
struct floe__density floe__rounded_density(struct floe__rounded *rounded); /* its state is `rounded` */

#endif
