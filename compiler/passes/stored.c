/* What a loop would compute again and again is computed once, into an array.
 *
 * - A function of one index in a loop over it within other loops: exp(a[item]) in a sum over people and items.
 * - A loop over one index within a long loop over another, whose result is not just added up: linear predictors of a
 *   regression. What the outer loop does with them then runs in the lanes of a vector unit.
 * - In a recurrence, calls and choices that do not rest on earlier steps: they run in lanes before it, and the recurrence
 *   stands in no switch. Sums over its steps then read them.
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

/* A loop in no other one, while its body is rewritten. */
struct round {
  size_t number;
  const struct graph_binder *outermost; /* NULL: nothing is stored */
  size_t start;                         /* the first element */
  const struct node *scan;              /* the loop is a scan; NULL: it is none */
  bool recurs;                          /* steps of the scan rest on earlier ones */
  bool in_choice;                       /* which is stored as a whole */
  bool sum;                             /* the loop is a sum */
  const struct node *element;           /* of a matrix over the pair, */
  const struct graph_binder *pair[2];   /* or of a sum over the second for each of the first; NULL: there is none */
  bool only_known;                      /* such a sum: it reads the arrays that matrices have */
};

struct storing {
  struct graph *graph;
  size_t n_old;               /* nodes at the start */
  size_t n_known;             /* nodes once matrices and recurrences are rewritten; 0: they are being rewritten */
  const struct node **result; /* (n_old) of nodes seen in this round */
  size_t *round, n_round;     /* (n_old) the round in which a node was seen last */
  struct round now;
  size_t n_choice; /* choices in recurrences so far */
  size_t *visited; /* (n_old) 1 + the choice from which a node was visited last; choice 0: from outside of choices */
  size_t *choice;  /* (n_old) the choice that a node stands in */
  bool *shared;    /* (n_old) several choices have the node, or it stands outside of choices */
  size_t n_own;
  const struct graph_binder **own; /* of the arrays, */
  size_t *turn; /* which of a dimension's they are: 0 and 1 of elements, from 2 on of steps (see stored_steps) */
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

/* What steps of a recurrence have computed before it. */
static bool is_dear_step(const struct node *node) {
  return node->kind == NODE_EXTERN || node->kind == NODE_CHOOSE;
}

/* The binder of the array's elements; NULL: the node is computed where it is used. */
static const struct graph_binder *stored_over(const struct storing *s, const struct node *node) {
  if (node->n_dim || node->level != LEVEL_PARAM || node->base == BASE_BOOL || !s->now.outermost) return NULL;
  const struct graph_binder *binder = only_binder(s->graph, node);
  if (!binder) return NULL;
  if (s->now.scan) {
    size_t steps = DEEP;
    if (!is_dear_step(node) || !s->now.recurs || (s->now.in_choice && !s->shared[node->id]) ||
        binder != s->now.outermost || binder->dimension->high < LONG)
      return NULL;
    return node_looks_back(node, &steps) ? NULL : binder;
  }
  if (node->kind == NODE_REDUCE && binder->dimension->high >= LONG) return binder;
  size_t budget = DEEP;
  return binder != s->now.outermost && has_call(node, &budget) ? binder : NULL;
}

/* A call in a sum over steps, as calls are stored for recurrences. */
static bool may_be_known(const struct storing *s, const struct node *node) {
  return s->now.sum && s->now.start > 1 && node->kind == NODE_EXTERN && !node->n_dim && node->level == LEVEL_PARAM &&
         node->base != BASE_BOOL && only_binder(s->graph, node) == s->now.outermost;
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
  s->now.pair[0] = s->now.pair[1] = NULL;
  s->now.element = loop->args[0];
  s->now.only_known = false;
  if (loop->kind != NODE_MAP) return;
  if (loop->n_binder == 2) {
    s->now.pair[0] = loop->binders[0];
    s->now.pair[1] = loop->binders[1];
  } else if (loop->n_binder == 1 && s->now.element->kind == NODE_REDUCE && s->n_known > 0) {
    s->now.pair[0] = loop->binders[0];
    s->now.pair[1] = s->now.element->binder;
    s->now.only_known = true;
  }
}

static bool recurs(const struct node *scan) {
  size_t budget = DEEP;
  for (size_t k = scan->start - 1; k < scan->n_arg; k += scan->start)
    if (node_looks_back(scan->args[k], &budget)) return true;
  return false;
}

/* What stands in which choice of a recurrence. */
static void note_choices(struct storing *s, const struct node *node, size_t choice) {
  const size_t id = node->id;
  if (id >= s->n_old || node->level != LEVEL_PARAM || binders_are_none(&node->free)) return;
  if (s->visited[id] == choice + 1) return;
  s->visited[id] = choice + 1;
  if (is_dear_step(node)) {
    s->shared[id] = s->shared[id] || choice == 0 || (s->choice[id] > 0 && s->choice[id] != choice);
    s->choice[id] = choice;
  }
  if (choice == 0 && node->kind == NODE_CHOOSE) choice = ++s->n_choice;
  for (size_t k = 0; k < node->n_arg; k++)
    if (node->args[k]) note_choices(s, node->args[k], choice);
}

static const struct node *in_round(struct storing *s, const struct node *node, const struct graph_binder *outermost) {
  const struct round outer = s->now;
  s->now = (struct round){.number = ++s->n_round,
                          .outermost = outermost,
                          .start = node->start,
                          .scan = node->kind == NODE_SCAN ? node : NULL,
                          .recurs = node->kind == NODE_SCAN && recurs(node),
                          .sum = node->kind == NODE_REDUCE && node->reduction == REDUCE_SUM};
  for (size_t k = 0; s->now.recurs && k < node->n_arg; k++) note_choices(s, node->args[k], 0);
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
  s->now = outer;
  return result;
}

/* The array of what `body` is for each element of `binder` from `start` on, read at the current one; NULL: there is no
 * room for its binder. */
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

/* The steps of the recurrence, from its first one on. What several choices share is stored by itself, in a loop (turn 2 start)
 * before theirs (turn 2 start + 1). */
static const struct node *stored_steps(struct storing *s, const struct node *node) {
  const bool choice = node->kind == NODE_CHOOSE, inside = s->now.in_choice;
  s->now.in_choice = choice || inside;
  const struct node *body = choice ? with_parts(s, node) : in_round(s, node, s->now.outermost);
  s->now.in_choice = inside;
  const struct node *read = read_of(s, node, body, s->now.outermost, s->now.start, 2 * s->now.start + choice);
  return read ? read : node;
}

/* What stored_steps has made of it for a recurrence; NULL: nothing. */
static const struct node *known_steps(struct storing *s, const struct node *node) {
  const struct node *read =
      read_of(s, node, in_round(s, node, s->now.outermost), s->now.outermost, s->now.start, 2 * s->now.start);
  return read && read->args[0]->id < s->n_known ? read : NULL;
}

/* A call with both indices of the pair, or a choice between such, but not the element itself. */
static bool is_part_of_matrix(const struct storing *s, const struct node *node) {
  if (!s->now.pair[0] || node->n_dim || node->level != LEVEL_PARAM || node->base == BASE_BOOL) return false;
  size_t budget = DEEP;
  if (node->kind != NODE_EXTERN && !(node->kind == NODE_CHOOSE && has_call(node, &budget))) return false;
  struct binders both = {{0}};
  for (size_t k = 0; k < 2; k++) binders_add(&both, s->now.pair[k]->id);
  return node != s->now.element && binders_within(&both, &node->free) && binders_within(&node->free, &both);
}

static const struct node *stored_matrix(struct storing *s, const struct node *node) {
  const struct graph_binder *own[2];
  const struct dimension **dim = floe__arena_array(s->graph->arena, 2, sizeof *dim);
  const struct node *parts[3], *indices[2];
  for (size_t k = 0; k < 2; k++) {
    own[k] = own_binder(s, s->now.pair[k], k);
    if (!own[k]) return node;
    dim[k] = own[k]->dimension;
    indices[k] = node_binder(s->graph, own[k]);
    parts[k + 1] = node_binder(s->graph, s->now.pair[k]);
  }
  const struct node *body = graph_substitute(s->graph, node, 2, s->now.pair, indices);
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
  if (s->now.only_known && parts[0]->id >= s->n_known) return node;
  return graph_node(s->graph, &(struct node){.kind = NODE_GATHER, .base = node->base, .n_arg = 3, .args = parts});
}

/* The element of the array that takes the node's place; NULL: there is none. */
static const struct node *read_from_array(struct storing *s, const struct node *node) {
  const struct node *known = may_be_known(s, node) ? known_steps(s, node) : NULL;
  if (known) return known;
  const struct graph_binder *binder = stored_over(s, node);
  if (binder) return s->now.scan ? stored_steps(s, node) : stored(s, node, binder);
  return is_part_of_matrix(s, node) ? stored_matrix(s, node) : NULL;
}

static const struct node *rewritten(struct storing *s, const struct node *node) {
  if (node->n_arg == 0 || node->id >= s->n_old) return node;
  if (s->round[node->id] == s->now.number || s->round[node->id] == FOR_GOOD) return s->result[node->id];
  const bool scan = node->kind == NODE_SCAN, loop = scan || node->kind == NODE_REDUCE || node->kind == NODE_MAP;
  const bool closed = binders_are_none(&node->free);
  if (scan && !closed) return node;
  const struct node *result = read_from_array(s, node);
  if (!result && loop && closed)
    result = in_round(s, node, node->kind == NODE_MAP ? node->binders[0] : node->binder);
  else if (!result && s->now.scan && is_conditional(node))
    result = in_round(s, node, NULL);
  else if (!result)
    result = with_parts(s, node);
  s->round[node->id] = loop && closed ? FOR_GOOD : s->now.number;
  return s->result[node->id] = result;
}

static void forget(struct storing *s) {
  s->result = floe__arena_array(s->graph->arena, s->n_old + 1, sizeof *s->result);
  s->round = floe__arena_array(s->graph->arena, s->n_old + 1, sizeof *s->round);
  s->n_round = 1;
  s->now = (struct round){.number = 1};
  s->visited = floe__arena_array(s->graph->arena, s->n_old + 1, sizeof *s->visited);
  s->choice = floe__arena_array(s->graph->arena, s->n_old + 1, sizeof *s->choice);
  s->shared = floe__arena_array(s->graph->arena, s->n_old + 1, sizeof *s->shared);
  s->n_choice = 0;
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
