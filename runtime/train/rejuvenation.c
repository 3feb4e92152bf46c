#include "runtime/train/rejuvenation.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"

enum { STREAMS = 3, PASSES_WITHOUT = 4 };
static const double few = 0.02; /* of the proposals */
/* A quarter of the steps tells how hard it is to learn: of eight schools, COVID and the tasks of sbibm 0.5 to 0.97 of the
 * proposals are accepted by then; of eighteen epidemic models at once 0.29, and four times the steps lower their held-out
 * loss from 2.45 to 2.2. Where nothing overfits nothing but time speaks against it. */
enum { LONGER = 4 };
static const double most_of_hard = 0.4;

bool floe__rejuvenates(const struct floe__trainer *t) {
  return t->settings.rejuvenation && t->n_round == 1 && t->n_pass > 1;
}

/* ---- the pool's parameters ---- */

static size_t local_floats(const struct floe__trainer *t) {
  return t->network->features->max_rows * t->network->features->n_local;
}

static size_t pool_floats(const struct floe__trainer *t) {
  return t->n_pool * (t->network->features->n_global + local_floats(t));
}

void floe__rejuvenation_put(struct floe__text *to, const struct floe__trainer *t) {
  if (!floe__rejuvenates(t)) return;
  floe__put(to, &t->rejuvenation.next_pass, sizeof t->rejuvenation.next_pass, 1);
  floe__put(to, t->pool.global, sizeof(float), t->n_pool * t->network->features->n_global);
  floe__put(to, t->pool.local, sizeof(float), t->n_pool * local_floats(t));
}

int floe__rejuvenation_get(const unsigned char **at, const unsigned char *end, struct floe__trainer *t) {
  struct floe__rejuvenation *r = &t->rejuvenation;
  if (!floe__rejuvenates(t)) return 1;
  floe__free(r->kept);
  r->kept = FLOE__NEW(pool_floats(t) + 1, float);
  return r->kept && floe__get(at, end, &r->next_pass, sizeof r->next_pass, 1) &&
         floe__get(at, end, r->kept, sizeof(float), pool_floats(t));
}

floe_status floe__rejuvenation_start(struct floe__trainer *t, struct floe_error *error) {
  struct floe__rejuvenation *r = &t->rejuvenation;
  const size_t n_coordinate = t->consistency.pool.simulations->n_coordinate,
               n_global = t->n_pool * t->network->features->n_global;
  if (r->kept) {
    memcpy(t->pool.global, r->kept, n_global * sizeof(float));
    memcpy(t->pool.local, r->kept + n_global, (pool_floats(t) - n_global) * sizeof(float));
  }
  floe__free(r->kept);
  r->kept = NULL;
  r->coordinates = floe__new(t->n_thread, (n_coordinate + 1) * sizeof(double));
  r->ratio = floe__new(t->n_thread, 2 * t->chunk * sizeof(double));
  r->n_moved = FLOE__NEW((t->n_pool + t->chunk - 1) / t->chunk, size_t);
  if (r->coordinates && r->ratio && r->n_moved) return FLOE_OK;
  return floe__fail(error, FLOE_EENVIRONMENT, "", "set `rejuvenation = off` in the network's settings",
                    "not enough memory to draw parameters again");
}

void floe__rejuvenation_drop(struct floe__trainer *t) {
  struct floe__rejuvenation *r = &t->rejuvenation;
  floe__free(r->kept);
  floe__free(r->coordinates);
  floe__free(r->ratio);
  floe__free(r->n_moved);
}

/* ---- a step ---- */

/* log p - log q of simulation k of the pool with the parameters in row i of the batch. */
static double log_ratio(const struct floe__trainer *t, size_t k, const struct floe__batch *b, size_t i, float log_q,
                        size_t thread) {
  const struct floe__consistent_sets *sets = &t->consistency.pool;
  const struct floe__features *f = t->network->features;
  struct floe_universe universe;
  const struct floe_context context = floe_simulations_context(sets->simulations, k, &universe);
  double *coordinates = t->rejuvenation.coordinates + thread * (sets->simulations->n_coordinate + 1), log_p;
  floe__features_restore(f, context.layout, sets->slots[sets->simulations->layout[k]], b->global + i * f->n_global,
                         b->local + b->first_row[i] * f->n_local, coordinates);
  t->model->log_density(&context, 1, coordinates, &log_p, NULL,
                        t->consistency.scratch + thread * (t->consistency.scratch_capacity + 8));
  return log_p - (double)log_q;
}

static void take(struct floe__examples *pool, size_t k, const struct floe__batch *b, size_t i) {
  const struct floe__features *f = pool->features;
  const size_t n_row = b->first_row[i + 1] - b->first_row[i];
  if (f->n_global > 0) memcpy(pool->global + k * f->n_global, b->global + i * f->n_global, f->n_global * sizeof(float));
  if (f->n_local > 0)
    memcpy(pool->local + k * f->max_rows * f->n_local, b->local + b->first_row[i] * f->n_local,
           n_row * f->n_local * sizeof(float));
}

struct step {
  struct floe__trainer *trainer;
  size_t pass, member;
};

static void move_chunk(void *context, size_t chunk, size_t thread) {
  const struct step *step = context;
  struct floe__trainer *t = step->trainer;
  const struct floe__features *f = t->network->features;
  const struct floe__member *member = &t->network->members[step->member];
  const float *weights = t->learners[step->member].average;
  const size_t first = chunk * t->chunk, n = first + t->chunk < t->pool.n ? t->chunk : t->pool.n - first;
  const uint64_t seed = t->options->seed, unit = STREAMS * step->pass;
  float *work = t->work + thread * t->n_work, *log_q = t->log_q + thread * t->room;
  double *before = t->rejuvenation.ratio + thread * 2 * t->chunk, *uniform = before + t->chunk;
  struct floe__batch b = floe__trainer_batch(t, &t->pool, NULL, first, n, thread);
  floe__member_log_q(member, weights, &b, work, log_q);
  for (size_t i = 0; i < n; i++) before[i] = log_ratio(t, first + i, &b, i, log_q[i], thread);
  floe__normal_fill_float(seed, FLOE_PURPOSE_REJUVENATE, unit, first * f->n_global, n * f->n_global, b.global);
  floe__normal_fill_float(seed, FLOE_PURPOSE_REJUVENATE, unit + 1, first * f->max_rows * f->n_local,
                          b.n_row * f->n_local, b.local);
  floe__uniform_fill(seed, FLOE_PURPOSE_REJUVENATE, unit + 2, first, n, uniform);
  floe__member_draw(member, weights, &b, work, log_q);
  t->rejuvenation.n_moved[chunk] = 0;
  for (size_t i = 0; i < n; i++) {
    const double after = log_ratio(t, first + i, &b, i, log_q[i], thread);
    if (!isfinite(before[i]) || !(log(uniform[i]) < after - before[i])) continue;
    take(&t->pool, first + i, &b, i);
    t->rejuvenation.n_moved[chunk]++;
  }
}

void floe__rejuvenate(struct floe__trainer *t, size_t pass) {
  struct floe__rejuvenation *r = &t->rejuvenation;
  if (pass == 0 || pass < r->next_pass) return;
  struct step step = {t, pass, pass % t->network->n_member};
  const size_t n_chunk = (t->pool.n + t->chunk - 1) / t->chunk;
  size_t n_moved = 0;
  floe__parallel(n_chunk, t->n_thread, move_chunk, &step);
  for (size_t k = 0; k < n_chunk; k++) n_moved += r->n_moved[k];
  const double share = (double)n_moved / (double)t->pool.n;
  r->next_pass = pass + (share < few ? PASSES_WITHOUT : 1);
  if (t->longer == 0 && 4 * pass >= t->n_pass)
    floe__trainer_lengthen(t, t->settings.epochs == 0 && share >= few && share < most_of_hard ? LONGER : 1);
}
