/* marks.h: sets of small numbers (ids of nodes), each with a value, for walks over the graph.
 *
 * A walk touches few nodes of a large graph, and there are many walks: so a set is emptied in constant time, and given back for
 * the next walk, rather than made anew. Memory: one set per walk that is under way at the same time. */
#ifndef FLOE_PROGRAM_MARKS_H
#define FLOE_PROGRAM_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct marks {
  size_t n, *ids;       /* what is in the set, in the order of entry */
  size_t *round, *value; /* (limit) by id: the round in which it entered last, and with which value */
  size_t now;
  struct marks *next; /* in the pool */
};

struct marks_pool {
  struct floe__arena *arena;
  size_t limit; /* ids are below */
  struct marks *free;
};

/* An empty set. */
struct marks *marks_take(struct marks_pool *pool);
void marks_give(struct marks_pool *pool, struct marks *marks);

void marks_empty(struct marks *marks);
void marks_sort(struct marks *marks); /* ids in ascending order */

static inline bool marks_has(const struct marks *marks, size_t id) {
  return marks->round[id] == marks->now;
}

/* The value of an id; 0: it is not in the set. */
static inline size_t marks_value(const struct marks *marks, size_t id) {
  return marks_has(marks, id) ? marks->value[id] : 0;
}

static inline void marks_set(struct marks *marks, size_t id, size_t value) {
  if (!marks_has(marks, id)) {
    marks->round[id] = marks->now;
    marks->ids[marks->n++] = id;
  }
  marks->value[id] = value;
}

/* Whether the id is new. */
static inline bool marks_add(struct marks *marks, size_t id) {
  if (marks_has(marks, id)) return false;
  marks_set(marks, id, 1);
  return true;
}

#endif
