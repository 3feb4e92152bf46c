/* Abramowitz and Stegun, "Handbook of mathematical functions", 1964, chapters 6 (gamma), 7 and 26 (normal). */
#include "runtime/math/special.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

static const double log_sqrt_2pi = 0.91893853320467274178, sqrt_2pi = 2.50662827463100050242;

/* sum coefficient[k] t^k, k < n. */
static double polynomial(size_t n, const double *coefficient, double t) {
  double sum = 0;
  for (size_t k = n; k-- > 0;) sum = sum * t + coefficient[k];
  return sum;
}

#define POLYNOMIAL(coefficients, t) polynomial(sizeof coefficients / sizeof *coefficients, coefficients, t)

/* 6.1.40, for x >= 10. */
static double stirling_rest(double x) {
  static const double series[] = {1. / 12, -1. / 360, 1. / 1260, -1. / 1680, 1. / 1188, -691. / 360360, 1. / 156};
  return POLYNOMIAL(series, 1 / (x * x)) / x;
}

static double lgamma_stirling(double x) {
  const double main = (x - 0.5) * (log(x) - 1);
  return x > 1e17 ? main : main + (log_sqrt_2pi - 0.5) + stirling_rest(x);
}

/* log Gamma(2 + z) for |z| <= 1/2, from 6.1.33: (1 - gamma) z + sum (zeta(k) - 1) (-z)^k / k. */
static double lgamma_near_2(double z) {
  static const double series[] = {
      0.4227843350984671394,     0.3224670334241132182,     -0.06735230105319809513,   0.02058080842778454788,
      -0.007385551028673985266,  0.002890510330741523286,   -0.001192753911703260977,  0.0005096695247430424223,
      -0.0002231547584535793798, 0.00009945751278180853371, -0.0000449262367381331417, 0.00002050721277567069155,
      -9.439488275268395904e-6,  4.374866789907487804e-6,   -2.039215753801366237e-6,  9.551412130407419833e-7,
      -4.492469198764566043e-7,  2.120718480555466587e-7,   -1.004322482396809961e-7,  4.769810169363980566e-8,
      -2.271109460894316491e-8,  1.083865921489695409e-8,   -5.183475041970046655e-9,  2.483674543802478317e-9};
  return z * POLYNOMIAL(series, z);
}

static double sin_pi(double x) {
  return sin(M_PI * (x - 2 * floor(0.5 * x)));
}

/* 6.1.17. */
static double lgamma_reflected(double x) {
  if (x == floor(x)) return INFINITY;
  return log(M_PI / fabs(sin_pi(x))) - floe_lgamma(1 - x);
}

double floe_lgamma(double x) {
  if (isnan(x)) return x;
  if (x >= 10) return isinf(x) ? x : lgamma_stirling(x);
  if (x <= 0) return lgamma_reflected(x);
  if (x < 0.5) return lgamma_near_2(x) - log(x) - log1p(x);
  if (x < 1.5) return lgamma_near_2(x - 1) - log1p(x - 1);
  double product = 1;
  for (; x > 2.5; x--) product *= x - 1;
  const double near = lgamma_near_2(x - 2);
  return product == 1 ? near : near + log(product);
}

/* log Gamma(a + x) / Gamma(a), by 6.1.40 without the difference of two large numbers. */
double floe_log_rising(double a, double x) {
  if (!(a >= 10 && a + x >= 10 && a <= 1e300)) return floe_lgamma(a + x) - floe_lgamma(a);
  const double end = a + x, shift = end > 1e17 ? 0 : stirling_rest(end) - stirling_rest(a);
  return (a - 0.5) * log1p(x / a) + x * (log(end) - 1) + shift;
}

/* 6.3.5, 6.3.7, 6.3.18. */
double floe_digamma(double x) {
  static const double series[] = {1. / 12, -1. / 120, 1. / 252, -1. / 240, 1. / 132, -691. / 32760, 1. / 12};
  if (isnan(x) || x == -INFINITY) return NAN;
  if (x <= 0)
    return x == floor(x) ? NAN : floe_digamma(1 - x) - M_PI * cos(M_PI * (x - floor(x))) / sin(M_PI * (x - floor(x)));
  if (isinf(x)) return x;
  double shift = 0;
  for (; x < 10; x++) shift += 1 / x;
  const double t = 1 / (x * x);
  return log(x) - 0.5 / x - t * POLYNOMIAL(series, t) - shift;
}

/* 6.4.6, 6.4.7, 6.4.12. */
double floe_trigamma(double x) {
  static const double series[] = {1. / 6, -1. / 30, 1. / 42, -1. / 30, 5. / 66, -691. / 2730, 7. / 6};
  if (isnan(x) || x == -INFINITY) return NAN;
  if (x <= 0) {
    if (x == floor(x)) return INFINITY;
    const double sine = sin_pi(x);
    return M_PI * M_PI / (sine * sine) - floe_trigamma(1 - x);
  }
  double shift = 0;
  for (; x < 10; x++) shift += 1 / (x * x);
  const double t = 1 / (x * x);
  return 1 / x + 0.5 * t + t / x * POLYNOMIAL(series, t) + shift;
}

double floe_phi(double x) {
  return 0.5 * erfc(-M_SQRT1_2 * x);
}

/* 26.2.12 for x < -10, where 20 terms are exact to rounding: log floe_phi(x) + x^2 / 2. */
static double log_phi_scaled_far(double x) {
  const double t = 1 / x / x;
  double term = 1, sum = 1;
  for (int k = 1; k <= 20; k++) sum += term *= -(2 * k - 1) * t;
  return -log_sqrt_2pi - log(-x) + log(sum);
}

double floe_log_phi(double x) {
  if (x > 1) return log1p(-floe_phi(-x));
  if (!(x < -10)) return log(floe_phi(x));
  return isinf(x) ? x : log_phi_scaled_far(x) - 0.5 * x * x;
}

double floe_log_phi_scaled(double x) {
  return x < -10 ? log_phi_scaled_far(x) : floe_log_phi(x) + 0.5 * x * x;
}

/* Newton's method on log Phi(x) - log p, for p so small that Phi loses its digits. */
static double phi_inverse_tail(double x, double log_p) {
  for (int k = 0; k < 6; k++) {
    const double log_phi = floe_log_phi(x);
    x -= (log_phi - log_p) / exp(-0.5 * x * x - log_sqrt_2pi - log_phi);
  }
  return x;
}

/* A first guess (the power series in the middle, 26.2.23 in the tails: error below 0.0013), then Halley's method, which
 * triples the digits, on Phi(x) - p; in the middle on erf, so that p near 1/2 keeps its relative accuracy. p <= 1/2. */
static double phi_inverse_below(double p, double p_minus_half) {
  const bool middle = p_minus_half > -0.25;
  double x;
  if (middle) {
    const double s = p_minus_half * sqrt_2pi;
    x = s * (1 + s * s / 6 * (1 + 0.35 * s * s));
  } else {
    const double t = sqrt(-2 * log(p));
    x = (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;
  }
  if (p < 1e-290) return phi_inverse_tail(x, log(p));
  for (int k = 0; k < 4; k++) {
    const double error = middle ? 0.5 * erf(M_SQRT1_2 * x) - p_minus_half : floe_phi(x) - p;
    const double newton = error * sqrt_2pi * exp(0.5 * x * x), step = newton / (1 + 0.5 * x * newton);
    x -= step;
    if (fabs(step) <= 1e-6 * fabs(x)) break;
  }
  return x;
}

double floe_phi_inverse(double p) {
  if (!(p >= 0 && p <= 1)) return NAN;
  if (p == 0) return -INFINITY;
  if (p == 1) return INFINITY;
  return p <= 0.5 ? phi_inverse_below(p, p - 0.5) : -phi_inverse_below(1 - p, 0.5 - p);
}

double floe_log1p_exp(double x) {
  return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

double floe_exp_below(double x) {
  return exp(-fabs(x));
}

double floe_inv_logit(double x) {
  if (x >= 0) return 1 / (1 + exp(-x));
  const double e = exp(x);
  return e / (1 + e);
}

double floe_xlogy(double x, double y) {
  return x == 0 ? 0 : x * log(y);
}

double floe_xlog1py(double x, double y) {
  return x == 0 ? 0 : x * log1p(y);
}

double floe_log1m_exp(double x) {
  return x > -M_LN2 ? log(-expm1(x)) : log1p(-exp(x));
}

/* Owen, "Tables for computing bivariate normal probabilities", 1956: T(h, a) for 0 <= a <= 1 by Gauss-Legendre quadrature with
 * 20 points, exact to rounding in absolute terms: where the integrand is steep, it is small. */
static double owen_t_inside(double h, double a) {
  static const double node[10] = {0.07652652113349734, 0.22778585114164507, 0.37370608871541955, 0.5108670019508271,
                                  0.636053680726515,   0.7463319064601508,  0.8391169718222188,  0.912234428251326,
                                  0.9639719272779138,  0.993128599185095};
  static const double weight[10] = {0.15275338713072628,  0.14917298647260424, 0.1420961093183824,  0.1316886384491769,
                                    0.1181945319615186,   0.1019301198172407,  0.08327674157670471, 0.06267204833410879,
                                    0.040601429800386446, 0.017614007139150893};
  double sum = 0;
  for (int k = 0; k < 20; k++) {
    const double x = 0.5 * a * (1 + (k < 10 ? node[k] : -node[k - 10])), square = 1 + x * x;
    sum += weight[k % 10] * exp(-0.5 * h * h * square) / square;
  }
  return 0.25 * a * sum * M_1_PI;
}

double floe_owen_t(double h, double a) {
  if (isnan(h) || isnan(a)) return NAN;
  const double height = fabs(h), slope = fabs(a), sign = a < 0 ? -1 : 1;
  if (slope <= 1) return sign * owen_t_inside(height, slope);
  const double p = floe_phi(-height), q = height == 0 ? 0.5 : floe_phi(-slope * height);
  const double rest = height == 0 ? 0.5 * M_1_PI * atan(1 / slope) : owen_t_inside(slope * height, 1 / slope);
  return sign * (0.5 * (p + q) - p * q - rest);
}
