/* The functions of an `ode`: its rates, their derivatives, its solution and the adjoint of that. */
#include <string.h>

#include "base/arena.h"
#include "compiler/emit/nodes.h"
#include "compiler/graph/construct.h"
#include "compiler/passes/system.h"

#define SMALL 4 /* states, and twice as many parameters */

struct system_writer {
  struct writer *file;
  const struct external *external;
  struct system_graph graph;
  struct node_writer nodes;
  struct floe__text *out;
  bool packed; /* for several chains in lockstep: a loop over them in lanes */
};

/* ---- functions of the system ---- */

static void name_leaf(struct system_writer *s, const char *array, size_t k, const struct variable *leaf) {
  const struct node *node = node_value(s->graph.graph, leaf);
  s->nodes.name[node->id] = emit_identifier(s->nodes.identifiers, leaf->name);
  if (!s->nodes.uses[node->id]) return;
  nodes_indent(&s->nodes);
  floe__text_printf(s->out, "const double %s = ", s->nodes.name[node->id]);
  if (!array)
    floe__text_puts(s->out, s->packed ? "time_now[chain];\n" : "time_now;\n");
  else
    floe__text_printf(s->out, s->packed ? "%s[%zu * FLOE_PACK + chain];\n" : "%s[%zu];\n", array, k);
}

/* The leaves, then what is used more than once. */
static void write_locals(struct system_writer *s) {
  const size_t n = s->graph.system->n_state;
  name_leaf(s, NULL, 0, s->graph.leaves[0]);
  for (size_t k = 0; k < n; k++) name_leaf(s, "state", k, s->graph.leaves[1 + k]);
  for (size_t k = 0; k < s->graph.system->n_parameter; k++) name_leaf(s, "parameter", k, s->graph.leaves[1 + n + k]);
  nodes_write_locals(&s->nodes);
}

/* results: the names of the arrays that it fills. */
static void begin_function(struct system_writer *s, const char *word, size_t n_result, const char *const *results) {
  static const char *const own[] = {"time_now", "state",        "parameter", "rate",
                                    "by_state", "by_parameter", "pow",       "chain"};
  s->nodes.out = s->out;
  nodes_begin(&s->nodes, s->file, s->graph.graph, sizeof own / sizeof *own, own);
  floe__text_printf(s->out, "static void %s_of_%s%s(%s, const double *state, const double *parameter", word,
                    s->external->name, s->packed ? "_in_packs" : "",
                    s->packed ? "const double *time_now" : "double time_now");
  for (size_t k = 0; k < n_result; k++)
    floe__text_printf(s->out, "%sdouble *restrict %s", k ? ", " : ",\n    ", results[k]);
  floe__text_puts(s->out, ") {\n  (void)time_now, (void)state, (void)parameter");
  for (size_t k = 1; k < n_result; k++) floe__text_printf(s->out, ", (void)%s", results[k]);
  floe__text_puts(s->out, ";\n");
  if (!s->packed) return;
  floe__text_puts(s->out, "#pragma omp simd\n  for (size_t chain = 0; chain < FLOE_PACK; chain++) {\n");
  s->nodes.depth = 2;
  s->nodes.in_lanes = true;
}

static void end_function(struct system_writer *s) {
  floe__text_puts(s->out, s->packed ? "  }\n}\n\n" : "}\n\n");
}

static void write_results(struct system_writer *s, const char *array, size_t n, const struct node *const *nodes) {
  for (size_t k = 0; k < n; k++) {
    nodes_indent(&s->nodes);
    floe__text_printf(s->out, s->packed ? "%s[%zu * FLOE_PACK + chain] = " : "%s[%zu] = ", array, k);
    if (nodes[k])
      nodes_write(&s->nodes, nodes[k]);
    else
      floe__text_puts(s->out, "0.0");
    floe__text_puts(s->out, ";\n");
  }
}

static void write_rate(struct system_writer *s) {
  static const char *const results[] = {"rate"};
  const size_t n = s->graph.system->n_state;
  begin_function(s, "rate", 1, results);
  for (size_t k = 0; k < n; k++) nodes_count(&s->nodes, s->graph.rates[k]);
  write_locals(s);
  write_results(s, "rate", n, s->graph.rates);
  end_function(s);
}

static void write_slopes(struct system_writer *s) {
  static const char *const results[] = {"by_state", "by_parameter"};
  const size_t n = s->graph.system->n_state, n_parameter = s->graph.system->n_parameter;
  begin_function(s, "slopes", 2, results);
  for (size_t k = 0; k < n * n; k++) nodes_count(&s->nodes, s->graph.by_state[k]);
  for (size_t k = 0; k < n * n_parameter; k++) nodes_count(&s->nodes, s->graph.by_parameter[k]);
  write_locals(s);
  write_results(s, "by_state", n * n, s->graph.by_state);
  write_results(s, "by_parameter", n * n_parameter, s->graph.by_parameter);
  end_function(s);
}

/* ---- the solution, with the arguments that the calls have ---- */

static void write_numbers(struct floe__text *out, const char *word, size_t n) {
  for (size_t k = 0; k < n; k++) floe__text_printf(out, "%sdouble %s_%zu", k ? ", " : ",\n    ", word, k + 1);
}

static void write_gathered(struct floe__text *out, const char *word, size_t n) {
  floe__text_printf(out, "  const double %s[] = {", word);
  for (size_t k = 0; k < n; k++) floe__text_printf(out, "%s%s_%zu", k ? ", " : "", word, k + 1);
  floe__text_puts(out, n ? "};\n" : "0.0};\n");
}

static void write_head_of_solution(struct floe__text *out, const struct system *system, const char *symbol) {
  floe__text_printf(
      out, "static void %s(size_t n_time, const double *time, double start, double solver, double tolerance", symbol);
  write_numbers(out, "initial", system->n_state);
  write_numbers(out, "parameter", system->n_parameter);
}

static void write_body_of_solution(struct floe__text *out, const struct system *system) {
  write_gathered(out, "initial", system->n_state);
  write_gathered(out, "parameter", system->n_parameter);
  floe__text_printf(out,
                    "  const struct floe_ode_method method = {start, tolerance, solver};\n"
                    "  double scratch[FLOE_ODE_SCRATCH(%zu, %zu)];\n",
                    system->n_state, system->n_parameter);
}

/* Small systems have their own copy of the method: its loops over states are unrolled, and calls inlined. */
bool system_is_small(const struct system *system) {
  return system->n_state <= SMALL && system->n_parameter <= 2 * SMALL;
}

static void write_small(struct floe__text *out, const struct external *external) {
  floe__text_printf(
      out,
      "static __attribute__((noinline)) int steps_of_%s(const struct floe_ode_method *method, size_t n_time,\n"
      "    const double *time, const double *initial, const double *parameter, double *solution,\n"
      "    const struct floe__ode_contraction *to, double *scratch) {\n"
      "  return floe__ode_small(&system_of_%s, %zu, %zu, method, n_time, time, initial, parameter, solution, to, scratch);\n"
      "}\n\n",
      external->name, external->name, external->system->n_state, external->system->n_parameter);
}

/* The library does what the small method does not: stiff systems, long solutions, those that end nowhere. */
static void write_solution(struct floe__text *out, const struct external *external) {
  if (system_is_small(external->system))
    floe__text_printf(
        out, "  if (steps_of_%s(&method, n_time, time, initial, parameter, solution, NULL, scratch)) return;\n",
        external->name);
  floe__text_printf(
      out, "  floe_ode_solve(&system_of_%s, &method, n_time, time, initial, parameter, solution, scratch);\n}\n\n",
      external->name);
}

static void write_adjoint(struct floe__text *out, const struct external *external) {
  const struct system *system = external->system;
  floe__text_printf(out, "  double initial_bar[%zu] = {0}, parameter_bar[%zu] = {0};\n", system->n_state,
                    system->n_parameter ? system->n_parameter : 1);
  if (system_is_small(system))
    floe__text_printf(out,
                      "  const struct floe__ode_contraction to = {solution_bar, initial_bar, parameter_bar};\n"
                      "  if (!floe__ode_asked(%zu * n_time, solution_bar)) return;\n"
                      "  if (!steps_of_%s(&method, n_time, time, initial, parameter, NULL, &to, scratch))\n  ",
                      system->n_state, external->name);
  floe__text_printf(out,
                    "  floe_ode_adjoint(&system_of_%s, &method, n_time, time, initial, parameter, solution_bar,\n"
                    "                   initial_bar, parameter_bar, scratch);\n",
                    external->name);
}

void write_system(struct writer *w, const struct external *external) {
  struct floe__text *out = &w->systems;
  const struct system *system = external->system;
  struct system_writer s = {.file = w, .external = external, .out = out};
  s.graph = derive_system(w->arena, w->study->program, system);
  write_rate(&s);
  write_slopes(&s);
  floe__text_printf(out, "static const struct floe_ode system_of_%s = {%zu, %zu, rate_of_%s, slopes_of_%s};\n\n",
                    external->name, system->n_state, system->n_parameter, external->name, external->name);
  if (system_is_small(system)) write_small(out, external);
  write_head_of_solution(out, system, external->symbol);
  floe__text_puts(out, ", double *solution) {\n");
  write_body_of_solution(out, system);
  write_solution(out, external);
}

static void write_places(struct floe__text *out, const char *word, size_t n) {
  for (size_t k = 0; k < n; k++) floe__text_printf(out, "%sdouble *%s_%zu_bar", k ? ", " : ",\n    ", word, k + 1);
}

static void write_sums(struct floe__text *out, const char *word, size_t n) {
  for (size_t k = 0; k < n; k++) floe__text_printf(out, "  *%s_%zu_bar += %s_bar[%zu];\n", word, k + 1, word, k);
}

void write_system_adjoint(struct writer *w, const struct external *external) {
  struct floe__text *out = &w->systems;
  const struct system *system = external->system;
  write_head_of_solution(out, system, external->adjoint);
  floe__text_puts(
      out, ",\n    const double *solution, const double *solution_bar, double *time_bar, double *start_bar,\n    "
           "double *solver_bar, double *tolerance_bar");
  write_places(out, "initial", system->n_state);
  write_places(out, "parameter", system->n_parameter);
  floe__text_puts(out, ") {\n  (void)solution, (void)time_bar, (void)start_bar, (void)solver_bar, "
                       "(void)tolerance_bar; /* none of them depends on unknowns */\n");
  write_body_of_solution(out, system);
  write_adjoint(out, external);
  write_sums(out, "initial", system->n_state);
  write_sums(out, "parameter", system->n_parameter);
  floe__text_puts(out, "}\n\n");
}

/* ---- several chains in lockstep ---- */

void write_system_of_packs(struct writer *w, const struct external *external) {
  struct floe__text *out = &w->each;
  const struct system *system = external->system;
  struct system_writer s = {.file = w, .external = external, .out = out, .packed = true};
  s.graph = derive_system(w->arena, w->study->program, system);
  floe__text_puts(out, "#include <floe/ode_packs.h>\n\n");
  write_rate(&s);
  write_slopes(&s);
  floe__text_printf(
      out, "static const struct floe_ode_packs packs_of_%s = {rate_of_%s_in_packs, slopes_of_%s_in_packs};\n\n",
      external->name, external->name, external->name);
  floe__text_printf(
      out,
      "static __attribute__((noinline)) int %s_in_packs(size_t n_time, const double *time, double start, double solver,\n"
      "    double tolerance, const floe_pack *initial, const floe_pack *parameter, floe_pack *solution,\n"
      "    const floe_pack *solution_bar, floe_pack *const *bars) {\n"
      "  const struct floe_ode_method method = {start, tolerance, solver};\n"
      "  floe_pack scratch[FLOE_ODE_SCRATCH_PACKS(%zu, %zu)];\n"
      "  return floe__ode_in_packs(&packs_of_%s, %zu, %zu, &method, n_time, time, initial, parameter, solution,\n"
      "                            solution_bar, bars, scratch);\n"
      "}\n\n",
      external->symbol, system->n_state, system->n_parameter, external->name, system->n_state, system->n_parameter);
}
