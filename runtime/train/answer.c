#include "runtime/train/answer.h"

#include <math.h>
#include <string.h>

#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"

enum { CHUNK = 256, CHUNK_ROWS = 2048 };
static const double log_sqrt_2pi = 0.91893853320467274178;

/* Points of a chunk: fewer where each has many rows. */
static size_t chunk_size(const struct floe__asking *a) {
  const struct floe__features *f = a->network->features;
  const size_t rows = f->n_local > 0 && f->max_rows > 0 ? f->max_rows : 1;
  return rows > CHUNK_ROWS / 8 ? 8 : CHUNK_ROWS / rows < CHUNK ? CHUNK_ROWS / rows : CHUNK;
}

size_t floe__chunks_of(const struct floe__asking *a) {
  return (a->n + chunk_size(a) - 1) / chunk_size(a);
}

/* A chunk's points, those of each member one behind the other. */
struct chunk {
  const struct floe__asking *asking;
  size_t context;                       /* in the block */
  size_t first, n;                      /* points */
  size_t start[FLOE__MOST_MEMBERS + 1]; /* where each member's begin, and where the last one's end */
  uint32_t *order;                      /* (chunk): which points those are */
  size_t n_row;
  float *global, *local;                        /* (chunk, n_global), (chunk, rows, n_local): standardised */
  float *global_mask, *local_mask;              /* (chunk, n_global), (chunk, rows, n_local) */
  float *log_det, *local_log_det, *z, *local_z; /* (chunk), (chunk, rows); as global and local */
  float *condition, *shared,
      *local_pre; /* (chunk, globals + summary + context), (chunk, l_pre), (chunk, rows, l_pre) */
  float *flow;
  double *log_q; /* (n_member, chunk) */
};

static size_t divide(const struct floe__asking *a, const struct floe__member *m, float *work, struct chunk *c) {
  const struct floe__features *f = a->network->features;
  const size_t n = chunk_size(a), rows = f->max_rows;
  const size_t global_work = m->global.n > 0 ? floe__flow_work(&m->global, n) : 0;
  const size_t local_work = m->local.n > 0 ? floe__flow_work(&m->local, n * rows) : 0, l_pre = m->local.n_pre;
  const struct floe__part parts[] = {
      {n * f->n_global, &c->global},
      {n * rows * f->n_local, &c->local},
      {n * f->n_global, &c->global_mask},
      {n * rows * f->n_local, &c->local_mask},
      {n, &c->log_det},
      {n * rows, &c->local_log_det},
      {n * f->n_global, &c->z},
      {n * rows * f->n_local, &c->local_z},
      {n * (f->n_global + m->shape.summary + f->n_context), &c->condition},
      {n * l_pre, &c->shared},
      {n * rows * l_pre, &c->local_pre},
      {global_work > local_work ? global_work : local_work, &c->flow},
  };
  size_t used = floe__block_divide(sizeof parts / sizeof *parts, parts, work);
  const size_t log_q = floe__block_take(&used, 2 * a->n_member * n);
  if (work) c->log_q = (double *)(void *)(work + log_q);
  return used;
}

size_t floe__chunk_work(const struct floe__asking *a, const struct floe__member *m) {
  struct chunk c;
  return divide(a, m, NULL, &c);
}

size_t floe__chunk_indices(const struct floe__asking *a) {
  return chunk_size(a);
}

/* Lists the points of each member. */
static void sort_by_member(struct chunk *c) {
  const struct floe__asking *a = c->asking;
  size_t n = 0;
  for (size_t which = 0; which < a->n_member; which++) {
    c->start[which] = n;
    for (size_t p = 0; p < c->n; p++)
      if (a->pattern[(c->first + p) % FLOE_NETWORK_PATTERN] == which) c->order[n++] = (uint32_t)p;
  }
  c->start[a->n_member] = n;
}

static size_t count_of(const struct chunk *c, size_t which) {
  return c->start[which + 1] - c->start[which];
}

static struct chunk open_chunk(const struct floe__asking *a, size_t k, size_t thread) {
  const size_t chunks = floe__chunks_of(a), all = chunk_size(a);
  const struct floe__features *f = a->network->features;
  struct chunk c = {.asking = a, .context = k / chunks, .first = k % chunks * all};
  divide(a, &a->network->members[0], a->work + thread * a->n_work, &c);
  c.n = c.first + all < a->n ? all : a->n - c.first;
  c.n_row = a->slots[c.context]->n_row;
  c.order = a->indices + thread * a->n_indices;
  const float *global_mask = a->examples.global_mask + c.context * f->n_global;
  const float *local_mask = a->examples.local_mask + c.context * f->max_rows * f->n_local;
  for (size_t i = 0; i < all; i++) {
    if (f->n_global > 0) memcpy(c.global_mask + i * f->n_global, global_mask, f->n_global * sizeof(float));
    if (c.n_row * f->n_local > 0)
      memcpy(c.local_mask + i * c.n_row * f->n_local, local_mask, c.n_row * f->n_local * sizeof(float));
  }
  sort_by_member(&c);
  return c;
}

static struct floe__flow_rows global_rows(const struct chunk *c, size_t which, size_t n) {
  const struct floe__asking *a = c->asking;
  const size_t n_pre = a->network->members[a->first_member + which].global.n_pre;
  return (struct floe__flow_rows){
      .n = n, .mask = c->global_mask, .pre = {a->pre + which * a->n_pre + c->context * n_pre, 0, NULL}};
}

/* The local flow's condition: the row's share, which the context fixes, and the globals' of each point. */
static struct floe__flow_rows local_rows(const struct chunk *c, size_t which, size_t n, const float *global) {
  const struct floe__asking *a = c->asking;
  const struct floe__member *m = &a->network->members[a->first_member + which];
  const struct floe__features *f = a->network->features;
  const size_t width = m->local.n_pre, rest = m->shape.summary + f->n_context, n_in = f->n_global + rest;
  const float *rows = a->row_pre + which * a->n_row_pre + c->context * f->max_rows * width;
  const float *condition = a->condition + (which * FLOE__ASK_BLOCK + c->context) * rest;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < f->n_global; j++)
      c->condition[i * n_in + j] = global[i * f->n_global + j] * c->global_mask[i * f->n_global + j];
    memcpy(c->condition + i * n_in + f->n_global, condition, rest * sizeof(float));
  }
  floe__linear_forward(&m->local_condition, a->network->weights[a->first_member + which], n, c->condition, n_in,
                       c->shared, width, 0);
  for (size_t i = 0; i < n; i++)
    for (size_t r = 0; r < c->n_row; r++) {
      float *to = c->local_pre + (i * c->n_row + r) * width;
      for (size_t j = 0; j < width; j++) to[j] = c->shared[i * width + j] + rows[r * width + j];
    }
  return (struct floe__flow_rows){.n = n * c->n_row, .mask = c->local_mask, .pre = {c->local_pre, width, NULL}};
}

static double log_base(size_t n, const float *z, const float *mask) {
  double sum = 0;
  for (size_t j = 0; j < n; j++)
    if (mask[j] != 0) sum += -0.5 * (double)z[j] * (double)z[j] - log_sqrt_2pi;
  return sum;
}

/* Adds up what the flows left in z and log_det. */
static void collect(const struct chunk *c, size_t n, const float *z, const float *local_z, double *log_q) {
  const struct floe__features *f = c->asking->network->features;
  for (size_t i = 0; i < n; i++) {
    log_q[i] = f->n_global > 0 ? (double)c->log_det[i] + log_base(f->n_global, z + i * f->n_global, c->global_mask) : 0;
    if (f->n_local > 0)
      for (size_t r = i * c->n_row; r < (i + 1) * c->n_row; r++)
        log_q[i] += (double)c->local_log_det[r] +
                    log_base(f->n_local, local_z + r * f->n_local, c->local_mask + r * f->n_local);
  }
}

/* log q of points by member `which`. */
static void density(const struct chunk *c, size_t which, size_t n, const float *global, const float *local,
                    double *log_q) {
  const size_t m = c->asking->first_member + which;
  const struct floe__member *member = &c->asking->network->members[m];
  const float *weights = c->asking->network->weights[m];
  if (member->global.n > 0) {
    const struct floe__flow_rows rows = global_rows(c, which, n);
    floe__flow_forward(&member->global, weights, &rows, global, c->flow, c->z, c->log_det);
  }
  if (member->local.n > 0) {
    const struct floe__flow_rows rows = local_rows(c, which, n, global);
    floe__flow_forward(&member->local, weights, &rows, local, c->flow, c->local_z, c->local_log_det);
  }
  collect(c, n, c->z, c->local_z, log_q);
}

/* Points of member `which` from base draws in global and local, which they replace. */
static void draw(const struct chunk *c, size_t which, size_t n, float *global, float *local, double *log_q) {
  const size_t m = c->asking->first_member + which;
  const struct floe__member *member = &c->asking->network->members[m];
  const float *weights = c->asking->network->weights[m];
  const struct floe__features *f = c->asking->network->features;
  if (member->global.n > 0) {
    const struct floe__flow_rows rows = global_rows(c, which, n);
    memcpy(c->z, global, n * f->n_global * sizeof(float));
    floe__flow_inverse(&member->global, weights, &rows, c->z, c->flow, global, c->asking->log_q ? c->log_det : NULL);
  }
  if (member->local.n > 0) {
    const struct floe__flow_rows rows = local_rows(c, which, n, global);
    memcpy(c->local_z, local, rows.n * f->n_local * sizeof(float));
    floe__flow_inverse(&member->local, weights, &rows, c->local_z, c->flow, local,
                       c->asking->log_q ? c->local_log_det : NULL);
  }
  if (c->asking->log_q) collect(c, n, c->z, c->local_z, log_q);
}

/* log of the members' mixed density at place p of the chunk, in coordinates. */
static double log_mixture(const struct chunk *c, size_t p) {
  const struct floe__asking *a = c->asking;
  const size_t all = chunk_size(a);
  double top = -INFINITY, sum = 0;
  for (size_t m = 0; m < a->n_member; m++)
    if (a->log_share[m] > -INFINITY) top = fmax(top, c->log_q[m * all + p] + a->log_share[m]);
  if (!isfinite(top)) return top;
  for (size_t m = 0; m < a->n_member; m++)
    if (a->log_share[m] > -INFINITY) sum += exp(c->log_q[m * all + p] + a->log_share[m] - top);
  return top + log(sum);
}

static void write_log_q(const struct chunk *c) {
  const struct floe__asking *a = c->asking;
  const struct floe__features *f = a->network->features;
  double *log_q = a->log_q + (a->first_context + c->context) * a->n + c->first;
  const double scale =
      floe__features_log_scale(f, a->examples.global_mask + c->context * f->n_global,
                               a->examples.local_mask + c->context * f->max_rows * f->n_local, c->n_row);
  for (size_t p = 0; p < c->n; p++) log_q[c->order[p]] = log_mixture(c, p) - scale;
}

/* Standard normal numbers for the chunk's points, sorted by member; `in_order`: room for as many. A point's numbers
 * depend on its position alone. */
static void fill_points(const struct chunk *c, uint64_t unit, size_t width, float *in_order, float *sorted) {
  const bool one = c->asking->n_member == 1;
  if (width == 0) return;
  floe__normal_fill_float(c->asking->seed, FLOE_PURPOSE_POSTERIOR, unit, c->first * width, c->n * width,
                          one ? sorted : in_order);
  for (size_t p = 0; p < c->n && !one; p++)
    memcpy(sorted + p * width, in_order + c->order[p] * width, width * sizeof *sorted);
}

static void base_draws(const struct chunk *c, float *global, float *local) {
  const struct floe__asking *a = c->asking;
  const struct floe__features *f = a->network->features;
  const uint64_t unit = a->units ? a->units[c->context] : 0;
  fill_points(c, 2 * unit, f->n_global, c->z, global);
  fill_points(c, 2 * unit + 1, c->n_row * f->n_local, c->local_z, local);
}

void floe__draw_chunk(void *asking, size_t k, size_t thread) {
  const struct floe__asking *a = asking;
  const struct chunk c = open_chunk(a, k, thread);
  const struct floe__features *f = a->network->features;
  const struct floe_layout *layout = a->contexts[c.context].layout;
  const size_t d = f->n_global, l = c.n_row * f->n_local, all = chunk_size(a);
  base_draws(&c, c.global, c.local);
  for (size_t which = 0; which < a->n_member; which++) {
    const size_t start = c.start[which], n = count_of(&c, which);
    if (n == 0) continue;
    draw(&c, which, n, c.global + start * d, c.local + start * l, c.log_q + which * all + start);
    for (size_t other = 0; a->log_q && other < a->n_member; other++)
      if (other != which && a->log_share[other] > -INFINITY)
        density(&c, other, n, c.global + start * d, c.local + start * l, c.log_q + other * all + start);
    double *to = a->coordinates + a->offset[c.context] + c.first * layout->n_coordinate;
    for (size_t p = start; p < start + n; p++) {
      double *point = to + c.order[p] * layout->n_coordinate;
      floe__features_restore(f, layout, a->slots[c.context], c.global + p * d, c.local + p * l, point);
      const double *pinned = a->contexts[c.context].pinned;
      for (size_t j = 0; pinned && j < layout->n_coordinate; j++) point[j] = isnan(pinned[j]) ? point[j] : pinned[j];
    }
  }
  if (a->log_q) write_log_q(&c);
}

void floe__density_chunk(void *asking, size_t k, size_t thread) {
  const struct floe__asking *a = asking;
  const struct chunk c = open_chunk(a, k, thread);
  const struct floe__features *f = a->network->features;
  const struct floe_layout *layout = a->contexts[c.context].layout;
  const size_t d = f->n_global, l = c.n_row * f->n_local, all = chunk_size(a);
  const double *from = a->given + a->offset[c.context] + c.first * layout->n_coordinate;
  for (size_t p = 0; p < c.n; p++)
    floe__features_coordinates(f, layout, a->slots[c.context], from + c.order[p] * layout->n_coordinate,
                               c.global + p * d, c.local + p * l);
  floe__clear_absent(c.n * d, c.global_mask, c.global);
  floe__clear_absent(c.n * l, c.local_mask, c.local);
  for (size_t which = 0; which < a->n_member; which++)
    if (a->log_share[which] > -INFINITY) density(&c, which, c.n, c.global, c.local, c.log_q + which * all);
  write_log_q(&c);
}
