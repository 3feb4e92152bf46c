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
    {"exp", exp},     {"log", log},     {"sqrt", sqrt}, {"expm1", expm1}, {"log1p", log1p},        {"sin", sin},
    {"cos", cos},     {"tan", tan},     {"atan", atan}, {"tanh", tanh},   {"sinh", sinh},          {"cosh", cosh},
    {"asinh", asinh}, {"floor", floor}, {"ceil", ceil}, {"rint", rint},   {"floe_lgamma", lgamma},
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
                              .hyper = environment && environment->hyper,
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

/* The dimension of an argument that stands for a formal one. */
static const struct dimension *dimension_given(const struct dimension *dimension,
                                               const struct environment *environment) {
  for (size_t k = 0; environment->items && k < environment->n_formal; k++) {
    const struct type *formal = &environment->formals[k]->type;
    if (!environment->items[k]) continue;
    for (size_t j = 0; j < formal->n_dim && j < environment->items[k]->type.n_dim; j++)
      if (formal->dim[j] == dimension) return environment->items[k]->type.dim[j];
  }
  return dimension;
}

static bool size_value(const struct dimension *dimension, const struct environment *environment, double *value) {
  if (dimension->formal) dimension = dimension_given(dimension, environment);
  *value = (double)dimension->low;
  return !dimension->formal && dimension->low == dimension->high;
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
    case TERM_SIZE: return size_value(term->dimension, &deeper, value);
    case TERM_AXIS:
      if (term->axis->hyper && !deeper.hyper) return false;
      *value = axis_at_end(term->axis, deeper.axis_end);
      return deeper.axis_end != 0;
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

/* All elements of an array, each at its place. */
static bool elements_outside(const struct term *element, const struct type *type, const struct environment *environment,
                             double *value) {
  for (size_t k = 1; k < element->n_item; k++)
    if (element->items[k]->kind != TERM_BINDER) return false;
  return constant_outside(element->items[0], type, environment, value);
}

bool constant_outside(const struct term *term, const struct type *type, const struct environment *environment,
                      double *value) {
  struct environment deeper = *environment;
  if (!term || ++deeper.depth > MAX_CONSTANT_DEPTH) return false;
  if (!term->type.n_dim) return constant_value(term, environment, value) && !constant_in_type(*value, type, NULL);
  if (term->kind == TERM_CHOOSE) {
    const size_t option = option_taken(term->axis, environment);
    return option != SIZE_MAX && constant_outside(term->items[option], type, &deeper, value);
  }
  const struct term *each = NULL;
  if (term->kind == TERM_MAP) each = term->items[0];
  if (term->kind == TERM_DEFINITION && !term->definition->recurrence) each = term->definition->value;
  if (each && each->kind == TERM_ELEMENT) return elements_outside(each, type, &deeper, value);
  if (each) return constant_outside(each, type, &deeper, value);
  bool outside = false;
  for (size_t k = 0; term->kind == TERM_ARRAY && k < term->n_item && !outside; k++)
    outside = constant_outside(term->items[k], type, &deeper, value);
  return outside;
}

bool constant_sum(const struct term *term, const struct environment *environment, double *sum) {
  struct environment deeper = *environment;
  double value;
  if (term->type.n_dim != 1 || ++deeper.depth > MAX_CONSTANT_DEPTH) return false;
  if (term->kind == TERM_CHOOSE) {
    const size_t option = option_taken(term->axis, environment);
    return option != SIZE_MAX && constant_sum(term->items[option], &deeper, sum);
  }
  *sum = 0;
  if (term->kind == TERM_ARRAY) {
    for (size_t k = 0; k < term->n_item; k++) {
      if (!constant_value(term->items[k], environment, &value)) return false;
      *sum += value;
    }
    return true;
  }
  const struct term *each = NULL;
  if (term->kind == TERM_MAP) each = term->items[0];
  if (term->kind == TERM_DEFINITION && !term->definition->recurrence) each = term->definition->value;
  if (each && each->kind == TERM_ELEMENT && each->n_item == 2 && each->items[1]->kind == TERM_BINDER)
    return constant_sum(each->items[0], &deeper, sum);
  const bool known =
      each && constant_value(each, environment, &value) && size_value(term->type.dim[0], environment, sum);
  *sum *= known ? value : 0;
  return known;
}

void environment_of_family(const struct term *family, const struct environment *outside, double *values,
                           struct environment *inside) {
  const struct distribution *d = family->distribution;
  *inside = *outside;
  inside->n_formal = d->n_formal < MAX_CONSTANT_ARGUMENTS ? d->n_formal : MAX_CONSTANT_ARGUMENTS;
  inside->formals = d->formals;
  inside->items = family->items;
  inside->values = values;
  for (size_t k = 0; k < inside->n_formal; k++)
    if (!family->items[k] || !constant_value(family->items[k], outside, &values[k])) values[k] = NAN;
}

/* ---- universes ---- */

#define MAX_CASES 200 /* combinations of options that are looked at */

struct case_search {
  struct checker *c;
  case_test test;
  void *context;
  struct presence box;
  size_t *options; /* by axis */
  int axis_end;
  size_t n_case;
};

/* The one option that is left; SIZE_MAX: there are several. */
static size_t only_option(const struct axis *axis, uint64_t options) {
  size_t option = SIZE_MAX;
  for (size_t k = 0; k < axis->n_option; k++) {
    if (!(options & UINT64_C(1) << k)) continue;
    if (option != SIZE_MAX) return SIZE_MAX;
    option = k;
  }
  return option;
}

/* Whether the constraints so far exclude this end of the continuous axes; those on options alone are seen to later. */
static bool end_is_forbidden(const struct case_search *search) {
  size_t options[MAX_AXES];
  const struct environment environment = {.axis_end = search->axis_end, .options = options};
  bool forbidden = false;
  for (size_t k = 0; k < search->c->axes.n; k++) {
    const size_t known = search->options[k];
    options[k] = known != SIZE_MAX ? known : only_option(search->c->axes.items[k], search->box.options[k]);
  }
  for (size_t k = 0; search->axis_end && k < search->c->constraints.n && !forbidden; k++) {
    const struct constraint *constraint = search->c->constraints.items[k];
    double value;
    forbidden = constant_value(constraint->forbidden, &environment, &value) && value != 0;
  }
  return forbidden;
}

static bool search_cases(struct case_search *search) {
  const struct axis *axis = NULL;
  const struct environment environment = {.axis_end = search->axis_end, .options = search->options, .undecided = &axis};
  bool found = false;
  if (search->n_case++ > MAX_CASES) return false;
  if (search->test(search->context, &environment)) {
    if (end_is_forbidden(search)) return false;
    for (size_t k = 0; k < search->c->axes.n; k++)
      if (search->options[k] != SIZE_MAX)
        search->box =
            presence_with(search->c, search->box, search->c->axes.items[k], UINT64_C(1) << search->options[k]);
    return true;
  }
  for (size_t k = 0; axis && k < axis->n_option && !found; k++) {
    if (!(search->box.options[axis->id] & UINT64_C(1) << k)) continue;
    search->options[axis->id] = k;
    found = search_cases(search);
    search->options[axis->id] = SIZE_MAX;
  }
  return found;
}

bool case_found(struct checker *c, struct presence *box, const char **where, case_test test, void *context) {
  static const struct {
    int axis_end;
    const char *where;
  } ends[] = {{0, ""}, {-1, " at the low end of the axis"}, {1, " at the high end of the axis"}};
  struct case_search search = {.c = c, .test = test, .context = context, .box = *box};
  search.options = floe__arena_array(c->arena, c->axes.n + 1, sizeof *search.options);
  for (size_t k = 0; k < c->axes.n; k++) search.options[k] = SIZE_MAX;
  for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
    search.axis_end = ends[k].axis_end;
    search.n_case = 0;
    if (!search_cases(&search)) continue;
    *box = search.box.options == box->options ? (struct presence){NULL} : search.box;
    *where = ends[k].where;
    return true;
  }
  return false;
}

void error_in_case(struct checker *c, struct presence box, const char *code, struct span span, const char *message,
                   const char *fix) {
  if (box.options)
    defer(c, box, code, span, message, fix, (struct span){0}, NULL);
  else
    diagnose(c->sink, code, span, "%s", message)->fix = fix;
}
