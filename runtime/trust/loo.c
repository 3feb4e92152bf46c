#include "runtime/trust/loo.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "runtime/data/layout.h"
#include "runtime/math/moments.h"
#include "runtime/trust/convergence.h"
#include "runtime/trust/psis.h"

static const double many_parameters =
    0.4; /* of one observation: WAIC is then not to be trusted (Vehtari et al. 2017) */

/* Log likelihoods that are kept at a time: 256 MiB. With more observations the draws are gone through again and
 * again. */
static const size_t most_numbers = (size_t)1 << 25;

/* What a thread works in. */
struct worker {
  double *observations, *latents, *scratch; /* (n_data), (n_value), (n_scratch) */
  double *log_weights;                      /* (n_draws) */
  void *psis;
  struct floe__convergence_work *convergence;
};

struct work {
  const struct floe_context *context;
  const struct floe_loo_draws *draws;
  struct floe_loo *loo;
  size_t n_draws, n_thread;  /* of all chains */
  struct worker *worker;     /* (n_thread) */
  size_t first, count, most; /* observations that are looked at together; at most so many */
  double *likelihood;        /* (most, n_draws) their log likelihoods */
  double *weights;           /* (n_draws) of the draws themselves, logarithms that sum to 1 */
};

void floe_loo_free(struct floe_loo *loo) {
  if (!loo) return;
  floe__free(loo->each);
  floe__free(loo);
}

size_t floe_left_out_name(const struct floe_layout *layout, const struct floe_dataset *dataset,
                          const struct floe_left_out *left, char *text, size_t capacity) {
  const struct floe_variable *v = &layout->model->variables[left->variable];
  return floe_element_name(layout, dataset, v->name, v->n_dim, v->dims, left->element, text, capacity);
}

static void close_work(struct work *w) {
  for (size_t t = 0; w->worker && t < w->n_thread; t++) {
    struct worker *worker = &w->worker[t];
    floe__free(worker->observations);
    floe__free(worker->latents);
    floe__free(worker->scratch);
    floe__free(worker->log_weights);
    floe__free(worker->psis);
    floe__convergence_work_free(worker->convergence);
  }
  floe__free(w->worker);
  floe__free(w->likelihood);
  floe__free(w->weights);
}

static bool open_worker(const struct work *w, struct worker *worker) {
  const struct floe_layout *layout = w->context->layout;
  worker->observations = FLOE__NEW(layout->n_data + 1, double);
  worker->latents = FLOE__NEW(layout->n_value + 1, double);
  worker->scratch = FLOE__NEW(layout->n_scratch + 1, double);
  worker->log_weights = FLOE__NEW(w->n_draws, double);
  worker->psis = floe__new(1, floe_psis_work(w->n_draws));
  worker->convergence = floe__convergence_work_new(w->draws->n_chain, w->draws->n_draw);
  return worker->observations && worker->latents && worker->scratch && worker->log_weights && worker->psis &&
         worker->convergence;
}

static floe_status no_memory(struct floe_error *error) {
  return floe__fail(error, FLOE_EENVIRONMENT, "", "Ask for fewer draws.",
                    "There is not enough memory for the log likelihood of each observation at each draw.");
}

/* Log likelihoods at draw s. */
static void evaluate(const struct work *w, struct worker *worker, size_t s) {
  const double *values = w->draws->values + s * w->context->layout->n_value;
  w->context->layout->model->pointwise(w->context, 1, values, worker->observations, worker->latents, worker->scratch);
}

static double *place_of(const struct work *w, const struct worker *worker, size_t variable) {
  const struct floe_layout *layout = w->context->layout;
  const bool data = floe_variable_is_data(&layout->model->variables[variable]);
  return (data ? worker->observations : worker->latents) + layout->offset[variable];
}

/* What has a likelihood at the first draw is what there is to leave out. */
static floe_status list_observations(struct work *w, struct floe_error *error) {
  const struct floe_layout *layout = w->context->layout;
  size_t n = 0;
  evaluate(w, &w->worker[0], 0);
  w->loo->each = FLOE__NEW(layout->n_data + layout->n_value + 1, struct floe_left_out);
  if (!w->loo->each) return no_memory(error);
  for (size_t v = 0; v < layout->model->n_variable; v++)
    for (size_t k = 0; k < layout->count[v]; k++)
      if (!isnan(place_of(w, &w->worker[0], v)[k]))
        w->loo->each[n++] = (struct floe_left_out){.variable = v, .element = k};
  w->loo->n = n;
  if (n) return FLOE_OK;
  return floe__fail(error, FLOE_EUSAGE, "", "", "There are no observations to leave out.");
}

static void evaluate_draw(void *context, size_t s, size_t thread) {
  const struct work *w = context;
  struct worker *worker = &w->worker[thread];
  evaluate(w, worker, s);
  for (size_t i = 0; i < w->count; i++) {
    const struct floe_left_out *left = &w->loo->each[w->first + i];
    const double likelihood = place_of(w, worker, left->variable)[left->element];
    w->likelihood[i * w->n_draws + s] =
        w->weights[s] > -INFINITY ? likelihood : 0; /* a draw without weight says nothing */
  }
}

/* Effective over actual draws of the likelihood: how independent the weights are. */
static double efficiency(const struct work *w, struct worker *worker, const double *likelihood) {
  if (w->draws->log_weights) return 1;
  const double ess = floe_convergence(likelihood, 1, worker->convergence).ess_bulk / (double)w->n_draws;
  return ess > 0 && ess < 1 ? ess : 1; /* NaN where it does not vary */
}

/* Where the observation lies among its predictions; log_weights: those of the draws without it. */
static void place(const struct work *w, const double *log_weights, struct floe_left_out *left) {
  const struct floe_layout *layout = w->context->layout;
  left->below = left->equal = NAN;
  if (!w->draws->predicted || !floe_variable_is_data(&layout->model->variables[left->variable])) return;
  const size_t at = layout->offset[left->variable] + left->element;
  const double observed = w->context->data[at];
  left->below = left->equal = 0;
  for (size_t s = 0; s < w->n_draws; s++) {
    const double predicted = w->draws->predicted[s * layout->n_data + at];
    if (predicted < observed) left->below += exp(log_weights[s]);
    if (predicted == observed) left->equal += exp(log_weights[s]);
  }
}

static void leave_out(void *context, size_t i, size_t thread) {
  const struct work *w = context;
  struct worker *worker = &w->worker[thread];
  struct floe_left_out *left = &w->loo->each[w->first + i];
  const double *likelihood = w->likelihood + i * w->n_draws;
  double *weights = worker->log_weights;
  for (size_t s = 0; s < w->n_draws; s++) weights[s] = w->weights[s] + likelihood[s];
  const double lppd = floe__log_sum_exp(w->n_draws, weights);
  for (size_t s = 0; s < w->n_draws; s++) weights[s] = w->weights[s] - likelihood[s];
  left->khat = floe_psis(w->n_draws, weights, efficiency(w, worker, likelihood), worker->psis).khat;
  place(w, weights, left);
  for (size_t s = 0; s < w->n_draws; s++) weights[s] += likelihood[s];
  left->elpd = floe__log_sum_exp(w->n_draws, weights);
  left->p = lppd - left->elpd;
  left->waic_p = w->draws->log_weights ? NAN : floe__variance(w->n_draws, likelihood);
  left->waic_elpd = lppd - left->waic_p;
}

enum which { OF_LOO, OF_WAIC };

static const size_t fields[][2] = {
    [OF_LOO] = {offsetof(struct floe_left_out, elpd), offsetof(struct floe_left_out, p)},
    [OF_WAIC] = {offsetof(struct floe_left_out, waic_elpd), offsetof(struct floe_left_out, waic_p)}};

static bool is_bad(const struct floe_loo *loo, const struct floe_left_out *left, enum which which) {
  return which == OF_LOO ? !(left->khat <= loo->threshold) : !(left->waic_p <= many_parameters);
}

static double sum_error(const struct floe__welford *w) {
  return w->n > 1 ? sqrt((double)w->n * floe__welford_variance(w)) : NAN;
}

/* Over the observations of a variable; FLOE_NONE: of all. */
static struct floe_elpd total(const struct floe_loo *loo, enum which which, size_t variable, size_t *n) {
  struct floe__welford w[2] = {{0}};
  struct floe_elpd sum = {0};
  for (size_t i = 0; i < loo->n; i++) {
    const struct floe_left_out *left = &loo->each[i];
    if (variable != FLOE_NONE && left->variable != variable) continue;
    for (size_t k = 0; k < 2; k++) floe__welford_add(&w[k], *(const double *)((const char *)left + fields[which][k]));
    sum.n_bad += is_bad(loo, left, which);
  }
  sum.elpd = w[0].mean * (double)w[0].n;
  sum.p = w[1].mean * (double)w[1].n;
  sum.elpd_error = sum_error(&w[0]);
  sum.p_error = sum_error(&w[1]);
  if (n) *n = w[0].n;
  return sum;
}

struct floe_elpd floe_loo_of_variable(const struct floe_loo *loo, size_t variable, size_t *n) {
  return total(loo, OF_LOO, variable, n);
}

static floe_status open_work(struct work *w, struct floe_error *error) {
  w->worker = FLOE__NEW(w->n_thread, struct worker);
  w->weights = FLOE__NEW(w->n_draws, double);
  if (!w->worker || !w->weights) return no_memory(error);
  for (size_t t = 0; t < w->n_thread; t++)
    if (!open_worker(w, &w->worker[t])) return no_memory(error);
  for (size_t s = 0; s < w->n_draws; s++) w->weights[s] = w->draws->log_weights ? w->draws->log_weights[s] : 0;
  const double sum = floe__log_sum_exp(w->n_draws, w->weights);
  for (size_t s = 0; s < w->n_draws; s++) w->weights[s] -= sum;
  return FLOE_OK;
}

/* Fails at the first observation whose likelihood is NaN at some draw. */
static floe_status expect_numbers(const struct work *w, struct floe_error *error) {
  const struct floe_layout *layout = w->context->layout;
  for (size_t i = 0; i < w->count; i++)
    for (size_t s = 0; s < w->n_draws; s++) {
      if (!isnan(w->likelihood[i * w->n_draws + s])) continue;
      char name[128];
      floe_left_out_name(layout, NULL, &w->loo->each[w->first + i], name, sizeof name);
      return floe__fail(error, FLOE_ENUMERIC, "", "Look at how the spec computes its distribution's arguments.",
                        "The log likelihood of %s is not a number at draw %zu.", name, s + 1);
    }
  return FLOE_OK;
}

static floe_status run(struct work *w, struct floe_error *error) {
  floe_status status = open_work(w, error);
  if (status == FLOE_OK) status = list_observations(w, error);
  if (status != FLOE_OK) return status;
  w->most = most_numbers / w->n_draws + 1 < w->loo->n ? most_numbers / w->n_draws + 1 : w->loo->n;
  w->likelihood = floe__new(w->most, w->n_draws * sizeof(double));
  if (!w->likelihood) return no_memory(error);
  for (; w->first < w->loo->n; w->first += w->count) {
    w->count = w->loo->n - w->first < w->most ? w->loo->n - w->first : w->most;
    floe__parallel(w->n_draws, w->n_thread, evaluate_draw, w);
    if ((status = expect_numbers(w, error)) != FLOE_OK) return status;
    floe__parallel(w->count, w->n_thread, leave_out, w);
  }
  w->loo->loo = total(w->loo, OF_LOO, FLOE_NONE, NULL);
  w->loo->waic = total(w->loo, OF_WAIC, FLOE_NONE, NULL);
  return FLOE_OK;
}

floe_status floe_loo(const struct floe_context *context, const struct floe_loo_draws *draws, struct floe_loo **result,
                     struct floe_error *error) {
  const struct floe_model *model = context->layout->model;
  if (!model->pointwise)
    return floe__fail(error, FLOE_EUSAGE, "", "", "Leaving out observations needs their density: %s.",
                      model->no_density ? model->no_density : "there is none");
  struct work w = {.context = context,
                   .draws = draws,
                   .loo = FLOE__NEW(1, struct floe_loo),
                   .n_draws = draws->n_chain * draws->n_draw,
                   .n_thread = draws->threads ? draws->threads : 1};
  if (!w.loo) return no_memory(error);
  w.loo->threshold = floe_khat_threshold(w.n_draws);
  const floe_status status = run(&w, error);
  close_work(&w);
  if (status == FLOE_OK)
    *result = w.loo;
  else
    floe_loo_free(w.loo);
  return status;
}

struct floe_elpd floe_loo_difference(const struct floe_loo *a, const struct floe_loo *b) {
  struct floe__welford w = {0};
  for (size_t i = 0; i < a->n && i < b->n; i++) floe__welford_add(&w, a->each[i].elpd - b->each[i].elpd);
  return (struct floe_elpd){.elpd = w.mean * (double)a->n, .elpd_error = sum_error(&w), .p = NAN, .p_error = NAN};
}
