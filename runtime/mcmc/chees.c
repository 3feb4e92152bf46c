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
#include "runtime/mcmc/packs.h"
#include "runtime/mcmc/start.h"
#include "runtime/mcmc/target.h"
#include "runtime/mcmc/trouble.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"

enum { BLOCK = 16 }; /* chains of one thread at a time: a multiple of the width of a pack */

/* Adam on the logarithm of the trajectory length, with the settings of the paper. */
struct trajectory {
  double log_length, square, count;
};

/* Chains in the metric's coordinates, in packs of as many as the target evaluates at a time. Arrays (n_pack, n, width), or
 * (n_pack, width) where there is one number a chain. Chains from n_chain on fill the last pack: they run along, and nobody
 * looks at them. */
struct herd {
  size_t n, n_chain, width, n_pack, n_block;
  const struct floe_sample_options *options;
  struct floe__target **target; /* (n_block) of BLOCK chains each */
  struct floe__metric *metric;
  struct floe__window *window;
  struct floe__centring *centring;                /* NULL: there is nothing to centre */
  double *y, *gradient, *log_density;             /* where the chains are */
  double *new_y, *new_gradient, *new_log_density; /* where their trajectories end */
  double *momentum, *x, *slope;                   /* x, slope: in the target's coordinates */
  double *kinetic, *accept, *energy;
  double *positions, *one; /* (n_pack * width, n) in the target's coordinates; (n) of one chain */
  bool *divergent, *moved;
  struct floe_stream *stream;
  double step;
  size_t n_leapfrog;
  double *mean, *new_mean; /* (n) over chains */
  /* Where the run is: iterations done, warm-up first. */
  size_t iteration, n_gradient;
  double next_step;
  struct trajectory trajectory;
  struct floe__dual_averaging averaging;
  struct floe__windows windows;
  struct floe__checkpoint checkpoint;
  struct floe_chains *result; /* the caller's */
};

static void free_herd(struct herd *herd) {
  double *const arrays[] = {herd->y,        herd->gradient, herd->log_density, herd->new_y,    herd->new_gradient,
                            herd->momentum, herd->x,        herd->slope,       herd->kinetic,  herd->new_log_density,
                            herd->accept,   herd->energy,   herd->mean,        herd->new_mean, herd->positions,
                            herd->one};
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

/* False without memory. */
static bool make_arrays(struct herd *herd) {
  const size_t n = herd->n, n_place = herd->n_pack * herd->width;
  double **const wide[] = {&herd->y,        &herd->gradient, &herd->new_y, &herd->new_gradient,
                           &herd->momentum, &herd->x,        &herd->slope, &herd->positions};
  double **const narrow[] = {&herd->log_density, &herd->new_log_density, &herd->kinetic, &herd->accept, &herd->energy};
  double **const single[] = {&herd->mean, &herd->new_mean, &herd->one};
  bool failed = false, centres = false;
  for (size_t k = 0; k < sizeof wide / sizeof *wide; k++)
    failed |= !(*wide[k] = floe__new(n_place, n * sizeof(double)));
  for (size_t k = 0; k < sizeof narrow / sizeof *narrow; k++) failed |= !(*narrow[k] = FLOE__NEW(n_place, double));
  for (size_t k = 0; k < sizeof single / sizeof *single; k++) failed |= !(*single[k] = FLOE__NEW(n, double));
  herd->divergent = FLOE__NEW(n_place, bool);
  herd->moved = FLOE__NEW(n_place, bool);
  herd->stream = FLOE__NEW(n_place, struct floe_stream);
  herd->metric = floe__metric_new(n);
  herd->window = floe__window_new(n, FLOE__WINDOW_MAX);
  herd->centring = floe__centring_new(herd->target[0], &centres);
  return !failed && (herd->centring || !centres) && herd->divergent && herd->moved && herd->stream && herd->metric &&
         herd->window;
}

static floe_status open_herd(const struct floe_context *context, const struct floe_sample_options *options,
                             struct herd *herd, struct floe_error *error) {
  const size_t n_chain = options->chains;
  *herd = (struct herd){.n_chain = n_chain, .n_block = (n_chain + BLOCK - 1) / BLOCK, .options = options};
  herd->target = FLOE__NEW(herd->n_block, struct floe__target *);
  for (size_t b = 0; herd->target && b < herd->n_block; b++) {
    const floe_status status = floe__target_new(context, true, &herd->target[b], error);
    if (status != FLOE_OK) return status;
  }
  if (herd->target) {
    herd->n = herd->target[0]->n;
    herd->width = herd->target[0]->width;
    herd->n_pack = (n_chain + herd->width - 1) / herd->width;
  }
  if (herd->target && make_arrays(herd)) return FLOE_OK;
  return floe__fail(error, FLOE_EENVIRONMENT, "", "Ask for fewer chains.", "There is not enough memory for %zu chains.",
                    n_chain);
}

/* ---- one pack of chains ---- */

/* The pack's numbers, of each chain and each of its coordinates. */
static double *of_pack(const struct herd *herd, double *array, size_t p) {
  return array + p * herd->n * herd->width;
}

/* The pack in which a chain is. */
static double *pack_of(const struct herd *herd, double *array, size_t c) {
  return of_pack(herd, array, c / herd->width);
}

/* The density at new_y, with its gradient. NaN counts as -INFINITY. */
static void evaluate(struct herd *herd, struct floe__target *target, size_t p) {
  const size_t width = herd->width;
  double *x = of_pack(herd, herd->x, p), *slope = of_pack(herd, herd->slope, p),
         *density = herd->new_log_density + p * width;
  floe__pack_positions(herd->metric, width, of_pack(herd, herd->new_y, p), x);
  floe__target_evaluate(target, x, density, slope);
  floe__pack_gradients(herd->metric, width, slope, of_pack(herd, herd->new_gradient, p));
  for (size_t c = 0; c < width; c++)
    if (isnan(density[c])) density[c] = -INFINITY;
}

/* Leapfrog steps from y, with the momenta there, to new_y. */
static void leap(struct herd *herd, struct floe__target *target, size_t p) {
  const size_t count = herd->n * herd->width;
  double *y = of_pack(herd, herd->new_y, p), *gradient = of_pack(herd, herd->new_gradient, p);
  double *momentum = of_pack(herd, herd->momentum, p);
  memcpy(y, of_pack(herd, herd->y, p), count * sizeof *y);
  memcpy(gradient, of_pack(herd, herd->gradient, p), count * sizeof *gradient);
  floe__pack_kick(count, 0.5 * herd->step, gradient, momentum);
  for (size_t l = 0; l < herd->n_leapfrog; l++) {
    floe__pack_drift(count, herd->step, momentum, y);
    evaluate(herd, target, p);
    floe__pack_kick(count, (l + 1 < herd->n_leapfrog ? 1 : 0.5) * herd->step, gradient, momentum);
  }
}

/* A chain's momenta are the same in whichever pack it stands. */
static void draw_momenta(struct herd *herd, size_t p) {
  const size_t n = herd->n, width = herd->width;
  double *momentum = of_pack(herd, herd->momentum, p), *one = of_pack(herd, herd->x, p);
  for (size_t c = 0; c < width; c++) {
    floe__normal_fill(herd->options->seed, FLOE_PURPOSE_CHAIN, p * width + c, herd->iteration * n, n, one);
    floe__pack_give(n, width, one, c, momentum);
  }
}

/* All trajectories of a pack: from y with fresh momenta to new_y, and how probably they are accepted. */
static void integrate_pack(struct herd *herd, struct floe__target *target, size_t p) {
  const size_t n = herd->n, width = herd->width, first = p * width;
  const double *momentum = of_pack(herd, herd->momentum, p);
  double *kinetic = herd->kinetic + first;
  draw_momenta(herd, p);
  floe__pack_half_squares(n, width, momentum, kinetic);
  for (size_t c = 0; c < width; c++) herd->energy[first + c] = kinetic[c] - herd->log_density[first + c];
  leap(herd, target, p);
  floe__pack_half_squares(n, width, momentum, kinetic);
  for (size_t c = first; c < first + width; c++) {
    const double gain = herd->energy[c] - (herd->kinetic[c] - herd->new_log_density[c]);
    herd->divergent[c] = !(gain >= -FLOE__NUTS_DIVERGENCE);
    herd->accept[c] = gain >= 0 ? 1 : isnan(gain) ? 0 : exp(gain);
  }
}

static void integrate(void *context, size_t b, size_t thread) {
  struct herd *herd = context;
  const size_t packs = BLOCK / herd->width;
  (void)thread;
  for (size_t p = b * packs; p < (b + 1) * packs && p < herd->n_pack; p++) integrate_pack(herd, herd->target[b], p);
}

/* Takes the ends of the trajectories that are accepted. */
static void settle(struct herd *herd) {
  const size_t n = herd->n, width = herd->width;
  for (size_t c = 0; c < herd->n_pack * width; c++) {
    if (!(floe_draw_uniform(&herd->stream[c]) < herd->accept[c])) continue;
    double *y = pack_of(herd, herd->y, c) + c % width, *gradient = pack_of(herd, herd->gradient, c) + c % width;
    const double *new_y = pack_of(herd, herd->new_y, c) + c % width;
    const double *new_gradient = pack_of(herd, herd->new_gradient, c) + c % width;
    for (size_t i = 0; i < n; i++) y[i * width] = new_y[i * width], gradient[i * width] = new_gradient[i * width];
    herd->energy[c] = herd->kinetic[c] - herd->new_log_density[c];
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
  herd->n_gradient += herd->n_leapfrog * herd->n_chain;
  return length;
}

static double harmonic_mean(const struct herd *herd) {
  double sum = 0;
  for (size_t c = 0; c < herd->n_chain; c++) sum += 1 / fmax(herd->accept[c], 1e-10);
  return (double)herd->n_chain / sum;
}

static void mean_over_chains(const struct herd *herd, double *packs, const double *weights, double *mean) {
  const size_t width = herd->width;
  double total = 0;
  for (size_t i = 0; i < herd->n; i++) mean[i] = 0;
  for (size_t c = 0; c < herd->n_chain; c++) {
    if (weights && !(weights[c] > 0)) continue;
    const double weight = weights ? weights[c] : 1, *numbers = pack_of(herd, packs, c) + c % width;
    total += weight;
    for (size_t i = 0; i < herd->n; i++) mean[i] += weight * numbers[i * width];
  }
  for (size_t i = 0; i < herd->n; i++) mean[i] /= total > 0 ? total : 1;
}

/* A chain's part in the gradient of ChEES by the log length, but for length and weight. */
static double change_of_chain(const struct herd *herd, size_t c) {
  const size_t width = herd->width, lane = c % width;
  const double *before = pack_of(herd, herd->y, c) + lane, *after = pack_of(herd, herd->new_y, c) + lane;
  const double *momentum = pack_of(herd, herd->momentum, c) + lane;
  double change = 0, along = 0;
  for (size_t i = 0; i < herd->n; i++) {
    const double a = after[i * width] - herd->new_mean[i], b = before[i * width] - herd->mean[i];
    change += a * a - b * b;
    along += a * momentum[i * width];
  }
  return change * along;
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
    sum += herd->accept[c] * length * change_of_chain(herd, c);
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
  trajectory->log_length =
      fmin(fmax(trajectory->log_length, log(herd->step)), log(herd->step * FLOE__CHEES_MAX_LEAPFROG));
}

/* Of all chains, one behind the other. */
static void find_positions(const struct herd *herd) {
  for (size_t p = 0; p < herd->n_pack; p++)
    floe__pack_positions(herd->metric, herd->width, of_pack(herd, herd->y, p), of_pack(herd, herd->x, p));
  for (size_t c = 0; c < herd->n_pack * herd->width; c++)
    floe__pack_take(herd->n, herd->width, pack_of(herd, herd->x, c), c % herd->width, herd->positions + c * herd->n);
}

/* The gradient by a chain's position, in `one`. */
static const double *slope_of(const struct herd *herd, size_t c) {
  floe__pack_take(herd->n, herd->width, pack_of(herd, herd->gradient, c), c % herd->width, herd->one);
  floe__metric_slope(herd->metric, herd->one, herd->one);
  return herd->one;
}

/* Density and gradient where the chains' positions are. */
static void enter_block(void *context, size_t b, size_t thread) {
  struct herd *herd = context;
  const size_t n = herd->n, width = herd->width, packs = BLOCK / width;
  (void)thread;
  for (size_t p = b * packs; p < (b + 1) * packs && p < herd->n_pack; p++) {
    double *y = of_pack(herd, herd->y, p), *round = of_pack(herd, herd->momentum, p);
    for (size_t c = 0; c < width; c++) {
      floe__metric_whiten(herd->metric, herd->positions + (p * width + c) * n, round);
      floe__pack_give(n, width, round, c, y);
    }
    memcpy(of_pack(herd, herd->new_y, p), y, n * width * sizeof *y);
    evaluate(herd, herd->target[b], p);
    memcpy(of_pack(herd, herd->gradient, p), of_pack(herd, herd->new_gradient, p), n * width * sizeof *y);
    memcpy(herd->log_density + p * width, herd->new_log_density + p * width, width * sizeof *y);
  }
}

static void collect(struct herd *herd) {
  find_positions(herd);
  for (size_t c = 0; c < herd->n_chain; c++)
    floe__window_add(herd->window, herd->positions + c * herd->n, slope_of(herd, c));
}

/* ---- a run ---- */

static floe_status start_herd(const struct floe_context *context, struct herd *herd, struct floe_error *error) {
  const struct floe_sample_options *options = herd->options;
  const size_t n_group = options->superchains, per_group = herd->n_chain / n_group;
  struct floe__start *starts = FLOE__NEW(n_group, struct floe__start);
  bool failed = !starts;
  for (size_t g = 0; !failed && g < n_group; g++) {
    starts[g].position = herd->positions + g * per_group * herd->n;
    failed = !(starts[g].metric = floe__metric_new(herd->n));
  }
  floe_status status = failed
                           ? floe__fail(error, FLOE_EENVIRONMENT, "", "", "There is not enough memory for the starts.")
                           : floe__find_starts(context, options, n_group, starts, error);
  if (status == FLOE_OK) {
    floe__metric_copy(herd->metric, starts[0].metric);
    for (size_t c = 0; c < herd->n_pack * herd->width; c++) {
      const size_t group = c / per_group < n_group ? c / per_group : n_group - 1;
      if (c != group * per_group)
        memcpy(herd->positions + c * herd->n, starts[group].position, herd->n * sizeof(double));
    }
    for (size_t c = 0; c < herd->n_pack * herd->width; c++)
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
    floe__keep(keeper, result->coordinates + from * result->n_coordinate,
               n_row * result->n_coordinate * sizeof(double));
    floe__keep(keeper, result->columns + from * FLOE_N_SAMPLER_COLUMN, n_row * FLOE_N_SAMPLER_COLUMN * sizeof(double));
  }
}

static void keep_herd(struct floe__keeper *keeper, void *state) {
  struct herd *herd = state;
  const size_t n_place = herd->n_pack * herd->width, wide = n_place * herd->n * sizeof(double);
  size_t width = herd->width;
  floe__keep(keeper, &width, sizeof width);
  keeper->failed = keeper->failed || width != herd->width;
  floe__keep(keeper, &herd->iteration, sizeof herd->iteration);
  floe__keep(keeper, &herd->n_gradient, sizeof herd->n_gradient);
  floe__keep(keeper, &herd->next_step, sizeof herd->next_step);
  floe__keep(keeper, &herd->trajectory, sizeof herd->trajectory);
  floe__keep(keeper, &herd->averaging, sizeof herd->averaging);
  floe__keep(keeper, &herd->windows, sizeof herd->windows);
  floe__keep(keeper, herd->y, wide);
  floe__keep(keeper, herd->gradient, wide);
  floe__keep(keeper, herd->log_density, n_place * sizeof(double));
  floe__keep(keeper, herd->moved, n_place * sizeof *herd->moved);
  floe__keep(keeper, herd->stream, n_place * sizeof *herd->stream);
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
  find_positions(herd);
  for (size_t c = 0; c < herd->n_chain; c++) {
    const size_t far = floe__ran_away(herd->target[0], herd->positions + c * herd->n);
    if (far != FLOE_NONE) return floe__trouble_runs_away(herd->target[0], far, error);
  }
  return FLOE_OK;
}

/* In round coordinates steps are near 1 in size: below this one, trajectories stand still. */
static const double least_step = 1e-8;

static floe_status all_moved(struct herd *herd, double step, struct floe_error *error) {
  for (size_t c = 0; c < herd->n_chain; c++) {
    if (herd->moved[c] && step > least_step) continue;
    return floe__trouble_stuck(herd->target[0], slope_of(herd, c), error);
  }
  return FLOE_OK;
}

static double target_accept(const struct herd *herd) {
  return herd->options->target_accept > 0 ? herd->options->target_accept : FLOE__CHEES_TARGET;
}

/* New coordinates and a new metric for all chains, from the window; their positions are there. */
static void renew_metric(struct herd *herd) {
  const double *chosen;
  if (herd->centring && floe__centring_choose(herd->centring, herd->target[0], herd->window, &chosen)) {
    floe__recentre(herd->centring, herd->target[0], chosen, herd->window, herd->n_pack * herd->width, herd->positions);
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
    columns[FLOE_LP] = herd->log_density[c] + floe__target_scatter(herd->target[0], herd->positions + c * herd->n,
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
  herd->result->n_gradient = herd->n_gradient;
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
