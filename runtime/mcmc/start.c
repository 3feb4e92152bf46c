#include "runtime/mcmc/start.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "runtime/mcmc/pathfinder.h"
#include "runtime/mcmc/trouble.h"
#include "runtime/rng/purpose.h"

enum { ATTEMPTS = 100, PATHS = 4 };

/* The search for one start. */
struct search {
  struct floe__target *target;
  struct floe__density density;
  struct floe__pathfinder *pathfinder;
  struct floe__metric *found; /* by its climbs */
  double evidence;            /* and with what weight */
  struct floe_stream stream;
  double *places; /* (PATHS, n) from which it climbs; the first is where the chain begins if there is no way up */
  double *gradient;
  struct floe_error error;
};

struct searches {
  const struct floe_sample_options *options;
  size_t n_search, n_coordinate;
  struct search *search;
};

static void free_search(struct search *search) {
  floe__target_free(search->target);
  floe__pathfinder_free(search->pathfinder);
  floe__metric_free(search->found);
  floe__free(search->places);
  floe__free(search->gradient);
}

static floe_status open_search(const struct floe_context *context, struct search *search, struct floe_error *error) {
  floe_status status = floe__target_new(context, false, &search->target, error);
  if (status != FLOE_OK) return status;
  const size_t n = search->target->n;
  search->density = floe__target_density(search->target);
  search->pathfinder = floe__pathfinder_new(n);
  search->found = floe__metric_new(n);
  search->places = floe__new(PATHS, n * sizeof(double));
  search->gradient = FLOE__NEW(n, double);
  if (search->pathfinder && search->found && search->places && search->gradient) return FLOE_OK;
  return floe__fail(error, FLOE_EENVIRONMENT, "", "", "There is not enough memory to sample this model.");
}

static bool is_finite(struct search *search, const double *place) {
  if (!isfinite(search->density.evaluate(search->density.state, place, search->gradient))) return false;
  for (size_t k = 0; k < search->target->n; k++)
    if (!isfinite(search->gradient[k])) return false;
  return true;
}

static bool find_random(struct search *search, double *place) {
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    for (size_t k = 0; k < search->target->n; k++) place[k] = 4 * floe_draw_uniform(&search->stream) - 2;
    if (is_finite(search, place)) return true;
  }
  return false;
}

/* The given start if there is one with finite density, else a random one. */
static bool find_first(const struct searches *all, size_t c) {
  const struct floe_sample_options *options = all->options;
  struct search *search = &all->search[c];
  floe_stream_open(&search->stream, options->seed, FLOE_PURPOSE_INITIAL, c, 0, 0);
  if (options->starts && options->n_start) {
    floe__target_gather(search->target, options->starts + (c % options->n_start) * all->n_coordinate, search->places);
    if (is_finite(search, search->places)) return true;
  }
  if (find_random(search, search->places)) return true;
  (void)floe__trouble_no_start(search->target, search->places, search->gradient, ATTEMPTS, &search->error);
  return false;
}

static void climb(void *context, size_t c, size_t thread) {
  const struct searches *all = context;
  struct search *search = &all->search[c];
  const size_t n = search->target->n;
  size_t n_place = 1;
  (void)thread;
  while (n_place < PATHS && find_random(search, search->places + n_place * n)) n_place++;
  search->evidence = floe__pathfinder_run(search->pathfinder, &search->density, n_place, search->places,
                                          &search->stream, search->found);
}

/* Begins in one of the approximations of all searches, drawn by their weights; where its first place was if there is none. */
static void choose(const struct searches *all, size_t c, struct floe__start *start) {
  struct search *search = &all->search[c];
  const struct search *chosen = NULL;
  double best = -INFINITY;
  for (size_t k = 0; k < all->n_search; k++) {
    const double key = all->search[k].evidence - log(-log(floe_draw_uniform(&search->stream)));
    if (key > best) best = key, chosen = &all->search[k];
  }
  if (chosen &&
      floe__pathfinder_draw(search->pathfinder, &search->density, chosen->found, &search->stream, start->position))
    floe__metric_copy(start->metric, chosen->found);
}

static floe_status find_all(const struct searches *all, bool climbing, struct floe__start *starts,
                            struct floe_error *error) {
  for (size_t c = 0; c < all->n_search; c++)
    if (!find_first(all, c)) {
      if (error) *error = all->search[c].error;
      return all->search[c].error.status;
    }
  const size_t flat = floe__flat_direction(all->search[0].target, all->search[0].places);
  if (flat != FLOE_NONE) return floe__trouble_flat(all->search[0].target, flat, false, error);
  for (size_t c = 0; c < all->n_search; c++)
    memcpy(starts[c].position, all->search[c].places, all->search[c].target->n * sizeof(double));
  if (!climbing) return FLOE_OK;
  floe__parallel(all->n_search, all->options->threads ? all->options->threads : 1, climb, (void *)(uintptr_t)all);
  for (size_t c = 0; c < all->n_search; c++) choose(all, c, &starts[c]);
  return FLOE_OK;
}

floe_status floe__find_starts(const struct floe_context *context, const struct floe_sample_options *options,
                              size_t n_start, struct floe__start *starts, struct floe_error *error) {
  struct searches all = {options, n_start, context->layout->n_coordinate, FLOE__NEW(n_start, struct search)};
  floe_status status =
      all.search ? FLOE_OK
                 : floe__fail(error, FLOE_EENVIRONMENT, "", "", "There is not enough memory for %zu chains.", n_start);
  for (size_t c = 0; status == FLOE_OK && c < n_start; c++) status = open_search(context, &all.search[c], error);
  const bool given = options->starts && options->n_start;
  if (status == FLOE_OK) status = find_all(&all, !given && options->warmup > 0, starts, error);
  for (size_t c = 0; all.search && c < n_start; c++) free_search(&all.search[c]);
  floe__free(all.search);
  return status;
}
