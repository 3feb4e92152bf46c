/* assertions.h: comparisons of doubles for cmocka tests. */
#ifndef FLOE_TESTS_ASSERTIONS_H
#define FLOE_TESTS_ASSERTIONS_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <math.h>

static inline void check_near(double actual, double expected, double tolerance, const char *what, const char *file,
                              int line) {
  if (fabs(actual - expected) <= tolerance || actual == expected) return;
  print_error("%s is %.15g, expected %.15g within %.3g\n", what, actual, expected, tolerance);
  _fail(file, line);
}

#define assert_near(actual, expected, tolerance)                                                                       \
  check_near((actual), (expected), (tolerance), #actual, __FILE__, __LINE__)

#endif
