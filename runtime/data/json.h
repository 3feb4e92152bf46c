/* json.h: data as CmdStan reads it, by jansson: one object of numbers, truth values, words, and rectangular arrays of
 * arrays of them. "NaN", "Inf", "-Inf" and the like are numbers; null is NaN. */
#ifndef FLOE_DATA_JSON_H
#define FLOE_DATA_JSON_H

#include <stddef.h>

#include "base/error.h"

enum { FLOE__JSON_MAX_DIM = 8 };

/* Row-major; numbers or, if `word` is not NULL, words. */
struct floe__json_entry {
  const char *key;
  size_t n_dim, dim[FLOE__JSON_MAX_DIM];
  size_t n; /* product of dim */
  double *number;
  const char **word;
};

struct floe__json_data {
  const char *path;
  size_t n;
  struct floe__json_entry *entries; /* in the file's order */
  void *root;                       /* owns keys and words */
};

/* FLOE_EDATA naming file and line, or key. path is kept, not copied. Free with floe__json_free, after errors too. */
FLOE_NODISCARD floe_status floe__json_parse(const char *path, const char *text, size_t length,
                                            struct floe__json_data *data, struct floe_error *error);
void floe__json_free(struct floe__json_data *data);

#endif
