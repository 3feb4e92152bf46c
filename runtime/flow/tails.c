#include "runtime/flow/tails.h"

#include "runtime/nn/elementary.h"
#include "runtime/nn/panel.h"

enum { PANEL = FLOE__PANEL };
static const float calm = 2.5f, steep = 2;

/* How far a coordinate of size |w| lies beyond the calm middle; 0 within, and where it is absent. */
FLOE__INLINE float beyond(float size, float mask) {
  const float t = size > calm ? size - calm : 0;
  return mask != 0 ? t : 0;
}

FLOE__FOR_EACH_CPU void floe__tails_forward(size_t d, const float *mask, const float *w, float *z, float *log_det) {
  for (size_t j = 0; j < d; j++, mask += PANEL, w += PANEL, z += PANEL)
    for (int r = 0; r < PANEL; r++) {
      const float t = beyond(w[r] < 0 ? -w[r] : w[r], mask[r]), root = __builtin_sqrtf(1 + t * t);
      const float more = steep * (root - 1);
      z[r] = w[r] < 0 ? w[r] - more : w[r] + more;
      log_det[r] += floe__log(1 + steep * t / root);
    }
}

/* With r = z - calm + steep: (r - t)^2 = steep^2 (1 + t^2), whose root in 0 .. r is
 * t = (steep sqrt(r^2 - e) - r) / e, e = steep^2 - 1; written so that nothing cancels near t = 0. Absent:
 * r = steep, t = 0. */
FLOE__FOR_EACH_CPU void floe__tails_inverse(size_t d, const float *mask, float *z, float *log_det) {
  const float e = steep * steep - 1;
  for (size_t j = 0; j < d; j++, mask += PANEL, z += PANEL)
    for (int k = 0; k < PANEL; k++) {
      const float s = beyond(z[k] < 0 ? -z[k] : z[k], mask[k]), r = s + steep;
      const float t = s * (r + steep) / (steep * __builtin_sqrtf(r * r - e) + r), less = s - t;
      log_det[k] += floe__log(1 + steep * t / __builtin_sqrtf(1 + t * t));
      z[k] = z[k] < 0 ? z[k] + less : z[k] - less;
    }
}

FLOE__FOR_EACH_CPU void floe__tails_backward(size_t d, const float *mask, const float *w, const float *d_log_det,
                                             float *dz) {
  for (size_t j = 0; j < d; j++, mask += PANEL, w += PANEL, dz += PANEL)
    for (int r = 0; r < PANEL; r++) {
      const float t = beyond(w[r] < 0 ? -w[r] : w[r], mask[r]);
      const float square = 1 + t * t, root = __builtin_sqrtf(square), slope = 1 + steep * t / root;
      const float bend = t > 0 ? steep / (square * root) / slope : 0;
      dz[r] = dz[r] * slope + d_log_det[r] * (w[r] < 0 ? -bend : bend);
    }
}
