/* order.h: sorting and what depends on order alone. Functions that generated code calls count from 1 and return
 * doubles. NaN among the elements makes the result NaN (argmax, argmin, quantile, median). */
#ifndef FLOE_MATH_ORDER_H
#define FLOE_MATH_ORDER_H

#include <stddef.h>

double floe_argmax(size_t n, const double *x); /* 1 .. n; the first, where several are largest */
double floe_argmin(size_t n, const double *x);

/* Linear interpolation between order statistics: type 7 of Hyndman and Fan 1996. NaN for n = 0, p outside 0 .. 1, or
 * where n > 1024 and memory is short. */
double floe_quantile(size_t n, const double *x, double p);
double floe_present_quantile(size_t n, const double *x, double p); /* of the elements that are numbers */
double floe_is_present(double x);                                  /* 1, or 0 for NaN */
double floe_left_out(double x);                                    /* NaN */

/* The same for ascending x. */
double floe__quantile_sorted(size_t n, const double *x, double p);
double floe__median(size_t n, const double *x);

/* For generated code. x in ascending order; adjoint: x_bar of an element is that of its place among the sorted. */
void floe_sort(size_t n, const double *x, double *sorted);
void floe_sort_adjoint(size_t n, const double *x, const double *sorted, const double *sorted_bar, double *x_bar);

void floe__sort(size_t n, double *x);                       /* ascending, in place */
void floe__order(size_t n, const double *x, size_t *order); /* x[order[k]] ascends; ties by position; counts from 0 */
void floe__ranks(size_t n, const double *x, size_t *order,
                 double *rank); /* 1 .. n, ties averaged; order (n): work space, filled as above */

#endif
