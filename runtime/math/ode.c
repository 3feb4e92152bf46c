#include "runtime/math/ode.h"

#include <float.h>
#include <math.h>
#include <string.h>

void ode_rates(const struct ode_run *run, double time, const double *z, double *rates) {
  const size_t n = run->n_state, n_parameter = run->ode->n_parameter;
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

double ode_norm(const struct ode_run *run, const double *x, const double *y, const double *other) {
  double sum = 0;
  for (size_t i = 0; i < run->n_state; i++) {
    const double scaled = x[i] / (run->tolerance * (1 + fmax(fabs(y[i]), fabs(other[i]))));
    sum += scaled * scaled;
  }
  return sqrt(sum / (double)run->n_state);
}

/* ---- one run ---- */

static double *take(double **scratch, size_t n) {
  double *taken = *scratch;
  *scratch += n;
  return taken;
}

static struct ode_run run_of(const struct floe_ode *ode, const struct floe_ode_method *method, const double *initial,
                             const double *parameter, bool sensitivities, bool keeps, double *scratch) {
  const size_t n = ode->n_state;
  struct ode_run run = {.ode = ode, .parameter = parameter, .tolerance = method->tolerance, .n_state = n};
  run.n_column = sensitivities ? n + ode->n_parameter : 0;
  run.width = n * (1 + run.n_column);
  run.z = take(&scratch, run.width);
  run.trial = take(&scratch, run.width);
  run.base = take(&scratch, run.width);
  for (size_t k = 0; k < ODE_STAGES; k++) run.stage[k] = take(&scratch, run.width);
  run.by_state = take(&scratch, n * n);
  run.by_parameter = take(&scratch, n * ode->n_parameter);
  run.factors = take(&scratch, n * n);
  run.pivot = take(&scratch, n);
  run.correction = take(&scratch, n);
  run.error = take(&scratch, n);
  run.kept = keeps ? scratch : NULL;
  memset(run.z, 0, run.width * sizeof *run.z);
  memcpy(run.z, initial, n * sizeof *run.z);
  for (size_t m = 0; m < n && run.n_column; m++) run.z[n * (1 + m) + m] = 1;
  return run;
}

/* Solving ODEs I, II.4: a size with which an explicit Euler step and the second derivative stay within bounds. stage[0] is z'
 * at the start. */
static double first_step(struct ode_run *run, double time, double distance, double order) {
  const size_t n = run->n_state;
  const double d0 = ode_norm(run, run->z, run->z, run->z), d1 = ode_norm(run, run->stage[0], run->z, run->z);
  double h = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
  h = fmin(h, distance);
  for (size_t i = 0; i < n; i++) run->base[i] = run->z[i] + h * run->stage[0][i];
  run->ode->rate(time + h, run->base, run->parameter, run->error);
  for (size_t i = 0; i < n; i++) run->error[i] = (run->error[i] - run->stage[0][i]) / h;
  const double greatest = fmax(d1, ode_norm(run, run->error, run->z, run->z));
  const double next = greatest <= 1e-15 ? fmax(1e-6, h * 1e-3) : pow(0.01 / greatest, 1 / order);
  return isfinite(next) ? fmin(fmin(100 * h, next), distance) : fmin(1e-6, distance);
}

struct steps {
  bool stiff;
  double time, h; /* h: the size that the error estimate asks for */
  size_t left, visited; /* visited: of the times */
};

/* The step that was tried is one of those taken. False: there is no room for another one. */
static bool keep_step(struct ode_run *run, const struct steps *steps, double h) {
  double *kept = run->kept + run->n_kept * FLOE_ODE_KEPT_STEP(run->n_state);
  kept[0] = steps->time;
  kept[1] = h;
  kept[2] = (double)steps->visited;
  return ++run->n_kept < FLOE_ODE_KEPT_STEPS(run->n_state);
}

/* On to `end`, which is met exactly. False: the solution does not get there. */
static bool advance(struct ode_run *run, struct steps *steps, double end) {
  const double order = steps->stiff ? 4 : 5;
  bool rejected = false;
  while (steps->time < end) {
    if (steps->left-- == 0) return false;
    const double distance = end - steps->time;
    const bool last = steps->h >= distance * (1 - 1e-12);
    const double h = last ? distance : steps->h;
    if (!(h > 4 * DBL_EPSILON * fabs(steps->time)) || !(h > DBL_MIN)) return false;
    const double error = steps->stiff ? ode_stiff_step(run, steps->time, h) : ode_explicit_step(run, steps->time, h);
    const double wish = isfinite(error) ? 0.9 * pow(fmax(error, 1e-10), -1 / order) : 0.1;
    if (!(error <= 1)) {
      steps->h = h * fmin(fmax(wish, 0.1), 0.9);
      rejected = true;
      continue;
    }
    const double grown = h * fmin(fmax(wish, 0.2), rejected ? 1.0 : 5.0);
    steps->h = last ? fmax(steps->h, grown) : grown;
    if (run->kept && !keep_step(run, steps, h)) return false;
    steps->time = last ? end : steps->time + h;
    rejected = false;
    double *from = run->z;
    run->z = run->trial;
    run->trial = from;
    if (!steps->stiff) ode_explicit_advance(run);
  }
  return true;
}

/* What is done with z at each time. */
typedef void (*at_time)(const struct ode_run *run, size_t k, void *context);

static bool integrate(struct ode_run *run, const struct floe_ode_method *method, size_t n_time, const double *time,
                      at_time visit, void *context) {
  struct steps steps = {method->stiff != 0, method->start, 0, FLOE_ODE_MAX_STEPS, 0};
  if (!(run->tolerance > 0) || !isfinite(method->start)) return false;
  for (size_t i = 0; i < run->n_state; i++)
    if (!isfinite(run->z[i])) return false;
  ode_rates(run, steps.time, run->z, run->stage[0]);
  for (size_t k = 0; k < n_time; k++) {
    if (!(time[k] >= steps.time) || !isfinite(time[k])) return false;
    if (time[k] > steps.time && steps.h == 0) {
      const double distance = time[k] - steps.time;
      steps.h = first_step(run, steps.time, distance, steps.stiff ? 4 : 5);
    }
    if (!advance(run, &steps, time[k])) return false;
    visit(run, k, context);
    steps.visited++;
  }
  return true;
}

/* ---- solution and adjoint ---- */

static void keep_state(const struct ode_run *run, size_t k, void *context) {
  memcpy((double *)context + k * run->n_state, run->z, run->n_state * sizeof *run->z);
}

void floe_ode_solve(const struct floe_ode *ode, const struct floe_ode_method *method, size_t n_time, const double *time,
                    const double *initial, const double *parameter, double *solution, double *scratch) {
  struct ode_run run = run_of(ode, method, initial, parameter, false, false, scratch);
  if (integrate(&run, method, n_time, time, keep_state, solution)) return;
  for (size_t k = 0; k < n_time * ode->n_state; k++) solution[k] = NAN;
}

struct contraction {
  const double *solution_bar;
  double *initial_bar, *parameter_bar;
};

static void contract(const struct ode_run *run, size_t k, void *context) {
  const struct contraction *to = context;
  const size_t n = run->n_state;
  for (size_t m = 0; m < run->n_column; m++) {
    double *bar = m < n ? to->initial_bar + m : to->parameter_bar + (m - n);
    for (size_t i = 0; i < n; i++) *bar += to->solution_bar[k * n + i] * run->z[n * (1 + m) + i];
  }
}

static void pass_by(const struct ode_run *run, size_t k, void *context) {
  (void)run, (void)k, (void)context;
}

/* Back through all steps of the explicit method. False: there were too many to be kept, or the solution did not get there. */
static bool go_back(const struct floe_ode *ode, const struct floe_ode_method *method, size_t n_time, const double *time,
                    const double *initial, const double *parameter, const struct contraction *to, double *scratch) {
  const size_t n = ode->n_state, size = FLOE_ODE_KEPT_STEP(n);
  struct ode_run run = run_of(ode, method, initial, parameter, false, true, scratch);
  if (!integrate(&run, method, n_time, time, pass_by, NULL)) return false;
  double *y_bar = run.error;
  size_t left = n_time; /* times whose adjoints are not yet in y_bar */
  for (size_t i = 0; i < n; i++) y_bar[i] = 0;
  for (size_t s = run.n_kept; s-- > 0;) {
    const double *kept = run.kept + s * size;
    for (; left > (size_t)kept[2]; left--)
      for (size_t i = 0; i < n; i++) y_bar[i] += to->solution_bar[(left - 1) * n + i];
    ode_explicit_back(&run, kept[0], kept[1], kept + 3, y_bar, to->parameter_bar);
  }
  for (; left > 0; left--)
    for (size_t i = 0; i < n; i++) y_bar[i] += to->solution_bar[(left - 1) * n + i];
  for (size_t i = 0; i < n; i++) to->initial_bar[i] += y_bar[i];
  return true;
}

void floe_ode_adjoint(const struct floe_ode *ode, const struct floe_ode_method *method, size_t n_time,
                      const double *time, const double *initial, const double *parameter, const double *solution_bar,
                      double *initial_bar, double *parameter_bar, double *scratch) {
  bool asked = false;
  for (size_t k = 0; k < n_time * ode->n_state; k++) asked = asked || solution_bar[k] != 0;
  if (!asked) return;
  struct contraction to = {solution_bar, initial_bar, parameter_bar};
  if (method->stiff == 0 && go_back(ode, method, n_time, time, initial, parameter, &to, scratch)) return;
  struct ode_run run = run_of(ode, method, initial, parameter, true, false, scratch);
  if (integrate(&run, method, n_time, time, contract, &to)) return;
  for (size_t k = 0; k < ode->n_state; k++) initial_bar[k] = NAN;
  for (size_t k = 0; k < ode->n_parameter; k++) parameter_bar[k] = NAN;
}
