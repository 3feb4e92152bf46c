/* text.h: a growing text buffer. Never fails visibly: after an allocation failure `failed` is set and
 * further appends do nothing, so that a writer checks once, at the end. */
#ifndef FLOE_BASE_TEXT_H
#define FLOE_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct floe__text {
  char *data; /* NUL-terminated once anything was appended; NULL before */
  size_t length, capacity;
  bool failed;
};

void floe__text_append(struct floe__text *text, const char *data, size_t length);
void floe__text_puts(struct floe__text *text, const char *string);
void floe__text_printf(struct floe__text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void floe__text_vprintf(struct floe__text *text, const char *format, va_list arguments);
/* A number with up to 17 significant digits, as printf's %.<digits>g writes it, which takes several times as long. */
void floe__text_real(struct floe__text *text, double x, int digits);
void floe__text_free(struct floe__text *text); /* leaves an empty, reusable buffer */

#endif
