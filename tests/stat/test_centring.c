/* Centring: positions and what leaves them, the choice from draws, and sampling with it. Seeds are fixed. Means and standard deviations
 * may be off by 6.5 Monte Carlo errors (false-positive rate 8e-11 each, below 1e-8 in all). */
#include "tests/support/assertions.h"

#include <floe/draws.h>
#include <string.h>

#include "runtime/math/moments.h"
#include "runtime/mcmc/centring.h"
#include "runtime/mcmc/sample.h"
#include "runtime/rng/purpose.h"
#include "runtime/trust/convergence.h"
#include "tests/support/generated.h"

enum { GROUPS = 6, N = 2 + GROUPS };

/* Half of the groups know their number well, the other half hardly at all. */
static const char groups[] = "model groups\n"
                             "index group = 6\n"
                             "data error[group] : positive ~ uniform(0, 50)\n"
                             "obs y[group]\n"
                             "param mu ~ normal(0, 5)\n"
                             "param tau ~ half_normal(3)\n"
                             "param theta[group] ~ normal(mu, tau)\n"
                             "y[group] ~ normal(theta, error)\n";
static const char groups_centred[] = "model groups\n"
                                     "index group = 6\n"
                                     "data error[group] : positive ~ uniform(0, 50)\n"
                                     "obs y[group]\n"
                                     "equiv form = centred* | noncentred\n"
                                     "param mu ~ normal(0, 5)\n"
                                     "param tau ~ half_normal(3)\n"
                                     "param theta[group] ~ normal(mu, tau) via form\n"
                                     "y[group] ~ normal(theta, error)\n";
static const char funnel[] = "model funnel\n"
                             "index place = 8\n"
                             "obs y\n"
                             "param mu ~ normal(0, 1)\n"
                             "param log_scale ~ normal(0, 3)\n"
                             "param x[place] ~ normal(0, exp(log_scale))\n"
                             "y ~ normal(mu, 1)\n";
static const double data[2 * GROUPS] = {0.05, 0.05, 0.05, 40, 40, 40, 2, -1, 3, 20, -30, 5}; /* errors, y */

static struct floe__target *target_in(struct generated *f, const double *observed, bool lockstep) {
  struct floe__target *target;
  struct floe_error error;
  generated_enter_universe(f, 0);
  f->context.data = observed;
  assert_int_equal(floe__target_new(&f->context, lockstep, &target, &error), FLOE_OK);
  return target;
}

static struct floe__target *target_of(struct generated *f, const double *observed) {
  return target_in(f, observed, false);
}

/* Chains in lockstep at places of their own, of the unknowns that --pin leaves open, against the same points one by one. */
static void chains_in_lockstep_keep_to_what_is_held(void **state) {
  (void)state;
  struct generated *f = generated_of_text(groups);
  const double centring[N] = {0, 0, 0, 0.3, 1, 0.7, 0.125, 0};
  for (size_t held = 0; held <= N; held++) { /* N: nothing is */
    double pinned[N];
    for (size_t k = 0; k < N; k++) pinned[k] = k == held ? 0.4 : NAN;
    f->context.pinned = pinned;
    struct floe__target *target = target_in(f, data, true);
    const size_t n = target->n, width = target->width;
    const struct floe__density one = floe__target_density(target);
    double places[N * 8] __attribute__((aligned(64))), slopes[N * 8] __attribute__((aligned(64)));
    double densities[8] __attribute__((aligned(64))), place[N], slope[N];
    assert_int_equal(n, held < N ? N - 1 : N);
    assert_int_equal(width, f->model->lockstep ? f->model->lockstep->width : 1);
    floe__target_centre(target, centring);
    for (size_t k = 0; k < n * width; k++) places[k] = sin(1.0 + (double)k);
    floe__target_evaluate(target, places, densities, slopes);
    for (size_t c = 0; c < width; c++) {
      for (size_t k = 0; k < n; k++) place[k] = places[k * width + c];
      assert_near(densities[c], one.evaluate(target, place, slope), 1e-10 * (1 + fabs(densities[c])));
      for (size_t k = 0; k < n; k++) assert_near(slopes[k * width + c], slope[k], 1e-9 * (1 + fabs(slope[k])));
    }
    floe__target_free(target);
  }
  f->context.pinned = NULL;
  generated_free(f);
}

/* mu, tau and theta at another centring: the same values, and the density differs by what scatter says. */
static void what_leaves_a_centred_position_is_uncentred(void **state) {
  (void)state;
  struct generated *f = generated_of_text(groups);
  struct floe__target *target = target_of(f, data);
  const struct floe__density density = floe__target_density(target);
  const double centring[N] = {0, 0, 0, 0.3, 1, 0.7, 0.125, 0}, here[N] = {1.2, -0.7, 0.3, 1, -2, 0.4, 3, 0};
  double values[N], there[N], back[N], again[N], slope[N];
  const double before = density.evaluate(target, here, slope);
  assert_int_equal(target->n, N);
  floe__target_values(target, here, values);
  floe__target_from_values(target, values, centring, there);
  assert_near(there[4], values[4], 1e-14); /* wholly centred: the number itself */
  assert_near(there[2], here[2], 1e-14);
  assert_true(fabs(there[3] - here[3]) > 0.1);
  floe__target_centre(target, centring);
  floe__target_values(target, there, again);
  for (size_t k = 0; k < N; k++) assert_near(again[k], values[k], 1e-13);
  const double volume = floe__target_scatter(target, there, back);
  for (size_t k = 0; k < N; k++) assert_near(back[k], here[k], 1e-13);
  assert_near(volume, (0.3 + 1 + 0.7 + 0.125) * here[1], 1e-13);
  assert_near(density.evaluate(target, there, slope) + volume, before, 1e-11);
  floe__target_free(target);
  generated_free(f);
}

/* Draws as the posterior has them: three numbers known by their data, three by the prior alone. */
static void fill_window(struct floe__window *window, struct floe_stream *stream) {
  for (size_t d = 0; d < 200; d++) {
    double draw[N], slope[N] = {0};
    draw[0] = 1 + 2 * floe_draw_normal(stream);
    draw[1] = 0.6 * floe_draw_normal(stream);
    for (size_t g = 0; g < GROUPS; g++) {
      const double known = data[GROUPS + g] + data[g] * floe_draw_normal(stream);
      draw[2 + g] = g < 3 ? (known - draw[0]) / exp(draw[1]) : floe_draw_normal(stream);
    }
    floe__window_add(window, draw, slope);
  }
}

static void what_the_data_know_is_centred_and_the_rest_is_not(void **state) {
  (void)state;
  struct generated *f = generated_of_text(groups);
  struct floe__target *target = target_of(f, data);
  struct floe__window *window = floe__window_new(N, 200);
  bool needed;
  struct floe__centring *centring = floe__centring_new(target, &needed);
  struct floe_stream stream;
  const double *chosen;
  double values[N], moved[N], position[N];
  assert_true(needed && centring && window);
  floe_stream_open(&stream, 1, FLOE_PURPOSE_CHAIN, 0, 0, 0);
  assert_false(floe__centring_choose(centring, target, window, &chosen)); /* no draws */
  fill_window(window, &stream);
  assert_true(floe__centring_choose(centring, target, window, &chosen));
  for (size_t g = 0; g < GROUPS; g++)
    if (g < 3)
      assert_true(chosen[2 + g] >= 0.75);
    else
      assert_true(chosen[2 + g] <= 0.25);
  assert_true(chosen[0] == 0 && chosen[1] == 0);
  memcpy(position, floe__window_position(window, 7), sizeof position);
  floe__target_values(target, position, values);
  floe__recentre(centring, target, chosen, window, 1, position);
  floe__target_values(target, position, moved);
  for (size_t k = 0; k < N; k++) {
    assert_near(moved[k], values[k], 1e-12);
    assert_near(floe__window_position(window, 7)[k], position[k], 0);
  }
  assert_true(floe__window_gradient(window, 7)[0] != 0);
  floe__window_free(window);
  floe__centring_free(centring);
  floe__target_free(target);
  generated_free(f);
}

/* Two times that are the same: no step between them. */
static void a_scale_of_0_leaves_the_number_at_its_location(void **state) {
  (void)state;
  struct generated *f = generated_of_text("model gaps\n"
                                          "index t = 3\n"
                                          "data gap[t] : nonneg ~ uniform(0, 2)\n"
                                          "obs y[t]\n"
                                          "param mu ~ normal(0, 5)\n"
                                          "param s ~ half_normal(3)\n"
                                          "param x[t] ~ normal(mu, s * gap[t])\n"
                                          "y[t] ~ normal(x, 1)\n");
  const double observed[6] = {1, 0, 2, 0.3, -1, 1.5}, position[5] = {0.4, -0.2, 0.1, 0.7, -0.3};
  const double centring[5] = {0, 0, 0.5, 0.5, 0.5};
  struct floe__target *target = target_of(f, observed);
  const struct floe__density density = floe__target_density(target);
  double values[5], slope[5];
  for (int centred = 0; centred < 2; centred++) {
    if (centred) floe__target_centre(target, centring);
    floe__target_values(target, position, values);
    assert_near(values[3], values[0], 0);
    assert_true(isfinite(density.evaluate(target, position, slope)));
    for (size_t k = 0; k < 5; k++) assert_true(isfinite(slope[k]));
  }
  floe__target_free(target);
  generated_free(f);
}

/* ---- sampling ---- */

struct summary {
  double mean, sd, error, sd_error;
};

/* Of all values; the number of divergences. */
static size_t sample(const char *text, const double *observed, const struct floe_sample_options *options,
                     struct summary *summaries) {
  struct generated *f = generated_of_text(text);
  struct floe_chains *chains;
  struct floe_error error;
  generated_enter_universe(f, 0);
  f->context.coordinates = FLOE_UNIVERSE_COORDINATES;
  f->context.data = observed;
  assert_int_equal(floe_sample(&f->context, options, NULL, &chains, &error), FLOE_OK);
  const size_t n = chains->n_chain * chains->n_draw, n_value = f->layout->n_value, n_divergent = chains->n_divergent;
  double *values = test_calloc(n * n_value, sizeof *values), *x = test_calloc(n, sizeof *x);
  f->model->constrain(&f->context, n, chains->coordinates, values, f->scratch);
  struct floe__convergence_work *work = floe__convergence_work_new(chains->n_chain, chains->n_draw);
  for (size_t v = 0; v < n_value; v++) {
    const struct floe_convergence c = floe_convergence(values + v, n_value, work);
    for (size_t k = 0; k < n; k++) x[k] = values[k * n_value + v];
    const double sd = floe__sd(n, x);
    assert_true(c.rhat < 1.02);
    summaries[v] = (struct summary){floe__mean(n, x), sd, c.mcse, sd / sqrt(2 * fmin(c.ess_tail, c.ess_bulk))};
  }
  for (size_t k = 0; k < n; k += n / 50) { /* lp__ is that of the coordinates */
    double density;
    f->model->log_density(&f->context, 1, chains->coordinates + k * f->layout->n_coordinate, &density, NULL,
                          f->scratch);
    assert_near(chains->columns[k * FLOE_N_SAMPLER_COLUMN + FLOE_LP], density, 1e-8 * (1 + fabs(density)));
  }
  floe__convergence_work_free(work);
  floe_chains_free(chains);
  test_free(values);
  test_free(x);
  generated_free(f);
  return n_divergent;
}

static void compare(const struct summary *a, const struct summary *b, size_t n) {
  for (size_t k = 0; k < n; k++) {
    assert_near(a[k].mean, b[k].mean, 6.5 * hypot(a[k].error, b[k].error));
    assert_near(a[k].sd, b[k].sd, 6.5 * hypot(a[k].sd_error, b[k].sd_error));
  }
}

static void both_samplers_agree_with_the_centred_form(void **state) {
  (void)state;
  struct summary by_nuts[N], by_chees[N], by_hand[N];
  sample(groups, data, &FLOE_SAMPLE_DEFAULTS, by_nuts);
  sample(groups, data, &FLOE_CHEES_DEFAULTS, by_chees);
  sample(groups_centred, data, &FLOE_SAMPLE_DEFAULTS, by_hand);
  compare(by_nuts, by_hand, N);
  compare(by_nuts, by_chees, N);
}

/* mu given y is normal(y / 2, sqrt 1/2); the funnel is its prior: log_scale normal(0, 3). */
static void a_funnel_is_sampled_as_it_is(void **state) {
  (void)state;
  const double seen = 1.5;
  struct summary found[2 + 8];
  assert_int_equal(sample(funnel, &seen, &FLOE_SAMPLE_DEFAULTS, found), 0);
  assert_near(found[0].mean, 0.75, 6.5 * found[0].error);
  assert_near(found[0].sd, sqrt(0.5), 6.5 * found[0].sd_error);
  assert_near(found[1].mean, 0, 6.5 * found[1].error);
  assert_near(found[1].sd, 3, 6.5 * found[1].sd_error);
  assert_true(found[1].error < 0.1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chains_in_lockstep_keep_to_what_is_held),
      cmocka_unit_test(what_leaves_a_centred_position_is_uncentred),
      cmocka_unit_test(what_the_data_know_is_centred_and_the_rest_is_not),
      cmocka_unit_test(a_scale_of_0_leaves_the_number_at_its_location),
      cmocka_unit_test(both_samplers_agree_with_the_centred_form),
      cmocka_unit_test(a_funnel_is_sampled_as_it_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
