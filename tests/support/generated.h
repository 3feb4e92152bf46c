/* generated.h: a spec all the way to machine code, loaded; what its functions give is compared with what the graph's interpreter
 * gives, in every universe and both systems of coordinates, and the gradient with differences of the log density. */
#ifndef FLOE_TESTS_GENERATED_H
#define FLOE_TESTS_GENERATED_H

#include <floe/model.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "compiler/graph/interpret.h"

struct generated {
  bool says_nought; /* a density of the spec says -inf itself: without a guard, gradients are what they are */
  struct floe__arena *arena;
  struct study *study;
  struct floe__text code;
  void *library;
  const struct floe_model *model;
  struct floe_layout *layout;
  struct floe_universe universe;
  struct floe_context context;
  double *data, *values, *coordinates, *centring, *scratch; /* one point */
  struct graph_world world;
};

/* Of a spec in memory; of a file, by its path from the root of the source. */
struct generated *generated_of_text(const char *text);
struct generated *generated_of_file(const char *name);
void generated_free(struct generated *f);

/* Universe number 0, 1, ...; what follows is in it. */
void generated_enter_universe(struct generated *f, size_t number);
/* The sum of all terms, which are written to `terms` (FLOE_N_TAG). */
double generated_density(struct generated *f, double *terms);

/* Each fails the test where the two differ. */
void generated_compare_simulation(struct generated *f);
void generated_compare_transforms(struct generated *f);
void generated_compare_everywhere(struct generated *f);
/* All of it for a file. */
void generated_compare_spec(const char *name);

#endif
