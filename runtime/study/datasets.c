#include "runtime/study/datasets.h"

#include "base/memory.h"

void study_datasets_drop(struct study_datasets *d) {
  for (size_t k = 0; k < d->n_read; k++) floe_data_free(d->read[k]);
  floe__free(d->read);
  floe__free(d->all);
}

floe_status study_datasets_read(struct session *session, const char *option, bool with_data, struct study_datasets *d,
                                struct floe_error *error) {
  const struct floe__arguments *arguments = session->arguments;
  size_t n = 0;
  *d = (struct study_datasets){0};
  while (floe__option_given(arguments, option) && floe__option_repeated(arguments, option, n)) n++;
  d->all = FLOE__NEW(n + 1, const struct floe_dataset *);
  d->read = FLOE__NEW(n + 1, struct floe_dataset *);
  if (!d->all || !d->read) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "out of memory");
  if (with_data && session->dataset) d->all[d->n++] = session->dataset;
  for (; d->n_read < n; d->n_read++) {
    const char *path = floe__option_repeated(arguments, option, d->n_read);
    const floe_status status = session_read(session, path, NULL, &d->read[d->n_read], error);
    if (status != FLOE_OK) return status;
    d->all[d->n++] = d->read[d->n_read];
  }
  return FLOE_OK;
}
