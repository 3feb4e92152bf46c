/* fuzz_check.h: a spec of arbitrary bytes through the whole compiler. */
#ifndef FLOE_TESTS_FUZZ_CHECK_H
#define FLOE_TESTS_FUZZ_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct library;

/* True if the spec is accepted. A finding ends the process: it says which on stderr and aborts. */
bool fuzz_check(const char *text, size_t length, const struct library *library);

#endif
