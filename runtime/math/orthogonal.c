#include "runtime/math/orthogonal.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

static double dot(size_t n, const double *x, const double *y) {
  double sum[4] = {0};
  size_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (size_t k = 0; k < 4; k++) sum[k] += x[i + k] * y[i + k];
  for (; i < n; i++) sum[0] += x[i] * y[i];
  return sum[0] + sum[1] + (sum[2] + sum[3]);
}

/* Turns two rows so that they are orthogonal. False where they were. */
static bool rotate(size_t n, double *restrict x, double *restrict y) {
  const double xx = dot(n, x, x), yy = dot(n, y, y), xy = dot(n, x, y);
  if (!(fabs(xy) > 4 * DBL_EPSILON * sqrt(xx * yy))) return false;
  const double ratio = (yy - xx) / (2 * xy);
  const double tangent = copysign(1, ratio) / (fabs(ratio) + sqrt(1 + ratio * ratio));
  const double cosine = 1 / sqrt(1 + tangent * tangent), sine = cosine * tangent;
  for (size_t i = 0; i < n; i++) {
    const double before = x[i];
    x[i] = cosine * before - sine * y[i];
    y[i] = sine * before + cosine * y[i];
  }
  return true;
}

void floe__orthogonalise_rows(size_t m, size_t n, double *a) {
  bool turned = true;
  for (int sweep = 0; turned && sweep < 30; sweep++) {
    turned = false;
    for (size_t p = 0; p + 1 < m; p++)
      for (size_t q = p + 1; q < m; q++)
        if (rotate(n, a + p * n, a + q * n)) turned = true;
  }
}

size_t floe__orthonormal_rows(size_t m, size_t n, double *a) {
  size_t kept = 0;
  for (size_t k = 0; k < m; k++) {
    double *row = a + kept * n;
    memmove(row, a + k * n, n * sizeof *row);
    const double before = dot(n, row, row);
    for (int pass = 0; pass < 2; pass++)
      for (size_t j = 0; j < kept; j++) {
        const double *other = a + j * n, share = dot(n, row, other);
        for (size_t i = 0; i < n; i++) row[i] -= share * other[i];
      }
    const double left = dot(n, row, row);
    if (!(left > 1e-20 * before) || !(left < INFINITY)) continue;
    const double length = sqrt(left);
    for (size_t i = 0; i < n; i++) row[i] /= length;
    kept++;
  }
  return kept;
}
