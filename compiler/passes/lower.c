#include "compiler/passes/lower.h"

#include "base/arena.h"

#define MAX_OPEN 16

static struct graph *graph_of(struct place place) {
  return place.lowering->graph;
}
static struct floe__arena *arena_of(struct place place) {
  return place.lowering->graph->arena;
}

/* ---- frames ---- */

struct place place_of_spec(struct lowering *lowering) {
  return (struct place){.lowering = lowering, .frame = &lowering->spec};
}

struct place place_inlined(struct place place) {
  struct frame *frame = floe__arena_alloc(arena_of(place), sizeof *frame);
  frame->loops = place.loops;
  frame->site = place.frame->site;
  return (struct place){.lowering = place.lowering, .frame = frame, .loops = place.loops};
}

static void remember(struct place place, struct frame *frame, const void *of, const struct node *node) {
  struct meaning *meaning = floe__arena_alloc(arena_of(place), sizeof *meaning);
  *meaning = (struct meaning){of, node, frame->meanings};
  frame->meanings = meaning;
}

static const struct node *recall(const struct frame *frame, const void *of) {
  for (const struct meaning *meaning = frame->meanings; meaning; meaning = meaning->next)
    if (meaning->of == of) return meaning->node;
  return NULL;
}

static bool is_of_spec(const struct program *program, const struct definition *definition) {
  return definition->id < program->n_definition && program->definitions[definition->id] == definition;
}

void frame_define(struct place place, struct frame *frame, const struct definition *definition,
                  const struct node *node) {
  const struct program *program = place.lowering->program;
  if (!is_of_spec(program, definition)) {
    remember(place, frame, definition, node);
    return;
  }
  if (!frame->definitions)
    frame->definitions = floe__arena_array(arena_of(place), program->n_definition, sizeof *frame->definitions);
  frame->definitions[definition->id] = node;
}

static const struct dimension *actual(struct place place, const struct dimension *dimension) {
  for (const struct dimension_pair *pair = place.frame->dimensions; pair; pair = pair->next)
    if (pair->formal == dimension) return pair->actual;
  return dimension;
}

void frame_fit(struct place place, const struct type *formal, const struct dimension *const *dim) {
  for (size_t k = 0; k < formal->n_dim; k++) {
    const struct dimension *dimension = formal->dim[k];
    if (!dimension->formal || dim[k] == dimension || actual(place, dimension) != dimension) continue;
    struct dimension_pair *pair = floe__arena_alloc(arena_of(place), sizeof *pair);
    *pair = (struct dimension_pair){dimension, dim[k], place.frame->dimensions};
    place.frame->dimensions = pair;
  }
}

void place_inherit(struct place outer, struct place inner, const struct type *formal) {
  const struct dimension *dim[16];
  for (size_t k = 0; k < formal->n_dim; k++) dim[k] = actual(outer, formal->dim[k]);
  frame_fit(inner, formal, dim);
}

void frame_bind(struct place place, const struct formal *formal, const struct node *node) {
  remember(place, place.frame, formal, node);
  if (node->n_dim == formal->type.n_dim) frame_fit(place, &formal->type, node->dim);
}

/* ---- loops ---- */

struct place place_at(struct place place, const struct binder *binder, const struct node *number) {
  struct loops *loops = floe__arena_alloc(arena_of(place), sizeof *loops);
  *loops = (struct loops){.binder = binder, .number = number, .outer = place.loops};
  place.loops = loops;
  return place;
}

struct place place_also(struct place place, const struct binder *binder, const struct node *number) {
  struct loops *loops = floe__arena_alloc(arena_of(place), sizeof *loops);
  *loops = (struct loops){.binder = binder, .number = number, .also = true, .outer = place.loops};
  place.loops = loops;
  return place;
}

struct place place_within(struct place place, const struct binder *binder, const struct dimension *dimension,
                          const char *name, const struct graph_binder **open) {
  *open = graph_open(graph_of(place), actual(place, dimension), name);
  return place_at(place, binder, node_binder(graph_of(place), *open));
}

static struct place place_within_all(struct place place, size_t n, const struct binder *const *binders,
                                     const struct graph_binder **open) {
  for (size_t k = 0; k < n; k++)
    place = place_within(place, binders[k], binders[k]->dimension, binders[k]->name, &open[k]);
  return place;
}

const struct node *lower_binder(struct place place, const struct binder *binder) {
  for (const struct loops *loops = place.loops; loops; loops = loops->outer)
    if (loops->binder == binder) return loops->number;
  return node_const(graph_of(place), 1); /* not reached: meaning/ scopes binders */
}

static const struct node *lower_map(struct place place, size_t n, const struct binder *const *binders,
                                    const struct term *element) {
  const struct graph_binder **open = floe__arena_array(arena_of(place), n + 1, sizeof *open);
  const struct node *body = lower(place_within_all(place, n, binders, open), element);
  return node_map(graph_of(place), n, open, body);
}

static const struct node *lower_reduce(struct place place, const struct term *term) {
  const struct graph_binder **open = floe__arena_array(arena_of(place), term->n_binder + 1, sizeof *open);
  const struct node *node = lower(place_within_all(place, term->n_binder, term->binders, open), term->items[0]);
  for (size_t k = term->n_binder; k-- > 0;) node = node_reduce(graph_of(place), term->reduction, open[k], node);
  return node;
}

/* ---- definitions ---- */

static const struct node *defined(const struct frame *frame, const struct definition *definition, bool of_spec) {
  if (!of_spec) return recall(frame, definition);
  return frame->definitions ? frame->definitions[definition->id] : NULL;
}

/* Lowered once, in its own surroundings rather than in those of its use. */
const struct node *lower_definition(struct place place, const struct definition *definition) {
  bool of_spec = is_of_spec(place.lowering->program, definition);
  struct frame *frame = of_spec ? &place.lowering->spec : place.frame;
  const struct node *node = defined(frame, definition, of_spec);
  if (node) return node;
  struct place own = {.lowering = place.lowering, .frame = frame, .loops = frame->loops};
  if (definition->recurrence) return lower_recurrence(own, frame, definition);
  if (definition->n_binder)
    node = lower_map(own, definition->n_binder, definition->binders, definition->value);
  else
    node = lower(own, definition->value);
  node_name(node, definition->name);
  frame_define(place, frame, definition, node);
  return node;
}

/* ---- elements ---- */

static const struct node *lower_element(struct place place, const struct term *term) {
  const struct node **indices = floe__arena_array(arena_of(place), term->n_item, sizeof *indices);
  for (size_t k = 1; k < term->n_item; k++) indices[k - 1] = lower(place, term->items[k]);
  const struct node *step = lower_step(place, term->items[0], indices);
  if (step) return step;
  return node_gather(graph_of(place), lower(place, term->items[0]), indices);
}

/* ---- operations ---- */

static const struct node *operation(struct graph *graph, const struct term *term, const struct node *const *args) {
  if (term->kind == TERM_SELECT) return node_select(graph, args[0], args[1], args[2]);
  if (term->kind == TERM_CHOOSE) return node_choose(graph, term->axis, args);
  return node_operator(graph, term->op, term->n_item, args);
}

/* Operations are scalar in the graph: those on whole arrays become one per element. */
static const struct node *elementwise(struct place place, const struct term *term, const struct node *const *args,
                                      const struct node *array) {
  struct graph *graph = graph_of(place);
  const struct graph_binder *open[MAX_OPEN];
  const struct node *indices[MAX_OPEN];
  const struct node **elements = floe__arena_array(arena_of(place), term->n_item + 1, sizeof *elements);
  for (size_t k = 0; k < array->n_dim; k++) {
    open[k] = graph_open(graph, array->dim[k], array->dim[k]->name);
    indices[k] = node_binder(graph, open[k]);
  }
  for (size_t k = 0; k < term->n_item; k++)
    elements[k] = args[k] && args[k]->n_dim ? node_gather(graph, args[k], indices) : args[k];
  return node_map(graph, array->n_dim, open, operation(graph, term, elements));
}

static const struct node *lower_operation(struct place place, const struct term *term) {
  const struct node **args = floe__arena_array(arena_of(place), term->n_item + 1, sizeof *args);
  const struct node *array = NULL;
  for (size_t k = 0; k < term->n_item; k++) {
    if (!term->items[k]) continue;
    args[k] = lower(place, term->items[k]);
    if (!array && args[k]->n_dim) array = args[k];
  }
  return array ? elementwise(place, term, args, array) : operation(graph_of(place), term, args);
}

static const struct node *lower_call(struct place place, const struct term *term) {
  struct place inside = place_inlined(place);
  for (size_t k = 0; k < term->n_item; k++)
    frame_bind(inside, term->function->formals[k], lower(place, term->items[k]));
  return lower(inside, term->function->value);
}

static size_t n_loops(const struct loops *loops) {
  size_t n = 0;
  for (; loops; loops = loops->outer) n += !loops->also;
  return n;
}

static const struct node *lower_extern(struct place place, const struct term *term) {
  struct graph *graph = graph_of(place);
  const struct external *external = term->external;
  size_t n_key = external->random ? n_loops(place.loops) : 0, n = external->n_formal;
  const struct node **args = floe__arena_array(arena_of(place), n + n_key + 1, sizeof *args);
  const struct dimension **dim = floe__arena_array(arena_of(place), term->type.n_dim + 1, sizeof *dim);
  for (size_t k = 0; k < n; k++) args[k] = lower(place, term->items[k]);
  for (size_t k = 0; k < term->type.n_dim; k++) dim[k] = actual(place, term->type.dim[k]);
  if (!external->random) return node_extern(graph, external, term->type.base, term->type.n_dim, dim, args);
  for (const struct loops *loops = place.loops; loops; loops = loops->outer)
    if (!loops->also) args[n + --n_key] = loops->number;
  return node_draw(graph, external, dim, (*place.frame->site)++, n_loops(place.loops), args);
}

static const struct node *lower_literal(struct place place, const struct term *term) {
  const struct node **items = floe__arena_array(arena_of(place), term->n_item + 1, sizeof *items);
  for (size_t k = 0; k < term->n_item; k++) items[k] = lower(place, term->items[k]);
  return node_literal(graph_of(place), actual(place, term->type.dim[0]), term->n_item, items);
}

/* Whether the axis takes the option: a choice between truths. */
static const struct node *lower_axis_is(struct place place, const struct term *term) {
  const struct node *options[64];
  for (size_t k = 0; k < term->axis->n_option; k++) options[k] = node_truth(graph_of(place), k == term->option);
  return node_choose(graph_of(place), term->axis, options);
}

static const struct node *lower_plain(struct place place, const struct term *term) {
  struct lowering *lowering = place.lowering;
  switch (term->kind) {
    case TERM_NUMBER:
      return term->type.base == BASE_BOOL ? node_truth(lowering->graph, term->number != 0)
                                          : node_const(lowering->graph, term->number);
    case TERM_VARIABLE: return lowering->reading.value(lowering->reading.context, term->variable);
    case TERM_DEFINITION: return lower_definition(place, term->definition);
    case TERM_FORMAL: return recall(place.frame, term->formal);
    case TERM_BINDER: return lower_binder(place, term->binder);
    case TERM_SIZE: return node_size(lowering->graph, actual(place, term->dimension));
    case TERM_AXIS: return node_axis(lowering->graph, term->axis);
    case TERM_AXIS_IS: return lower_axis_is(place, term);
    case TERM_ELEMENT: return lower_element(place, term);
    case TERM_MAP: return lower_map(place, term->n_binder, term->binders, term->items[0]);
    case TERM_REDUCE: return lower_reduce(place, term);
    case TERM_OPERATOR:
    case TERM_SELECT:
    case TERM_CHOOSE: return lower_operation(place, term);
    case TERM_CALL: return lower_call(place, term);
    case TERM_EXTERN: return lower_extern(place, term);
    case TERM_ARRAY: return lower_literal(place, term);
    case TERM_DISTRIBUTION:
    case TERM_POWER: return NULL; /* not reached: family_of takes these */
  }
  return NULL;
}

const struct node *lower(struct place place, const struct term *term) {
  const struct node *node = lower_plain(place, term);
  node_place(node, term->span);
  return node;
}
