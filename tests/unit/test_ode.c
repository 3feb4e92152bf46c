/* Systems with solutions in closed form, two stiff ones with high-precision figures, and derivatives against both closed
 * forms and differences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <floe/ode.h>
#include <math.h>

enum { MAX_SCRATCH = FLOE_ODE_SCRATCH(4, 4) };

/* ---- systems ---- */

/* x'' = -w^2 x. */
static void oscillator_rate(double time, const double *y, const double *p, double *rate) {
  (void)time;
  rate[0] = y[1];
  rate[1] = -p[0] * p[0] * y[0];
}

static void oscillator_slopes(double time, const double *y, const double *p, double *by_state, double *by_parameter) {
  (void)time;
  by_state[0] = 0, by_state[1] = 1, by_state[2] = -p[0] * p[0], by_state[3] = 0;
  by_parameter[0] = 0, by_parameter[1] = -2 * p[0] * y[0];
}

static const struct floe_ode oscillator = {2, 1, oscillator_rate, oscillator_slopes};

/* y' = r y (1 - y / k). */
static void logistic_rate(double time, const double *y, const double *p, double *rate) {
  (void)time;
  rate[0] = p[0] * y[0] * (1 - y[0] / p[1]);
}

static void logistic_slopes(double time, const double *y, const double *p, double *by_state, double *by_parameter) {
  (void)time;
  by_state[0] = p[0] * (1 - 2 * y[0] / p[1]);
  by_parameter[0] = y[0] * (1 - y[0] / p[1]);
  by_parameter[1] = p[0] * y[0] * y[0] / (p[1] * p[1]);
}

static const struct floe_ode logistic = {1, 2, logistic_rate, logistic_slopes};

/* Robertson's reaction. */
static void robertson_rate(double time, const double *y, const double *p, double *rate) {
  (void)time;
  rate[0] = -p[0] * y[0] + p[1] * y[1] * y[2];
  rate[2] = p[2] * y[1] * y[1];
  rate[1] = -rate[0] - rate[2];
}

static void robertson_slopes(double time, const double *y, const double *p, double *by_state, double *by_parameter) {
  (void)time;
  const double state[3][3] = {{-p[0], p[1] * y[2], p[1] * y[1]}, {0}, {0, 2 * p[2] * y[1], 0}};
  const double parameter[3][3] = {{-y[0], y[1] * y[2], 0}, {0}, {0, 0, y[1] * y[1]}};
  for (size_t j = 0; j < 3; j++) {
    by_state[j] = state[0][j], by_state[6 + j] = state[2][j], by_state[3 + j] = -state[0][j] - state[2][j];
    by_parameter[j] = parameter[0][j], by_parameter[6 + j] = parameter[2][j];
    by_parameter[3 + j] = -parameter[0][j] - parameter[2][j];
  }
}

static const struct floe_ode robertson = {3, 3, robertson_rate, robertson_slopes};

/* The oscillator of van der Pol. */
static void relaxation_rate(double time, const double *y, const double *p, double *rate) {
  (void)time;
  rate[0] = y[1];
  rate[1] = p[0] * (1 - y[0] * y[0]) * y[1] - y[0];
}

static void relaxation_slopes(double time, const double *y, const double *p, double *by_state, double *by_parameter) {
  (void)time;
  by_state[0] = 0, by_state[1] = 1;
  by_state[2] = -2 * p[0] * y[0] * y[1] - 1, by_state[3] = p[0] * (1 - y[0] * y[0]);
  by_parameter[0] = 0, by_parameter[1] = (1 - y[0] * y[0]) * y[1];
}

static const struct floe_ode relaxation = {2, 1, relaxation_rate, relaxation_slopes};

/* y' = y^2: at infinity when t = 1 / y0. */
static void explosion_rate(double time, const double *y, const double *p, double *rate) {
  (void)time, (void)p;
  rate[0] = y[0] * y[0];
}

static void explosion_slopes(double time, const double *y, const double *p, double *by_state, double *by_parameter) {
  (void)time, (void)p, (void)by_parameter;
  by_state[0] = 2 * y[0];
}

static const struct floe_ode explosion = {1, 0, explosion_rate, explosion_slopes};

/* ---- helpers ---- */

static void near(double x, double y, double tolerance) {
  if (!(fabs(x - y) <= tolerance * (1 + fabs(y)))) fail_msg("%.15g, should be %.15g", x, y);
}

/* The adjoint of sum over times and states of weight (1, 2, 3, ...) times the solution, against differences of the solution
 * for the initial values and parameters one by one. */
static void differentiates(const struct floe_ode *ode, struct floe_ode_method method, size_t n_time, const double *time,
                           const double *initial, const double *parameter, double step, double tolerance) {
  const size_t n = ode->n_state, m = n + ode->n_parameter;
  double bar[32], at[8], sum[4], solution[32], scratch[MAX_SCRATCH], result[8] = {0};
  for (size_t k = 0; k < n_time * n; k++) bar[k] = (double)k + 1;
  floe_ode_adjoint(ode, &method, n_time, time, initial, parameter, bar, result, result + n, scratch);
  for (size_t k = 0; k < m; k++) {
    const double x = k < n ? initial[k] : parameter[k - n], h = step * fmax(fabs(x), 1e-2);
    static const double places[] = {-2, -1, 1, 2};
    for (size_t j = 0; j < 4; j++) {
      for (size_t i = 0; i < m; i++) at[i] = i < n ? initial[i] : parameter[i - n];
      at[k] = x + places[j] * h;
      floe_ode_solve(ode, &method, n_time, time, at, at + n, solution, scratch);
      sum[j] = 0;
      for (size_t i = 0; i < n_time * n; i++) sum[j] += bar[i] * solution[i];
    }
    near(result[k], (sum[0] - 8 * sum[1] + 8 * sum[2] - sum[3]) / (12 * h), tolerance);
  }
}

/* ---- tests ---- */

static void an_oscillator_swings(void **state) {
  (void)state;
  const double time[] = {0, 0.5, 3, 10}, initial[] = {1, 0.5}, w = 1.7;
  for (int stiff = 0; stiff < 2; stiff++) {
    double solution[8], scratch[MAX_SCRATCH];
    const struct floe_ode_method method = {0, 1e-9, stiff};
    floe_ode_solve(&oscillator, &method, 4, time, initial, &w, solution, scratch);
    for (size_t k = 0; k < 4; k++) {
      near(solution[2 * k], cos(w * time[k]) + 0.5 / w * sin(w * time[k]), 2e-7);
      near(solution[2 * k + 1], -w * sin(w * time[k]) + 0.5 * cos(w * time[k]), 2e-7);
    }
  }
}

static void a_smaller_tolerance_gives_a_smaller_error(void **state) {
  (void)state;
  const double time = 10, initial[] = {1, 0}, w = 1;
  double before = 1, solution[2], scratch[MAX_SCRATCH];
  for (double tolerance = 1e-3; tolerance > 1e-10; tolerance *= 1e-2) {
    const struct floe_ode_method method = {0, tolerance, 0};
    floe_ode_solve(&oscillator, &method, 1, &time, initial, &w, solution, scratch);
    const double error = fabs(solution[0] - cos(10));
    assert_true(error < 100 * tolerance && error < 0.2 * before);
    before = error;
  }
}

static void growth_levels_off(void **state) {
  (void)state;
  const double time[] = {1, 2, 6}, initial = 0.1, p[] = {1.3, 2.5};
  for (int stiff = 0; stiff < 2; stiff++) {
    double solution[3], scratch[MAX_SCRATCH], by_initial = 0, by_parameter[2] = {0};
    const struct floe_ode_method method = {0, 1e-10, stiff};
    floe_ode_solve(&logistic, &method, 3, time, &initial, p, solution, scratch);
    for (size_t k = 0; k < 3; k++) near(solution[k], p[1] / (1 + (p[1] / initial - 1) * exp(-p[0] * time[k])), 1e-8);
    const double bar[] = {0, 1, 0}, t = time[1], e = exp(-p[0] * t), odds = p[1] / initial - 1;
    const double y = p[1] / (1 + odds * e);
    floe_ode_adjoint(&logistic, &method, 3, time, &initial, p, bar, &by_initial, by_parameter, scratch);
    near(by_initial, y * y * e / (initial * initial), 1e-7);
    near(by_parameter[0], y * y * odds * e * t / p[1], 1e-7);
    near(by_parameter[1], y / p[1] - y * y * e / (p[1] * initial), 1e-7);
  }
}

static void derivatives_are_those_of_the_numbers_given(void **state) {
  (void)state;
  const double time[] = {0.3, 1, 2.5}, initial[] = {1, 0.5}, p[] = {1.7, 0.3};
  for (int stiff = 0; stiff < 2; stiff++) {
    differentiates(&oscillator, (struct floe_ode_method){-0.5, 1e-10, stiff}, 3, time, initial, p, 1e-3, 1e-6);
    differentiates(&logistic, (struct floe_ode_method){0.1, 1e-10, stiff}, 3, time, initial, p, 1e-3, 1e-6);
    differentiates(&relaxation, (struct floe_ode_method){0, 1e-10, stiff}, 3, time, initial, p, 1e-3, 1e-6);
  }
}

/* More steps than are kept, and so many less: y = cos(w t), dy/dw = -t sin(w t). */
static void long_solutions_are_differentiated(void **state) {
  (void)state;
  const double initial[] = {1, 0}, w = 1.1, bar[] = {0, 0, 1, 0};
  for (double end = 10; end < 3000; end *= 10) {
    double scratch[MAX_SCRATCH], by_initial[2] = {0}, by_parameter = 0;
    const double time[] = {end / 3, end};
    floe_ode_adjoint(&oscillator, &(struct floe_ode_method){0, 1e-9, 0}, 2, time, initial, &w, bar, by_initial,
                     &by_parameter, scratch);
    near(by_initial[0], cos(w * end), 1e-8 * end);
    near(by_initial[1], sin(w * end) / w, 1e-8 * end);
    near(by_parameter / end, -sin(w * end), 1e-8 * end);
  }
}

/* Figures by Radau IIA and BDF of scipy 1.17 with a relative tolerance of 1e-13: they agree to all digits given. */
static void stiff_systems_are_solved_in_few_steps(void **state) {
  (void)state;
  double solution[3], scratch[MAX_SCRATCH];
  const double rates[] = {0.04, 1e4, 3e7}, reaction[] = {1, 0, 0}, forty = 40;
  floe_ode_solve(&robertson, &(struct floe_ode_method){0, 1e-10, 1}, 1, &forty, reaction, rates, solution, scratch);
  near(solution[0], 0.715827068719, 1e-9);
  near(solution[1] * 1e5, 0.918553476456, 1e-7);
  near(solution[2], 0.284163745746, 1e-9);
  const double mu = 100, start[] = {2, 0}, fifty = 50;
  floe_ode_solve(&relaxation, &(struct floe_ode_method){0, 1e-10, 1}, 1, &fifty, start, &mu, solution, scratch);
  near(solution[0], 1.59682404098, 1e-9);
  near(solution[1], -0.0103021255645, 1e-9);
  const double far = 1e6;
  floe_ode_solve(&robertson, &(struct floe_ode_method){0, 1e-6, 1}, 1, &far, reaction, rates, solution, scratch);
  near(solution[0] + solution[1] + solution[2], 1, 1e-6);
  floe_ode_solve(&robertson, &(struct floe_ode_method){0, 1e-6, 0}, 1, &far, reaction, rates, solution, scratch);
  assert_true(isnan(solution[0])); /* the explicit method needs more steps than there are */
}

/* The figures by Radau IIA on the system with its sensitivities; what is lost of one substance is gained by the others. */
static void stiff_systems_are_differentiated(void **state) {
  (void)state;
  const double rates[] = {0.04, 1e4, 3e7}, reaction[] = {1, 0, 0}, forty = 40;
  const double first[] = {1, 0, 0}, all[] = {1, 1, 1};
  const struct floe_ode_method method = {0, 1e-10, 1};
  double scratch[MAX_SCRATCH], by_initial[3] = {0}, by_rate[3] = {0};
  floe_ode_adjoint(&robertson, &method, 1, &forty, reaction, rates, first, by_initial, by_rate, scratch);
  near(by_rate[0], -4.24755877, 1e-7);
  near(by_rate[1] * 1e5, 1.3730808, 1e-7);
  near(by_rate[2] * 1e9, -2.28835509, 1e-7);
  for (size_t k = 0; k < 3; k++) by_initial[k] = by_rate[k] = 0;
  floe_ode_adjoint(&robertson, &method, 1, &forty, reaction, rates, all, by_initial, by_rate, scratch);
  for (size_t k = 0; k < 3; k++) {
    near(by_initial[k], 1, 1e-9);
    near(by_rate[k] * rates[k], 0, 1e-9);
  }
}

static void what_cannot_be_solved_is_not_a_number(void **state) {
  (void)state;
  const double initial = 1, descending[] = {0.5, 0.25}, before[] = {-1, 1}, beyond[] = {0.5, 2}, within[] = {0.25, 0.5};
  const double infinite = INFINITY, bar[] = {1, 1};
  for (int stiff = 0; stiff < 2; stiff++) {
    double solution[2], scratch[MAX_SCRATCH], by_initial = 0;
    const struct floe_ode_method method = {0, 1e-8, stiff};
    floe_ode_solve(&explosion, &method, 2, within, &initial, NULL, solution, scratch);
    near(solution[1], 2, 1e-6);
    floe_ode_solve(&explosion, &method, 2, descending, &initial, NULL, solution, scratch);
    assert_true(isnan(solution[0]) && isnan(solution[1]));
    floe_ode_solve(&explosion, &method, 2, before, &initial, NULL, solution, scratch);
    assert_true(isnan(solution[1]));
    floe_ode_solve(&explosion, &method, 2, beyond, &initial, NULL, solution, scratch);
    assert_true(isnan(solution[0]) && isnan(solution[1]));
    floe_ode_solve(&explosion, &method, 2, within, &infinite, NULL, solution, scratch);
    assert_true(isnan(solution[1]));
    floe_ode_adjoint(&explosion, &method, 2, beyond, &initial, NULL, bar, &by_initial, NULL, scratch);
    assert_true(isnan(by_initial));
    by_initial = 0;
    floe_ode_adjoint(&explosion, &method, 2, beyond, &initial, NULL, (const double[]){0, 0}, &by_initial, NULL,
                     scratch);
    assert_true(by_initial == 0); /* nobody asked */
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_oscillator_swings),
      cmocka_unit_test(a_smaller_tolerance_gives_a_smaller_error),
      cmocka_unit_test(growth_levels_off),
      cmocka_unit_test(derivatives_are_those_of_the_numbers_given),
      cmocka_unit_test(long_solutions_are_differentiated),
      cmocka_unit_test(stiff_systems_are_solved_in_few_steps),
      cmocka_unit_test(stiff_systems_are_differentiated),
      cmocka_unit_test(what_cannot_be_solved_is_not_a_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
