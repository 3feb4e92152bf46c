/* selection.h: the universe that `noise=heavy,prior_power=0.7` selects, wherever it is written: an id, --only or --at. */
#ifndef FLOE_BASE_SELECTION_H
#define FLOE_BASE_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { FLOE__MOST_AXES = 64 };

struct floe__selectable {
  const char *name;
  bool continuous, hyper; /* hyper: a hyper value, which is no axis */
  size_t n_option;        /* discrete */
  double low, high;       /* continuous */
};

/* The axes of a spec, or of a compiled one. */
struct floe__selectables {
  size_t n;
  const void *of;
  struct floe__selectable (*axis)(const void *of, size_t a);
  const char *(*label)(const void *of, size_t a, size_t option);
  uint64_t (*needs)(const void *of, size_t a,
                    size_t other); /* options of another discrete axis in which axis a is there */
};

/* Where each axis stands. The caller fills in the reference and sets the rest to 0. */
struct floe__selection {
  size_t option[FLOE__MOST_AXES];
  double value[FLOE__MOST_AXES];
  bool named[FLOE__MOST_AXES];
  bool implied[FLOE__MOST_AXES]; /* not named, but a named axis is there in this option only */
};

/* Moves the axes that the texts name, all texts together: "" and "reference" name none. FLOE_EUSAGE for unknown axes and
 * options, values out of range, axes named twice, and axes that are not there in what is selected. Does not ask whether the
 * universe is permitted. */
FLOE_NODISCARD floe_status floe__select(const struct floe__selectables *axes, size_t n_text, const char *const *texts,
                                        struct floe__selection *selection, struct floe_error *error);

/* "big=yes, sub=v": the settings that are implied, or named, or both; NUL-terminated, cut if need be. */
void floe__selection_print(const struct floe__selectables *axes, const struct floe__selection *selection, bool named,
                           bool implied, const char *between, char *text, size_t capacity);

#endif
