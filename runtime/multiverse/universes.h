/* universes.h: which universes a study looks at. The reference first; then every change of one axis from it (all options of
 * a discrete axis, five points of a continuous one); then a seeded sample of pairs of neighbours, which differ in one axis,
 * axes in turn. Or the full product. Only permitted universes, each once; axes without effect stand at their reference.
 * Prep axes count, equivalence axes do not: they add extra runs at the reference, behind all others. */
#ifndef FLOE_MULTIVERSE_UNIVERSES_H
#define FLOE_MULTIVERSE_UNIVERSES_H

#include <floe/model.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { FLOE_AXIS_POINTS = 5, FLOE_GRID_POINTS = 3, FLOE_MAX_UNIVERSE = 100000 };

struct floe_universes_options {
  size_t n;  /* how many universes; one-axis changes are listed even beyond it. 0: 100 */
  bool grid; /* the full product, continuous axes at FLOE_GRID_POINTS points */
  uint64_t seed;
  const struct floe_universe *reference; /* NULL: the spec's */
  const bool *held;                      /* (n_axis) axes that stay at the reference; NULL: none */
};

/* Two universes of the list that differ in one axis only; `from` has the lower option or value. */
struct floe_pair {
  size_t from, to, axis;
};

/* An extra run: the reference with another option of an equivalence axis. */
struct floe_equivalence {
  size_t universe, axis;
};

struct floe_universes {
  const struct floe_model *model;
  size_t n, n_extra;              /* the list; behind it n_extra runs for equivalence axes */
  struct floe_universe *universe; /* (n + n_extra) */
  size_t n_one_axis;              /* universes 1 .. n_one_axis are one-axis changes; 0 for a grid */
  size_t n_pair;
  struct floe_pair *pairs;        /* (n_pair) by axis, then from, then to */
  struct floe_equivalence *extra; /* (n_extra) */
};

/* FLOE_EUSAGE where the reference is not permitted or the product has more than FLOE_MAX_UNIVERSE universes. */
FLOE_NODISCARD floe_status floe_universes_new(const struct floe_model *model,
                                              const struct floe_universes_options *options,
                                              struct floe_universes **universes, struct floe_error *error);
void floe_universes_free(struct floe_universes *universes); /* NULL is allowed */

/* Point k of n_point on a continuous axis, ends included; evenly spaced in the logarithm where the axis is logarithmic; rounded
 * to four significant digits (a thousandth of a range that is not logarithmic), for readable names. */
double floe_axis_point(const struct floe_axis *axis, size_t k, size_t n_point);

#endif
