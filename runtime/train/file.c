/* The network file: fingerprint of the spec, what the network was trained with, standardisation, weights, loss
 * curve, and the distances of training summaries. Every length that is read is checked against what the spec and the
 * settings imply. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "runtime/train/parts.h"

static const char network_magic[8] = "FLOENET1";
enum { NETWORK_VERSION = 8 };

void floe__put(struct floe__text *to, const void *data, size_t size, size_t count) {
  floe__text_append(to, data, size * count);
}

int floe__get(const unsigned char **at, const unsigned char *end, void *data, size_t size, size_t count) {
  size_t bytes;
  if (__builtin_mul_overflow(size, count, &bytes) || bytes > (size_t)(end - *at)) return 0;
  if (bytes > 0) memcpy(data, *at, bytes);
  *at += bytes;
  return 1;
}

static void put_count(struct floe__text *to, size_t count) {
  const uint64_t number = count;
  floe__put(to, &number, sizeof number, 1);
}

static int get_count(const unsigned char **at, const unsigned char *end, size_t *count) {
  uint64_t number;
  if (!floe__get(at, end, &number, sizeof number, 1)) return 0;
  *count = (size_t)number;
  return 1;
}

static void put_settings(struct floe__text *to, const struct floe__settings *s) {
  const size_t counts[] = {s->layers, s->width,       s->summary, s->ensemble, s->simulations, s->epochs,
                           s->batch,  s->consistency, s->rows,    s->inner,    s->posterior,   s->rejuvenation};
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) put_count(to, counts[k]);
  floe__put(to, &s->rate, sizeof s->rate, 1);
  floe__put(to, &s->pins, sizeof s->pins, 1);
}

static int get_settings(const unsigned char **at, const unsigned char *end, struct floe__settings *s) {
  size_t rows = 0, inner = 0, posterior = 0;
  size_t *const counts[] = {&s->layers, &s->width,       &s->summary, &s->ensemble, &s->simulations, &s->epochs,
                            &s->batch,  &s->consistency, &rows,       &inner,       &posterior,      &s->rejuvenation};
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
    if (!get_count(at, end, counts[k])) return 0;
  if (rows > FLOE_TCN || inner > FLOE_TCN || posterior > FLOE__POINT) return 0;
  s->rows = (enum floe_reading)rows;
  s->inner = (enum floe_reading)inner;
  s->posterior = (enum floe__flow_kind)posterior;
  return floe__get(at, end, &s->rate, sizeof s->rate, 1) && floe__get(at, end, &s->pins, sizeof s->pins, 1) &&
         s->pins >= 0 && s->pins <= 1 && s->layers >= 1 && s->layers <= 24 && s->width >= 8 && s->width <= 1024 &&
         s->summary >= 1 && s->summary <= 256 && s->ensemble >= 1 && s->ensemble <= 32 && s->batch >= 1;
}

/* A column's numbers; where `get` is not NULL they are read from there instead. */
struct source {
  const unsigned char **at, *end;
};

static int standardisation(struct floe__features *f, struct floe__text *to, const struct source *get) {
  const struct {
    double *numbers;
    size_t n;
  } parts[] = {{f->centre, f->n_global + f->n_local}, {f->scale, f->n_global + f->n_local}};
  for (size_t k = 0; k < 2; k++) {
    if (to) floe__put(to, parts[k].numbers, sizeof(double), parts[k].n);
    if (get && !floe__get(get->at, get->end, parts[k].numbers, sizeof(double), parts[k].n)) return 0;
  }
  for (size_t k = 0; k < f->n_flat_value + f->n_row_value; k++) {
    struct floe__value *value = k < f->n_flat_value ? &f->flat[k] : &f->row[k - f->n_flat_value];
    if (to) floe__put(to, value->centre, sizeof(double), 2), floe__put(to, value->scale, sizeof(double), 2);
    if (get && !(floe__get(get->at, get->end, value->centre, sizeof(double), 2) &&
                 floe__get(get->at, get->end, value->scale, sizeof(double), 2)))
      return 0;
  }
  return 1;
}

void floe__network_put(struct floe__text *to, const struct floe_network *network) {
  const struct floe_model *model = network->model;
  const size_t s = network->settings.summary;
  put_count(to, strlen(model->fingerprint));
  floe__put(to, model->fingerprint, 1, strlen(model->fingerprint));
  floe__put(to, &network->seed, sizeof network->seed, 1);
  put_settings(to, &network->settings);
  put_count(to, model->n_dimension);
  for (size_t d = 0; d < model->n_dimension; d++) put_count(to, network->features->largest[d]);
  standardisation(network->features, to, NULL);
  for (size_t m = 0; m < network->n_member; m++) {
    put_count(to, network->members[m].n_weight);
    floe__put(to, network->weights[m], sizeof(float), network->members[m].n_weight);
  }
  put_count(to, network->simulations);
  put_count(to, network->steps);
  put_count(to, network->n_rejected);
  floe__put(to, &network->loss, sizeof network->loss, 1);
  floe__put(to, &network->disagreement, sizeof(double), 1);
  floe__put(to, network->share, sizeof(double), network->n_member);
  floe__put(to, network->member_loss, sizeof(double), network->n_member);
  put_count(to, network->n_point);
  for (size_t k = 0; k < network->n_point; k++) {
    put_count(to, network->curve[k].simulations);
    floe__put(to, &network->curve[k].training, sizeof(double), 1);
    floe__put(to, &network->curve[k].validation, sizeof(double), 1);
  }
  floe__put(to, network->summary_mean, sizeof(double), s);
  floe__put(to, network->summary_chol, sizeof(double), s * s);
  floe__put(to, network->distances, sizeof(double), FLOE__DISTANCE_QUANTILES);
}

static int get_members(struct floe_network *network, const unsigned char **at, const unsigned char *end) {
  for (size_t m = 0; m < network->n_member; m++) {
    size_t n;
    if (!get_count(at, end, &n) || n != network->members[m].n_weight ||
        !floe__get(at, end, network->weights[m], sizeof(float), n))
      return 0;
    for (size_t i = 0; i < n; i++)
      if (!isfinite(network->weights[m][i])) return 0;
  }
  return 1;
}

static int get_shares(struct floe_network *network, const unsigned char **at, const unsigned char *end) {
  double share[FLOE__MOST_MEMBERS], sum = 0;
  if (!floe__get(at, end, share, sizeof *share, network->n_member)) return 0;
  for (size_t m = 0; m < network->n_member; m++) {
    if (!(share[m] >= 0 && share[m] <= 1)) return 0;
    sum += share[m];
  }
  if (fabs(sum - 1) > 1e-9) return 0;
  floe__network_mix(network, share);
  return memcmp(share, network->share, network->n_member * sizeof *share) == 0;
}

static int get_rest(struct floe_network *network, const unsigned char **at, const unsigned char *end) {
  const size_t s = network->settings.summary;
  if (!get_count(at, end, &network->simulations) || !get_count(at, end, &network->steps) ||
      !get_count(at, end, &network->n_rejected) || !floe__get(at, end, &network->loss, sizeof(double), 1) ||
      !floe__get(at, end, &network->disagreement, sizeof(double), 1) || !get_shares(network, at, end) ||
      !floe__get(at, end, network->member_loss, sizeof(double), network->n_member) ||
      !get_count(at, end, &network->n_point) || network->n_point > FLOE__CURVE_POINTS)
    return 0;
  for (size_t k = 0; k < network->n_point; k++)
    if (!get_count(at, end, &network->curve[k].simulations) ||
        !floe__get(at, end, &network->curve[k].training, sizeof(double), 1) ||
        !floe__get(at, end, &network->curve[k].validation, sizeof(double), 1))
      return 0;
  return floe__get(at, end, network->summary_mean, sizeof(double), s) &&
         floe__get(at, end, network->summary_chol, sizeof(double), s * s) &&
         floe__get(at, end, network->distances, sizeof(double), FLOE__DISTANCE_QUANTILES);
}

static int same_spec(const struct floe_model *model, const unsigned char **at, const unsigned char *end) {
  size_t length;
  if (!get_count(at, end, &length) || length > (size_t)(end - *at)) return 0;
  const int same = length == strlen(model->fingerprint) && memcmp(*at, model->fingerprint, length) == 0;
  *at += length;
  return same;
}

/* Sizes must be ones that the spec allows. */
static int get_sizes(const struct floe_model *model, const unsigned char **at, const unsigned char *end,
                     size_t *largest) {
  size_t n;
  if (!get_count(at, end, &n) || n != model->n_dimension) return 0;
  for (size_t d = 0; d < n; d++)
    if (!get_count(at, end, &largest[d]) || largest[d] < model->dimensions[d].low ||
        largest[d] > model->dimensions[d].high)
      return 0;
  return 1;
}

static int plausible(const struct floe__features *f) {
  for (size_t k = 0; k < f->n_global + f->n_local; k++)
    if (!isfinite(f->centre[k]) || !(f->scale[k] > 0)) return 0;
  return 1;
}

floe_status floe__network_get(const struct floe_model *model, const char *path, const unsigned char **at,
                              const unsigned char *end, struct floe_network **result, struct floe_error *error) {
  const char *again = "remove it and train again";
  struct floe__settings settings = {0};
  uint64_t seed = 0;
  *result = NULL;
  if (!same_spec(model, at, end))
    return floe__fail(error, FLOE_EARTIFACT, path, "train again",
                      "the network was trained for another version of the spec");
  size_t *largest = FLOE__NEW(model->n_dimension + 1, size_t);
  floe_status status = FLOE_OK;
  if (!largest) return floe__fail(error, FLOE_EENVIRONMENT, path, "", "not enough memory to read the network");
  if (!floe__get(at, end, &seed, sizeof seed, 1) || !get_settings(at, end, &settings) ||
      !get_sizes(model, at, end, largest) || !floe__summary_possible(model, settings.rows, settings.inner))
    status = floe__fail(error, FLOE_EARTIFACT, path, again, "the network's settings are damaged");
  if (!status) status = floe__network_new(model, &settings, seed, largest, result, error);
  floe__free(largest);
  if (status) return status;
  const struct source get = {at, end};
  if (standardisation((*result)->features, NULL, &get) && plausible((*result)->features) &&
      get_members(*result, at, end) && get_rest(*result, at, end))
    return FLOE_OK;
  floe_network_free(*result);
  *result = NULL;
  return floe__fail(error, FLOE_EARTIFACT, path, again, "the network's weights are damaged");
}

floe_status floe__network_copy(const struct floe_network *network, struct floe_network **copy,
                               struct floe_error *error) {
  struct floe__text payload = {0};
  floe_status status;
  floe__network_put(&payload, network);
  if (payload.failed)
    status = floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory for another network");
  else {
    const unsigned char *at = (const unsigned char *)payload.data;
    status = floe__network_get(network->model, "", &at, at + payload.length, copy, error);
  }
  floe__text_free(&payload);
  return status;
}

floe_status floe_network_save(const struct floe_network *network, const char *path, struct floe_error *error) {
  struct floe__text payload = {0};
  floe_status status;
  floe__network_put(&payload, network);
  if (payload.failed)
    status = floe__fail(error, FLOE_EENVIRONMENT, path, "", "not enough memory to write the network");
  else
    status = floe__artifact_write(path, network_magic, NETWORK_VERSION, payload.data, payload.length, error);
  floe__text_free(&payload);
  return status;
}

floe_status floe_network_load(const struct floe_model *model, const char *path, struct floe_network **network,
                              struct floe_error *error) {
  void *payload;
  size_t length;
  *network = NULL;
  floe_status status = floe__artifact_read(path, network_magic, NETWORK_VERSION, &payload, &length, error);
  if (status) return status;
  const unsigned char *at = payload, *end = at + length;
  status = floe__network_get(model, path, &at, end, network, error);
  if (!status && at != end) {
    floe_network_free(*network);
    *network = NULL;
    status = floe__fail(error, FLOE_EARTIFACT, path, "remove it and train again",
                        "the network file has more than a network in it");
  }
  floe__free(payload);
  return status;
}
