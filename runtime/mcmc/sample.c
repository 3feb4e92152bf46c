#include "runtime/mcmc/sample.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "runtime/mcmc/adapt.h"
#include "runtime/mcmc/centring.h"
#include "runtime/mcmc/chees.h"
#include "runtime/mcmc/metric_fit.h"
#include "runtime/mcmc/nuts.h"
#include "runtime/mcmc/start.h"
#include "runtime/mcmc/target.h"
#include "runtime/mcmc/trouble.h"
#include "runtime/rng/purpose.h"

const char *const floe_sampler_column_names[FLOE_N_SAMPLER_COLUMN] = {
    "lp__", "accept_stat__", "stepsize__", "treedepth__", "n_leapfrog__", "divergent__", "energy__"};

/* Everything that one chain needs, made before the chains run. */
struct chain {
  struct floe__target *target;
  struct floe__density density; /* of the target */
  struct floe__metric *metric;
  struct floe__rounded rounded;
  struct floe__density round; /* the density in the metric's coordinates, in which NUTS works */
  struct floe__nuts *nuts;
  struct floe__window *window;
  struct floe__centring *centring; /* NULL: there is nothing to centre */
  double *position, *gradient;     /* (n) of the chain, in the target's coordinates */
  double *y;                       /* (n) */
  struct floe_error error;
};

struct run {
  const struct floe_sample_options *options;
  const struct floe_progress *progress;
  struct floe_chains *result;
  struct chain *chain; /* (n_chain) */
};

void floe_chains_free(struct floe_chains *chains) {
  if (!chains) return;
  floe__free(chains->coordinates);
  floe__free(chains->columns);
  floe__free(chains);
}

static struct floe_chains *new_chains(size_t n_chain, size_t n_draw, size_t n_coordinate) {
  struct floe_chains *chains = FLOE__NEW(1, struct floe_chains);
  if (!chains) return NULL;
  chains->n_chain = n_chain;
  chains->n_draw = n_draw;
  chains->n_coordinate = n_coordinate;
  if (n_draw == 0 || n_chain <= (size_t)-1 / n_draw) {
    chains->coordinates = floe__new(n_chain * n_draw + 1, n_coordinate * sizeof(double));
    chains->columns = floe__new(n_chain * n_draw + 1, FLOE_N_SAMPLER_COLUMN * sizeof(double));
  }
  if (chains->coordinates && chains->columns) return chains;
  floe_chains_free(chains);
  return NULL;
}

static void free_chain(struct chain *chain) {
  floe__nuts_free(chain->nuts);
  floe__target_free(chain->target);
  floe__metric_free(chain->metric);
  floe__window_free(chain->window);
  floe__centring_free(chain->centring);
  floe__free(chain->rounded.x);
  floe__free(chain->rounded.gradient);
  floe__free(chain->position);
  floe__free(chain->gradient);
  floe__free(chain->y);
}

static floe_status prepare_chain(const struct floe_context *context, const struct floe_sample_options *options,
                                 struct chain *chain, struct floe_error *error) {
  floe_status status = floe__target_new(context, 1, &chain->target, error);
  if (status != FLOE_OK) return status;
  const size_t n = chain->target->n;
  chain->density = floe__target_density(chain->target);
  chain->metric = floe__metric_new(n);
  chain->rounded = (struct floe__rounded){&chain->density, chain->metric, FLOE__NEW(n, double), FLOE__NEW(n, double)};
  chain->round = floe__rounded_density(&chain->rounded);
  chain->nuts = floe__nuts_new(&chain->round);
  chain->window = floe__window_new(n, options->warmup);
  bool centres;
  chain->centring = floe__centring_new(chain->target, &centres);
  chain->position = FLOE__NEW(n, double);
  chain->gradient = FLOE__NEW(n, double);
  chain->y = FLOE__NEW(n, double);
  if (chain->metric && chain->rounded.x && chain->rounded.gradient && chain->nuts && chain->window && chain->position &&
      chain->gradient && chain->y && (chain->centring || !centres))
    return FLOE_OK;
  return floe__fail(error, FLOE_EENVIRONMENT, "", "", "There is not enough memory to sample this model.");
}

/* Puts NUTS at chain->position, in the coordinates of the present metric. */
static bool enter(struct chain *chain) {
  floe__metric_whiten(chain->metric, chain->position, chain->y);
  return floe__nuts_start(chain->nuts, chain->y);
}

/* Where NUTS is, in the target's coordinates. */
static void locate(struct chain *chain) {
  floe__metric_position(chain->metric, floe__nuts_position(chain->nuts), chain->position);
}

/* Whether the position is still somewhere; fills in the chain's error if not. */
static bool still_near(struct chain *chain) {
  const size_t far = floe__ran_away(chain->target->n, chain->position);
  if (far != FLOE_NONE) (void)floe__trouble_runs_away(chain->target, far, &chain->error);
  return far == FLOE_NONE;
}

static bool stopped(struct chain *chain) {
  if (!floe__stop_requested()) return false;
  (void)floe__fail(&chain->error, FLOE_EINTERRUPTED, "", "Run the same command again to start over.",
                   "Sampling was stopped on request.");
  return true;
}

static void stuck(struct chain *chain) {
  floe__metric_slope(chain->metric, floe__nuts_gradient(chain->nuts), chain->gradient);
  (void)floe__trouble_stuck(chain->target, chain->gradient, &chain->error);
}

/* First step size, or after a change of metric. 0 where there is none; the chain's error then says why. */
static double restart_step(struct chain *chain, double guess, struct floe_stream *stream) {
  const double step = floe__nuts_reasonable_step(chain->nuts, guess, stream);
  if (step > 0 && step < INFINITY) return step;
  if (step > 0)
    (void)floe__trouble_flat(chain->target, 0, true, &chain->error);
  else
    stuck(chain);
  return 0;
}

/* New coordinates and a new metric for the chain from its window, and a step size to begin with. */
static double renew_metric(struct chain *chain, double step, struct floe_stream *stream) {
  const double *chosen;
  if (chain->centring && floe__centring_choose(chain->centring, chain->target, chain->window, &chosen))
    floe__recentre(chain->centring, chain->target, chosen, chain->window, 1, chain->position);
  floe__metric_fit(chain->window, chain->metric);
  floe__window_reset(chain->window);
  (void)enter(chain);
  return restart_step(chain, step, stream);
}

static double warm_up(const struct run *run, struct chain *chain, struct floe_stream *stream) {
  const double target = run->options->target_accept > 0 ? run->options->target_accept : 0.8;
  double step = restart_step(chain, 1, stream);
  struct floe__dual_averaging averaging;
  struct floe__windows windows;
  if (step == 0 || run->options->warmup == 0) return step;
  floe__dual_averaging_start(&averaging, target, step);
  floe__windows_start(&windows, run->options->warmup);
  for (size_t i = 0; i < run->options->warmup; i++) {
    const struct floe__transition transition = floe__nuts_step(chain->nuts, step, stream);
    step = floe__dual_averaging_learn(&averaging, transition.accept);
    locate(chain);
    if (!still_near(chain) || stopped(chain)) return 0;
    if (floe__windows_collect(&windows, i)) {
      floe__metric_slope(chain->metric, floe__nuts_gradient(chain->nuts), chain->gradient);
      floe__window_add(chain->window, chain->position, chain->gradient);
    }
    if (!floe__windows_close(&windows, i)) continue;
    step = renew_metric(chain, step, stream);
    if (step == 0) return 0;
    floe__dual_averaging_start(&averaging, target, step);
  }
  return floe__dual_averaging_end(&averaging);
}

static void record(struct floe_chains *result, size_t row, struct chain *chain, double step,
                   const struct floe__transition *transition) {
  double *columns = result->columns + row * FLOE_N_SAMPLER_COLUMN;
  columns[FLOE_LP] = transition->log_density + floe__target_scatter(chain->target, chain->position,
                                                                    result->coordinates + row * result->n_coordinate);
  columns[FLOE_ACCEPT_STAT] = transition->accept;
  columns[FLOE_STEPSIZE] = step;
  columns[FLOE_TREEDEPTH] = transition->depth;
  columns[FLOE_N_LEAPFROG] = transition->n_leapfrog;
  columns[FLOE_DIVERGENT] = transition->divergent;
  columns[FLOE_ENERGY] = transition->energy;
}

static void run_chain(void *context, size_t c, size_t thread) {
  const struct run *run = context;
  struct chain *chain = &run->chain[c];
  struct floe_chains *result = run->result;
  if (chain->error.status != FLOE_OK) return;
  struct floe_stream stream;
  floe_stream_open(&stream, run->options->seed, FLOE_PURPOSE_CHAIN, c, 0, 0);
  const double step = warm_up(run, chain, &stream);
  if (step == 0) return;
  bool moved = false;
  const double first = floe__nuts_position(chain->nuts)[0];
  for (size_t i = 0; i < result->n_draw; i++) {
    const struct floe__transition transition = floe__nuts_step(chain->nuts, step, &stream);
    locate(chain);
    record(result, c * result->n_draw + i, chain, step, &transition);
    if (floe__nuts_position(chain->nuts)[0] != first) moved = true;
    if (!still_near(chain) || stopped(chain)) return;
    if (thread == 0 && i % 64 == 0)
      floe__progress(run->progress, ((double)c + (double)i / (double)result->n_draw) / (double)result->n_chain,
                     "sampling");
  }
  if (!moved && result->n_draw >= 20) stuck(chain);
}

static floe_status first_error(const struct run *run, size_t n_chain, struct floe_error *error) {
  for (size_t c = 0; c < n_chain; c++)
    if (run->chain[c].error.status != FLOE_OK) {
      if (error) *error = run->chain[c].error;
      return run->chain[c].error.status;
    }
  return FLOE_OK;
}

static floe_status start_all(const struct floe_context *context, struct run *run, struct floe_error *error) {
  const size_t n_chain = run->result->n_chain;
  struct floe__start *starts = FLOE__NEW(n_chain, struct floe__start);
  if (!starts) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "There is not enough memory to sample this model.");
  for (size_t c = 0; c < n_chain; c++) starts[c] = (struct floe__start){run->chain[c].position, run->chain[c].metric};
  const floe_status status = floe__find_starts(context, run->options, n_chain, starts, error);
  for (size_t c = 0; status == FLOE_OK && c < n_chain; c++) (void)enter(&run->chain[c]);
  floe__free(starts);
  return status;
}

static floe_status run_all(const struct floe_context *context, struct run *run, struct floe_error *error) {
  const size_t n_chain = run->result->n_chain;
  for (size_t c = 0; c < n_chain; c++) {
    const floe_status status = prepare_chain(context, run->options, &run->chain[c], error);
    if (status != FLOE_OK) return status;
  }
  floe_status status = start_all(context, run, error);
  if (status != FLOE_OK) return status;
  floe__parallel(n_chain, run->options->threads ? run->options->threads : 1, run_chain, run);
  for (size_t c = 0; c < n_chain; c++) run->result->n_gradient += run->chain[c].target->n_gradient;
  return first_error(run, n_chain, error);
}

static floe_status run_nuts(const struct floe_context *context, struct run *run, struct floe_error *error) {
  const size_t n_chain = run->options->chains;
  run->chain = FLOE__NEW(n_chain, struct chain);
  if (!run->chain)
    return floe__fail(error, FLOE_EENVIRONMENT, "", "", "There is not enough memory to sample this model.");
  const floe_status status = run_all(context, run, error);
  for (size_t c = 0; c < n_chain; c++) free_chain(&run->chain[c]);
  floe__free(run->chain);
  return status;
}

floe_status floe_sample(const struct floe_context *context, const struct floe_sample_options *options,
                        const struct floe_progress *progress, struct floe_chains **chains, struct floe_error *error) {
  const bool chees = options->algorithm == FLOE_CHEES;
  if (options->chains == 0 || options->draws == 0)
    return floe__fail(error, FLOE_EUSAGE, "", "Ask for at least one of each.",
                      "There are no chains or no draws to sample.");
  if (chees && (!options->superchains || options->chains % options->superchains))
    return floe__fail(error, FLOE_EUSAGE, "", "Ask for a multiple.",
                      "%zu chains do not fall into %zu groups of one size.", options->chains, options->superchains);
  struct floe_chains *result = new_chains(options->chains, options->draws, context->layout->n_coordinate);
  struct run run = {options, progress, result, NULL};
  if (!result)
    return floe__fail(error, FLOE_EENVIRONMENT, "", "Ask for fewer chains or draws.",
                      "There is not enough memory for %zu chains of %zu draws.", options->chains, options->draws);
  result->n_superchain = chees ? options->superchains : options->chains;
  const floe_status status =
      chees ? floe__chees(context, options, progress, result, error) : run_nuts(context, &run, error);
  for (size_t k = 0; k < result->n_chain * result->n_draw; k++)
    result->n_divergent += result->columns[k * FLOE_N_SAMPLER_COLUMN + FLOE_DIVERGENT] > 0;
  if (status == FLOE_OK)
    *chains = result;
  else
    floe_chains_free(result);
  return status;
}
