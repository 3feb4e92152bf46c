/* names.h: interned names. Two names are equal exactly if their pointers are. */
#ifndef FLOE_BASE_NAMES_H
#define FLOE_BASE_NAMES_H

#include <stddef.h>

struct floe__arena;
struct floe__names;

struct floe__names *floe__names_new(struct floe__arena *arena);

/* Names over others that are kept and no longer grow: a name that `below` has is the same pointer. */
struct floe__names *floe__names_over(struct floe__arena *arena, const struct floe__names *below);

/* The one NUL-terminated copy of the text, owned by the arena. */
const char *floe__name(struct floe__names *names, const char *text, size_t length);
const char *floe__name_of(struct floe__names *names, const char *text); /* NUL-terminated text */

#endif
