/* emit.h: graph -> C. */
#ifndef FLOE_EMIT_EMIT_H
#define FLOE_EMIT_EMIT_H

#include <stdint.h>

#include "compiler/graph/graph.h"

struct floe__text;

/* Writes the C of a study: one translation unit that includes only <floe/model.h>, <floe/draws.h> and <floe/lanes.h>, defines
 * `floe_the_model`, and has a `main` that hands it to floe_study_main.
 * Nothing of the spec's text reaches it unquoted: names become identifiers by emit_identifier, texts become escaped
 * string literals. The result is the model's prior_fingerprint. With `lockstep` the model can evaluate several chains at once. */
uint64_t emit_study(const struct study *study, struct floe__arena *arena, bool lockstep, struct floe__text *out);

#endif
