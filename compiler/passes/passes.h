/* passes.h: typed tree -> graph, and graph -> graph. In the order in which the driver calls them. */
#ifndef FLOE_PASSES_PASSES_H
#define FLOE_PASSES_PASSES_H

#include "compiler/graph/graph.h"

/* Lowers a checked program and derives every interpretation from it: simulator, density, transforms, reports. */
struct study *derive_study(struct floe__arena *arena, const struct program *program);

struct diagnostics;

/* Lint: options of an axis that make no difference to any result once lowered (W3002). Left out where it would take long. */
void find_identical_options(struct floe__arena *arena, struct diagnostics *sink, const struct study *study);

/* How the network reads the observations, in the words of `network { summary = WORD }`. */
struct network_reading {
  const char *rows;  /* the plate's rows as a set; NULL: there is no plate */
  const char *inner; /* what is read within the rows, or outside of them; NULL: nothing */
  const char *why;   /* of `inner` */
};
struct network_reading network_reading(const struct study *study);

/* Whether the network reads only what `summary` states, and data whose sizes do not vary. */
bool reads_stated(const struct program *program);

/* E2092 for settings of the network that the observations, the density or another setting rule out. */
/* Whether a network may be trained to answer with the unknown held at a value: one continuous number on whose prior no other unknown
 * bears, so that holding it and being told it are the same. */
bool can_be_pinned(const struct variable *variable);

/* The share of simulations with pins that the settings ask for. */
double share_of_pins(const struct program *program);

void check_settings_fit(struct diagnostics *sink, const struct study *study, bool pinned); /* pinned: --pin took unknowns away */

#endif
