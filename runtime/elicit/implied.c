#include "runtime/elicit/implied.h"

#include <floe/draws.h>
#include <math.h>

#include "base/memory.h"
#include "runtime/data/universe.h"
#include "runtime/math/moments.h"
#include "runtime/math/order.h"
#include "runtime/rng/purpose.h"
#include "runtime/sim/simulate.h"

enum { N_BATCH = 8 };

static double scale_of(const struct floe_elicited *e) {
  const double first = e->values[0], last = e->values[e->n - 1];
  if (e->statistic == FLOE_PROBABILITY) return fmax(2 * first * (1 - first), 1e-3);
  if (last > first) return last - first;
  return first != 0 ? fabs(first) : 1;
}

floe_status floe__implied_new(const struct floe_elicitation_plan *plan, struct floe__implied *implied,
                              struct floe_error *error) {
  const struct floe_model *model = plan->model;
  *implied = (struct floe__implied){.plan = plan, .n_batch = N_BATCH};
  for (size_t j = 0; j < model->n_elicited; j++) implied->n_statistic += model->elicited[j].n;
  implied->scale = FLOE__NEW(implied->n_statistic, double);
  implied->target = FLOE__NEW(implied->n_statistic, double);
  implied->statistics = FLOE__NEW(N_BATCH * implied->n_statistic, double);
  if (!implied->scale || !implied->target || !implied->statistics) {
    floe__implied_free(implied);
    return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  }
  for (size_t j = 0, k = 0; j < model->n_elicited; j++)
    for (size_t level = 0; level < model->elicited[j].n; level++, k++) {
      implied->scale[k] = scale_of(&model->elicited[j]);
      implied->target[k] = model->elicited[j].values[level];
    }
  return FLOE_OK;
}

void floe__implied_free(struct floe__implied *implied) {
  floe__free(implied->scale);
  floe__free(implied->target);
  floe__free(implied->statistics);
}

/* The elicited numbers (n, n_elicited) of all simulations. */
static void elicited_numbers(const struct floe_simulations *s, double *numbers, double *scratch) {
  const struct floe_model *model = s->model;
  for (size_t i = 0; i < s->n; i++) {
    struct floe_universe universe;
    const struct floe_context context = floe_simulations_context(s, i, &universe);
    model->elicit(&context, 1, s->data + i * s->n_data, s->values + i * s->n_value, numbers + i * model->n_elicited,
                  scratch);
  }
}

/* Quantiles of whole numbers would jump from one to the next: their mass is spread evenly half a step to both sides. */
static void spread_whole(const struct floe_elicitation_plan *plan, size_t statement, uint64_t first_unit, size_t n,
                         double *x) {
  struct floe_stream stream;
  for (size_t i = 0; i < n; i++) {
    floe_stream_open(&stream, plan->seed, FLOE_PURPOSE_ELICIT, first_unit + i, FLOE_NONE, statement);
    x[i] += floe_draw_uniform(&stream) - 0.5;
  }
}

/* x (n): one number of one batch; the statistics (e->n) of it */
static void statistics_of(const struct floe_elicited *e, size_t n, double *x, double *statistics) {
  if (e->statistic != FLOE_QUANTILES) {
    statistics[0] = floe__mean(n, x);
    return;
  }
  floe__sort(n, x);
  for (size_t level = 0; level < e->n; level++) statistics[level] = floe__quantile_sorted(n, x, e->levels[level]);
}

static bool fill_statistics(struct floe__implied *implied, size_t size, uint64_t first_unit, const double *numbers,
                            double *x) {
  const struct floe_model *model = implied->plan->model;
  bool finite = true;
  for (size_t batch = 0; batch < implied->n_batch; batch++)
    for (size_t j = 0, k = 0; j < model->n_elicited; k += model->elicited[j++].n) {
      const uint64_t unit = first_unit + batch * size;
      for (size_t i = 0; i < size; i++) {
        x[i] = numbers[(batch * size + i) * model->n_elicited + j];
        finite = finite && isfinite(x[i]);
      }
      if (!finite) return false;
      const bool quantiles = model->elicited[j].statistic == FLOE_QUANTILES;
      if (model->elicited[j].whole && quantiles) spread_whole(implied->plan, j, unit, size, x);
      statistics_of(&model->elicited[j], size, x, implied->statistics + batch * implied->n_statistic + k);
    }
  return true;
}

/* |a - b| over the values of one statement, in units of its scale */
static double distance(size_t n, const double *a, const double *b, double scale) {
  double squares = 0;
  for (size_t k = 0; k < n; k++) squares += (a[k] - b[k]) * (a[k] - b[k]);
  return sqrt(squares) / scale;
}

/* The biased estimate: 2 E|q - t| - E|q - q'|, pairs of a batch with itself included. */
static double discrepancy(const struct floe__implied *implied, size_t first, size_t n) {
  const size_t n_batch = implied->n_batch, stride = implied->n_statistic;
  const double *q = implied->statistics + first, scale = implied->scale[first];
  double to_target = 0, among = 0;
  for (size_t a = 0; a < n_batch; a++) {
    to_target += distance(n, q + a * stride, implied->target + first, scale);
    for (size_t b = 0; b < n_batch; b++) among += distance(n, q + a * stride, q + b * stride, scale);
  }
  return 2 * to_target / (double)n_batch - among / (double)(n_batch * n_batch);
}

floe_status floe__implied_loss(struct floe__implied *implied, const struct floe_universe *universe, size_t size,
                               uint64_t first_unit, double *loss, struct floe_error *error) {
  const struct floe_elicitation_plan *plan = implied->plan;
  const size_t n = implied->n_batch * size;
  const struct floe_simulation_plan simulation = {.model = plan->model,
                                                  .seed = plan->seed,
                                                  .purpose = FLOE_PURPOSE_ELICIT,
                                                  .first_unit = first_unit,
                                                  .n = n,
                                                  .universe = universe,
                                                  .sizes = plan->sizes,
                                                  .dataset = plan->dataset,
                                                  .keep_values = true,
                                                  .n_thread = plan->n_thread};
  struct floe_simulations *simulations = NULL;
  struct floe_error problem = {0};
  *loss = INFINITY;
  floe_status status = floe_simulate(&simulation, &simulations, &problem);
  if (status == FLOE_ENUMERIC) return FLOE_OK; /* only these hyper values are at fault */
  if (status != FLOE_OK) *error = problem;
  double *numbers = floe__new(n, plan->model->n_elicited * sizeof *numbers), *x = FLOE__NEW(size, double);
  double *scratch = simulations ? FLOE__NEW(simulations->largest->n_scratch + 1, double) : NULL;
  if (status == FLOE_OK && numbers && x && scratch) {
    elicited_numbers(simulations, numbers, scratch);
    if (fill_statistics(implied, size, first_unit, numbers, x)) {
      *loss = 0;
      for (size_t j = 0, k = 0; j < plan->model->n_elicited; k += plan->model->elicited[j++].n)
        *loss += discrepancy(implied, k, plan->model->elicited[j].n);
    }
  } else if (status == FLOE_OK) {
    status = floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  }
  floe__free(scratch);
  floe__free(x);
  floe__free(numbers);
  floe_simulations_free(simulations);
  return status;
}

void floe__implied_residual(const struct floe__implied *implied, double *residual) {
  for (size_t k = 0; k < implied->n_statistic; k++) {
    double sum = 0;
    for (size_t batch = 0; batch < implied->n_batch; batch++)
      sum += implied->statistics[batch * implied->n_statistic + k];
    residual[k] = (sum / (double)implied->n_batch - implied->target[k]) / implied->scale[k];
  }
}
