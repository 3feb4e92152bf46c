/* all_distributions.h: the distributions of the standard library, compiled together into one model per kind of draw. In it
 * the axis `which` chooses the distribution and the axis `method` what its density statement gives: the log density, or, by a
 * change made to the checked program, cdf, quantile, the logarithms of both tails, or the log density as a function of x (the param `place`); or the power
 * `exponent` of the distribution. Arguments are params of density 1, named DISTRIBUTION_ARGUMENT; whole ones are data. */
#ifndef FLOE_TESTS_ALL_DISTRIBUTIONS_H
#define FLOE_TESTS_ALL_DISTRIBUTIONS_H

#include <floe/model.h>

#include "compiler/meaning/typed.h"
#include "tests/stat/distribution_settings.h"

struct floe__arena;

enum { N_DRAW = 40000, MAX_DISTRIBUTION = 64 };

extern const char *const method_names[N_METHOD];

/* What the distributions of one model draw: numbers, counts, truth values or codes. */
struct kind {
  const char *observation;
  enum base base;
};
enum { N_KIND = 4 };
extern const struct kind kinds[N_KIND];

struct fixture {
  const struct kind *kind;
  struct floe__arena *arena;
  const struct program *program;
  size_t n;
  const struct distribution *distributions[MAX_DISTRIBUTION];
  const struct test_points *settings[MAX_DISTRIBUTION];
  void *library;
  const struct floe_model *model;
  struct floe_layout *one, *many; /* one draw, and N_DRAW */
  struct floe_universe universe;
  struct floe_context context;
  double *data, *values, *coordinates, *scratch;
  size_t which, setting; /* what is tested now */
  double *draws;
  size_t n_complaint;
  const char *definition; /* further distributions of the specification */
  bool quiet;             /* complaints are counted only */
};

/* All distributions of that kind. */
struct fixture *fixture_new(const struct kind *kind);
/* One distribution that `definition` defines. */
struct fixture *fixture_of_definition(const char *definition, const struct test_points *settings);

/* What the method is in the distribution; NULL if it is not there, or no method of one number. */
const struct term *method_of(const struct distribution *d, enum method method);

/* A model of its own. */
struct fixture *fixture_of(const struct kind *kind, const char *spec);
void fixture_free(struct fixture *f);

/* The checked program of a specification, in the arena of the fixture; fails on errors. */
struct fixture *fixture_alone(const struct kind *kind);
const struct program *check_text(struct fixture *f, const char *text);
extern const char no_distribution[]; /* a specification that defines none */

#endif
