/* Which arrays may stand side by side. Broadcasting goes by names: dimensions that have none, of [1, 2, 3] and vector[3],
 * must agree in number and sizes, and do not stand beside an array whose index has a name. */
#include "compiler/meaning/checker.h"

static const char *sizes_text(struct checker *c, const struct extent *extent) {
  const char *text = NULL;
  for (size_t k = 0; k < extent->n; k++)
    text = text ? floe__arena_printf(c->arena, "%s by %zu", text, extent->dim[k]->high)
                : floe__arena_printf(c->arena, "%zu", extent->dim[k]->high);
  return text;
}

static void error_sizes_differ(struct checker *c, const struct extent *first, const struct extent *second) {
  struct diagnostic *d = diagnose(c->sink, "E2016", second->span, "an array of %s numbers stands beside one of %s",
                                  sizes_text(c, second), sizes_text(c, first));
  d->fix = "give both the same size, or names to their indices: `index k = 3`, `b[k] = [1, 2, 3][k]`";
  d->related = first->span;
  d->related_message = "the other one is here";
}

static void error_name_missing(struct checker *c, const struct opened *opened, const struct dimension *named) {
  const struct extent *extent = &opened->extent;
  struct diagnostic *d = diagnose(c->sink, "E2016", extent->span, "an array of %s numbers stands beside one over %s",
                                  sizes_text(c, extent), named->name);
  bool same = extent->n == 1 && !named->formal && dimension_same(extent->dim[0], named);
  const char *name = named->name;
  d->fix = same ? floe__arena_printf(c->arena, "read both by the index: `sum(%s: b[%s] * x[%s])`", name, name, name)
                : "give its index a name, too: `index k = 3`, `b[k] = [1, 2, 3][k]`";
}

static bool same_sizes(const struct extent *a, const struct extent *b) {
  bool same = a->n == b->n;
  for (size_t k = 0; k < a->n && same; k++) same = a->dim[k] == b->dim[k];
  return same;
}

/* What stands beside all that was gathered so far. */
static bool extent_beside(struct checker *c, struct extent *all, const struct extent *added) {
  all->used |= added->used;
  if (!added->n) return true;
  if (all->n && !same_sizes(all, added)) return error_sizes_differ(c, all, added), false;
  unsigned used = all->used;
  if (!all->n) *all = *added;
  all->used = used;
  return true;
}

bool extent_add(struct checker *c, struct opened *opened, const struct term *element, size_t n_given) {
  struct extent extent = {.span = element->span};
  size_t n_named = 0;
  for (size_t k = n_given + 1; k < element->n_item; k++)
    for (size_t o = 0; o < opened->n; o++) {
      if (element->items[k] != opened->terms[o]) continue;
      const struct dimension *dimension = opened->binders[o]->dimension;
      extent.used |= 1u << o;
      if (!is_nameless(dimension))
        n_named++;
      else if (extent.n < MAX_RANK)
        extent.dim[extent.n++] = dimension;
    }
  if (n_named && extent.n) opened->joined = true;
  for (size_t o = 0; o < opened->n && !extent.n; o++)
    if (extent.used >> o & 1) opened->lone[o] = true;
  return extent_beside(c, &opened->extent, &extent);
}

void extent_join(struct opened *opened, unsigned used, bool nameless) {
  for (size_t o = 0; o < opened->n && nameless; o++)
    if (opened->extent.used >> o & 1 && !is_nameless(opened->binders[o]->dimension)) opened->joined = true;
  opened->extent.used |= used;
}

bool extents_fit(struct checker *c, const struct opened *opened) {
  for (size_t o = 0; o < opened->n && opened->extent.n && !opened->joined; o++)
    if (opened->lone[o]) return error_name_missing(c, opened, opened->binders[o]->dimension), false;
  return true;
}

/* ---- options ---- */

struct alternatives alternatives_of(struct opened *opened) {
  struct alternatives alternatives = {.opened = opened};
  if (opened) alternatives.outside = opened->extent;
  if (opened) opened->extent = (struct extent){0};
  return alternatives;
}

bool alternative_ends(struct alternatives *alternatives, bool named) {
  if (!alternatives->opened || !alternatives->opened->extent.used) return true;
  struct extent extent = alternatives->opened->extent, *first = &alternatives->first;
  alternatives->opened->extent = (struct extent){0};
  bool some = alternatives->some;
  alternatives->some = true;
  if (!some) *first = extent;
  if (named) return first->used == extent.used;
  bool same = !extent.n || !first->n || same_sizes(first, &extent);
  unsigned used = first->used | extent.used;
  if (!first->n) *first = extent;
  first->used = used;
  return same;
}

bool alternatives_end(struct checker *c, struct alternatives *alternatives) {
  if (!alternatives->opened) return true;
  alternatives->opened->extent = alternatives->outside;
  return extent_beside(c, &alternatives->opened->extent, &alternatives->first);
}
