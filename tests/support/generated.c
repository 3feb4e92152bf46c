#include "tests/support/generated.h"

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

#include "base/arena.h"
#include "base/text.h"
#include "compiler/driver/configured.h"
#include "compiler/driver/pipeline.h"
#include "compiler/emit/emit.h"
#include "compiler/graph/interpret.h"
#include "compiler/source/diagnostic.h"
#include "runtime/data/layout.h"
#include "runtime/math/chol.h"
#include "runtime/math/matrix.h"
#include "runtime/math/order.h"
#include "runtime/math/structure.h"
#include "tests/support/loaded.h"
#include "tests/support/simulated.h"
#include "tests/support/solved.h"
#include "tests/support/stdlib.h"

#include <floe/draws.h>

enum { MAX_UNIVERSE = 48 };

/* ---- compiling ---- */

static void no_memory(void *context) {
  (void)context;
  abort();
}

static struct study *study_of(struct floe__arena *arena, const struct source *source) {
  struct pipeline pipeline;
  struct floe_error error = {0};
  struct floe__text text = {0};
  struct pipeline_request request = {.source = source, .library = stdlib_read(arena), .last = STAGE_GRAPH};
  if (pipeline_run(&pipeline, arena, &request, &error)) {
    diagnostics_print(pipeline.sink, false, &text);
    fail_msg("%s%s", error.message, text.data ? text.data : "");
  }
  pipeline_free(&pipeline);
  return pipeline.study;
}

/* ---- the interpreter's world ---- */

static loaded_function *function_of(const struct external *external) {
  loaded_function *function = find_function(external->symbol);
  if (!function) fail_msg("there is no function %s", external->symbol);
  return function;
}

static const double *read_value(void *context, const struct variable *v) {
  const struct generated *f = context;
  bool data = v->role == ROLE_DATA || v->role == ROLE_OBS;
  return (data ? f->data : f->values) + f->layout->offset[v->id];
}

static const double *read_coordinate(void *context, const struct variable *v) {
  const struct generated *f = context;
  return f->coordinates + f->layout->coordinate[v->id];
}

static const double *read_centring(void *context, const struct variable *v) {
  const struct generated *f = context;
  return f->centring + f->layout->coordinate[v->id];
}

static void call(void *context, const struct external *external, size_t n, const struct graph_array *args,
                 struct graph_array *result) {
  const struct generated *f = context;
  const double *x = args[0].data;
  if (external->system) {
    solve_interpreted(f->study->program, &f->world, external, args, result);
  } else if (!strcmp(external->symbol, "floe_argmax")) {
    result->data[0] = floe_argmax(args[0].n, x);
  } else if (!strcmp(external->symbol, "floe_quantile")) {
    result->data[0] = floe_quantile(args[0].n, x, *args[1].data);
  } else if (!strcmp(external->symbol, "floe_present_quantile")) {
    result->data[0] = floe_present_quantile(args[0].n, x, *args[1].data);
  } else if (!strcmp(external->symbol, "floe_multinomial_count")) {
    result->data[0] = floe_multinomial_count(args[2].n, *x, *args[1].data, args[2].data, *args[3].data);
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
    result->data[0] = ((double (*)(double))function_of(external))(*x);
  } else if (n == 2) {
    result->data[0] = ((double (*)(double, double))function_of(external))(*x, *args[1].data);
  } else if (n == 3) {
    result->data[0] = ((double (*)(double, double, double))function_of(external))(*x, *args[1].data, *args[2].data);
  } else {
    assert_int_equal(n, 4);
    result->data[0] = ((double (*)(double, double, double, double))function_of(external))(*x, *args[1].data,
                                                                                          *args[2].data, *args[3].data);
  }
}

static double raw(void *stream, const struct external *external, size_t n, const struct graph_array *args) {
  if (n && args[0].n_dim) return floe_draw_categorical(stream, args[0].n, args[0].data);
  void (*function)(void) = function_of(external);
  if (n == 0) return ((double (*)(struct floe_stream *))function)(stream);
  if (n == 1) return ((double (*)(struct floe_stream *, double))function)(stream, *args[0].data);
  return ((double (*)(struct floe_stream *, double, double))function)(stream, *args[0].data, *args[1].data);
}

static void draw(void *context, const struct external *external, size_t n, const struct graph_array *args, size_t site,
                 size_t n_key, const size_t *key, struct graph_array *result) {
  struct floe_stream stream;
  uint64_t element = 0;
  struct generated *f = context;
  for (size_t k = 0; k < n_key; k++)
    element += (uint64_t)(key[k] - 1) << (n_key > 1 ? 64 / n_key * (n_key - 1 - k) : 0);
  floe_stream_open(&stream, 7, 3, 5, site, element);
  if (external->simulator)
    simulate_interpreted(f->study->program, &f->world, external, args, raw, &stream, result);
  else
    result->data[0] = raw(&stream, external, n, args);
}

/* ---- a compiled spec ---- */

static void resize(struct generated *f, bool largest) {
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
  f->centring = floe__arena_array(f->arena, f->layout->n_coordinate + 1, sizeof(double));
  f->scratch =
      malloc((f->layout->n_scratch + 1) * sizeof(double)); /* so that a sanitizer sees its end; filled with garbage */
  for (size_t k = 0; k < f->layout->n_scratch; k++) f->scratch[k] = 1e300;
  f->context = (struct floe_context){
      .layout = f->layout, .universe = &f->universe, .coordinates = FLOE_FAMILY_COORDINATES, .data = f->data};
  f->world = (struct graph_world){.size = f->layout->size,
                                  .option = f->universe.option,
                                  .axis = f->universe.value,
                                  .context = f,
                                  .value = read_value,
                                  .coordinate = read_coordinate,
                                  .centring = read_centring,
                                  .call = call,
                                  .draw = draw};
}

static struct generated *of_source(struct floe__arena *arena, const struct source *source) {
  assert_non_null(source);
  struct generated *f = floe__arena_alloc(arena, sizeof *f);
  f->arena = arena;
  f->study = study_of(arena, source);
  emit_study(f->study, arena, true, &f->code);
  f->model = load_study(f->arena, &f->code, FLOE_STUDY_CFLAGS " -O1 -Wall -Wextra -Wshadow -Werror", &f->library);
  resize(f, false);
  return f;
}

struct generated *generated_of_text(const char *text) {
  struct floe__arena *arena = floe__arena_new((size_t)1 << 30, no_memory, NULL);
  enum source_problem problem;
  return of_source(arena, source_from_text(arena, "evil */ name ?\?/.floe", text, strlen(text), &problem));
}

struct generated *generated_of_file(const char *name) {
  struct floe__arena *arena = floe__arena_new((size_t)1 << 30, no_memory, NULL);
  const char *root = getenv("FLOE_SOURCE");
  enum source_problem problem;
  return of_source(arena, source_read(arena, floe__arena_printf(arena, "%s/%s", root ? root : ".", name), &problem));
}

void generated_free(struct generated *f) {
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
static void compare_root(struct generated *f, const struct root *root, struct graph_run *run, const double *numbers,
                         size_t n, double absent, const char *what) {
  const bool present = graph_run_has(run, root->presence, f->study->program->n_axis);
  const struct graph_array *array = present ? graph_run(run, root->node) : NULL;
  if (present) assert_int_equal(array->n, n);
  for (size_t k = 0; k < n; k++)
    if (!is_near(numbers[k], present ? array->data[k] : absent, 1e-9))
      fail_msg("%s of %s[%zu]: %.17g, not %.17g", what, root->variable ? root->variable->name : "output", k, numbers[k],
               present ? array->data[k] : absent);
}

void generated_compare_simulation(struct generated *f) {
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
static void simulate_parts(struct generated *f) {
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
      const bool with_them = (variable->discrete && !variable->early) || variable->summary;
      const unsigned drawn = with_them ? FLOE_DRAW_OBSERVED : bit[variable->role];
      if (!(what & drawn)) assert_memory_equal(now, before, f->layout->count[v] * sizeof *now);
    }
  }
}

/* Every third number that may be missing is. */
static void make_gaps(struct generated *f) {
  for (size_t v = 0; v < f->model->n_variable; v++)
    for (size_t k = 1; k < f->layout->count[v] && f->model->variables[v].missing; k += 3)
      f->data[f->layout->offset[v] + k] = NAN;
}

void generated_compare_transforms(struct generated *f) {
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

double generated_density(struct generated *f, double *terms) {
  double density;
  f->model->log_density(&f->context, 1, f->coordinates, &density, terms, f->scratch);
  return density;
}

static void compare_scales(struct generated *f, double *log_scales) {
  const struct interpretation *scale = &f->study->interpretations[INTERPRETATION_SCALE];
  struct graph_run *run = graph_run_new(f->arena, f->study->graph, &f->world);
  assert_int_equal(f->model->log_scale != NULL, scale->n_root > 0);
  for (size_t k = 0; k < f->layout->n_coordinate; k++) log_scales[k] = NAN;
  if (f->model->log_scale) f->model->log_scale(&f->context, 1, f->values, log_scales, f->scratch);
  for (size_t k = 0; k < scale->n_root; k++) {
    const struct variable *v = scale->roots[k].variable;
    const size_t at = f->layout->coordinate[v->id];
    compare_root(f, &scale->roots[k], run, log_scales + at, f->layout->free[v->id], 0, "log scale");
    for (size_t i = 0; i < f->layout->free[v->id]; i++)
      if (!floe_coordinate_free(f->layout, f->data, v->id, i)) log_scales[at + i] = NAN;
  }
}

/* The density of the same point changes with the centring by the Jacobian: by scale^-centring for each coordinate. */
static void compare_centrings(struct generated *f) {
  double *log_scales = floe__arena_array(f->arena, f->layout->n_coordinate + 1, sizeof *log_scales),
         *uncentred = floe__arena_array(f->arena, f->layout->n_coordinate + 1, sizeof *uncentred);
  struct floe_context context = f->context;
  double here = generated_density(f, NULL), there;
  compare_scales(f, log_scales);
  context.centring = NULL;
  f->model->unconstrain(&context, 1, f->values, uncentred, f->scratch);
  f->model->log_density(&context, 1, uncentred, &there, NULL, f->scratch);
  for (size_t k = 0; k < f->layout->n_coordinate; k++)
    if (!isnan(log_scales[k])) here += f->centring[k] * log_scales[k];
  if (!is_near(here, there, 1e-7)) fail_msg("log density uncentred: %.17g, not %.17g", there, here);
}

static double compare_density(struct generated *f) {
  const struct interpretation *all = &f->study->interpretations[INTERPRETATION_LOG_DENSITY];
  double expected = 0, terms[FLOE_N_TAG], by_tag[FLOE_N_TAG] = {0};
  struct graph_run *run = graph_run_new(f->arena, f->study->graph, &f->world);
  for (size_t k = 0; k < all->n_root; k++) {
    if (!graph_run_has(run, all->roots[k].presence, f->study->program->n_axis)) continue;
    double term = graph_run(run, all->roots[k].node)->data[0];
    expected += term;
    by_tag[all->roots[k].tag] += term;
  }
  double density = generated_density(f, terms);
  if (!is_near(density, expected, 1e-9)) fail_msg("log density: %.17g, not %.17g", density, expected);
  for (size_t tag = 0; tag < FLOE_N_TAG; tag++) assert_true(is_near(terms[tag], by_tag[tag], 1e-9));
  return density;
}

/* Central differences with Richardson's extrapolation: error of order h^4 and rounding of order 1e-16 / h. */
static double difference(struct generated *f, size_t k, double h) {
  const double x = f->coordinates[k];
  double at[4];
  static const double steps[4] = {-2, -1, 1, 2};
  for (size_t i = 0; i < 4; i++) {
    f->coordinates[k] = x + steps[i] * h;
    at[i] = generated_density(f, NULL);
  }
  f->coordinates[k] = x;
  return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * h);
}

/* With constants made beforehand, for many points, the gradient is the same to the last bit. */
static void compare_with_constants(struct generated *f, const double *gradient) {
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

/* Several chains at once, each at a point of its own: the last is the one at hand, so that others have numbers that it has
 * not. */
static void compare_lockstep(struct generated *f) {
  const struct floe_lockstep *lockstep = f->model->lockstep;
  const size_t n = f->layout->n_coordinate, width = lockstep->width, n_scratch = lockstep->scratch_size(f->layout);
  struct floe_context context = f->context;
  double *scratch = aligned_alloc(64, ((n_scratch + 8) / 8) * 64), densities[8] __attribute__((aligned(64)));
  double *coordinates = aligned_alloc(64, (n + 8) * width * sizeof(double)),
         *gradients = aligned_alloc(64, (n + 8) * width * sizeof(double));
  double *one = floe__arena_array(f->arena, n + 1, sizeof *one),
         *gradient = floe__arena_array(f->arena, n + 1, sizeof *gradient);
  double *constants = malloc(((lockstep->constants ? lockstep->constants_size(f->layout) : 0) + 1) * sizeof *constants);
  for (size_t k = 0; k < n_scratch; k++) scratch[k] = 1e300;
  for (size_t k = 0; k < n * width; k++)
    coordinates[k] = f->coordinates[k / width] + 0.03 * (double)(width - 1 - k % width) * cos((double)k);
  if (lockstep->constants) lockstep->constants(&context, constants);
  context.constants = constants;
  lockstep->gradient(&context, coordinates, densities, gradients, scratch);
  for (size_t chain = 0; chain < width; chain++) {
    double density;
    for (size_t k = 0; k < n; k++) one[k] = coordinates[k * width + chain];
    f->model->gradient(&f->context, 1, one, &density, gradient, f->scratch);
    if (!is_near(densities[chain], density, 1e-9))
      fail_msg("log density in lockstep: %.17g, not %.17g", densities[chain], density);
    for (size_t k = 0; k < n && isfinite(density); k++)
      if (!is_near(gradients[k * width + chain], gradient[k], 1e-8))
        fail_msg("gradient in lockstep by coordinate %zu: %.17g, not %.17g", k, gradients[k * width + chain],
                 gradient[k]);
  }
  free(scratch), free(coordinates), free(gradients), free(constants);
}

static void compare_gradient(struct generated *f) {
  double *gradient = floe__arena_array(f->arena, f->layout->n_coordinate + 1, sizeof *gradient), density,
         expected = generated_density(f, NULL);
  for (size_t k = 0; k < f->layout->n_coordinate; k++) gradient[k] = 1e300;
  f->model->gradient(&f->context, 1, f->coordinates, &density, gradient, f->scratch);
  compare_with_constants(f, gradient);
  if (f->model->lockstep) compare_lockstep(f);
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

static void compare_answers(struct generated *f) {
  const struct interpretation *report = &f->study->interpretations[INTERPRETATION_REPORT],
                              *check = &f->study->interpretations[INTERPRETATION_CHECK];
  const struct interpretation *prepare = &f->study->interpretations[INTERPRETATION_PREPARE];
  double *outputs = floe__arena_array(f->arena, f->layout->n_output + f->model->n_elicited + 1, sizeof *outputs),
         holds[16];
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

static void compare_pointwise(struct generated *f) {
  const struct interpretation *all = &f->study->interpretations[INTERPRETATION_POINTWISE];
  const size_t n_axis = f->study->program->n_axis, n_data = f->layout->n_data, n_value = f->layout->n_value;
  double *observations = floe__arena_array(f->arena, n_data + 1, sizeof(double)),
         *latents = floe__arena_array(f->arena, n_value + 1, sizeof(double)), terms[FLOE_N_TAG], sum = 0;
  struct graph_run *run = graph_run_new(f->arena, f->study->graph, &f->world);
  f->model->pointwise(&f->context, 1, f->values, observations, latents, f->scratch);
  for (size_t k = 0; k < all->n_root; k++) {
    const struct variable *v = all->roots[k].variable;
    const double *place = (v->role == ROLE_OBS ? observations : latents) + f->layout->offset[v->id];
    compare_root(f, &all->roots[k], run, place, f->layout->count[v->id], NAN, "log likelihood");
    for (size_t i = 0; graph_run_has(run, all->roots[k].presence, n_axis) && i < f->layout->count[v->id]; i++)
      sum += isnan(place[i]) ? 0 : place[i];
  }
  const double density = generated_density(f, terms);
  if (isfinite(density) && !is_near(sum, terms[FLOE_LIKELIHOOD], 1e-9))
    fail_msg("log likelihoods add up to %.17g, not %.17g", sum, terms[FLOE_LIKELIHOOD]);
}

/* ---- all universes ---- */

static size_t count_universes(const struct generated *f) {
  size_t n = 1;
  for (size_t a = 0; a < f->model->n_axis; a++)
    if (!f->model->axes[a].continuous) n *= f->model->axes[a].n_option;
  return n;
}

void generated_enter_universe(struct generated *f, size_t number) {
  for (size_t a = 0; a < f->model->n_axis; a++) {
    const struct floe_axis *axis = &f->model->axes[a];
    f->universe.value[a] = axis->low + (axis->high - axis->low) * 0.4;
    if (axis->hyper && !isfinite(axis->high)) f->universe.value[a] = isfinite(axis->low) ? axis->low + 1.3 : -0.7;
    f->universe.option[a] = axis->continuous ? 0 : number % axis->n_option;
    if (!axis->continuous) number /= axis->n_option;
  }
}

/* None, some, all: whatever the sampler may have chosen. */
static void centre(struct generated *f, size_t number) {
  static const double centrings[] = {0.3, 0, 1, 0.85};
  for (size_t k = 0; k < f->layout->n_coordinate; k++) f->centring[k] = centrings[(k + number) % 4];
  f->context.centring = f->centring;
}

void generated_compare_everywhere(struct generated *f) {
  size_t n = count_universes(f);
  assert_true(n <= MAX_UNIVERSE);
  size_t n_finite = 0;
  for (size_t number = 0; number < n; number++)
    for (int largest = 0; largest < 2; largest++)
      for (int system = 0; system < 2; system++) {
        free(f->scratch);
        resize(f, largest);
        generated_enter_universe(f, number);
        f->context.coordinates = (enum floe_coordinates)system;
        if (system == FLOE_UNIVERSE_COORDINATES) centre(f, number);
        f->world.coordinates = (enum coordinates)system;
        generated_compare_simulation(f);
        simulate_parts(f);
        compare_answers(f);
        make_gaps(f);
        f->model->unconstrain(&f->context, 1, f->values, f->coordinates, f->scratch);
        for (size_t k = 0; k < f->layout->n_coordinate; k++) /* near, not at, what was drawn */
          f->coordinates[k] =
              (isfinite(f->coordinates[k]) ? 0.5 * f->coordinates[k] : 0) + 0.1 * sin(1 + (double)(3 * k + number));
        generated_compare_transforms(f);
        const double density = compare_density(f);
        compare_pointwise(f);
        compare_centrings(f);
        n_finite += isfinite(density);
        if (system == FLOE_UNIVERSE_COORDINATES) compare_gradient(f);
      }
  if (!f->says_nought) assert_true(n_finite * 2 >= n * 4); /* else the gradient was hardly tested */
  free(f->scratch);
  f->scratch = NULL;
}

void generated_compare_spec(const char *name) {
  struct generated *f = generated_of_file(name);
  generated_compare_everywhere(f);
  generated_free(f);
}
