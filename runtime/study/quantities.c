#include "runtime/study/quantities.h"

#include <jansson.h>

#include "runtime/data/outputs.h"
#include "runtime/report/results.h"

size_t study_quantity_count(const struct floe_layout *layout) {
  return layout->n_output - layout->model->n_claim;
}

void study_quantity_name(const struct session *session, size_t k, char *name, size_t capacity) {
  floe_output_name(session->dataset->layout, session->dataset, k, name, capacity);
}

json_t *study_quantity_names(const struct session *session) {
  json_t *names = json_array();
  char name[256];
  for (size_t k = 0; k < study_quantity_count(session->dataset->layout); k++) {
    study_quantity_name(session, k, name, sizeof name);
    json_array_append_new(names, json_string(name));
  }
  return names;
}

json_t *study_universe_options(const struct floe_model *model, const struct floe_universe *universe,
                               bool equivalences) {
  json_t *options = json_object();
  for (size_t k = 0; k < model->n_axis; k++) {
    const struct floe_axis *axis = &model->axes[k];
    if (axis->equivalence && !equivalences) continue;
    json_object_set_new(options, axis->name,
                        axis->continuous ? json_real(universe->value[k])
                                         : json_string(axis->options[universe->option[k]].label));
  }
  return options;
}

json_t *study_summary(const struct floe_summary *summary) {
  json_t *object = json_object();
  json_object_set_new(object, "mean", result_real(summary->mean));
  json_object_set_new(object, "median", result_real(summary->median));
  json_object_set_new(object, "sd", result_real(summary->sd));
  json_object_set_new(object, "q5", result_real(summary->q5));
  json_object_set_new(object, "q95", result_real(summary->q95));
  json_object_set_new(object, "ess", result_real(summary->ess));
  return object;
}
