/* Real specs through the whole front end; what was derived is evaluated by the graph's interpreter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <floe/draws.h>
#include <math.h>
#include <string.h>

#include "compiler/passes/derivative.h"
#include "tests/support/eight_schools_model.h"
#include "tests/support/interpreted.h"

/* ---- eight schools, against the model written by hand ---- */

enum { N_SCHOOL = 8 };

struct by_hand {
  struct floe_layout layout;
  struct floe_universe universe;
  struct floe_context context;
  size_t size[1], offset[6], coordinate[6];
};

static void place_by_hand(struct by_hand *hand) {
  static const size_t offset[] = {0, 0, 1, 2, 2 + N_SCHOOL, N_SCHOOL},
                      coordinate[] = {FLOE_NONE, 0, 1, 2, 2 + N_SCHOOL, FLOE_NONE};
  *hand = (struct by_hand){.size = {N_SCHOOL}};
  memcpy(hand->offset, offset, sizeof offset);
  memcpy(hand->coordinate, coordinate, sizeof coordinate);
  hand->layout = (struct floe_layout){.model = &eight_schools_by_hand,
                                      .size = hand->size,
                                      .offset = hand->offset,
                                      .coordinate = hand->coordinate,
                                      .n_data = 2 * N_SCHOOL,
                                      .n_value = 3 + N_SCHOOL,
                                      .n_coordinate = 3 + N_SCHOOL,
                                      .n_output = 4 + N_SCHOOL};
  hand->context = (struct floe_context){.layout = &hand->layout,
                                        .universe = &hand->universe,
                                        .coordinates = FLOE_FAMILY_COORDINATES,
                                        .data = eight_schools_data};
}

static const char *const hand_axes[] = {"tau_prior", "noise", "prior_power", "outliers", "form"};
static const char *const hand_parameters[] = {"mu", "tau", "theta", "nu"};
static const size_t hand_places[] = {0, 1, 2, 2 + N_SCHOOL};

/* The same universe and point for both. `number`: which universe. */
static void set_universe(struct interpreted *f, struct by_hand *hand, size_t number) {
  size_t options[] = {number % 3, number / 3 % 2, 0, number / 12 % 2, number / 6 % 2};
  for (size_t k = 0; k < 5; k++) {
    f->option[interpreted_axis(f, hand_axes[k])] = hand->universe.option[k] = options[k];
    f->axis[interpreted_axis(f, hand_axes[k])] = hand->universe.value[k] = 0.7;
  }
  f->size[0] = N_SCHOOL;
  f->world.coordinates = number / 24 ? COORDINATES_UNIVERSE : COORDINATES_FAMILY;
  hand->context.coordinates = number / 24 ? FLOE_UNIVERSE_COORDINATES : FLOE_FAMILY_COORDINATES;
  memcpy(f->values[interpreted_variable(f, "sigma")->id], eight_schools_data, N_SCHOOL * sizeof(double));
  memcpy(f->values[interpreted_variable(f, "y")->id], eight_schools_data + N_SCHOOL, N_SCHOOL * sizeof(double));
}

static void set_coordinates(struct interpreted *f, double *point) {
  for (size_t k = 0; k < 3 + N_SCHOOL; k++) point[k] = 0.3 * (double)k - 1.1;
  for (size_t k = 0; k < 4; k++)
    memcpy(f->coordinates[interpreted_variable(f, hand_parameters[k])->id], point + hand_places[k],
           (k == 2 ? N_SCHOOL : 1) * sizeof(double));
}

enum { N_UNIVERSE = 48 };

static void the_density_of_eight_schools_is_the_one_written_by_hand(void **state) {
  struct interpreted *f = interpreted_file("examples/eight_schools/eight_schools.floe");
  struct by_hand hand;
  double point[3 + N_SCHOOL], expected, expected_terms[FLOE_N_TAG];
  (void)state;
  place_by_hand(&hand);
  for (size_t number = 0; number < N_UNIVERSE; number++) {
    double terms[N_TAG] = {0};
    set_universe(f, &hand, number);
    set_coordinates(f, point);
    interpreted_run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
    eight_schools_by_hand.log_density(&hand.context, 1, point, &expected, expected_terms, NULL);
    for (size_t k = 0; k < N_TAG; k++) assert_close(terms[k], expected_terms[k]);
  }
  interpreted_free(f);
}

static void outside_an_options_support_the_density_is_zero(void **state) {
  struct interpreted *f = interpreted_file("examples/eight_schools/eight_schools.floe");
  struct by_hand hand;
  (void)state;
  place_by_hand(&hand);
  set_universe(f, &hand, 2);
  f->coordinates[interpreted_variable(f, "tau")->id][0] = log(25.1);
  assert_true(interpreted_log_density(f) == -INFINITY);
  f->coordinates[interpreted_variable(f, "tau")->id][0] = log(24.9);
  assert_true(isfinite(interpreted_log_density(f)));
  interpreted_free(f);
}

static void eight_schools_constrains_and_unconstrains_as_by_hand(void **state) {
  struct interpreted *f = interpreted_file("examples/eight_schools/eight_schools.floe");
  struct by_hand hand;
  double point[3 + N_SCHOOL], values[3 + N_SCHOOL];
  (void)state;
  place_by_hand(&hand);
  for (size_t number = 0; number < N_UNIVERSE; number++) {
    set_universe(f, &hand, number);
    set_coordinates(f, point);
    interpreted_run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
    eight_schools_by_hand.constrain(&hand.context, 1, point, values, NULL);
    for (size_t k = 0; k < (number / 3 % 2 ? 4 : 3); k++)
      for (size_t i = 0; i < (k == 2 ? N_SCHOOL : 1); i++)
        assert_close(f->values[interpreted_variable(f, hand_parameters[k])->id][i], values[hand_places[k] + i]);
    memset(f->coordinates, 0, sizeof f->coordinates);
    interpreted_run(f, INTERPRETATION_UNCONSTRAIN, NULL, NULL);
    for (size_t i = 0; i < N_SCHOOL; i++)
      assert_close(f->coordinates[interpreted_variable(f, "theta")->id][i], point[2 + i]);
    assert_close(f->coordinates[interpreted_variable(f, "tau")->id][0], point[1]);
  }
  interpreted_free(f);
}

static void eight_schools_draws_the_numbers_drawn_by_hand(void **state) {
  struct interpreted *f = interpreted_file("examples/eight_schools/eight_schools.floe");
  struct by_hand hand;
  (void)state;
  place_by_hand(&hand);
  for (size_t number = 0; number < 24; number++) {
    double data[2 * N_SCHOOL], values[3 + N_SCHOOL];
    const struct floe_sampling sampling = {
        .seed = 17, .purpose = 1, .what = FLOE_DRAW_DATA | FLOE_DRAW_PARAMETERS | FLOE_DRAW_OBSERVED};
    set_universe(f, &hand, number);
    f->seed = 17;
    interpreted_run(f, INTERPRETATION_SIMULATE, NULL, NULL);
    eight_schools_by_hand.simulate(&hand.context, &sampling, 1, data, values, NULL);
    assert_close(f->values[interpreted_variable(f, "tau")->id][0], values[1]);
    for (size_t i = 0; i < N_SCHOOL; i++) {
      assert_close(f->values[interpreted_variable(f, "theta")->id][i], values[2 + i]);
      assert_close(f->values[interpreted_variable(f, "sigma")->id][i], data[i]);
      assert_close(f->values[interpreted_variable(f, "y")->id][i], data[N_SCHOOL + i]);
    }
  }
  interpreted_free(f);
}

static void eight_schools_reports_checks_and_prepares_as_by_hand(void **state) {
  struct interpreted *f = interpreted_file("examples/eight_schools/eight_schools.floe");
  struct by_hand hand;
  (void)state;
  place_by_hand(&hand);
  for (size_t number = 0; number < 24; number++) {
    double point[3 + N_SCHOOL], values[3 + N_SCHOOL], outputs[MAX_NUMBERS], expected[3 + 2 * N_SCHOOL], holds,
        prepared[2 * N_SCHOOL];
    set_universe(f, &hand, number);
    set_coordinates(f, point);
    interpreted_run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
    eight_schools_by_hand.constrain(&hand.context, 1, point, values, NULL);
    interpreted_run(f, INTERPRETATION_REPORT, outputs, NULL);
    eight_schools_by_hand.report(&hand.context, 1, values, expected, NULL);
    for (size_t k = 0; k < 3 + N_SCHOOL; k++) assert_close(outputs[k], expected[k]);
    assert_close(outputs[3 + N_SCHOOL], expected[2 + 2 * N_SCHOOL]); /* the claim stands behind the room for `best` */
    interpreted_run(f, INTERPRETATION_CHECK, &holds, NULL);
    assert_float_equal(holds, 1, 0);
    interpreted_run(f, INTERPRETATION_PREPARE, NULL, NULL);
    eight_schools_by_hand.prepare(&hand.context, eight_schools_data, prepared, NULL);
    for (size_t i = 0; i < N_SCHOOL; i++)
      assert_close(f->values[interpreted_variable(f, "y")->id][i], prepared[N_SCHOOL + i]);
  }
  interpreted_free(f);
}

/* ---- distributions of the spec, against those of the library ---- */

static void a_location_that_is_an_expression_has_the_density_of_the_library(void **state) {
  struct interpreted *f = interpreted_file("tests/data/specs/affine.floe");
  (void)state;
  for (size_t k = 0; k < 16; k++) {
    double density[2];
    for (size_t v = 0; v < MAX_VARIABLES; v++)
      for (size_t i = 0; i < 3; i++) {
        f->coordinates[v][i] = 0.3 * (double)(v + k) - 0.7 * (double)i;
        f->centring[v][i] = k / 4 % 2 ? 0.4 : 0;
      }
    for (size_t i = 0; i < 3; i++) f->values[interpreted_variable(f, "y")->id][i] = 0.5 * (double)i;
    f->option[interpreted_axis(f, "form")] = k % 2;
    f->world.coordinates = k / 2 % 2 ? COORDINATES_UNIVERSE : COORDINATES_FAMILY;
    for (size_t option = 0; option < 2; option++) {
      f->option[interpreted_axis(f, "written")] = option;
      density[option] = interpreted_log_density(f);
    }
    assert_close(density[0], density[1]);
  }
  interpreted_free(f);
}

/* ---- the epidemic, against a simulation written here ---- */

static const double cases[14] = {20, 35, 50, 60, 80, 120, 150, 230, 300, 450, 600, 900, 1300, 1700};

static double log_likelihood_of_epidemic(double lambda, double mu, double delay, double initial, double psi,
                                         bool poisson) {
  double people = 83e6, infected = initial, susceptible = people - initial, fresh[65] = {0, initial}, sum = 0;
  for (size_t s = 2; s <= 64; s++) {
    fresh[s] = lambda * infected * susceptible / people;
    susceptible -= fresh[s];
    infected = fmin(fmax(infected + fresh[s] - mu * infected, 0), people);
  }
  double lag = fmin(fmax(delay, 0), 49), part = lag - floor(lag);
  for (size_t day = 1; day <= 14; day++) {
    size_t at = day + (size_t)floor(lag);
    double mean = (1 - part) * fresh[at] + part * fresh[at + 1] + 1e-5, y = cases[day - 1];
    if (poisson)
      sum += y * log(mean) - mean - lgamma(y + 1);
    else
      sum +=
          lgamma(y + psi) - lgamma(psi) - lgamma(y + 1) + psi * log(psi / (psi + mean)) + y * log(mean / (psi + mean));
  }
  return sum;
}

static void the_likelihood_of_the_epidemic_is_that_of_its_recurrence(void **state) {
  static const char *const names[] = {"lambda", "mu", "delay", "I0", "psi"};
  const double values[] = {0.5, 0.11, 7.3, 40, 4.5};
  struct interpreted *f = interpreted_file("examples/covid_germany/covid_germany.floe");
  (void)state;
  for (size_t k = 0; k < 5; k++) f->coordinates[interpreted_variable(f, names[k])->id][0] = log(values[k]);
  memcpy(f->values[interpreted_variable(f, "cases")->id], cases, sizeof cases);
  for (size_t poisson = 0; poisson < 2; poisson++) {
    double terms[N_TAG] = {0}, expected = log_likelihood_of_epidemic(0.5, 0.11, 7.3, 40, 4.5, poisson);
    f->option[interpreted_axis(f, "noise")] = poisson;
    interpreted_run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
    assert_float_equal(terms[TAG_LIKELIHOOD], expected, 1e-8 * fabs(expected));
  }
  interpreted_free(f);
}

static void an_axis_matters_only_where_it_has_an_effect(void **state) {
  struct interpreted *f = interpreted_file("examples/covid_germany/covid_germany.floe");
  const struct presence *effect = f->study->axis_effect;
  size_t noise = interpreted_axis(f, "noise");
  (void)state;
  assert_int_equal(effect[interpreted_axis(f, "power_psi")].options[noise], 1);
  assert_true(effect[interpreted_axis(f, "power_mu")].options[noise] == UINT64_MAX);
  assert_true(effect[noise].options[noise] == UINT64_MAX);
  assert_string_equal(f->study->blueprint.sequence->name, "day");
  assert_null(f->study->blueprint.plate);
  interpreted_free(f);
}

/* ---- every kind of coordinate ---- */

static const char *const transforms =
    "model transforms \"Every kind of coordinate\"\n"
    "index i = 3\n"
    "axis width { narrow* : uniform(-1, 2)\n  wide : normal(0, 3)\n  half : half_normal(2) }\n"
    "equiv form = centred* | noncentred\n"
    "param free ~ normal(1, 2)\n"
    "param size ~ gamma(2, 3)\n"
    "param share ~ beta(2, 5)\n"
    "param below ~ uniform(share, share + size)\n"
    "param choice ~ width\n"
    "param many[i] ~ student_t(4, free, size) via form\n"
    "param scaled[i] ~ laplace(below, 2)\n"
    "obs y[i]\n"
    "y[i] ~ normal(many + scaled + choice, size)\n"
    "report free\n";

static const char *const transform_parameters[] = {"free", "size", "share", "below", "choice", "many", "scaled"};

static void set_transform_point(struct interpreted *f) {
  for (size_t k = 0; k < 7; k++) {
    const struct variable *variable = interpreted_variable(f, transform_parameters[k]);
    for (size_t j = 0; j < 3; j++) f->coordinates[variable->id][j] = 0.4 * (double)j - 0.3 * (double)k + 0.7;
  }
  for (size_t j = 0; j < 3; j++) f->values[interpreted_variable(f, "y")->id][j] = 0.5 * (double)j;
}

/* log |d values / d coordinates| by differences: each value depends on its own coordinate and on earlier ones only. */
static double log_volume(struct interpreted *f) {
  double sum = 0, step = 1e-5;
  for (size_t k = 0; k < 7; k++) {
    const struct variable *variable = interpreted_variable(f, transform_parameters[k]);
    for (size_t j = 0; j < (k < 5 ? 1 : 3); j++) {
      double *u = &f->coordinates[variable->id][j], at = *u;
      *u = at + step;
      interpreted_run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
      double above = f->values[variable->id][j];
      *u = at - step;
      interpreted_run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
      sum += log(fabs(above - f->values[variable->id][j]) / (2 * step));
      *u = at;
    }
  }
  interpreted_run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
  return sum;
}

static void coordinates_come_back_from_values(void **state) {
  struct interpreted *f = interpreted_text(transforms);
  (void)state;
  for (size_t number = 0; number < 12; number++) {
    double before[MAX_VARIABLES][MAX_NUMBERS];
    f->option[interpreted_axis(f, "width")] = number % 3;
    f->option[interpreted_axis(f, "form")] = number / 3 % 2;
    f->world.coordinates = (enum coordinates)(number / 6);
    set_transform_point(f);
    memcpy(before, f->coordinates, sizeof before);
    interpreted_run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
    memset(f->coordinates, 0, sizeof f->coordinates);
    interpreted_run(f, INTERPRETATION_UNCONSTRAIN, NULL, NULL);
    for (size_t k = 0; k < 7; k++) {
      size_t id = interpreted_variable(f, transform_parameters[k])->id;
      for (size_t j = 0; j < (k < 5 ? 1 : 3); j++) assert_float_equal(f->coordinates[id][j], before[id][j], 1e-9);
    }
  }
  interpreted_free(f);
}

/* The density of the values themselves may not depend on the coordinates in which it was computed. */
static void all_coordinates_give_the_same_density_of_values(void **state) {
  struct interpreted *f = interpreted_text(transforms);
  (void)state;
  for (size_t width = 0; width < 3; width++) {
    double first = NAN;
    f->option[interpreted_axis(f, "width")] = width;
    f->world.coordinates = COORDINATES_UNIVERSE;
    f->option[interpreted_axis(f, "form")] = 0;
    set_transform_point(f);
    interpreted_run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
    for (size_t number = 0; number < 4; number++) {
      f->option[interpreted_axis(f, "form")] = number % 2;
      f->world.coordinates = (enum coordinates)(number / 2);
      interpreted_run(f, INTERPRETATION_UNCONSTRAIN, NULL, NULL);
      double density = interpreted_log_density(f) - log_volume(f);
      assert_true(isfinite(density));
      if (number == 0) first = density;
      assert_float_equal(density, first, 1e-6);
    }
  }
  interpreted_free(f);
}

/* ---- joint distributions ---- */

/* Two correlated numbers, by the Cholesky factor ((2, 0), (1, 3)) of their covariance. */
static void a_joint_draw_and_its_density_are_those_of_the_whole_vector(void **state) {
  struct interpreted *f = interpreted_text(
      "model m \"m\"\nindex i = 2\ndata L[i, j in i] ~ normal(0, 1)\nparam b[i] ~ multi_normal_chol([1, -1], L)\n"
      "obs y[i]\ny[i] ~ normal(b, 1)\nreport b\n");
  const double factor[] = {2, 0, 1, 3}, u[] = {1.5, 0.25}, z0 = (1.5 - 1) / 2, z1 = (0.25 + 1 - 1 * z0) / 3;
  double terms[N_TAG] = {0};
  (void)state;
  memcpy(f->values[interpreted_variable(f, "L")->id], factor, sizeof factor);
  memcpy(f->coordinates[interpreted_variable(f, "b")->id], u, sizeof u);
  interpreted_run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
  assert_close(terms[TAG_PRIOR], -0.5 * (z0 * z0 + z1 * z1) - log(2) - log(3) - log(2 * acos(-1)));
  assert_close(terms[TAG_JACOBIAN], 0);
  interpreted_free(f);
}

static void elements_of_a_joint_draw_share_their_raw_draws(void **state) {
  struct interpreted *f = interpreted_text(
      "model m \"m\"\nindex i = 2\ndata L[i, j in i] ~ normal(0, 1)\nparam b[i] ~ multi_normal_chol([1, -1], L)\n"
      "obs y[i]\ny[i] ~ normal(b, 1)\nreport b\n");
  struct floe_stream stream;
  double z[2];
  const struct variable *b = interpreted_variable(f, "b");
  (void)state;
  f->seed = 5;
  interpreted_run(f, INTERPRETATION_SIMULATE, NULL, NULL);
  for (size_t k = 0; k < 2; k++) {
    floe_stream_open(&stream, 5, 1, 0, b->id * 64, k);
    z[k] = floe_draw_normal(&stream);
  }
  const double *factor = f->values[interpreted_variable(f, "L")->id]; /* only its lower triangle counts */
  assert_close(f->values[b->id][0], 1 + factor[0] * z[0]);
  assert_close(f->values[b->id][1], -1 + factor[2] * z[0] + factor[3] * z[1]);
  interpreted_free(f);
}

/* ---- derivatives that the library declares ---- */

static const struct node *node_calling(const struct graph *graph, const char *name) {
  for (size_t k = 0; k < graph->n_node; k++)
    if (graph->nodes[k]->kind == NODE_EXTERN && strcmp(graph->nodes[k]->external->name, name) == 0)
      return graph->nodes[k];
  return NULL;
}

static void the_derivative_of_a_function_is_what_the_library_says(void **state) {
  struct interpreted *f = interpreted_file("examples/eight_schools/eight_schools.floe");
  const struct node *call_of_exp = node_calling(f->study->graph, "exp"),
                    *call_of_argmax = node_calling(f->study->graph, "argmax");
  const struct node *call_of_log = node_calling(f->study->graph, "log1p");
  (void)state;
  assert_non_null(call_of_exp);
  assert_ptr_equal(external_derivative(f->study->graph, f->study->program, call_of_exp, 0), call_of_exp);
  assert_null(external_derivative(f->study->graph, f->study->program, call_of_argmax, 0));
  const struct node *slope = external_derivative(f->study->graph, f->study->program, call_of_log, 0);
  assert_int_equal(slope->op, OP_DIV);
  assert_memory_equal(&slope->free, &call_of_log->free, sizeof slope->free);
  interpreted_free(f);
}

/* u = (0.1, 0.2, 0.3, 0.4): (0.2, 0.3, 0.4) . (1, 10, 100) + ((1, 2), (3, 4)) (5, 6) . (1, 1) - 0.1 */
static void slices_and_matrix_literals_are_what_they_say(void **state) {
  struct interpreted *f = interpreted_text("model m \"m\"\n"
                                           "index t = 4\n"
                                           "obs y\n"
                                           "param u[t] ~ normal(0, 1)\n"
                                           "m = [[1, 2], [3, 4]]\n"
                                           "r = matvec(m, [5, 6])\n"
                                           "y ~ normal(dot(u[2..4], [1, 10, 100]) + r[1] + r[2] - sum(u[..1]), 1)\n"
                                           "report u\n");
  const double u[4] = {0.1, 0.2, 0.3, 0.4}, y[1] = {100};
  double terms[N_TAG] = {0}, mean = 0.2 + 3 + 40 + 17 + 39 - 0.1;
  (void)state;
  memcpy(f->coordinates[interpreted_variable(f, "u")->id], u, sizeof u);
  memcpy(f->values[interpreted_variable(f, "y")->id], y, sizeof y);
  interpreted_run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
  assert_close(terms[TAG_LIKELIHOOD], -0.5 * (100 - mean) * (100 - mean) - 0.91893853320467274178);
  interpreted_free(f);
}

static void the_log_of_a_sum_of_nothing_but_zeros_is_minus_infinity(void **state) {
  struct interpreted *f = interpreted_text("model m \"m\"\n"
                                           "obs y\n"
                                           "param u ~ normal(0, 1)\n"
                                           "none = log_sum_exp([log(0 * u), log(0 * u)])\n"
                                           "some = log_sum_exp([log(0 * u), log(2), 0])\n"
                                           "y ~ normal(exp(none) + exp(some), 1)\n"
                                           "report u\n");
  const double u[1] = {0.5}, y[1] = {4};
  double terms[N_TAG] = {0};
  (void)state;
  memcpy(f->coordinates[interpreted_variable(f, "u")->id], u, sizeof u);
  memcpy(f->values[interpreted_variable(f, "y")->id], y, sizeof y);
  interpreted_run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
  assert_close(terms[TAG_LIKELIHOOD], -0.5 - 0.91893853320467274178);
  interpreted_free(f);
}

/* ---- draws in loops, and latents that are summed out ---- */

static double log_normal_density(double x, double mean, double sd) {
  return -0.5 * (x - mean) * (x - mean) / (sd * sd) - log(sd) - 0.91893853320467274178;
}

static double likelihood_of(struct interpreted *f) {
  double terms[N_TAG] = {0};
  interpreted_run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
  return terms[TAG_LIKELIHOOD];
}

static void an_autoregression_is_conditioned_on_its_given_elements(void **state) {
  struct interpreted *f = interpreted_text("model m \"m\"\n"
                                           "index t = 5 ordered\n"
                                           "obs y[t]\n"
                                           "param a ~ normal(0, 1)\n"
                                           "data y[1] ~ normal(0, 9)\n"
                                           "y[2] ~ normal(a, 2)\n"
                                           "for s in t[3..] { y[s] ~ normal(a * y[s-1] + 0.5 * y[s-2], 2) }\n"
                                           "report a\n");
  const double y[5] = {7, -1, 0.5, 2, 3}, a = 0.3;
  (void)state;
  memcpy(f->values[interpreted_variable(f, "y")->id], y, sizeof y);
  f->coordinates[interpreted_variable(f, "a")->id][0] = a;
  double expected = log_normal_density(y[1], a, 2);
  for (size_t k = 2; k < 5; k++) expected += log_normal_density(y[k], a * y[k - 1] + 0.5 * y[k - 2], 2);
  assert_close(likelihood_of(f), expected);
  interpreted_free(f);
}

/* h_t = 2 + 0.5 (h_{t-1} - 2) + 0.3 u_t, and the density is that of the residuals. */
static void a_walk_is_made_of_standardised_residuals(void **state) {
  struct interpreted *f = interpreted_text("model m \"m\"\n"
                                           "index t = 4 ordered\n"
                                           "obs y[t]\n"
                                           "param h[t]\n"
                                           "h[1] ~ normal(2, 3)\n"
                                           "for s in t[2..] { h[s] ~ normal(2 + 0.5 * (h[s-1] - 2), 0.3) }\n"
                                           "y[t] ~ normal(h, 1)\n"
                                           "report h\n");
  const double u[4] = {0.4, -1, 2, 0.1};
  double h[4] = {2 + 3 * u[0]}, terms[N_TAG] = {0}, expected = log_normal_density(u[0], 0, 1);
  size_t id = interpreted_variable(f, "h")->id;
  (void)state;
  memcpy(f->coordinates[id], u, sizeof u);
  interpreted_run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
  for (size_t k = 1; k < 4; k++) {
    h[k] = 2 + 0.5 * (h[k - 1] - 2) + 0.3 * u[k];
    expected += log_normal_density(u[k], 0, 1);
  }
  for (size_t k = 0; k < 4; k++) assert_close(f->values[id][k], h[k]);
  interpreted_run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
  assert_close(terms[TAG_PRIOR], expected);
  interpreted_free(f);
}

static void a_latent_that_tells_components_apart_is_summed_out(void **state) {
  struct interpreted *f = interpreted_text("model m \"m\"\n"
                                           "index i = 3\n"
                                           "index j = 2\n"
                                           "index k = 3\n"
                                           "obs y[i]\n"
                                           "obs w[i, j]\n"
                                           "param a ~ normal(0, 1)\n"
                                           "latent z[i] ~ categorical([0.2, 0.3, 0.5])\n"
                                           "y[i] ~ normal(a * z[i], 1)\n"
                                           "w[i, j] ~ normal(z[i], 2)\n"
                                           "report a\n");
  const double y[3] = {1, -2, 4}, w[6] = {0, 1, 2, 3, 4, 5}, p[3] = {0.2, 0.3, 0.5}, a = 0.7;
  double expected = 0;
  (void)state;
  memcpy(f->values[interpreted_variable(f, "y")->id], y, sizeof y);
  memcpy(f->values[interpreted_variable(f, "w")->id], w, sizeof w);
  f->coordinates[interpreted_variable(f, "a")->id][0] = a;
  for (size_t i = 0; i < 3; i++) {
    double sum = 0;
    for (size_t k = 0; k < 3; k++)
      sum += p[k] *
             exp(log_normal_density(y[i], a * (double)(k + 1), 1) + log_normal_density(w[2 * i], (double)(k + 1), 2) +
                 log_normal_density(w[2 * i + 1], (double)(k + 1), 2));
    expected += log(sum);
  }
  assert_close(likelihood_of(f), expected);
  interpreted_free(f);
}

/* Against the sum over all paths. */
static void the_forward_algorithm_sums_over_all_paths(void **state) {
  enum { LENGTH = 4, STATES = 3 };
  struct interpreted *f =
      interpreted_text("model m \"m\"\n"
                       "index t = 4 ordered\n"
                       "index k = 3\n"
                       "obs y[t]\n"
                       "param a ~ normal(0, 1)\n"
                       "move[i in k, j in k] = if(i == j, 0.5, if(i < j, 0.3 + 0.05 * i, 0.2 - 0.05 * i))\n"
                       "latent z[t]\n"
                       "z[1] ~ categorical([0.2, 0.3, 0.5])\n"
                       "for s in t[2..] { z[s] ~ categorical(move[z[s-1]]) }\n"
                       "y[1] ~ normal(a * z[1], 1)\n"
                       "for s in t[2..] { y[s] ~ normal(a * z[s] + 0.5 * y[s-1], 1) }\n"
                       "report a\n");
  const double y[LENGTH] = {1, -2, 4, 2}, p[STATES] = {0.2, 0.3, 0.5}, a = 0.7;
  double sum = 0;
  (void)state;
  memcpy(f->values[interpreted_variable(f, "y")->id], y, sizeof y);
  f->coordinates[interpreted_variable(f, "a")->id][0] = a;
  for (size_t path = 0; path < 81; path++) {
    double log_mass = 0;
    for (size_t t = 0, rest = path, before = 0; t < LENGTH; t++, rest /= STATES) {
      size_t z = rest % STATES;
      double i = (double)before + 1;
      log_mass += log(t == 0 ? p[z] : before == z ? 0.5 : before < z ? 0.3 + 0.05 * i : 0.2 - 0.05 * i);
      log_mass += log_normal_density(y[t], a * (double)(z + 1) + (t ? 0.5 * y[t - 1] : 0), 1);
      before = z;
    }
    sum += exp(log_mass);
  }
  assert_close(likelihood_of(f), log(sum));
  interpreted_free(f);
}

static void locals_of_functions_change_from_step_to_step(void **state) {
  struct interpreted *f = interpreted_text("model m \"m\"\n"
                                           "index i = 4\n"
                                           "obs y[i]\n"
                                           "param a ~ normal(0, 1)\n"
                                           "fun f(x[k], r) {\n"
                                           "  var s = 1\n"
                                           "  s := 2 * s\n"
                                           "  for j in k { s := r * s + x[j] * j }\n"
                                           "  s := s + 1\n"
                                           "  result s\n"
                                           "}\n"
                                           "y[i] ~ normal(a, 1)\n"
                                           "report g = f([5, 7, 9], a)\n");
  double outputs[4], s = 2;
  const double a = 0.7, x[3] = {5, 7, 9};
  (void)state;
  f->values[interpreted_variable(f, "a")->id][0] = a;
  interpreted_run(f, INTERPRETATION_REPORT, outputs, NULL);
  for (size_t k = 0; k < 3; k++) s = a * s + x[k] * (double)(k + 1);
  assert_close(outputs[0], s + 1);
  interpreted_free(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_density_of_eight_schools_is_the_one_written_by_hand),
      cmocka_unit_test(outside_an_options_support_the_density_is_zero),
      cmocka_unit_test(eight_schools_constrains_and_unconstrains_as_by_hand),
      cmocka_unit_test(eight_schools_draws_the_numbers_drawn_by_hand),
      cmocka_unit_test(eight_schools_reports_checks_and_prepares_as_by_hand),
      cmocka_unit_test(a_location_that_is_an_expression_has_the_density_of_the_library),
      cmocka_unit_test(the_likelihood_of_the_epidemic_is_that_of_its_recurrence),
      cmocka_unit_test(an_axis_matters_only_where_it_has_an_effect),
      cmocka_unit_test(coordinates_come_back_from_values),
      cmocka_unit_test(all_coordinates_give_the_same_density_of_values),
      cmocka_unit_test(a_joint_draw_and_its_density_are_those_of_the_whole_vector),
      cmocka_unit_test(elements_of_a_joint_draw_share_their_raw_draws),
      cmocka_unit_test(the_derivative_of_a_function_is_what_the_library_says),
      cmocka_unit_test(the_log_of_a_sum_of_nothing_but_zeros_is_minus_infinity),
      cmocka_unit_test(an_autoregression_is_conditioned_on_its_given_elements),
      cmocka_unit_test(a_walk_is_made_of_standardised_residuals),
      cmocka_unit_test(slices_and_matrix_literals_are_what_they_say),
      cmocka_unit_test(a_latent_that_tells_components_apart_is_summed_out),
      cmocka_unit_test(the_forward_algorithm_sums_over_all_paths),
      cmocka_unit_test(locals_of_functions_change_from_step_to_step),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
