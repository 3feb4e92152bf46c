#include "runtime/trust/calibration.h"

#include <floe/draws.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/data/outputs.h"
#include "runtime/math/order.h"
#include "runtime/rng/purpose.h"
#include "runtime/sim/simulate.h"
#include "runtime/trust/bands.h"

enum { BLOCK = 64, FEWEST = 50, N_LEVEL = 19 };
static const double quartiles_of_normal =
    1.3489795003921634; /* interquartile range of the standard normal distribution */

enum quantity_kind { VARIABLE, REPORT, LOG_LIKELIHOOD };
struct quantity {
  enum quantity_kind kind;
  size_t place; /* of the variable or report */
};

/* What a simulation says of a quantity; NaN where it does not exist. */
struct finding {
  double truth, rank, middle, sd; /* rank in 0 .. 1; median and robust sd of the draws */
};

/* Work space of a thread. */
struct bench {
  double *values, *outputs, *likelihood, *column, *density,
      *scratch; /* row 0: the truth; rows 1 .. n_draw: the draws */
};

struct run {
  const struct floe_model *model;
  const struct floe_proposal *proposal;
  const struct floe_calibration_options *options;
  struct floe_simulations *simulations;
  size_t n, n_draw, threads, n_quantity;
  struct quantity *quantities; /* (n_quantity) */
  struct finding *findings;    /* (n_quantity, n) */
  double *distance;            /* (n) */
  struct bench *benches;       /* (threads) */
  size_t first;                /* of the block */
  struct floe_context contexts[BLOCK];
  struct floe_universe universes[BLOCK];
  uint64_t units[BLOCK];
  double *draws, *points; /* (BLOCK, n_draw, n_coordinate): as drawn; of one simulation, led by the truth (threads) */
};

void floe_calibration_free(struct floe_calibration *calibration) {
  if (!calibration) return;
  floe__free(calibration->quantities);
  floe__free(calibration);
}

static floe_status out_of_memory(struct floe_error *error) {
  return floe__fail(error, FLOE_EENVIRONMENT, "", "Ask for fewer simulations.",
                    "There is not enough memory for the calibration.");
}

static bool list_quantities(struct run *run) {
  const struct floe_model *model = run->model;
  run->quantities = FLOE__NEW(model->n_variable + model->n_report + 1, struct quantity);
  if (!run->quantities) return false;
  for (size_t v = 0; v < model->n_variable; v++)
    if (!floe_variable_is_data(&model->variables[v]) && !model->variables[v].discrete)
      run->quantities[run->n_quantity++] = (struct quantity){VARIABLE, v};
  for (size_t r = 0; r < model->n_report; r++)
    if ((model->reports[r].base == FLOE_REAL || model->reports[r].base == FLOE_INT) &&
        floe_variable_find(model, model->reports[r].name) == FLOE_NONE)
      run->quantities[run->n_quantity++] = (struct quantity){REPORT, r};
  if (model->log_density) run->quantities[run->n_quantity++] = (struct quantity){LOG_LIKELIHOOD, 0};
  return true;
}

static bool make_bench(const struct run *run, struct bench *bench) {
  const struct floe_layout *largest = run->simulations->largest;
  const size_t rows = run->n_draw + 1;
  bench->values = floe__new(rows, (largest->n_value + 1) * sizeof(double));
  bench->outputs = floe__new(rows, (largest->n_output + 1) * sizeof(double));
  bench->likelihood = floe__new(rows, FLOE_N_TAG * sizeof(double));
  bench->density = FLOE__NEW(rows, double);
  bench->column = FLOE__NEW(rows, double);
  bench->scratch = FLOE__NEW(run->model->scratch_size(largest) + 1, double);
  return bench->values && bench->outputs && bench->likelihood && bench->density && bench->column && bench->scratch;
}

static bool make_run(struct run *run) {
  const size_t n_coordinate = run->simulations->largest->n_coordinate + 1;
  run->findings = floe__new(run->n_quantity ? run->n_quantity : 1, run->n * sizeof(struct finding));
  run->distance = FLOE__NEW(run->n, double);
  run->draws = floe__new(BLOCK * run->n_draw, n_coordinate * sizeof(double));
  run->points = floe__new(run->threads * (run->n_draw + 1), n_coordinate * sizeof(double));
  run->benches = FLOE__NEW(run->threads, struct bench);
  if (!run->findings || !run->distance || !run->draws || !run->points || !run->benches) return false;
  for (size_t t = 0; t < run->threads; t++)
    if (!make_bench(run, &run->benches[t])) return false;
  return true;
}

static void free_run(struct run *run) {
  for (size_t t = 0; run->benches && t < run->threads; t++) {
    const struct bench *bench = &run->benches[t];
    double *const blocks[] = {bench->values, bench->outputs, bench->likelihood,
                              bench->column, bench->density, bench->scratch};
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) floe__free(blocks[k]);
  }
  floe_simulations_free(run->simulations);
  floe__free(run->benches);
  floe__free(run->quantities);
  floe__free(run->findings);
  floe__free(run->distance);
  floe__free(run->draws);
  floe__free(run->points);
}

/* Of ascending x. */
static double robust_sd(size_t n, const double *x) {
  return (floe__quantile_sorted(n, x, 0.75) - floe__quantile_sorted(n, x, 0.25)) / quartiles_of_normal;
}

/* column: the truth, then the draws. Ties are broken at random, so that ranks of calibrated draws are exactly
 * uniform. */
static struct finding judge(size_t n_draw, double *column, struct floe_stream *stream) {
  struct finding finding = {.truth = column[0]};
  double *draws = column + 1;
  size_t below = 0, same = 0;
  for (size_t k = 0; k < n_draw; k++) {
    if (isnan(draws[k]) || isnan(column[0])) return (struct finding){NAN, NAN, NAN, NAN};
    below += draws[k] < column[0];
    same += draws[k] == column[0];
  }
  finding.rank = ((double)below + floe_draw_uniform(stream) * (double)(same + 1)) / (double)(n_draw + 1);
  floe__sort(n_draw, draws);
  finding.middle = floe__quantile_sorted(n_draw, draws, 0.5);
  finding.sd = robust_sd(n_draw, draws);
  return finding;
}

/* A number of each row of x (n_draw + 1, stride): element `element` of what starts at `offset`. */
static void take_column(const struct run *run, const double *x, size_t stride, size_t place, double *column) {
  for (size_t k = 0; k <= run->n_draw; k++) column[k] = x[k * stride + place];
}

static size_t report_count(const struct floe_layout *layout, size_t report) {
  const size_t next =
      report + 1 < layout->model->n_report + layout->model->n_claim ? layout->output[report + 1] : layout->n_output;
  return next - layout->output[report];
}

/* From `element` on, the next one that the data do not tell; false where they tell all. */
static bool next_unknown(const struct floe_context *context, size_t v, size_t count, size_t *element) {
  if (!context->layout->model->variables[v].completes) return true;
  for (size_t k = 0; k < count; k++, *element = (*element + 1) % count)
    if (floe_coordinate_free(context->layout, context->data, v, *element)) return true;
  return false;
}

static void judge_quantity(const struct run *run, const struct floe_context *context, const struct bench *bench,
                           size_t q, size_t simulation) {
  const struct floe_layout *layout = context->layout;
  const struct quantity quantity = run->quantities[q];
  struct finding *finding = &run->findings[q * run->n + simulation];
  struct floe_stream stream;
  floe_stream_open(&stream, run->options->seed, FLOE_PURPOSE_TEST, run->simulations->unit[simulation],
                   UINT64_C(1) << 40, q);
  const size_t count = quantity.kind == VARIABLE ? layout->count[quantity.place]
                       : quantity.kind == REPORT ? report_count(layout, quantity.place)
                                                 : 1;
  size_t element = (size_t)(floe_draw_uniform(&stream) * (double)count);
  *finding = (struct finding){NAN, NAN, NAN, NAN};
  if (!count || (quantity.kind == VARIABLE && !floe_variable_present(run->model, context->universe, quantity.place)))
    return;
  if (quantity.kind == VARIABLE && !next_unknown(context, quantity.place, count, &element)) return;
  if (quantity.kind == VARIABLE)
    take_column(run, bench->values, layout->n_value, layout->offset[quantity.place] + element, bench->column);
  else if (quantity.kind == REPORT)
    take_column(run, bench->outputs, layout->n_output, layout->output[quantity.place] + element, bench->column);
  else
    take_column(run, bench->likelihood, FLOE_N_TAG, FLOE_LIKELIHOOD, bench->column);
  *finding = judge(run->n_draw, bench->column, &stream);
}

static void judge_simulation(void *context, size_t k, size_t thread) {
  const struct run *run = context;
  const struct bench *bench = &run->benches[thread];
  const struct floe_context *here = &run->contexts[k];
  const size_t simulation = run->first + k, n_coordinate = here->layout->n_coordinate;
  double *points = run->points + thread * (run->n_draw + 1) * (run->simulations->largest->n_coordinate + 1);
  const double *draws = run->draws;
  for (size_t before = 0; before < k; before++) draws += run->n_draw * run->contexts[before].layout->n_coordinate;
  memcpy(points, run->simulations->coordinates + simulation * run->simulations->n_coordinate,
         n_coordinate * sizeof(double));
  memcpy(points + n_coordinate, draws, run->n_draw * n_coordinate * sizeof(double));
  run->model->constrain(here, run->n_draw + 1, points, bench->values, bench->scratch);
  floe_outputs(here, run->n_draw + 1, bench->values, bench->outputs, bench->scratch);
  if (run->model->log_density)
    run->model->log_density(here, run->n_draw + 1, points, bench->density, bench->likelihood, bench->scratch);
  for (size_t q = 0; q < run->n_quantity; q++) judge_quantity(run, here, bench, q, simulation);
}

static floe_status judge_block(struct run *run, size_t n, struct floe_error *error) {
  for (size_t k = 0; k < n; k++) {
    run->contexts[k] = floe_simulations_context(run->simulations, run->first + k, &run->universes[k]);
    run->units[k] = run->simulations->unit[run->first + k];
  }
  const struct floe_proposal_ask ask = {.n_context = n,
                                        .contexts = run->contexts,
                                        .units = run->units,
                                        .n = run->n_draw,
                                        .seed = run->options->seed,
                                        .threads = run->threads};
  const bool measured = !isnan(run->proposal->distance_threshold);
  const floe_status status = run->proposal->draw(run->proposal->state, &ask, run->draws, NULL,
                                                 measured ? run->distance + run->first : NULL, error);
  if (status == FLOE_OK) floe__parallel(n, run->threads, judge_simulation, run);
  return status;
}

static floe_status judge_all(struct run *run, const struct floe_progress *progress, struct floe_error *error) {
  for (run->first = 0; run->first < run->n; run->first += BLOCK) {
    const size_t left = run->n - run->first;
    if (floe__stop_requested())
      return floe__fail(error, FLOE_EINTERRUPTED, "", "Run the same command again.",
                        "Calibration was stopped on request.");
    const floe_status status = judge_block(run, left < BLOCK ? left : BLOCK, error);
    if (status != FLOE_OK) return status;
    floe__progress(progress, (double)(run->first + (left < BLOCK ? left : BLOCK)) / (double)run->n, "calibration");
  }
  return FLOE_OK;
}

static void name_quantity(const struct run *run, size_t q, char *name, size_t capacity) {
  const struct floe_model *model = run->model;
  const struct quantity quantity = run->quantities[q];
  const bool array = quantity.kind == VARIABLE ? model->variables[quantity.place].n_dim
                                               : quantity.kind == REPORT && model->reports[quantity.place].n_dim;
  const char *text = quantity.kind == VARIABLE ? model->variables[quantity.place].name
                     : quantity.kind == REPORT ? model->reports[quantity.place].name
                                               : "log likelihood";
  snprintf(name, capacity, "%s%s", text, array ? "[]" : "");
}

static double coverage(size_t n, const double *ranks, double level) {
  size_t inside = 0;
  for (size_t k = 0; k < n; k++) inside += fabs(ranks[k] - 0.5) <= 0.5 * level;
  return (double)inside / (double)n;
}

static enum floe_verdict verdict_of(const struct floe_calibrated *c) {
  if (c->n < FEWEST) return FLOE_UNKNOWN;
  return c->calibration_error <= 0.05 ? FLOE_PASS : c->calibration_error <= 0.10 ? FLOE_WARN : FLOE_FAIL;
}

/* work (2, n + 1). */
static void recovery(const struct run *run, const struct finding *findings, double *work, struct floe_calibrated *c) {
  size_t n = 0;
  double *sorted = work, *other = work + run->n + 1;
  for (size_t k = 0; k < run->n; k++)
    if (!isnan(findings[k].rank)) sorted[n++] = findings[k].truth;
  floe__sort(n, sorted);
  const double spread = robust_sd(n, sorted);
  n = 0;
  for (size_t k = 0; k < run->n; k++) {
    if (isnan(findings[k].rank)) continue;
    sorted[n] = fabs(findings[k].middle - findings[k].truth);
    other[n++] = 1 - pow(findings[k].sd / spread, 2);
  }
  floe__sort(n, sorted);
  floe__sort(n, other);
  c->nrmse = 2 / quartiles_of_normal * floe__quantile_sorted(n, sorted, 0.5) / spread;
  c->contraction = floe__quantile_sorted(n, other, 0.5);
}

static void conclude_quantity(const struct run *run, size_t q, double *work, struct floe_calibrated *c) {
  const struct finding *findings = run->findings + q * run->n;
  double *ranks = work;
  name_quantity(run, q, c->name, sizeof c->name);
  for (size_t k = 0; k < run->n; k++)
    if (!isnan(findings[k].rank)) ranks[c->n++] = findings[k].rank;
  c->calibration_error = c->coverage_50 = c->coverage_90 = c->nrmse = c->contraction = NAN;
  c->verdict = FLOE_UNKNOWN;
  if (c->n < FEWEST) return;
  c->coverage_50 = coverage(c->n, ranks, 0.5);
  c->coverage_90 = coverage(c->n, ranks, 0.9);
  c->calibration_error = 0;
  for (int k = 1; k <= N_LEVEL; k++) c->calibration_error += fabs(coverage(c->n, ranks, 0.05 * k) - 0.05 * k) / N_LEVEL;
  floe__sort(c->n, ranks);
  floe_ecdf_difference(c->n, ranks, FLOE_ECDF_POINTS, c->ecdf);
  floe_ecdf_band(c->n, FLOE_ECDF_POINTS, 1 - 0.05 / (double)run->n_quantity, work + run->n, c->low, c->high);
  c->inside = true;
  for (size_t k = 0; k < FLOE_ECDF_POINTS; k++)
    if (c->ecdf[k] < c->low[k] - 1e-12 || c->ecdf[k] > c->high[k] + 1e-12) c->inside = false;
  c->verdict = verdict_of(c);
  recovery(run, findings, work, c);
}

static floe_status conclude(const struct run *run, struct floe_calibration *result, struct floe_error *error) {
  double *work = FLOE__NEW(5 * (run->n + 1), double), worst = NAN, n_beyond = 0, outside = 0;
  result->quantities = FLOE__NEW(run->n_quantity + 1, struct floe_calibrated);
  if (!work || !result->quantities) {
    floe__free(work);
    return out_of_memory(error);
  }
  result->n_quantity = run->n_quantity;
  for (size_t q = 0; q < run->n_quantity; q++) {
    conclude_quantity(run, q, work, &result->quantities[q]);
    worst = fmax(worst, result->quantities[q].calibration_error);
    if (result->quantities[q].n >= FEWEST) outside += !result->quantities[q].inside;
  }
  floe__free(work);
  for (size_t k = 0; k < run->n; k++) n_beyond += run->distance[k] > run->proposal->distance_threshold;
  result->out_of_distribution = isnan(run->proposal->distance_threshold) ? NAN : n_beyond / (double)run->n;
  floe_gates_at_most(&result->gates, "calibration error", worst, 0.05, worst <= 0.10 ? FLOE_WARN : FLOE_FAIL);
  floe_gates_at_most(&result->gates, "rank ECDFs outside their band", isnan(worst) ? NAN : outside, 0, FLOE_WARN);
  return FLOE_OK;
}

floe_status floe_calibrate(const struct floe_model *model, const struct floe_proposal *proposal,
                           const struct floe_calibration_options *options, const struct floe_progress *progress,
                           struct floe_calibration **calibration, struct floe_error *error) {
  struct run run = {.model = model,
                    .proposal = proposal,
                    .options = options,
                    .n = options->n ? options->n : 500,
                    .n_draw = options->n_draw ? options->n_draw : 200,
                    .threads = options->threads ? options->threads : 1};
  const struct floe_simulation_plan plan = {.model = model,
                                            .seed = options->seed,
                                            .purpose = FLOE_PURPOSE_TEST,
                                            .n = run.n,
                                            .universe = options->universe,
                                            .dataset = options->dataset,
                                            .gaps = true,
                                            .n_thread = run.threads};
  struct floe_calibration *result = FLOE__NEW(1, struct floe_calibration);
  floe_status status = result ? floe_simulate(&plan, &run.simulations, error) : out_of_memory(error);
  if (status == FLOE_OK && !(list_quantities(&run) && make_run(&run))) status = out_of_memory(error);
  if (status == FLOE_OK) status = judge_all(&run, progress, error);
  if (status == FLOE_OK) status = conclude(&run, result, error);
  if (status == FLOE_OK) {
    result->n_simulation = run.n;
    result->n_draw = run.n_draw;
    *calibration = result;
  } else
    floe_calibration_free(result);
  free_run(&run);
  return status;
}
