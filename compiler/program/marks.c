#include "compiler/program/marks.h"

#include <stdlib.h>

struct marks *marks_take(struct marks_pool *pool) {
  struct marks *marks = pool->free;
  if (!marks) {
    marks = floe__arena_alloc(pool->arena, sizeof *marks);
    marks->ids = floe__arena_array(pool->arena, pool->limit, sizeof *marks->ids);
    marks->round = floe__arena_array(pool->arena, pool->limit, sizeof *marks->round);
    marks->value = floe__arena_array(pool->arena, pool->limit, sizeof *marks->value);
  } else {
    pool->free = marks->next;
  }
  marks_empty(marks);
  return marks;
}

void marks_give(struct marks_pool *pool, struct marks *marks) {
  marks->next = pool->free;
  pool->free = marks;
}

void marks_empty(struct marks *marks) {
  marks->n = 0;
  marks->now++;
}

static int ascending(const void *a, const void *b) {
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x > y) - (x < y);
}

void marks_sort(struct marks *marks) {
  qsort(marks->ids, marks->n, sizeof *marks->ids, ascending);
}
