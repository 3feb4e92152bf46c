#include "runtime/train/trainer.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "runtime/data/layout.h"
#include "runtime/nn/adam.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"
#include "runtime/sim/simulate.h"
#include "runtime/train/consistency.h"
#include "runtime/train/rejuvenation.h"

enum { SLICE = 8192, CHUNK_ROWS = 2048, CHUNK = 64, ITEMS_OF_ROW = 16, MOST_HELD_OUT = 2048, MOST_POOL = 16384 };
enum { USUAL_STEPS = 8000, MANY_PASSES = 20 };
#define HELD_OUT_STEP (UINT64_C(1) << 48) /* the same noise in every evaluation */
static const double pool_numbers = 3.2e7, clip = 1.5;

/* Weight decay of the attempts at training, and their shares of the steps. The first suits training whose simulations
 * get other parameters as they are passed again (rejuvenation.h): eighteen epidemic models at once, and each alone, lose
 * 0.05 to 0.3 nats less with 0.03 to 0.1 than with 1e-4, and more than with 0.3. The others are for simulations that are
 * merely repeated. What suits 10,000 of them depends on the model: two moons is 0.10 nats from the exact posterior with
 * 1e-4 to 0.08, 0.35 with 0.5; ten normal means in a network that does not know them to be independent 0.30 with 1e-4,
 * 0.18 with 0.5, and 0.04 to 0.05 with 2 to 5, at 20 passes as at 100. Ten coefficients of a logistic regression (exact:
 * 1.77) come to 2.44 with 1e-4, whose rate is still high when it overfits, to 2.24 with 0.5 and 1600 steps in all, at
 * whose end the rate is low, to 2.28 with 0.8 and 2400, 2.55 with 2 and 1000. */
static const struct { double decay, share; } attempts[] = {{0.03, 1}, {0.5, 0.4}, {2, 0.25}};
enum { N_ATTEMPT = sizeof attempts / sizeof *attempts };

static floe_status no_memory(struct floe_error *error) {
  return floe__fail(error, FLOE_EENVIRONMENT, "", "set a smaller `width` or `ensemble`",
                    "not enough memory to train the network");
}

static struct floe_simulation_plan plan_of(const struct floe__trainer *t, uint64_t purpose, size_t first_unit,
                                           size_t n) {
  return (struct floe_simulation_plan){.model = t->model,
                                       .seed = t->options->seed,
                                       .purpose = purpose,
                                       .first_unit = first_unit,
                                       .n = n,
                                       .universe = t->options->universe,
                                       .dataset = t->options->dataset,
                                       .gaps = true,
                                       .n_thread = t->n_thread};
}

/* Simulations that are held out to know when to stop: part of the budget. */
static size_t n_held_out(const struct floe__trainer *t) {
  const size_t tenth = t->settings.simulations / 10;
  return tenth > MOST_HELD_OUT ? MOST_HELD_OUT : tenth < 64 ? 64 : tenth;
}

/* Pools, rounds and passes. By default all simulations together are passed as often as makes about USUAL_STEPS
 * steps. What is passed many times is in one pool, memory permitting: one that is left behind for the next would be
 * forgotten. (COVID with 32,768 simulations: held-out loss -0.93 in one pool, -0.89 in two.) */
static floe_status schedule(struct floe__trainer *t, size_t *largest, struct floe_error *error) {
  const struct floe_simulation_plan plan = plan_of(t, FLOE_PURPOSE_TRAIN, 0, 1);
  struct floe_layout *layout;
  const floe_status status = floe_simulation_largest(&plan, &layout, error);
  if (status) return status;
  for (size_t d = 0; d < t->model->n_dimension; d++) largest[d] = layout->size[d];
  const double room = pool_numbers / (double)(layout->n_data + layout->n_coordinate + 1);
  floe_layout_free(layout);
  const size_t n = t->settings.simulations - n_held_out(t), batch = t->settings.batch;
  t->n_pass = t->settings.epochs;
  if (t->n_pass == 0) t->n_pass = (USUAL_STEPS * batch + n / 2) / n;
  if (t->n_pass == 0) t->n_pass = 1;
  t->n_pool = n < MOST_POOL || t->n_pass >= MANY_PASSES ? n : MOST_POOL;
  if ((double)t->n_pool > room) t->n_pool = room < 256 ? 256 : (size_t)room;
  if (t->settings.batch > t->n_pool / 2) t->settings.batch = t->n_pool / 2;
  t->n_round = (n + t->n_pool / 2) / t->n_pool;
  t->steps_of_pass = t->n_pool / t->settings.batch;
  floe__trainer_attempt(t);
  return FLOE_OK;
}

bool floe__trainer_attempt(struct floe__trainer *t) {
  if (t->attempt >= N_ATTEMPT) return false;
  const double n = (double)(t->n_round * t->n_pass * t->steps_of_pass) * attempts[t->attempt].share;
  t->n_step = n < 1 ? 1 : (size_t)n * (t->longer ? t->longer : 1);
  return true;
}

void floe__trainer_lengthen(struct floe__trainer *t, size_t times) {
  t->longer = times;
  t->n_evaluation /= times;
  floe__trainer_attempt(t);
}

bool floe__trainer_repeats(const struct floe__trainer *t) {
  return t->n_round == 1 && t->consistency.n_draw == 0;
}

bool floe__trainer_again(struct floe__trainer *t) {
  if (!floe__trainer_repeats(t) || t->attempt + 1 == N_ATTEMPT) return false;
  t->attempt++;
  t->first_step = t->step;
  t->n_evaluation = t->n_stale = t->n_improved = t->n_summed = 0;
  t->summed = 0;
  floe__trainer_attempt(t);
  for (size_t m = 0; m < t->network->n_member; m++) {
    const struct floe__member *member = &t->network->members[m];
    const struct floe__learner *l = &t->learners[m];
    const size_t size = member->n_weight * sizeof(float);
    floe__member_start(member, l->now, t->network->seed, m);
    memcpy(l->average, l->now, size);
    memset(l->first, 0, size);
    memset(l->second, 0, size);
  }
  return true;
}

static int allocate_learners(struct floe__trainer *t) {
  const size_t n_member = t->network->n_member;
  t->learners = FLOE__NEW(n_member, struct floe__learner);
  t->gradients = FLOE__NEW(n_member * t->n_part, float *);
  if (!t->learners || !t->gradients) return 0;
  for (size_t m = 0; m < n_member; m++) {
    const size_t n = t->network->members[m].n_weight;
    struct floe__learner *l = &t->learners[m];
    l->now = FLOE__NEW(n, float);
    l->average = FLOE__NEW(n, float);
    l->first = FLOE__NEW(n, float);
    l->second = FLOE__NEW(n, float);
    l->best = l->loss = INFINITY;
    if (!l->now || !l->average || !l->first || !l->second) return 0;
    memcpy(l->now, t->network->weights[m], n * sizeof(float));
    memcpy(l->average, l->now, n * sizeof(float));
    for (size_t c = 0; c < t->n_part; c++)
      if (!(t->gradients[m * t->n_part + c] = FLOE__NEW(n, float))) return 0;
  }
  return 1;
}

static int allocate_work(struct floe__trainer *t) {
  const struct floe__features *f = t->network->features;
  const size_t n_member = t->network->n_member, each = f->in_rows ? 1 + f->longest / ITEMS_OF_ROW : 1;
  const size_t rows = f->max_rows > 0 ? f->max_rows * each : 1;
  t->chunk = CHUNK_ROWS / rows > CHUNK ? CHUNK : CHUNK_ROWS / rows < 4 ? 4 : CHUNK_ROWS / rows;
  t->n_chunk = (t->settings.batch + t->chunk - 1) / t->chunk;
  floe__consistency_plan(t);
  t->n_part = t->n_chunk + t->consistency.n_chunk;
  t->room = t->chunk > t->settings.consistency ? t->chunk : t->settings.consistency;
  for (size_t m = 0; m < n_member; m++) {
    const size_t work = floe__member_work(&t->network->members[m], t->room, t->room * f->max_rows);
    t->n_work = work > t->n_work ? work : t->n_work;
    const size_t slices = (t->network->members[m].n_weight + SLICE - 1) / SLICE;
    t->n_slice = slices > t->n_slice ? slices : t->n_slice;
  }
  t->n_floats = floe__batch_floats(f, t->room);
  t->n_indices = floe__batch_indices(f, t->room);
  const size_t blocks = (MOST_HELD_OUT + t->chunk - 1) / t->chunk, n_loss = blocks > t->n_chunk ? blocks : t->n_chunk;
  t->work = floe__new(t->n_thread, t->n_work * sizeof(float));
  t->floats = floe__new(t->n_thread, t->n_floats * sizeof(float));
  t->indices = floe__new(t->n_thread, t->n_indices * sizeof(uint32_t));
  t->log_q = floe__new(t->n_thread, t->room * sizeof(float));
  t->losses = FLOE__NEW(n_member * n_loss, double);
  t->squares = FLOE__NEW(n_member * t->n_slice, double);
  t->adams = FLOE__NEW(n_member, struct floe__adam);
  t->order = FLOE__NEW(t->n_pool, size_t);
  return t->work && t->floats && t->indices && t->log_q && t->losses && t->squares && t->adams && t->order;
}

static floe_status pack(struct floe__trainer *t, struct floe_simulations *simulations, size_t n,
                        struct floe__examples *examples, struct floe_error *error) {
  floe_status status = examples->n_row ? FLOE_OK : floe__examples_new(t->network->features, n, examples, error);
  if (!status) status = floe__examples_pack(examples, simulations, t->n_thread, error);
  return status;
}

static floe_status hold_out(struct floe__trainer *t, struct floe_error *error) {
  const struct floe_simulation_plan plan = plan_of(t, FLOE_PURPOSE_VALIDATE, 0, n_held_out(t));
  struct floe_simulations *simulations;
  floe_status status = floe_simulate(&plan, &simulations, error);
  if (status) return status;
  status = pack(t, simulations, plan.n, &t->held_out, error);
  if (!status && t->consistency.n_draw > 0) return floe__consistency_start(t, simulations, error);
  floe_simulations_free(simulations);
  return status;
}

floe_status floe__trainer_fill(struct floe__trainer *t, struct floe_error *error) {
  if (t->ready_round == t->round + 1) return FLOE_OK;
  const struct floe_simulation_plan plan = plan_of(t, FLOE_PURPOSE_TRAIN, t->round_unit, t->n_pool);
  struct floe_simulations *simulations;
  floe_status status = floe_simulate(&plan, &simulations, error);
  if (status) return status;
  if (t->ready_round == 0 && t->step == 0 && !t->from)
    status = floe__features_standardise(t->network->features, simulations, error);
  if (!status) status = pack(t, simulations, t->n_pool, &t->pool, error);
  if (t->next_unit != simulations->next_unit) { /* else a checkpoint has counted them */
    t->next_unit = simulations->next_unit;
    t->network->simulations += t->n_pool + (t->round == 0 ? n_held_out(t) : 0);
    t->network->n_rejected += simulations->n_rejected;
  }
  t->ready_round = t->round + 1;
  if (status || (t->consistency.n_draw == 0 && !floe__rejuvenates(t))) {
    floe_simulations_free(simulations);
    return status;
  }
  status = floe__consistency_take_pool(t, simulations, error);
  return status || !floe__rejuvenates(t) ? status : floe__rejuvenation_start(t, error);
}

floe_status floe__trainer_start(struct floe__trainer *t, struct floe_error *error) {
  size_t *largest = FLOE__NEW(t->model->n_dimension + 1, size_t);
  if (!largest) return no_memory(error);
  floe_status status = schedule(t, largest, error);
  if (!status && t->from)
    status = floe__network_takes(t->from, largest, t->options->dataset ? t->options->dataset->path : "", error);
  if (!status && t->from)
    status = floe__network_copy(t->from, &t->network, error);
  else if (!status)
    status = floe__network_new(t->model, &t->settings, t->options->seed, largest, &t->network, error);
  floe__free(largest);
  if (status) return status;
  t->settings.summary = t->network->settings.summary;
  t->settings.width = t->network->settings.width;
  if (!allocate_work(t) || !allocate_learners(t)) return no_memory(error);
  status = floe__checkpoint_read(t, error);
  if (!status) status = floe__trainer_fill(t, error);
  return status ? status : hold_out(t, error);
}

void floe__trainer_drop(struct floe__trainer *t) {
  const size_t n_member = t->settings.ensemble;
  for (size_t m = 0; t->learners && m < n_member; m++) {
    floe__free(t->learners[m].now);
    floe__free(t->learners[m].average);
    floe__free(t->learners[m].first);
    floe__free(t->learners[m].second);
  }
  for (size_t k = 0; t->gradients && k < n_member * t->n_part; k++) floe__free(t->gradients[k]);
  void *const blocks[] = {t->learners, t->gradients, t->work,    t->floats, t->indices,
                          t->log_q,    t->losses,    t->squares, t->adams,  t->order};
  for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) floe__free(blocks[k]);
  floe__consistency_drop(t);
  floe__rejuvenation_drop(t);
  floe__examples_free(&t->pool);
  floe__examples_free(&t->held_out);
  floe_network_free(t->network);
}

struct floe__batch floe__trainer_batch(const struct floe__trainer *t, const struct floe__examples *examples,
                                       const size_t *order, size_t first, size_t n, size_t thread) {
  return floe__batch_gather(examples, order, first, n, t->floats + thread * t->n_floats,
                            t->indices + thread * t->n_indices);
}

static double total(const float *loss, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)loss[i];
  return sum;
}

/* The noise of a member's loss at a step, for the data sets of a batch from number `first`. */
static struct floe__noise noise_of(const struct floe__trainer *t, size_t m, uint64_t step, size_t first) {
  return (struct floe__noise){t->options->seed, step * FLOE__MOST_MEMBERS + m, first, (float)t->fraction};
}

static void learn_chunk(void *context, size_t k, size_t thread) {
  struct floe__trainer *t = context;
  const size_t m = k / t->n_part, part = k % t->n_part, first = part * t->chunk, batch = t->settings.batch;
  if (part >= t->n_chunk) {
    floe__consistency_learn(t, m, part - t->n_chunk, thread, t->gradients[k]);
    return;
  }
  const size_t n = first + t->chunk < batch ? t->chunk : batch - first;
  const struct floe__member *member = &t->network->members[m];
  const struct floe__noise noise = noise_of(t, m, t->step, first);
  float *work = t->work + thread * t->n_work, *loss = t->log_q + thread * t->room;
  struct floe__batch b =
      floe__trainer_batch(t, &t->pool, t->order, t->step % t->steps_of_pass * batch + first, n, thread);
  floe__batch_pin(t->network->features, t->settings.pins, noise.seed, noise.unit, first, &b);
  floe__member_loss(member, t->learners[m].now, &b, &noise, work, loss);
  t->losses[m * t->n_chunk + part] = total(loss, n);
  floe__member_loss_backward(member, t->learners[m].now, &b, work, 1.0f / (float)batch, t->gradients[k]);
}

static size_t slice_size(const struct floe__trainer *t, size_t m, size_t slice) {
  const size_t n = t->network->members[m].n_weight, first = slice * SLICE;
  return first >= n ? 0 : n - first < SLICE ? n - first : SLICE;
}

static void sum_slice(void *context, size_t k, size_t thread) {
  struct floe__trainer *t = context;
  const size_t m = k / t->n_slice, slice = k % t->n_slice, n = slice_size(t, m, slice);
  (void)thread;
  float *const *parts = t->gradients + m * t->n_part;
  t->squares[k] = n > 0 ? floe__sum_parts(n, t->n_part, parts, slice * SLICE) : 0;
}

static void update_slice(void *context, size_t k, size_t thread) {
  struct floe__trainer *t = context;
  const size_t m = k / t->n_slice, first = k % t->n_slice * SLICE, n = slice_size(t, m, k % t->n_slice);
  const struct floe__learner *l = &t->learners[m];
  (void)thread;
  if (n == 0) return;
  float *gradient = t->gradients[m * t->n_part] + first;
  floe__adam_update(&t->adams[m], n, l->now + first, gradient, l->first + first, l->second + first, l->average + first);
  memset(gradient, 0, n * sizeof *gradient); /* between steps all gradients are 0 */
}

void floe__trainer_step(struct floe__trainer *t, double rate, double fraction) {
  const size_t n_member = t->network->n_member;
  const size_t pass = t->step / t->steps_of_pass;
  if (t->ready_pass != pass + 1) {
    for (size_t i = 0; i < t->n_pool; i++) t->order[i] = i;
    floe__shuffle(t->options->seed, FLOE_PURPOSE_SHUFFLE, pass, t->n_pool, t->order);
    if (floe__rejuvenates(t)) floe__rejuvenate(t, pass);
    t->ready_pass = pass + 1;
  }
  t->fraction = fraction;
  floe__parallel(n_member * t->n_part, t->n_thread, learn_chunk, t);
  floe__parallel(n_member * t->n_slice, t->n_thread, sum_slice, t);
  for (size_t m = 0; m < n_member; m++) {
    double squares = 0, loss = 0;
    for (size_t s = 0; s < t->n_slice; s++) squares += t->squares[m * t->n_slice + s];
    for (size_t c = 0; c < t->n_chunk; c++) loss += t->losses[m * t->n_chunk + c];
    t->adams[m] = floe__adam_step(t->step - t->first_step, rate, attempts[t->attempt].decay, clip, sqrt(squares));
    t->summed += loss / (double)t->settings.batch / (double)n_member;
  }
  floe__parallel(n_member * t->n_slice, t->n_thread, update_slice, t);
  t->n_summed++;
  t->step++;
  if (t->step % (t->n_pass * t->steps_of_pass) == 0 && t->round + 1 < t->n_round) {
    t->round++;
    t->round_unit = t->next_unit;
  }
}

static void evaluate_block(void *context, size_t k, size_t thread) {
  struct floe__trainer *t = context;
  const size_t blocks = (t->held_out.n + t->chunk - 1) / t->chunk, m = k / blocks, first = k % blocks * t->chunk;
  const size_t n = first + t->chunk < t->held_out.n ? t->chunk : t->held_out.n - first;
  float *loss = t->log_q + thread * t->room;
  const struct floe__noise noise = noise_of(t, 0, HELD_OUT_STEP, first);
  struct floe__batch b = floe__trainer_batch(t, &t->held_out, NULL, first, n, thread);
  floe__batch_pin(t->network->features, t->settings.pins, noise.seed, noise.unit, first, &b);
  floe__member_score(&t->network->members[m], t->learners[m].average, &b, &noise, t->work + thread * t->n_work, loss);
  t->losses[k] = total(loss, n);
}

double floe__trainer_loss(struct floe__trainer *t, double *losses) {
  const size_t n_member = t->network->n_member, blocks = (t->held_out.n + t->chunk - 1) / t->chunk;
  double mean = 0;
  floe__parallel(n_member * blocks, t->n_thread, evaluate_block, t);
  for (size_t m = 0; m < n_member; m++) {
    double loss = 0;
    for (size_t b = 0; b < blocks; b++) loss += t->losses[m * blocks + b] / (double)t->held_out.n;
    if (losses) losses[m] = loss;
    mean += loss / (double)n_member;
  }
  return mean;
}

bool floe__trainer_evaluate(struct floe__trainer *t) {
  const size_t n_member = t->network->n_member;
  struct floe_network *network = t->network;
  double losses[FLOE__MOST_MEMBERS], best = 0;
  bool improved = false;
  const double mean = floe__trainer_loss(t, losses);
  if (t->consistency.n_draw > 0) floe__consistency_evaluate(t);
  for (size_t m = 0; m < n_member; m++) {
    struct floe__learner *l = &t->learners[m];
    const double loss = losses[m], criterion = loss + 0.5 * l->variance;
    if (criterion < l->best) {
      l->best = criterion;
      l->loss = loss;
      memcpy(network->weights[m], l->average, network->members[m].n_weight * sizeof(float));
      improved = true;
    }
    best += l->loss / (double)n_member;
  }
  t->n_improved += improved;
  network->loss = best;
  network->steps = t->step;
  if (network->n_point < FLOE__CURVE_POINTS)
    network->curve[network->n_point++] = (struct floe_network_point){
        t->step * t->settings.batch, t->n_summed ? t->summed / (double)t->n_summed : NAN, mean};
  t->summed = 0;
  t->n_summed = 0;
  return improved;
}
