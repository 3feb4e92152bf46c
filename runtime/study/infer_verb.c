/* infer_verb.c: a data set, or with --group each of many, in one universe, by the ladder of trust: summary, claims, draws
 * as CmdStan CSV. */
#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "runtime/data/bind.h"
#include "runtime/data/universe.h"
#include "runtime/report/draws_csv.h"
#include "runtime/report/results.h"
#include "runtime/report/table.h"
#include "runtime/study/answers.h"
#include "runtime/study/artifacts.h"
#include "runtime/study/gates_json.h"
#include "runtime/study/quantities.h"
#include "runtime/study/verbs.h"

/* One of the data sets of --group; without it there is one, and its name is NULL. */
struct group {
  size_t number; /* from 1 */
  const char *name;
};

/* Where the draws go: those of groups to a folder, in files whose numbers tell them apart. */
static floe_status draws_path(const struct session *session, const char *id, struct group group,
                              char path[STUDY_PATH_LENGTH], struct floe_error *error) {
  char name[300], folder[STUDY_PATH_LENGTH], file[120];
  snprintf(name, sizeof name, group.name ? "infer_%.240s" : "infer_%.240s.csv", id);
  session_output(session, name, folder);
  snprintf(path, STUDY_PATH_LENGTH, "%s", folder);
  if (!group.name) return FLOE_OK;
  snprintf(file, sizeof file, "%zu_%.80s.csv", group.number, group.name);
  for (char *at = file; *at; at++)
    if (!isalnum((unsigned char)*at) && !strchr("-_.", *at)) *at = '_';
  snprintf(path, STUDY_PATH_LENGTH, "%.3900s/%s", folder, file);
  return floe__folder_make(folder, error);
}

static floe_status write_draws(struct session *session, const struct study_answer *answer, const char *id,
                               const char *path, struct floe_error *error) {
  static const char *const columns[] = {"lp__", "weight__"};
  const size_t n = answer->answer.n;
  double *numbers = FLOE__NEW(2 * n, double);
  if (!numbers) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  for (size_t i = 0; i < n; i++) numbers[2 * i] = 0, numbers[2 * i + 1] = answer->answer.weights[i];
  const struct draws_csv draws = {.layout = session->dataset->layout,
                                  .algorithm = answer->answer.method == FLOE_MCMC ? "hmc" : "fixed_param",
                                  .universe = id,
                                  .seed = session->seed,
                                  .chain = 1,
                                  .n_draw = n,
                                  .n_column = 2,
                                  .column_names = columns,
                                  .columns = numbers,
                                  .values = answer->answer.values,
                                  .outputs = answer->outputs,
                                  .options = &session->universe};
  const floe_status status = floe__draws_csv_write(&draws, path, error);
  floe__free(numbers);
  return status;
}

static json_t *describe(const struct session *session, const struct study_answer *answer, const char *id) {
  const size_t n = study_quantity_count(session->dataset->layout);
  json_t *summaries = json_object(), *claims = json_object();
  char name[256];
  for (size_t k = 0; k < n; k++) {
    study_quantity_name(session, k, name, sizeof name);
    json_object_set_new(summaries, name, study_summary(&answer->summaries[k]));
  }
  for (size_t c = 0; c < session->model->n_claim; c++)
    json_object_set_new(claims, session->model->claims[c].text, result_real(answer->summaries[n + c].mean));
  json_t *ood = json_object();
  json_object_set_new(ood, "distance", result_real(answer->answer.distance));
  json_object_set_new(ood, "threshold", result_real(answer->answer.distance_threshold));
  return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:s, s:o, s:o}", "id", id, "options",
                   study_universe_options(session->model, &session->universe, false), "method",
                   floe_method_name(answer->answer.method), "khat", result_real(answer->answer.khat), "ood", ood, "ess",
                   result_real(answer->answer.ess), "why", answer->answer.why, "summaries", summaries, "claims",
                   claims);
}

static void add_rows(struct table *table, const json_t *result, const char *group) {
  const char *name;
  json_t *entry;
  json_object_foreach(json_object_get(result, "summaries"), name, entry) {
    static const char *const keys[] = {"mean", "sd", "q5", "median", "q95"};
    if (group) table_word(table, group);
    table_word(table, name);
    for (size_t k = 0; k < 5; k++) table_number(table, "%.4g", result_number(entry, keys[k]));
    table_number(table, "%.0f", result_number(entry, "ess"));
  }
}

static void print_answer(const struct session *session, const json_t *result) {
  struct floe__text out = {0};
  struct table table;
  const char *name;
  json_t *entry;
  floe__text_printf(&out, "%s  %s, universe %s: %s\n  %s\n", result_text(session->answer, "verdict"),
                    session->model->name, result_text(result, "id"), result_text(result, "method"),
                    result_text(result, "why"));
  table_start(&table, "quantity", "mean", "sd", "5%", "median", "95%", "ESS", NULL);
  add_rows(&table, result, NULL);
  table_end(&table, false, &out);
  json_object_foreach(json_object_get(result, "claims"), name, entry)
      floe__text_printf(&out, "  P(%s) = %.3f\n", name, json_number_value(entry));
  if (out.data) fputs(out.data, stdout);
  floe__text_free(&out);
}

static void print_groups(const struct session *session, const json_t *result) {
  struct floe__text out = {0};
  struct table table;
  const char *group, *claim;
  json_t *answer, *entry;
  json_t *groups = json_object_get(result, "groups");
  floe__text_printf(&out, "%s  %s, universe %s: %zu data sets, one for each %s\n", result_text(session->answer, "verdict"),
                    session->model->name, result_text(result, "id"), json_object_size(groups),
                    floe__option_string(session->arguments, "group", ""));
  table_start(&table, "data set", "quantity", "mean", "sd", "5%", "median", "95%", "ESS", NULL);
  json_object_foreach(groups, group, answer) add_rows(&table, answer, group);
  table_end(&table, false, &out);
  table_start(&table, "data set", "verdict", "method", "k-hat", NULL);
  json_object_foreach(groups, group, answer) {
    table_word(&table, group);
    table_word(&table, result_text(answer, "verdict"));
    table_word(&table, result_text(answer, "method"));
    table_number(&table, "%.2f", result_number(answer, "khat"));
  }
  table_end(&table, false, &out);
  json_object_foreach(groups, group, answer) json_object_foreach(json_object_get(answer, "claims"), claim, entry)
      floe__text_printf(&out, "  %s: P(%s) = %.3f\n", group, claim, json_number_value(entry));
  if (out.data) fputs(out.data, stdout);
  floe__text_free(&out);
}

/* Answers for the session's data set; the result and the path of its draws are new. */
static floe_status infer(struct session *session, const struct floe_network *network, const char *id, struct group group,
                         struct floe_gates *gates, char path[STUDY_PATH_LENGTH], json_t **result,
                         struct floe_error *error) {
  struct study_answer answer = {0};
  floe_status status = study_climb(session, network, &answer, error);
  if (status == FLOE_OK) status = draws_path(session, id, group, path, error);
  if (status == FLOE_OK) status = write_draws(session, &answer, id, path, error);
  if (status == FLOE_OK) {
    *result = describe(session, &answer, id);
    *gates = answer.answer.gates;
    floe_gates_at_most(gates, "flagged", answer.answer.method == FLOE_FLAGGED, 0, FLOE_FAIL);
  }
  study_answer_free(&answer);
  return status;
}

static floe_status infer_one(struct session *session, const struct floe_network *network, const char *id,
                             struct floe_error *error) {
  char path[STUDY_PATH_LENGTH];
  struct floe_gates gates;
  json_t *result = NULL;
  const floe_status status = infer(session, network, id, (struct group){0}, &gates, path, &result, error);
  if (status != FLOE_OK) return status;
  session_file(session, "draws", path);
  study_gates_set(session->answer, &gates);
  if (!session->json) print_answer(session, result);
  json_object_set_new(session->answer, "result", result);
  return FLOE_OK;
}

/* The verdict of all is that of the worst; the gates of each stand with it. */
static floe_status infer_group(struct session *session, const struct floe_network *network, const char *id,
                               struct group group, json_t *groups, struct floe_gates *worst, struct floe_error *error) {
  char path[STUDY_PATH_LENGTH];
  struct floe_gates gates;
  json_t *result = NULL;
  floe_status status = session_read(session, session->arguments->positional[0], group.name, &session->dataset, error);
  if (status == FLOE_OK) status = infer(session, network, id, group, &gates, path, &result, error);
  floe_data_free(session->dataset);
  session->dataset = NULL;
  if (status != FLOE_OK) return status;
  json_object_set_new(result, "verdict", json_string("pass"));
  json_object_set_new(result, "gates", json_array());
  study_gates_set(result, &gates);
  json_object_set_new(result, "draws", json_string(path));
  json_object_set_new(groups, group.name, result);
  if (floe_gates_verdict(&gates) > worst->gate[0].verdict) worst->gate[0].verdict = floe_gates_verdict(&gates);
  worst->gate[0].value += floe_gates_verdict(&gates) != FLOE_PASS;
  return FLOE_OK;
}

static floe_status infer_groups(struct session *session, const struct floe_network *network, const char *id,
                                struct floe_error *error) {
  struct floe_data_groups groups;
  struct floe_gates worst = {.n = 1, .gate = {{"data sets that do not pass", 0, 0, FLOE_PASS}}};
  json_t *answers = json_object();
  floe_status status = floe_data_groups_read(session->arguments->positional[0],
                                             floe__option_string(session->arguments, "group", NULL), &groups, error);
  floe__terminal_line_start(&session->line, "inferring", session->quiet);
  for (size_t k = 0; k < groups.n && status == FLOE_OK; k++) {
    floe__terminal_line_report(&session->line, (double)k / (double)groups.n, groups.name[k]);
    status = infer_group(session, network, id, (struct group){k + 1, groups.name[k]}, answers, &worst, error);
  }
  floe__terminal_line_end(&session->line);
  floe_data_groups_free(&groups);
  json_t *result = json_pack("{s:s, s:o}", "id", id, "groups", answers);
  if (status == FLOE_OK) {
    study_gates_set(session->answer, &worst);
    if (!session->json) print_groups(session, result);
    json_object_set(session->answer, "result", result);
  }
  json_decref(result);
  return status;
}

floe_status verb_infer(struct session *session, struct floe_error *error) {
  struct floe_network *network = NULL;
  char id[512];
  floe_universe_id(session->model, &session->universe, id, sizeof id);
  const size_t used = strlen(id);
  snprintf(id + used, sizeof id - used, "%s", session->pinned);
  floe_status status = study_network(session, false, &network, NULL, error);
  if (status == FLOE_OK)
    status = (floe__option_given(session->arguments, "group") ? infer_groups : infer_one)(session, network, id, error);
  if (status == FLOE_OK && strcmp(result_text(session->answer, "verdict"), "fail") == 0) status = FLOE_EGATE;
  floe_network_free(network);
  return status;
}
