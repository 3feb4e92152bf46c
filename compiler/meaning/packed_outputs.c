/* Arrays among the several outputs of a simulator: one run gives them all in one array. */
#include "compiler/meaning/making.h"

bool outputs_packed(const struct simulator *simulator) {
  bool array = false;
  for (size_t k = 0; k < simulator->n_output; k++) array = array || simulator->outputs[k]->type.n_dim;
  return array && simulator->n_output > 1;
}

/* How often the type has the same dimension before its dimension `d`. */
static size_t repetition(const struct type *type, size_t d) {
  size_t n = 0;
  for (size_t k = 0; k < d; k++) n += dimension_same(type->dim[k], type->dim[d]);
  return n;
}

/* The position of the dimension after `n` others that are the same; n_dim: none. */
static size_t found(size_t n_dim, const struct dimension *const *dim, const struct dimension *wanted, size_t n) {
  size_t k = 1;
  while (k < n_dim && (!dimension_same(dim[k], wanted) || n-- > 0)) k++;
  return k;
}

size_t packed_dimension(const struct simulator *simulator, size_t output, size_t d) {
  const struct type *type = &simulator->outputs[output]->type, *all = &simulator->external->type;
  return found(all->n_dim, all->dim, type->dim[d], repetition(type, d));
}

/* fun y(run[output, k, j]) { y[k] = run[1, k, 1] } */
static const struct function *read_of(struct making *m, const struct type *all, size_t output) {
  struct checker *c = m->c;
  const struct formal *own = m->simulator->outputs[output];
  const struct span span = m->simulator->span;
  struct formal *run = floe__arena_alloc(c->arena, sizeof *run);
  struct function *read = floe__arena_alloc(c->arena, sizeof *read);
  struct term *element = term_new(c, TERM_ELEMENT, span, all->n_dim + 1);
  struct binder *binders[MAX_RANK];
  *run = (struct formal){.name = m->simulator->name, .type = *all};
  element->type = type_scalar(own->type.base);
  element->items[0] = formal_read(c, run, span);
  for (size_t k = 0; k < all->n_dim; k++) element->items[k + 1] = term_number(c, span, k ? 1 : (double)output + 1);
  for (size_t d = 0; d < own->type.n_dim; d++) {
    const size_t place = found(all->n_dim, all->dim, own->type.dim[d], repetition(&own->type, d));
    binders[d] = binder_new(c, own->type.dim[d], NULL);
    element->items[place + 1] = term_binder(c, span, binders[d]);
  }
  read->name = own->name;
  read->span = span;
  read->n_formal = 1;
  read->formals = floe__arena_array(c->arena, 1, sizeof *read->formals);
  read->formals[0] = run;
  read->value = term_map(c, span, own->type.n_dim, binders, element);
  read->type = read->value->type;
  return read;
}

bool pack_outputs(struct making *m, struct type *type) {
  struct checker *c = m->c;
  struct simulator *simulator = m->simulator;
  const struct dimension *dim[MAX_RANK + 1] = {dimension_anonymous(c, simulator->n_output)};
  size_t n = 1;
  for (size_t k = 0; k < simulator->n_output; k++) {
    const struct type *own = &simulator->outputs[k]->type;
    for (size_t d = 0; d < own->n_dim; d++) {
      if (found(n, dim, own->dim[d], repetition(own, d)) < n) continue;
      if (n == MAX_RANK) {
        error_limit(c, m->statement->outputs->span, "the different indices of all outputs of a simulator are",
                    MAX_RANK - 1);
        return false;
      }
      dim[n++] = own->dim[d];
    }
  }
  *type = type_array(c, type_scalar(BASE_REAL), n, dim);
  simulator->reads = floe__arena_array(c->arena, simulator->n_output, sizeof *simulator->reads);
  for (size_t k = 0; k < simulator->n_output; k++) simulator->reads[k] = read_of(m, type, k);
  return true;
}

const struct term *output_read(struct checker *c, const struct simulator *simulator, const struct term *run,
                               size_t output, struct span span) {
  if (simulator->reads) {
    struct list pairs = {0};
    const struct function *read = simulator->reads[output];
    struct term *call = term_new(c, TERM_CALL, span, 1);
    call->function = read;
    call->items[0] = run;
    for (size_t k = 0; k < run->type.n_dim; k++) {
      list_add(c->arena, &pairs, read->formals[0]->type.dim[k]);
      list_add(c->arena, &pairs, run->type.dim[k]);
    }
    call->type = type_substituted(c, &pairs, read->type);
    return call;
  }
  if (!run->type.n_dim || simulator->outputs[output]->type.n_dim) return run;
  struct term *one = term_new(c, TERM_ELEMENT, span, 2);
  one->items[0] = run;
  one->items[1] = term_number(c, span, (double)output + 1);
  one->type = type_scalar(simulator->outputs[output]->type.base);
  return one;
}
