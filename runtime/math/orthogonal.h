/* orthogonal.h: orthogonal rows of small matrices. a is (m, n), row-major without gaps. */
#ifndef FLOE_MATH_ORTHOGONAL_H
#define FLOE_MATH_ORTHOGONAL_H

#include <stddef.h>

/* Singular values and right singular vectors: a = U diag(s) V' is turned by U' from the left, so that row k becomes
 * s_k v_k'. One-sided Jacobi rotations: Hestenes, "Inversion of matrices by biorthogonalization", 1958. */
void floe__orthogonalise_rows(size_t m, size_t n, double *a);

/* Gram and Schmidt, twice: rows become orthonormal. Those that depend on earlier rows are dropped; returns how many are
 * left, at the front. */
size_t floe__orthonormal_rows(size_t m, size_t n, double *a);

#endif
