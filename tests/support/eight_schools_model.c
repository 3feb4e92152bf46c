#include "tests/support/eight_schools_model.h"

#include <floe/draws.h>
#include <math.h>

double floe_lgamma(double x);
double floe_digamma(double x);

static const double log_sqrt_2pi = 0.91893853320467274178, log_pi = 1.14472988584940017414,
                    log_2 = 0.69314718055994530942;

static const size_t school_only[] = {0};
static const struct floe_dimension dimensions[] = {{"school", 4, 16, 0}};

static const struct floe_option tau_prior_options[] = {{"cauchy", 1. / 3}, {"normal", 1. / 3}, {"flat", 1. / 3}};
static const struct floe_option noise_options[] = {{"gaussian", 0.5}, {"heavy", 0.5}};
static const struct floe_option outliers_options[] = {{"keep", 0.5}, {"winsorise", 0.5}};
static const struct floe_option form_options[] = {{"centred", 0.5}, {"noncentred", 0.5}};
static const struct floe_condition heavy_only[] = {{EIGHT_SCHOOLS_NOISE, 2}};

static const struct floe_axis axes[] = {
    {.name = "tau_prior", .description = "Prior on the between-school sd", .n_option = 3, .options = tau_prior_options},
    {.name = "noise", .description = "Noise model", .n_option = 2, .options = noise_options},
    {.name = "prior_power",
     .description = "Power of the prior on mu",
     .continuous = 1,
     .logarithmic = 1,
     .low = 0.5,
     .high = 2,
     .reference_value = 1},
    {.name = "outliers",
     .description = "Treatment of extreme schools",
     .prepares = 1,
     .n_option = 2,
     .options = outliers_options},
    {.name = "form", .description = "", .equivalence = 1, .n_option = 2, .reference = 1, .options = form_options},
};

static const struct floe_variable variables[] = {
    {.name = "sigma",
     .role = FLOE_DATA,
     .n_dim = 1,
     .dims = school_only,
     .strict = 1,
     .low = 0,
     .high = INFINITY,
     .has_distribution = 1,
     .codes = FLOE_NONE},
    {.name = "mu", .role = FLOE_PARAM, .low = -INFINITY, .high = INFINITY, .has_distribution = 1, .codes = FLOE_NONE},
    {.name = "tau",
     .role = FLOE_PARAM,
     .strict = 1,
     .low = 0,
     .high = INFINITY,
     .has_distribution = 1,
     .codes = FLOE_NONE},
    {.name = "theta",
     .role = FLOE_PARAM,
     .n_dim = 1,
     .dims = school_only,
     .low = -INFINITY,
     .high = INFINITY,
     .has_distribution = 1,
     .codes = FLOE_NONE},
    {.name = "nu",
     .role = FLOE_PARAM,
     .strict = 1,
     .low = 0,
     .high = INFINITY,
     .has_distribution = 1,
     .codes = FLOE_NONE,
     .n_condition = 1,
     .conditions = heavy_only},
    {.name = "y",
     .role = FLOE_OBS,
     .n_dim = 1,
     .dims = school_only,
     .low = -INFINITY,
     .high = INFINITY,
     .has_distribution = 1,
     .codes = FLOE_NONE},
};

static const struct floe_report reports[] = {{.name = "mu"},
                                             {.name = "tau"},
                                             {.name = "theta", .n_dim = 1, .dims = school_only},
                                             {.name = "best", .base = FLOE_CODE}};
static const struct floe_claim claims[] = {{"coaching helps on average"}};
static const struct floe_check checks[] = {{"scores stay on the scale", 0.98}};

static size_t scratch_size(const struct floe_layout *layout) {
  return layout->size[0] + 1;
}

static int permitted(const struct floe_universe *u) {
  return !(u->option[EIGHT_SCHOOLS_NOISE] == 1 && u->option[EIGHT_SCHOOLS_OUTLIERS] == 1);
}

/* Vectors of one point: where each variable stands in them. */
struct place {
  size_t n;
  const double *sigma, *y;
  size_t mu, tau, theta, nu; /* in values and coordinates alike */
};

static struct place place_of(const struct floe_context *context) {
  const struct floe_layout *layout = context->layout;
  const size_t *at = layout->offset;
  struct place place = {layout->size[0],
                        context->data ? context->data + at[EIGHT_SCHOOLS_SIGMA] : NULL,
                        context->data ? context->data + at[EIGHT_SCHOOLS_Y] : NULL,
                        at[EIGHT_SCHOOLS_MU],
                        at[EIGHT_SCHOOLS_TAU],
                        at[EIGHT_SCHOOLS_THETA],
                        at[EIGHT_SCHOOLS_NU]};
  return place;
}

static double draw(const struct floe_sampling *s, size_t point, size_t site, size_t element,
                   double (*raw)(struct floe_stream *)) {
  struct floe_stream stream;
  floe_stream_open(&stream, s->seed, s->purpose, s->first_unit + point, site, element);
  return raw(&stream);
}

static double draw_gamma(const struct floe_sampling *s, size_t point, size_t site, size_t element, double shape) {
  struct floe_stream stream;
  floe_stream_open(&stream, s->seed, s->purpose, s->first_unit + point, site, element);
  return floe_draw_gamma(&stream, shape);
}

static void simulate_point(const struct floe_context *context, const struct floe_sampling *s, size_t k, double *data,
                           double *values) {
  const struct floe_universe *u = context->universe;
  const size_t *at = context->layout->offset, n = context->layout->size[0];
  double *sigma = data + at[EIGHT_SCHOOLS_SIGMA], *y = data + at[EIGHT_SCHOOLS_Y],
         *theta = values + at[EIGHT_SCHOOLS_THETA];
  double *mu = values + at[EIGHT_SCHOOLS_MU], *tau = values + at[EIGHT_SCHOOLS_TAU],
         *nu = values + at[EIGHT_SCHOOLS_NU];
  const int heavy = u->option[EIGHT_SCHOOLS_NOISE] == 1;
  if (s->what & FLOE_DRAW_DATA)
    for (size_t i = 0; i < n; i++) sigma[i] = exp(2.4 + 0.4 * draw(s, k, 0, i, floe_draw_normal));
  if (s->what & FLOE_DRAW_PARAMETERS) {
    *mu = 5 / sqrt(u->value[EIGHT_SCHOOLS_PRIOR_POWER]) * draw(s, k, 64, 0, floe_draw_normal);
    switch (u->option[EIGHT_SCHOOLS_TAU_PRIOR]) {
      case 0: *tau = 5 * tan(0.5 * M_PI * draw(s, k, 128, 0, floe_draw_uniform)); break;
      case 1: *tau = fabs(5 * draw(s, k, 128, 0, floe_draw_normal)); break;
      default: *tau = 25 * draw(s, k, 128, 0, floe_draw_uniform);
    }
    for (size_t i = 0; i < n; i++) theta[i] = *mu + *tau * draw(s, k, 192, i, floe_draw_normal);
    *nu = heavy ? draw_gamma(s, k, 256, 0, 2) / 0.1 : NAN;
  }
  if (s->what & FLOE_DRAW_OBSERVED)
    for (size_t i = 0; i < n; i++) {
      double noise = draw(s, k, 320, i, floe_draw_normal);
      if (heavy) noise /= sqrt(2 * draw_gamma(s, k, 321, i, 0.5 * *nu) / *nu);
      y[i] = theta[i] + sigma[i] * noise;
    }
}

static void simulate(const struct floe_context *context, const struct floe_sampling *sampling, size_t n, double *data,
                     double *values, double *scratch) {
  (void)scratch;
  for (size_t k = 0; k < n; k++)
    simulate_point(context, sampling, k, data + k * context->layout->n_data, values + k * context->layout->n_value);
}

/* Whether theta's coordinate is the residual (theta - mu) / tau, and whether tau's is bounded by 25. */
static int noncentred(const struct floe_context *c) {
  return c->coordinates == FLOE_FAMILY_COORDINATES || c->universe->option[EIGHT_SCHOOLS_FORM] == 1;
}
static int bounded(const struct floe_context *c) {
  return c->coordinates == FLOE_UNIVERSE_COORDINATES && c->universe->option[EIGHT_SCHOOLS_TAU_PRIOR] == 2;
}

/* Log density of one point; gradient may be NULL. */
static double density_point(const struct floe_context *context, const double *x, double *terms, double *gradient) {
  const struct floe_universe *u = context->universe;
  const struct place p = place_of(context);
  const int heavy = u->option[EIGHT_SCHOOLS_NOISE] == 1, residual = noncentred(context);
  double prior = 0, likelihood = 0, jacobian = 0;
  const double mu = x[p.mu], s_mu = 5 / sqrt(u->value[EIGHT_SCHOOLS_PRIOR_POWER]);
  double d_mu = -mu / (s_mu * s_mu), d_tau = 0, tau, dtau_dx, djacobian;
  prior += -0.5 * (mu / s_mu) * (mu / s_mu) - log(s_mu) - log_sqrt_2pi;
  if (bounded(context)) {
    const double share = 1 / (1 + exp(-x[p.tau]));
    tau = 25 * share;
    dtau_dx = 25 * share * (1 - share);
    jacobian += log(25) + log(share) + log1p(-share);
    djacobian = 1 - 2 * share;
  } else {
    tau = dtau_dx = exp(x[p.tau]);
    jacobian += x[p.tau];
    djacobian = 1;
  }
  switch (u->option[EIGHT_SCHOOLS_TAU_PRIOR]) {
    case 0:
      prior += log_2 - log_pi - log(5) - log1p(tau * tau / 25);
      d_tau += -2 * tau / 25 / (1 + tau * tau / 25);
      break;
    case 1:
      prior += log_2 - 0.5 * tau * tau / 25 - log(5) - log_sqrt_2pi;
      d_tau += -tau / 25;
      break;
    default:
      if (!(tau >= 0 && tau <= 25)) prior = -INFINITY;
      prior -= log(25);
  }
  double nu = 0, d_nu = 0;
  if (heavy) {
    nu = exp(x[p.nu]);
    jacobian += x[p.nu];
    prior += 2 * log(0.1) + log(nu) - 0.1 * nu; /* lgamma(2) = 0 */
    d_nu += 1 / nu - 0.1;
  }
  if (gradient)
    for (size_t i = 0; i < context->layout->n_coordinate; i++) gradient[i] = 0;
  for (size_t i = 0; i < p.n; i++) {
    const double c = x[p.theta + i], z = residual ? c : (c - mu) / tau, theta = residual ? mu + tau * c : c;
    prior += -0.5 * z * z - log_sqrt_2pi - (residual ? 0 : log(tau));
    const double r = (p.y[i] - theta) / p.sigma[i];
    double d_theta;
    if (heavy) {
      likelihood += floe_lgamma(0.5 * (nu + 1)) - floe_lgamma(0.5 * nu) - 0.5 * (log(nu) + log_pi) - log(p.sigma[i]) -
                    0.5 * (nu + 1) * log1p(r * r / nu);
      d_theta = (nu + 1) * r / (nu + r * r) / p.sigma[i];
      d_nu += 0.5 * floe_digamma(0.5 * (nu + 1)) - 0.5 * floe_digamma(0.5 * nu) - 0.5 / nu - 0.5 * log1p(r * r / nu) +
              0.5 * (nu + 1) * r * r / nu / (nu + r * r);
    } else {
      likelihood += -0.5 * r * r - log(p.sigma[i]) - log_sqrt_2pi;
      d_theta = r / p.sigma[i];
    }
    if (!gradient) continue;
    if (residual) {
      gradient[p.theta + i] = -c + d_theta * tau;
      d_mu += d_theta;
      d_tau += d_theta * c;
    } else {
      gradient[p.theta + i] = -z / tau + d_theta;
      d_mu += z / tau;
      d_tau += (z * z - 1) / tau;
    }
  }
  if (gradient) {
    gradient[p.mu] = d_mu;
    gradient[p.tau] = d_tau * dtau_dx + djacobian;
    if (heavy) gradient[p.nu] = d_nu * nu + 1;
  }
  if (terms) terms[FLOE_PRIOR] = prior, terms[FLOE_LIKELIHOOD] = likelihood, terms[FLOE_JACOBIAN] = jacobian;
  return prior + likelihood + jacobian;
}

static void log_density(const struct floe_context *context, size_t n, const double *coordinates, double *result,
                        double *terms, double *scratch) {
  (void)scratch;
  for (size_t k = 0; k < n; k++)
    result[k] = density_point(context, coordinates + k * context->layout->n_coordinate,
                              terms ? terms + k * FLOE_N_TAG : NULL, NULL);
}

static void gradient(const struct floe_context *context, size_t n, const double *coordinates, double *result,
                     double *slope, double *scratch) {
  (void)scratch;
  const size_t m = context->layout->n_coordinate;
  for (size_t k = 0; k < n; k++) result[k] = density_point(context, coordinates + k * m, NULL, slope + k * m);
}

static void constrain(const struct floe_context *context, size_t n, const double *coordinates, double *values,
                      double *scratch) {
  (void)scratch;
  const struct place p = place_of(context);
  const int heavy = context->universe->option[EIGHT_SCHOOLS_NOISE] == 1;
  for (size_t k = 0; k < n; k++) {
    const double *x = coordinates + k * context->layout->n_coordinate;
    double *v = values + k * context->layout->n_value;
    v[p.mu] = x[p.mu];
    v[p.tau] = bounded(context) ? 25 / (1 + exp(-x[p.tau])) : exp(x[p.tau]);
    for (size_t i = 0; i < p.n; i++)
      v[p.theta + i] = noncentred(context) ? v[p.mu] + v[p.tau] * x[p.theta + i] : x[p.theta + i];
    v[p.nu] = heavy ? exp(x[p.nu]) : NAN;
  }
}

static void unconstrain(const struct floe_context *context, size_t n, const double *values, double *coordinates,
                        double *scratch) {
  (void)scratch;
  const struct place p = place_of(context);
  const int heavy = context->universe->option[EIGHT_SCHOOLS_NOISE] == 1;
  for (size_t k = 0; k < n; k++) {
    const double *v = values + k * context->layout->n_value;
    double *x = coordinates + k * context->layout->n_coordinate;
    x[p.mu] = v[p.mu];
    x[p.tau] = bounded(context) ? log(v[p.tau] / (25 - v[p.tau])) : log(v[p.tau]);
    for (size_t i = 0; i < p.n; i++)
      x[p.theta + i] = noncentred(context) ? (v[p.theta + i] - v[p.mu]) / v[p.tau] : v[p.theta + i];
    x[p.nu] = heavy ? log(v[p.nu]) : 0;
  }
}

static void report(const struct floe_context *context, size_t n, const double *values, double *outputs,
                   double *scratch) {
  (void)scratch;
  const struct place p = place_of(context);
  for (size_t k = 0; k < n; k++) {
    const double *v = values + k * context->layout->n_value;
    double *out = outputs + k * context->layout->n_output;
    size_t best = 0;
    out[0] = v[p.mu];
    out[1] = v[p.tau];
    for (size_t i = 0; i < p.n; i++) {
      out[2 + i] = v[p.theta + i];
      if (v[p.theta + i] > v[p.theta + best]) best = i;
    }
    out[2 + p.n] = (double)(best + 1);
    out[2 + 2 * p.n] = v[p.mu] > 0; /* best has room for p.n truth values */
  }
}

static void check(const struct floe_context *context, size_t n, const double *data, const double *values, double *holds,
                  double *scratch) {
  (void)values, (void)scratch;
  for (size_t k = 0; k < n; k++) {
    const double *y = data + k * context->layout->n_data + context->layout->offset[EIGHT_SCHOOLS_Y];
    holds[k] = 1;
    for (size_t i = 0; i < context->layout->size[0]; i++)
      if (!(fabs(y[i]) < 1000)) holds[k] = 0;
  }
}

/* The type 7 quantile of x, by counting: fine for tests. */
static double quantile(size_t n, const double *x, double p) {
  const double at = p * (double)(n - 1);
  double below = NAN, above = NAN;
  for (size_t i = 0; i < n; i++) {
    size_t rank = 0;
    for (size_t j = 0; j < n; j++) rank += x[j] < x[i] || (x[j] == x[i] && j < i);
    if (rank == (size_t)floor(at)) below = x[i];
    if (rank == (size_t)ceil(at)) above = x[i];
  }
  return below + (at - floor(at)) * (above - below);
}

static void prepare(const struct floe_context *context, const double *data, double *prepared, double *scratch) {
  (void)scratch;
  const size_t n = context->layout->size[0];
  for (size_t i = 0; i < context->layout->n_data; i++) prepared[i] = data[i];
  if (context->universe->option[EIGHT_SCHOOLS_OUTLIERS] == 0) return;
  const double *y = data + context->layout->offset[EIGHT_SCHOOLS_Y];
  const double low = quantile(n, y, 0.1), high = quantile(n, y, 0.9);
  for (size_t i = 0; i < n; i++)
    prepared[context->layout->offset[EIGHT_SCHOOLS_Y] + i] = y[i] < low ? low : y[i] > high ? high : y[i];
}

const double eight_schools_data[16] = {15, 10, 16, 11, 9, 11, 10, 18, 28, 8, -3, 7, -1, 1, 18, 12};

const struct floe_model eight_schools_by_hand = {.version = FLOE_MODEL_VERSION,
                                                 .name = "eight_schools",
                                                 .title = "Coaching effects in eight schools",
                                                 .source_path = "eight_schools.floe",
                                                 .source_text = "",
                                                 .fingerprint = "by-hand",
                                                 .n_dimension = 1,
                                                 .n_axis = 5,
                                                 .n_variable = 6,
                                                 .n_report = 4,
                                                 .n_claim = 1,
                                                 .n_check = 1,
                                                 .dimensions = dimensions,
                                                 .axes = axes,
                                                 .variables = variables,
                                                 .reports = reports,
                                                 .claims = claims,
                                                 .checks = checks,
                                                 .plate = 0,
                                                 .sequence = FLOE_NONE,
                                                 .scratch_size = scratch_size,
                                                 .permitted = permitted,
                                                 .simulate = simulate,
                                                 .log_density = log_density,
                                                 .gradient = gradient,
                                                 .constrain = constrain,
                                                 .unconstrain = unconstrain,
                                                 .report = report,
                                                 .check = check,
                                                 .prepare = prepare};
