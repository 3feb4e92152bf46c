#include "runtime/elicit/search.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "runtime/math/chol.h"
#include "runtime/math/special.h"
#include "runtime/nn/adam.h"

enum {
  MOST = FLOE_ELICIT_MOST_HYPER,
  N_START = 32,
  N_STEP = 60, /* of Adam */
  N_NEWTON = 40,
  SIZE_START = 64, /* simulations a batch */
  SIZE_ADAM = 128,
  SIZE_NEWTON = 1024,
  SIZE_REFINE = 4096,
  UNITS = 1 << 20 /* each search has units of its own */
};
static const double peak_rate = 0.2, clip = 1.0;
static const double shape_weight =
    0.01; /* of a shape's coordinate, beside differences in units of a statement's scale */
static const double step_adam = 0.05, step_newton = 0.02; /* of the differences: far above the grain of counted draws */

/* ---- coordinates ---- */

static double inv_logit(double z) {
  return z < 0 ? exp(z) / (1 + exp(z)) : 1 / (1 + exp(-z));
}

double floe__hyper_value(const struct floe_axis *axis, double z) {
  const bool low = isfinite(axis->low), high = isfinite(axis->high);
  if (low && high) return axis->low + (axis->high - axis->low) * inv_logit(z);
  return low ? axis->low + exp(z) : high ? axis->high - exp(z) : sinh(z);
}

double floe__hyper_coordinate(const struct floe_axis *axis, double value) {
  const bool low = isfinite(axis->low), high = isfinite(axis->high);
  if (low && high) return log((value - axis->low) / (axis->high - value));
  return low ? log(value - axis->low) : high ? log(axis->high - value) : asinh(value);
}

/* Where starts lie: values up to ten times what the expert names, and down to a hundredth; shapes near the plain prior. */
static double start_of(const struct floe_axis *axis, double u, double reach) {
  const bool low = isfinite(axis->low), high = isfinite(axis->high);
  const double far = log(10 * reach), near = log(0.01);
  if (axis->shape) return u - 0.5;
  if (low && high) return -3 + 6 * u;
  if (low || high) return near + (far - near) * u;
  return asinh(10 * reach) * (2 * u - 1);
}

static bool is_shape(const struct floe_elicitation_plan *plan, size_t k) {
  return plan->model->axes[plan->free[k]].shape;
}

floe_status floe__loss_at(struct floe__implied *implied, const double *z, size_t size, uint64_t first_unit,
                          double *loss, struct floe_error *error) {
  const struct floe_elicitation_plan *plan = implied->plan;
  struct floe_universe universe = *plan->universe;
  *loss = INFINITY;
  if (floe__stop_requested())
    return floe__fail(error, FLOE_EINTERRUPTED, "", "", "stopped while searching for hyper values");
  for (size_t k = 0; k < plan->n_free; k++) {
    universe.value[plan->free[k]] = floe__hyper_value(&plan->model->axes[plan->free[k]], z[k]);
    if (!isfinite(universe.value[plan->free[k]])) return FLOE_OK;
  }
  const floe_status status = floe__implied_loss(implied, &universe, size, first_unit, loss, error);
  for (size_t k = 0; k < plan->n_free; k++)
    if (is_shape(plan, k)) *loss += 0.5 * shape_weight * z[k] * z[k];
  return status;
}

/* ---- one search ---- */

struct search {
  struct floe__implied *implied;
  size_t n;    /* of hyper values */
  size_t size; /* simulations a batch, where the last digits count */
  uint64_t first_unit;
  double z[MOST], loss;
};

static floe_status best_start(struct search *s, size_t number, double reach, struct floe_error *error) {
  const struct floe_elicitation_plan *plan = s->implied->plan;
  double points[N_START * MOST];
  s->loss = INFINITY;
  if (!floe__sobol(s->n, number * N_START, N_START, points))
    return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  for (size_t start = 0; start < N_START; start++) {
    double z[MOST], loss;
    for (size_t k = 0; k < s->n; k++)
      z[k] = start_of(&plan->model->axes[plan->free[k]], points[start * s->n + k], reach);
    const floe_status status = floe__loss_at(s->implied, z, SIZE_START, s->first_unit, &loss, error);
    if (status != FLOE_OK) return status;
    if (!(loss < s->loss)) continue;
    s->loss = loss;
    memcpy(s->z, z, s->n * sizeof *z);
  }
  return FLOE_OK;
}

/* gradient (n) at z by central differences. Where a side is not finite the other one decides the sign. */
static floe_status loss_gradient(const struct search *s, const double *z, float *gradient, struct floe_error *error) {
  for (size_t k = 0; k < s->n; k++) {
    double moved[MOST], up, down;
    memcpy(moved, z, s->n * sizeof *moved);
    moved[k] = z[k] + step_adam;
    floe_status status = floe__loss_at(s->implied, moved, SIZE_ADAM, s->first_unit, &up, error);
    moved[k] = z[k] - step_adam;
    if (status == FLOE_OK) status = floe__loss_at(s->implied, moved, SIZE_ADAM, s->first_unit, &down, error);
    if (status != FLOE_OK) return status;
    gradient[k] = (float)((up - down) / (2 * step_adam));
    if (!isfinite(gradient[k])) gradient[k] = isfinite(up) ? -1 : isfinite(down) ? 1 : 0;
  }
  return FLOE_OK;
}

/* Takes z where it is better than what there is, by the larger simulations. */
static floe_status accept(struct search *s, const double *z, bool *better, struct floe_error *error) {
  double loss;
  const floe_status status = floe__loss_at(s->implied, z, s->size, s->first_unit, &loss, error);
  *better = status == FLOE_OK && loss < s->loss;
  if (!*better) return status;
  s->loss = loss;
  memcpy(s->z, z, s->n * sizeof *z);
  return status;
}

static floe_status descend(struct search *s, struct floe_error *error) {
  enum { PADDED = (MOST + 15) / 16 * 16 }; /* floe__adam_update */
  float weight[PADDED] = {0}, gradient[PADDED] = {0}, first[PADDED] = {0}, second[PADDED] = {0}, average[PADDED] = {0};
  double z[MOST];
  bool better;
  floe_status status = floe__loss_at(s->implied, s->z, s->size, s->first_unit, &s->loss, error);
  for (size_t k = 0; k < s->n; k++) weight[k] = (float)(z[k] = s->z[k]);
  for (size_t step = 0; status == FLOE_OK && step < N_STEP; step++) {
    double squares = 0;
    status = loss_gradient(s, z, gradient, error);
    if (status != FLOE_OK) return status;
    for (size_t k = 0; k < s->n; k++) squares += (double)gradient[k] * gradient[k];
    const double rate = floe__adam_schedule((double)(step + 1) / N_STEP, peak_rate);
    const struct floe__adam adam = floe__adam_step(step, rate, 0, clip, sqrt(squares));
    floe__adam_update(&adam, PADDED, weight, gradient, first, second, average);
    for (size_t k = 0; k < s->n; k++) z[k] = weight[k];
  }
  return status == FLOE_OK ? accept(s, z, &better, error) : status;
}

/* ---- the last digits ---- */

/* Where the loss is a sum of norms, its minimum is a kink in a valley: steps that look at the residuals find it, those
 * that look at the slope do not. */
struct least_squares {
  double z[MOST], merit;       /* squared norm of the residuals */
  double *residual, *jacobian; /* (n_statistic), (n_statistic, n) */
  double *work;                /* (n_statistic) */
};

/* INFINITY where the numbers are not finite. */
static floe_status merit_at(const struct search *s, const double *z, double *residual, double *merit,
                            struct floe_error *error) {
  double loss;
  const floe_status status = floe__loss_at(s->implied, z, s->size, s->first_unit, &loss, error);
  *merit = INFINITY;
  if (status != FLOE_OK || !isfinite(loss)) return status;
  floe__implied_residual(s->implied, residual);
  *merit = 0;
  for (size_t j = 0; j < s->implied->n_statistic; j++) *merit += residual[j] * residual[j];
  for (size_t k = 0; k < s->n; k++)
    if (is_shape(s->implied->plan, k)) *merit += shape_weight * shape_weight * z[k] * z[k];
  return status;
}

/* Fills the Jacobian at fit->z; *finite: it could be. */
static floe_status linearise(const struct search *s, struct least_squares *fit, bool *finite,
                             struct floe_error *error) {
  *finite = true;
  for (size_t side = 0; side < 2 * s->n && *finite; side++) {
    double moved[MOST], merit;
    const double sign = side % 2 ? -1 : 1;
    memcpy(moved, fit->z, s->n * sizeof *moved);
    moved[side / 2] += sign * step_newton;
    const floe_status status = merit_at(s, moved, fit->work, &merit, error);
    if (status != FLOE_OK) return status;
    *finite = isfinite(merit);
    for (size_t j = 0; j < s->implied->n_statistic && *finite; j++) {
      double *slope = &fit->jacobian[j * s->n + side / 2];
      *slope = (sign > 0 ? 0 : *slope) + sign * fit->work[j] / (2 * step_newton);
    }
  }
  return FLOE_OK;
}

/* (J'J + damping (1 + diag J'J)) move = -J'r; false where that has no solution. */
static bool damped_step(const struct search *s, const struct least_squares *fit, double damping, double *move) {
  double normal[MOST * MOST] = {0};
  const double *jacobian = fit->jacobian;
  const size_t n = s->n;
  for (size_t a = 0; a < n; a++) {
    move[a] = 0;
    for (size_t j = 0; j < s->implied->n_statistic; j++) {
      move[a] -= jacobian[j * n + a] * fit->residual[j];
      for (size_t b = 0; b <= a; b++) normal[a * n + b] += jacobian[j * n + a] * jacobian[j * n + b];
    }
    if (is_shape(s->implied->plan, a)) {
      move[a] -= shape_weight * shape_weight * fit->z[a];
      normal[a * n + a] += shape_weight * shape_weight;
    }
    normal[a * n + a] += damping * (1 + normal[a * n + a]);
  }
  if (floe__cholesky(n, normal) != FLOE_OK) return false;
  floe__solve_cholesky(n, normal, move, move);
  return true;
}

/* Gauss-Newton steps, damped as Marquardt 1963 does it. */
static floe_status least_squares(const struct search *s, struct least_squares *fit, struct floe_error *error) {
  double damping = 1e-6;
  bool better = true, finite = true;
  floe_status status = merit_at(s, fit->z, fit->residual, &fit->merit, error);
  for (size_t step = 0; status == FLOE_OK && isfinite(fit->merit) && step < N_NEWTON && damping < 10; step++) {
    double move[MOST], z[MOST], length = 0, merit;
    if (better) status = linearise(s, fit, &finite, error);
    if (status != FLOE_OK || !finite) break;
    better = false;
    if (damped_step(s, fit, damping, move)) {
      for (size_t k = 0; k < s->n; k++) length = fmax(length, fabs(move[k]));
      if (length < 1e-5) break;
      for (size_t k = 0; k < s->n; k++) z[k] = fit->z[k] + move[k] * fmin(1, 0.7 / length);
      status = merit_at(s, z, fit->work, &merit, error);
      better = status == FLOE_OK && merit < fit->merit;
    }
    damping *= better ? 0.1 : 30;
    if (!better) continue;
    const bool settled = fit->merit - merit < 1e-5 * merit + 1e-9;
    fit->merit = merit;
    memcpy(fit->z, z, s->n * sizeof *z);
    memcpy(fit->residual, fit->work, s->implied->n_statistic * sizeof(double));
    if (settled) break;
  }
  return status;
}

/* Least squares from where the search stands; taken where it lowers the loss. */
static floe_status polish(struct search *s, struct floe_error *error) {
  const size_t n_statistic = s->implied->n_statistic;
  bool better;
  double *numbers = floe__new(n_statistic, (s->n + 2) * sizeof *numbers);
  if (!numbers) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  struct least_squares fit = {
      .residual = numbers, .work = numbers + n_statistic, .jacobian = numbers + 2 * n_statistic};
  memcpy(fit.z, s->z, s->n * sizeof *fit.z);
  floe_status status = least_squares(s, &fit, error);
  if (status == FLOE_OK) status = accept(s, fit.z, &better, error);
  floe__free(numbers);
  return status;
}

floe_status floe__search(struct floe__implied *implied, size_t number, double reach, double *z, double *loss,
                         struct floe_error *error) {
  struct search s = {.implied = implied,
                     .n = implied->plan->n_free,
                     .size = SIZE_NEWTON,
                     .first_unit = (uint64_t)(number + 1) * UNITS};
  floe_status status = best_start(&s, number, reach, error);
  if (status == FLOE_OK && isfinite(s.loss)) status = descend(&s, error);
  if (status == FLOE_OK && isfinite(s.loss)) status = polish(&s, error);
  memcpy(z, s.z, s.n * sizeof *z);
  *loss = s.loss;
  return status;
}

floe_status floe__refine(struct floe__implied *implied, double *z, struct floe_error *error) {
  struct search s = {.implied = implied,
                     .n = implied->plan->n_free,
                     .size = SIZE_REFINE,
                     .first_unit = (uint64_t)(implied->plan->n_restart + 1) * UNITS};
  memcpy(s.z, z, s.n * sizeof *z);
  floe_status status = floe__loss_at(implied, z, s.size, s.first_unit, &s.loss, error);
  if (status == FLOE_OK && isfinite(s.loss)) status = polish(&s, error);
  memcpy(z, s.z, s.n * sizeof *z);
  return status;
}
