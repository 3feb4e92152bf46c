/* The metric: its algebra, what it learns from draws and gradients, and the pathfinder that seeds it. Deterministic: seeds are
 * fixed, and for Gaussian targets the answers are exact up to rounding. */
#include "tests/support/assertions.h"

#include <string.h>

#include "runtime/math/orthogonal.h"
#include "runtime/mcmc/metric_fit.h"
#include "runtime/mcmc/packs.h"
#include "runtime/mcmc/pathfinder.h"

/* A Gaussian with mean `mean` and covariance D (I + sum_r (s_r - 1) u_r u_r') D. */
struct gaussian {
  size_t n, rank;
  double *mean, *scale, *directions, variance[4];
  double *draw, *whole;
};

static void gaussian_start(struct gaussian *g, size_t n, size_t rank, struct floe_stream *stream) {
  *g = (struct gaussian){.n = n,
                         .rank = rank,
                         .mean = test_calloc(n, sizeof(double)),
                         .scale = test_calloc(n, sizeof(double)),
                         .directions = test_calloc(n * (rank + 1), sizeof(double)),
                         .variance = {400, 100, 0.01, 0.0025},
                         .draw = test_calloc(n, sizeof(double)),
                         .whole = test_calloc(n, sizeof(double))};
  for (size_t i = 0; i < n; i++) {
    g->mean[i] = 10 * floe_draw_normal(stream);
    g->scale[i] = exp(floe_draw_normal(stream));
  }
  for (size_t i = 0; i < n * rank; i++) g->directions[i] = floe_draw_normal(stream);
  assert_int_equal(floe__orthonormal_rows(rank, n, g->directions), rank);
}

static void gaussian_end(struct gaussian *g) {
  test_free(g->mean), test_free(g->scale), test_free(g->directions), test_free(g->draw), test_free(g->whole);
}

/* z += sum_r (power(s_r) - 1) u_r u_r' z */
static void stretch(const struct gaussian *g, double power, double *z) {
  for (size_t r = 0; r < g->rank; r++) {
    double share = 0;
    for (size_t i = 0; i < g->n; i++) share += g->directions[r * g->n + i] * z[i];
    for (size_t i = 0; i < g->n; i++) z[i] += (pow(g->variance[r], power) - 1) * share * g->directions[r * g->n + i];
  }
}

static double gaussian_density(void *state, const double *x, double *gradient) {
  struct gaussian *g = state;
  double sum = 0;
  for (size_t i = 0; i < g->n; i++) g->whole[i] = (x[i] - g->mean[i]) / g->scale[i];
  memcpy(gradient, g->whole, g->n * sizeof(double));
  stretch(g, -1, gradient);
  for (size_t i = 0; i < g->n; i++) {
    sum -= 0.5 * g->whole[i] * gradient[i];
    gradient[i] /= -g->scale[i];
  }
  return sum;
}

static void gaussian_draw(struct gaussian *g, struct floe_stream *stream) {
  for (size_t i = 0; i < g->n; i++) g->draw[i] = floe_draw_normal(stream);
  stretch(g, 0.5, g->draw);
  for (size_t i = 0; i < g->n; i++) g->draw[i] = g->mean[i] + g->scale[i] * g->draw[i];
}

/* Covariance times v, by the Gaussian and by the metric. */
static void expect_covariance(struct gaussian *g, const struct floe__metric *metric, double tolerance) {
  double *v = test_calloc(3 * g->n, sizeof *v), *h = v + g->n, *expected = v + 2 * g->n, largest = 0;
  for (size_t i = 0; i < g->n; i++) v[i] = cos((double)i), expected[i] = g->scale[i] * v[i];
  stretch(g, 1, expected);
  floe__metric_gradient(metric, v, h);
  floe__metric_position(metric, h, v);
  for (size_t i = 0; i < g->n; i++) largest = fmax(largest, fabs(expected[i] *= g->scale[i]));
  for (size_t i = 0; i < g->n; i++) assert_near(v[i] - metric->centre[i], expected[i], tolerance * largest);
  test_free(v);
}

static void learn(struct gaussian *g, size_t n_draw, struct floe_stream *stream, struct floe__metric *metric) {
  struct floe__window *window = floe__window_new(g->n, n_draw);
  double *slope = test_calloc(g->n, sizeof *slope);
  for (size_t k = 0; k < n_draw; k++) {
    gaussian_draw(g, stream);
    gaussian_density(g, g->draw, slope);
    floe__window_add(window, g->draw, slope);
  }
  floe__metric_fit(window, metric);
  floe__window_free(window);
  test_free(slope);
}

static void learns(size_t n, size_t rank, size_t n_draw, enum floe__metric_kind kind, double tolerance) {
  struct floe_stream stream;
  struct gaussian g;
  floe_stream_open(&stream, 1, 2, n, rank, 0);
  gaussian_start(&g, n, rank, &stream);
  struct floe__metric *metric = floe__metric_new(n);
  learn(&g, n_draw, &stream, metric);
  assert_string_equal(floe__metric_name(metric->kind), floe__metric_name(kind));
  expect_covariance(&g, metric, tolerance);
  floe__metric_free(metric);
  gaussian_end(&g);
}

static void independent_coordinates_get_a_diagonal_metric(void **state) {
  (void)state;
  learns(5, 0, 12, FLOE__METRIC_DIAGONAL, 1e-12);
  learns(200, 0, 30, FLOE__METRIC_DIAGONAL, 1e-12);
}

static void correlated_coordinates_get_an_exact_dense_metric_from_few_draws(void **state) {
  (void)state;
  learns(3, 2, 20, FLOE__METRIC_DENSE, 1e-6);
  learns(10, 4, 60, FLOE__METRIC_DENSE, 1e-6);
  learns(60, 4, 300, FLOE__METRIC_DENSE, 1e-6);
}

static double square_length(size_t n, const double *x) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += x[i] * x[i];
  return sum;
}

/* Fewer draws than coordinates: long directions come out as long as they are within a factor 3, and short ones as short. */
static void many_coordinates_with_few_long_and_short_directions_get_a_low_rank_metric(void **state) {
  (void)state;
  enum { N = 300 };
  struct floe_stream stream;
  struct gaussian g;
  double v[N], h[N];
  floe_stream_open(&stream, 1, 2, 3, 4, 5);
  gaussian_start(&g, N, 4, &stream);
  struct floe__metric *metric = floe__metric_new(N);
  learn(&g, 200, &stream, metric);
  assert_string_equal(floe__metric_name(metric->kind), "low rank");
  for (size_t r = 0; r < 4; r++) {
    const bool is_long = g.variance[r] > 1;
    for (size_t i = 0; i < N; i++) {
      const double u = g.directions[r * N + i];
      v[i] = is_long ? u / g.scale[i] : metric->centre[i] + u * g.scale[i];
    }
    is_long ? floe__metric_gradient(metric, v, h) : floe__metric_whiten(metric, v, h);
    const double found = is_long ? square_length(N, h) : 1 / square_length(N, h);
    assert_near(log(found / g.variance[r]), 0, log(3));
  }
  floe__metric_free(metric);
  gaussian_end(&g);
}

static void draws_far_out_leave_the_metric_of_a_gaussian_exact(void **state) {
  (void)state;
  struct floe_stream stream;
  struct gaussian g;
  floe_stream_open(&stream, 3, 4, 5, 6, 0);
  gaussian_start(&g, 4, 2, &stream);
  struct floe__metric *metric = floe__metric_new(4);
  struct floe__window *window = floe__window_new(4, 100);
  double slope[4];
  for (size_t k = 0; k < 100; k++) {
    gaussian_draw(&g, &stream);
    for (size_t i = 0; k == 70 && i < 4; i++) g.draw[i] += 1e4;
    gaussian_density(&g, g.draw, slope);
    floe__window_add(window, g.draw, slope);
  }
  floe__metric_fit(window, metric);
  expect_covariance(&g, metric, 1e-5);
  floe__window_free(window);
  floe__metric_free(metric);
  gaussian_end(&g);
}

static void nothing_is_learnt_from_draws_that_do_not_vary(void **state) {
  (void)state;
  struct floe__metric *metric = floe__metric_new(2);
  struct floe__window *window = floe__window_new(2, 50);
  const double x[2] = {1, 2}, slope[2] = {0, 0};
  for (size_t k = 0; k < 50; k++) floe__window_add(window, x, slope);
  floe__metric_fit(window, metric);
  assert_true(metric->kind == FLOE__METRIC_DIAGONAL && metric->scale[0] == 1 && metric->scale[1] == 1);
  floe__window_free(window);
  floe__metric_free(metric);
}

static void whitening_and_slopes_invert_positions_and_gradients(void **state) {
  (void)state;
  static const struct { size_t n, rank, n_draw; } cases[] = {{4, 0, 20}, {12, 4, 100}, {200, 3, 150}};
  for (size_t k = 0; k < 3; k++) {
    struct floe_stream stream;
    struct gaussian g;
    floe_stream_open(&stream, 5, 6, k, 0, 0);
    gaussian_start(&g, cases[k].n, cases[k].rank, &stream);
    struct floe__metric *metric = floe__metric_new(g.n), *copy = floe__metric_new(g.n);
    learn(&g, cases[k].n_draw, &stream, metric);
    floe__metric_copy(copy, metric);
    gaussian_draw(&g, &stream);
    double *x = test_calloc(3 * g.n, sizeof *x), *y = x + g.n, *back = x + 2 * g.n;
    memcpy(x, g.draw, g.n * sizeof *x);
    floe__metric_whiten(metric, x, y);
    floe__metric_position(copy, y, back);
    for (size_t i = 0; i < g.n; i++) assert_near(back[i], x[i], 1e-9 * (1 + fabs(x[i])));
    floe__metric_gradient(metric, x, y);
    floe__metric_slope(copy, y, back);
    for (size_t i = 0; i < g.n; i++) assert_near(back[i], x[i], 1e-9 * (1 + fabs(x[i])));
    test_free(x);
    floe__metric_free(metric);
    floe__metric_free(copy);
    gaussian_end(&g);
  }
}

static void the_pathfinder_finds_a_gaussian(void **state) {
  (void)state;
  struct floe_stream stream;
  struct gaussian g;
  floe_stream_open(&stream, 7, 8, 0, 0, 0);
  gaussian_start(&g, 5, 2, &stream);
  const struct floe__density density = {5, gaussian_density, &g};
  struct floe__metric *metric = floe__metric_new(5);
  struct floe__pathfinder *pathfinder = floe__pathfinder_new(5);
  const double starts[10] = {1, 1, 1, 1, 1, -1, 0, 1, 0, -1};
  double position[5], slope[5];
  assert_true(isfinite(floe__pathfinder_run(pathfinder, &density, 2, starts, &stream, metric)));
  for (size_t i = 0; i < 5; i++) assert_near(metric->centre[i], g.mean[i], 0.01 * g.scale[i]);
  expect_covariance(&g, metric, 0.1);
  assert_true(floe__pathfinder_draw(pathfinder, &density, metric, &stream, position));
  assert_true(gaussian_density(&g, position, slope) > -20);
  floe__pathfinder_free(pathfinder);
  floe__metric_free(metric);
  gaussian_end(&g);
}

static double flat_density(void *state, const double *x, double *gradient) {
  (void)state, (void)x;
  gradient[0] = 0;
  return 0;
}

static void the_pathfinder_says_so_where_there_is_no_way_up(void **state) {
  (void)state;
  struct floe_stream stream;
  const struct floe__density density = {1, flat_density, NULL};
  struct floe__metric *metric = floe__metric_new(1);
  struct floe__pathfinder *pathfinder = floe__pathfinder_new(1);
  const double start = 0;
  floe_stream_open(&stream, 9, 9, 9, 9, 9);
  assert_true(floe__pathfinder_run(pathfinder, &density, 1, &start, &stream, metric) == -INFINITY);
  floe__pathfinder_free(pathfinder);
  floe__metric_free(metric);
}

static void a_geometric_mean_solves_its_equation(void **state) {
  (void)state;
  const double a[9] = {4, 1, 0.5, 1, 3, 0.2, 0.5, 0.2, 2}, b[9] = {1, 0.3, 0, 0.3, 2, -0.4, 0, -0.4, 5};
  double a_copy[9], b_copy[9], sigma[9], work[9];
  memcpy(a_copy, a, sizeof a), memcpy(b_copy, b, sizeof b);
  assert_true(floe__geometric_mean(3, a_copy, b_copy, sigma, work));
  for (size_t i = 0; i < 3; i++)
    for (size_t j = 0; j < 3; j++) {
      double product = 0;
      for (size_t k = 0; k < 3; k++)
        for (size_t l = 0; l < 3; l++) product += sigma[3 * i + k] * b[3 * k + l] * sigma[3 * l + j];
      assert_near(product, a[3 * i + j], 1e-12);
    }
  const double singular[4] = {1, 1, 1, 1};
  double c[4] = {1, 0, 0, 1}, d[4];
  memcpy(d, singular, sizeof d);
  assert_false(floe__geometric_mean(2, c, d, sigma, work));
}

/* Every chain of a pack as one alone, but for rounding. */
static void expect_pack(const struct floe__metric *metric, size_t width, struct floe_stream *stream) {
  const size_t n = metric->n;
  double *in = test_calloc(n * width, sizeof *in), *out = test_calloc(n * width, sizeof *out);
  double *one = test_calloc(n, sizeof *one), *alone = test_calloc(n, sizeof *alone), *pack = test_calloc(n, sizeof *pack);
  for (int back = 0; back < 2; back++) {
    for (size_t k = 0; k < n * width; k++) in[k] = floe_draw_normal(stream);
    double *whole = test_calloc(n * width, sizeof *whole);
    memcpy(whole, in, n * width * sizeof *whole);
    if (back)
      floe__pack_gradients(metric, width, in, out);
    else
      floe__pack_positions(metric, width, in, out);
    for (size_t c = 0; c < width; c++) {
      floe__pack_take(n, width, whole, c, one);
      floe__pack_take(n, width, out, c, pack);
      if (back)
        floe__metric_gradient(metric, one, alone);
      else
        floe__metric_position(metric, one, alone);
      for (size_t i = 0; i < n; i++) assert_near(pack[i], alone[i], 1e-12 * (1 + fabs(alone[i])));
    }
    test_free(whole);
  }
  test_free(in), test_free(out), test_free(one), test_free(alone), test_free(pack);
}

static void a_pack_of_chains_has_the_metric_of_each(void **state) {
  (void)state;
  struct floe_stream stream;
  floe_stream_open(&stream, 11, 1, 0, 0, 0);
  struct gaussian g;
  gaussian_start(&g, 13, 2, &stream);
  struct floe__metric *metric = floe__metric_new(g.n);
  for (int kind = FLOE__METRIC_DIAGONAL; kind <= FLOE__METRIC_DENSE; kind++) {
    floe__metric_reset(metric);
    for (size_t i = 0; i < g.n; i++) metric->centre[i] = g.mean[i], metric->scale[i] = g.scale[i];
    metric->kind = (enum floe__metric_kind)kind;
    metric->rank = 2;
    memcpy(metric->basis, g.directions, 2 * g.n * sizeof(double));
    metric->stretch[0] = 3, metric->stretch[1] = 0.2;
    for (size_t i = 0; i < g.n; i++)
      for (size_t k = 0; k <= i; k++)
        metric->lower[i * g.n + k] = metric->upper[k * g.n + i] = i == k ? 1.5 : floe_draw_normal(&stream);
    for (size_t width = 1; width <= FLOE__PACK_MAX; width *= 2) expect_pack(metric, width, &stream);
  }
  floe__metric_free(metric);
  gaussian_end(&g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_geometric_mean_solves_its_equation),
      cmocka_unit_test(independent_coordinates_get_a_diagonal_metric),
      cmocka_unit_test(correlated_coordinates_get_an_exact_dense_metric_from_few_draws),
      cmocka_unit_test(many_coordinates_with_few_long_and_short_directions_get_a_low_rank_metric),
      cmocka_unit_test(draws_far_out_leave_the_metric_of_a_gaussian_exact),
      cmocka_unit_test(nothing_is_learnt_from_draws_that_do_not_vary),
      cmocka_unit_test(whitening_and_slopes_invert_positions_and_gradients),
      cmocka_unit_test(a_pack_of_chains_has_the_metric_of_each),
      cmocka_unit_test(the_pathfinder_finds_a_gaussian),
      cmocka_unit_test(the_pathfinder_says_so_where_there_is_no_way_up)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
