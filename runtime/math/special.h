/* special.h: special functions. Thread-safe and free of errno. Relative accuracy about 1e-14 unless said otherwise;
 * arguments outside the domain give NaN. */
#ifndef FLOE_MATH_SPECIAL_H
#define FLOE_MATH_SPECIAL_H

double
floe_lgamma(double x); /* log |Gamma(x)|; +inf at 0, -1, -2, ... Near its zeros 1 and 2 accurate to 1e-15 absolutely */
double floe_digamma(double x);     /* NaN at 0, -1, ... */
double floe_trigamma(double x);    /* +inf at 0, -1, ... */
double floe_phi(double x);         /* the standard normal cdf */
double floe_phi_inverse(double p); /* -inf at 0, +inf at 1, NaN outside (0 .. 1) */
double floe_log1p_exp(double x);   /* log(1 + exp x), without overflow */
double floe_inv_logit(double x);
double floe_xlogy(double x, double y); /* x log y; 0 where x = 0, whatever y */

double floe__log_phi(double x); /* log floe_phi(x), without underflow */

/* From GSL; special_gsl.c. */
double floe__gamma_cdf(double x, double shape); /* scale 1 */
double floe__beta_cdf(double x, double a, double b);
double floe__beta_quantile(double p, double a, double b);
double floe__chi_squared_cdf(double x, double degrees);
double floe__chi_squared_quantile(double p, double degrees);
double floe__student_t_cdf(double x, double degrees);
double floe__binomial_cdf(double k, double n, double p); /* P(X <= k) */
double floe__poisson_cdf(double k, double mean);
double floe__hypergeometric_cdf(double k, double n_1, double n_2, double n_drawn);

#endif
