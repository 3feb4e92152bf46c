#include "runtime/trust/finetune.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/stop.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/nn/adam.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"
#include "runtime/train/consistency.h"
#include "runtime/train/trainer.h"
#include "runtime/trust/psis.h"

enum { N_DRAW = 2000, ROUNDS = 5, USUAL_STEPS = 500, SIMULATIONS = 8192, MOST_CONTEXTS = 32 };
#define JUDGE UINT64_C(0x5851f42d4c957f2d) /* draws that networks are compared by: not those of answers */
#define FRESH_UNITS (UINT64_C(1) << 40)    /* simulations that no training saw */
static const double calm = 0.2;       /* of the network's learning rate */
static const double most_worse = 0.05; /* held-out loss, nats */
static const double least_share = 0.05, least_gain = 0.01; /* of the draws */

struct tuning {
  struct floe__trainer trainer;
  const struct floe_finetune_options *options;
  size_t n; /* contexts */
  struct floe_context *contexts;
  struct floe_universe *universes;
  struct floe__slots **slots;
  double **prepared;               /* of each context */
  size_t *offset;                  /* (n + 1): where each one's draws begin */
  double *draws, *log_q, *weights; /* as floe_network_draw lays them out; weights: smoothed, normalised logarithms */
  double *scratch;
  void *psis;
  uint64_t *units;
  float **best; /* (n_member): weights of the best round */
};

static floe_status no_memory(struct floe_error *error) {
  return floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory to fine-tune the network");
}

static void drop(struct tuning *u) {
  for (size_t k = 0; u->slots && k < u->n; k++) floe__slots_free(u->slots[k]);
  for (size_t k = 0; u->prepared && k < u->n; k++) floe__free(u->prepared[k]);
  for (size_t m = 0; u->best && m < u->trainer.settings.ensemble; m++) floe__free(u->best[m]);
  void *const blocks[] = {u->contexts, u->universes, u->slots, u->prepared, u->offset, u->draws,
                          u->log_q,    u->weights,   u->units, u->scratch,  u->psis,   u->best};
  for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) floe__free(blocks[k]);
  floe__trainer_drop(&u->trainer);
}

/* ---- what is tuned for ---- */

static floe_status refuse(const struct floe_network *network, struct floe_error *error) {
  const struct floe_model *model = network->model;
  const char *none = floe__flow_no_density(network->settings.posterior);
  if (none)
    return floe__fail(error, FLOE_ESPEC, "network", "leave `posterior` out of the network's settings, and train again",
                      "fine-tuning weighs the network's draws, and `posterior = %s` cannot be weighed: %s",
                      floe__posterior_word(network->settings.posterior), none);
  if (model->log_density && !model->no_density) return FLOE_OK;
  return floe__fail(error, FLOE_ESPEC, "", "train on more simulations instead",
                    "fine-tuning weighs the network's draws by the density, which the model does not have%s%.200s",
                    model->no_density ? ": " : "", model->no_density ? model->no_density : "");
}

static int allocate(struct tuning *u) {
  const struct floe_network *network = u->trainer.network;
  const size_t n_set = u->options->n_dataset, n = u->n;
  size_t n_scratch = 0;
  for (size_t k = 0; k < n_set; k++) {
    const struct floe_layout *l = u->options->datasets[k]->layout;
    n_scratch = l->n_scratch > n_scratch ? l->n_scratch : n_scratch;
  }
  u->contexts = FLOE__NEW(n, struct floe_context);
  u->universes = FLOE__NEW(n, struct floe_universe);
  u->slots = FLOE__NEW(n, struct floe__slots *);
  u->prepared = FLOE__NEW(n, double *);
  u->offset = FLOE__NEW(n + 1, size_t);
  u->log_q = floe__new(n, N_DRAW * sizeof(double));
  u->weights = floe__new(n, N_DRAW * sizeof(double));
  u->units = FLOE__NEW(n, uint64_t);
  u->scratch = FLOE__NEW(n_scratch + 1, double);
  u->psis = floe__new(floe_psis_work(N_DRAW) + 1, 1);
  u->best = FLOE__NEW(network->n_member, float *);
  if (!u->contexts || !u->universes || !u->slots || !u->prepared || !u->offset || !u->log_q || !u->weights ||
      !u->units || !u->scratch || !u->psis || !u->best)
    return 0;
  for (size_t m = 0; m < network->n_member; m++)
    if (!(u->best[m] = FLOE__NEW(network->members[m].n_weight, float))) return 0;
  return 1;
}

/* Each data set in one universe, or with axes in several. */
static floe_status prepare(struct tuning *u, struct floe_error *error) {
  const struct floe__trainer *t = &u->trainer;
  for (size_t k = 0; k < u->n; k++) {
    const struct floe_dataset *dataset = u->options->datasets[k % u->options->n_dataset];
    floe_status status = floe_network_takes(t->network, dataset, error);
    if (status) return status;
    if (k < u->options->n_dataset && !u->options->universe)
      floe_universe_reference(t->model, &u->universes[k]);
    else if (!floe__consistency_universe(t, k, &u->universes[k]))
      return floe__fail(error, FLOE_ESPEC, "", "relax `forbid` and `require`", "no permitted universe was found");
    u->prepared[k] = FLOE__NEW(dataset->layout->n_data + 1, double);
    u->slots[k] = floe__slots_new(t->network->features, dataset->layout);
    if (!u->prepared[k] || !u->slots[k]) return no_memory(error);
    status = floe_data_prepare(dataset, &u->universes[k], u->prepared[k], u->scratch, error);
    if (status) return status;
    u->contexts[k] = (struct floe_context){.layout = dataset->layout,
                                           .universe = &u->universes[k],
                                           .coordinates = FLOE_FAMILY_COORDINATES,
                                           .data = u->prepared[k]};
    u->units[k] = k;
    u->offset[k + 1] = u->offset[k] + N_DRAW * dataset->layout->n_coordinate;
  }
  u->draws = FLOE__NEW(u->offset[u->n] + 1, double);
  return u->draws ? FLOE_OK : no_memory(error);
}

/* ---- weights ---- */

/* Draws of the network as it is, and their weights. */
static floe_status weigh(struct tuning *u, uint64_t seed, struct floe_finetune_state *state, struct floe_error *error) {
  const struct floe__trainer *t = &u->trainer;
  const struct floe_network_ask ask = {.n_context = u->n,
                                       .contexts = u->contexts,
                                       .n = N_DRAW,
                                       .seed = seed,
                                       .units = u->units,
                                       .member = FLOE_NONE,
                                       .n_thread = t->n_thread};
  const floe_status status = floe_network_draw(t->network, &ask, u->draws, u->log_q, error);
  state->ess = 0;
  state->khat = -INFINITY;
  for (size_t k = 0; k < u->n && !status; k++) {
    double *w = u->weights + k * N_DRAW;
    const double *log_q = u->log_q + k * N_DRAW;
    t->model->log_density(&u->contexts[k], N_DRAW, u->draws + u->offset[k], w, NULL, u->scratch);
    for (size_t s = 0; s < N_DRAW; s++) w[s] = isfinite(log_q[s]) ? w[s] - log_q[s] : NAN;
    const struct floe_psis psis = floe_psis(N_DRAW, w, 1, u->psis);
    state->ess += psis.ess / N_DRAW / (double)u->n;
    state->khat = fmax(state->khat, psis.khat);
  }
  return status;
}

/* Normalises exp(power w) into p; returns how many draws they are worth. */
static double temper(const double *w, double power, double *p) {
  double top = -INFINITY, sum = 0, squares = 0;
  for (size_t s = 0; s < N_DRAW; s++) top = fmax(top, w[s]);
  if (!isfinite(top)) return 0;
  for (size_t s = 0; s < N_DRAW; s++) sum += p[s] = w[s] > -INFINITY ? exp(power * (w[s] - top)) : 0;
  for (size_t s = 0; s < N_DRAW; s++) {
    p[s] /= sum;
    squares += p[s] * p[s];
  }
  return 1 / squares;
}

/* Draws of context k, resampled by their weights (systematically), into the pool from place `first` on, u->n apart. */
static void take_draws(struct tuning *u, size_t k, size_t first, uint64_t seed) {
  struct floe__trainer *t = &u->trainer;
  struct floe__examples *pool = &t->pool;
  const struct floe__features *f = t->network->features;
  const struct floe_context *c = &u->contexts[k];
  double *p = u->log_q + k * N_DRAW, power = 1, start, below = 0;
  const double *draws = u->draws + u->offset[k];
  const size_t count = (pool->n - first - k + u->n - 1) / u->n;
  size_t at = 0;
  double worth = temper(u->weights + k * N_DRAW, power, p);
  if (!(worth > 0)) return; /* no draw has a weight: the simulations there stay */
  for (; worth < least_share * N_DRAW && power > 1e-3; worth = temper(u->weights + k * N_DRAW, power, p)) power *= 0.8;
  floe__uniform_fill(seed, FLOE_PURPOSE_RESAMPLE, k, 0, 1, &start);
  for (size_t i = 0; i < count; i++) {
    const double wanted = ((double)i + start) / (double)count;
    while (at + 1 < N_DRAW && below + p[at] < wanted) below += p[at++];
    const size_t place = first + k + i * u->n;
    floe__examples_put(pool, place, c, u->slots[k]);
    float *global = pool->global + place * f->n_global, *local = pool->local + place * f->max_rows * f->n_local;
    floe__features_coordinates(f, c->layout, u->slots[k], draws + at * c->layout->n_coordinate, global, local);
    floe__clear_absent(f->n_global, pool->global_mask + place * f->n_global, global);
    floe__clear_absent(u->slots[k]->n_row * f->n_local, pool->local_mask + place * f->max_rows * f->n_local, local);
  }
}

/* ---- rounds ---- */

static size_t weight_bytes(const struct tuning *u, size_t m) {
  return u->trainer.network->members[m].n_weight * sizeof(float);
}

/* The averaged weights become the network's. */
static void take_average(struct tuning *u) {
  for (size_t m = 0; m < u->trainer.network->n_member; m++)
    memcpy(u->trainer.network->weights[m], u->trainer.learners[m].average, weight_bytes(u, m));
}

/* The network's weights are the best so far. */
static void keep_best(struct tuning *u) {
  for (size_t m = 0; m < u->trainer.network->n_member; m++)
    memcpy(u->best[m], u->trainer.network->weights[m], weight_bytes(u, m));
}

static void take_best(struct tuning *u) {
  for (size_t m = 0; m < u->trainer.network->n_member; m++)
    memcpy(u->trainer.network->weights[m], u->best[m], weight_bytes(u, m));
}

static floe_status refill(struct tuning *u, struct floe_error *error) {
  u->trainer.round++;
  u->trainer.round_unit = u->trainer.next_unit;
  return floe__trainer_fill(&u->trainer, error);
}

static floe_status learn(struct tuning *u, size_t round, size_t steps, const struct floe_progress *progress,
                         struct floe_error *error) {
  struct floe__trainer *t = &u->trainer;
  const size_t last = (round + 1) * steps / ROUNDS;
  const uint64_t seed = u->options->seed + 1 + round;
  struct floe_finetune_state ignored;
  floe_status status = weigh(u, seed, &ignored, error);
  if (!status && round > 0) status = refill(u, error);
  if (status) return status;
  for (size_t k = 0; k < u->n; k++) take_draws(u, k, t->pool.n / 2, seed);
  while (t->step < last) {
    const double fraction = (double)t->step / (double)steps;
    char text[96];
    floe__trainer_step(t, floe__adam_schedule(fraction, calm * t->settings.rate), fraction);
    snprintf(text, sizeof text, "step %zu of %zu", t->step, steps);
    floe__progress(progress, fraction, text);
    if (floe__stop_requested())
      return floe__fail(error, FLOE_EINTERRUPTED, "", "run the same command again", "fine-tuning was interrupted");
  }
  take_average(u);
  return FLOE_OK;
}

static floe_status run_rounds(struct tuning *u, const struct floe_progress *progress,
                              struct floe_finetune_result *result, struct floe_error *error) {
  result->steps = u->options->steps > 0 ? u->options->steps : USUAL_STEPS;
  const uint64_t seed = u->options->seed ^ JUDGE;
  floe_status status = weigh(u, seed, &result->before, error);
  result->before.loss = floe__trainer_loss(&u->trainer, NULL);
  result->after = result->before;
  keep_best(u);
  for (size_t round = 0; round < ROUNDS && !status; round++) {
    struct floe_finetune_state here;
    status = learn(u, round, result->steps, progress, error);
    if (!status) status = weigh(u, seed, &here, error);
    if (status) return status;
    here.loss = floe__trainer_loss(&u->trainer, NULL);
    if (!(here.ess > result->after.ess + least_gain && here.loss <= result->before.loss + most_worse)) continue;
    result->after = here;
    keep_best(u);
  }
  return status;
}

/* What the network says of itself, with its new weights. */
static floe_status finish(struct tuning *u, double change, struct floe_error *error) {
  struct floe__trainer *t = &u->trainer;
  take_best(u);
  if (t->network->settings.posterior != FLOE__MATCHING) /* whose loss is not what it is trained by */
    t->network->loss += change;
  t->network->steps += t->step;
  const floe_status status = refill(u, error);
  return status ? status : floe__trainer_distances(t, error);
}

floe_status floe_network_finetune(const struct floe_network *network, const struct floe_finetune_options *options,
                                  const struct floe_progress *progress, struct floe_network **better,
                                  struct floe_finetune_result *result, struct floe_error *error) {
  const struct floe_network_options training = {
      .seed = options->seed, .n_thread = options->n_thread, .dataset = options->dataset, .universe = options->universe};
  struct tuning u = {.options = options};
  *better = NULL;
  *result = (struct floe_finetune_result){0};
  floe_status status = refuse(network, error);
  if (status) return status;
  u.trainer = (struct floe__trainer){
      .model = network->model, .options = &training, .from = network, .settings = network->settings};
  u.trainer.n_thread = options->n_thread > 0 ? options->n_thread : 1;
  u.trainer.settings.simulations = SIMULATIONS;
  u.trainer.settings.epochs = 1;
  u.trainer.settings.consistency = u.trainer.settings.rejuvenation = 0;
  u.trainer.next_unit = u.trainer.round_unit = FRESH_UNITS;
  u.n = network->model->n_axis > 0 && !options->universe && options->n_dataset < MOST_CONTEXTS
            ? MOST_CONTEXTS / options->n_dataset * options->n_dataset
            : options->n_dataset;
  result->n_context = u.n;
  status = floe__trainer_start(&u.trainer, error);
  if (!status && !allocate(&u)) status = no_memory(error);
  if (!status) status = prepare(&u, error);
  if (!status) status = run_rounds(&u, progress, result, error);
  if (!status && result->after.ess > result->before.ess) {
    status = finish(&u, result->after.loss - result->before.loss, error);
    if (!status) {
      *better = u.trainer.network;
      u.trainer.network = NULL;
    }
  }
  drop(&u);
  return status;
}
