/* fuzz_check.h: a spec of arbitrary bytes through the whole compiler. */
#ifndef FLOE_TESTS_FUZZ_CHECK_H
#define FLOE_TESTS_FUZZ_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if the spec is accepted. A finding ends the process: it says which on stderr and aborts. `library`: the folder of the
 * standard library. */
bool fuzz_check(const char *text, size_t length, const char *library);

#endif
