#include "runtime/train/examples.h"

#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "runtime/data/universe.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"

floe_status floe__examples_new(const struct floe__features *f, size_t capacity, struct floe__examples *e,
                               struct floe_error *error) {
  *e = (struct floe__examples){.features = f, .capacity = capacity};
  e->n_row = FLOE__NEW(capacity, uint32_t);
  e->n_item = FLOE__NEW(capacity, uint32_t);
  e->context = floe__new(capacity, (f->n_context + 1) * sizeof(float));
  e->flat = floe__new(capacity, (f->n_flat + 1) * sizeof(float));
  e->rows = floe__new(capacity, (f->max_rows * f->n_row + 1) * sizeof(float));
  e->global = floe__new(capacity, (f->n_global + 1) * sizeof(float));
  e->global_mask = floe__new(capacity, (f->n_global + 1) * sizeof(float));
  e->local = floe__new(capacity, (f->max_rows * f->n_local + 1) * sizeof(float));
  e->local_mask = floe__new(capacity, (f->max_rows * f->n_local + 1) * sizeof(float));
  if (e->n_row && e->n_item && e->context && e->flat && e->rows && e->global && e->global_mask && e->local &&
      e->local_mask)
    return FLOE_OK;
  floe__examples_free(e);
  return floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory for %zu simulations", capacity);
}

void floe__examples_free(struct floe__examples *e) {
  floe__free(e->n_row);
  floe__free(e->n_item);
  floe__free(e->context);
  floe__free(e->flat);
  floe__free(e->rows);
  floe__free(e->global);
  floe__free(e->global_mask);
  floe__free(e->local);
  floe__free(e->local_mask);
  *e = (struct floe__examples){0};
}

void floe__examples_put(struct floe__examples *e, size_t k, const struct floe_context *context,
                        const struct floe__slots *slots) {
  const struct floe__features *f = e->features;
  e->n_row[k] = (uint32_t)slots->n_row;
  e->n_item[k] = (uint32_t)slots->n_item;
  floe__features_context(f, context->layout, context->universe, e->context + k * f->n_context);
  floe__features_data(f, context->layout, slots, context->data, e->flat + k * f->n_flat,
                      e->rows + k * f->max_rows * f->n_row);
  floe__features_mask(f, context->layout, slots, context->universe, context->data, e->global_mask + k * f->n_global,
                      e->local_mask + k * f->max_rows * f->n_local);
  if (context->pinned)
    floe__features_hold(f, context->layout, slots, context->pinned, e->context + k * f->n_context,
                        e->global_mask + k * f->n_global);
}

struct packing {
  struct floe__examples *examples;
  const struct floe_simulations *simulations;
  struct floe__slots **slots;
};

static void pack_block(void *context, size_t block, size_t thread) {
  const struct packing *p = context;
  const struct floe__features *f = p->examples->features;
  (void)thread;
  for (size_t k = block * 256; k < (block + 1) * 256 && k < p->examples->n; k++) {
    struct floe_universe universe;
    const struct floe_context at = floe_simulations_context(p->simulations, k, &universe);
    const struct floe__slots *slots = p->slots[p->simulations->layout[k]];
    floe__examples_put(p->examples, k, &at, slots);
    floe__features_coordinates(f, at.layout, slots, p->simulations->coordinates + k * p->simulations->n_coordinate,
                               p->examples->global + k * f->n_global,
                               p->examples->local + k * f->max_rows * f->n_local);
  }
}

floe_status floe__examples_pack(struct floe__examples *e, const struct floe_simulations *simulations, size_t n_thread,
                                struct floe_error *error) {
  struct packing p = {e, simulations, FLOE__NEW(simulations->n_layout + 1, struct floe__slots *)};
  int ok = p.slots != NULL;
  for (size_t l = 0; ok && l < simulations->n_layout; l++)
    ok = (p.slots[l] = floe__slots_new(e->features, simulations->layouts[l])) != NULL;
  e->n = simulations->n < e->capacity ? simulations->n : e->capacity;
  if (ok) floe__parallel((e->n + 255) / 256, n_thread, pack_block, &p);
  for (size_t l = 0; p.slots && l < simulations->n_layout; l++) floe__slots_free(p.slots[l]);
  floe__free(p.slots);
  return ok ? FLOE_OK : floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory for %zu simulations", e->n);
}

size_t floe__batch_floats(const struct floe__features *f, size_t n) {
  const size_t each = f->n_context + f->n_flat + 2 * f->n_global + f->max_rows * (f->n_row + 2 * f->n_local);
  return (n * each + 16) / 16 * 16;
}

size_t floe__batch_indices(const struct floe__features *f, size_t n) {
  return (n * (f->max_rows + 2) + 16) / 16 * 16;
}

static void copy(float *to, const float *from, size_t n) {
  if (n > 0) memcpy(to, from, n * sizeof(float));
}

struct floe__batch floe__batch_gather(const struct floe__examples *e, const size_t *order, size_t first, size_t n,
                                      float *floats, uint32_t *indices) {
  const struct floe__features *f = e->features;
  struct floe__batch b = {.n = n, .first_row = indices, .n_item = indices + n + 1, .owner = indices + 2 * n + 1};
  float **const at[] = {&b.context, &b.flat, &b.global, &b.global_mask, &b.rows, &b.local, &b.local_mask};
  const size_t width[] = {n * f->n_context,
                          n * f->n_flat,
                          n * f->n_global,
                          n * f->n_global,
                          n * f->max_rows * f->n_row,
                          n * f->max_rows * f->n_local,
                          n * f->max_rows * f->n_local};
  for (size_t k = 0; k < sizeof at / sizeof *at; floats += width[k], k++) *at[k] = floats;
  for (size_t i = 0; i < n; i++) {
    const size_t k = order ? order[first + i] : first + i, m = e->n_row[k], r = b.n_row;
    copy(b.context + i * f->n_context, e->context + k * f->n_context, f->n_context);
    copy(b.flat + i * f->n_flat, e->flat + k * f->n_flat, f->n_flat);
    copy(b.global + i * f->n_global, e->global + k * f->n_global, f->n_global);
    copy(b.global_mask + i * f->n_global, e->global_mask + k * f->n_global, f->n_global);
    copy(b.rows + r * f->n_row, e->rows + k * f->max_rows * f->n_row, m * f->n_row);
    copy(b.local + r * f->n_local, e->local + k * f->max_rows * f->n_local, m * f->n_local);
    b.first_row[i] = (uint32_t)r;
    b.n_item[i] = e->n_item[k];
    copy(b.local_mask + r * f->n_local, e->local_mask + k * f->max_rows * f->n_local, m * f->n_local);
    for (size_t j = 0; j < m; j++) b.owner[r + j] = (uint32_t)i;
    b.n_row += m;
  }
  b.first_row[n] = (uint32_t)b.n_row;
  return b;
}

/* How many of n are held: k with probability proportional to 1 / k, for u uniform. */
static size_t draw_count(size_t n, double u) {
  double sum = 0, at = 0;
  for (size_t k = 1; k <= n; k++) sum += 1 / (double)k;
  for (size_t k = 1; k < n; k++)
    if ((at += 1 / (double)k / sum) > u) return k;
  return n;
}

void floe__batch_pin(const struct floe__features *f, double share, uint64_t seed, uint64_t unit, size_t first,
                     struct floe__batch *b) {
  for (size_t i = 0; i < b->n && share > 0; i++) {
    float *context = b->context + i * f->n_context, *mask = b->global_mask + i * f->n_global;
    const uint64_t numbers = (first + i) * (f->n_pin + 2);
    double u[2];
    size_t there = 0, free = 0, most;
    floe__uniform_fill(seed, FLOE_PURPOSE_PIN, unit, numbers, 2, u);
    if (u[0] >= share) continue;
    for (size_t pin = 0; pin < f->n_pin; pin++) there += mask[f->pin_column[pin]] != 0;
    for (size_t j = 0; j < f->n_global; j++) free += mask[j] != 0;
    most = there > 0 && f->n_local == 0 && there == free ? there - 1 : there;
    size_t left = most > 0 ? draw_count(most, u[1]) : 0;
    for (size_t pin = 0; pin < f->n_pin && left > 0; pin++) {
      const size_t column = f->pin_column[pin];
      if (mask[column] == 0) continue;
      floe__uniform_fill(seed, FLOE_PURPOSE_PIN, unit, numbers + 2 + pin, 1, u);
      if (u[0] * (double)there-- < (double)left) {
        floe__features_pin(f, pin, b->global[i * f->n_global + column], context, mask);
        left--;
      }
    }
  }
}
