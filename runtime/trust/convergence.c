#include "runtime/trust/convergence.h"

#include <math.h>
#include <stdbool.h>

#include "base/memory.h"
#include "runtime/math/moments.h"
#include "runtime/math/order.h"
#include "runtime/math/special.h"

/* Chains are split in two: `n_half` half chains of `length` draws. All arrays (n_half, length). */
struct floe__convergence_work {
  size_t n_chain, n_draw, n_half, length, n;
  double *split, *other, *scores, *chain_mean;
  size_t *order;
};

struct floe__convergence_work *floe__convergence_work_new(size_t n_chain, size_t n_draw) {
  struct floe__convergence_work *work = FLOE__NEW(1, struct floe__convergence_work);
  if (!work) return NULL;
  work->n_chain = n_chain;
  work->n_draw = n_draw;
  work->n_half = 2 * n_chain;
  work->length = n_draw / 2;
  work->n = work->n_half * work->length;
  work->split = FLOE__NEW(work->n, double);
  work->other = FLOE__NEW(work->n, double);
  work->scores = FLOE__NEW(work->n, double);
  work->chain_mean = FLOE__NEW(work->n_half, double);
  work->order = FLOE__NEW(work->n, size_t);
  if (work->split && work->other && work->scores && work->chain_mean && work->order) return work;
  floe__convergence_work_free(work);
  return NULL;
}

void floe__convergence_work_free(struct floe__convergence_work *work) {
  if (!work) return;
  floe__free(work->split);
  floe__free(work->other);
  floe__free(work->scores);
  floe__free(work->chain_mean);
  floe__free(work->order);
  floe__free(work);
}

/* First and last halves of the chains; of an odd number of draws the middle one is left out. False where constant or
 * not finite. */
static bool split_chains(const double *draws, size_t stride, struct floe__convergence_work *work) {
  bool varies = false;
  for (size_t c = 0; c < work->n_chain; c++)
    for (size_t half = 0; half < 2; half++)
      for (size_t i = 0; i < work->length; i++) {
        const size_t from = half ? work->n_draw - work->length + i : i;
        const double x = draws[(c * work->n_draw + from) * stride];
        if (!isfinite(x)) return false;
        work->split[(2 * c + half) * work->length + i] = x;
        if (x != work->split[0]) varies = true;
      }
  return varies;
}

/* scores = normal scores of the ranks of x: Blom (1958). */
static void rank_normalise(struct floe__convergence_work *work, const double *x) {
  floe__ranks(work->n, x, work->order, work->scores);
  for (size_t i = 0; i < work->n; i++)
    work->scores[i] = floe_phi_inverse((work->scores[i] - 0.375) / ((double)work->n + 0.25));
}

static double rhat(const struct floe__convergence_work *work, const double *x) {
  double within = 0;
  for (size_t h = 0; h < work->n_half; h++) {
    work->chain_mean[h] = floe__mean(work->length, x + h * work->length);
    within += floe__variance(work->length, x + h * work->length) / (double)work->n_half;
  }
  const double length = (double)work->length, between = length * floe__variance(work->n_half, work->chain_mean);
  return sqrt((between / within + length - 1) / length);
}

/* Mean over half chains of the autocovariance at a lag (divisor: length). Uses chain_mean. */
static double autocovariance(const struct floe__convergence_work *work, const double *x, size_t lag) {
  double sum = 0;
  for (size_t h = 0; h < work->n_half; h++) {
    const double *chain = x + h * work->length, mean = work->chain_mean[h];
    for (size_t i = 0; i + lag < work->length; i++) sum += (chain[i] - mean) * (chain[i + lag] - mean);
  }
  return sum / (double)work->n;
}

static double ess(const struct floe__convergence_work *work, const double *x) {
  const double length = (double)work->length, total = (double)work->n;
  for (size_t h = 0; h < work->n_half; h++) work->chain_mean[h] = floe__mean(work->length, x + h * work->length);
  const double within = autocovariance(work, x, 0) * length / (length - 1);
  const double variance = within * (length - 1) / length + floe__variance(work->n_half, work->chain_mean);
  if (!(variance > 0)) return total;
  /* Sums of neighbouring autocorrelations are positive and decrease; the sequence ends where noise says otherwise. */
  double time = -1, pair_before = INFINITY, even = 1, odd = 1 - (within - autocovariance(work, x, 1)) / variance;
  size_t lag = 1;
  while (even + odd > 0 && lag + 3 < work->length) {
    pair_before = even + odd < pair_before ? even + odd : pair_before;
    time += 2 * pair_before;
    even = 1 - (within - autocovariance(work, x, lag + 1)) / variance;
    odd = 1 - (within - autocovariance(work, x, lag + 2)) / variance;
    lag += 2;
  }
  if (even > 0) time += even; /* of the pair that ended the sequence: better for antithetic chains */
  const double least = 1 / log10(total);
  return total / (time > least ? time : least);
}

/* ESS of the indicator of x <= its p-quantile. */
static double ess_quantile(struct floe__convergence_work *work, double p) {
  const double cut = floe__quantile_sorted(work->n, work->scores, p);
  for (size_t i = 0; i < work->n; i++) work->other[i] = work->split[i] <= cut;
  return ess(work, work->other);
}

struct floe_convergence floe_convergence(const double *draws, size_t stride, struct floe__convergence_work *work) {
  if (work->length < 2 || !split_chains(draws, stride, work)) return (struct floe_convergence){NAN, NAN, NAN, NAN};
  struct floe_convergence result = {0};
  rank_normalise(work, work->split);
  const double bulk = rhat(work, work->scores);
  result.ess_bulk = ess(work, work->scores);
  for (size_t i = 0; i < work->n; i++) work->scores[i] = work->split[i];
  floe__sort(work->n, work->scores);
  const double median = floe__quantile_sorted(work->n, work->scores, 0.5);
  const double low = ess_quantile(work, 0.05), high = ess_quantile(work, 0.95);
  result.ess_tail = low < high ? low : high;
  for (size_t i = 0; i < work->n; i++) work->other[i] = fabs(work->split[i] - median);
  rank_normalise(work, work->other);
  const double folded = rhat(work, work->scores);
  result.rhat = bulk > folded || isnan(folded) ? bulk : folded;
  result.mcse = floe__sd(work->n, work->split) / sqrt(ess(work, work->split));
  return result;
}

double floe_nested_rhat(const double *draws, size_t stride, size_t n_superchain, size_t n_chain, size_t n_draw) {
  const size_t per_group = n_chain / n_superchain;
  struct floe__welford groups = {0};
  double within = 0;
  for (size_t g = 0; g < n_superchain; g++) {
    struct floe__welford means = {0};
    double spread = 0;
    for (size_t c = g * per_group; c < (g + 1) * per_group; c++) {
      struct floe__welford chain = {0};
      for (size_t i = 0; i < n_draw; i++) floe__welford_add(&chain, draws[(c * n_draw + i) * stride]);
      floe__welford_add(&means, chain.mean);
      if (n_draw > 1) spread += floe__welford_variance(&chain) / (double)per_group;
    }
    if (per_group > 1) spread += floe__welford_variance(&means);
    within += spread / (double)n_superchain;
    floe__welford_add(&groups, means.mean);
  }
  return within > 0 ? sqrt(1 + floe__welford_variance(&groups) / within) : NAN;
}

double floe_ebfmi(const double *energies, size_t stride, size_t n_chain, size_t n_draw) {
  double least = INFINITY;
  for (size_t c = 0; c < n_chain; c++) {
    const double *chain = energies + c * n_draw * stride;
    double jumps = 0;
    struct floe__welford spread = {0};
    for (size_t i = 0; i < n_draw; i++) {
      floe__welford_add(&spread, chain[i * stride]);
      if (i) jumps += pow(chain[i * stride] - chain[(i - 1) * stride], 2);
    }
    const double fraction =
        jumps / (floe__welford_variance(&spread) * (double)(n_draw - 1)); /* sums over n draws each */
    if (!(fraction >= least)) least = fraction;
  }
  return least;
}
