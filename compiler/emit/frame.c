#include <string.h>

#include "base/arena.h"
#include "compiler/emit/writer.h"

struct signature {
  const char *name, *result, *parameters;
  const char *inputs[6]; /* parameters that the body may leave unused */
};

enum { CONSTANTS = N_INTERPRETATION, PACKS, CONSTANTS_OF_PACKS, N_SIGNATURE };

static const struct signature signatures[N_SIGNATURE] = {
    [INTERPRETATION_SIMULATE] =
        {"simulate_one",
         "BRIEF void",
         "const struct floe_context *context, const struct floe_sampling *sampling, uint64_t unit,\n"
         "                         double *data, double *values, double *scratch",
         {"context", "sampling", "unit", "data", "values", "scratch"}},
    [INTERPRETATION_LOG_DENSITY] = {"log_density_of_one",
                                    "BRIEF double",
                                    "const struct floe_context *context, const double *coordinates, double *terms,\n"
                                    "                                 double *scratch",
                                    {"context", "coordinates", "scratch"}},
    [INTERPRETATION_CONSTRAIN] =
        {"constrain_one",
         "SELDOM void",
         "const struct floe_context *context, const double *coordinates, double *values, double *scratch",
         {"context", "coordinates", "values", "scratch"}},
    [INTERPRETATION_UNCONSTRAIN] =
        {"unconstrain_one",
         "SELDOM void",
         "const struct floe_context *context, const double *values, double *coordinates, double *scratch",
         {"context", "values", "coordinates", "scratch"}},
    [INTERPRETATION_SCALE] =
        {"log_scale_of_one",
         "SELDOM void",
         "const struct floe_context *context, const double *values, double *log_scales, double *scratch",
         {"context", "values", "log_scales", "scratch"}},
    [INTERPRETATION_REPORT] =
        {"report_one",
         "SELDOM void",
         "const struct floe_context *context, const double *values, double *outputs, double *scratch",
         {"context", "values", "outputs", "scratch"}},
    [INTERPRETATION_CHECK] =
        {"check_one",
         "SELDOM void",
         "const struct floe_context *context, const double *data, const double *values, double *holds,\n"
         "                      double *scratch",
         {"context", "data", "values", "holds", "scratch"}},
    [INTERPRETATION_ELICIT] =
        {"elicit_one",
         "SELDOM void",
         "const struct floe_context *context, const double *data, const double *values, double *numbers,\n"
         "                       double *scratch",
         {"context", "data", "values", "numbers", "scratch"}},
    [INTERPRETATION_PREPARE] =
        {"prepare_data",
         "void",
         "const struct floe_context *context, const double *data, double *prepared, double *scratch",
         {"context", "data", "prepared", "scratch"}},
    [INTERPRETATION_POINTWISE] =
        {"pointwise_one",
         "SELDOM void",
         "const struct floe_context *context, const double *values, double *observations, double *latents,\n"
         "                          double *scratch",
         {"context", "values", "observations", "latents", "scratch"}},
    [INTERPRETATION_GRADIENT] = {"gradient_of_one",
                                 "double",
                                 "const struct floe_context *context, const double *coordinates, double *gradient,\n"
                                 "                              double *scratch",
                                 {"context", "coordinates", "gradient", "scratch"}},
    [CONSTANTS] = {"constants_of", "SELDOM void", "const struct floe_context *context, double *constants", {"context"}},
    [PACKS] = {"gradient_of_packs",
               "floe_pack",
               "const struct floe_context *context, const floe_pack *coordinates,\n"
               "                                   floe_pack *gradient, double *scratch",
               {"context", "coordinates", "gradient", "scratch"}},
    [CONSTANTS_OF_PACKS] = {"constants_of_packs",
                            "SELDOM void",
                            "const struct floe_context *context, double *constants",
                            {"context"}},
};

static const struct signature *signature_of(const struct function_writer *f) {
  const struct routine *routine = f->routine;
  const bool packed = f->file->packed;
  if (routine->constants) return &signatures[packed ? CONSTANTS_OF_PACKS : CONSTANTS];
  if (routine->gradient) return &signatures[packed ? PACKS : INTERPRETATION_GRADIENT];
  return &signatures[routine->kind];
}

/* ---- names ---- */

static const char *const own_names[] = {
    "context",
    "sampling",
    "unit",
    "data",
    "values",
    "coordinates",
    "terms",
    "scratch",
    "outputs",
    "holds",
    "prepared",
    "layout",
    "universe",
    "stream",
    "inside",
    "at",
    "add_at",
    "clear",
    "gradient",
    "simulate",
    "log_density",
    "constrain",
    "unconstrain",
    "report",
    "check",
    "prepare",
    "permitted",
    "scratch_size",
    "dimensions",
    "axes",
    "variables",
    "reports",
    "claims",
    "checks",
    "settings",
    "greater",
    "largest",
    "numbers",
    "elicit",
    "elicited",
    "priors",
    "constants",
    "constants_size",
    "pointwise",
    "observations",
    "latents",
    "SELDOM",
    "BRIEF",
    "log_scale",
    "log_scales",
    "chain",
    "lockstep",
    "LOCKSTEP",
    "gradient_in_lockstep",
    "scratch_size_of_packs",
    "constants_size_of_packs",
};

static const char *plain_name(const struct function_writer *f, const struct memory *memory) {
  struct floe__arena *arena = f->file->arena;
  const struct program *program = f->file->study->program;
  const char *name = memory->name ? memory->name : memory->kind == MEMORY_CONSTANTS ? "constant" : "array";
  switch (memory->kind) {
    case MEMORY_DATA:
    case MEMORY_CONSTANTS:
    case MEMORY_VALUES: return name;
    case MEMORY_COORDINATES: return floe__arena_printf(arena, "%s_free", name);
    case MEMORY_CENTRING: return floe__arena_printf(arena, "%s_centring", name);
    case MEMORY_GRADIENT: return floe__arena_printf(arena, "%s_gradient", name);
    case MEMORY_SCRATCH: return memory->adjoint ? floe__arena_printf(arena, "%s_bar", name) : name;
    case MEMORY_RESULT: break;
  }
  if (f->routine->kind == INTERPRETATION_UNCONSTRAIN) return floe__arena_printf(arena, "%s_free", name);
  if (f->routine->kind == INTERPRETATION_SCALE) return floe__arena_printf(arena, "%s_log_scale", name);
  if (f->routine->kind == INTERPRETATION_PREPARE) return floe__arena_printf(arena, "prepared_%s", name);
  if (f->routine->kind == INTERPRETATION_POINTWISE) return floe__arena_printf(arena, "likelihood_of_%s", name);
  if (memory->variable) return name;
  if (f->routine->kind == INTERPRETATION_CHECK) return floe__arena_printf(arena, "check_%zu", memory->output);
  if (f->routine->kind == INTERPRETATION_ELICIT) return floe__arena_printf(arena, "elicited_%zu", memory->output);
  if (memory->output < program->n_report)
    return floe__arena_printf(arena, "reported_%s", program->reports[memory->output].name);
  return floe__arena_printf(arena, "claim_%zu", memory->output - program->n_report);
}

/* In a simulator the same numbers are written as a result and read as a value: one pointer. */
static void name_memories(struct function_writer *f) {
  const bool one = f->routine->kind == INTERPRETATION_SIMULATE;
  const struct memory **first =
      floe__arena_array(f->file->arena, f->file->study->program->n_variable + 1, sizeof *first);
  for (size_t k = 0; k < f->routine->n_memory; k++) {
    const struct memory *memory = f->routine->memories[k];
    const struct memory **place = one && memory->variable ? &first[memory->variable->id] : NULL;
    const bool known = place && *place;
    f->same_memory[k] = known ? *place : memory;
    if (!f->memory_used[k]) continue;
    f->memory_name[k] = known ? f->memory_name[(*place)->id] : emit_identifier(f->identifiers, plain_name(f, memory));
    if (place && !known) *place = memory;
    f->memory_used[k] = false; /* until the body names it */
  }
}

static void reserve_own_names(struct identifiers *identifiers) {
  for (size_t k = 0; k < sizeof own_names / sizeof *own_names; k++) identifiers_reserve(identifiers, own_names[k]);
  for (size_t k = 0; k < sizeof signatures / sizeof *signatures; k++)
    identifiers_reserve(identifiers, signatures[k].name);
}

/* The same in all functions. */
void frame_name_sizes(struct writer *w) {
  const struct graph *graph = w->study->graph;
  struct identifiers *identifiers = identifiers_new(w->arena);
  reserve_own_names(identifiers);
  for (size_t k = 0; k < graph->n_node; k++)
    if (graph->nodes[k]->external) identifiers_reserve(identifiers, graph->nodes[k]->external->symbol);
  for (size_t k = 0; k < w->study->program->n_dimension; k++) {
    const char *name = w->study->program->dimensions[k]->name;
    w->size_name[k] = emit_identifier(identifiers, floe__arena_printf(w->arena, "n_%s", name ? name : "anonymous"));
  }
  for (size_t k = 0; k < w->study->program->n_variable; k++) {
    const struct variable *v = w->study->program->variables[k];
    if (v->free)
      w->size_name[v->free->id] = emit_identifier(identifiers, floe__arena_printf(w->arena, "n_%s", v->free->name));
  }
}

void frame_names(struct function_writer *f) {
  const struct program *program = f->file->study->program;
  reserve_own_names(f->identifiers);
  for (size_t k = 0; k < n_sizes(program); k++)
    if ((f->size_name[k] = f->file->size_name[k])) identifiers_reserve(f->identifiers, f->size_name[k]);
  name_memories(f);
}

const char *name_of_size(struct function_writer *f, const struct dimension *dimension) {
  f->size_used[dimension->id] = true;
  return f->size_name[dimension->id];
}

const char *name_of_memory(struct function_writer *f, const struct memory *memory) {
  f->memory_used[f->same_memory[memory->id]->id] = true;
  return f->memory_name[memory->id];
}

/* ---- declarations ---- */

/* The layout says where it stands. */
static bool is_placed(const struct memory *memory) {
  return memory->kind != MEMORY_SCRATCH && memory->kind != MEMORY_CONSTANTS;
}

static bool uses_memory(const struct function_writer *f, bool scratch) {
  for (size_t k = 0; k < f->routine->n_memory; k++)
    if (f->memory_used[k] && is_placed(f->routine->memories[k]) != scratch) return true;
  return false;
}

static bool in_data(const struct variable *variable) {
  return variable->role == ROLE_DATA || variable->role == ROLE_OBS;
}

/* Outputs that the layout does not place: one behind the other. */
static bool counts_outputs(const struct function_writer *f) {
  return f->routine->kind == INTERPRETATION_CHECK || f->routine->kind == INTERPRETATION_ELICIT;
}

/* The vector that holds the memory, and the position in it. */
static const char *vector_of(const struct function_writer *f, const struct memory *memory) {
  const enum interpretation_kind kind = f->routine->kind;
  const struct variable *v = memory->variable;
  bool own_data = kind == INTERPRETATION_SIMULATE || kind == INTERPRETATION_CHECK || kind == INTERPRETATION_ELICIT ||
                  kind == INTERPRETATION_PREPARE;
  switch (memory->kind) {
    case MEMORY_DATA: return own_data ? "data" : "context->data";
    case MEMORY_VALUES: return "values";
    case MEMORY_COORDINATES: return "coordinates";
    case MEMORY_CENTRING: return "(context->centring ? context->centring : layout->uncentred)";
    case MEMORY_GRADIENT: return "gradient";
    case MEMORY_CONSTANTS: return f->routine->constants ? "constants" : "context->constants";
    case MEMORY_SCRATCH: return "scratch";
    case MEMORY_RESULT: break;
  }
  if (!v) return kind == INTERPRETATION_CHECK ? "holds" : kind == INTERPRETATION_ELICIT ? "numbers" : "outputs";
  if (kind == INTERPRETATION_PREPARE) return "prepared";
  if (kind == INTERPRETATION_POINTWISE) return in_data(v) ? "observations" : "latents";
  if (kind == INTERPRETATION_UNCONSTRAIN) return "coordinates";
  if (kind == INTERPRETATION_SCALE) return "log_scales";
  return in_data(v) ? "data" : "values";
}

static bool is_written(const struct function_writer *f, const struct memory *memory) {
  if (memory->kind == MEMORY_RESULT || memory->kind == MEMORY_GRADIENT || memory->kind == MEMORY_SCRATCH) return true;
  if (memory->kind == MEMORY_CONSTANTS) return f->routine->constants;
  return f->routine->kind == INTERPRETATION_SIMULATE;
}

static void declare_pointer(struct function_writer *f, const struct memory *memory) {
  const enum interpretation_kind kind = f->routine->kind;
  const bool coordinate =
      memory->kind == MEMORY_COORDINATES || memory->kind == MEMORY_CENTRING || memory->kind == MEMORY_GRADIENT ||
      (memory->kind == MEMORY_RESULT && (kind == INTERPRETATION_UNCONSTRAIN || kind == INTERPRETATION_SCALE));
  floe__text_printf(f->out, "  %s%s *restrict %s = %s + ", is_written(f, memory) ? "" : "const ",
                    memory_varies(f, memory) ? "floe_pack" : "double", f->memory_name[memory->id],
                    vector_of(f, memory));
  if (memory->variable)
    floe__text_printf(f->out, "layout->%s[%zu];\n", coordinate ? "coordinate" : "offset", memory->variable->id);
  else if (counts_outputs(f))
    floe__text_printf(f->out, "%zu;\n", memory->output);
  else
    floe__text_printf(f->out, "layout->output[%zu];\n", memory->output);
}

static void end_of_array(struct function_writer *f, const char *name, const struct memory *memory) {
  floe__text_printf(f->out, "%s + ", name);
  write_extent(f, memory);
}

static void write_shape(struct function_writer *f, const struct memory *memory) {
  floe__text_puts(f->out, "; /* (");
  for (size_t d = 0; d < memory->n_dim; d++)
    floe__text_printf(f->out, "%s%s", d ? ", " : "", name_of_size(f, memory->dim[d]));
  floe__text_puts(f->out, ") */\n");
}

static bool is_in_scratch(const struct function_writer *f, const struct memory *memory) {
  return memory->kind == MEMORY_SCRATCH && f->memory_used[memory->id];
}

/* Arrays of single numbers, one behind the other: in lockstep, behind all packs, those that chains share and those for the
 * numbers of one chain. */
static void declare_doubles(struct function_writer *f, const struct memory *last) {
  const char *before = NULL;
  const struct memory *before_memory = NULL;
  for (size_t k = 0; k < 2 * f->routine->n_memory; k++) {
    const struct memory *memory = f->routine->memories[k / 2];
    const bool own = k % 2;
    const char *name = own ? f->one_name[memory->id] : f->memory_name[memory->id];
    if (own ? !name : !is_in_scratch(f, memory) || memory_varies(f, memory)) continue;
    floe__text_printf(f->out, "  double *restrict %s = ", name);
    if (before) {
      end_of_array(f, before, before_memory);
    } else if (last) {
      floe__text_puts(f->out, "(double *)(");
      end_of_array(f, f->memory_name[last->id], last);
      floe__text_puts(f->out, ")");
    } else {
      floe__text_puts(f->out, "scratch");
    }
    if (own)
      floe__text_puts(f->out, ";\n");
    else
      write_shape(f, memory);
    before = name;
    before_memory = memory;
  }
}

static void declare_scratch(struct function_writer *f) {
  const struct memory *before = NULL;
  for (size_t k = 0; k < f->routine->n_memory; k++) {
    const struct memory *memory = f->routine->memories[k];
    if (!is_in_scratch(f, memory) || !memory_varies(f, memory)) continue;
    floe__text_printf(f->out, "  floe_pack *restrict %s = ", f->memory_name[k]);
    if (before)
      end_of_array(f, f->memory_name[before->id], before);
    else
      floe__text_puts(f->out, "(floe_pack *)scratch");
    write_shape(f, memory);
    before = memory;
  }
  declare_doubles(f, before);
}

/* The same places in the function that fills them and in the one that reads them, whatever either uses. */
static void declare_constants(struct function_writer *f) {
  for (size_t k = 0; k < f->routine->n_memory; k++) {
    const struct memory *memory = f->routine->memories[k];
    if (memory->kind != MEMORY_CONSTANTS || !f->memory_used[k]) continue;
    floe__text_printf(f->out, "  %sdouble *restrict %s = %s", is_written(f, memory) ? "" : "const ", f->memory_name[k],
                      vector_of(f, memory));
    for (size_t before = 0; before < k; before++) {
      if (f->routine->memories[before]->kind != MEMORY_CONSTANTS) continue;
      floe__text_puts(f->out, " + ");
      write_extent(f, f->routine->memories[before]);
    }
    floe__text_puts(f->out, ";\n");
  }
}

static void use_sizes_of_constants(struct function_writer *f) {
  for (size_t k = 0; k < f->routine->n_memory; k++)
    for (size_t d = 0; f->routine->memories[k]->kind == MEMORY_CONSTANTS && d < f->routine->memories[k]->n_dim; d++)
      name_of_size(f, f->routine->memories[k]->dim[d]);
}

size_t n_sizes(const struct program *program) {
  return program->n_dimension + program->n_variable;
}

void frame_declare_sizes(struct floe__text *out, const struct program *program, const char *const *name,
                         const bool *used) {
  const size_t n = program->n_dimension;
  for (size_t k = 0; k < n_sizes(program); k++)
    if (used[k])
      floe__text_printf(out, "  const size_t %s = layout->%s[%zu];\n", name[k], k < n ? "size" : "free",
                        k < n ? k : k - n);
}

/* Whether the body leaves the parameter alone. */
static bool leaves(const struct function_writer *f, const char *parameter, bool layout) {
  if (!strcmp(parameter, "context")) return !layout && !f->uses_universe && !f->uses_context && !f->routine->gradient;
  if (!strcmp(parameter, "sampling")) return !f->uses_draws && f->routine->body->n_step == 0;
  if (!strcmp(parameter, "unit")) return !f->uses_draws;
  if (!strcmp(parameter, "gradient")) return false;
  for (size_t k = 0; k < f->routine->n_memory; k++)
    if (f->memory_used[k] && !strcmp(vector_of(f, f->routine->memories[k]), parameter)) return false;
  return true;
}

void frame_open(struct function_writer *f) {
  const struct signature *signature = signature_of(f);
  floe__text_printf(f->out, "static %s %s(%s) {\n", signature->result, signature->name, signature->parameters);
  const struct memory *before = NULL;
  for (size_t k = 0; k < f->routine->n_memory; k++) { /* where a scratch array stands depends on those before it */
    const struct memory *memory = f->routine->memories[k];
    if (memory->kind != MEMORY_SCRATCH || !f->memory_used[k]) continue;
    for (size_t d = 0; before && d < before->n_dim; d++) name_of_size(f, before->dim[d]);
    before = memory;
  }
  use_sizes_of_constants(f);
  bool layout = uses_memory(f, false);
  for (size_t k = 0; k < n_sizes(f->file->study->program); k++) layout = layout || f->size_used[k];
  bool offsets = layout && !(counts_outputs(f) && !uses_memory(f, true));
  for (size_t k = 0; k < 6 && signature->inputs[k]; k++)
    if (leaves(f, signature->inputs[k], offsets)) floe__text_printf(f->out, "  (void)%s;\n", signature->inputs[k]);
  if (layout) floe__text_puts(f->out, "  const struct floe_layout *layout = context->layout;\n");
  if (f->uses_universe) floe__text_puts(f->out, "  const struct floe_universe *universe = context->universe;\n");
  frame_declare_sizes(f->out, f->file->study->program, f->size_name, f->size_used);
  for (size_t k = 0; k < f->routine->n_memory; k++)
    if (f->memory_used[k] && is_placed(f->routine->memories[k])) declare_pointer(f, f->routine->memories[k]);
  declare_constants(f);
  declare_scratch(f);
  if (f->uses_draws) floe__text_puts(f->out, "  struct floe_stream stream;\n");
  if (f->packed)
    floe__text_puts(f->out, "  floe_pack_clear(gradient, context->layout->n_coordinate);\n");
  else if (f->routine->gradient)
    floe__text_puts(f->out, "  clear(gradient, context->layout->n_coordinate);\n"), f->file->clears = true;
}

/* ---- results ---- */

static bool write_support(struct function_writer *f, const char *before, const char *and) {
  bool any = false;
  for (size_t tag = 0; tag < N_TAG; tag++) {
    const struct cell *guard = f->routine->supported[tag];
    if (!f->cell_updated[guard->id]) continue;
    floe__text_printf(f->out, "%s%s", any ? and : before, f->cell_name[guard->id]);
    any = true;
  }
  return any;
}

static void write_total(struct function_writer *f) {
  for (size_t tag = 0; tag < N_TAG; tag++)
    floe__text_printf(f->out, "%s%s", tag ? " + " : "", f->cell_name[f->routine->term[tag]->id]);
}

static void return_density_of_packs(struct function_writer *f) {
  const bool guarded = write_support(f, "  return floe_pack_supported(", " & ");
  floe__text_puts(f->out, guarded ? ", " : "  return ");
  write_total(f);
  floe__text_puts(f->out, guarded ? ", context->layout->n_coordinate, gradient);\n" : ";\n");
}

static void return_density(struct function_writer *f) {
  static const char *const tags[N_TAG] = {"FLOE_PRIOR", "FLOE_LIKELIHOOD", "FLOE_JACOBIAN"};
  const struct routine *routine = f->routine;
  if (!routine->gradient) {
    floe__text_puts(f->out, "  if (terms) {\n");
    for (size_t tag = 0; tag < N_TAG; tag++) {
      const char *term = f->cell_name[routine->term[tag]->id], *guard = f->cell_name[routine->supported[tag]->id];
      floe__text_printf(f->out, "    terms[%s] = ", tags[tag]);
      if (f->cell_updated[routine->supported[tag]->id])
        floe__text_printf(f->out, "%s ? %s : -INFINITY;\n", guard, term);
      else
        floe__text_printf(f->out, "%s;\n", term);
    }
    floe__text_puts(f->out, "  }\n");
  }
  if (write_support(f, "  if (!(", " && ")) {
    floe__text_puts(f->out, ")) {\n");
    if (routine->gradient) floe__text_puts(f->out, "    clear(gradient, context->layout->n_coordinate);\n");
    floe__text_puts(f->out, "    return -INFINITY;\n  }\n");
  }
  floe__text_puts(f->out, "  return ");
  write_total(f);
  floe__text_puts(f->out, ";\n");
}

void frame_close(struct function_writer *f) {
  if (f->packed)
    return_density_of_packs(f);
  else if (f->routine->kind == INTERPRETATION_LOG_DENSITY && !f->routine->constants)
    return_density(f);
  floe__text_puts(f->out, "}\n\n");
}

/* The doubles of scratch that the function takes, as a statement of scratch_size. */
void frame_count_scratch(struct function_writer *f) {
  bool any = false;
  struct floe__text *out = f->out;
  f->out = &f->file->scratch;
  for (size_t k = 0; k < f->routine->n_memory; k++) {
    const struct memory *memory = f->routine->memories[k];
    if (memory->kind != MEMORY_SCRATCH || !f->memory_used[k]) continue;
    floe__text_puts(f->out, any ? " + " : "  largest = greater(largest, ");
    write_extent(f, memory);
    for (size_t d = 0; d < memory->n_dim; d++) f->file->size_used[memory->dim[d]->id] = true;
    any = true;
  }
  if (any) floe__text_puts(f->out, ");\n");
  f->file->n_scratch += any;
  f->out = out;
}

/* A function of the layout; the expression is freed. */
static void write_size_function(struct function_writer *f, const char *name, struct floe__text *expression) {
  floe__text_printf(f->out, "static size_t %s(const struct floe_layout *layout) {\n  (void)layout;\n", name);
  frame_declare_sizes(f->out, f->file->study->program, f->size_name, f->size_used);
  floe__text_puts(f->out, "  return ");
  floe__text_append(f->out, expression->data, expression->length);
  floe__text_puts(f->out, ";\n}\n\n");
  floe__text_free(expression);
}

void frame_count_constants(struct function_writer *f) {
  const size_t n = n_sizes(f->file->study->program);
  struct floe__text expression = {0}, *out = f->out;
  for (size_t k = 0; k < n; k++) f->size_used[k] = false;
  f->out = &expression;
  for (size_t k = 0, any = 0; k < f->routine->n_memory; k++) {
    if (f->routine->memories[k]->kind != MEMORY_CONSTANTS) continue;
    floe__text_puts(f->out, any++ ? " + " : "");
    write_extent(f, f->routine->memories[k]);
  }
  f->out = out;
  write_size_function(f, f->file->packed ? "constants_size_of_packs" : "constants_size", &expression);
}

void frame_count_packs(struct function_writer *f) {
  const size_t n = n_sizes(f->file->study->program);
  struct floe__text expression = {0}, *out = f->out;
  for (size_t k = 0; k < n; k++) f->size_used[k] = false;
  f->out = &expression;
  floe__text_puts(f->out, "0");
  for (size_t k = 0; k < f->routine->n_memory; k++) {
    const struct memory *memory = f->routine->memories[k];
    if (is_in_scratch(f, memory)) {
      floe__text_puts(f->out, memory_varies(f, memory) ? " + FLOE_PACK * (" : " + (");
      write_extent(f, memory);
      floe__text_puts(f->out, ")");
    }
    if (!f->one_name[k]) continue;
    floe__text_puts(f->out, " + ");
    write_extent(f, memory);
  }
  f->out = out;
  write_size_function(f, "scratch_size_of_packs", &expression);
}
