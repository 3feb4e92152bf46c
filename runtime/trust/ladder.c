#include "runtime/trust/ladder.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/math/order.h"
#include "runtime/rng/bulk.h"
#include "runtime/rng/purpose.h"
#include "runtime/trust/convergence.h"
#include "runtime/trust/psis.h"

/* One ascent: what the functions below share. */
struct climb {
  struct floe_context family, universe;
  const struct floe_network_draws *draws;
  const struct floe_ladder_options *options;
  const struct floe_progress *progress;
  struct floe_answer *answer;
  double weights_ess;
  bool in_distribution, weights_good, unweighable; /* unweighable: the network has no density */
};

const char *floe_method_name(enum floe_method method) {
  static const char *const names[FLOE_N_METHOD] = {"amortized", "reweighted", "mcmc", "flagged"};
  return names[method];
}

void floe_answer_free(struct floe_answer *answer) {
  floe__free(answer->values);
  floe__free(answer->weights);
  floe__free(answer->log_density);
  floe__free(answer->scratch);
  floe__free(answer->order);
  floe__free(answer->smoothing);
  memset(answer, 0, sizeof *answer);
}

static floe_status out_of_memory(struct floe_error *error) {
  return floe__fail(error, FLOE_EENVIRONMENT, "", "Ask for fewer draws.", "There is not enough memory for the draws.");
}

static bool grow_block(double **block, size_t count) {
  floe__free(*block);
  *block = FLOE__NEW(count + 1, double);
  return *block != NULL;
}

/* Room for n draws. */
static floe_status make_room(struct floe_answer *answer, const struct floe_layout *layout, size_t n,
                             struct floe_error *error) {
  const size_t n_value = n * layout->n_value;
  if (layout->n_value && n > SIZE_MAX / layout->n_value) return out_of_memory(error);
  if (!answer->values || n_value > answer->value_capacity) {
    answer->value_capacity = 0;
    if (!grow_block(&answer->values, n_value)) return out_of_memory(error);
    answer->value_capacity = n_value;
  }
  if (!answer->weights || n > answer->weight_capacity) {
    answer->weight_capacity = 0;
    floe__free(answer->order);
    floe__free(answer->smoothing);
    answer->order = FLOE__NEW(n + 1, size_t);
    answer->smoothing = floe__new(floe_psis_work(n) + 1, 1);
    if (!grow_block(&answer->weights, n) || !grow_block(&answer->log_density, n) || !answer->order ||
        !answer->smoothing)
      return out_of_memory(error);
    answer->weight_capacity = n;
  }
  return FLOE_OK;
}

/* Forgets the last answer, keeps its memory. */
static floe_status reset(const struct climb *climb, struct floe_error *error) {
  struct floe_answer *answer = climb->answer;
  const struct floe_layout *layout = climb->family.layout;
  struct floe_answer kept = *answer;
  memset(answer, 0, sizeof *answer);
  answer->values = kept.values, answer->weights = kept.weights, answer->log_density = kept.log_density;
  answer->order = kept.order, answer->smoothing = kept.smoothing, answer->scratch = kept.scratch;
  answer->value_capacity = kept.value_capacity, answer->weight_capacity = kept.weight_capacity;
  answer->method = FLOE_FLAGGED;
  answer->khat = answer->khat_threshold = answer->ess = NAN;
  answer->rhat = answer->ess_bulk = answer->ess_tail = answer->ebfmi = NAN;
  answer->distance = climb->draws->n ? climb->draws->distance : NAN;
  answer->distance_threshold = climb->draws->n ? climb->draws->distance_threshold : NAN;
  const size_t n_scratch = layout->model->scratch_size(layout) + 1;
  answer->scratch_capacity = kept.scratch_capacity;
  if (n_scratch > answer->scratch_capacity) {
    answer->scratch_capacity = 0;
    if (!grow_block(&answer->scratch, n_scratch)) return out_of_memory(error);
    answer->scratch_capacity = n_scratch;
  }
  return make_room(answer, layout, climb->draws->n, error);
}

/* The draws of the network as values, all of equal weight. */
static void take_network_draws(const struct climb *climb) {
  struct floe_answer *answer = climb->answer;
  const size_t n = climb->draws->n;
  climb->family.layout->model->constrain(&climb->family, n, climb->draws->coordinates, answer->values, answer->scratch);
  for (size_t k = 0; k < n; k++) answer->weights[k] = 1 / (double)n;
  answer->n = n;
  answer->ess = (double)n;
}

/* The fewest independent draws that the weighted ones must be worth: a mean's Monte Carlo error is then at most a tenth
 * of the posterior sd. k-hat speaks of the weights' tail, not of how many draws carry them. */
static double least_ess(size_t n) {
  return n < 1000 ? (double)n / 10 : 100;
}

/* log_density (n) of the answer becomes smoothed, normalised log weights. */
static void weigh(struct climb *climb) {
  struct floe_answer *answer = climb->answer;
  const size_t n = climb->draws->n;
  double *log_weights = answer->log_density;
  climb->family.layout->model->log_density(&climb->family, n, climb->draws->coordinates, log_weights, NULL,
                                           answer->scratch);
  for (size_t k = 0; k < n; k++) {
    const double log_q = climb->draws->log_q[k];
    log_weights[k] = isfinite(log_q) ? log_weights[k] - log_q : NAN;
  }
  const struct floe_psis psis = floe_psis(n, log_weights, 1, answer->smoothing);
  answer->khat = psis.khat;
  answer->khat_threshold = psis.threshold;
  climb->weights_ess = psis.ess;
  climb->weights_good = psis.khat <= psis.threshold && psis.ess >= least_ess(n);
  if (!climb->weights_good) return;
  for (size_t k = 0; k < n; k++) answer->weights[k] = exp(log_weights[k]);
  answer->weighted = true;
  answer->ess = psis.ess;
}

/* Up to n_wanted different draws, with probability by weight: the largest of log weight + Gumbel noise. Returns how
 * many there are; their places are in answer->order. */
static size_t resample(const struct climb *climb, size_t n_wanted) {
  struct floe_answer *answer = climb->answer;
  const size_t n = climb->draws->n;
  double *key = answer->log_density; /* the log weights are not needed any more */
  size_t n_positive = 0;
  floe__uniform_fill(climb->options->mcmc.seed, FLOE_PURPOSE_RESAMPLE, 0, 0, n, answer->weights);
  for (size_t k = 0; k < n; k++) {
    n_positive += key[k] > -INFINITY;
    key[k] -= log(-log(answer->weights[k]));
  }
  floe__order(n, key, answer->order);
  for (size_t k = 0; k < n / 2; k++) { /* the largest first */
    const size_t other = answer->order[k];
    answer->order[k] = answer->order[n - 1 - k];
    answer->order[n - 1 - k] = other;
  }
  return n_wanted < n_positive ? n_wanted : n_positive;
}

/* starts (chains, n_coordinate) in UNIVERSE coordinates, from the importance weights. Returns how many. */
static size_t warm_starts(const struct climb *climb, double *starts) {
  const struct floe_layout *layout = climb->family.layout;
  struct floe_answer *answer = climb->answer;
  if (!climb->draws->n || (isnan(answer->khat) && !climb->unweighable)) return 0;
  for (size_t k = 0; climb->unweighable && k < climb->draws->n; k++) answer->log_density[k] = 0; /* all alike */
  const size_t n = resample(climb, climb->options->mcmc.chains);
  for (size_t k = 0; k < n; k++) {
    /* Constrained one by one into the front of `values`, which the chains will overwrite. */
    layout->model->constrain(&climb->family, 1, climb->draws->coordinates + answer->order[k] * layout->n_coordinate,
                             answer->values, answer->scratch);
    layout->model->unconstrain(&climb->universe, 1, answer->values, starts + k * layout->n_coordinate, answer->scratch);
  }
  return n;
}

/* The worst of each diagnostic over all values that vary. */
static floe_status judge_chains(const struct climb *climb, const struct floe_chains *chains, struct floe_error *error) {
  struct floe_answer *answer = climb->answer;
  const size_t n_value = climb->family.layout->n_value;
  struct floe__convergence_work *work = floe__convergence_work_new(chains->n_chain, chains->n_draw);
  if (!work) return out_of_memory(error);
  answer->rhat = answer->ess_bulk = answer->ess_tail = NAN;
  for (size_t v = 0; v < n_value; v++) {
    const struct floe_convergence here = floe_convergence(answer->values + v, n_value, work);
    answer->rhat = fmax(answer->rhat, here.rhat);
    answer->ess_bulk = fmin(answer->ess_bulk, here.ess_bulk);
    answer->ess_tail = fmin(answer->ess_tail, here.ess_tail);
  }
  floe__convergence_work_free(work);
  answer->ebfmi = floe_ebfmi(chains->columns + FLOE_ENERGY, FLOE_N_SAMPLER_COLUMN, chains->n_chain, chains->n_draw);
  answer->n_divergent = chains->n_divergent;
  answer->ess = answer->ess_bulk;
  return FLOE_OK;
}

static void mcmc_gates(struct floe_answer *answer, struct floe_gates *gates) {
  const double enough = 100 * (double)answer->n_chain;
  floe_gates_at_most(gates, "R-hat", answer->rhat, FLOE_RHAT_AGREES, FLOE_FAIL);
  floe_gates_at_least(gates, "bulk ESS", answer->ess_bulk, enough, FLOE_FAIL);
  floe_gates_at_least(gates, "tail ESS", answer->ess_tail, enough, FLOE_FAIL);
  floe_gates_at_most(gates, "divergences", (double)answer->n_divergent, 0, FLOE_FAIL);
  floe_gates_at_least(gates, "E-BFMI", answer->ebfmi, 0.3, FLOE_FAIL);
}

static floe_status run_chains(const struct climb *climb, const struct floe_sample_options *options,
                              struct floe_error *error) {
  struct floe_answer *answer = climb->answer;
  const struct floe_layout *layout = climb->family.layout;
  struct floe_chains *chains;
  floe_status status = floe_sample(&climb->universe, options, climb->progress, &chains, error);
  if (status != FLOE_OK) return status;
  const size_t n = chains->n_chain * chains->n_draw;
  status = make_room(answer, layout, n, error);
  if (status == FLOE_OK) {
    layout->model->constrain(&climb->universe, n, chains->coordinates, answer->values, answer->scratch);
    for (size_t k = 0; k < n; k++) answer->weights[k] = 1 / (double)n;
    answer->n = n;
    answer->n_chain = chains->n_chain;
    answer->weighted = false;
    status = judge_chains(climb, chains, error);
  }
  floe_chains_free(chains);
  return status;
}

/* The last rung. Chains that miss a gate get one more chance, with smaller steps and twice the draws. */
static floe_status sample(const struct climb *climb, struct floe_gates *gates, struct floe_error *error) {
  struct floe_answer *answer = climb->answer;
  struct floe_sample_options options = climb->options->mcmc;
  double *starts = FLOE__NEW(options.chains * climb->family.layout->n_coordinate + 1, double);
  if (!starts) return out_of_memory(error);
  options.starts = starts;
  options.n_start = warm_starts(climb, starts);
  floe_status status = FLOE_OK;
  do {
    status = run_chains(climb, &options, error);
    answer->mcmc_attempts++;
    gates->n = 0;
    if (status == FLOE_OK) mcmc_gates(answer, gates);
    options.target_accept = 0.95;
    options.warmup = 2 * options.warmup;
    options.draws = 2 * options.draws;
  } while (status == FLOE_OK && answer->mcmc_attempts < 2 && floe_gates_verdict(gates) != FLOE_PASS);
  floe__free(starts);
  return status;
}

static void add_network_gates(const struct climb *climb, bool carried_by_mcmc) {
  struct floe_answer *answer = climb->answer;
  if (!climb->draws->n) return;
  floe_gates_at_most(&answer->gates, "distance", answer->distance, answer->distance_threshold,
                     answer->method == FLOE_FLAGGED ? FLOE_FAIL : FLOE_WARN);
  if (climb->unweighable && carried_by_mcmc) return; /* no k-hat can be known, and the chains stand for themselves */
  if (isnan(answer->khat))
    floe_gates_unknown(&answer->gates, "k-hat", floe_khat_threshold(climb->draws->n));
  else
    floe_gates_at_most(&answer->gates, "k-hat", answer->khat, answer->khat_threshold,
                       carried_by_mcmc ? FLOE_WARN : FLOE_FAIL);
  if (!isnan(answer->khat))
    floe_gates_at_least(&answer->gates, "ESS of the weights", climb->weights_ess, least_ess(climb->draws->n),
                        carried_by_mcmc ? FLOE_WARN : FLOE_FAIL);
}

static floe_status climb_to_mcmc(struct climb *climb, struct floe_error *error) {
  struct floe_answer *answer = climb->answer;
  struct floe_gates gates = {0};
  struct floe_error trouble = {0};
  const floe_status status = sample(climb, &gates, &trouble);
  if (status != FLOE_OK && status != FLOE_ENUMERIC) {
    if (error) *error = trouble;
    return status;
  }
  const bool passed = status == FLOE_OK && floe_gates_verdict(&gates) == FLOE_PASS;
  answer->method = passed ? FLOE_MCMC : FLOE_FLAGGED;
  if (status == FLOE_ENUMERIC) {
    if (climb->draws->n) take_network_draws(climb);
    floe_gates_at_least(&answer->gates, "sampler", 0, 1, FLOE_FAIL);
    snprintf(answer->why, sizeof answer->why, "%s", trouble.message);
  } else
    snprintf(answer->why, sizeof answer->why, "%s%s",
             climb->unweighable ? "The network has no density to weigh its draws by; NUTS, started from them, "
             : climb->draws->n  ? "The network's weights are too uneven to correct it; NUTS "
                                : "NUTS ",
             passed ? "passed its gates." : "did not pass its gates.");
  add_network_gates(climb, passed);
  for (size_t k = 0; k < gates.n && answer->gates.n < FLOE_MAX_GATE; k++)
    answer->gates.gate[answer->gates.n++] = gates.gate[k];
  return FLOE_OK;
}

static void decide_without_mcmc(const struct climb *climb) {
  struct floe_answer *answer = climb->answer;
  const char *why, *no_density = climb->family.layout->model->no_density;
  if (!climb->draws->n) {
    answer->method = FLOE_FLAGGED;
    why = "There is no network to ask, and MCMC was not allowed or has no gradient to go by.";
  } else if (isnan(answer->khat)) {
    answer->method = climb->in_distribution ? FLOE_AMORTIZED : FLOE_FLAGGED;
    why = climb->in_distribution
              ? "The data look like those of training; the network was not verified with the density."
              : "The data do not look like those of training, and the network was not verified with the density.";
  } else if (climb->weights_good) {
    answer->method = climb->in_distribution ? FLOE_AMORTIZED : FLOE_REWEIGHTED;
    why = climb->in_distribution
              ? "The data look like those of training, and the weights are even."
              : "The data do not look like those of training, but the weights are even enough to correct the network.";
  } else {
    answer->method = FLOE_FLAGGED;
    why = "The network's weights are too uneven to correct it, and MCMC was not allowed.";
  }
  if (no_density && climb->draws->n)
    snprintf(answer->why, sizeof answer->why,
             "The data %s like those of training; the network is unverifiable (%s%s%s).",
             climb->in_distribution ? "look" : "do not look", no_density, climb->unweighable ? "; " : "",
             climb->unweighable ? climb->draws->no_density : "");
  else if (climb->unweighable)
    snprintf(answer->why, sizeof answer->why, "The data %s like those of training; nothing verifies the network: %s.",
             climb->in_distribution ? "look" : "do not look", climb->draws->no_density);
  else
    snprintf(answer->why, sizeof answer->why, "%s", why);
  add_network_gates(climb, false);
}

floe_status floe_climb(const struct floe_context *context, const struct floe_network_draws *draws,
                       const struct floe_ladder_options *options, const struct floe_progress *progress,
                       struct floe_answer *answer, struct floe_error *error) {
  struct climb climb = {.family = *context,
                        .universe = *context,
                        .draws = draws,
                        .options = options,
                        .progress = progress,
                        .answer = answer};
  climb.family.coordinates = FLOE_FAMILY_COORDINATES;
  climb.universe.coordinates = FLOE_UNIVERSE_COORDINATES;
  const struct floe_model *model = context->layout->model;
  floe_status status = reset(&climb, error);
  if (status != FLOE_OK) return status;
  climb.in_distribution = draws->n && draws->distance <= draws->distance_threshold;
  if (draws->n) take_network_draws(&climb);
  climb.unweighable = draws->n && draws->no_density;
  if (draws->n && draws->log_q && model->log_density && options->rungs & FLOE_RUNG_WEIGHTS) weigh(&climb);
  const bool needed = climb.unweighable || !draws->n || (!isnan(answer->khat) && !climb.weights_good);
  if (needed && model->gradient && options->rungs & FLOE_RUNG_MCMC) return climb_to_mcmc(&climb, error);
  decide_without_mcmc(&climb);
  return FLOE_OK;
}
