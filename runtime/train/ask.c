/* Asking a trained network: draws, densities and distances for many data sets and universes at once. What depends on
 * a context alone (summary, projections of the condition) is computed once, in batches of contexts; then draws run
 * in chunks of one context, on several threads. Chunks do not depend on the number of threads. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "runtime/train/answer.h"

enum { BLOCK = FLOE__ASK_BLOCK, PACK = 32 };

static void pack_contexts(void *context, size_t k, size_t thread) {
  struct floe__asking *a = context;
  (void)thread;
  for (size_t i = k * PACK; i < (k + 1) * PACK && i < a->n_context; i++)
    floe__examples_put(&a->examples, i, &a->contexts[i], a->slots[i]);
}

/* Summaries and projections of the condition for PACK contexts of one member. */
static void condition_contexts(void *context, size_t k, size_t thread) {
  struct floe__asking *a = context;
  const size_t packs = (a->n_context + PACK - 1) / PACK, which = k / packs, first = k % packs * PACK;
  const size_t n = first + PACK < a->n_context ? PACK : a->n_context - first, m = a->first_member + which;
  const struct floe__features *f = a->network->features;
  const struct floe__member *member = &a->network->members[m];
  const float *weights = a->network->weights[m];
  const size_t s = member->shape.summary, x = f->n_context;
  float *work = a->work + thread * a->n_work;
  const struct floe__batch b =
      floe__batch_gather(&a->examples, NULL, first, n, work, a->indices + thread * a->n_indices);
  float *rest = work + floe__batch_floats(f, PACK), *h = a->condition + (which * BLOCK + first) * (s + x),
        *tight = rest;
  floe__summary_forward(&member->summary, weights, &b, rest + PACK * s, tight);
  for (size_t i = 0; i < n; i++) {
    memcpy(h + i * (s + x), tight + i * s, s * sizeof(float));
    if (x > 0) memcpy(h + i * (s + x) + s, b.context + i * x, x * sizeof(float));
  }
  if (member->global.n > 0)
    floe__linear_forward(&member->global_condition, weights, n, h, s + x,
                         a->pre + which * a->n_pre + first * member->global.n_pre, member->global.n_pre, 0);
  size_t stride;
  const float *rows = floe__summary_rows(&member->summary, &b, rest + PACK * s, &stride);
  if (member->local.n > 0)
    for (size_t i = 0; i < n; i++)
      floe__linear_forward(&member->local_row, weights, a->slots[first + i]->n_row, rows + b.first_row[i] * stride,
                           stride, a->row_pre + which * a->n_row_pre + (first + i) * f->max_rows * member->local.n_pre,
                           member->local.n_pre, 0);
}

static int allocate(struct floe__asking *a) {
  const struct floe__features *f = a->network->features;
  const size_t block = a->n_total < BLOCK ? a->n_total : BLOCK, n_asked = a->n_member;
  size_t global_pre = 0, local_pre = 0, work = 0;
  for (size_t m = a->first_member; m < a->first_member + n_asked; m++) {
    const struct floe__member *member = &a->network->members[m];
    const size_t chunk = floe__chunk_work(a, member),
                 summary = floe__summary_work(&member->summary, PACK, PACK * f->max_rows);
    const size_t both = floe__batch_floats(f, PACK) + PACK * member->shape.summary + summary;
    work = chunk > work ? chunk : work;
    work = both > work ? both : work;
    global_pre = member->global.n_pre;
    local_pre = member->local.n_pre;
  }
  a->n_work = (work + 15) / 16 * 16;
  a->n_indices = (floe__batch_indices(f, PACK) + floe__chunk_indices(a) + 15) / 16 * 16;
  a->n_pre = BLOCK * global_pre;
  a->n_row_pre = block * f->max_rows * local_pre;
  a->slots = FLOE__NEW(block, struct floe__slots *);
  a->condition = floe__new(n_asked * BLOCK, (a->network->settings.summary + f->n_context) * sizeof(float));
  a->pre = FLOE__NEW(n_asked * a->n_pre + 1, float);
  a->row_pre = FLOE__NEW(n_asked * a->n_row_pre + 1, float);
  a->work = floe__new(a->n_thread, a->n_work * sizeof(float));
  a->indices = floe__new(a->n_thread, a->n_indices * sizeof(uint32_t));
  a->offset = FLOE__NEW(block + 1, size_t);
  return a->slots && a->condition && a->pre && a->row_pre && a->work && a->indices && a->offset &&
         floe__examples_new(f, block, &a->examples, NULL) == FLOE_OK;
}

static void drop(struct floe__asking *a) {
  void *const blocks[] = {a->slots, a->condition, a->pre, a->row_pre, a->work, a->indices, a->offset};
  for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) floe__free(blocks[k]);
  floe__examples_free(&a->examples);
}

/* Contexts that share a layout share its slots. */
static int find_slots(struct floe__asking *a) {
  const struct floe__features *f = a->network->features;
  for (size_t i = 0; i < a->n_context; i++) {
    const int same = i > 0 && a->contexts[i].layout == a->contexts[i - 1].layout;
    a->slots[i] = same ? a->slots[i - 1] : floe__slots_new(f, a->contexts[i].layout);
    if (!a->slots[i]) {
      a->n_context = i;
      return 0;
    }
    a->offset[i + 1] = a->offset[i] + a->n * a->contexts[i].layout->n_coordinate;
  }
  return 1;
}

static void free_slots(struct floe__asking *a) {
  for (size_t i = 0; i < a->n_context; i++)
    if (i == 0 || a->slots[i] != a->slots[i - 1]) floe__slots_free(a->slots[i]);
}

/* What to do with a block of contexts once they are conditioned on; `first` is the first one's number. */
typedef void finish_block(struct floe__asking *asking, size_t first, void *to);

static floe_status check_contexts(const struct floe_network *network, const struct floe_network_ask *ask,
                                  struct floe_error *error) {
  for (size_t i = 0; i < ask->n_context; i++) {
    const floe_status status = floe__network_takes(network, ask->contexts[i].layout->size, "", error);
    if (status) return status;
  }
  return FLOE_OK;
}

static const unsigned char only_member[FLOE_NETWORK_PATTERN];

static floe_status ask_in_blocks(const struct floe_network *network, const struct floe_network_ask *ask,
                                 finish_block *finish, struct floe__asking *a, void *to, struct floe_error *error) {
  floe_status status = check_contexts(network, ask, error);
  a->network = network;
  a->n_total = ask->n_context;
  a->n = ask->n;
  a->seed = ask->seed;
  a->n_thread = ask->n_thread > 0 ? ask->n_thread : 1;
  a->first_member = ask->member == FLOE_NONE ? 0 : ask->member % network->n_member;
  a->n_member = ask->member == FLOE_NONE ? network->n_member : 1;
  a->pattern = ask->member == FLOE_NONE ? network->pattern : only_member;
  for (size_t m = 0; m < a->n_member; m++) a->log_share[m] = ask->member == FLOE_NONE ? log(network->share[m]) : 0;
  if (status || ask->n_context == 0) return status;
  int ok = allocate(a);
  size_t offset = 0;
  for (size_t first = 0; ok && first < ask->n_context; first += BLOCK) {
    a->n_context = first + BLOCK < ask->n_context ? BLOCK : ask->n_context - first;
    a->contexts = ask->contexts + first;
    a->units = ask->units ? ask->units + first : NULL;
    a->offset[0] = offset;
    ok = find_slots(a);
    if (ok) {
      const size_t packs = (a->n_context + PACK - 1) / PACK;
      floe__parallel(packs, a->n_thread, pack_contexts, a);
      floe__parallel(packs * a->n_member, a->n_thread, condition_contexts, a);
      finish(a, first, to);
      offset = a->offset[a->n_context];
    }
    free_slots(a);
  }
  drop(a);
  return ok ? FLOE_OK : floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory to ask the network");
}

static void finish_points(struct floe__asking *a, size_t first, void *to) {
  (void)to;
  a->first_context = first;
  floe__parallel(a->n_context * floe__chunks_of(a), a->n_thread, a->reads ? floe__density_chunk : floe__draw_chunk, a);
}

floe_status floe_network_draw(const struct floe_network *network, const struct floe_network_ask *ask,
                              double *coordinates, double *log_q, struct floe_error *error) {
  const char *no_density = floe__flow_no_density(network->settings.posterior);
  struct floe__asking a = {.coordinates = coordinates, .log_q = no_density ? NULL : log_q};
  for (size_t k = 0; no_density && log_q && k < ask->n_context * ask->n; k++) log_q[k] = NAN;
  return ask_in_blocks(network, ask, finish_points, &a, NULL, error);
}

floe_status floe_network_log_q(const struct floe_network *network, const struct floe_network_ask *ask,
                               const double *coordinates, double *log_q, struct floe_error *error) {
  const char *no_density = floe__flow_no_density(network->settings.posterior);
  if (no_density)
    return floe__fail(error, FLOE_ESPEC, "network", "leave `posterior` out of the network's settings",
                      "`posterior = %s`: %s", floe__posterior_word(network->settings.posterior), no_density);
  struct floe__asking a = {.given = coordinates, .log_q = log_q, .reads = 1};
  return ask_in_blocks(network, ask, finish_points, &a, NULL, error);
}

static void finish_distances(struct floe__asking *a, size_t first, void *to) {
  const size_t s = a->network->settings.summary;
  double *distance = to, work[2 * 256];
  for (size_t i = 0; i < a->n_context; i++)
    distance[first + i] =
        floe__summary_distance(a->network, a->condition + i * (s + a->network->features->n_context), work);
}

floe_status floe_network_distance(const struct floe_network *network, const struct floe_network_ask *ask,
                                  double *distance, struct floe_error *error) {
  struct floe__asking a = {0};
  struct floe_network_ask of_first = *ask;
  of_first.member = 0;
  of_first.n = 0;
  return ask_in_blocks(network, &of_first, finish_distances, &a, distance, error);
}
