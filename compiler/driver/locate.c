#include "compiler/driver/locate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/memory.h"
#include "compiler/driver/configured.h"

static const char *folder_of_executable(struct floe__arena *arena) {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  if (length <= 0 || (size_t)length >= sizeof path) return NULL;
  while (length > 1 && path[length - 1] != '/') length--;
  return floe__arena_copy(arena, path, length > 1 ? (size_t)length - 1 : 1);
}

static bool complete(const struct installation *found, struct floe__arena *arena) {
  return floe__file_exists(floe__arena_printf(arena, "%s/prelude.floe", found->library)) &&
         floe__file_exists(floe__arena_printf(arena, "%s/floe/model.h", found->headers)) &&
         floe__file_exists(found->libfloe);
}

/* A build tree names its source tree in the file floe.source. */
static bool in_build_tree(struct floe__arena *arena, const char *folder, struct installation *found) {
  char *text;
  size_t length;
  if (floe__file_read(floe__arena_printf(arena, "%s/floe.source", folder), PATH_MAX, &text, &length, NULL)) return false;
  int n = (int)strcspn(text, "\n");
  found->library = floe__arena_printf(arena, "%.*s/stdlib", n, text);
  found->headers = floe__arena_printf(arena, "%.*s/runtime/include", n, text);
  found->libfloe = floe__arena_printf(arena, "%s/libfloe.a", folder);
  found->pages = floe__arena_printf(arena, "%.*s/docs/errors", n, text);
  floe__free(text);
  return complete(found, arena);
}

static bool in_prefix(struct floe__arena *arena, const char *prefix, struct installation *found) {
  found->library = floe__arena_printf(arena, "%s/share/floe/stdlib", prefix);
  found->headers = floe__arena_printf(arena, "%s/include", prefix);
  found->libfloe = floe__arena_printf(arena, "%s/lib/libfloe.a", prefix);
  found->pages = floe__arena_printf(arena, "%s/share/floe/errors", prefix);
  return complete(found, arena);
}

static bool as_configured(struct floe__arena *arena, struct installation *found) {
  *found = (struct installation){FLOE_DATA_FOLDER "/stdlib", FLOE_HEADER_FOLDER, FLOE_ARCHIVE_FOLDER "/libfloe.a",
                                 FLOE_DATA_FOLDER "/errors"};
  return complete(found, arena);
}

floe_status locate_installation(struct floe__arena *arena, struct installation *found, struct floe_error *error) {
  const char *home = getenv("FLOE_HOME"), *here = folder_of_executable(arena);
  if (home && *home) {
    if (in_build_tree(arena, home, found) || in_prefix(arena, home, found)) return FLOE_OK;
    return floe__fail(error, FLOE_EENVIRONMENT, home, "unset FLOE_HOME, or let it name an installation's prefix or a build tree",
                      "FLOE_HOME holds no complete installation of floe");
  }
  if (here && in_build_tree(arena, here, found)) return FLOE_OK;
  if (here && in_prefix(arena, floe__arena_printf(arena, "%s/..", here), found)) return FLOE_OK;
  if (as_configured(arena, found)) return FLOE_OK;
  return floe__fail(error, FLOE_EENVIRONMENT, "", "install floe again, or let FLOE_HOME name the prefix of an installation",
                    "the standard library, the headers or libfloe.a cannot be found");
}
