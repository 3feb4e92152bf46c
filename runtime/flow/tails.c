#include "runtime/flow/tails.h"

#include "runtime/nn/elementary.h"

static const float calm = 2.5f, steep = 2;

/* How far a coordinate of size |w| lies beyond the calm middle; 0 within, and where it is absent. */
FLOE__INLINE float beyond(float size, float mask) {
  const float t = size > calm ? size - calm : 0;
  return mask != 0 ? t : 0;
}

void floe__tails_forward(size_t n, size_t d, const float *mask, const float *w, float *z, float *log_det) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = i * d; k < (i + 1) * d; k++) {
      const float t = beyond(w[k] < 0 ? -w[k] : w[k], mask[k]), root = __builtin_sqrtf(1 + t * t);
      const float more = steep * (root - 1);
      z[k] = w[k] < 0 ? w[k] - more : w[k] + more;
      if (t > 0) log_det[i] += floe__log(1 + steep * t / root);
    }
}

/* With r = z - calm + steep: (r - t)^2 = steep^2 (1 + t^2), whose root in 0 .. r is
 * t = (steep sqrt(r^2 - e) - r) / e, e = steep^2 - 1; written so that nothing cancels near t = 0. Absent:
 * r = steep, t = 0. */
void floe__tails_inverse(size_t n, size_t d, const float *mask, float *z, float *log_det) {
  const float e = steep * steep - 1;
  for (size_t i = 0; i < n; i++)
    for (size_t k = i * d; k < (i + 1) * d; k++) {
      const float s = beyond(z[k] < 0 ? -z[k] : z[k], mask[k]), r = s + steep;
      const float t = s * (r + steep) / (steep * __builtin_sqrtf(r * r - e) + r), less = s - t;
      if (s > 0) log_det[i] += floe__log(1 + steep * t / __builtin_sqrtf(1 + t * t));
      z[k] = z[k] < 0 ? z[k] + less : z[k] - less;
    }
}

void floe__tails_backward(size_t n, size_t d, const float *mask, const float *w, const float *d_log_det, float *dz) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = i * d; k < (i + 1) * d; k++) {
      const float t = beyond(w[k] < 0 ? -w[k] : w[k], mask[k]);
      if (!(t > 0)) continue;
      const float square = 1 + t * t, root = __builtin_sqrtf(square), slope = 1 + steep * t / root;
      const float bend = steep / (square * root) / slope;
      dz[k] = dz[k] * slope + d_log_det[i] * (w[k] < 0 ? -bend : bend);
    }
}
