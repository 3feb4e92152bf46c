#include "runtime/mcmc/adapt.h"

#include <math.h>

void floe__dual_averaging_start(struct floe__dual_averaging *state, double target, double step_size) {
  state->target = target;
  state->centre = log(10 * step_size);
  state->error = state->log_mean = state->count = 0;
}

double floe__dual_averaging_learn(struct floe__dual_averaging *state, double accept) {
  const double gain = 0.05, delay = 10, decay = 0.75;
  state->count++;
  if (!(accept <= 1)) accept = accept > 1 ? 1 : 0;
  const double share = 1 / (state->count + delay);
  state->error += share * (state->target - accept - state->error);
  const double log_step = state->centre - state->error * sqrt(state->count) / gain;
  state->log_mean += pow(state->count, -decay) * (log_step - state->log_mean);
  return exp(log_step);
}

double floe__dual_averaging_end(const struct floe__dual_averaging *state) {
  return exp(state->log_mean);
}

void floe__windows_start(struct floe__windows *windows, size_t warmup) {
  struct floe__windows plan = {.warmup = warmup, .initial = 30, .final = warmup / 8, .base = 20};
  plan.final = plan.final < 50 ? 50 : plan.final;
  if (warmup < 20)
    plan.initial = warmup, plan.final = 0, plan.base = 0;
  else if (warmup < 150) {
    plan.initial = (size_t)(0.15 * (double)warmup);
    plan.final = (size_t)(0.1 * (double)warmup);
    plan.base = warmup - plan.initial - plan.final;
  }
  plan.length = plan.base;
  plan.end = plan.initial + plan.length;
  *windows = plan;
}

bool floe__windows_collect(const struct floe__windows *windows, size_t iteration) {
  return windows->base > 0 && iteration >= windows->initial && iteration + windows->final < windows->warmup;
}

bool floe__windows_close(struct floe__windows *windows, size_t iteration) {
  if (!windows->base || iteration + 1 != windows->end) return false;
  const size_t last = windows->warmup - windows->final;
  if (windows->end == last) return true;
  windows->length *= 2;
  /* A window that would leave less than twice its length behind it takes the rest as well. */
  windows->end = windows->end + 3 * windows->length > last ? last : windows->end + windows->length;
  return true;
}
