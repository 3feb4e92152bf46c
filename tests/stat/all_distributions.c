#include "tests/stat/all_distributions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "base/text.h"
#include "compiler/emit/emit.h"
#include "compiler/meaning/check.h"
#include "compiler/passes/passes.h"
#include "compiler/source/diagnostic.h"
#include "compiler/syntax/parse.h"
#include "runtime/data/layout.h"
#include "tests/support/loaded.h"
#include "tests/support/stdlib.h"

const char *const method_names[N_METHOD] = {"density",   "cdf",     "quantile", "slope",         "power",
                                            "power_log", "log_cdf", "log_ccdf", "upper_quantile"};

const struct kind kinds[N_KIND] = {{"obs x[draw]", BASE_REAL},
                                   {"obs x[draw] : int", BASE_INT},
                                   {"obs x[draw] : bool", BASE_BOOL},
                                   {"index three = 3\nobs x[draw] : index three", BASE_CODE}};

/* ---- the specification ---- */

static void no_memory(void *context) {
  (void)context;
  abort();
}

static const struct test_points *settings_of(const char *name) {
  for (size_t k = 0; k < N_SETTINGS; k++)
    if (!strcmp(all_points[k].name, name)) return &all_points[k];
  return NULL;
}

static bool is_joint(const struct distribution *d) {
  for (size_t k = 0; k < N_JOINT; k++)
    if (!strcmp(joint_distributions[k], d->name)) return true;
  return false;
}

const struct program *check_text(struct fixture *f, const char *text) {
  const struct library *library = stdlib_read(f->arena);
  struct floe__names *names = floe__names_over(f->arena, library->names);
  struct diagnostics *sink = diagnostics_new(f->arena);
  enum source_problem problem;
  const struct source *source = source_from_text(f->arena, "spec", text, strlen(text), &problem);
  const struct tree *spec = parse_source(f->arena, names, sink, source);
  const struct program *program = check_program(f->arena, names, sink, N_LIBRARY, library->files, spec, true);
  if (program) return program;
  struct floe__text errors = {0};
  diagnostics_print(sink, false, &errors);
  fail_msg("%s\n%s", text, errors.data);
  return NULL;
}

static const char *index_of(const struct fixture *f, const struct distribution *d) {
  return f->kind->base == BASE_CODE ? "three" : floe__arena_printf(f->arena, "of_%s", d->name);
}

static bool is_number(const struct term *bound) {
  return bound && bound->kind != TERM_FORMAL;
}

/* Real arguments are params of density 1, so that there is a gradient; whole ones are data. */
static void write_argument(const struct fixture *f, struct floe__text *out, const struct distribution *d,
                           const struct formal *formal) {
  const bool real = formal->type.base == BASE_REAL, low = is_number(formal->type.low),
             high = is_number(formal->type.high);
  floe__text_printf(out, "%s %s_%s", real ? "param" : "data ", d->name, formal->name);
  if (formal->type.n_dim) floe__text_printf(out, "[%s]", index_of(f, d));
  if (real)
    floe__text_printf(out, " ~ %s()\n", low && high ? "any_unit" : low ? "any_positive" : "any_real");
  else
    floe__text_puts(out, " : int ~ poisson(1)\n");
}

static void write_call(struct floe__text *out, const struct distribution *d) {
  floe__text_printf(out, "%s(", d->name);
  for (size_t k = 0; k < d->n_formal; k++)
    floe__text_printf(out, "%s%s_%s", k ? ", " : "", d->name, d->formals[k]->name);
  floe__text_puts(out, ")");
}

static void write_option(struct floe__text *out, const struct distribution *d) {
  floe__text_printf(out, "  %s: x[draw] ~ choose method {\n", d->name);
  for (enum method m = 0; m < N_METHOD; m++) {
    const bool power = (m == POWER && d->power) || (m == POWER_LOG && d->power_log);
    floe__text_printf(out, "    %s: ", method_names[m]);
    write_call(out, d);
    floe__text_puts(out, power ? m == POWER ? " ^ exponent" : " ^ exponent on log" : "");
    floe__text_puts(out, "\n");
  }
  floe__text_puts(out, "  }\n");
}

static void write_spec(const struct fixture *f, struct floe__text *out) {
  floe__text_printf(out,
                    "model all \"all\"\ndist any_real() on real { logpdf(x) = 0\n sample = std_normal() }\n"
                    "dist any_positive() on positive { logpdf(x) = 0\n sample = std_exponential() }\n"
                    "dist any_unit() on unit { logpdf(x) = 0\n sample = std_uniform() }\n"
                    "%sindex draw in 1..%d\n%s\nparam place ~ any_real()\nparam exponent ~ any_positive()\n",
                    f->definition ? f->definition : "", N_DRAW, f->kind->observation);
  for (size_t k = 0; k < f->n; k++)
    if (f->settings[k]->size && f->kind->base != BASE_CODE)
      floe__text_printf(out, "index of_%s = %zu\n", f->distributions[k]->name, f->settings[k]->size);
  floe__text_puts(out, "axis which =");
  for (size_t k = 0; k < f->n; k++)
    floe__text_printf(out, "%s%s%s", k ? " | " : " ", f->distributions[k]->name, k ? "" : "*");
  floe__text_puts(out, "\naxis method = density* | cdf | quantile | slope | power | power_log | log_cdf | log_ccdf |"
                       " upper_quantile\n");
  for (size_t k = 0; k < f->n; k++)
    for (size_t a = 0; a < f->distributions[k]->n_formal; a++)
      write_argument(f, out, f->distributions[k], f->distributions[k]->formals[a]);
  floe__text_puts(out, "choose which {\n");
  for (size_t k = 0; k < f->n; k++) write_option(out, f->distributions[k]);
  floe__text_puts(out, "}\nreport place, exponent\n");
}

/* ---- other methods in the place of the log density ---- */

struct change {
  struct fixture *f;
  enum method method;
  const struct term *place;
};

const struct term *method_of(const struct distribution *d, enum method method) {
  switch (method) {
    case CDF: return d->cdf;
    case QUANTILE: return d->quantile;
    case LOG_CDF: return d->log_cdf;
    case LOG_CCDF: return d->log_ccdf;
    case UPPER_QUANTILE: return d->upper_quantile;
    case DENSITY:
    case SLOPE:
    case POWER:
    case POWER_LOG:
    case N_METHOD: break;
  }
  return NULL;
}

/* The distribution whose log density is what the method gives; it has no support of its own. */
static struct distribution *changed(const struct change *change, const struct distribution *d) {
  struct distribution *copy = floe__arena_alloc(change->f->arena, sizeof *copy);
  *copy = *d;
  copy->support.low = copy->support.high = NULL;
  if (change->method != SLOPE) copy->logpdf = method_of(d, change->method);
  if (change->method == QUANTILE || change->method == UPPER_QUANTILE) copy->x = d->p;
  if (change->method == SLOPE) { /* x becomes the last argument; nothing refers to the new x */
    const struct formal **formals = floe__arena_array(change->f->arena, d->n_formal + 1, sizeof *formals);
    memcpy(formals, d->formals, d->n_formal * sizeof *formals);
    formals[copy->n_formal++] = d->x;
    copy->formals = formals;
    struct formal *unused = floe__arena_alloc(change->f->arena, sizeof *unused);
    *unused = *d->x;
    copy->x = unused;
  }
  return copy;
}

static void change_family(const struct change *change, struct term *family) {
  const struct distribution *d = family->distribution;
  if (change->method != SLOPE && !method_of(d, change->method)) return;
  if (change->method == SLOPE) {
    const struct term **items = floe__arena_array(change->f->arena, family->n_item + 1, sizeof *items);
    memcpy(items, family->items, family->n_item * sizeof *items);
    items[family->n_item++] = change->place;
    family->items = items;
  }
  family->distribution = changed(change, d);
}

static void change_term(struct change *change, struct term *term) {
  const enum method before = change->method;
  if (term->kind == TERM_DISTRIBUTION && before != DENSITY && before != POWER && before != POWER_LOG)
    change_family(change, term);
  if (term->kind != TERM_CHOOSE) return;
  for (size_t k = 0; k < term->n_item; k++) {
    if (!strcmp(term->axis->name, "method")) change->method = (enum method)k;
    if (term->items[k]) change_term(change, (struct term *)(uintptr_t)term->items[k]);
    change->method = before;
  }
}

static const struct variable *variable_of(const struct program *program, const char *name) {
  for (size_t k = 0; k < program->n_variable; k++)
    if (!strcmp(program->variables[k]->name, name)) return program->variables[k];
  fail_msg("no variable %s", name);
  return NULL;
}

static void change_methods(struct fixture *f) {
  struct term *place = floe__arena_alloc(f->arena, sizeof *place);
  place->kind = TERM_VARIABLE;
  place->variable = variable_of(f->program, "place");
  struct change change = {f, DENSITY, place};
  change_term(&change, (struct term *)(uintptr_t)variable_of(f->program, "x")->distribution);
}

static void allocate(struct fixture *f) {
  size_t sizes[64];
  struct floe_error error;
  floe_sizes_smallest(f->model, sizes);
  f->one = floe_layout_new(f->model, sizes, &error);
  floe_sizes_largest(f->model, sizes);
  f->many = floe_layout_new(f->model, sizes, &error);
  assert_non_null(f->one);
  assert_non_null(f->many);
  f->data = calloc(f->many->n_data, sizeof *f->data);
  f->values = calloc(f->many->n_value, sizeof *f->values);
  f->coordinates = calloc(f->many->n_coordinate, sizeof *f->coordinates);
  f->scratch = calloc(f->many->n_scratch + 1, sizeof *f->scratch);
  f->draws = calloc(N_DRAW, sizeof *f->draws);
  f->context = (struct floe_context){
      .layout = f->one, .universe = &f->universe, .coordinates = FLOE_FAMILY_COORDINATES, .data = f->data};
}

const char no_distribution[] = "model none \"none\"\nreport one = 1\n";

/* The library's distributions, from a specification that defines none. */
static void enumerate(struct fixture *f) {
  const struct program *program = check_text(f, no_distribution);
  for (size_t k = 0; k < program->n_distribution; k++) {
    const struct distribution *d = program->distributions[k];
    const struct test_points *settings = settings_of(d->name);
    if (is_joint(d) || d->support.base != f->kind->base) continue;
    if (!settings) fail_msg("`%s` has no settings in distribution_settings.h", d->name);
    assert_true(f->n < MAX_DISTRIBUTION);
    f->settings[f->n] = settings;
    f->distributions[f->n++] = d;
  }
}

struct fixture *fixture_alone(const struct kind *kind) {
  struct floe__arena *arena = floe__arena_new((size_t)1 << 30, no_memory, NULL);
  struct fixture *f = floe__arena_alloc(arena, sizeof *f);
  *f = (struct fixture){.kind = kind, .arena = arena};
  return f;
}

static struct fixture *compiled(struct fixture *f) {
  struct floe__text code = {0};
  emit_study(derive_study(f->arena, f->program), f->arena, false, &code);
  f->model = load_study(f->arena, &code, "-O0", &f->library);
  allocate(f);
  floe__text_free(&code);
  return f;
}

struct fixture *fixture_of(const struct kind *kind, const char *spec) {
  struct fixture *f = fixture_alone(kind);
  f->program = check_text(f, spec);
  return compiled(f);
}

static struct fixture *specified(struct fixture *f) {
  struct floe__text spec = {0};
  write_spec(f, &spec);
  f->program = check_text(f, spec.data);
  change_methods(f);
  floe__text_free(&spec);
  return compiled(f);
}

struct fixture *fixture_new(const struct kind *kind) {
  struct fixture *f = fixture_alone(kind);
  enumerate(f);
  return specified(f);
}

struct fixture *fixture_of_definition(const char *definition, const struct test_points *settings) {
  struct fixture *f = fixture_alone(&kinds[0]);
  const struct program *program = check_text(f, floe__arena_printf(f->arena, "%s%s", no_distribution, definition));
  f->definition = definition;
  f->settings[0] = settings;
  for (size_t k = 0; k < program->n_distribution; k++)
    if (!strcmp(program->distributions[k]->name, settings->name)) f->distributions[f->n++] = program->distributions[k];
  assert_int_equal(f->n, 1);
  return specified(f);
}

void fixture_free(struct fixture *f) {
  floe_layout_free(f->one);
  floe_layout_free(f->many);
  free(f->data);
  free(f->values);
  free(f->coordinates);
  free(f->scratch);
  free(f->draws);
  dlclose(f->library);
  floe__arena_free(f->arena);
}
