/* stdlib.h: the standard library of the source tree. For tests; failures end the test. */
#ifndef FLOE_TESTS_STDLIB_H
#define FLOE_TESTS_STDLIB_H

#include "compiler/driver/library.h"

/* A path of the source tree; without FLOE_SOURCE in the environment it is the current folder. */
const char *source_path(struct floe__arena *arena, const char *name);

const struct library *stdlib_read(struct floe__arena *arena);

#endif
