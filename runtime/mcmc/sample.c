#include "runtime/mcmc/sample.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "runtime/mcmc/adapt.h"
#include "runtime/mcmc/centring.h"
#include "runtime/mcmc/chees.h"
#include "runtime/mcmc/keep.h"
#include "runtime/mcmc/metric_fit.h"
#include "runtime/mcmc/nuts.h"
#include "runtime/mcmc/start.h"
#include "runtime/mcmc/target.h"
#include "runtime/mcmc/trouble.h"
#include "runtime/rng/purpose.h"

const char *const floe_sampler_column_names[FLOE_N_SAMPLER_COLUMN] = {
    "lp__", "accept_stat__", "stepsize__", "treedepth__", "n_leapfrog__", "divergent__", "energy__"};

static const double seconds_between_reports = 0.1;

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
  /* Where it is: iterations done, warm-up first. */
  size_t iteration;
  struct floe_stream stream;
  struct floe__dual_averaging averaging;
  struct floe__windows windows;
  double step;   /* of the next transition */
  bool cautious; /* its steps are smaller than the warm-up found them */
  size_t stride; /* transitions for each draw */
  size_t n_divergent, n_dropped;
  bool moved;    /* since the warm-up */
  double first;  /* where it stood then, in one coordinate */
  struct floe__checkpoint checkpoint;
  double *coordinates, *columns; /* (n_draw, n_coordinate), (n_draw, FLOE_N_SAMPLER_COLUMN): its part of the result */
  size_t n_warmup, n_draw, n_coordinate;
};

struct run {
  const struct floe_sample_options *options;
  const struct floe_progress *progress;
  struct floe_chains *result;
  struct chain *chain; /* (n_chain) */
  bool cautious;       /* of the chains that are to go on */
  size_t stride;
  atomic_size_t done;  /* iterations of all chains */
  double told;         /* when progress was last told of, by thread 0 */
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
  floe_status status = floe__target_new(context, false, &chain->target, error);
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
  const size_t far = floe__ran_away(chain->target, chain->position);
  if (far != FLOE_NONE) (void)floe__trouble_runs_away(chain->target, far, &chain->error);
  return far == FLOE_NONE;
}

/* ---- checkpoints ---- */

static void keep_chain(struct floe__keeper *keeper, void *state) {
  struct chain *chain = state;
  floe__keep(keeper, &chain->iteration, sizeof chain->iteration);
  floe__keep(keeper, &chain->stream, sizeof chain->stream);
  floe__keep(keeper, &chain->averaging, sizeof chain->averaging);
  floe__keep(keeper, &chain->windows, sizeof chain->windows);
  floe__keep(keeper, &chain->step, sizeof chain->step);
  floe__keep(keeper, &chain->cautious, sizeof chain->cautious);
  floe__keep(keeper, &chain->stride, sizeof chain->stride);
  floe__keep(keeper, &chain->n_divergent, sizeof chain->n_divergent);
  floe__keep(keeper, &chain->n_dropped, sizeof chain->n_dropped);
  floe__keep(keeper, &chain->moved, sizeof chain->moved);
  floe__keep(keeper, &chain->first, sizeof chain->first);
  floe__target_keep(chain->target, keeper);
  floe__metric_keep(chain->metric, keeper);
  floe__window_keep(chain->window, keeper);
  floe__nuts_keep(chain->nuts, keeper);
  keeper->failed = keeper->failed || chain->stride - 1 >= FLOE_SAMPLE_MAX_STRIDE ||
                   chain->iteration > chain->n_warmup + chain->n_draw * chain->stride;
  if (keeper->failed) return;
  const size_t n = chain->iteration > chain->n_warmup ? (chain->iteration - chain->n_warmup) / chain->stride : 0;
  floe__keep(keeper, chain->coordinates, n * chain->n_coordinate * sizeof(double));
  floe__keep(keeper, chain->columns, n * FLOE_N_SAMPLER_COLUMN * sizeof(double));
}

/* Between iterations: false where the chain is to end here; its error then says why. */
static bool goes_on(const struct floe_sample_options *options, struct chain *chain, double now) {
  const bool stop = floe__stop_requested();
  if (!stop && !floe__checkpoint_due(&chain->checkpoint, now)) return true;
  if (chain->iteration && floe__checkpoint_save(&chain->checkpoint, keep_chain, chain, &chain->error) != FLOE_OK) return false;
  if (!stop) return true;
  (void)floe__trouble_interrupted(options, &chain->error);
  return false;
}

static void stuck(struct chain *chain) {
  floe__metric_slope(chain->metric, floe__nuts_gradient(chain->nuts), chain->gradient);
  (void)floe__trouble_stuck(chain->target, chain->gradient, &chain->error);
}

/* First step size, or after a change of metric. 0 where there is none; the chain's error then says why. */
static double restart_step(struct chain *chain, double guess) {
  const double step = floe__nuts_reasonable_step(chain->nuts, guess, &chain->stream);
  if (step > 0 && step < INFINITY) return step;
  if (step > 0)
    (void)floe__trouble_flat(chain->target, 0, true, &chain->error);
  else
    stuck(chain);
  return 0;
}

static double target_accept(const struct run *run) {
  return run->options->target_accept > 0 ? run->options->target_accept : 0.8;
}

/* New coordinates and a new metric for the chain from its window, and a step size to begin with. */
static bool renew_metric(const struct run *run, struct chain *chain) {
  const double *chosen;
  if (chain->centring && floe__centring_choose(chain->centring, chain->target, chain->window, &chosen))
    floe__recentre(chain->centring, chain->target, chosen, chain->window, 1, chain->position);
  floe__metric_fit(chain->window, chain->metric);
  floe__window_reset(chain->window);
  (void)enter(chain);
  chain->step = restart_step(chain, chain->step);
  floe__dual_averaging_start(&chain->averaging, target_accept(run), chain->step);
  return chain->step > 0;
}

/* One iteration of the warm-up. */
static bool adapt(const struct run *run, struct chain *chain, struct floe__transition *transition) {
  *transition = floe__nuts_step(chain->nuts, chain->step, &chain->stream);
  chain->step = floe__dual_averaging_learn(&chain->averaging, transition->accept);
  locate(chain);
  if (!still_near(chain)) return false;
  if (floe__windows_collect(&chain->windows, chain->iteration)) {
    floe__metric_slope(chain->metric, floe__nuts_gradient(chain->nuts), chain->gradient);
    floe__window_add(chain->window, chain->position, chain->gradient);
  }
  return !floe__windows_close(&chain->windows, chain->iteration) || renew_metric(run, chain);
}

static void record(struct chain *chain, size_t row, const struct floe__transition *transition) {
  double *columns = chain->columns + row * FLOE_N_SAMPLER_COLUMN;
  columns[FLOE_LP] = transition->log_density + floe__target_scatter(chain->target, chain->position,
                                                                    chain->coordinates + row * chain->n_coordinate);
  columns[FLOE_ACCEPT_STAT] = transition->accept;
  columns[FLOE_STEPSIZE] = chain->step;
  columns[FLOE_TREEDEPTH] = transition->depth;
  columns[FLOE_N_LEAPFROG] = transition->n_leapfrog;
  columns[FLOE_DIVERGENT] = transition->divergent;
  columns[FLOE_ENERGY] = transition->energy;
}

/* One iteration after the warm-up. */
static bool draw(struct chain *chain, struct floe__transition *transition) {
  *transition = floe__nuts_step(chain->nuts, chain->step, &chain->stream);
  locate(chain);
  chain->n_divergent += transition->divergent;
  const size_t n = chain->iteration + 1 - chain->n_warmup;
  if (n % chain->stride == 0) record(chain, n / chain->stride - 1, transition);
  if (floe__nuts_position(chain->nuts)[0] != chain->first) chain->moved = true;
  return still_near(chain);
}

/* Every second draw is kept, so that the chain may go on to twice its length. */
static void thin(struct chain *chain) {
  const size_t n = chain->n_coordinate, m = FLOE_N_SAMPLER_COLUMN;
  for (size_t row = 0; row < chain->n_draw / 2; row++) {
    memmove(chain->coordinates + row * n, chain->coordinates + (2 * row + 1) * n, n * sizeof(double));
    memmove(chain->columns + row * m, chain->columns + (2 * row + 1) * m, m * sizeof(double));
  }
  chain->stride *= 2;
}

/* The draws are dropped; the last part of the warm-up, that of the step size, comes again. */
static void begin_again(struct chain *chain) {
  chain->cautious = true;
  chain->iteration = chain->n_warmup - chain->windows.final;
  chain->n_dropped = chain->n_divergent;
  chain->n_divergent = 0;
  floe__dual_averaging_start(&chain->averaging, FLOE_SAMPLE_CAUTIOUS, chain->step);
}

static bool begin(const struct run *run, struct chain *chain, size_t c) {
  floe_stream_open(&chain->stream, run->options->seed, FLOE_PURPOSE_CHAIN, c, 0, 0);
  chain->step = restart_step(chain, 1);
  floe__dual_averaging_start(&chain->averaging, target_accept(run), chain->step);
  floe__windows_start(&chain->windows, run->options->warmup);
  return chain->step > 0;
}

static void end_warmup(struct chain *chain) {
  if (chain->n_warmup) chain->step = floe__dual_averaging_end(&chain->averaging);
  chain->moved = false;
  chain->first = floe__nuts_position(chain->nuts)[0];
}

static void tell(struct run *run, const struct chain *chain, size_t c, const struct floe__transition *transition) {
  static const char *const phases[] = {"warm-up", "draw"};
  const struct floe_sample_options *o = run->options;
  const size_t done = atomic_load_explicit(&run->done, memory_order_relaxed);
  const size_t dropped = run->cautious ? chain->windows.final + o->draws : 0;
  const bool warm = chain->iteration >= o->warmup;
  char text[96];
  snprintf(text, sizeof text, "chain %zu of %zu, %s %zu of %zu, %d steps a draw", c + 1, o->chains,
           phases[warm], warm ? chain->iteration - o->warmup : chain->iteration,
           warm ? o->draws * run->stride : o->warmup, transition->n_leapfrog);
  floe__progress(run->progress, (double)done / (double)(o->chains * (dropped + o->warmup + o->draws * run->stride)),
                 text);
}

static void run_chain(void *context, size_t c, size_t thread) {
  struct run *run = context;
  struct chain *chain = &run->chain[c];
  const size_t end = chain->n_warmup + chain->n_draw * run->stride;
  if (chain->cautious != run->cautious) return; /* it was interrupted later than others */
  if (chain->error.status != FLOE_OK || (chain->iteration == 0 && !begin(run, chain, c))) return;
  while (chain->iteration < end) {
    struct floe__transition transition;
    const double now = floe__clock();
    if (!goes_on(run->options, chain, now)) return;
    if (chain->iteration == chain->n_warmup) end_warmup(chain);
    if (!(chain->iteration < chain->n_warmup ? adapt(run, chain, &transition) : draw(chain, &transition))) return;
    chain->iteration++;
    atomic_fetch_add_explicit(&run->done, 1, memory_order_relaxed);
    if (thread == 0 && now - run->told >= seconds_between_reports) tell(run, chain, c, &transition), run->told = now;
  }
  if (chain->checkpoint.written && /* so that it is not done again where other chains are interrupted */
      floe__checkpoint_save(&chain->checkpoint, keep_chain, chain, &chain->error) != FLOE_OK)
    return;
  if (!chain->moved && run->result->n_draw >= 20) stuck(chain);
}

static floe_status first_error(const struct run *run, size_t n_chain, struct floe_error *error) {
  for (size_t c = 0; c < n_chain; c++)
    if (run->chain[c].error.status != FLOE_OK) {
      if (error) *error = run->chain[c].error;
      return run->chain[c].error.status;
    }
  return FLOE_OK;
}

/* Brings the chains that are behind to the beginning of the run's phase. */
static void enter_phase(struct run *run) {
  for (size_t c = 0; c < run->result->n_chain; c++) {
    struct chain *chain = &run->chain[c];
    if (run->cautious && !chain->cautious) begin_again(chain);
    if (run->cautious == chain->cautious && chain->stride < run->stride) thin(chain);
  }
}

static void describe(const struct run *run) {
  struct floe_chains *result = run->result;
  result->stride = run->stride;
  result->cautious = run->cautious;
  result->n_gradient = result->n_divergent = result->n_dropped = 0;
  for (size_t c = 0; c < result->n_chain; c++) {
    result->n_gradient += run->chain[c].target->n_gradient;
    result->n_divergent += run->chain[c].n_divergent;
    result->n_dropped += run->chain[c].n_dropped;
  }
}

/* All chains to their end, phase after phase, until they suffice. Some of an interrupted run may have come farther than
 * others, which then follow. The phases: with the warm-up's steps and more and more transitions for each draw or, after
 * the first of these, with smaller steps likewise. */
static void run_chains(struct run *run) {
  const struct floe_sample_options *options = run->options;
  struct floe_chains *result = run->result;
  bool cautious = false;
  size_t farthest = 1;
  for (size_t c = 0; c < result->n_chain; c++) cautious = cautious || run->chain[c].cautious;
  for (size_t c = 0; c < result->n_chain; c++)
    if (run->chain[c].cautious == cautious && run->chain[c].stride > farthest) farthest = run->chain[c].stride;
  for (run->stride = 1;;) {
    enter_phase(run);
    floe__parallel(result->n_chain, options->threads ? options->threads : 1, run_chain, run);
    describe(run);
    if (first_error(run, result->n_chain, NULL) != FLOE_OK) return;
    enum floe_judgement judgement = FLOE_CHAINS_GO_ON;
    if (cautious && !run->cautious)
      judgement = FLOE_CHAINS_DIVERGE;
    else if (run->stride >= farthest)
      judgement = options->judge ? options->judge(options->judge_state, result) : FLOE_CHAINS_SUFFICE;
    if (judgement == FLOE_CHAINS_DIVERGE && run->stride == 1 && !run->cautious && run->chain[0].windows.final)
      run->cautious = cautious = true;
    else if (judgement == FLOE_CHAINS_GO_ON && run->stride < FLOE_SAMPLE_MAX_STRIDE)
      run->stride *= 2;
    else
      return;
  }
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

/* Takes up the chains that were interrupted; those that were not begin anew, all from where they always do. */
static floe_status take_up(const struct floe_context *context, struct run *run, struct floe_error *error) {
  const size_t n_chain = run->result->n_chain;
  bool found = true;
  for (size_t c = 0; c < n_chain; c++) {
    struct chain *chain = &run->chain[c];
    bool here;
    chain->checkpoint = floe__checkpoint_of(context, run->options, c);
    const floe_status status = floe__checkpoint_load(&chain->checkpoint, keep_chain, chain, &here, error);
    if (status != FLOE_OK) return status;
    found = found && here;
  }
  floe_status status = found ? FLOE_OK : start_all(context, run, error);
  for (size_t c = 0; c < n_chain && !found && status == FLOE_OK; c++) {
    bool here;
    status = floe__checkpoint_load(&run->chain[c].checkpoint, keep_chain, &run->chain[c], &here, error);
  }
  for (size_t c = 0; c < n_chain; c++) run->result->n_resumed += run->chain[c].iteration;
  run->done = run->result->n_resumed;
  return status;
}

static floe_status run_all(const struct floe_context *context, struct run *run, struct floe_error *error) {
  const size_t n_chain = run->result->n_chain;
  for (size_t c = 0; c < n_chain; c++) {
    const floe_status ready = prepare_chain(context, run->options, &run->chain[c], error);
    if (ready != FLOE_OK) return ready;
    run->chain[c].n_warmup = run->options->warmup;
    run->chain[c].stride = 1;
    run->chain[c].n_draw = run->result->n_draw;
    run->chain[c].n_coordinate = run->result->n_coordinate;
    run->chain[c].coordinates = run->result->coordinates + c * run->result->n_draw * run->result->n_coordinate;
    run->chain[c].columns = run->result->columns + c * run->result->n_draw * FLOE_N_SAMPLER_COLUMN;
  }
  const floe_status status = take_up(context, run, error);
  if (status != FLOE_OK) return status;
  run_chains(run);
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
  struct run run = {.options = options, .progress = progress, .result = result};
  if (!result)
    return floe__fail(error, FLOE_EENVIRONMENT, "", "Ask for fewer chains or draws.",
                      "There is not enough memory for %zu chains of %zu draws.", options->chains, options->draws);
  result->n_superchain = chees ? options->superchains : options->chains;
  result->stride = 1;
  const floe_status status =
      chees ? floe__chees(context, options, progress, result, error) : run_nuts(context, &run, error);
  for (size_t k = 0; chees && k < result->n_chain * result->n_draw; k++)
    result->n_divergent += result->columns[k * FLOE_N_SAMPLER_COLUMN + FLOE_DIVERGENT] > 0;
  if (status == FLOE_OK)
    *chains = result;
  else
    floe_chains_free(result);
  return status;
}
