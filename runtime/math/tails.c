/* Tails of the gamma, beta and t distributions in logarithms. Where a probability does not underflow it is GSL's; further out
 * the series and continued fractions converge at once. */
#include <math.h>
#include <stdbool.h>

#include "runtime/math/special.h"

static const double smallest = 1e-250; /* below it, logarithms are computed as such */
enum { MAX_TERMS = 10000 };

/* ---- gamma ---- */

/* Abramowitz and Stegun 6.5.29, for x far below the shape: x^a exp(-x) / Gamma(a + 1) (1 + x / (a + 1) + ...). */
static double log_gamma_series(double x, double a) {
  double sum = 1, term = 1;
  for (int n = 1; n < MAX_TERMS && term > 1e-17 * sum; n++) sum += term *= x / (a + n);
  return a * log(x) - x - floe_lgamma(a + 1) + log(sum);
}

/* 6.5.31, for x far above the shape, by Lentz's method. */
static double log_gamma_fraction(double x, double a) {
  double b = x + 1 - a, c = INFINITY, d = 1 / b, fraction = d;
  for (int n = 1; n < MAX_TERMS; n++) {
    const double numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    fraction *= c * d;
    if (fabs(c * d - 1) < 1e-16) break;
  }
  return a * log(x) - x - floe_lgamma(a) + log(fraction);
}

static bool is_shape(double x) {
  return x > 0 && x < INFINITY;
}

static double log_of_share(double share, double rest) {
  return share < 0.5 ? log(share) : log1p(-rest);
}

double floe_log_gamma_cdf(double x, double shape) {
  if (isnan(x) || !is_shape(shape)) return NAN;
  if (x <= 0) return -INFINITY;
  if (isinf(x)) return 0;
  const double share = floe_gamma_cdf(x, shape);
  return share > smallest ? log_of_share(share, floe__gamma_ccdf(x, shape)) : log_gamma_series(x, shape);
}

double floe_log_gamma_ccdf(double x, double shape) {
  if (isnan(x) || !is_shape(shape)) return NAN;
  if (x <= 0) return 0;
  if (isinf(x)) return -INFINITY;
  const double share = floe__gamma_ccdf(x, shape);
  return share > smallest ? log_of_share(share, floe_gamma_cdf(x, shape)) : log_gamma_fraction(x, shape);
}

/* ---- beta ---- */

static double log_beta(double a, double b) {
  return a < b ? floe_lgamma(a) - floe_log_rising(b, a) : floe_lgamma(b) - floe_log_rising(a, b);
}

/* 26.5.8, for x far below the mean a / (a + b), by Lentz's method; with y = 1 - x. */
static double log_beta_fraction(double x, double log_x, double log_y, double a, double b) {
  double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), fraction = d;
  for (int m = 1; m < MAX_TERMS; m++) {
    const double even = m * (b - m) / (a + 2 * m - 1) / (a + 2 * m) * x;
    const double odd = -(a + m) * (a + b + m) / (a + 2 * m) / (a + 2 * m + 1) * x;
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    fraction *= c * d;
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    fraction *= c * d;
    if (fabs(c * d - 1) < 1e-16) break;
  }
  return a * log_x + b * log_y - log_beta(a, b) - log(a) + log(fraction);
}

/* 26.5.20: where one shape is far above the other, the distribution is one of gamma, to the square of their ratio; of 1 - x,
 * from above, where it is the first. */
struct gamma_limit {
  double x, shape;
  bool turned;
};

static bool has_gamma_limit(double x, double a, double b, struct gamma_limit *limit) {
  const bool turned = a > b;
  *limit = turned ? (struct gamma_limit){-(a + 0.5 * (b - 1)) * log(x), b, true}
                  : (struct gamma_limit){-(b + 0.5 * (a - 1)) * log1p(-x), a, false};
  return fmax(a, b) > FLOE__FAR_ABOVE * fmin(a, b);
}

double floe_log_beta_cdf(double x, double a, double b) {
  if (isnan(x) || !is_shape(a) || !is_shape(b)) return NAN;
  if (x <= 0) return -INFINITY;
  if (x >= 1) return 0;
  const double share = floe_beta_cdf(x, a, b);
  if (share > smallest) return log_of_share(share, floe__beta_ccdf(x, a, b));
  struct gamma_limit limit;
  if (has_gamma_limit(x, a, b, &limit))
    return (limit.turned ? floe_log_gamma_ccdf : floe_log_gamma_cdf)(limit.x, limit.shape);
  return log_beta_fraction(x, log(x), log1p(-x), a, b);
}

double floe_log_beta_ccdf(double x, double a, double b) {
  if (isnan(x) || !is_shape(a) || !is_shape(b)) return NAN;
  if (x <= 0) return 0;
  if (x >= 1) return -INFINITY;
  const double share = floe__beta_ccdf(x, a, b);
  if (share > smallest) return log_of_share(share, floe_beta_cdf(x, a, b));
  struct gamma_limit limit;
  if (has_gamma_limit(x, a, b, &limit))
    return (limit.turned ? floe_log_gamma_cdf : floe_log_gamma_ccdf)(limit.x, limit.shape);
  return log_beta_fraction(1 - x, log1p(-x), log(x), b, a);
}

/* log(1 + u) - u. */
static double log1p_rest(double u) {
  if (fabs(u) > 0.02) return log1p(u) - u;
  double sum = 0;
  for (int k = 10; k >= 2; k--) sum = (k % 2 ? 1. : -1.) / k + u * sum;
  return u * u * sum;
}

/* DLMF 8.18.9, with the first term of its series: relative accuracy 1e-8 where both shapes are above 1e5. */
static double beta_of_large(double x, double a, double b, bool above) {
  const double n = a + b, p = a / n, q = b / n, beyond = a > b ? q - (1 - x) : x - p;
  const double half_square = -p * log1p_rest(beyond / p) - q * log1p_rest(-beyond / q);
  const double eta = copysign(sqrt(2 * half_square), beyond), skew = (q - p) / (3 * sqrt(p * q));
  const double series = fabs(eta) < 1e-5 ? skew : 1 / eta - sqrt(p * q) / beyond;
  const double rest = exp(-n * half_square) * series / sqrt(2 * M_PI * n);
  return above ? floe_phi(-eta * sqrt(n)) - rest : floe_phi(eta * sqrt(n)) + rest;
}

double floe__beta_cdf_of_large(double x, double a, double b) {
  struct gamma_limit limit;
  if (!has_gamma_limit(x, a, b, &limit)) return beta_of_large(x, a, b, false);
  return (limit.turned ? floe__gamma_ccdf : floe_gamma_cdf)(limit.x, limit.shape);
}

double floe__beta_ccdf_of_large(double x, double a, double b) {
  struct gamma_limit limit;
  if (!has_gamma_limit(x, a, b, &limit)) return beta_of_large(x, a, b, true);
  return (limit.turned ? floe_gamma_cdf : floe__gamma_ccdf)(limit.x, limit.shape);
}

/* ---- t ---- */

/* P(T < -t) is half of I(nu / (nu + t^2); nu / 2, 1 / 2). */
double floe_log_student_t_cdf(double x, double nu) {
  if (isnan(x) || !is_shape(nu)) return NAN;
  if (nu > FLOE__NORMAL_DEGREES) return floe_log_phi(x);
  const double share = floe_student_t_cdf(x, nu);
  if (share > smallest) return log_of_share(share, floe_student_t_cdf(-x, nu));
  if (isinf(x)) return -INFINITY;
  const double root = -x / sqrt(nu), log_odds = 2 * log(root);
  const double log_share = root > 1e8 ? -log_odds : -log1p(root * root), rest = root > 1e8 ? 0 : log_odds + log_share;
  return -M_LN2 + log_beta_fraction(exp(log_share), log_share, rest, 0.5 * nu, 0.5);
}

/* ---- derivatives by shapes ---- */

/* (-f(+2h) + 8 f(+h) - 8 f(-h) + f(-2h)) / 12h: rounding of order 1e-15 / 1e-3, truncation of order 1e-12. */
static double slope(double (*f)(const double *), double *v, int which, double scale) {
  const double centre = v[which], step = 1e-3 * scale;
  double at[4];
  static const double places[4] = {-2, -1, 1, 2};
  for (int k = 0; k < 4; k++) {
    v[which] = centre + places[k] * step;
    at[k] = f(v);
  }
  return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step);
}

/* The shape moves a gamma distribution by one of its standard deviations if it moves so much; likewise the first of a beta's. */
static double gamma_scale(double shape) {
  return shape / sqrt(1 + shape);
}
static double beta_scale(double a, double b) {
  return a / sqrt(1 + a / (a + b) * b);
}

static double gamma_cdf_of(const double *v) {
  return floe_gamma_cdf(v[0], v[1]);
}
static double log_gamma_cdf_of(const double *v) {
  return floe_log_gamma_cdf(v[0], v[1]);
}
static double log_gamma_ccdf_of(const double *v) {
  return floe_log_gamma_ccdf(v[0], v[1]);
}
static double beta_cdf_of(const double *v) {
  return floe_beta_cdf(v[0], v[1], v[2]);
}
static double log_beta_cdf_of(const double *v) {
  return floe_log_beta_cdf(v[0], v[1], v[2]);
}
static double log_beta_ccdf_of(const double *v) {
  return floe_log_beta_ccdf(v[0], v[1], v[2]);
}
static double student_t_cdf_of(const double *v) {
  return floe_student_t_cdf(v[0], v[1]);
}
static double log_student_t_cdf_of(const double *v) {
  return floe_log_student_t_cdf(v[0], v[1]);
}
static double von_mises_cdf_of(const double *v) {
  return floe_von_mises_cdf(v[0], v[1]);
}

double floe_gamma_cdf_by_shape(double x, double shape) {
  return slope(gamma_cdf_of, (double[]){x, shape}, 1, gamma_scale(shape));
}
double floe_log_gamma_cdf_by_shape(double x, double shape) {
  return x > 0 ? slope(log_gamma_cdf_of, (double[]){x, shape}, 1, gamma_scale(shape)) : 0;
}
double floe_log_gamma_ccdf_by_shape(double x, double shape) {
  return slope(log_gamma_ccdf_of, (double[]){x, shape}, 1, gamma_scale(shape));
}
double floe_beta_cdf_by_a(double x, double a, double b) {
  return slope(beta_cdf_of, (double[]){x, a, b}, 1, beta_scale(a, b));
}
double floe_log_beta_cdf_by_a(double x, double a, double b) {
  return x > 0 ? slope(log_beta_cdf_of, (double[]){x, a, b}, 1, beta_scale(a, b)) : 0;
}
double floe_log_beta_cdf_by_b(double x, double a, double b) {
  return x > 0 ? slope(log_beta_cdf_of, (double[]){x, a, b}, 2, beta_scale(b, a)) : 0;
}
double floe_log_beta_ccdf_by_a(double x, double a, double b) {
  return x < 1 ? slope(log_beta_ccdf_of, (double[]){x, a, b}, 1, beta_scale(a, b)) : 0;
}
double floe_log_beta_ccdf_by_b(double x, double a, double b) {
  return x < 1 ? slope(log_beta_ccdf_of, (double[]){x, a, b}, 2, beta_scale(b, a)) : 0;
}
double floe_student_t_cdf_by_nu(double x, double nu) {
  return slope(student_t_cdf_of, (double[]){x, nu}, 1, nu);
}
double floe_log_student_t_cdf_by_nu(double x, double nu) {
  return slope(log_student_t_cdf_of, (double[]){x, nu}, 1, nu);
}
double floe_von_mises_cdf_by_kappa(double x, double kappa) {
  return slope(von_mises_cdf_of, (double[]){x, kappa}, 1, kappa);
}
