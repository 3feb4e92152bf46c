/* Every distribution of the standard library, enumerated from the library itself: one without settings in
 * distribution_settings.h fails.
 *
 * Tested: the density integrates to 1; draws follow it (bound of Dvoretzky, Kiefer and Wolfowitz, false-positive rate
 * 1e-9 each) and draws with other parameters do not; cdf against the integrated density; quantile against cdf; gradients by
 * every argument and by x against differences; -infinity outside the support; powers proportional to p^a; the affine
 * licence; no NaN at extreme x; log densities where formulas cancel against figures of 40 digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "compiler/source/source.h"
#include "runtime/data/layout.h"
#include "runtime/math/order.h"
#include "tests/stat/all_distributions.h"

#include <floe/draws.h>

enum { N_STEP = 4000, N_COUNT = 4000 };
static const double false_positive_rate = 1e-9;

/* ---- one distribution at one setting ---- */

static const struct distribution *distribution(const struct fixture *f) {
  return f->distributions[f->which];
}

static const struct test_point *setting(const struct fixture *f) {
  return &f->settings[f->which]->at[f->setting];
}

/* Reported at once, so that one run shows all that is wrong. */
static void complain(struct fixture *f, const char *format, ...) {
  char about[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(about, sizeof about, format, arguments);
  va_end(arguments);
  if (!f->quiet) print_error("%s, setting %zu: %s\n", distribution(f)->name, f->setting + 1, about);
  f->n_complaint++;
}

static void set_variable(struct fixture *f, const char *name, size_t n, const double *numbers) {
  const size_t v = floe_variable_find(f->model, name);
  assert_true(v != FLOE_NONE);
  double *vector = floe_variable_is_data(&f->model->variables[v]) ? f->data : f->values;
  memcpy(vector + f->context.layout->offset[v], numbers, n * sizeof *numbers);
}

static void set_arguments(struct fixture *f, const double *arguments) {
  const struct distribution *d = distribution(f);
  for (size_t k = 0; k < d->n_formal; k++) {
    const size_t n = d->formals[k]->type.n_dim ? f->settings[f->which]->size : 1;
    char name[100];
    snprintf(name, sizeof name, "%s_%s", d->name, d->formals[k]->name);
    set_variable(f, name, n, arguments);
    arguments += n;
  }
  f->model->unconstrain(&f->context, 1, f->values, f->coordinates, f->scratch);
}

/* For `one` draw, or all. */
static void prepare(struct fixture *f, const struct floe_layout *layout, size_t which, size_t at) {
  const double power = 0.8;
  f->context.layout = layout;
  f->which = which;
  f->setting = at;
  f->universe.option[0] = which;
  f->universe.option[1] = DENSITY;
  for (size_t k = 0; k < layout->n_value; k++) f->values[k] = 0.5;
  set_variable(f, "exponent", 1, &power);
  set_arguments(f, setting(f)->arguments);
}

/* What the method gives at x (for SLOPE: at f->coordinates). */
static double value_of(struct fixture *f, enum method method, double x) {
  double density, terms[FLOE_N_TAG];
  f->universe.option[1] = method;
  f->data[f->context.layout->offset[floe_variable_find(f->model, "x")]] = x;
  f->model->log_density(&f->context, 1, f->coordinates, &density, terms, f->scratch);
  return terms[FLOE_LIKELIHOOD];
}

static double log_density(struct fixture *f, double x) {
  return value_of(f, DENSITY, x);
}

static bool is_near(double a, double b, double tolerance) {
  if (isinf(a) || isinf(b)) return a == b;
  return fabs(a - b) <= tolerance * (1 + fabs(a) + fabs(b));
}

/* Sorted draws at the current setting, and then back to one. */
static void draw(struct fixture *f, size_t which, size_t at) {
  prepare(f, f->many, which, at);
  const struct floe_sampling sampling = {2026, 1, 1, FLOE_DRAW_OBSERVED};
  f->model->simulate(&f->context, &sampling, 1, f->data, f->values, f->scratch);
  memcpy(f->draws, f->data + f->many->offset[floe_variable_find(f->model, "x")], N_DRAW * sizeof *f->draws);
  floe__sort(N_DRAW, f->draws);
  prepare(f, f->one, which, at);
  if (isnan(f->draws[N_DRAW - 1])) complain(f, "some draws are no numbers");
  if (f->draws[0] < setting(f)->low || f->draws[N_DRAW - 1] > setting(f)->high)
    complain(f, "draws from %g to %g", f->draws[0], f->draws[N_DRAW - 1]);
}

/* ---- the distribution function by integration ---- */

/* x and P(X <= x). Numbers: the trapezoidal rule on the scale u of x = median + iqr sinh u, low + width exp u or
 * low + width inv_logit u, on which the densities fall off exponentially. Counts: sums. */
struct integral {
  size_t n;
  double x[N_STEP + 1], cdf[N_STEP + 1];
};
static struct integral integral;

static double place_at(const struct fixture *f, double u, double *stretch) {
  const double low = setting(f)->low, high = setting(f)->high, median = f->draws[N_DRAW / 2];
  const double spread = f->draws[3 * N_DRAW / 4] - f->draws[N_DRAW / 4];
  const double width = isinf(high) ? median - low : isinf(low) ? high - median : high - low;
  const double share = 1 / (1 + exp(-u));
  if (isinf(low) && isinf(high)) return *stretch = spread * cosh(u), median + spread * sinh(u);
  if (isinf(high)) return *stretch = width * exp(u), low + width * exp(u);
  if (isinf(low)) return *stretch = width * exp(-u), high - width * exp(-u);
  *stretch = width * share * (1 - share);
  return u < 0 ? low + width * share : high - width / (1 + exp(u));
}

static void integrate_numbers(struct fixture *f) {
  const double reach = 30, step = 2 * reach / N_STEP;
  double before = 0, sum = 0;
  integral.n = N_STEP + 1;
  for (size_t k = 0; k <= N_STEP; k++) {
    double stretch;
    const double x = place_at(f, -reach + (double)k * step, &stretch);
    const double density = exp(log_density(f, x)), mass = density > 0 && stretch > 0 ? density * stretch * step : 0;
    sum += 0.5 * (before + (isfinite(mass) ? mass : 0));
    before = isfinite(mass) ? mass : 0;
    integral.x[k] = x;
    integral.cdf[k] = sum;
  }
}

static void integrate_counts(struct fixture *f) {
  double sum = 0;
  integral.n = 0;
  for (double x = setting(f)->low; x <= setting(f)->high && integral.n <= N_COUNT && sum < 1 - 1e-13; x++) {
    sum += exp(log_density(f, x));
    integral.x[integral.n] = x;
    integral.cdf[integral.n++] = sum;
  }
}

static void integrate(struct fixture *f) {
  if (f->kind->base == BASE_REAL)
    integrate_numbers(f);
  else
    integrate_counts(f);
}

/* sup |F_n - F| over the grid. */
static double distance(const struct fixture *f) {
  double largest = 0;
  size_t below = 0;
  for (size_t k = 0; k < integral.n; k++) {
    while (below < N_DRAW && f->draws[below] <= integral.x[k]) below++;
    const double error = fabs((double)below / N_DRAW - integral.cdf[k]);
    if (!(error <= largest)) largest = error;
  }
  return largest;
}

/* ---- tests of one setting ---- */

static double bound(void) {
  return sqrt(log(2 / false_positive_rate) / (2. * N_DRAW));
}

static void test_integral_and_draws(struct fixture *f) {
  const double tolerance = f->kind->base == BASE_REAL ? 2e-4 : 1e-9; /* the rule's error at a kink: step^2 / 2 */
  integrate(f);
  if (!(fabs(integral.cdf[integral.n - 1] - 1) <= tolerance))
    complain(f, "the density integrates to %.9g", integral.cdf[integral.n - 1]);
  if (!(distance(f) <= bound())) complain(f, "draws are %g from the density, above %g", distance(f), bound());
}

/* Draws of the next setting are rejected. */
static void test_power_of_the_test(struct fixture *f) {
  const size_t which = f->which, at = f->setting;
  if (f->settings[which]->n < 2) complain(f, "one setting only");
  prepare(f, f->many, which, (at + 1) % f->settings[which]->n);
  const struct floe_sampling sampling = {2026, 1, 2, FLOE_DRAW_OBSERVED};
  f->model->simulate(&f->context, &sampling, 1, f->data, f->values, f->scratch);
  memcpy(f->draws, f->data + f->many->offset[floe_variable_find(f->model, "x")], N_DRAW * sizeof *f->draws);
  floe__sort(N_DRAW, f->draws);
  prepare(f, f->one, which, at);
  if (!(distance(f) > bound())) complain(f, "draws of the next setting pass, at a distance of %g", distance(f));
}

static void test_cdf(struct fixture *f) {
  const bool number = f->kind->base == BASE_REAL;
  if (!distribution(f)->cdf) return;
  for (size_t k = 0; k < integral.n; k += number ? 50 : 1) {
    const double cdf = value_of(f, CDF, integral.x[k]);
    if (!(fabs(cdf - integral.cdf[k]) <= (number ? 2e-4 : 1e-9)))
      complain(f, "cdf(%g) is %.12g, the density gives %.12g", integral.x[k], cdf, integral.cdf[k]);
  }
  for (size_t k = N_DRAW / 8; number && k < N_DRAW; k += N_DRAW / 4) { /* its slope, to more digits */
    const double x = f->draws[k], h = 1e-3 * fmin(1, fmin(fabs(x - setting(f)->low), fabs(setting(f)->high - x)));
    const double slope = (value_of(f, CDF, x - 2 * h) - 8 * value_of(f, CDF, x - h) + 8 * value_of(f, CDF, x + h) -
                          value_of(f, CDF, x + 2 * h)) /
                         (12 * h);
    const double density = exp(log_density(f, x));
    if (!(fabs(slope - density) <= 1e-6 * (1 + density)))
      complain(f, "the slope of the cdf at %g is %.12g, not %.12g", x, slope, density);
  }
}

/* Where the distribution function says P(X <= x) = p, or where counts first reach it. */
static void test_quantile_at(struct fixture *f, double p) {
  const bool number = f->kind->base == BASE_REAL;
  const double x = value_of(f, QUANTILE, p), share = value_of(f, CDF, x);
  if (number && !(fabs(share - p) <= 1e-9)) complain(f, "cdf(quantile(%g)) is %.12g", p, share);
  const double before = number || x <= setting(f)->low ? 0 : value_of(f, CDF, x - 1);
  if (!number && !(share >= p - 1e-12 && before <= p + 1e-12))
    complain(f, "quantile(%g) is %g, where the cdf goes from %g to %g", p, x, before, share);
}

static void test_upper_quantile_at(struct fixture *f, double p) {
  const bool number = f->kind->base == BASE_REAL;
  const double x = value_of(f, UPPER_QUANTILE, p);
  const double rest = distribution(f)->log_ccdf ? exp(value_of(f, LOG_CCDF, x)) : 1 - value_of(f, CDF, x);
  if (number && !(fabs(rest - p) <= 1e-9 * p + 1e-15)) complain(f, "P(X > upper_quantile(%g)) is %.12g", p, rest);
  const double before = number || x <= setting(f)->low ? 1 : exp(value_of(f, LOG_CCDF, x - 1));
  if (!number && !(rest <= p * (1 + 1e-9) && before >= p * (1 - 1e-9)))
    complain(f, "upper_quantile(%g) is %g, where the rest goes from %g to %g", p, x, before, rest);
}

static void test_quantile(struct fixture *f) {
  static const double shares[] = {1e-100, 1e-6, 0.01, 0.25, 0.6, 0.9, 0.999};
  const struct distribution *d = distribution(f);
  if ((d->quantile || d->upper_quantile) && !d->cdf) complain(f, "quantile without cdf");
  for (size_t k = 0; k < sizeof shares / sizeof *shares && d->cdf; k++) {
    if (d->quantile) test_quantile_at(f, shares[k]);
    if (d->upper_quantile) test_upper_quantile_at(f, shares[k]);
  }
}

/* Against the cdf where it has digits, and no NaN where it has none. */
static void test_log_tails(struct fixture *f) {
  const bool number = f->kind->base == BASE_REAL;
  for (enum method m = LOG_CDF; m <= LOG_CCDF; m++) {
    if (!method_of(distribution(f), m)) continue;
    if (!distribution(f)->cdf) complain(f, "%s without cdf", method_names[m]);
    for (size_t k = 0; k < integral.n; k += number ? 50 : 1) {
      const double cdf = value_of(f, CDF, integral.x[k]), log_share = value_of(f, m, integral.x[k]);
      const double share = m == LOG_CDF ? cdf : 1 - cdf;
      if (isnan(log_share) || log_share > 1e-12) complain(f, "%s(%g) is %g", method_names[m], integral.x[k], log_share);
      if (share > 1e-3 && !(fabs(log_share - log(share)) <= 1e-10))
        complain(f, "%s(%g) is %.12g, not %.12g", method_names[m], integral.x[k], log_share, log(share));
    }
  }
}

/* Central differences of fourth order along coordinate k; x itself stays inside the support. */
static double difference(struct fixture *f, size_t k) {
  static const double places[4] = {-2, -1, 1, 2};
  const bool place = k == f->one->coordinate[floe_variable_find(f->model, "place")];
  const double x = f->coordinates[k], inside = fmin(fabs(x - setting(f)->low), fabs(setting(f)->high - x));
  const double step = fmin(1e-4 * (1 + fabs(x)), place ? 1e-3 * inside : INF);
  double at[4];
  for (size_t i = 0; i < 4; i++) {
    f->coordinates[k] = x + places[i] * step;
    f->model->log_density(&f->context, 1, f->coordinates, &at[i], NULL, f->scratch);
  }
  f->coordinates[k] = x;
  return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step);
}

static void test_gradient(struct fixture *f, enum method method, double x) {
  double density, gradient[256];
  assert_true(f->one->n_coordinate <= 256);
  const double value = value_of(f, method, x);
  if (!isfinite(value)) return;
  f->model->gradient(&f->context, 1, f->coordinates, &density, gradient, f->scratch);
  for (size_t k = 0; k < f->one->n_coordinate; k++) {
    if (!isfinite(f->coordinates[k])) continue;
    const double expected = difference(f, k);
    if (!is_near(gradient[k], expected, 2e-6))
      complain(f, "gradient of %s at %g by coordinate %zu: %.12g, not %.12g", method_names[method], x, k, gradient[k],
               expected);
  }
}

/* A density may have a kink at one of its arguments, the mode of a triangle: differences across it say nothing. */
static bool at_kink(struct fixture *f, double x) {
  for (size_t k = 0; k < distribution(f)->n_formal; k++)
    if (fabs(x - setting(f)->arguments[k]) < 5e-4 * (1 + fabs(x))) return f->kind->base == BASE_REAL;
  return false;
}

static void test_gradients(struct fixture *f) {
  const bool number = f->kind->base == BASE_REAL;
  for (size_t k = N_DRAW / 20; k < N_DRAW; k += N_DRAW / 4) {
    const double x = f->draws[k];
    if (at_kink(f, x)) continue;
    test_gradient(f, DENSITY, x);
    for (enum method m = CDF; m <= LOG_CCDF; m++)
      if (m != QUANTILE && method_of(distribution(f), m)) test_gradient(f, m, x);
    if (distribution(f)->quantile && number) test_gradient(f, QUANTILE, 0.01 + (double)k / N_DRAW * 0.98);
    if (distribution(f)->upper_quantile && number) test_gradient(f, UPPER_QUANTILE, 0.01 + (double)k / N_DRAW * 0.98);
    if (!number) continue;
    f->coordinates[f->one->coordinate[floe_variable_find(f->model, "place")]] = x;
    if (!is_near(value_of(f, SLOPE, 0), log_density(f, x), 1e-12)) complain(f, "the density at %g", x);
    test_gradient(f, SLOPE, 0);
  }
}

/* No NaN, whatever x is: a sampler at the edge of the support must be able to turn back. */
static void test_gradient_is_a_number(struct fixture *f, double x) {
  double density, gradient[256];
  value_of(f, DENSITY, x);
  f->model->gradient(&f->context, 1, f->coordinates, &density, gradient, f->scratch);
  for (size_t k = 0; k < f->one->n_coordinate; k++)
    if (isnan(gradient[k])) complain(f, "the gradient at %g by coordinate %zu is no number", x, k);
}

static void test_support(struct fixture *f) {
  const double low = setting(f)->low, high = setting(f)->high;
  const double outside[] = {low - 1,  low - 1e-9 * (1 + fabs(low)),   low - 1e6,
                            high + 1, high + 1e-9 * (1 + fabs(high)), high + 1e6};
  if (f->kind->base == BASE_BOOL || f->kind->base == BASE_CODE) return;
  for (size_t k = 0; k < 6; k++) {
    if (!isfinite(outside[k])) continue;
    test_gradient_is_a_number(f, outside[k]);
    if (log_density(f, outside[k]) != -INFINITY)
      complain(f, "the log density at %.12g is %g", outside[k], log_density(f, outside[k]));
  }
}

static void test_extremes(struct fixture *f) {
  static const double far[] = {0, 1e-300, 1e-100, 1e-10, 1, 1e10, 1e100, 1e300};
  for (size_t k = 0; k < 16; k++) {
    const double x = k < 8 ? far[k] : -far[k - 8], strict = setting(f)->low == 0 && x <= 0;
    if (f->kind->base != BASE_REAL || x < setting(f)->low || x > setting(f)->high) continue;
    const double density = log_density(f, x);
    if (isfinite(density)) test_gradient_is_a_number(f, x);
    if (isnan(density) || (density == INFINITY && strict == 0 && x != setting(f)->low && x != setting(f)->high))
      complain(f, "the log density at %g is %g", x, density);
  }
}

/* log p^a differs from a log p by a constant. */
static void test_powers(struct fixture *f) {
  const double a = 0.8;
  for (enum method m = POWER; m <= POWER_LOG; m++) {
    double constant = NAN;
    if (m == POWER ? !distribution(f)->power : !distribution(f)->power_log) continue;
    for (size_t k = N_DRAW / 10; k < N_DRAW; k += N_DRAW / 5) {
      const double x = f->draws[k], power = value_of(f, m, x), log_x = m == POWER_LOG ? (1 - a) * log(x) : 0;
      const double now = power + log_x - a * log_density(f, x);
      if (isnan(constant)) constant = now;
      if (!is_near(now, constant, 1e-9)) complain(f, "%s at %g: %.12g, not %.12g", method_names[m], x, now, constant);
    }
  }
}

static size_t place_of(const struct distribution *d, const struct term *formal) {
  size_t k = 0;
  while (d->formals[k] != formal->formal) k++;
  return k;
}

/* p(x; m, s) = p((x - m) / s; 0, 1) / s. */
static void test_affine(struct fixture *f) {
  const struct distribution *d = distribution(f);
  double arguments[MAX_ARGUMENT], densities[8];
  if (!d->location) return;
  memcpy(arguments, setting(f)->arguments, sizeof arguments);
  const size_t location = place_of(d, d->location), scale = place_of(d, d->scale);
  const double m = arguments[location], s = arguments[scale];
  for (size_t k = 0; k < 8; k++) densities[k] = log_density(f, f->draws[(2 * k + 1) * N_DRAW / 16]);
  arguments[location] = 0;
  arguments[scale] = 1;
  set_arguments(f, arguments);
  for (size_t k = 0; k < 8; k++) {
    const double standard = log_density(f, (f->draws[(2 * k + 1) * N_DRAW / 16] - m) / s) - log(s);
    if (!is_near(densities[k], standard, 1e-9)) complain(f, "affine: %.12g, not %.12g", standard, densities[k]);
  }
  set_arguments(f, setting(f)->arguments);
}

/* Tails of which the family knows no logarithm, by the cdf, which may lose digits where they are small. */
static double tail_of(struct fixture *f, enum method method, double x) {
  if (method == DENSITY || method_of(distribution(f), method)) return value_of(f, method, x);
  return method == LOG_CDF ? log(value_of(f, CDF, x)) : log1p(-value_of(f, CDF, x));
}

static void test_figure(struct fixture *f, size_t which, const struct figure *figure) {
  if (strcmp(figure->name, f->distributions[which]->name) != 0) return;
  prepare(f, f->one, which, 0);
  set_arguments(f, figure->arguments);
  const double value = tail_of(f, figure->method, figure->x);
  if (figure->method != DENSITY && !method_of(distribution(f), figure->method) && figure->value < -7) return;
  if (!is_near(value, figure->value, 1e-8)) /* lgamma(1e6) alone is 1e7 with 16 digits */
    complain(f, "%s at %g: %.15g, not %.15g", method_names[figure->method], figure->x, value, figure->value);
}

static void test_figures(struct fixture *f, size_t which) {
  for (size_t k = 0; k < N_FIGURE; k++)
    test_figure(f, which, k < N_DENSITY_FIGURE ? &density_figures[k] : &tail_figures[k - N_DENSITY_FIGURE]);
}

static void test_setting(struct fixture *f) {
  test_integral_and_draws(f);
  test_cdf(f);
  test_quantile(f);
  test_log_tails(f);
  test_gradients(f);
  test_support(f);
  test_extremes(f);
  test_powers(f);
  test_affine(f);
  test_power_of_the_test(f);
}

static void distributions_pass(const struct kind *kind) {
  struct fixture *f = fixture_new(kind);
  for (size_t which = 0; which < f->n; which++) {
    for (size_t at = 0; at < f->settings[which]->n; at++) {
      draw(f, which, at);
      test_setting(f);
    }
    test_figures(f, which);
  }
  assert_int_equal(f->n_complaint, 0);
  fixture_free(f);
}

/* ---- distributions that are wrong on purpose ---- */

struct mistake {
  const char *method, *right, *wrong;
};
static const struct mistake mistakes[] = {
    {NULL, "", ""},
    {"logpdf(x)", "-0.5 * ((x - mu) / sigma)^2 - log(sigma) - LOG_SQRT_2PI", "-0.5 * ((x - mu) / sigma)^2 - log(sigma) - 0.9179"},
    {"logpdf(x)", "", "-slanted(0.5 * ((x - mu) / sigma)^2) - log(sigma) - LOG_SQRT_2PI"}, /* a wrong derivative */
    {"sample", "mu + sigma * std_normal()", "mu + 1.06 * sigma * std_normal()"},
    {"cdf(x)", "Phi((x - mu) / sigma)", "Phi((x - mu) / sigma) + 0.0003"},
    {"quantile(p)", "mu + sigma * Phi_inv(p)", "mu + 1.00001 * sigma * Phi_inv(p)"},
    {"log_cdf(x)", "log_Phi((x - mu) / sigma)", "1.00001 * log_Phi((x - mu) / sigma)"},
    {"log_ccdf(x)", "log_Phi((mu - x) / sigma)", "log_Phi((x - mu) / sigma)"},
    {"upper_quantile(p)", "mu - sigma * Phi_inv(p)", "mu - sigma * Phi_inv(0.999 * p)"},
    {"power(a)", "my_normal(mu, sigma / sqrt(a))", "my_normal(mu, Phi_inv(Phi(sigma / a)))"}, /* else E2025 finds it */
    {"affine", "(mu, sigma)", "(mu, 2 * sigma)"},
};
enum { N_MISTAKE = sizeof mistakes / sizeof *mistakes };

static const char *definition_with(struct floe__text *text, size_t mistake) {
  const char *wrong = mistakes[mistake].method;
  floe__text_puts(text, "extern fun slanted(x) as \"floe_identity_for_test\" derivative 1.001\n"
                        "dist my_normal(mu, sigma : positive) on real {\n");
  for (size_t k = 1; k < N_MISTAKE; k++) {
    if (!*mistakes[k].right) continue;
    const bool here = wrong && strcmp(mistakes[k].method, wrong) == 0;
    floe__text_printf(text, "  %s = %s\n", mistakes[k].method, here ? mistakes[mistake].wrong : mistakes[k].right);
  }
  floe__text_puts(text, "}\n");
  return text->data;
}

double floe_identity_for_test(double x);
double floe_identity_for_test(double x) {
  return x;
}

/* One mistake at a time in a normal distribution: each is found; without one there is nothing to find. */
static void every_mistake_is_found(void **state) {
  static const struct test_points settings = {"my_normal", 2, 0, {{-INF, INF, {0.5, 1}}, {-INF, INF, {3, 0.2}}}};
  (void)state;
  for (size_t mistake = 0; mistake < N_MISTAKE; mistake++) {
    struct floe__text text = {0};
    struct fixture *f = fixture_of_definition(definition_with(&text, mistake), &settings);
    f->quiet = mistake > 0;
    for (size_t at = 0; at < settings.n; at++) {
      draw(f, 0, at);
      test_setting(f);
    }
    if ((f->n_complaint > 0) != (mistake > 0)) fail_msg("%zu complaints about mistake %zu", f->n_complaint, mistake);
    fixture_free(f);
    floe__text_free(&text);
  }
}

static void distributions_of_numbers_are_what_they_say(void **state) {
  (void)state;
  distributions_pass(&kinds[0]);
}

static void distributions_of_counts_are_what_they_say(void **state) {
  (void)state;
  distributions_pass(&kinds[1]);
}

static void distributions_of_truth_values_are_what_they_say(void **state) {
  (void)state;
  distributions_pass(&kinds[2]);
}

static void distributions_of_codes_are_what_they_say(void **state) {
  (void)state;
  distributions_pass(&kinds[3]);
}

/* ---- vectors ---- */

/* Distributions of two numbers as priors: the density on a grid, and what it says of projections of the draws. */
static const char vectors[] = "model vectors \"vectors\"\n"
                              "index two = 2\n"
                              "axis which = multi_normal_chol* | multi_student_t_chol\n"
                              "L[i in two, j in two] = if(i < j, 0, if(i > j, -0.8, if(i == 1, 1.5, 0.5)))\n"
                              "m[i in two] = if(i == 1, 1, -2)\n"
                              "param x[two] ~ choose which { multi_normal_chol: multi_normal_chol(m, L)\n"
                              "                              multi_student_t_chol: multi_student_t_chol(4, m, L) }\n"
                              "report x\n";

enum { N_SIDE = 700 };
struct mass {
  double at, mass; /* a projection, and its probability */
};
static struct mass masses[N_SIDE * N_SIDE];

static int by_place(const void *a, const void *b) {
  const double x = ((const struct mass *)a)->at, y = ((const struct mass *)b)->at;
  return (x > y) - (x < y);
}

/* The grid is even on the scale u of x = center + sinh u. */
static double fill_masses(struct fixture *f, double a, double b) {
  const double reach = 7, step = 2 * reach / N_SIDE;
  double total = 0;
  for (size_t k = 0; k < N_SIDE * N_SIDE; k++) {
    const double u = -reach + ((double)(k / N_SIDE) + 0.5) * step, v = -reach + ((double)(k % N_SIDE) + 0.5) * step;
    const double x[2] = {1 + sinh(u), -2 + sinh(v)};
    double density;
    f->model->log_density(&f->context, 1, x, &density, NULL, f->scratch);
    masses[k] = (struct mass){a * x[0] + b * x[1], exp(density) * cosh(u) * cosh(v) * step * step};
    total += masses[k].mass;
  }
  qsort(masses, N_SIDE * N_SIDE, sizeof *masses, by_place);
  return total;
}

static double projected_distance(struct fixture *f, double a, double b, double scale) {
  double sum = 0, largest = 0;
  for (size_t k = 0; k < N_DRAW; k++) {
    const struct floe_sampling sampling = {2026, 1, k, FLOE_DRAW_PARAMETERS};
    f->model->simulate(&f->context, &sampling, 1, f->data, f->values, f->scratch);
    f->draws[k] = scale * (a * f->values[0] + b * f->values[1]);
  }
  floe__sort(N_DRAW, f->draws);
  for (size_t k = 0, below = 0; k < N_SIDE * N_SIDE; k++) {
    while (below < N_DRAW && f->draws[below] <= masses[k].at) below++;
    sum += 0.5 * masses[k].mass; /* half of each cell lies below its middle */
    largest = fmax(largest, fabs((double)below / N_DRAW - sum));
    sum += 0.5 * masses[k].mass;
  }
  return largest;
}

static void distributions_of_vectors_are_what_they_say(void **state) {
  static const double directions[3][2] = {{1, 0}, {0, 1}, {0.6, 0.8}};
  static const struct kind kind = {"", BASE_REAL};
  (void)state;
  struct fixture *f = fixture_of(&kind, vectors);
  for (size_t which = 0; which < 2; which++)
    for (size_t k = 0; k < 3; k++) {
      const double a = directions[k][0], b = directions[k][1];
      f->universe.option[0] = which;
      assert_true(fabs(fill_masses(f, a, b) - 1) < 1e-4);
      assert_true(projected_distance(f, a, b, 1) <= bound());
      assert_true(projected_distance(f, a, b, 1.1) > bound());
    }
  fixture_free(f);
}

/* docs/distributions.md has a row for each. */
static void the_manual_lists_every_distribution(void **state) {
  (void)state;
  struct fixture *f = fixture_alone(&kinds[0]);
  struct floe__arena *arena = f->arena;
  const char *root = getenv("FLOE_SOURCE");
  enum source_problem problem;
  const struct source *page =
      source_read(arena, floe__arena_printf(arena, "%s/docs/distributions.md", root ? root : "."), &problem);
  assert_non_null(page);
  const struct program *program = check_text(f, no_distribution);
  for (size_t k = 0; k < program->n_distribution; k++) {
    const char *row = floe__arena_printf(arena, "| `%s` |", program->distributions[k]->name);
    if (!strstr(page->text, row))
      fail_msg("docs/distributions.md has no row for `%s`", program->distributions[k]->name);
  }
  floe__arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_mistake_is_found),
      cmocka_unit_test(distributions_of_numbers_are_what_they_say),
      cmocka_unit_test(distributions_of_counts_are_what_they_say),
      cmocka_unit_test(distributions_of_truth_values_are_what_they_say),
      cmocka_unit_test(distributions_of_codes_are_what_they_say),
      cmocka_unit_test(distributions_of_vectors_are_what_they_say),
      cmocka_unit_test(the_manual_lists_every_distribution),
  };
  return cmocka_run_group_tests_name("distributions", tests, NULL, NULL);
}
