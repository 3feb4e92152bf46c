#include "runtime/sim/simulate.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/stop.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/sim/gaps.h"
#include "runtime/sim/sizes.h"

enum { CHUNK = 64 };
static const size_t no_universe = FLOE_NONE - 1; /* what simulate_slot returns where no universe is permitted */

/* One pass over slots that still need a simulation. */
struct run {
  const struct floe_simulation_plan *plan;
  struct floe__sizes sizes;
  struct floe_simulations *simulations;
  size_t n_slot;
  size_t *slot;     /* (n_slot) */
  size_t *offender; /* (n): by slot, the first variable that is not finite, or FLOE_NONE */
  double *scratch;  /* (n_thread, n_scratch + n_value) */
  size_t n_scratch;
  atomic_size_t n_done;
};

static bool all_finite(size_t n, const double *x) {
  for (size_t k = 0; k < n; k++)
    if (!isfinite(x[k])) return false;
  return true;
}

static size_t first_not_finite(const struct floe_layout *layout, const struct floe_universe *universe,
                               const double *data, const double *values) {
  for (size_t v = 0; v < layout->model->n_variable; v++) {
    const double *numbers = floe_variable_is_data(&layout->model->variables[v]) ? data : values;
    if (!floe_variable_present(layout->model, universe, v)) continue;
    if (!all_finite(layout->count[v], numbers + layout->offset[v])) return v;
  }
  return FLOE_NONE;
}

/* The same for coordinates; those of absent variables become 0. */
static size_t first_bad_coordinate(const struct floe_layout *layout, const struct floe_universe *universe,
                                   double *coordinates) {
  for (size_t v = 0; v < layout->model->n_variable; v++) {
    if (layout->coordinate[v] == FLOE_NONE) continue;
    double *own = coordinates + layout->coordinate[v];
    if (!floe_variable_present(layout->model, universe, v)) {
      for (size_t k = 0; k < layout->free[v]; k++) own[k] = 0;
    } else if (!all_finite(layout->free[v], own)) {
      return v;
    }
  }
  return FLOE_NONE;
}

/* Streams of sizes and universes differ between purposes too: training and validation see different ones. */
static uint64_t stream_unit(const struct floe_simulation_plan *plan, uint64_t unit) {
  return unit ^ plan->purpose << 56;
}

static void clear(size_t n, double *x, double value) {
  for (size_t k = 0; k < n; k++) x[k] = value;
}

static size_t simulate_slot(struct run *run, size_t slot, double *scratch) {
  const struct floe_simulation_plan *plan = run->plan;
  const struct floe_model *model = plan->model;
  struct floe_simulations *s = run->simulations;
  const uint64_t unit = s->unit[slot], varied = stream_unit(plan, unit);
  struct floe_universe universe;
  if (plan->universe) {
    universe = *plan->universe;
    floe_universe_canonical(model, &universe);
  } else if (!floe_universe_draw(model, plan->seed, varied, &universe)) {
    return no_universe;
  }
  s->layout[slot] = (uint32_t)floe__sizes_draw(&run->sizes, varied);
  floe_universe_settings(model, &universe, s->settings + slot * model->n_axis);
  const struct floe_layout *layout = run->sizes.layouts[s->layout[slot]];
  double *data = s->data + slot * s->n_data, *coordinates = s->coordinates + slot * s->n_coordinate;
  double *values = s->values ? s->values + slot * s->n_value : scratch + run->n_scratch;
  clear(s->n_data, data, 0);
  clear(s->n_coordinate, coordinates, 0);
  clear(s->n_value, values, 0);
  clear(layout->n_value, values, NAN);
  floe__resample_rows(&run->sizes, layout, varied, data);
  const struct floe_context context = {
      .layout = layout, .universe = &universe, .coordinates = FLOE_FAMILY_COORDINATES, .data = data};
  const struct floe_sampling sampling = {plan->seed, plan->purpose, unit,
                                         FLOE_DRAW_DATA | FLOE_DRAW_PARAMETERS | FLOE_DRAW_OBSERVED};
  model->simulate(&context, &sampling, 1, data, values, scratch);
  const size_t offender = first_not_finite(layout, &universe, data, values);
  if (offender != FLOE_NONE) return offender;
  model->unconstrain(&context, 1, values, coordinates, scratch);
  if (plan->gaps) floe__make_gaps(plan, layout, varied, data);
  return first_bad_coordinate(layout, &universe, coordinates);
}

static void simulate_chunk(void *context, size_t chunk, size_t thread) {
  struct run *run = context;
  if (floe__stop_requested()) return;
  double *scratch = run->scratch + thread * (run->n_scratch + run->simulations->n_value);
  const size_t first = chunk * CHUNK, end = first + CHUNK < run->n_slot ? first + CHUNK : run->n_slot;
  for (size_t k = first; k < end; k++) run->offender[run->slot[k]] = simulate_slot(run, run->slot[k], scratch);
  const size_t n_done = atomic_fetch_add(&run->n_done, end - first) + (end - first);
  if (thread == 0)
    floe__progress(run->plan->progress, fmin((double)n_done / (double)run->simulations->n, 1), "simulating");
}

/* "y (12), tau (3)": the variables by how often they were the first that was not finite. */
static void write_offenders(const struct floe_model *model, const size_t *counts, char *text, size_t capacity) {
  size_t length = 0, previous = SIZE_MAX, previous_variable = 0;
  text[0] = '\0';
  for (;;) {
    size_t best = FLOE_NONE;
    for (size_t v = 0; v < model->n_variable; v++) {
      const bool later = counts[v] < previous || (counts[v] == previous && v > previous_variable);
      if (counts[v] && later && (best == FLOE_NONE || counts[v] > counts[best])) best = v;
    }
    if (best == FLOE_NONE || length >= capacity) return;
    length += (size_t)snprintf(text + length, capacity - length, "%s%s (%zu)", length ? ", " : "",
                               model->variables[best].name, counts[best]);
    previous = counts[best];
    previous_variable = best;
  }
}

/* Counts the offenders of a pass; their slots come next, with fresh units. */
static floe_status collect_offenders(struct run *run, size_t *counts, struct floe_error *error) {
  struct floe_simulations *s = run->simulations;
  size_t n_bad = 0;
  for (size_t k = 0; k < run->n_slot; k++) {
    const size_t slot = run->slot[k], offender = run->offender[slot];
    if (offender == FLOE_NONE) continue;
    if (offender == no_universe)
      return floe__fail(error, FLOE_ESPEC, "", "relax `forbid` and `require`",
                        "no permitted universe was found in 10000 draws");
    counts[offender]++;
    run->slot[n_bad++] = slot;
    s->unit[slot] = s->next_unit++;
  }
  run->n_slot = n_bad;
  s->n_rejected += n_bad;
  write_offenders(s->model, counts, s->rejected_by, sizeof s->rejected_by);
  if (s->n_rejected > 2 && s->n_rejected * 100 > s->n + s->n_rejected)
    return floe__fail(error, FLOE_ENUMERIC, "", "tighten the priors of what it depends on, or clip it",
                      "%zu of %zu simulations are not finite: %s", s->n_rejected, s->n + s->n_rejected - n_bad,
                      s->rejected_by);
  return FLOE_OK;
}

static floe_status simulate_all(struct run *run, struct floe_error *error) {
  struct floe_simulations *s = run->simulations;
  size_t *counts = FLOE__NEW(s->model->n_variable, size_t);
  if (!counts)
    return floe__fail(error, FLOE_EENVIRONMENT, "", "simulate fewer at a time", "no memory for the simulations");
  floe_status status = FLOE_OK;
  for (size_t k = 0; k < s->n; k++) {
    run->slot[k] = k;
    s->unit[k] = run->plan->first_unit + k;
  }
  run->n_slot = s->n;
  s->next_unit = run->plan->first_unit + s->n;
  while (status == FLOE_OK && run->n_slot > 0) {
    floe__parallel((run->n_slot + CHUNK - 1) / CHUNK, run->plan->n_thread, simulate_chunk, run);
    if (floe__stop_requested())
      status = floe__fail(error, FLOE_EINTERRUPTED, "", "", "stopped while simulating");
    else
      status = collect_offenders(run, counts, error);
  }
  floe__free(counts);
  return status;
}

static struct floe_simulations *empty_simulations(const struct floe_simulation_plan *plan, struct floe__sizes *sizes) {
  struct floe_simulations *s = FLOE__NEW(1, struct floe_simulations);
  if (!s) return NULL;
  const size_t n = plan->n;
  s->model = plan->model;
  s->n = n;
  s->n_data = sizes->largest->n_data;
  s->n_value = sizes->largest->n_value;
  s->n_coordinate = sizes->largest->n_coordinate;
  s->layout = FLOE__NEW(n, uint32_t);
  s->unit = FLOE__NEW(n, uint64_t);
  s->settings = floe__new(n, plan->model->n_axis * sizeof(double));
  s->data = floe__new(n, s->n_data * sizeof(double));
  s->coordinates = floe__new(n, s->n_coordinate * sizeof(double));
  s->values = plan->keep_values ? floe__new(n, s->n_value * sizeof(double)) : NULL;
  if (s->layout && s->unit && s->settings && s->data && s->coordinates && (s->values || !plan->keep_values)) return s;
  floe_simulations_free(s);
  return NULL;
}

/* Hands the layouts over to the simulations. */
static void give_layouts(struct floe__sizes *sizes, struct floe_simulations *s) {
  s->n_layout = sizes->n_layout;
  s->layouts = sizes->layouts;
  s->largest = sizes->largest;
  sizes->n_layout = 0;
  sizes->layouts = NULL;
  sizes->largest = NULL;
}

static size_t most_scratch(const struct floe__sizes *sizes) {
  size_t most = sizes->largest->n_scratch;
  for (size_t k = 0; k < sizes->n_layout; k++)
    if (sizes->layouts[k]->n_scratch > most) most = sizes->layouts[k]->n_scratch;
  return most;
}

floe_status floe_simulate(const struct floe_simulation_plan *plan, struct floe_simulations **simulations,
                          struct floe_error *error) {
  struct run run = {.plan = plan};
  *simulations = NULL;
  floe_status status = floe__sizes_new(plan, &run.sizes, error);
  if (status == FLOE_OK) {
    run.n_scratch = most_scratch(&run.sizes);
    run.simulations = empty_simulations(plan, &run.sizes);
    run.slot = FLOE__NEW(plan->n, size_t);
    run.offender = FLOE__NEW(plan->n, size_t);
    run.scratch =
        floe__new(plan->n_thread ? plan->n_thread : 1, (run.n_scratch + run.sizes.largest->n_value) * sizeof(double));
    if (run.simulations && run.slot && run.offender && run.scratch)
      status = simulate_all(&run, error);
    else
      status = floe__fail(error, FLOE_EENVIRONMENT, "", "simulate fewer at a time", "no memory for %zu simulations",
                          plan->n);
  }
  if (status == FLOE_OK) {
    give_layouts(&run.sizes, run.simulations);
    *simulations = run.simulations;
  } else {
    floe_simulations_free(run.simulations);
  }
  floe__sizes_free(&run.sizes);
  floe__free(run.slot);
  floe__free(run.offender);
  floe__free(run.scratch);
  return status;
}

void floe_simulations_free(struct floe_simulations *s) {
  if (!s) return;
  for (size_t k = 0; k < s->n_layout; k++) floe_layout_free(s->layouts[k]);
  floe_layout_free((struct floe_layout *)s->largest);
  floe__free(s->layouts);
  floe__free(s->layout);
  floe__free(s->settings);
  floe__free(s->unit);
  floe__free(s->data);
  floe__free(s->coordinates);
  floe__free(s->values);
  floe__free(s);
}

struct floe_context floe_simulations_context(const struct floe_simulations *s, size_t k,
                                             struct floe_universe *universe) {
  floe_universe_from_settings(s->model, s->settings + k * s->model->n_axis, universe);
  return (struct floe_context){.layout = s->layouts[s->layout[k]],
                               .universe = universe,
                               .coordinates = FLOE_FAMILY_COORDINATES,
                               .data = s->data + k * s->n_data};
}

floe_status floe_simulation_largest(const struct floe_simulation_plan *plan, struct floe_layout **largest,
                                    struct floe_error *error) {
  struct floe__sizes sizes;
  const floe_status status = floe__sizes_new(plan, &sizes, error);
  *largest = NULL;
  if (status == FLOE_OK) {
    *largest = sizes.largest;
    sizes.largest = NULL;
  }
  floe__sizes_free(&sizes);
  return status;
}
