/* toolchain.h: generated C -> program, by the user's C compiler, remembered in a cache.
 * The cache is $XDG_CACHE_HOME/floe, else ~/.cache/floe, else `cache` in the study's folder. A program is found again by the
 * hash of all that it depends on: the generated C, the compiler and its version, its flags, libfloe.a, the processor. */
#ifndef FLOE_DRIVER_TOOLCHAIN_H
#define FLOE_DRIVER_TOOLCHAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct floe__arena;
struct installation;

struct toolchain {
  const char **compiler;   /* words of the command, ended by NULL: {"ccache", "gcc", NULL} */
  size_t n_compiler;
  const char *version;     /* the first line of what it says about itself */
};

/* $CC, else the compiler that floe itself was compiled with, cc, gcc, clang. FLOE_EENVIRONMENT if none can be run. */
FLOE_NODISCARD floe_status toolchain_find(struct floe__arena *arena, struct toolchain *found, struct floe_error *error);

struct compile_request {
  const struct installation *home;
  const char *code;        /* the generated C */
  size_t length;
  const char *code_path;   /* where it is written, for reading and for the compiler's messages */
  const char *program;     /* where the program is to be */
  const char *folder;      /* the study's folder */
  size_t n_foreign;
  const char **foreign;    /* (n_foreign) further files of C; the generated C changes where they do */
};

/* Puts the program in its place; *cached says whether it did not have to be compiled. On failure of the compiler *messages
 * is what it said. */
FLOE_NODISCARD floe_status toolchain_compile(struct floe__arena *arena, const struct compile_request *request, bool *cached,
                                             const char **messages, struct floe_error *error);

/* The folder that caches programs, made if need be; `fallback` if the user's cannot be written. */
FLOE_NODISCARD floe_status toolchain_cache(struct floe__arena *arena, const char *fallback, const char **folder,
                                           struct floe_error *error);

#endif
