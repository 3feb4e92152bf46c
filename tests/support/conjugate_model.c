#include "tests/support/conjugate_model.h"

#include <floe/draws.h>
#include <math.h>

#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"

static const double log_sqrt_2pi = 0.91893853320467274178;
static const size_t place_only[] = {0};
static const struct floe_dimension dimensions[] = {{"place", 2, 5, 0}};
static const struct floe_option trims[] = {{"no", 0.5}, {"yes", 0.5}};
static const struct floe_axis axes[] = {
    {.name = "shift", .description = "", .continuous = 1, .low = 0, .high = 0.5, .reference_value = 0},
    {.name = "trim", .description = "", .prepares = 1, .n_option = 2, .options = trims}};
static const struct floe_variable variables[] = {{.name = "theta",
                                                  .role = FLOE_PARAM,
                                                  .low = -INFINITY,
                                                  .high = INFINITY,
                                                  .has_distribution = 1,
                                                  .codes = FLOE_NONE},
                                                 {.name = "y",
                                                  .role = FLOE_OBS,
                                                  .n_dim = 1,
                                                  .dims = place_only,
                                                  .low = -INFINITY,
                                                  .high = INFINITY,
                                                  .has_distribution = 1,
                                                  .codes = FLOE_NONE}};
static const struct floe_report reports[] = {{.name = "theta"}, {.name = "cube"}};
static const struct floe_claim claims[] = {{"theta is positive"}};

static size_t scratch_size(const struct floe_layout *layout) {
  return layout->size[0];
}
static int permitted(const struct floe_universe *universe) {
  return universe->option[CONJUGATE_TRIM] < 2;
}

static void simulate(const struct floe_context *context, const struct floe_sampling *s, size_t n, double *data,
                     double *values, double *scratch) {
  const struct floe_layout *layout = context->layout;
  (void)scratch;
  for (size_t k = 0; k < n; k++) {
    struct floe_stream stream;
    floe_stream_open(&stream, s->seed, s->purpose, s->first_unit + k, 0, 0);
    const double z = floe_draw_normal(&stream);
    if (s->what & FLOE_DRAW_PARAMETERS) values[k * layout->n_value] = z + context->universe->value[CONJUGATE_SHIFT];
    for (size_t i = 0; s->what & FLOE_DRAW_OBSERVED && i < layout->size[0]; i++)
      data[k * layout->n_data + i] = values[k * layout->n_value] + floe_draw_normal(&stream);
  }
}

static void density_point(const struct floe_context *context, double theta, double *density, double *terms,
                          double *slope) {
  const double off = theta - context->universe->value[CONJUGATE_SHIFT];
  double likelihood = 0, d = -off;
  for (size_t i = 0; i < context->layout->size[0]; i++) {
    const double r = context->data[i] - theta;
    likelihood -= 0.5 * r * r + log_sqrt_2pi;
    d += r;
  }
  *density = likelihood - 0.5 * off * off - log_sqrt_2pi;
  if (terms) terms[FLOE_LIKELIHOOD] = likelihood, terms[FLOE_PRIOR] = *density - likelihood, terms[FLOE_JACOBIAN] = 0;
  if (slope) *slope = d;
}

static void log_density(const struct floe_context *context, size_t n, const double *x, double *result, double *terms,
                        double *scratch) {
  (void)scratch;
  for (size_t k = 0; k < n; k++) density_point(context, x[k], &result[k], terms ? terms + k * FLOE_N_TAG : NULL, NULL);
}

static void gradient(const struct floe_context *context, size_t n, const double *x, double *result, double *slope,
                     double *scratch) {
  (void)scratch;
  for (size_t k = 0; k < n; k++) density_point(context, x[k], &result[k], NULL, &slope[k]);
}

static void pointwise(const struct floe_context *context, size_t n, const double *values, double *observations,
                      double *latents, double *scratch) {
  const size_t n_data = context->layout->n_data;
  (void)scratch;
  for (size_t k = 0; k < n; k++) {
    latents[k] = NAN;
    for (size_t i = 0; i < n_data; i++) {
      const double r = context->data[i] - values[k];
      observations[k * n_data + i] = -0.5 * r * r - log_sqrt_2pi; /* NaN where y is missing */
    }
  }
}

static void copy(const struct floe_context *context, size_t n, const double *from, double *to, double *scratch) {
  (void)context, (void)scratch;
  for (size_t k = 0; k < n; k++) to[k] = from[k];
}

static void report(const struct floe_context *context, size_t n, const double *values, double *outputs,
                   double *scratch) {
  (void)context, (void)scratch;
  for (size_t k = 0; k < n; k++) {
    outputs[3 * k] = values[k];
    outputs[3 * k + 1] = values[k] * values[k] * values[k];
    outputs[3 * k + 2] = values[k] > 0;
  }
}

static void prepare(const struct floe_context *context, const double *data, double *prepared, double *scratch) {
  (void)scratch;
  for (size_t i = 0; i < context->layout->size[0]; i++)
    prepared[i] = context->universe->option[CONJUGATE_TRIM] && data[i] > 2 ? 2 : data[i];
}

const struct floe_model conjugate_by_hand = {.version = FLOE_MODEL_VERSION,
                                             .name = "conjugate",
                                             .title = "A conjugate normal",
                                             .source_path = "conjugate.floe",
                                             .source_text = "",
                                             .fingerprint = "by-hand",
                                             .n_dimension = 1,
                                             .n_axis = CONJUGATE_N_AXIS,
                                             .n_variable = 2,
                                             .n_report = 2,
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
                                             .simulate = simulate,
                                             .log_density = log_density,
                                             .gradient = gradient,
                                             .pointwise = pointwise,
                                             .constrain = copy,
                                             .unconstrain = copy,
                                             .report = report,
                                             .prepare = prepare};

static floe_status draw(void *state, const struct floe_proposal_ask *ask, double *coordinates, double *log_q,
                        double *distance, struct floe_error *error) {
  const struct conjugate_proposal *p = state;
  (void)error;
  for (size_t c = 0; c < ask->n_context; c++) {
    const struct floe_context *context = &ask->contexts[c];
    const double n = (double)context->layout->size[0], shift = context->universe->value[CONJUGATE_SHIFT];
    double *x = coordinates + c * ask->n, mean = shift, sd = p->prior ? 1 : 1 / sqrt(n + 1);
    for (size_t i = 0; i < context->layout->size[0]; i++) mean += context->data[i];
    mean = p->prior ? shift : mean / (n + 1);
    floe__normal_fill(ask->seed, FLOE_PURPOSE_POSTERIOR, ask->units ? ask->units[c] : 0, 0, ask->n, x);
    for (size_t k = 0; k < ask->n; k++) {
      if (log_q) log_q[c * ask->n + k] = -0.5 * x[k] * x[k] - log(p->scale * sd) - log_sqrt_2pi;
      x[k] = mean + p->offset * sd + p->scale * sd * x[k];
    }
    if (distance) distance[c] = 1;
  }
  return FLOE_OK;
}

struct floe_proposal conjugate_proposal_of(struct conjugate_proposal *proposal) {
  return (struct floe_proposal){.state = proposal, .n_member = 2, .distance_threshold = 2, .draw = draw};
}
