/* SDIRK4: Y_i = base_i + h g k_i with k_i = f(Y_i), g = 1/4, solved by Newton's method with the Jacobian at the start of the
 * step. Differentiating a stage gives (1 - h g J(Y_i)) k_i' = J(Y_i) base_i' + df/dp: linear, with no second
 * derivatives. */
#include <floe/ode_steps.h>
#include <math.h>
#include <stdbool.h>

#define N_STAGE 5
#define DIAGONAL 0.25
#define MAX_NEWTON 12
#define NEWTON_ACCURACY 1e-4 /* of the error that the tolerance allows */

static const double nodes[N_STAGE] = {1.0 / 4, 3.0 / 4, 11.0 / 20, 1.0 / 2, 1};

/* Below the diagonal; the last row, with the diagonal, is the solution of order 4. */
static const double weights[N_STAGE][N_STAGE - 1] = {
    {0},
    {1.0 / 2},
    {17.0 / 50, -1.0 / 25},
    {371.0 / 1360, -137.0 / 2720, 15.0 / 544},
    {25.0 / 24, -49.0 / 48, 125.0 / 16, -85.0 / 12},
};

/* Of order 4 less of order 3. */
static const double difference[N_STAGE] = {-3.0 / 16, -27.0 / 32, 25.0 / 32, 0, 1.0 / 4};

/* factors = LU of 1 - scale J, with partial pivoting. False: singular. */
static bool factorise(struct floe__ode_run *run, double scale) {
  const size_t n = run->n_state;
  double *a = run->factors;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) a[i * n + j] = (i == j) - scale * run->by_state[i * n + j];
  for (size_t k = 0; k < n; k++) {
    size_t best = k;
    for (size_t i = k + 1; i < n; i++)
      if (fabs(a[i * n + k]) > fabs(a[best * n + k])) best = i;
    run->pivot[k] = (double)best;
    if (!(fabs(a[best * n + k]) > 0)) return false;
    for (size_t j = 0; j < n && best != k; j++) {
      const double swapped = a[k * n + j];
      a[k * n + j] = a[best * n + j];
      a[best * n + j] = swapped;
    }
    for (size_t i = k + 1; i < n; i++) {
      const double factor = a[i * n + k] /= a[k * n + k];
      for (size_t j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return true;
}

static void solve(const struct floe__ode_run *run, double *x) {
  const size_t n = run->n_state;
  const double *a = run->factors;
  for (size_t k = 0; k < n; k++) {
    const size_t other = (size_t)run->pivot[k];
    const double swapped = x[k];
    x[k] = x[other];
    x[other] = swapped;
  }
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++) x[i] -= a[i * n + j] * x[j];
  for (size_t i = n; i-- > 0;) {
    for (size_t j = i + 1; j < n; j++) x[i] -= a[i * n + j] * x[j];
    x[i] /= a[i * n + i];
  }
}

/* The state's part of a stage: run->base holds base_i; run->trial becomes Y_i. */
static bool newton(struct floe__ode_run *run, double time, double scale, double *k) {
  const size_t n = run->n_state;
  double before = INFINITY;
  for (int iteration = 0; iteration < MAX_NEWTON; iteration++) {
    for (size_t i = 0; i < n; i++) run->trial[i] = run->base[i] + scale * k[i];
    run->ode->rate(time, run->trial, run->parameter, run->correction);
    for (size_t i = 0; i < n; i++) run->correction[i] -= k[i];
    solve(run, run->correction);
    for (size_t i = 0; i < n; i++) k[i] += run->correction[i];
    const double change = scale * floe__ode_norm(run, run->correction, run->z, run->trial);
    if (change <= NEWTON_ACCURACY) {
      for (size_t i = 0; i < n; i++) run->trial[i] = run->base[i] + scale * k[i];
      return true;
    }
    if (!isfinite(change) || (iteration > 1 && change > 2 * before)) return false;
    before = change;
  }
  return false;
}

static bool sensitivities(struct floe__ode_run *run, double time, double scale, double *k) {
  const size_t n = run->n_state, n_parameter = run->ode->n_parameter;
  run->ode->slopes(time, run->trial, run->parameter, run->by_state, run->by_parameter);
  if (!factorise(run, scale)) return false;
  for (size_t m = 0; m < run->n_column; m++) {
    const double *base = run->base + n * (1 + m);
    double *out = k + n * (1 + m);
    for (size_t i = 0; i < n; i++) {
      out[i] = m >= n ? run->by_parameter[i * n_parameter + m - n] : 0;
      for (size_t j = 0; j < n; j++) out[i] += run->by_state[i * n + j] * base[j];
    }
    solve(run, out);
  }
  return true;
}

static bool prepare(struct floe__ode_run *run, double time, double scale) {
  run->ode->slopes(time, run->z, run->parameter, run->by_state, run->by_parameter);
  return factorise(run, scale);
}

double floe__ode_stiff_step(struct floe__ode_run *run, double time, double h) {
  const size_t n = run->n_state;
  const double scale = h * DIAGONAL;
  double *first = run->stage[0];
  if (!prepare(run, time, scale)) return INFINITY;
  run->ode->rate(time, run->z, run->parameter, first);
  for (size_t s = 0; s < N_STAGE; s++) {
    const double *guess = run->stage[s ? s - 1 : 0];
    double *k = run->stage[s];
    for (size_t i = 0; i < run->width; i++) {
      double sum = 0;
      for (size_t j = 0; j < s; j++) sum += weights[s][j] * run->stage[j][i];
      run->base[i] = run->z[i] + h * sum;
    }
    for (size_t i = 0; i < n && s; i++) k[i] = guess[i];
    if (!newton(run, time + nodes[s] * h, scale, k)) return INFINITY;
    if (!run->n_column) continue;
    if (!sensitivities(run, time + nodes[s] * h, scale, k) || !prepare(run, time, scale)) return INFINITY;
  }
  for (size_t i = 0; i < n; i++) {
    run->error[i] = 0;
    for (size_t s = 0; s < N_STAGE; s++) run->error[i] += h * difference[s] * run->stage[s][i];
  }
  solve(run, run->error); /* without it the estimate is far too large where h J is */
  for (size_t i = 0; i < run->width; i++) run->trial[i] = run->base[i] + scale * run->stage[N_STAGE - 1][i];
  return floe__ode_norm(run, run->error, run->z, run->trial);
}
