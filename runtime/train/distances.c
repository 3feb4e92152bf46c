/* How far the summaries of training data lie from their mean: what out-of-distribution scores are compared with. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "runtime/math/chol.h"
#include "runtime/math/order.h"
#include "runtime/train/trainer.h"

struct summarise {
  struct floe__trainer *trainer;
  size_t n;
  float *h; /* (n, summary) */
};

static void summarise_block(void *context, size_t k, size_t thread) {
  const struct summarise *s = context;
  struct floe__trainer *t = s->trainer;
  const size_t first = k * t->chunk, n = first + t->chunk < s->n ? t->chunk : s->n - first;
  const struct floe__batch b = floe__trainer_batch(t, &t->pool, NULL, first, n, thread);
  floe__summary_forward(&t->network->members[0].summary, t->network->weights[0], &b, t->work + thread * t->n_work,
                        s->h + first * t->settings.summary);
}

/* Mean and Cholesky factor of the covariance, with a ridge: a summary may have directions that the data do not move. */
static floe_status moments(struct floe_network *network, size_t n, const float *h, struct floe_error *error) {
  const size_t s = network->settings.summary;
  double *mean = network->summary_mean, *a = network->summary_chol, trace = 0;
  memset(mean, 0, s * sizeof *mean);
  memset(a, 0, s * s * sizeof *a);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < s; j++) mean[j] += (double)h[i * s + j] / (double)n;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < s; j++)
      for (size_t l = 0; l <= j; l++)
        a[j * s + l] += ((double)h[i * s + j] - mean[j]) * ((double)h[i * s + l] - mean[l]) / (double)n;
  for (size_t j = 0; j < s; j++) trace += a[j * s + j];
  for (size_t j = 0; j < s; j++) a[j * s + j] += 1e-6 * trace / (double)s + 1e-12;
  return floe__cholesky(s, a) == FLOE_OK
             ? FLOE_OK
             : floe__fail(error, FLOE_ENUMERIC, "", "", "the summaries of the training data are not finite");
}

floe_status floe__trainer_distances(struct floe__trainer *t, struct floe_error *error) {
  struct floe_network *network = t->network;
  const size_t width = network->settings.summary;
  struct summarise s = {t, t->pool.n < FLOE__DISTANCE_SAMPLE ? t->pool.n : FLOE__DISTANCE_SAMPLE, NULL};
  double *distance = FLOE__NEW(s.n, double), *work = FLOE__NEW(width, double);
  s.h = FLOE__NEW(s.n * width, float);
  floe_status status = FLOE_OK;
  if (!distance || !work || !s.h)
    status = floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory for the summaries");
  if (!status) {
    floe__parallel((s.n + t->chunk - 1) / t->chunk, t->n_thread, summarise_block, &s);
    status = moments(network, s.n, s.h, error);
  }
  if (!status) {
    for (size_t i = 0; i < s.n; i++) distance[i] = floe__summary_distance(network, s.h + i * width, work);
    floe__sort(s.n, distance);
    for (size_t q = 0; q < FLOE__DISTANCE_QUANTILES; q++)
      network->distances[q] = floe__quantile_sorted(s.n, distance, (double)q / (FLOE__DISTANCE_QUANTILES - 1));
  }
  floe__free(distance);
  floe__free(work);
  floe__free(s.h);
  return status;
}
