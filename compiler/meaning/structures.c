/* Numbers that hang together: what the compiler knows of them. How they are made of coordinates is in the runtime, in
 * runtime/math/structure.c. */
#include "compiler/meaning/checker.h"

struct structure_row {
  const char *name;
  size_t rank;
  int below, diagonal; /* coordinates of one value of size n: vectors n - below; matrices n (n - 1) / 2 + diagonal n */
};

static const struct structure_row rows[N_STRUCTURE] = {
    [STRUCTURE_PLAIN] = {"real", 0, 0, 0},
    [STRUCTURE_SIMPLEX] = {"simplex", 1, 1, 0},
    [STRUCTURE_ORDERED] = {"ordered", 1, 0, 0},
    [STRUCTURE_SUM0] = {"sum0", 1, 1, 0},
    [STRUCTURE_UNIT_VECTOR] = {"unit_vector", 1, 1, 0},
    [STRUCTURE_CHOL_CORR] = {"chol_corr", 2, 0, 0},
    [STRUCTURE_CHOL_COV] = {"chol_cov", 2, 0, 1},
    [STRUCTURE_CORR] = {"corr", 2, 0, 0},
    [STRUCTURE_COV] = {"cov", 2, 0, 1},
};

const char *structure_name(enum structure structure) {
  return rows[structure].name;
}

size_t structure_rank(enum structure structure) {
  return rows[structure].rank;
}

size_t structure_free(const struct type *type, const size_t *size) {
  const struct structure_row *row = &rows[type->structure];
  const size_t n = row->rank ? size[type->n_dim - 1] : 1;
  size_t free = n;
  if (row->rank == 1) free = n ? n - (size_t)row->below : 0;
  if (row->rank == 2) {
    size_t twice;
    if (__builtin_mul_overflow(n, n - 1, &twice)) return SIZE_MAX;
    free = twice / 2 + (row->diagonal ? n : 0);
  }
  for (size_t k = 0; k + row->rank < type->n_dim; k++)
    if (__builtin_mul_overflow(free, size[k], &free)) return SIZE_MAX;
  return free;
}

size_t coordinate_shape(const struct variable *variable, const struct dimension *const **dim) {
  *dim = variable->free ? &variable->free : variable->type.dim;
  return variable->free ? 1 : variable->type.n_dim;
}

static const struct dimension *free_dimension(struct checker *c, const struct variable *v) {
  struct dimension *free = floe__arena_alloc(c->arena, sizeof *free);
  size_t low[16], high[16];
  for (size_t k = 0; k < v->type.n_dim; k++) {
    low[k] = v->type.dim[k]->low;
    high[k] = v->type.dim[k]->high;
  }
  *free = (struct dimension){.name = floe__name_of(c->names, floe__arena_printf(c->arena, "%s_free", v->name)),
                             .low = structure_free(&v->type, low),
                             .high = structure_free(&v->type, high),
                             .id = c->dimensions.n + v->id,
                             .free_of = v};
  return free;
}

void finish_structures(struct checker *c, size_t n, const struct variable *const *variables) {
  for (size_t k = 0; k < n; k++) {
    struct variable *v = (struct variable *)(uintptr_t)variables[k];
    bool unknown = v->role == ROLE_PARAM || v->role == ROLE_LATENT;
    if (unknown && v->type.structure != STRUCTURE_PLAIN) v->free = free_dimension(c, v);
  }
}
