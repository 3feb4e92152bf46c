/* Checkpoints: the network so far, and what training needs to go on exactly as if nothing had happened. Simulations
 * are made again from their seed. */
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "runtime/data/universe.h"
#include "runtime/train/rejuvenation.h"
#include "runtime/train/trainer.h"

static const char checkpoint_magic[8] = "FLOECKPT";
enum { CHECKPOINT_VERSION = 8, N_POSITION = 10 };

static void positions(struct floe__trainer *t, size_t *at[N_POSITION]) {
  size_t *const all[N_POSITION] = {&t->step,    &t->round,   &t->next_unit,  &t->round_unit, &t->n_evaluation,
                                   &t->n_stale, &t->attempt, &t->first_step, &t->n_improved, &t->longer};
  memcpy(at, all, sizeof all);
}

/* What else the run depends on. */
struct identity {
  uint64_t seed, dataset, universe, n_round, n_pass, n_pool, unlabelled;
};
static struct identity identity_of(const struct floe__trainer *t) {
  const struct floe_network_options *o = t->options;
  uint64_t unlabelled = 0;
  for (size_t k = 0; k < o->n_unlabelled; k++) unlabelled = unlabelled * 31 + o->unlabelled[k]->hash;
  return (struct identity){.seed = o->seed,
                           .unlabelled = unlabelled,
                           .dataset = o->dataset ? o->dataset->hash : 0,
                           .universe = o->universe ? floe_universe_hash(t->model, o->universe) : 0,
                           .n_round = t->n_round,
                           .n_pass = t->n_pass,
                           .n_pool = t->n_pool};
}

static void put_learner(struct floe__text *to, const struct floe__learner *l, size_t n) {
  const float *const blocks[] = {l->now, l->average, l->first, l->second};
  for (size_t k = 0; k < 4; k++) floe__put(to, blocks[k], sizeof(float), n);
  floe__put(to, &l->best, sizeof l->best, 1);
  floe__put(to, &l->loss, sizeof l->loss, 1);
}

static int get_learner(const unsigned char **at, const unsigned char *end, struct floe__learner *l, size_t n) {
  float *const blocks[] = {l->now, l->average, l->first, l->second};
  for (size_t k = 0; k < 4; k++)
    if (!floe__get(at, end, blocks[k], sizeof(float), n)) return 0;
  return floe__get(at, end, &l->best, sizeof l->best, 1) && floe__get(at, end, &l->loss, sizeof l->loss, 1);
}

floe_status floe__checkpoint_write(const struct floe__trainer *trainer, struct floe_error *error) {
  struct floe__trainer t = *trainer; /* a view: positions() wants to point into one that may change */
  struct floe__text payload = {0};
  const struct identity identity = identity_of(trainer);
  const char *path = trainer->options->checkpoint;
  size_t *at[N_POSITION];
  floe_status status;
  positions(&t, at);
  floe__put(&payload, &identity, sizeof identity, 1);
  floe__network_put(&payload, t.network);
  for (size_t k = 0; k < N_POSITION; k++) floe__put(&payload, at[k], sizeof **at, 1);
  floe__put(&payload, &t.n_summed, sizeof t.n_summed, 1);
  floe__put(&payload, &t.summed, sizeof t.summed, 1);
  for (size_t m = 0; m < t.network->n_member; m++)
    put_learner(&payload, &t.learners[m], t.network->members[m].n_weight);
  floe__rejuvenation_put(&payload, &t);
  if (payload.failed)
    status = floe__fail(error, FLOE_EENVIRONMENT, path, "", "not enough memory to write the checkpoint");
  else
    status = floe__artifact_write(path, checkpoint_magic, CHECKPOINT_VERSION, payload.data, payload.length, error);
  floe__text_free(&payload);
  return status;
}

static int same_settings(const struct floe__settings *a, const struct floe__settings *b) {
  return a->layers == b->layers && a->width == b->width && a->summary == b->summary && a->ensemble == b->ensemble &&
         a->simulations == b->simulations && a->batch == b->batch && a->rate == b->rate && a->pins == b->pins &&
         a->consistency == b->consistency && a->rejuvenation == b->rejuvenation && a->rows == b->rows &&
         a->inner == b->inner && a->posterior == b->posterior;
}

static int get_state(struct floe__trainer *t, const unsigned char **at, const unsigned char *end) {
  size_t *to[N_POSITION];
  positions(t, to);
  for (size_t k = 0; k < N_POSITION; k++)
    if (!floe__get(at, end, to[k], sizeof **to, 1)) return 0;
  if (!floe__get(at, end, &t->n_summed, sizeof t->n_summed, 1) || !floe__get(at, end, &t->summed, sizeof t->summed, 1))
    return 0;
  for (size_t m = 0; m < t->network->n_member; m++)
    if (!get_learner(at, end, &t->learners[m], t->network->members[m].n_weight)) return 0;
  if (!floe__rejuvenation_get(at, end, t)) return 0;
  if (!floe__trainer_attempt(t) || t->first_step > t->step) return 0;
  return *at == end && t->step - t->first_step <= t->n_step && t->round < t->n_round;
}

static floe_status take_up(struct floe__trainer *t, const unsigned char *at, const unsigned char *end,
                           struct floe_error *error) {
  const char *path = t->options->checkpoint;
  const struct identity now = identity_of(t);
  struct identity then;
  struct floe_network *network;
  if (!floe__get(&at, end, &then, sizeof then, 1) || memcmp(&then, &now, sizeof now) != 0) return FLOE_OK;
  const floe_status status = floe__network_get(t->model, path, &at, end, &network, NULL);
  if (status == FLOE_EARTIFACT) return FLOE_OK; /* of another version of the spec: train from the start */
  if (status) return floe__fail(error, status, path, "", "the checkpoint cannot be read");
  if (!same_settings(&network->settings, &t->network->settings)) {
    floe_network_free(network);
    return FLOE_OK;
  }
  floe_network_free(t->network);
  t->network = network;
  if (get_state(t, &at, end)) {
    t->network->resumed = t->step;
    return FLOE_OK;
  }
  return floe__fail(error, FLOE_EARTIFACT, path, "remove it and train again", "the checkpoint is damaged");
}

floe_status floe__checkpoint_read(struct floe__trainer *t, struct floe_error *error) {
  void *payload;
  size_t length;
  const char *path = t->options->checkpoint;
  if (!path || !floe__file_exists(path)) return FLOE_OK;
  floe_status status = floe__artifact_read(path, checkpoint_magic, CHECKPOINT_VERSION, &payload, &length, error);
  if (status) return status;
  status = take_up(t, payload, (const unsigned char *)payload + length, error);
  floe__free(payload);
  return status;
}
