/* bands.h: is a sample uniform? Simultaneous confidence bands for the empirical distribution function of n independent
 * uniform numbers at evenly spaced points: Säilynoja, Bürkner, Vehtari, "Graphical test for discrete uniformity",
 * Statistics and Computing 32, 2022, section 2.2. */
#ifndef FLOE_TRUST_BANDS_H
#define FLOE_TRUST_BANDS_H

#include <stddef.h>

/* low, high (n_point): the band of ECDF - z at z = 1 / n_point, 2 / n_point, .., 1, within which all points lie with
 * probability `level`. work: 3 * (n + 1) doubles. */
void floe_ecdf_band(size_t n, size_t n_point, double level, double *work, double *low, double *high);

/* difference (n_point): ECDF of u (n, ascending) minus z at the same points. */
void floe_ecdf_difference(size_t n, const double *u, size_t n_point, double *difference);

#endif
