/* Microseconds that one gradient of a study takes: linked with the study's C in place of its main. CPU time, the least
 * of many repeats, in universe coordinates, at the reference universe. argv[1]: a data file; without one, the data are
 * simulated at the largest sizes. The last number is what one costs per chain where several are evaluated in lockstep. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/data/bind.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double *numbers(size_t n) {
  double *x = calloc(n + 1, sizeof *x);
  if (!x) exit(1);
  return x;
}

/* Microseconds for each chain of a pack that starts where `coordinates` are. */
static double in_lockstep(const struct floe_lockstep *lockstep, struct floe_context context, const double *coordinates) {
  const size_t n = context.layout->n_coordinate, width = lockstep->width;
  double *points = aligned_alloc(64, (n + 8) * width * sizeof *points), *gradients = aligned_alloc(64, (n + 8) * width * sizeof *points);
  double *scratch = aligned_alloc(64, (lockstep->scratch_size(context.layout) / 8 + 1) * 64), *densities = aligned_alloc(64, 64);
  double *constants = numbers(lockstep->constants ? lockstep->constants_size(context.layout) : 0), least = INFINITY;
  if (!points || !gradients || !scratch || !densities) exit(1);
  if (lockstep->constants) lockstep->constants(&context, constants);
  context.constants = constants;
  for (size_t k = 0; k < n * width; k++) points[k] = coordinates[k / width] + 0.001 * (double)(k % width);
  size_t repeats = 1;
  for (int round = 0; round < 60; round++) {
    const double start = seconds();
    for (size_t k = 0; k < repeats; k++) lockstep->gradient(&context, points, densities, gradients, scratch);
    const double each = (seconds() - start) / (double)repeats;
    if (each * (double)repeats < 2e-3)
      repeats *= 2;
    else if (each < least)
      least = each;
  }
  free(points), free(gradients), free(scratch), free(densities), free(constants);
  return 1e6 * least / (double)width;
}

int floe_study_main(const struct floe_model *model, int argc, char **argv) {
  struct floe_universe universe;
  struct floe_error error = {0};
  floe_universe_reference(model, &universe);
  struct floe_dataset *set = NULL;
  struct floe_layout *layout;
  double *data, *scratch;
  if (argc > 1) {
    if (floe_data_read(model, argv[1], NULL, &set, &error)) return fprintf(stderr, "%s\n", error.message), 1;
    layout = set->layout;
    scratch = numbers(layout->n_scratch);
    data = numbers(layout->n_data);
    if (floe_data_prepare(set, &universe, data, scratch, &error)) return fprintf(stderr, "%s\n", error.message), 1;
  } else {
    size_t sizes[64];
    floe_sizes_largest(model, sizes);
    layout = floe_layout_new(model, sizes, &error);
    if (!layout) return fprintf(stderr, "%s\n", error.message), 1;
    scratch = numbers(layout->n_scratch);
    data = numbers(layout->n_data);
    double *values = numbers(layout->n_value);
    struct floe_context context = {.layout = layout, .universe = &universe, .coordinates = FLOE_UNIVERSE_COORDINATES};
    struct floe_sampling sampling = {1, 1, 1, FLOE_DRAW_DATA | FLOE_DRAW_PARAMETERS | FLOE_DRAW_OBSERVED};
    model->simulate(&context, &sampling, 1, data, values, scratch);
    free(values);
  }
  struct floe_context context = {
      .layout = layout, .universe = &universe, .coordinates = FLOE_UNIVERSE_COORDINATES, .data = data};
  if (model->constants) {
    double *constants = numbers(model->constants_size(layout));
    model->constants(&context, constants);
    context.constants = constants;
  }
  double *coordinates = numbers(layout->n_coordinate), *gradient = numbers(layout->n_coordinate);
  for (size_t k = 0; k < layout->n_coordinate; k++) coordinates[k] = 0.1 * sin(1.0 + (double)k);
  double density = 0, least = INFINITY, checksum = 0;
  size_t repeats = 1;
  for (int round = 0; round < 60; round++) {
    double start = seconds();
    for (size_t k = 0; k < repeats; k++) model->gradient(&context, 1, coordinates, &density, gradient, scratch);
    double each = (seconds() - start) / (double)repeats;
    if (each * (double)repeats < 2e-3)
      repeats *= 2;
    else if (each < least)
      least = each;
  }
  for (size_t k = 0; k < layout->n_coordinate; k++) checksum += gradient[k] * cos((double)k);
  const double packed = model->lockstep ? in_lockstep(model->lockstep, context, coordinates) : NAN;
  printf("%.4g %zu %.15g %.15g %.4g\n", 1e6 * least, layout->n_coordinate, density, checksum, packed);
  return 0;
}
