#include "runtime/data/pins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/data/universe.h"

floe_status floe_pin_read(const struct floe_model *model, const char *text, double *values, struct floe_error *error) {
  const char *sign = strchr(text, '=');
  char *end = NULL;
  const double number = sign ? strtod(sign + 1, &end) : NAN;
  if (!sign || end == sign + 1 || *end != '\0' || !isfinite(number))
    return floe__fail(error, FLOE_EUSAGE, "--pin", "for example: --pin gamma=0.125", "--pin takes NAME=NUMBER");
  size_t length = (size_t)(sign - text), v = 0;
  while (length > 0 && text[length - 1] == ' ') length--;
  while (v < model->n_variable && !(model->variables[v].pinnable && strlen(model->variables[v].name) == length &&
                                    memcmp(model->variables[v].name, text, length) == 0))
    v++;
  if (v == model->n_variable)
    return floe__fail(error, FLOE_EUSAGE, "--pin", "", "the network was not trained to hold `%.*s`", (int)length, text);
  const struct floe_variable *variable = &model->variables[v];
  if (number < variable->low || number > variable->high || (variable->strict && number == variable->low))
    return floe__fail(error, FLOE_EUSAGE, "--pin", "pin it at a value that it can take", "`%s` cannot be %.15g",
                      variable->name, number);
  values[v] = number;
  return FLOE_OK;
}

void floe_pin_coordinates(const struct floe_context *context, const double *values, double *work, double *pinned,
                          double *scratch) {
  const struct floe_layout *layout = context->layout;
  const struct floe_model *model = layout->model;
  struct floe_context family = *context;
  family.coordinates = FLOE_FAMILY_COORDINATES;
  for (size_t k = 0; k < layout->n_value; k++) work[k] = NAN;
  for (size_t v = 0; v < model->n_variable; v++)
    if (model->variables[v].pinnable) work[layout->offset[v]] = values[v];
  model->unconstrain(&family, 1, work, pinned, scratch);
  for (size_t v = 0; v < model->n_variable; v++) {
    if (layout->coordinate[v] == FLOE_NONE) continue;
    const bool held =
        model->variables[v].pinnable && !isnan(values[v]) && floe_variable_present(model, context->universe, v);
    for (size_t k = 0; !held && k < layout->free[v]; k++) pinned[layout->coordinate[v] + k] = NAN;
  }
}
