/* table.h: the verbs of `floe`: its own, and those of compiled studies with SPEC as their first argument. */
#ifndef FLOE_DRIVER_TABLE_H
#define FLOE_DRIVER_TABLE_H

#include "compiler/driver/driver.h"

struct floe__command table_command(struct floe__arena *arena);

/* What carries out a verb of the table. */
floe_status (*table_runner(const char *verb))(struct driver *driver, struct floe_error *error);

#endif
