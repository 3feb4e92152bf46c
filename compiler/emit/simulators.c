/* The function of a `sim`: its acts as C statements, one after the other. */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "compiler/emit/nodes.h"
#include "compiler/graph/construct.h"
#include "compiler/passes/simulator.h"

struct simulator_writer {
  const struct simulator *simulator;
  struct simulator_graph graph;
  struct node_writer nodes;
  unsigned *n_set;  /* (n_argument + n_local) acts that set the leaf */
  bool *read;       /* (n_argument + n_local) */
  bool *declared;   /* (n_argument + n_local) */
};

static struct floe__text *out_of(struct simulator_writer *s) {
  return s->nodes.out;
}

static const char **name_of(struct simulator_writer *s, const struct variable *leaf) {
  return &s->nodes.name[node_value(s->graph.graph, leaf)->id];
}

/* ---- what is read and set, for what is declared const and what not at all ---- */

static void survey(struct simulator_writer *s, const struct act *list) {
  for (const struct act *act = list; act; act = act->next) {
    nodes_count(&s->nodes, s->graph.values[act->id]);
    for (size_t k = 0; act->kind == ACT_DRAW && k < act->value->n_item; k++)
      nodes_count(&s->nodes, s->graph.draws[act->id][k]);
    if (act->local) s->n_set[simulator_leaf(&s->graph, act->local)->id]++;
    survey(s, act->before);
    survey(s, act->body);
    survey(s, act->otherwise);
  }
}

static void note_reads(struct simulator_writer *s) {
  for (size_t k = 0; k < s->simulator->n_argument + s->simulator->n_local; k++)
    s->read[k] = s->nodes.uses[node_value(s->graph.graph, s->graph.leaves[k])->id] > 0;
  nodes_forget(&s->nodes);
}

/* ---- acts ---- */

static void write_acts(struct simulator_writer *s, const struct act *list);

/* The locals that an expression needs; then it can be written. */
static void prepare(struct simulator_writer *s, const struct node *node) {
  nodes_forget(&s->nodes);
  nodes_count(&s->nodes, node);
  nodes_write_locals(&s->nodes);
}

/* `name = ` with what declares it, once. */
static void write_left(struct simulator_writer *s, const struct act *act) {
  const struct variable *leaf = simulator_leaf(&s->graph, act->local);
  if (!s->declared[leaf->id]) {
    s->declared[leaf->id] = true;
    *name_of(s, leaf) = emit_identifier(s->nodes.identifiers, act->local->name);
    floe__text_puts(out_of(s), s->n_set[leaf->id] == 1 ? "const double " : "double ");
  }
  floe__text_printf(out_of(s), "%s = ", *name_of(s, leaf));
}

static void write_set(struct simulator_writer *s, const struct act *act) {
  const struct variable *leaf = simulator_leaf(&s->graph, act->local);
  prepare(s, s->graph.values[act->id]);
  struct floe__text *out = s->nodes.out, expression = {0};
  s->nodes.out = &expression; /* before its name exists */
  nodes_write(&s->nodes, s->graph.values[act->id]);
  s->nodes.out = out;
  nodes_indent(&s->nodes);
  write_left(s, act);
  floe__text_printf(out, "%.*s;", (int)expression.length, expression.data);
  floe__text_free(&expression);
  if (!s->read[leaf->id] && s->n_set[leaf->id] > 0) floe__text_printf(out, " (void)%s;", *name_of(s, leaf));
  floe__text_puts(out, "\n");
}

static void write_draw(struct simulator_writer *s, const struct act *act) {
  const struct external *external = act->value->external;
  const struct node **args = s->graph.draws[act->id];
  const struct dimension *sizes[16];
  const size_t n_size = formal_sizes(external, sizes);
  nodes_forget(&s->nodes);
  for (size_t k = 0; k < external->n_formal; k++) nodes_count(&s->nodes, args[k]);
  nodes_write_locals(&s->nodes);
  if (n_size || external->simulator) declare_external(s->nodes.file, external);
  nodes_indent(&s->nodes);
  write_left(s, act);
  floe__text_printf(out_of(s), "%s(stream", external->symbol);
  for (size_t i = 0; i < n_size; i++) {
    const struct dimension *actual = NULL;
    for (size_t k = 0; k < external->n_formal && !actual; k++)
      for (size_t d = 0; d < external->formals[k]->type.n_dim && !actual; d++)
        if (external->formals[k]->type.dim[d] == sizes[i]) actual = args[k]->dim[d];
    floe__text_puts(out_of(s), ", ");
    nodes_write_size(&s->nodes, actual);
  }
  for (size_t k = 0; k < external->n_formal; k++) {
    floe__text_puts(out_of(s), ", ");
    nodes_write(&s->nodes, args[k]);
  }
  floe__text_puts(out_of(s), ");\n");
}

static void write_body(struct simulator_writer *s, const struct act *list) {
  const size_t mark = identifiers_enter(s->nodes.identifiers);
  s->nodes.depth++;
  write_acts(s, list);
  s->nodes.depth--;
  identifiers_leave(s->nodes.identifiers, mark);
}

static void write_end(struct simulator_writer *s) {
  nodes_indent(&s->nodes);
  floe__text_puts(out_of(s), "}\n");
}

static void write_if(struct simulator_writer *s, const struct act *act) {
  prepare(s, s->graph.values[act->id]);
  nodes_indent(&s->nodes);
  floe__text_puts(out_of(s), "if (");
  nodes_write(&s->nodes, s->graph.values[act->id]);
  floe__text_puts(out_of(s), ") {\n");
  write_body(s, act->body);
  if (act->otherwise) {
    nodes_indent(&s->nodes);
    floe__text_puts(out_of(s), "} else {\n");
    write_body(s, act->otherwise);
  }
  write_end(s);
}

/* All outputs become undefined. */
static void write_give_up(struct simulator_writer *s, const char *turn, double limit) {
  const size_t n = s->simulator->n_output;
  nodes_indent(&s->nodes);
  floe__text_printf(out_of(s), "if (%s == %.0f) ", turn, limit);
  if (n == 1) {
    floe__text_puts(out_of(s), "return NAN;\n");
    return;
  }
  floe__text_puts(out_of(s), "{\n");
  s->nodes.depth++;
  nodes_indent(&s->nodes);
  for (size_t k = 0; k < n; k++) floe__text_printf(out_of(s), "outputs[%zu] = ", k);
  floe__text_puts(out_of(s), "NAN;\n");
  nodes_indent(&s->nodes);
  floe__text_puts(out_of(s), "return;\n");
  s->nodes.depth--;
  write_end(s);
}

static void write_while(struct simulator_writer *s, const struct act *act) {
  const size_t mark = identifiers_enter(s->nodes.identifiers);
  const char *turn = emit_identifier(s->nodes.identifiers, "turn");
  const struct node *condition = s->graph.values[act->id];
  nodes_indent(&s->nodes);
  floe__text_printf(out_of(s), "for (size_t %s = 0;; %s++) {\n", turn, turn);
  s->nodes.depth++;
  write_acts(s, act->before);
  prepare(s, condition);
  nodes_indent(&s->nodes);
  floe__text_puts(out_of(s), "if (!(");
  nodes_write(&s->nodes, condition);
  floe__text_puts(out_of(s), ")) break;\n");
  write_give_up(s, turn, act->limit);
  write_acts(s, act->body);
  s->nodes.depth--;
  write_end(s);
  identifiers_leave(s->nodes.identifiers, mark);
}

static void write_for(struct simulator_writer *s, const struct act *act) {
  const size_t mark = identifiers_enter(s->nodes.identifiers);
  const struct variable *leaf = simulator_leaf(&s->graph, act->local);
  const struct dimension *dimension = act->binder->dimension;
  const char *index = emit_identifier(s->nodes.identifiers, act->local->name);
  for (size_t d = 0; d < s->graph.n_dimension; d++)
    if (s->graph.formal[d] == dimension) dimension = s->graph.dimensions[d];
  *name_of(s, leaf) = floe__arena_printf(s->nodes.file->arena, "(double)%s", index);
  nodes_indent(&s->nodes);
  floe__text_printf(out_of(s), "for (size_t %s = 1; %s <= ", index, index);
  nodes_write_size(&s->nodes, dimension);
  floe__text_printf(out_of(s), "; %s++) {\n", index);
  write_body(s, act->body);
  write_end(s);
  identifiers_leave(s->nodes.identifiers, mark);
}

static void write_acts(struct simulator_writer *s, const struct act *list) {
  for (const struct act *act = list; act; act = act->next) switch (act->kind) {
      case ACT_SET: write_set(s, act); break;
      case ACT_DRAW: write_draw(s, act); break;
      case ACT_IF: write_if(s, act); break;
      case ACT_WHILE: write_while(s, act); break;
      case ACT_FOR: write_for(s, act); break;
    }
}

/* ---- the function ---- */

static void write_head(struct simulator_writer *s, const struct external *external) {
  const struct simulator *simulator = s->simulator;
  struct floe__text *out = out_of(s);
  floe__text_printf(out, "static %s %s(struct floe_stream *stream", simulator->n_output == 1 ? "double" : "void",
                    external->symbol);
  for (size_t k = 0; k < s->graph.n_dimension; k++) {
    s->nodes.size_name[k] = emit_identifier(
        s->nodes.identifiers, floe__arena_printf(s->nodes.file->arena, "n_%s", s->graph.dimensions[k]->name));
    floe__text_printf(out, ", size_t %s", s->nodes.size_name[k]);
  }
  for (size_t k = 0; k < simulator->n_argument; k++) {
    const struct formal *formal = simulator->arguments[k];
    const char *name = *name_of(s, s->graph.leaves[k]) = emit_identifier(s->nodes.identifiers, formal->name);
    floe__text_printf(out, ", %s%s", formal->type.n_dim ? "const double *" : "double ", name);
  }
  floe__text_puts(out, simulator->n_output == 1 ? ") {\n" : ", double *outputs) {\n");
}

static void write_declarations(struct simulator_writer *s) {
  struct floe__text *out = out_of(s);
  floe__text_puts(out, "  (void)stream;");
  for (size_t k = 0; k < s->graph.n_dimension; k++) floe__text_printf(out, " (void)%s;", s->nodes.size_name[k]);
  for (size_t k = 0; k < s->simulator->n_argument; k++)
    if (!s->read[k]) floe__text_printf(out, " (void)%s;", *name_of(s, s->graph.leaves[k]));
  floe__text_puts(out, "\n  double ");
  for (size_t k = 0; k < s->simulator->n_output; k++) {
    const struct variable *leaf = simulator_leaf(&s->graph, s->simulator->outputs[k]);
    s->declared[leaf->id] = true;
    const char *name = *name_of(s, leaf) = emit_identifier(s->nodes.identifiers, s->simulator->outputs[k]->name);
    floe__text_printf(out, "%s%s = NAN", k ? ", " : "", name);
    s->read[leaf->id] = true;
  }
  floe__text_puts(out, ";\n");
}

static void write_results(struct simulator_writer *s) {
  for (size_t k = 0; k < s->simulator->n_output; k++) {
    const char *name = *name_of(s, simulator_leaf(&s->graph, s->simulator->outputs[k]));
    if (s->simulator->n_output == 1)
      floe__text_printf(out_of(s), "  return %s;\n", name);
    else
      floe__text_printf(out_of(s), "  outputs[%zu] = %s;\n", k, name);
  }
  floe__text_puts(out_of(s), "}\n\n");
}

static void reserve_draws(struct simulator_writer *s, const struct act *list) {
  for (const struct act *act = list; act; act = act->next) {
    if (act->kind == ACT_DRAW) identifiers_reserve(s->nodes.identifiers, act->value->external->symbol);
    reserve_draws(s, act->before);
    reserve_draws(s, act->body);
    reserve_draws(s, act->otherwise);
  }
}

void write_simulator(struct writer *w, const struct external *external) {
  static const char *const own[] = {"stream", "outputs", "at", "inside", "element", "pow"};
  struct simulator_writer *s = floe__arena_alloc(w->arena, sizeof *s);
  const size_t n_leaf = external->simulator->n_argument + external->simulator->n_local;
  struct floe__text text = {0};
  *s = (struct simulator_writer){.simulator = external->simulator};
  s->graph = derive_simulator(w->arena, w->study->program, external->simulator);
  s->nodes.out = &text;
  nodes_begin(&s->nodes, w, s->graph.graph, sizeof own / sizeof *own, own);
  reserve_draws(s, external->simulator->body);
  s->nodes.size_name = floe__arena_array(w->arena, s->graph.n_dimension + 1, sizeof *s->nodes.size_name);
  s->n_set = floe__arena_array(w->arena, n_leaf + 1, sizeof *s->n_set);
  s->read = floe__arena_array(w->arena, n_leaf + 1, sizeof *s->read);
  s->declared = floe__arena_array(w->arena, n_leaf + 1, sizeof *s->declared);
  survey(s, external->simulator->body);
  note_reads(s);
  write_head(s, external);
  write_declarations(s);
  write_acts(s, external->simulator->body);
  write_results(s);
  floe__text_append(&w->simulators, text.data, text.length);
  floe__text_free(&text);
}
