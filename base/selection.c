#include "base/selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/options.h"

enum { LONGEST_ITEM = 255, LONGEST_LIST = 200 };

/* ---- single settings ---- */

static const char *suggested(const char *word, const char *const *names, size_t n, const char *otherwise, char *fix,
                             size_t capacity) {
  const char *near = floe__nearest(word, names, n);
  snprintf(fix, capacity, near ? "did you mean `%s`?" : "%s", near ? near : otherwise);
  return fix;
}

static floe_status unknown_axis(const struct floe__selectables *axes, const char *name, struct floe_error *error) {
  const char *names[FLOE__MOST_AXES];
  char fix[LONGEST_ITEM + 32];
  for (size_t a = 0; a < axes->n; a++) names[a] = axes->axis(axes->of, a).name;
  return floe__fail(error, FLOE_EUSAGE, "",
                    suggested(name, names, axes->n, "the verb `universes` lists the axes", fix, sizeof fix),
                    "there is no axis `%s`", name);
}

/* "yes, no": the options in the mask. */
static void list_options(const struct floe__selectables *axes, size_t a, uint64_t mask, const char *before,
                         const char *between, char *list, size_t capacity) {
  size_t at = 0;
  list[0] = '\0';
  for (size_t k = 0; k < axes->axis(axes->of, a).n_option && at < capacity; k++)
    if (mask >> k & 1)
      at +=
          (size_t)snprintf(list + at, capacity - at, "%s%s%s", at ? between : "", before, axes->label(axes->of, a, k));
}

static floe_status set_option(const struct floe__selectables *axes, size_t a, const char *text,
                              struct floe__selection *selection, struct floe_error *error) {
  const struct floe__selectable axis = axes->axis(axes->of, a);
  const char *labels[64];
  size_t n = 0;
  for (; n < axis.n_option && n < 64; n++) {
    labels[n] = axes->label(axes->of, a, n);
    if (strcmp(labels[n], text) != 0) continue;
    selection->option[a] = n;
    return FLOE_OK;
  }
  char list[LONGEST_LIST], all[LONGEST_LIST + 16], fix[LONGEST_ITEM + 32];
  list_options(axes, a, UINT64_MAX, "", ", ", list, sizeof list);
  snprintf(all, sizeof all, "options are %s", list);
  return floe__fail(error, FLOE_EUSAGE, "", suggested(text, labels, n, all, fix, sizeof fix),
                    "axis `%s` has no option `%s`", axis.name, text);
}

static floe_status set_value(const struct floe__selectable *axis, size_t a, const char *text,
                             struct floe__selection *selection, struct floe_error *error) {
  char *end, fix[128];
  if (axis->hyper)
    return floe__fail(error, FLOE_EUSAGE, "", "say --set 'h = 2'", "`%s` is a hyper value and no axis", axis->name);
  const double value = strtod(text, &end);
  snprintf(fix, sizeof fix, "give a number in %g .. %g", axis->low, axis->high);
  if (end == text || *end)
    return floe__fail(error, FLOE_EUSAGE, "", fix, "axis `%s` is continuous: `%s` is not a number", axis->name, text);
  if (!(value >= axis->low && value <= axis->high))
    return floe__fail(error, FLOE_EUSAGE, "", fix, "axis `%s` = %s is outside its range", axis->name, text);
  selection->value[a] = value;
  return FLOE_OK;
}

/* Sets what one `axis=value` says; `item` is writable. */
static floe_status read_item(const struct floe__selectables *axes, char *item, struct floe__selection *selection,
                             struct floe_error *error) {
  char *equals = strchr(item, '=');
  if (!equals)
    return floe__fail(error, FLOE_EUSAGE, "", "write AXIS=OPTION,AXIS=OPTION or `reference`",
                      "`%s` is not a setting of an axis", item);
  *equals = '\0';
  size_t a = 0;
  while (a < axes->n && strcmp(axes->axis(axes->of, a).name, item) != 0) a++;
  if (a == axes->n) return unknown_axis(axes, item, error);
  if (selection->named[a])
    return floe__fail(error, FLOE_EUSAGE, "", "name each axis once", "axis `%s` is set twice", item);
  selection->named[a] = true;
  const struct floe__selectable axis = axes->axis(axes->of, a);
  return axis.continuous ? set_value(&axis, a, equals + 1, selection, error)
                         : set_option(axes, a, equals + 1, selection, error);
}

static floe_status read_text(const struct floe__selectables *axes, const char *text, struct floe__selection *selection,
                             struct floe_error *error) {
  while (*text) {
    char item[LONGEST_ITEM + 1];
    size_t length = 0, ahead = strcspn(text, ",");
    for (size_t k = 0; k < ahead; k++) {
      if (text[k] == ' ' || text[k] == '\t') continue;
      if (length == LONGEST_ITEM)
        return floe__fail(error, FLOE_EUSAGE, "", "write AXIS=OPTION,AXIS=OPTION",
                          "a setting of %zu letters is too long", ahead);
      item[length++] = text[k];
    }
    item[length] = '\0';
    text += ahead + (text[ahead] == ',');
    if (length == 0 || strcmp(item, "reference") == 0) continue;
    const floe_status status = read_item(axes, item, selection, error);
    if (status != FLOE_OK) return status;
  }
  return FLOE_OK;
}

/* ---- axes that are there in some universes only ---- */

static bool is_selected(const struct floe__selection *selection, size_t a) {
  return selection->named[a] || selection->implied[a];
}

/* A selected axis that is not there in the option at which axis p stands. */
static size_t without(const struct floe__selectables *axes, const struct floe__selection *selection, size_t p) {
  for (size_t a = 0; a < axes->n; a++)
    if (is_selected(selection, a) && !(axes->needs(axes->of, a, p) >> selection->option[p] & 1)) return a;
  return axes->n;
}

/* Axis p must move for axis a to be there: to the only option that lets all selected axes be. */
static floe_status move_parent(const struct floe__selectables *axes, size_t p, size_t a,
                               struct floe__selection *selection, struct floe_error *error) {
  const struct floe__selectable parent = axes->axis(axes->of, p);
  const char *name = axes->axis(axes->of, a).name;
  const uint64_t all = parent.n_option < 64 ? ((uint64_t)1 << parent.n_option) - 1 : UINT64_MAX;
  uint64_t needed = all;
  char one[LONGEST_ITEM], list[LONGEST_LIST], fix[LONGEST_LIST + 16];
  for (size_t other = 0; other < axes->n; other++)
    if (is_selected(selection, other)) needed &= axes->needs(axes->of, other, p);
  snprintf(one, sizeof one, "%.100s=", parent.name);
  if (is_selected(selection, p) || !needed) {
    list_options(axes, p, all & axes->needs(axes->of, a, p), one, " or ", list, sizeof list);
    snprintf(fix, sizeof fix, "it is there in %s", list);
    if (!is_selected(selection, p))
      return floe__fail(error, FLOE_EUSAGE, "", fix, "axis `%s` is not there together with the others that are set",
                        name);
    return floe__fail(error, FLOE_EUSAGE, "", fix, "axis `%s` is not there in %s=%s", name, parent.name,
                      axes->label(axes->of, p, selection->option[p]));
  }
  if (needed & (needed - 1)) {
    list_options(axes, p, needed, one, " or ", list, sizeof list);
    snprintf(fix, sizeof fix, "set %s too", list);
    return floe__fail(error, FLOE_EUSAGE, "", fix, "axis `%s` is there in several options of `%s`, and not in %s", name,
                      parent.name, axes->label(axes->of, p, selection->option[p]));
  }
  selection->implied[p] = true;
  selection->option[p] = 0;
  while (!(needed >> selection->option[p] & 1)) selection->option[p]++;
  return FLOE_OK;
}

floe_status floe__select(const struct floe__selectables *axes, size_t n_text, const char *const *texts,
                         struct floe__selection *selection, struct floe_error *error) {
  floe_status status = FLOE_OK;
  for (size_t k = 0; k < n_text && status == FLOE_OK; k++) status = read_text(axes, texts[k], selection, error);
  for (size_t p = 0; p < axes->n && status == FLOE_OK; p++) {
    if (axes->axis(axes->of, p).continuous) continue;
    const size_t a = without(axes, selection, p);
    if (a == axes->n) continue;
    status = move_parent(axes, p, a, selection, error);
    p = (size_t)-1; /* what was moved may need others */
  }
  return status;
}

void floe__selection_print(const struct floe__selectables *axes, const struct floe__selection *selection, bool named,
                           bool implied, const char *between, char *text, size_t capacity) {
  size_t at = 0;
  text[0] = '\0';
  for (size_t a = 0; a < axes->n && at < capacity; a++) {
    if (!(named && selection->named[a]) && !(implied && selection->implied[a])) continue;
    const struct floe__selectable axis = axes->axis(axes->of, a);
    char number[32];
    snprintf(number, sizeof number, "%.15g", selection->value[a]);
    at += (size_t)snprintf(text + at, capacity - at, "%s%s=%s", at ? between : "", axis.name,
                           axis.continuous ? number : axes->label(axes->of, a, selection->option[a]));
  }
}
