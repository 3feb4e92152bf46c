/* Layers, flows and members: derivatives against finite differences, inverses against forward passes, log determinants
 * against numerical Jacobians. Networks compute in float: a central difference along a random direction with step h has
 * a rounding error of about 1e-7 |f| / h and a truncation error of order h^2; tolerances are ten times their sum. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "runtime/flow/flow.h"
#include "runtime/flow/tails.h"
#include "runtime/nn/adam.h"
#include "runtime/nn/elementary.h"
#include "runtime/nn/panel.h"
#include "runtime/nn/spline.h"
#include "runtime/rng/bulk.h"
#include "runtime/train/member.h"

static void normals(uint64_t unit, size_t n, float *x) {
  floe__normal_fill_float(7, 99, unit, 0, n, x);
}

static void elementary_functions_agree_with_libm(void **state) {
  (void)state;
  for (float x = -80; x < 80; x += 0.037f) assert_true(fabs(floe__exp(x) / exp((double)x) - 1) < 1e-6);
  for (float x = 1e-30f; x < 1e30f; x *= 1.37f)
    assert_true(fabs((double)floe__log(x) - log((double)x)) < 2e-6 * (1 + fabs(log((double)x))));
}

enum { SILU_N = 3 * FLOE__PANEL };
static void the_silu_slope_is_its_derivative(void **state) {
  (void)state;
  enum { AT, UP, DOWN, N_PLACE };
  float x[N_PLACE][SILU_N], y[N_PLACE][SILU_N], slope[SILU_N];
  for (size_t i = 0; i < SILU_N; i++) {
    x[AT][i] = -9 + 0.25f * (float)i;
    x[UP][i] = x[AT][i] + 1e-2f;
    x[DOWN][i] = x[AT][i] - 1e-2f;
  }
  for (size_t k = 0; k < N_PLACE; k++) floe__panel_functions()->silu(SILU_N, x[k], NULL, y[k], k == AT ? slope : NULL);
  for (size_t i = 0; i < SILU_N; i++) {
    assert_true(fabsf((y[UP][i] - y[DOWN][i]) / 2e-2f - slope[i]) < 2e-4f);
    assert_true(fabs((double)y[AT][i] - (double)x[AT][i] / (1 + exp(-(double)x[AT][i]))) < 1e-6);
  }
}

/* Checks the gradient of f along random directions within each of n_part parts of the block. */
struct target {
  double (*value)(void *context, const float *block);
  void *context;
};

static void check_gradient(const struct target *f, size_t n, float *block, const float *gradient, double tolerance) {
  const float h = 4e-3f;
  float *moved = FLOE__NEW(n, float), *direction = FLOE__NEW(n, float);
  for (size_t part = 0; part < 24; part++) {
    const size_t first = part * n / 24, last = (part + 1) * n / 24;
    if (last == first) continue;
    double norm = 0, slope = 0, size = 0;
    memset(direction, 0, n * sizeof(float));
    normals(1000 + part, last - first, direction + first);
    for (size_t i = first; i < last; i++) norm += (double)direction[i] * direction[i];
    for (size_t i = first; i < last; i++) direction[i] /= (float)sqrt(norm);
    for (size_t i = first; i < last; i++) slope += (double)gradient[i] * direction[i];
    for (size_t i = first; i < last; i++) size += (double)gradient[i] * gradient[i];
    for (size_t i = 0; i < n; i++) moved[i] = block[i] + h * direction[i];
    const double up = f->value(f->context, moved);
    for (size_t i = 0; i < n; i++) moved[i] = block[i] - h * direction[i];
    const double numeric = (up - f->value(f->context, moved)) / (2 * (double)h);
    if (!(fabs(numeric - slope) < tolerance * (1 + fabs(numeric) + sqrt(size))))
      fail_msg("part %zu: gradient %g, finite difference %g", part, slope, numeric);
  }
  floe__free(moved);
  floe__free(direction);
}

struct mlp_case {
  struct floe__mlp net;
  size_t n;
  float *x, *pre, *work, *y, *weight_of_y;
  uint32_t *row;
};

static double mlp_value(void *context, const float *block) {
  struct mlp_case *c = context;
  const struct floe__pre pre = {c->pre, c->net.width, c->row};
  floe__mlp_forward(&c->net, block, c->n, c->x, c->net.n_in, &pre, c->work, c->y);
  double sum = 0;
  for (size_t i = 0; i < c->n * c->net.n_out; i++) sum += (double)c->y[i] * c->weight_of_y[i];
  return sum;
}

static double mlp_value_of_x(void *context, const float *x) {
  struct mlp_case *c = context, moved = *c;
  moved.x = (float *)(uintptr_t)x;
  return mlp_value(&moved, c->x - 4096);
}

static void a_perceptron_differentiates_by_weights_and_inputs(void **state) {
  (void)state;
  size_t used = 0;
  struct mlp_case c = {.net = floe__mlp_make(&used, 5, 12, 3, 4), .n = 7};
  float *space = FLOE__NEW(4096 + 35, float), gradient[4096] = {0}, dx[35], d_pre[7 * 12];
  assert_true(used <= 4096);
  c.x = space + 4096;
  c.pre = FLOE__NEW(7 * 12, float);
  c.work = FLOE__NEW(floe__mlp_work(&c.net, 7), float);
  c.y = FLOE__NEW(28, float);
  c.weight_of_y = FLOE__NEW(28, float);
  normals(1, 35, c.x);
  normals(2, 84, c.pre);
  normals(3, 28, c.weight_of_y);
  normals(4, used, space);
  for (size_t i = 0; i < used; i++) space[i] *= 0.3f;
  struct target by_weights = {mlp_value, &c}, by_input = {mlp_value_of_x, &c};
  mlp_value(&c, space);
  floe__mlp_backward(&c.net, space, 7, c.work, c.weight_of_y, dx, 5, d_pre, 12, gradient);
  check_gradient(&by_weights, used, space, gradient, 2e-3);
  check_gradient(&by_input, 35, c.x, dx, 2e-3);
  /* the term of the first layer moves as its bias does */
  for (size_t j = 0; j < 12; j++) {
    double sum = 0;
    for (size_t i = 0; i < 7; i++) sum += d_pre[i * 12 + j];
    assert_true(fabs(sum - gradient[c.net.layer[0].bias + j]) < 1e-4 * (1 + fabs(sum)));
  }
  floe__free(space);
  floe__free(c.pre);
  floe__free(c.work);
  floe__free(c.y);
  floe__free(c.weight_of_y);
}

/* Every set of panel functions that runs here. */
static size_t panel_sets(const struct floe__panel_functions *sets[4]) {
  const struct floe__panel_functions *const all[] = {&floe__panel_v4, &floe__panel_v3, &floe__panel_blas_v3,
                                                     &floe__panel_blas};
  size_t n = 0;
  for (size_t k = 0; k < 4; k++)
    if (all[k]->runs()) sets[n++] = all[k];
  return n;
}

enum { PANEL = FLOE__PANEL, RAW_PANEL = FLOE__SPLINE_RAW * FLOE__PANEL };

struct spline_case {
  const struct floe__panel_functions *f;
  float raw[RAW_PANEL], ready[RAW_PANEL], mask[PANEL], x[PANEL], y[PANEL], weight[PANEL], log_det[PANEL];
  int by_raw;
};

static void spline_start(struct spline_case *c, const struct floe__panel_functions *f) {
  *c = (struct spline_case){.f = f};
  normals(20, RAW_PANEL, c->raw);
  normals(21, PANEL, c->x);
  normals(23, PANEL, c->weight);
  for (size_t i = 0; i < PANEL; i++) {
    c->mask[i] = i % 9 != 4;
    c->x[i] *= 3; /* some beyond the spline's ends */
  }
  memcpy(c->ready, c->raw, sizeof c->raw);
  f->spline_prepare(c->ready);
}

static void a_spline_inverts_and_agrees_on_the_determinant(void **state) {
  (void)state;
  const struct floe__panel_functions *sets[4];
  for (size_t k = 0, n = panel_sets(sets); k < n; k++) {
    struct spline_case c;
    float back[PANEL], inverse[PANEL] = {0};
    spline_start(&c, sets[k]);
    c.f->spline_forward(c.ready, c.mask, c.x, c.y, c.log_det);
    c.f->spline_inverse(c.ready, c.mask, c.y, back, inverse);
    for (size_t i = 0; i < PANEL; i++) {
      assert_true(fabsf(back[i] - c.x[i]) < 2e-4f * (1 + fabsf(c.x[i])));
      assert_true(fabsf(c.log_det[i] - inverse[i]) < 2e-3f);
      if (c.mask[i] == 0) assert_true(c.y[i] == c.x[i] && c.log_det[i] == 0);
    }
    c.f->spline_inverse(c.ready, c.mask, c.y, c.y, NULL);
    assert_memory_equal(c.y, back, sizeof back);
  }
}

static void raw_zeros_are_the_identity(void **state) {
  (void)state;
  const struct floe__panel_functions *sets[4];
  for (size_t k = 0, n = panel_sets(sets); k < n; k++) {
    struct spline_case c = {.f = sets[k]};
    for (size_t i = 0; i < PANEL; i++) c.mask[i] = 1, c.x[i] = -6 + 0.38f * (float)i;
    c.f->spline_prepare(c.ready);
    c.f->spline_forward(c.ready, c.mask, c.x, c.y, c.log_det);
    for (size_t i = 0; i < PANEL; i++) assert_true(fabsf(c.y[i] - c.x[i]) < 1e-5f && fabsf(c.log_det[i]) < 1e-5f);
  }
}

static float log_det_weight(size_t i) {
  return 0.7f - 0.1f * (float)(i % 5);
}

static double spline_value(void *context, const float *block) {
  struct spline_case c = *(const struct spline_case *)context;
  memcpy(c.by_raw ? c.raw : c.x, block, c.by_raw ? sizeof c.raw : sizeof c.x);
  memcpy(c.ready, c.raw, sizeof c.raw);
  memset(c.log_det, 0, sizeof c.log_det);
  c.f->spline_prepare(c.ready);
  c.f->spline_forward(c.ready, c.mask, c.x, c.y, c.log_det);
  double sum = 0;
  for (size_t i = 0; i < PANEL; i++)
    sum += (double)c.weight[i] * (double)c.y[i] + (double)log_det_weight(i) * (double)c.log_det[i];
  return sum;
}

static void a_spline_differentiates_by_its_numbers_and_its_argument(void **state) {
  (void)state;
  const struct floe__panel_functions *sets[4];
  for (size_t k = 0, n = panel_sets(sets); k < n; k++) {
    struct spline_case c;
    float d_raw[RAW_PANEL], dx[PANEL], d_log_det[PANEL];
    spline_start(&c, sets[k]);
    normals(22, PANEL, c.x);
    memcpy(dx, c.weight, sizeof dx);
    for (size_t i = 0; i < PANEL; i++) d_log_det[i] = log_det_weight(i);
    c.f->spline_backward(c.ready, c.mask, c.x, d_log_det, dx, d_raw);
    for (size_t i = 0; i < PANEL; i++)
      if (c.mask[i] == 0) assert_true(dx[i] == c.weight[i]);
    struct target f = {spline_value, &c};
    float block[RAW_PANEL];
    memcpy(block, c.x, sizeof c.x);
    check_gradient(&f, PANEL, block, dx, 5e-3);
    c.by_raw = 1;
    memcpy(block, c.raw, sizeof c.raw);
    check_gradient(&f, RAW_PANEL, block, d_raw, 5e-3);
  }
}

static void sets_of_panel_functions_agree(void **state) {
  (void)state;
  enum { IN = 37, OUT = 43 };
  const struct floe__panel_functions *sets[4];
  static float x[IN * PANEL], dy[OUT * PANEL], weight[OUT * IN], bias[OUT], y[4][OUT * PANEL], d[4][OUT * IN],
      back[4][IN * PANEL], value[4][IN * PANEL], slope[4][IN * PANEL], spare[IN * PANEL];
  normals(40, IN * PANEL, x), normals(41, OUT * PANEL, dy), normals(42, OUT * IN, weight), normals(43, OUT, bias);
  for (size_t k = 0, n = panel_sets(sets); k < n; k++) {
    sets[k]->multiply(OUT, IN, weight, IN, 1, bias, x, y[k]);
    sets[k]->multiply(IN, OUT, weight, 1, IN, NULL, dy, back[k]);
    sets[k]->outer(OUT, IN, dy, x, spare, d[k]);
    sets[k]->silu(IN * PANEL, x, dy, value[k], slope[k]);
    for (size_t i = 0; i < OUT * PANEL; i++) assert_true(fabsf(y[k][i] - y[0][i]) < 1e-4f);
    for (size_t i = 0; i < IN * PANEL; i++) assert_true(fabsf(back[k][i] - back[0][i]) < 1e-4f);
    for (size_t i = 0; i < OUT * IN; i++) assert_true(fabsf(d[k][i] - d[0][i]) < 1e-4f);
    for (size_t i = 0; i < IN * PANEL; i++) {
      const double s = 1 / (1 + exp(-(double)x[i]));
      assert_true(fabs((double)value[k][i] - (double)x[i] * s - (double)dy[i]) < 2e-6);
      assert_true(fabs((double)slope[k][i] - s * (1 + (double)x[i] * (1 - s))) < 2e-6);
    }
    memcpy(spare, dy, sizeof spare);
    sets[k]->silu(IN * PANEL, x, spare, spare, NULL); /* in place */
    assert_memory_equal(spare, value[k], sizeof spare);
  }
}

enum { TAIL_ROWS = 2 * PANEL, TAIL = 3 };

/* Two panels: from -12 to 12 in every coordinate but the last, which is absent in every second row. */
static void tail_case(float *w, float *mask) {
  for (size_t k = 0; k < TAIL_ROWS * TAIL; k++) {
    const size_t j = k / PANEL % TAIL, i = k / (PANEL * TAIL) * PANEL + k % PANEL;
    w[k] = (float)(j + 1) * 0.127f * ((float)i - 31.5f);
    mask[k] = j + 1 < TAIL || i % 2;
  }
}

static void tails_of_panels(const float *mask, const float *w, float *z, float *log_det) {
  for (size_t p = 0; p < 2; p++)
    floe__tails_forward(TAIL, mask + p * TAIL * PANEL, w + p * TAIL * PANEL, z + p * TAIL * PANEL, log_det + p * PANEL);
}

static void tails_are_steeper_and_invert(void **state) {
  (void)state;
  float w[TAIL_ROWS * TAIL], mask[TAIL_ROWS * TAIL], z[TAIL_ROWS * TAIL], back[TAIL_ROWS * TAIL],
      forward[TAIL_ROWS] = {0}, inverse[TAIL_ROWS] = {0};
  double log_slope[TAIL_ROWS] = {0};
  tail_case(w, mask);
  tails_of_panels(mask, w, z, forward);
  memcpy(back, z, sizeof z);
  for (size_t p = 0; p < 2; p++)
    floe__tails_inverse(TAIL, mask + p * TAIL * PANEL, back + p * TAIL * PANEL, inverse + p * PANEL);
  for (size_t k = 0; k < TAIL_ROWS * TAIL; k++) {
    const double t = fabs((double)w[k]) - 2.5, on = mask[k] != 0 && t > 0 ? t : 0, root = sqrt(1 + on * on);
    assert_true(fabs(fabs((double)z[k]) - fabs((double)w[k]) - 2 * (root - 1)) < 1e-5);
    assert_true(fabsf(back[k] - w[k]) < 1e-5f * (1 + fabsf(w[k])));
    log_slope[k / (PANEL * TAIL) * PANEL + k % PANEL] += log(1 + 2 * on / root);
  }
  for (size_t i = 0; i < TAIL_ROWS; i++)
    assert_true(fabs((double)forward[i] - log_slope[i]) < 1e-5 && fabs((double)inverse[i] - log_slope[i]) < 1e-4);
}

struct tail_target {
  const float *mask, *weight;
};

static double tail_value(void *context, const float *w) {
  const struct tail_target *t = context;
  float z[TAIL_ROWS * TAIL], log_det[TAIL_ROWS] = {0};
  tails_of_panels(t->mask, w, z, log_det);
  double sum = 0;
  for (size_t k = 0; k < TAIL_ROWS * TAIL; k++) sum += (double)t->weight[k] * (double)z[k];
  for (size_t i = 0; i < TAIL_ROWS; i++) sum += (double)log_det_weight(i) * (double)log_det[i];
  return sum;
}

static void tails_differentiate(void **state) {
  (void)state;
  float w[TAIL_ROWS * TAIL], mask[TAIL_ROWS * TAIL], weight[TAIL_ROWS * TAIL], d[TAIL_ROWS * TAIL];
  float d_log_det[TAIL_ROWS];
  tail_case(w, mask);
  normals(24, TAIL_ROWS * TAIL, weight);
  memcpy(d, weight, sizeof d);
  for (size_t i = 0; i < TAIL_ROWS; i++) d_log_det[i] = log_det_weight(i);
  for (size_t p = 0; p < 2; p++)
    floe__tails_backward(TAIL, mask + p * TAIL * PANEL, w + p * TAIL * PANEL, d_log_det + p * PANEL,
                         d + p * TAIL * PANEL);
  struct tail_target t = {mask, weight};
  const struct target f = {tail_value, &t};
  check_gradient(&f, TAIL_ROWS * TAIL, w, d, 5e-3);
}

struct flow_case {
  struct floe__flow flow;
  size_t n, used;
  float *block, *x, *z, *mask, *pre, *work, *log_det;
};

static struct flow_case flow_new(enum floe__flow_kind kind, size_t d, size_t n) {
  struct flow_case c = {.n = n};
  assert_true(floe__flow_make(&c.flow, kind, &c.used, d, 5, 16, 3, 0));
  c.block = FLOE__NEW(c.used, float);
  c.x = FLOE__NEW(n * d, float);
  c.z = FLOE__NEW(n * d, float);
  c.mask = FLOE__NEW(n * d, float);
  c.pre = FLOE__NEW(n * c.flow.n_pre, float);
  c.work = FLOE__NEW(floe__flow_work(&c.flow, n), float);
  c.log_det = FLOE__NEW(n, float);
  normals(31, c.used, c.block);
  for (size_t i = 0; i < c.used; i++)
    c.block[i] *= 0.08f; /* stronger maps amplify the rounding of z beyond the tolerances */
  normals(32, n * d, c.x);
  normals(33, n * c.flow.n_pre, c.pre);
  for (size_t i = 0; i < n * d; i++) c.mask[i] = d == 1 || i % 5 != 3;
  return c;
}

static void flow_free(struct flow_case *c) {
  floe__flow_drop(&c->flow);
  float *const blocks[] = {c->block, c->x, c->z, c->mask, c->pre, c->work, c->log_det};
  for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) floe__free(blocks[k]);
}

static struct floe__flow_rows flow_rows(const struct flow_case *c) {
  return (struct floe__flow_rows){.n = c->n, .mask = c->mask, .pre = {c->pre, c->flow.n_pre, NULL}};
}

static void invert(enum floe__flow_kind kind) {
  for (size_t d = 1; d < 6; d++) {
    struct flow_case c = flow_new(kind, d, 19);
    const struct floe__flow_rows rows = flow_rows(&c);
    float log_det[19];
    floe__flow_forward(&c.flow, c.block, &rows, c.x, c.work, c.z, c.log_det);
    for (size_t i = 0; i < 19 * d; i++)
      if (c.mask[i] == 0) assert_true(c.z[i] == c.x[i]);
    float *z = FLOE__NEW(19 * d, float);
    memcpy(z, c.z, 19 * d * sizeof(float));
    floe__flow_inverse(&c.flow, c.block, &rows, z, c.work, z, log_det);
    for (size_t i = 0; i < 19 * d; i++) assert_true(fabsf(z[i] - c.x[i]) < 2e-4f * (1 + fabsf(c.x[i])));
    for (size_t i = 0; i < 19; i++) assert_true(fabsf(log_det[i] - c.log_det[i]) < 2e-3f);
    /* what an absent coordinate holds changes nothing */
    for (size_t i = 0; i < 19 * d; i++) c.x[i] += c.mask[i] == 0 ? 5 : 0;
    floe__flow_forward(&c.flow, c.block, &rows, c.x, c.work, z, log_det);
    for (size_t i = 0; i < 19 * d; i++) assert_true(c.mask[i] == 0 || z[i] == c.z[i]);
    assert_memory_equal(log_det, c.log_det, sizeof log_det);
    floe__free(z);
    flow_free(&c);
  }
}

static void a_flow_inverts_and_leaves_absent_coordinates_alone(void **state) {
  (void)state;
  invert(FLOE__COUPLING);
  invert(FLOE__MATCHING);
  invert(FLOE__MIXING);
}

static void share_a_condition(enum floe__flow_kind kind) {
  enum { N = 45 };
  struct flow_case c = flow_new(kind, 3, N);
  float log_det[N], z[3 * N], inverse[3 * N], *copies = FLOE__NEW(N * c.flow.n_pre, float);
  for (uint32_t i = 0; i < N; i++) memcpy(copies + i * c.flow.n_pre, c.pre, c.flow.n_pre * sizeof(float));
  struct floe__flow_rows rows = flow_rows(&c);
  rows.pre.stride = 0;
  floe__flow_forward(&c.flow, c.block, &rows, c.x, c.work, c.z, c.log_det);
  floe__flow_inverse(&c.flow, c.block, &rows, c.x, c.work, inverse, NULL);
  rows.pre = (struct floe__pre){copies, c.flow.n_pre, NULL};
  floe__flow_forward(&c.flow, c.block, &rows, c.x, c.work, z, log_det);
  for (size_t i = 0; i < 3 * N; i++) assert_true(fabsf(z[i] - c.z[i]) < 1e-5f * (1 + fabsf(c.z[i])));
  for (size_t i = 0; i < N; i++) assert_true(fabsf(log_det[i] - c.log_det[i]) < 1e-5f);
  floe__flow_inverse(&c.flow, c.block, &rows, c.x, c.work, z, log_det);
  for (size_t i = 0; i < 3 * N; i++) assert_true(fabsf(z[i] - inverse[i]) < (kind == FLOE__MATCHING ? 1e-3f : 1e-5f));
  floe__free(copies);
  flow_free(&c);
}

static void rows_that_share_a_condition_need_it_once(void **state) {
  (void)state;
  share_a_condition(FLOE__COUPLING);
  share_a_condition(FLOE__MATCHING);
  share_a_condition(FLOE__MIXING);
}

static double determinant(size_t n, double *a) {
  double det = 1;
  for (size_t k = 0; k < n; k++) {
    size_t best = k;
    for (size_t i = k + 1; i < n; i++)
      if (fabs(a[i * n + k]) > fabs(a[best * n + k])) best = i;
    for (size_t j = 0; j < n && best != k; j++) {
      const double swap = a[k * n + j];
      a[k * n + j] = a[best * n + j], a[best * n + j] = swap;
    }
    det *= best == k ? a[k * n + k] : -a[k * n + k];
    for (size_t i = k + 1; i < n; i++)
      for (size_t j = n; j-- > k;) a[i * n + j] -= a[i * n + k] / a[k * n + k] * a[k * n + j];
  }
  return det;
}

static void compare_log_determinants(enum floe__flow_kind kind) {
  enum { D = 4 };
  const float h = 2e-3f;
  struct flow_case c = flow_new(kind, D, 8);
  const struct floe__flow_rows rows = flow_rows(&c);
  float up[8 * D], down[8 * D], ignored[8];
  double jacobian[8][D * D];
  for (size_t j = 0; j < D; j++) {
    for (size_t i = 0; i < 8; i++) c.x[i * D + j] += h;
    floe__flow_forward(&c.flow, c.block, &rows, c.x, c.work, up, ignored);
    for (size_t i = 0; i < 8; i++) c.x[i * D + j] -= 2 * h;
    floe__flow_forward(&c.flow, c.block, &rows, c.x, c.work, down, ignored);
    for (size_t i = 0; i < 8; i++) c.x[i * D + j] += h;
    for (size_t i = 0; i < 8; i++)
      for (size_t k = 0; k < D; k++)
        jacobian[i][k * D + j] = ((double)up[i * D + k] - down[i * D + k]) / (2 * (double)h);
  }
  floe__flow_forward(&c.flow, c.block, &rows, c.x, c.work, c.z, c.log_det);
  for (size_t i = 0; i < 8; i++)
    assert_true(fabs(log(fabs(determinant(D, jacobian[i]))) - (double)c.log_det[i]) < 2e-2);
  flow_free(&c);
}

static void the_log_determinant_is_that_of_the_jacobian(void **state) {
  (void)state;
  compare_log_determinants(FLOE__COUPLING);
  compare_log_determinants(FLOE__MATCHING);
  compare_log_determinants(FLOE__MIXING);
}

/* A member with globals, rows of unequal number, and absent coordinates. */
struct member_case {
  struct floe__member member;
  struct floe__batch batch;
  float *weights, *work, log_q[6];
};

static const float by_log_q[6] = {0.5f, 0.4f, 0.7f, 0.5f, -0.3f, 0.6f};

static double member_value(void *context, const float *block) {
  struct member_case *c = context;
  floe__member_log_q(&c->member, block, &c->batch, c->work, c->log_q);
  double sum = 0;
  for (size_t i = 0; i < c->batch.n; i++) sum += (double)by_log_q[i] * (double)c->log_q[i];
  return sum;
}

static float *random_block(uint64_t unit, size_t n) {
  float *x = FLOE__NEW(n + 1, float);
  normals(unit, n, x);
  return x;
}

/* The parts of a member that a case has; a row of 0s: none of these. */
struct member_shape {
  size_t n_row, n_global, n_local, n_item, longest;
  int in_rows;
  enum floe_reading inner, rows;
  enum floe__flow_kind posterior;
};

static void member_new(struct member_case *c, const struct member_shape *of) {
  static uint32_t n_item[6], first_row[] = {0, 3, 4, 9, 9, 11, 13}, owner[] = {0, 0, 0, 1, 2, 2, 2, 2, 2, 4, 4, 5, 5};
  const size_t n_items = of->n_item * of->longest, n_flat = 4 + (of->in_rows ? 0 : n_items);
  const size_t n_row = of->n_row + (of->in_rows ? n_items : 0), n_global = of->n_global, n_local = of->n_local;
  const struct floe__architecture shape = {.n_context = 3,
                                           .n_flat = n_flat,
                                           .n_row = n_row,
                                           .n_global = n_global,
                                           .n_local = n_local,
                                           .n_item = of->n_item,
                                           .longest = of->longest,
                                           .in_rows = of->in_rows,
                                           .inner = of->inner,
                                           .rows = of->rows,
                                           .posterior = of->posterior,
                                           .layers = 3,
                                           .width = 16,
                                           .summary = 5};
  assert_true(floe__member_make(&c->member, &shape, 5, 1));
  c->weights = FLOE__NEW(c->member.n_weight, float);
  floe__member_start(&c->member, c->weights, 5, 1);
  for (size_t i = 0; i < c->member.n_weight; i++) c->weights[i] += 0.02f * (float)((int)(i % 7) - 3);
  c->batch = (struct floe__batch){
      .n = 6, .n_row = n_row > 0 ? 13 : 0, .first_row = first_row, .owner = owner, .n_item = n_item};
  c->batch.context = random_block(51, 18);
  c->batch.flat = random_block(52, 6 * n_flat);
  c->batch.rows = random_block(53, 13 * n_row);
  for (size_t i = 0; i < 6; i++) n_item[i] = (uint32_t)(of->longest - (of->longest > 0 ? i * of->longest / 7 : 0));
  for (size_t i = 0; i < 6 && !of->in_rows; i++)
    for (size_t k = 4 + n_item[i] * of->n_item; k < n_flat; k++) c->batch.flat[i * n_flat + k] = 0;
  for (size_t r = 0; r < 13 && of->in_rows; r++)
    for (size_t k = of->n_row + n_item[owner[r]] * of->n_item; k < n_row; k++) c->batch.rows[r * n_row + k] = 0;
  c->batch.global = random_block(54, 6 * n_global);
  c->batch.global_mask = random_block(55, 6 * n_global);
  c->batch.local = random_block(56, 13 * n_local);
  c->batch.local_mask = random_block(57, 13 * n_local);
  for (size_t i = 0; i < 6 * n_global; i++) c->batch.global_mask[i] = i % 4 != 1;
  for (size_t i = 0; i < 13 * n_local; i++) c->batch.local_mask[i] = i % 6 != 2;
  c->work = FLOE__NEW(floe__member_work(&c->member, 6, 13), float);
}

static void member_free(struct member_case *c) {
  float *const blocks[] = {c->weights,           c->work,        c->batch.context,
                           c->batch.flat,        c->batch.rows,  c->batch.global,
                           c->batch.global_mask, c->batch.local, c->batch.local_mask};
  floe__member_drop(&c->member);
  for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) floe__free(blocks[k]);
}

static const struct member_shape shapes[] = {
    {3, 3, 1, 0, 0, 0, FLOE_PERCEPTRON, FLOE_DEEP_SET, FLOE__COUPLING},
    {2, 1, 2, 0, 0, 0, FLOE_PERCEPTRON, FLOE_DEEP_SET, FLOE__COUPLING},
    {0, 4, 0, 0, 0, 0, FLOE_PERCEPTRON, FLOE_DEEP_SET, FLOE__COUPLING},
    {0, 1, 0, 0, 0, 0, FLOE_PERCEPTRON, FLOE_DEEP_SET, FLOE__COUPLING},
    {2, 0, 1, 0, 0, 0, FLOE_PERCEPTRON, FLOE_DEEP_SET, FLOE__COUPLING},
    {0, 2, 0, 2, 14, 0, FLOE_GRU, FLOE_DEEP_SET, FLOE__COUPLING},
    {0, 2, 0, 2, 14, 0, FLOE_TCN, FLOE_DEEP_SET, FLOE__COUPLING},
    {0, 2, 0, 2, 9, 0, FLOE_DEEP_SET, FLOE_DEEP_SET, FLOE__COUPLING},
    {2, 2, 0, 1, 11, 0, FLOE_GRU, FLOE_DEEP_SET, FLOE__COUPLING}, /* rows, and a series outside of them */
    {2, 2, 1, 1, 11, 1, FLOE_GRU, FLOE_DEEP_SET,
     FLOE__COUPLING}, /* sets of series, whose rows have unknowns of their own */
    {0, 2, 1, 2, 9, 1, FLOE_TCN, FLOE_DEEP_SET, FLOE__COUPLING},
    {1, 2, 1, 2, 9, 1, FLOE_DEEP_SET, FLOE_DEEP_SET, FLOE__COUPLING}, /* sets of sets */
    {2, 2, 1, 0, 0, 0, FLOE_PERCEPTRON, FLOE_SET_TRANSFORMER, FLOE__COUPLING},
    {1, 2, 1, 2, 9, 1, FLOE_SET_TRANSFORMER, FLOE_SET_TRANSFORMER, FLOE__COUPLING},
    {2, 4, 3, 0, 0, 0, FLOE_PERCEPTRON, FLOE_DEEP_SET, FLOE__MIXING},
};

static void a_member_differentiates_by_its_weights(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
    struct member_case c;
    member_new(&c, &shapes[k]);
    float *gradient = FLOE__NEW(c.member.n_weight, float);
    member_value(&c, c.weights);
    floe__member_backward(&c.member, c.weights, &c.batch, c.work, by_log_q, gradient);
    struct target f = {member_value, &c};
    check_gradient(&f, c.member.n_weight, c.weights, gradient, 5e-3);
    floe__free(gradient);
    member_free(&c);
  }
}

static const struct floe__noise noise = {11, 3, 7, 0.5f};

static double perceptron_value(void *context, const float *block) {
  struct member_case *c = context;
  double sum = 0;
  floe__member_loss(&c->member, block, &c->batch, &noise, c->work, c->log_q);
  for (size_t i = 0; i < c->batch.n; i++) sum += 0.25 * (double)c->log_q[i];
  return sum;
}

static void perceptrons_differentiate_by_their_weights(void **state) {
  (void)state;
  static const struct member_shape perceptrons[] = {
      {0, 3, 0, 0, 0, 0, FLOE_PERCEPTRON, FLOE_DEEP_SET, FLOE__MATCHING},
      {2, 2, 1, 1, 5, 1, FLOE_GRU, FLOE_DEEP_SET, FLOE__MATCHING},
      {0, 3, 0, 0, 0, 0, FLOE_PERCEPTRON, FLOE_DEEP_SET, FLOE__QUANTILES},
      {2, 2, 1, 1, 5, 1, FLOE_GRU, FLOE_DEEP_SET, FLOE__QUANTILES},
      {0, 3, 0, 0, 0, 0, FLOE_PERCEPTRON, FLOE_DEEP_SET, FLOE__POINT},
      {2, 2, 1, 1, 5, 1, FLOE_GRU, FLOE_DEEP_SET, FLOE__POINT},
  };
  for (size_t k = 0; k < sizeof perceptrons / sizeof *perceptrons; k++) {
    struct member_case c;
    member_new(&c, &perceptrons[k]);
    float *gradient = FLOE__NEW(c.member.n_weight, float);
    perceptron_value(&c, c.weights);
    floe__member_loss_backward(&c.member, c.weights, &c.batch, c.work, 0.25f, gradient);
    struct target f = {perceptron_value, &c};
    check_gradient(&f, c.member.n_weight, c.weights, gradient, 5e-3);
    floe__free(gradient);
    member_free(&c);
  }
}

/* One flow of 3 coordinates, one of them absent in every third row, and its loss. */
struct head_case {
  struct floe__flow flow;
  struct floe__flow_rows rows;
  struct floe__flow_noise noise;
  float *work, *mask, *numbers; /* numbers: x, noise, by_loss, losses, draws, the condition and its derivative */
};
enum { HEAD_ROWS = 40, HEAD_N = 3, HEAD_WIDTH = 16 };

static size_t head_new(struct head_case *c, enum floe__flow_kind kind) {
  size_t used = 0;
  assert_true(floe__flow_make(&c->flow, kind, &used, HEAD_N, 2, HEAD_WIDTH, 5, 0));
  c->work = FLOE__NEW(floe__flow_work(&c->flow, HEAD_ROWS), float);
  c->mask = FLOE__NEW(HEAD_ROWS * HEAD_N, float);
  c->numbers = FLOE__NEW(HEAD_ROWS * (4 * HEAD_N + 3 + 2 * HEAD_WIDTH), float);
  normals(71, HEAD_ROWS * (4 * HEAD_N + 3 + HEAD_WIDTH), c->numbers);
  for (size_t i = 0; i < HEAD_ROWS * HEAD_N; i++) c->mask[i] = i % 9 != 4;
  float *t = c->numbers + HEAD_ROWS * 4 * HEAD_N;
  for (size_t i = 0; i < HEAD_ROWS; i++) t[i] = ((float)i + 0.5f) / HEAD_ROWS;
  c->noise =
      (struct floe__flow_noise){c->numbers + HEAD_ROWS * HEAD_N, c->numbers + HEAD_ROWS * 2 * HEAD_N, t, 0.3f, NULL};
  c->rows = (struct floe__flow_rows){
      .n = HEAD_ROWS, .mask = c->mask, .pre = {c->numbers + HEAD_ROWS * (4 * HEAD_N + 3), HEAD_WIDTH, NULL}};
  return used;
}

static void head_free(struct head_case *c) {
  floe__flow_drop(&c->flow);
  floe__free(c->work);
  floe__free(c->mask);
  floe__free(c->numbers);
}

/* n random numbers of size `size`. */
static float *head_weights(size_t n, uint64_t unit, float size) {
  float *block = FLOE__NEW(n, float);
  normals(unit, n, block);
  for (size_t i = 0; i < n; i++) block[i] *= size;
  return block;
}

static double head_value(void *context, const float *block) {
  struct head_case *c = context;
  const float *by_loss = c->numbers + HEAD_ROWS * (4 * HEAD_N + 1);
  float *loss = c->numbers + HEAD_ROWS * (4 * HEAD_N + 2);
  double sum = 0;
  floe__flow_loss(&c->flow, block, &c->rows, &c->noise, c->numbers, c->work, loss);
  for (size_t i = 0; i < HEAD_ROWS; i++) sum += (double)by_loss[i] * (double)loss[i];
  return sum;
}

static void a_consistency_model_differentiates_what_is_not_its_teacher(void **state) {
  (void)state;
  struct head_case c;
  const size_t n = head_new(&c, FLOE__ONE_STEP);
  float *block = head_weights(n, 72, 0.3f), *teacher = head_weights(n, 73, 0.3f), *gradient = FLOE__NEW(n, float);
  c.noise.teacher = teacher;
  head_value(&c, block);
  floe__flow_loss_backward(&c.flow, block, &c.rows, c.work, c.numbers + HEAD_ROWS * (4 * HEAD_N + 1),
                           c.numbers + HEAD_ROWS * (4 * HEAD_N + 3 + HEAD_WIDTH), gradient);
  struct target f = {head_value, &c};
  check_gradient(&f, n, block, gradient, 5e-3);
  floe__free(block);
  floe__free(teacher);
  floe__free(gradient);
  head_free(&c);
}

/* The lowest rung is the simulation itself, whatever the weights: that anchors what is learnt. */
static void the_lowest_rung_is_the_simulation_itself(void **state) {
  (void)state;
  struct head_case c;
  const size_t n = head_new(&c, FLOE__ONE_STEP);
  float *block = head_weights(n, 74, 1), *other = head_weights(n, 75, 1), *t = c.numbers + HEAD_ROWS * 4 * HEAD_N;
  c.noise.teacher = other;
  for (size_t i = 0; i < HEAD_ROWS; i++) t[i] = 0;
  const double one = head_value(&c, block);
  c.noise.teacher = block;
  assert_true(fabs(head_value(&c, block) - one) < 1e-3 * fabs(one)); /* the teacher's weights do not matter there */
  floe__free(block);
  floe__free(other);
  head_free(&c);
}

/* Higher normal scores give higher draws, whatever the weights; weights of zero the normal scores themselves. */
static void quantiles_never_cross(void **state) {
  (void)state;
  struct head_case c;
  const size_t n = head_new(&c, FLOE__QUANTILES);
  float *block = FLOE__NEW(n, float), *z = c.numbers, *x = c.numbers + HEAD_ROWS * HEAD_N,
        *pre = x + HEAD_ROWS * 3 * HEAD_N;
  for (size_t i = 0; i < HEAD_ROWS * HEAD_N; i++) z[i] = (float)(i / HEAD_N) * 0.25f - 5;
  for (size_t i = 0; i < HEAD_ROWS; i++) pre[i] = 1;
  c.rows.pre.stride = 0; /* all have the same condition */
  floe__flow_inverse(&c.flow, block, &c.rows, z, c.work, x, NULL);
  for (size_t i = 0; i < HEAD_ROWS * HEAD_N; i++) assert_true(fabsf(x[i] - z[i]) < 1e-4f);
  normals(76, n, block);
  floe__flow_inverse(&c.flow, block, &c.rows, z, c.work, x, NULL);
  for (size_t i = HEAD_N; i < HEAD_ROWS * HEAD_N; i++)
    assert_true(c.mask[i] == 0 || c.mask[i - HEAD_N] == 0 || x[i] >= x[i - HEAD_N]);
  floe__free(block);
  head_free(&c);
}

/* What a point is trained by is -log of the density that its draws have. */
static void a_point_inverts_and_its_loss_is_its_density(void **state) {
  (void)state;
  struct head_case c;
  const size_t n = head_new(&c, FLOE__POINT);
  float *block = head_weights(n, 77, 0.2f), *x = c.numbers, loss[HEAD_ROWS], log_det[2][HEAD_ROWS];
  float z[HEAD_ROWS * HEAD_N], again[HEAD_ROWS * HEAD_N];
  floe__flow_forward(&c.flow, block, &c.rows, x, c.work, z, log_det[0]);
  floe__flow_inverse(&c.flow, block, &c.rows, z, c.work, again, log_det[1]);
  floe__flow_loss(&c.flow, block, &c.rows, &c.noise, x, c.work, loss);
  for (size_t i = 0; i < HEAD_ROWS; i++) {
    float log_q = log_det[0][i];
    for (size_t j = i * HEAD_N; j < (i + 1) * HEAD_N; j++) {
      assert_true(fabsf(again[j] - x[j]) < 1e-4f * (1 + fabsf(x[j])));
      if (c.mask[j] != 0) log_q -= 0.5f * z[j] * z[j] + 0.918938533f;
    }
    assert_true(log_det[0][i] == log_det[1][i]);
    assert_true(fabsf(loss[i] + log_q) < 1e-4f * (1 + fabsf(log_q)));
  }
  floe__free(block);
  head_free(&c);
}

static void a_data_set_does_not_see_the_others_of_its_batch(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
    struct member_case c;
    member_new(&c, &shapes[k]);
    member_value(&c, c.weights);
    const float last = c.log_q[5];
    const struct floe__architecture *a = &c.member.shape;
    uint32_t first_row[] = {0, a->n_row > 0 ? 2 : 0}, owner[] = {0, 0}, n_item[] = {c.batch.n_item[5]};
    struct floe__batch alone = {.n = 1,
                                .n_row = first_row[1],
                                .first_row = first_row,
                                .owner = owner,
                                .n_item = n_item,
                                .context = c.batch.context + 15,
                                .flat = c.batch.flat + 5 * a->n_flat,
                                .rows = c.batch.rows + 11 * a->n_row,
                                .global = c.batch.global + 5 * a->n_global,
                                .global_mask = c.batch.global_mask + 5 * a->n_global,
                                .local = c.batch.local + 11 * a->n_local,
                                .local_mask = c.batch.local_mask + 11 * a->n_local};
    float log_q;
    floe__member_log_q(&c.member, c.weights, &alone, c.work, &log_q);
    assert_true(fabsf(log_q - last) < 1e-4f * (1 + fabsf(last)));
    member_free(&c);
  }
}

enum { BOWL = 16 };

/* A step as it is defined, and what each set of functions makes of it. */
static void sets_agree_on_a_step_of_adam(void **state) {
  (void)state;
  const struct floe__adam adam = floe__adam_step(8, 0.01, 0.1, 1.5, 3);
  const struct floe__panel_functions *sets[4];
  float start[4][BOWL], gradient[BOWL];
  for (uint64_t j = 0; j < 4; j++) normals(50 + j, BOWL, start[j]);
  normals(54, BOWL, gradient);
  gradient[3] = 0, start[2][3] = 0; /* has never moved */
  for (int i = 0; i < BOWL; i++) start[2][i] *= start[2][i];
  for (size_t k = 0, n = panel_sets(sets); k < n; k++) {
    float weight[BOWL], first[BOWL], second[BOWL], average[BOWL];
    float *const to[4] = {weight, first, second, average};
    for (size_t j = 0; j < 4; j++) memcpy(to[j], start[j], sizeof start[j]);
    sets[k]->descend(&adam, BOWL, weight, gradient, first, second, average);
    for (int i = 0; i < BOWL; i++) {
      const double g = 0.5 * (double)gradient[i], m = 0.9 * (double)start[1][i] + 0.1 * g;
      const double v = 0.999 * (double)start[2][i] + 0.001 * g * g;
      const double by = m / (1 - pow(0.9, 9)) / sqrt(v / (1 - pow(0.999, 9)) + 1e-16);
      const double w = (double)start[0][i] * (1 - 0.001) - 0.01 * by, keep = pow(10.0 / 19, 4);
      assert_true(fabs((double)first[i] - m) < 1e-6 && fabs((double)second[i] - v) < 1e-6 * (1 + v));
      assert_true(fabs((double)weight[i] - w) < 1e-6 * (1 + fabs(w) + fabs(0.01 * by)));
      assert_true(fabs((double)average[i] - keep * (double)start[3][i] - (1 - keep) * w) < 1e-5 * (1 + fabs(w)));
    }
  }
}

static void adam_finds_the_bottom_of_a_bowl(void **state) {
  (void)state;
  float weight[BOWL] = {3, -2, 1}, first[BOWL] = {0}, second[BOWL] = {0}, average[BOWL] = {0};
  for (size_t step = 0; step < 2000; step++) {
    float gradient[BOWL];
    double norm = 0;
    for (int i = 0; i < BOWL; i++)
      gradient[i] = (weight[i] - (float)i) * (float)(1 + 10 * i), norm += gradient[i] * gradient[i];
    const struct floe__adam adam =
        floe__adam_step(step, floe__adam_schedule((double)step / 2000, 0.05), 0, 1.5, sqrt(norm));
    floe__adam_update(&adam, BOWL, weight, gradient, first, second, average);
  }
  for (int i = 0; i < BOWL; i++) assert_true(fabsf(average[i] - (float)i) < 1e-3f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(elementary_functions_agree_with_libm),
      cmocka_unit_test(the_silu_slope_is_its_derivative),
      cmocka_unit_test(a_perceptron_differentiates_by_weights_and_inputs),
      cmocka_unit_test(sets_of_panel_functions_agree),
      cmocka_unit_test(a_spline_inverts_and_agrees_on_the_determinant),
      cmocka_unit_test(raw_zeros_are_the_identity),
      cmocka_unit_test(a_spline_differentiates_by_its_numbers_and_its_argument),
      cmocka_unit_test(tails_are_steeper_and_invert),
      cmocka_unit_test(tails_differentiate),
      cmocka_unit_test(a_flow_inverts_and_leaves_absent_coordinates_alone),
      cmocka_unit_test(rows_that_share_a_condition_need_it_once),
      cmocka_unit_test(the_log_determinant_is_that_of_the_jacobian),
      cmocka_unit_test(a_member_differentiates_by_its_weights),
      cmocka_unit_test(perceptrons_differentiate_by_their_weights),
      cmocka_unit_test(a_consistency_model_differentiates_what_is_not_its_teacher),
      cmocka_unit_test(the_lowest_rung_is_the_simulation_itself),
      cmocka_unit_test(quantiles_never_cross),
      cmocka_unit_test(a_point_inverts_and_its_loss_is_its_density),
      cmocka_unit_test(a_data_set_does_not_see_the_others_of_its_batch),
      cmocka_unit_test(sets_agree_on_a_step_of_adam),
      cmocka_unit_test(adam_finds_the_bottom_of_a_bowl),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
