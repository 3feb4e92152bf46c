/* multiverse_options.h: --universes, --grid, --only, --rungs and --draws as the multiverse wants them. */
#ifndef FLOE_STUDY_MULTIVERSE_OPTIONS_H
#define FLOE_STUDY_MULTIVERSE_OPTIONS_H

#include "runtime/multiverse/universes.h"
#include "runtime/study/session.h"

/* The list of universes: axes that --only and --at set stay there. Freed by the caller. */
FLOE_NODISCARD floe_status study_universes(const struct session *session, struct floe_universes **universes,
                                           struct floe_error *error);

/* --rungs 1, 2 or 3 as FLOE_RUNG_* bits. */
unsigned study_rungs(const struct session *session);

#endif
