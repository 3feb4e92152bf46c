/* simulate_verb.c: prior predictive draws as CSV, and the spec's checks on them. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/rng/purpose.h"
#include "runtime/sim/simulate.h"
#include "runtime/study/checks.h"
#include "runtime/study/verbs.h"

/* Header and rows: parameters, latents, data and observations of each simulation; one layout throughout. */
static void write_simulations(struct floe__text *out, const struct floe_simulations *simulations) {
  const struct floe_model *model = simulations->model;
  const struct floe_layout *layout = simulations->layouts[0];
  char name[256];
  floe__text_puts(out, "simulation");
  for (size_t v = 0; v < model->n_variable; v++)
    for (size_t k = 0; k < layout->count[v]; k++) {
      floe_element_name(layout, NULL, model->variables[v].name, model->variables[v].n_dim, model->variables[v].dims, k,
                        name, sizeof name);
      floe__text_printf(out, ",\"%s\"", name);
    }
  floe__text_puts(out, "\n");
  for (size_t i = 0; i < simulations->n; i++) {
    floe__text_printf(out, "%zu", i + 1);
    for (size_t v = 0; v < model->n_variable; v++) {
      const bool data = floe_variable_is_data(&model->variables[v]);
      const double *vector =
          data ? simulations->data + i * simulations->n_data : simulations->values + i * simulations->n_value;
      for (size_t k = 0; k < layout->count[v]; k++) {
        const double number = vector[layout->offset[v] + k];
        floe__text_puts(out, ",");
        if (isfinite(number)) floe__text_real(out, number, 17);
      }
    }
    floe__text_puts(out, "\n");
  }
}

floe_status verb_simulate(struct session *session, struct floe_error *error) {
  const struct floe_model *model = session->model;
  size_t *sizes = session_sizes(session, true);
  struct floe_simulations *simulations = NULL;
  struct floe__text out = {0};
  char path[STUDY_PATH_LENGTH];
  if (!sizes) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  const struct floe_simulation_plan plan = {.model = model,
                                            .seed = session->seed,
                                            .purpose = FLOE_PURPOSE_PRIOR,
                                            .n = (size_t)floe__option_integer(session->arguments, "draws", 1000),
                                            .universe = &session->universe,
                                            .sizes = sizes,
                                            .dataset = session->dataset,
                                            .keep_values = true,
                                            .n_thread = session->threads,
                                            .progress = &session->progress};
  floe_status status = floe_simulate(&plan, &simulations, error);
  if (status == FLOE_OK) {
    write_simulations(&out, simulations);
    session_output(session, "simulations.csv", path);
    if (out.failed)
      status = floe__fail(error, FLOE_EENVIRONMENT, path, "", "out of memory");
    else if (floe__option_string(session->arguments, "output", NULL))
      status = floe__file_write(path, out.data, out.length, error);
    else if (!session->json)
      fwrite(out.data, 1, out.length, stdout);
  }
  if (status == FLOE_OK && floe__option_string(session->arguments, "output", NULL))
    session_file(session, "simulations", path);
  json_t *checks = json_array();
  if (status == FLOE_OK) status = study_checks(session, &session->universe, checks, error);
  if (status == FLOE_OK) {
    size_t k;
    json_t *check;
    json_array_foreach(checks, k, check) session_remark(
        session, NULL, "check %s: holds in %.2f%% of %d prior simulations (+- %.2f%%), required %.2f%%: %s",
        json_string_value(json_object_get(check, "text")), 100 * json_number_value(json_object_get(check, "share")),
        STUDY_CHECK_SIMULATIONS, 100 * json_number_value(json_object_get(check, "se")),
        100 * json_number_value(json_object_get(check, "probability")),
        json_string_value(json_object_get(check, "verdict")));
    json_object_set_new(session->answer, "result",
                        json_pack("{s:I, s:O}", "simulations", (json_int_t)plan.n, "checks", checks));
  }
  json_decref(checks);
  floe_simulations_free(simulations);
  floe__text_free(&out);
  floe__free(sizes);
  return status;
}
