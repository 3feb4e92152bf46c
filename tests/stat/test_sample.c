/* NUTS and ChEES-HMC against posteriors that are known. Seeds are fixed; a mean may be off by 6.5 Monte Carlo standard errors, which a
 * correct sampler exceeds with probability 8e-11; an sd by 6.5 of its own, sd / sqrt(2 ESS) for normal tails. Standard errors
 * are estimates: where one is a quarter too small, the bound is 5.2 true ones, exceeded with probability 2e-7. About 70
 * comparisons, of which not one in a hundred has such an error (ESS above 1000): false-positive rate below 1e-7 for new seeds. */
#include "tests/support/assertions.h"

#include <string.h>

#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/math/moments.h"
#include "runtime/mcmc/adapt.h"
#include "runtime/mcmc/sample.h"
#include "runtime/mcmc/target.h"
#include "runtime/trust/convergence.h"
#include "tests/support/eight_schools_model.h"
#include "tests/support/normal_model.h"

struct setting {
  struct floe_layout *layout;
  struct floe_universe universe;
  struct floe_context context;
};

static void set_up(struct setting *s, const struct floe_model *model, size_t size, const double *data) {
  struct floe_error error = {0};
  s->layout = floe_layout_new(model, &size, &error);
  assert_non_null(s->layout);
  floe_universe_reference(model, &s->universe);
  s->context = (struct floe_context){
      .layout = s->layout, .universe = &s->universe, .coordinates = FLOE_UNIVERSE_COORDINATES, .data = data};
}

static struct floe_chains *sample(const struct setting *s, const struct floe_sample_options *options) {
  struct floe_error error = {0};
  struct floe_chains *chains = NULL;
  const floe_status status = floe_sample(&s->context, options, NULL, &chains, &error);
  if (status != FLOE_OK) print_error("%s\n", error.message);
  assert_int_equal(status, FLOE_OK);
  return chains;
}

static void a_correlated_normal_is_recovered(void **state) {
  (void)state;
  struct setting s;
  set_up(&s, &normal_by_hand, NORMAL_DIM, NULL);
  struct floe_sample_options options = FLOE_SAMPLE_DEFAULTS;
  options.draws = 2000;
  struct floe_chains *chains = sample(&s, &options);
  struct floe__convergence_work *work = floe__convergence_work_new(4, 2000);
  double x[2][8000];
  for (size_t i = 0; i < NORMAL_DIM; i++) {
    const struct floe_convergence c = floe_convergence(chains->coordinates + i, NORMAL_DIM, work);
    for (size_t k = 0; k < 8000; k++) x[i % 2][k] = chains->coordinates[k * NORMAL_DIM + i];
    const double sd = floe__sd(8000, x[i % 2]), ess = fmin(c.ess_tail, c.ess_bulk);
    assert_true(c.rhat < 1.01 && c.ess_bulk > 800);
    assert_near(floe__mean(8000, x[i % 2]), normal_mean[i], 6.5 * c.mcse);
    assert_near(sd, normal_sd[i], 6.5 * normal_sd[i] / sqrt(2 * ess));
    if (i) assert_near(floe__correlation(8000, x[0], x[1]), 0.8, 6.5 * (1 - 0.64) / sqrt(ess));
  }
  assert_int_equal(chains->n_divergent, 0);
  assert_true(floe_ebfmi(chains->columns + FLOE_ENERGY, FLOE_N_SAMPLER_COLUMN, 4, 2000) > 0.3);
  double accept = 0;
  for (size_t k = 0; k < 8000; k++) accept += chains->columns[k * FLOE_N_SAMPLER_COLUMN + FLOE_ACCEPT_STAT] / 8000;
  assert_true(accept > 0.75 && accept < 0.95);
  floe__convergence_work_free(work);
  floe_chains_free(chains);
  floe_layout_free(s.layout);
}

static void chees_recovers_a_correlated_normal(void **state) {
  (void)state;
  struct setting s;
  set_up(&s, &normal_by_hand, NORMAL_DIM, NULL);
  struct floe_chains *chains = sample(&s, &FLOE_CHEES_DEFAULTS);
  const size_t n = chains->n_chain * chains->n_draw;
  struct floe__convergence_work *work = floe__convergence_work_new(chains->n_chain, chains->n_draw);
  double *x = test_calloc(n, sizeof *x);
  for (size_t i = 0; i < NORMAL_DIM; i++) {
    const struct floe_convergence c = floe_convergence(chains->coordinates + i, NORMAL_DIM, work);
    for (size_t k = 0; k < n; k++) x[k] = chains->coordinates[k * NORMAL_DIM + i];
    assert_true(floe_nested_rhat(x, 1, chains->n_superchain, chains->n_chain, chains->n_draw) < 1.01);
    assert_true(c.ess_bulk > 1000);
    assert_near(floe__mean(n, x), normal_mean[i], 6.5 * c.mcse);
    assert_near(floe__sd(n, x), normal_sd[i], 6.5 * normal_sd[i] / sqrt(2 * fmin(c.ess_tail, c.ess_bulk)));
  }
  assert_int_equal(chains->n_divergent, 0);
  assert_true(chains->n_gradient > n);
  test_free(x);
  floe__convergence_work_free(work);
  floe_chains_free(chains);
  floe_layout_free(s.layout);
}

/* posteriordb, eight_schools-eight_schools_noncentered: mean, sd and standard error of the mean of its 10,000 reference
 * draws (github.com/stan-dev/posteriordb, BSD-3). Values of this model: mu, tau, theta[1..8]. */
static const double reference[10][3] = {
    {4.410518337, 3.309296477, 0.03309296477}, {3.602059524, 3.198477671, 0.03198477671},
    {6.150502293, 5.615863419, 0.05615863419}, {4.939581141, 4.645578114, 0.04645578114},
    {3.90590609, 5.280711952, 0.05280711952},  {4.796016751, 4.770938024, 0.04770938024},
    {3.614436325, 4.614720692, 0.04614720692}, {4.051147579, 4.796248401, 0.04796248401},
    {6.317169759, 5.002855395, 0.05002855395}, {4.883996944, 5.317692056, 0.05317692056}};

/* Within 0.05 reference sd, plus 6 Monte Carlo errors of both sides. */
static void compare_with_posteriordb(size_t form, const struct floe_sample_options *options) {
  struct setting s;
  set_up(&s, &eight_schools_by_hand, 8, eight_schools_data);
  s.universe.option[EIGHT_SCHOOLS_FORM] = form;
  struct floe_chains *chains = sample(&s, options);
  const size_t n = options->chains * options->draws, n_value = s.layout->n_value;
  double *values = test_calloc(n * n_value, sizeof *values), *x = test_calloc(n, sizeof *x), scratch[64];
  eight_schools_by_hand.constrain(&s.context, n, chains->coordinates, values, scratch);
  struct floe__convergence_work *work = floe__convergence_work_new(options->chains, options->draws);
  for (size_t j = 0; j < 10; j++) {
    const size_t at = j < 2 ? s.layout->offset[j ? EIGHT_SCHOOLS_TAU : EIGHT_SCHOOLS_MU]
                            : s.layout->offset[EIGHT_SCHOOLS_THETA] + j - 2;
    const struct floe_convergence c = floe_convergence(values + at, n_value, work);
    for (size_t k = 0; k < n; k++) x[k] = values[k * n_value + at];
    const double slack = 0.05 * reference[j][1] + 6 * hypot(c.mcse, reference[j][2]);
    assert_near(floe__mean(n, x), reference[j][0], slack);
    assert_near(floe__sd(n, x), reference[j][1], slack);
    assert_true(isnan(values[s.layout->offset[EIGHT_SCHOOLS_NU]]));
  }
  floe__convergence_work_free(work);
  floe_chains_free(chains);
  test_free(values);
  test_free(x);
  floe_layout_free(s.layout);
}

static void eight_schools_noncentred_agrees_with_posteriordb(void **state) {
  (void)state;
  compare_with_posteriordb(
      1, &(struct floe_sample_options){.chains = 4, .warmup = 1000, .draws = 2000, .seed = 3, .threads = 2});
}

/* A funnel: small steps, and more draws for its autocorrelation. */
static void eight_schools_centred_agrees_with_posteriordb(void **state) {
  (void)state;
  compare_with_posteriordb(
      0, &(struct floe_sample_options){
             .chains = 4, .warmup = 1000, .draws = 4000, .seed = 3, .threads = 2, .target_accept = 0.99});
}

static void eight_schools_by_chees_agrees_with_posteriordb(void **state) {
  (void)state;
  struct floe_sample_options options = FLOE_CHEES_DEFAULTS;
  options.draws = 200;
  compare_with_posteriordb(1, &options);
}

static void threads_make_no_difference(const struct floe_sample_options *given) {
  struct setting s;
  struct floe_sample_options options = *given;
  const size_t n = options.chains * options.draws;
  set_up(&s, &eight_schools_by_hand, 8, eight_schools_data);
  s.universe.option[EIGHT_SCHOOLS_NOISE] = 1;
  options.threads = 1;
  struct floe_chains *one = sample(&s, &options);
  options.threads = 3;
  struct floe_chains *three = sample(&s, &options);
  assert_memory_equal(one->coordinates, three->coordinates, n * one->n_coordinate * sizeof(double));
  assert_memory_equal(one->columns, three->columns, n * FLOE_N_SAMPLER_COLUMN * sizeof(double));
  options.seed++;
  struct floe_chains *other = sample(&s, &options);
  assert_true(one->coordinates[0] != other->coordinates[0]);
  floe_chains_free(one);
  floe_chains_free(three);
  floe_chains_free(other);
  floe_layout_free(s.layout);
}

static void draws_do_not_depend_on_the_number_of_threads(void **state) {
  (void)state;
  threads_make_no_difference(&(struct floe_sample_options){.chains = 3, .warmup = 150, .draws = 50, .seed = 5});
  threads_make_no_difference(&(struct floe_sample_options){
      .algorithm = FLOE_CHEES, .chains = 34, .superchains = 2, .warmup = 60, .draws = 10, .seed = 5});
}

static enum floe_judgement agree_from(void *state, const struct floe_chains *chains) {
  size_t *times = state; /* asked so often, of strides 1, 2, 4 */
  assert_int_equal(chains->stride, (size_t)1 << *times);
  return ++*times == 3 ? FLOE_CHAINS_SUFFICE : FLOE_CHAINS_GO_ON;
}

/* With an odd number as well: draw r is transition (r + 1) stride. */
static void chains_that_do_not_agree_go_on_and_are_thinned(size_t draws) {
  struct setting s;
  size_t times = 0;
  struct floe_sample_options options = {.chains = 3, .warmup = 150, .draws = 4 * draws, .seed = 5, .threads = 1};
  set_up(&s, &eight_schools_by_hand, 8, eight_schools_data);
  struct floe_chains *all = sample(&s, &options);
  options.draws = draws, options.judge = agree_from, options.judge_state = &times;
  struct floe_chains *kept = sample(&s, &options);
  const size_t n = all->n_coordinate, m = FLOE_N_SAMPLER_COLUMN;
  assert_int_equal(times, 3);
  assert_true(kept->stride == 4 && all->stride == 1 && kept->n_draw == draws);
  assert_int_equal(kept->n_gradient, all->n_gradient);
  assert_int_equal(kept->n_divergent, all->n_divergent);
  for (size_t c = 0; c < 3; c++)
    for (size_t r = 0; r < draws; r++) {
      const size_t here = c * draws + r, there = 4 * (c * draws + r) + 3;
      assert_memory_equal(kept->coordinates + here * n, all->coordinates + there * n, n * sizeof(double));
      assert_memory_equal(kept->columns + here * m, all->columns + there * m, m * sizeof(double));
    }
  floe_chains_free(all);
  floe_chains_free(kept);
  floe_layout_free(s.layout);
}

static void chains_go_on_until_they_agree(void **state) {
  (void)state;
  chains_that_do_not_agree_go_on_and_are_thinned(40);
  chains_that_do_not_agree_go_on_and_are_thinned(41);
}

static enum floe_judgement never_agree(void *state, const struct floe_chains *chains) {
  (void)state, (void)chains;
  return FLOE_CHAINS_GO_ON;
}

static void chains_that_never_agree_come_to_an_end(void **state) {
  (void)state;
  struct setting s;
  set_up(&s, &normal_by_hand, NORMAL_DIM, NULL);
  const struct floe_sample_options options = {
      .chains = 2, .warmup = 50, .draws = 4, .seed = 1, .threads = 2, .judge = never_agree};
  struct floe_chains *chains = sample(&s, &options);
  assert_int_equal(chains->stride, FLOE_SAMPLE_MAX_STRIDE);
  floe_chains_free(chains);
  floe_layout_free(s.layout);
}

static enum floe_judgement diverge(void *state, const struct floe_chains *chains) {
  (void)state, (void)chains;
  return FLOE_CHAINS_DIVERGE; /* always: it is heeded once */
}

static double mean_accept(const struct floe_chains *chains) {
  const size_t n = chains->n_chain * chains->n_draw;
  double sum = 0;
  for (size_t k = 0; k < n; k++) sum += chains->columns[k * FLOE_N_SAMPLER_COLUMN + FLOE_ACCEPT_STAT];
  return sum / (double)n;
}

static void chains_that_diverge_draw_again_with_smaller_steps(void **state) {
  (void)state;
  struct setting s;
  struct floe_sample_options options = {.chains = 3, .warmup = 400, .draws = 300, .seed = 5, .threads = 1};
  set_up(&s, &eight_schools_by_hand, 8, eight_schools_data);
  struct floe_chains *before = sample(&s, &options);
  options.judge = diverge;
  struct floe_chains *after = sample(&s, &options);
  options.threads = 3;
  struct floe_chains *three = sample(&s, &options);
  assert_true(!before->cautious && after->cautious && after->stride == 1);
  assert_int_equal(after->n_dropped, before->n_divergent);
  assert_true(mean_accept(before) < 0.9);
  assert_true(mean_accept(after) > 0.93);
  assert_memory_equal(after->coordinates, three->coordinates, 3 * 300 * after->n_coordinate * sizeof(double));
  floe_chains_free(before);
  floe_chains_free(after);
  floe_chains_free(three);
  floe_layout_free(s.layout);
}

static void chains_begin_at_given_starts(void **state) {
  (void)state;
  struct setting s;
  set_up(&s, &normal_by_hand, NORMAL_DIM, NULL);
  /* Without warm-up and with a tiny trajectory the first draw is still near the start, 1e4 sd away from zero for x[1]. */
  const double starts[2 * NORMAL_DIM] = {1, 2, 3, 4, 5, 1.01, 2.1, 4, 14, 105};
  const struct floe_sample_options options = {.chains = 2, .draws = 1, .seed = 1, .n_start = 2, .starts = starts};
  struct floe_chains *chains = sample(&s, &options);
  for (size_t c = 0; c < 2; c++) assert_true(chains->columns[c * FLOE_N_SAMPLER_COLUMN + FLOE_LP] > -20);
  floe_chains_free(chains);
  floe_layout_free(s.layout);
}

static void gradients_of_the_hand_written_models_agree_with_differences(void **state) {
  (void)state;
  struct setting s;
  set_up(&s, &eight_schools_by_hand, 8, eight_schools_data);
  for (size_t k = 0; k < 12; k++) {
    struct floe_error error = {0};
    struct floe__target *target;
    s.universe.option[EIGHT_SCHOOLS_TAU_PRIOR] = k % 3;
    s.universe.option[EIGHT_SCHOOLS_NOISE] = k / 3 % 2;
    s.universe.option[EIGHT_SCHOOLS_FORM] = k / 6;
    assert_int_equal(floe__target_new(&s.context, false, &target, &error), FLOE_OK);
    const struct floe__density density = floe__target_density(target);
    assert_int_equal(density.n, k / 3 % 2 ? 11 : 10);
    double x[11], gradient[11], other[11];
    for (size_t i = 0; i < density.n; i++) x[i] = 0.3 * (double)(i % 4) - 0.4;
    density.evaluate(density.state, x, gradient);
    for (size_t i = 0; i < density.n; i++) {
      const double centre = x[i], h = 1e-5;
      x[i] = centre + h;
      const double above = density.evaluate(density.state, x, other);
      x[i] = centre - h;
      const double below = density.evaluate(density.state, x, other);
      x[i] = centre;
      assert_near((above - below) / (2 * h), gradient[i], 1e-6 * (1 + fabs(gradient[i])));
    }
    floe__target_free(target);
  }
  floe_layout_free(s.layout);
}

static void expect_trouble_of(enum floe_algorithm algorithm, enum normal_shape shape, const char *word,
                              const char *name) {
  struct setting s;
  struct floe_error error = {0};
  struct floe_chains *chains = NULL;
  const double starts[NORMAL_DIM] = {0.25, 0, 0, 0, 0};
  set_up(&s, &normal_by_hand, NORMAL_DIM, NULL);
  s.universe.option[0] = shape;
  const struct floe_sample_options options = {.algorithm = algorithm,
                                              .chains = 2,
                                              .superchains = 2,
                                              .warmup = 200,
                                              .draws = 50,
                                              .seed = 1,
                                              .n_start = 1,
                                              .starts = shape == NORMAL_SPIKE ? starts : NULL};
  assert_int_equal(floe_sample(&s.context, &options, NULL, &chains, &error), FLOE_ENUMERIC);
  if (!strstr(error.message, word) || !strstr(error.message, name)) fail_msg("%s", error.message);
  assert_true(error.fix[0] != '\0');
  floe_layout_free(s.layout);
}

static void expect_trouble(enum normal_shape shape, const char *word, const char *name) {
  expect_trouble_of(FLOE_NUTS, shape, word, name);
  expect_trouble_of(FLOE_CHEES, shape, word, name);
}

static void chains_that_do_not_fall_into_groups_are_refused(void **state) {
  (void)state;
  struct setting s;
  struct floe_error error = {0};
  struct floe_chains *chains = NULL;
  struct floe_sample_options options = FLOE_CHEES_DEFAULTS;
  set_up(&s, &normal_by_hand, NORMAL_DIM, NULL);
  options.chains = 65;
  assert_int_equal(floe_sample(&s.context, &options, NULL, &chains, &error), FLOE_EUSAGE);
  floe_layout_free(s.layout);
}

static void trouble_is_named_in_the_modellers_words(void **state) {
  (void)state;
  expect_trouble(NORMAL_FLAT, "does not depend", "x[3]");
  expect_trouble(NORMAL_UNDEFINED, "likelihood of the data is not a number", "x[1] =");
  expect_trouble(NORMAL_IMPOSSIBLE, "prior density is zero", "x[1] =");
  expect_trouble(NORMAL_RUNAWAY, "infinity", "x[4]");
  expect_trouble(NORMAL_SPIKE, "could not move", "x[1]");
}

static void warm_up_windows_double_in_length(void **state) {
  (void)state;
  static const struct {
    size_t warmup, n;
    size_t ends[8];
  } known[] = {{1000, 5, {50, 90, 170, 330, 875}}, {500, 4, {50, 90, 170, 438}}, {200, 2, {50, 150}}, {100, 1, {90}}, {19, 0, {0}}};
  for (size_t j = 0; j < sizeof known / sizeof *known; j++) {
    struct floe__windows windows;
    size_t n = 0;
    floe__windows_start(&windows, known[j].warmup);
    for (size_t i = 0; i < known[j].warmup; i++)
      if (floe__windows_close(&windows, i)) {
        assert_true(n < known[j].n);
        assert_int_equal(i + 1, known[j].ends[n++]);
      }
    assert_int_equal(n, known[j].n);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(warm_up_windows_double_in_length),
                                     cmocka_unit_test(gradients_of_the_hand_written_models_agree_with_differences),
                                     cmocka_unit_test(a_correlated_normal_is_recovered),
                                     cmocka_unit_test(chees_recovers_a_correlated_normal),
                                     cmocka_unit_test(eight_schools_by_chees_agrees_with_posteriordb),
                                     cmocka_unit_test(chains_that_do_not_fall_into_groups_are_refused),
                                     cmocka_unit_test(eight_schools_noncentred_agrees_with_posteriordb),
                                     cmocka_unit_test(eight_schools_centred_agrees_with_posteriordb),
                                     cmocka_unit_test(draws_do_not_depend_on_the_number_of_threads),
                                     cmocka_unit_test(chains_go_on_until_they_agree),
                                     cmocka_unit_test(chains_that_never_agree_come_to_an_end),
                                     cmocka_unit_test(chains_that_diverge_draw_again_with_smaller_steps),
                                     cmocka_unit_test(chains_begin_at_given_starts),
                                     cmocka_unit_test(trouble_is_named_in_the_modellers_words)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
