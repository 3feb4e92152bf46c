/* select.h: which universe --only, --at and ids select in a spec. */
#ifndef FLOE_DRIVER_SELECT_H
#define FLOE_DRIVER_SELECT_H

#include "compiler/driver/driver.h"
#include "compiler/syntax/universe.h"

/* The universe of a typed spec that the id (NULL: none), --only and --at select together. name, in the driver's arena: what
 * was set, "reference" if nothing. FLOE_EUSAGE, as in base/selection.h, and where the spec forbids the universe. */
FLOE_NODISCARD floe_status driver_select(const struct driver *driver, const struct pipeline *pipeline, const char *id,
                                         struct universe **universe, const char **name, struct floe_error *error);

#endif
