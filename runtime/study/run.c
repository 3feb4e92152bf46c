/* run.c: from data to the report: whatever is missing or stale, in order. `multiverse` is the same without training. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "runtime/data/universe.h"
#include "runtime/multiverse/effects.h"
#include "runtime/multiverse/multiverse.h"
#include "runtime/report/results.h"
#include "runtime/study/artifacts.h"
#include "runtime/study/calibrate.h"
#include "runtime/study/checks.h"
#include "runtime/study/gates_json.h"
#include "runtime/study/multiverse_options.h"
#include "runtime/study/results_json.h"
#include "runtime/study/verbs.h"

enum { MOST_CHECKED = 32 };

/* Every check in the universe where it does worst, over the first MOST_CHECKED universes: the reference and the changes of one
 * axis from it stand first. */
static floe_status worst_checks(struct session *session, const struct floe_universes *universes, json_t *worst,
                                struct floe_error *error) {
  for (size_t u = 0; u < universes->n && u < MOST_CHECKED; u++) {
    json_t *checks = json_array(), *check;
    char id[512];
    size_t k;
    const floe_status status = study_checks(session, &universes->universe[u], checks, error);
    floe_universe_id(session->model, &universes->universe[u], id, sizeof id);
    json_array_foreach(checks, k, check) {
      json_object_set_new(check, "universe", json_string(id));
      if (u == 0)
        json_array_append(worst, check);
      else if (result_number(check, "share") < result_number(json_array_get(worst, k), "share"))
        json_array_set(worst, k, check);
    }
    json_decref(checks);
    if (status != FLOE_OK) return status;
  }
  return FLOE_OK;
}

static floe_status answer_all(struct session *session, const struct floe_network *network,
                              const struct floe_universes *universes, struct floe_multiverse **multiverse,
                              struct floe_error *error) {
  const struct floe_proposal proposal = floe_proposal_of_network(network);
  struct floe_multiverse_options options = FLOE_MULTIVERSE_DEFAULTS;
  options.n_draw = (size_t)floe__option_integer(session->arguments, "draws", 2000);
  options.seed = session->seed;
  options.threads = session->threads;
  options.rungs = study_rungs(session);
  options.pins = session->pins;
  options.leave_out = floe__option_given(session->arguments, "loo");
  if (options.leave_out && !session->model->pointwise)
    session_remark(session, "loo", "observations cannot be left out: %s", session->model->no_density);
  floe__terminal_line_start(&session->line, "answering", session->quiet);
  const floe_status status =
      floe_multiverse_run(session->dataset, &proposal, universes, &options, &session->progress, multiverse, error);
  floe__terminal_line_end(&session->line);
  return status;
}

/* What must hold for the whole to be trusted. */
static void judge(struct session *session, const struct floe_multiverse *multiverse, const json_t *result) {
  struct floe_gates gates = {0};
  const double n = (double)multiverse->n_universe, flagged = (double)multiverse->n_by_method[FLOE_FLAGGED];
  const json_t *calibration = json_object_get(result, "calibration"), *entry;
  bool agree = true, known = false;
  size_t k;
  floe_gates_at_most(&gates, "reference universe flagged", multiverse->outcomes[0].method == FLOE_FLAGGED, 0,
                     FLOE_FAIL);
  floe_gates_at_most(&gates, "share of universes flagged", flagged / n, 0, flagged > 0.5 * n ? FLOE_FAIL : FLOE_WARN);
  json_array_foreach(json_object_get(result, "equivalence"), k, entry) {
    known |= strcmp(result_text(entry, "verdict"), "unknown") != 0;
    agree &= strcmp(result_text(entry, "verdict"), "fail") != 0;
  }
  if (known) floe_gates_at_most(&gates, "disagreement of what must not matter", !agree, 0, FLOE_FAIL);
  if (json_is_object(calibration))
    floe_gates_at_most(&gates, "calibration error of the network", result_number(calibration, "calibration_error"), 0.1,
                       FLOE_WARN);
  json_array_foreach(json_object_get(result, "checks"), k, entry) floe_gates_at_least(
      &gates, "prior predictive check", result_number(entry, "share") + 2 * result_number(entry, "se"),
      result_number(entry, "probability"), FLOE_WARN);
  study_gates_set(session->answer, &gates);
}

/* results.json and report.html, from the whole answer; with numbers held, under names of their own. */
static floe_status write_report(struct session *session, struct floe_error *error) {
  char path[STUDY_PATH_LENGTH], results[STUDY_PATH_LENGTH], page_name[STUDY_NAME_LENGTH], name[STUDY_NAME_LENGTH], hash[17];
  struct floe__text page = {0};
  study_network_hash(session, hash);
  session_name_of_pins(session, "report", ".html", page_name);
  session_name_of_pins(session, "results", ".json", name);
  session_output(session, page_name, path);
  session_path(session, name, results);
  session_file(session, "results", results);
  session_file(session, "report", path);
  json_t *stored = json_deep_copy(session->answer);
  json_object_set_new(stored, "network_hash", json_string(hash));
  floe_status status = study_json_write(session, name, stored, error);
  json_decref(stored);
  floe__report_html(session->answer, &page);
  if (status == FLOE_OK && page.failed) status = floe__fail(error, FLOE_EENVIRONMENT, path, "", "out of memory");
  if (status == FLOE_OK) status = floe__file_write(path, page.data, page.length, error);
  floe__text_free(&page);
  return status;
}

static void print_report(const struct session *session) {
  struct floe__text out = {0};
  floe__report_terminal(session->answer, floe__terminal_colour(1), &out);
  if (out.data) fputs(out.data, stdout);
  floe__text_free(&out);
}

static floe_status report_multiverse(struct session *session, const struct floe_multiverse *multiverse,
                                     json_t *calibration, struct floe_error *error) {
  struct floe_effects *effects = NULL;
  floe_status status = floe_effects_new(multiverse, &effects, error);
  if (status != FLOE_OK) return status;
  json_t *checks = json_array();
  status = worst_checks(session, multiverse->universes, checks, error);
  if (status == FLOE_OK) {
    json_t *training = study_training(session);
    const struct study_findings findings = {multiverse, effects, training, calibration, checks};
    json_t *result = study_result(session, &findings);
    json_decref(training);
    judge(session, multiverse, result);
    json_object_set_new(session->answer, "result", result);
    status = write_report(session, error);
  }
  json_decref(checks);
  floe_effects_free(effects);
  if (status != FLOE_OK) return status;
  if (!session->json) print_report(session);
  return strcmp(result_text(session->answer, "verdict"), "fail") == 0 ? FLOE_EGATE : FLOE_OK;
}

static floe_status run(struct session *session, bool whole, struct floe_error *error) {
  struct floe_network *network = NULL;
  struct floe_universes *universes = NULL;
  struct floe_multiverse *multiverse = NULL;
  json_t *calibration = NULL;
  floe_status status = floe__folder_make(session->folder, error);
  if (status == FLOE_OK) status = study_universes(session, &universes, error);
  if (status == FLOE_OK && session->dry_run) {
    printf("would answer for %zu universes with %s/network%s\n", universes->n, session->folder,
           whole ? ", training and verifying it where needed" : "");
    floe_universes_free(universes);
    return FLOE_OK;
  }
  if (status == FLOE_OK) status = study_network(session, whole, &network, NULL, error);
  if (status == FLOE_OK) status = study_calibration(session, network, whole, &calibration, error);
  if (status == FLOE_OK) status = answer_all(session, network, universes, &multiverse, error);
  if (status == FLOE_OK) status = report_multiverse(session, multiverse, calibration, error);
  json_decref(calibration);
  floe_multiverse_free(multiverse);
  floe_universes_free(universes);
  floe_network_free(network);
  return status;
}

floe_status verb_run(struct session *session, struct floe_error *error) {
  return run(session, true, error);
}

floe_status verb_multiverse(struct session *session, struct floe_error *error) {
  return run(session, false, error);
}
