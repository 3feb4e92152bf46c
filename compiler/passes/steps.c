/* Variables whose elements loops draw one after the other. */
#include <math.h>

#include "base/arena.h"
#include "compiler/passes/derive.h"

static struct graph *graph_of(const struct derivation *derivation) {
  return derivation->lowering.graph;
}

/* The element that the place is at: the first n_known of its indices. Bounds of its type and of what is censored stand in the
 * variable's own binders. */
static struct element element_at(const struct derivation *derivation, struct place place,
                                 const struct definition *member, const struct term *distribution, size_t n_known) {
  struct element element = {.place = place, .distribution = distribution, .step = true};
  element.indices = floe__arena_array(graph_of(derivation)->arena, member->n_binder, sizeof *element.indices);
  element.n_joint = distribution->type.n_dim;
  for (size_t k = 0; k < n_known; k++) element.indices[k] = lower_binder(place, member->binders[k]);
  for (size_t k = 0; k + element.n_joint < member->n_binder; k++)
    element.place = place_also(element.place, member->variable->binders[k], element.indices[k]);
  return element;
}

/* ---- element by element, each by itself ---- */

static bool all_same_constant(const struct node *const *nodes, size_t n) {
  for (size_t k = 0; k < n; k++)
    if (nodes[k] != nodes[0]) return false;
  return nodes[0]->kind == NODE_CONST;
}

struct each_by_itself {
  struct derivation *derivation;
  const struct definition *steps;
  size_t n_joint; /* of a draw, for whose numbers together the quantity is; 0: for one of them */
  step_quantity quantity;
  void *context;
};

/* Over the numbers that are drawn one by one here, and at once at other steps: the sum of their quantities, without those of
 * which there is nothing to say (NaN); or whether there is something to say of any. */
static const struct node *over_apart(const struct each_by_itself *each, struct place place, size_t n_apart,
                                     const struct term *distribution, enum reduction reduction) {
  struct graph *graph = graph_of(each->derivation);
  const struct definition *steps = each->steps;
  const size_t n = steps->n_binder;
  const struct graph_binder **open = floe__arena_array(graph->arena, n_apart + 1, sizeof *open);
  for (size_t k = 0; k < n_apart; k++) {
    const struct binder *binder = steps->binders[n - n_apart + k];
    place = place_within(place, binder, binder->dimension, binder->name, &open[k]);
  }
  struct element element = element_at(each->derivation, place, steps, distribution, n - each->n_joint + n_apart);
  if (!each->n_joint) element.n_joint = 0;
  const struct node *node = each->quantity(each->derivation, &element, steps, each->context);
  if (n_apart && isnan(each->derivation->nothing->number)) {
    const struct node *something = node_binary(graph, OP_EQ, node, node);
    node = reduction == REDUCE_ANY ? something : node_select(graph, something, node, node_const(graph, 0));
  }
  for (size_t k = n_apart; k-- > 0;) node = node_reduce(graph, reduction, open[k], node);
  return node;
}

/* At the place along the recurrence. */
static const struct node *quantity_at(const struct each_by_itself *each, struct place place,
                                      const struct term *distribution) {
  const size_t n_apart = each->n_joint ? each->n_joint - distribution->type.n_dim : 0;
  const struct node *node = over_apart(each, place, n_apart, distribution, REDUCE_SUM);
  const struct node *nothing = each->derivation->nothing;
  if (!n_apart || !isnan(nothing->number)) return node;
  return node_select(graph_of(each->derivation), over_apart(each, place, n_apart, distribution, REDUCE_ANY), node,
                     nothing);
}

const struct node *derive_steps(struct derivation *derivation, const struct definition *steps, const struct node *given,
                                const struct element *whole, step_quantity quantity, void *context) {
  struct graph *graph = graph_of(derivation);
  const struct recurrence *recurrence = steps->recurrence;
  const struct node *const *indices = whole->indices;
  const struct each_by_itself each = {derivation, steps, whole->n_joint, quantity, context};
  const struct place place = place_of_element(place_of_spec(&derivation->lowering), steps, indices);
  const struct node **nodes = floe__arena_array(graph->arena, recurrence->start, sizeof *nodes);
  const struct graph_binder *open;
  for (size_t k = 0; k + 1 < recurrence->start; k++) {
    const struct node *here = node_const(graph, (double)k + 1);
    const bool is_given = given && steps->given[k];
    nodes[k] = is_given ? given : quantity_at(&each, place_at(place, recurrence->binder, here), steps->initial[k]);
  }
  struct place inside =
      place_within(place, recurrence->binder, recurrence->binder->dimension, recurrence->binder->name, &open);
  nodes[recurrence->start - 1] = quantity_at(&each, inside, steps->value);
  if (all_same_constant(nodes, recurrence->start)) {
    graph_close(graph, open);
    return nodes[0];
  }
  const struct node *array = recurrence->start == 1
                                 ? node_map(graph, 1, &open, nodes[0])
                                 : node_project(graph, node_scan(graph, open, recurrence->start, 1, nodes), 0);
  return node_gather(graph, array, indices + place_along(steps));
}

/* ---- one after the other ---- */

struct drawn_steps {
  struct derivation *derivation;
  step_quantity quantity;
  void *context;
};

static const struct node *draw_step(void *context, struct place place, const struct definition *member,
                                    const struct term *distribution) {
  const struct drawn_steps *drawn = context;
  struct element element = element_at(drawn->derivation, place, member, distribution, member->n_binder);
  return drawn->quantity(drawn->derivation, &element, member, drawn->context);
}

const struct node *derive_drawn_steps(struct derivation *derivation, const struct definition *steps,
                                      bool (*together)(const struct variable *a, const struct variable *b),
                                      const struct node *const *indices, step_quantity quantity, void *context) {
  const struct recurrence *recurrence = steps->recurrence;
  bool *wanted = floe__arena_array(graph_of(derivation)->arena, recurrence->n_definition, sizeof *wanted);
  for (size_t k = 0; k < recurrence->n_definition; k++) {
    const struct definition *member = recurrence->definitions[k];
    wanted[k] = steps->needs[k] && (!member->variable || together(member->variable, steps->variable));
  }
  struct drawn_steps drawn = {derivation, quantity, context};
  struct steps all = {recurrence, wanted, draw_step, &drawn};
  return lower_steps(place_in_plate(place_of_spec(&derivation->lowering), steps, indices), &all, steps, indices);
}
