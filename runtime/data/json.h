/* json.h: data as CmdStan reads it: one object; numbers, true and false, arrays of arrays (rectangular), "NaN", "Inf" and
 * "-Inf"; by jansson. */
#ifndef FLOE_DATA_JSON_H
#define FLOE_DATA_JSON_H

#include <stddef.h>

#include "base/error.h"

enum { FLOE__JSON_MAX_DIM = 8 };

/* A key: numbers or, if `word` is not NULL, words. Row-major. */
struct floe__json_entry {
  char *key;
  size_t n_dim, dim[FLOE__JSON_MAX_DIM];
  size_t n; /* product of dim */
  double *number;
  char **word;
};

struct floe__json_data {
  char *path;
  size_t n;
  struct floe__json_entry *entries; /* in the file's order */
};

/* FLOE_EDATA naming file, line or key. Free with floe__json_free, after errors too. */
FLOE_NODISCARD floe_status floe__json_parse(const char *path, const char *text, size_t length, struct floe__json_data *data,
                                            struct floe_error *error);
void floe__json_free(struct floe__json_data *data);

#endif
