/* features.h: a data set in a universe as the numbers that the networks see, and back. The columns follow from the
 * model's tables alone:
 *   context   what is conditioned on: continuous axes scaled to -1 .. 1 (in the logarithm where they are logarithmic),
 *             and likewise axes whose options are numbers (in the logarithm where all are positive), so that what is
 *             learnt of one option holds for those near it; other options one-hot; all 0 where the axis has no effect;
 *             sizes of varying dimensions; presence of parameters; where the spec asks for pins, of each unknown that
 *             may be held whether it is, and its coordinate. Axes that only prepare data, and equivalence axes, are
 *             left out
 *   rows      data along the plate: a row of features for each of its positions (their number may vary)
 *   flat      all other data, padded to the largest sizes
 *   items     where an inner index set is given: the last features of the rows, or of the flat ones, are those of its
 *             positions, padded to the largest size: n_item of each position, one position behind the other
 *   global    FAMILY coordinates of parameters that do not run along the plate, standardised
 *   local     those that do: a row of coordinates for each position, standardised
 * Data that may be missing have one feature more, which says whether they are.
 * Standardisation is by median and interquartile range, which exist where moments do not. */
#ifndef FLOE_SUMMARY_FEATURES_H
#define FLOE_SUMMARY_FEATURES_H

#include <stddef.h>
#include <stdint.h>

#include <floe/model.h>

#include "base/error.h"
#include "runtime/sim/simulate.h"

enum floe__transform {
  FLOE__AS_REAL,     /* z clipped, and asinh z */
  FLOE__AS_POSITIVE, /* log standardised, and square root standardised and clipped */
  FLOE__AS_COUNT,    /* log(1 + x) standardised, and square root standardised and clipped */
  FLOE__AS_TRUTH,    /* -1, 1 */
  FLOE__AS_CODE,     /* one-hot */
  FLOE__AS_CODE_NUMBER
};

struct floe__value { /* a column of data: where its features start, and how it becomes them */
  enum floe__transform transform;
  size_t first_feature, n_feature;
  int missing; /* may be NaN: all features are 0 then but the last, which is 1 there and 0 elsewhere */
  double centre[2], scale[2];
};

struct floe__features {
  const struct floe_model *model;
  size_t plate;                    /* FLOE_NONE: no data along a plate */
  size_t n_context, n_flat, n_row; /* features; n_row: of one row */
  size_t n_global, n_local;        /* coordinates; n_local: of one row */
  size_t n_pin, first_pin;         /* unknowns that may be held; of each, two context features: whether, and at what */
  size_t *pin_column;              /* (n_pin): their global coordinates */
  size_t max_rows;
  size_t inner, n_item, longest;   /* inner index set, FLOE_NONE: none; features of a position; positions */
  int stated;                      /* see floe__features_new */
  int in_rows;                     /* whether the positions are in rows */
  size_t first_item;               /* the feature where the first position's begin */
  size_t n_flat_value, n_row_value;
  struct floe__value *flat, *row;          /* (n_flat_value), (n_row_value) */
  double *centre, *scale;                  /* (n_global + n_local): of coordinates */
  size_t *data_column, *coordinate_column; /* (n_variable): first column of each variable, among flat or row */
  unsigned char *along;                    /* (n_variable): 1 where the variable runs along the plate */
  size_t *largest;                         /* (n_dimension): sizes that columns are counted by */
};

/* Columns only; centres 0, scales 1. sizes (n_dimension): the largest in use; inner: FLOE_NONE, or an index set along
 * which some data run, all of them along the plate or none of them; stated: of data, only those whose sizes do not vary
 * are read, and summaries that the spec states. NULL: no memory. */
struct floe__features *floe__features_new(const struct floe_model *model, const size_t *largest, size_t inner,
                                          int stated);

/* Whether data are read where only what is stated is. */
int floe__features_stated(const struct floe_model *model, const struct floe_variable *variable);

/* Whether data along an index set run along the plate as well: 1 all, 0 none, -1 some, or there are no such data. */
int floe__features_in_rows(const struct floe_model *model, size_t inner);
void floe__features_free(struct floe__features *features);

/* Where the elements of a layout stand: for data and coordinates, the row (FLOE__NO_ROW: flat or global) and the
 * column. */
#define FLOE__NO_ROW UINT32_MAX
#define FLOE__NOT_READ UINT32_MAX /* column of data that no feature is made of */
struct floe__slots {
  uint32_t *data_row, *data_column;             /* (n_data) */
  uint32_t *coordinate_row, *coordinate_column; /* (n_coordinate) */
  size_t n_row, n_item; /* n_item: positions of the inner index set */
};
struct floe__slots *floe__slots_new(const struct floe__features *features, const struct floe_layout *layout);
void floe__slots_free(struct floe__slots *slots);

/* Centres and scales from the first simulations. */
FLOE_NODISCARD floe_status floe__features_standardise(struct floe__features *features,
                                                      const struct floe_simulations *simulations,
                                                      struct floe_error *error);

/* context (n_context) */
void floe__features_context(const struct floe__features *features, const struct floe_layout *layout,
                            const struct floe_universe *universe, float *context);

/* data (n_data) -> flat (n_flat), rows (slots->n_row, n_row) */
void floe__features_data(const struct floe__features *features, const struct floe_layout *layout,
                         const struct floe__slots *slots, const double *data, float *flat, float *rows);

/* Holds global coordinate pin_column[pin] at its standardised value: a feature of the context (n_context), and absent
 * from the mask (n_global). */
void floe__features_pin(const struct floe__features *features, size_t pin, float value, float *context, float *mask);

/* The same for all coordinates (n_coordinate) that are no NaN. */
void floe__features_hold(const struct floe__features *features, const struct floe_layout *layout,
                         const struct floe__slots *slots, const double *pinned, float *context, float *mask);

/* Which coordinates the universe, the sizes and the gaps in data (n_data) leave: global (n_global), local (n_row,
 * n_local): 0 or 1. */
void floe__features_mask(const struct floe__features *features, const struct floe_layout *layout,
                         const struct floe__slots *slots, const struct floe_universe *universe, const double *data,
                         float *global, float *local);

/* x (n), with mask (n): what is absent becomes 0. It may hold anything before, NaN too. */
void floe__clear_absent(size_t n, const float *mask, float *x);

/* coordinates (n_coordinate) -> global (n_global), local (n_row, n_local): standardised; 0 where not present. */
void floe__features_coordinates(const struct floe__features *features, const struct floe_layout *layout,
                                const struct floe__slots *slots, const double *coordinates, float *global,
                                float *local);

/* And back: -> coordinates (n_coordinate). */
void floe__features_restore(const struct floe__features *features, const struct floe_layout *layout,
                            const struct floe__slots *slots, const float *global, const float *local,
                            double *coordinates);

/* Sum of log scales of present coordinates, global_mask (n_global), local_mask (n_row, n_local): log q of coordinates =
 * log q of standardised ones - this. */
double floe__features_log_scale(const struct floe__features *features, const float *global_mask,
                                const float *local_mask, size_t n_row);

#endif
