/* ode.h: initial value problems y' = f(t, y, p), y(start) = y0, and the derivatives of their solutions.
 *
 * Two one-step methods with embedded error estimates: the explicit pair of Dormand and Prince of orders 5(4) (1980, J.
 * Comput. Appl. Math. 6, 19-26), and for stiff systems the L-stable singly diagonally implicit method of order 4(3) with
 * five stages of Hairer and Wanner (Solving Ordinary Differential Equations II, 2nd ed., table IV.6.5). Step sizes
 * follow Hairer, Norsett and Wanner (Solving ODEs I, 2nd ed., II.4).
 *
 * A step is accepted if the root mean square over the states of error / (tolerance (1 + |y|)) is at most 1. Derivatives by
 * y0 and p are those of the numerical solution, for the step sizes taken, so that a density and its gradient belong
 * together, whatever the tolerance: the explicit method goes back through the very same steps with the adjoint of each
 * (Hager 2000, Numer. Math. 87, 247-282), at a cost that does not grow with the number of parameters; the implicit one, and
 * the explicit one where there are more than FLOE_ODE_KEPT_STEPS steps, carries the sensitivities along.
 *
 * Where the solution needs more than FLOE_ODE_MAX_STEPS steps, runs to infinity, or the times do not ascend from `start`,
 * all its numbers are NaN. Nothing is allocated: the caller lends FLOE_ODE_SCRATCH doubles. */
#ifndef FLOE_ODE_H
#define FLOE_ODE_H

#include <stddef.h>

#define FLOE_ODE_MAX_STEPS 20000

/* What is kept of a step: where it starts, its size, what was to be done before it, and the state at six stages. */
#define FLOE_ODE_KEPT_STEP(K) (6 * (K) + 3)
#define FLOE_ODE_KEPT_STEPS(K) (12288 / FLOE_ODE_KEPT_STEP(K))

/* K states, P parameters. */
#define FLOE_ODE_SCRATCH(K, P) \
  (10 * (K) * (1 + (K) + (P)) + 3 * (K) * (K) + (K) * (P) + 4 * (K) + 1 + FLOE_ODE_KEPT_STEPS(K) * FLOE_ODE_KEPT_STEP(K))

struct floe_ode {
  size_t n_state, n_parameter;
  /* state (n_state), parameter (n_parameter) -> rate (n_state) */
  void (*rate)(double time, const double *state, const double *parameter, double *rate);
  /* d rate / d state (n_state, n_state) and d rate / d parameter (n_state, n_parameter), row-major */
  void (*slopes)(double time, const double *state, const double *parameter, double *by_state, double *by_parameter);
};

struct floe_ode_method {
  double start, tolerance;
  double stiff; /* 0: the explicit method */
};

/* time (n_time), initial (n_state), parameter (n_parameter) -> solution (n_time, n_state). */
void floe_ode_solve(const struct floe_ode *ode, const struct floe_ode_method *method, size_t n_time, const double *time,
                    const double *initial, const double *parameter, double *solution, double *scratch);

/* solution_bar (n_time, n_state), the adjoint of the solution: adds to initial_bar (n_state) and parameter_bar
 * (n_parameter). Adjoints that are all zero stand for "not chosen": then nothing is added, not even where the solution is NaN. */
void floe_ode_adjoint(const struct floe_ode *ode, const struct floe_ode_method *method, size_t n_time,
                      const double *time, const double *initial, const double *parameter, const double *solution_bar,
                      double *initial_bar, double *parameter_bar, double *scratch);

#endif
