#include <jansson.h>
#include <stdio.h>

#include "base/answer.h"
#include "base/text.h"
#include "compiler/driver/driver.h"
#include "compiler/driver/pipeline.h"
#include "compiler/driver/possible.h"
#include "compiler/driver/select.h"

static void tell(struct driver *driver, const struct pipeline *pipeline) {
  const char *verdict = diagnostics_warnings(pipeline->sink) ? "warn" : "pass";
  if (driver->json) {
    json_t *answer = floe__answer_new("check", true, verdict);
    driver_show(driver, pipeline->sink, answer);
    json_object_set_new(answer, "result", possible_json(pipeline->study));
    floe__answer_print(answer, stdout);
    return;
  }
  struct floe__text text = {0};
  driver_show(driver, pipeline->sink, NULL);
  possible_print(pipeline->study, &text);
  if (text.data) fputs(text.data, stdout);
  floe__text_free(&text);
}

floe_status driver_check(struct driver *driver, struct floe_error *error) {
  struct pipeline pipeline;
  struct pipeline_request request = driver_request(driver, STAGE_GRAPH);
  struct universe *universe;
  const char *name;
  floe_status status = pipeline_run(&pipeline, driver->arena, &request, error);
  if (status == FLOE_ESPEC)
    status = driver_refuse(driver, pipeline.sink, error);
  else if (!status)
    status = driver_select(driver, &pipeline, NULL, &universe, &name, error);
  if (!status) tell(driver, &pipeline);
  pipeline_free(&pipeline);
  return status;
}
