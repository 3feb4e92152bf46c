/* infer_verb.c: one data set in one universe, by the ladder of trust: summary, claims, draws as CmdStan CSV. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "runtime/data/universe.h"
#include "runtime/report/draws_csv.h"
#include "runtime/report/results.h"
#include "runtime/report/table.h"
#include "runtime/study/answers.h"
#include "runtime/study/artifacts.h"
#include "runtime/study/gates_json.h"
#include "runtime/study/quantities.h"
#include "runtime/study/verbs.h"

static floe_status write_draws(struct session *session, const struct study_answer *answer, const char *id,
                               struct floe_error *error) {
  char path[STUDY_PATH_LENGTH], name[300];
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
  snprintf(name, sizeof name, "infer_%.240s.csv", id);
  session_output(session, name, path);
  floe_status status = floe__draws_csv_write(&draws, path, error);
  floe__free(numbers);
  if (status == FLOE_OK) session_file(session, "draws", path);
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

static void print_answer(const struct session *session, const json_t *result) {
  struct floe__text out = {0};
  struct table table;
  const char *name;
  json_t *entry;
  floe__text_printf(&out, "%s  %s, universe %s: %s\n  %s\n", result_text(session->answer, "verdict"),
                    session->model->name, result_text(result, "id"), result_text(result, "method"),
                    result_text(result, "why"));
  table_start(&table, "quantity", "mean", "sd", "5%", "median", "95%", "ESS", NULL);
  json_object_foreach(json_object_get(result, "summaries"), name, entry) {
    static const char *const keys[] = {"mean", "sd", "q5", "median", "q95"};
    table_word(&table, name);
    for (size_t k = 0; k < 5; k++) table_number(&table, "%.4g", result_number(entry, keys[k]));
    table_number(&table, "%.0f", result_number(entry, "ess"));
  }
  table_end(&table, false, &out);
  json_object_foreach(json_object_get(result, "claims"), name, entry)
      floe__text_printf(&out, "  P(%s) = %.3f\n", name, json_number_value(entry));
  if (out.data) fputs(out.data, stdout);
  floe__text_free(&out);
}

floe_status verb_infer(struct session *session, struct floe_error *error) {
  struct floe_network *network = NULL;
  struct study_answer answer = {0};
  char id[512];
  floe_universe_id(session->model, &session->universe, id, sizeof id);
  floe_status status = study_network(session, false, &network, NULL, error);
  if (status == FLOE_OK) status = study_climb(session, network, &answer, error);
  if (status == FLOE_OK) status = write_draws(session, &answer, id, error);
  if (status == FLOE_OK) {
    json_t *result = describe(session, &answer, id);
    study_gates_set(session->answer, &answer.answer.gates);
    if (answer.answer.method == FLOE_FLAGGED) {
      json_object_set_new(session->answer, "verdict", json_string("fail"));
      json_object_set_new(session->answer, "ok", json_false());
      status = FLOE_EGATE;
    }
    if (!session->json) print_answer(session, result);
    json_object_set_new(session->answer, "result", result);
  }
  study_answer_free(&answer);
  floe_network_free(network);
  return status;
}
