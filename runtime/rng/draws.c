#include <floe/draws.h>
#include <math.h>
#include <string.h>

double floe_draw_uniform(struct floe_stream *stream) {
  return ((double)(floe_stream_word(stream) >> 12) + 0.5) * 0x1p-52;
}

double floe_draw_normal(struct floe_stream *stream) {
  const double radius = sqrt(-2 * log(floe_draw_uniform(stream)));
  return radius * cos(2 * M_PI * floe_draw_uniform(stream));
}

double floe_draw_exponential(struct floe_stream *stream) {
  return -log(floe_draw_uniform(stream));
}

/* Marsaglia and Tsang, "A simple method for generating gamma variables", 2000; shape >= 1. */
static double gamma_from_one(struct floe_stream *stream, double shape) {
  const double d = shape - 1. / 3, c = 1 / sqrt(9 * d);
  for (;;) {
    const double x = floe_draw_normal(stream), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root, u = floe_draw_uniform(stream);
    if (u < 1 - 0.0331 * x * x * x * x || log(u) < 0.5 * x * x + d * (1 - v + log(v))) return d * v;
  }
}

double floe_draw_gamma(struct floe_stream *stream, double shape) {
  if (!(shape > 0 && shape < INFINITY)) return NAN;
  if (shape >= 1) return gamma_from_one(stream, shape);
  const double g = gamma_from_one(stream, shape + 1);
  return g * pow(floe_draw_uniform(stream), 1 / shape);
}

double floe_draw_log_gamma(struct floe_stream *stream, double shape) {
  if (!(shape > 0 && shape < INFINITY)) return NAN;
  if (shape >= 1) return log(gamma_from_one(stream, shape));
  const double g = gamma_from_one(stream, shape + 1);
  return log(g) + log(floe_draw_uniform(stream)) / shape;
}

/* Loader, "Fast and accurate computation of binomial probabilities", 2000: probabilities without cancellation. */

/* log k! - log of Stirling's formula, for whole k > 0. */
static double stirling_error(double k) {
  static const double small[16] = {0,
                                   0.0810614667953272582,
                                   0.0413406959554092941,
                                   0.0276779256849983391,
                                   0.0207906721037650931,
                                   0.0166446911898211922,
                                   0.0138761288230707480,
                                   0.0118967099458917701,
                                   0.0104112652619720965,
                                   0.00925546218271273292,
                                   0.00833056343336287126,
                                   0.00757367548795184079,
                                   0.00694284010720952987,
                                   0.00640899418800420707,
                                   0.00595137011275884774,
                                   0.00555473355196280137};
  if (k < 16) return small[(int)k];
  const double t = 1 / (k * k);
  return (1. / 12 - t * (1. / 360 - t * (1. / 1260 - t * (1. / 1680 - t / 1188)))) / k;
}

/* x log(x / m) + m - x. */
static double deviance(double x, double m) {
  if (fabs(x - m) >= 0.1 * (x + m)) return x * log(x / m) + m - x;
  const double v = (x - m) / (x + m), square = v * v;
  double sum = (x - m) * v, term = 2 * x * v;
  for (int j = 3; j < 100; j += 2) {
    term *= square;
    const double next = sum + term / j;
    if (next == sum) break;
    sum = next;
  }
  return sum;
}

static double log_poisson(double k, double mean) {
  return k > 0 ? -stirling_error(k) - deviance(k, mean) - 0.5 * log(2 * M_PI * k) : -mean;
}

static double log_binomial(double k, double n, double p) {
  if (k <= 0) return n * log1p(-p);
  if (k >= n) return n * log(p);
  return stirling_error(n) - stirling_error(k) - stirling_error(n - k) - deviance(k, n * p) -
         deviance(n - k, n * (1 - p)) + 0.5 * log(n / (2 * M_PI * k * (n - k)));
}

static double poisson_inverted(struct floe_stream *stream, double mean) {
  double k = 0, probability = exp(-mean), u = floe_draw_uniform(stream);
  while (u > probability && k < 1000) {
    u -= probability;
    probability *= mean / ++k;
  }
  return k;
}

/* PTRS: Hoermann, "The transformed rejection method for generating Poisson random variables", 1993; mean >= 10. */
static double poisson_rejected(struct floe_stream *stream, double mean) {
  const double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b;
  const double log_inverse_alpha = log(1.1239 + 1.1328 / (b - 3.4)), inside = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = floe_draw_uniform(stream) - 0.5, v = floe_draw_uniform(stream), edge = 0.5 - fabs(u);
    const double k = floor((2 * a / edge + b) * u + mean + 0.43);
    if (edge >= 0.07 && v <= inside) return k;
    if (k < 0 || (edge < 0.013 && v > edge)) continue;
    if (log(v) + log_inverse_alpha - log(a / (edge * edge) + b) <= log_poisson(k, mean)) return k;
  }
}

double floe_draw_poisson(struct floe_stream *stream, double mean) {
  if (!(mean >= 0 && mean <= 0x1p53)) return NAN;
  return mean < 10 ? poisson_inverted(stream, mean) : poisson_rejected(stream, mean);
}

static double binomial_inverted(struct floe_stream *stream, double n, double p) {
  const double odds = p / (1 - p);
  double k = 0, probability = exp(n * log1p(-p)), u = floe_draw_uniform(stream);
  while (u > probability && k < n && k < 1000) {
    u -= probability;
    probability *= odds * (n - k) / (k + 1);
    k++;
  }
  return k;
}

/* BTRS: Hoermann, "The generation of binomial random variates", 1993; n p >= 10, p <= 1/2. */
static double binomial_rejected(struct floe_stream *stream, double n, double p) {
  const double spread = sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double alpha = (2.83 + 5.1 / b) * spread, inside = 0.92 - 4.2 / b;
  const double log_mode = log_binomial(floor((n + 1) * p), n, p);
  for (;;) {
    const double u = floe_draw_uniform(stream) - 0.5, v = floe_draw_uniform(stream), edge = 0.5 - fabs(u);
    const double k = floor((2 * a / edge + b) * u + n * p + 0.5);
    if (edge >= 0.07 && v <= inside) return k;
    if (k < 0 || k > n) continue;
    if (log(v * alpha / (a / (edge * edge) + b)) <= log_binomial(k, n, p) - log_mode) return k;
  }
}

double floe_draw_binomial(struct floe_stream *stream, double n, double p) {
  if (!(n >= 0 && n <= 0x1p53 && n == floor(n) && p >= 0 && p <= 1)) return NAN;
  if (p > 0.5) return n - floe_draw_binomial(stream, n, 1 - p);
  return n * p < 10 ? binomial_inverted(stream, n, p) : binomial_rejected(stream, n, p);
}

double floe_draw_categorical(struct floe_stream *stream, size_t n, const double *p) {
  double total = 0;
  for (size_t k = 0; k < n; k++) total += p[k] >= 0 ? p[k] : NAN;
  if (!(fabs(total - 1) <= 1e-8)) return NAN;
  double u = floe_draw_uniform(stream) * total;
  size_t last = 0;
  for (size_t k = 0; k < n; k++) {
    if (p[k] == 0) continue;
    last = k;
    if (u <= p[k]) break;
    u -= p[k];
  }
  return (double)(last + 1);
}

/* Outwards from the mode, by the ratios of neighbouring probabilities: as many steps as a few standard deviations. */
static double hypergeometric_inverted(struct floe_stream *stream, double drawn, double marked, double unmarked) {
  const double p = drawn / (marked + unmarked), low = fmax(0, drawn - unmarked), high = fmin(drawn, marked);
  const double mode = fmin(high, fmax(low, floor((drawn + 1) * (marked + 1) / (marked + unmarked + 2))));
  const double at_mode = exp(log_binomial(mode, marked, p) + log_binomial(drawn - mode, unmarked, p) -
                             log_binomial(drawn, marked + unmarked, p));
  double u = floe_draw_uniform(stream) - at_mode, up = at_mode, down = at_mode, above = mode, below = mode;
  if (u <= 0) return mode;
  while (above < high || below > low) {
    if (above < high) {
      up *= (marked - above) * (drawn - above) / ((above + 1) * (unmarked - drawn + above + 1));
      above++;
      if ((u -= up) <= 0) return above;
    }
    if (below > low) {
      down *= below * (unmarked - drawn + below) / ((marked - below + 1) * (drawn - below + 1));
      below--;
      if ((u -= down) <= 0) return below;
    }
  }
  return mode; /* what rounding has left over */
}

static int is_count(double x) {
  return x >= 0 && x <= 0x1p52 && x == floor(x);
}

double floe_draw_hypergeometric(struct floe_stream *stream, double drawn, double marked, double unmarked) {
  if (!is_count(drawn) || !is_count(marked) || !is_count(unmarked) || drawn > marked + unmarked) return NAN;
  if (drawn == 0 || marked == 0) return 0;
  if (unmarked == 0) return drawn;
  return drawn == marked + unmarked ? marked : hypergeometric_inverted(stream, drawn, marked, unmarked);
}

/* Best and Fisher, "Efficient simulation of the von Mises distribution", 1979. */
double floe_draw_von_mises(struct floe_stream *stream, double kappa) {
  if (!(kappa > 0 && kappa < INFINITY)) return NAN;
  const double tau = 1 + sqrt(1 + 4 * kappa * kappa), rho = (tau - sqrt(2 * tau)) / (2 * kappa);
  const double r = kappa < 1e-4 ? 1 / kappa + kappa : (1 + rho * rho) / (2 * rho);
  for (;;) {
    const double z = cos(M_PI * floe_draw_uniform(stream)), f = (1 + r * z) / (r + z), c = kappa * (r - f);
    const double u = floe_draw_uniform(stream);
    if (c * (2 - c) - u <= 0 && log(c / u) + 1 - c < 0) continue;
    const double angle = acos(fmax(-1, fmin(1, f)));
    return floe_draw_uniform(stream) < 0.5 ? -angle : angle;
  }
}

double floe_multinomial_count(size_t n_category, double u, double n, const double *p, double at) {
  double total = 0, left = n, share = 1;
  uint64_t bits;
  struct floe_stream stream;
  for (size_t k = 0; k < n_category; k++) total += p[k] >= 0 ? p[k] : NAN;
  if (!(fabs(total - 1) <= 1e-8) || !is_count(n) || !(u > 0 && u < 1)) return NAN;
  memcpy(&bits, &u, sizeof bits);
  floe_stream_open(&stream, bits, 0, 0, 0, 0);
  for (size_t k = 0; k + 1 < n_category; k++) {
    const double count = left > 0 ? floe_draw_binomial(&stream, left, fmin(1, p[k] / share)) : 0;
    if ((double)(k + 1) == at) return count;
    left -= count;
    share = fmax(share - p[k], p[k + 1]);
  }
  return left;
}
