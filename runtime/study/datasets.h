/* datasets.h: the data sets of an option that names files and may repeat. */
#ifndef FLOE_STUDY_DATASETS_H
#define FLOE_STUDY_DATASETS_H

#include <stddef.h>

#include "runtime/study/session.h"

struct study_datasets {
  size_t n, n_read;
  const struct floe_dataset **all; /* (n): DATA first where it counts */
  struct floe_dataset **read;      /* (n_read) of them, owned */
};

/* Drop them also after an error. with_data: DATA of the command counts too. */
FLOE_NODISCARD floe_status study_datasets_read(struct session *session, const char *option, bool with_data,
                                               struct study_datasets *datasets, struct floe_error *error);
void study_datasets_drop(struct study_datasets *datasets);

#endif
