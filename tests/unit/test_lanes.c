/* The elementary functions of <floe/lanes.h> against those of the C library in long double: by errors in units in the
 * last place, over arguments spread evenly over the numbers or their logarithms, and at the ends. Then what runs in lanes
 * against the same function for one number, bit by bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include <floe/lanes.h>

enum { N = 20000 };

static long double log1p_exp(long double x) {
  return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
}

static long double inv_logit(long double x) {
  return x > 0 ? 1 / (1 + expl(-x)) : expl(x) / (1 + expl(x));
}

/* Arguments from a to b; of one sign and far apart: evenly by their logarithms. */
static double argument(size_t k, double a, double b) {
  const double share = fmod(0.6180339887498949 * (double)(k + 1), 1);
  const double log_a = log(fabs(a)), log_b = log(fabs(b));
  if (a * b > 0 && fabs(log_a - log_b) > 20) return copysign(exp(log_a + share * (log_b - log_a)), a);
  return a + share * (b - a);
}

#define HOLDS(lane, exact, a, b, most)                                                                                 \
  do {                                                                                                                 \
    for (size_t k = 0; k < N; k++) {                                                                                   \
      const double x = argument(k, a, b), y = lane(x);                                                                 \
      const long double z = exact((long double)x);                                                                     \
      const double unit = nextafter(fabs((double)z), INFINITY) - fabs((double)z);                                      \
      if (fabsl(z) < 0x1p-1022L) continue;                                                                             \
      if (!(fabsl((long double)y - z) <= (most)*unit)) fail_msg(#lane "(%.17g) = %.17g, not %.17Lg", x, y, z);         \
    }                                                                                                                  \
  } while (0)

static void errors_are_below_the_stated_units_in_the_last_place(void **state) {
  (void)state;
  HOLDS(floe_lane_exp, expl, -708, 709.7, 1);
  HOLDS(floe_lane_exp, expl, -1, 1, 1);
  HOLDS(floe_lane_exp, expl, 1e-300, 1e-3, 1);
  HOLDS(floe_lane_log, logl, 1e-310, 1e308, 1);
  HOLDS(floe_lane_log, logl, 0.5, 2, 1);
  HOLDS(floe_lane_log1p_to_1, log1pl, 1e-20, 1, 2);
  HOLDS(floe_lane_log1p_to_1, log1pl, 0, 1, 2);
  HOLDS(floe_lane_log1p, log1pl, 1e-20, 1e20, 2);
  HOLDS(floe_lane_log1p, log1pl, -0.999, 2, 2);
  HOLDS(floe_lane_log1p, log1pl, -1e-20, -0.9, 2);
  HOLDS(floe_lane_log1p_exp, log1p_exp, -700, 700, 2);
  HOLDS(floe_lane_log1p_exp, log1p_exp, -4, 4, 2);
  HOLDS(floe_lane_inv_logit, inv_logit, -700, 700, 3);
  HOLDS(floe_lane_inv_logit, inv_logit, -4, 4, 3);
}

static void at_the_ends_they_are_as_the_library_has_them(void **state) {
  (void)state;
  assert_true(floe_lane_number(0) == 0 && floe_lane_number(7) == 7 && floe_lane_number(0xfffffffffffff) == 0x1p52 - 1);
  assert_true(floe_lane_exp(0) == 1 && floe_lane_exp(-INFINITY) == 0 && isinf(floe_lane_exp(INFINITY)));
  assert_true(isinf(floe_lane_exp(710)) && floe_lane_exp(-746) == 0 && floe_lane_exp(-745) == exp(-745));
  assert_true(isnan(floe_lane_exp(NAN)) && isnan(floe_lane_log(NAN)) && isnan(floe_lane_log1p(NAN)));
  assert_true(floe_lane_log(0) == -INFINITY && floe_lane_log(-0.0) == -INFINITY && isnan(floe_lane_log(-1)));
  assert_true(floe_lane_log(1) == 0 && floe_lane_log(INFINITY) == INFINITY && isnan(floe_lane_log(-INFINITY)));
  assert_true(floe_lane_log1p(0) == 0 && floe_lane_log1p(-1) == -INFINITY && isnan(floe_lane_log1p(-2)));
  assert_true(floe_lane_log1p(INFINITY) == INFINITY && floe_lane_log1p(1e-320) == 1e-320);
  assert_true(floe_lane_log1p_exp(INFINITY) == INFINITY && floe_lane_log1p_exp(-INFINITY) == 0);
  assert_true(isnan(floe_lane_log1p_exp(NAN)) && isnan(floe_lane_inv_logit(NAN)));
  assert_true(floe_lane_inv_logit(INFINITY) == 1 && floe_lane_inv_logit(-INFINITY) == 0);
  assert_true(floe_lane_inv_logit(0) == 0.5);
  assert_true(floe_lane_xlogy(0, 0) == 0 && floe_lane_xlogy(0, NAN) == 0 && floe_lane_xlogy(2, 0) == -INFINITY);
  assert_true(floe_lane_xlog1py(0, -1) == 0 && floe_lane_xlog1py(1, -1) == -INFINITY);
}

/* ---- in lanes ---- */

#if defined __x86_64__

/* Ends first, then numbers from -40 to 40. */
static double any_argument(size_t k) {
  static const double ends[] = {0,    -0.0,    1,         -1,        INFINITY, -INFINITY, NAN,    710,
                                -746, 0x1p-60, 0x1p-1022, 0x1p-1074, 1e308,    -1e308,    -740.5, 0.41421356237309503};
  const size_t n = sizeof ends / sizeof *ends;
  return k < n ? ends[k] : argument(k, -40, 40);
}

static void assert_same_bits(const char *symbol, double x, double in_lanes, double alone) {
  if (memcmp(&in_lanes, &alone, sizeof alone) && !(isnan(in_lanes) && isnan(alone)))
    fail_msg("%s(%a) = %a, alone %a", symbol, x, in_lanes, alone);
}

/* The prototypes say what the vector function ABI does: one vector in, one out. */
#define AGREES(symbol, alone, n, set)                                                                                  \
  typedef double type_##symbol __attribute__((vector_size(8 * n)));                                                    \
  __attribute__((target(set))) type_##symbol symbol(type_##symbol x);                                                  \
  __attribute__((target(set))) static void symbol##_agrees(void) {                                                     \
    for (size_t k = 0; k < 2000; k += n) {                                                                             \
      double x[n], y[n];                                                                                               \
      for (size_t i = 0; i < n; i++) x[i] = any_argument(k + i);                                                       \
      type_##symbol lanes;                                                                                             \
      memcpy(&lanes, x, sizeof lanes);                                                                                 \
      lanes = symbol(lanes);                                                                                           \
      memcpy(y, &lanes, sizeof lanes);                                                                                 \
      for (size_t i = 0; i < n; i++) assert_same_bits(#symbol, x[i], y[i], alone(x[i]));                               \
    }                                                                                                                  \
  }

#define ALL_AGREE(prefix, suffix, n, set)                                                                              \
  AGREES(prefix##floe_lane_exp##suffix, one_exp##suffix, n, set)                                                       \
  AGREES(prefix##floe_lane_log##suffix, one_log##suffix, n, set)                                                       \
  AGREES(prefix##floe_lane_log1p_to_1##suffix, one_log1p_to_1##suffix, n, set)

#define CHECK(prefix, suffix)                                                                                          \
  do {                                                                                                                 \
    prefix##floe_lane_exp##suffix##_agrees();                                                                          \
    prefix##floe_lane_log##suffix##_agrees();                                                                          \
    prefix##floe_lane_log1p_to_1##suffix##_agrees();                                                                   \
  } while (0)

double one_exp(double x) __asm__("floe_lane_exp");
double one_log(double x) __asm__("floe_lane_log");
double one_log1p_to_1(double x) __asm__("floe_lane_log1p_to_1");
double one_exp_fma(double x) __asm__("floe_lane_exp_fma");
double one_log_fma(double x) __asm__("floe_lane_log_fma");
double one_log1p_to_1_fma(double x) __asm__("floe_lane_log1p_to_1_fma");

ALL_AGREE(_ZGVbN2v_, , 2, "sse2")
ALL_AGREE(_ZGVcN4v_, , 4, "avx")
ALL_AGREE(_ZGVbN2v_, _fma, 2, "avx,fma")
ALL_AGREE(_ZGVcN4v_, _fma, 4, "avx,fma")
ALL_AGREE(_ZGVdN4v_, _fma, 4, "avx2,fma")
ALL_AGREE(_ZGVeN8v_, _fma, 8, "avx512f,avx2,fma")

static void in_lanes_the_bits_are_those_of_one_number(void **state) {
  (void)state;
  CHECK(_ZGVbN2v_, );
  if (__builtin_cpu_supports("avx")) CHECK(_ZGVcN4v_, );
  if (!__builtin_cpu_supports("fma")) return;
  CHECK(_ZGVbN2v_, _fma);
  CHECK(_ZGVcN4v_, _fma);
  if (__builtin_cpu_supports("avx2")) CHECK(_ZGVdN4v_, _fma);
  if (__builtin_cpu_supports("avx512f")) CHECK(_ZGVeN8v_, _fma);
}

static void errors_hold_with_fused_multiplication_too(void **state) {
  (void)state;
  if (!__builtin_cpu_supports("fma")) return;
  HOLDS(one_exp_fma, expl, -708, 709.7, 1);
  HOLDS(one_exp_fma, expl, -1, 1, 1);
  HOLDS(one_log_fma, logl, 1e-310, 1e308, 1);
  HOLDS(one_log_fma, logl, 0.5, 2, 1);
  HOLDS(one_log1p_to_1_fma, log1pl, 1e-20, 1, 2);
}

#else

static void in_lanes_the_bits_are_those_of_one_number(void **state) {
  (void)state; /* the library has nothing in lanes here */
}

static void errors_hold_with_fused_multiplication_too(void **state) {
  (void)state;
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors_are_below_the_stated_units_in_the_last_place),
      cmocka_unit_test(at_the_ends_they_are_as_the_library_has_them),
      cmocka_unit_test(in_lanes_the_bits_are_those_of_one_number),
      cmocka_unit_test(errors_hold_with_fused_multiplication_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
