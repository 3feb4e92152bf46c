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
  unsigned *n_set;               /* (n_argument + n_local) acts that set the leaf */
  bool *read;                    /* (n_argument + n_local) */
  bool *declared;                /* (n_argument + n_local) */
  const char **turn;             /* (n_argument + n_local) of the number of a loop: its counter, from 1; else NULL */
  const struct dimension **over; /* (n_argument + n_local) and what the loop runs over */
  const char **room;             /* (n_act) CALL of a simulator that fills arrays of its own: where these go */
  const char *end, *total;       /* of the room for arrays: where it ends as yet, and how much that is */
};

static struct floe__text *out_of(struct simulator_writer *s) {
  return s->nodes.out;
}

static const char **name_of(struct simulator_writer *s, const struct variable *leaf) {
  return &s->nodes.name[node_value(s->graph.graph, leaf)->id];
}

/* How many nodes simulator_graph.items has for the act. */
static size_t n_items(const struct act *act) {
  return act->kind == ACT_CALL ? act->value->n_item : act->place ? act->local->type.n_dim : 0;
}

static bool gives_number(const struct simulator_writer *s) {
  return s->simulator->external->type.n_dim == 0;
}

/* ---- what is read and set, for what is declared const and what not at all ---- */

static void survey(struct simulator_writer *s, const struct act *list) {
  for (const struct act *act = list; act; act = act->next) {
    nodes_count(&s->nodes, s->graph.values[act->id]);
    for (size_t k = 0; k < n_items(act); k++) nodes_count(&s->nodes, s->graph.items[act->id][k]);
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

/* The locals that an act's expressions need; then they can be written. */
static void prepare(struct simulator_writer *s, const struct act *act) {
  nodes_forget(&s->nodes);
  nodes_count(&s->nodes, s->graph.values[act->id]);
  for (size_t k = 0; k < n_items(act); k++) nodes_count(&s->nodes, s->graph.items[act->id][k]);
  nodes_write_locals(&s->nodes);
}

static void write_end(struct simulator_writer *s) {
  nodes_indent(&s->nodes);
  floe__text_puts(out_of(s), "}\n");
}

/* The index set that the graph has for one of the text. */
static const struct dimension *dimension_here(const struct simulator_writer *s, const struct dimension *dimension) {
  for (size_t d = 0; d < s->graph.n_dimension; d++)
    if (s->graph.formal[d] == dimension) return s->graph.dimensions[d];
  return dimension;
}

static void write_extent_of(struct simulator_writer *s, const struct type *type) {
  for (size_t k = 0; k < type->n_dim; k++) {
    floe__text_puts(out_of(s), k ? " * " : "");
    nodes_write_size(&s->nodes, dimension_here(s, type->dim[k]));
  }
}

/* The output where it is an array by itself; NULL: there are numbers. */
static const struct variable *array_output(const struct simulator_writer *s) {
  const struct formal *output = s->simulator->outputs[0];
  return output->type.n_dim && s->simulator->n_output == 1 ? simulator_leaf(&s->graph, output) : NULL;
}

static void write_nans(struct simulator_writer *s, const struct type *type, const char *name) {
  nodes_indent(&s->nodes);
  floe__text_puts(out_of(s), "for (size_t k = 0; k < ");
  write_extent_of(s, type);
  floe__text_printf(out_of(s), "; k++) %s[k] = NAN;\n", name);
}

static void write_undefined(struct simulator_writer *s) {
  if (array_output(s) || outputs_packed(s->simulator)) {
    write_nans(s, &s->simulator->external->type, "outputs");
    return;
  }
  nodes_indent(&s->nodes);
  for (size_t k = 0; k < s->simulator->n_output; k++) floe__text_printf(out_of(s), "outputs[%zu] = ", k);
  floe__text_puts(out_of(s), "NAN;\n");
}

/* All outputs become undefined. */
static void write_give_up(struct simulator_writer *s) {
  if (gives_number(s)) {
    floe__text_puts(out_of(s), "return NAN;\n");
    return;
  }
  floe__text_puts(out_of(s), "{\n");
  s->nodes.depth++;
  write_undefined(s);
  nodes_indent(&s->nodes);
  floe__text_puts(out_of(s), "return;\n");
  s->nodes.depth--;
  write_end(s);
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

static void write_number_set(struct simulator_writer *s, const struct act *act) {
  const struct variable *leaf = simulator_leaf(&s->graph, act->local);
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

/* The counter of the loop whose current element the node is; NULL: the node is something else, or may lie outside. */
static const char *turn_over(struct simulator_writer *s, const struct node *node, const struct dimension *dimension) {
  if (node->kind != NODE_VALUE || s->over[node->variable->id] != dimension) return NULL;
  return s->turn[node->variable->id];
}

/* An element that is there whatever the sizes are. */
static bool write_sure_place(struct simulator_writer *s, const struct variable *array,
                             const struct node *const *place) {
  const size_t n = array->type.n_dim;
  const struct dimension **dim = array->type.dim;
  for (size_t k = 0; k < n; k++) {
    const bool number = place[k]->kind == NODE_CONST && place[k]->number >= 1 &&
                        place[k]->number <= (double)dim[k]->low && place[k]->number == (double)(size_t)place[k]->number;
    if (!number && !turn_over(s, place[k], dim[k])) return false;
  }
  floe__text_printf(out_of(s), "%s[", *name_of(s, array));
  for (size_t k = 0; k + 2 < n; k++) floe__text_puts(out_of(s), "(");
  for (size_t k = 0; k < n; k++) {
    const char *turn = turn_over(s, place[k], dim[k]);
    if (turn)
      floe__text_printf(out_of(s), n > 1 && k == 0 ? "(%s - 1)" : "%s - 1", turn);
    else
      floe__text_printf(out_of(s), "%zu", (size_t)place[k]->number - 1);
    if (k + 1 == n) break;
    floe__text_puts(out_of(s), k ? ") * " : " * ");
    nodes_write_size(&s->nodes, dim[k + 1]);
    floe__text_puts(out_of(s), " + ");
  }
  floe__text_puts(out_of(s), "] = ");
  return true;
}

static void write_element_set(struct simulator_writer *s, const struct act *act) {
  const struct variable *array = simulator_leaf(&s->graph, act->local);
  const struct node *const *place = s->graph.items[act->id];
  nodes_indent(&s->nodes);
  if (!write_sure_place(s, array, place)) {
    const char *position = emit_identifier(s->nodes.identifiers, "position");
    s->nodes.file->gathers = true;
    floe__text_printf(out_of(s), "const double %s = ", position);
    nodes_write_place(&s->nodes, array->type.n_dim, array->type.dim, place);
    floe__text_puts(out_of(s), ";\n");
    nodes_indent(&s->nodes);
    floe__text_printf(out_of(s), "if (!(%s >= 0)) ", position);
    write_give_up(s);
    nodes_indent(&s->nodes);
    floe__text_printf(out_of(s), "%s[(size_t)%s] = ", *name_of(s, array), position);
  }
  nodes_write(&s->nodes, s->graph.values[act->id]);
  floe__text_puts(out_of(s), ";\n");
}

static void write_set(struct simulator_writer *s, const struct act *act) {
  prepare(s, act);
  if (act->place)
    write_element_set(s, act);
  else
    write_number_set(s, act);
}

static void write_call(struct simulator_writer *s, const struct act *act) {
  const struct external *external = act->value->external;
  const struct node **args = s->graph.items[act->id];
  const bool array = external->type.n_dim > 0;
  const struct dimension *sizes[MAX_FORMAL_SIZES];
  prepare(s, act);
  if (!external->random || external->simulator || formal_sizes(external, sizes))
    declare_external(s->nodes.file, external);
  nodes_indent(&s->nodes);
  if (!array) write_left(s, act);
  floe__text_printf(out_of(s), external->random ? "%s(stream" : "%s(", external->symbol);
  size_t n = nodes_write_sizes(&s->nodes, external, args, external->random);
  for (size_t k = 0; k < external->n_formal; k++) {
    if (n++) floe__text_puts(out_of(s), ", ");
    nodes_write(&s->nodes, args[k]);
  }
  if (s->room[act->id]) floe__text_printf(out_of(s), ", %s", s->room[act->id]);
  if (array) floe__text_printf(out_of(s), ", %s", *name_of(s, simulator_leaf(&s->graph, act->local)));
  floe__text_puts(out_of(s), ");\n");
}

static void write_body(struct simulator_writer *s, const struct act *list) {
  const size_t mark = identifiers_enter(s->nodes.identifiers);
  s->nodes.depth++;
  write_acts(s, list);
  s->nodes.depth--;
  identifiers_leave(s->nodes.identifiers, mark);
}

static void write_if(struct simulator_writer *s, const struct act *act) {
  prepare(s, act);
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

static void write_while(struct simulator_writer *s, const struct act *act) {
  const size_t mark = identifiers_enter(s->nodes.identifiers);
  const char *turn = emit_identifier(s->nodes.identifiers, "turn");
  const struct node *condition = s->graph.values[act->id];
  nodes_indent(&s->nodes);
  floe__text_printf(out_of(s), "for (size_t %s = 0;; %s++) {\n", turn, turn);
  s->nodes.depth++;
  write_acts(s, act->before);
  prepare(s, act);
  nodes_indent(&s->nodes);
  floe__text_puts(out_of(s), "if (!(");
  nodes_write(&s->nodes, condition);
  floe__text_puts(out_of(s), ")) break;\n");
  nodes_indent(&s->nodes);
  floe__text_printf(out_of(s), "if (%s == %.0f) ", turn, act->limit);
  write_give_up(s);
  write_acts(s, act->body);
  s->nodes.depth--;
  write_end(s);
  identifiers_leave(s->nodes.identifiers, mark);
}

static void write_for(struct simulator_writer *s, const struct act *act) {
  const size_t mark = identifiers_enter(s->nodes.identifiers);
  const struct variable *leaf = simulator_leaf(&s->graph, act->local);
  const struct dimension *dimension = dimension_here(s, act->binder->dimension);
  const char *index = emit_identifier(s->nodes.identifiers, act->local->name);
  *name_of(s, leaf) = floe__arena_printf(s->nodes.file->arena, "(double)%s", index);
  s->turn[leaf->id] = index;
  s->over[leaf->id] = dimension;
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
      case ACT_CALL: write_call(s, act); break;
      case ACT_IF: write_if(s, act); break;
      case ACT_WHILE: write_while(s, act); break;
      case ACT_FOR: write_for(s, act); break;
    }
}

/* ---- the function ---- */

static void name_parameters(struct simulator_writer *s) {
  struct identifiers *identifiers = s->nodes.identifiers;
  for (size_t k = 0; k < s->graph.n_dimension; k++)
    s->nodes.size_name[k] =
        emit_identifier(identifiers, floe__arena_printf(s->nodes.file->arena, "n_%s", s->graph.dimensions[k]->name));
  for (size_t k = 0; k < s->simulator->n_argument; k++)
    *name_of(s, s->graph.leaves[k]) = emit_identifier(identifiers, s->simulator->arguments[k]->name);
}

static void write_head(struct simulator_writer *s, const struct external *external) {
  const struct simulator *simulator = s->simulator;
  struct floe__text *out = out_of(s);
  floe__text_printf(out, "static %s %s(struct floe_stream *stream", gives_number(s) ? "double" : "void",
                    external->symbol);
  for (size_t k = 0; k < s->graph.n_dimension; k++) floe__text_printf(out, ", size_t %s", s->nodes.size_name[k]);
  for (size_t k = 0; k < simulator->n_argument; k++)
    floe__text_printf(out, ", %s%s", simulator->arguments[k]->type.n_dim ? "const double *" : "double ",
                      *name_of(s, s->graph.leaves[k]));
  if (simulator->works) floe__text_puts(out, ", double *work");
  floe__text_puts(out, gives_number(s) ? ") {\n" : ", double *outputs) {\n");
}

/* How much room the arrays take. */
static void write_work(struct simulator_writer *s, const struct external *external, struct floe__text *out) {
  floe__text_printf(out, "static size_t %s_work(", external->symbol);
  for (size_t k = 0; k < s->graph.n_dimension; k++)
    floe__text_printf(out, "%ssize_t %s", k ? ", " : "", s->nodes.size_name[k]);
  floe__text_puts(out, s->graph.n_dimension ? ") {\n " : "void) {\n");
  for (size_t k = 0; k < s->graph.n_dimension; k++) floe__text_printf(out, " (void)%s;", s->nodes.size_name[k]);
  floe__text_printf(out, "%s  return %s;\n}\n\n", s->graph.n_dimension ? "\n" : "", s->total);
}

/* An array of its own, behind those before it. */
static void place_array(struct simulator_writer *s, const char *name, const char *extent) {
  struct floe__arena *arena = s->nodes.file->arena;
  floe__text_printf(out_of(s), "  double *const %s = %s;\n", name, s->end);
  s->end = floe__arena_printf(arena, "%s + %s", name, extent);
  s->total = s->total ? floe__arena_printf(arena, "%s + %s", s->total, extent) : extent;
}

static const char *captured(struct simulator_writer *s, struct floe__text *text, struct floe__text *out) {
  const char *copy = floe__arena_printf(s->nodes.file->arena, "%.*s", (int)text->length, text->data);
  floe__text_free(text);
  s->nodes.out = out;
  return copy;
}

static const char *extent_of(struct simulator_writer *s, const struct variable *array) {
  struct floe__text *out = s->nodes.out, text = {0};
  s->nodes.out = &text;
  write_extent_of(s, &array->type);
  return captured(s, &text, out);
}

/* Room for the arrays of the simulators that this one calls. */
static void place_called(struct simulator_writer *s, const struct act *list) {
  for (const struct act *act = list; act; act = act->next) {
    place_called(s, act->before);
    place_called(s, act->body);
    place_called(s, act->otherwise);
    const struct external *external = act->kind == ACT_CALL ? act->value->external : NULL;
    if (!external || !external->simulator || !external->simulator->works) continue;
    struct floe__text *out = s->nodes.out, text = {0};
    s->nodes.out = &text;
    floe__text_printf(&text, "%s_work(", external->symbol);
    nodes_write_sizes(&s->nodes, external, s->graph.items[act->id], 0);
    floe__text_puts(&text, ")");
    s->room[act->id] = emit_identifier(s->nodes.identifiers, "room");
    place_array(s, s->room[act->id], captured(s, &text, out));
  }
}

static void write_arrays(struct simulator_writer *s) {
  s->end = "work";
  for (size_t k = array_output(s) ? 1 : 0; k < s->simulator->n_local; k++) {
    const struct variable *leaf = s->graph.leaves[s->simulator->n_argument + k];
    if (!leaf->type.n_dim) continue;
    s->declared[leaf->id] = true;
    *name_of(s, leaf) = emit_identifier(s->nodes.identifiers, leaf->name);
    place_array(s, *name_of(s, leaf), extent_of(s, leaf));
    if (k < s->simulator->n_output) write_nans(s, &leaf->type, *name_of(s, leaf));
  }
  place_called(s, s->simulator->body);
}

static void write_declarations(struct simulator_writer *s) {
  struct floe__text *out = out_of(s);
  floe__text_puts(out, "  (void)stream;");
  for (size_t k = 0; k < s->graph.n_dimension; k++) floe__text_printf(out, " (void)%s;", s->nodes.size_name[k]);
  for (size_t k = 0; k < s->simulator->n_argument; k++)
    if (!s->read[k]) floe__text_printf(out, " (void)%s;", *name_of(s, s->graph.leaves[k]));
  floe__text_puts(out, "\n");
  const struct variable *array = array_output(s);
  bool any = false;
  if (array) {
    s->declared[array->id] = true;
    *name_of(s, array) = emit_identifier(s->nodes.identifiers, array->name);
    floe__text_printf(out, "  double *const %s = outputs;\n", *name_of(s, array));
    write_undefined(s);
  }
  if (s->simulator->works) write_arrays(s);
  for (size_t k = 0; k < s->simulator->n_output; k++) {
    const struct variable *leaf = simulator_leaf(&s->graph, s->simulator->outputs[k]);
    if (leaf->type.n_dim) continue;
    s->declared[leaf->id] = true;
    const char *name = *name_of(s, leaf) = emit_identifier(s->nodes.identifiers, s->simulator->outputs[k]->name);
    floe__text_printf(out, "%s%s = NAN", any ? ", " : "  double ", name);
    s->read[leaf->id] = any = true;
  }
  floe__text_puts(out, any ? ";\n" : "");
}

/* The element of the next dimension, below a place; no turn: its first. */
static const char *next_place(struct simulator_writer *s, const char *place, const struct dimension *dimension,
                              const char *turn) {
  struct floe__text *out = s->nodes.out, text = {0};
  s->nodes.out = &text;
  floe__text_printf(&text, strchr(place, ' ') ? "(%s) * " : "%s * ", place);
  nodes_write_size(&s->nodes, dimension_here(s, dimension));
  if (turn) floe__text_printf(&text, " + %s", turn);
  return captured(s, &text, out);
}

/* One output to its places among all. */
static void write_packed(struct simulator_writer *s, size_t output) {
  const struct variable *leaf = simulator_leaf(&s->graph, s->simulator->outputs[output]);
  const struct type *own = &leaf->type, *all = &s->simulator->external->type;
  const size_t mark = identifiers_enter(s->nodes.identifiers);
  const char *index[MAX_RANK] = {NULL}, *turn[MAX_RANK] = {NULL}; /* of the output; of all */
  const char *from = NULL, *to = floe__arena_printf(s->nodes.file->arena, "%zu", output);
  for (size_t d = 0; d < own->n_dim; d++, s->nodes.depth++) {
    index[d] = turn[packed_dimension(s->simulator, output, d)] = emit_identifier(s->nodes.identifiers, "i");
    nodes_indent(&s->nodes);
    floe__text_printf(out_of(s), "for (size_t %s = 0; %s < ", index[d], index[d]);
    nodes_write_size(&s->nodes, own->dim[d]);
    floe__text_printf(out_of(s), "; %s++)\n", index[d]);
    from = d ? next_place(s, from, own->dim[d], index[d]) : index[d];
  }
  for (size_t k = 1; k < all->n_dim; k++) to = next_place(s, to, all->dim[k], turn[k]);
  nodes_indent(&s->nodes);
  floe__text_printf(out_of(s), "outputs[%s] = %s", to, *name_of(s, leaf));
  if (from) floe__text_printf(out_of(s), "[%s]", from);
  floe__text_puts(out_of(s), ";\n");
  s->nodes.depth -= own->n_dim;
  identifiers_leave(s->nodes.identifiers, mark);
}

static void write_results(struct simulator_writer *s) {
  for (size_t k = 0; !array_output(s) && k < s->simulator->n_output; k++) {
    const char *name = *name_of(s, simulator_leaf(&s->graph, s->simulator->outputs[k]));
    if (outputs_packed(s->simulator))
      write_packed(s, k);
    else if (gives_number(s))
      floe__text_printf(out_of(s), "  return %s;\n", name);
    else
      floe__text_printf(out_of(s), "  outputs[%zu] = %s;\n", k, name);
  }
  floe__text_puts(out_of(s), "}\n\n");
}

static void reserve_called(struct simulator_writer *s, const struct act *list) {
  for (const struct act *act = list; act; act = act->next) {
    if (act->kind == ACT_CALL) identifiers_reserve(s->nodes.identifiers, act->value->external->symbol);
    reserve_called(s, act->before);
    reserve_called(s, act->body);
    reserve_called(s, act->otherwise);
  }
}

void write_simulator(struct writer *w, const struct external *external) {
  static const char *const own[] = {"stream", "outputs", "work", "at", "inside", "element", "pow"};
  struct simulator_writer *s = floe__arena_alloc(w->arena, sizeof *s);
  const size_t n_leaf = external->simulator->n_argument + external->simulator->n_local;
  struct floe__text text = {0};
  *s = (struct simulator_writer){.simulator = external->simulator};
  s->graph = derive_simulator(w->arena, w->study->program, external->simulator);
  s->nodes.out = &text;
  nodes_begin(&s->nodes, w, s->graph.graph, sizeof own / sizeof *own, own);
  reserve_called(s, external->simulator->body);
  s->nodes.size_name = floe__arena_array(w->arena, s->graph.n_dimension + 1, sizeof *s->nodes.size_name);
  s->n_set = floe__arena_array(w->arena, n_leaf + 1, sizeof *s->n_set);
  s->read = floe__arena_array(w->arena, n_leaf + 1, sizeof *s->read);
  s->declared = floe__arena_array(w->arena, n_leaf + 1, sizeof *s->declared);
  s->turn = floe__arena_array(w->arena, n_leaf + 1, sizeof *s->turn);
  s->over = floe__arena_array(w->arena, n_leaf + 1, sizeof *s->over);
  s->room = floe__arena_array(w->arena, external->simulator->n_act + 1, sizeof *s->room);
  survey(s, external->simulator->body);
  note_reads(s);
  name_parameters(s);
  write_head(s, external);
  write_declarations(s);
  write_acts(s, external->simulator->body);
  write_results(s);
  if (external->simulator->works) write_work(s, external, &w->simulators);
  floe__text_append(&w->simulators, text.data, text.length);
  floe__text_free(&text);
}
