#include "compiler/driver/library.h"

#include "base/arena.h"
#include "base/names.h"
#include "compiler/source/diagnostic.h"
#include "compiler/source/source.h"
#include "compiler/syntax/parse.h"

static const char *const names_of_files[N_LIBRARY] = {
    "prelude",           "draws",                  "distributions_real",    "distributions_positive",
    "distributions_unit", "distributions_discrete", "distributions_vectors", "preparation"};

floe_status library_read(struct library *library, struct floe__arena *arena, const char *folder, struct floe_error *error) {
  struct floe__names *names = floe__names_new(arena);
  struct diagnostics *sink = diagnostics_new(arena);
  *library = (struct library){.home.library = folder, .names = names};
  floe_status status = folder ? FLOE_OK : locate_installation(arena, &library->home, error);
  if (status) return status;
  for (size_t k = 0; k < N_LIBRARY; k++) {
    enum source_problem problem;
    const char *path = floe__arena_printf(arena, "%s/%s.floe", library->home.library, names_of_files[k]);
    const struct source *source = source_read(arena, path, &problem);
    if (source) library->files[k] = parse_source(arena, names, sink, source);
    if (!source || diagnostics_errors(sink)) {
      return floe__fail(error, FLOE_EENVIRONMENT, path, "install Floe again, or let FLOE_HOME name a sound installation",
                        "a file of the standard library %s%s", source ? "is damaged: " : "cannot be read",
                        source ? diagnostics_at(sink, 0)->message : "");
    }
  }
  return FLOE_OK;
}
