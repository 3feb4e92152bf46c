#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/answer.h"
#include "base/arena.h"
#include "base/progress.h"
#include "base/text.h"
#include "compiler/driver/driver.h"
#include "compiler/source/diagnostic.h"

static const char *const *repeated(const struct driver *driver, const char *option, size_t *n) {
  const char **words = floe__arena_array(driver->arena, driver->arguments.n_given + 1, sizeof *words);
  *n = 0;
  while ((words[*n] = floe__option_repeated(&driver->arguments, option, *n))) ++*n;
  return words;
}

struct pipeline_request driver_request(const struct driver *driver, enum stage last) {
  struct pipeline_request request = {.path = driver->arguments.positional[0],
                                     .last = last,
                                     .allow_extern = floe__option_given(&driver->arguments, "allow-extern"),
                                     .lockstep = floe__option_given(&driver->arguments, "lockstep") ||
                                                 !strcmp(floe__option_string(&driver->arguments, "algorithm", ""), "chees")};
  request.sets = repeated(driver, "set", &request.n_set);
  if (!driver->network_pins) request.pins = repeated(driver, "pin", &request.n_pin);
  request.allows = repeated(driver, "allow", &request.n_allow);
  return request;
}

void driver_show(const struct driver *driver, const struct diagnostics *sink, json_t *answer) {
  if (answer) {
    json_t *list = diagnostics_json(sink);
    json_array_extend(json_object_get(answer, "warnings"), list);
    json_decref(list);
    return;
  }
  if (driver->quiet && !diagnostics_errors(sink)) return;
  struct floe__text text = {0};
  diagnostics_print(sink, floe__terminal_colour(STDERR_FILENO), &text);
  if (text.data) fputs(text.data, stderr);
  floe__text_free(&text);
}

floe_status driver_refuse(const struct driver *driver, const struct diagnostics *sink, struct floe_error *error) {
  if (!diagnostics_errors(sink)) return error->status ? error->status : FLOE_ESPEC;
  error->message[0] = '\0';
  if (driver->json) {
    json_t *answer = floe__answer_new(driver->arguments.verb->name, false, "fail");
    driver_show(driver, sink, answer);
    floe__answer_print(answer, stdout);
  } else {
    driver_show(driver, sink, NULL);
  }
  return FLOE_ESPEC;
}
