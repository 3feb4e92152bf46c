/* values.h: whether numbers are what a variable's type says. */
#ifndef FLOE_DATA_VALUES_H
#define FLOE_DATA_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include <floe/model.h>

/* Whether x may be an element of the variable; if not, says why: "is not a whole number". */
bool floe__value_fits(const struct floe_layout *layout, size_t variable, double x, char *why, size_t capacity);

#endif
