#include "runtime/study/checks.h"

#include <jansson.h>
#include <math.h>

#include "base/memory.h"
#include "runtime/data/layout.h"
#include "runtime/rng/purpose.h"
#include "runtime/sim/simulate.h"

/* Counts in how many simulations each check holds. */
static void count_checks(const struct floe_simulations *simulations, double *held, double *scratch) {
  const struct floe_model *model = simulations->model;
  double *holds = held + model->n_check;
  for (size_t i = 0; i < simulations->n; i++) {
    struct floe_universe universe;
    const struct floe_context context = floe_simulations_context(simulations, i, &universe);
    model->check(&context, 1, simulations->data + i * simulations->n_data,
                 simulations->values + i * simulations->n_value, holds, scratch);
    for (size_t k = 0; k < model->n_check; k++) held[k] += holds[k] == 1;
  }
}

floe_status study_checks(struct session *session, const struct floe_universe *universe, json_t *checks,
                         struct floe_error *error) {
  const struct floe_model *model = session->model;
  if (model->n_check == 0) return FLOE_OK;
  size_t *sizes = session_sizes(session, true);
  if (!sizes) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  struct floe_simulations *simulations = NULL;
  const struct floe_simulation_plan plan = {.model = model,
                                            .seed = session->seed,
                                            .purpose = FLOE_PURPOSE_PRIOR,
                                            .n = STUDY_CHECK_SIMULATIONS,
                                            .universe = universe,
                                            .sizes = sizes,
                                            .dataset = session->dataset,
                                            .keep_values = true,
                                            .n_thread = session->threads};
  floe_status status = floe_simulate(&plan, &simulations, error);
  double *held = FLOE__NEW(2 * model->n_check, double);
  double *scratch = simulations ? FLOE__NEW(simulations->largest->n_scratch + 1, double) : NULL;
  if (status == FLOE_OK && held && scratch) {
    count_checks(simulations, held, scratch);
    for (size_t k = 0; k < model->n_check; k++) {
      const double share = held[k] / STUDY_CHECK_SIMULATIONS,
                   se = sqrt(fmax(share * (1 - share), 1e-4) / STUDY_CHECK_SIMULATIONS);
      json_array_append_new(checks, json_pack("{s:s, s:f, s:f, s:f, s:s}", "text", model->checks[k].text, "probability",
                                              model->checks[k].probability, "share", share, "se", se, "verdict",
                                              share + 2 * se < model->checks[k].probability ? "warn" : "pass"));
    }
  } else if (status == FLOE_OK) {
    status = floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  }
  floe__free(scratch);
  floe__free(held);
  floe_simulations_free(simulations);
  floe__free(sizes);
  return status;
}
