/* Stacking: the members' weights w maximise mean_n log sum_k w_k q_k(theta_n | y_n) over held-out simulations. The
 * maximum is found by EM, w_k <- w_k mean_n [q_k / sum_j w_j q_j], which never lowers it (Yao, Regaldo-Saint Blancard,
 * Domke, "Simulation-based stacking", AISTATS 2024). The held-out set is a sample: weights start equal, and are drawn
 * towards equal ones as by one more simulation of which each member is equally sure. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "runtime/train/trainer.h"

enum { STEPS = 500 };

struct held_out {
  struct floe__trainer *trainer;
  size_t n;
  float *log_q; /* (n_member, n) */
};

static void read_block(void *context, size_t k, size_t thread) {
  const struct held_out *h = context;
  struct floe__trainer *t = h->trainer;
  const size_t blocks = (h->n + t->chunk - 1) / t->chunk, m = k / blocks, first = k % blocks * t->chunk;
  const size_t n = first + t->chunk < h->n ? t->chunk : h->n - first;
  const struct floe__batch b = floe__trainer_batch(t, &t->held_out, NULL, first, n, thread);
  floe__member_log_q(&t->network->members[m], t->network->weights[m], &b, t->work + thread * t->n_work,
                     h->log_q + m * h->n + first);
}

/* log sum_k w_k q_k of held-out simulation i; parts (n_member) become each one's share of the sum. */
static double log_mixture(const struct held_out *h, size_t i, const double *weights, double *parts) {
  const size_t n_member = h->trainer->network->n_member;
  double top = -INFINITY, sum = 0;
  for (size_t m = 0; m < n_member; m++) {
    parts[m] = log(weights[m]) + (double)h->log_q[m * h->n + i];
    top = fmax(top, parts[m]);
  }
  for (size_t m = 0; m < n_member; m++) sum += parts[m] = isfinite(top) ? exp(parts[m] - top) : 1;
  for (size_t m = 0; m < n_member; m++) parts[m] /= sum;
  return top + log(sum);
}

/* One step of EM; returns the mean log density before it. */
static double climb(const struct held_out *h, double *weights) {
  const size_t n_member = h->trainer->network->n_member;
  double next[FLOE__MOST_MEMBERS], parts[FLOE__MOST_MEMBERS], mean = 0;
  for (size_t m = 0; m < n_member; m++) next[m] = 1 / (double)(n_member * (h->n + 1));
  for (size_t i = 0; i < h->n; i++) {
    mean += log_mixture(h, i, weights, parts) / (double)h->n;
    for (size_t m = 0; m < n_member; m++) next[m] += parts[m] / (double)(h->n + 1);
  }
  memcpy(weights, next, n_member * sizeof *weights);
  return mean;
}

floe_status floe__trainer_stack(struct floe__trainer *t, struct floe_error *error) {
  struct floe_network *network = t->network;
  const size_t n_member = network->n_member, blocks = (t->held_out.n + t->chunk - 1) / t->chunk;
  struct held_out h = {t, t->held_out.n, floe__new(n_member * t->held_out.n, sizeof(float))};
  double weights[FLOE__MOST_MEMBERS] = {0}, before = -INFINITY, now;
  for (size_t m = 0; m < n_member; m++) {
    weights[m] = 1 / (double)n_member;
    network->member_loss[m] = t->learners[m].loss;
  }
  network->disagreement = NAN;
  if (floe__flow_no_density(network->settings.posterior)) {
    floe__free(h.log_q);
    floe__network_mix(network, weights);
    return FLOE_OK;
  }
  if (!h.log_q) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory to stack the networks");
  floe__parallel(n_member * blocks, t->n_thread, read_block, &h);
  for (size_t m = 0; m < n_member; m++) {
    network->member_loss[m] = 0;
    for (size_t i = 0; i < h.n; i++) network->member_loss[m] -= (double)h.log_q[m * h.n + i] / (double)h.n;
  }
  if (network->settings.posterior == FLOE__MATCHING) { /* so far, what was regressed */
    network->loss = 0;
    for (size_t m = 0; m < n_member; m++) network->loss += network->member_loss[m] / (double)n_member;
  }
  for (size_t step = 0; step < STEPS && n_member > 1; step++, before = now)
    if ((now = climb(&h, weights)) - before < 1e-9) break;
  floe__network_mix(network, weights);
  network->disagreement = 0;
  for (size_t m = 0; m < n_member; m++) network->disagreement += network->share[m] * network->member_loss[m];
  for (size_t i = 0; i < h.n; i++) network->disagreement += log_mixture(&h, i, network->share, weights) / (double)h.n;
  floe__free(h.log_q);
  return FLOE_OK;
}

void floe__network_mix(struct floe_network *network, const double *weights) {
  const size_t n_member = network->n_member;
  size_t count[FLOE__MOST_MEMBERS], left = FLOE_NETWORK_PATTERN;
  double rest[FLOE__MOST_MEMBERS], due[FLOE__MOST_MEMBERS] = {0};
  for (size_t m = 0; m < n_member; m++) {
    count[m] = (size_t)(weights[m] * FLOE_NETWORK_PATTERN + 1e-9);
    rest[m] = weights[m] * FLOE_NETWORK_PATTERN - (double)count[m];
    left -= count[m] < left ? count[m] : left;
  }
  for (; left > 0; left--) { /* to whom most is owed */
    size_t most = 0;
    for (size_t m = 1; m < n_member; m++)
      if (rest[m] > rest[most] + 1e-9) most = m;
    count[most]++;
    rest[most] -= 1;
  }
  for (size_t m = 0; m < n_member; m++) network->share[m] = (double)count[m] / FLOE_NETWORK_PATTERN;
  for (size_t k = 0; k < FLOE_NETWORK_PATTERN; k++) {
    size_t next = 0;
    for (size_t m = 0; m < n_member; m++) {
      due[m] += network->share[m];
      if (due[m] > due[next] + 1e-12) next = m;
    }
    due[next] -= 1;
    network->pattern[k] = (unsigned char)next;
  }
}
