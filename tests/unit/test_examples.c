/* Batches for training: what is held of each data set, so that the network learns to answer for --pin. */
#include "tests/support/assertions.h"

#include <math.h>
#include <string.h>

#include "runtime/train/examples.h"

enum { N = 40000, GLOBAL = 4, PINS = 3, CONTEXT = 1 + 2 * PINS };

struct setting {
  struct floe__features features;
  struct floe__batch batch;
  size_t columns[GLOBAL];
  float context[N * CONTEXT], global[N * GLOBAL], mask[N * GLOBAL];
};

/* n data sets of four numbers, 0.1 i; of these the first, third and fourth can be held. */
static void set_up(struct setting *s, size_t n) {
  memset(s, 0, sizeof *s);
  s->columns[1] = 2, s->columns[2] = 3;
  s->features.n_context = CONTEXT, s->features.first_pin = 1;
  s->features.n_global = GLOBAL, s->features.n_pin = PINS;
  s->features.pin_column = s->columns;
  s->batch = (struct floe__batch){.n = n, .context = s->context, .global = s->global, .global_mask = s->mask};
  for (size_t i = 0; i < n * GLOBAL; i++) s->global[i] = 0.1f * (float)(i % GLOBAL), s->mask[i] = 1;
}

static size_t held(const struct setting *s, size_t i) {
  size_t n = 0;
  for (size_t k = 0; k < GLOBAL; k++) n += s->mask[i * GLOBAL + k] == 0;
  return n;
}

/* Binomial counts by their normal approximation: each bound fails in 1e-7 of all seeds, nine of them. */
static void assert_count(size_t count, size_t n, double probability) {
  assert_near((double)count, (double)n * probability, 5.4 * sqrt((double)n * probability * (1 - probability)));
}

static void how_many_are_held_falls_like_one_over_n_and_which_is_uniform(void **state) {
  static struct setting s;
  size_t by_count[PINS + 1] = {0}, by_pin[PINS] = {0}, n_held = 0;
  (void)state;
  set_up(&s, N);
  floe__batch_pin(&s.features, 0.5, 3, 1, 0, &s.batch);
  for (size_t i = 0; i < N; i++) {
    by_count[held(&s, i)]++;
    for (size_t k = 0; k < PINS; k++) by_pin[k] += s.mask[i * GLOBAL + s.columns[k]] == 0;
  }
  n_held = N - by_count[0];
  assert_count(n_held, N, 0.5);
  for (size_t k = 1; k <= PINS; k++) assert_count(by_count[k], n_held, 6.0 / 11 / (double)k);
  for (size_t k = 0; k < PINS; k++) assert_count(by_pin[k], n_held, 6.0 / 11); /* (1 + 1 + 1) / (1 + 1/2 + 1/3) / 3 */
}

static void what_is_held_is_told_to_the_network_and_its_value_is_kept(void **state) {
  static struct setting s;
  (void)state;
  set_up(&s, 1000);
  floe__batch_pin(&s.features, 0.9, 3, 1, 0, &s.batch);
  for (size_t i = 0; i < 1000; i++) {
    assert_true(s.mask[i * GLOBAL + 1] == 1 && s.context[i * CONTEXT] == 0);
    for (size_t k = 0; k < PINS; k++) {
      const float *told = s.context + i * CONTEXT + 1 + 2 * k, value = s.global[i * GLOBAL + s.columns[k]];
      const bool is_held = s.mask[i * GLOBAL + s.columns[k]] == 0;
      assert_true(value == 0.1f * (float)s.columns[k]);
      assert_true(told[0] == (float)is_held && told[1] == (is_held ? value : 0));
    }
  }
}

static void something_is_left_to_infer(void **state) {
  static struct setting s;
  size_t most = 0;
  (void)state;
  set_up(&s, N);
  for (size_t i = 0; i < N; i++) s.mask[i * GLOBAL + 1] = 0; /* absent, so that all that is there can be held */
  floe__batch_pin(&s.features, 1, 3, 1, 0, &s.batch);
  for (size_t i = 0; i < N; i++) most = held(&s, i) > most ? held(&s, i) : most;
  assert_int_equal(most, GLOBAL - 1);
  set_up(&s, 100);
  floe__batch_pin(&s.features, 0, 3, 1, 0, &s.batch);
  for (size_t i = 0; i < 100; i++) assert_int_equal(held(&s, i), 0);
}

static void a_data_set_is_held_alike_in_any_batch(void **state) {
  static struct setting whole, part;
  (void)state;
  set_up(&whole, 100);
  set_up(&part, 40);
  floe__batch_pin(&whole.features, 0.5, 3, 1, 20, &whole.batch);
  floe__batch_pin(&part.features, 0.5, 3, 1, 80, &part.batch);
  assert_memory_equal(whole.mask + 60 * GLOBAL, part.mask, 40 * GLOBAL * sizeof(float));
  floe__batch_pin(&part.features, 0.5, 4, 1, 80, &part.batch);
  assert_memory_not_equal(whole.mask + 60 * GLOBAL, part.mask, 40 * GLOBAL * sizeof(float));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(how_many_are_held_falls_like_one_over_n_and_which_is_uniform),
      cmocka_unit_test(what_is_held_is_told_to_the_network_and_its_value_is_kept),
      cmocka_unit_test(something_is_left_to_infer),
      cmocka_unit_test(a_data_set_is_held_alike_in_any_batch),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
