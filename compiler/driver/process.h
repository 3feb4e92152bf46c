/* process.h: other programs, run with an argument vector and never through a shell. */
#ifndef FLOE_DRIVER_PROCESS_H
#define FLOE_DRIVER_PROCESS_H

#include "base/error.h"

struct floe__text;

/* Runs argv[0] (found on PATH), stdin empty, and appends what it writes on stdout and stderr to `output`. *exit_status is
 * its exit status, 128 + signal if a signal ended it, or 127 if there is no such program. FLOE_EENVIRONMENT only if no
 * process could be made at all. */
FLOE_NODISCARD floe_status process_run(const char *const *argv, struct floe__text *output, int *exit_status,
                                       struct floe_error *error);

#endif
