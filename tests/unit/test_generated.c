/* Specs all the way to machine code: what the generated functions give is compared with what the graph's interpreter
 * gives, in every universe and both systems of coordinates; the gradient is compared with differences of the log
 * density. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "compiler/driver/pipeline.h"
#include "compiler/emit/emit.h"
#include "compiler/graph/interpret.h"
#include "compiler/source/diagnostic.h"
#include "runtime/data/layout.h"
#include "runtime/math/chol.h"
#include "runtime/math/matrix.h"
#include "runtime/math/order.h"
#include "runtime/math/special.h"
#include "runtime/math/structure.h"
#include "tests/support/simulated.h"
#include "tests/support/solved.h"

#include <floe/draws.h>
#include <floe/ode.h>

enum { MAX_UNIVERSE = 48 };

/* The symbols that generated code of these specs calls; naming them here links them in. */
static const struct linked {
  const char *symbol;
  void (*function)(void);
} linked[] = {
#define LINKED(name)                                                                                                   \
  { #name, (void (*)(void))name }
    LINKED(exp),
    LINKED(log),
    LINKED(sqrt),
    LINKED(expm1),
    LINKED(log1p),
    LINKED(sin),
    LINKED(cos),
    LINKED(tan),
    LINKED(floor),
    LINKED(ceil),
    LINKED(rint),
    LINKED(atan),
    LINKED(floe_lgamma),
    LINKED(floe_log_rising),
    LINKED(floe_gamma_cdf),
    LINKED(floe_gamma_quantile),
    LINKED(floe_gamma_upper_quantile),
    LINKED(floe_log_gamma_cdf),
    LINKED(floe_log_gamma_cdf_by_shape),
    LINKED(floe_log_gamma_ccdf),
    LINKED(floe_log_gamma_ccdf_by_shape),
    LINKED(floe_beta_cdf),
    LINKED(floe_beta_quantile),
    LINKED(floe_log_beta_cdf),
    LINKED(floe_log_beta_ccdf),
    LINKED(floe_log_beta_cdf_by_a),
    LINKED(floe_log_beta_cdf_by_b),
    LINKED(floe_log_beta_ccdf_by_a),
    LINKED(floe_log_beta_ccdf_by_b),
    LINKED(floe_student_t_cdf),
    LINKED(floe_student_t_quantile),
    LINKED(floe_log_student_t_cdf),
    LINKED(floe_log_student_t_cdf_by_nu),
    LINKED(floe_wald_quantile),
    LINKED(floe_poisson_quantile),
    LINKED(floe_neg_binomial_quantile),
    LINKED(floe_neg_binomial_upper_quantile),
    LINKED(floe_binomial_quantile),
    LINKED(floe_hypergeometric_cdf),
    LINKED(floe_hypergeometric_quantile),
    LINKED(floe_beta_binomial_cdf),
    LINKED(floe_beta_binomial_cdf_by_a),
    LINKED(floe_beta_binomial_cdf_by_b),
    LINKED(floe_beta_binomial_quantile),
    LINKED(floe_draw_hypergeometric),
    LINKED(floe_digamma),
    LINKED(floe_phi),
    LINKED(floe_phi_inverse),
    LINKED(floe_log_phi),
    LINKED(floe_log1p_exp),
    LINKED(floe_inv_logit),
    LINKED(floe_xlogy),
    LINKED(floe_xlog1py),
    LINKED(floe_log_phi),
    LINKED(floe_log_phi_scaled),
    LINKED(floe_log1m_exp),
    LINKED(floe_log_bessel_i0_scaled),
    LINKED(floe_bessel_ratio),
    LINKED(sin),
    LINKED(cos),
    LINKED(floe_argmax),
    LINKED(floe_quantile),
    LINKED(floe_present_quantile),
    LINKED(floe_is_present),
    LINKED(floe_left_out),
    LINKED(floe_solve_lower),
    LINKED(floe_solve_lower_adjoint),
    LINKED(floe_sort),
    LINKED(floe_sort_adjoint),
    LINKED(floe_cholesky),
    LINKED(floe_cholesky_adjoint),
    LINKED(floe_solve),
    LINKED(floe_solve_adjoint),
    LINKED(floe_inverse),
    LINKED(floe_inverse_adjoint),
    LINKED(floe_log_det),
    LINKED(floe_log_det_adjoint),
    LINKED(floe_constrain),
    LINKED(floe_constrain_adjoint),
    LINKED(floe_unconstrain),
    LINKED(floe_log_jacobian),
    LINKED(floe_log_jacobian_adjoint),
    LINKED(floe_ode_solve),
    LINKED(floe_ode_adjoint),
    LINKED(floe_draw_uniform),
    LINKED(floe_draw_normal),
    LINKED(floe_draw_exponential),
    LINKED(floe_draw_gamma),
    LINKED(floe_draw_log_gamma),
    LINKED(floe_draw_poisson),
    LINKED(floe_draw_categorical),
    LINKED(floe_draw_binomial),
    LINKED(floe_draw_von_mises),
};

static const struct linked *find_linked(const char *symbol) {
  for (size_t k = 0; k < sizeof linked / sizeof *linked; k++)
    if (!strcmp(linked[k].symbol, symbol)) return &linked[k];
  fail_msg("the test does not know the function %s", symbol);
  return NULL;
}

struct fixture {
  bool says_nought; /* a density of the spec says -inf itself: without a guard, gradients are what they are */
  struct floe__arena *arena;
  struct study *study;
  struct floe__text code;
  char *folder;
  void *library;
  const struct floe_model *model;
  struct floe_layout *layout;
  struct floe_universe universe;
  struct floe_context context;
  double *data, *values, *coordinates, *scratch; /* one point */
  struct graph_world world;
};

/* ---- compiling ---- */

static void no_memory(void *context) {
  (void)context;
  abort();
}

static struct study *study_of(struct floe__arena *arena, const struct source *source) {
  const char *root = getenv("FLOE_SOURCE");
  struct pipeline pipeline;
  struct floe_error error = {0};
  struct floe__text text = {0};
  struct pipeline_request request = {
      .source = source, .library = floe__arena_printf(arena, "%s/stdlib", root ? root : "."), .last = STAGE_GRAPH};
  if (pipeline_run(&pipeline, arena, &request, &error)) {
    diagnostics_print(pipeline.sink, false, &text);
    fail_msg("%s%s", error.message, text.data ? text.data : "");
  }
  pipeline_free(&pipeline);
  return pipeline.study;
}

static void compile_code(struct fixture *f) {
  const char *root = getenv("FLOE_SOURCE"), *cc = getenv("CC");
  const char *temporary = getenv("TMPDIR");
  f->folder = floe__arena_printf(f->arena, "%s/floe-generated.XXXXXX", temporary ? temporary : "/tmp");
  assert_non_null(mkdtemp(f->folder));
  const char *path = floe__arena_printf(f->arena, "%s/study.c", f->folder),
             *library = floe__arena_printf(f->arena, "%s/study.so", f->folder);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(f->code.data, 1, f->code.length, file), f->code.length);
  assert_int_equal(fclose(file), 0);
  const char *command = floe__arena_printf(
      f->arena, "%s -std=c17 -O1 -fopenmp-simd -Wall -Wextra -Wshadow -Werror -shared -fPIC -I'%s/runtime/include' -o %s %s",
      cc && *cc ? cc : "cc", root ? root : ".", library, path);
  if (system(command) != 0) fail_msg("the generated code does not compile:\n%s", f->code.data);
  f->library = dlopen(library, RTLD_LAZY);
  if (!f->library) fail_msg("%s", dlerror());
  f->model = dlsym(f->library, "floe_the_model");
  assert_non_null(f->model);
  unlink(path);
  unlink(library);
  rmdir(f->folder);
}

/* ---- the interpreter's world ---- */

static const double *read_value(void *context, const struct variable *v) {
  const struct fixture *f = context;
  bool data = v->role == ROLE_DATA || v->role == ROLE_OBS;
  return (data ? f->data : f->values) + f->layout->offset[v->id];
}

static const double *read_coordinate(void *context, const struct variable *v) {
  const struct fixture *f = context;
  return f->coordinates + f->layout->coordinate[v->id];
}

static void call(void *context, const struct external *external, size_t n, const struct graph_array *args,
                 struct graph_array *result) {
  const struct fixture *f = context;
  const double *x = args[0].data;
  if (external->system) {
    solve_interpreted(f->study->program, &f->world, external, args, result);
  } else if (!strcmp(external->symbol, "floe_argmax")) {
    result->data[0] = floe_argmax(args[0].n, x);
  } else if (!strcmp(external->symbol, "floe_quantile")) {
    result->data[0] = floe_quantile(args[0].n, x, *args[1].data);
  } else if (!strcmp(external->symbol, "floe_present_quantile")) {
    result->data[0] = floe_present_quantile(args[0].n, x, *args[1].data);
  } else if (!strcmp(external->symbol, "floe_solve_lower")) {
    floe_solve_lower(args[1].n, x, args[1].data, result->data);
  } else if (!strncmp(external->symbol, "floe_constrain", 14)) {
    floe_constrain(*x, *args[1].data, *args[2].data, args[3].data, result->data);
  } else if (!strcmp(external->symbol, "floe_unconstrain")) {
    floe_unconstrain(*x, *args[1].data, *args[2].data, args[3].data, result->data);
  } else if (!strcmp(external->symbol, "floe_log_jacobian")) {
    result->data[0] = floe_log_jacobian(*x, *args[1].data, *args[2].data, args[3].data);
  } else if (!strcmp(external->symbol, "floe_sort")) {
    floe_sort(args[0].n, x, result->data);
  } else if (!strcmp(external->symbol, "floe_cholesky")) {
    floe_cholesky(args[0].size[0], x, result->data);
  } else if (!strcmp(external->symbol, "floe_solve")) {
    floe_solve(args[1].n, x, args[1].data, result->data);
  } else if (!strcmp(external->symbol, "floe_inverse")) {
    floe_inverse(args[0].size[0], x, result->data);
  } else if (!strcmp(external->symbol, "floe_log_det")) {
    result->data[0] = floe_log_det(args[0].size[0], x);
  } else if (n == 1) {
    result->data[0] = ((double (*)(double))find_linked(external->symbol)->function)(*x);
  } else if (n == 2) {
    result->data[0] = ((double (*)(double, double))find_linked(external->symbol)->function)(*x, *args[1].data);
  } else if (n == 3) {
    result->data[0] = ((double (*)(double, double, double))find_linked(external->symbol)->function)(*x, *args[1].data,
                                                                                                    *args[2].data);
  } else {
    assert_int_equal(n, 4);
    result->data[0] = ((double (*)(double, double, double, double))find_linked(external->symbol)->function)(
        *x, *args[1].data, *args[2].data, *args[3].data);
  }
}

static double raw(void *stream, const struct external *external, size_t n, const struct graph_array *args) {
  if (n && args[0].n_dim) return floe_draw_categorical(stream, args[0].n, args[0].data);
  void (*function)(void) = find_linked(external->symbol)->function;
  if (n == 0) return ((double (*)(struct floe_stream *))function)(stream);
  if (n == 1) return ((double (*)(struct floe_stream *, double))function)(stream, *args[0].data);
  return ((double (*)(struct floe_stream *, double, double))function)(stream, *args[0].data, *args[1].data);
}

static void draw(void *context, const struct external *external, size_t n, const struct graph_array *args, size_t site,
                 size_t n_key, const size_t *key, struct graph_array *result) {
  struct floe_stream stream;
  uint64_t element = 0;
  struct fixture *f = context;
  for (size_t k = 0; k < n_key; k++)
    element += (uint64_t)(key[k] - 1) << (n_key > 1 ? 64 / n_key * (n_key - 1 - k) : 0);
  floe_stream_open(&stream, 7, 3, 5, site, element);
  if (external->simulator)
    simulate_interpreted(f->study->program, &f->world, external, args, raw, &stream, result);
  else
    result->data[0] = raw(&stream, external, n, args);
}

/* ---- a compiled spec ---- */

static void resize(struct fixture *f, bool largest) {
  size_t sizes[16];
  struct floe_error error;
  if (largest)
    floe_sizes_largest(f->model, sizes);
  else
    floe_sizes_smallest(f->model, sizes);
  floe_layout_free(f->layout);
  f->layout = floe_layout_new(f->model, sizes, &error);
  assert_non_null(f->layout);
  f->data = floe__arena_array(f->arena, f->layout->n_data + 1, sizeof(double));
  f->values = floe__arena_array(f->arena, f->layout->n_value + 1, sizeof(double));
  f->coordinates = floe__arena_array(f->arena, f->layout->n_coordinate + 1, sizeof(double));
  f->scratch =
      malloc((f->layout->n_scratch + 1) * sizeof(double)); /* so that a sanitizer sees its end; filled with garbage */
  for (size_t k = 0; k < f->layout->n_scratch; k++) f->scratch[k] = 1e300;
  f->context = (struct floe_context){f->layout, &f->universe, FLOE_FAMILY_COORDINATES, f->data, NULL};
  f->world = (struct graph_world){.size = f->layout->size,
                                  .option = f->universe.option,
                                  .axis = f->universe.value,
                                  .context = f,
                                  .value = read_value,
                                  .coordinate = read_coordinate,
                                  .call = call,
                                  .draw = draw};
}

static struct fixture *of_source(struct floe__arena *arena, const struct source *source) {
  assert_non_null(source);
  struct fixture *f = floe__arena_alloc(arena, sizeof *f);
  f->arena = arena;
  f->study = study_of(arena, source);
  emit_study(f->study, arena, &f->code);
  compile_code(f);
  resize(f, false);
  return f;
}

static struct fixture *of_text(const char *text) {
  struct floe__arena *arena = floe__arena_new((size_t)1 << 30, no_memory, NULL);
  enum source_problem problem;
  return of_source(arena, source_from_text(arena, "evil */ name ?\?/.floe", text, strlen(text), &problem));
}

static struct fixture *of_file(const char *name) {
  struct floe__arena *arena = floe__arena_new((size_t)1 << 30, no_memory, NULL);
  const char *root = getenv("FLOE_SOURCE");
  enum source_problem problem;
  return of_source(arena, source_read(arena, floe__arena_printf(arena, "%s/%s", root ? root : ".", name), &problem));
}

static void forget(struct fixture *f) {
  floe_layout_free(f->layout);
  free(f->scratch);
  floe__text_free(&f->code);
  dlclose(f->library);
  floe__arena_free(f->arena);
}

/* ---- comparisons ---- */

static bool is_near(double a, double b, double tolerance) {
  if (isnan(a) || isnan(b)) return isnan(a) && isnan(b);
  if (isinf(a) || isinf(b)) return a == b;
  return fabs(a - b) <= tolerance * (1 + fabs(a) + fabs(b));
}

/* What the interpreter gives for the variable or output of a root, against n numbers of generated code. */
static void compare_root(struct fixture *f, const struct root *root, struct graph_run *run, const double *numbers,
                         size_t n, double absent, const char *what) {
  const bool present = graph_run_has(run, root->presence, f->study->program->n_axis);
  const struct graph_array *array = present ? graph_run(run, root->node) : NULL;
  if (present) assert_int_equal(array->n, n);
  for (size_t k = 0; k < n; k++)
    if (!is_near(numbers[k], present ? array->data[k] : absent, 1e-9))
      fail_msg("%s of %s[%zu]: %.17g, not %.17g", what, root->variable ? root->variable->name : "output", k, numbers[k],
               present ? array->data[k] : absent);
}

static void compare_simulation(struct fixture *f) {
  const struct interpretation *all = &f->study->interpretations[INTERPRETATION_SIMULATE];
  const struct floe_sampling sampling = {7, 3, 5, FLOE_DRAW_DATA | FLOE_DRAW_PARAMETERS | FLOE_DRAW_OBSERVED};
  f->model->simulate(&f->context, &sampling, 1, f->data, f->values, f->scratch);
  struct graph_run *run = graph_run_new(f->arena, f->study->graph, &f->world);
  for (size_t k = 0; k < all->n_root; k++) {
    const struct variable *v = all->roots[k].variable;
    compare_root(f, &all->roots[k], run, read_value(f, v), f->layout->count[v->id], NAN, "draw");
  }
}

/* Nothing that is not to be drawn is touched. */
static void simulate_parts(struct fixture *f) {
  double *data = floe__arena_array(f->arena, f->layout->n_data, sizeof *data),
         *values = floe__arena_array(f->arena, f->layout->n_value, sizeof *values);
  for (unsigned what = 0; what < 8; what++) {
    const struct floe_sampling sampling = {8, 3, 5, what};
    memcpy(data, f->data, f->layout->n_data * sizeof *data);
    memcpy(values, f->values, f->layout->n_value * sizeof *values);
    f->model->simulate(&f->context, &sampling, 1, data, values, f->scratch);
    for (size_t v = 0; v < f->model->n_variable; v++) {
      static const unsigned bit[] = {FLOE_DRAW_DATA, FLOE_DRAW_PARAMETERS, FLOE_DRAW_PARAMETERS, FLOE_DRAW_OBSERVED};
      const struct floe_variable *variable = &f->model->variables[v];
      const double *now = (floe_variable_is_data(variable) ? data : values) + f->layout->offset[v];
      const double *before = (floe_variable_is_data(variable) ? f->data : f->values) + f->layout->offset[v];
      const unsigned drawn = variable->discrete ? FLOE_DRAW_OBSERVED : bit[variable->role];
      if (!(what & drawn)) assert_memory_equal(now, before, f->layout->count[v] * sizeof *now);
    }
  }
}

/* Every third number that may be missing is. */
static void make_gaps(struct fixture *f) {
  for (size_t v = 0; v < f->model->n_variable; v++)
    for (size_t k = 1; k < f->layout->count[v] && f->model->variables[v].missing; k += 3)
      f->data[f->layout->offset[v] + k] = NAN;
}

static void compare_transforms(struct fixture *f) {
  const struct interpretation *there = &f->study->interpretations[INTERPRETATION_CONSTRAIN],
                              *back = &f->study->interpretations[INTERPRETATION_UNCONSTRAIN];
  double *again = floe__arena_array(f->arena, f->layout->n_coordinate, sizeof *again);
  struct graph_run *run = graph_run_new(f->arena, f->study->graph, &f->world);
  f->model->constrain(&f->context, 1, f->coordinates, f->values, f->scratch);
  for (size_t k = 0; k < there->n_root; k++) {
    const struct variable *v = there->roots[k].variable;
    compare_root(f, &there->roots[k], run, f->values + f->layout->offset[v->id], f->layout->count[v->id], NAN, "value");
  }
  run = graph_run_new(f->arena, f->study->graph, &f->world);
  f->model->unconstrain(&f->context, 1, f->values, again, f->scratch);
  for (size_t k = 0; k < back->n_root; k++) {
    const struct variable *v = back->roots[k].variable;
    const size_t at = f->layout->coordinate[v->id];
    compare_root(f, &back->roots[k], run, again + at, f->layout->free[v->id], 0, "coordinate");
    if (graph_run_has(run, back->roots[k].presence, f->study->program->n_axis))
      for (size_t i = 0; i < f->layout->free[v->id]; i++)
        assert_true(!floe_coordinate_free(f->layout, f->data, v->id, i) ||
                    is_near(again[at + i], f->coordinates[at + i], 1e-6));
  }
}

static double density_of(struct fixture *f, double *terms) {
  double density;
  f->model->log_density(&f->context, 1, f->coordinates, &density, terms, f->scratch);
  return density;
}

static double compare_density(struct fixture *f) {
  const struct interpretation *all = &f->study->interpretations[INTERPRETATION_LOG_DENSITY];
  double expected = 0, terms[FLOE_N_TAG], by_tag[FLOE_N_TAG] = {0};
  struct graph_run *run = graph_run_new(f->arena, f->study->graph, &f->world);
  for (size_t k = 0; k < all->n_root; k++) {
    if (!graph_run_has(run, all->roots[k].presence, f->study->program->n_axis)) continue;
    double term = graph_run(run, all->roots[k].node)->data[0];
    expected += term;
    by_tag[all->roots[k].tag] += term;
  }
  double density = density_of(f, terms);
  if (!is_near(density, expected, 1e-9)) fail_msg("log density: %.17g, not %.17g", density, expected);
  for (size_t tag = 0; tag < FLOE_N_TAG; tag++) assert_true(is_near(terms[tag], by_tag[tag], 1e-9));
  return density;
}

/* Central differences with Richardson's extrapolation: error of order h^4 and rounding of order 1e-16 / h. */
static double difference(struct fixture *f, size_t k, double h) {
  const double x = f->coordinates[k];
  double at[4];
  static const double steps[4] = {-2, -1, 1, 2};
  for (size_t i = 0; i < 4; i++) {
    f->coordinates[k] = x + steps[i] * h;
    at[i] = density_of(f, NULL);
  }
  f->coordinates[k] = x;
  return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h);
}

/* With constants made beforehand, for many points, the gradient is the same to the last bit. */
static void compare_with_constants(struct fixture *f, const double *gradient) {
  if (!f->model->constants) return;
  struct floe_context context = f->context;
  double *constants = malloc((f->model->constants_size(f->layout) + 1) * sizeof *constants), density;
  double *again = floe__arena_array(f->arena, f->layout->n_coordinate + 1, sizeof *again);
  f->model->constants(&context, constants);
  context.constants = constants;
  f->model->gradient(&context, 1, f->coordinates, &density, again, f->scratch);
  assert_memory_equal(again, gradient, f->layout->n_coordinate * sizeof *again);
  free(constants);
}

static void compare_gradient(struct fixture *f) {
  double *gradient = floe__arena_array(f->arena, f->layout->n_coordinate + 1, sizeof *gradient), density,
         expected = density_of(f, NULL);
  for (size_t k = 0; k < f->layout->n_coordinate; k++) gradient[k] = 1e300;
  f->model->gradient(&f->context, 1, f->coordinates, &density, gradient, f->scratch);
  compare_with_constants(f, gradient);
  assert_true(is_near(density, expected, 1e-12));
  for (size_t k = 0; k < f->layout->n_coordinate; k++) {
    if (isinf(expected) && !f->says_nought) assert_true(gradient[k] == 0);
    if (!isfinite(expected)) continue;
    double slope = difference(f, k, 1e-4), coarse = difference(f, k, 3e-4);
    if (!is_near(slope, coarse, 1e-5)) continue; /* at a kink: nothing to compare with */
    if (!is_near(gradient[k], slope, 1e-5))
      fail_msg("gradient by coordinate %zu: %.10g, not %.10g (log density %g)", k, gradient[k], slope, expected);
  }
}

static void compare_answers(struct fixture *f) {
  const struct interpretation *report = &f->study->interpretations[INTERPRETATION_REPORT],
                              *check = &f->study->interpretations[INTERPRETATION_CHECK];
  const struct interpretation *prepare = &f->study->interpretations[INTERPRETATION_PREPARE];
  double *outputs = floe__arena_array(f->arena, f->layout->n_output + f->model->n_elicited + 1, sizeof *outputs), holds[16];
  double *prepared = floe__arena_array(f->arena, f->layout->n_data + 1, sizeof *prepared);
  struct graph_run *run = graph_run_new(f->arena, f->study->graph, &f->world);
  f->model->report(&f->context, 1, f->values, outputs, f->scratch);
  for (size_t k = 0; k < report->n_root; k++) { /* codes are codes here: what spreads them out is not generated */
    const size_t output = report->roots[k].output;
    const size_t n_dim = output < f->model->n_report ? f->model->reports[output].n_dim : 0;
    size_t n = 1;
    for (size_t d = 0; d < n_dim; d++) n *= f->layout->size[f->model->reports[output].dims[d]];
    compare_root(f, &report->roots[k], run, outputs + f->layout->output[output], n, NAN, "report");
  }
  f->model->check(&f->context, 1, f->data, f->values, holds, f->scratch);
  for (size_t k = 0; k < check->n_root; k++)
    compare_root(f, &check->roots[k], run, &holds[check->roots[k].output], 1, NAN, "check");
  const struct interpretation *elicit = &f->study->interpretations[INTERPRETATION_ELICIT];
  assert_int_equal(elicit->n_root, f->model->n_elicited);
  if (f->model->elicit) f->model->elicit(&f->context, 1, f->data, f->values, outputs, f->scratch);
  for (size_t k = 0; k < elicit->n_root; k++)
    compare_root(f, &elicit->roots[k], run, &outputs[elicit->roots[k].output], 1, NAN, "elicited number");
  f->model->prepare(&f->context, f->data, prepared, f->scratch);
  for (size_t k = 0; k < prepare->n_root; k++) {
    const struct variable *v = prepare->roots[k].variable;
    compare_root(f, &prepare->roots[k], run, prepared + f->layout->offset[v->id], f->layout->count[v->id], NAN,
                 "preparation");
  }
}

/* ---- all universes ---- */

static size_t count_universes(const struct fixture *f) {
  size_t n = 1;
  for (size_t a = 0; a < f->model->n_axis; a++)
    if (!f->model->axes[a].continuous) n *= f->model->axes[a].n_option;
  return n;
}

static void enter_universe(struct fixture *f, size_t number) {
  for (size_t a = 0; a < f->model->n_axis; a++) {
    const struct floe_axis *axis = &f->model->axes[a];
    f->universe.value[a] = axis->low + (axis->high - axis->low) * 0.4;
    if (axis->hyper && !isfinite(axis->high)) f->universe.value[a] = isfinite(axis->low) ? axis->low + 1.3 : -0.7;
    f->universe.option[a] = axis->continuous ? 0 : number % axis->n_option;
    if (!axis->continuous) number /= axis->n_option;
  }
}

static void compare_everywhere(struct fixture *f) {
  size_t n = count_universes(f);
  assert_true(n <= MAX_UNIVERSE);
  size_t n_finite = 0;
  for (size_t number = 0; number < n; number++)
    for (int largest = 0; largest < 2; largest++)
      for (int system = 0; system < 2; system++) {
        free(f->scratch);
        resize(f, largest);
        enter_universe(f, number);
        f->context.coordinates = (enum floe_coordinates)system;
        f->world.coordinates = (enum coordinates)system;
        compare_simulation(f);
        simulate_parts(f);
        compare_answers(f);
        make_gaps(f);
        f->model->unconstrain(&f->context, 1, f->values, f->coordinates, f->scratch);
        for (size_t k = 0; k < f->layout->n_coordinate; k++) /* near, not at, what was drawn */
          f->coordinates[k] =
              (isfinite(f->coordinates[k]) ? 0.5 * f->coordinates[k] : 0) + 0.1 * sin(1 + (double)(3 * k + number));
        compare_transforms(f);
        const double density = compare_density(f);
        n_finite += isfinite(density);
        compare_gradient(f);
      }
  if (!f->says_nought) assert_true(n_finite * 2 >= n * 4); /* else the gradient was hardly tested */
  free(f->scratch);
  f->scratch = NULL;
}

static void compare_spec(const char *name) {
  struct fixture *f = of_file(name);
  compare_everywhere(f);
  forget(f);
}

static void eight_schools_does_what_its_graph_says(void **state) {
  (void)state;
  compare_spec("examples/eight_schools/eight_schools.floe");
}

static void covid_germany_does_what_its_graph_says(void **state) {
  (void)state;
  compare_spec("examples/covid_germany/covid_germany.floe");
}

static void gathers_matrices_and_selects_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/grouped.floe");
}

static void recurrences_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/series.floe");
}

static void array_functions_have_their_own_adjoints(void **state) {
  (void)state;
  compare_spec("tests/data/specs/arrays.floe");
}

static void differential_equations_are_solved_and_differentiated(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/systems.floe");
  compare_everywhere(f);
  forget(f);
}

static void simulators_do_what_their_acts_say(void **state) {
  (void)state;
  compare_spec("tests/data/specs/simulators.floe");
  struct fixture *f = of_file("tests/data/specs/two_moons.floe");
  f->says_nought = true;
  compare_everywhere(f);
  forget(f);
}

/* Without a density there is a simulator, and the transforms. */
static void a_study_without_a_density_has_none(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/race.floe");
  assert_null(f->model->log_density);
  assert_null(f->model->gradient);
  assert_non_null(f->model->no_density);
  compare_simulation(f);
  compare_transforms(f);
  forget(f);
}

static void structures_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/mixture_weights.floe");
}

static void joint_observations_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/gaussian_process.floe");
}

static void matrices_do_what_their_graph_says(void **state) {
  (void)state;
  static const char *const files[] = {"tests/data/specs/matrices.floe", "tests/data/specs/vectors.floe",
                                      "tests/data/specs/vector_mixture.floe"};
  for (size_t k = 0; k < sizeof files / sizeof *files; k++) compare_spec(files[k]);
}

static void the_library_does_what_its_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/library.floe");
}

/* What a branch finds out of a value (a constant, another value) holds in no other branch. */
static void choices_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/choices.floe");
}

/* Axes within options, a recurrence whose array may be shorter than its initial values, elements that are not there,
 * latents, truth values as data. */
static void odds_and_ends_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/odds.floe");
}

/* Variables whose elements are drawn one after the other: given the data before them, or as residuals of the path so far;
 * with definitions in the same loop; several in one loop; by a loop in one option, as a plate in another. */
static void autoregressions_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/autoregression.floe");
}

static void stochastic_volatility_does_what_its_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/volatility.floe");
}

static void garch_does_what_its_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/garch.floe");
}

static void variables_of_one_loop_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/steps.floe");
}

static void axes_in_options_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/nested_axes.floe");
}

static void slices_and_matrix_literals_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/slices.floe");
}

static void loops_over_vectors_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/coupled.floe");
}

static void branches_and_nested_loops_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/branches.floe");
}

static void series_of_several_persons_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/panels.floe");
}

static void loops_in_options_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/orders.floe");
}

/* Discrete latents summed out: in plates, scalars, chains; beside steps of the observations. */
static void mixtures_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/mixture.floe");
}

static void hidden_markov_models_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/hidden_markov.floe");
}

static void latents_of_groups_and_chains_of_persons_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/latents.floe");
}

/* var, := and loops in functions that are called in a plate. */
static void functions_with_locals_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/locals.floe");
}

static void parts_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/parts.floe");
}

static void kernels_series_and_correlated_effects_do_what_their_graph_says(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/library_parts.floe");
  compare_everywhere(f);
  forget(f);
}

static void rules_that_leave_out_do_what_their_graph_says(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/left_out.floe");
  compare_everywhere(f);
  forget(f);
}

static void a_spec_needs_no_axes(void **state) {
  (void)state;
  compare_spec("tests/data/specs/no_axes.floe");
}

static void truncation_does_what_its_graph_says(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/truncated.floe");
  compare_everywhere(f);
  forget(f);
}

static void every_family_with_a_cdf_can_be_cut_off(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/truncated_families.floe");
  compare_everywhere(f);
  forget(f);
}

static void bounds_of_counts_do_what_their_graph_says(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/discrete_truncation.floe");
  compare_everywhere(f);
  forget(f);
}

static void censoring_does_what_its_graph_says(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/censored.floe");
  compare_everywhere(f);
  forget(f);
}

static void missing_observations_do_what_their_graph_says(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/missing.floe");
  compare_everywhere(f);
  forget(f);
}

static void completed_numbers_do_what_their_graph_says(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/completed.floe");
  compare_everywhere(f);
  forget(f);
}

static void elements_of_loops_do_what_their_graph_says(void **state) {
  (void)state;
  compare_spec("tests/data/specs/elements.floe");
  compare_spec("tests/data/specs/diffuse.floe");
}

static double log_normal_density(double x, double mean, double sd) {
  const double z = (x - mean) / sd;
  return -0.5 * z * z - log(sd) - 0.5 * log(2 * M_PI);
}

/* x is known at 1 and missing at 2, truth known at 1 and missing at 2. x is affine: its coordinate is the residual. */
static void what_is_missing_has_a_coordinate_or_is_summed_out(void **state) {
  (void)state;
  struct fixture *f = of_text("model m \"by hand\"\n"
                              "index i = 2\n"
                              "param mu ~ normal(0, 1)\n"
                              "data x[i] missing as latent ~ normal(mu, 2)\n"
                              "data truth[i] : bool missing as latent ~ bernoulli(0.3)\n"
                              "obs y[i]\n"
                              "y[i] ~ normal(x + if(truth, mu, 0), 1)\n"
                              "report mu, x\n");
  const double mu = 0.25, u = -0.5, x = mu + 2 * u, data[] = {1.5, NAN, 1, NAN, 0.5, -1};
  enum { N = 3 }; /* mu, x[1], x[2] */
  double density, terms[FLOE_N_TAG], gradient[N], values[8];
  enter_universe(f, 0);
  f->context.coordinates = FLOE_UNIVERSE_COORDINATES;
  assert_int_equal(f->layout->n_data, 6);
  assert_int_equal(f->layout->n_coordinate, N);
  memcpy(f->data, data, sizeof data);
  f->coordinates[0] = mu, f->coordinates[1] = 77, f->coordinates[2] = u;
  density = density_of(f, terms);
  const double known = log(0.3) + log_normal_density(0.5, 1.5 + mu, 1);
  const double summed = log(0.3 * exp(log_normal_density(-1, x + mu, 1)) + 0.7 * exp(log_normal_density(-1, x, 1)));
  const double prior = log_normal_density(mu, 0, 1) + log_normal_density(u, 0, 1);
  assert_true(fabs(terms[FLOE_PRIOR] - prior) < 1e-12);
  assert_true(fabs(terms[FLOE_LIKELIHOOD] - log_normal_density(1.5, mu, 2) - known - summed) < 1e-12);
  f->model->gradient(&f->context, 1, f->coordinates, &density, gradient, f->scratch);
  assert_true(gradient[1] == 0 && gradient[2] != 0);
  f->model->constrain(&f->context, 1, f->coordinates, values, f->scratch);
  assert_true(values[1] == 1.5 && fabs(values[2] - x) < 1e-15);
  forget(f);
}

static void stated_mixtures_do_what_their_graph_says(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/mixtures.floe");
  compare_everywhere(f);
  forget(f);
}

static void improper_priors_do_what_their_graph_says(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/improper.floe");
  compare_everywhere(f);
  forget(f);
}

/* What is missing adds nothing, neither to the density nor to the gradient; what is censored, the probability of lying
 * beyond; a truncated tail is normalised without loss of digits. */
static void gaps_and_bounds_have_the_density_that_was_worked_out_by_hand(void **state) {
  (void)state;
  struct fixture *f = of_text("model m \"by hand\"\n"
                              "index i = 3\n"
                              "obs y[i] missing\n"
                              "obs z[i] censored below -1\n"
                              "obs t[i]\n"
                              "param mu ~ normal(0, 1)\n"
                              "y[i] ~ normal(mu, 1)\n"
                              "z[i] ~ normal(mu, 1)\n"
                              "t[i] ~ normal(0, 1) in 20..inf\n"
                              "report mu\n");
  const double data[] = {NAN, 1.5, NAN, -1, 0.5, -1, 20.1, 20.2, 20.3}, mu = 0.25, c = 0.5 * log(2 * M_PI);
  double density, terms[FLOE_N_TAG], gradient;
  enter_universe(f, 0);
  for (size_t k = 0; k < 9; k++) f->data[k] = data[k];
  f->coordinates[0] = mu;
  const double below = 0.5 * erfc((1 + mu) / sqrt(2)), slope = -exp(-0.5 * (1 + mu) * (1 + mu) - c) / below;
  const double tail = -203.917155371097263937; /* log P(Z > 20) */
  double expected = -0.5 * 1.25 * 1.25 - c + 2 * log(below) - 0.5 * 0.25 * 0.25 - c;
  for (size_t k = 6; k < 9; k++) expected += -0.5 * data[k] * data[k] - c - tail;
  density = density_of(f, terms);
  assert_true(fabs(terms[FLOE_LIKELIHOOD] - expected) < 1e-9);
  f->model->gradient(&f->context, 1, f->coordinates, &density, &gradient, f->scratch);
  assert_true(fabs(gradient - (-mu + 1.25 + 0.25 + 2 * slope)) < 1e-12);
  forget(f);
}

/* In family coordinates tau may exceed the 25 that its flat prior allows. */
static void outside_the_support_the_density_is_nought_and_the_gradient_zero(void **state) {
  (void)state;
  enum { TAU_PRIOR, FLAT = 2, TAU = 2 };
  struct fixture *f = of_file("examples/eight_schools/eight_schools.floe");
  double density, terms[FLOE_N_TAG], gradient[32];
  enter_universe(f, 0);
  compare_simulation(f);
  f->universe.option[TAU_PRIOR] = FLAT;
  for (int outside = 0; outside < 2; outside++) {
    f->coordinates[f->layout->coordinate[TAU]] = log(outside ? 25.1 : 24.9);
    density = density_of(f, terms);
    assert_int_equal(isfinite(density), !outside);
    assert_int_equal(isfinite(terms[FLOE_PRIOR]), !outside);
    assert_true(isfinite(terms[FLOE_LIKELIHOOD]));
    f->model->gradient(&f->context, 1, f->coordinates, &density, gradient, f->scratch);
    assert_int_equal(isfinite(density), !outside);
    assert_int_equal(gradient[f->layout->coordinate[TAU]] == 0, outside);
  }
  assert_true(density < 0);
  forget(f);
}

static void elicited_numbers_are_what_their_graph_says(void **state) {
  (void)state;
  struct fixture *f = of_file("tests/data/specs/elicitation.floe");
  assert_int_equal(f->model->n_elicited, 4);
  assert_string_equal(f->model->elicited[1].text, "quantiles(y[1])");
  assert_true(f->model->elicited[1].whole && !f->model->elicited[0].whole);
  assert_int_equal(f->model->n_prior, 4);
  assert_string_equal(f->model->priors[0], "mu ~ normal($1, $2)");
  assert_true(f->model->axes[1].hyper && isinf(f->model->axes[1].low) && f->model->axes[2].strict);
  compare_everywhere(f);
  forget(f);
}

/* Names that C has other plans for; a title and a claim that try to get out of their quotes. */
static void no_text_of_the_spec_reaches_the_code_unquoted(void **state) {
  (void)state;
  struct fixture *f =
      of_text("model int \"\\\"; int main(void) { } /*\"\n"
              "index double in 2..5\n"
              "index n = 3\n"
              "obs  exp[double]\n"
              "data context[double] ~ normal(0, 1)\n"
              "axis void \"*/ int bad; /*\" = t1* | break\n"
              "param t2 ~ normal(0, 1)\n"
              "param free[n] ~ normal(t2, 1)\n"
              "param linux ~ half_normal(2)\n"
              "param y0_t ~ normal(0, 1)\n"
              "param NULL ~ normal(0, 1)\n"
              "param scratch ~ exponential(1)\n"
              "long = NULL + y0_t\n"
              "for_[double] = context * long + sum(n: free[n])\n"
              "exp[double] ~ choose void { t1: normal(for_, linux)  break: laplace(for_, linux + scratch) }\n"
              "report for_\n"
              "claim \"*/ int main(void) { } /*\": NULL > 0\n");
  assert_string_equal(f->model->title, f->study->program->title);
  assert_string_equal(f->model->source_text, f->study->program->source->text);
  assert_string_equal(f->model->source_path, "evil */ name ?\?/.floe");
  assert_string_equal(f->model->axes[0].description, "*/ int bad; /*");
  assert_string_equal(f->model->claims[0].text, "*/ int main(void) { } /*");
  compare_everywhere(f);
  forget(f);
}
int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gathers_matrices_and_selects_do_what_their_graph_says),
      cmocka_unit_test(recurrences_do_what_their_graph_says),
      cmocka_unit_test(array_functions_have_their_own_adjoints),
      cmocka_unit_test(simulators_do_what_their_acts_say),
      cmocka_unit_test(a_study_without_a_density_has_none),
      cmocka_unit_test(structures_do_what_their_graph_says),
      cmocka_unit_test(joint_observations_do_what_their_graph_says),
      cmocka_unit_test(matrices_do_what_their_graph_says),
      cmocka_unit_test(the_library_does_what_its_graph_says),
      cmocka_unit_test(differential_equations_are_solved_and_differentiated),
      cmocka_unit_test(odds_and_ends_do_what_their_graph_says),
      cmocka_unit_test(choices_do_what_their_graph_says),
      cmocka_unit_test(autoregressions_do_what_their_graph_says),
      cmocka_unit_test(stochastic_volatility_does_what_its_graph_says),
      cmocka_unit_test(garch_does_what_its_graph_says),
      cmocka_unit_test(variables_of_one_loop_do_what_their_graph_says),
      cmocka_unit_test(axes_in_options_do_what_their_graph_says),
      cmocka_unit_test(slices_and_matrix_literals_do_what_their_graph_says),
      cmocka_unit_test(loops_over_vectors_do_what_their_graph_says),
      cmocka_unit_test(branches_and_nested_loops_do_what_their_graph_says),
      cmocka_unit_test(series_of_several_persons_do_what_their_graph_says),
      cmocka_unit_test(loops_in_options_do_what_their_graph_says),
      cmocka_unit_test(mixtures_do_what_their_graph_says),
      cmocka_unit_test(hidden_markov_models_do_what_their_graph_says),
      cmocka_unit_test(latents_of_groups_and_chains_of_persons_do_what_their_graph_says),
      cmocka_unit_test(functions_with_locals_do_what_their_graph_says),
      cmocka_unit_test(parts_do_what_their_graph_says),
      cmocka_unit_test(kernels_series_and_correlated_effects_do_what_their_graph_says),
      cmocka_unit_test(rules_that_leave_out_do_what_their_graph_says),
      cmocka_unit_test(a_spec_needs_no_axes),
      cmocka_unit_test(truncation_does_what_its_graph_says),
      cmocka_unit_test(every_family_with_a_cdf_can_be_cut_off),
      cmocka_unit_test(bounds_of_counts_do_what_their_graph_says),
      cmocka_unit_test(censoring_does_what_its_graph_says),
      cmocka_unit_test(missing_observations_do_what_their_graph_says),
      cmocka_unit_test(completed_numbers_do_what_their_graph_says),
      cmocka_unit_test(elements_of_loops_do_what_their_graph_says),
      cmocka_unit_test(what_is_missing_has_a_coordinate_or_is_summed_out),
      cmocka_unit_test(stated_mixtures_do_what_their_graph_says),
      cmocka_unit_test(improper_priors_do_what_their_graph_says),
      cmocka_unit_test(gaps_and_bounds_have_the_density_that_was_worked_out_by_hand),
      cmocka_unit_test(outside_the_support_the_density_is_nought_and_the_gradient_zero),
      cmocka_unit_test(elicited_numbers_are_what_their_graph_says),
      cmocka_unit_test(no_text_of_the_spec_reaches_the_code_unquoted),
      cmocka_unit_test(eight_schools_does_what_its_graph_says),
      cmocka_unit_test(covid_germany_does_what_its_graph_says),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
