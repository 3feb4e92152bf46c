/* First passage of a diffusion through one of two boundaries, exactly. From its place the process first leaves the largest
 * symmetric interval inside the boundaries: at which end and when are independent. One end is a boundary; from the other
 * one it goes on. The time from a symmetric interval (-1, 1) with drift z follows the tilted Jacobi distribution
 * J*(1, z), drawn as in Polson, Scott and Windle, "Bayesian inference for logistic models using Polya-Gamma latent
 * variables", 2013, after Devroye, "On exact simulation algorithms for some distributions related to Jacobi theta
 * functions", 2009. */
#include <floe/draws.h>
#include <math.h>

static const double split = 0.64; /* below it proposals are inverse Gaussian, above exponential */

static double phi(double x) {
  return 0.5 * erfc(-M_SQRT1_2 * x);
}

/* The n-th term of the alternating series for the density without drift. */
static double term(int n, double x) {
  const double c = n + 0.5;
  return x > split ? M_PI * c * exp(-0.5 * c * c * M_PI * M_PI * x)
                   : M_PI * c * pow(M_2_PI / x, 1.5) * exp(-2 * c * c / x);
}

/* Inverse Gaussian with mean 1 / z and shape 1, below `split`. */
static double truncated_inverse_gaussian(struct floe_stream *stream, double z) {
  if (z * split < 1)
    for (;;) {
      const double e = floe_draw_exponential(stream), f = floe_draw_exponential(stream);
      if (e * e > 2 * f / split) continue;
      const double x = split / (1 + split * e) / (1 + split * e);
      if (floe_draw_uniform(stream) <= exp(-0.5 * z * z * x)) return x;
    }
  for (;;) {
    const double normal = floe_draw_normal(stream), w = 0.5 * normal * normal / z;
    const double smaller = 1 / (1 + w + sqrt(w * (2 + w)));
    const double x = (floe_draw_uniform(stream) * (1 + smaller) <= 1 ? smaller : 1 / smaller) / z;
    if (x < split) return x;
  }
}

/* Both masses times exp(z), so that neither underflows for large z. */
static double share_of_exponential(double z, double rate) {
  const double root = sqrt(split), right = 0.5 * M_PI / rate * exp(z - rate * split);
  const double below = phi((split * z - 1) / root);
  const double reflected = z < 30 ? exp(2 * z) * phi(-(split * z + 1) / root) : 0; /* else below rounding */
  return right / (right + 2 * (below + reflected));
}

static double symmetric_exit(struct floe_stream *stream, double z) {
  const double rate = 0.125 * M_PI * M_PI + 0.5 * z * z, share = share_of_exponential(z, rate);
  for (;;) {
    const double x = floe_draw_uniform(stream) < share ? split + floe_draw_exponential(stream) / rate
                                                       : truncated_inverse_gaussian(stream, z);
    double sum = term(0, x);
    const double y = floe_draw_uniform(stream) * sum;
    for (int n = 1;; n++) {
      sum += n % 2 ? -term(n, x) : term(n, x);
      if (n % 2 && !(y > sum)) return x;
      if (n % 2 == 0 && y > sum) break;
    }
  }
}

double floe_draw_first_passage(struct floe_stream *stream, double boundary, double bias, double drift) {
  if (!(boundary > 0 && boundary < INFINITY && bias > 0 && bias < 1 && fabs(drift) < INFINITY)) return NAN;
  double place = bias * boundary, time = 0;
  for (;;) {
    const int upper_half = place > 0.5 * boundary;
    const double reach = upper_half ? boundary - place : place;
    time += reach * reach * symmetric_exit(stream, fabs(drift) * reach);
    const int up = floe_draw_uniform(stream) < 1 / (1 + exp(-2 * drift * reach));
    if (up && (upper_half || place == 0.5 * boundary)) return time;
    if (!up && !upper_half) return -time;
    place += up ? reach : -reach;
  }
}
