/* One universe as a plain spec, and how two of them differ. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/answer.h"
#include "base/arena.h"
#include "base/text.h"
#include "compiler/driver/difference.h"
#include "compiler/driver/driver.h"
#include "compiler/source/diagnostic.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/universe.h"

#define MAX_NAMES 64

/* ---- ids ---- */

static floe_status refuse_setting(struct driver *driver, const struct universe *universe, enum universe_problem problem,
                                  const char *axis, const char *setting, struct floe_error *error) {
  const char *names[MAX_NAMES], *near = NULL;
  switch (problem) {
    case UNIVERSE_NO_AXIS: near = suggest(axis, names, universe_axes(universe, MAX_NAMES, names)); break;
    case UNIVERSE_NO_OPTION: near = suggest(setting, names, universe_options(universe, axis, MAX_NAMES, names)); break;
    case UNIVERSE_NO_NUMBER:
    case UNIVERSE_OUT_OF_RANGE:
    case UNIVERSE_OK: break;
  }
  const char *fix = near ? floe__arena_printf(driver->arena, "did you mean `%s`?", near) : "`floe check SPEC` lists the axes";
  if (problem == UNIVERSE_NO_AXIS) return floe__fail(error, FLOE_EUSAGE, "", fix, "there is no axis `%.80s`", axis);
  if (problem == UNIVERSE_NO_OPTION)
    return floe__fail(error, FLOE_EUSAGE, "", fix, "`%.80s` has no option `%.80s`", axis, setting);
  return floe__fail(error, FLOE_EUSAGE, "", fix, "`%.80s` cannot be %.80s: it is a number within the axis's range", axis, setting);
}

/* "noise=heavy,prior_power=0.7"; "reference" or nothing for the reference. */
static floe_status read_id(struct driver *driver, struct universe *universe, const char *id, struct floe_error *error) {
  if (!strcmp(id, "reference")) return FLOE_OK;
  while (*id) {
    size_t length = strcspn(id, ",");
    char *axis = floe__arena_copy(driver->arena, id, length), *setting = strchr(axis, '=');
    if (!setting) {
      return floe__fail(error, FLOE_EUSAGE, "", "for example: noise=heavy,prior_power=0.7", "`%.80s` is no setting of an axis", axis);
    }
    *setting++ = '\0';
    enum universe_problem problem = universe_take(universe, axis, setting);
    if (problem) return refuse_setting(driver, universe, problem, axis, setting, error);
    id += length + (id[length] == ',');
  }
  return FLOE_OK;
}

static floe_status print_universe(struct driver *driver, const struct pipeline *pipeline, const char *id,
                                  struct floe__text *out, struct floe_error *error) {
  struct universe *universe = universe_new(driver->arena, pipeline->plain);
  floe_status status = read_id(driver, universe, id, error);
  if (status) return status;
  if (!universe_permitted(universe)) {
    return floe__fail(error, FLOE_EUSAGE, "", "`floe universes SPEC` lists those that it allows", "the spec forbids this universe");
  }
  const struct tree *tree = universe_tree(universe);
  if (!tree) return floe__fail(error, FLOE_ESPEC, "", "", "this universe is too large to be written out");
  floe__text_printf(out, "# universe %s\n", *id ? id : "reference");
  print_tree(tree, out);
  return out->failed ? floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory") : FLOE_OK;
}

static const char *id_of(const struct driver *driver, size_t k) {
  return driver->arguments.n_positional > k ? driver->arguments.positional[k] : "reference";
}

static void tell(const struct driver *driver, const char *verb, const char *key, const struct floe__text *text) {
  const char *said = text->data ? text->data : "";
  if (!driver->json) {
    fputs(said, stdout);
    return;
  }
  json_t *answer = floe__answer_new(verb, true, "pass");
  json_object_set_new(json_object_get(answer, "result"), key, json_string(said));
  floe__answer_print(answer, stdout);
}

/* ---- verbs ---- */

floe_status driver_universe(struct driver *driver, struct floe_error *error) {
  struct pipeline pipeline;
  struct floe__text text = {0};
  struct pipeline_request request = driver_request(driver, STAGE_TYPED);
  floe_status status = pipeline_run(&pipeline, driver->arena, &request, error);
  if (status == FLOE_ESPEC) status = driver_refuse(driver, pipeline.sink, error);
  if (!status) status = print_universe(driver, &pipeline, id_of(driver, 1), &text, error);
  if (!status) tell(driver, "show", "spec", &text);
  floe__text_free(&text);
  pipeline_free(&pipeline);
  return status;
}

floe_status driver_diff(struct driver *driver, struct floe_error *error) {
  struct pipeline pipeline;
  struct floe__text texts[2] = {{0}, {0}}, difference = {0};
  struct pipeline_request request = driver_request(driver, STAGE_TYPED);
  floe_status status = pipeline_run(&pipeline, driver->arena, &request, error);
  if (status == FLOE_ESPEC) status = driver_refuse(driver, pipeline.sink, error);
  size_t first = driver->arguments.n_positional > 2 ? 1 : 0; /* a single id is compared with the reference */
  const char *ids[2] = {first ? id_of(driver, 1) : "reference", id_of(driver, first + 1)};
  for (size_t k = 0; k < 2 && !status; k++) status = print_universe(driver, &pipeline, ids[k], &texts[k], error);
  if (!status) {
    const char *old = strchr(texts[0].data, '\n') + 1, *new = strchr(texts[1].data, '\n') + 1;
    difference_print(driver->arena, ids[0], old, ids[1], new, &difference);
    tell(driver, "diff", "difference", &difference);
  }
  floe__text_free(&texts[0]);
  floe__text_free(&texts[1]);
  floe__text_free(&difference);
  pipeline_free(&pipeline);
  return status;
}
