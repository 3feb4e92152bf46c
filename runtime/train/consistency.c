#include "runtime/train/consistency.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/math/order.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"

enum { MOST_EVALUATED = 64, UNIVERSES = 256 };
static const double clip = 20, far = 4;

size_t floe__consistency_draws(const struct floe_model *model, const struct floe_network_options *options) {
  const int given = options->n_unlabelled > (options->dataset != NULL);
  return model->log_density && !model->no_density && given ? FLOE__USUAL_DRAWS : 0;
}

void floe__consistency_plan(struct floe__trainer *t) {
  struct floe__consistency *c = &t->consistency;
  c->n_draw = t->settings.consistency;
  if (c->n_draw == 0) return;
  c->n_set = t->chunk / c->n_draw > 0 ? t->chunk / c->n_draw : 1;
  const size_t n = t->settings.batch / (c->n_set * c->n_draw);
  c->n_chunk = n < 2 ? 2 : n;
}

static floe_status no_memory(struct floe_error *error) {
  return floe__fail(error, FLOE_EENVIRONMENT, "", "set `consistency = off` in the network's settings",
                    "not enough memory to compare the network with the density");
}

/* ---- data sets ---- */

static void drop_sets(struct floe__consistent_sets *sets) {
  for (size_t l = 0; sets->slots && l < sets->simulations->n_layout; l++) floe__slots_free(sets->slots[l]);
  floe__free(sets->slots);
  floe_simulations_free(sets->simulations);
  *sets = (struct floe__consistent_sets){0};
}

static floe_status take_sets(struct floe__trainer *t, struct floe_simulations *simulations,
                             const struct floe__examples *examples, struct floe__consistent_sets *sets,
                             struct floe_error *error) {
  drop_sets(sets);
  *sets = (struct floe__consistent_sets){.simulations = simulations, .examples = examples};
  sets->slots = FLOE__NEW(simulations->n_layout + 1, struct floe__slots *);
  int ok = sets->slots != NULL;
  for (size_t l = 0; ok && l < simulations->n_layout; l++) {
    ok = (sets->slots[l] = floe__slots_new(t->network->features, simulations->layouts[l])) != NULL;
    if (simulations->layouts[l]->n_scratch > t->consistency.n_scratch)
      t->consistency.n_scratch = simulations->layouts[l]->n_scratch;
  }
  return ok ? FLOE_OK : no_memory(error);
}

/* Scratch grows with the sets that are taken. */
static floe_status make_scratch(struct floe__trainer *t, struct floe_error *error) {
  struct floe__consistency *c = &t->consistency;
  if (c->n_scratch <= c->scratch_capacity) return FLOE_OK;
  floe__free(c->scratch);
  c->scratch_capacity = 0;
  c->scratch = floe__new(t->n_thread, (c->n_scratch + 8) * sizeof(double));
  if (!c->scratch) return no_memory(error);
  c->scratch_capacity = c->n_scratch;
  return FLOE_OK;
}

floe_status floe__consistency_take_pool(struct floe__trainer *t, struct floe_simulations *simulations,
                                        struct floe_error *error) {
  const floe_status status = take_sets(t, simulations, &t->pool, &t->consistency.pool, error);
  return status ? status : make_scratch(t, error);
}

int floe__consistency_universe(const struct floe__trainer *t, size_t k, struct floe_universe *universe) {
  const struct floe_model *model = t->model;
  const uint64_t unit = k ^ (uint64_t)FLOE_PURPOSE_CONSISTENT << 56;
  double uniform[FLOE_MAX_AXIS];
  if (t->options->universe)
    *universe = *t->options->universe;
  else if (!floe_universe_draw(model, t->options->seed, unit, universe))
    return 0;
  struct floe_universe other = *universe;
  floe__uniform_fill(t->options->seed, FLOE_PURPOSE_CONSISTENT, unit, 0, model->n_axis, uniform);
  for (size_t a = 0; a < model->n_axis; a++)
    if (model->axes[a].prepares && !model->axes[a].continuous)
      other.option[a] = (size_t)(uniform[a] * (double)model->axes[a].n_option);
  if (!t->options->universe && floe_universe_permitted(model, &other)) *universe = other;
  floe_universe_canonical(model, universe);
  return 1;
}

static floe_status prepare_one(struct floe__trainer *t, struct floe_simulations *s, size_t k, double *scratch,
                               struct floe_error *error) {
  struct floe_universe universe;
  const struct floe_dataset *dataset = t->options->unlabelled[k % t->options->n_unlabelled];
  if (!floe__consistency_universe(t, k, &universe))
    return floe__fail(error, FLOE_ESPEC, "", "relax `forbid` and `require`", "no permitted universe was found");
  s->layout[k] = (uint32_t)(k % t->options->n_unlabelled);
  s->unit[k] = k;
  floe_universe_settings(t->model, &universe, s->settings + k * t->model->n_axis);
  return floe_data_prepare(dataset, &universe, s->data + k * s->n_data, scratch, error);
}

static int allocate_unlabelled(const struct floe__trainer *t, struct floe_simulations *s, struct floe_error *error) {
  const size_t n_set = t->options->n_unlabelled;
  s->layouts = FLOE__NEW(n_set, struct floe_layout *);
  if (!s->layouts) return 0;
  for (; s->n_layout < n_set; s->n_layout++) {
    const struct floe_layout *given = t->options->unlabelled[s->n_layout]->layout;
    struct floe_layout *layout = s->layouts[s->n_layout] = floe_layout_new(t->model, given->size, error);
    if (!layout) return 0;
    s->n_data = layout->n_data > s->n_data ? layout->n_data : s->n_data;
    s->n_coordinate = layout->n_coordinate > s->n_coordinate ? layout->n_coordinate : s->n_coordinate;
  }
  s->layout = FLOE__NEW(s->n, uint32_t);
  s->unit = FLOE__NEW(s->n, uint64_t);
  s->settings = floe__new(s->n, (t->model->n_axis + 1) * sizeof(double));
  s->data = floe__new(s->n, (s->n_data + 1) * sizeof(double));
  s->coordinates = floe__new(s->n, (s->n_coordinate + 1) * sizeof(double));
  return s->layout && s->unit && s->settings && s->data && s->coordinates;
}

/* Every unlabelled data set, in several universes where there are any. */
static floe_status unlabelled(struct floe__trainer *t, struct floe_error *error) {
  const size_t n_set = t->options->n_unlabelled;
  struct floe__consistency *c = &t->consistency;
  if (n_set == 0) return FLOE_OK;
  struct floe_simulations *s = FLOE__NEW(1, struct floe_simulations);
  if (!s) return no_memory(error);
  s->model = t->model;
  s->n = t->model->n_axis > 0 ? (UNIVERSES + n_set - 1) / n_set * n_set : n_set;
  floe_status status = FLOE_OK;
  for (size_t k = 0; k < n_set && !status; k++) {
    const struct floe_dataset *dataset = t->options->unlabelled[k];
    status = floe_network_takes(t->network, dataset, error);
  }
  if (!status && !allocate_unlabelled(t, s, error)) status = no_memory(error);
  double *scratch = NULL;
  size_t n_scratch = 0;
  for (size_t l = 0; l < s->n_layout; l++)
    n_scratch = s->layouts[l]->n_scratch > n_scratch ? s->layouts[l]->n_scratch : n_scratch;
  if (!status && !(scratch = FLOE__NEW(n_scratch + 1, double))) status = no_memory(error);
  for (size_t k = 0; k < s->n && !status; k++) status = prepare_one(t, s, k, scratch, error);
  floe__free(scratch);
  if (status) {
    floe_simulations_free(s);
    return status;
  }
  status = take_sets(t, s, &c->unlabelled_examples, &c->unlabelled, error);
  if (!status) status = floe__examples_new(t->network->features, s->n, &c->unlabelled_examples, error);
  return status ? status : floe__examples_pack(&c->unlabelled_examples, s, t->n_thread, error);
}

floe_status floe__consistency_start(struct floe__trainer *t, struct floe_simulations *held_out,
                                    struct floe_error *error) {
  struct floe__consistency *c = &t->consistency;
  floe_status status = take_sets(t, held_out, &t->held_out, &c->held_out, error);
  if (!status) status = unlabelled(t, error);
  if (!status) status = make_scratch(t, error);
  if (status) return status;
  c->n_row = c->n_set * c->n_draw;
  c->n_coordinate = held_out->n_coordinate;
  if (c->unlabelled.simulations && c->unlabelled.simulations->n_coordinate > c->n_coordinate)
    c->n_coordinate = c->unlabelled.simulations->n_coordinate;
  c->coordinates = floe__new(t->n_thread * c->n_draw, (c->n_coordinate + 1) * sizeof(double));
  c->numbers = floe__new(t->n_thread * c->n_draw, 3 * sizeof(double));
  c->by_log_q = floe__new(t->n_thread * c->n_row, sizeof(float));
  c->order = floe__new(t->n_thread * c->n_row, sizeof(size_t));
  c->variances = floe__new(t->network->n_member * (2 * MOST_EVALUATED / c->n_set + 2), sizeof(double));
  return c->coordinates && c->numbers && c->by_log_q && c->order && c->variances ? FLOE_OK : no_memory(error);
}

void floe__consistency_drop(struct floe__trainer *t) {
  struct floe__consistency *c = &t->consistency;
  drop_sets(&c->pool);
  drop_sets(&c->held_out);
  drop_sets(&c->unlabelled);
  floe__examples_free(&c->unlabelled_examples);
  void *const blocks[] = {c->scratch, c->coordinates, c->numbers, c->by_log_q, c->order, c->variances};
  for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) floe__free(blocks[k]);
}

/* ---- the loss ---- */

/* A chunk of data sets, `n_draw` rows each. */
struct chunk {
  const struct floe__consistent_sets *sets;
  size_t n_set;
  const size_t *order; /* (n_set n_draw): the examples, repeated */
  size_t member, thread;
  const float *weights;
  uint64_t unit; /* of the base draws: this one and the next */
  size_t first;  /* row */
  struct floe__batch batch;
  float *work, *log_q;
};

static int open_chunk(struct floe__trainer *t, struct chunk *k) {
  const struct floe__features *f = t->network->features;
  const size_t n = k->n_set * t->consistency.n_draw;
  struct floe__batch *b = &k->batch;
  k->work = t->work + k->thread * t->n_work;
  k->log_q = t->log_q + k->thread * t->room;
  *b = floe__trainer_batch(t, k->sets->examples, k->order, 0, n, k->thread);
  floe__normal_fill_float(t->options->seed, FLOE_PURPOSE_CONSISTENT, k->unit, k->first * f->n_global, n * f->n_global,
                          b->global);
  floe__normal_fill_float(t->options->seed, FLOE_PURPOSE_CONSISTENT, k->unit + 1, k->first * f->max_rows * f->n_local,
                          b->n_row * f->n_local, b->local);
  floe__member_draw(&t->network->members[k->member], k->weights, b, k->work, k->log_q);
  for (size_t i = 0; i < n; i++)
    if (!isfinite(k->log_q[i])) return 0;
  return 1;
}

/* log p of the draws of data set `set`. */
static void log_densities(const struct floe__trainer *t, const struct chunk *k, size_t set, double *log_p) {
  const struct floe__consistency *c = &t->consistency;
  const struct floe__features *f = t->network->features;
  const size_t example = k->order[set * c->n_draw], l = k->sets->simulations->layout[example];
  struct floe_universe universe;
  const struct floe_context context = floe_simulations_context(k->sets->simulations, example, &universe);
  const size_t n_coordinate = context.layout->n_coordinate;
  double *coordinates = c->coordinates + k->thread * c->n_draw * c->n_coordinate;
  for (size_t i = 0; i < c->n_draw; i++) {
    const size_t row = set * c->n_draw + i;
    floe__features_restore(f, context.layout, k->sets->slots[l], k->batch.global + row * f->n_global,
                           k->batch.local + k->batch.first_row[row] * f->n_local, coordinates + i * n_coordinate);
  }
  t->model->log_density(&context, c->n_draw, coordinates, log_p, NULL,
                        c->scratch + k->thread * (c->scratch_capacity + 8));
}

/* g (n) becomes its deviations from the mean, clipped around the median, 0 where it is not a number; returns their
 * variance. A draw outside the support is as far below as the clip allows. sorted (n): work. */
static double deviations(size_t n, double *g, double *sorted) {
  size_t n_number = 0, n_finite = 0;
  for (size_t i = 0; i < n; i++) {
    n_number += !isnan(g[i]);
    if (isfinite(g[i])) sorted[n_finite++] = g[i];
  }
  if (2 * n_finite < n) {
    memset(g, 0, n * sizeof *g);
    return clip * clip;
  }
  floe__sort(n_finite, sorted);
  const double centre = floe__quantile_sorted(n_finite, sorted, 0.5);
  double mean = 0, squares = 0;
  for (size_t i = 0; i < n; i++)
    if (!isnan(g[i])) mean += (g[i] = fmin(fmax(g[i] - centre, -clip), clip)) / (double)n_number;
  for (size_t i = 0; i < n; i++) {
    g[i] = isnan(g[i]) ? 0 : g[i] - mean;
    squares += g[i] * g[i];
  }
  return squares / (double)n;
}

/* Deviations g (n_draw) of data set `set`, and their variance. */
static double compare(const struct floe__trainer *t, const struct chunk *k, size_t set, double *g) {
  const size_t n = t->consistency.n_draw;
  log_densities(t, k, set, g);
  for (size_t i = 0; i < n; i++) g[i] -= (double)k->log_q[set * n + i];
  return deviations(n, g, g + n);
}

/* The data sets of a chunk: from the batch at hand, or of the unlabelled in turn. */
static const struct floe__consistent_sets *choose_sets(struct floe__trainer *t, size_t chunk, size_t *order) {
  const struct floe__consistency *c = &t->consistency;
  const size_t n_other = c->unlabelled.simulations ? c->n_chunk / 2 : 0;
  const int other = chunk < n_other;
  for (size_t s = 0; s < c->n_set; s++) {
    const size_t at = other ? (t->step * n_other + chunk) * c->n_set + s : (chunk - n_other) * c->n_set + s;
    const size_t example = other ? at % c->unlabelled.simulations->n
                                 : t->order[(t->step % t->steps_of_pass * t->settings.batch + at) % t->n_pool];
    for (size_t i = 0; i < c->n_draw; i++) order[s * c->n_draw + i] = example;
  }
  return other ? &c->unlabelled : &c->pool;
}

void floe__consistency_learn(struct floe__trainer *t, size_t m, size_t chunk, size_t thread, float *gradient) {
  struct floe__consistency *c = &t->consistency;
  size_t *order = c->order + thread * c->n_row;
  double *g = c->numbers + thread * 3 * c->n_draw;
  float *by_log_q = c->by_log_q + thread * c->n_row;
  struct chunk k = {.sets = choose_sets(t, chunk, order),
                    .n_set = c->n_set,
                    .order = order,
                    .member = m,
                    .thread = thread,
                    .weights = t->learners[m].now,
                    .unit = 2 * (t->step * t->network->n_member + m),
                    .first = chunk * c->n_row};
  if (!open_chunk(t, &k)) return;
  const double factor = -2 * t->fraction / (double)(c->n_draw * c->n_set * c->n_chunk);
  for (size_t s = 0; s < c->n_set; s++) {
    const double scale = factor * far / sqrt(far * far + compare(t, &k, s, g));
    for (size_t i = 0; i < c->n_draw; i++) by_log_q[s * c->n_draw + i] = (float)(scale * g[i]);
  }
  floe__member_backward(&t->network->members[m], k.weights, &k.batch, k.work, by_log_q, gradient);
}

/* ---- evaluation ---- */

static size_t n_evaluated(const struct floe__consistent_sets *sets) {
  const size_t n = sets->simulations ? sets->simulations->n : 0;
  return n < MOST_EVALUATED ? n : MOST_EVALUATED;
}

static size_t evaluation_chunks(const struct floe__consistency *c, const struct floe__consistent_sets *sets) {
  return (n_evaluated(sets) + c->n_set - 1) / c->n_set;
}

static void evaluate_chunk(void *context, size_t unit, size_t thread) {
  struct floe__trainer *t = context;
  struct floe__consistency *c = &t->consistency;
  const size_t held_out = evaluation_chunks(c, &c->held_out), all = held_out + evaluation_chunks(c, &c->unlabelled);
  const size_t m = unit / all, at = unit % all, other = at >= held_out;
  const struct floe__consistent_sets *sets = other ? &c->unlabelled : &c->held_out;
  const size_t first = (at - other * held_out) * c->n_set, n = n_evaluated(sets);
  size_t *order = c->order + thread * c->n_row;
  double *g = c->numbers + thread * 3 * c->n_draw;
  struct chunk k = {.sets = sets,
                    .n_set = first + c->n_set < n ? c->n_set : n - first,
                    .order = order,
                    .member = m,
                    .thread = thread,
                    .weights = t->learners[m].average,
                    .unit = (uint64_t)1 << 62,
                    .first = at * c->n_row};
  for (size_t i = 0; i < k.n_set * c->n_draw; i++) order[i] = first + i / c->n_draw;
  c->variances[unit] = (double)k.n_set * clip * clip;
  if (!open_chunk(t, &k)) return;
  c->variances[unit] = 0;
  for (size_t s = 0; s < k.n_set; s++) c->variances[unit] += compare(t, &k, s, g);
}

void floe__consistency_evaluate(struct floe__trainer *t) {
  struct floe__consistency *c = &t->consistency;
  const size_t all = evaluation_chunks(c, &c->held_out) + evaluation_chunks(c, &c->unlabelled);
  floe__parallel(t->network->n_member * all, t->n_thread, evaluate_chunk, t);
  for (size_t m = 0; m < t->network->n_member; m++) {
    double sum = 0;
    for (size_t k = 0; k < all; k++) sum += c->variances[m * all + k];
    t->learners[m].variance = sum / (double)(n_evaluated(&c->held_out) + n_evaluated(&c->unlabelled));
  }
}
