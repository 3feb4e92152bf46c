/* loaded.h: generated C as functions of the running test. The test is linked with all of the runtime and exports it
 * ($(WHOLE_RUNTIME) in tests/local.mk), so that what is loaded finds it, and so does loaded_function. */
#ifndef FLOE_TESTS_LOADED_H
#define FLOE_TESTS_LOADED_H

#include <floe/model.h>

#include "base/arena.h"
#include "base/text.h"

/* Compiles with `flags` (split at spaces) and loads; *library is for dlclose. Fails the test where that is impossible. */
const struct floe_model *load_study(struct floe__arena *arena, const struct floe__text *code, const char *flags,
                                    void **library);

/* The function of the runtime or of libm that is called `symbol`; NULL: there is none. */
typedef void loaded_function(void);
loaded_function *find_function(const char *symbol);

#endif
