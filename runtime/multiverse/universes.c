#include "runtime/multiverse/universes.h"

#include <floe/draws.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "runtime/data/universe.h"
#include "runtime/rng/purpose.h"

/* A list without duplicates: open addressing over the universes' hashes. */
struct list {
  const struct floe_model *model;
  size_t n, capacity, n_slot;
  struct floe_universe *universe;
  size_t *slot; /* (n_slot) position + 1; 0: empty */
  bool failed;
};

/* The making of one list. */
struct making {
  const struct floe_model *model;
  const struct floe_universes_options *options;
  struct floe_universe reference;
  struct list list;
};

static void find_slot(const struct list *list, const struct floe_universe *universe, size_t *slot) {
  *slot = floe_universe_hash(list->model, universe) & (list->n_slot - 1);
  while (list->slot[*slot] && !floe_universe_equal(list->model, &list->universe[list->slot[*slot] - 1], universe))
    *slot = (*slot + 1) & (list->n_slot - 1);
}

static bool grow(struct list *list) {
  const size_t capacity = list->capacity ? 2 * list->capacity : 128;
  struct floe_universe *universe = floe__resize(list->universe, list->capacity, capacity, sizeof *universe);
  size_t *slot = FLOE__NEW(4 * capacity, size_t);
  if (universe) list->universe = universe;
  if (!universe || !slot) return floe__free(slot), false;
  floe__free(list->slot);
  list->slot = slot;
  list->n_slot = 4 * capacity;
  list->capacity = capacity;
  for (size_t k = 0; k < list->n; k++) {
    size_t at;
    find_slot(list, &list->universe[k], &at);
    list->slot[at] = k + 1;
  }
  return true;
}

/* Adds the universe unless it is there already or not permitted. True if it is in the list now. */
static bool add(struct making *making, struct floe_universe universe) {
  struct list *list = &making->list;
  floe_universe_canonical(making->model, &universe);
  if (!floe_universe_permitted(making->model, &universe)) return false;
  if (list->n == list->capacity && !grow(list)) return list->failed = true, false;
  size_t at;
  find_slot(list, &universe, &at);
  if (list->slot[at]) return true;
  list->universe[list->n++] = universe;
  list->slot[at] = list->n;
  return true;
}

static bool varies(const struct making *making, size_t axis) {
  const struct floe_axis *a = &making->model->axes[axis];
  return !a->equivalence && !(making->options->held && making->options->held[axis]) &&
         (a->continuous || a->n_option > 1);
}

/* A value at a share of the axis's range, rounded to what a name can carry: four significant digits of a logarithmic axis,
 * a thousandth of the range of another. The reference often is such a value: rounding must not make it another one. */
static double axis_value(const struct floe_axis *axis, double share) {
  const double value =
      axis->logarithmic ? axis->low * pow(axis->high / axis->low, share) : axis->low + share * (axis->high - axis->low);
  const double scale = axis->logarithmic ? value : axis->high - axis->low;
  const double unit = pow(10, floor(log10(scale)) - 3);
  /* Dividing by a whole power of ten gives the double nearest to the decimal; multiplying by its inverse would not. */
  const double rounded = unit < 1 ? rint(value / unit) / rint(1 / unit) : rint(value / unit) * unit;
  if (fabs(rounded - axis->reference_value) < 0.5 * unit) return axis->reference_value;
  return fmin(fmax(rounded, axis->low), axis->high);
}

double floe_axis_point(const struct floe_axis *axis, size_t k, size_t n_point) {
  if (k == 0) return axis->low;
  if (k + 1 == n_point) return axis->high;
  return axis_value(axis, n_point > 1 ? (double)k / (double)(n_point - 1) : 0.5);
}

static size_t n_setting(const struct floe_axis *axis, size_t n_point) {
  return axis->continuous ? n_point : axis->n_option;
}

static void set_axis(const struct floe_model *model, struct floe_universe *universe, size_t axis, size_t k,
                     size_t n_point) {
  if (model->axes[axis].continuous)
    universe->value[axis] = floe_axis_point(&model->axes[axis], k, n_point);
  else
    universe->option[axis] = k;
}

static void add_one_axis_changes(struct making *making) {
  const struct floe_model *model = making->model;
  for (size_t axis = 0; axis < model->n_axis; axis++) {
    if (!varies(making, axis)) continue;
    for (size_t k = 0; k < n_setting(&model->axes[axis], FLOE_AXIS_POINTS); k++) {
      struct floe_universe changed = making->reference;
      set_axis(model, &changed, axis, k, FLOE_AXIS_POINTS);
      add(making, changed);
    }
  }
}

static void draw_axis(const struct floe_axis *axis, size_t place, struct floe_stream *stream,
                      struct floe_universe *universe) {
  double u = floe_draw_uniform(stream);
  if (axis->continuous) {
    universe->value[place] = axis_value(axis, u);
    return;
  }
  size_t k = 0;
  for (; k + 1 < axis->n_option && u >= axis->options[k].weight; k++) u -= axis->options[k].weight;
  universe->option[place] = k;
}

/* A universe and its neighbour along an axis. False if chance gave none this time. */
static bool draw_pair(const struct making *making, size_t axis, uint64_t unit, struct floe_universe pair[2]) {
  const struct floe_model *model = making->model;
  struct floe_stream stream;
  floe_stream_open(&stream, making->options->seed, FLOE_PURPOSE_UNIVERSE, unit, 1, 0);
  pair[0] = making->reference;
  for (size_t k = 0; k < model->n_axis; k++)
    if (varies(making, k)) draw_axis(&model->axes[k], k, &stream, &pair[0]);
  floe_universe_canonical(model, &pair[0]);
  pair[1] = pair[0];
  draw_axis(&model->axes[axis], axis, &stream, &pair[1]);
  floe_universe_canonical(model, &pair[1]);
  return floe_universe_permitted(model, &pair[0]) && floe_universe_permitted(model, &pair[1]) &&
         !floe_universe_equal(model, &pair[0], &pair[1]);
}

static void add_pairs(struct making *making, size_t wanted) {
  const struct floe_model *model = making->model;
  size_t n_varying = 0, turn = 0, in_vain = 0;
  for (size_t axis = 0; axis < model->n_axis; axis++) n_varying += varies(making, axis);
  if (!n_varying) return;
  for (uint64_t unit = 0; making->list.n < wanted && in_vain < 500 * n_varying && !making->list.failed; unit++) {
    struct floe_universe pair[2];
    while (!varies(making, turn % model->n_axis)) turn++;
    const size_t before = making->list.n;
    if (draw_pair(making, turn % model->n_axis, unit, pair)) {
      add(making, pair[0]);
      if (making->list.n < wanted) add(making, pair[1]);
      turn++;
    } else if (unit % 16 == 15)
      turn++; /* an axis that is forbidden nearly everywhere must not hold up the others */
    in_vain = making->list.n > before ? 0 : in_vain + 1;
  }
}

static floe_status add_product(struct making *making, struct floe_error *error) {
  const struct floe_model *model = making->model;
  double size = 1;
  for (size_t axis = 0; axis < model->n_axis; axis++)
    if (varies(making, axis)) size *= (double)n_setting(&model->axes[axis], FLOE_GRID_POINTS);
  if (size > FLOE_MAX_UNIVERSE)
    return floe__fail(error, FLOE_EUSAGE, "", "Leave out --grid for a sample, or hold axes with --only.",
                      "The full product has %.3g universes; the limit is %d.", size, FLOE_MAX_UNIVERSE);
  for (size_t k = 0; k < (size_t)size; k++) {
    struct floe_universe universe = making->reference;
    size_t rest = k;
    for (size_t axis = model->n_axis; axis-- > 0;) {
      if (!varies(making, axis)) continue;
      const size_t n = n_setting(&model->axes[axis], FLOE_GRID_POINTS);
      set_axis(model, &universe, axis, rest % n, FLOE_GRID_POINTS);
      rest /= n;
    }
    add(making, universe);
  }
  return FLOE_OK;
}

/* The axis in which two universes differ, FLOE_NONE if there is not exactly one. */
static size_t only_difference(const struct floe_model *model, const struct floe_universe *a,
                              const struct floe_universe *b) {
  size_t found = FLOE_NONE;
  for (size_t axis = 0; axis < model->n_axis; axis++) {
    const bool same =
        model->axes[axis].continuous ? a->value[axis] == b->value[axis] : a->option[axis] == b->option[axis];
    if (same) continue;
    if (found != FLOE_NONE) return FLOE_NONE;
    found = axis;
  }
  return found;
}

static int compare_pairs(const void *left, const void *right) {
  const struct floe_pair *a = left, *b = right;
  if (a->axis != b->axis) return a->axis < b->axis ? -1 : 1;
  if (a->from != b->from) return a->from < b->from ? -1 : 1;
  return (a->to > b->to) - (a->to < b->to);
}

static bool find_pairs(struct floe_universes *all) {
  size_t capacity = 0;
  for (size_t i = 0; i < all->n; i++)
    for (size_t j = i + 1; j < all->n; j++) {
      const size_t axis = only_difference(all->model, &all->universe[i], &all->universe[j]);
      if (axis == FLOE_NONE) continue;
      if (all->n_pair == capacity) {
        struct floe_pair *pairs = floe__resize(all->pairs, capacity, 2 * capacity + 64, sizeof *pairs);
        if (!pairs) return false;
        all->pairs = pairs;
        capacity = 2 * capacity + 64;
      }
      const bool ascends = all->model->axes[axis].continuous
                               ? all->universe[i].value[axis] < all->universe[j].value[axis]
                               : all->universe[i].option[axis] < all->universe[j].option[axis];
      all->pairs[all->n_pair++] = (struct floe_pair){ascends ? i : j, ascends ? j : i, axis};
    }
  if (all->n_pair) qsort(all->pairs, all->n_pair, sizeof *all->pairs, compare_pairs);
  return true;
}

static bool add_equivalence_runs(const struct making *making, struct floe_universes *all) {
  const struct floe_model *model = making->model;
  size_t n_extra = 0;
  for (size_t axis = 0; axis < model->n_axis; axis++)
    if (model->axes[axis].equivalence && !model->axes[axis].continuous) n_extra += model->axes[axis].n_option - 1;
  all->extra = FLOE__NEW(n_extra + 1, struct floe_equivalence);
  struct floe_universe *universe =
      floe__resize(all->universe, making->list.capacity, all->n + n_extra + 1, sizeof *universe);
  if (universe) all->universe = universe;
  if (!universe || !all->extra) return false;
  for (size_t axis = 0; axis < model->n_axis; axis++) {
    if (!model->axes[axis].equivalence || model->axes[axis].continuous) continue;
    for (size_t k = 0; k < model->axes[axis].n_option; k++) {
      if (k == making->reference.option[axis]) continue;
      struct floe_universe changed = all->universe[0];
      changed.option[axis] = k;
      all->universe[all->n + all->n_extra] = changed;
      all->extra[all->n_extra] = (struct floe_equivalence){all->n + all->n_extra, axis};
      all->n_extra++;
    }
  }
  return true;
}

static floe_status make_list(struct making *making, struct floe_universes *all, struct floe_error *error) {
  const size_t wanted = making->options->n ? making->options->n : 100;
  if (wanted > FLOE_MAX_UNIVERSE)
    return floe__fail(error, FLOE_EUSAGE, "", "", "%zu universes are too many; the limit is %d.", wanted,
                      FLOE_MAX_UNIVERSE);
  if (!add(making, making->reference) && !making->list.failed)
    return floe__fail(error, FLOE_EUSAGE, "", "Name a reference that `forbid` and `require` allow.",
                      "The reference universe is not permitted.");
  if (making->options->grid) {
    const floe_status status = add_product(making, error);
    if (status != FLOE_OK) return status;
  } else {
    add_one_axis_changes(making);
    all->n_one_axis = making->list.n ? making->list.n - 1 : 0;
    add_pairs(making, wanted);
  }
  all->universe = making->list.universe;
  all->n = making->list.n;
  making->list.universe = NULL;
  if (!making->list.failed && find_pairs(all) && add_equivalence_runs(making, all)) return FLOE_OK;
  return floe__fail(error, FLOE_EENVIRONMENT, "", "Ask for fewer universes.",
                    "There is not enough memory for the universes.");
}

floe_status floe_universes_new(const struct floe_model *model, const struct floe_universes_options *options,
                               struct floe_universes **universes, struct floe_error *error) {
  struct making making = {.model = model, .options = options, .list.model = model};
  struct floe_universes *all = FLOE__NEW(1, struct floe_universes);
  if (!all) return floe__fail(error, FLOE_EENVIRONMENT, "", "", "There is not enough memory for the universes.");
  all->model = model;
  if (options->reference)
    making.reference = *options->reference;
  else
    floe_universe_reference(model, &making.reference);
  const floe_status status = make_list(&making, all, error);
  floe__free(making.list.slot);
  floe__free(making.list.universe);
  if (status == FLOE_OK)
    *universes = all;
  else
    floe_universes_free(all);
  return status;
}

void floe_universes_free(struct floe_universes *universes) {
  if (!universes) return;
  floe__free(universes->universe);
  floe__free(universes->pairs);
  floe__free(universes->extra);
  floe__free(universes);
}
