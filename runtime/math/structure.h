/* structure.h: numbers that hang together, and their unconstrained coordinates. One row of a table per type: how many
 * coordinates it has, constrain, unconstrain, log-Jacobian, and the adjoints.
 *
 * Simplex (stick-breaking), ordered, chol_corr (partial correlations, tanh), chol_cov, corr and cov: as in the chapter on
 * transforms of the Stan Reference Manual; densities of corr and cov are by their lower triangles. sum0: an orthonormal basis of
 * the plane, hence without a Jacobian; densities are by the area in that plane. unit_vector: the stereographic projection
 * from (0, ..., 0, 1); densities are by the area of the sphere.
 *
 * Functions take `n_row` values one behind the other, each of size n (matrices: n by n, row-major, both triangles); sizes
 * are doubles because generated code gives them as numbers. Coordinates u: floe__structure_free(structure, n) each. */
#ifndef FLOE_MATH_STRUCTURE_H
#define FLOE_MATH_STRUCTURE_H

#include <floe/model.h>
#include <stddef.h>

/* Dimensions that one value takes: 0 (plain), 1 or 2. */
size_t floe__structure_rank(enum floe_structure structure);
/* Coordinates of one value of size n. */
size_t floe__structure_free(enum floe_structure structure, size_t n);

/* What the type is called, and whether a value is one: nearly (1e-6), as numbers in files are. 0 also without memory. */
const char *floe__structure_name(enum floe_structure structure);
int floe__structure_fits(enum floe_structure structure, size_t n, const double *x);

/* ---- for generated code; `structure` is an enum floe_structure, but not FLOE_PLAIN ---- */

void floe_constrain(double structure, double n_row, double n, const double *u, double *x);
void floe_unconstrain(double structure, double n_row, double n, const double *x, double *u);
/* The sum over the values of log |dx / du|. */
double floe_log_jacobian(double structure, double n_row, double n, const double *u);

/* u_bar += x_bar dx / du, and u_bar += value_bar dvalue / du. The bars of the sizes are left alone. */
void floe_constrain_adjoint(double structure, double n_row, double n, const double *u, const double *x,
                            const double *x_bar, double *structure_bar, double *n_row_bar, double *n_bar,
                            double *u_bar);
void floe_log_jacobian_adjoint(double structure, double n_row, double n, const double *u, double value,
                               double value_bar, double *structure_bar, double *n_row_bar, double *n_bar,
                               double *u_bar);

#endif
