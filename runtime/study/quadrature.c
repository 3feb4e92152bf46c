#include "runtime/study/quadrature.h"

#include <math.h>

enum { DEPTH = 14 };

static double simpson(const struct integrand *f, double a, double b, double fa, double fm, double fb, int depth,
                      double *rough) {
  const double h = b - a, left = f->value(f->about, a + 0.25 * h), right = f->value(f->about, a + 0.75 * h);
  const double whole = h / 6 * (fa + 4 * fm + fb), halves = h / 12 * (fa + 4 * left + 2 * fm + 4 * right + fb);
  const double difference = fabs(halves - whole);
  if (difference < 2e-5) return halves;
  if (depth == 0) {
    *rough += difference;
    return halves;
  }
  return simpson(f, a, a + 0.5 * h, fa, left, fm, depth - 1, rough) +
         simpson(f, a + 0.5 * h, b, fm, right, fb, depth - 1, rough);
}

double study_integral(const struct integrand *f, double a, double b, double *rough) {
  return simpson(f, a, b, f->value(f->about, a), f->value(f->about, 0.5 * (a + b)), f->value(f->about, b), DEPTH,
                 rough);
}
