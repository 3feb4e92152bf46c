/* Dormand and Prince, orders 5(4), seven stages; the last is the first of the next step. */
#include <math.h>

#include "runtime/math/ode.h"

static const double nodes[ODE_STAGES] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};

/* The last row is the solution of order 5. */
static const double weights[ODE_STAGES][ODE_STAGES - 1] = {
    {0},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
};

/* Of order 5 less of order 4. */
static const double difference[ODE_STAGES] = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                                              -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

/* z + h times the sum of the first `n` stages, weighted. A constant n is unrolled. */
static inline void combine(const struct ode_run *run, size_t n, double h, double *out) {
  const double *weight = weights[n];
  for (size_t i = 0; i < run->width; i++) {
    double sum = 0;
    for (size_t j = 0; j < n; j++) sum += weight[j] * run->stage[j][i];
    out[i] = run->z[i] + h * sum;
  }
}

static void keep_stage(struct ode_run *run, size_t k, const double *state) {
  double *kept = run->kept + run->n_kept * FLOE_ODE_KEPT_STEP(run->n_state) + 3 + k * run->n_state;
  for (size_t i = 0; i < run->n_state; i++) kept[i] = state[i];
}

double ode_explicit_step(struct ode_run *run, double time, double h) {
  if (run->kept) keep_stage(run, 0, run->z);
  for (size_t k = 1; k < ODE_STAGES; k++) {
    switch (k) {
      case 1: combine(run, 1, h, run->trial); break;
      case 2: combine(run, 2, h, run->trial); break;
      case 3: combine(run, 3, h, run->trial); break;
      case 4: combine(run, 4, h, run->trial); break;
      case 5: combine(run, 5, h, run->trial); break;
      default: combine(run, 6, h, run->trial); break;
    }
    if (run->kept && k < ODE_STAGES - 1) keep_stage(run, k, run->trial);
    ode_rates(run, time + nodes[k] * h, run->trial, run->stage[k]);
  }
  for (size_t i = 0; i < run->n_state; i++) {
    double sum = 0;
    for (size_t k = 0; k < ODE_STAGES; k++) sum += difference[k] * run->stage[k][i];
    run->error[i] = h * sum;
  }
  return ode_norm(run, run->error, run->z, run->trial);
}

void ode_explicit_advance(struct ode_run *run) {
  double *first = run->stage[0];
  run->stage[0] = run->stage[ODE_STAGES - 1];
  run->stage[ODE_STAGES - 1] = first;
}

/* The end is y + h sum b_k f(Y_k) with Y_k = y + h sum a_kj f(Y_j). Backwards, with the adjoint of f(Y_k) in `correction` and that
 * of Y_k in stage[k]: h (b_k y_bar + sum over later stages l of a_lk Y_bar_l), by which J' and (df/dp)' are multiplied. */
void ode_explicit_back(struct ode_run *run, double time, double h, const double *kept, double *y_bar,
                       double *parameter_bar) {
  const size_t n = run->n_state, n_parameter = run->ode->n_parameter;
  double *rate_bar = run->correction;
  for (size_t k = ODE_STAGES - 1; k-- > 0;) {
    run->ode->slopes(time + nodes[k] * h, kept + k * n, run->parameter, run->by_state, run->by_parameter);
    for (size_t i = 0; i < n; i++) {
      double sum = weights[ODE_STAGES - 1][k] * y_bar[i];
      for (size_t l = k + 1; l < ODE_STAGES - 1; l++) sum += weights[l][k] * run->stage[l][i];
      rate_bar[i] = h * sum;
      run->stage[k][i] = 0;
    }
    for (size_t i = 0; i < n; i++) {
      for (size_t j = 0; j < n; j++) run->stage[k][j] += run->by_state[i * n + j] * rate_bar[i];
      for (size_t m = 0; m < n_parameter; m++) parameter_bar[m] += run->by_parameter[i * n_parameter + m] * rate_bar[i];
    }
  }
  for (size_t k = 0; k < ODE_STAGES - 1; k++)
    for (size_t i = 0; i < n; i++) y_bar[i] += run->stage[k][i];
}
