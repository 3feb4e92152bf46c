#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/answer.h"
#include "base/file.h"
#include "base/text.h"
#include "compiler/driver/driver.h"
#include "compiler/driver/pipeline.h"
#include "compiler/syntax/parse.h"

static floe_status settle(struct driver *driver, const struct source *source, const struct floe__text *text,
                          struct floe_error *error) {
  bool same = text->length == source->length && !memcmp(text->data ? text->data : "", source->text, text->length);
  if (floe__option_given(&driver->arguments, "stdout")) {
    fwrite(text->data, 1, text->length, stdout);
    return FLOE_OK;
  }
  floe_status status = FLOE_OK;
  if (!same && floe__option_given(&driver->arguments, "check")) {
    return floe__fail(error, FLOE_ESPEC, source->path, "run `floe fmt` on it", "the spec is not formatted");
  }
  if (!same && !floe__option_given(&driver->arguments, "dry-run")) {
    status = floe__file_write(source->path, text->data, text->length, error);
  }
  if (!status && driver->json) {
    json_t *answer = floe__answer_new("fmt", true, "pass");
    json_object_set_new(json_object_get(answer, "result"), "changed", json_boolean(!same));
    floe__answer_print(answer, stdout);
  }
  return status;
}

floe_status driver_fmt(struct driver *driver, struct floe_error *error) {
  struct pipeline pipeline;
  struct floe__text text = {0};
  struct pipeline_request request = driver_request(driver, STAGE_TREE);
  floe_status status = pipeline_run(&pipeline, driver->arena, &request, error);
  if (status == FLOE_ESPEC) {
    status = driver_refuse(driver, pipeline.sink, error);
  } else if (!status) {
    print_tree(pipeline.tree, &text);
    status = text.failed ? floe__fail(error, FLOE_EENVIRONMENT, "", "", "not enough memory")
                         : settle(driver, pipeline.source, &text, error);
  }
  floe__text_free(&text);
  pipeline_free(&pipeline);
  return status;
}
