#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/stop.h"
#include "runtime/nn/adam.h"
#include "runtime/train/consistency.h"
#include "runtime/train/trainer.h"

/* Evaluations of an attempt, and how many may pass without a better one: where simulations are repeated, where all are
 * fresh, and in attempts but the first, whose rate falls early. */
enum { EVALUATIONS = 25, PATIENCE_REPEATED = 5, PATIENCE = 8, PATIENCE_AGAIN = 12 };

/* How far training is: by steps or, where a time is set, by whichever is further. */
static double fraction_done(const struct floe__trainer *t, double elapsed) {
  const double by_steps = (double)(t->step - t->first_step) / (double)t->n_step;
  const double by_time = t->options->seconds > 0 ? elapsed / t->options->seconds : 0;
  return by_steps > by_time ? by_steps : by_time;
}

static void tell(const struct floe__trainer *t, double fraction, double elapsed) {
  char text[128];
  const struct floe_network *network = t->network;
  const double validation = network->n_point ? network->curve[network->n_point - 1].validation : NAN;
  snprintf(text, sizeof text, "loss %.3f, held out %.3f, %zu simulations, %.0f s left",
           t->n_summed ? t->summed / (double)t->n_summed : NAN, validation, network->simulations,
           fraction > 0 ? elapsed * (1 - fraction) / fraction : NAN);
  floe__progress(t->progress, fraction, text);
}

static floe_status interrupted(const struct floe__trainer *t, struct floe_error *error) {
  if (!t->options->checkpoint) return floe__fail(error, FLOE_EINTERRUPTED, "", "", "training was interrupted");
  const floe_status status = floe__checkpoint_write(t, error);
  if (status) return status;
  return floe__fail(error, FLOE_EINTERRUPTED, "", "run the same command again to go on from there",
                    "training was interrupted after %.0f%% and can be resumed",
                    100.0 * (double)(t->step - t->first_step) / (double)t->n_step);
}

/* Held-out losses stopped improving. Attempts but the first start behind the best: those that do not get that far are
 * left to the end. */
static bool is_stale(const struct floe__trainer *t) {
  if (t->attempt > 0) return t->n_improved > 0 && t->n_stale >= PATIENCE_AGAIN;
  return t->n_stale >= (floe__trainer_repeats(t) ? PATIENCE_REPEATED : PATIENCE);
}

/* Until the steps or the time are used up, or held-out losses stopped improving. step_before, begun: what a resumed
 * checkpoint or another attempt had done, and the time since. */
static floe_status learn(struct floe__trainer *t, double started, struct floe_error *error) {
  size_t step_before = t->step;
  double begun = started;
  for (;;) {
    const double elapsed = floe__clock() - started;
    double fraction = fraction_done(t, elapsed);
    if (is_stale(t) || fraction >= 1) {
      if (!is_stale(t) || t->options->seconds > 0 || !floe__trainer_again(t)) break;
      step_before = t->step;
      begun = floe__clock();
      fraction = 0;
    }
    const floe_status status = floe__trainer_fill(t, error);
    if (status) return status == FLOE_EINTERRUPTED ? interrupted(t, error) : status;
    floe__trainer_step(t, floe__adam_schedule(fraction, t->settings.rate), fraction);
    const double now = (double)(t->step - t->first_step) / (double)t->n_step;
    const double here = (double)(t->step - step_before) / (double)t->n_step, since = floe__clock() - begun;
    tell(t, now, here > 0 ? since * now / here : since);
    if (fraction_done(t, elapsed) * EVALUATIONS >= (double)(t->n_evaluation + 1)) {
      t->n_evaluation++;
      t->n_stale = floe__trainer_evaluate(t) ? 0 : t->n_stale + 1;
      const floe_status written = t->options->checkpoint ? floe__checkpoint_write(t, error) : FLOE_OK;
      if (written) return written;
    }
    if (floe__stop_requested()) return interrupted(t, error);
  }
  if (t->n_summed > 0) floe__trainer_evaluate(t);
  return FLOE_OK;
}

static floe_status train(struct floe__trainer *t, struct floe_error *error) {
  const double started = floe__clock();
  floe__progress(t->progress, 0, "simulating");
  floe_status status = floe__trainer_start(t, error);
  if (!status) status = learn(t, started, error);
  if (!status && !isfinite(t->network->loss))
    status = floe__fail(error, FLOE_ENUMERIC, "",
                        "try a smaller `rate`, or look at the prior predictive draws with `simulate`",
                        "training diverged: the network never had a finite held-out loss");
  if (!status) status = floe__trainer_stack(t, error);
  if (!status) status = floe__trainer_distances(t, error);
  if (!status) {
    t->network->seconds = floe__clock() - started;
    if (t->options->checkpoint) unlink(t->options->checkpoint); /* it may never have been written */
    floe__progress(t->progress, 1, "trained");
  }
  return status;
}

/* A setting by which training uses the density: `usual` where the spec does not say. */
static floe_status settle(const struct floe__trainer *t, const char *name, size_t usual, size_t *setting,
                          struct floe_error *error) {
  const int possible = t->model->log_density && !t->model->no_density,
            regresses = floe__flow_is_perceptron(t->settings.posterior);
  char fix[80];
  if (*setting == FLOE__UNSET) *setting = regresses || !possible ? 0 : usual;
  if (*setting == 0 || (possible && !regresses)) return FLOE_OK;
  snprintf(fix, sizeof fix, "leave `%s` out, or set it `off`", name);
  if (regresses)
    return floe__fail(error, FLOE_ESPEC, "network", fix, "`posterior = %s` learns from simulations alone, not by `%s`",
                      floe__posterior_word(t->settings.posterior), name);
  return floe__fail(error, FLOE_ESPEC, "network", fix,
                    "the network cannot learn from a density that the model does not have%s%.200s",
                    t->model->no_density ? ": " : "", t->model->no_density ? t->model->no_density : "");
}

static floe_status settle_density(struct floe__trainer *t, struct floe_error *error) {
  const size_t draws = floe__consistency_draws(t->model, t->options);
  const floe_status status = settle(t, "consistency", draws, &t->settings.consistency, error);
  return status ? status : settle(t, "rejuvenation", 1, &t->settings.rejuvenation, error);
}

floe_status floe_network_train(const struct floe_model *model, const struct floe_network_options *options,
                               const struct floe_progress *progress, struct floe_network **network,
                               struct floe_error *error) {
  struct floe__trainer t = {.model = model, .options = options, .progress = progress};
  *network = NULL;
  t.n_thread = options->n_thread > 0 ? options->n_thread : 1;
  floe_status status = floe__settings_read(model, &t.settings, error);
  if (status) return status;
  if (options->simulations > 0) t.settings.simulations = options->simulations < 256 ? 256 : options->simulations;
  if (!status) status = settle_density(&t, error);
  if (!status) status = train(&t, error);
  if (!status) {
    *network = t.network;
    t.network = NULL;
  }
  floe__trainer_drop(&t);
  return status;
}
