#include "runtime/elicit/elicit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/elicit/search.h"

enum { SIZE_MATCH = 8192 };
static const double same_fit = 0.1;    /* losses this close fit as well as each other: twice a difference of 0.05 */
static const double same_value = 0.25; /* coordinates this close are the same value */

static double reach_of(const struct floe_model *model) {
  double reach = 1;
  for (size_t j = 0; j < model->n_elicited; j++)
    for (size_t k = 0; k < model->elicited[j].n && model->elicited[j].statistic != FLOE_PROBABILITY; k++)
      reach = fmax(reach, fabs(model->elicited[j].values[k]));
  return reach;
}

/* ---- the restarts ---- */

static floe_status search_all(struct floe__implied *implied, double z[][FLOE_ELICIT_MOST_HYPER],
                              struct floe_elicitation *result, struct floe_error *error) {
  const struct floe_elicitation_plan *plan = implied->plan;
  const double reach = reach_of(plan->model);
  floe_status status = FLOE_OK;
  for (size_t r = 0; status == FLOE_OK && r < plan->n_restart; r++) {
    floe__progress(plan->progress, (double)r / (double)plan->n_restart, "searching for hyper values");
    status = floe__search(implied, r, reach, z[r], &result->loss[r], error);
    /* all by the same simulations, which none of them has seen */
    if (status == FLOE_OK && isfinite(result->loss[r]))
      status = floe__loss_at(implied, z[r], SIZE_MATCH, 0, &result->loss[r], error);
  }
  return status;
}

static size_t best_restart(const struct floe_elicitation *result) {
  size_t best = 0;
  for (size_t r = 1; r < result->n_restart; r++)
    if (result->loss[r] < result->loss[best]) best = r;
  return best;
}

/* Four digits, where they say as much: what is printed is what was found. */
static double rounded(const struct floe_axis *axis, double z) {
  const double value = floe__hyper_value(axis, z);
  char digits[32];
  snprintf(digits, sizeof digits, "%.4g", value);
  const double round = strtod(digits, NULL), there = floe__hyper_coordinate(axis, round);
  return fabs(there - z) < 0.005 ? round : value;
}

/* What the restarts that fit as well as the best agree on; final (n_free): the best of them, to the last digits. */
static void summarise(const struct floe_elicitation_plan *plan, double z[][FLOE_ELICIT_MOST_HYPER],
                      struct floe_elicitation *result, size_t best, const double *final) {
  for (size_t k = 0; k < plan->n_free; k++) {
    const struct floe_axis *axis = &plan->model->axes[plan->free[k]];
    double low = final[k], high = final[k];
    result->n_agree = 0;
    for (size_t r = 0; r < plan->n_restart; r++) {
      result->restart[r][k] = floe__hyper_value(axis, z[r][k]);
      if (!(result->loss[r] <= result->loss[best] + same_fit)) continue;
      result->n_agree++;
      low = fmin(low, z[r][k]);
      high = fmax(high, z[r][k]);
    }
    const double a = floe__hyper_value(axis, low), b = floe__hyper_value(axis, high);
    result->axis[k] = plan->free[k];
    result->value[k] = rounded(axis, final[k]);
    result->low[k] = fmin(a, b);
    result->high[k] = fmax(a, b);
    result->determined[k] = result->n_agree > 1 && high - low < same_value;
  }
}

/* ---- the match ---- */

static void fill_match(const struct floe__implied *implied, struct floe_elicitation *result) {
  const struct floe_model *model = implied->plan->model;
  const size_t n_batch = implied->n_batch, n = implied->n_statistic;
  for (size_t j = 0, k = 0; j < model->n_elicited; j++)
    for (size_t level = 0; level < model->elicited[j].n; level++, k++) {
      double sum = 0, squares = 0;
      for (size_t batch = 0; batch < n_batch; batch++) sum += implied->statistics[batch * n + k];
      for (size_t batch = 0; batch < n_batch; batch++)
        squares += pow(implied->statistics[batch * n + k] - sum / (double)n_batch, 2);
      result->match[k] = (struct floe_match){.statement = j,
                                             .level = level,
                                             .target = implied->target[k],
                                             .implied = sum / (double)n_batch,
                                             .error = sqrt(squares / (double)(n_batch - 1) / (double)n_batch),
                                             .scale = implied->scale[k]};
    }
}

static floe_status look_at_match(struct floe__implied *implied, struct floe_elicitation *result,
                                 struct floe_error *error) {
  double loss;
  struct floe_universe universe = *implied->plan->universe;
  for (size_t k = 0; k < result->n_free; k++) universe.value[result->axis[k]] = result->value[k];
  const floe_status status = floe__implied_loss(implied, &universe, SIZE_MATCH, 0, &loss, error);
  if (status != FLOE_OK) return status;
  if (!isfinite(loss))
    return floe__fail(error, FLOE_ENUMERIC, "",
                      "bound the hyper values (`in lo..hi`), or say it of numbers that are always finite",
                      "the model gives no finite numbers for what is elicited, whatever the hyper values");
  fill_match(implied, result);
  return FLOE_OK;
}

floe_status floe_elicit(const struct floe_elicitation_plan *plan, struct floe_elicitation **elicitation,
                        struct floe_error *error) {
  struct floe__implied implied;
  *elicitation = NULL;
  if (plan->n_free > FLOE_ELICIT_MOST_HYPER)
    return floe__fail(error, FLOE_EUSAGE, "", "give some of them a value: --set 'h = 2'",
                      "%zu hyper values are more than can be found at once (%d)", plan->n_free, FLOE_ELICIT_MOST_HYPER);
  floe_status status = floe__implied_new(plan, &implied, error);
  if (status != FLOE_OK) return status;
  struct floe_elicitation *result = FLOE__NEW(1, struct floe_elicitation);
  double(*z)[FLOE_ELICIT_MOST_HYPER] = floe__new(plan->n_restart + 1, sizeof *z);
  if (result) result->match = FLOE__NEW(implied.n_statistic, struct floe_match);
  if (!result || !z || !result->match) {
    status = floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  } else {
    result->n_free = plan->n_free;
    result->n_restart = plan->n_free ? plan->n_restart : 0;
    result->n_match = implied.n_statistic;
    if (plan->n_free) status = search_all(&implied, z, result, error);
    const size_t best = best_restart(result);
    double *final = z[plan->n_restart];
    memcpy(final, z[best], sizeof *z);
    if (status == FLOE_OK && plan->n_free) status = floe__refine(&implied, final, error);
    if (status == FLOE_OK) summarise(plan, z, result, best, final);
    if (status == FLOE_OK) status = look_at_match(&implied, result, error);
  }
  floe__free(z);
  floe__implied_free(&implied);
  if (status == FLOE_OK)
    *elicitation = result;
  else
    floe_elicitation_free(result);
  return status;
}

void floe_elicitation_free(struct floe_elicitation *elicitation) {
  if (!elicitation) return;
  floe__free(elicitation->match);
  floe__free(elicitation);
}
