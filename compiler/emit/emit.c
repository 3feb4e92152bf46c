#include "compiler/emit/emit.h"

#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "compiler/emit/writer.h"
#include "compiler/program/adjoint.h"
#include "compiler/program/schedule.h"
#include "compiler/program/tune.h"

/* ---- `forbid` and `require` ---- */

static const char *const term_operators[] = {
    [OP_ADD] = " + ", [OP_SUB] = " - ", [OP_MUL] = " * ", [OP_DIV] = " / ", [OP_LT] = " < ",   [OP_LE] = " <= ",
    [OP_GT] = " > ",  [OP_GE] = " >= ", [OP_EQ] = " == ", [OP_NE] = " != ", [OP_AND] = " && ", [OP_OR] = " || "};

/* A condition on the universe: terms over axes and numbers only. */
static void write_term(struct writer *w, const struct term *term) {
  if (term->kind == TERM_NUMBER) {
    write_number(w->out, term->number);
  } else if (term->kind == TERM_AXIS) {
    floe__text_printf(w->out, "universe->value[%zu]", term->axis->id);
  } else if (term->kind == TERM_AXIS_IS) {
    floe__text_printf(w->out, "universe->option[%zu] == %zu", term->axis->id, term->option);
  } else if (term->kind == TERM_OPERATOR && term->op == OP_POW) {
    declare_scalar(w, "pow", 2);
    floe__text_puts(w->out, "pow(");
    write_term(w, term->items[0]);
    floe__text_puts(w->out, ", ");
    write_term(w, term->items[1]);
    floe__text_puts(w->out, ")");
  } else if (term->kind == TERM_OPERATOR && term->n_item == 1) {
    floe__text_puts(w->out, term->op == OP_NOT ? "!(" : "-(");
    write_term(w, term->items[0]);
    floe__text_puts(w->out, ")");
  } else if (term->kind == TERM_OPERATOR) {
    for (size_t k = 0; k < term->n_item; k++) {
      floe__text_puts(w->out, k ? term_operators[term->op] : "");
      floe__text_puts(w->out, "(");
      write_term(w, term->items[k]);
      floe__text_puts(w->out, ")");
    }
  } else {
    floe__text_puts(w->out, "0");
  }
}

static void write_permitted(struct writer *w) {
  const struct program *program = w->study->program;
  floe__text_puts(w->out, "static int permitted(const struct floe_universe *universe) {\n");
  if (!program->n_constraint) floe__text_puts(w->out, "  (void)universe;\n");
  for (size_t k = 0; k < program->n_constraint; k++) {
    floe__text_puts(w->out, "  if (");
    write_term(w, program->constraints[k].forbidden);
    floe__text_puts(w->out, ") return 0;\n");
  }
  floe__text_puts(w->out, "  return 1;\n}\n\n");
}

/* ---- what is the same in every file ---- */

static const char helper_inside[] =
    "/* The position, from 0, of element number `index` of `size`; NaN if there is no such element. */\n"
    "static inline double inside(double index, size_t size) {\n"
    "  return index >= 1 && index < (double)size + 1 ? (double)(size_t)index - 1 : NAN;\n"
    "}\n\n"
    "static inline double at(const double *array, double position) { return position >= 0 ? array[(size_t)position] : NAN; }\n\n";

static const char helper_add_at[] = "static inline void add_at(double *array, double position, double number) {\n"
                                    "  if (position >= 0) array[(size_t)position] += number;\n"
                                    "}\n\n";

static const char helper_clear[] = "static inline void clear(double *array, size_t n) {\n"
                                   "  __builtin_memset(array, 0, n * sizeof *array);\n"
                                   "}\n\n";

/* Compiled in less time: SELDOM is what runs once per draw; BRIEF is what gains little by more than vectors. With expensive
 * optimisations gcc clears the upper halves of vector registers, without which whatever scalar code of the C library runs
 * next is several times slower. */
static const char levels[] =
    "#if defined __GNUC__ && !defined __clang__\n"
    "#define SELDOM __attribute__((cold, optimize(\"Og\", \"expensive-optimizations\")))\n"
    "#define BRIEF __attribute__((optimize(\"O1\", \"expensive-optimizations\", \"tree-vectorize\", \"tree-vrp\", \"tree-pre\", "
    "\"ira-region=mixed\")))\n"
    "#else\n"
    "#define SELDOM\n"
    "#define BRIEF\n"
    "#endif\n\n";

static const char points[] =
    "static void simulate(const struct floe_context *context, const struct floe_sampling *sampling, size_t n, double *data,\n"
    "                     double *values, double *scratch) {\n"
    "  const struct floe_layout *layout = context->layout;\n"
    "  for (size_t k = 0; k < n; k++)\n"
    "    simulate_one(context, sampling, sampling->first_unit + k, data + k * layout->n_data, values + k * layout->n_value, scratch);\n"
    "}\n\n"
    "static void constrain(const struct floe_context *context, size_t n, const double *coordinates, double *values, double *scratch) {\n"
    "  const struct floe_layout *layout = context->layout;\n"
    "  for (size_t k = 0; k < n; k++)\n"
    "    constrain_one(context, coordinates + k * layout->n_coordinate, values + k * layout->n_value, scratch);\n"
    "}\n\n"
    "static void unconstrain(const struct floe_context *context, size_t n, const double *values, double *coordinates, double *scratch) {\n"
    "  const struct floe_layout *layout = context->layout;\n"
    "  for (size_t k = 0; k < n; k++)\n"
    "    unconstrain_one(context, values + k * layout->n_value, coordinates + k * layout->n_coordinate, scratch);\n"
    "}\n\n"
    "static void report(const struct floe_context *context, size_t n, const double *values, double *outputs, double *scratch) {\n"
    "  const struct floe_layout *layout = context->layout;\n"
    "  for (size_t k = 0; k < n; k++) report_one(context, values + k * layout->n_value, outputs + k * layout->n_output, scratch);\n"
    "}\n\n";

static const char scale_points[] =
    "static void log_scale(const struct floe_context *context, size_t n, const double *values, double *log_scales, double *scratch) {\n"
    "  const struct floe_layout *layout = context->layout;\n"
    "  for (size_t k = 0; k < n; k++)\n"
    "    log_scale_of_one(context, values + k * layout->n_value, log_scales + k * layout->n_coordinate, scratch);\n"
    "}\n\n";

static const char density_points[] =
    "static void log_density(const struct floe_context *context, size_t n, const double *coordinates, double *result, double *terms,\n"
    "                        double *scratch) {\n"
    "  for (size_t k = 0; k < n; k++)\n"
    "    result[k] = log_density_of_one(context, coordinates + k * context->layout->n_coordinate,\n"
    "                                   terms ? terms + k * FLOE_N_TAG : NULL, scratch);\n"
    "}\n\n"
    "static void pointwise(const struct floe_context *context, size_t n, const double *values, double *observations,\n"
    "                      double *latents, double *scratch) {\n"
    "  const struct floe_layout *layout = context->layout;\n"
    "  for (size_t k = 0; k < n * layout->n_data; k++) observations[k] = NAN;\n"
    "  for (size_t k = 0; k < n * layout->n_value; k++) latents[k] = NAN;\n"
    "  for (size_t k = 0; k < n; k++)\n"
    "    pointwise_one(context, values + k * layout->n_value, observations + k * layout->n_data,\n"
    "                  latents + k * layout->n_value, scratch);\n"
    "}\n\n";

static const char gradient_points[] =
    "static void gradient(const struct floe_context *context, size_t n, const double *coordinates, double *result, double *slopes,\n"
    "                     double *scratch) {\n"
    "  const size_t size = context->layout->n_coordinate;\n"
    "  for (size_t k = 0; k < n; k++) result[k] = gradient_of_one(context, coordinates + k * size, slopes + k * size, scratch);\n"
    "}\n\n";

/* Where the context has no constants they are made anew, at the end of the scratch. */
static const char gradient_points_with_constants[] =
    "static void gradient(const struct floe_context *given, size_t n, const double *coordinates, double *result, double *slopes,\n"
    "                     double *scratch) {\n"
    "  struct floe_context own = *given, *context = &own;\n"
    "  const size_t size = context->layout->n_coordinate;\n"
    "  if (!own.constants) {\n"
    "    double *made = scratch + own.layout->n_scratch - constants_size(own.layout);\n"
    "    constants_of(context, made);\n"
    "    own.constants = made;\n"
    "  }\n"
    "  for (size_t k = 0; k < n; k++) result[k] = gradient_of_one(context, coordinates + k * size, slopes + k * size, scratch);\n"
    "}\n\n";

/* How many outputs there are is known here only. */
static void write_outputs(struct writer *w, const char *name, const char *vector, size_t n) {
  floe__text_printf(
      w->out,
      "static void %s(const struct floe_context *context, size_t n, const double *data, const double *values, double *%s,\n"
      "                  double *scratch) {\n"
      "  const struct floe_layout *layout = context->layout;\n"
      "  for (size_t k = 0; k < n; k++)\n"
      "    %s_one(context, data + k * layout->n_data, values + k * layout->n_value, %s + k * %zu, scratch);\n"
      "}\n\n",
      name, vector, name, vector, n);
}

static void write_points(struct writer *w) {
  floe__text_puts(w->out, points);
  if (study_needs(w->study, INTERPRETATION_SCALE)) floe__text_puts(w->out, scale_points);
  if (!variable_without_density(w->study->program)) {
    floe__text_puts(w->out, density_points);
    floe__text_puts(w->out, w->constants ? gradient_points_with_constants : gradient_points);
  }
  write_outputs(w, "check", "holds", w->study->program->n_check);
  if (w->study->program->n_elicited) write_outputs(w, "elicit", "numbers", w->study->program->n_elicited);
  floe__text_puts(
      w->out,
      "static void prepare(const struct floe_context *context, const double *data, double *prepared, double *scratch) {\n"
      "  for (size_t k = 0; k < context->layout->n_data; k++) prepared[k] = data[k];\n"
      "  prepare_data(context, data, prepared, scratch);\n"
      "}\n\n");
}

static void write_scratch_size(struct writer *w) {
  const char *constants = w->constants ? "constants_size(layout)" : "0";
  if (!w->n_scratch) {
    floe__text_printf(
        w->out, "static size_t scratch_size(const struct floe_layout *layout) {\n  (void)layout;\n  return %s;\n}\n\n",
        constants);
    return;
  }
  floe__text_puts(w->out, "static size_t greater(size_t a, size_t b) { return a > b ? a : b; }\n\n"
                          "static size_t scratch_size(const struct floe_layout *layout) {\n  size_t largest = 0;\n");
  frame_declare_sizes(w->out, w->study->program, w->size_name, w->size_used);
  floe__text_append(w->out, w->scratch.data, w->scratch.length);
  floe__text_printf(w->out, w->constants ? "  return largest + %s;\n}\n\n" : "  return largest;\n}\n\n", constants);
}

static const char *table_or_null(size_t n, const char *name) {
  return n ? name : "NULL";
}

static void write_position_of(struct writer *w, const char *field, const struct dimension *dimension) {
  if (dimension)
    floe__text_printf(w->out, "    .%s = %zu,\n", field, dimension->id);
  else
    floe__text_printf(w->out, "    .%s = FLOE_NONE,\n", field);
}

static void write_elicitation(struct writer *w) {
  const struct program *p = w->study->program;
  floe__text_printf(w->out, "    .n_elicited = %zu, .elicited = elicited, .elicit = elicit, .n_prior = %zu, .priors = %s,\n",
                    p->n_elicited, p->n_prior, table_or_null(p->n_prior, "priors"));
  floe__text_printf(w->out, "    .prior_fingerprint = \"%016llx\",\n", (unsigned long long)w->prior);
}

static void write_density(struct writer *w) {
  const struct variable *without = variable_without_density(w->study->program);
  bool up_to_constant = false;
  for (size_t k = 0; k < w->study->program->n_variable; k++)
    up_to_constant = up_to_constant || w->study->program->variables[k]->up_to_constant;
  if (up_to_constant) floe__text_puts(w->out, "    .up_to_constant = 1,\n");
  if (!without) {
    floe__text_puts(w->out, "    .log_density = log_density, .gradient = gradient, .pointwise = pointwise,\n");
    if (w->constants) floe__text_puts(w->out, "    .constants_size = constants_size, .constants = constants_of,\n");
    return;
  }
  size_t line, column;
  source_position(without->no_density_span.file, without->no_density_span.begin, &line, &column);
  const char *reason = floe__arena_printf(w->arena, "line %zu: %s", line, without->no_density);
  floe__text_puts(w->out, "    .no_density = ");
  write_string(w->out, reason, strlen(reason));
  floe__text_puts(w->out, ",\n");
}

static const char *const readings[] = {
    [READ_AT_ONCE] = "FLOE_PERCEPTRON", [READ_DEEP_SET] = "FLOE_DEEP_SET", [READ_TCN] = "FLOE_TCN"};

static void write_model(struct writer *w, bool lockstep) {
  const struct program *p = w->study->program;
  const uint64_t fingerprint =
      floe__hash(w->out->data, w->out->length, w->study->foreign); /* of the tables and functions, not of where the spec is */
  if (lockstep) write_lockstep(w, w->out);
  floe__text_puts(w->out,
                  "const struct floe_model floe_the_model = {\n    .version = FLOE_MODEL_VERSION,\n    .name = ");
  write_string(w->out, p->name, strlen(p->name));
  floe__text_puts(w->out, ",\n    .title = ");
  write_string(w->out, p->title ? p->title : "", p->title ? strlen(p->title) : 0);
  floe__text_puts(w->out, ",\n    .source_path = ");
  write_string(w->out, p->source ? p->source->path : "", p->source ? strlen(p->source->path) : 0);
  floe__text_puts(w->out, ",\n    .source_text =\n    ");
  write_string(w->out, p->source ? p->source->text : "", p->source ? p->source->length : 0);
  floe__text_printf(
      w->out,
      ",\n    .n_dimension = %zu, .n_axis = %zu, .n_variable = %zu, .n_report = %zu, .n_claim = %zu, .n_check = %zu,\n",
      p->n_dimension, p->n_axis, p->n_variable, p->n_report, p->n_claim, p->n_check);
  floe__text_printf(w->out,
                    "    .n_setting = %zu,\n    .dimensions = %s, .axes = %s, .variables = %s, .reports = %s,\n",
                    p->n_setting, table_or_null(p->n_dimension, "dimensions"), table_or_null(p->n_axis, "axes"),
                    table_or_null(p->n_variable, "variables"), table_or_null(p->n_report, "reports"));
  floe__text_printf(w->out, "    .claims = %s, .checks = %s, .settings = %s,\n", table_or_null(p->n_claim, "claims"),
                    table_or_null(p->n_check, "checks"), table_or_null(p->n_setting, "settings"));
  if (p->n_elicited) write_elicitation(w);
  write_position_of(w, "plate", w->study->blueprint.plate);
  write_position_of(w, "sequence", w->study->blueprint.sequence);
  write_position_of(w, "inner", w->study->blueprint.inner);
  floe__text_printf(w->out, "    .inner_reading = %s,\n", readings[w->study->blueprint.reading]);
  floe__text_puts(
      w->out,
      "    .scratch_size = scratch_size, .permitted = permitted, .simulate = simulate,\n"
      "    .constrain = constrain, .unconstrain = unconstrain, .report = report, .check = check, .prepare = prepare,\n");
  if (study_needs(w->study, INTERPRETATION_SCALE)) floe__text_puts(w->out, "    .log_scale = log_scale,\n");
  write_density(w);
  if (lockstep) floe__text_puts(w->out, "    .lockstep = LOCKSTEP,\n");
  floe__text_printf(w->out, "    .fingerprint = \"%016llx\"};\n\n", (unsigned long long)fingerprint);
  floe__text_puts(w->out, "int main(int argc, char **argv) { return floe_study_main(&floe_the_model, argc, argv); }\n");
}

/* ---- the file ---- */

void write_inside(struct floe__text *out) {
  floe__text_puts(out, helper_inside);
}

void mix_into_prior(struct writer *w, size_t from) {
  w->prior = floe__hash(w->out->data + from, w->out->length - from, w->prior);
}

static void write_head(struct writer *w, struct floe__text *out) {
  floe__text_puts(out, "/* Made by floe from ");
  const char *path = w->study->program->source ? strrchr(w->study->program->source->path, '/') : NULL;
  write_plain(out, path ? path + 1 : w->study->program->source ? w->study->program->source->path : "a study");
  floe__text_puts(out, ". Changes made here are lost when the study is built again. */\n#include <floe/model.h>\n");
  if (w->draws) floe__text_puts(out, "#include <floe/draws.h>\n");
  if (w->lanes) floe__text_puts(out, "#include <floe/lanes.h>\n");
  if (w->systems.length) floe__text_puts(out, "#include <floe/ode_steps.h>\n");
  floe__text_puts(out, "\n#define NAN __builtin_nan(\"\")\n#define INFINITY __builtin_inf()\n\n");
  floe__text_puts(out, levels);
  if (w->prototypes.text.length) {
    floe__text_append(out, w->prototypes.text.data, w->prototypes.text.length);
    floe__text_puts(out, "\n");
  }
  if (w->systems.length) floe__text_append(out, w->systems.data, w->systems.length);
  if (w->gathers) floe__text_puts(out, helper_inside);
  if (w->simulators.length) floe__text_append(out, w->simulators.data, w->simulators.length);
  if (w->scatters) floe__text_puts(out, helper_add_at);
  if (w->clears) floe__text_puts(out, helper_clear);
}

static void write_gradient(struct writer *w, struct routine *gradient) {
  struct routine *constants = tune_gradient(gradient);
  if (constants) write_routine(w, constants);
  w->constants = constants != NULL;
  write_routine(w, gradient);
}

uint64_t emit_study(const struct study *study, struct floe__arena *arena, bool lockstep, struct floe__text *out) {
  struct floe__text body = {0};
  struct writer w = {.arena = arena, .study = study, .out = &body, .prior = study->foreign};
  const size_t n_size = n_sizes(study->program) + 1;
  w.size_name = floe__arena_array(arena, n_size, sizeof *w.size_name);
  w.size_used = floe__arena_array(arena, n_size, sizeof *w.size_used);
  frame_name_sizes(&w);
  write_tables(&w);
  write_permitted(&w);
  for (size_t kind = 0; kind < N_INTERPRETATION; kind++) {
    if (kind == INTERPRETATION_GRADIENT || !study_needs(study, (enum interpretation_kind)kind)) continue;
    const bool density = kind == INTERPRETATION_LOG_DENSITY || kind == INTERPRETATION_POINTWISE;
    if (density && variable_without_density(study->program)) continue;
    struct routine *routine = schedule_routine(arena, study, (enum interpretation_kind)kind);
    size_t from = body.length;
    write_routine(&w, routine);
    if (kind == INTERPRETATION_SIMULATE || kind == INTERPRETATION_ELICIT) mix_into_prior(&w, from);
    if (kind == INTERPRETATION_LOG_DENSITY) write_gradient(&w, adjoint_routine(arena, study));
  }
  w.prior = floe__hash(w.simulators.data, w.simulators.length, w.prior);
  write_points(&w);
  write_scratch_size(&w);
  write_head(&w, out);
  floe__text_append(out, body.data, body.length);
  floe__text_free(&body);
  w.out = out;
  write_model(&w, lockstep && !variable_without_density(study->program));
  floe__text_free(&w.prototypes.text);
  floe__text_free(&w.scratch);
  floe__text_free(&w.systems);
  floe__text_free(&w.simulators);
  return w.prior;
}
