/* floe/ode_steps.h: the step loop that solves initial value problems, and the explicit method; see <floe/ode.h>.
 *
 * Everything here is inlined, so that generated code, where the numbers of states and parameters are constants and the
 * functions known, gets loops without calls; the library has the same for any number of states. z is the state y (K) followed
 * by one sensitivity (K) per column: dy/dy0 first, then dy/dp; or, where there are no columns, y alone. */
#ifndef FLOE_ODE_STEPS_H
#define FLOE_ODE_STEPS_H

#include <float.h>
#include <floe/ode.h>

#if defined __GNUC__ && !defined __clang__
#define FLOE__ODE static inline __attribute__((always_inline, unused))
#define FLOE__UNROLL _Pragma("GCC unroll 8")
#else
#define FLOE__ODE static inline __attribute__((unused))
#define FLOE__UNROLL
#endif

#define FLOE__ODE_STAGES 7

struct floe__ode_run {
  const struct floe_ode *ode;
  const double *parameter;
  double tolerance;
  size_t n_state, n_parameter, n_column, width; /* width = n_state (1 + n_column) */
  double *z, *trial, *base;                     /* (width) where it stands; after the step tried; scratch of a stage */
  double *stage[FLOE__ODE_STAGES];              /* (width) z' at the stages */
  double *by_state, *by_parameter;              /* (K, K), (K, P) */
  double *factors, *pivot;                      /* (K, K) and (K): the stiff method's LU factors */
  double *correction, *error;                   /* (K) */
  double *kept; /* (n_kept + 1, FLOE_ODE_KEPT_STEP(K)) the steps taken and the one tried; NULL: none is */
  size_t n_kept;
};

/* A step of the stiff method of size h from run->z at `time` to run->trial. Gives the scaled error; not finite where the step
 * failed. */
double floe__ode_stiff_step(struct floe__ode_run *run, double time, double h);

FLOE__ODE double floe__greater(double a, double b) {
  return a > b || b != b ? a : b;
}

FLOE__ODE double floe__smaller(double a, double b) {
  return a < b || b != b ? a : b;
}

FLOE__ODE double *floe__take(double **scratch, size_t n) {
  double *taken = *scratch;
  *scratch += n;
  return taken;
}

FLOE__ODE void floe__ode_begin(struct floe__ode_run *run, const struct floe_ode_method *method, const double *initial,
                               double *scratch, int keeps) {
  const size_t n = run->n_state;
  run->tolerance = method->tolerance;
  run->width = n * (1 + run->n_column);
  run->z = floe__take(&scratch, run->width);
  run->trial = floe__take(&scratch, run->width);
  run->base = floe__take(&scratch, run->width);
  FLOE__UNROLL
  for (size_t k = 0; k < FLOE__ODE_STAGES; k++) run->stage[k] = floe__take(&scratch, run->width);
  run->by_state = floe__take(&scratch, n * n);
  run->by_parameter = floe__take(&scratch, n * run->n_parameter);
  run->factors = floe__take(&scratch, n * n);
  run->pivot = floe__take(&scratch, n);
  run->correction = floe__take(&scratch, n);
  run->error = floe__take(&scratch, n);
  run->kept = keeps ? scratch : NULL;
  run->n_kept = 0;
  for (size_t i = 0; i < run->width; i++) run->z[i] = i < n ? initial[i] : 0;
  for (size_t m = 0; m < n && run->n_column; m++) run->z[n * (1 + m) + m] = 1;
}

/* z -> z'. */
FLOE__ODE void floe__ode_rates(const struct floe__ode_run *run, double time, const double *z, double *rates) {
  const size_t n = run->n_state, n_parameter = run->n_parameter;
  run->ode->rate(time, z, run->parameter, rates);
  if (!run->n_column) return;
  run->ode->slopes(time, z, run->parameter, run->by_state, run->by_parameter);
  for (size_t m = 0; m < run->n_column; m++) {
    const double *s = z + n * (1 + m);
    double *out = rates + n * (1 + m);
    for (size_t i = 0; i < n; i++) {
      double sum = m >= n ? run->by_parameter[i * n_parameter + m - n] : 0;
      for (size_t j = 0; j < n; j++) sum += run->by_state[i * n + j] * s[j];
      out[i] = sum;
    }
  }
}

/* The root mean square of x / (tolerance (1 + max |y|, |y'|)) over the states. */
FLOE__ODE double floe__ode_norm(const struct floe__ode_run *run, const double *x, const double *y, const double *other) {
  double sum = 0;
  FLOE__UNROLL
  for (size_t i = 0; i < run->n_state; i++) {
    const double size = floe__greater(__builtin_fabs(y[i]), __builtin_fabs(other[i]));
    const double scaled = x[i] / (run->tolerance * (1 + size));
    sum += scaled * scaled;
  }
  return __builtin_sqrt(sum / (double)run->n_state);
}

/* ---- Dormand and Prince, orders 5(4), seven stages; the last is the first of the next step ---- */

static const double floe__ode_nodes[FLOE__ODE_STAGES] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};

/* The last row is the solution of order 5. */
static const double floe__ode_weights[FLOE__ODE_STAGES][FLOE__ODE_STAGES - 1] = {
    {0},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
};

/* Of order 5 less of order 4. */
static const double floe__ode_difference[FLOE__ODE_STAGES] = {
    71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

/* Stage k, a constant where it is called: from the stages before it. */
FLOE__ODE void floe__ode_stage(struct floe__ode_run *run, size_t k, double time, double h) {
  FLOE__UNROLL
  for (size_t i = 0; i < run->width; i++) {
    double sum = 0;
    FLOE__UNROLL
    for (size_t j = 0; j < k; j++) sum += floe__ode_weights[k][j] * run->stage[j][i];
    run->trial[i] = run->z[i] + h * sum;
  }
  if (run->kept && k < FLOE__ODE_STAGES - 1) {
    double *kept = run->kept + run->n_kept * FLOE_ODE_KEPT_STEP(run->n_state) + 3 + k * run->n_state;
    FLOE__UNROLL
    for (size_t i = 0; i < run->n_state; i++) kept[i] = run->trial[i];
  }
  floe__ode_rates(run, time + floe__ode_nodes[k] * h, run->trial, run->stage[k]);
}

FLOE__ODE double floe__ode_explicit_step(struct floe__ode_run *run, double time, double h) {
  for (size_t i = 0; i < run->n_state && run->kept; i++)
    run->kept[run->n_kept * FLOE_ODE_KEPT_STEP(run->n_state) + 3 + i] = run->z[i];
  floe__ode_stage(run, 1, time, h);
  floe__ode_stage(run, 2, time, h);
  floe__ode_stage(run, 3, time, h);
  floe__ode_stage(run, 4, time, h);
  floe__ode_stage(run, 5, time, h);
  floe__ode_stage(run, 6, time, h);
  FLOE__UNROLL
  for (size_t i = 0; i < run->n_state; i++) {
    double sum = 0;
    FLOE__UNROLL
    for (size_t k = 0; k < FLOE__ODE_STAGES; k++) sum += floe__ode_difference[k] * run->stage[k][i];
    run->error[i] = h * sum;
  }
  return floe__ode_norm(run, run->error, run->z, run->trial);
}

/* The end of a step is y + h sum b_k f(Y_k) with Y_k = y + h sum a_kj f(Y_j). Backwards, with the adjoint of f(Y_k) in
 * `correction` and that of Y_k in stage[k]: h (b_k y_bar + sum over later stages l of a_lk Y_bar_l), by which J' and (df/dp)'
 * are multiplied. */
FLOE__ODE void floe__ode_stage_back(struct floe__ode_run *run, size_t k, double time, double h, const double *kept,
                                    const double *y_bar, double *parameter_bar) {
  const size_t n = run->n_state, n_parameter = run->n_parameter;
  double *rate_bar = run->correction, *state_bar = run->stage[k];
  run->ode->slopes(time + floe__ode_nodes[k] * h, kept + k * n, run->parameter, run->by_state, run->by_parameter);
  FLOE__UNROLL
  for (size_t i = 0; i < n; i++) {
    double sum = floe__ode_weights[FLOE__ODE_STAGES - 1][k] * y_bar[i];
    for (size_t l = k + 1; l < FLOE__ODE_STAGES - 1; l++) sum += floe__ode_weights[l][k] * run->stage[l][i];
    rate_bar[i] = h * sum;
  }
  FLOE__UNROLL
  for (size_t j = 0; j < n; j++) {
    double sum = 0;
    FLOE__UNROLL
    for (size_t i = 0; i < n; i++) sum += run->by_state[i * n + j] * rate_bar[i];
    state_bar[j] = sum;
  }
  FLOE__UNROLL
  for (size_t m = 0; m < n_parameter; m++) {
    double sum = 0;
    FLOE__UNROLL
    for (size_t i = 0; i < n; i++) sum += run->by_parameter[i * n_parameter + m] * rate_bar[i];
    parameter_bar[m] += sum;
  }
}

/* y_bar, the adjoint of the state at the end of a kept step, becomes that of the state at its start. */
FLOE__ODE void floe__ode_back(struct floe__ode_run *run, const double *kept, double *y_bar, double *parameter_bar) {
  const double time = kept[0], h = kept[1];
  kept += 3;
  for (size_t k = FLOE__ODE_STAGES - 1; k-- > 0;) floe__ode_stage_back(run, k, time, h, kept, y_bar, parameter_bar);
  FLOE__UNROLL
  for (size_t i = 0; i < run->n_state; i++) {
    FLOE__UNROLL
    for (size_t k = 0; k < FLOE__ODE_STAGES - 1; k++) y_bar[i] += run->stage[k][i];
  }
}

/* ---- steps ---- */

/* Solving ODEs I, II.4: a size with which an explicit Euler step and the second derivative stay within bounds. stage[0] is z'
 * at the start. */
FLOE__ODE double floe__ode_first_step(struct floe__ode_run *run, double time, double distance, double order) {
  const size_t n = run->n_state;
  const double d0 = floe__ode_norm(run, run->z, run->z, run->z), d1 = floe__ode_norm(run, run->stage[0], run->z, run->z);
  double h = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
  h = floe__smaller(h, distance);
  for (size_t i = 0; i < n; i++) run->base[i] = run->z[i] + h * run->stage[0][i];
  run->ode->rate(time + h, run->base, run->parameter, run->error);
  for (size_t i = 0; i < n; i++) run->error[i] = (run->error[i] - run->stage[0][i]) / h;
  const double greatest = floe__greater(d1, floe__ode_norm(run, run->error, run->z, run->z));
  const double next =
      greatest <= 1e-15 ? floe__greater(1e-6, h * 1e-3) : __builtin_pow(0.01 / greatest, 1 / order);
  const double most = floe__smaller(100 * h, next);
  return floe__smaller(__builtin_isfinite(next) ? most : 1e-6, distance);
}

struct floe__ode_steps {
  double time, h; /* h: the size that the error estimate asks for */
  size_t left, visited; /* visited: of the times */
};

/* The step that was tried is one of those taken. 0: there is no room for another one. */
FLOE__ODE int floe__ode_keep(struct floe__ode_run *run, const struct floe__ode_steps *steps, double h) {
  double *kept = run->kept + run->n_kept * FLOE_ODE_KEPT_STEP(run->n_state);
  kept[0] = steps->time;
  kept[1] = h;
  kept[2] = (double)steps->visited;
  return ++run->n_kept < FLOE_ODE_KEPT_STEPS(run->n_state);
}

/* On to `end`, which is met exactly. 0: the solution does not get there. Sizes need no more than single precision. */
FLOE__ODE int floe__ode_advance(struct floe__ode_run *run, struct floe__ode_steps *steps, double end, int stiff) {
  const float power = stiff ? -1.0f / 4 : -1.0f / 5;
  int rejected = 0;
  while (steps->time < end) {
    if (steps->left-- == 0) return 0;
    const double distance = end - steps->time;
    const int last = steps->h >= distance * (1 - 1e-12);
    const double h = last ? distance : steps->h;
    if (!(h > 4 * DBL_EPSILON * __builtin_fabs(steps->time)) || !(h > DBL_MIN)) return 0;
    const double error =
        stiff ? floe__ode_stiff_step(run, steps->time, h) : floe__ode_explicit_step(run, steps->time, h);
    const double bounded = floe__smaller(floe__greater(error, 1e-10), 1e30);
    const double wish = __builtin_isfinite(error) ? 0.9 * (double)__builtin_powf((float)bounded, power) : 0.1;
    if (!(error <= 1)) {
      steps->h = h * floe__smaller(floe__greater(wish, 0.1), 0.9);
      rejected = 1;
      continue;
    }
    const double grown = h * floe__smaller(floe__greater(wish, 0.2), rejected ? 1.0 : 5.0);
    steps->h = last ? floe__greater(steps->h, grown) : grown;
    if (run->kept && !floe__ode_keep(run, steps, h)) return 0;
    steps->time = last ? end : steps->time + h;
    rejected = 0;
    double *from = run->z;
    run->z = run->trial;
    run->trial = from;
    if (stiff) continue;
    double *first = run->stage[0];
    run->stage[0] = run->stage[FLOE__ODE_STAGES - 1];
    run->stage[FLOE__ODE_STAGES - 1] = first;
  }
  return 1;
}

struct floe__ode_contraction {
  const double *solution_bar;
  double *initial_bar, *parameter_bar;
};

FLOE__ODE void floe__ode_contract(const struct floe__ode_run *run, size_t k, const struct floe__ode_contraction *to) {
  const size_t n = run->n_state;
  for (size_t m = 0; m < run->n_column; m++) {
    double *bar = m < n ? to->initial_bar + m : to->parameter_bar + (m - n);
    for (size_t i = 0; i < n; i++) *bar += to->solution_bar[k * n + i] * run->z[n * (1 + m) + i];
  }
}

/* At each time the state goes to `solution` (n_time, K), unless that is NULL, and the sensitivities to `to`, likewise. */
FLOE__ODE int floe__ode_integrate(struct floe__ode_run *run, double start, size_t n_time, const double *time,
                                  double *solution, const struct floe__ode_contraction *to, int stiff) {
  struct floe__ode_steps steps = {start, 0, FLOE_ODE_MAX_STEPS, 0};
  if (!(run->tolerance > 0) || !__builtin_isfinite(start)) return 0;
  for (size_t i = 0; i < run->n_state; i++)
    if (!__builtin_isfinite(run->z[i])) return 0;
  floe__ode_rates(run, start, run->z, run->stage[0]);
  for (size_t k = 0; k < n_time; k++) {
    if (!(time[k] >= steps.time) || !__builtin_isfinite(time[k])) return 0;
    if (time[k] > steps.time && steps.h == 0)
      steps.h = floe__ode_first_step(run, steps.time, time[k] - steps.time, stiff ? 4 : 5);
    if (!floe__ode_advance(run, &steps, time[k], stiff)) return 0;
    for (size_t i = 0; i < run->n_state && solution; i++) solution[k * run->n_state + i] = run->z[i];
    if (to) floe__ode_contract(run, k, to);
    steps.visited++;
  }
  return 1;
}

/* Back through all steps of the explicit method: adds to the adjoints of the initial state and of the parameters. */
FLOE__ODE void floe__ode_go_back(struct floe__ode_run *run, size_t n_time, const struct floe__ode_contraction *to) {
  const size_t n = run->n_state;
  double *y_bar = run->error;
  size_t left = n_time; /* times whose adjoints are not yet in y_bar */
  for (size_t i = 0; i < n; i++) y_bar[i] = 0;
  for (size_t s = run->n_kept; s-- > 0;) {
    const double *kept = run->kept + s * FLOE_ODE_KEPT_STEP(n);
    for (; left > (size_t)kept[2]; left--)
      for (size_t i = 0; i < n; i++) y_bar[i] += to->solution_bar[(left - 1) * n + i];
    floe__ode_back(run, kept, y_bar, to->parameter_bar);
  }
  for (; left > 0; left--)
    for (size_t i = 0; i < n; i++) y_bar[i] += to->solution_bar[(left - 1) * n + i];
  for (size_t i = 0; i < n; i++) to->initial_bar[i] += y_bar[i];
}

FLOE__ODE struct floe__ode_run floe__ode_run_of(const struct floe_ode *ode, size_t n_state, size_t n_parameter,
                                                const double *parameter) {
  return (struct floe__ode_run){.ode = ode, .parameter = parameter, .n_state = n_state, .n_parameter = n_parameter};
}

/* The explicit method for constant numbers of states and parameters: either the solution, or, where that is NULL, what it
 * adds to `to`. 0: neither, the library is to see to it. */
FLOE__ODE int floe__ode_small(const struct floe_ode *ode, size_t n_state, size_t n_parameter,
                              const struct floe_ode_method *method, size_t n_time, const double *time,
                              const double *initial, const double *parameter, double *solution,
                              const struct floe__ode_contraction *to, double *scratch) {
  if (method->stiff != 0) return 0;
  struct floe__ode_run run = floe__ode_run_of(ode, n_state, n_parameter, parameter);
  floe__ode_begin(&run, method, initial, scratch, to != NULL);
  if (!floe__ode_integrate(&run, method->start, n_time, time, solution, NULL, 0)) return 0;
  if (to) floe__ode_go_back(&run, n_time, to);
  return 1;
}

FLOE__ODE int floe__ode_asked(size_t n, const double *solution_bar) {
  for (size_t k = 0; k < n; k++)
    if (solution_bar[k] != 0) return 1;
  return 0;
}

#endif
