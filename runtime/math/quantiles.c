/* Distribution functions and quantiles without a closed form, and those of counts. */
#include <math.h>

#include "runtime/math/special.h"

static const double sqrt_2pi = 2.50662827463100050242, turn = 6.28318530717958647693;

static int is_positive(double x) {
  return x > 0 && x < INFINITY;
}

/* ---- inversion of a continuous distribution function ---- */

/* A distribution function and its density, of one argument and one parameter. */
struct curve {
  double (*cdf)(double x, double parameter);
  double (*density)(double x, double parameter);
  double parameter;
};

/* Newton's method inside of a bracket that shrinks: a step that leaves it is replaced by its middle. */
static double inverse_within(const struct curve *f, double p, double low, double high) {
  double x = 0.5 * (low + high);
  for (int k = 0; k < 200 && high - low > 4e-16 * (fabs(low) + fabs(high)); k++) {
    const double error = f->cdf(x, f->parameter) - p, step = error / f->density(x, f->parameter);
    if (error < 0) low = x;
    if (error >= 0) high = x;
    const double next = x - step;
    if (fabs(step) <= 2e-16 * fabs(x)) return x;
    x = next > low && next < high ? next : 0.5 * (low + high);
  }
  return x;
}

/* Doubling steps from `start`, where `low` is the end of the support. */
static double inverse(const struct curve *f, double p, double low, double start) {
  double below = start - 1, above = start + 1;
  for (double step = 1; f->cdf(above, f->parameter) < p; step *= 2)
    if (!((above += step) < 1e300)) return INFINITY;
  for (double step = 1; below > low && f->cdf(below, f->parameter) > p; step *= 2)
    if (!((below -= step) > -1e300)) return -INFINITY;
  return inverse_within(f, p, fmax(below, low), above);
}

/* For positive numbers, in their logarithm. */
static double positive_inverse(const struct curve *f, double p, double start) {
  double below = start, above = start;
  while (f->cdf(above, f->parameter) < p)
    if (!((above *= 2) < 1e300)) return INFINITY;
  while (f->cdf(below, f->parameter) > p)
    if (!((below *= 0.5) > 1e-300)) return 0;
  return inverse_within(f, p, below, above);
}

static double normal_density(double z) {
  return exp(-0.5 * z * z) / sqrt_2pi;
}

/* ---- skew normal ---- */

double floe_skew_normal_cdf(double z, double skew) {
  return fmin(1, fmax(0, floe_phi(z) - 2 * floe_owen_t(z, skew)));
}

static double skew_normal_density(double z, double skew) {
  return 2 * normal_density(z) * floe_phi(skew * z);
}

double floe_skew_normal_quantile(double p, double skew) {
  const struct curve f = {floe_skew_normal_cdf, skew_normal_density, skew};
  if (!(p >= 0 && p <= 1) || !isfinite(skew)) return NAN;
  return p == 0 ? -INFINITY : p == 1 ? INFINITY : inverse(&f, p, -INFINITY, 0);
}

/* ---- a standard normal number plus an exponential one with rate k ---- */

static double exponential_part(double z, double k) {
  const double at = z - k;
  return exp(at > -1 ? k * (0.5 * k - z) + floe_log_phi(at) : floe_log_phi_scaled(at) - 0.5 * z * z);
}

static double exgaussian_cdf(double z, double k) {
  return floe_phi(z) - exponential_part(z, k);
}

static double exgaussian_density(double z, double k) {
  return k * exponential_part(z, k);
}

double floe_exgaussian_quantile(double p, double k) {
  const struct curve f = {exgaussian_cdf, exgaussian_density, k};
  if (!(p >= 0 && p <= 1) || !is_positive(k)) return NAN;
  return p == 0 ? -INFINITY : p == 1 ? INFINITY : inverse(&f, p, -INFINITY, 1 / k);
}

/* ---- inverse Gaussian with mean 1 ---- */

static double wald_cdf(double x, double shape) {
  const double root = sqrt(shape / x);
  return floe_phi(root * (x - 1)) + exp(2 * shape + floe_log_phi(-root * (x + 1)));
}

static double wald_density(double x, double shape) {
  return sqrt(shape / x) / x * normal_density(sqrt(shape / x) * (x - 1));
}

double floe_wald_quantile(double p, double shape) {
  const struct curve f = {wald_cdf, wald_density, shape};
  if (!(p >= 0 && p <= 1) || !is_positive(shape)) return NAN;
  return p == 0 ? 0 : p == 1 ? INFINITY : positive_inverse(&f, p, 1);
}

/* ---- von Mises, around 0 ---- */

static double von_mises_density(double x, double kappa) {
  return exp(kappa * (cos(x) - 1) - floe_log_bessel_i0_scaled(kappa)) / turn;
}

/* The Fourier series, whose coefficients I_n / I_0 are products of ratios (Hill, "Algorithm 518: incomplete Bessel function I0",
 * 1977); they fall off as exp(-n^2 / 2 kappa). */
static double von_mises_series(double x, double kappa) {
  double ratio = 0, sum = 0;
  for (int n = 30 + (int)(9 * sqrt(kappa)); n > 0; n--) {
    ratio = 1 / (2 * n / kappa + ratio);
    sum = ratio * (sin(n * x) / n + sum);
  }
  return 0.5 + (0.5 * x + sum) / M_PI;
}

/* With t = 2 sqrt(kappa) sin(x / 2) the density is that of a normal number times (1 - t^2 / 4 kappa)^(-1/2), whose series is
 * integrated term by term. */
static double von_mises_nearly_normal(double x, double kappa) {
  static const double series[] = {1, 0.5, 0.375, 0.3125, 0.2734375};
  const double t = 2 * sqrt(kappa) * sin(0.5 * x), density = normal_density(t);
  double part = floe_phi(t), whole = 1, power = t, factor = 1, sum = 0, total = 0;
  for (int k = 0; k < 5; k++) {
    sum += series[k] * factor * part;
    total += series[k] * factor * whole;
    part = (2 * k + 1) * part - power * density;
    whole *= 2 * k + 1;
    power *= t * t;
    factor /= 4 * kappa;
  }
  return sum / total;
}

double floe_von_mises_cdf(double x, double kappa) {
  if (!isfinite(x) || !is_positive(kappa)) return NAN;
  const double turns = floor((x + 0.5 * turn) / turn), rest = x - turns * turn;
  return turns + (kappa < 1000 ? von_mises_series(rest, kappa) : von_mises_nearly_normal(rest, kappa));
}

double floe_von_mises_quantile(double p, double kappa) {
  const struct curve f = {floe_von_mises_cdf, von_mises_density, kappa};
  if (!isfinite(p) || !is_positive(kappa)) return NAN;
  const double turns = floor(p);
  return turns * turn + (p == turns ? -0.5 * turn : inverse_within(&f, p - turns, -0.5 * turn, 0.5 * turn));
}

/* ---- counts ---- */

/* A distribution of counts: P(X <= k), or P(X > k), with up to three parameters. */
struct counts {
  double (*share)(double k, const double *parameters);
  const double *parameters;
  int upper; /* the share is P(X > k), which falls */
};

static int reached(const struct counts *c, double k, double p) {
  const double share = c->share(k, c->parameters);
  return c->upper ? share <= p : share >= p;
}

/* The smallest k in low .. high at which the share is reached: doubling steps from a guess, then halving. */
static double count_inverse(const struct counts *c, double p, double low, double high, double guess) {
  double step = 1, at = fmin(high, fmax(low, floor(guess)));
  double below, above;
  if (reached(c, at, p)) {
    for (above = at; at > low && reached(c, at, p); step *= 2) {
      above = at;
      at = fmax(low, at - step);
    }
    if (reached(c, at, p)) return at;
    below = at;
  } else {
    for (below = at; at < high && !reached(c, at, p); step *= 2) {
      below = at;
      at = fmin(high, at + step);
    }
    above = at;
  }
  while (above - below > 1) {
    const double middle = floor(below + 0.5 * (above - below));
    if (reached(c, middle, p))
      above = middle;
    else
      below = middle;
  }
  return above;
}

static const double most = 0x1p53;

static double poisson_share(double k, const double *mean) {
  return floe__gamma_ccdf(*mean, k + 1);
}
static double poisson_rest(double k, const double *mean) {
  return floe_gamma_cdf(*mean, k + 1);
}

double floe_poisson_quantile(double p, double mean) {
  const struct counts c = {poisson_share, &mean, 0};
  if (!(p >= 0 && p <= 1 && mean >= 0 && mean < INFINITY)) return NAN;
  return mean == 0 ? 0 : p == 1 ? INFINITY : count_inverse(&c, p, 0, most, mean);
}

double floe_poisson_upper_quantile(double p, double mean) {
  const struct counts c = {poisson_rest, &mean, 1};
  if (!(p >= 0 && p <= 1 && mean >= 0 && mean < INFINITY)) return NAN;
  return mean == 0 ? 0 : p == 0 ? INFINITY : count_inverse(&c, p, 0, most, mean);
}

/* Failures before the size-th success: size need not be whole. */
static double neg_binomial_share(double k, const double *v) {
  return floe_beta_cdf(v[1], v[0], k + 1);
}
static double neg_binomial_rest(double k, const double *v) {
  return floe__beta_ccdf(v[1], v[0], k + 1);
}

double floe_neg_binomial_quantile(double p, double size, double share) {
  const double v[] = {size, share};
  const struct counts c = {neg_binomial_share, v, 0};
  if (!(p >= 0 && p <= 1 && is_positive(size) && share > 0 && share <= 1)) return NAN;
  return p == 1 ? INFINITY : count_inverse(&c, p, 0, most, size * (1 - share) / share);
}

double floe_neg_binomial_upper_quantile(double p, double size, double share) {
  const double v[] = {size, share};
  const struct counts c = {neg_binomial_rest, v, 1};
  if (!(p >= 0 && p <= 1 && is_positive(size) && share > 0 && share <= 1)) return NAN;
  return p == 0 ? INFINITY : count_inverse(&c, p, 0, most, size * (1 - share) / share);
}

static int is_count(double x) {
  return x >= 0 && x <= 4294967295.0 && x == floor(x);
}

static double binomial_share(double k, const double *v) {
  return floe__binomial_cdf(k, v[0], v[1]);
}

double floe_binomial_quantile(double p, double n, double share) {
  const double v[] = {n, share};
  const struct counts c = {binomial_share, v, 0};
  if (!(p >= 0 && p <= 1 && share >= 0 && share <= 1) || !is_count(n)) return NAN;
  return count_inverse(&c, p, 0, n, n * share);
}

static double hypergeometric_share(double k, const double *v) {
  return floe__hypergeometric_cdf(k, v[1], v[2], v[0]);
}

static int is_urn(double drawn, double marked, double unmarked) {
  return is_count(drawn) && is_count(marked) && is_count(unmarked) && drawn <= marked + unmarked;
}

double floe_hypergeometric_cdf(double k, double drawn, double marked, double unmarked) {
  if (isnan(k) || !is_urn(drawn, marked, unmarked)) return NAN;
  return k < drawn - unmarked ? 0 : floe__hypergeometric_cdf(floor(k), marked, unmarked, drawn);
}

double floe_hypergeometric_quantile(double p, double drawn, double marked, double unmarked) {
  const double v[] = {drawn, marked, unmarked};
  const struct counts c = {hypergeometric_share, v, 0};
  if (!(p >= 0 && p <= 1) || !is_urn(drawn, marked, unmarked)) return NAN;
  return count_inverse(&c, p, fmax(0, drawn - unmarked), fmin(drawn, marked), drawn * marked / (marked + unmarked));
}

/* ---- beta-binomial: sums of the probabilities below k, each by the ratio to the one before it ---- */

/* The sum, with its derivatives by the logarithms of the terms' a and b. */
struct beta_binomial_sum {
  double share, by_a, by_b;
};

static struct beta_binomial_sum beta_binomial_below(double k, double n, double a, double b) {
  struct beta_binomial_sum sum = {0};
  const double log_none = floe_log_rising(b, n) - floe_log_rising(a + b, n);
  double term = log_none, by_a = floe_digamma(a + b) - floe_digamma(a + b + n), by_b = by_a + floe_digamma(b + n) - floe_digamma(b);
  for (double j = 0; j <= k; j++) {
    const double p = exp(term);
    sum.share += p;
    sum.by_a += p * by_a;
    sum.by_b += p * by_b;
    term += log((n - j) / (j + 1) * ((j + a) / (n - j - 1 + b)));
    by_a += 1 / (j + a);
    by_b -= 1 / (n - j - 1 + b);
  }
  return sum;
}

static int is_beta_binomial(double n, double a, double b) {
  return is_count(n) && n <= 1e7 && is_positive(a) && is_positive(b);
}

double floe_beta_binomial_cdf(double k, double n, double a, double b) {
  if (isnan(k) || !is_beta_binomial(n, a, b)) return NAN;
  return k < 0 ? 0 : k >= n ? 1 : fmin(1, beta_binomial_below(floor(k), n, a, b).share);
}

double floe_beta_binomial_cdf_by_a(double k, double n, double a, double b) {
  return k < 0 || k >= n || !is_beta_binomial(n, a, b) ? 0 : beta_binomial_below(floor(k), n, a, b).by_a;
}

double floe_beta_binomial_cdf_by_b(double k, double n, double a, double b) {
  return k < 0 || k >= n || !is_beta_binomial(n, a, b) ? 0 : beta_binomial_below(floor(k), n, a, b).by_b;
}

static double beta_binomial_share(double k, const double *v) {
  return floe_beta_binomial_cdf(k, v[0], v[1], v[2]);
}

double floe_beta_binomial_quantile(double p, double n, double a, double b) {
  const double v[] = {n, a, b};
  const struct counts c = {beta_binomial_share, v, 0};
  if (!(p >= 0 && p <= 1) || !is_beta_binomial(n, a, b)) return NAN;
  return count_inverse(&c, p, 0, n, n * a / (a + b));
}
