/* draws_csv.h: draws as CmdStan writes them: dotted names that count from 1, the first index fastest, `#` comments that say
 * where the draws come from. Readable by cmdstanr, rstan, posterior and ArviZ. */
#ifndef FLOE_REPORT_DRAWS_CSV_H
#define FLOE_REPORT_DRAWS_CSV_H

#include <floe/model.h>
#include <stdbool.h>

#include "base/error.h"

struct draws_csv {
  const struct floe_layout *layout;
  const char *algorithm; /* "hmc" or "fixed_param" */
  const char *universe;  /* its id */
  uint64_t seed;
  size_t chain; /* from 1 */
  size_t thin;  /* transitions for each draw, 0 where there are none */
  size_t n_draw, n_column;
  const char *const *column_names; /* (n_column) sampler columns: "lp__", ... */
  const double *columns;           /* (n_draw, n_column) */
  const double *values;            /* (n_draw, n_value); absent and summed-out variables (NaN) are left out */
  const double *outputs; /* (n_draw, n_output); reports that are no variables, and claims, follow the values */
  const struct floe_universe *options;
};

/* Writes the file atomically. */
FLOE_NODISCARD floe_status floe__draws_csv_write(const struct draws_csv *draws, const char *path,
                                                 struct floe_error *error);

/* Predicted data instead of the values: data (n_draw, n_data), the variables for which `wanted` (n_variable) holds. */
FLOE_NODISCARD floe_status floe__predictions_csv_write(const struct draws_csv *draws, const double *data,
                                                       const bool *wanted, const char *path, struct floe_error *error);

#endif
