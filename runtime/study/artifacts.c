#include "runtime/study/artifacts.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "runtime/data/universe.h"
#include "runtime/report/results.h"
#include "runtime/study/datasets.h"

enum { MOST_JSON = 1 << 30, MOST_NETWORK = 1 << 30 };

static json_t *numbers(size_t n, const double *x) {
  json_t *list = json_array();
  for (size_t k = 0; k < n; k++) json_array_append_new(list, result_real(x[k]));
  return list;
}

static floe_status write_training(const struct session *session, const struct floe_network *network,
                                  struct floe_error *error) {
  const struct floe_network_info info = floe_network_info(network);
  json_t *curve = json_array();
  for (size_t k = 0; k < info.n_point; k++) {
    json_t *point = json_array();
    json_array_append_new(point, json_integer((json_int_t)info.curve[k].simulations));
    json_array_append_new(point, result_real(info.curve[k].training));
    json_array_append_new(point, result_real(info.curve[k].validation));
    json_array_append_new(curve, point);
  }
  json_t *training =
      json_pack("{s:I, s:I, s:I, s:f, s:o, s:I, s:o, s:I, s:b, s:o, s:o, s:o}", "members", (json_int_t)info.n_member, "weights",
                (json_int_t)info.n_weight, "simulations", (json_int_t)info.simulations, "seconds", info.seconds, "loss",
                result_real(info.loss), "rejected", (json_int_t)info.n_rejected, "curve", curve, "consistency",
                (json_int_t)info.consistency, "rejuvenation", (int)info.rejuvenation, "shares", numbers(info.n_member, info.share), "member_losses",
                numbers(info.n_member, info.member_loss), "disagreement", result_real(info.disagreement));
  const floe_status status = study_json_write(session, "training.json", training, error);
  json_decref(training);
  return status;
}

static floe_status train(struct session *session, struct floe_network **network, struct floe_error *error) {
  char path[STUDY_PATH_LENGTH], checkpoint[STUDY_PATH_LENGTH];
  session_path(session, "network", path);
  session_path(session, "network.checkpoint", checkpoint);
  floe_status status = floe__folder_make(session->folder, error);
  if (status != FLOE_OK) return status;
  if (floe__option_given(session->arguments, "fresh")) unlink(checkpoint);
  struct study_datasets unlabelled;
  status = study_datasets_read(session, "unlabelled", true, &unlabelled, error);
  if (status != FLOE_OK) {
    study_datasets_drop(&unlabelled);
    return status;
  }
  const struct floe_network_options options = {
      .unlabelled = unlabelled.all,
      .n_unlabelled = unlabelled.n,
      .seed = session->seed,
      .n_thread = session->threads,
      .simulations = (size_t)floe__option_integer(session->arguments, "simulations", 0),
      .dataset = session->dataset,
      .checkpoint = checkpoint,
      .universe = floe__option_given(session->arguments, "dedicated") ? &session->universe : NULL};
  floe__terminal_line_start(&session->line, "training", session->quiet);
  status = floe_network_train(session->model, &options, &session->progress, network, error);
  floe__terminal_line_end(&session->line);
  study_datasets_drop(&unlabelled);
  if (status == FLOE_OK) status = floe_network_save(*network, path, error);
  if (status == FLOE_OK) status = write_training(session, *network, error);
  if (status != FLOE_OK) {
    floe_network_free(*network);
    *network = NULL;
    return status;
  }
  const struct floe_network_info info = floe_network_info(*network);
  if (info.consistency == 0 && floe__option_given(session->arguments, "unlabelled"))
    session_remark(session, "unlabelled", "the data of --unlabelled were not used: %s",
                   session->model->no_density ? session->model->no_density
                   : info.no_density          ? info.no_density
                                              : "the spec says `consistency = off`");
  session_remark(session, NULL, "trained on %zu simulations in %.0f s; validation loss %.4f", info.simulations,
                 info.seconds, info.loss);
  if (info.resumed > 0)
    session_remark(session, NULL, "an interrupted training was resumed behind step %zu of %zu", info.resumed, info.steps);
  if (info.no_density)
    session_remark(session, "network", "the network's draws cannot be weighed: %s", info.no_density);
  else if (info.n_member > 1)
    session_remark(session, NULL, "%zu networks, stacked: the mixture does better than they do on average by %.4f",
                   info.n_member, info.disagreement);
  return FLOE_OK;
}

floe_status study_network(struct session *session, bool may_train, struct floe_network **network, bool *trained,
                          struct floe_error *error) {
  char path[STUDY_PATH_LENGTH];
  session_path(session, "network", path);
  *network = NULL;
  if (trained) *trained = false;
  /* data to train for make another network of one that is there */
  const bool fresh = may_train && (floe__option_given(session->arguments, "fresh") ||
                                   floe__option_given(session->arguments, "unlabelled"));
  if (!fresh && floe__file_exists(path)) {
    const floe_status status = floe_network_load(session->model, path, network, error);
    const bool larger = status == FLOE_OK && may_train && session->dataset &&
                        floe_network_takes(*network, session->dataset, error) != FLOE_OK;
    if (status == FLOE_OK) session_file(session, "network", path);
    if (!larger && (status != FLOE_EARTIFACT || !may_train)) return status;
    session_remark(session, "artifact", "%s: %s; training anew", path, error->message);
    *error = (struct floe_error){0};
    floe_network_free(*network);
    *network = NULL;
  } else if (!may_train) {
    return floe__fail(error, FLOE_EARTIFACT, path, "train it: floe train SPEC, or let floe run do all that is missing",
                      "there is no trained network");
  }
  if (trained) *trained = true;
  const floe_status status = train(session, network, error);
  if (status == FLOE_OK) session_file(session, "network", path);
  return status;
}

json_t *study_training(const struct session *session) {
  json_t *training = study_json_read(session, "training.json");
  return training ? training : json_null();
}

floe_status study_json_write(const struct session *session, const char *name, const json_t *value,
                             struct floe_error *error) {
  char path[STUDY_PATH_LENGTH];
  session_path(session, name, path);
  char *text = json_dumps(value, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
  if (!text) return floe__fail(error, FLOE_EENVIRONMENT, path, "", "out of memory");
  const floe_status status = floe__file_write(path, text, strlen(text), error);
  free(text);
  return status;
}

json_t *study_json_read(const struct session *session, const char *name) {
  char path[STUDY_PATH_LENGTH], *text = NULL;
  size_t length;
  struct floe_error error = {0};
  session_path(session, name, path);
  if (floe__file_read(path, MOST_JSON, &text, &length, &error) != FLOE_OK) return NULL;
  json_t *value = json_loadb(text, length, 0, NULL);
  floe__free(text);
  return value;
}

void study_network_hash(const struct session *session, char hash[17]) {
  char path[STUDY_PATH_LENGTH], *bytes = NULL;
  size_t length;
  struct floe_error error = {0};
  session_path(session, "network", path);
  hash[0] = '\0';
  if (floe__file_read(path, MOST_NETWORK, &bytes, &length, &error) != FLOE_OK) return;
  snprintf(hash, 17, "%016llx", (unsigned long long)floe__hash(bytes, length, 0));
  floe__free(bytes);
}
