/* One universe as a plain spec, and how two of them differ. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/answer.h"
#include "base/arena.h"
#include "base/text.h"
#include "compiler/driver/difference.h"
#include "compiler/driver/driver.h"
#include "compiler/driver/select.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/universe.h"

/* *name: of the universe that the id, --only and --at select. */
static floe_status print_universe(struct driver *driver, const struct pipeline *pipeline, const char *id,
                                  const char **name, struct floe__text *out, struct floe_error *error) {
  struct universe *universe;
  floe_status status = driver_select(driver, pipeline, id, &universe, name, error);
  if (status) return status;
  const struct tree *tree = universe_tree(universe);
  if (!tree) return floe__fail(error, FLOE_ESPEC, "", "", "this universe is too large to be written out");
  floe__text_printf(out, "# universe %s\n", *name);
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
  const char *name;
  struct pipeline_request request = driver_request(driver, STAGE_TYPED);
  floe_status status = pipeline_run(&pipeline, driver->arena, &request, error);
  if (status == FLOE_ESPEC) status = driver_refuse(driver, pipeline.sink, error);
  if (!status) status = print_universe(driver, &pipeline, id_of(driver, 1), &name, &text, error);
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
  const char *names[2], *ids[2] = {first ? id_of(driver, 1) : "reference", id_of(driver, first + 1)};
  for (size_t k = 0; k < 2 && !status; k++)
    status = print_universe(driver, &pipeline, ids[k], &names[k], &texts[k], error);
  if (!status) {
    const char *old = strchr(texts[0].data, '\n') + 1, *new = strchr(texts[1].data, '\n') + 1;
    difference_print(driver->arena, names[0], old, names[1], new, &difference);
    tell(driver, "diff", "difference", &difference);
  }
  floe__text_free(&texts[0]);
  floe__text_free(&texts[1]);
  floe__text_free(&difference);
  pipeline_free(&pipeline);
  return status;
}
