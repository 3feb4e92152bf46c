/* What is known at compile time: a small evaluator of terms, used to check arguments against their types and to see
 * whether a power of a distribution is still one at both ends of an axis. */
#include "compiler/meaning/checker.h"

#include <math.h>
#include <string.h>

#define MAX_CONSTANT_DEPTH 200
#define MAX_CONSTANT_STEPS 100000 /* calls of calls could otherwise take for ever */

struct known_function {
  const char *symbol;
  double (*value)(double);
};

static const struct known_function known_functions[] = {
    {"exp", exp},     {"log", log},   {"sqrt", sqrt}, {"expm1", expm1},        {"log1p", log1p},
    {"sin", sin},     {"cos", cos},   {"tan", tan},   {"atan", atan},          {"tanh", tanh},
    {"sinh", sinh},   {"cosh", cosh}, {"asinh", asinh},
    {"floor", floor}, {"ceil", ceil}, {"rint", rint}, {"floe_lgamma", lgamma},
};

static bool formal_value(const struct formal *formal, const struct environment *environment, double *value) {
  if (!environment) return false;
  if (formal == environment->extra) return *value = environment->extra_value, !isnan(*value);
  for (size_t k = 0; k < environment->n_formal; k++)
    if (environment->formals[k] == formal) return *value = environment->values[k], !isnan(*value);
  return false;
}

static bool call_value(const struct term *term, const struct environment *environment, double *value) {
  double values[16];
  const struct function *function = term->function;
  if (function->n_formal > 16 || !function->value) return false;
  for (size_t k = 0; k < function->n_formal; k++)
    if (term->items[k]->type.n_dim || !constant_value(term->items[k], environment, &values[k])) values[k] = NAN;
  struct environment inner = {.n_formal = function->n_formal,
                              .formals = function->formals,
                              .values = values,
                              .axis_end = environment ? environment->axis_end : 0,
                              .options = environment ? environment->options : NULL,
                              .undecided = environment ? environment->undecided : NULL,
                              .depth = environment ? environment->depth : 0,
                              .steps = environment ? environment->steps : NULL};
  return constant_value(function->value, &inner, value);
}

static bool extern_value(const struct term *term, const struct environment *environment, double *value) {
  double argument;
  if (term->external->random || term->n_item != 1 || term->items[0]->type.n_dim) return false;
  if (!constant_value(term->items[0], environment, &argument)) return false;
  for (size_t k = 0; k < sizeof known_functions / sizeof *known_functions; k++)
    if (strcmp(known_functions[k].symbol, term->external->symbol) == 0)
      return *value = known_functions[k].value(argument), !isnan(*value);
  return false;
}

static bool operation_value(const struct term *term, const struct environment *environment, double *value) {
  double a, b = 0;
  if (!constant_value(term->items[0], environment, &a)) return false;
  if (term->kind == TERM_SELECT) return constant_value(term->items[a != 0 ? 1 : 2], environment, value);
  if (term->n_item > 1 && !constant_value(term->items[1], environment, &b)) return false;
  *value = operator_value(term->op, a, b);
  return !isnan(*value);
}

/* The option of the axis; SIZE_MAX: it is not known. */
static size_t option_taken(const struct axis *axis, const struct environment *environment) {
  const size_t option = environment->options ? environment->options[axis->id] : SIZE_MAX;
  if (option == SIZE_MAX && environment->undecided) *environment->undecided = axis;
  return option;
}

static double axis_at_end(const struct axis *axis, int end) {
  if (end < 0) return axis->strict ? nextafter(axis->low, HUGE_VAL) : axis->low;
  return axis->high;
}

bool constant_value(const struct term *term, const struct environment *environment, double *value) {
  size_t steps = 0, option;
  struct environment deeper = environment ? *environment : (struct environment){0};
  if (!deeper.steps) deeper.steps = &steps;
  if (++*deeper.steps > MAX_CONSTANT_STEPS) return false;
  if (!term || term->type.n_dim || ++deeper.depth > MAX_CONSTANT_DEPTH) return false;
  switch (term->kind) {
    case TERM_NUMBER: return *value = term->number, true;
    case TERM_FORMAL: return formal_value(term->formal, &deeper, value);
    case TERM_SIZE:
      *value = (double)term->dimension->low;
      return !term->dimension->formal && term->dimension->low == term->dimension->high;
    case TERM_AXIS: *value = axis_at_end(term->axis, deeper.axis_end); return deeper.axis_end != 0;
    case TERM_OPERATOR:
    case TERM_SELECT: return operation_value(term, &deeper, value);
    case TERM_CALL: return call_value(term, &deeper, value);
    case TERM_EXTERN: return extern_value(term, &deeper, value);
    case TERM_DEFINITION:
      return !term->definition->n_binder && !term->definition->recurrence &&
             constant_value(term->definition->value, &deeper, value);
    case TERM_AXIS_IS:
      option = option_taken(term->axis, &deeper);
      return *value = option == term->option, option != SIZE_MAX;
    case TERM_CHOOSE:
      option = option_taken(term->axis, &deeper);
      return option != SIZE_MAX && constant_value(term->items[option], &deeper, value);
    case TERM_VARIABLE:
    case TERM_BINDER:
    case TERM_ELEMENT:
    case TERM_MAP:
    case TERM_REDUCE:
    case TERM_DISTRIBUTION:
    case TERM_POWER:
    case TERM_ARRAY: return false;
  }
  return false;
}

bool constant_in_type(double value, const struct type *type, const struct environment *environment) {
  double bound;
  bool whole = type->base == BASE_INT || type->base == BASE_CODE;
  if (whole && isfinite(value) && value != floor(value)) return false;
  if (constant_value(type->low, environment, &bound) && (value < bound || (type->strict && value == bound)))
    return false;
  if (constant_value(type->high, environment, &bound) && value > bound) return false;
  return true;
}
