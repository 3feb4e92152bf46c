/* Recurrences: definitions, and variables drawn element by element, as one scan. */
#include "base/arena.h"
#include "compiler/passes/lower.h"

#define NO_OUTPUT SIZE_MAX

/* A recurrence that is being lowered. */
struct stepping {
  const struct steps *steps;
  struct place outside;
  const struct graph_binder *open;
  const size_t *output; /* (n_definition) first of its places among the scan's outputs; NO_OUTPUT: not computed here */
  const struct node **nodes; /* as NODE_SCAN's args; NULL where not lowered yet */
  const struct stepping *outer;
};

static struct graph *graph_of(struct place place) {
  return place.lowering->graph;
}

/* ---- elements of members ---- */

/* Whether elements go together along the dimension: it is beside the recurrence's and those of its plate. */
static bool is_beside(const struct definition *member, size_t k) {
  const struct recurrence *recurrence = member->recurrence;
  bool other = member->binders[k] != recurrence->binder;
  for (size_t j = 0; j < recurrence->n_plate; j++) other = other && member->binders[k] != recurrence->plate[j];
  return other;
}

/* How many elements go together; of those from dimension `first` on. */
static size_t n_beside(const struct definition *member, size_t first) {
  size_t n = 1;
  for (size_t k = first; k < member->n_binder; k++)
    if (is_beside(member, k)) n *= member->binders[k]->dimension->high;
  return n;
}

/* One draw at once is the same for all of its elements, and not counted by these. */
static struct place place_beside(struct place place, const struct definition *member, const struct term *term,
                                 size_t which) {
  const bool at_once = member->variable && term->type.n_dim;
  for (size_t k = 0; k < member->n_binder; k++) {
    if (!is_beside(member, k)) continue;
    const size_t size = member->binders[k]->dimension->high;
    const struct node *number = node_const(graph_of(place), (double)(which / n_beside(member, k + 1) % size + 1));
    place = at_once ? place_also(place, member->binders[k], number) : place_at(place, member->binders[k], number);
  }
  return place;
}

static const struct node *element_of_member(const struct stepping *stepping, struct place place,
                                            const struct definition *member, const struct term *term) {
  if (!member->variable) return lower(place, term);
  return stepping->steps->draw(stepping->steps->context, place, member, term);
}

/* Initial elements are lowered when they are first used: those of definitions are told in another order than the loop's
 * statements. */
static const struct node *initial_element(const struct stepping *stepping, size_t member, size_t which,
                                          size_t element) {
  const struct recurrence *recurrence = stepping->steps->recurrence;
  const struct definition *d = recurrence->definitions[member];
  const struct node **node = &stepping->nodes[(stepping->output[member] + which) * recurrence->start + element - 1];
  if (*node) return *node;
  const struct node *number = node_const(graph_of(stepping->outside), (double)element);
  struct place place = stepping->outside;
  place.stepping = stepping;
  place = place_beside(place_at(place, recurrence->binder, number), d, d->initial[element - 1], which);
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
      if (member->binders[j] == recurrence->plate[k] && indices[j])
        place = place_at(place, member->binders[j], indices[j]);
  return place;
}

struct place place_of_element(struct place place, const struct definition *member, const struct node *const *indices) {
  place = place_in_plate(place, member, indices);
  for (size_t k = 0; k < member->n_binder; k++)
    if (is_beside(member, k) && indices[k]) place = place_at(place, member->binders[k], indices[k]);
  return place;
}

/* Element `which` beside the recurrence's dimension, at a step that `index` names: this one, or an earlier one. */
static const struct node *element_of_step(struct place place, const struct stepping *stepping, size_t member,
                                          size_t which, const struct node *index, enum base base) {
  const struct recurrence *recurrence = stepping->steps->recurrence;
  size_t output = stepping->output[member] + which;
  if (index->kind == NODE_CONST) return initial_element(stepping, member, which, (size_t)index->number);
  if (index->kind == NODE_BINDER) return stepping->nodes[(output + 1) * recurrence->start - 1];
  double shift = index->args[1]->number;
  size_t lag = (size_t)(index->op == OP_SUB ? shift : -shift);
  return node_previous(graph_of(place), stepping->open, output, lag, base);
}

/* The element that the indices name of those that go together; `items` is used up. */
static const struct node *one_beside(struct place place, const struct definition *member,
                                     const struct node *const *indices, const struct node **items) {
  struct graph *graph = graph_of(place);
  size_t n = n_beside(member, 0);
  for (size_t k = member->n_binder; k-- > 0;) {
    if (!is_beside(member, k)) continue;
    const struct dimension *dimension = member->binders[k]->dimension;
    n /= dimension->high;
    for (size_t row = 0; row < n; row++)
      items[row] = node_gather(graph, node_literal(graph, dimension, dimension->high, items + row * dimension->high),
                               indices + k);
  }
  return items[0];
}

/* Which of those that go together is meant, where that is known; else NO_OUTPUT. */
static size_t known_beside(const struct definition *member, const struct node *const *indices) {
  size_t which = 0;
  for (size_t k = 0; k < member->n_binder; k++) {
    if (!is_beside(member, k)) continue;
    const double size = (double)member->binders[k]->dimension->high;
    if (indices[k]->kind != NODE_CONST || !(indices[k]->number >= 1 && indices[k]->number <= size)) return NO_OUTPUT;
    which = which * member->binders[k]->dimension->high + (size_t)indices[k]->number - 1;
  }
  return which;
}

const struct node *lower_step(struct place place, const struct term *array, const struct node *const *indices) {
  const struct stepping *stepping = place.stepping;
  size_t member = NO_OUTPUT;
  if (array->kind != TERM_VARIABLE && array->kind != TERM_DEFINITION) return NULL;
  for (; stepping; stepping = stepping->outer)
    if ((member = member_named(stepping, array)) != NO_OUTPUT) break;
  if (!stepping) return NULL;
  const struct recurrence *recurrence = stepping->steps->recurrence;
  const struct definition *d = recurrence->definitions[member];
  const struct node *index = indices[place_along(d)];
  enum base base = array->kind == TERM_VARIABLE ? array->variable->type.base : array->definition->type.base;
  const size_t known = known_beside(d, indices), n = n_beside(d, 0);
  if (known != NO_OUTPUT) return element_of_step(place, stepping, member, known, index, base);
  const struct node **items = floe__arena_array(graph_of(place)->arena, n, sizeof *items);
  for (size_t which = 0; which < n; which++)
    items[which] = element_of_step(place, stepping, member, which, index, base);
  return one_beside(place, d, indices, items);
}

/* ---- the scan ---- */

static const size_t *outputs_of(struct place place, const struct steps *steps, size_t *n) {
  size_t *output = floe__arena_array(graph_of(place)->arena, steps->recurrence->n_definition + 1, sizeof *output);
  *n = 0;
  for (size_t k = 0; k < steps->recurrence->n_definition; k++) {
    output[k] = steps->wanted[k] ? *n : NO_OUTPUT;
    if (steps->wanted[k]) *n += n_beside(steps->recurrence->definitions[k], 0);
  }
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
      for (size_t which = 0; stepping->output[k] != NO_OUTPUT && which < n_beside(recurrence->definitions[k], 0); which++)
        initial_element(stepping, k, which, element);
  struct place inside =
      place_within(place, recurrence->binder, recurrence->binder->dimension, recurrence->binder->name, &stepping->open);
  inside.stepping = stepping;
  for (size_t k = 0; k < recurrence->n_definition; k++) {
    const struct definition *d = recurrence->definitions[k];
    if (stepping->output[k] == NO_OUTPUT) continue;
    for (size_t which = 0; which < n_beside(d, 0); which++)
      stepping->nodes[(stepping->output[k] + which + 1) * start - 1] =
          element_of_member(stepping, place_beside(inside, d, d->value, which), d, d->value);
  }
  return node_scan(graph_of(place), stepping->open, start, n, stepping->nodes);
}

const struct node *lower_steps(struct place place, const struct steps *steps, const struct definition *member,
                               const struct node *const *indices) {
  struct graph *graph = graph_of(place);
  struct stepping stepping = {.steps = steps, .outside = place, .outer = place.stepping};
  const struct node *scan = lower_scan(place, steps, &stepping);
  size_t k = 0, n = n_beside(member, 0);
  while (steps->recurrence->definitions[k] != member) k++;
  const struct node **items = floe__arena_array(graph->arena, n, sizeof *items);
  for (size_t which = 0; which < n; which++) {
    const struct node *array = node_project(graph, scan, stepping.output[k] + which);
    node_name(array, member->name);
    items[which] = node_gather(graph, array, indices + place_along(member));
  }
  return one_beside(place, member, indices, items);
}

static bool *all_values(struct place place, const struct recurrence *recurrence) {
  bool *values = floe__arena_array(graph_of(place)->arena, recurrence->n_definition + 1, sizeof *values);
  for (size_t k = 0; k < recurrence->n_definition; k++) values[k] = !recurrence->definitions[k]->variable;
  return values;
}

/* A scan for each element of the plate, which stands inside the loops of the array. */
static const struct node *lower_with_more(struct place place, const struct steps *steps,
                                          const struct definition *member) {
  struct graph *graph = graph_of(place);
  const struct graph_binder **open = floe__arena_array(graph->arena, member->n_binder, sizeof *open);
  const struct node **indices = floe__arena_array(graph->arena, member->n_binder, sizeof *indices);
  for (size_t k = 0; k < member->n_binder; k++) {
    open[k] = graph_open(graph, member->binders[k]->dimension, member->binders[k]->name);
    indices[k] = node_binder(graph, open[k]);
  }
  const struct node *element = lower_steps(place_in_plate(place, member, indices), steps, member, indices);
  return node_map(graph, member->n_binder, open, element);
}

const struct node *lower_recurrence(struct place place, struct frame *frame, const struct definition *wanted) {
  const struct recurrence *recurrence = wanted->recurrence;
  struct steps steps = {.recurrence = recurrence, .wanted = all_values(place, recurrence)};
  if (recurrence->n_plate || recurrence->coupled) {
    const struct node *array = lower_with_more(place, &steps, wanted);
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
