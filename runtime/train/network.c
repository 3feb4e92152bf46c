#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "runtime/math/chol.h"
#include "runtime/math/order.h"
#include "runtime/train/parts.h"

static size_t chosen_summary(const struct floe__features *f) {
  const size_t n = 4 * (f->n_global > f->n_local ? f->n_global : f->n_local);
  return n < 8 ? 8 : n > 64 ? 64 : n;
}

/* Six layers of sub-networks of 24 to 64 numbers do equally well for two to five coordinates, with 10,000 simulations and with
 * half a million; ten need 64. */
static size_t chosen_width(const struct floe__features *f, const struct floe__settings *s) {
  const int coupling = s->posterior == FLOE__COUPLING || s->posterior == FLOE__MIXING;
  return coupling && f->n_global + f->n_local <= 6 ? 48 : 64;
}

static int make_members(struct floe_network *network) {
  const struct floe__features *f = network->features;
  const struct floe__settings *s = &network->settings;
  const struct floe__architecture shape = {f->n_context, f->n_flat,  f->n_row,   f->n_global, f->n_local,
                                           f->n_item,    f->longest, f->in_rows, s->rows,     s->inner,
                                           s->posterior, s->layers,  s->width,   s->summary};
  network->members = FLOE__NEW(s->ensemble, struct floe__member);
  network->weights = FLOE__NEW(s->ensemble, float *);
  if (!network->members || !network->weights) return 0;
  for (size_t m = 0; m < s->ensemble; m++) {
    if (!floe__member_make(&network->members[m], &shape, network->seed, m)) return 0;
    network->n_member = m + 1;
    network->weights[m] = FLOE__NEW(network->members[m].n_weight, float);
    if (!network->weights[m]) return 0;
    floe__member_start(&network->members[m], network->weights[m], network->seed, m);
  }
  return 1;
}

floe_status floe__network_new(const struct floe_model *model, const struct floe__settings *settings, uint64_t seed,
                              const size_t *largest, struct floe_network **result, struct floe_error *error) {
  struct floe_network *network = FLOE__NEW(1, struct floe_network);
  *result = NULL;
  if (!network) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory for a network");
  network->model = model;
  network->seed = seed;
  network->settings = *settings;
  network->loss = INFINITY;
  network->features = floe__features_new(model, largest, settings->inner == FLOE_PERCEPTRON ? FLOE_NONE : model->inner,
                                         settings->rows == FLOE_PERCEPTRON);
  if (network->features && network->features->n_global + network->features->n_local == 0) {
    floe_network_free(network);
    return floe__fail(error, FLOE_ESPEC, "", "", "the model has no continuous parameter for a network to infer");
  }
  int ok = network->features != NULL;
  if (ok && network->settings.summary == 0) network->settings.summary = chosen_summary(network->features);
  if (ok && network->settings.width == 0) network->settings.width = chosen_width(network->features, &network->settings);
  const size_t s = network->settings.summary;
  network->curve = FLOE__NEW(FLOE__CURVE_POINTS, struct floe_network_point);
  network->summary_mean = FLOE__NEW(s, double);
  network->summary_chol = FLOE__NEW(s * s, double);
  ok = ok && network->curve && network->summary_mean && network->summary_chol && make_members(network);
  if (!ok) {
    floe_network_free(network);
    return floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory for a network");
  }
  double equal[FLOE__MOST_MEMBERS];
  for (size_t m = 0; m < network->n_member; m++) equal[m] = 1 / (double)network->n_member;
  floe__network_mix(network, equal);
  *result = network;
  return FLOE_OK;
}

void floe_network_free(struct floe_network *network) {
  if (!network) return;
  for (size_t m = 0; m < network->n_member; m++) {
    floe__member_drop(&network->members[m]);
    floe__free(network->weights[m]);
  }
  floe__free(network->members);
  floe__free(network->weights);
  floe__free(network->curve);
  floe__free(network->summary_mean);
  floe__free(network->summary_chol);
  floe__features_free(network->features);
  floe__free(network);
}

floe_status floe__network_takes(const struct floe_network *network, const size_t *sizes, const char *where,
                                struct floe_error *error) {
  for (size_t d = 0; d < network->model->n_dimension; d++)
    if (sizes[d] > network->features->largest[d])
      return floe__fail(error, FLOE_EDATA, where ? where : "",
                        "train again with these data, widen the index's range, or leave them out",
                        "the network is trained for at most %zu of '%s', the data have %zu",
                        network->features->largest[d], network->model->dimensions[d].name, sizes[d]);
  return FLOE_OK;
}

floe_status floe_network_takes(const struct floe_network *network, const struct floe_dataset *dataset,
                               struct floe_error *error) {
  return floe__network_takes(network, dataset->layout->size, dataset->path, error);
}

struct floe_network_info floe_network_info(const struct floe_network *network) {
  return (struct floe_network_info){.n_member = network->n_member,
                                    .n_weight = network->members[0].n_weight,
                                    .simulations = network->simulations,
                                    .steps = network->steps,
                                    .n_rejected = network->n_rejected,
                                    .seed = network->seed,
                                    .loss = network->loss,
                                    .disagreement = network->disagreement,
                                    .share = network->share,
                                    .member_loss = network->member_loss,
                                    .pattern = network->pattern,
                                    .consistency = network->settings.consistency,
                                    .rejuvenation = network->settings.rejuvenation,
                                    .seconds = network->seconds,
                                    .no_density = floe__flow_no_density(network->settings.posterior),
                                    .resumed = network->resumed,
                                    .n_point = network->n_point,
                                    .curve = network->curve};
}

double floe__summary_distance(const struct floe_network *network, const float *h, double *work) {
  const size_t s = network->settings.summary;
  double sum = 0;
  for (size_t j = 0; j < s; j++) work[j] = (double)h[j] - network->summary_mean[j];
  floe_solve_lower(s, network->summary_chol, work, work);
  for (size_t j = 0; j < s; j++) sum += work[j] * work[j];
  return sqrt(sum);
}

double floe_network_distance_quantile(const struct floe_network *network, double quantile) {
  return floe__quantile_sorted(FLOE__DISTANCE_QUANTILES, network->distances, quantile);
}
