#include "runtime/multiverse/multiverse.h"

#include <math.h>
#include <stdio.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "runtime/data/outputs.h"
#include "runtime/data/pins.h"

enum {
  BLOCK = 64
}; /* universes that are asked about in one pass: enough to fill the network's batches, little memory */

/* What one thread works with. */
struct worker {
  struct floe_answer answer;
  struct floe_summary_work *summary;
  double *outputs, *scratch;
  size_t n_output; /* doubles in `outputs` */
};

struct run {
  const struct floe_dataset *dataset;
  const struct floe_proposal *proposal;
  const struct floe_multiverse_options *options;
  struct floe_multiverse *result;
  struct worker *workers;                 /* (threads) */
  size_t first;                           /* row of the block's first universe */
  struct floe_context *contexts;          /* (BLOCK) */
  struct floe_universe *universes;        /* (BLOCK) */
  double *prepared;                       /* (BLOCK, n_data) */
  double *pinned;                         /* (BLOCK, n_coordinate), then (n_value) of work */
  double *coordinates, *log_q, *distance; /* (BLOCK, n_draw, n_coordinate), (BLOCK, n_draw), (BLOCK) */
  struct floe_error *errors;              /* (BLOCK) */
};

static floe_status out_of_memory(struct floe_error *error) {
  return floe__fail(error, FLOE_EENVIRONMENT, "", "Ask for fewer universes or draws.",
                    "There is not enough memory for the multiverse.");
}

void floe_multiverse_free(struct floe_multiverse *multiverse) {
  if (!multiverse) return;
  floe__free(multiverse->outcomes);
  floe__free(multiverse->summaries);
  floe__free(multiverse->quantiles);
  floe__free(multiverse->member_spread);
  for (size_t row = 0; multiverse->left_out && row < multiverse->n_universe; row++)
    floe_loo_free(multiverse->left_out[row]);
  floe__free(multiverse->left_out);
  floe__free(multiverse->observed);
  floe__free(multiverse);
}

static struct floe_multiverse *new_result(const struct run *run, const struct floe_universes *universes) {
  const struct floe_layout *layout = run->dataset->layout;
  struct floe_multiverse *result = FLOE__NEW(1, struct floe_multiverse);
  if (!result) return NULL;
  const bool mcmc = run->options->rungs & FLOE_RUNG_MCMC && layout->model->gradient;
  result->universes = universes;
  result->n_universe = universes->n;
  result->n_row = universes->n + (mcmc && universes->n_extra ? universes->n_extra + 1 : 0);
  result->reference_check = result->n_row > result->n_universe ? result->n_row - 1 : FLOE_NONE;
  result->n_output = layout->n_output;
  result->n_report = layout->n_output - layout->model->n_claim;
  const size_t row = result->n_output ? result->n_output : 1;
  result->outcomes = FLOE__NEW(result->n_row, struct floe_outcome);
  result->summaries = floe__new(result->n_row, row * sizeof(struct floe_summary));
  result->quantiles = floe__new(result->n_row, row * FLOE_N_QUANTILE * sizeof(double));
  result->member_spread = floe__new(result->n_universe, row * sizeof(double));
  const bool leave_out = run->options->leave_out && layout->model->pointwise;
  if (leave_out) {
    result->left_out = FLOE__NEW(result->n_universe, struct floe_loo *);
    result->observed = FLOE__NEW(result->n_universe, uint64_t);
  }
  if (result->outcomes && result->summaries && result->quantiles && result->member_spread &&
      (!leave_out || (result->left_out && result->observed)))
    return result;
  floe_multiverse_free(result);
  return NULL;
}

static void free_run(struct run *run) {
  for (size_t t = 0; run->workers && t < run->options->threads; t++) {
    floe_answer_free(&run->workers[t].answer);
    floe_summary_work_free(run->workers[t].summary);
    floe__free(run->workers[t].outputs);
    floe__free(run->workers[t].scratch);
  }
  floe__free(run->workers);
  floe__free(run->contexts);
  floe__free(run->universes);
  floe__free(run->prepared);
  floe__free(run->pinned);
  floe__free(run->coordinates);
  floe__free(run->log_q);
  floe__free(run->distance);
  floe__free(run->errors);
}

static bool make_run(struct run *run) {
  const struct floe_layout *layout = run->dataset->layout;
  const size_t n_draw = run->proposal ? run->options->n_draw : 0;
  run->workers = FLOE__NEW(run->options->threads, struct worker);
  run->contexts = FLOE__NEW(BLOCK, struct floe_context);
  run->universes = FLOE__NEW(BLOCK, struct floe_universe);
  run->prepared = floe__new(BLOCK, (layout->n_data + 1) * sizeof(double));
  run->coordinates = floe__new(BLOCK * (n_draw + 1), (layout->n_coordinate + 1) * sizeof(double));
  run->log_q = floe__new(BLOCK, (n_draw + 1) * sizeof(double));
  run->distance = FLOE__NEW(BLOCK, double);
  run->errors = FLOE__NEW(BLOCK, struct floe_error);
  run->pinned = floe__new(BLOCK + 1, (layout->n_coordinate + layout->n_value + 1) * sizeof(double));
  if (!run->pinned || !run->workers || !run->contexts || !run->universes || !run->prepared || !run->coordinates || !run->log_q ||
      !run->distance || !run->errors)
    return false;
  for (size_t t = 0; t < run->options->threads; t++) {
    run->workers[t].summary = floe_summary_work_new();
    run->workers[t].scratch = FLOE__NEW(layout->model->scratch_size(layout) + layout->n_scratch + 1, double);
    if (!run->workers[t].summary || !run->workers[t].scratch) return false;
  }
  return true;
}

/* The universe of a row: of the list, an extra run, or the reference again. */
static const struct floe_universe *universe_of_row(const struct floe_multiverse *result, size_t row) {
  return &result->universes->universe[row == result->reference_check ? 0 : row];
}

static floe_status prepare_block(struct run *run, size_t n, struct floe_error *error) {
  const struct floe_layout *layout = run->dataset->layout;
  for (size_t k = 0; k < n; k++) {
    double *prepared = run->prepared + k * layout->n_data;
    run->universes[k] = *universe_of_row(run->result, run->first + k);
    run->contexts[k] = (struct floe_context){
        .layout = layout, .universe = &run->universes[k], .coordinates = FLOE_FAMILY_COORDINATES, .data = prepared};
    run->errors[k].status = FLOE_OK;
    const floe_status status =
        floe_data_prepare(run->dataset, &run->universes[k], prepared, run->workers[0].scratch, error);
    if (status != FLOE_OK) return status;
    if (!run->options->pins) continue;
    double *pinned = run->pinned + k * layout->n_coordinate;
    floe_pin_coordinates(&run->contexts[k], run->options->pins, run->pinned + BLOCK * layout->n_coordinate, pinned,
                         run->workers[0].scratch);
    run->contexts[k].pinned = pinned;
  }
  return FLOE_OK;
}

/* Means of an output by member; the draws that each of them has. */
struct members {
  size_t n;
  double share[32], mean[32];
};

static struct members means_of_members(const struct run *run, const struct floe_answer *answer, const double *output,
                                       size_t stride) {
  struct members members = {.n = run->proposal->n_member < 32 ? run->proposal->n_member : 32};
  const unsigned char *pattern = run->proposal->pattern;
  double weight[32] = {0};
  for (size_t k = 0; k < answer->n; k++) {
    const size_t m = pattern ? pattern[k % FLOE_NETWORK_PATTERN] : k % members.n;
    members.share[m] += 1 / (double)answer->n;
    weight[m] += answer->weights[k];
    members.mean[m] += answer->weights[k] * output[k * stride];
  }
  for (size_t m = 0; m < members.n; m++) {
    if (members.share[m] > 0 && !(weight[m] > 0)) members.mean[m] = NAN;
    if (weight[m] > 0) members.mean[m] /= weight[m];
  }
  return members;
}

/* sd over members of their (weighted) means, in posterior sd, per output. Members count by their shares of the mixture;
 * of equal ones it is the usual sd. */
static void spread_of_members(const struct run *run, const struct worker *worker, size_t row) {
  const struct floe_answer *answer = &worker->answer;
  const size_t n_output = run->result->n_output;
  double *spread = run->result->member_spread + row * n_output;
  for (size_t j = 0; j < n_output; j++) {
    spread[j] = NAN;
    if (!run->proposal || run->proposal->n_member < 2 || answer->n_chain || answer->n == 0) continue;
    const struct members members = means_of_members(run, answer, worker->outputs + j, n_output);
    double mean = 0, squares = 0, rest = 1;
    for (size_t m = 0; m < members.n; m++) mean += members.share[m] > 0 ? members.share[m] * members.mean[m] : 0;
    for (size_t m = 0; m < members.n; m++) {
      const double off = members.mean[m] - mean;
      squares += members.share[m] > 0 ? members.share[m] * off * off : 0;
      rest -= members.share[m] * members.share[m];
    }
    const double sd = floe_multiverse_summary(run->result, row, j)->sd;
    if (rest > 1e-9) spread[j] = sd > 0 ? sqrt(squares / rest) / sd : 0;
  }
}

static void record(const struct run *run, const struct floe_answer *answer, size_t row) {
  struct floe_outcome *outcome = &run->result->outcomes[row];
  *outcome = (struct floe_outcome){.method = answer->method,
                                   .khat = answer->khat,
                                   .khat_threshold = answer->khat_threshold,
                                   .distance = answer->distance,
                                   .distance_threshold = answer->distance_threshold,
                                   .ess = answer->ess,
                                   .rhat = answer->rhat,
                                   .n_draw = answer->n,
                                   .gates = answer->gates};
  snprintf(outcome->why, sizeof outcome->why, "%s", answer->why);
}

static uint64_t hash_observed(const struct floe_context *context) {
  const struct floe_layout *layout = context->layout;
  uint64_t hash = 0;
  for (size_t v = 0; v < layout->model->n_variable; v++)
    if (layout->model->variables[v].role == FLOE_OBS)
      hash = floe__hash(context->data + layout->offset[v], layout->count[v] * sizeof *context->data, hash);
  return hash;
}

/* Observations left out by the weights of the answer's draws. Trouble leaves the universe without. */
static floe_status leave_out(const struct run *run, struct worker *worker, size_t k, struct floe_error *error) {
  const struct floe_answer *answer = &worker->answer;
  const size_t row = run->first + k;
  struct floe_error trouble = {0};
  double *log_weights = answer->n_chain ? NULL : FLOE__NEW(answer->n + 1, double);
  if (answer->n < 100) return floe__free(log_weights), FLOE_OK;
  if (!answer->n_chain && !log_weights) return out_of_memory(error);
  for (size_t s = 0; log_weights && s < answer->n; s++) log_weights[s] = log(answer->weights[s]);
  const size_t n_chain = answer->n_chain ? answer->n_chain : 1;
  const struct floe_loo_draws draws = {n_chain, answer->n / n_chain, answer->values, log_weights, 1, NULL};
  const floe_status status = floe_loo(&run->contexts[k], &draws, &run->result->left_out[row], &trouble);
  run->result->observed[row] = hash_observed(&run->contexts[k]);
  floe__free(log_weights);
  return status == FLOE_EENVIRONMENT ? out_of_memory(error) : FLOE_OK;
}

static floe_status answer_row(const struct run *run, struct worker *worker, size_t k, struct floe_error *error) {
  const size_t row = run->first + k, n_draw = run->options->n_draw, n_output = run->result->n_output;
  const struct floe_layout *layout = run->dataset->layout;
  const bool checks = row >= run->result->n_universe;
  struct floe_network_draws draws = {.distance = NAN, .distance_threshold = NAN};
  struct floe_ladder_options ladder = {.rungs = run->options->rungs, .mcmc = run->options->mcmc};
  ladder.mcmc.threads = 1;
  /* Checks share no random number with what they check. */
  ladder.mcmc.seed =
      run->options->seed ^ (checks ? UINT64_C(0x9e3779b97f4a7c15) * (row - run->result->n_universe + 1) : 0);
  if (run->proposal && !checks)
    draws = (struct floe_network_draws){.n = n_draw,
                                        .coordinates = run->coordinates + k * n_draw * layout->n_coordinate,
                                        .log_q = run->proposal->no_density ? NULL : run->log_q + k * n_draw,
                                        .no_density = run->proposal->no_density,
                                        .distance = run->distance[k],
                                        .distance_threshold = run->proposal->distance_threshold};
  floe_status status = floe_climb(&run->contexts[k], &draws, &ladder, NULL, &worker->answer, error);
  if (status != FLOE_OK) return status;
  const size_t needed = worker->answer.n * n_output;
  if (!worker->outputs || needed > worker->n_output) {
    floe__free(worker->outputs);
    worker->outputs = FLOE__NEW(needed + 1, double);
    worker->n_output = worker->outputs ? needed : 0;
    if (!worker->outputs) return out_of_memory(error);
  }
  floe_outputs(&run->contexts[k], worker->answer.n, worker->answer.values, worker->outputs, worker->scratch);
  status = floe_summarise(&worker->answer, n_output, worker->outputs, worker->summary,
                          run->result->summaries + row * n_output,
                          run->result->quantiles + row * n_output * FLOE_N_QUANTILE, error);
  record(run, &worker->answer, row);
  if (!checks) spread_of_members(run, worker, row);
  if (status == FLOE_OK && !checks && run->result->left_out) status = leave_out(run, worker, k, error);
  return status;
}

static void answer_unit(void *context, size_t k, size_t thread) {
  const struct run *run = context;
  if (floe__stop_requested())
    (void)floe__fail(&run->errors[k], FLOE_EINTERRUPTED, "", "Run the same command again.",
                     "The multiverse was stopped on request.");
  else {
    struct floe_error error = {0};
    if (answer_row(run, &run->workers[thread], k, &error) != FLOE_OK) run->errors[k] = error;
  }
}

static floe_status run_block(struct run *run, size_t n, struct floe_error *error) {
  floe_status status = prepare_block(run, n, error);
  if (status != FLOE_OK) return status;
  size_t n_asked = run->first < run->result->n_universe ? run->result->n_universe - run->first : 0;
  if (n_asked > n) n_asked = n;
  const struct floe_proposal_ask ask = {.n_context = n_asked,
                                        .contexts = run->contexts,
                                        .n = run->options->n_draw,
                                        .seed = run->options->seed,
                                        .threads = run->options->threads};
  if (run->proposal && n_asked)
    status = run->proposal->draw(run->proposal->state, &ask, run->coordinates, run->log_q, run->distance, error);
  if (status != FLOE_OK) return status;
  floe__parallel(n, run->options->threads, answer_unit, run);
  for (size_t k = 0; k < n; k++)
    if (run->errors[k].status != FLOE_OK) {
      if (error) *error = run->errors[k];
      return run->errors[k].status;
    }
  return FLOE_OK;
}

static floe_status run_all(struct run *run, const struct floe_progress *progress, struct floe_error *error) {
  struct floe_multiverse *result = run->result;
  for (run->first = 0; run->first < result->n_row; run->first += BLOCK) {
    const size_t left = result->n_row - run->first;
    const floe_status status = run_block(run, left < BLOCK ? left : BLOCK, error);
    if (status != FLOE_OK) return status;
    floe__progress(progress, (double)(run->first + (left < BLOCK ? left : BLOCK)) / (double)result->n_row, "universes");
  }
  for (size_t row = 0; row < result->n_universe; row++) result->n_by_method[result->outcomes[row].method]++;
  return FLOE_OK;
}

floe_status floe_multiverse_run(const struct floe_dataset *dataset, const struct floe_proposal *proposal,
                                const struct floe_universes *universes, const struct floe_multiverse_options *options,
                                const struct floe_progress *progress, struct floe_multiverse **multiverse,
                                struct floe_error *error) {
  struct floe_multiverse_options settled = *options;
  if (!settled.threads) settled.threads = 1;
  if (!(settled.rungs & FLOE_RUNG_NETWORK) || !settled.n_draw) proposal = NULL;
  struct run run = {.dataset = dataset, .proposal = proposal, .options = &settled};
  run.result = new_result(&run, universes);
  floe_status status = run.result && make_run(&run) ? run_all(&run, progress, error) : out_of_memory(error);
  free_run(&run);
  if (status == FLOE_OK)
    *multiverse = run.result;
  else
    floe_multiverse_free(run.result);
  return status;
}
