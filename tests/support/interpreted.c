#include "tests/support/interpreted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <floe/draws.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "compiler/driver/pipeline.h"
#include "compiler/source/diagnostic.h"
#include "tests/support/stdlib.h"

double floe_lgamma(double x);
double floe_is_present(double x);
double floe_log_rising(double a, double x);
double floe_digamma(double x);
double floe_log1p_exp(double x);
double floe_inv_logit(double x);
double floe_xlogy(double x, double y);
double floe_xlog1py(double x, double y);

static void no_memory(void *context) {
  (void)context;
  abort();
}

static const double *read_value(void *context, const struct variable *variable) {
  return ((struct interpreted *)context)->values[variable->id];
}

static const double *read_coordinate(void *context, const struct variable *variable) {
  return ((struct interpreted *)context)->coordinates[variable->id];
}

static const double *read_centring(void *context, const struct variable *variable) {
  return ((struct interpreted *)context)->centring[variable->id];
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

static double phi(double x) {
  return 0.5 * erfc(-x / sqrt(2));
}

static void call(void *context, const struct external *external, size_t n, const struct graph_array *args,
                 struct graph_array *result) {
  static const struct {
    const char *name;
    double (*value)(double);
  } unary[] = {{"exp", exp},
               {"log", log},
               {"sqrt", sqrt},
               {"log1p", log1p},
               {"tan", tan},
               {"sinh", sinh},
               {"cosh", cosh},
               {"asinh", asinh},
               {"floor", floor},
               {"round", rint},
               {"expm1", expm1},
               {"lgamma", floe_lgamma},
               {"is_present", floe_is_present},
               {"digamma", floe_digamma},
               {"log1p_exp", floe_log1p_exp},
               {"inv_logit", floe_inv_logit},
               {"Phi", phi}};
  const double x = args[0].data[0];
  (void)context;
  for (size_t k = 0; k < sizeof unary / sizeof *unary; k++)
    if (strcmp(external->name, unary[k].name) == 0) {
      result->data[0] = unary[k].value(x);
      return;
    }
  if (strcmp(external->name, "log_rising") == 0)
    result->data[0] = floe_log_rising(x, args[1].data[0]);
  else if (strcmp(external->name, "xlogy") == 0)
    result->data[0] = floe_xlogy(x, args[1].data[0]);
  else if (strcmp(external->name, "xlog1py") == 0)
    result->data[0] = floe_xlog1py(x, args[1].data[0]);
  else if (strcmp(external->name, "argmax") == 0)
    result->data[0] = argmax(args[0].data, args[0].n);
  else if (strcmp(external->name, "quantile") == 0 || strcmp(external->name, "present_quantile") == 0)
    result->data[0] = quantile(args[0].data, args[0].n, args[1].data[0]);
  else if (strcmp(external->name, "solve_lower") == 0) {
    size_t m = args[1].n;
    for (size_t i = 0; i < m; i++) {
      result->data[i] = args[1].data[i];
      for (size_t j = 0; j < i; j++) result->data[i] -= args[0].data[i * m + j] * result->data[j];
      result->data[i] /= args[0].data[i * m + i];
    }
  } else
    fail_msg("the test does not know the function %s of %zu arguments", external->name, n);
}

static double number_drawn(void *context, const struct external *external, size_t n, const struct graph_array *args,
                           size_t site, size_t n_key, const size_t *key) {
  const struct interpreted *f = context;
  struct floe_stream stream;
  double x = n ? args[0].data[0] : 0;
  floe_stream_open(&stream, f->seed, 1, 0, site, n_key ? key[0] - 1 : 0);
  if (strcmp(external->name, "std_normal") == 0) return floe_draw_normal(&stream);
  if (strcmp(external->name, "std_uniform") == 0) return floe_draw_uniform(&stream);
  if (strcmp(external->name, "std_exponential") == 0) return floe_draw_exponential(&stream);
  if (strcmp(external->name, "std_gamma") == 0) return floe_draw_gamma(&stream, x);
  if (strcmp(external->name, "std_log_gamma") == 0) return floe_draw_log_gamma(&stream, x);
  if (strcmp(external->name, "std_poisson") == 0) return floe_draw_poisson(&stream, x);
  if (strcmp(external->name, "std_categorical") == 0) return floe_draw_categorical(&stream, args[0].n, args[0].data);
  fail_msg("the test does not know the draw %s", external->name);
  return NAN;
}

static void draw(void *context, const struct external *external, size_t n, const struct graph_array *args, size_t site,
                 size_t n_key, const size_t *key, struct graph_array *result) {
  result->data[0] = number_drawn(context, external, n, args, site, n_key, key);
}

static void expect_no_errors(const struct diagnostics *sink) {
  struct floe__text out = {0};
  if (diagnostics_errors(sink) == 0) return;
  diagnostics_print(sink, false, &out);
  fail_msg("%s", out.data);
}

static struct study *compile(struct floe__arena *arena, const struct source *source) {
  struct pipeline pipeline;
  struct floe_error error = {0};
  struct pipeline_request request = {
      .source = source, .library = stdlib_read(arena), .last = STAGE_GRAPH};
  floe_status status = pipeline_run(&pipeline, arena, &request, &error);
  expect_no_errors(pipeline.sink);
  if (status) fail_msg("%s", error.message);
  pipeline_free(&pipeline);
  return pipeline.study;
}

static struct interpreted *fixture_of(struct floe__arena *arena, const struct source *source) {
  struct interpreted *f = floe__arena_alloc(arena, sizeof *f);
  assert_non_null(source);
  f->arena = arena;
  f->study = compile(arena, source);
  f->world = (struct graph_world){.size = f->size,
                                  .option = f->option,
                                  .axis = f->axis,
                                  .context = f,
                                  .value = read_value,
                                  .coordinate = read_coordinate,
                                  .centring = read_centring,
                                  .call = call,
                                  .draw = draw};
  for (size_t k = 0; k < f->study->program->n_axis; k++) {
    f->option[k] = f->study->program->axes[k]->reference;
    f->axis[k] = f->study->program->axes[k]->reference_value;
  }
  return f;
}

struct interpreted *interpreted_file(const char *name) {
  enum source_problem problem;
  struct floe__arena *arena = floe__arena_new((size_t)256 << 20, no_memory, NULL);
  return fixture_of(arena, source_read(arena, source_path(arena, name), &problem));
}

struct interpreted *interpreted_text(const char *text) {
  enum source_problem problem;
  struct floe__arena *arena = floe__arena_new((size_t)256 << 20, no_memory, NULL);
  return fixture_of(arena, source_from_text(arena, "a.floe", text, strlen(text), &problem));
}

void interpreted_free(struct interpreted *f) {
  floe__arena_free(f->arena);
}

const struct variable *interpreted_variable(const struct interpreted *f, const char *name) {
  for (size_t k = 0; k < f->study->program->n_variable; k++)
    if (strcmp(f->study->program->variables[k]->name, name) == 0) return f->study->program->variables[k];
  fail_msg("no variable %s", name);
  return NULL;
}

size_t interpreted_axis(const struct interpreted *f, const char *name) {
  for (size_t k = 0; k < f->study->program->n_axis; k++)
    if (strcmp(f->study->program->axes[k]->name, name) == 0) return k;
  fail_msg("no axis %s", name);
  return 0;
}

void interpreted_run(struct interpreted *f, enum interpretation_kind kind, double *outputs, double terms[N_TAG]) {
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
      case TARGET_OUTPUT:
        memcpy(outputs + n_output, array->data, array->n * sizeof(double));
        n_output += array->n;
        break;
    }
  }
}

double interpreted_log_density(struct interpreted *f) {
  double terms[N_TAG] = {0};
  interpreted_run(f, INTERPRETATION_LOG_DENSITY, NULL, terms);
  return terms[TAG_PRIOR] + terms[TAG_LIKELIHOOD] + terms[TAG_JACOBIAN];
}

void assert_close(double a, double b) {
  if (isinf(a) && a == b) return;
  if (!(fabs(a - b) <= 1e-10 * (1 + fabs(b)))) fail_msg("%.17g is not %.17g", a, b);
}
