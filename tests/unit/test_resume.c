/* Sampling that is killed goes on as if nothing had happened. */
#include "tests/support/assertions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/mcmc/sample.h"
#include "tests/support/eight_schools_model.h"

struct setting {
  struct floe_layout *layout;
  struct floe_universe universe;
  struct floe_context context;
  struct floe_sample_options options;
  char stem[64];
};

static size_t calls, last_call; /* the process dies at the last call, as by a power cut; 0: never */

/* Slow, so that time passes. */
static void dying_gradient(const struct floe_context *context, size_t n, const double *coordinates, double *density,
                           double *gradient, double *scratch) {
  if (++calls == last_call) _exit(9);
  for (size_t k = 0; k < 20; k++) eight_schools_by_hand.log_density(context, n, coordinates, density, NULL, scratch);
  eight_schools_by_hand.gradient(context, n, coordinates, density, gradient, scratch);
}

static struct floe_model mortal;

static void set_up(struct setting *s, enum floe_algorithm algorithm, const char *name) {
  struct floe_error error = {0};
  const size_t size = 8;
  const char *folder = getenv("TMPDIR");
  mortal = eight_schools_by_hand;
  mortal.gradient = dying_gradient;
  s->layout = floe_layout_new(&mortal, &size, &error);
  assert_non_null(s->layout);
  floe_universe_reference(&mortal, &s->universe);
  s->context = (struct floe_context){.layout = s->layout,
                                     .universe = &s->universe,
                                     .coordinates = FLOE_UNIVERSE_COORDINATES,
                                     .data = eight_schools_data};
  s->options = algorithm == FLOE_CHEES ? FLOE_CHEES_DEFAULTS : FLOE_SAMPLE_DEFAULTS;
  if (algorithm == FLOE_NUTS) s->options.chains = 3, s->options.warmup = 200, s->options.draws = 150;
  if (algorithm == FLOE_CHEES) s->options.chains = 32, s->options.warmup = 100, s->options.draws = 100;
  snprintf(s->stem, sizeof s->stem, "%.30s/floe-%.12s-%d", folder ? folder : "/tmp", name, (int)getpid());
}

static struct floe_chains *sample(const struct setting *s, const struct floe_sample_options *options) {
  struct floe_error error = {0};
  struct floe_chains *chains = NULL;
  if (floe_sample(&s->context, options, NULL, &chains, &error) != FLOE_OK) fail_msg("%s", error.message);
  return chains;
}

static void assert_same(const struct floe_chains *a, const struct floe_chains *b) {
  const size_t n = a->n_chain * a->n_draw;
  assert_memory_equal(a->coordinates, b->coordinates, n * a->n_coordinate * sizeof(double));
  assert_memory_equal(a->columns, b->columns, n * FLOE_N_SAMPLER_COLUMN * sizeof(double));
  assert_int_equal(a->n_gradient, b->n_gradient);
  assert_true(a->stride == b->stride && a->cautious == b->cautious && a->n_divergent == b->n_divergent);
  assert_int_equal(a->n_dropped, b->n_dropped);
}

/* A process that dies in the midst of the run. */
static void run_until_death(const struct setting *s, const struct floe_sample_options *options, size_t at) {
  int status;
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    calls = 0;
    last_call = at;
    (void)sample(s, options);
    _exit(0);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

/* Killed again and again, on any number of threads, it ends in the same bytes. */
static void survives(enum floe_algorithm algorithm, const char *name,
                     enum floe_judgement (*judge)(void *state, const struct floe_chains *chains)) {
  struct setting s;
  set_up(&s, algorithm, name);
  s.options.judge = judge;
  calls = 0;
  struct floe_chains *whole = sample(&s, &s.options);
  const size_t all = calls;
  struct floe_sample_options options = s.options;
  options.checkpoint = s.stem;
  options.checkpoint_seconds = 0.01;
  run_until_death(&s, &options, all * 17 / 20); /* the search for starts is most of it */
  run_until_death(&s, &options, all / 50);
  run_until_death(&s, &options, all / 50);
  options.threads = 2;
  struct floe_chains *resumed = sample(&s, &options);
  assert_true(resumed->n_resumed > 0);
  assert_same(whole, resumed);
  floe_chains_free(resumed);
  resumed = sample(&s, &options); /* all of it is there */
  assert_same(whole, resumed);
  floe_chains_free(resumed);
  floe_sample_forget(&options);
  resumed = sample(&s, &options);
  assert_int_equal(resumed->n_resumed, 0);
  floe_sample_forget(&options);
  floe_chains_free(resumed);
  floe_chains_free(whole);
  floe_layout_free(s.layout);
}

static void nuts_survives_being_killed(void **state) {
  (void)state;
  survives(FLOE_NUTS, "nuts", NULL);
}

static enum floe_judgement agree_at_last(void *state, const struct floe_chains *chains) {
  (void)state;
  return chains->stride == 4 ? FLOE_CHAINS_SUFFICE : FLOE_CHAINS_GO_ON;
}

static void chains_that_go_on_survive_being_killed(void **state) {
  (void)state;
  survives(FLOE_NUTS, "on", agree_at_last);
}

static enum floe_judgement diverge_at_first(void *state, const struct floe_chains *chains) {
  (void)state;
  if (!chains->cautious) return FLOE_CHAINS_DIVERGE;
  return chains->stride == 2 ? FLOE_CHAINS_SUFFICE : FLOE_CHAINS_GO_ON;
}

static void chains_that_begin_again_survive_being_killed(void **state) {
  (void)state;
  survives(FLOE_NUTS, "again", diverge_at_first);
}

static void chees_survives_being_killed(void **state) {
  (void)state;
  survives(FLOE_CHEES, "chees", NULL);
}

static void another_run_does_not_take_it_up(void **state) {
  (void)state;
  struct setting s;
  set_up(&s, FLOE_NUTS, "other");
  struct floe_sample_options options = s.options;
  options.checkpoint = s.stem;
  run_until_death(&s, &options, 3000);
  options.seed = 2;
  struct floe_chains *chains = sample(&s, &options);
  assert_int_equal(chains->n_resumed, 0);
  floe_sample_forget(&options);
  floe_chains_free(chains);
  floe_layout_free(s.layout);
}

static void a_damaged_checkpoint_is_an_error(void **state) {
  (void)state;
  struct setting s;
  struct floe_error error = {0};
  struct floe_chains *chains = NULL;
  char path[80];
  set_up(&s, FLOE_NUTS, "damaged");
  s.options.checkpoint = s.stem;
  snprintf(path, sizeof path, "%s_2.checkpoint", s.stem);
  assert_int_equal(floe__file_write(path, "nonsense", 8, &error), FLOE_OK);
  assert_int_equal(floe_sample(&s.context, &s.options, NULL, &chains, &error), FLOE_EARTIFACT);
  assert_non_null(strstr(error.message, "damaged"));
  floe_sample_forget(&s.options);
  assert_false(floe__file_exists(path));
  floe_layout_free(s.layout);
}

/* Behind a checksum that fits: the number of iterations, which stands behind the run's identity. */
static void a_checkpoint_of_impossible_length_is_an_error(void **state) {
  (void)state;
  struct setting s;
  char path[80];
  void *payload;
  size_t length;
  set_up(&s, FLOE_NUTS, "long");
  s.options.checkpoint = s.stem;
  const size_t far[] = {s.options.warmup + s.options.draws + 1, (size_t)1 << 40, SIZE_MAX};
  run_until_death(&s, &s.options, 3000);
  snprintf(path, sizeof path, "%s_1.checkpoint", s.stem);
  assert_int_equal(floe__artifact_read(path, "FLOEMCMC", 1, &payload, &length, NULL), FLOE_OK);
  for (size_t k = 0; k < sizeof far / sizeof *far; k++) {
    struct floe_chains *chains = NULL;
    memcpy((char *)payload + sizeof(uint64_t), &far[k], sizeof far[k]);
    assert_int_equal(floe__artifact_write(path, "FLOEMCMC", 1, payload, length, NULL), FLOE_OK);
    assert_int_equal(floe_sample(&s.context, &s.options, NULL, &chains, NULL), FLOE_EARTIFACT);
  }
  floe__free(payload);
  floe_sample_forget(&s.options);
  floe_layout_free(s.layout);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nuts_survives_being_killed),
      cmocka_unit_test(chains_that_go_on_survive_being_killed),
      cmocka_unit_test(chains_that_begin_again_survive_being_killed),
      cmocka_unit_test(chees_survives_being_killed),
      cmocka_unit_test(another_run_does_not_take_it_up),
      cmocka_unit_test(a_damaged_checkpoint_is_an_error),
      cmocka_unit_test(a_checkpoint_of_impossible_length_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
