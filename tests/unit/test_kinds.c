/* Every kind of network on one small model: the same bytes for any number of threads and after loading; damaged files are refused
 * or harmless. mu ~ normal(0, 2); a[item] ~ normal(mu, 1); y[item, day] ~ normal(a[item], 1), 2 to 4 items, 3 to 9 days. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <floe/draws.h>

#include "base/file.h"
#include "base/memory.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/summary/features.h"
#include "runtime/train/network.h"
#include "tests/support/networks.h"

enum { MU, A, Y };
static const size_t of_item[] = {0}, of_item_and_day[] = {0, 1};
static const struct floe_dimension ordered[] = {{"item", 2, 4, 0}, {"day", 3, 9, 1}};
static const struct floe_dimension unordered[] = {{"item", 2, 4, 0}, {"day", 3, 9, 0}};
static const struct floe_variable variables[] = {
    {.name = "mu", .role = FLOE_PARAM, .low = -INFINITY, .high = INFINITY, .has_distribution = 1, .codes = FLOE_NONE},
    {.name = "a",
     .role = FLOE_PARAM,
     .n_dim = 1,
     .dims = of_item,
     .low = -INFINITY,
     .high = INFINITY,
     .has_distribution = 1,
     .codes = FLOE_NONE},
    {.name = "y",
     .role = FLOE_OBS,
     .n_dim = 2,
     .dims = of_item_and_day,
     .low = -INFINITY,
     .high = INFINITY,
     .has_distribution = 1,
     .codes = FLOE_NONE}};

static int all_permitted(const struct floe_universe *universe) {
  (void)universe;
  return 1;
}

static void simulate(const struct floe_context *c, const struct floe_sampling *s, size_t n, double *data,
                     double *values, double *scratch) {
  const struct floe_layout *l = c->layout;
  (void)scratch;
  for (size_t k = 0; k < n; k++) {
    double *mu = values + k * l->n_value + l->offset[MU], *a = values + k * l->n_value + l->offset[A];
    double *y = data + k * l->n_data + l->offset[Y];
    if (s->what & FLOE_DRAW_PARAMETERS) *mu = 2 * normal(s, k, 0, 0);
    for (size_t i = 0; i < l->size[0]; i++) {
      if (s->what & FLOE_DRAW_PARAMETERS) a[i] = *mu + normal(s, k, 1, i);
      for (size_t t = 0; t < l->size[1] && (s->what & FLOE_DRAW_OBSERVED); t++)
        y[i * l->size[1] + t] = a[i] + normal(s, k, 64, i * 100 + t);
    }
  }
}

enum { N_TINY = 6, N_SETTING = N_TINY + 1 };
static const struct floe_setting tiny[N_TINY] = {{"layers", NULL, 2},         {"width", NULL, 8},  {"ensemble", NULL, 2},
                                                 {"simulations", NULL, 512}, {"epochs", NULL, 2}, {"batch", NULL, 100}};

/* The model as a set of series (or of sets), or with series that stand outside of rows; settings (N_SETTING): room. */
static struct floe_model model_with(const struct floe_setting *setting, int is_ordered, int in_rows,
                                    struct floe_setting *settings) {
  memcpy(settings, tiny, sizeof tiny);
  settings[N_TINY] = *setting;
  return (struct floe_model){.version = FLOE_MODEL_VERSION,
                             .name = "kinds",
                             .title = "",
                             .source_path = "",
                             .source_text = "",
                             .fingerprint = "kinds",
                             .n_dimension = 2,
                             .n_variable = 3,
                             .n_setting = N_SETTING,
                             .dimensions = is_ordered ? ordered : unordered,
                             .variables = variables,
                             .settings = settings,
                             .plate = in_rows ? 0 : FLOE_NONE,
                             .sequence = is_ordered ? 1 : FLOE_NONE,
                             .inner = 1,
                             .scratch_size = data_as_scratch,
                             .permitted = all_permitted,
                             .simulate = simulate,
                             .constrain = copy_values,
                             .unconstrain = copy_values,
                             .prepare = copy_data};
}

static const struct {
  struct floe_setting setting;
  int is_ordered, in_rows;
} kinds[] = {
    {{"summary", "mlp", 0}, 1, 1},      {{"summary", "gru", 0}, 1, 1},      {{"summary", "gru", 0}, 1, 0},
    {{"summary", "tcn", 0}, 1, 1},      {{"summary", "tcn", 0}, 1, 0},      {{"summary", "deep_set", 0}, 0, 1},
    {{"summary", "deep_set", 0}, 0, 0}, {{"summary", "set_transformer", 0}, 0, 1},
    {{"posterior", "flow_matching", 0}, 1, 1}, {{"posterior", "consistency_model", 0}, 1, 1},
    {{"posterior", "quantiles", 0}, 1, 1},     {{"posterior", "point", 0}, 1, 1},
};
enum { N_KIND = sizeof kinds / sizeof *kinds };

/* Draws for a data set of 3 items and 7 days, with their densities. */
enum { N_DRAW = 64, N_COORDINATE = 4 };
static floe_status draw(const struct floe_model *model, const struct floe_network *network, double *draws,
                        double *log_q) {
  const size_t sizes[] = {3, 7};
  struct floe_layout *layout = floe_layout_new(model, sizes, NULL);
  struct floe_universe universe;
  double data[21];
  floe_universe_reference(model, &universe);
  for (size_t k = 0; k < 21; k++) data[k] = sin((double)k);
  const struct floe_context context = {
      .layout = layout, .universe = &universe, .coordinates = FLOE_FAMILY_COORDINATES, .data = data};
  const struct floe_network_ask ask = {
      .n_context = 1, .contexts = &context, .n = N_DRAW, .seed = 9, .member = FLOE_NONE};
  assert_int_equal(layout->n_coordinate, N_COORDINATE);
  const floe_status status = floe_network_draw(network, &ask, draws, log_q, NULL);
  floe_layout_free(layout);
  return status;
}

static void threads_and_files_do_not_matter(void **state) {
  (void)state;
  for (size_t k = 0; k < N_KIND; k++) {
    struct floe_setting settings[N_SETTING];
    const struct floe_model model = model_with(&kinds[k].setting, kinds[k].is_ordered, kinds[k].in_rows, settings);
    struct floe_network *one = trained(&model, 3, 1), *two = trained(&model, 3, 2), *loaded;
    double draws[2][N_DRAW * N_COORDINATE], log_q[2][N_DRAW];
    size_t n_one, n_two;
    char *of_one = bytes_of(one, &n_one), *of_two = bytes_of(two, &n_two);
    assert_int_equal(n_one, n_two);
    assert_true(memcmp(of_one, of_two, n_one) == 0);
    assert_int_equal(floe__file_write(path_of("one"), of_one, n_one, NULL), FLOE_OK);
    assert_int_equal(floe_network_load(&model, path_of("one"), &loaded, NULL), FLOE_OK);
    assert_int_equal(draw(&model, one, draws[0], log_q[0]), FLOE_OK);
    assert_int_equal(draw(&model, loaded, draws[1], log_q[1]), FLOE_OK);
    assert_memory_equal(draws[0], draws[1], sizeof draws[0]);
    assert_memory_equal(log_q[0], log_q[1], sizeof log_q[0]);
    unlink(path_of("one"));
    floe__free(of_one);
    floe__free(of_two);
    floe_network_free(one);
    floe_network_free(two);
    floe_network_free(loaded);
  }
}

/* Bytes changed under a checksum that fits: what loads must still answer, with whatever. */
static void damage_behind_the_checksum_is_refused_or_harmless(void **state) {
  (void)state;
  for (size_t k = 0; k < N_KIND; k++) {
    struct floe_setting settings[N_SETTING];
    const struct floe_model model = model_with(&kinds[k].setting, kinds[k].is_ordered, kinds[k].in_rows, settings);
    struct floe_network *network = trained(&model, 3, 1), *loaded;
    size_t length, n_refused = 0;
    char *bytes = bytes_of(network, &length), *payload = bytes + 20;
    floe_network_free(network);
    for (size_t at = 0; at < length - 28; at += at < 24 ? 24 : at < 184 ? 2 : 1 + length / 37) {
      double draws[N_DRAW * N_COORDINATE], log_q[N_DRAW];
      payload[at] = (char)(payload[at] ^ 0x41);
      assert_int_equal(floe__artifact_write(path_of("damaged"), "FLOENET1", 3, payload, length - 28, NULL), FLOE_OK);
      payload[at] = (char)(payload[at] ^ 0x41);
      const floe_status status = floe_network_load(&model, path_of("damaged"), &loaded, NULL);
      n_refused += status != FLOE_OK;
      if (status) {
        assert_null(loaded);
        continue;
      }
      (void)!draw(&model, loaded, draws, log_q);
      floe_network_free(loaded);
    }
    assert_true(n_refused > 20); /* fingerprint, settings, sizes */
    unlink(path_of("damaged"));
    floe__free(bytes);
  }
}

static void a_summary_that_does_not_fit_is_refused(void **state) {
  (void)state;
  static const struct {
    struct floe_setting setting;
    int is_ordered, in_rows;
    const char *message, *fix;
  } wrong[] = {
      {{"summary", "gru", 0}, 0, 1, "ordered index", "floe check"},
      {{"summary", "deep_set", 0}, 1, 0, "exchangeable", "floe check"},
      {{"summary", "stated", 0}, 1, 1, "states nothing", "summary s = mean(y)"},
      {{"summary", "gruu", 0}, 1, 1, "must be `mlp`", ""},
      {{"summary", NULL, 16}, 1, 1, "must be `mlp`", ""},
      {{"summary_width", NULL, 500}, 1, 1, "summary_width", ""},
  };
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    struct floe_setting settings[N_SETTING];
    const struct floe_model model = model_with(&wrong[k].setting, wrong[k].is_ordered, wrong[k].in_rows, settings);
    const struct floe_network_options options = {.seed = 3};
    struct floe_network *network;
    struct floe_error error = {0};
    assert_int_equal(floe_network_train(&model, &options, NULL, &network, &error), FLOE_ESPEC);
    assert_non_null(strstr(error.message, wrong[k].message));
    assert_non_null(strstr(error.fix, wrong[k].fix));
  }
}

static void perceptrons_learn_from_simulations_alone(void **state) {
  (void)state;
  static const char *const words[] = {"flow_matching", "consistency_model", "quantiles", "point"};
  for (size_t k = 0; k < 4; k++) {
    const struct floe_setting posterior = {"posterior", words[k], 0};
    struct floe_setting settings[N_SETTING];
    const struct floe_model model = model_with(&posterior, 1, 1, settings);
    const struct floe_network_options options = {.seed = 3};
    struct floe_network *network;
    struct floe_error error = {0};
    settings[0] = (struct floe_setting){"consistency", "on", 0};
    assert_int_equal(floe_network_train(&model, &options, NULL, &network, &error), FLOE_ESPEC);
    assert_non_null(strstr(error.message, words[k]));
  }
}

static void a_network_without_a_density_says_so(void **state) {
  (void)state;
  static const char *const words[] = {"consistency_model", "quantiles"};
  for (size_t k = 0; k < 2; k++) {
    const struct floe_setting posterior = {"posterior", words[k], 0};
    struct floe_setting settings[N_SETTING];
    const struct floe_model model = model_with(&posterior, 1, 1, settings);
    struct floe_network *network = trained(&model, 3, 1);
    double draws[N_DRAW * N_COORDINATE], log_q[N_DRAW];
    struct floe_error error = {0};
    const struct floe_network_ask ask = {.member = FLOE_NONE};
    assert_non_null(floe_network_info(network).no_density);
    assert_int_equal(draw(&model, network, draws, log_q), FLOE_OK);
    for (size_t i = 0; i < N_DRAW * N_COORDINATE; i++) assert_true(isfinite(draws[i]));
    for (size_t i = 0; i < N_DRAW; i++) assert_true(isnan(log_q[i]));
    assert_int_equal(floe_network_log_q(network, &ask, draws, log_q, &error), FLOE_ESPEC);
    assert_non_null(strstr(error.message, words[k]));
    floe_network_free(network);
  }
}

/* Features of a position stand together and behind all others, in the order of positions, padded with 0; those of an element are its
 * value and its inverse hyperbolic sine. A series that stands outside of rows has one part for each item. */
static void features_of_a_position_stand_together(void **state) {
  (void)state;
  const size_t largest[] = {4, 9}, sizes[] = {3, 7};
  for (int in_rows = 0; in_rows < 2; in_rows++) {
    struct floe_setting settings[N_SETTING];
    const struct floe_model model = model_with(&kinds[0].setting, 1, in_rows, settings);
    struct floe_layout *layout = floe_layout_new(&model, sizes, NULL);
    struct floe__features *f = floe__features_new(&model, largest, 1, 0);
    struct floe__slots *slots = floe__slots_new(f, layout);
    double data[21];
    for (size_t k = 0; k < 21; k++) data[k] = 0.25 * ((double)k - 9);
    assert_int_equal(floe__features_in_rows(&model, 1), in_rows);
    assert_int_equal(f->n_item, in_rows ? 2 : 8);
    assert_int_equal(f->longest, 9);
    assert_int_equal(f->n_row, in_rows ? 18 : 0);
    assert_int_equal(f->n_flat, in_rows ? 0 : 72);
    assert_int_equal(slots->n_item, 7);
    float flat[72 + 1], rows[3 * 18];
    floe__features_data(f, layout, slots, data, flat, rows);
    for (size_t i = 0; i < 4; i++)
      for (size_t t = 0; t < 9; t++) {
        if (in_rows && i >= 3) continue;
        const float *feature = in_rows ? rows + i * 18 + t * 2 : flat + t * 8 + i * 2;
        const double value = i < 3 && t < 7 ? data[i * 7 + t] : 0;
        assert_true(fabs((double)feature[0] - value) < 1e-6 && fabs((double)feature[1] - asinh(value)) < 1e-6);
      }
    floe__slots_free(slots);
    floe__features_free(f);
    floe_layout_free(layout);
  }
}

static int anything_goes(const struct floe_universe *universe) {
  (void)universe;
  return 1;
}

/* Options that are numbers stand between -1 and 1, in the logarithm where all are positive; others are one-hot. */
static void options_that_are_numbers_are_seen_as_numbers(void **state) {
  (void)state;
  static const struct floe_option options[] = {{"a", 0.25}, {"b", 0.25}, {"c", 0.5}};
  static const double powers[] = {1, 4, 0.25}, shifts[] = {-1, 0, 3};
  static const struct floe_axis axes[] = {
      {.name = "power", .description = "", .n_option = 3, .options = options, .numbers = powers},
      {.name = "shift", .description = "", .n_option = 3, .options = options, .numbers = shifts},
      {.name = "kind", .description = "", .n_option = 3, .options = options}};
  static const float expected[3][5] = {{0, -1, 1, 0, 0}, {1, -0.5f, 0, 1, 0}, {-1, 1, 0, 0, 1}};
  static const struct floe_variable variable = {.name = "mu", .role = FLOE_PARAM, .low = -INFINITY, .high = INFINITY, .codes = FLOE_NONE};
  const struct floe_model model = {.version = FLOE_MODEL_VERSION, .name = "numbers", .n_axis = 3, .axes = axes, .n_variable = 1,
                                   .variables = &variable, .plate = FLOE_NONE, .sequence = FLOE_NONE, .inner = FLOE_NONE,
                                   .scratch_size = data_as_scratch, .permitted = anything_goes};
  const size_t none[] = {0};
  struct floe_layout *layout = floe_layout_new(&model, none, NULL);
  struct floe__features *f = floe__features_new(&model, none, FLOE_NONE, 0);
  assert_int_equal(f->n_context, 5);
  for (size_t k = 0; k < 3; k++) {
    const struct floe_universe universe = {.option = {k, k, k}};
    float context[5];
    floe__features_context(f, layout, &universe, context);
    for (size_t j = 0; j < 5; j++) assert_true(fabsf(context[j] - expected[k][j]) < 1e-6f);
  }
  floe__features_free(f);
  floe_layout_free(layout);
}

/* Observations along an index set of varying size are left aside; a summary, and data of a fixed size, are read. */
static void what_is_stated_is_all_that_is_read(void **state) {
  (void)state;
  static const struct floe_dimension dimensions[] = {{"item", 2, 4, 0}, {"place", 3, 3, 0}};
  static const size_t of_place[] = {1};
  static const struct floe_variable stating[] = {
      {.name = "mu", .role = FLOE_PARAM, .low = -INFINITY, .high = INFINITY, .has_distribution = 1, .codes = FLOE_NONE},
      {.name = "y", .role = FLOE_OBS, .n_dim = 1, .dims = of_item, .low = -INFINITY, .high = INFINITY, .codes = FLOE_NONE},
      {.name = "z", .role = FLOE_OBS, .n_dim = 1, .dims = of_place, .low = -INFINITY, .high = INFINITY, .codes = FLOE_NONE},
      {.name = "s", .role = FLOE_DATA, .summary = 1, .low = -INFINITY, .high = INFINITY, .codes = FLOE_NONE}};
  const struct floe_model model = {.version = FLOE_MODEL_VERSION, .name = "stated", .n_dimension = 2, .dimensions = dimensions,
                                   .n_variable = 4, .variables = stating, .plate = 0, .sequence = FLOE_NONE, .inner = FLOE_NONE,
                                   .scratch_size = data_as_scratch, .permitted = all_permitted};
  const size_t largest[] = {4, 3}, sizes[] = {2, 3};
  struct floe_layout *layout = floe_layout_new(&model, sizes, NULL);
  struct floe__features *all = floe__features_new(&model, largest, FLOE_NONE, 0),
                        *stated = floe__features_new(&model, largest, FLOE_NONE, 1);
  struct floe__slots *slots = floe__slots_new(stated, layout);
  const double data[] = {10, 20, 1, 2, 3, 0.5}, other[] = {-7, 99, 1, 2, 3, 0.5};
  float flat[2][8], unused[1];
  assert_true(all->n_row == 2 && all->n_flat == 8);
  assert_true(stated->n_row == 0 && stated->n_flat == 8 && stated->plate == FLOE_NONE);
  assert_int_equal(layout->n_data, 6);
  floe__features_data(stated, layout, slots, data, flat[0], unused);
  floe__features_data(stated, layout, slots, other, flat[1], unused);
  assert_memory_equal(flat[0], flat[1], sizeof flat[0]);
  const float expected[] = {1, 2, 3, 0.5f};
  for (size_t k = 0; k < 4; k++) assert_true(fabsf(flat[0][2 * k] - expected[k]) < 1e-6f);
  floe__slots_free(slots);
  floe__features_free(all);
  floe__features_free(stated);
  floe_layout_free(layout);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(features_of_a_position_stand_together),
      cmocka_unit_test(options_that_are_numbers_are_seen_as_numbers),
      cmocka_unit_test(what_is_stated_is_all_that_is_read),
      cmocka_unit_test(threads_and_files_do_not_matter),
      cmocka_unit_test(damage_behind_the_checksum_is_refused_or_harmless),
      cmocka_unit_test(a_summary_that_does_not_fit_is_refused),
      cmocka_unit_test(perceptrons_learn_from_simulations_alone),
      cmocka_unit_test(a_network_without_a_density_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
