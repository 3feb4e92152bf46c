/* special.h: special functions. Thread-safe and free of errno. Relative accuracy about 1e-14 unless said otherwise;
 * arguments outside the domain give NaN. */
#ifndef FLOE_MATH_SPECIAL_H
#define FLOE_MATH_SPECIAL_H

#include <stdbool.h>
#include <stddef.h>

double
floe_lgamma(double x); /* log |Gamma(x)|; +inf at 0, -1, -2, ... Near its zeros 1 and 2 accurate to 1e-15 absolutely */
double floe_log_rising(double a, double x); /* log Gamma(a + x) / Gamma(a), without cancellation where a is large */
double floe_digamma(double x);     /* NaN at 0, -1, ... */
double floe_trigamma(double x);    /* +inf at 0, -1, ... */
double floe_phi(double x);         /* the standard normal cdf */
double floe_phi_inverse(double p); /* -inf at 0, +inf at 1, NaN outside (0 .. 1) */
double floe_log1p_exp(double x);   /* log(1 + exp x), without overflow */
double floe_exp_below(double x);   /* exp -|x| */
double floe_inv_logit(double x);
double floe_xlogy(double x, double y); /* x log y; 0 where x = 0, whatever y */

double floe_log_phi(double x);           /* log floe_phi(x), without underflow */
double floe_log_phi_scaled(double x);    /* log floe_phi(x) + x^2 / 2, without cancellation below */
double floe_xlog1py(double x, double y); /* x log(1 + y); 0 where x = 0, whatever y */
double floe_log1m_exp(double x);         /* log(1 - exp x), x <= 0 */

double floe_owen_t(double h, double a);  /* P(X > h, 0 < Y < a X), X and Y standard normal; accurate to 1e-15 absolutely */

/* Tails of distributions as logarithms, without underflow: relative accuracy of the probability about 1e-12 times 1 plus the
 * logarithm. tails.c. */
double floe_log_gamma_cdf(double x, double shape); /* scale 1 */
double floe_log_gamma_ccdf(double x, double shape);
double floe_log_beta_cdf(double x, double a, double b);
double floe_log_beta_ccdf(double x, double a, double b);
double floe_log_student_t_cdf(double x, double nu);

/* Derivatives by a shape: differences of fourth order, relative accuracy about 1e-9. tails.c. */
double floe_gamma_cdf_by_shape(double x, double shape);
double floe_log_gamma_cdf_by_shape(double x, double shape);
double floe_log_gamma_ccdf_by_shape(double x, double shape);
double floe_beta_cdf_by_a(double x, double a, double b);
double floe_log_beta_cdf_by_a(double x, double a, double b);
double floe_log_beta_cdf_by_b(double x, double a, double b);
double floe_log_beta_ccdf_by_a(double x, double a, double b);
double floe_log_beta_ccdf_by_b(double x, double a, double b);
double floe_student_t_cdf_by_nu(double x, double nu);
double floe_log_student_t_cdf_by_nu(double x, double nu);
double floe_von_mises_cdf_by_kappa(double x, double kappa);

/* Distribution functions and quantiles of standard forms: location 0 and scale 1. quantiles.c. Infinite at the open ends. */
double floe_skew_normal_cdf(double z, double skew); /* in 0 .. 1, accurate to 1e-15 absolutely */
double floe_skew_normal_quantile(double p, double skew);
double floe_exgaussian_quantile(double p, double k);  /* a standard normal number plus an exponential one with rate k */
double floe_wald_quantile(double p, double shape);    /* inverse Gaussian with mean 1 */
double floe_von_mises_cdf(double x, double kappa);    /* around 0; of any x: it grows by 1 every turn, from 0 at -pi */
double floe_von_mises_quantile(double p, double kappa); /* of any p, likewise */

/* Counts. Quantiles are the smallest k with P(X <= k) >= p, upper ones the smallest k with P(X > k) <= p. */
double floe_poisson_quantile(double p, double mean);
double floe_poisson_upper_quantile(double p, double mean);
double floe_neg_binomial_quantile(double p, double size, double share); /* failures before the size-th success */
double floe_neg_binomial_upper_quantile(double p, double size, double share);
double floe_binomial_quantile(double p, double n, double share);
double floe_hypergeometric_cdf(double k, double drawn, double marked, double unmarked);
double floe_hypergeometric_quantile(double p, double drawn, double marked, double unmarked);
double floe_beta_binomial_cdf(double k, double n, double a, double b); /* a sum of k terms; n up to 1e7 */
double floe_beta_binomial_cdf_by_a(double k, double n, double a, double b);
double floe_beta_binomial_cdf_by_b(double k, double n, double a, double b);
double floe_beta_binomial_quantile(double p, double n, double a, double b);

/* First passage of a Wiener process: Navarro and Fuss, "Fast and accurate calculations for first-passage times in Wiener
 * diffusion models", 2009. The process starts at w in (0, 1), without drift; f(t, w) is the density of leaving (0, 1) at 0
 * at time t. first_passage.c. */
double floe_log_first_passage(double t, double w);     /* log f; -inf for t <= 0 */
double floe_first_passage_by_time(double t, double w); /* d log f / dt */
double floe_first_passage_by_bias(double t, double w); /* d log f / dw */

/* From GSL; special_gsl.c. */
double floe_gamma_cdf(double x, double shape); /* scale 1 */
double floe__gamma_ccdf(double x, double shape);
double floe_gamma_quantile(double p, double shape);
double floe_gamma_upper_quantile(double p, double shape); /* the x with P(X > x) = p */
double floe_beta_cdf(double x, double a, double b);
double floe__beta_ccdf(double x, double a, double b);
#define FLOE__FAR_ABOVE 1e8 /* a shape so far above the other leaves a gamma distribution, to rounding */
double floe__beta_cdf_of_large(double x, double a, double b); /* for shapes that are too large for fractions; tails.c */
double floe__beta_ccdf_of_large(double x, double a, double b);
double floe_beta_quantile(double p, double a, double b);
double floe__chi_squared_cdf(double x, double degrees);
double floe__chi_squared_quantile(double p, double degrees);
#define FLOE__NORMAL_DEGREES 1e25 /* beyond, a t distribution is a normal one to rounding */
double floe_student_t_cdf(double x, double degrees);
double floe_student_t_quantile(double p, double degrees);
double floe_log_bessel_i0_scaled(double x); /* log(I0(x) exp(-|x|)) */
double floe_bessel_ratio(double x);         /* I1(x) / I0(x) */
double floe__binomial_cdf(double k, double n, double p); /* P(X <= k) */
double floe__poisson_cdf(double k, double mean);
double floe__hypergeometric_cdf(double k, double n_1, double n_2, double n_drawn);

/* Points first .. first + n - 1 of a Sobol sequence in the unit cube: points (n, n_dim), n >= 1. Bratley and Fox 1988, algorithm 659.
 * False without memory, or where n_dim is 0 or more than FLOE__SOBOL_MOST. */
enum { FLOE__SOBOL_MOST = 40 };
bool floe__sobol(size_t n_dim, size_t first, size_t n, double *points);

#endif
