/* library.h: the standard library as trees, read once for any number of compilations. */
#ifndef FLOE_DRIVER_LIBRARY_H
#define FLOE_DRIVER_LIBRARY_H

#include "base/error.h"
#include "compiler/driver/locate.h"
#include "compiler/syntax/tree.h"

struct floe__arena;
struct floe__names;

enum { N_LIBRARY = 8 };

struct library {
  struct installation home;            /* with `folder` given, only its `library` */
  const struct floe__names *names;     /* those in the trees */
  const struct tree *files[N_LIBRARY]; /* in the order in which they may use each other */
};

/* `folder` NULL: that of this installation. FLOE_EENVIRONMENT: it cannot be found or is damaged. */
FLOE_NODISCARD floe_status library_read(struct library *library, struct floe__arena *arena, const char *folder,
                                        struct floe_error *error);

#endif
