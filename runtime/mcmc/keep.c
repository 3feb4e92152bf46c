#include "runtime/mcmc/keep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/progress.h"
#include "runtime/data/universe.h"
#include "runtime/mcmc/sample.h"

static const char magic[8] = "FLOEMCMC";
enum { FORMAT = 1, PATH_LENGTH = 4096 };

void floe__keep(struct floe__keeper *keeper, void *data, size_t bytes) {
  if (keeper->failed || bytes == 0) return;
  if (!keeper->reads) {
    floe__text_append(&keeper->text, data, bytes);
  } else if (bytes > (size_t)(keeper->end - keeper->at)) {
    keeper->failed = true;
  } else {
    memcpy(data, keeper->at, bytes);
    keeper->at += bytes;
  }
}

static void path_of(const char *stem, size_t part, char path[PATH_LENGTH]) {
  snprintf(path, PATH_LENGTH, "%.4000s_%zu.checkpoint", stem, part + 1);
}

void floe_sample_forget(const struct floe_sample_options *options) {
  char path[PATH_LENGTH];
  for (size_t part = 0; options->checkpoint && part < options->chains; part++) {
    path_of(options->checkpoint, part, path);
    unlink(path); /* it may never have been written */
  }
}

static uint64_t mix(uint64_t hash, const void *data, size_t bytes) {
  return floe__hash(data, bytes, hash);
}

struct floe__checkpoint floe__checkpoint_of(const struct floe_context *context,
                                            const struct floe_sample_options *options, size_t part) {
  const struct floe_layout *layout = context->layout;
  const struct floe_model *model = layout->model;
  const uint64_t numbers[] = {options->algorithm,
                              options->chains,
                              options->warmup,
                              options->draws,
                              options->superchains,
                              options->judge != NULL,
                              options->seed,
                              part,
                              floe_universe_hash(model, context->universe)};
  const char *fingerprint = model->fingerprint ? model->fingerprint : "";
  struct floe__checkpoint checkpoint = {
      .path = options->checkpoint, .part = part, .every = options->checkpoint_seconds, .last = floe__clock()};
  checkpoint.pause = checkpoint.every;
  if (!checkpoint.path) return checkpoint;
  uint64_t hash = mix(0, fingerprint, strlen(fingerprint));
  hash = mix(hash, numbers, sizeof numbers);
  hash = mix(hash, &options->target_accept, sizeof options->target_accept);
  hash = mix(hash, layout->size, model->n_dimension * sizeof *layout->size);
  if (layout->n_data && context->data) hash = mix(hash, context->data, layout->n_data * sizeof *context->data);
  checkpoint.identity = hash;
  return checkpoint;
}

bool floe__checkpoint_due(const struct floe__checkpoint *checkpoint, double now) {
  return checkpoint->path && now - checkpoint->last >= checkpoint->pause;
}

floe_status floe__checkpoint_save(struct floe__checkpoint *checkpoint,
                                  void (*fields)(struct floe__keeper *keeper, void *state), void *state,
                                  struct floe_error *error) {
  struct floe__keeper keeper = {0};
  char path[PATH_LENGTH];
  if (!checkpoint->path) return FLOE_OK;
  const double before = floe__clock();
  path_of(checkpoint->path, checkpoint->part, path);
  floe__keep(&keeper, &checkpoint->identity, sizeof checkpoint->identity);
  fields(&keeper, state);
  const floe_status status =
      keeper.text.failed ? floe__fail(error, FLOE_EENVIRONMENT, path, "", "not enough memory to write the checkpoint")
                         : floe__artifact_write(path, magic, FORMAT, keeper.text.data, keeper.text.length, error);
  floe__text_free(&keeper.text);
  checkpoint->last = floe__clock();
  checkpoint->pause = fmax(checkpoint->every, 20 * (checkpoint->last - before)); /* at most a twentieth of the time */
  checkpoint->written = true;
  return status;
}

static floe_status damaged(const char *path, struct floe_error *error) {
  return floe__fail(error, FLOE_EARTIFACT, path, "remove it, or sample with --fresh", "the checkpoint is damaged");
}

floe_status floe__checkpoint_load(struct floe__checkpoint *checkpoint,
                                  void (*fields)(struct floe__keeper *keeper, void *state), void *state, bool *found,
                                  struct floe_error *error) {
  char path[PATH_LENGTH];
  void *payload;
  size_t length;
  uint64_t identity = 0;
  *found = false;
  if (!checkpoint->path) return FLOE_OK;
  path_of(checkpoint->path, checkpoint->part, path);
  if (!floe__file_exists(path)) return FLOE_OK;
  if (floe__artifact_read(path, magic, FORMAT, &payload, &length, NULL) != FLOE_OK) return damaged(path, error);
  struct floe__keeper keeper = {.reads = true, .at = payload, .end = (const unsigned char *)payload + length};
  floe__keep(&keeper, &identity, sizeof identity);
  const bool own = !keeper.failed && identity == checkpoint->identity;
  if (own) fields(&keeper, state);
  const bool whole = !keeper.failed && keeper.at == keeper.end;
  floe__free(payload);
  *found = own && whole;
  checkpoint->written = checkpoint->written || *found;
  return own && !whole ? damaged(path, error) : FLOE_OK;
}
