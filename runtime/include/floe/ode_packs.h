/* floe/ode_packs.h: the explicit method of <floe/ode_steps.h> for several chains in lockstep; see <floe/packs.h>.
 *
 * Each chain has times, step sizes and errors of its own; all take their stages together until the last has arrived. What is
 * kept of a step in which a chain stood still, since its error was too large or it has arrived, has size 0 there. */
#ifndef FLOE_ODE_PACKS_H
#define FLOE_ODE_PACKS_H

#include <floe/ode_steps.h>
#include <floe/packs.h>

#if FLOE_PACK

/* What is kept: where it starts, its size, how many times were behind it, and the state at six stages. */
#define FLOE__ODE_KEPT_PACKS(K) (FLOE_ODE_KEPT_STEPS(K) * FLOE_ODE_KEPT_STEP(K))
#define FLOE_ODE_SCRATCH_PACKS(K, P)                                                                                   \
  ((FLOE__ODE_STAGES + 2) * (K) + (K) * (K) + ((K) + 1) * (P) + FLOE__ODE_KEPT_PACKS(K))

/* As in struct floe_ode, a number of each chain in the place of each number. */
struct floe_ode_packs {
  void (*rate)(const double *time, const double *state, const double *parameter, double *rate);
  void (*slopes)(const double *time, const double *state, const double *parameter, double *by_state,
                 double *by_parameter);
};

struct floe__pack_run {
  const struct floe_ode_packs *ode;
  const floe_pack *parameter;
  double tolerance;
  floe_pack *z, *trial, *stage[FLOE__ODE_STAGES]; /* (K) */
  floe_pack *by_state, *by_parameter;             /* (K, K), (K, P) */
  floe_pack *kept;                                /* (n_kept + 1, FLOE_ODE_KEPT_STEP(K)); NULL: none is */
  size_t n_kept;
  floe_pack time, h, visited; /* h: the size that the error estimate asks for; visited: of the times */
};

FLOE__ODE void floe__pack_rate(const struct floe__pack_run *run, floe_pack time, const floe_pack *state,
                               floe_pack *rate) {
  run->ode->rate((const double *)&time, (const double *)state, (const double *)run->parameter, (double *)rate);
}

FLOE__ODE floe_pack floe__pack_greater(floe_pack a, floe_pack b) {
  return floe_pack_pick((a > b) | (b != b), a, b);
}

FLOE__ODE floe_pack floe__pack_smaller(floe_pack a, floe_pack b) {
  return floe_pack_pick((a < b) | (b != b), a, b);
}

FLOE__ODE floe_pack floe__pack_size(floe_pack x) {
  return (floe_pack)((floe_truths)x & INT64_MAX);
}

FLOE__ODE floe_pack floe__pack_norm(const struct floe__pack_run *run, size_t n, const floe_pack *x, const floe_pack *y,
                                    const floe_pack *other) {
  floe_pack sum = floe_pack_all(0);
  FLOE__UNROLL
  for (size_t i = 0; i < n; i++) {
    const floe_pack size = floe__pack_greater(floe__pack_size(y[i]), floe__pack_size(other[i]));
    const floe_pack scaled = x[i] / (run->tolerance * (1 + size));
    sum += scaled * scaled;
  }
  return floe_pack_sqrt(sum / (double)n);
}

/* x^power for positive x. */
FLOE__ODE floe_pack floe__pack_power(floe_pack x, double power) {
  return floe_pack_exp(power * floe_pack_log(x));
}

/* ---- a step ---- */

FLOE__ODE void floe__pack_stage(struct floe__pack_run *run, size_t n, size_t k, floe_pack h) {
  FLOE__UNROLL
  for (size_t i = 0; i < n; i++) {
    floe_pack sum = floe_pack_all(0);
    FLOE__UNROLL
    for (size_t j = 0; j < k; j++) sum += floe__ode_weights[k][j] * run->stage[j][i];
    run->trial[i] = run->z[i] + h * sum;
    if (run->kept && k < FLOE__ODE_STAGES - 1)
      run->kept[run->n_kept * FLOE_ODE_KEPT_STEP(n) + 3 + k * n + i] = run->trial[i];
  }
  floe__pack_rate(run, run->time + floe__ode_nodes[k] * h, run->trial, run->stage[k]);
}

/* From z to `trial`; the scaled error. */
FLOE__ODE floe_pack floe__pack_step(struct floe__pack_run *run, size_t n, floe_pack h) {
  floe_pack *error = run->by_state; /* of K numbers there */
  for (size_t i = 0; i < n && run->kept; i++) run->kept[run->n_kept * FLOE_ODE_KEPT_STEP(n) + 3 + i] = run->z[i];
  floe__pack_stage(run, n, 1, h);
  floe__pack_stage(run, n, 2, h);
  floe__pack_stage(run, n, 3, h);
  floe__pack_stage(run, n, 4, h);
  floe__pack_stage(run, n, 5, h);
  floe__pack_stage(run, n, 6, h);
  FLOE__UNROLL
  for (size_t i = 0; i < n; i++) {
    floe_pack sum = floe_pack_all(0);
    FLOE__UNROLL
    for (size_t k = 0; k < FLOE__ODE_STAGES; k++) sum += floe__ode_difference[k] * run->stage[k][i];
    error[i] = h * sum;
  }
  return floe__pack_norm(run, n, error, run->z, run->trial);
}

FLOE__ODE floe_pack floe__pack_first_step(struct floe__pack_run *run, size_t n, floe_pack distance) {
  floe_pack *rate = run->by_state; /* of K numbers there */
  const floe_pack d0 = floe__pack_norm(run, n, run->z, run->z, run->z),
                  d1 = floe__pack_norm(run, n, run->stage[0], run->z, run->z);
  floe_pack h = floe_pack_pick((d0 < 1e-5) | (d1 < 1e-5), floe_pack_all(1e-6), 0.01 * d0 / d1);
  h = floe__pack_smaller(h, distance);
  for (size_t i = 0; i < n; i++) run->trial[i] = run->z[i] + h * run->stage[0][i];
  floe__pack_rate(run, run->time + h, run->trial, rate);
  for (size_t i = 0; i < n; i++) rate[i] = (rate[i] - run->stage[0][i]) / h;
  const floe_pack greatest = floe__pack_greater(d1, floe__pack_norm(run, n, rate, run->z, run->z));
  const floe_pack next = floe_pack_pick(greatest <= 1e-15, floe__pack_greater(floe_pack_all(1e-6), h * 1e-3),
                                        floe__pack_power(0.01 / greatest, 1.0 / 5));
  const floe_pack most = floe__pack_smaller(100 * h, next);
  return floe__pack_smaller(floe_pack_pick(next - next == 0, most, floe_pack_all(1e-6)), distance);
}

/* ---- all steps ---- */

/* A chain is at the time that it went for: its state goes to `solution`, unless that is NULL. */
FLOE__ODE void floe__pack_arrive(struct floe__pack_run *run, size_t n, size_t chain, size_t n_time, const double *time,
                                 floe_pack *solution) {
  size_t k = (size_t)run->visited[chain];
  for (; k < n_time && time[k] == run->time[chain]; k++)
    for (size_t i = 0; i < n && solution; i++) solution[k * n + i][chain] = run->z[i][chain];
  run->visited[chain] = (double)k;
}

/* 0: some chain does not get there, or there is no room. */
FLOE__ODE int floe__pack_integrate(struct floe__pack_run *run, size_t n, double start, size_t n_time,
                                   const double *time, floe_pack *solution) {
  floe_pack rejected = floe_pack_all(0), end;
  size_t first = 0;
  if (!(run->tolerance > 0) || !__builtin_isfinite(start)) return 0;
  for (size_t k = 0; k < n_time; k++)
    if (!(time[k] >= (k ? time[k - 1] : start)) || !__builtin_isfinite(time[k])) return 0;
  while (first < n_time && time[first] == start) first++;
  run->time = floe_pack_all(start);
  run->visited = floe_pack_all(0);
  floe__pack_rate(run, run->time, run->z, run->stage[0]);
  for (size_t chain = 0; chain < FLOE_PACK; chain++) floe__pack_arrive(run, n, chain, n_time, time, solution);
  if (first == n_time) return 1;
  end = floe_pack_all(time[first]);
  run->h = floe__pack_first_step(run, n, end - run->time);
  for (size_t left = FLOE_ODE_MAX_STEPS; left > 0; left--) {
    const floe_truths under_way = run->visited < (double)n_time;
    if (!floe_truths_any(under_way)) return 1;
    const floe_pack distance = end - run->time;
    const floe_truths last = run->h >= distance * (1 - 1e-12);
    const floe_pack h = floe_pack_pick(under_way, floe_pack_pick(last, distance, run->h), floe_pack_all(0));
    const floe_truths moves = (h > 4 * DBL_EPSILON * floe__pack_size(run->time)) & (h > DBL_MIN);
    if (floe_truths_any(under_way & ~moves)) return 0;
    const floe_pack error = floe__pack_step(run, n, h);
    const floe_truths taken = under_way & (error <= 1);
    const floe_pack bounded = floe__pack_smaller(floe__pack_greater(error, floe_pack_all(1e-10)), floe_pack_all(1e30));
    const floe_pack wish =
        floe_pack_pick(error - error == 0, 0.9 * floe__pack_power(bounded, -1.0 / 5), floe_pack_all(0.1));
    const floe_pack least = floe_pack_pick(taken, floe_pack_all(0.2), floe_pack_all(0.1)),
                    most = floe_pack_pick(taken, floe_pack_pick(rejected != 0, floe_pack_all(1), floe_pack_all(5)),
                                          floe_pack_all(0.9));
    const floe_pack asked = h * floe__pack_smaller(floe__pack_greater(wish, least), most);
    run->h = floe_pack_pick(under_way, floe_pack_pick(taken & last, floe__pack_greater(run->h, asked), asked), run->h);
    rejected = floe_pack_number(under_way & ~taken);
    if (!floe_truths_any(taken)) continue;
    if (run->kept) {
      floe_pack *kept = run->kept + run->n_kept * FLOE_ODE_KEPT_STEP(n);
      kept[0] = run->time;
      kept[1] = floe_pack_pick(taken, h, floe_pack_all(0));
      kept[2] = run->visited;
      if (++run->n_kept >= FLOE_ODE_KEPT_STEPS(n)) return 0;
    }
    run->time = floe_pack_pick(taken, floe_pack_pick(last, end, run->time + h), run->time);
    FLOE__UNROLL
    for (size_t i = 0; i < n; i++) {
      run->z[i] = floe_pack_pick(taken, run->trial[i], run->z[i]);
      run->stage[0][i] = floe_pack_pick(taken, run->stage[FLOE__ODE_STAGES - 1][i], run->stage[0][i]);
    }
    if (!floe_truths_any(taken & last)) continue;
    for (size_t chain = 0; chain < FLOE_PACK; chain++) {
      if (!(taken & last)[chain]) continue;
      floe__pack_arrive(run, n, chain, n_time, time, solution);
      if (run->visited[chain] < (double)n_time) end[chain] = time[(size_t)run->visited[chain]];
    }
  }
  return 0;
}

/* ---- back ---- */

FLOE__ODE void floe__pack_stage_back(struct floe__pack_run *run, size_t n, size_t n_parameter, size_t k,
                                     const floe_pack *kept, const floe_pack *y_bar, floe_pack *parameter_bar) {
  const floe_pack h = kept[1], time = kept[0] + floe__ode_nodes[k] * h, none = floe_pack_all(0);
  const floe_truths taken = h != 0;
  floe_pack *rate_bar = run->trial, *state_bar = run->stage[k];
  run->ode->slopes((const double *)&time, (const double *)(kept + 3 + k * n), (const double *)run->parameter,
                   (double *)run->by_state, (double *)run->by_parameter);
  FLOE__UNROLL
  for (size_t i = 0; i < n; i++) {
    floe_pack sum = floe__ode_weights[FLOE__ODE_STAGES - 1][k] * y_bar[i];
    for (size_t l = k + 1; l < FLOE__ODE_STAGES - 1; l++) sum += floe__ode_weights[l][k] * run->stage[l][i];
    rate_bar[i] = h * sum;
  }
  FLOE__UNROLL
  for (size_t j = 0; j < n; j++) {
    floe_pack sum = none;
    FLOE__UNROLL
    for (size_t i = 0; i < n; i++) sum += run->by_state[i * n + j] * rate_bar[i];
    state_bar[j] = floe_pack_pick(taken, sum, none);
  }
  FLOE__UNROLL
  for (size_t m = 0; m < n_parameter; m++) {
    floe_pack sum = none;
    FLOE__UNROLL
    for (size_t i = 0; i < n; i++) sum += run->by_parameter[i * n_parameter + m] * rate_bar[i];
    parameter_bar[m] += floe_pack_pick(taken, sum, none);
  }
}

/* The adjoints of the solution at the times from number `visited` of each chain up to those done. */
FLOE__ODE void floe__pack_join(size_t n, floe_pack visited, floe_pack *left, const floe_pack *solution_bar,
                               floe_pack *y_bar) {
  if (!floe_truths_any(*left > visited)) return;
  for (size_t chain = 0; chain < FLOE_PACK; chain++)
    for (size_t k = (size_t)(*left)[chain]; k-- > (size_t)visited[chain];)
      for (size_t i = 0; i < n; i++) y_bar[i][chain] += solution_bar[k * n + i][chain];
  *left = visited;
}

/* z becomes the adjoint of the initial state; adds to that of the parameters. */
FLOE__ODE void floe__pack_go_back(struct floe__pack_run *run, size_t n, size_t n_parameter, size_t n_time,
                                  const floe_pack *solution_bar, floe_pack *parameter_bar) {
  floe_pack *y_bar = run->z, left = floe_pack_all((double)n_time);
  for (size_t i = 0; i < n; i++) y_bar[i] = floe_pack_all(0);
  for (size_t s = run->n_kept; s-- > 0;) {
    const floe_pack *kept = run->kept + s * FLOE_ODE_KEPT_STEP(n);
    floe__pack_join(n, kept[2], &left, solution_bar, y_bar);
    for (size_t k = FLOE__ODE_STAGES - 1; k-- > 0;)
      floe__pack_stage_back(run, n, n_parameter, k, kept, y_bar, parameter_bar);
    FLOE__UNROLL
    for (size_t i = 0; i < n; i++) {
      FLOE__UNROLL
      for (size_t k = 0; k < FLOE__ODE_STAGES - 1; k++) y_bar[i] += run->stage[k][i];
    }
  }
  floe__pack_join(n, floe_pack_all(0), &left, solution_bar, y_bar);
}

/* Either the solution (n_time, K), or, where that is NULL, what its adjoint adds to those of the initial state and of the
 * parameters, bars (K + P). 0: neither, for some chain, and the chains are to be solved one by one. */
FLOE__ODE int floe__ode_in_packs(const struct floe_ode_packs *ode, size_t n, size_t n_parameter,
                                 const struct floe_ode_method *method, size_t n_time, const double *time,
                                 const floe_pack *initial, const floe_pack *parameter, floe_pack *solution,
                                 const floe_pack *solution_bar, floe_pack *const *bars, floe_pack *scratch) {
  struct floe__pack_run run = {.ode = ode, .parameter = parameter, .tolerance = method->tolerance};
  if (method->stiff != 0) return 0;
  run.z = scratch, scratch += n;
  run.trial = scratch, scratch += n;
  FLOE__UNROLL
  for (size_t k = 0; k < FLOE__ODE_STAGES; k++) run.stage[k] = scratch, scratch += n;
  run.by_state = scratch, scratch += n * n;
  run.by_parameter = scratch, scratch += n * n_parameter;
  floe_pack *parameter_bar = scratch;
  scratch += n_parameter;
  run.kept = solution ? NULL : scratch;
  for (size_t i = 0; i < n; i++) run.z[i] = initial[i];
  if (!floe__pack_integrate(&run, n, method->start, n_time, time, solution)) return 0;
  if (solution) return 1;
  for (size_t m = 0; m < n_parameter; m++) parameter_bar[m] = floe_pack_all(0);
  floe__pack_go_back(&run, n, n_parameter, n_time, solution_bar, parameter_bar);
  for (size_t i = 0; i < n; i++) *bars[i] += run.z[i];
  for (size_t m = 0; m < n_parameter; m++) *bars[n + m] += parameter_bar[m];
  return 1;
}

#endif
#endif
