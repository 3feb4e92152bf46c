/* identifiers.h: names of the spec -> identifiers of C.
 * An identifier never equals a keyword, a name that the generated file or the C library uses, or another identifier
 * that is visible where it is made. */
#ifndef FLOE_EMIT_IDENTIFIERS_H
#define FLOE_EMIT_IDENTIFIERS_H

#include <stdbool.h>
#include <stddef.h>

struct floe__arena;
struct identifiers;

struct identifiers *identifiers_new(struct floe__arena *arena);

/* An identifier that resembles `wanted`; visible until identifiers_leave. */
const char *emit_identifier(struct identifiers *identifiers, const char *wanted);

/* Names that the generated file takes for itself. */
void identifiers_reserve(struct identifiers *identifiers, const char *name);

/* A C block: what is made after entering is forgotten on leaving. */
size_t identifiers_enter(const struct identifiers *identifiers);
void identifiers_leave(struct identifiers *identifiers, size_t mark);

#endif
