/* eight_schools_model.h: examples/eight_schools as a model written by hand, in the form in which the compiler emits it.
 * An oracle for the compiler (same spec, independent code) and a model for tests of the runtime. */
#ifndef FLOE_TESTS_EIGHT_SCHOOLS_MODEL_H
#define FLOE_TESTS_EIGHT_SCHOOLS_MODEL_H

#include <floe/model.h>

extern const struct floe_model eight_schools_by_hand;

/* The data of Rubin (1981) in the model's data vector for 8 schools: sigma, then y. */
extern const double eight_schools_data[16];

enum { EIGHT_SCHOOLS_TAU_PRIOR, EIGHT_SCHOOLS_NOISE, EIGHT_SCHOOLS_PRIOR_POWER, EIGHT_SCHOOLS_OUTLIERS, EIGHT_SCHOOLS_FORM };
enum { EIGHT_SCHOOLS_SIGMA, EIGHT_SCHOOLS_MU, EIGHT_SCHOOLS_TAU, EIGHT_SCHOOLS_THETA, EIGHT_SCHOOLS_NU, EIGHT_SCHOOLS_Y };

#endif
