#include "runtime/data/universe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <floe/draws.h>

#include "base/file.h"
#include "base/selection.h"
#include "runtime/rng/purpose.h"

static void set_reference(const struct floe_axis *axis, size_t a, struct floe_universe *universe) {
  universe->option[a] = axis->continuous ? 0 : axis->reference;
  universe->value[a] = axis->continuous ? axis->reference_value : 0;
}

static bool is_reference(const struct floe_axis *axis, size_t a, const struct floe_universe *universe) {
  return axis->continuous ? universe->value[a] == axis->reference_value : universe->option[a] == axis->reference;
}

void floe_universe_reference(const struct floe_model *model, struct floe_universe *universe) {
  memset(universe, 0, sizeof *universe);
  for (size_t a = 0; a < model->n_axis; a++) set_reference(&model->axes[a], a, universe);
}

bool floe_conditions_hold(size_t n_condition, const struct floe_condition *conditions,
                          const struct floe_universe *universe) {
  for (size_t k = 0; k < n_condition; k++)
    if (!(conditions[k].mask >> universe->option[conditions[k].axis] & 1)) return false;
  return true;
}

bool floe_universe_active(const struct floe_model *model, const struct floe_universe *universe, size_t axis) {
  return floe_conditions_hold(model->axes[axis].n_condition, model->axes[axis].conditions, universe);
}

bool floe_variable_present(const struct floe_model *model, const struct floe_universe *universe, size_t variable) {
  return floe_conditions_hold(model->variables[variable].n_condition, model->variables[variable].conditions, universe);
}

/* An axis without effect may be a condition of another one: hence until nothing changes. */
void floe_universe_canonical(const struct floe_model *model, struct floe_universe *universe) {
  for (size_t pass = 0, changed = 1; changed && pass <= model->n_axis; pass++) {
    changed = 0;
    for (size_t a = 0; a < model->n_axis; a++) {
      if (is_reference(&model->axes[a], a, universe) || floe_universe_active(model, universe, a)) continue;
      set_reference(&model->axes[a], a, universe);
      changed = 1;
    }
  }
}

static struct floe_universe canonical_of(const struct floe_model *model, const struct floe_universe *universe) {
  struct floe_universe canonical = *universe;
  floe_universe_canonical(model, &canonical);
  return canonical;
}

static bool same_setting(const struct floe_axis *axis, size_t a, const struct floe_universe *u,
                         const struct floe_universe *v) {
  return axis->continuous ? u->value[a] == v->value[a] : u->option[a] == v->option[a];
}

bool floe_universe_equal(const struct floe_model *model, const struct floe_universe *a, const struct floe_universe *b) {
  const struct floe_universe u = canonical_of(model, a), v = canonical_of(model, b);
  for (size_t k = 0; k < model->n_axis; k++)
    if (!same_setting(&model->axes[k], k, &u, &v)) return false;
  return true;
}

/* The shortest decimal that reads back as x. */
static void write_number(double x, char text[32]) {
  for (int digits = 1; digits <= 17; digits++) {
    snprintf(text, 32, "%.*g", digits, x);
    if (strtod(text, NULL) == x) return;
  }
}

size_t floe_universe_id(const struct floe_model *model, const struct floe_universe *universe, char *id,
                        size_t capacity) {
  const struct floe_universe canonical = canonical_of(model, universe);
  size_t length = 0;
  if (capacity) id[0] = '\0';
  for (size_t a = 0; a < model->n_axis; a++) {
    const struct floe_axis *axis = &model->axes[a];
    if (axis->hyper || is_reference(axis, a, &canonical)) continue;
    char number[32];
    if (axis->continuous) write_number(canonical.value[a], number);
    length += (size_t)snprintf(length < capacity ? id + length : NULL, length < capacity ? capacity - length : 0,
                               "%s%s=%s", length ? "," : "", axis->name,
                               axis->continuous ? number : axis->options[canonical.option[a]].label);
  }
  return length ? length : (size_t)snprintf(id, capacity, "reference");
}

uint64_t floe_universe_hash(const struct floe_model *model, const struct floe_universe *universe) {
  const struct floe_universe canonical = canonical_of(model, universe);
  uint64_t hash = 0;
  for (size_t a = 0; a < model->n_axis; a++) {
    const struct floe_axis *axis = &model->axes[a];
    if (is_reference(axis, a, &canonical)) continue;
    char number[32];
    if (axis->continuous) write_number(canonical.value[a], number);
    const char *setting = axis->continuous ? number : axis->options[canonical.option[a]].label;
    hash = floe__hash(axis->name, strlen(axis->name), hash);
    hash = floe__hash(setting, strlen(setting), hash);
  }
  return hash;
}

static struct floe__selectable selectable(const void *model, size_t a) {
  const struct floe_axis *axis = &((const struct floe_model *)model)->axes[a];
  return (struct floe__selectable){.name = axis->name,
                                   .continuous = axis->continuous,
                                   .hyper = axis->hyper,
                                   .n_option = axis->continuous ? 0 : axis->n_option,
                                   .low = axis->low,
                                   .high = axis->high};
}

static const char *label_of(const void *model, size_t a, size_t option) {
  return ((const struct floe_model *)model)->axes[a].options[option].label;
}

static uint64_t needs(const void *model, size_t a, size_t other) {
  const struct floe_axis *axis = &((const struct floe_model *)model)->axes[a];
  uint64_t mask = UINT64_MAX;
  for (size_t k = 0; k < axis->n_condition; k++)
    if (axis->conditions[k].axis == other) mask &= axis->conditions[k].mask;
  return mask;
}

floe_status floe_universe_select(const struct floe_model *model, size_t n_text, const char *const *texts,
                                 struct floe_universe *universe, bool *held, char *implied, size_t capacity,
                                 struct floe_error *error) {
  const struct floe__selectables axes = {model->n_axis, model, selectable, label_of, needs};
  struct floe__selection selection = {0};
  memcpy(selection.option, universe->option, sizeof universe->option);
  memcpy(selection.value, universe->value, sizeof universe->value);
  const floe_status status = floe__select(&axes, n_text, texts, &selection, error);
  if (status != FLOE_OK) return status;
  memcpy(universe->option, selection.option, sizeof universe->option);
  memcpy(universe->value, selection.value, sizeof universe->value);
  for (size_t a = 0; held && a < model->n_axis; a++) held[a] = selection.named[a] || selection.implied[a];
  if (implied) floe__selection_print(&axes, &selection, false, true, ",", implied, capacity);
  return FLOE_OK;
}

bool floe_universe_permitted(const struct floe_model *model, const struct floe_universe *universe) {
  return model->permitted(universe);
}

static bool multiplies(const struct floe_axis *axis) {
  return !axis->continuous && !axis->equivalence;
}

/* The next combination of options, the last axis fastest; false after the last one. */
static bool next_combination(const struct floe_model *model, struct floe_universe *universe) {
  for (size_t a = model->n_axis; a-- > 0;) {
    if (!multiplies(&model->axes[a])) continue;
    if (++universe->option[a] < model->axes[a].n_option) return true;
    universe->option[a] = 0;
  }
  return false;
}

size_t floe_universe_list(const struct floe_model *model, struct floe_universe *universes, size_t capacity) {
  const size_t most = (size_t)1 << 20;
  struct floe_universe reference, universe;
  size_t n_combination = 1, n = 0;
  floe_universe_reference(model, &reference);
  universe = reference;
  for (size_t a = 0; a < model->n_axis; a++) {
    if (!multiplies(&model->axes[a])) continue;
    universe.option[a] = 0;
    n_combination *= model->axes[a].n_option;
    if (n_combination > most) return SIZE_MAX;
  }
  if (floe_universe_permitted(model, &reference)) {
    if (n < capacity) universes[n] = reference;
    n++;
  }
  do {
    const struct floe_universe canonical = canonical_of(model, &universe);
    const bool represents = memcmp(canonical.option, universe.option, sizeof universe.option) == 0;
    const bool counted_already = memcmp(reference.option, universe.option, sizeof universe.option) == 0;
    if (!represents || counted_already || !floe_universe_permitted(model, &universe)) continue;
    if (n < capacity) universes[n] = universe;
    n++;
  } while (next_combination(model, &universe));
  return n;
}

static size_t draw_option(const struct floe_axis *axis, double u) {
  size_t last = axis->reference;
  for (size_t k = 0; k < axis->n_option; k++) {
    if (!(axis->options[k].weight > 0)) continue;
    last = k;
    if (u < axis->options[k].weight) return k;
    u -= axis->options[k].weight;
  }
  return last;
}

static double draw_value(const struct floe_axis *axis, double u) {
  if (!axis->logarithmic) return axis->low + u * (axis->high - axis->low);
  return fmin(fmax(exp(log(axis->low) + u * (log(axis->high) - log(axis->low))), axis->low), axis->high);
}

bool floe_universe_draw(const struct floe_model *model, uint64_t seed, uint64_t unit, struct floe_universe *universe) {
  for (uint64_t attempt = 0; attempt < 10000; attempt++) {
    floe_universe_reference(model, universe);
    for (size_t a = 0; a < model->n_axis; a++) {
      const struct floe_axis *axis = &model->axes[a];
      if (axis->equivalence || axis->prepares) continue;
      struct floe_stream stream;
      floe_stream_open(&stream, seed, FLOE_PURPOSE_UNIVERSE, unit, a, attempt);
      const double u = floe_draw_uniform(&stream);
      if (axis->continuous)
        universe->value[a] = draw_value(axis, u);
      else
        universe->option[a] = draw_option(axis, u);
    }
    floe_universe_canonical(model, universe);
    if (floe_universe_permitted(model, universe)) return true;
  }
  return false;
}

void floe_universe_settings(const struct floe_model *model, const struct floe_universe *universe, double *settings) {
  for (size_t a = 0; a < model->n_axis; a++)
    settings[a] = model->axes[a].continuous ? universe->value[a] : (double)universe->option[a];
}

void floe_universe_from_settings(const struct floe_model *model, const double *settings,
                                 struct floe_universe *universe) {
  memset(universe, 0, sizeof *universe);
  for (size_t a = 0; a < model->n_axis; a++)
    if (model->axes[a].continuous)
      universe->value[a] = settings[a];
    else
      universe->option[a] = (size_t)settings[a];
}
