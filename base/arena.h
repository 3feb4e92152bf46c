/* arena.h: memory that is given back all at once.
 * A compilation owns one arena; every tree, type and graph node lives in it. Memory comes zeroed.
 * When the system has no memory left, or the arena's limit is reached, the arena calls its `exhausted`
 * function, which must not return (the driver prints a message and exits with code 8). */
#ifndef FLOE_BASE_ARENA_H
#define FLOE_BASE_ARENA_H

#include <stddef.h>

struct floe__arena;

struct floe__arena *floe__arena_new(size_t limit_bytes, void (*exhausted)(void *context), void *context);
void floe__arena_free(struct floe__arena *arena);

/* Zeroed memory of `size` bytes, aligned for any type. */
void *floe__arena_alloc(struct floe__arena *arena, size_t size);

/* Zeroed memory for `count` elements of `size` bytes; overflow counts as exhaustion. */
void *floe__arena_array(struct floe__arena *arena, size_t count, size_t size);

/* A copy of `length` bytes with a NUL behind them. */
char *floe__arena_copy(struct floe__arena *arena, const char *text, size_t length);

/* printf into the arena. */
char *floe__arena_printf(struct floe__arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
