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

double ode_explicit_step(struct ode_run *run, double time, double h) {
  for (size_t k = 1; k < ODE_STAGES; k++) {
    for (size_t i = 0; i < run->width; i++) {
      double sum = 0;
      for (size_t j = 0; j < k; j++) sum += weights[k][j] * run->stage[j][i];
      run->trial[i] = run->z[i] + h * sum;
    }
    ode_rates(run, time + nodes[k] * h, run->trial, run->stage[k]);
  }
  for (size_t i = 0; i < run->n_state; i++) {
    run->error[i] = 0;
    for (size_t k = 0; k < ODE_STAGES; k++) run->error[i] += h * difference[k] * run->stage[k][i];
  }
  return ode_norm(run, run->error, run->z, run->trial);
}

void ode_explicit_advance(struct ode_run *run) {
  double *first = run->stage[0];
  run->stage[0] = run->stage[ODE_STAGES - 1];
  run->stage[ODE_STAGES - 1] = first;
}
