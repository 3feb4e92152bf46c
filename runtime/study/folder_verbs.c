/* folder_verbs.c: which artifacts there are, and away with them. */
#include <dirent.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "runtime/report/results.h"
#include "runtime/study/artifacts.h"
#include "runtime/study/verbs.h"

static const char *const artifacts[] = {"network",          "network.checkpoint", "training.json",
                                        "calibration.json", "results.json",       "report.html",
                                        "elicited.json"};
enum { N_ARTIFACT = sizeof artifacts / sizeof *artifacts };

/* missing, current, or why it is not current. */
static const char *state_of(struct session *session, const char *name, const char *network_hash) {
  char path[STUDY_PATH_LENGTH];
  session_path(session, name, path);
  if (!floe__file_exists(path)) return "missing";
  if (strcmp(name, "network") == 0) {
    struct floe_network *network = NULL;
    struct floe_error error = {0};
    const floe_status status = floe_network_load(session->model, path, &network, &error);
    floe_network_free(network);
    return status == FLOE_OK ? "current" : "stale or damaged";
  }
  if (strcmp(name, "network.checkpoint") == 0) return "an interrupted training: train resumes it";
  if (strcmp(name, "elicited.json") == 0) {
    const bool asked = session->model->n_elicited > 0 && !needs_hyper_values(session->model);
    return asked ? "current" : "stale";
  }
  if (strcmp(name, "calibration.json") != 0 && strcmp(name, "results.json") != 0) return "present";
  json_t *value = study_json_read(session, name);
  const bool current = value && strcmp(result_text(value, "network_hash"), network_hash) == 0;
  json_decref(value);
  return current ? "current" : "stale";
}

/* ---- files of which there may be several ---- */

static const struct series {
  const char *begin, *end, *shown, *state;
} series[] = {{"draws_", ".checkpoint", "draws_*.checkpoint", "an interrupted sampling: sample resumes it"},
              {"results_", ".json", "results_*.json", "answers with numbers held by --pin"},
              {"report_", ".html", "report_*.html", "the same as pages"}};
enum { N_SERIES = sizeof series / sizeof *series };

static bool is_of(const struct series *s, const char *name) {
  const size_t length = strlen(name), begin = strlen(s->begin), end = strlen(s->end);
  return length > begin + end && !strncmp(name, s->begin, begin) && !strcmp(name + length - end, s->end);
}

/* How many there are; they are removed on the way if `away`. SIZE_MAX where one cannot be. */
static size_t count_series(const struct session *session, const struct series *s, bool away) {
  DIR *folder = opendir(session->folder);
  size_t n = 0;
  for (struct dirent *entry; folder && n < SIZE_MAX && (entry = readdir(folder));) {
    char path[STUDY_PATH_LENGTH];
    if (!is_of(s, entry->d_name)) continue;
    session_path(session, entry->d_name, path);
    n = away && unlink(path) != 0 ? SIZE_MAX : n + 1;
  }
  if (folder) closedir(folder);
  return n;
}

floe_status verb_status(struct session *session, struct floe_error *error) {
  char hash[17];
  (void)error;
  study_network_hash(session, hash);
  if (!session->json) printf("%s, spec %s\n", session->folder, session->model->fingerprint);
  for (size_t k = 0; k < N_ARTIFACT; k++) {
    const char *state = state_of(session, artifacts[k], hash);
    json_object_set_new(json_object_get(session->answer, "result"), artifacts[k], json_string(state));
    if (!session->json) printf("  %-20s %s\n", artifacts[k], state);
  }
  for (size_t k = 0; k < N_SERIES; k++) {
    if (!count_series(session, &series[k], false)) continue;
    json_object_set_new(json_object_get(session->answer, "result"), series[k].shown, json_string(series[k].state));
    if (!session->json) printf("  %-20s %s\n", series[k].shown, series[k].state);
  }
  return FLOE_OK;
}

floe_status verb_clean(struct session *session, struct floe_error *error) {
  for (size_t k = 0; k < N_ARTIFACT; k++) {
    char path[STUDY_PATH_LENGTH];
    session_path(session, artifacts[k], path);
    if (!floe__file_exists(path)) continue;
    if (session->dry_run)
      printf("would remove %s\n", path);
    else if (unlink(path) != 0)
      return floe__fail(error, FLOE_EENVIRONMENT, path, "check the folder's permissions", "cannot be removed");
  }
  for (size_t k = 0; k < N_SERIES; k++) {
    const size_t n = count_series(session, &series[k], !session->dry_run);
    if (session->dry_run && n) printf("would remove %zu of %s\n", n, series[k].shown);
    if (n == SIZE_MAX)
      return floe__fail(error, FLOE_EENVIRONMENT, session->folder, "check the folder's permissions", "%s cannot be removed",
                        series[k].shown);
  }
  return FLOE_OK;
}
