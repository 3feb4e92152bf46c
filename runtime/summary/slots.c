/* Where the elements of a layout stand among the columns of features.h: a layout's own sizes give the indices of an
 * element, the largest sizes its column, so that the same indices have the same column whatever the sizes. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/layout.h"
#include "runtime/data/universe.h"
#include "runtime/summary/features.h"

/* Row-major element k of the variable -> its row, and its column counted by the largest sizes of the other
 * dimensions. */
static void element_slot(const struct floe__features *f, const struct floe_layout *layout,
                         const struct floe_variable *variable, size_t k, uint32_t *row, uint32_t *column) {
  size_t at = 0, stride = 1;
  *row = FLOE__NO_ROW;
  for (size_t d = variable->n_dim; d-- > 0;) {
    const size_t dimension = variable->dims[d], size = layout->size[dimension], index = k % size;
    k /= size;
    if (dimension == f->plate && *row == FLOE__NO_ROW) {
      *row = (uint32_t)index;
    } else {
      at += index * stride;
      stride *= f->largest[dimension];
    }
  }
  *column = (uint32_t)at;
}

/* The same for coordinate k of a variable: structured ones count theirs through, within a row or as a whole. */
static void coordinate_slot(const struct floe__features *f, const struct floe_layout *layout, size_t v, size_t k,
                            uint32_t *row, uint32_t *column) {
  const struct floe_variable *variable = &f->model->variables[v];
  if (variable->structure == FLOE_PLAIN) {
    element_slot(f, layout, variable, k, row, column);
  } else if (f->along[v]) {
    const size_t each = layout->free[v] / layout->size[f->plate];
    *row = (uint32_t)(k / each);
    *column = (uint32_t)(k % each);
  } else {
    *row = FLOE__NO_ROW;
    *column = (uint32_t)k;
  }
}

struct floe__slots *floe__slots_new(const struct floe__features *f, const struct floe_layout *layout) {
  struct floe__slots *s = FLOE__NEW(1, struct floe__slots);
  if (!s) return NULL;
  s->n_row = f->plate == FLOE_NONE ? 0 : layout->size[f->plate];
  s->n_item = f->inner == FLOE_NONE ? 0 : layout->size[f->inner];
  s->data_row = FLOE__NEW(2 * (layout->n_data + layout->n_coordinate) + 1, uint32_t);
  if (!s->data_row) {
    floe__free(s);
    return NULL;
  }
  s->data_column = s->data_row + layout->n_data;
  s->coordinate_row = s->data_column + layout->n_data;
  s->coordinate_column = s->coordinate_row + layout->n_coordinate;
  for (size_t v = 0; v < f->model->n_variable; v++) {
    if (floe_variable_is_data(&f->model->variables[v])) {
      for (size_t k = 0; k < layout->count[v]; k++) {
        const size_t at = layout->offset[v] + k;
        element_slot(f, layout, &f->model->variables[v], k, &s->data_row[at], &s->data_column[at]);
        s->data_column[at] =
            f->data_column[v] == FLOE_NONE ? FLOE__NOT_READ : s->data_column[at] + (uint32_t)f->data_column[v];
      }
    } else if (layout->coordinate[v] != FLOE_NONE) {
      for (size_t k = 0; k < layout->free[v]; k++) {
        const size_t at = layout->coordinate[v] + k;
        coordinate_slot(f, layout, v, k, &s->coordinate_row[at], &s->coordinate_column[at]);
        s->coordinate_column[at] += (uint32_t)f->coordinate_column[v];
      }
    }
  }
  return s;
}

void floe__slots_free(struct floe__slots *slots) {
  if (!slots) return;
  floe__free(slots->data_row);
  floe__free(slots);
}

void floe__features_mask(const struct floe__features *f, const struct floe_layout *layout,
                         const struct floe__slots *slots, const struct floe_universe *universe, const double *data,
                         float *global, float *local) {
  if (f->n_global > 0) memset(global, 0, f->n_global * sizeof(float));
  if (f->n_local > 0) memset(local, 0, slots->n_row * f->n_local * sizeof(float));
  for (size_t v = 0; v < f->model->n_variable; v++) {
    if (floe_variable_is_data(&f->model->variables[v]) || layout->coordinate[v] == FLOE_NONE) continue;
    if (!floe_variable_present(f->model, universe, v)) continue;
    for (size_t k = 0; k < layout->free[v]; k++) {
      const size_t at = layout->coordinate[v] + k;
      const uint32_t row = slots->coordinate_row[at], column = slots->coordinate_column[at];
      if (!floe_coordinate_free(layout, data, v, k)) continue;
      *(row == FLOE__NO_ROW ? &global[column] : &local[row * f->n_local + column]) = 1;
    }
  }
}

void floe__clear_absent(size_t n, const float *mask, float *x) {
  for (size_t k = 0; k < n; k++) x[k] = mask[k] != 0 ? x[k] : 0;
}

void floe__features_coordinates(const struct floe__features *f, const struct floe_layout *layout,
                                const struct floe__slots *slots, const double *coordinates, float *global,
                                float *local) {
  memset(global, 0, f->n_global * sizeof(float));
  if (f->n_local > 0) memset(local, 0, slots->n_row * f->n_local * sizeof(float));
  for (size_t k = 0; k < layout->n_coordinate; k++) {
    const uint32_t row = slots->coordinate_row[k], column = slots->coordinate_column[k];
    const size_t at = row == FLOE__NO_ROW ? column : f->n_global + column;
    const float z = (float)((coordinates[k] - f->centre[at]) / f->scale[at]);
    if (row == FLOE__NO_ROW)
      global[column] = z;
    else
      local[row * f->n_local + column] = z;
  }
}

void floe__features_restore(const struct floe__features *f, const struct floe_layout *layout,
                            const struct floe__slots *slots, const float *global, const float *local,
                            double *coordinates) {
  for (size_t k = 0; k < layout->n_coordinate; k++) {
    const uint32_t row = slots->coordinate_row[k], column = slots->coordinate_column[k];
    const size_t at = row == FLOE__NO_ROW ? column : f->n_global + column;
    const float z = row == FLOE__NO_ROW ? global[column] : local[row * f->n_local + column];
    coordinates[k] = f->centre[at] + f->scale[at] * (double)z;
  }
}

double floe__features_log_scale(const struct floe__features *f, const float *global_mask, const float *local_mask,
                                size_t n_row) {
  double sum = 0;
  for (size_t k = 0; k < f->n_global; k++) sum += global_mask[k] != 0 ? log(f->scale[k]) : 0;
  for (size_t r = 0; r < n_row; r++)
    for (size_t k = 0; k < f->n_local; k++)
      sum += local_mask[r * f->n_local + k] != 0 ? log(f->scale[f->n_global + k]) : 0;
  return sum;
}
