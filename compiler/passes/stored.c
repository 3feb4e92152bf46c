/* What a loop would compute again and again is computed once, into an array.
 *
 * - A function of one index in a loop over it within other loops: exp(a[item]) in a sum over people and items.
 * - A loop over one index within a long loop over another, whose result is not just added up: linear predictors of a
 *   regression. What the outer loop does with them then runs in the lanes of a vector unit.
 * - In a recurrence, calls and choices that do not rest on earlier steps: they run in lanes before it, and the recurrence stands
 *   in no switch. Sums over its steps then read them.
 * - A call for each pair of indices from which the elements of a matrix are made, those of a covariance, or a choice between
 *   such: the gradient needs it again. Sums along its rows or columns then read it too.
 *
 * The array is a MAP over a binder of its own, so that the scheduler fills it in front of the loop. */
#include <string.h>

#include "base/arena.h"
#include "compiler/graph/construct.h"
#include "compiler/passes/derive.h"

#define LONG 20           /* elements: a dimension that never has more gains little from an array */
#define DEEP 100          /* operations in which calls are looked for */
#define FOR_GOOD SIZE_MAX /* the round of what is the same in all rounds: loops in no other one */

struct storing {
  struct graph *graph;
  size_t n_old;                /* nodes at the start */
  size_t n_known;              /* nodes once matrices are rewritten; 0: they are being rewritten */
  const struct node **result;  /* (n_old) of nodes seen in this round */
  size_t *round, n_round, now; /* (n_old) the round in which a node was seen last; a round is a loop in no other one */
  const struct graph_binder *outermost; /* of this round; NULL: nothing is stored */
  const struct node *scan;              /* whose bodies are rewritten in this round; NULL: none */
  bool recurs;                          /* its steps rest on earlier ones */
  bool in_choice;                       /* which is stored as a whole */
  size_t n_place, *place,
      *first_place;           /* (n_old) of the recurrence that have a node: each such choice is one; all else is 0 */
  bool *shared;               /* (n_old) by several places, or in none of the choices */
  bool sum;                   /* the round is that of a sum */
  size_t start;               /* of this round's loop: its first element */
  const struct node *element; /* of a matrix over the pair, which is rewritten in this round, */
  const struct graph_binder *pair[2]; /* or of a sum over the second for each of the first; NULL: there is none */
  bool only_known;                    /* the round is that of a sum: it reads the arrays that matrices have */
  size_t n_own;
  const struct graph_binder **own; /* of the arrays, */
  size_t *turn;                    /* for each dimension: 0 and 1 of elements, 2 start and more of steps */
};

static const struct node *rewritten(struct storing *s, const struct node *node);

/* ---- what is stored ---- */

/* The binder that is all that the node depends on; NULL: there is none, or more than one. */
static const struct graph_binder *only_binder(const struct graph *graph, const struct node *node) {
  const struct graph_binder *only = NULL;
  for (size_t word = 0; word < MAX_BINDER / 64; word++) {
    const uint64_t bits = node->free.word[word];
    if (!bits) continue;
    if (only || (bits & (bits - 1))) return NULL;
    only = graph->binders[64 * word + (size_t)__builtin_ctzll(bits)];
  }
  return only;
}

static bool has_call(const struct node *node, size_t *budget) {
  if (binders_are_none(&node->free) || node->level < LEVEL_PARAM || *budget == 0) return false;
  --*budget;
  if (node->kind == NODE_EXTERN || node->kind == NODE_REDUCE) return true;
  if (node->kind == NODE_OPERATOR && node->op == OP_POW) return true;
  for (size_t k = 0; k < node->n_arg; k++)
    if (node->args[k] && has_call(node->args[k], budget)) return true;
  return false;
}

/* What stands in a step for some elements only stays where it is. */
static bool is_conditional(const struct node *node) {
  return node->kind == NODE_SELECT || node->kind == NODE_FINITE;
}

static bool is_dear_step(const struct node *node) {
  return node->kind == NODE_EXTERN || node->kind == NODE_CHOOSE;
}

/* The binder of the array's elements; NULL: the node is computed where it is used. */
static const struct graph_binder *stored_over(const struct storing *s, const struct node *node) {
  if (node->n_dim || node->level != LEVEL_PARAM || node->base == BASE_BOOL || !s->outermost) return NULL;
  const struct graph_binder *binder = only_binder(s->graph, node);
  if (!binder) return NULL;
  if (s->scan) {
    size_t steps = DEEP;
    if (!is_dear_step(node) || !s->recurs || (s->in_choice && !s->shared[node->id]) || binder != s->outermost ||
        binder->dimension->high < LONG)
      return NULL;
    return node_looks_back(node, &steps) ? NULL : binder;
  }
  if (node->kind == NODE_REDUCE && binder->dimension->high >= LONG) return binder;
  size_t budget = DEEP;
  return binder != s->outermost && has_call(node, &budget) ? binder : NULL;
}

/* A call in a sum over steps, as calls are stored for recurrences. */
static bool may_be_known(const struct storing *s, const struct node *node) {
  return s->sum && s->start > 1 && node->kind == NODE_EXTERN && !node->n_dim && node->level == LEVEL_PARAM &&
         node->base != BASE_BOOL && only_binder(s->graph, node) == s->outermost;
}

/* A level that no loop of the graph has; NULL: there is no room for it. */
static const struct graph_binder *own_binder(struct storing *s, const struct graph_binder *of, size_t turn) {
  struct graph *graph = s->graph;
  size_t level = 0;
  for (size_t k = 0; k < s->n_own; k++)
    if (s->own[k]->dimension == of->dimension && s->turn[k] == turn) return s->own[k];
  if (graph->n_binder >= MAX_BINDER) return NULL;
  for (size_t k = 0; k < graph->n_binder; k++)
    if (graph->binders[k]->dimension == of->dimension && graph->binders[k]->level < LEVEL_FORM &&
        graph->binders[k]->level >= level)
      level = graph->binders[k]->level + 1;
  s->turn[s->n_own] = turn;
  return s->own[s->n_own++] = graph_binder(graph, of->dimension, level, of->name);
}

/* ---- rewriting ---- */

/* The node over other arguments; constructors that simplify would undo what is done here. */
static const struct node *over(struct storing *s, const struct node *node, const struct node **args) {
  struct node proto = *node;
  proto.args = args;
  return graph_node(s->graph, &proto);
}

static const struct node *with_parts(struct storing *s, const struct node *node) {
  const struct node **args = floe__arena_array(s->graph->arena, node->n_arg + 1, sizeof *args);
  for (size_t k = 0; k < node->n_arg; k++) args[k] = node->args[k] ? rewritten(s, node->args[k]) : NULL;
  return over(s, node, args);
}

/* What is added up is not stored: parts of a sum, sums of them, and choices between such. */
static bool adds(const struct node *node) {
  return (node->kind == NODE_REDUCE && node->reduction == REDUCE_SUM) || node->kind == NODE_CHOOSE ||
         node->kind == NODE_FINITE || (node->kind == NODE_OPERATOR && node->op == OP_ADD);
}

static const struct node *summand(struct storing *s, const struct node *node) {
  if (!adds(node) || binders_are_none(&node->free)) return rewritten(s, node);
  const struct node **args = floe__arena_array(s->graph->arena, node->n_arg, sizeof *args);
  for (size_t k = 0; k < node->n_arg; k++) {
    const bool test = node->kind == NODE_FINITE && k == 1;
    args[k] = !node->args[k] ? NULL : test ? rewritten(s, node->args[k]) : summand(s, node->args[k]);
  }
  return over(s, node, args);
}

/* The pair of indices for which calls are stored in this loop. */
static void enter_pair(struct storing *s, const struct node *loop) {
  s->pair[0] = s->pair[1] = NULL;
  s->element = loop->args[0];
  s->only_known = false;
  if (loop->kind != NODE_MAP) return;
  if (loop->n_binder == 2) {
    s->pair[0] = loop->binders[0];
    s->pair[1] = loop->binders[1];
  } else if (loop->n_binder == 1 && s->element->kind == NODE_REDUCE && s->n_known > 0) {
    s->pair[0] = loop->binders[0];
    s->pair[1] = s->element->binder;
    s->only_known = true;
  }
}

static bool recurs(const struct node *scan) {
  size_t budget = DEEP;
  for (size_t k = scan->start - 1; k < scan->n_arg; k += scan->start)
    if (node_looks_back(scan->args[k], &budget)) return true;
  return false;
}

/* `place`: 0 outside of choices. */
static void note_places(struct storing *s, const struct node *node, size_t place) {
  if (node->id >= s->n_old || node->level != LEVEL_PARAM || binders_are_none(&node->free)) return;
  if (s->place[node->id] == place + 1) return;
  s->place[node->id] = place + 1;
  if (is_dear_step(node)) {
    size_t *first = &s->first_place[node->id];
    s->shared[node->id] = s->shared[node->id] || place == 0 || (*first && *first != place);
    *first = place;
  }
  if (place == 0 && node->kind == NODE_CHOOSE) place = ++s->n_place;
  for (size_t k = 0; k < node->n_arg; k++)
    if (node->args[k]) note_places(s, node->args[k], place);
}

static const struct node *in_round(struct storing *s, const struct node *node, const struct graph_binder *outermost) {
  const struct storing outer = *s;
  s->now = ++s->n_round;
  s->outermost = outermost;
  s->scan = node->kind == NODE_SCAN ? node : NULL;
  s->recurs = s->scan ? recurs(s->scan) : outer.recurs;
  for (size_t k = 0; s->scan && s->recurs && k < node->n_arg; k++) note_places(s, node->args[k], 0);
  s->sum = node->kind == NODE_REDUCE && node->reduction == REDUCE_SUM;
  s->start = node->start;
  enter_pair(s, node);
  const struct node *element = node->args[0], *result;
  if (node->kind == NODE_REDUCE)
    element = summand(s, element);
  else if (node->kind == NODE_MAP)
    element = element->kind == NODE_REDUCE ? with_parts(s, element) : rewritten(s, element);
  if (node->kind == NODE_REDUCE || node->kind == NODE_MAP)
    result = over(s, node, &element);
  else
    result = with_parts(s, node);
  s->now = outer.now;
  s->outermost = outer.outermost;
  s->scan = outer.scan;
  s->recurs = outer.recurs;
  s->sum = outer.sum;
  s->start = outer.start;
  memcpy(s->pair, outer.pair, sizeof s->pair);
  s->element = outer.element;
  s->only_known = outer.only_known;
  return result;
}

/* The array of what `body` is for each element of `binder` from `start` on, read at the current one; NULL: there is no room for its
 * binder. */
static const struct node *read_of(struct storing *s, const struct node *node, const struct node *body,
                                  const struct graph_binder *binder, size_t start, size_t turn) {
  const struct graph_binder *own = own_binder(s, binder, turn);
  if (!own) return NULL;
  const struct node *index = node_binder(s->graph, own);
  if (binders_have(&body->bound, own->id)) body = node;
  body = graph_substitute(s->graph, body, 1, &binder, &index);
  if (binders_have(&body->bound, own->id)) return NULL;
  const struct node *array = graph_node(s->graph, &(struct node){.kind = NODE_MAP,
                                                                 .base = node->base,
                                                                 .name = node->name,
                                                                 .n_dim = 1,
                                                                 .dim = (const struct dimension *[]){own->dimension},
                                                                 .n_binder = 1,
                                                                 .binders = &own,
                                                                 .start = start,
                                                                 .n_arg = 1,
                                                                 .args = &body});
  const struct node *parts[] = {array, node_binder(s->graph, binder)};
  return graph_node(s->graph, &(struct node){.kind = NODE_GATHER, .base = node->base, .n_arg = 2, .args = parts});
}

static const struct node *stored(struct storing *s, const struct node *node, const struct graph_binder *binder) {
  const struct node *read = read_of(s, node, in_round(s, node, binder), binder, 1, 0);
  return read ? read : node;
}

/* The steps of the recurrence, from the first one on. What stands in several choices is stored by itself, before them. */
static const struct node *stored_steps(struct storing *s, const struct node *node) {
  const bool choice = node->kind == NODE_CHOOSE, inside = s->in_choice;
  s->in_choice = choice || inside;
  const struct node *body = choice ? with_parts(s, node) : in_round(s, node, s->outermost);
  s->in_choice = inside;
  const struct node *read = read_of(s, node, body, s->outermost, s->start, 2 * s->start + choice);
  return read ? read : node;
}

/* What stored_steps has made of it for a recurrence; NULL: nothing. */
static const struct node *known_steps(struct storing *s, const struct node *node) {
  const struct node *read = read_of(s, node, in_round(s, node, s->outermost), s->outermost, s->start, 2 * s->start);
  return read && read->args[0]->id < s->n_known ? read : NULL;
}

/* A call with both indices of the pair, or a choice between such, but not the element itself. */
static bool is_part_of_matrix(const struct storing *s, const struct node *node) {
  if (!s->pair[0] || node->n_dim || node->level != LEVEL_PARAM || node->base == BASE_BOOL) return false;
  size_t budget = DEEP;
  if (node->kind != NODE_EXTERN && !(node->kind == NODE_CHOOSE && has_call(node, &budget))) return false;
  struct binders both = {{0}};
  for (size_t k = 0; k < 2; k++) binders_add(&both, s->pair[k]->id);
  return node != s->element && binders_within(&both, &node->free) && binders_within(&node->free, &both);
}

static const struct node *stored_matrix(struct storing *s, const struct node *node) {
  const struct graph_binder *own[2];
  const struct dimension **dim = floe__arena_array(s->graph->arena, 2, sizeof *dim);
  const struct node *parts[3], *indices[2];
  for (size_t k = 0; k < 2; k++) {
    own[k] = own_binder(s, s->pair[k], k);
    if (!own[k]) return node;
    dim[k] = own[k]->dimension;
    indices[k] = node_binder(s->graph, own[k]);
    parts[k + 1] = node_binder(s->graph, s->pair[k]);
  }
  const struct node *body = graph_substitute(s->graph, node, 2, s->pair, indices);
  if (binders_have(&body->bound, own[0]->id) || binders_have(&body->bound, own[1]->id)) return node;
  parts[0] = graph_node(s->graph, &(struct node){.kind = NODE_MAP,
                                                 .base = node->base,
                                                 .name = node->name,
                                                 .n_dim = 2,
                                                 .dim = dim,
                                                 .n_binder = 2,
                                                 .binders = own,
                                                 .start = 1,
                                                 .n_arg = 1,
                                                 .args = &body});
  if (s->only_known && parts[0]->id >= s->n_known) return node;
  return graph_node(s->graph, &(struct node){.kind = NODE_GATHER, .base = node->base, .n_arg = 3, .args = parts});
}

static const struct node *rewritten(struct storing *s, const struct node *node) {
  if (node->n_arg == 0 || node->id >= s->n_old) return node;
  if (s->round[node->id] == s->now || s->round[node->id] == FOR_GOOD) return s->result[node->id];
  const bool scan = node->kind == NODE_SCAN, loop = scan || node->kind == NODE_REDUCE || node->kind == NODE_MAP;
  const bool closed = binders_are_none(&node->free);
  if (scan && !closed) return node;
  const struct graph_binder *binder = stored_over(s, node);
  const struct node *result = may_be_known(s, node) ? known_steps(s, node) : NULL;
  if (result)
    ; /* it reads what a recurrence has stored */
  else if (binder)
    result = s->scan ? stored_steps(s, node) : stored(s, node, binder);
  else if (is_part_of_matrix(s, node))
    result = stored_matrix(s, node);
  else if (loop && closed)
    result = in_round(s, node, node->kind == NODE_MAP ? node->binders[0] : node->binder);
  else if (s->scan && is_conditional(node))
    result = in_round(s, node, NULL);
  else
    result = with_parts(s, node);
  s->round[node->id] = loop && closed ? FOR_GOOD : s->now;
  return s->result[node->id] = result;
}

static void forget(struct storing *s) {
  s->result = floe__arena_array(s->graph->arena, s->n_old + 1, sizeof *s->result);
  s->round = floe__arena_array(s->graph->arena, s->n_old + 1, sizeof *s->round);
  s->n_round = s->now = 1;
  s->place = floe__arena_array(s->graph->arena, s->n_old + 1, sizeof *s->place);
  s->first_place = floe__arena_array(s->graph->arena, s->n_old + 1, sizeof *s->first_place);
  s->shared = floe__arena_array(s->graph->arena, s->n_old + 1, sizeof *s->shared);
  s->n_place = 0;
}

void store_repeated(struct graph *graph, struct interpretation *density) {
  struct floe__arena *arena = graph->arena;
  struct root *roots = floe__arena_array(arena, density->n_root + 1, sizeof *roots);
  struct storing s = {.graph = graph,
                      .n_old = graph->n_node,
                      .own = floe__arena_array(arena, MAX_BINDER, sizeof *s.own),
                      .turn = floe__arena_array(arena, MAX_BINDER, sizeof *s.turn)};
  forget(&s);
  for (size_t id = 0; id < s.n_old; id++) { /* matrices and recurrences first: sums read the arrays that these have */
    const struct node *node = graph->nodes[id];
    const bool first = node->kind == NODE_SCAN || (node->kind == NODE_MAP && node->n_binder == 2);
    if (first && node->level == LEVEL_PARAM && binders_are_none(&node->free)) (void)rewritten(&s, node);
  }
  forget(&s);
  s.n_known = graph->n_node;
  for (size_t k = 0; k < density->n_root; k++) {
    roots[k] = density->roots[k];
    roots[k].node = rewritten(&s, roots[k].node);
  }
  density->roots = roots;
}
