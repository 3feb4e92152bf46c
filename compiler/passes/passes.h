/* passes.h: typed tree -> graph, and graph -> graph. In the order in which the driver calls them. */
#ifndef FLOE_PASSES_PASSES_H
#define FLOE_PASSES_PASSES_H

#include "compiler/graph/graph.h"

/* Lowers a checked program and derives every interpretation from it: simulator, density, transforms, reports. */
struct study *derive_study(struct floe__arena *arena, const struct program *program);

#endif
