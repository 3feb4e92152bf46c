#include "runtime/mcmc/chees.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "runtime/mcmc/adapt.h"
#include "runtime/mcmc/centring.h"
#include "runtime/mcmc/keep.h"
#include "runtime/mcmc/metric_fit.h"
#include "runtime/mcmc/nuts.h"
#include "runtime/mcmc/start.h"
#include "runtime/mcmc/target.h"
#include "runtime/mcmc/trouble.h"
#include "runtime/rng/purpose.h"

enum { LANES = 16 }; /* chains that one call of the density evaluates */

/* Adam on the logarithm of the trajectory length, with the settings of the paper. */
struct trajectory {
  double log_length, square, count;
};

/* Chains in the metric's coordinates; arrays (chains, n) and (chains). */
struct herd {
  size_t n, n_chain, n_block;
  const struct floe_sample_options *options;
  struct floe__target **target; /* (n_block) of LANES chains each */
  struct floe__metric *metric;
  struct floe__window *window;
  struct floe__centring *centring; /* NULL: there is nothing to centre */
  double *y, *gradient, *log_density;             /* where the chains are */
  double *new_y, *new_gradient, *new_log_density; /* where their trajectories end */
  double *momentum, *x, *slope;                   /* x, slope: in the target's coordinates */
  double *kinetic, *accept, *energy;
  bool *divergent, *moved;
  struct floe_stream *stream;
  double step;
  size_t n_leapfrog;
  double *mean, *new_mean; /* (n) over chains */
  /* Where the run is: iterations done, warm-up first. */
  size_t iteration;
  double next_step;
  struct trajectory trajectory;
  struct floe__dual_averaging averaging;
  struct floe__windows windows;
  struct floe__checkpoint checkpoint;
  struct floe_chains *result; /* the caller's */
};

static void free_herd(struct herd *herd) {
  double *const arrays[] = {herd->y,        herd->gradient, herd->log_density, herd->new_y,   herd->new_gradient,
                            herd->momentum, herd->x,        herd->slope,       herd->kinetic, herd->new_log_density,
                            herd->accept,   herd->energy,   herd->mean,        herd->new_mean};
  for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) floe__free(arrays[k]);
  for (size_t b = 0; herd->target && b < herd->n_block; b++) floe__target_free(herd->target[b]);
  floe__free(herd->target);
  floe__free(herd->divergent);
  floe__free(herd->moved);
  floe__free(herd->stream);
  floe__metric_free(herd->metric);
  floe__window_free(herd->window);
  floe__centring_free(herd->centring);
}

static floe_status open_herd(const struct floe_context *context, const struct floe_sample_options *options,
                             struct herd *herd, struct floe_error *error) {
  const size_t n_chain = options->chains;
  *herd = (struct herd){.n_chain = n_chain, .n_block = (n_chain + LANES - 1) / LANES, .options = options};
  herd->target = FLOE__NEW(herd->n_block, struct floe__target *);
  for (size_t b = 0; herd->target && b < herd->n_block; b++) {
    const floe_status status = floe__target_new(context, LANES, &herd->target[b], error);
    if (status != FLOE_OK) return status;
  }
  const size_t n = herd->n = herd->target ? herd->target[0]->n : 0;
  double **const wide[] = {&herd->y,        &herd->gradient, &herd->new_y, &herd->new_gradient,
                           &herd->momentum, &herd->x,        &herd->slope};
  double **const narrow[] = {&herd->log_density, &herd->new_log_density, &herd->kinetic, &herd->accept, &herd->energy};
  bool failed = n == 0, centres = false;
  for (size_t k = 0; k < sizeof wide / sizeof *wide; k++)
    failed |= !(*wide[k] = floe__new(n_chain, n * sizeof(double)));
  for (size_t k = 0; k < sizeof narrow / sizeof *narrow; k++) failed |= !(*narrow[k] = FLOE__NEW(n_chain, double));
  herd->mean = FLOE__NEW(n, double);
  herd->new_mean = FLOE__NEW(n, double);
  herd->divergent = FLOE__NEW(n_chain, bool);
  herd->moved = FLOE__NEW(n_chain, bool);
  herd->stream = FLOE__NEW(n_chain, struct floe_stream);
  herd->metric = floe__metric_new(n);
  herd->window = floe__window_new(n, FLOE__WINDOW_MAX);
  if (n) herd->centring = floe__centring_new(herd->target[0], &centres);
  if (!failed && (herd->centring || !centres) && herd->mean && herd->new_mean && herd->divergent && herd->moved && herd->stream && herd->metric &&
      herd->window)
    return FLOE_OK;
  return floe__fail(error, FLOE_EENVIRONMENT, "", "Ask for fewer chains.", "There is not enough memory for %zu chains.",
                    n_chain);
}

/* ---- one block of chains ---- */

struct block {
  size_t from, count;
};

static struct block block_of(const struct herd *herd, size_t b) {
  const size_t from = b * LANES;
  return (struct block){from, from + LANES < herd->n_chain ? LANES : herd->n_chain - from};
}

/* The density at new_y, with its gradient. NaN counts as -INFINITY. */
static void evaluate(struct herd *herd, size_t b) {
  const struct block block = block_of(herd, b);
  const size_t n = herd->n, end = block.from + block.count;
  for (size_t c = block.from; c < end; c++) floe__metric_position(herd->metric, herd->new_y + c * n, herd->x + c * n);
  floe__target_evaluate(herd->target[b], block.count, herd->x + block.from * n, herd->new_log_density + block.from,
                        herd->slope + block.from * n);
  for (size_t c = block.from; c < end; c++) {
    floe__metric_gradient(herd->metric, herd->slope + c * n, herd->new_gradient + c * n);
    if (isnan(herd->new_log_density[c])) herd->new_log_density[c] = -INFINITY;
  }
}

static double half_square(size_t n, const double *x) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
  return 0.5 * sum;
}

/* All trajectories of a block: from y with fresh momenta to new_y, and how probably they are accepted. */
static void integrate(void *context, size_t b, size_t thread) {
  struct herd *herd = context;
  const struct block block = block_of(herd, b);
  const size_t n = herd->n, from = block.from * n, end = from + block.count * n;
  (void)thread;
  for (size_t c = block.from; c < block.from + block.count; c++) {
    for (size_t i = 0; i < n; i++) herd->momentum[c * n + i] = floe_draw_normal(&herd->stream[c]);
    herd->kinetic[c] = half_square(n, herd->momentum + c * n);
  }
  memcpy(herd->new_y + from, herd->y + from, (end - from) * sizeof(double));
  memcpy(herd->new_gradient + from, herd->gradient + from, (end - from) * sizeof(double));
  for (size_t l = 0; l < herd->n_leapfrog; l++) {
    for (size_t k = from; k < end; k++) {
      herd->momentum[k] += 0.5 * herd->step * herd->new_gradient[k];
      herd->new_y[k] += herd->step * herd->momentum[k];
    }
    evaluate(herd, b);
    for (size_t k = from; k < end; k++) herd->momentum[k] += 0.5 * herd->step * herd->new_gradient[k];
  }
  for (size_t c = block.from; c < block.from + block.count; c++) {
    const double before = herd->kinetic[c] - herd->log_density[c];
    const double after = half_square(n, herd->momentum + c * n) - herd->new_log_density[c], gain = before - after;
    herd->divergent[c] = !(gain >= -FLOE__NUTS_DIVERGENCE);
    herd->accept[c] = gain >= 0 ? 1 : isnan(gain) ? 0 : exp(gain);
    herd->energy[c] = before;
  }
}

/* Takes the ends of the trajectories that are accepted. */
static void settle(struct herd *herd) {
  const size_t n = herd->n;
  for (size_t c = 0; c < herd->n_chain; c++) {
    if (!(floe_draw_uniform(&herd->stream[c]) < herd->accept[c])) continue;
    memcpy(herd->y + c * n, herd->new_y + c * n, n * sizeof(double));
    memcpy(herd->gradient + c * n, herd->new_gradient + c * n, n * sizeof(double));
    herd->energy[c] = half_square(n, herd->momentum + c * n) - herd->new_log_density[c];
    herd->log_density[c] = herd->new_log_density[c];
    herd->moved[c] = true;
  }
}

static void for_blocks(struct herd *herd, void (*work)(void *context, size_t b, size_t thread)) {
  floe__parallel(herd->n_block, herd->options->threads ? herd->options->threads : 1, work, herd);
}

/* ---- adaptation ---- */

/* The base 2 Halton sequence: element `index`, in 0 .. 1. */
static double halton(size_t index) {
  double value = 0, share = 0.5;
  for (size_t k = index + 1; k; k /= 2, share *= 0.5) value += share * (double)(k % 2);
  return value;
}

/* The next trajectories; returns their length. */
static double set_trajectory(struct herd *herd) {
  const double length = halton(herd->iteration) * exp(herd->trajectory.log_length);
  const double wanted = ceil(length / herd->next_step);
  herd->n_leapfrog = wanted >= FLOE__CHEES_MAX_LEAPFROG ? FLOE__CHEES_MAX_LEAPFROG : wanted >= 1 ? (size_t)wanted : 1;
  herd->step = herd->next_step;
  return length;
}

static double harmonic_mean(const struct herd *herd) {
  double sum = 0;
  for (size_t c = 0; c < herd->n_chain; c++) sum += 1 / fmax(herd->accept[c], 1e-10);
  return (double)herd->n_chain / sum;
}

static void mean_over_chains(const struct herd *herd, const double *y, const double *weights, double *mean) {
  double total = 0;
  for (size_t i = 0; i < herd->n; i++) mean[i] = 0;
  for (size_t c = 0; c < herd->n_chain; c++) {
    if (weights && !(weights[c] > 0)) continue;
    total += weights ? weights[c] : 1;
    for (size_t i = 0; i < herd->n; i++) mean[i] += (weights ? weights[c] : 1) * y[c * herd->n + i];
  }
  for (size_t i = 0; i < herd->n; i++) mean[i] /= total > 0 ? total : 1;
}

/* One step of Adam along the gradient of ChEES by the log length: from y to new_y, before they are settled. */
static void learn_trajectory(struct herd *herd, double length) {
  struct trajectory *trajectory = &herd->trajectory;
  const double rate = 0.025, memory = 0.95, most = 0.35;
  double sum = 0, weight = 0;
  mean_over_chains(herd, herd->y, NULL, herd->mean);
  mean_over_chains(herd, herd->new_y, herd->accept, herd->new_mean);
  for (size_t c = 0; c < herd->n_chain; c++) {
    if (!(herd->accept[c] > 1e-4)) continue;
    const double *before = herd->y + c * herd->n, *after = herd->new_y + c * herd->n;
    double change = 0, along = 0;
    for (size_t i = 0; i < herd->n; i++) {
      const double a = after[i] - herd->new_mean[i], b = before[i] - herd->mean[i];
      change += a * a - b * b;
      along += a * herd->momentum[c * herd->n + i];
    }
    sum += herd->accept[c] * length * change * along;
    weight += herd->accept[c];
  }
  if (!(weight > 0) || !isfinite(sum)) return;
  const double gradient = sum / weight;
  trajectory->count++;
  trajectory->square = memory * trajectory->square + (1 - memory) * gradient * gradient;
  const double size = sqrt(trajectory->square / (1 - pow(memory, trajectory->count)));
  double move = size > 0 ? rate * gradient / size : 0;
  if (fabs(move) > most) move = copysign(most, move);
  trajectory->log_length += move;
  trajectory->log_length = fmin(fmax(trajectory->log_length, log(herd->step)), log(herd->step * FLOE__CHEES_MAX_LEAPFROG));
}

static void positions(const struct herd *herd) {
  for (size_t c = 0; c < herd->n_chain; c++)
    floe__metric_position(herd->metric, herd->y + c * herd->n, herd->x + c * herd->n);
}

/* Density and gradient where the chains are. */
static void enter_block(void *context, size_t b, size_t thread) {
  struct herd *herd = context;
  const struct block block = block_of(herd, b);
  const size_t n = herd->n;
  (void)thread;
  for (size_t c = block.from; c < block.from + block.count; c++)
    floe__metric_whiten(herd->metric, herd->x + c * n, herd->y + c * n);
  memcpy(herd->new_y + block.from * n, herd->y + block.from * n, block.count * n * sizeof(double));
  evaluate(herd, b);
  memcpy(herd->gradient + block.from * n, herd->new_gradient + block.from * n, block.count * n * sizeof(double));
  memcpy(herd->log_density + block.from, herd->new_log_density + block.from, block.count * sizeof(double));
}

static void collect(struct herd *herd) {
  positions(herd);
  for (size_t c = 0; c < herd->n_chain; c++) {
    floe__metric_slope(herd->metric, herd->gradient + c * herd->n, herd->slope + c * herd->n);
    floe__window_add(herd->window, herd->x + c * herd->n, herd->slope + c * herd->n);
  }
}

/* ---- a run ---- */

static floe_status start_herd(const struct floe_context *context, struct herd *herd, struct floe_error *error) {
  const struct floe_sample_options *options = herd->options;
  const size_t n_group = options->superchains, per_group = herd->n_chain / n_group;
  struct floe__start *starts = FLOE__NEW(n_group, struct floe__start);
  bool failed = !starts;
  for (size_t g = 0; !failed && g < n_group; g++) {
    starts[g].position = herd->x + g * per_group * herd->n;
    failed = !(starts[g].metric = floe__metric_new(herd->n));
  }
  floe_status status = failed
                           ? floe__fail(error, FLOE_EENVIRONMENT, "", "", "There is not enough memory for the starts.")
                           : floe__find_starts(context, options, n_group, starts, error);
  if (status == FLOE_OK) {
    floe__metric_copy(herd->metric, starts[0].metric);
    for (size_t c = 0; c < herd->n_chain; c++)
      if (c % per_group) memcpy(herd->x + c * herd->n, starts[c / per_group].position, herd->n * sizeof(double));
    for (size_t c = 0; c < herd->n_chain; c++)
      floe_stream_open(&herd->stream[c], options->seed, FLOE_PURPOSE_CHAIN, c, 0, 0);
    for_blocks(herd, enter_block);
  }
  for (size_t g = 0; starts && g < n_group; g++) floe__metric_free(starts[g].metric);
  floe__free(starts);
  return status;
}

/* ---- checkpoints ---- */

static void keep_rows(struct floe__keeper *keeper, const struct herd *herd) {
  const struct floe_chains *result = herd->result;
  keeper->failed = keeper->failed || herd->iteration > herd->options->warmup + herd->options->draws;
  if (keeper->failed) return;
  const size_t n_row = herd->iteration > herd->options->warmup ? herd->iteration - herd->options->warmup : 0;
  for (size_t c = 0; c < herd->n_chain; c++) {
    const size_t from = c * result->n_draw;
    floe__keep(keeper, result->coordinates + from * result->n_coordinate, n_row * result->n_coordinate * sizeof(double));
    floe__keep(keeper, result->columns + from * FLOE_N_SAMPLER_COLUMN, n_row * FLOE_N_SAMPLER_COLUMN * sizeof(double));
  }
}

static void keep_herd(struct floe__keeper *keeper, void *state) {
  struct herd *herd = state;
  const size_t wide = herd->n_chain * herd->n * sizeof(double);
  floe__keep(keeper, &herd->iteration, sizeof herd->iteration);
  floe__keep(keeper, &herd->next_step, sizeof herd->next_step);
  floe__keep(keeper, &herd->trajectory, sizeof herd->trajectory);
  floe__keep(keeper, &herd->averaging, sizeof herd->averaging);
  floe__keep(keeper, &herd->windows, sizeof herd->windows);
  floe__keep(keeper, herd->y, wide);
  floe__keep(keeper, herd->gradient, wide);
  floe__keep(keeper, herd->log_density, herd->n_chain * sizeof(double));
  floe__keep(keeper, herd->moved, herd->n_chain * sizeof *herd->moved);
  floe__keep(keeper, herd->stream, herd->n_chain * sizeof *herd->stream);
  for (size_t b = 0; b < herd->n_block; b++) floe__target_keep(herd->target[b], keeper);
  floe__metric_keep(herd->metric, keeper);
  floe__window_keep(herd->window, keeper);
  keep_rows(keeper, herd);
}

/* ---- a run, goes on ---- */

/* Between iterations. */
static floe_status goes_on(struct herd *herd, struct floe_error *error) {
  const bool stop = floe__stop_requested();
  if (!stop && !floe__checkpoint_due(&herd->checkpoint, floe__clock())) return FLOE_OK;
  const floe_status status =
      herd->iteration ? floe__checkpoint_save(&herd->checkpoint, keep_herd, herd, error) : FLOE_OK;
  if (status != FLOE_OK || !stop) return status;
  return floe__trouble_interrupted(herd->options, error);
}

static floe_status still_sound(struct herd *herd, struct floe_error *error) {
  positions(herd);
  for (size_t c = 0; c < herd->n_chain; c++) {
    const size_t far = floe__ran_away(herd->target[0], herd->x + c * herd->n);
    if (far != FLOE_NONE) return floe__trouble_runs_away(herd->target[0], far, error);
  }
  return FLOE_OK;
}

/* In round coordinates steps are near 1 in size: below this one, trajectories stand still. */
static const double least_step = 1e-8;

static floe_status all_moved(struct herd *herd, double step, struct floe_error *error) {
  for (size_t c = 0; c < herd->n_chain; c++) {
    if (herd->moved[c] && step > least_step) continue;
    floe__metric_slope(herd->metric, herd->gradient + c * herd->n, herd->slope);
    return floe__trouble_stuck(herd->target[0], herd->slope, error);
  }
  return FLOE_OK;
}

static double target_accept(const struct herd *herd) {
  return herd->options->target_accept > 0 ? herd->options->target_accept : FLOE__CHEES_TARGET;
}

/* New coordinates and a new metric for all chains, from the window; x holds their positions. */
static void renew_metric(struct herd *herd) {
  const double *chosen;
  if (herd->centring && floe__centring_choose(herd->centring, herd->target[0], herd->window, &chosen)) {
    floe__recentre(herd->centring, herd->target[0], chosen, herd->window, herd->n_chain, herd->x);
    for (size_t b = 1; b < herd->n_block; b++) floe__target_centre(herd->target[b], chosen);
  }
  floe__metric_fit(herd->window, herd->metric);
  floe__window_reset(herd->window);
  for_blocks(herd, enter_block);
  herd->next_step = floe__dual_averaging_end(&herd->averaging);
  floe__dual_averaging_start(&herd->averaging, target_accept(herd), herd->next_step);
}

/* One iteration of the warm-up. */
static floe_status adapt(struct herd *herd, struct floe_error *error) {
  const double length = set_trajectory(herd);
  for_blocks(herd, integrate);
  learn_trajectory(herd, length);
  herd->next_step = floe__dual_averaging_learn(&herd->averaging, harmonic_mean(herd));
  settle(herd);
  if (floe__windows_collect(&herd->windows, herd->iteration)) collect(herd);
  const floe_status status = still_sound(herd, error);
  if (status == FLOE_OK && floe__windows_close(&herd->windows, herd->iteration)) renew_metric(herd);
  return status;
}

static floe_status end_warmup(struct herd *herd, struct floe_error *error) {
  if (herd->options->warmup) herd->next_step = floe__dual_averaging_end(&herd->averaging);
  return herd->options->warmup >= 20 ? all_moved(herd, herd->next_step, error) : FLOE_OK;
}

static void record(const struct herd *herd, struct floe_chains *result, size_t i) {
  for (size_t c = 0; c < herd->n_chain; c++) {
    const size_t row = c * result->n_draw + i;
    double *columns = result->columns + row * FLOE_N_SAMPLER_COLUMN;
    columns[FLOE_LP] =
        herd->log_density[c] + floe__target_scatter(herd->target[0], herd->x + c * herd->n,
                                                    result->coordinates + row * result->n_coordinate);
    columns[FLOE_ACCEPT_STAT] = herd->accept[c];
    columns[FLOE_STEPSIZE] = herd->step;
    columns[FLOE_N_LEAPFROG] = (double)herd->n_leapfrog;
    columns[FLOE_DIVERGENT] = herd->divergent[c];
    columns[FLOE_ENERGY] = herd->energy[c];
  }
}

/* One iteration after the warm-up. */
static floe_status draw(struct herd *herd, struct floe_error *error) {
  (void)set_trajectory(herd);
  for_blocks(herd, integrate);
  settle(herd);
  const floe_status status = still_sound(herd, error);
  if (status == FLOE_OK) record(herd, herd->result, herd->iteration - herd->options->warmup);
  return status;
}

static floe_status begin(const struct floe_context *context, struct herd *herd, struct floe_error *error) {
  bool found;
  herd->checkpoint = floe__checkpoint_of(context, herd->options, 0);
  const floe_status status = floe__checkpoint_load(&herd->checkpoint, keep_herd, herd, &found, error);
  if (status != FLOE_OK || found) return status;
  herd->next_step = 0.5;
  floe__dual_averaging_start(&herd->averaging, target_accept(herd), herd->next_step);
  floe__windows_start(&herd->windows, herd->options->warmup);
  return start_herd(context, herd, error);
}

static floe_status run_herd(const struct floe_context *context, struct herd *herd, const struct floe_progress *progress,
                            struct floe_error *error) {
  const size_t warmup = herd->options->warmup, end = warmup + herd->result->n_draw;
  floe_status status = begin(context, herd, error);
  herd->result->n_resumed = herd->iteration * herd->n_chain;
  while (status == FLOE_OK && herd->iteration < end) {
    status = goes_on(herd, error);
    if (status == FLOE_OK && herd->iteration == warmup) status = end_warmup(herd, error);
    if (status == FLOE_OK) status = herd->iteration < warmup ? adapt(herd, error) : draw(herd, error);
    herd->iteration++;
    floe__progress(progress, (double)herd->iteration / (double)end, herd->iteration < warmup ? "warm-up" : "draws");
  }
  for (size_t b = 0; b < herd->n_block; b++) herd->result->n_gradient += herd->target[b]->n_gradient;
  return status;
}

floe_status floe__chees(const struct floe_context *context, const struct floe_sample_options *options,
                        const struct floe_progress *progress, struct floe_chains *result, struct floe_error *error) {
  struct herd herd;
  floe_status status = open_herd(context, options, &herd, error);
  herd.result = result;
  if (status == FLOE_OK) status = run_herd(context, &herd, progress, error);
  free_herd(&herd);
  return status;
}
