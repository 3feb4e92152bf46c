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

double floe_log_phi(double x);           /* log floe_phi(x), without underflow */
double floe_log_phi_scaled(double x);    /* log floe_phi(x) + x^2 / 2, without cancellation below */
double floe_xlog1py(double x, double y); /* x log(1 + y); 0 where x = 0, whatever y */
double floe_log1m_exp(double x);         /* log(1 - exp x), x <= 0 */

double floe_owen_t(double h, double a);  /* P(X > h, 0 < Y < a X), X and Y standard normal; accurate to 1e-15 absolutely */

/* Derivatives by a shape: differences of fourth order, relative accuracy about 1e-9. */
double floe_gamma_cdf_by_shape(double x, double shape);
double floe_beta_cdf_by_a(double x, double a, double b);
double floe_student_t_cdf_by_nu(double x, double nu);

/* First passage of a Wiener process: Navarro and Fuss, "Fast and accurate calculations for first-passage times in Wiener
 * diffusion models", 2009. The process starts at w in (0, 1), without drift; f(t, w) is the density of leaving (0, 1) at 0
 * at time t. first_passage.c. */
double floe_log_first_passage(double t, double w);     /* log f; -inf for t <= 0 */
double floe_first_passage_by_time(double t, double w); /* d log f / dt */
double floe_first_passage_by_bias(double t, double w); /* d log f / dw */

/* From GSL; special_gsl.c. */
double floe_gamma_cdf(double x, double shape); /* scale 1 */
double floe_gamma_quantile(double p, double shape);
double floe_beta_cdf(double x, double a, double b);
double floe_beta_quantile(double p, double a, double b);
double floe__chi_squared_cdf(double x, double degrees);
double floe__chi_squared_quantile(double p, double degrees);
double floe_student_t_cdf(double x, double degrees);
double floe_student_t_quantile(double p, double degrees);
double floe_log_bessel_i0_scaled(double x); /* log(I0(x) exp(-|x|)) */
double floe_bessel_ratio(double x);         /* I1(x) / I0(x) */
double floe__binomial_cdf(double k, double n, double p); /* P(X <= k) */
double floe__poisson_cdf(double k, double mean);
double floe__hypergeometric_cdf(double k, double n_1, double n_2, double n_drawn);

#endif
