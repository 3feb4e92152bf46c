/* selftest_verb.c: do simulator, density, gradient and transforms of a compiled spec agree?
 *
 * In every universe of the discrete axes (of more than 256: in the sample that `multiverse` would look at), under every
 * option of every `equiv` axis, and in both systems of coordinates:
 *   gradient    against central differences of the density
 *   round trip  unconstrain(constrain(u)) = u
 *   terms       prior, likelihood and Jacobian add up to the density, the log likelihoods of observations to the likelihood
 *   score       the mean of grad log p(u, y) over simulated (u, y) is zero, which holds only if the simulator draws from the
 *               density: |mean| / standard error is compared with a bound that all coordinates together exceed by chance
 *               less than once in a million runs. In the universe's own coordinates only: in those of the family a narrower
 *               support ends in the middle of the space, and the mean score is not zero. Unknown where a prior is improper,
 *               or where what can be observed depends on unknowns.
 *   draws       hardly any is simulated where the density is 0; each variable's simulated numbers follow the density and lie in
 *               their supports, and the densities of observations and of the prior are normalised:
 *               runtime/study/selftest_draws.h
 * Without a density (a `sim` that states none) all but the round trip is unknown. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/math/special.h"
#include "runtime/report/results.h"
#include "runtime/rng/purpose.h"
#include "runtime/sim/simulate.h"
#include "runtime/study/gates_json.h"
#include "runtime/study/multiverse_options.h"
#include "runtime/study/selftest_draws.h"
#include "runtime/study/verbs.h"

#define MASS_ERROR 0.01
#define MOST_IMPOSSIBLE 0.01 /* solutions of differential equations may run out of the numbers */

enum { SIMULATIONS = 2000, FEWEST_SIMULATIONS = 500, POINTS = 8, MOST_UNIVERSES = 256 };

/* Of a large model in many universes fewer simulations are looked at: so often, in all, its numbers are gone
 * through, of which a datum, with its density, stands for eight. */
static const double most_work = 1.6e7;

/* The worst of each comparison so far, and the numbers that one comparison needs. */
struct findings {
  double gradient, round_trip, terms, score;
  double impossible; /* the share of simulations of a universe whose density is 0 */
  size_t n_score, n_universe;
  struct draw_findings draws;
  char worst[256]; /* where the gradient or the score was worst */
  double *u, *gradient_at, *mean, *square, *values, *latents, *observations, *scratch;
};

static double density_at(const struct floe_context *context, const double *u, double *terms, double *scratch) {
  double density;
  context->layout->model->log_density(context, 1, u, &density, terms, scratch);
  return density;
}

/* The central difference of the density by coordinate i, over steps of h; not a number where it leaves the support. */
static double difference(const struct floe_context *context, struct findings *f, size_t i, double h) {
  const double u = f->u[i];
  f->u[i] = u + h;
  const double above = density_at(context, f->u, NULL, f->scratch);
  f->u[i] = u - h;
  const double below = density_at(context, f->u, NULL, f->scratch);
  f->u[i] = u;
  return isfinite(above) && isfinite(below) ? (above - below) / (2 * h) : NAN;
}

/* Error of each partial derivative relative to the size of the gradient. Where the density bends sharply compared with the
 * size of the coordinate (a mean of 579, known to 0.01), a shorter step decides. */
static void compare_gradient(const struct floe_context *context, struct findings *f) {
  static const double steps[] = {1e-5, 1e-6, 1e-7};
  const size_t n = context->layout->n_coordinate;
  double density, norm = 1;
  context->layout->model->gradient(context, 1, f->u, &density, f->gradient_at, f->scratch);
  if (!isfinite(density)) return;
  for (size_t i = 0; i < n; i++) norm = fmax(norm, fabs(f->gradient_at[i]));
  for (size_t i = 0; i < n; i++) {
    double least = INFINITY;
    bool compared = isnan(f->gradient_at[i]);
    for (size_t k = 0; k < sizeof steps / sizeof *steps && !(least <= 1e-5); k++) {
      const double slope = difference(context, f, i, steps[k] * fmax(1, fabs(f->u[i])));
      if (isnan(slope)) continue;
      compared = true;
      least = fmin(least, fabs(slope - f->gradient_at[i]) / (norm + 1e-4 * fabs(density)));
    }
    if (compared && least > f->gradient) {
      f->gradient = least;
      floe_universe_id(context->layout->model, context->universe, f->worst, sizeof f->worst);
    }
  }
}

/* The log likelihoods of all observations at f->values. */
static double sum_of_observations(const struct floe_context *context, struct findings *f) {
  const struct floe_layout *layout = context->layout;
  double sum = 0;
  layout->model->pointwise(context, 1, f->values, f->observations, f->latents, f->scratch);
  for (size_t k = 0; k < layout->n_data; k++) sum += isnan(f->observations[k]) ? 0 : f->observations[k];
  for (size_t k = 0; k < layout->n_value; k++) sum += isnan(f->latents[k]) ? 0 : f->latents[k];
  return sum;
}

static void compare_transforms(const struct floe_context *context, struct findings *f) {
  const struct floe_model *model = context->layout->model;
  double terms[FLOE_N_TAG];
  model->constrain(context, 1, f->u, f->values, f->scratch);
  model->unconstrain(context, 1, f->values, f->gradient_at, f->scratch);
  for (size_t v = 0; v < model->n_variable; v++) {
    if (context->layout->coordinate[v] == FLOE_NONE || !floe_variable_present(model, context->universe, v)) continue;
    for (size_t k = 0; k < context->layout->free[v]; k++) {
      if (!floe_coordinate_free(context->layout, context->data, v, k)) continue;
      const double u = f->u[context->layout->coordinate[v] + k];
      f->round_trip = fmax(f->round_trip, fabs(f->gradient_at[context->layout->coordinate[v] + k] - u) / (1 + fabs(u)));
    }
  }
  if (!model->log_density) return;
  const double density = density_at(context, f->u, terms, f->scratch);
  if (!isfinite(density)) return;
  f->terms = fmax(f->terms, fabs(terms[0] + terms[1] + terms[2] - density) / (1 + fabs(density)));
  if (model->pointwise)
    f->terms = fmax(f->terms, fabs(sum_of_observations(context, f) - terms[FLOE_LIKELIHOOD]) / (1 + fabs(density)));
}

/* Coordinates of simulated parameters in the context's system. */
static void to_coordinates(const struct floe_simulations *simulations, size_t k, const struct floe_context *context,
                           struct findings *f) {
  context->layout->model->unconstrain(context, 1, simulations->values + k * simulations->n_value, f->u, f->scratch);
}

static void judge_score(const struct floe_context *context, size_t n, struct findings *f) {
  for (size_t i = 0; i < context->layout->n_coordinate; i++) {
    const double mean = f->mean[i] / (double)n, variance = f->square[i] / (double)n - mean * mean;
    if (!(variance > 0)) continue;
    const double z = fabs(mean) / sqrt(variance / (double)n);
    f->n_score++;
    if (z > f->score)
      f->score = z, floe_universe_id(context->layout->model, context->universe, f->worst, sizeof f->worst);
  }
}

static void compare_universe(const struct floe_simulations *simulations, const struct floe_universe *universe,
                             enum floe_coordinates coordinates, struct findings *f) {
  const size_t n = simulations->layouts[0]->n_coordinate;
  size_t n_impossible = 0;
  for (size_t i = 0; i < n; i++) f->mean[i] = f->square[i] = 0;
  struct floe_context context = {.layout = simulations->layouts[0], .universe = universe, .coordinates = coordinates};
  const bool has_gradient = context.layout->model->gradient && coordinates == FLOE_UNIVERSE_COORDINATES;
  for (size_t k = 0; k < (has_gradient ? simulations->n : POINTS); k++) {
    double density;
    context.data = simulations->data + k * simulations->n_data;
    to_coordinates(simulations, k, &context, f);
    if (k < POINTS) {
      compare_transforms(&context, f);
      if (has_gradient) compare_gradient(&context, f);
    }
    if (!has_gradient) continue;
    context.layout->model->gradient(&context, 1, f->u, &density, f->gradient_at, f->scratch);
    n_impossible += !isfinite(density);
    for (size_t i = 0; i < n; i++)
      f->mean[i] += f->gradient_at[i], f->square[i] += f->gradient_at[i] * f->gradient_at[i];
  }
  f->impossible = fmax(f->impossible, (double)n_impossible / (double)simulations->n);
  if (has_gradient) judge_score(&context, simulations->n, f);
  f->n_universe++;
}

/* Axes that --only or --at names stay where those put them. False: this universe is none of those. */
static bool hold(const struct session *session, struct floe_universe *universe) {
  bool wanted = true;
  for (size_t a = 0; a < session->model->n_axis; a++) {
    const struct floe_axis *axis = &session->model->axes[a];
    if (!session->held[a]) continue;
    if (!axis->continuous && !axis->equivalence) wanted = wanted && universe->option[a] == session->universe.option[a];
    universe->option[a] = session->universe.option[a];
    universe->value[a] = session->universe.value[a];
  }
  return wanted;
}

/* The universes among them that --only and --at leave, first. */
static size_t only_held(const struct session *session, size_t n, struct floe_universe *universes) {
  size_t n_held = 0;
  for (size_t k = 0; k < n; k++)
    if (hold(session, &universes[k])) universes[n_held++] = universes[k];
  return n_held;
}

/* All options of each equivalence axis in turn, the others at their reference; of those that are held, theirs. */
static void compare_equivalents(const struct session *session, const struct floe_simulations *simulations,
                                const struct floe_universe *universe, struct findings *f) {
  const struct floe_model *model = simulations->model;
  compare_universe(simulations, universe, FLOE_FAMILY_COORDINATES, f);
  compare_universe(simulations, universe, FLOE_UNIVERSE_COORDINATES, f);
  for (size_t a = 0; a < model->n_axis; a++)
    for (size_t k = 0; model->axes[a].equivalence && k < model->axes[a].n_option; k++) {
      struct floe_universe other = *universe;
      other.option[a] = k;
      if (k != universe->option[a] && !session->held[a])
        compare_universe(simulations, &other, FLOE_UNIVERSE_COORDINATES, f);
    }
}

static bool score_is_centred(const struct floe_model *model) {
  if (!model->gradient) return false;
  for (size_t v = 0; v < model->n_variable; v++)
    if (model->variables[v].improper || (model->variables[v].moving_support && model->variables[v].role == FLOE_OBS))
      return false;
  return true;
}

static floe_status test_universe(struct session *session, const size_t *sizes, size_t n,
                                 const struct floe_universe *universe, struct findings *f, struct floe_error *error) {
  struct floe_simulations *simulations = NULL;
  const struct floe_simulation_plan plan = {.model = session->model,
                                            .seed = session->seed,
                                            .purpose = FLOE_PURPOSE_TEST,
                                            .n = n,
                                            .universe = universe,
                                            .sizes = sizes,
                                            .dataset = session->dataset,
                                            .gaps = true,
                                            .keep_values = true,
                                            .n_thread = session->threads};
  floe_status status = floe_simulate(&plan, &simulations, error);
  if (status == FLOE_OK) compare_equivalents(session, simulations, universe, f);
  if (status == FLOE_OK && !selftest_draws(simulations, universe, session->seed, &f->draws))
    status = floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  floe_simulations_free(simulations);
  return status;
}

static size_t simulation_count(const struct floe_layout *layout, size_t n_universe) {
  const double work = (double)n_universe * (double)(8 * layout->n_data + layout->n_scratch);
  return (size_t)fmax(FEWEST_SIMULATIONS, fmin(SIMULATIONS, floor(most_work / fmax(1, work))));
}

/* All of them, or of many the sample that `multiverse` would look at. */
static floe_status test_universes(struct session *session, const struct floe_layout *layout, struct findings *f,
                                  struct floe_error *error) {
  struct floe_universe *all = FLOE__NEW(MOST_UNIVERSES, struct floe_universe);
  struct floe_universes *sample = NULL;
  if (!all) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  size_t n = floe_universe_list(session->model, all, MOST_UNIVERSES);
  floe_status status = n > MOST_UNIVERSES ? study_universes(session, &sample, error) : FLOE_OK;
  struct floe_universe *universes = sample ? sample->universe : all;
  if (sample) n = sample->n;
  n = only_held(session, n, universes);
  const size_t n_simulation = simulation_count(layout, n);
  floe__terminal_line_start(&session->line, "selftest", session->quiet);
  for (size_t k = 0; k < n && status == FLOE_OK; k++) {
    status = test_universe(session, layout->size, n_simulation, &universes[k], f, error);
    floe__progress(&session->progress, (double)(k + 1) / (double)n, "universes");
  }
  floe__terminal_line_end(&session->line);
  floe_universes_free(sample);
  floe__free(all);
  return status;
}

/* What is not known to be right is unknown, and what is known to be wrong is wrong. */
static void judge_draws(const struct draw_findings *draws, struct floe_gates *gates) {
  const double bound = selftest_draws_bound(draws);
  floe_gates_at_most(gates, "outside the support", (double)draws->n_outside, 0, FLOE_FAIL);
  if (draws->unknown_z && draws->z <= bound)
    floe_gates_unknown(gates, "draws z", bound);
  else
    floe_gates_at_most(gates, "draws z", draws->z, bound, FLOE_FAIL);
  if (draws->unknown_prior && draws->prior_mass <= MASS_ERROR)
    floe_gates_unknown(gates, "prior mass error", MASS_ERROR);
  else
    floe_gates_at_most(gates, "prior mass error", draws->prior_mass, MASS_ERROR, FLOE_FAIL);
  if (draws->unknown_mass && draws->mass <= MASS_ERROR)
    floe_gates_unknown(gates, "mass error", MASS_ERROR);
  else
    floe_gates_at_most(gates, "mass error", draws->mass, MASS_ERROR, FLOE_FAIL);
}

static void print_gate(const struct floe_gate *gate, const struct draw_findings *draws) {
  const char *name = !strcmp(gate->name, "draws z")               ? draws->worst
                     : !strcmp(gate->name, "mass error")          ? draws->heavy
                     : !strcmp(gate->name, "outside the support") ? draws->outside
                                                                  : "";
  const bool named = gate->verdict == FLOE_FAIL && *name;
  printf("%s  %s: %.3g (at most %.3g)%s%s\n", floe_verdict_name(gate->verdict), gate->name, gate->value,
         gate->threshold, named ? ": " : "", named ? name : "");
}

floe_status verb_selftest(struct session *session, struct floe_error *error) {
  const struct floe_model *model = session->model;
  size_t *sizes = session_sizes(session, false);
  if (!sizes) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  struct floe_layout *layout = floe_layout_new(model, sizes, error);
  if (!layout) {
    floe__free(sizes);
    return error->status;
  }
  double *block =
      FLOE__NEW(4 * layout->n_coordinate + 2 * layout->n_value + layout->n_data + layout->n_scratch + 1, double);
  struct findings f = {.u = block,
                       .gradient_at = block + layout->n_coordinate,
                       .mean = block + 2 * layout->n_coordinate,
                       .square = block + 3 * layout->n_coordinate,
                       .values = block + 4 * layout->n_coordinate};
  f.latents = f.values + layout->n_value;
  f.observations = f.latents + layout->n_value;
  f.scratch = f.observations + layout->n_data;
  floe_status status = block ? test_universes(session, layout, &f, error)
                             : floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  struct floe_gates gates = {0};
  if (status == FLOE_OK) {
    if (model->gradient)
      floe_gates_at_most(&gates, "gradient error", f.gradient, 1e-4, FLOE_FAIL);
    else
      floe_gates_unknown(&gates, "gradient error", 1e-4);
    floe_gates_at_most(&gates, "round trip error", f.round_trip, 1e-6, FLOE_FAIL);
    if (model->log_density)
      floe_gates_at_most(&gates, "terms error", f.terms, 1e-9, FLOE_FAIL);
    else
      floe_gates_unknown(&gates, "terms error", 1e-9);
    const double most = floe_phi_inverse(1 - 0.5e-6 / fmax(1, (double)f.n_score));
    if (score_is_centred(model))
      floe_gates_at_most(&gates, "score z", f.score, most, FLOE_FAIL);
    else
      floe_gates_unknown(&gates, "score z", most);
    if (model->gradient)
      floe_gates_at_most(&gates, "impossible draws", f.impossible, MOST_IMPOSSIBLE, FLOE_FAIL);
    else
      floe_gates_unknown(&gates, "impossible draws", MOST_IMPOSSIBLE);
    judge_draws(&f.draws, &gates);
    study_gates_set(session->answer, &gates);
    json_object_set_new(session->answer, "result",
                        json_pack("{s:I, s:s, s:s}", "comparisons", (json_int_t)f.n_universe, "worst", f.worst,
                                  "no_density", model->no_density ? model->no_density : ""));
    for (size_t k = 0; k < gates.n && !session->json; k++) print_gate(&gates.gate[k], &f.draws);
    if (model->no_density && !session->json) printf("density unknown: %s\n", model->no_density);
    if (floe_gates_verdict(&gates) == FLOE_FAIL) status = FLOE_EGATE;
  }
  floe__free(block);
  floe_layout_free(layout);
  floe__free(sizes);
  return status;
}
