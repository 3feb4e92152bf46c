#include "tests/support/normal_model.h"

#include <math.h>

const double normal_mean[NORMAL_DIM] = {1, 2, 3, 4, 5}, normal_sd[NORMAL_DIM] = {0.01, 0.1, 1, 10, 100};
static const double rho = 0.8;

static const size_t place_only[] = {0};
static const struct floe_dimension dimensions[] = {{"place", NORMAL_DIM, NORMAL_DIM, 0}};
static const struct floe_option shapes[] = {{"proper", 1. / 6},     {"flat", 1. / 6},    {"undefined", 1. / 6},
                                            {"impossible", 1. / 6}, {"runaway", 1. / 6}, {"spike", 1. / 6}};
static const struct floe_axis axes[] = {{.name = "shape", .description = "", .n_option = 6, .options = shapes}};
static const struct floe_variable variables[] = {{.name = "x",
                                                  .role = FLOE_PARAM,
                                                  .n_dim = 1,
                                                  .dims = place_only,
                                                  .low = -INFINITY,
                                                  .high = INFINITY,
                                                  .has_distribution = 1,
                                                  .codes = FLOE_NONE}};
static const struct floe_report reports[] = {{.name = "x", .n_dim = 1, .dims = place_only}};
static const struct floe_claim claims[] = {{"x[3] is positive"}};

static size_t scratch_size(const struct floe_layout *layout) {
  return layout->n_coordinate;
}
static int permitted(const struct floe_universe *universe) {
  return universe->option[0] < 6;
}

/* Residuals of the autoregression z_i = rho z_(i-1) + sqrt(1 - rho^2) e_i of standardised x. */
static double density_point(enum normal_shape shape, const double *x, double *terms, double *gradient) {
  const double innovation = 1 - rho * rho;
  double prior = 0, z_before = 0;
  for (size_t i = 0; gradient && i < NORMAL_DIM; i++) gradient[i] = 0;
  for (size_t i = 0; i < NORMAL_DIM; i++) {
    const int skipped = shape == NORMAL_FLAT && i == 2;
    const double z = skipped ? 0 : (x[i] - normal_mean[i]) / normal_sd[i];
    const double e = i ? z - rho * z_before : z, variance = i ? innovation : 1;
    prior += -0.5 * e * e / variance - 0.5 * log(variance) - log(normal_sd[i]) - 0.91893853320467274178;
    if (gradient && !skipped) gradient[i] += -e / variance / normal_sd[i];
    if (gradient && i && !(shape == NORMAL_FLAT && i == 3)) gradient[i - 1] += rho * e / variance / normal_sd[i - 1];
    z_before = z;
  }
  if (shape == NORMAL_RUNAWAY) {
    prior = 0.5 * x[3];
    for (size_t i = 0; i < NORMAL_DIM; i++) {
      if (i != 3) prior -= 0.5 * x[i] * x[i];
      if (gradient) gradient[i] = i == 3 ? 0.5 : -x[i];
    }
  }
  if (shape == NORMAL_IMPOSSIBLE) prior = -INFINITY;
  if (shape == NORMAL_SPIKE && fmod(fabs(x[0]), 0.25) != 0) prior = -INFINITY;
  const double likelihood = shape == NORMAL_UNDEFINED ? NAN : 0;
  if (terms) terms[FLOE_PRIOR] = prior, terms[FLOE_LIKELIHOOD] = likelihood, terms[FLOE_JACOBIAN] = 0;
  return prior + likelihood;
}

static void log_density(const struct floe_context *context, size_t n, const double *x, double *result, double *terms,
                        double *scratch) {
  (void)scratch;
  for (size_t k = 0; k < n; k++)
    result[k] = density_point((enum normal_shape)context->universe->option[0], x + k * NORMAL_DIM,
                              terms ? terms + k * FLOE_N_TAG : NULL, NULL);
}

static void gradient(const struct floe_context *context, size_t n, const double *x, double *result, double *slope,
                     double *scratch) {
  (void)scratch;
  for (size_t k = 0; k < n; k++)
    result[k] = density_point((enum normal_shape)context->universe->option[0], x + k * NORMAL_DIM, NULL,
                              slope + k * NORMAL_DIM);
}

static void copy(const struct floe_context *context, size_t n, const double *from, double *to, double *scratch) {
  (void)context, (void)scratch;
  for (size_t k = 0; k < n * NORMAL_DIM; k++) to[k] = from[k];
}

static void report(const struct floe_context *context, size_t n, const double *values, double *outputs,
                   double *scratch) {
  (void)context, (void)scratch;
  for (size_t k = 0; k < n; k++) {
    for (size_t i = 0; i < NORMAL_DIM; i++) outputs[k * (NORMAL_DIM + 1) + i] = values[k * NORMAL_DIM + i];
    outputs[k * (NORMAL_DIM + 1) + NORMAL_DIM] = values[k * NORMAL_DIM + 2] > 0;
  }
}

static void prepare(const struct floe_context *context, const double *data, double *prepared, double *scratch) {
  (void)context, (void)data, (void)prepared, (void)scratch;
}

void normal_from_noise(double scale, const double *z, double *x) {
  double here = 0;
  for (size_t i = 0; i < NORMAL_DIM; i++) {
    here = i ? rho * here + sqrt(1 - rho * rho) * z[i] : z[i];
    x[i] = normal_mean[i] + scale * normal_sd[i] * here;
  }
}

const struct floe_model normal_by_hand = {.version = FLOE_MODEL_VERSION,
                                          .name = "normal",
                                          .title = "A correlated normal",
                                          .source_path = "normal.floe",
                                          .source_text = "",
                                          .fingerprint = "by-hand",
                                          .n_dimension = 1,
                                          .n_axis = 1,
                                          .n_variable = 1,
                                          .n_report = 1,
                                          .n_claim = 1,
                                          .dimensions = dimensions,
                                          .axes = axes,
                                          .variables = variables,
                                          .reports = reports,
                                          .claims = claims,
                                          .plate = FLOE_NONE,
                                          .sequence = FLOE_NONE,
                                          .scratch_size = scratch_size,
                                          .permitted = permitted,
                                          .log_density = log_density,
                                          .gradient = gradient,
                                          .constrain = copy,
                                          .unconstrain = copy,
                                          .report = report,
                                          .prepare = prepare};
