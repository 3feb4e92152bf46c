/* Every raw draw against its exact distribution function, by the bound of Dvoretzky, Kiefer and Wolfowitz with
 * Massart's constant: P(sup |F_n - F| > e) <= 2 exp(-2 n e^2). False-positive rate 1e-9 a case. The same test must
 * reject a sampler whose parameter is 10% too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <floe/draws.h>
#include <math.h>

#include "runtime/math/order.h"
#include "runtime/math/special.h"
#include "runtime/rng/bulk.h"

enum { N = 100000, POINTS = 2500 };
static const double false_positive_rate = 1e-9;
static double sample[N];

struct draws {
  const char *name;
  void (*fill)(double a, double b); /* N draws into sample */
  double (*cdf)(double x, double a, double b);
  double a, b;
  double wrong_a, wrong_b; /* of a sampler that must be rejected */
};

/* sup |F_n - F| over every 40th order statistic and, for counts, every jump: at most the whole supremum. */
static double distance(const struct draws *draws) {
  double largest = 0;
  floe__sort(N, sample);
  for (size_t k = N / POINTS - 1; k + 1 < N; k += N / POINTS) {
    if (sample[k] == sample[k + 1]) continue;
    const double error = fabs((double)(k + 1) / N - draws->cdf(sample[k], draws->a, draws->b));
    if (!(error <= largest)) largest = error;
  }
  for (size_t k = 0; k + 1 < N; k++) { /* jumps of counts, where order statistics repeat */
    if (sample[k] == sample[k + 1] || sample[k] != floor(sample[k])) continue;
    const double error = fabs((double)(k + 1) / N - draws->cdf(sample[k], draws->a, draws->b));
    if (!(error <= largest)) largest = error;
  }
  return isnan(sample[N - 1]) ? INFINITY : largest;
}

#define EACH_OWN_STREAM(site, expression)                                                                              \
  for (size_t k = 0; k < N; k++) {                                                                                     \
    struct floe_stream stream;                                                                                         \
    floe_stream_open(&stream, 2026, 1, k, site, 0);                                                                    \
    sample[k] = expression;                                                                                            \
  }

static void fill_uniform(double a, double b) {
  (void)b;
  EACH_OWN_STREAM(0, a * floe_draw_uniform(&stream))
}
static void fill_normal(double a, double b) {
  (void)b;
  EACH_OWN_STREAM(1, a * floe_draw_normal(&stream))
}
static void fill_exponential(double a, double b) {
  (void)b;
  EACH_OWN_STREAM(2, a * floe_draw_exponential(&stream))
}
static void fill_gamma(double a, double b) {
  (void)b;
  EACH_OWN_STREAM(3, floe_draw_gamma(&stream, a))
}
static void fill_log_gamma(double a, double b) {
  (void)b;
  EACH_OWN_STREAM(4, floe_draw_log_gamma(&stream, a))
}
static void fill_poisson(double a, double b) {
  (void)b;
  EACH_OWN_STREAM(5, floe_draw_poisson(&stream, a))
}
static void fill_binomial(double a, double b) {
  EACH_OWN_STREAM(6, floe_draw_binomial(&stream, a, b))
}
static void fill_categorical(double a, double b) {
  const double p[] = {a, 0, b, 1 - a - b};
  EACH_OWN_STREAM(7, floe_draw_categorical(&stream, 4, p))
}

static void fill_multinomial(double a, double b) {
  const double p[] = {0.1, 0, b, 0.9 - b};
  EACH_OWN_STREAM(8, floe_multinomial_count(4, floe_draw_uniform(&stream), a, p, 3))
}
static void fill_last_multinomial(double a, double b) {
  const double p[] = {0.1, 0, 0.9 - b, b};
  EACH_OWN_STREAM(9, floe_multinomial_count(4, floe_draw_uniform(&stream), a, p, 4))
}

static void scale_floats(const float *x, double a) {
  for (size_t k = 0; k < N; k++) sample[k] = a * (double)x[k];
}
static float floats[N];
static void fill_many_normals(double a, double b) {
  (void)b;
  floe__normal_fill(1, 1, 1, 0, N, sample);
  for (size_t k = 0; k < N; k++) sample[k] *= a;
}
static void fill_many_uniforms(double a, double b) {
  (void)b;
  floe__uniform_fill(1, 1, 1, 0, N, sample);
  for (size_t k = 0; k < N; k++) sample[k] *= a;
}
static void fill_float_normals(double a, double b) {
  (void)b;
  floe__normal_fill_float(1, 1, 1, 0, N, floats);
  scale_floats(floats, a);
}
static void fill_float_uniforms(double a, double b) {
  (void)b;
  floe__uniform_fill_float(1, 1, 1, 0, N, floats);
  scale_floats(floats, a);
}

static double cdf_uniform(double x, double a, double b) {
  (void)a, (void)b;
  return x;
}
static double cdf_normal(double x, double a, double b) {
  (void)a, (void)b;
  return floe_phi(x);
}
static double cdf_exponential(double x, double a, double b) {
  (void)a, (void)b;
  return -expm1(-x);
}
static double cdf_gamma(double x, double a, double b) {
  (void)b;
  return floe_gamma_cdf(x, a);
}
static double cdf_log_gamma(double x, double a, double b) {
  (void)b;
  return x < -40 ? exp(a * x - floe_lgamma(a + 1)) : floe_gamma_cdf(exp(x), a); /* x^a / Gamma(a + 1) near 0 */
}
static double cdf_poisson(double x, double a, double b) {
  (void)b;
  return floe__poisson_cdf(x, a);
}
static double cdf_binomial(double x, double a, double b) {
  return floe__binomial_cdf(x, a, b);
}
static double cdf_categorical(double x, double a, double b) {
  return x < 3 ? a : x < 4 ? a + b : 1;
}

static const struct draws all[] = {
    {"uniform", fill_uniform, cdf_uniform, 1, 0, 1.1, 0},
    {"normal", fill_normal, cdf_normal, 1, 0, 1.1, 0},
    {"exponential", fill_exponential, cdf_exponential, 1, 0, 1.1, 0},
    {"gamma(0.1)", fill_gamma, cdf_gamma, 0.1, 0, 0.11, 0},
    {"gamma(0.9)", fill_gamma, cdf_gamma, 0.9, 0, 0.99, 0},
    {"gamma(1)", fill_gamma, cdf_gamma, 1, 0, 1.1, 0},
    {"gamma(2.5)", fill_gamma, cdf_gamma, 2.5, 0, 2.75, 0},
    {"gamma(50)", fill_gamma, cdf_gamma, 50, 0, 55, 0},
    {"log gamma(0.01)", fill_log_gamma, cdf_log_gamma, 0.01, 0, 0.011, 0},
    {"log gamma(3)", fill_log_gamma, cdf_log_gamma, 3, 0, 3.3, 0},
    {"poisson(0.3)", fill_poisson, cdf_poisson, 0.3, 0, 0.33, 0},
    {"poisson(9.9)", fill_poisson, cdf_poisson, 9.9, 0, 10.89, 0},
    {"poisson(10.1)", fill_poisson, cdf_poisson, 10.1, 0, 11.11, 0},
    {"poisson(300)", fill_poisson, cdf_poisson, 300, 0, 330, 0},
    {"poisson(1e6)", fill_poisson, cdf_poisson, 1e6, 0, 1.1e6, 0},
    {"binomial(10, 0.3)", fill_binomial, cdf_binomial, 10, 0.3, 10, 0.33},
    {"binomial(1000, 0.005)", fill_binomial, cdf_binomial, 1000, 0.005, 1000, 0.0055},
    {"binomial(40, 0.3)", fill_binomial, cdf_binomial, 40, 0.3, 40, 0.33},
    {"binomial(1000, 0.7)", fill_binomial, cdf_binomial, 1000, 0.7, 1000, 0.77},
    {"binomial(1e6, 0.5)", fill_binomial, cdf_binomial, 1e6, 0.5, 1e6, 0.55},
    {"categorical(0.2, 0, 0.3, 0.5)", fill_categorical, cdf_categorical, 0.2, 0.3, 0.22, 0.33},
    {"multinomial(12, 0.1, 0, 0.3, 0.6)[3]", fill_multinomial, cdf_binomial, 12, 0.3, 12, 0.33},
    {"multinomial(12, 0.1, 0, 0.3, 0.6)[4]", fill_last_multinomial, cdf_binomial, 12, 0.6, 12, 0.57},
    {"many normals", fill_many_normals, cdf_normal, 1, 0, 1.1, 0},
    {"many uniforms", fill_many_uniforms, cdf_uniform, 1, 0, 1.1, 0},
    {"many float normals", fill_float_normals, cdf_normal, 1, 0, 1.1, 0},
    {"many float uniforms", fill_float_uniforms, cdf_uniform, 1, 0, 1.1, 0},
};
enum { N_CASE = sizeof all / sizeof *all };

static double bound(void) {
  return sqrt(log(2 / false_positive_rate) / (2. * N));
}

static void every_draw_follows_its_distribution(void **state) {
  (void)state;
  for (size_t k = 0; k < N_CASE; k++) {
    all[k].fill(all[k].a, all[k].b);
    const double d = distance(&all[k]);
    if (!(d <= bound())) fail_msg("%s: distance %g above %g", all[k].name, d, bound());
  }
}

static void a_parameter_ten_percent_off_is_rejected(void **state) {
  (void)state;
  for (size_t k = 0; k < N_CASE; k++) {
    all[k].fill(all[k].wrong_a, all[k].wrong_b);
    const double d = distance(&all[k]);
    if (!(d > bound())) fail_msg("%s: distance %g is not above %g", all[k].name, d, bound());
  }
}

static void the_counts_of_a_multinomial_draw_make_up_the_whole(void **state) {
  const double p[] = {0.2, 0.5, 0, 0.3};
  (void)state;
  for (size_t k = 1; k < 1000; k++) {
    const double u = (double)k / 1000;
    double total = 0;
    for (size_t at = 1; at <= 4; at++) total += floe_multinomial_count(4, u, 40, p, (double)at);
    assert_true(total == 40 && floe_multinomial_count(4, u, 40, p, 3) == 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_draw_follows_its_distribution),
      cmocka_unit_test(a_parameter_ten_percent_off_is_rejected),
      cmocka_unit_test(the_counts_of_a_multinomial_draw_make_up_the_whole),
  };
  return cmocka_run_group_tests_name("draws", tests, NULL, NULL);
}
