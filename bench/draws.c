/* Posterior draws a CPU second of one thread: linked with a study's C in place of its main. argv: a data file, the trained
 * network. Prints the median rate of ten times 100,000 draws at the reference universe, without log densities and with them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/data/bind.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/train/network.h"

enum { N = 100000, ROUNDS = 11 };

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int failed(const struct floe_error *error) {
  fprintf(stderr, "%s\n", error->message);
  return 1;
}

int floe_study_main(const struct floe_model *model, int argc, char **argv) {
  struct floe_universe universe;
  struct floe_error error = {0};
  struct floe_dataset *set;
  struct floe_network *network;
  if (argc != 3) return fputs("usage: draws DATA NETWORK\n", stderr), 2;
  if (floe_data_read(model, argv[1], NULL, &set, &error) || floe_network_load(model, argv[2], &network, &error))
    return failed(&error);
  const struct floe_layout *layout = set->layout;
  double *data = calloc(layout->n_data + 1, sizeof *data), *scratch = calloc(layout->n_scratch + 1, sizeof *scratch),
         *coordinates = calloc(N * (layout->n_coordinate + 1), sizeof *coordinates), *log_q = calloc(N, sizeof *log_q);
  if (!data || !scratch || !coordinates || !log_q) return fputs("not enough memory\n", stderr), 8;
  floe_universe_reference(model, &universe);
  if (floe_data_prepare(set, &universe, data, scratch, &error)) return failed(&error);
  const struct floe_context context = {
      .layout = layout, .universe = &universe, .coordinates = FLOE_FAMILY_COORDINATES, .data = data};
  for (int with = 0; with < 2; with++) {
    double each[ROUNDS];
    for (uint64_t k = 0; k < ROUNDS; k++) {
      const struct floe_network_ask ask = {.n_context = 1, .contexts = &context, .n = N, .seed = k, .member = FLOE_NONE};
      const double start = seconds();
      if (floe_network_draw(network, &ask, coordinates, with ? log_q : NULL, &error)) return failed(&error);
      each[k] = seconds() - start;
    }
    qsort(each, ROUNDS, sizeof *each, ascending);
    printf("%.0f%s", N / each[ROUNDS / 2], with ? "\n" : " ");
  }
  return 0;
}
