/* The only door to GSL. Its default handler would end the process: it is switched off, and arguments are checked
 * first. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_qrng.h>
#include <gsl/gsl_sf_bessel.h>
#include <math.h>

#include "runtime/math/special.h"

__attribute__((constructor)) static void return_rather_than_abort(void) {
  gsl_set_error_handler_off();
}

static int positive(double x) {
  return x > 0 && x < INFINITY;
}

double floe_gamma_cdf(double x, double shape) {
  if (isnan(x) || !positive(shape)) return NAN;
  return x <= 0 ? 0 : isinf(x) ? 1 : gsl_cdf_gamma_P(x, shape, 1);
}

double floe__gamma_ccdf(double x, double shape) {
  if (isnan(x) || !positive(shape)) return NAN;
  return x <= 0 ? 1 : isinf(x) ? 0 : gsl_cdf_gamma_Q(x, shape, 1);
}

/* GSL's factor before the fraction is exact to 1e-16 times the larger shape, and the fraction ends after 512 terms, which
 * shapes above 1e5 may need: with NaN. */
static int loses_digits(double a, double b) {
  const double least = fmin(a, b), most = fmax(a, b);
  return least > 1e7 || most > FLOE__FAR_ABOVE * least;
}

double floe_beta_cdf(double x, double a, double b) {
  if (isnan(x) || !positive(a) || !positive(b)) return NAN;
  if (x <= 0 || x >= 1) return x > 0;
  const double share = loses_digits(a, b) ? NAN : gsl_cdf_beta_P(x, a, b);
  return isnan(share) ? floe__beta_cdf_of_large(x, a, b) : share;
}

double floe__beta_ccdf(double x, double a, double b) {
  if (isnan(x) || !positive(a) || !positive(b)) return NAN;
  if (x <= 0 || x >= 1) return x <= 0;
  const double share = loses_digits(a, b) ? NAN : gsl_cdf_beta_Q(x, a, b);
  return isnan(share) ? floe__beta_ccdf_of_large(x, a, b) : share;
}

double floe_beta_quantile(double p, double a, double b) {
  if (!(p >= 0 && p <= 1) || !positive(a) || !positive(b)) return NAN;
  return gsl_cdf_beta_Pinv(p, a, b);
}

double floe__chi_squared_cdf(double x, double degrees) {
  if (isnan(x) || !positive(degrees)) return NAN;
  return x <= 0 ? 0 : gsl_cdf_chisq_P(x, degrees);
}

double floe__chi_squared_quantile(double p, double degrees) {
  if (!(p >= 0 && p <= 1) || !positive(degrees)) return NAN;
  return p == 1 ? INFINITY : gsl_cdf_chisq_Pinv(p, degrees);
}

double floe_student_t_cdf(double x, double degrees) {
  if (isnan(x) || !positive(degrees)) return NAN;
  return degrees > FLOE__NORMAL_DEGREES ? floe_phi(x) : gsl_cdf_tdist_P(x, degrees);
}

static int count(double x) {
  return x >= 0 && x <= 4294967295.0;
}

double floe__binomial_cdf(double k, double n, double p) {
  if (isnan(k) || !count(n) || !(p >= 0 && p <= 1)) return NAN;
  return k < 0 ? 0 : k >= n ? 1 : gsl_cdf_binomial_P((unsigned)k, p, (unsigned)n);
}

double floe__poisson_cdf(double k, double mean) {
  if (isnan(k) || !(mean >= 0 && mean < INFINITY)) return NAN;
  return k < 0 ? 0 : mean == 0 || k > 4294967295.0 ? 1 : gsl_cdf_poisson_P((unsigned)k, mean);
}

double floe__hypergeometric_cdf(double k, double n_1, double n_2, double n_drawn) {
  if (isnan(k) || !count(n_1) || !count(n_2) || !(n_drawn >= 0 && n_drawn <= n_1 + n_2)) return NAN;
  const double most = n_1 < n_drawn ? n_1 : n_drawn;
  return k < 0       ? 0
         : k >= most ? 1
                     : gsl_cdf_hypergeometric_P((unsigned)k, (unsigned)n_1, (unsigned)n_2, (unsigned)n_drawn);
}

double floe_gamma_quantile(double p, double shape) {
  if (!(p >= 0 && p <= 1) || !positive(shape)) return NAN;
  return p == 1 ? INFINITY : gsl_cdf_gamma_Pinv(p, shape, 1);
}

double floe_gamma_upper_quantile(double p, double shape) {
  if (!(p >= 0 && p <= 1) || !positive(shape)) return NAN;
  return p == 0 ? INFINITY : gsl_cdf_gamma_Qinv(p, shape, 1);
}

double floe_student_t_quantile(double p, double degrees) {
  if (!(p >= 0 && p <= 1) || !positive(degrees)) return NAN;
  if (p == 0 || p == 1) return p == 0 ? -INFINITY : INFINITY;
  return gsl_cdf_tdist_Pinv(p, degrees);
}

double floe_log_bessel_i0_scaled(double x) {
  return isnan(x) ? x : isinf(x) ? -INFINITY : log(gsl_sf_bessel_I0_scaled(x));
}

double floe_bessel_ratio(double x) {
  if (isnan(x)) return x;
  if (isinf(x)) return x > 0 ? 1 : -1;
  return gsl_sf_bessel_I1_scaled(x) / gsl_sf_bessel_I0_scaled(x);
}

bool floe__sobol(size_t n_dim, size_t first, size_t n, double *points) {
  if (!n_dim || n_dim > FLOE__SOBOL_MOST) return false;
  gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)n_dim);
  if (!sequence) return false;
  for (size_t k = 0; k < first + n; k++) gsl_qrng_get(sequence, points + (k < first ? 0 : k - first) * n_dim);
  gsl_qrng_free(sequence);
  return true;
}
