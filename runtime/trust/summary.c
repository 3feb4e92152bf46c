#include "runtime/trust/summary.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/trust/convergence.h"

/* A draw to be sorted: `key` orders as its value does. */
struct keyed {
  uint64_t key, place;
};

struct floe_summary_work {
  size_t capacity;
  double *column;
  size_t *order;
  struct keyed *keyed, *sorted;
  size_t n_chain, n_draw; /* that `convergence` is for */
  struct floe__convergence_work *convergence;
};

enum { N_SHOWN = 3 };
static const double shown[N_SHOWN] = {0.05, 0.5, 0.95};

struct floe_summary_work *floe_summary_work_new(void) {
  return FLOE__NEW(1, struct floe_summary_work);
}

void floe_summary_work_free(struct floe_summary_work *work) {
  if (!work) return;
  floe__free(work->column);
  floe__free(work->order);
  floe__free(work->keyed);
  floe__free(work->sorted);
  floe__convergence_work_free(work->convergence);
  floe__free(work);
}

static floe_status make_room(const struct floe_answer *answer, struct floe_summary_work *work,
                             struct floe_error *error) {
  if (answer->n > work->capacity) {
    floe__free(work->column);
    floe__free(work->order);
    floe__free(work->keyed);
    floe__free(work->sorted);
    work->column = FLOE__NEW(answer->n, double);
    work->order = FLOE__NEW(answer->n, size_t);
    work->keyed = FLOE__NEW(answer->n, struct keyed);
    work->sorted = FLOE__NEW(answer->n, struct keyed);
    work->capacity = work->column && work->order && work->keyed && work->sorted ? answer->n : 0;
  }
  const size_t n_draw = answer->n_chain ? answer->n / answer->n_chain : 0;
  if (answer->n_chain && (answer->n_chain != work->n_chain || n_draw != work->n_draw)) {
    floe__convergence_work_free(work->convergence);
    work->convergence = floe__convergence_work_new(answer->n_chain, n_draw);
    work->n_chain = answer->n_chain;
    work->n_draw = n_draw;
  }
  if (answer->n <= work->capacity && (!answer->n_chain || work->convergence)) return FLOE_OK;
  return floe__fail(error, FLOE_EENVIRONMENT, "", "Ask for fewer draws.",
                    "There is not enough memory to summarise the draws.");
}

/* work->order becomes the order of work->column (n): a radix sort, since a multiverse sorts every output in every
 * universe and would spend half its time in comparisons. Ties by position. */
static void sort_column(size_t n, struct floe_summary_work *work) {
  size_t counts[8][256] = {{0}};
  struct keyed *from = work->keyed, *to = work->sorted;
  for (size_t i = 0; i < n; i++) {
    uint64_t bits;
    memcpy(&bits, &work->column[i], sizeof bits);
    /* Doubles order as their bits do once negative ones are inverted and positive ones lifted above them. */
    from[i] = (struct keyed){bits >> 63 ? ~bits : bits | UINT64_C(1) << 63, i};
    for (int byte = 0; byte < 8; byte++) counts[byte][from[i].key >> 8 * byte & 255]++;
  }
  for (int byte = 0; byte < 8; byte++) {
    size_t *count = counts[byte], start = 0;
    if (count[from[0].key >> 8 * byte & 255] == n) continue;
    for (int digit = 0; digit < 256; digit++) {
      const size_t here = count[digit];
      count[digit] = start;
      start += here;
    }
    for (size_t i = 0; i < n; i++) to[count[from[i].key >> 8 * byte & 255]++] = from[i];
    struct keyed *swap = from;
    from = to;
    to = swap;
  }
  for (size_t i = 0; i < n; i++) work->order[i] = from[i].place;
}

/* Quantiles at ascending probabilities: linear between the middles of the steps of the weighted cdf. One pass. */
static void quantiles_at(size_t n, const double *x, const double *weights, const size_t *order, size_t n_p,
                         const double *p, double *quantiles) {
  double before = x[order[0]], before_middle = -INFINITY, cdf = 0;
  size_t next = 0;
  for (size_t i = 0; i < n && next < n_p; i++) {
    const double weight = weights[order[i]], here = x[order[i]], middle = cdf + 0.5 * weight;
    cdf += weight;
    if (weight <= 0) continue;
    for (; next < n_p && p[next] <= middle; next++)
      quantiles[next] =
          isinf(before_middle) ? here : before + (here - before) * (p[next] - before_middle) / (middle - before_middle);
    before = here;
    before_middle = middle;
  }
  for (; next < n_p; next++) quantiles[next] = before;
}

static void moments(const struct floe_answer *answer, const double *x, struct floe_summary *summary) {
  double mean = 0, variance = 0, error = 0;
  for (size_t i = 0; i < answer->n; i++) mean += answer->weights[i] * x[i];
  for (size_t i = 0; i < answer->n; i++) {
    const double off = x[i] - mean, part = answer->weights[i] * off;
    variance += part * off;
    error += part * part;
  }
  summary->mean = mean;
  summary->sd = sqrt(variance);
  summary->mcse = sqrt(error);
  summary->ess = error > 0 ? variance / error : answer->ess;
}

/* True where all draws are 0 or 1: then nothing needs sorting. */
static int is_truth(size_t n, const double *x) {
  for (size_t i = 0; i < n; i++)
    if (x[i] != 0 && x[i] != 1) return 0;
  return 1;
}

/* work->column holds the draws of one output. */
static void summarise_one(const struct floe_answer *answer, struct floe_summary_work *work,
                          struct floe_summary *summary, double *quantiles) {
  double grid[FLOE_N_QUANTILE], three[N_SHOWN];
  const double *x = work->column;
  moments(answer, x, summary);
  if (answer->n_chain) {
    const struct floe_convergence convergence = floe_convergence(x, 1, work->convergence);
    summary->mcse = isnan(convergence.mcse) ? 0 : convergence.mcse;
    if (summary->mcse > 0) summary->ess = pow(summary->sd / summary->mcse, 2);
  }
  for (size_t k = 0; k < FLOE_N_QUANTILE; k++) grid[k] = ((double)k + 0.5) / FLOE_N_QUANTILE;
  if (is_truth(answer->n, x)) {
    for (size_t k = 0; k < N_SHOWN; k++) three[k] = shown[k] > 1 - summary->mean;
    for (size_t k = 0; quantiles && k < FLOE_N_QUANTILE; k++) quantiles[k] = grid[k] > 1 - summary->mean;
  } else {
    sort_column(answer->n, work);
    quantiles_at(answer->n, x, answer->weights, work->order, N_SHOWN, shown, three);
    if (quantiles) quantiles_at(answer->n, x, answer->weights, work->order, FLOE_N_QUANTILE, grid, quantiles);
  }
  summary->q5 = three[0], summary->median = three[1], summary->q95 = three[2];
}

floe_status floe_summarise(const struct floe_answer *answer, size_t n_output, const double *outputs,
                           struct floe_summary_work *work, struct floe_summary *summaries, double *quantiles,
                           struct floe_error *error) {
  const floe_status status = make_room(answer, work, error);
  if (status != FLOE_OK) return status;
  for (size_t j = 0; j < n_output; j++) {
    int defined = answer->n > 0;
    for (size_t i = 0; i < answer->n; i++) {
      work->column[i] = outputs[i * n_output + j];
      if (isnan(work->column[i])) defined = 0;
    }
    if (defined)
      summarise_one(answer, work, &summaries[j], quantiles ? quantiles + j * FLOE_N_QUANTILE : NULL);
    else {
      summaries[j] = (struct floe_summary){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
      for (size_t k = 0; quantiles && k < FLOE_N_QUANTILE; k++) quantiles[j * FLOE_N_QUANTILE + k] = NAN;
    }
  }
  return FLOE_OK;
}

double floe_quantile_distance(const double *a, const double *b) {
  double sum = 0;
  for (size_t k = 0; k < FLOE_N_QUANTILE; k++) sum += fabs(a[k] - b[k]);
  return sum / FLOE_N_QUANTILE;
}
