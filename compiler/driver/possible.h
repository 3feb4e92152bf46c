/* possible.h: what a checked spec makes possible, for `floe check`: the role of every name, the universes, the structure of
 * the observations and hence the network, and which corrections follow. */
#ifndef FLOE_DRIVER_POSSIBLE_H
#define FLOE_DRIVER_POSSIBLE_H

#include "compiler/graph/graph.h"

struct floe__text;
struct json_t;

void possible_print(const struct study *study, struct floe__text *out);

/* {"title", "density", "corrections", "structure", "network", "roles": {...}, "axes": [...], "universes": N or null}. */
struct json_t *possible_json(const struct study *study);

#endif
