#include "runtime/mcmc/centring.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

enum {
  STEPS = 8,      /* centrings that are tried: 0, 1/8, ..., 1 */
  MIN_DRAWS = 10, /* as for a metric */
  MAX_DRAWS = 250 /* of a window that are looked at */
};
static const double least_gain = 0.03; /* nats */

/* What is known of one coordinate: sums over draws, from the first draw on. */
struct spread {
  bool open; /* it has a scale in all draws */
  double log_scale;
  double first[STEPS + 1], sum[STEPS + 1], square[STEPS + 1];
};

struct floe__centring {
  struct spread *spread;                /* (n) */
  double *values, *log_scales, *chosen; /* (n_value), (n_coordinate) */
  double *residual, *number, *whole;    /* (n) coordinates at centring 0 and 1; (n_coordinate) ones */
};

struct floe__centring *floe__centring_new(const struct floe__target *target, bool *needed) {
  const struct floe_layout *layout = target->context.layout;
  *needed = layout->model->log_scale != NULL;
  struct floe__centring *centring = *needed ? FLOE__NEW(1, struct floe__centring) : NULL;
  if (!centring) return NULL;
  centring->spread = FLOE__NEW(target->n, struct spread);
  centring->values = FLOE__NEW(layout->n_value + 1, double);
  centring->log_scales = FLOE__NEW(layout->n_coordinate + 1, double);
  centring->chosen = FLOE__NEW(layout->n_coordinate + 1, double);
  centring->whole = FLOE__NEW(layout->n_coordinate + 1, double);
  centring->residual = FLOE__NEW(target->n, double);
  centring->number = FLOE__NEW(target->n, double);
  if (centring->spread && centring->values && centring->log_scales && centring->chosen && centring->whole &&
      centring->residual && centring->number) {
    for (size_t k = 0; k < layout->n_coordinate; k++) centring->whole[k] = 1;
    return centring;
  }
  floe__centring_free(centring);
  return NULL;
}

void floe__centring_free(struct floe__centring *centring) {
  if (!centring) return;
  floe__free(centring->spread);
  floe__free(centring->values);
  floe__free(centring->log_scales);
  floe__free(centring->chosen);
  floe__free(centring->whole);
  floe__free(centring->residual);
  floe__free(centring->number);
  floe__free(centring);
}

/* u_c at all centrings: u_0 = z, then c grows by 1 / STEPS and the scale's power with it. */
static void add_coordinate(struct spread *spread, double log_scale, double z, double x, bool first) {
  const double root = exp(log_scale / STEPS), location = x - exp(log_scale) * z;
  double scaled = z;
  spread->log_scale += log_scale;
  for (size_t c = 0; c <= STEPS; c++, scaled *= root) {
    const double u = location * (double)c / STEPS + scaled;
    if (first) spread->first[c] = u;
    const double change = u - spread->first[c];
    spread->sum[c] += change;
    spread->square[c] += change * change;
  }
}

static void add_draw(struct floe__centring *centring, struct floe__target *target, const double *position, bool first) {
  floe__target_values(target, position, centring->values);
  floe__target_log_scales(target, centring->values, centring->log_scales);
  floe__target_from_values(target, centring->values, NULL, centring->residual);
  floe__target_from_values(target, centring->values, centring->whole, centring->number);
  for (size_t k = 0; k < target->n; k++) {
    struct spread *spread = &centring->spread[k];
    const double log_scale = centring->log_scales[target->place[k]];
    if (first) *spread = (struct spread){.open = true};
    spread->open = spread->open && isfinite(log_scale);
    if (spread->open) add_coordinate(spread, log_scale, centring->residual[k], centring->number[k], first);
  }
}

/* Up to what all centrings have in common; NaN where the draws do not vary. */
static double divergence(const struct spread *spread, size_t count, size_t c) {
  const double n = (double)count, mean = spread->sum[c] / n, variance = spread->square[c] / n - mean * mean;
  if (!(variance > 0) || !isfinite(variance)) return NAN;
  return 0.5 * log(variance) - (double)c / STEPS * spread->log_scale / n;
}

/* The best centring: 0, the present one and any other need to gain ever more, the less is known the more. */
static double best(const struct spread *spread, size_t count, double present) {
  const size_t now = (size_t)(present * STEPS + 0.5);
  size_t chosen = now;
  double least = INFINITY;
  for (size_t c = 0; c <= STEPS; c++) {
    const double effort = (c != 0) + (c != now);
    const double there = divergence(spread, count, c) + effort * (least_gain + 1 / (double)count);
    if (there < least) least = there, chosen = c;
  }
  return (double)chosen / STEPS;
}

bool floe__centring_choose(struct floe__centring *centring, struct floe__target *target, struct floe__window *window,
                           const double **chosen) {
  const size_t in_window = floe__window_count(window), stride = (in_window + MAX_DRAWS - 1) / MAX_DRAWS;
  size_t count = 0;
  bool changes = false;
  if (in_window < MIN_DRAWS) return false;
  for (size_t d = 0; d < in_window; d += stride)
    add_draw(centring, target, floe__window_position(window, d), count++ == 0);
  for (size_t k = 0; k < target->n; k++) {
    const double now = target->centring[target->place[k]];
    const double then = centring->spread[k].open ? best(&centring->spread[k], count, now) : now;
    centring->chosen[target->place[k]] = then;
    changes = changes || then != now;
  }
  *chosen = centring->chosen;
  return changes;
}

static void move(struct floe__centring *centring, struct floe__target *target, const double *chosen, double *position) {
  floe__target_values(target, position, centring->values);
  floe__target_log_scales(target, centring->values, centring->log_scales);
  floe__target_from_values(target, centring->values, chosen, centring->residual);
  for (size_t k = 0; k < target->n; k++)
    if (isfinite(centring->log_scales[target->place[k]])) position[k] = centring->residual[k];
}

void floe__recentre(struct floe__centring *centring, struct floe__target *target, const double *chosen,
                    struct floe__window *window, size_t n_position, double *positions) {
  const size_t count = floe__window_count(window);
  const struct floe__density density = floe__target_density(target);
  for (size_t d = 0; d < count; d++) move(centring, target, chosen, floe__window_position(window, d));
  for (size_t c = 0; c < n_position; c++) move(centring, target, chosen, positions + c * target->n);
  floe__target_centre(target, chosen);
  for (size_t d = 0; d < count; d++)
    (void)density.evaluate(target, floe__window_position(window, d), floe__window_gradient(window, d));
}
