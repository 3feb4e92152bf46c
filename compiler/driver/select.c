#include "compiler/driver/select.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/selection.h"

enum { LONGEST_NAME = 4096 };

static struct floe__selectable selectable(const void *program, size_t a) {
  const struct axis *axis = ((const struct program *)program)->axes[a];
  return (struct floe__selectable){.name = axis->name,
                                   .continuous = axis->continuous,
                                   .hyper = axis->hyper,
                                   .n_option = axis->continuous ? 0 : axis->n_option,
                                   .low = axis->low,
                                   .high = axis->high};
}

static const char *label_of(const void *program, size_t a, size_t option) {
  return ((const struct program *)program)->axes[a]->options[option].label;
}

static uint64_t needs(const void *program, size_t a, size_t other) {
  return ((const struct program *)program)->axes[a]->presence.options[other];
}

static const char **texts_of(const struct driver *driver, const char *id, size_t *n) {
  static const char *const options[] = {"only", "at"};
  const char **texts = floe__arena_array(driver->arena, driver->arguments.n_given + 2, sizeof *texts);
  *n = 0;
  if (id) texts[(*n)++] = id;
  for (size_t k = 0; k < 2; k++)
    for (size_t i = 0; (texts[*n] = floe__option_repeated(&driver->arguments, options[k], i)); i++) ++*n;
  return texts;
}

floe_status driver_select(const struct driver *driver, const struct pipeline *pipeline, const char *id,
                          struct universe **universe, const char **name, struct floe_error *error) {
  const struct program *program = pipeline->program;
  const struct floe__selectables axes = {program->n_axis, program, selectable, label_of, needs};
  struct floe__selection selection = {0};
  size_t n_text;
  const char **texts = texts_of(driver, id, &n_text);
  for (size_t a = 0; a < program->n_axis; a++) {
    const struct axis *axis = program->axes[a];
    if (axis->continuous)
      selection.value[a] = axis->reference_value;
    else
      selection.option[a] = axis->reference;
  }
  const floe_status status = floe__select(&axes, n_text, texts, &selection, error);
  if (status) return status;
  *universe = universe_new(driver->arena, pipeline->plain);
  for (size_t a = 0; a < program->n_axis; a++) {
    const struct axis *axis = program->axes[a];
    if (!selection.named[a] && !selection.implied[a]) continue;
    const char *setting = axis->continuous ? floe__arena_printf(driver->arena, "%.17g", selection.value[a])
                                           : axis->options[selection.option[a]].label;
    if (universe_take(*universe, axis->name, setting))
      return floe__fail(error, FLOE_EBUG, "", "please report this spec", "axis `%s` cannot be set", axis->name);
  }
  if (!universe_permitted(*universe))
    return floe__fail(error, FLOE_EUSAGE, "", "`floe universes SPEC` lists those that it allows",
                      "the spec forbids this universe");
  char *text = floe__arena_alloc(driver->arena, LONGEST_NAME);
  floe__selection_print(&axes, &selection, true, true, ",", text, LONGEST_NAME);
  *name = *text ? text : "reference";
  return FLOE_OK;
}
