/* ode.h: what the drivers in ode.c and the two methods share. Private to math/.
 *
 * z is the state y (K) followed by one sensitivity (K) per column: dy/dy0 first, then dy/dp; or y alone. */
#ifndef FLOE_MATH_ODE_H
#define FLOE_MATH_ODE_H

#include <floe/ode.h>
#include <stdbool.h>

#define ODE_STAGES 7

struct ode_run {
  const struct floe_ode *ode;
  const double *parameter;
  double tolerance;
  size_t n_state, n_column, width; /* width = n_state (1 + n_column) */
  double *z, *trial, *base;        /* (width) where it stands; after the step tried; scratch of a stage */
  double *stage[ODE_STAGES];       /* (width) z' at the stages */
  double *by_state, *by_parameter; /* (K, K), (K, P) */
  double *factors, *pivot;         /* (K, K) and (K): the stiff method's LU factors */
  double *correction, *error;      /* (K) */
  double *kept;                    /* (n_kept + 1, FLOE_ODE_KEPT_STEP(K)) the steps taken and the one tried; NULL: none is */
  size_t n_kept;
};

/* A step of size h from run->z at `time` to run->trial. Gives the scaled error; not finite where the step failed. */
double ode_explicit_step(struct ode_run *run, double time, double h);
double ode_stiff_step(struct ode_run *run, double time, double h);

/* Once a step has been accepted: stage[0] is z' at its end (explicit method). */
void ode_explicit_advance(struct ode_run *run);

/* Back through a kept step: `kept` are the states of its stages (6, K). y_bar (K), the adjoint of the state at its end, becomes
 * that of the state at its start; adds to parameter_bar (P). */
void ode_explicit_back(struct ode_run *run, double time, double h, const double *kept, double *y_bar,
                       double *parameter_bar);

/* z -> z'. */
void ode_rates(const struct ode_run *run, double time, const double *z, double *rates);

/* The root mean square of x / (tolerance (1 + max |y|, |y'|)) over the states. */
double ode_norm(const struct ode_run *run, const double *x, const double *y, const double *other);

#endif
