#include "runtime/trust/bridge.h"

#include <math.h>

#include "base/memory.h"
#include "runtime/data/universe.h"
#include "runtime/math/chol.h"
#include "runtime/math/order.h"
#include "runtime/mcmc/target.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"

/* All that the bridge rests on. n coordinates; n_draw draws of the posterior and as many of the proposal. */
struct bridge {
  struct floe__target *target;
  struct floe__density density;
  size_t n, n_draw;
  double *mean, *factor;        /* (n), (n, n): the proposal's, lower triangular */
  double *place, *z, *gradient; /* (n) */
  double *posterior, *proposal; /* (n_draw): log density over the proposal's, at draws of either */
  double *sorted;
};

static void free_bridge(struct bridge *b) {
  double *const arrays[] = {b->mean, b->factor, b->place, b->z, b->gradient, b->posterior, b->proposal, b->sorted};
  for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) floe__free(arrays[k]);
  floe__target_free(b->target);
}

static floe_status open_bridge(const struct floe_context *context, const struct floe_chains *chains, struct bridge *b,
                               struct floe_error *error) {
  floe_status status = floe__target_new(context, false, &b->target, error);
  if (status != FLOE_OK) return status;
  const size_t n = b->n = b->target->n;
  b->density = floe__target_density(b->target);
  b->n_draw = chains->n_chain * (chains->n_draw - chains->n_draw / 2);
  b->factor = floe__new(n, n * sizeof(double));
  double **const narrow[] = {&b->mean, &b->place, &b->z, &b->gradient};
  double **const draws[] = {&b->posterior, &b->proposal, &b->sorted};
  bool failed = !b->factor;
  for (size_t k = 0; k < sizeof narrow / sizeof *narrow; k++) failed |= !(*narrow[k] = FLOE__NEW(n, double));
  for (size_t k = 0; k < sizeof draws / sizeof *draws; k++) failed |= !(*draws[k] = FLOE__NEW(b->n_draw, double));
  if (!failed) return FLOE_OK;
  return floe__fail(error, FLOE_EENVIRONMENT, "", "", "There is not enough memory for the evidence.");
}

/* Draw i of chain c -> place. */
static void take(struct bridge *b, const struct floe_chains *chains, size_t c, size_t i) {
  floe__target_gather(b->target, chains->coordinates + (c * chains->n_draw + i) * chains->n_coordinate, b->place);
}

static floe_status fit_proposal(struct bridge *b, const struct floe_chains *chains, struct floe_error *error) {
  const size_t n = b->n, half = chains->n_draw / 2, count = chains->n_chain * half;
  for (size_t c = 0; c < chains->n_chain; c++)
    for (size_t i = 0; i < half; i++) {
      take(b, chains, c, i);
      for (size_t k = 0; k < n; k++) b->mean[k] += b->place[k] / (double)count;
    }
  for (size_t c = 0; c < chains->n_chain; c++)
    for (size_t i = 0; i < half; i++) {
      take(b, chains, c, i);
      for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j <= k; j++)
          b->factor[k * n + j] += (b->place[k] - b->mean[k]) * (b->place[j] - b->mean[j]) / (double)count;
    }
  if (count > 2 * n && floe__cholesky(n, b->factor) == FLOE_OK) return FLOE_OK;
  return floe__fail(error, FLOE_ENUMERIC, "", "Ask for more draws.",
                    "%zu draws do not suffice for the evidence with %zu coordinates.", count, n);
}

/* log density - log proposal at place, where factor z = place - mean. */
static double log_ratio(struct bridge *b) {
  double square = 0;
  for (size_t k = 0; k < b->n; k++) square += b->z[k] * b->z[k];
  const double log_proposal =
      -0.5 * square - floe__log_diagonal(b->n, b->factor) - 0.91893853320467274178 * (double)b->n;
  const double log_density = b->density.evaluate(b->density.state, b->place, b->gradient);
  return isnan(log_density) ? -INFINITY : log_density - log_proposal;
}

static void compare(struct bridge *b, const struct floe_chains *chains, uint64_t seed) {
  const size_t n = b->n, half = chains->n_draw / 2;
  size_t row = 0;
  for (size_t c = 0; c < chains->n_chain; c++)
    for (size_t i = half; i < chains->n_draw; i++, row++) {
      take(b, chains, c, i);
      for (size_t k = 0; k < n; k++) b->place[k] -= b->mean[k];
      floe_solve_lower(n, b->factor, b->place, b->z);
      take(b, chains, c, i);
      b->posterior[row] = log_ratio(b);
    }
  for (row = 0; row < b->n_draw; row++) {
    floe__normal_fill(seed, FLOE_PURPOSE_BRIDGE, row, 0, n, b->z);
    floe__multiply_lower(n, b->factor, b->z, b->place);
    for (size_t k = 0; k < n; k++) b->place[k] += b->mean[k];
    b->proposal[row] = log_ratio(b);
  }
}

/* Means and relative variances of p / (s1 p + s2 r g) over proposals and g / (s1 p + s2 r g) over posterior draws,
 * where the log ratios, less `shift`, are log p / g. */
struct sides {
  double numerator, denominator, numerator_variance, denominator_variance;
};

static struct sides meet(const struct bridge *b, double shift, double s1, double r) {
  const double s2 = 1 - s1, count = (double)b->n_draw;
  double sum[2] = {0}, square[2] = {0};
  for (size_t k = 0; k < b->n_draw; k++) {
    const double ratio = exp(b->proposal[k] - shift), other = exp(b->posterior[k] - shift);
    const double a = ratio < INFINITY ? ratio / (s1 * ratio + s2 * r) : 1 / s1, c = 1 / (s1 * other + s2 * r);
    sum[0] += a, sum[1] += c;
    square[0] += a * a, square[1] += c * c;
  }
  const double up = sum[0] / count, down = sum[1] / count;
  return (struct sides){up, down, square[0] / count / (up * up) - 1, square[1] / count / (down * down) - 1};
}

static floe_status iterate(const struct bridge *b, double efficiency, struct floe_evidence *evidence,
                           struct floe_error *error) {
  for (size_t k = 0; k < b->n_draw; k++) b->sorted[k] = b->posterior[k];
  const double shift = floe__median(b->n_draw, b->sorted), s1 = efficiency / (efficiency + 1);
  double log_r = 0;
  for (int round = 0; isfinite(shift) && round < 1000; round++) {
    const struct sides sides = meet(b, shift, s1, exp(log_r));
    const double next = log(sides.numerator) - log(sides.denominator), change = fabs(next - log_r);
    if (!isfinite(next)) break;
    log_r = next;
    if (change > 1e-10) continue;
    const double variance = sides.numerator_variance + sides.denominator_variance / efficiency;
    *evidence = (struct floe_evidence){shift + log_r, sqrt(variance / (double)b->n_draw)};
    return FLOE_OK;
  }
  return floe__fail(error, FLOE_ENUMERIC, "", "Ask for more draws.",
                    "The evidence could not be found: the bridge does not settle.");
}

floe_status floe_evidence_defined(const struct floe_model *model, const struct floe_universe *universe,
                                  struct floe_error *error) {
  if (model->up_to_constant)
    return floe__fail(error, FLOE_EUSAGE, "", "State the whole density, without `up_to_constant`.",
                      "The density is known up to a constant only: the evidence is unavailable.");
  for (size_t v = 0; v < model->n_variable; v++)
    if (model->variables[v].improper && floe_variable_present(model, universe, v))
      return floe__fail(error, FLOE_EUSAGE, "", "Give it a proper prior.",
                        "The prior of %s is improper: the evidence is not defined.", model->variables[v].name);
  return FLOE_OK;
}

floe_status floe_bridge(const struct floe_context *context, const struct floe_chains *chains, double efficiency,
                        uint64_t seed, struct floe_evidence *evidence, struct floe_error *error) {
  struct bridge bridge = {0};
  floe_status status = floe_evidence_defined(context->layout->model, context->universe, error);
  if (status == FLOE_OK) status = open_bridge(context, chains, &bridge, error);
  if (status == FLOE_OK) status = fit_proposal(&bridge, chains, error);
  if (status == FLOE_OK) {
    compare(&bridge, chains, seed);
    status = iterate(&bridge, efficiency > 0 && efficiency < 1 ? efficiency : 1, evidence, error);
  }
  free_bridge(&bridge);
  return status;
}
