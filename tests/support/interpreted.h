/* interpreted.h: a spec taken through the whole front end, and its graph evaluated by the interpreter: the oracle for
 * generated code. For tests; failures end the test. */
#ifndef FLOE_TESTS_INTERPRETED_H
#define FLOE_TESTS_INTERPRETED_H

#include "compiler/graph/interpret.h"

enum { MAX_NUMBERS = 64, MAX_VARIABLES = 16, MAX_AXES = 16 };

/* A universe and a point in it; the axes stand at their references to begin with. */
struct interpreted {
  struct floe__arena *arena;
  struct study *study;
  struct graph_world world;
  size_t size[8], option[MAX_AXES];
  double axis[MAX_AXES];
  double values[MAX_VARIABLES][MAX_NUMBERS], coordinates[MAX_VARIABLES][MAX_NUMBERS]; /* by variable id */
  double centring[MAX_VARIABLES][MAX_NUMBERS]; /* of coordinates */
  uint64_t seed;
};

struct interpreted *interpreted_file(const char *name); /* relative to the source tree */
struct interpreted *interpreted_text(const char *text);
void interpreted_free(struct interpreted *f);
const struct variable *interpreted_variable(const struct interpreted *f, const char *name);
size_t interpreted_axis(const struct interpreted *f, const char *name);

/* Computes the roots that are present, in order: variables and coordinates go to the fixture, outputs to `outputs`, terms
 * are added up by tag. What an interpretation does not have may be NULL. */
void interpreted_run(struct interpreted *f, enum interpretation_kind kind, double *outputs, double terms[N_TAG]);
double interpreted_log_density(struct interpreted *f);

void assert_close(double a, double b); /* to a relative 1e-10 */

#endif
