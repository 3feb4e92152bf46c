#include "runtime/study/calibrate.h"

#include <jansson.h>
#include <string.h>

#include "runtime/report/results.h"
#include "runtime/study/artifacts.h"
#include "runtime/trust/calibration.h"

static json_t *numbers(size_t n, const double *values) {
  json_t *array = json_array();
  for (size_t k = 0; k < n; k++) json_array_append_new(array, result_real(values[k]));
  return array;
}

static json_t *quantity_json(const struct floe_calibrated *quantity) {
  json_t *object = json_object();
  json_object_set_new(object, "name", json_string(quantity->name));
  json_object_set_new(object, "simulations", json_integer((json_int_t)quantity->n));
  json_object_set_new(object, "calibration_error", result_real(quantity->calibration_error));
  json_object_set_new(object, "coverage_50", result_real(quantity->coverage_50));
  json_object_set_new(object, "coverage_90", result_real(quantity->coverage_90));
  json_object_set_new(object, "nrmse", result_real(quantity->nrmse));
  json_object_set_new(object, "contraction", result_real(quantity->contraction));
  json_object_set_new(object, "verdict", json_string(floe_verdict_name(quantity->verdict)));
  json_object_set_new(object, "ecdf", numbers(FLOE_ECDF_POINTS, quantity->ecdf));
  json_object_set_new(object, "band",
                      json_pack("{s:o, s:o}", "low", numbers(FLOE_ECDF_POINTS, quantity->low), "high",
                                numbers(FLOE_ECDF_POINTS, quantity->high)));
  return object;
}

static json_t *calibration_json(const struct session *session, const struct floe_calibration *calibration) {
  json_t *quantities = json_array();
  char hash[17];
  double worst = 0;
  bool inside = true;
  study_network_hash(session, hash);
  for (size_t k = 0; k < calibration->n_quantity; k++) {
    const struct floe_calibrated *quantity = &calibration->quantities[k];
    json_array_append_new(quantities, quantity_json(quantity));
    if (quantity->calibration_error > worst) worst = quantity->calibration_error;
    inside &= quantity->inside;
  }
  json_t *object = json_object();
  json_object_set_new(object, "network_hash", json_string(hash));
  json_object_set_new(object, "simulations", json_integer((json_int_t)calibration->n_simulation));
  json_object_set_new(object, "verdict", json_string(floe_verdict_name(floe_gates_verdict(&calibration->gates))));
  json_object_set_new(object, "calibration_error", result_real(worst));
  json_object_set_new(object, "inside_bands", json_boolean(inside));
  json_object_set_new(object, "out_of_distribution", result_real(calibration->out_of_distribution));
  json_object_set_new(object, "quantities", quantities);
  return object;
}

static floe_status measure(struct session *session, const struct floe_network *network, json_t **result,
                           struct floe_error *error) {
  const struct floe_proposal proposal = floe_proposal_of_network(network);
  const struct floe_calibration_options options = {
      .n = (size_t)floe__option_integer(session->arguments, "calibration", 500),
      .seed = session->seed,
      .threads = session->threads,
      .dataset = session->dataset};
  struct floe_calibration *calibration = NULL;
  floe__terminal_line_start(&session->line, "verifying", session->quiet);
  floe_status status = floe_calibrate(session->model, &proposal, &options, &session->progress, &calibration, error);
  floe__terminal_line_end(&session->line);
  if (status == FLOE_OK) {
    *result = calibration_json(session, calibration);
    status = study_json_write(session, "calibration.json", *result, error);
  }
  floe_calibration_free(calibration);
  return status;
}

floe_status study_calibration(struct session *session, const struct floe_network *network, bool may_measure,
                              json_t **calibration, struct floe_error *error) {
  char hash[17];
  study_network_hash(session, hash);
  *calibration = study_json_read(session, "calibration.json");
  const json_int_t wanted = floe__option_integer(session->arguments, "calibration", 0);
  const bool enough = !wanted || json_integer_value(json_object_get(*calibration, "simulations")) == wanted;
  if (*calibration && enough && strcmp(result_text(*calibration, "network_hash"), hash) == 0) return FLOE_OK;
  json_decref(*calibration);
  *calibration = json_null();
  return may_measure ? measure(session, network, calibration, error) : FLOE_OK;
}
