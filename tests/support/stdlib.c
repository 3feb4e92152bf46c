#include "tests/support/stdlib.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"

const char *source_path(struct floe__arena *arena, const char *name) {
  const char *root = getenv("FLOE_SOURCE");
  return floe__arena_printf(arena, "%s/%s", root ? root : ".", name);
}

const struct library *stdlib_read(struct floe__arena *arena) {
  struct floe_error error = {0};
  struct library *library = floe__arena_alloc(arena, sizeof *library);
  if (library_read(library, arena, source_path(arena, "stdlib"), &error)) fail_msg("%s", error.message);
  return library;
}
