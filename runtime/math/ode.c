#include <floe/ode_steps.h>

/* One copy of the loop for all that is done here. */
static int integrate(struct floe__ode_run *run, const struct floe_ode_method *method, size_t n_time, const double *time,
                     double *solution, const struct floe__ode_contraction *to) {
  return floe__ode_integrate(run, method->start, n_time, time, solution, to, method->stiff != 0);
}

static struct floe__ode_run run_of(const struct floe_ode *ode, const double *parameter) {
  return floe__ode_run_of(ode, ode->n_state, ode->n_parameter, parameter);
}

void floe_ode_solve(const struct floe_ode *ode, const struct floe_ode_method *method, size_t n_time, const double *time,
                    const double *initial, const double *parameter, double *solution, double *scratch) {
  struct floe__ode_run run = run_of(ode, parameter);
  floe__ode_begin(&run, method, initial, scratch, 0);
  if (integrate(&run, method, n_time, time, solution, NULL)) return;
  for (size_t k = 0; k < n_time * ode->n_state; k++) solution[k] = __builtin_nan("");
}

void floe_ode_adjoint(const struct floe_ode *ode, const struct floe_ode_method *method, size_t n_time,
                      const double *time, const double *initial, const double *parameter, const double *solution_bar,
                      double *initial_bar, double *parameter_bar, double *scratch) {
  const struct floe__ode_contraction to = {solution_bar, initial_bar, parameter_bar};
  if (!floe__ode_asked(n_time * ode->n_state, solution_bar)) return;
  struct floe__ode_run run = run_of(ode, parameter);
  floe__ode_begin(&run, method, initial, scratch, 1);
  if (method->stiff == 0 && integrate(&run, method, n_time, time, NULL, NULL)) {
    floe__ode_go_back(&run, n_time, &to);
    return;
  }
  run = run_of(ode, parameter);
  run.n_column = ode->n_state + ode->n_parameter;
  floe__ode_begin(&run, method, initial, scratch, 0);
  if (integrate(&run, method, n_time, time, NULL, &to)) return;
  for (size_t k = 0; k < ode->n_state; k++) initial_bar[k] = __builtin_nan("");
  for (size_t k = 0; k < ode->n_parameter; k++) parameter_bar[k] = __builtin_nan("");
}
