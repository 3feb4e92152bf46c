#include "runtime/study/answers.h"

#include <math.h>

#include "base/memory.h"
#include "runtime/data/pins.h"
#include "runtime/data/outputs.h"
#include "runtime/study/multiverse_options.h"

enum { MCMC_CHAINS = 4, MCMC_WARMUP = 1000, MCMC_DRAWS = 1000 };

/* Draws of the network for one context. Owned arrays. Densities only where draws are weighted: they cost as much again for each
 * member of an ensemble. */
static floe_status ask_network(struct session *session, const struct floe_network *network,
                               const struct floe_context *context, bool with_density, struct floe_network_draws *draws,
                               struct floe_error *error) {
  const struct floe_network_ask ask = {.n_context = 1,
                                       .contexts = context,
                                       .n = draws->n,
                                       .seed = session->seed,
                                       .member = FLOE_NONE,
                                       .n_thread = session->threads};
  draws->no_density = floe_network_info(network).no_density;
  with_density = with_density && !draws->no_density;
  double *coordinates = FLOE__NEW(draws->n * (context->layout->n_coordinate + 1), double),
         *log_q = with_density ? FLOE__NEW(draws->n, double) : NULL;
  draws->coordinates = coordinates;
  draws->log_q = log_q;
  if (!coordinates || (with_density && !log_q))
    return floe__fail(error, FLOE_EENVIRONMENT, "--draws", "ask for fewer draws", "no memory for %zu draws", draws->n);
  floe_status status = floe_network_draw(network, &ask, coordinates, log_q, error);
  if (status == FLOE_OK) status = floe_network_distance(network, &ask, &draws->distance, error);
  draws->distance_threshold = floe_network_distance_quantile(network, 0.95);
  return status;
}

static floe_status summarise(const struct floe_context *context, struct study_answer *answer, double *scratch,
                             struct floe_error *error) {
  const struct floe_layout *layout = context->layout;
  struct floe_summary_work *work = floe_summary_work_new();
  answer->outputs = FLOE__NEW(answer->answer.n * (layout->n_output + 1), double);
  answer->summaries = FLOE__NEW(layout->n_output + 1, struct floe_summary);
  floe_status status = FLOE_OK;
  if (!work || !answer->outputs || !answer->summaries)
    status = floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  if (status == FLOE_OK) {
    floe_outputs(context, answer->answer.n, answer->answer.values, answer->outputs, scratch);
    status = floe_summarise(&answer->answer, layout->n_output, answer->outputs, work, answer->summaries, NULL, error);
  }
  floe_summary_work_free(work);
  return status;
}

floe_status study_climb(struct session *session, const struct floe_network *network, struct study_answer *answer,
                        struct floe_error *error) {
  const struct floe_layout *layout = session->dataset->layout;
  struct floe_ladder_options options = {.rungs = study_rungs(session), .mcmc = FLOE_SAMPLE_DEFAULTS};
  struct floe_network_draws draws = {
      .n = (size_t)floe__option_integer(session->arguments, "draws", 2000), .distance = NAN, .distance_threshold = NAN};
  double *scratch = FLOE__NEW(layout->n_scratch + 1, double);
  answer->prepared = FLOE__NEW(layout->n_data + 1, double);
  answer->universe = session->universe;
  options.mcmc.chains = MCMC_CHAINS, options.mcmc.warmup = MCMC_WARMUP, options.mcmc.draws = MCMC_DRAWS;
  options.mcmc.seed = session->seed, options.mcmc.threads = session->threads;
  double *pinned = FLOE__NEW(layout->n_coordinate + layout->n_value + 1, double);
  struct floe_context context = {.layout = layout,
                                 .universe = &answer->universe,
                                 .coordinates = FLOE_FAMILY_COORDINATES,
                                 .data = answer->prepared};
  floe_status status = FLOE_OK;
  if (!scratch || !answer->prepared || !pinned) status = floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  if (status == FLOE_OK)
    status = floe_data_prepare(session->dataset, &answer->universe, answer->prepared, scratch, error);
  if (status == FLOE_OK && session->pins) {
    floe_pin_coordinates(&context, session->pins, pinned + layout->n_coordinate, pinned, scratch);
    context.pinned = pinned;
  }
  if (status == FLOE_OK)
    status = ask_network(session, network, &context, options.rungs & FLOE_RUNG_WEIGHTS, &draws, error);
  if (status == FLOE_OK) status = floe_climb(&context, &draws, &options, &session->progress, &answer->answer, error);
  if (status == FLOE_OK) status = summarise(&context, answer, scratch, error);
  floe__free((double *)draws.coordinates);
  floe__free((double *)draws.log_q);
  floe__free(scratch);
  floe__free(pinned);
  return status;
}

void study_answer_free(struct study_answer *answer) {
  floe_answer_free(&answer->answer);
  floe__free(answer->prepared);
  floe__free(answer->outputs);
  floe__free(answer->summaries);
}
