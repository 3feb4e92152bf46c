/* locate.h: where the standard library, the public headers and libfloe.a are.
 * In this order: $FLOE_HOME (an installation's prefix or a build tree), the build tree that the executable lies in, the
 * installation that it lies in (../share/floe, ../include, ../lib), the folders given to configure. */
#ifndef FLOE_DRIVER_LOCATE_H
#define FLOE_DRIVER_LOCATE_H

#include "base/error.h"

struct floe__arena;

struct installation {
  const char *library;  /* folder of the standard library's .floe files */
  const char *headers;  /* folder that holds floe/model.h */
  const char *libfloe;  /* libfloe.a */
  const char *pages;    /* folder of the pages that explain error codes; `floe explain` does without if need be */
};

/* FLOE_EENVIRONMENT where a part is nowhere to be found. */
FLOE_NODISCARD floe_status locate_installation(struct floe__arena *arena, struct installation *found, struct floe_error *error);

#endif
