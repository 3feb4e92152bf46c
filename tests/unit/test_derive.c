/* Real specs through the whole front end; what was derived is evaluated by the graph's interpreter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "base/text.h"
#include "compiler/graph/interpret.h"
#include "compiler/meaning/check.h"
#include "compiler/passes/derivative.h"
#include "compiler/passes/passes.h"
#include "compiler/source/diagnostic.h"
#include "compiler/syntax/parse.h"
#include "tests/support/eight_schools_model.h"

#include <floe/draws.h>

double floe_lgamma(double x);
double floe_digamma(double x);
double floe_log1p_exp(double x);
double floe_inv_logit(double x);
double floe_xlogy(double x, double y);

/* ---- a spec, compiled, and a point at which it is evaluated ---- */

enum { MAX_NUMBERS = 64, MAX_VARIABLES = 16, MAX_AXES = 16 };

struct fixture {
  struct floe__arena *arena;
  struct study *study;
  struct graph_world world;
  size_t size[8], option[MAX_AXES];
  double axis[MAX_AXES];
  double values[MAX_VARIABLES][MAX_NUMBERS], coordinates[MAX_VARIABLES][MAX_NUMBERS];
  uint64_t seed;
};

static void no_memory(void *context) {
  (void)context;
  abort();
}

static const char *source_path(struct floe__arena *arena, const char *name) {
  const char *root = getenv("FLOE_SOURCE");
  return floe__arena_printf(arena, "%s/%s", root ? root : ".", name);
}

static const double *read_value(void *context, const struct variable *variable) {
  return ((struct fixture *)context)->values[variable->id];
}

static const double *read_coordinate(void *context, const struct variable *variable) {
  return ((struct fixture *)context)->coordinates[variable->id];
}

static double argmax(const double *x, size_t n) {
  size_t best = 0;
  for (size_t k = 1; k < n; k++)
    if (x[k] > x[best]) best = k;
  return (double)best + 1;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double quantile(const double *x, size_t n, double p) {
  double sorted[MAX_NUMBERS];
  memcpy(sorted, x, n * sizeof *x);
  qsort(sorted, n, sizeof *sorted, ascending);
  double place = p * (double)(n - 1), below = floor(place);
  size_t k = (size_t)below;
  return k + 1 < n ? sorted[k] + (place - below) * (sorted[k + 1] - sorted[k]) : sorted[n - 1];
}

static double phi(double x) { return 0.5 * erfc(-x / sqrt(2)); }

static void call(void *context, const struct external *external, size_t n, const struct graph_array *args,
                 struct graph_array *result) {
  static const struct { const char *name; double (*value)(double); } unary[] = {
      {"exp", exp}, {"log", log}, {"sqrt", sqrt}, {"log1p", log1p}, {"tan", tan}, {"floor", floor}, {"round", rint}, {"expm1", expm1},
      {"lgamma", floe_lgamma}, {"digamma", floe_digamma}, {"log1p_exp", floe_log1p_exp}, {"inv_logit", floe_inv_logit}, {"Phi", phi}};
  const double x = args[0].data[0];
  (void)context;
  for (size_t k = 0; k < sizeof unary / sizeof *unary; k++)
    if (strcmp(external->name, unary[k].name) == 0) {
      result->data[0] = unary[k].value(x);
      return;
    }
  if (strcmp(external->name, "xlogy") == 0) result->data[0] = floe_xlogy(x, args[1].data[0]);
  else if (strcmp(external->name, "argmax") == 0) result->data[0] = argmax(args[0].data, args[0].n);
  else if (strcmp(external->name, "quantile") == 0) result->data[0] = quantile(args[0].data, args[0].n, args[1].data[0]);
  else if (strcmp(external->name, "solve_lower") == 0) {
    size_t m = args[1].n;
    for (size_t i = 0; i < m; i++) {
      result->data[i] = args[1].data[i];
      for (size_t j = 0; j < i; j++) result->data[i] -= args[0].data[i * m + j] * result->data[j];
      result->data[i] /= args[0].data[i * m + i];
    }
  } else fail_msg("the test does not know the function %s of %zu arguments", external->name, n);
}

static double draw(void *context, const struct external *external, size_t n, const struct graph_array *args, size_t site,
                   size_t n_key, const size_t *key) {
  const struct fixture *f = context;
  struct floe_stream stream;
  double x = n ? args[0].data[0] : 0;
  floe_stream_open(&stream, f->seed, 1, 0, site, n_key ? key[0] - 1 : 0);
  if (strcmp(external->name, "std_normal") == 0) return floe_draw_normal(&stream);
  if (strcmp(external->name, "std_uniform") == 0) return floe_draw_uniform(&stream);
  if (strcmp(external->name, "std_exponential") == 0) return floe_draw_exponential(&stream);
  if (strcmp(external->name, "std_gamma") == 0) return floe_draw_gamma(&stream, x);
  if (strcmp(external->name, "std_log_gamma") == 0) return floe_draw_log_gamma(&stream, x);
  if (strcmp(external->name, "std_poisson") == 0) return floe_draw_poisson(&stream, x);
  fail_msg("the test does not know the draw %s", external->name);
  return NAN;
}

static void expect_no_errors(const struct diagnostics *sink) {
  struct floe__text out = {0};
  if (diagnostics_errors(sink) == 0) return;
  diagnostics_print(sink, false, &out);
  fail_msg("%s", out.data);
}

static struct study *compile(struct floe__arena *arena, const struct source *source) {
  static const char *const library_files[] = {"stdlib/prelude.floe", "stdlib/draws.floe", "stdlib/distributions.floe",
                                              "stdlib/preparation.floe"};
  struct floe__names *names = floe__names_new(arena);
  struct diagnostics *sink = diagnostics_new(arena);
  const struct tree *library[4];
  enum source_problem problem;
  for (size_t k = 0; k < 4; k++) {
    const struct source *file = source_read(arena, source_path(arena, library_files[k]), &problem);
    assert_non_null(file);
    library[k] = parse_source(arena, names, sink, file);
  }
  const struct tree *spec = parse_source(arena, names, sink, source);
  const struct program *program = check_program(arena, names, sink, 4, library, spec, false);
  expect_no_errors(sink);
  struct study *study = derive_study(arena, program);
  struct floe__text broken = {0};
  if (!graph_verify(study, &broken)) fail_msg("%s", broken.data);
  return study;
}

static struct fixture *fixture_of(struct floe__arena *arena, const struct source *source) {
  struct fixture *f = floe__arena_alloc(arena, sizeof *f);
  assert_non_null(source);
  f->arena = arena;
  f->study = compile(arena, source);
  f->world = (struct graph_world){.size = f->size, .option = f->option, .axis = f->axis, .context = f, .value = read_value,
                                  .coordinate = read_coordinate, .call = call, .draw = draw};
  for (size_t k = 0; k < f->study->program->n_axis; k++) {
    f->option[k] = f->study->program->axes[k]->reference;
    f->axis[k] = f->study->program->axes[k]->reference_value;
  }
  return f;
}

static struct fixture *of_file(const char *name) {
  enum source_problem problem;
  struct floe__arena *arena = floe__arena_new((size_t)256 << 20, no_memory, NULL);
  return fixture_of(arena, source_read(arena, source_path(arena, name), &problem));
}

static struct fixture *of_text(const char *text) {
  enum source_problem problem;
  struct floe__arena *arena = floe__arena_new((size_t)256 << 20, no_memory, NULL);
  return fixture_of(arena, source_from_text(arena, "a.floe", text, strlen(text), &problem));
}

static void forget(struct fixture *f) { floe__arena_free(f->arena); }

static const struct variable *variable_named(const struct fixture *f, const char *name) {
  for (size_t k = 0; k < f->study->program->n_variable; k++)
    if (strcmp(f->study->program->variables[k]->name, name) == 0) return f->study->program->variables[k];
  fail_msg("no variable %s", name);
  return NULL;
}

static size_t axis_named(const struct fixture *f, const char *name) {
  for (size_t k = 0; k < f->study->program->n_axis; k++)
    if (strcmp(f->study->program->axes[k]->name, name) == 0) return k;
  fail_msg("no axis %s", name);
  return 0;
}

/* Computes the roots that are present, in order: variables and coordinates go to the fixture, outputs to `outputs`, terms
 * are summed by tag. */
static void run(struct fixture *f, enum interpretation_kind kind, double *outputs, double terms[N_TAG]) {
  const struct interpretation *interpretation = &f->study->interpretations[kind];
  struct graph_run *evaluation = graph_run_new(f->arena, f->study->graph, &f->world);
  size_t n_output = 0;
  for (size_t k = 0; k < interpretation->n_root; k++) {
    const struct root *root = &interpretation->roots[k];
    if (!graph_run_has(evaluation, root->presence, f->study->program->n_axis)) continue;
    const struct graph_array *array = graph_run(evaluation, root->node);
    assert_true(array->n <= MAX_NUMBERS);
    switch (root->target) {
    case TARGET_VALUE: memcpy(f->values[root->variable->id], array->data, array->n * sizeof(double)); break;
    case TARGET_COORDINATE: memcpy(f->coordinates[root->variable->id], array->data, array->n * sizeof(double)); break;
    case TARGET_TERM: terms[root->tag] += array->data[0]; break;
    case TARGET_OUTPUT: memcpy(outputs + n_output, array->data, array->n * sizeof(double)); n_output += array->n; break;
    }
  }
}

static double log_density(struct fixture *f) {
  double terms[N_TAG] = {0};
  run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
  return terms[TAG_PRIOR] + terms[TAG_LIKELIHOOD] + terms[TAG_JACOBIAN];
}

static void assert_close(double a, double b) {
  if (isinf(a) && a == b) return;
  if (!(fabs(a - b) <= 1e-10 * (1 + fabs(b)))) fail_msg("%.17g is not %.17g", a, b);
}

/* ---- eight schools, against the model written by hand ---- */

enum { N_SCHOOL = 8 };

struct by_hand {
  struct floe_layout layout;
  struct floe_universe universe;
  struct floe_context context;
  size_t size[1], offset[6], coordinate[6];
};

static void place_by_hand(struct by_hand *hand) {
  static const size_t offset[] = {0, 0, 1, 2, 2 + N_SCHOOL, N_SCHOOL}, coordinate[] = {FLOE_NONE, 0, 1, 2, 2 + N_SCHOOL, FLOE_NONE};
  *hand = (struct by_hand){.size = {N_SCHOOL}};
  memcpy(hand->offset, offset, sizeof offset);
  memcpy(hand->coordinate, coordinate, sizeof coordinate);
  hand->layout = (struct floe_layout){.model = &eight_schools_by_hand, .size = hand->size, .offset = hand->offset,
                                      .coordinate = hand->coordinate, .n_data = 2 * N_SCHOOL, .n_value = 3 + N_SCHOOL,
                                      .n_coordinate = 3 + N_SCHOOL, .n_output = 4 + N_SCHOOL};
  hand->context = (struct floe_context){&hand->layout, &hand->universe, FLOE_FAMILY_COORDINATES, eight_schools_data};
}

static const char *const hand_axes[] = {"tau_prior", "noise", "prior_power", "outliers", "form"};
static const char *const hand_parameters[] = {"mu", "tau", "theta", "nu"};
static const size_t hand_places[] = {0, 1, 2, 2 + N_SCHOOL};

/* The same universe and point for both. `number`: which universe. */
static void set_universe(struct fixture *f, struct by_hand *hand, size_t number) {
  size_t options[] = {number % 3, number / 3 % 2, 0, number / 12 % 2, number / 6 % 2};
  for (size_t k = 0; k < 5; k++) {
    f->option[axis_named(f, hand_axes[k])] = hand->universe.option[k] = options[k];
    f->axis[axis_named(f, hand_axes[k])] = hand->universe.value[k] = 0.7;
  }
  f->size[0] = N_SCHOOL;
  f->world.coordinates = number / 24 ? COORDINATES_UNIVERSE : COORDINATES_FAMILY;
  hand->context.coordinates = number / 24 ? FLOE_UNIVERSE_COORDINATES : FLOE_FAMILY_COORDINATES;
  memcpy(f->values[variable_named(f, "sigma")->id], eight_schools_data, N_SCHOOL * sizeof(double));
  memcpy(f->values[variable_named(f, "y")->id], eight_schools_data + N_SCHOOL, N_SCHOOL * sizeof(double));
}

static void set_coordinates(struct fixture *f, double *point) {
  for (size_t k = 0; k < 3 + N_SCHOOL; k++) point[k] = 0.3 * (double)k - 1.1;
  for (size_t k = 0; k < 4; k++)
    memcpy(f->coordinates[variable_named(f, hand_parameters[k])->id], point + hand_places[k], (k == 2 ? N_SCHOOL : 1) * sizeof(double));
}

enum { N_UNIVERSE = 48 };

static void the_density_of_eight_schools_is_the_one_written_by_hand(void **state) {
  struct fixture *f = of_file("examples/eight_schools/eight_schools.floe");
  struct by_hand hand;
  double point[3 + N_SCHOOL], expected, expected_terms[FLOE_N_TAG];
  (void)state;
  place_by_hand(&hand);
  for (size_t number = 0; number < N_UNIVERSE; number++) {
    double terms[N_TAG] = {0};
    set_universe(f, &hand, number);
    set_coordinates(f, point);
    run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
    eight_schools_by_hand.log_density(&hand.context, 1, point, &expected, expected_terms, NULL);
    for (size_t k = 0; k < N_TAG; k++) assert_close(terms[k], expected_terms[k]);
  }
  forget(f);
}

static void outside_an_options_support_the_density_is_zero(void **state) {
  struct fixture *f = of_file("examples/eight_schools/eight_schools.floe");
  struct by_hand hand;
  (void)state;
  place_by_hand(&hand);
  set_universe(f, &hand, 2);
  f->coordinates[variable_named(f, "tau")->id][0] = log(25.1);
  assert_true(log_density(f) == -INFINITY);
  f->coordinates[variable_named(f, "tau")->id][0] = log(24.9);
  assert_true(isfinite(log_density(f)));
  forget(f);
}

static void eight_schools_constrains_and_unconstrains_as_by_hand(void **state) {
  struct fixture *f = of_file("examples/eight_schools/eight_schools.floe");
  struct by_hand hand;
  double point[3 + N_SCHOOL], values[3 + N_SCHOOL];
  (void)state;
  place_by_hand(&hand);
  for (size_t number = 0; number < N_UNIVERSE; number++) {
    set_universe(f, &hand, number);
    set_coordinates(f, point);
    run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
    eight_schools_by_hand.constrain(&hand.context, 1, point, values, NULL);
    for (size_t k = 0; k < (number / 3 % 2 ? 4 : 3); k++)
      for (size_t i = 0; i < (k == 2 ? N_SCHOOL : 1); i++)
        assert_close(f->values[variable_named(f, hand_parameters[k])->id][i], values[hand_places[k] + i]);
    memset(f->coordinates, 0, sizeof f->coordinates);
    run(f, INTERPRETATION_UNCONSTRAIN, NULL, NULL);
    for (size_t i = 0; i < N_SCHOOL; i++) assert_close(f->coordinates[variable_named(f, "theta")->id][i], point[2 + i]);
    assert_close(f->coordinates[variable_named(f, "tau")->id][0], point[1]);
  }
  forget(f);
}

static void eight_schools_draws_the_numbers_drawn_by_hand(void **state) {
  struct fixture *f = of_file("examples/eight_schools/eight_schools.floe");
  struct by_hand hand;
  (void)state;
  place_by_hand(&hand);
  for (size_t number = 0; number < 24; number++) {
    double data[2 * N_SCHOOL], values[3 + N_SCHOOL];
    const struct floe_sampling sampling = {.seed = 17, .purpose = 1, .what = FLOE_DRAW_DATA | FLOE_DRAW_PARAMETERS | FLOE_DRAW_OBSERVED};
    set_universe(f, &hand, number);
    f->seed = 17;
    run(f, INTERPRETATION_SIMULATE, NULL, NULL);
    eight_schools_by_hand.simulate(&hand.context, &sampling, 1, data, values, NULL);
    assert_close(f->values[variable_named(f, "tau")->id][0], values[1]);
    for (size_t i = 0; i < N_SCHOOL; i++) {
      assert_close(f->values[variable_named(f, "theta")->id][i], values[2 + i]);
      assert_close(f->values[variable_named(f, "sigma")->id][i], data[i]);
      assert_close(f->values[variable_named(f, "y")->id][i], data[N_SCHOOL + i]);
    }
  }
  forget(f);
}

static void eight_schools_reports_checks_and_prepares_as_by_hand(void **state) {
  struct fixture *f = of_file("examples/eight_schools/eight_schools.floe");
  struct by_hand hand;
  (void)state;
  place_by_hand(&hand);
  for (size_t number = 0; number < 24; number++) {
    double point[3 + N_SCHOOL], values[3 + N_SCHOOL], outputs[MAX_NUMBERS], expected[4 + N_SCHOOL], holds, prepared[2 * N_SCHOOL];
    set_universe(f, &hand, number);
    set_coordinates(f, point);
    run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
    eight_schools_by_hand.constrain(&hand.context, 1, point, values, NULL);
    run(f, INTERPRETATION_REPORT, outputs, NULL);
    eight_schools_by_hand.report(&hand.context, 1, values, expected, NULL);
    for (size_t k = 0; k < 4 + N_SCHOOL; k++) assert_close(outputs[k], expected[k]);
    run(f, INTERPRETATION_CHECK, &holds, NULL);
    assert_float_equal(holds, 1, 0);
    run(f, INTERPRETATION_PREPARE, NULL, NULL);
    eight_schools_by_hand.prepare(&hand.context, eight_schools_data, prepared, NULL);
    for (size_t i = 0; i < N_SCHOOL; i++) assert_close(f->values[variable_named(f, "y")->id][i], prepared[N_SCHOOL + i]);
  }
  forget(f);
}

/* ---- the epidemic, against a simulation written here ---- */

static const double cases[14] = {20, 35, 50, 60, 80, 120, 150, 230, 300, 450, 600, 900, 1300, 1700};

static double log_likelihood_of_epidemic(double lambda, double mu, double delay, double initial, double psi, bool poisson) {
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
    if (poisson) sum += y * log(mean) - mean - lgamma(y + 1);
    else sum += lgamma(y + psi) - lgamma(psi) - lgamma(y + 1) + psi * log(psi / (psi + mean)) + y * log(mean / (psi + mean));
  }
  return sum;
}

static void the_likelihood_of_the_epidemic_is_that_of_its_recurrence(void **state) {
  static const char *const names[] = {"lambda", "mu", "delay", "I0", "psi"};
  const double values[] = {0.5, 0.11, 7.3, 40, 4.5};
  struct fixture *f = of_file("examples/covid_germany/covid_germany.floe");
  (void)state;
  for (size_t k = 0; k < 5; k++) f->coordinates[variable_named(f, names[k])->id][0] = log(values[k]);
  memcpy(f->values[variable_named(f, "cases")->id], cases, sizeof cases);
  for (size_t poisson = 0; poisson < 2; poisson++) {
    double terms[N_TAG] = {0}, expected = log_likelihood_of_epidemic(0.5, 0.11, 7.3, 40, 4.5, poisson);
    f->option[axis_named(f, "noise")] = poisson;
    run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
    assert_float_equal(terms[TAG_LIKELIHOOD], expected, 1e-8 * fabs(expected));
  }
  forget(f);
}

static void an_axis_matters_only_where_it_has_an_effect(void **state) {
  struct fixture *f = of_file("examples/covid_germany/covid_germany.floe");
  const struct presence *effect = f->study->axis_effect;
  size_t noise = axis_named(f, "noise");
  (void)state;
  assert_int_equal(effect[axis_named(f, "power_psi")].options[noise], 1);
  assert_true(effect[axis_named(f, "power_mu")].options[noise] == UINT64_MAX);
  assert_true(effect[noise].options[noise] == UINT64_MAX);
  assert_string_equal(f->study->blueprint.sequence->name, "day");
  assert_null(f->study->blueprint.plate);
  forget(f);
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

static void set_transform_point(struct fixture *f) {
  for (size_t k = 0; k < 7; k++) {
    const struct variable *variable = variable_named(f, transform_parameters[k]);
    for (size_t j = 0; j < 3; j++) f->coordinates[variable->id][j] = 0.4 * (double)j - 0.3 * (double)k + 0.7;
  }
  for (size_t j = 0; j < 3; j++) f->values[variable_named(f, "y")->id][j] = 0.5 * (double)j;
}

/* log |d values / d coordinates| by differences: each value depends on its own coordinate and on earlier ones only. */
static double log_volume(struct fixture *f) {
  double sum = 0, step = 1e-5;
  for (size_t k = 0; k < 7; k++) {
    const struct variable *variable = variable_named(f, transform_parameters[k]);
    for (size_t j = 0; j < (k < 5 ? 1 : 3); j++) {
      double *u = &f->coordinates[variable->id][j], at = *u;
      *u = at + step;
      run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
      double above = f->values[variable->id][j];
      *u = at - step;
      run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
      sum += log(fabs(above - f->values[variable->id][j]) / (2 * step));
      *u = at;
    }
  }
  run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
  return sum;
}

static void coordinates_come_back_from_values(void **state) {
  struct fixture *f = of_text(transforms);
  (void)state;
  for (size_t number = 0; number < 12; number++) {
    double before[MAX_VARIABLES][MAX_NUMBERS];
    f->option[axis_named(f, "width")] = number % 3;
    f->option[axis_named(f, "form")] = number / 3 % 2;
    f->world.coordinates = (enum coordinates)(number / 6);
    set_transform_point(f);
    memcpy(before, f->coordinates, sizeof before);
    run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
    memset(f->coordinates, 0, sizeof f->coordinates);
    run(f, INTERPRETATION_UNCONSTRAIN, NULL, NULL);
    for (size_t k = 0; k < 7; k++) {
      size_t id = variable_named(f, transform_parameters[k])->id;
      for (size_t j = 0; j < (k < 5 ? 1 : 3); j++) assert_float_equal(f->coordinates[id][j], before[id][j], 1e-9);
    }
  }
  forget(f);
}

/* The density of the values themselves may not depend on the coordinates in which it was computed. */
static void all_coordinates_give_the_same_density_of_values(void **state) {
  struct fixture *f = of_text(transforms);
  (void)state;
  for (size_t width = 0; width < 3; width++) {
    double first = NAN;
    f->option[axis_named(f, "width")] = width;
    f->world.coordinates = COORDINATES_UNIVERSE;
    f->option[axis_named(f, "form")] = 0;
    set_transform_point(f);
    run(f, INTERPRETATION_CONSTRAIN, NULL, NULL);
    for (size_t number = 0; number < 4; number++) {
      f->option[axis_named(f, "form")] = number % 2;
      f->world.coordinates = (enum coordinates)(number / 2);
      run(f, INTERPRETATION_UNCONSTRAIN, NULL, NULL);
      double density = log_density(f) - log_volume(f);
      assert_true(isfinite(density));
      if (number == 0) first = density;
      assert_float_equal(density, first, 1e-6);
    }
  }
  forget(f);
}

/* ---- joint distributions ---- */

/* Two correlated numbers, by the Cholesky factor ((2, 0), (1, 3)) of their covariance. */
static void a_joint_draw_and_its_density_are_those_of_the_whole_vector(void **state) {
  struct fixture *f = of_text("model m \"m\"\nindex i = 2\ndata L[i, j in i] ~ normal(0, 1)\nparam b[i] ~ multi_normal_chol([1, -1], L)\n"
                              "obs y[i]\ny[i] ~ normal(b, 1)\nreport b\n");
  const double factor[] = {2, 0, 1, 3}, u[] = {1.5, 0.25}, z0 = (1.5 - 1) / 2, z1 = (0.25 + 1 - 1 * z0) / 3;
  double terms[N_TAG] = {0};
  (void)state;
  memcpy(f->values[variable_named(f, "L")->id], factor, sizeof factor);
  memcpy(f->coordinates[variable_named(f, "b")->id], u, sizeof u);
  run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
  assert_close(terms[TAG_PRIOR], -0.5 * (z0 * z0 + z1 * z1) - log(2) - log(3) - log(2 * acos(-1)));
  assert_close(terms[TAG_JACOBIAN], 0);
  forget(f);
}

static void elements_of_a_joint_draw_share_their_raw_draws(void **state) {
  struct fixture *f = of_text("model m \"m\"\nindex i = 2\ndata L[i, j in i] ~ normal(0, 1)\nparam b[i] ~ multi_normal_chol([1, -1], L)\n"
                              "obs y[i]\ny[i] ~ normal(b, 1)\nreport b\n");
  struct floe_stream stream;
  double z[2];
  const struct variable *b = variable_named(f, "b");
  (void)state;
  f->seed = 5;
  run(f, INTERPRETATION_SIMULATE, NULL, NULL);
  for (size_t k = 0; k < 2; k++) {
    floe_stream_open(&stream, 5, 1, 0, b->id * 64, k);
    z[k] = floe_draw_normal(&stream);
  }
  const double *factor = f->values[variable_named(f, "L")->id]; /* only its lower triangle counts */
  assert_close(f->values[b->id][0], 1 + factor[0] * z[0]);
  assert_close(f->values[b->id][1], -1 + factor[2] * z[0] + factor[3] * z[1]);
  forget(f);
}

/* ---- derivatives that the library declares ---- */

static const struct node *node_calling(const struct graph *graph, const char *name) {
  for (size_t k = 0; k < graph->n_node; k++)
    if (graph->nodes[k]->kind == NODE_EXTERN && strcmp(graph->nodes[k]->external->name, name) == 0) return graph->nodes[k];
  return NULL;
}

static void the_derivative_of_a_function_is_what_the_library_says(void **state) {
  struct fixture *f = of_file("examples/eight_schools/eight_schools.floe");
  const struct node *call_of_exp = node_calling(f->study->graph, "exp"), *call_of_argmax = node_calling(f->study->graph, "argmax");
  const struct node *call_of_log = node_calling(f->study->graph, "log1p");
  (void)state;
  assert_non_null(call_of_exp);
  assert_ptr_equal(external_derivative(f->study->graph, f->study->program, call_of_exp, 0), call_of_exp);
  assert_null(external_derivative(f->study->graph, f->study->program, call_of_argmax, 0));
  const struct node *slope = external_derivative(f->study->graph, f->study->program, call_of_log, 0);
  assert_int_equal(slope->op, OP_DIV);
  assert_int_equal(slope->free, call_of_log->free);
  forget(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_density_of_eight_schools_is_the_one_written_by_hand),
      cmocka_unit_test(outside_an_options_support_the_density_is_zero),
      cmocka_unit_test(eight_schools_constrains_and_unconstrains_as_by_hand),
      cmocka_unit_test(eight_schools_draws_the_numbers_drawn_by_hand),
      cmocka_unit_test(eight_schools_reports_checks_and_prepares_as_by_hand),
      cmocka_unit_test(the_likelihood_of_the_epidemic_is_that_of_its_recurrence),
      cmocka_unit_test(an_axis_matters_only_where_it_has_an_effect),
      cmocka_unit_test(coordinates_come_back_from_values),
      cmocka_unit_test(all_coordinates_give_the_same_density_of_values),
      cmocka_unit_test(a_joint_draw_and_its_density_are_those_of_the_whole_vector),
      cmocka_unit_test(elements_of_a_joint_draw_share_their_raw_draws),
      cmocka_unit_test(the_derivative_of_a_function_is_what_the_library_says),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
