#include "runtime/multiverse/effects.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/universe.h"
#include "runtime/math/moments.h"
#include "runtime/math/order.h"
#include "runtime/math/special.h"

enum { N_BIN = 5 };                     /* groups into which a continuous axis is cut for the variance decomposition */
static const double disagreement = 4.5; /* Monte Carlo errors: 7e-6 a comparison for normal errors */

const char *floe_matters_name(enum floe_matters matters) {
  static const char *const names[] = {"unknown", "below noise", "in places", "matters"};
  return names[matters];
}

static bool is_claim(const struct floe_multiverse *m, size_t output) {
  return output >= m->n_report;
}

/* Whether an answer may enter comparisons. */
static bool usable(const struct floe_multiverse *m, size_t row, size_t output) {
  const struct floe_summary *s = floe_multiverse_summary(m, row, output);
  return m->outcomes[row].method != FLOE_FLAGGED && isfinite(s->mean) && isfinite(s->sd);
}

/* The unit of a difference between two answers: their pooled sd; 1 for claims. */
static double unit_of(const struct floe_multiverse *m, size_t a, size_t b, size_t output) {
  if (is_claim(m, output)) return 1;
  return sqrt(0.5 *
              (pow(floe_multiverse_summary(m, a, output)->sd, 2) + pow(floe_multiverse_summary(m, b, output)->sd, 2)));
}

static double in_units(double difference, double unit) {
  return difference == 0 ? 0 : difference / unit;
}

static double difference(const struct floe_multiverse *m, size_t from, size_t to, size_t output) {
  return in_units(floe_multiverse_summary(m, to, output)->mean - floe_multiverse_summary(m, from, output)->mean,
                  unit_of(m, from, to, output));
}

static double median(size_t n, double *x) {
  floe__sort(n, x);
  return n ? floe__quantile_sorted(n, x, 0.5) : NAN;
}

/* The smallest of n ascending values whose bootstrap probability of being at least the resampled median reaches p: the
 * resampled median is at most value k (from 1) with the probability that at least half of n draws fall among the first k.
 * This is the limit of infinitely many bootstrap samples (Efron, Annals of Statistics 7, 1979, section 3). */
static double bootstrap_quantile(size_t n, const double *ascending, double p) {
  const double half = (double)((n + 1) / 2);
  size_t low = 1, high = n;
  while (low < high) {
    const size_t k = low + (high - low) / 2;
    if (1 - floe__binomial_cdf(half - 1, (double)n, (double)k / (double)n) >= p)
      high = k;
    else
      low = k + 1;
  }
  return ascending[low - 1];
}

static void matched_pairs(const struct floe_multiverse *m, size_t axis, size_t output, double *work,
                          struct floe_effect *effect) {
  const struct floe_universes *u = m->universes;
  double *sizes = work, *distances = work + u->n_pair, toward = 0;
  size_t n = 0;
  for (size_t k = 0; k < u->n_pair; k++) {
    const struct floe_pair *pair = &u->pairs[k];
    if (pair->axis != axis) continue;
    if (!usable(m, pair->from, output) || !usable(m, pair->to, output)) {
      effect->n_left_out++;
      continue;
    }
    const double d = difference(m, pair->from, pair->to, output);
    const double *from = m->quantiles + (pair->from * m->n_output + output) * FLOE_N_QUANTILE;
    const double *to = m->quantiles + (pair->to * m->n_output + output) * FLOE_N_QUANTILE;
    sizes[n] = fabs(d);
    distances[n] = is_claim(m, output)
                       ? fabs(d)
                       : in_units(floe_quantile_distance(from, to), unit_of(m, pair->from, pair->to, output));
    toward += d;
    const double p_from = floe_multiverse_summary(m, pair->from, output)->mean,
                 p_to = floe_multiverse_summary(m, pair->to, output)->mean;
    if (is_claim(m, output) && (p_from > 0.5) != (p_to > 0.5)) effect->n_flip++;
    n++;
  }
  effect->n_pair = n;
  effect->median = median(n, sizes);
  effect->distance = median(n, distances);
  effect->toward = n ? toward / (double)n : NAN;
  effect->largest = n ? sizes[n - 1] : NAN;
  effect->low = n ? bootstrap_quantile(n, sizes, 0.05) : NAN;
  effect->high = n ? bootstrap_quantile(n, sizes, 0.95) : NAN;
}

/* 0 .. 1 along a continuous axis. */
static double place_on_axis(const struct floe_axis *axis, double value) {
  if (axis->logarithmic) return log(value / axis->low) / log(axis->high / axis->low);
  return (value - axis->low) / (axis->high - axis->low);
}

static size_t group_of(const struct floe_axis *axis, const struct floe_universe *universe, size_t place) {
  if (!axis->continuous) return universe->option[place];
  const double at = floor(N_BIN * place_on_axis(axis, universe->value[place]));
  return at < 0 ? 0 : at >= N_BIN ? N_BIN - 1 : (size_t)at;
}

/* The share of the variance of y over universes that lies between the axis's groups, less what chance would put there
 * (epsilon squared: Kelley, PNAS 21, 1935); 0 at least. Reads mean or sd of the summaries. group (n, 3): work space. */
static double share_of_variance(const struct floe_multiverse *m, size_t axis, size_t output, bool of_sd,
                                double *group) {
  const struct floe_axis *a = &m->universes->model->axes[axis];
  const size_t n_group = a->continuous ? N_BIN : a->n_option;
  struct floe__welford all = {0};
  for (size_t g = 0; g < 2 * n_group; g++) group[g] = 0;
  for (size_t row = 0; row < m->n_universe; row++) {
    const struct floe_universe *u = &m->universes->universe[row];
    if (!usable(m, row, output) || !floe_universe_active(m->universes->model, u, axis)) continue;
    const struct floe_summary *s = floe_multiverse_summary(m, row, output);
    const size_t g = group_of(a, u, axis);
    floe__welford_add(&all, of_sd ? s->sd : s->mean);
    group[2 * g] += 1;
    group[2 * g + 1] += of_sd ? s->sd : s->mean;
  }
  double between = 0;
  size_t n_used = 0;
  for (size_t g = 0; g < n_group; g++) {
    if (group[2 * g] == 0) continue;
    n_used++;
    between += group[2 * g] * pow(group[2 * g + 1] / group[2 * g] - all.mean, 2);
  }
  if (n_used < 2 || all.n <= n_used) return NAN;
  /* Differences in the last digits are no variance. */
  if (all.squares <= 1e-20 * (double)all.n * all.mean * all.mean || all.squares == 0) return 0;
  const double within = fmax(0, all.squares - between) / (double)(all.n - n_used);
  return fmax(0, (between - (double)(n_used - 1) * within) / all.squares);
}

/* From the nearest one-axis changes below and above the reference, or one of them and the reference at an end. */
static double slope(const struct floe_multiverse *m, size_t axis, size_t output) {
  const struct floe_axis *a = &m->universes->model->axes[axis];
  const struct floe_universes *u = m->universes;
  if (!a->continuous || !usable(m, 0, output)) return NAN;
  const double here = place_on_axis(a, u->universe[0].value[axis]);
  size_t below = 0, above = 0;
  double at_below = -INFINITY, at_above = INFINITY;
  for (size_t k = 0; k < u->n_pair; k++) {
    const struct floe_pair *pair = &u->pairs[k];
    if (pair->axis != axis || (pair->from != 0 && pair->to != 0)) continue;
    const size_t other = pair->from ? pair->from : pair->to;
    if (!usable(m, other, output)) continue;
    const double at = place_on_axis(a, u->universe[other].value[axis]);
    if (at < here && at > at_below) below = other, at_below = at;
    if (at > here && at < at_above) above = other, at_above = at;
  }
  if (below == above) return NAN;
  if (isinf(at_below)) at_below = here;
  if (isinf(at_above)) at_above = here;
  const double range = a->logarithmic ? log2(a->high / a->low) : 1;
  return difference(m, below, above, output) / ((at_above - at_below) * range);
}

static void find_floor(const struct floe_multiverse *m, size_t output, double *work, struct floe_noise_floor *floor) {
  size_t n_spread = 0, n_error = 0;
  double *spread = work, *error = work + m->n_universe;
  for (size_t row = 0; row < m->n_universe; row++) {
    const struct floe_summary *s = floe_multiverse_summary(m, row, output);
    const double unit = is_claim(m, output) ? 1 : s->sd, between = m->member_spread[row * m->n_output + output];
    if (!usable(m, row, output)) continue;
    if (isfinite(between)) spread[n_spread++] = between * (is_claim(m, output) ? s->sd : 1);
    error[n_error++] = sqrt(2) * in_units(s->mcse, unit);
  }
  *floor = (struct floe_noise_floor){
      .ensemble = median(n_spread, spread), .equivalence = NAN, .monte_carlo = median(n_error, error)};
  for (size_t k = 0; m->reference_check != FLOE_NONE && k < m->universes->n_extra; k++) {
    const size_t row = m->universes->extra[k].universe;
    if (usable(m, row, output) && usable(m, m->reference_check, output))
      floor->equivalence = fmax(floor->equivalence, fabs(difference(m, m->reference_check, row, output)));
  }
  floor->floor = fmax(fmax(floor->ensemble, floor->equivalence), floor->monte_carlo); /* fmax passes over NaN */
}

static enum floe_matters judge(const struct floe_effect *effect, double floor) {
  if (!effect->n_pair || isnan(floor)) return FLOE_MATTERS_UNKNOWN;
  return effect->low > floor ? FLOE_MATTERS : effect->largest > floor ? FLOE_MATTERS_SOMETIMES : FLOE_MATTERS_NOT;
}

void floe_effects_free(struct floe_effects *effects) {
  if (!effects) return;
  floe__free(effects->effects);
  floe__free(effects->floors);
  floe__free(effects);
}

static size_t work_size(const struct floe_multiverse *m) {
  size_t most = N_BIN;
  for (size_t axis = 0; axis < m->universes->model->n_axis; axis++)
    if (m->universes->model->axes[axis].n_option > most) most = m->universes->model->axes[axis].n_option;
  return 2 * (m->universes->n_pair + m->n_universe + most);
}

floe_status floe_effects_new(const struct floe_multiverse *multiverse, struct floe_effects **effects,
                             struct floe_error *error) {
  const struct floe_model *model = multiverse->universes->model;
  struct floe_effects *new = FLOE__NEW(1, struct floe_effects);
  double *work = FLOE__NEW(work_size(multiverse), double);
  if (new) {
    new->n_axis = model->n_axis;
    new->n_output = multiverse->n_output;
    new->effects = floe__new(model->n_axis + 1, (multiverse->n_output + 1) * sizeof *new->effects);
    new->floors = FLOE__NEW(multiverse->n_output + 1, struct floe_noise_floor);
  }
  if (!new || !work || !new->effects || !new->floors) {
    floe_effects_free(new);
    floe__free(work);
    return floe__fail(error, FLOE_EENVIRONMENT, "", "Ask for fewer universes.",
                      "There is not enough memory to compare the universes.");
  }
  for (size_t output = 0; output < multiverse->n_output; output++) {
    find_floor(multiverse, output, work, &new->floors[output]);
    for (size_t axis = 0; axis < model->n_axis; axis++) {
      struct floe_effect *effect = &new->effects[axis * multiverse->n_output + output];
      matched_pairs(multiverse, axis, output, work, effect);
      effect->share_mean = share_of_variance(multiverse, axis, output, false, work);
      effect->share_sd = share_of_variance(multiverse, axis, output, true, work);
      effect->slope = slope(multiverse, axis, output);
      effect->matters = judge(effect, new->floors[output].floor);
    }
  }
  floe__free(work);
  *effects = new;
  return FLOE_OK;
}

/* The output in which two rows disagree most, counted in Monte Carlo errors. */
static struct floe_agreement compare(const struct floe_multiverse *m, size_t a, size_t b) {
  struct floe_agreement worst = {
      .axis = FLOE_NONE, .universe = b, .difference = NAN, .threshold = NAN, .verdict = FLOE_UNKNOWN};
  double worst_ratio = -1;
  for (size_t output = 0; output < m->n_output; output++) {
    if (!usable(m, a, output) || !usable(m, b, output)) continue;
    const double unit = unit_of(m, a, b, output), size = fabs(difference(m, a, b, output));
    const double error =
        in_units(hypot(floe_multiverse_summary(m, a, output)->mcse, floe_multiverse_summary(m, b, output)->mcse), unit);
    const double ratio = size == 0 ? 0 : size / error;
    if (!(ratio > worst_ratio)) continue;
    worst_ratio = ratio;
    worst.output = output;
    worst.difference = size;
    worst.threshold = disagreement * error;
    worst.verdict = size <= worst.threshold ? FLOE_PASS : FLOE_FAIL;
  }
  return worst;
}

size_t floe_equivalence_agreements(const struct floe_multiverse *multiverse, struct floe_agreement *agreements) {
  if (multiverse->reference_check == FLOE_NONE) return 0;
  for (size_t k = 0; k < multiverse->universes->n_extra; k++) {
    agreements[k] = compare(multiverse, multiverse->reference_check, multiverse->universes->extra[k].universe);
    agreements[k].axis = multiverse->universes->extra[k].axis;
  }
  return multiverse->universes->n_extra;
}

bool floe_reference_agreement(const struct floe_multiverse *multiverse, struct floe_agreement *agreement) {
  if (multiverse->reference_check == FLOE_NONE) return false;
  *agreement = compare(multiverse, 0, multiverse->reference_check);
  return true;
}
