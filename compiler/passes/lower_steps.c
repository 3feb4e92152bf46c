/* Recurrences: definitions, and variables drawn element by element, as one scan. */
#include "base/arena.h"
#include "compiler/passes/lower.h"

#define NO_OUTPUT SIZE_MAX

/* A recurrence that is being lowered. */
struct stepping {
  const struct steps *steps;
  struct place outside;
  const struct graph_binder *open;
  const size_t *output;      /* (n_definition) place among the scan's outputs; NO_OUTPUT: not computed here */
  const struct node **nodes; /* as NODE_SCAN's args; NULL where not lowered yet */
  const struct stepping *outer;
};

static struct graph *graph_of(struct place place) {
  return place.lowering->graph;
}

/* ---- elements of members ---- */

static const struct node *element_of_member(const struct stepping *stepping, struct place place,
                                            const struct definition *member, const struct term *term) {
  if (!member->variable) return lower(place, term);
  return stepping->steps->draw(stepping->steps->context, place, member, term);
}

/* Initial elements are lowered when they are first used: those of definitions are told in another order than the loop's
 * statements. */
static const struct node *initial_element(const struct stepping *stepping, size_t member, size_t element) {
  const struct recurrence *recurrence = stepping->steps->recurrence;
  const struct definition *d = recurrence->definitions[member];
  const struct node **node = &stepping->nodes[stepping->output[member] * recurrence->start + element - 1];
  if (*node) return *node;
  const struct node *number = node_const(graph_of(stepping->outside), (double)element);
  struct place place = stepping->outside;
  place.stepping = stepping;
  place = place_at(place, recurrence->binder, number);
  return *node = element_of_member(stepping, place, d, d->initial[element - 1]);
}

static size_t member_named(const struct stepping *stepping, const struct term *array) {
  const struct recurrence *recurrence = stepping->steps->recurrence;
  for (size_t k = 0; k < recurrence->n_definition; k++) {
    const struct definition *d = recurrence->definitions[k];
    bool named = array->kind == TERM_VARIABLE ? d->variable == array->variable : d == array->definition;
    if (named && stepping->output[k] != NO_OUTPUT) return k;
  }
  return NO_OUTPUT;
}

size_t place_along(const struct definition *member) {
  size_t along = 0;
  while (member->binders[along] != member->recurrence->binder) along++;
  return along;
}

struct place place_in_plate(struct place place, const struct definition *member, const struct node *const *indices) {
  const struct recurrence *recurrence = member->recurrence;
  for (size_t k = 0; k < recurrence->n_plate; k++)
    for (size_t j = 0; j < member->n_binder; j++)
      if (member->binders[j] == recurrence->plate[k]) place = place_at(place, member->binders[j], indices[j]);
  return place;
}

const struct node *lower_step(struct place place, const struct term *array, const struct node *const *indices) {
  const struct stepping *stepping = place.stepping;
  size_t member = NO_OUTPUT;
  if (array->kind != TERM_VARIABLE && array->kind != TERM_DEFINITION) return NULL;
  for (; stepping; stepping = stepping->outer)
    if ((member = member_named(stepping, array)) != NO_OUTPUT) break;
  if (!stepping) return NULL;
  const struct recurrence *recurrence = stepping->steps->recurrence;
  size_t output = stepping->output[member];
  const struct node *index = indices[place_along(recurrence->definitions[member])];
  if (index->kind == NODE_CONST) return initial_element(stepping, member, (size_t)index->number);
  if (index->kind == NODE_BINDER) return stepping->nodes[(output + 1) * recurrence->start - 1];
  double shift = index->args[1]->number;
  size_t lag = (size_t)(index->op == OP_SUB ? shift : -shift);
  enum base base = array->kind == TERM_VARIABLE ? array->variable->type.base : array->definition->type.base;
  return node_previous(graph_of(place), stepping->open, output, lag, base);
}

/* ---- the scan ---- */

static const size_t *outputs_of(struct place place, const struct steps *steps, size_t *n) {
  size_t *output = floe__arena_array(graph_of(place)->arena, steps->recurrence->n_definition + 1, sizeof *output);
  *n = 0;
  for (size_t k = 0; k < steps->recurrence->n_definition; k++) output[k] = steps->wanted[k] ? (*n)++ : NO_OUTPUT;
  return output;
}

/* Initial elements before the loop opens, then one body after the other: each may use those before it. */
static const struct node *lower_scan(struct place place, const struct steps *steps, struct stepping *stepping) {
  const struct recurrence *recurrence = steps->recurrence;
  size_t n, start = recurrence->start;
  stepping->output = outputs_of(place, steps, &n);
  stepping->nodes = floe__arena_array(graph_of(place)->arena, n * start + 1, sizeof *stepping->nodes);
  for (size_t element = 1; element < start; element++)
    for (size_t k = 0; k < recurrence->n_definition; k++)
      if (stepping->output[k] != NO_OUTPUT) initial_element(stepping, k, element);
  struct place inside =
      place_within(place, recurrence->binder, recurrence->binder->dimension, recurrence->binder->name, &stepping->open);
  inside.stepping = stepping;
  for (size_t k = 0; k < recurrence->n_definition; k++) {
    const struct definition *d = recurrence->definitions[k];
    if (stepping->output[k] == NO_OUTPUT) continue;
    stepping->nodes[(stepping->output[k] + 1) * start - 1] =
        element_of_member(stepping, inside, d, d->value);
  }
  return node_scan(graph_of(place), stepping->open, start, n, stepping->nodes);
}

const struct node *lower_steps(struct place place, const struct steps *steps, const struct definition *member) {
  struct stepping stepping = {.steps = steps, .outside = place, .outer = place.stepping};
  const struct node *scan = lower_scan(place, steps, &stepping);
  size_t k = 0;
  while (steps->recurrence->definitions[k] != member) k++;
  return node_project(graph_of(place), scan, stepping.output[k]);
}

static bool *all_values(struct place place, const struct recurrence *recurrence) {
  bool *values = floe__arena_array(graph_of(place)->arena, recurrence->n_definition + 1, sizeof *values);
  for (size_t k = 0; k < recurrence->n_definition; k++) values[k] = !recurrence->definitions[k]->variable;
  return values;
}

/* A scan for each element of the plate; the loops of the plate stand around it, so each member has a scan of its own, equal
 * to that of the others. */
static const struct node *lower_in_plate(struct place place, const struct steps *steps,
                                         const struct definition *member) {
  struct graph *graph = graph_of(place);
  const struct recurrence *recurrence = steps->recurrence;
  const struct graph_binder **open = floe__arena_array(graph->arena, member->n_binder, sizeof *open), *here;
  const struct graph_binder **plate = floe__arena_array(graph->arena, member->n_binder, sizeof *plate);
  for (size_t k = 0; k < recurrence->n_plate; k++)
    place = place_within(place, recurrence->plate[k], recurrence->plate[k]->dimension, recurrence->plate[k]->name,
                         &plate[k]);
  const struct node *array = lower_steps(place, steps, member);
  place_within(place, recurrence->binder, recurrence->binder->dimension, recurrence->binder->name, &here);
  for (size_t k = 0; k < member->n_binder; k++) {
    open[k] = here;
    for (size_t j = 0; j < recurrence->n_plate; j++)
      if (member->binders[k] == recurrence->plate[j]) open[k] = plate[j];
  }
  const struct node *number = node_binder(graph, here);
  return node_map(graph, member->n_binder, open, node_gather(graph, array, &number));
}

const struct node *lower_recurrence(struct place place, struct frame *frame, const struct definition *wanted) {
  const struct recurrence *recurrence = wanted->recurrence;
  struct steps steps = {.recurrence = recurrence, .wanted = all_values(place, recurrence)};
  if (recurrence->n_plate) {
    const struct node *array = lower_in_plate(place, &steps, wanted);
    node_name(array, wanted->name);
    frame_define(place, frame, wanted, array);
    return array;
  }
  struct stepping stepping = {.steps = &steps, .outside = place, .outer = place.stepping};
  const struct node *scan = lower_scan(place, &steps, &stepping), *result = NULL;
  for (size_t k = 0; k < recurrence->n_definition; k++) {
    const struct definition *d = recurrence->definitions[k];
    if (!steps.wanted[k]) continue;
    const struct node *array = node_project(graph_of(place), scan, stepping.output[k]);
    node_name(array, d->name);
    frame_define(place, frame, d, array);
    if (d == wanted) result = array;
  }
  return result;
}
