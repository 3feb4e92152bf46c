/* verify_verb.c: how well the network is calibrated; or its loss on fresh simulations of one universe. */
#include <jansson.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "runtime/report/results.h"
#include "runtime/report/table.h"
#include "runtime/rng/purpose.h"
#include "runtime/sim/simulate.h"
#include "runtime/study/artifacts.h"
#include "runtime/study/calibrate.h"
#include "runtime/study/gates_json.h"
#include "runtime/study/verbs.h"

static void print_calibration(const struct session *session, const json_t *calibration) {
  const json_t *quantity;
  struct floe__text out = {0};
  struct table table;
  size_t k;
  floe__text_printf(&out, "%s  calibration of %s over %.0f simulations from all universes\n",
                    result_text(session->answer, "verdict"), session->model->name,
                    result_number(calibration, "simulations"));
  table_start(&table, "quantity", "calibration error", "50% covers", "90% covers", "NRMSE", "contraction", "verdict",
              NULL);
  json_array_foreach(json_object_get(calibration, "quantities"), k, quantity) {
    static const char *const keys[] = {"calibration_error", "coverage_50", "coverage_90", "nrmse", "contraction"};
    table_word(&table, result_text(quantity, "name"));
    for (size_t i = 0; i < 5; i++) table_number(&table, "%.3f", result_number(quantity, keys[i]));
    table_word(&table, result_text(quantity, "verdict"));
  }
  table_end(&table, false, &out);
  if (out.data) fputs(out.data, stdout);
  floe__text_free(&out);
}

/* Contexts of all simulations, and their coordinates one behind the other, as the network wants them. */
struct questions {
  struct floe_context *contexts;
  struct floe_universe *universes;
  double *coordinates, *log_q;
};

static void questions_free(struct questions *questions) {
  floe__free(questions->contexts);
  floe__free(questions->universes);
  floe__free(questions->coordinates);
  floe__free(questions->log_q);
}

static bool make_questions(const struct floe_simulations *simulations, struct questions *questions) {
  const size_t n = simulations->n;
  questions->contexts = FLOE__NEW(n, struct floe_context);
  questions->universes = FLOE__NEW(n, struct floe_universe);
  questions->coordinates = FLOE__NEW(n * simulations->n_coordinate, double);
  questions->log_q = FLOE__NEW(n, double);
  if (!questions->contexts || !questions->universes || !questions->coordinates || !questions->log_q) return false;
  size_t at = 0;
  for (size_t k = 0; k < n; k++) {
    questions->contexts[k] = floe_simulations_context(simulations, k, &questions->universes[k]);
    for (size_t i = 0; i < questions->contexts[k].layout->n_coordinate; i++)
      questions->coordinates[at++] = simulations->coordinates[k * simulations->n_coordinate + i];
  }
  return true;
}

static floe_status write_losses(struct session *session, size_t n, const double *log_q, struct floe_error *error) {
  struct floe__text out = {0};
  char path[STUDY_PATH_LENGTH];
  double mean = 0;
  floe__text_puts(&out, "simulation,loss\n");
  for (size_t k = 0; k < n; k++) {
    floe__text_printf(&out, "%zu,%.9g\n", k + 1, -log_q[k]);
    mean -= log_q[k] / (double)n;
  }
  session_output(session, "losses.csv", path);
  const floe_status status = out.failed ? floe__fail(error, FLOE_EENVIRONMENT, path, "", "out of memory")
                                        : floe__file_write(path, out.data, out.length, error);
  floe__text_free(&out);
  if (status != FLOE_OK) return status;
  session_file(session, "losses", path);
  json_object_set_new(session->answer, "result",
                      json_pack("{s:I, s:o}", "simulations", (json_int_t)n, "loss", result_real(mean)));
  if (!session->json) printf("mean -log q of the true parameters over %zu simulations: %.5f (%s)\n", n, mean, path);
  return FLOE_OK;
}

static floe_status losses(struct session *session, const struct floe_network *network, size_t n,
                          struct floe_error *error) {
  struct floe_simulations *simulations = NULL;
  struct questions questions = {0};
  const struct floe_simulation_plan plan = {.model = session->model,
                                            .seed = session->seed,
                                            .purpose = FLOE_PURPOSE_TEST,
                                            .n = n,
                                            .universe = &session->universe,
                                            .dataset = session->dataset,
                                            .gaps = true,
                                            .n_thread = session->threads};
  floe_status status = floe_simulate(&plan, &simulations, error);
  if (status == FLOE_OK && !make_questions(simulations, &questions))
    status = floe__fail(error, FLOE_EENVIRONMENT, "--losses", "ask for fewer", "no memory for %zu simulations", n);
  const struct floe_network_ask ask = {.n_context = n,
                                       .contexts = questions.contexts,
                                       .n = 1,
                                       .seed = session->seed,
                                       .member = FLOE_NONE,
                                       .n_thread = session->threads};
  if (status == FLOE_OK) status = floe_network_log_q(network, &ask, questions.coordinates, questions.log_q, error);
  if (status == FLOE_OK) status = write_losses(session, n, questions.log_q, error);
  questions_free(&questions);
  floe_simulations_free(simulations);
  return status;
}

static floe_status calibrate(struct session *session, const struct floe_network *network, struct floe_error *error) {
  json_t *calibration = NULL;
  const floe_status status = study_calibration(session, network, true, &calibration, error);
  if (status == FLOE_OK) {
    struct floe_gates gates = {0};
    floe_gates_at_most(&gates, "calibration error", result_number(calibration, "calibration_error"), 0.1, FLOE_FAIL);
    study_gates_set(session->answer, &gates);
    json_object_set(session->answer, "result", calibration);
    if (!session->json) print_calibration(session, calibration);
    json_decref(calibration);
    return floe_gates_verdict(&gates) == FLOE_FAIL ? FLOE_EGATE : FLOE_OK;
  }
  json_decref(calibration);
  return status;
}

floe_status verb_verify(struct session *session, struct floe_error *error) {
  struct floe_network *network = NULL;
  const size_t n = (size_t)floe__option_integer(session->arguments, "losses", 0);
  floe_status status = study_network(session, false, &network, NULL, error);
  if (status == FLOE_OK) status = n ? losses(session, network, n, error) : calibrate(session, network, error);
  floe_network_free(network);
  return status;
}
